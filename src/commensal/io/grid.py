"""A delimited or columnar table as columns: header, cells, and the line of each row. No meaning yet."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
from numpy.typing import NDArray

from commensal.cells import unescaped
from commensal.errors import FormatError
from commensal.io.contents import MISSING
from commensal.io.text import Text, load_text

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|[+-]?inf(inity)?", re.ASCII | re.IGNORECASE)
_DELIMITERS = ("\t", ";", ",")
NAMES = {"\t": "tab", ";": "semicolon", ",": "comma"}


@dataclass(frozen=True, slots=True)
class BadCell:
    """A cell that is neither a number nor missing."""

    row: int
    found: str


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """A table of columns, each typed as numbers where all its cells are numbers or missing, else text."""

    file: str
    header: tuple[str, ...]
    columns: tuple[Any, ...]  #: one pyarrow ChunkedArray per header cell
    lines: Sequence[int]  #: line (Parquet: row) of each row in the file
    reread: Callable[[int], list[str]]  #: column j as text, exactly as in the file
    encoding: str = "utf-8"
    row_word: str = "line"
    preamble: tuple[str, ...] = ()  #: comment lines before the header

    def is_text(self, j: int) -> bool:
        """Say whether column j was read as text."""
        return bool(pa.types.is_string(self.columns[j].type) or pa.types.is_large_string(self.columns[j].type))

    def text(self, j: int) -> list[str]:
        """Return the cells of column j as in the file (`cells.escaped` undone); missing ones of Parquet are empty."""
        if self.is_text(j):
            return ["" if cell is None else unescaped(cell) for cell in self.columns[j].to_pylist()]
        return [unescaped(cell) for cell in self.reread(j)]

    def place(self, row: int) -> str:
        """Say where a row stands: ``line 7``."""
        return f"{self.row_word} {self.lines[row]}"

    def numbers(
        self, j: int, missing: Collection[str] = MISSING, skip: Collection[int] = ()
    ) -> NDArray[np.float64] | BadCell:
        """Return column j as float64 (NaN = missing), or its first cell that is no number; rows in ``skip`` are NaN."""
        column = self.columns[j]
        kind = column.type
        if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_null(kind):
            return np.array(column.cast(pa.float64()).to_numpy(), dtype=np.float64)
        out = np.full(len(column), np.nan)
        for row, cell in enumerate(self.text(j)):
            stripped = cell.strip()
            if stripped in missing or row in skip:
                continue
            if not _NUMBER.fullmatch(stripped):
                return BadCell(row, cell)
            out[row] = float(stripped)
        return out


def read_grid(
    path: Path, *, text_columns: Collection[str] = (), all_text: bool = False, missing: Sequence[str] = MISSING
) -> Grid:
    r"""Read delimited text (TSV, CSV, semicolons; gzip or not) into columns.

    The delimiter is found in the contents, not in the file's name. Comment lines (``#``, one cell) before the header
    are set aside. A header with one cell fewer than the rows (R's ``write.table``) gets an unnamed first column. The
    first column is always text.

    Raises
    ------
    FormatError
        No delimiter, a header without rows, or a row with another number of cells than the header (with its line).

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     place = Path(folder, "t.csv")
    ...     _ = place.write_text("id\tS1\tS2\nb\t1\tNA\n")
    ...     grid = read_grid(place)
    >>> grid.header, grid.text(0), grid.numbers(2)
    (('id', 'S1', 'S2'), ['b'], array([nan]))
    """
    return parse_grid(load_text(path), text_columns=text_columns, all_text=all_text, missing=missing)


def parse_grid(
    text: Text, *, text_columns: Collection[str] = (), all_text: bool = False, missing: Sequence[str] = MISSING
) -> Grid:
    """Parse delimited text into columns; see `read_grid`."""
    lines = _trim(text.data)
    if not lines:
        raise FormatError(
            "the file is empty", where=text.file, found="separators and nothing between them", mend="give the table"
        )
    skipped = 0
    delimiter = find_delimiter(text.file, lines)
    while len(lines) > skipped + 1 and lines[skipped].startswith(b"#") and delimiter.encode() not in lines[skipped]:
        skipped += 1
    preamble = tuple(line.decode() for line in lines[:skipped])
    lines = lines[skipped:]
    marks = sum(line.count(b'"') for line in lines)
    quoted = marks > 0 and not (delimiter == "\t" and marks % 2)  # an odd one in a TSV is a double prime, not a quote
    header, header_lines = _header(lines, delimiter, quoted)
    header = [unescaped(name) for name in header]
    if not any(name.strip() for name in header):
        raise FormatError(
            "the first line names no column",
            where=f"{text.file}, line {skipped + 1}",
            found="an empty line" if len(header) < 2 else "separators and nothing between them",
            expected="the names of the columns",
            mend="remove empty lines above the header",
        )
    body = lines[header_lines:]
    if not body:
        raise FormatError(
            "the table has a header and no rows",
            where=f"{text.file}, line {skipped + 1}",
            found=f"{len(header)} column names",
            expected="at least one row below the header",
            mend="give the whole table",
        )
    first = skipped + header_lines + 1
    if not quoted and body[0].count(delimiter.encode()) == len(header):
        header = ["", *header]
    if not quoted:
        _refuse_ragged(text.file, body, header, delimiter, first)
    data = b"\n".join(body) + b"\n"
    parse = _Parser(text.file, data, len(header), delimiter, quoted, tuple(missing), first)
    if quoted and parse.width() == len(header) + 1:
        header = ["", *header]
        parse = _Parser(text.file, data, len(header), delimiter, quoted, tuple(missing), first)
    as_text = [j for j, name in enumerate(header) if all_text or j == 0 or name in text_columns]
    table = parse(as_text)
    rows: Sequence[int] = range(first, first + table.num_rows)
    if quoted and table.num_rows != len(body):
        rows = parse.record_lines()
    columns = tuple(table.columns)
    return Grid(text.file, tuple(header), columns, rows, parse.text, text.encoding, preamble=preamble)


@dataclass(frozen=True, slots=True)
class _Parser:
    """The body of a table, ready for pyarrow: one block, so that types are inferred from every row."""

    file: str
    data: bytes
    n: int
    delimiter: str
    quoted: bool
    missing: tuple[str, ...]
    first: int

    def __call__(self, as_text: Sequence[int], only: int | None = None) -> Any:
        bad: list[Any] = []

        def note(row: Any) -> str:
            bad.append(row)
            return "skip"

        try:
            table = self._read(as_text, only, note)
        except pa.ArrowInvalid as error:
            raise FormatError(
                "the table cannot be cut into cells",
                where=self.file,
                found=str(error).splitlines()[0][:160],
                expected=f"cells separated by {NAMES[self.delimiter]}s, quotes in pairs",
                mend="look for a quote that does not end, or save it as TSV",
            ) from error
        if bad:
            raise _ragged(self.file, self.first - 1 + bad[0].number, bad[0].actual_columns, self.n, self.delimiter)
        return table

    def _read(self, as_text: Sequence[int], only: int | None, note: Callable[[Any], str]) -> Any:
        names = [f"c{j}" for j in range(self.n)]
        return pacsv.read_csv(
            pa.BufferReader(self.data),
            read_options=pacsv.ReadOptions(
                column_names=names, block_size=min(max(len(self.data) + 1, 1 << 16), 2**31 - 2), use_threads=False
            ),
            parse_options=pacsv.ParseOptions(
                delimiter=self.delimiter,
                quote_char='"' if self.quoted else False,
                newlines_in_values=self.quoted,
                ignore_empty_lines=False,
                invalid_row_handler=note,
            ),
            convert_options=pacsv.ConvertOptions(
                column_types={names[j]: pa.string() for j in as_text},
                null_values=list(self.missing),
                strings_can_be_null=False,
                include_columns=names if only is None else [names[only]],
            ),
        )

    def text(self, j: int) -> list[str]:
        return [str(cell) for cell in self([j], only=j).column(0).to_pylist()]

    def records(self) -> Iterator[tuple[int, list[str]]]:
        reader = csv.reader(io.StringIO(self.data.decode(), newline=""), delimiter=self.delimiter)
        start = self.first
        with _refusing_broken_quotes():
            for record in reader:
                yield start, record
                start = self.first + reader.line_num

    def width(self) -> int:
        return len(next(self.records())[1])

    def record_lines(self) -> tuple[int, ...]:
        return tuple(line for line, _ in self.records())


def _trim(data: bytes) -> list[bytes]:
    """Split into lines without the blank ones (empty, or only delimiters) at the end."""
    lines = data.split(b"\n")
    while lines and not lines[-1].strip(b"\t,; \r"):
        lines.pop()
    return lines


def _header(lines: Sequence[bytes], delimiter: str, quoted: bool) -> tuple[list[str], int]:
    if not quoted:
        return lines[0].decode().split(delimiter), 1
    reader = csv.reader((line.decode() + "\n" for line in lines), delimiter=delimiter)
    with _refusing_broken_quotes():
        cells = next(reader)
    return cells, reader.line_num


def _cells(line: str, delimiter: str) -> int:
    if '"' not in line:
        return line.count(delimiter) + 1
    with _refusing_broken_quotes():
        return len(next(csv.reader([line], delimiter=delimiter), []))


@contextmanager
def _refusing_broken_quotes() -> Iterator[None]:
    """Turn what the csv module cannot read into our error."""
    try:
        yield
    except csv.Error as error:
        raise FormatError(
            "the table cannot be cut into cells",
            found=error,
            expected="cells separated by tabs, commas or semicolons, quotes in pairs",
            mend="look for a quote that does not end, or save it as TSV",
        ) from error


def find_delimiter(file: str, lines: Sequence[bytes]) -> str:
    """Find which of tab, semicolon and comma cuts the first lines into equally many cells.

    Raises
    ------
    FormatError
        None of them occurs in the header and the rows.

    Examples
    --------
    >>> find_delimiter("t", [b"id,d__Bacteria;p__A", b"S1,3"])
    ','
    """
    sample = [line.decode() for line in lines[:50]]
    while len(sample) > 2 and sample[0].startswith("#") and not any(d in sample[0] for d in _DELIMITERS[:1]):
        sample = sample[1:]
    best: tuple[float, int, str] | None = None
    for delimiter in _DELIMITERS:
        counts = [_cells(line, delimiter) for line in sample]
        if not counts or (counts[0] < 2 and (len(counts) == 1 or counts[1] < 2)):
            continue
        agree = sum(count in (counts[0], counts[0] + 1) and count > 1 for count in counts) / len(counts)
        score = (agree, 1 if delimiter == "\t" else 0, delimiter)
        if best is None or score[:2] > best[:2] or (score[:2] == best[:2] and counts[0] > _cells(sample[0], best[2])):
            best = score
    if best is None:
        raise FormatError(
            "the table has one column only, or a separator that is not known",
            where=f"{file}, line 1",
            found=repr(sample[0][:60]) if sample else "nothing",
            expected="cells separated by tabs, commas or semicolons",
            mend="save it as TSV",
        )
    return best[2]


def _refuse_ragged(file: str, body: Sequence[bytes], header: Sequence[str], delimiter: str, first: int) -> None:
    cut, n = delimiter.encode(), len(header)
    for i, line in enumerate(body):
        if (found := line.count(cut) + 1) != n:
            raise _ragged(file, first + i, found if line else 0, n, delimiter)


def _ragged(file: str, line: int, found: int, n: int, delimiter: str) -> FormatError:
    mend = "correct the row"
    if delimiter == "," and found > n:
        mend = "quote cells that hold a comma; if numbers have decimal commas, export with decimal points or as TSV"
    elif found == 0:
        mend = "delete the blank line"
    return FormatError(
        "a row has another number of cells than the header",
        where=f"{file}, line {line}",
        found=f"{found} cells",
        expected=f"{n} cells, separated by {NAMES[delimiter]}s",
        mend=mend,
    )
