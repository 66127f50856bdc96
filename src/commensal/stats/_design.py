"""The arrays of a model, checked once and put into the form that the moments need."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from commensal.errors import StatisticsError
from commensal.stats.fits import Array, Counts, Mask

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
    label : (q, n)
        Each contrast's own value x·c of each sorted row (of the column that is split).
    two_sided : (q,)
        Whether `label` takes exactly two values.
    complete : (m,)
        Features without a missing value.
    precision : (n, m) or (n, 1) or None
        Observation weights, in the order given.
    restricted : bool
        REML, else ML.
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
    two_sided: Mask
    complete: Mask
    precision: Array | None = None
    restricted: bool = True

    def of(self, features: Counts | slice) -> Design:
        """Return the same model of some features only."""
        precision = self.precision
        if precision is not None and precision.shape[1] > 1:
            precision = precision[:, features]
        return replace(self, y=self.y[:, features], complete=self.complete[features], precision=precision)

    @property
    def n_columns(self) -> int:
        """Columns of the model, k'."""
        return int(self.contrasts.shape[1])

    @property
    def order(self) -> list[int]:
        """Columns in the order in which a redundant one is told: the constant first, group means last."""
        rest = [j for j in range(self.n_columns) if j != self.constant]
        return rest if self.constant < 0 else [self.constant, *rest]


def checked(
    y: ArrayLike,
    x: ArrayLike,
    contrasts: ArrayLike,
    groups: Iterable[Hashable] | None,
    level: float,
    *,
    weights: ArrayLike | None = None,
    method: str = "REML",
    several: bool = False,
) -> Design:
    """Check the arguments of the models; `contrasts` is (k,), or (q, k) if `several`."""
    responses, columns = numbers(y, "y", 2), numbers(x, "x", 2)
    name = "contrasts" if several else "contrast"
    c = np.atleast_2d(numbers(contrasts, name, 2 if several else 1))
    complete = _check_shapes(responses, columns, level)
    k = columns.shape[1]
    if c.shape[1] != k or not len(c):
        raise StatisticsError(
            f"{name} and x do not fit", found=f"{c.shape[1]} weights in {len(c)}", expected=f"{k}, one per column of x"
        )
    _refuse_infinite(c, name, allow_nan=False)
    if not np.all(np.any(c, axis=1)):
        raise StatisticsError(f"the {name} is zero everywhere", expected="at least one weight that is not 0")
    if method not in ("REML", "ML"):
        raise StatisticsError("no such method", found=repr(method), expected="'REML' or 'ML'")
    codes = np.zeros(len(columns), np.int64) if groups is None else group_codes(groups, len(columns))
    precision = None if weights is None else _precision(weights, responses)
    found = _design(responses, columns, c, codes, (-1, ()), c @ columns.T, complete)
    return replace(found, precision=precision, restricted=method == "REML")


def checked_split(
    y: ArrayLike, x: ArrayLike, column: int, groups: Iterable[Hashable], also: Iterable[int], level: float
) -> Design:
    """Check the arguments of `mixed_split`; contrast 0 is the within part, 1 the between part."""
    responses, columns = numbers(y, "y", 2), numbers(x, "x", 2)
    complete = _check_shapes(responses, columns, level)
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
    label = columns[:, int(column)]
    codes = group_codes(groups, len(columns))
    return _design(responses, columns, weights, codes, (int(column), beside), np.stack([label, label]), complete)


def _design(
    y: Array, x: Array, weights: Array, codes: Counts, cut: tuple[int, tuple[int, ...]], label: Array, complete: Mask
) -> Design:
    split, also = cut
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
    return Design(
        y=y,
        rows=rows,
        x=scaled[rows],
        contrasts=contrasts,
        weights=weights,
        codes=codes,
        starts=starts,
        constant=constant,
        ones=ones,
        split=split,
        also=also,
        label=np.ascontiguousarray(label[:, rows]),
        two_sided=np.array([_two_sided(one) for one in label]),
        complete=complete,
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


def numbers(values: ArrayLike, name: str, dimensions: int) -> Array:
    """Return the values as an array of floats of so many dimensions, else refuse them."""
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


def _check_shapes(y: Array, x: Array, level: float) -> Mask:
    """Refuse what does not fit; return which features of y are complete."""
    if len(y) != len(x) or len(x) == 0 or x.shape[1] == 0:
        raise StatisticsError(
            "y and x do not fit", found=f"y {y.shape}, x {x.shape}", expected="y (n, m) and x (n, k), n ≥ 1, k ≥ 1"
        )
    if not 0 < level < 1:
        raise StatisticsError("no such confidence level", found=level, expected="a number between 0 and 1, like 0.95")
    _refuse_infinite(x, "x", allow_nan=False)
    # A sum tells at the cost of one pass that nothing is missing or infinite; only else is it worth looking closer.
    sums = np.ones(len(y)) @ y
    if np.isfinite(sums).all():
        return np.ones(y.shape[1], bool)
    _refuse_infinite(y, "y", allow_nan=True)
    return ~np.isnan(sums)


def _precision(weights: ArrayLike, y: Array) -> Array:
    """Observation weights as (n, 1) or (n, m)."""
    w = np.asarray(weights)
    w = numbers(w[:, None] if w.ndim == 1 else w, "weights", 2)
    if len(w) != len(y) or w.shape[1] not in (1, y.shape[1]):
        raise StatisticsError("weights and y do not fit", found=f"{w.shape}", expected=f"({len(y)},) or {y.shape}")
    bad = ~(np.isfinite(w) & (w > 0)) & ~np.isnan(y).all(axis=1, keepdims=True)
    if w.shape == y.shape:
        bad &= ~np.isnan(y)
    if bad.any():
        i, j = np.argwhere(bad)[0]
        raise StatisticsError(
            f"weights hold {w[i, j]} at row {i}",
            expected="finite numbers above 0 wherever y is present",
            mend="a sample that is not to count is a missing value: put NaN into y",
        )
    w = np.where(np.isfinite(w) & (w > 0), w, 1.0)
    return np.asarray(w, dtype=float)


def _refuse_infinite(values: Array, name: str, *, allow_nan: bool) -> None:
    bad = np.isinf(values) if allow_nan else ~np.isfinite(values)
    if bad.any():
        place = tuple(int(i) for i in np.argwhere(bad)[0])
        raise StatisticsError(
            f"{name} holds {values[place]} at {list(place)}" + (f", and {bad.sum() - 1} more" if bad.sum() > 1 else ""),
            expected="finite numbers" + (", or NaN for missing" if allow_nan else ""),
            mend="a logarithm of 0 is a missing value here: put NaN" if allow_nan else "leave such samples out",
        )


def group_codes(groups: Iterable[Hashable], n: int, name: str = "groups") -> Counts:
    """Return the number of each row's group, in the order in which they come."""
    labels = groups.tolist() if isinstance(groups, np.ndarray) else list(groups)
    if len(labels) != n:
        raise StatisticsError(f"{name} and y do not fit", found=f"{len(labels)} labels", expected=f"{n}, one per row")
    seen: dict[Hashable, int] = {}
    codes = np.empty(n, np.int64)
    for i, label in enumerate(labels):
        if not isinstance(label, Hashable):
            raise StatisticsError(f"{name}[{i}] cannot name a group", found=type(label).__name__, expected="a label")
        if label is None or label != label:  # noqa: PLR0124  NaN and NaT differ from themselves
            raise StatisticsError(f"{name}[{i}] is missing", expected="a group for every row", mend="leave the row out")
        codes[i] = seen.setdefault(label, len(seen))
    return codes
