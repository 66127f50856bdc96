"""Depth and identity of a genome from the counts of its k-mers: a zero-inflated Poisson, on a grid of identities."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_GRID = np.concatenate([np.arange(0.80, 0.95, 0.002), np.arange(0.95, 0.99, 0.001), np.arange(0.99, 1.00001, 0.0002)])
_STEP = np.gradient(_GRID)
#: The prior probability that the reference genome is the very strain of the sample.
_SAME = 0.5
_ROUNDS = 60
#: Depth is uneven along a growing genome by a third; so many k-mers may lie beyond the bound by chance.
_UNEVEN, _BEYOND = 1.35, 0.1
#: Neighbouring k-mers lie in the same reads: counts vary this much more than independent ones
#: (set on simulated communities: docs/decisions/profiling.md).
CLUMPED = 1.4


@dataclass(frozen=True, slots=True)
class Tally:
    """A set of k-mers of a genome: ``size`` of them, ``hit`` seen at least once, ``total`` sightings."""

    size: int
    hit: int
    total: int


@dataclass(frozen=True, slots=True)
class Depth:
    """Depth and identity of one genome.

    ``depth`` is k-mer depth with its 95 % interval; ``ani`` is the identity of the sample's strain to the reference
    genome (0-1) with its interval; ``species`` is the posterior probability that it is at least 0.95.
    """

    depth: float
    depth_low: float
    depth_high: float
    ani: float
    ani_low: float
    ani_high: float
    species: float


def tally(counts: NDArray[np.int64]) -> Tally:
    """Count k-mers (n,), without those that are seen far too often or too seldom for one Poisson depth.

    K-mers above the median of those seen by more than a Poisson allows (p < 1e-7) are repeats or other species' and are
    left out; below it, at a median of 10 and more, they are taken for not seen: other organisms and errors make them.
    Where most k-mers are seen once, a handful of repeats would double the depth, so the bound is as low as their number
    allows (`_most_shallow`).
    """
    seen = counts[counts > 0]
    if not len(seen):
        return Tally(len(counts), 0, 0)
    middle = float(np.median(seen))
    # normal bounds on the square root scale: var(2 sqrt(x)) = 1 for a Poisson; growth makes real depth uneven by a
    # third
    spread = 5.2 / 2
    most = (np.sqrt(1.35 * middle) + spread) ** 2 + 1
    least = max(0.0, np.sqrt(middle / 1.5) - spread) ** 2 if middle >= 10 else 0.0
    if middle == 1:
        most = min(most, _most_shallow(seen))
    usual = seen[seen <= most]
    present = usual[usual >= least]
    return Tally(len(counts) - (len(seen) - len(usual)), len(present), int(present.sum()))


def _most_shallow(seen: NDArray[np.int64]) -> float:
    """Return the highest count that a Poisson of some unevenness explains, for k-mers mostly seen once.

    The depth of greatest likelihood of the counts up to a bound, times `_UNEVEN`, gives the least bound beyond which
    fewer than `_BEYOND` k-mers are expected; repeated until the bound falls no more.
    """
    most = int(seen.max())
    while True:
        usual = seen[seen <= most]
        mean = float(usual.mean())
        depth = max(mean - 1, 0.25 / len(usual)) * 2  # of a Poisson without zeros, to second order: 1 + d/2 + d²/12
        depth = _UNEVEN * depth / (1 + depth / 6)
        chance, beyond, bound = depth / np.expm1(depth), 1.0, 0
        while beyond * len(usual) >= _BEYOND:  # chance of a count above the bound, among those that are seen
            bound += 1
            beyond -= chance
            chance *= depth / (bound + 1)
        if bound >= most:
            return float(most)
        most = bound


def likelihood(counted: Tally, share: NDArray[np.float64], depth: NDArray[np.float64]) -> NDArray[np.float64]:
    """Log likelihood of a zero-inflated Poisson for shares of k-mers present and depths (they broadcast)."""
    absent = counted.size - counted.hit
    with np.errstate(divide="ignore", invalid="ignore"):
        unseen = absent * np.log1p(-share * -np.expm1(-depth)) if absent else 0.0
        seen = counted.hit * (np.log(share) - depth) + counted.total * np.log(depth) if counted.hit else 0.0
    return np.asarray(unseen + seen, dtype=np.float64)


def depth_given(counted: Tally, share: NDArray[np.float64]) -> NDArray[np.float64]:
    """Depth (n,) of greatest likelihood for each share of present k-mers (n,), by Newton's steps on its score."""
    absent = counted.size - counted.hit
    depth = np.maximum(counted.total / np.maximum(share * counted.size, counted.hit), 1e-9)
    for _ in range(_ROUNDS):
        gone = share * np.exp(-depth)
        weight = gone / np.maximum(1 - share + gone, 1e-300)
        new = counted.total / (counted.hit + absent * weight)
        slope = absent * weight * (1 - weight) * depth / (counted.hit + absent * weight)
        moved = depth + (new - depth) / np.maximum(1 - slope, 0.05)
        if np.max(np.abs(moved - depth) / depth) < 1e-7:
            return moved
        depth = np.maximum(moved, depth / 4)
    return depth


def fit(counted: Tally, k: int) -> Depth:
    """Estimate depth and identity.

    The counts of a genome's k-mers are Poisson(depth) in the share ``ani ** k`` that the sample's strain has in
    common with the genome, and 0 in the rest. The identity has a flat prior over 0.80-1, besides a prior of one half
    that the strain is the reference's own; depth is taken at its greatest likelihood for each identity.
    """
    if not counted.hit:
        return Depth(0.0, 0.0, 0.0, np.nan, np.nan, np.nan, 0.0)
    share = _GRID**k
    depth = depth_given(counted, share)
    loglik = likelihood(counted, share, depth) / CLUMPED
    weight = np.exp(loglik - loglik.max()) * _STEP
    flat = weight / weight.sum()
    mixed = (1 - _SAME) * flat * (weight.sum() / _STEP.sum())
    mixed[-1] += _SAME * np.exp(loglik[-1] - loglik.max())
    mixed /= mixed.sum()
    mean = float(mixed @ depth)
    # of depth given the identity: a share 1 / sqrt(sightings), where only k-mers that are there tell
    error = np.sqrt(CLUMPED) * mean / np.sqrt(max(counted.total, 1))
    spread = np.sqrt(float(mixed @ (depth - mean) ** 2) + error**2)
    cumulative = np.cumsum(mixed)
    species = float(mixed[_GRID >= 0.95 - 1e-9].sum())
    low, high = (float(_GRID[np.searchsorted(cumulative, at)]) for at in (0.025, 0.975 - 1e-12))
    return Depth(
        mean,
        max(0.0, mean - 1.96 * spread),
        mean + 1.96 * spread,
        float(mixed @ _GRID),
        low,
        high,
        species,
    )
