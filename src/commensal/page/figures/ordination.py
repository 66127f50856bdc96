"""Ordination: every sample on the first two principal coordinates of each distance."""

from __future__ import annotations

import pandas as pd

from commensal.page.figures.drawn import Figure, Panel, Rows, panel, side_colour, slug
from commensal.page.payload import short
from commensal.page.view import Group
from commensal.page.words import chance, many, measure_word, missing, percent, plural, sentence

TABLE = {"distance": "Distance", "sample": "Sample", "side": "Side", "group": "Level", "block": "Block"}


def ordination(group: Group, points: pd.DataFrame) -> list[Figure]:
    """Draw one figure with a panel per distance.

    Parameters
    ----------
    group
        The estimates of one assay for one question.
    points
        Its points.
    """
    drawn = points[(points["figure"] == "ordination") & points["x"].notna() & points["y"].notna()]
    panels, rows, caption = [], [], []
    for measure in drawn["measure"].dropna().unique():
        own = _rows(group, drawn[drawn["measure"] == measure])
        panels.append(_panel(group, str(measure), own))
        rows += own
        caption.append(_caption(group, str(measure)))
    if not panels:
        return []
    first = drawn[drawn["measure"] == drawn["measure"].iloc[0]]
    title = f"Composition: {group.name}"
    alt = (
        f"Scatter plots of {many(len(first), 'sample')} on the first two principal coordinates, one panel per "
        f"distance; {group.case} as orange circles, {group.control} as blue triangles. {' '.join(caption)}"
    )
    return [
        Figure(
            name=slug("ordination", group.question, group.name),
            title=title,
            alt=alt,
            caption=caption,
            panels=panels,
            columns=TABLE | {"x": "PCo 1", "y": "PCo 2"},
            rows=rows,
            marks=len(first),
            most_width=500,
        )
    ]


def _rows(group: Group, drawn: pd.DataFrame) -> Rows:
    return [
        {
            "distance": measure_word(point["measure"]),
            "sample": "" if missing(point["sample"]) else point["sample"],
            "side": group.case if point["side"] == "case" else group.control,
            "group": "" if missing(point["group"]) else point["group"],
            "block": "" if missing(point["block"]) else point["block"],
            "x": short(point["x"]),
            "y": short(point["y"]),
        }
        for _, point in drawn.iterrows()
    ]


def _axis(group: Group, measure: str, i: int) -> str:
    row = group.first(model="pcoa", measure=measure, feature=f"axis {i}")
    return f"PCo {i}" + (
        "" if row is None or missing(row["effect"]) else f" ({percent(row['effect'])} of the variation)"
    )


def _panel(group: Group, measure: str, rows: Rows) -> Panel:
    import altair as alt

    chart = (
        alt.Chart(alt.NamedData(name="samples"), title=measure_word(measure))
        .mark_point(filled=True, size=46, opacity=0.8)
        .encode(
            x=alt.X("x:Q", title=_axis(group, measure, 1)).scale(zero=False, nice=True),
            y=alt.Y("y:Q", title=_axis(group, measure, 2)).scale(zero=False, nice=True),
            **side_colour(group.case, group.control),
            tooltip=[
                alt.Tooltip("sample:N", title="Sample"),
                alt.Tooltip("group:N", title="Level"),
                alt.Tooltip("block:N", title="Block"),
            ],
        )
    )
    return panel(chart, {"samples": rows}, 300)


def _caption(group: Group, measure: str) -> str:
    parts = []
    for model, name, effect in (("permanova", "PERMANOVA", True), ("permdisp", "dispersion", False)):
        for _, row in group.pick(model=model, measure=measure).iterrows():
            term = "" if row["term"] == "overall" else f" {row['term']} {plural(group.block or 'block')}"
            if missing(row["p"]):
                parts.append(f"{name}{term}: no p ({row['status']})")
                continue
            size = f"R² {percent(row['effect'])}, " if effect else ""
            q = "" if missing(row["q"]) else f", {chance(row['q'], 'q')}"
            parts.append(f"{name}{term}: {size}{chance(row['p'])}{q}")
    return sentence(f"{measure_word(measure)}: {'; '.join(parts) or 'not tested'}")
