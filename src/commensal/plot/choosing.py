"""One comparison out of a long table, or a refusal that says which there are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from commensal.errors import UsageError, nearest
from commensal.page.figures.drawn import text_only

#: So many comparisons are listed in a refusal.
LISTED = 12
Rows = list[dict[str, Any]]


def chosen(frame: pd.DataFrame, wanted: Mapping[str, object], where: str) -> pd.DataFrame:
    """Return the rows that have the wanted values; None wants nothing.

    Raises
    ------
    UsageError
        The frame is no long table of a result, or no row has a wanted value; those that there are, are named.
    """
    if not isinstance(frame, pd.DataFrame):
        raise UsageError(
            f"{where} draws a table of a result",
            found=type(frame).__name__,
            expected="result.estimates, result.points or result.claims",
        )
    absent = [column for column in wanted if column not in frame.columns]
    if absent:
        raise UsageError(
            f"{where}: this table has no column {absent[0]!r}",
            found=list(frame.columns[:6]),
            expected="result.estimates, result.points or result.claims, as the function's first argument is named",
        )
    if frame.empty:
        raise UsageError(f"{where}: there is nothing to draw", found="a table without rows")
    for column, value in wanted.items():
        if value is None:
            continue
        kept = frame[(frame[column] == value).fillna(False).astype(bool)]
        if kept.empty:
            known = [str(one) for one in frame[column].dropna().unique()]
            raise UsageError(
                f"{where}: no row with {column} = {value!r}",
                found=", ".join(known[:LISTED]) + (" …" if len(known) > LISTED else "") or "no row at all",
                expected=nearest(str(value), known) or known[:1] or "such a row",
            )
        frame = kept
    return frame


def one(frame: pd.DataFrame, apart: Sequence[str], where: str) -> pd.DataFrame:
    """Return the frame if it holds one comparison.

    Raises
    ------
    UsageError
        There is nothing to draw, or there are several comparisons: each is listed as the arguments that choose it.
    """
    if frame.empty:
        raise UsageError(f"{where}: there is nothing to draw", found="no such row in this table")
    varying = [column for column in apart if len(frame[column].astype("string").fillna("").unique()) > 1]
    if not varying:
        return frame
    there = frame[varying].drop_duplicates()
    told = [
        ", ".join(f"{column}={value!r}" for column, value in row.items() if not pd.isna(value))
        for row in there.to_dict("records")
    ]
    more = f"\n    and {len(told) - LISTED} more" if len(told) > LISTED else ""
    raise UsageError(
        f"{where}: this table holds {len(told)} comparisons, and a chart shows one",
        found="\n    " + "\n    ".join(told[:LISTED]) + more,
        expected="one of them",
        mend=f"{where}(..., {told[0]})",
    )


def records(frame: pd.DataFrame, columns: Mapping[str, str]) -> Rows:
    """Return rows for a chart: our field → the table's column; missing is None, text is safe for Vega."""
    table = pd.DataFrame({ours: frame[theirs].astype(object) for ours, theirs in columns.items()})
    rows = table.to_dict("records")
    return [{str(key): text_only(_plain(value)) for key, value in row.items()} for row in rows]


def _plain(value: Any) -> Any:
    if pd.isna(value):
        return None
    return value.item() if hasattr(value, "item") else value


def names(frame: pd.DataFrame) -> pd.Series:
    """Return each row's label, with the feature's id where a label is shared by several features."""
    label = frame["label"].fillna(frame["feature"]).astype("string")
    shared = pd.DataFrame({"label": label, "feature": frame["feature"]}).drop_duplicates()["label"]
    twice = set(shared[shared.duplicated()])
    return label.where(~label.isin(twice), label + " (" + frame["feature"].astype("string") + ")")


def said(frame: pd.DataFrame, columns: Sequence[str]) -> str:
    """Name what a chart is of: the values of these columns that are not missing."""
    first = frame.iloc[0]
    return str(text_only(", ".join(str(first[column]) for column in columns if not pd.isna(first[column]))))


def first_of(frame: pd.DataFrame, column: str, otherwise: str) -> str:
    """Return the first value of a column that is not missing."""
    values = frame[column].dropna()
    return str(text_only(str(values.iloc[0]))) if len(values) else otherwise
