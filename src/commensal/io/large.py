"""Tables larger than memory: read once, in blocks of features, into a store of their cells that are not 0.

Streamed are tables with features in rows: Parquet, BIOM 2.1 (HDF5, whose observations are rows), delimited text (gz).
Which way a table is read is told by its size as numbers in memory; a small table never comes here.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from commensal import limits
from commensal.cells import unescaped
from commensal.errors import TableError, UsageError
from commensal.io.annotations import feature_frame
from commensal.io.biom_tables import Held
from commensal.io.contents import Matrix, no_annotations, require_unique
from commensal.io.exclude import excluded
from commensal.io.large_blocks import Block, Opened, damaged, no_number, rows_are_features, split
from commensal.io.large_text import open_text
from commensal.io.orientation import no_overlap
from commensal.io.paths import locate
from commensal.io.registry import choose
from commensal.io.values import TOTAL, check_values
from commensal.limits import in_time
from commensal.study.declared import Assay
from commensal.study.loaded import AssayTable, Dropped
from commensal.study.stored import CELLS, TABLE_LIMIT, StoredWriter

#: A table of more bytes than this, at 8 a cell, is read in blocks; the variable of the environment changes it.
LIMIT = 2_000_000_000
#: Features of a large table that checks of a design look at, spread evenly over it.
EXCERPT = 256
#: Kinds whose steps after reading need the whole table.
WHOLE_KINDS = ("metabolites", "transcripts", "proteins", "reads")
Tell = Callable[[int, int, str], None]


def limit() -> int:
    """Return the bytes above which a table is read in blocks.

    Raises
    ------
    UsageError
        The variable of the environment holds no whole number.
    """
    given = os.environ.get(TABLE_LIMIT)
    if given is None:
        return LIMIT
    if not given.strip().isdecimal():
        raise UsageError(f"{TABLE_LIMIT} is no number of bytes", found=repr(given), expected="such as 2000000000")
    return int(given)


def read_large(assay: Assay, root: Path, sample_ids: Sequence[str], folder: Path, tell: Tell) -> AssayTable | None:
    """Read an assay in blocks where it is larger than `limit` and can be; None: read it as any other.

    Parameters
    ----------
    assay, root, sample_ids
        As for `read_assay`.
    folder
        Where the store goes; made when needed.
    tell
        Called with (features done, features in all, a sentence with rate and time left).

    Raises
    ------
    TableError, FormatError, StudyFileError
        As `read_assay`.
    """
    if assay.file is None or assay.kind in WHOLE_KINDS or assay.prepare or assay.tree or assay.sheet:
        return None
    if assay.features.file is not None:
        return None
    path = locate(root, assay.file, f"[assays.{assay.name}] file")
    opener = _OPENERS.get(choose(path, assay.format, f"[assays.{assay.name}] format").name)
    opened = opener(path, assay, sample_ids, limit()) if opener else None
    if opened is None or 8 * len(opened.samples) * opened.features <= limit():
        return None
    if not set(sample_ids).intersection(opened.samples):
        raise no_overlap(opened.file, opened.samples, sample_ids)
    require_unique(opened.samples, lambda i: f"sample {i + 1}", what="sample", file=opened.file)
    with in_time(opened.file, opened.size):
        return _store(opened, assay, set(sample_ids), folder, tell)


def _store(opened: Opened, assay: Assay, known: set[str], folder: Path, tell: Tell) -> AssayTable:
    began, done = monotonic(), 0
    ids: list[str] = []
    notes: list[pd.DataFrame] = []
    lost: list[Dropped] = []
    room = max(limits.limit("UNPACKED_FREE"), limits.limit("RATIO") * opened.size)
    with StoredWriter(folder, len(opened.samples)) as writer:
        for names, annotations, values in opened.blocks():
            keep, left_out = excluded(assay.name, assay.exclude, names)
            lost += left_out
            writer.add(_checked(opened, assay, names, values, np.array(keep, bool), known))
            if writer.size > room:
                raise limits.exceeded("RATIO", opened.file, f"more than {room:,} bytes from {opened.size:,}")
            ids += [name for name, kept in zip(names, keep, strict=True) if kept]
            if annotations.shape[1]:
                notes.append(annotations[keep])
            done += len(names)
            rate = done / max(monotonic() - began, 1e-9)
            left = max(opened.features - done, 0) / rate
            tell(done, max(opened.features, done), f"{assay.name}: {done:,} features stored, {rate:,.0f} a second, "
                 f"about {left:,.0f} s left")  # fmt: skip
        if not ids or not writer.measured.any():
            raise TableError(f"assay {assay.name} holds no values", where=opened.file, mend="give the whole table")
        require_unique(ids, lambda i: f"feature {i + 1}", what="feature", file=opened.file)
        divisor = _nominal(opened, assay, writer.totals) if assay.value == "relative" else 1.0
        text = pd.concat(notes) if notes else no_annotations(ids)
        nothing = np.empty((len(opened.samples), 0))
        matrix = Matrix(opened.file, opened.samples, tuple(ids), nothing, text, lambda i, k: f"{opened.file}, {i}, {k}")
        stored = writer.done(feature_frame(matrix, assay, text), divisor)
    chosen = np.unique(np.linspace(0, len(ids) - 1, min(EXCERPT, len(ids))).astype(np.intp))
    return AssayTable(
        assay,
        opened.samples,
        stored.features.iloc[chosen],
        stored.columns(chosen),
        dropped=tuple(lost),
        stored=stored,
    )


def _checked(
    opened: Opened,
    assay: Assay,
    names: list[str],
    values: NDArray[np.float64],
    keep: NDArray[np.bool_],
    known: set[str],
) -> NDArray[np.float64]:
    """Hold a block to what its values are said to be; the sums of shares are looked at once all is read."""
    if not keep.any() or np.isnan(values[:, keep]).all():
        return values[:, keep]
    matrix = Matrix(
        opened.file, opened.samples, tuple(names), values, no_annotations(names),
        lambda i, k: f"{opened.file}, feature {names[k]!r}, sample {opened.samples[i]!r}",
    )  # fmt: skip
    shares = assay.value == "relative"
    return check_values(matrix, replace(assay, value="absolute") if shares else assay, keep, known)


def _nominal(opened: Opened, assay: Assay, sums: NDArray[np.float64]) -> float:
    filled = sums[sums > 0]
    for total in (1.0, 100.0):
        if len(filled) and (np.abs(filled / total - 1) <= TOTAL).all():
            return total
    raise TableError(
        f"assay {assay.name}: the samples do not sum to 1 or to 100",
        where=opened.file,
        found=f"sums from {filled.min(initial=np.inf):.6g} to {filled.max(initial=0):.6g}",
        expected=f'value = "relative": every sample sums to 1, or every one to 100, within {TOTAL:.0%}',
        mend='if features were taken out before, write value = "absolute" or "intensity", or give counts',
    )


def _parquet(path: Path, assay: Assay, sample_ids: Sequence[str], most: int) -> Opened | None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(path)
        header = list(file.schema_arrow.names)
        m = file.metadata.num_rows
        if 8 * m * len(header) <= most or len(set(header)) < len(header):
            return None  # the reader of small tables says what is wrong
        index = [name for name in header if name.startswith("__index_level_")]
        id_column, notes, samples = split([*index, *(name for name in header if name not in index)], assay)
        if id_column not in header:
            return None
        few = next(file.iter_batches(1000, columns=[id_column]))
        if not rows_are_features(path.name, list(map(str, few[0].to_pylist())), samples, sample_ids, assay):
            return None
    except (OSError, pa.ArrowException, StopIteration) as error:
        raise damaged(path, error) from error
    width = max(1, CELLS // len(header))
    codes = [float(code) for code in assay.missing if code.replace(".", "", 1).lstrip("-").isdigit()]

    def blocks() -> Iterator[Block]:
        try:
            for batch in pq.ParquetFile(path).iter_batches(width, columns=[id_column, *notes, *samples]):
                values = np.empty((len(samples), batch.num_rows))
                for i, name in enumerate(samples):
                    column = batch.column(name)
                    if not (pa.types.is_integer(column.type) or pa.types.is_floating(column.type)):
                        raise no_number(path, name, str(column.type))
                    values[i] = column.cast(pa.float64()).to_numpy(zero_copy_only=False)
                if codes:
                    values[np.isin(values, codes)] = np.nan
                ids = [unescaped(str(one)) for one in batch.column(id_column).to_pylist()]
                yield ids, batch.select(notes).to_pandas().set_axis(ids, axis=0), values
        except (OSError, pa.ArrowException) as error:
            raise damaged(path, error) from error

    return Opened(path.name, tuple(samples), m, blocks, path.stat().st_size)


def _biom(path: Path, assay: Assay, sample_ids: Sequence[str], most: int) -> Opened | None:  # noqa: ARG001
    import h5py

    try:
        with h5py.File(path, "r") as file:
            held = Held(file, path.stat().st_size)
            samples = tuple(map(_word, held.read("sample/ids", "SOU")))
            m = len(held.dataset("observation/ids", "SOU"))
            ends, indices, cells = (
                held.dataset(f"observation/matrix/{name}", kinds)
                for name, kinds in (("indptr", "iu"), ("indices", "iu"), ("data", "iuf"))
            )
            whole = len(ends) == m + 1 and len(indices) == len(cells)
    except (OSError, KeyError, TypeError, ValueError):
        return None  # JSON, or damaged: the reader of small tables says which
    if not whole or 8 * len(samples) * m <= most:
        return None
    width = max(1, CELLS // max(len(samples), 1))

    def blocks() -> Iterator[Block]:
        try:
            with h5py.File(path, "r") as file:
                yield from _biom_blocks(file, path, len(samples), m, width)
        except (OSError, KeyError, TypeError, ValueError, RuntimeError) as error:
            raise damaged(path, error) from error

    return Opened(path.name, samples, m, blocks, path.stat().st_size)


def _biom_blocks(file: Any, path: Path, n: int, m: int, width: int) -> Iterator[Block]:
    held = Held(file, path.stat().st_size)
    names, ends = held.dataset("observation/ids", "SOU"), held.dataset("observation/matrix/indptr", "iu")
    indices, cells = held.dataset("observation/matrix/indices", "iu"), held.dataset("observation/matrix/data", "iuf")
    there = "taxonomy" in file["observation"].get("metadata", {})
    taxonomy = held.dataset("observation/metadata/taxonomy", "SOU") if there else None
    if taxonomy is not None and len(taxonomy) != m:
        raise ValueError("the taxonomy does not fit the ids")
    for first in range(0, m, width):
        part = np.asarray(ends[first : min(first + width, m) + 1], np.int64)
        ids = [_word(one) for one in names[first : first + len(part) - 1]]
        if (np.diff(part) < 0).any() or part[0] < 0 or part[-1] > len(cells) or (first == 0 and part[0] != 0):
            raise ValueError("the matrix does not fit its ids")
        values = np.zeros((n, len(ids)))
        for start in range(part[0], part[-1], CELLS):  # a hostile file may claim more cells than a block has
            stop = min(start + CELLS, int(part[-1]))
            rows = np.asarray(indices[start:stop], np.int64)
            if len(rows) and not 0 <= rows.min() <= rows.max() < n:
                raise ValueError("a cell lies outside the matrix")
            feature = np.searchsorted(part, np.arange(start, stop), side="right") - 1
            np.add.at(values, (rows, feature), np.asarray(cells[start:stop], np.float64))
        notes = no_annotations(ids)
        if taxonomy is not None:
            lines = taxonomy[first : first + len(ids)]
            notes["taxonomy"] = ["; ".join(w for w in map(_word, np.atleast_1d(row)) if w) for row in lines]
        yield ids, notes, values


def _word(raw: Any) -> str:
    return raw.decode() if isinstance(raw, bytes) else str(raw)


_OPENERS: dict[str, Callable[[Path, Assay, Sequence[str], int], Opened | None]] = {
    "parquet": _parquet,
    "biom": _biom,
    "wide": open_text,
}
