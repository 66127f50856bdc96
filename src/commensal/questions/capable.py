"""Beside a candidate: can its strain's genome make the molecule? It has no p, and is in none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from commensal import knowledge
from commensal.questions.answer import Answer, joined
from commensal.questions.capability_rows import capability_rows, judged
from commensal.questions.mediator_lines import Molecules
from commensal.study import LoadedStudy, Question
from commensal.tables import points


@dataclass(frozen=True, slots=True)
class Capable:
    """What the genomes given in the arms can do with some molecules."""

    notes: Mapping[tuple[str, int], str] = field(default_factory=dict)  #: (arm, molecule) → in words
    answer: Answer = field(default_factory=lambda: joined([]))  #: rows and points of the matrix


def capable(
    loaded: LoadedStudy, question: Question, union: Molecules, asked: Sequence[int], identity: Mapping[str, object]
) -> Capable:
    """Judge the genomes of the arms on some molecules (indices into ``union``); nothing without genomes.

    Molecules that no shipped reaction knows are said to be unknown, and have no row.
    """
    if not question.genomes or not loaded.genomes:
        return Capable()
    names = {at: _name(union, at) for at in asked}
    known = knowledge.known_compounds()
    wanted = [name for name in dict.fromkeys(names.values()) if name in known]
    if not wanted:
        return Capable()
    found = judged(loaded, wanted, question.genomes)
    notes = {
        (arm, at): _told(found, genome, name)
        for arm, genome in question.genomes.items()
        for at, name in names.items()
        if name in known
    }
    answer = capability_rows(loaded, wanted, question.genomes, identity)
    return Capable(notes, replace(answer, points=points(answer.points.assign(cohort=str(identity["cohort"])))))


def _name(union: Molecules, at: int) -> str:
    compound = union.compound[at]
    return str(union.label[at]).casefold() if compound is None else str(compound)


def _told(found: Any, genome: str, name: str) -> str:
    own = found.rows[genome, name]
    reason = f" ({own.reasons[0]})" if own.reasons else ""
    return f"capability, by {own.evidence}: {genome} {own.verdict}{reason}; {found.base_rates[name].text()}"


__all__ = ["Capable", "capable"]
