r"""Metabolon's deliveries, from the sheets of a workbook: the layout with header blocks, and the one of linked sheets.

*Block* (until 2020: ``OrigScale``, ``ScaledImpData`` …): molecules in rows, annotations to the left, rows about the
samples above; where the two headers meet, one cell holds both names (``Group   HMDB_ID``). *Linked* (since):
``Peak Area Data`` has samples in rows and CHEM_ID in the header; the sheets ``Chemical Annotation`` and
``Sample Meta Data`` tell what they are.

Source of the layouts: Metabolon's client data tables, as the R packages maplet (``mt_load_metabolon_v1``, ``…_v2``) and
MetabolomicsPipeline describe them. An empty cell is a molecule not detected in that sample, and a 0 is read where the
study file has ``zero = "below_detection"``; sheets with ``Imp`` in their name hold the laboratory's fill-ins instead.
Names that end in ``*`` were not confirmed with the laboratory's own standard: level 2 of the Metabolomics Standards
Initiative (Sumner et al. 2007); ``X - 12345`` is unknown: level 4.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import pandas as pd

from commensal.errors import FormatError, TableError, listing
from commensal.io.compound_columns import compound_column, compound_columns
from commensal.io.contents import MISSING, Matrix, require_unique
from commensal.io.orientation import no_overlap
from commensal.io.rows import Row, grid_of, matrix_of, names_of_samples, offered, refuse_logs, square, unseen
from commensal.io.sheets import Sheet, plain_table, short
from commensal.io.wide import from_grid
from commensal.study.declared import Assay
from commensal.study.loaded import Dropped

#: Rows (or columns) of sample ids are called so.
IDS = (
    "CLIENT_SAMPLE_ID", "CLIENT SAMPLE ID", "CLIENT_IDENTIFIER", "CLIENT IDENTIFIER", "CLIENT_SAMPLE_NUMBER",
    "SAMPLE_ID", "SAMPLE ID", "SAMPLE_NAME", "SAMPLE NAME", "PARENT_SAMPLE_NAME",
)  # fmt: skip
#: Columns of unique ids of molecules.
KEYS = ("COMP_ID", "COMP ID", "CHEM_ID", "CHEM ID", "CHEMICAL_ID", "LIB_ID")
_UNKNOWN = re.compile(r"X\s*-\s*\d+.*")
_MARKS = re.compile(r"\s*\*+\s*$")


@dataclass(frozen=True, slots=True)
class Block:
    """A sheet with rows about the samples above and annotations to the left."""

    sheet: Sheet
    top: int  #: row of the header
    left: int  #: column that names the rows above; the values begin one further
    header: tuple[str, ...]  #: names of the annotations, columns 0 … left
    about: dict[str, tuple[str, ...]]  #: what is said of the samples: name → one text per sample
    rows: dict[str, int]  #: name → its row

    @property
    def key(self) -> str:
        """The column of ids: the laboratory's, else the names, else the first."""
        return next((name for name in KEYS if name in self.header), None) or self.name or self.header[0]

    @property
    def name(self) -> str | None:
        """The column of names."""
        return next((name for name in self.header if compound_column(name) == "name"), None)


def find_block(sheet: Sheet) -> Block | None:
    """Find the header blocks of a sheet.

    None when its upper left corner (blank lines aside) is not empty, or when no column to the left is called as columns
    of compounds are: a table whose first header cell is empty has such a corner too.
    """
    filled = [[j for j, cell in enumerate(row.cells) if cell.strip()] for row in sheet.rows]
    start = min((at[0] for at in filled if at), default=0)  # the first column that holds anything
    left = next((at[0] for at in filled if at), start)
    top = next((i for i, at in enumerate(filled) if at and at[0] == start), 0)
    if left == start or top == 0 or left + 1 >= sheet.width:
        return None
    of_samples, of_molecules = _corner(sheet.rows[top].cells[left])
    header = _unique([*(cell.strip() for cell in sheet.rows[top].cells[:left]), of_molecules])
    if not any(name in KEYS or compound_column(name) for name in header):
        return None
    about: dict[str, tuple[str, ...]] = {}
    rows: dict[str, int] = {}
    for i, row in enumerate(sheet.rows[: top + 1]):
        name = (of_samples if i == top else row.cells[left].strip()) or f"row {row.line}"
        name = name if name not in about else f"{name} (row {row.line})"
        if any(cell.strip() for cell in row.cells[left + 1 :]):
            about[name], rows[name] = row.cells[left + 1 :], i
    return Block(sheet, top, left, header, about, rows)


def _corner(cell: str) -> tuple[str, str]:
    """Split the cell where both headers meet: ``Group   HMDB_ID`` is a row of samples and a column of molecules."""
    parts = re.split(r"\s{2,}|\n", cell.strip())
    if len(parts) == 1 and len(words := cell.split()) == 2 and compound_column(words[1]):
        parts = words
    return (parts[0], parts[1]) if len(parts) == 2 else ("", " ".join(parts))


def from_block(block: Block, assay: Assay, sample_ids: Sequence[str]) -> Matrix:
    """Turn a sheet with header blocks into a matrix.

    Raises
    ------
    FormatError
        Merged cells among the values.
    TableError
        No id of the samples table, ids twice, or a cell that is no number.
    """
    sheet, values = block.sheet, block.left + 1
    refuse_merged(sheet, block.top + 1, values)
    refuse_logs(sheet.title, assay, sheet.file)
    chosen = names_of_samples(block.about, sample_ids, sheet.file, IDS)
    if chosen is None:
        _refuse_transposed(block, sample_ids)
        likely = next((name for name in IDS if name in block.about), next(iter(block.about), None))
        raise no_overlap(sheet.file, block.about[likely] if likely else [], sample_ids)
    ids = block.about[chosen]
    body = sheet.rows[block.top + 1 :]
    filled = [j for j, name in enumerate(ids, values) if name.strip() or any(row.cells[j].strip() for row in body)]
    rows, dropped = _molecules(block, body, filled, assay)
    header = (*block.header, *(ids[j - values] for j in filled))
    grid = grid_of(sheet.file, header, rows, text=block.header, missing=(*MISSING, *assay.missing), word=sheet.word)
    rest = [name for name in block.about if name != chosen]
    dropped += [*_mangled(block, chosen, assay), *_filled_in(sheet, assay), *offered(assay, sheet.file, rest)]
    made = matrix_of(grid, assay, sample_ids, key=block.key, annotations=block.header, dropped=dropped)
    return _described(unseen(made, assay), assay)


def _refuse_transposed(block: Block, sample_ids: Sequence[str]) -> None:
    ids = set(sample_ids)
    for j, name in enumerate(block.header):
        found = [row.cells[j] for row in block.sheet.rows[block.top + 1 :] if row.cells[j] in ids]
        if found:
            raise TableError(
                "the sheet lies the other way: its samples are in rows",
                where=block.sheet.file,
                found=f"{len(found)} ids of the samples table in column {name!r}, such as {found[0]!r}",
                expected="molecules in rows, samples in columns, as it was delivered",
                mend="transpose it in a spreadsheet, or give the delivery itself",
            )


def block_table(block: Block) -> pd.DataFrame:
    """Return what the rows above the values say, one row per sample."""
    frame = pd.DataFrame(block.about, dtype=object)
    frame.attrs.update(file=block.sheet.file, encoding="utf-8", lines=tuple(range(1, len(frame) + 1)))
    return frame


def _molecules(
    block: Block, body: Sequence[Row], filled: Sequence[int], assay: Assay
) -> tuple[list[Row], list[Dropped]]:
    """Return the rows of molecules: footnotes go and are told, annotations that became dates are emptied."""
    at, values = block.header.index(block.key), block.left + 1
    emptied = {j for j in range(values) if block.header[j] not in (block.key, block.name)}
    rows, dropped = [], []
    for i, row in enumerate(body, block.top + 1):
        kept = ("" if (i, j) in block.sheet.dates and j in emptied else row.cells[j] for j in range(values))
        cells = (*kept, *(row.cells[j] for j in filled))
        if row.cells[at].strip() or any(cell.strip() for cell in cells[values:]):
            rows.append(Row(row.line, cells))
        elif any(cells):
            text = next(cell for cell in cells if cell)
            dropped.append(
                _note(assay, block.sheet, f"{block.sheet.word} {row.line}", f"no id and no values: {text[:80]!r}")
            )
    return rows, dropped


def from_linked(
    sheet: Sheet, samples: Sheet | None, molecules: Sheet, assay: Assay, sample_ids: Sequence[str]
) -> Matrix:
    """Turn a sheet with samples in rows, and the two that describe samples and molecules, into a matrix.

    Raises
    ------
    FormatError
        Merged cells among the values.
    TableError
        No id of the samples table, molecules without annotations, ids twice, or a cell that is no number.
    """
    refuse_merged(sheet, 1, 1)
    refuse_logs(sheet.title, assay, sheet.file)
    header, body = sheet.rows[0].cells, square(sheet.rows[1:], sheet.width, sheet.file, "row")
    about = plain_table(samples) if samples is not None else pd.DataFrame()
    named = _renamed([row.cells[0] for row in body], about, header[0], sample_ids, sheet.file)
    rows = [Row(row.line, (name, *row.cells[1:])) for row, name in zip(body, named, strict=True)]
    grid = grid_of(sheet.file, header, rows, missing=(*MISSING, *assay.missing), word="row")
    plain = replace(assay, features=replace(assay.features, columns=(), id=None, label=None))
    made = from_grid(grid, replace(plain, orientation="samples_in_rows"), sample_ids)
    described, dropped = _annotations(plain_table(molecules), made.features, assay)
    told = [*dropped, *_filled_in(sheet, assay), *offered(assay, sheet.file, [str(c) for c in about.columns])]
    return _described(unseen(replace(made, annotations=described, dropped=(*made.dropped, *told)), assay), assay)


def _renamed(own: list[str], about: pd.DataFrame, column: str, sample_ids: Sequence[str], file: str) -> list[str]:
    """Return the samples' ids: the sheet's own names, or what the sheet of samples calls them in another column."""
    if column not in about.columns:
        return own
    rows = about[column].astype(str).tolist()
    require_unique(rows, lambda i: f"row {about.attrs['lines'][i]}", what="sample", file=str(about.attrs["file"]))
    others = about.set_index(column).reindex(own)
    candidates = {column: own} | {str(name): others[name].fillna("").astype(str).tolist() for name in others.columns}
    return list(candidates[names_of_samples(candidates, sample_ids, file, (column, *IDS)) or column])


def _annotations(frame: pd.DataFrame, features: Sequence[str], assay: Assay) -> tuple[pd.DataFrame, list[Dropped]]:
    """Bring the sheet of annotations into the order of the features; say which have none."""
    file = str(frame.attrs["file"])
    counts = {str(name): len(set(frame[name].astype(str)).intersection(features)) for name in frame.columns}
    best = max(counts, key=lambda name: counts[name], default="")
    if not counts.get(best):
        raise TableError(
            "the sheet of annotations names none of the molecules",
            where=file, found=listing(map(repr, features), 3), expected="the ids of the data's header in one column",
            mend="give the workbook as it was delivered",
        )  # fmt: skip
    ids = frame[best].astype(str).tolist()
    require_unique(ids, lambda i: f"row {frame.attrs['lines'][i]}", what="feature", file=file)
    without = [name for name in features if name not in set(ids)]
    note = f"{len(without)} molecules are not on the sheet of annotations: {listing(map(repr, without), 4)}"
    dropped = [Dropped("row", f"assay {assay.name}", "annotations", f"{file}: {note}")] if without else []
    made = frame.set_index(frame[best].astype(str)).reindex(list(features)).fillna("")
    made.index = pd.Index(list(features), dtype=object)
    return made.astype(object), dropped


def _described(matrix: Matrix, assay: Assay) -> Matrix:
    """Give the annotations our names, take marks off the names, and tell the level of identification by them."""
    keep = {*assay.features.columns, assay.features.label, assay.features.id}
    frame = compound_columns(matrix.annotations, keep)
    if "name" not in frame.columns:
        return replace(matrix, annotations=frame)
    given = frame["name"].astype(str)
    if "identity_level" not in frame.columns:
        kinds = frame["TYPE"].tolist() if "TYPE" in frame.columns else [""] * len(frame)
        frame["identity_level"] = [_level(name, str(kind)) for name, kind in zip(given, kinds, strict=True)]
    frame["name"] = [_MARKS.sub("", name) for name in given]
    return replace(matrix, annotations=frame, label="name")


def _level(name: str, kind: str) -> str:
    if _UNKNOWN.fullmatch(name.strip()) or kind.upper() == "UNNAMED":
        return "4"
    if not name.strip():
        return ""
    return "2" if _MARKS.search(name) else "1"


def _mangled(block: Block, chosen: str, assay: Assay) -> list[Dropped]:
    """Tell of names that the spreadsheet made dates of: what they were cannot be known."""
    found: dict[str, list[str]] = {}
    for (i, j), text in block.sheet.dates.items():
        if i > block.top and j <= block.left:
            found.setdefault(block.header[j], []).append(f"{text!r} (row {i + 1})")
        elif i == block.rows[chosen] and j > block.left:
            found.setdefault(chosen, []).append(f"{text!r} (column {j + 1})")
    kept = (block.key, block.name, chosen)
    return [
        _note(
            assay, block.sheet, f"{len(cells)} date{'s' * (len(cells) > 1)} in {name}",
            f"the spreadsheet made dates of what stood there: {listing(cells, 4)}; "
            + ("kept as they are" if name in kept else "left empty"),
        )
        for name, cells in found.items()
    ]  # fmt: skip


def _filled_in(sheet: Sheet, assay: Assay) -> list[Dropped]:
    if "imp" not in short(sheet.title):
        return []
    reason = "the laboratory filled in what was below detection: no measurements; the sheet before that has the gaps"
    return [_note(assay, sheet, "values filled in", reason)]


def refuse_merged(sheet: Sheet, top: int, left: int) -> None:
    """Refuse merged cells among the values, which begin at this row and column (from 0).

    Raises
    ------
    FormatError
        The first such range.
    """
    for first_row, _, last_row, last_column in sheet.merged:
        if last_row >= top and last_column >= left:
            raise FormatError(
                "cells are merged among the values",
                where=sheet.file,
                found=f"rows {first_row + 1} to {last_row + 1}, to column {last_column + 1}",
                expected="one cell per value",
                mend="unmerge them, and write each value in its own cell",
            )


def _unique(header: Sequence[str]) -> tuple[str, ...]:
    made: list[str] = []
    for j, name in enumerate(header):
        word = name or f"column {j + 1}"
        made.append(word if word not in made else f"{word} (column {j + 1})")
    return tuple(made)


def _note(assay: Assay, sheet: Sheet, name: str, reason: str) -> Dropped:
    return Dropped("row", f"assay {assay.name}", name, f"{sheet.file}: {reason}")
