"""Over time: features and measures of each subject, and the share without an event."""

from __future__ import annotations

from typing import Any

import pandas as pd

from commensal.page.figures.drawn import CASE, CONTROL
from commensal.plot.choosing import Rows, chosen, first_of, one, records, said

APART = ("question", "contrast", "cohort", "specimen", "assay", "figure", "measure", "feature")
FIELDS = {key: key for key in ("sample", "subject", "block", "side", "group", "x", "y", "low", "high", "n", "label")}
#: Colours of arms after Okabe and Ito, each with a dash of its own.
ARMS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#8A8F98", "#000000")
DASHES = ([1, 0], [6, 3], [2, 2], [8, 3, 2, 3], [10, 4], [4, 2, 1, 2], [1, 3], [12, 2, 4, 2])


def course(
    points: pd.DataFrame,
    *,
    feature: str | None = None,
    measure: str | None = None,
    question: str | None = None,
    contrast: str | None = None,
    cohort: str | None = None,
    specimen: str | None = None,
    assay: str | None = None,
    time: str = "time",
) -> Any:
    """Draw a feature or a measure of each subject over time.

    Parameters
    ----------
    points
        ``result.points``.
    feature
        Id or label of a feature that a question of kind course drew.
    measure
        In place of a feature: a measure such as ``rotarod``, with the mean of each arm.
    question, contrast, cohort, specimen, assay
        Which comparison; needed only where the table holds several.
    time
        Title of the time axis, with its unit: ``"days from onset"``. The table's times have the study's ``time_unit``.

    Returns
    -------
    altair.LayerChart
        A thin line per subject; of a measure, thick lines for the means that the table holds.

    Raises
    ------
    UsageError
        Nothing of that name, or several comparisons: they are listed.

    Examples
    --------
    >>> from commensal import plot, tables
    >>> rows = [{"figure": "trajectory", "measure": "grip", "subject": "m1", "side": "case", "group": "abx", "x": day,
    ...     "y": 9.0, "unit": "N"} for day in (1.0, 2.0)]
    >>> type(plot.course(tables.points(rows), measure="grip", time="day")).__name__
    'LayerChart'
    """
    import altair as alt

    figure = "course" if measure is None else "trajectory"
    wanted = _wanted(question, contrast, cohort, specimen, assay, figure, measure, None)
    rows = chosen(points, wanted, "plot.course")
    by_id = feature is None or bool((rows["feature"] == feature).any())
    rows = one(chosen(rows, {"feature" if by_id else "label": feature}, "plot.course"), APART, "plot.course")
    mean = _means(points, rows.iloc[0]) if figure == "trajectory" else points.iloc[:0]
    arms = _arms(pd.concat([rows, mean]) if len(mean) else rows)
    x = alt.X("x:Q", title=time).scale(zero=False)
    name = said(rows, ("label",)) or said(rows, ("measure",)).replace("_", " ")
    unit = first_of(rows, "unit", "")
    y = alt.Y("y:Q", title=f"{name} ({unit})" if unit else name).scale(zero=False)
    base = alt.Chart(alt.InlineData(values=records(rows, FIELDS)))
    looks = _looks("group", arms)
    thin = base.mark_line(strokeWidth=1, opacity=0.4).encode(x=x, y=y, detail="subject:N", **looks)
    dots = base.mark_circle(size=18, opacity=0.6).encode(x=x, y=y, color=looks["color"], tooltip=_tooltip())
    layers = [thin, dots]
    if len(mean):
        thick = alt.Chart(alt.InlineData(values=records(mean, FIELDS))).mark_line(strokeWidth=3)
        layers.append(thick.encode(x=x, y=y, **looks, tooltip=_tooltip()))
    title = said(rows, ("question", "assay", "specimen"))
    return alt.layer(*layers).properties(title=title, width=420, height=300)


def survival(
    points: pd.DataFrame,
    *,
    measure: str | None = None,
    question: str | None = None,
    contrast: str | None = None,
    cohort: str | None = None,
) -> Any:
    """Draw the share without an event over time, a step line per arm, with ticks where subjects left.

    Parameters
    ----------
    points
        ``result.points``.
    measure
        The event, such as ``death``.
    question, contrast, cohort
        Which comparison; needed only where the table holds several.

    Returns
    -------
    altair.LayerChart
        The time axis has the unit that the table notes; bands are the intervals where the table has them.

    Raises
    ------
    UsageError
        No such event, or several comparisons: they are listed.

    Examples
    --------
    >>> from commensal import plot, tables
    >>> row = {"figure": "survival", "measure": "death", "label": "abx", "side": "case", "note": "day"}
    >>> rows = [row | {"x": x, "y": y} for x, y in ((0.0, 1.0), (90.0, 0.5))]
    >>> type(plot.survival(tables.points(rows))).__name__
    'LayerChart'
    """
    import altair as alt

    wanted: dict[str, object] = {"question": question, "contrast": contrast, "cohort": cohort, "measure": measure}
    apart = ("question", "contrast", "cohort", "measure")
    rows = one(chosen(points, {"figure": "survival"} | wanted, "plot.survival"), apart, "plot.survival")
    left = _like(points[points["figure"] == "censored"], rows.iloc[0], apart)
    data, gone = records(rows, FIELDS), records(left, FIELDS)
    looks = _looks("label", list(dict.fromkeys(row["label"] for row in data)))
    x = alt.X("x:Q", title=first_of(rows, "note", "time")).scale(zero=True)
    y = alt.Y("y:Q", title="share without the event", axis=alt.Axis(format="%")).scale(domain=[0, 1])
    base = alt.Chart(alt.InlineData(values=data))
    bands = base.transform_filter("isValid(datum.low) && isValid(datum.high)")
    layers = [
        bands.mark_area(interpolate="step-after", opacity=0.15).encode(
            x=x, y="low:Q", y2="high:Q", color=looks["color"]
        ),
        base.mark_line(interpolate="step-after", strokeWidth=2).encode(x=x, y=y, **looks, tooltip=_tooltip()),
        base.mark_circle(size=14, opacity=0).encode(x=x, y=y, tooltip=_tooltip()),
        alt.Chart(alt.InlineData(values=gone))
        .mark_tick(orient="vertical", thickness=1.5, size=11)
        .encode(x=x, y=y, color=looks["color"], tooltip=_tooltip()),
    ]
    title = f"{said(rows, ('measure',)).replace('_', ' ')} ({said(rows, ('question',))})"
    told = "ticks: left without the event"
    return alt.layer(*layers).properties(title=alt.Title(title, subtitle=told), width=420, height=300)


def _wanted(*values: str | None) -> dict[str, object]:
    return dict(zip(APART, values, strict=True))


def _like(frame: pd.DataFrame, row: pd.Series, columns: tuple[str, ...]) -> pd.DataFrame:
    """Return the rows that have this row's values."""
    for column in columns:
        frame = frame[frame[column].fillna("") == ("" if pd.isna(row[column]) else row[column])]
    return frame


def _means(points: pd.DataFrame, row: pd.Series) -> pd.DataFrame:
    return _like(points[points["figure"] == "trajectory_mean"], row, ("question", "contrast", "cohort", "measure"))


def _arms(rows: pd.DataFrame) -> list[str]:
    """Return the groups, the controls first."""
    named: Rows = records(rows[["side", "group"]].drop_duplicates(), {"side": "side", "group": "group"})
    return list(dict.fromkeys(row["group"] for row in sorted(named, key=lambda row: row["side"] != "control")))


def _looks(field: str, arms: list[str]) -> dict[str, Any]:
    """Give each arm a colour and a dash; of two, the page's colours of control and case."""
    import altair as alt

    colours = [CONTROL, CASE] if len(arms) == 2 else [ARMS[i % len(ARMS)] for i in range(len(arms))]
    dashes = [DASHES[(i + i // len(ARMS)) % len(DASHES)] for i in range(len(arms))]
    legend = alt.Legend(title=None, symbolType="stroke", symbolOpacity=1, symbolStrokeWidth=2, symbolSize=250)
    return {
        "color": alt.Color(f"{field}:N", legend=legend).scale(domain=arms, range=colours),
        "strokeDash": alt.StrokeDash(f"{field}:N", legend=legend).scale(domain=arms, range=dashes),
    }


def _tooltip() -> list[Any]:
    import altair as alt

    fields = {"subject": "Subject", "label": "Arm", "group": "Level", "x": "Time", "y": "Value", "n": "n"}
    return [
        alt.Tooltip(f"{one}:{'Q' if one in ('x', 'y', 'n') else 'N'}", title=title) for one, title in fields.items()
    ]
