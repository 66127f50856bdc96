"""Raw counts of transcripts as the tools write them, and as they come when something went wrong."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from commensal import io
from commensal.errors import FormatError, StudyFileError, TableError
from commensal.study.declared import Assay, Features

FEATURECOUNTS = (
    '# Program:featureCounts v2.0.3; Command:"featureCounts" "-a" "genes.gtf" "-o" "counts.txt" "S1.bam"\n'
    "Geneid\tChr\tStart\tEnd\tStrand\tLength\t{one}\t{two}\n"
    "ENSMUSG01\t12;12\t100;300\t150;420\t+;+\t172\t10\t0\n"
    "ENSMUSG02\tX\t5\t90\t-\t86\t3\t7\n"
)
STAR = "N_unmapped\t{0}\t{0}\t{0}\nN_multimapping\t5\t5\t5\nN_noFeature\t2\t90\t3\nN_ambiguous\t1\t0\t1\n"
SALMON = "Name\tLength\tEffectiveLength\tTPM\tNumReads\n"
KALLISTO = "target_id\tlength\teff_length\test_counts\ttpm\n"


def rna(**declared: object) -> Assay:
    return Assay("rna", "transcripts", value="counts", **declared)  # type: ignore[arg-type]


def featurecounts(one: str, two: str) -> str:
    return FEATURECOUNTS.format(one=one, two=two)


def per_sample(folder: Path, files: dict[str, str | bytes], pattern: str) -> None:
    for sample, contents in files.items():
        path = folder / pattern.replace("{sample}", sample)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(contents if isinstance(contents, bytes) else contents.encode())


# ---- featureCounts


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("S1", "S2"),
        ("/scratch/run 1/bam/S1.bam", "/scratch/run 1/bam/S2.bam"),
        ("S1Aligned.sortedByCoord.out.bam", "S2Aligned.sortedByCoord.out.bam"),
        ("S1.sorted.dedup.bam", "S2.sorted.dedup.BAM"),
        ("star/S1/Aligned.sortedByCoord.out.bam", "star/S2/Aligned.sortedByCoord.out.bam"),
        ("C:\\runs\\S1.bam", "C:\\runs\\S2.bam"),
    ],
)
def test_featurecounts_paths_become_sample_ids(read, one, two):
    table = read(featurecounts(one, two), kind="transcripts", value="counts")
    assert table.samples == ("S1", "S2")
    assert table.values.tolist() == [[10, 3], [0, 7]]
    assert list(table.features.index) == ["ENSMUSG01", "ENSMUSG02"]
    assert table.features["Length"].tolist() == ["172", "86"]
    told = [item.reason for item in table.dropped if "sample id that they hold" in item.reason]
    assert bool(told) == (one != "S1")  # said, never silent


def test_featurecounts_is_told_by_its_contents(tmp_path):
    (tmp_path / "x").write_text(featurecounts("a.bam", "b.bam"))
    assert io.sniff(tmp_path / "x") == "featurecounts"


def test_a_path_is_never_matched_by_likeness(read):
    with pytest.raises(TableError, match="no id of the samples table"):
        read(featurecounts("S01.bam", "S1_L001.bam"), kind="transcripts", value="counts")
    table = read(featurecounts("S1.bam", "S10.bam"), kind="transcripts", value="counts")
    assert table.samples == ("S1", "S10.bam")


def test_a_path_with_two_ids_is_refused(read):
    with pytest.raises(TableError, match="ids of two samples"):
        read(featurecounts("S2/S1.bam", "S2.bam"), kind="transcripts", value="counts")


def test_two_paths_of_one_sample_are_refused(read):
    with pytest.raises(TableError, match="two alignments"):
        read(featurecounts("lane1/S1.bam", "lane2/S1.bam"), kind="transcripts", value="counts")


def test_extra_attributes_are_annotations(read):
    text = featurecounts("S1.bam", "S2.bam").replace("Length\t", "Length\tgene_name\t")
    text = text.replace("172\t", "172\tNampt\t").replace("86\t", "86\tCd38\t")
    features = Features(columns=("gene_name",), label="gene_name")
    table = read(text, kind="transcripts", value="counts", features=features)
    assert table.features["label"].tolist() == ["Nampt", "Cd38"]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("\t10\t0\n", "\t10.5\t0\n", "not whole"),
        ("\t10\t0\n", "\t-10\t0\n", "negative"),
        ("\t10\t0\n", "\tten\t0\n", "neither a number nor missing"),
        ("\t10\t0\n", "\t10\n", "another number of cells"),
        ("ENSMUSG02", "ENSMUSG01", "more than once"),
    ],
)
def test_broken_featurecounts(read, old, new, words):
    with pytest.raises(TableError, match=words):
        read(featurecounts("S1.bam", "S2.bam").replace(old, new), kind="transcripts", value="counts")


def test_a_cut_gzip_is_refused(read):
    whole = gzip.compress(featurecounts("S1.bam", "S2.bam").encode() * 40)
    with pytest.raises(FormatError, match="damaged or cut short"):
        read(whole[:-20], name="counts.txt.gz", kind="transcripts", value="counts")


def test_a_windows_encoding_is_read_and_said(read):
    text = featurecounts("S1.bam", "S2.bam").replace("genes.gtf", "gènes.gtf")
    assert read(text.encode("cp1252"), kind="transcripts", value="counts").samples == ("S1", "S2")
    assert read(text.encode("utf-16"), kind="transcripts", value="counts").samples == ("S1", "S2")


def test_a_transposed_table_of_counts_is_turned(read):
    table = read("sample\tg1\tg2\nS1\t4\t5\nS2\t6\t7\n", kind="transcripts", value="counts")
    assert table.values.tolist() == [[4, 5], [6, 7]]


# ---- STAR


def star(folder: Path, **declared: object):
    given = {"files": "star/{sample}/ReadsPerGene.out.tab", "strandedness": "reverse"} | declared
    return io.read_assay(rna(**given), folder, ["S1", "S2", "S3"])


def star_files(folder: Path) -> None:
    per_sample(
        folder,
        {
            "S1": STAR.format(7) + "g1\t9\t1\t8\ng2\t4\t0\t4\n",
            "S2": STAR.format(8) + "g1\t5\t0\t5\ng2\t2\t1\t1\n",
            "other": STAR.format(1) + "g1\t5\t0\t5\ng2\t2\t1\t1\n",
        },
        "star/{sample}/ReadsPerGene.out.tab",
    )


@pytest.mark.parametrize(
    ("kind", "values"),
    [("reverse", [[8, 4], [5, 1]]), ("forward", [[1, 0], [0, 1]]), ("unstranded", [[9, 4], [5, 2]])],
)
def test_star_column_by_strandedness(tmp_path, kind, values):
    star_files(tmp_path)
    table = star(tmp_path, strandedness=kind)
    assert table.samples == ("S1", "S2")
    assert table.values.tolist() == values
    assert table.quality.loc["S2", "N_unmapped"] == 8
    assert list(table.quality.columns) == ["N_unmapped", "N_multimapping", "N_noFeature", "N_ambiguous"]
    assert any(item.name == "star/other/ReadsPerGene.out.tab" for item in table.dropped)


def test_star_strandedness_is_asked_for_with_the_counts_that_tell_it(tmp_path):
    star_files(tmp_path)
    with pytest.raises(StudyFileError, match="three kinds of library") as caught:
        star(tmp_path, strandedness=None)
    assert "unstranded 13, forward 1, reverse 12" in str(caught.value)
    assert "look reverse" in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("g1\t5\t0\t5", "g1\t5.5\t0\t5", "no whole number"),
        ("g1\t5\t0\t5", "g1\t-5\t0\t5", "no whole number"),
        ("g1\t5\t0\t5", "g1\t5\t0", "another number of cells"),
        ("g2\t2\t1\t1\n", "", "not those of the other samples"),
    ],
)
def test_broken_star(tmp_path, old, new, words):
    star_files(tmp_path)
    path = tmp_path / "star/S2/ReadsPerGene.out.tab"
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(TableError, match=words):
        star(tmp_path)


def test_no_file_fits_the_pattern(tmp_path):
    star_files(tmp_path)
    with pytest.raises(TableError, match="no sample has a file") as caught:
        star(tmp_path, files="STAR/{sample}.tab")
    assert "STAR/S1.tab" in str(caught.value)


def test_files_that_are_tables_of_all_samples_are_refused(tmp_path):
    per_sample(tmp_path, {"S1": "gene\tS1\tS2\ng1\t4\t5\n"}, "{sample}.tsv")
    with pytest.raises(FormatError, match="no counts of one sample"):
        io.read_assay(rna(files="{sample}.tsv"), tmp_path, ["S1", "S2"])


# ---- salmon and kallisto


def salmon_files(folder: Path) -> None:
    # gene A has transcripts of 1,000 and 2,000 bases, gene B one of 500
    one = "a1\t1200\t1000\t100\t10.2\na2\t2200\t2000\t100\t20.2\nb1\t700\t500\t400\t20.4\n"
    two = "a1\t1200\t1000\t0\t0\na2\t2200\t2000\t200\t41\nb1\t700\t500\t400\t20\n"
    per_sample(folder, {"S1": SALMON + one, "S2": SALMON + two}, "quant/{sample}/quant.sf")
    (folder / "tx2gene.tsv").write_text("a1\tA\tNampt\na2\tA\tNampt\nb1\tB\tCd38\n")


def test_salmon_transcripts_are_rounded_and_said(tmp_path):
    salmon_files(tmp_path)
    table = io.read_assay(rna(files="quant/{sample}/quant.sf"), tmp_path, ["S1", "S2"])
    assert table.values.tolist() == [[10, 20, 20], [0, 41, 20]]
    assert any("rounded" in item.reason for item in table.dropped)


def test_salmon_genes_are_length_scaled_by_hand(tmp_path):
    salmon_files(tmp_path)
    assay = rna(files="quant/{sample}/quant.sf", tx2gene="tx2gene.tsv")
    table = io.read_assay(assay, tmp_path, ["S1", "S2"])
    # A: mean lengths (100·1000 + 100·2000)/200 = 1500 and 2000, on average 1750; TPM 200 in both. B: 500, TPM 400.
    # So both samples are 350,000 : 200,000, scaled to 50.8 and 61: the switch of transcripts is no change of A.
    expected = np.rint([[50.8 * 35 / 55, 50.8 * 20 / 55], [61 * 35 / 55, 61 * 20 / 55]])
    assert table.values.tolist() == expected.tolist()
    assert list(table.features.index) == ["A", "B"]
    assert table.features["gene_name"].tolist() == ["Nampt", "Cd38"]


def test_kallisto_is_told_by_its_contents_and_read(tmp_path):
    per_sample(
        tmp_path, {"S1": KALLISTO + "t1\t900\t700\t7.6\t10\n", "S2": KALLISTO + "t1\t900\t700\t3\t5\n"},
        "k/{sample}/abundance.tsv",
    )  # fmt: skip
    table = io.read_assay(rna(files="k/{sample}/abundance.tsv"), tmp_path, ["S1", "S2"])
    assert table.values.tolist() == [[8], [3]]


def test_a_tx2gene_of_other_versions_is_refused_with_the_way_out(tmp_path):
    salmon_files(tmp_path)
    (tmp_path / "tx2gene.tsv").write_text("TXNAME\tGENEID\na1.4\tA\na2.1\tA\n")
    with pytest.raises(TableError, match="knows none") as caught:
        io.read_assay(rna(files="quant/{sample}/quant.sf", tx2gene="tx2gene.tsv"), tmp_path, ["S1", "S2"])
    assert "version" in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [("\t20.2", "\t-20.2", "no number of 0 or more"), ("\t20.2", "\tmany", "no number"), ("a2\t", "a3\t", "not those")],
)
def test_broken_salmon(tmp_path, old, new, words):
    salmon_files(tmp_path)
    path = tmp_path / "quant/S2/quant.sf"
    path.write_text((tmp_path / "quant/S1/quant.sf").read_text().replace(old, new))
    with pytest.raises(TableError, match=words):
        io.read_assay(rna(files="quant/{sample}/quant.sf"), tmp_path, ["S1", "S2"])


def test_merged_counts_of_tximport_are_rounded_and_said(read):
    text = "gene_id\tgene_name\tS1\tS2\nENSG1\tNAMPT\t7.4\t9\nENSG2\tCD38\t0\t2.6\n"
    table = read(text, kind="transcripts", value="counts", features=Features(columns=("gene_name",), label="gene_name"))
    assert table.values.tolist() == [[7, 0], [9, 3]]
    assert table.features["label"].tolist() == ["NAMPT", "CD38"]
    assert any("2 estimated counts" in item.name for item in table.dropped)


def test_tpm_is_no_count(read):
    text = "gene_id\tgene_name\tS1\tS2\nENSG1\tNAMPT\t400000.5\t1000000\nENSG2\tCD38\t599999.5\t0\n"
    with pytest.raises(TableError, match="transcripts per million"):
        read(text, kind="transcripts", value="counts")


def test_negative_merged_counts_are_refused(read):
    with pytest.raises(TableError, match="negative"):
        read("gene_id\tgene_name\tS1\tS2\nENSG1\tNAMPT\t-7.4\t9\n", kind="transcripts", value="counts")


# ---- GMT


def test_gmt(tmp_path):
    place = tmp_path / "sets.gmt"
    place.write_bytes("NAD\thttp://x\tNampt\tNmnat1\tNampt\t\r\nDÉF\tna\tC3\r\n\r\n".encode("cp1252"))
    one, other = io.read_sets(place)
    assert (one.name, one.members) == ("NAD", ("Nampt", "Nmnat1"))
    assert (other.name, other.label) == ("DÉF", "")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("NAD Nampt Nmnat1\n", "cut by tabs"),
        ("NAD\tna\n", "no members"),
        ("\tna\tNampt\n", "no name"),
        ("A\tna\tNampt\nA\tna\tCd38\n", "stands twice"),
        ("# only a comment\n", "no gene set"),
    ],
)
def test_broken_gmt(tmp_path, text, words):
    (tmp_path / "sets.gmt").write_text(text)
    with pytest.raises(TableError, match=words):
        io.read_sets(tmp_path / "sets.gmt")
