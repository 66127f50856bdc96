"""A table, a label, blocks and covariates as users give them: checked once, for every way of comparing features."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from commensal.errors import StatisticsError, listing
from commensal.stats._design import FLAT, group_codes
from commensal.stats.fits import Array

if TYPE_CHECKING:
    import pandas as pd

    Table = ArrayLike | pd.DataFrame
else:
    Table = ArrayLike

#: What the values may be, and whether they are known up to one factor per sample only.
VALUES = {"counts": True, "relative": True, "absolute": False, "intensity": False, "concentration": False}
LOGARITHMS = {"log2": 1.0, "log10": log(10) / log(2), "ln": 1 / log(2)}


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """Checked arguments: samples in one order everywhere."""

    values: Array  #: (n, m), NaN missing
    features: tuple[object, ...]
    label: Array  #: (n,) 1 case, 0 control
    block: NDArray[np.int64] | None
    covariates: Array  #: (n, k)
    log2: Array  #: (n, m) where present
    present: Array | None  #: (n, m)
    depth: Array | None  #: (n,) for counts
    relative: bool


def asked(
    values: Table,
    label: ArrayLike,
    *,
    value: str,
    reference: object,
    zero: str,
    block: ArrayLike | None,
    covariates: Table | None,
    load: ArrayLike | None,
) -> Asked:
    """Check the arguments of :func:`commensal.stats.differential`.

    Raises
    ------
    StatisticsError
        As described there.
    """
    if value not in VALUES and value not in LOGARITHMS:
        raise StatisticsError("no such kind of value", found=repr(value), expected=", ".join([*VALUES, *LOGARITHMS]))
    if zero not in ("absent", "missing"):
        raise StatisticsError("zeros are one of two things", found=repr(zero), expected="'absent' or 'missing'")
    table = _numbers(values, "the table")
    features = _names(values, table.shape[1])
    if len(table) == 0 or table.shape[1] == 0:
        raise StatisticsError("the table is empty", found=f"shape {table.shape}", expected="samples × features")
    _refuse_infinite(table, "the table", features)
    if value in VALUES and (table < 0).any():
        i, j = np.argwhere(table < 0)[0]
        raise StatisticsError(
            f"{value} cannot be negative",
            found=f"{table[i, j]} in sample {i}, feature {features[j]}",
            expected="values of 0 or more",
            mend="say value = 'log2', 'log10' or 'ln' where these are logarithms",
        )
    n = len(table)
    sides = _sides(label, n, reference)
    codes = None if block is None else group_codes(np.asarray(block).tolist(), n, "block")
    fixed = _covariates(covariates, sides, n)
    amounts, depth, relative = _amounts(table, value, load)
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = amounts * LOGARITHMS[value] if value in LOGARITHMS else np.where(amounts > 0, np.log2(amounts), np.nan)
    absence = value in VALUES and (zero == "absent" or value in ("counts", "relative"))
    present = np.where(np.isnan(table), np.nan, (table > 0).astype(float)) if absence else None
    return Asked(table, features, sides, codes, fixed, logs, present, depth, relative)


def _amounts(table: Array, value: str, load: ArrayLike | None) -> tuple[Array, Array | None, bool]:
    """Return amounts on a scale that samples share as far as they can, the depth of counts, and how far that is."""
    depth = np.nansum(table, axis=1) if value == "counts" else None
    shares = table
    if value in ("counts", "relative"):
        total = np.nansum(table, axis=1)
        empty = np.flatnonzero(~(total > 0))
        if empty.size:
            raise StatisticsError(
                "samples in which nothing was found have no composition",
                found=f"rows {listing(empty.tolist())} (the first row is 0)",
                expected="a value above 0 in every sample",
                mend="leave these samples out",
            )
        shares = table / total[:, None] if value == "counts" else table
    if load is None:
        return shares, depth, VALUES.get(value, False)
    if not VALUES.get(value, False):
        raise StatisticsError(
            "a load makes relative values absolute; these are not relative",
            found=f"value = {value!r}",
            expected="'counts' or 'relative'",
            mend="leave out load",
        )
    total_load = _column(load, "load", len(table))
    if not np.all(total_load > 0):
        raise StatisticsError(
            "the load of a sample is above 0",
            found=f"{total_load[~(total_load > 0)][0]} in row {np.flatnonzero(~(total_load > 0))[0]}",
            expected="copies or cells per gram, one number per sample, none missing",
            mend="leave out samples whose load was not measured",
        )
    return shares * total_load[:, None], depth, False


def _numbers(values: Table, name: str) -> Array:
    try:
        array = np.asarray(values, dtype=float)
    except (TypeError, ValueError) as fault:
        raise StatisticsError(f"{name} does not hold numbers", found=str(fault), expected="numbers") from fault
    if array.ndim != 2:
        raise StatisticsError(f"{name} is no table", found=f"shape {array.shape}", expected="samples × features")
    return array


def _column(values: ArrayLike, name: str, n: int) -> Array:
    array = _numbers(np.reshape(np.asarray(values), (-1, 1)), name)[:, 0]
    if len(array) != n:
        raise StatisticsError(f"{name} and the table do not fit", found=f"{len(array)} entries", expected=f"{n}")
    if not np.isfinite(array).all():
        raise StatisticsError(
            f"{name} has missing or infinite entries",
            found=f"{int((~np.isfinite(array)).sum())} of {n}, first in row {np.flatnonzero(~np.isfinite(array))[0]}",
            expected="a number for every sample",
            mend="leave these samples out",
        )
    return array


def _names(values: Table, m: int) -> tuple[object, ...]:
    columns: Sequence[object] | None = getattr(values, "columns", None)
    return tuple(range(m)) if columns is None else tuple(columns)


def _refuse_infinite(table: Array, name: str, features: tuple[object, ...]) -> None:
    bad = np.argwhere(np.isinf(table))
    if len(bad):
        i, j = bad[0]
        raise StatisticsError(
            f"{name} holds infinite values",
            found=f"{len(bad)}, first in sample {i}, feature {features[j]}",
            expected="finite numbers, or NaN for missing",
            mend="a logarithm of 0 is an absence: give the values themselves",
        )


def _sides(label: ArrayLike, n: int, reference: object) -> Array:
    """Return 1 for cases; two levels other than 0 and 1 need their reference, which is never guessed."""
    given = np.asarray(label)
    levels = given.tolist()
    if given.ndim != 1 or len(levels) != n:
        raise StatisticsError("the label and the table do not fit", found=f"shape {given.shape}", expected=f"({n},)")
    if any(level is None or level != level for level in levels):  # noqa: PLR0124  NaN
        raise StatisticsError("the label is missing for some samples", expected="a side for every sample")
    found = list(dict.fromkeys(levels))
    if len(found) != 2:
        raise StatisticsError(
            "a comparison has two sides",
            found=f"{len(found)}: {listing([str(one) for one in found])}",
            expected="two levels, both with samples",
        )
    if reference is None:
        if not set(found) <= {0, 1}:
            raise StatisticsError(
                "which side is the reference is never guessed",
                found=f"levels {found[0]!r} and {found[1]!r}",
                expected="0 and 1, or a reference",
                mend=f"say reference={found[0]!r} or reference={found[1]!r}",
            )
        reference = 0
    if reference not in found:
        raise StatisticsError("the reference is no level of the label", found=repr(reference), expected=found)
    return np.array([float(level != reference) for level in levels])


def _covariates(covariates: Table | None, label: Array, n: int) -> Array:
    if covariates is None:
        return np.zeros((n, 0))
    given = covariates
    if getattr(given, "ndim", np.ndim(given)) == 1:
        given = np.reshape(np.asarray(given), (-1, 1))
    try:
        table = _numbers(given, "the covariates")
    except StatisticsError as fault:
        raise StatisticsError(
            "covariates are numbers",
            found=fault,
            expected="a column of numbers each",
            mend="write a category as 0/1 columns, one for each level but its reference",
        ) from fault
    names = _names(given, table.shape[1])
    if len(table) != n:
        raise StatisticsError("the covariates and the table do not fit", found=len(table), expected=f"{n} rows")
    bad = [str(name) for name, column in zip(names, table.T, strict=True) if not np.isfinite(column).all()]
    if bad:
        raise StatisticsError(
            "covariates with missing or infinite values",
            found=listing(bad),
            expected="a number for every sample",
            mend="leave these samples out, or the covariate",
        )
    _refuse_collinear(table, names, label)
    return table


def _refuse_collinear(table: Array, names: tuple[object, ...], label: Array) -> None:
    """Name covariates that are constant, or made up of the label and the covariates before them."""
    basis = np.ones((len(label), 1)) / np.sqrt(len(label))
    for name, column in [("the label", label), *zip(names, table.T, strict=True)]:
        size = np.abs(column).max()
        unit = column / size if size > 0 else column
        spread = np.linalg.norm(unit - unit.mean())
        rest = unit - basis @ (basis.T @ unit)
        rest -= basis @ (basis.T @ rest)
        left = np.linalg.norm(rest)
        if spread <= FLAT * np.sqrt(len(unit)) or left <= 1e-9 * spread:
            what = "does not vary" if spread <= FLAT * np.sqrt(len(unit)) else "follows from the label and the others"
            raise StatisticsError(
                f"the covariate {name} {what}",
                found=f"covariates {listing([str(one) for one in names])}",
                expected="columns that can be told apart",
                mend=f"leave out {name}",
            )
        basis = np.column_stack([basis, rest / left])
