"""Facts that ship, with their sources: pathways as steps and which genes carry each; small sets of host genes."""

from commensal.knowledge.gene_sets import ShippedSet, gene_sets
from commensal.knowledge.pathways import (
    ROLES,
    Pathway,
    PathwayCall,
    Step,
    completeness,
    pathways,
    read_pathways,
)

__all__ = [
    "ROLES",
    "Pathway",
    "PathwayCall",
    "ShippedSet",
    "Step",
    "completeness",
    "gene_sets",
    "pathways",
    "read_pathways",
]
