"""pydeseq2's fits for all genes at once: the same estimates, without a search of their own for each gene.

pydeseq2 takes its numerical routines from an object that may be replaced; its own calls an optimiser per gene. These
take the same steps on blocks of genes: roots of the dispersion's score by bracketing and regula falsi, reweighted
least squares on stacked normal equations. What does not settle goes to pydeseq2's own routine, gene by gene.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydeseq2 import utils
from pydeseq2.default_inference import DefaultInference

from commensal.stats._arrays import Floats

#: Numbers held at once by a block of genes.
_CHUNK = 400_000
#: A dispersion's logarithm is known to this.
_TOLERANCE = 1e-7
_ROUNDS = 60
Mask = NDArray[np.bool_]


class Batched(DefaultInference):  # type: ignore[misc]
    """pydeseq2's inference, batched over genes."""

    def __init__(self) -> None:
        super().__init__(n_cpus=1)

    def lin_reg_mu(self, counts: Floats, size_factors: Floats, design_matrix: Floats, min_mu: float) -> Floats:
        """Return means (n, m) of a linear model of counts over size factors."""
        hat = design_matrix @ np.linalg.pinv(design_matrix)
        made: Floats = np.maximum(size_factors[:, None] * (hat @ (counts / size_factors[:, None])), min_mu)
        return made

    def alpha_mle(
        self,
        counts: Floats,
        design_matrix: Floats,
        mu: Floats,
        alpha_hat: Floats,
        min_disp: float,
        max_disp: float,
        prior_disp_var: float | None = None,
        cr_reg: bool = True,
        prior_reg: bool = False,
        optimizer: str = "L-BFGS-B",  # noqa: ARG002  the interface has it
    ) -> tuple[Floats, Mask]:
        """Return the dispersion (m,) nearest to its start at which the penalised likelihood is highest."""
        made = np.empty(counts.shape[1])
        for own in _blocks(counts.shape):
            score = _Score(
                counts[:, own].T.astype(float),
                np.ascontiguousarray(mu[:, own].T),
                design_matrix,
                np.log(np.asarray(alpha_hat, dtype=float)[own]),
                prior_disp_var if prior_reg else None,
                cr_reg,
            )
            made[own] = np.exp(_lowest(score, np.log(min_disp), np.log(max_disp)))
        return made, np.ones(made.size, dtype=bool)

    def irls(
        self,
        counts: Floats,
        size_factors: Floats,
        design_matrix: Floats,
        disp: Floats,
        min_mu: float,
        beta_tol: float,
        min_beta: float = -30,
        max_beta: float = 30,
        optimizer: str = "L-BFGS-B",
        maxiter: int = 250,
    ) -> tuple[Floats, Floats, Floats, Mask]:
        """Return coefficients (m, k), means (n, m), leverages (n, m) and convergence (m,) of each gene's model."""
        n, m = counts.shape
        beta, converged = np.empty((m, design_matrix.shape[1])), np.ones(m, dtype=bool)
        leverage, lost = np.empty((n, m)), np.zeros(m, dtype=bool)
        for own in _blocks(counts.shape):
            part = _reweighted(
                counts[:, own].T.astype(float),
                size_factors,
                design_matrix,
                disp[own],
                min_mu,
                beta_tol,
                max_beta,
                maxiter,
            )
            beta[own], leverage[:, own], lost[own] = part[0], part[1].T, part[2]
        mean = size_factors[:, None] * np.exp(design_matrix @ beta.T)
        for j in np.flatnonzero(lost):
            beta[j], mean[:, j], leverage[:, j], converged[j] = utils.irls_solver(
                counts[:, j],
                size_factors,
                design_matrix,
                disp[j],
                min_mu,
                beta_tol,
                min_beta,
                max_beta,
                optimizer,
                maxiter,
            )
        return beta, mean, leverage, converged

    def wald_test(
        self,
        design_matrix: Floats,
        disp: Floats,
        lfc: Floats,
        mu: Floats,
        ridge_factor: Floats,
        contrast: Floats,
        lfc_null: Any,
        alt_hypothesis: Any = None,
    ) -> tuple[Floats, Floats, Floats]:
        """Return p, the statistic and the standard error (m,) of a contrast."""
        from scipy.special import ndtr

        if alt_hypothesis is not None or np.any(lfc_null):
            made: tuple[Floats, Floats, Floats] = super().wald_test(
                design_matrix, disp, lfc, mu, ridge_factor, contrast, lfc_null, alt_hypothesis
            )
            return made
        known = np.isfinite(lfc).all(axis=1) & np.isfinite(disp) & np.isfinite(mu).all(axis=0)
        weight = mu.T / (1 + mu.T * disp[:, None])
        normal = _normal(np.where(known[:, None], weight, 1.0), design_matrix)
        aim = np.linalg.inv(normal + ridge_factor) @ contrast
        se = np.sqrt(np.einsum("gk,gkl,gl->g", aim, normal, aim))
        se[~known] = np.nan
        statistic = (lfc @ contrast) / se
        return 2 * ndtr(-np.abs(statistic)), statistic, se


def _blocks(shape: tuple[int, ...]) -> list[slice]:
    step = max(1, _CHUNK // max(1, shape[0]))
    return [slice(start, start + step) for start in range(0, shape[1], step)]


def _normal(weight: Floats, x: Floats) -> Floats:
    """Return X'WX (g, k, k) for weights (g, n)."""
    k = x.shape[1]
    products = (x[:, :, None] * x[:, None, :]).reshape(len(x), k * k)
    made: Floats = (weight @ products).reshape(-1, k, k)
    return made


class _Score:
    """The derivative of a dispersion's penalised negative log-likelihood by its logarithm, for g genes."""

    def __init__(self, counts: Floats, mu: Floats, x: Floats, start: Floats, prior: float | None, cr: bool) -> None:
        self.counts, self.mu, self.x, self.start, self.prior, self.cr = counts, mu, x, start, prior, cr

    def at(self, log_alpha: Floats, genes: NDArray[np.intp]) -> Floats:
        """Return the derivative at log_alpha of these genes."""
        from scipy.special import digamma

        y, mu = self.counts[genes], self.mu[genes]
        alpha = np.exp(log_alpha)
        r = 1 / alpha
        whole = r[:, None]
        inside = digamma(y + whole) - np.log1p(mu * alpha[:, None]) - (y - mu) / (mu + whole)
        score: Floats = r * (inside.sum(axis=1) - y.shape[1] * digamma(r))
        if self.cr:
            weight = mu / (1 + mu * alpha[:, None])
            normal, moved = _normal(weight, self.x), _normal(-(weight**2), self.x)
            score += 0.5 * alpha * np.einsum("gkl,glk->g", np.linalg.inv(normal), moved)
        if self.prior is not None:
            score += (log_alpha - self.start[genes]) / self.prior
        return score


def _lowest(score: _Score, low: float, high: float) -> Floats:
    """Return the log dispersion (g,) where the score changes from falling to rising, walking from the start."""
    x = np.clip(score.start, low, high)
    g = x.size
    everyone = np.arange(g)
    f = score.at(x, everyone)
    other, f_other = x.copy(), f.copy()
    open_ = f != 0
    step = np.where(f > 0, -0.5, 0.5)
    # walk against the slope, in growing steps, until it turns or the walk is at its end
    while open_.any():
        genes = np.flatnonzero(open_)
        x_new = np.clip(other[genes] + step[genes], low, high)
        f_new = score.at(x_new, genes)
        turned = np.sign(f_new) != np.sign(f[genes])
        ahead = ~turned
        x[genes[ahead]], f[genes[ahead]] = x_new[ahead], f_new[ahead]
        other[genes], f_other[genes] = x_new, f_new
        at_end = ahead & ((x_new <= low) | (x_new >= high))
        open_[genes[turned | at_end]] = False
        step[genes] *= 2
    crossed = np.sign(f_other) * np.sign(f) < 0
    return _root(score, x, f, other, f_other, crossed)


def _root(score: _Score, a: Floats, fa: Floats, b: Floats, fb: Floats, crossed: Mask) -> Floats:
    """Narrow brackets [a, b] (g,) by regula falsi with Illinois' halving."""
    made = np.where(np.abs(fa) <= np.abs(fb), a, b)
    genes = np.flatnonzero(crossed)
    a, fa, b, fb = a[genes], fa[genes], b[genes], fb[genes]
    last = a.copy()
    for _ in range(_ROUNDS):
        if not genes.size:
            break
        c = b - fb * (b - a) / (fb - fa)
        inside = (c - a) * (c - b) < 0
        c = np.where(inside, c, (a + b) / 2)
        fc = score.at(c, genes)
        same = np.sign(fc) == np.sign(fb)
        # b is the newest; where the sign stays, the far end counts half
        a, fa = np.where(same, a, b), np.where(same, fa / 2, fb)
        b, fb = c, fc
        made[genes] = c
        on = (np.abs(c - last) > _TOLERANCE) & (fc != 0) & (np.abs(b - a) > _TOLERANCE)
        last = c
        genes, a, fa, b, fb, last = genes[on], a[on], fa[on], b[on], fb[on], last[on]
    return made


def _reweighted(
    y: Floats, sizes: Floats, x: Floats, disp: Floats, min_mu: float, tolerance: float, most: float, rounds: int
) -> tuple[Floats, Floats, Mask]:
    """Return coefficients (g, k), leverages (g, n) and which genes did not settle, of counts y (g, n)."""
    from scipy.special import gammaln

    g, k = len(y), x.shape[1]
    ridge = 1e-6 * np.eye(k)
    q, r = np.linalg.qr(x)
    beta = np.linalg.solve(r, q.T @ np.log(y / sizes + 0.1).T).T
    mu = np.maximum(sizes * np.exp(beta @ x.T), min_mu)
    whole = 1 / disp[:, None]
    fixed = (gammaln(y + whole) - gammaln(y + 1) - gammaln(whole) - whole * np.log(disp[:, None])).sum(axis=1)
    deviance, lost, on = np.full(g, 1000.0), np.zeros(g, dtype=bool), np.arange(g)
    for _ in range(rounds - 1):
        own, m = y[on], mu[on]
        weight = m / (1 + m * disp[on, None])
        z = np.log(m / sizes) + (own - m) / m
        new = np.linalg.solve(_normal(weight, x) + ridge, ((weight * z) @ x)[:, :, None])[:, :, 0]
        away = ~(np.abs(new) <= most).all(axis=1)
        lost[on[away]] = True
        beta[on] = np.where(away[:, None], 0.0, new)
        m = np.maximum(sizes * np.exp(beta[on] @ x.T), min_mu)
        mu[on] = m
        told = 2 * (fixed[on] - ((own + whole[on]) * np.log(m + whole[on]) - own * np.log(m)).sum(axis=1))
        moved = np.abs(told - deviance[on]) / (np.abs(told) + 0.1)
        deviance[on] = told
        on = on[(moved > tolerance) & ~away]
        if not on.size:
            break
    lost[on] = True
    weight = mu / (1 + mu * disp[:, None])
    inverse = np.linalg.inv(_normal(weight, x) + ridge)
    leverage = np.einsum("ik,gkl,il->gi", x, inverse, x, optimize=True) * weight
    return beta, leverage, lost
