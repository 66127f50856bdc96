"""Each part of each question answered, by whoever does the work; what cannot be answered is a finding."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Protocol

from commensal import checks, execution
from commensal.errors import CommensalError, DesignError, StatisticsError, UsageError, nearest
from commensal.questions import QUESTIONS, Answer, without_p
from commensal.stats.two_part_blocks import Each, in_turn
from commensal.study import LoadedStudy, Question, Study
from commensal.tables import Finding

#: How messages name the part of a question that is no assay.
OUTCOMES = "measures and events"


@dataclass(frozen=True, slots=True)
class Step:
    """One part of a question: an assay of it, or (None) its measures and events."""

    question: Question
    part: str | None

    @property
    def name(self) -> str:
        """The step in words."""
        return f"{self.question.name}: {self.part or OUTCOMES}"


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """What came of a step: its answer, or why it cannot be had."""

    answer: Answer | None
    error: CommensalError | None
    seconds: float


class Keeper(Protocol):
    """Who answers steps from what earlier runs kept, and keeps the answers to the others."""

    def outcomes(
        self, loaded: LoadedStudy, steps: Sequence[Step], crew: execution.Crew, tell: execution.Tell | None
    ) -> Sequence[Outcome]:
        """Return the outcome of each step."""
        ...

    def told(self, at: int) -> dict[str, object]:
        """Return what the journal is told of a step: its key, whether it was kept, and why it ran."""
        ...


def steps_of(declared: Study, only: Sequence[str] = ()) -> list[Step]:
    """Return each question's parts in their order.

    Raises
    ------
    UsageError
        `only` names a question that the study does not ask.
    DesignError
        No question of the study can be answered by this version.
    """
    for name in only:
        if name not in declared.questions:
            raise UsageError(
                f"no question {name!r} in {declared.path.name}",
                where="--only",
                expected=nearest(name, declared.questions) or list(declared.questions),
            )
    chosen = [question for name, question in declared.questions.items() if not only or name in only]
    answered = [question for question in chosen if question.kind in QUESTIONS]  # the linter names the others
    if not answered:
        raise DesignError(
            "no question of this study can be answered by this version",
            where="[questions]",
            found=sorted({question.kind for question in chosen}) or "no question",
            expected=f"at least one question of kind {', '.join(QUESTIONS)}",
            mend='add [questions.NAME] with kind = "cohort" and a contrast',
        )
    assays = tuple(declared.assays)
    return [Step(question, part) for question in answered for part in QUESTIONS[question.kind].parts(question, assays)]


def answer(loaded: LoadedStudy, step: Step, each: Each = in_turn) -> Outcome:
    """Answer one step; a comparison that cannot be made is an outcome too.

    Who does its blocks of features, when its table is larger than memory, is `each`.
    """
    began = monotonic()
    try:
        made = QUESTIONS[step.question.kind].answer(loaded, step.question, step.part, each=each)
    except (DesignError, StatisticsError) as error:
        return Outcome(None, error, monotonic() - began)
    return Outcome(made, None, monotonic() - began)


def answered(
    loaded: LoadedStudy,
    steps: Sequence[Step],
    crew: execution.Crew,
    journal: execution.Journal,
    tell: execution.Tell | None = None,
    keeper: Keeper | None = None,
) -> tuple[list[Answer], list[Finding]]:
    """Answer each step; one that cannot be answered becomes a finding, and the others go on.

    Raises
    ------
    CommensalError
        Not one step could be answered: the first one's reason.
    """
    answers: list[Answer] = []
    failures: list[Finding] = []
    withheld = checks.withheld(loaded)
    outcomes: Sequence[Outcome]
    if keeper is None:
        outcomes = crew.map(answer, steps, shared=loaded, names=[step.name for step in steps], tell=tell)
    else:
        outcomes = keeper.outcomes(loaded, steps, crew, tell)
    for at, (step, outcome) in enumerate(zip(steps, outcomes, strict=True)):
        question, part = step.question, step.part
        failures += not_answered(step, outcome)
        if outcome.answer is None:
            continue
        made = outcome.answer
        answers.append(borne(made, step, withheld))
        told = {"took": round(outcome.seconds, 3)} | (keeper.told(at) if keeper else {})
        journal.event("answer", question=question.name, assay=part, estimates=len(made.estimates), **told)
    first = next((outcome.error for outcome in outcomes if outcome.error), None)
    if first and not answers:
        raise first
    return answers, failures


def not_answered(step: Step, outcome: Outcome) -> list[Finding]:
    """Return what of a step could not be answered, as findings."""
    question, part = step.question, step.part
    if outcome.error is not None:
        where = f"assay {part}" if part else OUTCOMES
        return [_not_answered(question, where, part, outcome.error)]
    refused = outcome.answer.refused if outcome.answer is not None else ()
    return [_not_answered(question, f"outcome {one.name}", None, one.error) for one in refused]


def borne(made: Answer, step: Step, withheld: Mapping[tuple[str, str], checks.Withheld]) -> Answer:
    """Return an answer with the p that the design can bear: none where the linter withholds them."""
    named = (step.question.name, step.part) if step.part else None
    reason = withheld.get(named) if named else _of_all_tables(step.question, withheld)
    return without_p(made, reason.status, reason.note) if reason else made


def _of_all_tables(question: Question, withheld: Mapping[tuple[str, str], checks.Withheld]) -> checks.Withheld | None:
    """Return why a question that joins its tables has no p: one table without units is enough."""
    if question.kind != "mediators":
        return None
    return next((reason for (name, _), reason in withheld.items() if name == question.name), None)


def _not_answered(question: Question, part: str, assay: str | None, error: CommensalError) -> Finding:
    return Finding(
        code="not_answered",
        severity="error",
        where=f"question {question.name} × {part}",
        message=f"not answered: {error.what}" + (f" (found: {error.found})" if error.found else ""),
        mend=error.mend or "see the message",
        contrast=question.contrast,
        assay=assay,
    )
