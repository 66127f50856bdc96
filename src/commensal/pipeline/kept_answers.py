"""Outcomes of steps as bytes to keep: tables as Parquet, the rest as JSON; the same, bit for bit, when read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from io import BytesIO
from typing import TYPE_CHECKING, Any

from commensal import errors
from commensal.errors import CommensalError
from commensal.questions import Answer
from commensal.questions.answer import Refused
from commensal.study import Dropped
from commensal.tables import ESTIMATE_COLUMNS, POINT_COLUMNS, estimates, points
from commensal.tables.frames import write_frame

if TYPE_CHECKING:
    import pandas as pd


def packed(answer: Answer | None, error: CommensalError | None, seconds: float) -> dict[str, bytes]:
    """Return what came of a step as named bytes."""
    rest: dict[str, Any] = {"seconds": seconds, "error": None if error is None else _said(error)}
    parts: dict[str, bytes] = {}
    if answer is not None:
        rest["dropped"] = [[one.what, one.where, one.name, one.reason] for one in answer.dropped]
        rest["refused"] = [[one.name, _said(one.error), one.primary] for one in answer.refused]
        parts["estimates"] = _written(estimates(answer.estimates), ESTIMATE_COLUMNS)
        parts["points"] = _written(points(answer.points), POINT_COLUMNS)
    return {"rest": json.dumps(rest, ensure_ascii=True, default=str).encode(), **parts}


def unpacked(parts: Mapping[str, bytes]) -> tuple[Answer | None, CommensalError | None, float]:
    """Return what `packed` was given."""
    rest = json.loads(parts["rest"])
    error = None if rest["error"] is None else _raised(rest["error"])
    if "estimates" not in parts:
        return None, error, rest["seconds"]
    dropped = tuple(Dropped(what, where, name, reason) for what, where, name, reason in rest["dropped"])
    refused = tuple(Refused(name, _raised(said), primary) for name, said, primary in rest["refused"])
    answer = Answer(estimates(_read(parts["estimates"])), points(_read(parts["points"])), dropped, refused)
    return answer, error, rest["seconds"]


def _written(frame: pd.DataFrame, columns: Mapping[str, str]) -> bytes:
    place = BytesIO()
    write_frame(frame, place, columns)
    return place.getvalue()


def _read(content: bytes) -> pd.DataFrame:
    import pyarrow.parquet as pq

    found: pd.DataFrame = pq.read_table(BytesIO(content)).to_pandas()
    return found


def _said(error: CommensalError) -> list[str | None]:
    return [type(error).__name__, error.what, error.where, error.found, error.expected, error.mend]


def _raised(said: list[Any]) -> CommensalError:
    kind, what, where, found, expected, mend = said
    known = getattr(errors, kind, CommensalError)
    made: CommensalError = known(what, where=where, found=found, expected=expected, mend=mend)
    return made
