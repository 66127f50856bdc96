"""Studies and reads with known truth: people, animals, communities, molecules and sequences drawn from one seed."""

from commensal.simulation.als import als
from commensal.simulation.animal import animal
from commensal.simulation.cohort import cohort
from commensal.simulation.hosts import mammal
from commensal.simulation.mediators_study import mediators_study
from commensal.simulation.read_study import read_study
from commensal.simulation.reads import reads

__all__ = ["als", "animal", "cohort", "mammal", "mediators_study", "read_study", "reads"]
