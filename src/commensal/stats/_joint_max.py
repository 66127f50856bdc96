"""How often the largest of several joint t reaches c, quickly: for hundreds of trajectories on one page.

With N(c) the number of the T_j that reach c in size, P(max |T_j| ≥ c) = Σ_j P(|T_j| ≥ c) E[1 / N(c) given |T_j| ≥ c]
(Naiman and Priebe 2001): every draw is one in which something reaches c, so that a p of 1e-9 takes no more draws than
one of 0.1. 1/N lies between 1/a and 1; with the draws below the relative error is below 1 %.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from commensal.stats._arrays import Floats

DRAWS = 4096
#: Eigenvalue, as a share of the largest, below which a correlation's direction is empty.
EMPTY = 1e-10


@dataclass(frozen=True, slots=True)
class JointMax:
    """a joint t with one correlation, ready to be asked; the draws are fixed, so that answers repeat.

    Draw d is one in which T_j is large, j = d modulo a. What depends on the degrees of freedom only is kept.
    """

    correlation: Floats  # (a, a)
    along: Floats  # (draws, a) correlation of the others with T_j
    rest: Floats  # (draws, a) what is left of the others, given T_j
    uniform: Floats  # (draws,) of the size of T_j
    chance: Floats  # (draws,) of the chi-square of the others
    known: dict[tuple[str, float, float], Floats] = field(default_factory=dict)

    def p(self, c: float, df: float) -> float:
        """Return P(max |T_j| ≥ c)."""
        from scipy.special import chdtri, stdtr, stdtrit

        a = len(self.correlation)
        single = float(2 * stdtr(df, -abs(c)))
        if a == 1 or single >= 1:
            return min(single, 1.0)
        t = -stdtrit(df, self.uniform * single / 2)
        rest = self.rest
        if np.isfinite(df):
            squares = self.known.setdefault(("chi-square", df, 0.0), np.empty(0))
            if not squares.size:
                squares = self.known["chi-square", df, 0.0] = np.asarray(chdtri(df + 1, self.chance), dtype=np.float64)
            rest = rest * np.sqrt((df + t**2) / squares)[:, None]
        reached = np.abs(self.along * t[:, None] + rest) >= c
        reached[np.arange(len(t)), np.arange(len(t)) % a] = True
        return float(min(a * single * np.mean(1 / reached.sum(axis=1)), a * single, 1.0))

    def critical(self, level: float, df: float) -> float:
        """Return c with P(max |T_j| ≥ c) = 1 − level."""
        from scipy.special import stdtrit

        key = ("critical", df, level)
        if key not in self.known:
            low = float(stdtrit(df, (1 + level) / 2))
            high = float(stdtrit(df, 1 - (1 - level) / 2 / len(self.correlation)))
            for _ in range(24):
                middle = (low + high) / 2
                low, high = (middle, high) if self.p(middle, df) > 1 - level else (low, middle)
            self.known[key] = np.array([high])
        return float(self.known[key][0])


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
    normal, lead = rng.normal(size=(draws, a)), np.arange(draws) % a
    rest = np.empty((draws, a))
    for one in range(a):
        rest[lead == one] = normal[lead == one] @ roots[one].T
    return JointMax(near, near[lead], rest, uniform, (rng.permutation(draws) + 0.5) / draws)
