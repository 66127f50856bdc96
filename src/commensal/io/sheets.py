"""Sheets of an Excel workbook (.xlsx) as rows of text: what is stored, never what a formula would give.

Source of the format: ECMA-376 (Office Open XML), read by openpyxl. A workbook is a zip archive that anyone may have
made: sizes are checked before anything is unpacked, and no part may hold a document type (entities that expand).
"""

from __future__ import annotations

import io
import re
import warnings
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pandas as pd

from commensal.errors import FormatError, StudyFileError, listing, nearest
from commensal.io.paths import require_file
from commensal.io.rows import Row, grid_of, square
from commensal.io.wide import table_from_grid
from commensal.limits import exceeded, limit

#: A part that unpacks to more than this many times its size was made to; real sheets reach 10–30.
MOST_PACKED = 200
_MERGED = re.compile(rb'<(?:\w+:)?mergeCell\s+ref="([A-Z]{1,3})(\d{1,7}):([A-Z]{1,3})(\d{1,7})"')
_FORMULA = re.compile(rb"<(?:\w+:)?f[\s>/]")


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet: rows of text to the last cell that holds something."""

    file: str  #: name of the file and of the sheet, for messages
    title: str
    rows: list[Row]  #: all of one width
    dates: dict[tuple[int, int], str] = field(default_factory=dict)  #: (row, column) of cells that are dates → text
    merged: tuple[tuple[int, int, int, int], ...] = ()  #: first row, first column, last row, last column (from 0)
    word: str = "row"  #: what `Row.line` counts

    @property
    def width(self) -> int:
        """Number of columns."""
        return len(self.rows[0].cells) if self.rows else 0


@dataclass(frozen=True, slots=True)
class Workbook:
    """An open workbook: its name, and the titles of its visible sheets."""

    file: str
    titles: tuple[str, ...]
    book: Any
    formulas: Any  #: the same, opened for the formulas behind the values; None when it has none
    merged: dict[str, tuple[tuple[int, int, int, int], ...]]

    def sheet(self, title: str) -> Sheet:
        """Read one sheet.

        Raises
        ------
        FormatError
            A damaged sheet, too many cells, or a formula whose value is not stored.
        """
        file = f"{self.file}, sheet {title!r}"
        with _damaged(self.file):
            cells, dates = _cells(self.book[title], file)
            if self.formulas is not None:
                _refuse_unvalued(self.formulas[title], cells, file)
        width = max((len(row) for row in cells), default=0)
        merged = self.merged.get(title, ())
        _fill_merged(cells, merged, width, file)
        rows = [Row(i, (*row, *[""] * (width - len(row)))) for i, row in enumerate(cells, 1)]
        return Sheet(file, title, rows, dates, merged)

    def named(self, wanted: str, key: str) -> str:
        """Return the title that the study file names.

        Raises
        ------
        StudyFileError
            No visible sheet of this name.
        """
        if wanted in self.titles:
            return wanted
        close = nearest(wanted, self.titles)
        raise StudyFileError(
            f"{self.file} has no sheet {wanted!r}",
            where=key,
            found=listing(map(repr, self.titles), 12),
            expected=f"perhaps {close[0]!r}" if close else "one of these",
            mend="correct the name",
        )


def is_workbook(path: Path) -> bool:
    """Say whether a file is a zip archive that holds a workbook; never raises on strange contents."""
    try:
        with path.open("rb") as stream:
            if stream.read(4) != b"PK\x03\x04":
                return False
        with zipfile.ZipFile(path) as archive:
            return "xl/workbook.xml" in archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return path.suffix.lower() == ".xlsx"


@contextmanager
def open_workbook(path: Path) -> Iterator[Workbook]:
    """Open a workbook for reading, after its archive has been checked.

    Raises
    ------
    TableError
        No such file.
    FormatError
        Damaged, too large, with a document type inside, or without a visible sheet.
    """
    import openpyxl

    require_file(path)
    with _damaged(path.name), zipfile.ZipFile(path) as archive:
        _refuse_large(archive, path.name)
        merged, formulas = _scan(archive, path.name)
    with _damaged(path.name):  # by its bytes: openpyxl goes by the ending of a name, and names lie
        whole = path.read_bytes()
        book = openpyxl.load_workbook(io.BytesIO(whole), read_only=True, data_only=True)
        behind = openpyxl.load_workbook(io.BytesIO(whole), read_only=True, data_only=False) if formulas else None
        sheets = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"]
        places = {sheet.title: merged.get(str(sheet._worksheet_path).lstrip("/"), ()) for sheet in sheets}
    if not sheets:
        raise FormatError(
            "the workbook has no visible sheet", where=path.name, found=f"{len(book.sheetnames)} hidden ones",
            mend="show the sheet and save the workbook",
        )  # fmt: skip
    try:
        yield Workbook(path.name, tuple(sheet.title for sheet in sheets), book, behind, places)
    finally:
        book.close()
        if behind is not None:
            behind.close()


@contextmanager
def _damaged(file: str) -> Iterator[None]:
    """Turn whatever openpyxl and zipfile raise at a damaged workbook into our error, and keep their warnings quiet."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except (FormatError, StudyFileError):
        raise
    except Exception as error:
        raise FormatError(
            "the workbook is damaged or cut short",
            where=file,
            found=f"{type(error).__name__}: {str(error)[:100]}",
            expected="an Excel workbook (.xlsx)",
            mend="copy it again, or open it in a spreadsheet and save it as .xlsx",
        ) from error


def _refuse_large(archive: zipfile.ZipFile, file: str) -> None:
    members = archive.infolist()
    if len(members) > limit("MEMBERS"):
        raise exceeded("MEMBERS", file, f"{len(members):,} members")
    size = sum(member.file_size for member in members)
    packed = [m for m in members if m.file_size > 1 << 24 and m.file_size > MOST_PACKED * max(m.compress_size, 1)]
    if size > limit("WORKBOOK") or packed:
        raise FormatError(
            "the workbook unpacks to more than is allowed",
            where=file,
            found=f"{size:,} bytes"
            + (f", {packed[0].filename} from {packed[0].compress_size:,} bytes" if packed else ""),
            expected=f"at most {limit('WORKBOOK'):,}, and {MOST_PACKED} times the packed size",
            mend="save the sheet as TSV, or set COMMENSAL_LIMIT_WORKBOOK",
        )


def _scan(archive: zipfile.ZipFile, file: str) -> tuple[dict[str, tuple[tuple[int, int, int, int], ...]], bool]:
    """Look through the parts once: refuse document types; note formulas, and merged cells (openpyxl drops them)."""
    merged: dict[str, tuple[tuple[int, int, int, int], ...]] = {}
    formulas = False
    for member in archive.infolist():
        if not member.filename.endswith((".xml", ".rels")):
            continue
        data = archive.read(member)
        if b"<!DOCTYPE" in data[:4096] or b"<!ENTITY" in data[:4096] or data.startswith((b"\xff\xfe", b"\xfe\xff")):
            raise FormatError(
                "a part of the workbook is written as no spreadsheet writes it",
                where=f"{file}, {member.filename}",
                found="a document type, or UTF-16",
                mend="open it in a spreadsheet and save it as .xlsx",
            )
        if member.filename.startswith("xl/worksheets/"):
            formulas = formulas or _FORMULA.search(data) is not None
            merged[member.filename] = tuple(
                (int(top) - 1, _column(left), int(bottom) - 1, _column(right))
                for left, top, right, bottom in _MERGED.findall(data)
            )
    return merged, formulas


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number - 1


def _cells(sheet: Any, file: str) -> tuple[list[list[str]], dict[tuple[int, int], str]]:
    """Read the cells as text, to the last one that holds something."""
    sheet.reset_dimensions()  # what the file says of its size may be wrong, and need not be there
    rows: list[list[str]] = []
    dates: dict[tuple[int, int], str] = {}
    last = total = 0
    for i, values in enumerate(sheet.iter_rows(values_only=True)):
        cells = [_text(value) for value in values]
        while cells and not cells[-1]:
            cells.pop()
        total += len(cells) + 1
        if total > limit("SHEET_CELLS"):
            raise _too_large(file)
        dates.update({(i, j): cells[j] for j, v in enumerate(values) if isinstance(v, (date, time, timedelta))})
        rows.append(cells)
        last = i + 1 if any(cell.strip() for cell in cells) else last
    return rows[:last], dates


def _fill_merged(cells: list[list[str]], merged: tuple[tuple[int, int, int, int], ...], width: int, file: str) -> None:
    """Write what the first of merged cells holds into all of them, as far as the sheet reaches."""
    filled = 0
    for top, left, bottom, right in merged:
        if top >= len(cells) or left >= len(cells[top]):
            continue
        last, end = min(bottom + 1, len(cells)), min(right + 1, width)
        filled += (last - top) * (end - left)
        if filled > limit("SHEET_CELLS"):
            raise _too_large(file)
        for i in range(top, last):
            cells[i] += [""] * (end - len(cells[i]))
            cells[i][left:end] = [cells[top][left]] * (end - left)


def _too_large(file: str) -> FormatError:
    return FormatError(
        "the sheet has more cells than are read", where=file, found=f"more than {limit('SHEET_CELLS'):,}",
        expected="one table", mend="save the sheet as TSV",
    )  # fmt: skip


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, datetime) and value.time() == time():
        return value.date().isoformat()
    return str(value)


def _refuse_unvalued(sheet: Any, cells: list[list[str]], file: str) -> None:
    """Refuse a formula without a stored value: to compute it is the spreadsheet's work."""
    sheet.reset_dimensions()
    for i, row in enumerate(sheet.iter_rows()):
        for j, cell in enumerate(row):
            there = cells[i][j] if i < len(cells) and j < len(cells[i]) else ""
            if getattr(cell, "data_type", "n") == "f" and not there:
                raise FormatError(
                    "a cell holds a formula, and the workbook does not say what it gives",
                    where=f"{file}, cell {cell.coordinate}",
                    found=repr(str(cell.value)[:60]),
                    expected="values",
                    mend="open it in a spreadsheet and save it, or paste the cells as values",
                )


def plain_table(sheet: Sheet) -> pd.DataFrame:
    """Turn a sheet with one header row into a frame of strings, as a table of samples or annotations.

    Raises
    ------
    FormatError
        An empty sheet, or a header without rows.
    TableError
        Two columns of one name.
    """
    if not sheet.rows:
        raise empty_sheet(sheet)
    header, body = sheet.rows[0].cells, square(sheet.rows[1:], sheet.width, sheet.file, "row")
    if not body:
        raise empty_sheet(sheet)
    return table_from_grid(grid_of(sheet.file, header, body, text=header, word="row"))


def empty_sheet(sheet: Sheet) -> FormatError:
    """Build the error of a sheet without a table."""
    return FormatError(
        "the sheet has a header and no rows" if sheet.rows else "the sheet is empty",
        where=sheet.file,
        found=f"{sheet.width} columns" if sheet.rows else "no cells",
        expected="a header and rows below it",
        mend="name another sheet, or give the whole table",
    )


def short(title: str) -> str:
    """Return the letters and digits of a title, in lower case.

    Examples
    --------
    >>> short("Orig Scale"), short("Batch-norm Imputed Data")
    ('origscale', 'batchnormimputeddata')
    """
    return re.sub(r"[^a-z0-9]", "", title.lower())
