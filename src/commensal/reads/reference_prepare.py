"""One genome made ready for the reference, and kept so that an interrupted build goes on from there."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from commensal.reads.annotation_files import Hit
from commensal.reads.reference_fasta import Genome, GenomeError, read_genome
from commensal.reads.reference_functions import Called, call
from commensal.reads.reference_sketch import sketch_genome, write_sketches
from commensal.reads.reference_tables import save, table
from commensal.reads.tables import whole, write_text

_VERSION = 1  # raise it when what is kept of a genome changes: old ones are then made anew


@dataclass(frozen=True, slots=True)
class Options:
    """How genomes are prepared: sylph's sampling, sequences kept, genes called, profiles searched."""

    c: int = 200
    k: int = 31
    sequences: bool = True
    call_genes: bool = False
    profiles: tuple[Path, ...] = ()
    thresholds: Path | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """One genome to prepare: its id, file, annotation files, entries from shared tables, where it is kept."""

    genome: str
    path: Path
    kept: Path
    files: tuple[Path, ...] = ()
    more: tuple[Hit, ...] = ()
    options: Options = field(default_factory=Options)


def prepare(job: Job) -> dict[str, Any]:
    """Read, sketch and annotate one genome; keep it in ``job.kept`` and return its facts.

    A genome that was kept before, from the same bytes and options, is not made again. One that is refused returns
    ``status`` and ``note`` only; nothing is raised for it.
    """
    key = _key(job)
    place = job.kept / "facts.json"
    if place.is_file():
        try:
            facts: dict[str, Any] = json.loads(place.read_text(encoding="utf-8"))
        except ValueError:
            facts = {}
        if facts.get("key") == key:
            return {**facts, "again": True}
    job.kept.mkdir(parents=True, exist_ok=True)
    try:
        genome = read_genome(job.path)
        sketch = sketch_genome(job.genome, genome, c=job.options.c, k=job.options.k)
    except GenomeError as refusal:
        note = refusal.what + (f": {refusal.found}" if refusal.found else "")
        return {
            "genome": job.genome,
            "source_file": job.path.name,
            "status": refusal.status,
            "note": note,
            "refused": True,
        }
    write_sketches([sketch], job.kept / "sketch.syldb")
    called = call(genome, job.files, pyrodigal=job.options.call_genes, more=job.more, profiles=_profiles(job.options))
    _keep(job, genome, called)
    facts = {**_facts(job, genome, called), "key": key}
    write_text(json.dumps(facts, ensure_ascii=False), place)
    return facts


def _key(job: Job) -> str:
    parts: list[object] = [_VERSION, job.options, job.genome]
    parts += [(path.name, _hash(path)) for path in (job.path, *job.files)]
    parts += [tuple(path.stat().st_size for path in job.options.profiles), job.more]
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def _hash(path: Path) -> str:
    try:
        with path.open("rb") as handle:
            return hashlib.file_digest(handle, "sha256").hexdigest()
    except OSError:
        return ""


def _profiles(options: Options) -> Any:
    if not options.profiles:
        return None
    from commensal.reads.annotation_profiles import read_profiles

    return read_profiles(options.profiles, options.thresholds)


def _facts(job: Job, genome: Genome, called: Called) -> dict[str, Any]:
    genes = None if called.genes is None else len(called.genes)
    notes = [*genome.notes, *called.notes]
    return {
        "genome": job.genome,
        "source_file": job.path.name,
        "sha256": _hash(job.path),
        "sequence_sha256": genome.sequence_sha256,
        "length": genome.length,
        "contigs": len(genome.contigs),
        "n50": genome.n50,
        "gc": genome.gc,
        "complete": genome.complete,
        "genes": genes,
        "functions": len(called.hits),
        "header": genome.headers[0],
        "notes": notes,
    }


def _keep(job: Job, genome: Genome, called: Called) -> None:
    name = job.genome
    genes = [
        {
            "genome": name,
            "gene": gene.gene,
            "contig": gene.contig,
            "start": gene.start,
            "end": gene.end,
            "strand": gene.strand,
            "length": gene.length,
            "product": gene.product,
            "source": gene.source,
        }
        for gene in called.genes or ()
    ]
    terms = [
        {
            "genome": name,
            "gene": hit.gene,
            "namespace": hit.namespace,
            "id": hit.id,
            "source": hit.source,
            "score": hit.score,
        }
        for hit in called.hits
    ]
    save("genes", table("genes", genes), job.kept)
    save("functions", table("functions", terms), job.kept)
    if job.options.sequences:
        _write_sequences(genome, job.kept / "sequences.fna.gz")


def _write_sequences(genome: Genome, path: Path) -> None:
    import gzip

    try:
        from isal import igzip

        packed = igzip.compress(genome.text(), 2, mtime=0)
    except ImportError:
        packed = gzip.compress(genome.text(), 6, mtime=0)
    with whole(path) as temporary:
        temporary.write_bytes(packed)


def prepare_all(jobs: Sequence[Job], workers: int, tell: Any) -> Mapping[str, dict[str, Any]]:
    """Prepare genomes, in ``workers`` processes when more than one; progress is told after each."""
    made: dict[str, dict[str, Any]] = {}
    if workers <= 1:
        for done, job in enumerate(jobs, 1):
            made[job.genome] = prepare(job)
            tell(done, len(jobs), job.genome)
        return made
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        for done, facts in enumerate(pool.map(prepare, jobs, chunksize=4), 1):
            made[facts["genome"]] = facts
            tell(done, len(jobs), facts["genome"])
    return made
