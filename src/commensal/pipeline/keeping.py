"""Steps that run and steps whose outcome is kept: which, why, and the keeping itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from time import monotonic
from typing import Any

from commensal import execution
from commensal.pipeline.answering import Outcome, Step, answer
from commensal.pipeline.kept_answers import packed, unpacked
from commensal.pipeline.large import blocks_of, reads_stored
from commensal.pipeline.step_keys import narrowed, parts_of
from commensal.stats.two_part_blocks import Each, in_turn
from commensal.study import LoadedStudy

#: Reasons are told up to this many; the rest are counted.
MOST = 4


@dataclass(frozen=True, slots=True)
class Planned:
    """One step: whether it runs, and why (not)."""

    step: Step
    key: str
    about: Mapping[str, Any]  #: name and parts, as the entry will say them
    runs: bool
    why: str
    large: bool = False  #: reads a table larger than memory: answered where its store is, and never kept

    @property
    def sentence(self) -> str:
        """The step and the reason, as `run --explain` prints them."""
        return f"{self.step.name}: {'runs' if self.runs else 'kept'}: {self.why}"


@dataclass(slots=True)
class Kept:
    """What earlier runs into a folder kept, for `answered`."""

    store: execution.Store
    fresh: bool = False
    quiet: bool = False  #: the journal is told of no hash
    plan: list[Planned] = field(default_factory=list)
    damaged: list[str] = field(default_factory=list)
    _found: dict[str, Outcome] = field(default_factory=dict)

    def planned(self, loaded: LoadedStudy, steps: Sequence[Step]) -> list[Planned]:
        """Say of each step whether it runs, and why."""
        self.store.complain = self.damaged.append
        memory: dict[Any, str] = {}
        self.plan = [self._one(loaded, step, memory) for step in steps]
        return self.plan

    def _one(self, loaded: LoadedStudy, step: Step, memory: dict[Any, str]) -> Planned:
        parts = parts_of(narrowed(loaded, step), step, memory)
        about = {"step": step.name, "parts": parts.plain()}
        key = parts.key
        if reads_stored(loaded, step):
            return Planned(step, key, about, True, "its table is larger than memory: such results are not kept", True)
        if self.fresh:
            return Planned(step, key, about, True, "--fresh: what was kept is not looked at")
        entry = self.store.get(key)
        if entry is not None:
            try:
                self._found[key] = Outcome(*unpacked(entry.parts))
            except (KeyError, ValueError, TypeError, OSError):  # whole, but not as this version reads it
                self.damaged.append(key)
            else:
                return Planned(step, key, about, False, "nothing that it reads has changed")
        if key in self.damaged:
            return Planned(step, key, about, True, "its kept result is damaged")
        before = self.store.latest("step", step.name)
        return Planned(step, key, about, True, "no earlier result" if before is None else changes(before, about))

    def outcomes(
        self, loaded: LoadedStudy, steps: Sequence[Step], crew: execution.Crew, tell: execution.Tell | None
    ) -> list[Outcome]:
        """Return the outcome of each step: kept, or made now and kept as soon as it is there."""
        plan = self.plan or self.planned(loaded, steps)
        waiting = [one for one in plan if one.runs]

        shared = [one for one in waiting if not one.large]
        own = [one for one in waiting if one.large]

        def say(before: int) -> execution.Tell | None:
            return None if tell is None else lambda done, _, what: tell(before + done, len(waiting), what)

        def keep(at: int, outcome: Outcome) -> None:  # here, as results come: a worker may not see the folder
            one = shared[at]
            self._found[one.key] = outcome
            self.store.put(one.key, one.about, packed(outcome.answer, outcome.error, outcome.seconds))

        small = _without_stored(loaded) if own else loaded
        names = [one.step.name for one in shared]
        crew.map(_answer, [one.step for one in shared], shared=small, names=names, tell=say(0), done=keep)
        for at, one in enumerate(own, start=len(shared)):
            blocks = blocks_of(crew, one.step, None if tell is None else partial(tell, at, len(waiting)))
            with execution.one_thread():
                self._found[one.key] = _answer(loaded, one.step, blocks)
        return [self._found[one.key] for one in plan]

    def found(self, plan: Planned) -> Outcome | None:
        """Return the kept outcome of a step; None of one that is to run."""
        return self._found.get(plan.key)

    def told(self, at: int) -> dict[str, object]:
        """Return what the journal is told of a step."""
        one = self.plan[at]
        if self.quiet:
            return {"cached": not one.runs}
        return {"key": one.key, "cached": not one.runs, "why": one.why}


def _without_stored(loaded: LoadedStudy) -> LoadedStudy:
    """Return the study without the tables that only this process can read."""
    small = {name: table for name, table in loaded.assays.items() if table.stored is None}
    return replace(loaded, assays=small)


def _answer(loaded: LoadedStudy, step: Step, each: Each = in_turn) -> Outcome:
    """Answer a step from what its key covers, and nothing else."""
    began = monotonic()
    outcome = answer(narrowed(loaded, step), step, each)
    return Outcome(outcome.answer, outcome.error, monotonic() - began)


def changes(before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """Say what differs between the parts of an earlier key and of this one.

    Examples
    --------
    >>> one = {"parts": {"covariates": ["a1", "age"], "column age of samples": ["b1", None]}}
    >>> two = {"parts": {"covariates": ["a2", "age, sex"], "column age of samples": ["b2", None],
    ...                  "column sex of samples": ["c", None]}}
    >>> changes(one, two)
    'covariates changed (age → age, sex); column age of samples changed; column sex of samples is new'
    """
    old, new = before.get("parts", {}), now["parts"]
    told = []
    for name, (summed, words) in new.items():
        if name not in old:
            told.append(f"{name} is new")
        elif old[name][0] != summed:
            was = old[name][1]
            told.append(f"{name} changed" + (f" ({was} → {words})" if was is not None and words is not None else ""))
    told += [f"{name} is gone" for name in old if name not in new]
    told = [one for one in told if not one.startswith("order of")] or told  # it follows from the others
    more = len(told) - MOST
    return "; ".join(told[:MOST]) + (f"; and {more} more" if more > 0 else "")
