"""Beside a candidate: can its strain's genome make the molecule? It has no p, and is in none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from commensal import knowledge
from commensal.questions.mediator_lines import Molecules
from commensal.study import LoadedStudy, Question

#: Verdicts of genomes that a molecule may come from.
SOURCES = ("makes", "releases", "makes and consumes")


class Capabilities:
    """What the genomes of a study can do with a molecule, looked up once for each."""

    def __init__(self, loaded: LoadedStudy, question: Question, union: Molecules) -> None:
        """Take the genomes of the study, and which arm was given which."""
        self._ask: Any = getattr(knowledge, "capability", None)
        self._genomes: Mapping[str, Any] = getattr(loaded, "genomes", None) or {}
        self._given = question.genomes
        self._union = union
        self._known: dict[tuple[str, str], Any] = {}

    def note(self, strain: str, at: int) -> str:
        """Say what the genome given in an arm can do with a molecule, and how many of the genomes can as well."""
        name = self._given.get(strain)
        if self._ask is None or name is None:
            return ""
        if name not in self._genomes:
            return f"capability: the study has no genome {name}"
        compound = self._union.compound[at]
        compound = str(self._union.label[at]).casefold() if compound is None else str(compound)
        own = self._of(name, compound)
        if own.verdict == "unknown":
            return (
                f"capability: no reaction of {compound} is known here"
                if not own.reasons
                else (f"capability: unknown ({own.reasons[0]})")
            )
        able = sum(self._of(other, compound).verdict in SOURCES for other in self._genomes)
        reason = f" ({own.reasons[0]})" if own.reasons else ""
        rate = f"; {able} of {len(self._genomes)} genomes at hand make or release it" if len(self._genomes) > 1 else ""
        return f"capability, by {own.evidence}: {name} {own.verdict}{reason}{rate}"

    def _of(self, genome: str, compound: str) -> Any:
        key = (genome, compound)
        if key not in self._known:
            one = self._genomes[genome]
            self._known[key] = self._ask(one.kos, compound, ecs=one.ecs)
        return self._known[key]


__all__ = ["Capabilities"]
