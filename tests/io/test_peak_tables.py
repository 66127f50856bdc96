"""MetaboAnalyst, MS-DIAL and XCMS: layouts, labels and pairs, means that are no samples; and broken files."""

from __future__ import annotations

import numpy as np
import pytest

from commensal import io
from commensal.errors import FormatError, TableError
from metabolite_files import GROUPS, SAMPLES, metaboanalyst, msdial, write, xcms

NAN = np.nan
EXPECTED = [[120.5, 1], [NAN, 2], [99, 3], [1e6, 4]]


def of(read, contents, ids=SAMPLES, **declared):
    return read(contents, ids, name="t.txt", kind="metabolites", **declared)


def told(table):
    return " ; ".join(f"{item.name}: {item.reason}" for item in table.dropped)


@pytest.mark.parametrize("name", ["Label", "class", "Group"])
@pytest.mark.parametrize("in_rows", [True, False])
def test_metaboanalyst(read, tmp_path, in_rows, name):
    table = of(read, metaboanalyst(in_rows, name=name))
    np.testing.assert_array_equal(table.values, EXPECTED)
    assert table.samples == SAMPLES
    assert list(table.features.index) == ["nicotinamide", "diol"]
    assert f"1 columns about samples: t.txt: {name}: not joined" in told(table)
    frame = io.read_table(tmp_path / "t.txt")
    assert frame[name].tolist() == list(GROUPS)
    assert "pair" not in frame.columns


@pytest.mark.parametrize("in_rows", [True, False])
def test_pairs_are_told_by_numbers_of_both_signs(tmp_path, read, in_rows):
    frame = io.read_table(write(tmp_path, "t.txt", metaboanalyst(in_rows, labels=("-1", "1", "-2", "2"))))
    assert frame["pair"].tolist() == ["1", "1", "2", "2"]
    assert frame["Label"].tolist() == ["-1", "1", "-2", "2"]
    np.testing.assert_array_equal(of(read, None).values, EXPECTED)  # labels that are numbers are no feature either
    frame = io.read_table(write(tmp_path, "t.txt", metaboanalyst(in_rows, labels=("-1", "1", "-2", "3"))))
    assert "pair" not in frame.columns


@pytest.mark.parametrize("in_rows", [True, False])
def test_labels_of_another_name_need_the_format(read, in_rows):
    text = metaboanalyst(in_rows, name="Muscle loss")
    with pytest.raises(TableError, match="found: 'abx'"):
        of(read, text)
    np.testing.assert_array_equal(of(read, None, format="metaboanalyst").values, EXPECTED)


def test_time_follows_the_labels(read, tmp_path):
    text = metaboanalyst(False).replace("\nnicotinamide", "\nTime,0,1,0,1\nnicotinamide")
    np.testing.assert_array_equal(of(read, text).values, EXPECTED)
    assert io.read_table(tmp_path / "t.txt")["Time"].tolist() == ["0", "1", "0", "1"]


def test_a_column_called_class_that_describes_molecules_is_no_label(read):
    table = of(read, "compound,class,S1,S2\na,lipid,1,2\nb,sugar,3,4\n", ("S1", "S2"))
    assert list(table.features.index) == ["a", "b"]
    assert table.features["class"].tolist() == ["lipid", "sugar"]
    np.testing.assert_array_equal(table.values, [[1, 3], [2, 4]])


@pytest.mark.parametrize("in_rows", [True, False])
def test_labels_that_the_study_file_excludes(read, in_rows):
    table = of(read, metaboanalyst(in_rows), exclude=("Label",))
    np.testing.assert_array_equal(table.values, EXPECTED)
    assert [item.name for item in table.dropped if item.what == "feature"] == ["Label"]


def test_a_table_of_samples_with_groups_is_read_as_it_is(tmp_path):
    text = "sample,group,age,weight\n001,abx,41,20.5\n002,,,21\n"
    frame = io.read_table(write(tmp_path, "samples.csv", text))
    assert frame.to_dict("list") == {
        "sample": ["001", "002"], "group": ["abx", ""], "age": ["41", ""], "weight": ["20.5", "21"],
    }  # fmt: skip
    assert list(frame.attrs["lines"]) == [2, 3]


@pytest.mark.parametrize(
    ("contents", "parts"),
    [
        (metaboanalyst(True).replace("99", "9;9"), ["line 4, column 'nicotinamide'", "found: '9;9'"]),
        (metaboanalyst(True).replace("S3,", "S1,"), ["1 sample id occurs", "'S1' (line 2, line 4)"]),
        (metaboanalyst(False).replace("diol", "nicotinamide"), ["1 feature id occurs", "(line 3, line 4)"]),
        (metaboanalyst(False).replace("diol,1,2,3,4", "diol,1,2"), ["line 4: a row has fewer cells", "3 cells"]),
        (metaboanalyst(False).replace("S", "T"), ["no id of the samples table"]),
        ("Sample,S1,S2\nLabel,a,b\n", ["too small to hold labels"]),
        (metaboanalyst(False).replace(",", ";").replace("120.5", "120,5"), ["a decimal comma"]),
    ],
)
def test_broken_metaboanalyst(read, contents, parts):
    with pytest.raises(TableError) as caught:
        of(read, contents, format="metaboanalyst")
    for part in parts:
        assert part in str(caught.value)


def test_msdial(read, tmp_path):
    table = of(read, msdial())
    assert table.samples == SAMPLES
    np.testing.assert_array_equal(table.values, [[120.5, 1, 5], [0, 2, 6], [99, 3, 7], [1e6, 4, 8]])
    assert table.features["label"].tolist() == ["Nicotinamide", "1", "PC 34:1"]
    assert table.features["name"].isna().tolist() == [False, True, False]
    assert table.features["identity_level"].tolist() == ["2", "4", "3"]
    assert table.features.loc["0", ["mz", "rt_minutes", "inchikey", "formula"]].tolist() == [
        "123.0553", "1.02", "DFPAKSUCGFBDDF-UHFFFAOYSA-N", "C6H6N2O",
    ]  # fmt: skip
    assert table.features["inchikey"].isna().tolist() == [False, True, True]
    assert "2 columns: t.txt: means and standard deviations per class" in told(table)
    assert io.read_table(tmp_path / "t.txt").to_dict("list") == {
        "sample": list(SAMPLES),
        "Class": list(GROUPS),
        "File type": ["Sample"] * 4,
        "Injection order": ["1", "2", "3", "4"],
        "Batch ID": ["1"] * 4,
    }


def test_msdial_with_commas_parts_of_the_class_and_no_batches(read, tmp_path):
    lines = [line.split("\t") for line in msdial().splitlines()]
    lines[1:1] = [["Parameter1" if cell == "Class" else "low" if cell in GROUPS else cell for cell in lines[0]]]
    del lines[4]
    lines[5][7] = '"Nicotinamides, amides"'
    table = of(read, "\n".join(",".join(line) for line in lines))
    np.testing.assert_array_equal(table.values[:, 0], [120.5, 0, 99, 1e6])
    assert table.features.loc["0", "Ontology"] == "Nicotinamides, amides"
    frame = io.read_table(tmp_path / "t.txt")
    assert frame.columns.tolist() == ["sample", "Class", "Parameter1", "File type", "Injection order"]
    assert frame["Parameter1"].tolist() == ["low"] * 4


def test_msdial_without_means(read):
    lines = [line.split("\t")[:-2] for line in msdial().splitlines()]
    table = of(read, "\n".join("\t".join(line) for line in lines))
    assert table.values.shape == (4, 3)
    assert "means" not in told(table)


@pytest.mark.parametrize(
    ("contents", "parts"),
    [
        ("\n".join(msdial().splitlines()[4:]), ["lines about the samples are missing", "Class, File type"]),
        (msdial().replace("Alignment ID", "ID"), ["header of MS-DIAL is not found"]),
        (msdial()[:-40], ["line 8: a row has fewer cells"]),
        (msdial().replace("1000000", "1 000 000"), ["line 6, column 'S4'", "found: '1 000 000'"]),
        (msdial().replace("120.5", "120,5"), ["a decimal comma", "line 6, column 'S1'"]),
        (msdial().replace("\n1\t5.1", "\n0\t5.1"), ["1 feature id occurs", "'0' (line 6, line 7)"]),
        (msdial().replace("spectrum\tS1\tS2", "spectrum\tS1\tS1"), ["1 sample id occurs"]),
        (msdial().replace("spectrum\tS1\tS2\tS3\tS4", "spectrum\ta\tb\tc\td"), ["no id of the samples table"]),
        (msdial().split("\n0\t")[0], ["a header and no rows"]),
    ],
)
def test_broken_msdial(read, contents, parts):
    with pytest.raises(TableError) as caught:
        of(read, contents, format="msdial")
    for part in parts:
        assert part in str(caught.value)


@pytest.mark.parametrize(
    ("kind", "ids"),
    [("diffreport", ["M123T62", "M200T300"]), ("peakTable", ["1", "2"]), ("features", ["FT001", "FT002"])],
)
def test_xcms(read, kind, ids):
    table = of(read, xcms(kind))
    assert table.samples == SAMPLES
    assert list(table.features.index) == ids
    np.testing.assert_array_equal(table.values, EXPECTED)
    assert table.features["mz"].tolist() == ["123.0553", "200.1"]
    assert table.features["rt_seconds"].tolist() == ["61.5", "300"]
    assert "name" not in table.features.columns
    if kind == "features":
        assert "4 names of files: t.txt: read by the sample id that they hold: 'S1.mzML' as 'S1'" in told(table)
    else:
        assert "2 columns of counts" in told(table)
        assert table.features["ctrl"].tolist() == ["2", "2"]


def test_a_peak_not_found_is_not_seen(read):
    assert of(read, xcms(), zero="below_detection").values[1, 0] == 0


def test_a_sample_that_is_not_in_the_samples_table_stays_in(read):
    table = of(read, xcms("features"), ("S1", "S2", "S4"))
    assert table.samples == ("S1", "S2", "S3.mzML", "S4")


def test_peak_tables_without_samples_annotate(tmp_path):
    text = "name\tmzmed\trtmed\nFT1\t1\t2\n"
    assert io.read_table(write(tmp_path, "variableMetadata.tsv", text)).to_dict("list") == {
        "name": ["FT1"], "mzmed": ["1"], "rtmed": ["2"],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("contents", "parts"),
    [
        (xcms().replace("M200T300", "M123T62"), ["1 feature id occurs", "(line 2, line 3)"]),
        (xcms("features").replace("S2.mzML", "S1.CDF"), ["two columns hold the id of one sample", "'S1.CDF' for 'S1'"]),
        (xcms().replace("S1\tS2\tS3\tS4", "a\tb\tc\td"), ["no id of the samples table"]),
        (xcms().replace("120.5", "high"), ["line 2, column 'S1'", "found: 'high'"]),
        (xcms().replace("mzmed", "mass"), ["header is not that of XCMS"]),
        (xcms()[:-30], ["a row has another number of cells"]),
    ],
)
def test_broken_xcms(read, contents, parts):
    with pytest.raises(TableError) as caught:
        of(read, contents, format="xcms")
    for part in parts:
        assert part in str(caught.value)


def test_a_table_without_labels_offers_none(tmp_path):
    place = write(tmp_path, "t.csv", "a,b,c\nx,1,2\ny,3,4\n")
    with pytest.raises(FormatError, match="class labels are not found"):
        io.read_table(place, format="metaboanalyst")
