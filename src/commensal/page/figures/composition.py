"""Samples of reads: who is there in each, stacked, with what no genome of the reference explains."""

from __future__ import annotations

import pandas as pd

from commensal.page.figures.drawn import OTHER, Figure, Panel, Rows, panel, slug
from commensal.page.payload import short
from commensal.page.words import many, missing, percent, sentence

#: Species' colours, after Paul Tol's muted scheme and Okabe and Ito's: told apart by people with any colour vision.
SPECIES = (
    "#332288", "#88CCEE", "#44AA99", "#117733", "#999933", "#DDCC77", "#CC6677", "#882255", "#AA4499", "#E69F00",
    "#0B84A5",
)  # fmt: skip
#: What stands for these on a dark ground.
SPECIES_DARK = {"#332288": "#8F86E0", "#117733": "#3FA860", "#882255": "#C4547F", "#0B84A5": "#4DB6D6"}
UNKNOWN_COLOUR = "#C9CED6"
UNKNOWN, REST = "(unknown)", "(other species)"
TABLE = {"sample": "Sample", "role": "Role", "name": "Species", "y": "Share of cells"}


def species_colours(points: pd.DataFrame) -> dict[str, str]:
    """Return the colour of each species that the points of an assay name, the same in all of its figures."""
    drawn = points[points["figure"] == "composition"]
    names = [str(name) for name in drawn["label"].dropna().unique()]
    own = [name for name in names if name not in (UNKNOWN, REST)]
    colours = {name: SPECIES[i % len(SPECIES)] for i, name in enumerate(own)}
    return {**colours, REST: OTHER, UNKNOWN: UNKNOWN_COLOUR}


def composition(points: pd.DataFrame, colours: dict[str, str]) -> list[Figure]:
    """Draw the samples of one assay of reads, one bar each.

    Parameters
    ----------
    points
        The points of the assay's taxa.
    colours
        As from `species_colours`.
    """
    drawn = points[(points["figure"] == "composition") & points["y"].notna()]
    if drawn.empty:
        return []
    rows: Rows = [
        {
            "sample": str(point["sample"]),
            "role": "" if missing(point["group"]) else point["group"],
            "name": str(point["label"]),
            "y": short(point["y"]),
            "order": i,
        }
        for i, (_, point) in enumerate(drawn.iterrows())
    ]
    name = str(drawn["assay"].iloc[0])
    samples = list(dict.fromkeys(str(sample) for sample in drawn["sample"]))
    species = [one for one in colours if one in set(drawn["label"])]
    return [
        Figure(
            name=slug("composition", name),
            title=f"Who is there: {name}",
            alt=_alt(drawn, samples),
            caption=[
                "Each bar is a sample: its cells by species, as shares of all cells. The most abundant species on "
                "average have a name; (unknown) is what no genome of the reference explains.",
            ],
            panels=[_panel(rows, samples, species, [colours[one] for one in species])],
            columns=TABLE,
            rows=rows,
            columns_wide=1,
            columns_page=1,
            panel_width=640,
            least_width=280,
            most_width=900,
            marks=len(rows),
        )
    ]


def _panel(rows: Rows, samples: list[str], species: list[str], colours: list[str]) -> Panel:
    import altair as alt

    chart = (
        alt.Chart(alt.NamedData(name="shares"))
        .mark_bar(stroke="white", strokeWidth=0.3)
        .encode(
            x=alt.X("y:Q", title="share of cells", stack="zero", axis=alt.Axis(format="%")).scale(domain=[0, 1]),
            y=alt.Y("sample:N", title=None).scale(domain=samples, paddingInner=0.12).axis(grid=False, labelLimit=110),
            color=alt.Color(
                "name:N", legend=alt.Legend(title=None, orient="bottom", columns=2, labelLimit=132, symbolType="square")
            ).scale(domain=species, range=colours),
            order=alt.Order("order:Q"),
            tooltip=[
                alt.Tooltip("sample:N", title="Sample"),
                alt.Tooltip("name:N", title="Species"),
                alt.Tooltip("y:Q", title="Share", format=".2%"),
            ],
        )
    )
    step = 19 if len(samples) <= 60 else 8
    return panel(chart, {"shares": rows}, max(70, step * len(samples)))


def _alt(drawn: pd.DataFrame, samples: list[str]) -> str:
    told = []
    for sample in samples[:20]:
        own = drawn[drawn["sample"] == sample].sort_values("y", ascending=False, kind="stable").head(3)
        told.append(f"{sample}: " + ", ".join(f"{row['label']} {percent(row['y'])}" for _, row in own.iterrows()))
    rest = f"; and {len(samples) - 20} more samples" if len(samples) > 20 else ""
    return sentence(f"Stacked bars of {many(len(samples), 'sample')}. Largest shares: {'; '.join(told)}{rest}")
