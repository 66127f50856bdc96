"""Survival: each arm's curve beside the control's, with intervals, and below it how many are at risk."""

from __future__ import annotations

from typing import Any

import pandas as pd

from commensal.page.figures.drawn import CASE, CASE_SHAPE, CONTROL, CONTROL_SHAPE, Figure, Panel, Rows, panel, slug
from commensal.page.payload import short
from commensal.page.view import Group
from commensal.page.words import chance, count, estimate, interval, many, missing, number, sentence

TABLE = {"name": "Arm", "x": "Time", "y": "Share without the event", "low": "Low", "high": "High", "n": "At risk"}
INCIDENCE_TABLE = TABLE | {"cause": "Event", "y": "Share with the event"}
#: Where the numbers at risk stand, in shares below 0: their heading, the control's row, the arm's.
HEADING, ROWS, BOTTOM = -0.11, {"control": -0.19, "arm": -0.27}, -0.31
#: Height of the panel, in pixels, the numbers included.
HEIGHT = 270


def survival_figures(group: Group, points: pd.DataFrame) -> list[Figure]:
    """Draw a figure per event, a panel for each arm beside its control; another one where events compete."""
    drawn = points[(points["figure"] == "survival") & points["x"].notna() & points["y"].notna()]
    figures = []
    for measure in drawn["measure"].dropna().unique():
        own = points[points["measure"] == measure]
        figures += [*_curves(group, str(measure), own), *_incidence(group, str(measure), own)]
    return figures


def _pairs(points: pd.DataFrame) -> list[tuple[str, str]]:
    """Return the terms of each arm and of its control, in the order of the file."""
    kinds = points[["label", "group", "side"]].dropna().drop_duplicates()
    level = {str(row.label): str(row.label).removesuffix(str(row.group)) for row in kinds.itertuples()}
    controls = {level[str(row.label)]: str(row.label) for row in kinds.itertuples() if row.side == "control"}
    arms = [str(row.label) for row in kinds.itertuples() if row.side == "case"]
    return [(arm, controls[level[arm]]) for arm in arms if level[arm] in controls]


def _records(points: pd.DataFrame, arm: str, control: str) -> Rows:
    rows: Rows = []
    for name, side in ((control, "control"), (arm, "arm")):
        for _, point in points[points["label"] == name].iterrows():
            values = {key: None if missing(point[key]) else short(point[key]) for key in ("x", "y", "low", "high")}
            n = None if missing(point["n"]) else int(point["n"])
            rows.append({"name": name, "side": side, "n": n, "feature": str(point["feature"]), **values})
    return rows


def _time(points: pd.DataFrame) -> str:
    told = points.loc[points["figure"] == "survival", "note"].dropna()
    return str(told.iloc[0]) if len(told) else "time"


def _curves(group: Group, measure: str, points: pd.DataFrame) -> list[Figure]:
    panels, data, told = [], list[dict[str, object]](), []
    pairs = _pairs(points[points["figure"] == "survival"])
    of = {kind: points[points["figure"] == kind] for kind in ("survival", "censored", "at_risk")}
    for arm, control in pairs:
        parts = {kind: _records(frame, arm, control) for kind, frame in of.items()}
        panels.append(_panel(arm, control, parts, _time(points), _subtitle(group, measure, arm)))
        seen = {row["name"] for row in data}
        data += [row for row in parts["survival"] if row["name"] not in seen]
        told.append(_told(group, measure, arm, control))
    if not panels:
        return []
    name = measure.replace("_", " ")
    caption = [
        f"Kaplan–Meier curves of {name}, with pointwise intervals{_over(group)}; small strokes are animals whose "
        "follow-up ended there. Below each curve: how many are at risk.",
        "Solid line and circles: the arm; dashed line and triangles: the control.",
    ]
    rules = group.pick(measure=measure, model="log_rank")["note"].dropna()
    ends = dict.fromkeys(part for note in rules for part in str(note).split("; ") if part.startswith("end-point: "))
    caption += [sentence(text) for text in ends]
    return [
        Figure(
            name=slug("survival", group.question, measure),
            title=f"Survival: {name}",
            alt=" ".join(told),
            caption=caption,
            panels=panels,
            columns=TABLE,
            rows=data,
            panel_width=340,
            least_width=300,
            most_width=480,
            marks=len(data) // max(len(panels), 1),
        )
    ]


def _over(group: Group) -> str:
    return (
        f" over {group.block}s as wholes where these lie in one arm" if group.block and group.block != "subject" else ""
    )


def _row(group: Group, measure: str, model: str, term: str) -> pd.Series | None:
    return group.first(measure=measure, model=model, term=term)


def _subtitle(group: Group, measure: str, arm: str) -> str:
    """Return the test of an arm in words."""
    row = _row(group, measure, "log_rank", arm)
    if row is None:
        return ""
    return f"log-rank {chance(row['p'])}" if not missing(row["p"]) else f"no p: {str(row['status']).replace('_', ' ')}"


def _told(group: Group, measure: str, arm: str, control: str) -> str:
    """Say what a panel shows, with its numbers."""
    parts = []
    for name in (arm, control):
        row = _row(group, measure, "median", name)
        if row is None:
            continue
        if missing(row["effect"]):
            parts.append(f"{name}: {many(row['n'], 'animal')}, no median")
        else:
            ends = "" if missing(row["low"]) or missing(row["high"]) else f" ({interval(row['low'], row['high'])})"
            parts.append(f"{name}: {many(row['n'], 'animal')}, median {number(row['effect'])} {row['unit']}{ends}")
    rmst = _row(group, measure, "rmst", arm)
    if rmst is not None and not missing(rmst["effect"]):
        parts.append(f"mean up to {number(rmst['time'])}: {estimate(rmst, chance(rmst['p']))}")
    return sentence("; ".join([*parts, _subtitle(group, measure, arm)]))


def _channels() -> dict[str, Any]:
    import altair as alt

    domain = ["arm", "control"]
    return {
        "color": alt.Color("side:N", legend=None).scale(domain=domain, range=[CASE, CONTROL]),
        "strokeDash": alt.StrokeDash("side:N", legend=None).scale(domain=domain, range=[[1, 0], [5, 3]]),
    }


def _panel(arm: str, control: str, parts: dict[str, Rows], time: str, subtitle: str) -> Panel:
    import altair as alt

    ticks = sorted({float(str(row["x"])) for row in parts["at_risk"]})
    last = max(float(str(row["x"])) for row in parts["survival"])
    x = alt.X("x:Q", title=time).scale(domain=[0, last], nice=False).axis(values=ticks, grid=False)
    y = (
        alt.Y("y:Q", title="share without the event")
        .scale(domain=[BOTTOM, 1.0], nice=False)
        .axis(values=[0, 0.25, 0.5, 0.75, 1], format="%", offset=10)
    )
    channel = _channels()
    shape = alt.Shape("side:N", legend=None).scale(domain=["arm", "control"], range=[CASE_SHAPE, CONTROL_SHAPE])
    steps = alt.Chart(alt.NamedData(name="steps"))
    shown = [
        alt.Tooltip("name:N", title="Arm"),
        alt.Tooltip("x:Q", title=time),
        alt.Tooltip("y:Q", title="Share", format=".1%"),
        alt.Tooltip("n:Q", title="At risk"),
    ]
    known: Rows = [row for row in parts["survival"] if row["low"] is not None]
    band = alt.Chart(alt.NamedData(name="bands")).mark_area(opacity=0.15, interpolate="step-after")
    lost = alt.Chart(alt.NamedData(name="lost")).mark_point(
        shape="stroke", angle=90, size=70, strokeWidth=1.4, opacity=1
    )
    risk: Rows = [
        {"x": row["x"], "side": row["side"], "y": ROWS[str(row["side"])], "text": count(row["n"])}
        for row in parts["at_risk"]
    ]
    numbers = alt.Chart(alt.NamedData(name="risk")).mark_text(fontSize=11)
    heading = alt.Chart(alt.NamedData(name="heading")).mark_text(fontSize=11, align="left", dx=-4, fontStyle="italic")
    layers = [
        band.encode(x=x, y=alt.Y("low:Q", title="share without the event"), y2="high:Q", color=channel["color"]),
        steps.mark_line(interpolate="step-after", strokeWidth=2).encode(x=x, y=y, **channel),
        steps.mark_point(size=26, filled=True, opacity=0.9).encode(
            x=x, y=y, color=channel["color"], shape=shape, tooltip=shown
        ),
        lost.encode(x=x, y=y, color=channel["color"]),
        numbers.encode(x=x, y=y, text="text:N", color=channel["color"]),
        heading.encode(x=x, y=y, text="text:N"),
    ]
    data: dict[str, Rows] = {
        "steps": parts["survival"],
        "bands": known,
        "lost": parts["censored"],
        "risk": risk,
        "heading": [{"x": 0, "y": HEADING, "text": f"at risk: {control}, then {arm}"}],
    }
    lines = [f"solid {arm}, dashed {control}", *([subtitle] if subtitle else [])]
    return panel(alt.layer(*layers, title=alt.Title(arm, subtitle=lines)), data, HEIGHT)


def _incidence(group: Group, measure: str, points: pd.DataFrame) -> list[Figure]:
    drawn = points[(points["figure"] == "incidence") & points["y"].notna()]
    panels, data, told = [], list[dict[str, object]](), []
    for arm, control in _pairs(drawn):
        records = _records(drawn, arm, control)
        for row in records:
            row["cause"] = str(row.pop("feature")).replace("_", " ")
        panels.append(_incidence_panel(arm, control, records, _time(points)))
        seen = {row["name"] for row in data}
        data += [row for row in records if row["name"] not in seen]
        rows = group.pick(measure=measure, model="cumulative_incidence", term=arm)
        told += [f"{arm}, {row['feature']}: {estimate(row, chance(row['p']))}" for _, row in rows.iterrows()]
    if not panels:
        return []
    return [
        Figure(
            name=slug("incidence", group.question, measure),
            title=f"What came first: {measure.replace('_', ' ')} and what competes with it",
            alt=" ".join(sentence(text) for text in told),
            caption=["Cumulative incidence (Aalen–Johansen): the share that had each event before any other."],
            panels=panels,
            columns=INCIDENCE_TABLE,
            rows=data,
            panel_width=340,
            least_width=300,
            most_width=480,
            marks=len(data) // len(panels),
        )
    ]


def _incidence_panel(arm: str, control: str, records: Rows, time: str) -> Panel:
    import altair as alt

    causes = list(dict.fromkeys(str(row["cause"]) for row in records))
    x = alt.X("x:Q", title=time).axis(grid=False)
    y = alt.Y("y:Q", title="share with the event").scale(domain=[0, 1]).axis(format="%")
    channel = _channels()
    sizes = [2.6, 1.2, 0.7, 0.5][: len(causes)] + [0.5] * max(len(causes) - 4, 0)
    legend = alt.Legend(title=None, orient="top")
    width = alt.StrokeWidth("cause:O", sort=causes, legend=legend).scale(domain=causes, range=sizes)
    lines = (
        alt.Chart(alt.NamedData(name="steps"))
        .mark_line(interpolate="step-after")
        .encode(
            x=x,
            y=y,
            **channel,
            strokeWidth=width,
            tooltip=[
                alt.Tooltip("name:N", title="Arm"),
                alt.Tooltip("cause:N", title="Event"),
                alt.Tooltip("x:Q", title=time),
                alt.Tooltip("y:Q", title="Share", format=".1%"),
            ],
        )
    )
    title = alt.Title(arm, subtitle=[f"solid {arm}, dashed {control}"])
    return panel(alt.layer(lines, title=title), {"steps": records}, 220)


__all__ = ["survival_figures"]
