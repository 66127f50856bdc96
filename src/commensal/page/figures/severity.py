"""Severity against level: the raw points, and the straight line with its band."""

from __future__ import annotations

import pandas as pd

from commensal.page.figures.drawn import CASE, Figure, Panel, Rows, panel, slug
from commensal.page.payload import short
from commensal.page.view import Group
from commensal.page.words import chance, missing, number, sentence

TABLE = {"name": "Feature", "sample": "Sample", "x": "Severity", "y": "log2 level", "seen": "Detected"}
FOUND, ABSENT = "detected", "not detected"


def severity(group: Group, points: pd.DataFrame) -> list[Figure]:
    """Draw the features chosen beforehand, then those with the smallest p, a panel each."""
    drawn = points[points["figure"] == "severity"]
    if drawn.empty:
        return []
    measure = str(drawn["measure"].iloc[0])
    panels, everything, told = [], [], []
    for feature, own in drawn.groupby("feature", sort=False):
        name = str(own["label"].iloc[0])
        dots = _dots(own, name)
        line = points[(points["figure"] == "severity_line") & (points["feature"] == feature)]
        row = group.first(model="severity", feature=str(feature))
        slope = group.first(model="severity, slope", feature=str(feature))
        if row is None or slope is None:
            continue
        panels.append(_panel(name, dots, line, row, measure))
        everything += dots
        r, b = number(row["effect"], 2, sign=True), number(slope["effect"], 2, sign=True)
        told.append(
            sentence(f"{name}: Spearman’s r {r}, {chance(row['p'])}; slope {b} {slope['unit']}, {chance(slope['p'])}")
        )
    absent = any(row["seen"] == ABSENT for row in everything)
    caption = [
        f"Each point is one {group.case} (or one unit where several count once): {measure} against the level in log2. "
        "The line and its band are least squares where detected, covariates at their mean; r is of ranks, covariates "
        "held fixed. Molecules chosen beforehand come first, then the smallest p.",
        *(["Open triangles were not detected: the lowest rank in r, no part of the line."] if absent else []),
    ]
    return [
        Figure(
            name=slug("severity", group.question, group.name), title=f"Severity: {group.name} against {measure}",
            alt=" ".join(told), caption=caption, panels=panels, columns=TABLE, rows=everything, columns_wide=3,
            columns_page=4, panel_width=230, least_width=230, most_width=290, marks=len(everything) // len(panels),
        )
    ]  # fmt: skip


def _dots(own: pd.DataFrame, name: str) -> Rows:
    seen = own["y"].dropna()
    floor = float(seen.min() - 0.12 * max(seen.max() - seen.min(), 0.5)) if len(seen) else 0.0
    return [
        {
            "name": name, "sample": "" if missing(point["sample"]) else str(point["sample"]), "x": short(point["x"]),
            "y": short(floor if missing(point["y"]) else point["y"]), "seen": ABSENT if missing(point["y"]) else FOUND,
        }
        for _, point in own.iterrows()
    ]  # fmt: skip


def _panel(name: str, dots: Rows, line: pd.DataFrame, row: pd.Series, measure: str) -> Panel:
    import altair as alt

    x = alt.X("x:Q", title=measure).scale(zero=False, nice=True)
    y = alt.Y("y:Q", title="log2 level").scale(zero=False, nice=True)
    domain = [FOUND, ABSENT]
    points = (
        alt.Chart(alt.NamedData(name="points"))
        .mark_point(size=45, opacity=0.85, color=CASE)
        .encode(
            x=x, y=y, shape=alt.Shape("seen:N", legend=None).scale(domain=domain, range=["circle", "triangle-down"]),
            fillOpacity=alt.condition(f"datum.seen == '{FOUND}'", alt.value(0.85), alt.value(0)),
            fill=alt.value(CASE),
            tooltip=[alt.Tooltip("sample:N"), alt.Tooltip("x:Q", title=measure), alt.Tooltip("y:Q", title="log2")],
        )
    )  # fmt: skip
    layers, data = [points], {"points": dots}
    if len(line):
        data["line"] = [
            {key: short(one[key]) for key in ("x", "y", "low", "high")} for _, one in line.sort_values("x").iterrows()
        ]
        base = alt.Chart(alt.NamedData(name="line"))
        band = base.mark_area(opacity=0.16, color=CASE).encode(x=x, y=alt.Y("low:Q", title="log2 level"), y2="high:Q")
        layers = [band, base.mark_line(color=CASE, strokeWidth=1.8).encode(x=x, y=y), *layers]
    q = "" if missing(row["q"]) else f", {chance(row['q'], 'q')}"
    title = alt.Title(name, subtitle=f"r {number(row['effect'], 2, sign=True)}, {chance(row['p'])}{q}")
    return panel(alt.layer(*layers, title=title), data, 220)
