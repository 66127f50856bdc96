"""Small studies written out in the tests: a study file's text, tables as text, assays by their ids."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Mapping

import numpy as np
import pandas as pd
import pytest

from commensal.study import AssayTable, LoadedStudy, Study, assemble, parse_study

BASE = """
[study]
name = "tiny"

[tables.samples]
file = "samples.tsv"

[assays.taxa]
kind = "taxa"
file = "taxa.tsv"
value = "counts"

[contrasts.abx]
column = "arm"
case = "abx"
control = "water"
"""


@pytest.fixture(scope="session")
def base() -> str:
    """The text of the smallest study file."""
    return BASE


@pytest.fixture(scope="session")
def frame() -> Callable[[str, str], pd.DataFrame]:
    """A table as io reads it: strings as in the file, attrs with the file's name. Columns are separated by `|`."""

    def build(text: str, file: str = "samples.tsv") -> pd.DataFrame:
        rows = text.strip("\n").splitlines()
        table = pd.read_csv(io.StringIO("\n".join(rows)), sep="|", dtype=str, keep_default_na=False)
        table.attrs["file"] = file
        return table

    return build


@pytest.fixture(scope="session")
def assay_of() -> Callable[[Study, str, Iterable[str]], AssayTable]:
    """An assay with two features and these samples."""

    def build(study: Study, name: str, samples: Iterable[str]) -> AssayTable:
        ids = tuple(samples)
        features = pd.DataFrame({"label": ["f1", "f2"]}, index=["f1", "f2"])
        return AssayTable(study.assays[name], ids, features, np.ones((len(ids), 2)))

    return build


@pytest.fixture(scope="session")
def study_of(frame, assay_of) -> Callable[..., LoadedStudy]:
    """A loaded study: `study_of(extra text, samples text, taxa=ids, subjects=text)`; base replaced where told."""

    def build(
        extra: str = "",
        samples: str = "",
        *,
        text: str = BASE,
        assays: Mapping[str, Iterable[str]] | None = None,
        **tables: str,
    ) -> LoadedStudy:
        study = parse_study(text + extra, "study.toml")
        frames = {"samples": frame(samples, "samples.tsv")}
        frames |= {name: frame(body, f"{name}.tsv") for name, body in tables.items()}
        column = study.tables["samples"].columns.get("sample", "sample")
        ids = {"taxa": list(frames["samples"].get(column, ["S1"]))} if assays is None else assays
        return assemble(study, frames, {name: assay_of(study, name, some) for name, some in ids.items()})

    return build
