"""What a question is judged by: each measure and event as one number of every subject, with direction and margin."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from commensal import stats
from commensal.errors import DesignError
from commensal.questions.answer import Refused
from commensal.questions.arms import Arms, Floats, Mask
from commensal.questions.measured import Measured, measured, words
from commensal.questions.survival import horizon
from commensal.questions.watched import watched
from commensal.study import Dropped, Event, LoadedStudy, Measure, Question

#: The name by which `[design] primary` speaks of the event that ends a life.
SURVIVAL = "survival"


@dataclass(frozen=True, slots=True, eq=False)
class End:
    """One outcome; (n,) arrays match the arms' subjects."""

    name: str
    value: Floats  #: (n,) NaN where the subject has none
    baseline: Floats | None  #: (n,) covariate of this outcome alone
    better: int  #: 1 where more is better, −1 where less is
    margin: float | None
    unit: str
    time: float | None  #: the horizon of an event
    notes: tuple[str, ...]
    primary: bool = False
    dropped: tuple[Dropped, ...] = ()
    #: (n,) what levels of ``by`` are compared in, where it is another number: an event up to one horizon for all
    across: Floats | None = None
    horizons: tuple[tuple[str, float], ...] = ()  #: horizon of each level of ``by``

    def at(self, keep: Mask) -> End:
        """Return the subjects of a mask (n,)."""
        cut = [None if column is None else column[keep] for column in (self.baseline, self.across)]
        return replace(self, value=self.value[keep], baseline=cut[0], across=cut[1])

    def in_level(self, level: str | None) -> End:
        """Return the outcome as one level of ``by`` has it: an event with the horizon of that level."""
        own = dict(self.horizons).get(level or "")
        if own is None:
            return self
        return replace(self, time=own, notes=(f"mean time without {self.name} up to {own:g}", *self.notes))

    def between_levels(self) -> End:
        """Return the outcome as levels of ``by`` are compared in it."""
        if self.across is None:
            return self
        return replace(
            self, value=self.across, notes=(f"mean time without {self.name} up to {self.time:g}", *self.notes)
        )


def ends(loaded: LoadedStudy, question: Question, arms: Arms) -> tuple[list[End], list[Refused]]:
    """Return every outcome that can be had, and what is wrong with the others.

    A measure is a subject's level over the times it was measured (`stats.subject_levels`), after its baseline where
    there is one; an event the subject's part of the restricted mean time without it (`stats.restricted_times`).
    """
    found: list[End] = []
    failed: list[tuple[str, DesignError]] = []
    for name in asked_measures(loaded, question):
        try:
            found.append(_of_measure(measured(loaded, arms, loaded.declared.measures[name]), arms))
        except DesignError as error:
            failed.append((name, error))
    for name in asked_events(loaded, question):
        try:
            found.append(_of_event(loaded, arms, loaded.declared.events[name]))
        except DesignError as error:
            failed.append((name, error))
    named = primary(loaded, question, [*(one.name for one in found), *(name for name, _ in failed)])
    refused = [Refused(name, error, primary=name in named) for name, error in failed]
    return [replace(one, primary=one.name in named) for one in found], refused


def asked_measures(loaded: LoadedStudy, question: Question) -> tuple[str, ...]:
    """Return the measures of a question: those it names, else all."""
    return question.measures or tuple(loaded.declared.measures)


def asked_events(loaded: LoadedStudy, question: Question) -> tuple[str, ...]:
    """Return the events of a question: those it names, else all that are no other event's competitor."""
    declared = loaded.declared.events
    rivals = {rival for event in declared.values() for rival in event.competing}
    return question.events or tuple(name for name in declared if name not in rivals)


def survival_event(loaded: LoadedStudy) -> str | None:
    """Return the event that ``survival`` means: `death` or `survival`, else the last that is declared."""
    declared = loaded.declared.events
    named = [name for name in ("death", SURVIVAL) if name in declared]
    last = asked_events(loaded, Question("", "screen", ""))[-1:]
    return next(iter((*named, *last)), None)


def primary(loaded: LoadedStudy, question: Question, names: list[str]) -> tuple[str, ...]:
    """Return which outcomes were chosen beforehand; all of them where none of them was."""
    declared = loaded.declared.design.primary or ()
    wanted = {survival_event(loaded) if name == SURVIVAL else name for name in declared}
    if question.name in declared:  # the question as a whole
        return tuple(names)
    return tuple(name for name in names if name in wanted) or tuple(names)


def _of_measure(data: Measured, arms: Arms) -> End:
    measure: Measure = data.measure
    place = {subject: i for i, subject in enumerate(arms.subjects)}
    at = np.array([place[subject] for subject in data.arms.subjects], dtype=np.int64)
    value = np.full(len(arms.subjects), np.nan)
    value[at] = stats.subject_levels(data.values, data.times)
    baseline = None
    if data.baseline is not None:
        baseline = np.full(len(arms.subjects), np.nan)
        baseline[at] = data.baseline
    known = ~np.isnan(data.values)
    short = int((~known[:, -1] & known.any(axis=1)).sum()) if known.shape[1] > 1 else 0
    notes = [*data.notes]
    if known.shape[1] > 1:
        notes.append(f"each animal's level over {known.shape[1]} times, {data.times[0]:g} to {data.times[-1]:g}")
    if short:
        notes.append(
            f"{short} animals not measured to the last time: set right for the times they lack as if arms kept their "
            "distance (missing because dead is not missing at random: see function and survival)"
        )
    if measure.ceiling is not None and (data.values >= measure.ceiling).any():
        notes.append(f"{int((data.values >= measure.ceiling).sum())} values at the ceiling taken as they are")
    if measure.scale == "log10":
        notes.append("log10" + ("" if measure.floor is None else f", below {measure.floor:g} taken as that"))
    if measure.kind == "score":
        notes.append("scores taken as numbers")
    return End(
        measure.name,
        value,
        baseline,
        1 if measure.better == "higher" else -1,
        measure.margin,
        measure.unit or f"unit of {measure.name}",
        None,
        tuple(notes),
        dropped=data.dropped,
    )


def _of_event(loaded: LoadedStudy, arms: Arms, event: Event) -> End:
    followed = watched(loaded, arms, event)
    tau = horizon(followed) if len(followed) else 0.0
    if not tau > 0:
        raise DesignError(
            f"event {event.name} has no time up to which every arm was followed",
            where=f"{arms.where} × event {event.name}",
            found=f"{len(followed)} subjects at risk",
            expected="follow-up in every arm",
        )
    by = np.full(len(followed), "", dtype=object) if followed.arms.by is None else followed.arms.by
    group = np.array([f"{arm} / {level}" for arm, level in zip(followed.arm, by, strict=True)], dtype=object)
    place = {subject: i for i, subject in enumerate(arms.subjects)}
    at = np.array([place[subject] for subject in followed.arms.subjects], dtype=np.int64)
    value, across = np.full((2, len(arms.subjects)), np.nan)
    across[at] = stats.restricted_times(followed.time, followed.happened, group, tau, entry=followed.entry)
    horizons = []
    for level in dict.fromkeys(map(str, by)):
        # Who does not fall ill is followed no longer than the study: that must not end the others' time.
        own = followed.take(by == level)
        horizons.append((level, horizon(own)))
        value[at[by == level]] = stats.restricted_times(
            own.time, own.happened, group[by == level], horizons[-1][1], entry=own.entry
        )
    return End(
        event.name,
        value,
        None,
        1 if event.better == "later" else -1,
        event.margin,
        followed.time_unit,
        tau,
        tuple(filter(None, (followed.note,))),
        dropped=followed.dropped,
        across=across,
        horizons=tuple(horizons),
    )


__all__ = ["End", "asked_events", "asked_measures", "ends", "primary", "survival_event", "words"]
