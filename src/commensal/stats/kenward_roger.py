"""Kenward and Roger's standard errors and degrees of freedom, for one random intercept and many features at once.

In units of the residual variance V = I + λZZ' has two parameters, with derivatives G₁ = ZZ' and G₂ = I, and everything
that the method needs follows from the sums s_g of the columns in each group, with h_g = 1 + λ n_g:

    X'V⁻¹G₁V⁻¹X = Σ s s'/h²,            X'V⁻¹G₂V⁻¹X = W + Σ s s'/(n h²),
    X'V⁻¹G₁V⁻¹G₁V⁻¹X = Σ n s s'/h³,     X'V⁻¹G₁V⁻¹G₂V⁻¹X = Σ s s'/h³,     X'V⁻¹G₂V⁻¹G₂V⁻¹X = W + Σ s s'/(n h³),

W the moments inside groups.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from commensal.stats._design import checked
from commensal.stats._frames import framed
from commensal.stats._inference import Solved, fit_within, limits_of
from commensal.stats._moments import Moments
from commensal.stats._solved import random_intercept
from commensal.stats.fits import Array, Fit, Mask, joined

#: Determinant of the information, as a share of its diagonal's product, below which it is singular.
SINGULAR = 1e-10


@framed
def mixed_kenward_roger(
    y: ArrayLike, x: ArrayLike, contrast: ArrayLike, groups: Iterable[Hashable], *, level: float = 0.95
) -> Fit:
    """Mixed model of y (n, m) on x (n, k), random intercept per group (n,), contrast (k,), by Kenward and Roger.

    The model is that of `mixed`, by REML. With Φ = (X'V⁻¹X)⁻¹ the covariance of the coefficients is replaced by
    Φ + 2Λ, Λ = Φ Σ_ij W_ij (Q_ij − P_i Φ P_j) Φ, which makes up for the variances being estimated, and the degrees of
    freedom by 2 / Σ_ij W_ij u_i u_j, u_i = c'ΦP_iΦc / c'Φc, W the inverse expected information of the two variances.
    It holds its level where `mixed` is a little optimistic: groups of unequal size with the label inside them. Where a
    feature is missing in half of the samples it is a little optimistic too, and `mixed_split` is not (docs,
    "calibration").

    Parameters
    ----------
    y, x, contrast, groups, level
        As for `mixed`; there are no observation weights.

    Returns
    -------
    Fit, m features
        As of `mixed`: `se` is the adjusted one, `df_satterthwaite` holds Kenward and Roger's df before the cap of a
        contrast that is constant within groups. Statuses as of `mixed`. Where the two variances cannot be told apart
        (every group one sample, or one group) there is no random intercept, and nothing is adjusted.

    Raises
    ------
    StatisticsError
        As `mixed`.

    References
    ----------
    Kenward and Roger 1997, Biometrics 53:983; Halekoh and Højsgaard 2014, J. Stat. Softw. 59(9). In R:
    ``pbkrtest::KRmodcomp``.

    Examples
    --------
    Balanced cages of one arm each are compared by their means, with cages − arms degrees of freedom:

    >>> import numpy as np
    >>> x = np.column_stack([np.ones(8), np.repeat([0, 1], 4)])
    >>> y = np.array([[1.0, 2, 3, 4, 5, 6, 8, 9]]).T
    >>> fit = mixed_kenward_roger(y, x, [0, 1], ["a", "a", "b", "b", "c", "c", "d", "d"])
    >>> print(fit.effect[0].round(3), fit.se[0].round(3), fit.df[0].round(3), fit.p[0].round(4), fit.status[0])
    4.5 1.803 2.0 0.1299 ok
    """
    with np.errstate(all="ignore"):
        design = checked(y, x, contrast, groups, level)
        places, fits = [], []
        for some, moments, solved in random_intercept(design):
            adjusted, df = _adjusted(moments, solved)
            places.append(some)
            fits.append(fit_within(design, moments, adjusted, 0, level, df, limits_of(design, moments, 0)))
        return joined(fits, places)


def _adjusted(moments: Moments, solved: Solved) -> tuple[Solved, Array]:
    """Return the solved models with the adjusted covariance, and the degrees of freedom of their first contrast."""
    ratio = solved.ratio
    assert ratio is not None
    p, q, traces = _derivatives(moments, ratio)
    phi = np.where(_both(moments.kept), solved.solution.inverse, 0.0)
    through = [phi @ one for one in p]
    information = np.empty((len(ratio), 2, 2))
    for i in range(2):
        for j in range(2):
            twice = np.einsum("mab,mba->m", phi, q[i + j])
            product = np.einsum("mab,mba->m", through[i], through[j])
            information[:, i, j] = traces[i + j] - 2 * twice + product
    determinant = information[:, 0, 0] * information[:, 1, 1] - information[:, 0, 1] * information[:, 1, 0]
    told = determinant > SINGULAR * information[:, 0, 0] * information[:, 1, 1]
    told &= (moments.n_groups < moments.n) & (moments.n_groups > 1)
    spread = 2 * np.linalg.inv(np.where(told[:, None, None], information, np.eye(2)))
    middle = sum(spread[:, i, j, None, None] * (q[i + j] - p[i] @ through[j]) for i in range(2) for j in range(2))
    covariance = phi + 2 * phi @ middle @ phi
    c = moments.contrasts[0]
    along = np.matmul(phi, c[:, :, None])[:, :, 0]
    size = np.einsum("mi,mi->m", c, along)
    u = np.stack([np.einsum("mi,mij,mj->m", along, one, along) for one in p], axis=1)
    u /= np.where(size > 0, size, 1.0)[:, None]
    df = 2 / np.einsum("mi,mij,mj->m", u, spread, u)
    inverse = np.where(told[:, None, None], covariance, solved.solution.inverse)
    chosen = np.where(told & np.isfinite(df), df, moments.freedom)
    return replace(solved, solution=replace(solved.solution, inverse=inverse)), chosen


def _derivatives(moments: Moments, ratio: Array) -> tuple[list[Array], list[Array], list[Array]]:
    """Return P₁ and P₂ up to their sign (it cancels), Q₁₁, Q₁₂, Q₂₂ and tr V⁻¹G_iV⁻¹G_j, (m, k, k) and (m,)."""
    sizes = np.broadcast_to(moments.sizes, (len(ratio), moments.sizes.shape[1]))
    present = sizes > 0
    h = 1 + ratio[:, None] * sizes
    n = np.where(present, sizes, 1.0)
    sums = moments.sums[:, :, :-1]
    both = _both(moments.kept)
    inside = np.where(both, moments.within[:, :-1, :-1], 0.0)

    def weighted(weights: Array) -> Array:
        weights = np.where(present, weights, 0.0)
        if len(sums) == 1:  # the same samples in all features: products of group sums are taken once
            k = sums.shape[2]
            outer = (sums[0][:, :, None] * sums[0][:, None, :]).reshape(-1, k * k)
            return np.asarray(np.where(both, (weights @ outer).reshape(-1, k, k), 0.0))
        return np.asarray(np.where(both, np.matmul((sums * weights[:, :, None]).swapaxes(1, 2), sums), 0.0))

    p = [weighted(1 / h**2), inside + weighted(1 / (n * h**2))]
    q = [weighted(n / h**3), weighted(1 / h**3), inside + weighted(1 / (n * h**3))]
    rest = moments.n - present.sum(axis=1)
    traces = [np.where(present, weights, 0.0).sum(axis=1) for weights in ((n / h) ** 2, n / h**2, 1 / h**2)]
    return p, q, [traces[0], traces[1], traces[2] + rest]


def _both(kept: Mask) -> Mask:
    return np.asarray(kept[:, :, None] & kept[:, None, :])
