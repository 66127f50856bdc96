"""Reviewers' checklists on the page: every item, how far it is answered, and where each answer comes from."""

from __future__ import annotations

import re
from typing import Any

import pandas as pd

from commensal.tables import ANSWERED, OPEN_ITEM, PARTLY

#: Status → its mark beside the word: told apart by shape, not by colour alone.
MARKS = {ANSWERED: "✔", PARTLY: "◐", OPEN_ITEM: "☐"}


def checklists_section(rows: pd.DataFrame) -> list[dict[str, Any]]:
    """Return what the template shows of each checklist.

    Examples
    --------
    >>> from commensal.tables import checklist_rows
    >>> one = {"checklist": "arrive", "title": "ARRIVE 2.0", "item": "8a", "status": ANSWERED}
    >>> checklists_section(checklist_rows([one]))[0]["items_"][0]["anchor"]
    'arrive-8a'
    """
    return [_list(str(name), own) for name, own in rows.groupby("checklist", sort=False)]


def _list(name: str, own: pd.DataFrame) -> dict[str, Any]:
    counts = own["status"].value_counts()
    return {
        "name": name,
        "title": own["title"].iloc[0],
        "source": own["source"].iloc[0],
        "counts": ", ".join(f"{int(counts.get(status, 0))} {status}" for status in MARKS),
        "items_": [
            {
                **{key: "" if pd.isna(value) else str(value) for key, value in row.items()},
                "anchor": re.sub(r"[^a-z0-9.-]", "-", f"{name}-{row['item']}"),
                "mark": MARKS[str(row["status"])],
            }
            for row in own.to_dict("records")
        ],
    }
