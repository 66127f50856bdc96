"""A pathway from its first molecule down to its last: what each gene and molecule does, and which taxa carry it."""

from __future__ import annotations

import pandas as pd

from commensal.page.figures.carriers import carriers
from commensal.page.figures.drawn import Figure, Panel, Rows, panel, slug
from commensal.page.payload import short
from commensal.page.view import Group
from commensal.page.words import chance, count, interval, missing, number, plural, sentence

#: Pathways that are drawn: those with the smallest p as wholes.
MOST = 4
#: And so many of the first in the points: those with a molecule that was chosen beforehand.
FIRST = 2
TABLE = {
    "pathway": "Pathway", "rung": "Step or molecule", "kind": "Kind", "feature": "Feature", "assay": "From",
    "effect": "log2 fold change", "low": "Low", "high": "High", "n": "n",
}  # fmt: skip
GENE, MOLECULE = "gene", "molecule"


def pathway(group: Group, points: pd.DataFrame) -> list[Figure]:
    """Draw the pathways that change most as wholes, step by step, with what is measured of each."""
    drawn = points[(points["figure"] == "pathway") & points["block"].notna()]
    if drawn.empty:
        return carriers(group, _found(group))
    sets = group.pick(model="set, self-contained").drop_duplicates("feature").set_index("feature")
    fits = sets[sets["p"].notna()].sort_values("p", kind="stable")
    held = dict.fromkeys(drawn.loc[drawn["y"].notna(), "measure"])
    chosen = [str(name) for name in fits.index if name in held][:MOST]
    chosen += [name for name in held if name not in chosen][:FIRST]
    own = [_rows(drawn[drawn["measure"] == name]) for name in chosen]
    limit = max(
        (abs(float(str(row["effect"]))) for rows in own for row in rows if row["effect"] is not None), default=1
    )
    panels = [
        _ladder(rows, _first(fits, name), limit, key=i == 0)
        for i, (name, rows) in enumerate(zip(chosen, own, strict=True))
    ]
    term = group.terms[0] if group.terms else "overall"
    where = "" if term == "overall" else f" {term} {plural(group.block or 'block')}"
    left = len(held) - len(chosen)
    apart = any(row["assay"] not in ("", group.assay) for rows in own for row in rows if row["kind"] == MOLECULE)
    caption = [
        f"Change{where} ({group.case} less {group.control}, log2, with interval) of each gene that carries a step "
        "(squares) and of each molecule that is measured (circles), from the first molecule of a pathway down to its "
        "last. Genes are what the community can do, molecules what there is; an empty line was not measured.",
        *(
            ["Molecules are compared as in their own table: a specimen with controls of its own with those."]
            if apart
            else []
        ),
        *([f"{count(left)} more pathways of which something is measured are in the points."] if left > 0 else []),
    ]
    everything = [row for rows in own for row in rows]
    return [
        Figure(
            name=slug("pathway", group.question, group.name), title=f"Pathways, step by step: {group.name}",
            alt=" ".join(_told(rows) for rows in own), caption=caption, panels=panels, columns=TABLE, rows=everything,
            columns_wide=3, columns_page=3, panel_width=250, least_width=330, most_width=420,
            marks=len(everything) // max(len(panels), 1),
        ),
        *carriers(group, chosen),
    ]  # fmt: skip


def _found(group: Group) -> list[str]:
    """Return pathways by the smallest p of a taxon's part, where there is no gene to draw."""
    rows = group.rows[(group.rows["model"] == "contribution") & (group.rows["q"] < 0.05)]
    return [str(name) for name in rows.sort_values("p", kind="stable")["feature"].drop_duplicates()]


def _first(fits: pd.DataFrame, name: str) -> pd.Series | None:
    own = fits[fits.index == name]
    return None if own.empty else own.iloc[0]


def _rows(own: pd.DataFrame) -> Rows:
    """Return what is drawn of one pathway; steps and molecules that are not measured keep their line."""
    made: Rows = []
    for _, point in own.sort_values(["x", "side"], kind="stable").iterrows():
        gene = point["side"] == GENE
        n = None if missing(point["n"]) else int(point["n"])
        feature, assay, change = (
            "" if missing(point[key]) else str(point[key]) for key in ("feature", "group", "note")
        )
        made.append(
            {
                "pathway": str(point["block"]), "rung": f"↓ {point['label']}" if gene else str(point["label"]),
                "kind": GENE if gene else MOLECULE, "feature": feature, "assay": assay, "effect": short(point["y"]),
                "low": short(point["low"]), "high": short(point["high"]), "n": n,
                "change": change,
            }
        )  # fmt: skip
    return made


def _rungs(rows: Rows) -> list[str]:
    rungs: list[str] = []
    for row in rows:
        if row["kind"] != GENE or row["rung"] in rungs:
            continue
        before, _, after = str(row["change"]).partition(" → ")
        first = before.split(", ")[0].split(" (")[0]
        if first and first not in rungs:
            rungs.append(first)
        last = after.split(", ")[0].split(" (")[0]
        rungs.insert(rungs.index(last) if last in rungs else len(rungs), str(row["rung"]))
        if last and last not in rungs:
            rungs.append(last)
    rungs += [str(row["rung"]) for row in rows if row["rung"] not in rungs]
    return list(dict.fromkeys(rungs))


def _ladder(rows: Rows, fit: pd.Series | None, limit: float, *, key: bool) -> Panel:
    import altair as alt

    name, rungs = str(rows[0]["pathway"]), _rungs(rows)
    shown = [row for row in rows if row["effect"] is not None]
    y = (
        alt.Y("rung:N", title=None)
        .scale(domain=rungs)
        .axis(labelLimit=170, grid=True, ticks=False, domain=False, labelOverlap=False)
    )
    x = alt.X("low:Q", title="log2 fold change")
    base = alt.Chart(alt.NamedData(name="effects"))
    bars = base.mark_rule(strokeWidth=1.4).encode(x=x, x2="high:Q", y=y)
    dots = base.mark_point(filled=True, size=95, opacity=1, stroke="#333b45", strokeWidth=0.7).encode(
        x=alt.X("effect:Q", title="log2 fold change"), y=y,
        color=alt.Color("effect:Q", legend=alt.Legend(title="log2 fold change", gradientLength=110) if key else None)
        .scale(scheme="blueorange", domain=[-limit, limit], domainMid=0),
        shape=alt.Shape("kind:N", legend=None).scale(domain=[GENE, MOLECULE], range=["square", "circle"]),
        tooltip=[alt.Tooltip(f"{f}", title=t) for f, t in (
            ("rung:N", "Step or molecule"), ("feature:N", "Feature"), ("assay:N", "From"), ("effect:Q", "Effect"),
            ("low:Q", "Low"), ("high:Q", "High"), ("n:Q", "n"))],
    )  # fmt: skip
    zero = (
        alt.Chart(alt.NamedData(name="zero"))
        .mark_rule(strokeDash=[3, 3])
        .encode(x=alt.X("effect:Q", title="log2 fold change"))
    )
    told = "not tested as a whole"
    if fit is not None:
        ends = "" if missing(fit["low"]) else f" ({interval(fit['low'], fit['high'])})"
        told = f"mean {number(fit['effect'], 2, sign=True)}{ends}, {chance(fit['q'], 'q')}"
    title = alt.Title(name if len(name) < 46 else name[:44] + "…", subtitle=told)
    data: dict[str, Rows] = {"effects": shown, "zero": [{"effect": 0}]}
    return panel(alt.layer(zero, bars, dots, title=title), data, 19 * len(rungs))


def _told(rows: Rows) -> str:
    parts = [
        f"{str(row['rung']).removeprefix('↓ ')} {number(row['effect'], 2, sign=True)}"
        for row in rows
        if row["effect"] is not None
    ]
    return sentence(f"{rows[0]['pathway']}: log2 fold change of {', '.join(parts) or 'nothing'}")
