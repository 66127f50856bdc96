"""``export``: a study and its results as files that other programs open."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from commensal import execution, io
from commensal.errors import UsageError, nearest
from commensal.io import writing
from commensal.pipeline.claims import CLAIMS
from commensal.pipeline.load import load, place
from commensal.study import LoadedStudy, read_study
from commensal.tables import read_claims, read_estimates, read_points

#: What can be written.
FORMATS = ("h5mu", "tsv", "biom", "r")
#: Results of features that go beside them in MuData.
RESULTS = ["effect", "unit", "se", "low", "high", "p", "q", "status"]
#: What tells two rows of one feature apart.
APART = ["question", "contrast", "specimen", "measure", "model", "term", "time"]


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written, and what could not be."""

    folder: Path
    files: tuple[Path, ...]
    left_out: tuple[str, ...]  #: sentences


def export(
    study: Path | str,
    out: Path | str,
    data: Path | str | None = None,
    *,
    results: Path | str | None = None,
    formats: Sequence[str] = FORMATS,
) -> Exported:
    """Write a study, and the results of a run if given, as files that other programs open.

    Parameters
    ----------
    study, data
        As in `load`.
    out
        Folder for the files; those of an earlier export are replaced.
    results
        The folder that ``run`` wrote: its estimates, points and claims are written too.
    formats
        Some of `FORMATS`: ``h5mu`` (MuData, results in ``uns`` and ``varm``), ``tsv`` (every table, trees as Newick),
        ``biom`` (an assay each), ``r`` (a function that loads the text files as phyloseq or TreeSummarizedExperiment;
        brings ``tsv`` with it).

    Raises
    ------
    UsageError
        An unknown format, or a folder of results without any.
    CommensalError
        The study cannot be read, or the folder not written.

    Examples
    --------
    >>> import tempfile
    >>> from commensal import export, simulation
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     study = simulation.cohort(Path(folder) / "study", seed=1)
    ...     done = export(study, Path(folder) / "out", formats=["tsv"])
    ...     len(done.files)
    13
    """
    if results is not None and execution.is_private(Path(results)):
        raise UsageError(
            "these results are of a private run, and an export holds the values of every person",
            where=f"--results {results}",
            mend="export without --results and keep it to yourself; what may be passed on is the private folder itself",
        )
    for one in formats:
        if one not in FORMATS:
            raise UsageError(
                f"nothing is exported as {one!r}", where="--to", expected=nearest(one, FORMATS) or list(FORMATS)
            )
    tables = {} if results is None else _results(Path(results))
    if results is None and read_study(place(study, data).study).reads:
        raise UsageError(
            "the study has reads, whose tables come from a run",
            where="--results",
            expected="the folder that `commensal run` wrote",
            mend="run the study, then give its folder with --results",
        )
    loaded = load(study, data, profiles=None if results is None else Path(results) / "profiles")
    folder = Path(out)
    with execution.together(folder) as new:
        files, left = _written(loaded, tables, new, formats)
    return Exported(folder, tuple(folder / path.name for path in files), tuple(left))


def _written(
    loaded: LoadedStudy, tables: dict[str, pd.DataFrame], folder: Path, formats: Sequence[str]
) -> tuple[list[Path], list[str]]:
    """Write every format into a folder; return the files, and what there is none of."""
    files: list[Path] = []
    left: list[str] = []
    if "h5mu" in formats:
        files.append(_mudata(loaded, tables, folder))
    if "tsv" in formats or "r" in formats:
        files += _text(loaded, tables, folder)
    if "biom" in formats:
        for name, table in loaded.assays.items():
            if not writing.finite(table):
                left.append(f"assay {name}: no BIOM file, it has missing values and BIOM cannot say so")
                continue
            files.append(path := folder / f"{name}.biom")
            with execution.whole(path) as temporary:
                writing.write_biom(table, list(loaded.matches[name].matched), temporary)
    if "r" in formats:
        files.append(path := folder / "load.R")
        with execution.whole(path) as temporary:
            temporary.write_text(writing.loader(), encoding="utf-8", newline="\n")
    return files, left


def _results(folder: Path) -> dict[str, pd.DataFrame]:
    if not (folder / "estimates.parquet").is_file():
        raise UsageError(
            "this folder holds no results",
            where=f"--results {folder}",
            expected="estimates.parquet, as `commensal run` writes it",
            mend="give the folder of a run with --results, or leave it out",
        )
    found = {
        "estimates": read_estimates(folder / "estimates.parquet"),
        "points": read_points(folder / "points.parquet"),
    }
    if (folder / CLAIMS).is_file():
        found["claims"] = read_claims(folder / CLAIMS)
    return found


def _mudata(loaded: LoadedStudy, tables: dict[str, pd.DataFrame], folder: Path) -> Path:
    kept = {name: table for name, table in tables.items() if name != "points"}
    whole = io.to_mudata(loaded, kept)
    if "estimates" in tables:
        for assay, name, rows in _of_features(tables["estimates"]):
            if assay in whole.mod:
                io.attach(whole, assay, name, rows)
    path = folder / "study.h5mu"
    with execution.whole(path) as temporary:
        io.write_mudata(whole, temporary)
    return path


def _of_features(estimates: pd.DataFrame) -> Iterator[tuple[str, str, pd.DataFrame]]:
    """Give (assay, name, rows by feature) of every set of rows that has one row a feature."""
    own = estimates[estimates["assay"].notna() & estimates["feature"].notna() & (estimates["feature"] != "(all)")]
    named = own[APART].astype("string").fillna("")
    for (assay, *parts), rows in own.groupby([own["assay"], *(named[one] for one in APART)], sort=False):
        if not rows["feature"].duplicated().any():
            yield str(assay), " | ".join(str(one) for one in parts if one), rows.set_index("feature")[RESULTS]


def _text(loaded: LoadedStudy, tables: dict[str, pd.DataFrame], folder: Path) -> list[Path]:
    files = []

    def put(frame: pd.DataFrame, name: str, index: str | None = None) -> str:
        files.append(path := folder / name)
        with execution.whole(path) as temporary:
            writing.write_tsv(frame, temporary, index=index)
        return name

    put(loaded.samples, "samples.tsv", "sample")
    put(loaded.subjects, "subjects.tsv", "subject")
    for name, frame in (("phenotypes", loaded.phenotypes), ("events", loaded.events)):
        if frame is not None:
            put(frame, f"{name}.tsv")
    listed = []
    for name, table in loaded.assays.items():
        matched = list(loaded.matches[name].matched)
        row = {"assay": name, "kind": table.assay.kind, "value": str(table.assay.value), "unit": table.assay.unit or ""}
        row["file"] = put(writing.by_features(table, matched), f"{name}.tsv", "feature")
        row["features"] = put(table.features, f"{name}_features.tsv", "feature")
        row["tree"] = ""
        if table.tree:
            files.append(path := folder / f"{name}.nwk")
            with execution.whole(path) as temporary:
                writing.write_tree(table, temporary)
            row["tree"] = path.name
        listed.append(row)
    put(pd.DataFrame(listed), "assays.tsv")
    for name, frame in tables.items():
        put(frame, f"{name}.tsv")
    return files
