"""Facts that ship, with sources: reactions, pathways, what genomes can do by them; compounds; sets of host genes."""

from commensal.knowledge.capabilities import BaseRate, Capabilities, Culture, Exchange, capabilities
from commensal.knowledge.capability import VERDICTS, Capability, capability
from commensal.knowledge.checklists import Asked, Guideline, guidelines
from commensal.knowledge.compounds import Compound, compound
from commensal.knowledge.gene_sets import ShippedSet, gene_sets
from commensal.knowledge.pathways import Pathway, PathwayCall, Step, completeness, pathways, read_pathways
from commensal.knowledge.reactions import ROLES, Medium, Reaction, compound_by, known_compounds, media, reactions
from commensal.knowledge.resolving import Identified, resolve
from commensal.knowledge.scope import Carried, Scope, carried, scope

__all__ = [
    "ROLES",
    "VERDICTS",
    "Asked",
    "BaseRate",
    "Capabilities",
    "Capability",
    "Carried",
    "Compound",
    "Culture",
    "Exchange",
    "Guideline",
    "Identified",
    "Medium",
    "Pathway",
    "PathwayCall",
    "Reaction",
    "Scope",
    "ShippedSet",
    "Step",
    "capabilities",
    "capability",
    "carried",
    "completeness",
    "compound",
    "compound_by",
    "gene_sets",
    "guidelines",
    "known_compounds",
    "media",
    "pathways",
    "reactions",
    "read_pathways",
    "resolve",
    "scope",
]
