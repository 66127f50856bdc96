"""What the strains' genomes can do about a molecule: verdicts of genomes × molecules, and the steps behind each."""

from __future__ import annotations

import pandas as pd

from commensal.page.figures.drawn import Figure, Panel, Rows, panel, slug
from commensal.page.payload import short
from commensal.page.words import many, missing, sentence

#: Verdict → colour, the letter on it, and the letter's colour: colour never speaks alone, nor changes on a dark ground.
VERDICTS = {
    "makes": ("#0B6BA8", "M", "white"),
    "makes and consumes": ("#CC79A7", "M+U", "#1b2027"),
    "releases": ("#56B4E9", "R", "#1b2027"),
    "consumes": ("#C8560A", "U", "white"),
    "cannot": ("#d9dce0", "–", "#1b2027"),
    "unknown": ("#fbf3d0", "?", "#1b2027"),
}
#: Likewise of a step.
STATES = {
    "present": ("#0B6BA8", "✓", "white"),
    "present, uses it up": ("#C8560A", "U", "white"),
    "inferred": ("#56B4E9", "~", "#1b2027"),
    "missing": ("#d9dce0", "–", "#1b2027"),
    "not known": ("#fbf3d0", "?", "#1b2027"),
}
#: Panels of steps that are drawn, of molecules with several steps; the others stand in the table.
MOST = 8
TABLE = {
    "compound": "Molecule", "genome": "Genome", "arm": "Arm", "what": "Verdict or step", "state": "State",
    "score": "Score", "note": "Why, and what is not known",
}  # fmt: skip


def capability(points: pd.DataFrame, name: str = "") -> list[Figure]:
    """Draw what the genomes can do: a matrix of genomes × molecules, and of genomes × steps for each molecule.

    Parameters
    ----------
    points
        Points; those with ``figure = "capability"`` are drawn.
    name
        What the figure is about, for its file's name.
    """
    drawn = points[points["figure"] == "capability"]
    verdicts, steps = drawn[drawn["measure"] == "verdict"], drawn[drawn["measure"] == "step"]
    if verdicts.empty:
        return []
    compounds = list(dict.fromkeys(verdicts["block"].astype(str)))
    genomes = list(dict.fromkeys(verdicts["label"].astype(str)))
    rows = [*_table(verdicts, "verdict"), *_table(steps, "step")]
    staged = [name for name in compounds if len(set(steps.loc[steps["block"] == name, "feature"])) > 1]
    panels = [_overview(verdicts, compounds, genomes)] if len(compounds) > 1 else []
    panels += [_steps(compound, verdicts, steps) for compound in staged[:MOST]]
    return [
        Figure(
            name=slug("capability", name),
            title="What the genomes can do",
            alt=sentence(" ".join(_told(compound, verdicts) for compound in compounds[:MOST])),
            caption=[
                "By annotation: what a genome carries, not what a cell does. M makes it anew, R releases it (sets free "
                "or converts what it was given ready-made), U uses it up, M+U both, – cannot, ? not known; the number "
                "is the score.",
                "Steps: ✓ carried, U carried and uses it up, ~ inferred (no gene of this genome tells), – not found, ? "
                "no annotation. A step not found may still be there. The data table says why, with the genes, and what "
                "is not known.",
                *([_left_out(staged)] if len(staged) > MOST else []),
            ],
            panels=panels,
            columns=TABLE,
            rows=rows,
            columns_wide=1 if len(genomes) > 8 else 2,
            columns_page=1,
            panel_width=520,
            least_width=460,
            most_width=900,
            marks=len(drawn) // max(len(panels), 1),
        )
    ]


def _left_out(staged: list[str]) -> str:
    return f"The steps of {many(len(staged) - MOST, 'molecule')} more are in the data table only."


def _table(points: pd.DataFrame, kind: str) -> Rows:
    return [
        {
            "compound": str(point["block"]),
            "genome": str(point["label"]),
            "arm": "" if missing(point["group"]) else str(point["group"]),
            "what": "verdict" if kind == "verdict" else str(point["feature"]),
            "state": str(point["side"]),
            "score": short(point["y"]) if kind == "verdict" else None,
            "note": str(point["note"]),
        }
        for _, point in points.iterrows()
    ]


def _overview(verdicts: pd.DataFrame, compounds: list[str], genomes: list[str]) -> Panel:
    rows: Rows = [
        {
            "genome": str(point["label"]),
            "compound": str(point["block"]),
            "state": str(point["side"]),
            "mark": VERDICTS[str(point["side"])][1],
            "score": short(point["y"]),
        }
        for _, point in verdicts.iterrows()
    ]
    title = "Genomes × molecules"
    return _matrix(rows, "compound", compounds, genomes, VERDICTS, title, ["score"])


def _steps(compound: str, verdicts: pd.DataFrame, steps: pd.DataFrame) -> Panel:
    own = verdicts[verdicts["block"] == compound]
    named = {
        str(point["label"]): f"{point['label']}: {VERDICTS[str(point['side'])][1]} {point['y']:.2f}"
        for _, point in own.iterrows()
    }
    rows: Rows = []
    for _, point in steps[steps["block"] == compound].iterrows():
        uses = point["unit"] == "uses it up" and point["side"] == "present"
        state = "present, uses it up" if uses else str(point["side"])
        rows.append(
            {
                "genome": named[str(point["label"])],
                "step": str(point["feature"]),
                "state": state,
                "mark": STATES[state][1],
                "note": str(point["note"]),
            }
        )
    order = list(dict.fromkeys(str(row["step"]) for row in rows))
    rate = own.iloc[0]
    title = f"{compound}: {rate['n']} {rate['unit']} genomes make it anew"
    return _matrix(rows, "step", order, list(named.values()), STATES, title, ["note"])


def _matrix(
    rows: Rows,
    across: str,
    order: list[str],
    genomes: list[str],
    states: dict[str, tuple[str, str, str]],
    title: str,
    more: list[str],
) -> Panel:
    """Draw genomes × something as coloured cells with a letter on each."""
    import altair as alt

    used = [state for state in states if any(row["state"] == state for row in rows)]
    base = alt.Chart(alt.NamedData(name="cells")).encode(
        x=alt.X(f"{across}:N", title=None)
        .scale(domain=order)
        .axis(labelAngle=-40, labelLimit=150, grid=False, ticks=False, orient="bottom"),
        y=alt.Y("genome:N", title=None)
        .scale(domain=genomes)
        .axis(labelLimit=300, grid=False, ticks=False, domain=False),
        tooltip=[
            alt.Tooltip("genome:N", title="Genome"),
            alt.Tooltip(f"{across}:N", title=across.capitalize()),
            alt.Tooltip("state:N", title="State"),
            *(alt.Tooltip(f"{name}:N", title=name.capitalize()) for name in more),
        ],
    )
    cells = base.mark_rect(stroke="white", strokeWidth=1).encode(
        color=alt.Color("state:N", legend=alt.Legend(title=None, columns=3, symbolType="square")).scale(
            domain=used, range=[states[state][0] for state in used]
        )
    )
    letters = [
        base.transform_filter(alt.FieldOneOfPredicate(field="state", oneOf=[state]))
        .mark_text(fontSize=10, color=states[state][2])
        .encode(text="mark:N")
        for state in used
    ]
    chart = alt.layer(cells, *letters, title=alt.Title(title, limit=520))
    return panel(chart, {"cells": rows}, max(60, 19 * len(genomes)))


def _told(compound: str, verdicts: pd.DataFrame) -> str:
    own = verdicts[verdicts["block"] == compound]
    told = []
    for verdict in VERDICTS:
        who = [str(name) for name in own.loc[own["side"] == verdict, "label"]]
        if who:
            told.append(f"{verdict} in {', '.join(who[:6])}{' and others' if len(who) > 6 else ''}")
    return f"{compound}: {'; '.join(told)}."
