"""What the page says of claims: a summary, a matrix of claims and lines to filter, and each claim opened."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from commensal.page.chain import ARCS, UNDER, genes
from commensal.page.claim_against import lines_of
from commensal.page.claim_rows import Behind, Row
from commensal.page.claim_words import ASKS, MANNER, noun, phrase, summary, told, what
from commensal.page.line_figures import line_figure
from commensal.page.payload import short
from commensal.page.sources import source
from commensal.page.view import PageView
from commensal.page.words import chance, count, estimate, missing
from commensal.tables import CLAIM
from commensal.tables.claims import (
    BESIDE,
    CONTRADICTS,
    INCONCLUSIVE,
    NOT_MEASURED,
    NOT_SELECTED,
    OPEN,
    PART,
    SELECTED,
    SUPPORTS,
)

#: So many claims by rank are on the page; the others are in ``claims.parquet``, and the page says so.
MOST_LISTED = 100_000
#: Claims of the matrix that stand in the file itself, for a reader without a script.
WRITTEN = 10
#: Verdict of a line → its mark: told apart by shape, not by colour alone.
MARKS = {SUPPORTS: "▲", CONTRADICTS: "▼", INCONCLUSIVE: "○", NOT_MEASURED: "–"}
#: Verdict of a claim → how the page calls it.
STATES = {SELECTED: "past the gate", NOT_SELECTED: "not past the gate", OPEN: "open"}
FIELDS = ("strain", "molecule", "outcome", "direction", "through", "verdict")
Packed = dict[str, Any]


def claims_section(view: PageView) -> dict[str, Any] | None:
    """Return what the template shows of claims; None where the study makes none."""
    claims = view.claims
    own = claims[claims["line"] == CLAIM]
    if own.empty:
        return None
    behind = Behind.of(view)
    own_rows = claims[~claims["kind"].isin((PART, BESIDE, CLAIM))]
    names = [str(name) for name in dict.fromkeys(own_rows["line"])]
    listed = own.head(MOST_LISTED)
    told_of = claims[(claims["line"] != CLAIM) & claims["claim"].isin(listed["claim"])]
    lines: dict[str, list[Row]] = {}
    for row in told_of.assign(at=range(len(told_of))).to_dict("records"):
        lines.setdefault(str(row["claim"]), []).append(row)
    return {
        "summary": summary(view, behind),
        "marks": list(MARKS.items()),
        "headings": names,
        "asks": [(name, ASKS.get(name, ""), MANNER.get(name, "")) for name in names],
        "rows": [_row(one, lines.get(str(one["claim"])), names, view) for _, one in listed.head(WRITTEN).iterrows()],
        "n": len(own),
        "more": len(own) - len(listed),
        "payload": _payload(view, listed, told_of, lines, names, behind),
    }


def _row(claim: pd.Series, lines: list[Row] | None, names: list[str], view: PageView) -> dict[str, Any]:
    """Return a row of the matrix as it stands in the file."""
    said = {one["line"]: one["verdict"] for one in lines_of(lines or [])}
    verdicts = [str(said.get(name, NOT_MEASURED)) for name in names]
    return {
        "rank": int(claim["rank"]), "what": what(claim, view.study), "state": STATES[str(claim["verdict"])],
        "gate": _chance(claim["p"], "p"), "q": _chance(claim["q"], "q"), "strength": _strength(claim),
        "cells": [(MARKS[one], one) for one in verdicts],
    }  # fmt: skip


def _chance(value: object, name: str) -> str:
    return "–" if missing(value) else chance(value, name)


def _strength(claim: pd.Series) -> str:
    return f"{count(claim['strength'])} of {count(claim['n'])}"


def _payload(
    view: PageView, own: pd.DataFrame, rows: pd.DataFrame, lines: dict[str, list[Row]], names: list[str],
    behind: Behind,
) -> Packed:  # fmt: skip
    """Pack claims, lines, genes and figures: texts once, and codes."""
    levels = {name: list(dict.fromkeys(own[name].astype(str))) for name in FIELDS}
    texts = _Texts()
    said, drawn = _lines(view, rows, behind)
    coded = said["code"].to_numpy()
    opened = own[own["claim"].isin(set(lines))]
    place = {name: i for i, name in enumerate(names)}
    cells: list[list[int] | None] = []
    notes: list[list[tuple[int, int]]] = []
    more: list[list[tuple[int, int]]] = []
    beside: list[list[tuple[str, int]]] = []
    for _, claim in own.iterrows() if len(own) == len(opened) else _opened_first(own, lines):
        mine = lines.get(str(claim["claim"]))
        if mine is None:
            cells.append(None)
            notes.append([])
            more.append([])
            beside.append([])
            continue
        row, parts, apart = [-1] * len(names), [], []
        for one in mine:
            name, code = str(one["line"]), int(coded[one["at"]])
            if one["kind"] == BESIDE:
                apart.append((name, code))
            elif one["kind"] == PART:
                parts.append((place[name], code))
            else:
                row[place[name]] = code
        cells.append(row)
        more.append(parts)
        beside.append(apart)
        notes.append([(kind, texts(one)) for kind, one in told(claim, mine, behind)])
    return {
        "n": len(own), "ranks": [int(one) for one in own["rank"]],
        "levels": levels, "codes": {name: _codes(own[name], levels[name]) for name in FIELDS},
        "states": [STATES.get(one, one) for one in levels["verdict"]],
        "phrases": [[phrase(one, way, view.study) for way in levels["direction"]] for one in levels["outcome"]],
        "gate": [texts(_chance(one, "p")) for one in own["p"]], "q": [texts(_chance(one, "q")) for one in own["q"]],
        "strength": [texts(_strength(one)) for _, one in own[["strength", "n"]].iterrows()],
        "names": names, "marks": MARKS, "more": more, "beside": beside,
        "nouns": [noun(one, view.study) for one in levels["outcome"]], "asks": [ASKS.get(name, "") for name in names],
        "manner": [MANNER.get(name, "") for name in names], "arcs": ARCS, "under": UNDER,
        "lines": said["rows"], "figures": drawn, "cells": cells, "told": notes, "texts": texts.all,
        "genes": _genes(view, opened), "private": view.private, "specimens": _specimens(levels["molecule"], rows),
    }  # fmt: skip


class _Texts:
    """Texts, each kept once."""

    def __init__(self) -> None:
        self.all: list[str] = []
        self._at: dict[str, int] = {}

    def __call__(self, text: str) -> int:
        if text not in self._at:
            self._at[text] = len(self.all)
            self.all.append(text)
        return self._at[text]


def _opened_first(own: pd.DataFrame, lines: dict[str, list[Row]]) -> Iterator[tuple[Any, pd.Series]]:
    """Yield every claim; those without lines without the cost of a row."""
    bare = pd.Series({"claim": ""})
    known = own["claim"].isin(set(lines)).to_numpy(bool)
    for at, has in enumerate(known):
        yield at, own.iloc[at] if has else bare


def _codes(values: pd.Series, levels: list[str]) -> list[int]:
    place = {name: i for i, name in enumerate(levels)}
    return [place[str(one)] for one in values]


def _lines(view: PageView, lines: pd.DataFrame, behind: Behind) -> tuple[Packed, list[Packed]]:
    """Return the distinct lines in words with the code of each row, and the figures that they are drawn by."""
    keys = lines[["line", "verdict", "p", "estimate", "note"]].astype("string").fillna("").agg("\n".join, axis=1)
    codes, _ = pd.factorize(keys)
    code = pd.Series(codes, index=lines.index)
    first = lines[~code.duplicated()]
    drawn: list[Packed] = []
    at_row: dict[int, int] = {}
    out = []
    for _, line in first.iterrows():
        at = None if missing(line["estimate"]) else int(line["estimate"])
        row = behind.row(line)
        if row is not None and at is not None and at not in at_row and line["kind"] not in (PART, BESIDE):
            figure = line_figure(row, behind.points, view.study.time_unit)
            at_row[at] = -1 if figure is None else len(drawn)
            drawn += [] if figure is None else [figure]
        where = "" if row is None else source(row, view.study, view.provenance, files=not view.private)
        packed = _line(line, at, -1 if at is None else at_row.get(at, -1), where)
        own = "" if row is None or missing(row["note"]) else str(row["note"])
        out.append(packed | {"size": behind.size_of(line), "own": own})
    return {"code": code, "rows": out}, drawn


def _line(line: pd.Series, at: int | None, figure: int, where: str) -> Packed:
    verdict = str(line["verdict"])
    own = "" if missing(line["p"]) else f"one-sided {chance(line['p'])}"
    shown = verdict != NOT_MEASURED and not missing(line["effect"])
    return {
        "verdict": verdict, "effect": estimate(line, own) if shown else own or "–",
        "specimen": "" if missing(line["specimen"]) else str(line["specimen"]),
        "measure": "" if missing(line["measure"]) else str(line["measure"]).replace("_", " "),
        "n": None if missing(line["n"]) else int(line["n"]),
        "question": "" if missing(line["question"]) else str(line["question"]), "estimate": at,
        "note": "" if missing(line["note"]) else str(line["note"]), "figure": figure, "source": where,
        "p": None if missing(line["p"]) else short(float(line["p"])),
    }  # fmt: skip


def _genes(view: PageView, opened: pd.DataFrame) -> Packed:
    """Return strain → molecule → what the genome can do, where it was asked."""
    rows = view.estimates.reset_index(drop=True)
    able = rows[rows["model"] == "capability"]
    steps = view.points[view.points["figure"] == "capability"]
    found: Packed = {}
    asked = set(able["feature"].fillna("").str.casefold())
    for strain, molecule in opened[["strain", "molecule"]].drop_duplicates().itertuples(index=False):
        if str(molecule).casefold() in asked:
            found.setdefault(str(strain), {})[str(molecule)] = genes(str(strain), str(molecule), able, steps)
    return found


def _specimens(molecules: list[str], rows: pd.DataFrame) -> Packed:
    """Return molecule → the specimens of the animals in which a link measured it, in words."""
    own = rows[(rows["line"] == "strain → molecule") & rows["specimen"].notna()]
    named = {str(name): list(dict.fromkeys(group)) for name, group in own.groupby("molecule")["specimen"]}
    return {name: ", ".join(map(str, named[name])) for name in molecules if name in named}


__all__ = ["MARKS", "claims_section"]
