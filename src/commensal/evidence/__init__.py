"""Lines of evidence, and the claims that they make."""

from __future__ import annotations

from commensal.evidence.family import Family, Molecule, Outcome, Strain
from commensal.evidence.joined import join
from commensal.evidence.lines import CORROBORATING, INTERVENTIONAL

__all__ = ["CORROBORATING", "INTERVENTIONAL", "Family", "Molecule", "Outcome", "Strain", "join"]
