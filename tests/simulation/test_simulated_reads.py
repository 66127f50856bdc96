"""Reads of known composition: where they come from, their errors, and what is refused."""

from __future__ import annotations

import gzip
import json

import numpy as np
import pytest

from commensal import simulation
from commensal.errors import FormatError, UsageError
from commensal.simulation.genomes import origin, read_genome

COMPLEMENT = bytes.maketrans(b"ACGTN", b"TGCAN")


def fasta(path, rng, *lengths, gc=0.5):
    parts = [
        rng.choice(list("ACGT"), p=[(1 - gc) / 2, gc / 2, gc / 2, (1 - gc) / 2], size=length) for length in lengths
    ]
    path.write_text("".join(f">c{at} x\n{''.join(part)}\n" for at, part in enumerate(parts)))
    return path


@pytest.fixture(scope="module")
def genomes(tmp_path_factory):
    folder, rng = tmp_path_factory.mktemp("genomes"), np.random.default_rng(7)
    return {
        "long": fasta(folder / "long.fna", rng, 60_000, 3_000),
        "short": fasta(folder / "short.fna", rng, 20_000),
        "host": fasta(folder / "host.fna", rng, 30_000),
    }


def fastq(path):
    lines = gzip.decompress(path.read_bytes()).split(b"\n")
    return lines[0:-1:4], lines[1::4], lines[3::4]


def places(genome, sequences):
    """Where each read lies exactly in a genome: (contig, first base, strand), or None."""
    text = genome.letters.tobytes()
    found = []
    for one in sequences:
        forward = text.find(one)
        other = text.find(one.translate(COMPLEMENT)[::-1]) if forward < 0 else -1
        found.append((forward, 1) if forward >= 0 else (other, -1) if other >= 0 else None)
    return found


def test_pairs_without_errors_lie_in_their_genomes_facing_each_other(genomes, tmp_path):
    truth = simulation.reads(
        tmp_path, {"long": genomes["long"], "short": genomes["short"]}, {"long": 1, "short": 3}, n_pairs=2000, seed=3,
        error="none", host=genomes["host"], host_fraction=0.1,
    )  # fmt: skip
    (names1, first, _), (names2, second, _) = (fastq(tmp_path / f"sample_R{mate}.fastq.gz") for mate in (1, 2))
    assert [name.split()[0] for name in names1] == [name.split()[0] for name in names2]
    assert len(set(names1)) == len(first) == 2000
    assert {len(one) for one in first + second} == {150}
    counts, inserts = {}, []
    for name in ("long", "short", "host"):
        genome = read_genome(name, genomes[name])
        for one, two in zip(places(genome, first), places(genome, second), strict=True):
            assert (one is None) == (two is None)
            if one is None or two is None:
                continue
            counts[name] = counts.get(name, 0) + 1
            assert one[1] == -two[1]
            left, right = (one, two) if one[1] == 1 else (two, one)
            inserts.append(right[0] + 150 - left[0])
            # no pair bridges two contigs
            assert np.searchsorted(genome.ends, left[0], "right") == np.searchsorted(
                genome.ends, right[0] + 149, "right"
            )
    told = {name.strip("()"): facts["pairs"] for name, facts in truth["genomes"].items()}
    assert counts == told
    assert np.mean(inserts) == pytest.approx(350, abs=4)
    assert np.std(inserts) == pytest.approx(50, abs=4)
    # cells 1 : 3 and lengths 63 : 20 kb; 10 % of the pairs are the host's (binomial, 4 SD)
    assert told["host"] == pytest.approx(200, abs=4 * np.sqrt(180))
    share = 63 / (63 + 60)
    assert told["long"] / (2000 - told["host"]) == pytest.approx(share, abs=4 * np.sqrt(share * (1 - share) / 1800))
    assert truth["genomes"]["short"]["cells"] == 0.75
    assert json.loads((tmp_path / "sample_truth.json").read_text()) == truth


def test_errors_come_as_often_as_the_qualities_say(genomes, tmp_path):
    options = {"n_pairs": 4000, "seed": 5, "insert_sd": 0, "replication": {"short": 1.0}}
    one = {"short": genomes["short"]}
    simulation.reads(tmp_path / "a", one, {"short": 1}, **options)
    simulation.reads(tmp_path / "b", one, {"short": 1}, error="none", **options)
    rates = []
    for mate in (1, 2):
        _, with_errors, quality = fastq(tmp_path / "a" / f"sample_R{mate}.fastq.gz")
        _, without, _ = fastq(tmp_path / "b" / f"sample_R{mate}.fastq.gz")
        bases, true, phred = (np.frombuffer(b"".join(x), np.uint8) for x in (with_errors, without, quality))
        phred, wrong = phred - 33, bases != true
        assert set(np.unique(phred)) == {2, 12, 23, 37}
        assert (bases[phred == 2] == ord("N")).all()
        for bin_ in (12, 23, 37):
            chance, n = 10 ** (-bin_ / 10), int((phred == bin_).sum())
            assert wrong[phred == bin_].sum() == pytest.approx(
                chance * n, abs=4.5 * np.sqrt(chance * n) + 0.04 * chance * n
            )
        rates.append(wrong.mean())
        by_cycle = wrong.reshape(-1, 150).mean(axis=0)
        assert by_cycle[100:].mean() > 2 * by_cycle[:50].mean()
    assert 0.001 < rates[0] < rates[1] < 0.02


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(genomes, tmp_path):
    one = {"short": genomes["short"]}
    for folder, seed in (("a", 1), ("b", 1), ("c", 2)):
        simulation.reads(tmp_path / folder, one, {"short": 1}, n_pairs=500, seed=seed)
    a, b, c = ((tmp_path / folder / "sample_R1.fastq.gz").read_bytes() for folder in "abc")
    assert a == b != c
    assert a[4:8] == bytes(4)  # no time in the gzip header


def test_what_is_deleted_gives_no_reads(genomes, tmp_path):
    truth = simulation.reads(
        tmp_path, {"short": genomes["short"]}, {"short": 1}, n_pairs=3000, seed=1, error="none",
        deletions={"short": [("c0", 5001, 7000)]},
    )  # fmt: skip
    whole = read_genome("short", genomes["short"])
    seen = np.zeros(whole.length, dtype=bool)
    for mate in (1, 2):
        _, sequences, _ = fastq(tmp_path / f"sample_R{mate}.fastq.gz")
        for place in places(whole, sequences):
            if place is not None:  # reads over the junction lie nowhere in the whole genome
                seen[place[0] : place[0] + 150] = True
    assert not seen[5008:6992].any()  # a read over the junction may go on for some bases as the whole genome does
    assert seen[:5000].mean() > 0.95
    assert seen[7000:].mean() > 0.95
    assert truth["genomes"]["short"]["deleted"] == 2000
    assert truth["genomes"]["short"]["length"] == 18_000


def test_a_growing_genome_has_its_peak_at_the_origin(tmp_path):
    rng = np.random.default_rng(2)
    half = 50_000  # more C than G up to the origin in the middle, then more G than C
    one, two = (
        rng.choice(list("ACGT"), p=[0.25, 0.3, 0.2, 0.25], size=half),
        rng.choice(list("ACGT"), p=[0.25, 0.2, 0.3, 0.25], size=half),
    )
    path = tmp_path / "g.fna"
    path.write_text(">c\n" + "".join(one) + "".join(two) + "\n")
    genome = read_genome("g", path)
    assert origin(genome.letters) == pytest.approx(half, abs=2000)
    simulation.reads(tmp_path, {"g": path}, {"g": 1}, n_pairs=6000, seed=1, error="none", replication={"g": 3.0})
    at = np.array([place[0] for place in places(genome, fastq(tmp_path / "sample_R1.fastq.gz")[1]) if place])
    away = np.abs(at - origin(genome.letters)) / half
    counts = np.histogram(away, bins=5, range=(0, 1))[0]
    slope = np.polyfit(np.arange(5) / 5, np.log(counts), 1)[0]
    assert np.exp(-slope) == pytest.approx(3.0, rel=0.15)


def test_duplicates_are_copies_with_errors_of_their_own(genomes, tmp_path):
    options = {"n_pairs": 4000, "seed": 9, "duplicates": 0.25}
    simulation.reads(tmp_path / "a", {"long": genomes["long"]}, {"long": 1}, error="none", **options)
    pairs = list(zip(*(fastq(tmp_path / "a" / f"sample_R{mate}.fastq.gz")[1] for mate in (1, 2)), strict=True))
    assert len(set(pairs)) == pytest.approx(3000, abs=20)  # a few pairs are the same by chance


def test_short_fragments_are_read_on_into_the_adapter(genomes, tmp_path):
    simulation.reads(
        tmp_path, {"short": genomes["short"]}, {"short": 1}, n_pairs=300, seed=1, insert=100, insert_sd=0, error="none"
    )
    for mate, adapter in ((1, b"AGATCGGAAGAGCACACGTCTGAACTCCAGTCA"), (2, b"AGATCGGAAGAGCGTCGTGTAGGGAAAGAGTGT")):
        _, sequences, _ = fastq(tmp_path / f"sample_R{mate}.fastq.gz")
        assert {one[100:] for one in sequences} == {adapter.ljust(50, b"G")}
        assert None not in places(read_genome("short", genomes["short"]), [one[:100] for one in sequences])


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"abundance": {"other": 1}}, "not given"),
        ({"abundance": {"short": -1}}, "0 or more"),
        ({"abundance": {"short": 0}}, "0 or more"),
        ({"n_pairs": 0}, "n_pairs"),
        ({"host_fraction": 0.1}, "without a host"),
        ({"error": "much"}, "error is not known"),
        ({"name": "a/b"}, "name a file"),
        ({"deletions": {"short": [("c9", 1, 2)]}}, "no contig 'c9'"),
        ({"deletions": {"short": [("c0", 0, 2)]}}, "outside contig"),
        ({"deletions": {"other": []}}, "not among the genomes"),
        ({"replication": {"short": 0.5}}, "peak-to-trough"),
        ({"duplicates": 1.0}, "duplicates"),
    ],
)
def test_options_out_of_range_are_refused(genomes, tmp_path, options, said):
    given = {"abundance": {"short": 1}, "n_pairs": 10, "seed": 1} | options
    with pytest.raises(UsageError, match=said):
        simulation.reads(tmp_path, {"short": genomes["short"]}, given.pop("abundance"), **given)


@pytest.mark.parametrize("contents", [b"", b"@r\nACGT\n+\nFFFF\n", b">only a name\n", b"\x1f\x8b\x08broken"])
def test_a_file_that_is_no_genome_is_refused(tmp_path, contents):
    path = tmp_path / "x.fna"
    path.write_bytes(contents)
    with pytest.raises(FormatError):
        simulation.reads(tmp_path, {"x": path}, {"x": 1}, n_pairs=10, seed=1)


def test_a_study_of_reads_plants_what_it_says(genomes, tmp_path):
    given = {"long": genomes["long"], "short": genomes["short"]}
    study = simulation.read_study(tmp_path, given, households=6, n_pairs=400, changed=["short"], fold=3, presence=1)
    truth = json.loads((tmp_path / "truth.json").read_text())
    rows = [line.split("\t") for line in (tmp_path / "samples.tsv").read_text().splitlines()]
    sick = {row[0] for row in rows if row[4] == "patient"}
    assert len(rows) == 13
    assert len(sick) == 6
    ratio = {
        name: np.log2(facts["short"]["cells"] / facts["long"]["cells"]) for name, facts in truth["samples"].items()
    }
    households = [ratio[f"H{h:02d}P-stool"] - ratio[f"H{h:02d}M-stool"] for h in range(1, 7)]
    # the person's SD is 0.6 natural logs in each genome: SE of the mean difference is 2 × 0.6 / ln 2 / √6 = 0.71
    assert np.mean(households) == pytest.approx(-3, abs=3 * 0.71)
    for name in truth["samples"]:
        assert (tmp_path / "reads" / f"{name}_R2.fastq.gz").is_file()
    assert study == tmp_path / "study.toml"


def test_the_verb_takes_tables_of_abundances_and_deletions(genomes, tmp_path, capsys):
    from typer.testing import CliRunner

    from commensal.cli.app import app

    (tmp_path / "cells.tsv").write_text("genome\tabundance\tptr\nlong\t2\t1.5\nshort\t1\t\n")
    (tmp_path / "cuts.tsv").write_text("genome\tcontig\tstart\tend\nshort\tc0\t1\t500\n")
    words = ["simulate", "reads", "--genomes", str(genomes["long"].parent), "--out", str(tmp_path), "--pairs", "200"]
    tables = ["--abundance", str(tmp_path / "cells.tsv"), "--deletions", str(tmp_path / "cuts.tsv")]
    done = CliRunner().invoke(app, [*words, *tables, "--name", "s1"])
    assert done.exit_code == 0, done.output
    truth = json.loads((tmp_path / "s1_truth.json").read_text())
    assert truth["options"]["replication"] == {"long": 1.5}
    assert truth["genomes"]["short"]["deleted"] == 500
    assert set(truth["genomes"]) == {"long", "short"}
    (tmp_path / "cells.tsv").write_text("genome\tcells\nlong\t2\n")
    done = CliRunner().invoke(app, [*words, *tables])
    assert "lacks columns" in str(done.exception)
