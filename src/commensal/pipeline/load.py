"""From a study file to a loaded study: io reads, study joins."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from commensal import io
from commensal.errors import StudyFileError
from commensal.study import AssayTable, LoadedStudy, Study, assemble, read_study, sample_frame, stack


@dataclass(frozen=True, slots=True)
class Place:
    """Where a study's files are."""

    study: Path  #: the study file
    root: Path  #: the folder that its paths start from


def place(study: Path | str, data: Path | str | None = None) -> Place:
    """Return where the study's files are: beside the study file, or in ``data``.

    Raises
    ------
    StudyFileError
        No such file or folder.
    """
    file = Path(study)
    if file.is_dir() and (file / "study.toml").is_file():
        file = file / "study.toml"
    if not file.is_file():
        raise StudyFileError(
            "no such study file",
            where=str(study),
            mend="give the path of a study.toml; `commensal init DIR` writes one",
        )
    root = Path(data) if data is not None else file.parent
    if not root.is_dir():
        raise StudyFileError(
            "no such data folder", where=f"--data {root}", mend="give the folder that holds the tables"
        )
    return Place(file, root)


def load(study: Path | str, data: Path | str | None = None) -> LoadedStudy:
    """Read a study file and all of its tables.

    Parameters
    ----------
    study
        Path of the study file (or of the folder that holds ``study.toml``).
    data
        Folder that the file's paths start from; the study file's own folder when not given.

    Returns
    -------
    LoadedStudy
        Samples joined and recoded, assays read and matched to them by exact id.

    Raises
    ------
    CommensalError
        The study file, a table, or their ids do not fit; the message says what, where and how to mend it.

    Examples
    --------
    >>> import tempfile
    >>> from commensal import load, simulation
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     loaded = load(simulation.cohort(Path(folder), seed=1))
    >>> sorted(loaded.assays)
    ['serum', 'species']
    """
    where = place(study, data)
    declared = read_study(where.study)
    frames = read_frames(declared, where.root)
    samples = [str(name) for name in sample_frame(declared, frames).index]
    assays = {assay.name: assay for assay in read_assays(declared, where.root, samples)}
    return assemble(declared, frames, assays)


def read_frames(declared: Study, root: Path) -> dict[str, pd.DataFrame]:
    """Read every declared table; several files of one table are stacked, and must have the same columns."""
    frames = {}
    for table in declared.tables.values():
        key = f"[tables.{table.name}] file"
        frames[table.name] = stack(
            [io.read_table(io.locate(root, file, key), format=table.format) for file in table.files]
        )
    return frames


def read_assays(declared: Study, root: Path, samples: list[str]) -> Iterator[AssayTable]:
    """Read the declared assays one by one, finding their orientation by the sample ids."""
    for assay in declared.assays.values():
        yield io.read_assay(assay, root, samples)


def input_files(declared: Study, root: Path) -> list[Path]:
    """Return every file that the study names and that exists, in the study file's order."""
    names = [file for table in declared.tables.values() for file in table.files]
    for assay in declared.assays.values():
        names += [name for name in (assay.file, assay.features.file, assay.tree) if name]
    return [declared.path, *(path for path in (root / name for name in dict.fromkeys(names)) if path.is_file())]
