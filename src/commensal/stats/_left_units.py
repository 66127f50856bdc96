"""Cages and the like: how far the scores of whole units scatter beyond what their rows would."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from commensal.stats.fits import Array, Counts, Mask

#: Information of a unit, in values known, below which it tells nothing.
FAINT = 0.05


@dataclass(frozen=True, slots=True, eq=False)
class Units:
    """Units of the samples.

    Attributes
    ----------
    codes : (n,)
        Each sample's unit.
    constant : (k,)
        Columns of the model that do not vary within units.
    sets : (G,)
        Units alike in these columns (an arm's cages) have the same number.
    rank
        Of these columns, over units.
    """

    codes: Counts
    constant: Mask
    sets: Counts
    rank: int

    @classmethod
    def of(cls, codes: Counts, x: Array) -> Units:
        """Look at the columns x (n, k) within units."""
        count = int(codes.max()) + 1
        first = np.array([int(np.flatnonzero(codes == g)[0]) for g in range(count)])
        size = np.maximum(np.abs(x).max(axis=0), 1e-300)
        constant = (np.abs(x - x[first][codes]) <= 1e-10 * size).all(axis=0)
        between = x[first][:, constant]
        if not between.shape[1]:
            return cls(codes, constant, np.zeros(count, np.int64), 1)
        _, sets = np.unique(between, axis=0, return_inverse=True)
        return cls(codes, constant, sets.ravel(), int(np.linalg.matrix_rank(between / size[constant])))

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self.sets)

    def sums(self, values: Array) -> Array:
        """Sum (n, m) over units, (G, m)."""
        one = np.zeros((self.count, len(self.codes)))
        one[self.codes, np.arange(len(self.codes))] = 1.0
        return np.asarray(one @ values)


@dataclass(frozen=True, slots=True, eq=False)
class Scatter:
    """Σ S² / I over units, its degrees of freedom, units with a value and units − groups; (m,) each."""

    total: Array
    df: Array
    present: Counts
    room: Counts


def scatter(units: Units, score: Array, weight: Array, known: Mask, present: Mask) -> Scatter:
    """Sum up scores and information (n, m) of rows by units; `known` are not censored.

    Degrees of freedom: in each set of units alike, the number of equal ones that would tell as much, (Σ w)² / Σ w²,
    the mean of that by information and that by values known: a cage wholly below the limit tells little of how far
    cages differ, and its score cannot scatter. Sets without a value known count for nothing.
    """
    s, info, seen, there = (units.sums(np.where(present, one, 0.0)) for one in (score, weight, known, present))
    sets = np.zeros((int(units.sets.max()) + 1, units.count))
    sets[units.sets, np.arange(units.count)] = 1.0
    alive = sets @ seen > 0
    useful = (info > FAINT) & (sets.T @ alive > 0)
    total = np.where(useful, s**2 / np.maximum(info, FAINT), 0.0).sum(axis=0)
    apart = len(sets) - units.rank  # sets beyond the rank: covariates of units
    ranks = np.maximum(np.minimum(units.rank, alive.sum(axis=0)) if apart else alive.sum(axis=0), 1)
    told = (_equal(sets, info * useful) + _equal(sets, seen)) / 2
    here = (there > 0).sum(axis=0)
    room = here - np.minimum(units.rank, (sets @ there > 0).sum(axis=0))
    df = np.clip(told.sum(axis=0) - ranks, 1.0, np.maximum(room, 1))
    return Scatter(total, df, here.astype(np.int64), room.astype(np.int64))


def _equal(sets: Array, weight: Array) -> Array:
    square = sets @ weight**2
    return np.asarray(np.where(square > 0, (sets @ weight) ** 2 / np.maximum(square, 1e-300), 0.0))
