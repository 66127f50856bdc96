"""Effects: every feature against its p, and the strongest with their intervals."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pandas as pd

from commensal.page.figures.drawn import CASE, CONTROL, OTHER
from commensal.page.figures.volcano import TOP
from commensal.plot.choosing import Rows, chosen, first_of, names, one, records, said

APART = ("question", "contrast", "cohort", "specimen", "assay", "measure", "model", "term", "time", "unit")
TITLE = ("question", "assay", "specimen", "measure", "model", "term")
FIELDS = {key: key for key in ("effect", "low", "high", "p", "q", "n", "status", "unit", "feature")}


def volcano(
    estimates: pd.DataFrame,
    *,
    question: str | None = None,
    contrast: str | None = None,
    cohort: str | None = None,
    specimen: str | None = None,
    assay: str | None = None,
    measure: str | None = None,
    model: str = "abundance",
    term: str | None = None,
    time: float | None = None,
    q: float = 0.05,
    labels: int = 8,
) -> Any:
    """Draw every feature's effect against −log10 of its p.

    Parameters
    ----------
    estimates
        ``result.estimates``.
    question, contrast, cohort, specimen, assay, measure, model, term, time
        Which comparison; needed only where the table holds several.
    q
        Features with a smaller q are triangles, upwards where the effect is above 0.
    labels
        How many of these have their name beside them.

    Returns
    -------
    altair.LayerChart
        Its subtitle says how many features have a p; the others are not drawn.

    Raises
    ------
    UsageError
        No comparison, or several: they are listed.

    Examples
    --------
    >>> from commensal import plot, tables
    >>> row = {"question": "ibd", "assay": "serum", "model": "abundance", "term": "overall", "unit": "log2 fold change"}
    >>> frame = tables.estimates([row | {"feature": "M1", "effect": 1.0, "p": 0.001, "q": 0.01, "status": "ok"}])
    >>> type(plot.volcano(frame)).__name__
    'LayerChart'
    """
    import altair as alt

    wanted = _wanted(question, contrast, cohort, specimen, assay, measure, model, term, time)
    rows = one(_of_features(chosen(estimates, wanted, "plot.volcano")), APART, "plot.volcano")
    tested = rows[rows["p"].notna() & rows["effect"].notna()].sort_values("p", kind="stable")
    kinds = [f"higher, q < {q:g}", f"lower, q < {q:g}", f"q ≥ {q:g} or none"]
    data = _named(tested)
    for row in data:
        row["height"] = TOP if row["p"] == 0 else -math.log10(row["p"])
        found = row["q"] is not None and row["q"] < q
        row["found"] = kinds[2] if not found else kinds[row["effect"] <= 0]
    base = alt.Chart(alt.InlineData(values=data))
    x = alt.X("effect:Q", title=first_of(rows, "unit", "effect"))
    y = alt.Y("height:Q", title="−log10 p").scale(zero=True)
    shown = {
        "color": alt.Color("found:N", title=None).scale(domain=kinds, range=[CASE, CONTROL, OTHER]),
        "shape": alt.Shape("found:N", title=None).scale(domain=kinds, range=["triangle-up", "triangle-down", "circle"]),
        "tooltip": _tooltip(),
    }
    marks = base.mark_point(filled=True, size=55, opacity=0.8).encode(x=x, y=y, **shown)
    hits = _apart([row for row in data if row["found"] != kinds[2]], data, labels)
    text = alt.Chart(alt.InlineData(values=hits)).mark_text(align="left", dx=7, limit=160)
    zero = alt.Chart(alt.InlineData(values=[{"effect": 0}])).mark_rule(strokeDash=[3, 3]).encode(x=x)
    told = f"{len(tested):,} of {len(rows):,} features have a p"
    title = alt.Title(said(rows, TITLE), subtitle=told)
    return alt.layer(zero, marks, text.encode(x=x, y=y, text="name:N")).properties(title=title, width=420, height=320)


def estimates(
    estimates: pd.DataFrame,
    *,
    question: str | None = None,
    contrast: str | None = None,
    cohort: str | None = None,
    specimen: str | None = None,
    assay: str | None = None,
    measure: str | None = None,
    model: str | None = None,
    term: str | None = None,
    time: float | None = None,
    features: Sequence[str] = (),
    most: int = 25,
    q: float = 0.05,
) -> Any:
    """Draw effects with their intervals, a line each: those with the smallest p, or the features that are named.

    Parameters
    ----------
    estimates
        ``result.estimates``.
    question, contrast, cohort, specimen, assay, measure, model, term, time
        Which comparison; needed only where the table holds several.
    features
        Ids or labels of features to draw, in this order; those without an estimate keep their line and say why.
    most
        How many are drawn where none are named.
    q
        Features with a smaller q are diamonds.

    Returns
    -------
    altair.LayerChart

    Raises
    ------
    UsageError
        No comparison, several (they are listed), or a feature that the comparison does not have.

    Examples
    --------
    >>> from commensal import plot, tables
    >>> row = {"assay": "serum", "model": "abundance", "unit": "log2 fold change", "level": 0.95, "status": "ok"}
    >>> frame = tables.estimates([row | {"feature": "M1", "effect": 1.0, "low": 0.2, "high": 1.8, "p": 0.01}])
    >>> type(plot.estimates(frame)).__name__
    'LayerChart'
    """
    import altair as alt

    wanted = _wanted(question, contrast, cohort, specimen, assay, measure, model, term, time)
    rows = one(_of_features(chosen(estimates, wanted, "plot.estimates")), APART, "plot.estimates")
    drawn = (
        _by_name(rows, features) if features else rows[rows["effect"].notna()].sort_values("p", kind="stable")[:most]
    )
    data = _named(drawn)
    kinds = [f"q < {q:g}", f"q ≥ {q:g} or none"]
    for row in data:
        row["found"] = kinds[not (row["q"] is not None and row["q"] < q)]
        row["why"] = "" if row["effect"] is not None else f"no estimate: {str(row['status']).replace('_', ' ')}"
        row["at"] = 0
    level = rows["level"].dropna()
    interval = f", with {100 * level.iloc[0]:g} % intervals" if len(level) else ""
    x = alt.X("effect:Q", title=first_of(rows, "unit", "effect") + interval)
    order = [row["name"] for row in data]
    y = alt.Y("name:N", title=None).scale(domain=order).axis(labelLimit=220, grid=True)
    base = alt.Chart(alt.InlineData(values=data))
    zero = alt.Chart(alt.InlineData(values=[{"effect": 0}])).mark_rule(strokeDash=[3, 3]).encode(x=x)
    bars = base.transform_filter("isValid(datum.low) && isValid(datum.high)").mark_rule(strokeWidth=1.6)
    dots = (
        base.transform_filter("isValid(datum.effect)")
        .mark_point(filled=True, size=70, opacity=1)
        .encode(
            x=x,
            y=y,
            color=alt.Color("found:N", title=None).scale(domain=kinds, range=["#CC79A7", OTHER]),
            shape=alt.Shape("found:N", title=None).scale(domain=kinds, range=["diamond", "circle"]),
            tooltip=_tooltip(),
        )
    )
    why = base.mark_text(align="left", dx=4, fontStyle="italic").encode(x="at:Q", y=y, text="why:N")
    parts = alt.layer(zero, bars.encode(x=alt.X("low:Q"), x2="high:Q", y=y), dots, why)
    return parts.properties(title=said(rows, TITLE), width=380, height=max(60, 20 * len(data)))


def _wanted(*values: object) -> dict[str, object]:
    return dict(zip(APART[:-1], values, strict=True))


def _of_features(frame: pd.DataFrame) -> pd.DataFrame:
    return frame[frame["feature"].notna() & (frame["feature"] != "(all)")]


def _by_name(rows: pd.DataFrame, features: Sequence[str]) -> pd.DataFrame:
    found = []
    for name in features:
        own = rows[((rows["feature"] == name) | (rows["label"] == name)).fillna(False).astype(bool)]
        found.append(own if len(own) else chosen(rows, {"label": name}, "plot.estimates"))
    return pd.concat(found)


def _named(frame: pd.DataFrame) -> Rows:
    return records(frame.assign(name=names(frame)), {"name": "name"} | FIELDS)


def _apart(hits: Rows, data: Rows, most: int) -> Rows:
    """Choose the first hits whose names do not run into each other."""
    xs, ys = [row["effect"] for row in data], [row["height"] for row in data]
    wide, high = (max(xs) - min(xs)) or 1.0 if xs else 1.0, max(ys, default=1.0) or 1.0
    kept: Rows = []
    for row in hits:
        near = [abs(row["height"] - other["height"]) / high < 0.05 for other in kept]
        beside = [abs(row["effect"] - other["effect"]) / wide < 0.5 for other in kept]
        if len(kept) < most and not any(a and b for a, b in zip(near, beside, strict=True)):
            kept.append(row)
    return kept


def _tooltip() -> list[Any]:
    import altair as alt

    numbers = [("effect", "Effect"), ("low", "Low"), ("high", "High"), ("p", "p"), ("q", "q")]
    return [
        alt.Tooltip("name:N", title="Feature"),
        *(alt.Tooltip(f"{field}:Q", title=title, format=".3g") for field, title in numbers),
        alt.Tooltip("unit:N", title="Unit"),
        alt.Tooltip("n:Q", title="n"),
        alt.Tooltip("status:N", title="Status"),
    ]
