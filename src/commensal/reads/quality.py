"""What a sample's reads are like: measured in passing, told in numbers and in words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from commensal.reads.fastq import Batch, Fastq, Look
from commensal.reads.trimming import Trimmed

#: Depth (×) below which a species is likely to be missed.
FLOOR = 0.01
#: Size of a gut genome (bases), for the share of reads that this depth means.
USUAL_GENOME = 3_500_000
#: sylph's assumption where qualities say nothing: 99.5 % of bases are right.
USUAL_ACCURACY = 0.995
#: Every so many batches are looked at, this many reads of each.
_EVERY, _READS = 128, 64
#: Duplicates are counted among the reads that sort behind these bases (one in 32): one comparison tells.
_START = "TTG"


class Meter:
    """Looks at some of the reads as they pass, before they are trimmed.

    Parameters
    ----------
    look
        The sample's first reads.
    k
        Length of k-mers.
    """

    def __init__(self, look: Look, k: int) -> None:
        self._look, self._k, self._batches = look, k, 0
        self._gc = self._bases = 0
        self._right, self._kmers = 0.0, 0
        self._starts: set[int] = set()
        self._seen = 0
        probability = 10.0 ** -((np.arange(256) - look.offset) / 10.0)
        self._right_log = np.log1p(-np.clip(probability, 0.0, 0.75))

    def __call__(self, batches: Iterable[Batch]) -> Iterator[Batch]:
        """Pass the batches on."""
        for batch in batches:
            mates = batch.second
            own = [i for i, read in enumerate(batch.first) if read > _START]
            if mates is None:
                starts = [hash(batch.first[i][:60]) for i in own]
            else:
                starts = [hash(batch.first[i][:40] + mates[i][:40]) for i in own]
            self._seen += len(starts)
            self._starts.update(starts)
            if self._batches % _EVERY == 0:
                self._measure(batch.first[:_READS], batch.first_quality[:_READS])
                if mates is not None:
                    self._measure(mates[:_READS], (batch.second_quality or [])[:_READS])
            self._batches += 1
            yield batch

    def _measure(self, reads: list[str], qualities: list[str]) -> None:
        text = "".join(reads)
        self._gc += text.count("G") + text.count("C")
        self._bases += len(text)
        logs = self._right_log[np.frombuffer("".join(qualities).encode(), dtype=np.uint8)]
        right = _windows(logs, np.array([len(quality) for quality in qualities]), self._k)
        self._right += float(np.exp(right).sum())
        self._kmers += len(right)

    @property
    def gc(self) -> float | None:
        """Share of G and C."""
        return self._gc / self._bases if self._bases else None

    @property
    def duplicates(self) -> float | None:
        """Share of reads or pairs that start like an earlier one; None when too few were looked at."""
        return 1 - len(self._starts) / self._seen if self._seen >= 100 else None

    @property
    def identity(self) -> float:
        """Probability that a k-mer has no sequencing error, by the qualities, or sylph's assumption."""
        if self._look.constant_quality or self._kmers < 1000:
            return float(USUAL_ACCURACY**self._k)
        return float(np.clip(self._right / self._kmers, 0.05, 1.0))


def _windows(logs: NDArray[np.float64], lengths: NDArray[np.int64], k: int) -> NDArray[np.float64]:
    """Sum k neighbours that lie in one read."""
    if len(logs) < k:
        return np.zeros(0)
    sums = np.concatenate([[0.0], np.cumsum(logs)])
    left = np.repeat(lengths, lengths) - (np.arange(len(logs)) - np.repeat(np.cumsum(lengths) - lengths, lengths))
    first = np.flatnonzero(left >= k)
    return np.asarray(sums[first + k] - sums[first], dtype=np.float64)


def report(
    fastq: Fastq,
    meter: Meter,
    trimmed: Trimmed,
    *,
    host: int,
    has_host: bool,
    unknown: float | None,
    depth: float | None,
    insert_size: float | None,
    mode: str,
    long: bool,
) -> dict[str, Any]:
    """Gather the quality report of a sample: counts of reads (not pairs), shares, and warnings in words."""
    kept = trimmed.reads_kept - host
    bases = trimmed.bases_kept * kept / max(trimmed.reads_kept, 1)
    found: dict[str, Any] = {
        "reads_in": trimmed.reads,
        "bases_in": trimmed.bases,
        "read_length": round(trimmed.bases / trimmed.reads, 1) if trimmed.reads else None,
        "pairs": fastq.layout != "single",
        "layout": fastq.layout,
        "long_reads": long,
        "mates_missing": fastq.orphans,
        "quality_offset": fastq.look.offset,
        "adapters": trimmed.found,
        "trimmed_adapter": trimmed.adapter,
        "trimmed_quality": trimmed.quality,
        "trimmed_poly_g": trimmed.poly_g,
        "too_short": trimmed.too_short,
        "host_reads": host if has_host else None,
        "kept": kept,
        "bases_kept": round(bases),
        "classified": None if unknown is None else 1 - unknown,
        "unknown": unknown,
        "depth": depth,
        "duplicates": meter.duplicates,
        "insert_size": insert_size,
        "gc": meter.gc,
        "kmer_identity": meter.identity,
        "detection_coverage": FLOOR,
        "detection_floor": min(1.0, FLOOR * USUAL_GENOME / bases) if bases else None,
    }
    found["warnings"] = _warnings(found, fastq)
    found["limits"] = _limits(found, mode)
    return found


def _warnings(found: dict[str, Any], fastq: Fastq) -> list[str]:
    said = []
    if not found["kept"]:
        said.append("no reads are left: see how many were too short and how many were the host's")
    elif found["detection_floor"] > 0.001:
        said.append(f"shallow: species below about {found['detection_floor']:.2%} of the reads cannot be seen")
    if found["kept"] and found["unknown"] is not None and found["unknown"] > 0.5:
        said.append(f"{found['unknown']:.0%} of the bases are of no genome in the reference")
    if found["host_reads"] and found["host_reads"] > 0.5 * found["reads_in"]:
        said.append(f"{found['host_reads'] / found['reads_in']:.0%} of the reads are the host's")
    if found["duplicates"] is not None and found["duplicates"] > 0.2:
        said.append(f"about {found['duplicates']:.0%} of the reads are duplicates")
    if not found["pairs"] and (found["duplicates"] or 0) > 0.05:
        said.append("duplicates of single reads are counted, but not taken out of the depths")
    if found["quality_offset"] == 64:
        said.append("qualities start at 64 (old Illumina): converted")
    if fastq.look.constant_quality:
        said.append("all qualities are the same: no end was trimmed by quality, and accuracy is assumed to be 99.5 %")
    if found["mates_missing"]:
        said.append(f"{found['mates_missing']:,} reads of the interleaved file have no mate: used alone")
    if found["reads_in"] and found["too_short"] > 0.2 * found["reads_in"]:
        said.append(f"{found['too_short'] / found['reads_in']:.0%} of the reads were too short after trimming")
    return said


def _limits(found: dict[str, Any], mode: str) -> list[str]:
    said = [
        f"species below about {FLOOR} × coverage are likely to be missed",
        "organisms without a near genome (95 % ANI) in the reference are in (unknown)",
    ]
    if mode == "fast":
        said.append(
            "functions are those of the reference genomes: a gene that the sample's strain has lost or gained is not "
            "seen (--mode mapping sees losses)"
        )
    else:
        said.append("genes that the sample's strain has and its reference genome has not are not seen")
    if found["long_reads"]:
        said.append("long reads: adapters and ends are not trimmed, and sequencing errors lower the identities")
    if found["host_reads"] is None:
        said.append("no host was given: host reads are in (unknown)")
    return said


def words(sample: str, found: dict[str, Any]) -> str:
    """Write the quality report for people."""
    reads = found["reads_in"]

    def share(value: int | None) -> str:
        return "not looked for" if value is None else f"{value:,} ({value / reads:.1%})" if reads else "0"

    def part(value: float | None) -> str:
        return "not known" if value is None else f"{value:.1%}"

    lines = [
        f"{sample}: {reads:,} reads ({found['layout']}), {found['bases_in']:,} bases, length {found['read_length']}",
        f"  adapter cut        {share(found['trimmed_adapter'])}" + "".join(f", {name}" for name in found["adapters"]),
        f"  low quality cut    {share(found['trimmed_quality'])}",
        f"  too short, left out {share(found['too_short'])}",
        f"  host, left out     {share(found['host_reads'])}",
        f"  kept               {share(found['kept'])}",
        f"  unknown            {part(found['unknown'])} of the bases kept",
        f"  duplicates         {part(found['duplicates'])}",
        f"  G + C              {part(found['gc'])}",
        f"  insert size        {found['insert_size'] or 'not measured'}",
        f"  cannot be seen     species below about {part(found['detection_floor'])} of the reads",
    ]
    lines += [f"  warning: {text}" for text in found["warnings"]]
    lines += [f"  limit: {text}" for text in found["limits"]]
    return "\n".join(lines) + "\n"
