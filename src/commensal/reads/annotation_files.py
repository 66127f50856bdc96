"""Gene → KO and EC from the files that annotation tools write: one reader each, found by the file's contents."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from commensal.errors import FormatError
from commensal.reads.reference_genes import LONGEST, Feature, features, genbank_genes, text_lines

KO = re.compile(r"(?<!\w)K\d{5}(?!\w)")
#: An EC number: four levels, of which the last may be provisional (n1) and the last ones open (-).
EC = re.compile(r"(?:(?<![\w.])|(?<=\bEC))([1-7](?:\.(?:\d+|-)){2}\.(?:n?\d+|-))(?!\d|\.\d)")


@dataclass(frozen=True, slots=True)
class Hit:
    """One entry: a gene's name in the file, where it lies (when the file says), and what it is."""

    gene: str
    namespace: str
    id: str
    source: str
    score: float | None = None
    genome: str | None = None
    contig: str | None = None
    start: int | None = None
    end: int | None = None


@dataclass(frozen=True, slots=True)
class Annotations:
    """The entries of one file; ``below`` counts hits that their tool did not hold to be assignments."""

    kind: str
    hits: tuple[Hit, ...]
    below: int = 0


def read_annotations(path: Path) -> Annotations:
    """Read one file of annotations, whatever tool wrote it.

    KofamScan (GFF, detail and mapper tables: hits above the threshold only), eggNOG-mapper, Bakta, Prokka, any GFF3
    or GenBank with ``KO``, ``EC_number`` or ``Dbxref`` attributes, or a table with a header that has a column of
    genes and one of KO or EC numbers.

    Raises
    ------
    FormatError
        The file is empty, damaged, or of no kind that is known here.
    """
    name = path.name.lower().removesuffix(".gz")
    if name.endswith((".gff", ".gff3")):
        return _gff(path)
    if name.endswith((".gbk", ".gbff", ".gb", ".genbank")):
        return _genbank(path)
    lines = [line for line in text_lines(path) if line.strip()]
    if not lines:
        raise FormatError("the annotation file is empty", where=path.name, mend="make it again, or take it out")
    if lines[0].startswith("##gff"):
        return _gff(path)
    for reader in (_kofam_detail, _eggnog, _bakta, _prokka, _mapper, _plain):
        found = reader(lines)
        if found is not None:
            return found
    raise FormatError(
        "the annotation file is of no known kind",
        where=path.name,
        found=repr(lines[0][:80]),
        expected="KofamScan, eggNOG-mapper, Bakta, Prokka, GFF3, GenBank, or a table with columns gene and KO",
        mend="give the table a first line: gene<TAB>KO",
    )


def terms(text: str) -> list[tuple[str, str]]:
    """Return every KO and EC number in a text, with its namespace, each once.

    Examples
    --------
    >>> terms("ko:K00278,EC:1.4.3.16 and 2.7.1.-")
    [('KO', 'K00278'), ('EC', '1.4.3.16'), ('EC', '2.7.1.-')]
    """
    found = [("KO", ko) for ko in KO.findall(text)] + [("EC", ec) for ec in EC.findall(text)]
    return list(dict.fromkeys(found))


def _gff(path: Path) -> Annotations:
    hits: list[Hit] = []
    below, kofam = 0, False
    for one in features(path):
        own = one.attributes
        if "F_score" in own or ("KO" in own and one.source.lower().startswith("kofam")):
            kofam = True
            if own.get("F_score") != "*":
                below += "KO" in own
                continue
            texts = [own.get("KO", ""), own.get("Name", "")]
        else:
            texts = [value for key, value in own.items() if _is_function(key)]
            texts += [value for key, value in own.items() if key in {"Dbxref", "db_xref", "Ontology_term"}]
        hits += _located(one, texts, "kofam" if own.get("F_score") == "*" else "gff")
    return Annotations("kofam" if kofam else "gff", tuple(hits), below)


def _is_function(key: str) -> bool:
    return key.lower() in {"ko", "kegg", "kegg_ko", "ko_id", "kegg_orthology", "ec", "ec_number"}


def _located(one: Feature, texts: Iterable[str], source: str) -> Iterator[Hit]:
    score = one.attributes.get("score") if source == "kofam" else None
    for namespace, name in terms(" ".join(texts)):
        yield Hit(one.name, namespace, name, source, _number(score), contig=one.contig, start=one.start, end=one.end)


def _genbank(path: Path) -> Annotations:
    hits = []
    for gene, qualifiers in genbank_genes(path):
        texts = [*qualifiers.get("EC_number", ()), *qualifiers.get("db_xref", ()), *qualifiers.get("KO", ())]
        texts += [note for note in qualifiers.get("note", ()) if KO.search(note)]
        for namespace, name in terms(" ".join(texts)):
            hits.append(Hit(gene.gene, namespace, name, "gbk", contig=gene.contig, start=gene.start, end=gene.end))
    return Annotations("gbk", tuple(hits))


def _kofam_detail(lines: list[str]) -> Annotations | None:
    """KofamScan's detail tables: ``*`` marks hits above the threshold; blanks or tabs between columns."""
    header = lines[0]
    if not (header.startswith("#") and "thrshld" in header and "KO" in header.split()):
        return None
    hits, below = [], 0
    for line in lines[1:]:
        if line.startswith("#"):
            continue
        cells = [cell.strip() for cell in line.split("\t")] if "\t" in line else line.replace("*", "* ", 1).split()
        mark = cells[0] == "*"
        cells = cells[1:] if mark or not cells[0] else cells
        if not mark:
            below += 1
        elif len(cells) >= 5 and KO.fullmatch(cells[1]):
            definition = " ".join(cells[5:])
            for namespace, name in [("KO", cells[1]), *((n, i) for n, i in terms(definition) if n == "EC")]:
                hits.append(Hit(cells[0], namespace, name, "kofam", _number(cells[3])))
    return Annotations("kofam", tuple(hits), below)


def _mapper(lines: list[str]) -> Annotations | None:
    """KofamScan's mapper table: gene, or gene and KO, no header."""
    rows = [line.rstrip("\n").split("\t") for line in lines]
    if any(len(row) > 2 or (len(row) == 2 and row[1] and not KO.fullmatch(row[1])) for row in rows):
        return None
    if not any(len(row) == 2 and row[1] for row in rows):
        return None
    return Annotations("kofam", tuple(Hit(row[0], "KO", row[1], "kofam") for row in rows if len(row) == 2 and row[1]))


def _eggnog(lines: list[str]) -> Annotations | None:
    at = next((i for i, line in enumerate(lines[:50]) if "KEGG_ko" in line.split("\t")), None)
    if at is None:
        return None
    header = [name.strip().lstrip("#").lower() for name in lines[at].split("\t")]
    columns = [header.index(name) for name in ("kegg_ko", "ec") if name in header]
    score = header.index("score") if "score" in header else None
    return Annotations("eggnog", tuple(_cells(lines[at + 1 :], 0, columns, "eggnog", score)))


def _bakta(lines: list[str]) -> Annotations | None:
    at = next((i for i, line in enumerate(lines[:10]) if line.startswith("#Sequence Id\tType\tStart")), None)
    if at is None:
        return None
    hits = []
    for line in lines[at + 1 :]:
        cells = line.split("\t")
        if len(cells) < 9 or not all(one.isdecimal() and len(one) < LONGEST for one in cells[2:4]):
            continue
        for namespace, name in terms(cells[8]):
            gene = cells[5] or f"{cells[0]}:{cells[2]}-{cells[3]}"
            hits.append(Hit(gene, namespace, name, "bakta", contig=cells[0], start=int(cells[2]), end=int(cells[3])))
    return Annotations("bakta", tuple(hits))


def _prokka(lines: list[str]) -> Annotations | None:
    header = lines[0].split("\t")
    if header[:2] != ["locus_tag", "ftype"] or "EC_number" not in header:
        return None
    return Annotations("prokka", tuple(_cells(lines[1:], 0, [header.index("EC_number")], "prokka", None)))


def _plain(lines: list[str]) -> Annotations | None:
    """Any table with a header: a column of genes, and columns of KO or EC numbers."""
    mark = "\t" if "\t" in lines[0] else ","
    rows = list(csv.reader(lines, delimiter=mark))
    header = [name.strip().lstrip("#").lower() for name in rows[0]]
    gene = _first(header, ("gene", "gene_id", "locus_tag", "query", "query_name", "protein", "protein_id", "id_gene"))
    genome = _first(header, ("genome", "genome_id", "bin", "mag", "fasta"))
    columns = [
        i for i, name in enumerate(header) if _is_function(name) or name in {"id", "kegg_id", "kegg_hit", "term"}
    ]
    if not columns or (gene is None and header[0]):
        return None
    gene = 0 if gene is None else gene
    return Annotations(
        "tsv", tuple(_cells([mark.join(row) for row in rows[1:]], gene, columns, "tsv", None, genome, mark))
    )


def _first(header: list[str], names: tuple[str, ...]) -> int | None:
    return next((header.index(name) for name in names if name in header), None)


def _cells(
    lines: Iterable[str],
    gene: int,
    columns: list[int],
    source: str,
    score: int | None,
    genome: int | None = None,
    mark: str = "\t",
) -> Iterator[Hit]:
    for line in lines:
        cells = line.split(mark)
        if line.startswith("#") or len(cells) <= max(columns):
            continue
        value = _number(cells[score]) if score is not None else None
        for namespace, name in terms(" ".join(cells[i] for i in columns)):
            yield Hit(
                cells[gene].strip(),
                namespace,
                name,
                source,
                value,
                cells[genome].strip() if genome is not None else None,
            )


def _number(text: str | None) -> float | None:
    try:
        return float(text) if text else None
    except ValueError:
        return None
