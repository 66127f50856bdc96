"""What a sequencer makes of fragments: bases with errors, binned qualities, FASTQ text, gzip."""

from __future__ import annotations

import hashlib
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from commensal.simulation.fragments import Fragments

#: The qualities that instruments of the NovaSeq generation write; 2 marks a base that was not called (N).
BINS = (2, 12, 23, 37)
#: Illumina's adapters: what is read when the fragment ends before the read does; then dark cycles, written as G.
ADAPTERS = (b"AGATCGGAAGAGCACACGTCTGAACTCCAGTCA", b"AGATCGGAAGAGCGTCGTGTAGGGAAAGAGTGT")
#: Quality strings drawn once per run; each read takes one of them.
TEMPLATES = 4096

_COMPLEMENT = np.arange(256, dtype=np.uint8)
_COMPLEMENT[list(b"ACGTRYKMBDHV")] = list(b"TGCAYRMKVHDB")
#: Row 0–2: another base than the one given.
_OTHER = np.tile(np.arange(256, dtype=np.uint8), (3, 1))
for _row in range(3):
    for _at, _base in enumerate(b"ACGT"):
        _OTHER[_row, _base] = b"ACGT"[(_at + _row + 1) % 4]


def quality_templates(rng: np.random.Generator, length: int, *, mate: int) -> NDArray[np.uint8]:
    r"""Draw quality strings (templates, length), as bytes of FASTQ (Phred + 33).

    Each is a Markov chain over the bins: with chance 0.7 a base has the quality of the one before, else it is drawn
    anew: at the share :math:`t` of the read, a bin below the best has the chance
    :math:`b\,(0.02 + 0.16\,t^2)` (mate 2: 1.6 times that), where :math:`b` is log-normal (median 1, log SD 0.6) per
    read. The mean error is about 0.3 %; the numbers are ours, chosen to look like runs with binned qualities.
    """
    share = (np.arange(length) / max(length - 1, 1)) ** 2
    bad = np.exp(rng.normal(0, 0.6, size=(TEMPLATES, 1))) * (0.02 + 0.16 * share) * (1.6 if mate == 2 else 1.0)
    drop = rng.random((TEMPLATES, length)) < np.minimum(bad, 0.9)
    low = rng.choice(3, p=[0.01, 0.29, 0.70], size=(TEMPLATES, length))
    fresh = np.where(drop, low, 3)
    keep = rng.random((TEMPLATES, length)) < 0.7
    keep[:, 0] = False
    last = np.maximum.accumulate(np.where(keep, 0, np.arange(length)), axis=1)
    states = np.take_along_axis(fresh, last, axis=1)
    made: NDArray[np.uint8] = (np.array(BINS, dtype=np.uint8) + 33).astype(np.uint8)[states]
    return made


def perfect_templates(length: int) -> NDArray[np.uint8]:
    """Quality strings of reads without errors (1, length)."""
    return np.full((1, length), BINS[-1] + 33, dtype=np.uint8)


@dataclass(frozen=True, slots=True)
class Sequencer:
    """Reads fragments of the letters of all genomes end to end, with a read's length of padding before and behind."""

    letters: NDArray[np.uint8]
    length: int  #: bases of a read
    name: str  #: name of the sample, in every read's name
    qualities: tuple[NDArray[np.uint8], NDArray[np.uint8]]  #: templates of each mate
    perfect: bool

    def records(self, rng: np.random.Generator, drawn: Fragments, first: int, mate: int) -> bytes:
        """Return FASTQ text of one mate of the fragments; read names count from ``first``."""
        n = len(drawn.start)
        bases = self._bases(drawn, mate)
        templates = self.qualities[mate - 1]
        quality = templates[rng.integers(0, len(templates), size=n)]
        if not self.perfect:
            _err(rng, bases, quality)
        head = _names(self.name, first, n, mate)
        text = np.empty((n, head.shape[1] + 2 * self.length + 4), dtype=np.uint8)
        at = head.shape[1]
        text[:, :at] = head
        text[:, at : at + self.length] = bases
        text[:, at + self.length : at + self.length + 3] = list(b"\n+\n")
        text[:, at + self.length + 3 : -1] = quality
        text[:, -1] = ord("\n")
        return text.tobytes()

    def _bases(self, drawn: Fragments, mate: int) -> NDArray[np.uint8]:
        """Letters (n, length) of a mate, without errors: adapter and G behind the end of short fragments."""
        length, windows = self.length, np.lib.stride_tricks.sliding_window_view(self.letters, self.length)
        forward = drawn.reverse == (mate == 2)
        end = drawn.start + drawn.size
        # What a window holds beyond a short fragment is replaced below; the padding keeps it inside the letters.
        bases: NDArray[np.uint8] = windows[length + np.where(forward, drawn.start, end - length)]
        back = ~forward
        bases[back] = _COMPLEMENT[bases[back][:, ::-1]]
        short = np.flatnonzero(drawn.size < length)
        if len(short):
            tail = np.frombuffer(ADAPTERS[mate - 1].ljust(length, b"G"), np.uint8)[:length]
            place = np.arange(length) - drawn.size[short][:, None]
            bases[short] = np.where(place >= 0, tail[np.maximum(place, 0)], bases[short])
        return bases


def _err(rng: np.random.Generator, bases: NDArray[np.uint8], quality: NDArray[np.uint8]) -> None:
    """Change bases in place, each with the chance that its quality says; quality 2 is an N."""
    chance = np.zeros(256, dtype=np.uint16)
    for phred in BINS[1:]:
        chance[phred + 33] = round(65536 * 10 ** (-phred / 10))
    wrong = np.flatnonzero(rng.integers(0, 65536, size=bases.size, dtype=np.uint16) < chance[quality].ravel())
    flat = bases.reshape(-1)
    flat[wrong] = _OTHER[rng.integers(0, 3, size=len(wrong)), flat[wrong]]
    bases[quality == BINS[0] + 33] = ord("N")


def _names(name: str, first: int, count: int, mate: int) -> NDArray[np.uint8]:
    """Name lines (count, width) with the newline: ``@sample:000000012 1:N:0:1``."""
    before, after = f"@{name}:".encode(), f" {mate}:N:0:1\n".encode()
    head = np.empty((count, len(before) + 9 + len(after)), dtype=np.uint8)
    head[:, : len(before)] = list(before)
    number = np.arange(first, first + count)
    for digit in range(9):
        head[:, len(before) + 8 - digit] = number // 10**digit % 10 + ord("0")
    head[:, len(before) + 9 :] = list(after)
    return head


class Gzip:
    """A gzip file without a time or a name in it; isal's compression where it is installed, else zlib's.

    The compressed bytes depend on which of the two it is, the text does not; `sha256` is that of the text.
    """

    def __init__(self, handle: BinaryIO) -> None:
        self._handle = handle
        self._hash = hashlib.sha256()
        self._out: Any
        try:
            from isal import isal_zlib

            self._out = isal_zlib.compressobj(1, zlib.DEFLATED, 31)
        except ImportError:
            self._out = zlib.compressobj(1, zlib.DEFLATED, 31)

    def write(self, text: bytes) -> None:
        """Add text."""
        self._hash.update(text)
        self._handle.write(self._out.compress(text))

    def close(self) -> None:
        """Write what is left."""
        self._handle.write(self._out.flush())

    @property
    def sha256(self) -> str:
        """Hash of the text so far."""
        return self._hash.hexdigest()


def mates(folder: Path, name: str) -> tuple[Path, Path]:
    """Return the paths of a sample's two files."""
    return folder / f"{name}_R1.fastq.gz", folder / f"{name}_R2.fastq.gz"
