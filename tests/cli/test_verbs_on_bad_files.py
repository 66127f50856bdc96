"""Every verb on files and folders that are not what they should be: a sentence and exit 1 or 2, never a traceback."""

from __future__ import annotations

import gzip
import io
import random
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from commensal import simulation
from commensal.cli import main

FASTA = ">c1\n" + "".join(random.Random(1).choices("ACGT", k=30_000)) + "\n"
FASTQ = "".join(f"@r{i}\n{FASTA[4 + 90 * i : 94 + 90 * i]}\n+\n{'I' * 90}\n" for i in range(40))


def _zip() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("../../escaped.txt", "x")
    return out.getvalue()


#: Contents that no reader of ours is for.
BAD: dict[str, bytes] = {
    "empty": b"",
    "blank": b"\n \t\r\n\n",
    "nul": b"\0" * 500,
    "noise": random.Random(2).randbytes(3000),
    "utf-16": "sample\tlabel\nS1\ta\n".encode("utf-16"),
    "latin-1": "sample\tlabel\nS1\tjalapeño\n".encode("latin-1"),
    "cut gzip": gzip.compress(FASTA.encode() * 3)[:200],
    "gzip of noise": gzip.compress(random.Random(3).randbytes(3000)),
    "zip": _zip(),
    "picture": b"\x89PNG\r\n\x1a\n" + bytes(100),
    "workbook cut": b"PK\x03\x04" + bytes(60),
    "hdf5 cut": b"\x89HDF\r\n\x1a\n" + bytes(80),
    "parquet cut": b"PAR1" + bytes(40) + b"PAR1",
    "page": b"<!doctype html><html><script>alert(1)</script></html>",
    "deep": b"[" * 100_000,
    "json": b'{"format": 1, "files": [], "claims": 3, "planted": null, "seed": 1e999}',
    "json of another kind": b'[{"a": [1, 2, {"b": null}]}]',
    "one quote": b'sample\tlabel\nS1\t"a\nS2\tb\n',
    "ragged": b"sample\tlabel\nS1\nS2\ta\tb\tc\n",
    "escape": b"sample\t\x1b]0;owned\x07label\nS1\t\x1b[31ma\n",
}


@pytest.fixture
def told(monkeypatch, capsys) -> Callable[..., tuple[int, str]]:
    """Run the command line; return its exit code and everything that it said."""

    def run(*words: object) -> tuple[int, str]:
        monkeypatch.delenv("COMMENSAL_DEBUG", raising=False)
        monkeypatch.setattr("sys.argv", ["commensal", *map(str, words)])
        capsys.readouterr()
        code: object = 0
        try:
            main()
        except SystemExit as left:
            code = left.code
        said = capsys.readouterr()
        return int(code or 0), said.out + said.err  # type: ignore[call-overload]

    return run


@pytest.fixture
def refused(told, tmp_path) -> Callable[..., str]:
    """Run the command line, which must refuse in words that a terminal can show."""

    def run(*words: object) -> str:
        code, said = told(*words)
        assert code in (1, 2), (code, said)
        assert said.strip()
        assert "Traceback" not in said
        assert "fault of ours" not in said
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f]", said), repr(said)
        assert len(said) < 8000
        assert not (tmp_path.parent / "escaped.txt").exists()
        return said

    return run


@pytest.fixture(params=BAD, ids=lambda name: name.replace(" ", "-"))
def bad(request, tmp_path) -> Callable[[str], Path]:
    """Write the bad contents under a name."""

    def make(name: str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(BAD[request.param])
        return path

    return make


@pytest.fixture(scope="module")
def cohort(tmp_path_factory) -> Path:
    return simulation.cohort(tmp_path_factory.mktemp("cohort"), seed=1).parent


@pytest.fixture(scope="module")
def genomes(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("genomes")
    (folder / "good.fna").write_text(FASTA)
    return folder


@pytest.fixture(scope="module")
def reference(genomes, tmp_path_factory) -> Path:
    import commensal

    out = tmp_path_factory.mktemp("built") / "reference"
    commensal.reference.build([genomes], out)
    return out


def test_init_from_two_bad_files(bad, refused, tmp_path):
    meta, table = bad("meta.tsv"), bad("table.tsv")
    words = ("--column", "label", "--case", "a", "--control", "b")
    said = refused("init", tmp_path / "new", "--samples", meta, "--table", table, *words)
    assert "meta.tsv" in said or "table.tsv" in said
    assert not (tmp_path / "new" / "study.toml").exists()


@pytest.mark.parametrize("wrong", ["samples", "table"])
def test_init_from_one_bad_file(bad, refused, cohort, tmp_path, wrong):
    files = {"samples": cohort / "samples.tsv", "table": cohort / "species.tsv"} | {wrong: bad("wrong.tsv")}
    said = refused("init", tmp_path / "new", "--samples", files["samples"], "--table", files["table"])
    assert "wrong.tsv" in said
    assert not (tmp_path / "new" / "study.toml").exists()


@pytest.mark.parametrize("verb", ["check", "run"])
def test_a_bad_study_file(bad, refused, tmp_path, verb):
    out = ("--out", tmp_path / "out") if verb == "run" else ()
    assert "study.toml" in refused(verb, bad("study.toml"), *out)
    assert not (tmp_path / "out" / "report.html").exists()


@pytest.mark.parametrize("verb", ["check", "run"])
@pytest.mark.parametrize("file", ["samples.tsv", "people.tsv", "species.tsv", "tree.nwk", "serum_features.tsv"])
def test_a_study_with_one_bad_file(bad, refused, cohort, tmp_path, verb, file):
    folder = tmp_path / "study"
    folder.mkdir()
    for path in cohort.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    bad(f"study/{file}")
    out = ("--out", tmp_path / "out") if verb == "run" else ()
    assert file in refused(verb, folder / "study.toml", *out)
    assert not (tmp_path / "out" / "report.html").exists()


def test_results_that_are_none(bad, refused, tmp_path, cohort):
    for name in ("claims.parquet", "estimates.parquet", "points.parquet", "run.jsonl"):
        bad(f"out/{name}")
    assert "claims.parquet" in refused("claims", tmp_path / "out")
    assert "parquet" in refused("score", tmp_path / "out", cohort / "truth.json")
    refused("claims", bad("file"))
    refused("score", bad("file"), cohort / "truth.json")


def test_a_truth_that_is_none(bad, refused, tmp_path):
    from commensal.tables import estimates, write_estimates

    (tmp_path / "out").mkdir()
    write_estimates(estimates(), tmp_path / "out" / "estimates.parquet")
    said = refused("score", tmp_path / "out", bad("truth.json"))
    assert "truth" in said


def test_a_reference_that_is_none(bad, refused, tmp_path, genomes):
    (tmp_path / "reads.fq").write_text(FASTQ)
    bad("ref/manifest.json")
    for words in (
        ("reference", "info", tmp_path / "ref"),
        ("reference", "check", tmp_path / "ref"),
        ("reference", "add", tmp_path / "ref", genomes),
        ("profile", tmp_path / "reads.fq", "--reference", tmp_path / "ref", "--out", tmp_path / "out"),
    ):
        assert "manifest" in refused(*words)


def test_reads_that_are_none(bad, refused, reference, tmp_path):
    for name in ("reads.fq", "reads.fastq.gz"):
        said = refused("profile", bad(name), "--reference", reference, "--out", tmp_path / "out")
        assert name in said
    assert not list((tmp_path / "out").rglob("*.parquet"))


@pytest.mark.parametrize("what", ["genomes", "--taxonomy", "--host"])
def test_a_reference_of_bad_files(bad, refused, genomes, tmp_path, what):
    out = tmp_path / "built"
    wrong = bad("given/wrong.fna") if what != "--taxonomy" else bad("given/wrong.tsv")
    words = (wrong.parent,) if what == "genomes" else (genomes, what, wrong)
    said = refused("reference", "build", *words, "--out", out)
    assert wrong.name in said or "given" in said
    assert not (out / "manifest.json").exists()


@pytest.mark.parametrize("option", ["--abundance", "--deletions"])
def test_reads_simulated_from_bad_tables(bad, refused, genomes, tmp_path, option):
    out = tmp_path / "simulated"
    said = refused("simulate", "reads", "--genomes", genomes, "--out", out, "--pairs", 10, option, bad("wrong.tsv"))
    assert "wrong.tsv" in said


def test_reads_simulated_from_bad_genomes(bad, refused, tmp_path):
    said = refused("simulate", "reads", "--genomes", bad("g/wrong.fna").parent, "--out", tmp_path / "o", "--pairs", 10)
    assert "wrong" in said


@pytest.mark.parametrize(
    "words",
    [
        "simulate als --small --out", "simulate null --small --out", "simulate cohort --out", "simulate animal --out",
        "simulate mediators --molecules 130 --out", "demo --out", "init --like cohort",
    ],
)  # fmt: skip
def test_a_file_where_a_folder_is_written(refused, tmp_path, words):
    file = tmp_path / "taken"
    file.write_text("mine")
    assert "taken" in refused(*words.split(), file)
    assert "taken" in refused(*words.split(), file / "below")
    assert file.read_text() == "mine"


def test_a_file_where_results_are_written(refused, tmp_path, cohort, genomes, reference):
    file = tmp_path / "taken"
    file.write_text("mine")
    (tmp_path / "reads.fq").write_text(FASTQ)
    for words in (
        ("run", cohort / "study.toml"),
        ("profile", tmp_path / "reads.fq", "--reference", reference),
        ("reference", "build", genomes),
        ("simulate", "reads", "--genomes", genomes, "--pairs", 10),
    ):
        assert "taken" in refused(*words, "--out", file)
    assert file.read_text() == "mine"


@pytest.mark.parametrize(
    "name", ["../up", "a/b", "..", ".", "", "x\0y", "a\\b", "/tmp/abs", "CON", "\x1b[31m", "x" * 300]
)
def test_a_sample_whose_name_is_a_path(refused, reference, genomes, tmp_path, name):
    (tmp_path / "reads.fq").write_text(FASTQ)
    out = tmp_path / "deep" / "out"
    refused("profile", tmp_path / "reads.fq", "--reference", reference, "--out", out, "--sample", name)
    refused("simulate", "reads", "--genomes", genomes, "--pairs", 10, "--out", out, "--name", name)
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["reads.fq"]
