"""The random-intercept logistic model solved for a chunk of features: Newton on (β, σ), with the boundary σ = 0."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from commensal.stats._logistic_fit import STRIDE, Found, Problem
from commensal.stats._quadrature import Layout, Marginal, layout, marginal
from commensal.stats.fits import Array, Counts, Mask

#: Newton decrement that ends the rough search (with few nodes) and the exact one, and the rounds of each.
ROUGH, EXACT, ROUNDS = 1e-2, 1e-7, 80
#: Relative error of a squared standard error (the square of what is left) that calls for one more correction.
CORRECT = 1e-4
#: Nodes of the rough search.
FEW = 3
#: Log-likelihood by which σ > 0 must be better than σ = 0; σ below which there is nothing to look for; and above.
TIE, TINY, RUNAWAY = 1e-8, 1e-3, 40.0


@dataclass(frozen=True, slots=True)
class MixedSolution:
    """Solved models, features last or alone: beta (k, m), sigma (m,), inverse (m, k, k), the rest (m,)."""

    beta: Array
    sigma: Array
    loglik: Array
    inverse: Array
    settled: Mask
    runaway: Mask


@dataclass(slots=True)
class _Climb:
    """A search on its way. `step` (k + 1, m) and `decrement` (m,) come from the last accepted point."""

    beta: Array
    sigma: Array
    at: Marginal
    settled: Mask
    runaway: Mask


def solve_mixed(
    problem: Problem,
    plain: Found,
    codes: Counts,
    points: int,
    single: Mask,
    near: tuple[Array, Array] | None = None,
) -> MixedSolution:
    """Maximise the marginal likelihood of every feature, starting from its model without the intercept.

    `plain` is that model's solution, `single` (m,) marks features for which there can be no random intercept. `near`,
    β (k, m) and σ (m,) that are known to lie close, saves the rough search.
    """
    kept = problem.kept
    beta, sigma = plain.beta.copy(), np.zeros(kept.shape[1])
    loglik, inverse = plain.at.loglik.copy(), plain.at.inverse.copy()
    settled, runaway = plain.settled.copy(), np.zeros(len(sigma), bool)
    some = np.flatnonzero(plain.settled & ~single)
    if len(some):
        shape = layout(problem.z, codes, points)
        rough = layout(problem.z, codes, min(FEW, points))
        part = problem.of(some)
        pull, spread = _away_from_zero(shape, part, beta[:, some])
        first = np.clip(np.sqrt(2 * np.maximum(pull, 0) / np.maximum(spread, 1e-300)), 0.3, 3.0)
        start = beta[:, some] * np.sqrt(1 + 0.346 * first**2)
        flat = np.where(pull <= 0, loglik[some], -np.inf)
        if near is None:
            climb = _climb(rough, part, start, first, None, flat, ROUGH)
            climb = _climb(shape, part, climb.beta, np.maximum(climb.sigma, 0.05), climb.at.mode, flat, EXACT)
        else:
            close = near[1][some] > 0.05
            first = np.where(close, near[1][some], first)
            climb = _climb(shape, part, np.where(close, near[0][:, some], start), first, None, flat, EXACT)
        inner = (climb.at.loglik > loglik[some] + TIE) & (climb.sigma > 0) & climb.settled
        lost = ~climb.settled & (climb.sigma > 0) & ((climb.at.loglik > loglik[some] + TIE) | climb.runaway)
        at = some[inner]
        beta[:, at], sigma[at], loglik[at] = climb.beta[:, inner], climb.sigma[inner], climb.at.loglik[inner]
        inverse[at] = _covariance(climb.at.information[inner], kept[:, at])[:, :-1, :-1]
        if near is None and len(at):
            inverse[at, 0, 0] = _lead_variance(shape, part.of(np.flatnonzero(inner)), climb, inner)
        settled[some[lost]] = False
        runaway[some[lost & climb.runaway]] = True
        broken = ~np.isfinite(inverse[at]).all(axis=(1, 2)) | ~(inverse[at][:, 0, 0] > 0)
        settled[at[broken & kept[0, at]]] = False
    return MixedSolution(beta, sigma, loglik, inverse, settled, runaway)


def _away_from_zero(shape: Layout, part: Problem, beta: Array) -> tuple[Array, Array]:
    """Differentiate the log-likelihood by σ² at σ = 0; return this and its variance over y, (m,)."""
    eta = part.z @ beta
    mu = 1 / (1 + np.exp(-eta))
    residual = shape.sums @ (part.y - part.t * mu)
    weight = shape.sums @ (part.t * mu * (1 - mu))
    return 0.5 * (residual**2 - weight).sum(axis=0), 0.5 * (weight**2).sum(axis=0)


def _climb(
    shape: Layout, part: Problem, beta: Array, sigma: Array, mode: Array | None, flat: Array, goal: float
) -> _Climb:
    """Newton with eigenvalues made positive, steps halved until the likelihood rises.

    `flat` (m,) is the log-likelihood at σ = 0 where that is a local maximum, else −∞: a search that steps over it from
    a worse place ends there, with σ = 0.
    """
    k, m = beta.shape
    begin = np.zeros((shape.sums.shape[0], m)) if mode is None else mode
    kept = np.vstack([part.kept, np.ones((1, m), bool)])
    now = _Climb(
        beta.copy(), sigma.copy(), _evaluated(shape, part, beta, sigma, begin), np.zeros(m, bool), np.zeros(m, bool)
    )
    step, decrement = _newton(now.at, kept)
    share, active = np.ones(m), np.arange(m)
    for _ in range(ROUNDS):
        active = _retire(now, step, decrement, flat, active, goal)
        if not len(active):
            break
        move = _bounded(shape.z, step[:, active], now.sigma[active]) * share[active]
        guess = now.at.mode[:, active] + np.einsum("gkm,km->gm", now.at.drift[:, :, active], move)
        trial_beta, trial_sigma = now.beta[:, active] + move[:k], now.sigma[active] + move[k]
        new = _evaluated(shape, part.of(active), trial_beta, trial_sigma, guess)
        slack = 1e-10 * (1 + np.abs(now.at.loglik[active]))
        better = (new.loglik >= now.at.loglik[active] - slack) | (share[active] < 1e-5)
        share[active] = np.where(better, 1.0, share[active] / 2)
        won = active[better]
        now.beta[:, won], now.sigma[won] = trial_beta[:, better], trial_sigma[better]
        for name in ("loglik", "information"):
            getattr(now.at, name)[won] = getattr(new, name)[better]
        for name in ("gradient", "mode", "drift"):
            getattr(now.at, name)[..., won] = getattr(new, name)[..., better]
        fresh = Marginal(new.loglik, new.gradient[:, better], new.information[better], new.mode, new.drift)
        step[:, won], decrement[won] = _newton(fresh, kept[:, won])
    return now


def _retire(now: _Climb, step: Array, decrement: Array, flat: Array, active: Counts, goal: float) -> Counts:
    """End the searches that have arrived, at an optimum, at σ = 0 or nowhere; return the others."""
    k = len(now.beta)
    landing = now.sigma[active] + step[k, active]
    zero = (flat[active] >= now.at.loglik[active]) & ((landing <= 0) | (now.sigma[active] < TINY))
    now.sigma[active[zero]] = 0.0
    runaway = ~zero & ((now.sigma[active] > RUNAWAY) | ~np.isfinite(decrement[active]))
    now.runaway[active[runaway]] = True
    done = ~zero & ~runaway & (decrement[active] <= goal)
    there = active[done]
    if goal <= EXACT:
        now.beta[:, there] += step[:k, there]
        now.sigma[there] = np.maximum(now.sigma[there] + step[k, there], 0.0)
        now.at.loglik[there] += decrement[there] / 2
    now.settled[active[done | zero]] = True
    return np.asarray(active[~(zero | runaway | done)])


def _evaluated(shape: Layout, part: Problem, beta: Array, sigma: Array, mode: Array) -> Marginal:
    return marginal(shape, part.y, part.t, beta, sigma, mode)


def _newton(at: Marginal, kept: Mask) -> tuple[Array, Array]:
    """Newton step (k + 1, m), curvature in the wrong direction turned round, and the decrement g'step (m,)."""
    used = kept.T
    information = at.information * (used[:, :, None] & used[:, None, :])
    bad = ~np.isfinite(information).all(axis=(1, 2)) | ~np.isfinite(at.gradient).all(axis=0)
    information[bad] = np.eye(len(kept))
    values, vectors = np.linalg.eigh(information)
    size = np.abs(values)
    size = np.maximum(size, 1e-6 * size.max(axis=1, keepdims=True))
    gradient = np.where(kept, at.gradient, 0.0)
    along = np.einsum("mij,im->mj", vectors, gradient) / size
    step = np.einsum("mij,mj->im", vectors, along) * kept
    decrement = (gradient * step).sum(axis=0)
    decrement[bad] = np.inf
    return step, decrement


def _bounded(z: Array, step: Array, sigma: Array) -> Array:
    """Shorten steps, all parameters alike so that they still lead uphill.

    No longer than a linear predictor can follow; σ falls at most to a quarter and rises at most to 2 σ + 1.
    """
    length = np.abs(z @ step[:-1]).max(axis=0, initial=0.0) / STRIDE
    change = np.maximum(step[-1] / (sigma + 1), -step[-1] / (0.75 * np.maximum(sigma, 1e-300)))
    return np.asarray(step / np.maximum(np.maximum(length, change), 1.0))


def _covariance(information: Array, kept: Mask) -> Array:
    """Inverse of the information (m, k + 1, k + 1); NaN where it is not positive, 0 for columns that are not kept."""
    used = np.vstack([kept, np.ones((1, kept.shape[1]), bool)]).T
    both = used[:, :, None] & used[:, None, :]
    filled = np.where(both, information, np.eye(used.shape[1]))
    values, vectors = np.linalg.eigh(filled)
    inverse = (vectors / np.where(values > 0, values, np.nan)[:, None, :]) @ vectors.swapaxes(1, 2)
    return np.asarray(np.where(both, inverse, 0.0))


def _lead_variance(shape: Layout, part: Problem, climb: _Climb, which: Mask) -> Array:
    """Variance of the first coefficient by the Hessian H of the quadrature's own likelihood, (m,).

    Louis's information L differs from H by the quadrature's error. e'H⁻¹e = 2 e'v − v'Hv + (v − H⁻¹e)'H(v − H⁻¹e): from
    v = L⁻¹e the first two terms leave the square of that difference, and one correction of v makes it negligible. Hv is
    a central difference of the gradient along v.
    """
    at = climb.at
    inverse = _covariance(at.information[which], part.kept)
    v = inverse[:, :, 0].T.copy()
    lead = np.zeros((len(v), 1))
    lead[0] = 1.0
    answer = np.full(v.shape[1], np.nan)
    for _ in range(2):
        product = _along(shape, part, climb, which, v)
        answer = 2 * v[0] - (v * product).sum(axis=0)
        gap = (lead - product) * np.vstack([part.kept, np.ones((1, v.shape[1]), bool)])
        change = np.einsum("mij,jm->im", inverse, gap)
        if not np.abs((change * gap).sum(axis=0) / answer).max(initial=0.0) > CORRECT:
            break
        v += change
    return answer


def _along(shape: Layout, part: Problem, climb: _Climb, which: Mask, v: Array) -> Array:
    """Hessian of minus the log-likelihood times v (k + 1, m)."""
    k = len(climb.beta)
    length = np.maximum(np.abs(shape.z @ v[:k]).max(axis=0, initial=0.0), np.abs(v[k]))
    h = 3e-4 / np.maximum(length, 1e-300)
    ends = []
    for sign in (-1, 1):
        beta, sigma = climb.beta[:, which] + sign * h * v[:k], climb.sigma[which] + sign * h * v[k]
        mode = climb.at.mode[:, which] + sign * h * np.einsum("gkm,km->gm", climb.at.drift[:, :, which], v)
        ends.append(marginal(shape, part.y, part.t, beta, sigma, mode, curved=False).gradient)
    return np.asarray((ends[0] - ends[1]) / (2 * h))
