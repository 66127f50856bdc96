"""From a name and numbers in databases to one compound, to several that are listed, or to none."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from commensal.knowledge.compounds import stereo, table
from commensal.knowledge.names import labelled
from commensal.knowledge.readings import Reading, drug_behind, read

_TITLES = {"chebi": "ChEBI", "kegg": "KEGG", "hmdb": "HMDB", "pubchem": "PubChem", "lipidmaps": "LIPID MAPS"}
_NUMBER = {
    "chebi": re.compile(r"(?:CHEBI:)?(\d{1,7})"),
    "kegg": re.compile(r"(?:cpd:|KEGG:)?(C\d{5})"),
    "hmdb": re.compile(r"(?:HMDB:)?(HMDB\d{5,7})"),
    "pubchem": re.compile(r"(?:CID:?|PUBCHEM:?)?\s*(\d{1,9})(?:\.0)?"),
    "lipidmaps": re.compile(r"(LM[A-Z]{2}\d{4,12})"),
    "inchikey": re.compile(r"(?:INCHIKEY=)?([A-Z]{14}(?:-[A-Z]{10})?)(?:-[A-Z])?"),
}


@dataclass(frozen=True, slots=True)
class Identified:
    """What a feature is.

    Parameters
    ----------
    status
        ``exact``: one compound; ``ambiguous``: it may be any of the candidates; ``unknown``: none was found.
    compound
        The compound's name where the status is exact.
    candidates
        Every compound that it may be; the one where the status is exact.
    by
        What it was told by, in words.
    exogenous
        Why it comes from outside the body and its microbes, where that is so for each candidate.
    """

    status: Literal["exact", "ambiguous", "unknown"]
    compound: str | None
    candidates: tuple[str, ...]
    by: str
    exogenous: str | None = None


def resolve(
    name: str | None = None,
    *,
    hmdb: str | None = None,
    kegg: str | None = None,
    chebi: str | None = None,
    pubchem: str | None = None,
    inchikey: str | None = None,
    refmet: str | None = None,
    lipidmaps: str | None = None,
) -> Identified:
    """Tell which compound a name and numbers in databases mean.

    Salts and ions are one compound with their acid or base, synonyms one with each other; stereoisomers are not. A
    name without a mark of stereochemistry means what it means in lists of metabolites, and ``by`` says so. What
    leaves several compounds open, or contradicts itself, is listed, never guessed.

    Parameters
    ----------
    name
        The name as a table has it, with its decorations.
    hmdb, kegg, chebi, pubchem, lipidmaps
        Numbers, with or without prefix; several with ``;``, ``,`` or ``|`` between. What is no such
        number is passed over.
    inchikey
        Of any charge; the first block alone leaves the stereochemistry open.
    refmet
        RefMet's name, read as a name.

    Returns
    -------
    Identified
        Never raises, whatever the text.

    Examples
    --------
    >>> resolve("Niacinamide").compound, resolve(kegg="C00153").compound, resolve("nicotinic acid sodium salt").compound
    ('nicotinamide', 'nicotinamide', 'nicotinate')
    >>> resolve("fumarate/maleate").candidates
    ('fumarate', 'maleate')
    >>> told = resolve("nicotinamide", hmdb="HMDB0001488")
    >>> told.status, told.candidates, told.by
    ('ambiguous', ('nicotinamide', 'nicotinate'), 'name and HMDB contradict each other')
    >>> resolve("X - 12345").status, resolve("ampicillin").exogenous
    ('unknown', 'drug: antibiotic')
    """
    given = {
        "hmdb": hmdb,
        "kegg": kegg,
        "chebi": chebi,
        "pubchem": pubchem,
        "lipidmaps": lipidmaps,
        "inchikey": inchikey,
    }
    evidence = {
        _TITLES.get(space, "InChIKey"): names for space, text in given.items() if (names := _by_number(space, text))
    }
    readings = {title: read(text) for title, text in (("name", name), ("RefMet", refmet)) if text}
    marked = any(stereo(text) for text in (name, refmet) if text)
    found = _agreed(evidence, readings, marked)
    return _with_origin(found, name or refmet or "")


def _by_number(space: str, text: str | None) -> tuple[str, ...]:
    """Return the names of the compounds that hold the numbers in a text."""
    places: dict[int, None] = {}
    for part in re.split(r"[;,|/\s]+", text or ""):
        found = _NUMBER[space].fullmatch(
            part.strip() if space == "lipidmaps" else part.strip().replace("cpd:", "").upper()
        )
        if not found:
            continue
        number = f"HMDB{int(found[1][4:]):07d}" if space == "hmdb" else found[1]
        if space == "inchikey" and len(number) == 14:
            places |= dict.fromkeys(
                p for one, many in table().numbers(space).items() if one[:14] == number for p in many
            )
        places |= dict.fromkeys(table().numbers(space).get(number, ()))
    return tuple(table().rows[place][0] for place in places)


def _agreed(numbered: dict[str, tuple[str, ...]], readings: dict[str, Reading], marked: bool) -> Identified:
    """Return what the evidence has in common; a shorthand of lipids yields to numbers, which say more."""
    how = {title: one.how.replace("name", title, 1) if title != "name" else one.how for title, one in readings.items()}
    told = {how[title]: one.names for title, one in readings.items() if one.names and not (numbered and one.species)}
    evidence = told | numbered
    if not evidence:
        return Identified("unknown", None, (), "; ".join(how.values()) or "nothing given")
    titles = list(evidence)
    common = [name for name in evidence[titles[0]] if all(name in names for names in evidence.values())]
    every = tuple(dict.fromkeys(name for names in evidence.values() for name in names))
    if not common:
        common = _nearest(list(evidence.values())) or _told_apart(told, numbered, marked)
    if len(common) == 1:
        return Identified(
            "exact", common[0], (common[0],), _and(titles) + ("" if numbered or marked else _read_as(common[0]))
        )
    if common:
        return Identified("ambiguous", None, tuple(common), _and(titles))
    return Identified("ambiguous", None, every, f"{_and(titles)} contradict each other")


def _and(titles: Iterable[str]) -> str:
    *first, last = titles
    return f"{', '.join(first)} and {last}" if first else last


def _nearest(many: list[tuple[str, ...]]) -> list[str]:
    """Return the one stereoisomer among forms of one molecule of which the others say nothing about stereochemistry."""
    rows, at = table().rows, table().at
    names = dict.fromkeys(name for names in many for name in names)
    keys = {name: rows[at[name]][-2] if name in at else "" for name in names}
    if not all(keys.values()) or len({one[:14] for one in keys.values()}) > 1:
        return []
    told = [name for name, one in keys.items() if one[15:] != "UHFFFAOYSA"]
    return told if len(told) == 1 else []


def _read_as(compound: str) -> str:
    """Say so where a name does not tell which stereoisomer, and is read as one."""
    return f", read as {compound}" if stereo(compound) else ""


def _told_apart(told: dict[str, tuple[str, ...]], numbered: dict[str, tuple[str, ...]], marked: bool) -> list[str]:
    """Return the stereoisomer that numbers agree on, where the names leave the stereochemistry open."""
    by_number = {name for names in numbered.values() for name in names}
    if marked or len(by_number) != 1:
        return []
    rows, at = table().rows, table().at
    names = by_number | {name for names in told.values() for name in names}
    keys = {rows[at[name]][-2][:14] if name in at else "" for name in names}
    return list(by_number) if len(keys) == 1 and "" not in keys else []


def _with_origin(found: Identified, label: str) -> Identified:
    rows, at = table().rows, table().at
    reasons = {rows[at[name]][-1] if name in at else "" for name in found.candidates}
    reason = "" if "" in reasons else "; ".join(sorted(reasons))
    if not reason and labelled(label):
        reason = "standard with heavy isotopes"
    if not reason and found.status == "unknown" and label:
        reason = drug_behind(label) or ""
    return Identified(found.status, found.compound, found.candidates, found.by, reason or None)
