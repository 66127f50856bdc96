"""The design linter: can this design answer these questions?"""

from commensal.checks.linter import COMPARISON_CHECKS, STUDY_CHECKS, check, ordered
from commensal.checks.withheld import Withheld, withheld

__all__ = ["COMPARISON_CHECKS", "STUDY_CHECKS", "Withheld", "check", "ordered", "withheld"]
