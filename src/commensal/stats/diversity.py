"""Diversity within a sample: expected richness at even depth and Shannon entropy."""

from __future__ import annotations

from math import ceil

import numpy as np
from numpy.typing import ArrayLike

from commensal.errors import StatisticsError
from commensal.stats._arrays import Floats, abundances, numbers, whole_numbers


def even_depth(totals: ArrayLike, keep: float = 0.95) -> float:
    """Return the largest depth that at least a share ``keep`` of the samples reach, from their totals (n,).

    The ⌈keep × n⌉-th largest total. Samples without a single read are not counted: no depth keeps them.

    Raises
    ------
    StatisticsError
        Negative or missing totals, no sample with a read, ``keep`` outside (0, 1].

    Examples
    --------
    >>> even_depth([100, 900, 800, 700], keep=0.75)
    700.0
    """
    if not 0 < keep <= 1:
        raise StatisticsError("the share of samples to keep is out of range", found=keep, expected="0 < keep ≤ 1")
    reads = numbers(totals, "the totals", dimensions=1, negative=False)
    reads = np.sort(reads[reads > 0])[::-1]
    if reads.size == 0:
        raise StatisticsError("no sample has a read", expected="at least one total above 0")
    # 0.95 × 20 is 19.000000000000004 in floating point, and means 19.
    kept = ceil(keep * reads.size - 1e-9)
    return float(reads[max(kept, 1) - 1])


def rarefied_richness(counts: ArrayLike, depth: float) -> Floats:
    """Return the number of species expected among ``depth`` reads of each sample, counts (n, m) → (n,).

    Hurlbert's expectation over all subsamples without replacement: S = Σᵢ 1 − C(N − Nᵢ, depth) / C(N, depth). It is
    what repeated random rarefaction converges to, without its noise and without a seed. NaN where the sample has
    fewer than ``depth`` reads (``too_shallow``).

    Raises
    ------
    StatisticsError
        Counts that are negative, missing or not whole; a depth that is not a whole number of 1 or more.

    References
    ----------
    Hurlbert (1971) Ecology 52:577–586. R: ``vegan::rarefy``.

    Examples
    --------
    Two reads of (2, 1, 1): the same species with chance 1/6.

    >>> rarefied_richness([[2, 1, 1], [1, 0, 0]], 2).round(6).tolist()
    [1.833333, nan]
    """
    table = whole_numbers(counts, "the counts")
    richness: Floats = seen_among(table, table.sum(axis=1), depth).sum(axis=1)
    return richness


def seen_among(counts: Floats, total: Floats, depth: float) -> Floats:
    """Return the chance that each entry is among ``depth`` of ``total`` reads, counts (n, m), total (n,) → (n, m).

    1 − C(N − Nᵢ, depth) / C(N, depth), by logarithms of the gamma function. NaN rows where ``total < depth``.

    Raises
    ------
    StatisticsError
        A depth that is not a whole number of 1 or more.
    """
    from scipy.special import gammaln

    if not np.isfinite(depth) or depth < 1 or depth != int(depth):
        raise StatisticsError("the even depth is not a number of reads", found=depth, expected="a whole number ≥ 1")
    chance = np.full(counts.shape, np.nan)
    deep = total >= depth
    others = total[deep, None] - counts[deep]
    reached = others >= depth
    left = np.where(reached, others, depth)
    log_all = gammaln(total[deep] + 1) - gammaln(total[deep] - depth + 1)
    log_none = gammaln(left + 1) - gammaln(left - depth + 1)
    missed = np.where(reached, np.exp(np.minimum(log_none - log_all[:, None], 0.0)), 0.0)
    # What is absent is missed surely; say so exactly, whatever rounding made of it.
    chance[deep] = np.where(counts[deep] > 0, 1.0 - missed, 0.0)
    return chance


def shannon(counts: ArrayLike) -> Floats:
    """Return Shannon's entropy in nats of each sample, abundances (n, m) → (n,).

    H = −Σᵢ pᵢ ln pᵢ with pᵢ the share of feature i; counts and relative abundances give the same. NaN for a sample
    without anything in it.

    Raises
    ------
    StatisticsError
        Negative or missing values.

    References
    ----------
    R: ``vegan::diversity(x, "shannon")``.

    Examples
    --------
    >>> shannon([[5, 5], [7, 0]]).round(6).tolist()
    [0.693147, 0.0]
    """
    table = abundances(counts, "the abundances")
    total = table.sum(axis=1, keepdims=True)
    share = np.divide(table, total, out=np.zeros_like(table), where=total > 0)
    logs = np.log(share, out=np.zeros_like(share), where=share > 0)
    entropy: Floats = np.where(total[:, 0] > 0, -(share * logs).sum(axis=1), np.nan)
    return np.where(entropy == 0, 0.0, entropy)
