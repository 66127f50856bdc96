"""Arms against one control through the units that hold the animals: joint intervals, with covariates and batches."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from commensal.errors import StatisticsError
from commensal.stats import _joint_t as exact
from commensal.stats._arrays import Floats, numbers
from commensal.stats._joint_max import JointMax, joint_max
from commensal.stats.hierarchical import refuse_level
from commensal.stats.one_control import DunnettFit, Mask, Texts, labels_of

Codes = NDArray[np.int64]
#: How far, relative to its length, a contrast may lie outside the rows of the design and still be estimated.
OUTSIDE = 1e-8
#: Sum of squared residuals, as a share of the squares of y, below which it is rounding.
ROUNDING = 1e-24


def arm_contrasts(
    y: ArrayLike,
    arm: ArrayLike,
    control: object,
    *,
    unit: ArrayLike | None = None,
    covariates: ArrayLike | None = None,
    strata: ArrayLike | None = None,
    endpoints: int = 1,
    level: float = 0.95,
) -> DunnettFit:
    """Compare y (n,) in every arm with the control, jointly over arms and over several endpoints.

    Least squares on arms, covariates and strata; the observations are

    - the means of units, unweighted, where every unit lies in one arm (cages nested in arms): df = units − columns;
    - the subjects, with a column for each unit, where arms differ within units (litters);
    - the subjects, without units.

    p and intervals are those of the largest |t| over arms (Dunnett 1955): P(max |T_j| ≥ |t|), T multivariate t with the
    effects' correlation. Over m endpoints the p is m times that, and the intervals are at 1 − (1 − level) / m, so that
    the familywise error over arms × endpoints is at most 1 − level, whatever the endpoints' correlation (Bonferroni).
    Exact (but for Bonferroni) for normal y of one variance and units of one size; otherwise an approximation, and
    `approximation` says which.

    Parameters
    ----------
    y
        (n,) one number of each subject; NaN is missing.
    arm
        (n,) arm of each subject.
    control
        The arm that all others are compared with.
    unit
        (n,) cage, isolator, litter: its full identity.
    covariates
        (n, k) numbers, complete where y is.
    strata
        (n,) batch: compared inside; an arm without a control in its batches is tied to it through other arms, or
        ``rank_deficient``.
    endpoints
        How many endpoints share the familywise error, 1 or more.
    level
        Joint confidence, over arms and endpoints.

    Returns
    -------
    DunnettFit
        Status ``one_cage``: the arm or the control has one unit (without units ``too_few``: one subject): the effect
        stays, p and interval are missing.

    Raises
    ------
    StatisticsError
        Lengths that differ, a control without subjects, no other arm, missing labels or covariates, infinite y.

    References
    ----------
    Dunnett (1955) J Am Stat Assoc 50:1096–1121. Hothorn, Bretz & Westfall (2008) Biom J 50:346–363. In R:
    ``multcomp::glht(lm(mean ~ arm + covariate, cages), linfct = mcp(arm = "Dunnett"))``.

    Examples
    --------
    Two strains and a vehicle, three cages of two mice each:

    >>> y = [5.0, 6, 4, 5, 6, 7, 9, 8, 9, 10, 8, 9, 5, 7, 6, 5, 4, 7]
    >>> arm = np.repeat(["vehicle", "A", "B"], 6)
    >>> fit = arm_contrasts(y, arm, "vehicle", unit=np.repeat(np.arange(9), 2))
    >>> fit.names.tolist(), fit.effect.round(2).tolist(), fit.p.round(4).tolist(), fit.df.tolist()
    (['A', 'B'], [3.33, 0.17], [0.0018, 0.9384], [6.0, 6.0])
    """
    refuse_level(level)
    if endpoints < 1:
        raise StatisticsError("there is at least one endpoint", found=endpoints)
    values, arms, names, more, units = given_arms(y, arm, control, unit, covariates, strata)
    rows = rows_of(values, arms, more, units)
    columns = np.column_stack([(rows.arm[:, None] == np.arange(1, len(names) + 1)).astype(float), rows.more])
    contrasts = np.eye(len(names), columns.shape[1])
    whole = "means of units" if rows.whole else "subjects within units" if units is not None else "subjects"
    fit = solved(rows.y, columns, contrasts)
    status = fit.status.copy()
    n = np.bincount(rows.arm, minlength=len(names) + 1)
    lone = (n[1:] == 1) | (n[0] == 1)
    status[lone & (status != "rank_deficient")] = "one_cage" if rows.whole else "too_few"
    status[(n[1:] == 0) | (n[0] == 0)] = "missing"
    sizes = np.unique(rows.size).size > 1
    told = f"joint t of least squares on {whole}, equal variances" + (
        "; approximate: units differ in size" if rows.whole and sizes else ""
    )
    return _jointly(fit, names, status, n[1:], int(n[0]), told, endpoints, level)


def arm_interactions(
    y: ArrayLike,
    arm: ArrayLike,
    control: object,
    side: ArrayLike,
    *,
    unit: ArrayLike | None = None,
    covariates: ArrayLike | None = None,
    strata: ArrayLike | None = None,
    endpoints: int = 1,
    level: float = 0.95,
) -> DunnettFit:
    """Compare the effects of arms, y (n,), between the two sides (n,) of another factor, such as genotype.

    The effect is (arm − control where `side` is true) − (arm − control where it is false). Where units hold subjects of
    both sides, the differences between the sides within units are compared between arms, and units of one side only
    have no part; otherwise the means of units are the observations of all four cells.

    Parameters
    ----------
    y, arm, control, unit, covariates, strata, endpoints, level
        As in :func:`arm_contrasts`. Covariates and strata have no part where differences within units are compared.
    side
        (n,) true and false.

    Raises
    ------
    StatisticsError
        As :func:`arm_contrasts`; a side without subjects.

    Examples
    --------
    The treatment adds 2 in one genotype and 5 in the other:

    >>> arm, genotype = np.repeat(["water", "abx"], 8), np.tile([False, False, True, True], 4)
    >>> y = [1.0, 2, 1, 2, 2, 1, 2, 1, 3, 4, 6, 7, 4, 3, 7, 6]
    >>> fit = arm_interactions(y, arm, "water", genotype)
    >>> fit.effect.round(2).tolist(), fit.df.tolist()
    ([3.0], [12.0])
    """
    refuse_level(level)
    other = np.asarray(side, dtype=bool)
    if other.shape != np.shape(arm) or other.all() or not other.any():
        raise StatisticsError("side is not true and false of each subject", found=f"shape {other.shape}")
    if unit is not None and _any_mixed(unit, other, y):
        return _within_units(y, arm, control, other, unit, endpoints, level)
    values, arms, names, more, units = given_arms(y, arm, control, unit, covariates, strata)
    other = other[_present(y)]
    k = len(names) + 1
    rows = rows_of(values, arms + k * other, more, units)
    columns = np.column_stack([(rows.arm[:, None] == np.arange(2 * k)).astype(float), rows.more[:, 1:]])
    contrasts = np.zeros((len(names), columns.shape[1]))
    for i in range(len(names)):
        contrasts[i, [k + i + 1, 0]], contrasts[i, [k, i + 1]] = 1, -1
    fit = solved(rows.y, columns, contrasts)
    n = np.bincount(rows.arm, minlength=2 * k)
    status = fit.status.copy()
    fewest = np.minimum(np.minimum(n[1:k], n[k + 1 :]), min(n[0], n[k]))
    status[fewest == 1] = "one_cage" if rows.whole else "too_few"
    status[fewest == 0] = "missing"
    told = "joint t of least squares on the cells' " + ("means of units" if rows.whole else "subjects")
    return _jointly(fit, names, status, n[1:k] + n[k + 1 :], int(n[0] + n[k]), told, endpoints, level)


def subject_levels(value: ArrayLike, time: ArrayLike) -> Floats:
    """Each subject's level, (n,), from its values (n, t), whichever times (t,) it was measured at.

    Values are taken as a subject's level plus what all have in common at that time (least squares, two factors), so
    that a subject without the late values is not judged by the early ones alone. With complete data it is the mean.
    When arms part as time goes, subjects measured to different ends are compared over different spans: a reader must
    know how many there are.

    Parameters
    ----------
    value
        (n, t) NaN where not measured.
    time
        (t,) the times; only their number is used.

    Returns
    -------
    (n,)
        NaN for a subject without values. Where no chain of subjects ties times to each other, their own means.

    Raises
    ------
    StatisticsError
        Shapes that do not fit, text.

    Examples
    --------
    The second animal died before the decline that the first one shows:

    >>> subject_levels([[10.0, 10, 4], [10, 10, float("nan")]], [1, 2, 3]).tolist()
    [8.0, 8.0]
    """
    try:
        values = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise StatisticsError("value does not hold numbers", found=error) from error
    if values.ndim != 2 or values.shape[1] != np.size(time):
        raise StatisticsError("value and time do not fit", found=f"{values.shape}, {np.size(time)} times")
    known = ~np.isnan(values)
    count = known.sum(axis=1)
    filled = np.where(known, values, 0.0)
    mean = np.where(count > 0, filled.sum(axis=1) / np.maximum(count, 1), np.nan)
    seen = known.any(axis=0)
    if known[count > 0].all() or not seen.any():
        return mean
    w = known[count > 0][:, seen].astype(float)
    share = w / w.sum(axis=1, keepdims=True)
    gram = np.diag(w.sum(axis=0)) - w.T @ share
    right = (filled[count > 0][:, seen] - w * mean[count > 0, None]).sum(axis=0)
    if np.linalg.matrix_rank(gram, hermitian=True) < int(seen.sum()) - 1:
        return mean
    common = np.linalg.pinv(gram, hermitian=True) @ right
    common -= common.mean()
    level = mean.copy()
    level[count > 0] -= share @ common
    return level


@dataclass(frozen=True, slots=True)
class Rows:
    """Observations of a model: means of whole units, or subjects."""

    y: Floats  # (r,)
    arm: Codes  # (r,)
    more: Floats  # (r, k) intercept or units, covariates, strata
    size: NDArray[np.int64]  # (r,) subjects in each
    whole: bool


@dataclass(frozen=True, slots=True)
class Solved:
    """Contrasts by least squares."""

    effect: Floats
    covariance: Floats
    df: float
    status: Texts


def _present(y: ArrayLike) -> Mask:
    try:
        values = np.asarray(y, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise StatisticsError("y does not hold numbers", found=error) from error
    if values.ndim != 1:
        raise StatisticsError("y is not one list", found=f"shape {values.shape}", expected="(n,)")
    known: Mask = ~np.isnan(values)
    return known


def given_arms(
    y: ArrayLike,
    arm: ArrayLike,
    control: object,
    unit: ArrayLike | None,
    covariates: ArrayLike | None,
    strata: ArrayLike | None,
) -> tuple[Floats, Codes, Texts, Floats, Codes | None]:
    """Return present y, arm codes (0 = control), names of the other arms, columns beside the arms', unit codes."""
    known = _present(y)
    n = known.size
    values = numbers(np.asarray(y, dtype=np.float64)[known], "y", dimensions=1)
    labels = labels_of(arm, "arm", n)
    others = list(dict.fromkeys(label for label in labels if label != control))
    if control not in labels or not others:
        raise StatisticsError("a control and at least one other arm are needed", found=f"{[*dict.fromkeys(labels)]}")
    codes = {control: 0} | {name: i + 1 for i, name in enumerate(others)}
    arms = np.array([codes[label] for label in labels], dtype=np.int64)[known]
    names = np.empty(len(others), object)
    names[:] = others
    columns = [np.ones((values.size, 1))]
    if covariates is not None:
        table = np.asarray(covariates, dtype=np.float64)
        if table.ndim != 2 or len(table) != n:
            raise StatisticsError("covariates do not fit y", found=f"shape {table.shape}", expected=f"({n}, k)")
        columns.append(numbers(table[known], "covariates", dimensions=2))
    if strata is not None:
        layer = np.unique(
            np.array([str(label) for label in labels_of(strata, "strata", n)])[known], return_inverse=True
        )[1]
        columns.append((layer[:, None] == np.arange(1, layer.max(initial=0) + 1)).astype(float))
    units = None
    if unit is not None:
        order = {label: i for i, label in enumerate(dict.fromkeys(labels_of(unit, "unit", n)))}
        units = np.array([order[label] for label in labels_of(unit, "unit", n)], dtype=np.int64)[known]
    return values, arms, names, np.column_stack(columns), units


def rows_of(values: Floats, arms: Codes, more: Floats, units: Codes | None) -> Rows:
    """Take the means of whole units; subjects with a column for each unit where arms differ within units."""
    if units is None:
        return Rows(values, arms, more, np.ones(values.size, dtype=np.int64), whole=False)
    codes, place, size = np.unique(units, return_inverse=True, return_counts=True)
    first = np.array([arms[place == i][0] for i in range(codes.size)], dtype=np.int64)
    if (arms == first[place]).all():
        mean = np.bincount(place, values, codes.size) / size
        columns = np.column_stack([np.bincount(place, column, codes.size) / size for column in more.T])
        return Rows(mean, first, columns, size, whole=True)
    columns = np.column_stack([(place[:, None] == np.arange(codes.size)).astype(float), more[:, 1:]])
    return Rows(values, arms, columns, np.ones(values.size, dtype=np.int64), whole=False)


def solved(y: Floats, x: Floats, contrasts: Floats) -> Solved:
    """Least squares by the pseudo-inverse; a contrast outside the rows of x has no estimate."""
    scale = np.maximum(np.abs(x).max(axis=0, initial=0.0), 1e-300)
    inverse = np.linalg.pinv(x / scale, rcond=1e-10)
    rank = int(np.linalg.matrix_rank(x / scale, tol=1e-10 * max(x.shape)))
    asked = contrasts / scale
    weights = asked @ inverse
    off = np.abs(weights @ (x / scale) - asked).max(axis=1, initial=0.0)
    estimable = off <= OUTSIDE * np.maximum(np.abs(asked).max(axis=1, initial=0.0), 1e-300)
    df = float(y.size - rank)
    residual = y - x @ ((inverse @ y) / scale)
    status = np.full(len(contrasts), "ok", object)
    if df < 1:
        status[:] = "too_few"
    status[~estimable] = "rank_deficient"
    left = float(residual @ residual)
    left = 0.0 if left <= ROUNDING * float(y @ y) else left
    variance = left / df if df >= 1 else np.nan
    effect = np.where(estimable, weights @ y, np.nan)
    effect[np.abs(effect) <= 1e-13 * float(np.abs(y).max(initial=0.0))] = 0.0
    return Solved(effect, weights @ weights.T * variance, df, status)


def _jointly(
    fit: Solved, names: Texts, status: Texts, n: Codes, n_control: int, told: str, endpoints: int, level: float
) -> DunnettFit:
    """Test and bound every contrast with status ok by the largest |t| among them, shared over endpoints."""
    a = len(names)
    columns = {name: np.full(a, np.nan) for name in ("se", "t", "single", "p", "low", "high", "critical", "error")}
    variance = np.diagonal(fit.covariance)
    status[(status == "ok") & ~(variance > 0)] = "constant"
    ok: Mask = status == "ok"
    if ok.any():
        se = np.sqrt(variance[ok])
        correlation = fit.covariance[np.ix_(ok, ok)] / np.outer(se, se)
        np.fill_diagonal(correlation, 1.0)
        columns["se"][ok], columns["t"][ok] = se, fit.effect[ok] / se
        shared = 1 - (1 - level) / endpoints
        columns["critical"][ok], drawn = _critical(correlation, fit.df, shared)
        told += "; joint p from random draws, within 1 %" if drawn else ""
        sampled = joint_max(correlation) if drawn else None
        for i in np.flatnonzero(ok):
            c = abs(float(columns["t"][i]))
            columns["single"][i] = min(1.0, 2 * exact.tail(c, fit.df))
            joint, columns["error"][i] = _exceeds(c, correlation, fit.df, sampled)
            columns["p"][i] = min(1.0, endpoints * joint)
        columns["low"] = fit.effect - columns["critical"] * columns["se"]
        columns["high"] = fit.effect + columns["critical"] * columns["se"]
    told += f"; Bonferroni over {endpoints} endpoints" if endpoints > 1 else ""
    df = np.where(ok, fit.df, np.nan)
    return DunnettFit(
        names, fit.effect, columns["se"], df, columns["t"], columns["single"], columns["p"], columns["low"],
        columns["high"], columns["critical"], columns["error"], status, n.astype(np.int64), n_control, told,
        "two-sided", float(level),
    )  # fmt: skip


def _critical(correlation: Floats, df: float, level: float) -> tuple[float, bool]:
    """Return what the joint interval multiplies se by, and whether it is from draws."""
    return _known_critical(np.round(correlation, 12).tobytes(), len(correlation), df, level)


@lru_cache(maxsize=256)  # the measures of a study share one layout
def _known_critical(correlation: bytes, a: int, df: float, level: float) -> tuple[float, bool]:
    from scipy.special import stdtrit

    if a == 1:
        return float(stdtrit(df, (1 + level) / 2)), False
    matrix = np.frombuffer(correlation).reshape(a, a)
    if exact.one_factor(matrix) is not None:
        return exact.critical(level, matrix, df, two_sided=True), False
    return joint_max(matrix).critical(level, df), True


def _exceeds(c: float, correlation: Floats, df: float, sampled: JointMax | None) -> tuple[float, float]:
    """Return P(max |T| ≥ c), and its error."""
    if len(correlation) == 1:
        return min(1.0, 2 * exact.tail(c, df)), 0.0
    if sampled is None:
        found = exact.exceedance(c, correlation, df, two_sided=True)
        return found.p, found.error
    p = sampled.p(c, df)
    return p, 0.01 * p


def _any_mixed(unit: ArrayLike, side: Mask, y: ArrayLike) -> bool:
    """Whether some unit holds present subjects of both sides."""
    known = _present(y)
    labels = labels_of(unit, "unit", known.size)
    held: dict[object, set[bool]] = {}
    for label, one, there in zip(labels, side, known, strict=True):
        if there:
            held.setdefault(label, set()).add(bool(one))
    return any(len(sides) > 1 for sides in held.values())


def _within_units(
    y: ArrayLike, arm: ArrayLike, control: object, side: Mask, unit: ArrayLike, endpoints: int, level: float
) -> DunnettFit:
    """Compare the units' differences between sides among arms."""
    from dataclasses import replace

    values, known = np.asarray(y, dtype=np.float64), _present(y)
    units, arms = labels_of(unit, "unit", known.size), labels_of(arm, "arm", known.size)
    gaps, owners = [], []
    for one in dict.fromkeys((u, a) for u, a in zip(units, arms, strict=True)):
        own = np.array([(u, a) == one for u, a in zip(units, arms, strict=True)]) & known
        if (own & side).any() and (own & ~side).any():
            gaps.append(values[own & side].mean() - values[own & ~side].mean())
            owners.append(one[1])
    if control not in owners or len(set(owners)) < 2:
        raise StatisticsError(
            "no unit of the control, or of any arm, holds both sides",
            found=f"{len(owners)} units with both",
            expected="units with both sides in the control and an arm",
        )
    fit = arm_contrasts(gaps, np.array(owners, dtype=object), control, endpoints=endpoints, level=level)
    status = np.where(fit.status == "too_few", "one_cage", fit.status).astype(object)
    return replace(fit, status=status, approximation="differences within units; " + fit.approximation)


__all__ = ["arm_contrasts", "arm_interactions", "subject_levels"]
