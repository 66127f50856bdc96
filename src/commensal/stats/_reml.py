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
#: Newton steps in log λ below this end the search (the next would be below its square); as do brackets that narrow.
STEP, BRACKET = 1e-6, 1e-9
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
    """Where each feature's restricted likelihood is largest, (m,) each."""

    ratio: Array
    settled: Mask
    runaway: Mask
    identified: Mask


@dataclass(frozen=True, slots=True)
class _Problem:
    within: Array
    sums: Array
    sizes: Array
    freedom: Array
    restricted: bool

    def of(self, which: Counts) -> _Problem:
        return _Problem(self.within[which], self.sums[which], self.sizes[which], self.freedom[which], self.restricted)

    def weighted(self, weights: Array) -> Array:
        """Σ_g weights_g s_g s_g', (m, K, K)."""
        return np.asarray(np.matmul((self.sums * weights[:, :, None]).swapaxes(1, 2), self.sums))


def _problem(moments: Moments) -> _Problem:
    return _Problem(moments.within, moments.sums, moments.sizes, moments.freedom, moments.restricted)


def solve(moments: Moments, ratio: Array) -> Solution:
    """Generalised least squares of every feature at λ = ratio (m,)."""
    return _solve(_problem(moments), ratio)


def _solve(problem: _Problem, ratio: Array) -> Solution:
    stretch = 1 + ratio[:, None] * problem.sizes
    t = problem.within + problem.weighted(1 / (np.where(problem.sizes > 0, problem.sizes, 1.0) * stretch))
    log_pivots = sweep(t)
    residual = np.maximum(t[:, -1, -1], np.finfo(float).tiny)
    deviance = np.log(stretch).sum(axis=1) + problem.freedom * np.log(residual)
    if problem.restricted:
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


def slopes(moments: Moments, ratio: Array, solution: Solution) -> Slopes:
    """Differentiate at λ = ratio (m,), where `solution` was taken."""
    return _slopes(_problem(moments), ratio, solution)


def _slopes(problem: _Problem, ratio: Array, at: Solution) -> Slopes:
    shrink = 1 / (1 + ratio[:, None] * problem.sizes)
    t1 = problem.weighted(-(shrink**2))
    t2 = problem.weighted(2 * problem.sizes * shrink**3)
    spread = problem.sizes * shrink
    z = np.concatenate([-at.beta, np.ones((len(ratio), 1))], axis=1)
    t1z = np.einsum("mij,mj->mi", t1, z)
    r1 = np.einsum("mi,mi->m", z, t1z)
    pull = t1z[:, :-1]
    r2 = np.einsum("mi,mij,mj->m", z, t2, z, optimize=True)
    r2 -= 2 * np.einsum("mi,mij,mj->m", pull, at.inverse, pull, optimize=True)
    share = np.matmul(at.inverse, t1[:, :-1, :-1])
    first = spread.sum(axis=1) + problem.freedom * r1 / at.residual
    second = -(spread**2).sum(axis=1)
    if problem.restricted:
        first += np.trace(share, axis1=1, axis2=2)
        second += np.einsum("mij,mji->m", at.inverse, t2[:, :-1, :-1]) - np.einsum("mij,mji->m", share, share)
    second += problem.freedom * (r2 / at.residual - (r1 / at.residual) ** 2)
    return Slopes(first, second, t1[:, :-1, :-1], r1)


def optimum(moments: Moments) -> Optimum:
    """Largest likelihood of every feature: a grid, then Newton inside the best cell."""
    problem = _problem(moments)

    def derivatives(which: Counts, ratio: Array) -> tuple[Array, Array]:
        part = problem.of(which)
        by = _slopes(part, ratio, _solve(part, ratio))
        return by.first, by.second

    grid = grid_of(problem.sizes, moments)
    deviances = _deviances(problem, grid.ratios)
    return search(grid, deviances, derivatives, lambda ratio: _solve(problem, ratio).deviance)


#: Features whose grids are computed together.
BATCH = 48


def _deviances(problem: _Problem, ratios: Array) -> Array:
    """Deviance at every λ of the grids (m, J): as `_solve`, but all λ of a feature by one product of matrices."""
    m, count = ratios.shape
    answer = np.empty((m, count))
    columns = problem.within.shape[1]
    row, column = np.triu_indices(columns)
    for first in range(0, m, BATCH):
        some = slice(first, first + BATCH)
        sums = np.ascontiguousarray(problem.sums[some].swapaxes(1, 2))
        sizes = problem.sizes[some][:, :, None]
        stretch = ratios[some][:, None, :] * sizes
        stretch += 1
        outer = np.empty((len(sums), len(row), sums.shape[2]))
        for pair, (i, j) in enumerate(zip(row, column, strict=True)):
            np.multiply(sums[:, i], sums[:, j], out=outer[:, pair])
        t = np.matmul(outer, 1 / (np.where(sizes > 0, sizes, 1.0) * stretch))
        t += problem.within[some][:, row, column][:, :, None]
        left = np.ascontiguousarray(np.moveaxis(t, 1, 0)).reshape(len(row), -1)
        log_pivots, residual = _eliminated(left, columns)
        shape = (len(sums), count)
        found = _log_product(stretch) + problem.freedom[some, None] * np.log(residual.reshape(shape))
        answer[some] = found + log_pivots.reshape(shape) if problem.restricted else found
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


def _log_product(factors: Array) -> Array:
    """Σ log over the second axis of factors (m, G, J) in [1, 1e16]: a logarithm for every sixteen of them."""
    m, groups, count = factors.shape
    whole = groups - groups % 16
    answer = np.log(factors[:, whole:].prod(axis=1))
    if whole:
        answer += np.log(factors[:, :whole].reshape(m, whole // 16, 16, count).prod(axis=2)).sum(axis=1)
    return np.asarray(answer)


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
    # Where every λ is as likely, rounding would choose one: 0 is taken.
    identified = np.ptp(deviances, axis=1) > 1e-6
    zero = at_zero | ~(deviance(ratio) < deviances[:, 0] - TIE) | ~identified
    runaway = ~zero & (best == GRID) & uphill
    return Optimum(np.where(zero, 0.0, ratio), settled | zero, runaway, identified)


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
