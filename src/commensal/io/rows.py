"""Tables inside a larger file (after header blocks, between marks, on a sheet): from rows of cells to a matrix."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa

from commensal.errors import FormatError, TableError, listing
from commensal.io.contents import MISSING, Matrix
from commensal.io.grid import NAMES, Grid
from commensal.io.text import Text
from commensal.io.wide import from_grid
from commensal.study.declared import Assay
from commensal.study.loaded import Dropped


@dataclass(frozen=True, slots=True)
class Row:
    """One row of cells, and where it stands."""

    line: int  #: line in the file, or row on the sheet
    cells: tuple[str, ...]


def cut(text: Text, delimiter: str) -> list[Row]:
    r"""Cut a text into rows of cells; quotes are taken as such where they come in pairs.

    Raises
    ------
    FormatError
        A quote that does not end.

    Examples
    --------
    >>> cut(Text("t.csv", b'a,"b, c"\n1,2\n', "utf-8"), ",")
    [Row(line=1, cells=('a', 'b, c')), Row(line=2, cells=('1', '2'))]
    """
    data = text.data.decode()
    marks = data.count('"')
    if not marks or (delimiter == "\t" and marks % 2):
        return [Row(i, tuple(line.split(delimiter))) for i, line in enumerate(data.split("\n"), 1)]
    reader = csv.reader(io.StringIO(data, newline=""), delimiter=delimiter, strict=True)
    rows, start = [], 1
    try:
        for cells in reader:
            rows.append(Row(start, tuple(cells) or ("",)))  # an empty line is one empty cell, with quotes and without
            start = reader.line_num + 1
    except csv.Error as error:
        raise FormatError(
            "the table cannot be cut into cells",
            where=f"{text.file}, line {start}",
            found=error,
            expected=f"cells separated by {NAMES.get(delimiter, repr(delimiter))}s, quotes in pairs",
            mend="look for a quote that does not end, or save it as TSV",
        ) from error
    return rows


def square(rows: Iterable[Row], width: int, file: str, word: str = "line") -> list[Row]:
    """Bring rows to one width: blank ones go, empty cells at the end come or go.

    Raises
    ------
    FormatError
        A row with something beyond the header's last cell.

    Examples
    --------
    >>> square([Row(2, ("a", "1", "")), Row(3, ("",))], 2, "t")
    [Row(line=2, cells=('a', '1'))]
    """
    made = []
    for row in rows:
        if not any(cell.strip() for cell in row.cells):
            continue
        beyond = [cell for cell in row.cells[width:] if cell.strip()]
        if beyond:
            raise FormatError(
                "a row has more cells than the header",
                where=f"{file}, {word} {row.line}",
                found=f"{len(row.cells)} cells, {beyond[0][:40]!r} among those beyond the header",
                expected=f"{width} cells",
                mend="correct the row, or name the column in the header",
            )
        made.append(replace(row, cells=(*row.cells[:width], *[""] * (width - len(row.cells)))))
    return made


def refuse_short(rows: Iterable[Row], width: int, file: str) -> None:
    """Refuse a row that ends before the header does: of a text, it is one that was cut.

    Raises
    ------
    FormatError
        The first such row, with its line.
    """
    for row in rows:
        if any(cell.strip() for cell in row.cells) and len(row.cells) < width:
            raise FormatError(
                "a row has fewer cells than the header",
                where=f"{file}, line {row.line}",
                found=f"{len(row.cells)} cells",
                expected=f"{width} cells",
                mend="correct the row, or copy the file again if it was cut short",
            )


def grid_of(
    file: str,
    header: Sequence[str],
    rows: Sequence[Row],
    *,
    text: Collection[str] = (),
    missing: Sequence[str] = MISSING,
    encoding: str = "utf-8",
    word: str = "line",
) -> Grid:
    """Make a grid of rows that all have the header's width.

    A column is of numbers where all its cells are numbers or missing; the first one and those of ``text`` never are.
    """
    cells = [[row.cells[j] for row in rows] for j in range(len(header))]
    columns = tuple(
        _text_column(cells[j]) if j == 0 or name in text else _column(cells[j], set(missing))
        for j, name in enumerate(header)
    )
    return Grid(file, tuple(header), columns, [row.line for row in rows], lambda j: cells[j], encoding, word)


def _text_column(cells: Sequence[str]) -> Any:
    return pa.chunked_array([pa.array(cells, pa.string())])


def _column(cells: Sequence[str], missing: Collection[str]) -> Any:
    known = pa.array([None if cell in missing else cell for cell in cells], pa.string())
    try:
        return pa.chunked_array([known.cast(pa.float64())])
    except pa.ArrowInvalid:
        return _text_column(cells)


def matrix_of(
    grid: Grid,
    assay: Assay,
    sample_ids: Sequence[str],
    *,
    key: str,
    annotations: Sequence[str],
    dropped: Iterable[Dropped] = (),
) -> Matrix:
    """Turn a grid with features in rows into a matrix.

    Parameters
    ----------
    grid
        Features in rows; one column of ids, columns of annotations, columns of samples.
    assay, sample_ids
        The declaration, and the ids of the samples table.
    key
        The column of ids, when the study file names none.
    annotations
        The other columns that are no samples.
    dropped
        What the reader has to say.

    Raises
    ------
    TableError
        A sample with the name of an annotation, no rows, or anything that `from_grid` refuses.
    StudyFileError
        A column that the study file names and the table has not.
    """
    own = assay.features
    inside = [name for name in dict.fromkeys(annotations) if name != key]
    others = [name for name in grid.header if name in {*inside, key}]
    if len(others) > len(set(others)):
        twice = sorted({name for name in others if others.count(name) > 1})
        raise TableError(
            "columns have the same name: a sample and an annotation, or two annotations",
            where=f"{grid.file}, header",
            found=listing(map(repr, twice)),
            expected="every column name once",
            mend="rename one of them in the file",
        )
    if not len(grid.lines):
        raise FormatError(
            "the table has a header and no rows", where=grid.file, found=f"{len(grid.header)} columns",
            expected="at least one feature", mend="give the whole table",
        )  # fmt: skip
    named = key if own.file is not None or own.id is None else own.id
    columns = tuple(dict.fromkeys([*inside, *own.columns]))
    features = replace(own, file=None, id=named, columns=tuple(name for name in columns if name != named))
    if named != key:
        features = replace(features, columns=(*features.columns, key))
    made = from_grid(grid, replace(assay, features=features), sample_ids)
    frame = made.annotations.drop(columns=key) if named == key else made.annotations
    return replace(made, annotations=frame, dropped=(*made.dropped, *dropped))


def names_of_samples(
    candidates: Mapping[str, Sequence[str]], sample_ids: Sequence[str], file: str, known: Sequence[str] = ()
) -> str | None:
    """Choose the row (or column) that holds the samples' ids: by exact overlap, those that are called so first.

    Parameters
    ----------
    candidates
        Name → one text per sample.
    sample_ids
        The ids of the samples table.
    file
        Name of the file, for messages.
    known
        Names that rows of ids have; they go before a row of other contents (an injection order may look like ids).

    Returns
    -------
    str or None
        The name; None when no candidate has any of the ids.

    Raises
    ------
    TableError
        Two rows hold equally many ids, and give them to different samples.

    Examples
    --------
    >>> names_of_samples({"order": ["2", "1"], "CLIENT_IDENTIFIER": ["1", "2"]}, ["1", "2"], "t", ["CLIENT_IDENTIFIER"])
    'CLIENT_IDENTIFIER'
    """
    ids = set(sample_ids)
    hits = {name: len(ids.intersection(cells)) for name, cells in candidates.items()}
    first = {name: hits[name] for name in candidates if name in known and hits[name]}
    hits = first or {name: n for name, n in hits.items() if n}
    if not hits:
        return None
    best = [name for name, n in hits.items() if n == max(hits.values())]
    different = [name for name in best if list(candidates[name]) != list(candidates[best[0]])]
    if different:
        raise TableError(
            "two rows of the header hold ids of the samples table, and differ",
            where=file,
            found=f"{best[0]!r} and {different[0]!r}, {max(hits.values())} ids each",
            expected="one row of sample ids",
            mend="use ids that occur in one row only, in the samples table and here",
        )
    return best[0]


#: What a file says of its samples, in the record of what was left out.
OFFERED = "columns about samples"


def offered(assay: Assay, file: str, columns: Sequence[str]) -> list[Dropped]:
    """Say once that the file describes its samples too, and that nobody has used that."""
    if not columns:
        return []
    return [
        Dropped(
            "row", f"assay {assay.name}", f"{len(columns)} {OFFERED}",
            f"{file}: {listing(columns, 6)}: not joined; to use them, name this file under [tables.samples]",
        )
    ]  # fmt: skip


def refuse_logs(said: str, assay: Assay, where: str) -> None:
    """Refuse logarithms, by what the file says of its values, where the study file declares none.

    Raises
    ------
    TableError
        Such a declaration.

    Examples
    --------
    >>> refuse_logs("log2 peak area", Assay("serum", "metabolites", value="intensity"), "t.txt")
    Traceback (most recent call last):
    commensal.errors.TableError: t.txt: the file says that its values are logarithms
      ...
    """
    if re.search(r"\b(log|ln|log2|log10)\b|log[ -]?transformed", said.lower()) and assay.value not in _LOGS:
        raise TableError(
            "the file says that its values are logarithms",
            where=where,
            found=f'{said!r}, and value = "{assay.value}"',
            expected='value = "log2", "log10" or "ln"',
            mend=f"say under [assays.{assay.name}] which logarithm it is",
        )


_LOGS = ("log2", "log10", "ln")


def unseen(matrix: Matrix, assay: Assay) -> Matrix:
    """Make missing values zeros, in a format where they mean "not detected", if the study file says what a 0 is.

    With ``zero = "below_detection"`` they are zeros, and so not seen; else they stay missing, and the record says that
    they could tell more. A sample or a feature without any value stays missing: it was not measured. So does everything
    where the study file has codes of its own for missing values, or the values are logarithms.

    Parameters
    ----------
    matrix
        As read, NaN where the file has no value.
    assay
        The declaration.

    Examples
    --------
    >>> from commensal.io.contents import no_annotations
    >>> serum = Assay("serum", "metabolites", value="intensity", zero="below_detection")
    >>> values = np.array([[5.0, np.nan], [6.0, 7.0], [np.nan, np.nan]])
    >>> read = Matrix("t", ("a", "b", "c"), ("x", "y"), values, no_annotations(["x", "y"]), lambda i, j: "")
    >>> made = unseen(read, serum)
    >>> made.values.tolist(), made.dropped[0].name
    ([[5.0, 0.0], [6.0, 7.0], [nan, nan]], '1 values missing')
    """
    gaps = np.isnan(matrix.values)
    gaps &= ~gaps.all(axis=1, keepdims=True) & ~gaps.all(axis=0, keepdims=True)
    if not gaps.any() or assay.value in _LOGS or assay.missing:
        return matrix
    means = f"{matrix.file}: in this format no value means not detected: "
    values = matrix.values
    if assay.zero == "below_detection":
        values = np.where(gaps, 0.0, values)
        means += "read as 0, not seen"
    else:
        means += 'read as missing; zero = "below_detection" keeps what it says'
    note = Dropped("row", f"assay {assay.name}", f"{int(gaps.sum())} values missing", means)
    return replace(matrix, values=values, dropped=(*matrix.dropped, note))


#: Cells that stand where nothing is known, in columns of annotations (besides `MISSING`).
PLACEHOLDERS = frozenset({*MISSING, "n/a", "-", "--", "none", "None", "NULL", "#N/A"})
