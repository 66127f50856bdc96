"""A table on disk, feature by feature: what is too large for memory is given in blocks of features."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from commensal.errors import TableError

Floats = NDArray[np.float64]
#: Cells of one block in memory, as float64 32 MB: features of a block = `CELLS` // samples.
CELLS = 1 << 22
#: Variable of the environment: bytes, at 8 a cell, above which a table is larger than memory.
TABLE_LIMIT = "COMMENSAL_TABLE_LIMIT"
_FILES = {"cells": np.float64, "rows": np.int32}


@dataclass(frozen=True, slots=True, eq=False)
class StoredValues:
    """The cells of n samples × m features that are not 0, in files: ``cells``, ``rows`` (its sample), ``ends``."""

    folder: Path
    features: pd.DataFrame  #: m rows, as `AssayTable.features`
    samples: int  #: n
    totals: Floats  #: (n,) sum of each sample's values
    measured: NDArray[np.int64]  #: (n,) values of each sample that are not missing
    divisor: float = 1.0  #: what the values are divided by when they are given: 100 for percentages
    sha256: str = ""  #: of the cells, with their samples and features

    @property
    def shape(self) -> tuple[int, int]:
        """Samples and features."""
        return self.samples, len(self.features)

    @property
    def width(self) -> int:
        """Features of one block."""
        return max(1, min(CELLS // max(self.samples, 1), len(self.features)))

    @property
    def cells(self) -> StoredCells:
        """The values alone, without names: what another process needs to read them."""
        return StoredCells(self.folder, self.samples, self.divisor)

    def parts(self, keep: NDArray[np.bool_] | None = None) -> list[NDArray[np.intp]]:
        """Return the numbers of the features of each block, of those to keep (m,)."""
        at = np.arange(len(self.features)) if keep is None else np.flatnonzero(keep)
        edges = np.arange(self.width, len(self.features), self.width)
        return [part for part in np.split(at, np.searchsorted(at, edges)) if len(part)]

    def blocks(self, rows: Sequence[int] | NDArray[np.intp], keep: NDArray[np.bool_] | None = None) -> Iterator[Floats]:
        """Give the values of these samples, (len(rows), width) block by block, of the features to keep (m,)."""
        for part in self.parts(keep):
            yield self.cells.block(part)[np.asarray(rows)]

    def columns(self, chosen: Sequence[int] | NDArray[np.intp]) -> Floats:
        """Return the values (n, k) of these features by their number."""
        out = np.empty((self.samples, len(chosen)))
        for k, j in enumerate(chosen):
            out[:, k] = self.cells.block(np.array([j]))[:, 0]
        return out


@dataclass(frozen=True, slots=True)
class StoredCells:
    """The files of a store, and how many samples they have: small enough to be sent to another process."""

    folder: Path
    samples: int
    divisor: float = 1.0

    def block(self, chosen: NDArray[np.intp]) -> Floats:
        """Return the values (n, k) of features by their numbers, which ascend and lie close together.

        Raises
        ------
        TableError
            The files are not there, or not whole.
        """
        first, last = int(chosen[0]), int(chosen[-1]) + 1
        try:
            ends = self._read("ends", np.int64, first, last + 1 - first)
            start, count = int(ends[0]), int(ends[-1] - ends[0])
            cells, rows = (self._read(name, kind, start, count) for name, kind in _FILES.items())
        except (OSError, IndexError) as error:
            raise TableError(
                "the store of a table larger than memory cannot be read",
                where=self.folder.name,
                found=str(error) or type(error).__name__,
                mend="a cluster's machines must reach the output folder by the same path; else run without --cluster",
            ) from error
        out = np.zeros((self.samples, last - first))
        out[rows, np.repeat(np.arange(last - first), np.diff(ends))] = cells
        out = out[:, chosen - first]
        return out if self.divisor == 1.0 else out / self.divisor

    def _read(self, name: str, kind: type[Any], first: int, count: int) -> NDArray[Any]:
        found = np.fromfile(self.folder / name, kind, count, offset=first * np.dtype(kind).itemsize)
        if len(found) != count:
            raise IndexError(f"{name} is cut short")
        return found


class StoredWriter:
    """Takes blocks of features, samples in rows, and writes them behind each other."""

    def __init__(self, folder: Path, samples: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.samples = folder.absolute(), samples  # a worker may have another working directory
        self._sum = hashlib.sha256()
        self.totals, self.measured = np.zeros(samples), np.zeros(samples, np.int64)
        self._ends: list[NDArray[np.int64]] = [np.zeros(1, np.int64)]
        self._files = {name: (folder / name).open("wb") for name in _FILES}

    @property
    def size(self) -> int:
        """Bytes written."""
        return int(self._ends[-1][-1]) * sum(np.dtype(kind).itemsize for kind in _FILES.values())

    def add(self, values: Floats) -> None:
        """Write (n, width) values; NaN is missing."""
        turned = np.ascontiguousarray(values.T)
        feature, sample = np.nonzero(turned)  # NaN is not 0
        ends = np.cumsum(np.bincount(feature, minlength=values.shape[1]))
        parts: dict[str, NDArray[Any]] = {
            "cells": turned[feature, sample].astype(np.float64),
            "rows": sample.astype(np.int32),
        }
        for name, part in parts.items():
            data = part.tobytes()
            self._files[name].write(data)
            self._sum.update(data)
        self._sum.update(ends.tobytes())
        self._ends.append(self._ends[-1][-1] + ends)
        self.totals += np.nansum(values, axis=1)
        self.measured += (~np.isnan(values)).sum(axis=1)

    def done(self, features: pd.DataFrame, divisor: float = 1.0) -> StoredValues:
        """Close the files and return what they hold."""
        np.concatenate(self._ends).tofile(self.folder / "ends")
        for file in self._files.values():
            file.close()
        total, digest = self.totals / divisor, self._sum.hexdigest()
        return StoredValues(self.folder, features, self.samples, total, self.measured, divisor, digest)

    def __enter__(self) -> StoredWriter:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the files, also where a block was refused."""
        for file in self._files.values():
            file.close()


__all__ = ["TABLE_LIMIT", "StoredCells", "StoredValues", "StoredWriter"]
