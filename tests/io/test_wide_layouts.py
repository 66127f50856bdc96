"""Wide tables as people and programs write them."""

from __future__ import annotations

import gzip

import numpy as np
import pandas as pd
import pytest

from commensal import io
from commensal.errors import CommensalError, StudyFileError, TableError
from commensal.study.declared import Features

ROWS = "sample\tglucose\tlactate\nS1\t1.5\t2\nS2\t3\tNA\n"
EXPECTED = [[1.5, 2.0], [3.0, np.nan]]


@pytest.mark.parametrize(
    "contents",
    [
        ROWS,
        ROWS.replace("\t", ","),
        ROWS.replace("\t", ";"),
        ROWS.replace("\n", "\r\n"),
        ROWS.replace("\n", "\r"),
        ROWS.rstrip("\n"),
        ROWS.replace("\n", "\r\r\n"),  # converted twice
        ROWS.replace("\n", "\r", 1),  # mixed line ends
        ROWS + "\n\n\t\t\n",
        "\ufeff" + ROWS,
        ROWS.encode("utf-16"),
        gzip.compress(ROWS.encode(), mtime=0),
        '"sample"\t"glucose"\t"lactate"\n"S1"\t1.5\t2\n"S2"\t3\tNA\n',
        "glucose\tlactate\nS1\t1.5\t2\nS2\t3\tNA\n",  # R's write.table: no name above the row names
        '"glucose","lactate"\n"S1",1.5,2\n"S2",3,NA\n',  # R's write.table with quotes
        "# Constructed from biom file\n" + ROWS.replace("sample", "#SampleID"),
        "feature\tS1\tS2\nglucose\t1.5\t3\nlactate\t2\t\n",  # transposed
        "sample\tglucose\tlactate\t\nS1\t1.5\t2\t\nS2\t3\tNA\t\n",  # a tab at every line's end
        "sample\tglucose\tlactate\nS1\t 1.5\t2\nS2\t3.0e0\tnull\n",
    ],
)
def test_one_table_in_many_spellings(read, contents):
    table = read(contents)
    np.testing.assert_array_equal(table.values, EXPECTED)
    assert table.samples == ("S1", "S2")
    assert table.features.index.tolist() == ["glucose", "lactate"]


@pytest.mark.parametrize("name", ["t.csv", "t.txt", "t.tsv"])
def test_the_delimiter_is_found_in_the_contents(read, name):
    np.testing.assert_array_equal(read(ROWS, name=name).values, EXPECTED)


def test_a_header_full_of_semicolons_is_not_semicolon_separated(read):
    table = read("id,d__Bacteria;p__A;g__X,d__Bacteria;p__A;g__Y\nS1,1,2\nS2,3,4\n")
    assert table.features["label"].tolist() == ["X", "Y"]


@pytest.mark.parametrize("orientation", ["rows", "columns"])
@pytest.mark.parametrize("index", [True, False])
def test_parquet(read, tmp_path, orientation, index):
    frame = pd.DataFrame({"glucose": [1.5, 3.0], "lactate": [2, None]}, index=["S1", "S2"])
    frame = frame if orientation == "rows" else frame.T
    (frame if index else frame.reset_index()).to_parquet(tmp_path / "t.parquet")
    np.testing.assert_array_equal(read(None, name="t.parquet").values, EXPECTED)


def test_parquet_metadata_keeps_its_types(tmp_path):
    pd.DataFrame({"sample": ["S1", "S2"], "age": [4, 5], "ok": [True, None]}).to_parquet(tmp_path / "m.parquet")
    frame = io.read_table(tmp_path / "m.parquet")
    assert frame["age"].tolist() == [4, 5]
    assert frame.attrs["file"] == "m.parquet"


def test_names_in_windows_1252_are_read_and_the_encoding_is_kept(read):
    table = read("sample\tα-MCA\nS1\t1\n".replace("α", "µ").encode("cp1252"), ["S1"])
    assert table.features.index.tolist() == ["µ-MCA"]
    assert table.features.attrs["encoding"] == "cp1252"


def test_a_double_prime_in_a_tsv_is_no_quote(read):
    table = read('feature\tS1\n"-hydroxy\t1\n5"-deoxy\t2\na"b\t4\n', ["S1"])
    assert table.features.index.tolist() == ['"-hydroxy', '5"-deoxy', 'a"b']


def test_quoted_names_hold_delimiters_and_line_ends(read):
    table = read('feature,S1,S2\n"1,5-AG\nplasma",1,2\nb,3,4\n')
    assert table.features.index.tolist() == ["1,5-AG\nplasma", "b"]
    with pytest.raises(TableError, match=r"t.tsv, line 4, column 'S2'"):
        read('feature,S1,S2\n"1,5-AG\nplasma",1,2\nb,3,x\n')


def test_ids_are_exact_even_where_they_look_like_numbers(read):
    table = read("id\t001\t01\nx\t1\t2\n", ["001", "7"])
    assert table.samples == ("001", "01")


def test_row_names_need_not_be_the_first_column(read):
    table = read("set\tid\tx\ny\tS1\t1\ny\tS2\t2\n", exclude=("set",))
    assert table.samples == ("S1", "S2")
    assert [d.name for d in table.dropped] == ["set"]


def test_a_row_of_classes_can_be_excluded(read):
    table = read("feature\tS1\tS2\nLabel\tcase\tcontrol\nglucose\t1\t2\n", exclude=("Label",))
    np.testing.assert_array_equal(table.values, [[1], [2]])


def test_declared_missing_codes(read):
    np.testing.assert_array_equal(
        read("s\tx\ty\nS1\t-9\t1\nS2\tLOD\t2\n", missing=("-9", "LOD")).values[:, 0], [np.nan] * 2
    )


def test_ids_on_both_sides_are_refused_until_the_study_file_says(read):
    square = "id\tS1\tS2\nS1\t0\t1\nS2\t2\t0\n"
    with pytest.raises(TableError, match=r"both in the row names and in the header(.|\n)*orientation ="):
        read(square)
    assert read(square, orientation="samples_in_rows").values.tolist() == [[0, 1], [2, 0]]
    assert read(square, orientation="samples_in_columns").values.tolist() == [[0, 2], [1, 0]]


def test_one_stray_id_does_not_make_a_table_ambiguous(read):
    assert read("id\tS1\tglc\nS1\t1\t2\nS2\t3\t4\nS3\t5\t6\n", ["S1", "S2", "S3"]).values.shape == (3, 2)


def test_no_id_on_either_side(read):
    with pytest.raises(TableError) as caught:
        read("id\tglc\tlac\ns1\t1\t2\ns2\t1\t2\n")
    message = str(caught.value)
    assert "no id of the samples table occurs" in message
    assert "row names such as 's1', 's2'; column names such as 'glc', 'lac'" in message
    assert "'S1', 'S2'" in message
    assert "'s1' looks like 'S1'" in message
    assert "look-alikes are never matched" in message


def test_declared_orientation_without_ids(read):
    with pytest.raises(TableError, match="no id of the samples table"):
        read("id\tS1\tS2\nx\t1\t2\n", orientation="samples_in_rows")


def test_samples_unknown_to_the_samples_table_stay(read):
    assert read("id\tS1\tblank\nx\t1\t2\n").samples == ("S1", "blank")


def test_annotation_columns_inside_the_table(read):
    features = Features(columns=("HMDB",), id="ID", label="NAME")
    table = read("HMDB\tID\tNAME\tS1\tS2\n001\tc1\tglc\t1\t2\nNA\tc2\tNA\t3\t4\n", features=features)
    assert table.features.index.tolist() == ["c1", "c2"]
    assert table.features["label"].tolist() == ["glc", "c2"]
    assert table.features["HMDB"].tolist()[0] == "001"
    assert pd.isna(table.features.loc["c2", "HMDB"])
    with pytest.raises(StudyFileError, match="cannot go with samples in rows"):
        read(None, features=features, orientation="samples_in_rows")
    with pytest.raises(StudyFileError, match=r"no column 'HMBD'(.|\n)*perhaps 'HMDB'"):
        read(None, features=Features(columns=("HMBD",)))


def test_annotations_beside_the_table(read, tmp_path):
    (tmp_path / "map.csv").write_text("Compound,Name,KEGG\nlactate,(S)-Lactate,C00186\nurea,Urea,C00086\n")
    table = read(ROWS, features=Features(file="map.csv", id="Compound", label="Name"))
    assert table.features["label"].tolist() == ["glucose", "(S)-Lactate"]
    assert [(d.name, d.reason) for d in table.dropped] == [
        ("map.csv", "1 of 2 rows name no feature of the table: 'urea'")
    ]
    with pytest.raises(TableError, match=r"no feature of the table occurs in column 'KEGG'"):
        read(ROWS, features=Features(file="map.csv", id="KEGG"))
    with pytest.raises(TableError, match=r"map.csv has no column 'Nam'(.|\n)*Name"):
        read(ROWS, features=Features(file="map.csv", label="Nam"))
    (tmp_path / "map.csv").write_text("Compound,Name\nlactate,a\nlactate,b\n")
    with pytest.raises(TableError, match=r"'lactate' \(line 2, line 3\)"):
        read(ROWS, features=Features(file="map.csv"))


def test_labels_that_occur_twice_get_their_ids(read, tmp_path):
    (tmp_path / "map.csv").write_text("id,name\nglucose,sugar\nlactate,sugar\n")
    table = read(ROWS, features=Features(file="map.csv", label="name"))
    assert table.features["label"].tolist() == ["sugar (glucose)", "sugar (lactate)"]
    assert (
        read(ROWS + "", features=Features(file="map.csv", label="name"), exclude=("glu*",)).dropped[0].name == "glucose"
    )


def test_exclude_fits_ids_and_labels_and_refuses_what_fits_nothing(read):
    text = "s\tg__Blautia\tIS [d4]\nS1\t1\t2\nS2\t3\t4\n"
    assert read(text, exclude=("Blautia",)).features.index.tolist() == ["IS [d4]"]
    assert read(text, exclude=("IS [d4]",)).features.index.tolist() == ["g__Blautia"]
    with pytest.raises(StudyFileError, match=r"\[assays.a\] exclude: a pattern excludes nothing(.|\n)*'Blautia'"):
        read(text, exclude=("blautia*",))
    with pytest.raises(StudyFileError, match="exclude every feature"):
        read(text, exclude=("*",))


def test_thousands_of_columns(read):
    n = 5000
    header = "s\t" + "\t".join(f"m{i}" for i in range(n))
    rows = "\n".join(f"S{k}\t" + "\t".join(str(i * k / 8) for i in range(n)) for k in (1, 2))
    table = read(f"{header}\n{rows}\n")
    np.testing.assert_array_equal(table.values, np.outer([1, 2], np.arange(n)) / 8)


def test_metadata_stays_text(tmp_path):
    (tmp_path / "m.tsv").write_text("sample\tage\tnote\nS1\t007\t NA\nS2\t\tTRUE\n")
    frame = io.read_table(tmp_path / "m.tsv")
    assert frame.to_numpy().tolist() == [["S1", "007", " NA"], ["S2", "", "TRUE"]]
    assert list(frame.attrs["lines"]) == [2, 3]


def test_qiime2_metadata_with_comments(tmp_path):
    (tmp_path / "m.tsv").write_text(
        "# made by hand\n#SampleID\tday\tnote\n#q2:types\tnumeric\tcategorical\n# the first week\nS1\t7\tx\nS2\t8\n"
    )
    frame = io.read_table(tmp_path / "m.tsv")
    assert io.sniff(tmp_path / "m.tsv") == "qiime2_metadata"
    assert frame.columns.tolist() == ["#SampleID", "day", "note"]
    assert frame.to_numpy().tolist() == [["S1", "7", "x"], ["S2", "8", ""]]
    assert frame.attrs["lines"] == (5, 6)
    assert frame.attrs["q2_types"] == {"day": "numeric", "note": "categorical"}


def test_every_refusal_is_ours(read):
    with pytest.raises(CommensalError, match="reads are no table"):
        read(ROWS, kind="reads")
    with pytest.raises(CommensalError, match="no sample has a file"):
        read(ROWS, files="reads/{sample}.fq")
