"""The search for the largest marginal likelihood: Newton on (ξ, τ), for many features at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from commensal.stats._pair_marginal import Pairs, Point, evaluate, nodes_of
from commensal.stats.fits import Array, Counts, Mask

#: Newton decrement that ends the search, and its rounds.
GOAL, MOST = 1e-10, 100
#: Largest change of a predictor in one step; shortest share of a step that is tried.
STRIDE, SHORTEST = 6.0, 1e-5
#: Random intercepts smaller than this are none; larger run away; a gain in log-likelihood below TIE is none.
TINY, RUNAWAY, TIE = 1e-3, 60.0, 1e-8


@dataclass(slots=True)
class Found:
    """Where the search ended: ξ (m, p), τ (m,), log-likelihood, inverse information (m, p, p), and how."""

    xi: Array
    tau: Array
    loglik: Array
    inverse: Array
    settled: Mask
    runaway: Mask


def maximum(pairs: Pairs, start: Array, points: int, single: Mask, near: Found | None = None) -> Found:
    """Maximise from ξ `start` (m, p); `single` (m,) marks features without a random intercept.

    The model without the intercept comes first; τ = 0 stays where no τ is better. `near` gives a τ to start from.
    """
    plain = _climb(pairs, start, np.zeros(len(start)), 1)
    which = np.flatnonzero(~single & plain.settled)
    if not which.size:
        return plain
    first = np.full(which.size, 1.0) if near is None else np.clip(np.abs(near.tau[which]), 0.3, 5.0)
    part = _climb(pairs.of(which), plain.xi[which], first, points)
    part.tau = np.abs(part.tau)
    inner = part.settled & (part.tau > TINY) & (part.loglik > plain.loglik[which] + TIE)
    lost = ~part.settled & (part.loglik > plain.loglik[which] + TIE)
    at = which[inner]
    for name in ("xi", "tau", "loglik", "inverse"):
        getattr(plain, name)[at] = getattr(part, name)[inner]
    plain.settled[which[lost]] = False
    plain.runaway[which[lost & part.runaway]] = True
    return plain


def _climb(pairs: Pairs, start: Array, tau: Array, points: int) -> Found:
    m, p = start.shape
    nodes = None if points == 1 else nodes_of(points)
    free = np.column_stack([pairs.kept, np.full(m, nodes is not None)])
    xi, tau = np.where(pairs.kept, start, 0.0), tau.copy()
    at = evaluate(pairs, xi, tau, np.zeros((m, len(pairs.starts))), nodes)
    settled, runaway = np.zeros(m, bool), np.zeros(m, bool)
    active = np.arange(m)
    for _ in range(MOST):
        here = _some(at, active)
        step, decrement = _newton(here, free[active])
        runaway[active] = np.abs(tau[active]) > RUNAWAY
        settled[active] = (decrement <= GOAL) & np.isfinite(at.loglik[active])
        if nodes is not None:  # so small an intercept is none: `maximum` puts 0
            settled[active] |= tau[active] < TINY / 3
        going = ~settled[active] & ~runaway[active] & np.isfinite(decrement)
        active, step, decrement = active[going], step[going], decrement[going]
        if not active.size:
            break
        step = _bounded(pairs.of(active), step, tau[active])
        moved = _line_search(pairs, xi, tau, at, active, step, nodes)
        # No step uphill is left: rounding decides, and the place is as good as found.
        settled[active[~moved & (decrement < 1e-6)]] = True
        active = active[moved]
        if not active.size:
            break
    return Found(xi, tau, at.loglik.copy(), _inverse(at.information, free)[:, :p, :p], settled, runaway)


def _line_search(pairs: Pairs, xi: Array, tau: Array, at: Point, active: Counts, step: Array, nodes: object) -> Mask:
    """Take a share of each step that does not lead downhill, in place; return which features moved."""
    p = xi.shape[1]
    share, waiting, moved = np.ones(len(active)), np.arange(len(active)), np.zeros(len(active), bool)
    while waiting.size:
        rows = active[waiting]
        change = step[waiting] * share[waiting, None]
        new = evaluate(pairs.of(rows), xi[rows] + change[:, :p], tau[rows] + change[:, p], at.mode[rows], nodes)  # type: ignore[arg-type]
        slack = 1e-10 * (1 + np.abs(at.loglik[rows]))
        better = new.loglik >= at.loglik[rows] - slack
        won = rows[better]
        xi[won] += change[better, :p]
        tau[won] += change[better, p]
        for name in ("loglik", "gradient", "information", "mode"):
            getattr(at, name)[won] = getattr(new, name)[better]
        moved[waiting[better]] = True
        waiting = waiting[~better]
        share[waiting] /= 2
        waiting = waiting[share[waiting] > SHORTEST]
    return moved


def _some(at: Point, which: Counts) -> Point:
    return Point(at.loglik[which], at.gradient[which], at.information[which], at.mode[which])


def _newton(at: Point, free: Mask) -> tuple[Array, Array]:
    """Newton step (m, p + 1), curvature in the wrong direction turned round, and the decrement g'step (m,)."""
    both = free[:, :, None] & free[:, None, :]
    information = np.where(both, at.information, 0.0)
    bad = ~np.isfinite(information).all(axis=(1, 2)) | ~np.isfinite(np.where(free, at.gradient, 0.0)).all(axis=1)
    information[bad] = np.eye(free.shape[1])
    # in units of each coefficient's own curvature, so that small ones are not lost beside large ones
    size = np.sqrt(np.maximum(np.abs(np.diagonal(information, axis1=1, axis2=2)), 1e-10))
    values, vectors = np.linalg.eigh(information / size[:, :, None] / size[:, None, :])
    values = np.maximum(np.abs(values), 1e-9 * np.abs(values).max(axis=1, keepdims=True))
    gradient = np.where(free, at.gradient, 0.0) / size
    along = np.einsum("mij,mi->mj", vectors, gradient) / np.maximum(values, 1e-300)
    step = np.where(free, np.einsum("mij,mj->mi", vectors, along) / size, 0.0)
    decrement = (np.where(free, at.gradient, 0.0) * step).sum(axis=1)
    decrement[bad] = np.inf
    return step, decrement


def _bounded(pairs: Pairs, step: Array, tau: Array) -> Array:
    """Shorten steps so that no predictor changes by more than a likelihood can follow."""
    mask = pairs.mask > 0
    by_a, by_b = (np.abs(np.einsum("mnp,mp->mn", side, step[:, :-1])) for side in (pairs.a, pairs.b))
    moved = np.maximum(by_a, by_b)
    length = np.where(mask, moved, 0.0).max(axis=1, initial=0.0) / STRIDE
    # τ falls slowly, so that it does not jump over an optimum to 0, where the gradient is 0 as well
    change = np.maximum(step[:, -1] / (0.5 + 0.5 * tau), -step[:, -1] / np.maximum(0.65 * tau, 1e-300))
    length = np.maximum(length, np.where(step[:, -1] == 0, 0.0, change))
    return np.asarray(step / np.maximum(length, 1.0)[:, None])


def _inverse(information: Array, free: Mask) -> Array:
    """Inverse of the information; NaN where it is not positive, 0 for what is not free."""
    both = free[:, :, None] & free[:, None, :]
    filled = np.where(both, information, np.eye(free.shape[1]))
    filled = np.where(np.isfinite(filled), filled, np.eye(free.shape[1]) * np.nan)
    out = np.full_like(filled, np.nan)
    fine = np.isfinite(filled).all(axis=(1, 2))
    if fine.any():
        size = np.sqrt(np.maximum(np.abs(np.diagonal(filled[fine], axis1=1, axis2=2)), 1e-300))
        values, vectors = np.linalg.eigh(filled[fine] / size[:, :, None] / size[:, None, :])
        own = (vectors / np.where(values > 1e-14, values, np.nan)[:, None, :]) @ vectors.swapaxes(1, 2)
        out[fine] = own / size[:, :, None] / size[:, None, :]
    return np.where(both, out, 0.0)
