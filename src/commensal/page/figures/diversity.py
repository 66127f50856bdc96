"""Diversity: every sample's index, case beside control, members of a block joined where they are compared."""

from __future__ import annotations

import pandas as pd

from commensal.page.figures.drawn import Figure, Panel, Rows, panel, side_colour, slug
from commensal.page.found import diversity_rows, diversity_sentence
from commensal.page.payload import short
from commensal.page.view import Group
from commensal.page.words import many, measure_word, missing, sentence

#: More lines than these tell nothing: then none is drawn, and the caption says so.
MOST_LINES = 400
TABLE = {"index": "Index", "sample": "Sample", "side": "Side", "group": "Level", "block": "Block", "y": "Value"}


def diversity(group: Group, points: pd.DataFrame) -> list[Figure]:
    """Draw one figure with a panel per index."""
    drawn = points[(points["figure"] == "diversity") & points["y"].notna()]
    panels: list[Panel] = []
    rows: Rows = []
    notes: dict[str, None] = {}
    for measure in drawn["measure"].dropna().unique():
        own = side_rows(group, drawn[drawn["measure"] == measure])
        lines, note = block_lines(group, own)
        if note:
            notes[note] = None
        unit = drawn.loc[drawn["measure"] == measure, "unit"].iloc[0]
        title = measure_word(measure) + ("" if missing(unit) else f" ({unit})")
        panels.append(strip(group, own, lines, title=sentence(measure_word(measure))[:-1], y_title=title))
        rows += [{"index": measure_word(measure)} | row for row in own]
    if not panels:
        return []
    shown = set(drawn["measure"])
    tested = diversity_rows(group, group.terms[0]) if group.terms else group.rows[:0]
    told = [diversity_sentence(group, row) for _, row in tested.iterrows() if row["measure"] in shown]
    samples = many(drawn["sample"].nunique(), "sample")
    caption = [f"Every point is a sample ({samples}).", *notes, *told]
    return [
        Figure(
            name=slug("diversity", group.question, group.name),
            title=f"Diversity: {group.name}",
            alt=f"Values of {samples}, {group.control} beside {group.case}. {' '.join(told)}",
            caption=caption,
            panels=panels,
            columns=TABLE,
            rows=rows,
            columns_wide=3,
            columns_page=3,
            panel_width=230,
            least_width=230,
            most_width=340,
            marks=len(rows) // len(panels),
        )
    ]


def side_rows(group: Group, drawn: pd.DataFrame) -> Rows:
    """Return one record per point, spread sideways by a fixed step so that points do not hide each other."""
    rows: Rows = []
    for i, (_, point) in enumerate(drawn.iterrows()):
        rows.append(
            {
                "sample": "" if missing(point["sample"]) else point["sample"],
                "side": group.case if point["side"] == "case" else group.control,
                "group": "" if missing(point["group"]) else point["group"],
                "block": "" if missing(point["block"]) else point["block"],
                # the golden ratio's multiples are evenly spread whatever their number
                "jitter": round((i * 0.6180339887) % 1 - 0.5, 3),
                "y": short(point["y"]),
                "raw": short(point["y"]),
            }
        )
    return rows


def block_lines(group: Group, rows: Rows) -> tuple[Rows, str]:
    """Join each case with each control of its block, where the comparison is made inside blocks."""
    if "within" not in group.terms:
        return [], ""
    blocks: dict[object, tuple[Rows, Rows]] = {}
    for row in rows:
        if row["block"]:
            blocks.setdefault(row["block"], ([], []))[row["side"] == group.case].append(row)
    pairs = [(low, high) for controls, cases in blocks.values() for low in controls for high in cases]
    if len(pairs) > MOST_LINES:
        return [], f"Lines between members of a {group.block} are left out: there would be {len(pairs)}."
    lines: Rows = [end | {"pair": i} for i, ends in enumerate(pairs) for end in ends]
    return lines, f"Lines join {group.case} and {group.control} of the same {group.block}." if pairs else ""


def strip(
    group: Group,
    rows: Rows,
    lines: Rows,
    *,
    title: object,
    y_title: str,
    scale: object = None,
    axis: object = None,
    height: int = 240,
) -> Panel:
    """Draw the points of the two sides beside each other."""
    import altair as alt

    order = [group.control, group.case]
    base = {
        "x": alt.X("side:N", title=None).scale(domain=order, paddingInner=0.1).axis(labelAngle=0, grid=False),
        "xOffset": alt.XOffset("jitter:Q").scale(domain=[-0.9, 0.9]),
        "y": alt.Y("y:Q", title=y_title, scale=scale or alt.Scale(zero=False, nice=True), axis=axis or alt.Axis()),
    }
    dots = (
        alt.Chart(alt.NamedData(name="samples"))
        .mark_point(filled=True, size=40, opacity=0.8)
        .encode(
            **base,
            **side_colour(group.case, group.control, legend=False),
            tooltip=[
                alt.Tooltip("sample:N", title="Sample"),
                alt.Tooltip("group:N", title="Level"),
                alt.Tooltip("block:N", title="Block"),
                alt.Tooltip("raw:Q", title="Value"),
            ],
        )
    )
    layers = [dots]
    data = {"samples": rows}
    if lines:
        joined = alt.Chart(alt.NamedData(name="lines")).mark_line(strokeWidth=0.8, opacity=0.35, color="#8A8F98")
        layers.insert(0, joined.encode(**base, detail="pair:N"))
        data["lines"] = lines
    return panel(alt.layer(*layers, title=title), data, height)
