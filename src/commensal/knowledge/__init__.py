"""Facts that ship, with their sources: pathways and which genes carry their steps, sets of host genes, compounds."""

from commensal.knowledge.compounds import Compound, compound
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
from commensal.knowledge.resolving import Identified, resolve

__all__ = [
    "ROLES",
    "Compound",
    "Identified",
    "Pathway",
    "PathwayCall",
    "ShippedSet",
    "Step",
    "completeness",
    "compound",
    "gene_sets",
    "pathways",
    "read_pathways",
    "resolve",
]
