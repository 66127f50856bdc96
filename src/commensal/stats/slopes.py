"""The linear mixed model with a random intercept and slope, for many features at once."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from commensal.errors import StatisticsError
from commensal.stats import _slopes
from commensal.stats._design import Design, checked, numbers
from commensal.stats._frames import framed
from commensal.stats._inference import PERFECT, Limits, Solved, constant_within, fit_within, limits_of, one_group_side
from commensal.stats._joint import joint
from commensal.stats._moments import Moments, careful, independent, rank_of, row_weights, standardised
from commensal.stats._nested import Point
from commensal.stats._reml import least_squares
from commensal.stats.fits import Array, Counts, Fit, FTest, Mask, SlopeFit, joined

#: Working memory of one chunk of features, bytes.
MEMORY = 24 * 2**20
#: A column that the slope's variable leaves less than this share of inside groups is a line in it.
LINE = 1e-10


@framed
def mixed_slope(
    y: ArrayLike,
    x: ArrayLike,
    contrast: ArrayLike,
    groups: Iterable[Hashable],
    slope: ArrayLike,
    *,
    level: float = 0.95,
    method: str = "REML",
    weights: ArrayLike | None = None,
) -> SlopeFit:
    """Mixed model of y (n, m) on x (n, k), random intercept and slope (n,) per group (n,), contrast (k,).

    y = Xβ + b₀ + b₁ t + e per group, (b₀, b₁) ~ N(0, Σ) with their covariance, e ~ N(0, σ²_residual), t the slope's
    variable, by restricted maximum likelihood. x should hold t itself (its mean slope) beside the intercept. Each
    feature is fitted to the samples in which it is present.

    Parameters
    ----------
    y : (n, m)
        Responses; NaN is missing.
    x : (n, k)
        Columns of the model, with an intercept column if one is wanted; complete.
    contrast : (k,)
        Weights of the coefficients: the effect is c'β, in units of y per unit of the contrast.
    groups : (n,)
        The block of each row: any hashable labels, none missing.
    slope : (n,)
        The variable t of the random slope, such as a sample's day; complete.
    level
        Of the confidence interval.
    method, weights
        As for `mixed`.

    Returns
    -------
    SlopeFit, m features
        t = c'β / se against Student's t with Satterthwaite's degrees of freedom, at most as many as the groups allow:
        where every column that the contrast weighs is constant within groups, groups − rank of such columns; where
        every one is a straight line in t within groups (t itself, arm × t), groups with two values of t − rank of the
        lines' slopes, as then groups' slopes are compared. `df_satterthwaite` is not capped.

        Statuses with p: ``ok``; ``boundary``, Σ is singular (the note says how). Statuses without p: as of `mixed`;
        ``too_few`` also with no more samples than random effects (two per group).

    Raises
    ------
    StatisticsError
        As `mixed`; a slope's variable that does not fit, is not complete or does not vary.

    References
    ----------
    Laird and Ware 1982, Biometrics 38:963. In R: ``lmerTest::lmer(y ~ x + (1 + t | group))``.

    Examples
    --------
    >>> import numpy as np
    >>> cage, day = np.repeat(np.arange(6), 5), np.tile(np.arange(5.0), 6)
    >>> x = np.column_stack([np.ones(30), cage > 2, day, (cage > 2) * day])
    >>> rng = np.random.default_rng(1)
    >>> pace = np.array([0.1, 0.4, -0.2, 1.2, 0.8, 1.0])
    >>> y = pace[cage] * day + rng.normal(0, 1, 6)[cage] + rng.normal(0, 0.5, 30)
    >>> fit = mixed_slope(y[:, None], x, [0, 0, 0, 1], cage, day)
    >>> print(fit.effect[0].round(3), fit.df[0].round(2), fit.p[0].round(4), fit.status[0])
    0.923 4.0 0.0143 boundary
    """
    with np.errstate(all="ignore"):
        design = checked(y, x, contrast, groups, level, weights=weights, method=method)
        return _fits(design, slope, level)[0]


@framed
def mixed_slope_contrasts(
    y: ArrayLike,
    x: ArrayLike,
    contrasts: ArrayLike,
    groups: Iterable[Hashable],
    slope: ArrayLike,
    *,
    level: float = 0.95,
    method: str = "REML",
    weights: ArrayLike | None = None,
) -> tuple[SlopeFit, ...]:
    """Mixed model of y (n, m) on x (n, k), random intercept and slope (n,) per group (n,), contrasts (c, k).

    Parameters
    ----------
    y, x, groups, slope, level, method, weights
        As for `mixed_slope`.
    contrasts : (c, k)
        One contrast per row.

    Returns
    -------
    tuple of c SlopeFit
        As `mixed_slope` gives them for each contrast, from one fit of the model. Nothing is corrected for their number.

    Raises
    ------
    StatisticsError
        As `mixed_slope`.

    References
    ----------
    In R: ``lmerTest::contest1D`` of ``lmer(y ~ x + (1 + t | group))``.

    Examples
    --------
    >>> import numpy as np
    >>> cage, day = np.repeat(np.arange(6), 5), np.tile(np.arange(5.0), 6)
    >>> x = np.column_stack([np.ones(30), cage > 2, day, (cage > 2) * day])
    >>> rng = np.random.default_rng(1)
    >>> pace = np.array([0.1, 0.4, -0.2, 1.2, 0.8, 1.0])
    >>> y = pace[cage] * day + rng.normal(0, 1, 6)[cage] + rng.normal(0, 0.5, 30)
    >>> fits = mixed_slope_contrasts(y[:, None], x, [[0, 0, 1, 0], [0, 0, 0, 1]], cage, day)
    >>> print(*(fit.effect[0].round(3) for fit in fits), *(fit.df[0].round(2) for fit in fits))
    0.12 0.923 4.0 4.0
    """
    with np.errstate(all="ignore"):
        design = checked(y, x, contrasts, groups, level, weights=weights, method=method, several=True)
        return _fits(design, slope, level)


@framed
def mixed_slope_f(
    y: ArrayLike,
    x: ArrayLike,
    hypothesis: ArrayLike,
    groups: Iterable[Hashable],
    slope: ArrayLike,
    *,
    method: str = "REML",
    weights: ArrayLike | None = None,
) -> FTest:
    """F test of Hβ = 0 in the mixed model of y (n, m) on x (n, k), random intercept and slope, hypothesis H (r, k).

    Parameters
    ----------
    y, x, groups, slope, method, weights
        As for `mixed_slope`.
    hypothesis : (r, k)
        One contrast per row; rows may repeat each other.

    Returns
    -------
    FTest, m features
        As of `mixed_f`; the denominator has at most the degrees of freedom that `mixed_slope` would allow any one row
        of H.

    Raises
    ------
    StatisticsError
        As `mixed_slope`.

    References
    ----------
    Fai and Cornelius 1996, J. Stat. Comput. Simul. 54:363. In R: ``lmerTest::contestMD``.

    Examples
    --------
    Do three arms of three cages differ in pace?

    >>> import numpy as np
    >>> cage, day = np.repeat(np.arange(9), 5), np.tile(np.arange(5.0), 9)
    >>> arm = np.eye(3)[cage // 3]
    >>> x = np.column_stack([arm, arm * day[:, None]])
    >>> rng = np.random.default_rng(1)
    >>> y = rng.normal(size=(45, 1)) + (rng.normal(0, 0.3, 9)[cage] * day)[:, None] + 2 * x[:, [5]]
    >>> test = mixed_slope_f(y, x, [[0, 0, 0, -1, 1, 0], [0, 0, 0, -1, 0, 1]], cage, day)
    >>> print(test.df[0], bool(test.df2[0] <= 6), bool(test.p[0] < 0.01))
    2.0 True True
    """
    with np.errstate(all="ignore"):
        design = checked(y, x, hypothesis, groups, 0.95, weights=weights, method=method, several=True)
        t = _variable(slope, len(design.x))
        t = ((t - t.mean()) / t.std())[design.rows]
        places, tests = [], []
        for some in _steps(design):
            places.append(some)
            tests.append(_f_test(design.of(some), t))
    return joined(tests, places)


def _fits(design: Design, slope: ArrayLike, level: float) -> tuple[SlopeFit, ...]:
    t = _variable(slope, len(design.x))
    middle, spread = float(t.mean()), float(t.std())
    t = ((t - middle) / spread)[design.rows]
    places: list[Counts] = []
    parts: list[list[SlopeFit]] = [[] for _ in design.contrasts]
    for some in _steps(design):
        places.append(some)
        part = design.of(some)
        made = _solve(part, t)
        for which, of_contrast in enumerate(parts):
            of_contrast.append(_with_units(made.fit(part, which, level), made.theta, (middle, spread)))
    return tuple(joined(one, places) for one in parts)


def _variable(slope: ArrayLike, n: int) -> Array:
    t = numbers(slope, "slope", 1)
    if len(t) != n or not np.isfinite(t).all():
        raise StatisticsError(
            "slope and y do not fit",
            found=f"{len(t)} values, {int((~np.isfinite(t)).sum())} of them not finite",
            expected=f"{n} finite numbers, one per row",
        )
    if not np.ptp(t) > 1e-12 * np.abs(t).max():
        raise StatisticsError("slope does not vary", expected="a variable with two values or more", mend="use mixed")
    return t


def _steps(design: Design) -> Iterator[Counts]:
    m = design.y.shape[1]
    columns = design.n_columns + 1
    step = max(1, MEMORY // (8 * columns * (4 * len(design.x) + 12 * len(design.starts) + 12 * columns)))
    for first in range(0, max(m, 1), step):
        yield np.arange(first, min(first + step, m))


@dataclass(frozen=True, slots=True)
class _Solved:
    """Some features solved: moments as of groups and of their slopes, θ (m, 3), derivatives, and what is told of it."""

    moments: Moments
    lines: Moments
    theta: Array
    point: Point
    solved: Solved
    curvature: tuple[Array, Array, Array]

    def fit(self, design: Design, which: int, level: float) -> Fit:
        """Fit of one contrast."""
        c = self.moments.contrasts[which]
        along = np.matmul(self.point.solution.inverse, c[:, :, None])[:, :, 0]
        uncapped = self.freedom(along, np.einsum("mi,mi->m", c, along))
        limits = _limits(design, self.moments, self.lines, which)
        return fit_within(design, self.moments, self.solved, which, level, uncapped, limits)

    def freedom(self, along: Array, spread: Array) -> Array:
        """Satterthwaite's degrees of freedom of a contrast c, without directions in which the likelihood is flat.

        `along` is (X'V⁻¹X)⁻¹c (m, k), `spread` c'(X'V⁻¹X)⁻¹c (m,).
        """
        point, (sizes, turns, jacobian) = self.point, self.curvature
        fall = -np.einsum("mi,mjik,mk->mj", along, point.moment, along)
        lean = fall / np.where(spread > 0, spread, 1.0)[:, None] + point.residual / point.solution.residual[:, None]
        lean = np.einsum("mj,mji->mi", lean, jacobian)
        told = sizes > 1e-8
        shares = np.where(told, np.einsum("mij,mi->mj", turns, lean) ** 2 / np.where(told, sizes, 1.0), 0.0)
        return np.asarray(1 / (1 / self.moments.freedom + shares.sum(axis=1)))


def _solve(design: Design, t: Array) -> _Solved:
    moments = careful(design)
    problem, lines = _problem(design, moments, t)
    theta, found = _slopes.optimum(problem)
    point = _slopes.differentiate(problem, theta)
    solved, curvature = _told(moments, theta, found, point)
    return _Solved(moments, lines, theta, point, solved, curvature)


def _f_test(design: Design, t: Array) -> FTest:
    made = _solve(design, t)
    rows = [made.fit(design, which, 0.95) for which in range(len(design.contrasts))]
    caps = [np.asarray(_limits(design, made.moments, made.lines, which).cap) for which in range(len(rows))]
    return joint(made.moments, made.solved, rows, made.freedom, np.min(caps, axis=0))


def _with_units(fit: Fit, theta: Array, units: tuple[float, float]) -> SlopeFit:
    """Put the covariance of intercept and slope into the units of the slope's variable."""
    d = _slopes.covariance(theta) * fit.var_residual[:, None, None]
    middle, spread = units
    back = np.array([[1.0, -middle / spread], [0.0, 1 / spread]])
    d = back @ d @ back.T
    fields = {name: getattr(fit, name) for name in Fit.__dataclass_fields__ if name != "var_group"}
    return SlopeFit(**fields, var_intercept=d[:, 0, 0], var_slope=d[:, 1, 1], covariance=d[:, 0, 1])


def _problem(design: Design, moments: Moments, t: Array) -> tuple[_slopes.Problem, Moments]:
    """Return sums with and without t; also the moments as of groups' slopes, in which a line's column is constant."""
    z, mask, counts = standardised(design)
    z[:, :-1] *= moments.kept[:, :, None]
    weights = row_weights(design)
    if weights is not None:
        z *= weights[:, None, :]
        mask, counts = mask * weights, moments.sizes
    with_t = np.moveaxis(np.add.reduceat(z * t, design.starts, axis=2), 2, 1)
    a1 = np.add.reduceat(mask * t, design.starts, axis=1)
    a2 = np.add.reduceat(mask * t**2, design.starts, axis=1)
    squares = np.stack([np.stack([counts, a1], -1), np.stack([a1, a2], -1)], -2)
    many = np.where(counts > 0, counts, 1.0)
    total = moments.within + np.matmul((moments.sums / many[:, :, None]).swapaxes(1, 2), moments.sums)
    sums = np.stack([moments.sums, with_t], axis=2)

    varying = a2 - a1**2 / many
    sloped = varying > 1e-9 * np.maximum(a2, 1e-300)
    cross = with_t - (a1 / many)[:, :, None] * moments.sums
    slopes = np.where(sloped[:, :, None], cross / np.where(sloped, varying, 1.0)[:, :, None], 0.0)
    slopes[:, :, :-1] *= ~moments.constant[:, None, :]  # exactly no slope, so that rounding adds none to the rank
    rest = moments.within - np.matmul(slopes.swapaxes(1, 2), cross)
    own = np.diagonal(total, axis1=1, axis2=2)[:, :-1]
    line = moments.kept & (np.diagonal(rest, axis1=1, axis2=2)[:, :-1] <= LINE * own)
    bent = moments.kept & ~line
    slopes[:, :, -1] = 0
    lines = replace(
        moments,
        sums=slopes,
        sizes=sloped.astype(float),
        n_groups=np.asarray(sloped.sum(axis=1), dtype=np.int64),
        constant=line,
        within_rank=rank_of(rest[:, :-1, :-1] * bent[:, :, None] * bent[:, None, :]),
        levels=np.zeros_like(moments.levels),
    )
    return _slopes.Problem(total, sums, squares, moments.freedom, moments.restricted), lines


def _limits(design: Design, moments: Moments, lines: Moments, which: int) -> Limits:
    """Caps and faults: of groups' means, of groups' slopes, or of what is left inside groups."""
    means = limits_of(design, moments, which)
    between = constant_within(design, moments, which)
    along = constant_within(design, lines, which) & ~between
    used = (lines.kept & lines.constant)[:, None, :]
    slopes = lines.sums[:, :, :-1] * used
    basis = independent(np.matmul(slopes.swapaxes(1, 2), slopes))
    room = lines.n_groups - basis.sum(axis=1)
    cap = np.where(between, means.cap, np.where(along, room, np.inf))
    lone = np.broadcast_to(means.lone, cap.shape) & between
    if along.any():
        lone = lone | (along & one_group_side(replace(lines, constant=basis), which))
    left = moments.n - moments.n_groups - lines.n_groups - lines.within_rank
    crowded = (between | along) & (cap < 1)
    return Limits(cap, lone, crowded, (moments.n <= 2 * moments.n_groups) | (~between & ~along & (left < 1)))


def _told(moments: Moments, theta: Array, found: Mask, point: Point) -> tuple[Solved, tuple[Array, Array, Array]]:
    """Say what was remarkable about the variances; also the curvature's sizes and turns, and the factor's Jacobian."""
    zero = theta == 0
    flat = least_squares(moments)
    perfect = ~(flat.residual > PERFECT * moments.y_square)
    note = np.full(len(theta), "", object)
    boundary = zero[:, 0] | zero[:, 2]
    note[boundary] = "intercept and slope vary as one: their correlation is 1 or -1"
    note[zero[:, 0]] = "the intercept variance at the mean of the slope's variable is 0"
    note[zero[:, 1] & zero[:, 2]] = "the slope variance is 0"
    note[zero.all(axis=1)] = "no variance between groups"
    note[perfect] = "the columns leave nothing over: no residual variance"
    ran_off = np.abs(theta).max(axis=1, initial=0) > _slopes.RUNAWAY / 10

    _, second, jacobian = _slopes.in_factor(point, theta)
    sizes, turns = np.linalg.eigh(np.where(np.isfinite(second), second, 0.0))
    unsettled = ~found | (sizes[:, 0] < -1e-4 * np.abs(sizes).max(axis=1)) | ran_off
    unsettled &= ~zero.all(axis=1)
    note[unsettled] = "the restricted likelihood has no settled optimum"
    variance = point.solution.residual / moments.freedom
    solved = Solved(point.solution, theta[:, 0] ** 2, None, variance, perfect, unsettled, boundary & ~unsettled, note)
    return solved, (sizes, turns, jacobian)
