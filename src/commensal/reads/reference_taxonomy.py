"""Taxonomy of a reference's genomes: from GTDB's, NCBI's or any table with a lineage or with ranks."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass, field
from pathlib import Path

from commensal.errors import FormatError, TableError, listing
from commensal.io.lineage import RANKS, parse_lineage, positional_lineage
from commensal.reads.reference_fasta import genome_name, read_bytes

_IDS = (
    "genome",
    "genome_id",
    "user_genome",
    "accession",
    "assembly_accession",
    "#assembly_accession",
    "bin",
    "mag",
    "file",
    "name",
    "id",
    "sequence",
    "mgbc_id",
    "mgyg",
    "assembly",
    "taxon",
    "#genome",
)
_LINEAGES = (
    "gtdb_taxonomy",
    "classification",
    "lineage",
    "taxonomy",
    "ncbi_taxonomy",
    "taxonomic_lineage",
    "full_lineage",
)
_RANK_NAMES = {**{rank: rank for rank in RANKS}, "superkingdom": "domain", "kingdom": "domain", "organism": "species"}
_RANK_NAMES |= {"organism_name": "species", "scientific_name": "species"}
_ACCESSION = re.compile(r"GC[AF]_\d{9}(\.\d+)?")
_WHOLE = ("complete genome", "chromosome", "complete", "true", "yes", "1")
_BINOMIAL = re.compile(r"([A-Z][a-z]+) (?:[a-z(]|sp\.)")


@dataclass(frozen=True, slots=True)
class Taxonomy:
    """Facts on genomes from a table.

    Parameters
    ----------
    ranks
        Genome's name in the table → rank → name; ranks without a name are left out.
    lineages
        Genome's name in the table → the lineage as the table has it.
    complete
        Those that the table calls complete.
    file
        The table's name.
    """

    ranks: dict[str, dict[str, str]] = field(default_factory=dict)
    lineages: dict[str, str] = field(default_factory=dict)
    complete: frozenset[str] = frozenset()
    file: str = ""
    keys: dict[str, str] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        self.keys.update({_plain(name): name for name in self.ranks})
        self.keys.update({name: name for name in self.ranks})

    def find(self, genome: str) -> str | None:
        """Return the table's name for a genome: the same, the same file, or the same assembly accession.

        Examples
        --------
        >>> Taxonomy({"RS_GCF_000020225.1": {}}).find("GCF_000020225.1_ASM2022v1_genomic")
        'RS_GCF_000020225.1'
        """
        return self.keys.get(genome) or self.keys.get(_plain(genome))


def _plain(name: str) -> str:
    accession = _ACCESSION.search(name)
    return accession[0] if accession else genome_name(Path(name))


def read_taxonomy(path: Path) -> Taxonomy:
    """Read a taxonomy table (tab or comma separated, gz welcome).

    The first line is a header unless it is already ``genome<TAB>lineage`` (GTDB's taxonomy files have none). The
    column of genomes is ``genome``, ``accession``, ``user_genome``, ``file`` or the like, else the first; the lineage
    is one column (``gtdb_taxonomy``, ``classification``, ``lineage``, any that begins with "taxonomy") with or
    without rank prefixes, or one column per rank.

    Raises
    ------
    FormatError
        The file is empty or damaged.
    TableError
        No lineage and no rank is found, or a genome stands twice with two lineages.
    """
    text = read_bytes(path).decode("utf-8-sig", "replace").replace("\r\n", "\n").replace("\r", "\n")
    lines = [line for line in text.split("\n") if line.strip()]
    if not lines:
        raise FormatError("the taxonomy table is empty", where=path.name, mend="give a table with one line per genome")
    mark = "\t" if "\t" in lines[0] else ","
    try:
        rows = list(csv.reader(lines, delimiter=mark, quoting=csv.QUOTE_MINIMAL if mark == "," else csv.QUOTE_NONE))
    except csv.Error as error:
        raise FormatError(
            "the taxonomy table cannot be cut into cells", where=path.name, found=error, mend="save it as TSV"
        ) from error
    first = rows[0]
    if len(first) >= 2 and parse_lineage(first[1]) is not None:
        return _table(path, ["genome", "lineage", *(f"column {i}" for i in range(3, len(first) + 1))], rows, 1)
    return _table(path, [name.strip() for name in first], rows[1:], 2)


def _table(path: Path, header: list[str], rows: list[list[str]], line: int) -> Taxonomy:
    lowered = [name.lower() for name in header]
    key = next((lowered.index(name) for name in _IDS if name in lowered), 0)
    lineage = _lineage_column(lowered, key)
    ranks = {i: _RANK_NAMES[name] for i, name in enumerate(lowered) if name in _RANK_NAMES and i != key}
    whole = next((i for i, n in enumerate(lowered) if n in {"complete", "assembly_level", "ncbi_assembly_level"}), None)
    if lineage is None and not ranks:
        raise TableError(
            "no lineage and no rank is found in the taxonomy table",
            where=path.name,
            found=listing(header),
            expected=f"a column lineage, gtdb_taxonomy or classification, or columns {', '.join(RANKS)}",
            mend="name the columns so; the first line must be a header (or genome<TAB>d__…;p__…)",
        )
    found: dict[str, dict[str, str]] = {}
    texts: dict[str, str] = {}
    complete = set()
    for at, row in enumerate(rows, line):
        cells = [cell.strip() for cell in row] + [""] * (len(header) - len(row))
        name = cells[key]
        if not name:
            raise TableError(
                "a line names no genome", where=f"{path.name}, line {at}", mend="name it or take the line out"
            )
        own, text = _ranks(cells, lineage, ranks, f"{path.name}, line {at}")
        if found.get(name, own) != own:
            raise TableError("a genome stands twice with two lineages", where=f"{path.name}, line {at}", found=name)
        found[name], texts[name] = own, text
        if whole is not None and cells[whole].lower() in _WHOLE:
            complete.add(name)
    return Taxonomy(found, texts, frozenset(complete), path.name)


def _lineage_column(lowered: list[str], key: int) -> int | None:
    for name in _LINEAGES:
        if name in lowered and lowered.index(name) != key:
            return lowered.index(name)
    return next((i for i, name in enumerate(lowered) if name.startswith("taxonomy") and i != key), None)


def _ranks(cells: list[str], lineage: int | None, columns: dict[int, str], where: str) -> tuple[dict[str, str], str]:
    text = cells[lineage] if lineage is not None else ""
    if text.startswith(("cellular organisms", "root")) or text.count(";") >= len(RANKS):
        raise TableError(
            "a lineage with names of no rank",
            where=where,
            found=text[:80],
            expected="the seven ranks, domain to species",
            mend="write the ranks alone (taxonkit reformat does), with prefixes d__ … s__, or one column per rank",
        )
    parsed = (parse_lineage(text) or positional_lineage(text)) if text else {}
    own = {rank: name for rank, name in parsed.items() if name}
    own |= {
        rank: cells[i] for i, rank in columns.items() if cells[i] and cells[i].lower() not in {"na", "nan", "none", "-"}
    }
    species, genus = own.get("species", ""), own.get("genus", "")
    if species and genus and species[0].islower():
        own["species"] = f"{genus} {species}"
    if species and not genus and (name := _BINOMIAL.match(species)) and name[1] != "Candidatus":
        own["genus"] = name[1]
    return own, text or ";".join(own[rank] for rank in RANKS if rank in own)
