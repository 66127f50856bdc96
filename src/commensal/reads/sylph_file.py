"""sylph's database file, read as arrays: also the k-mers that a sketch leaves out because they lie close together.

pysylph shows the k-mers of a sketch, not those left out (one in five), which tell whether a k-mer is a genome's alone.
The file is sylph's own (bincode, little endian), per genome: k-mers, k-mers left out (or none), file name, first
contig's name, c, k, genome size, spacing; lengths and numbers are 8 bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from commensal.errors import FormatError


@dataclass(frozen=True, slots=True, eq=False)
class StoredSketch:
    """One genome's sketch: ``kmers`` (n,) and ``left_out`` (m,), which lie close to one of these; ``size`` in bases."""

    name: str
    size: int
    kmers: NDArray[np.uint64]
    left_out: NDArray[np.uint64]


def stored_sketches(path: Path) -> dict[str, StoredSketch]:
    """Find the sketches of a database by name; k-mers stay on disk until they are used.

    Raises
    ------
    FormatError
        The file is not as sylph 0.6 and later write it.
    """
    try:
        file = np.memmap(path, dtype=np.uint8, mode="r")
        return _walk(file)
    except (ValueError, IndexError, OSError, UnicodeDecodeError, OverflowError) as error:
        raise FormatError(
            "the reference's sylph database cannot be read",
            where=str(path),
            found=error,
            mend="build the reference again (commensal reference build)",
        ) from error


def _walk(file: NDArray[np.uint8]) -> dict[str, StoredSketch]:
    at = 8
    found: dict[str, StoredSketch] = {}

    def number() -> int:
        nonlocal at
        at += 8
        if at > len(file):
            raise ValueError("the file ends within a genome")
        return int.from_bytes(file[at - 8 : at].tobytes(), "little")

    def piece(size: int) -> NDArray[np.uint8]:
        nonlocal at
        at += size
        if at > len(file):
            raise ValueError("the file ends within a genome")
        return file[at - size : at]

    for _ in range(int.from_bytes(file[:8].tobytes(), "little")):
        kmers = piece(8 * number()).view("<u8")
        there = int(piece(1)[0])
        left_out = piece(8 * number()).view("<u8") if there else np.zeros(0, dtype=np.uint64)
        name, _contig = (piece(number()).tobytes().decode() for _ in range(2))
        _c, _k, size, _spacing = (number() for _ in range(4))
        found[name] = StoredSketch(name, size, kmers, left_out)
    if at != len(file):
        raise ValueError(f"{len(file) - at} bytes behind the last genome")
    return found
