"""A measure followed over time in arms: the difference at each time, single and joint over times."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from commensal.errors import StatisticsError
from commensal.stats._design import numbers
from commensal.stats._joint_max import JointMax, joint_max
from commensal.stats.fits import Array, Counts, Texts
from commensal.stats.unit_contrasts import UnitFit, unit_contrasts

if TYPE_CHECKING:
    import pandas as pd

#: Subjects whose residuals at two times must be known to say how these go together; with fewer they count as apart.
PAIRS = 5


@dataclass(frozen=True, slots=True)
class TrajectoryFit:
    """One contrast at each of t times; missing is NaN, and `status` says why.

    Attributes
    ----------
    times : (t,)
        As given.
    effect, se, df, statistic, p, low, high : (t,)
        Of each time alone, as in `UnitFit`.
    p_joint, low_joint, high_joint : (t,)
        Single-step adjusted p and simultaneous interval over the times that have a p.
    status, n, n_units, note : (t,)
        As in `UnitFit`.
    """

    times: Array
    effect: Array
    se: Array
    df: Array
    statistic: Array
    p: Array
    low: Array
    high: Array
    p_joint: Array
    low_joint: Array
    high_joint: Array
    status: Texts
    n: Counts
    n_units: Counts
    note: Texts

    def __len__(self) -> int:
        """Return the number of times."""
        return len(self.effect)

    def table(self) -> pd.DataFrame:
        """Return a DataFrame with one row per time and one column per field."""
        import pandas as pd

        return pd.DataFrame({name: getattr(self, name) for name in self.__slots__})


def trajectories(
    values: ArrayLike,
    times: ArrayLike,
    x: ArrayLike,
    contrasts: ArrayLike,
    cage: Iterable[Hashable] | None = None,
    outer: Iterable[Hashable] | None = None,
    *,
    kind: str = "value",
    ceiling: float | None = None,
    floor: float | None = None,
    level: float = 0.95,
) -> tuple[TrajectoryFit, ...]:
    """Compare subjects at each time, values (s, t) with a row per subject, on x (s, k), contrasts (c, k).

    Each time has its own model of those who were measured then: own variances, own coefficient of the baseline and of
    other columns of x. Where nobody is missing and units are subjects, this is the repeated-measures model with all
    its columns crossed with time and an unstructured covariance; where values are missing because subjects died it
    speaks of the living, and says nothing of what the dead would have had.

    Parameters
    ----------
    values : (s, t)
        Value of each subject at each time; NaN is missing.
    times : (t,)
        The times, each once.
    x : (s, k)
        Columns of the model: intercept, arms, baseline value, covariates; complete.
    contrasts : (c, k)
        One contrast per row.
    cage, outer : (s,), optional
        Units of the subjects, as for `unit_contrasts`.
    kind, ceiling, floor
        What the values are, as for `unit_contrasts`.
    level
        Of the intervals, and jointly of the simultaneous ones.

    Returns
    -------
    tuple of c TrajectoryFit
        p is `unit_contrasts`' of each time. p_joint = P(max over times |T| ≥ |t|), T a joint t with the correlation
        between times of what x leaves of the subjects' values; each time with its own df, intervals with the smallest
        one. An approximation: the correlation is estimated, and taken to be the same of subjects and of cages.

    Raises
    ------
    StatisticsError
        As `unit_contrasts`; times that do not fit, are missing or come twice.

    References
    ----------
    Hothorn, Bretz and Westfall 2008, Biometrical J 50:346; Naiman and Priebe 2001, J Comput Graph Stat 10:296. In R:
    ``emmeans`` of one ``lmerTest::lmer`` per time, ``multcomp::glht``.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(1)
    >>> arm = np.repeat([0, 1], 8)
    >>> values = rng.normal(size=(16, 1)) + rng.normal(size=(16, 3)) + np.outer(arm, [0, 1, 3])
    >>> x = np.column_stack([np.ones(16), arm])
    >>> fit = trajectories(values, [10, 20, 30], x, [[0, 1]], np.repeat(np.arange(8), 2))[0]
    >>> print(fit.effect.round(2), fit.df.round(1), fit.p.round(4), fit.p_joint.round(3))
    [-0.12  0.47  2.86] [6. 6. 6.] [0.8564 0.2882 0.0293] [0.994 0.573 0.071]
    """
    y, columns, at = numbers(values, "values", 2), numbers(x, "x", 2), numbers(times, "times", 1)
    if at.shape != y.shape[1:] or not np.isfinite(at).all() or np.unique(at).size != at.size:
        raise StatisticsError(
            "times and values do not fit", found=f"{at.size} times", expected=f"{y.shape[1]} different numbers"
        )
    fits = unit_contrasts(y, columns, contrasts, cage, outer, kind=kind, ceiling=ceiling, floor=floor, level=level)
    between = _between_times(y, columns)
    joints: dict[bytes, JointMax] = {}
    return tuple(_joined(fit, at, between, level, joints) for fit in fits)


def _joined(
    fit: UnitFit, times: Array, correlation: Array, level: float, joints: dict[bytes, JointMax]
) -> TrajectoryFit:
    p, low, high = _over_times(fit, correlation, level, joints)
    own = {name: getattr(fit, name) for name in UnitFit.__dataclass_fields__ if name != "features"}
    return TrajectoryFit(times=times, **own, p_joint=p, low_joint=low, high_joint=high)


def _over_times(
    fit: UnitFit, correlation: Array, level: float, joints: dict[bytes, JointMax]
) -> tuple[Array, Array, Array]:
    """Return adjusted p and simultaneous interval (t,) each, over the times of a fit that have a p."""
    from scipy.special import stdtrit

    told = np.flatnonzero(np.isfinite(fit.p))
    p, low, high = np.full((3, len(fit)), np.nan)
    if not told.size:
        return p, low, high
    key = told.tobytes()
    joint = joints.setdefault(key, joints.get(key) or joint_max(correlation[np.ix_(told, told)]))
    size = np.abs(fit.statistic)
    for i in told:
        p[i] = max(joint.p(float(size[i]), float(fit.df[i])), fit.p[i])
    single = stdtrit(fit.df[told], (1 + level) / 2)
    # of censored values the interval is wider than se says: by the same factor in the joint one
    reach = joint.critical(level, float(fit.df[told].min())) * (fit.high - fit.effect)[told] / single
    low[told], high[told] = fit.effect[told] - reach, fit.effect[told] + reach
    return p, low, high


def _between_times(y: Array, x: Array) -> Array:
    """Correlation (t, t) between times of the residuals of y (s, t) on x (s, k), over the subjects of both times."""
    residual = np.full(y.shape, np.nan)
    for i in range(y.shape[1]):
        here = ~np.isnan(y[:, i])
        if here.sum() > x.shape[1]:
            beta = np.linalg.lstsq(x[here], y[here, i], rcond=None)[0]
            residual[here, i] = y[here, i] - x[here] @ beta
    known = ~np.isnan(residual)
    filled = np.where(known, residual, 0.0)
    both = known.astype(float)
    square = (filled**2).T @ both
    with np.errstate(all="ignore"):
        found = filled.T @ filled / np.sqrt(square * square.T)
    found[~np.isfinite(found) | (both.T @ both < PAIRS)] = 0.0
    np.fill_diagonal(found, 1.0)
    return np.asarray(np.clip(found, -1.0, 1.0))
