"""How tables of molecules were prepared: controls step by step, and the run before and after."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from commensal.page.figures.drawn import CASE, CONTROL, OTHER, Figure, Panel, Rows, panel, slug
from commensal.page.payload import short
from commensal.page.words import count, many, number, percent, sentence

TABLE = {"part": "Panel", "name": "Step or sample", "x": "Place", "y": "Value", "low": "Lower quartile",
         "high": "Upper quartile", "role": "Role", "side": "Before or after"}  # fmt: skip
ROLES = {"sample": "sample", "replicate": "sample", "qc": "pooled control", "blank": "blank", "mock": "mock"}


@dataclass(frozen=True, slots=True)
class Told:
    """What the page says of one prepared table."""

    assay: str
    lines: tuple[str, ...]


def preparation_figures(points: pd.DataFrame) -> list[Figure]:
    """Draw each prepared table: the steps' relative standard deviations, and how high samples lie over the run."""
    return [_figure(name, own) for name, own in _assays(points)]


def preparation_told(points: pd.DataFrame) -> list[Told]:
    """Say what was done to each prepared table, from its points."""
    told = []
    for name, own in _assays(points):
        rsd = own[own["measure"] == "rsd"]
        lines = []
        for at, (_, row) in enumerate(rsd.iterrows()):
            value = "" if pd.isna(row["y"]) else f" (median RSD of pooled controls {percent(row['y'])})"
            prefix = "" if at == 0 else f"{row['label']}: "
            lines.append(sentence(f"{prefix}{row['note']}{value}"))
        if rsd["y"].isna().all():
            lines.append("No sample has the role qc: nothing here can say how well a molecule was measured.")
        for _, row in own[own["measure"] == "below"].iterrows():
            lines.append(
                sentence(f"{percent(row['y'])} of {many(int(row['n']), 'value')} lie below detection, {row['note']}")
            )
        told.append(Told(name, tuple(lines)))
    return told


def _assays(points: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    own = points[points["figure"] == "preparation"]
    return [(str(name), part) for name, part in own.groupby("assay", sort=False)]


def _figure(name: str, own: pd.DataFrame) -> Figure:
    steps, run = own[own["measure"].isin(["rsd", "spread"]) & own["y"].notna()], own[own["measure"] == "run"]
    measure = "rsd" if (steps["measure"] == "rsd").any() else "spread"
    rows: Rows = [_row("steps", row, str(row["label"])) for _, row in steps[steps["measure"] == measure].iterrows()]
    panels: list[Panel] = []
    if len(rows) > 1:
        panels.append(_steps(rows, measure))
    for side in ("before", "after"):
        part: Rows = [_row(side, row, str(row["sample"])) for _, row in run[run["side"] == side].iterrows()]
        if part:
            panels.append(_run(part, side, [float(y) for y in run["y"]]))
        rows += part
    return Figure(
        name=slug("preparation", name),
        title=f"Preparation: {name}",
        alt=sentence(_alt(rows, measure)),
        caption=[
            "Steps: the median over features, with quartiles, of "
            + (
                "the relative standard deviation of pooled controls: how far a molecule varies that does not."
                if measure == "rsd"
                else "the standard deviation of log2 over the samples."
            ),
            "Run: how high each sample lies, as the median over features of log2 less each feature's own "
            "median, before "
            "the first step and after the last.",
        ],
        panels=panels,
        columns=TABLE,
        rows=rows,
        columns_wide=3,
        columns_page=3,
        panel_width=260,
        marks=len(rows),
    )


def _row(part: str, row: pd.Series, name: str) -> dict[str, object]:
    return {
        "part": part,
        "name": name,
        "x": short(row["x"]),
        "y": short(row["y"]),
        "low": short(row["low"]),
        "high": short(row["high"]),
        "role": None if pd.isna(row["group"]) else ROLES.get(str(row["group"]), "other"),
        "side": None if pd.isna(row["side"]) else str(row["side"]),
    }


def _alt(rows: Rows, measure: str) -> str:
    steps = [row for row in rows if row["part"] == "steps"]
    what = "relative standard deviation of pooled controls" if measure == "rsd" else "standard deviation of log2"
    told = "; ".join(f"{row['name']} {_value(row['y'], measure)}" for row in steps)
    runs = count(sum(row["part"] == "before" for row in rows))
    return f"Median {what} after each step: {told}. The run of {runs} samples before and after"


def _value(y: object, measure: str) -> str:
    return percent(y) if measure == "rsd" else number(y, 2)


def _steps(rows: Rows, measure: str) -> Panel:
    import altair as alt

    form = ".0%" if measure == "rsd" else ".2f"
    title = "RSD of pooled controls" if measure == "rsd" else "SD of log2 over samples"
    order = [str(row["name"]) for row in rows]
    y = alt.Y("name:N", title=None).scale(domain=order).axis(labelLimit=150, grid=False)
    base = alt.Chart(alt.NamedData(name="steps"))
    bars = base.mark_rule(size=2, color=OTHER).encode(y=y, x=alt.X("low:Q", title=title).axis(format=form), x2="high:Q")
    dots = base.mark_point(filled=True, size=70, color=CONTROL, opacity=1).encode(
        y=y,
        x="y:Q",
        tooltip=[alt.Tooltip("name:N", title="After"), alt.Tooltip("y:Q", title="Median", format=form)],
    )
    return panel(bars + dots, {"steps": rows}, max(120, 34 * len(rows)))


def _run(rows: Rows, side: str, heights: list[float]) -> Panel:
    import altair as alt

    roles = [role for role in ("sample", "pooled control") if any(row["role"] == role for row in rows)]
    colours = {"sample": OTHER, "pooled control": CASE, "blank": CONTROL, "mock": "#009E73", "other": "#CC79A7"}
    shapes = {
        "sample": "circle",
        "pooled control": "diamond",
        "blank": "square",
        "mock": "triangle-up",
        "other": "cross",
    }
    low, high = min(heights), max(heights)
    chart = (
        alt.Chart(alt.NamedData(name="run"), title="before" if side == "before" else "after")
        .mark_point(filled=True, size=45, opacity=0.85)
        .encode(
            x=alt.X("x:Q", title="place in the run").scale(zero=False, nice=False),
            y=alt.Y("y:Q", title="height, log2").scale(domain=[low, high], nice=True),
            color=alt.Color("role:N", legend=alt.Legend(title=None)).scale(
                domain=roles, range=[colours[r] for r in roles]
            ),
            shape=alt.Shape("role:N", legend=alt.Legend(title=None)).scale(
                domain=roles, range=[shapes[r] for r in roles]
            ),
            tooltip=[alt.Tooltip("name:N", title="Sample"), alt.Tooltip("y:Q", title="log2", format=".2f")],
        )
    )
    return panel(chart, {"run": rows}, 220)
