"""One file per kind: labels in, stats called, Estimates and points out."""

from __future__ import annotations

from collections.abc import Mapping

from commensal.questions.answer import Answer, joined, without_p
from commensal.questions.cohort import cohort
from commensal.questions.host import host
from commensal.questions.kind import Kind

#: Kind of question → the functions that answer it.
QUESTIONS: Mapping[str, Kind] = {"cohort": Kind(assay=cohort), "host": Kind(assay=host)}

__all__ = ["QUESTIONS", "Answer", "Kind", "joined", "without_p"]
