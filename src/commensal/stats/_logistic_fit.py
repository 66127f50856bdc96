"""Maximum and penalised likelihood of the logistic model, for many features at once.

Features are the last axis. With weights t (1 where present, else 0) the log-likelihood is
Σ_i y_i η_i − t_i log(1 + e^η_i);
in Firth's version ½ log|I(β)| is added to it, I(β) = Σ_i t_i μ_i (1 − μ_i) z_i z_i'.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from commensal.stats._logistic_design import grams
from commensal.stats._logistic_separation import points_away
from commensal.stats.fits import Array, Mask

#: Largest change of a linear predictor in one step; below `SETTLED` the search has ended.
STRIDE, SETTLED = 4.0, 1e-9
#: Linear predictor beyond which a search is asked whether it runs off to infinity.
FAR = 16.0
#: Rounds of the search, of Firth's (which converges linearly), and of the search for an interval's end.
ROUNDS, ROUNDS_FIRTH, ROUNDS_END = 60, 300, 40


@dataclass(frozen=True, slots=True)
class Problem:
    """Responses y and weights t (n, m), missing as 0; columns z (n, k); `free` (k, m) says which coefficients move."""

    y: Array
    t: Array
    z: Array
    kept: Mask
    firth: bool

    def of(self, which: np.ndarray) -> Problem:
        """Take some of the features."""
        return Problem(self.y[:, which], self.t[:, which], self.z, self.kept[:, which], self.firth)


@dataclass(frozen=True, slots=True)
class Point:
    """Where a search stands: likelihood (m,), score (k, m), inverse information (m, k, k) of what moves."""

    loglik: Array
    score: Array
    inverse: Array


@dataclass(frozen=True, slots=True)
class Found:
    """Where it ended: coefficients (k, m), the last step (k, m), whether it settled (m,), and the point there."""

    beta: Array
    step: Array
    settled: Mask
    at: Point


def inverted(a: Array, used: Mask) -> tuple[Array, Array]:
    """Inverse and log determinant of symmetric positive a (m, k, k), rows and columns not `used` (m, k) left at 0."""
    work = a * (used[:, :, None] & used[:, None, :])
    floor = np.finfo(float).tiny ** 0.5
    total = np.zeros(len(a))
    for j in range(a.shape[1]):
        pivot = np.where(used[:, j], np.maximum(work[:, j, j], floor), 1.0)
        total += np.log(pivot)
        row = work[:, j, :] / pivot[:, None]
        column = work[:, :, j].copy()
        work -= column[:, :, None] * row[:, None, :]
        work[:, j, :] = row
        work[:, :, j] = -column / pivot[:, None]
        work[:, j, j] = np.where(used[:, j], 1 / pivot, 0.0)
    return work, total


def evaluate(problem: Problem, beta: Array, free: Mask) -> Point:
    """Likelihood, score and information at beta (k, m)."""
    z, t = problem.z, problem.t
    eta = z @ beta
    small = np.exp(-np.abs(eta))
    base = 1 + small
    mu = np.where(eta >= 0, 1.0, small) / base
    loglik = (problem.y * eta - t * (np.maximum(eta, 0) + np.log(base))).sum(axis=0)
    weight = t * small / base**2
    information = grams(z, weight)
    residual = problem.y - t * mu
    if problem.firth:
        inverse, logdet = inverted(information, problem.kept.T)
        loglik = loglik + 0.5 * logdet
        residual += leverage(z, weight, inverse) * (0.5 - mu)
        if (free == problem.kept).all():
            return Point(loglik, (z.T @ residual) * free, inverse)
    inverse, _ = inverted(information, free.T)
    return Point(loglik, (z.T @ residual) * free, inverse)


def leverage(z: Array, weight: Array, inverse: Array) -> Array:
    """Diagonal of the hat matrix, weight_i z_i' I⁻¹ z_i, (n, m)."""
    n, k = z.shape
    pairs = (z[:, :, None] * z[:, None, :]).reshape(n, k * k)
    return np.asarray(weight * (pairs @ inverse.reshape(len(inverse), k * k).T))


def search(problem: Problem, beta: Array, free: Mask, rounds: int | None = None) -> Found:
    """Newton's method from beta (k, m), steps halved until the likelihood rises; scoring steps in Firth's version."""
    rounds = rounds or (ROUNDS_FIRTH if problem.firth else ROUNDS)
    point = evaluate(problem, beta, free)
    beta, step = beta.copy(), _step(problem.z, point)
    settled = np.zeros(beta.shape[1], bool)
    share, damped = np.ones(beta.shape[1]), np.ones(beta.shape[1])
    active = np.arange(beta.shape[1])
    for _ in range(rounds):
        length = np.abs(problem.z @ step[:, active]).max(axis=0, initial=0.0)
        done = ~(length > SETTLED)
        settled[active[done]] = np.isfinite(length[done])
        beta[:, active[done]] += np.where(np.isfinite(step[:, active[done]]), step[:, active[done]], 0.0)
        active = active[~done]
        if not problem.firth:
            active = active[~_lost(problem, beta, step, active)]
        if not len(active):
            break
        trial = beta[:, active] + share[active] * step[:, active]
        new = evaluate(problem.of(active), trial, free[:, active])
        slack = 1e-12 * (1 + np.abs(point.loglik[active]))
        better = (new.loglik >= point.loglik[active] - slack) | (share[active] < 1e-6)
        won = active[better]
        share[active[~better]] /= 2
        beta[:, won] = trial[:, better]
        point.loglik[won], point.score[:, won] = new.loglik[better], new.score[:, better]
        point.inverse[won] = new.inverse[better]
        fresh = _step(problem.z, Point(new.loglik[better], new.score[:, better], new.inverse[better]))
        # Scoring steps may leap to and fro over the optimum: then half of each is taken from here on.
        back = (fresh * step[:, won]).sum(axis=0) < -0.3 * (step[:, won] ** 2).sum(axis=0)
        damped[won[back & problem.firth]] = 0.5
        share[won], step[:, won] = damped[won], fresh
    return Found(beta, step, settled, point)


def _lost(problem: Problem, beta: Array, step: Array, active: np.ndarray) -> Mask:
    """Whether a search has gone far along a way on which no outcome stops it: it is left there, not settled."""
    lost = np.abs(problem.z @ beta[:, active]).max(axis=0, initial=0.0) > FAR
    some = active[lost]
    lost[lost] = points_away(problem.z, problem.y[:, some], problem.t[:, some], step[:, some])
    return np.asarray(lost)


def _step(z: Array, point: Point) -> Array:
    step = np.einsum("mij,jm->im", point.inverse, point.score)
    length = np.abs(z @ step).max(axis=0, initial=0.0)
    return np.asarray(step * np.minimum(1.0, STRIDE / np.maximum(length, 1e-300)))


def profile_drop(problem: Problem, best: Found, value: Array) -> tuple[Array, Found]:
    """Twice the log-likelihood lost by holding coefficient 0 at value (m,), and the search that found it."""
    free = problem.kept.copy()
    free[0] = False
    start = along_profile(best.beta, best.at.inverse, value)
    held = search(problem, start, free)
    return np.maximum(2 * (best.at.loglik - held.at.loglik), 0.0), held


def along_profile(beta: Array, inverse: Array, value: Array) -> Array:
    """Coefficients moved to value (m,) in the first one, the others as the likelihood's curvature foresees."""
    lead = inverse[:, 0, 0]
    slope = inverse[:, :, 0].T / np.where(lead > 0, lead, 1.0)
    slope[0] = 1.0
    return np.asarray(beta + slope * (value - beta[0]))


def interval_end(problem: Problem, best: Found, side: int, z_level: float) -> Array:
    """Value (m,) of coefficient 0 below (side −1) or above (+1) the best, where the signed root reaches z_level.

    Newton on r(b) = √(2 (l_max − l_profile(b))), which is nearly linear in b, dr/db = −l'(b) / r, inside a bracket.
    NaN where no such value is found.
    """
    m = best.beta.shape[1]
    centre, se = best.beta[0], np.sqrt(best.at.inverse[:, 0, 0])
    inner, outer = np.zeros(m), np.full(m, np.inf)  # distances from the best, in se
    distance = np.full(m, z_level)
    end = np.full(m, np.nan)
    beta = best.beta.copy()
    inverse = best.at.inverse.copy()
    active = np.flatnonzero(np.isfinite(se) & (se > 0))
    for _ in range(ROUNDS_END):
        if not len(active):
            break
        part = problem.of(active)
        free = part.kept.copy()
        free[0] = False
        value = centre[active] + side * distance[active] * se[active]
        held = search(part, along_profile(beta[:, active], inverse[active], value), free)
        root = np.sqrt(np.maximum(2 * (best.at.loglik[active] - held.at.loglik), 0.0))
        beyond = root >= z_level
        outer[active[beyond]] = distance[active[beyond]]
        inner[active[~beyond]] = distance[active[~beyond]]
        slope = -side * _lead_score(part, held.beta) * se[active] / np.maximum(root, 1e-300)
        with np.errstate(divide="ignore", invalid="ignore"):
            new = distance[active] + (z_level - root) / slope
        low, high = inner[active], outer[active]
        middle = np.where(np.isinf(high), 2 * distance[active], (low + high) / 2)
        inside = (new > low) & (new < np.minimum(high, 3 * distance[active] + 1))
        new = np.where(inside, new, middle)
        done = (np.abs(root - z_level) <= 1e-7 * z_level) & held.settled
        end[active[done]] = value[done]
        beta[:, active] = held.beta
        gone = done | ~held.settled | (new > 1e4)
        distance[active] = new
        active = active[~gone]
    return end


def _lead_score(problem: Problem, beta: Array) -> Array:
    """Differentiate the (penalised) likelihood by coefficient 0, (m,)."""
    return np.asarray(evaluate(problem, beta, problem.kept).score[0])
