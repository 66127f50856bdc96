"""Levels of molecules chosen beforehand: every value in the assay's unit, households joined, unmatched people apart."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from commensal.page.figures.diversity import side_rows
from commensal.page.figures.drawn import Figure, Rows, slug
from commensal.page.figures.features import raw_values
from commensal.page.view import Group
from commensal.page.words import chance, count, estimate, many, missing, sentence

TABLE = {"name": "Molecule", "who": "Who", "sample": "Sample", "side": "Side", "block": "Block", "y": "Value"}
UNMATCHED = "unmatched"


def levels(group: Group, points: pd.DataFrame) -> list[Figure]:
    """Draw a panel for each molecule, and one beside it for people whom nobody of their household stands beside."""
    drawn = points[(points["figure"] == "levels") & points["y"].notna()]
    if drawn.empty:
        return []
    panels, data, told = [], [], []
    notes: dict[str, None] = {}
    for feature, whole in drawn.groupby("feature", sort=False):
        for who, own in whole.groupby("measure", sort=False):
            label = str(own["label"].iloc[0])
            apart = who == UNMATCHED
            fit = group.first(model="level, log2", feature=str(feature), term=str(who))
            fits = {"abundance": fit} if fit is not None and not missing(fit["effect"]) else {}
            name = f"{label}, unmatched" if apart else label
            rows: Rows = side_rows(group, own)
            shown = replace(group, rows=group.rows.iloc[:0]) if apart else group
            unit = "value" if missing(own["unit"].iloc[0]) else str(own["unit"].iloc[0])
            made, note = raw_values(shown, rows, name, fits, unit)
            panels.append(made)
            notes |= {note: None} if note else {}
            data += [{"name": label, "who": str(who)} | row for row in rows]
            told.append(_told(group, name, rows, fits.get("abundance")))
    unit = group.block or "block"
    first = f"people of the same {unit} are compared with each other" if group.split else "all people are compared"
    alone = f"People of whom no {unit} has both sides (unmatched) have a panel of their own."
    caption = [
        f"Every value of the molecules that were chosen beforehand, in the assay’s unit on a logarithmic axis; "
        f"{first}. Values below detection are drawn on a line of their own.",
        *([alone] if (drawn["measure"] == UNMATCHED).any() else []),
        *notes,
    ]
    return [
        Figure(
            name=slug("levels", group.question, group.name), title=f"Molecules chosen beforehand: {group.name}",
            alt=" ".join(told), caption=caption, panels=panels, columns=TABLE, rows=data, columns_wide=3,
            columns_page=4, panel_width=230, least_width=230, most_width=290,
            marks=max(len(data) // max(len(panels), 1), 1),
        )
    ]  # fmt: skip


def _told(group: Group, name: str, rows: Rows, fit: pd.Series | None) -> str:
    sides = [
        many(sum(row["side"] == side for row in rows), "sample") + f" of {side}" for side in (group.case, group.control)
    ]
    below = sum(row["y"] == 0 for row in rows)
    text = estimate(fit, chance(fit["p"])) if fit is not None else "no estimate"
    return sentence(f"{name}: {text}; {'; '.join(sides)}; {count(below)} below detection")
