"""Folders of several files: all of one run or all of the other, whatever stops the writing."""

from __future__ import annotations

import errno
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from commensal import execution, page, plan, simulation
from commensal.errors import OutputError
from commensal.execution import MIXED, together
from commensal.pipeline.export import export

EXPORT = [sys.executable, "-m", "commensal", "export", "study/study.toml", "--out", "out"]


def held(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def old(tmp_path):
    folder = tmp_path / "out"
    with together(folder) as new:
        (new / "figures").mkdir()
        for name in ("a.txt", "b.txt", "figures/1.svg", "figures/2.svg"):
            (new / name).write_text("old")
    return folder


def write(new: Path) -> None:
    (new / "figures").mkdir()
    for name in ("a.txt", "b.txt", "c.txt", "figures/1.svg"):
        (new / name).write_text("new")


def test_they_take_their_places_together_and_what_is_stale_goes(old):
    with together(old, stale=("figures/*.svg",)) as new:
        write(new)
        assert set(held(old).values()) == {b"old", b"new"}
        assert all(content == b"old" for name, content in held(old).items() if not name.startswith(".new"))
    assert held(old) == dict.fromkeys(("a.txt", "b.txt", "c.txt", "figures/1.svg"), b"new")


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt(), ValueError()])
def test_whatever_stops_the_writing_leaves_the_folder_as_it_was(old, error):
    before = held(old)
    with pytest.raises((OutputError, KeyboardInterrupt, ValueError)), together(old) as new:
        write(new)
        raise error
    assert held(old) == before


@pytest.mark.parametrize("at", range(4))
def test_a_process_that_is_killed_between_two_files_leaves_word_and_the_next_finishes(old, monkeypatch, at):
    replace, done = Path.replace, []

    def stopped(self, target):
        if Path(target).name != MIXED:
            if len(done) == at:
                raise KeyboardInterrupt
            done.append(self.name)
        return replace(self, target)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt), together(old) as new:
        write(new)
        patch.setattr(Path, "replace", stopped)
    now = held(old)
    assert MIXED in now
    with together(old) as new:
        write(new)
    assert MIXED not in held(old)
    assert {name: held(old)[name] for name in ("a.txt", "b.txt", "c.txt")} == dict.fromkeys(
        ("a.txt", "b.txt", "c.txt"), b"new"
    )


def test_what_a_killed_process_had_begun_is_tidied_up(tmp_path):
    left = tmp_path / f".new.{execution.files.host_letters()}-99999999.tmp"
    left.mkdir()
    (left / "a.txt").touch()
    with together(tmp_path) as new:
        (new / "b.txt").touch()
    assert [path.name for path in tmp_path.iterdir()] == ["b.txt"]


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    folder = tmp_path_factory.mktemp("study")
    simulation.cohort(folder / "study", seed=1, households=8)
    export(folder / "study" / "study.toml", folder / "out")
    return folder


@pytest.mark.parametrize("limit", [300, 30_000])
def test_an_export_onto_a_full_disk_leaves_the_earlier_one(study, limit):
    before = held(study / "out")
    done = subprocess.run(
        EXPORT,
        check=False,
        cwd=study,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},  # Python would leave half a compiled file of a library
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "cannot be written" in done.stderr
    assert ".new." not in done.stderr
    assert held(study / "out") == before


@pytest.mark.parametrize(("way", "after"), [("SIGTERM", 1.5), ("SIGKILL", 2.5)])
def test_an_export_that_is_ended_leaves_one_whole_export(study, way, after):
    before = held(study / "out")
    process = subprocess.Popen(EXPORT, cwd=study, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    time.sleep(after)
    process.send_signal(getattr(signal, way))
    said = process.communicate()[1]
    assert "Traceback" not in said
    now = {name: content for name, content in held(study / "out").items() if not name.startswith(".new.")}
    assert MIXED in now or now.keys() == before.keys()
    assert process.returncode in (0, 143, -9)


def test_a_plan_that_cannot_be_written_leaves_the_earlier_one(study, tmp_path, monkeypatch):
    words = {"studies": 2, "permutations": 99, "grow": ("household=8",), "features": 4}
    plan(study / "study" / "study.toml", out=tmp_path / "plan", **words)
    before = held(tmp_path / "plan")
    assert {"plan.html", "plan.json", "plan.parquet", "needed.parquet"} <= set(before)

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(page, "write_plan", full)
    with pytest.raises(OutputError, match="No space left"):
        plan(study / "study" / "study.toml", out=tmp_path / "plan", seed=2, **words)
    assert held(tmp_path / "plan") == before
