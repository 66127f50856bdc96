"""One table as declared: files stacked, columns renamed, constants added, cells as text with missing values known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from commensal.errors import TableError, listing, nearest
from commensal.study.declared import Study, Table


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the rows of a table come from, so that messages name file and line."""

    file: str
    parts: tuple[tuple[str, Sequence[int]], ...]  #: file and the line of each of its rows, in the order of the rows
    types: Mapping[str, str] = field(default_factory=dict)  #: column → number or category, where the file itself says

    @classmethod
    def of(cls, frame: pd.DataFrame, file: str = "table") -> Origin:
        """Read the origin of a frame from its ``attrs``: ``file``, and if there ``lines``, ``parts``, ``q2_types``."""
        file = str(frame.attrs.get("file", file))
        rows = frame.attrs.get("lines")
        if rows is None or len(rows) != len(frame):
            rows = range(2, len(frame) + 2)
        words = {"numeric": "number", "categorical": "category"}
        types = {str(name): words[kind] for name, kind in frame.attrs.get("q2_types", {}).items() if kind in words}
        return cls(file, frame.attrs.get("parts", ((file, rows),)), types)

    def lines(self, rows: Sequence[int], most: int = 5) -> str:
        """Name the lines of rows, and their file where several were stacked.

        Examples
        --------
        >>> Origin("samples.tsv", (("samples.tsv", range(2, 9)),)).lines([0, 3])
        'lines 2, 5'
        """
        if len(self.parts) == 1:
            numbers = [self.parts[0][1][row] for row in rows]
            return f"line{'s' * (len(numbers) > 1)} {listing(numbers, most)}"
        everyone = [(file, line) for file, numbers in self.parts for line in numbers]
        return listing((f"{everyone[row][0]} line {everyone[row][1]}" for row in rows), most)


def stack(frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Put the files of one declared table one below the other.

    Parameters
    ----------
    frames
        As read, each with ``attrs["file"]``. Their columns must be the same; their order may differ.

    Returns
    -------
    pandas.DataFrame
        Its ``attrs`` know the file and line of each row, for messages.

    Raises
    ------
    TableError
        A file lacks a column that another one has.

    Examples
    --------
    >>> a, b = pd.DataFrame({"sample": ["S1"]}), pd.DataFrame({"sample": ["S2"]})
    >>> a.attrs["file"], b.attrs["file"] = "a.tsv", "b.tsv"
    >>> both = stack([a, b])
    >>> Origin.of(both).lines([1])
    'b.tsv line 2'
    """
    if len(frames) == 1:
        return frames[0]
    origins = [Origin.of(frame, f"file {i + 1}") for i, frame in enumerate(frames)]
    names = [origin.file for origin in origins]
    for frame, name in zip(frames, names, strict=True):
        odd = set(frame.columns) ^ set(frames[0].columns)
        if odd:
            raise TableError(
                "files of one table have different columns",
                where=f"{names[0]}, {name}",
                found=f"only in one of them: {listing(sorted(map(str, odd)))}",
                expected="the same columns in each",
                mend="rename or add the columns, or declare two tables",
            )
    # Without their attrs: pandas would compare and copy them.
    bare = [pd.DataFrame(frame[list(frames[0].columns)].copy()) for frame in frames]
    for frame in bare:
        frame.attrs = {}
    both = pd.concat(bare, ignore_index=True)
    both.attrs = {
        "file": ", ".join(names),
        "parts": tuple(part for origin in origins for part in origin.parts),
        "q2_types": frames[0].attrs.get("q2_types", {}),
    }
    return both


def as_text(column: pd.Series[Any]) -> list[str]:
    """Write the cells of a column as text; a cell that is blank or null is the empty text.

    Typed columns (Parquet) are written as a person would: ``3`` for 3.0, ``true`` for True.
    """
    if pd.api.types.is_bool_dtype(column.dtype):
        return ["" if pd.isna(value) else str(bool(value)).lower() for value in column]
    if pd.api.types.is_numeric_dtype(column.dtype):
        return ["" if pd.isna(value) else _number_text(value) for value in column]
    return ["" if pd.isna(value) or not str(value).strip() else str(value) for value in column.astype(object)]


def _number_text(value: Any) -> str:
    return str(int(value)) if np.isfinite(value) and float(value).is_integer() else repr(float(value))


def declared_cells(study: Study, table: Table, frame: pd.DataFrame) -> tuple[pd.DataFrame, Origin]:
    """Rename a table's columns as declared, add its constants, and write every cell as text.

    Missing codes are still there: a variable's ``map`` may give one of them a meaning.

    Raises
    ------
    TableError
        A declared column that the file does not have, names that collide, columns with the same name.
    """
    origin = Origin.of(frame, table.files[0])
    file = origin.file
    theirs = [str(name) for name in frame.columns]
    twice = sorted({name for name in theirs if theirs.count(name) > 1})
    if twice:
        raise TableError(
            "two columns with the same name",
            where=file,
            found=listing(twice),
            expected="each name once",
            mend="rename one",
        )
    kept = [name for name in theirs if name not in table.columns.values()]
    _check_names(f"{study.path.name}, [tables.{table.name}]", file, table, theirs)
    if not len(frame):
        raise TableError("no rows", where=file, found="a header only", expected="at least one row")
    position = {name: i for i, name in enumerate(theirs)}
    cells = {ours: as_text(frame.iloc[:, position[name]]) for ours, name in table.columns.items()}
    cells |= {name: as_text(frame.iloc[:, position[name]]) for name in kept}
    cells |= {name: [str(value)] * len(frame) for name, value in table.constants.items()}
    named = {name: ours for ours, name in table.columns.items()}
    types = {named.get(name, name): kind for name, kind in origin.types.items()}
    return pd.DataFrame(cells, dtype=object), replace(origin, types=types)


def _check_names(where: str, file: str, table: Table, theirs: list[str]) -> None:
    """Refuse declared columns that the file does not have, and names that would stand for two columns."""
    for ours, name in table.columns.items():
        if name not in theirs:
            near = nearest(name, theirs)
            raise TableError(
                f"no column {name!r} in {file}",
                where=f"{where} columns.{ours}",
                found=listing(theirs, 12),
                expected=f"a column {name!r}",
                mend=f"did you mean {near[0]!r}?" if near else "correct the name",
            )
    kept = [name for name in theirs if name not in table.columns.values()]
    clash = [name for name in table.columns if name in kept]
    if clash:
        raise TableError(
            f"{file} has a column {clash[0]!r} of its own",
            where=f"{where} columns.{clash[0]}",
            found=f"{table.columns[clash[0]]!r} is to be called {clash[0]!r}, and {clash[0]!r} is there already",
            expected="one column for each name",
            mend=f'give the other a name as well, for example columns = {{ {clash[0]}_in_file = "{clash[0]}" }}',
        )
    taken = [name for name in table.constants if name in kept or name in table.columns]
    if taken:
        raise TableError(
            f"{taken[0]!r} is a column of {file}",
            where=f"{where} constants.{taken[0]}",
            found="a constant and a column with one name",
            expected="one of them",
            mend="remove the constant",
        )
