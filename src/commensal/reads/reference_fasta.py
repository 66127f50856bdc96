"""Genomes as people have them: FASTA, gzipped or not; what is no genome is refused by name."""

from __future__ import annotations

import gzip
import hashlib
import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from commensal.errors import FormatError
from commensal.limits import gunzip, limit

#: Endings of genome files; each may carry ``.gz``.
ENDINGS = (".fna", ".fa", ".fasta", ".fas", ".fsa")
_ENDING = re.compile(r"\.(fna|fa|fasta|fas|fsa)(\.gz)?$", re.IGNORECASE)
#: The four bases and IUPAC's letters for undecided ones.
_BASES = b"ACGTNRYSWKMBDHV"
#: Letters of amino acids that stand for no base; a share above this means proteins.
_AMINO, _AMINO_SHARE = b"EFILPQZX*", 0.01
#: A contig that holds this share of a genome's bases makes it (nearly) complete.
_ONE_CONTIG = 0.9


class GenomeError(FormatError):
    """A genome that cannot be taken; ``status`` is the reason in one word."""

    def __init__(self, status: str, what: str, **more: object) -> None:
        self.status = status
        super().__init__(what, **more)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class Genome:
    """One genome: headers and sequences in the file's order, in capitals, without line ends."""

    headers: tuple[str, ...]
    contigs: tuple[bytes, ...]
    notes: tuple[str, ...]

    @property
    def ids(self) -> tuple[str, ...]:
        """Contig ids: each header up to its first blank."""
        return tuple(header.split(None, 1)[0] for header in self.headers)

    @property
    def length(self) -> int:
        """Bases."""
        return sum(map(len, self.contigs))

    @property
    def n50(self) -> int:
        """Length of the contig at which the longest contigs hold half of the bases."""
        sizes = np.sort([len(contig) for contig in self.contigs])[::-1]
        return int(sizes[np.searchsorted(np.cumsum(sizes), self.length / 2)])

    @property
    def gc(self) -> float:
        """Share of G and C among the decided bases; nan when there are none."""
        # Deleting letters is several times faster than counting each.
        gc, at = (sum(len(c) - len(c.translate(None, pair)) for c in self.contigs) for pair in (b"GC", b"AT"))
        return gc / (gc + at) if gc + at else float("nan")

    @property
    def complete(self) -> bool:
        """Whether one contig holds nearly all of it."""
        return max(map(len, self.contigs)) >= _ONE_CONTIG * self.length

    @property
    def sequence_sha256(self) -> str:
        """SHA-256 of the sorted contigs: the same for the same genome under other names and orders."""
        return hashlib.sha256(b"\n".join(sorted(self.contigs))).hexdigest()

    def text(self) -> bytes:
        """FASTA with 80 bases a line."""
        parts: list[bytes] = []
        for header, contig in zip(self.headers, self.contigs, strict=True):
            whole = len(contig) // 80 * 80
            lines = np.full((whole // 80, 81), ord("\n"), dtype=np.uint8)
            lines[:, :80] = np.frombuffer(contig, dtype=np.uint8, count=whole).reshape(-1, 80)
            rest = contig[whole:]
            parts += [f">{header}\n".encode(), lines.tobytes(), rest + b"\n" if rest else b""]
        return b"".join(parts)


def is_genome_file(path: Path) -> bool:
    """Say whether a file's name ends like a genome's.

    Examples
    --------
    >>> is_genome_file(Path("YL44.fna.gz")), is_genome_file(Path("YL44.gff"))
    (True, False)
    """
    return _ENDING.search(path.name) is not None and not path.name.startswith(".")


def genome_name(path: Path) -> str:
    """Return a genome's id: its file's name without ``.fna``, ``.fa``, ``.fasta`` and ``.gz``.

    Examples
    --------
    >>> genome_name(Path("x/GCF_000020225.1.fna.gz"))
    'GCF_000020225.1'
    """
    return _ENDING.sub("", path.name)


def read_bytes(path: Path) -> bytes:
    """Read a plain or gzipped file whole, whatever its name says.

    Raises
    ------
    GenomeError
        It cannot be read, or its gz ends early or is damaged.
    """
    if path.exists() and not path.is_file():
        raise GenomeError("unreadable", "this is no file", where=path.name, found="a folder, pipe or device")
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise GenomeError(
            "unreadable", "the file cannot be read", where=path.name, found=error.strerror or error
        ) from error
    if raw[:2] != b"\x1f\x8b":
        return raw
    try:
        if len(raw) * 1100 > limit("UNPACKED_FREE"):
            return gunzip(raw, path.name)  # may be a bomb: block by block
    except EOFError as error:
        raise GenomeError(
            "truncated", "the gz file ends early", where=path.name, found=f"{len(raw):,} bytes", mend="copy it again"
        ) from error
    except zlib.error as error:
        raise GenomeError(
            "damaged", "the gz file is damaged", where=path.name, found=error, mend="copy it again"
        ) from error
    unpack, faults = _unpacker()
    try:
        return unpack(raw)
    except EOFError as error:
        raise GenomeError(
            "truncated", "the gz file ends early", where=path.name, found=f"{len(raw):,} bytes", mend="copy it again"
        ) from error
    except faults as error:
        raise GenomeError(
            "damaged", "the gz file is damaged", where=path.name, found=error, mend="copy it again"
        ) from error


def _unpacker() -> tuple[Callable[[bytes], bytes], tuple[type[Exception], ...]]:
    """Give the fastest gzip reader there is, and what it raises for damaged files."""
    try:
        from isal import igzip, igzip_lib
    except ImportError:
        return gzip.decompress, (OSError, ValueError, zlib.error)
    damaged: Any = igzip_lib.IsalError  # its stub calls the class an instance
    return igzip.decompress, (OSError, ValueError, zlib.error, damaged)


def read_genome(path: Path) -> Genome:
    """Read one genome.

    Raises
    ------
    GenomeError
        It is empty, truncated, FASTQ, proteins, no FASTA, or has a contig id twice or letters that are no bases.
    """
    text = read_bytes(path)
    notes = []
    if b"\r" in text:
        text = text.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        notes.append("Windows line ends")
    text = text.lstrip(b"\xef\xbb\xbf \n\t")
    _refuse_start(path, text)
    headers, contigs, empty = [], [], 0
    for record in text[1:].split(b"\n>"):
        head, _, body = record.partition(b"\n")
        contig = body.translate(None, b"\n \t").upper()
        if not contig:
            empty += 1
            continue
        headers.append(head.decode("utf-8", "replace").strip())
        contigs.append(contig)
    if empty:
        notes.append(f"{empty} contigs without sequence")
    if any(b"U" in contig for contig in contigs):
        contigs = [contig.replace(b"U", b"T") for contig in contigs]
        notes.append("RNA letters: U read as T")
    _refuse_letters(path, headers, contigs)
    genome = Genome(tuple(headers), tuple(contigs), tuple(notes))
    ids = genome.ids
    if len(set(ids)) < len(ids):
        twice = next(name for name in ids if ids.count(name) > 1)
        raise GenomeError(
            "duplicate_contigs",
            "a contig id stands twice",
            where=path.name,
            found=twice,
            mend="give each contig its own id",
        )
    return genome


def _refuse_start(path: Path, text: bytes) -> None:
    if not text.strip():
        raise GenomeError(
            "empty", "the file is empty", where=path.name, mend="copy it again, or take it out of the folder"
        )
    if text[:1] == b"@":
        raise GenomeError(
            "fastq",
            "the file holds reads, not a genome",
            where=path.name,
            found="FASTQ",
            expected="FASTA",
            mend="give the assembled genome",
        )
    if text[:1] != b">" or not text[1:2].strip():
        line = text.split(b"\n", 1)[0][:40].decode("utf-8", "replace")
        raise GenomeError(
            "not_fasta", "this is no FASTA file", where=path.name, found=repr(line), expected="a line >NAME first"
        )


def _refuse_letters(path: Path, headers: list[str], contigs: list[bytes]) -> None:
    if not contigs:
        raise GenomeError("empty", "no contig has a sequence", where=path.name, found="headers only")
    if any(not header for header in headers):
        raise GenomeError("not_fasta", "a contig has no id", where=path.name, expected="a name behind every >")
    odd = [contig.translate(None, _BASES) for contig in contigs]
    total, strange = sum(map(len, contigs)), sum(map(len, odd))
    if not strange:
        return
    amino = sum(strange_part.count(letter) for strange_part in odd for letter in (bytes([b]) for b in _AMINO))
    if amino > _AMINO_SHARE * total:
        raise GenomeError(
            "protein",
            "the file holds proteins, not a genome",
            where=path.name,
            found=f"{amino:,} amino-acid letters",
            expected="nucleotides",
            mend="give the genome (.fna); proteins (.faa) go with --annotations",
        )
    where = next(header for header, part in zip(headers, odd, strict=True) if part)
    letters = "".join(sorted({chr(b) for part in odd for b in part}))
    raise GenomeError(
        "bad_letters",
        "letters that are no bases",
        where=path.name,
        found=f"{strange:,} of {total:,}: {letters[:12]!r}",
        expected="ACGT, N and IUPAC's codes",
        mend=f"correct the file; the first is in contig {where.split()[0]}",
    )
