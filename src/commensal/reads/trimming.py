"""Trimming: adapters, low-quality ends, poly-G, and reads too short to hold a k-mer; cheap enough to be always on.

A read is touched only when a test of one letter or one search says that there is something to cut, so that clean reads
cost about 0.1 µs each.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate

import numpy as np

from commensal.errors import UsageError
from commensal.reads.fastq import Batch, Look

#: Adapters looked for by themselves: what stands behind the insert in the first and in the second mate.
ADAPTERS = {
    "Illumina": ("AGATCGGAAGAGCACACGTCTGAACTCCAGTCA", "AGATCGGAAGAGCGTCGTGTAGGGAAAGAGTGT"),
    "Nextera": ("CTGTCTCTTATACACATCTCCGAGCCCACGAGAC", "CTGTCTCTTATACACATCTGACGCTGCCGACGA"),
    "BGI": ("AAGTCGGAGGCCAAGCGGTCTTAGGAAGACAA", "AAGTCGGATCGTAGCCATGTCGTTCTGTGAGCCAAGGAGTTG"),
}
#: An adapter is present when this share of the first reads holds its first `_SEED` bases.
_PRESENT, _SEED, _SHORTEST_END = 0.001, 16, 5
#: Reads longer than this on average are long reads: their ends are left as they are.
LONG = 500
_POLY_G = "G" * 10
#: Ends of qualities whose cut is remembered: binned qualities have few, and most cuts are decided within so many bases.
_TAIL, _REMEMBERED = 8, 100_000


@dataclass(frozen=True, slots=True)
class Trimming:
    """What is cut.

    Parameters
    ----------
    quality
        Ends are cut where the running sum of (quality - threshold) from the 3' end is lowest, as BWA does (Phred; 0:
        never).
    min_length
        Reads shorter than this after trimming are left out (bases); the mate goes on alone.
    adapters
        Given adapters, besides `ADAPTERS` that are found by themselves.
    poly_g
        Cut tails of 10 or more G, which two-colour machines write when there is no signal, if the first reads have any.
    """

    quality: int = 15
    min_length: int = 40
    adapters: tuple[str, ...] = ()
    poly_g: bool = True

    def __post_init__(self) -> None:
        for adapter in self.adapters:
            if len(adapter) < _SEED or set(adapter.upper()) - set("ACGT"):
                raise UsageError(
                    "an adapter is not usable", found=repr(adapter), expected=f"at least {_SEED} letters A, C, G, T"
                )


@dataclass(slots=True)
class Trimmed:
    """How many reads (not pairs) and bases a pass has seen and cut so far."""

    reads: int = 0
    bases: int = 0
    adapter: int = 0
    quality: int = 0
    poly_g: int = 0
    too_short: int = 0
    bases_kept: int = 0
    reads_kept: int = 0
    found: dict[str, float] = field(default_factory=dict)


class Trimmer:
    """Trims batches of one sample and counts what it did (``counts``).

    Parameters
    ----------
    settings
        What to cut.
    look
        The sample's first reads: which adapters are there, and where qualities start.
    """

    def __init__(self, settings: Trimming, look: Look) -> None:
        self.counts = Trimmed()
        self.long = look.mean_length > LONG
        self.settings = replace(settings, quality=0, poly_g=False) if self.long else settings
        self._threshold = (
            "" if look.constant_quality or not self.settings.quality else chr(look.offset + self.settings.quality)
        )
        self._poly_g = self.settings.poly_g and _tails((*look.first, *look.second)) >= 2
        self._absent = look.layout == "interleaved"
        self._first: list[str] = []
        self._second: list[str] = []
        self._lost: dict[str, int] = {}
        if not self.long:
            self._choose(look)

    def _choose(self, look: Look) -> None:
        for name, (one, two) in ADAPTERS.items():
            share = max(_share(look.first, one[:_SEED]), _share(look.second, two[:_SEED]))
            if share >= _PRESENT:
                self.counts.found[name] = round(share, 4)
                self._first.append(one)
                self._second.append(two)
        for given in self.settings.adapters:
            self.counts.found[given.upper()] = round(
                max(_share(look.first, given.upper()[:_SEED]), _share(look.second, given.upper()[:_SEED])), 4
            )
            self._first.append(given.upper())
            self._second.append(given.upper())

    def __call__(self, batch: Batch) -> Batch:
        """Trim one batch; reads without a usable mate hold ``""`` for it, and pairs without any are gone."""
        one, two = batch.first, batch.second
        cuts = self._cuts(one, batch.first_quality)
        if two is None:
            for adapter in self._first:
                self._adapters(_found(one, adapter), cuts)
            short = self._shorten(one, cuts)
            if short:
                one = [read for read in one if len(read) >= self.settings.min_length]
            return Batch(one, [], None, None)
        others = self._cuts(two, batch.second_quality or [])
        for adapter, other in zip(self._first, self._second, strict=True):
            first, second = _found(one, adapter), _found(two, other)
            _agree(first, second, two, other)
            _agree(second, first, one, adapter)
            self._adapters(first, cuts)
            self._adapters(second, others)
        short = self._shorten(one, cuts) + self._shorten(two, others)
        if short:
            least = self.settings.min_length
            pairs = [
                (a if len(a) >= least else "", b if len(b) >= least else "") for a, b in zip(one, two, strict=True)
            ]
            pairs = [(a, b) if a else (b, "") for a, b in pairs if a or b]
            one, two = [a for a, _ in pairs], [b for _, b in pairs]
        return Batch(one, [], two, [])

    def _cuts(self, reads: list[str], qualities: list[str]) -> dict[int, int]:
        """Where low quality and poly-G tails start, by index of the read; only reads that have one."""
        cuts: dict[int, int] = {}
        threshold = self._threshold
        if threshold:
            try:
                low = [i for i, quality in enumerate(qualities) if quality[-1] < threshold]
            except IndexError:  # a record without bases, or a mate that is not there
                low = [i for i, quality in enumerate(qualities) if quality and quality[-1] < threshold]
            lost, known, code = self._lost, self._lost.get, ord(threshold)
            for i in low:
                quality = qualities[i]
                gone = known(quality[-_TAIL:])
                if gone is None:
                    gone = _gone(quality, code, lost)
                if gone:
                    cuts[i] = len(quality) - gone
            self.counts.quality += len(cuts)
        if self._poly_g:
            for i in [i for i, read in enumerate(reads) if read.endswith(_POLY_G)]:
                cuts[i] = min(cuts.get(i, len(reads[i])), len(reads[i].rstrip("G")))
                self.counts.poly_g += 1
        return cuts

    def _adapters(self, found: dict[int, int], cuts: dict[int, int]) -> None:
        self.counts.adapter += len(found)
        for i, start in found.items():
            cuts[i] = min(cuts.get(i, start), start)

    def _shorten(self, reads: list[str], cuts: dict[int, int]) -> int:
        """Cut reads in place, count, and return how many are too short to be kept (mates not there are no reads)."""
        counts, least = self.counts, self.settings.min_length
        sizes = list(map(len, reads))
        bases, absent = sum(sizes), sizes.count(0) if self._absent else 0
        counts.reads += len(reads) - absent
        counts.bases += bases
        for i, keep in cuts.items():
            if keep < sizes[i]:
                bases -= sizes[i] - keep
                sizes[i] = keep
                reads[i] = reads[i][:keep]
        short = 0
        if min(sizes, default=least) < least:
            low = [size for size in sizes if size < least]
            bases -= sum(low)
            short = len(low)
        counts.too_short += short - absent
        counts.reads_kept += len(reads) - short
        counts.bases_kept += bases
        return short


def keep_length(quality: str, threshold: int) -> int:
    """Return how many bases to keep of a read with this quality string, by BWA's rule.

    From the 3' end, ``sum(threshold - q)`` is followed until it falls below 0; the read is cut where it was largest.
    ``threshold`` is a letter's code, offset included.

    Examples
    --------
    >>> keep_length("FFFFFFFF##", ord("#") + 10)
    8
    """
    total = most = 0
    keep = len(quality)
    for at in range(len(quality) - 1, -1, -1):
        total += threshold - ord(quality[at])
        if total < 0:
            break
        if total > most:
            most, keep = total, at
    return keep


def _gone(quality: str, threshold: int, lost: dict[str, int]) -> int:
    """Return how many bases `keep_length` cuts; remember it where the last `_TAIL` qualities alone decide it."""
    tail = quality[-_TAIL:]
    total = 0
    for letter in reversed(tail):
        total += threshold - ord(letter)
        if total < 0:
            if len(lost) < _REMEMBERED:
                lost[tail] = len(tail) - keep_length(tail, threshold)
            break
    return len(quality) - keep_length(quality, threshold)


def _tails(reads: Sequence[str]) -> int:
    return sum(read.endswith(_POLY_G) for read in reads)


def _share(reads: Sequence[str], seed: str) -> float:
    return sum(seed in read for read in reads) / len(reads) if reads else 0.0


def _found(reads: list[str], adapter: str) -> dict[int, int]:
    """Find the adapter in each read: index → where it starts.

    Its first and its second 8 bases are searched in all reads at once (as 64-bit words, from each of the 8 offsets:
    three times as fast as a text search), and the rest is held to at most 20 % other bases; then its beginning
    (`_SHORTEST_END` bases or more) at the end of a read.
    """
    text = np.frombuffer("\n".join(reads).encode() + b"\n" * 16, dtype=np.uint8)
    edges = list(accumulate((len(read) + 1 for read in reads), initial=0))
    first, second = (np.frombuffer(adapter[at : at + 8].encode(), dtype="<u8")[0] for at in (0, 8))
    hits: list[int] = []
    for offset in range(8):
        words = text[offset : offset + (len(text) - offset) // 8 * 8].view("<u8")
        for seed, skip in ((first, 0), (second, 8)):
            equal = words == seed
            if equal.any():
                hits += [8 * int(at) + offset - skip for at in np.flatnonzero(equal)]
    found: dict[int, int] = {}
    for at in sorted(hits):
        i = bisect_right(edges, at) - 1
        if 0 <= i < len(reads) and i not in found and _matches(reads[i], adapter, at - edges[i], 0.2):
            found[i] = at - edges[i]
    ends = {adapter[size - _SHORTEST_END : size]: size for size in range(_SHORTEST_END, 8)}
    for i in [i for i, read in enumerate(reads) if read[-_SHORTEST_END:] in ends]:
        size = ends[reads[i][-_SHORTEST_END:]]
        if i not in found and reads[i].endswith(adapter[:size]):
            found[i] = len(reads[i]) - size
    return found


def _agree(found: dict[int, int], others: dict[int, int], mates: list[str], adapter: str) -> None:
    """Take over a cut from the mate: an insert shorter than the reads ends at the same place in both."""
    for i in found.keys() - others.keys():
        if _matches(mates[i], adapter, found[i], 0.4):
            others[i] = found[i]


def _matches(read: str, adapter: str, start: int, most: float) -> bool:
    """Tell whether the read holds the adapter from ``start`` with at most this share of other bases."""
    part = read[start : start + len(adapter)]
    return bool(part) and sum(a != b for a, b in zip(part, adapter, strict=False)) <= most * len(part)
