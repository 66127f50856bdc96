r"""STAR: ``ReadsPerGene.out.tab``, one file per sample: gene, and counts for three kinds of library.

Source of the format: the STAR manual, section "Counting number of reads per gene": column 2 unstranded, 3 the first
read on the strand of the RNA (htseq-count ``-s yes``), 4 on the other (``-s reverse``); the first rows, ``N_…``, count
reads that belong to no gene.

Examples
--------
>>> import tempfile
>>> from commensal.study.declared import Assay
>>> with tempfile.TemporaryDirectory() as folder:
...     place = Path(folder, "S1.tab")
...     _ = place.write_text("N_unmapped\t3\t3\t3\nN_ambiguous\t1\t0\t0\nNampt\t9\t1\t8\n")
...     assay = Assay("rna", "transcripts", value="counts", files="{sample}.tab", strandedness="reverse")
...     matrix = read_files({"S1": place}, assay, Path(folder))
>>> matrix.values.tolist(), matrix.quality.loc["S1"].to_dict()
([[8.0]], {'N_unmapped': 3.0, 'N_ambiguous': 0.0})
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from commensal.errors import FormatError, StudyFileError, TableError
from commensal.io.contents import Format, Matrix, no_annotations, require_unique
from commensal.io.text import head_text, load_text
from commensal.study.declared import Assay

COLUMNS = {"unstranded": 1, "forward": 2, "reverse": 3}


def sniff(path: Path) -> bool:
    """Say whether the file begins with N_unmapped and three counts."""
    first = head_text(path).split("\n", 1)[0].split("\t")
    return len(first) == 4 and first[0] == "N_unmapped"


def read_files(paths: Mapping[str, Path], assay: Assay, root: Path) -> Matrix:  # noqa: ARG001  one signature for all
    """Read one column of each sample's file; rows ``N_…`` become its quality.

    Raises
    ------
    StudyFileError
        ``strandedness`` is not said; the message has the counts of each column, which tell it.
    TableError
        A cell that is no whole number, genes that are not those of the other samples, duplicated genes.
    FormatError
        Not STAR's four columns.
    """
    genes: list[str] = []
    rows: list[NDArray[np.float64]] = []
    quality: list[dict[str, float]] = []
    for path in paths.values():
        names, counts = _read(path)
        special = np.array([name.startswith("N_") for name in names], dtype=bool)
        own = [name for name, apart in zip(names, special, strict=True) if not apart]
        if assay.strandedness is None:
            raise _unsaid(assay, path, counts[~special])
        if not rows:
            genes = own
            require_unique(genes, lambda i: f"gene {i + 1}", what="feature", file=path.name)
        elif own != genes:
            raise _other_genes(path, own, genes)
        column = counts[:, COLUMNS[assay.strandedness] - 1]
        rows.append(column[~special])
        quality.append({name: column[i] for i, name in enumerate(names) if special[i]})
    files = list(paths.values())
    return Matrix(
        assay.files or files[0].name,
        tuple(paths),
        tuple(genes),
        np.array(rows),
        no_annotations(genes),
        lambda i, k: f"{files[i].name}, gene {genes[k]!r}",
        quality=pd.DataFrame(quality, index=list(paths)),
    )


def _read(path: Path) -> tuple[list[str], NDArray[np.float64]]:
    text = load_text(path)
    names, counts = [], []
    for number, line in enumerate(text.data.decode().split("\n"), 1):
        if not line.strip():
            continue
        cells = line.split("\t")
        where = f"{path.parent.name}/{text.file}, line {number}"
        if len(cells) != 4:
            raise FormatError(
                "a row has another number of cells than STAR writes",
                where=where, found=f"{len(cells)} cells", expected="gene and three counts, cut by tabs",
                mend="give ReadsPerGene.out.tab as STAR wrote it (--quantMode GeneCounts)",
            )  # fmt: skip
        if not all(cell.strip().isdecimal() for cell in cells[1:]):
            raise TableError(
                "a cell is no whole number",
                where=where, found=repr(line[:60]), expected="three counts", mend="give the file as STAR wrote it",
            )  # fmt: skip
        names.append(cells[0])
        counts.append([float(cell.strip()) for cell in cells[1:]])
    return names, np.array(counts)


def _unsaid(assay: Assay, path: Path, counts: NDArray[np.float64]) -> StudyFileError:
    totals = dict(zip(COLUMNS, counts.sum(axis=0), strict=True))
    forward, reverse = totals["forward"], totals["reverse"]
    likely = (
        "unstranded"
        if max(forward, reverse) < 3 * min(forward, reverse)
        else "forward"
        if forward > reverse
        else "reverse"
    )
    told = ", ".join(f"{name} {total:,.0f}" for name, total in totals.items())
    return StudyFileError(
        "STAR counts for three kinds of library, and the study file does not say which this is",
        where=f"[assays.{assay.name}] strandedness",
        found=f"reads in genes of {path.parent.name}/{path.name}: {told}",
        expected='strandedness = "unstranded", "forward" or "reverse"',
        mend=f"ask how the libraries were made; these counts look {likely} (equal strands: unstranded)",
    )


def _other_genes(path: Path, own: list[str], genes: list[str]) -> TableError:
    at = next(
        (i for i, (one, other) in enumerate(zip(own, genes, strict=False)) if one != other), min(len(own), len(genes))
    )
    names = [each[at] if at < len(each) else "the end of the file" for each in (own, genes)]
    return TableError(
        "the genes are not those of the other samples",
        where=f"{path.parent.name}/{path.name}",
        found=f"{len(own)} genes, of which number {at + 1} is {names[0]!r}",
        expected=f"{len(genes)} genes, of which number {at + 1} is {names[1]!r}",
        mend="count all samples against the same annotation; a file that was cut short must be copied again",
    )


FORMAT = Format("star", "STAR ReadsPerGene.out.tab, a file per sample", sniff, read_files=read_files)
