"""Likelihood of one random intercept, as a function of λ = σ²_group / σ²_residual, for many features.

For a group of n samples V⁻¹ = I − λ/(1 + λn) 11' = (I − 11'/n) + 11'/n · 1/(1 + λn), so that with z = (x, y)

    T(λ) = z'V⁻¹z = Σ (within-group moments) + Σ_g ψ_g s_g s_g',   ψ_g = 1 / (n_g (1 + λ n_g)),

a sum of non-negative parts, without cancellation at any λ. With r(λ) the generalised residual sum of squares (y's
Schur complement in T) and σ² profiled out, minus twice the restricted log-likelihood is, but for a constant,

    d(λ) = Σ_g log(1 + λ n_g) + log|T_xx| + (n − rank) log r(λ),

and, unrestricted, d(λ) = Σ_g log(1 + λ n_g) + n log r(λ). Observation weights w take the place of counts: n_g = Σ w.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from commensal.stats._moments import Moments
from commensal.stats.fits import Array, Counts, Mask

#: Points of the grid from which the search starts, besides λ = 0.
GRID = 28
#: A variance ratio times the mean group size beyond this is a residual variance of 0.
RUNAWAY = 1e8
#: Deviance by which λ > 0 must be better than λ = 0.
TIE = 1e-10
#: Deviances nearer than this are the same.
ALIKE = 1e-6
#: Towards a limit the last steps of the grid fall off as 1/λ, by 0.44; without one they stay as they are.
LEVELS_OFF = 0.6
#: Newton steps in log λ below this end the search (the next would be below its square); as do brackets that narrow.
STEP, BRACKET = 1e-6, 1e-9
#: Features whose sums are multiplied together: what fits into a processor's cache.
BATCH = 48
#: Rounds after which the search has not settled.
ROUNDS = 100


@dataclass(frozen=True, slots=True)
class Solution:
    """Generalised least squares at each feature's λ.

    Attributes
    ----------
    inverse : (m, k, k)
        (X'V⁻¹X)⁻¹ with V in units of the residual variance.
    beta : (m, k)
    residual, deviance : (m,)
        r(λ) and d(λ).
    """

    inverse: Array
    beta: Array
    residual: Array
    deviance: Array


@dataclass(frozen=True, slots=True)
class Slopes:
    """First and second derivatives by λ of d, and what Satterthwaite's df needs: T_xx' and r'. Each first axis is m."""

    first: Array
    second: Array
    moment: Array
    residual: Array


@dataclass(frozen=True, slots=True)
class Optimum:
    """Where each feature's restricted likelihood is largest, (m,) each; `endless`: in the limit of large λ."""

    ratio: Array
    settled: Mask
    runaway: Mask
    identified: Mask
    endless: Mask


@dataclass(frozen=True, slots=True)
class Problem:
    """What the likelihood needs of m features, groups of one size put together, as ψ_g depends on n_g only.

    Attributes
    ----------
    within : (m, K, K)
    products : (m, K (K + 1) / 2, U)
        Σ s_g s_g' over the groups of each size, upper triangle by row.
    sizes : (m or 1, U)
    counts : (m or 1, U)
        Groups of each size.
    freedom : (m,)
    restricted : bool
    """

    within: Array
    products: Array
    sizes: Array
    counts: Array
    freedom: Array
    restricted: bool

    def of(self, which: Counts | slice) -> Problem:
        """Return the problem of some features."""
        sizes, counts = (a if len(a) == 1 else a[which] for a in (self.sizes, self.counts))
        return Problem(self.within[which], self.products[which], sizes, counts, self.freedom[which], self.restricted)

    def weighted(self, *weights: Array) -> list[Array]:
        """Σ_g weights_g s_g s_g' for weights (m, U) each, (m, K, K) each."""
        columns = self.within.shape[1]
        row, column = np.triu_indices(columns)
        full = np.empty((columns, columns), np.int64)
        full[row, column] = full[column, row] = np.arange(len(row))
        sums = np.matmul(self.products, np.stack(weights, axis=2))
        return [sums[:, full, which] for which in range(len(weights))]


def pooled(moments: Moments) -> Problem:
    """Put the groups of one size together, where there are fewer sizes than groups."""
    m, groups, columns = moments.sums.shape
    row, column = np.triu_indices(columns)
    largest = moments.sizes.max(initial=0.0)
    whole = bool((moments.sizes == np.rint(moments.sizes)).all())
    fewer = whole and largest < groups / 2
    sizes = np.arange(1.0, largest + 1)[None] if fewer else moments.sizes
    products = np.empty((m, len(row), sizes.shape[1]))
    counts = np.empty((m, sizes.shape[1])) if fewer else np.ones((1, groups))
    for first in range(0, m, BATCH):
        some = slice(first, first + BATCH)
        sums = np.ascontiguousarray(moments.sums[some].swapaxes(1, 2))
        outer = np.empty((len(sums), len(row), groups)) if fewer else products[some]
        for pair, (i, j) in enumerate(zip(row, column, strict=True)):
            np.multiply(sums[:, i], sums[:, j], out=outer[:, pair])
        if fewer:
            alike = (moments.sizes[some][:, :, None] == sizes).astype(float)
            np.matmul(outer, alike, out=products[some])
            counts[some] = alike.sum(axis=1)
    return Problem(moments.within, products, sizes, counts, moments.freedom, moments.restricted)


def least_squares(moments: Moments) -> Solution:
    """Generalised least squares of every feature at λ = 0."""
    sizes = np.where(moments.sizes > 0, moments.sizes, 1.0)[:, :, None]
    total = moments.within + np.matmul((moments.sums / sizes).swapaxes(1, 2), moments.sums)
    return _solution(total, moments.freedom, np.zeros(len(total)), restricted=moments.restricted)


def solve(problem: Problem, ratio: Array) -> Solution:
    """Generalised least squares of every feature at λ = ratio (m,)."""
    stretch = 1 + ratio[:, None] * problem.sizes
    t = problem.within + problem.weighted(1 / (np.where(problem.sizes > 0, problem.sizes, 1.0) * stretch))[0]
    logs = (problem.counts * np.log(stretch)).sum(axis=1)
    return _solution(t, problem.freedom, logs, restricted=problem.restricted)


def _solution(t: Array, freedom: Array, logs: Array, *, restricted: bool) -> Solution:
    log_pivots = sweep(t)
    residual = np.maximum(t[:, -1, -1], np.finfo(float).tiny)
    deviance = logs + freedom * np.log(residual)
    if restricted:
        deviance += log_pivots
    return Solution(t[:, :-1, :-1], t[:, :-1, -1], residual, deviance)


def sweep(t: Array) -> Array:
    """Gauss–Jordan in place on all but the last column of t (m, K, K); returns the sum of the log pivots.

    Leaves the inverse of the leading block, the coefficients of the last column, and its residual sum of squares.
    """
    total = np.zeros(len(t))
    for j in range(t.shape[1] - 1):
        pivot = np.maximum(t[:, j, j], np.finfo(float).tiny)
        total += np.log(pivot)
        row = t[:, j, :] / pivot[:, None]
        column = t[:, :, j].copy()
        t -= column[:, :, None] * row[:, None, :]
        t[:, j, :] = row
        t[:, :, j] = -column / pivot[:, None]
        t[:, j, j] = 1 / pivot
    return total


def slopes(problem: Problem, ratio: Array, at: Solution) -> Slopes:
    """Differentiate at λ = ratio (m,), where `at` was solved."""
    shrink = 1 / (1 + ratio[:, None] * problem.sizes)
    t1, t2 = problem.weighted(-(shrink**2), 2 * problem.sizes * shrink**3)
    spread = problem.sizes * shrink
    z = np.concatenate([-at.beta, np.ones((len(ratio), 1))], axis=1)
    t1z = np.einsum("mij,mj->mi", t1, z)
    r1 = np.einsum("mi,mi->m", z, t1z)
    pull = t1z[:, :-1]
    r2 = np.einsum("mi,mij,mj->m", z, t2, z, optimize=True)
    r2 -= 2 * np.einsum("mi,mij,mj->m", pull, at.inverse, pull, optimize=True)
    share = np.matmul(at.inverse, t1[:, :-1, :-1])
    first = (problem.counts * spread).sum(axis=1) + problem.freedom * r1 / at.residual
    second = -(problem.counts * spread**2).sum(axis=1)
    if problem.restricted:
        first += np.trace(share, axis1=1, axis2=2)
        second += np.einsum("mij,mji->m", at.inverse, t2[:, :-1, :-1]) - np.einsum("mij,mji->m", share, share)
    second += problem.freedom * (r2 / at.residual - (r1 / at.residual) ** 2)
    return Slopes(first, second, t1[:, :-1, :-1], r1)


def optimum(problem: Problem, moments: Moments) -> Optimum:
    """Largest likelihood of every feature: a grid, then Newton inside the best cell."""

    def derivatives(which: Counts, ratio: Array) -> tuple[Array, Array]:
        part = problem.of(which)
        by = slopes(part, ratio, solve(part, ratio))
        return by.first, by.second

    grid = grid_of(moments.sizes, moments)
    deviances = _deviances(problem, grid.ratios)
    return search(grid, deviances, derivatives, lambda ratio: solve(problem, ratio).deviance)


def _deviances(problem: Problem, ratios: Array) -> Array:
    """Deviance at every λ of the grids (m, J): as `solve`, but all λ of a feature by one product of matrices."""
    m, count = ratios.shape
    answer = np.empty((m, count))
    columns = problem.within.shape[1]
    row, column = np.triu_indices(columns)
    for first in range(0, m, BATCH):
        part = problem.of(slice(first, first + BATCH))
        sizes = part.sizes[:, :, None]
        stretch = ratios[first : first + BATCH][:, None, :] * sizes
        stretch += 1
        t = np.matmul(part.products, 1 / (np.where(sizes > 0, sizes, 1.0) * stretch))
        t += part.within[:, row, column][:, :, None]
        left = np.ascontiguousarray(np.moveaxis(t, 1, 0)).reshape(len(row), -1)
        log_pivots, residual = _eliminated(left, columns)
        shape = (len(t), count)
        found = np.matmul(np.log(stretch).swapaxes(1, 2), np.broadcast_to(part.counts, stretch.shape[:2])[:, :, None])
        found = found[:, :, 0] + part.freedom[:, None] * np.log(residual.reshape(shape))
        answer[first : first + BATCH] = found + log_pivots.reshape(shape) if problem.restricted else found
    return answer


def _eliminated(t: Array, columns: int) -> tuple[Array, Array]:
    """Sum of log pivots of all but the last column, and what is left of it; t (pairs, …) has upper triangles by row."""
    tiny = np.finfo(float).tiny
    total = np.zeros(t.shape[1:])
    at = 0
    for j in range(columns - 1):
        rest = columns - j
        pivot = np.maximum(t[at], tiny)
        total += np.log(pivot)
        pivots = t[at : at + rest]
        factors = pivots[1:] / pivot
        below = at + rest
        for i in range(1, rest):
            t[below : below + rest - i] -= factors[i - 1] * pivots[i:]
            below += rest - i
        at += rest
    return total, np.maximum(t[at], tiny)


@dataclass(frozen=True, slots=True)
class Grid:
    """Where the search begins: λ = exp(bottom + i · width) − floor for i = 0 … GRID; the first is 0. All (m,)."""

    bottom: Array
    width: Array
    floor: Array

    @property
    def ratios(self) -> Array:
        """All λ of the grid, (m, GRID + 1)."""
        eta = self.bottom[:, None] + self.width[:, None] * np.arange(GRID + 1)
        return np.asarray(np.maximum(np.exp(eta) - self.floor[:, None], 0.0))


def grid_of(sizes: Array, moments: Moments) -> Grid:
    """Grid that reaches from 0 to where the residual variance is 0 for all that a double can tell."""
    heaviest = sizes.max(axis=1)
    floor = 0.01 / np.where(heaviest > 0, heaviest, 1.0)
    mean_size = sizes.sum(axis=1) / np.maximum(moments.n_groups, 1)
    top = np.log(RUNAWAY / np.where(mean_size > 0, mean_size, 1.0))
    bottom = np.log(floor)
    return Grid(bottom, (top - bottom) / GRID, floor)


def search(
    grid: Grid,
    deviances: Array,
    derivatives: Callable[[Counts, Array], tuple[Array, Array]],
    deviance: Callable[[Array], Array],
) -> Optimum:
    """Optimum of every feature from its deviances on the grid (m, GRID + 1).

    The search runs in η = log(λ + ε), smooth down to λ = 0. λ̂ = 0 where no λ > 0 is better: the grid's best point is
    0 and d rises from there (d'(0) ≥ 0), or the best λ > 0 is better by less than rounding.
    """
    best = deviances.argmin(axis=1)
    low = grid.bottom + np.maximum(best - 1, 0) * grid.width
    high = grid.bottom + np.minimum(best + 1, GRID) * grid.width
    start = grid.bottom + (best + _vertex(deviances, best)) * grid.width
    eta, settled, uphill = _newton(derivatives, start, low, high, grid.floor)
    ratio = np.maximum(np.exp(eta) - grid.floor, 0.0)
    at_zero = (best == 0) & ~uphill
    # Where every λ is as likely, rounding would choose one: 0 is taken. Where it grows with λ towards a limit, as with
    # no degree of freedom inside groups, rounding would choose one too: the limit is taken.
    identified = np.ptp(deviances, axis=1) > ALIKE
    before, last = deviances[:, -3] - deviances[:, -2], deviances[:, -2] - deviances[:, -1]
    level = (np.abs(before) + np.abs(last) < ALIKE) | ((last > 0) & (last < LEVELS_OFF * before) & (last < 1e-3))
    endless = level & (deviances[:, -1] - deviances.min(axis=1) < ALIKE)
    zero = at_zero | ~(deviance(ratio) < deviances[:, 0] - TIE) | ~identified
    endless &= ~zero
    runaway = ~zero & ~endless & (best == GRID) & uphill
    ratio = np.where(zero, 0.0, np.where(endless, grid.ratios[:, -1], ratio))
    return Optimum(ratio, settled | zero | endless, runaway, identified, endless)


def _vertex(deviances: Array, best: Counts) -> Array:
    """Lowest point of the parabola through the best point of the grid and its neighbours, in steps; 0 at the ends."""
    rows = np.arange(len(best))
    inner = np.clip(best, 1, GRID - 1)
    left, middle, right = (deviances[rows, inner + i] for i in (-1, 0, 1))
    bend = left - 2 * middle + right
    step = np.where(bend > 0, (left - right) / (2 * np.where(bend > 0, bend, 1.0)), 0.0)
    return np.where((best == inner) & np.isfinite(step), np.clip(step, -0.9, 0.9), 0.0)


def _newton(
    derivatives: Callable[[Counts, Array], tuple[Array, Array]], start: Array, low: Array, high: Array, floor: Array
) -> tuple[Array, Mask, Mask]:
    """Newton on d(η) kept inside [low, high] by bisection; also whether d falls with λ at the start."""
    eta, low, high = start.copy(), low.copy(), high.copy()
    settled = np.zeros(len(eta), bool)
    uphill = np.zeros(len(eta), bool)
    for turn in range(ROUNDS):
        open_ = np.flatnonzero(~settled)
        if not len(open_):
            break
        at = eta[open_]
        reach = np.exp(at)
        by_first, by_second = derivatives(open_, np.maximum(reach - floor[open_], 0))
        first = by_first * reach
        second = by_second * reach**2 + first
        falls = first < 0
        if turn == 0:
            uphill[open_] = falls
        low[open_] = np.where(falls, at, low[open_])
        high[open_] = np.where(falls, high[open_], at)
        step = np.where(second > 0, -first / np.where(second > 0, second, 1), np.inf)
        inside = (at + step > low[open_]) & (at + step < high[open_])
        middle = (low[open_] + high[open_]) / 2
        move = np.where(inside, step, middle - at)
        move = np.where(first == 0, 0.0, move)
        eta[open_] = at + move
        settled[open_] = (np.where(inside, np.abs(move), np.inf) < STEP) | (first == 0)
        settled[open_] |= high[open_] - low[open_] < BRACKET
    return eta, settled, uphill
