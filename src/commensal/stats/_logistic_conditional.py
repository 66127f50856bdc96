"""Conditional likelihood of matched strata: the chance of the observed 1s given how many a stratum has.

In a stratum with predictors η_i and d ones, L = exp(Σ y_i η_i) / B(d), B(d) the sum of exp(Σ_{i∈S} η_i) over all sets
S of d samples. L does not change when a constant is added to η; it is added so that Σ p_i = d, p_i = 1/(1 + e^−η_i);
then L = Π p^y (1 − p)^(1 − y) / P(d), P the distribution of the number of ones (Poisson binomial). Its recursion adds
one sample at a time, sums of positive terms that neither overflow nor cancel; carried along are the first two moments
of Σ y_i x_i, which give score and information exactly (Gail, Lubin and Rubinstein 1981 use the recursion for B).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from commensal.stats._logistic_fit import SETTLED, STRIDE, Found, Point, inverted
from commensal.stats.fits import Array, Counts, Mask

#: Rounds of the search, and of the shift of a stratum's predictors.
ROUNDS, ROUNDS_SHIFT = 60, 40
#: Numbers in the array of second moments of one batch of strata.
BATCH = 4_000_000


@dataclass(frozen=True, slots=True)
class Strata:
    """Strata that tell something, of one size class, each of one feature (P pairs of feature and stratum).

    Attributes
    ----------
    feature : (P,)
    x : (S, k, P)
        Columns, centred within the stratum; 0 where it has fewer than S samples.
    y, there : (S, P)
        Outcomes, and where there is a sample.
    ones : (P,)
        Number of 1s, at most half: outcomes and columns are turned round in the other strata.
    """

    feature: Counts
    x: Array
    y: Array
    there: Mask
    ones: Counts


def telling(y: Array, codes: Counts) -> tuple[Array, Array, Mask]:
    """Return samples, 1s, and whether both outcomes occur, by stratum and feature, (G, m) each."""
    n_groups = int(codes.max()) + 1
    present = ~np.isnan(y)
    sizes, ones = np.zeros((2, n_groups, y.shape[1]))
    np.add.at(sizes, codes, present)
    np.add.at(ones, codes, np.where(present, y, 0.0))
    return sizes, ones, (ones > 0) & (ones < sizes)


def batches(y: Array, x: Array, codes: Counts) -> Iterator[Strata]:
    """Put the strata that tell into batches of similar size."""
    sizes, _, speak = telling(y, codes)
    strata, features = np.nonzero(speak)
    size = sizes[strata, features].astype(np.int64)
    classes = _size_class(size)
    order = np.argsort(codes, kind="stable")
    starts = np.searchsorted(codes[order], np.arange(len(sizes) + 1))
    rows = [order[starts[g] : starts[g + 1]] for g in range(len(sizes))]
    k = x.shape[1]
    for wide in np.unique(classes):
        chosen = np.flatnonzero(classes == wide)
        step = max(1, BATCH // (int(wide // 2 + 1) * k * k))
        for at in range(0, len(chosen), step):
            which = chosen[at : at + step]
            yield _packed(y, x, rows, strata[which], features[which], int(wide))


def _size_class(size: Counts) -> Counts:
    """Sizes rounded up to 2, 3, 4, 6, 8, 12, 16, …: few batches, little padding."""
    steps = np.unique(np.concatenate([2 ** np.arange(1, 40), 3 * 2 ** np.arange(39)]))
    steps = steps[steps >= 2]
    return np.asarray(steps[np.searchsorted(steps, size)])


def _packed(y: Array, x: Array, rows: list[Counts], strata: Counts, features: Counts, wide: int) -> Strata:
    k, count = x.shape[1], len(strata)
    packed = np.zeros((wide, k, count))
    outcome, there = np.zeros((wide, count)), np.zeros((wide, count), bool)
    for p, (g, f) in enumerate(zip(strata.tolist(), features.tolist(), strict=True)):
        here = rows[g][~np.isnan(y[rows[g], f])]
        values = x[here]
        packed[: len(here), :, p] = values - values.mean(axis=0)
        outcome[: len(here), p] = y[here, f]
        there[: len(here), p] = True
    ones = outcome.sum(axis=0)
    turn = ones > there.sum(axis=0) / 2
    outcome[:, turn] = there[:, turn] - outcome[:, turn]
    packed[:, :, turn] *= -1
    return Strata(features, packed, outcome, there, outcome.sum(axis=0).astype(np.int64))


def conditional_point(parts: list[Strata], beta: Array, free: Mask) -> Point:
    """Log-likelihood, score and inverse information at beta (k, m) of all strata together."""
    k, m = beta.shape
    loglik, score, information = np.zeros(m), np.zeros((k, m)), np.zeros((m, k, k))
    for part in parts:
        value, first, second = _stratum(part, beta[:, part.feature])
        np.add.at(loglik, part.feature, value)
        np.add.at(score.T, part.feature, first.T)
        np.add.at(information, part.feature, second)
    inverse, _ = inverted(information, free.T)
    return Point(loglik, score * free, inverse)


def _stratum(part: Strata, beta: Array) -> tuple[Array, Array, Array]:
    """Log-likelihood (P,), score (k, P) and information (P, k, k) of each stratum at beta (k, P)."""
    wide, k, count = part.x.shape
    eta = np.einsum("skp,kp->sp", part.x, beta)
    eta += _shift(eta, part.there, part.ones)
    p = np.where(part.there, 1 / (1 + np.exp(-eta)), 0.0)
    q = np.where(part.there, 1 / (1 + np.exp(eta)), 1.0)
    most = int(part.ones.max())
    chance = np.zeros((most + 1, count))
    chance[0] = 1.0
    first, second = np.zeros((most + 1, k, count)), np.zeros((most + 1, k, k, count))
    for s in range(wide):
        x, up, stay = part.x[s], p[s], q[s]
        outer = x[:, None] * x[None]
        cross = x[None, :, None] * first[:-1, None]
        gain = second[:-1] + cross + cross.swapaxes(1, 2) + outer * chance[:-1, None, None]
        second *= stay
        second[1:] += up * gain
        lower = first[:-1].copy()
        first *= stay
        first[1:] += up * (lower + x * chance[:-1, None])
        lower_chance = chance[:-1].copy()
        chance *= stay
        chance[1:] += up * lower_chance
    at = np.arange(count)
    total = chance[part.ones, at]
    mean = first[part.ones, :, at] / total[:, None]
    spread = second[part.ones, :, :, at] / total[:, None, None] - mean[:, :, None] * mean[:, None, :]
    observed = np.where(part.y > 0, p, q)
    loglik = np.log(np.where(part.there, observed, 1.0)).sum(axis=0) - np.log(total)
    return loglik, np.einsum("sp,skp->kp", part.y, part.x) - mean.T, spread


def _shift(eta: Array, there: Mask, ones: Counts) -> Array:
    """Find what to add to a stratum's predictors so that Σ p = its number of 1s, (P,): Newton inside a bracket."""
    low = -np.where(there, eta, -np.inf).max(axis=0) - np.log(there.sum(axis=0)) - 1
    high = -np.where(there, eta, np.inf).min(axis=0) + np.log(there.sum(axis=0)) + 1
    shift = (low + high) / 2
    for _ in range(ROUNDS_SHIFT):
        p = np.where(there, 1 / (1 + np.exp(-eta - shift)), 0.0)
        gap = p.sum(axis=0) - ones
        low, high = np.where(gap < 0, shift, low), np.where(gap < 0, high, shift)
        step = shift - gap / (p * (1 - p)).sum(axis=0)
        shift = np.where((step > low) & (step < high), step, (low + high) / 2)
        if np.abs(gap).max(initial=0.0) < 1e-3:
            break
    return np.asarray(shift)


def conditional_search(parts: list[Strata], beta: Array, free: Mask) -> Found:
    """Newton's method from beta (k, m), steps halved until the likelihood rises."""
    reach = _reach(parts, beta.shape[1])
    point = conditional_point(parts, beta, free)
    beta, step = beta.copy(), _step(point, reach)
    share, settled = np.ones(beta.shape[1]), np.zeros(beta.shape[1], bool)
    open_ = ~settled
    for _ in range(ROUNDS):
        small = open_ & ~(np.abs(step * reach).max(axis=0, initial=0.0) > SETTLED)
        settled |= small & np.isfinite(step).all(axis=0)
        beta = np.where(small & settled, beta + step, beta)
        open_ &= ~small
        if not open_.any():
            break
        trial = np.where(open_, beta + share * step, beta)
        new = conditional_point(parts, trial, free)
        slack = 1e-12 * (1 + np.abs(point.loglik))
        won = open_ & ((new.loglik >= point.loglik - slack) | (share < 1e-6))
        share = np.where(won, 1.0, np.where(open_, share / 2, share))
        beta = np.where(won, trial, beta)
        point.loglik[won], point.score[:, won] = new.loglik[won], new.score[:, won]
        point.inverse[won] = new.inverse[won]
        step = np.where(won, _step(point, reach), step)
    return Found(beta, step, settled, point)


def _reach(parts: list[Strata], m: int) -> Array:
    """Largest size of each column within the strata that tell, (k, m)."""
    k = parts[0].x.shape[1] if parts else 1
    largest = np.zeros((m, k))
    for part in parts:
        np.maximum.at(largest, part.feature, np.abs(part.x).max(axis=0).T)
    return largest.T


def _step(point: Point, reach: Array) -> Array:
    step = np.einsum("mij,jm->im", point.inverse, point.score)
    length = np.abs(step * reach).sum(axis=0)
    return np.asarray(step * np.minimum(1.0, STRIDE / np.maximum(length, 1e-300)))
