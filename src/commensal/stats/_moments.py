"""Sufficient statistics of every feature under its own missing values.

Two ways lead to the same moments. The careful one centres and scales the columns of every feature over its own
samples. The quick one takes products of the mask with columns prepared once; it is kept for features of which every
sum is well away from cancelling, and all others are done again with care.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace

import numpy as np

from commensal.stats._design import Design, recentred
from commensal.stats.fits import Array, Counts, Mask

#: Squared norm (as a share) that a column must have left over, given the columns before it, to count.
RANK = 1e-11
#: A column varies within groups when this share of its squared norm does.
WITHIN = 1e-12
#: The quick way is trusted where no difference of sums is below this share of what it was taken from.
QUICK = 1e-5
#: Working memory of one chunk of features, bytes.
MEMORY = 24 * 2**20


@dataclass(frozen=True, slots=True)
class Moments:
    """Second moments of z = (x, y), K = k' + 1 columns, for m features.

    Where every feature has the same samples, fields marked * have a first axis of 1 and stand for all.

    Attributes
    ----------
    within : (m, K, K) *
        Σ w (z − group mean)(z − group mean)', w the observation weights. A dropped column has 1 on the diagonal and 0
        elsewhere.
    sums : (m, G, K) *
        Weighted group sums of z.
    sizes : (m, G) *
        Sums of weights (samples, without weights) of each group.
    n, n_groups : (m,)
        Samples and groups in which the feature is present.
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
    absent : (q, m)
        Whether one side of a two-valued contrast is missing.
    levels : (q, m, G) *
        Group means of the contrasts' own values.
    restricted : bool
        REML, else ML.
    """

    within: Array
    sums: Array
    sizes: Array
    n: Counts
    n_groups: Counts
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
    restricted: bool

    @property
    def spare(self) -> Counts:
        """Residual degrees of freedom inside groups, (m,)."""
        return np.asarray(self.n - self.n_groups - self.within_rank, dtype=np.int64)

    @property
    def rank(self) -> Counts:
        """Rank of the columns among the samples where each feature is present, (m,)."""
        return np.asarray(self.kept.sum(axis=1), dtype=np.int64)

    @property
    def freedom(self) -> Array:
        """What the residual sum of squares is divided by: n − rank, by ML n."""
        return np.asarray(np.maximum(self.n - (self.rank if self.restricted else 0), 1), dtype=float)

    def of(self, which: Mask) -> Moments:
        """Return the moments of some features only."""
        by_contrast = {"contrasts", "offsets", "estimable", "absent", "levels"}
        names = [field.name for field in fields(self) if field.name != "restricted"]
        chosen = {
            name: getattr(self, name)[:, which] if name in by_contrast else getattr(self, name)[which] for name in names
        }
        return replace(self, **chosen)


def chunks(design: Design, features: Counts) -> Iterator[tuple[Counts, Moments]]:
    """Moments of the given features, as many at a time as fit into `MEMORY`, and which features they are."""
    if not len(features):
        yield features, careful(design.of(features))
        return
    columns = design.n_columns + 1
    n, groups = len(design.x), len(design.starts)
    each = 8 * (4 * n + columns * (4 * groups + 8 * columns))
    step = max(1, MEMORY // each)
    odd: list[Counts] = []
    for first in range(0, len(features), step):
        some = features[first : first + step]
        moments, plain = _quick(design.of(some))
        if plain.any():
            yield (some, moments) if plain.all() else (some[plain], moments.of(plain))
        odd.append(some[~plain])
    rest = np.concatenate(odd) if odd else features
    step = max(1, MEMORY // (8 * columns * (4 * n + 4 * groups + 8 * columns)))
    for first in range(0, len(rest), step):
        some = rest[first : first + step]
        yield some, careful(design.of(some))


def careful(design: Design) -> Moments:
    """Moments of all features of the design, columns centred and scaled over each feature's samples."""
    values = np.ascontiguousarray(design.y[design.rows].T)
    present = ~np.isnan(values)
    mask = present.astype(float)
    counts = np.add.reduceat(mask, design.starts, axis=1)
    count = np.maximum(mask.sum(axis=1), 1.0)
    y_in, y_mean, y_scale, flat = _response(values, present, count, centre=design.ones is not None)
    z, mean, scale, empty = columns_of(design, mask, counts, count)
    z[:, -1] = y_in

    weights = row_weights(design)
    sizes = counts if weights is None else np.add.reduceat(mask * weights, design.starts, axis=1)
    heavy = z if weights is None else z * weights[:, None, :]
    sums = np.moveaxis(np.add.reduceat(heavy, design.starts, axis=2), 2, 1)
    means = sums / np.where(sizes > 0, sizes, 1.0)[:, :, None]
    total = np.matmul(heavy, z.swapaxes(1, 2))
    z -= np.moveaxis(means, 1, 2)[:, :, design.codes]
    z *= mask[:, None, :]
    within = np.matmul(z if weights is None else z * weights[:, None, :], z.swapaxes(1, 2))

    gram = total[:, :-1, :-1]
    diagonal = np.diagonal(gram, axis1=1, axis2=2)
    kept = _kept(gram, design.order)
    constant = np.diagonal(within, axis1=1, axis2=2)[:, :-1] <= WITHIN * np.maximum(diagonal, np.finfo(float).tiny)
    varying = kept & ~constant
    inner = within[:, :-1, :-1] * varying[:, :, None] * varying[:, None, :]
    centred = recentred(design.contrasts[:, None, :], mean, scale, design.constant)
    estimable = _estimable(gram, kept, centred)
    levels, absent = _label_facts(design, mask, counts)
    _drop(within, sums, kept)
    return Moments(
        within=within,
        sums=sums,
        sizes=sizes,
        n=np.asarray(mask.sum(axis=1), dtype=np.int64),
        n_groups=np.asarray((counts > 0).sum(axis=1), dtype=np.int64),
        kept=kept,
        constant=constant,
        within_rank=np.asarray(_kept(inner, design.order).sum(axis=1), dtype=np.int64),
        empty=empty,
        contrasts=centred,
        offsets=_offsets(design, y_mean),
        estimable=estimable,
        y_scale=y_scale,
        y_square=total[:, -1, -1],
        flat=flat,
        absent=absent,
        levels=levels,
        restricted=design.restricted,
    )


def standardised(design: Design) -> tuple[Array, Array, Array]:
    """Return z = (x, y) of each feature as `careful` has it (m, K, n), the mask (m, n), counts (m, G)."""
    values = np.ascontiguousarray(design.y[design.rows].T)
    present = ~np.isnan(values)
    mask = present.astype(float)
    counts = np.add.reduceat(mask, design.starts, axis=1)
    count = np.maximum(mask.sum(axis=1), 1.0)
    z = columns_of(design, mask, counts, count)[0]
    z[:, -1] = _response(values, present, count, centre=design.ones is not None)[0]
    return z, mask, counts


def _quick(design: Design) -> tuple[Moments, Mask]:
    """Moments by products with the mask, and for which features they can be trusted."""
    x, starts, k = design.x, design.starts, design.x.shape[1]
    values = np.ascontiguousarray(design.y[design.rows].T)
    present = ~np.isnan(values)
    mask = present.astype(float)
    counts = np.add.reduceat(mask, starts, axis=1)
    count = counts.sum(axis=1)
    y_in, y_mean, y_scale, plain = _plain_response(values, present, mask, count, centre=design.ones is not None)

    weights = row_weights(design)
    heavy = mask if weights is None else mask * weights
    sizes = counts if weights is None else np.add.reduceat(heavy, starts, axis=1)
    y_heavy = y_in if weights is None else y_in * weights
    total = np.empty((len(values), k + 1, k + 1))
    total[:, :k, :k] = (heavy @ (x[:, :, None] * x[:, None, :]).reshape(len(x), k * k)).reshape(-1, k, k)
    total[:, :k, k] = total[:, k, :k] = y_heavy @ x
    total[:, k, k] = np.einsum("mn,mn->m", y_in, y_heavy)
    sums = np.empty((len(values), len(starts), k + 1))
    ends = np.append(starts[1:], len(x))
    for g, (first, last) in enumerate(zip(starts, ends, strict=True)):
        sums[:, g, :k] = heavy[:, first:last] @ x[first:last]
    sums[:, :, k] = np.add.reduceat(y_heavy, starts, axis=1)
    filled = np.where(sizes > 0, sizes, 1.0)[:, :, None]
    within = total - np.matmul((sums / filled).swapaxes(1, 2), sums)

    # Columns constant in all groups are constant whoever is missing: exactly nothing is left of them within.
    everywhere = _constant_everywhere(design)
    within[:, :k][:, everywhere] = 0
    within[:, :, :k][:, :, everywhere] = 0
    diagonal = np.diagonal(total, axis1=1, axis2=2)
    left = np.diagonal(within, axis1=1, axis2=2)
    plain &= np.all((left > QUICK * diagonal) | np.append(everywhere, False), axis=1)
    if design.split >= 0:
        within, sums = _cut_in_two(design, within, sums)
        total = within + np.matmul((sums / filled).swapaxes(1, 2), sums)
        k = design.n_columns
        everywhere = np.append(everywhere, np.ones(k - len(everywhere), bool))
    plain &= smallest_pivot(total[:, :k, :k], design.order) > QUICK
    inner = [j for j in design.order if not everywhere[j]]
    plain &= smallest_pivot(within[:, :k, :k], inner) > QUICK
    plain &= count - k >= 2
    levels, absent = _label_facts(design, mask, counts)
    m, q = len(values), len(design.contrasts)
    return Moments(
        within=within,
        sums=sums,
        sizes=sizes,
        n=np.asarray(count, dtype=np.int64),
        n_groups=np.asarray((counts > 0).sum(axis=1), dtype=np.int64),
        kept=np.broadcast_to(np.True_, (m, k)),
        constant=np.broadcast_to(everywhere, (m, k)),
        within_rank=np.full(m, len(inner)),
        empty=np.broadcast_to(np.False_, (m, k)),
        contrasts=np.broadcast_to(design.contrasts[:, None, :], (q, m, k)),
        offsets=_offsets(design, y_mean),
        estimable=np.broadcast_to(np.True_, (q, m)),
        y_scale=y_scale,
        y_square=total[:, k, k],
        flat=np.broadcast_to(np.False_, (m,)),
        absent=absent,
        levels=levels,
        restricted=design.restricted,
    ), plain


def _cut_in_two(design: Design, within: Array, sums: Array) -> tuple[Array, Array]:
    """Moments of whole columns made those of a split label: what is inside groups, then group means as new columns.

    A mean over the present samples of its group has nothing inside groups and the sums of its column; what the means
    leave of the label has the label's products inside groups and no sums.
    """
    k, wide = len(design.x[0]), design.n_columns
    columns = [*range(k), wide]
    inside = np.zeros((len(within), wide + 1, wide + 1))
    inside[:, np.array(columns)[:, None], columns] = within
    whole = np.empty((*sums.shape[:2], wide + 1))
    whole[:, :, columns] = sums
    whole[:, :, k:wide] = sums[:, :, [*design.also, design.split]]
    whole[:, :, design.split] = 0
    return inside, whole


def smallest_pivot(gram: Array, order: Sequence[int]) -> Array:
    """Smallest share of its squared norm that a column has left over, given those before it, (m,)."""
    left = np.ascontiguousarray(np.moveaxis(gram[:, order][:, :, order], 0, 2))
    own = np.maximum(np.diagonal(left).T.copy(), np.finfo(float).tiny)
    smallest = np.full(left.shape[2], 1.0)
    for j in range(len(left)):
        np.minimum(smallest, left[j, j] / own[j], out=smallest)
        row = left[j, j + 1 :] / np.where(left[j, j] > 0, left[j, j], 1.0)
        left[j + 1 :, j + 1 :] -= left[j + 1 :, j, None] * row
    return smallest


def _constant_everywhere(design: Design) -> Mask:
    """Columns that do not vary inside any group, (k,)."""
    low = np.minimum.reduceat(design.x, design.starts, axis=0)
    return np.asarray((np.maximum.reduceat(design.x, design.starts, axis=0) == low).all(axis=0))


def row_weights(design: Design) -> Array | None:
    """Observation weights of the sorted rows, (m or 1, n)."""
    return None if design.precision is None else np.ascontiguousarray(design.precision[design.rows].T)


def _label_facts(design: Design, mask: Array, counts: Array) -> tuple[Array, Mask]:
    """Group means of the contrasts' own values, and whether one side of two is missing."""
    levels = np.empty((len(design.label), *counts.shape))
    absent = np.zeros((len(design.label), len(mask)), bool)
    for i, label in enumerate(design.label):
        levels[i] = np.add.reduceat(mask * label, design.starts, axis=1) / np.maximum(counts, 1.0)
        if design.two_sided[i]:
            upper = mask @ (label > label.min() / 2 + label.max() / 2).astype(float)
            absent[i] = (upper < 0.5) | (upper > counts.sum(axis=1) - 0.5)
    return levels, absent


def _offsets(design: Design, y_mean: Array) -> Array:
    if design.ones is None:
        return np.zeros((len(design.contrasts), len(y_mean)))
    return np.asarray((design.contrasts @ design.ones)[:, None] * y_mean)


def _plain_response(
    values: Array, present: Mask, mask: Array, count: Array, *, centre: bool
) -> tuple[Array, Array, Array, Mask]:
    """Y with missing as 0, its mean and scale, and whether it is of ordinary size and spread."""
    filled = np.where(present, values, 0.0)
    many = np.maximum(count, 1.0)
    mean = filled.sum(axis=1) / many if centre else np.zeros(len(filled))
    before = np.einsum("mn,mn->m", filled, filled)
    if centre:
        filled -= mean[:, None]
        filled *= mask
    square = np.einsum("mn,mn->m", filled, filled)
    plain = (before > 1e-200) & (before < 1e200) & (square > 1e-12 * before)
    scale = np.sqrt(np.where(plain, square, 1.0) / many)
    filled /= scale[:, None]
    return filled, mean, scale, plain


def columns_of(design: Design, mask: Array, counts: Array, count: Array) -> tuple[Array, Array, Array, Mask]:
    """Room for z = (x, y) of each feature with x filled in, centred and scaled; the means and scales taken off."""
    z = np.empty((len(mask), design.n_columns + 1, len(design.x)))
    _fill_columns(z, design, mask, counts)
    mean, scale, empty = _standardise(z[:, :-1], mask, count, design.constant)
    return z, mean, scale, empty


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


def independent(gram: Array) -> Mask:
    """Return which columns add to the rank of Gram matrices (m, k, k), (m, k)."""
    return _kept(gram, list(range(gram.shape[1])))


def rank_of(gram: Array) -> Counts:
    """Rank of Gram matrices (m, k, k), (m,)."""
    return np.asarray(independent(gram).sum(axis=1), dtype=np.int64)


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
