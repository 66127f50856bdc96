"""Bad input is normal input: each kind gets one error that says file, place, what was found and how to mend it."""

from __future__ import annotations

import contextlib
import gzip

import pytest

from commensal import io
from commensal.errors import CommensalError, FormatError, StudyFileError, TableError
from commensal.io.paths import locate

GOOD = "sample\tglucose\tlactate\nS1\t1.5\t2\nS2\t3\t4\n"


@pytest.mark.parametrize(
    ("contents", "parts"),
    [
        ("", ["t.tsv: the file is empty"]),
        ("\n \n", ["t.tsv: the file is empty"]),
        (gzip.compress(b"", mtime=0), ["t.tsv: the file is empty"]),
        ("sample\tglucose\n", ["t.tsv, line 1: the table has a header and no rows", "found: 2 column names"]),
        ("sample\nS1\nS2\n", ["format of the file is not known", "no tab, comma or semicolon", "save it as TSV"]),
        (
            gzip.compress(GOOD.encode() * 500, mtime=0)[:60],
            ["t.tsv: the gzip file is damaged or cut short", "copy or download"],
        ),
        (b"\x1f\x8bnot gzip at all", ["t.tsv: the gzip file is damaged"]),
        (GOOD.replace("3", "\x003"), ["t.tsv, line 3: the file holds a NUL byte", "save it again as UTF-8"]),
        (GOOD.encode("utf-16-le"), ["line 1: the file holds a NUL byte", "UTF-16 without its byte-order mark"]),
        (GOOD.encode() + b"S3\xff\x81\t1\t2\n", ["t.tsv, line 4: the text is in none of the known encodings"]),
        (
            "a\tb\tc\nS1\t1\t2\nS2\t3\n",
            ["t.tsv, line 3: a row has another number", "found: 2 cells", "expected: 3 cells"],
        ),
        ("a\tb\tc\nS1\t1\t2\n\nS2\t3\t4\n", ["t.tsv, line 3: a row has another", "delete the blank line"]),
        ("a,b,c\nS1,1,2\nS2,1,5,2\n", ["t.tsv, line 3", "found: 4 cells", "decimal commas"]),
        ('a,b,c\n"S1",1,2\n"S2",1\n', ["t.tsv, line 3", "found: 2 cells", "expected: 3 cells"]),
        (
            GOOD.replace("4", "x4"),
            ["t.tsv, line 3, column 'lactate': a cell is neither", "found: 'x4'", "missing = [...]"],
        ),
        (GOOD.replace("4", "< 0.2"), ["t.tsv, line 3, column 'lactate'", "found: '< 0.2'"]),
        (GOOD.replace("4", "1_000"), ["column 'lactate'", "found: '1_000'"]),
        (GOOD.replace("4", "true"), ["column 'lactate'", "found: 'true'"]),
        (GOOD.replace("4", "2020-01-01"), ["t.tsv, line 3, column 'lactate'", "found: '2020-01-01'"]),
        (GOOD.replace("4", "inf"), ["a value is infinite", "t.tsv, line 3, column 'lactate'", "'S2'", "'lactate'"]),
        (GOOD.replace("1.5", "1,5"), ["t.tsv, line 2, column 'glucose'", "a decimal comma", "'1,5'", "decimal points"]),
        (GOOD.replace("4", "1,234.5"), ["column 'lactate'", "found: '1,234.5'"]),
        (GOOD.replace("S2", "S1"), ["t.tsv: 1 sample id occurs more than once", "'S1' (line 2, line 3)"]),
        (GOOD.replace("lactate", "glucose"), ["1 feature id occurs more than once", "'glucose' (column 2, column 3)"]),
        (GOOD.replace("lactate", ""), ["t.tsv, column 3: a feature has no id"]),
        ("f\tS1\tS2\nx\t1\t2\ny\t1\t2\nx\t3\t4\n", ["1 feature id occurs", "'x' (line 2, line 4)"]),
        ("f\tS1\tS1\nx\t1\t2\n", ["1 sample id occurs", "'S1' (column 2, column 3)"]),
        ("f\tS1\tS2\nx\t1\t2\n\t1\t2\n", ["t.tsv, line 3: a feature has no id"]),
        ("f\tS1\tS2\nx\tNA\tNA\n", ["assay a holds no values", "2 missing cells"]),
        (b"PK\x03\x04xl/workbook.xml", ["a zip archive (an Excel workbook is one)", "save the sheet as TSV"]),
        (b"\xd0\xcf\x11\xe0" + b"\x01" * 99, ["an old Excel workbook"]),
        (b"PAR1 and nothing more", ["the Parquet file is damaged"]),
        ('a,b\n"S1,1\nS2,2\n', ["t.tsv"]),
        (b"\x89HDF\r\n\x1a\n" + b"\x01" * 99, ["damaged, or no BIOM table"]),
        ('{"matrix_type": "sparse", "rows": []', ["damaged, or no BIOM table"]),
        (
            "label\tGroup\tnumOtus\tO1\n0.01\tS1\t1\t5\n0.03\tS1\t1\t5\n",
            ["2 distances", "found: 0.01, 0.03", "label=0.03"],
        ),
        ("label\tGroup\tnumOtus\tO1\n0.03\tS1\t2\t5\n", ["line 2: numOtus is not the number", "numOtus 2, 1 columns"]),
        ("label\tGroup\tnumOtus\tO1\n0.03\tS1\t1\tx\n", ["t.tsv, line 2, column 'O1'", "found: 'x'"]),
        ("label\tGroup\tnumOtus\tO1\n0.03\tX1\t1\t5\n", ["no id of the samples table", "'X1'"]),
        ("OTU\tSize\tTaxonomy\nO1\t5\tBacteria;\n", ["holds no table of measurements", "features = { file = ... }"]),
        ("((S1:1,S2:1):1,S3:1);", ["holds no table of measurements", "tree = ..."]),
    ],
)
def test_bad_assays(read, contents, parts):
    with pytest.raises(TableError) as caught:
        read(contents)
    for part in parts:
        assert part in str(caught.value)
    assert caught.value.exit_code == 1


@pytest.mark.parametrize(
    ("contents", "parts"),
    [
        ("", ["m.tsv: the file is empty"]),
        ("sample\tage\n", ["m.tsv, line 1: the table has a header and no rows"]),
        ("sample\tage\tage\nS1\t1\t2\n", ["m.tsv, header: 1 column name occurs", "'age' (columns 2, 3)"]),
        ("sample\tage\nS1\t1\t2\t3\n", ["m.tsv, line 2"]),
        ("id\tday\n#q2:types\tnumeric\n", ["m.tsv: the metadata has a header and no rows"]),
        ("id\tday\n#q2:types\tnumeric\nS1\t1\t2\n", ["m.tsv, line 3: a row has more cells"]),
        ("((a:1,b:1):1,c:1);", ["holds no table of metadata"]),
    ],
)
def test_bad_metadata(tmp_path, contents, parts):
    (tmp_path / "m.tsv").write_text(contents)
    with pytest.raises(TableError) as caught:
        io.read_table(tmp_path / "m.tsv")
    for part in parts:
        assert part in str(caught.value)


def test_missing_files_name_their_neighbours(read, tmp_path):
    (tmp_path / "serum.tsv.gz").touch()
    with pytest.raises(TableError, match=r"\[assays.a\] file: there is no file 'serum.tsv'(.|\n)*'serum.tsv.gz'"):
        read(None, name="serum.tsv")
    with pytest.raises(TableError, match=r"there is no file 'm.tsv'"):
        io.read_table(tmp_path / "m.tsv")
    with pytest.raises(TableError, match="there is no folder"):
        io.read_table(tmp_path / "nowhere" / "m.tsv")
    with pytest.raises(TableError, match="is a folder"):
        io.read_table(tmp_path)


@pytest.mark.parametrize(
    "path", ["/etc/passwd", "../t.tsv", "a/../../t.tsv", "C:\\t.tsv", "..\\t.tsv", "\\\\host\\t", ""]
)
def test_paths_out_of_the_study_are_refused(tmp_path, path):
    with pytest.raises(StudyFileError, match=r"\[assays.a\] file: the path"):
        locate(tmp_path, path, "[assays.a] file")


def test_unknown_formats(read):
    with pytest.raises(FormatError, match=r"\[assays.a\] format: there is no format 'qiime'(.|\n)*'qiime2'"):
        read(GOOD, format="qiime")
    with pytest.raises(FormatError, match=r"the format of the file is not known(.|\n)*mothur \("):
        read("one line without any separator\n")


def test_a_named_format_wins(read):
    assert read(GOOD, format="wide").values.shape == (2, 2)
    with pytest.raises(FormatError, match=r"no mothur \.shared table"):
        read(GOOD, format="mothur")
    with pytest.raises(FormatError, match=r'a Parquet file(.|\n)*format = "parquet"'):
        read(b"PAR1" + b"x" * 50, format="wide")


@pytest.mark.parametrize("n", range(0, 400, 7))
def test_no_prefix_of_a_good_file_breaks_the_reader(read, n):
    """A file cut anywhere is read or refused, never a traceback."""
    whole = gzip.compress(GOOD.encode(), mtime=0) + b"\x00" * 8
    for contents in (GOOD.encode()[:n], whole[:n]):
        with contextlib.suppress(CommensalError):
            read(contents)
