"""mwTab as text and JSON: the real file, the layouts of the specification, and broken ones."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from commensal import io
from commensal.errors import FormatError, StudyFileError, TableError
from commensal.study.declared import Assay, Features
from metabolite_files import GROUPS, SAMPLES, mwtab_json, mwtab_text, write

NAN = np.nan
EXPECTED = [[120.5, 1], [NAN, 2], [99, 3], [1e6, 4]]


def of(read, contents, ids=SAMPLES, **declared):
    return read(contents, ids, name="AN1.txt", kind="metabolites", **declared)


def told(table):
    return " ; ".join(f"{item.name}: {item.reason}" for item in table.dropped)


@pytest.mark.real
def test_the_real_file(data: Path):
    file = data / "formats" / "ST000057_AN000095.mwtab.txt"
    samples = io.read_table(file)
    assert samples.columns.tolist() == ["sample", "subject", "Diagnosis", "Group"]
    assert len(samples) == 71
    assert samples["Diagnosis"].value_counts().to_dict() == {"Non-diabetic": 41, "Diabetic": 30}  # grep -c
    assert samples.iloc[0].tolist() == ["131124dlvsa24_1", "3", "Non-diabetic", "1"]
    assay = Assay("plasma", "metabolites", file=file.name, value="intensity")
    table = io.read_assay(assay, file.parent, samples["sample"].tolist())
    assert table.values.shape == (71, 181)
    assert not np.isnan(table.values).any()
    # awk -F'\t' over the block of data: sums of a row, of a column, of the table
    assert table.values[:, table.features.index.get_loc("alanine")].sum() == 11_222_440
    assert table.values[table.samples.index("131124dlvsa24_1")].sum() == 5_196_999
    assert table.values.sum() == 439_201_593
    anhydro = table.features.loc["1_5-anhydroglucitol"]
    assert anhydro[["label", "name", "mz", "retention_index"]].tolist() == [
        "1,5-anhydroglucitol", "1,5-anhydroglucitol", "191", "633243",
    ]  # fmt: skip
    assert table.features.loc["2-aminoadipic acid", ["pubchem", "kegg"]].tolist() == ["469", "C00956"]
    assert table.features["kegg"].isna().sum() > 0
    assert "n/a" not in set(table.features["kegg"].dropna())
    assert "8 names met" in told(table)
    assert "subject, Diagnosis, Group: not joined" in told(table)


@pytest.mark.parametrize("contents", [mwtab_text(), mwtab_json(), mwtab_text().replace("\n", "\r\n")])
def test_text_and_json_are_one(read, tmp_path, contents):
    table = of(read, contents)
    assert table.samples == SAMPLES
    np.testing.assert_array_equal(table.values, EXPECTED)
    assert list(table.features.index) == ["nicotinamide", "2_3-diol"]
    assert table.features["label"].tolist() == ["nicotinamide", "2,3-diol"]
    assert table.features.loc["nicotinamide", ["mz", "pubchem", "kegg"]].tolist() == ["123.05", "936", "C00153"]
    assert table.features["kegg"].isna().tolist() == [False, True]
    assert "'2_3-diol'" in told(table)
    frame = io.read_table(tmp_path / "AN1.txt")
    assert frame.to_dict("list") == {
        "sample": list(SAMPLES),
        "subject": ["m1", "m2", "m3", "m4"],
        "Treatment": list(GROUPS),
        "Sex": ["F"] * 4,
        "Cage": ["c1", "c2", "c3", "c4"],
        "Weight_g": ["21", "22", "23", "24"],
    }


def test_names_that_differ_otherwise_are_not_met(read):
    rows = ("Nicotinamide\t1\t2\t3\t4", "a_b\t1\t2\t3\t4")
    metabolites = ("nicotinamide\t\t936\tC00153", "a,b\t\t1\t", "a_b\t\t2\t", "twice\t\t3\t", "twice\t\t4\t")
    table = of(read, mwtab_text(rows=rows, metabolites=metabolites))
    assert table.features["pubchem"].isna().tolist() == [True, False]
    assert table.features.loc["a_b", "pubchem"] == "2"  # its own name, not the one with a comma
    assert "1 molecules without a description" in told(table)
    assert "1 molecules described twice" in told(table)


def test_two_names_that_would_both_become_one_are_not_met(read):
    metabolites = ("a,b,c\t\t1\t", "a,b_c\t\t2\t")
    table = of(read, mwtab_text(rows=("a_b_c\t1\t2\t3\t4",), metabolites=metabolites))
    assert "pubchem" not in table.features.columns or table.features["pubchem"].isna().all()


def test_binned_spectra(read):
    text = mwtab_text("NMR_BINNED_DATA", rows=("0.70...0.74\t1\t2\t3\t4", "0.74...0.78\t5\t6\t7\t8"), metabolites=())
    table = of(read, text)
    assert list(table.features.index) == ["0.70...0.74", "0.74...0.78"]
    np.testing.assert_array_equal(table.values[:, 1], [5, 6, 7, 8])


def test_several_tables(read):
    binned = mwtab_text("NMR_BINNED_DATA", rows=("0.7\t1\t2\t3\t4",), metabolites=()).split("\n")
    start = next(i for i, line in enumerate(binned) if line == "#NMR_BINNED_DATA")
    both = mwtab_text().replace("#END\n", "\n".join(binned[start:]))
    with pytest.raises(FormatError, match=r"several tables of data(.|\n)*MS_METABOLITE_DATA, NMR_BINNED_DATA"):
        of(read, both)
    assert of(read, None, sheet="NMR_BINNED_DATA").values.shape == (4, 1)
    with pytest.raises(StudyFileError, match=r"no table 'NMR'(.|\n)*NMR_BINNED_DATA"):
        of(read, None, sheet="NMR")


LONG = ["EXTENDED_MS_METABOLITE_DATA_START", "metabolite_name\tsample_id\tintensity\tcharge", "x\tS1\t5\t1",
        "x\tS2\t6\t1", "y\tS2\t7\t1", "EXTENDED_MS_METABOLITE_DATA_END", ""]  # fmt: skip


def test_long_tables(read):
    table = of(read, mwtab_text().replace("#END", "\n".join(LONG)))
    assert table.values.shape == (4, 2)
    assert "1 more table" in told(table)
    np.testing.assert_array_equal(of(read, None, sheet="EXTENDED_MS_METABOLITE_DATA").values, [[5, NAN], [6, 7]])
    with pytest.raises(TableError, match=r"two values in one sample(.|\n)*'x' in 'S1'"):
        again = mwtab_text().replace("#END", "\n".join(LONG).replace("y\tS2", "x\tS1"))
        of(read, again, sheet="EXTENDED_MS_METABOLITE_DATA")
    with pytest.raises(FormatError, match=r"long table cannot be read(.|\n)*concentration"):
        of(read, mwtab_text().replace("#END", "\n".join(LONG).replace("intensity", "z")),
           sheet="EXTENDED_MS_METABOLITE_DATA")  # fmt: skip


def test_ids_and_labels_of_the_study_file(read):
    rows, metabolites = ("x\t1\t2\t3\t4",), ("x\t\t936\tC00153",)
    table = of(read, mwtab_text(rows=rows, metabolites=metabolites), features=Features(id="kegg_id"))
    assert list(table.features.index) == ["C00153"]
    table = of(read, None, features=Features(label="pubchem_id"))
    assert table.features["label"].tolist() == ["936"]
    assert table.features["pubchem"].tolist() == ["936"]


@pytest.mark.parametrize(
    ("contents", "parts"),
    [
        (
            mwtab_text().split("2_3-diol")[0],
            ["the file is cut short", "MS_METABOLITE_DATA_START and no MS_METABOLITE_DATA_END"],
        ),
        (mwtab_text().replace("\t99\t", "\t"), ["line 15: a row has fewer cells", "found: 4 cells", "5 cells"]),
        (mwtab_text().replace("\t99\t", "\t99\t5\t"), ["line 15: a row has more cells", "'1e6' among those beyond"]),
        (mwtab_text().replace("\t99\t", "\t9,9\t"), ["line 15, column 'S3'", "a decimal comma"]),
        (mwtab_text().replace("\t99\t", "\t<LOD\t"), ["line 15, column 'S3'", "found: '<LOD'"]),
        (
            mwtab_text().replace("2_3-diol", "nicotinamide"),
            ["1 feature id occurs", "'nicotinamide' (line 15, line 16)"],
        ),
        (mwtab_text().replace("Samples\tS1\tS2", "Samples\tS1\tS1"), ["1 sample id occurs", "'S1' (column"]),
        (mwtab_text().replace("Samples\tS1\tS2\tS3\tS4", "Samples\ta\tb\tc\td"), ["no id of the samples table", "'a'"]),
        (mwtab_text().replace("MS_METABOLITE_DATA_END\n", ""), ["marks of a table do not pair", "METABOLITES_START"]),
        (mwtab_text() + mwtab_text(), ["a name occurs twice", "MS_METABOLITE_DATA", "split the file"]),
        (mwtab_text(units="log2 peak area"), ["values are logarithms", "'log2 peak area'"]),
        (mwtab_text(rows=()), ["a header and no rows"]),
        (mwtab_text(block="OTHER"), ["no table of data"]),
        (mwtab_json()[:500], ["the JSON is damaged or cut short"]),
        (mwtab_json().replace('"S2": ""', '"S1": "3"'), ["a name occurs twice", "'S1'"]),
        (mwtab_json().replace('"120.5"', '"x"'), ["AN1.txt, entry 1, column 'S1'", "found: 'x'"]),
        (json.dumps(json.loads(mwtab_json()) | {"MS_METABOLITE_DATA": {"Data": 3}}), ["no list of entries"]),
        (json.dumps({"METABOLOMICS WORKBENCH": {}}), ["no table of data"]),
        (mwtab_text().encode("utf-16-le"), ["NUL byte"]),
    ],
)
def test_broken_files(read, contents, parts):
    with pytest.raises(TableError) as caught:
        of(read, contents, format="mwtab")
    for part in parts:
        assert part in str(caught.value)


def test_a_line_of_samples_without_its_tabs(tmp_path):
    broken = mwtab_text().replace("SUBJECT_SAMPLE_FACTORS           \tm2\tS2\t", "SUBJECT_SAMPLE_FACTORS   m2 S2\t")
    with pytest.raises(FormatError, match=r"line 7: a line of samples is not complete(.|\n)*separated by tabs"):
        io.read_table(write(tmp_path, "AN1.txt", broken))


def test_old_encodings(read):
    table = of(read, mwtab_text(rows=("\u03b2-alanine".replace("\u03b2", "µ") + "\t1\t2\t3\t4",)).encode("cp1252"))
    assert list(table.features.index) == ["µ-alanine"]
    assert table.features.attrs["encoding"] == "cp1252"
