"""What every format that is read in blocks shares: a block, an opened table, which way round it is, what is wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from commensal.errors import FormatError, TableError
from commensal.io.orientation import orient
from commensal.study.declared import Assay

#: One block: ids (width,), annotations (width rows), values (n, width).
Block = tuple[list[str], pd.DataFrame, NDArray[np.float64]]


@dataclass(frozen=True, slots=True)
class Opened:
    """A table that can be given in blocks."""

    file: str
    samples: tuple[str, ...]
    features: int  #: how many; of text an estimate
    blocks: Callable[[], Iterator[Block]]
    size: int  #: bytes of the file


def split(header: Sequence[str], assay: Assay) -> tuple[str, list[str], list[str]]:
    """Return the column of ids, those of annotations, and those of samples."""
    inside = assay.features
    id_column = inside.id or header[0]
    notes = [name for name in dict.fromkeys([*inside.columns, *([inside.label] if inside.label else [])])
             if name in header and name != id_column]  # fmt: skip
    return id_column, notes, [name for name in header if name != id_column and name not in notes]


def rows_are_features(
    file: str, names: Sequence[str], columns: Sequence[str], sample_ids: Sequence[str], assay: Assay
) -> bool:
    """Whether a table has features in rows; `orient` refuses one where this cannot be told."""
    return orient(file, names, columns, sample_ids, assay.orientation) == "samples_in_columns"


def damaged(path: Path, error: Exception) -> FormatError:
    """Return the error of a file that cannot be read to its end."""
    said = str(error).splitlines()[0][:120] if str(error) else type(error).__name__
    return FormatError("the file is damaged or cut short", where=path.name, found=said, mend="copy or write it again")


def no_number(path: Path, column: str, found: str, row: str = "") -> TableError:
    """Return the error of a sample's cell that is no number."""
    return TableError(
        "a cell is neither a number nor missing",
        where=f"{path.name}, {row + ', ' if row else ''}column {column!r}",
        found=found,
        expected="numbers in every column of a sample",
        mend="correct it; or, if the column is an annotation, name it: features = { columns = [...] }",
    )


__all__ = ["Block", "Opened", "damaged", "no_number", "rows_are_features", "split"]
