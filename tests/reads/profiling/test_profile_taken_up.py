"""A finished profile of the same is not made again; an unfinished one, or one of anything else, is."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time

import pandas as pd
import pytest
from typer.testing import CliRunner

from commensal import profile
from commensal.cli.app import app

from .conftest import pairs

pytest.importorskip("pysylph")


@pytest.fixture(scope="module")
def files(genomes, write):
    return write(pairs(genomes, {"alpha_1": 5.0, "beta": 3.0}, seed=9), "kept")


@pytest.fixture(scope="module")
def made(files, reference, tmp_path_factory):
    return profile(*files, reference=reference, out=tmp_path_factory.mktemp("kept"), sample="S1")


@pytest.fixture
def there(made, tmp_path):
    """A copy of the finished profile; its folder's parent is what --out was."""
    shutil.copytree(made.folder, tmp_path / "S1", ignore=shutil.ignore_patterns(".*"))
    return tmp_path


def test_the_same_again_is_not_run_and_gives_the_same(made, there, files, reference):
    before = {path.name: (path.stat().st_mtime_ns, path.read_bytes()) for path in (there / "S1").glob("[a-z]*.*")}
    again = profile(*files, reference=reference, out=there, sample="S1")
    assert again.taken_up
    assert not made.taken_up
    for name in ("taxa", "lineage", "functions"):
        pd.testing.assert_frame_equal(getattr(again, name), getattr(made, name))
    assert again.genes is made.genes is None
    assert again.quality == json.loads(json.dumps(made.quality))
    now = {path.name: (path.stat().st_mtime_ns, path.read_bytes()) for path in (there / "S1").glob("[a-z]*.*")}
    assert {name: now[name] for name in before} == before
    assert "nothing was run" in again.sentences()[-1]
    fresh = profile(*files, reference=reference, out=there, sample="S1", fresh=True)
    assert not fresh.taken_up
    pd.testing.assert_frame_equal(fresh.taxa, made.taxa)


def test_the_verb_says_that_nothing_was_run(there, files, reference):
    words = ["profile", *map(str, files), "--reference", str(reference), "--out", str(there), "--sample", "S1"]
    said = CliRunner().invoke(app, words, catch_exceptions=False)
    assert said.exit_code == 0
    assert "nothing was run" in said.output
    said = CliRunner().invoke(app, [*words, "--fresh"], catch_exceptions=False)
    assert "nothing was run" not in said.output
    assert "written: " in said.output


@pytest.mark.parametrize(
    "change", [{"quality": 20}, {"min_length": 50}, {"adapter": ("ACGTACGTACGTACGTTT",)}, {"seed": 2}]
)
def test_another_setting_is_run(there, files, reference, change):
    assert not profile(*files, reference=reference, out=there, sample="S1", **change).taken_up


def test_other_reads_are_run(there, files, reference, genomes, write):
    other = write(pairs(genomes, {"beta": 4.0}, seed=10), "other")
    assert not profile(*other, reference=reference, out=there, sample="S1").taken_up
    assert not profile(files[0], reference=reference, out=there, sample="S1").taken_up


@pytest.mark.parametrize("gone", ["quality.json", "taxa.parquet", "functions.parquet"])
def test_what_is_unfinished_or_damaged_is_never_taken_for_finished(made, there, files, reference, gone):
    (there / "S1" / gone).unlink()
    again = profile(*files, reference=reference, out=there, sample="S1")
    assert not again.taken_up
    pd.testing.assert_frame_equal(again.taxa, made.taxa)
    (there / "S1" / gone).write_bytes(b"{")
    assert not profile(*files, reference=reference, out=there, sample="S1").taken_up


def test_a_table_that_was_edited_is_not_taken_up(made, there, files, reference):
    table = pd.read_parquet(there / "S1" / "taxa.parquet")
    table.assign(reads=table["reads"] + 1).to_parquet(there / "S1" / "taxa.parquet", index=False)
    again = profile(*files, reference=reference, out=there, sample="S1")
    assert not again.taken_up
    pd.testing.assert_frame_equal(again.taxa, made.taxa)


@pytest.mark.parametrize("gone", ["genes", "growth"])
def test_a_mapping_profile_without_what_mapping_gives_is_not_taken_up(tmp_path, files, reference, gone):
    pytest.importorskip("mappy")
    first = profile(*files, reference=reference, out=tmp_path, sample="S1", mode="mapping")
    assert profile(*files, reference=reference, out=tmp_path, sample="S1", mode="mapping").taken_up
    (tmp_path / "S1" / f"{gone}.parquet").unlink()
    again = profile(*files, reference=reference, out=tmp_path, sample="S1", mode="mapping")
    assert not again.taken_up
    pd.testing.assert_frame_equal(getattr(again, gone), getattr(first, gone))


@pytest.mark.parametrize("after", [0.6, 1.2])
def test_a_killed_profile_is_begun_anew(made, tmp_path, files, reference, after):
    words = [sys.executable, "-m", "commensal", "profile", *map(str, files), "--reference", str(reference)]
    words += ["--out", str(tmp_path), "--sample", "S1"]
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(after)
    process.send_signal(signal.SIGKILL)
    process.wait()
    if not (tmp_path / "S1" / "quality.json").is_file():
        again = profile(*files, reference=reference, out=tmp_path, sample="S1")
        assert not again.taken_up
        pd.testing.assert_frame_equal(again.taxa, made.taxa)
    assert profile(*files, reference=reference, out=tmp_path, sample="S1").taken_up
    assert not list((tmp_path / "S1").glob(".*.tmp"))
