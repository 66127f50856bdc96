"""Figures of tissue: gene sets as a forest, and the disease's effects against the treatment's."""

from __future__ import annotations

import pandas as pd

from commensal.page.figures.drawn import CASE, CONTROL, OTHER, Figure, Panel, Rows, panel, slug
from commensal.page.payload import short
from commensal.page.view import Group
from commensal.page.words import chance, count, missing, number, plural, sentence

WHOLE, AGAINST = "set, self-contained", "set, competitive"
#: Sets drawn of one collection.
MOST = 25
LABELS = 14
FOUND = ("as a whole and beyond others", "as a whole", "q ≥ 0.05")
QUADRANTS = ("moved back", "moved on")
SET_TABLE = {
    "collection": "Collection", "term": "Term", "name": "Set", "effect": "Mean log2 fold change", "low": "Low",
    "high": "High", "p": "p, as a whole", "q": "q, as a whole", "other": "q, against other genes", "note": "Members",
}  # fmt: skip
POINT_TABLE = {"name": "Gene", "x": "Disease", "y": "Treatment", "side": "Moved", "lead": "Leads"}


def gene_sets(group: Group) -> list[Figure]:
    """Draw the mean change of each set with its interval, a panel for each collection and term."""
    rows = group.rows[group.rows["model"].isin((WHOLE, AGAINST))]
    panels: list[Panel] = []
    everything: Rows = []
    caption: list[str] = []
    for (term, name), own in rows.groupby(["term", "measure"], sort=False):
        drawn, left = _set_rows(own, str(name), str(term))
        if not drawn:
            continue
        title = f"{group.feature} sets that ship" if name == "shipped" else f"{group.feature} sets of {name}"
        if term != "overall":
            title += f", {term} {plural(group.block or 'block')}"
        panels.append(_forest(drawn, sentence(title)[:-1]))
        everything += drawn
        if left:
            caption.append(
                sentence(f"{title}: the {MOST} with the smallest p are drawn; {count(left)} more are in the estimates")
            )
    if not panels:
        return []
    caption.insert(
        0,
        "Mean log2 fold change of the members of each set, with its interval. As a whole: do members change "
        "(rotated residuals, or rearranged labels)? Beyond others: do they change more than others do (members' "
        "correlation taken into account)?",
    )
    return [
        Figure(
            name=slug("sets", group.question, group.name),
            title=f"{group.feature.capitalize()} sets: {group.question}, {group.name}",
            alt=" ".join([*caption, *(_told(row) for row in everything[:MOST])]),
            caption=caption, panels=panels, columns=SET_TABLE, rows=everything,
            columns_wide=1, panel_width=420, least_width=420, most_width=760, columns_page=1,
            marks=len(everything),
        )
    ]  # fmt: skip


def _set_rows(own: pd.DataFrame, collection: str, term: str) -> tuple[Rows, int]:
    other = own[own["model"] == AGAINST].set_index("feature")
    whole = own[(own["model"] == WHOLE) & own["effect"].notna()]
    ranked = whole.assign(second=whole["feature"].map(other["p"])).sort_values(["p", "second"], kind="stable")
    made: Rows = []
    for _, row in ranked.head(MOST).iterrows():
        q, beyond = row["q"], other["q"].get(row["feature"])
        hit = not missing(q) and bool(q < 0.05)
        both = hit and not missing(beyond) and float(str(beyond)) < 0.05
        made.append(
            {
                "collection": collection, "term": term, "name": str(row["label"]),
                **{key: short(row[key]) for key in ("effect", "low", "high", "p", "q")},
                "other": short(beyond), "found": FOUND[0 if both else 1 if hit else 2],
                "note": "" if missing(row["note"]) else str(row["note"]),
            }
        )  # fmt: skip
    return made, len(ranked) - len(made)


def _told(row: dict[str, object]) -> str:
    return sentence(f"{row['name']}: log2 fold change {number(row['effect'], 2, sign=True)}, {chance(row['q'], 'q')}")


def _forest(rows: Rows, title: str) -> Panel:
    import altair as alt

    names = list(dict.fromkeys(str(row["name"]) for row in rows))
    y = alt.Y("name:N", title=None).scale(domain=names).axis(labelLimit=260, grid=False, ticks=False, domain=False)
    x_title = "mean log2 fold change of members"
    legend = alt.Legend(title=None, orient="top", columns=3)
    base = alt.Chart(alt.NamedData(name="sets"))
    dots = base.mark_point(size=65, filled=True, opacity=1).encode(
        x=alt.X("effect:Q", title=x_title), y=y,
        color=alt.Color("found:N", legend=legend).scale(domain=list(FOUND), range=["#CC79A7", "#E69F00", OTHER]),
        shape=alt.Shape("found:N", legend=legend).scale(domain=list(FOUND), range=["diamond", "square", "circle"]),
        tooltip=[alt.Tooltip(name) for name in ("name:N", "effect:Q", "q:Q", "note:N")],
    )  # fmt: skip
    bars = base.mark_rule(strokeWidth=1.6).encode(x=alt.X("low:Q", title=x_title), x2="high:Q", y=y)
    zero = alt.Chart(alt.NamedData(name="zero")).mark_rule(strokeDash=[3, 3]).encode(x=alt.X("effect:Q", title=x_title))
    return panel(
        alt.layer(zero, bars, dots, title=title),
        {"sets": rows, "zero": [{"effect": 0}]},
        max(90, 21 * len(names)),
        wide=True,
    )


def reversal(group: Group, points: pd.DataFrame) -> list[Figure]:
    """Draw the disease's effect on each gene against the treatment's, with quadrants and the leading genes."""
    own = points[points["figure"] == "reversal"]
    row = next((r for _, r in group.pick(model="reversal").iterrows()), None)
    if own.empty or row is None:
        return []
    rows: Rows = [
        {
            "name": str(one["label"]), "x": short(one["x"]), "y": short(one["y"]), "side": str(one["group"]),
            "lead": "" if missing(one["note"]) else str(one["note"]),
        }
        for _, one in own.iterrows()
    ]  # fmt: skip
    disease = str(row["measure"])
    caption = [
        sentence(
            f"each point is a gene, of the {count(len(rows))} that {disease} changes most; right of the vertical line "
            f"it is higher in the disease, above the horizontal one higher in {group.case}. Upper left and lower "
            "right: moved back"
        ),
        "Where animals are in both contrasts, one half of them serves each axis, so that no animal is on both: "
        "otherwise their noise alone would slope the cloud downwards.",
    ]
    return [
        Figure(
            name=slug("reversal", group.question, group.name),
            title=f"The disease’s signature and what {group.case} does to it: {group.name}",
            alt=" ".join([*caption, f"Rank correlation {number(row['effect'], 2, sign=True)}, {chance(row['p'])}."]),
            caption=caption, panels=[_scatter(rows, disease, group.contrast)], columns=POINT_TABLE, rows=rows,
            columns_wide=1, columns_page=1, panel_width=460, least_width=340, most_width=620, marks=len(rows),
        )
    ]  # fmt: skip


def _scatter(rows: Rows, disease: str, treatment: str) -> Panel:
    import altair as alt

    x = alt.X("x:Q", title=f"log2 fold change, {disease}")
    y = alt.Y("y:Q", title=f"log2 fold change, {treatment}")
    legend = alt.Legend(title=None, orient="top", symbolOpacity=1)
    domain = [*QUADRANTS, "not moved"] if any(row["side"] == "not moved" for row in rows) else list(QUADRANTS)
    colour = alt.Color("side:N", legend=legend).scale(domain=domain, range=[CONTROL, CASE, OTHER][: len(domain)])
    shape = alt.Shape("side:N", legend=legend).scale(
        domain=domain, range=["triangle-down", "triangle-up", "circle"][: len(domain)]
    )
    tips = [alt.Tooltip("name:N", title="Gene"), alt.Tooltip("x:Q"), alt.Tooltip("y:Q")]
    dots = (
        alt.Chart(alt.NamedData(name="genes"))
        .mark_point(filled=True, size=26, opacity=0.55)
        .encode(x=x, y=y, color=colour, shape=shape, tooltip=tips)
    )
    across = (
        alt.Chart(alt.NamedData(name="zero")).mark_rule().encode(y=alt.Y("y:Q", title=f"log2 fold change, {treatment}"))
    )
    down = (
        alt.Chart(alt.NamedData(name="zero")).mark_rule().encode(x=alt.X("x:Q", title=f"log2 fold change, {disease}"))
    )
    layers = [across, down, dots]
    data: dict[str, Rows] = {"genes": rows, "zero": [{"x": 0, "y": 0}]}
    named = _apart([row for row in rows if row["lead"]], rows)
    for name, align, dx in (("left", "right", -6), ("right", "left", 6)):
        side = [row for row in named if (float(str(row["x"])) > 0) is (name == "left")]
        if side:
            text = alt.Chart(alt.NamedData(name=name)).mark_text(align=align, dx=dx, limit=110, baseline="middle")
            layers.append(text.encode(x=x, y=y, text="name:N"))
            data[name] = side
    return panel(alt.layer(*layers), data, 420)


def _apart(leading: Rows, rows: Rows) -> Rows:
    """Choose leading genes whose names do not run into each other, the strongest first."""
    leading = sorted(leading, key=lambda row: int(str(row["lead"]).split()[-1]))
    ys = [float(str(row["y"])) for row in rows]
    xs = [float(str(row["x"])) for row in rows]
    high, wide = (max(ys) - min(ys)) or 1.0, (max(xs) - min(xs)) or 1.0
    kept: Rows = []
    for row in leading:
        near = any(
            abs(float(str(row["y"])) - float(str(old["y"]))) / high < 0.045
            and abs(float(str(row["x"])) - float(str(old["x"]))) / wide < 0.3
            for old in kept
        )
        if not near and len(kept) < LABELS:
            kept.append(row)
    return kept


__all__ = ["gene_sets", "reversal"]
