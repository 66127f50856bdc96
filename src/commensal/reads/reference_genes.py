"""Gene calls of one genome: from GFF, GenBank or protein FASTA that the user has, or by pyrodigal."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import unquote

from commensal.reads.needs import needed
from commensal.reads.reference_fasta import Genome, GenomeError, read_bytes

#: No coordinate has so many digits; Python refuses to read thousands of them.
LONGEST = 16
_LOCUS = ("locus_tag", "locus_tag_genbank", "GeneID", "ID", "protein_id", "Name")
_ALIASES = (*_LOCUS, "locus_tag_refseq", "ProteinID", "gene_id", "old_locus_tag", "orig_transcript_id")
_PRODIGAL = re.compile(r"(\S+)_(\d+) # (\d+) # (\d+) # (-?1) #")


@dataclass(frozen=True, slots=True)
class Gene:
    """One gene: first and last base counted from 1, other names that files use for it, None where unknown."""

    gene: str
    contig: str | None
    start: int | None
    end: int | None
    strand: str | None
    length: int | None
    product: str | None
    source: str
    aliases: tuple[str, ...] = ()


def text_lines(path: Path) -> Iterator[str]:
    """Lines of a plain or gzipped text file, whatever ends them.

    Raises
    ------
    GenomeError
        The file cannot be read or is damaged.
    """
    return iter(read_bytes(path).decode("utf-8-sig", "replace").splitlines())


@dataclass(frozen=True, slots=True)
class Feature:
    """One line of a GFF file."""

    contig: str
    source: str
    kind: str
    start: int
    end: int
    strand: str
    attributes: dict[str, str]

    @property
    def coding(self) -> bool:
        """Whether it is the coding part of a gene."""
        return self.kind == "CDS" or self.attributes.get("gbkey") == "CDS"

    @property
    def name(self) -> str:
        """Its locus tag or id, else where it is."""
        named = next((self.attributes[key] for key in _LOCUS[:-1] if self.attributes.get(key)), None)
        return named or f"{self.contig}:{self.start}-{self.end}"

    @property
    def aliases(self) -> tuple[str, ...]:
        """Every name that it has, with Prodigal's ``contig_number`` for its ``ID=1_2``."""
        found = {self.attributes[key] for key in _ALIASES if self.attributes.get(key)}
        found = {name for name in found if " " not in name}  # a Name may be an id or a sentence
        if self.source.lower().startswith("prodigal") and "_" in self.attributes.get("ID", ""):
            found.add(f"{self.contig}_{self.attributes['ID'].rsplit('_', 1)[1]}")
        return tuple(sorted(found | {name.removeprefix("cds-").removeprefix("gene-") for name in found}))


def features(path: Path) -> Iterator[Feature]:
    """Read a GFF3 file; lines that are none (a damaged header, the sequence at the end) are passed over.

    Raises
    ------
    GenomeError
        The file cannot be read, or a coordinate is no number.
    """
    for at, line in enumerate(text_lines(path), 1):
        if line.startswith("##FASTA") or line.startswith(">"):
            return
        cells = line.split("\t")
        if line.startswith("#") or len(cells) < 9:
            continue
        if not all(one.isdecimal() and len(one) < LONGEST for one in cells[3:5]):
            raise GenomeError(
                "damaged", "a coordinate is no number", where=f"{path.name}, line {at}", found=f"{cells[3]}, {cells[4]}"
            )
        pairs = (part.partition("=") for part in cells[8].split(";"))
        attributes = {key.strip(): unquote(value.strip()) for key, _, value in pairs if value.strip()}
        start, end = sorted((int(cells[3]), int(cells[4])))
        yield Feature(unquote(cells[0]), cells[1], cells[2], start, end, cells[6], attributes)


def gff_genes(path: Path) -> list[Gene]:
    """Genes of a GFF file: its coding features; a file without any gives every feature with a KO (KofamScan's)."""
    found = list(features(path))
    chosen = [one for one in found if one.coding] or [one for one in found if "KO" in one.attributes]
    genes = [
        Gene(
            one.name,
            one.contig,
            one.start,
            one.end,
            one.strand if one.strand in "+-" else None,
            one.end - one.start + 1,
            one.attributes.get("product")
            or (one.attributes.get("Name") if "locus_tag" not in one.attributes else None),
            "gff",
            one.aliases,
        )
        for one in chosen
    ]
    return _joined(genes)


def _joined(genes: Iterable[Gene]) -> list[Gene]:
    """Join the parts of one gene (the same id on neighbouring lines); other genes of the same name get a number."""
    made: dict[str, Gene] = {}
    number: dict[str, int] = {}
    for gene in genes:
        before = made.get(gene.gene)
        if before is None:
            made[gene.gene] = gene
        elif before.contig == gene.contig and before.strand == gene.strand and _near(before, gene):
            start, end = min(before.start or 0, gene.start or 0), max(before.end or 0, gene.end or 0)
            length = (before.length or 0) + (gene.length or 0)
            made[gene.gene] = replace(before, start=start, end=end, length=min(length, end - start + 1))
        else:
            number[gene.gene] = number.get(gene.gene, 1) + 1
            made[f"{gene.gene}_{number[gene.gene]}"] = replace(gene, gene=f"{gene.gene}_{number[gene.gene]}")
    return list(made.values())


def _near(one: Gene, other: Gene) -> bool:
    return max(one.start or 0, other.start or 0) - min(one.end or 0, other.end or 0) <= 100


def faa_genes(path: Path) -> list[Gene]:
    """Genes of a protein FASTA: with places where Prodigal wrote the headers, else by name and length alone."""
    genes = []
    for header, protein in proteins(path).items():
        place = _PRODIGAL.match(header)
        name = header.split(None, 1)[0]
        if place:
            start, end = int(place[3]), int(place[4])
            strand = "+" if place[5] == "1" else "-"
            genes.append(Gene(name, place[1], start, end, strand, end - start + 1, None, "faa"))
        else:
            product = header.partition(" ")[2].partition(" [")[0].strip() or None
            genes.append(Gene(name, None, None, None, None, 3 * len(protein.rstrip("*")) + 3, product, "faa"))
    return _joined(genes)


def proteins(path: Path) -> dict[str, str]:
    """Sequences of a protein FASTA, by whole header."""
    found: dict[str, list[str]] = {}
    last: list[str] | None = None
    for line in text_lines(path):
        if line.startswith(">"):
            last = found.setdefault(line[1:].strip(), [])
        elif last is not None:
            last.append(line.strip())
    return {header: "".join(parts) for header, parts in found.items() if header}


def genbank_genes(path: Path) -> list[tuple[Gene, dict[str, list[str]]]]:
    """Coding features of a GenBank flat file, each with its qualifiers."""
    found: list[tuple[Gene, dict[str, list[str]]]] = []
    contig, version, table = "", "", False
    block: list[str] = []
    for line in text_lines(path):
        if line.startswith("LOCUS"):
            contig, version = line.split()[1], ""
        elif line.startswith("VERSION") and len(line.split()) > 1:
            version = line.split()[1]
        elif line.startswith("FEATURES"):
            table, block = True, []
        elif table and line[:1].strip():  # ORIGIN, CONTIG or //: the table ends
            found += _features(block, version or contig, contig)
            table = False
        elif table:
            block.append(line)
    return found


def _features(block: Sequence[str], contig: str, locus: str) -> Iterator[tuple[Gene, dict[str, list[str]]]]:
    entries: list[list[str]] = []
    for line in block:
        if line[5:6].strip():
            entries.append([line])
        elif entries:
            entries[-1].append(line)
    for entry in entries:
        if entry[0][5:21].strip() != "CDS":
            continue
        body = [entry[0][21:].strip(), *(line.strip() for line in entry[1:])]
        first = next((i for i, line in enumerate(body) if line.startswith("/")), len(body))
        place = "".join(body[:first])
        spans = [(int(a), int(b)) for a, b in re.findall(r"<?(\d+)\.\.>?(\d+)", place)]
        if not spans:
            continue
        qualifiers: dict[str, list[str]] = {}
        for part in re.split(r"(?m)^/", "\n".join(body[first:]))[1:]:
            key, _, value = part.partition("=")
            text = value.strip().strip('"')
            qualifiers.setdefault(key.strip(), []).append(text.replace("\n", "" if key == "translation" else " "))
        names = [qualifiers[key][0] for key in ("locus_tag", "protein_id", "gene") if key in qualifiers]
        start, end = min(a for a, _ in spans), max(b for _, b in spans)
        gene = Gene(
            names[0] if names else f"{contig}:{start}-{end}",
            contig,
            start,
            end,
            "-" if "complement" in place else "+",
            sum(b - a + 1 for a, b in spans),
            qualifiers.get("product", [None])[0],
            "gbk",
            (*names, f"contig:{locus}"),
        )
        yield gene, qualifiers


def pyrodigal_genes(genome: Genome) -> list[Gene]:
    """Call genes with pyrodigal (GPL-3, an optional extra), in Prodigal's metagenomic mode below 20,000 bases.

    Raises
    ------
    CommensalError
        pyrodigal is not installed.
    """
    pyrodigal = needed("pyrodigal")
    small = genome.length < 20_000
    finder = pyrodigal.GeneFinder(meta=small)
    if not small:
        finder.train(*genome.contigs)
    genes = []
    for name, contig in zip(genome.ids, genome.contigs, strict=True):
        for at, call in enumerate(finder.find_genes(contig), 1):
            strand = "+" if call.strand == 1 else "-"
            genes.append(
                Gene(f"{name}_{at}", name, call.begin, call.end, strand, call.end - call.begin + 1, None, "pyrodigal")
            )
    return genes
