"""Sequences of the reference's genomes."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from pathlib import Path

from commensal.errors import FormatError


def fasta(path: Path) -> Iterator[tuple[str, bytes]]:
    """Read a gzipped FASTA: (name up to the first blank, bases in capitals) of each contig.

    Raises
    ------
    FormatError
        The file is damaged.
    """
    try:
        from isal import igzip as gzip
    except ImportError:
        import gzip
    try:
        with gzip.open(path, "rb") as handle:
            text = handle.read()
    except (EOFError, OSError, zlib.error) as error:
        raise FormatError(
            "the genome is damaged", where=path.name, found=error, mend="build the reference again"
        ) from error
    for record in text.split(b">")[1:]:
        head, _, body = record.partition(b"\n")
        yield head.split(None, 1)[0].decode(), body.translate(None, b"\r\n").upper()
