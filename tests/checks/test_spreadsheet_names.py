"""Names of genes that a spreadsheet turned into dates or numbers: found, told with what they were, never guessed."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from commensal.checks import check
from commensal.checks.spreadsheet import mangled
from commensal.study import AssayTable, assemble, parse_study

STUDY = """
[study]
name = "small"
[tables.samples]
file = "samples.tsv"
[assays.rna]
kind = "{kind}"
file = "rna.tsv"
value = "{value}"
[contrasts.c]
column = "label"
case = "case"
control = "control"
"""
SYMBOLS = ["Actb", "Sod1", "Nampt", "Septin2", "Marchf1", "Delec1", "H2-K1", "Gm12345", "2310009E13Rik", "K00001"]
SAMPLES = ["S1", "S2", "S3", "S4"]


def findings(names: list[str], *, kind: str = "transcripts", labels: list[str] | None = None) -> list:
    declared = parse_study(
        STUDY.format(kind=kind, value="intensity" if kind == "metabolites" else "counts"), Path("study.toml")
    )
    samples = pd.DataFrame({"sample": SAMPLES, "label": ["case", "control"] * 2})
    samples.attrs["file"] = "samples.tsv"
    features = pd.DataFrame({"label": labels or names}, index=names)
    table = AssayTable(declared.assays["rna"], tuple(SAMPLES), features, np.full((4, len(names)), 7.0))
    loaded = assemble(declared, {"samples": samples}, {"rna": table})
    return [finding for finding in check(loaded) if finding.code == "spreadsheet_names"]


@pytest.mark.parametrize(
    ("wrong", "was"),
    [
        ("2-Sep", "SEPT2"), ("02-Sep", "SEPT2"), ("Sep-02", "SEPT2"), ("2-Sep-21", "SEPT2"), ("2. Sep", "SEPT2"),
        ("1-Mar", "MARCH1"), ("01. Mrz", "MARCH1"), ("1-déc", "DEC1"), ("2021-03-01", "MARCH1"),
        ("2021-03-01 00:00:00", "MARCH1"), ("44444", "SEPT5"), ("44256", "MARCH1"),
    ],
)  # fmt: skip
def test_what_a_date_may_have_been(wrong, was):
    assert mangled([*SYMBOLS, wrong])[wrong].startswith(f"{was} (now ")


@pytest.mark.parametrize("wrong", ["2.31E+13", "2,31E+13", "1E+19", "4-Oct", "9/2/2021", "15-Sep"])
def test_what_is_lost_is_found_without_a_guess(wrong):
    assert mangled([*SYMBOLS, wrong]) == {wrong: ""}


def test_serials_are_those_of_a_calendar():
    """A spreadsheet shows the 1st of March 2022 as 44621 and the 1st of September 2021 as 44440."""
    assert mangled([*SYMBOLS, "44621", "44440"]) == {
        "44621": "MARCH1 (now MARCHF1)",
        "44440": "SEPT1 (now SEPTIN1)",
    }


@pytest.mark.parametrize(
    "names",
    [
        SYMBOLS,
        ["44444", "11287", "54788", "20655"],  # ids of genes
        [*SYMBOLS, "44500", "51196"],  # days on which no such gene falls
        ["SEPT2", "MARCH1", "DEC1", "OCT4", "MAR1", "SEP15"],
        ["ENSG00000000003.15", "K02358", "COG0001", "1.1.1.1", "5-HT1A", "32-Foo", "Sep-99x", "45-Sep"],
    ],
)
def test_names_of_genes_are_left_in_peace(names):
    assert mangled(names) == {}


@pytest.mark.parametrize("kind", ["transcripts", "genes"])
def test_a_table_is_warned_about_with_counts_examples_and_a_mend(kind):
    (finding,) = findings([*SYMBOLS, "2-Sep", "1-Mar", "44444", "2.31E+13"], kind=kind)
    assert finding.severity == "warning"
    assert finding.where == "assay rna"
    assert finding.counts == {"names": 4, "features": 14}
    assert "'2-Sep', perhaps SEPT2 (now SEPTIN2)" in finding.message
    assert "'2.31E+13'" in finding.message
    assert "before it went through a spreadsheet" in finding.mend


def test_labels_are_looked_at_where_ids_are_sound():
    ids = [f"ENSG{i:011d}" for i in range(len(SYMBOLS) + 1)]
    (finding,) = findings(ids, labels=[*SYMBOLS, "3-Mar"])
    assert finding.counts == {"names": 1, "features": len(ids)}


def test_molecules_and_taxa_may_be_called_so():
    assert findings([*SYMBOLS, "2-Sep"], kind="metabolites") == []
    assert findings([*SYMBOLS, "2-Sep"], kind="taxa") == []
