"""Build a reference, and add to one."""

from __future__ import annotations

import datetime
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from typing import Any

from commensal.errors import FormatError, OutputError, TableError, UsageError, listing
from commensal.reads.annotation_files import Hit, read_annotations
from commensal.reads.needs import needed
from commensal.reads.reference_assemble import genome_rows, move_into, write_folder
from commensal.reads.reference_fasta import genome_name
from commensal.reads.reference_folder import UNFINISHED, Reference, open_reference, write_manifest
from commensal.reads.reference_host import add_host
from commensal.reads.reference_prepare import Job, Options, prepare_all
from commensal.reads.reference_sources import Sources, find_annotations, find_genomes, owners
from commensal.reads.reference_species import without_species
from commensal.reads.reference_tables import load
from commensal.reads.reference_taxonomy import Taxonomy, read_taxonomy

Progress = Callable[[int, int, str], None]
Paths = Path | str | Sequence[Path | str]


def build_reference(
    genomes: Paths,
    out: Path | str,
    *,
    taxonomy: Paths | None = None,
    annotations: Paths | None = None,
    host: Paths | None = None,
    layout: str = "auto",
    c: int = 200,
    k: int = 31,
    sequences: bool = True,
    call_genes: bool = False,
    profiles: Paths | None = None,
    thresholds: Path | str | None = None,
    workers: int = 1,
    progress: Progress | None = None,
) -> Reference:
    """Build a reference folder from genomes.

    A genome that cannot be taken (empty, truncated, reads or proteins, a name that two files share …) is listed with
    the reason in ``Reference.refused()`` and the others are built. A build that was interrupted goes on where it
    stopped when it is called again with the same folder.

    Parameters
    ----------
    genomes
        Folder of FASTA files (.fna, .fa, .fasta, each .gz or not), searched through, or files.
    out
        Folder to make.
    taxonomy
        Table or tables of lineages: GTDB's, NCBI's ranks, or any with a lineage or rank columns. The first table that
        names a genome decides.
    annotations
        Folders and files: GFF, GenBank and protein FASTA give gene calls; KofamScan, eggNOG-mapper, Bakta, Prokka, GFF
        attributes and plain tables give KO and EC numbers. They are tied to genomes by file name, else by contig ids.
    host
        FASTA of hosts whose reads are to be removed.
    layout
        ``auto``, ``plain``, or the download of a collection: ``gtdb``, ``uhgg``, ``mgbc``.
    c, k
        sylph's sampling rate and k-mer length.
    sequences
        Keep the sequences, which mapping and growth need.
    call_genes
        Call genes with pyrodigal where no file gives any.
    profiles, thresholds
        HMMER profiles named by KO (files or folders), searched with pyhmmer, and KofamScan's ``ko_list`` with their
        thresholds.
    workers
        Processes.
    progress
        Called with (done, total, genome).

    Raises
    ------
    OutputError
        ``out`` holds a finished reference or something else.
    TableError, FormatError
        No genome could be taken; the taxonomy or a host cannot be read.
    UsageError
        A path that does not exist, or an option out of range.
    CommensalError
        A library that is needed is not installed.
    """
    folder = Path(out)
    options = _options(c, k, sequences, call_genes, profiles, thresholds)
    sources = find_genomes(genomes, layout)
    _refuse_taken(folder)
    return _make(folder, None, sources, taxonomy, annotations, host, options, workers, progress)


def add_to_reference(
    reference: Reference | Path | str,
    genomes: Paths | None = None,
    *,
    taxonomy: Paths | None = None,
    annotations: Paths | None = None,
    host: Paths | None = None,
    layout: str = "auto",
    call_genes: bool = False,
    profiles: Paths | None = None,
    thresholds: Path | str | None = None,
    workers: int = 1,
    progress: Progress | None = None,
) -> Reference:
    """Add genomes, hosts, or both to a reference; its id changes with its contents.

    Parameters are those of `build_reference`; sampling and kept sequences are the reference's. A genome whose id is
    there already is refused (status ``duplicate_name``), what is there stays as it is.

    Raises
    ------
    UsageError
        Neither genomes nor a host is given.
    FormatError, TableError, OutputError
        As `build_reference`.
    """
    old = reference if isinstance(reference, Reference) else open_reference(reference)
    if genomes is None and host is None:
        raise UsageError("nothing to add", expected="genomes, a host, or both")
    own = old.manifest["parameters"]
    options = _options(int(own["c"]), int(own["k"]), bool(own["sequences"]), call_genes, profiles, thresholds)
    sources = find_genomes(genomes, layout) if genomes is not None else Sources({})
    return _make(old.path, old, sources, taxonomy, annotations, host, options, workers, progress)


def _options(
    c: int, k: int, sequences: bool, call_genes: bool, profiles: Paths | None, thresholds: Path | str | None
) -> Options:
    if k not in (21, 31):
        raise UsageError("sylph takes k-mers of 21 or 31 bases", found=k)
    if c < 1:
        raise UsageError("the sampling rate must be at least 1", found=c)
    needed("pysylph")
    if call_genes:
        needed("pyrodigal")
    found: tuple[Path, ...] = ()
    if profiles is not None:
        from commensal.reads.annotation_profiles import find_profiles, read_profiles

        found = find_profiles(profiles)
        read_profiles(found, None if thresholds is None else Path(thresholds))  # what is wrong is said before the work
    return Options(c, k, sequences, call_genes, found, None if thresholds is None else Path(thresholds))


def _refuse_taken(folder: Path) -> None:
    if (folder / "manifest.json").is_file():
        raise OutputError(
            "there is a reference already",
            where=str(folder),
            mend="commensal reference add adds genomes to it; or choose another folder with --out",
        )
    if (
        folder.is_dir()
        and any(path.name != UNFINISHED for path in folder.iterdir())
        and not (folder / UNFINISHED).is_dir()
    ):
        raise OutputError(
            "the folder holds something else", where=str(folder), mend="choose an empty or new folder with --out"
        )
    try:
        (folder / UNFINISHED).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            "the folder cannot be made", where=str(folder), found=error.strerror, mend="choose another with --out"
        ) from error


def _make(
    folder: Path,
    old: Reference | None,
    sources: Sources,
    taxonomy: Paths | None,
    annotations: Paths | None,
    host: Paths | None,
    options: Options,
    workers: int,
    progress: Progress | None,
) -> Reference:
    tell = progress or (lambda _done, _total, _what: None)
    warnings = list(sources.warnings) if annotations is None else []
    build = folder / UNFINISHED
    build.mkdir(exist_ok=True)
    target = build / "whole"
    shutil.rmtree(target, ignore_errors=True)
    hosts = _hosts(host, target, old, tell)
    taxonomies = [read_taxonomy(path) for path in _listed(taxonomy, sources.taxonomy)]
    taken, refused = _distinct(sources, set() if old is None else set(load("genomes", folder)["genome"]))
    given = find_annotations(annotations) or sources.annotations
    jobs = _jobs(taken, given, build, options, warnings)
    made = prepare_all(jobs, workers, tell)
    refused += [facts for facts in made.values() if facts.get("refused")]
    whole = _same_sequence(
        [facts for facts in made.values() if not facts.get("refused")], folder if old else None, refused
    )
    before = [] if old is None else _records("genomes", folder)
    if not (whole or before):
        raise TableError(
            "no genome could be taken",
            found=listing(f"{row['source_file']}: {row['note']}" for row in refused),
            mend="mend these files, or name another folder",
        )
    warnings += _strangers(taxonomies, [facts["genome"] for facts in whole])
    asked = {"genes": bool(given) or options.call_genes, "functions": bool(given or options.profiles)}
    rows = [*before, *genome_rows(whole, taxonomies, asked)]
    past = [] if old is None else _still_refused(_records("refused", folder), rows, refused)
    if without_species(rows):
        warnings.append(
            "no taxonomy: genomes of at least 95 % identity are one species, named after the longest of them"
        )
    kept = {facts["genome"]: build / facts["genome"] for facts in whole}
    tell(len(jobs), len(jobs), "writing the tables")
    genes, functions = write_folder(target, rows, [*past, *refused], kept, folder if old else None)
    move_into(target, folder)
    shutil.rmtree(build)
    said = [*(old.warnings if old else ()), *warnings]
    manifest = _manifest(options, sources.layout, len(rows), len(past) + len(refused), genes, functions, hosts, said)
    return replace(write_manifest(folder, manifest), newly_refused=tuple(str(row["source_file"]) for row in refused))


def _still_refused(
    past: Sequence[dict[str, Any]], rows: Sequence[Mapping[str, Any]], refused: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Leave out what was refused before and is taken now, or is refused again."""
    there = {row["genome"] for row in rows}
    again = {(row["genome"], row["source_file"]) for row in refused}
    return [
        row
        for row in past
        if (row["genome"] not in there or row["status"] == "duplicate_name")
        and (row["genome"], row["source_file"]) not in again
    ]


def _records(name: str, folder: Path) -> list[dict[str, Any]]:
    return [{str(key): value for key, value in row.items()} for row in load(name, folder).to_dict("records")]


def _listed(given: Paths | None, found: Sequence[Path]) -> list[Path]:
    if given is None:
        return list(found)
    paths = [Path(given)] if isinstance(given, str | Path) else [Path(one) for one in given]
    for path in paths:
        if not path.is_file():
            raise UsageError("there is no such file", found=path, mend="check the path")
    return paths


def _hosts(host: Paths | None, target: Path, old: Reference | None, tell: Progress) -> dict[str, Any] | None:
    hosts = dict((old.manifest.get("host") if old else None) or {})
    for path in _listed(host, ()):
        tell(0, 1, f"indexing the host {path.name}")
        if genome_name(path) in hosts:
            raise TableError(
                "two hosts have one name", where=str(path), found=genome_name(path), mend="rename one of the files"
            )
        name, facts = add_host(path, target)
        hosts[name] = facts
    return hosts or None


def _distinct(sources: Sources, there: set[str]) -> tuple[dict[str, Path], list[dict[str, Any]]]:
    """Part names that one file has from names that several have, or that the reference has already."""
    taken, refused = {}, []
    for name, paths in sources.genomes.items():
        if len(paths) == 1 and name not in there:
            taken[name] = paths[0]
            continue
        for path in paths:
            note = (
                "the reference has a genome of this name"
                if name in there
                else f"{len(paths)} files give this name: rename them"
            )
            refused.append({"genome": name, "source_file": _short(path), "status": "duplicate_name", "note": note})
    return taken, refused


def _short(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"


def _same_sequence(
    made: list[dict[str, Any]], folder: Path | None, refused: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Leave out genomes with the same sequences as another: sylph could not tell them apart."""
    seen = (
        {}
        if folder is None
        else {row["sequence_sha256"]: row["genome"] for row in load("genomes", folder).to_dict("records")}
    )
    kept = []
    for facts in made:
        first = seen.setdefault(facts["sequence_sha256"], facts["genome"])
        if first == facts["genome"]:
            kept.append(facts)
        else:
            note = f"the same sequences as {first}"
            refused.append({**facts, "status": "duplicate_sequence", "note": note})
    return kept


def _jobs(
    taken: Mapping[str, Path], given: Sequence[Path], build: Path, options: Options, warnings: list[str]
) -> list[Job]:
    owned, shared, foreign = owners(given, taken) if given else ({}, [], [])
    if foreign:
        names = listing((path.name for path in foreign), 4)
        warnings.append(f"{len(foreign)} annotation files belong to no genome here, or to several: {names}")
    more: dict[str, list[Hit]] = {}
    for path in shared:
        try:
            hits = read_annotations(path).hits
        except FormatError as error:
            warnings.append(f"{path.name} is left out: {error.what}")
            continue
        strange = {str(hit.genome) for hit in hits if hit.genome and hit.genome not in taken}
        if any(not hit.genome for hit in hits):
            warnings.append(
                f"{path.name} is left out: whose genes? Begin its name with a genome's id, or add a column genome"
            )
        if strange:
            warnings.append(
                f"{path.name}: entries of {len(strange)} genomes that are not here: {listing(sorted(strange), 3)}"
            )
        for hit in hits:
            if hit.genome in taken:
                more.setdefault(str(hit.genome), []).append(hit)
    return [
        Job(name, path, build / name, tuple(owned.get(name, ())), tuple(more.get(name, ())), options)
        for name, path in taken.items()
    ]


def _strangers(taxonomies: Sequence[Taxonomy], names: Sequence[str]) -> list[str]:
    said = []
    for taxonomy in taxonomies:
        used = {taxonomy.find(name) for name in names}
        strange = [name for name in taxonomy.ranks if name not in used]
        if strange:
            said.append(f"{taxonomy.file} names {len(strange):,} genomes that are not here: {listing(strange, 3)}")
    bare = [name for name in names if taxonomies and not any(taxonomy.find(name) for taxonomy in taxonomies)]
    if bare:
        said.append(f"{len(bare):,} genomes have no taxonomy: {listing(bare, 3)}")
    return said


def _manifest(
    options: Options,
    layout: str,
    genomes: int,
    refused: int,
    genes: int,
    functions: int,
    hosts: dict[str, Any] | None,
    warnings: Sequence[str],
) -> dict[str, Any]:
    tools = {}
    for name in ("pysylph", "pyarrow", "pyrodigal", "pyhmmer", "mappy"):
        try:
            tools[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return {
        "commensal": metadata.version("commensal"),
        "created": datetime.datetime.now(tz=datetime.UTC).date().isoformat(),
        "parameters": {
            "c": options.c,
            "k": options.k,
            "min_spacing": 30,
            "sequences": options.sequences,
            "layout": layout,
        },
        "genomes": genomes,
        "refused": refused,
        "genes": genes,
        "functions": functions,
        "host": hosts,
        "tools": tools,
        "warnings": list(dict.fromkeys(warnings)),
    }
