"""Restricted likelihood of two nested random intercepts, for many features.

V = I + λ₁ Z₁Z₁' + λ₂ Z₂Z₂', inner units g inside outer units o. With h_g = n_g / (1 + λ₁ n_g), group means m_g of z =
(x, y), a_o = Σ h_g and M_o = Σ h_g m_g / a_o over the inner units of o,

    T = z'V⁻¹z = Σ (within inner units) + Σ_g h_g (m_g − M_o)(m_g − M_o)' + Σ_o a_o / (1 + λ₂ a_o) M_o M_o',
    log|V| = Σ_g log(1 + λ₁ n_g) + Σ_o log(1 + λ₂ a_o),

sums of non-negative parts. Their derivatives need the sums of V⁻¹z only: u_g = h_g (m_g − M_o + M_o / (1 + λ₂ a_o)) and
w_o = a_o M_o / (1 + λ₂ a_o), as ∂T/∂λ₁ = −Σ u u', ∂T/∂λ₂ = −Σ w w'.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from commensal.stats._reml import RUNAWAY, Solution, sweep
from commensal.stats.fits import Array, Counts, Mask

#: Variance ratios from which the search starts.
STARTS = np.array([0.0, 0.05, 0.2, 0.6, 2.0, 8.0, 60.0])
#: Deviance by which a variance must improve on 0.
TIE = 1e-9
#: A Newton step in log λ below this ends the search; rounds after which it has not settled; largest step.
STEP, ROUNDS, LEAP = 1e-6, 80, 2.0


@dataclass(frozen=True, slots=True)
class Problem:
    """Moments of m features: within inner units (m, K, K), sums (m, G, K), sizes (m, G); `starts` (O,) of outer units.

    `freedom` (m,) is n − rank, n by ML (not `restricted`); `allowed` (m, 2) says which variances can be told at all.
    """

    within: Array
    sums: Array
    sizes: Array
    starts: Counts
    freedom: Array
    allowed: Mask
    restricted: bool = True

    def of(self, which: Counts) -> Problem:
        """Return the problem of some features."""
        return Problem(
            self.within[which],
            self.sums[which],
            self.sizes[which],
            self.starts,
            self.freedom[which],
            self.allowed[which],
            self.restricted,
        )

    @property
    def outer_of(self) -> Counts:
        """Outer unit of each inner one, (G,)."""
        marks = np.zeros(self.sizes.shape[1], np.int64)
        marks[self.starts[1:]] = 1
        return np.cumsum(marks)

    @property
    def floors(self) -> Array:
        """ε of the search in log(λ + ε), (m, 2)."""
        outer = np.add.reduceat(self.sizes, self.starts, axis=1)
        largest = np.stack([self.sizes.max(axis=1), outer.max(axis=1)], axis=1)
        return np.asarray(0.01 / np.where(largest > 0, largest, 1.0))


@dataclass(frozen=True, slots=True)
class Point:
    """Solution at (λ₁, λ₂), with derivatives of the deviance, of T_xx and of the residual sum of squares.

    With 2 variance parameters: `first` (m, 2), `second` (m, 2, 2), `moment` (m, 2, k, k), `residual` (m, 2).
    """

    solution: Solution
    first: Array
    second: Array
    moment: Array
    residual: Array


@dataclass(frozen=True, slots=True)
class _Sums:
    grown: Array
    h: Array
    a: Array
    off: Array
    mean: Array
    stretch: Array


def _sums(problem: Problem, ratios: Array) -> _Sums:
    n = problem.sizes
    grown = 1 + ratios[:, :1] * n
    h = n / grown
    a = np.add.reduceat(h, problem.starts, axis=1)
    mean = problem.sums / np.where(n > 0, n, 1.0)[:, :, None]
    outer = np.add.reduceat(h[:, :, None] * mean, problem.starts, axis=1) / np.where(a > 0, a, 1.0)[:, :, None]
    return _Sums(grown, h, a, mean - outer[:, problem.outer_of], outer, 1 + ratios[:, 1:] * a)


def _products(one: Array, weights: Array, other: Array | None = None) -> Array:
    """Σ weights · one other', over the second axis: (m, G, K), (m, G) → (m, K, K)."""
    return np.asarray(np.matmul((one * weights[:, :, None]).swapaxes(1, 2), one if other is None else other))


def solve(problem: Problem, ratios: Array) -> Solution:
    """Generalised least squares of every feature at (λ₁, λ₂) = ratios (m, 2)."""
    return _solved(problem, _sums(problem, ratios))


def _solved(problem: Problem, at: _Sums) -> Solution:
    t = problem.within + _products(at.off, at.h) + _products(at.mean, at.a / at.stretch)
    pivots = sweep(t)
    residual = np.maximum(t[:, -1, -1], np.finfo(float).tiny)
    deviance = np.log(at.grown).sum(axis=1) + np.log(at.stretch).sum(axis=1) + (pivots if problem.restricted else 0.0)
    return Solution(t[:, :-1, :-1], t[:, :-1, -1], residual, deviance + problem.freedom * np.log(residual))


def differentiate(problem: Problem, ratios: Array) -> Point:
    """Solution and derivatives at (λ₁, λ₂) = ratios (m, 2)."""
    at = _sums(problem, ratios)
    solution = _solved(problem, at)
    h, a, q = at.h, at.a, at.stretch
    thin = at.mean / q[:, :, None]
    u = h[:, :, None] * (at.off + thin[:, problem.outer_of])
    w = a[:, :, None] * thin
    hu = np.add.reduceat(h[:, :, None] * u, problem.starts, axis=1)
    pull = ratios[:, 1:] / q
    cross = _products(hu, 1 / q, w)
    ones_g, ones_o = np.ones_like(h), np.ones_like(a)
    t = {
        (0,): -_products(u, ones_g),
        (1,): -_products(w, ones_o),
        (0, 0): 2 * (_products(u, h) - _products(hu, pull)),
        (0, 1): cross + cross.swapaxes(1, 2),
        (1, 1): 2 * _products(w, a / q),
    }
    outer, of = problem.starts, problem.outer_of
    squares = np.add.reduceat(h**2, outer, axis=1)
    log_first = [h.sum(axis=1) - (pull * squares).sum(axis=1), (a / q).sum(axis=1)]
    log_second = {
        (0, 0): -(h**2 - 2 * pull[:, of] * h**3).sum(axis=1) - ((pull * squares) ** 2).sum(axis=1),
        (0, 1): -((h / q[:, of]) ** 2).sum(axis=1),
        (1, 1): -((a / q) ** 2).sum(axis=1),
    }
    return assembled(problem.freedom, solution, t, log_first, log_second, restricted=problem.restricted)


def assembled(
    freedom: Array,
    solution: Solution,
    t: dict[tuple[int, ...], Array],
    log_first: list[Array],
    log_second: dict[tuple[int, int], Array],
    *,
    restricted: bool = True,
) -> Point:
    """Return derivatives of the deviance from those of T and of log|V|, for any number of variances; REML or ML."""
    m, count = len(freedom), len(log_first)
    r = solution.residual
    z = np.concatenate([-solution.beta, np.ones((m, 1))], axis=1)
    along = [np.matmul(t[(j,)], z[:, :, None])[:, :, 0] for j in range(count)]
    fall = [np.einsum("mi,mi->m", z, one) for one in along]
    shares = [np.matmul(solution.inverse, t[(j,)][:, :-1, :-1]) for j in range(count)]
    first = np.empty((m, count))
    second = np.empty((m, count, count))
    for j in range(count):
        first[:, j] = log_first[j] + freedom * fall[j] / r
        if restricted:
            first[:, j] += np.trace(shares[j], axis1=1, axis2=2)
    for (i, j), part in log_second.items():
        both = t[(i, j)]
        lean = np.matmul(solution.inverse, along[j][:, :-1, None])[:, :, 0]
        bend = np.einsum("mi,mij,mj->m", z, both, z) - 2 * np.einsum("mi,mi->m", along[i][:, :-1], lean)
        value = part + 0.0
        if restricted:
            value += np.einsum("mij,mji->m", solution.inverse, both[:, :-1, :-1])
            value -= np.einsum("mij,mji->m", shares[i], shares[j])
        value = value + freedom * (bend / r - fall[i] * fall[j] / r**2)
        second[:, i, j] = second[:, j, i] = value
    moment = np.stack([t[(j,)][:, :-1, :-1] for j in range(count)], axis=1)
    return Point(solution, first, second, moment, np.stack(fall, axis=1))


def optimum(problem: Problem) -> tuple[Array, Mask, Mask]:
    """Variance ratios (m, 2) of the largest restricted likelihood; whether found; whether one ran off, (m,) each.

    From the best of a grid Newton descends with both variances free, and from the best of each edge with one of them 0.
    A variance is 0 when that is no worse.
    """
    m = len(problem.freedom)
    grid = np.array([(one, other) for one in STARTS for other in STARTS])
    deviances = np.stack([solve(problem, np.broadcast_to(pair, (m, 2))).deviance for pair in grid], axis=1)
    off = (grid[None] > 0) & ~problem.allowed[:, None]
    deviances = np.where(off.any(axis=2), np.inf, deviances)
    best, found, least = np.zeros((m, 2)), np.ones(m, bool), deviances[:, 0].copy()
    for free in ((True, False), (False, True), (True, True)):
        usable = np.flatnonzero(problem.allowed[:, np.array(free)].all(axis=1))
        part = problem.of(usable)
        inside = (grid[:, 0] > 0) == free[0], (grid[:, 1] > 0) == free[1]
        edge = np.flatnonzero(inside[0] & inside[1])
        start = grid[edge[deviances[usable][:, edge].argmin(axis=1)]]
        ratios, settled = _descend(part, start, np.array(free))
        reached = solve(part, ratios).deviance
        better = reached < least[usable] - TIE
        at = usable[better]
        best[at], found[at], least[at] = ratios[better], settled[better], reached[better]
    return best, found, (best * problem.sizes.mean(axis=1)[:, None] > RUNAWAY / 10).any(axis=1)


def _descend(problem: Problem, start: Array, free: Mask) -> tuple[Array, Mask]:
    """Newton with halved steps on log(λ + ε) from start (m, 2), moving the free λ only; also whether it settled."""
    floors = problem.floors
    low, high = np.log(floors), np.log(RUNAWAY)
    eta = np.log(start + floors)
    settled = np.zeros(len(eta), bool)
    for _ in range(ROUNDS):
        open_ = np.flatnonzero(~settled)
        if not len(open_):
            break
        part, at = problem.of(open_), eta[open_]
        point = differentiate(part, _ratios(at, floors[open_], free))
        step = _newton_step(point, at, low[open_], high, free)
        moved = _halved(part, at, step, point.solution.deviance, floors[open_], (low[open_], high), free)
        eta[open_] = moved
        settled[open_] = (np.abs(step).max(axis=1) < STEP) | (np.abs(moved - at).max(axis=1) < 1e-9)
    return _ratios(eta, floors, free), settled


def _ratios(eta: Array, floors: Array, free: Mask) -> Array:
    return np.where(free, np.maximum(np.exp(eta) - floors, 0.0), 0.0)


def _newton_step(point: Point, eta: Array, low: Array, high: float, free: Mask) -> Array:
    """Newton's step in η with the curvature made positive; a λ at its limit that would cross it stays."""
    reach = np.exp(eta)
    first = point.first * reach
    second = point.second * reach[:, :, None] * reach[:, None, :]
    second[:, [0, 1], [0, 1]] += first
    held = ~free | ((eta <= low) & (first > 0)) | ((eta >= high) & (first < 0))
    first = np.where(held, 0.0, first)
    second = np.where(held[:, :, None] | held[:, None, :], 0.0, second)
    second[:, [0, 1], [0, 1]] += held
    second = np.where(np.isfinite(second), second, np.eye(2))
    sizes, turns = np.linalg.eigh(second)
    along = np.einsum("mij,mi->mj", turns, first) / np.maximum(np.abs(sizes), 1e-10)
    step = -np.einsum("mij,mj->mi", turns, along)
    # shortened as a whole: each part for itself might lead uphill
    return np.asarray(step / np.maximum(np.abs(step).max(axis=1, keepdims=True) / LEAP, 1.0))


def _halved(
    problem: Problem, eta: Array, step: Array, before: Array, floors: Array, limits: tuple[Array, float], free: Mask
) -> Array:
    """Go the step, or a half, a quarter … of it, so that the deviance does not rise."""
    answer = eta.copy()
    waiting = np.arange(len(eta))
    share = 1.0
    for _ in range(25):
        tried = np.clip(eta[waiting] + share * step[waiting], limits[0][waiting], limits[1])
        deviance = solve(problem.of(waiting), _ratios(tried, floors[waiting], free)).deviance
        fine = deviance <= before[waiting] + 1e-11 * (1 + np.abs(before[waiting]))
        answer[waiting[fine]] = tried[fine]
        waiting = waiting[~fine]
        if not len(waiting):
            break
        share /= 2
    return answer
