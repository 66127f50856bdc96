"""Estimates: one row for everything estimated, and the one schema that every room writes to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

import pandas as pd

from commensal.errors import OutputError
from commensal.tables.frames import first_rows, frames_of, read_frame, typed_frame, write_frame, write_frames
from commensal.tables.statuses import STATUSES, WITH_P

#: Column → kind (``text`` is string, ``number`` float64, ``count`` Int64), in the order of the file.
ESTIMATE_COLUMNS: dict[str, str] = {
    "question": "text",
    "kind": "text",
    "contrast": "text",
    "cohort": "text",
    "specimen": "text",
    "assay": "text",
    "measure": "text",
    "feature": "text",
    "label": "text",
    "model": "text",
    "term": "text",
    "time": "number",
    "effect": "number",
    "unit": "text",
    "se": "number",
    "low": "number",
    "high": "number",
    "level": "number",
    "test": "text",
    "statistic": "number",
    "df": "number",
    "df2": "number",
    "n_permutations": "count",
    "p": "number",
    "q": "number",
    "family": "text",
    "n": "count",
    "n_case": "count",
    "n_control": "count",
    "n_blocks": "count",
    "status": "text",
    "note": "text",
}

#: The feature of rows that speak of a whole table (PERMANOVA, diversity).
ALL = "(all)"
#: The model of rows that count features (``effect``) of a table whose rows are not all held in memory: ``label`` is the
#: model counted, ``measure`` what of it: ``table``, ``tested``, ``found`` (q < 0.05), ``higher`` (of these).
COUNTED = "features, counted"


def estimates(rows: Iterable[Mapping[str, object]] | pd.DataFrame = ()) -> pd.DataFrame:
    """Build an Estimates frame from rows; absent columns are missing, unknown ones refused.

    Parameters
    ----------
    rows
        Mappings from column name to value, or a frame with some of the columns.

    Returns
    -------
    pandas.DataFrame, shape (rows, 32)
        Columns and types as in `ESTIMATE_COLUMNS`.

    Raises
    ------
    OutputError
        Unknown column, unknown status, a p outside [0, 1], or a p where the status forbids one.

    Examples
    --------
    >>> frame = estimates([{"question": "ibd", "feature": "(all)", "p": 0.02, "status": "ok"}])
    >>> frame.shape
    (1, 32)
    """
    frame = typed_frame(rows, ESTIMATE_COLUMNS, "Estimates")
    unknown = set(frame["status"].dropna()) - set(STATUSES)
    if unknown:
        raise OutputError(
            "Estimates hold a status that is not declared", found=sorted(unknown), expected=sorted(STATUSES)
        )
    p = frame["p"]
    if ((p < 0) | (p > 1)).any():
        raise OutputError("Estimates hold a p outside [0, 1]", found=p[(p < 0) | (p > 1)].tolist()[:3])
    wrong = p.notna() & ~frame["status"].isin(WITH_P)
    if wrong.any():
        raise OutputError(
            "Estimates hold a p on a row whose status says that there is none",
            found=frame.loc[wrong, ["feature", "status"]].head(3).to_dict("records"),
        )
    return frame


def write_estimates(frame: pd.DataFrame, path: Path) -> None:
    """Write Estimates to a Parquet file; missing is null, never NaN."""
    write_frame(estimates(frame), path, ESTIMATE_COLUMNS)


def read_estimates(path: Path | str) -> pd.DataFrame:
    """Read Estimates from a Parquet file and check them."""
    return estimates(read_frame(path, ESTIMATE_COLUMNS))


def estimates_of(path: Path, rows: int) -> pd.DataFrame:
    """Read the first ``rows`` Estimates of a file that may hold more than memory does, and check them.

    Raises
    ------
    OutputError
        The file cannot be read, or holds fewer.
    """
    return estimates(first_rows(path, rows, ESTIMATE_COLUMNS))


def write_estimates_in_parts(parts: Iterable[pd.DataFrame], path: Path) -> None:
    """Write Estimates part by part, each a row group, for more rows than memory holds."""
    write_frames(parts, path, ESTIMATE_COLUMNS)


def estimates_in_parts(path: Path | str) -> Iterator[pd.DataFrame]:
    """Read Estimates row group by row group, checked."""
    return (estimates(frame) for frame in frames_of(path, ESTIMATE_COLUMNS))


def rewrite_estimates(path: Path, change: Callable[[pd.DataFrame], pd.DataFrame]) -> None:
    """Change a file of Estimates part by part; the file is whole at any moment."""
    other = path.with_name(f"{path.name}.part")
    write_estimates_in_parts((change(part) for part in estimates_in_parts(path)), other)
    other.replace(path)
