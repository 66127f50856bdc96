"""Each tool's files, as the tool writes them: the KO and EC numbers that a reader by eye would take from them."""

from __future__ import annotations

import pytest

from commensal.errors import FormatError
from commensal.reads import build_reference
from commensal.reads.annotation_files import read_annotations, terms
from commensal.reads.reference_genes import faa_genes, genbank_genes, gff_genes

KOFAM_GFF = """##gff-version 3
c1\tkofam\tkofam\t101\t1000\t.\t+\t.\tName=aspartate oxidase [EC:1.4.3.16];GeneID=g1;KO=K00278;F_score=*;evalue=1e-229
c1\tkofam\tkofam\t1201\t2100\t.\t-\t.\tName=NAD+ synthase [EC:6.3.5.1];GeneID=g2;KO=K01950;F_score=;evalue=6.3e-12
"""
KOFAM_DETAIL = """# gene name           KO     thrshld  score   E-value KO definition
#-------------------- ------ ------- ------ --------- ---------------------
* g1                  K00278  353.33  774.5  4.5e-234 L-aspartate oxidase [EC:1.4.3.16]
  g1                  K00244  600.10   85.1   5.1e-25 succinate dehydrogenase flavoprotein subunit [EC:1.3.5.1]
  g2                  K01950       -   47.0   6.3e-12 NAD+ synthase (glutamine-hydrolysing) [EC:6.3.5.1]
"""
KOFAM_DETAIL_TSV = """#\tgene name\tKO\tthrshld\tscore\tE-value\t"KO definition"
#\t---------\t------\t-------\t------\t---------\t-------------
*\tg1\tK00278\t353.33\t774.5\t4.5e-234\t"L-aspartate oxidase [EC:1.4.3.16]"
\tg2\tK01950\t500.1\t47.0\t6.3e-12\t"NAD+ synthase (glutamine-hydrolysing) [EC:6.3.5.1]"
"""
KOFAM_MAPPER = "g1\tK00278\ng2\ng3\tK03517\ng3\tK00767\n"
EGGNOG = """## Mon Jan  1 00:00:00 2024
## emapper-2.1.12
#query\tseed_ortholog\tevalue\tscore\teggNOG_OGs\tmax_annot_lvl\tCOG_category\tDescription\tPreferred_name\tGOs\tEC\tKEGG_ko\tKEGG_Pathway
g1\t349741.Amuc_1\t1e-200\t601.0\tCOG0029@1|root\t2|Bacteria\tH\toxidase\tnadB\t-\t1.4.3.16\tko:K00278\tko00250
g2\t349741.Amuc_2\t1e-100\t301.0\tCOG0001@1|root\t2|Bacteria\tH\ttwo\t-\t-\t2.7.7.18,3.6.1.-\tko:K00969,ko:K13522\t-
g3\t349741.Amuc_3\t1e-10\t60.0\tCOG0002@1|root\t2|Bacteria\tS\tnothing\t-\t-\t-\t-\t-
## 3 queries scanned
"""
BAKTA = """# Annotated with Bakta
# Software: v1.9.3
#Sequence Id\tType\tStart\tStop\tStrand\tLocus Tag\tGene\tProduct\tDbXrefs
c1\tcds\t101\t1000\t+\tg1\tnadB\tL-aspartate oxidase\tCOG:COG0029, EC:1.4.3.16, KEGG:K00278, SO:0001217
c1\ttRNA\t2500\t2576\t+\tt1\ttrnA\ttRNA-Ala\tSO:0000254
"""
PROKKA = """locus_tag\tftype\tlength_bp\tgene\tEC_number\tCOG\tproduct
g1\tCDS\t900\tnadB\t1.4.3.16\tCOG0029\tL-aspartate oxidase
g2\tCDS\t900\t\t\t\thypothetical protein
"""
GFF = """##gff-version 3
c1\tProdigal:2.6\tCDS\t101\t1000\t.\t+\t0\tID=g1;eC_number=1.4.3.16;db_xref=COG:COG0029;product=L-aspartate oxidase
c1\tBakta\tCDS\t1201\t2100\t.\t-\t0\tID=g2;Dbxref=KEGG:K01950,EC:6.3.5.1,UniRef:UniRef50_K12345
##FASTA
>c1
ACGT
"""
PLAIN = "gene,kegg_ko\ng1,K00278\ng2,\n"


@pytest.mark.parametrize(
    ("name", "text", "kind", "expected", "below"),
    [
        ("a_kofam.gff", KOFAM_GFF, "kofam", {("g1", "K00278"), ("g1", "1.4.3.16")}, 1),
        ("a.detail.txt", KOFAM_DETAIL, "kofam", {("g1", "K00278"), ("g1", "1.4.3.16")}, 2),
        ("a.detail.tsv", KOFAM_DETAIL_TSV, "kofam", {("g1", "K00278"), ("g1", "1.4.3.16")}, 1),
        ("a.mapper", KOFAM_MAPPER, "kofam", {("g1", "K00278"), ("g3", "K03517"), ("g3", "K00767")}, 0),
        (
            "a.emapper.annotations",
            EGGNOG,
            "eggnog",
            {
                ("g1", "K00278"),
                ("g1", "1.4.3.16"),
                ("g2", "K00969"),
                ("g2", "K13522"),
                ("g2", "2.7.7.18"),
                ("g2", "3.6.1.-"),
            },
            0,
        ),
        ("a.bakta.tsv", BAKTA, "bakta", {("g1", "K00278"), ("g1", "1.4.3.16")}, 0),
        ("a.prokka.tsv", PROKKA, "prokka", {("g1", "1.4.3.16")}, 0),
        ("a.gff3", GFF, "gff", {("g1", "1.4.3.16"), ("g2", "K01950"), ("g2", "6.3.5.1")}, 0),
        ("a.csv", PLAIN, "tsv", {("g1", "K00278")}, 0),
    ],
)
def test_what_a_file_says(make, name, text, kind, expected, below):
    found = read_annotations(make.text(name, text))
    assert (found.kind, found.below) == (kind, below)
    assert {(hit.gene, hit.id) for hit in found.hits} == expected
    windows = read_annotations(make.text("w_" + name, text.replace("\n", "\r\n")))
    assert windows.hits == found.hits


def test_numbers_that_only_look_like_ko_or_ec_are_not_taken():
    assert terms("UniRef50_K12345 AK00278 K002789 v1.2.3.4.5 10.1.1.1 chr1.2.3.4") == []


def test_a_file_of_no_kind_is_refused(make):
    with pytest.raises(FormatError, match="no known kind"):
        read_annotations(make.text("x.tsv", "a\tb\tc\n1\t2\t3\n"))
    with pytest.raises(FormatError, match="empty"):
        read_annotations(make.text("y.tsv", "\n"))


GENBANK = """LOCUS       CP1               30000 bp    DNA     linear   BCT 01-JAN-2024
VERSION     CP1.1
FEATURES             Location/Qualifiers
     source          1..30000
                     /organism="X"
     gene            101..1000
                     /locus_tag="g1"
     CDS             101..1000
                     /locus_tag="g1"
                     /EC_number="1.4.3.16"
                     /product="L-aspartate oxidase, a long name that runs
                     over two lines"
                     /protein_id="P1"
                     /db_xref="KO:K00278"
                     /translation="MKL
                     VEF"
     CDS             complement(join(1201..1500,1600..2100))
                     /locus_tag="g2"
ORIGIN
        1 acgtacgt
//
"""


def test_genbank(make):
    path = make.text("x.gbk", GENBANK)
    (first, qualifiers), (second, _) = genbank_genes(path)
    assert (first.gene, first.contig, first.start, first.end, first.strand, first.length) == (
        "g1",
        "CP1.1",
        101,
        1000,
        "+",
        900,
    )
    assert first.product == "L-aspartate oxidase, a long name that runs over two lines"
    assert qualifiers["translation"] == ["MKLVEF"]
    assert (second.start, second.end, second.strand, second.length) == (1201, 2100, "-", 801)
    assert {(hit.gene, hit.id) for hit in read_annotations(path).hits} == {("g1", "K00278"), ("g1", "1.4.3.16")}


def test_a_genbank_file_ties_by_its_locus_name(make):
    make.genome("strain", 1, contig="CP1")
    make.text("annotations/whatever.gbk", GENBANK)
    made = build_reference(make.genomes, make.folder / "REF", annotations=make.folder / "annotations")
    assert made.genes()[["gene", "contig", "source"]].to_numpy().tolist() == [
        ["g1", "CP1", "gbk"],
        ["g2", "CP1", "gbk"],
    ]
    assert set(made.functions()["id"]) == {"K00278", "1.4.3.16"}


def test_proteins_of_prodigal_have_places_and_others_only_lengths(make):
    path = make.text(
        "x.faa", ">c1_1 # 101 # 1000 # 1 # ID=1_1;partial=00\nMKL*\n>c1_2 # 1201 # 2100 # -1 # ID=1_2\nMA*\n"
    )
    assert [(g.gene, g.contig, g.start, g.end, g.strand) for g in faa_genes(path)] == [
        ("c1_1", "c1", 101, 1000, "+"),
        ("c1_2", "c1", 1201, 2100, "-"),
    ]
    bare = faa_genes(make.text("y.faa", ">WP_1.1 NAD synthase [X y]\nMKL\nVE\n"))
    assert [(g.gene, g.contig, g.length, g.product) for g in bare] == [("WP_1.1", None, 18, "NAD synthase")]


def test_parts_of_one_gene_are_joined_and_namesakes_numbered(make):
    path = make.gff("x.gff", "c1", genes=(("a", 100, 200, "+"), ("a", 210, 300, "+"), ("a", 9000, 9100, "+")))
    assert [(g.gene, g.start, g.end, g.length) for g in gff_genes(path)] == [
        ("a", 100, 300, 192),
        ("a_2", 9000, 9100, 101),
    ]


def test_gff_wins_over_proteins_and_kofam_ties_by_place_when_names_differ(make):
    make.genome("s", 1, contig="c1")
    make.gff("annotations/s.gff", "c1")
    make.text("annotations/s.faa", ">p1\nMKL\n>p2\nMKL\n>p3\nMKL\n>p4\nMKL\n")
    make.text("annotations/s_kofam.gff", KOFAM_GFF.replace("GeneID=g1", "GeneID=other"))
    made = build_reference(make.genomes, make.folder / "REF", annotations=make.folder / "annotations")
    assert made.genes()["source"].unique().tolist() == ["gff"]
    assert made.functions()[["gene", "id"]].to_numpy().tolist() == [["g1", "K00278"], ["g1", "1.4.3.16"]]


def test_ncbi_protein_ids_reach_every_copy_of_the_gene(make):
    make.genome("s", 1, contig="c1")
    make.gff("annotations/s.gff", "c1", more={"g1": "protein_id=WP_1.1", "g3": "protein_id=WP_1.1"})
    make.text("annotations/s.mapper", "WP_1.1\tK00278\n")
    made = build_reference(make.genomes, make.folder / "REF", annotations=make.folder / "annotations")
    assert made.functions()["gene"].tolist() == ["g1", "g3"]


def test_one_table_for_all_genomes_names_them_in_a_column(make):
    make.genome("one", 1)
    make.genome("two", 2)
    text = "genome\tgene\tKO\tEC\none\tx\tK00278\t1.4.3.16\ntwo\ty\tK03517\t\nghost\tz\tK00767\t\n"
    made = build_reference(make.genomes, make.folder / "REF", annotations=make.text("all.tsv", text))
    found = made.functions()
    assert found[["genome", "gene", "id"]].to_numpy().tolist() == [
        ["one", "x", "K00278"],
        ["one", "x", "1.4.3.16"],
        ["two", "y", "K03517"],
    ]
    assert any("ghost" in text for text in made.warnings)
    assert made.genomes()["status"].tolist() == ["no_genes", "no_genes"]
