r"""BIOM 2.1 (HDF5) and 1.0 (JSON), read with h5py and json.

Source of the format: https://biom-format.org/documentation/format_versions/biom-2.1.html and biom-1.0.html beside it.
In a BIOM table observations (our features) are the rows.

Examples
--------
>>> import json
>>> document = {"format": "Biological Observation Matrix 1.0.0", "matrix_type": "sparse", "shape": [1, 2],
...             "rows": [{"id": "Otu1", "metadata": {"taxonomy": ["k__Bacteria", "p__Firmicutes"]}}],
...             "columns": [{"id": "S1"}, {"id": "S2"}], "data": [[0, 1, 5]]}
>>> matrix = from_bytes(json.dumps(document).encode(), "t.biom")
>>> matrix.values.tolist(), matrix.annotations.to_dict("records")
([[0.0], [5.0]], [{'taxonomy': 'k__Bacteria; p__Firmicutes'}])
"""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from commensal.errors import FormatError, TableError
from commensal.io.contents import Format, Matrix, require_unique
from commensal.io.text import head, head_text, load_bytes
from commensal.limits import limit
from commensal.study.declared import Assay

_HDF5 = b"\x89HDF\r\n\x1a\n"


def sniff(path: Path) -> bool:
    """Say whether the file begins as HDF5, or as JSON that speaks of a Biological Observation Matrix."""
    if head(path, 8) == _HDF5:
        return True
    text = head_text(path).lstrip()
    return text.startswith("{") and ("Biological Observation Matrix" in text or '"matrix_type"' in text)


def read_assay(path: Path, assay: Assay, sample_ids: Sequence[str]) -> Matrix:  # noqa: ARG001  one signature for all
    """Read a BIOM file; see `from_bytes`."""
    return from_bytes(load_bytes(path), path.name)


def from_bytes(data: bytes, file: str) -> Matrix:
    """Read a BIOM table from the bytes of its file.

    Raises
    ------
    FormatError
        Damaged, or not a BIOM table.
    TableError
        No observations or samples, or duplicated ids.
    """
    try:
        if data.startswith(_HDF5):
            observations, samples, values, taxonomy = _hdf5(data)
        else:
            observations, samples, values, taxonomy = _json(data)
    except (OSError, KeyError, ValueError, TypeError, IndexError, AttributeError, RuntimeError, MemoryError) as error:
        raise FormatError(
            "the file is damaged, or no BIOM table",
            where=file,
            found=f"{type(error).__name__}: {str(error).splitlines()[0][:120] if str(error) else ''}",
            expected="BIOM 2.1 (HDF5) or BIOM 1.0 (JSON)",
            mend="copy or write it again, for example with biom convert",
        ) from error
    if not observations or not samples:
        raise TableError(
            "the BIOM table is empty",
            where=file,
            found=f"{len(observations)} observations, {len(samples)} samples",
            mend="give the whole table",
        )
    require_unique(observations, lambda i: f"observation {i + 1}", what="feature", file=file)
    require_unique(samples, lambda i: f"sample {i + 1}", what="sample", file=file)
    annotations = pd.DataFrame(index=pd.Index(observations, dtype="object"))
    if any(taxonomy):
        annotations["taxonomy"] = taxonomy
    return Matrix(
        file,
        tuple(samples),
        tuple(observations),
        values,
        annotations,
        lambda i, k: f"{file}, sample {samples[i]!r}, observation {observations[k]!r}",
    )


_Parts = tuple[list[str], list[str], NDArray[np.float64], list[str]]


def _hdf5(data: bytes) -> _Parts:
    import h5py

    with h5py.File(io.BytesIO(data), "r") as file:
        held = Held(file, len(data))
        observations, samples = (_strings(held.read(f"{axis}/ids", "SOU")) for axis in ("observation", "sample"))
        indptr, indices, cells = (
            held.read(f"observation/matrix/{name}", kinds)
            for name, kinds in (("indptr", "iu"), ("indices", "iu"), ("data", "iuf"))
        )
        n, m = len(samples), len(observations)
        starts = indptr.astype(np.int64)
        whole = len(starts) == m + 1 and starts[0] == 0 and int(starts[-1]) == len(cells) == len(indices)
        if not whole or (np.diff(starts) < 0).any():
            raise ValueError("the matrix does not fit its ids")
        values = _dense(n, m, np.repeat(np.arange(m), np.diff(starts)), indices, cells)
        taxonomy = [""] * m
        if "taxonomy" in file["observation"].get("metadata", {}):
            raw = np.atleast_1d(held.read("observation/metadata/taxonomy", "SOU"))
            if len(raw) != m:
                raise ValueError("the taxonomy does not fit the ids")
            taxonomy = [_joined(_strings(np.atleast_1d(row))) for row in raw]
    return observations, samples, values, taxonomy


class Held:
    """Reads datasets that are in the file itself, after their shapes and types have been looked at."""

    def __init__(self, file: Any, size: int) -> None:
        self.file = file
        self.most = max(limit("UNPACKED_FREE"), limit("RATIO") * size)

    def dataset(self, name: str, kinds: str) -> Any:
        """Return a dataset unread.

        Raises
        ------
        KeyError, TypeError, ValueError
            It is missing, of another type or shape, or kept elsewhere.
        """
        import h5py

        at = self.file
        for part in name.split("/"):
            if isinstance(at.get(part, getlink=True), h5py.ExternalLink | h5py.SoftLink):
                raise ValueError(f"{name} is a link, and BIOM has none")
            at = at[part]
        if not isinstance(at, h5py.Dataset):
            raise TypeError(f"{name} is no dataset")
        if at.external or at.is_virtual:
            raise ValueError(f"{name} is kept in another file")
        if at.dtype.kind not in kinds:
            raise TypeError(f"{name} holds {at.dtype}")
        if at.ndim < 1 or at.ndim > 2 or (at.ndim == 2 and not name.endswith("taxonomy")):
            raise ValueError(f"{name} has {at.ndim} dimensions")
        return at

    def read(self, name: str, kinds: str) -> NDArray[Any]:
        """Return the values of a dataset that does not unpack to more than its file may.

        Raises
        ------
        KeyError, TypeError, ValueError
            As `dataset`, or past a limit.
        """
        at = self.dataset(name, kinds)
        if at.nbytes > self.most:
            raise ValueError(f"{name} unpacks to {at.nbytes:,} bytes, past COMMENSAL_LIMIT_RATIO ({self.most:,})")
        return np.asarray(at[()])


def _strings(raw: Any) -> list[str]:
    return [cell.decode() if isinstance(cell, bytes) else str(cell) for cell in np.asarray(raw).ravel().tolist()]


def _json(data: bytes) -> _Parts:
    document = json.loads(data.decode("utf-8-sig"))
    rows, columns, cells = document["rows"], document["columns"], document["data"]
    observations, samples = [str(row["id"]) for row in rows], [str(column["id"]) for column in columns]
    m, n = len(observations), len(samples)
    if list(document.get("shape", [m, n])) != [m, n]:
        raise ValueError(f"shape {document['shape']}, but {m} rows and {n} columns")
    if document["matrix_type"] == "sparse":
        table = np.asarray(cells, dtype=np.float64).reshape(-1, 3)
        values = _dense(n, m, table[:, 0].astype(int), table[:, 1].astype(int), table[:, 2])
    elif document["matrix_type"] == "dense":
        values = np.ascontiguousarray(np.asarray(cells, dtype=np.float64).reshape(m, n).T)
    else:
        raise ValueError(f"matrix_type {document['matrix_type']!r}")
    return observations, samples, values, [_taxonomy(row.get("metadata") or {}) for row in rows]


def _dense(n: int, m: int, rows: NDArray[Any], columns: NDArray[Any], cells: NDArray[Any]) -> NDArray[np.float64]:
    """Spread sparse cells (observation, sample, value) over an array of samples × observations; repeats add up."""
    if len(rows) and (rows.min() < 0 or rows.max() >= m or columns.min() < 0 or columns.max() >= n):
        raise ValueError("a cell lies outside the matrix")
    if n * m * 8 > limit("TABLE_BYTES"):
        raise ValueError(f"{n:,} samples × {m:,} observations, past COMMENSAL_LIMIT_TABLE_BYTES")
    values = np.zeros((n, m))
    np.add.at(values, (columns, rows), cells)
    return values


def _taxonomy(metadata: dict[str, Any]) -> str:
    found = next((metadata[key] for key in metadata if key.lower() in ("taxonomy", "taxon", "lineage")), "")
    return _joined([str(part) for part in found]) if isinstance(found, list) else str(found or "")


def _joined(parts: Sequence[str]) -> str:
    return "; ".join(part for part in parts if part)


FORMAT = Format("biom", "BIOM 2.1 (HDF5) or 1.0 (JSON)", sniff, read_assay)
