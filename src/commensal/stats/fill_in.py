"""Fill-ins for values below detection. They pass for measured values afterwards: `left_censored` needs none."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from commensal.errors import StatisticsError
from commensal.stats._arrays import with_gaps
from commensal.stats.fits import Array, Mask

#: Quantiles of what was detected that the line of `qrilc` is drawn through: the tails are left out.
LOWEST, HIGHEST = 0.01, 0.95
#: Detected values of a sample below which it has no line of its own.
FEWEST = 10


def half_minimum(amounts: ArrayLike, below: ArrayLike) -> Array:
    """Return amounts (n, m) with half of each feature's smallest value detected where `below` (n, m).

    The same number for all: a feature with many of them seems to vary less than it does, and every test of it is too
    sure. Offered because others ask for it.

    Parameters
    ----------
    amounts : (n, m)
        Intensities or concentrations, not logarithms.
    below : (n, m) booleans
        Where the value was not detected.

    Returns
    -------
    (n, m) array
        NaN where a feature was detected nowhere.

    Raises
    ------
    StatisticsError
        Arrays that do not fit together.

    Examples
    --------
    >>> half_minimum([[4.0], [6.0], [0.0]], [[False], [False], [True]]).ravel().tolist()
    [4.0, 6.0, 2.0]
    """
    values, hidden = _both(amounts, below, "amounts")
    lowest = np.where(hidden | np.isnan(values), np.inf, values).min(axis=0, initial=np.inf)
    return np.where(hidden, np.where(np.isfinite(lowest), lowest / 2, np.nan), values)


def qrilc(y: ArrayLike, below: ArrayLike, *, seed: int = 1) -> Array:
    """Return logarithms y (n, m) with draws from each sample's own lower tail where `below` (n, m).

    With p of a sample's features below detection, its detected values are taken for the upper 1 − p of a normal
    distribution: their quantiles at u lie on the line mean + sd Φ⁻¹(p + (1 − p) u), fitted by least squares over
    0.01 ≤ u ≤ 0.95. Draws are from that normal below its p-quantile. They vary as real values might, but are not: a
    test of them takes draws for data. Offered because others ask for it.

    Parameters
    ----------
    y : (n, m)
        Logarithms.
    below : (n, m) booleans
        Where the value was not detected.
    seed
        Of the draws.

    Returns
    -------
    (n, m) array
        NaN in samples with fewer than 10 detected values.

    Raises
    ------
    StatisticsError
        Arrays that do not fit together.

    References
    ----------
    Lazar et al. 2016, Journal of Proteome Research 15:1116 (quantile regression imputation of left-censored data).

    Examples
    --------
    >>> import numpy as np
    >>> y = np.random.default_rng(1).normal(10, 1, size=(1, 5000))
    >>> filled = qrilc(y, y < 9.5)
    >>> print(filled.mean().round(2), filled.std().round(2), (filled[y < 9.5] < 9.6).all())
    9.98 1.01 True
    """
    from scipy.special import ndtr, ndtri

    values, hidden = _both(y, below, "y")
    rng = np.random.default_rng(seed)
    out = values.copy()
    u = np.arange(LOWEST, HIGHEST + 1e-9, 0.01)
    for i, (row, gone) in enumerate(zip(values, hidden, strict=True)):
        known = row[~gone & ~np.isnan(row)]
        if not gone.any():
            continue
        draws = rng.random(int(gone.sum()))
        if len(known) < FEWEST:
            out[i, gone] = np.nan
            continue
        p = gone.sum() / (gone.sum() + len(known))
        normal = ndtri(p + (1 - p) * u)
        sd, mean = np.polyfit(normal, np.quantile(known, u), 1)
        out[i, gone] = mean + sd * ndtri(draws * ndtr(ndtri(p)))
    return out


def _both(values: ArrayLike, below: ArrayLike, name: str) -> tuple[Array, Mask]:
    array, flags = with_gaps(values, name, dimensions=2, infinite=True), np.asarray(below)
    if flags.shape != array.shape or not (flags.dtype == bool or np.isin(flags, (0, 1)).all()):
        raise StatisticsError(f"{name} and below do not fit", found=flags.shape, expected=f"{array.shape} booleans")
    return array, np.asarray(flags.astype(bool))
