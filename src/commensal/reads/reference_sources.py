"""What lies in the folders a user gives: genomes, their names, annotation files and whose they are, taxonomy tables."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from commensal.errors import TableError, UsageError
from commensal.reads.reference_fasta import GenomeError, genome_name, is_genome_file, read_bytes

#: Collections whose downloads are known by their names.
LAYOUTS = ("auto", "plain", "gtdb", "uhgg", "mgbc")
_GTDB = re.compile(r"(GC[AF]_\d{9}\.\d+)(_\S*)?_genomic$|(GC[AF]_\d{9}\.\d+)$")
_ANNOTATION = re.compile(
    r"\.(gff3?|gbk|gbff|gb|genbank|faa|tsv|txt|csv|annotations|detail|mapper|kofam)(\.gz)?$", re.IGNORECASE
)
_NO_GENOME = re.compile(r"(_cds|_rna)_from_genomic\.fna|^(pan-genome|core_genes)\.|\.(ffn|frn)", re.IGNORECASE)
_TABLES = {
    "gtdb": (r"(bac120|ar53|ar122)_(taxonomy|metadata)\S*\.tsv(\.gz)?",),
    "uhgg": (r"genomes-(all|nr)_metadata\.tsv(\.gz)?",),
    "mgbc": (r"MGBC_md_\d+\S*\.tsv(\.gz)?", r"MGBC\S*(taxonomy|metadata)\S*\.tsv(\.gz)?"),
}
_BESIDE = {
    "gtdb": r"_protein\.faa(\.gz)?$",
    "uhgg": r"(\.gff|\.faa|_eggNOG\.tsv)(\.gz)?$",
    "mgbc": r"\.(gbk|faa)(\.gz)?$",
}


@dataclass(frozen=True, slots=True)
class Sources:
    """Genome files by genome id (several under one id: a fault), taxonomy tables, annotation files, and what is odd."""

    genomes: dict[str, list[Path]]
    taxonomy: tuple[Path, ...] = ()
    annotations: tuple[Path, ...] = ()
    layout: str = "plain"
    warnings: tuple[str, ...] = field(default=())


def find_genomes(given: Path | str | Sequence[Path | str], layout: str = "auto") -> Sources:
    """List the genomes of a folder (and the folders in it) or of several files and folders.

    The downloads of GTDB (``database/GCA/000/…/…_genomic.fna.gz``), UHGG (``MGYG…/genome/MGYG….fna``) and MGBC
    (``MGBC000001.fa``) are known by their names: genome ids are then those of the collection's own tables, which are
    taken when they lie there too, as are the gene calls and annotations that the collection brings.

    Raises
    ------
    UsageError
        A path does not exist, or the layout is unknown.
    TableError
        There is no genome file.
    """
    if layout not in LAYOUTS:
        raise UsageError("this layout is not known", found=layout, expected=", ".join(LAYOUTS))
    roots = [Path(given)] if isinstance(given, str | Path) else [Path(one) for one in given]
    files = [path for root in roots for path in _walk(root)]
    genomes = [path for path in files if is_genome_file(path) and not _NO_GENOME.search(path.name)]
    if not genomes:
        raise TableError(
            "there is no genome",
            where=", ".join(map(str, roots)),
            found=f"{len(files)} other files",
            expected="files that end with .fna, .fa or .fasta (.gz welcome)",
            mend="name the folder of the genomes' FASTA files",
        )
    kind = _kind(genomes) if layout == "auto" else layout
    named: dict[str, list[Path]] = defaultdict(list)
    for path in genomes:
        named[_id(path, kind)].append(path)
    tables = [p for p in files for pattern in _TABLES.get(kind, ()) if re.fullmatch(pattern, p.name)]
    if kind == "gtdb" and any("taxonomy" in path.name for path in tables):
        tables = [path for path in tables if "taxonomy" in path.name]
    beside = [
        p for p in files if kind in _BESIDE and re.search(_BESIDE[kind], p.name) and not _NO_GENOME.search(p.name)
    ]
    warnings = []
    other = [
        p
        for p in files
        if kind == "plain" and _ANNOTATION.search(p.name) and re.search(r"gff|gb|faa|annot|kofam", p.name, re.I)
    ]
    if other:
        warnings.append(
            f"{len(other)} files beside the genomes may be annotations ({other[0].name}): give them with --annotations"
        )
    return Sources(dict(sorted(named.items())), tuple(dict.fromkeys(tables)), tuple(beside), kind, tuple(warnings))


def find_annotations(given: Path | str | Sequence[Path | str] | None) -> tuple[Path, ...]:
    """List the annotation files of folders and files."""
    if given is None:
        return ()
    roots = [Path(given)] if isinstance(given, str | Path) else [Path(one) for one in given]
    found = [path for root in roots for path in _walk(root) if root.is_file() or _ANNOTATION.search(path.name)]
    if not found:
        raise TableError(
            "there is no annotation file",
            where=", ".join(map(str, roots)),
            expected="files that end with .gff, .gbk, .faa, .tsv, .txt, .csv or .annotations (.gz welcome)",
            mend="name the folder or the files",
        )
    return tuple(dict.fromkeys(found))


def _walk(root: Path) -> list[Path]:
    if root.is_file():
        return [root]
    if not root.is_dir():
        raise UsageError("there is no such file or folder", found=root, mend="check the path")
    found = sorted(root.rglob("*"))
    return [p for p in found if p.is_file() and not any(part.startswith(".") for part in p.relative_to(root).parts)]


def _kind(genomes: Sequence[Path]) -> str:
    stems = [genome_name(path) for path in genomes]
    if all(_GTDB.match(stem) for stem in stems) and any("database" in path.parts for path in genomes):
        return "gtdb"
    if all(re.fullmatch(r"(MGYG-?\w*-?\d+|GUT_GENOME\d{6})", stem) for stem in stems):
        return "uhgg"
    return "mgbc" if all(re.fullmatch(r"MGBC\d{6}", stem) for stem in stems) else "plain"


def _id(path: Path, kind: str) -> str:
    stem = genome_name(path)
    accession = _GTDB.match(stem) if kind == "gtdb" else None
    return (accession[1] or accession[3]) if accession else stem


def owners(files: Iterable[Path], genomes: Mapping[str, Path]) -> tuple[dict[str, list[Path]], list[Path], list[Path]]:
    """Tie annotation files to genomes: by the file's name, its folder's name, else by the contig ids in it.

    Returns
    -------
    owned : dict of str to list of Path
        Files of each genome.
    shared : list of Path
        Tables that name no contig and no genome in their file name: they may name genomes in a column.
    foreign : list of Path
        Files of contigs that are in no genome here, or in several.
    """
    lowered = {name.lower(): name for name in genomes} | {
        match[0].lower(): name for name in genomes if (match := re.search(r"GC[AF]_\d{9}\.\d+", name))
    }
    owned: dict[str, list[Path]] = defaultdict(list)
    unnamed = []
    for path in files:
        name = _named(path, lowered)
        if name is None:
            unnamed.append(path)
        else:
            owned[name].append(path)
    shared, foreign = [], []
    contigs = _contigs_of_genomes(genomes) if unnamed else {}
    for path in unnamed:
        own = _contigs(path)
        if not own:
            shared.append(path)
            continue
        holders = {contigs.get(contig) or contigs.get(contig.rsplit(".", 1)[0]) for contig in own} - {None}
        if len(holders) == 1 and "" not in holders:
            owned[str(holders.pop())].append(path)
        else:
            foreign.append(path)
    return dict(owned), shared, foreign


def _named(path: Path, lowered: Mapping[str, str]) -> str | None:
    """Return the genome whose name is the longest beginning of the file's name, or its folder's name."""
    for text in (re.sub(r"^(rs|gb)_", "", path.name.lower()), path.parent.name.lower()):
        for at in range(len(text), 0, -1):
            if (at == len(text) or text[at] in "._-") and text[:at] in lowered:
                return lowered[text[:at]]
    return None


def _contigs_of_genomes(genomes: Mapping[str, Path]) -> dict[str, str]:
    """Contig id → genome; an id of several genomes → "" (it ties to none)."""
    found: dict[str, str] = {}
    for name, path in genomes.items():
        try:
            text = read_bytes(path)
        except GenomeError:  # the genome itself says what is wrong when its turn comes
            continue
        for header in re.findall(rb"(?m)^>(\S+)", text):
            contig = header.decode("utf-8", "replace")
            found[contig] = name if found.get(contig, name) == name else ""
    return found


def _contigs(path: Path) -> set[str]:
    """Contig ids that a GFF, GenBank or Bakta file names; none for other files."""
    try:
        text = read_bytes(path).decode("utf-8", "replace")
    except GenomeError:
        return set()
    name = path.name.lower().removesuffix(".gz")
    if name.endswith((".gbk", ".gbff", ".gb", ".genbank")):
        return set(re.findall(r"(?m)^(?:LOCUS|VERSION)\s+(\S+)", text))
    if name.endswith((".gff", ".gff3")) or text.startswith("##gff"):
        return set(re.findall(r"(?m)^([^#\s>]\S*)\t[^\t\n]*\t[^\t\n]*\t\d+\t\d+\t", text))
    if "#Sequence Id\tType\tStart" in text[:5000]:
        return set(re.findall(r"(?m)^([^#\s]\S*)\t", text))
    if name.endswith(".faa"):
        return set(re.findall(r"(?m)^>(\S+)_\d+ # \d+ # \d+ # -?1 #", text))
    return set()
