"""Facts that ship, with their sources: pathways as steps, and which genes carry each."""

from commensal.knowledge.pathways import (
    ROLES,
    Pathway,
    PathwayCall,
    Step,
    completeness,
    pathways,
    read_pathways,
)

__all__ = ["ROLES", "Pathway", "PathwayCall", "Step", "completeness", "pathways", "read_pathways"]
