"""Strains of one species: one or several, and whether the reads can tell."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from commensal.reads.coverage import CLUMPED, Depth

#: How much better (log likelihood) one reading of the counts must be before it is believed.
BELIEVED = 6.0
#: Below this share of the species' depth another strain is called absent.
NEGLIGIBLE = 0.05
#: Depth (×) beyond which more says nothing new about which strains are there.
DEEPEST = 100.0
#: A strain holds its reference's own k-mers in one of these shares (0.995 ** 31 and more).
_OWN = np.array([0.855, 0.93, 1.0])
#: Sketches of genomes leave out k-mers that lie close together, so up to this share of the k-mers that seem to be the
#: other genome's alone are the nearest genome's too (measured: 3-17 % for pairs of one species).
_HIDDEN = np.array([0.0, 0.04, 0.08, 0.12, 0.16, 0.2])
#: Depth along a genome is uneven (growth, composition): a species' own depth, times these, with these weights.
_UNEVEN = ((np.array([1.0]), np.array([1.0])), (np.array([0.6, 1.0, 1.4]), np.array([0.25, 0.5, 0.25])))


@dataclass(frozen=True, slots=True)
class Strain:
    """What the reads say about a species' second nearest reference genome.

    ``status`` is ``ok`` (the other one is not there), ``coexisting`` (both are), ``not_resolvable`` (too shallow or too
    alike to tell), or ``one_reference``; ``depth`` is the other strain's most likely k-mer depth; ``at_most`` its upper
    limit as a share of the species' depth; ``ani_next`` the identity of the two references.
    """

    status: str
    ani_next: float = float("nan")
    depth: float = float("nan")
    at_most: float = float("nan")

    @property
    def coexists(self) -> bool:
        """Whether both strains are there."""
        return self.status == "coexisting"


def strain(counts: NDArray[np.int64], nearest: Depth, ani_next: float, *, seed: int = 1) -> Strain:
    """Judge whether another reference strain is there beside the nearest one.

    Only the k-mers that the other genome has and the nearest has not are looked at (``counts`` (n,)). If both strains
    are there, these are (nearly) all present, at the other strain's own lower depth. If the sample has one strain
    that is neither, some of them are present, all at the depth of the whole species. The reading whose log likelihood
    is higher by `BELIEVED` is taken. The other strain is absent (``ok``) where one strain explains the counts better
    or its upper limit is below `NEGLIGIBLE`, and otherwise ``not_resolvable``.

    Parameters
    ----------
    counts
        Counts of the k-mers that only the other genome has.
    nearest
        Depth of the nearest genome.
    ani_next
        Identity of the two genomes.
    seed
        Seed of the thinning of counts deeper than `DEEPEST`: each sighting is kept with the same chance, which leaves
        Poisson counts Poisson.
    """
    if len(counts) < 20 or nearest.depth <= 0:
        return Strain("not_resolvable", ani_next)
    if nearest.depth > DEEPEST:
        kept = DEEPEST / nearest.depth
        thinned = np.random.default_rng(seed).binomial(counts, kept)
        less = replace(nearest, depth=DEEPEST, depth_low=nearest.depth_low * kept, depth_high=nearest.depth_high * kept)
        seen = strain(thinned, less, ani_next)
        return replace(seen, depth=seen.depth / kept)
    depth = nearest.depth
    cap = int(4 * depth + 20)
    tally = np.bincount(np.minimum(counts, cap), minlength=cap + 1).astype(np.float64)
    grid = depth * np.concatenate([[1e-4, 1e-3], np.geomspace(0.005, 0.95, 80)])
    two = _two(tally / CLUMPED, depth, grid)
    both, one = float(two.max()), _one(tally / CLUMPED, nearest)
    other = float(grid[two.argmax()])
    at_most = float(grid[two >= both - 2].max() / depth)
    if both - one > BELIEVED and other > 0.004 * depth:
        return Strain("coexisting", ani_next, other, at_most)
    if at_most < NEGLIGIBLE or one - both > BELIEVED:
        return Strain("ok", ani_next, 0.0, at_most)
    return Strain("not_resolvable", ani_next, other, at_most)


def _two(tally: NDArray[np.float64], depth: float, grid: NDArray[np.float64]) -> NDArray[np.float64]:
    """Log likelihood (g,) of two strains for each depth of the other one, best over what else is not known."""
    own = _poisson(grid, len(tally))
    own = _OWN[:, None, None] * own
    own[:, :, 0] += 1 - _OWN[:, None]
    shared = _poisson(depth + grid, len(tally))
    mixed = _HIDDEN[:, None, None, None] * shared + (1 - _HIDDEN[:, None, None, None]) * own
    return np.asarray((np.log(np.maximum(mixed, 1e-12)) @ tally).max(axis=(0, 1)), dtype=np.float64)


def _one(tally: NDArray[np.float64], nearest: Depth) -> float:
    """Log likelihood of one strain that has some of the other genome's k-mers at the species' depth."""
    present = np.linspace(0.0, 1.0, 401)[:, None]
    best = -np.inf
    for depth in np.linspace(max(nearest.depth_low, nearest.depth / 2), max(nearest.depth_high, nearest.depth), 5):
        for times, weights in _UNEVEN:
            mixed = present * (weights @ _poisson(depth * times, len(tally)))
            mixed[:, 0] += 1 - present[:, 0]
            best = max(best, float((np.log(np.maximum(mixed, 1e-12)) @ tally).max()))
    return best


def _poisson(depths: NDArray[np.float64], size: int) -> NDArray[np.float64]:
    """Poisson probabilities (d, size) of 0, 1 … for each depth."""
    counts = np.arange(size)
    factorial = np.concatenate([[0.0], np.cumsum(np.log(counts[1:]))])
    return np.asarray(np.exp(np.log(depths)[:, None] * counts - depths[:, None] - factorial), dtype=np.float64)
