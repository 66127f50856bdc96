"""Likelihoods of one value given two predictors (a, b): intervals under a density, and counts.

Every family returns log-likelihood and its first and second derivatives by a and b, on arrays that broadcast. Ordered
scores and censored values are the same thing seen twice: all that is known of a latent value is an interval, a its
upper end and b its lower one, P = F(a) − F(b).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from commensal.stats.fits import Array, Mask

#: log √(2π).
NORM = 0.9189385332046727
#: Largest log size of a negative binomial: beyond it is Poisson.
FLATTEST = 16.0


@dataclass(frozen=True, slots=True)
class Terms:
    """Log-likelihood and derivatives, all of one shape."""

    value: Array
    a: Array
    b: Array
    aa: Array
    ab: Array
    bb: Array


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of each value, (m, n, 1): bounds that are there, or a count."""

    upper: Mask
    lower: Mask
    exact: Mask
    count: Array

    def of(self, which: np.ndarray) -> Known:
        """Return some features only."""
        return Known(self.upper[which], self.lower[which], self.exact[which], self.count[which])


#: (a, b, what is known) → terms, and how u moves a and b.
Family = Callable[[Array, Array, Known], Terms]


def logistic_interval(a: Array, b: Array, known: Known) -> Terms:
    """log(F(a) − F(b)), F logistic: F(a) (1 − F(b)) (1 − e^(b − a)) does not cancel in the tails."""
    upper, lower = known.upper, known.lower
    both = upper & lower
    a, b = np.where(upper, a, 0.0), np.where(lower, b, 0.0)
    gap = np.where(both, a - b, 1.0)
    ordered = gap > 0
    gap = np.where(ordered, gap, 1.0)
    fa, fb = _expit(a), _expit(b)
    ratio = np.where(both, 1 / np.expm1(np.minimum(gap, 700.0)), 0.0)
    value = np.where(upper, -np.logaddexp(0.0, -a), 0.0) - np.where(lower, np.logaddexp(0.0, b), 0.0)
    value += np.where(both, np.log(-np.expm1(-gap)), 0.0)
    bent = ratio * (1 + ratio)
    return Terms(
        np.where(ordered, value, -np.inf),
        np.where(upper, 1 - fa + ratio, 0.0),
        np.where(lower, -fb - ratio, 0.0),
        np.where(upper, -fa * (1 - fa) - bent, 0.0),
        bent,
        np.where(lower, -fb * (1 - fb) - bent, 0.0),
    )


def normal_interval(a: Array, b: Array, known: Known) -> Terms:
    """log(Φ(a) − Φ(b)), or log φ(a) where the value is exact (its log h is added elsewhere)."""
    from scipy.special import log_ndtr

    upper, lower = known.upper & ~known.exact, known.lower & ~known.exact
    both, exact = upper & lower, known.exact
    a, b = np.where(upper | exact, a, 0.0), np.where(lower, b, 0.0)
    flip = both & (a + b > 0)  # the tail in which the two differ in more digits
    high, low = np.where(flip, -b, a), np.where(flip, -a, b)
    ordered = ~both | (high > low)
    top = np.where(both, log_ndtr(high), 0.0)
    drop = np.where(both, log_ndtr(low) - top, -np.inf)
    value = np.where(both & ordered, top + np.log1p(-np.exp(np.minimum(drop, -1e-300))), 0.0)
    value = np.where(upper & ~both, log_ndtr(a), value)
    value = np.where(lower & ~both, log_ndtr(-b), value)
    value = np.where(ordered, value, -np.inf)
    la = np.where(upper, np.exp(np.minimum(-(a**2) / 2 - NORM - value, 700.0)), 0.0)
    lb = np.where(lower, -np.exp(np.minimum(-(b**2) / 2 - NORM - value, 700.0)), 0.0)
    return Terms(
        np.where(exact, -(a**2) / 2 - NORM, value),
        np.where(exact, -a, la),
        lb,
        np.where(exact, -1.0, -a * la - la**2),
        -la * lb,
        -b * lb - lb**2,
    )


def poisson(a: Array, b: Array, known: Known) -> Terms:  # noqa: ARG001  every family takes both
    """Count y of mean μ = e^a."""
    from scipy.special import gammaln

    y, mu = known.count, np.exp(np.minimum(a, 100.0))
    zero = np.zeros(np.broadcast_shapes(a.shape, y.shape))
    return Terms(y * a - mu - gammaln(y + 1), y - mu, zero, -mu + zero, zero, zero)


def negative_binomial(a: Array, b: Array, known: Known) -> Terms:
    """Count y of mean μ = e^a and size θ = e^b, variance μ + μ²/θ."""
    from scipy.special import digamma, gammaln, polygamma

    y = known.count
    mu, size = np.exp(np.minimum(a, 100.0)), np.exp(np.clip(b, -30.0, FLATTEST + 4))
    total = size + mu
    value = gammaln(y + size) - gammaln(size) - gammaln(y + 1) + y * (a - np.log(total)) - size * np.log1p(mu / size)
    by_size = digamma(y + size) - digamma(size) - np.log1p(mu / size) + (mu - y) / total
    bent = polygamma(1, y + size) - polygamma(1, size) + 1 / size - 2 / total + (y + size) / total**2
    return Terms(
        value,
        y - (y + size) * mu / total,
        size * by_size,
        -(y + size) * size * mu / total**2,
        size * mu * (y - mu) / total**2,
        size * by_size + size**2 * bent,
    )


def _expit(x: Array) -> Array:
    small = np.exp(-np.abs(x))
    return np.asarray(np.where(x >= 0, 1.0, small) / (1 + small))
