"""Marginal likelihood of the logistic model with one random intercept, by adaptive Gauss–Hermite quadrature.

For group g with h(u) = Σ_i [y_i η_i − t_i log(1 + e^η_i)] − u²/2, η_i = z_i'β + σu, mode û and J = −h''(û),

    L_g ≈ J^(−1/2) Σ_q ω_q exp h(û + J^(−1/2) x_q),   ω_q = w_q exp(x_q²/2),

x_q and w_q nodes and weights of the standard normal (Liu and Pierce 1994). The gradient is that of this very sum: nodes
move with the parameters through û and J. The information is Louis's, E[−∂²] − Var[∂] of the complete likelihood under
the quadrature's weights, which is the marginal likelihood's up to the quadrature's error.

Arrays: n rows, G groups, q nodes, k columns, m features (last, so that a long row of features lies together).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from commensal.stats._logistic_design import grams
from commensal.stats.fits import Array, Counts

if TYPE_CHECKING:
    from scipy.sparse import csr_array

#: Linear predictors beyond this are as good as infinite.
FAR = 500.0
#: Newton rounds for the modes, and the step that ends them (its square is what is left).
ROUNDS, SETTLED = 40, 1e-5


@dataclass(frozen=True, slots=True)
class Rule:
    """Nodes and log ω of the rule, (q,)."""

    nodes: Array
    log_weights: Array


def rule(points: int) -> Rule:
    """Gauss–Hermite rule for the standard normal, weighted for integrands that hold the density themselves."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(points)
    return Rule(nodes, np.log(weights / weights.sum()) + nodes**2 / 2)


@dataclass(frozen=True, slots=True)
class Layout:
    """What features share: columns z (n, k), group of each row, sums within groups as sparse matrices.

    `sums` (G, n) adds rows of a group; `weighted` (G k, n) adds z_i times row i. `memory` is used again by every
    evaluation: asking the system for it each time costs as much as the arithmetic.
    """

    z: Array
    codes: Counts
    sums: csr_array
    weighted: csr_array
    rule: Rule
    memory: dict[str, Array] = field(default_factory=dict)

    def room(self, name: str, *size: int) -> Array:
        """Return an array of this size that holds whatever it held."""
        wanted = int(np.prod(size))
        held = self.memory.get(name)
        if held is None or held.size < wanted:
            held = self.memory[name] = np.empty(wanted)
        return held[:wanted].reshape(size)

    def spread(self, name: str, values: Array) -> Array:
        """Each group's values (G, q, m) for its rows, (n, q, m)."""
        groups, points, m = values.shape
        out = self.room(name, len(self.codes), points * m)
        np.take(values.reshape(groups, points * m), self.codes, axis=0, out=out, mode="clip")
        return out.reshape(-1, points, m)


def layout(z: Array, codes: Counts, points: int) -> Layout:
    """Prepare the sums for columns z (n, k) and groups codes (n,)."""
    from scipy.sparse import csr_array

    n, k = z.shape
    n_groups = int(codes.max()) + 1
    rows = np.arange(n)
    sums = csr_array((np.ones(n), (codes, rows)), shape=(n_groups, n))
    places = (codes[:, None] * k + np.arange(k)).ravel()
    weighted = csr_array((z.ravel(), (places, np.repeat(rows, k))), shape=(n_groups * k, n))
    return Layout(z, codes, sums, weighted, rule(points))


@dataclass(frozen=True, slots=True)
class Marginal:
    """The marginal likelihood at one point: loglik (m,), gradient (k + 1, m), information (m, k + 1, k + 1).

    The last parameter is σ. `mode` (G, m) and its derivative by the parameters `drift` (G, k + 1, m).
    """

    loglik: Array
    gradient: Array
    information: Array
    mode: Array
    drift: Array


def marginal(
    shape: Layout, y: Array, t: Array, beta: Array, sigma: Array, start: Array, *, curved: bool = True
) -> Marginal:
    """Evaluate at beta (k, m), sigma (m,); y, t (n, m) with missing as 0, `start` (G, m) near the modes.

    Without `curved` the information is left empty.
    """
    n, m = y.shape
    points = len(shape.rule.nodes)
    n_groups = start.shape[0]
    eta = shape.z @ beta
    mode = _modes(shape, y, t, eta, sigma, start)
    sharp, drift, bend = _at_mode(shape, y, t, eta, sigma, mode)
    width = sharp**-0.5
    v = mode[:, None, :] + width[:, None, :] * shape.rule.nodes[:, None]
    wide = (n, points * m)
    mu = shape.spread("mu", sigma * v)
    mu += eta[:, None, :]
    np.minimum(mu, FAR, out=mu)
    np.exp(mu, out=mu)
    base = np.add(mu, 1.0, out=shape.room("base", n, points, m))
    mu /= base
    np.log(base, out=base)
    full = bool((t == 1).all())
    if not full:
        base *= t[:, None, :]
    sum_log = (shape.sums @ base.reshape(wide)).reshape(n_groups, points, m)
    mass = mu if full else np.multiply(mu, t[:, None, :], out=shape.room("mass", n, points, m))
    excess = (shape.sums @ y)[:, None, :] - (shape.sums @ mass.reshape(wide)).reshape(n_groups, points, m)
    h = (shape.sums @ (y * eta))[:, None, :] + sigma * v * (shape.sums @ y)[:, None, :] - sum_log - v**2 / 2
    h += shape.rule.log_weights[:, None]
    top = h.max(axis=1)
    share = np.exp(h - top[:, None, :])
    total = share.sum(axis=1)
    share /= total[:, None, :]
    loglik = (top + np.log(total) - 0.5 * np.log(sharp)).sum(axis=0)

    pull = share * (sigma * excess - v)
    level, tilt = pull.sum(axis=1), (pull * shape.rule.nodes[:, None]).sum(axis=1)
    moved = (level[:, None] * drift - 0.5 * bend * ((tilt * width + 1) / sharp)[:, None]).sum(axis=0)
    by_row = shape.spread("share", share)
    mean = np.einsum("nqm,nqm->nm", by_row, mass)
    gradient = np.vstack([shape.z.T @ (y - mean), (share * v * excess).sum(axis=(0, 1))[None]]) + moved

    if not curved:
        return Marginal(loglik, gradient, np.empty((m, 0, 0)), mode, drift)
    np.multiply(mass, mu, out=base)
    np.subtract(mass, base, out=base)  # t μ (1 − μ)
    information = _expected_information(shape, base, by_row, share, v)
    information -= _score_variance(shape, mass, share, v * excess)
    return Marginal(loglik, gradient, information, mode, drift)


def _expected_information(shape: Layout, weight: Array, by_row: Array, share: Array, v: Array) -> Array:
    """E(−∂² of the complete likelihood | data) under the quadrature's weights, (m, k + 1, k + 1)."""
    n, points, m = weight.shape
    k = shape.z.shape[1]
    information = np.empty((m, k + 1, k + 1))
    information[:, :k, :k] = grams(shape.z, np.einsum("nqm,nqm->nm", by_row, weight))
    by_row = shape.spread("share", share * v)
    cross = (shape.z.T @ np.einsum("nqm,nqm->nm", by_row, weight)).T
    information[:, :k, k] = information[:, k, :k] = cross
    in_group = (shape.sums @ weight.reshape(n, points * m)).reshape(share.shape)
    information[:, k, k] = (share * v**2 * in_group).sum(axis=(0, 1))
    return information


def _score_variance(shape: Layout, mass: Array, share: Array, by_sigma: Array) -> Array:
    """Σ_g Var(complete score | data) under the quadrature's weights, (m, k + 1, k + 1)."""
    n, points, m = mass.shape
    n_groups, k = share.shape[0], shape.z.shape[1]
    score = shape.room("score", n_groups, k + 1, points, m)
    score[:, :k] = -(shape.weighted @ mass.reshape(n, -1)).reshape(n_groups, k, points, m)
    score[:, k] = by_sigma
    score -= np.einsum("gqm,gkqm->gkm", share, score)[:, :, None, :]
    score *= np.sqrt(share)[:, None]
    flat = shape.room("flat", m, k + 1, n_groups, points)
    flat[:] = score.transpose(3, 1, 0, 2)
    flat = flat.reshape(m, k + 1, n_groups * points)
    return np.asarray(flat @ flat.swapaxes(1, 2))


def _modes(shape: Layout, y: Array, t: Array, eta: Array, sigma: Array, start: Array) -> Array:
    """Mode of h in every group and feature, (G, m): Newton with bounded steps."""
    mode = start.copy()
    reach = 4.0 / np.maximum(sigma, 1.0)
    ones = shape.sums @ y
    for _ in range(ROUNDS):
        mu = _expit(eta + (sigma * mode)[shape.codes])
        mass = t * mu
        slope = sigma * (ones - shape.sums @ mass) - mode
        mass -= mass * mu
        step = np.clip(slope / (1 + sigma**2 * (shape.sums @ mass)), -reach, reach)
        mode += step
        if not np.abs(step).max(initial=0.0) > SETTLED:
            break
    return mode


def _at_mode(shape: Layout, y: Array, t: Array, eta: Array, sigma: Array, mode: Array) -> tuple[Array, Array, Array]:
    """J (G, m), dû and dJ by (β, σ), each (G, k + 1, m)."""
    n_groups, m = mode.shape
    k = shape.z.shape[1]
    mu = _expit(eta + (sigma * mode)[shape.codes])
    weight = t * mu * (1 - mu)
    third = weight * (1 - 2 * mu)
    total, total3 = shape.sums @ weight, shape.sums @ third
    sharp = 1 + sigma**2 * total
    drift, bend = np.empty((n_groups, k + 1, m)), np.empty((n_groups, k + 1, m))
    drift[:, :k] = -sigma * (shape.weighted @ weight).reshape(n_groups, k, m)
    drift[:, k] = shape.sums @ (y - t * mu) - sigma * mode * total
    drift /= sharp[:, None]
    bend[:, :k] = sigma**2 * (shape.weighted @ third).reshape(n_groups, k, m)
    bend[:, k] = 2 * sigma * total + sigma**2 * mode * total3
    bend += sigma**3 * total3[:, None] * drift
    return sharp, drift, bend


def _expit(eta: Array) -> Array:
    """1 / (1 + e^−η), η large and negative included."""
    out = np.minimum(-eta, FAR)
    np.exp(out, out=out)
    out += 1.0
    return np.asarray(np.divide(1.0, out, out=out))
