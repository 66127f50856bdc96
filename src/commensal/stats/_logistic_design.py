"""The arrays of a logistic model, checked once; rank and other faults of each feature's present samples."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from commensal.errors import StatisticsError, listing
from commensal.stats._arrays import numbers
from commensal.stats.fits import Array, Counts, Mask, Texts

#: A column that varies by less than this share of its largest value does not vary.
FLAT = 1e-12
#: Squared norm (as a share) that a column must have left over, given the columns before it, to count.
RANK = 1e-11


@dataclass(frozen=True, slots=True)
class BinaryDesign:
    """A checked model of 0/1 responses. Features are the last axis, so that long rows of them lie together.

    Attributes
    ----------
    y : (n, m)
        0, 1, and NaN where missing.
    x : (n, k)
        Columns centred (where there is a constant column) and of largest absolute value 1.
    z : (n, k)
        The same space, written so that the coefficient of column 0 is the contrast divided by `scale`.
    scale : float
        Effect = scale × (coefficient of z[:, 0]).
    order : list of int
        Columns of x in the order in which a redundant one is told: the constant first.
    against : (k,)
        The contrast's weights of the columns of x, divided by `scale`.
    weighed : (k,)
        Columns that the contrast weighs, as they were given.
    label : (n,)
        The contrast's own value.
    codes : (n,)
        Group of each row.
    """

    y: Array
    x: Array
    z: Array
    scale: float
    order: list[int]
    against: Array
    weighed: Mask
    label: Array
    codes: Counts


@dataclass(frozen=True, slots=True)
class Faults:
    """What is known of a chunk of features before anything is fitted, (m,) each, `kept` (k, m) by column of z."""

    status: Texts
    note: Texts
    n: Counts
    positive: Counts
    rank: Counts
    kept: Mask
    estimable: Mask


def checked_binary(
    y: ArrayLike, x: ArrayLike, contrast: ArrayLike, groups: Iterable[Hashable] | None, level: float
) -> BinaryDesign:
    """Check the arguments of the logistic models; StatisticsError says what does not fit."""
    return designed(_binary(y), x, contrast, groups, level)


def designed(
    responses: Array, x: ArrayLike, contrast: ArrayLike, groups: Iterable[Hashable] | None, level: float
) -> BinaryDesign:
    """Check columns, contrast and groups beside responses (n, m) that are numbers already, or NaN."""
    columns, weights = numbers(x, "x", dimensions=2), numbers(contrast, "contrast", dimensions=1)
    if len(responses) != len(columns) or not columns.size:
        raise StatisticsError(
            "y and x do not fit",
            found=f"y {responses.shape}, x {columns.shape}",
            expected="y (n, m) and x (n, k), n ≥ 1, k ≥ 1",
        )
    k = columns.shape[1]
    if len(weights) != k:
        raise StatisticsError("contrast and x do not fit", found=f"{len(weights)} weights", expected=f"{k}")
    if not weights.any():
        raise StatisticsError("the contrast is zero everywhere", expected="at least one weight that is not 0")
    if not 0 < level < 1:
        raise StatisticsError("no such confidence level", found=level, expected="a number between 0 and 1, like 0.95")
    scaled, order, moved = _standardised(columns, weights)
    lead = int(np.argmax(np.abs(moved)))
    share = moved / moved[lead]
    rest = [j for j in order if j != lead]
    z = np.column_stack([scaled[:, lead], scaled[:, rest] - scaled[:, [lead]] * share[rest]])
    size = np.abs(weights).max() * np.abs(columns).max(axis=0)[weights != 0].max()
    label = (columns * (weights / size if size > 0 else weights)).sum(axis=1)
    codes = np.zeros(len(columns), np.int64) if groups is None else group_codes(groups, len(columns))
    return BinaryDesign(responses, scaled, z, float(moved[lead]), order, share, weights != 0, label, codes)


def _binary(y: ArrayLike) -> Array:
    try:
        array = np.asarray(y, dtype=float)
    except (TypeError, ValueError) as fault:
        raise StatisticsError("y is not an array of numbers", found=str(fault), expected="0, 1, or NaN") from fault
    if array.ndim != 2:
        raise StatisticsError(
            "y has the wrong number of dimensions",
            found=f"shape {array.shape}",
            expected="2 dimensions",
            mend="use y[:, None] for a single column",
        )
    bad = ~np.isnan(array) & (array != 0) & (array != 1)
    if bad.any():
        place = tuple(int(i) for i in np.argwhere(bad)[0])
        raise StatisticsError(
            f"y holds {array[place]} at {list(place)}" + (f", and {bad.sum() - 1} more" if bad.sum() > 1 else ""),
            expected="0, 1, or NaN for missing",
            mend="for presence give (counts > 0)",
        )
    return array


def _standardised(x: Array, weights: Array) -> tuple[Array, list[int], Array]:
    """Columns (x − mean·1) / scale, the order in which rank is told, and the contrast against these columns."""
    largest = np.abs(x).max(axis=0)
    unit = np.where(largest > 0, largest, 1.0)
    x, moved = x / unit, weights / unit
    flat = (np.ptp(x, axis=0) <= FLAT) & (x[0] != 0)
    rest = list(range(x.shape[1]))
    if not flat.any():
        return x, rest, moved
    constant = int(np.flatnonzero(flat)[0])
    moved[constant] *= np.sign(x[0, constant])
    x[:, constant] = 1.0
    mean = x.mean(axis=0)
    mean[constant] = 0
    x = x - mean
    moved = moved - moved[constant] * mean
    spread = np.abs(x).max(axis=0)
    dead = spread <= FLAT
    x = np.where(dead, 0.0, x / np.where(dead, 1.0, spread))
    rest.remove(constant)
    return x, [constant, *rest], moved / np.where(dead, 1.0, spread)


def group_codes(groups: Iterable[Hashable], n: int) -> Counts:
    """Give each group a number, in order of appearance; every row must have one."""
    labels = groups.tolist() if isinstance(groups, np.ndarray) else list(groups)
    if len(labels) != n:
        raise StatisticsError("groups and y do not fit", found=f"{len(labels)} groups", expected=f"{n}, one per row")
    seen: dict[Hashable, int] = {}
    codes = np.empty(n, np.int64)
    for i, label in enumerate(labels):
        if not isinstance(label, Hashable):
            raise StatisticsError(f"groups[{i}] cannot name a group", found=type(label).__name__, expected="a label")
        if label is None or label != label:  # noqa: PLR0124  NaN and NaT differ from themselves
            raise StatisticsError(f"groups[{i}] is missing", expected="a group for every row", mend="leave the row out")
        codes[i] = seen.setdefault(label, len(seen))
    return codes


def grams(columns: Array, weights: Array) -> Array:
    """Σ_i weights[i] columns[i] columns[i]' for columns (n, k), weights (n, m): (m, k, k)."""
    n, k = columns.shape
    pairs = (columns[:, :, None] * columns[:, None, :]).reshape(n, k * k)
    return np.ascontiguousarray((pairs.T @ weights).T).reshape(-1, k, k)


def kept_columns(gram: Array, order: list[int]) -> Mask:
    """Which columns add to the rank, told in the given order: a Cholesky that passes over the others, (m, k)."""
    left = gram.copy()
    kept = np.zeros(gram.shape[:2], bool)
    for j in order:
        pivot = left[:, j, j]
        kept[:, j] = pivot > RANK * np.maximum(gram[:, j, j], np.finfo(float).tiny)
        row = np.where(kept[:, j, None], left[:, j, :] / np.where(kept[:, j], pivot, 1.0)[:, None], 0.0)
        left -= left[:, :, j, None] * row[:, None, :]
    return kept


def faults(design: BinaryDesign, y: Array) -> Faults:
    """Look at y (n, m) and the columns where each feature is present."""
    present = ~np.isnan(y)
    mask = present.astype(float)
    n = present.sum(axis=0).astype(np.int64)
    positive = np.asarray(np.where(present, y, 0).sum(axis=0), dtype=np.int64)
    m, k = y.shape[1], design.x.shape[1]
    status, note = np.full(m, "ok", object), np.full(m, "", object)

    def give(where: Mask, name: str, words: str) -> None:
        chosen = where & (status == "ok")
        status[chosen], note[chosen] = name, words

    give(n < 2, "too_few", "present in fewer than 2 samples")
    give((positive == 0) & (n > 0), "constant", "all 0")
    give(np.asarray(positive == n), "constant", "all 1")
    give(_absent(design.label, present), "too_few", "one side has no sample")
    by_x = kept_columns(grams(design.x, mask), design.order)
    kept = kept_columns(grams(design.z, mask), [*range(1, k), 0])
    lost = np.asarray(~by_x.all(axis=1))
    give(lost, "rank_deficient", "")
    for i in np.flatnonzero(status == "rank_deficient"):
        note[i] = f"columns that the others make up: {listing(np.flatnonzero(~by_x[i]).tolist())}"
    rank = np.asarray(by_x.sum(axis=1), dtype=np.int64)
    give(n - rank < 1, "too_few", "no more samples than columns")
    return Faults(status, note, n, positive, rank, np.ascontiguousarray(kept.T), kept[:, 0])


def _absent(label: Array, present: Mask) -> Mask:
    """Whether one side of a two-valued contrast has no sample, (m,)."""
    low, high = label.min(), label.max()
    near = 1e-9 * (high - low)
    if not high > low or not np.all((label >= high - near) | (label <= low + near)):
        return np.zeros(present.shape[1], bool)
    upper = (present & (label > low / 2 + high / 2)[:, None]).sum(axis=0)
    return np.asarray((upper == 0) | (upper == present.sum(axis=0)))
