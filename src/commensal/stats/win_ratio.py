"""The win ratio and the net benefit of two groups, death before function."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from commensal.stats._arrays import Floats, Integers
from commensal.stats._survival import Mask, coded, confidence, followed, moves, two_groups
from commensal.stats.fits import Counts, Texts
from commensal.stats.function_survival import Wins, checked_change, interval, pairs, permuted, standing, unit_variance
from commensal.stats.permutation import Permutations

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class WinRatioFit:
    """Cases against controls in pairs; missing numbers are NaN."""

    effect: float  # log win ratio
    se: float
    df: float
    low: float
    high: float
    win_ratio: float
    win_ratio_low: float
    win_ratio_high: float
    net_benefit: float  # chance that a case fares better than a control, less the chance that it fares worse
    net_benefit_se: float
    net_benefit_low: float
    net_benefit_high: float
    p: float  # two-sided, by rearranged labels, of the net benefit
    smallest_p: float  # that these arrangements can give
    n_permutations: int
    exact: bool
    scheme: str
    wins: int  # pairs (of one stratum) that the case wins
    losses: int
    ties: int
    by_survival: float  # share of pairs that survival decides
    group: Texts  # (2,) control, case
    n: Counts  # (2,)
    n_units: Counts  # (2,) cages, or subjects
    status: str  # ok | one_cage | constant | too_few
    note: str

    def table(self) -> pd.DataFrame:
        """Return one row; columns of the control begin with `control_`, those of the case with `case_`."""
        import pandas as pd

        row = {name: [getattr(self, name)] for name in self.__slots__ if name not in ("group", "n", "n_units")}
        for place, side in enumerate(("control", "case")):
            row |= {side: [self.group[place]], f"{side}_n": [self.n[place]], f"{side}_n_units": [self.n_units[place]]}
        return pd.DataFrame(row)


def win_ratio(
    time: ArrayLike,
    event: ArrayLike,
    group: ArrayLike,
    *,
    change: ArrayLike | None = None,
    control: object | None = None,
    cage: ArrayLike | None = None,
    strata: ArrayLike | None = None,
    n: int = 9999,
    seed: int = 1,
    level: float = 0.95,
) -> WinRatioFit:
    """Compare each case with each control in time (n,), event (n,), group (n,): who lives longer, or functions better.

    Pairs are decided as in :func:`cafs`. With strata only pairs of one stratum count, weighted by 1/N_s as Mantel
    and Haenszel do: win ratio Σ W_s/N_s / Σ L_s/N_s, net benefit Σ (W_s − L_s)/N_s / Σ n₁n₀/N_s.

    W and L are two-sample U statistics. Their covariance is Bebu & Lachin's, from the variation of each subject's
    share of wins and of losses around the mean, summed over the subjects of a cage where cages are nested in
    groups; the intervals use Student's t with Welch's degrees of freedom over units (for the net benefit of
    uncensored data this is Brunner and Munzel's test). p comes from rearranged labels, which move as in
    :func:`log_rank_many_to_one`.

    Parameters
    ----------
    time, event
        As :func:`log_rank`.
    group
        (n,) two names.
    change
        (n,) change of function, higher is better; NaN where missing. None: survival alone.
    control
        Name of the control; None: the first of the two in their order.
    cage, strata, n, seed
        As :func:`log_rank_many_to_one`.
    level
        Confidence level.

    Returns
    -------
    WinRatioFit
        Status ``constant``: no pair differs; ``one_cage``: a group has one cage, effect kept; ``too_few``: the
        labels have one arrangement. The ratio is 0 or infinite, without interval, where one side wins no pair.

    Raises
    ------
    StatisticsError
        As :func:`cafs`; groups other than two; a cage that lies in two strata.

    References
    ----------
    Pocock et al. (2012) Eur Heart J 33:176. Bebu & Lachin (2016) Biostatistics 17:178. Dong et al. (2018)
    J Biopharm Stat 28:778. Brunner & Munzel (2000) Biometrical J 42:17.

    Examples
    --------
    Of nine pairs the case wins six, five by living longer and one by function, and loses three.

    >>> time, event = [50, 70, 100, 60, 100, 100], [1, 1, 0, 1, 0, 0]
    >>> fit = win_ratio(time, event, [0, 0, 0, 1, 1, 1], change=[np.nan, np.nan, -4, np.nan, -5, -2])
    >>> fit.wins, fit.losses, fit.win_ratio
    (6, 3, 2.0)
    """
    subjects = followed(time, event)
    size = len(subjects)
    names, case = two_groups(group, control, size)
    confidence(level)
    layer = np.zeros(size, dtype=np.int64) if strata is None else coded(strata, "stratum", size)[1]
    by_survival, by_function = pairs(subjects, checked_change(change, size))
    same = layer[:, None] == layer
    wins = (by_survival + by_function) * same
    moving = moves(case.astype(np.int64), cage, None if strata is None else layer, n, seed)
    arranged = moving.arranged(case.astype(np.int64))
    across = wins[np.ix_(case, ~case)]
    counted = int((same[np.ix_(case, ~case)]).sum())
    won, lost = int((across > 0).sum()), int((across < 0).sum())
    decided = int((by_survival * same)[np.ix_(case, ~case)].astype(bool).sum())
    status, note = standing(moving, case, constant=not wins.any(), distinct=arranged.n_distinct)
    if status == "ok" and counted == 0:
        status, note = "too_few", "no stratum holds a case and a control"
    rates, parts = _rates(wins, case, layer)
    benefit = float(rates[0] - rates[1])
    tested = (float("nan"), float("nan"), 0)
    covariance, df = np.full((2, 2), np.nan), float("nan")
    if status == "ok":
        tested = permuted(np.abs(_net_benefits(wins, arranged, layer)), abs(benefit), arranged)
        covariance, df = unit_variance(parts, moving, case)
        note = "" if min(won, lost) else "one side wins no pair: the ratio has no interval"
    ratio, log_ratio, slope = _ratio(rates)
    se, low, high = interval(log_ratio, float(slope @ covariance @ slope), df, level)
    with np.errstate(over="ignore"):  # a limit beyond what a double can hold is infinite
        ratio_ends = float(np.exp(low)), float(np.exp(high))
    gap = np.array([1.0, -1.0])
    ends = interval(benefit, float(gap @ covariance @ gap), df, level)
    labels = np.empty(2, dtype=object)
    labels[:] = names
    return WinRatioFit(
        log_ratio,
        se,
        df,
        low,
        high,
        ratio,
        ratio_ends[0],
        ratio_ends[1],
        benefit,
        *ends,
        *tested,
        arranged.exact,
        arranged.scheme,
        won,
        lost,
        counted - won - lost,
        decided / counted if counted else float("nan"),
        labels,
        np.array([(~case).sum(), case.sum()]),
        np.array([moving.units(~case), moving.units(case)]),
        status,
        note,
    )


def _rates(wins: Wins, case: Mask, layer: Integers) -> tuple[Floats, Floats]:
    """Return the chances of winning and losing (2,), and what each subject adds to them (n, 2).

    A case's share of wins against the controls of its stratum less the stratum's rate, over the number of cases,
    and likewise for a control: the first-order terms of the U statistics. Strata weigh n₁n₀/N.
    """
    names = np.unique(layer)
    weights, rates = np.zeros(names.size), np.zeros((names.size, 2))
    parts = np.zeros((case.size, 2))
    for at, name in enumerate(names.tolist()):
        cases, controls = np.flatnonzero(case & (layer == name)), np.flatnonzero(~case & (layer == name))
        if not (cases.size and controls.size):
            continue
        block = wins[np.ix_(cases, controls)]
        weights[at] = cases.size * controls.size / (cases.size + controls.size)
        for column, sign in enumerate((1, -1)):
            hit = block == sign
            rates[at, column] = hit.mean()
            parts[cases, column] = weights[at] * (hit.mean(axis=1) - hit.mean()) / cases.size
            parts[controls, column] = weights[at] * (hit.mean(axis=0) - hit.mean()) / controls.size
    total = weights.sum()
    if total == 0:
        return np.full(2, np.nan), parts
    return weights @ rates / total, parts / total


def _net_benefits(wins: Wins, arranged: Permutations, layer: Integers) -> Floats:
    """Return the net benefit of each arrangement (P,).

    Wins less losses of cases against controls is Σ over cases of their score against all of their stratum, because
    the comparisons among cases cancel out: linear in the labels, so that one product serves all arrangements.
    """
    of_stratum = np.bincount(layer)
    score = wins.sum(axis=1, dtype=np.int64) / of_stratum[layer]
    top = arranged.labels @ score
    member = (layer[:, None] == np.arange(of_stratum.size)).astype(np.float64)
    cases = arranged.labels @ member
    bottom = (cases * (of_stratum - cases) / of_stratum).sum(axis=1)
    benefits: Floats = np.divide(top, bottom, out=np.zeros_like(top), where=bottom > 0)
    return benefits


def _ratio(rates: Floats) -> tuple[float, float, Floats]:
    """Return the win ratio, its logarithm, and the derivative of that by the two rates (2,)."""
    won, lost = float(rates[0]), float(rates[1])
    if won > 0 and lost > 0:
        return won / lost, float(np.log(won / lost)), np.array([1 / won, -1 / lost])
    nan = np.full(2, np.nan)
    if won > 0:
        return float("inf"), float("inf"), nan
    return (0.0, float("-inf"), nan) if lost > 0 else (float("nan"), float("nan"), nan)
