"""Genomes to draw reads from: sequences end to end in one array, with what is deleted cut out."""

from __future__ import annotations

import gzip
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from commensal.errors import FormatError, UsageError, listing

#: A stretch of a contig: its id, first and last base, counted from 1, both included (as in genes.parquet and GFF).
Stretch = tuple[str, int, int]

_UPPER = np.frombuffer(bytes(range(256)).upper(), np.uint8)


@dataclass(frozen=True, slots=True)
class Genome:
    """A genome: letters of all contigs end to end (length,), and where each contig starts and ends (contigs,)."""

    name: str
    letters: NDArray[np.uint8]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    deleted: int = 0  #: bases cut out

    @property
    def length(self) -> int:
        """Bases in all."""
        return len(self.letters)

    @property
    def main(self) -> int | None:
        """The contig that holds at least 90 % of the bases, if one does."""
        sizes = self.ends - self.starts
        longest = int(np.argmax(sizes))
        return longest if sizes[longest] >= 0.9 * self.length else None


def read_genome(name: str, path: Path, deletions: Sequence[Stretch] = ()) -> Genome:
    """Read a FASTA file, plain or gzip, and cut stretches out of it.

    Raises
    ------
    UsageError
        No such file, or a deletion that lies outside its contig.
    FormatError
        No FASTA, or damaged.
    """
    if not path.is_file():
        raise UsageError("no such genome", where=str(path), mend="give the path of a FASTA file")
    data = path.read_bytes()
    try:
        data = gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
    except (OSError, EOFError) as error:
        raise FormatError(
            "the genome's file is damaged", where=str(path), found=error, mend="fetch it again"
        ) from error
    if data.lstrip()[:1] != b">":
        raise FormatError("this is no FASTA", where=str(path), found=data[:20], expected="a line that begins with >")
    ids, parts = [], []
    for record in data.lstrip()[1:].split(b"\n>"):
        head, _, body = record.partition(b"\n")
        letters = np.frombuffer(body.translate(None, b"\r\n\t "), np.uint8)
        if len(letters):
            ids.append((head.split() or [b""])[0].decode("utf-8", "replace"))
            parts.append(_UPPER[letters])
    if not parts:
        raise FormatError("the genome has no sequence", where=str(path), mend="give another file")
    cut = _cut(name, ids, parts, deletions)
    ends = np.cumsum([len(part) for part in parts])
    starts = ends - np.array([len(part) for part in parts])
    return Genome(name, np.concatenate(parts), starts.astype(np.int64), ends.astype(np.int64), cut)


def _cut(name: str, ids: Sequence[str], parts: list[NDArray[np.uint8]], deletions: Sequence[Stretch]) -> int:
    """Cut the deletions out of the contigs in place; return how many bases went."""
    before = sum(len(part) for part in parts)
    keeps: dict[int, NDArray[np.bool_]] = {}
    for contig, start, end in deletions:
        if contig not in ids:
            raise UsageError(f"{name} has no contig {contig!r} to delete from", expected=listing(ids))
        at = ids.index(contig)
        if not 1 <= start <= end <= len(parts[at]):
            raise UsageError(
                f"a deletion lies outside contig {contig} of {name}",
                found=f"{start}–{end}",
                expected=f"1 ≤ start ≤ end ≤ {len(parts[at])}",
            )
        keeps.setdefault(at, np.ones(len(parts[at]), dtype=bool))[start - 1 : end] = False
    for at, keep in keeps.items():
        parts[at] = parts[at][keep]
    return before - sum(len(part) for part in parts)


def origin(letters: NDArray[np.uint8], window: int = 1000) -> int:
    """Return the likely origin of replication: where the cumulative skew of G over C is least (Grigoriev 1998).

    Examples
    --------
    >>> origin(np.frombuffer(b"C" * 5000 + b"G" * 5000, np.uint8))
    5000
    """
    skew = (letters == ord("G")).astype(np.int64) - (letters == ord("C"))
    tail = -len(skew) % window
    totals = np.pad(skew, (0, tail)).reshape(-1, window).sum(axis=1)
    return int((int(np.argmin(np.cumsum(totals))) + 1) * window % len(letters))


def named_genomes(paths: Mapping[str, Path], deletions: Mapping[str, Sequence[Stretch]]) -> list[Genome]:
    """Read several genomes; deletions go by their names.

    Raises
    ------
    UsageError
        A deletion of a genome that is not given.
    """
    for name in deletions:
        if name not in paths:
            raise UsageError(f"a deletion is of {name!r}, which is not among the genomes", expected=listing(paths))
    return [read_genome(name, Path(path), deletions.get(name, ())) for name, path in paths.items()]
