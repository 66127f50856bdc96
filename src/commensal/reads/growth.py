"""Growth: how much deeper the origin of replication is than the terminus, in complete genomes with even depth."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from commensal.reads.mapping import BIN, Laid
from commensal.reads.tables import frame

#: Reads with one place only that a genome needs, and how many windows its chromosome is cut into.
LEAST_READS, WINDOWS, PER_WINDOW = 5_000, 250, 50
#: Windows further than this from their neighbours (log2) are left out: prophages, lost regions, repeats.
STRAY = 1.0
#: Refused when more windows than this are left out, or when those kept scatter more than this about the fit (log2, SD).
LEFT_OUT, SCATTER = 0.25, 0.45
_ORIGINS, _TERMINI, _BOOTSTRAPS, _BLOCK = 120, (0.42, 0.46, 0.5, 0.54, 0.58), 200, 6
STATUSES = {
    "ok": "ratio with its interval",
    "not_complete": "the reference genome is in pieces whose order is not known",
    "too_shallow": f"fewer than {LEAST_READS:,} reads with one place only",
    "uneven": "depth along the genome is too uneven: another strain, or shared regions",
    "shared": "most reads fit another genome of the sample as well",
}


@dataclass(frozen=True, slots=True)
class Growth:
    """Peak-to-trough ratio with its 95 % interval, or why there is none."""

    ptr: float
    low: float
    high: float
    status: str
    note: str | None = None


def growth(sample: str, laid: Iterable[Laid], complete: Mapping[str, bool], *, seed: int = 1) -> pd.DataFrame:
    """Estimate the peak-to-trough ratio of every genome; those that cannot give one say why.

    Parameters
    ----------
    sample
        Name of the sample.
    laid
        Genomes with their reads.
    complete
        Whether each genome is one contig (90 % of it or more).
    seed
        Seed of the bootstrap.

    Returns
    -------
    pandas.DataFrame
        The table ``growth`` of a profile.
    """
    names, found = [], []
    for one in laid:
        names.append(one.name)
        found.append(_genome(one, complete.get(one.name, False), seed))
    columns: dict[str, list[object]] = {"genome": list(names)}
    for column in ("ptr", "low", "high", "status", "note"):
        columns[column] = [getattr(item, column) for item in found]
    return frame("growth", columns, sample)


def ratio(counts: NDArray[np.float64], gc: NDArray[np.float64], *, seed: int = 1, level: float = 0.95) -> Growth:
    """Fit depth along a circular chromosome and return the ratio of its highest to its lowest point.

    log2 depth of window i at place x is ``a - b d(x) + g gc``, where d rises from 0 at the origin to 1 at the
    terminus along both arms; in growing cells depth falls exponentially from origin to terminus (Cooper and
    Helmstetter 1968), and the ratio is ``2 ** b`` (Korem et al. 2015). Origin and terminus are searched on a grid
    (the terminus at 42-58 % of the chromosome from the origin), the rest is weighted least squares. The interval is
    from a bootstrap of residuals in blocks of neighbouring windows, reflected about the estimate so that the search's
    bias is taken out; it reaches down to 1 where flat depth with these residuals would give such a slope.

    Parameters
    ----------
    counts, gc
        Reads starting in each window (n,), in order, and the windows' share of G and C (n,).
    seed, level
        Seed of the bootstrap, level of the interval.

    Examples
    --------
    >>> place = np.arange(200) / 200
    >>> depth = 500 * 2.0 ** -(2 * np.minimum(place, 1 - place))
    >>> round(ratio(depth, np.full(200, 0.5)).ptr, 2)
    2.0
    """
    usable = _usable(counts)
    if usable.mean() < 1 - LEFT_OUT:
        return _none("uneven", f"{1 - usable.mean():.0%} of its windows are empty or stand apart")
    y = np.log2(counts[usable] + 0.5)
    place = (np.flatnonzero(usable) + 0.5) / len(counts)
    weights = np.sqrt(counts[usable] + 0.5)
    shapes = _shapes(place)
    base = np.column_stack([np.ones_like(y), gc[usable] - gc.mean()]) * weights[:, None]
    basis, upper = np.linalg.qr(base)
    rank = np.abs(np.diag(upper)) > 1e-8 * np.abs(upper).max()
    basis = basis[:, rank]
    weighted = shapes * weights
    left = weighted - (weighted @ basis) @ basis.T
    norms = np.maximum((left**2).sum(axis=1), 1e-12)

    def slopes(values: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        own = values * weights
        own = own - (own @ basis) @ basis.T
        inner = own @ left.T
        gain = np.where(inner < 0, inner**2 / norms, 0.0)
        best = gain.argmax(axis=1)
        return np.maximum(-inner[np.arange(len(inner)), best] / norms[best], 0.0), best

    slope, best = slopes(y[None, :])
    fitted = _fitted(y, weights, basis, left[best[0]], -slope[0])
    residual = y - fitted
    noise = float(np.sqrt(np.average(residual**2, weights=weights**2)))
    if noise > SCATTER:
        return _none("uneven", f"windows scatter by {noise:.2f} log2 about the fit")
    noises = _blocks(residual * np.sqrt(len(y) / (len(y) - 5)), np.random.default_rng(seed))
    drawn, without = slopes(fitted + noises)[0], slopes(noises)[0]
    tail = (1 - level) / 2
    low, high = 2 * slope[0] - np.quantile(drawn, [1 - tail, tail])
    if slope[0] <= np.quantile(without, 1 - tail):  # the search finds such a slope in depth that is flat
        low, high = 0.0, max(high, float(np.quantile(without, 1 - tail)))
    return Growth(float(2 ** slope[0]), float(2 ** max(low, 0.0)), float(2 ** max(high, slope[0])), "ok")


def _genome(one: Laid, complete: bool, seed: int) -> Growth:
    if not complete:
        return _none("not_complete", STATUSES["not_complete"])
    reads, single = int(one.starts.sum()), int(one.unique.sum())
    if single < LEAST_READS:
        if reads >= 2 * LEAST_READS:
            return _none("shared", f"{single:,} of {reads:,} reads have one place only")
        return _none("too_shallow", f"{single:,} reads with one place only; {LEAST_READS:,} are needed")
    if single < 0.5 * reads:
        return _none("shared", f"{single:,} of {reads:,} reads have one place only")
    start, end = _main(one)
    bins = slice(-(-start // BIN), end // BIN)
    counts, gc = one.unique[bins].astype(float), one.gc[bins]
    windows = int(np.clip(single // PER_WINDOW, 50, min(WINDOWS, len(counts))))
    edges = np.linspace(0, len(counts), windows + 1).astype(int)[:-1]
    sizes = np.diff(np.append(edges, len(counts)))
    multiple = (one.starts[bins] > 0) & (counts < 0.7 * one.starts[bins])  # where reads fit elsewhere, depth is too low
    own = np.where(multiple, np.nan, counts)
    sums = np.add.reduceat(np.nan_to_num(own), edges)
    kept = np.add.reduceat(~multiple, edges)
    with np.errstate(divide="ignore", invalid="ignore"):
        even = np.where(kept >= 0.5 * sizes, sums / kept * sizes.mean(), 0.0)
    return ratio(even, np.add.reduceat(gc, edges) / sizes, seed=seed)


def _main(one: Laid) -> tuple[int, int]:
    """First and last base of the longest contig."""
    edges = [*sorted(one.contigs.values()), one.length]
    pieces = list(pairwise(edges))
    return max(pieces, key=lambda piece: piece[1] - piece[0])


def _usable(counts: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Windows that lie near the running median of 15 neighbours round the circle."""
    log = np.log2(counts + 0.5)
    around = np.lib.stride_tricks.sliding_window_view(np.concatenate([log[-7:], log, log[:7]]), 15)
    return np.asarray((counts > 0) & (np.abs(log - np.median(around, axis=1)) < STRAY), dtype=bool)


def _shapes(place: NDArray[np.float64]) -> NDArray[np.float64]:
    """Distance from the origin along the arm, 0 to 1, for every origin and terminus of the grid (shapes, windows)."""
    origin = (np.arange(_ORIGINS) / _ORIGINS)[:, None, None]
    arm = np.array(_TERMINI)[None, :, None]
    away = (place[None, None, :] - origin) % 1.0
    shape = np.where(away <= arm, away / arm, (1 - away) / (1 - arm))
    return np.asarray(shape.reshape(-1, len(place)), dtype=np.float64)


def _fitted(
    y: NDArray[np.float64],
    weights: NDArray[np.float64],
    basis: NDArray[np.float64],
    left: NDArray[np.float64],
    slope: float,
) -> NDArray[np.float64]:
    own = y * weights
    return np.asarray((basis @ (basis.T @ own) + slope * left) / weights, dtype=np.float64)


def _blocks(residual: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    """Residuals drawn in blocks of neighbours (bootstraps, windows)."""
    number = -(-len(residual) // _BLOCK)
    starts = rng.integers(0, len(residual), size=(_BOOTSTRAPS, number))
    index = (starts[:, :, None] + np.arange(_BLOCK)).reshape(_BOOTSTRAPS, -1)[:, : len(residual)]
    return np.asarray(residual[index % len(residual)], dtype=np.float64)


def _none(status: str, note: str) -> Growth:
    return Growth(float("nan"), float("nan"), float("nan"), status, note)
