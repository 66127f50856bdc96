"""Pathways as steps, and how much of each a set of genes can do."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from commensal.errors import FormatError, nearest
from commensal.knowledge.reactions import KO, ROLES, Reaction, alternatives, layer

_KEYS = {"id", "name", "genes", "ec", "substrate", "product", "role"}


@dataclass(frozen=True, slots=True)
class Step:
    """One step; any of ``alternatives`` whose KO numbers are all there fulfils it."""

    id: str
    name: str
    alternatives: tuple[tuple[str, ...], ...]
    ec: str
    substrate: str
    product: str
    role: str

    def fulfilled(self, kos: Collection[str]) -> bool:
        """Say whether the KO numbers carry this step."""
        return any(all(ko in kos for ko in wanted) for wanted in self.alternatives)


@dataclass(frozen=True, slots=True)
class Pathway:
    """Steps with a rule: ``all`` are needed, or ``any`` does it alone."""

    id: str
    name: str
    steps: tuple[Step, ...]
    family: str = ""
    rule: str = "all"
    note: str = ""
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PathwayCall:
    """What a set of genes can do of a pathway.

    Parameters
    ----------
    pathway
        Its id.
    present, missing
        Ids of the steps that are carried and that are not.
    share
        Share of the steps that are carried; under the rule ``any`` 1 or 0.
    complete
        Whether the pathway can be run.
    """

    pathway: str
    present: tuple[str, ...]
    missing: tuple[str, ...]
    share: float
    complete: bool


def completeness(kos: Collection[str], pathway: Pathway) -> PathwayCall:
    """Judge a pathway by the KO numbers of a genome or community.

    Examples
    --------
    >>> call = completeness({"K00278", "K03517", "K00767", "K00969"}, pathways()["nad_de_novo"])
    >>> call.missing, call.share, call.complete
    (('nadE',), 0.8, False)
    """
    present = tuple(step.id for step in pathway.steps if step.fulfilled(kos))
    missing = tuple(step.id for step in pathway.steps if step.id not in present)
    if pathway.rule == "any":
        return PathwayCall(pathway.id, present, missing, float(bool(present)), bool(present))
    return PathwayCall(pathway.id, present, missing, len(present) / len(pathway.steps), not missing)


@cache
def _shipped() -> dict[str, Pathway]:
    text = resources.files("commensal.knowledge").joinpath("pathways.toml").read_text(encoding="utf-8")
    return _parsed(text, "pathways.toml")


def pathways() -> dict[str, Pathway]:
    """Return the pathways that ship, by id.

    Examples
    --------
    >>> [step.id for step in pathways()["nad_de_novo"].steps]
    ['nadB', 'nadA', 'nadC', 'nadD', 'nadE']
    """
    return dict(_shipped())


def read_pathways(path: Path) -> dict[str, Pathway]:
    """Read a user's own definitions: TOML, as the shipped file.

    Raises
    ------
    FormatError
        It cannot be read, a key is unknown or missing, an id stands twice, or a gene is no KO number.
    """
    try:
        return _parsed(path.read_text(encoding="utf-8"), path.name)
    except (OSError, UnicodeDecodeError) as error:
        raise FormatError(
            "the pathways cannot be read", where=path.name, found=error, mend="give a TOML file in UTF-8"
        ) from error


def _parsed(text: str, file: str) -> dict[str, Pathway]:
    try:
        entries = tomllib.loads(text).get("pathway", [])
    except tomllib.TOMLDecodeError as error:
        raise FormatError("the pathways are no TOML", where=file, found=error) from error
    if not isinstance(entries, list) or not entries:
        raise FormatError("there is no pathway", where=file, expected="[[pathway]] with id, name and steps")
    found: dict[str, Pathway] = {}
    for at, entry in enumerate(entries, 1):
        pathway = _pathway(entry, f"{file}, pathway {at}")
        if pathway.id in found:
            raise FormatError("a pathway stands twice", where=file, found=pathway.id, mend="give each its own id")
        found[pathway.id] = pathway
    return found


def _pathway(entry: Mapping[str, Any], where: str) -> Pathway:
    _refuse_unknown(entry, {"id", "name", "family", "rule", "note", "sources", "steps"}, where)
    for key in ("id", "name", "steps"):
        if not entry.get(key):
            raise FormatError(f"{key} is missing", where=where, mend="give id, name and steps")
    rule = entry.get("rule", "all")
    if rule not in ("all", "any"):
        raise FormatError("the rule is unknown", where=where, found=repr(rule), expected='"all" or "any"')
    steps = tuple(_step(one, f"{where} ({entry['id']})") for one in entry["steps"])
    if len({step.id for step in steps}) < len(steps):
        raise FormatError("a step stands twice", where=where, mend="give each step its own id")
    return Pathway(
        entry["id"],
        entry["name"],
        steps,
        entry.get("family", ""),
        rule,
        entry.get("note", ""),
        tuple(entry.get("sources", ())),
    )


def _step(one: str | Mapping[str, Any], where: str) -> Step:
    """Read a step: the id of a reaction that ships, such an id with a role, or a reaction written out."""
    if isinstance(one, str):
        return _of_reaction(one, None, where)
    if "reaction" in one:
        _refuse_unknown(one, {"reaction", "role"}, where)
        return _of_reaction(str(one["reaction"]), one.get("role"), where)
    _refuse_unknown(one, _KEYS, where)
    genes = one.get("genes") or []
    enzymes = alternatives(genes)
    if not enzymes or not all(KO.fullmatch(ko) for wanted in enzymes for ko in wanted):
        raise FormatError(
            "a step needs KO numbers", where=where, found=genes, expected='genes = ["K00278", "K01034 + K01035"]'
        )
    role = _role(one.get("role", "synthesis"), where)
    text = {key: str(one.get(key, "")) for key in ("id", "name", "ec", "substrate", "product")}
    if not text["id"]:
        raise FormatError("a step has no id", where=where)
    return Step(text["id"], text["name"] or text["id"], enzymes, text["ec"], text["substrate"], text["product"], role)


def _of_reaction(name: str, role: str | None, where: str) -> Step:
    shipped = layer().reactions
    if name not in shipped:
        close = nearest(name, shipped)
        raise FormatError(
            "no reaction of this id ships",
            where=where,
            found=name,
            expected=close[0] if close else "the id of a reaction in reactions.toml",
            mend="correct it, or write the step out with id and genes",
        )
    reaction: Reaction = shipped[name]
    return Step(
        name,
        reaction.name,
        reaction.alternatives,
        reaction.ecs[0][0] if reaction.ecs else "",
        ", ".join(reaction.substrates),
        ", ".join(reaction.products),
        _role(role or reaction.role, where),
    )


def _role(role: object, where: str) -> str:
    if role not in ROLES:
        raise FormatError("the role is unknown", where=where, found=repr(role), expected=", ".join(ROLES))
    return str(role)


def _refuse_unknown(entry: Mapping[str, Any], known: set[str], where: str) -> None:
    for key in entry:
        if key not in known:
            close = nearest(key, known)
            raise FormatError(
                "a key is unknown", where=where, found=key, expected=close[0] if close else ", ".join(sorted(known))
            )
