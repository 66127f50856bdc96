"""Files made to do harm, and faults that generated input found: each is refused by name, or read rightly."""

from __future__ import annotations

import contextlib
import gzip
import io as std
import os
import re
import signal
import threading
import time
import zipfile
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commensal import io
from commensal.cells import escaped, tsv, unescaped
from commensal.errors import CommensalError, FormatError, StudyFileError, TableError, UsageError, printable
from commensal.io.assay import read_assay
from commensal.io.newick import check_tree
from commensal.io.paths import OUTSIDE, locate
from commensal.io.registry import FORMATS
from commensal.io.table import read_table
from commensal.limits import LIMITS, gunzip, in_time, limit, require_lines
from commensal.reads.reference_fasta import read_genome
from commensal.reads.reference_folder import check_reference
from commensal.reads.reference_taxonomy import read_taxonomy
from commensal.study.declared import Assay
from commensal.study.reading import parse_study, read_study

GOOD = "sample\tglucose\tlactate\nS1\t1.5\t2\nS2\t3\t4\n"
QUICK = settings(max_examples=60, derandomize=True, deadline=None, database=None)


def biom(tmp_path, change) -> bytes:
    """A sound BIOM 2.1 table with one dataset changed."""
    with h5py.File(tmp_path / "made.h5", "w") as file:
        for axis, ids in (("observation", ["O1", "O2"]), ("sample", ["S1", "S2"])):
            file[f"{axis}/ids"] = np.array(ids, dtype="S8")
        for name, cells in (("indptr", [0, 1, 2]), ("indices", [0, 1]), ("data", [5.0, 2.0])):
            file[f"observation/matrix/{name}"] = np.array(cells)
        change(file)
    return (tmp_path / "made.h5").read_bytes()


def put(name, value):
    def change(file):
        del file[name]
        file[name] = value

    return change


def huge(file):
    del file["observation/matrix/data"]
    file.create_dataset("observation/matrix/data", shape=(10**12,), dtype="f8", chunks=(1024,))


def stored_elsewhere(file):
    del file["sample/ids"]
    file.create_dataset("sample/ids", shape=(2,), dtype="u1", external=[("/etc/passwd", 0, 2)])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (put("sample/ids", h5py.ExternalLink("/etc/passwd", "/x")), "sample/ids is a link"),
        (put("sample/ids", h5py.SoftLink("/observation/ids")), "sample/ids is a link"),
        (stored_elsewhere, "kept in another file"),
        (huge, "past COMMENSAL_LIMIT_RATIO"),
        (put("observation/matrix/indptr", np.array([0, 5, 2])), "does not fit its ids"),
        (put("observation/matrix/indptr", np.array([1, 1, 2])), "does not fit its ids"),
        (put("observation/matrix/indices", np.array([0, 2**62])), "outside the matrix"),
        (put("observation/matrix/data", np.array([1 + 2j, 3])), "holds complex128"),
        (put("observation/ids", np.array([[b"a", b"b"]])), "has 2 dimensions"),
    ],
)
def test_wild_hdf5(read, tmp_path, change, said):
    with pytest.raises(FormatError, match=re.escape(said)):
        read(biom(tmp_path, change), name="t.biom")


def test_a_sound_one_is_read(read, tmp_path):
    assert read(biom(tmp_path, lambda _file: None), name="t.biom").values.tolist() == [[5, 0], [0, 2]]


def test_bombs_are_refused_before_they_fill_the_memory(read, monkeypatch):
    monkeypatch.setenv("COMMENSAL_LIMIT_UNPACKED_FREE", "100000")
    bomb = gzip.compress(GOOD.encode() + b"S3\t1\t" + b"0" * 5_000_000)
    with pytest.raises(FormatError, match=r"t.tsv: (.|\n)*bytes from(.|\n)*COMMENSAL_LIMIT_RATIO"):
        read(bomb)
    with pytest.raises(FormatError, match="past a limit"):
        gunzip(bomb, "g.fna.gz")
    out = std.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("u/metadata.yaml", "type: FeatureTable[Frequency]\n")
        archive.writestr("u/data/feature-table.biom", b"0" * 20_000_000)
    with pytest.raises(FormatError, match="COMMENSAL_LIMIT_RATIO"):
        read(out.getvalue(), name="t.qza")
    monkeypatch.setenv("COMMENSAL_LIMIT_RATIO", "100000")
    assert len(gunzip(bomb, "t")) > 5_000_000


def test_one_endless_line_and_an_endless_id(read, monkeypatch):
    monkeypatch.setenv("COMMENSAL_LIMIT_LINE", "50")
    with pytest.raises(FormatError, match=r"t.tsv, line 3(.|\n)*COMMENSAL_LIMIT_LINE"):
        read("sample\ta\nS1\t1\nS2\t" + "9" * 60 + "\n")
    require_lines(b"a\n" * 1000, "t")
    monkeypatch.delenv("COMMENSAL_LIMIT_LINE")
    with pytest.raises(FormatError, match=r"column 3(.|\n)*COMMENSAL_LIMIT_ID"):
        read(GOOD.replace("lactate", "x" * 10_001))


def test_a_limit_is_a_whole_number(monkeypatch):
    monkeypatch.setenv("COMMENSAL_LIMIT_LINE", "1e9")
    with pytest.raises(UsageError, match="COMMENSAL_LIMIT_LINE"):
        limit("LINE")


def test_security_page_states_every_limit():
    page = (Path(__file__).parents[2] / "SECURITY.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `(\w+)`", page, re.MULTILINE)) == set(LIMITS)


def test_links_out_of_the_folder(tmp_path, monkeypatch):
    inside, outside = tmp_path / "study", tmp_path / "elsewhere"
    inside.mkdir()
    outside.mkdir()
    (outside / "t.tsv").write_text(GOOD)
    (inside / "t.tsv").symlink_to(outside / "t.tsv")
    (inside / "u.tsv").symlink_to("t2.tsv")
    (inside / "t2.tsv").write_text(GOOD)
    with pytest.raises(StudyFileError, match=r"\[a\] file: a symbolic link leads out(.|\n)*COMMENSAL_ALLOW_OUTSIDE"):
        locate(inside, "t.tsv", "[a] file")
    assert locate(inside, "u.tsv", "[a] file").name == "u.tsv"
    monkeypatch.setenv(OUTSIDE, str(outside))
    assert locate(inside, "t.tsv", "[a] file").is_file()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes on this system")
def test_pipes_are_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "p")
    for use in (io.read_table, io.read_sets, io.sniff, read_genome, read_taxonomy, read_study):
        with pytest.raises(CommensalError, match="p"):
            use(tmp_path / "p")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a = " + "[" * 3000 + "]" * 3000, "COMMENSAL_LIMIT_TOML_DEPTH"),
        ("[" + ".".join("a" * 300) + "]", "COMMENSAL_LIMIT_TOML_DEPTH"),
        ("x = " + "9" * 5000, "a number or date that cannot be read"),
        ("x = 0x" + "f" * 5000, "COMMENSAL_LIMIT_TOML_DIGITS"),
        ('[study]\nname = "a\\u0000b"', "control character"),
        ('["a\\u001b[31m"]', "control character"),
        ("[report]\nseed = 1979-05-27\n[study]\nname = 1979-05-27", "section"),
    ],
)
def test_wild_study_files(text, said):
    with pytest.raises(StudyFileError, match=said) as caught:
        parse_study(text)
    assert printable(str(caught.value)) == str(caught.value)


def test_names_do_not_reach_the_terminal_raw(read):
    with pytest.raises(TableError) as caught:
        read(GOOD.replace("4", "\x1b[31m\u202e4"))
    assert "\x1b" not in str(caught.value)
    assert "\u202e" not in str(caught.value)
    assert printable("a\x1b]0;t\x07\u202e\U000e0001") == r"a\u001b]0;t\u0007\u202e\udb40\udc01"
    with pytest.raises(TableError) as caught:
        read(GOOD.replace("4", "x" * 100_000))
    assert len(str(caught.value)) < 5000


def test_carriage_returns_alone_end_lines_for_sniffers_too(tmp_path):
    (tmp_path / "q.tsv").write_bytes(b"id\tday\r#q2:types\tnumeric\rS1\t7\r")
    assert io.sniff(tmp_path / "q.tsv") == "qiime2_metadata"


def test_artifacts_with_odd_letters(tmp_path):
    with zipfile.ZipFile(tmp_path / "t.qza", "w") as archive:
        archive.writestr("u/metadata.yaml", "type: FeatureData[Taxonomy]\n")
        archive.writestr("u/data/taxonomy.tsv", b"Feature ID\tTaxon\nO1\tk__\x81\n")
    with pytest.raises(FormatError, match="none of the known encodings"):
        io.read_table(tmp_path / "t.qza")


def test_a_taxonomy_with_one_endless_cell(tmp_path):
    (tmp_path / "t.csv").write_text("genome,lineage\ng," + "x" * 200_000 + "\n")
    with pytest.raises(FormatError, match="cannot be cut into cells"):
        read_taxonomy(tmp_path / "t.csv")


@given(st.text(max_size=30))
@QUICK
def test_escaped_names_come_back(name):
    flat = re.sub(r"[\t\r\n]+", " ", name)
    assert unescaped(escaped(flat)) == flat or flat.startswith(("\t", "\r"))
    assert not escaped(flat).startswith(("=", "@")) or not flat


@pytest.mark.parametrize("name", ["=1+1", "+cmd|' /C calc'!A0", "@SUM(A1)", "-)-epicatechin", "'=x", "5'-MTA"])
def test_exported_names_are_read_back(tmp_path, read, name):
    (tmp_path / "m.tsv").write_text(tsv(pd.DataFrame({"sample": ["S1"], "name": [name]})))
    assert io.read_table(tmp_path / "m.tsv")["name"].tolist() == [name]
    assert read(tsv(pd.DataFrame({"f": [name], "S1": [1.0], "S2": [2.0]}))).features.index.tolist() == [name]


TEXT = st.text(alphabet=st.sampled_from("abS12\t\n,;\"'=<>:()#|.-\x00\ufeffé\r "), max_size=120)


@given(TEXT)
@QUICK
def test_any_text_is_read_or_refused(tmp_path_factory, text):
    place = tmp_path_factory.mktemp("any") / "t.tsv"
    place.write_text(text, encoding="utf-8", newline="")
    for use in (io.read_table, io.read_sets, read_genome, read_taxonomy, read_study):
        with contextlib.suppress(CommensalError):
            use(place)
    with contextlib.suppress(CommensalError):
        check_tree(text, "t.nwk")


@pytest.mark.parametrize(
    "files",
    ['{"../x": {"sha256": "0"}}', '{"/etc/passwd": {"sha256": "0"}}', '{"a": {}}', '{"a": 1}', '[["a", 1]]', "1"],
)
def test_wild_manifests(tmp_path, files):
    (tmp_path / "manifest.json").write_text(f'{{"format": 1, "id": "0", "files": {files}}}')
    with pytest.raises(FormatError, match="manifest is damaged"):
        check_reference(tmp_path)


def test_a_table_that_takes_too_long_is_refused_by_name_and_the_limit(tmp_path, monkeypatch):
    path = tmp_path / "taxa.tsv"
    path.write_text("sample\ta\nS1\t1\nS2\t2\n")
    assay = Assay("taxa", "taxa", file="taxa.tsv", value="counts")

    def slow(*_given):
        while True:
            try:
                time.sleep(30)
            except Exception:
                return

    monkeypatch.setenv("COMMENSAL_LIMIT_SECONDS", "1")
    monkeypatch.setitem(FORMATS, "wide", replace(FORMATS["wide"], read_assay=slow, read_table=slow))
    for read in (lambda: read_assay(assay, tmp_path, ["S1", "S2"]), lambda: read_table(path)):
        with pytest.raises(FormatError, match=r"(?s)taxa\.tsv.*takes longer.*after 1 s.*COMMENSAL_LIMIT_SECONDS"):
            read()
    assert signal.getsignal(signal.SIGALRM) is signal.SIG_DFL
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)
    monkeypatch.undo()
    assert read_assay(assay, tmp_path, ["S1", "S2"]).values.shape == (2, 1)


def test_a_limit_that_is_reached_as_a_block_ends_leaves_no_timer_behind(monkeypatch):
    monkeypatch.setattr("commensal.limits.limit", lambda _name: 0.0002)
    for i in range(4000):
        try:
            with in_time("a.tsv", 0):
                for _ in range(i % 40):
                    str(i)
        except FormatError:
            pass
        assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)
        assert signal.getsignal(signal.SIGALRM) is signal.SIG_DFL


def test_a_limit_beyond_any_timer_is_a_limit(monkeypatch):
    monkeypatch.setenv("COMMENSAL_LIMIT_SECONDS", "999999999999999999")
    with in_time("a.tsv", 1):
        assert signal.getitimer(signal.ITIMER_REAL)[0] > 1e7
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)


def test_a_timer_of_somebody_else_is_left_alone():
    before = signal.signal(signal.SIGALRM, signal.SIG_IGN)
    try:
        with in_time("a.tsv", 10):
            assert signal.getsignal(signal.SIGALRM) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGALRM, before)
    found = []
    thread = threading.Thread(target=lambda: found.append(in_time("a.tsv", 1).__enter__()))
    thread.start()
    thread.join()
    assert found == [None]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("t.tsv", '\n""\ta\tb\n\t1\t2\n', "the first line names no column"),
        ("t.csv", '\nsample,glucose,lact"x"\n', "the first line names no column"),
        ("t.tsv", "\n" * 7 + "sample\tglucose\nS1\t1\n", "one column only"),
        ("t.txt", '\t\tClass\tCtrl\n\n"\t\tFile type\tSample\n" \nAlignment ID\tm\tS1\n', "MS-DIAL|cells|column"),
        ("t.txt", "\t\tClass\nAlignment ID\tm\tn\tS1\n1\t2\t3\t4\n", "the lines about the samples are missing"),
        ("t.tsv", "# Gene Family\tS1\nK00001: x\t5\tx\n", "a row has more cells than the header"),
    ],
)
def test_what_fuzzing_by_coverage_found(tmp_path, name, content, said):
    (tmp_path / name).write_text(content)
    form = "msdial" if name == "t.txt" else None
    assay = Assay("a", "metabolites", file=name, value="intensity", format=form)
    with pytest.raises(FormatError, match=said) as caught:
        io.read_assay(assay, tmp_path, ["S1", "S2"])
    assert name in str(caught.value)


@pytest.mark.parametrize("count", ["3\x1c", "\u00b2"])
def test_counts_that_look_like_digits(tmp_path, count):
    (tmp_path / "S1.tab").write_text(f"N_unmapped\t3\t3\t3\nNampt\t9\t1\t{count}\n", encoding="utf-8")
    declared = {"kind": "transcripts", "value": "counts", "files": "{sample}.tab", "strandedness": "reverse"}
    if count.strip().isdecimal():
        assert io.read_assay(Assay("a", **declared), tmp_path, ["S1"]).values.tolist() == [[3.0]]
        return
    with pytest.raises(TableError, match=r"S1\.tab, line 2: a cell is no whole number"):
        io.read_assay(Assay("a", **declared), tmp_path, ["S1"])
