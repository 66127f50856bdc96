"""The tables of a profile: their columns and types, and how they are written whole."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from commensal.errors import OutputError

#: Columns and types of each file of a profile: text, number, count (whole number) or truth; all may be missing.
COLUMNS: dict[str, dict[str, str]] = {
    "taxa": {
        "sample": "text", "genome": "text", "species": "text", "strain": "text", "status": "text", "note": "text",
        "ani": "number", "ani_low": "number", "ani_high": "number", "coverage": "number", "breadth": "number",
        "relative_abundance": "number", "sequence_abundance": "number", "reads": "number",
    },
    "lineage": {
        "sample": "text", "rank": "text", "taxon": "text", "lineage": "text",
        "relative_abundance": "number", "sequence_abundance": "number",
    },
    "functions": {
        "sample": "text", "namespace": "text", "id": "text", "genome": "text",
        "abundance": "number", "relative": "number", "completeness": "number", "note": "text",
    },
    "genes": {
        "sample": "text", "genome": "text", "gene": "text", "depth": "number", "breadth": "number",
        "present": "truth", "status": "text",
    },
    "growth": {
        "sample": "text", "genome": "text", "ptr": "number", "low": "number", "high": "number",
        "status": "text", "note": "text",
    },
}  # fmt: skip
_PANDAS = {"text": "string", "number": "float64", "count": "Int64", "truth": "boolean"}


def frame(name: str, columns: Mapping[str, Any], sample: str) -> pd.DataFrame:
    """Build a table of a profile with exactly its columns and types; what is not given is missing."""
    size = len(next(iter(columns.values()))) if columns else 0
    index = pd.RangeIndex(size)
    made: dict[str, Any] = {}
    for column, kind in COLUMNS[name].items():
        value = sample if column == "sample" else columns.get(column)
        made[column] = pd.Series(value, index=index, dtype=_PANDAS[kind])
    return pd.DataFrame(made, index=index)


def write_table(table: pd.DataFrame, path: Path) -> None:
    """Write a table as Parquet, whole or not at all; missing values become nulls.

    Raises
    ------
    OutputError
        The folder cannot be written to.
    """
    with whole(path) as temporary:
        pq.write_table(pa.Table.from_pandas(table, preserve_index=False), temporary, compression="zstd")


def read_table(name: str, path: Path) -> pd.DataFrame:
    """Read a table of a profile that was written, with its columns and types.

    Raises
    ------
    OSError, ValueError, KeyError
        The file cannot be read, or is none of ours.
    """
    held = pq.read_table(path).to_pandas()
    return pd.DataFrame({column: held[column].astype(_PANDAS[kind]) for column, kind in COLUMNS[name].items()})


def write_text(text: str, path: Path) -> None:
    """Write text, whole or not at all.

    Raises
    ------
    OutputError
        The folder cannot be written to.
    """
    with whole(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Give a temporary path; when the block ends well its bytes are on the disk and it takes the place of ``path``.

    Raises
    ------
    OutputError
        The folder cannot be written to.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        yield temporary
        handle = os.open(temporary, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
        temporary.replace(path)
    except OSError as error:
        raise _unwritable(path, error) from error
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def _unwritable(path: Path, error: OSError) -> OutputError:
    return OutputError(
        f"{path.name} cannot be written",
        where=str(path.parent),
        found=error.strerror or error,
        mend="choose a folder with --out that can be written to and has room",
    )
