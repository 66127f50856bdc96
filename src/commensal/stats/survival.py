"""Kaplan–Meier curves with intervals, numbers at risk and medians."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from commensal.errors import StatisticsError
from commensal.stats._arrays import Floats, Integers, numbers
from commensal.stats._survival import Followed, coded, confidence, followed
from commensal.stats.fits import Counts, Texts

if TYPE_CHECKING:
    import pandas as pd

INTERVALS = ("log-log", "log", "plain")
#: Survival this near to one half is one half (as in R's survival).
_HALF = float(np.sqrt(np.finfo(np.float64).eps))


@dataclass(frozen=True, slots=True)
class Curve:
    """One Kaplan–Meier curve at the distinct times (t,) at which its subjects' follow-up ends."""

    time: Floats  # (t,)
    n_risk: Counts  # (t,) just before the time
    n_event: Counts  # (t,)
    n_censored: Counts  # (t,)
    survival: Floats  # (t,) from the time on
    hazard_variance: Floats  # (t,) of log S: Greenwood's sum of d/(y (y − d)), or over cages; inf where the last died


@dataclass(frozen=True, slots=True)
class KaplanMeierFit:
    """Kaplan–Meier curves of g groups, r rows in all; missing is NaN."""

    group: Texts  # (r,) name
    time: Floats  # (r,)
    n_risk: Counts  # (r,) just before the time
    n_event: Counts  # (r,)
    n_censored: Counts  # (r,)
    survival: Floats  # (r,)
    se: Floats  # (r,) Greenwood's; missing where survival is 0
    low: Floats  # (r,) pointwise interval; missing where survival is 0, and where it is 1 (log-log)
    high: Floats  # (r,)
    groups: Texts  # (g,)
    n: Counts  # (g,)
    events: Counts  # (g,)
    median: Floats  # (g,) missing where the curve stays above one half
    median_low: Floats  # (g,) where the curve's lower limit crosses one half
    median_high: Floats  # (g,) where the upper limit does; missing if never
    n_units: Counts  # (g,) cages, or subjects
    status: Texts  # (g,) ok | no_events | not_reached (no median) | one_cage (no intervals)
    note: Texts  # (g,)
    level: float
    interval: str
    entered: tuple[Floats, ...]  # g times (n_g,) of entry in order; −inf from the start

    def table(self) -> pd.DataFrame:
        """Return one row per group and time."""
        import pandas as pd

        names = ("group", "time", "n_risk", "n_event", "n_censored", "survival", "se", "low", "high")
        return pd.DataFrame({name: getattr(self, name) for name in names})

    def medians(self) -> pd.DataFrame:
        """Return one row per group: its size, events and median survival with interval."""
        import pandas as pd

        names = ("n", "events", "median", "median_low", "median_high", "n_units", "status", "note")
        return pd.DataFrame({"group": self.groups, **{name: getattr(self, name) for name in names}})

    def at_risk(self, times: ArrayLike) -> pd.DataFrame:
        """Return one row per group and asked time: how many are at risk just before it, and survival at it.

        A subject whose follow-up ends at the time itself is still at risk, one who enters then is not yet.

        Parameters
        ----------
        times
            (a,) asked times.
        """
        import pandas as pd

        asked = numbers(times, "the times", dimensions=1)
        rows = []
        for name, entry in zip(self.groups.tolist(), self.entered, strict=True):
            own = self.group == name
            time, left = self.time[own], (self.n_event + self.n_censored)[own]
            curve = np.concatenate([[1.0], self.survival[own]])
            for t in asked.tolist():
                there = int(np.searchsorted(entry, t)) - int(left[time < t].sum())
                rows.append((name, t, there, float(curve[np.searchsorted(time, t, side="right")])))
        return pd.DataFrame(rows, columns=["group", "time", "n_risk", "survival"])


def kaplan_meier(
    time: ArrayLike,
    event: ArrayLike,
    group: ArrayLike | None = None,
    *,
    entry: ArrayLike | None = None,
    cage: ArrayLike | None = None,
    interval: str = "log-log",
    level: float = 0.95,
) -> KaplanMeierFit:
    """Estimate survival of each group by Kaplan and Meier's product, time (n,), event (n,), group (n,).

    S(t) = Π (1 − d/y) over event times up to t, with d events among y at risk; Greenwood's variance of log S is
    Σ d/(y (y − d)). The interval is symmetric on the scale of log(−log S), log S or S (``survival::survfit`` with
    ``conf.type``). The median is the first time at which S ≤ ½ (the middle of the step where S is exactly ½), its
    limits are where the limits of S cross ½ (Brookmeyer & Crowley 1982).

    With cages the variance of log S is m/(m − 1) Σ_g U_g² over the m cages of a group, U_g the sum of its subjects'
    infinitesimal jackknife values (``survfit(cluster =)`` times m/(m − 1)), and the interval uses Student's t with
    m − 1 degrees of freedom.

    Parameters
    ----------
    time, event, entry
        As :func:`log_rank`.
    group
        (n,) names; None: one curve, its group named "all".
    cage
        (n,) cage, isolator or litter. None: subjects are independent.
    interval
        ``"log-log"``, ``"log"`` or ``"plain"``.
    level
        Confidence level, pointwise.

    Returns
    -------
    KaplanMeierFit
        Status of a group ``no_events``: its curve stays at 1; ``not_reached``: its curve stays above ½;
        ``one_cage``: its curve rests on one cage and has no interval.

    Raises
    ------
    StatisticsError
        As :func:`log_rank`; an unknown interval; a level outside (0, 1).

    Examples
    --------
    >>> fit = kaplan_meier([6, 6, 6, 7, 10, 13, 16, 22, 23, 6, 9, 10, 11, 17], [1] * 9 + [0] * 5)
    >>> fit.survival[:4].round(3).tolist(), fit.median.tolist()
    ([0.786, 0.707, 0.707, 0.619], [13.0])
    >>> fit.at_risk([0, 10, 20])["n_risk"].tolist()
    [14, 8, 2]
    """
    subjects = followed(time, event, entry)
    if interval not in INTERVALS:
        raise StatisticsError("no such interval", found=repr(interval), expected=", ".join(INTERVALS))
    confidence(level)
    names = np.full(len(subjects), "all") if group is None else group
    levels, codes = coded(names, "group", len(subjects))
    unit = np.arange(len(subjects)) if cage is None else coded(cage, "cage", len(subjects))[1]
    parts = [codes == place for place in range(levels.size)]
    curves = [curve_of(subjects.take(rows)) for rows in parts]
    units = np.array([np.unique(unit[rows]).size for rows in parts])
    if cage is not None:
        curves = [_over_units(subjects.take(rows), one, unit[rows]) for rows, one in zip(parts, curves, strict=True)]
    freedom = [float("inf") if cage is None else m - 1.0 for m in units.tolist()]
    limits = [_limits(one, interval, level, df) for one, df in zip(curves, freedom, strict=True)]
    late = bool(np.isfinite(subjects.entry).any())
    medians = [
        [_crossing(one.time, s) for s in (one.survival, *ends)] for one, ends in zip(curves, limits, strict=True)
    ]
    states = [_state(one, late, df) for one, df in zip(curves, freedom, strict=True)]
    return KaplanMeierFit(
        np.repeat(levels, [one.time.size for one in curves]),
        np.concatenate([one.time for one in curves]),
        np.concatenate([one.n_risk for one in curves]),
        np.concatenate([one.n_event for one in curves]),
        np.concatenate([one.n_censored for one in curves]),
        np.concatenate([one.survival for one in curves]),
        np.concatenate([_se(one) for one in curves]),
        np.concatenate([low for low, _ in limits]),
        np.concatenate([high for _, high in limits]),
        levels,
        np.bincount(codes, minlength=levels.size),
        np.bincount(codes[subjects.event], minlength=levels.size),
        np.array([of[0] for of in medians]),
        np.array([of[1] for of in medians]),
        np.array([of[2] for of in medians]),
        units,
        np.array([state for state, _ in states], dtype=object),
        np.array([note for _, note in states], dtype=object),
        level,
        interval,
        tuple(np.sort(subjects.entry[rows]) for rows in parts),
    )


def curve_of(subjects: Followed) -> Curve:
    """Return the Kaplan–Meier curve of one group."""
    time, place = np.unique(subjects.time, return_inverse=True)
    events = np.bincount(place[subjects.event], minlength=time.size)
    ended = np.bincount(place, minlength=time.size)
    entered = np.searchsorted(np.sort(subjects.entry), time)
    at_risk = entered - (np.cumsum(ended) - ended)
    left = at_risk - events
    with np.errstate(divide="ignore"):
        steps = np.where(events > 0, events / (at_risk * left.astype(np.float64)), 0.0)
    survival: Floats = np.cumprod(left / at_risk).astype(np.float64)
    return Curve(time, at_risk, events, ended - events, survival, np.cumsum(steps))


def _over_units(subjects: Followed, curve: Curve, unit: Integers) -> Curve:
    """Return the curve with the variance of log S from sums over units, NaN where there is one unit."""
    codes = np.unique(unit, return_inverse=True)[1]
    m = int(codes.max()) + 1
    own = np.zeros((m, curve.time.size))
    np.add.at(own, codes, log_influence(subjects, curve))
    variance = (own**2).sum(axis=0) * (m / (m - 1) if m > 1 else np.nan)
    return replace(curve, hazard_variance=np.where(curve.survival > 0, variance, np.inf))


def log_influence(subjects: Followed, curve: Curve) -> Floats:
    """Return the derivative of log S at each time by each subject's weight (n, t).

    At risk and spared a subject raises log S by d/(y (y − d)); when it dies it lowers it by 1/y.
    """
    left = (curve.n_risk - curve.n_event).astype(np.float64)
    spared = np.where(left > 0, curve.n_event / (curve.n_risk * np.maximum(left, 1.0)), 0.0)
    there = (subjects.entry[:, None] < curve.time) & (curve.time <= subjects.time[:, None])
    dies = subjects.event[:, None] & (curve.time == subjects.time[:, None])
    steps: Floats = np.where(dies, -1.0 / curve.n_risk, np.where(there, spared, 0.0))
    return np.cumsum(steps, axis=1)


def _se(curve: Curve) -> Floats:
    inside = curve.survival > 0
    se: Floats = np.full(curve.time.size, np.nan)
    se[inside] = curve.survival[inside] * np.sqrt(curve.hazard_variance[inside])
    return se


def _limits(curve: Curve, interval: str, level: float, df: float) -> tuple[Floats, Floats]:
    """Return the pointwise limits (t,) and (t,); missing where the scale has none."""
    from scipy.special import ndtri, stdtrit

    half = float(ndtri((1 + level) / 2) if np.isinf(df) else stdtrit(max(df, 1.0), (1 + level) / 2))
    low, high = np.full(curve.time.size, np.nan), np.full(curve.time.size, np.nan)
    usable = curve.survival > 0
    if interval == "log-log":
        usable &= curve.survival < 1
    s, width = curve.survival[usable], half * np.sqrt(curve.hazard_variance[usable])
    if interval == "log-log":
        width = width / np.log(s)
        low[usable], high[usable] = s ** np.exp(-width), s ** np.exp(width)
    elif interval == "log":
        low[usable], high[usable] = s * np.exp(-width), np.minimum(s * np.exp(width), 1.0)
    else:
        low[usable], high[usable] = np.maximum(s - s * width, 0.0), np.minimum(s + s * width, 1.0)
    return low, high


def _crossing(time: Floats, curve: Floats) -> float:
    """Return when a falling curve reaches one half; the middle of its step where it rests there."""
    below = np.flatnonzero(curve < 0.5 + _HALF)
    if not below.size:
        return float("nan")
    first = below[0]
    further = below[curve[below] < curve[first]]
    if abs(curve[first] - 0.5) < _HALF and further.size:
        return float(time[first] + time[further[0]]) / 2
    return float(time[first])


def _state(curve: Curve, late: bool, df: float) -> tuple[str, str]:
    """Return a group's status and note."""
    if not curve.n_event.any():
        return "no_events", "nobody in the group had the event"
    if df < 1:
        return "one_cage", "the group has one cage: no interval"
    end = np.flatnonzero(curve.survival == 0)
    if late and end.size and end[0] < curve.time.size - 1:
        return "ok", f"the curve is 0 from time {curve.time[end[0]]:g} on, though subjects entered later"
    if curve.survival[-1] > 0.5:
        return "not_reached", "more than half survive at the end of follow-up"
    return "ok", ""
