"""Prepared genomes put together into the tables, the database and the sequences of one folder."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from commensal.io.lineage import RANKS
from commensal.reads.reference_folder import DATABASE
from commensal.reads.reference_sketch import neighbours, read_sketches, write_sketches
from commensal.reads.reference_species import by_likeness, without_species
from commensal.reads.reference_tables import TABLES, save, table
from commensal.reads.reference_taxonomy import Taxonomy

#: Rows of one group in the Parquet files of genes and functions: readers of a few genomes skip the other groups.
_GROUP = 50_000


def genome_rows(
    facts: Iterable[Mapping[str, Any]], taxonomies: Sequence[Taxonomy], asked: Mapping[str, bool]
) -> list[dict[str, Any]]:
    """Return the rows of ``genomes.parquet`` of newly prepared genomes; ``asked``: whether genes and functions were."""
    rows = []
    for own in facts:
        ranks, lineage, complete = _lineage(own["genome"], taxonomies)
        notes = list(own["notes"])
        if taxonomies and not ranks:
            notes.append("no taxonomy")
        status = "ok"
        if own["genes"] == 0 or (asked["genes"] and own["genes"] is None):
            status = "no_genes"
        elif asked["functions"] and not own["functions"]:
            status = "no_functions"
        rows.append(
            {
                **{column: own.get(column) for column in TABLES["genomes"]},
                **ranks,
                "name": _name(own["genome"], ranks),
                "lineage": lineage,
                "complete": bool(own["complete"] or complete),
                "status": status,
                "note": "; ".join(notes) or None,
            }
        )
    return rows


def _lineage(genome: str, taxonomies: Sequence[Taxonomy]) -> tuple[dict[str, str], str | None, bool]:
    for taxonomy in taxonomies:
        key = taxonomy.find(genome)
        if key is not None:
            return taxonomy.ranks[key], taxonomy.lineages[key] or None, key in taxonomy.complete
    return {}, None, False


def _name(genome: str, ranks: Mapping[str, str]) -> str:
    species, strain = ranks.get("species"), ranks.get("strain")
    if not species:
        narrow = next((ranks[rank] for rank in reversed(RANKS) if rank in ranks), None)
        return f"{narrow} ({genome})" if narrow else genome
    return f"{species} {strain or genome}" if strain and strain not in species else species


def write_folder(
    target: Path,
    genomes: Sequence[Mapping[str, Any]],
    refused: Sequence[Mapping[str, Any]],
    kept: Mapping[str, Path],
    old: Path | None = None,
) -> tuple[int, int]:
    """Write the files of all ``genomes`` into ``target``, from what was kept of each and from an ``old`` folder.

    Returns
    -------
    genes, functions : int
        Rows of the two tables.
    """
    target.mkdir(parents=True, exist_ok=True)
    new = [read_sketches(folder / "sketch.syldb")[0] for folder in kept.values()]
    before = read_sketches(old / DATABASE) if old else []
    sketches = sorted([*before, *new], key=lambda sketch: str(sketch.name))
    write_sketches(sketches, target / DATABASE)
    near = neighbours(sketches)
    save("neighbours", near, target)
    if without_species(genomes):
        genomes = by_likeness(genomes, near)
    save("genomes", table("genomes", sorted(genomes, key=lambda row: str(row["genome"]))), target)
    save("refused", table("refused", refused), target)
    numbers = tuple(_stack(name, target, [*([old] if old else []), *kept.values()]) for name in ("genes", "functions"))
    for name, folder in kept.items():
        if (folder / "sequences.fna.gz").is_file():
            (target / "sequences").mkdir(exist_ok=True)
            _link(folder / "sequences.fna.gz", target / "sequences" / f"{name}.fna.gz")
    return numbers[0], numbers[1]


def _link(source: Path, place: Path) -> None:
    place.unlink(missing_ok=True)
    try:
        os.link(source, place)
    except OSError:  # a file system without links
        shutil.copy2(source, place)


def _stack(name: str, target: Path, folders: Sequence[Path]) -> int:
    """Write the table ``name`` of all folders one behind the other, in groups, without holding all of it."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    kinds = {"string": pa.string(), "Int64": pa.int64(), "float64": pa.float64(), "boolean": pa.bool_()}
    schema = pa.schema([(column, kinds[kind]) for column, kind in TABLES[name].items()])
    temporary = target / f".{name}.tmp"
    rows = 0
    with pq.ParquetWriter(temporary, schema, compression="zstd") as writer:
        waiting: list[Any] = []
        for part in _parts(name, folders):
            waiting.append(part.select(schema.names).cast(schema))
            rows += part.num_rows
            if sum(one.num_rows for one in waiting) >= _GROUP:
                writer.write_table(pa.concat_tables(waiting))
                waiting = []
        if waiting:
            writer.write_table(pa.concat_tables(waiting))
    temporary.replace(target / f"{name}.parquet")
    return rows


def _parts(name: str, folders: Sequence[Path]) -> Iterator[Any]:
    import pyarrow.parquet as pq

    for folder in folders:
        place = folder / f"{name}.parquet"
        if place.is_file():
            file = pq.ParquetFile(place)
            for group in range(file.num_row_groups):
                yield file.read_row_group(group)


def move_into(target: Path, folder: Path) -> None:
    """Move everything of ``target`` to its place in ``folder``, each file in one step."""
    for path in sorted(target.rglob("*")):
        if path.is_file():
            place = folder / path.relative_to(target)
            place.parent.mkdir(parents=True, exist_ok=True)
            path.replace(place)
