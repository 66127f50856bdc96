"""Restricted likelihood of a random intercept and slope, for many features.

In a group with Z = (1, t), A = Z'Z and s = Z'z, z = (x, y), and with D the covariance of intercept and slope in units
of the residual variance, V⁻¹ = I − Z D (I + A D)⁻¹ Z' for every D, also a singular one. So with
u = Z'V⁻¹z = (I + A D)⁻¹ s,

    T = z'V⁻¹z = z'z − Σ_g s' D u,   log|V| = Σ_g log|I + A D|,

and with S = Z'V⁻¹Z = (I + A D)⁻¹ A and E_j the derivative of D, ∂T = −Σ u' E_j u and
∂²T = Σ u' (E_i S E_j + E_j S E_i) u.
The search runs in the Cholesky factor of D, as in lme4.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from commensal.stats._nested import Point, assembled
from commensal.stats._reml import Solution, sweep
from commensal.stats.fits import Array, Counts, Mask

#: Derivatives of D by its intercept variance, covariance and slope variance.
BASIS = np.array([[[1.0, 0], [0, 0]], [[0, 1], [1, 0]], [[0, 0], [0, 1]]])
#: Deviance by which a part of D must improve on its being 0.
TIE = 1e-8
STEP, ROUNDS, LEAP = 1e-7, 100, 1.0
#: A standard deviation, in units of the residual one, at which the residual variance counts as 0.
RUNAWAY = 1e4


@dataclass(frozen=True, slots=True)
class Problem:
    """z'z (m, K, K), s (m, G, 2, K), A (m, G, 2, 2), n − rank or by ML n (m,)."""

    total: Array
    sums: Array
    squares: Array
    freedom: Array
    restricted: bool = True

    def of(self, which: Counts) -> Problem:
        """Return the problem of some features."""
        parts = (self.total[which], self.sums[which], self.squares[which], self.freedom[which])
        return Problem(*parts, self.restricted)


def covariance(theta: Array) -> Array:
    """D (m, 2, 2) of Cholesky factors (l₁₁, l₂₁, l₂₂), (m, 3)."""
    one, cross, two = theta.T
    return np.stack([np.stack([one**2, one * cross], 1), np.stack([one * cross, cross**2 + two**2], 1)], 1)


def _inverse(problem: Problem, d: Array) -> tuple[Array, Array]:
    """(I + A D)⁻¹ of every group (m, G, 2, 2), and the log of its determinant's inverse."""
    b = np.matmul(problem.squares, d[:, None]) + np.eye(2)
    determinant = b[..., 0, 0] * b[..., 1, 1] - b[..., 0, 1] * b[..., 1, 0]
    adjoint = np.stack([np.stack([b[..., 1, 1], -b[..., 0, 1]], -1), np.stack([-b[..., 1, 0], b[..., 0, 0]], -1)], -2)
    return adjoint / determinant[..., None, None], np.log(determinant)


def solve(problem: Problem, theta: Array) -> Solution:
    """Generalised least squares of every feature at θ (m, 3)."""
    return _solved(problem, covariance(theta))[0]


def _solved(problem: Problem, d: Array) -> tuple[Solution, Array, Array]:
    b, logs = _inverse(problem, d)
    u = np.matmul(b, problem.sums)
    m, groups, _, k = u.shape
    du = np.matmul(d[:, None], u).reshape(m, groups * 2, k)
    t = problem.total - np.matmul(problem.sums.reshape(m, groups * 2, k).swapaxes(1, 2), du)
    t = (t + t.swapaxes(1, 2)) / 2
    pivots = sweep(t)
    residual = np.maximum(t[:, -1, -1], np.finfo(float).tiny)
    deviance = logs.sum(axis=1) + (pivots if problem.restricted else 0.0) + problem.freedom * np.log(residual)
    return Solution(t[:, :-1, :-1], t[:, :-1, -1], residual, deviance), u, b


def differentiate(problem: Problem, theta: Array) -> Point:
    """Solution and its derivatives by the three entries of D."""
    solution, u, b = _solved(problem, covariance(theta))
    s = np.matmul(b, problem.squares)
    m, groups, _, k = u.shape
    flat = u.reshape(m, groups * 2, k)

    def form(kernel: Array) -> Array:
        """Σ_g u' kernel u, kernel (2, 2) or (m, G, 2, 2)."""
        return np.asarray(np.matmul(flat.swapaxes(1, 2), np.matmul(kernel, u).reshape(m, groups * 2, k)))

    t: dict[tuple[int, ...], Array] = {(j,): -form(BASIS[j]) for j in range(3)}
    log_first = [np.einsum("mgij,ji->m", s, e) for e in BASIS]
    log_second = {}
    for i in range(3):
        for j in range(i, 3):
            middle = np.matmul(np.matmul(BASIS[i], s), BASIS[j])
            t[i, j] = form(middle + middle.swapaxes(2, 3))
            log_second[i, j] = -np.einsum("mgij,mgji->m", np.matmul(s, BASIS[i]), np.matmul(s, BASIS[j]))
    return assembled(problem.freedom, solution, t, log_first, log_second, restricted=problem.restricted)


def in_factor(point: Point, theta: Array) -> tuple[Array, Array, Array]:
    """Return derivatives of the deviance by θ, (m, 3) and (m, 3, 3), and ∂D/∂θ (m, 3 of D, 3 of θ)."""
    jacobian = np.zeros((len(theta), 3, 3))
    jacobian[:, 0, 0] = 2 * theta[:, 0]
    jacobian[:, 1, 0], jacobian[:, 1, 1] = theta[:, 1], theta[:, 0]
    jacobian[:, 2, 1], jacobian[:, 2, 2] = 2 * theta[:, 1], 2 * theta[:, 2]
    first = np.einsum("mj,mji->mi", point.first, jacobian)
    second = np.einsum("mji,mjk,mkl->mil", jacobian, point.second, jacobian)
    second[:, 0, 0] += 2 * point.first[:, 0]
    second[:, 0, 1] += point.first[:, 1]
    second[:, 1, 0] += point.first[:, 1]
    second[:, 1, 1] += 2 * point.first[:, 2]
    second[:, 2, 2] += 2 * point.first[:, 2]
    return first, second, jacobian


def optimum(problem: Problem) -> tuple[Array, Mask]:
    """θ (m, 3) of the largest restricted likelihood, parts of D exactly 0 where that is no worse; whether found.

    Newton from the three best of a grid, then again with the slope's own part 0 and with everything but it 0.
    """
    m = len(problem.freedom)
    levels = (0.1, 0.5, 1.5)
    grid = np.array([(p, c * q, np.sqrt(1 - c * c) * q) for p in levels for q in levels for c in (-0.6, 0.0, 0.6)])
    deviances = np.stack([solve(problem, np.broadcast_to(g, (m, 3))).deviance for g in grid], axis=1)
    order = np.argsort(deviances, axis=1)
    best, found = np.zeros((m, 3)), np.ones(m, bool)
    least = solve(problem, best).deviance
    tries = [(np.array([1.0, 0, 0]), (True, False, False)), (np.array([0, 0, 1.0]), (False, False, True))]
    tries += [(np.array([1.0, 0.5, 0]), (True, True, False)), (np.array([1.0, -0.5, 0]), (True, True, False))]
    starts = [(np.broadcast_to(start, (m, 3)), np.array(free)) for start, free in tries]
    starts += [(grid[order[:, rank]], np.ones(3, bool)) for rank in range(3)]
    for start, free in starts:
        theta, settled = _descend(problem, start, free)
        reached = solve(problem, theta).deviance
        better = reached < least - TIE
        best[better], found[better], least[better] = theta[better], settled[better], reached[better]
    return best, found


def _descend(problem: Problem, start: Array, free: Mask) -> tuple[Array, Mask]:
    theta = np.array(start)
    settled = np.zeros(len(theta), bool)
    for _ in range(ROUNDS):
        open_ = np.flatnonzero(~settled)
        if not len(open_):
            break
        part, at = problem.of(open_), theta[open_]
        point = differentiate(part, at)
        first, second, _ = in_factor(point, at)
        first = np.where(free, first, 0.0)
        second = np.where(free[:, None] & free, second, np.diag(~free).astype(float))
        second = np.where(np.isfinite(second), second, np.eye(3))
        sizes, turns = np.linalg.eigh(second)
        along = np.einsum("mij,mi->mj", turns, first) / np.maximum(np.abs(sizes), 1e-8)
        step = -np.einsum("mij,mj->mi", turns, along)
        size = np.abs(step).max(axis=1)
        step /= np.maximum(size / (LEAP * np.maximum(1, np.abs(at).max(axis=1))), 1.0)[:, None]
        moved = _halved(part, at, step, point.solution.deviance)
        theta[open_] = moved
        settled[open_] = (size < STEP) | (np.abs(moved - at).max(axis=1) < 1e-10)
    return theta, settled


def _halved(problem: Problem, theta: Array, step: Array, before: Array) -> Array:
    """Go the step, or a half, a quarter … of it, so that the deviance does not rise."""
    answer = theta.copy()
    waiting = np.arange(len(theta))
    share = 1.0
    for _ in range(30):
        tried = np.clip(theta[waiting] + share * step[waiting], -RUNAWAY, RUNAWAY)
        deviance = solve(problem.of(waiting), tried).deviance
        fine = deviance <= before[waiting] + 1e-11 * (1 + np.abs(before[waiting]))
        answer[waiting[fine]] = tried[fine]
        waiting = waiting[~fine]
        if not len(waiting):
            break
        share /= 2
    return answer
