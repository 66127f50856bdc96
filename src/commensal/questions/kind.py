"""What a kind of question is answered by: its assays one by one, its measures and events as a whole, or both."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from commensal.questions.answer import Answer
from commensal.study import LoadedStudy, Question


@dataclass(frozen=True, slots=True)
class Kind:
    """The functions that answer one kind of question; a part that it does not have is None."""

    assay: Callable[[LoadedStudy, Question, str], Answer] | None = None  #: called for each assay of the question
    outcomes: Callable[[LoadedStudy, Question], Answer] | None = None  #: called once: measures and events

    def parts(self, question: Question, assays: tuple[str, ...]) -> tuple[str | None, ...]:
        """Return the steps of a question: None for its measures and events, then its assays by name."""
        first: tuple[str | None, ...] = (None,) if self.outcomes else ()
        return (*first, *(question.assays or assays if self.assay else ()))

    def answer(self, loaded: LoadedStudy, question: Question, part: str | None) -> Answer:
        """Answer one step as `parts` names it.

        Raises
        ------
        DesignError, StatisticsError
            The comparison cannot be made.
        """
        if part is None:
            assert self.outcomes is not None  # parts names no such step without it
            return self.outcomes(loaded, question)
        assert self.assay is not None
        return self.assay(loaded, question, part)
