"""Whether the columns separate the outcomes: then the likelihood rises for ever in some direction."""

from __future__ import annotations

import numpy as np

from commensal.stats.fits import Array, Mask

#: Share of the largest change that an outcome's predictor may move the wrong way: rounding.
WRONG = 1e-6


def points_away(z: Array, y: Array, t: Array, direction: Array) -> Mask:
    """Whether no predictor moves against its outcome along direction (k, m), and some move with it, (m,).

    A search that runs off to infinity comes to step in such a direction.
    """
    moved = z @ direction * np.where(t > 0, 2 * y - t, 0.0)
    largest = np.abs(moved).max(axis=0, initial=0.0)
    return np.asarray((largest > 0) & (moved.min(axis=0, initial=0.0) >= -WRONG * largest))


def separates(z: Array, y: Array) -> Array | None:
    """Return a direction in which z (n, k) separates the outcomes y (n,), completely or in part, or None.

    Linear programme of Konis (2007): maximise Σ_i s_i z_i'd subject to s_i z_i'd ≥ 0 and −1 ≤ d ≤ 1, s = 2y − 1.
    """
    from scipy.optimize import linprog

    signed = z * (2 * y - 1)[:, None]
    end = linprog(-signed.sum(axis=0), A_ub=-signed, b_ub=np.zeros(len(y)), bounds=(-1, 1), method="highs")
    if end.status != 0 or end.fun is None or not -end.fun > 1e-7:
        return None
    return np.asarray(end.x)
