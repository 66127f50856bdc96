"""Gaps among counts, totals and ranks among taxa, sides without data, and mends that the reader accepts."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from commensal.checks import check, withheld
from commensal.study import AssayTable, LoadedStudy, assemble, parse_study
from commensal.tables import Finding

STUDY = """
[study]
name = "small"
[tables.samples]
file = "samples.tsv"
[assays.taxa]
kind = "taxa"
file = "taxa.tsv"
value = "{value}"
[contrasts.c]
column = "label"
case = "case"
control = "control"
[questions.q]
kind = "cohort"
contrast = "c"
{question}
"""
LABEL = ["case", "control"] * 6


def study(
    values: np.ndarray,
    names: list[str] | None = None,
    *,
    value: str = "counts",
    question: str = "",
    label: list[str] = LABEL,
    household: list[str] | None = None,
) -> LoadedStudy:
    samples = [f"S{i:02d}" for i in range(len(values))]
    frame = pd.DataFrame({"sample": samples, "label": label})
    if household is not None:
        frame["household"] = household
    frame.attrs["file"] = "samples.tsv"
    declared = parse_study(STUDY.format(value=value, question=question), Path("study.toml"))
    names = names or [f"t{j}" for j in range(values.shape[1])]
    features = pd.DataFrame({"label": names}, index=names)
    table = AssayTable(declared.assays["taxa"], tuple(samples), features, values)
    return assemble(declared, {"samples": frame}, {"taxa": table})


def lint(*args, **options) -> dict[str, Finding]:
    return {finding.code: finding for finding in check(study(*args, **options))}


def counts(n: int = 12, m: int = 6) -> np.ndarray:
    return np.random.default_rng(3).poisson(30, (n, m)).astype(float)


def test_an_ordinary_table_has_none_of_these_findings():
    found = lint(counts())
    assert not {"missing_amounts", "overlapping_features", "empty_side"} & set(found)


def test_missing_counts_are_counted_and_named():
    values = counts()
    values[:2, 3] = np.nan
    finding = lint(values)["missing_amounts"]
    assert finding.severity == "warning"
    assert "2 cells" in finding.message
    assert "t3" in finding.message
    assert finding.counts == {"cells": 2, "features": 1}


def test_missing_intensities_are_ordinary():
    values = counts()
    values[:2, 3] = np.nan
    assert "missing_amounts" not in lint(values, value="intensity")


def test_a_row_of_totals_is_an_error():
    values = counts()
    finding = lint(np.column_stack([values, values.sum(axis=1)]), [*(f"t{j}" for j in range(6)), "Total"])[
        "overlapping_features"
    ]
    assert finding.severity == "error"
    assert 'exclude = ["Total"]' in finding.mend


@pytest.mark.parametrize("separator", ["|", ";"])
def test_ranks_beside_their_members_are_an_error(separator):
    names = [
        separator.join(parts) for parts in (["k__B"], ["k__B", "p__F"], ["k__B", "p__F", "g__A"], ["k__B", "p__G"])
    ]
    finding = lint(counts(m=4), names)["overlapping_features"]
    assert finding.counts["features"] == 2
    assert names[0] in finding.message
    assert names[1] in finding.message


def test_a_name_that_begins_another_is_no_rank():
    assert "overlapping_features" not in lint(counts(m=3), ["g__Blautia", "g__Blautia_A", "g__Blautia A|x"])


def test_a_side_of_empty_samples_is_an_error():
    values = counts()
    values[::2] = 0
    finding = lint(values)["empty_side"]
    assert finding.severity == "error"
    assert "6 samples (case)" in finding.message


def test_a_declared_block_with_gaps_is_a_block():
    household = ["", "", *(f"H{i // 2}" for i in range(2, 12))]
    found = lint(counts(), question='block = ["household"]', household=household)
    assert "block_label_missing" in found
    assert "unit_not_in_block" not in found


def test_one_subject_on_a_side_has_no_p():
    loaded = study(counts(), label=["case"] + ["control"] * 11)
    assert withheld(loaded)["q", "taxa"].status == "one_cage"


@pytest.mark.parametrize(("code", "key"), [("undeclared_primary", "primary"), ("undeclared_exclusions", "exclusions")])
def test_what_a_finding_proposes_is_accepted(code, key):
    mend = lint(counts())[code].mend
    line = mend.removeprefix("add ").partition(", or ")[0]
    assert line.startswith(f"{key} = ")
    declared = parse_study(STUDY.format(value="counts", question="") + f"\n[design]\n{line}\n", Path("study.toml"))
    assert getattr(declared.design, key)
