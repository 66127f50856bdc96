"""When animals crossed a measure's threshold, as what is known of the logarithm of a time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from commensal import stats
from commensal.questions.arms import Floats, Mask
from commensal.questions.measured import Measured


@dataclass(frozen=True, slots=True, eq=False)
class CrossingTimes:
    """Logarithms of times since the start; (n,) each, as `stats.censored_mixed` takes them."""

    low: Floats  #: the time, or the beginning of its interval, or the limit that it lies beyond; NaN: nothing known
    upper: Floats  #: the end of its interval, NaN where there is none
    left: Mask  #: crossed at the first value already
    right: Mask  #: not crossed at the last value
    crossed: Mask
    notes: tuple[str, ...]


def crossings_of(data: Measured) -> CrossingTimes:
    """Find when each subject first had a value on the worse side of the measure's threshold.

    Time counts from the question's ``baseline``, else from 0. A subject that was across at the start tells nothing,
    nor does one that was not measured after it.
    """
    times, values = data.course
    start = data.arms.question.baseline if data.baseline is not None else None
    since = times - (start or 0.0)
    threshold = data.limit(data.measure.threshold)
    assert threshold is not None
    found = stats.crossings(values, since, threshold, below=data.measure.better == "higher")
    with np.errstate(all="ignore"):
        begun, ended = np.log(found.earliest), np.log(found.latest)
    crossed, open_ended = np.isfinite(found.latest), np.isposinf(found.latest)
    at_start = crossed & (found.latest <= 0)
    left = crossed & ~at_start & ~np.isfinite(begun)
    right = open_ended & (found.earliest > 0)
    both = crossed & ~at_start & np.isfinite(begun)
    low = np.select([both, left, right], [begun, ended, begun], np.nan)
    upper = np.where(both, ended, np.nan)
    notes = ["log-normal times known as intervals, from " + ("baseline" if start is not None else "time 0")]
    if at_start.any():
        notes.append(f"{int(at_start.sum())} across at the start are left out")
    ended_early = right & np.isfinite(data.died)
    if ended_early.any():
        notes.append(f"{int(ended_early.sum())} that died before are taken as not yet across")
    return CrossingTimes(low, upper, left, right, crossed & ~at_start, tuple(notes))
