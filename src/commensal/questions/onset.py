"""When disease began in whom: each sample's time relative to onset, intervals and index ages drawn several times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from commensal import stats
from commensal.errors import DesignError, listing
from commensal.study import LoadedStudy, onset_intervals

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
#: By how little an onset lies after the last time without it, in shares of that time.
EPSILON = 1e-9
#: Completed data sets where an onset is an interval.
DRAWS = 10


@dataclass(frozen=True, slots=True, eq=False)
class Aligned:
    """Samples (n,) placed against onset; k completed data sets, one where every onset is known."""

    shared: bool  #: one onset for all (``[onset] at``)
    relative: Array  #: (k, n) time − onset, or − index age
    middle: Array  #: (n,) the same from the middle of each interval, for figures
    known: Mask  #: (n,) False: a diseased subject whose onset nobody knows
    onset: float  #: the shared onset, NaN where each has its own
    n_intervals: int  #: diseased subjects whose onset is an interval
    widest: tuple[str, float, float] | None  #: the subject with the widest finite interval, and its ends
    unseen: tuple[str, ...]  #: diseased subjects whose onset had not come when they were last seen
    unmatched: tuple[str, ...]  #: healthy subjects that were at risk at no onset: the nearest stands in

    @property
    def after(self) -> Mask:
        """Whether each sample lies at or after onset, (k, n)."""
        return np.asarray(self.relative >= 0)


def aligned(loaded: LoadedStudy, where: str, subjects: Sequence[str], time: Array, case: Mask, *, seed: int) -> Aligned:
    """Place n samples against onset.

    Raises
    ------
    DesignError
        The study file says no onset, or no diseased subject among these has one.
    """
    onset = loaded.declared.onset
    if onset is None:
        raise DesignError(
            "a course needs to know when disease begins",
            where=where,
            found="no [onset]",
            expected='[onset] at = 80, event = "symptom_onset", or column = ["earliest", "latest"]',
            mend="say the onset in the study file: one time for all, an event, or columns of each subject",
        )
    if onset.at is not None:
        relative = time - onset.at
        every = np.ones(len(time), bool)
        return Aligned(True, relative[None], relative, every, float(onset.at), 0, None, (), ())
    people = np.asarray(subjects, dtype=object)
    ill = list(dict.fromkeys(people[case]))
    start = min(0.0, float(time.min()))
    held = onset_intervals(loaded)
    ends = {name: (start if np.isnan(held[name][0]) else held[name][0], held[name][1]) for name in ill if name in held}
    known = ~case | np.isin(people, list(ends))
    if not ends:
        raise DesignError(
            "no diseased subject has an onset",
            where=where,
            found=f"{len(ill)} diseased subjects: {listing(ill, 5)}",
            expected=f"an onset for each, from {_source(loaded)}",
            mend="complete the events or columns, or say one onset for all: [onset] at = …",
        )
    return _own(ends, people, time, case, known, seed)


def _source(loaded: LoadedStudy) -> str:
    onset = loaded.declared.onset
    assert onset is not None
    return f"event {onset.event}" if onset.event else f"column {' and '.join(onset.columns)}"


def _own(
    ends: dict[str, tuple[float, float]],
    people: NDArray[np.object_],
    time: Array,
    case: Mask,
    known: Mask,
    seed: int,
) -> Aligned:
    ill, low, high = list(ends), np.array([e[0] for e in ends.values()]), np.array([e[1] for e in ends.values()])
    # what was without the disease at the earliest time had its onset after it
    opened = np.where(high > low, low + EPSILON * np.maximum(1.0, np.abs(low)), low)
    well = list(dict.fromkeys(people[~case]))
    first = np.array([time[people == one].min() for one in well])
    last = np.array([time[people == one].max() for one in well])
    interval = high > low
    distribution = stats.onset_distribution(opened, high)
    drawn = stats.draw_onsets(distribution, DRAWS if interval.any() else 1, seed=seed)
    # an onset that had not come counts, in figures, from when the subject was last seen without it
    middle = np.where(np.isfinite(high), (low + high) / 2, opened)
    matched = np.ones(len(well), bool)
    rows = []
    for at, onsets in enumerate([middle, *drawn]):
        # a draw after everything that was seen is no age to match: the healthy get the onsets that came
        came = onsets if at else np.where(np.isfinite(high), onsets, np.inf)
        index, at_risk = stats.index_ages(came, first, last, seed=seed + at)
        matched &= at_risk
        mine = dict(zip([*ill, *well], [*onsets, *index], strict=True))
        rows.append(time - np.array([mine.get(str(one), np.nan) for one in people]))
    finite = interval & np.isfinite(high)
    widest = None
    if finite.any():
        at = int(np.where(finite, high - low, -1).argmax())
        widest = (str(ill[at]), float(low[at]), float(high[at]))
    return Aligned(
        shared=False,
        relative=np.array(rows[1:]),
        middle=rows[0],
        known=known,
        onset=float("nan"),
        n_intervals=int(interval.sum()),
        widest=widest,
        unseen=tuple(str(ill[at]) for at in np.flatnonzero(np.isinf(high))),
        unmatched=tuple(str(well[at]) for at in np.flatnonzero(~matched)),
    )
