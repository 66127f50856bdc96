"""Features without missing values share everything but y: what depends on the columns is computed once.

With M = I − X(X'X)⁻¹X', Z the indicators of the groups and UDU' = Z'MZ, the residual sum of squares at λ is

    r(λ) = u₀ + Σ u_i² / (1 + λ d_i),   u = D^(−1/2) U'Z'My,

and the restricted deviance, but for a constant, Σ log(1 + λ d_i) + (n − rank) log r(λ): a few sums over groups where
the general way eliminates columns (the idea of Kang et al. 2008, Genetics 178:1709). Observation weights enter by
their square root, in x, y and Z alike.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from commensal.stats._design import Design
from commensal.stats._moments import QUICK, Moments, careful, columns_of, smallest_pivot
from commensal.stats._reml import Optimum, Slopes, Solution, grid_of, search, sweep
from commensal.stats.fits import Array, Counts, Mask

#: Values of y taken at a time: what fits into a processor's cache.
CHUNK = 800_000
#: Directions of Z'MZ below this share of the largest are none.
NOTHING = 1e-9


@dataclass(frozen=True, slots=True)
class Shared:
    """What all complete features share.

    Attributes
    ----------
    design, moments
        The model, and the moments of one feature that stands for all.
    x, heavy : (n, k')
        Columns as the moments have them, dropped ones 0; the same times the weights.
    weights : (n, 1) or None
    root : (n, r)
        Orthonormal basis of the (weighted) columns, the constant first.
    """

    design: Design
    moments: Moments
    x: Array
    heavy: Array
    weights: Array | None

    @property
    def kept(self) -> Mask:
        """Columns that are in the model, (k',)."""
        return np.asarray(self.moments.kept[0])


def shared(design: Design) -> Shared | None:
    """Prepare the complete features; None where the design itself asks for care."""
    precision = design.precision
    if not design.complete.any() or (precision is not None and precision.shape[1] > 1):
        return None
    probe = replace(design, y=np.arange(len(design.x), dtype=float)[:, None], complete=np.ones(1, bool))
    moments = careful(probe)
    mask, counts = np.ones((1, len(design.x))), np.diff(np.append(design.starts, len(design.x)))[None, :]
    z, _, _, _ = columns_of(design, mask, counts.astype(float), mask.sum(axis=1))
    x = np.ascontiguousarray(z[0, :-1].T) * moments.kept[0]
    weights = None if precision is None else precision[design.rows]
    heavy = x if weights is None else x * weights
    gram = (heavy.T @ x)[None]
    kept = [j for j in design.order if moments.kept[0, j]]
    if not kept or moments.n[0] - len(kept) < 2 or smallest_pivot(gram, kept)[0] < QUICK:
        return None
    return Shared(design, moments, x, heavy, weights)


def _steps(design: Design) -> Iterator[tuple[Counts, Array]]:
    """Complete features, some at a time, and their responses."""
    step = max(16, CHUNK // len(design.x))
    features = np.flatnonzero(design.complete)
    for first in range(0, len(features), step):
        some = features[first : first + step]
        unbroken = some[-1] - some[0] == len(some) - 1
        yield some, design.y[:, some[0] : some[-1] + 1] if unbroken else design.y[:, some]


def _facts(base: Shared, y_mean: Array, y_square: Array) -> Moments:
    """Moments of m features of which only the response differs."""
    m, one = len(y_square), base.moments
    spread = {
        name: np.broadcast_to(getattr(one, name), (m, *getattr(one, name).shape[1:]))
        for name in ("n", "n_groups", "kept", "constant", "within_rank", "empty")
    }
    beside = {
        name: np.broadcast_to(getattr(one, name), (len(one.contrasts), m, *getattr(one, name).shape[2:]))
        for name in ("contrasts", "estimable", "absent")
    }
    offsets = np.zeros((len(one.contrasts), m))
    if base.design.ones is not None:
        offsets = (base.design.contrasts @ base.design.ones)[:, None] * y_mean
    return Moments(
        within=one.within,
        sums=one.sums,
        sizes=one.sizes,
        levels=one.levels,
        **spread,
        **beside,
        offsets=offsets,
        y_scale=np.ones(m),
        y_square=y_square,
        flat=np.broadcast_to(np.False_, (m,)),
        restricted=one.restricted,
    )


def least_squares(base: Shared) -> Iterator[tuple[Counts, Moments, Solution]]:
    """Ordinary (or weighted) least squares of complete features; those that need more care are not among them."""
    kept = np.array([j for j in base.design.order if base.kept[j]])
    roots = np.ones((len(base.x), 1)) if base.weights is None else np.sqrt(base.weights)
    q, r = np.linalg.qr(base.x[:, kept] * roots)
    upper = np.linalg.inv(r)
    inverse = np.eye(len(base.kept))
    inverse[np.ix_(kept, kept)] = upper @ upper.T
    back = np.argsort(base.design.rows)
    basis = np.ascontiguousarray((q * roots)[back].T)
    for some, y in _steps(base.design):
        mean = np.zeros(len(some))
        along, square, residual, plain = _projected(y, basis, base, back)
        if not plain.all() and base.design.ones is not None:
            off = np.flatnonzero(~plain & np.isfinite(square))
            middle = y[:, off].mean(axis=0)
            mean[off] = middle
            along[:, off], square[off], residual[off], plain[off] = _projected(y[:, off] - middle, basis, base, back)
        beta = np.zeros((int(plain.sum()), len(base.kept)))
        beta[:, kept] = (upper @ along[:, plain]).T
        everywhere = np.broadcast_to(inverse, (len(beta), *inverse.shape))
        solution = Solution(everywhere, beta, residual[plain], np.zeros(len(beta)))
        yield some[plain], _facts(base, mean[plain], square[plain]), solution


def _projected(y: Array, basis: Array, base: Shared, back: Counts) -> tuple[Array, Array, Array, Mask]:
    """Coordinates in the columns, sums of squares before and after, and whether none of it cancels."""
    along = basis @ y
    square = np.einsum("nm,nm->m", y, y if base.weights is None else y * base.weights[back])
    residual = square - np.einsum("rm,rm->m", along, along)
    plain = (square > 1e-200) & (square < 1e200) & (residual > QUICK * square)
    return along, square, residual, plain


def random_intercept(base: Shared) -> Iterator[tuple[Counts, Moments, Optimum, Solution, Slopes, Solution]]:
    """Moments, optimum, solution with slopes, and least squares, of complete features that need no special care."""
    basis = _Basis.of(base)
    for some, y in _steps(base.design):
        chunk = _Responses.of(base, basis, y)
        if chunk.plain.any():
            yield some[chunk.plain], *_fitted(base, basis, chunk.at(chunk.plain))


@dataclass(frozen=True, slots=True)
class _Basis:
    """Eigenvalues of Z'MZ, (p,), and what takes Z'My to u, (p, G); (X'X)⁻¹ of the kept columns; products of sums."""

    values: Array
    turn: Array
    inverse: Array
    outer: Array
    sums: Array
    sizes: Array
    n_kept: int

    @classmethod
    def of(cls, base: Shared) -> _Basis:
        kept = base.kept
        gram = base.heavy.T @ base.x + np.diag(~kept)
        inverse = np.asarray(np.linalg.inv(gram) * kept[:, None] * kept, dtype=float)
        sums = np.add.reduceat(base.heavy, base.design.starts, axis=0)
        sizes = base.moments.sizes[0]
        values, vectors = np.linalg.eigh(np.asarray(np.diag(sizes) - sums @ inverse @ sums.T, dtype=float))
        some = values > NOTHING * max(values.max(), 0.0)
        turn = vectors[:, some].T / np.sqrt(values[some])[:, None]
        outer = (sums[:, :, None] * sums[:, None, :]).reshape(len(sums), -1)
        return cls(values[some], turn, inverse, outer, sums, sizes, int(kept.sum()))


@dataclass(frozen=True, slots=True)
class _Responses:
    """What is left of y: u² (p, m), u₀ (m,), X'y (k', m), Z'y (G, m), y'y, its part within groups, mean, trust."""

    squares: Array
    rest: Array
    along: Array
    sums: Array
    total: Array
    within: Array
    mean: Array
    plain: Mask

    @classmethod
    def of(cls, base: Shared, basis: _Basis, values: Array) -> _Responses:
        y = values[base.design.rows]
        mean = y.mean(axis=0) if base.design.ones is not None else np.zeros(y.shape[1])
        before = np.einsum("nm,nm->m", y, y)
        y -= mean
        heavy = y if base.weights is None else y * base.weights
        total = np.einsum("nm,nm->m", y, heavy)
        along = base.x.T @ heavy
        sums = np.add.reduceat(heavy, base.design.starts, axis=0)
        u = basis.turn @ (sums - basis.sums @ (basis.inverse @ along))
        left = total - np.einsum("km,km->m", along, basis.inverse @ along)
        squares = u**2
        rest = left - squares.sum(axis=0)
        within = total - ((1 / basis.sizes) @ sums**2)
        plain = (before > 1e-200) & (before < 1e200) & (total > 1e-12 * before) & (total < 1e200) & (total > 1e-200)
        plain &= (rest > QUICK * total) & (within > QUICK * total)
        return cls(squares, rest, along, sums, total, within, mean, plain)

    def at(self, which: Mask) -> _Responses:
        if which.all():
            return self
        return _Responses(
            self.squares[:, which],
            self.rest[which],
            self.along[:, which],
            self.sums[:, which],
            self.total[which],
            self.within[which],
            self.mean[which],
            self.plain[which],
        )


def _fitted(base: Shared, basis: _Basis, y: _Responses) -> tuple[Moments, Optimum, Solution, Slopes, Solution]:
    moments = _facts(base, y.mean, y.total)
    m = len(y.total)
    freedom = moments.freedom
    values, sizes, squares = basis.values, basis.sizes, np.ascontiguousarray(y.squares.T)
    # ML counts the groups' determinant, REML that of what the columns leave of them.
    spreads = values if moments.restricted else sizes

    def derivatives(which: Counts, ratio: Array) -> tuple[Array, Array]:
        shrink = 1 / (1 + ratio[:, None] * values)
        pull = squares[which] * shrink * (values * shrink)
        residual = y.rest[which] + np.einsum("mp,mp->m", squares[which], shrink)
        slope = -pull.sum(axis=1) / residual
        bend = 2 * np.einsum("mp,mp->m", pull, values * shrink) / residual
        share = values * shrink if moments.restricted else sizes / (1 + ratio[:, None] * sizes)
        first = share.sum(axis=1) + freedom[which] * slope
        second = -np.einsum("mp,mp->m", share, share) + freedom[which] * (bend - slope**2)
        return first, second

    def deviance(ratio: Array) -> Array:
        residual = y.rest + np.einsum("mp,mp->m", squares, 1 / (1 + ratio[:, None] * values))
        return np.asarray(np.log1p(ratio[:, None] * spreads).sum(axis=1) + freedom * np.log(residual))

    grid = grid_of(basis.sizes[None, :], base.moments)
    ratios = grid.ratios[0]
    residuals = y.rest[:, None] + squares @ (1 / (1 + ratios * values[:, None]))
    deviances = np.log1p(ratios * spreads[:, None]).sum(axis=0) + freedom[:, None] * np.log(residuals)
    wide = type(grid)(*(np.broadcast_to(part, (m,)) for part in (grid.bottom, grid.width, grid.floor)))
    best = search(wide, deviances, derivatives, deviance)
    flat = _solution(base, basis, y, np.zeros(m), deviances[:, 0])
    if base.moments.spare[0] < 1 or base.moments.n_groups[0] in (1, base.moments.n[0]):
        best = replace(best, ratio=np.zeros(m))
    solution = _solution(base, basis, y, best.ratio, deviance(best.ratio))
    first, second = derivatives(np.arange(m), best.ratio)
    shrink = 1 / (1 + best.ratio[:, None] * basis.sizes)
    k = len(base.kept)
    moment = (-(shrink**2) @ basis.outer).reshape(m, k, k)
    thin = 1 / (1 + best.ratio[:, None] * values)
    fall = -np.einsum("mp,mp->m", squares, values * thin**2)
    return moments, best, solution, Slopes(first, second, moment, fall), flat


def _solution(base: Shared, basis: _Basis, y: _Responses, ratio: Array, deviance: Array) -> Solution:
    """Generalised least squares at λ = ratio (m,)."""
    m, k = len(ratio), len(base.kept)
    between = 1 / (basis.sizes * (1 + ratio[:, None] * basis.sizes))
    t = np.empty((m, k + 1, k + 1))
    t[:, :k, :k] = base.moments.within[0, :-1, :-1] + (between @ basis.outer).reshape(m, k, k)
    heights = y.sums.T
    inner = y.along.T - (heights / basis.sizes) @ basis.sums
    t[:, :k, k] = t[:, k, :k] = inner + (between * heights) @ basis.sums
    t[:, k, k] = y.within + np.einsum("mg,mg->m", between, heights**2)
    sweep(t)
    return Solution(t[:, :-1, :-1], t[:, :-1, -1], np.maximum(t[:, -1, -1], np.finfo(float).tiny), deviance)
