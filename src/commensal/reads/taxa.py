"""Which genomes of the reference a sample holds, how deep, and which of their strains can be told apart."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from commensal.reads.coverage import Depth, Tally, fit, tally
from commensal.reads.kmers import GenomeKmers, SampleKmers
from commensal.reads.strains import Strain, strain

#: A genome is called when its identity is at least 0.95 with this posterior probability …
CALLED = 0.9
#: … from at least this many of its own k-mers seen.
FEWEST = 12
#: Genomes that share this much of their k-mers (k = 31) are of one species: 0.95 ** 31.
SPECIES = 0.95


@dataclass(frozen=True, slots=True)
class Call:
    """A genome found in a sample: its number among the candidates, its depth, and what can be said about the strain.

    ``minor`` marks a strain found beside a nearer one of its species; ``near`` is the genome most like it among the
    candidates (number, identity), or None.
    """

    genome: int
    depth: Depth
    hits: int
    strain: Strain
    minor: bool = False
    near: tuple[int, float] | None = None


@dataclass(frozen=True, slots=True)
class Composition:
    """Calls with their shares; every share is of the whole sample, unknown included.

    ``coverage`` (g,) is per base, ``sequence`` (g,) the share of the reads' bases, ``cells`` (g,) the share of genome
    copies when the unknown part has genomes of the same mean size; ``unknown`` is the share of bases that no genome
    explains.
    """

    calls: tuple[Call, ...]
    names: tuple[str, ...]
    coverage: NDArray[np.float64]
    sequence: NDArray[np.float64]
    cells: NDArray[np.float64]
    unknown: float


def call(sample: SampleKmers, genomes: GenomeKmers) -> tuple[Call, ...]:
    """Find the genomes of a sample, the most contained first.

    As in sylph, a k-mer that several genomes share belongs to the one that is contained most: another species must be
    called from what is left of its k-mers, another strain of a called species by `strain`. Depths are then estimated
    once more from k-mers that only one called species has.
    """
    counts = genomes.counts(sample)
    owner = np.full(len(counts), -1, dtype=np.int64)
    contained = np.array([np.mean(counts[own] > 0) if len(own) else 0.0 for own in genomes.members])
    found: list[Call] = []
    for number in np.argsort(-contained, kind="stable"):
        own = genomes.members[number]
        if len(own) < 50 or contained[number] <= 0:
            continue
        free = owner[own] < 0
        kin, shared = _kin(owner[own[~free]], len(own))
        counted = tally(counts[own[free]])
        if kin is not None and shared >= SPECIES**sample.k:
            at = next(i for i, one in enumerate(found) if one.genome == kin)
            seen = strain(counts[own[free]], found[at].depth, shared ** (1 / sample.k))
            if seen.coexists:
                second = _minor(found[at].depth, seen.depth, counted)
                found.append(Call(int(number), second, counted.hit, seen, True, (kin, seen.ani_next)))
                _own(owner, genomes.whole[number], int(number))
            if found[at].near is None or seen.coexists:
                found[at] = replace(found[at], strain=seen, near=(int(number), seen.ani_next))
            continue
        depth = fit(counted, sample.k)
        if counted.size >= 50 and counted.hit >= FEWEST and depth.species >= CALLED:
            found.append(Call(int(number), depth, counted.hit, Strain("one_reference")))
            _own(owner, genomes.whole[number], int(number))
    return _refined(found, counts, genomes, sample.k)


def _own(owner: NDArray[np.int64], kmers: NDArray[np.int64], number: int) -> None:
    """Give a genome those of its k-mers that no one owns yet."""
    owner[kmers[owner[kmers] < 0]] = number


def _kin(owners: NDArray[np.int64], size: int) -> tuple[int | None, float]:
    """Find the called genome that owns most of these k-mers, and its share of all."""
    if not len(owners):
        return None, 0.0
    numbers, times = np.unique(owners, return_counts=True)
    return int(numbers[times.argmax()]), float(times.max() / size)


def _minor(species: Depth, depth: float, counted: Tally) -> Depth:
    """Depth of a coexisting strain: as `strain` found it, with the error of so many sightings."""
    error = 1.96 * depth / np.sqrt(max(counted.hit, 1))
    return Depth(depth, depth - error, depth + error, 1.0, 0.995, 1.0, species.species)


def _refined(found: list[Call], counts: NDArray[np.int64], genomes: GenomeKmers, k: int) -> tuple[Call, ...]:
    """Estimate depth from k-mers of one called genome only, where at least a tenth of its k-mers are such."""
    holders = np.zeros(len(counts), dtype=np.int64)
    for one in found:
        holders[genomes.whole[one.genome]] += 1
    refined = []
    for one in found:
        own = genomes.members[one.genome]
        single = own[holders[own] == 1]
        if one.minor:
            refined.append(replace(one, hits=int(np.count_nonzero(counts[own]))))
        elif len(single) >= max(50, 0.1 * len(own)):
            counted = tally(counts[single])
            refined.append(replace(one, depth=fit(counted, k), hits=int(np.count_nonzero(counts[own]))))
        else:
            refined.append(one)
    return tuple(one for one in refined if one.depth.depth > 0)


def composition(
    calls: tuple[Call, ...], sample: SampleKmers, genomes: GenomeKmers, *, read_length: float, identity: float
) -> Composition:
    """Turn depths into shares of bases and of cells.

    Parameters
    ----------
    calls, sample, genomes
        As returned by `call`, and what it was given.
    read_length
        Mean length of the reads (bases): a base lies in fewer whole k-mers near a read's end.
    identity
        Probability that a k-mer of a read has no sequencing error.
    """
    sizes = np.array([genomes.sizes[one.genome] for one in calls], dtype=np.float64)
    depths = np.array([one.depth.depth for one in calls], dtype=np.float64)
    whole = sample.c * sample.total * identity
    explained = depths * sizes / whole if whole > 0 else np.zeros(len(calls))
    if explained.sum() > 1:
        explained = explained / explained.sum()
    known = float(explained.sum())
    cells = depths / depths.sum() * known if len(depths) else depths
    ends = read_length / max(read_length - sample.k + 1, 1.0)
    return Composition(
        calls,
        tuple(genomes.names[one.genome] for one in calls),
        depths * ends / identity,
        explained,
        cells,
        max(0.0, 1.0 - known),  # a sum of rounded shares can pass 1 by a hair
    )


__all__ = ["Call", "Composition", "Tally", "call", "composition"]
