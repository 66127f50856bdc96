"""One file per kind: labels in, stats called, Estimates and points out."""

from __future__ import annotations

from collections.abc import Mapping

from commensal.questions.answer import Answer, joined, without_p
from commensal.questions.cohort import cohort, large_cohort
from commensal.questions.course import course
from commensal.questions.depletion import depletion
from commensal.questions.host import host
from commensal.questions.kind import Kind
from commensal.questions.mediators import mediators
from commensal.questions.outcomes import outcomes
from commensal.questions.raw import raw_values
from commensal.questions.rescue import rescue
from commensal.questions.screen import screen

#: Kind of question → the functions that answer it.
QUESTIONS: Mapping[str, Kind] = {
    "cohort": Kind(assay=cohort, stored=large_cohort),
    "course": Kind(assay=course),
    "host": Kind(assay=host),
    "depletion": Kind(assay=depletion, outcomes=outcomes),
    "screen": Kind(assay=screen, outcomes=outcomes),
    "mediators": Kind(outcomes=mediators),
    "rescue": Kind(assay=rescue, outcomes=outcomes),
}

__all__ = ["QUESTIONS", "Answer", "Kind", "joined", "raw_values", "without_p"]
