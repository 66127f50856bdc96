"""What a table of a community holds that no community has: gaps, totals, and groups beside their members."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from commensal.checks.words import singular
from commensal.errors import listing
from commensal.study import AssayTable, LoadedStudy
from commensal.tables import Finding

#: Values of which the features of a sample are parts of one whole.
_PARTS = ("counts", "relative", "absolute", "intensity")
#: What separates the ranks of a lineage.
_RANKS = ("|", ";")


def missing_amounts(loaded: LoadedStudy) -> Iterator[Finding]:
    """Missing values among counts or shares: a whole community takes them as absent."""
    for name, table in loaded.assays.items():
        missing: NDArray[np.bool_] = np.isnan(table.values)
        if table.assay.value not in ("counts", "relative") or not missing.any():
            continue
        gaps = np.flatnonzero(np.any(missing, axis=0))
        features = [str(feature) for feature in table.features.index[gaps]]
        yield Finding(
            "missing_amounts",
            "warning",
            f"assay {name}",
            f"{singular(int(missing.sum()), 'cell')} of a table of {table.assay.value} without a number, in "
            f"{singular(len(features), 'feature')}: {listing(features)}. A feature's own test leaves such samples out; "
            "what is said of whole communities, and every share, takes them as absent.",
            "write 0 where nothing was found; take a feature out with `exclude` if it was not looked for everywhere",
            assay=name,
            counts={"cells": float(missing.sum()), "features": float(len(features))},
        )


def overlapping_features(loaded: LoadedStudy) -> Iterator[Finding]:
    """Features that hold others: a row of totals, or several ranks of one lineage."""
    for name, table in loaded.assays.items():
        if table.assay.kind != "taxa" or table.assay.value not in _PARTS:
            continue
        totals, groups = _totals(table), _groups(table)
        held = totals or groups
        if not held:
            continue
        what = "the sum of all the others in every sample" if totals else "named as the groups of other features"
        yield Finding(
            "overlapping_features",
            "error",
            f"assay {name}",
            f"{singular(len(held), 'feature')} of {len(table.features)}: {listing(held)}; {what}. What they hold is "
            "counted again, and every share, distance and diversity is wrong by it.",
            f"leave them out: exclude = [{', '.join(_quoted(feature) for feature in held[:3])}"
            f"{', …' if len(held) > 3 else ''}]" + ("" if totals else "; or export the table at one rank only"),
            assay=name,
            counts={"features": float(len(held))},
        )


def _quoted(feature: str) -> str:
    return '"' + feature.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _totals(table: AssayTable) -> list[str]:
    """Features that are the sum of all the others, in a table where that is no accident."""
    values: NDArray[np.float64] = np.nan_to_num(table.values)
    if min(values.shape) < 3:
        return []
    rest = values.sum(axis=1, keepdims=True) - values
    same = np.isclose(values, rest, rtol=1e-6, atol=0).all(axis=0) & (values > 0).any(axis=0)
    return [str(feature) for feature in table.features.index[same]]


def _groups(table: AssayTable) -> list[str]:
    """Features whose name, continued by a separator of ranks, begins another's."""
    names = [str(feature) for feature in table.features.index]
    outer = {
        name[:at]
        for name in names
        for separator in _RANKS
        for at in range(1, len(name))
        if name[at] == separator and not name[:at].isspace()
    }
    return [name for name in names if name in outer]


__all__ = ["missing_amounts", "overlapping_features"]
