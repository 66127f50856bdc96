"""Parquet: wide tables and metadata in columns with types.

Source of the format: https://parquet.apache.org/docs/file-format/. An index that pandas stored is an ordinary column.

Examples
--------
>>> import tempfile
>>> from pathlib import Path
>>> import pandas as pd
>>> with tempfile.TemporaryDirectory() as folder:
...     place = Path(folder, "samples.parquet")
...     pd.DataFrame({"sample": ["S1"], "age": [41.5]}).to_parquet(place)
...     read_table(place).to_dict("records")
[{'sample': 'S1', 'age': 41.5}]
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from commensal.errors import FormatError
from commensal.io.contents import Format, Matrix
from commensal.io.grid import Grid
from commensal.io.paths import require_file
from commensal.io.text import head
from commensal.io.wide import declared_annotations, from_grid
from commensal.study.declared import Assay


def sniff(path: Path) -> bool:
    """Say whether the file begins with Parquet's mark."""
    return head(path, 4) == b"PAR1"


def _load(path: Path) -> pa.Table:
    require_file(path)
    try:
        table = pq.read_table(path)
        table.validate(full=True)
        names = table.column_names
        table = table.replace_schema_metadata(None)
    except (OSError, pa.ArrowException, ValueError) as error:  # ValueError: broken JSON or UTF-8 in the footer
        raise FormatError(
            "the Parquet file is damaged or cut short",
            where=path.name,
            found=str(error).splitlines()[0][:120],
            mend="copy or write it again",
        ) from error
    if not table.num_rows or not names:
        raise FormatError(
            "the table is empty",
            where=path.name,
            found=f"{table.num_rows} rows, {table.num_columns} columns",
            mend="give the whole table",
        )
    return table


def read_table(path: Path) -> pd.DataFrame:
    """Read a Parquet table with its types as they are; ``attrs`` has ``file`` and ``lines`` (row numbers)."""
    table = _load(path)
    frame: pd.DataFrame = table.to_pandas(ignore_metadata=True)
    frame.attrs.update(file=path.name, lines=range(1, table.num_rows + 1))
    return frame


def read_assay(path: Path, assay: Assay, sample_ids: Sequence[str]) -> Matrix:
    """Read a wide Parquet table; see `commensal.io.wide.from_grid` for what is refused."""
    table = _load(path)
    names = list(table.column_names)
    index = [name for name in names if name.startswith("__index_level_")]
    names = [*index, *(name for name in names if name not in index)]
    as_text = set(declared_annotations(assay)) | set(names[:1])
    codes = pa.array([float(code) for code in assay.missing if _is_number(code)], type=pa.float64())
    columns = []
    for name in names:
        column = table.column(name)
        if pa.types.is_dictionary(column.type):
            column = column.cast(column.type.value_type)
        if name in as_text:
            column = column.cast(pa.string())
        elif len(codes) and (pa.types.is_integer(column.type) or pa.types.is_floating(column.type)):
            column = column.cast(pa.float64())
            column = pc.if_else(pc.is_in(column, codes), None, column)
        columns.append(column)

    def reread(j: int) -> list[str]:
        return ["" if cell is None else str(cell) for cell in columns[j].to_pylist()]

    header = tuple("" if name in index else name for name in names)
    grid = Grid(path.name, header, tuple(columns), range(1, table.num_rows + 1), reread, row_word="row")
    return from_grid(grid, assay, sample_ids)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


FORMAT = Format("parquet", "Parquet, samples in rows or columns", sniff, read_assay, read_table)
