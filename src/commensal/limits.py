"""What a file may ask of this machine: every limit by name, and how to raise one.

Limits are on what only a damaged or hostile file has: how many times its size it unpacks to, one endless line, an id of
a megabyte. Large tables are welcome: no limit is on the size of a table as such. A limit is raised for one process by
an environment variable, ``COMMENSAL_LIMIT_`` and the limit's name: ``COMMENSAL_LIMIT_RATIO=2000 commensal run …``.
"""

from __future__ import annotations

import os
import signal
import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from commensal.errors import CommensalError, FormatError, UsageError

#: Name → (value, what it is a number of). Stated in SECURITY.md.
LIMITS: dict[str, tuple[int, str]] = {
    "RATIO": (250, "times its size that a compressed file may unpack to, past UNPACKED_FREE"),
    "UNPACKED_FREE": (256 << 20, "bytes that any compressed file may unpack to, whatever the ratio"),
    "LINE": (256 << 20, "bytes of one line of text"),
    "ID": (10_000, "characters of one id"),
    "MEMBERS": (10_000, "members of a zip archive"),
    "ARTIFACT": (2 << 30, "bytes that a QIIME 2 artifact may unpack to"),
    "WORKBOOK": (512 << 20, "bytes that a workbook may unpack to"),
    "SHEET_CELLS": (20_000_000, "cells of one sheet"),
    "TABLE_BYTES": (64 << 30, "bytes that a BIOM table may take in memory, samples × observations × 8"),
    "TOML": (4 << 20, "bytes of a study file"),
    "TOML_DEPTH": (32, "brackets open at once, or parts of a dotted key, in a study file"),
    "TOML_DIGITS": (300, "digits of a number in a study file"),
    "SECONDS": (600, "seconds that reading one table may take, and SECONDS_PER_MB more for each megabyte of it"),
    "SECONDS_PER_MB": (20, "seconds more for each megabyte of a table"),
}
_BLOCK = 1 << 20
#: Seconds: longer than any reading, and as long as a timer can be set.
_LONGEST = 10**8


def limit(name: str) -> int:
    """Return a limit: the environment's, else the one stated here.

    Raises
    ------
    UsageError
        The environment's is no whole number above 0.

    Examples
    --------
    >>> limit("MEMBERS")
    10000
    """
    said = os.environ.get(f"COMMENSAL_LIMIT_{name}")
    if said is None:
        return LIMITS[name][0]
    if not (said.isascii() and said.isdigit() and 0 < len(said) < 19 and int(said) > 0):
        raise UsageError(
            "a limit is no whole number", where=f"COMMENSAL_LIMIT_{name}", found=repr(said[:40]), expected="1 or more",
            mend="write digits only, or unset it",
        )  # fmt: skip
    return int(said)


def exceeded(name: str, where: str, found: str, kind: type[CommensalError] = FormatError) -> CommensalError:
    """Return the error of a limit that a file is past, with how to raise it."""
    most = limit(name)
    return kind(
        "the file is past a limit that keeps damaged and hostile files from filling the machine",
        where=where,
        found=found,
        expected=f"at most {most:,} ({LIMITS[name][1]})",
        mend=f"check the file; if it is right, set COMMENSAL_LIMIT_{name} to a larger number and run again",
    )


class _Late(BaseException):
    """No exception that a reader's ``except Exception`` would take for damage of its file."""


@contextmanager
def in_time(where: str, size: int) -> Iterator[None]:
    """Refuse what is read in this block when it takes longer than SECONDS and SECONDS_PER_MB for its bytes.

    In the main thread, on systems with timers, unless somebody else has set one: elsewhere there is no such limit.

    Examples
    --------
    >>> with in_time("taxa.tsv", size=1000):
    ...     pass
    """
    mine = threading.current_thread() is threading.main_thread() and hasattr(signal, "setitimer")
    if not mine or signal.getitimer(signal.ITIMER_REAL)[0] or signal.getsignal(signal.SIGALRM) is not signal.SIG_DFL:
        yield
        return
    most = min(limit("SECONDS") + limit("SECONDS_PER_MB") * (size >> 20), _LONGEST)
    before = signal.signal(signal.SIGALRM, _late)
    try:
        signal.setitimer(signal.ITIMER_REAL, most, 1.0)  # again each second, should one be passed over
        yield
    except _Late:
        raise FormatError(
            "reading takes longer than a limit that keeps damaged and hostile files from holding the machine",
            where=where,
            found=f"not read after {most:,} s, of {size:,} bytes",
            expected=f"at most {limit('SECONDS'):,} s, and {limit('SECONDS_PER_MB')} s more for each megabyte",
            mend="check the file; if it is right, set COMMENSAL_LIMIT_SECONDS to a larger number and run again",
        ) from None
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _late(_number: int, frame: FrameType | None) -> None:
    """End the block; not while it begins or ends, where the timer would stay set."""
    if frame is None or frame.f_globals.get("__name__") not in (__name__, "contextlib"):
        raise _Late


def gunzip(raw: bytes, file: str) -> bytes:
    """Unpack gzip (all of its members) block by block, refusing a bomb before it fills the memory.

    Raises
    ------
    FormatError
        Past RATIO.
    EOFError, zlib.error
        Cut short, or damaged.

    Examples
    --------
    >>> import gzip
    >>> gunzip(gzip.compress(b"a") + gzip.compress(b"b"), "t.gz")
    b'ab'
    """
    most = max(limit("UNPACKED_FREE"), limit("RATIO") * len(raw))
    out: list[bytes] = []
    size = 0
    for block in _unpacked(raw):
        size += len(block)
        if size > most:
            raise exceeded("RATIO", file, f"more than {most:,} bytes from {len(raw):,}")
        out.append(block)
    return b"".join(out)


def _unpacked(raw: bytes) -> Iterator[bytes]:
    left = memoryview(raw)
    while left:
        member = zlib.decompressobj(wbits=31)
        at = 0
        data: bytes = b""
        while not member.eof:
            data = member.unconsumed_tail
            if not data:
                if at >= len(left):
                    raise EOFError("the compressed data end before their end mark")
                data = bytes(left[at : at + _BLOCK])
                at += len(data)
            yield member.decompress(data, 4 * _BLOCK)
        rest = len(member.unused_data)
        left = left[at - rest :]
        while len(left) and left[0] == 0:  # zeros behind the last member are padding
            left = left[1:]


def require_lines(data: bytes, file: str) -> None:
    """Refuse text with a line longer than LINE."""
    most, at, line = limit("LINE"), 0, 1
    while len(data) - at > most:
        end = data.rfind(b"\n", at, at + most + 1)
        if end < 0:
            raise exceeded("LINE", f"{file}, line {line}", f"a line of more than {most:,} bytes")
        line += data.count(b"\n", at, end + 1)
        at = end + 1


def require_short(ids: tuple[str, ...] | list[str], places: Callable[[int], str], file: str) -> None:
    """Refuse an id that is longer than ID."""
    most = limit("ID")
    for i, name in enumerate(ids):
        if len(name) > most:
            raise exceeded("ID", f"{file}, {places(i)}", f"an id of {len(name):,} characters: {name[:40]!r}…")


def require_regular(path: Path) -> None:
    """Refuse what is no ordinary file (a pipe or a device would never end), before it is opened."""
    if not path.is_file():
        raise FormatError(
            "this is no file" if path.exists() or path.is_symlink() else "there is no such file",
            where=path.name,
            found="a folder, pipe, device, or link to nothing" if path.exists() or path.is_symlink() else "nothing",
            expected="an ordinary file",
            mend="check the path",
        )
