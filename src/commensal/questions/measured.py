"""One measure of the subjects of some arms as a table of subjects by times, with baseline, gaps and their reasons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from commensal.questions.arms import Arms, Floats, Mask
from commensal.questions.followed import Phenotype, phenotype
from commensal.study import Dropped, LoadedStudy, Measure

#: Share of each arm's animals that must have been followed to both ends of the window of areas.
FOLLOWED = 0.8
#: A score with more different values than this is compared as numbers.
SCORES = 20


@dataclass(frozen=True, slots=True)
class Scale:
    """How a measure's values at one time are compared: as `stats.trajectories` calls it."""

    kind: str
    ceiling: float | None
    floor: float | None
    unit: str  #: of the effect
    note: str = ""

    def limited(self, values: Floats) -> bool:
        """Say whether some values lie at a limit, so that only a bound is known of them."""
        top = self.ceiling is not None and bool((values >= self.ceiling).any())
        return top or (self.floor is not None and bool((values <= self.floor).any()))


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """Values of one measure; subjects as in `arms`, times in their order."""

    arms: Arms
    measure: Measure
    times: Floats  #: (t,) outcome times; one NaN where the table has no times
    values: Floats  #: (n, t) NaN where not measured; the mean where measured twice at a time
    baseline: Floats | None  #: (n,) the last value up to the question's ``baseline``; None without
    died: Floats  #: (n,) when an event ended the subject's measurements; infinite where none did
    ended_by: tuple[str, ...] = ()  #: the events that did
    notes: tuple[str, ...] = ()  #: what every row must say
    dropped: tuple[Dropped, ...] = ()

    @property
    def where(self) -> str:
        """How messages name this measure in this comparison."""
        return f"{self.arms.where} × measure {self.measure.name}"

    @property
    def timed(self) -> bool:
        """Whether the table has times."""
        return bool(np.isfinite(self.times).all())

    @property
    def course(self) -> tuple[Floats, Floats]:
        """Times and values from the start on: the baseline value stands at the question's ``baseline``."""
        start = self.arms.question.baseline
        if self.baseline is None or start is None:
            return self.times, self.values
        return np.r_[start, self.times], np.column_stack([self.baseline, self.values])

    @property
    def unit(self) -> str:
        """The unit of the values."""
        return self.measure.unit or f"unit of {self.measure.name}"

    @property
    def scale(self) -> Scale:
        """How values at one time are compared, by the measure's kind."""
        known = self.values[~np.isnan(self.values)]
        kind = self.measure.kind
        if kind == "score" and len(np.unique(known)) <= SCORES:
            return Scale("score", None, None, "log odds ratio of a higher score")
        if kind == "count" and ((known >= 0) & (known == np.round(known))).all():
            return Scale("count", None, None, "natural log ratio")
        note = {
            "score": f"scores taken as numbers: more than {SCORES} different ones",
            "count": "counts taken as numbers: they are not whole",
        }.get(kind or "", "")
        return Scale("value", self.limit(self.measure.ceiling), self.limit(self.measure.floor), self.unit, note)

    def limit(self, value: float | None) -> float | None:
        """Return a limit of the study file on the scale of the values."""
        return value if value is None or self.measure.scale == "linear" else float(np.log10(value))

    def take(self, keep: Mask) -> Measured:
        """Return the subjects of a mask (n,)."""
        return replace(
            self,
            arms=self.arms.take(keep),
            values=self.values[keep],
            baseline=None if self.baseline is None else self.baseline[keep],
            died=self.died[keep],
        )

    def window(self) -> tuple[float, float] | None:
        """Return the longest stretch over which most of every arm was followed, None where there is none."""
        times, values = self.course
        known = ~np.isnan(values)
        sides = [self.arms.arm_or_control == arm for arm in (*self.arms.cases, self.arms.control_name)]
        sides = [side & known.any(axis=1) for side in sides if (side & known.any(axis=1)).any()]
        if not sides:
            return None
        begun = np.maximum.accumulate(known, axis=1)
        lasting = np.maximum.accumulate(known[:, ::-1], axis=1)[:, ::-1]
        there = np.array([[begun[side, i].mean() for side in sides] for i in range(len(times))]).min(axis=1)
        still = np.array([[lasting[side, i].mean() for side in sides] for i in range(len(times))]).min(axis=1)
        first, last = np.flatnonzero(there >= FOLLOWED), np.flatnonzero(still >= FOLLOWED)
        if not first.size or not last.size or not times[last[-1]] > times[first[0]]:
            return None
        return float(times[first[0]]), float(times[last[-1]])


def measured(loaded: LoadedStudy, arms: Arms, measure: Measure) -> Measured:
    """Read a measure into a table of subjects by times.

    Raises
    ------
    DesignError
        As `phenotype`.
    """
    found = phenotype(arms, loaded, measure)
    times, where_in = np.unique(found.time, return_inverse=True)
    total, count = np.zeros((2, len(arms.subjects), len(times)))
    np.add.at(total, (found.subject, where_in), found.value)
    np.add.at(count, (found.subject, where_in), 1)
    values = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    notes, dropped = [], list(found.dropped)
    if (count > 1).any():
        notes.append("the mean of several values at one time")
    times = times if found.timed else np.array([np.nan])
    died, ended_by = _ends(loaded, arms, found)
    whole = Measured(arms, measure, times, values, None, died, ended_by)
    whole, more, told = _with_baseline(whole)
    dropped += [*more, *_dropouts(whole)]
    seen = np.asarray(~np.isnan(whole.values).all(axis=1), dtype=bool)
    return replace(whole.take(seen), notes=(*notes, *told), dropped=tuple(dropped))


def _with_baseline(whole: Measured) -> tuple[Measured, list[Dropped], list[str]]:
    """Split off the baseline where the question declares one; subjects without leave."""
    start = whole.arms.question.baseline
    if start is None or not whole.timed:
        return whole, [], []
    before = whole.times <= start
    if before.all() or not before.any():
        side = "after" if not before.any() else "up to"
        return whole, [], [f"no adjustment for a baseline: all values are {side} {start:g}"]
    early = whole.values[:, before]
    known = ~np.isnan(early)
    last = early.shape[1] - 1 - known[:, ::-1].argmax(axis=1)
    own = np.where(known.any(axis=1), early[np.arange(len(early)), last], np.nan)
    if np.isnan(own).all():
        return whole, [], [f"no adjustment for a baseline: no value up to {start:g}"]
    reason = f"no value up to its baseline at {start:g}"
    measured_later = ~np.isnan(whole.values).all(axis=1)
    gone = np.flatnonzero(np.isnan(own) & measured_later)
    dropped = [Dropped("subject", whole.where, whole.arms.subjects[i], reason) for i in gone]
    only = np.flatnonzero(~np.isnan(own) & np.isnan(whole.values[:, ~before]).all(axis=1))
    dropped += [Dropped("subject", whole.where, whole.arms.subjects[i], "not measured after baseline") for i in only]
    kept = replace(whole, times=whole.times[~before], values=whole.values[:, ~before], baseline=own)
    return kept.take(np.asarray(~np.isnan(own), dtype=bool)), dropped, ["adjusted for baseline"]


def _ends(loaded: LoadedStudy, arms: Arms, found: Phenotype) -> tuple[Floats, tuple[str, ...]]:
    """Find when events ended the subjects' measurements: events after which nobody was measured any more."""
    died = np.full(len(arms.subjects), np.inf)
    if loaded.events is None or not found.timed:
        return died, ()
    index = {subject: i for i, subject in enumerate(arms.subjects)}
    last = np.full(len(died), -np.inf)
    np.maximum.at(last, found.subject, found.time)
    names: list[str] = []
    for name, rows in loaded.events.groupby("event", sort=True):
        own = rows[rows["subject"].astype(str).isin(index)]
        places = np.array([index[str(one)] for one in own["subject"]], dtype=np.int64)
        time = _latest(own)
        known = np.isfinite(time)
        if not known.any() or (last[places[known]] > time[known]).any():
            continue  # animals are measured after it: it ends nothing
        np.minimum.at(died, places[known], time[known])
        names.append(str(name))
    return died, tuple(names)


def _latest(rows: pd.DataFrame) -> Floats:
    missing = pd.Series(np.nan, rows.index)
    exact = pd.to_numeric(rows.get("time", missing), errors="coerce")
    return np.asarray(exact.fillna(pd.to_numeric(rows.get("latest", missing), errors="coerce")), dtype=np.float64)


def _dropouts(whole: Measured) -> list[Dropped]:
    """Name the subjects whose measurements end before the last time without an event that says why."""
    known = ~np.isnan(whole.values)
    if not whole.timed or whole.values.shape[1] < 2:
        return []
    out = []
    for i in np.flatnonzero(known.any(axis=1) & ~known[:, -1] & ~np.isfinite(whole.died)):
        last = float(whole.times[np.flatnonzero(known[i])[-1]])
        reason = f"not measured after {last:g}, and no event says why"
        out.append(Dropped("subject", whole.where, whole.arms.subjects[i], reason))
    return out


def words(parts: Sequence[str]) -> str | None:
    """Join notes; none gives a missing one."""
    kept = [part for part in parts if part]
    return "; ".join(kept) if kept else None
