"""Fragments of DNA as a sequencer gets them: which genome, where, how long, which strand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from commensal.errors import UsageError
from commensal.simulation.genomes import Genome, origin


@dataclass(frozen=True, slots=True)
class Fragments:
    """n fragments: places count within all genomes' letters end to end."""

    genome: NDArray[np.int32]  #: (n,) number of the genome
    start: NDArray[np.int64]  #: (n,) first base
    size: NDArray[np.int64]  #: (n,) bases
    reverse: NDArray[np.bool_]  #: (n,) read from the other strand


def fragments(
    rng: np.random.Generator,
    genomes: Sequence[Genome],
    counts: Sequence[int],
    *,
    insert: float,
    insert_sd: float,
    shortest: int,
    replication: Mapping[str, float],
    duplicates: float,
) -> Fragments:
    r"""Draw fragments uniformly over each genome, or denser toward the origin of replication.

    A growing genome has copies falling exponentially from its origin to the opposite end, whose ratio is the
    peak-to-trough ratio :math:`r`; at the share :math:`u` of the way there the density is proportional to
    :math:`r^{-u}`, drawn by its inverse: :math:`u = -\log(1 - v (1 - 1/r)) / \log r` with v uniform.

    Parameters
    ----------
    rng
        The only source of chance.
    genomes, counts
        Genomes, and how many fragments each gives.
    insert, insert_sd, shortest
        Mean, standard deviation and least size of fragments; a contig shorter than its fragment is read whole.
    replication
        Peak-to-trough ratio (at least 1) by genome, for genomes of one main contig.
    duplicates
        Share of fragments that are copies of another.

    Raises
    ------
    UsageError
        A peak-to-trough ratio below 1, or of a genome in pieces.
    """
    offsets = np.concatenate([[0], np.cumsum([genome.length for genome in genomes])])
    parts: list[tuple[NDArray[np.int64], NDArray[np.int64]]] = []
    for genome, count, offset in zip(genomes, counts, offsets, strict=False):
        size = np.maximum(np.rint(rng.normal(insert, insert_sd, size=count)), shortest).astype(np.int64)
        start, size = _places(rng, genome, size, replication.get(genome.name))
        parts.append((start + offset, size))
    order = rng.permutation(sum(counts))
    which = np.repeat(np.arange(len(genomes), dtype=np.int32), counts)[order]
    start = np.concatenate([part[0] for part in parts])[order]
    size = np.concatenate([part[1] for part in parts])[order]
    reverse = rng.random(len(order)) < 0.5
    copies = round(duplicates * len(order))
    if copies:
        # The order is shuffled already: the last ones give way to copies of the others, and all are shuffled again.
        others = len(order) - copies
        source = rng.permutation(np.concatenate([np.arange(others), rng.integers(0, others, size=copies)]))
        which, start, size, reverse = which[source], start[source], size[source], reverse[source]
    return Fragments(which, start, size, reverse)


def _places(
    rng: np.random.Generator, genome: Genome, size: NDArray[np.int64], ratio: float | None
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """First base and size of each fragment, within contigs; (n,) each."""
    if ratio is None:
        middle = rng.integers(0, genome.length, size=len(size))
    else:
        middle = _growing(rng, genome, len(size), ratio)
    contig = np.searchsorted(genome.ends, middle, side="right")
    low, high = genome.starts[contig], genome.ends[contig]
    size = np.minimum(size, high - low)
    # A fragment that would cross a contig's end is drawn again from that contig, so that its ends are covered as in a
    # real library: less, never more.
    start = middle - size // 2
    out = (start < low) | (start + size > high)
    again = low + np.floor(rng.random(len(size)) * (high - low - size + 1)).astype(np.int64)
    return np.where(out, again, start), size


def _growing(rng: np.random.Generator, genome: Genome, count: int, ratio: float) -> NDArray[np.int64]:
    """Middles of fragments (count,) of a genome that copies itself; small contigs keep the mean density."""
    main = genome.main
    if main is None or ratio < 1:
        raise UsageError(
            f"{genome.name} cannot be given this peak-to-trough ratio",
            found=f"{ratio:g}, on {len(genome.starts)} contigs",
            expected="1 or more, and one contig with at least 90 % of the bases",
        )
    start, size = int(genome.starts[main]), int(genome.ends[main] - genome.starts[main])
    uniform = rng.random(count)
    way = uniform if ratio == 1 else -np.log1p(-uniform * (1 - 1 / ratio)) / np.log(ratio)
    side = np.where(rng.random(count) < 0.5, 1.0, -1.0)
    first = origin(genome.letters[start : start + size])
    at = start + (first + np.floor(side * way * size / 2).astype(np.int64)) % size
    anywhere = rng.integers(0, genome.length, size=count)
    inside = (anywhere >= start) & (anywhere < start + size)
    return np.where(inside, at, anywhere)
