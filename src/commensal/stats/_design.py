"""The arrays of a model, checked once and put into the form that the moments need."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from commensal.errors import StatisticsError
from commensal.stats.fits import Array, Counts

#: A column that varies by less than this share of its largest value does not vary.
FLAT = 1e-12


@dataclass(frozen=True, slots=True)
class Design:
    """A checked model: rows sorted by group, columns centred and scaled over all rows.

    Attributes
    ----------
    y : (n, m)
        Responses, NaN where missing, in the order given (`rows` sorts them).
    rows : (n,)
        Row numbers sorted by group.
    x : (n, k)
        Sorted, centred (where there is a constant column) and scaled columns.
    contrasts : (q, k')
        Contrasts against the centred and scaled columns; k' = k, and when a column is split one more for every
        column of `also` (their group means) and one for its own group means, which come last.
    weights : (q, k')
        The contrasts as they were given.
    codes, starts : (n,), (G,)
        Group of each sorted row, first sorted row of each group.
    constant : int
        Which column is constant and not zero; −1 when none is.
    ones : (k',) or None
        Coefficients with x · ones = 1, so that y may be centred; None when there are none.
    split : int
        Which column is split into its within-group and between-group parts; −1 for none.
    also : tuple of int
        Columns beside which their group means stand, so that what they say between groups stays between groups.
    label : (n,)
        The contrast's own value x·c of each sorted row (of the column that is split).
    two_sided : bool
        Whether `label` takes exactly two values.
    """

    y: Array
    rows: Counts
    x: Array
    contrasts: Array
    weights: Array
    codes: Counts
    starts: Counts
    constant: int
    ones: Array | None
    split: int
    also: tuple[int, ...]
    label: Array
    two_sided: bool

    @property
    def n_columns(self) -> int:
        """Columns of the model, k'."""
        return int(self.contrasts.shape[1])

    @property
    def order(self) -> list[int]:
        """Columns in the order in which a redundant one is told: the constant first, group means last."""
        rest = [j for j in range(self.n_columns) if j != self.constant]
        return rest if self.constant < 0 else [self.constant, *rest]


def checked(y: ArrayLike, x: ArrayLike, contrast: ArrayLike, groups: Iterable[Hashable] | None, level: float) -> Design:
    """Check the arguments of `linear` and `mixed`; StatisticsError says what does not fit."""
    responses, columns, c = _numbers(y, "y", 2), _numbers(x, "x", 2), _numbers(contrast, "contrast", 1)
    _check_shapes(responses, columns, level)
    k = columns.shape[1]
    if len(c) != k:
        raise StatisticsError("contrast and x do not fit", found=f"{len(c)} weights", expected=f"{k}, one per column")
    _refuse_infinite(c, "contrast", allow_nan=False)
    if not np.any(c):
        raise StatisticsError("the contrast is zero everywhere", expected="at least one weight that is not 0")
    codes = np.zeros(len(columns), np.int64) if groups is None else _codes(groups, len(columns))
    return _design(responses, columns, c[None, :], codes, -1, (), columns @ c)


def checked_split(
    y: ArrayLike, x: ArrayLike, column: int, groups: Iterable[Hashable], also: Iterable[int], level: float
) -> Design:
    """Check the arguments of `mixed_split`; contrast 0 is the within part, 1 the between part."""
    responses, columns = _numbers(y, "y", 2), _numbers(x, "x", 2)
    _check_shapes(responses, columns, level)
    k = columns.shape[1]
    beside = tuple(dict.fromkeys(int(other) for other in also))
    for number in (column, *beside):
        if number not in range(k):
            raise StatisticsError(
                "no such column to split", found=repr(number), expected=f"a column number, 0 to {k - 1}"
            )
    beside = tuple(other for other in beside if other != column)
    weights = np.zeros((2, k + len(beside) + 1))
    weights[0, column] = weights[1, -1] = 1
    codes = _codes(groups, len(columns))
    return _design(responses, columns, weights, codes, int(column), beside, columns[:, int(column)])


def _design(
    y: Array, x: Array, weights: Array, codes: Counts, split: int, also: tuple[int, ...], label: Array
) -> Design:
    rows = np.argsort(codes, kind="stable")
    codes = codes[rows]
    starts = np.flatnonzero(np.r_[True, codes[1:] != codes[:-1]])
    spread = np.ptp(x / np.maximum(np.abs(x).max(axis=0), np.finfo(float).tiny), axis=0)
    flat = (spread <= FLAT) & (x[0] != 0)
    flat[split if split >= 0 else slice(0, 0)] = False
    constant = int(np.flatnonzero(flat)[0]) if flat.any() else -1
    scaled, mean, scale = _standardised(x, constant)
    ones = _ones(scaled, constant)
    if split >= 0:  # group means move and stretch with their columns
        beside = [*also, split]
        mean, scale = np.append(mean, mean[beside]), np.append(scale, scale[beside])
        if ones is not None:  # the label is cut in two that sum to it; the other columns stay whole
            ones = np.append(ones, [*np.zeros(len(also)), ones[split]])
    contrasts = recentred(weights, mean, scale, constant)
    sides = _two_sided(label)
    return Design(
        y, rows, scaled[rows], contrasts, weights, codes, starts, constant, ones, split, also, label[rows], sides
    )


def _standardised(x: Array, constant: int) -> tuple[Array, Array, Array]:
    """Columns (x − mean·1) / scale, of largest absolute value 1; the constant column becomes 1."""
    largest = np.abs(x).max(axis=0)
    unit = np.where(largest > 0, largest, 1.0)
    x = x / unit
    mean = x.mean(axis=0) if constant >= 0 else np.zeros(x.shape[1])
    if constant >= 0:
        mean[constant] = 0
    x = x - mean
    spread = np.abs(x).max(axis=0)
    dead = spread <= FLAT
    spread[dead] = 1.0
    x = np.where(dead, 0.0, x / spread)
    if constant >= 0:
        unit[constant] *= np.sign(x[0, constant])
        x[:, constant] = 1.0
    return x, mean * unit, spread * unit


def recentred(weights: Array, mean: Array, scale: Array, constant: int) -> Array:
    """Contrasts (…, k) for columns (x − mean·1) / scale, such that c'β stays what it was.

    With β̃_j = scale_j β_j and, for the constant column (mean 0, scale its value), β̃_0 = scale_0 β_0 + Σ mean_j β_j.
    """
    moved = weights / scale
    if constant >= 0:
        moved = moved - moved[..., constant, None] * mean / scale
    return np.asarray(moved)


def _ones(x: Array, constant: int) -> Array | None:
    if constant >= 0:
        return np.asarray(np.arange(x.shape[1]) == constant, dtype=float)
    found = np.asarray(np.linalg.lstsq(x, np.ones(len(x)), rcond=None)[0], dtype=float)
    return found if np.abs(x @ found - 1).max() < 1e-10 else None


def _two_sided(label: Array) -> bool:
    low, high = label.min(), label.max()
    near = 1e-9 * (high - low)
    return bool(high > low and np.all((label >= high - near) | (label <= low + near)))


def _numbers(values: ArrayLike, name: str, dimensions: int) -> Array:
    try:
        if np.iscomplexobj(values):
            raise TypeError("complex numbers")
        array = np.asarray(values, dtype=float)
    except (TypeError, ValueError) as fault:
        raise StatisticsError(f"{name} is not an array of numbers", found=str(fault), expected="numbers") from fault
    if array.ndim != dimensions:
        raise StatisticsError(
            f"{name} has the wrong number of dimensions",
            found=f"shape {array.shape}",
            expected=f"{dimensions} dimensions",
            mend=f"use {name}[:, None] for a single column" if dimensions == 2 else None,
        )
    return array


def _check_shapes(y: Array, x: Array, level: float) -> None:
    if len(y) != len(x) or len(x) == 0 or x.shape[1] == 0:
        raise StatisticsError(
            "y and x do not fit", found=f"y {y.shape}, x {x.shape}", expected="y (n, m) and x (n, k), n ≥ 1, k ≥ 1"
        )
    if not 0 < level < 1:
        raise StatisticsError("no such confidence level", found=level, expected="a number between 0 and 1, like 0.95")
    _refuse_infinite(y, "y", allow_nan=True)
    _refuse_infinite(x, "x", allow_nan=False)


def _refuse_infinite(values: Array, name: str, *, allow_nan: bool) -> None:
    bad = np.isinf(values) if allow_nan else ~np.isfinite(values)
    if bad.any():
        place = tuple(int(i) for i in np.argwhere(bad)[0])
        raise StatisticsError(
            f"{name} holds {values[place]} at {list(place)}" + (f", and {bad.sum() - 1} more" if bad.sum() > 1 else ""),
            expected="finite numbers" + (", or NaN for missing" if allow_nan else ""),
            mend="a logarithm of 0 is a missing value here: put NaN" if allow_nan else "leave such samples out",
        )


def _codes(groups: Iterable[Hashable], n: int) -> Counts:
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
