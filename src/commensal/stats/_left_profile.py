"""One contrast of solved features: its effect, the likelihood ratio against any value of it, and bounds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from commensal.stats._left_design import Part
from commensal.stats._left_search import Cells, Space, Top, maximum, mills
from commensal.stats._left_units import Scatter
from commensal.stats.fits import Array, Counts, Mask

Some = Counts | slice
ALL = slice(None)
#: Steps to a bound of a side that lies wholly below its limits: to less than a thousandth of σ.
STEPS = 12
#: Standard deviations within which such a bound is sought.
WITHIN = 40.0
#: Share of the largest weight below which a pattern is in a contrast by way of covariates only.
AIMED = 0.25


@dataclass(frozen=True, slots=True, eq=False)
class Solved:
    """A part's m features at the optimum of the model, shifted and scaled."""

    part: Part
    cells: Cells
    top: Top
    scale: Array
    shift: Array
    n: Array
    rows: Array  #: as many rows would tell as much of σ
    scatter: Scatter | None

    @property
    def left(self) -> Array:
        """What the columns leave of the rows: n − rank, at least 1."""
        return np.asarray(np.maximum(self.n - self.part.basis.shape[1], 1.0))

    @property
    def phi(self) -> Array:
        """How many times the scores of units scatter as their rows would let them; at least 1."""
        if self.scatter is None:
            return np.ones(len(self.n))
        return np.asarray(np.maximum(self.scatter.total / self.scatter.df * self.left / self.n, 1.0))


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """A contrast d'η (σ = 1) of solved features; effects are scaled, not shifted.

    Attributes
    ----------
    d : (R,)
        Weights of the patterns.
    known, hidden : (m,)
        How many of the values compared are above and below their limits.
    """

    solved: Solved
    d: Array
    known: Array
    hidden: Array

    @classmethod
    def of(cls, solved: Solved, contrast: Array) -> Line:
        """Look at a contrast (k,) of coefficients."""
        d, cells = solved.part.weights(contrast), solved.cells
        below = cells.below @ cells.of
        compared = _compared(solved.part, (cells.number + below).mean(axis=0), d)
        return cls(solved, d, cells.number[:, compared].sum(axis=1), below[:, compared].sum(axis=1))

    @property
    def share(self) -> Array:
        """Share of the values compared that lie below their limits."""
        return np.asarray(self.hidden / np.maximum(self.known + self.hidden, 1))

    @property
    def offset(self) -> Array:
        """What the shift of y takes from the effect."""
        return np.asarray(self.solved.shift * self.d.sum() / self.solved.scale)

    @property
    def aimless(self) -> Mask:
        """Whether patterns wholly below their limits stand on both sides: the effect can be anything."""
        if not self.solved.part.saturated:
            return np.zeros(len(self.known), bool)
        gone = (self.solved.cells.number == 0) & (np.abs(self.d) > 1e-9 * np.abs(self.d).max())
        return np.asarray((gone & (self.d > 0)).any(axis=1) & (gone & (self.d < 0)).any(axis=1))

    def effect(self) -> tuple[Array, Array]:
        """Effect and its standard error by maximum likelihood."""
        top = self.solved.top
        right = np.stack([top.curve.he, np.broadcast_to(self.d, top.eta.shape)], axis=2)
        both = self.solved.part.free().solve(top.curve.ee, right)
        left = top.curve.hh - (top.curve.he * both[:, :, 0]).sum(axis=1)
        lean, theta = both[:, :, 0] @ self.d, top.eta @ self.d / top.h
        variance = both[:, :, 1] @ self.d + (lean**2 + 2 * theta * lean + theta**2) / left
        return theta + self.offset, np.sqrt(variance) / top.h

    def root(self, at: Array | float = 0.0, which: Some = ALL) -> Array:
        """Signed root of the likelihood ratio of the effect being `at`; NaN where that has no optimum."""
        top, d = self.solved.top, self.d
        delta = at - self.offset[which]
        by = delta[:, None] * (d / (d @ d))
        space, h = self.solved.part.without(d), top.h[which]
        eta = top.eta[which] - h[:, None] * by
        start = _pulled(eta, top.curve.ee[which], d, space)
        null = maximum(self.solved.cells.at(which).shifted(by), h, start, space)
        drop = np.sqrt(np.maximum(2 * (top.loglik[which] - null.loglik), 0.0))
        return np.where(null.settled, drop * np.sign(eta @ d), np.nan)

    def t(self, root: Array, which: Some = ALL) -> tuple[Array, Array]:
        """Turn the root of the likelihood ratio into a t, and give its degrees of freedom."""
        solved = self.solved
        rows = np.maximum(solved.rows[which], 1.0)
        df = np.maximum(rows * (solved.left / solved.n)[which], 1.0)
        shrink = np.sqrt(np.maximum(1 - self.share**2 / np.maximum(self.known, 1), 0.05))[which]
        t = np.sign(root) * np.sqrt(df * np.expm1(np.minimum(root**2 / rows, 600.0))) * shrink
        if solved.scatter is not None:
            return t / np.sqrt(solved.phi[which]), solved.scatter.df[which]
        return t, df

    def far_bound(self, which: Counts, at: Array) -> Array:
        """Move bounds `at` to where t would be as large as it is meant to be, if it grew in a straight line from 0."""
        from_here = self.effect()[0][which]
        t, _ = self.t(self.root(at, which), which)
        return np.asarray((at - from_here) / np.maximum(np.abs(t), 1e-3))

    def near_bound(self, which: Counts, critical: Array) -> Array:
        """Return where |t| of features of which one side lies wholly below its limits falls to `critical` (p,)."""
        sign = np.sign(self.solved.top.eta[which] @ self.d)
        size = lambda at: np.abs(self.t(self.root(sign * at, which), which)[0]) - critical  # noqa: E731
        return np.asarray(sign * _falling(size, len(which)))

    def even_chance(self, which: Counts) -> Array:
        """Return the effect at which all of the side below its limits would lie there with an even chance."""
        from scipy.special import log_ndtr

        sign = np.sign(self.solved.top.eta[which] @ self.d)
        if not self.solved.part.saturated:
            even = np.sqrt(2 * np.log(2))
            size = lambda at: np.abs(self.root(sign * at, which)) - even  # noqa: E731
            return np.asarray(sign * _falling(size, len(which)))
        cells, top = self.solved.cells.at(which), self.solved.top
        h, eta = top.h[which], top.eta[which].copy()
        gone = (cells.number == 0) & (cells.below @ cells.of > 0)
        reach = h[:, None] * cells.limits
        lowest = np.where(cells.below > 0, reach, np.inf)
        a = np.stack([np.where(cells.of[:, r] > 0, lowest, np.inf).min(axis=1) for r in range(eta.shape[1])], axis=1)
        a = np.where(gone, a, 0.0) - 3.0
        for _ in range(25):  # Newton on Σ log Φ(h L − η) = log ½, which is concave and falls in η
            gap = reach - a @ cells.of.T
            ratio, _ = mills(gap)
            value = np.where(cells.below > 0, cells.below * log_ndtr(gap), 0.0) @ cells.of + np.log(2)
            a = np.where(gone, a + value / np.maximum((cells.below * ratio) @ cells.of, 1e-12), a)
            a = np.clip(a, -1e6, 1e6)
        effect = np.where(gone, a, eta) @ self.d / h + self.offset[which]
        return np.asarray(sign * np.maximum(sign * effect, 0.0))


def _falling(size: Callable[[Array], Array], m: int) -> Array:
    """Return where falling functions of a bracket cross 0, by the Illinois rule, (m,)."""
    low, high = np.full(m, -WITHIN), np.full(m, WITHIN)
    middle = np.zeros(m)
    at_low, at_high = np.full(m, np.nan), np.full(m, np.nan)
    side = np.zeros(m)
    for step in range(STEPS):
        value = size(middle)
        above = value > 0
        at_high = np.where(above & (side > 0), at_high / 2, at_high)
        at_low = np.where(~above & (side < 0), at_low / 2, at_low)
        low, at_low = np.where(above, middle, low), np.where(above, value, at_low)
        high, at_high = np.where(above, high, middle), np.where(above, at_high, value)
        side = np.where(above, 1.0, -1.0)
        cut = (low * at_high - high * at_low) / (at_high - at_low)
        jump = middle + np.where(above, 2.0, -2.0) * 2.0**step
        blind = ~np.isfinite(cut)
        middle = np.where(blind, np.clip(jump, -WITHIN, WITHIN), cut)
    return middle


def _compared(part: Part, number: Array, d: Array) -> Mask:
    """Patterns that the contrast compares, not only by way of covariates."""
    lever, least = np.abs(d), 1e-9
    if not part.saturated:
        gram = part.basis.T @ (number[:, None] * part.basis)
        lever, least = np.abs(part.basis @ np.linalg.lstsq(gram, part.basis.T @ d, rcond=None)[0]), AIMED
    return np.asarray(lever > least * lever.max())


def _pulled(eta: Array, weight: Array, d: Array, space: Space) -> Array:
    """Move η into the space where the contrast is 0, most where least is known."""
    if space.basis is not None:
        return np.asarray(eta @ space.basis @ space.basis.T)
    free = d / np.maximum(weight, 0.05)
    return np.asarray(eta - free * ((eta @ d) / (free @ d))[:, None])
