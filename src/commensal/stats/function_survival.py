"""Function and survival combined by comparing subjects in pairs: who fared better, and the ranks that follow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from commensal.errors import StatisticsError
from commensal.stats._arrays import Floats, Integers, same_length
from commensal.stats._survival import (
    Followed,
    Mask,
    Moves,
    coded,
    confidence,
    followed,
    moves,
    share_reached,
    smallest_reachable,
    two_groups,
)
from commensal.stats.fits import Counts, Texts
from commensal.stats.permutation import Permutations

if TYPE_CHECKING:
    import pandas as pd

Wins = NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class CafsScores:
    """How each of n subjects fares against all others."""

    score: Counts  # (n,) comparisons won less comparisons lost
    rank: Floats  # (n,) mid-rank of the score, from 1 for who fares worst
    by_survival: float  # share of pairs that survival decides
    by_function: float  # share that function decides
    tied: float  # share that neither does

    def table(self) -> pd.DataFrame:
        """Return one row per subject, in the order given."""
        import pandas as pd

        return pd.DataFrame({"score": self.score, "rank": self.rank})


@dataclass(frozen=True, slots=True)
class CafsFit:
    """Difference of mean ranks of function and survival, case − control; missing numbers are NaN."""

    effect: float  # mean rank of cases less mean rank of controls: above 0 where cases fare better
    se: float  # Welch's, over cages or subjects
    df: float
    low: float
    high: float
    p: float  # two-sided, by rearranged labels
    smallest_p: float  # that these arrangements can give
    n_permutations: int
    exact: bool  # these are all arrangements
    scheme: str
    group: Texts  # (2,) control, case
    mean_rank: Floats  # (2,)
    n: Counts  # (2,)
    n_units: Counts  # (2,) cages, or subjects
    status: str  # ok | one_cage | constant | too_few
    note: str

    def table(self) -> pd.DataFrame:
        """Return one row; columns of the control begin with `control_`, those of the case with `case_`."""
        import pandas as pd

        wide = ("group", "mean_rank", "n", "n_units")
        row = {name: [getattr(self, name)] for name in self.__slots__ if name not in wide}
        for place, side in enumerate(("control", "case")):
            row[side] = [self.group[place]]
            row |= {f"{side}_{name}": [getattr(self, name)[place]] for name in wide[1:]}
        return pd.DataFrame(row)


def cafs(time: ArrayLike, event: ArrayLike, change: ArrayLike) -> CafsScores:
    """Rank n subjects by survival first and function second, time (n,), event (n,), change (n,).

    Combined assessment of function and survival: every subject is compared with every other. If one died and the
    other is known to have lived longer, the latter wins; two deaths at the same time tie. Where survival does not
    decide (both alive at the end, or one lost to follow-up before the other's death), the larger change of function
    wins; equal or missing changes tie. The score is wins less losses, the rank its mid-rank.

    Parameters
    ----------
    time, event
        As :func:`log_rank`.
    change
        (n,) change of function from baseline, higher is better; NaN where not measured. Where subjects are lost at
        different times it should be a rate, or be measured when all of them still were there.

    Returns
    -------
    CafsScores
        With the shares of pairs that survival and function decide.

    Raises
    ------
    StatisticsError
        As :func:`log_rank`; an infinite change.

    References
    ----------
    Finkelstein & Schoenfeld (1999) Stat Med 18:1341. Berry et al. (2013) Amyotroph Lateral Scler Frontotemporal
    Degener 14:162.

    Examples
    --------
    Deaths on day 90 and 120, two survivors who lost 8 and 3 points.

    >>> scores = cafs([90, 120, 180, 180], [1, 1, 0, 0], [np.nan, np.nan, -8, -3])
    >>> scores.score.tolist(), scores.rank.tolist()
    ([-3, -1, 1, 3], [1.0, 2.0, 3.0, 4.0])
    """
    subjects = followed(time, event)
    values = checked_change(change, len(subjects))
    survival, function = pairs(subjects, values)
    wins = survival + function
    score = wins.sum(axis=1, dtype=np.int64)
    n = len(subjects)
    total = max(n * (n - 1), 1)
    first, second = (float(np.count_nonzero(part)) / total for part in (survival, function))
    return CafsScores(score, mid_ranks(score), first, second, 1.0 - first - second)


def cafs_test(
    time: ArrayLike,
    event: ArrayLike,
    change: ArrayLike,
    group: ArrayLike,
    *,
    control: object | None = None,
    cage: ArrayLike | None = None,
    strata: ArrayLike | None = None,
    n: int = 9999,
    seed: int = 1,
    level: float = 0.95,
) -> CafsFit:
    """Compare the ranks of :func:`cafs` between two groups (n,) by rearranged labels.

    The statistic is the difference of mean ranks, case − control, of all subjects ranked together. Labels move as
    in :func:`log_rank_many_to_one`: subjects, or whole cages where these are nested in groups, or within cages;
    always within strata. The interval is Welch's for mean ranks, over cages where they are nested; it takes the
    ranks as given.

    Parameters
    ----------
    time, event, change
        As :func:`cafs`.
    group
        (n,) two names.
    control
        Name of the control; None: the first of the two in their order.
    cage, strata, n, seed
        As :func:`log_rank_many_to_one`.
    level
        Confidence level.

    Returns
    -------
    CafsFit
        Status ``constant``: no pair differs; ``one_cage``: a group has one cage, effect kept; ``too_few``: the
        labels have one arrangement.

    Raises
    ------
    StatisticsError
        As :func:`cafs`; groups other than two; a cage that lies in two strata.

    Examples
    --------
    >>> time, event = [90, 120, 180, 180, 180, 180], [1, 1, 0, 0, 0, 0]
    >>> fit = cafs_test(time, event, [np.nan, np.nan, -8, -3, -2, -1], [0, 0, 0, 1, 1, 1])
    >>> fit.effect, fit.p, fit.smallest_p
    (3.0, 0.1, 0.1)
    """
    confidence(level)
    scores = cafs(time, event, change)
    size = scores.rank.size
    names, case = two_groups(group, control, size)
    layer = None if strata is None else coded(strata, "stratum", size)[1]
    moving = moves(case.astype(np.int64), cage, layer, n, seed)
    arranged = moving.arranged(case.astype(np.int64))
    means = np.array([scores.rank[~case].mean(), scores.rank[case].mean()])
    status, note = standing(moving, case, constant=not scores.score.any(), distinct=arranged.n_distinct)
    nan = float("nan")
    tested, se, df, low, high = (nan, nan, 0), nan, nan, nan, nan
    effect = float(means[1] - means[0])
    if status == "ok":
        count, held = arranged.labels.sum(axis=1), arranged.labels @ scores.rank
        null = np.abs(held / count - (scores.rank.sum() - held) / (size - count))
        tested = permuted(null, abs(effect), arranged)
        parts = np.where(case, (scores.rank - means[1]) / case.sum(), -(scores.rank - means[0]) / (~case).sum())
        variance, df = unit_variance(parts[:, None], moving, case)
        se, low, high = interval(effect, float(variance[0, 0]), df, level)
    labels = np.empty(2, dtype=object)
    labels[:] = names
    counts = np.array([(~case).sum(), case.sum()]), np.array([moving.units(~case), moving.units(case)])
    how = (arranged.exact, arranged.scheme)
    return CafsFit(effect, se, df, low, high, *tested, *how, labels, means, *counts, status, note)


def checked_change(change: ArrayLike | None, n: int) -> Floats:
    """Return changes of function (n,), NaN where missing; all NaN for None."""
    if change is None:
        return np.full(n, np.nan)
    try:
        values = np.asarray(change, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise StatisticsError("the change of function does not hold numbers", found=error) from error
    if values.ndim != 1 or np.isinf(values).any():
        raise StatisticsError(
            "the change of function is not a column of numbers",
            found="infinite values" if values.ndim == 1 else f"shape {values.shape}",
            expected="(n,) numbers, NaN where not measured",
        )
    return same_length(values, "the change of function", n)


def pairs(subjects: Followed, change: Floats) -> tuple[Wins, Wins]:
    """Return who wins by survival and who by function, both (n, n): 1 where the row wins, −1 where it loses."""
    time, event = subjects.time, subjects.event
    outlived = event & ((time[:, None] > time) | ((time[:, None] == time) & ~event[:, None]))
    survival = outlived.astype(np.int8) - outlived.T.astype(np.int8)
    # Two deaths at one time are decided, as a tie: function after death means nothing.
    undecided = (survival == 0) & ~(event[:, None] & event)
    better = undecided & (change[:, None] > change)
    return survival, better.astype(np.int8) - better.T.astype(np.int8)


def mid_ranks(values: Integers) -> Floats:
    """Return ranks from 1, the mean of their places for equal values."""
    _, place, times = np.unique(values, return_inverse=True, return_counts=True)
    ranks: Floats = (np.cumsum(times) - (times - 1) / 2)[place]
    return ranks


def standing(moving: Moves, case: Mask, *, constant: bool, distinct: float) -> tuple[str, str]:
    """Return status and note of a comparison of two groups before any p."""
    if constant:
        return "constant", "no pair of subjects differs"
    if moving.whole and min(moving.units(case), moving.units(~case)) < 2:
        return "one_cage", "a group has one cage: its effect cannot be told from the cage's"
    if distinct <= 1:
        return "too_few", "the labels have one arrangement only"
    return "ok", ""


def permuted(null: Floats, observed: float, arranged: Permutations) -> tuple[float, float, int]:
    """Return p of an observed statistic among its permutation values (P,), the smallest p possible, and P."""
    p = float(share_reached(null, np.array([observed]), arranged)[0])
    return p, smallest_reachable(null, arranged), int(null.size)


def unit_variance(parts: Floats, moving: Moves, case: Mask) -> tuple[Floats, float]:
    """Return the covariance (k, k) of estimates and its degrees of freedom from what each subject adds (n, k).

    Within a group of m units (cages, or subjects) it is m/(m − 1) times the sum of squares of the units' sums, with
    Welch's degrees of freedom; NaN where a group has one unit.
    """
    pieces = []
    for rows in (case, ~case):
        unit = np.unique(moving.unit[rows], return_inverse=True)[1]
        m = int(unit.max()) + 1
        if m < 2:
            return np.full((parts.shape[1],) * 2, np.nan), float("nan")
        sums = np.zeros((m, parts.shape[1]))
        np.add.at(sums, unit, parts[rows])
        pieces.append((sums.T @ sums * m / (m - 1), m))
    covariance = pieces[0][0] + pieces[1][0]
    bottom = sum(float(np.trace(piece)) ** 2 / (m - 1) for piece, m in pieces)
    df = float(np.trace(covariance)) ** 2 / bottom if bottom > 0 else float("nan")
    return covariance, df


def interval(effect: float, variance: float, df: float, level: float) -> tuple[float, float, float]:
    """Return standard error and interval by Student's t; missing where the variance is 0."""
    from scipy.special import stdtrit

    nan = float("nan")
    if not variance > 0 or not np.isfinite(effect):
        return nan, nan, nan
    se = variance**0.5
    half = float(stdtrit(df, (1 + level) / 2)) * se
    return se, effect - half, effect + half
