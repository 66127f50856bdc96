"""From solved models to fits: degrees of freedom, p, intervals, and the status of every feature."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from commensal.errors import listing
from commensal.stats._design import Design
from commensal.stats._moments import Moments
from commensal.stats._reml import Slopes, Solution
from commensal.stats.fits import Array, Counts, Fit, Mask, Texts

#: Residual sum of squares, as a share of the total, below which nothing is left to estimate a variance from.
PERFECT = 1e-12


@dataclass(frozen=True, slots=True)
class Solved:
    """A chunk of features solved at their variance ratios, before anything is said about a contrast.

    Attributes
    ----------
    ratio : (m,)
        λ = σ²_group / σ²_residual; None in the linear model.
    slopes
        Derivatives at λ, for Satterthwaite's df; None in the linear model.
    variance : (m,)
        Residual variance, in the scale of the moments.
    perfect, unsettled, boundary : (m,)
        No residual variance; the search failed; λ = 0.
    note : (m,)
        What was remarkable about the variances.
    gain : (m,) or None
        Deviance at λ = 0 less that at λ̂.
    """

    solution: Solution
    ratio: Array | None
    slopes: Slopes | None
    variance: Array
    perfect: Mask
    unsettled: Mask
    boundary: Mask
    note: Texts
    gain: Array | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """What units allow a contrast: a cap on its degrees of freedom, and faults (lone, crowded, bare), (m,) each.

    lone: a side is a single unit; crowded: no more units than columns; bare: nothing left inside the units.
    """

    cap: Array
    lone: Mask
    crowded: Mask
    bare: Mask


def limits_of(design: Design, moments: Moments, which: int) -> Limits:
    """Limits that one level of groups sets to contrast number `which`."""
    between = constant_within(design, moments, which)
    room = room_between(moments)
    cap = np.where(between, room, np.inf)
    if design.split >= 0 and which == 0:
        # Inside groups no more is known of the residual variance than the samples inside groups tell: with few
        # of them Satterthwaite's df borrow from between groups what is not there (docs/decisions/mixed-model.md).
        cap = np.minimum(cap, moments.spare)
    lone = between & one_group_side(moments, which) if between.any() else np.zeros(1, bool)
    return Limits(cap, lone, between & (room < 1), ~between & (moments.spare < 1))


def fit_of(design: Design, moments: Moments, solved: Solved, which: int, level: float) -> Fit:
    """Say what the solved models say about contrast number `which`."""
    c = moments.contrasts[which]
    along = np.matmul(solved.solution.inverse, c[:, :, None])[:, :, 0]
    uncapped = satterthwaite(moments, solved, along, np.einsum("mi,mi->m", c, along))
    limits = None if solved.ratio is None else limits_of(design, moments, which)
    return fit_within(design, moments, solved, which, level, uncapped, limits)


def fit_within(
    design: Design,
    moments: Moments,
    solved: Solved,
    which: int,
    level: float,
    uncapped: Array,
    limits: Limits | None,
) -> Fit:
    """Fit of contrast number `which` from its degrees of freedom and their limits."""
    c = moments.contrasts[which]
    spread = np.einsum("mi,mi->m", c, np.matmul(solved.solution.inverse, c[:, :, None])[:, :, 0])
    beta = np.where(moments.kept, solved.solution.beta, 0.0)
    effect = np.einsum("mi,mi->m", c, beta) * moments.y_scale + moments.offsets[which]
    se = np.sqrt(solved.variance * spread) * moments.y_scale
    df, lone, crowded, bare = uncapped, *(np.zeros(1, bool),) * 3
    if limits is not None:
        df, lone, crowded, bare = np.minimum(uncapped, limits.cap), limits.lone, limits.crowded, limits.bare
    status, note = _statuses(design, moments, solved, which, (lone, crowded, bare))

    is_ = {name: np.asarray(status == name, dtype=bool) for name in set(status.tolist())}
    none = np.zeros(len(status), bool)
    told = is_.get("ok", none) | is_.get("boundary", none) | is_.get("one_cage", none)
    faint = is_.get("rank_deficient", none) | is_.get("constant", none) | is_.get("too_few", none)
    estimated = told | (faint & moments.estimable[which])
    estimated &= moments.rank > 0
    shown = told | (is_.get("rank_deficient", none) & estimated)
    broken = told & ~(np.isfinite(effect) & np.isfinite(se) & (se > 0) & ((df > 0) | lone))
    status[broken] = "not_converged"
    note[broken] = "the numbers overflow: rescale y or x"
    estimated, shown, told = estimated & ~broken, shown & ~broken, told & ~broken & ~is_.get("one_cage", none)
    return _assembled(moments, solved, effect, se, df, uncapped, level, status, note, (estimated, shown, told))


def _assembled(
    moments: Moments,
    solved: Solved,
    effect: Array,
    se: Array,
    df: Array,
    uncapped: Array,
    level: float,
    status: Texts,
    note: Texts,
    masks: tuple[Mask, Mask, Mask],
) -> Fit:
    from scipy.special import stdtr, stdtrit

    estimated, shown, told = masks
    statistic = np.where(shown, effect / np.where(shown, se, 1.0), np.nan)
    df = np.where(told, df, np.nan)
    # t beyond what a double can hold is still not impossible: the smallest number stands for it
    p = np.where(told, np.maximum(2 * stdtr(np.where(told, df, 1.0), -np.abs(statistic)), np.finfo(float).tiny), np.nan)
    usable = np.where(told, df, 1.0)
    alike = len(usable) > 0 and bool((usable == usable[0]).all())
    quantile = stdtrit(usable[:1] if alike else usable, (1 + level) / 2)
    reach = np.where(told, quantile * se, np.nan)
    variance = np.where(shown, solved.variance * moments.y_scale**2, np.nan)
    group = np.full(len(effect), np.nan) if solved.ratio is None else solved.ratio * variance
    return Fit(
        effect=np.where(estimated, effect, np.nan),
        se=np.where(shown, se, np.nan),
        df=df,
        statistic=statistic,
        p=np.minimum(p, 1.0),
        low=effect - reach,
        high=effect + reach,
        status=status,
        n=moments.n,
        n_groups=moments.n_groups if solved.ratio is not None else moments.n,
        var_group=group,
        var_residual=variance,
        df_satterthwaite=np.where(shown, uncapped, np.nan),
        note=note,
    )


def satterthwaite(moments: Moments, solved: Solved, along: Array, spread: Array) -> Array:
    """2 f² / (g'Ag) for f = c'Cov(β)c, A the inverse observed information of (σ²_group, σ²_residual).

    At the optimum it does not matter in which coordinates; in (λ, log σ²), with v = c'(X'V⁻¹X)⁻¹c,
    1/df = 1/(n − rank) + (d log(v r)/dλ)² / d''(λ). At the boundary λ is not estimated: n − rank. By ML n replaces
    n − rank. `along` is (X'V⁻¹X)⁻¹c (m, k), `spread` v (m,).
    """
    freedom = moments.freedom
    if solved.slopes is None:
        return freedom
    by = solved.slopes
    v1 = -np.einsum("mi,mi->m", along, np.matmul(by.moment, along[:, :, None])[:, :, 0])
    safe = np.where(spread > 0, spread, 1.0)
    lean = v1 / safe + by.residual / solved.solution.residual
    curved = by.second > 0
    extra = np.where(solved.boundary, 0.0, lean**2 / np.where(curved, by.second, np.nan))
    return np.asarray(1 / (1 / freedom + extra))


def room_between(moments: Moments) -> Counts:
    """Degrees of freedom between groups: groups present − rank of the columns that are constant within them."""
    return np.asarray(moments.n_groups - (moments.rank - moments.within_rank), dtype=np.int64)


def constant_within(design: Design, moments: Moments, which: int) -> Mask:
    """Whether every column that the contrast weighs is constant within groups, (m,)."""
    weighed = design.weights[which] != 0
    return np.asarray(moments.constant[:, weighed].all(axis=1))


def one_group_side(moments: Moments, which: int) -> Mask:
    """Whether a two-valued contrast rests on a single group, (m,).

    A group whose own columns no other group shares is fitted exactly (leverage 1 in the regression of group means);
    when the contrast leans on it, effect and group cannot be told apart. For a plain label: one side is one group.
    """
    alike = len(moments.sums)  # 1 when all features have the same samples, and one answer serves all
    used = (moments.kept & moments.constant)[:alike]
    present = moments.sizes > 0
    rows = moments.sums[:, :, :-1] / np.where(present, moments.sizes, 1.0)[:, :, None] * used[:, None, :]
    gram = np.matmul(rows.swapaxes(1, 2), rows) + np.eye(used.shape[1]) * ~used[:, :, None]
    solved = np.linalg.solve(gram, rows.swapaxes(1, 2))
    leverage = np.einsum("mgk,mkg->mg", rows, solved)
    weights = np.abs(np.einsum("mk,mkg->mg", moments.contrasts[which][:alike] * used, solved)) * present
    largest = weights.max(axis=1, keepdims=True)
    lone = present & (leverage > 1 - 1e-8) & (weights > 1e-8 * largest)
    levels = moments.levels[which]
    low = np.where(present, levels, np.inf).min(axis=1, keepdims=True)
    high = np.where(present, levels, -np.inf).max(axis=1, keepdims=True)
    near = 1e-9 * (high - low)
    two = (~present | (levels >= high - near) | (levels <= low + near)).all(axis=1)
    return np.asarray(two & lone.any(axis=1))


def _statuses(
    design: Design, moments: Moments, solved: Solved, which: int, group_faults: tuple[Mask, Mask, Mask]
) -> tuple[Texts, Texts]:
    """Status and note of every feature; of several reasons the first is given."""
    lone, crowded, bare = group_faults
    status = np.full(len(moments.n), "ok", object)
    unspoken = np.ones(len(status), bool)
    note = solved.note.copy()

    def give(where: Mask, name: str, words: str | None = None) -> None:
        if not where.any():
            return
        chosen = where & unspoken
        status[chosen] = name
        unspoken[chosen] = False
        if words is not None:
            note[chosen] = words

    give(moments.n < 2, "too_few", "present in fewer than 2 samples")
    give(moments.flat, "constant", "y does not vary")
    give(moments.absent[which], "too_few", "one side has no sample")
    lost = ~moments.kept
    if design.split >= 0:
        lost = _lost_of_split(design, moments, which)
        if which == 0:
            give(moments.empty[:, design.split], "too_few", "no group has both sides")
    give(moments.n - moments.rank < 2, "too_few", "fewer than 2 residual degrees of freedom")
    give(lost.any(axis=1) | ~moments.estimable[which], "rank_deficient")
    for i in np.flatnonzero(status == "rank_deficient"):
        note[i] = _redundant(design, lost[i])
    give(solved.perfect, "constant")
    give(bare, "too_few", "no residual degrees of freedom within groups")
    give(solved.unsettled, "not_converged")
    give(lone, "one_cage", "one side of the contrast is a single group")
    give(crowded, "too_few", "no more groups than columns that are constant within groups")
    give(solved.boundary, "boundary")
    return status, note


def _lost_of_split(design: Design, moments: Moments, which: int) -> Mask:
    """Redundant columns that matter: a part that does not vary does not stand in the other part's way.

    Group means say nothing inside groups, so none of them matters to the within part. To the between part a group
    mean that is the column itself (it does not vary inside groups) or that does not vary is no loss.
    """
    lost = ~moments.kept
    k = design.x.shape[1]
    if which == 0:
        lost[:, k:] = False
    else:
        lost[:, design.split] &= ~moments.empty[:, design.split]
        for at, j in enumerate(design.also):
            lost[:, k + at] &= ~(moments.constant[:, j] | moments.empty[:, k + at])
    return lost


def _redundant(design: Design, lost: Mask) -> str:
    k = design.x.shape[1]
    beside = [*design.also, design.split]
    names = [str(j) if j < k else f"group means of {beside[j - k]}" for j in np.flatnonzero(lost)]
    if not names:
        return "the contrast cannot be told from the other columns"
    return f"columns that the others make up: {listing(names)}"
