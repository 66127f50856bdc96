"""Each file is taken by its own format, and no contents, however broken, end in anything but one of our errors."""

from __future__ import annotations

import io as std
import tempfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from commensal import io
from commensal.errors import CommensalError
from commensal.io import FORMATS
from commensal.study.declared import Assay
from metabolite_files import EXAMPLES, SAMPLES, mwtab_text, mztab, write

#: Formats of this field whose sniffers are not to take each other's files, nor anyone else's.
OURS = tuple(EXAMPLES)
OTHERS = {
    "wide": ["id\tS1\tS2\na\t1\t2\n", "sample,glucose,lactate\nS1,1,2\n", "#OTU ID\tS1\tS2\nOtu1\t1\t2\n",
             "mz,rt,S1\n1,2,3\n", "name\tGroup\nx\tabx\n", "sample\tgroup\tsite\nS1\tabx\tgut\nS2\tctrl\tgut\n"],
    "mothur": ["label\tGroup\tnumOtus\tOtu1\n0.03\tS1\t1\t5\n0.03\tS2\t1\t6\n"],
    "qiime2_metadata": ["sample-id\tgroup\tday\n#q2:types\tcategorical\tnumeric\nS1\ta\t7\n"],
    "featurecounts": ["Geneid\tChr\tStart\tEnd\tStrand\tLength\tS1.bam\nA\t1\t1\t2\t+\t2\t7\n"],
    "newick": ["(a:1,b:1);"],
    "biom": ['{"id": null, "format": "Biological Observation Matrix 1.0.0", "matrix_type": "dense"}'],
}  # fmt: skip
CASES = [(name, i) for name, files in EXAMPLES.items() for i in range(len(files))]


@pytest.mark.parametrize(("name", "i"), CASES)
def test_own_files(tmp_path, name, i):
    place = write(tmp_path, "file.dat", EXAMPLES[name][i])
    assert io.sniff(place) == name
    assert [other for other in FORMATS if FORMATS[other].sniff(place) and other not in (name, "wide")] == []


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, texts in OTHERS.items() for text in texts])
def test_files_of_others(tmp_path, name, text):
    place = write(tmp_path, "file.dat", text)
    assert io.sniff(place) == name
    assert [ours for ours in OURS if FORMATS[ours].sniff(place)] == []


@pytest.mark.real
def test_real_files_of_others(data: Path):
    taken = {}
    for place in sorted(data.rglob("*")):
        if place.is_file() and place.stat().st_size < 20_000_000:
            for ours in OURS:
                if FORMATS[ours].sniff(place):
                    taken[place.name] = ours
    assert taken == {"ST000057_AN000095.mwtab.txt": "mwtab"}


def attempt(contents: bytes, name: str | None) -> None:
    """Read contents in every way; anything but a table or one of our errors fails."""
    with tempfile.TemporaryDirectory() as folder:
        place = write(Path(folder), "file.dat", contents)
        for call in (
            lambda: io.read_assay(
                Assay("a", "metabolites", file="file.dat", value="intensity", format=name), Path(folder), SAMPLES
            ),
            lambda: io.read_table(place, format=name),
            lambda: io.sniff(place),
        ):
            try:
                call()
            except CommensalError as error:
                assert error.mend or error.expected or error.found, error  # noqa: PT017  the message helps


@st.composite
def damaged(draw: st.DrawFn) -> tuple[str, bytes]:
    """Draw one of the examples, cut, with bytes changed, or with something else behind it."""
    name = draw(st.sampled_from(OURS))
    whole = draw(st.sampled_from(list(EXAMPLES[name])))
    data = bytearray(whole[: draw(st.integers(0, len(whole)))] if draw(st.booleans()) else whole)
    for _ in range(draw(st.integers(0, 4))):
        if data:
            at = draw(st.integers(0, len(data) - 1))
            data[at : at + draw(st.integers(0, 3))] = draw(
                st.one_of(st.binary(max_size=4), st.sampled_from([b"\t", b"\n", b",", b'"', b"|", b"\x00", b"9" * 400]))
            )
    return name, bytes(data) + draw(st.binary(max_size=40))


@settings(max_examples=400)
@given(damaged())
@example(("mwtab", mwtab_text().encode() + b"\xff\xfe\x81"))
@example(("mztab", mztab().encode().replace(b"assay[1]\tS1", b"assay[99999999999999999999]\tS1")))
@example(("metabolon", b"\x80"))
@example(("metaboanalyst", b","))
@example(("xcms", b","))
@example(("mwtab", b'{"METABOLOMICS WORKBENCH": ' + b"[" * 5000))
def test_damaged_files_end_in_our_errors(case):
    name, contents = case
    attempt(contents, name)


PARTS = ["xl/worksheets/sheet1.xml", "xl/sharedStrings.xml", "xl/workbook.xml", "xl/_rels/workbook.xml.rels"]


@st.composite
def odd_workbooks(draw: st.DrawFn) -> bytes:
    """Draw a workbook whose archive is whole and one of whose parts says something odd."""
    part, out = draw(st.sampled_from(PARTS)), std.BytesIO()
    old = zipfile.ZipFile(std.BytesIO(draw(st.sampled_from(EXAMPLES["workbook"]))))
    with old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            data = bytearray(old.read(name))
            if name == part:
                for _ in range(draw(st.integers(1, 3))):
                    at = draw(st.integers(0, len(data) - 1))
                    odd = st.sampled_from(
                        [b"9", b'"', b"<", b"A", b"-1", b"", b"<f>", b"1e999", b"NaN", b"&#0;", b"&a;"]
                    )
                    data[at : at + draw(st.integers(0, 2))] = draw(odd)
            new.writestr(name, bytes(data))
    return out.getvalue()


@settings(max_examples=150)
@given(odd_workbooks())
def test_workbooks_with_odd_parts_end_in_our_errors(contents):
    attempt(contents, "workbook")


@settings(max_examples=100)
@given(st.sampled_from([b"#METABOLOMICS WORKBENCH\n", b"MTD\tmzTab-version\t2.0.0-M\n", b"Sample,S1,S2\nLabel,a,b\n",
                        b"Alignment ID\tAverage Mz\n", b"name\tmzmed\trtmed\tS1\n", b"PK\x03\x04",
                        b'{"METABOLOMICS WORKBENCH": {}, ']), st.binary(max_size=200))  # fmt: skip
def test_anything_behind_a_valid_start_ends_in_our_errors(start, rest):
    attempt(start + rest, None)
