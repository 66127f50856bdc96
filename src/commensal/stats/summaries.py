"""What one subject's values over time come to: its slope, its area, and when it crossed a threshold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from commensal.errors import StatisticsError
from commensal.stats._design import numbers
from commensal.stats.fits import Array, Counts, Texts

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class SubjectSummary:
    """One number of each subject; missing is NaN, and `note` says why.

    Attributes
    ----------
    value : (s,)
        The slope, in units of the values per unit of time, or the area.
    precision : (s,)
        Σ (t − t̄)² of the subject's times for a slope, 1 for an area: a value's variance about the subject's own line
        goes with its inverse.
    n : (s,)
        Values that it was made of.
    spread : float
        Pooled variance of the values about the subjects' lines; NaN for areas, or where nothing is left over.
    note : (s,)
        Why there is none, else "".
    """

    value: Array
    precision: Array
    n: Counts
    spread: float
    note: Texts

    def __len__(self) -> int:
        """Return the number of subjects."""
        return len(self.value)

    def table(self) -> pd.DataFrame:
        """Return a DataFrame with one row per subject."""
        import pandas as pd

        return pd.DataFrame({name: getattr(self, name) for name in ("value", "precision", "n", "note")})


@dataclass(frozen=True, slots=True)
class Crossings:
    """When each subject first crossed a threshold: an interval.

    Attributes
    ----------
    earliest, latest : (s,)
        It crossed after `earliest` and no later than `latest`. −∞ where the first value was across already; `latest` is
        ∞ where no value ever was: censored at `earliest`, the last time. Both NaN without any value.
    note : (s,)
        Why there is none, else "".
    """

    earliest: Array
    latest: Array
    note: Texts

    def __len__(self) -> int:
        """Return the number of subjects."""
        return len(self.earliest)

    def table(self) -> pd.DataFrame:
        """Return a DataFrame with one row per subject."""
        import pandas as pd

        return pd.DataFrame({name: getattr(self, name) for name in self.__slots__})


def subject_slopes(values: ArrayLike, times: ArrayLike) -> SubjectSummary:
    """Least-squares slope of each subject's values (s, t) on the times (t,).

    Parameters
    ----------
    values : (s, t)
        Value of each subject at each time; NaN is missing.
    times : (t,)
        The times.

    Returns
    -------
    SubjectSummary
        Subjects with fewer than two values have none.

    Raises
    ------
    StatisticsError
        Times that do not fit or are missing.

    References
    ----------
    Matthews, Altman, Campbell and Royston 1990, BMJ 300:230 (analysis by summary measures).

    Examples
    --------
    >>> found = subject_slopes([[1, 3, 5], [2, float("nan"), 2.5], [7, float("nan"), float("nan")]], [0, 1, 2])
    >>> found.value.tolist(), found.precision.tolist(), found.note[2]
    ([2.0, 0.25, nan], [2.0, 2.0, 0.0], 'measured at fewer than two times')
    """
    y, t = _given(values, times)
    known = ~np.isnan(y)
    n = known.sum(axis=1).astype(np.int64)
    many = np.maximum(n, 1)
    off = np.where(known, t - ((known * t).sum(axis=1) / many)[:, None], 0.0)
    gap = np.where(known, y - (np.where(known, y, 0.0).sum(axis=1) / many)[:, None], 0.0)
    square = (off**2).sum(axis=1)
    some = (n >= 2) & (square > 0)
    slope = np.where(some, (off * gap).sum(axis=1) / np.where(some, square, 1.0), np.nan)
    left = ((gap - np.where(some, slope, 0.0)[:, None] * off) ** 2)[some].sum()
    freedom = int((n[some] - 2).sum())
    note = np.where(some, "", "measured at fewer than two times").astype(object)
    return SubjectSummary(slope, np.where(some, square, 0.0), n, left / freedom if freedom > 0 else np.nan, note)


def subject_areas(values: ArrayLike, times: ArrayLike, start: float, end: float) -> SubjectSummary:
    """Area under each subject's values (s, t) over the times (t,), from start to end, by trapezoids.

    Parameters
    ----------
    values : (s, t)
        Value of each subject at each time; NaN is missing.
    times : (t,)
        The times.
    start, end
        The window, the same for all. Values between times are on straight lines; nothing is continued beyond a
        subject's first or last value.

    Returns
    -------
    SubjectSummary
        In units of the values × time. Subjects who were not followed over the whole window have none.

    Raises
    ------
    StatisticsError
        Times that do not fit or are missing; an empty window.

    References
    ----------
    Matthews, Altman, Campbell and Royston 1990, BMJ 300:230.

    Examples
    --------
    >>> found = subject_areas([[1, 3, 5], [2, float("nan"), 4], [7, 7, float("nan")]], [0, 1, 2], 0, 2)
    >>> found.value.tolist(), found.note[2]
    ([6.0, 6.0, nan], 'last measured at 1')
    """
    y, t = _given(values, times)
    if not end > start:
        raise StatisticsError("the window is empty", found=f"{start} to {end}", expected="an end after the start")
    order = np.argsort(t, kind="stable")
    y, t = y[:, order], t[order]
    known = ~np.isnan(y)
    area, note = np.full(len(y), np.nan), np.full(len(y), "", object)
    for i, row in enumerate(known):
        if not row.any():
            note[i] = "never measured"
            continue
        own, value = t[row], y[i, row]
        if own[0] > start:
            note[i] = f"first measured at {own[0]:g}"
        elif own[-1] < end:
            note[i] = f"last measured at {own[-1]:g}"
        else:
            inside = (own > start) & (own < end)
            grid = np.r_[start, own[inside], end]
            area[i] = np.trapezoid(np.interp(grid, own, value), grid)
    return SubjectSummary(area, np.ones(len(y)), known.sum(axis=1).astype(np.int64), float("nan"), note)


def crossings(values: ArrayLike, times: ArrayLike, threshold: ArrayLike, *, below: bool = True) -> Crossings:
    """Find when each subject's values (s, t) over the times (t,) first fell below a threshold, as an interval.

    Parameters
    ----------
    values : (s, t)
        Value of each subject at each time; NaN is missing.
    times : (t,)
        The times.
    threshold : number or (s,)
        One for all, or one of each subject, such as 80 % of its first value.
    below
        Crossing is a value below the threshold; False: a value above it.

    Returns
    -------
    Crossings
        The first value across is what counts, also if later ones are not.

    Raises
    ------
    StatisticsError
        Times that do not fit or are missing; thresholds that do not fit.

    References
    ----------
    Interval censoring: Turnbull 1976, J R Stat Soc B 38:290.

    Examples
    --------
    >>> found = crossings([[9, 8, 4], [9, float("nan"), 9], [3, 3, 3]], [0, 7, 14], 5)
    >>> found.earliest.tolist(), found.latest.tolist()
    ([7.0, 14.0, -inf], [14.0, inf, 0.0])
    """
    y, t = _given(values, times)
    limits = np.asarray(threshold, dtype=float)
    if limits.shape not in ((), (len(y),)):
        raise StatisticsError("threshold and values do not fit", found=limits.shape, expected=f"one, or ({len(y)},)")
    limit = np.broadcast_to(limits, len(y))
    order = np.argsort(t, kind="stable")
    y, t = y[:, order], t[order]
    earliest, latest = np.full((2, len(y)), np.nan)
    note = np.full(len(y), "", object)
    for i, row in enumerate(y):
        known = ~np.isnan(row)
        if not known.any() or np.isnan(limit[i]):
            note[i] = "never measured" if not known.any() else "no threshold: its baseline is missing"
            continue
        own, across = t[known], (row[known] < limit[i]) if below else (row[known] > limit[i])
        first = int(across.argmax()) if across.any() else len(own)
        earliest[i] = own[first - 1] if first else -np.inf
        latest[i] = own[first] if first < len(own) else np.inf
    return Crossings(earliest, latest, note)


def slope_weights(slopes: SubjectSummary, x: ArrayLike) -> Array:
    """Weights (s,) of subjects' slopes in a comparison on x (s, k): 1 / (variance between subjects + that of a slope).

    Parameters
    ----------
    slopes
        What `subject_slopes` gave.
    x : (s, k)
        Columns of the comparison that is to come; complete.

    Returns
    -------
    (s,) array
        With mean 1, all 1 where subjects were measured at the same times; 1 where there is no slope. The variance
        between subjects, τ², is what the squared residuals of the slopes on x are larger than their own error makes
        them, 0 at least; a single slope's error has variance spread / Σ (t − t̄)².

    References
    ----------
    DerSimonian and Laird 1986, Control Clin Trials 7:177 (the same estimate of τ²).

    Examples
    --------
    >>> slopes = subject_slopes([[1, 3, 5.5], [2, 4, float("nan")], [3, 5, 6], [1, 1, 2]], [0, 1, 2])
    >>> slope_weights(slopes, [[1.0]] * 4).round(2).tolist()
    [1.07, 0.8, 1.07, 1.07]
    """
    columns = numbers(x, "x", 2)
    some = np.isfinite(slopes.value)
    weights = np.ones(len(some))
    if some.sum() <= columns.shape[1] or not np.isfinite(slopes.spread):
        return weights
    own = slopes.spread / slopes.precision[some]
    basis, _ = np.linalg.qr(columns[some])
    left = 1 - (basis**2).sum(axis=1)
    residual = slopes.value[some] - basis @ (basis.T @ slopes.value[some])
    between = max(0.0, (float(residual @ residual) - float(left @ own)) / max(float(left.sum()), 1e-12))
    total = between + own
    if (total > 0).all() and np.ptp(total) > 1e-12 * total.max():
        weights[some] = (1 / total) / (1 / total).mean()
    return weights


def _given(values: ArrayLike, times: ArrayLike) -> tuple[Array, Array]:
    y, t = numbers(values, "values", 2), numbers(times, "times", 1)
    if np.isinf(y).any():
        raise StatisticsError("values hold an infinite number", expected="finite numbers, or NaN for missing")
    if t.shape != y.shape[1:] or not np.isfinite(t).all():
        raise StatisticsError("times and values do not fit", found=f"{t.size} times", expected=f"{y.shape[1]} numbers")
    return y, t
