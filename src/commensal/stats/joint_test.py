"""Several looks at one feature, joined into one p."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from commensal.errors import StatisticsError
from commensal.stats.fits import Array, Counts

#: p nearer to 1 than this count as this: at 1 itself the combination is without bound.
_ALMOST_ONE = 1 - 1e-12


def cauchy_combination(p: ArrayLike) -> Array:
    """Combine k p-values (k, m) of each of m features into one, whatever their dependence.

    T = mean of tan((½ − pᵢ)π), p = ½ − arctan(T)/π: under the null T is close to standard Cauchy in its tail however
    the parts depend on each other, so that small p are right whichever they are; near 0.05 it is approximate. A missing
    part (NaN) does not count; with no part p is missing.

    Parameters
    ----------
    p
        (k, m) values in [0, 1], or NaN.

    Returns
    -------
    numpy.ndarray, shape (m,)

    Raises
    ------
    StatisticsError
        A p outside [0, 1], or no table.

    References
    ----------
    Liu & Xie (2020) J Am Stat Assoc 115:393–402.

    Examples
    --------
    One strong part among four is worth about four times its p; a single part is itself:

    >>> cauchy_combination([[0.001, 0.03], [0.4, float("nan")], [0.5, float("nan")], [0.6, float("nan")]]).round(4)
    array([0.004, 0.03 ])
    """
    parts = np.asarray(p, dtype=float)
    if parts.ndim != 2:
        raise StatisticsError("p is no table", found=f"shape {parts.shape}", expected="(parts, features)")
    known = ~np.isnan(parts)
    if np.any((parts[known] < 0) | (parts[known] > 1)):
        raise StatisticsError("a p outside 0 and 1", found=parts[known & ((parts < 0) | (parts > 1))][0])
    safe = np.clip(np.where(known, parts, 0.5), np.finfo(float).tiny, _ALMOST_ONE)
    # tan((½ − p)π) = 1/tan(πp), which keeps its digits where p is small.
    statistic = np.where(known, 1 / np.tan(np.pi * safe), 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    joined = np.where(statistic > 0, np.arctan2(1.0, statistic), np.pi - np.arctan2(1.0, -statistic)) / np.pi
    return np.where(known.any(axis=0), joined, np.nan)


def deviate(p: Array, direction: Counts) -> Array:
    """Return normal deviates of two-sided p (m,) with the sign of `direction`."""
    from scipy.special import ndtri

    return np.asarray(-ndtri(np.clip(p, np.finfo(float).tiny, 1.0) / 2) * np.sign(direction))


def same_direction_p(first: Array, second: Array) -> Array:
    """Return the two-sided p of the sum of two deviates (m,) over √2: of two parts that point the same way."""
    from scipy.special import ndtr

    return np.asarray(2 * ndtr(-np.abs(first + second) / np.sqrt(2)))
