"""Sketched k-mers as arrays: those of a sample with their counts, those of the reference's genomes by number."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from commensal.errors import FormatError
from commensal.reads.fastq import Batch
from commensal.reads.needs import needed
from commensal.reads.sylph_file import StoredSketch, stored_sketches

#: References up to this many genomes are compared whole; in larger ones sylph's query chooses the genomes to look at.
WHOLE = 256
#: Genomes of larger references are looked at when sylph's containment ANI is at least this (per cent).
CANDIDATE_ANI = 90.0


@dataclass(frozen=True, slots=True, eq=False)
class SampleKmers:
    """Distinct k-mers (n,), sorted, with ``counts`` (n,); one in ``c`` is kept; ``k`` is their length."""

    kmers: NDArray[np.uint64]
    counts: NDArray[np.int64]
    c: int
    k: int
    sketch: Any

    @property
    def total(self) -> int:
        """All k-mers that were counted."""
        return int(self.counts.sum())


@dataclass(frozen=True, slots=True, eq=False)
class GenomeKmers:
    """Candidate genomes: names, sizes (g,) in bases, and k-mers as numbers into ``kmers`` (m,), sorted.

    ``members`` are each genome's k-mers that lie apart and are counted; ``whole`` holds beside these the k-mers left
    out for their nearness: whether a k-mer is a genome's alone is asked of all.
    """

    names: tuple[str, ...]
    sizes: NDArray[np.float64]
    kmers: NDArray[np.uint64]
    members: tuple[NDArray[np.int64], ...]
    whole: tuple[NDArray[np.int64], ...]

    def counts(self, sample: SampleKmers) -> NDArray[np.int64]:
        """Return counts (m,) of these k-mers in a sample; 0 where it has none."""
        counts = np.zeros(len(self.kmers), dtype=np.int64)
        if len(sample.kmers):
            at = np.minimum(np.searchsorted(sample.kmers, self.kmers), len(sample.kmers) - 1)
            same = sample.kmers[at] == self.kmers
            counts[same] = sample.counts[at[same]]
        return counts


def sketch(batches: Iterable[Batch], *, paired: bool, c: int, k: int, small: bool = False) -> SampleKmers:
    """Sketch reads with sylph's FracMinHash, pulling the batches through once.

    Pairs that start with the same bases as an earlier pair are counted once at low depth (sylph's removal of
    duplicates); for single reads pysylph 0.1 does not remove any. ``small`` says that the sample has less than some
    10 million reads.
    """
    # the exact table of pairs already seen is quicker than the cuckoo filter, but grows with the sample
    sketcher = needed("pysylph").Sketcher(c=c, k=k, fpr=0.0 if small else 0.0001)
    if paired:
        first, second = _mates(iter(batches))
        drawn = sketcher.sketch_paired("sample", first, second)
    else:
        drawn = sketcher.sketch_single("sample", chain.from_iterable(batch.first for batch in batches))
    counts: dict[int, int] = drawn.kmer_counts
    kmers = np.fromiter(counts.keys(), dtype=np.uint64, count=len(counts))
    values = np.fromiter(counts.values(), dtype=np.int64, count=len(counts))
    order = np.argsort(kmers)
    return SampleKmers(kmers[order], values[order], c, k, drawn)


def _mates(batches: Iterator[Batch]) -> tuple[Iterator[str], Iterator[str]]:
    """Split batches of pairs into two iterators that are read in turn, the first before the second."""
    waiting: deque[list[str]] = deque()

    def first() -> Iterator[list[str]]:
        for batch in batches:
            waiting.append(batch.second or [])
            yield batch.first

    def second() -> Iterator[list[str]]:
        while waiting:
            yield waiting.popleft()

    return chain.from_iterable(first()), chain.from_iterable(second())


def candidates(database: Path, sample: SampleKmers) -> GenomeKmers:
    """Return the genomes of a sylph database that the sample may hold, with their k-mers.

    Raises
    ------
    FormatError
        The database cannot be read, or its k-mers are not those of the sample's sketch.
    """
    changed = database.stat().st_mtime_ns
    stored = _stored(str(database), changed)
    if len(stored) <= WHOLE:
        return _whole(str(database), changed)
    loaded = _database(str(database), changed)
    pysylph = needed("pysylph")
    hits = pysylph.Profiler(loaded, minimum_ani=CANDIDATE_ANI, estimate_unknown=True).query(sample.sketch)
    return _gathered([stored[hit.genome_sketch.name] for hit in hits])


@lru_cache(maxsize=2)
def _database(path: str, _changed: int) -> Any:
    try:
        return needed("pysylph").Database.load(path)
    except (OSError, ValueError, RuntimeError) as error:
        raise FormatError(
            "the reference's sylph database cannot be read",
            where=path,
            found=error,
            mend="build the reference again (commensal reference build)",
        ) from error


@lru_cache(maxsize=2)
def _stored(path: str, _changed: int) -> dict[str, StoredSketch]:
    return stored_sketches(Path(path))


@lru_cache(maxsize=2)
def _whole(path: str, changed: int) -> GenomeKmers:
    return _gathered(list(_stored(path, changed).values()))


def _gathered(sketches: Sequence[StoredSketch]) -> GenomeKmers:
    lists = [part for one in sketches for part in (one.kmers, one.left_out)]
    together = np.concatenate(lists) if lists else np.zeros(0, dtype=np.uint64)
    kmers, numbers = np.unique(together, return_inverse=True)
    edges: list[int] = np.cumsum([len(one) for one in lists])[:-1].tolist()
    parts = np.split(numbers.astype(np.int64), edges) if lists else []
    return GenomeKmers(
        tuple(one.name for one in sketches),
        np.array([one.size for one in sketches], dtype=np.float64),
        kmers,
        tuple(parts[0::2]),
        tuple(np.concatenate(pair) for pair in zip(parts[0::2], parts[1::2], strict=True)),
    )
