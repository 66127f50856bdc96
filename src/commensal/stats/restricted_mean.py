"""Restricted mean survival time of two groups, and its difference."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from commensal.errors import StatisticsError
from commensal.stats._arrays import Floats, Integers
from commensal.stats._survival import Followed, coded, confidence, followed, two_groups
from commensal.stats.fits import Counts, Texts
from commensal.stats.survival import Curve, curve_of

if TYPE_CHECKING:
    import pandas as pd


#: Standard error, degrees of freedom, t, p, low, high.
Tested = tuple[float, float, float, float, float, float]
_NAN = float("nan")
UNTESTED: Tested = (_NAN, _NAN, _NAN, _NAN, _NAN, _NAN)


@dataclass(frozen=True, slots=True)
class RmstFit:
    """Difference of restricted mean survival times, case − control; missing numbers are NaN."""

    effect: float  # in the unit of time: by how much longer a case lives up to tau
    se: float
    df: float  # of Student's t
    statistic: float  # t
    p: float
    low: float
    high: float
    tau: float
    group: Texts  # (2,) control, case
    rmst: Floats  # (2,)
    rmst_se: Floats  # (2,)
    n: Counts  # (2,)
    events: Counts  # (2,) up to tau
    n_units: Counts  # (2,) cages, or subjects
    status: str  # ok | no_events | not_followed | one_cage | too_few
    note: str

    def table(self) -> pd.DataFrame:
        """Return one row; the columns of the control begin with `control_`, those of the case with `case_`."""
        import pandas as pd

        names = ("effect", "se", "df", "statistic", "p", "low", "high", "tau", "status", "note")
        row = {name: [getattr(self, name)] for name in names}
        for place, side in enumerate(("control", "case")):
            row[side] = [self.group[place]]
            for name in ("rmst", "rmst_se", "n", "events", "n_units"):
                row[f"{side}_{name}"] = [getattr(self, name)[place]]
        return pd.DataFrame(row)


def rmst_difference(
    time: ArrayLike,
    event: ArrayLike,
    group: ArrayLike,
    tau: float,
    *,
    control: object | None = None,
    cage: ArrayLike | None = None,
    entry: ArrayLike | None = None,
    level: float = 0.95,
) -> RmstFit:
    """Compare mean survival up to time tau between two groups, time (n,), event (n,), group (n,).

    A group's restricted mean is the area under its Kaplan–Meier curve from 0 to tau. Without cages its variance is
    Greenwood's, Σ A_j² d_j/(y_j (y_j − d_j)) with A_j the area from the event time t_j to tau
    (``survival::survfit``, ``rmean = tau``; survRM2). With cages it is m/(m − 1) Σ_g U_g² over the m cages of the
    group, where U_g sums its subjects' infinitesimal jackknife values. The difference is referred to Student's t
    with Welch's degrees of freedom from the units (cages, else subjects) of each group, never more than units − 2.
    Where cages hold both groups (littermates, households) U_g runs over both, case less control, and the m cages
    give m − 1 degrees of freedom.

    It needs no proportional hazards and reads in days. Choose tau before looking at the data.

    Parameters
    ----------
    time, event
        As :func:`log_rank`.
    group
        (n,) two names.
    tau
        Horizon, above 0, in the unit of time. Both groups must be followed to it, or have died out.
    control
        Name of the control; None: the first of the two in their order.
    cage
        (n,) cage, isolator or litter: each in one group, or some with both.
    entry
        (n,) start of follow-up, as :func:`log_rank`. Who died before the first entry is not seen, so that the mean is
        that of subjects who reach the first entry; the time before it is the same for both groups.
    level
        Confidence level.

    Returns
    -------
    RmstFit
        Status ``not_followed``: the last subject of a group was censored before tau, or all died
        before others entered, so its mean is not known;
        ``no_events``: nobody had the event before tau (effect 0); ``one_cage``: a group has one cage, effect kept;
        ``too_few``: the variance is 0, or a group has one subject.

    Raises
    ------
    StatisticsError
        As :func:`log_rank`; groups other than two; tau not above 0.

    References
    ----------
    Royston & Parmar (2013) BMC Med Res Methodol 13:152. Uno et al. (2014) J Clin Oncol 32:2380.

    Examples
    --------
    Of four controls one lives on after day 10; the cases live 5 days longer on average.

    >>> fit = rmst_difference([2, 4, 6, 12, 9, 9, 12, 12], [1, 1, 1, 0, 1, 1, 0, 0], [0] * 4 + [1] * 4, tau=10)
    >>> fit.rmst.tolist(), fit.effect
    ([5.5, 9.5], 4.0)
    """
    subjects = followed(time, event, entry)
    names, case = two_groups(group, control, len(subjects))
    confidence(level)
    horizon = float(tau)
    if not np.isfinite(horizon) or horizon <= 0:
        raise StatisticsError("the horizon is not a time above 0", found=f"tau = {tau}", expected="tau > 0")
    unit = np.arange(len(subjects)) if cage is None else coded(cage, "cage", len(subjects))[1]
    mixed = bool(np.intersect1d(unit[case], unit[~case]).size)
    sides = [~case, case]
    parts = [_side(subjects.take(rows), unit[rows], horizon, caged=cage is not None) for rows in sides]
    status, note = _state(parts, names, caged=cage is not None)
    labels = np.empty(2, dtype=object)
    labels[:] = names
    variance = sum(part.variance for part in parts)
    df = variance**2 / max(sum(part.variance**2 / max(part.units - 1, 1) for part in parts), 1e-300)
    if mixed and status in {"ok", "one_cage"}:
        own = np.zeros(len(subjects))
        for rows, sign in zip(sides, (-1.0, 1.0), strict=True):
            own[rows] = sign * mean_influence(subjects.take(rows), horizon)
        variance, df = over_units(own, unit, np.zeros(len(subjects), dtype=np.int64))
        status, note = ("ok", "") if variance > 0 else ("one_cage", "there is one cage")
    return _difference(parts, labels, horizon, status, note, level, variance, df)


@dataclass(frozen=True, slots=True)
class _Side:
    """One group's restricted mean."""

    mean: float
    variance: float
    unknown: str  # why the mean is not known; empty if it is
    n: int
    events: int
    units: int


def _side(subjects: Followed, unit: Integers, tau: float, *, caged: bool) -> _Side:
    curve = curve_of(subjects)
    units = int(np.unique(unit).size)
    counts = (len(subjects), int(np.count_nonzero(subjects.event & (subjects.time <= tau))), units)
    unknown = _unknown(subjects, curve, tau)
    if unknown:
        return _Side(float("nan"), float("nan"), unknown, *counts)
    mean, after = areas(curve, tau)
    if not caged:
        left = (curve.n_risk - curve.n_event).astype(np.float64)
        steps = np.where(left > 0, curve.n_event / (curve.n_risk * np.maximum(left, 1.0)), 0.0)
        return _Side(mean, float(np.sum(after**2 * steps)), unknown, *counts)
    sums = np.bincount(np.unique(unit, return_inverse=True)[1], weights=influence(subjects, curve, after))
    return _Side(mean, float(np.sum(sums**2)) * units / max(units - 1, 1), unknown, *counts)


def _unknown(subjects: Followed, curve: Curve, tau: float) -> str:
    """Return why a curve is not known up to tau, empty if it is."""
    ended = np.flatnonzero(curve.survival == 0)
    if not ended.size:
        return "" if curve.time[-1] >= tau else "the last subject of {} was censored before tau"
    late = bool((subjects.entry >= curve.time[ended[0]]).any())
    return "all subjects of {} had died when others entered" if late else ""


def areas(curve: Curve, tau: float) -> tuple[float, Floats]:
    """Return the area under a curve from 0 to tau, and from each of its times to tau (t,), 0 beyond."""
    ends = np.minimum(np.append(curve.time, max(tau, curve.time[-1])), tau)
    pieces = np.diff(np.concatenate([[0.0], ends])) * np.concatenate([[1.0], curve.survival])
    after = np.cumsum(pieces[::-1])[::-1]
    return float(after[0]), after[1:]


def mean_influence(subjects: Followed, tau: float) -> Floats:
    """Return what each subject (n,) adds to the restricted mean up to tau of its group."""
    curve = curve_of(subjects)
    return influence(subjects, curve, areas(curve, tau)[1])


def over_units(own: Floats, unit: Integers, part: Integers) -> tuple[float, float]:
    """Return variance and Welch's degrees of freedom of Σ own (n,) over independent units (n,), by part (n,).

    A part of m units adds m/(m − 1) Σ_g U_g², U_g their sums; NaN where a part has one unit.
    """
    pieces = []
    for each in np.unique(part).tolist():
        codes = np.unique(unit[part == each], return_inverse=True)[1]
        m = int(codes.max()) + 1
        if m < 2:
            return float("nan"), float("nan")
        pieces.append((float(np.sum(np.bincount(codes, weights=own[part == each]) ** 2)) * m / (m - 1), m))
    variance = sum(piece for piece, _ in pieces)
    bottom = sum(piece**2 / (m - 1) for piece, m in pieces)
    return variance, variance**2 / bottom if bottom > 0 else float("nan")


def influence(subjects: Followed, curve: Curve, after: Floats) -> Floats:
    """Return what each subject (n,) adds to the restricted mean: its derivative by the subject's weight.

    While at risk and spared a subject raises log S by d/(y (y − d)), when it dies it lowers it by 1/y; each change
    of log S at t moves the mean by the area from t to tau.
    """
    left = (curve.n_risk - curve.n_event).astype(np.float64)
    spared = after * np.where(left > 0, curve.n_event / (curve.n_risk * np.maximum(left, 1.0)), 0.0)
    place = np.searchsorted(curve.time, subjects.time)
    sums = np.append(0.0, np.cumsum(spared))
    total = sums[place + 1] - sums[np.searchsorted(curve.time, subjects.entry, side="right")]
    values: Floats = np.where(subjects.event, total - spared[place] - (after / curve.n_risk)[place], total)
    return values


def _state(parts: list[_Side], names: tuple[object, object], *, caged: bool) -> tuple[str, str]:
    """Return the status of a difference and the note."""
    for part, name in zip(parts, names, strict=True):
        if part.unknown:
            return "not_followed", part.unknown.format(name)
    if not any(part.events for part in parts):
        return "no_events", "nobody had the event before tau"
    if min(part.units for part in parts) < 2:
        return ("one_cage", "a group has one cage") if caged else ("too_few", "a group has one subject")
    if not sum(part.variance for part in parts) > 0:
        return "too_few", "the variance of the difference is 0"
    return "ok", ""


def _difference(
    parts: list[_Side],
    names: Texts,
    tau: float,
    status: str,
    note: str,
    level: float,
    variance: float,
    df: float,
) -> RmstFit:
    effect = parts[1].mean - parts[0].mean
    tested = by_t(effect, variance, df, level) if status == "ok" else UNTESTED
    means, ses = np.array([part.mean for part in parts]), np.sqrt([part.variance for part in parts])
    if status == "one_cage":
        ses = np.where([part.units > 1 for part in parts], ses, np.nan)
    n, events, units = (np.array([getattr(part, name) for part in parts]) for name in ("n", "events", "units"))
    return RmstFit(effect, *tested, tau, names, means, ses, n, events, units, status, note)


def by_t(effect: float, variance: float, df: float, level: float) -> Tested:
    """Return standard error, degrees of freedom, t, two-sided p and interval of an effect."""
    from scipy.special import stdtr, stdtrit

    se = variance**0.5
    t = effect / se
    half = float(stdtrit(df, (1 + level) / 2)) * se
    return se, df, t, float(2 * stdtr(df, -abs(t))), effect - half, effect + half
