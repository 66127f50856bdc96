"""From a study file to a loaded study: io reads, study joins."""

from __future__ import annotations

import glob
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from commensal import io
from commensal.errors import StudyFileError
from commensal.execution import Crew
from commensal.pipeline.genomes import genome_files, read_genomes
from commensal.pipeline.identify import identified, identity_findings
from commensal.pipeline.large import large_findings, stored_assay
from commensal.pipeline.prepare import prepared
from commensal.pipeline.read_assays import Gathered, Tell, gather_reads
from commensal.study import (
    AssayTable,
    GeneSet,
    LoadedStudy,
    Study,
    Table,
    assemble,
    plain,
    read_study,
    sample_frame,
    stack,
    unite,
    without_assays,
)
from commensal.study.as_read import for_notebooks


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


def load(study: Path | str, data: Path | str | None = None, *, profiles: Path | str | None = None) -> LoadedStudy:
    """Read a study file and all of its tables; reads are profiled first. ``commensal.read_study`` is this function.

    Parameters
    ----------
    study
        Path of the study file (or of the folder that holds ``study.toml``).
    data
        Folder that the file's paths start from; the study file's own folder when not given.
    profiles
        Folder for the profiles of reads, needed where the study has any; a profile that is there is taken up.

    Returns
    -------
    LoadedStudy
        Samples joined and recoded, assays read and matched to them by exact id: ``samples`` and ``subjects`` are data
        frames, ``assays["serum"]`` has ``values`` (n, m), ``features``, ``metadata``, ``to_frame()`` and
        ``to_anndata()``, ``questions["patients"]`` is what is asked. `run` takes it in place of a path.

    Raises
    ------
    CommensalError
        The study file, a table, or their ids do not fit; the message says what, where and how to mend it.

    Examples
    --------
    >>> import tempfile
    >>> from commensal import read_study, simulation
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     study = read_study(simulation.cohort(Path(folder), seed=1))
    >>> sorted(study.assays)
    ['csf', 'genes', 'serum', 'species']
    >>> study.assays["serum"].to_anndata().shape
    (71, 150)
    """
    where = place(study, data)
    declared = read_study(where.study)
    if declared.reads and profiles is None:
        raise StudyFileError(
            "the study has reads, and profiling them needs a folder",
            where=f"[assays.{next(iter(declared.reads))}]",
            expected="load(..., profiles=FOLDER)",
            mend="name one: `commensal run --out DIR` keeps them in DIR/profiles",
        )
    loaded = load_with_reads(declared, where.root, None if profiles is None else Path(profiles))[0]
    return for_notebooks(loaded, where.root)


def load_with_reads(
    declared: Study,
    root: Path,
    profiles: Path | None,
    tell: Tell = lambda _done, _total, _what: None,
    crew: Crew | None = None,
    *,
    large: Path | None = None,
) -> tuple[LoadedStudy, Gathered]:
    """Read all tables of a study; its reads are profiled into ``profiles``, or (None) only looked at.

    Tables larger than memory are stored in ``large``, or (None) in a place that is gone when Python ends.
    """
    frames = read_frames(declared, root)
    joined = sample_frame(declared, frames)
    reads = gather_reads(declared, root, joined, profiles, tell, crew)
    declared = without_assays(declared, reads.absent)
    names = [str(name) for name in joined.index]
    tables = {assay.name: assay for assay in read_assays(declared, root, names, large, tell)}
    assays = {name: reads.assays.get(name) or tables[name] for name in declared.assays}
    loaded = assemble(declared, frames, assays := identified(assays))
    reads.findings += [*identity_findings(assays), *large_findings(assays)]
    dropped = tuple(
        replace(item, reason=reads.failed.get((item.where.removeprefix("assay "), item.name), item.reason))
        for item in loaded.dropped
    )
    genomes, culture = read_genomes(declared, root)
    sets = read_gene_sets(declared, root)
    return prepared(replace(loaded, dropped=dropped, sets=sets, genomes=genomes, culture=culture)), reads


def read_gene_sets(declared: Study, root: Path) -> dict[str, tuple[GeneSet, ...]]:
    """Read every file of gene sets that a question names."""
    named = {file: name for name, question in declared.questions.items() for file in question.sets}
    return {file: io.read_sets(io.locate(root, file, f"[questions.{name}] sets")) for file, name in named.items()}


def read_frames(declared: Study, root: Path) -> dict[str, pd.DataFrame]:
    """Read every declared table; several files of one table are stacked, and must have the same columns.

    Where a section is a list, each of its tables has columns of its own.
    """

    def read(table: Table) -> pd.DataFrame:
        key = f"[tables.{table.name}] file"
        return stack([io.read_table(io.locate(root, file, key), format=table.format) for file in table.files])

    return {
        name: read(table) if plain(table) else unite(declared, table, [read(part) for part in table.parts or (table,)])
        for name, table in declared.tables.items()
    }


def read_assays(
    declared: Study,
    root: Path,
    samples: list[str],
    kept: Path | None = None,
    tell: Tell = lambda _done, _total, _what: None,
) -> Iterator[AssayTable]:
    """Read the declared tables one by one, finding their orientation by the sample ids."""
    named = {file for table in declared.tables.values() for file in table.files}
    for assay in declared.assays.values():
        if assay.files is None or assay.reference is None:
            large = None if assay.files else stored_assay(assay, root, samples, kept, tell)
            table = large or io.read_assay(assay, root, samples)
            used = assay.file in named  # what the file says of its samples is offered only while nobody uses it
            yield replace(table, dropped=tuple(d for d in table.dropped if not (used and d.name.endswith(io.OFFERED))))


def input_files(declared: Study, root: Path) -> list[Path]:
    """Return every file that the study names and that exists, in the study file's order."""
    names = [file for table in declared.tables.values() for file in table.files]
    for assay in declared.assays.values():
        names += [name for name in (assay.file, assay.features.file, assay.tree, assay.tx2gene) if name]
        if assay.files is not None and assay.kind != "reads" and assay.reference is None:
            shape = "*".join(glob.escape(part) for part in assay.files.split("{sample}"))
            names += sorted(path.relative_to(root).as_posix() for path in root.glob(shape))
    names += [file for question in declared.questions.values() for file in question.sets]
    names += genome_files(declared.genomes, root)
    return [declared.path, *(path for path in (root / name for name in dict.fromkeys(names)) if path.is_file())]
