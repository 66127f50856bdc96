"""Small gene sets that ship: names, symbols of mouse and human, sources."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources


@dataclass(frozen=True, slots=True)
class ShippedSet:
    """One set of genes.

    Parameters
    ----------
    id, name
        How it is called in tables, and for a reader.
    mouse, human
        Gene symbols (MGI, HGNC).
    note
        What the genes have in common.
    sources
        Where that is said.
    """

    id: str
    name: str
    mouse: tuple[str, ...]
    human: tuple[str, ...]
    note: str = ""
    sources: tuple[str, ...] = ()


@cache
def gene_sets() -> tuple[ShippedSet, ...]:
    """Return the sets that ship.

    Examples
    --------
    >>> [one.id for one in gene_sets()][:3]
    ['disease_associated_microglia', 'homeostatic_microglia', 'nad_synthesis']
    """
    text = resources.files("commensal.knowledge").joinpath("gene_sets.toml").read_text(encoding="utf-8")
    return tuple(
        ShippedSet(one["id"], one["name"], tuple(one["mouse"]), tuple(one["human"]), one["note"], tuple(one["sources"]))
        for one in tomllib.loads(text)["set"]
    )
