"""What speaks against a claim, by rule: lines, what was measured beside them, and the limits of their design."""

from __future__ import annotations

import re
from collections.abc import Sequence

from commensal.page.claim_rows import Behind, Row
from commensal.page.words import chance, estimate, listed, missing, sentence
from commensal.tables.claims import BESIDE, CONTRADICTS, INCONCLUSIVE, NOT_MEASURED, PART, SUPPORTS

MEDIATION, ENGRAFTMENT, PROGRESSION = "mediation", "engraftment", "progression"
_WORDS = {CONTRADICTS: "contradict it", INCONCLUSIVE: "cannot tell", NOT_MEASURED: "not measured"}
#: A one-sided p up to this is what an interval of 95 % would be called by.
ONE_SIDED = 0.025
#: A one-sided p above this: the estimate itself is on the other side.
EVEN = 0.5
#: What is said of mediation wherever it stands, so that nobody takes it for a line.
BY_RULE = (
    "By rule it neither adds to the claim nor lowers it: nobody was given the molecule in it, and whatever else moves "
    "molecule and outcome of one animal makes or hides it"
)


def lines_of(rows: Sequence[Row]) -> list[Row]:
    """Return the lines of a claim: one row each, without their other rows and without what stands beside."""
    return [one for one in rows if one["kind"] not in (PART, BESIDE)]


def against(rows: Sequence[Row], outcome: str, behind: Behind, *, brief: bool = False) -> tuple[str, list[str]]:
    """Say what speaks against a claim: a sentence about its lines, and what else a reader must weigh.

    Parameters
    ----------
    rows
        All rows of the claim but its own.
    outcome
        Of the claim.
    behind
        What the rows rest on.
    brief
        Whether limits, and what needs many words, are left to the opened claim.
    """
    lines = lines_of(rows)
    named = {verdict: [str(one["line"]) for one in lines if one["verdict"] == verdict] for verdict in _WORDS}
    said = [f"{listed(named[verdict])} {_WORDS[verdict]}" for verdict in _WORDS if named[verdict]]
    beside = [one for one in rows if one["kind"] == BESIDE]
    opposed = list(dict.fromkeys(str(one["line"]) for one in beside if one["verdict"] == CONTRADICTS))
    if opposed:
        verb = "contradicts" if len(opposed) == 1 else "contradict"
        said.insert(0, f"{listed(opposed)}, measured beside the lines, {verb} it")
    if not named[CONTRADICTS]:
        said.insert(0, f"no line contradicts it{', but' if opposed else ''}")
    told = "; ".join(said).replace(", but; ", ", but ")
    items = [*_mediation(beside, outcome, behind, brief=brief), *_strain(beside), *_progression(beside)]
    if not brief:
        items += [*_undecided(lines), *_unequal(rows), *(sentence(one) for one in limits(lines))]
    return sentence(told), items


def _mediation(beside: Sequence[Row], outcome: str, behind: Behind, *, brief: bool) -> list[str]:
    """Word the mediation rows as what they are: not lines, and a measured negative is no proof of absence."""
    own = [one for one in beside if one["line"] == MEDIATION]
    name = outcome.replace("_", " ")
    if not own:
        asked = behind.mediated
        others = listed([one.replace("_", " ") for one in asked])
        return [f"Mediation of {name} was not tested (it was of {others})."] if asked else []
    tested = [one for one in own if one["verdict"] != NOT_MEASURED]
    if not tested:
        return [f"Mediation of {name} could not be tested: {own[0]['note']}."]
    molecule, strain = str(tested[0]["molecule"]), str(tested[0]["strain"])
    numbers = "; ".join(f"{_where(row)}: indirect effect {behind.effect(row)}" for row in tested)
    verdicts = {str(one["verdict"]) for one in tested}
    if CONTRADICTS in verdicts:
        what = f"▼ The mediation test contradicts it: the effect of {strain} on {name} that passes through {molecule} "
        what += "goes the other way"
        meaning = "Its interval lies wholly on the other side"
    elif verdicts == {SUPPORTS}:
        what = f"▲ The effect of {strain} on {name} is consistent with passing through {molecule}"
        meaning = "This is not against it"
    else:
        what = f"○ The effect of {strain} on {name} was not found to pass through {molecule}"
        leans = all(one["p"] > EVEN for one in tested)
        meaning = "Not found is not shown to be absent: the interval holds both signs"
        meaning += ", and the estimate leans against the claim" if leans else ""
        meaning += ". The test rests on how the molecule differs within an arm, and says little where that is little"
    return [f"{what} ({numbers}). {meaning}." + ("" if brief else f" {BY_RULE}.")]


def _where(row: Row) -> str:
    return str(row["measure"]) if missing(row["specimen"]) else str(row["specimen"])


def _strain(beside: Sequence[Row]) -> list[str]:
    """Say where the strain that was given is found without being given."""
    told: dict[str, None] = {}
    for row in beside:
        if row["line"] != ENGRAFTMENT:
            continue
        found = re.search(r"found in (\d+) of (\d+) animals, (\d+) of (\d+) ([^;]+)", str(row["note"]))
        if found and int(found[3]):
            text = (
                f"The strain is found in animals that were not given it too ({found[3]} of {found[4]} {found[5]}; "
                f"{found[1]} of {found[2]} that were): more is compared with less, not with none."
            )
            told[text] = None
        if row["verdict"] != SUPPORTS:
            told[f"That the strain took hold was not shown ({row['verdict']})."] = None
    return list(told)


def _progression(beside: Sequence[Row]) -> list[str]:
    """Say where a difference before onset is not there with progression."""
    words = {INCONCLUSIVE: "was not found any more with progression", CONTRADICTS: "is the other way with progression"}
    return [
        f"The strain’s difference {words[row['verdict']]}: {estimate(row)}."
        for row in beside
        if row["line"] == PROGRESSION and row["verdict"] in words
    ]


def _undecided(lines: Sequence[Row]) -> list[str]:
    """Say why a line with a small p is called inconclusive: its interval is of another statistic than its p."""
    return [
        f"{sentence(str(row['line']))[:-1]} is called inconclusive by its interval, which holds both signs "
        f"({estimate(row)}), though its one-sided {chance(row['p'])} is small: the p is of another statistic than the "
        "interval (see the row). The mark follows the interval; the strength counts the p."
        for row in lines
        if row["verdict"] == INCONCLUSIVE and row["p"] <= ONE_SIDED and not missing(row["low"])
    ]


def _unequal(rows: Sequence[Row]) -> list[str]:
    """Name rows of a line that say something else than the line's mark."""
    marks = {one["line"]: one["verdict"] for one in lines_of(rows)}
    return [
        sentence(f"within {row['line']}, {_where(row)} {_SAYS[row['verdict']]}: {estimate(row)}")
        for row in rows
        if row["kind"] == PART and row["verdict"] in _SAYS and marks.get(row["line"]) != row["verdict"]
    ]


_SAYS = {CONTRADICTS: "points the other way", INCONCLUSIVE: "cannot tell"}


def limits(lines: Sequence[Row], *, brief: bool = False) -> list[str]:
    """Return the limits that the lines' notes name, each with the lines that it is about; brief: their first clause."""
    told: dict[str, list[str]] = {}
    for one in lines:
        for part in [] if missing(one["note"]) else str(one["note"]).split("; "):
            if not part.startswith(("the largest p of", "no p")):
                told.setdefault(part.partition(": ")[0] if brief else part, []).append(str(one["line"]))
    return [f"{part} ({listed(list(dict.fromkeys(names)))})" for part, names in told.items()]
