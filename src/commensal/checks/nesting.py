"""Units nested in arms: how many cages, donors or households there really are, and labels that hide it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from commensal.checks.context import Context
from commensal.checks.units import Unit, quoted
from commensal.checks.words import singular
from commensal.errors import listing
from commensal.tables import Finding, Severity


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """How one unit lies over the two sides of a comparison."""

    unit: Unit
    codes: NDArray[np.int64]  #: (n,) the unit of each sample; −1 = no label
    n_case: int  #: units with samples on the case side
    n_control: int
    n_both: int
    n_samples: int  #: samples with a label
    most: int  #: samples in the fullest unit

    @property
    def nested(self) -> bool:
        """True when no unit holds both sides."""
        return self.n_both == 0


def layouts(context: Context) -> list[Layout]:
    """Lay every unit column over the comparison; columns that group samples alike are told once.

    Columns in which each unit holds one sample, and columns that are the contrast itself, say nothing here.
    """
    found: list[Layout] = []
    for unit in context.units:
        if unit.column == context.contrast.column:
            continue
        layout = lay(unit, context.labels(unit), context.case)
        if layout.most < 2 or any(same(layout.codes, other.codes) for other in found):
            continue
        found.append(layout)
    return found


def lay(unit: Unit, labels: pd.Series, case: NDArray[np.bool_]) -> Layout:
    """Count the units of each side."""
    codes, names = pd.factorize(labels)
    codes = codes.astype(np.int64)
    on_case = np.isin(np.arange(len(names)), codes[case])
    on_control = np.isin(np.arange(len(names)), codes[~case])
    sizes = np.bincount(codes[codes >= 0], minlength=1)
    return Layout(
        unit=unit,
        codes=codes,
        n_case=int(on_case.sum()),
        n_control=int(on_control.sum()),
        n_both=int((on_case & on_control).sum()),
        n_samples=int((codes >= 0).sum()),
        most=int(sizes.max()),
    )


def same(one: NDArray[np.int64], other: NDArray[np.int64]) -> bool:
    """Say whether two codings group the samples alike."""
    pairs = len(set(zip(one.tolist(), other.tolist(), strict=True)))
    return pairs == len(set(one.tolist())) == len(set(other.tolist()))


def _covered(layout: Layout, context: Context) -> bool:
    """Say whether a declared or automatic block accounts for this unit.

    It does when it groups the samples as the unit does, or when it is coarser and the label never varies in it:
    then whole blocks are compared. Samples without a label of the unit are alone in both. A facility is a column of the
    model.
    """
    if context.question.facility == layout.unit.column:
        return True
    labelled = layout.codes >= 0
    for at in range(len(context.blocks.names)):
        codes = pd.factorize(pd.Series(context.block(at)))[0].astype(np.int64)
        if same(codes[labelled], layout.codes[labelled]):
            return True
        holds = pd.Series(codes[labelled]).groupby(layout.codes[labelled]).nunique().max() == 1
        constant = pd.Series(context.case).groupby(codes).nunique().max() == 1
        if holds and constant:
            return True
    return False


def nested_units(context: Context) -> Iterator[Finding]:
    """Cages, isolators, litters, donors, households or batches that never hold both sides."""
    for layout in layouts(context):
        if not layout.nested:
            continue
        fewest = min(layout.n_case, layout.n_control)
        if fewest == 0:
            # Only one side has such units at all (donors of a transplant against no transplant).
            if layout.unit.family == "donor" and max(layout.n_case, layout.n_control) == 1:
                yield _single(context, layout)
        elif fewest == 1:
            yield _one_unit(context, layout)
        else:
            yield _nested(context, layout)


def _counts(context: Context, layout: Layout) -> dict[str, float]:
    return {
        "n_case": float(context.case.sum()),
        "n_control": float((~context.case).sum()),
        "units_case": layout.n_case,
        "units_control": layout.n_control,
        "units": layout.n_case + layout.n_control - layout.n_both,
    }


def _one_unit(context: Context, layout: Layout) -> Finding:
    unit, (case, control) = layout.unit, context.names
    if layout.n_case == layout.n_control:
        numbers = f"1 {unit.one} per side"
    else:
        numbers = f"{layout.n_case} against {layout.n_control} {unit.many}"
    n = _counts(context, layout)
    return context.finding(
        "one_unit_per_side",
        "error",
        f"{numbers} in column {unit.column}: {singular(n['n_case'], 'sample')} ({case}) and "
        f"{singular(n['n_control'], 'sample')} ({control}), but what differs between {case} and {control} cannot be "
        f"told from what differs between one {unit.one} and the next. No p can mend that.",
        f"compare sides that hold at least two {unit.many} each (better five or more), or ask a question that "
        f"varies within a {unit.one}",
        **n,
    )


def _single(context: Context, layout: Layout) -> Finding:
    unit, (case, control) = layout.unit, context.names
    return context.finding(
        "single_donor",
        "warning",
        f"all samples of {case if layout.n_case else control} go back to one {unit.one}: what is found holds for this "
        f"{unit.one}, and need not for another.",
        f"say so in the text, or add {unit.many}",
        **_counts(context, layout),
    )


def _nested(context: Context, layout: Layout) -> Finding:
    unit, (case, control) = layout.unit, context.names
    covered = _covered(layout, context)
    severity: Severity = "note"
    if not covered:
        severity = "error" if unit.family in ("housing", "donor") else "warning"
    n = _counts(context, layout)
    message = (
        f"{singular(n['n_case'], 'sample')} ({case}) come from {singular(layout.n_case, unit.one, unit.many)} and "
        f"{singular(n['n_control'], 'sample')} ({control}) from {singular(layout.n_control, unit.one, unit.many)}; no "
        f"{unit.one} holds both. The unit is the {unit.one}: {layout.n_case} against {layout.n_control}."
    )
    both = _labels_on_both_sides(context, unit)
    if both:
        message += (
            f" (The bare label{'s' * (len(both) > 1)} {listing(both)} stand{'s' * (len(both) == 1)} on both sides.)"
        )
    if covered:
        return context.finding(
            "nested_units", severity, message, f"nothing needed: {unit.one} is a block of this question", **n
        )
    if unit.inferred and unit.column in context.question.block:
        message += f" The block as declared would pair {unit.many} that merely share a label."
        return context.finding("nested_units", severity, message, _block_mend(context, unit), **n)
    message += (
        f" The question treats its samples as independent though {singular(n['units'], unit.one, unit.many)} hold them."
    )
    return context.finding("nested_units", severity, message, _block_mend(context, unit), **n)


def _block_mend(context: Context, unit: Unit) -> str:
    mend = f'add block = ["{unit.column}"] to [questions.{context.question.name}]'
    if unit.inferred and unit.column in context.question.block:
        return f"add nested_in = [{quoted(unit.declared + unit.inferred)}] to [variables.{unit.column}]"
    if unit.inferred:
        mend += f", and nested_in = [{quoted(unit.declared + unit.inferred)}] to [variables.{unit.column}]"
    if "subject" in context.blocks.names:
        mend += ", and keep one sample per subject with `where` (this version fits one level of units)"
    if unit.family == "technical":
        mend = f"say in the text how samples were allotted to {unit.many}, or {mend}"
    return mend


def _labels_on_both_sides(context: Context, unit: Unit) -> list[str]:
    raw = unit.raw.loc[list(context.sides.samples)]
    sides = pd.Series(context.case, index=raw.index).groupby(raw).nunique()
    return [str(label) for label in sides.index[sides > 1]]


def unit_not_in_block(context: Context) -> Iterator[Finding]:
    """Cages or households that hold both sides, or some of them, and are no block of the question."""
    for layout in layouts(context):
        if layout.nested or layout.unit.family in ("technical", "declared") or _covered(layout, context):
            continue
        unit, n = layout.unit, _counts(context, layout)
        yield context.finding(
            "unit_not_in_block",
            "warning",
            f"{singular(layout.n_samples, 'sample')} are treated as independent though "
            f"{singular(n['units'], unit.one, unit.many)} hold them (up to {layout.most} each; {layout.n_both} of the "
            f"{unit.many} hold both sides).",
            _block_mend(context, unit),
            **n,
            units_both=layout.n_both,
        )
