"""KofamScan's three tables, written as its README describes them, as annotations beside a table of genes."""

from __future__ import annotations

from pathlib import Path

import pytest

from commensal import io
from commensal.errors import CommensalError, FormatError
from commensal.io import kofam
from commensal.study.declared import Assay, Features

DETAIL = """# gene name           KO     thrshld  score   E-value KO definition
#-------------------- ------ ------- ------ --------- ---------------------
* G1                  K00001   120.43  350.2   1.2e-105 alcohol dehydrogenase [EC:1.1.1.1]
  G1                  K00002   300.00   80.1   2.0e-20 alcohol dehydrogenase (NADP+) [EC:1.1.1.2]
* G1                  K00121    99.10  120.0   3.1e-30 S-(hydroxymethyl)glutathione dehydrogenase * note
  G2                  K03119   410.87   12.3   0.0021 taurine dioxygenase [EC:1.14.11.17]
"""
TSV = (
    '#\tgene name\tKO\tthrshld\tscore\tE-value\t"KO definition"\n'
    "#\t---------\t------\t-------\t------\t---------\t---\n"
    '*\tG1\tK00001\t120.43\t350.2\t1.2e-105\t"alcohol dehydrogenase [EC:1.1.1.1]"\n'
    '\tG1\tK00002\t300.00\t80.1\t2.0e-20\t"alcohol dehydrogenase (NADP+) [EC:1.1.1.2]"\n'
    '*\tG1\tK00121\t99.10\t120.0\t3.1e-30\t"S-(hydroxymethyl)glutathione dehydrogenase * note"\n'
    '\tG2\tK03119\t410.87\t12.3\t0.0021\t"taurine dioxygenase [EC:1.14.11.17]"\n'
)
MAPPER = "G1\tK00001\nG1\tK00121\nG2\n"


def write(folder: Path, text: str) -> Path:
    (folder / "kofam.txt").write_text(text)
    return folder / "kofam.txt"


@pytest.mark.parametrize("text", [DETAIL, TSV, MAPPER])
def test_hits_above_the_threshold_are_one_row_a_gene(tmp_path, text):
    place = write(tmp_path, text)
    assert io.sniff(place) == "kofam"
    frame = io.read_table(place)
    assert frame[["gene", "KO"]].to_numpy().tolist() == [["G1", "K00001,K00121"], ["G2", ""]]
    if text != MAPPER:
        assert frame["score"].tolist() == ["350.2,120.0", ""]
        assert frame["definition"][0].startswith("alcohol dehydrogenase [EC:1.1.1.1]; S-(hydroxymethyl)")
        assert frame["definition"][0].endswith("* note")


@pytest.mark.parametrize("text", [DETAIL, TSV, MAPPER])
def test_they_describe_the_features_of_a_table(tmp_path, text):
    write(tmp_path, text)
    (tmp_path / "genes.tsv").write_text("sample\tG2\tG1\tG3\nS1\t1\t2\t3\nS2\t4\t5\t6\n")
    assay = Assay("g", "genes", file="genes.tsv", value="counts", features=Features(file="kofam.txt", id="gene"))
    table = io.read_assay(assay, tmp_path, ["S1", "S2"])
    known = table.features["KO"]
    assert known["G1"] == "K00001,K00121"
    assert known.isna().tolist() == [True, False, True]


@pytest.mark.parametrize(
    ("text", "line"),
    [(DETAIL.replace("K00121    99.10  120.0   3.1e-30", "K00121"), 5), (TSV.replace("\tK03119", "\t"), 6),
     (MAPPER + "G3\tnone\n", 4), (MAPPER + "G3\tK00001\tx\n", 4)],
)  # fmt: skip
def test_a_row_that_was_cut_is_named(tmp_path, text, line):
    with pytest.raises(FormatError, match=f"line {line}"):
        kofam.read_table(write(tmp_path, text))


@pytest.mark.parametrize("text", ["gene\tK00001\nS1\t5\nS2\t7\n", "G1\tx\nG2\ty\n", "# gene name\tx\n", "", "K00001\n"])
def test_other_files_are_not_taken_for_it(tmp_path, text):
    assert not kofam.sniff(write(tmp_path, text))


def test_a_hostile_file_is_one_of_our_errors(tmp_path):
    for text in ("\t\t\t\n", "* \n", DETAIL[:200], TSV[: len(TSV) // 2], "\x00\x01", DETAIL.replace("K0", "Z0")):
        place = write(tmp_path, text)
        try:
            kofam.read_table(place)
        except CommensalError:
            continue
