"""What a kind of question is answered by: its assays one by one, its measures and events as a whole, or both."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from commensal.errors import DesignError
from commensal.questions.answer import Answer
from commensal.stats.two_part_blocks import Each, in_turn
from commensal.study import TABLE_LIMIT, LoadedStudy, Question


class Stored(Protocol):
    """Answers a question for an assay that is larger than memory, block by block of features."""

    def __call__(self, loaded: LoadedStudy, question: Question, assay: str, /, *, each: Each, whole: bool) -> Answer:
        """Return the answer; unless `whole`, without the file of the rows that are too many to hold."""
        ...


@dataclass(frozen=True, slots=True)
class Kind:
    """The functions that answer one kind of question; a part that it does not have is None."""

    assay: Callable[[LoadedStudy, Question, str], Answer] | None = None  #: called for each assay of the question
    outcomes: Callable[[LoadedStudy, Question], Answer] | None = None  #: called once: measures and events
    stored: Stored | None = None  #: called in place of `assay` for one that is larger than memory

    def parts(self, question: Question, assays: tuple[str, ...]) -> tuple[str | None, ...]:
        """Return the steps of a question: None for its measures and events, then its assays by name."""
        first: tuple[str | None, ...] = (None,) if self.outcomes else ()
        return (*first, *(question.assays or assays if self.assay else ()))

    def answer(
        self, loaded: LoadedStudy, question: Question, part: str | None, *, each: Each = in_turn, whole: bool = True
    ) -> Answer:
        """Answer one step as `parts` names it.

        Parameters
        ----------
        loaded, question
            The study, and what it asks.
        part
            An assay; None is the measures and events.
        each
            Who does the blocks of features of a table larger than memory.
        whole
            Whether the rows of such a table that are too many to hold are wanted too, in a file.

        Raises
        ------
        DesignError, StatisticsError
            The comparison cannot be made, or it reads a table larger than memory and needs all of it at once.
        """
        large = self.stored_assays(loaded, question, part)
        if large and self.stored is None:
            raise DesignError(
                f"the table of {large[0]} is larger than memory, and this kind of question needs all of it at once",
                where=f"[questions.{question.name}]",
                found=f'kind = "{question.kind}"',
                expected="a kind that can be asked block by block: cohort",
                mend=f"leave the assay out of this question, or set {TABLE_LIMIT} to more bytes on a larger machine",
            )
        if part is None:
            assert self.outcomes is not None  # parts names no such step without it
            return self.outcomes(loaded, question)
        if large and self.stored is not None:
            return self.stored(loaded, question, part, each=each, whole=whole)
        assert self.assay is not None
        return self.assay(loaded, question, part)

    def stored_assays(self, loaded: LoadedStudy, question: Question, part: str | None) -> list[str]:
        """Return which of the tables that a step reads are larger than memory.

        Measures and events read no table, unless they are all that a kind has: then it joins all of its tables.
        """
        read = (part,) if part else () if self.assay else (question.assays or tuple(loaded.assays))
        return [name for name in read if name in loaded.assays and loaded.assays[name].stored is not None]
