"""How often the largest of several joint t reaches c, quickly: for hundreds of trajectories on one page.

With N(c) the number of the T_j that reach c in size, P(max |T_j| ≥ c) = Σ_j P(|T_j| ≥ c) E[1 / N(c) given |T_j| ≥ c]
(Naiman and Priebe 2001): every draw is one in which something reaches c, so that a p of 1e-9 takes no more draws than
one of 0.1. 1/N lies between 1/a and 1; with the draws below the relative error is below 1 %.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from commensal.stats._arrays import Floats

DRAWS = 4096
#: Eigenvalue, as a share of the largest, below which a correlation's direction is empty.
EMPTY = 1e-10


@dataclass(frozen=True, slots=True)
class JointMax:
    """a joint t with one correlation, ready to be asked; the draws are fixed, so that answers repeat."""

    correlation: Floats  # (a, a)
    roots: Floats  # (a, a, a) square root of what is left of the others' covariance given T_j
    uniform: Floats  # (draws,)
    normal: Floats  # (draws, a)
    chance: Floats  # (draws,) of the chi-square of the others

    def p(self, c: float, df: float) -> float:
        """Return P(max |T_j| ≥ c)."""
        from scipy.special import chdtri, stdtr, stdtrit

        a = len(self.correlation)
        single = float(2 * stdtr(df, -abs(c)))
        if a == 1 or single >= 1:
            return min(single, 1.0)
        j = np.arange(len(self.uniform)) % a
        t = -stdtrit(df, self.uniform * single / 2)
        finite = np.isfinite(df)
        scale = np.sqrt((df + t**2) / chdtri(df + 1, self.chance)) if finite else np.ones(len(t))
        rest = np.einsum("dij,dj->di", self.roots[j], self.normal) * scale[:, None]
        others = self.correlation[j] * t[:, None] + rest
        reached = np.abs(others) >= c
        reached[np.arange(len(j)), j] = True
        return float(min(a * single * np.mean(1 / reached.sum(axis=1)), a * single, 1.0))

    def critical(self, level: float, df: float) -> float:
        """Return c with P(max |T_j| ≥ c) = 1 − level."""
        from scipy.special import stdtrit

        low = float(stdtrit(df, (1 + level) / 2))
        high = float(stdtrit(df, 1 - (1 - level) / 2 / len(self.correlation)))
        for _ in range(24):
            middle = (low + high) / 2
            low, high = (middle, high) if self.p(middle, df) > 1 - level else (low, middle)
        return high


def joint_max(correlation: Floats, *, draws: int = DRAWS) -> JointMax:
    """Prepare a correlation matrix (a, a), made positive semidefinite if rounding or gaps left it otherwise."""
    a = len(correlation)
    values, vectors = np.linalg.eigh((correlation + correlation.T) / 2)
    values = np.maximum(values, 0.0)
    near = (vectors * values) @ vectors.T
    size = np.sqrt(np.maximum(np.diagonal(near), EMPTY))
    near = near / np.outer(size, size)
    np.fill_diagonal(near, 1.0)
    roots = np.empty((a, a, a))
    for j in range(a):
        left = near - np.outer(near[j], near[j])
        values, vectors = np.linalg.eigh(left)
        roots[j] = vectors * np.sqrt(np.maximum(values, 0.0))
    rng = np.random.default_rng(20260)
    uniform = (rng.permutation(draws) + 0.5) / draws
    return JointMax(near, roots, uniform, rng.normal(size=(draws, a)), (rng.permutation(draws) + 0.5) / draws)
