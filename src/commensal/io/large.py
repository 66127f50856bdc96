"""Tables larger than memory: read once, in blocks of features, into a store of their cells that are not 0.

Streamed are tables with features in rows: Parquet, BIOM 2.1 (HDF5, whose observations are rows), delimited text (gz).
Which way a table is read is told by its size as numbers in memory; a small table never comes here.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from commensal.errors import FormatError, TableError, UsageError
from commensal.io.annotations import feature_frame
from commensal.io.contents import MISSING, Matrix, no_annotations, require_unique
from commensal.io.exclude import excluded
from commensal.io.grid import find_delimiter
from commensal.io.orientation import no_overlap, orient
from commensal.io.paths import locate
from commensal.io.registry import choose
from commensal.io.values import TOTAL, check_values
from commensal.study.declared import Assay
from commensal.study.loaded import AssayTable, Dropped
from commensal.study.stored import CELLS, StoredWriter

#: A table of more bytes than this, at 8 a cell, is read in blocks; the variable of the environment changes it.
LIMIT, LIMIT_NAME = 2_000_000_000, "COMMENSAL_TABLE_LIMIT"
#: Features of a large table that checks of a design look at, spread evenly over it.
EXCERPT = 256
#: Kinds whose steps after reading need the whole table.
WHOLE_KINDS = ("metabolites", "transcripts", "proteins", "reads")
#: One block: ids (width,), annotations (width rows), values (n, width).
Block = tuple[list[str], pd.DataFrame, NDArray[np.float64]]
Tell = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True)
class Opened:
    """A table that can be given in blocks."""

    file: str
    samples: tuple[str, ...]
    features: int  #: how many; of text an estimate
    blocks: Callable[[], Iterator[Block]]


def limit() -> int:
    """Return the bytes above which a table is read in blocks.

    Raises
    ------
    UsageError
        The variable of the environment holds no whole number.
    """
    given = os.environ.get(LIMIT_NAME)
    if given is None:
        return LIMIT
    if not given.strip().isdigit():
        raise UsageError(f"{LIMIT_NAME} is no number of bytes", found=repr(given), expected="such as 2000000000")
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
    opened = opener(path, assay, sample_ids) if opener else None
    if opened is None or 8 * len(opened.samples) * opened.features <= limit():
        return None
    if not set(sample_ids).intersection(opened.samples):
        raise no_overlap(opened.file, opened.samples, sample_ids)
    require_unique(opened.samples, lambda i: f"sample {i + 1}", what="sample", file=opened.file)
    return _store(opened, assay, set(sample_ids), folder, tell)


def _store(opened: Opened, assay: Assay, known: set[str], folder: Path, tell: Tell) -> AssayTable:
    began, done = monotonic(), 0
    ids: list[str] = []
    notes: list[pd.DataFrame] = []
    lost: list[Dropped] = []
    with StoredWriter(folder, len(opened.samples)) as writer:
        for names, annotations, values in opened.blocks():
            keep, left_out = excluded(assay.name, assay.exclude, names)
            lost += left_out
            writer.add(_checked(opened, assay, names, values, np.array(keep, bool), known))
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


def _split(header: Sequence[str], assay: Assay) -> tuple[str, list[str], list[str]]:
    """Return the column of ids, those of annotations, and those of samples."""
    inside = assay.features
    id_column = inside.id or header[0]
    notes = [name for name in dict.fromkeys([*inside.columns, *([inside.label] if inside.label else [])])
             if name in header and name != id_column]  # fmt: skip
    return id_column, notes, [name for name in header if name != id_column and name not in notes]


def _rows_are_features(
    file: str, names: Sequence[str], columns: Sequence[str], sample_ids: Sequence[str], assay: Assay
) -> bool:
    return orient(file, names, columns, sample_ids, assay.orientation) == "samples_in_columns"


def _parquet(path: Path, assay: Assay, sample_ids: Sequence[str]) -> Opened | None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(path)
        header = list(file.schema_arrow.names)
        m = file.metadata.num_rows
        if 8 * m * len(header) <= limit() or len(set(header)) < len(header):
            return None  # the reader of small tables says what is wrong
        index = [name for name in header if name.startswith("__index_level_")]
        id_column, notes, samples = _split([*index, *(name for name in header if name not in index)], assay)
        if id_column not in header:
            return None
        few = next(file.iter_batches(1000, columns=[id_column]))
        if not _rows_are_features(path.name, list(map(str, few[0].to_pylist())), samples, sample_ids, assay):
            return None
    except (OSError, pa.ArrowException, StopIteration) as error:
        raise _damaged(path, error) from error
    width = max(1, CELLS // len(header))
    codes = [float(code) for code in assay.missing if code.replace(".", "", 1).lstrip("-").isdigit()]

    def blocks() -> Iterator[Block]:
        try:
            for batch in pq.ParquetFile(path).iter_batches(width, columns=[id_column, *notes, *samples]):
                values = np.empty((len(samples), batch.num_rows))
                for i, name in enumerate(samples):
                    column = batch.column(name)
                    if not (pa.types.is_integer(column.type) or pa.types.is_floating(column.type)):
                        raise _no_number(path, name, str(column.type))
                    values[i] = column.cast(pa.float64()).to_numpy(zero_copy_only=False)
                if codes:
                    values[np.isin(values, codes)] = np.nan
                ids = [str(one) for one in batch.column(id_column).to_pylist()]
                yield ids, batch.select(notes).to_pandas().set_axis(ids, axis=0), values
        except (OSError, pa.ArrowException) as error:
            raise _damaged(path, error) from error

    return Opened(path.name, tuple(samples), m, blocks)


def _biom(path: Path, assay: Assay, sample_ids: Sequence[str]) -> Opened | None:  # noqa: ARG001  one signature for all
    import h5py

    try:
        file = h5py.File(path, "r")
    except OSError:
        return None  # JSON, or damaged: the reader of small tables says which
    with file:
        try:
            samples = tuple(map(_word, file["sample/ids"][()]))
            m = len(file["observation/ids"])
            sizes = [len(file[f"observation/matrix/{name}"]) for name in ("indptr", "indices", "data")]
        except (KeyError, TypeError):
            return None
    if sizes[0] != m + 1 or sizes[1] != sizes[2]:
        return None
    width = max(1, CELLS // max(len(samples), 1))

    def blocks() -> Iterator[Block]:
        with h5py.File(path, "r") as file:
            matrix = file["observation/matrix"]
            taxonomy = file.get("observation/metadata/taxonomy")
            for first in range(0, m, width):
                ends = np.asarray(matrix["indptr"][first : min(first + width, m) + 1], np.int64)
                ids = [_word(one) for one in file["observation/ids"][first : first + len(ends) - 1]]
                values = np.zeros((len(samples), len(ids)))
                rows = np.asarray(matrix["indices"][ends[0] : ends[-1]], np.int64)
                if (np.diff(ends) < 0).any() or (len(rows) and not 0 <= rows.min() <= rows.max() < len(samples)):
                    raise _damaged(path, ValueError("a cell lies outside the matrix"))
                cells = np.asarray(matrix["data"][ends[0] : ends[-1]], np.float64)
                np.add.at(values, (rows, np.repeat(np.arange(len(ids)), np.diff(ends))), cells)
                notes = no_annotations(ids)
                if taxonomy is not None:
                    part = taxonomy[first : first + len(ids)]
                    notes["taxonomy"] = ["; ".join(w for w in map(_word, np.atleast_1d(row)) if w) for row in part]
                yield ids, notes, values

    return Opened(path.name, samples, m, blocks)


def _word(raw: Any) -> str:
    return raw.decode() if isinstance(raw, bytes) else str(raw)


def _text(path: Path, assay: Assay, sample_ids: Sequence[str]) -> Opened | None:
    size = path.stat().st_size * (8 if path.suffix == ".gz" else 1)  # gene tables shrink to less than an eighth
    if 4 * size <= limit():  # a cell takes two bytes at least, eight in memory
        return None
    with _lines(path) as stream:
        top = stream.readline()
        second = stream.readline()
    if top.startswith("#") or not second:
        return None
    sep = find_delimiter(path.name, [line.encode() for line in (top.rstrip("\r\n"), second.rstrip("\r\n"))])
    header = pd.read_csv(path, sep=sep, nrows=0, encoding="utf-8-sig", index_col=False).columns.astype(str).tolist()
    id_column, notes, samples = _split(header, assay)
    names = pd.read_csv(path, sep=sep, usecols=[id_column], nrows=200, dtype=str, encoding="utf-8-sig")[id_column]
    if not _rows_are_features(path.name, names.astype(str).tolist(), samples, sample_ids, assay):
        return None
    per_row = max(len(second.encode()), 2 * len(header))
    width = max(1, CELLS // len(header))

    def blocks() -> Iterator[Block]:
        reader = pd.read_csv(
            path, sep=sep, chunksize=width, encoding="utf-8-sig", index_col=False, keep_default_na=False,
            na_values={name: [*MISSING, *assay.missing] for name in samples},
            dtype=dict.fromkeys([id_column, *notes], str),
        )  # fmt: skip
        try:
            for chunk in reader:
                for name in samples:
                    if not pd.api.types.is_numeric_dtype(chunk[name]):
                        bad = pd.to_numeric(chunk[name], errors="coerce").isna() & chunk[name].notna()
                        raise _no_number(path, name, repr(chunk[name][bad].iloc[0] if bad.any() else "text"))
                ids = chunk[id_column].astype(str).tolist()
                yield ids, chunk[notes].set_axis(ids, axis=0), chunk[samples].to_numpy(np.float64).T
        except (OSError, EOFError, UnicodeDecodeError, pd.errors.ParserError) as error:
            raise _damaged(path, error) from error

    return Opened(path.name, tuple(samples), max(1, size // per_row), blocks)


def _lines(path: Path) -> Any:
    import gzip

    opener: Any = gzip.open if path.suffix == ".gz" else open
    return opener(path, "rt", encoding="utf-8-sig")


def _damaged(path: Path, error: Exception) -> FormatError:
    said = str(error).splitlines()[0][:120] if str(error) else type(error).__name__
    return FormatError("the file is damaged or cut short", where=path.name, found=said, mend="copy or write it again")


def _no_number(path: Path, column: str, found: str) -> TableError:
    return TableError(
        "a cell is neither a number nor missing",
        where=f"{path.name}, column {column!r}",
        found=found,
        expected="numbers in every column of a sample",
        mend="correct it; or, if the column is an annotation, name it: features = { columns = [...] }",
    )


_OPENERS: dict[str, Callable[[Path, Assay, Sequence[str]], Opened | None]] = {
    "parquet": _parquet,
    "biom": _biom,
    "wide": _text,
}
