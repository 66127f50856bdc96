"""What the page says of claims: how many are past the gate, a matrix of claims and lines, and each claim opened."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from commensal.page.chain import chain
from commensal.page.words import chance, count, estimate, listed, many, missing, number, sentence
from commensal.tables import CLAIM
from commensal.tables.claims import CONTRADICTS, INCONCLUSIVE, NOT_MEASURED, OPEN, SELECTED, SUPPORTS

#: So many claims are shown, of each microbe, molecule and outcome the one with the best rank.
MOST_CLAIMS = 20
#: Verdict of a line → its mark: told apart by shape, not by colour alone.
MARKS = {SUPPORTS: "▲", CONTRADICTS: "▼", INCONCLUSIVE: "○", NOT_MEASURED: "–"}
#: Heading of a line where its name is long.
SHORT = {"strain → outcome": "strain → outcome", "human severity": "severity", "human level": "level in people"}


def claims_section(claims: pd.DataFrame) -> dict[str, Any] | None:
    """Return what the template shows of claims; None where the study makes none."""
    own = claims[claims["line"] == CLAIM]
    if own.empty:
        return None
    names = [str(name) for name in dict.fromkeys(claims["line"]) if name != CLAIM]
    first = own.drop_duplicates(["strain", "molecule", "outcome"]).head(MOST_CLAIMS)
    lines = dict(iter(claims[claims["claim"].isin(first["claim"])].groupby("claim", sort=False)))
    return {
        "sentences": list(_sentences(own)),
        "marks": list(MARKS.items()),
        "headings": [SHORT.get(name, name) for name in names],
        "rows": [_row(lines[str(claim["claim"])], names) for _, claim in first.iterrows()],
        "n": len(own),
        "more": len(own) - len(first),
    }


def headline(claims: pd.DataFrame) -> list[str]:
    """Return what the terminal says of claims: at most two sentences."""
    own = claims[claims["line"] == CLAIM]
    return [] if own.empty else list(_sentences(own))[:2]


def _sentences(own: pd.DataFrame) -> Iterator[str]:
    """Say how many claims are past the gate, which, and what keeps the first of the others open."""
    n, past = len(own), own[own["verdict"] == SELECTED]
    if len(past):
        named = [
            f"{one['strain']} {one['direction']} in {one['outcome']} through {one['molecule']}, which it "
            f"{one['through']} (at least {one['strength']} of {one['n']} lines hold)"
            for _, one in past.head(5).iterrows()
        ]
        verb = "is" if len(past) == 1 else "are"
        yield sentence(
            f"{count(len(past))} of {many(n, 'claim')} {verb} past the gate of three interventions: {'; '.join(named)}"
        )
    else:
        yield sentence(f"none of {many(n, 'claim')} is past the gate of three interventions")
    opened = own[own["verdict"] == OPEN]
    for _, one in opened.head(1).iterrows():
        yield sentence(f"the first of {many(len(opened), 'claim')} that are open: {_what(one)}; {one['note']}")


def _what(one: pd.Series) -> str:
    return f"{one['strain']} {one['direction']} in {one['outcome']}: it {one['through']} {one['molecule']}"


def _row(rows: pd.DataFrame, names: list[str]) -> dict[str, Any]:
    claim, lines = rows.iloc[0], rows.iloc[1:].set_index("line")
    speak = {verdict: [name for name in names if lines.loc[name, "verdict"] == verdict] for verdict in MARKS}
    return {
        "anchor": f"claim-{claim['rank']}",
        "rank": int(claim["rank"]),
        "strain": claim["strain"],
        "molecule": claim["molecule"],
        "outcome": claim["outcome"],
        "what": _what(claim),
        "direction": claim["direction"],
        "through": claim["through"],
        "verdict": claim["verdict"],
        "gate": "–" if missing(claim["p"]) else chance(claim["p"]),
        "q": "–" if missing(claim["q"]) else chance(claim["q"], "q"),
        "strength": f"{claim['strength']} of {claim['n']}",
        "note": sentence(str(claim["note"])) + _noise(claim),
        "for": listed(speak[SUPPORTS]) if speak[SUPPORTS] else "nothing",
        "against": listed(speak[CONTRADICTS]) if speak[CONTRADICTS] else "nothing",
        "cells": [(MARKS[str(lines.loc[name, "verdict"])], str(lines.loc[name, "verdict"])) for name in names],
        "lines": [_line(name, pd.Series(lines.loc[name])) for name in names],
        "chain": chain(claim, lines),
    }


def _noise(claim: pd.Series) -> str:
    """Say how often noise of this design makes a claim as strong, where it was tried."""
    if missing(claim["noise"]):
        return ""
    n = int(claim["shuffles"])
    times = count(round(claim["noise"] * (n + 1)) - 1)
    share = number(claim["noise"])
    told = f"some claim was as strong in {times} of {many(n, 'study')}"
    return f" With labels rearranged, {told}; counting this study itself, a share of {share}."


def _line(name: str, line: pd.Series) -> dict[str, Any]:
    verdict = str(line["verdict"])
    measured = verdict != NOT_MEASURED
    own = "" if missing(line["p"]) else chance(line["p"])
    return {
        "name": name,
        "mark": MARKS[verdict],
        "verdict": verdict,
        "effect": estimate(line, own) if measured and not missing(line["effect"]) else own or "–",
        "specimen": "–" if missing(line["specimen"]) else line["specimen"],
        "n": "–" if missing(line["n"]) else count(int(line["n"])),
        "question": "–" if missing(line["question"]) else line["question"],
        "estimate": None if missing(line["estimate"]) else int(line["estimate"]),
        "note": "" if missing(line["note"]) else str(line["note"]),
    }
