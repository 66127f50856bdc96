"""Arms: a forest of differences with joint intervals and margins, and every animal's course beside the control's."""

from __future__ import annotations

from typing import Any

import pandas as pd

from commensal.page.arms import VERDICTS, primary_outcomes, verdict_of
from commensal.page.figures.drawn import CASE, CONTROL, OTHER, Figure, Panel, Rows, panel, slug
from commensal.page.payload import short
from commensal.page.view import Group
from commensal.page.words import chance, count, estimate, listed, many, missing, number, sentence
from commensal.study import Study

FOREST_TABLE = {
    "measure": "Outcome", "name": "Arm", "effect": "Difference", "low": "Low", "high": "High", "verdict": "Verdict",
}  # fmt: skip
TRACE_TABLE = {"name": "Arm", "subject": "Animal", "x": "Time", "y": "Value"}
STAYED_TABLE = {"strain": "Strain", "group": "Arm", "subject": "Animal", "y": "Share of reads"}
#: A colour and a shape for each verdict.
COLOURS = {"helps": "#009E73", "harms": "#CC79A7", "equivalent": "#56B4E9", "inconclusive": OTHER}
SHAPES = {"helps": "triangle-up", "harms": "triangle-down", "equivalent": "square", "inconclusive": "circle"}
#: With more panels than this, an outcome that is not primary has one panel with the arms' means.
MOST_PANELS = 6


def arm_figures(group: Group, points: pd.DataFrame, study: Study) -> list[Figure]:
    """Draw the forest, the trajectories, and where given strains are found."""
    return [*_forest(group, study), *_trajectories(group, points, study), *_stayed(group, points)]


def _margin(study: Study, name: str) -> float | None:
    declared = study.measures.get(name) or study.events.get(name)
    return None if declared is None else declared.margin


def _forest(group: Group, study: Study) -> list[Figure]:
    rows = group.pick(model="verdict")
    rows = rows[rows["effect"].notna()]
    if rows.empty:
        return []
    panels, data, told = [], list[dict[str, object]](), []
    for measure in rows["measure"].unique():
        own = rows[rows["measure"] == measure]
        records: Rows = [
            {
                "measure": str(measure).replace("_", " "),
                "name": str(row["term"]),
                **{key: short(row[key]) for key in ("effect", "low", "high")},
                "verdict": verdict_of(row),
                "p": "" if missing(row["p"]) else chance(row["p"]),
            }
            for _, row in own.iterrows()
        ]
        data += records
        panels.append(_forest_panel(group, records, own, _margin(study, str(measure))))
        told += [f"{row['term']}, {row['measure']}: {verdict_of(row)}, {estimate(row)}" for _, row in own.iterrows()]
    caption = [
        f"Each arm minus {group.control}: estimate and joint interval. The band is the declared margin, inside which a "
        "difference does not matter; an outcome without a band has no margin, and nothing in it can be called "
        "equivalent. An arm without an interval could not be tested: the table says why."
    ]
    return [
        Figure(
            name=slug("forest", group.question),
            title=f"Arms against {group.control}",
            alt=" ".join(sentence(text) for text in told),
            caption=caption,
            panels=panels,
            columns=FOREST_TABLE,
            rows=data,
            panel_width=340,
            least_width=300,
            most_width=520,
            marks=len(data),
        )
    ]


def _forest_panel(group: Group, records: Rows, own: pd.DataFrame, margin: float | None) -> Panel:
    import altair as alt

    unit = own["unit"].dropna()
    title = f"{'arm'} − {group.control}" + (f" ({unit.iloc[0]})" if len(unit) else "")
    names = [str(row["name"]) for row in records]
    y = alt.Y("name:N", title=None).scale(domain=names).axis(labelLimit=170, grid=False, ticks=False, domain=False)
    named = alt.Chart(alt.NamedData(name="arms"))
    legend = alt.Legend(title=None, orient="top", columns=2)
    domain = list(VERDICTS)
    dots = named.mark_point(size=70, filled=True, opacity=1).encode(
        x=alt.X("effect:Q", title=title),
        y=y,
        color=alt.Color("verdict:N", legend=legend).scale(domain=domain, range=[COLOURS[one] for one in domain]),
        shape=alt.Shape("verdict:N", legend=legend).scale(domain=domain, range=[SHAPES[one] for one in domain]),
        tooltip=[
            alt.Tooltip("name:N", title="Arm"),
            alt.Tooltip("verdict:N", title="Verdict"),
            alt.Tooltip("effect:Q", title="Difference"),
            alt.Tooltip("low:Q", title="Low"),
            alt.Tooltip("high:Q", title="High"),
            alt.Tooltip("p:N", title="Joint p"),
        ],
    )
    bars = named.mark_rule(strokeWidth=1.8).encode(x="low:Q", x2="high:Q", y=y)
    zero = alt.Chart(alt.NamedData(name="zero")).mark_rule(strokeDash=[3, 3]).encode(x="effect:Q")
    layers = [zero, bars, dots]
    shown: dict[str, Rows] = {"arms": records, "zero": [{"effect": 0}]}
    if margin is not None:
        band = alt.Chart(alt.NamedData(name="margin")).mark_rect(opacity=0.18, color="#56B4E9")
        layers.insert(0, band.encode(x=alt.X("low:Q", title=title), x2="high:Q"))
        shown["margin"] = [{"low": short(-margin), "high": short(margin)}]
    heading = alt.Title(str(records[0]["measure"]), subtitle=[] if margin is None else [f"margin ± {number(margin)}"])
    return panel(alt.layer(*layers, title=heading), shown, max(110, 24 * len(names) + 20), wide=False)


def _trajectories(group: Group, points: pd.DataFrame, study: Study) -> list[Figure]:
    drawn = points[(points["figure"] == "trajectory") & points["x"].notna() & points["y"].notna()]
    means = points[(points["figure"] == "trajectory_mean") & points["x"].notna()]
    primary = primary_outcomes(group)
    figures, others = [], list[Panel]()
    for measure in means["measure"].dropna().unique():
        own, mean = drawn[drawn["measure"] == measure], means[means["measure"] == measure]
        if own["x"].nunique() < 2:
            continue
        arms = list(mean.loc[mean["side"] == "case", "group"].unique())
        if len(arms) <= MOST_PANELS or measure in primary:
            figures.append(_trajectory_figure(group, str(measure), own, mean, arms, study))
        else:
            others.append(_means_panel(str(measure), mean, study))
    return [*figures, *_other_measures(group, others)]


def _means_panel(measure: str, mean: pd.DataFrame, study: Study) -> Panel:
    """Draw the means of all arms in one panel."""
    import altair as alt

    unit = mean["unit"].dropna()
    title = measure.replace("_", " ") + (f" ({unit.iloc[0]})" if len(unit) else "")
    rows: Rows = [
        {
            "name": str(g),
            "side": "control" if side == "control" else "arm",
            "x": short(x),
            "y": short(y),
            "measure": measure,
        }
        for g, side, x, y in zip(mean["group"], mean["side"], mean["x"], mean["y"], strict=True)
    ]
    colour: Any = alt.Color("side:N", legend=None).scale(domain=["arm", "control"], range=[OTHER, CONTROL])
    width: Any = alt.StrokeWidth("side:N", legend=None).scale(domain=["arm", "control"], range=[1.2, 3])
    lines = (
        alt.Chart(alt.NamedData(name="means"))
        .mark_line(opacity=0.85)
        .encode(
            x=alt.X("x:Q", title=study.time_unit or "time"),
            y=alt.Y("y:Q", title=title, scale=alt.Scale(zero=False)),
            color=colour,
            strokeWidth=width,
            detail="name:N",
            tooltip=[alt.Tooltip("name:N", title="Arm"), alt.Tooltip("y:Q", title="Mean")],
        )
    )
    return panel(alt.layer(lines, title=alt.Title(measure.replace("_", " "))), {"means": rows}, 210)


def _other_measures(group: Group, panels: list[Panel]) -> list[Figure]:
    if not panels:
        return []
    rows = [row for one in panels for row in one.data["means"]]
    names = list(dict.fromkeys(str(row["measure"]) for row in rows))
    return [
        Figure(
            name=slug("trajectories", group.question),
            title="Courses of the other measures",
            alt=sentence(f"means of each arm over time: {listed(names)}"),
            caption=[
                f"Mean of the animals measured at each time, a line for each arm; the thick line is {group.control}. "
                "Point at a line for its arm. The animals of these measures are in points.parquet.",
            ],
            panels=panels,
            columns={"measure": "Outcome", "name": "Arm", "x": "Time", "y": "Mean"},
            rows=rows,
            columns_wide=3,
            columns_page=3,
            panel_width=240,
            least_width=230,
            most_width=340,
            marks=len(rows) // len(panels),
        )
    ]


def _control_of(arm: str, controls: list[str]) -> str:
    """Return the control that an arm is drawn beside: that of its own level."""
    level = arm.partition(": ")[0] if ": " in arm else ""
    return next((one for one in controls if level and one.startswith(f"{level}: ")), controls[0] if controls else "")


def _trajectory_figure(
    group: Group, measure: str, own: pd.DataFrame, mean: pd.DataFrame, arms: list[str], study: Study
) -> Figure:
    declared = study.measures.get(measure)
    unit = own["unit"].dropna()
    title = measure.replace("_", " ") + (f" ({unit.iloc[0]})" if len(unit) else "")
    controls = [str(name) for name in mean.loc[mean["side"] == "control", "group"].unique()]
    panels, data = [], list[dict[str, object]]()
    for arm in arms:
        beside = _control_of(arm, controls)
        lines = _records(own[own["group"].isin((arm, beside))], arm)
        centre = _records(mean[mean["group"].isin((arm, beside))], arm)
        ceiling = None if declared is None else declared.ceiling
        panels.append(_trace_panel(arm, group, lines, centre, title, study.time_unit or "time", ceiling))
        data += [{"name": arm if row["side"] == "arm" else beside, **row} for row in lines]
    counts = [
        f"{name}: {many(own.loc[own['group'] == name, 'subject'].nunique(), 'animal')}" for name in (*arms, *controls)
    ]
    better = "" if declared is None else f" {declared.better.capitalize()} is better."
    caption = [
        f"Thin lines are animals, thick lines the mean of those measured at that time; {group.control} is the same in "
        f"every panel of a level.{better}",
        "A line that ends early is an animal that was measured no longer: the mean after it is of those that are left.",
    ]
    return Figure(
        name=slug("trajectory", group.question, measure),
        title=f"Course of {measure.replace('_', ' ')}",
        alt=sentence(f"{title} over {study.time_unit or 'time'}: {listed(counts)}"),
        caption=caption,
        panels=panels,
        columns=TRACE_TABLE,
        rows=data,
        columns_wide=3,
        columns_page=3,
        panel_width=240,
        least_width=230,
        most_width=340,
        marks=max(len(one.data["animals"]) for one in panels),
    )


def _records(frame: pd.DataFrame, arm: str) -> Rows:
    return [
        {
            "subject": "" if missing(s) else str(s),
            "side": "arm" if g == arm else "control",
            "x": short(x),
            "y": short(y),
        }
        for s, g, x, y in zip(frame["subject"], frame["group"], frame["x"], frame["y"], strict=True)
    ]


def _trace_panel(
    arm: str, group: Group, lines: Rows, centre: Rows, title: str, time: str, ceiling: float | None
) -> Panel:
    import altair as alt

    x, y = alt.X("x:Q", title=time), alt.Y("y:Q", title=title, scale=alt.Scale(zero=False))
    colour: Any = alt.Color("side:N", legend=None).scale(domain=["arm", "control"], range=[CASE, CONTROL])
    dash: Any = alt.StrokeDash("side:N", legend=None).scale(domain=["arm", "control"], range=[[1, 0], [5, 3]])
    layers, data = [], dict[str, Rows]()
    if lines:
        one = alt.Chart(alt.NamedData(name="animals")).mark_line(strokeWidth=0.8, opacity=0.4, point=False)
        layers.append(
            one.encode(x=x, y=y, color=colour, detail="subject:N", tooltip=[alt.Tooltip("subject:N", title="Animal")])
        )
        data["animals"] = lines
    middle = alt.Chart(alt.NamedData(name="means")).mark_line(strokeWidth=2.6, point=True)
    layers.append(middle.encode(x=x, y=y, color=colour, strokeDash=dash))
    data["means"] = centre
    if ceiling is not None and any(float(str(row["y"])) >= ceiling for row in lines):
        layers.append(
            alt.Chart(alt.NamedData(name="ceiling")).mark_rule(strokeDash=[2, 4]).encode(y=alt.Y("y:Q", title=title))
        )
        data["ceiling"] = [{"y": short(ceiling)}]
    heading = alt.Title(arm, subtitle=[f"solid {arm.partition(': ')[2] or arm}, dashed {group.control}"])
    return panel(alt.layer(*layers, title=heading), data, 210)


def _stayed(group: Group, points: pd.DataFrame) -> list[Figure]:
    import altair as alt

    drawn = points[(points["figure"] == "engraftment") & points["y"].notna()]
    if drawn.empty:
        return []
    panels, data, told = [], list[dict[str, object]](), []
    order = list(dict.fromkeys(drawn.sort_values("side", ascending=False, kind="stable")["group"]))
    for feature in drawn["feature"].unique():
        own = drawn[drawn["feature"] == feature]
        label = str(own["label"].iloc[0])
        records: Rows = [
            {"strain": label, "group": str(g), "subject": str(s), "y": short(y), "side": str(side)}
            for g, s, y, side in zip(own["group"], own["subject"], own["y"], own["side"], strict=True)
        ]
        data += records
        dots = (
            alt.Chart(alt.NamedData(name="animals"))
            .mark_point(filled=True, size=32, opacity=0.7, color=CASE)
            .encode(
                x=alt.X("y:Q", title="share of reads", axis=alt.Axis(format=".1%")),
                y=alt.Y("group:N", title=None).scale(domain=order).axis(labelLimit=150, grid=True),
                tooltip=[alt.Tooltip("subject:N", title="Animal"), alt.Tooltip("y:Q", title="Share")],
            )
        )
        panels.append(panel(alt.layer(dots, title=alt.Title(label)), {"animals": records}, max(110, 20 * len(order))))
        seen = [f"{name} {count((own.loc[own['group'] == name, 'y'] > 0).sum())}" for name in order]
        told.append(sentence(f"{label} is found in animals of {listed(seen)}"))
    return [
        Figure(
            name=slug("engraftment", group.question, group.name),
            title=f"Where given strains are found: {group.name}",
            alt=" ".join(told),
            caption=[
                "Each point is an animal. A strain in arms that were not given it has spread, or was there before."
            ],
            panels=panels,
            columns=STAYED_TABLE,
            rows=data,
            columns_wide=3,
            columns_page=3,
            panel_width=220,
            least_width=220,
            most_width=330,
            marks=len(data) // len(panels),
        )
    ]
