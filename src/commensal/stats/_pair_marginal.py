"""Marginal likelihood with one random intercept of values that have two linear predictors each.

For group g with h(u) = Σ_i ℓ_i(a_i + s_a τu, b_i + s_b τu) − u²/2, a_i = A_i'ξ, b_i = B_i'ξ, mode û and J = −h''(û),

    L_g ≈ J^(−1/2) Σ_q ω_q exp h(û + J^(−1/2) x_q),   ω_q = w_q exp(x_q²/2)

(Liu and Pierce 1994). The gradient is Fisher's, E[∂ of the complete log-likelihood | data] under the quadrature's
weights, the information Louis's, E[−∂²] − Var[∂]: both are those of the likelihood itself up to the quadrature's error,
which fifteen nodes leave far below what an optimum is sought to.

Arrays: m features, n rows sorted by group, q nodes, p coefficients ξ. Without a random intercept τ is 0 and q is 1.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from commensal.stats._pair_families import Family, Known, Terms
from commensal.stats._quadrature import Rule, rule
from commensal.stats.fits import Array, Counts, Mask

#: Newton rounds for the modes, and the step that ends them.
ROUNDS, SETTLED = 50, 1e-9


@dataclass(frozen=True, slots=True)
class Pairs:
    """The values of m features, ready to be fitted.

    Attributes
    ----------
    family
        Gives the terms of a value.
    a, b : (m, n, p)
        Rows A_i and B_i of the predictors.
    known
        What is known of the values.
    mask : (m, n)
        1 where a feature is present, else 0.
    exact : (m,)
        How often log ξ_0 is in the log-likelihood: exact values of a normal, whose ξ_0 is 1/σ.
    kept : (m, p)
        Coefficients that are free; the others are 0.
    pull : (s_a, s_b)
        How the random intercept moves the predictors.
    codes, starts : (n,), (G,)
        Group of each row, first row of each group.
    """

    family: Family
    a: Array
    b: Array
    known: Known
    mask: Array
    exact: Array
    kept: Mask
    pull: tuple[float, float]
    codes: Counts
    starts: Counts

    def of(self, which: np.ndarray) -> Pairs:
        """Return some features only."""
        return replace(
            self,
            a=self.a[which],
            b=self.b[which],
            known=self.known.of(which),
            mask=self.mask[which],
            exact=self.exact[which],
            kept=self.kept[which],
        )


@dataclass(frozen=True, slots=True)
class Point:
    """The marginal likelihood at one place: loglik (m,), gradient (m, p + 1), information (m, p + 1, p + 1), mode."""

    loglik: Array
    gradient: Array
    information: Array
    mode: Array


def evaluate(pairs: Pairs, xi: Array, tau: Array, mode: Array, nodes: Rule | None) -> Point:
    """Evaluate at ξ (m, p), τ (m,), from modes (m, G) nearby; without nodes at τ = 0."""
    ea, eb = np.einsum("mnp,mp->mn", pairs.a, xi), np.einsum("mnp,mp->mn", pairs.b, xi)
    if nodes is None:
        u, share, loglik = np.zeros((*mode.shape, 1)), np.ones((*mode.shape, 1)), None
        terms = _terms(pairs, ea[:, :, None], eb[:, :, None])
        loglik = terms.value.sum(axis=(1, 2))
    else:
        mode, sharp = _modes(pairs, ea, eb, tau, mode)
        u = mode[:, :, None] + sharp[:, :, None] ** -0.5 * nodes.nodes
        moved = tau[:, None, None] * u[:, pairs.codes]
        terms = _terms(pairs, ea[:, :, None] + pairs.pull[0] * moved, eb[:, :, None] + pairs.pull[1] * moved)
        h = np.add.reduceat(terms.value, pairs.starts, axis=1) - u**2 / 2 + nodes.log_weights
        top = h.max(axis=2)
        share = np.exp(h - top[:, :, None])
        total = share.sum(axis=2)
        share /= total[:, :, None]
        loglik = (top + np.log(total) - 0.5 * np.log(sharp)).sum(axis=1)
    gradient, information = _derivatives(pairs, terms, u, share)
    first = xi[:, 0]
    inside = (pairs.exact == 0) | (first > 0)
    safe = np.where(first > 0, first, 1.0)
    loglik = np.where(inside, loglik + np.where(pairs.exact > 0, pairs.exact * np.log(safe), 0.0), -np.inf)
    gradient[:, 0] += np.where(pairs.exact > 0, pairs.exact / safe, 0.0)
    information[:, 0, 0] += np.where(pairs.exact > 0, pairs.exact / safe**2, 0.0)
    return Point(np.where(np.isfinite(loglik), loglik, -np.inf), gradient, information, mode)


def _terms(pairs: Pairs, a: Array, b: Array) -> Terms:
    """Terms (m, n, q) of the values that are present, 0 elsewhere."""
    found = pairs.family(a, b, pairs.known)
    mask = pairs.mask[:, :, None]
    if mask.all():
        return found
    absent = mask == 0
    return Terms(*(np.where(absent, 0.0, getattr(found, name)) for name in Terms.__slots__))


def _modes(pairs: Pairs, ea: Array, eb: Array, tau: Array, mode: Array) -> tuple[Array, Array]:
    """Mode of h in every group (m, G), by Newton with bounded steps, and J there."""
    mode = mode.copy()
    sa, sb = pairs.pull
    reach = 4.0 / np.maximum(np.abs(tau), 1.0)[:, None]
    sharp = np.ones_like(mode)
    for _ in range(ROUNDS):
        moved = tau[:, None] * mode[:, pairs.codes]
        at = _terms(pairs, (ea + sa * moved)[:, :, None], (eb + sb * moved)[:, :, None])
        slope = np.add.reduceat((sa * at.a + sb * at.b)[:, :, 0], pairs.starts, axis=1) * tau[:, None] - mode
        bent = (sa * sa * at.aa + 2 * sa * sb * at.ab + sb * sb * at.bb)[:, :, 0]
        sharp = 1 - tau[:, None] ** 2 * np.add.reduceat(bent, pairs.starts, axis=1)
        step = np.clip(slope / sharp, -reach, reach)
        step = np.where(np.isfinite(step), step, 0.0)
        if not np.abs(step).max(initial=0.0) > SETTLED:
            break
        mode += step
    return mode, np.maximum(np.where(np.isfinite(sharp), sharp, 1.0), 1e-8)


def _derivatives(pairs: Pairs, terms: Terms, u: Array, share: Array) -> tuple[Array, Array]:
    """Gradient (m, p + 1) and information (m, p + 1, p + 1) under the weights `share` (m, G, q) of nodes u."""
    a, b = pairs.a, pairs.b
    m, _, p = a.shape
    sa, sb = pairs.pull
    weight = share[:, pairs.codes]
    tilted = weight * u[:, pairs.codes]

    def mean(values: Array, by: Array) -> Array:
        return np.asarray(np.einsum("mnq,mnq->mn", np.broadcast_to(values, by.shape), by))

    gradient = np.empty((m, p + 1))
    gradient[:, :p] = np.einsum("mnp,mn->mp", a, mean(terms.a, weight))
    gradient[:, :p] += np.einsum("mnp,mn->mp", b, mean(terms.b, weight))
    pulled = sa * terms.a + sb * terms.b
    gradient[:, p] = mean(pulled, tilted).sum(axis=1)

    info = np.empty((m, p + 1, p + 1))
    aa, ab, bb = (mean(getattr(terms, name), weight) for name in ("aa", "ab", "bb"))
    at, bt = a.swapaxes(1, 2), b.swapaxes(1, 2)
    info[:, :p, :p] = -(at @ (aa[:, :, None] * a + ab[:, :, None] * b) + bt @ (ab[:, :, None] * a + bb[:, :, None] * b))
    ua, ub = mean(sa * terms.aa + sb * terms.ab, tilted), mean(sa * terms.ab + sb * terms.bb, tilted)
    cross = -(np.einsum("mnp,mn->mp", a, ua) + np.einsum("mnp,mn->mp", b, ub))
    info[:, :p, p] = info[:, p, :p] = cross
    bent = sa * sa * terms.aa + 2 * sa * sb * terms.ab + sb * sb * terms.bb
    info[:, p, p] = -mean(bent, tilted * u[:, pairs.codes]).sum(axis=1)
    if u.shape[2] == 1:
        return gradient, info
    score = np.empty((m, p + 1, *u.shape[1:]))
    for j in range(p):
        own = a[:, :, j, None] * terms.a + b[:, :, j, None] * terms.b
        score[:, j] = np.add.reduceat(own, pairs.starts, axis=1)
    score[:, p] = np.add.reduceat(np.broadcast_to(pulled, weight.shape), pairs.starts, axis=1) * u
    score -= np.einsum("mgq,mpgq->mpg", share, score)[..., None]
    score *= np.sqrt(share)[:, None]
    flat = score.reshape(m, p + 1, -1)
    info -= flat @ flat.swapaxes(1, 2)
    return gradient, info


def nodes_of(points: int) -> Rule:
    """Return the rule of so many nodes."""
    return rule(points)
