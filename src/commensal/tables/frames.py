"""What the long tables share: typed frames, and Parquet with nulls."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from commensal.errors import OutputError, nearest

_PANDAS = {"text": "string", "number": "float64", "count": "Int64"}
_ARROW = {"text": pa.string(), "number": pa.float64(), "count": pa.int64()}


def typed_frame(
    rows: Iterable[Mapping[str, object]] | pd.DataFrame, columns: Mapping[str, str], name: str
) -> pd.DataFrame:
    """Build a frame with exactly these columns and types; absent columns are missing.

    Raises
    ------
    OutputError
        A column that the table does not have, an infinite number, or a value of the wrong type.
    """
    given = rows if isinstance(rows, pd.DataFrame) else pd.DataFrame(list(rows))
    unknown = [column for column in given.columns if column not in columns]
    if unknown:
        raise OutputError(
            f"{name} has no column {unknown[0]!r}",
            found=unknown,
            expected=nearest(str(unknown[0]), columns) or list(columns),
        )
    series: dict[str, Any] = {}
    for column, kind in columns.items():
        if column in given.columns:
            try:
                values: Any = cast("Any", given[column]).astype(_PANDAS[kind])
            except (TypeError, ValueError) as error:
                raise OutputError(f"{name}: column {column} does not hold {kind}s", found=error) from error
        else:
            values = pd.Series(pd.NA if kind != "number" else np.nan, index=given.index, dtype=_PANDAS[kind])
        if kind == "number" and np.isinf(values.to_numpy()).any():
            raise OutputError(f"{name}: column {column} holds an infinite value")
        series[column] = values
    return pd.DataFrame(series, columns=list(columns)).reset_index(drop=True)


def write_frame(frame: pd.DataFrame, path: Path | BinaryIO, columns: Mapping[str, str]) -> None:
    """Write a typed frame to Parquet, missing values as nulls."""
    schema = pa.schema([pa.field(column, _ARROW[kind]) for column, kind in columns.items()])
    table = pa.Table.from_pandas(frame, schema=schema, preserve_index=False)
    pq.write_table(table, path, compression="zstd")


def write_frames(frames: Iterable[pd.DataFrame], path: Path, columns: Mapping[str, str]) -> None:
    """Write typed frames one behind the other, each a row group: never more than one is in memory."""
    schema = pa.schema([pa.field(column, _ARROW[kind]) for column, kind in columns.items()])
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for frame in frames:
            writer.write_table(pa.Table.from_pandas(frame, schema=schema, preserve_index=False))


def frames_of(path: Path | str, columns: Mapping[str, str]) -> Iterator[pd.DataFrame]:
    """Read a file that `write_frames` wrote, row group by row group."""
    path = Path(path)
    with pq.ParquetFile(path) as file:
        for i in range(file.num_row_groups):
            yield typed_frame(file.read_row_group(i).to_pandas(), columns, path.name)


def read_frame(path: Path | str, columns: Mapping[str, str]) -> pd.DataFrame:
    """Read a Parquet file that `write_frame` wrote."""
    path = Path(path)
    try:
        table = pq.read_table(path)
    except (OSError, pa.ArrowInvalid) as error:
        raise OutputError(f"{path.name} cannot be read", found=error, mend="run the study again") from error
    return typed_frame(table.to_pandas(), columns, path.name)


def first_rows(path: Path, rows: int, columns: Mapping[str, str]) -> pd.DataFrame:
    """Read the first ``rows`` rows of a Parquet file, and no row group behind them.

    Raises
    ------
    OutputError
        The file cannot be read, or holds fewer.
    """
    try:
        with pq.ParquetFile(path) as file:
            held, groups = 0, list[int]()
            while held < rows and len(groups) < file.num_row_groups:
                held += file.metadata.row_group(len(groups)).num_rows
                groups.append(len(groups))
            table = file.read_row_groups(groups)
    except (OSError, pa.ArrowException) as error:
        raise OutputError(f"{path.name} cannot be read", found=error, mend="run the study again") from error
    if held < rows:
        raise OutputError(
            f"{path.name} holds fewer rows than the run said", found=held, expected=rows, mend="run the study again"
        )
    return typed_frame(table.slice(0, rows).to_pandas(), columns, path.name)
