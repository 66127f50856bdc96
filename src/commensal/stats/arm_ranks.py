"""Ranks of arms with simultaneous intervals: what a table of winners may say."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from commensal.stats.arm_contrasts import given_arms, rows_of, solved
from commensal.stats.hierarchical import refuse_level
from commensal.stats.one_control import Texts

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class RankFit:
    """Ranks of a arms, 1 the highest.

    Attributes
    ----------
    names : (a,)
        The arms, without the control.
    rank, low, high : (a,)
        Rank by estimate, and its simultaneous interval; 0 where the arm has no estimate or no variance.
    level : float
        Confidence that all intervals hold together.
    """

    names: Texts
    rank: NDArray[np.int64]
    low: NDArray[np.int64]
    high: NDArray[np.int64]
    level: float

    def __len__(self) -> int:
        """Return the number of arms."""
        return len(self.rank)

    def table(self) -> pd.DataFrame:
        """Return one row per arm."""
        import pandas as pd

        return pd.DataFrame({name: getattr(self, name) for name in ("names", "rank", "low", "high")})


def arm_ranks(
    y: ArrayLike,
    arm: ArrayLike,
    control: object,
    *,
    unit: ArrayLike | None = None,
    covariates: ArrayLike | None = None,
    strata: ArrayLike | None = None,
    level: float = 0.95,
) -> RankFit:
    """Rank arms by y (n,), the highest first, with intervals that hold together.

    All pairs of arms are compared (Tukey–Kramer). An arm's true rank lies between 1 + the number of arms that are
    significantly higher and a − the number that are significantly lower (Al Mohamad, Goeman & van Zwet 2022), together
    with the given confidence. Intervals are wide when animals are few: that is what the data say of a ranking.

    Parameters
    ----------
    y, arm, control, unit, covariates, strata
        As in :func:`arm_contrasts`; the control helps with the variance and is not ranked.
    level
        Joint confidence.

    Raises
    ------
    StatisticsError
        As :func:`arm_contrasts`.

    References
    ----------
    Al Mohamad, Goeman & van Zwet (2022) Biometrics 78:238–247; Hayter (1984) Ann Stat 12:61–75.

    Examples
    --------
    A is above B and C, which cannot be told apart:

    >>> y = [9.0, 10, 11, 5, 4, 6, 5, 4, 5, 1, 2, 3]
    >>> fit = arm_ranks(y, np.repeat(["A", "B", "C", "none"], 3), "none")
    >>> fit.rank.tolist(), fit.low.tolist(), fit.high.tolist()
    ([1, 2, 3], [1, 2, 2], [1, 3, 3])
    """
    refuse_level(level)
    values, arms, names, more, units = given_arms(y, arm, control, unit, covariates, strata)
    rows = rows_of(values, arms, more, units)
    a = len(names)
    columns = np.column_stack([(rows.arm[:, None] == np.arange(1, a + 1)).astype(float), rows.more])
    i, j = np.triu_indices(a, 1)
    contrasts = np.zeros((a + i.size, columns.shape[1]))
    contrasts[:a, :a] = np.eye(a)
    contrasts[a + np.arange(i.size), i], contrasts[a + np.arange(i.size), j] = 1, -1
    fit = solved(rows.y, columns, contrasts)
    n = np.bincount(rows.arm, minlength=a + 1)[1:]
    ranked = (fit.status[:a] == "ok") & (n > 1)
    rank, low, high = np.zeros((3, a), dtype=np.int64)
    if ranked.sum() < 2:
        return RankFit(names, rank, low, high, float(level))
    rank[ranked] = 1 + np.argsort(np.argsort(-fit.effect[:a][ranked], kind="stable"), kind="stable")
    q = _quantile(float(level), int(ranked.sum()), min(fit.df, 1e5))
    se = np.sqrt(np.maximum(np.diagonal(fit.covariance)[a:], 0.0))
    apart = np.abs(fit.effect[a:]) > q / np.sqrt(2) * se
    above = np.zeros((a, a), dtype=bool)
    above[i, j], above[j, i] = apart & (fit.effect[a:] > 0), apart & (fit.effect[a:] < 0)
    above &= ranked[:, None] & ranked[None, :]
    low[ranked] = 1 + above.sum(axis=0)[ranked]
    high[ranked] = int(ranked.sum()) - above.sum(axis=1)[ranked]
    return RankFit(names, rank, low, high, float(level))


@lru_cache(maxsize=64)  # half a second each
def _quantile(level: float, arms: int, df: float) -> float:
    from scipy.stats import studentized_range

    return float(studentized_range.ppf(level, arms, df))


__all__ = ["RankFit", "arm_ranks"]
