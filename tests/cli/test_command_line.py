"""The command line as a user meets it: exit codes, messages, what is printed where."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from commensal import __version__, simulation
from commensal.cli import main


def commensal(*words: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "PYTHONWARNINGS": "error::DeprecationWarning:commensal"}
    command = [sys.executable, "-m", "commensal", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=cwd, env=env)


@pytest.fixture(scope="module")
def study(tmp_path_factory) -> Path:
    return simulation.cohort(tmp_path_factory.mktemp("study"), seed=3)


def test_version_and_help():
    assert commensal("--version").stdout == f"commensal {__version__}\n"
    out = commensal("--help").stdout
    assert all(verb in out for verb in ("demo", "init", "check", "run"))


def test_usage_errors_exit_with_2(study):
    assert commensal("fly").returncode == 2
    assert commensal("run", str(study)).returncode == 2
    done = commensal("run", str(study), "--out", str(study.parent / "x"), "--only", "patient")
    assert done.returncode == 2
    assert "--only" in done.stderr


def test_a_missing_study_file_exits_with_1_and_mends(tmp_path):
    done = commensal("check", str(tmp_path / "no.toml"))
    assert done.returncode == 1
    assert "no such study file" in done.stderr
    assert "mend:" in done.stderr
    assert "Traceback" not in done.stderr


def test_check_prints_json(study):
    done = commensal("check", str(study), "--json")
    assert done.returncode == 0, done.stderr
    findings = json.loads(done.stdout)
    assert all({"code", "severity", "where", "message", "mend"} <= set(finding) for finding in findings)


def test_run_writes_the_folder_and_prints_where_the_page_is(study, tmp_path):
    done = commensal("run", str(study), "--out", str(tmp_path / "out"))
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert "report.html" in done.stdout
    written = {path.name for path in (tmp_path / "out").iterdir()}
    tables = {"estimates.parquet", "points.parquet", "report.html", "figures", "run.jsonl", ".commensal"}
    assert written == tables | {
        "checklists.tsv",
        "findings.json",
        "methods.bib",
        "ro-crate-metadata.json",
        "study-as-run.toml",
    }


def test_an_output_folder_that_is_a_file_exits_with_1(study, tmp_path):
    (tmp_path / "out").write_text("")
    done = commensal("run", str(study), "--out", str(tmp_path / "out"))
    assert done.returncode == 1
    assert "--out" in done.stderr


def test_a_negative_seed_is_a_usage_error(tmp_path):
    done = commensal("demo", "--seed", "-1", "--out", str(tmp_path / "demo"))
    assert done.returncode == 2
    assert "--seed" in done.stderr


def test_ctrl_c_says_that_it_stopped(monkeypatch, capsys):
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("commensal.pipeline.check", stop)
    monkeypatch.setattr(sys, "argv", ["commensal", "check", "study.toml"])
    with pytest.raises(SystemExit) as left:
        main()
    assert left.value.code == 130
    said = "commensal: stopped by Ctrl-C: run the same command again, it begins anew\n"
    assert capsys.readouterr().err == said
