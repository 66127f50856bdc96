"""The reference frame of compositional data: test every coefficient against the median coefficient."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from commensal.errors import StatisticsError
from commensal.stats.fits import Array, Fit

if TYPE_CHECKING:
    import pandas as pd

#: Below this many estimated features the median is one of the coefficients itself, and nothing is taken off.
FEWEST = 10
#: Half the width of a 95 % interval, in standard errors.
Z = 1.959964


@dataclass(frozen=True, slots=True)
class ReferenceFrame:
    """The median coefficient of a fit, and how well it is known."""

    effect: float  #: median of the coefficients; NaN with fewer than `FEWEST` of them
    se: float  #: its standard error
    n: int  #: coefficients

    def table(self) -> pd.DataFrame:
        """Return one row."""
        import pandas as pd

        return pd.DataFrame({"effect": [self.effect], "se": [self.se], "n": [self.n]})


def reference_frame(fit: Fit) -> ReferenceFrame:
    """Return the median of the estimated coefficients (m,) and its standard error.

    Relative abundances are known up to one factor per sample: when a few features bloom, all the others' logs fall
    by the same amount. If most features do not change, the median coefficient estimates that common shift. Its
    standard error is δ/1.96 with ±δ the 95 % interval of the median of normal variables of unequal standard errors
    s_j, taken as independent: so far out that the number of coefficients below δ, Σ Φ(δ/s_j), exceeds half of them by
    1.96 of its standard deviations. With equal s it is about √(π/2) s/√m.

    Parameters
    ----------
    fit
        From `linear`, `mixed` or a part of `mixed_split`, m features; those without a p do not count.

    Examples
    --------
    >>> import numpy as np
    >>> from commensal import stats
    >>> y = np.random.default_rng(1).normal(size=(20, 50)) + 3.0 * (np.arange(20) % 2)[:, None]
    >>> x = np.column_stack([np.ones(20), np.arange(20) % 2])
    >>> frame = stats.reference_frame(stats.linear(y, x, [0.0, 1.0]))
    >>> bool(abs(frame.effect - 3) < 0.3), frame.n
    (True, 50)
    """
    known = np.isfinite(fit.p)
    n = int(known.sum())
    if n < FEWEST:
        return ReferenceFrame(float("nan"), float("nan"), n)
    return ReferenceFrame(float(np.median(fit.effect[known])), _median_error(fit.se[known]), n)


def _median_error(se: Array) -> float:
    """Return the standard error of the median of independent normal variables of these standard errors (m,)."""
    from scipy.special import ndtr

    low, high = 0.0, 10 * float(se.max())
    for _ in range(60):
        middle = (low + high) / 2
        below = ndtr(middle / se)
        enough = float((below - 0.5).sum()) > Z * float(np.sqrt((below * (1 - below)).sum()))
        low, high = (low, middle) if enough else (middle, high)
    return high / Z


def against(fit: Fit, frame: ReferenceFrame, *, level: float = 0.95) -> Fit:
    """Return the fit with its effects measured from ``frame`` in place of 0; se, statistic, p and interval follow.

    The frame's variance is added to each feature's: it matters where a precise feature stands among imprecise ones.

    Parameters
    ----------
    fit
        From `linear`, `mixed` or a part of `mixed_split`, m features.
    frame
        From `reference_frame`.
    level
        Of the confidence interval.

    Returns
    -------
    Fit
        effect − frame and √(se² + frame's se²) on the degrees of freedom that the fit had.

    Raises
    ------
    StatisticsError
        The frame is not known.

    Examples
    --------
    >>> import numpy as np
    >>> from commensal import stats
    >>> fit = stats.linear(np.array([[1.0], [2], [4], [5]]), [[1, 0], [1, 0], [1, 1], [1, 1]], [0, 1])
    >>> moved = stats.against(fit, stats.ReferenceFrame(1.0, 0.0, 10))
    >>> print(fit.effect[0].round(6), moved.effect[0].round(6), bool(moved.p[0] > fit.p[0]))
    3.0 2.0 True
    """
    from scipy.special import stdtr, stdtrit

    if not (np.isfinite(frame.effect) and np.isfinite(frame.se)):
        raise StatisticsError("the reference frame is not known", found=frame, expected="finite numbers")
    effect, se = fit.effect - frame.effect, np.hypot(fit.se, frame.se)
    tested = np.isfinite(fit.p)
    with np.errstate(invalid="ignore", divide="ignore"):
        statistic = np.where(tested, effect / se, np.nan)
        p = np.where(tested, 2 * stdtr(fit.df, -np.abs(statistic)), np.nan)
        half = stdtrit(fit.df, 0.5 + level / 2) * se
    low = np.where(np.isfinite(fit.low), effect - half, np.nan)
    high = np.where(np.isfinite(fit.high), effect + half, np.nan)
    return replace(fit, effect=effect, se=se, statistic=statistic, p=p, low=low, high=high)
