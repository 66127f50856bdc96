r"""MetaboAnalyst's tables: samples in rows or columns, their class labels right behind their names.

Source of the format: https://www.metaboanalyst.ca/docs/Format.xhtml. CSV or tab-separated text; the first row (or
column) holds the names of the samples, the second their class; for pairs the labels are numbers, and ``-3`` and ``3``
are one pair. Empty or NA is no value; MetaboAnalyst itself treats a 0 as missing too, here the study file says
(``zero = "below_detection"``). The labels are no feature: they are offered as a column of the samples, never joined.

A file is recognised where the labels are called so (``Label``, ``Class``, ``Group``); where they have another name,
``format = "metaboanalyst"`` says it.

Examples
--------
>>> import tempfile
>>> from pathlib import Path
>>> with tempfile.TemporaryDirectory() as folder:
...     place = Path(folder, "m.csv")
...     _ = place.write_text("Sample,S1,S2\nLabel,-1,1\nnicotinamide,5.5,NA\n")
...     matrix = read_assay(place, Assay("m", "metabolites", file="m.csv", value="intensity"), ["S1", "S2"])
...     samples = read_table(place)
>>> matrix.features, matrix.values.tolist(), samples.to_dict("list")
(('nicotinamide',), [[5.5], [nan]], {'sample': ['S1', 'S2'], 'Label': ['-1', '1'], 'pair': ['1', '1']})
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from commensal.errors import FormatError, listing
from commensal.io import wide
from commensal.io.contents import MISSING, Format, Matrix
from commensal.io.exclude import matches
from commensal.io.grid import find_delimiter
from commensal.io.orientation import orient
from commensal.io.rows import Row, cut, grid_of, offered, refuse_short, square
from commensal.io.text import Text, head_text, load_text
from commensal.io.wide import declared_annotations, from_grid
from commensal.study.declared import Assay

#: What a row or column of labels is called, in lower case.
LABELS = ("label", "labels", "class", "classes", "group", "groups")
#: Rows or columns of labels that may follow the first one.
MORE = (*LABELS, "time", "subject", "phenotype", "batch")
_PAIR = re.compile(r"-?[1-9]\d*")


@dataclass(frozen=True, slots=True)
class _Table:
    """A table with its labels taken out: they lie in rows when the samples lie in columns."""

    file: str
    encoding: str
    rows: list[Row]  #: header first, all of one width
    in_rows: bool  #: samples in rows
    labels: dict[str, list[str]]  #: name → one label per sample

    @property
    def samples(self) -> list[str]:
        """Names of the samples, in the file's order."""
        return [row.cells[0] for row in self.rows[1:]] if self.in_rows else list(self.rows[0].cells[1:])


def sniff(path: Path) -> bool:
    """Say whether the second row or column of a delimited text is called like class labels, and the rest is numbers."""
    text = head_text(path)
    if not text.strip() or "\x00" in text or text.startswith(("PK\x03", "PAR1", "{", "#", "(", "label\tGroup")):
        return False
    lines = text.split("\n")[: 6 if text.endswith("\n") else 5]
    try:
        delimiter = find_delimiter(path.name, [line.encode() for line in lines if line])
        rows = cut(Text(path.name, "\n".join(lines[:5]).encode(), "utf-8"), delimiter)
    except FormatError:
        return False
    rows = [row for row in rows if len(row.cells) > 2]
    if len(rows) < 3:
        return False
    if rows[1].cells[0].strip().lower() in LABELS:
        return _numbers(cell for row in rows[2:3] for cell in row.cells[1:])
    return rows[0].cells[1].strip().lower() in LABELS and _numbers(cell for row in rows[1:3] for cell in row.cells[2:])


def _numbers(cells: object) -> bool:
    known = [cell.strip() for cell in cells if cell.strip() not in MISSING]  # type: ignore[attr-defined]
    return bool(known) and all(re.fullmatch(r"-?\d*\.?\d+([eE][+-]?\d+)?", cell) for cell in known)


def read_assay(path: Path, assay: Assay, sample_ids: Sequence[str]) -> Matrix:
    """Read a table of MetaboAnalyst without its labels.

    Raises
    ------
    FormatError
        No labels, or a row of another width.
    TableError
        No id of the samples table, or ids on both sides; a feature or sample twice; a cell that is no number.
    """
    text = load_text(path)
    rows = _rows(text)
    names = [row.cells[0] for row in rows[1:]]
    inside = declared_annotations(assay)
    way = orient(text.file, names, rows[0].cells[1:], sample_ids, assay.orientation)
    labels = rows[0].cells[1] if way == "samples_in_rows" else rows[1].cells[0]
    if assay.format is None and labels.strip().lower() not in LABELS:
        return wide.read_assay(path, assay, sample_ids)  # a column called class describes molecules here, not samples
    table = _taken_out(text, rows, way == "samples_in_rows", by_name=False)
    skip = {name for name in table.labels if any(matches(name, pattern) for pattern in assay.exclude)}
    if skip:  # the study file leaves them out itself, as a feature
        table = replace(table, rows=rows)
    header, missing = table.rows[0].cells, (*MISSING, *assay.missing)
    grid = grid_of(text.file, header, table.rows[1:], text=inside, missing=missing, encoding=text.encoding)
    made = from_grid(grid, replace(assay, orientation=assay.orientation or way), sample_ids)
    told = [] if skip else offered(assay, text.file, list(table.labels))
    return replace(made, dropped=(*made.dropped, *told))


def read_table(path: Path) -> pd.DataFrame:
    """Read the samples: ``sample``, the labels, and ``pair`` where they are the numbers of pairs.

    A table whose labels are called so in its header (samples in rows) is read as it is: it may hold more about the
    samples than labels.

    Raises
    ------
    FormatError
        No labels, or a row of another width.
    """
    text = load_text(path)
    rows = _rows(text)
    in_rows = rows[0].cells[1].strip().lower() in LABELS
    table = _taken_out(text, rows, in_rows, by_name=True)
    if in_rows:
        frame = wide.read_table(path)
    else:
        frame = pd.DataFrame({"sample": table.samples, **table.labels}, dtype=object)
        frame.attrs.update(file=text.file, encoding=text.encoding, lines=tuple(range(1, len(frame) + 1)))
    first = next(iter(table.labels.values()))
    if _are_pairs(first) and "pair" not in frame.columns:
        frame["pair"] = [label.strip().lstrip("-") for label in first]
    return frame


def _rows(text: Text) -> list[Row]:
    lines = text.data.split(b"\n")
    delimiter = find_delimiter(text.file, [line for line in lines[:50] if line.strip()])
    rows = [row for row in cut(text, delimiter) if any(cell.strip() for cell in row.cells)]
    width = len(rows[0].cells) if rows else 0
    refuse_short(rows[1:], width, text.file)
    rows = [*rows[:1], *square(rows[1:], width, text.file)]
    if len(rows) < 3 or width < 3:
        raise FormatError(
            "the table is too small to hold labels and values", where=text.file,
            found=f"{len(rows)} rows, {width} columns", expected="names, labels, values", mend="give the whole table",
        )  # fmt: skip
    return rows


def _taken_out(text: Text, rows: list[Row], in_rows: bool, *, by_name: bool) -> _Table:
    """Take out the labels: the line behind the names, and those after it that are called like labels."""
    heads = list(rows[0].cells) if in_rows else [row.cells[0] for row in rows]
    if by_name and heads[1].strip().lower() not in LABELS:
        raise FormatError(
            "the class labels are not found", where=text.file, found=listing(map(repr, heads[:3])),
            expected=f"a second row or column called {listing(LABELS)}", mend="name it so, or give a table of samples",
        )  # fmt: skip
    last = 1
    while last + 1 < len(heads) - 1 and heads[last + 1].strip().lower() in MORE:
        last += 1
    at = range(1, last + 1)
    if in_rows:
        labels = {heads[j] or f"column {j + 1}": [row.cells[j] for row in rows[1:]] for j in at}
        left = [Row(row.line, (row.cells[0], *row.cells[last + 1 :])) for row in rows]
    else:
        labels = {heads[i] or f"row {rows[i].line}": list(rows[i].cells[1:]) for i in at}
        left = [rows[0], *rows[last + 1 :]]
    return _Table(text.file, text.encoding, left, in_rows, labels)


def _are_pairs(labels: Sequence[str]) -> bool:
    """Say whether the labels are -1, 1, -2, 2, …: each number once with either sign."""
    cells = [label.strip() for label in labels]
    if not cells or not all(_PAIR.fullmatch(cell) for cell in cells) or len(set(cells)) < len(cells):
        return False
    return {cell for cell in cells if not cell.startswith("-")} == {cell[1:] for cell in cells if cell.startswith("-")}


FORMAT = Format(
    "metaboanalyst", "MetaboAnalyst's tables, labels behind the samples' names", sniff, read_assay, read_table
)
