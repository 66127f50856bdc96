"""Reactions as facts: what changes into what, which enzymes do it; transport, media, and what cells have."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from commensal.errors import FormatError, UsageError, nearest

#: What a step does to the molecule that its pathway is about.
ROLES = ("synthesis", "salvage", "release", "consumption", "transport")
KO = re.compile(r"K\d{5}")
_EC = re.compile(r"[1-7](\.(\d+|-)){2}\.(n?\d+|-)")
_KEYS = {"id", "name", "genes", "ec", "like", "change", "role", "inferred", "weak", "note", "sources"}


@dataclass(frozen=True, slots=True)
class Reaction:
    """One reaction and the enzymes that do it.

    Parameters
    ----------
    id, name, family
        How it is called in tables, for a reader, and the group that it stands in.
    alternatives
        Enzymes by KO numbers: any of them does it, each with all of its subunits.
    ecs
        The same by EC numbers.
    substrates, products
        The main molecules.
    cofactors_in, cofactors_out
        What is used and made besides: every cell has it, so it is never asked for.
    reversible
        Whether cells run it both ways.
    role
        One of `ROLES`.
    inferred
        It happens in (nearly) every cell, or no single gene tells it: counted, but as inferred.
    weak
        The gene alone says little; ``note`` says why.
    note, sources
        What else a reader must know, and where it is said.
    """

    id: str
    name: str
    family: str
    alternatives: tuple[tuple[str, ...], ...]
    ecs: tuple[tuple[str, ...], ...]
    substrates: tuple[str, ...]
    products: tuple[str, ...]
    cofactors_in: tuple[str, ...] = ()
    cofactors_out: tuple[str, ...] = ()
    reversible: bool = False
    role: str = "synthesis"
    inferred: bool = False
    weak: bool = False
    note: str = ""
    sources: tuple[str, ...] = ()

    @property
    def change(self) -> str:
        """Its main molecules in one line."""
        arrow = "↔" if self.reversible else "→"
        return f"{' + '.join(self.substrates)} {arrow} {' + '.join(self.products)}"


@dataclass(frozen=True, slots=True)
class Transport:
    """How a molecule crosses the membrane: ``out``, ``in`` or ``both``, by which genes."""

    compound: str
    direction: str
    name: str
    alternatives: tuple[tuple[str, ...], ...]
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Medium:
    """What a cell is given."""

    id: str
    name: str
    compounds: tuple[str, ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Layer:
    """Everything that ships about reactions."""

    reactions: Mapping[str, Reaction]
    transport: tuple[Transport, ...]
    media: Mapping[str, Medium]
    cell: tuple[str, ...]
    coenzymes: frozenset[str]
    diffusing: frozenset[str]
    pools: Mapping[str, frozenset[str]]
    identifiers: Mapping[tuple[str, str], str]


def alternatives(texts: Collection[str]) -> tuple[tuple[str, ...], ...]:
    """Split enzymes into their subunits.

    Examples
    --------
    >>> alternatives(["K00278", "K01034 + K01035"])
    (('K00278',), ('K01034', 'K01035'))
    """
    return tuple(tuple(part.strip() for part in str(text).split("+")) for text in texts)


def equation(text: str) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...], tuple[str, ...], bool]:
    """Read a change: substrates, products, cofactors used and made, and whether it runs both ways.

    Raises
    ------
    FormatError
        There is no arrow, or a side without a main molecule.

    Examples
    --------
    >>> equation("acetate + [ATP] <-> acetyl phosphate + [ADP]")
    (('acetate',), ('acetyl phosphate',), ('ATP',), ('ADP',), True)
    """
    both = " <-> " in text
    sides = text.split(" <-> " if both else " -> ")
    if len(sides) != 2:
        raise FormatError("a change has no arrow", found=text, expected='"A + [cofactor] -> B"')
    parts = [[one.strip() for one in side.split(" + ")] for side in sides]
    main = [tuple(one for one in side if not one.startswith("[")) for side in parts]
    beside = [tuple(one.strip("[]") for one in side if one.startswith("[")) for side in parts]
    if not all(main):
        raise FormatError("a change has a side without a main molecule", found=text, expected='"A + [cofactor] -> B"')
    return main[0], main[1], beside[0], beside[1], both


@cache
def layer() -> Layer:
    """Return the reactions that ship, with transport, media and what is taken for granted."""
    text = resources.files("commensal.knowledge").joinpath("reactions.toml").read_text(encoding="utf-8")
    data = tomllib.loads(text)
    entries = {one["id"]: (family, one) for family in data["family"] for one in family["reactions"]}
    if len(entries) < sum(len(family["reactions"]) for family in data["family"]):
        raise FormatError("a reaction stands twice", where="reactions.toml", mend="give each its own id")
    transport = tuple(
        Transport(
            one["compound"], one["direction"], one["name"], alternatives(one["genes"]), tuple(one.get("sources", ()))
        )
        for one in data["transport"]
    )
    media = {
        name: Medium(name, one["name"], tuple(one["compounds"]), one.get("note", ""))
        for name, one in data["media"].items()
    }
    return Layer(
        {name: _reaction(one, family, entries) for name, (family, one) in entries.items()},
        transport,
        media,
        tuple(data["cell"]["compounds"]),
        frozenset(data["cell"]["coenzymes"]),
        frozenset(data["diffusing"]["compounds"]),
        {name: frozenset(members) for name, members in data["pools"].items()},
        {
            (kind, value.lower()): name
            for name, numbers in data["identifiers"].items()
            for kind, values in numbers.items()
            for value in ([values] if isinstance(values, str) else values)
        },
    )


def _reaction(one: Mapping[str, Any], family: Mapping[str, Any], entries: Mapping[str, Any]) -> Reaction:
    where = f"reactions.toml, {one['id']}"
    for key in one:
        if key not in _KEYS:
            raise FormatError("a key is unknown", where=where, found=key, expected=", ".join(sorted(_KEYS)))
    own = entries[one["like"]][1] if "like" in one else one
    genes, ecs = alternatives(own.get("genes", ())), own.get("ec", ())
    numbers = alternatives([ecs] if isinstance(ecs, str) else ecs)
    if not all(KO.fullmatch(ko) for wanted in genes for ko in wanted) or not (genes or one.get("inferred")):
        raise FormatError("a reaction needs KO numbers", where=where, found=own.get("genes"))
    if not all(_EC.fullmatch(number) for wanted in numbers for number in wanted):
        raise FormatError("an EC number is not sound", where=where, found=ecs)
    role = one.get("role", "synthesis")
    if role not in ROLES:
        raise FormatError("the role is unknown", where=where, found=repr(role), expected=", ".join(ROLES))
    return Reaction(
        one["id"],
        one["name"],
        family["name"],
        genes,
        numbers,
        *equation(one["change"]),
        role=role,
        inferred=one.get("inferred", False),
        weak=one.get("weak", False),
        note=one.get("note", ""),
        sources=tuple(one.get("sources", family["sources"])),
    )


def reactions() -> dict[str, Reaction]:
    """Return the reactions that ship, by id.

    Examples
    --------
    >>> reactions()["pncA"].change
    'nicotinamide → nicotinate'
    """
    return dict(layer().reactions)


def media() -> dict[str, Medium]:
    """Return the media that ship, by id.

    Examples
    --------
    >>> sorted(media())
    ['gut', 'minimal']
    """
    return dict(layer().media)


@cache
def known_compounds() -> frozenset[str]:
    """Return every molecule that a shipped reaction makes or uses.

    Examples
    --------
    >>> "nicotinamide" in known_compounds()
    True
    """
    return frozenset(name for one in layer().reactions.values() for name in (*one.substrates, *one.products))


def compound_by(kind: str, value: str) -> str | None:
    """Return the molecule with this identifier, or None: ``bigg``, ``kegg`` or ``chebi``.

    Examples
    --------
    >>> compound_by("bigg", "ncam"), compound_by("chebi", "CHEBI:17154"), compound_by("kegg", "C99999")
    ('nicotinamide', 'nicotinamide', None)
    """
    return layer().identifiers.get((kind, value.lower().removeprefix("chebi:")))


def medium_compounds(medium: str | Collection[str]) -> tuple[str, ...]:
    """Return the molecules of a medium: one that ships, by name, or a list of molecules and names of media.

    Raises
    ------
    UsageError
        No medium of this name ships.

    Examples
    --------
    >>> medium_compounds("minimal"), medium_compounds(["minimal", "levodopa"])
    ((), ('levodopa',))
    """
    shipped = layer().media
    if isinstance(medium, str):
        if medium not in shipped:
            close = nearest(medium, shipped)
            raise UsageError(
                f"there is no medium {medium!r}",
                found=medium,
                expected=", ".join(shipped),
                mend=f"did you mean {close[0]!r}?" if close else "or give a list of molecules",
            )
        return shipped[medium].compounds
    named = [shipped[one].compounds if one in shipped else (one,) for one in medium]
    return tuple(dict.fromkeys(name for part in named for name in part))
