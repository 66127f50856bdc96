"""From a table's declared values to the scales that are tested and shown."""

from __future__ import annotations

from dataclasses import dataclass
from math import log

import numpy as np
from numpy.typing import NDArray

from commensal.study import AssayTable

_LOGS = {"log2": 1.0, "log10": log(10) / log(2), "ln": 1 / log(2)}


@dataclass(frozen=True, slots=True, eq=False)
class Scales:
    """One assay's values on the scales of the default model. All arrays (n, m)."""

    log2: NDArray[np.float64]  #: log2 abundance where present, NaN elsewhere
    present: NDArray[np.float64] | None  #: 1 present, 0 absent, NaN unknown; None where the table cannot say
    shown: NDArray[np.float64]  #: what a reader sees: share of reads, intensity …
    unit: str  #: unit of ``shown``
    relative: bool  #: known only up to a factor per sample: a reference frame is needed
    depth: NDArray[np.float64] | None  #: (n,) reads per sample


def scales(assay: AssayTable, values: NDArray[np.float64]) -> Scales:
    """Return the scales of ``values`` (n, m), rows of ``assay`` in any order.

    Zeros: in counts and relative abundances a zero is an absence (tested as prevalence); in intensities and
    concentrations it is one too when the study file says ``zero = "below_detection"``, and otherwise has no
    logarithm and counts as missing. Missing values stay missing in both.
    """
    kind = assay.assay.value or "intensity"
    if kind in _LOGS:
        return Scales(values * _LOGS[kind], None, values, assay.assay.unit or kind, relative=False, depth=None)
    counts = kind == "counts"
    total = np.nansum(values, axis=1, keepdims=True)
    shown = values / np.where(total > 0, total, np.nan) if counts else values
    with np.errstate(divide="ignore"):
        log2 = np.where(values > 0, np.log2(np.where(shown > 0, shown, np.nan)), np.nan)
    absence = counts or kind in {"relative", "absolute"} or assay.assay.zero == "below_detection"
    present = np.where(np.isnan(values), np.nan, (values > 0).astype(float)) if absence else None
    units = {"counts": "share of reads", "relative": "share"}
    return Scales(
        log2=log2,
        present=present,
        shown=shown,
        unit=units.get(kind, assay.assay.unit or kind),
        relative=kind in {"counts", "relative"},
        depth=total[:, 0] if counts else None,
    )
