"""Many arms against one control: single-step p and simultaneous intervals from the joint t distribution."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from commensal.errors import StatisticsError, listing
from commensal.stats import _joint_t as joint
from commensal.stats._arrays import Floats, numbers
from commensal.stats.hierarchical import refuse_level

if TYPE_CHECKING:
    import pandas as pd

Mask = NDArray[np.bool_]
Texts = NDArray[np.object_]
ALTERNATIVES = ("two-sided", "greater", "less")


@dataclass(frozen=True, slots=True)
class DunnettFit:
    """Contrasts (a,) tested together; missing is NaN, and `status` says why.

    Attributes
    ----------
    names : (a,)
        Names of the contrasts or arms, else their numbers.
    effect, se : (a,)
        As given, or arm − control, in the units of y.
    df : (a,)
        Degrees of freedom of each contrast's own joint t; infinite for the normal.
    statistic : (a,)
        effect / se.
    p_single, p : (a,)
        p of the contrast alone, and single-step adjusted over all contrasts with status ``ok``.
    low, high : (a,)
        Simultaneous interval; infinite on the open side of a one-sided alternative.
    critical : (a,)
        What the interval multiplies se by.
    error : (a,)
        Error of the computation of p: below 1e-11 where one factor makes the correlation, else about 1e-5.
    status : (a,)
        ``ok``, ``missing``, ``constant`` (no variance), ``too_few``, ``one_cage``, ``rank_deficient``.
    n : (a,)
        Units in the arm (samples, or cages where cages are nested in arms); 0 where only effects were given.
    n_control : int
        Units in the control.
    approximation : str
        What was computed, and what is approximate in it.
    alternative : str
        ``"two-sided"``, ``"greater"`` or ``"less"``.
    level : float
        Joint confidence of the intervals.
    """

    names: Texts
    effect: Floats
    se: Floats
    df: Floats
    statistic: Floats
    p_single: Floats
    p: Floats
    low: Floats
    high: Floats
    critical: Floats
    error: Floats
    status: Texts
    n: NDArray[np.int64]
    n_control: int
    approximation: str
    alternative: str
    level: float

    def __len__(self) -> int:
        """Return the number of contrasts."""
        return len(self.effect)

    def table(self) -> pd.DataFrame:
        """Return one row per contrast."""
        import pandas as pd

        columns = ("names", "effect", "se", "df", "statistic", "p_single", "p", "low", "high", "n", "status")
        return pd.DataFrame({name: getattr(self, name) for name in columns}).rename(columns={"names": "arm"})


def many_to_one(
    effects: ArrayLike,
    covariance: ArrayLike,
    df: ArrayLike,
    *,
    alternative: str = "two-sided",
    level: float = 0.95,
    names: Sequence[object] | None = None,
) -> DunnettFit:
    """Adjust effects (a,) with covariance (a, a) jointly: familywise error by their multivariate t.

    p_i = P(max over j of |T_j| ≥ |t_i|), T multivariate t with the effects' correlation and df_i; one-sided without the
    absolute values. Exact when the covariance is known up to one factor σ² that is estimated on df degrees of freedom
    (least squares); with an estimated correlation, or one df per contrast (Hasler & Hothorn 2008: each contrast is
    compared with the joint t of its own df), it is an approximation. Where ρ_ij = λ_i λ_j the probability is a double
    integral by trapezoids (error below 1e-11), else Genz's lattice rule with its error stated.

    Parameters
    ----------
    effects
        (a,) estimates; NaN = contrast without an estimate, which is then no member of the family.
    covariance
        (a, a) their covariance, symmetric and positive semidefinite.
    df
        Degrees of freedom, one number or (a,); infinite for a normal.
    alternative
        ``"two-sided"``, ``"greater"`` (effect above 0) or ``"less"``.
    level
        Joint confidence.
    names
        (a,) names of the contrasts.

    Raises
    ------
    StatisticsError
        Shapes that do not fit, a matrix that is no covariance, df not above 0, an unknown alternative.

    References
    ----------
    Dunnett (1955) J Am Stat Assoc 50:1096–1121; Genz & Bretz (2009) Computation of multivariate normal and t
    probabilities; Hasler & Hothorn (2008) Biom J 50:793–800. R: ``multcomp::glht``, ``mvtnorm::pmvt``.

    Examples
    --------
    Two arms against a control of the same size, 5 degrees of freedom: Dunnett's table has 3.03.

    >>> fit = many_to_one([2.0, 3.1], [[1.0, 0.5], [0.5, 1.0]], 5)
    >>> fit.critical.round(4).tolist(), fit.p.round(4).tolist()
    ([3.0302, 3.0302], [0.1691, 0.0462])
    """
    effect, matrix, freedom = _given(effects, covariance, df)
    labels = np.empty(effect.size, object)
    labels[:] = list(range(effect.size)) if names is None else list(names)
    shown = "joint t with the covariance as given"
    if np.isinf(freedom).all():
        shown = "joint normal with the covariance as given"
    elif np.unique(freedom[~np.isnan(freedom)]).size > 1:
        shown += "; each contrast by the joint t of its own df"
    status = np.full(effect.size, "ok", object)
    return _fit(_Problem(labels, effect, matrix, freedom, status, shown), alternative, level)


@dataclass(frozen=True, slots=True)
class _Problem:
    """Effects with their covariance, before anything is integrated."""

    names: Texts
    effect: Floats
    covariance: Floats
    df: Floats
    status: Texts
    approximation: str
    n: NDArray[np.int64] | None = None
    n_control: int = 0


def _fit(problem: _Problem, alternative: str, level: float) -> DunnettFit:
    """Test and bound every contrast that has an estimate and a variance, jointly."""
    if alternative not in ALTERNATIVES:
        raise StatisticsError("no such alternative", found=repr(alternative), expected=", ".join(ALTERNATIVES))
    refuse_level(level)
    a = problem.effect.size
    variance = np.diagonal(problem.covariance)
    scale = max(float(np.nanmax(np.abs(problem.effect), initial=0.0)) ** 2, 1e-300)
    status = problem.status.copy()
    status[(status == "ok") & (np.isnan(problem.effect) | np.isnan(variance) | np.isnan(problem.df))] = "missing"
    status[(status == "ok") & ~(variance > 1e-24 * scale)] = "constant"
    ok: Mask = status == "ok"
    columns = {name: np.full(a, np.nan) for name in ("se", "t", "single", "p", "low", "high", "critical", "error")}
    columns["se"][ok] = np.sqrt(variance[ok])
    if ok.any():
        se = columns["se"][ok]
        columns["t"][ok] = problem.effect[ok] / se
        correlation = problem.covariance[np.ix_(ok, ok)] / np.outer(se, se)
        np.fill_diagonal(correlation, 1.0)
        _integrate(columns, ok, correlation, problem.df, alternative, level)
        reach = columns["critical"] * columns["se"]
        columns["low"][ok] = (problem.effect - reach)[ok] if alternative != "less" else -np.inf
        columns["high"][ok] = (problem.effect + reach)[ok] if alternative != "greater" else np.inf
    n = np.zeros(a, dtype=np.int64) if problem.n is None else problem.n
    return DunnettFit(
        problem.names, problem.effect, columns["se"], problem.df, columns["t"], columns["single"], columns["p"],
        columns["low"], columns["high"], columns["critical"], columns["error"], status, n, problem.n_control,
        problem.approximation, alternative, float(level),
    )  # fmt: skip


def _integrate(
    columns: dict[str, Floats], ok: Mask, correlation: Floats, df: Floats, alternative: str, level: float
) -> None:
    """Fill in p and critical values; contrasts of one df share the latter."""
    two_sided = alternative == "two-sided"
    known: dict[float, float] = {}
    for i in np.flatnonzero(ok):
        t, freedom = columns["t"][i], float(df[i])
        c = abs(t) if two_sided else t if alternative == "greater" else -t
        found = joint.exceedance(float(c), correlation, freedom, two_sided=two_sided)
        columns["p"][i], columns["error"][i] = found.p, found.error
        columns["single"][i] = min(1.0, joint.tail(float(c), freedom) * (2 if two_sided else 1))
        if freedom not in known:
            known[freedom] = joint.critical(level, correlation, freedom, two_sided=two_sided)
        columns["critical"][i] = known[freedom]


def _given(effects: ArrayLike, covariance: ArrayLike, df: ArrayLike) -> tuple[Floats, Floats, Floats]:
    """Return effects (a,), covariance (a, a) and df (a,) that fit together."""
    try:
        effect = np.asarray(effects, dtype=np.float64)
        matrix = np.asarray(covariance, dtype=np.float64)
        freedom = np.asarray(df, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise StatisticsError("effects, covariance or df are not numbers", found=error) from error
    if effect.ndim != 1 or not effect.size or np.isinf(effect).any():
        raise StatisticsError("effects are a list of finite numbers", found=f"shape {effect.shape}", expected="(a,)")
    if matrix.shape != (effect.size, effect.size):
        raise StatisticsError(
            "the covariance does not fit the effects", found=matrix.shape, expected=(effect.size, effect.size)
        )
    if freedom.shape not in {(), effect.shape} or not (np.isnan(freedom) | (freedom > 0)).all():
        raise StatisticsError("df is one number above 0, or one for each effect", found=listing(np.ravel(freedom)))
    kept = ~(np.isnan(effect) | np.isnan(np.diagonal(matrix)))
    inner = matrix[np.ix_(kept, kept)]
    if not np.isfinite(inner).all() or not np.allclose(inner, inner.T, rtol=1e-8, atol=0):
        raise StatisticsError("the covariance is not symmetric and finite", expected="v[i, j] = v[j, i]")
    if inner.size and np.linalg.eigvalsh(inner).min() < -1e-8 * max(np.abs(np.diagonal(inner)).max(), 1e-300):
        raise StatisticsError("the covariance is no covariance", found="a negative eigenvalue")
    return effect, matrix, np.broadcast_to(freedom, effect.shape).astype(np.float64)


def dunnett(
    y: ArrayLike,
    arm: ArrayLike,
    control: object,
    *,
    block: ArrayLike | None = None,
    variances: str = "equal",
    alternative: str = "two-sided",
    level: float = 0.95,
) -> DunnettFit:
    """Compare the means of y (n,) in every arm with the control's, familywise error held over all arms.

    Without blocks and with equal variances this is Dunnett's exact test: s² pooled over all arms, N − k degrees of
    freedom. What changes in the other cases, and `approximation` names it:

    - ``variances="unequal"``: s_i²/n_i of each arm, plug-in correlation, Satterthwaite's df of each contrast by itself
      (Hasler & Hothorn 2008). Approximate; its size is in docs/decisions/multiplicity.md.
    - `block` constant in arms' members (cages nested in arms): the means of cages, unweighted, are the observations,
      so that df = cages − arms. Exact for cages of one size, approximate otherwise. A one-cage arm has no p.
    - `block` within which arms differ (litters, households): least squares with a column for each block; exact for
      equal variances. Blocks with one arm add nothing. An arm that no block ties to the control is
      ``rank_deficient``.

    Parameters
    ----------
    y
        (n,) numbers; NaN = missing, left out and not counted in `n`.
    arm
        (n,) arm of each sample.
    control
        The arm that all others are compared with.
    block
        (n,) cage, litter, household: its full identity (cage "1" of two arms is two cages).
    variances
        ``"equal"`` or ``"unequal"``; the latter is not offered for arms that share blocks.
    alternative, level
        As in :func:`many_to_one`.

    Raises
    ------
    StatisticsError
        Lengths that differ, a control without samples, no other arm, a missing arm or block, infinite y.

    References
    ----------
    Dunnett (1955) J Am Stat Assoc 50:1096–1121; Hasler & Hothorn (2008) Biom J 50:793–800.

    Examples
    --------
    >>> y = [7.4, 6.2, 8.3, 7.1, 5.2, 5.9, 4.8, 5.5, 7.0, 7.9, 7.5, 6.8]
    >>> fit = dunnett(y, np.repeat(["none", "strain A", "strain B"], 4), "none")
    >>> fit.names.tolist(), fit.effect.round(2).tolist(), fit.p.round(4).tolist()
    (['strain A', 'strain B'], [-1.9, 0.05], [0.0041, 0.991])
    """
    if variances not in {"equal", "unequal"}:
        raise StatisticsError("variances are equal or unequal", found=repr(variances))
    values, arms, names, blocks = _samples(y, arm, control, block)
    if blocks is None:
        problem = _of_means(values, arms, names, variances, "samples")
    elif all(np.unique(arms[blocks == code]).size == 1 for code in np.unique(blocks)):
        codes = np.unique(blocks)
        means = np.array([values[blocks == code].mean() for code in codes], dtype=np.float64)
        owners = np.array([arms[blocks == code][0] for code in codes], dtype=np.int64)
        problem = _of_means(means, owners, names, variances, "means of blocks, unweighted")
    elif variances == "unequal":
        raise StatisticsError("unequal variances are not offered for arms that share blocks", mend='take "equal"')
    else:
        problem = _within_blocks(values, arms, names, blocks)
    return _fit(problem, alternative, level)


def _samples(
    y: ArrayLike, arm: ArrayLike, control: object, block: ArrayLike | None
) -> tuple[Floats, NDArray[np.int64], Texts, NDArray[np.int64] | None]:
    """Return present y, arm codes (0 = control), names of the other arms, block codes."""
    try:
        values = np.asarray(y, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise StatisticsError("y does not hold numbers", found=error) from error
    if values.ndim != 1:
        raise StatisticsError("y is not one list", found=f"shape {values.shape}", expected="(n,)")
    present = ~np.isnan(values)
    numbers(values[present], "y", dimensions=1)
    labels = labels_of(arm, "arm", values.size)
    others = sorted({label for label in labels if label != control}, key=lambda label: (str(type(label)), label))
    if control not in labels:
        raise StatisticsError("no sample is in the control", found=repr(control), expected=listing(others))
    if not others:
        raise StatisticsError("there is no arm beside the control", found=repr(control))
    codes = {control: 0} | {name: i + 1 for i, name in enumerate(others)}
    arms = np.array([codes[label] for label in labels], dtype=np.int64)
    names = np.empty(len(others), object)
    names[:] = others
    if block is None:
        return values[present], arms[present], names, None
    order = {label: i for i, label in enumerate(dict.fromkeys(labels_of(block, "block", values.size)))}
    blocks = np.array([order[label] for label in labels_of(block, "block", values.size)], dtype=np.int64)
    return values[present], arms[present], names, blocks[present]


def labels_of(given: ArrayLike, what: str, n: int) -> list[object]:
    """Return labels (n,) as a list; a missing one is refused."""
    array: NDArray[np.generic] = np.asarray(given)
    if array.shape != (n,):
        raise StatisticsError(f"{what} does not fit y", found=f"shape {array.shape}", expected=f"({n},)")
    labels: list[object] = array.tolist()
    missing = [i for i, label in enumerate(labels) if label is None or label != label]  # noqa: PLR0124  NaN
    if missing:
        raise StatisticsError(f"{what} is missing", found=f"rows {listing(missing)} (the first row is 0)")
    return labels


def _of_means(values: Floats, arms: NDArray[np.int64], names: Texts, variances: str, units: str) -> _Problem:
    """Independent observations in arms: differences of means with pooled variance, or each arm's own."""
    k = len(names) + 1
    n = np.bincount(arms, minlength=k)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.bincount(arms, values, minlength=k) / n
        squares = np.bincount(arms, (values - mean[arms]) ** 2, minlength=k)
        effect = mean[1:] - mean[0]
        if variances == "equal":
            freedom = float(n.sum() - (n > 0).sum())
            per_mean = (squares.sum() / freedom if freedom > 0 else np.nan) / n
            df = np.full(k - 1, freedom if freedom > 0 else np.nan)
        else:
            per_mean = np.where(n > 1, squares / (n - 1) / n, np.nan)
            parts = np.where(per_mean > 0, per_mean**2 / (n - 1), 0.0)
            df = (per_mean[1:] + per_mean[0]) ** 2 / (parts[1:] + parts[0])
    status = np.full(k - 1, "ok", object)
    status[np.isnan(df) | np.isnan(per_mean[1:]) | np.isnan(per_mean[0])] = "too_few"
    if units != "samples":
        status[(n[1:] == 1) | (n[0] == 1)] = "one_cage"
    status[(n[1:] == 0) | (n[0] == 0)] = "missing"
    covariance = np.diag(per_mean[1:]) + per_mean[0]
    shown = f"joint t of {units}, " + (
        "equal variances: " + ("exact" if units == "samples" else "exact where blocks are of one size")
        if variances == "equal"
        else "unequal variances: plug-in correlation and Satterthwaite's df of each contrast (Hasler & Hothorn 2008)"
    )
    usable = np.where(status == "ok", df, np.nan)
    return _Problem(names, effect, covariance, usable, status, shown, n[1:].astype(np.int64), int(n[0]))


def _within_blocks(values: Floats, arms: NDArray[np.int64], names: Texts, blocks: NDArray[np.int64]) -> _Problem:
    """Least squares on arms and blocks: both centred in blocks, then on arms alone."""
    k = len(names) + 1
    codes = np.unique(blocks, return_inverse=True)[1]
    size = np.bincount(codes)
    x = (arms[:, None] == np.arange(1, k)).astype(np.float64)
    sums = np.zeros((size.size, k - 1))
    np.add.at(sums, codes, x)
    x -= (sums / size[:, None])[codes]
    centred = values - (np.bincount(codes, values) / size)[codes]
    gram = x.T @ x
    inverse = np.linalg.pinv(gram, rcond=1e-10, hermitian=True)
    effect = inverse @ (x.T @ centred)
    rank = int(np.linalg.matrix_rank(gram, tol=1e-10 * max(np.diagonal(gram).max(), 1e-300), hermitian=True))
    freedom = values.size - size.size - rank
    residual = float(((centred - x @ effect) ** 2).sum())
    status = np.full(k - 1, "ok", object)
    status[np.abs(inverse @ gram - np.eye(k - 1)).max(axis=1) > 1e-8] = "rank_deficient"
    n = np.bincount(arms, minlength=k)
    if freedom < 1:
        status[status == "ok"] = "too_few"
    status[(n[1:] == 0) | (n[0] == 0)] = "missing"
    covariance = inverse * (residual / freedom if freedom >= 1 else np.nan)
    effect = np.where(status == "rank_deficient", np.nan, effect)
    df = np.where(status == "ok", float(freedom), np.nan)
    shown = "joint t of least squares with a column for each block, equal variances: exact"
    return _Problem(names, effect, covariance, df, status, shown, n[1:].astype(np.int64), int(n[0]))
