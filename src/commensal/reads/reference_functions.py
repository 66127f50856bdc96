"""Genes and functions of one genome: gene calls chosen, annotations tied to them, what does not fit counted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from commensal.errors import FormatError
from commensal.reads.annotation_files import Hit, read_annotations
from commensal.reads.reference_fasta import Genome
from commensal.reads.reference_genes import Gene, faa_genes, features, genbank_genes, gff_genes, pyrodigal_genes

_GENBANK = (".gbk", ".gbff", ".gb", ".genbank")


@dataclass(frozen=True, slots=True)
class Called:
    """Genes and entries of one genome; ``genes`` is None when no file gave any; notes say what did not fit."""

    genes: tuple[Gene, ...] | None
    hits: tuple[Hit, ...]
    notes: tuple[str, ...] = ()


def call(
    genome: Genome, files: Sequence[Path], *, pyrodigal: bool, more: Sequence[Hit] = (), profiles: Any = None
) -> Called:
    """Take gene calls and functions of one genome from its files.

    Gene calls are taken from the first of: GFF with coding features, GenBank, protein FASTA, GFF of annotated
    features only (KofamScan's), pyrodigal when asked. A file that cannot be read is noted and the others are used.

    Parameters
    ----------
    genome
        The sequences.
    files
        Gene and annotation files of this genome.
    pyrodigal
        Call genes when no file has any.
    more
        Entries for this genome from tables of several genomes.
    profiles
        `commensal.reads.annotation_profiles.Profiles` to search the proteins with, or None.
    """
    notes: list[str] = []
    genes, source = _genes(files, notes)
    if genes is None and pyrodigal:
        genes = pyrodigal_genes(genome)
    hits = [*_hits([path for path in files if path != source or not _proteins(path)], notes), *more]
    if genes is not None:
        genes = _inside(genes, genome, notes)
        hits = _tied(hits, genes, notes)
        if profiles is not None:
            hits += profiles.search(genome, genes)
    elif profiles is not None:
        notes.append("no genes to search with profiles")
    unique = {(hit.gene, hit.namespace, hit.id): hit for hit in reversed(hits)}
    return Called(None if genes is None else tuple(genes), tuple(reversed(unique.values())), tuple(notes))


def _proteins(path: Path) -> bool:
    return path.name.lower().removesuffix(".gz").endswith(".faa")


def _genes(files: Sequence[Path], notes: list[str]) -> tuple[list[Gene] | None, Path | None]:
    best: tuple[int, list[Gene], Path] | None = None
    for path in files:
        name = path.name.lower().removesuffix(".gz")
        try:
            if name.endswith((".gff", ".gff3")):
                found, order = gff_genes(path), 0 if any(one.coding for one in features(path)) else 3
            elif name.endswith(_GENBANK):
                found, order = [gene for gene, _ in genbank_genes(path)], 1
            elif name.endswith(".faa"):
                found, order = faa_genes(path), 2
            else:
                continue
        except FormatError as error:
            notes.append(f"{path.name} is left out: {error.what}" + (f" ({error.found})" if error.found else ""))
            continue
        if best is None or (order, not found) < (best[0], not best[1]):
            best = (order, found, path)
    return (best[1], best[2]) if best else (None, None)


def _hits(files: Sequence[Path], notes: list[str]) -> list[Hit]:
    hits: list[Hit] = []
    for path in files:
        if _proteins(path):
            continue
        try:
            hits += read_annotations(path).hits
        except FormatError as error:
            said = f"{path.name} is left out: {error.what}" + (f" ({error.found})" if error.found else "")
            if said not in notes:
                notes.append(said)
    return hits


def _inside(genes: Sequence[Gene], genome: Genome, notes: list[str]) -> list[Gene]:
    """Keep genes that lie on the genome's contigs; one that runs over a circular contig's origin ends at its end."""
    sizes = {name: len(contig) for name, contig in zip(genome.ids, genome.contigs, strict=True)}
    kept, outside, over = [], 0, 0
    for gene in genes:
        contig = gene.contig
        if contig is not None and contig not in sizes:
            others = [name.removeprefix("contig:") for name in gene.aliases if name.startswith("contig:")]
            contig = next((name for name in (*others, contig.rsplit(".", 1)[0]) if name in sizes), None)
        size = sizes.get(contig or "", 0)
        if contig is None and gene.contig is None:
            kept.append(gene)
        elif contig is None or (gene.start or 1) > size or (gene.start or 1) < 1:
            outside += 1
        else:
            end = min(gene.end or size, size)
            over += end != gene.end
            length = min(gene.length or size, end - (gene.start or 1) + 1)
            kept.append(replace(gene, contig=contig, end=end, length=length))
    if outside:
        notes.append(f"{outside:,} of {len(genes):,} genes lie on no contig of the genome: left out")
    if over:
        notes.append(f"cut at the end of their contig (the origin of a circular one): {over} genes")
    return kept


def _tied(hits: Sequence[Hit], genes: Sequence[Gene], notes: list[str]) -> list[Hit]:
    """Give every entry the gene ids of the gene calls: by name, else by place."""
    names: dict[str, list[str]] = {}
    places: dict[tuple[Any, ...], str] = {}
    for gene in genes:
        for name in {gene.gene, *gene.aliases}:
            names.setdefault(name, []).append(gene.gene)
        places[gene.contig, gene.start, gene.end] = gene.gene
        # A stop codon counted or not, another start: the end on the strand's 3' side is the same gene.
        places.setdefault((gene.contig, gene.strand, gene.end if gene.strand != "-" else gene.start), gene.gene)
    tied: list[Hit] = []
    lost: dict[str, None] = {}
    for hit in hits:
        own = names.get(hit.gene) or _at(hit, places)
        if own:
            tied += [replace(hit, gene=gene) for gene in own]
        else:
            lost[hit.gene] = None
    if lost:
        notes.append(f"{len(lost):,} annotated genes are not among the gene calls ({next(iter(lost))}): left out")
    return tied


def _at(hit: Hit, places: Mapping[tuple[Any, ...], str]) -> list[str]:
    if hit.contig is None:
        return []
    keys = [(hit.contig, hit.start, hit.end), (hit.contig, "+", hit.end), (hit.contig, "-", hit.start)]
    return [places[key] for key in keys if key in places][:1]
