"""An event as the statistics of survival take it: who is followed from when to when, and what moves together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from commensal.questions.arms import Arms, Floats, Mask, Texts
from commensal.questions.followed import EventTimes, event_times
from commensal.study import Dropped, Event, LoadedStudy, is_nested

#: Entry of who is followed from the start: before any time.
FROM_THE_START = -1.0


@dataclass(frozen=True, slots=True, eq=False)
class Watched:
    """Subjects followed for one event; (n,) arrays match ``arms.subjects``."""

    arms: Arms  #: only subjects that were at risk
    event: Event
    time: Floats  #: (n,) when the event was seen, or until when the subject was followed without
    happened: Mask  #: (n,) the event itself
    cause: Texts  #: (n,) the event, a competing one, or ""
    earliest: Floats  #: (n,) the event came after this
    latest: Floats  #: (n,) the event came by then; infinite where it was not seen
    entry: Floats | None  #: (n,) None where all are followed from the start
    interval: bool  #: some events are known as an interval only
    unit: Texts | None  #: (n,) what is independent; None: subjects are
    unit_name: str
    whole: bool  #: units lie in one arm each
    strata: Texts | None  #: (n,) what labels may not leave
    time_unit: str
    note: str  #: the rules of this event in words, for every row
    dropped: tuple[Dropped, ...] = ()

    def __len__(self) -> int:
        return len(self.arms.subjects)

    @property
    def arm(self) -> Texts:
        """The arm of each subject (n,), the control under one name."""
        return self.arms.arm_or_control

    def take(self, keep: Mask) -> Watched:
        """Return some subjects."""
        return replace(
            self,
            arms=self.arms.take(keep),
            time=self.time[keep],
            happened=self.happened[keep],
            cause=self.cause[keep],
            earliest=self.earliest[keep],
            latest=self.latest[keep],
            entry=None if self.entry is None else self.entry[keep],
            unit=None if self.unit is None else self.unit[keep],
            strata=None if self.strata is None else self.strata[keep],
            dropped=(),
        )

    def pair(self, arm: str) -> Watched:
        """Return one arm and the control: of the same batches only, where the question asks for that."""
        kept = set(self.arms.pair(arm).subjects)
        return self.take(np.array([one in kept for one in self.arms.subjects], dtype=bool))

    def at(self, level: str) -> Watched:
        """Return the subjects of one level of ``by``."""
        assert self.arms.by is not None
        return self.take(self.arms.by == level)

    def options(self) -> dict[str, Any]:
        """Return the arguments of tests that rearrange labels: seed, number, cages, strata."""
        given: dict[str, Any] = {"n": self.arms.question.permutations, "seed": self.arms.question.seed}
        for name, value in (("cage", self.unit), ("strata", self.strata)):
            if value is not None:
                given[name] = value
        return given

    def shared(self) -> Mapping[str, object]:
        """Return the columns that all rows share."""
        return {
            **self.arms.identity(),
            "measure": self.event.name,
            "level": self.arms.question.level,
        }


def watched(loaded: LoadedStudy, arms: Arms, event: Event) -> Watched:
    """Find who was at risk of an event, and until when.

    The unit is the outermost block that lies in one arm; what is around it (a batch, a litter that holds several arms)
    confines the labels. Where no block lies in one arm, labels move within the innermost.

    Raises
    ------
    DesignError
        As :func:`event_times`.
    """
    times = event_times(arms, loaded, event)
    came = times.cause != ""
    ends = np.where(came, times.latest, times.earliest)
    at_risk = times.followed & (came | (ends > times.entry))
    where = f"{arms.where} × event {event.name}"
    never = tuple(
        Dropped("subject", where, arms.subjects[i], "its follow-up ends when it begins: never at risk")
        for i in np.flatnonzero(times.followed & ~at_risk)
    )
    kept = arms.take(at_risk)
    unit, name, strata = _units(kept)
    entry = np.where(times.entry > 0, times.entry, FROM_THE_START)[at_risk] if times.entered_late else None
    return Watched(
        arms=kept,
        event=event,
        time=ends[at_risk],
        happened=(times.cause == event.name)[at_risk],
        cause=times.cause[at_risk],
        earliest=times.earliest[at_risk],
        latest=np.where(came, times.latest, np.inf)[at_risk],
        entry=entry,
        interval=times.interval,
        unit=unit,
        unit_name=name,
        whole=unit is not None and is_nested(unit, kept.arm_or_control),
        strata=strata,
        time_unit=loaded.declared.time_unit or "time",
        note=_rules(event, times, at_risk),
        dropped=(*times.dropped, *never),
    )


def _units(arms: Arms) -> tuple[Texts | None, str, Texts | None]:
    """Return the unit of inference (n,), its name, and the strata (n,) that labels stay in."""
    outer = [labels for _, labels in arms.blocks]
    batch = arms.batch
    for place, (name, labels) in enumerate(arms.blocks):
        if not is_nested(labels, arms.arm_or_control):
            continue
        around = [*outer[:place], *([] if batch is None else [batch])]
        around = [one for one in around if is_nested(labels, one)]
        strata = np.array([" / ".join(map(str, each)) for each in zip(*around, strict=True)], dtype=object)
        return labels, name, strata if around else None
    if arms.blocks:
        name, labels = arms.blocks[-1]
        return labels, name, batch
    return None, "subject", batch


def _rules(event: Event, times: EventTimes, at_risk: Mask) -> str:
    """Write what decides about this event, for the note of every row."""
    told = [f"end-point: {event.rule}"] if event.rule else []
    rivals = sorted({str(one) for one in times.cause[at_risk]} & set(event.competing))
    if rivals:
        told.append(f"follow-up also ends with {' or '.join(rivals)}")
    if times.entered_late:
        late = int(np.count_nonzero(times.entry[at_risk] > 0))
        told.append(f"{late} under observation from later on (deaths before are not seen)")
    if times.interval:
        told.append("the event is known as an interval: time is when it was first seen")
    return "; ".join(told)


__all__ = ["FROM_THE_START", "Watched", "watched"]
