"""Mapping mode: reads laid on the genomes that were found, for depth and breadth of genes and along the genome."""

from __future__ import annotations

import tempfile
from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from commensal.errors import FormatError
from commensal.reads.fastq import Batch
from commensal.reads.needs import needed
from commensal.reads.sequences import fasta

#: Depth along a genome is kept in bins of this many bases.
BIN = 500
#: An alignment counts when it covers this share of the read and this share of its bases is equal.
COVERED, EQUAL = 0.7, 0.93
#: A seed among this many windows, instead of 11: quicker, smaller, and nearly as many reads of another strain placed.
SPARSE = 19
_FLUSH, _INSERTS = 600_000, 20_000


@dataclass(eq=False)
class Laid:
    """Reads laid on one genome.

    ``covered`` (length,) says which bases any read covers; ``starts`` and ``unique`` (bins,) count where alignments
    start, all and those with one place only; ``gene_bases`` and ``gene_unique`` (genes,) are aligned bases in each
    gene; ``edges`` are the contigs' starts in the concatenated genome, and ``gc`` (bins,) the share of G and C.
    """

    name: str
    contigs: dict[str, int]
    length: int
    genes: pd.DataFrame
    gc: NDArray[np.float64]
    covered: NDArray[np.bool_]
    starts: NDArray[np.int64]
    unique: NDArray[np.int64]
    gene_bases: NDArray[np.float64]
    gene_unique: NDArray[np.float64]
    bases: float = 0.0
    waiting: array[int] = field(default_factory=lambda: array("q"))

    @property
    def breadth(self) -> float:
        """Share of the genome's bases that reads cover."""
        return float(self.covered.mean())

    @property
    def depth(self) -> float:
        """Depth of a gene of one copy: the median of the bins that have reads; below 2 × the mean."""
        placed = int(self.starts.sum())
        mean = self.bases / self.length if self.length else 0.0
        if not placed or mean < 2:
            return mean
        return float(np.median(self.starts[self.starts > 0])) * (self.bases / placed) / BIN

    def flush(self) -> None:
        """Add the waiting alignments (start, end, one place only)."""
        if not self.waiting:
            return
        laid = np.array(self.waiting, dtype=np.int64).reshape(-1, 3)
        self.waiting = array("q")
        self.bases += float((laid[:, 1] - laid[:, 0]).sum())
        np.add.at(self.starts, laid[:, 0] // BIN, 1)
        single = laid[laid[:, 2] > 0]
        np.add.at(self.unique, single[:, 0] // BIN, 1)
        depth = _pile(laid, self.length)
        self.covered |= depth > 0
        if len(self.genes):
            self.gene_bases += _inside(depth, self.genes)
            self.gene_unique += _inside(_pile(single, self.length), self.genes)


@dataclass(eq=False)
class Mapped:
    """All genomes with what was laid on them, the reads that found a place, and inserts of pairs (bases)."""

    genomes: dict[str, Laid]
    reads: int = 0
    placed: int = 0
    inserts: list[int] = field(default_factory=list)

    @property
    def insert_size(self) -> float | None:
        """Median insert of proper pairs, None without any."""
        return float(np.median(self.inserts)) if len(self.inserts) >= 50 else None


def lay(
    batches: Iterable[Batch], sequences: Path, genomes: Sequence[str], genes: pd.DataFrame, *, long: bool = False
) -> Mapped:
    """Map reads to genomes with minimap2.

    Parameters
    ----------
    batches
        Trimmed reads.
    sequences
        Folder ``sequences`` of the reference.
    genomes
        The genomes that were found.
    genes
        genome, gene, contig, start, end (1-based, inclusive).
    long
        Whether the reads are long.

    Raises
    ------
    FormatError
        A genome's sequence is not in the reference, or its genes lie on contigs that it does not have.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "genomes.fna"
        laid: dict[str, Laid] = {}
        with path.open("wb") as out:
            for number, name in enumerate(genomes):
                laid[name] = _genome(name, sequences, genes[genes["genome"] == name], out, number)
        aligner = needed("mappy").Aligner(str(path), **_preset(long))
        if not aligner:
            raise FormatError("the genomes that were found could not be indexed", where=str(sequences))
    mapped = Mapped(laid)
    order = list(laid.values())
    places = {
        f"{number}|{contig}": (one, start) for number, one in enumerate(order) for contig, start in one.contigs.items()
    }
    _map(batches, aligner, places, mapped)
    for one in order:
        one.flush()
    return mapped


def _map(batches: Iterable[Batch], aligner: Any, places: Mapping[str, tuple[Laid, int]], mapped: Mapped) -> None:
    buffer = needed("mappy").ThreadBuffer()
    lay_down = aligner.map
    for batch in batches:
        mates = batch.second or [""] * len(batch.first)
        mapped.reads += len(batch.first) + len(mates) - mates.count("")
        for one, two in zip(batch.first, mates, strict=True):
            ends: list[Any] = []
            for hit in lay_down(one, two or None, buf=buffer):
                if not hit.is_primary:
                    continue
                size = len(one) if hit.read_num == 1 else len(two)
                if hit.q_en - hit.q_st < COVERED * size or hit.mlen < EQUAL * hit.blen:
                    continue
                genome, offset = places[hit.ctg]
                genome.waiting.extend((offset + hit.r_st, offset + hit.r_en, hit.mapq > 0))
                ends.append(hit)
            mapped.placed += len(ends)
            if len(ends) == 2 and len(mapped.inserts) < _INSERTS:
                _insert(ends[0], ends[1], mapped)
        for genome in mapped.genomes.values():
            if len(genome.waiting) >= _FLUSH:
                genome.flush()


def _insert(a: Any, b: Any, mapped: Mapped) -> None:
    if a.ctg == b.ctg and a.strand != b.strand and a.read_num != b.read_num:
        insert = max(a.r_en, b.r_en) - min(a.r_st, b.r_st)
        if insert < 5_000:
            mapped.inserts.append(insert)


def _preset(long: bool) -> dict[str, Any]:
    """Give minimap2 its settings."""
    return {"preset": "map-ont", "best_n": 2} if long else {"preset": "sr", "best_n": 2, "w": SPARSE}


def _genome(name: str, sequences: Path, genes: pd.DataFrame, out: Any, number: int) -> Laid:
    path = sequences / f"{name}.fna.gz"
    if not path.is_file():
        raise FormatError(
            f"the reference has no sequence of {name}",
            where=str(sequences),
            expected=f"{name}.fna.gz",
            mend="build the reference without --no-sequences, or profile without mapping",
        )
    contigs: dict[str, int] = {}
    length = 0
    letters: list[bytes] = []
    for contig, bases in fasta(path):
        contigs[contig] = length
        length += len(bases)
        letters.append(bases)
        out.write(b">%d|%s\n%s\n" % (number, contig.encode(), bases))
    stray = sorted(set(genes["contig"]) - set(contigs))
    if stray:
        raise FormatError(
            f"genes of {name} lie on a contig that its sequence does not have",
            where=path.name,
            found=stray[0],
            mend="build the reference again from sequence and annotation of one assembly",
        )
    start = genes["contig"].map(contigs).to_numpy(dtype=np.int64, na_value=0)
    placed = genes.assign(
        first=np.clip(start + genes["start"].to_numpy(dtype=np.int64) - 1, 0, length),
        last=np.clip(start + genes["end"].to_numpy(dtype=np.int64), 0, length),
    ).reset_index(drop=True)
    bins = -(-length // BIN)
    text = np.frombuffer(b"".join(letters), dtype=np.uint8)
    strong = np.add.reduceat((text == ord("G")) | (text == ord("C")), np.arange(0, length, BIN), dtype=np.int64)
    zeros = np.zeros(bins, dtype=np.int64)
    size = np.full(bins, BIN)
    size[-1] = length - BIN * (bins - 1)
    return Laid(
        name, contigs, length, placed, strong / size, np.zeros(length, dtype=bool), zeros, zeros.copy(),
        np.zeros(len(placed)), np.zeros(len(placed)),
    )  # fmt: skip


def _pile(laid: NDArray[np.int64], length: int) -> NDArray[np.int32]:
    steps = np.bincount(laid[:, 0], minlength=length + 1)[: length + 1].astype(np.int32)
    steps -= np.bincount(np.minimum(laid[:, 1], length), minlength=length + 1)[: length + 1].astype(np.int32)
    return np.cumsum(steps[:-1], dtype=np.int32)


def _inside(depth: NDArray[np.int32], genes: pd.DataFrame) -> NDArray[np.float64]:
    sums = np.concatenate([[0], np.cumsum(depth, dtype=np.int64)])
    inside = sums[genes["last"].to_numpy()] - sums[genes["first"].to_numpy()]
    return np.asarray(inside, dtype=np.float64)
