"""The distribution of a product of two independent t: intervals of indirect effects, without draws."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
#: Nodes on either side of the sign change of the second factor.
NODES = 96
#: Halvings: the interval is known to 1e-12 of where it can lie.
HALVINGS = 50


@cache
def _gauss() -> tuple[Floats, Floats]:
    """Return nodes and weights on (0, 1), dense at both ends, where quantiles bend."""
    nodes, weights = np.polynomial.legendre.leggauss(NODES)
    t = (nodes + 1) / 2
    return t**3 * (10 - 15 * t + 6 * t**2), weights / 2 * 30 * t**2 * (1 - t) ** 2


def product_interval(
    a: Floats, se_a: Floats, df_a: Floats, b: Floats, se_b: Floats, df_b: Floats, level: float
) -> tuple[Floats, Floats]:
    """Return low and high (m,) of a·b where a ~ â + se t(df) and b likewise, independent.

    P(ab ≤ z) = ∫ P(a ≤ z / b) dF(b) for b > 0, and its complement for b < 0, by Gauss–Legendre on the quantiles of b;
    the quantiles of ab by halving.
    """
    from scipy.special import stdtr, stdtrit

    nodes, weights = _gauss()
    share = stdtr(df_b, -b / se_b)[:, None]  # of b below 0
    u = np.concatenate([nodes * share, share + nodes * (1 - share)], axis=1)
    w = np.concatenate([weights * share, weights * (1 - share)], axis=1)
    factor = b[:, None] + se_b[:, None] * stdtrit(df_b[:, None], np.clip(u, 1e-300, 1 - 1e-16))
    factor = np.where(factor == 0, 1e-300, factor)
    tail = (1 - level) / 16
    wide = [np.abs(c) + se * -stdtrit(df, tail) for c, se, df in ((a, se_a, df_a), (b, se_b, df_b))]
    most = wide[0] * wide[1]
    ends = []
    for wanted in ((1 - level) / 2, (1 + level) / 2):
        low, high = -most, most.copy()
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            at = stdtr(df_a[:, None], (middle[:, None] / factor - a[:, None]) / se_a[:, None])
            reached = (w * np.where(factor > 0, at, 1 - at)).sum(axis=1)
            high = np.where(reached >= wanted, middle, high)
            low = np.where(reached >= wanted, low, middle)
        ends.append((low + high) / 2)
    return ends[0], ends[1]
