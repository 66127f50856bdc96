"""Blocks: which of them hold both sides, repeated samples, and levels that this version does not fit."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from commensal.checks.context import Context
from commensal.checks.words import UNITS, singular, unit_word
from commensal.errors import listing
from commensal.tables import Finding


def _words(name: str) -> tuple[str, str]:
    if name == "subject":
        return "subject", "subjects"
    word = unit_word(name)
    return UNITS[word][:2] if word else (name, f"levels of {name}")


def _sides_per_block(context: Context, at: int) -> pd.DataFrame:
    """One row per block: samples of each side."""
    table = pd.crosstab(pd.Series(context.block(at), name="block"), pd.Series(context.case, name="case"))
    return table.reindex(columns=[True, False], fill_value=0)


def one_sided_blocks(context: Context) -> Iterator[Finding]:
    """How many blocks speak for the comparison within them, and how many samples sit in the others."""
    for at, name in enumerate(context.blocks.names):
        if name == "subject" and name not in context.question.block:
            continue
        table = _sides_per_block(context, at)
        both = (table > 0).all(axis=1)
        outside = int(table[~both].sum().sum())
        if both.all() or not both.any():
            continue  # all is well; or the label never varies within: told by `constant_in_block`
        one, many = _words(name)
        total = int(table.sum().sum())
        yield context.finding(
            "one_sided_blocks",
            "warning" if outside > total / 2 else "note",
            f"both sides in {both.sum()} of {len(table)} {many}, which speak for the comparison within a {one}; "
            f"{outside} of "
            f"{total} samples lie in {many} with one side only and count between {many}.",
            f"read the rows with term `within` first; more {many} with both sides would carry the comparison",
            blocks=len(table),
            blocks_both=both.sum(),
            samples_outside=outside,
            samples=total,
        )


def constant_in_block(context: Context) -> Iterator[Finding]:
    """Find labels that never vary within a block: whole blocks are the units."""
    for at, name in enumerate(context.blocks.names):
        table = _sides_per_block(context, at)
        if bool((table > 0).all(axis=1).any()) or len(table) == int(table.sum().sum()):
            continue
        one, many = _words(name)
        if any(unit.column == name for unit in context.units):
            continue  # told by `nested_units`, with the same numbers
        case, control = context.names
        n_case, n_control = int((table[True] > 0).sum()), int((table[False] > 0).sum())
        total = int(table.sum().sum())
        least, most = int(table.sum(axis=1).min()), int(table.sum(axis=1).max())
        each = f"{least} to {most}" if least < most else str(most)
        yield context.finding(
            f"constant_within_{one}" if one == "subject" else "constant_within_block",
            "note",
            f"the label never varies within a {one}: {len(table)} {many}, not {total} samples, are the units "
            f"({n_case} {case} against {n_control} {control}; {each} samples each).",
            f"nothing needed: {one} is a block" + (" by itself" if name not in context.question.block else ""),
            units=len(table),
            samples=total,
            units_case=n_case,
            units_control=n_control,
        )


def repeated_subjects(context: Context) -> Iterator[Finding]:
    """Subjects with several samples on both sides: added as a block by itself."""
    if "subject" not in context.blocks.names or "subject" in context.question.block:
        return
    table = _sides_per_block(context, context.blocks.names.index("subject"))
    both = (table > 0).all(axis=1)
    if not both.any():
        return  # told by `constant_in_block`
    yield context.finding(
        "repeated_subjects",
        "note",
        f"{int(table.sum().sum())} samples come from {len(table)} subjects ({both.sum()} of them on both sides): "
        "subject was added as a block by itself.",
        'nothing needed; write block = ["subject"] to say so in the file',
        units=len(table),
        units_both=both.sum(),
        samples=int(table.sum().sum()),
    )


#: Kinds that take one value per subject, and the means of cages, by themselves.
OF_ARMS = ("depletion", "screen", "rescue")


def several_block_levels(context: Context) -> Iterator[Finding]:
    """Households and repeated people at once: this version fits one random intercept."""
    names = context.blocks.names
    if len(names) < 2 or context.question.kind in OF_ARMS:
        return
    sizes = [len(np.unique(np.asarray(labels, dtype=str))) for labels in context.blocks.labels]
    levels = " and ".join(singular(size, *_words(name)) for name, size in zip(names, sizes, strict=True))
    by_itself = "subject" in names and "subject" not in context.question.block
    mend = (
        "restrict `where` to one sample per subject (one visit, one day)"
        if "subject" in names
        else (
            f"keep one of them in the block of [questions.{context.question.name}]: the level at which the label varies"
        )
    )
    yield context.finding(
        "several_block_levels",
        "error",
        f"samples are grouped at {len(names)} levels at once ({levels}"
        + ("; subject was added because subjects repeat" if by_itself else "")
        + "). This version fits one random intercept, and one level alone counts repeated samples as independent.",
        mend,
        levels=len(names),
        **{f"units_{name}": size for name, size in zip(names, sizes, strict=True)},
    )


def missing_block_labels(context: Context) -> Iterator[Finding]:
    """Name the samples without a block label."""
    missing = context.blocks.missing
    if missing:
        yield context.finding(
            "block_label_missing",
            "note",
            f"no label in {', '.join(context.question.block)} for {singular(len(missing), 'sample')} of "
            f"{len(context.sides.samples)}: they count as alone, each a block of its own ({listing(missing)}).",
            "fill the labels in if they belong to one; nothing needed for people who match nobody",
            samples=len(missing),
        )
