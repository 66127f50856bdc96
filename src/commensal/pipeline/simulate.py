"""``simulate``: studies and reads with known truth, written to a folder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from commensal import simulation
from commensal.errors import FormatError, UsageError, listing
from commensal.io import read_table
from commensal.pipeline.copy_design import copied as design

_ENDINGS = (".fna", ".fa", ".fasta")


def cohort(out: Path | str, *, seed: int = 1, households: int = 24) -> Path:
    """Simulate a household cohort with known truth and return its study file (`commensal.simulation.cohort` has more).

    Raises
    ------
    UsageError
        An option out of its range, or a folder that holds a study that is not simulated.
    """
    return simulation.cohort(Path(out), seed=seed, households=households)


def animal(out: Path | str, *, seed: int = 1, **options: Any) -> Path:
    """Simulate a study of animals with known truth and return its study file.

    Parameters
    ----------
    out
        Folder to write to.
    seed
        The same seed and options give the same bytes.
    options
        Sizes and planted effects, as in `commensal.simulation.animal`.

    Raises
    ------
    UsageError
        An option out of its range, or a folder that holds a study that is not simulated.
    """
    return simulation.animal(Path(out), seed=seed, **options)


def mediators(out: Path | str, *, seed: int = 1, **options: Any) -> Path:
    """Simulate mice whose first strain acts through one molecule, with known truth, and return the study file.

    Parameters
    ----------
    out
        Folder to write to.
    seed
        The same seed and options give the same bytes.
    options
        Sizes and planted effects, as in `commensal.simulation.mediators_study`.

    Raises
    ------
    UsageError
        An option out of its range, or a folder that holds a study that is not simulated.
    """
    return simulation.mediators_study(Path(out), seed=seed, **options)


def als(
    out: Path | str, *, seed: int = 1, small: bool = False, genomes: Path | str | None = None, **options: Any
) -> Path:
    """Simulate the model study whole, with all seven questions and known truth, and return its study file.

    Parameters
    ----------
    out
        Folder to write to.
    seed
        The same seed and options give the same bytes.
    small
        Sizes of the demo.
    genomes
        Folder of FASTA files (.fna, .fa, .fasta, each .gz or not) that reads are drawn from, with ``reads=True``.
    options
        Sizes, planted effects and reads, as in `commensal.simulation.als`.

    Raises
    ------
    UsageError
        An option out of its range, or a folder that holds a study that is not simulated.
    FormatError
        A genome that cannot be read.
    """
    found = _genomes(Path(genomes)) if genomes is not None else None
    return simulation.als(Path(out), seed=seed, small=small, genomes=found, **options)


def null(out: Path | str, *, seed: int = 1, small: bool = False, **options: Any) -> Path:
    """Simulate the model study with nothing planted at all: `als` with ``null=True``, draw for draw."""
    return als(out, seed=seed, small=small, null=True, **options)


def reads(
    genomes: Path | str,
    out: Path | str,
    *,
    seed: int = 1,
    pairs: int = 500_000,
    name: str = "sample",
    abundance: Path | str | None = None,
    spread: float = 1.5,
    length: int = 150,
    insert: float = 350,
    error: str = "binned",
    host: Path | str | None = None,
    host_fraction: float = 0.0,
    deletions: Path | str | None = None,
    duplicates: float = 0.0,
    households: int = 0,
) -> dict[str, Any]:
    """Simulate the read pairs of a sample, or of a whole small study, from a folder of genomes.

    Parameters
    ----------
    genomes
        Folder of FASTA files (.fna, .fa, .fasta, each .gz or not).
    out
        Folder to write to.
    seed
        The same seed, options and genomes give the same reads.
    pairs
        Pairs of reads (of each sample).
    name
        Name of the sample.
    abundance
        Table with the columns ``genome`` and ``abundance`` (cells, in any unit) and optionally ``ptr``, the
        peak-to-trough ratio of a growing genome. Without it every genome is there, log-normally.
    spread
        SD of the log abundances where no table gives them (0: all equal).
    length, insert, error, duplicates, host, host_fraction
        As in `commensal.simulation.reads`.
    deletions
        Table with the columns ``genome``, ``contig``, ``start``, ``end`` (counted from 1): what a genome lacks here.
    households
        If above 0, a study of this many households of two is written, with samples.tsv and study.toml.

    Returns
    -------
    dict
        The truth of the sample (`commensal.simulation.reads`), or the path of the study under ``study``.

    Raises
    ------
    UsageError
        An option out of its range, a genome that is not in the folder.
    FormatError
        A genome or a table that cannot be read.
    OutputError
        The folder cannot be written to.
    """
    found = _genomes(Path(genomes))
    guest = Path(host) if host is not None else None
    if households:
        if abundance is not None or deletions is not None or duplicates:
            raise UsageError(
                "a study draws its own abundances", mend="leave out --abundance, --deletions, --duplicates"
            )
        study = simulation.read_study(
            out, found, seed=seed, households=households, n_pairs=pairs, host=guest, host_fraction=host_fraction
        )
        return {"kind": "read_study", "study": str(study)}
    cells, ratios = _abundance(abundance, found, seed, spread)
    return simulation.reads(
        out, found, cells, n_pairs=pairs, seed=seed, read_length=length, insert=insert, error=error, host=guest,
        host_fraction=host_fraction, name=name, deletions=_deletions(deletions), replication=ratios,
        duplicates=duplicates,
    )  # fmt: skip


def _genomes(folder: Path) -> dict[str, Path]:
    if not folder.is_dir():
        raise UsageError("no such folder of genomes", where=str(folder), mend="give a folder of FASTA files")
    found: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        stem = path.name.removesuffix(".gz")
        ending = next((ending for ending in _ENDINGS if stem.endswith(ending)), None)
        if ending is None:
            continue
        name = stem.removesuffix(ending)
        if name in found:
            raise UsageError(
                "two files of genomes share a name", where=str(folder), found=f"{found[name].name}, {path.name}"
            )
        found[name] = path
    if not found:
        raise UsageError(
            "the folder holds no genome",
            where=str(folder),
            expected=f"files that end in {listing(_ENDINGS)}",
            mend="give the folder of the genomes' FASTA files with --genomes",
        )
    return found


def _abundance(
    table: Path | str | None, genomes: Mapping[str, Path], seed: int, spread: float
) -> tuple[dict[str, float], dict[str, float]]:
    if table is None:
        if spread < 0:
            raise UsageError("spread is too small", found=spread, expected="0 or more")
        drawn = np.exp(np.random.default_rng([seed, 20]).normal(0, spread, size=len(genomes)))
        return {name: float(value) for name, value in zip(genomes, drawn, strict=True)}, {}
    rows = _rows(Path(table), ("genome", "abundance"))
    cells = {row["genome"]: _number(row["abundance"], table) for row in rows}
    if len(cells) < len(rows):
        raise FormatError("a genome has several abundances", where=str(table), mend="keep one row of each")
    ratios = {row["genome"]: _number(row["ptr"], table) for row in rows if row.get("ptr")}
    return cells, {name: ratio for name, ratio in ratios.items() if cells[name] > 0}


def _deletions(table: Path | str | None) -> dict[str, list[tuple[str, int, int]]]:
    made: dict[str, list[tuple[str, int, int]]] = {}
    if table is not None:
        for row in _rows(Path(table), ("genome", "contig", "start", "end")):
            cut = (row["contig"], round(_number(row["start"], table)), round(_number(row["end"], table)))
            made.setdefault(row["genome"], []).append(cut)
    return made


def _rows(path: Path, columns: tuple[str, ...]) -> list[dict[str, str]]:
    if not path.is_file():
        raise UsageError("no such table", where=str(path))
    frame = read_table(path)
    absent = [name for name in columns if name not in frame.columns]
    if absent:
        raise FormatError(
            "the table lacks columns", where=str(path), found=listing(frame.columns), expected=listing(columns)
        )
    return [{str(key): str(cell).strip() for key, cell in row.items()} for row in frame.fillna("").to_dict("records")]


def _number(text: str, table: Path | str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise FormatError("a cell is no number", where=str(table), found=repr(text)) from error


__all__ = ["als", "animal", "cohort", "design", "mediators", "null", "reads"]
