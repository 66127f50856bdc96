"""Studies with known truth: people, communities and molecules drawn from one seed."""

from commensal.simulation.cohort import cohort

__all__ = ["cohort"]
