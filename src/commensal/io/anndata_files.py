"""AnnData (``.h5ad``) and MuData (``.h5mu``): samples in rows, with annotations of features.

Source of the formats: https://anndata.readthedocs.io/en/latest/fileformat-prose.html and
https://mudata.readthedocs.io/en/latest/io/spec.html. Of a MuData, ``sheet`` names the modality (needless where there
is one); of an AnnData it names a layer; without it ``X`` is read. Links out of the
file are refused.

Examples
--------
>>> import anndata, tempfile
>>> from commensal.study.declared import Assay
>>> made = anndata.AnnData(np.array([[1.0, 2.0]]), pd.DataFrame(index=["S1"]), pd.DataFrame(index=["a", "b"]))
>>> with tempfile.TemporaryDirectory() as folder:
...     made.write_h5ad(Path(folder, "t.h5ad"))
...     matrix = read_assay(Path(folder, "t.h5ad"), Assay("t", "taxa", file="t.h5ad", value="counts"), ["S1"])
>>> matrix.samples, matrix.features, matrix.values.tolist()
(('S1',), ('a', 'b'), [[1.0, 2.0]])
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from commensal.errors import CommensalError, FormatError, StudyFileError, listing
from commensal.io.contents import Format, Matrix, cell_text, require_unique
from commensal.io.text import head
from commensal.limits import limit
from commensal.study.declared import Assay

_HDF5 = b"\x89HDF\r\n\x1a\n"


def sniff(path: Path) -> bool:
    """Say whether the file is HDF5 (MuData's begin with a line of text) with the groups of AnnData or MuData."""
    if _HDF5 not in head(path, 1024):
        return False
    import h5py

    try:
        with h5py.File(path, "r") as file:
            return "mod" in file or ("obs" in file and "var" in file)
    except (OSError, RuntimeError):
        return False


def read_assay(path: Path, assay: Assay, sample_ids: Sequence[str]) -> Matrix:  # noqa: ARG001  one signature for all
    """Read one table of the file.

    Raises
    ------
    StudyFileError
        No such modality or layer, or several and none named.
    TableError
        Ids that are empty or not unique.
    FormatError
        Damaged, of another kind, or kept outside of the file.
    """
    try:
        return _read(path, assay)
    except CommensalError:
        raise
    except Exception as error:  # the libraries raise many kinds on damaged files
        raise _damaged(path.name, error) from error


def read_table(path: Path) -> pd.DataFrame:
    """Read what the file says of its samples: a column ``sample`` of the names of ``obs``, then its own, as text.

    Raises
    ------
    FormatError
        Damaged, of another kind, kept outside of the file, or nothing is said of the samples.
    """
    try:
        frame = _obs(path)
    except CommensalError:
        raise
    except Exception as error:  # the libraries raise many kinds on damaged files
        raise _damaged(path.name, error) from error
    if not len(frame.columns):
        raise FormatError(
            "obs has names of samples and no columns", where=path.name, found=f"{len(frame)} samples",
            expected="columns in obs", mend="name a table of samples of its own",
        )  # fmt: skip
    first = "sample" if "sample" not in frame.columns else ".sample"
    cells = {str(name): [cell_text(one) for one in frame[name]] for name in frame.columns}
    made = pd.DataFrame({first: frame.index.map(str), **cells}, dtype=object)
    made.attrs |= {"file": path.name, "lines": range(1, len(made) + 1)}
    return made


def _obs(path: Path) -> pd.DataFrame:
    import h5py
    from anndata.io import read_elem

    with h5py.File(path, "r") as file:
        _refuse_links(file["obs"])
        frame = read_elem(file["obs"])
    if not isinstance(frame, pd.DataFrame):
        raise TypeError("obs is no data frame")
    return frame


def _damaged(file: str, error: Exception) -> FormatError:
    return FormatError(
        "the file is damaged, or no AnnData or MuData", where=file,
        found=f"{type(error).__name__}: {str(error)[:120]}", expected="what write_h5ad or MuData.write wrote",
        mend="write it again with a recent anndata or mudata",
    )  # fmt: skip


def _read(path: Path, assay: Assay) -> Matrix:
    import h5py
    from anndata.io import read_elem

    with h5py.File(path, "r") as file:
        at: Any = file
        layer = assay.sheet
        if "mod" in file:
            at = file["mod"][_choose(list(file["mod"]), assay, path.name, "modality")]
            layer = None
        elif layer is not None:
            layer = _choose(list(at.get("layers", {})), assay, path.name, "layer")
        _refuse_links(at)
        samples, features = (list(map(str, read_elem(at[axis]).index)) for axis in ("obs", "var"))
        if len(samples) * len(features) * 8 > limit("TABLE_BYTES"):
            raise ValueError(f"{len(samples):,} × {len(features):,} cells, past COMMENSAL_LIMIT_TABLE_BYTES")
        var = read_elem(at["var"])
        cells = read_elem(at["layers"][layer] if layer else at["X"])
    values = np.asarray(cells.toarray() if hasattr(cells, "toarray") else cells, dtype=np.float64)
    if values.shape != (len(samples), len(features)):
        raise ValueError(f"the matrix is {values.shape}, its ids {len(samples)} × {len(features)}")
    require_unique(samples, lambda i: f"obs {i + 1}", what="sample", file=path.name)
    require_unique(features, lambda i: f"var {i + 1}", what="feature", file=path.name)
    notes = {str(name): ["" if pd.isna(cell) else str(cell) for cell in var[name]] for name in var.columns}
    return Matrix(
        path.name, tuple(samples), tuple(features), values,
        pd.DataFrame(notes, index=pd.Index(features, dtype="object"), dtype=object),
        lambda i, k: f"{path.name}, obs {samples[i]!r}, var {features[k]!r}",
    )  # fmt: skip


def _choose(names: list[str], assay: Assay, file: str, what: str) -> str:
    if assay.sheet is None and len(names) == 1:
        return names[0]
    if assay.sheet in names:
        return str(assay.sheet)
    raise StudyFileError(
        f"there is no {what} {assay.sheet!r}" if assay.sheet else f"the file holds several tables, no {what} is named",
        where=f"[assays.{assay.name}] sheet", found=f"{file} has {listing(map(repr, names)) or 'none'}",
        expected=f"the {what} to read", mend=f'for example sheet = "{names[0]}"' if names else "leave the key out",
    )  # fmt: skip


def _refuse_links(group: Any) -> None:
    import h5py

    for name in group:
        link = group.get(name, getlink=True)
        if isinstance(link, h5py.ExternalLink | h5py.SoftLink):
            raise ValueError(f"{name} is a link out of its place")
        inner = group[name]
        if isinstance(inner, h5py.Group):
            if name in ("X", "obs", "var", "layers") or group.name.rpartition("/")[2] in ("X", "obs", "var", "layers"):
                _refuse_links(inner)
        elif inner.external or inner.is_virtual:
            raise ValueError(f"{name} is kept in another file")


FORMAT = Format("anndata", "AnnData (.h5ad) or MuData (.h5mu)", sniff, read_assay, read_table, sheets=True)
