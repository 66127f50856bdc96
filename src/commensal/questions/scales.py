"""From a table's declared values to the scales that are tested and shown."""

from __future__ import annotations

from dataclasses import dataclass
from math import log
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from commensal.study import AssayTable

#: Declared value → what one unit of it is in log2.
LOGARITHMS = {"log2": 1.0, "log10": log(10) / log(2), "ln": 1 / log(2)}


@dataclass(frozen=True, slots=True, eq=False)
class Scales:
    """One assay's values on the scales of the default model. All arrays (n, m)."""

    log2: NDArray[np.float64]  #: log2 abundance where present, NaN elsewhere
    present: NDArray[np.float64] | None  #: 1 present, 0 absent, NaN unknown; None where the table cannot say
    amounts: NDArray[np.float64]  #: linear, 0 or more, for whole communities: what is missing counts as absent
    missing: int  #: missing values, which ``amounts`` has as 0
    shown: NDArray[np.float64]  #: what a reader sees: share of reads, intensity …
    unit: str  #: unit of ``shown``
    relative: bool  #: known only up to a factor per sample: a reference frame is needed
    depth: NDArray[np.float64] | None  #: (n,) reads per sample


def scales(assay: AssayTable, values: NDArray[np.float64], sums: NDArray[np.float64] | None = None) -> Scales:
    """Return the scales of ``values`` (n, m), rows of ``assay`` in any order.

    Zeros: in counts and relative abundances a zero is an absence (tested as prevalence); in intensities and
    concentrations it is one too when the study file says ``zero = "below_detection"``, and otherwise has no
    logarithm and counts as missing. Missing values stay missing in both; whole communities have them as absent.
    ``sums`` (n,) are the samples' totals, where ``values`` are only some of their features.

    Examples
    --------
    Logarithms are taken back for whole communities, up to one factor of the table:

    >>> from commensal.study import Assay, Features
    >>> import pandas as pd
    >>> assay = Assay(name="a", kind="taxa", file="a.tsv", value="log2", features=Features())
    >>> table = AssayTable(assay, ("s", "t"), pd.DataFrame(), np.array([[1.0, 3.0], [2.0, np.nan]]))
    >>> scales(table, table.values).amounts.tolist()
    [[0.25, 1.0], [0.5, 0.0]]
    """
    kind = assay.assay.value or "intensity"
    missing = int(np.isnan(values).sum())
    read = model_scales(assay, values, sums)
    if kind in LOGARITHMS:
        # A factor for the whole table changes no share and no distance between shares, and keeps 2 ** log2 finite.
        whole = missing < values.size
        amounts = np.nan_to_num(np.exp2(read.log2 - np.nanmax(read.log2))) if whole else np.zeros_like(values)
        unit = assay.assay.unit or kind
        return Scales(read.log2, None, amounts, missing, values, unit, relative=False, depth=None)
    units = {"counts": "share of reads", "relative": "share"}
    return Scales(
        log2=read.log2,
        present=read.present,
        amounts=np.nan_to_num(values),
        missing=missing,
        shown=read.shown,
        unit=units.get(kind, assay.assay.unit or kind),
        relative=kind in {"counts", "relative"},
        depth=read.depth,
    )


class Tested(NamedTuple):
    """What the default model reads of a table, or of a block of its features; as in `Scales`."""

    log2: NDArray[np.float64]
    present: NDArray[np.float64] | None
    shown: NDArray[np.float64]
    depth: NDArray[np.float64] | None


def model_scales(assay: AssayTable, values: NDArray[np.float64], sums: NDArray[np.float64] | None = None) -> Tested:
    """Return what is tested of ``values`` (n, m), and nothing that only whole communities need; as `scales`."""
    kind = assay.assay.value or "intensity"
    if kind in LOGARITHMS:
        return Tested(values * LOGARITHMS[kind], None, values, None)
    counts = kind == "counts"
    total = np.nansum(values, axis=1, keepdims=True) if sums is None else sums[:, None]
    shown = values / np.where(total > 0, total, np.nan) if counts else values
    found = values > 0
    log2 = np.full(values.shape, np.nan)
    np.log2(shown, out=log2, where=found & (shown > 0))  # most cells of a table of genes are 0
    absence = counts or kind in {"relative", "absolute"} or assay.assay.zero == "below_detection"
    present = found.astype(float) if absence else None
    if present is not None:
        present[np.isnan(values)] = np.nan
    return Tested(log2, present, shown, total[:, 0] if counts else None)
