"""Filled checklists: one row for each item of a guideline."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import pandas as pd

from commensal.tables.frames import typed_frame

CHECKLIST_COLUMNS: dict[str, str] = dict.fromkeys(
    ("checklist", "title", "source", "item", "section", "topic", "asks", "status", "answer", "said_by"), "text"
)
#: How far an item is answered.
ANSWERED, PARTLY, OPEN_ITEM = "answered", "partly answered", "to be answered by the authors"


def checklist_rows(rows: Iterable[Mapping[str, object]] = ()) -> pd.DataFrame:
    """Build the frame of filled checklists; absent cells are missing.

    Returns
    -------
    pandas.DataFrame, shape (items, 10)

    Examples
    --------
    >>> checklist_rows([{"checklist": "arrive", "item": "5"}]).shape
    (1, 10)
    """
    return typed_frame(rows, CHECKLIST_COLUMNS, "Checklists")


def write_checklists(frame: pd.DataFrame, path: Path) -> None:
    """Write filled checklists as tab-separated text for a manuscript; blanks stand for line ends and tabs."""
    plain = frame.fillna("").apply(lambda column: column.map(lambda cell: " ".join(str(cell).split())))
    guarded = plain.apply(lambda column: column.map(lambda cell: f"'{cell}" if cell[:1] in ("=", "+", "@") else cell))
    guarded.to_csv(path, sep="\t", index=False, lineterminator="\n")
