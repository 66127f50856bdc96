"""Facts that ship, with their sources: pathways as steps and which genes carry each; small sets of host genes."""

from commensal.knowledge.capability import VERDICTS, Capability, capability
from commensal.knowledge.gene_sets import ShippedSet, gene_sets
from commensal.knowledge.pathways import (
    Pathway,
    PathwayCall,
    Step,
    completeness,
    pathways,
    read_pathways,
)
from commensal.knowledge.reactions import ROLES, Medium, Reaction, known_compounds, media, reactions
from commensal.knowledge.scope import Scope, scope

__all__ = [
    "ROLES",
    "VERDICTS",
    "Capability",
    "Medium",
    "Pathway",
    "PathwayCall",
    "Reaction",
    "Scope",
    "ShippedSet",
    "Step",
    "capability",
    "completeness",
    "gene_sets",
    "known_compounds",
    "media",
    "pathways",
    "reactions",
    "read_pathways",
    "scope",
]
