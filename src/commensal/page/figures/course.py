"""The course of a disease: differences over time as a heat map ordered by class, departures, and raw trajectories."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from commensal.page.course import CLASS_NAMES, CLASS_WORDS, SHORTLIST, name_of
from commensal.page.figures.drawn import OTHER, Figure, Panel, Rows, panel, side_colour, slug
from commensal.page.payload import short
from commensal.page.view import Group
from commensal.page.words import count, listed, many, missing, number, sentence

HEAT_TABLE = {
    "name": "Feature", "class": "Class", "time": "Time", "effect": "Difference", "low": "Low", "high": "High", "q": "q",
}  # fmt: skip
DEPARTURE_TABLE = {"name": "Feature", "class": "Class", "time": "Parts at", "low": "Low", "high": "High"}
TRACE_TABLE = {"name": "Feature", "sample": "Sample", "subject": "Subject", "side": "Side", "x": "Time", "y": "Value"}
#: Features of the heat map, per scale.
MOST = 40
#: What is drawn of each scale.
SCALES = {"abundance": "abundance where present, log2", "prevalence": "presence, share of samples"}
#: The share of cells whose differences have a colour of their own; larger ones have the last colour.
BRIGHTEST = 0.98
#: Units that are logarithms already.
LOGARITHMS = ("log2", "log10", "ln")
#: Colours of the classes.
CLASS_COLOURS = {"before": "#CC79A7", "with": "#E69F00", "both": "#009E73", "neither": "#56B4E9", "undetermined": OTHER}


def course_figures(group: Group, points: pd.DataFrame) -> list[Figure]:
    """Draw a course: heat maps, departures, trajectories of the shortlist."""
    return [*_heat_maps(group), *_departures(group), *_trajectories(group, points)]


def _unit(group: Group) -> str:
    rows = group.pick(model="course", term="design")
    return "" if rows.empty else str(rows.iloc[0]["note"])


def _own_onset(group: Group) -> bool:
    return "onset is each subject's own" in _unit(group)


def _onset(group: Group) -> float:
    row = group.first(model="course", term="design")
    return 0.0 if row is None or missing(row["time"]) else float(row["time"])


def _axis_title(group: Group) -> str:
    row = group.first(model="course", term="design")
    unit = "time" if row is None or missing(row["unit"]) else str(row["unit"])
    return f"{unit}, 0 is onset" if _own_onset(group) else unit


def _heat_maps(group: Group) -> list[Figure]:
    classes = group.pick(model="class")
    figures = []
    for model, words in SCALES.items():
        at = group.pick(model=model, term="at time")
        # a feature is drawn on the scale that its class was read from
        own = classes[classes["p"].notna() & (classes["measure"] == model)]
        chosen = own.sort_values(["q", "p"], kind="stable")
        listed_rows = chosen[chosen["term"].isin(SHORTLIST)]
        others = chosen[~chosen["term"].isin(SHORTLIST)].head(max(MOST - len(listed_rows), 0))
        chosen = pd.concat([listed_rows.head(2 * MOST), others])
        at = at[at["feature"].isin(chosen["feature"]) & at["effect"].notna()]
        if not at.empty:
            figures.append(_heat_map(group, model, words, chosen, at))
    return figures


def _heat_map(group: Group, model: str, words: str, chosen: pd.DataFrame, at: pd.DataFrame) -> Figure:
    order = {name: rank for rank, name in enumerate(CLASS_WORDS)}
    ranked = chosen.assign(rank=chosen["term"].map(order)).sort_values(["rank", "q", "p"], kind="stable")
    names = _names(ranked)
    found = {str(row["feature"]): row for _, row in ranked.iterrows()}
    times = sorted(at["time"].unique())
    rows: Rows = []
    for _, row in at.iterrows():
        feature = str(row["feature"])
        rows.append(
            {
                "name": names[feature],
                "class": CLASS_NAMES[str(found[feature]["term"])],
                "place": times.index(row["time"]),
            }
            | {key: short(row[key]) for key in ("time", "effect", "low", "high")}
            | {"q": short(found[feature]["q"])}
        )
    kept = [names[str(feature)] for feature in ranked["feature"] if str(feature) in set(at["feature"])]
    classes: Rows = [
        {"name": names[str(row["feature"])], "class": CLASS_NAMES[str(row["term"])], "place": len(times) + 0.12}
        for _, row in ranked.iterrows()
        if names[str(row["feature"])] in kept
    ]
    counts = {name: sum(row["class"] == CLASS_NAMES[name] for row in classes) for name in CLASS_WORDS}
    told = [f"{count(n)} {CLASS_NAMES[name]}" for name, n in counts.items() if n]
    onset = sum(time < _onset(group) for time in times)
    made = _heat_panel(group, rows, classes, kept, [float(time) for time in times], onset)
    return Figure(
        name=slug("course", group.question, group.name, model),
        title=f"Differences over the course, {words}: {group.name}",
        alt=sentence(f"Heat map of {many(len(kept), group.feature)} at {many(len(times), 'time')}: {listed(told)}"),
        caption=[
            f"{group.case} minus {group.control} at each time ({words}), the shortlist first, then the features with "
            "the smallest p; within a class by q. Times are the middle of the samples that each column holds; the line "
            "is onset. Cells have no test of their own: classes rest on the contrasts before onset and with "
            "progression. An empty cell could not be estimated.",
        ],
        panels=[made],
        columns=HEAT_TABLE,
        rows=rows,
        columns_wide=1,
        columns_page=1,
        panel_width=620,
        most_width=900,
        marks=len(rows),
    )


def _heat_panel(group: Group, rows: Rows, classes: Rows, names: list[str], times: list[float], onset: int) -> Panel:
    import altair as alt

    sizes = sorted(abs(float(str(row["effect"]))) for row in rows)
    limit = sizes[int(BRIGHTEST * (len(sizes) - 1))] or 1.0
    labels = " : ".join([*(f"datum.value == {i + 0.5} ? '{number(time)}'" for i, time in enumerate(times)), "''"])
    end = len(times) + 1.6
    x_axis = alt.Axis(
        values=[i + 0.5 for i in range(len(times))],
        labelExpr=labels,
        grid=False,
        ticks=False,
        domain=False,
        labelOverlap="greedy",
        labelSeparation=1,
    )
    scale = alt.Scale(domain=[0, end], nice=False, zero=False)
    y = alt.Y("name:N", title=None).scale(domain=names).axis(labelLimit=230, grid=False, ticks=False, domain=False)
    title = _axis_title(group)
    cells = (
        alt.Chart(alt.NamedData(name="cells"))
        .transform_calculate(left="datum.place", right="datum.place + 0.97")
        .mark_rect()
        .encode(
            x=alt.X("left:Q", title=title, axis=x_axis, scale=scale),
            x2="right:Q",
            y=y,
            color=alt.Color("effect:Q", legend=alt.Legend(title="difference", gradientLength=140)).scale(
                scheme="blueorange", domain=[-limit, limit], domainMid=0, clamp=True
            ),
            tooltip=[
                alt.Tooltip("name:N", title="Feature"),
                alt.Tooltip("class:N", title="Class"),
                alt.Tooltip("time:Q", title="Time"),
                alt.Tooltip("effect:Q", title="Difference", format=".3g"),
                alt.Tooltip("low:Q", title="Low", format=".3g"),
                alt.Tooltip("high:Q", title="High", format=".3g"),
                alt.Tooltip("q:Q", title="q", format=".2g"),
            ],
        )
    )
    text = (
        alt.Chart(alt.NamedData(name="classes"))
        .mark_text(align="left", baseline="middle", fontSize=10)
        .encode(x=alt.X("place:Q", title=title, axis=x_axis, scale=scale), y=y, text="class:N")
    )
    line = (
        alt.Chart(alt.NamedData(name="onset"))
        .mark_rule(strokeWidth=2.5)
        .encode(x=alt.X("place:Q", title=title, axis=x_axis, scale=scale))
    )
    chart = alt.layer(cells, line, text)
    data: dict[str, Rows] = {"cells": rows, "classes": classes, "onset": [{"place": onset - 0.015}]}
    return panel(chart, data, max(90, 17 * len(names)))


def _names(rows: pd.DataFrame) -> dict[str, str]:
    """Give each feature its label, with the id where a label is used twice."""
    labels = {str(row["feature"]): name_of(row) for _, row in rows.iterrows()}
    shared = list(labels.values())
    return {key: label if shared.count(label) == 1 else f"{label} ({key[:8]})" for key, label in labels.items()}


def _departures(group: Group) -> list[Figure]:
    import altair as alt

    rows = group.pick(model="departure", status="ok")
    if rows.empty:
        return []
    found = {str(row["feature"]): str(row["term"]) for _, row in group.pick(model="class").iterrows()}
    names = _names(rows.drop_duplicates("feature"))
    at = group.pick(term="at time")["time"].dropna()
    ends = [*rows[["low", "high", "effect"]].to_numpy(float).ravel().tolist(), *at.tolist()]
    known = [end for end in ends if not math.isnan(end)]
    first, last = min(known), max(known)
    drawn: Rows = []
    for _, row in rows.sort_values(["effect", "high"], kind="stable", na_position="first").iterrows():
        low, high = (first if missing(row["low"]) else row["low"]), (last if missing(row["high"]) else row["high"])
        open_ends = [word for word, end in (("from before", row["low"]), ("or later", row["high"])) if missing(end)]
        entry: dict[str, object] = {
            "name": names[str(row["feature"])],
            "class": CLASS_NAMES[found.get(str(row["feature"]), "undetermined")],
        }
        drawn.append(
            entry
            | {"time": short(row["effect"]), "low": short(low), "high": short(high)}
            | {"ends": ", ".join(open_ends) or "closed"}
        )
    drawn = drawn[:MOST]
    kinds = [CLASS_NAMES[name] for name in CLASS_WORDS]
    y = alt.Y("name:N", title=None).scale(domain=[str(row["name"]) for row in drawn])
    y = y.axis(labelLimit=230, grid=False, ticks=False, domain=False)
    x_scale = alt.Scale(domain=[first, last], nice=True, zero=False)
    title = f"the groups part at ({_axis_title(group)})"
    colour = alt.Color("class:N", legend=alt.Legend(title=None, columns=5)).scale(
        domain=kinds, range=[CLASS_COLOURS[name] for name in CLASS_WORDS]
    )
    base = alt.Chart(alt.NamedData(name="departures"))
    bars = base.mark_rule(strokeWidth=3).encode(
        x=alt.X("low:Q", title=title, scale=x_scale), x2="high:Q", y=y, color=colour,
        strokeDash=alt.StrokeDash("ends:N", legend=None).scale(
            domain=["closed", "from before", "or later", "from before, or later"],
            range=[[1, 0], [4, 2], [4, 2], [4, 2]],
        ),
        tooltip=[
            alt.Tooltip("name:N", title="Feature"), alt.Tooltip("class:N", title="Class"),
            alt.Tooltip("time:Q", title="Parts at"), alt.Tooltip("low:Q", title="Low"),
            alt.Tooltip("high:Q", title="High"), alt.Tooltip("ends:N", title="Interval"),
        ],
    )  # fmt: skip
    dots = (
        base.transform_filter("isValid(datum.time)")
        .mark_point(size=70, filled=True, opacity=1)
        .encode(x=alt.X("time:Q", title=title, scale=x_scale), y=y, color=colour)
    )
    words = (
        base.transform_filter("!isValid(datum.time)")
        .mark_text(align="left", baseline="middle", fontSize=10)
        .encode(x=alt.X("low:Q", title=title, scale=x_scale), y=y, text=alt.value("◀ from the first age on"))
    )
    line = (
        alt.Chart(alt.NamedData(name="onset"))
        .mark_rule(strokeWidth=2)
        .encode(x=alt.X("time:Q", title=title, scale=x_scale))
    )
    chart = alt.layer(line, bars, dots, words)
    made = panel(chart, {"departures": drawn, "onset": [{"time": _onset(group)}]}, max(80, 20 * len(drawn)))
    told = [f"{row['name']} {number(row['time'])} ({number(row['low'])} to {number(row['high'])})" for row in drawn[:8]]
    return [
        Figure(
            name=slug("departure", group.question, group.name),
            title=f"When the groups part: {group.name}",
            alt=sentence(f"Times of departure with intervals: {'; '.join(told)}"),
            caption=[
                "Time at which the difference begins, as a parameter of the model, with its profile-likelihood "
                "interval; dashed where an end is open (before the first age, or after the last), without a dot where "
                "the groups differ from the first age on. The line is onset. Features that differ at some time and are "
                "not here have no identified departure.",
            ],
            panels=[made],
            columns=DEPARTURE_TABLE,
            rows=drawn,
            columns_wide=1,
            columns_page=1,
            panel_width=560,
            most_width=820,
            marks=2 * len(drawn),
        )
    ]


def _trajectories(group: Group, points: pd.DataFrame) -> list[Figure]:
    drawn = points[(points["figure"] == "course") & points["y"].notna() & points["feature"].notna()]
    if drawn.empty:
        return []
    names = _names(drawn.drop_duplicates("feature"))
    panels, data = [], []
    for feature in dict.fromkeys(drawn["feature"].astype(str)):
        own = drawn[drawn["feature"] == feature].sort_values(["subject", "x"], kind="stable")
        rows: Rows = [
            {
                "sample": str(row["sample"]),
                "subject": str(row["subject"]),
                "side": group.case if row["side"] == "case" else group.control,
                "x": short(row["x"]),
                "y": short(row["y"]),
            }
            for _, row in own.iterrows()
        ]
        panels.append(_trace(group, rows, names[feature], str(own["unit"].iloc[0])))
        data += [{"name": names[feature]} | row for row in rows]
    return [
        Figure(
            name=slug("trajectories", group.question, group.name),
            title=f"Shortlist, raw: {group.name}",
            alt=sentence(f"Raw values over time of {listed(list(names.values()))}; one line per subject"),
            caption=[
                "Raw values of the first of the shortlist, one line per subject; the rule is onset (of the healthy: "
                "their index age). Values of 0 lie on the lowest line (not detected).",
            ],
            panels=panels,
            columns=TRACE_TABLE,
            rows=data,
            columns_wide=3,
            columns_page=4,
            panel_width=230,
            least_width=230,
            most_width=262,
            marks=len(data) // max(len(panels), 1),
        )
    ]


def _trace(group: Group, rows: Rows, name: str, unit: str) -> Panel:
    import altair as alt

    values = [float(str(row["y"])) for row in rows]
    above = [value for value in values if value > 0]
    if unit in LOGARITHMS or any(value < 0 for value in values) or not above:
        y: Any = alt.Y("y:Q", title=unit).scale(zero=False)
        placed = rows
    else:
        low, high = math.floor(math.log10(min(above))), math.ceil(math.log10(max(above)))
        high = max(high, low + 1)
        floor = 10.0 ** (low - 0.4)
        step = max(1, math.ceil((high - low) / 4))
        ticks = [10.0**power for power in range(low, high + 1, step)]
        label = f"datum.value < {10.0**low * 0.99} ? 'not detected' : format(datum.value, '~g')"
        axis = alt.Axis(values=[floor, *ticks] if len(above) < len(values) else ticks, labelExpr=label, labelLimit=80)
        y = alt.Y("y:Q", title=f"{unit} (log axis)", axis=axis).scale(
            type="log", domain=[10.0 ** (low - 0.6), 10.0**high], nice=False
        )
        placed = [row | {"y": row["y"] or short(floor)} for row in rows]
    base = alt.Chart(alt.NamedData(name="samples"), title=alt.Title(name, limit=225))
    x = alt.X("x:Q", title=_axis_title(group)).scale(zero=False)
    channels = side_colour(group.case, group.control)
    lines = base.mark_line(strokeWidth=1, opacity=0.45).encode(x=x, y=y, color=channels["color"], detail="subject:N")
    dots = base.mark_point(size=22, filled=True, opacity=0.85).encode(
        x=x, y=y, **channels,
        tooltip=[
            alt.Tooltip("sample:N", title="Sample"), alt.Tooltip("subject:N", title="Subject"),
            alt.Tooltip("side:N", title="Side"), alt.Tooltip("x:Q", title="Time"), alt.Tooltip("y:Q", title="Value"),
        ],
    )  # fmt: skip
    line = (
        alt.Chart(alt.NamedData(name="onset"))
        .mark_rule(strokeWidth=1.5)
        .encode(x=alt.X("x:Q", title=_axis_title(group)))
    )
    return panel(alt.layer(line, lines, dots), {"samples": placed, "onset": [{"x": _onset(group)}]}, 190)
