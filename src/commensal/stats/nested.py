"""The linear mixed model with two nested random intercepts, for many features at once."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, replace
from typing import TypedDict

import numpy as np
from numpy.typing import ArrayLike

from commensal.stats import _nested
from commensal.stats._design import Design, checked, group_codes
from commensal.stats._frames import framed
from commensal.stats._inference import PERFECT, Limits, Solved, constant_within, fit_within, one_group_side
from commensal.stats._joint import joint
from commensal.stats._moments import WITHIN, Moments, chunks, rank_of
from commensal.stats._reml import least_squares
from commensal.stats.fits import Array, Counts, Fit, FTest, Mask, NestedFit, joined


@framed
def mixed_nested(
    y: ArrayLike,
    x: ArrayLike,
    contrast: ArrayLike,
    inner: Iterable[Hashable],
    outer: Iterable[Hashable],
    *,
    level: float = 0.95,
    method: str = "REML",
    weights: ArrayLike | None = None,
) -> NestedFit:
    """Mixed model of y (n, m) on x (n, k) with nested random intercepts, inner (n,) within outer (n,), contrast (k,).

    y = Xβ + b_outer + b_inner + e, b ~ N(0, σ²_outer), N(0, σ²_inner), e ~ N(0, σ²_residual), by restricted maximum
    likelihood: samples of a mouse in a cage, of a person in a household. Each feature is fitted to the samples in
    which it is present; a variance that is best at 0 is exactly 0.

    Parameters
    ----------
    y : (n, m)
        Responses; NaN is missing.
    x : (n, k)
        Columns of the model, with an intercept column if one is wanted; complete.
    contrast : (k,)
        Weights of the coefficients: the effect is c'β, in units of y per unit of the contrast.
    inner, outer : (n,)
        Units of each row: any hashable labels, none missing. An inner unit is a pair (outer, inner): mouse 1 of cage A
        is not mouse 1 of cage B.
    level
        Of the confidence interval.
    method, weights
        As for `mixed`.

    Returns
    -------
    NestedFit, m features
        t = c'β / se against Student's t with Satterthwaite's degrees of freedom (from the variances that are not 0), at
        most as many as the units allow that the contrast compares: where every column that it weighs is constant
        within outer units, outer units present − rank of the columns that are constant within them; else, where every
        one is constant within inner units, inner units present − rank of the columns that are constant within those.
        `df_satterthwaite` is not capped.

        Statuses with p: ``ok``; ``boundary``, one variance is 0 or cannot be told (the note says which).
        Statuses without p: as of `mixed`, each at the level of the units that the contrast compares; ``one_cage`` is a
        two-valued contrast of which one side is a single such unit.

    Raises
    ------
    StatisticsError
        As `mixed`.

    References
    ----------
    Laird and Ware 1982, Biometrics 38:963. In R: ``lmerTest::lmer(y ~ x + (1 | outer / inner))``.

    Examples
    --------
    >>> import numpy as np
    >>> cage, mouse = np.repeat([1, 2, 3, 4], 4), np.tile([1, 1, 2, 2], 4)
    >>> x = np.column_stack([np.ones(16), cage > 2])
    >>> y = np.array([[1.0, 1.2, 2.1, 2.5, 0.2, 0.6, 1.4, 1.2, 3.9, 4.1, 3.1, 3.4, 2.9, 2.2, 3.6, 3.9]]).T
    >>> fit = mixed_nested(y, x, [0, 1], mouse, cage)
    >>> print(fit.effect[0].round(3), fit.df[0].round(2), fit.n_inner[0], fit.n_outer[0])
    2.112 2.0 8 4
    """
    with np.errstate(all="ignore"):
        checks = Checks(level=level, weights=weights, method=method)
        return _fits(*_design(y, x, contrast, inner, outer, checks), level)[0]


@framed
def mixed_nested_contrasts(
    y: ArrayLike,
    x: ArrayLike,
    contrasts: ArrayLike,
    inner: Iterable[Hashable],
    outer: Iterable[Hashable],
    *,
    level: float = 0.95,
    method: str = "REML",
    weights: ArrayLike | None = None,
) -> tuple[NestedFit, ...]:
    """Mixed model of y (n, m) on x (n, k) with nested intercepts, inner (n,) within outer (n,), contrasts (c, k).

    Parameters
    ----------
    y, x, inner, outer, level, method, weights
        As for `mixed_nested`.
    contrasts : (c, k)
        One contrast per row.

    Returns
    -------
    tuple of c NestedFit
        As `mixed_nested` gives them for each contrast, from one fit of the model; each is capped at the units that it
        compares. Nothing is corrected for their number.

    Raises
    ------
    StatisticsError
        As `mixed_nested`.

    References
    ----------
    In R: ``lmerTest::contest1D`` of ``lmer(y ~ x + (1 | outer / inner))``.

    Examples
    --------
    >>> import numpy as np
    >>> cage, mouse = np.repeat([1, 2, 3, 4], 4), np.tile([1, 1, 2, 2], 4)
    >>> x = np.column_stack([np.ones(16), cage > 2, np.tile([0, 1], 8)])
    >>> y = np.array([[1.0, 1.2, 2.1, 2.5, 0.2, 0.6, 1.4, 1.2, 3.9, 4.1, 3.1, 3.4, 2.9, 2.2, 3.6, 3.9]]).T
    >>> arm, time = mixed_nested_contrasts(y, x, [[0, 1, 0], [0, 0, 1]], mouse, cage)
    >>> print(arm.effect[0].round(3), arm.df[0].round(2), time.effect[0].round(3), time.df[0].round(2))
    2.112 2.0 0.112 7.0
    """
    with np.errstate(all="ignore"):
        checks = Checks(level=level, weights=weights, method=method, several=True)
        return _fits(*_design(y, x, contrasts, inner, outer, checks), level)


@framed
def mixed_nested_f(
    y: ArrayLike,
    x: ArrayLike,
    hypothesis: ArrayLike,
    inner: Iterable[Hashable],
    outer: Iterable[Hashable],
    *,
    method: str = "REML",
    weights: ArrayLike | None = None,
) -> FTest:
    """F test of Hβ = 0 in the mixed model of y (n, m) on x (n, k) with nested intercepts, hypothesis H (r, k).

    Parameters
    ----------
    y, x, inner, outer, method, weights
        As for `mixed_nested`.
    hypothesis : (r, k)
        One contrast per row; rows may repeat each other.

    Returns
    -------
    FTest, m features
        As of `mixed_f`; the denominator has at most the degrees of freedom that `mixed_nested` would allow any one row
        of H. `n_groups` counts inner units.

    Raises
    ------
    StatisticsError
        As `mixed_nested`.

    References
    ----------
    Fai and Cornelius 1996, J. Stat. Comput. Simul. 54:363. In R: ``lmerTest::contestMD``.

    Examples
    --------
    Three arms of two cages, two mice each:

    >>> import numpy as np
    >>> cage, mouse = np.repeat(np.arange(6), 4), np.tile([1, 1, 2, 2], 6)
    >>> arms = np.eye(3)[cage // 2]
    >>> y = np.random.default_rng(1).normal(size=(24, 1)) + 4 * arms[:, [2]]
    >>> test = mixed_nested_f(y, arms, [[-1, 1, 0], [-1, 0, 1]], mouse, cage)
    >>> print(test.df[0], test.df2[0].round(2), bool(test.p[0] < 0.05))
    2.0 3.0 True
    """
    with np.errstate(all="ignore"):
        checks = Checks(level=0.95, weights=weights, method=method, several=True)
        design, starts = _design(y, x, hypothesis, inner, outer, checks)
        places, tests = [], []
        for some, moments in chunks(design, np.arange(design.y.shape[1])):
            places.append(some)
            tests.append(_f_test(design, _solve(moments, starts)))
    return joined(tests, places)


class Checks(TypedDict, total=False):
    """What `checked` is told beside the arrays."""

    level: float
    weights: ArrayLike | None
    method: str
    several: bool


def _fits(design: Design, starts: Counts, level: float) -> tuple[NestedFit, ...]:
    places: list[Counts] = []
    parts: list[list[NestedFit]] = [[] for _ in design.contrasts]
    for some, moments in chunks(design, np.arange(design.y.shape[1])):
        places.append(some)
        made = _solve(moments, starts)
        for which, of_contrast in enumerate(parts):
            of_contrast.append(_with_units(made.fit(design, which, level), made.ratios, made.wide.n_groups))
    return tuple(joined(one, places) for one in parts)


def _design(
    y: ArrayLike,
    x: ArrayLike,
    contrast: ArrayLike,
    inner: Iterable[Hashable],
    outer: Iterable[Hashable],
    checks: Checks,
) -> tuple[Design, Counts]:
    """Check the model with rows sorted by outer units; also the first inner unit of each outer one."""
    plain = checked(y, x, contrast, None, **checks)
    n = len(plain.y)
    outside, inside = group_codes(outer, n, "outer"), group_codes(inner, n, "inner")
    order = np.lexsort((inside, outside))
    pairs = np.stack([outside, inside], axis=1)[order]
    new = np.r_[True, (pairs[1:] != pairs[:-1]).any(axis=1)]
    columns = np.asarray(x, dtype=float)[order]
    sorted_ = Checks(**{**checks, "weights": None})
    design = checked(plain.y[:, :0][order], columns, contrast, np.cumsum(new).tolist(), **sorted_)
    # the responses stay as they were given; only the way to them is sorted
    design = replace(design, y=plain.y, rows=order[design.rows], complete=plain.complete, precision=plain.precision)
    first = pairs[new, 0]
    return design, np.flatnonzero(np.r_[True, first[1:] != first[:-1]])


@dataclass(frozen=True, slots=True)
class _Solved:
    """Some features solved: moments as of inner and outer units, λ (m, 2), derivatives, and what is told of it."""

    moments: Moments
    wide: Moments
    ratios: Array
    point: _nested.Point
    solved: Solved
    second: Array

    def fit(self, design: Design, which: int, level: float) -> Fit:
        """Fit of one contrast, as if there were one level of groups."""
        c = self.moments.contrasts[which]
        along = np.matmul(self.point.solution.inverse, c[:, :, None])[:, :, 0]
        uncapped = self.freedom(along, np.einsum("mi,mi->m", c, along))
        limits = _limits(design, self.moments, self.wide, which)
        return fit_within(design, self.moments, self.solved, which, level, uncapped, limits)

    def freedom(self, along: Array, spread: Array) -> Array:
        """Satterthwaite's degrees of freedom of a contrast c, from the variances that are not 0.

        `along` is (X'V⁻¹X)⁻¹c (m, k), `spread` c'(X'V⁻¹X)⁻¹c (m,).
        """
        point, second = self.point, self.second
        fall = -np.einsum("mi,mjik,mk->mj", along, point.moment, along)
        lean = fall / np.where(spread > 0, spread, 1.0)[:, None] + point.residual / point.solution.residual[:, None]
        lean = np.where(self.ratios > 0, lean, 0.0)
        curved: Mask = np.asarray(np.isfinite(second[:, 0, 0]))
        safe = np.linalg.inv(np.where(curved[:, None, None], second, np.eye(2)))
        extra = np.where(curved, np.einsum("mi,mij,mj->m", lean, safe, lean), np.nan)
        return np.asarray(1 / (1 / self.moments.freedom + extra))


def _solve(moments: Moments, starts: Counts) -> _Solved:
    wide = _outer(moments, starts)
    allowed = np.stack([moments.n_groups < moments.n, (wide.n_groups > 1) & (wide.n_groups < moments.n_groups)], axis=1)
    allowed[moments.n_groups <= 1] = False
    problem = _nested.Problem(
        moments.within, moments.sums, moments.sizes, starts, moments.freedom, allowed, moments.restricted
    )
    ratios, found, ran_off = _nested.optimum(problem)
    point = _nested.differentiate(problem, ratios)
    solved, second = _told(moments, problem, ratios, found, ran_off, point)
    return _Solved(moments, wide, ratios, point, solved, second)


def _f_test(design: Design, made: _Solved) -> FTest:
    rows = [made.fit(design, which, 0.95) for which in range(len(design.contrasts))]
    caps = [_limits(design, made.moments, made.wide, which).cap for which in range(len(rows))]
    return joint(made.moments, made.solved, rows, made.freedom, np.min(caps, axis=0))


def _with_units(fit: Fit, ratios: Array, n_outer: Counts) -> NestedFit:
    fields = {name: getattr(fit, name) for name in Fit.__dataclass_fields__}
    n_inner, _ = fields.pop("n_groups"), fields.pop("var_group")
    inner, outer = (ratios[:, j] * fit.var_residual for j in range(2))
    return NestedFit(**fields, n_inner=n_inner, n_outer=n_outer, var_inner=inner, var_outer=outer)


def _told(
    moments: Moments,
    problem: _nested.Problem,
    ratios: Array,
    found: Mask,
    ran_off: Mask,
    point: _nested.Point,
) -> tuple[Solved, Array]:
    """Say what was remarkable about the variances; also the curvature by those that are not 0, NaN if not positive."""
    zero = ratios == 0
    flat = least_squares(moments)
    perfect = ~(flat.residual > PERFECT * moments.y_square)
    note = np.full(len(ratios), "", object)
    names = {(True, False): "inner", (False, True): "outer"}
    for (one, other), name in names.items():
        note[(zero[:, 0] == one) & (zero[:, 1] == other)] = f"the {name} variance is 0"
    note[zero.all(axis=1)] = "both group variances are 0"
    note[~problem.allowed[:, 1]] = "no outer units beside the inner ones: no random intercept for them"
    note[~problem.allowed[:, 0]] = "every inner unit has one sample: no random intercept for them"
    note[perfect] = "the columns leave nothing over: no residual variance"
    same = ran_off & (moments.spare > 0)
    note[ran_off] = "the residual variance is estimated as 0"

    free = ~zero
    second = np.where(free[:, :, None] & free[:, None, :], point.second, np.eye(2))
    curved = (np.linalg.det(second) > 0) & (second[:, 0, 0] > 0)
    unsettled = ~zero.all(axis=1) & (~found | ~curved | (ran_off & ~same))
    note[unsettled] = "the restricted likelihood has no settled optimum"
    variance = point.solution.residual / moments.freedom
    ratio = ratios.sum(axis=1)
    return Solved(
        point.solution, ratio, None, variance, perfect | same, unsettled, zero.any(axis=1) & ~unsettled, note
    ), np.where(curved[:, None, None], second, np.nan)


def _outer(moments: Moments, starts: Counts) -> Moments:
    """Add to what is within inner units what is among their means: the moments as of outer units."""
    sums = np.add.reduceat(moments.sums, starts, axis=1)
    sizes = np.add.reduceat(moments.sizes, starts, axis=1)
    outer_of = np.repeat(np.arange(len(starts)), np.diff(np.append(starts, moments.sizes.shape[1])))
    filled = np.where(moments.sizes > 0, moments.sizes, 1.0)[:, :, None]
    off = moments.sums / filled - (sums / np.where(sizes > 0, sizes, 1.0)[:, :, None])[:, outer_of]
    off *= moments.sizes[:, :, None]
    within = moments.within + np.matmul((off / filled).swapaxes(1, 2), off)
    total = within + np.matmul((sums / np.where(sizes > 0, sizes, 1.0)[:, :, None]).swapaxes(1, 2), sums)
    own = np.diagonal(within, axis1=1, axis2=2)[:, :-1]
    everything = np.diagonal(total, axis1=1, axis2=2)[:, :-1]
    constant = moments.kept & moments.constant & (own <= WITHIN * np.maximum(everything, np.finfo(float).tiny))
    varying = moments.kept & ~constant
    inner = within[:, :-1, :-1] * varying[:, :, None] * varying[:, None, :]
    counts = np.stack([np.add.reduceat(level * moments.sizes, starts, axis=1) for level in moments.levels])
    return replace(
        moments,
        within=within,
        sums=sums,
        sizes=sizes,
        n_groups=np.asarray((sizes > 0).sum(axis=1), dtype=np.int64),
        constant=constant,
        within_rank=rank_of(inner),
        levels=counts / np.where(sizes > 0, sizes, 1.0),
    )


def _limits(design: Design, moments: Moments, wide: Moments, which: int) -> Limits:
    """Caps and faults at the level of the units that the contrast compares."""
    outside = constant_within(design, wide, which)
    inside = constant_within(design, moments, which) & ~outside
    rooms = [level.n_groups - (level.rank - level.within_rank) for level in (wide, moments)]
    cap = np.where(outside, rooms[0], np.where(inside, rooms[1], np.inf))
    lone = np.zeros(len(cap), bool)
    for compared, level in ((outside, wide), (inside, moments)):
        if compared.any():
            lone |= compared & one_group_side(level, which)
    # between inner units of the same outer unit something must be left over to measure their difference against
    spare = moments.n_groups - wide.n_groups - (wide.within_rank - moments.within_rank)
    bare = (inside & (spare < 1)) | (~outside & ~inside & (moments.spare < 1))
    return Limits(cap, lone, (outside | inside) & (cap < 1), bare)
