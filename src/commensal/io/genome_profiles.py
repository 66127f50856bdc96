r"""sylph's profile and mOTUs: abundances of genomes and of marker-gene clusters.

Source of the formats: sylph's documentation (https://sylph-docs.github.io/Output-format/): one row per sample and
genome, percentages; mOTUs' manual (https://github.com/motu-tool/mOTUs/wiki): ``#`` lines, a header
``#consensus_taxonomy`` or ``#mOTU``, the last row ``unassigned`` (``-1`` in version 1).

Examples
--------
>>> import tempfile
>>> from commensal.study.declared import Assay
>>> with tempfile.TemporaryDirectory() as folder:
...     place = Path(folder, "m.tsv")
...     _ = place.write_text("# git tag version 3.0.3\n#consensus_taxonomy\tS1\nA b [m_1]\t3\nunassigned\t2\n")
...     matrix = read_motus(place, Assay("m", "taxa", file="m.tsv", value="counts"), ["S1"])
>>> matrix.features, matrix.values.tolist(), matrix.quality.loc["S1"].to_dict()
(('A b [m_1]',), [[3.0]], {'unassigned': 2.0})
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from commensal.errors import FormatError, StudyFileError, TableError
from commensal.io.contents import Format, Matrix
from commensal.io.profiles import Profile, amount, join, matrix_of, require_width, rows_of
from commensal.io.text import head_text
from commensal.study.declared import Assay

_SYLPH = ("Sample_file", "Genome_file", "Taxonomic_abundance", "Sequence_abundance")
_MOTUS = ("#mOTU", "#consensus_taxonomy", "#mOTUs_clade")
_NOTES = ("consensus_taxonomy", "NCBI_tax_id")


def sniff_sylph(path: Path) -> bool:
    """Say whether the header is that of ``sylph profile``."""
    return tuple(head_text(path).split("\n", 1)[0].split("\t")[:4]) == _SYLPH


def sniff_motus(path: Path) -> bool:
    """Say whether the header, after lines of comments, is that of mOTUs."""
    lines = [line for line in head_text(path).split("\n")[:20] if line.startswith("#")]
    return any(line.split("\t")[0] in _MOTUS and "\t" in line for line in lines)


def read_sylph(path: Path, assay: Assay, sample_ids: Sequence[str]) -> Matrix:
    """Read a profile of one or more samples; see `_sylph`."""
    return matrix_of(_sylph(path, assay), assay, sample_ids)


def read_sylph_files(paths: Mapping[str, Path], assay: Assay, root: Path) -> Matrix:  # noqa: ARG001
    """Read a profile for each sample; see `_sylph`."""
    return join({sample: _sylph(path, assay) for sample, path in paths.items()}, assay)


def _sylph(path: Path, assay: Assay) -> Profile:
    """Read Taxonomic_abundance, or with ``sheet`` Sequence_abundance or Eff_cov; a genome not listed is 0.

    Raises
    ------
    StudyFileError
        No such column.
    TableError, FormatError
        A cell that is no number, a row that was cut, a genome twice in a sample.
    """
    rows = rows_of(path)
    header = [cell.strip() for cell in rows[0].cells] if rows else []
    if tuple(header[:4]) != _SYLPH:
        raise FormatError(
            "the file is no profile of sylph", where=path.name, found=", ".join(header[:4]), expected=", ".join(_SYLPH),
            mend="give what sylph profile wrote",
        )  # fmt: skip
    column = assay.sheet or "Taxonomic_abundance"
    if column not in header[2:]:
        raise StudyFileError(
            "the profile has no such column", where=f"[assays.{assay.name}] sheet", found=repr(column),
            expected="Taxonomic_abundance, Sequence_abundance or Eff_cov", mend="correct it, or leave it out",
        )  # fmt: skip
    j, contig = header.index(column), header.index("Contig_name") if "Contig_name" in header else None
    found: dict[tuple[str, str], float] = {}
    lines: dict[str, int] = {}
    contigs: dict[str, str] = {}
    for row in rows[1:]:
        require_width(row, len(header), path.name, "sylph")
        genome = re.sub(r"\.(fna|fa|fasta)(\.gz)?$", "", row.cells[1].rpartition("/")[2])
        key = (row.cells[0], genome)
        if key in found:
            raise TableError(
                "a genome is twice in a sample", where=f"{path.name}, line {row.line}", found=repr(genome),
                expected="one row per sample and genome", mend="remove one of the rows",
            )  # fmt: skip
        found[key] = amount(row.cells[j], path.name, row.line, column)
        lines.setdefault(genome, row.line)
        contigs.setdefault(genome, row.cells[contig] if contig is not None else "")
    samples = tuple(dict.fromkeys(sample for sample, _ in found))
    values = np.array([[found.get((sample, genome), 0.0) for sample in samples] for genome in lines])
    rest = {}
    if column != "Eff_cov" and samples:
        unknown = 100 - values.sum(axis=0)
        if (unknown > 0.1).any():  # sylph profile -u
            rest["unknown"] = np.maximum(unknown, 0)
    return Profile(
        path.name, samples, tuple(lines), values.reshape(len(lines), len(samples)), tuple(lines.values()),
        {"Contig_name": list(contigs.values())}, rest, (("other columns", f"{column} is read"),),
    )  # fmt: skip


def read_motus(path: Path, assay: Assay, sample_ids: Sequence[str]) -> Matrix:
    """Read a merged profile.

    Raises
    ------
    TableError, FormatError
        A cell that is no number, a row that was cut, no mOTUs.
    """
    return matrix_of(_motus(path), assay, sample_ids)


def read_motus_files(paths: Mapping[str, Path], assay: Assay, root: Path) -> Matrix:  # noqa: ARG001
    """Read a profile for each sample; see `read_motus`."""
    parts = {sample: _motus(path) for sample, path in paths.items()}
    return join({s: replace(one, samples=("",)) if len(one.samples) == 1 else one for s, one in parts.items()}, assay)


def _motus(path: Path) -> Profile:
    rows = rows_of(path)
    start = next((i for i, row in enumerate(rows) if row.cells[0] in _MOTUS and len(row.cells) > 1), None)
    if start is None:
        raise FormatError(
            "no header of mOTUs", where=path.name, found=repr("\t".join(rows[0].cells)[:60]) if rows else "no rows",
            expected=" or ".join(_MOTUS), mend="give the file as mOTUs wrote it",
        )  # fmt: skip
    header = [cell.strip() for cell in rows[start].cells]
    columns = [j for j, name in enumerate(header) if j and name not in _NOTES]
    ids, lines, cells, kept = [], [], [], []
    rest = {}
    for row in rows[start + 1 :]:
        require_width(row, len(header), path.name, "mOTUs")
        numbers = [amount(row.cells[j], path.name, row.line, header[j]) for j in columns]
        if row.cells[0] in ("unassigned", "-1"):
            rest["unassigned"] = np.array(numbers)
            continue
        ids.append(row.cells[0])
        lines.append(row.line)
        cells.append(numbers)
        kept.append(row)
    notes = {name: [row.cells[j] for row in kept] for j, name in enumerate(header) if name in _NOTES}
    return Profile(
        path.name, tuple(header[j] for j in columns), tuple(ids), np.array(cells).reshape(len(ids), len(columns)),
        tuple(lines), notes, rest,
    )  # fmt: skip


SYLPH = Format(
    "sylph", "sylph profile, of one or more samples", sniff_sylph, read_sylph, read_files=read_sylph_files, sheets=True
)
MOTUS = Format("motus", "mOTUs, a file per sample or merged", sniff_motus, read_motus, read_files=read_motus_files)
