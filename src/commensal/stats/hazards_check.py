"""Whether hazards are proportional: does a log hazard ratio change with time?"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from commensal.errors import StatisticsError
from commensal.stats._arrays import Floats, Integers, numbers, same_length
from commensal.stats._cox import FLAT, Likelihood, Moments, likelihood, maximum
from commensal.stats._survival import Followed, Mask, RiskSets, coded, confidence, followed, lost_with_one, risk_sets
from commensal.stats.fits import Texts
from commensal.stats.survival import curve_of

if TYPE_CHECKING:
    import pandas as pd

TRANSFORMS = ("km", "identity", "log", "rank")


@dataclass(frozen=True, slots=True)
class HazardsCheck:
    """How the log hazard ratio of each of k columns changes with g(time); missing numbers are NaN."""

    effect: Floats  # (k,) change of the log hazard ratio per unit of g, one Newton step from no change
    se: Floats  # (k,)
    low: Floats  # (k,)
    high: Floats  # (k,)
    statistic: Floats  # (k,) χ² of one degree of freedom; with clusters t
    df: Floats  # (k,) 1; with clusters those of t
    p: Floats  # (k,)
    global_statistic: float  # χ² of all columns together; NaN with clusters
    global_p: float
    transform: str
    n_events: int
    n_clusters: int  # subjects where no clusters were given
    status: Texts  # (k,) ok | no_events | one_cage | separated | rank_deficient | too_few
    note: str

    def table(self) -> pd.DataFrame:
        """Return one row per column."""
        import pandas as pd

        names = ("effect", "se", "low", "high", "statistic", "df", "p", "status")
        return pd.DataFrame({name: getattr(self, name) for name in names}).rename_axis("column")


def proportional_hazards(
    time: ArrayLike,
    event: ArrayLike,
    x: ArrayLike,
    *,
    cluster: ArrayLike | None = None,
    strata: ArrayLike | None = None,
    entry: ArrayLike | None = None,
    transform: str = "km",
    ties: str = "efron",
    level: float = 0.95,
) -> HazardsCheck:
    """Ask whether the coefficients of Cox's model of time (n,), event (n,) on x (n, k) change with time.

    The model gets, for each column x_j, the column x_j g(t), and the score test of its coefficient θ_j at 0 is made
    with the information of both (``survival::cox.zph``, from 3.0 on; Grambsch and Therneau's test of the scaled
    Schoenfeld residuals is its approximation with one variance for all times): χ²_j = U_j²/S_j, U_j = Σ_m g(t_m) r_mj
    over deaths with Schoenfeld residuals r, S the information left after β. θ̂_j = U_j/S_j is one Newton step.

    With clusters the variance of θ̂_j is m/(m − 1 − k) Σ_g (u_g − ū)², u_g the sum of a cluster's score residuals over
    S_j, and t has m − 1 − k degrees of freedom. A frailty of cages makes hazard ratios fall with time by itself.

    Parameters
    ----------
    time, event, x, strata, entry, ties
        As :func:`cox`.
    cluster
        (n,) cage, isolator, litter. None: subjects are independent.
    transform
        g: ``"km"`` 1 − S(t−) of all subjects together, so that a unit is the whole of the follow-up's deaths;
        ``"identity"``, ``"log"`` (times above 0), ``"rank"`` among all times (the mean of tied ones).
    level
        Confidence level of the intervals.

    Returns
    -------
    HazardsCheck
        Status ``no_events``; ``rank_deficient``: a column says nothing beside the others; ``separated``: the
        coefficients have no maximum; ``too_few``: deaths at one time only, or too few clusters; ``one_cage``: without
        one single cluster the column could not be tested.

    Raises
    ------
    StatisticsError
        As :func:`cox`; no column; an unknown transform; log of a time that is 0.

    References
    ----------
    Grambsch & Therneau (1994) Biometrika 81:515. Therneau & Grambsch (2000) Modeling Survival Data, chapter 6.

    Examples
    --------
    All controls die early or late, the cases in the middle: the ratio turns.

    >>> days = [1, 2, 3, 4, 17, 18, 19, 20, 9, 10, 11, 12, 13, 14, 15, 16]
    >>> fit = proportional_hazards(days, [1] * 16, np.repeat([0, 1], 8)[:, None])
    >>> bool(fit.effect[0] > 0), bool(fit.p[0] < 0.05)
    (True, True)
    """
    subjects = followed(time, event, entry)
    confidence(level)
    columns = same_length(numbers(x, "the columns", dimensions=2), "the columns", len(subjects))
    if not columns.shape[1]:
        raise StatisticsError("nothing to check", found="no column", expected="the columns of the Cox model")
    if transform not in TRANSFORMS:
        raise StatisticsError("no such transform of time", found=repr(transform), expected=", ".join(TRANSFORMS))
    unit = np.arange(len(subjects)) if cluster is None else coded(cluster, "cluster", len(subjects))[1]
    blank = _Blank(columns.shape[1], transform, int(subjects.event.sum()), int(unit.max()) + 1)
    if not subjects.event.any():
        return blank.because("no_events", "nobody had the event")
    layer = None if strata is None else coded(strata, "stratum", len(subjects))[1]
    scale = np.abs(columns - columns.mean(axis=0)).max(axis=0)
    scale[scale == 0] = 1.0
    risk = risk_sets(subjects, layer)
    model = likelihood(subjects, (columns - columns.mean(axis=0)) / scale, risk, ties)
    start = model.at(np.zeros(columns.shape[1])).information
    if np.linalg.matrix_rank(start, hermitian=True) != columns.shape[1]:
        return blank.because("rank_deficient", "a column is constant or told by the others")
    _, at = maximum(model)
    if np.linalg.eigvalsh(np.linalg.solve(start, at.information)).min() < FLAT:
        return blank.because("separated", "all events speak for one side: there is no maximum to look at")
    g = _of_time(subjects, risk, transform)
    check = blank.tested(_pieces(model, at, g), scale, None if cluster is None else unit, level)
    if cluster is None:
        return check
    alone = [lost_with_one(columns, one, unit) for one in np.eye(columns.shape[1])]
    return _without(check, np.array(alone))


def _without(check: HazardsCheck, alone: Mask) -> HazardsCheck:
    """Take what hangs on one cluster (k,) from a check."""
    if not alone.any() or (check.status != "ok").any():
        return check
    fields = ("se", "low", "high", "statistic", "df", "p")
    kept: dict[str, Any] = {name: np.where(alone, np.nan, getattr(check, name)) for name in fields}
    status = np.where(alone, "one_cage", check.status).astype(object)
    return replace(check, **kept, status=status, note="a column hangs on one cluster")


@dataclass(frozen=True, slots=True)
class _Pieces:
    """Score and information of θ at 0."""

    score: Floats  # (k,)
    left: Floats  # (k, k) information after β
    residuals: Floats  # (n, k) of subjects, after β


def _of_time(subjects: Followed, risk: RiskSets, transform: str) -> Floats:
    """Return g at each death (M,), a column each as in the likelihood."""
    t = np.repeat(risk.time, risk.event.sum(axis=0).astype(np.int64))
    if transform == "identity":
        return t
    if transform == "log":
        if (t == 0).any():
            raise StatisticsError("log of a time that is 0", mend='take another transform, such as "km"')
        return np.log(t)
    if transform == "rank":
        ends = np.sort(subjects.time)
        return (1.0 + np.searchsorted(ends, t) + np.searchsorted(ends, t, side="right")) / 2
    curve = curve_of(subjects)
    before: Floats = np.append(1.0, curve.survival)[np.searchsorted(curve.time, t, side="left")]
    return 1.0 - before


def _pieces(model: Likelihood, at: Moments, g: Floats) -> _Pieces:
    share = model.weight * (at.risk[:, None] / at.s0)
    own = model.died.T @ model.x - at.mean
    spread = np.einsum("im,ij,ik->mjk", share, model.x, model.x) - np.einsum("mj,mk->mjk", at.mean, at.mean)
    first, cross, second = spread.sum(axis=0), np.tensordot(g, spread, 1), np.tensordot(g**2, spread, 1)
    after = np.linalg.solve(first, cross)
    hazard = model.died - share
    plain = hazard.sum(axis=1)[:, None] * model.x - hazard @ at.mean
    timed = (hazard @ g)[:, None] * model.x - hazard @ (g[:, None] * at.mean)
    return _Pieces(g @ own, second - cross.T @ after, timed - plain @ after)


@dataclass(frozen=True, slots=True)
class _Blank:
    """What is known before the test."""

    k: int
    transform: str
    n_events: int
    n_clusters: int

    def because(self, status: str, note: str) -> HazardsCheck:
        """Return a check without numbers."""
        none = [np.full(self.k, np.nan) for _ in range(7)]
        return self._made(none, float("nan"), float("nan"), np.full(self.k, status, dtype=object), note)

    def tested(self, pieces: _Pieces, scale: Floats, unit: Integers | None, level: float) -> HazardsCheck:
        """Return the check of each column and of all."""
        from scipy.special import chdtrc, ndtri, stdtr, stdtrit

        if np.linalg.matrix_rank(pieces.left, tol=1e-9 * max(np.trace(pieces.left), 1e-300)) != self.k:
            return self.because("too_few", "deaths at so few times do not tell a change")
        left = np.diagonal(pieces.left)
        effect = pieces.score / left
        if unit is None:
            se = left**-0.5
            statistic, df = (effect / se) ** 2, np.ones(self.k)
            p, half = np.asarray(chdtrc(1.0, statistic), dtype=np.float64), float(ndtri((1 + level) / 2)) * se
            total = float(pieces.score @ np.linalg.solve(pieces.left, pieces.score))
            whole = total, float(chdtrc(float(self.k), total))
        else:
            m = self.n_clusters
            if m - 1 - self.k < 1:
                return self.because("too_few", f"{m} clusters for {self.k} columns")
            sums = np.zeros((m, self.k))
            np.add.at(sums, unit, pieces.residuals / left)
            se = np.sqrt(((sums - sums.mean(axis=0)) ** 2).sum(axis=0) * m / (m - 1 - self.k))
            statistic, df = effect / se, np.full(self.k, float(m - 1 - self.k))
            p, half = 2 * stdtr(df, -np.abs(statistic)), stdtrit(df, (1 + level) / 2) * se
            whole = float("nan"), float("nan")
        columns: list[Floats] = [one / scale for one in (effect, se, effect - half, effect + half)]
        return self._made([*columns, statistic, df, p], *whole, np.full(self.k, "ok", dtype=object), "")

    def _made(self, columns: list[Floats], total: float, p: float, status: Texts, note: str) -> HazardsCheck:
        counts = (self.transform, self.n_events, self.n_clusters)
        effect, se, low, high, statistic, df, each = columns
        return HazardsCheck(effect, se, low, high, statistic, df, each, total, p, *counts, status, note)
