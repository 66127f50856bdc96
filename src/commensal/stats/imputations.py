"""One answer from several completed data sets: Rubin's rules, for many features at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from commensal.errors import StatisticsError
from commensal.stats._arrays import with_gaps
from commensal.stats.fits import Array

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class PooledFit:
    """One estimate per feature (m,) from several completed data sets; missing is NaN.

    Attributes
    ----------
    effect, se, df : (m,)
        Mean of the estimates, its standard error with the spread between data sets, and degrees of freedom.
    statistic, p, low, high : (m,)
        t = effect / se, its two-sided p, and the confidence interval.
    between : (m,)
        Share of the variance that is due to what was completed.
    """

    effect: Array
    se: Array
    df: Array
    statistic: Array
    p: Array
    low: Array
    high: Array
    between: Array

    def __len__(self) -> int:
        """Return the number of features."""
        return len(self.effect)

    def table(self) -> pd.DataFrame:
        """Return one row per feature."""
        import pandas as pd

        return pd.DataFrame({name: getattr(self, name) for name in self.__dataclass_fields__})


def pooled(effect: ArrayLike, se: ArrayLike, df: ArrayLike, *, level: float = 0.95) -> PooledFit:
    """Join estimates (k, m) of k completed data sets by Rubin's rules, with degrees of freedom for small samples.

    Q̄ = mean of the estimates, W = mean of se², B = variance of the estimates, T = W + (1 + 1/k) B. With γ = (1 + 1/k)
    B / T and ν the mean complete-data degrees of freedom, df = (1 / ν₁ + 1 / ν₂)⁻¹, ν₁ = (k − 1) / γ², ν₂ = (1 − γ) ν
    (ν + 1) / (ν + 3). One data set passes as it is.

    Parameters
    ----------
    effect, se, df
        (k, m) estimates, standard errors and degrees of freedom; a feature is joined over the data sets that have all
        three, if they are more than half of them.
    level
        Of the interval.

    Raises
    ------
    StatisticsError
        Shapes that differ, or no data set.

    References
    ----------
    Rubin (1987) Multiple Imputation for Nonresponse in Surveys; Barnard & Rubin (1999) Biometrika 86:948–955. In R:
    ``mice::pool.scalar(rule = "rubin1987")``.

    Examples
    --------
    >>> fit = pooled([[1.0], [1.4], [0.9]], [[0.3], [0.3], [0.3]], [[20.0], [20.0], [20.0]])
    >>> print(fit.effect[0].round(3), fit.se[0].round(4), fit.df[0].round(2))
    1.1 0.4282 4.15
    """
    from scipy.special import stdtr, stdtrit

    q, s, v = (with_gaps(one, name, dimensions=2) for one, name in ((effect, "effect"), (se, "se"), (df, "df")))
    if q.shape != s.shape or q.shape != v.shape or not len(q):
        raise StatisticsError(
            "the completed data sets do not fit",
            found=f"{q.shape}, {s.shape}, {v.shape}",
            expected="(k, m) three times",
        )
    known = np.isfinite(q) & np.isfinite(s) & np.isfinite(v)
    k = known.sum(axis=0)
    enough = k > len(q) / 2
    with np.errstate(all="ignore"):
        mean = np.where(enough, np.where(known, q, 0).sum(axis=0) / k, np.nan)
        within = np.where(known, s**2, 0).sum(axis=0) / k
        spread = np.where(known, (q - mean) ** 2, 0).sum(axis=0)
        between = np.where(k > 1, (1 + 1 / k) * spread / np.maximum(k - 1, 1), 0.0)
        total = within + between
        share = np.where(total > 0, between / total, 0.0)
        complete = np.where(known, v, 0).sum(axis=0) / k
        first = np.where(share > 0, (k - 1) / share**2, np.inf)
        second = np.where(share > 0, (1 - share) * complete * (complete + 1) / (complete + 3), complete)
        freedom = 1 / (1 / first + 1 / second)
        error = np.where(enough, np.sqrt(total), np.nan)
        freedom = np.where(enough, freedom, np.nan)
        t = mean / error
        p = np.where(enough, 2 * stdtr(freedom, -np.abs(t)), np.nan)
        half = stdtrit(freedom, 0.5 + level / 2) * error
    return PooledFit(mean, error, freedom, t, p, mean - half, mean + half, np.where(enough, share, np.nan))
