"""Which column of the samples table holds the ids of a table of measurements: exact overlap, nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from commensal import io
from commensal.errors import FormatError, TableError, UsageError, listing
from commensal.pipeline.templates.guesses import Column
from commensal.study import Assay, AssayTable, Features

#: What io says of a table that shares no id with the samples: try the next column. A test holds the two together.
NO_OVERLAP = "no id of the samples table occurs in this file"
#: What io says where one file's ids are the other's with something around each.
AROUND = "take it off there"
OWN_WORDS = r"client"
SAMPLE_WORDS = r"samples?|specimen|name|id|run|accession"


@dataclass(frozen=True, slots=True, eq=False)
class Ids:
    """The column that holds the sample ids, and the table read with them."""

    column: Column
    table: AssayTable
    matched: int  #: ids that stand in both files
    inside: tuple[str, ...] = ()  #: columns inside the table that describe its features


def find_ids(columns: Mapping[str, Column], samples: Path, table: Path) -> Ids:
    """Find the column of ``samples`` whose values are the sample ids of ``table``.

    Raises
    ------
    FormatError
        The table is in no known format, or damaged.
    TableError
        Something is wrong with the table itself; or no column shares an id with it, or one that repeats its ids.
    UsageError
        Two columns with different values fit equally well.
    """
    found: list[Ids] = []
    refused: TableError | None = None
    broken: TableError | None = None
    for column in columns.values():
        if not column.unique:
            continue
        try:
            found.append(_read(column, table))
        except FormatError:
            raise
        except TableError as error:
            if error.what == NO_OVERLAP:
                refused = error if refused is None or column.says(SAMPLE_WORDS) else refused
            else:
                broken = broken or error
    if not found and broken is not None:
        raise broken  # ids were found, and something else is wrong with the table
    if not found:
        raise _none(columns, samples, table, refused)
    best = [ids for ids in found if ids.matched == max(one.matched for one in found)]
    if not all(_alike(ids, best[0]) for ids in best):
        raise UsageError(
            "several columns could hold the sample ids",
            where=samples.name,
            found=listing(f"{ids.column.name} ({ids.matched} ids in {table.name})" for ids in best),
            expected="one column",
            mend="remove or rename the other one, or write the study file by hand: `commensal init DIR --like cohort`",
        )
    # Columns that say the same: the names of who sent the samples, else the one that is named like a sample.
    chosen = next((ids for words in (OWN_WORDS, SAMPLE_WORDS) for ids in best if ids.column.says(words)), best[0])
    if not chosen.column.name.strip():
        raise TableError(
            "the column of sample ids has no name",
            where=f"{samples.name}, line 1",
            mend='name it, for example "sample"',
        )
    return chosen


def _alike(one: Ids, two: Ids) -> bool:
    """Whether two columns of ids give every row the same values, whichever of a table's names of samples they hold."""
    if one.column.values == two.column.values:
        return True
    if len(one.table.features) != len(two.table.features) or one.table.stored is not None:
        return False
    at = [{name: i for i, name in enumerate(ids.table.samples)} for ids in (one, two)]
    for first, second in zip(one.column.values, two.column.values, strict=True):
        i, j = at[0].get(first or ""), at[1].get(second or "")
        if (i is None) != (j is None):
            return False
        if i is not None and not np.array_equal(one.table.values[i], two.table.values[j], equal_nan=True):
            return False
    return True


def _read(column: Column, table: Path, columns: tuple[str, ...] = ()) -> Ids:
    # Logarithms may be any number: what the values are is asked later.
    assay = Assay(name="table", kind="metabolites", file=table.name, value="log2", features=Features(columns=columns))
    known = [value for value in column.values if value is not None]
    read = io.read_assay(assay, table.parent, known)
    inside = _annotations(read, table, set(known))
    if inside and inside != columns:
        read = io.read_assay(replace(assay, features=Features(columns=inside)), table.parent, known)
    return Ids(column, read, len(set(known).intersection(read.samples)), inside)


def _annotations(read: AssayTable, table: Path, known: set[str]) -> tuple[str, ...]:
    """Columns inside the table that describe its features: those of text, and numbers (PubChem ids) among them."""
    text = {str(name) for name in read.features.columns if name != "label"}
    if not text or io.sniff(table) not in ("wide", "parquet"):
        return ()
    header = [str(name) for name in io.read_table(table).columns]
    at = [position for position, name in enumerate(header) if name in text and position]
    return tuple(name for name in header[1 : max(at, default=0) + 1] if name not in known)


def _none(columns: Mapping[str, Column], samples: Path, table: Path, refused: TableError | None) -> TableError:
    for column in columns.values():
        first = dict.fromkeys(value for value in column.values if value is not None)
        if column.unique or len(first) < 3:
            continue
        try:
            ids = _read(replace(column, values=tuple(first)), table)
        except TableError:
            continue
        twice = next(level for level, count in column.levels.items() if count > 1 or column.missing)
        return TableError(
            f"column {column.name} holds ids of {table.name}, but not one for every row",
            where=samples.name,
            found=f"{twice} {column.levels[twice]} times, {column.missing} rows without; {ids.matched} ids match",
            expected="one row per specimen, each with an id of its own",
            mend="give every specimen one row, with the id that the table uses",
        )
    shown = [f"{column.name} ({listing(column.levels, 3)})" for column in columns.values() if column.unique]
    mend = "make the ids in both files the same, letter by letter (ids are never matched by likeness)"
    if refused is not None and refused.mend and AROUND in refused.mend:
        mend = refused.mend
    return TableError(
        f"no column of {samples.name} holds the sample ids of {table.name}",
        where=samples.name,
        found=f"columns with a value of its own in every row: {listing(shown, 6) or 'none'}",
        expected=f"ids as they stand in {table.name}" + (f": {refused.found}" if refused and refused.found else ""),
        mend=mend,
    )
