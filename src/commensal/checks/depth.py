"""Depth of count tables: empty samples and sides, very shallow samples, and sides sequenced unlike."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from commensal.checks.context import Context
from commensal.checks.words import singular
from commensal.errors import listing
from commensal.study import AssayTable, LoadedStudy
from commensal.tables import Finding

#: A sample with less than this share of the median depth is very shallow.
SHALLOW = 0.1
#: Median depths of the two sides this many times apart are a technical difference that goes with the label.
APART = 2.0


def _totals(table: AssayTable) -> pd.Series:
    return pd.Series(np.nansum(table.values, axis=1), index=list(table.samples))


def sample_depths(loaded: LoadedStudy) -> Iterator[Finding]:
    """Name samples without a single value above zero, and very shallow ones."""
    for name, table in loaded.assays.items():
        matched = list(loaded.matches[name].matched)
        values = pd.Series((np.nan_to_num(table.values) != 0).any(axis=1), index=list(table.samples))[matched]
        if table.assay.value not in ("log2", "log10", "ln") and not values.all():
            empty = list(values.index[~values])
            yield Finding(
                "empty_samples",
                "warning",
                f"assay {name}",
                f"{singular(len(empty), 'sample')} of {len(matched)} with nothing but zeros or missing values: "
                f"{listing(empty)}.",
                'leave them out with `where`, or give them role = "blank" if that is what they are',
                assay=name,
                counts={"samples": float(len(empty))},
            )
        if table.assay.value == "counts" and values.any():
            yield from _shallow(name, _totals(table)[matched][values])


def _shallow(name: str, totals: pd.Series) -> Iterator[Finding]:
    median = float(totals.median())
    shallow = totals[totals < SHALLOW * median].sort_values()
    if shallow.empty:
        return
    rest = totals.drop(shallow.index)
    yield Finding(
        "shallow_samples",
        "warning",
        f"assay {name}",
        f"{singular(len(shallow), 'sample')} of {len(totals)} with less than a tenth of the median depth of "
        f"{median:,.0f}: "
        f"{listing([f'{sample} ({total:,.0f})' for sample, total in shallow.items()])}; the next has "
        f"{rest.min():,.0f}.",
        "look at why; their absences are absences of reads (richness is taken at an even depth and leaves them out)",
        assay=name,
        counts={
            "samples": float(len(shallow)),
            "least": float(totals.min()),
            "next": float(rest.min()),
            "median": median,
            "most": float(totals.max()),
        },
    )


def depth_by_side(context: Context) -> Iterator[Finding]:
    """One side sequenced much deeper than the other."""
    if context.assay.assay.value != "counts":
        return
    totals = _totals(context.assay)[list(context.sides.samples)].to_numpy(dtype=float)
    one, other = float(np.median(totals[context.case])), float(np.median(totals[~context.case]))
    if min(one, other) <= 0 or max(one, other) < APART * min(one, other):
        return
    case, control = context.names
    yield context.finding(
        "depth_differs",
        "warning",
        f"median depth {one:,.0f} ({case}) against {other:,.0f} ({control}): what is found on the deeper side "
        "only may be "
        "absent from the other for want of reads.",
        "read presence and richness with care (richness is taken at an even depth); say why depth goes with the label",
        depth_case=one,
        depth_control=other,
    )


def empty_sides(context: Context) -> Iterator[Finding]:
    """Refuse a side on which nothing at all was found."""
    if context.assay.assay.value in ("log2", "log10", "ln"):
        return
    at = {sample: row for row, sample in enumerate(context.assay.samples)}
    values = context.assay.values[[at[sample] for sample in context.sides.samples]]
    found = (np.nan_to_num(values) != 0).any(axis=1)
    for name, here in zip(context.names, (context.case, ~context.case), strict=True):
        if not found[here].any():
            yield context.finding(
                "empty_side",
                "error",
                f"{singular(int(here.sum()), 'sample')} ({name}) with nothing but zeros or missing values, and no "
                "other on this side: there is nothing to compare.",
                "look at the table: were these samples measured, and do their values stand in it?",
                samples=float(here.sum()),
            )
