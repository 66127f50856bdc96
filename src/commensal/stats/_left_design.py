"""Rows of a model as patterns, and what is known of each feature in each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from commensal.stats._left_search import Cells, Space
from commensal.stats.fits import Array, Counts, Mask

#: A direction of the columns below this share of the largest is none.
NOTHING = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Patterns:
    """The distinct rows of x, (R, k), and which of them each sample is, (n,)."""

    rows: Array
    of: Counts

    @classmethod
    def found(cls, x: Array) -> Patterns:
        """Find the patterns of x (n, k)."""
        rows, of = np.unique(x, axis=0, return_inverse=True)
        return cls(rows, of.ravel())


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """Some features that have values in the same patterns, and the columns' space there.

    Attributes
    ----------
    features : (p,)
        Their places.
    here : (R,)
        Patterns in which they have values: only these are in `basis` and in `cells`.
    basis : (R', r)
        Orthonormal basis of the columns over these patterns; saturated where r = R'.
    back : (k, r)
        Coordinates in the basis to coefficients, of least length.
    """

    features: Counts
    here: Mask
    basis: Array
    back: Array
    x: Array

    @property
    def saturated(self) -> bool:
        """Whether η of each pattern is free."""
        return bool(self.basis.shape[1] == len(self.basis))

    def estimable(self, contrast: Array) -> bool:
        """Whether these patterns tell the contrast (k,)."""
        size = float(np.abs(contrast).max(initial=0.0))
        made = self.x.T @ (np.linalg.pinv(self.x.T) @ contrast)
        return size > 0 and bool((np.abs(made - contrast) <= 1e-7 * size).all())

    def weights(self, contrast: Array) -> Array:
        """Return d (R',) in the space with contrast'β = d'η of σ = 1."""
        return np.asarray(self.basis @ (self.back.T @ contrast))

    def free(self) -> Space:
        """Return the space of the model."""
        return Space(None if self.saturated else self.basis)

    def without(self, weights: Array) -> Space:
        """Return the space in which the contrast is 0."""
        if self.saturated:
            return Space(None, weights)
        inner = self.basis.T @ weights
        rest = np.linalg.svd(inner[None, :])[2][1:].T
        return Space(self.basis @ rest)


def parts(patterns: Patterns, present: Mask) -> Iterator[Part]:
    """Split features by the patterns in which they have values, present (n, m)."""
    one = np.zeros((len(patterns.rows), len(patterns.of)))
    one[patterns.of, np.arange(len(patterns.of))] = 1.0
    here, which = np.unique((one @ present > 0).T, axis=0, return_inverse=True)
    for number, mask in enumerate(here):
        features = np.flatnonzero(which.ravel() == number)
        x = patterns.rows[mask]
        scaled = x / np.maximum(np.abs(x).max(axis=0, initial=0.0), 1e-300)
        u, s, vt = np.linalg.svd(scaled, full_matrices=False) if mask.any() else (x, np.zeros(0), x)
        r = int((s > NOTHING * s.max(initial=0.0)).sum())
        scale = np.maximum(np.abs(x).max(axis=0, initial=0.0), 1e-300)
        yield Part(features, mask, u[:, :r], (vt[:r].T / s[:r]) / scale[:, None], x)


def cells_of(y: Array, below: Mask, limits: Array, of: Counts, count: int) -> Cells:
    """Gather y (n, m), or its limits where it lies below them, into patterns; NaN is missing."""
    n = len(y)
    one = np.zeros((count, n))
    one[of, np.arange(n)] = 1.0
    exact = ~np.isnan(y) & ~below
    known = np.where(exact, y, 0.0)
    shared = np.where(below, limits, -np.inf).max(axis=0)
    alike = np.where(below, limits == shared, True).all()
    if alike:  # one limit per feature: as many cells as patterns
        at = np.repeat(np.where(np.isfinite(shared), shared, 0.0)[:, None], count, axis=1)
        return Cells((one @ exact).T, (one @ known).T, (one @ known**2).T, at, (one @ below).T, np.eye(count))
    at = np.where(below, limits, 0.0).T
    return Cells((one @ exact).T, (one @ known).T, (one @ known**2).T, at, below.T.astype(float), one.T.copy())
