"""Restricted likelihood of one random intercept, as a function of λ = σ²_group / σ²_residual, for many features.

For a group of n samples V⁻¹ = I − λ/(1 + λn) 11' = (I − 11'/n) + 11'/n · 1/(1 + λn), so that with z = (x, y)

    T(λ) = z'V⁻¹z = Σ (within-group moments) + Σ_g ψ_g s_g s_g',   ψ_g = 1 / (n_g (1 + λ n_g)),

a sum of non-negative parts, without cancellation at any λ. With r(λ) the generalised residual sum of squares (y's
Schur complement in T) and σ² profiled out, minus twice the restricted log-likelihood is, but for a constant,

    d(λ) = Σ_g log(1 + λ n_g) + log|T_xx| + (n − rank) log r(λ).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from commensal.stats._moments import Moments
from commensal.stats.fits import Array, Mask

#: Points of the grid from which the search starts, besides λ = 0.
GRID = 28
#: A variance ratio times the mean group size beyond this is a residual variance of 0.
RUNAWAY = 1e8
#: Deviance by which λ > 0 must be better than λ = 0.
TIE = 1e-10
#: Newton steps in log λ below this end the search; rounds after which it has not settled.
STEP, ROUNDS = 1e-9, 100


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

    def of(self, which: np.ndarray) -> _Problem:
        return _Problem(self.within[which], self.sums[which], self.sizes[which], self.freedom[which])

    def weighted(self, weights: Array) -> Array:
        """Σ_g weights_g s_g s_g', (m, K, K)."""
        return np.asarray(np.matmul((self.sums * weights[:, :, None]).swapaxes(1, 2), self.sums))


def _problem(moments: Moments) -> _Problem:
    freedom = np.maximum(moments.n - moments.rank, 1).astype(float)
    return _Problem(moments.within, moments.sums, moments.sizes, freedom)


def solve(moments: Moments, ratio: Array) -> Solution:
    """Generalised least squares of every feature at λ = ratio (m,)."""
    return _solve(_problem(moments), ratio)


def _solve(problem: _Problem, ratio: Array) -> Solution:
    stretch = 1 + ratio[:, None] * problem.sizes
    t = problem.within + problem.weighted(1 / (np.maximum(problem.sizes, 1) * stretch))
    log_pivots = _sweep(t)
    residual = np.maximum(t[:, -1, -1], np.finfo(float).tiny)
    deviance = np.log(stretch).sum(axis=1) + log_pivots + problem.freedom * np.log(residual)
    return Solution(t[:, :-1, :-1], t[:, :-1, -1], residual, deviance)


def _sweep(t: Array) -> Array:
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
    first = spread.sum(axis=1) + np.trace(share, axis1=1, axis2=2) + problem.freedom * r1 / at.residual
    second = -(spread**2).sum(axis=1) + np.einsum("mij,mji->m", at.inverse, t2[:, :-1, :-1])
    second -= np.einsum("mij,mji->m", share, share)
    second += problem.freedom * (r2 / at.residual - (r1 / at.residual) ** 2)
    return Slopes(first, second, t1[:, :-1, :-1], r1)


def optimum(moments: Moments) -> Optimum:
    """Largest restricted likelihood of every feature: a grid, then Newton inside the best cell.

    The search runs in η = log(λ + ε), smooth down to λ = 0. λ̂ = 0 where no λ > 0 is better: the grid's best point is
    0 and d rises from there (d'(0) ≥ 0), or the best λ > 0 is better by less than rounding.
    """
    problem = _problem(moments)
    floor = 0.01 / np.maximum(problem.sizes.max(axis=1), 1)
    mean_size = np.maximum(moments.n / np.maximum(moments.n_groups, 1), 1)
    top = np.log(RUNAWAY / mean_size)
    bottom = np.log(floor)
    width = (top - bottom) / GRID
    deviances = np.stack(
        [_solve(problem, np.exp(bottom + i * width) - floor).deviance for i in range(GRID + 1)], axis=1
    )
    best = deviances.argmin(axis=1)
    low = bottom + np.maximum(best - 1, 0) * width
    high = bottom + np.minimum(best + 1, GRID) * width
    start = bottom + best * width
    eta, settled, uphill = _newton(problem, start, low, high, floor)
    ratio = np.exp(eta) - floor
    at_zero = (best == 0) & ~uphill
    found = _solve(problem, ratio).deviance
    zero = at_zero | ~(found < deviances[:, 0] - TIE)
    runaway = ~zero & (best == GRID) & uphill
    identified = np.ptp(deviances, axis=1) > 1e-8
    return Optimum(np.where(zero, 0.0, ratio), settled | zero, runaway, identified)


def _newton(problem: _Problem, start: Array, low: Array, high: Array, floor: Array) -> tuple[Array, Mask, Mask]:
    """Newton on d(η) kept inside [low, high] by bisection; also whether d falls with λ at the start."""
    eta, low, high = start.copy(), low.copy(), high.copy()
    settled = np.zeros(len(eta), bool)
    uphill = np.zeros(len(eta), bool)
    for turn in range(ROUNDS):
        open_ = np.flatnonzero(~settled)
        if not len(open_):
            break
        part, at = problem.of(open_), eta[open_]
        reach = np.exp(at)
        ratio = np.maximum(reach - floor[open_], 0)
        by = _slopes(part, ratio, _solve(part, ratio))
        first = by.first * reach
        second = by.second * reach**2 + first
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
        settled[open_] = (np.abs(move) < STEP) | (high[open_] - low[open_] < STEP)
    return eta, settled, uphill
