"""Top features as raw data with their estimates: never a bar alone."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from commensal.page.figures.diversity import block_lines, side_rows, strip
from commensal.page.figures.drawn import OTHER, Figure, Panel, Rows, panel, slug
from commensal.page.found import LINE, name_of
from commensal.page.payload import short
from commensal.page.view import Group
from commensal.page.words import chance, count, estimate, many, missing, number, plural, sentence

TABLE = {
    "name": "Feature",
    "sample": "Sample",
    "side": "Side",
    "group": "Level",
    "block": "Block",
    "y": "Raw value",
}


def features(group: Group, points: pd.DataFrame) -> list[Figure]:
    """Draw the estimates of the chosen features together, then each one's raw values."""
    drawn = points[(points["figure"] == "values") & points["y"].notna() & points["feature"].notna()]
    if drawn.empty:
        return []
    chosen = [str(feature) for feature in drawn["feature"].unique()]
    rows = group.pick(model="abundance")
    term = str(rows["term"].iloc[0]) if len(rows) and not missing(rows["term"].iloc[0]) else "overall"
    fits = rows[(rows["term"] == term) & rows["feature"].isin(chosen)].drop_duplicates("feature")
    fit_of = {str(fit["feature"]): fit for _, fit in fits.sort_values("p", kind="stable").iterrows()}
    chosen = [*(f for f in fit_of if f in chosen), *(f for f in chosen if f not in fit_of)]
    names = _unique_names(chosen, drawn)
    title = "overall" if term == "overall" else f"{term} {plural(group.block or 'block')}"
    panels: list[Panel] = []
    data: Rows = []
    told: list[str] = []
    notes: dict[str, None] = {}
    forest = _forest([(names[f], fit) for f, fit in fit_of.items()], title)
    for feature in chosen:
        fit = fit_of.get(feature)
        own = side_rows(group, drawn[drawn["feature"] == feature])
        unit = drawn.loc[drawn["feature"] == feature, "unit"].iloc[0]
        made, note = _values(group, own, names[feature], fit, "raw value" if missing(unit) else str(unit))
        panels.append(made)
        notes |= {note: None} if note else {}
        data += [{"name": names[feature]} | row for row in own]
        told.append(_told(group, names[feature], own, fit))
    caption = [
        f"Estimates and 95 % intervals ({title}) of the features with the smallest p, then the raw values of each "
        "sample that they rest on. Zeros are drawn on a line of their own (not detected), and are no part of the "
        "abundance model.",
        *notes,
    ]
    return [
        Figure(
            name=slug("features", group.question, group.name),
            title=f"Strongest features, raw: {group.name}",
            alt=" ".join(told),
            caption=caption,
            panels=[*([forest] if forest else []), *panels],
            columns=TABLE,
            rows=data,
            columns_wide=3,
            columns_page=4,
            panel_width=230,
            least_width=230,
            most_width=262,
            marks=len(data) // len(panels),
        )
    ]


def _unique_names(chosen: list[str], drawn: pd.DataFrame) -> dict[str, str]:
    """Give each feature its label, with the id where a label is used twice."""
    labels = {f: name_of(drawn[drawn["feature"] == f].iloc[0]) for f in chosen}
    shared = list(labels.values())
    return {f: label if shared.count(label) == 1 else f"{label} ({f})" for f, label in labels.items()}


def _forest(fits: list[tuple[str, pd.Series]], title: str) -> Panel | None:
    """Draw effect and interval of each feature, one line each."""
    import altair as alt

    rows: Rows = [
        {
            "name": name,
            "effect": short(fit["effect"]),
            "low": short(fit["low"]),
            "high": short(fit["high"]),
            "q": short(fit["q"]),
            "found": f"q < {LINE}" if fit["q"] < LINE else f"q ≥ {LINE}",
        }
        for name, fit in fits
        if not missing(fit["effect"])
    ]
    if not rows:
        return None
    found = [f"q < {LINE}", f"q ≥ {LINE}"]
    names = [str(row["name"]) for row in rows]
    y = alt.Y("name:N", title=None).scale(domain=names).axis(labelLimit=150, grid=False, ticks=False, domain=False)
    x_title = "log2 fold change"
    named = alt.Chart(alt.NamedData(name="estimates"))
    legend = alt.Legend(title=None, orient="top", columns=2)
    dots = named.mark_point(size=60, filled=True, opacity=1).encode(
        x=alt.X("effect:Q", title=x_title),
        y=y,
        color=alt.Color("found:N", legend=legend).scale(domain=found, range=["#CC79A7", OTHER]),
        shape=alt.Shape("found:N", legend=legend).scale(domain=found, range=["diamond", "circle"]),
        tooltip=[alt.Tooltip("name:N", title="Feature")]
        + [
            alt.Tooltip(f"{f}:Q", title=t)
            for f, t in (("effect", "Effect"), ("low", "Low"), ("high", "High"), ("q", "q"))
        ],
    )
    bars = named.mark_rule(strokeWidth=1.6).encode(x=alt.X("low:Q", title=x_title), x2="high:Q", y=y)
    zero = alt.Chart(alt.NamedData(name="zero")).mark_rule(strokeDash=[3, 3]).encode(x=alt.X("effect:Q", title=x_title))
    chart = alt.layer(zero, bars, dots, title=alt.Title(f"Estimates {title}"))
    return panel(chart, {"estimates": rows, "zero": [{"effect": 0}]}, 230, wide=True)


def _values(group: Group, rows: Rows, name: str, fit: pd.Series | None, unit: str) -> tuple[Panel, str]:
    """Draw one feature's raw values: on a log axis where they allow it, zeros on their own line."""
    import altair as alt

    lines, note = block_lines(group, rows)
    subtitle = "" if fit is None or missing(fit["effect"]) else f"{_short_estimate(fit)}"
    title: Any = alt.Title(name, subtitle=subtitle) if subtitle else alt.Title(name)
    values = [float(str(row["y"])) for row in rows]
    above = [value for value in values if value > 0]
    if any(value < 0 for value in values) or not above:
        return strip(group, rows, lines, title=title, y_title=unit), note
    low, high = math.floor(math.log10(min(above))), math.ceil(math.log10(max(above)))
    high = max(high, low + 1)
    step = max(1, math.ceil((high - low) / 4))
    ticks = [10.0**power for power in range(low, high + 1, step)]
    zeros = len(above) < len(values)
    floor = 10.0 ** (low - max(0.35, 0.14 * (high - low)))
    lowest = 10.0 ** (low - max(0.6, 0.24 * (high - low))) if zeros else 10.0**low
    label = f"datum.value < {10.0**low * 0.99} ? 'not detected' : format(datum.value, '~g')"
    axis = alt.Axis(values=[floor, *ticks] if zeros else ticks, labelExpr=label, labelLimit=80)
    scale = alt.Scale(type="log", domain=[lowest, 10.0**high], nice=False)
    placed = [row | {"y": row["y"] or short(floor)} for row in rows]
    ends = [row | {"y": row["y"] or short(floor)} for row in lines]
    return strip(group, placed, ends, title=title, y_title=f"{unit} (log axis)", scale=scale, axis=axis), note


def _short_estimate(fit: pd.Series) -> str:
    q = "" if missing(fit["q"]) else f", {chance(fit['q'], 'q')}"
    return f"log2 FC {number(fit['effect'], 2, sign=True)} ({number(fit['low'], 2)} to {number(fit['high'], 2)}){q}"


def _told(group: Group, name: str, rows: Rows, fit: pd.Series | None) -> str:
    """Say in words what one panel shows."""
    sides = []
    for side in (group.case, group.control):
        own = [row for row in rows if row["side"] == side]
        absent = sum(row["y"] == 0 for row in own)
        sides.append(f"{side}: {many(len(own), 'sample')}, not detected in {count(absent)}")
    found = "no estimate" if fit is None or missing(fit["effect"]) else estimate(fit, chance(fit["q"], "q"))
    return sentence(f"{name}: {found}; {'; '.join(sides)}")
