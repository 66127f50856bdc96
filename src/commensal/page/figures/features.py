"""Top features as raw data with their estimates: never a bar alone."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from commensal.page.feature_counts import LINE
from commensal.page.figures.diversity import block_lines, side_rows, strip
from commensal.page.figures.drawn import OTHER, Figure, Panel, Rows, panel, slug
from commensal.page.figures.volcano import AXES, TITLES
from commensal.page.found import FEATURE_MODELS, name_of
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
    term = group.terms[0] if group.terms else "overall"
    fits = {model: _fits(group.pick(model=model, term=term), chosen) for model in FEATURE_MODELS}
    names = _unique_names(chosen, drawn)
    title = "all samples" if term == "overall" else f"{term} {plural(group.block or 'block')}"
    panels: list[Panel] = []
    data: Rows = []
    told: list[str] = []
    notes: dict[str, None] = {}
    for model, fit_of in fits.items():
        panels += _forest([(names[f], fit_of.get(f)) for f in chosen], model, title)
    for feature in chosen:
        own_fits = {model: fit_of[feature] for model, fit_of in fits.items() if feature in fit_of}
        own = side_rows(group, drawn[drawn["feature"] == feature])
        unit = drawn.loc[drawn["feature"] == feature, "unit"].iloc[0]
        made, note = raw_values(group, own, names[feature], own_fits, "raw value" if missing(unit) else str(unit))
        panels.append(made)
        notes |= {note: None} if note else {}
        data += [{"name": names[feature]} | row for row in own]
        told.append(_told(group, names[feature], own, own_fits))
    zeros = (
        "Zeros are drawn on a line of their own (not detected)."
        if not fits["abundance"] and not fits["prevalence"]
        else "Zeros are drawn on a line of their own (not detected): they are no part of the abundance model, and are "
        "what the presence model compares."
    )
    caption = [
        f"Estimates and intervals ({title}) of the features with the smallest p of either model, then the raw values "
        f"that they rest on, sample by sample. {zeros}",
        *notes,
    ]
    return [
        Figure(
            name=slug("features", group.question, group.name),
            title=f"Strongest features, raw: {group.name}",
            alt=" ".join(told),
            caption=caption,
            panels=panels,
            columns=TABLE,
            rows=data,
            columns_wide=3,
            columns_page=4,
            panel_width=230,
            least_width=230,
            most_width=262,
            marks=len(data) // len(chosen),
        )
    ]


def _unique_names(chosen: list[str], drawn: pd.DataFrame) -> dict[str, str]:
    """Give each feature its label, with the id where a label is used twice."""
    labels = {f: name_of(drawn[drawn["feature"] == f].iloc[0]) for f in chosen}
    shared = list(labels.values())
    return {f: label if shared.count(label) == 1 else f"{label} ({f})" for f, label in labels.items()}


def _fits(rows: pd.DataFrame, chosen: list[str]) -> dict[str, pd.Series]:
    """Return the row of each chosen feature that has an effect."""
    own = rows[rows["feature"].isin(chosen) & rows["effect"].notna()].drop_duplicates("feature")
    return {str(row["feature"]): row for _, row in own.iterrows()}


def _forest(fits: list[tuple[str, pd.Series | None]], model: str, title: str) -> list[Panel]:
    """Draw effect and interval of each feature in one model, one line each."""
    import altair as alt

    rows: Rows = [
        {"name": name, "found": f"q < {LINE}" if fit["q"] < LINE else f"q ≥ {LINE}"}
        | {key: short(fit[key]) for key in ("effect", "low", "high", "q")}
        for name, fit in fits
        if fit is not None
    ]
    if not rows:
        return []
    found = [f"q < {LINE}", f"q ≥ {LINE}"]
    names = [name for name, _ in fits]  # those without an estimate keep their line, so that models stand level
    y = alt.Y("name:N", title=None).scale(domain=names).axis(labelLimit=150, grid=False, ticks=False, domain=False)
    x_title = AXES[model]
    axis = alt.Axis(format="+.0%") if model == "prevalence" else alt.Axis()
    named = alt.Chart(alt.NamedData(name="estimates"))
    legend = alt.Legend(title=None, orient="top", columns=2)
    dots = named.mark_point(size=60, filled=True, opacity=1).encode(
        x=alt.X("effect:Q", title=x_title, axis=axis),
        y=y,
        color=alt.Color("found:N", legend=legend).scale(domain=found, range=["#CC79A7", OTHER]),
        shape=alt.Shape("found:N", legend=legend).scale(domain=found, range=["diamond", "circle"]),
        tooltip=[alt.Tooltip("name:N", title="Feature")]
        + [
            alt.Tooltip(f"{f}:Q", title=t)
            for f, t in (("effect", "Effect"), ("low", "Low"), ("high", "High"), ("q", "q"))
        ],
    )
    bars = named.mark_rule(strokeWidth=1.6).encode(x=alt.X("low:Q", title=x_title, axis=axis), x2="high:Q", y=y)
    zero = (
        alt.Chart(alt.NamedData(name="zero"))
        .mark_rule(strokeDash=[3, 3])
        .encode(x=alt.X("effect:Q", title=x_title, axis=axis))
    )
    chart = alt.layer(zero, bars, dots, title=alt.Title(f"{TITLES[model]}, {title}"))
    return [panel(chart, {"estimates": rows, "zero": [{"effect": 0}]}, max(90, 21 * len(fits)), wide=True)]


def raw_values(group: Group, rows: Rows, name: str, fits: dict[str, pd.Series], unit: str) -> tuple[Panel, str]:
    """Draw one feature's raw values: on a log axis where they allow it, zeros on their own line."""
    import altair as alt

    lines, note = block_lines(group, rows)
    subtitle = [_short_estimate(model, fit) for model, fit in fits.items()]
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


def _short_estimate(model: str, fit: pd.Series) -> str:
    q = "" if missing(fit["q"]) else f", {chance(fit['q'], 'q')}"
    factor, name = (100, "presence %") if model == "prevalence" else (1, "log2 FC")
    low, high = (number(None if missing(fit[k]) else factor * fit[k], 2) for k in ("low", "high"))
    return f"{name} {number(factor * fit['effect'], 2, sign=True)} ({low} to {high}){q}"


def _told(group: Group, name: str, rows: Rows, fits: dict[str, pd.Series]) -> str:
    """Say in words what one panel shows."""
    sides = []
    for side in (group.case, group.control):
        own = [row for row in rows if row["side"] == side]
        absent = sum(row["y"] == 0 for row in own)
        sides.append(f"{side}: {many(len(own), 'sample')}, not detected in {count(absent)}")
    found = [f"{FEATURE_MODELS[model]}: {estimate(fit, chance(fit['q'], 'q'))}" for model, fit in fits.items()]
    return sentence(f"{name}: {'; '.join([*(found or ['no estimate']), *sides])}")
