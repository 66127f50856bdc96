"""Microbes beside molecules: a heat map of correlations, marked where q is small and where a genome agrees."""

from __future__ import annotations

import pandas as pd

from commensal.page.figures.drawn import Figure, Rows, panel, slug
from commensal.page.payload import short
from commensal.page.view import Group
from commensal.page.words import chance, many, missing, number, sentence

TABLE = {
    "taxon": "Taxon", "molecule": "Molecule", "r": "Spearman’s r", "low": "Low", "high": "High", "q": "q",
    "note": "Genome",
}  # fmt: skip
AGREES = "which agrees"


def producers(group: Group, points: pd.DataFrame) -> list[Figure]:
    """Draw the molecules and taxa with the smallest p, each with each."""
    import altair as alt

    drawn = points[(points["figure"] == "producers") & points["y"].notna()]
    if drawn.empty:
        return []
    rows: Rows = [
        {
            "taxon": str(point["measure"]), "molecule": str(point["label"]), "r": short(point["y"]),
            "low": short(point["low"]), "high": short(point["high"]), "q": short(point["x"]),
            "mark": _mark(point), "note": "" if missing(point["note"]) else str(point["note"]),
        }
        for _, point in drawn.iterrows()
    ]  # fmt: skip
    taxa, molecules = (list(dict.fromkeys(str(row[key]) for row in rows)) for key in ("taxon", "molecule"))
    x = alt.X("molecule:N", title=None).scale(domain=molecules).axis(labelAngle=-50, labelLimit=150, grid=False)
    y = alt.Y("taxon:N", title=None).scale(domain=taxa).axis(labelLimit=220, grid=False, ticks=False)
    base = alt.Chart(alt.NamedData(name="pairs"))
    cells = base.mark_rect().encode(
        x=x, y=y,
        color=alt.Color("r:Q", legend=alt.Legend(title="Spearman’s r", gradientLength=140)).scale(
            scheme="blueorange", domain=[-1, 1], domainMid=0
        ),
        tooltip=[alt.Tooltip(f"{f}", title=t) for f, t in (
            ("taxon:N", "Taxon"), ("molecule:N", "Molecule"), ("r:Q", "r"), ("q:Q", "q"), ("note:N", "Genome"))],
    )  # fmt: skip
    marks = base.mark_text(fontSize=13, fontWeight="bold", color="#1b2027").encode(x=x, y=y, text="mark:N")
    agreeing = any("◆" in str(row["mark"]) for row in rows)
    ranked = sorted(rows, key=lambda row: 1.0 if row["q"] is None else float(str(row["q"])))
    told = [
        f"{row['taxon']} and {row['molecule']} {number(row['r'], 2, sign=True)} ({chance(row['q'], 'q')})"
        for row in ranked[:5]
    ]
    caption = [
        "Rank correlation of taxa with molecules across people, sides and covariates held fixed (within blocks, where "
        "there are any): the molecules with the smallest p and those chosen beforehand. • q < 0.05 over all pairs "
        "asked. It is association: a taxon that goes with a "
        "molecule may make it, use it, or like what comes with it.",
        "◆ the genome of this taxon says the same (makes it and rises with it, or uses it and falls)."
        if agreeing
        else "No genome that was given speaks for any of these pairs.",
    ]
    return [
        Figure(
            name=slug("producers", group.question, group.name), title=f"Microbes beside molecules: {group.name}",
            alt=sentence(f"Heat map of {many(len(taxa), 'taxon')} and {many(len(molecules), 'molecule')}; "
                         + "; ".join(told)),
            caption=caption, panels=[panel(alt.layer(cells, marks), {"pairs": rows}, max(120, 18 * len(taxa)))],
            columns=TABLE, rows=rows, columns_wide=1, columns_page=1, panel_width=620, most_width=900,
            marks=len(rows),
        )
    ]  # fmt: skip


def _mark(point: pd.Series) -> str:
    small = "" if missing(point["group"]) else "•"
    return small + ("◆" if AGREES in str(point["note"]) else "")
