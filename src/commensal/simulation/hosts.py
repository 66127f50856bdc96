"""A host's sequence that nobody has to download: random, with the make-up of a mammal's."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from commensal.execution import write_whole


def mammal(out: Path | str, *, length: int = 2_000_000, seed: int = 1, name: str = "host") -> Path:
    """Write a FASTA file of one contig with 41 % G+C, a tenth of it diverged copies of one repeat of 300 bases.

    It is no real genome: it shares no more with microbes than chance has it, so host removal is easier on it than on a
    real one.

    Parameters
    ----------
    out
        File to write.
    length
        Bases.
    seed
        The same seed gives the same bytes.
    name
        Id of the contig.

    Raises
    ------
    OutputError
        The file cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     mammal(Path(folder, "host.fna"), length=1000).stat().st_size
    1016
    """
    rng = np.random.default_rng(seed)
    alphabet, shares = np.frombuffer(b"ACGT", np.uint8), [0.295, 0.205, 0.205, 0.295]
    letters = rng.choice(alphabet, p=shares, size=length)
    repeat = rng.choice(alphabet, size=300)
    for start in rng.integers(0, max(length - 300, 1), size=length // 3000):
        copy = np.where(rng.random(300) < 0.12, rng.choice(alphabet, size=300), repeat)
        room = len(letters[start : start + 300])
        letters[start : start + 300] = copy[:room]
    lines = [letters[at : at + 100].tobytes() for at in range(0, length, 100)]
    path = Path(out)
    write_whole(path, b">" + name.encode() + b"\n" + b"\n".join(lines) + b"\n")
    return path
