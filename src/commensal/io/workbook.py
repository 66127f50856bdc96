r"""Excel workbooks: Metabolon's deliveries in both layouts, and plain tables.

The layout is known by the sheet's contents: an upper left corner that is empty (header blocks, `metabolon`), a sheet
``Chemical Annotation`` beside it (linked sheets), else one header row, as in a TSV.

Examples
--------
>>> import tempfile
>>> from pathlib import Path
>>> import openpyxl
>>> book = openpyxl.Workbook()
>>> for row in (["molecule", "S1", "S2"], ["nicotinamide", 3.5, None]):
...     book.active.append(row)
>>> with tempfile.TemporaryDirectory() as folder:
...     place = Path(folder, "serum.xlsx")
...     book.save(place)
...     matrix = read_assay(place, Assay("serum", "metabolites", file="serum.xlsx", value="intensity"), ["S1", "S2"])
>>> matrix.samples, matrix.features, matrix.values.tolist()
(('S1', 'S2'), ('nicotinamide',), [[3.5], [nan]])
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from commensal.errors import FormatError, listing
from commensal.io.contents import MISSING, Format, Matrix
from commensal.io.metabolon import IDS, block_table, find_block, from_block, from_linked, refuse_merged
from commensal.io.rows import grid_of, square
from commensal.io.sheets import Workbook, empty_sheet, is_workbook, open_workbook, plain_table, short
from commensal.io.wide import declared_annotations, from_grid
from commensal.study.declared import Assay

DATA, ANNOTATION, SAMPLES = "Peak Area Data", "Chemical Annotation", "Sample Meta Data"


def read_assay(path: Path, assay: Assay, sample_ids: Sequence[str]) -> Matrix:
    """Read one sheet of a workbook: the one that ``sheet`` names, else OrigScale, Peak Area Data, or the only one.

    Raises
    ------
    StudyFileError
        No such sheet.
    FormatError
        A damaged workbook, several sheets and none named, merged cells among the values.
    TableError
        No id of the samples table, or a cell that is no number.
    """
    with open_workbook(path) as book:
        sheet = book.sheet(_choose(book, assay))
        if not sheet.rows:
            raise empty_sheet(sheet)
        if (block := find_block(sheet)) is not None:
            return from_block(block, assay, sample_ids)
        if ANNOTATION in book.titles and sheet.rows[0].cells[0] in IDS:
            samples = book.sheet(SAMPLES) if SAMPLES in book.titles else None
            return from_linked(sheet, samples, book.sheet(ANNOTATION), assay, sample_ids)
        refuse_merged(sheet, 1, 1)
        top = next(i for i, row in enumerate(sheet.rows) if any(cell.strip() for cell in row.cells))
        body = square(sheet.rows[top + 1 :], sheet.width, sheet.file, "row")
        if not body:
            raise empty_sheet(sheet)
        text, missing = declared_annotations(assay), (*MISSING, *assay.missing)
        grid = grid_of(sheet.file, sheet.rows[top].cells, body, text=text, missing=missing, word="row")
        return from_grid(grid, assay, sample_ids)


def read_table(path: Path) -> pd.DataFrame:
    """Read what a workbook says of samples: its sheet of them, the rows above the values, or its only sheet as it is.

    Raises
    ------
    FormatError
        Several sheets, and none of them is known.
    """
    with open_workbook(path) as book:
        if SAMPLES in book.titles:
            return plain_table(book.sheet(SAMPLES))
        titles = [title for title in book.titles if short(title).startswith("origscale")] or list(book.titles)
        sheets = [sheet for sheet in map(book.sheet, titles[:20]) if sheet.rows]
        for sheet in sheets:
            if (block := find_block(sheet)) is not None:
                return block_table(block)
        if len(sheets) == 1:
            return plain_table(sheets[0])
        raise FormatError(
            "the workbook has several sheets" if sheets else "the workbook is empty",
            where=path.name,
            found=listing(map(repr, titles)),
            expected=f"one sheet, or one called {SAMPLES!r}",
            mend="save the sheet that is meant as TSV, or alone in a workbook",
        )


def _choose(book: Workbook, assay: Assay) -> str:
    if assay.sheet is not None:
        return book.named(assay.sheet, f"[assays.{assay.name}] sheet")
    original = [title for title in book.titles if short(title).startswith("origscale")]
    fitting = original or [title for title in book.titles if title == DATA] or list(book.titles)
    if len(fitting) == 1:
        return fitting[0]
    raise FormatError(
        "the workbook has several sheets, and the study file names none of them",
        where=book.file,
        found=listing(map(repr, fitting), 12),
        expected=f'sheet = "{fitting[0]}", or another one',
        mend=f"name it under [assays.{assay.name}]",
    )


FORMAT = Format(
    "workbook",
    "Excel workbook (.xlsx): Metabolon's deliveries, or a plain table",
    is_workbook,
    read_assay,
    read_table,
    sheets=True,
)
