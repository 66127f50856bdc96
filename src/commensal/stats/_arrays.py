"""What every statistic asks of its arrays before it computes anything."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from commensal.errors import StatisticsError, listing

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

#: Two statistics nearer than this (relative) are equal: the square root of machine precision, as in vegan.
TIE = float(np.sqrt(np.finfo(np.float64).eps))


def numbers(values: ArrayLike, name: str, *, dimensions: int, negative: bool = True) -> Floats:
    """Return ``values`` as float64 of the asked number of dimensions, every entry finite.

    Raises
    ------
    StatisticsError
        Text, the wrong number of dimensions, a missing or infinite entry, or a negative one where none may be.
    """
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise StatisticsError(f"{name} does not hold numbers", found=error, expected="numbers") from error
    if array.ndim != dimensions:
        raise StatisticsError(
            f"{name} has the wrong number of dimensions", found=f"shape {array.shape}", expected=f"{dimensions}"
        )
    bad = ~np.isfinite(array)
    if bad.any():
        raise StatisticsError(
            f"{name} holds missing or infinite values",
            found=f"{int(bad.sum())} of {array.size}, first at {_first(bad)}",
            expected="finite numbers",
            mend="leave out or fill in missing values first",
        )
    if not negative and (array < 0).any():
        raise StatisticsError(
            f"{name} holds negative values",
            found=f"{int((array < 0).sum())} of {array.size}, first at {_first(array < 0)}",
            expected="values of 0 or more",
        )
    return array


def flags(values: ArrayLike, name: str, n: int) -> NDArray[np.bool_]:
    """Return ``values`` as n booleans; 0 and 1 are welcome.

    Raises
    ------
    StatisticsError
        Another number of them, or anything else.
    """
    array = np.asarray(values)
    if array.shape != (n,) or not (array.dtype == bool or (array.dtype.kind in "iuf" and np.isin(array, (0, 1)).all())):
        raise StatisticsError(
            f"{name} does not say yes or no of each sample",
            found=f"{array.shape} {array.dtype}",
            expected=f"{n} booleans",
        )
    return np.asarray(array.astype(bool))


def with_gaps(values: ArrayLike, name: str, *, dimensions: int, infinite: bool = False) -> Floats:
    """Return ``values`` as float64 of the asked number of dimensions, NaN being missing.

    Raises
    ------
    StatisticsError
        Text, the wrong number of dimensions, or an infinite entry where none may be.
    """
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise StatisticsError(f"{name} does not hold numbers", found=error, expected="numbers") from error
    if array.ndim != dimensions:
        raise StatisticsError(
            f"{name} has the wrong number of dimensions", found=f"shape {array.shape}", expected=f"{dimensions}"
        )
    if not infinite and np.isinf(array).any():
        raise StatisticsError(
            f"{name} holds infinite values",
            found=f"{int(np.isinf(array).sum())} of {array.size}, first at {_first(np.isinf(array))}",
            expected="finite numbers, or NaN for missing ones",
        )
    return array


def abundances(values: ArrayLike, name: str) -> Floats:
    """Return a table of samples × features as float64: finite and at least 0."""
    return numbers(values, name, dimensions=2, negative=False)


def whole_numbers(values: ArrayLike, name: str) -> Floats:
    """Return a table of samples × features as float64 whose entries are whole numbers of 0 or more."""
    table = abundances(values, name)
    broken = table != np.rint(table)
    if broken.any():
        raise StatisticsError(
            f"{name} are not whole numbers",
            found=f"{int(broken.sum())} fractions, first at {_first(broken)}",
            expected="counts of reads",
            mend="give counts, not relative abundances",
        )
    return table


def refuse_empty(table: Floats, name: str) -> None:
    """Refuse a table in which a sample (row) has nothing in it: no distance from it is defined."""
    empty = np.flatnonzero(table.sum(axis=1) == 0)
    if empty.size:
        raise StatisticsError(
            f"{name}: samples without anything in them",
            found=f"rows {listing(empty.tolist())} (the first row is 0)",
            expected="at least one value above 0 in each row",
            mend="leave these samples out of the distances",
        )


def distances(values: ArrayLike) -> Floats:
    """Return a square symmetric matrix of distances with a zero diagonal, else refuse it."""
    matrix = numbers(values, "the distances", dimensions=2, negative=False)
    if matrix.shape[0] != matrix.shape[1]:
        raise StatisticsError("the distances are not a square matrix", found=f"shape {matrix.shape}", expected="(n, n)")
    slack = 1e-10 * matrix.max(initial=0.0)
    if np.abs(matrix - matrix.T).max(initial=0.0) > slack or np.abs(np.diagonal(matrix)).max(initial=0.0) > slack:
        raise StatisticsError(
            "the distances are not symmetric with a zero diagonal", expected="d[i, j] = d[j, i], d[i, i] = 0"
        )
    return matrix


def same_length(values: Floats, name: str, n: int) -> Floats:
    """Return ``values`` when its first axis has ``n`` entries, else refuse."""
    if values.shape[0] != n:
        raise StatisticsError(f"{name} does not fit the other arrays", found=f"{values.shape[0]} entries", expected=n)
    return values


def gower(distance: Floats) -> Floats:
    """Return Gower's centred matrix: −d²/2 with row and column means taken off, (n, n)."""
    g: Floats = -0.5 * distance**2
    g -= g.mean(axis=0, keepdims=True)
    g -= g.mean(axis=1, keepdims=True)
    return 0.5 * (g + g.T)


def _first(mask: NDArray[np.bool_]) -> str:
    place = np.argwhere(mask)[0].tolist()
    return f"row {place[0]}" + (f", column {place[1]}" if len(place) > 1 else "")
