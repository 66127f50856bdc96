"""Claims: microbe → molecule → outcome, one row for each claim and one for each of its lines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import pandas as pd

from commensal.errors import OutputError
from commensal.tables.frames import read_frame, typed_frame, write_frame

#: Column → kind, in the order of the file. A claim's own row has `line` = `CLAIM`: its p is the gate's, `n` how many
#: lines are on its list, `noise` the share of shuffled studies with a claim as strong. The other rows are lines: they
#: rest on the row `estimate` of the Estimates (counted from 0).
CLAIM_COLUMNS: dict[str, str] = {
    "claim": "text",
    "rank": "count",
    "strain": "text",
    "molecule": "text",
    "outcome": "text",
    "direction": "text",
    "through": "text",
    "line": "text",
    "kind": "text",
    "verdict": "text",
    "p": "number",
    "q": "number",
    "q_by": "number",
    "strength": "count",
    "n": "count",
    "noise": "number",
    "shuffles": "count",
    "effect": "number",
    "unit": "text",
    "low": "number",
    "high": "number",
    "level": "number",
    "specimen": "text",
    "question": "text",
    "measure": "text",
    "term": "text",
    "estimate": "count",
    "note": "text",
}

#: The line of a claim's own row.
CLAIM = "claim"
#: Kinds of rows that are in no strength: another row of a line (its specimen, arm or part), and what was measured
#: beside the lines, as mediation.
PART, BESIDE = "part", "beside"
#: Verdicts of claims: past the gate; measured and not past it; a link was not measured.
SELECTED, NOT_SELECTED, OPEN = "selected", "not selected", "open"
#: Verdicts of lines.
SUPPORTS, CONTRADICTS, INCONCLUSIVE, NOT_MEASURED = "supports", "contradicts", "inconclusive", "not measured"
_VERDICTS = (SELECTED, NOT_SELECTED, OPEN, SUPPORTS, CONTRADICTS, INCONCLUSIVE, NOT_MEASURED)


def claims(rows: Iterable[Mapping[str, object]] | pd.DataFrame = ()) -> pd.DataFrame:
    """Build a Claims frame from rows; absent columns are missing, unknown ones refused.

    Returns
    -------
    pandas.DataFrame, shape (rows, 28)
        Columns and types as in `CLAIM_COLUMNS`.

    Raises
    ------
    OutputError
        Unknown column, unknown verdict, or a p outside [0, 1].

    Examples
    --------
    >>> claims([{"claim": "one", "line": "claim", "verdict": "open"}]).shape
    (1, 28)
    """
    frame = typed_frame(rows, CLAIM_COLUMNS, "Claims")
    unknown = set(frame["verdict"].dropna()) - set(_VERDICTS)
    if unknown:
        raise OutputError("Claims hold a verdict that is not declared", found=sorted(unknown), expected=list(_VERDICTS))
    p = frame["p"]
    if ((p < 0) | (p > 1)).any():
        raise OutputError("Claims hold a p outside [0, 1]", found=p[(p < 0) | (p > 1)].tolist()[:3])
    return frame


def write_claims(frame: pd.DataFrame, path: Path) -> None:
    """Write Claims to a Parquet file; missing is null, never NaN."""
    write_frame(claims(frame), path, CLAIM_COLUMNS)


def read_claims(path: Path | str) -> pd.DataFrame:
    """Read Claims from a Parquet file and check them."""
    return claims(read_frame(path, CLAIM_COLUMNS))
