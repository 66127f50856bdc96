"""What profilers of reads write: one file per sample and one table of all, and both give the same."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from commensal import io
from commensal.errors import CommensalError
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
    + [f"{name}\t2\t50\t100" for name in above(A)]
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
