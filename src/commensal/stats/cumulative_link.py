"""Ordered scores: the proportional-odds model with a random intercept."""

from __future__ import annotations

from collections.abc import Hashable, Iterable

import numpy as np
from numpy.typing import ArrayLike

from commensal.errors import StatisticsError
from commensal.stats._design import group_codes, numbers
from commensal.stats._frames import framed
from commensal.stats._pair_families import Known, logistic_interval
from commensal.stats._pair_fit import Outcome, OutcomeFit, fit_contrasts
from commensal.stats._pair_marginal import Pairs
from commensal.stats.fits import Array, Counts, Mask

#: More categories than this are no score: a linear model serves better.
MOST = 40


@framed
def cumulative_link_mixed(
    y: ArrayLike,
    x: ArrayLike,
    contrast: ArrayLike,
    groups: Iterable[Hashable] | None = None,
    *,
    points: int = 15,
    level: float = 0.95,
) -> OutcomeFit:
    """Proportional-odds model of scores y (n, m) on x (n, k), a random intercept per group (n,), contrast (k,).

    log(P(y ≤ j) / P(y > j)) = θ_j − Xβ − σ u_group, u ~ N(0, 1), θ_1 < θ_2 < … one cut point between any two scores
    that occur, by maximum likelihood; the integral over u is taken by adaptive Gauss–Hermite quadrature. Only the
    order of the scores counts, not their distances.

    Parameters
    ----------
    y : (n, m)
        Scores, any numbers (at most 40 different ones); NaN is missing.
    x : (n, k)
        Columns of the model; complete. The cut points are its intercept: a constant column is left out.
    contrast : (k,)
        Weights of the coefficients: the effect is c'β, the log odds ratio of a higher score per unit of the contrast.
    groups : (n,), optional
        The block of each row: any hashable labels, none missing. None: no random intercept.
    points
        Nodes of the quadrature.
    level
        Of the confidence interval.

    Returns
    -------
    OutcomeFit, m features
        p is that of the signed root of the likelihood ratio against Student's t. Its degrees of freedom are groups −
        rank of the columns that are constant within groups, where every column that the contrast weighs is; else
        samples − groups − rank of the columns inside groups; samples − rank without groups. `p_wald` and `p_lrt` are
        what R prints, and too small where the contrast is constant within few groups.

        Statuses with p: ``ok``; ``boundary``, σ = 0 is best, or there is no random intercept to be had. Statuses
        without p: ``constant`` (one score only), ``too_few``, ``rank_deficient``, ``separated`` (one side lies wholly
        above the other: the estimate would be infinite), ``one_cage`` (effect and se are kept), ``not_converged``.

    Raises
    ------
    StatisticsError
        Arrays that do not fit together; infinite values; missing groups; more than 40 scores; a contrast of the
        intercept; points that are not a whole number from 5 to 100.

    References
    ----------
    McCullagh 1980, J R Stat Soc B 42:109; Liu and Pierce 1994, Biometrika 81:624. In R: ``ordinal::clmm(nAGQ = 10)``,
    without groups ``ordinal::clm`` or ``MASS::polr``.

    Examples
    --------
    Clinical scores of mice in eight cages, four of them treated:

    >>> import numpy as np
    >>> treated = np.repeat([0, 1], 16)
    >>> x = np.column_stack([np.ones(32), treated])
    >>> y = np.array([3, 2, 3, 4, 1, 2, 3, 3, 2, 2, 4, 3, 3, 4, 4, 2, 1, 1, 2, 0, 2, 1, 1, 2, 0, 1, 0, 1, 3, 2, 2, 1])
    >>> fit = cumulative_link_mixed(y[:, None], x, [0, 1], np.repeat(np.arange(8), 4))
    >>> print(fit.effect[0].round(2), fit.sd_group[0].round(2), fit.df[0], fit.p[0].round(4), fit.status[0])
    -3.42 0.52 6.0 0.0197 ok
    """
    return _fits(y, x, np.asarray(contrast)[None], groups, points, level)[0]


@framed
def cumulative_link_contrasts(
    y: ArrayLike,
    x: ArrayLike,
    contrasts: ArrayLike,
    groups: Iterable[Hashable] | None = None,
    *,
    points: int = 15,
    level: float = 0.95,
) -> tuple[OutcomeFit, ...]:
    """Fit `cumulative_link_mixed` once for several contrasts (c, k) of y (n, m) on x (n, k), groups (n,).

    Parameters
    ----------
    y, x, groups, points, level
        As for `cumulative_link_mixed`.
    contrasts : (c, k)
        One contrast per row.

    Returns
    -------
    tuple of c OutcomeFit
        Nothing is corrected for their number.

    Raises
    ------
    StatisticsError
        As `cumulative_link_mixed`.

    Examples
    --------
    >>> import numpy as np
    >>> arm = np.repeat(np.eye(3), 6, axis=0)
    >>> y = np.array([0, 1, 1, 2, 0, 1, 1, 2, 2, 3, 2, 1, 3, 2, 3, 3, 2, 3.0])
    >>> one, two = cumulative_link_contrasts(y[:, None], arm, [[-1, 1, 0], [-1, 0, 1]])
    >>> print(one.effect[0].round(2), two.effect[0].round(2))
    2.72 5.34
    """
    return _fits(y, x, contrasts, groups, points, level)


def _fits(
    y: ArrayLike,
    x: ArrayLike,
    contrasts: ArrayLike,
    groups: Iterable[Hashable] | None,
    points: int,
    level: float,
) -> tuple[OutcomeFit, ...]:
    scores = numbers(y, "y", 2)
    if np.isinf(scores).any():
        raise StatisticsError("y holds infinite values", expected="scores, or NaN for missing")
    columns, weights = numbers(x, "x", 2), numbers(contrasts, "contrasts", 2)
    if np.isfinite(columns).all() and len(columns) and columns.shape[1] == weights.shape[1]:
        constant = (np.ptp(columns, axis=0) == 0) & (columns[0] != 0)
        if (weights[:, constant] != 0).any():
            raise StatisticsError(
                "a contrast weighs the intercept",
                found=weights[:, constant].max(),
                expected="0: scores have no zero; their cut points are the intercept",
            )
    labels = None if groups is None else list(groups)
    codes = np.arange(len(scores)) if labels is None else group_codes(labels, len(scores))

    def outcome(rows: Counts, some: Counts) -> Outcome:
        return _outcome(scores[np.ix_(rows, some)], codes[rows])

    with np.errstate(all="ignore"):
        return fit_contrasts(scores, columns, weights, labels, outcome, points, level)


def _outcome(y: Array, codes: Counts) -> Outcome:
    n, m = y.shape
    ranks, cuts = np.zeros((n, m), np.int64), np.zeros(m, np.int64)
    for j in range(m):
        present = ~np.isnan(y[:, j])
        found, ranks[present, j] = np.unique(y[present, j], return_inverse=True)
        cuts[j] = len(found) - 1
    if cuts.max(initial=0) >= MOST:
        raise StatisticsError(
            "too many different scores", found=int(cuts.max()) + 1, expected=f"{MOST} or fewer", mend="use mixed"
        )
    extra = max(int(cuts.max(initial=0)), 1)
    fault = np.where(cuts < 1, "constant", "ok").astype(object)
    note = np.where(cuts < 1, "one score only", "").astype(object)
    mask = (~np.isnan(y)).T
    starts = np.flatnonzero(np.r_[True, codes[1:] != codes[:-1]])

    def build(columns: Array, free: Mask) -> tuple[Pairs, Array]:
        at = ranks.T
        ladder = np.eye(extra + 1)[:, :extra]
        upper, lower = (at < cuts[:, None]) & mask, (at > 0) & mask
        a, b = np.zeros((2, m, n, extra + columns.shape[1]))
        a[:, :, :extra], b[:, :, :extra] = ladder[at], ladder[np.maximum(at - 1, 0)]
        a[:, :, extra:] = b[:, :, extra:] = -columns
        a *= upper[:, :, None]
        b *= lower[:, :, None]
        none = np.zeros((m, n, 1), bool)
        known = Known(upper[:, :, None], lower[:, :, None], none, np.zeros((m, n, 1)))
        kept = np.column_stack([np.arange(extra) < cuts[:, None], free])
        pairs = Pairs(
            logistic_interval, a, b, known, mask.astype(float), np.zeros(m), kept, (-1.0, -1.0), codes, starts
        )
        return pairs, _start(at, mask, extra, columns.shape[1])

    nothing = np.full(m, np.nan)
    return Outcome(y, extra, build, fault, note, False, np.ones(m), lambda _: nothing, True, np.zeros(m))


def _start(ranks: Counts, mask: Mask, extra: int, k: int) -> Array:
    """Cut points of the scores' own shares, β = 0."""
    count = mask.sum(axis=1)
    share = np.stack([((ranks <= j) & mask).sum(axis=1) for j in range(extra)], axis=1)
    share = (share + 0.5) / (count[:, None] + 1.0) + 1e-6 * np.arange(extra)
    return np.column_stack([np.log(share / np.maximum(1 - share, 1e-9)), np.zeros((len(ranks), k))])
