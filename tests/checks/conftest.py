"""A small builder: a study from a few lines, without files."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from commensal.checks import check, linter
from commensal.study import AssayTable, LoadedStudy, assemble, parse_study
from commensal.tables import Finding
from in_private import require_nobody

#: Of each test so many studies are looked at in private, too.
STUDIES = 4


@pytest.fixture(autouse=True)
def _nobody_is_named_in_private(monkeypatch):
    """Whatever a test finds in a study, a private run of it finds too, and names nobody."""
    looked: list[LoadedStudy] = []
    contexts = linter.contexts

    def noted(loaded: LoadedStudy):
        looked.append(loaded)
        return contexts(loaded)

    monkeypatch.setattr(linter, "contexts", noted)
    yield
    monkeypatch.undo()
    for loaded in list({id(one): one for one in looked}.values())[:STUDIES]:
        require_nobody(loaded, check(loaded))


HEAD = """
[study]
name = "small"
[design]
randomised = "{randomised}"
blinded = "unknown"
exclusions = "none"
primary = ["taxa"]
[tables.samples]
file = "samples.tsv"
[assays.taxa]
kind = "taxa"
file = "taxa.tsv"
value = "counts"
[contrasts.c]
column = "label"
case = "case"
control = "control"
{where}
[questions.q]
kind = "{kind}"
contrast = "c"
{question}
{more}
"""

Table = Mapping[str, Sequence[object]]


def build(
    table: Table,
    *,
    question: str = "",
    more: str = "",
    where: str = "",
    kind: str = "cohort",
    randomised: str = "no",
    depths: Sequence[float] | None = None,
    ids: Sequence[str] | None = None,
    frames: Mapping[str, pd.DataFrame] | None = None,
) -> LoadedStudy:
    """Columns of the samples table (``sample`` is made up when absent) → a loaded study with one assay."""
    n = len(next(iter(table.values())))
    cells = {"sample": [f"S{i:03d}" for i in range(n)], **table}
    frame = pd.DataFrame({name: ["" if v is None else str(v) for v in values] for name, values in cells.items()})
    frame.attrs["file"] = "samples.tsv"
    text = HEAD.format(question=question, more=more, where=where, kind=kind, randomised=randomised)
    declared = parse_study(text, Path("study.toml"))
    names = list(ids) if ids is not None else list(frame["sample"])
    totals = np.asarray(depths if depths is not None else [1000.0] * len(names), dtype=float)
    values = np.column_stack([totals * 0.75, totals * 0.25])
    features = pd.DataFrame({"label": ["a", "b"]}, index=["a", "b"])
    assay = AssayTable(declared.assays["taxa"], tuple(names), features, values)
    return assemble(declared, {"samples": frame, **(frames or {})}, {"taxa": assay})


@pytest.fixture
def lint() -> Callable[..., dict[str, Finding]]:
    """Build, check, and give the findings by code (a code that occurs twice is a fault of the test)."""

    def run(table: Table, **options: object) -> dict[str, Finding]:
        found = check(build(table, **options))  # type: ignore[arg-type]
        by_code = {finding.code: finding for finding in found}
        assert len(by_code) == len(found), [finding.code for finding in found]
        return by_code

    return run


@pytest.fixture
def builder() -> Callable[..., LoadedStudy]:
    """Give the builder itself."""
    return build
