"""Species and lineage tables of a profile."""

from __future__ import annotations

import numpy as np
import pandas as pd

from commensal.reads.tables import frame
from commensal.reads.taxa import Call, Composition

RANKS = ("domain", "phylum", "class", "order", "family", "genus", "species", "strain")
UNKNOWN = "(unknown)"
#: A strain whose identity to its reference genome is surely below this is not that reference's.
SAME_STRAIN = 0.995


def taxa(
    sample: str, found: Composition, genomes: pd.DataFrame, names: tuple[str, ...], kept: int, breadth: dict[str, float]
) -> pd.DataFrame:
    """Return the table ``taxa``: one row per genome found, most abundant first, and the row ``(unknown)``.

    Parameters
    ----------
    sample
        Name of the sample.
    found
        What was found.
    genomes
        The reference's genomes.
    names
        Names of the candidate genomes, by number.
    kept
        Reads left after trimming and host removal.
    breadth
        Covered share of genomes (mapping mode), by name.
    """
    facts = genomes.set_index("genome")
    order = np.argsort(-found.cells, kind="stable")
    rows: dict[str, list[object]] = {}
    for i in order:
        one, name = found.calls[i], found.names[i]
        status, note = _strain(one, names, name)
        row = {
            "genome": name,
            "species": _fact(facts, name, "species") or _fact(facts, name, "name") or name,
            "strain": _fact(facts, name, "strain"),
            "status": status,
            "note": note,
            "ani": one.depth.ani,
            "ani_low": one.depth.ani_low,
            "ani_high": one.depth.ani_high,
            "coverage": found.coverage[i],
            "breadth": breadth.get(name, np.nan),
            "relative_abundance": found.cells[i],
            "sequence_abundance": found.sequence[i],
            "reads": found.sequence[i] * kept,
        }
        for column, value in row.items():
            rows.setdefault(column, []).append(value)
    empty = kept == 0
    rest = {
        "genome": UNKNOWN,
        "species": UNKNOWN,
        "status": "no_reads" if empty else "unknown",
        "note": "no reads are left"
        if empty
        else "no genome of the reference explains these; cells by the known genomes' size",
        "relative_abundance": np.nan if empty else found.unknown,
        "sequence_abundance": np.nan if empty else found.unknown,
        "reads": found.unknown * kept,
    }
    columns: dict[str, list[object]] = rows or {column: [] for column in rest}
    return frame(
        "taxa", {column: [*columns.get(column, []), rest.get(column)] for column in {**rest, **columns}}, sample
    )


def _strain(one: Call, names: tuple[str, ...], name: str) -> tuple[str, str]:
    """Status and sentence about the strain."""
    seen = one.strain
    if one.near is None:
        after = "no other genome of the species in the reference"
    elif seen.coexists:
        after = f"beside {names[one.near[0]]} ({seen.ani_next:.1%} ANI between them): told apart by {one.hits:,} k-mers"
        return "coexisting", f"two strains: {name} {after}"
    elif seen.status == "not_resolvable":
        after = f"{seen.ani_next:.1%} ANI to the next ({names[one.near[0]]}): not resolvable"
    else:
        after = f"{seen.ani_next:.1%} ANI to the next ({names[one.near[0]]}), which is below {seen.at_most:.1%} of it"
    if seen.status == "not_resolvable":
        return "not_resolvable", f"nearest reference, {after}"
    if one.depth.ani_high < SAME_STRAIN:
        return "unlisted", f"a strain that is not in the reference: nearest at {one.depth.ani:.1%} ANI; {after}"
    return "ok", f"nearest reference, {after}"


def lineage(sample: str, table: pd.DataFrame, genomes: pd.DataFrame) -> pd.DataFrame:
    """Sum the table ``taxa`` at every rank; a rank that a genome's lineage leaves open is named after its parent."""
    facts = genomes.set_index("genome")
    known = table[table["genome"] != UNKNOWN]
    paths = {name: _path(facts, name) for name in known["genome"]}
    rest = table[table["genome"] == UNKNOWN].iloc[0]
    parts = []
    for at, rank in enumerate(RANKS):
        keys = [";".join(paths[name][: at + 1]) for name in known["genome"]]
        sums = (
            known[["relative_abundance", "sequence_abundance"]]
            .astype(float)
            .groupby(np.array(keys, dtype=object))
            .sum()
        )
        sums = sums.sort_values("relative_abundance", ascending=False, kind="stable")
        parts.append(
            pd.DataFrame(
                {
                    "rank": rank,
                    "taxon": [*(key.rsplit(";", 1)[-1] for key in sums.index), UNKNOWN],
                    "lineage": [*sums.index, UNKNOWN],
                    "relative_abundance": [*sums["relative_abundance"], rest["relative_abundance"]],
                    "sequence_abundance": [*sums["sequence_abundance"], rest["sequence_abundance"]],
                }
            )
        )
    rows = pd.concat(parts, ignore_index=True)
    return frame("lineage", {column: rows[column].to_numpy() for column in rows.columns}, sample)


def _path(facts: pd.DataFrame, name: str) -> list[str]:
    path: list[str] = []
    for rank in RANKS[:-1]:
        value = _fact(facts, name, rank)
        if value is None and rank == "species":
            value = _fact(facts, name, "name") or name
        if value is None:
            parent = path[-1] if path else "root"
            value = parent if parent.startswith("unnamed ") else f"unnamed {rank} of {parent}"
            if parent.startswith("unnamed "):
                value = f"unnamed {rank} of {parent.split(' of ', 1)[1]}"
        path.append(value)
    return [*path, name]


def _fact(facts: pd.DataFrame, name: str, column: str) -> str | None:
    if name not in facts.index or column not in facts.columns:
        return None
    value: object = facts.loc[name, column]
    return str(value) if isinstance(value, str) and value else None
