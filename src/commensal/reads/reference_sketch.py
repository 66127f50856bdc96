"""Sketches of genomes, and which genomes are near each other."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from commensal.reads.needs import needed
from commensal.reads.reference_fasta import Genome, GenomeError
from commensal.reads.reference_tables import table

#: sylph reports no genome of which it knows fewer k-mers.
FEWEST_KMERS = 50
#: Pairs below this identity are no neighbours.
LEAST_ANI = 0.9
#: One k-mer of so many is looked at to find the pairs worth counting.
_SCREEN = 8


def sketch_genome(name: str, genome: Genome, *, c: int, k: int) -> Any:
    """Sketch one genome as sylph does: one k-mer of ``c``, kept with those left out for spacing.

    Raises
    ------
    GenomeError
        It is too short to be found in a sample.
    """
    sketch = needed("pysylph").Sketcher(c=c, k=k).sketch_genome(name, genome.contigs)
    if len(sketch.kmers) < FEWEST_KMERS:
        raise GenomeError(
            "too_short",
            "the genome is too short to be found",
            found=f"{genome.length:,} bases, {len(sketch.kmers)} k-mers",
            expected=f"at least {FEWEST_KMERS} k-mers, which take about {FEWEST_KMERS * c:,} bases",
            mend="leave it out, or build with a smaller --c",
        )
    return sketch


def write_sketches(sketches: Iterable[Any], path: Path) -> None:
    """Write sketches as a database that pysylph and sylph read."""
    needed("pysylph").Database(list(sketches)).dump(str(path))


def read_sketches(path: Path) -> list[Any]:
    """Read the sketches of a database, in its order."""
    return list(needed("pysylph").DatabaseFile(str(path)))


def neighbours(sketches: Iterable[Any]) -> pd.DataFrame:
    """Find all pairs of genomes with an average nucleotide identity of at least 0.9.

    ANI = C^(1/k), where C is the share of the smaller genome's sampled k-mers that the other has too. Pairs are found
    by one k-mer of eight and counted by all. Source: containment and identity under random substitutions, Ondov et
    al. 2016 (doi:10.1186/s13059-016-0997-x), Shaw and Yu 2024 (doi:10.1038/s41587-024-02412-y).

    Returns
    -------
    pandas.DataFrame
        genome, neighbour, ani, aligned_fraction (unknown here: missing); each pair in both orders, nearest first.
    """
    from scipy import sparse

    names, kmers, size = [], [], 31
    for sketch in sketches:
        names.append(sketch.name)
        size = sketch.k
        kmers.append(np.unique(np.array(sketch.kmers, dtype=np.uint64)))
    screened = [own[own % _SCREEN == 0] for own in kmers]
    flat = np.concatenate(screened) if screened else np.array([], dtype=np.uint64)
    _, column = np.unique(flat, return_inverse=True)
    row = np.repeat(np.arange(len(names)), [len(own) for own in screened])
    held = sparse.csr_matrix(
        (np.ones(len(flat), dtype=np.int32), (row, column)), shape=(len(names), column.max(initial=-1) + 1)
    )
    shared = sparse.coo_matrix(sparse.triu(held @ held.T, k=1))
    rows = []
    least = LEAST_ANI**size
    for i, j, count in zip(shared.row, shared.col, shared.data, strict=True):
        if count < least / 2 * min(len(screened[i]), len(screened[j])):
            continue
        contained = len(np.intersect1d(kmers[i], kmers[j], assume_unique=True)) / min(len(kmers[i]), len(kmers[j]))
        ani = contained ** (1 / size)
        if ani >= LEAST_ANI:
            rows += [{"genome": names[a], "neighbour": names[b], "ani": ani} for a, b in ((i, j), (j, i))]
    found = table("neighbours", rows)
    return found.sort_values(["genome", "ani", "neighbour"], ascending=[True, False, True], ignore_index=True)
