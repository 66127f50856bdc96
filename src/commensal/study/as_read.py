"""Whether the tables of a study in memory are still what was read from its files."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from commensal.errors import UsageError
from commensal.study.loaded import Assays, AssayTable, LoadedStudy


def for_notebooks(loaded: LoadedStudy, root: Path) -> LoadedStudy:
    """Return the study with each assay's metadata, its folder, and the hash of its tables.

    Parameters
    ----------
    loaded
        As read.
    root
        The folder that its files were read from.
    """
    told = {name: _with_metadata(loaded, table) for name, table in loaded.assays.items()}
    known = replace(loaded, assays=Assays(told), root=root)
    return replace(known, as_read=digest(known))


def files_of(study: LoadedStudy | Path | str, data: Path | str | None) -> tuple[Path | str, Path | str | None]:
    """Return the study file and the data folder, of a study that was read or as they were given.

    Raises
    ------
    UsageError
        The study was changed in memory, was not read by `commensal.read_study`, or is given a second folder.
    """
    if not isinstance(study, LoadedStudy):
        return study, data
    if study.root is None:
        raise UsageError(
            "it is not known which files this study was read from",
            expected="a study that commensal.read_study read, or the path of its study file",
            mend="give the path",
        )
    if data is not None:
        raise UsageError(
            "a study that was read has its folder already",
            where="data",
            found=str(data),
            mend="leave data out, or give the path of the study file in place of the study",
        )
    if digest(study) != study.as_read:
        raise UsageError(
            "the study was changed in memory since it was read, and a run answers for its files",
            mend="change the tables or the study file (where = ..., exclude = ...), and read the study again",
        )
    return study.declared.path, study.root


def digest(study: LoadedStudy) -> str:
    """Return a hash of every table of a study.

    Examples
    --------
    >>> import tempfile
    >>> from commensal import read_study, simulation
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     study = read_study(simulation.cohort(Path(folder), seed=1))
    >>> digest(study) == study.as_read
    True
    """
    told = hashlib.sha256()
    frames: Mapping[str, pd.DataFrame | None] = {
        "samples": study.samples,
        "subjects": study.subjects,
        "phenotypes": study.phenotypes,
        "events": study.events,
    }
    for name, frame in frames.items():
        told.update(f"{name}\0{_of_frame(frame)}\0".encode())
    told.update(repr(study.declared).encode())
    for name, table in study.assays.items():
        told.update(f"{name}\0{table.samples!r}\0{_of_frame(table.features)}\0".encode())
        for values in (table.values, table.limits):
            told.update(b"" if values is None else np.ascontiguousarray(values).tobytes())
    return told.hexdigest()


def _of_frame(frame: pd.DataFrame | None) -> str:
    if frame is None:
        return ""
    rows = pd.util.hash_pandas_object(frame.astype("string"), index=True).to_numpy()
    return f"{[str(one) for one in frame.columns]!r}{hashlib.sha256(rows.tobytes()).hexdigest()}"


def _with_metadata(loaded: LoadedStudy, table: AssayTable) -> AssayTable:
    known = [name for name in table.samples if name in loaded.samples.index]
    return replace(table, metadata=loaded.samples.loc[known])
