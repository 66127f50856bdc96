"""Claims in sentences: what was found, how strong, what speaks against it; chosen by rule from rows."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from commensal.page.claim_against import against, limits, lines_of
from commensal.page.claim_rows import Behind, Row
from commensal.page.view import PageView
from commensal.page.words import chance, count, listed, many, missing, number, sentence
from commensal.study import Study
from commensal.tables import CLAIM, outcome_phrase
from commensal.tables.claims import NOT_MEASURED, OPEN, PART, SELECTED, SUPPORTS

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
#: Line → the question that it answers.
ASKS = {
    "strain → outcome": "The microbe was given: is the outcome better or worse than in the control arm?",
    "strain → molecule": "The microbe was given: is there more or less of the molecule?",
    "molecule → outcome": "The molecule itself was given: is the outcome better or worse?",
    "depletion": "Microbes were removed: do molecule and outcome go the other way?",
    "necessity": "A mutant that cannot make the molecule was given: are molecule and benefit gone?",
    "difference": "People with the disease beside people without: do they have less (or more) of the microbe?",
    "precedence": "Before the disease shows: is the microbe’s abundance different already?",
    "host reversal": "The molecule or microbe was given: does the tissue’s gene activity move back from the disease’s?",
    "human genes": "People: do their microbes carry fewer (or more) of the genes that make the molecule?",
    "human level": "People with the disease beside people without: is there less (or more) of the molecule?",
    "human severity": "Patients: does the molecule go with how ill they are?",
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


def noun(outcome: str, study: Study | None = None) -> str:
    """Return what a claim calls its outcome: "survival" of a death, "grip" of a measure."""
    return phrase(outcome, "helps", study).partition(" ")[2]


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


def summary(view: PageView, behind: Behind) -> list[Told]:
    """Return what the page begins with: asked, found, how strong, what speaks against it, what is open."""
    claims, study = view.claims, view.study
    own = claims[claims["line"] == CLAIM]
    if own.empty:
        return []
    told = [Told(text) for text in (*_simulated(study), _family(own, study), GATE)]
    past = own[own["verdict"] == SELECTED]
    if not len(past):
        return [*told, *map(Told, [*_found(own, study), *_open(own, study)])]
    first = past.head(TOLD)
    rows = claims[(claims["line"] != CLAIM) & claims["claim"].isin(first["claim"])]
    lines = {str(name): own.to_dict("records") for name, own in rows.groupby("claim")}
    told.append(Told(next(_found(own, study))))
    said: dict[str, str] = {}
    for _, one in first.iterrows():
        mine = lines.get(str(one["claim"]), [])
        text = f": {linked(one, study)}. {strength(one, mine, behind)}{_noise(one)}."
        items = _unsaid(dict(_effects(mine, behind)), said, _number(one))
        told.append(Told(text, _number(one), f"#claim-{one['rank']}", items))
    if len(past) > TOLD:
        told.append(Told(f"{count(len(past) - TOLD)} more are in the table below."))
    return [*told, *_against(first, lines, behind), *map(Told, _open(own, study))]


def _unsaid(items: Mapping[str, str], said: dict[str, str], where: str) -> tuple[str, ...]:
    """Return items (name → text) that were not told of an earlier claim, and where the others are told."""
    new = [f"{name}: {text}" for name, text in items.items() if text not in said]
    old: dict[str, list[str]] = {}
    for name, text in items.items():
        if text in said:
            old.setdefault(said[text], []).append(name)
    for text in items.values():
        said.setdefault(text, where)
    return (*new, *(f"{listed(names)}: as of {first[:1].lower()}{first[1:]}" for first, names in old.items()))


@dataclass(frozen=True, slots=True)
class Told:
    """A paragraph of the summary: a link that leads it, its text, and points under it."""

    text: str
    name: str = ""
    link: str = ""
    items: tuple[str, ...] = ()


#: What has to be known before anything is called past the gate.
GATE = (
    "A claim passes its gate when three interventions agree: the microbe, given, changes the outcome; the microbe, "
    "given, changes the molecule; the molecule, given, changes the outcome. Everything else supports or contradicts a "
    "claim, and opens no gate. A line gets ▲ by its own interval alone. Strength asks more: of how many lines it can "
    "be said that all hold, with the choice among all claims paid for. It is therefore seldom as large as the number "
    "of ▲, and 0 for a claim that is not past its gate."
)


def simulated(study: Study) -> bool:
    """Whether a study says of itself, in its title or name, that it is simulated."""
    return bool(re.search(r"\bsimulat", f"{study.title} {study.name}", re.IGNORECASE))


def _simulated(study: Study) -> Iterator[str]:
    if simulated(study):
        yield (
            "This study is simulated, as its title says: its animals and people do not exist, and what was found says "
            "nothing about the world."
        )


def _effects(lines: Sequence[Row], behind: Behind) -> Iterator[tuple[str, str]]:
    """Yield the effects of links, mutants and lines in people: name, and effect with what it is of."""
    for row in lines:
        told = row["kind"] == "interventional" or row["line"] == NECESSITY  # a mutant's molecule and its outcome
        told = told or (row["line"] in IN_PEOPLE and row["kind"] != PART)
        if not told or row["verdict"] == NOT_MEASURED:
            continue
        where = noun(str(row["measure"]), behind.study) if missing(row["specimen"]) else str(row["specimen"])
        yield f"{row['line']} ({where})", ", ".join(filter(None, [behind.effect(row), behind.size_of(row)]))


#: The line of mutants, all of whose rows are told, and lines that people's samples give.
NECESSITY = "necessity"
IN_PEOPLE = ("difference", "human level", "human severity")


def strength(claim: Row, lines: Sequence[Row], behind: Behind) -> str:
    """Say what the strength counts, beside the lines that point the claim's way: two things that look like one."""
    up, n = sum(one["verdict"] == SUPPORTS for one in lines_of(lines)), count(claim["n"])
    m = many(behind.size, "claim")
    point = f"{count(up)} of its {n} lines {'points' if up == 1 else 'point'} its way (▲), each by its own interval"
    if claim["verdict"] == SELECTED:
        return (
            f"How strong: {point}; at least {count(claim['strength'])} of {n} hold together after the correction for "
            f"choosing among {m}; {chance(claim['q'], 'q')}"
        )
    if claim["verdict"] == OPEN:
        return f"{point}; its strength is 0, because a link was not measured: what is open cannot be counted"
    return (
        f"{point}, and yet its strength is 0 of {n}: strength is counted only past the gate, and among {m} the weakest "
        f"of three links at {chance(claim['p'])} is what chance alone brings ({chance(claim['q'], 'q')})"
    )


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


def _against(past: pd.DataFrame, lines: Mapping[str, Sequence[Row]], behind: Behind) -> Iterator[Told]:
    """Yield what speaks against each claim, and the limits of all of them once."""
    said: dict[str, str] = {}
    for _, one in past.iterrows():
        mine = lines.get(str(one["claim"]), [])
        lead, items = against(mine, str(one["outcome"]), behind, brief=True)
        name = f"Against claim {count(one['rank'])}"
        new = [text for text in items if text not in said]
        first = list(dict.fromkeys(said[text] for text in items if text in said))
        for text in items:
            said.setdefault(text, name)
        more = [f"And what stands {listed([one[:1].lower() + one[1:] for one in first])}."] if first else []
        yield Told(f": {lead}", name, f"#claim-{one['rank']}", (*new, *more))
    told = limits([row for own in lines.values() for row in lines_of(own)], brief=True)
    if told:
        yield Told(f"Limits of the design, by the lines that they concern: {'; '.join(told)}.")


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


#: How a paragraph of an opened claim is shown: as such, as the sentence against it, as a point under that.
PLAIN, AGAINST, WEIGHED = 0, 1, 2


def told(claim: Row, lines: Sequence[Row], behind: Behind) -> list[tuple[int, str]]:
    """Return the sentences at the top of an opened claim, each with how it is shown: strength, for, against, noise."""
    for_it = [str(one["line"]) for one in lines_of(lines) if one["verdict"] == SUPPORTS]
    said = [(PLAIN, sentence(str(claim["note"])))]
    if len(lines):
        said.append((PLAIN, sentence(strength(claim, lines, behind))))
    said.append((PLAIN, f"For it: {listed(for_it) if for_it else 'no line'}."))
    if len(lines):
        lead, items = against(lines, str(claim["outcome"]), behind)
        said += [(AGAINST, f"Against it: {lead}"), *((WEIGHED, one) for one in items)]
    of_noise = noise(claim)
    return [*said, (PLAIN, sentence(of_noise))] if of_noise else said


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
