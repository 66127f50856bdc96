"""Samples: where each lies among the others, and the raw values of one feature."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from commensal.page.figures.drawn import CASE, CASE_SHAPE, CONTROL, CONTROL_SHAPE
from commensal.page.words import measure_word, percent
from commensal.plot.choosing import Rows, chosen, first_of, names, one, records, said

APART = ("question", "contrast", "cohort", "specimen", "assay", "measure")
FIELDS = {key: key for key in ("sample", "subject", "block", "side", "group", "x", "y")}


def ordination(
    points: pd.DataFrame,
    estimates: pd.DataFrame | None = None,
    *,
    question: str | None = None,
    contrast: str | None = None,
    cohort: str | None = None,
    specimen: str | None = None,
    assay: str | None = None,
    measure: str | None = None,
) -> Any:
    """Draw every sample on the first two principal coordinates of one distance.

    Parameters
    ----------
    points
        ``result.points``.
    estimates
        ``result.estimates``: the axes then say what share of the variation they hold.
    question, contrast, cohort, specimen, assay, measure
        Which ordination (``measure`` is the distance); needed only where the table holds several.

    Returns
    -------
    altair.Chart

    Raises
    ------
    UsageError
        No ordination, or several: they are listed.

    Examples
    --------
    >>> from commensal import plot, tables
    >>> frame = tables.points([{"figure": "ordination", "measure": "bray_curtis", "side": "case", "x": 0.1, "y": 0.2}])
    >>> type(plot.ordination(frame)).__name__
    'Chart'
    """
    import altair as alt

    wanted = _wanted(question, contrast, cohort, specimen, assay, measure)
    rows = one(chosen(points, {"figure": "ordination"} | wanted, "plot.ordination"), APART, "plot.ordination")
    shares = ["", ""] if estimates is None else [_share(estimates, rows.iloc[0], i) for i in (1, 2)]
    title = f"{said(rows, ('question', 'assay', 'specimen'))}: {measure_word(rows['measure'].iloc[0])}"
    data = records(_named_sides(rows), FIELDS)
    return (
        alt.Chart(alt.InlineData(values=data), title=title)
        .mark_point(filled=True, size=55, opacity=0.8)
        .encode(
            x=alt.X("x:Q", title=f"PCo 1{shares[0]}").scale(zero=False),
            y=alt.Y("y:Q", title=f"PCo 2{shares[1]}").scale(zero=False),
            **_sides(data),
            tooltip=_tooltip(),
        )
        .properties(width=360, height=320)
    )


def abundance(
    points: pd.DataFrame,
    feature: str | None = None,
    *,
    question: str | None = None,
    contrast: str | None = None,
    cohort: str | None = None,
    specimen: str | None = None,
    assay: str | None = None,
) -> Any:
    """Draw the raw values of one feature by side, a line between samples of one block.

    Parameters
    ----------
    points
        ``result.points``; it holds the values of the features with the smallest p.
    feature
        Id or label.
    question, contrast, cohort, specimen, assay
        Which comparison; needed only where the table holds several.

    Returns
    -------
    altair.LayerChart
        On a symmetric log axis where no value is below 0, so that zeros (not detected) are seen as zeros.

    Raises
    ------
    UsageError
        No values of this feature, or several comparisons: they are listed.

    Examples
    --------
    >>> from commensal import plot, tables
    >>> frame = tables.points([{"figure": "values", "feature": "M1", "side": "case", "y": 2.5, "unit": "intensity"}])
    >>> type(plot.abundance(frame, "M1")).__name__
    'LayerChart'
    """
    import altair as alt

    wanted = _wanted(question, contrast, cohort, specimen, assay, None)
    rows = chosen(points, {"figure": "values"} | wanted, "plot.abundance")
    by_id = feature is None or bool((rows["feature"] == feature).any())
    rows = chosen(rows, {"feature" if by_id else "label": feature}, "plot.abundance")
    rows = one(rows, (*APART, "feature"), "plot.abundance")
    above = rows.loc[rows["y"] > 0, "y"]
    unit = first_of(rows, "unit", "value")
    logged = bool((rows["y"].dropna() >= 0).all()) and len(above) > 0
    scale = alt.Scale(type="symlog", constant=float(above.min())) if logged else alt.Scale(zero=False)
    ticks = _powers(float(above.min()), float(above.max())) if logged else []
    axis = alt.Axis(values=[0, *ticks], format="~g") if logged else alt.Axis()
    note = " (log axis, 0: not detected)" if logged else ""
    data = records(_named_sides(rows), FIELDS)
    base = alt.Chart(alt.InlineData(values=data))
    sides = _sides(data)
    x = alt.X("group:N", title=None).scale(domain=_groups(rows)).axis(labelAngle=0)
    y = alt.Y("y:Q", title=f"{unit}{note}", scale=scale, axis=axis)
    lines = base.transform_filter("isValid(datum.block)").mark_line(strokeWidth=0.8, opacity=0.35, color="#5b636e")
    dots = base.mark_point(filled=True, size=50, opacity=0.8).encode(x=x, y=y, **sides, tooltip=_tooltip())
    named = said(rows.assign(name=names(rows)), ("name",))
    title = alt.Title(named, subtitle=said(rows, ("question", "assay", "specimen")))
    return alt.layer(lines.encode(x=x, y=y, detail="block:N"), dots).properties(title=title, width=260, height=300)


def _powers(low: float, high: float) -> list[float]:
    """Return the powers of ten from the smallest value above 0 to the largest."""
    return [10.0**power for power in range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)]


def _wanted(*values: str | None) -> dict[str, object]:
    return dict(zip(APART, values, strict=True))


def _groups(rows: pd.DataFrame) -> list[str]:
    named = records(rows[["side", "group"]].dropna().drop_duplicates(), {"side": "side", "group": "group"})
    return list(dict.fromkeys(row["group"] for row in sorted(named, key=lambda row: str(row["side"]), reverse=True)))


def _named_sides(rows: pd.DataFrame) -> pd.DataFrame:
    """Name the two sides by the levels that are on them."""
    told = {}
    for side in ("case", "control"):
        levels = rows.loc[(rows["side"] == side).fillna(False).astype(bool), "group"].dropna().unique()
        told[side] = f"{side}: {' or '.join(str(one) for one in levels)}" if len(levels) else side
    return rows.assign(side=rows["side"].map(told))


def _sides(data: Rows) -> dict[str, Any]:
    """Return the colour and shape of each side that there is."""
    import altair as alt

    looks = {"case": (CASE, CASE_SHAPE), "control": (CONTROL, CONTROL_SHAPE)}
    domain = sorted({row["side"] for row in data if row["side"] is not None})
    kinds = [looks[name.split(":")[0]] for name in domain]
    return {
        "color": alt.Color("side:N", title=None).scale(domain=domain, range=[one for one, _ in kinds]),
        "shape": alt.Shape("side:N", title=None).scale(domain=domain, range=[one for _, one in kinds]),
    }


def _share(estimates: pd.DataFrame, row: pd.Series, axis: int) -> str:
    own = estimates[(estimates["model"] == "pcoa") & (estimates["feature"] == f"axis {axis}")]
    for column in APART:
        own = own[own[column].fillna("") == ("" if pd.isna(row[column]) else row[column])]
    effect = own["effect"].dropna()
    return f" ({percent(effect.iloc[0])} of the variation)" if len(effect) else ""


def _tooltip() -> list[Any]:
    import altair as alt

    fields = {"sample": "Sample", "subject": "Subject", "block": "Block", "group": "Level", "y": "y"}
    return [alt.Tooltip(f"{one}:{'Q' if one == 'y' else 'N'}", title=title) for one, title in fields.items()]
