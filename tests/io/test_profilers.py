"""What profilers of reads write: one file per sample and one table of all, and both give the same."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from commensal import io
from commensal.errors import CommensalError
from commensal.io import clades
from commensal.study.declared import Assay

IDS = ("S1", "S2")
A = "k__Bacteria|p__Firmicutes|c__C|o__O|f__F|g__Blautia|s__Blautia_wexlerae"
B = "k__Bacteria|p__Firmicutes|c__C|o__O|f__F|g__Dorea|s__Dorea_longicatena"


def per_sample(folder: Path, texts: dict[str, str], **declared: object):
    for sample, text in texts.items():
        (folder / f"{sample}.txt").write_text(text)
    assay = Assay("a", declared.pop("kind", "taxa"), files="{sample}.txt", **declared)  # type: ignore[arg-type]
    return io.read_assay(assay, folder, IDS)


def above(clade: str) -> list[str]:
    parts = clade.split("|")
    return ["|".join(parts[: i + 1]) for i in range(len(parts) - 1)]


def metaphlan4(amounts: dict[str, tuple[float, int]], unknown: float) -> str:
    rows = ["#mpa_vJun23_CHOCOPhlAnSGB_202403", "#/usr/bin/metaphlan S.fastq -t rel_ab_w_read_stats",
            "#1000 reads processed", "#SampleID\tMetaphlan_Analysis",
            "#clade_name\tclade_taxid\trelative_abundance\tcoverage\testimated_number_of_reads_from_the_clade",
            f"UNCLASSIFIED\t-1\t{unknown}\t-\t{round(unknown)}"]  # fmt: skip
    for clade, (share, reads) in amounts.items():
        rows += [f"{name}\t2\t{share}\t0.1\t{reads}" for name in [*above(clade), clade]]
    return "\n".join(dict.fromkeys(rows)) + "\n"


SGB_A, SGB_B = A + "|t__SGB4837", B + "|t__SGB4581_group"


def test_metaphlan_4_files_give_sgbs_and_the_unknown_share(tmp_path):
    texts = {"S1": metaphlan4({SGB_A: (80.0, 800)}, 20.0), "S2": metaphlan4({SGB_A: (30.0, 3), SGB_B: (70.0, 7)}, 0.0)}
    texts["S2"] = metaphlan4({SGB_B: (70.0, 7)}, 30.0)
    table = per_sample(tmp_path, texts, value="relative")
    assert list(table.features.index) == [SGB_A, SGB_B]
    assert table.values.tolist() == [[1, 0], [0, 1]]
    assert table.quality["UNCLASSIFIED"].tolist() == [20, 30]
    assert table.features["label"].tolist()[0].startswith("Blautia wexlerae")
    assert any("only rank strain" in d.reason for d in table.dropped)
    counts = per_sample(tmp_path, texts, value="counts")
    assert counts.values.tolist() == [[800, 0], [0, 7]]
    species = per_sample(tmp_path, texts, value="counts", sheet="species")
    assert list(species.features.index) == [A, B]


MERGED = "\n".join(
    ["#mpa_v30_CHOCOPhlAn_201901", "clade_name\tNCBI_tax_id\tS1_profile\tS2_profile", "UNKNOWN\t-1\t50\t0"]
    + [f"{name}\t2\t50\t{25 if 'g__' in name else 100}" for name in above(A)]
    + [f"{A}\t2|1239\t50\t25", "\t".join([above(B)[-1], "2", "0", "75"]), f"{B}\t2|1239\t0\t75"]
) + "\n"  # fmt: skip


def test_metaphlan_3_merged(read):
    table = read(MERGED, value="relative")
    assert table.samples == IDS
    assert table.values.tolist() == [[1, 0], [0.25, 0.75]]
    assert table.quality.loc["S1", "UNKNOWN"] == 50
    genus = read(MERGED, value="relative", sheet="genus")
    assert [name.rpartition("|")[2] for name in genus.features.index] == ["g__Blautia", "g__Dorea"]


@pytest.mark.parametrize(
    ("old", "new", "word"),
    [
        ("\t50\t25", "\t50\tmany", "no number"),
        ("\t50\t25", "\t50", "fewer cells"),
        ("k__Bacteria\t", "glucose\t", "no clade"),
    ],
)
def test_broken_metaphlan(read, old, new, word):
    with pytest.raises(CommensalError, match=word):
        read(MERGED.replace(old, new), value="relative")


def test_a_rank_that_is_none(read):
    with pytest.raises(CommensalError, match="no such rank"):
        read(MERGED, value="relative", sheet="tribe")


SYLPHMPA = "#SampleID\t{0}.fastq\tTaxonomies_used:['GTDB_r220']\n" + (
    "clade_name\trelative_abundance\tsequence_abundance\tANI (if strain-level)\tCoverage (if strain-level)\n"
    "d__Bacteria\t100\t100\tNA\tNA\nd__Bacteria|p__P\t100\t100\tNA\tNA\n"
    "d__Bacteria|p__P|s__Blautia_A wexlerae\t100\t100\tNA\tNA\n"
    "d__Bacteria|p__P|s__Blautia_A wexlerae|t__GCF_1\t100\t100\t98\t2\n"
)


def test_sylph_tax(tmp_path):
    table = per_sample(tmp_path, {"S1": SYLPHMPA.format("S1"), "S2": SYLPHMPA.format("S2")}, value="relative")
    assert io.sniff(tmp_path / "S1.txt") == "sylphtax"
    assert table.features["strain"].tolist() == ["GCF_1"]
    assert np.allclose(table.values, 1)


# ---- HUMAnN

HUMANN = (
    "# Gene Family\tS1_Abundance-RPKs\tS2_Abundance-RPKs\nUNMAPPED\t100\t50\n"
    "UniRef90_A: some enzyme\t6\t2.5\nUniRef90_A: some enzyme|g__Blautia.s__Blautia_wexlerae\t4\t2.5\n"
    "UniRef90_A: some enzyme|unclassified\t2\t0\nUniRef90_B\t0\t7.5\n"
)


def test_humann_joined(read):
    table = read(HUMANN, kind="genes", value="absolute")
    assert io.FORMATS["humann"].name == "humann"
    assert table.samples == IDS
    assert table.features["label"].tolist() == ["some enzyme", "UniRef90_B"]
    assert table.values.tolist() == [[6, 0], [2.5, 7.5]]
    assert table.quality["UNMAPPED"].tolist() == [100, 50]
    assert {"stratified rows", "unit"} <= {d.name for d in table.dropped}
    parts = read(HUMANN, kind="genes", value="absolute", sheet="stratified")
    assert parts.values.tolist() == [[4, 2], [2.5, 0]]


def test_humann_files(tmp_path):
    one = "# Pathway\t{}_Abundance\nUNMAPPED\t0.5\nUNINTEGRATED\t0.25\nUNINTEGRATED|g__A.s__B\t0.25\nPWY-1: way\t0.25\n"
    table = per_sample(tmp_path, {s: one.format(s) for s in IDS}, kind="pathways", value="relative")
    assert table.values.tolist() == [[1], [1]]
    assert table.quality.loc["S1"].to_dict() == {"UNMAPPED": 0.5, "UNINTEGRATED": 0.25}


#: Headers, order and names of rows as HUMAnN 4 writes them (quantify/families.py, modules.py); numbers invented.
HUMANN4 = {
    "genes": "# Gene Family HUMAnN v4.0.0.alpha.1 Adjusted CPMs\t{}\nREADS_UNMAPPED\t12000\nUniRef90_A\t800.5\n"
    "UniRef90_A|s__Blautia_wexlerae.t__SGB4837\t800.5\nUniRef90_B\t99.5\nUniRef90_B|unclassified\t99.5\n",
    "reactions": "# Reaction HUMAnN v4.0.0.alpha.1\t{}\nUNMAPPED\t120.25\nUNGROUPED\t30\n"
    "UNGROUPED|s__Blautia_wexlerae.t__SGB4837\t30\n1.1.1.1-RXN\t7\n1.1.1.1-RXN|unclassified\t7\n",
    "pathways": "# Pathway HUMAnN v4.0.0.alpha.1\t{}\nUNMAPPED\t120.25\nUNINTEGRATED\t30\n"
    "UNINTEGRATED|unclassified\t30\nPWY-1042: glycolysis IV\t5\nPWY-1042: glycolysis IV|unclassified\t5\n",
}


@pytest.mark.parametrize(
    ("what", "features", "quality"),
    [("genes", {"UniRef90_A": 800.5, "UniRef90_B": 99.5}, {"READS_UNMAPPED": 12000.0}),
     ("reactions", {"1.1.1.1-RXN": 7.0}, {"UNMAPPED": 120.25, "UNGROUPED": 30.0}),
     ("pathways", {"PWY-1042": 5.0}, {"UNMAPPED": 120.25, "UNINTEGRATED": 30.0})],
)  # fmt: skip
def test_humann_4_files(tmp_path, what, features, quality):
    kind = "pathways" if what == "pathways" else "genes"
    table = per_sample(tmp_path, {s: HUMANN4[what].format(s) for s in IDS}, kind=kind, value="absolute")
    assert dict(zip(table.features.index, table.values[0].tolist(), strict=True)) == features
    assert table.quality.loc["S1"].to_dict() == quality
    told = " ".join(d.reason for d in table.dropped)
    assert ("Adjusted CPMs" in told) is (what == "genes")


def test_humann_4_joined(read):
    lines = HUMANN4["genes"].format("S1\tS2").rstrip("\n").split("\n")
    joined = "\n".join([lines[0], *(f"{line}\t{line.split(chr(9))[1]}" for line in lines[1:])]) + "\n"
    table = read(joined, kind="genes", value="absolute")
    assert table.samples == IDS
    assert table.features.index.tolist() == ["UniRef90_A", "UniRef90_B"]
    assert table.quality["READS_UNMAPPED"].tolist() == [12000, 12000]


# ---- Kraken 2 and Bracken

KRAKEN = (
    " 10.00\t100\t100\tU\t0\tunclassified\n 90.00\t900\t10\tR\t1\troot\n"
    " 89.00\t890\t0\tR1\t131567\t  cellular organisms\n"
    " 89.00\t890\t20\tD\t2\t    Bacteria\n 87.00\t870\t70\tG\t572511\t      Blautia\n"
    " 80.00\t{0}\t{0}\tS\t418240\t        Blautia wexlerae\n"
)


def test_kraken_reports(tmp_path):
    table = per_sample(tmp_path, {"S1": KRAKEN.format(800), "S2": KRAKEN.format(700)}, value="counts")
    assert io.sniff(tmp_path / "S1.txt") == "kraken"
    assert table.values.tolist() == [[800], [700]]
    assert table.quality.loc["S2"].to_dict() == {"unclassified": 100, "not assigned to species": 200}
    assert table.features["genus"].tolist() == ["Blautia"]
    genus = per_sample(tmp_path, {"S1": KRAKEN.format(800), "S2": KRAKEN.format(700)}, value="counts", sheet="genus")
    assert genus.values.tolist() == [[870], [870]]


BRACKEN = (
    "name\ttaxonomy_id\ttaxonomy_lvl\tkraken_assigned_reads\tadded_reads\tnew_est_reads\tfraction_total_reads\n"
    "Blautia wexlerae\t418240\tS\t800\t70\t870\t1.00000\n"
)
COMBINED = (
    "name\ttaxonomy_id\ttaxonomy_lvl\tS1.bracken_num\tS1.bracken_frac\tS2.bracken_num\tS2.bracken_frac\n"
    "Blautia wexlerae\t418240\tS\t870\t1.0\t870\t1.0\n"
)


def test_bracken_alike(read, tmp_path):
    one = per_sample(tmp_path, {"S1": BRACKEN, "S2": BRACKEN}, value="counts")
    merged = read(COMBINED, value="counts")
    assert merged.samples == one.samples == IDS
    assert one.values.tolist() == merged.values.tolist() == [[870], [870]]
    assert read(COMBINED, value="relative").values.tolist() == [[1], [1]]


# ---- sylph and mOTUs

SYLPH = (
    "Sample_file\tGenome_file\tTaxonomic_abundance\tSequence_abundance\tAdjusted_ANI\tEff_cov\tContig_name\n"
    "reads/S1_R1.fastq.gz\tdb/GCF_1_genomic.fna.gz\t75\t60\t98.1\t3.2\tNZ_1 Blautia\n"
    "reads/S1_R1.fastq.gz\tdb/GCF_2_genomic.fna.gz\t25\t40\t97.1\t1.2\tNZ_2 Dorea\n"
    "reads/S2_R1.fastq.gz\tdb/GCF_2_genomic.fna.gz\t100\t100\t97.1\t1.2\tNZ_2 Dorea\n"
)


def test_sylph(read):
    table = read(SYLPH, value="relative")
    assert table.values.tolist() == [[0.75, 0.25], [0, 1]]
    assert list(table.features.index) == ["GCF_1_genomic", "GCF_2_genomic"]
    assert read(SYLPH, value="relative", sheet="Sequence_abundance").values.tolist() == [[0.6, 0.4], [0, 1]]


MOTUS = "# git tag version 3.0.3\n# call: motus merge\n#mOTU\tconsensus_taxonomy\tS1\tS2\n" + (
    "ref_mOTU_v3_1\tBlautia wexlerae\t3\t0\nmeta_mOTU_v3_2\tDorea sp.\t0\t4\nunassigned\tunassigned\t2\t1\n"
)


def test_motus_alike(read, tmp_path):
    merged = read(MOTUS, value="counts")
    single = "#consensus_taxonomy\tunnamed sample\nref_mOTU_v3_1\t{}\nmeta_mOTU_v3_2\t{}\nunassigned\t{}\n"
    one = per_sample(tmp_path, {"S1": single.format(3, 0, 2), "S2": single.format(0, 4, 1)}, value="counts")
    assert merged.values.tolist() == one.values.tolist() == [[3, 0], [0, 4]]
    assert merged.quality["unassigned"].tolist() == one.quality["unassigned"].tolist() == [2, 1]


@pytest.mark.parametrize("text", [HUMANN, COMBINED, SYLPH, MOTUS])
def test_broken_ones_give_one_clear_error(read, text):
    lines = text.rstrip("\n").split("\n")
    with pytest.raises(CommensalError):
        read("\n".join([*lines[:-1], lines[-1].rpartition("\t")[0]]) + "\n", value="absolute")  # cut short
    with pytest.raises(CommensalError):
        read(text.replace("\t100", "\t-1").replace("\t2.5", "\tx").replace("\t870", "\t?").replace("\t4\n", "\tNA\n"),
             value="absolute")  # fmt: skip


# ---- tables that are plain ones


def test_dada2_picrust2_and_gtdb_lineages_are_wide_tables(read):
    one, two = "TACGTAGGTGGCAAGCGTTGTCCGGA", "TACGGAGGATGCGAGCGTTATCCGGA"
    rows = read(f"\t{one}\t{two}\nS1\t4\t0\nS2\t1\t2\n", value="counts")
    columns = read(f"\tS1\tS2\n{one}\t4\t1\n{two}\t0\t2\n", value="counts")
    assert rows.values.tolist() == columns.values.tolist() == [[4, 0], [1, 2]]
    made = read(
        "function\tdescription\tS1\tS2\nK00001\talcohol dehydrogenase\t1.5\t2\n", kind="genes", value="absolute"
    )
    assert made.values.tolist() == [[1.5], [2]]
    gtdb = read("id\tS1\tS2\nd__Bacteria;p__Bacillota_A;g__Blautia_A;s__Blautia_A wexlerae\t1\t2\n", value="counts")
    assert gtdb.features["genus"].tolist() == ["Blautia_A"]


OTHER_RANKS = "clades of other ranks"
#: As MetaPhlAn 2 merges: a row of its own below the header, a strain below each species, clades without a species.
MERGED_2 = "\n".join(
    ["ID\tS1_profile\tS2_profile", "#SampleID\tMetaphlan2_Analysis\tMetaphlan2_Analysis"]
    + [f"{name}\t100\t80" for name in above(A)]
    + [f"{A}\t70\t80", f"{A}|t__Blautia_unclassified\t70\t80", f"{above(A)[-2]}|g__Lachnospiraceae_unclassified\t30\t0"]
    + ["unclassified\t0\t20"]
) + "\n"  # fmt: skip


def test_metaphlan_2_merged(read):
    table = read(MERGED_2, value="relative")
    assert table.samples == IDS
    assert [name.rpartition("|")[2] for name in table.features.index] == [A.rpartition("|")[2]]
    assert table.values.tolist() == [[1], [1]]  # shares of what was resolved
    assert table.quality.loc["S1"].to_dict() == {"unclassified": 0, "not resolved to species": 30}
    assert table.quality.loc["S2"].to_dict() == {"unclassified": 20, "not resolved to species": 0}
    strains = read(MERGED_2, value="relative", sheet="strain")
    assert [name.rpartition("|")[2] for name in strains.features.index] == ["t__Blautia_unclassified"]
    told, named = (next(one.reason for one in t.dropped if one.name == OTHER_RANKS) for t in (table, strains))
    assert "only rank species is read, as MetaPhlAn 2's strains are" in told
    assert "only rank strain is read, as the study file says" in named


def test_a_table_of_something_else_under_id_is_not_metaphlan(tmp_path):
    names = "ID\tS1\tS2\ns__A_a\t1\t2\ng__Clostridium\t2\t2\nf__Lachnospiraceae\t1\t0\n"
    lineages = "#ID\tS1\tS2\nk__Bacteria;p__A;g__X\t1\t2\nUnassigned\t2\t2\n"
    for text in ("ID\tS1\tS2\nglucose\t1\t2\n", "ID\tS1\n", "ID\tgroup\n#SampleID\tx\n", names, lineages):
        (tmp_path / "t.tsv").write_text(text)
        assert clades.sniff(tmp_path / "t.tsv") is False


def test_a_table_of_names_with_ranks_under_id_keeps_every_row(tmp_path):
    (tmp_path / "t.tsv").write_text("ID\tS1\tS2\ns__A_a\t1\t2\ng__Clostridium\t2\t2\nf__Lachnospiraceae\t1\t0\n")
    table = io.read_assay(Assay("t", "taxa", file="t.tsv", value="counts"), tmp_path, ["S1", "S2"])
    assert len(table.features) == 3
