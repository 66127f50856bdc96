"""Evidence: claims in rows, their lines in columns, and what each line says."""

from __future__ import annotations

from typing import Any

import pandas as pd

from commensal.errors import UsageError
from commensal.page.figures.drawn import CASE, CONTROL, OTHER, text_only
from commensal.plot.choosing import chosen, records
from commensal.tables import CLAIM
from commensal.tables.claims import CONTRADICTS, INCONCLUSIVE, NOT_MEASURED, SUPPORTS

#: A dash, for what was not measured.
DASH = "M-1,-0.2H1V0.2H-1Z"
#: Verdict → colour, shape: filled where something was measured that speaks.
VERDICTS = {
    SUPPORTS: (CONTROL, "triangle-up"),
    CONTRADICTS: (CASE, "triangle-down"),
    INCONCLUSIVE: (OTHER, "circle"),
    NOT_MEASURED: (OTHER, DASH),
}
FIELDS = {key: key for key in ("line", "kind", "verdict", "p", "effect", "low", "high", "unit", "specimen", "note")}


def claims(
    claims: pd.DataFrame,
    *,
    strain: str | None = None,
    molecule: str | None = None,
    outcome: str | None = None,
    most: int = 15,
) -> Any:
    """Draw the matrix of evidence: claims in rows by their rank, lines in columns, a mark for what each line says.

    Parameters
    ----------
    claims
        ``result.claims``.
    strain, molecule, outcome
        Of these claims only.
    most
        How many claims are drawn, the best ranked first.

    Returns
    -------
    altair.HConcatChart
        Two panels: the interventional links that the gate asks for, and the lines that corroborate. What was measured
        and does not speak is a circle, what was not measured a dash: the two are not alike.

    Raises
    ------
    UsageError
        There is no claim (a study makes claims with questions of kind screen and mediators), or none of these.

    Examples
    --------
    >>> from commensal import plot, tables
    >>> row = {"claim": "a", "rank": 1, "strain": "A", "molecule": "M", "outcome": "grip", "kind": "interventional"}
    >>> frame = tables.claims([row | {"line": "claim", "verdict": "open"}, row | {"line": "strain → outcome", "verdict":
    ...     "supports"}])
    >>> type(plot.claims(frame)).__name__
    'HConcatChart'
    """
    import altair as alt

    if len(claims) == 0:
        raise UsageError(
            "plot.claims: there is no claim to draw",
            expected="a study with questions of kind screen and mediators, and a primary outcome",
            mend="`commensal init DIR --like full` writes one",
        )
    wanted = {"strain": strain, "molecule": molecule, "outcome": outcome}
    rows = chosen(claims, wanted, "plot.claims").sort_values("rank", kind="stable")
    kept = list(dict.fromkeys(rows["claim"]))[:most]
    rows = rows[rows["claim"].isin(kept)]
    heads = rows[rows["line"] == CLAIM].set_index("claim")
    lines = rows[rows["line"] != CLAIM]
    words = {key: _words(heads.loc[key]) for key in kept}
    data = records(lines, FIELDS)
    for row, key in zip(data, lines["claim"], strict=True):
        row["claim"] = words[key]
    order = [words[key] for key in kept]
    parts: list[Any] = []
    for kind, title in (("interventional", "Links (interventional)"), ("corroborating", "Corroborating lines")):
        own = [row for row in data if row["kind"] == kind]
        parts.append(_panel(own, order, title, first=not parts))
    return alt.hconcat(*parts, spacing=10).resolve_scale(color="shared", shape="shared")


def _words(head: pd.Series) -> str:
    name = " → ".join(str(head[one]) for one in ("strain", "molecule", "outcome"))
    said = str(head["verdict"]) + ("" if pd.isna(head["strength"]) else f", {head['strength']} hold")
    return str(text_only(f"{head['rank']}. {name} ({said})"))


def _panel(data: list[dict[str, Any]], order: list[str], title: str, *, first: bool) -> Any:
    import altair as alt

    domain = list(VERDICTS)
    axis = alt.Axis(labelLimit=460, grid=True) if first else None
    columns = list(dict.fromkeys(row["line"] for row in data))
    return (
        alt.Chart(alt.InlineData(values=data), title=title)
        .mark_point(size=110, filled=True, opacity=1, strokeWidth=2)
        .encode(
            x=alt.X("line:N", title=None).scale(domain=columns).axis(labelAngle=-40, labelLimit=160, grid=True),
            y=alt.Y("claim:N", title=None, axis=axis).scale(domain=order),
            color=alt.Color("verdict:N", title="Line").scale(
                domain=domain, range=[one for one, _ in VERDICTS.values()]
            ),
            shape=alt.Shape("verdict:N", title="Line").scale(
                domain=domain, range=[one for _, one in VERDICTS.values()]
            ),
            tooltip=[
                alt.Tooltip("claim:N", title="Claim"),
                alt.Tooltip("line:N", title="Line"),
                alt.Tooltip("verdict:N", title="Says"),
                *(alt.Tooltip(f"{one}:Q", title=one, format=".3g") for one in ("effect", "low", "high", "p")),
                alt.Tooltip("unit:N", title="Unit"),
                alt.Tooltip("specimen:N", title="Specimen"),
                alt.Tooltip("note:N", title="Note"),
            ],
        )
        .properties(width=alt.Step(38), height=alt.Step(24))
    )
