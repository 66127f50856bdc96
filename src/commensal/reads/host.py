"""Host reads: found by mapping to the host's index, and left out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from commensal.errors import FormatError
from commensal.reads.fastq import Batch
from commensal.reads.needs import needed

#: A read is the host's when an alignment covers this share of it …
COVERED = 0.5
#: … with this share of equal bases.
EQUAL = 0.9


class Host:
    """Leaves out the reads of one or more hosts and counts them (``removed``: reads, not pairs).

    Parameters
    ----------
    indices
        minimap2 indices (``.mmi``) or FASTA files of the hosts.
    long
        Whether the reads are long.

    Raises
    ------
    FormatError
        A file is not there, or holds no index and no sequence.
    """

    def __init__(self, indices: Sequence[Path], *, long: bool = False) -> None:
        self.removed = 0
        self._aligners = [_aligner(Path(path), "map-ont" if long else "sr") for path in indices]

    def __call__(self, batches: Iterable[Batch]) -> Iterator[Batch]:
        """Pass batches on without the host's reads; a pair goes when either mate is the host's."""
        if not self._aligners:
            yield from batches
            return
        buffer = needed("mappy").ThreadBuffer()
        for batch in batches:
            if batch.second is None:
                kept = [read for read in batch.first if not self._is_host(read, buffer)]
                self.removed += len(batch.first) - len(kept)
                yield Batch(kept, [])
                continue
            pairs = list(zip(batch.first, batch.second, strict=True))
            own = [pair for pair in pairs if not (self._is_host(pair[0], buffer) or self._is_host(pair[1], buffer))]
            gone = len(pairs) - len(own)
            if gone:
                self.removed += 2 * gone - (batch.second.count("") - sum(not mate for _, mate in own))
            yield Batch([one for one, _ in own], [], [mate for _, mate in own], [])

    def _is_host(self, read: str, buffer: Any) -> bool:
        if not read:
            return False
        for aligner in self._aligners:
            for hit in aligner.map(read, buf=buffer):
                if hit.q_en - hit.q_st >= COVERED * len(read) and hit.mlen >= EQUAL * hit.blen:
                    return True
        return False


def _aligner(path: Path, preset: str) -> Any:
    if not path.is_file():
        raise FormatError(
            "the host's file is not there", found=path, mend="give a FASTA file or a minimap2 index (.mmi)"
        )
    aligner = needed("mappy").Aligner(str(path), preset=preset, best_n=1)
    if not aligner or not aligner.seq_names:
        raise FormatError(
            "the host's file holds no sequence", where=path.name, expected="a FASTA file or a minimap2 index (.mmi)"
        )
    return aligner
