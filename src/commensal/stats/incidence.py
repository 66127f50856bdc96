"""Cumulative incidence with competing events: curves by Aalen and Johansen, and their difference at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from commensal.errors import StatisticsError, listing
from commensal.stats._arrays import Floats, Integers
from commensal.stats._survival import Followed, Mask, coded, confidence, followed, two_groups
from commensal.stats.fits import Counts, Texts
from commensal.stats.restricted_mean import UNTESTED, by_t, over_units
from commensal.stats.survival import Curve, curve_of, log_influence

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class IncidenceFit:
    """Cumulative incidence of each cause in each group, r rows in all; missing is NaN."""

    group: Texts  # (r,) name
    cause: Texts  # (r,) name
    time: Floats  # (r,)
    n_risk: Counts  # (r,) just before the time
    n_event: Counts  # (r,) of the cause
    incidence: Floats  # (r,) share that had the event of this cause first
    se: Floats  # (r,)
    low: Floats  # (r,) pointwise interval; missing where the incidence is 0 or 1
    high: Floats  # (r,)
    groups: Texts  # (g,)
    causes: Texts  # (c,)
    n: Counts  # (g,)
    n_units: Counts  # (g,) cages, or subjects
    status: Texts  # (g,) ok | one_cage (no intervals)
    level: float

    def table(self) -> pd.DataFrame:
        """Return one row per group, cause and time."""
        import pandas as pd

        names = ("group", "cause", "time", "n_risk", "n_event", "incidence", "se", "low", "high")
        return pd.DataFrame({name: getattr(self, name) for name in names})


@dataclass(frozen=True, slots=True)
class IncidenceDifference:
    """Difference of the cumulative incidence of one cause at one time, case − control; missing numbers are NaN."""

    effect: float  # share
    se: float
    df: float  # of Student's t
    statistic: float
    p: float
    low: float
    high: float
    tau: float
    cause: object
    group: Texts  # (2,) control, case
    incidence: Floats  # (2,)
    n: Counts  # (2,)
    events: Counts  # (2,) of the cause up to tau
    competing: Counts  # (2,) of other causes up to tau
    n_units: int  # cages, or subjects
    status: str  # ok | no_events | not_followed | one_cage | too_few
    note: str

    def table(self) -> pd.DataFrame:
        """Return one row; the columns of the control begin with `control_`, those of the case with `case_`."""
        import pandas as pd

        wide = ("group", "incidence", "n", "events", "competing")
        row = {name: [getattr(self, name)] for name in self.__slots__ if name not in wide}
        for place, side in enumerate(("control", "case")):
            row[side] = [self.group[place]]
            row |= {f"{side}_{name}": [getattr(self, name)[place]] for name in wide[1:]}
        return pd.DataFrame(row)


def cumulative_incidence(
    time: ArrayLike,
    event: ArrayLike,
    cause: ArrayLike,
    group: ArrayLike | None = None,
    *,
    entry: ArrayLike | None = None,
    cage: ArrayLike | None = None,
    level: float = 0.95,
) -> IncidenceFit:
    """Estimate the incidence of each cause in each group by Aalen and Johansen, time (n,), event (n,), cause (n,).

    F_c(t) = Σ_{u ≤ t} S(u−) d_c(u)/y(u), S the Kaplan–Meier curve of all causes together. 1 − Kaplan–Meier of one
    cause, the others censored, would be the incidence in a world where nobody has the others. The variance is the
    infinitesimal jackknife's (``survival::survfit`` of a multi-state ``Surv``), over cages with the factor
    m/(m − 1) and Student's t with m − 1 degrees of freedom; the interval is symmetric on the scale of log(−log F).

    Parameters
    ----------
    time, event, entry
        As :func:`log_rank`; the event is any of the causes.
    cause
        (n,) name of the cause; looked at where there was an event.
    group
        (n,) names; None: one group, named "all".
    cage
        (n,) cage, isolator or litter. None: subjects are independent.
    level
        Confidence level, pointwise.

    Returns
    -------
    IncidenceFit
        Status of a group ``one_cage``: its curve rests on one cage and has no interval. Without any event there are
        no causes and no rows.

    Raises
    ------
    StatisticsError
        As :func:`log_rank`; an event without a cause.

    References
    ----------
    Aalen & Johansen (1978) Scand J Stat 5:141.

    Examples
    --------
    Of four animals one dies of the disease, one of a fight, then one more of the disease.

    >>> fit = cumulative_incidence([1, 2, 3, 4], [1, 1, 1, 0], ["disease", "fight", "disease", ""])
    >>> fit.incidence[fit.cause == "disease"].tolist()
    [0.25, 0.25, 0.5, 0.5]
    """
    subjects = followed(time, event, entry)
    confidence(level)
    causes, of = _causes(cause, subjects)
    names = np.full(len(subjects), "all") if group is None else group
    levels, codes = coded(names, "group", len(subjects))
    unit = np.arange(len(subjects)) if cage is None else coded(cage, "cage", len(subjects))[1]
    parts: list[dict[str, NDArray[np.generic]]] = []
    units, states = [], []
    for place in range(levels.size):
        rows = codes == place
        part, own, within = subjects.take(rows), of[rows], np.unique(unit[rows], return_inverse=True)[1]
        m = int(within.max()) + 1
        df = float("inf") if cage is None else m - 1.0
        units.append(m)
        states.append("ok" if df >= 1 else "one_cage")
        for each in range(causes.size):
            parts.append(_rows(part, own == each, within, df, level) | {"place": np.array([place, each])})
    sizes = [part["time"].size for part in parts]
    at = np.array([part["place"] for part in parts], dtype=np.int64).reshape(-1, 2)
    columns = ("time", "n_risk", "n_event", "incidence", "se", "low", "high")
    none = np.empty(0)
    joined: dict[str, Any] = {name: np.concatenate([none, *(part[name] for part in parts)]) for name in columns}
    for name in ("n_risk", "n_event"):
        joined[name] = joined[name].astype(np.int64)
    return IncidenceFit(
        group=np.repeat(levels[at[:, 0]], sizes),
        cause=np.repeat(causes[at[:, 1]], sizes),
        groups=levels,
        causes=causes,
        n=np.bincount(codes, minlength=levels.size),
        n_units=np.array(units),
        status=np.array(states, dtype=object),
        level=level,
        **joined,
    )


def incidence_difference(
    time: ArrayLike,
    event: ArrayLike,
    cause: ArrayLike,
    group: ArrayLike,
    tau: float,
    of: object,
    *,
    control: object | None = None,
    cage: ArrayLike | None = None,
    entry: ArrayLike | None = None,
    level: float = 0.95,
) -> IncidenceDifference:
    """Compare the cumulative incidence of one cause at time tau between two groups, time, event, cause, group (n,).

    The difference of :func:`cumulative_incidence` at tau, with the variance that sums infinitesimal jackknife values
    over cages (else subjects), m/(m − 1) Σ_g U_g² of each group, and Student's t with Welch's degrees of freedom; over
    all cages together where they hold both groups.

    Parameters
    ----------
    time, event, cause, entry
        As :func:`cumulative_incidence`.
    group
        (n,) two names.
    tau
        Time at which to compare, above 0.
    of
        Name of the cause.
    control
        Name of the control; None: the first of the two in their order.
    cage
        (n,) cage, isolator or litter.
    level
        Confidence level.

    Returns
    -------
    IncidenceDifference
        Status ``no_events``: nobody had an event of this cause up to tau; ``not_followed``: a group was not followed
        to tau; ``one_cage``; ``too_few``: the variance is 0, or a group has one subject.

    Raises
    ------
    StatisticsError
        As :func:`cumulative_incidence`; groups other than two; tau not above 0; a cause that nobody has.

    References
    ----------
    Aalen & Johansen (1978) Scand J Stat 5:141.

    Examples
    --------
    >>> cause = ["d", "d", "", "d", "", "d", "f", ""]
    >>> fit = incidence_difference([2, 4, 9, 6, 9, 3, 5, 9], [1, 1, 0, 1, 0, 1, 1, 0], cause, [0] * 4 + [1] * 4, 8, "d")
    >>> fit.incidence.tolist(), fit.effect
    ([0.75, 0.25], -0.5)
    """
    subjects = followed(time, event, entry)
    confidence(level)
    if not np.isfinite(tau) or tau <= 0:
        raise StatisticsError("the time of comparison is not above 0", found=f"tau = {tau}", expected="tau > 0")
    causes, codes = _causes(cause, subjects)
    if of not in causes.tolist():
        raise StatisticsError("nobody has this cause", found=repr(of), expected=f"one of {listing(causes.tolist())}")
    own = codes == causes.tolist().index(of)
    names, case = two_groups(group, control, len(subjects))
    unit = np.arange(len(subjects)) if cage is None else coded(cage, "cage", len(subjects))[1]
    labels = np.empty(2, dtype=object)
    labels[:] = names
    sides = (~case, case)
    shares, parts, known = np.zeros(2), np.zeros(len(subjects)), True
    for place, (rows, sign) in enumerate(zip(sides, (-1.0, 1.0), strict=True)):
        part = subjects.take(rows)
        curve = curve_of(part)
        known &= bool(curve.time[-1] >= tau or curve.survival[-1] == 0)
        seen = int(np.searchsorted(curve.time, tau, side="right"))
        if seen:
            shares[place] = _incidence(curve, _events(part, own[rows], curve))[seen - 1]
            parts[rows] = sign * _influence(part, own[rows], curve)[:, seen - 1]
    early = subjects.event & (subjects.time <= tau)
    effect, tested, status, note = float(shares[1] - shares[0]), UNTESTED, "ok", ""
    mixed = bool(np.intersect1d(unit[case], unit[~case]).size)
    variance, df = over_units(parts, unit, np.zeros(case.size, dtype=np.int64) if mixed else case.astype(np.int64))
    if not known:
        effect, status, note = float("nan"), "not_followed", "a group was not followed to tau"
    elif not (early & own).any():
        status, note = "no_events", "nobody had an event of this cause before tau"
    elif np.isnan(variance):
        status, note = ("too_few", "a group has one subject") if cage is None else ("one_cage", "a group has one cage")
    elif not variance > 0:
        status, note = "too_few", "the variance of the difference is 0"
    else:
        tested = by_t(effect, variance, df, level)
    n, events, rivals = (np.array([np.count_nonzero(rows & which) for rows in sides]) for which in _counted(early, own))
    return IncidenceDifference(
        effect, *tested, float(tau), of, labels, shares, n, events, rivals, int(np.unique(unit).size), status, note
    )


def _counted(early: Mask, own: Mask) -> tuple[Mask, Mask, Mask]:
    return np.ones(early.size, dtype=bool), early & own, early & ~own


def _causes(cause: ArrayLike, subjects: Followed) -> tuple[Texts, Integers]:
    """Return the names of causes (c,), and the code of each subject's (n,), −1 without an event."""
    given: NDArray[np.generic] = np.asarray(cause)
    if given.shape != (len(subjects),):
        raise StatisticsError("the cause does not fit the times", found=given.shape, expected=f"({len(subjects)},)")
    codes = np.full(len(subjects), -1, dtype=np.int64)
    if not subjects.event.any():
        return np.empty(0, dtype=object), codes
    names, codes[subjects.event] = coded(given[subjects.event], "cause", int(subjects.event.sum()))
    return names, codes


def _events(subjects: Followed, own: Mask, curve: Curve) -> Counts:
    """Return how many events of the cause there are at each time of the curve (t,)."""
    place = np.searchsorted(curve.time, subjects.time)
    return np.bincount(place[own & subjects.event], minlength=curve.time.size)


def _incidence(curve: Curve, events: Counts) -> Floats:
    before = np.append(1.0, curve.survival[:-1])
    shares: Floats = np.cumsum(before * events / curve.n_risk)
    return shares


def _influence(subjects: Followed, own: Mask, curve: Curve) -> Floats:
    """Return the derivative of the incidence at each time by each subject's weight (n, t)."""
    before = np.append(1.0, curve.survival[:-1])
    hazard = _events(subjects, own, curve) / curve.n_risk
    changed = np.column_stack([np.zeros(len(subjects)), log_influence(subjects, curve)[:, :-1]])
    there = (subjects.entry[:, None] < curve.time) & (curve.time <= subjects.time[:, None])
    dies = (own & subjects.event)[:, None] & (curve.time == subjects.time[:, None])
    steps: Floats = before * (changed * hazard + (dies - there * hazard) / curve.n_risk)
    return np.cumsum(steps, axis=1)


def _rows(subjects: Followed, own: Mask, unit: Integers, df: float, level: float) -> dict[str, NDArray[np.generic]]:
    """Return the columns of one cause in one group."""
    from scipy.special import ndtri, stdtrit

    curve = curve_of(subjects)
    events = _events(subjects, own, curve)
    share = _incidence(curve, events)
    sums = np.zeros((int(unit.max()) + 1, curve.time.size))
    np.add.at(sums, unit, _influence(subjects, own, curve))
    factor = 1.0 if np.isinf(df) else (df + 1) / df if df >= 1 else float("nan")
    se = np.sqrt((sums**2).sum(axis=0) * factor)
    half = float(ndtri((1 + level) / 2) if np.isinf(df) else stdtrit(max(df, 1.0), (1 + level) / 2))
    low, high = np.full(share.size, np.nan), np.full(share.size, np.nan)
    inside = (share > 0) & (share < 1) & (se > 0)
    f = share[inside]
    width = half * se[inside] / (f * np.log(f))
    low[inside], high[inside] = f ** np.exp(-width), f ** np.exp(width)
    named = {"time": curve.time, "n_risk": curve.n_risk, "n_event": events, "incidence": share}
    return named | {"se": se, "low": low, "high": high}
