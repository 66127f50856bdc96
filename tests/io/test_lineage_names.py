"""Lineages as GTDB, Greengenes, SILVA, MetaPhlAn and mothur write them, and the names that people read."""

from __future__ import annotations

import pytest

from commensal.io.lineage import lineage_frame, parse_lineage, positional_lineage, readable
from commensal.study.declared import Features

GTDB = "d__Bacteria;p__Bacillota_A;c__Clostridia;o__Lachnospirales;f__Lachnospiraceae"


@pytest.mark.parametrize(
    ("text", "label"),
    [
        (f"{GTDB};g__Blautia_A", "Blautia_A"),
        (f"{GTDB};g__", "unnamed genus of Lachnospiraceae"),
        (f"{GTDB};g__Blautia_A;s__Blautia_A wexlerae", "Blautia_A wexlerae"),
        (f"{GTDB};g__Blautia_A;s__", "unnamed species of Blautia_A"),
        ("d__Bacteria;p__;c__;o__;f__;g__", "unnamed genus of Bacteria"),
        ("d__;p__;c__;o__;f__;g__", "unnamed genus"),
        ("k__Bacteria; p__Firmicutes; c__Clostridia; o__Clostridiales", "Clostridiales"),
        ("k__Bacteria; f__Bacteroidaceae; g__Bacteroides; s__uniformis", "Bacteroides uniformis"),
        ("k__Bacteria; f__[Mogibacteriaceae]; g__", "unnamed genus of [Mogibacteriaceae]"),
        ("k__Bacteria|p__Verrucomicrobia|g__Akkermansia|s__Akkermansia_muciniphila", "Akkermansia muciniphila"),
        ("k__Bacteria|g__Akkermansia|s__Akkermansia_muciniphila|t__SGB9226", "Akkermansia muciniphila SGB9226"),
        ("k__Bacteria|p__Verrucomicrobia", "Verrucomicrobia"),
        ("D_0__Bacteria;D_1__Firmicutes;D_5__uncultured", "unnamed genus of Firmicutes"),
        ("d__Bacteria;f__Lachnospiraceae;g__uncultured;s__uncultured_bacterium", "unnamed species of Lachnospiraceae"),
    ],
)
def test_prefixed_lineages(text, label):
    lineage = parse_lineage(text)
    assert lineage is not None
    assert readable(lineage) == label


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("Bacteria(100);Firmicutes(100);Bacilli(99);Lactobacillales(99);Lactobacillaceae(98);Lactobacillus(97);",
         "Lactobacillus"),
        ("Bacteria(100);Firmicutes(100);Clostridia(100);Clostridiales(98);Lachnospiraceae(90);unclassified(90);",
         "unnamed genus of Lachnospiraceae"),
        ("Bacteria(100);Firmicutes(60);Firmicutes_unclassified(60);", "unnamed class of Firmicutes"),
        ("unknown(100);", "unassigned"),
    ],
)  # fmt: skip
def test_positional_lineages(text, label):
    assert readable(positional_lineage(text)) == label


@pytest.mark.parametrize("text", ["glucose", "Otu0001", "PC(16:0;18:1)", "x__y", "Cer(d18:1/16:0)|1", ""])
def test_what_is_no_lineage(text):
    assert parse_lineage(text) is None


def test_same_names_get_their_parents():
    texts = [
        "f__Lachnospiraceae;g__Clostridium",
        "f__Clostridiaceae;g__Clostridium",
        "o__A;f__Xaceae;g__",
        "o__B;f__Xaceae;g__",
        "f__Y;g__Z",
    ]
    frame = lineage_frame(texts, [parse_lineage(text) for text in texts], by_id=False)
    assert frame["label"].tolist() == [
        "Clostridium (Lachnospiraceae)",
        "Clostridium (Clostridiaceae)",
        "unnamed genus of Xaceae (A)",
        "unnamed genus of Xaceae (B)",
        "Z",
    ]
    assert frame.index.tolist() == texts
    assert frame["genus"].isna().tolist() == [False, False, True, True, False]


def test_lineages_only_name_taxa(read):
    text = "id\tg__Blautia\tunknown\nS1\t1\t2\n"
    assert read(text, kind="taxa").features["label"].tolist() == ["Blautia", "unknown"]
    assert read(text, kind="genes").features["label"].tolist() == ["g__Blautia", "unknown"]


def test_a_taxonomy_column_inside_the_table_names_the_features(read):
    text = "#OTU ID\tS1\tS2\ttaxonomy\nO1\t1\t2\tk__Bacteria; g__Blautia\nO2\t3\t4\tUnassigned\n"
    table = read(f"# Constructed from biom file\n{text}", features=Features(columns=("taxonomy",)), value="counts")
    assert table.features["label"].tolist() == ["Blautia (O1)", "unassigned (O2)"]


def test_sequences_as_ids_get_short_labels(read):
    asv = "TACGTAGGTGGCAAGCGTTGTCCGGATTTA"
    table = read(f"id\t{asv}\nS1\t1\n", ["S1"])
    assert table.features.index.tolist() == [asv]
    assert table.features["label"].tolist() == ["ASV 4367148b"]  # echo -n … | md5sum
