"""Power over the size of a design: a panel per comparison, false rates below, lines at 80 % and 5 %."""

from __future__ import annotations

from typing import Any

import pandas as pd

from commensal.page.figures.drawn import CASE, CONTROL, OTHER, Figure, Panel, Rows, panel, slug
from commensal.page.payload import short
from commensal.page.plan_view import PlanView, axis_words, comparison, need_words, rate_words
from commensal.page.words import missing, number, sentence

TABLE = {
    "name": "Comparison", "grown": "Design", "effects": "Effects", "axis": "Units", "n": "Number", "case": "Case",
    "control": "Control", "rate": "Share of studies", "low": "Low", "high": "High", "studies": "Studies",
}  # fmt: skip
CLAIM_TABLE = {
    "name": "Line", "grown": "Design", "effects": "Effects", "rate": "Share of studies", "low": "Low", "high": "High",
    "measured": "Measured with a p", "studies": "Studies",
}  # fmt: skip
WANTED, NOMINAL = 0.8, 0.05
TICKS = [0, 0.2, 0.4, 0.6, 0.8, 1]
HEIGHT = 230


def power_figures(view: PlanView) -> list[Figure]:
    """Draw a figure per question, a panel per comparison that can be reached and was planted."""
    points = view.points
    if points.empty:
        return []
    keys = ["contrast", "assay", "measure", "model", "term", "of", "series"]
    figures = []
    for question, asked in points.groupby("question", sort=False):
        panels: list[Panel] = []
        data, told = list[dict[str, object]](), []
        for _, own in asked.groupby(keys, dropna=False, sort=False):
            if not (own["says"] == "power").any() or (own["reach"] == 0).all():
                continue
            name = comparison(own.iloc[0]) + (f", {own['series'].iloc[0]}" if own["series"].iloc[0] else "")
            rows = _records(own, name)
            need = _need(view.needed, own)
            panels.append(_panel(name, rows, axis_words(own.iloc[0]), "" if need is None else need_words(need)))
            data += rows
            if need is not None:
                rate = rate_words(need["rate"], need["low"], need["high"])
                told.append(sentence(f"{name}: {rate} at {number(need['n'])}; {need_words(need)}"))
        if panels:
            figures.append(_figure(str(question), panels, data, told))
    return figures


def _figure(question: str, panels: list[Panel], data: Rows, told: list[str]) -> Figure:
    return Figure(
        name=slug("power", question), title=f"{question}: power over the size of the design", alt=" ".join(told),
        caption=[
            "Share of drawn studies that find what is planted (lines and circles; features: of those planted, the "
            "share found), with 95 % Monte-Carlo bands; dashed rule: 80 %. Diamonds and dotted line: share of studies "
            "without effects that find something all the same; dotted rule: 5 %.",
            "Across: units of inference, of the smaller side where each unit lies in one arm. Each point is a design "
            "drawn; lines between points are drawn to be read, not computed.",
        ],
        panels=panels, columns=TABLE, rows=data, panel_width=330, least_width=300, most_width=480,
        marks=len(data) // len(panels),
    )  # fmt: skip


def _need(needed: pd.DataFrame, own: pd.DataFrame) -> pd.Series | None:
    same = needed
    for key in ("question", "contrast", "assay", "measure", "model", "term", "of", "series"):
        value = own[key].iloc[0]
        same = same[same[key].isna()] if missing(value) else same[same[key] == value]
    return None if same.empty else same.sort_values("size", kind="stable").iloc[-1]


def _records(own: pd.DataFrame, name: str) -> Rows:
    rows: Rows = []
    for _, row in own.sort_values(["size", "n"], kind="stable").iterrows():
        if row["reach"] == 0:
            continue
        null = row["size"] == 0
        rows.append({
            "name": name, "grown": str(row["grown"]), "effects": "none" if null else f"× {number(row['size'])}",
            "axis": str(row["axis"]), "n": short(row["n"]), "case": int(row["n_case"]),
            "control": int(row["n_control"]),
            "rate": short(row["rate"]), "low": short(row["low"]), "high": short(row["high"]),
            "studies": int(row["studies"]),
        })  # fmt: skip
    return rows


def _panel(name: str, rows: Rows, axis: str, need: str) -> Panel:
    import altair as alt

    ticks = sorted({float(str(row["n"])) for row in rows})
    effects = list(dict.fromkeys(str(row["effects"]) for row in rows if row["effects"] != "none"))
    largest = effects[-1:]
    colours = {one: CASE if one in largest else CONTROL for one in effects}
    x = alt.X("n:Q", title=axis).scale(zero=False, nice=False, padding=14).axis(values=ticks, grid=False, format=",.0f")
    y = (
        alt.Y("rate:Q", title="share of studies")
        .scale(domain=[0, 1])
        .axis(format="%", values=[0, 0.2, 0.4, 0.6, 0.8, 1])
    )
    legend = alt.Legend(title="effects", orient="top", symbolOpacity=1)
    colour = alt.Color("effects:N", sort=effects, legend=legend).scale(
        domain=[*effects, "none"], range=[*(colours[one] for one in effects), OTHER]
    )
    shape = alt.Shape("effects:N", sort=effects, legend=legend).scale(
        domain=[*effects, "none"],
        range=[*("circle" if one in largest else "triangle-up" for one in effects), "diamond"],
    )
    dash = alt.StrokeDash("effects:N", legend=None).scale(
        domain=[*effects, "none"], range=[*([1, 0] for _ in effects), [2, 3]]
    )
    shown = [alt.Tooltip(f"{key}:{kind}", title=title) for key, kind, title in (
        ("grown", "N", "Design"), ("effects", "N", "Effects"), ("n", "Q", axis), ("case", "Q", "Subjects, case"),
        ("control", "Q", "Subjects, control"), ("studies", "Q", "Studies"))]  # fmt: skip
    shown += [alt.Tooltip(f"{key}:Q", title=title, format=".0%") for key, title in (
        ("rate", "Share"), ("low", "Low"), ("high", "High"))]  # fmt: skip
    points = alt.Chart(alt.NamedData(name="points"))
    rules = (
        alt.Chart(alt.NamedData(name="rules"))
        .mark_rule(strokeWidth=1)
        .encode(
            y=alt.Y("rate:Q"),
            strokeDash=alt.StrokeDash("rule:N", legend=None).scale(domain=["80 %", "5 %"], range=[[6, 4], [1, 3]]),
        )
    )
    layers: list[Any] = [
        rules,
        points.mark_area(opacity=0.15).encode(
            x=x, y=alt.Y("low:Q", title="share of studies"), y2="high:Q", color=colour
        ),
        points.mark_rule(opacity=0.35).encode(
            x=x, y=alt.Y("low:Q", title="share of studies"), y2="high:Q", color=colour
        ),
        points.mark_line(strokeWidth=2).encode(x=x, y=y, color=colour, strokeDash=dash),
        points.mark_point(size=48, filled=True, opacity=1).encode(x=x, y=y, color=colour, shape=shape, tooltip=shown),
    ]
    data: dict[str, Rows] = {
        "points": rows,
        "rules": [{"rate": WANTED, "rule": "80 %"}, {"rate": NOMINAL, "rule": "5 %"}],
    }
    title = alt.Title(_lines(name, 40), subtitle=_lines(need, 52) or [" "])
    chart = alt.layer(*layers, title=title).resolve_scale(strokeDash="independent")
    return panel(chart, data, HEIGHT)


def _lines(text: str, width: int) -> list[str]:
    from textwrap import wrap

    return wrap(text, width)[:3]


def claim_figures(view: PlanView) -> list[Figure]:
    """Draw how often each line of a planted claim holds, the gate, and false claims, for each size of the design."""
    own = view.claims
    if own.empty or not (own["says"] == "power").any():
        return []
    largest = own["size"].max()
    shown = own[(own["size"] == largest) | ((own["size"] == 0) & own["line"].isin(["gate", "false claim"]))]
    rows: Rows = []
    for _, row in shown.iterrows():
        if row["line"] == "gate" and row["size"] == 0:
            continue
        if row["line"] == "false claim" and row["size"] != 0:
            continue
        rows.append({
            "name": NAMES.get(row["line"], str(row["line"])), "grown": str(row["grown"]),
            "effects": "none" if row["size"] == 0 else f"× {number(row['size'])}", "rate": short(row["rate"]),
            "low": short(row["low"]), "high": short(row["high"]), "measured": short(row["measured"]),
            "studies": int(row["studies"]),
        })  # fmt: skip
    order = [
        str(one) for one in dict.fromkeys(row["name"] for row in sorted(rows, key=lambda r: _place(str(r["name"]))))
    ]
    told = [f"{row['name']}, {row['grown']}: {rate_words(row['rate'], row['low'], row['high'])}." for row in rows]
    return [
        Figure(
            name="claims", title="Claims: how often a planted one passes, and which link fails it", alt=" ".join(told),
            caption=[
                "Share of drawn studies (of claims about the molecules that are given) in which each line holds, the "
                "whole gate is passed, and, without any effect, some claim is selected all the same; with 95 % "
                "Monte-Carlo intervals. "
                "A line that the design cannot measure has 0 %.",
            ],
            panels=[_claim_panel(str(grown), [row for row in rows if row["grown"] == grown], order)
                    for grown in dict.fromkeys(row["grown"] for row in rows)],
            columns=CLAIM_TABLE, rows=rows, panel_width=330, least_width=300, most_width=480, marks=len(rows),
        )
    ]  # fmt: skip


NAMES = {"gate": "passes the gate", "false claim": "any claim, no effects"}
_FIRST = ("passes the gate", "strain → outcome", "strain → molecule", "molecule → outcome")


def _place(name: str) -> tuple[int, int]:
    if name in _FIRST:
        return 0, _FIRST.index(name)
    return (2, 0) if name == NAMES["false claim"] else (1, 0)


def _claim_panel(grown: str, rows: Rows, order: list[str]) -> Panel:
    import altair as alt

    x = (
        alt.X("rate:Q", title="share of studies")
        .scale(domain=[0, 1])
        .axis(format="%", values=[0, 0.2, 0.4, 0.6, 0.8, 1])
    )
    y = alt.Y("name:N", title=None, sort=order)
    points = alt.Chart(alt.NamedData(name="points"))
    rules = alt.Chart(alt.NamedData(name="rules")).mark_rule(strokeDash=[6, 4]).encode(x="rate:Q")
    shown = [alt.Tooltip("name:N", title="Line"), alt.Tooltip("effects:N", title="Effects")]
    shown += [alt.Tooltip(f"{key}:Q", title=title, format=".0%") for key, title in (
        ("rate", "Share"), ("low", "Low"), ("high", "High"), ("measured", "Measured"))]  # fmt: skip
    colour = alt.condition("datum.effects === 'none'", alt.value(OTHER), alt.value(CASE))
    layers = [
        rules,
        points.mark_rule(strokeWidth=2).encode(
            x=alt.X("low:Q", title="share of studies"), x2="high:Q", y=y, color=colour),
        points.mark_point(filled=True, size=55, opacity=1).encode(x=x, y=y, color=colour, tooltip=shown),
    ]  # fmt: skip
    data: dict[str, Rows] = {"points": rows, "rules": [{"rate": WANTED}]}
    return panel(alt.layer(*layers, title=alt.Title(grown)), data, max(24 * len(order), 120))


__all__ = ["claim_figures", "power_figures"]
