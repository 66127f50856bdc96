"""How often the largest of several joint t reaches c: by quadrature where one factor ties them, else by a lattice."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from commensal.stats._arrays import Floats

#: Largest |ρ_ij − λ_i λ_j| at which a correlation matrix counts as made by one factor.
ONE_FACTOR = 1e-9
#: Correlations beyond which one factor's conditional variance is too small for the quadrature's step.
STEEP = 1 - 1e-4
LATTICE, SHIFTS = 8192, 8
PRIMES = np.array([2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97])


@dataclass(frozen=True, slots=True)
class Exceedance:
    """P(largest of the joint t ≥ c), and the error of its computation."""

    p: float
    error: float


def exceedance(c: float, correlation: Floats, df: float, *, two_sided: bool) -> Exceedance:
    """Return P(max |T_j| ≥ c), or P(max T_j ≥ c), for T (a,) multivariate t with this correlation (a, a)."""
    if two_sided and c <= 0:
        return Exceedance(1.0, 0.0)
    load = one_factor(correlation)
    if load is not None:
        return _quadrature(c, load, df, two_sided)
    found = _lattice(c, correlation, df, two_sided)
    single = tail(c, df) * (2 if two_sided else 1)
    return Exceedance(float(np.clip(found.p, single, min(1.0, len(correlation) * single))), found.error)


def tail(c: float, df: float) -> float:
    """Return P(T ≥ c) of one t; df may be infinite."""
    from scipy.special import ndtr, stdtr

    return float(ndtr(-c) if np.isinf(df) else stdtr(df, -c))


def one_factor(correlation: Floats) -> Floats | None:
    """Return λ (a,) with ρ_ij = λ_i λ_j off the diagonal, or None when there is none.

    Contrasts of independent arms with one control are of this kind: λ_i² = v_0 / (v_0 + v_i).
    """
    a = len(correlation)
    if a == 1:
        return np.zeros(1)
    off = correlation - np.diag(np.diagonal(correlation))
    if not np.abs(off).max() > ONE_FACTOR:
        return np.zeros(a)
    i, j = np.unravel_index(np.abs(off).argmax(), off.shape)
    others = [k for k in range(a) if k not in (i, j) and min(abs(off[i, k]), abs(off[j, k])) > ONE_FACTOR]
    square = off[i, j] * off[i, others[0]] / off[j, others[0]] if others else abs(off[i, j])
    if square <= 0:
        return None
    load = np.empty(a)
    load[i] = np.sqrt(square)
    rest = np.arange(a) != i
    load[rest] = off[i, rest] / load[i]
    made = np.outer(load, load)
    np.fill_diagonal(made, 0.0)
    if np.abs(made - off).max() > ONE_FACTOR or np.abs(load).max() > STEEP:
        return None
    return load


def _quadrature(c: float, load: Floats, df: float, two_sided: bool) -> Exceedance:
    """Sum trapezoids over the common factor z and ln s, s² = χ²_df / df; both integrands fall off like Gaussians.

    P = ∫∫ (1 − Π_j (1 − tail_j(z, s))) φ(z) f(s): the complement is what is integrated, so that a small P keeps its
    digits. The error is the difference from the grid with every second point in z.
    """
    from scipy.special import ndtr

    narrow = np.sqrt(1 - load**2)
    s, weight = _scales(c, df)
    steep = (narrow[load != 0] / np.abs(load[load != 0])).min(initial=np.inf)
    half = max(12.0, min(abs(c), 20.0) + 8.0) if load.any() else 0.0
    count = 2 * int(np.ceil(half / min(0.2, 0.7 * steep))) if half else 0
    z = np.linspace(-half, half, 2 * count + 1) if count else np.zeros(1)
    step = z[1] - z[0] if count else 1.0
    density = np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi) if count else np.ones(1)
    spared = np.zeros((s.size, z.size))
    with np.errstate(divide="ignore"):
        for factor, width in zip(load, narrow, strict=True):
            outside = ndtr((factor * z - c * s[:, None]) / width)
            if two_sided:
                outside += ndtr((-factor * z - c * s[:, None]) / width)
            spared += np.log1p(-np.minimum(outside, 1.0))
    inner = weight @ -np.expm1(spared)
    fine = float((inner * density).sum() * step)
    coarse = float((inner * density)[::2].sum() * step * 2) if count else fine
    return Exceedance(min(fine, 1.0), abs(fine - coarse) + 1e-12 * fine)


def _scales(c: float, df: float) -> tuple[Floats, Floats]:
    """Return points and weights for s = √(χ²_df / df), fine enough for tails at c; the weights add up to 1."""
    from scipy.special import gammaincinv, gammaln

    if np.isinf(df):
        return np.ones(1), np.ones(1)
    step = min(0.15, 0.5 / np.sqrt(df + min(c * c, 60.0)))
    low = max(0.5 * np.log(2 * gammaincinv(df / 2, 1e-35) / df), -np.log(max(abs(c), 1.0)) - 3 - 41 / df)
    high = 0.5 * np.log1p((60 + 2 * np.sqrt(60 * df)) / df)
    x = np.arange(low, high + step, step)
    log_density = df * x - df * np.exp(2 * x) / 2 + (df / 2) * np.log(df / 2) - gammaln(df / 2) + np.log(2)
    return np.exp(x), np.exp(log_density) * step


def _lattice(c: float, correlation: Floats, df: float, two_sided: bool) -> Exceedance:
    """Genz's sequential conditioning on a shifted Richtmyer lattice; the error is 3 standard errors over shifts."""
    from scipy.special import gammaincinv, ndtr, ndtri

    a = len(correlation)
    factor = _cholesky(correlation)
    shifts = np.random.default_rng(20090101).random((SHIFTS, 1, a))
    roots = np.sqrt(PRIMES[:a]) if a <= len(PRIMES) else np.sqrt(2) ** np.arange(1, a + 1) / np.pi
    u = np.abs(2 * np.mod(np.arange(1, LATTICE + 1)[None, :, None] * roots + shifts, 1.0) - 1)
    s = np.ones(u.shape[:2]) if np.isinf(df) else np.sqrt(2 * gammaincinv(df / 2, u[..., -1]) / df)
    bound = c * s
    inside = np.ones_like(s)
    drawn = np.zeros((*s.shape, a))
    for i in range(a):
        mean = drawn[..., :i] @ factor[i, :i]
        width = max(factor[i, i], 1e-10)
        above = ndtr((bound - mean) / width)
        below = ndtr((-bound - mean) / width) if two_sided else np.zeros_like(s)
        inside *= above - below
        if i < a - 1:
            drawn[..., i] = ndtri(np.clip(below + u[..., i] * (above - below), 1e-300, 1 - 1e-16))
    parts = 1 - inside.mean(axis=1)
    return Exceedance(float(parts.mean()), float(3 * parts.std(ddof=1) / np.sqrt(SHIFTS)))


def _cholesky(correlation: Floats) -> Floats:
    """Lower triangular root of a positive semidefinite matrix: a variable that the others make gets no width."""
    a = len(correlation)
    root = np.zeros((a, a))
    for i in range(a):
        for j in range(i + 1):
            rest = correlation[i, j] - root[i, :j] @ root[j, :j]
            if i == j:
                root[i, i] = np.sqrt(max(rest, 0.0))
            elif root[j, j] > 1e-8:
                root[i, j] = rest / root[j, j]
    return root


def critical(level: float, correlation: Floats, df: float, *, two_sided: bool) -> float:
    """Return c with P(largest ≥ c) = 1 − level, between the quantile of one t and Bonferroni's."""
    from scipy.optimize import brentq
    from scipy.special import ndtri, stdtrit

    alpha = (1 - level) / (2 if two_sided else 1)

    def single(share: float) -> float:
        return float(-ndtri(share) if np.isinf(df) else -stdtrit(df, share))

    low, high = single(alpha), single(alpha / len(correlation))
    if len(correlation) == 1:
        return low
    target = 1 - level

    def excess(c: float) -> float:
        return float(np.log(exceedance(c, correlation, df, two_sided=two_sided).p / target))

    low, high = low - 1e-6, high + 1e-6
    if excess(low) <= 0:
        return low
    return float(brentq(excess, low, high, xtol=1e-9)) if excess(high) < 0 else high
