"""What the rows of survival share: their columns, the sizes of two arms, statuses in Estimates' words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from commensal.questions.watched import Watched
from commensal.tables import STATUSES

#: Statuses of stats that Estimates call otherwise.
STATUS = {"not_followed": "not_identified", "not_reached": "not_identified"}


def state(status: object, note: object) -> tuple[str, str]:
    """Return a status that Estimates know, and the note.

    Examples
    --------
    >>> state("not_followed", "")
    ('not_identified', '')
    """
    named = STATUS.get(str(status), str(status))
    assert named in STATUSES, named
    return named, str(note or "")


def row(
    followed: Watched,
    level: str | None,
    arm: str,
    model: str,
    *,
    term: str | None = None,
    note: str = "",
    **values: Any,
) -> Mapping[str, object]:
    """Return a row of an arm; numbers that are not finite are missing, the rules of the event close the note."""
    numbers = {
        name: None if isinstance(value, float | np.floating) and not np.isfinite(value) else value
        for name, value in values.items()
    }
    return {
        **followed.shared(),
        "label": arm,
        "model": model,
        "term": term or followed.arms.term(arm, level),
        **numbers,
        "note": "; ".join(filter(None, (note, followed.note))) or None,
    }


def sizes(followed: Watched, arm: str | None) -> dict[str, Any]:
    """Return how many subjects and units an arm and its control have; None: all arms."""
    part = followed if arm is None or arm == followed.arms.control_name else followed.pair(arm)
    case = int(part.arms.case.sum())
    found = {"n": len(part), "n_case": case, "n_control": len(part) - case}
    if part.unit is not None:
        found["n_blocks"] = len(set(part.unit.tolist()))
    return found


def point_columns(part: Watched, level: str | None, arm: str) -> dict[str, Any]:
    """Return the columns that all points of an arm share; ``note`` is the unit of time."""
    named = {key: value for key, value in part.arms.identity().items() if key != "kind"}
    side = "control" if arm == part.arms.control_name else "case"
    return {
        **named,
        "measure": part.event.name,
        "label": part.arms.term(arm, level),
        "side": side,
        "group": arm,
        "note": part.time_unit,
    }


__all__ = ["point_columns", "row", "sizes", "state"]
