"""Volcano: every feature's effect against its p, one figure for abundance and one for presence."""

from __future__ import annotations

import math

import pandas as pd

from commensal.page.feature_counts import LINE, found_features
from commensal.page.figures.drawn import CASE, CONTROL, OTHER, Figure, Panel, Rows, panel, slug
from commensal.page.found import name_of, share_words
from commensal.page.payload import short
from commensal.page.view import Group
from commensal.page.words import chance, count, estimate, is_latent, missing, number, plural, sentence

#: p below the smallest double is drawn at the top.
TOP = 300.0
LABELS = 8
#: More features than this are thinned: a page of 20,000 marks is slow and shows no more.
MOST = 4000
AXES = {
    "abundance": "log2 fold change where present",
    "prevalence": "difference in share of samples where present",
    "expression": "log2 fold change",
}
TITLES = {"abundance": "Abundance", "prevalence": "Presence", "expression": "Expression"}
TABLE = {
    "name": "Feature",
    "effect": "Effect",
    "low": "Low",
    "high": "High",
    "p": "p",
    "q": "q",
    "found": "At q < 0.05",
}


def volcano(group: Group) -> list[Figure]:
    """Draw a figure per feature model with a panel per term, if any feature has a p."""
    return [figure for model in AXES for figure in _of_model(group, model)]


def _of_model(group: Group, model: str) -> list[Figure]:
    rows = group.pick(model=model)
    panels: list[Panel] = []
    everything: Rows = []
    caption: list[str] = []
    for term in rows["term"].dropna().unique():
        tested = rows[(rows["term"] == term) & rows["p"].notna() & rows["effect"].notna()]
        if tested.empty:
            continue
        own, thinned = _thinned(_rows(group, tested))
        title = "all samples" if term == "overall" else f"{term} {plural(group.block or 'block')}"
        axis = "log2 fold change, latent" if tested["unit"].map(is_latent).all() else AXES[model]
        panels.append(_panel(group, own, sentence(title)[:-1], axis))
        everything += [{"term": str(term)} | row for row in own]
        caption.append(_caption(group, str(term), title, model, len(tested)))
        caption += [thinned] if thinned else []
        if term == "between" and group.split:
            caption.append(sentence(f"an effect {title} is {share_words(group)}"))
        if model == "abundance":
            caption += _frame(group, str(term))
    if not panels:
        return []
    caption.append(f"Up-pointing triangles are higher in {group.case} at q < {LINE}, down-pointing ones lower.")
    return [
        Figure(
            name=slug("volcano", model, group.question, group.name),
            title=f"{TITLES[model]} of every {group.feature if model == 'expression' else 'feature'}: {group.name}",
            alt=f"Volcano plot of {AXES[model]} against minus log10 of p. {' '.join(caption)}",
            caption=caption,
            panels=panels,
            columns={"term": "Term"} | TABLE,
            rows=everything,
            panel_width=420,
            least_width=300,
            most_width=520,
            marks=len(everything),
        )
    ]


def _words(group: Group) -> tuple[str, str, str]:
    return f"higher in {group.case}", f"lower in {group.case}", f"q ≥ {LINE}"


def _rows(group: Group, tested: pd.DataFrame) -> Rows:
    higher, lower, other = _words(group)
    rows: Rows = []
    ranked = tested.sort_values(["p", "q"], kind="stable")
    names = ranked["label"].fillna(ranked["feature"])
    numbers = ranked[["effect", "low", "high", "p", "q"]].to_dict("records")
    for name, row in zip(names, numbers, strict=True):
        found = bool(row["q"] < LINE)
        rows.append(
            {
                "name": str(name),
                "effect": short(row["effect"]),
                "low": short(row["low"]),
                "high": short(row["high"]),
                "p": short(row["p"]),
                "q": short(row["q"]),
                "found": (higher if row["effect"] > 0 else lower) if found else other,
                "height": short(-math.log10(row["p"]) if row["p"] > 0 else TOP),
            }
        )
    return rows


def _thinned(rows: Rows) -> tuple[Rows, str]:
    """Keep the strongest of very many features and an even part of the others, and say so."""
    if len(rows) <= MOST:
        return rows, ""
    strongest, others = rows[: MOST // 2], rows[MOST // 2 :]
    step = math.ceil(len(others) / (MOST // 2))
    kept = others[::step]
    told = f"Drawn are the {count(len(strongest))} with the smallest p and every {step}th of the others, by p"
    return [*strongest, *kept], sentence(f"{told}; all of them are in the estimates")


def _labels(rows: Rows) -> Rows:
    """Choose the topmost found features (or, of none, three others) whose names do not run into each other."""
    hits = [row for row in rows if not str(row["found"]).startswith("q")]
    most, candidates = (LABELS, hits[:40]) if hits else (3, rows[:10])
    xs = [float(str(row["effect"])) for row in rows]
    ys = [float(str(row["height"])) for row in rows]
    wide, high = (max(xs) - min(xs)) or 1.0, max(ys) or 1.0
    middle = (max(xs) + min(xs)) / 2
    kept: list[tuple[float, float, bool]] = []
    chosen: Rows = []
    for row, x, y in zip(candidates, xs, ys, strict=False):
        left = x > middle
        near = any(abs(y - b) / high < 0.055 and (left == c or abs(x - a) / wide < 0.5) for a, b, c in kept)
        if not near and len(chosen) < most:
            kept.append((x, y, left))
            chosen.append(row | {"left": left})
    return chosen


def _panel(group: Group, rows: Rows, title: str, x_title: str) -> Panel:
    import altair as alt

    higher, lower, other = _words(group)
    domain = [higher, lower, other]
    legend = alt.Legend(title=None, orient="top", symbolOpacity=1, columns=3 if len(higher) < 22 else 1)
    axis = alt.Axis(format="+.0%") if x_title == AXES["prevalence"] else alt.Axis()
    x = alt.X("effect:Q", title=x_title, axis=axis).scale(nice=True)
    y = alt.Y("height:Q", title="−log10 p").scale(zero=True, nice=True)
    channels = {
        "x": x,
        "y": y,
        "color": alt.Color("found:N", legend=legend).scale(domain=domain, range=[CASE, CONTROL, OTHER]),
        "shape": alt.Shape("found:N", legend=legend).scale(
            domain=domain, range=["triangle-up", "triangle-down", "circle"]
        ),
        "tooltip": [
            alt.Tooltip("name:N", title="Feature"),
            alt.Tooltip("effect:Q", title="Effect"),
            alt.Tooltip("low:Q", title="Low"),
            alt.Tooltip("high:Q", title="High"),
            alt.Tooltip("p:Q", title="p"),
            alt.Tooltip("q:Q", title="q"),
        ],
    }
    rest = alt.Chart(alt.NamedData(name="rest")).mark_point(filled=True, size=18, opacity=0.5).encode(**channels)
    hits = alt.Chart(alt.NamedData(name="hits")).mark_point(filled=True, size=75, opacity=0.9).encode(**channels)
    zero = alt.Chart(alt.NamedData(name="zero")).mark_rule(strokeDash=[3, 3]).encode(x="effect:Q")
    layers = [zero]
    data: dict[str, Rows] = {
        "zero": [{"effect": 0}],
        "rest": [row for row in rows if row["found"] == other],
        "hits": [row for row in rows if row["found"] != other],
    }
    layers += [layer for layer, name in ((rest, "rest"), (hits, "hits")) if data[name]]
    chosen = _labels(rows)
    for side, align, dx in ((True, "right", -7), (False, "left", 7)):
        own = [row for row in chosen if row["left"] is side]
        if own:
            name = "left" if side else "right"
            text = alt.Chart(alt.NamedData(name=name)).mark_text(align=align, dx=dx, limit=150, baseline="middle")
            layers.append(text.encode(x=x, y=y, text="name:N"))
            data[name] = own
    return panel(alt.layer(*layers, title=title), data, 340)


def _caption(group: Group, term: str, title: str, model: str, held: int) -> str:
    found = found_features(group, term, model)
    verb = "has" if found.tested == 1 else "have"
    top = (
        ""
        if found.top is None
        else f"; smallest p: {name_of(found.top)}, {estimate(found.top, chance(found.top['p']))}"
    )
    return sentence(
        f"{title}: {count(found.tested)} of {count(found.table)} {group.features} {verb} a p, "
        f"{count(found.found)} at q < {LINE}{top}"
        + (f"; drawn are {count(held)} of them" if held < found.tested else "")
    )


def _frame(group: Group, term: str) -> list[str]:
    """Say what the effects of a panel are measured from, as the row of the reference frame has it."""
    row = group.frame(term)
    if row is None:
        return []
    error = "" if missing(row["se"]) else f" (standard error {number(row['se'], 2)})"
    text = f"abundances are measured from {row['unit']} {number(row['effect'], 2, sign=True)}{error}"
    note = "" if missing(row["note"]) else str(row["note"])
    assumed = "" if "taken not to change" in note else f"the median {group.feature} is taken not to change"
    more = "; ".join(filter(None, [note, assumed]))
    return [sentence(f"{text}: {more}" if more else text)]
