"""What the samples of reads can do: whole pathways as a heat map, and who carries which step of NAD's pathways."""

from __future__ import annotations

import pandas as pd

from commensal.page.figures.drawn import Figure, Panel, Rows, panel, slug
from commensal.page.payload import short
from commensal.page.words import many, percent, sentence

HEAT_TABLE = {"sample": "Sample", "name": "Pathway", "y": "Share of cells"}
STEP_TABLE = {
    "route": "Route", "step": "Step", "enzyme": "Enzyme", "role": "Role", "change": "Change", "name": "Carried by",
    "y": "Share of cells",
}  # fmt: skip
NOBODY = "(nobody)"


def heat_map(points: pd.DataFrame) -> list[Figure]:
    """Draw the share of each sample's cells that carry a whole pathway."""
    import altair as alt

    drawn = points[(points["figure"] == "functions") & points["y"].notna()]
    if drawn.empty:
        return []
    rows: Rows = [
        {"sample": str(point["sample"]), "name": str(point["label"]), "y": short(point["y"])}
        for _, point in drawn.iterrows()
    ]
    samples = list(dict.fromkeys(str(row["sample"]) for row in rows))
    pathways = list(dict.fromkeys(str(row["name"]) for row in rows))
    chart = (
        alt.Chart(alt.NamedData(name="cells"))
        .mark_rect()
        .encode(
            x=alt.X("sample:N", title=None).scale(domain=samples).axis(labelAngle=-90, labelLimit=90, grid=False),
            y=alt.Y("name:N", title=None).scale(domain=pathways).axis(labelLimit=215, grid=False, ticks=False),
            color=alt.Color("y:Q", legend=alt.Legend(title="share of cells", format="%", gradientLength=140)).scale(
                scheme="viridis", domain=[0, 1]
            ),
            tooltip=[
                alt.Tooltip("sample:N", title="Sample"),
                alt.Tooltip("name:N", title="Pathway"),
                alt.Tooltip("y:Q", title="Share of cells", format=".1%"),
            ],
        )
    )
    name = str(drawn["assay"].iloc[0])
    most = drawn.sort_values("y", ascending=False, kind="stable").drop_duplicates("label").head(8)
    told = "; ".join(f"{row['label']}: up to {percent(row['y'])} ({row['sample']})" for _, row in most.iterrows())
    return [
        Figure(
            name=slug("functions", name),
            title=f"What they can do: {name}",
            alt=sentence(f"Heat map of {many(len(pathways), 'pathway')} in {many(len(samples), 'sample')}. {told}"),
            caption=[
                "Share of each sample's cells whose genome carries the whole pathway. It is capability by the "
                "reference genomes' annotation, not activity; cells of no known genome, and of genomes without "
                "annotation, count as carrying nothing. "
                "Pathways that no genome carries whole are not drawn.",
            ],
            panels=[panel(chart, {"cells": rows}, max(90, 17 * len(pathways)))],
            columns=HEAT_TABLE,
            rows=rows,
            columns_wide=1,
            columns_page=1,
            panel_width=560,
            most_width=900,
            marks=len(rows),
        )
    ]


def steps(points: pd.DataFrame, colours: dict[str, str]) -> list[Figure]:
    """Draw each route of NAD as a ladder: molecules, the steps between them, and who carries each step."""
    drawn = points[(points["figure"] == "steps") & points["y"].notna()]
    if drawn.empty:
        return []
    rows: Rows = [
        {
            "route": str(point["block"]),
            "step": str(point["feature"]),
            "enzyme": str(point["label"]),
            "role": str(point["side"]),
            "change": str(point["note"]),
            "name": str(point["group"]),
            "y": short(point["y"]),
        }
        for _, point in drawn.iterrows()
    ]
    routes = list(dict.fromkeys(str(row["route"]) for row in rows))
    own = [[row for row in rows if row["route"] == route] for route in routes]
    used = [name for name in colours if any(row["name"] == name for row in rows)]
    panels = [_ladder(route, part, used, colours) for route, part in zip(routes, own, strict=True)]
    return [
        Figure(
            name=slug("nad", str(drawn["assay"].iloc[0])),
            title=f"NAD and nicotinamide: who carries which step ({drawn['assay'].iloc[0]})",
            alt=sentence("; ".join(_told(part) for part in own)),
            caption=[
                "Each panel is a route, from its first molecule down to its last; the bar of a step is the share of "
                "all cells (mean over samples) whose genome carries it, by species. An empty row is a step that nobody "
                "found here carries. It is what genomes can do by annotation, not what cells do.",
            ],
            panels=[*panels, _key(used, colours)],
            columns=STEP_TABLE,
            rows=rows,
            columns_wide=3,
            columns_page=3,
            panel_width=260,
            least_width=290,
            most_width=340,
            marks=len(rows) // max(len(panels), 1),
        )
    ]


def _ladder(route: str, rows: Rows, used: list[str], colours: dict[str, str]) -> Panel:
    import altair as alt

    rungs: list[str] = []
    for row in rows:
        before, _, after = str(row["change"]).partition(" → ")
        step = f"↓ {row['step']}"
        if step in rungs:
            continue
        molecule = before.split(", ")[0]
        if molecule not in rungs:
            rungs.append(molecule)
        # Steps that do the same lie between the same two molecules.
        rungs.insert(rungs.index(after) if after in rungs else len(rungs), step)
        if after not in rungs:
            rungs.append(after)
    bars = [row | {"rung": f"↓ {row['step']}"} for row in rows]
    chart = (
        alt.Chart(alt.NamedData(name="steps"), title=alt.Title(_short(route)))
        .mark_bar(stroke="white", strokeWidth=0.3)
        .encode(
            x=alt.X("y:Q", title="share of cells", stack="zero", axis=alt.Axis(format="%", tickCount=3)).scale(
                domain=[0, 1]
            ),
            y=alt.Y("rung:N", title=None)
            .scale(domain=rungs, paddingInner=0.1)
            .axis(labelLimit=140, grid=False, ticks=False, domain=False),
            color=alt.Color("name:N", legend=None).scale(domain=used, range=[colours[one] for one in used]),
            tooltip=[
                alt.Tooltip("step:N", title="Step"),
                alt.Tooltip("enzyme:N", title="Enzyme"),
                alt.Tooltip("change:N", title="Change"),
                alt.Tooltip("name:N", title="Carried by"),
                alt.Tooltip("y:Q", title="Share of cells", format=".1%"),
            ],
        )
    )
    return panel(chart, {"steps": bars}, 18 * len(rungs))


def _key(used: list[str], colours: dict[str, str]) -> Panel:
    """Draw the colours with their names, once for all panels."""
    import altair as alt

    base = alt.Chart(alt.NamedData(name="key")).encode(y=alt.Y("name:N", axis=None).scale(domain=used))
    squares = base.mark_square(size=120, opacity=1).encode(
        x=alt.value(8),
        color=alt.Color("name:N", legend=None).scale(domain=used, range=[colours[one] for one in used]),
    )
    names = base.mark_text(align="left", baseline="middle").encode(x=alt.value(20), text="name:N")
    rows: Rows = [{"name": name} for name in used]
    return panel(alt.layer(squares, names, title=alt.Title("Carried by")), {"key": rows}, max(40, 19 * len(used)))


def _short(route: str) -> str:
    return route if len(route) <= 46 else f"{route[:45]}…"


def _told(rows: Rows) -> str:
    told = []
    for step in dict.fromkeys(str(row["step"]) for row in rows):
        own = [row for row in rows if row["step"] == step]
        who = (
            ", ".join(f"{row['name']} {percent(row['y'])}" for row in own[:3]) if own[0]["name"] != NOBODY else "nobody"
        )
        told.append(f"{step} {who}")
    return f"{rows[0]['route']}: {'; '.join(told)}"
