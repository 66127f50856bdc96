"""What people give by mistake: each has its own status or one clear error, and the other genomes are built."""

from __future__ import annotations

import gzip

import pytest

from commensal.errors import CommensalError, FormatError, TableError, UsageError
from commensal.reads import add_to_reference, build_reference


def built(make, **more):
    return build_reference(make.genomes, make.folder / "REF", **more)


def refused(make, **more) -> dict[str, str]:
    """Build beside a good genome; return status by file."""
    make.genome("good", 1)
    made = built(make, **more)
    assert "good" in made.genomes()["genome"].tolist()
    return dict(made.refused()[["source_file", "status"]].itertuples(index=False, name=None))


def test_files_that_are_no_genome_are_refused_by_name(make):
    make.text("genomes/empty.fna", "")
    make.text("genomes/blank.fna", "\n\n")
    make.text("genomes/headers.fna", ">a\n>b\n")
    make.text("genomes/reads.fna", "@r1\nACGT\n+\nIIII\n")
    make.text("genomes/protein.fna", ">p1\n" + "MKLVEFQPWYHIRNDSTAGC" * 60 + "\n")
    make.text("genomes/notes.fna", "see the freezer\n")
    make.text("genomes/odd.fna", ">c\n" + "ACGT" * 5000 + "1234\n")
    make.text("genomes/twice.fna", ">c\n" + "ACGT" * 500 + "\n>c other\n" + "ACGT" * 500 + "\n")
    make.text("genomes/short.fna", ">c\nACGTACGTTTAGACCCATAGACA\n")
    whole = gzip.compress(b">c\n" + b"ACGT" * 20_000)
    (make.genomes / "cut.fna.gz").write_bytes(whole[: len(whole) // 2])
    (make.genomes / "broken.fna.gz").write_bytes(whole[:10] + b"\xff" * 40)
    assert refused(make) == {
        "empty.fna": "empty",
        "blank.fna": "empty",
        "headers.fna": "empty",
        "reads.fna": "fastq",
        "protein.fna": "protein",
        "notes.fna": "not_fasta",
        "odd.fna": "bad_letters",
        "twice.fna": "duplicate_contigs",
        "short.fna": "too_short",
        "cut.fna.gz": "truncated",
        "broken.fna.gz": "damaged",
    }


def test_two_files_of_one_name_are_both_refused_and_the_same_sequences_once(make):
    make.genome("a", 2, where="genomes/lab1")
    make.genome("a", 3, where="genomes/lab2")
    make.genome("other", 1, contig="another")
    assert refused(make) == {
        "lab1/a.fna.gz": "duplicate_name",
        "lab2/a.fna.gz": "duplicate_name",
        "other.fna.gz": "duplicate_sequence",
    }


def test_windows_line_ends_and_lower_case_are_read(make):
    from commensal.reads.reference_fasta import read_genome

    path = make.genomes / "w.fna"
    path.parent.mkdir()
    path.write_bytes(b">c1 x\r\nacgt\r\nACGN\r\n\r\n>c2\r\nTTTT\r\n")
    genome = read_genome(path)
    assert genome.ids == ("c1", "c2")
    assert genome.contigs == (b"ACGTACGN", b"TTTT")
    assert genome.notes == ("Windows line ends",)


def test_a_folder_without_genomes_and_one_without_good_ones_are_errors(make):
    make.text("genomes/readme.txt", "x")
    with pytest.raises(TableError, match="there is no genome"):
        built(make)
    make.text("genomes/empty.fna", "")
    with pytest.raises(TableError, match="no genome could be taken"):
        built(make)
    with pytest.raises(UsageError, match="no such file or folder"):
        build_reference(make.folder / "nowhere", make.folder / "REF")


def test_a_genome_without_genes_has_a_status_and_others_keep_theirs(make):
    make.genome("bare", 4)
    make.genome("good", 1)
    make.gff("annotations/bare.gff", "bare_c1", genes=())
    make.gff("annotations/good.gff", "good_c1", more={"g1": "KO=K00278"})
    genomes = built(make, annotations=make.folder / "annotations").genomes().set_index("genome")
    assert genomes["status"].to_dict() == {"bare": "no_genes", "good": "ok"}
    assert genomes["genes"].to_dict() == {"bare": 0, "good": 3}


def test_annotation_of_genes_that_do_not_exist_is_counted_and_left_out(make):
    make.genome("good", 1)
    make.gff("annotations/good.gff", "good_c1")
    make.text("annotations/good.tsv", "gene\tKO\ng1\tK00278\nghost\tK03517\n")
    made = built(make, annotations=make.folder / "annotations")
    assert made.functions()["id"].tolist() == ["K00278"]
    assert "1 annotated genes are not among the gene calls (ghost)" in made.genomes()["note"].item()


def test_genes_outside_their_contig_are_counted_and_left_out(make):
    make.genome("good", 1)
    make.gff(
        "annotations/good.gff",
        "good_c1",
        genes=(("in", 10, 300, "+"), ("over", 29_900, 30_020, "+"), ("out", 40_000, 40_300, "+")),
    )
    made = built(make, annotations=make.folder / "annotations")
    assert made.genes()[["gene", "end", "length"]].to_numpy().tolist() == [["in", 300, 291], ["over", 30_000, 101]]
    note = made.genomes()["note"].item()
    assert "1 of 3 genes lie on no contig" in note
    assert "1 genes" in note


def test_files_of_other_genomes_and_unreadable_ones_are_named(make):
    make.genome("good", 1)
    make.gff("annotations/stranger.gff", "far_c1")
    make.text("annotations/good.tsv", "no\theader\tof\tany\tkind\n1\t2\t3\t4\t5\n")
    make.text("annotations/good_genes.gff", "good_c1\tx\tCDS\tten\t300\t.\t+\t0\tID=a\n")
    made = built(make, annotations=make.folder / "annotations")
    assert any("stranger.gff" in text for text in made.warnings)
    note = made.genomes()["note"].item()
    assert "good.tsv is left out" in note
    assert "good_genes.gff is left out: a coordinate is no number" in note


def test_a_table_that_says_of_no_genome_is_left_out_with_a_way_out(make):
    make.genome("good", 1)
    make.text("tables/all.tsv", "gene\tKO\ng1\tK00278\n")
    made = built(make, annotations=make.folder / "tables")
    assert any("all.tsv is left out: whose genes" in text for text in made.warnings)
    assert made.functions().empty


def test_a_genome_that_was_mended_is_no_longer_refused(make):
    bad = make.text("genomes/a.fna", "")
    make.genome("good", 1)
    made = built(make)
    assert made.newly_refused == ("a.fna",)
    bad.unlink()
    added = add_to_reference(made, make.genome("a", 3, where="mended"))
    assert added.newly_refused == ()
    assert added.refused().empty
    assert added.genomes()["genome"].tolist() == ["a", "good"]


def test_contig_ids_that_two_genomes_share_tie_to_none(make):
    make.genome("one", 1, contig="contig_1")
    make.genome("two", 2, contig="contig_1")
    make.gff("annotations/genes.gff", "contig_1", more={"g1": "KO=K00278"})
    made = built(make, annotations=make.folder / "annotations")
    assert made.functions().empty
    assert any("or to several: genes.gff" in text for text in made.warnings)


def test_a_taxonomy_that_names_strangers_or_leaves_genomes_out_warns(make):
    make.genome("a", 1)
    make.genome("b", 2)
    make.text("tax.tsv", "genome\tlineage\na\td__B;p__P\nstranger\td__B;p__Q\n")
    made = built(make, taxonomy=make.folder / "tax.tsv")
    assert "tax.tsv names 1 genomes that are not here: stranger" in made.warnings
    assert "1 genomes have no taxonomy: b" in made.warnings
    assert made.genomes().set_index("genome")["note"].to_dict()["b"] == "no taxonomy"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "empty"),
        ("genome\tcolour\na\tred\n", "no lineage and no rank"),
        ("genome\tlineage\na\td__B;p__P\na\td__B;p__Q\n", "two lineages"),
        ("genome\tlineage\n\td__B;p__P\n", "names no genome"),
        ("genome\tlineage\na\tcellular organisms;Bacteria;Terrabacteria group;Bacillota\n", "no rank"),
    ],
)
def test_a_taxonomy_that_cannot_be_used_is_one_error(make, text, words):
    make.genome("a", 1)
    with pytest.raises(CommensalError, match=words):
        built(make, taxonomy=make.text("tax.tsv", text))


def test_options_out_of_range_are_usage_errors(make):
    make.genome("a", 1)
    with pytest.raises(UsageError, match="21 or 31"):
        built(make, k=25)
    with pytest.raises(UsageError, match="layout"):
        built(make, layout="silva")
    with pytest.raises(UsageError, match="no such file"):
        built(make, taxonomy=make.folder / "no.tsv")
    with pytest.raises(FormatError, match="no FASTA"):
        pytest.importorskip("mappy")
        built(make, host=make.text("host.fa", "not a genome\n"))
