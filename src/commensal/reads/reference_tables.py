"""The tables of a reference folder: their columns and types, the same in every version 1 folder."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from commensal.io.lineage import RANKS
from commensal.reads.tables import write_table

_TEXT, _NUMBER, _COUNT, _TRUTH = "string", "float64", "Int64", "boolean"

#: Columns and types of each table of a reference folder; ``refused`` holds the genomes that could not be taken.
TABLES: dict[str, dict[str, str]] = {
    "genomes": {
        "genome": _TEXT, "name": _TEXT, "source_file": _TEXT, "sha256": _TEXT, "sequence_sha256": _TEXT,
        "length": _COUNT, "contigs": _COUNT, "n50": _COUNT, "gc": _NUMBER,
        **dict.fromkeys(RANKS, _TEXT), "lineage": _TEXT,
        "genes": _COUNT, "functions": _COUNT, "complete": _TRUTH, "status": _TEXT, "note": _TEXT,
    },
    "refused": {"genome": _TEXT, "source_file": _TEXT, "status": _TEXT, "note": _TEXT},
    "neighbours": {"genome": _TEXT, "neighbour": _TEXT, "ani": _NUMBER, "aligned_fraction": _NUMBER},
    "genes": {
        "genome": _TEXT, "gene": _TEXT, "contig": _TEXT, "start": _COUNT, "end": _COUNT, "strand": _TEXT,
        "length": _COUNT, "product": _TEXT, "source": _TEXT,
    },
    "functions": {
        "genome": _TEXT, "gene": _TEXT, "namespace": _TEXT, "id": _TEXT, "source": _TEXT, "score": _NUMBER,
    },
}  # fmt: skip


def table(name: str, rows: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """Build a table of a reference with exactly its columns and types.

    Examples
    --------
    >>> table("refused", [{"genome": "a", "status": "empty"}])["status"].tolist()
    ['empty']
    """
    return typed(name, pd.DataFrame(list(rows), columns=list(TABLES[name]), dtype=object))


def typed(name: str, frame: pd.DataFrame) -> pd.DataFrame:
    """Give a frame the columns and types of the table ``name``; columns that are not there are missing."""
    frame = frame.reindex(columns=list(TABLES[name]))
    made = {column: pd.Series(frame[column], dtype=kind) for column, kind in TABLES[name].items()}
    return pd.DataFrame(made).reset_index(drop=True)


def save(name: str, frame: pd.DataFrame, folder: Path) -> None:
    """Write the table into a reference folder, whole or not at all."""
    write_table(typed(name, frame), folder / f"{name}.parquet")


def load(name: str, folder: Path) -> pd.DataFrame:
    """Read a table of a reference folder; one that was never written has no rows."""
    path = folder / f"{name}.parquet"
    return typed(name, pd.read_parquet(path)) if path.is_file() else table(name, [])
