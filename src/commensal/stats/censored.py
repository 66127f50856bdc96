"""Values known in part, beyond a ceiling or below a limit: the censored normal model with a random intercept."""

from __future__ import annotations

from collections.abc import Hashable, Iterable

import numpy as np
from numpy.typing import ArrayLike

from commensal.errors import StatisticsError
from commensal.stats._design import group_codes, numbers
from commensal.stats._frames import framed
from commensal.stats._pair_families import Known, normal_interval
from commensal.stats._pair_fit import Outcome, OutcomeFit, fit_contrasts
from commensal.stats._pair_marginal import Pairs
from commensal.stats.fits import Array, Counts, Mask


@framed
def censored_mixed(
    y: ArrayLike,
    x: ArrayLike,
    contrast: ArrayLike,
    groups: Iterable[Hashable] | None = None,
    *,
    left: ArrayLike | None = None,
    right: ArrayLike | None = None,
    upper: ArrayLike | None = None,
    points: int = 15,
    level: float = 0.95,
) -> OutcomeFit:
    """Censored normal model of y (n, m) on x (n, k) with a random intercept per group (n,), contrast (k,).

    y* = Xβ + b_group + e, b ~ N(0, σ²_group), e ~ N(0, σ²), of which a value y is known, or that y* is below it
    (`left`), above it (`right`) or between y and `upper`; by maximum likelihood, the integral over b by adaptive
    Gauss–Hermite quadrature. Latencies that end at a ceiling, concentrations below a detection limit, times known as
    an interval (as logarithms).

    Parameters
    ----------
    y : (n, m)
        Values, or the limits where they are censored; NaN is missing.
    x : (n, k)
        Columns of the model, with an intercept column if one is wanted; complete.
    contrast : (k,)
        Weights of the coefficients: the effect is c'β, in units of y per unit of the contrast, of the latent values.
    groups : (n,), optional
        The block of each row: any hashable labels, none missing. None: no random intercept.
    left, right : (n, m) booleans, optional
        Where the value is y or less, or y or more.
    upper : (n, m), optional
        Where finite and above y: the value lies between y and this. NaN elsewhere.
    points
        Nodes of the quadrature.
    level
        Of the confidence interval.

    Returns
    -------
    OutcomeFit, m features
        Degrees of freedom and statuses as of `cumulative_link_mixed`; p is that of t = √(ν (e^(r²/N) − 1)), r the
        signed root of the likelihood ratio, N the units compared and ν what the columns leave of them: the t test
        where nothing is censored, and what is closest to it where something is. Inside groups r itself serves. se is of
        maximum likelihood, as R prints it; the interval takes √(N/ν) of it. `spread` is σ. Also ``too_few`` where
        fewer than 2 values are not censored; ``separated`` where all of one side lie beyond a limit that nothing of
        the other reaches.

    Raises
    ------
    StatisticsError
        Arrays that do not fit together; infinite values; a value censored on both sides; an `upper` below y; missing
        groups; points that are not a whole number from 5 to 100.

    References
    ----------
    Tobin 1958, Econometrica 26:24; Olsen 1978, Econometrica 46:1211 (the likelihood is concave in 1/σ and β/σ);
    Hughes 1999, Biometrics 55:625. In R, without groups: ``survival::survreg(dist = "gaussian")``.

    Examples
    --------
    Rotarod latencies with a ceiling of 300 s:

    >>> import numpy as np
    >>> y = np.array([300, 300, 280, 300, 250, 300, 180, 210, 240, 150, 300, 200.0])
    >>> x = np.column_stack([np.ones(12), np.repeat([0, 1], 6)])
    >>> fit = censored_mixed(y[:, None], x, [0, 1], right=(y >= 300)[:, None])
    >>> print(fit.effect[0].round(1), fit.se[0].round(1), fit.p[0].round(3), fit.spread[0].round(1))
    -106.0 35.8 0.016 53.5
    """
    return _fits(y, x, np.asarray(contrast)[None], groups, (left, right, upper), points, level)[0]


@framed
def censored_contrasts(
    y: ArrayLike,
    x: ArrayLike,
    contrasts: ArrayLike,
    groups: Iterable[Hashable] | None = None,
    *,
    left: ArrayLike | None = None,
    right: ArrayLike | None = None,
    upper: ArrayLike | None = None,
    points: int = 15,
    level: float = 0.95,
) -> tuple[OutcomeFit, ...]:
    """Fit `censored_mixed` once for several contrasts (c, k) of y (n, m) on x (n, k), groups (n,).

    Parameters
    ----------
    y, x, groups, left, right, upper, points, level
        As for `censored_mixed`.
    contrasts : (c, k)
        One contrast per row.

    Returns
    -------
    tuple of c OutcomeFit
        Nothing is corrected for their number.

    Raises
    ------
    StatisticsError
        As `censored_mixed`.

    Examples
    --------
    >>> import numpy as np
    >>> arm = np.repeat(np.eye(3), 4, axis=0)
    >>> y = np.array([9, 8, 10, 10, 6, 7, 10, 8, 3, 5, 4, 6.0])
    >>> one, two = censored_contrasts(y[:, None], arm, [[-1, 1, 0], [-1, 0, 1]], right=(y >= 10)[:, None])
    >>> print(one.effect[0].round(2), two.effect[0].round(2))
    -1.89 -5.31
    """
    return _fits(y, x, contrasts, groups, (left, right, upper), points, level)


def _fits(
    y: ArrayLike,
    x: ArrayLike,
    contrasts: ArrayLike,
    groups: Iterable[Hashable] | None,
    limits: tuple[ArrayLike | None, ArrayLike | None, ArrayLike | None],
    points: int,
    level: float,
) -> tuple[OutcomeFit, ...]:
    values = numbers(y, "y", 2)
    left, right = (_flags(one, name, values) for one, name in zip(limits[:2], ("left", "right"), strict=True))
    upper = _upper(limits[2], values)
    _refuse(values, left, right, upper)
    labels = None if groups is None else list(groups)
    codes = np.arange(len(values)) if labels is None else group_codes(labels, len(values))

    def outcome(rows: Counts, some: Counts) -> Outcome:
        at = np.ix_(rows, some)
        return _outcome(values[at], left[at], right[at], upper[at], codes[rows])

    with np.errstate(all="ignore"):
        return fit_contrasts(values, x, contrasts, labels, outcome, points, level)


def _flags(given: ArrayLike | None, name: str, values: Array) -> Mask:
    if given is None:
        return np.zeros(values.shape, bool)
    flags = np.asarray(given)
    if flags.shape != values.shape or not (flags.dtype == bool or np.isin(flags, (0, 1)).all()):
        found = f"{flags.shape} {flags.dtype}"
        raise StatisticsError(f"{name} and y do not fit", found=found, expected=f"{values.shape} booleans")
    return np.asarray(flags.astype(bool))


def _upper(given: ArrayLike | None, values: Array) -> Array:
    if given is None:
        return np.full(values.shape, np.nan)
    upper = numbers(given, "upper", 2)
    if upper.shape != values.shape:
        raise StatisticsError("upper and y do not fit", found=upper.shape, expected=values.shape)
    return upper


def _refuse(values: Array, left: Mask, right: Mask, upper: Array) -> None:
    present = ~np.isnan(values)
    faults = (
        (np.isinf(values) | np.isinf(upper), "an infinite value", "a finite limit: say left or right of what"),
        (present & left & right, "a value censored on both sides", "left, right or neither"),
        (present & ~np.isnan(upper) & (left | right), "an interval that is censored too", "one of them"),
        (present & (upper < values), "an interval whose upper end is below y", "upper above y"),
    )
    for wrong, what, expected in faults:
        if wrong.any():
            place = tuple(int(i) for i in np.argwhere(wrong)[0])
            raise StatisticsError(f"{what} at {list(place)}", found=values[place], expected=expected)


def _outcome(y: Array, left: Mask, right: Mask, upper: Array, codes: Counts) -> Outcome:
    n, m = y.shape
    present = ~np.isnan(y)
    between = present & (upper > y)
    exact = present & ~left & ~right & ~between
    middle = np.where(between, (y + np.where(between, upper, 0.0)) / 2, y)
    count, filled = np.maximum(present.sum(axis=0), 1), np.where(present, middle, 0.0)
    with np.errstate(all="ignore"):
        centre = filled.sum(axis=0) / count
        size = np.sqrt((np.where(present, filled - centre, 0.0) ** 2).sum(axis=0) / count)
    flat = ~(size > 1e-12 * np.abs(filled).max(axis=0, initial=0.0))
    size = np.where(flat | ~np.isfinite(size), 1.0, size)
    known = (exact | between).sum(axis=0)
    fault, note = np.full(m, "ok", object), np.full(m, "", object)
    for where, name, words in (
        (known < 2, "too_few", "fewer than 2 values that are not censored"),
        (flat & ~(known < 2), "constant", "y does not vary"),
    ):
        fault[where], note[where] = name, words
    at_limit = (present & ~exact & ~between).sum(axis=0)
    note = np.where((fault == "ok") & (at_limit > 0), [f"{int(one)} values censored" for one in at_limit], note)
    low, high = (y / size).T, (np.where(between, upper, y) / size).T
    mask, starts = present.T, np.flatnonzero(np.r_[True, codes[1:] != codes[:-1]])

    def build(columns: Array, free: Mask) -> tuple[Pairs, Array]:
        top = (left | between | exact).T & mask
        bottom = (right | between).T & mask
        a, b = np.zeros((2, m, n, 1 + columns.shape[1]))
        a[:, :, 0], b[:, :, 0] = np.where(mask, high, 0.0), np.where(mask, low, 0.0)
        a[:, :, 1:] = b[:, :, 1:] = -columns
        a *= top[:, :, None]
        b *= bottom[:, :, None]
        known_ = Known(top[:, :, None], bottom[:, :, None], (exact.T & mask)[:, :, None], np.zeros((m, n, 1)))
        kept = np.column_stack([np.ones(m, bool), free])
        pairs = Pairs(
            normal_interval, a, b, known_, mask.astype(float), exact.sum(axis=0).astype(float), kept, (-1.0, -1.0),
            codes, starts,
        )  # fmt: skip
        return pairs, _start(np.where(present, middle / size, np.nan).T, columns, free)

    shift = -exact.sum(axis=0) * np.log(size)
    return Outcome(y, 1, build, fault, note.astype(object), True, size, lambda xi: size / xi[:, 0], False, shift)


def _start(y: Array, columns: Array, free: Mask) -> Array:
    """Least squares of the values as they stand: 1/σ and β/σ."""
    m, k = free.shape
    start = np.zeros((m, 1 + k))
    start[:, 0] = 1.0
    for j in range(m):
        rows, own = ~np.isnan(y[j]), free[j]
        beta = np.linalg.lstsq(columns[rows][:, own], y[j, rows], rcond=None)[0] if own.any() and rows.any() else []
        left = y[j, rows] - columns[rows][:, own] @ np.asarray(beta, dtype=float)
        sigma = np.sqrt(np.mean(left**2)) if rows.any() else 1.0
        start[j, 0] = 1 / max(float(sigma), 0.05)
        start[j, 1:][own] = np.asarray(beta, dtype=float) * start[j, 0]
    return start
