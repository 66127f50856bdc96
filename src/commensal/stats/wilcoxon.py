"""Wilcoxon's rank sum test of every feature, stratified by blocks: van Elteren's test."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from commensal.stats._arrays import TIE
from commensal.stats._asked import Table, asked
from commensal.stats.differential_fit import OVERALL, WITHIN, FeatureTests, family_q
from commensal.stats.fits import Array, Counts
from commensal.stats.permutation import permutations

#: Up to so many distinct arrangements of the label p is exact; beyond, the normal approximation.
EXACT = 20_000


def wilcoxon_blocks(
    values: Table,
    label: ArrayLike,
    *,
    value: str = "counts",
    reference: object = None,
    block: ArrayLike | None = None,
) -> FeatureTests:
    """Compare ranks of shares or values (n, m) within blocks (van Elteren), or without blocks (Wilcoxon, Mann-Whitney).

    T = Σ over blocks of the cases' mid-ranks within the block / (block size + 1); Z = (T − E T) / √Var T with the
    moments of all arrangements of the label within blocks. p is exact where the label has at most 20,000 arrangements
    within blocks, else the normal approximation's. Zeros are the lowest rank. Nothing is taken off for composition, and
    there are no covariates.

    Parameters
    ----------
    values, label, value, reference, block
        As in :func:`differential`.

    Returns
    -------
    FeatureTests, m features
        Model ``wilcoxon``; the effect is the chance that a case is above a control of its block (ties half) minus ½.
        Status ``too_few``: in no block both sides have a value; ``constant``: all ranks are tied. `n_permutations` is
        0 where p is approximate.

    Raises
    ------
    StatisticsError
        As :func:`differential`.

    References
    ----------
    van Elteren (1960) Bull. Inst. Internat. Statist. 37:351. In R: ``coin::independence_test`` with ranks within
    blocks over block size + 1.

    Examples
    --------
    Two households, each with the patient lowest of three: 1 of 9 arrangements, and one as extreme on the other side.

    >>> values, case, home = [[1.0], [2], [3], [11], [12], [13]], [1, 0, 0] * 2, [1] * 3 + [2] * 3
    >>> fit = wilcoxon_blocks(values, case, value="intensity", block=home)
    >>> print(fit.p.round(4), fit.effect)
    [0.2222] [-0.5]
    """
    found = asked(
        values, label, value=value, reference=reference, zero="absent", block=block, covariates=None, load=None
    )
    amount = np.where(found.present == 0, -np.inf, found.log2) if found.present is not None else found.log2
    n, m = amount.shape
    blocks = np.zeros(n, np.int64) if found.block is None else found.block
    scores, index, both = _scores(amount, found.label, blocks)
    mean, variance, total = _moments(scores, found.label, blocks)
    status = np.full(m, "ok", object)
    status[variance <= 1e-12] = "constant"
    status[both == 0] = "too_few"
    tested = status == "ok"
    z = np.where(tested, (total - mean) / np.sqrt(np.where(tested, variance, 1.0)), np.nan)
    p, count = _p(scores, z, mean, total, found.label, None if found.block is None else blocks)
    nothing = np.full(m, np.nan)
    tests = FeatureTests(
        model="wilcoxon",
        term=OVERALL if found.block is None else WITHIN,
        unit="chance above a control, minus a half",
        test="van Elteren" if found.block is not None else "Wilcoxon",
        effect=np.where(tested, index, np.nan),
        se=nothing,
        df=nothing,
        statistic=z,
        p=np.where(tested, p, np.nan),
        q=nothing,
        low=nothing,
        high=nothing,
        status=status,
        note=np.full(m, "", object),
        n=(~np.isnan(amount)).sum(axis=0),
        n_case=(~np.isnan(amount[found.label == 1])).sum(axis=0),
        n_blocks=both if found.block is not None else np.zeros(m, np.int64),
        n_permutations=np.where(tested, count, 0),
        direction=np.sign(np.nan_to_num(z)).astype(np.int64),
    )
    return replace(tests, q=family_q([tests], "features, wilcoxon")[0])


def _scores(amount: Array, label: Array, blocks: Counts) -> tuple[Array, Array, Counts]:
    """Return mid-ranks within blocks over size + 1 (n, m), 0 where missing; the stratified chance; blocks that tell."""
    from scipy.stats import rankdata

    scores, above, pairs = np.zeros(amount.shape), np.zeros(amount.shape[1]), np.zeros(amount.shape[1])
    both = np.zeros(amount.shape[1], np.int64)
    for code in np.unique(blocks):
        inside = blocks == code
        own = amount[inside]
        ranks = rankdata(own, axis=0, nan_policy="omit")
        seen = np.isfinite(ranks) & ~np.isnan(own)
        size = seen.sum(axis=0)
        case = seen & (label[inside] == 1)[:, None]
        n_case = case.sum(axis=0)
        sums = np.where(case, ranks, 0.0).sum(axis=0)
        above += sums - n_case * (n_case + 1) / 2
        pairs += n_case * (size - n_case)
        both += (n_case > 0) & (n_case < size)
        scores[inside] = np.where(seen, ranks / (size + 1), 0.0)
    return scores, above / np.maximum(pairs, 1) - 0.5, both


def _moments(scores: Array, label: Array, blocks: Counts) -> tuple[Array, Array, Array]:
    """Return expectation and variance of T over the arrangements within blocks, and T itself, (m,).

    Features with missing samples: theirs are arrangements among the samples where they are measured.
    """
    mean, variance, total = (np.zeros(scores.shape[1]) for _ in range(3))
    for code in np.unique(blocks):
        inside = blocks == code
        own, case = scores[inside], label[inside] == 1
        seen = own > 0
        size, n_case = seen.sum(axis=0), seen[case].sum(axis=0)
        average = own.sum(axis=0) / np.maximum(size, 1)
        spread = np.where(seen, (own - average) ** 2, 0.0).sum(axis=0)
        mean += n_case * average
        variance += n_case * (size - n_case) / np.maximum(size * (size - 1), 1) * spread
        total += own[case].sum(axis=0)
    return mean, variance, total


def _p(scores: Array, z: Array, mean: Array, total: Array, label: Array, blocks: Counts | None) -> tuple[Array, Counts]:
    """Two-sided p: exact for complete features where arrangements are few, else normal; and how many there were."""
    from scipy.special import ndtr

    p = np.asarray(2 * ndtr(-np.abs(z)))
    count = np.zeros(len(p), np.int64)
    scheme = None if blocks is None else "within blocks"
    made = permutations(label, block=blocks, scheme=scheme, n=EXACT)
    complete = np.flatnonzero((scores > 0).all(axis=0) & np.isfinite(z))
    if made.exact and made.n_distinct > 1 and complete.size:
        away = np.abs(made.labels @ scores[:, complete] - mean[complete])
        observed = np.abs(total - mean)[complete]
        p[complete] = (away >= observed * (1 - TIE) - 1e-12).mean(axis=0)
        count[complete] = len(made.labels)
    return p, count
