"""Claims in sentences: what was found, how strong, what speaks against it; chosen by rule from rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pandas as pd

from commensal.page.words import chance, count, listed, many, missing, number, sentence
from commensal.study import Study
from commensal.tables import CLAIM, outcome_phrase
from commensal.tables.claims import CONTRADICTS, INCONCLUSIVE, NOT_MEASURED, OPEN, SELECTED, SUPPORTS

#: Line → how it was come by, in words that keep interventions and associations apart.
MANNER = {
    "strain → outcome": "changes when given",
    "strain → molecule": "changes when given",
    "molecule → outcome": "changes when given",
    "depletion": "changes when removed",
    "necessity": "changes with a mutant",
    "difference": "associated in people",
    "precedence": "associated, before onset",
    "host reversal": "changes when given",
    "human genes": "associated in people",
    "human level": "associated in people",
    "human severity": "follows in people",
}
#: So many claims past the gate are told one by one.
TOLD = 5


def phrase(outcome: str, direction: str, study: Study | None = None) -> str:
    """Return "improves grip", "lengthens survival", "delays onset" by what the study file says that the outcome is."""
    if study is not None and outcome in study.events:
        return outcome_phrase(outcome, direction, study.events[outcome].better)
    if study is not None and outcome in study.measures:
        return outcome_phrase(outcome, direction, "measure")
    return outcome_phrase(outcome, direction)


def what(one: pd.Series, study: Study | None = None) -> str:
    """Return the claim as a sentence's part.

    Examples
    --------
    >>> what(pd.Series({"strain": "A", "direction": "helps", "outcome": "death", "through": "raises", "molecule": "m"}))
    'A lengthens survival: it raises m'
    """
    return f"{one['strain']} {phrase(one['outcome'], one['direction'], study)}: it {one['through']} {one['molecule']}"


def linked(one: pd.Series, study: Study | None = None) -> str:
    """Return a claim past the gate as its three links, none of which says more than was done."""
    own = phrase(one["outcome"], one["direction"], study)
    turned = one["direction"] if one["through"] == "raises" else ("harms" if one["direction"] == "helps" else "helps")
    given = phrase(one["outcome"], turned, study)
    return f"{one['strain']}, given, {own} and {one['through']} {one['molecule']}, which {given} when it is given"


def summary(claims: pd.DataFrame, study: Study | None = None) -> list[str]:
    """Return what the page begins with: asked, found, how strong, what speaks against it, what is open."""
    own = claims[claims["line"] == CLAIM]
    if own.empty:
        return []
    said = [_family(own, study), *_found(own, study)]
    past = own[own["verdict"] == SELECTED]
    if len(past):
        said += _against(claims, past.head(TOLD))
    said += _open(own, study)
    return said


def _family(own: pd.DataFrame, study: Study | None) -> str:
    strains, molecules, outcomes = (own[name].nunique() for name in ("strain", "molecule", "outcome"))
    phrases = listed([phrase(str(name), "helps", study) for name in dict.fromkeys(own["outcome"])], "or")
    return (
        f"Asked: whether one of {many(strains, 'microbe')} given {phrases} (or the opposite), through one of "
        f"{many(molecules, 'molecule')} that it raises or lowers. That makes {many(len(own), 'claim')}, all "
        f"fixed by the study file before looking, over {many(outcomes, 'outcome')}."
    )


def _found(own: pd.DataFrame, study: Study | None) -> Iterator[str]:
    past, n = own[own["verdict"] == SELECTED], len(own)
    if not len(past):
        yield f"Found: none of {many(n, 'claim')} is past the gate of three interventions."
        return
    verb = "is" if len(past) == 1 else "are"
    yield f"Found: {count(len(past))} of {many(n, 'claim')} {verb} past the gate of three interventions."
    for _, one in past.head(TOLD).iterrows():
        yield (
            f"{_number(one)}: {linked(one, study)}. How strong: at least {count(one['strength'])} of {count(one['n'])} "
            f"lines of evidence hold; {chance(one['q'], 'q')} over all claims{_noise(one)}."
        )
    if len(past) > TOLD:
        yield f"{count(len(past) - TOLD)} more are in the table below."


def _number(one: pd.Series) -> str:
    return f"Claim {count(one['rank'])}"


def _noise(one: pd.Series) -> str:
    told = noise(one)
    return f"; {told}" if told else ""


def _against(claims: pd.DataFrame, past: pd.DataFrame) -> Iterator[str]:
    lines = claims[(claims["line"] != CLAIM) & claims["claim"].isin(past["claim"])]
    parts: dict[str, list[str]] = {}
    for _, one in past.iterrows():
        parts.setdefault(against(lines[lines["claim"] == one["claim"]]), []).append(count(one["rank"]))
    for told, ranks in parts.items():
        yield f"Against claim{'s' if len(ranks) > 1 else ''} {listed(ranks)}: {told}"


def _open(own: pd.DataFrame, study: Study | None) -> Iterator[str]:
    opened = own[own["verdict"] == OPEN]
    if not len(opened):
        return
    one = opened.iloc[0]
    why = str(one["note"]).removeprefix("open: ")
    yield (
        f"Open: {many(len(opened), 'claim')} cannot be judged, as a link was not measured. The first of them: "
        f"{what(one, study)} ({why})."
    )


def against(lines: pd.DataFrame) -> str:
    """Say what speaks against a claim, by its lines: contradictions first, then what is undecided, then limits."""
    named = {verdict: [str(name) for name in lines.loc[lines["verdict"] == verdict, "line"]] for verdict in _WORDS}
    said = [f"{listed(named[verdict])} {_WORDS[verdict]}" for verdict in _WORDS if named[verdict]]
    if not named[CONTRADICTS]:
        said.insert(0, "no line contradicts it")
    told = limits(lines)
    return sentence("; ".join(said)) + (f" Limits of the design: {'; '.join(told)}." if told else "")


_WORDS = {CONTRADICTS: "contradict it", INCONCLUSIVE: "cannot tell", NOT_MEASURED: "not measured"}


def limits(lines: pd.DataFrame) -> list[str]:
    """Return the limits that the lines' notes name, each with the lines that it is about."""
    told: dict[str, list[str]] = {}
    for line, note in zip(lines["line"], lines["note"], strict=True):
        for part in [] if missing(note) else str(note).split("; "):
            if not part.startswith(("the largest p of", "no p")):
                told.setdefault(part, []).append(str(line))
    return [f"{part} ({listed(names)})" for part, names in told.items()]


def told(claim: pd.Series, lines: pd.DataFrame) -> list[str]:
    """Return the sentences at the top of an opened claim: state, for, against, limits, noise."""
    for_it = [str(name) for name in lines.loc[lines["verdict"] == SUPPORTS, "line"]]
    said = [sentence(str(claim["note"])), f"For it: {listed(for_it) if for_it else 'no line'}."]
    if len(lines):
        said.append(f"Against it: {against(lines)}")
    of_noise = noise(claim)
    return [*said, sentence(of_noise)] if of_noise else said


def noise(claim: pd.Series | Mapping[str, object]) -> str:
    """Say how often noise of this design makes a claim as strong, where it was tried; else nothing."""
    if missing(claim["noise"]):
        return ""
    n = int(str(claim["shuffles"]))
    share = float(str(claim["noise"]))  # counts this study itself: (1 + k) / (1 + n)
    times = round(share * (n + 1)) - 1
    told = f"noise of this design makes some claim as strong in {count(times)} of {many(n, 'shuffle')}"
    return f"{told} (counting this study itself, a share of {number(share)})"


def headline(claims: pd.DataFrame, study: Study | None = None) -> list[str]:
    """Return what the terminal says of claims: at most three sentences."""
    own = claims[claims["line"] == CLAIM]
    return [] if own.empty else [*[*_found(own, study)][:2], *_open(own, study)]
