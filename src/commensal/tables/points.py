"""Points: the coordinates and raw values behind figures, made by the questions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import pandas as pd

from commensal.tables.frames import read_frame, typed_frame, write_frame

#: Column → kind. ``figure`` is ``ordination`` (x, y = principal coordinates; ``measure`` = distance),
#: ``diversity`` (y = index; ``measure`` = index), ``values`` (y = raw value of ``feature``), ``course`` (x = time,
#: y = raw value), ``trajectory`` (likewise, of a measure) or ``survival`` (y = share
#: without the event at time x; ``low``, ``high`` its interval, ``n`` how many are at risk; ``measure`` = event),
#: ``raw`` (y = value behind a line of a claim, missing: not detected; x = time) or ``raw_severity`` (x = severity).
#: ``side`` is ``case`` or ``control``, ``group`` the level as the study file names it.
POINT_COLUMNS: dict[str, str] = {
    "question": "text",
    "contrast": "text",
    "cohort": "text",
    "specimen": "text",
    "assay": "text",
    "figure": "text",
    "measure": "text",
    "feature": "text",
    "label": "text",
    "sample": "text",
    "subject": "text",
    "block": "text",
    "side": "text",
    "group": "text",
    "x": "number",
    "y": "number",
    "low": "number",
    "high": "number",
    "n": "count",
    "unit": "text",
    "note": "text",
}


def points(rows: Iterable[Mapping[str, object]] | pd.DataFrame = ()) -> pd.DataFrame:
    """Build a points frame from rows; absent columns are missing, unknown ones refused.

    Examples
    --------
    >>> points([{"figure": "ordination", "sample": "S1", "x": 0.1, "y": -0.2}]).shape
    (1, 21)
    """
    return typed_frame(rows, POINT_COLUMNS, "points")


def write_points(frame: pd.DataFrame, path: Path) -> None:
    """Write points to a Parquet file."""
    write_frame(points(frame), path, POINT_COLUMNS)


def read_points(path: Path | str) -> pd.DataFrame:
    """Read points from a Parquet file and check them."""
    return points(read_frame(path, POINT_COLUMNS))
