"""Whole profiles of small communities whose truth is known."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from commensal import profile
from commensal.errors import OutputError, UsageError
from commensal.reads.profile import profile_sample, sample_name
from commensal.reads.tables import COLUMNS

from .conftest import LENGTH, fastq, pairs

pytest.importorskip("pysylph")

DEPTH = {"alpha_1": 6.0, "alpha_2": 2.0, "beta": 4.0}


@pytest.fixture(scope="module")
def files(genomes, write):
    return write(pairs(genomes, DEPTH, seed=1), "mixed")


@pytest.fixture(scope="module")
def fast(files, reference, tmp_path_factory):
    return profile_sample(*files, reference, tmp_path_factory.mktemp("fast"))


def shares(table, column="relative_abundance"):
    return dict(zip(table["genome"], table[column], strict=True))


def test_strains_of_one_species_get_their_own_shares(fast):
    found = shares(fast.taxa)
    total = sum(DEPTH.values())
    assert found == pytest.approx({**{name: deep / total for name, deep in DEPTH.items()}, "(unknown)": 0.0}, abs=0.04)
    status = dict(zip(fast.taxa["genome"], fast.taxa["status"], strict=True))
    assert status == {"alpha_1": "coexisting", "alpha_2": "coexisting", "beta": "ok", "(unknown)": "unknown"}
    rows = fast.taxa.set_index("genome")
    assert rows.loc["beta", "coverage"] == pytest.approx(4.0, rel=0.1)
    assert rows.loc["beta", "ani_low"] > 0.995
    assert rows.loc["beta", "species"] == "Gb beta"


def test_ranks_sum_to_one_and_strains_to_their_species(fast):
    sums = fast.lineage.groupby("rank")["relative_abundance"].sum()
    assert sums.to_numpy() == pytest.approx(np.ones(8))
    species = fast.lineage[fast.lineage["rank"] == "species"].set_index("taxon")["relative_abundance"]
    found = shares(fast.taxa)
    assert species["Ga alpha"] == pytest.approx(found["alpha_1"] + found["alpha_2"])


def test_functions_follow_the_annotation(fast):
    ko = fast.functions[(fast.functions["namespace"] == "KO") & (fast.functions["genome"] == "(all)")]
    found = dict(zip(ko["id"], ko["abundance"], strict=True))
    own = shares(fast.taxa)
    assert found["K00969"] == pytest.approx(own["beta"])
    assert found["K00278"] == pytest.approx(own["alpha_1"] + own["alpha_2"] + 2 * own["beta"])
    assert "K08281" not in found
    assert any("is not seen" in text for text in fast.quality["limits"])


def test_what_is_written_is_what_is_returned(fast):
    for name, columns in COLUMNS.items():
        path = fast.folder / f"{name}.parquet"
        if name in {"genes", "growth"}:
            assert not path.exists()
            continue
        table = pd.read_parquet(path)
        assert list(table.columns) == list(columns)
        assert len(table) == len(getattr(fast, name))
    report = json.loads((fast.folder / "quality.json").read_text())
    assert report["unknown"] >= 0
    assert report["reads_in"] == report["kept"] == fast.quality["reads_in"]
    assert report["classified"] + report["unknown"] == pytest.approx(1)
    assert {one["file"] for one in report["inputs"]} == {"mixed_R1.fastq.gz", "mixed_R2.fastq.gz"}
    assert not list(fast.folder.glob(".*"))
    assert "reads" in (fast.folder / "quality.txt").read_text()


def test_sylph_itself_finds_the_same_species(files, reference, fast):
    import pysylph

    from commensal.reads.fastq import Fastq
    from commensal.reads.kmers import sketch

    sample = sketch(Fastq(*files).batches(), paired=True, c=50, k=31)
    database = pysylph.Database.load(str(reference / "genomes.syldb"))
    theirs = {hit.genome_sketch.name for hit in pysylph.Profiler(database).profile(sample.sketch)}
    ours = set(fast.taxa["genome"]) - {"(unknown)"}
    assert {name.split("_")[0] for name in theirs} == {name.split("_")[0] for name in ours}


def test_larger_references_are_screened_by_sylph_first(files, reference, fast, tmp_path, monkeypatch):
    monkeypatch.setattr("commensal.reads.kmers.WHOLE", 1)
    screened = profile_sample(*files, reference, tmp_path)
    pd.testing.assert_frame_equal(screened.taxa, fast.taxa)


def test_a_novel_species_is_unknown(genomes, reference, write, tmp_path):
    rng = np.random.default_rng(9)
    letters = np.frombuffer(b"ACGT", dtype=np.uint8)
    more = {**genomes, "novel": letters[rng.integers(0, 4, LENGTH)].tobytes()}
    found = profile_sample(*write(pairs(more, {"beta": 3.0, "novel": 3.0}, seed=2)), reference, tmp_path)
    # genomes of one size: half of the bases; the qualities (all F) say nothing about errors, so 99.5 % is assumed
    assert shares(found.taxa) == pytest.approx({"beta": 0.5, "(unknown)": 0.5}, abs=0.07)
    assert found.quality["unknown"] == pytest.approx(shares(found.taxa, "sequence_abundance")["(unknown)"])


def test_single_reads_and_a_shallow_sample(genomes, reference, tmp_path):
    path = tmp_path / "single.fq"
    path.write_bytes(fastq([one for one, _ in pairs(genomes, {"beta": 0.3}, seed=3)]))
    found = profile_sample(path, None, reference, tmp_path)
    assert list(found.taxa["genome"]) == ["beta", "(unknown)"]
    assert found.sample == "single"
    assert any("shallow" in text for text in found.quality["warnings"])


def test_no_reads_left_is_a_status(genomes, reference, tmp_path):
    path = tmp_path / "tiny.fq"
    path.write_bytes(fastq([b"ACGT"] * 5))
    found = profile_sample(path, None, reference, tmp_path, mode="mapping")
    assert found.status == "no_reads"
    assert list(found.taxa["status"]) == ["no_reads"]
    assert found.taxa["relative_abundance"].isna().all()
    assert "no reads are left" in found.sentences()[0]


def test_host_reads_are_left_out(genomes, reference, write, tmp_path):
    pytest.importorskip("mappy")
    host = tmp_path / "host.fna"
    host.write_bytes(b">h\n" + genomes["gamma"] + b"\n")
    drawn = pairs(genomes, {"beta": 2.0, "gamma": 1.0}, seed=4)
    found = profile_sample(*write(drawn), reference, tmp_path, hosts=[host])
    truth = round(LENGTH / 200) * 2
    assert found.quality["host_reads"] == pytest.approx(truth, abs=4)
    assert set(found.taxa["genome"]) == {"beta", "(unknown)"}
    only = profile_sample(*write(pairs(genomes, {"gamma": 0.5}, seed=5)), reference, tmp_path, hosts=[host])
    assert only.status == "no_reads"


def test_mapping_sees_a_lost_gene_and_the_default_does_not(genomes, reference, write, tmp_path):
    pytest.importorskip("mappy")
    lost = genomes["beta"][:4000] + genomes["beta"][7000:]  # genes 4, 5 and 6; gene 4 is K01950
    sample = {"alpha_1": genomes["alpha_1"], "beta": lost}
    files = write(pairs(sample, {"alpha_1": 5.0, "beta": 5.0}, seed=6))
    mapped = profile_sample(*files, reference, tmp_path / "m", mode="mapping")
    table = mapped.genes[mapped.genes["genome"] == "beta"].set_index("gene")
    absent = set(table.index[table["present"].eq(False).fillna(False)])
    assert absent == {"beta_4", "beta_5", "beta_6"}
    assert table["present"].isna().sum() == 0
    assert mapped.genes["depth"].median() == pytest.approx(5.0, rel=0.15)
    rows = mapped.taxa.set_index("genome")
    assert rows.loc["alpha_1", "breadth"] > 0.97
    assert mapped.quality["insert_size"] == pytest.approx(250, abs=2)
    assert (mapped.growth["low"] == 1).all()  # reads are drawn evenly: nothing grows

    def carried(found):
        return set(found.functions.loc[found.functions["abundance"] > 0, "id"])

    fast = profile_sample(*files, reference, tmp_path / "f")
    assert "K01950" in carried(fast)
    assert "K01950" not in carried(mapped)
    assert fast.genes is None


def test_a_reference_without_sequences_says_so(files, reference, tmp_path):
    pytest.importorskip("mappy")
    from commensal.errors import FormatError
    from commensal.reads import open_reference

    class Bare:
        path, manifest, database = tmp_path, open_reference(reference).manifest, reference / "genomes.syldb"
        genomes = staticmethod(open_reference(reference).genomes)

    with pytest.raises(FormatError, match="has no sequence"):
        profile_sample(*files, Bare(), tmp_path, mode="mapping")


def test_arguments_that_do_not_fit(files, reference, tmp_path):
    with pytest.raises(UsageError, match="mode 'slow'"):
        profile(*files, reference=reference, out=tmp_path, mode="slow")
    with pytest.raises(UsageError, match="cannot name a folder"):
        profile(*files, reference=reference, out=tmp_path, sample="../x")
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be made"):
        profile(*files, reference=reference, out=tmp_path / "file")


@pytest.mark.parametrize(
    ("file", "name"),
    [("S1_L001_R1_001.fastq.gz", "S1_L001"), ("gut_1.fq.gz", "gut"), ("a.b_R1.fastq", "a.b"), ("x.fastq", "x")],
)
def test_samples_are_named_after_their_files(tmp_path, file, name):
    assert sample_name(tmp_path / file) == name


def test_the_command_line(files, reference, tmp_path):
    def commensal(*words):
        command = [sys.executable, "-m", "commensal", "profile", *map(str, words)]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    out = ["--reference", reference, "--out", tmp_path / "out"]
    done = commensal(*files, *out, "--sample", "gut")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("gut: 2 species, ")
    assert (tmp_path / "out" / "gut" / "quality.json").is_file()
    bad = tmp_path / "cut.fastq.gz"
    bad.write_bytes(gzip.compress(fastq([b"ACGT" * 20] * 900))[:-40])
    done = commensal(bad, *out)
    assert done.returncode == 1
    assert "cut off" in done.stderr
    assert "mend:" in done.stderr


def test_a_step_that_fails_leaves_no_whole_folder(files, reference, tmp_path, monkeypatch):
    profile_sample(*files, reference, tmp_path, sample="s")

    def fail(*_):
        raise OutputError("full")

    monkeypatch.setattr("commensal.reads.profile.write_text", fail)
    with pytest.raises(OutputError):
        profile_sample(*files, reference, tmp_path, sample="s")
    assert not (tmp_path / "s" / "quality.json").exists()
