"""What all pairs of two tables' columns need: ranks, products under masks, p of many r."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from commensal.stats._arrays import Floats

Mask = NDArray[np.bool_]
#: Share of a column's sum of squares below which nothing is left of it.
NOTHING = 1e-12
#: Share of a covariate's sum of squares below which the earlier ones make it up.
REDUNDANT = 1e-10
#: Largest n whose distribution of Spearman's ρ is enumerated.
EXACT_TO = 9
#: Points of the table of p, and the number of r from which it pays.
TABLE, MANY = 1 << 13, 1 << 15
BUCKETS = 1 << 16
CHUNK = 1 << 15
#: Bytes that the products of one chunk of columns may take.
MEMORY = 2.5e8


def ranks(x: Floats) -> Floats:
    """Return the ranks (1 …, ties averaged) of each column of x (n, m) among its present values; NaN stays."""
    n = len(x)
    rows = np.ascontiguousarray(x.T)
    order = np.argsort(rows, axis=1)
    ordered = np.take_along_axis(rows, order, axis=1)
    place = np.arange(1.0, n + 1)
    starts = np.ones(rows.shape, dtype=bool)
    starts[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
    if starts.all():
        ranked = np.broadcast_to(place, rows.shape)
    else:
        first = np.maximum.accumulate(np.where(starts, place, 0.0), axis=1)
        ends = np.ones(rows.shape, dtype=bool)
        ends[:, :-1] = starts[:, 1:]
        last = np.minimum.accumulate(np.where(ends, place, np.inf)[:, ::-1], axis=1)[:, ::-1]
        ranked = (first + last) / 2
    out = np.empty(rows.shape)
    np.put_along_axis(out, order, ranked, axis=1)
    out[np.isnan(rows)] = np.nan
    return out.T


def ranks_in_blocks(x: Floats, codes: NDArray[np.int64]) -> Floats:
    """Return rank / (present values + 1) of each column of x (n, m) inside each block; NaN stays."""
    out = np.empty(x.shape)
    order = np.argsort(codes, kind="stable")
    for members in np.split(order, np.flatnonzero(np.diff(codes[order])) + 1):
        part = x[members]
        out[members] = ranks(part) / (1 + (~np.isnan(part)).sum(axis=0))
    return out


def tied(x: Floats) -> Mask:
    """Say which columns of x (n, m) hold a value twice."""
    ordered = np.sort(x, axis=0)
    return np.asarray((ordered[1:] == ordered[:-1]).any(axis=0))


def unit_residuals(x: Floats, basis: Floats) -> tuple[Floats, Mask]:
    """Return rows (m, n) of length 1, orthogonal to basis (n, k), from the columns of x, and which had nothing left."""
    rows = x.T - x.mean(axis=0)[:, None]
    before = np.einsum("ij,ij->i", rows, rows) + 1e-30 * np.einsum("ij,ij->j", x, x)
    rows -= (rows @ basis) @ basis.T
    after = np.einsum("ij,ij->i", rows, rows)
    flat = ~(after > NOTHING * before)
    rows /= np.sqrt(np.where(flat, 1.0, after))[:, None]
    rows[flat] = 0.0
    return rows, np.asarray(flat)


def orthonormal(z: Floats) -> Floats:
    """Return an orthonormal basis (n, rank) of the columns of z (n, k); columns that others make up add nothing."""
    left, sizes, _ = np.linalg.svd(z, full_matrices=False)
    return np.asarray(left[:, sizes > np.sqrt(REDUNDANT) * sizes.max(initial=0.0)])


def masked_r(x: Floats, y: Floats, z: Floats) -> tuple[Floats, Floats, Floats]:
    """Return r, n and the rank of z of all pairs (p, q), each over the rows that both columns have.

    The matrix of products of (z, x, y) over common rows is a matrix product for each of its entries, whatever the
    patterns; z is then swept out of all pairs at once, with a rank for each pair.
    """
    k = z.shape[1]
    rows = max(1, int(MEMORY / (8 * (k + 2) ** 2 * max(y.shape[1], 1))))
    parts = [_masked_chunk(x[:, i : i + rows], y, z) for i in range(0, x.shape[1], rows)]
    r, n, rank = (np.concatenate(part) for part in zip(*parts, strict=True))
    return r, n, rank


def _masked_chunk(x: Floats, y: Floats, z: Floats) -> tuple[Floats, Floats, Floats]:
    k = z.shape[1]
    in_x, in_y = (~np.isnan(x)).astype(np.float64), (~np.isnan(y)).astype(np.float64)
    x, y = _filled(x), _filled(y)
    s = np.empty((k + 2, k + 2, x.shape[1], y.shape[1]))
    for a in range(k):
        for b in range(a, k):
            s[a, b] = (in_x * (z[:, a] * z[:, b])[:, None]).T @ in_y
        s[a, k] = (x * z[:, [a]]).T @ in_y
        s[a, k + 1] = in_x.T @ (y * z[:, [a]])
    s[k, k], s[k, k + 1], s[k + 1, k + 1] = (x * x).T @ in_y, x.T @ y, in_x.T @ (y * y)
    whole = np.array([s[i, i] for i in range(k + 2)])
    rank = np.zeros(s.shape[2:])
    for a in range(k):
        fresh = s[a, a] > REDUNDANT * whole[a]
        rank += fresh
        inverse = np.where(fresh, 1 / np.where(fresh, s[a, a], 1.0), 0.0)
        for i in range(a + 1, k + 2):
            scaled = s[a, i] * inverse
            for j in range(i, k + 2):
                s[i, j] -= scaled * s[a, j]
    left = (s[k, k] > NOTHING * whole[k]) & (s[k + 1, k + 1] > NOTHING * whole[k + 1])
    r = np.full(rank.shape, np.nan)
    r[left] = s[k, k + 1][left] / np.sqrt(s[k, k][left] * s[k + 1, k + 1][left])
    return r, in_x.T @ in_y, rank


def _filled(x: Floats) -> Floats:
    """Centre and scale each column by its present values; 0 where missing."""
    present = ~np.isnan(x)
    count = np.maximum(present.sum(axis=0), 1)
    centred = np.where(present, x, 0.0)
    centred = np.where(present, centred - centred.sum(axis=0) / count, 0.0)
    scale = np.sqrt((centred**2).sum(axis=0) / count)
    return np.asarray(centred / np.where(scale > 0, scale, 1.0))


def p_of_r(r: Floats, df: Floats | float) -> Floats:
    """Return the two-sided p of each r: t = r √(df / (1 − r²)) with df degrees of freedom.

    p = I_{1 − r²}(df/2, 1/2). Very many r of one df take ln p from parabolas in |r| (relative error of p below 1e-7).
    """
    from scipy.special import betainc

    if np.ndim(df) or r.size < MANY:
        with np.errstate(invalid="ignore"):
            return np.asarray(betainc(np.asarray(df) / 2, 0.5, (1 - r) * (1 + r)))
    half = float(df) / 2
    edge, start, slope, bend = _table(half)
    flat = np.ascontiguousarray(r).reshape(-1)
    out = np.empty(flat.size)
    for i in range(0, flat.size, CHUNK):
        size = np.abs(flat[i : i + CHUNK])
        size *= TABLE / edge
        apart = ~(size < TABLE)
        some = bool(apart.any())
        if some:
            size[apart] = 0.0
        node = size.astype(np.int32)
        size -= node
        value = bend[node]
        value *= size
        value += slope[node]
        value *= size
        value += start[node]
        part = np.exp(value, out=out[i : i + CHUNK])
        np.minimum(part, 1.0, out=part)
        if some:
            far = flat[i : i + CHUNK][apart]
            part[apart] = betainc(half, 0.5, (1 - far) * (1 + far))
    return out.reshape(r.shape)


@lru_cache(maxsize=8)
def _table(half: float) -> tuple[float, Floats, Floats, Floats]:
    """Return an edge below which ln p is tabulated, and parabolas start + u (slope + u bend), 0 ≤ u < 1, of each cell.

    Each runs through both ends and the middle of its cell. The edge keeps away from |r| = 1, where ln p has no
    parabola, and from p that underflow.
    """
    from scipy.special import betainc

    edge = min(0.9, float(np.sqrt(-np.expm1(-600 / max(half, 1e-3)))))
    size = np.arange(2 * TABLE + 1) * (edge / (2 * TABLE))
    log_p = np.log(betainc(half, 0.5, (1 - size) * (1 + size)))
    left, middle, right = log_p[:-1:2], log_p[1::2], log_p[2::2]
    return edge, left, 4 * middle - 3 * left - right, 2 * (left - 2 * middle + right)


@lru_cache(maxsize=16)
def spearman_tail(n: int) -> Floats:
    """Return P(|ρ| ≥ |1 − 6 D / (n³ − n)|) for D = 0, 1, … over all n! orders of n untied ranks."""
    top = n * (n + 1) * (2 * n + 1) // 6
    counts: dict[int, NDArray[np.int64]] = {0: np.eye(1, top + 1, dtype=np.int64)[0]}
    for i in range(1, n + 1):
        grown: dict[int, NDArray[np.int64]] = {}
        for used, count in counts.items():
            for v in range(n):
                if not used >> v & 1:
                    shift = i * (v + 1)
                    into = grown.setdefault(used | 1 << v, np.zeros(top + 1, dtype=np.int64))
                    into[shift:] += count[: top + 1 - shift]
        counts = grown
    count = counts[(1 << n) - 1]
    middle = n * (n + 1) ** 2 / 4
    distance = np.abs(np.arange(top + 1) - middle)
    d = np.arange((n**3 - n) // 3 + 1)
    reached = [count[distance >= abs((n**3 - n) / 12 - value / 2) - 1e-9].sum() for value in d]
    return np.asarray(np.array(reached) / count.sum())


def step_up(p: Floats) -> Floats:
    """Return Benjamini–Hochberg's q of all present p, any shape.

    q takes few values, as it changes only where p₍ᵢ₎ m / i reaches a new minimum from above. So p are sorted without
    keeping their places, and each finds its q among the p at which q changes, mostly by one look into equal buckets:
    a third of the time of sorting with places.
    """
    flat = p.reshape(-1)
    ordered = np.sort(flat)
    m = flat.size - int(np.count_nonzero(np.isnan(ordered)))
    out = np.full(flat.size, np.nan)
    if not m:
        return out.reshape(p.shape)
    scaled = ordered[:m] * (m / np.arange(1.0, m + 1))
    np.minimum.accumulate(scaled[::-1], out=scaled[::-1])
    np.minimum(scaled, 1.0, out=scaled)
    last = np.append(np.flatnonzero(scaled[1:] != scaled[:-1]), m - 1)
    tops, values = ordered[last], np.append(scaled[last], np.nan)
    bucket = np.arange(BUCKETS + 2) / BUCKETS
    first = np.searchsorted(tops, bucket)
    known = np.where(np.append(tops, np.inf)[first] >= bucket + 1 / BUCKETS, values[first], np.nan)
    for i in range(0, flat.size, CHUNK):
        part = flat[i : i + CHUNK]
        place = part if m == flat.size else np.where(np.isnan(part), 0.0, part)
        q = known[(place * BUCKETS).astype(np.int32)]
        several = np.isnan(q) if m == flat.size else np.isnan(q) | np.isnan(part)
        q[several] = values[np.searchsorted(tops, part[several])]
        out[i : i + CHUNK] = q
    return out.reshape(p.shape)
