"""The likelihood of normal values of which some are only known to lie below a limit, maximised for many features.

In Olsen's coordinates, h = 1/σ and γ = β/σ, it is concave:

    n log h − ½ Σ (h y − x'γ)² over the values known + Σ log Φ(h L − x'γ) over those below their limit L.

Rows of x that are alike form a pattern; values known enter as sums over patterns. Where patterns are as many as
columns (arms, say) the search is in η = x'γ of each pattern: second derivatives are an arrowhead, and a step costs as
much as there are patterns. Else (covariates) it is in coordinates of the columns' space.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from commensal.stats.fits import Array, Counts, Mask

#: Steps of the search; it settles in about 8, and in about 20 where a pattern lies wholly below its limits.
STEPS = 60
#: Slope times step below which the search has settled, and below which what it found can be used.
SETTLED, USABLE = 1e-12, 1e-6
#: Least information of a pattern, so that one wholly below its limits does not divide by 0.
LEAST = 1e-10


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """What is known of m features in R patterns, shifted and scaled.

    Attributes
    ----------
    number, total, square : (m, R)
        How many values are known, their sum, and their sum of squares.
    limits, below : (m, C)
        Limits, and how many values lie below each.
    of : (C, R)
        1 where a cell of limits is of a pattern.
    """

    number: Array
    total: Array
    square: Array
    limits: Array
    below: Array
    of: Array

    def at(self, which: Counts | Mask | slice) -> Cells:
        """Return some of the features."""
        number, total, square, limits, below = (
            one[which] for one in (self.number, self.total, self.square, self.limits, self.below)
        )
        return Cells(number, total, square, limits, below, self.of)

    def shifted(self, by: Array) -> Cells:
        """Take (m, R) off the values and the limits."""
        return replace(
            self,
            total=self.total - by * self.number,
            square=self.square - 2 * by * self.total + by**2 * self.number,
            limits=self.limits - by @ self.of.T,
        )


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """First derivatives by h (m,) and η (m, R), and second ones with the sign turned: by h, by both, by η."""

    slope_h: Array
    slope: Array
    hh: Array
    he: Array
    ee: Array


@dataclass(frozen=True, slots=True, eq=False)
class Top:
    """The optimum: h (m,), η (m, R), log-likelihood (m,), whether it settled (m,), and derivatives there."""

    h: Array
    eta: Array
    loglik: Array
    settled: Mask
    curve: Curve


@dataclass(frozen=True, slots=True, eq=False)
class Space:
    """Where η may lie: anywhere (basis None), in the columns of `basis` (R, r), or where `against` (R,)'η = 0."""

    basis: Array | None
    against: Array | None = None

    def solve(self, ee: Array, right: Array) -> Array:
        """Solve for the steps of η, right (m, R, s), with second derivatives ee (m, R), inside the space."""
        d = np.maximum(ee, LEAST)
        if self.basis is not None:
            r = self.basis.shape[1]
            if not r:
                return np.zeros_like(right)
            pairs = (self.basis[:, :, None] * self.basis[:, None, :]).reshape(len(self.basis), r * r)
            inner = np.linalg.solve((d @ pairs).reshape(-1, r, r), self.basis.T @ right)
            return np.asarray(self.basis @ inner)
        out = right / d[:, :, None]
        if self.against is not None:
            weight = self.against / d
            excess = np.einsum("r,mrs->ms", self.against, out) / (weight @ self.against)[:, None]
            out -= weight[:, :, None] * excess[:, None, :]
        return np.asarray(out)


def mills(a: Array) -> tuple[Array, Array]:
    """Return φ(a) / Φ(a), and how much of a known value's information one below its limit has."""
    from scipy.special import log_ndtr

    ratio = np.exp(-0.5 * a * a - 0.9189385332046727 - log_ndtr(a))
    return ratio, np.clip(ratio * (a + ratio), 0.0, 1.0)


def loglik(cells: Cells, h: Array, eta: Array) -> Array:
    """Log-likelihood (m,), but for n log √(2π)."""
    from scipy.special import log_ndtr

    wide = h[:, None]
    known = wide**2 * cells.square - 2 * wide * eta * cells.total + cells.number * eta**2
    a = wide * cells.limits - eta @ cells.of.T
    below = np.where(cells.below > 0, cells.below * log_ndtr(a), 0.0)
    return np.asarray(cells.number.sum(axis=1) * np.log(h) - 0.5 * known.sum(axis=1) + below.sum(axis=1))


def curve(cells: Cells, h: Array, eta: Array) -> Curve:
    """Return the derivatives of the log-likelihood."""
    a = h[:, None] * cells.limits - eta @ cells.of.T
    ratio, share = mills(a)
    pull, weight = cells.below * ratio, cells.below * share
    known, square = cells.number.sum(axis=1), cells.square.sum(axis=1)
    along = (eta * cells.total).sum(axis=1)
    return Curve(
        slope_h=known / h - h * square + along + (pull * cells.limits).sum(axis=1),
        slope=h[:, None] * cells.total - cells.number * eta - pull @ cells.of,
        hh=known / h**2 + square + (weight * cells.limits**2).sum(axis=1),
        he=-(cells.total + (weight * cells.limits) @ cells.of),
        ee=cells.number + weight @ cells.of,
    )


def maximum(cells: Cells, h: Array, eta: Array, space: Space) -> Top:
    """Maximise from h (m,) and η (m, R), which lie in the space."""
    h, eta = h.copy(), eta.copy()
    best = loglik(cells, h, eta)
    settled = np.zeros(len(h), bool)
    still = np.arange(len(h))
    for _ in range(STEPS):
        if not still.size:
            break
        some = cells.at(still)
        along_h, along, gain = _step(curve(some, h[still], eta[still]), space)
        new_h, new_eta, value, moved = _climbed(some, (h[still], eta[still], best[still]), along_h, along)
        h[still], eta[still], best[still] = new_h, new_eta, value
        over = (gain < SETTLED) | ~moved
        settled[still[over]] = gain[over] < USABLE
        still = still[~over]
    return Top(h, eta, best, settled, curve(cells, h, eta))


def _step(at: Curve, space: Space) -> tuple[Array, Array, Array]:
    """Newton's step by h (m,) and η (m, R), and slope × step (m,)."""
    solved = space.solve(at.ee, np.stack([at.slope, at.he], axis=2))
    by_slope, by_both = solved[:, :, 0], solved[:, :, 1]
    left = at.hh - (at.he * by_both).sum(axis=1)
    along_h = (at.slope_h - (at.he * by_slope).sum(axis=1)) / np.maximum(left, LEAST)
    along = by_slope - by_both * along_h[:, None]
    return along_h, along, at.slope_h * along_h + (at.slope * along).sum(axis=1)


def _climbed(
    cells: Cells, at: tuple[Array, Array, Array], along_h: Array, along: Array
) -> tuple[Array, Array, Array, Mask]:
    """Halve the step until the log-likelihood does not fall; what never rises stays."""
    h, eta, best = (one.copy() for one in at)
    moved, size = np.zeros(len(h), bool), np.ones(len(h))
    for _ in range(30):
        todo = np.flatnonzero(~moved)
        if not todo.size:
            break
        new_h, new_eta = h[todo] + size[todo] * along_h[todo], eta[todo] + size[todo, None] * along[todo]
        some = cells if len(todo) == len(h) else cells.at(todo)
        value = np.where(new_h > 0, loglik(some, np.maximum(new_h, 1e-300), new_eta), -np.inf)
        good = value >= best[todo] - 1e-13 * (1 + np.abs(best[todo]))
        place = todo[good]
        h[place], eta[place], best[place], moved[place] = new_h[good], new_eta[good], value[good], True
        size[todo[~good]] /= 2
    return h, eta, best, moved
