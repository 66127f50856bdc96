"""Reporting guidelines that ship: STORMS for studies of people's microbes, ARRIVE for animals."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources


@dataclass(frozen=True, slots=True)
class Asked:
    """One item of a guideline: its number and topic as published, what it asks in our own words."""

    number: str
    section: str
    topic: str
    asks: str


@dataclass(frozen=True, slots=True)
class Guideline:
    """One guideline with its items in their order, and where it is published."""

    name: str
    title: str
    source: str
    items: tuple[Asked, ...]


@cache
def guidelines() -> dict[str, Guideline]:
    """Return the guidelines that ship, by name.

    Examples
    --------
    >>> {name: len(one.items) for name, one in guidelines().items()}
    {'storms': 69, 'arrive': 38}
    """
    raw = tomllib.loads(resources.files("commensal.knowledge").joinpath("checklists.toml").read_text(encoding="utf-8"))
    return {
        name: Guideline(name, one["title"], one["source"], tuple(Asked(**item) for item in one["item"]))
        for name, one in raw.items()
    }
