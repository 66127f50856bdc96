"""One file per kind: labels in, stats called, Estimates and points out."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from commensal.questions.answer import Answer, joined, without_p
from commensal.questions.cohort import cohort
from commensal.study import LoadedStudy, Question

#: Kind → function that answers it for one assay.
QUESTIONS: Mapping[str, Callable[[LoadedStudy, Question, str], Answer]] = {"cohort": cohort}

__all__ = ["QUESTIONS", "Answer", "joined", "without_p"]
