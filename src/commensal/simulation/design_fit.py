"""Parameters of a declared design, from its tables, by plain moments: variances of units, and how features lie."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
#: Share of the variance that an outer unit (cage, household) has, and a subject measured several times, where the
#: tables cannot tell.
BLOCK_SHARE, SUBJECT_SHARE = 0.2, 0.35
#: Log standard deviations of a feature lie between these.
LEAST_SD, MOST_SD = 0.05, 2.2
#: A feature's own variance weighs n samples against as many of the common one.
SHRINK = 10


def dummies(codes: Integers) -> Floats:
    """Return the (n, k) indicators of codes (n,)."""
    levels = np.unique(codes)
    return np.asarray((codes[:, None] == levels[None, :]), dtype=np.float64)


def variance_parts(y: Floats, groups: Integers, units: Sequence[Integers]) -> Floats:
    r"""Variances (k + 1, m) of k nested or crossed units (n,), outermost first, and of the rest, of y (n, m).

    Henderson's third method: with :math:`Q_l` a basis of what unit :math:`l` adds to the groups and units before it,
    :math:`E\|Q_l' y\|^2 = \sum_{k \ge l} \sigma_k^2 \|Z_k' Q_l\|_F^2 + \sigma^2 \operatorname{rank} Q_l`, solved from
    the rest upwards. Estimates are not cut at 0.

    Parameters
    ----------
    y
        (n, m), without missing values.
    groups
        (n,) codes of cells with a mean of their own (arms at times).
    units
        Codes (n,) of each unit, outermost first.

    Returns
    -------
    NDArray
        (k + 1, m); NaN for a unit that adds nothing, or that is each row its own.

    References
    ----------
    Henderson (1953), Biometrics 9: 226-252.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> cage = np.repeat(np.arange(400), 4)
    >>> y = rng.normal(0, 1, (400, 1))[cage] + rng.normal(0, 2, (1600, 1))
    >>> variance_parts(y, np.zeros(1600, dtype=np.int64), [cage]).round().ravel().tolist()
    [1.0, 4.0]
    """
    n, m = y.shape
    basis = np.linalg.svd(dummies(groups), full_matrices=False)
    known = basis[0][:, basis[1] > 1e-9]
    left = y - known @ (known.T @ y)
    parts: list[Floats] = []
    for codes in units:
        z = dummies(codes)
        z = z - known @ (known.T @ z)
        u, s, _ = np.linalg.svd(z, full_matrices=False)
        own = u[:, s > 1e-8 * max(1.0, float(s.max(initial=0)))]
        parts.append(own)
        known = np.column_stack([known, own])
        left = left - own @ (own.T @ left)
    free = n - known.shape[1]
    out = np.full((len(units) + 1, m), np.nan)
    if free > 0:
        out[-1] = (left**2).sum(axis=0) / free
    rest = np.nan_to_num(out[-1])
    for level in range(len(units) - 1, -1, -1):
        own = parts[level]
        if not own.shape[1] or free <= 0:
            continue
        squares = ((own.T @ y) ** 2).sum(axis=0) - own.shape[1] * rest
        for inner in range(level + 1, len(units)):
            weight = float(((dummies(units[inner]).T @ own) ** 2).sum())
            squares = squares - weight * np.nan_to_num(out[inner])
        out[level] = squares / float(((dummies(units[level]).T @ own) ** 2).sum())
    return out


def shares(y: Floats, groups: Integers, units: Sequence[Integers], usual: Sequence[float]) -> tuple[Floats, str]:
    """Return the share of the variance of each unit (k,) over all columns of y (n, m), and where it is from.

    Of each column the shares are taken and their trimmed mean over columns is kept, between 0 and 0.9 in sum; a unit
    with fewer than 3 degrees of freedom keeps its usual share.
    """
    usual_shares = np.array(usual, dtype=np.float64)
    if not len(units) or not y.shape[1]:
        return usual_shares, "usual shares"
    parts = variance_parts(y, groups, units)
    free = [len(np.unique(codes)) - len(np.unique(groups)) for codes in units]
    total = np.nansum(parts, axis=0)
    good = total > 1e-12
    out, told = usual_shares.copy(), []
    for level, codes in enumerate(units):
        ratio = parts[level, good] / total[good]
        ratio = np.sort(np.clip(ratio[np.isfinite(ratio)], -1.0, 1.0))
        alone = len(np.unique(codes)) == len(codes)
        if alone:
            out[level] = 0.0
        elif len(ratio) and (free[level] >= 3 or y.shape[1] >= 20):
            cut = len(ratio) // 10
            out[level] = float(np.clip(ratio[cut : len(ratio) - cut or None].mean(), 0.0, 0.9))
            told.append(level)
    if out.sum() > 0.9:
        out = out * 0.9 / out.sum()
    return out, "fitted" if told else "usual shares"


@dataclass(frozen=True, slots=True, eq=False)
class Features:
    """How the features of a table lie: (m,) each, natural logarithms."""

    mean: Floats  #: of what is there
    sd: Floats  #: of what is there, all units together
    presence: Floats  #: share of samples in which it is there at all


def fit_counts(counts: Floats, *, always: bool = False) -> tuple[Features, float, float]:
    r"""Fit counts (n, m): log-normal amounts, absence beyond chance, log depth's mean and SD.

    With depths :math:`d_i` and shares :math:`x_i = c_i / d_i` of mean :math:`M` and second moment :math:`E`, a feature
    that is there in a share :math:`\pi` of the samples has log-normal amounts of variance
    :math:`s^2 = \log[\pi (E - M \overline{1/d}) / M^2]`; :math:`\pi` is such that as many zeros are expected as seen.

    Parameters
    ----------
    counts
        (n, m) of 0 and above.
    always
        Every feature is there in every sample (genes of a tissue): zeros come from sampling alone.
    """
    depth = np.maximum(counts.sum(axis=1), 1.0)
    share = counts / depth[:, None]
    first, second = share.mean(axis=0), (share**2).mean(axis=0)
    chance = first * float((1 / depth).mean())
    zeros = (counts == 0).mean(axis=0)
    safe = np.maximum(first, 1e-12)

    def spread(presence: Floats) -> Floats:
        with np.errstate(divide="ignore", invalid="ignore"):
            squared = np.log(presence * np.maximum(second - chance, 1e-300) / safe**2)
        return np.asarray(
            np.sqrt(np.clip(np.nan_to_num(squared, nan=LEAST_SD**2, neginf=LEAST_SD**2), LEAST_SD**2, MOST_SD**2))
        )

    low, high = np.clip(1 - zeros, 1 / len(counts), 1.0), np.ones(len(first))
    presence = high.copy()
    if not always:
        for _ in range(18):
            middle = (low + high) / 2
            more = 1 - middle * (1 - _unseen(safe / middle, spread(middle), depth)) < zeros
            high, low = np.where(more, middle, high), np.where(more, low, middle)
        presence = (low + high) / 2
        presence = np.where(1 - (1 - _unseen(safe, spread(np.ones_like(safe)), depth)) >= zeros, 1.0, presence)
    sd = spread(presence)
    known = (counts > 0).sum(axis=0) >= 3
    common = float(np.median(sd[known])) if known.any() else 1.0
    n = np.where(known, (counts > 0).sum(axis=0), 0)
    sd = np.sqrt((n * sd**2 + SHRINK * common**2) / (n + SHRINK))
    mean = np.log(safe / presence) - sd**2 / 2
    logs = np.log(depth)
    return Features(mean, sd, presence), float(logs.mean()), float(np.clip(logs.std(ddof=min(1, len(logs) - 1)), 0, 1))


def _unseen(mean: Floats, sd: Floats, depth: Floats) -> Floats:
    """Chance (m,) of no read of a feature that is there: over depths and log-normal amounts."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(11)
    deep = np.quantile(depth, (0.1, 0.3, 0.5, 0.7, 0.9))
    amount = np.exp(np.log(mean) - sd**2 / 2 + sd * nodes[:, None])
    chance = np.exp(-deep[:, None, None] * amount).mean(axis=0)
    return np.asarray((weights / weights.sum()) @ chance)


def fit_amounts(values: Floats) -> Features:
    r"""Fit amounts (n, m), 0 (or less) being below a limit: a normal of the logarithms, seen above a limit only.

    Of a normal of which a share :math:`\Phi(\alpha)` is hidden, the mean and variance of what is seen give
    :math:`\sigma = s / \sqrt{1 + \alpha\lambda - \lambda^2}` and :math:`\mu = \bar y - \sigma\lambda` with
    :math:`\lambda = \phi(\alpha) / (1 - \Phi(\alpha))`. ``presence`` is the share that is seen.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> logs = rng.normal(3, 1, (4000, 1))
    >>> found = fit_amounts(np.where(logs > 2.5, np.exp(logs), 0))
    >>> round(float(found.mean[0]), 1), round(float(found.sd[0]), 1)
    (3.0, 1.0)
    """
    from scipy.special import ndtr, ndtri

    seen = values > 0
    n = seen.sum(axis=0)
    logs = np.where(seen, np.log(np.where(seen, values, 1.0)), 0.0)
    mean = logs.sum(axis=0) / np.maximum(n, 1)
    square = np.where(seen, (logs - mean) ** 2, 0.0).sum(axis=0) / np.maximum(n - 1, 1)
    known = n >= 3
    common = float(np.median(square[known])) if known.any() else 0.25
    square = (np.where(known, n, 0) * square + SHRINK * common) / (np.where(known, n, 0) + SHRINK)
    measured = np.isfinite(values).sum(axis=0)
    presence = np.clip(n / np.maximum(measured, 1), 0.02, 1.0)
    alpha = ndtri(np.clip(1 - presence, 1e-6, 0.98))
    tail = np.exp(-(alpha**2) / 2) / np.sqrt(2 * np.pi) / ndtr(-alpha)
    sd = np.sqrt(square / np.maximum(1 + alpha * tail - tail**2, 0.05))
    sd = np.clip(sd, LEAST_SD, 3.0)
    fallback = float(np.median(mean[n > 0])) if (n > 0).any() else 0.0
    return Features(np.where(n > 0, mean, fallback) - sd * tail, sd, presence)


def fit_logs(values: Floats) -> Features:
    """Fit values (n, m) that are logarithms already; NaN is missing."""
    known = np.isfinite(values)
    n = known.sum(axis=0)
    mean = np.where(known, values, 0.0).sum(axis=0) / np.maximum(n, 1)
    square = np.where(known, (values - mean) ** 2, 0.0).sum(axis=0) / np.maximum(n - 1, 1)
    common = float(np.median(square[n >= 3])) if (n >= 3).any() else 1.0
    square = (n * square + SHRINK * common) / (n + SHRINK)
    return Features(mean, np.sqrt(np.maximum(square, 1e-8)), np.ones(values.shape[1]))


def fit_times(time: Floats, came: NDArray[np.bool_]) -> tuple[float, float]:
    r"""Shape and scale of a Weibull of times (n,), censored where the event did not come.

    For a shape :math:`k` the likelihood is largest at scale :math:`(\sum t^k / d)^{1/k}`, d events; the shape is
    the best of a grid from 0.5 to 20. Fewer than 3 events: shape 3, and the scale at which as many are expected.

    Examples
    --------
    >>> time = np.random.default_rng(1).weibull(4, 2000) * 100
    >>> shape, scale = fit_times(np.minimum(time, 110), time < 110)
    >>> round(shape), round(scale, -1)
    (4, 100.0)
    """
    time = np.maximum(np.asarray(time, dtype=np.float64), 1e-6)
    d = int(came.sum())
    if d < 3:
        last = float(time.max(initial=1.0))
        share = (d + 0.5) / (len(time) + 1)
        return 3.0, last / float(-np.log1p(-share)) ** (1 / 3)
    top = float(time.max())
    scaled = np.log(time / top)
    best = (-np.inf, 3.0, 1.0)
    for shape in np.exp(np.linspace(np.log(0.5), np.log(20), 80)):
        scale = float((np.exp(shape * scaled).sum() / d) ** (1 / shape))
        inside = d * np.log(shape) - d * shape * np.log(scale) + (shape - 1) * scaled[came].sum() - d
        if inside > best[0]:
            best = (float(inside), float(shape), scale)
    return best[1], best[2] * top
