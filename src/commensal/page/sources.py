"""From a row of the Estimates to the file and column that its values came from, with the file's hash."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Any

import pandas as pd

from commensal.page.words import missing
from commensal.study import Study

#: So much of a hash is shown; the whole one stands under Provenance.
SHOWN = 12


def source(row: pd.Series, study: Study, provenance: Mapping[str, object], *, files: bool = True) -> str:
    """Return file, column and hash of what a row of the Estimates was made of.

    Parameters
    ----------
    row
        A row of the Estimates.
    study
        As declared: which file an assay, a measure or an event is in.
    provenance
        Of the page: its ``inputs`` hold file, bytes and sha256.
    files
        Name the file. A private page does not.

    Examples
    --------
    >>> from pathlib import Path
    >>> from commensal.study import Assay
    >>> study = Study(Path("study.toml"), "s", assays={"serum": Assay("serum", "metabolites", file="serum.tsv")})
    >>> row = pd.Series({"assay": "serum", "feature": "M1", "label": "NAM", "measure": None})
    >>> source(row, study, {"inputs": [{"file": "serum.tsv", "sha256": "ab" * 32}]})
    'serum.tsv (sha256 abababababab…), feature M1 (NAM)'
    >>> source(row, study, {}, files=False)
    'assay serum, feature M1 (NAM)'
    """
    if not files:
        where = source(row, replace(study, assays={}, tables={}), {})
        return f"assay {row['assay']}, {where}" if not missing(row["assay"]) else where
    if not missing(row["assay"]):
        return _of_assay(row, study, provenance)
    name = "" if missing(row["measure"]) else str(row["measure"])
    if name in study.events:
        event = study.events[name]
        table = "samples" if event.column else "events"
        return _named(_file(study, table), provenance, f"column {event.column}" if event.column else f"event {name}")
    measure = study.measures.get(name)
    table = "phenotypes" if "phenotypes" in study.tables else "samples"
    column = (measure.column if measure else None) or name
    return _named(_file(study, table), provenance, f"column {column}") if column else ""


def _of_assay(row: pd.Series, study: Study, provenance: Mapping[str, object]) -> str:
    declared = study.assays.get(str(row["assay"]))
    file = None if declared is None else declared.file or declared.files
    feature = "" if missing(row["feature"]) or row["feature"] == "(all)" else str(row["feature"])
    if str(row.get("model", "")).startswith("set"):
        where = f"the members of {row['label']}" if not missing(row["label"]) else "members of the set"
    else:
        label = "" if missing(row["label"]) or row["label"] == feature else f" ({row['label']})"
        where = f"feature {feature}{label}" if feature else "all features"
    return _named(file, provenance, where)


def _file(study: Study, table: str) -> str | None:
    declared = study.tables.get(table)
    return declared.files[0] if declared is not None and declared.files else None


def _named(file: str | None, provenance: Mapping[str, object], where: str) -> str:
    if not file:
        return where
    name = PurePosixPath(file).name
    inputs: Any = provenance.get("inputs") or ()
    found = next((str(one.get("sha256", "")) for one in inputs if PurePosixPath(str(one.get("file"))).name == name), "")
    return f"{file}{f' (sha256 {found[:SHOWN]}…)' if found else ''}, {where}"
