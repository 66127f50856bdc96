"""Figures of a private run: how many subjects have values where, and means with their intervals; nobody alone."""

from __future__ import annotations

from typing import Any

import pandas as pd

from commensal.page.figures.drawn import CASE, CONTROL, OTHER, Figure, Panel, Rows, panel, slug
from commensal.page.payload import short
from commensal.page.view import Group
from commensal.page.words import measure_word, missing

#: What stands for which points, in the order of the page; those behind claims are many and have no figure.
TITLES = {
    "values": "Values",
    "diversity": "Diversity",
    "levels": "Molecules chosen beforehand",
    "severity": "With severity",
    "course": "Over time",
    "trajectory": "Over time",
    "survival": "Survival",
    "incidence": "What came first",
    "engraftment": "What became of strains that were given",
    "counting": "Reads that count for no gene",
}
#: Kinds whose means stand along an axis, and its title.
ALONG = {"severity": "severity", "course": "time", "trajectory": "time", "survival": "time", "incidence": "time"}
CURVES = ("survival", "incidence")
TABLE = {
    "what": "What",
    "group": "Group",
    "x": "At",
    "low": "From",
    "high": "To",
    "y": "Share, or mean",
    "n": "Subjects",
}
MOST = 24
_ARMS = ["#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#F0E442", "#8A8F98"]


def private_figures(group: Group, points: pd.DataFrame) -> list[Figure]:
    """Draw one figure per kind of points that counts and means stand for."""
    own = points[points["figure"].isin(["density", "mean"])]
    return [
        figure
        for kind, title in TITLES.items()
        if (figure := _figure(group, own[own["note"] == kind], kind, title)) is not None
    ]


def _figure(group: Group, own: pd.DataFrame, kind: str, title: str) -> Figure | None:
    named = own.assign(_what=[_what(row) for row in own[["measure", "feature", "label", "note"]].to_dict("records")])
    panels: list[Panel] = []
    rows: Rows = []
    bare: list[str] = []
    for what, part in named.groupby("_what", sort=False):
        if kind in CURVES and not (part["x"] > 0).any():
            bare.append(str(what))
            continue
        if len(panels) == MOST:
            break
        made = _rows(group, part)
        panels.append(_line(group, made, str(what), kind, part) if kind in ALONG else _strips(made, str(what), part))
        rows += [{"what": what} | row for row in made]
    if not panels:
        return None
    more = named["_what"].nunique() - len(panels) - len(bare)
    shown = (
        "Shares read at round times, between which at least five subjects left a group, with 95 % intervals; "
        "straight lines join what is known. A group that stands at time 0 alone lost fewer than five."
        if kind in CURVES
        else "Means of subjects, with their 95 % intervals, where a group has at least five."
        if kind in ALONG or not any(row["kind"] == "density" for row in rows)
        else "How many subjects have values where: the darker, the larger the share of its group. Dot and line: mean "
        "and 95 % interval. Outer bins are open: they hold everybody below or above, and are drawn one step wide. A "
        "group without bins has too few subjects for two, or too many alike."
    )
    caption = [
        f"{shown} Single subjects are not shown, nor groups of fewer than five; counts are rounded to fives.",
        *([f"Not drawn, as fewer than five of any group had it: {', '.join(bare)}."] if bare else []),
        *([f"The first {MOST} are drawn; {more} more are in points.parquet."] if more > 0 else []),
    ]
    return Figure(
        name=slug("private", kind, group.question, group.name), title=f"{title}: {group.name}",
        alt=f"{shown} {len(panels)} panels.", caption=caption, panels=panels, columns=TABLE, rows=rows,
        columns_wide=2, columns_page=3, panel_width=260, least_width=250, most_width=420,
        marks=len(rows) // len(panels),
    )  # fmt: skip


def _what(row: dict[Any, Any]) -> str:
    """Name what a panel is about: the feature, the measure, or both."""
    feature = row["label"] if not missing(row["label"]) else row["feature"]
    measure = None if missing(row["measure"]) else measure_word(row["measure"])
    if row["note"] in CURVES:  # their labels are the arms
        cause = "" if missing(row["feature"]) or row["note"] == "survival" else f": {row['feature']}"
        return f"{measure or 'all'}{cause}"
    if missing(feature):
        return str(measure or "all")
    return f"{feature}, {measure}" if measure == "unmatched" else str(feature)


def _rows(group: Group, part: pd.DataFrame) -> Rows:
    rows: Rows = []
    for row in part.to_dict("records"):
        side = None if missing(row["side"]) else str(row["side"])
        named = row["label"] if row["note"] in CURVES and not missing(row["label"]) else row["group"]
        name = "" if missing(named) else str(named)
        known = {"case": group.case, "control": group.control}.get(side or "", name)
        numbers = {key: short(None if missing(row[key]) else float(row[key])) for key in ("x", "low", "high", "y")}
        rows.append(
            {
                "kind": row["figure"],
                "group": name if name and group.kind != "cohort" else known or "all",
                "colour": CASE if side == "case" else CONTROL if side == "control" else OTHER,
                "n": None if missing(row["n"]) else int(row["n"]),
                "bin": "" if missing(row["block"]) else str(row["block"]),
                **numbers,
            }
        )
    return rows


def _strips(rows: Rows, what: str, part: pd.DataFrame) -> Panel:
    """Draw a strip per group: its bins, and its mean with the interval."""
    import altair as alt

    unit = part["unit"].dropna().iloc[0] if part["unit"].notna().any() else "value"
    names = list(dict.fromkeys(str(row["group"]) for row in rows))
    y = alt.Y("group:N", title=None).scale(domain=names, paddingInner=0.25)
    colour = alt.Color("colour:N", legend=None).scale(None)
    told = [
        alt.Tooltip("group:N", title="Group"),
        alt.Tooltip("low:Q", title="From"),
        alt.Tooltip("high:Q", title="To"),
        alt.Tooltip("bin:N", title="Open"),
        alt.Tooltip("n:Q", title="Subjects"),
    ]
    x = alt.X("low:Q", title=str(unit)).scale(zero=False)
    strips = (
        alt.Chart(alt.NamedData(name="bins"))
        .mark_rect(stroke="white", strokeWidth=1)
        .encode(x=x, x2="high:Q", y=y, color=colour, tooltip=told,
                opacity=alt.Opacity("y:Q", legend=None).scale(domain=[0, 0.6], range=[0.06, 0.85], clamp=True))
    )  # fmt: skip
    means = alt.Chart(alt.NamedData(name="means"))
    lines = means.mark_rule(strokeWidth=2.5).encode(x=x, x2="high:Q", y=y)
    dots = means.mark_point(filled=True, size=70, color="#1b2027", stroke="white", opacity=1).encode(
        x=alt.X("y:Q"), y=y, tooltip=[*told[:1], alt.Tooltip("y:Q", title="Mean"), *told[1:3], told[-1]]
    )
    data = {
        "bins": [row for row in rows if row["kind"] == "density"],
        "means": [row for row in rows if row["kind"] == "mean"],
    }
    layers = [*([strips] if data["bins"] else []), lines, dots]  # an axis over no bins has no ends
    return panel(alt.layer(*layers, title=what), data, 36 * max(len(names), 2))


def _line(group: Group, rows: Rows, what: str, kind: str, part: pd.DataFrame) -> Panel:
    """Draw a line of means per group, with intervals."""
    import altair as alt

    names = list(dict.fromkeys(str(row["group"]) for row in rows))
    case = [name for name in names if name != group.control]
    arms = dict(zip(case, _ARMS * (len(case) // len(_ARMS) + 1), strict=False))
    scale = alt.Scale(domain=names, range=[CONTROL if name == group.control else arms[name] for name in names])
    base = alt.Chart(alt.NamedData(name="means")).encode(
        x=alt.X("x:Q", title=ALONG[kind]).scale(zero=False),
        color=alt.Color("group:N", scale=scale, legend=alt.Legend(title=None, columns=2)),
    )
    unit = part["unit"].dropna().iloc[0] if part["unit"].notna().any() else ""
    title = str(unit) if kind in CURVES else f"mean, {unit}" if unit else "mean"
    mean, low = (alt.Y(f"{of}:Q", title=title).scale(zero=False) for of in ("y", "low"))
    shape = alt.Shape("group:N", legend=None)
    told = [alt.Tooltip(f"{name}:{of}", title=title) for name, of, title in (
        ("group", "N", "Group"), ("x", "Q", "At"), ("y", "Q", "Mean"), ("low", "Q", "From"), ("high", "Q", "To"),
        ("n", "Q", "Subjects"))]  # fmt: skip
    layers = [
        base.mark_rule(opacity=0.6, strokeWidth=1.5).encode(y=low, y2="high:Q"),
        base.mark_line(strokeWidth=1.5, strokeDash=[5, 3] if kind in CURVES else [1, 0]).encode(y=mean),
        base.mark_point(filled=True, size=45, opacity=1).encode(y=mean, shape=shape, tooltip=told),
    ]  # fmt: skip
    return panel(alt.layer(*layers, title=what), {"means": [row for row in rows if row["kind"] == "mean"]}, 240)


#: What is said of kinds of points that a private page has nothing of.
KIND_WORDS = {
    "ordination": "ordinations (each sample a point)",
    "severity_line": "fitted lines, whose ends are people’s",
    "censored": "marks of those who left curves",
    "interval": "curves of events known as intervals",
    "composition": "the composition of each sample",
    "functions": "the functions of each sample",
    "steps": "carriers of steps in samples of reads",
}


def left_out_words(hidden: tuple[str, ...]) -> str:
    """Say what a private page has no figure of."""
    return "; ".join(KIND_WORDS.get(kind, kind) for kind in hidden)
