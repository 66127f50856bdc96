"""Sufficient statistics of every feature under its own missing values."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from commensal.stats._design import Design, recentred
from commensal.stats.fits import Array, Counts, Mask

#: Squared norm (as a share) that a column must have left over, given the columns before it, to count.
RANK = 1e-11
#: A column varies within groups when this share of its squared norm does.
WITHIN = 1e-12
#: Working memory of one chunk of features, bytes.
MEMORY = 64 * 2**20


@dataclass(frozen=True, slots=True)
class Moments:
    """Second moments of z = (x, y), K = k' + 1 columns, for m features.

    Attributes
    ----------
    within : (m, K, K)
        Σ (z − group mean)(z − group mean)'. A dropped column has 1 on the diagonal and 0 elsewhere.
    sums : (m, G, K)
        Group sums of z.
    sizes : (m, G)
        Samples of each group in which the feature is present.
    kept, constant : (m, k')
        Columns that add to the rank; columns that are constant within groups.
    within_rank : (m,)
        Rank of the columns inside groups: rank − within_rank is that of what is constant within groups.
    empty : (m, k')
        Columns that do not vary at all (are zero after centring).
    contrasts : (q, m, k')
        Contrasts against the columns as they are in here.
    offsets : (q, m)
        What centring y took off each effect.
    estimable : (q, m)
        Whether the contrast is a function of what the kept columns can tell.
    y_scale, y_square : (m,)
        y = y_scale × (y in here) + mean, and the total sum of squares of y in here.
    flat : (m,)
        Whether y does not vary.
    absent : (m,)
        Whether one side of a two-valued contrast is missing.
    levels : (m, G)
        Group means of the contrast's own value.
    """

    within: Array
    sums: Array
    sizes: Array
    kept: Mask
    constant: Mask
    within_rank: Counts
    empty: Mask
    contrasts: Array
    offsets: Array
    estimable: Mask
    y_scale: Array
    y_square: Array
    flat: Mask
    absent: Mask
    levels: Array

    @property
    def n(self) -> Counts:
        """Samples in which each feature is present, (m,)."""
        return np.asarray(self.sizes.sum(axis=1), dtype=np.int64)

    @property
    def n_groups(self) -> Counts:
        """Groups in which each feature is present, (m,)."""
        return np.asarray((self.sizes > 0).sum(axis=1), dtype=np.int64)

    @property
    def spare(self) -> Counts:
        """Residual degrees of freedom inside groups, (m,)."""
        return np.asarray(self.n - self.n_groups - self.within_rank, dtype=np.int64)

    @property
    def rank(self) -> Counts:
        """Rank of the columns among the samples where each feature is present, (m,)."""
        return np.asarray(self.kept.sum(axis=1), dtype=np.int64)


def chunked_moments(design: Design) -> Iterator[Moments]:
    """Moments of all features, as many at a time as fit into `MEMORY`; one empty chunk when there are none."""
    n, m = design.y.shape
    columns = design.n_columns + 1
    each = 8 * columns * (4 * n + 4 * len(design.starts) + 8 * columns)
    step = max(1, MEMORY // each)
    for first in range(0, max(m, 1), step):
        yield _moments(design, design.y[:, first : first + step])


def _moments(design: Design, y: Array) -> Moments:
    values = np.ascontiguousarray(y[design.rows].T)
    present = ~np.isnan(values)
    mask = present.astype(float)
    sizes = np.add.reduceat(mask, design.starts, axis=1)
    count = np.maximum(mask.sum(axis=1), 1.0)
    y_in, y_mean, y_scale, flat = _response(values, present, count, centre=design.ones is not None)
    z = np.empty((len(values), design.n_columns + 1, len(design.x)))
    _fill_columns(z, design, mask, sizes)
    z[:, -1] = y_in
    mean, scale, empty = _standardise(z[:, :-1], mask, count, design.constant)

    sums = np.moveaxis(np.add.reduceat(z, design.starts, axis=2), 2, 1)
    means = sums / np.maximum(sizes, 1.0)[:, :, None]
    total = np.matmul(z, z.swapaxes(1, 2))
    z -= np.moveaxis(means, 1, 2)[:, :, design.codes]
    z *= mask[:, None, :]
    within = np.matmul(z, z.swapaxes(1, 2))

    gram = total[:, :-1, :-1]
    diagonal = np.diagonal(gram, axis1=1, axis2=2)
    kept = _kept(gram, design.order)
    constant = np.diagonal(within, axis1=1, axis2=2)[:, :-1] <= WITHIN * np.maximum(diagonal, np.finfo(float).tiny)
    varying = kept & ~constant
    inner = within[:, :-1, :-1] * varying[:, :, None] * varying[:, None, :]
    centred = recentred(design.contrasts[:, None, :], mean, scale, design.constant)
    estimable = _estimable(gram, kept, centred)
    offsets = np.zeros(centred.shape[:2])
    if design.ones is not None:
        offsets = (design.contrasts @ design.ones)[:, None] * y_mean
    levels = np.add.reduceat(mask * design.label, design.starts, axis=1) / np.maximum(sizes, 1.0)
    absent = np.zeros(len(values), bool)
    if design.two_sided:
        upper = (present & (design.label > design.label.min() / 2 + design.label.max() / 2)).sum(axis=1)
        absent = (upper == 0) | (upper == present.sum(axis=1))
    _drop(within, sums, kept)
    return Moments(
        within=within,
        sums=sums,
        sizes=sizes,
        kept=kept,
        constant=constant,
        within_rank=np.asarray(_kept(inner, design.order).sum(axis=1), dtype=np.int64),
        empty=empty,
        contrasts=centred,
        offsets=offsets,
        estimable=estimable,
        y_scale=y_scale,
        y_square=total[:, -1, -1],
        flat=flat,
        absent=absent,
        levels=levels,
    )


def _response(values: Array, present: Mask, count: Array, *, centre: bool) -> tuple[Array, Array, Array, Mask]:
    """Y with missing as 0, its mean and scale, and whether it does not vary."""
    filled = np.where(present, values, 0.0)
    largest = np.abs(filled).max(axis=1)
    unit = np.where(largest > 0, largest, 1.0)
    filled /= unit[:, None]
    spread = np.where(present, filled, -np.inf).max(axis=1) - np.where(present, filled, np.inf).min(axis=1)
    flat = ~(spread > 1e-14)
    mean = filled.sum(axis=1) / count if centre else np.zeros(len(filled))
    filled = np.where(present, filled - mean[:, None], 0.0)
    size = np.sqrt((filled**2).sum(axis=1) / count)
    size = np.where(flat | (size == 0), 1.0, size)
    return filled / size[:, None], mean * unit, size * unit, flat


def _fill_columns(z: Array, design: Design, mask: Array, sizes: Array) -> None:
    k = design.x.shape[1]
    for j in range(k):
        np.multiply(mask, design.x[:, j], out=z[:, j])
    for at, j in enumerate(design.also):
        z[:, k + at] = _group_means(z[:, j], design, sizes) * mask
    if design.split >= 0:
        label = z[:, design.split]
        z[:, -2] = _group_means(label, design, sizes) * mask
        label -= z[:, -2]


def _group_means(column: Array, design: Design, sizes: Array) -> Array:
    """Mean of a column (m, n) over the present samples of each row's group, (m, n)."""
    means = np.add.reduceat(column, design.starts, axis=1) / np.maximum(sizes, 1.0)
    return np.asarray(means[:, design.codes])


def _standardise(x: Array, mask: Array, count: Array, constant: int) -> tuple[Array, Array, Mask]:
    """Centre and scale the columns x (m, k, n) of each feature in place, over its present samples."""
    m, k, _ = x.shape
    mean = np.zeros((m, k))
    if constant >= 0:
        mean = x.sum(axis=2) / count[:, None]
        mean[:, constant] = 0
        x -= mean[:, :, None]
        x *= mask[:, None, :]
    scale = np.sqrt(np.einsum("mkn,mkn->mk", x, x) / count[:, None])
    empty = scale <= 1e-10  # of columns whose largest value over all samples is 1
    scale = np.where(empty, 1.0, scale)
    x /= scale[:, :, None]
    x *= ~empty[:, :, None]
    return mean, scale, empty


def _kept(gram: Array, order: list[int]) -> Mask:
    """Which columns add to the rank, told in the given order: a Cholesky that passes over the others."""
    left = gram.copy()
    kept = np.zeros(gram.shape[:2], bool)
    for j in order:
        pivot = left[:, j, j]
        kept[:, j] = pivot > RANK * np.maximum(gram[:, j, j], np.finfo(float).tiny)
        row = np.where(kept[:, j, None], left[:, j, :] / np.where(kept[:, j], pivot, 1.0)[:, None], 0.0)
        left -= left[:, :, j, None] * row[:, None, :]
    return kept


def _estimable(gram: Array, kept: Mask, contrasts: Array) -> Mask:
    """Whether each contrast (q, m, k) lies in the row space of the columns.

    A dropped column d = Σ a_j x_j of kept ones; the contrast must not tell d from that sum: c_d = Σ a_j c_j.
    """
    answer = np.ones(contrasts.shape[:2], bool)
    some = np.flatnonzero(~kept.all(axis=1))
    if not len(some):
        return answer
    keep = kept[some]
    both = keep[:, :, None] & keep[:, None, :]
    basis = np.where(both, gram[some], 0.0) + np.eye(keep.shape[1]) * ~keep[:, :, None]
    cross = np.where(keep[:, :, None] & ~keep[:, None, :], gram[some], 0.0)
    weights = np.linalg.solve(basis, cross)
    c = contrasts[:, some]
    gap = np.where(keep, 0.0, c - np.einsum("qmj,mjd->qmd", c, weights))
    answer[:, some] = np.abs(gap).max(axis=2) <= 1e-6 * np.abs(c).max(axis=2)
    return answer


def _drop(within: Array, sums: Array, kept: Mask) -> None:
    """Cut dropped columns loose: zero but for a 1 on the diagonal, which no derivative and no log sees."""
    features, columns = np.nonzero(~kept)
    within[features, columns, :] = 0
    within[features, :, columns] = 0
    within[features, columns, columns] = 1
    sums[features, :, columns] = 0
