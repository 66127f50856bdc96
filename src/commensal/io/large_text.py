"""Delimited text in blocks of features: lines are counted, measured and held to the header before they are read."""

from __future__ import annotations

import csv
import gzip
import io
import warnings
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from commensal.cells import unescaped
from commensal.errors import FormatError, TableError
from commensal.io.contents import MISSING
from commensal.io.grid import find_delimiter
from commensal.io.large_blocks import Block, Opened, damaged, no_number, rows_are_features, split
from commensal.limits import exceeded, limit
from commensal.study.declared import Assay
from commensal.study.stored import CELLS

#: Gene tables shrink to less than this part of their text.
_SHRINKS = 8
#: Bytes of text per byte of numbers, at least: a cell takes two bytes, and eight in memory.
_PER_CELL = 4


def open_text(path: Path, assay: Assay, sample_ids: Sequence[str], most: int) -> Opened | None:
    """Look into delimited text; None where it takes at most `most` bytes as numbers, or has samples in rows.

    Raises
    ------
    FormatError, TableError
        No table at all, or a line that is past a limit.
    """
    size = path.stat().st_size * (_SHRINKS if path.suffix == ".gz" else 1)
    if _PER_CELL * size <= most:
        return None
    first = list(_head(path, 201))
    if len(first) < 2 or first[0].startswith("#"):
        return None
    sep = find_delimiter(path.name, [line.encode() for line in first[:2]])
    header = _fields(first[0], sep)
    id_column, notes, samples = split(header, assay)
    if id_column not in header:
        return None  # the reader of small tables says so
    at = header.index(id_column)
    names = [row[at] for row in (_fields(line, sep) for line in first[1:]) if len(row) > at]
    if len(set(header)) < len(header) or not rows_are_features(path.name, names, samples, sample_ids, assay):
        return None
    per_row = max(len(first[1].encode()), 2 * len(header))
    width = max(1, CELLS // len(header))

    def blocks() -> Iterator[Block]:
        for start, lines in _held(path, len(header), sep, width):
            yield _block(path, assay, b"".join(lines), start, (sep, header, id_column, notes, samples))

    return Opened(path.name, tuple(samples), max(1, size // per_row), blocks, path.stat().st_size)


def _block(
    path: Path, assay: Assay, text: bytes, start: int, layout: tuple[str, list[str], str, list[str], list[str]]
) -> Block:
    sep, header, id_column, notes, samples = layout
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", pd.errors.DtypeWarning)  # such a column is refused below, with its cell
        try:
            chunk = pd.read_csv(
                io.BytesIO(text), sep=sep, names=header, header=None, index_col=False, keep_default_na=False,
                na_values={name: [*MISSING, *assay.missing] for name in samples}, encoding="utf-8",
                dtype=dict.fromkeys([id_column, *notes], str), low_memory=False,
            )  # fmt: skip
        except (UnicodeDecodeError, pd.errors.ParserError) as error:
            raise damaged(path, error) from error
    for name in samples:
        if not pd.api.types.is_numeric_dtype(chunk[name]) or chunk[name].dtype == bool:
            bad = chunk[name].index[pd.to_numeric(chunk[name], errors="coerce").isna() & chunk[name].notna()]
            row = int(bad[0]) if len(bad) else 0
            raise no_number(path, name, repr(chunk[name][row]), f"line {start + row}")
    ids = [unescaped(name) for name in chunk[id_column].astype(str)]
    return ids, chunk[notes].set_axis(ids, axis=0), chunk[samples].to_numpy(np.float64).T


def _held(path: Path, columns: int, sep: str, width: int) -> Iterator[tuple[int, list[bytes]]]:
    """Give (number of the first line, up to `width` lines), each with as many cells as the header, header aside."""
    mark = sep.encode()
    held: list[bytes] = []
    start = number = 2
    for number, line in enumerate(_lines(path), 1):
        if number == 1 or not line.strip():
            continue
        found = line.count(mark) + 1 if b'"' not in line else len(_fields(line.decode("utf-8", "replace"), sep))
        if found != columns:
            raise TableError(
                "a line has more or fewer cells than the header",
                where=f"{path.name}, line {number}",
                found=f"{found} cells",
                expected=f"{columns} cells",
                mend="correct the line; or, if the header has no cell over the ids, give it one",
            )
        if not held:
            start = number
        held.append(line if line.endswith(b"\n") else line + b"\n")
        if len(held) == width:
            yield start, held
            held = []
    if held:
        yield start, held


def _lines(path: Path) -> Iterator[bytes]:
    """Give the lines of text or gzip, without a byte-order mark.

    Raises
    ------
    FormatError
        A line or the whole is past a limit, the compressed data are damaged, or it is not UTF-8 text.
    """
    longest = limit("LINE")
    packed = path.stat().st_size
    most = max(limit("UNPACKED_FREE"), limit("RATIO") * packed) if path.suffix == ".gz" else None
    opener: Callable[..., Any] = gzip.open if path.suffix == ".gz" else open
    read, number = 0, 0
    try:
        with opener(path, "rb") as stream:
            while line := stream.readline(longest + 1):
                read, number = read + len(line), number + 1
                if len(line) > longest:
                    raise exceeded("LINE", f"{path.name}, line {number}", f"a line of more than {longest:,} bytes")
                if most is not None and read > most:
                    raise exceeded("RATIO", path.name, f"more than {most:,} bytes from {packed:,}")
                if b"\x00" in line:
                    raise FormatError(
                        "the file is not UTF-8 text", where=f"{path.name}, line {number}", found="a NUL byte",
                        expected="UTF-8, for a table of this size", mend="write it again as UTF-8",
                    )  # fmt: skip
                yield line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line
    except (OSError, EOFError, zlib.error) as error:
        raise damaged(path, error) from error


def _head(path: Path, count: int) -> Iterator[str]:
    for _, line in zip(range(count), _lines(path), strict=False):
        try:
            yield line.decode().rstrip("\r\n")
        except UnicodeDecodeError as error:
            raise FormatError(
                "the file is not UTF-8 text", where=path.name, found=str(error).split(":")[0],
                expected="UTF-8, for a table of this size", mend="write it again as UTF-8",
            ) from error  # fmt: skip


def _fields(line: str, sep: str) -> list[str]:
    return next(csv.reader([line.rstrip("\r\n")], delimiter=sep), [])


__all__ = ["open_text"]
