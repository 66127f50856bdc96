"""Which taxa carry the change of a pathway: its parts, which add up to it."""

from __future__ import annotations

import pandas as pd

from commensal.page.figures.drawn import OTHER, Figure, Panel, Rows, panel, slug
from commensal.page.payload import short
from commensal.page.view import Group
from commensal.page.words import missing, number, sentence

#: Pathways whose taxa are drawn.
MOST = 3
#: Taxa that are drawn of each: those whose part changes most.
TAXA = 12
TABLE = {
    "pathway": "Pathway", "taxon": "Taxon", "effect": "Change", "low": "Low", "high": "High", "p": "p", "q": "q",
    "note": "Share",
}  # fmt: skip
FOUND = ("sum", "q < 0.05", "q ≥ 0.05")


def carriers(group: Group, chosen: list[str]) -> list[Figure]:
    """Draw the taxa of the pathways that come first."""
    rows = group.rows[(group.rows["model"] == "contribution") & group.rows["effect"].notna()]
    panels: list[Panel] = []
    everything: Rows = []
    told: list[str] = []
    for name in [one for one in chosen if one in set(rows["feature"])][:MOST]:
        own = rows[rows["feature"] == name]
        parts = own[~own["measure"].str.startswith("(")]
        largest = parts.reindex(parts["effect"].abs().sort_values(ascending=False, kind="stable").index).head(TAXA)
        made = [_row(row) for _, row in pd.concat([own[own["measure"] == "(all taxa)"], largest]).iterrows()]
        label = str(own["label"].iloc[0])
        panels.append(_forest(made, label, f"change, {own['unit'].iloc[0]}", key=not panels))
        everything += made
        words = [f"{row['taxon']} {number(row['effect'], 2, sign=True)}" for row in made[:6]]
        told.append(sentence(f"{label}: {'; '.join(words)}"))
    if not panels:
        return []
    caption = [
        f"The change of a pathway ({group.case} less {group.control}), split over the taxa in which its genes were "
        "found: amounts of all its genes on their own scale, one least-squares model for all, so that parts add up to "
        f"the sum. The {TAXA} taxa whose part changes most are drawn.",
    ]
    return [
        Figure(
            name=slug("carriers", group.question, group.name), title=f"Which taxa carry the change: {group.name}",
            alt=" ".join(told), caption=caption, panels=panels, columns=TABLE, rows=everything, columns_wide=3,
            columns_page=3, panel_width=240, least_width=330, most_width=420, marks=len(everything) // len(panels),
        )
    ]  # fmt: skip


def _row(row: pd.Series) -> dict[str, object]:
    found = FOUND[0] if str(row["measure"]).startswith("(") else FOUND[1 if row["q"] < 0.05 else 2]
    return {
        "pathway": str(row["label"]), "taxon": str(row["measure"]), "found": found,
        "note": "" if missing(row["note"]) else str(row["note"]),
        **{key: short(row[key]) for key in ("effect", "low", "high", "p", "q")},
    }  # fmt: skip


def _forest(rows: Rows, label: str, unit: str, *, key: bool) -> Panel:
    import altair as alt

    names = [str(row["taxon"]) for row in rows]
    y = alt.Y("taxon:N", title=None).scale(domain=names).axis(labelLimit=190, grid=False, ticks=False, domain=False)
    x = alt.X("effect:Q", title=unit)
    base = alt.Chart(alt.NamedData(name="taxa"))
    colour = alt.Color("found:N", legend=alt.Legend(title=None) if key else None)
    dots = base.mark_point(filled=True, size=70, opacity=1).encode(
        x=x, y=y, color=colour.scale(domain=list(FOUND), range=["#0072B2", "#CC79A7", OTHER]),
        shape=alt.Shape("found:N", legend=alt.Legend(title=None) if key else None).scale(
            domain=list(FOUND), range=["square", "diamond", "circle"]
        ),
        tooltip=["taxon:N", "effect:Q", "q:Q", "note:N"],
    )  # fmt: skip
    bars = base.mark_rule(strokeWidth=1.4).encode(x=alt.X("low:Q", title=unit), x2="high:Q", y=y)
    zero = alt.Chart(alt.NamedData(name="zero")).mark_rule(strokeDash=[3, 3]).encode(x=x)
    chart = alt.layer(zero, bars, dots, title=alt.Title(label))
    return panel(chart, {"taxa": rows, "zero": [{"effect": 0}]}, 19 * len(names))
