"""Survival of several arms against one control: log-rank statistics, p by permuted labels, familywise control."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from commensal.stats._arrays import Floats, Integers
from commensal.stats._survival import (
    Followed,
    Mask,
    Moves,
    coded,
    followed,
    ladder,
    moves,
    share_reached,
    smallest_reachable,
)
from commensal.stats.fits import Counts, Texts
from commensal.stats.logrank import group_codes, pair_scores
from commensal.stats.permutation import Permutations

if TYPE_CHECKING:
    import pandas as pd

#: Up to so many arms the closed test looks at every set of arms; beyond, Holm's bound stands in for the joint test.
CLOSED = 5
#: Labels in a chunk of permutations: few enough for counts and sums to stay in the processor's cache (2 × faster).
_CHUNK = 50_000


@dataclass(frozen=True, slots=True)
class ManyToOneFit:
    """k arms against one control; missing numbers are NaN, and `status` says why."""

    arm: Texts  # (k,) names
    control: object  # name of the control
    effect: Floats  # (k,) one-step log hazard ratio of the arm against the control
    statistic: Floats  # (k,) log-rank z: above 0 where the arm has more events than expected
    p: Floats  # (k,) two-sided, labels permuted among this arm and the control only
    p_closed: Floats  # (k,) familywise, whatever the other arms do
    p_max: Floats  # (k,) familywise if no arm differs: the largest |z| over all arms, labels permuted among all
    smallest_p: Floats  # (k,) the smallest that `p`, and so `p_closed`, can be
    smallest_p_max: float  # the same of `p_max`
    n: Counts  # (k,) subjects of the arm
    events: Counts  # (k,) events among them
    n_units: Counts  # (k,) what labels move with: cages, or subjects
    n_control: int
    n_units_control: int
    n_permutations: Counts  # (k,) arrangements compared for `p`
    exact: np.ndarray[tuple[int], np.dtype[np.bool_]]  # (k,) they are all there are
    scheme: str
    method: str  # how `p_closed` was reached
    status: Texts  # (k,) ok | no_events | one_cage | too_few
    note: Texts  # (k,)

    def table(self) -> pd.DataFrame:
        """Return one row per arm."""
        import pandas as pd

        names = [name for name in self.__slots__ if name not in ("smallest_p_max", "n_control", "n_units_control")]
        columns = {name: getattr(self, name) for name in names}
        return pd.DataFrame(columns)


@dataclass(frozen=True, slots=True)
class _Setting:
    """What stays while labels move."""

    subjects: Followed
    codes: Integers  # (n,) 0 the control, 1 … k the arms
    layer: Integers | None  # (n,) strata
    moves: Moves

    def arranged(self, rows: Mask) -> Permutations:
        """Return arrangements of the labels of some subjects."""
        return self.moves.arranged(self.codes, rows)

    def units(self, side: int) -> int:
        """Return how many cages, or subjects, an arm has."""
        return self.moves.units(self.codes == side)


def log_rank_many_to_one(
    time: ArrayLike,
    event: ArrayLike,
    group: ArrayLike,
    control: object,
    *,
    cage: ArrayLike | None = None,
    strata: ArrayLike | None = None,
    entry: ArrayLike | None = None,
    n: int = 9999,
    seed: int = 1,
) -> ManyToOneFit:
    """Compare the survival of k arms with one control, time (n,), event (n,), group (n,), by permuted labels.

    Each arm is compared with the control by the log-rank z = (O − E)/√V of these two alone (see :func:`log_rank`),
    which is referred to its values under rearranged labels. Where cages are nested in arms whole cages change
    labels; where arms are mixed in cages, labels move within them; strata keep their labels. All arrangements are
    enumerated when there are no more than ``n``. Three levels of p:

    ``p``
        of one comparison, labels moving among its two arms. Exact.
    ``p_closed``
        familywise, in the strong sense: closed testing (Marcus, Peritz & Gabriel 1976). Every set S of arms is
        tested by its largest z² with labels moving among S and the control, and an arm's p is the largest over the
        sets that hold it. Exact whatever the arms outside S do; beyond ``CLOSED`` arms Holm's procedure on ``p``.
    ``p_max``
        the share of arrangements of *all* labels in which the largest z² over arms reaches this arm's. It can be
        small with few cages, because many arms make many arrangements, but promises familywise control only if no
        arm differs: another arm's effect enters the arrangements. Use it to ask whether anything happened.

    Permutation asks that subjects (cages) are exchangeable under the null: equal follow-up, deaths that are censored
    by rule and not by arm. With 3 against 3 cages there are 20 arrangements in mirrored pairs, so p ≥ 0.1.

    Parameters
    ----------
    time, event, group, strata, entry
        As :func:`log_rank`.
    control
        Name of the control group.
    cage
        (n,) cage, isolator or litter. Cages of different arms need different names.
    n
        Random arrangements, when there are more distinct ones.
    seed
        Seed of the random arrangements.

    Returns
    -------
    ManyToOneFit
        Status ``no_events``: none in the arm and the control; ``one_cage``: the arm or the control has one cage
        only, so there is no p; ``too_few``: no arrangement of labels but the observed one, or z is undefined.

    Raises
    ------
    StatisticsError
        As :func:`log_rank`; a control that is no group; a cage that lies in two strata.

    Examples
    --------
    Two strains against germ-free mice, three cages of two each: 20 arrangements for one comparison.

    >>> cage = np.repeat(np.arange(9), 2)
    >>> arm = np.repeat(["none", "A", "B"], 6)
    >>> days = [20, 22, 21, 25, 23, 24, 30, 34, 31, 35, 33, 36, 21, 24, 22, 26, 20, 23]
    >>> fit = log_rank_many_to_one(days, [1] * 18, arm, "none", cage=cage)
    >>> fit.arm.tolist(), fit.p.round(3).tolist(), fit.smallest_p.tolist()
    (['A', 'B'], [0.1, 0.9], [0.1, 0.1])
    """
    subjects = followed(time, event, entry)
    names, codes = group_codes(group, control, subjects)
    layer = None if strata is None else coded(strata, "stratum", len(subjects))[1]
    setting = _Setting(subjects, codes, layer, moves(codes, cage, layer, n, seed))
    k = names.size - 1
    fits = [_one(setting, arm) for arm in range(1, k + 1)]
    z = np.array([fit.z for fit in fits])
    p = np.array([fit.p for fit in fits])
    usable = [arm for arm in range(1, k + 1) if fits[arm - 1].status == "ok"]
    closed, method = _closed(setting, usable, z, p)
    p_max, floor = _max(setting, usable, z)
    units = np.array([setting.units(arm) for arm in range(k + 1)])
    in_arm = [codes == arm for arm in range(1, k + 1)]
    return ManyToOneFit(
        names[1:],
        names[0],
        np.array([fit.effect for fit in fits]),
        z,
        p,
        closed,
        p_max,
        np.array([fit.floor for fit in fits]),
        floor,
        np.array([int(rows.sum()) for rows in in_arm]),
        np.array([int(subjects.event[rows].sum()) for rows in in_arm]),
        units[1:],
        int(np.count_nonzero(codes == 0)),
        int(units[0]),
        np.array([fit.compared for fit in fits]),
        np.array([fit.exact for fit in fits]),
        fits[0].scheme,
        method,
        np.array([fit.status for fit in fits], dtype=object),
        np.array([fit.note for fit in fits], dtype=object),
    )


@dataclass(frozen=True, slots=True)
class _Pair:
    """One arm against the control."""

    effect: float
    z: float
    p: float
    floor: float
    compared: int
    exact: bool
    scheme: str
    status: str
    note: str


def _one(setting: _Setting, arm: int) -> _Pair:
    """Compare one arm with the control by arrangements of their labels."""
    rows = np.isin(setting.codes, (0, arm))
    arranged = setting.arranged(rows)
    effect, z = _observed(setting, arm)
    nan = float("nan")
    status, note = "ok", ""
    if not setting.subjects.event[rows].any():
        status, note = "no_events", "nobody in the arm and the control had the event"
    elif np.isnan(z):
        status, note = "too_few", "the arm and the control were never at risk together at an event"
    elif setting.moves.whole and min(setting.units(0), setting.units(arm)) < 2:
        status, note = "one_cage", "the arm or the control has one cage: its effect cannot be told from the cage's"
    elif arranged.n_distinct <= 1:
        status, note = "too_few", "the labels have one arrangement only"
    if status != "ok":
        return _Pair(effect, z, nan, nan, 0, arranged.exact, arranged.scheme, status, note)
    null = _null(setting, rows, arranged, (arm,))
    ends = smallest_reachable(null, arranged)
    compared = int(arranged.labels.shape[0])
    p = float(share_reached(null, np.array([abs(z)]), arranged)[0])
    return _Pair(effect, z, p, ends, compared, arranged.exact, arranged.scheme, status, note)


def _observed(setting: _Setting, arm: int) -> tuple[float, float]:
    """Return the one-step log hazard ratio and z of an arm against the control."""
    case, control = (setting.codes == arm)[None, :], (setting.codes == 0)[None, :]
    risk = ladder(setting.subjects, setting.layer)
    difference, variance = (float(each[0]) for each in pair_scores(case, control, risk))
    if variance <= 0:
        return float("nan"), float("nan")
    return difference / variance, difference / variance**0.5


def _null(setting: _Setting, rows: Mask, arranged: Permutations, arms: tuple[int, ...]) -> Floats:
    """Return the largest |z| over arms for each arrangement (P,) of the labels of ``rows``."""
    layer = None if setting.layer is None else setting.layer[rows]
    risk = ladder(setting.subjects.take(rows), layer)
    largest = np.zeros(arranged.labels.shape[0])
    step = max(1, _CHUNK // int(rows.sum()))
    for start in range(0, largest.size, step):
        labels = arranged.labels[start : start + step]
        control = labels == 0
        for arm in arms:
            difference, variance = pair_scores(labels == arm, control, risk)
            z = np.abs(difference) / np.sqrt(np.where(variance > 0, variance, np.inf))
            np.maximum(largest[start : start + step], z, out=largest[start : start + step])
    return largest


def _max(setting: _Setting, arms: list[int], z: Floats) -> tuple[Floats, float]:
    """Return the single-step p (k,) of the largest |z|, labels moving among all arms, and its floor."""
    p = np.full(z.size, np.nan)
    if not arms:
        return p, float("nan")
    rows = np.isin(setting.codes, (0, *arms))
    arranged = setting.arranged(rows)
    null = _null(setting, rows, arranged, tuple(arms))
    at = np.array(arms) - 1
    p[at] = share_reached(null, np.abs(z[at]), arranged)
    return p, smallest_reachable(null, arranged)


def _closed(setting: _Setting, arms: list[int], z: Floats, p: Floats) -> tuple[Floats, str]:
    """Return p adjusted by closed testing (k,) and how."""
    adjusted = np.full(z.size, np.nan)
    at = np.array(arms, dtype=np.int64) - 1
    if len(arms) > CLOSED:
        order = at[np.argsort(p[at], kind="stable")]
        steps = p[order] * np.arange(order.size, 0, -1)
        adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
        return adjusted, "Holm's procedure on p"
    adjusted[at] = p[at]
    for size in range(2, len(arms) + 1):
        for chosen in combinations(arms, size):
            rows = np.isin(setting.codes, (0, *chosen))
            arranged = setting.arranged(rows)
            inside = np.array(chosen) - 1
            null = _null(setting, rows, arranged, chosen)
            worst = float(share_reached(null, np.abs(z[inside]).max(keepdims=True), arranged)[0])
            adjusted[inside] = np.maximum(adjusted[inside], worst)
    return adjusted, "closed testing by the largest |z|"
