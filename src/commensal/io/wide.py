r"""Wide tables: TSV, CSV and semicolon-separated text, gzip or not; samples in rows or in columns.

Source of the format: RFC 4180 for CSV (https://www.rfc-editor.org/rfc/rfc4180), and what R's ``write.table``, pandas'
``to_csv``, ``biom convert --to-tsv``, MetaPhlAn and Metabolon's deliveries make of it.

Examples
--------
>>> import tempfile
>>> from pathlib import Path
>>> from commensal.study.declared import Assay, Features
>>> assay = Assay("serum", "metabolites", file="t.tsv", value="intensity",
...               features=Features(columns=("PATHWAY",), id="NAME"))
>>> with tempfile.TemporaryDirectory() as folder:
...     place = Path(folder, "t.tsv")
...     _ = place.write_text("NAME\tPATHWAY\tS1\tS2\nglucose\tsugar\t1.5\tNA\n")
...     matrix = read_assay(place, assay, ["S1", "S2"])
>>> matrix.samples, matrix.features, matrix.values.tolist(), matrix.annotations["PATHWAY"].tolist()
(('S1', 'S2'), ('glucose',), [[1.5], [nan]], ['sugar'])
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from commensal.errors import FormatError, StudyFileError, TableError, listing, nearest
from commensal.io.contents import MISSING, Format, Matrix, require_unique
from commensal.io.exclude import matches
from commensal.io.grid import BadCell, Grid, find_delimiter, read_grid
from commensal.io.orientation import Orientation, orient
from commensal.io.text import head_text
from commensal.study.declared import Assay
from commensal.study.loaded import Dropped

_DECIMAL_COMMA = re.compile(r"-?\d+,\d+([eE][+-]?\d+)?")


def sniff(path: Path) -> bool:
    """Say whether the file begins like delimited text."""
    text = head_text(path)
    if not text.strip() or "\x00" in text or "\ufffd" * 3 in text or text.startswith(("PAR1", "PK\x03", "{", "(")):
        return False
    try:
        find_delimiter(path.name, [line.encode() for line in text.split("\n") if line][:20])
    except FormatError:
        return False
    return True


def read_assay(path: Path, assay: Assay, sample_ids: Sequence[str]) -> Matrix:
    """Read a wide text table; see `from_grid` for what is refused."""
    missing = (*MISSING, *assay.missing)
    grid = read_grid(path, text_columns=declared_annotations(assay), missing=missing)
    return from_grid(grid, assay, sample_ids)


def read_table(path: Path) -> pd.DataFrame:
    """Read a table of text as it stands; see `table_from_grid`."""
    return table_from_grid(read_grid(path, all_text=True, missing=()))


def declared_annotations(assay: Assay) -> tuple[str, ...]:
    """Return the columns that the study file says are annotations inside the table, the id's among them."""
    inside = assay.features
    names = [*inside.columns]
    if inside.file is None:
        names += [name for name in (inside.id, inside.label) if name]
    return tuple(dict.fromkeys(names))


def table_from_grid(grid: Grid) -> pd.DataFrame:
    """Turn a grid of text into a frame of strings, exactly as in the file.

    ``attrs`` has ``file``, ``encoding`` and ``lines`` (the file's line of each row). A column without name and without
    contents (a delimiter at every line's end) is left out.

    Raises
    ------
    TableError
        Two columns of the same name.
    """
    cells = [grid.text(j) for j in range(len(grid.header))]
    keep = [j for j, name in enumerate(grid.header) if name or any(cells[j])]
    header = [grid.header[j] for j in keep]
    _refuse_twice(grid.file, header)
    frame = pd.DataFrame({grid.header[j]: pd.Series(cells[j], dtype=object) for j in keep}, columns=header)
    frame.attrs.update(file=grid.file, encoding=grid.encoding, lines=grid.lines)
    return frame


def from_grid(grid: Grid, assay: Assay, sample_ids: Sequence[str]) -> Matrix:
    """Turn a grid into a matrix: find the orientation, the ids, the annotations, the numbers.

    Raises
    ------
    TableError
        Ids on neither side or both, duplicated ids, a cell that is no number (with line, column and what stood there).
    StudyFileError
        A declared annotation column that the table does not have.
    """
    inside = declared_annotations(assay)
    for name in inside:
        if name not in grid.header:
            raise StudyFileError(
                f"the table {grid.file} has no column {name!r}",
                where=f"[assays.{assay.name}] features",
                found=listing(map(repr, grid.header), 6),
                expected=f"perhaps {nearest(name, grid.header)[0]!r}" if nearest(name, grid.header) else None,
                mend="correct the name; annotation columns inside the table need samples in columns",
            )
    ids_at = _row_names(grid, assay, inside, sample_ids)
    columns = [j for j, name in enumerate(grid.header) if j != ids_at and name not in inside]
    names = grid.text(ids_at)
    declared: Orientation | None = assay.orientation
    if inside:
        if declared == "samples_in_rows":
            raise StudyFileError(
                "annotation columns inside the table cannot go with samples in rows",
                where=f"[assays.{assay.name}] features",
                found=listing(map(repr, inside)),
                mend='orientation = "samples_in_columns", or the annotations in a file of their own: features.file',
            )
        declared = "samples_in_columns"
    way = orient(grid.file, names, [grid.header[j] for j in columns], sample_ids, declared)
    table = _Table(grid, assay, names, ids_at, columns, set(sample_ids))
    return table.samples_in_rows() if way == "samples_in_rows" else table.samples_in_columns(inside)


def _row_names(grid: Grid, assay: Assay, inside: Sequence[str], sample_ids: Sequence[str]) -> int:
    """Find the column of row names: the declared id, else the text column with most sample ids, else the first."""
    if assay.features.file is None and assay.features.id:
        return grid.header.index(assay.features.id)
    known, best, most = set(sample_ids), 0, 0
    for j, name in enumerate(grid.header):
        if name not in inside and (j == 0 or grid.is_text(j)):
            hits = len(known.intersection(grid.text(j)))
            if hits > most:
                best, most = j, hits
    if best == 0 and inside and grid.header[0] in inside:
        return 0
    return best


class _Table:
    """A grid whose orientation is about to be known."""

    def __init__(
        self, grid: Grid, assay: Assay, names: list[str], ids_at: int, columns: list[int], known: set[str]
    ) -> None:
        self.grid, self.assay, self.names, self.ids_at, self.known = grid, assay, names, ids_at, known
        self.missing = {*MISSING, *assay.missing}
        self.dropped: list[Dropped] = []
        self.columns = self._named(columns)

    def _named(self, columns: list[int]) -> list[int]:
        """Leave out columns without name and value (a delimiter at every line's end)."""
        keep = []
        for j in columns:
            numbers = self.grid.numbers(j, self.missing) if not self.grid.header[j].strip() else None
            if numbers is None or isinstance(numbers, BadCell) or not np.isnan(numbers).all():
                keep.append(j)
            else:
                self._note(f"column {j + 1}", "the column has neither a name nor a value")
        return keep

    def _note(self, name: str, reason: str) -> None:
        self.dropped.append(Dropped("row", f"assay {self.assay.name}", name, f"{self.grid.file}: {reason}"))

    def _excluded(self, name: str) -> bool:
        return any(matches(name, pattern) for pattern in self.assay.exclude)

    def _place(self, row: int, j: int) -> str:
        return f"{self.grid.file}, {self.grid.place(row)}, column {self.grid.header[j]!r}"

    def samples_in_rows(self) -> Matrix:
        header = [self.grid.header[j] for j in self.columns]
        require_unique(self.names, self.grid.place, what="sample", file=self.grid.file)
        require_unique(header, lambda i: f"column {self.columns[i] + 1}", what="feature", file=self.grid.file)
        values = np.empty((len(self.names), len(header)))
        for k, j in enumerate(self.columns):
            numbers = self.grid.numbers(j, self.missing)
            if isinstance(numbers, BadCell):
                if not self._excluded(header[k]):
                    raise self._not_a_number(numbers, j, f'exclude = ["{header[k]}"], if the column is no feature')
                numbers = np.full(len(self.names), np.nan)
            values[:, k] = numbers
        return self._matrix(
            self.names, header, values, pd.DataFrame(index=header), lambda i, k: self._place(i, self.columns[k])
        )

    def samples_in_columns(self, inside: Sequence[str]) -> Matrix:
        require_unique(self.names, self.grid.place, what="feature", file=self.grid.file)
        skip = {i for i, name in enumerate(self.names) if self.assay.exclude and self._excluded(name)}
        sample_columns: list[int] = []
        columns: list[NDArray[np.float64]] = []
        annotations = {name: self.grid.text(self.grid.header.index(name)) for name in inside}
        for j in self.columns:
            name = self.grid.header[j]
            numbers = self.grid.numbers(j, self.missing, skip)
            if not isinstance(numbers, BadCell):
                sample_columns.append(j)
                columns.append(numbers)
            elif name in self.known:
                raise self._not_a_number(numbers, j, None)
            else:
                annotations[name or f"column {j + 1}"] = self.grid.text(j)
                self._note(
                    f"column {name!r}",
                    f"no id of the samples table, and it holds text ({numbers.found!r}, "
                    f"{self.grid.place(numbers.row)}): kept as an annotation of the features, not as a sample",
                )
        header = [self.grid.header[j] for j in sample_columns]
        require_unique(header, lambda i: f"column {sample_columns[i] + 1}", what="sample", file=self.grid.file)
        frame = pd.DataFrame(annotations, index=pd.Index(self.names, dtype="object"), dtype=object)
        values = np.array(columns).reshape(len(columns), len(self.names))
        return self._matrix(header, self.names, values, frame, lambda i, k: self._place(k, sample_columns[i]))

    def _matrix(
        self,
        samples: Sequence[str],
        features: Sequence[str],
        values: NDArray[np.float64],
        annotations: pd.DataFrame,
        place: Callable[[int, int], str],
    ) -> Matrix:
        return Matrix(
            self.grid.file,
            tuple(samples),
            tuple(features),
            values,
            annotations,
            place,
            tuple(self.dropped),
            self.grid.encoding,
        )

    def _not_a_number(self, cell: BadCell, j: int, mend: str | None) -> TableError:
        if _DECIMAL_COMMA.fullmatch(cell.found.strip()):
            return TableError(
                "a number is written with a comma: a decimal comma, or one between thousands",
                where=self._place(cell.row, j),
                found=repr(cell.found),
                expected="decimal points, and nothing between thousands",
                mend="export the table again with decimal points (a spreadsheet writes them in an English locale)",
            )
        return TableError(
            "a cell is neither a number nor missing",
            where=self._place(cell.row, j),
            found=repr(cell.found),
            expected=f"a number, or one of {listing([repr(m) for m in sorted(self.missing)], 12)}",
            mend="correct the cell; or declare the code: missing = [...]" + (f"; or {mend}" if mend else ""),
        )


def _refuse_twice(file: str, header: Sequence[str]) -> None:
    twice = sorted({name for name in header if header.count(name) > 1}) if len(set(header)) < len(header) else []
    if twice:
        raise TableError(
            f"{len(twice)} column name{'s occur' if len(twice) > 1 else ' occurs'} more than once",
            where=f"{file}, header",
            found=listing(
                f"{name!r} (columns {listing(j + 1 for j, n in enumerate(header) if n == name)})" for name in twice
            ),
            expected="every column name once",
            mend="rename or remove the repeated columns",
        )


FORMAT = Format(
    "wide", "TSV, CSV or semicolon-separated text (gz), samples in rows or columns", sniff, read_assay, read_table
)
