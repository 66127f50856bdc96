"""Real files, against values taken from them with zcat and awk, and with biom-format's own reader."""

from __future__ import annotations

from pathlib import Path

import biom
import numpy as np
import pytest

from commensal import io
from commensal.errors import TableError
from commensal.study.declared import Assay, Features

pytestmark = pytest.mark.real


def cell(table, sample, feature):
    return table.values[table.samples.index(sample), table.features.index.get_loc(feature)]


def test_jacobs_counts_and_labels(data: Path):
    ids = io.read_table(data / "jacobs2016/metadata.tsv.gz")["Sample"].tolist()
    assay = Assay("taxa", "taxa", file="genera.counts.tsv.gz", value="counts")
    table = io.read_assay(assay, data / "jacobs2016", ids)
    actinomyces = (
        "d__Bacteria;p__Actinobacteriota;c__Actinomycetia;o__Actinomycetales;f__Actinomycetaceae;g__Actinomyces"
    )
    assert table.values.shape == (90, 508)
    assert table.samples[0] == "A001"
    assert table.samples[-1] == "A090"
    # awk: sums of line A001, of line A090, of the file; the cell of A002
    assert table.values[0].sum() == 628649
    assert table.values[-1].sum() == 529776
    assert table.values.sum() == 48216127
    assert cell(table, "A002", actinomyces) == 7
    assert table.features.loc[actinomyces, ["label", "genus", "domain"]].tolist() == [
        "Actinomyces",
        "Actinomyces",
        "Bacteria",
    ]
    assert table.features["label"].is_unique
    empty = "d__Bacteria;p__Actinobacteriota;c__Actinomycetia;o__Actinomycetales;f__Micrococcaceae;g__"
    assert table.features.loc[empty, "label"] == "unnamed genus of Micrococcaceae"


def test_jacobs_relative_is_counts_over_totals(data: Path):
    ids = io.read_table(data / "jacobs2016/metadata.tsv.gz")["Sample"].tolist()
    root = data / "jacobs2016"
    shares = io.read_assay(Assay("r", "taxa", file="genera.tsv.gz", value="relative"), root, ids)
    counts = io.read_assay(Assay("c", "taxa", file="genera.counts.tsv.gz", value="counts"), root, ids)
    expected = counts.values / counts.values.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(shares.values, expected, rtol=0, atol=1e-9)  # the file has about 16 digits


def test_jacobs_molecules_with_annotations(data: Path):
    ids = io.read_table(data / "jacobs2016/metadata.tsv.gz")["Sample"].tolist()
    features = Features(file="mtb.map.tsv.gz", id="Compound", label="Compound.Name")
    assay = Assay("serum", "metabolites", file="mtb.tsv.gz", value="intensity", features=features)
    table = io.read_assay(assay, data / "jacobs2016", ids)
    assert table.values.shape == (90, 4626)
    assert table.values[0, 0] == 2.836639676
    assert table.values[0, -1] == 8.861133603  # awk: $NF
    assert cell(table, "A001", "Negative_515.2282_5.6026") == 0
    assert (table.values == 0).sum() == 293609
    row = table.features.loc["Negative_515.2282_5.6026"]
    assert (row["label"], row["m.z"]) == ("11-Oxo-androsterone [glucuronide]", "515.2282")
    assert table.features["label"].is_unique  # 7 of the 37 names occur twice: their ids stand behind them
    assert table.features.loc["Positive_100.0749_3.2586", "label"] == "Positive_100.0749_3.2586"


def test_kostic_excludes_internal_standards(data: Path):
    ids = io.read_table(data / "kostic2015/metadata.tsv.gz")["Sample"].tolist()
    features = Features(file="mtb.map.tsv.gz", id="Compound")
    assay = Assay("m", "metabolites", file="mtb.tsv.gz", value="intensity", exclude=("* (IS)",), features=features)
    table = io.read_assay(assay, data / "kostic2015", ids)
    assert table.values.shape == (103, 184 - 6)
    assert len(table.dropped) == 6
    assert all("excluded by the study file" in d.reason for d in table.dropped)
    assert cell(table, "G36448", "1-methylnicotinamide") == 2131830
    assert cell(table, "G35365", "1-methylnicotinamide") == 16095
    assert table.features.loc["1-methylnicotinamide", "KEGG"] == "C02918"
    whole = io.read_assay(Assay("m", "metabolites", file="mtb.tsv.gz", value="intensity"), data / "kostic2015", ids)
    assert np.isnan(whole.values).sum() == 1129  # awk: cells that are NA


def test_jenior_metabolon_layout(data: Path):
    ids = io.read_table(data / "jenior2018/metadata.tsv")["name"].tolist()
    features = Features(columns=("SUPER_PATHWAY", "SUB_PATHWAY", "PUBCHEM", "KEGG"), id="BIOCHEMICAL")
    assay = Assay("caecum", "metabolites", file="scaled_intensities.tsv.gz", value="intensity", features=features)
    table = io.read_assay(assay, data / "jenior2018", ids)
    assert table.values.shape == (81, 727)
    assert cell(table, "ConvC1M1", "nicotinamide") == 1.5821
    assert cell(table, "GfC6M3", "nicotinamide") == 2.7153
    assert cell(table, "CefC1M1", "xanthurenate") == 0.2698
    assert table.features.loc["nicotinamide"].tolist() == [
        "nicotinamide",
        "Cofactors_and_Vitamins",
        "Nicotinate_and_Nicotinamide_Metabolism",
        "936",
        "C00153",
    ]
    assert table.features["SUB_PATHWAY"].str.contains("Nicotinamide").sum() == 12
    assert table.dropped == ()


def test_jenior_undeclared_text_columns_become_annotations_and_are_said(data: Path):
    ids = io.read_table(data / "jenior2018/metadata.tsv")["name"].tolist()
    assay = Assay("caecum", "metabolites", file="scaled_intensities.tsv.gz", value="intensity")
    table = io.read_assay(assay, data / "jenior2018", ids)
    assert table.values.shape == (81, 727)
    assert [d.name for d in table.dropped] == [
        f"column {name!r}" for name in ("SUPER_PATHWAY", "SUB_PATHWAY", "PUBCHEM", "KEGG")
    ]
    assert table.features.loc["nicotinamide", "KEGG"] == "C00153"


def test_jenior_mothur(data: Path):
    ids = io.read_table(data / "jenior2018/metadata.tsv")["name"].tolist()
    assay = Assay(
        "taxa", "taxa", file="otus.shared.gz", value="counts", features=Features(file="otus.cons.taxonomy.gz")
    )
    table = io.read_assay(assay, data / "jenior2018", ids)
    assert table.values.shape == (71, 811)
    assert table.values.sum() == 735687
    assert cell(table, "CefC1M1", "Otu0001") == 9028
    # mothur's own Size of each OTU is the sum over the groups
    np.testing.assert_array_equal(table.values.sum(axis=0), table.features["Size"].astype(float))
    assert table.features.loc["Otu0001", "label"] == "Lactobacillus (Otu0001)"
    assert table.features.loc["Otu0001", "family"] == "Lactobacillaceae"
    assert table.features.loc["Otu0005", "label"] == "Porphyromonadaceae (Otu0005)"


def test_jenior_ids_that_almost_match_are_never_taken(data: Path):
    ids = io.read_table(data / "jenior2018/metadata.tsv")["name"].tolist()
    with pytest.raises(TableError, match=r"'cef_C1M1' looks like 'CefC1M1'.*look-alikes are never matched"):
        io.read_assay(Assay("w", "metabolites", file="wetlab_assays.tsv", value="intensity"), data / "jenior2018", ids)


def test_pd_mouse_artifacts(data: Path):
    frame = io.read_table(data / "pd_mouse2016/metadata.tsv")
    assert frame.shape == (48, 9)
    assert frame.columns[0] == "sample_name"
    assert frame.attrs["q2_types"]["days_post_transplant"] == "numeric"
    assert frame.attrs["lines"][0] == 3
    assay = Assay("taxa", "taxa", file="dada2_table.qza", value="counts", features=Features(file="taxonomy.qza"))
    table = io.read_assay(assay, data / "pd_mouse2016", frame["sample_name"].tolist())
    assert table.values.shape == (48, 287)
    assert table.values.sum() == 196029  # biom-format
    assert cell(table, "recip.220.WT.OB1.D7", "04c8be5a3a6ba2d70446812e99318905") == 64
    assert table.features["label"].iloc[:2].tolist() == [
        "Bacteroides (04c8be5a)",
        "Bacteroides uniformis (ea2b0e4a)",
    ]
    assert table.features["label"].is_unique


@pytest.mark.parametrize("name", ["cf_otus_nt.biom", "cf_lcms_nt.biom"])
def test_biom_files_equal_biom_format(data: Path, name: str):
    reference = biom.load_table(str(data / "formats" / name))
    assay = Assay("b", "metabolites", file=name, value="intensity")
    table = io.read_assay(assay, data / "formats", reference.ids()[:3].tolist())
    assert list(table.samples) == reference.ids().tolist()
    assert table.features.index.tolist() == reference.ids("observation").tolist()
    np.testing.assert_array_equal(table.values, reference.matrix_data.toarray().T)


@pytest.mark.parametrize(
    ("file", "format"),
    [
        ("jacobs2016/mtb.tsv.gz", "wide"),
        ("jenior2018/otus.shared.gz", "mothur"),
        ("jenior2018/otus.cons.taxonomy.gz", "mothur_taxonomy"),
        ("jenior2018/metadata.tsv", "wide"),
        ("pd_mouse2016/metadata.tsv", "qiime2_metadata"),
        ("pd_mouse2016/dada2_table.qza", "qiime2"),
        ("formats/cf_otus_nt.biom", "biom"),
        ("formats/ST000057_AN000095.mwtab.txt", "mwtab"),
    ],
)
def test_formats_are_told_by_contents(data: Path, file: str, format: str):
    assert io.sniff(data / file) == format


@pytest.mark.parametrize(
    ("file", "kind"),
    [
        ("genomes/Escherichia_coli_K12_MG1655.fna.gz", "FASTA"),
        ("reads/sylph_k12_R1.fq.gz", "FASTQ"),
    ],
)
def test_other_files_of_the_field_are_named(data: Path, file: str, kind: str):
    with pytest.raises(TableError, match=rf"{kind}.*this version does not read"):
        io.sniff(data / file)
