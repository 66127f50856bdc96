"""The reference frame of compositional data: test every coefficient against the median coefficient."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from commensal.errors import StatisticsError
from commensal.stats.fits import Fit

#: Below this many estimated features the median is one of the coefficients itself, and nothing is taken off.
FEWEST = 10


def median_effect(fit: Fit) -> float:
    """Return the median of the estimated coefficients (m,), or NaN when there are fewer than `FEWEST`.

    Relative abundances are known up to one factor per sample: when a few features bloom, all the others' logs fall
    by the same amount. If most features do not change, the median coefficient estimates that common shift.

    Examples
    --------
    >>> import numpy as np
    >>> from commensal import stats
    >>> y = np.random.default_rng(1).normal(size=(20, 50)) + 3.0 * (np.arange(20) % 2)[:, None]
    >>> x = np.column_stack([np.ones(20), np.arange(20) % 2])
    >>> bool(abs(stats.median_effect(stats.linear(y, x, [0.0, 1.0])) - 3) < 0.3)
    True
    """
    known: NDArray[np.float64] = fit.effect[np.isfinite(fit.p)]
    return float(np.median(known)) if known.size >= FEWEST else float("nan")


def against(fit: Fit, shift: float, *, level: float = 0.95) -> Fit:
    """Return the fit with its effects measured from ``shift`` in place of 0; statistic, p and interval follow.

    The shift's own error is not added: as the median of many coefficients it is small beside any one of them.

    Raises
    ------
    StatisticsError
        ``shift`` is not finite.

    Examples
    --------
    >>> import numpy as np
    >>> from commensal import stats
    >>> fit = stats.linear(np.array([[1.0], [2], [4], [5]]), [[1, 0], [1, 0], [1, 1], [1, 1]], [0, 1])
    >>> moved = stats.against(fit, 1.0)
    >>> print(fit.effect[0].round(6), moved.effect[0].round(6), bool(moved.p[0] > fit.p[0]))
    3.0 2.0 True
    """
    from scipy.special import stdtr, stdtrit

    if not np.isfinite(shift):
        raise StatisticsError("the shift is not finite", found=shift, expected="a number")
    effect = fit.effect - shift
    tested = np.isfinite(fit.p)
    with np.errstate(invalid="ignore", divide="ignore"):
        statistic = np.where(tested, effect / fit.se, np.nan)
        p = np.where(tested, 2 * stdtr(fit.df, -np.abs(statistic)), np.nan)
        half = stdtrit(fit.df, 0.5 + level / 2) * fit.se
    low = np.where(np.isfinite(fit.low), effect - half, np.nan)
    high = np.where(np.isfinite(fit.high), effect + half, np.nan)
    return replace(fit, effect=effect, statistic=statistic, p=p, low=low, high=high)
