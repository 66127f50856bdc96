"""Local lines: the smoother of run order, as weights on the quality-control samples."""

from __future__ import annotations

import numpy as np

from commensal.stats.fits import Array

#: Distances below this share of the bandwidth weigh fully, above its counterpart nothing: as R's loess has it.
NEAR, FAR = 0.001, 0.999


def loess_weights(at: Array, x: Array, span: float) -> Array:
    """Return what each of x (q,) weighs in the local line at each of `at` (a,), (a, q); rows sum to 1.

    Of the share `span` of points nearest to `at`, or all and √span times as far out where span > 1, a line by weighted
    least squares with weights (1 − (d / h)³)³. Outside the range of x its value at the end is kept.
    """
    q = len(x)
    place = np.clip(at, x.min(), x.max())
    away = np.abs(place[:, None] - x[None, :])
    nearest = min(max(int(np.floor(q * span + 1e-5)), 2), q)
    width = np.sort(away, axis=1)[:, nearest - 1] * np.sqrt(max(1.0, span))
    width = np.where(width > 0, width, np.inf)[:, None]
    ratio = away / width
    weight = np.where(ratio > FAR, 0.0, np.where(ratio < NEAR, 1.0, (1 - ratio**3) ** 3))
    return _lines(place, x, weight)


def _lines(at: Array, x: Array, weight: Array) -> Array:
    total = weight.sum(axis=1, keepdims=True)
    mean = (weight * x).sum(axis=1, keepdims=True) / total
    apart = x[None, :] - mean
    square = (weight * apart**2).sum(axis=1, keepdims=True)
    flat = square <= 1e-12 * max(float(np.ptp(x)) ** 2, 1e-300)
    lean = np.where(flat, 0.0, (at[:, None] - mean) / np.where(flat, 1.0, square))
    return np.asarray(weight / total + weight * apart * lean)
