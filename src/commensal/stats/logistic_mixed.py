"""The logistic mixed model with one random intercept, for many features at once."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from commensal.errors import StatisticsError
from commensal.stats._frames import framed
from commensal.stats._logistic_design import BinaryDesign, Faults, checked_binary, faults
from commensal.stats._logistic_fit import Found, Problem, along_profile, evaluate, leverage, search
from commensal.stats._logistic_groups import GroupCounts, count_groups
from commensal.stats._logistic_mixed import MixedSolution, solve_mixed
from commensal.stats._logistic_result import find_separated, joined_parts, part_of, two_sided
from commensal.stats.fits import Array, Counts, Mask, Texts, columns_of, fill_names, tabulated, unnamed
from commensal.stats.logistic import problem_of

if TYPE_CHECKING:
    import pandas as pd

#: Numbers in one array of (samples × nodes × features): their number bounds the working memory, about 16 such arrays.
CHUNK = 1_000_000


@dataclass(frozen=True, slots=True)
class LogisticMixedFit:
    """One contrast in one logistic mixed model, for m features; missing is NaN, and `status` says why.

    Attributes
    ----------
    effect, se : (m,)
        Log odds ratio within groups per unit of the contrast, and its standard error from the observed information.
    df : (m,)
        Degrees of freedom that p, low and high use.
    statistic, p : (m,)
        Signed root of the likelihood ratio, and its two-sided p against Student's t with `df`.
    p_wald, p_lrt : (m,)
        Two-sided p of effect / se against the normal distribution; of the likelihood ratio against χ² with 1 df.
    low, high : (m,)
        effect ± t se. Its edge may disagree a little with p, which the likelihood ratio gives.
    status : (m,)
        ``ok`` and ``boundary`` have a p, the others say why there is none.
    n, n_positive, n_groups : (m,)
        Samples in which the feature is present, 1s among them, and groups.
    sd_group : (m,)
        Standard deviation σ of the random intercept, in log odds.
    loglik : (m,)
        Largest log-likelihood.
    penalised_effect, penalised_se : (m,)
        Where the status is ``separated``: a finite estimate, of Firth's type, and its standard error.
    note : (m,)
        What more there is to say.
    """

    effect: Array
    se: Array
    df: Array
    statistic: Array
    p: Array
    p_wald: Array
    p_lrt: Array
    low: Array
    high: Array
    status: Texts
    n: Counts
    n_positive: Counts
    n_groups: Counts
    sd_group: Array
    loglik: Array
    penalised_effect: Array
    penalised_se: Array
    note: Texts
    features: Texts = field(default_factory=unnamed)

    def __post_init__(self) -> None:
        """Give every feature a place for its name."""
        fill_names(self, self.effect.shape)

    def __len__(self) -> int:
        """Return the number of features."""
        return len(self.effect)

    def table(self, features: Sequence[str] | None = None) -> pd.DataFrame:
        """Return a data frame, one row per feature, one column per field; indexed by names given, or those of y."""
        return tabulated(columns_of(self), features)


@framed
def logistic_mixed(
    y: ArrayLike,
    x: ArrayLike,
    contrast: ArrayLike,
    groups: Iterable[Hashable],
    *,
    points: int = 7,
    level: float = 0.95,
) -> LogisticMixedFit:
    """Logistic mixed model of y (n, m) on x (n, k) with a random intercept per group (n,), contrast (k,).

    log(π / (1 − π)) = Xβ + σ u_group, u ~ N(0, 1), by maximum likelihood; the integral over u is taken by adaptive
    Gauss–Hermite quadrature, nodes centred and scaled in each group at the mode of its integrand. Each feature is
    fitted to the samples in which it is present.

    Parameters
    ----------
    y : (n, m)
        0 or 1; NaN is missing.
    x : (n, k)
        Columns of the model, with an intercept column if one is wanted; complete.
    contrast : (k,)
        Weights of the coefficients: the effect is c'β, a log odds ratio per unit of the contrast.
    groups : (n,)
        The block of each row: any hashable labels, none missing.
    points
        Nodes of the quadrature; 1 is Laplace's approximation.
    level
        Of the confidence interval.

    Returns
    -------
    LogisticMixedFit, m features
        p is that of the signed root of the likelihood ratio against Student's t. Its degrees of freedom are groups −
        rank of the columns that are constant within groups, where every column that the contrast weighs is; else
        samples − groups − rank of the columns inside groups. Beside it stand the p that ``glmer`` and ``anova``
        print, `p_wald` and `p_lrt`: where the contrast is constant within groups both are too small (null rates up
        to 1.4 and 1.7 × the nominal 0.05 in simulations where that of p was not above it,
        docs/decisions/logistic.md).

        Statuses with p: ``ok``; ``boundary``, σ = 0 is best (or there is no random intercept to be had: every group
        has one sample, or there is one group; the note says so). Statuses without p: those of `logistic`;
        ``separated`` (no finite estimate exists; `penalised_effect` is one of Firth's type: the mixed model of the
        data in which each sample counts 1 + h and has outcome y + h/2, h its leverage in Firth's model without the
        intercept); ``too_few`` also where no degrees of freedom are left; ``one_cage`` (a two-valued contrast
        constant within groups, one side of which is a single group: effect and se are kept); ``not_converged``, as
        where y is constant in nearly every group and σ grows without end.

    Raises
    ------
    StatisticsError
        As `logistic`; missing groups; points that are not a whole number from 1 to 100.

    See Also
    --------
    conditional_logistic : Within groups only, without a distribution of u. In R: ``lme4::glmer(nAGQ = 7)``.

    References
    ----------
    Pinheiro and Bates 1995, J Comput Graph Stat 4:12; Liu and Pierce 1994, Biometrika 81:624.

    Examples
    --------
    Eight households of four; the second pair of each is exposed:

    >>> import numpy as np
    >>> exposed = np.tile([0, 0, 1, 1], 8)
    >>> x = np.column_stack([np.ones(32), exposed])
    >>> y = np.array([0, 0, 1, 0, 1, 0, 1, 1, 0, 0, 0, 0, 1, 1, 1, 1, 0, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1, 0, 1, 0, 1, 1])
    >>> fit = logistic_mixed(y[:, None], x, [0, 1], np.repeat(np.arange(8), 4))
    >>> print(fit.effect[0].round(2), fit.sd_group[0].round(2), fit.df[0], fit.p[0].round(3), fit.status[0])
    2.61 1.97 23.0 0.016 ok
    """
    if isinstance(points, bool) or points not in range(1, 101):
        raise StatisticsError("no such number of quadrature points", found=repr(points), expected="1 to 100, like 7")
    with np.errstate(all="ignore"):
        design = _sorted(checked_binary(y, x, contrast, groups, level))
        n, m = design.y.shape
        step = int(np.clip(CHUNK // (n * points), 4, 1024))
        starts = range(0, max(m, 1), step)
        return joined_parts([_chunk(design, design.y[:, at : at + step], int(points), level) for at in starts])


def _sorted(design: BinaryDesign) -> BinaryDesign:
    """Rows in the order of their groups, so that sums run through memory in order."""
    order = np.argsort(design.codes, kind="stable")
    return replace(
        design,
        y=design.y[order],
        x=design.x[order],
        z=design.z[order],
        label=design.label[order],
        codes=design.codes[order],
    )


def _chunk(design: BinaryDesign, y: Array, points: int, level: float) -> LogisticMixedFit:
    known = faults(design, y)
    counts = count_groups(design, ~np.isnan(y))
    problem = problem_of(design, y, known.kept, firth=False)
    plain = search(problem, np.zeros(known.kept.shape), known.kept)
    find_separated(problem, plain, known.status, known.note)
    single = (counts.n_groups <= 1) | (counts.n_groups == known.n)
    shown = np.isin(known.status, ["ok", "rank_deficient"]) & plain.settled
    full = _solved(problem, plain, design.codes, points, single, np.flatnonzero(shown))
    _group_statuses(known, counts, full, single)
    root = _likelihood_root(design, problem, full, points, single, np.flatnonzero(np.isin(known.status, TOLD)))
    penalised = _penalised(problem, design.codes, points, single, np.flatnonzero(known.status == "separated"))
    return _answer(design, known, counts, full, root, penalised, level)


#: Statuses of features whose model was solved and tells something of the contrast.
TOLD = ("ok", "boundary", "one_cage")


def _solved(
    problem: Problem, plain: Found, codes: Counts, points: int, single: Mask, which: np.ndarray
) -> MixedSolution:
    """Solve the models of some features; the others stay NaN."""
    k, m = problem.kept.shape
    out = MixedSolution(
        np.full((k, m), np.nan),
        np.full(m, np.nan),
        np.full(m, np.nan),
        np.full((m, k, k), np.nan),
        np.zeros(m, bool),
        np.zeros(m, bool),
    )
    if len(which):
        part = solve_mixed(problem.of(which), part_of(plain, which), codes, points, single[which])
        out.beta[:, which], out.sigma[which], out.loglik[which] = part.beta, part.sigma, part.loglik
        out.inverse[which], out.settled[which], out.runaway[which] = part.inverse, part.settled, part.runaway
    return out


def _group_statuses(known: Faults, counts: GroupCounts, full: MixedSolution, single: Mask) -> None:
    """Add to the statuses what only the groups and the solved model tell, in place."""
    status, note = known.status, known.note

    def give(where: Mask, name: str, words: str) -> None:
        chosen = where & (status == "ok")
        status[chosen] = name
        note[chosen] = words

    give(counts.lone, "one_cage", "one side of the contrast is a single group")
    give(counts.between & (counts.df < 1), "too_few", "no more groups than columns that are constant within groups")
    give(counts.df < 1, "too_few", "no residual degrees of freedom within groups")
    give(full.runaway, "not_converged", "the group variance grows without end: y hardly varies within groups")
    give(~full.settled, "not_converged", "the likelihood has no settled optimum")
    give(single & (counts.n_groups <= 1), "boundary", "a single group: no random intercept")
    give(single, "boundary", "every group has one sample: no random intercept")
    give(full.sigma == 0, "boundary", "")


def _likelihood_root(
    design: BinaryDesign, problem: Problem, full: MixedSolution, points: int, single: Mask, which: np.ndarray
) -> Array:
    """Signed root of the likelihood ratio of the contrast, (m,); NaN where it cannot be had."""
    root = np.full(problem.y.shape[1], np.nan)
    if not len(which):
        return root
    part = problem.of(which)
    z, kept = part.z[:, 1:], part.kept[1:]
    if not z.shape[1]:  # without any column the random intercept is all that is left
        z, kept = np.zeros_like(part.z), np.zeros_like(part.kept)
    free = Problem(part.y, part.t, np.ascontiguousarray(z), kept, firth=False)
    plain = search(free, np.zeros(free.kept.shape), free.kept)
    shifted = along_profile(full.beta[:, which], full.inverse[which], np.zeros(len(which)))
    near = None if part.z.shape[1] == 1 else (shifted[1:], full.sigma[which])
    null = solve_mixed(free, plain, design.codes, points, single[which], near)
    drop = np.maximum(2 * (full.loglik[which] - null.loglik), 0.0)
    root[which] = np.where(null.settled, np.sqrt(drop) * np.sign(full.beta[0, which]), np.nan)
    return root


def _penalised(problem: Problem, codes: Counts, points: int, single: Mask, which: np.ndarray) -> tuple[Array, Array]:
    """Estimate and se where the columns separate the outcomes: the mixed model of Firth's pseudo-data, (m,) each.

    Firth's estimate of the model without the intercept is the maximum likelihood of data in which every sample counts
    1 + h and has the outcome y + h/2, h its leverage; these do not separate, and the mixed model is fitted to them.
    """
    effect, se = np.full((2, problem.y.shape[1]), np.nan)
    if len(which):
        part = replace(problem.of(which), firth=True)
        found = search(part, np.zeros(part.kept.shape), part.kept)
        small = np.exp(-np.abs(part.z @ found.beta))
        h = leverage(part.z, part.t * small / (1 + small) ** 2, found.at.inverse)
        data = Problem(part.y + h / 2, part.t + h, part.z, part.kept, firth=False)
        plain = Found(found.beta, found.step, found.settled, evaluate(data, found.beta, data.kept))
        solved = solve_mixed(data, plain, codes, points, single[which])
        effect[which] = np.where(solved.settled, solved.beta[0], np.nan)
        se[which] = np.where(solved.settled, np.sqrt(solved.inverse[:, 0, 0]), np.nan)
    return effect, se


def _answer(
    design: BinaryDesign,
    known: Faults,
    counts: GroupCounts,
    full: MixedSolution,
    root: Array,
    penalised: tuple[Array, Array],
    level: float,
) -> LogisticMixedFit:
    from scipy.special import stdtr, stdtrit

    status = known.status
    solved = np.isin(status, [*TOLD, "rank_deficient"]) & full.settled & known.estimable
    effect = np.where(solved, full.beta[0], np.nan)
    se = np.where(solved, np.sqrt(full.inverse[:, 0, 0]), np.nan)
    told = np.isin(status, ["ok", "boundary"])
    lost = told & ~(np.isfinite(effect * se * root))
    status[lost], known.note[lost] = "not_converged", "the likelihood without the contrast has no settled optimum"
    told &= ~lost
    df = np.where(told, counts.df, np.nan)
    size, sign = abs(design.scale), np.sign(design.scale)
    root = np.where(told, root, np.nan)
    p = np.maximum(2 * stdtr(df, -np.abs(root)), np.finfo(float).tiny)
    reach = stdtrit(df, (1 + level) / 2) * se
    return LogisticMixedFit(
        effect=effect * design.scale,
        se=se * size,
        df=df,
        statistic=root * sign,
        p=np.minimum(p, 1.0),
        p_wald=two_sided(np.where(told, effect / se, np.nan)),
        p_lrt=two_sided(root),
        low=effect * design.scale - reach * size,
        high=effect * design.scale + reach * size,
        status=status,
        n=known.n,
        n_positive=known.positive,
        n_groups=counts.n_groups,
        sd_group=np.where(solved, full.sigma, np.nan),
        loglik=np.where(solved, full.loglik, np.nan),
        penalised_effect=penalised[0] * design.scale,
        penalised_se=penalised[1] * size,
        note=known.note,
    )
