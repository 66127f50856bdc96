r"""salmon (``quant.sf``) and kallisto (``abundance.tsv``): estimated counts per transcript, one file per sample.

Source of the formats: salmon's documentation, "Salmon Output File Formats"; kallisto's manual, "quant". With
``tx2gene`` transcripts are added up to genes as tximport does with ``countsFromAbundance = "lengthScaledTPM"``
(Soneson, Love & Robinson 2015, F1000Research 4:1521): TPM times the gene's mean length, scaled to each sample's total,
so that a gene which only changes its transcripts is no change in counts. Estimates are rounded to whole numbers.

Examples
--------
>>> import tempfile
>>> from commensal.study.declared import Assay
>>> with tempfile.TemporaryDirectory() as folder:
...     place = Path(folder, "quant.sf")
...     _ = place.write_text("Name\tLength\tEffectiveLength\tTPM\tNumReads\ntx1\t900\t700.5\t10.0\t7.4\n")
...     matrix = read_salmon({"S1": place}, Assay("rna", "transcripts", value="counts"), Path(folder))
>>> matrix.features, matrix.values.tolist()
(('tx1',), [[7.0]])
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from commensal.errors import FormatError, TableError, listing
from commensal.io.contents import Format, Matrix, no_annotations, require_unique
from commensal.io.grid import BadCell, read_grid
from commensal.io.paths import locate
from commensal.io.text import head_text
from commensal.study.declared import Assay
from commensal.study.loaded import Dropped

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Columns:
    """The names of a tool's columns."""

    tool: str
    name: str
    length: str
    tpm: str
    counts: str
    header: tuple[str, ...]


_SALMON = _Columns(
    "salmon", "Name", "EffectiveLength", "TPM", "NumReads", ("Name", "Length", "EffectiveLength", "TPM", "NumReads")
)
_KALLISTO = _Columns(
    "kallisto",
    "target_id",
    "eff_length",
    "tpm",
    "est_counts",
    ("target_id", "length", "eff_length", "est_counts", "tpm"),
)


def _begins(path: Path, columns: _Columns) -> bool:
    return tuple(head_text(path).split("\n", 1)[0].split("\t")) == columns.header


def sniff_salmon(path: Path) -> bool:
    """Say whether the header is that of quant.sf."""
    return _begins(path, _SALMON)


def sniff_kallisto(path: Path) -> bool:
    """Say whether the header is that of abundance.tsv."""
    return _begins(path, _KALLISTO)


def read_salmon(paths: Mapping[str, Path], assay: Assay, root: Path) -> Matrix:
    """Read salmon's estimates; see `_read`."""
    return _read(paths, assay, root, _SALMON)


def read_kallisto(paths: Mapping[str, Path], assay: Assay, root: Path) -> Matrix:
    """Read kallisto's estimates; see `_read`."""
    return _read(paths, assay, root, _KALLISTO)


def _read(paths: Mapping[str, Path], assay: Assay, root: Path, columns: _Columns) -> Matrix:
    """Read estimated counts of transcripts, or with ``tx2gene`` of genes.

    Raises
    ------
    TableError
        A cell that is no number, a negative one, transcripts that are not those of the other samples, a tx2gene that
        knows none of them.
    FormatError
        Not the tool's columns.
    """
    transcripts: list[str] = []
    parts: dict[str, list[Array]] = {"length": [], "tpm": [], "counts": []}
    for path in paths.values():
        names, own = _one(path, columns)
        if not transcripts:
            transcripts = names
            require_unique(names, lambda i: f"line {i + 2}", what="feature", file=path.name)
        elif names != transcripts:
            raise TableError(
                "the transcripts are not those of the other samples",
                where=f"{path.parent.name}/{path.name}",
                found=f"{len(names)} transcripts", expected=f"the same {len(transcripts)} in the same order",
                mend="quantify all samples against the same index",
            )  # fmt: skip
        for key, values in own.items():
            parts[key].append(values)
    length, tpm, counts = (np.array(parts[key]) for key in ("length", "tpm", "counts"))
    file = assay.files or next(iter(paths.values())).name
    where = f"assay {assay.name}"
    if assay.tx2gene is None:
        told = Dropped("part", where, "estimated counts", f"{columns.tool} estimates them: rounded to whole numbers")
        return _matrix(file, paths, transcripts, np.rint(counts), no_annotations(transcripts), (told,))
    genes, names_of, code, unknown = _genes(assay, root, transcripts)
    summed = _scaled(length, tpm, counts, code, len(genes))
    way = "TPM times the gene's mean length, scaled to the sample's total: lengthScaledTPM"
    words = f"{columns.tool}'s transcripts were added up to genes ({way}) and rounded"
    told_all = [Dropped("part", where, "estimated counts", words)]
    if unknown:
        told_all.append(
            Dropped("part", where, f"{len(unknown)} transcripts", f"not in {assay.tx2gene}: {listing(unknown, 6)}")
        )
    annotations = no_annotations(genes)
    if any(names_of):
        annotations["gene_name"] = names_of
    return _matrix(file, paths, genes, np.rint(summed), annotations, tuple(told_all))


def _matrix(
    file: str,
    paths: Mapping[str, Path],
    features: list[str],
    values: Array,
    annotations: pd.DataFrame,
    told: tuple[Dropped, ...],
) -> Matrix:
    files = list(paths.values())
    return Matrix(
        file, tuple(paths), tuple(features), values, annotations,
        lambda i, k: f"{files[i].parent.name}/{files[i].name}, {features[k]!r}", told,
    )  # fmt: skip


def _one(path: Path, columns: _Columns) -> tuple[list[str], dict[str, Array]]:
    grid = read_grid(path)
    if tuple(grid.header) != columns.header:
        raise FormatError(
            f"the file is no output of {columns.tool}",
            where=f"{path.parent.name}/{grid.file}", found=listing(map(repr, grid.header), 6),
            expected=listing(columns.header), mend="name the files as the tool wrote them",
        )  # fmt: skip
    read: dict[str, Array] = {}
    for key in ("length", "tpm", "counts"):
        name = getattr(columns, key)
        numbers = grid.numbers(grid.header.index(name))
        bad = numbers.row if isinstance(numbers, BadCell) else None
        if not isinstance(numbers, BadCell):
            wrong = np.flatnonzero(~(np.isfinite(numbers) & (numbers >= 0)))
            bad = int(wrong[0]) if wrong.size else None
        if bad is not None or isinstance(numbers, BadCell):
            raise TableError(
                "a cell is no number of 0 or more",
                where=f"{path.parent.name}/{grid.file}, {grid.place(bad or 0)}, column {name!r}",
                found=repr(numbers.found) if isinstance(numbers, BadCell) else f"{numbers[bad or 0]:g}",
                expected="an estimate", mend="give the file as the tool wrote it",
            )  # fmt: skip
        read[key] = numbers
    return grid.text(0), read


def _genes(
    assay: Assay, root: Path, transcripts: list[str]
) -> tuple[list[str], list[str], NDArray[np.intp], list[str]]:
    """Return genes, their names, each transcript's gene (−1: none), and the transcripts without a gene."""
    path = locate(root, assay.tx2gene or "", f"[assays.{assay.name}] tx2gene")
    grid = read_grid(path, all_text=True, missing=())
    if len(grid.header) < 2:
        raise FormatError("the table has one column", where=grid.file, expected="transcript, gene (and gene name)")
    columns = [grid.text(j) for j in range(min(len(grid.header), 3))]
    if grid.header[0] in set(transcripts):  # no header: its first row is one of the transcripts
        columns = [[str(grid.header[j]), *column] for j, column in enumerate(columns)]
    gene_of = dict(zip(columns[0], columns[1], strict=True))
    name_of = dict(zip(columns[1], columns[2], strict=True)) if len(columns) > 2 else {}
    unknown = [name for name in transcripts if not gene_of.get(name)]
    if len(unknown) == len(transcripts):
        bare = {name.partition(".")[0] for name in columns[0]}
        hint = any(name.partition(".")[0] in bare for name in transcripts)
        raise TableError(
            "the table of transcripts and genes knows none of the transcripts",
            where=grid.file, found=listing(map(repr, columns[0]), 3),
            expected=f"such as {listing(map(repr, transcripts), 3)}",
            mend="without the version after the dot they would fit: make both alike"
            if hint else "take the table that goes with the index",
        )  # fmt: skip
    genes = list(dict.fromkeys(gene_of[name] for name in transcripts if gene_of.get(name)))
    at = {gene: i for i, gene in enumerate(genes)}
    code = np.array([at.get(gene_of.get(name, ""), -1) for name in transcripts], dtype=np.intp)
    return genes, [name_of.get(gene, "") for gene in genes], code, unknown


def _scaled(length: Array, tpm: Array, counts: Array, code: NDArray[np.intp], m: int) -> Array:
    """Return lengthScaledTPM (n, m) of transcripts (n, t) whose gene is code (t,)."""
    known = code >= 0
    n = len(counts)

    def summed(values: Array) -> Array:
        made = np.zeros((n, m))
        for i in range(n):
            made[i] = np.bincount(code[known], weights=values[i, known], minlength=m)
        return made

    abundance, total = summed(tpm), summed(counts)
    members = np.bincount(code[known], minlength=m)
    with np.errstate(invalid="ignore", divide="ignore"):
        own = np.where(abundance > 0, summed(tpm * length) / abundance, np.nan)
    plain = summed(length).mean(axis=0) / np.maximum(members, 1)  # of a gene that no sample has
    logs = np.log(np.where(own > 0, own, np.nan))
    seen = np.isfinite(logs).any(axis=0)
    middle = np.full(m, np.nan)
    middle[seen] = np.exp(np.nanmean(logs[:, seen], axis=0))
    # as tximport: a sample without the gene takes the others' mean
    filled = np.where(np.isfinite(own), own, np.where(seen, middle, plain))
    made = abundance * filled.mean(axis=0)
    scale = made.sum(axis=1, keepdims=True)
    result: Array = made * np.where(scale > 0, total.sum(axis=1, keepdims=True) / np.where(scale > 0, scale, 1), 0)
    return result


SALMON = Format("salmon", "salmon quant.sf, a file per sample", sniff_salmon, read_files=read_salmon)
KALLISTO = Format("kallisto", "kallisto abundance.tsv, a file per sample", sniff_kallisto, read_files=read_kallisto)
