"""When two groups part: the time as a parameter of the model, with a profile-likelihood interval."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from commensal.errors import StatisticsError
from commensal.stats._arrays import Floats, Integers, numbers, with_gaps
from commensal.stats._design import group_codes
from commensal.stats._frames import framed
from commensal.stats.course import independent, refuse_mixed_units
from commensal.stats.fits import columns_of, fill_names, tabulated, unnamed
from commensal.stats.hypotheses import mixed_contrasts
from commensal.stats.slopes import mixed_slope_contrasts

if TYPE_CHECKING:
    import pandas as pd

Texts = NDArray[np.object_]
#: Times tried between the first and the last age, and how far before the first the search goes (share of the range).
GRID, EARLIER = 81, 0.5
#: How long a difference may take to its full size, as shares of the range; the last goes on growing.
WIDTHS = (0.02, 0.08, 0.14, 0.2, 0.28, 0.38, 0.5, 0.7, 1.0, np.inf)
#: Knots of the free difference that the variances are estimated beside, and that a departure must describe as well.
KNOTS, FITTING = 4, 0.99


@dataclass(frozen=True, slots=True)
class DepartureFit:
    """When the groups part, for m features; missing is NaN, and `status` says why.

    Attributes
    ----------
    time, low, high : (m,)
        Estimate and ends of the interval, in units of the time given. A missing end beside an estimate is open: `low`,
        at or before the first age that was seen; `high`, at or after the last.
    size : (m,)
        The difference at the last age, diseased minus healthy, in units of y.
    statistic : (m,)
        Fall of the residual sum of squares by the departure, in units of the residual variance.
    status, note : (m,)
        ``ok``, ``not_identified`` (no departure is shown, or it may lie anywhere), or why the model has no fit.
    n_units : (m,)
        Units in which the feature has a value.
    """

    time: Floats
    low: Floats
    high: Floats
    size: Floats
    statistic: Floats
    status: Texts
    note: Texts
    n_units: Integers
    features: Texts = field(default_factory=unnamed)

    def __post_init__(self) -> None:
        """Give every feature a place for its name."""
        fill_names(self, self.time.shape)

    def __len__(self) -> int:
        """Return the number of features."""
        return len(self.time)

    def table(self) -> pd.DataFrame:
        """Return one row per feature."""
        return tabulated(columns_of(self), None)


@framed
def departure(
    y: ArrayLike,
    case: ArrayLike,
    time: ArrayLike,
    unit: Iterable[Hashable],
    fixed: ArrayLike,
    *,
    level: float = 0.95,
) -> DepartureFit:
    """Estimate for each column of y (n, m) the time at which diseased and healthy part; units (n,) being what varies.

    y = fixed columns + γ case · r((time − d) / w) + b₀ + b₁ time + e per unit, r(x) = 0 before 0, x from 0 to 1, and 1
    after: no difference until the departure d, then a ramp that takes the time w and stays (w infinite: grows on). The
    variances of b and e are taken from the model with a difference that is free at some knots (`mixed_slope`); given
    them d and w are by least squares over a grid. The interval holds each d whose residual sum of squares, the best w
    and γ chosen for it, exceeds the smallest by at most σ² F(level; 1, units − 2): a profile likelihood.

    Parameters
    ----------
    y : (n, m)
        Responses; NaN is missing.
    case : (n,)
        1 diseased, 0 healthy; constant within units.
    time : (n,)
        Age, or time relative to onset.
    unit : (n,)
        The unit of each sample (cage or animal). Samples of a unit at one time are averaged first.
    fixed : (n, q)
        Columns of the model beside the difference: the intercept, age, covariates.
    level
        Of the interval.

    Returns
    -------
    DepartureFit
        ``not_identified`` where no departure lowers the sum of squares by F(level; 1, units − 2) σ², where the interval
        is the whole range, and where a difference that is free at the knots fits better at 1 % (it comes and goes). A
        difference that was there from the first age has an open lower end and no estimate.

    Raises
    ------
    StatisticsError
        Arrays that do not fit together, one side only, fewer than three times of the diseased.

    References
    ----------
    Feder (1975) Annals of Statistics 3:49–83 on segmented regression; Hudson (1966) JASA 61:1097.

    Examples
    --------
    Mice that part at day 40:

    >>> import numpy as np
    >>> rng = np.random.default_rng(1)
    >>> mouse, day = np.repeat(np.arange(24), 8), np.tile(np.arange(0.0, 80, 10), 24)
    >>> case = mouse % 2
    >>> y = rng.normal(size=(192, 1)) * 0.5 + (case * np.maximum(day - 40, 0) / 10)[:, None]
    >>> fit = departure(y, case, day, mouse, np.column_stack([np.ones(192), day]))
    >>> fit.status[0], bool(fit.low[0] < 40 < fit.high[0]), bool(abs(fit.time[0] - 40) < 5)
    ('ok', True, True)
    """
    values = with_gaps(y, "y", dimensions=2)
    n, m = values.shape
    sick, age = (numbers(one, name, dimensions=1) for one, name in ((case, "case"), (time, "time")))
    columns = numbers(fixed, "fixed", dimensions=2)
    for name, given in (("case", sick), ("time", age), ("fixed", columns)):
        if len(given) != n:
            raise StatisticsError(f"{name} does not fit y", found=f"{len(given)} samples", expected=n)
    ill = sick > 0
    if ill.all() or not ill.any():
        raise StatisticsError("the label needs both sides", found=f"{int(ill.sum())} of {n} diseased", expected="both")
    if len(np.unique(age[ill])) < 3:
        raise StatisticsError(
            "a departure needs at least three times of the diseased",
            found=f"{len(np.unique(age[ill]))}",
            expected="3 or more",
        )
    codes = group_codes(unit, n, "unit")
    refuse_mixed_units(ill, codes)
    rows = _averaged(values, ill, age, codes, columns)
    with np.errstate(all="ignore"):
        return _searched(rows, level, m)


@dataclass(frozen=True, slots=True)
class _Rows:
    """Means of units at times: y and counts (n, m), the others (n,) or (n, q), sorted by unit."""

    y: Floats
    count: Floats
    case: Floats
    time: Floats
    unit: Integers
    fixed: Floats


def _averaged(values: Floats, sick: NDArray[np.bool_], age: Floats, unit: Integers, columns: Floats) -> _Rows:
    keys, place = np.unique(np.column_stack([unit, age]), axis=0, return_inverse=True)
    place = place.reshape(-1)
    seen = np.isfinite(values)
    total, count = np.zeros((len(keys), values.shape[1])), np.zeros((len(keys), values.shape[1]))
    np.add.at(total, place, np.where(seen, values, 0.0))
    np.add.at(count, place, seen)
    size = np.bincount(place).astype(float)
    means = np.zeros((len(keys), columns.shape[1] + 1))
    np.add.at(means, place, np.column_stack([columns, sick]))
    means /= size[:, None]
    mean = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    base = independent(means[:, :-1])
    return _Rows(mean, count, (means[:, -1] > 0.5).astype(float), keys[:, 1], keys[:, 0].astype(np.int64), base)


def _searched(rows: _Rows, level: float, m: int) -> DepartureFit:
    from scipy.special import fdtri

    shapes, times = _shapes(rows)
    variances = _variances(rows)
    out = {name: np.full(m, np.nan) for name in ("time", "low", "high", "size", "statistic")}
    status, note = variances.status.copy(), variances.note.copy()
    seen = np.isfinite(rows.y)
    units = np.zeros(m, dtype=np.int64)
    first = rows.time[rows.case > 0].min()
    for j in range(m):
        own = seen[:, j]
        units[j] = len(np.unique(rows.unit[own]))
        if status[j] not in ("ok", "boundary"):
            continue
        fall, size, free = _falls(rows, shapes, variances, own, j)
        best = np.nanmax(fall, axis=1)  # the best ramp for each time
        limit = float(fdtri(1, max(units[j] - 2, 1), level))
        at = int(best.argmax())
        inside = best >= best[at] - limit
        out["statistic"][j] = best[at]
        # the profile crosses the limit somewhere between two of the times: the outer one is taken
        held = np.flatnonzero(inside)
        low, high = times[max(held[0] - 1, 0)], times[min(held[-1] + 1, len(times) - 1)]
        if best[at] < limit or (low < first and held[-1] == len(times) - 1):
            status[j] = "not_identified"
            note[j] = "no departure is shown" if best[at] < limit else "it may lie anywhere in the range"
            continue
        spare = len(variances.knots) - 2
        if spare > 0 and (free - best[at]) / spare > float(fdtri(spare, max(units[j] - 2, 1), FITTING)):
            status[j], note[j] = "not_identified", "the difference does not begin once and stay"
            continue
        status[j], note[j] = "ok", ""
        out["time"][j] = times[at]
        out["size"][j] = size[at, int(np.nanargmax(fall[at]))]
        out["low"][j] = low if low >= first else np.nan
        out["high"][j] = max(high, first) if held[-1] < len(times) - 1 else np.nan
        if low < first:
            note[j] = "the lower end is open: they may differ from the first age on"
        if times[at] < first:
            out["time"][j], note[j] = np.nan, "they differ from the first age on"
    return DepartureFit(**out, status=status, note=note, n_units=units)


def _shapes(rows: _Rows) -> tuple[Floats, Floats]:
    """Return the ramps (n, times, widths) of every time tried, with height 1 at the last age, and the times."""
    own = rows.time[rows.case > 0]
    first, last = own.min(), own.max()
    span = last - first
    step = span / (GRID - 1)
    times = np.arange(first - EARLIER * span, last, step)
    since = np.maximum(rows.time[:, None] - times, 0.0)
    ramps = []
    for width in WIDTHS:
        full = np.minimum(span * width, last - times)
        ramps.append(np.minimum(since / full, np.inf if np.isinf(width) else 1.0))
    return np.stack(ramps, axis=2) * rows.case[:, None, None], times


@dataclass(frozen=True, slots=True)
class _Variances:
    """Of units' intercepts and slopes (in standardised time) and residual, (m,), with what was told of the fit."""

    intercept: Floats
    slope: Floats
    covariance: Floats
    residual: Floats
    status: Texts
    note: Texts
    scaled: Floats  #: (n,) standardised time
    knots: Floats
    hats: Floats  #: (n, knots) columns of the free difference


def _variances(rows: _Rows) -> _Variances:
    """Estimate variances beside a difference that is free at knots."""
    scaled = (rows.time - rows.time.mean()) / rows.time.std()
    own = rows.time[rows.case > 0]
    knots = np.unique(np.quantile(own, np.linspace(0, 1, min(KNOTS, len(np.unique(own))))))
    hats = np.column_stack([np.interp(rows.time, knots, row) for row in np.eye(len(knots))]) * rows.case[:, None]
    x = independent(np.column_stack([rows.fixed, hats]))
    contrast = np.zeros((1, x.shape[1]))
    contrast[0, -1] = 1
    weights = np.where(rows.count > 0, rows.count, 1.0)
    groups = rows.unit.tolist()
    sloped = mixed_slope_contrasts(rows.y, x, contrast, groups, scaled, weights=weights)[0]
    plain = mixed_contrasts(rows.y, x, contrast, groups, weights=weights)
    fine = np.isfinite(sloped.var_residual) & (sloped.var_residual > 0) & np.isin(sloped.status, ("ok", "boundary"))
    return _Variances(
        np.where(fine, sloped.var_intercept, np.nan_to_num(plain.var_group[0])),
        np.where(fine, sloped.var_slope, 0.0),
        np.where(fine, np.nan_to_num(sloped.covariance), 0.0),
        np.where(fine, sloped.var_residual, plain.var_residual[0]),
        np.where(fine, sloped.status, plain.status[0]).astype(object),
        np.where(fine, sloped.note, plain.note[0]).astype(object),
        scaled,
        knots,
        hats,
    )


def _falls(
    rows: _Rows, shapes: Floats, variances: _Variances, own: NDArray[np.bool_], j: int
) -> tuple[Floats, Floats, float]:
    """Return by how much each shape (times, widths) lowers the sum of squares, in σ², its height, and a free one."""
    everything = np.column_stack([rows.y[:, j], rows.fixed, variances.hats, shapes.reshape(len(shapes), -1)])[own]
    z = np.column_stack([np.ones(int(own.sum())), variances.scaled[own]])
    spread = np.array(
        [
            [variances.intercept[j], variances.covariance[j]],
            [variances.covariance[j], variances.slope[j]],
        ]
    )
    whole = np.empty_like(everything)
    unit, noise = rows.unit[own], variances.residual[j] / rows.count[own, j]
    starts = np.flatnonzero(np.r_[True, unit[1:] != unit[:-1]])
    for begin, end in zip(starts, np.r_[starts[1:], len(unit)], strict=True):
        inside = slice(int(begin), int(end))
        covariance = z[inside] @ spread @ z[inside].T
        covariance[np.diag_indices(end - begin)] += noise[inside]
        whole[inside] = np.linalg.solve(np.linalg.cholesky(covariance), everything[inside])
    q = rows.fixed.shape[1]
    basis, size, _ = np.linalg.svd(whole[:, 1 : q + 1], full_matrices=False)
    basis = basis[:, size > 1e-9 * size.max(initial=0.0)]
    rest = whole[:, :1] - basis @ (basis.T @ whole[:, :1])
    after = q + 1 + variances.hats.shape[1]
    hats, size, _ = np.linalg.svd(
        whole[:, q + 1 : after] - basis @ (basis.T @ whole[:, q + 1 : after]), full_matrices=False
    )
    free = float(((hats[:, size > 1e-7 * size.max(initial=0.0)].T @ rest) ** 2).sum())
    left = whole[:, after:] - basis @ (basis.T @ whole[:, after:])
    square = (left**2).sum(axis=0)
    along = (left * rest).sum(axis=0)
    able = square > 1e-8 * (whole[:, after:] ** 2).sum(axis=0)
    fall = np.where(able, along**2 / np.where(able, square, 1.0), 0.0)
    height = np.where(able, along / np.where(able, square, 1.0), np.nan)
    shape = shapes.shape[1:]
    return fall.reshape(shape), height.reshape(shape), free
