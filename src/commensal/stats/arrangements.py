"""The distinct arrangements of labels over exchangeable units: how many, all of them, or some at random.

A *unit* is what a label belongs to (a sample, an infant, a cage), a *stratum* the set of units among which labels
may change places. The three schemes of restricted permutation differ only in what these two are:

=============  ==========  =========
scheme         unit        stratum
=============  ==========  =========
free           sample      everything
within blocks  sample      block
whole blocks   block       everything
=============  ==========  =========
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from math import factorial, prod

import numpy as np

from commensal.stats._arrays import Floats, Integers


@dataclass(frozen=True, slots=True)
class Units:
    """Labels of ``u`` units that cover ``n`` samples."""

    label: Floats  # (u,) the unit's label
    stratum: Integers  # (u,) 0 … s−1
    of_sample: Integers  # (n,) which unit each sample belongs to

    def members(self) -> list[Integers]:
        """Return the units of each stratum, strata in order."""
        order = np.argsort(self.stratum, kind="stable")
        edges = np.flatnonzero(np.diff(self.stratum[order])) + 1
        return list(np.split(order, edges))


def count(units: Units) -> int:
    """Return the number of distinct arrangements: the product over strata of multinomial coefficients.

    A stratum of m units in which value v occurs m_v times has m! / ∏ m_v! of them; a stratum with one value has one.
    """
    return prod(_multinomial(units.label[inside]) for inside in units.members())


def every(units: Units) -> Floats:
    """Return every distinct arrangement once, (count, n), the observed one first."""
    columns = units.members()
    pieces = [_every_one(units.label[inside]) for inside in columns]
    total = prod(len(piece) for piece in pieces)
    picks = np.unravel_index(np.arange(total), [len(piece) for piece in pieces])
    labels = np.empty((total, units.label.size))
    for inside, piece, pick in zip(columns, pieces, picks, strict=True):
        labels[:, inside] = piece[pick]
    observed = int(np.flatnonzero((labels == units.label).all(axis=1))[0])
    labels[[0, observed]] = labels[[observed, 0]]
    return _on_samples(units, labels)


def at_random(units: Units, n: int, seed: int) -> Floats:
    """Return ``n`` random arrangements, each uniform over the distinct ones, (n, samples).

    Every stratum draws from a stream of its own, row after row: row i depends on the seed and on i, not on ``n``.
    """
    columns = units.members()
    labels = np.empty((n, units.label.size))
    streams = np.random.SeedSequence(seed).spawn(len(columns))
    for inside, stream in zip(columns, streams, strict=True):
        held = np.tile(units.label[inside], (n, 1))
        np.random.default_rng(stream).permuted(held, axis=1, out=held)
        labels[:, inside] = held
    return _on_samples(units, labels)


def _on_samples(units: Units, labels: Floats) -> Floats:
    """Hand each unit's label to its samples, without a copy where every sample is a unit."""
    itself = np.array_equal(units.of_sample, np.arange(units.label.size))
    return labels if itself else labels[:, units.of_sample]


def _multinomial(values: Floats) -> int:
    held = np.unique(values, return_counts=True)[1]
    ways = factorial(values.size)
    for times in held.tolist():
        ways //= factorial(times)
    return ways


def _every_one(values: Floats) -> Floats:
    """Return all distinct orders of one multiset, (count, m)."""
    levels, codes = np.unique(values, return_inverse=True)
    if levels.size == 2:
        places = list(combinations(range(values.size), int(codes.sum())))
        rows = np.full((len(places), values.size), levels[0])
        rows[np.arange(len(places))[:, None], np.array(places, dtype=np.int64)] = levels[1]
        return rows
    orders = np.array(list(_orders(np.sort(codes).tolist())), dtype=np.int64)
    return levels[orders]


def _orders(codes: list[int]) -> Iterator[list[int]]:
    """Yield the distinct orders of sorted codes in lexicographic order (Narayana's next permutation)."""
    while True:
        yield codes.copy()
        rise = next((i for i in range(len(codes) - 2, -1, -1) if codes[i] < codes[i + 1]), None)
        if rise is None:
            return
        swap = next(j for j in range(len(codes) - 1, rise, -1) if codes[j] > codes[rise])
        codes[rise], codes[swap] = codes[swap], codes[rise]
        codes[rise + 1 :] = reversed(codes[rise + 1 :])
