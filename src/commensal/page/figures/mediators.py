"""Triangulation: each molecule's change where microbes are removed against its change where a strain is given."""

from __future__ import annotations

import math

import pandas as pd

from commensal.page.figures.drawn import OTHER, Figure, Panel, Rows, panel, slug
from commensal.page.payload import short
from commensal.page.view import Group
from commensal.page.words import chance, count, missing, number, sentence

#: Panels drawn, molecules without a standing drawn in each, and names written.
MOST_PANELS, MOST_OTHERS, LABELS = 12, 1200, 8
#: A strain of more letters stands on a line of its own in a panel's title.
LONGEST = 24
#: Ranks that are named where nothing is a candidate.
BEST = 5
STANDINGS = ("candidate", "best ranks", "opposite", "exogenous", "other")
COLOURS = ("#009E73", "#0072B2", "#CC79A7", "#E69F00", OTHER)
SHAPES = ("triangle-up", "diamond", "triangle-down", "square", "circle")
TABLE = {
    "strain": "Strain", "specimen": "Specimen", "removed": "Removed by", "name": "Molecule", "x": "Where removed",
    "y": "Where given", "standing": "Standing", "rank": "Rank",
}  # fmt: skip


def triangulation(group: Group, points: pd.DataFrame) -> list[Figure]:
    """Draw a panel per strain, specimen and arm that removes: the strains of the best ranks first."""
    own = points[points["figure"] == "triangulation"]
    if own.empty:
        return []
    best = own.groupby("group", sort=False)["n"].min().astype("Float64").fillna(math.inf).sort_values(kind="stable")
    keys = [
        (str(strain), *key)
        for strain in best.index
        for key in own.loc[own["group"] == strain, ["measure", "block"]]
        .drop_duplicates()
        .itertuples(index=False, name=None)
    ]
    panels: list[Panel] = []
    everything: Rows = []
    for strain, specimen, removed in keys[:MOST_PANELS]:
        part = own[(own["group"] == strain) & (own["measure"] == specimen) & (own["block"] == removed)]
        rows = _rows(part)
        panels.append(_panel(rows, strain, str(specimen), str(removed)))
        everything += [{"strain": strain, "specimen": str(specimen), "removed": str(removed)} | row for row in rows]
    caption = [
        "Each point is a molecule: left of the vertical line it falls where microbes are removed, above the horizontal "
        "one it rises where the strain is given. A mediator of the strain's effect lies in the upper left quarter, in "
        "every panel of its strain.",
        f"Candidate: all lines hold at q < 0.05; opposite: likewise, the other way round; best ranks: among the {BEST} "
        "best of all strains and molecules, and no candidate; exogenous: drugs and the like, in no family.",
    ]
    if len(keys) > MOST_PANELS:
        caption.append(sentence(f"drawn are {MOST_PANELS} of {len(keys)} panels, the strains of the best ranks first"))
    if any(
        len(own[(own["group"] == a) & (own["measure"] == b) & (own["block"] == c)]) > 2 * MOST_OTHERS
        for a, b, c in keys
    ):
        caption.append("Of molecules without a standing a part is drawn; all are in points.parquet.")
    return [
        Figure(
            name=slug("triangulation", group.question),
            title="What falls without microbes and rises with a strain",
            alt=" ".join([*caption, *_told(group)]),
            caption=caption, panels=panels, columns=TABLE, rows=everything, columns_wide=2, columns_page=2,
            panel_width=340, least_width=300, most_width=460, marks=len(everything),
        )
    ]  # fmt: skip


def _told(group: Group) -> list[str]:
    rows = group.pick(model="candidate")
    return [
        sentence(
            f"rank {number(row['statistic'])}: {row['label']} with {row['term']}, {row['measure']}, "
            f"{chance(row['q'], 'q')}"
        )
        for _, row in rows[rows["p"].notna()].head(BEST).iterrows()
    ]


def _rows(part: pd.DataFrame) -> Rows:
    """Return the molecules of a panel, those with a standing first, and an even part of the others."""
    standing = part["note"].astype(str)
    ranked = part["n"].astype("Float64").fillna(math.inf)
    standing = standing.mask((standing == "other") & (ranked <= BEST), "best ranks")
    others = part.index[standing == "other"]
    step = math.ceil(len(others) / MOST_OTHERS) if len(others) > 2 * MOST_OTHERS else 1
    keep = [*part.index[standing != "other"], *others[::step]]
    shown = part.assign(standing=standing).loc[keep].sort_values("n", kind="stable", na_position="last")
    return [
        {
            "name": str(one["label"]),
            "x": short(one["x"]),
            "y": short(one["y"]),
            "standing": str(one["standing"]),
            "rank": "" if missing(one["n"]) else count(one["n"]),
        }
        for _, one in shown.iterrows()
    ]


def _panel(rows: Rows, strain: str, specimen: str, removed: str) -> Panel:
    import altair as alt

    # no point on the frame
    x = alt.X("x:Q", title=f"log2 fold change, {removed}").scale(padding=12)
    y = alt.Y("y:Q", title="log2 fold change, strain given").scale(padding=12)
    there = [name for name in STANDINGS if any(row["standing"] == name for row in rows)]
    look = [STANDINGS.index(name) for name in there]
    legend = alt.Legend(title=None, orient="top", symbolOpacity=1, columns=3)
    tips = [
        alt.Tooltip("name:N", title="Molecule"), alt.Tooltip("x:Q", title="Where removed"),
        alt.Tooltip("y:Q", title="Where given"), alt.Tooltip("rank:N", title="Rank"),
    ]  # fmt: skip
    colour = alt.Color("standing:N", legend=legend).scale(domain=there, range=[COLOURS[i] for i in look])
    shape = alt.Shape("standing:N", legend=legend).scale(domain=there, range=[SHAPES[i] for i in look])
    layers, data = [], dict[str, Rows]()
    for name, size, opacity in (("others", 16, 0.35), ("standing", 80, 0.95)):
        own = [row for row in rows if (row["standing"] == "other") == (name == "others")]
        if own:
            data[name] = own
            marks = alt.Chart(alt.NamedData(name=name)).mark_point(filled=True, size=size, opacity=opacity)
            layers.append(marks.encode(x=x, y=y, color=colour, shape=shape, tooltip=tips))
    zero = alt.Chart(alt.NamedData(name="zero")).mark_rule(strokeDash=[3, 3])
    layers = [zero.encode(x=alt.X("x:Q", title=f"log2 fold change, {removed}")),
              zero.encode(y=alt.Y("y:Q", title="log2 fold change, strain given")), *layers]  # fmt: skip
    data["zero"] = [{"x": 0, "y": 0}]
    for name, align, dx in (("left", "right", -8), ("right", "left", 8)):
        side = [row for row in _named(rows) if (float(str(row["x"])) > 0) is (name == "left")]
        if side:
            text = alt.Chart(alt.NamedData(name=name)).mark_text(align=align, dx=dx, limit=170, baseline="middle")
            layers.append(text.encode(x=x, y=y, text="name:N"))
            data[name] = side
    title = alt.Title(
        [strain, specimen] if len(strain) > LONGEST else f"{strain}: {specimen}",
        subtitle=[f"microbes removed by {removed}"],
    )
    return panel(alt.layer(*layers, title=title), data, 300)


def _named(rows: Rows) -> Rows:
    """Choose whose names are written: candidates, best ranks and opposites, none running into another."""
    wanted = [row for row in rows if row["standing"] in STANDINGS[:3]]
    xs, ys = ([float(str(row[axis])) for row in rows] for axis in ("x", "y"))
    wide, high = (max(xs) - min(xs)) or 1.0, (max(ys) - min(ys)) or 1.0
    kept: Rows = []
    for row in wanted:
        near = any(
            abs(float(str(row["y"])) - float(str(old["y"]))) / high < 0.06
            and abs(float(str(row["x"])) - float(str(old["x"]))) / wide < 0.45
            for old in kept
        )
        if not near and len(kept) < LABELS:
            kept.append(row)
    return kept


__all__ = ["triangulation"]
