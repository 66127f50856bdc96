"""A reference from small genomes: what is in the folder, and that it is the same whenever it is built."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pysylph
import pytest

from commensal.errors import FormatError, OutputError, TableError, UsageError
from commensal.reads import add_to_reference, build_reference, check_reference, open_reference


@pytest.fixture
def two(make):
    make.genome("a", 1)
    make.genome("b", 2)
    make.gff("annotations/a.gff", "a_c1", more={"g1": "KO=K00278;eC_number=1.4.3.16"})
    make.text(
        "taxonomy.tsv",
        "a\td__Bacteria;p__P;c__C;o__O;f__F;g__Genus;s__Genus one\nb\td__Bacteria;p__P\nz\td__Bacteria\n",
    )
    return make


def build(make, name="REF", **more):
    return build_reference(make.genomes, make.folder / name, annotations=make.folder / "annotations", **more)


def test_the_folder_holds_what_the_contract_names(two):
    made = build(two, taxonomy=two.folder / "taxonomy.tsv")
    names = {path.relative_to(made.path).as_posix() for path in made.path.rglob("*") if path.is_file()}
    tables = {f"{name}.parquet" for name in ("genomes", "refused", "neighbours", "genes", "functions")}
    assert names == tables | {"manifest.json", "genomes.syldb", "sequences/a.fna.gz", "sequences/b.fna.gz"}
    a, b = made.genomes().to_dict("records")
    assert (a["genome"], a["species"], a["genus"], a["genes"], a["functions"], a["status"]) == (
        "a", "Genus one", "Genus", 3, 2, "ok",
    )  # fmt: skip
    assert (a["length"], a["contigs"], a["n50"], a["complete"]) == (30_000, 1, 30_000, True)
    assert (b["phylum"], b["status"]) == ("P", "no_genes")
    assert pd.isna(b["genes"])
    functions = made.functions()
    assert functions[["gene", "namespace", "id"]].to_numpy().tolist() == [
        ["g1", "KO", "K00278"],
        ["g1", "EC", "1.4.3.16"],
    ]
    assert any("z" in text for text in made.warnings)


def test_the_database_is_read_by_pysylph_alone_and_parquet_by_pandas(two):
    made = build(two)
    assert [sketch.name for sketch in pysylph.Database.load(made.path / "genomes.syldb")] == ["a", "b"]
    assert pd.read_parquet(made.path / "genes.parquet")["gene"].tolist() == ["g1", "g2", "g3"]
    assert json.loads((made.path / "manifest.json").read_text())["genomes"] == 2


def test_the_same_inputs_give_the_same_id(two):
    assert build(two, "one").id == build(two, "two", workers=2).id
    assert build(two, "three", taxonomy=two.folder / "taxonomy.tsv").id != build(two, "four").id


def test_adding_gives_what_building_together_gives(two):
    whole = build(two, "whole")
    (two.genomes / "b.fna.gz").rename(two.folder / "b.fna.gz")
    half = build(two, "half")
    both = add_to_reference(half, two.folder / "b.fna.gz", annotations=two.folder / "annotations")
    assert both.genomes()["genome"].tolist() == ["a", "b"]
    assert both.genes().equals(whole.genes())
    assert both.id == whole.id
    again = add_to_reference(both.path, two.folder / "b.fna.gz")
    assert again.genomes()["genome"].tolist() == ["a", "b"]
    assert again.refused()["status"].tolist() == ["duplicate_name"]
    assert check_reference(again.path) == ()


def test_a_build_that_was_stopped_goes_on(two, monkeypatch):
    from commensal.reads import reference_build, reference_prepare

    sketched = []
    real = reference_prepare.sketch_genome
    monkeypatch.setattr(
        reference_prepare,
        "sketch_genome",
        lambda name, *rest, **more: sketched.append(name) or real(name, *rest, **more),
    )

    def stop(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(reference_build, "write_folder", stop)
        with pytest.raises(KeyboardInterrupt):
            build(two)
    with pytest.raises(FormatError, match="not finished"):
        open_reference(two.folder / "REF")
    two.genome("c", 3)
    made = build(two)
    assert sketched == ["a", "b", "c"]
    assert made.genomes()["genome"].tolist() == ["a", "b", "c"]
    assert not (made.path / ".build").exists()


def test_a_genome_that_changed_is_not_taken_from_the_stopped_build(two, monkeypatch):
    from commensal.reads import reference_build

    with monkeypatch.context() as patch:
        patch.setattr(reference_build, "write_folder", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            build(two)
    two.genome("a", 7)
    fresh = build(two, "fresh")
    assert build(two).id == fresh.id


@pytest.mark.parametrize("identity", [0.995, 0.97])
def test_neighbours_have_the_identity_that_was_put_in(make, identity):
    rng = np.random.default_rng(5)
    first = rng.choice(list("ACGT"), 1_000_000)
    second = first.copy()
    at = rng.random(len(first)) > identity
    second[at] = [{"A": "C", "C": "G", "G": "T", "T": "A"}[base] for base in second[at]]
    make.text("genomes/p.fa", ">p\n" + "".join(first) + "\n")
    make.text("genomes/q.fa", ">q\n" + "".join(second) + "\n")
    make.genome("far", 9)
    found = build_reference(make.genomes, make.folder / "REF").neighbours()
    assert found[["genome", "neighbour"]].to_numpy().tolist() == [["p", "q"], ["q", "p"]]
    # 5,000 sampled k-mers: the share's standard error is 0.7 %, a 31st of that on the identity.
    assert found["ani"].to_numpy() == pytest.approx(identity, abs=0.001)


def test_progress_is_told_for_every_genome(two):
    told = []
    build(two, progress=lambda done, total, what: told.append((done, total, what)))
    assert told[:2] == [(1, 2, "a"), (2, 2, "b")]


def test_check_names_what_changed(two):
    made = build(two)
    assert check_reference(made.path) == ()
    genes = made.path / "genes.parquet"
    kept = genes.read_bytes()
    genes.write_bytes(kept + b" ")
    assert check_reference(made.path) == ("genes.parquet has other contents than when it was built",)
    genes.unlink()
    assert check_reference(made.path) == ("genes.parquet is missing",)
    genes.write_bytes(kept)
    (made.path / "stray.txt").write_text("x")
    assert check_reference(made.path) == ("stray.txt is not in the manifest",)


def test_a_folder_in_use_is_not_overwritten(two):
    made = build(two)
    with pytest.raises(OutputError, match="a reference already"):
        build(two)
    other = two.folder / "other"
    other.mkdir()
    (other / "thesis.txt").write_text("x")
    with pytest.raises(OutputError, match="something else"):
        build_reference(two.genomes, other)
    assert check_reference(made.path) == ()


def test_sequences_can_be_left_out(two):
    made = build(two, sequences=False)
    assert not (made.path / "sequences").exists()
    assert made.manifest["parameters"]["sequences"] is False


def test_nothing_to_add_is_a_usage_error(two):
    with pytest.raises(UsageError, match="nothing to add"):
        add_to_reference(build(two))


def test_other_formats_and_damaged_manifests_are_refused(two):
    made = build(two)
    place = made.path / "manifest.json"
    place.write_text(json.dumps({**made.manifest, "format": 2}))
    with pytest.raises(FormatError, match="another format"):
        open_reference(made.path)
    place.write_text("{")
    with pytest.raises(FormatError, match="damaged"):
        open_reference(made.path)


def test_a_host_is_indexed_and_named(two):
    mappy = pytest.importorskip("mappy")
    host = two.genome("mouse", 11, where="host")
    made = build(two, host=host)
    assert made.manifest["host"]["mouse"]["length"] == 30_000
    aligner = mappy.Aligner(str(made.path / "host" / "mouse" / "host.mmi"), preset="sr")
    assert aligner.seq_names == ["mouse_c1"]
    more = add_to_reference(made, host=two.genome("human", 12, where="host"))
    assert sorted(more.manifest["host"]) == ["human", "mouse"]
    assert check_reference(more.path) == ()
    with pytest.raises(TableError, match="two hosts have one name"):
        add_to_reference(more, host=host)
    with pytest.raises(FormatError, match="no bases"):
        add_to_reference(more, host=two.text("host/protein.faa", ">p\nMKLVEFQ\n"))
    assert check_reference(more.path) == ()


def test_numbers_come_from_the_sequences(make):
    make.text("genomes/x.fa", ">c1\n" + "GC" * 6000 + "\n>c2\n" + "AT" * 2000 + "\n>c3\nNNNN\n")
    from commensal.reads.reference_fasta import read_genome

    genome = read_genome(make.genomes / "x.fa")
    assert (genome.length, genome.n50, genome.complete) == (16_004, 12_000, False)
    assert genome.gc == 0.75
    assert genome.text().decode().replace("\n", "").count("GC") == 6000


def test_text_of_a_genome_is_read_back_alike(make):
    from commensal.reads.reference_fasta import read_genome

    lengths = np.array([1, 79, 80, 81, 160])
    make.text("genomes/x.fa", "".join(f">c{n}\n{'ACGTN' * 40}"[: 4 + len(str(n)) + n] + "\n" for n in lengths))
    genome = read_genome(make.genomes / "x.fa")
    path = make.folder / "back.fa"
    path.write_bytes(genome.text())
    assert read_genome(path).contigs == genome.contigs
    assert max(map(len, genome.text().split(b"\n"))) == 80
