"""Counts: the negative binomial or Poisson model with a random intercept."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from commensal.errors import StatisticsError
from commensal.stats._design import group_codes, numbers
from commensal.stats._frames import framed
from commensal.stats._pair_families import FLATTEST, Known, negative_binomial, poisson
from commensal.stats._pair_fit import Outcome, OutcomeFit, fit_contrasts
from commensal.stats._pair_marginal import Pairs
from commensal.stats.fits import Array, Counts, Mask

FAMILIES = ("negative binomial", "poisson")


@framed
def count_mixed(
    y: ArrayLike,
    x: ArrayLike,
    contrast: ArrayLike,
    groups: Iterable[Hashable] | None = None,
    *,
    family: str = "negative binomial",
    points: int = 15,
    level: float = 0.95,
) -> OutcomeFit:
    """Count model of y (n, m) on x (n, k) with a random intercept per group (n,), contrast (k,).

    y ~ negative binomial of mean μ and variance μ + μ²/θ, or Poisson; log μ = Xβ + σ u_group, u ~ N(0, 1); by maximum
    likelihood, the integral over u by adaptive Gauss–Hermite quadrature. Where counts spread no more than Poisson's, θ
    grows without end and the Poisson model stands in for its limit (the note says so).

    Parameters
    ----------
    y : (n, m)
        Whole numbers from 0 on; NaN is missing.
    x : (n, k)
        Columns of the model, with an intercept column if one is wanted; complete.
    contrast : (k,)
        Weights of the coefficients: the effect is c'β, the natural logarithm of a ratio of means.
    groups : (n,), optional
        The block of each row: any hashable labels, none missing. None: no random intercept.
    family
        ``"negative binomial"`` or ``"poisson"``.
    points
        Nodes of the quadrature.
    level
        Of the confidence interval.

    Returns
    -------
    OutcomeFit, m features
        p, degrees of freedom and statuses as of `cumulative_link_mixed`. `spread` is θ, infinite for Poisson. Also
        ``all_zero``; ``separated`` where one side has zeros only.

    Raises
    ------
    StatisticsError
        As `cumulative_link_mixed`; counts that are negative or not whole; another family.

    References
    ----------
    Lawless 1987, Can J Stat 15:209; Liu and Pierce 1994, Biometrika 81:624. In R: ``lme4::glmer.nb``,
    ``lme4::glmer(family = poisson, nAGQ = 25)``, without groups ``MASS::glm.nb``.

    Examples
    --------
    >>> import numpy as np
    >>> y = np.array([3, 5, 2, 8, 4, 6, 1, 0, 2, 3, 0, 1, 12, 9, 4, 7, 2, 1, 0, 3])
    >>> x = np.column_stack([np.ones(20), np.tile([0, 0, 0, 1, 1], 4)])
    >>> fit = count_mixed(y[:, None], x, [0, 1], np.repeat(np.arange(4), 5))
    >>> print(fit.effect[0].round(3), fit.sd_group[0].round(3), fit.p[0].round(3), fit.status[0])
    0.213 0.0 0.615 boundary
    """
    return _fits(y, x, np.asarray(contrast)[None], groups, family, points, level)[0]


@framed
def count_contrasts(
    y: ArrayLike,
    x: ArrayLike,
    contrasts: ArrayLike,
    groups: Iterable[Hashable] | None = None,
    *,
    family: str = "negative binomial",
    points: int = 15,
    level: float = 0.95,
) -> tuple[OutcomeFit, ...]:
    """Fit `count_mixed` once for several contrasts (c, k) of y (n, m) on x (n, k), groups (n,).

    Parameters
    ----------
    y, x, groups, family, points, level
        As for `count_mixed`.
    contrasts : (c, k)
        One contrast per row.

    Returns
    -------
    tuple of c OutcomeFit
        Nothing is corrected for their number.

    Raises
    ------
    StatisticsError
        As `count_mixed`.

    Examples
    --------
    >>> import numpy as np
    >>> arm = np.repeat(np.eye(3), 4, axis=0)
    >>> y = np.array([9, 8, 12, 3, 6, 7, 1, 8, 3, 1, 0, 2.0])
    >>> one, two = count_contrasts(y[:, None], arm, [[-1, 1, 0], [-1, 0, 1]], family="poisson")
    >>> print(one.effect[0].round(3), two.effect[0].round(3))
    -0.375 -1.674
    """
    return _fits(y, x, contrasts, groups, family, points, level)


def _fits(
    y: ArrayLike,
    x: ArrayLike,
    contrasts: ArrayLike,
    groups: Iterable[Hashable] | None,
    family: str,
    points: int,
    level: float,
) -> tuple[OutcomeFit, ...]:
    counts = numbers(y, "y", 2)
    if family not in FAMILIES:
        raise StatisticsError("no such family", found=repr(family), expected=" or ".join(FAMILIES))
    wrong = ~np.isnan(counts) & ((counts < 0) | (counts != np.round(counts)))
    if wrong.any():
        place = tuple(int(i) for i in np.argwhere(wrong)[0])
        raise StatisticsError(
            f"y holds {counts[place]} at {list(place)}", expected="whole numbers from 0 on, or NaN for missing"
        )
    labels = None if groups is None else list(groups)
    codes = np.arange(len(counts)) if labels is None else group_codes(labels, len(counts))
    fits: list[tuple[OutcomeFit, ...]] = []
    for negative in (True, False):
        if negative and family == "poisson":
            continue

        def outcome(rows: Counts, some: Counts, negative: bool = negative) -> Outcome:
            return _outcome(counts[np.ix_(rows, some)], codes[rows], negative)

        with np.errstate(all="ignore"):
            fits.append(fit_contrasts(counts, x, contrasts, labels, outcome, points, level))
        if negative and not _flat(fits[0][0]).any():
            break
    if len(fits) == 1:
        return fits[0]
    return tuple(_merged(own, other, _flat(fits[0][0])) for own, other in zip(*fits, strict=True))


def _flat(fit: OutcomeFit) -> Mask:
    """Where θ has run off: no more spread than Poisson's."""
    return np.asarray((fit.spread > np.exp(FLATTEST - 4)) | (fit.status == "not_converged"))


def _merged(own: OutcomeFit, other: OutcomeFit, where: Mask) -> OutcomeFit:
    """Take the Poisson model's answer where the counts spread no more than that."""
    lost = own.status == "not_converged"
    where = where & (~lost | (other.status != "not_converged"))
    columns = {}
    for name in OutcomeFit.__dataclass_fields__:
        columns[name] = np.where(where, getattr(other, name), getattr(own, name))
    said = where & np.isin(columns["status"], ("ok", "boundary"))
    told = np.array([f"{one}; " if one else "" for one in columns["note"]], dtype=object)
    columns["note"] = np.where(said, told + "no more spread than Poisson's", columns["note"]).astype(object)
    return replace(own, **columns)


def _outcome(y: Array, codes: Counts, negative: bool) -> Outcome:
    n, m = y.shape
    mask = (~np.isnan(y)).T
    filled = np.where(mask, np.nan_to_num(y.T), 0.0)
    empty = (filled.sum(axis=1) == 0) & mask.any(axis=1)
    fault = np.where(empty, "all_zero", "ok").astype(object)
    note = np.where(empty, "all 0", "").astype(object)
    starts = np.flatnonzero(np.r_[True, codes[1:] != codes[:-1]])

    def build(columns: Array, free: Mask) -> tuple[Pairs, Array]:
        k = columns.shape[1]
        a, b = np.zeros((2, m, n, 1 + k))
        a[:, :, 1:] = columns
        b[:, :, 0] = 1.0
        none = np.zeros((m, n, 1), bool)
        kept = np.column_stack([np.full(m, negative), free])
        family = negative_binomial if negative else poisson
        known = Known(none, none, none, filled[:, :, None])
        pairs = Pairs(family, a, b, known, mask.astype(float), np.zeros(m), kept, (1.0, 0.0), codes, starts)
        return pairs, _start(filled, mask, columns, free, negative)

    def size(xi: Array) -> Array:
        return np.exp(xi[:, 0]) if negative else np.full(len(xi), np.inf)

    return Outcome(y, 1, build, fault, note, False, np.ones(m), size, False, np.zeros(m))


def _start(y: Array, mask: Mask, columns: Array, free: Mask, negative: bool) -> Array:
    """Least squares of log(y + ½), and θ by moments."""
    m, k = free.shape
    start = np.zeros((m, 1 + k))
    for j in range(m):
        rows, own = mask[j], free[j]
        if not rows.any() or not own.any():
            continue
        start[j, 1:][own] = np.linalg.lstsq(columns[rows][:, own], np.log(y[j, rows] + 0.5), rcond=None)[0]
        if negative:
            mu = np.exp(columns[rows] @ start[j, 1:])
            over = float(np.mean(((y[j, rows] - mu) ** 2 - mu) / mu**2))
            start[j, 0] = np.log(1 / np.clip(over, 0.05, 20.0))
    return start
