"""Studies of molecules from one file of their own format: declared, checked, run, and begun by ``init``."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

import commensal
from commensal import io
from metabolite_files import block_workbook, mwtab_text, write

EXAMPLES = Path(__file__).parents[2] / "examples"
STUDY = """
[study]
name = "one"
[tables.samples]
file = "{file}"
columns = {columns}
[assays.serum]
kind = "metabolites"
file = "{file}"
value = "intensity"
{more}
[contrasts.arm]
column = "arm"
case = "abx"
control = "ctrl"
"""


@pytest.mark.parametrize(
    ("file", "contents", "columns", "more", "n"),
    [
        ("AN1.txt", mwtab_text(), '{ arm = "Treatment" }', "", 2),
        ("serum.xlsx", block_workbook(), '{ sample = "CLIENT_IDENTIFIER", arm = "Group" }', 'sheet = "OrigScale"', 3),
    ],
)
def test_one_file_is_samples_and_molecules(tmp_path, file, contents, columns, more, n):
    write(tmp_path, file, contents)
    study = write(tmp_path, "study.toml", STUDY.format(file=file, columns=columns, more=more))
    loaded = commensal.load(study)
    assert loaded.matches["serum"].matched == ("S1", "S2", "S3", "S4")
    assert loaded.samples["arm"].tolist() == ["abx", "abx", "ctrl", "ctrl"]
    assert len(loaded.assays["serum"].features) == n
    assert not [item for item in loaded.assays["serum"].dropped if item.name.endswith(io.OFFERED)]  # they are used


def test_init_from_one_file(tmp_path):
    whole = mwtab_text(rows=("nicotinamide\t120\t110\t99\t1000", "2_3-diol\t1\t2\t3\t4"))
    file = write(tmp_path, "AN1.txt", whole)
    study = commensal.init(tmp_path / "mine", samples=file, table=file, column="Treatment", control=["ctrl"])
    assert sorted(path.name for path in study.parent.iterdir()) == ["AN1.txt", "study.toml"]
    assay = next(iter(tomllib.loads(study.read_text())["assays"].values()))
    assert (assay["kind"], assay["value"]) == ("metabolites", "intensity")  # whole peak areas are no counts of reads
    assert "from AN1.txt; change" in study.read_text()
    assert commensal.load(study).matches[next(iter(commensal.load(study).matches))].samples_without_data == ()


def test_init_from_a_workbook(tmp_path):
    table = write(tmp_path, "serum.xlsx", block_workbook())
    samples = write(tmp_path, "samples.tsv", "sample\tarm\nS1\tabx\nS2\tabx\nS3\tctrl\nS4\tctrl\n")
    study = commensal.init(tmp_path / "mine", samples=samples, table=table, column="arm", control=["ctrl"])
    assay = tomllib.loads(study.read_text())["assays"]["serum"]
    assert (assay["kind"], assay["zero"]) == ("metabolites", "below_detection")
    assert next(iter(commensal.load(study).assays.values())).values.shape == (4, 3)


@pytest.mark.real
def test_diabetic_mice_lose_anhydroglucitol(data: Path, tmp_path):
    """1,5-anhydroglucitol in blood falls with glucose in urine; glucose itself is high."""
    study = EXAMPLES / "nod_mice2016" / "study.toml"
    findings = commensal.check(study, data / "formats")
    assert not [finding for finding in findings if finding.severity == "error"]
    result = commensal.run(study, tmp_path / "out", data=data / "formats")
    rows = result.estimates.query("model == 'abundance' and q < 0.05").set_index("feature")
    assert rows["q"].idxmin() == "1_5-anhydroglucitol"
    assert rows.loc["1_5-anhydroglucitol", "label"] == "1,5-anhydroglucitol"
    assert rows.loc["1_5-anhydroglucitol", "effect"] < -2
    assert rows.loc["glucose", "effect"] > 0
