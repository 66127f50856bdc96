"""Species without a taxonomy: genomes of at least 95 % identity, named after the longest of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

#: Genomes of at least this identity are of one species (Jain et al. 2018, doi:10.1038/s41467-018-07641-9).
SPECIES_ANI = 0.95
#: What the notes of genomes named so say.
BY_LIKENESS = "species by likeness, named after its longest genome"


def without_species(genomes: Sequence[Mapping[str, Any]]) -> bool:
    """Tell whether no genome has a species from a taxonomy.

    Examples
    --------
    >>> without_species([{"genome": "a", "species": None}])
    True
    """
    return not any(_text(row.get("species")) and BY_LIKENESS not in _text(row.get("note")) for row in genomes)


def by_likeness(genomes: Sequence[Mapping[str, Any]], neighbours: pd.DataFrame) -> list[dict[str, Any]]:
    """Name species of genomes where no taxonomy does: rows with ``species`` and ``note``, otherwise as they were.

    From the longest genome on, each joins the first that leads a species and is near enough, or leads a new one. One
    that stays alone keeps its species open: it is called by its own name everywhere.
    """
    rows = [dict(row) for row in genomes]
    near = neighbours[neighbours["ani"] >= SPECIES_ANI]
    close: dict[str, set[str]] = {}
    for one, other in zip(near["genome"], near["neighbour"], strict=True):
        close.setdefault(str(one), set()).add(str(other))
    led: dict[str, list[dict[str, Any]]] = {}
    for row in sorted(rows, key=lambda row: (-int(row["length"]), str(row["genome"]))):
        name = str(row["genome"])
        led.setdefault(next((lead for lead in led if lead in close.get(name, ())), name), []).append(row)
    for lead, group in led.items():
        for row in group:
            notes = [part for part in _text(row.get("note")).split("; ") if part and part != BY_LIKENESS]
            row["species"] = lead if len(group) > 1 else None
            row["note"] = "; ".join([*notes, *([BY_LIKENESS] if len(group) > 1 else [])]) or None
    return rows


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
