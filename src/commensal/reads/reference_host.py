"""Host genomes of a reference: minimap2 indices of the sequences whose reads are taken out."""

from __future__ import annotations

import gzip
import hashlib
import json
import zlib
from pathlib import Path
from typing import Any

from commensal.errors import FormatError
from commensal.limits import require_regular
from commensal.reads.needs import needed
from commensal.reads.reference_fasta import genome_name
from commensal.reads.tables import write_text

#: Bytes of a line that are held at once.
_PIECE = 1 << 24
_LETTERS = b"ACGTUNRYSWKMBDHVacgtunryswkmbdhv\r\n \t"


def add_host(path: Path, target: Path) -> tuple[str, dict[str, Any]]:
    """Index a host's FASTA into ``target/host/NAME`` for short reads; return its name and facts.

    Raises
    ------
    FormatError
        The file is no FASTA of nucleotides, or is damaged.
    CommensalError
        mappy is not installed.
    """
    mappy = needed("mappy")
    bases, contigs = _measure(path)
    name = genome_name(path)
    folder = target / "host" / name
    folder.mkdir(parents=True, exist_ok=True)
    mappy.Aligner(str(path), preset="sr", fn_idx_out=str(folder / "host.mmi"))
    with path.open("rb") as handle:
        digest = hashlib.file_digest(handle, "sha256").hexdigest()
    facts = {"name": name, "sha256": digest, "length": bases, "contigs": contigs}
    write_text(json.dumps(facts, ensure_ascii=False) + "\n", folder / "host.json")
    return name, facts


def _measure(path: Path) -> tuple[int, int]:
    """Count bases and contigs line by line: a mammal's genome is too large to hold."""
    bases = contigs = 0
    require_regular(path)
    try:
        with path.open("rb") as handle:
            packed = handle.read(2) == b"\x1f\x8b"
        with gzip.open(path) if packed else path.open("rb") as handle:
            while line := handle.readline(_PIECE):  # a chromosome may be one line
                if line.startswith(b">"):
                    contigs += 1
                elif contigs == 0 and line.strip():
                    raise FormatError(
                        "the host's file is no FASTA",
                        where=path.name,
                        found=repr(line[:40]),
                        expected="a line >NAME first",
                    )
                else:
                    odd = line.translate(None, _LETTERS)
                    if odd:
                        raise FormatError(
                            "the host's file holds letters that are no bases",
                            where=path.name,
                            found=repr(odd[:12]),
                            expected="nucleotides",
                            mend="give the host's genome, not its proteins",
                        )
                    bases += len(line.strip())
    except (EOFError, OSError, zlib.error) as error:
        raise FormatError(
            "the host's file cannot be read", where=path.name, found=error, mend="copy it again"
        ) from error
    if not bases:
        raise FormatError("the host's file holds no sequence", where=path.name, mend="copy it again")
    return bases, contigs
