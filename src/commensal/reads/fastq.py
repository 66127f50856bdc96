"""FASTQ as it comes: gz or plain, one file or two, interleaved; in batches, each byte read once and hashed."""

from __future__ import annotations

import hashlib
import io
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice, pairwise
from operator import attrgetter
from pathlib import Path
from typing import Any, BinaryIO, Literal, cast

from commensal.errors import FormatError, UsageError
from commensal.reads.needs import needed

Layout = Literal["single", "paired", "interleaved"]

#: Records read at once: few enough that they stay in the processor's cache.
BATCH = 128
#: Records looked at before the pass, for layout, quality offset, length and adapters.
LOOKED_AT = 4096
_BLOCK = 1 << 17
_SEQUENCE, _QUALITY = attrgetter("sequence"), attrgetter("qualities")


@dataclass(frozen=True, slots=True)
class Batch:
    """Up to `BATCH` reads or pairs: ``first`` and ``second`` hold bases, ``""`` for a mate that is not there.

    ``second`` is None for single reads. The qualities are as in the file, aligned with the bases.
    """

    first: list[str]
    first_quality: list[str]
    second: list[str] | None = None
    second_quality: list[str] | None = None


@dataclass(frozen=True, slots=True)
class Look:
    """What the first reads of a sample say.

    ``offset`` is 33 or 64; ``constant_quality`` is true when all qualities are the same letter and so say nothing;
    ``first`` and ``second`` hold the bases of the reads looked at.
    """

    layout: Layout
    offset: int
    constant_quality: bool
    mean_length: float
    max_length: int
    first: tuple[str, ...]
    second: tuple[str, ...]


class _Counted(io.RawIOBase):
    """A file that counts and hashes what is read from it."""

    def __init__(self, path: Path) -> None:
        self.size = path.stat().st_size
        self.position = 0
        self.digest = hashlib.sha256()
        self._file = path.open("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        count = self._file.readinto(buffer) or 0
        self.digest.update(memoryview(buffer)[:count])
        self.position += count
        return count

    def close(self) -> None:
        """Stay open: the readers stacked on top close what is below them when they are dropped."""

    def shut(self) -> None:
        """Close the file."""
        self._file.close()


class Fastq:
    """The reads of one sample.

    Parameters
    ----------
    r1, r2
        FASTQ files, plain or compressed (gzip, bzip2, xz by their first bytes, whatever their names). Without ``r2``
        the file is single or interleaved.
    layout
        None looks: a file is interleaved when the first reads stand in pairs with the names of mates. ``"single"`` and
        ``"interleaved"`` say it.

    Raises
    ------
    FormatError
        A file is not there, empty, no FASTQ or damaged.
    UsageError
        The layout does not fit the number of files.
    """

    def __init__(self, r1: Path | str, r2: Path | str | None = None, *, layout: str | None = None) -> None:
        self.paths = tuple(Path(path) for path in (r1, r2) if path is not None)
        if layout not in {None, "single", "interleaved", "paired"} or (
            layout and (layout == "paired") != (r2 is not None)
        ):
            raise UsageError(
                f"layout {layout!r} does not fit {len(self.paths)} file(s)",
                expected="paired for two files; single or interleaved for one",
            )
        for path in self.paths:
            if not path.is_file():
                raise FormatError(f"there is no file {path.name}", where=str(path.parent), mend="check the path")
        if len(self.paths) == 2 and self.paths[0].resolve() == self.paths[1].resolve():
            raise FormatError(
                "both mates are the same file", found=self.paths[0].name, mend="give the file of each mate"
            )
        self._files: list[_Counted] = []
        self.look = self._look(cast("Layout | None", layout))
        self.orphans = 0

    @property
    def layout(self) -> Layout:
        """``single``, ``paired`` (two files) or ``interleaved``."""
        return self.look.layout

    @property
    def progress(self) -> tuple[int, int]:
        """Bytes read in this pass, and bytes of the files."""
        return sum(file.position for file in self._files), sum(path.stat().st_size for path in self.paths)

    def inputs(self) -> list[dict[str, object]]:
        """Name, bytes and SHA-256 of each file, after a whole pass."""
        return [
            {"file": path.name, "bytes": file.position, "sha256": file.digest.hexdigest()}
            for path, file in zip(self.paths, self._files, strict=True)
        ]

    def batches(self) -> Iterator[Batch]:
        """Read the files once from the beginning.

        Raises
        ------
        FormatError
            A file is damaged or truncated, a record is broken, or mates are missing or in another order.
        """
        self._files = [_Counted(path) for path in self.paths]
        self.orphans = 0
        try:
            sources = [_Records(path, file) for path, file in zip(self.paths, self._files, strict=True)]
            if self.layout == "paired":
                yield from self._paired(sources[0], sources[1])
            elif self.layout == "interleaved":
                yield from self._interleaved(sources[0])
            else:
                while records := sources[0].take(BATCH):
                    yield Batch(list(map(_SEQUENCE, records)), list(map(_QUALITY, records)))
            for file in self._files:  # what stands behind the compressed stream is part of the file's hash
                while file.read(_BLOCK):
                    pass
        finally:
            for file in self._files:
                file.shut()

    def _paired(self, first: _Records, second: _Records) -> Iterator[Batch]:
        mates = needed("dnaio").records_are_mates
        done = 0
        while True:
            one, two = first.take(BATCH), second.take(BATCH)
            if not all(map(mates, one, two)):
                at = next(i for i, pair in enumerate(zip(one, two, strict=False)) if not mates(*pair))
                raise FormatError(
                    "the mates stand in another order",
                    where=f"{self.paths[0].name} and {self.paths[1].name}, read {done + at + 1}",
                    found=f"{one[at].name!r} beside {two[at].name!r}",
                    expected="the same name in both files (but for /1 and /2)",
                    mend="sort or repair the pair (for example with repair.sh or seqkit pair), or use one file alone",
                )
            done += min(len(one), len(two))
            if len(one) != len(two):
                longer = self.paths[len(one) < len(two)]
                raise FormatError(
                    "the two files hold different numbers of reads",
                    where=f"{self.paths[0].name} and {self.paths[1].name}",
                    found=f"one ends after read {done:,}, {longer.name} goes on",
                    expected="one mate in each file for every pair",
                    mend="repair the pair (for example with repair.sh or seqkit pair); one file may have been cut off",
                )
            if not one:
                return
            yield Batch(
                list(map(_SEQUENCE, one)), list(map(_QUALITY, one)), list(map(_SEQUENCE, two)), list(map(_QUALITY, two))
            )

    def _interleaved(self, records: _Records) -> Iterator[Batch]:
        """Pair what stands together; a read whose mate was filtered out before goes on alone."""
        mates = needed("dnaio").records_are_mates
        held: list[Any] = []
        while chunk := held + records.take(2 * BATCH):
            held = []
            one: list[Any] = []
            two: list[Any] = []
            at, last = 0, len(chunk) - 1
            while at < last:
                if mates(chunk[at], chunk[at + 1]):
                    one.append(chunk[at])
                    two.append(chunk[at + 1])
                    at += 2
                else:
                    one.append(chunk[at])
                    two.append(None)
                    at += 1
            if at == last and len(chunk) > 1:
                held = [chunk[at]]
            elif at == last:
                one.append(chunk[at])
                two.append(None)
            self.orphans += sum(mate is None for mate in two)
            yield Batch(
                list(map(_SEQUENCE, one)),
                list(map(_QUALITY, one)),
                [mate.sequence if mate else "" for mate in two],
                [mate.qualities if mate else "" for mate in two],
            )

    def _look(self, layout: Layout | None) -> Look:
        looked = []
        for path in self.paths:
            file = _Counted(path)
            try:
                looked.append(_Records(path, file).take(LOOKED_AT))
            finally:
                file.shut()
        for path, records in zip(self.paths, looked, strict=True):
            if not records:
                raise _empty(path)
        if layout is None:
            layout = "paired" if len(looked) == 2 else ("interleaved" if _interleaved(looked[0]) else "single")
        records = [record for one in looked for record in one]
        letters = set().union(*(record.qualities for record in records))
        lengths = [len(record.sequence) for record in records]
        bases = [tuple(map(_SEQUENCE, one)) for one in looked]
        if layout == "interleaved":
            bases = [bases[0][0::2], bases[0][1::2]]
        mean = sum(lengths) / len(lengths)
        return Look(
            layout,
            _offset(letters, mean),
            len(letters) < 2,
            mean,
            max(lengths),
            bases[0],
            bases[1] if len(bases) == 2 else (),
        )


def _offset(letters: set[str], mean_length: float) -> int:
    """Return the quality offset: 64 when no letter is below ``;`` and some are above ``K``."""
    if not letters or mean_length > 1000:  # HiFi reads reach ~ with offset 33
        return 33
    return 64 if min(letters) >= ";" and max(letters) > "K" else 33


def _interleaved(records: list[Any]) -> bool:
    """Tell whether neighbours are mates; some may be alone in a file that was filtered."""
    mates = needed("dnaio").records_are_mates
    some = records[:1000]
    together = sum(mates(a, b) and a.name != b.name for a, b in pairwise(some))
    named = sum(mates(a, b) for a, b in zip(some[::2], some[1::2], strict=False))
    return len(some) > 1 and (together >= 0.3 * len(some) or named == len(some) // 2)


class _Records:
    """Records of one file; every fault becomes a FormatError that names the file and, where known, the line."""

    def __init__(self, path: Path, file: _Counted) -> None:
        self._path, self._file = path, file
        self._dnaio = needed("dnaio")
        self._records: Iterator[Any] | None = None

    def take(self, number: int) -> list[Any]:
        """Read up to this many records."""
        taken: list[Any] = []
        try:
            if self._records is None:
                self._records = self._opened()
            taken.extend(islice(self._records, number))
        except self._dnaio.FileFormatError as error:
            if not str(error).endswith(("was: '\\n'", "was: '\\r\\n'")):  # blank lines behind the last record
                raise self._broken(error) from error
        except (EOFError, zlib.error, OSError, ValueError) as error:
            raise self._damaged(error) from error
        except Exception as error:
            if type(error).__name__ in {"LZMAError", "IsalError"} or type(error).__module__.startswith("isal"):
                raise self._damaged(error) from error
            raise
        return taken

    def _opened(self) -> Iterator[Any]:
        stream = _decompressed(self._file)
        start = stream.peek(1)[:1]
        if not start:
            return iter(())
        if start != b"@":
            raise _not_fastq(self._path, stream.peek(80)[:80])
        return iter(self._dnaio.FastqReader(stream))

    def _broken(self, error: Any) -> FormatError:
        line = getattr(error, "line", None)
        return FormatError(
            "a record is broken",
            where=self._path.name if line is None else f"{self._path.name}, near line {line + 1}",
            found=getattr(error, "message", None) or error,
            expected="four lines for each read: @name, bases, +, qualities (as many as bases)",
            mend="take the file from where it was made again; it may have been cut off or edited",
        )

    def _damaged(self, error: Exception) -> FormatError:
        return FormatError(
            "the file is damaged or was cut off",
            where=self._path.name,
            found=f"after {self._file.position:,} of {self._file.size:,} bytes: {error}",
            expected="a whole compressed file",
            mend="copy or download it again and compare its checksum",
        )


def _decompressed(file: _Counted) -> Any:
    buffered = io.BufferedReader(file, _BLOCK)
    magic = buffered.peek(6)[:6]
    if magic[:2] == b"\x1f\x8b":
        try:
            from isal import igzip
        except ImportError:
            import gzip

            return gzip.GzipFile(fileobj=cast("BinaryIO", buffered))
        return igzip.IGzipFile(fileobj=buffered)
    if magic[:3] == b"BZh":
        import bz2

        return bz2.BZ2File(cast("BinaryIO", buffered))
    if magic == b"\xfd7zXZ\x00":
        import lzma

        return lzma.LZMAFile(cast("BinaryIO", buffered))
    return buffered


def _empty(path: Path) -> FormatError:
    return FormatError(
        "the file holds no reads",
        where=path.name,
        found=f"{path.stat().st_size:,} bytes, 0 records",
        expected="FASTQ",
        mend="check how the file was made; leave the sample out if it has none",
    )


def _not_fastq(path: Path, start: bytes) -> FormatError:
    text = start.split(b"\n", 1)[0][:40].decode("ascii", "replace")
    kind = "FASTA (bases without qualities)" if start[:1] == b">" else "neither FASTQ nor compressed FASTQ"
    return FormatError(
        f"the file is {kind}",
        where=path.name,
        found=repr(text),
        expected="a first line that starts with @",
        mend="give the reads as they came from the sequencer",
    )
