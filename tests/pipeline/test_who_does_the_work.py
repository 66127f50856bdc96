"""One process, two, or two Dask workers: the same bytes of every table, shuffles included."""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

import commensal
from commensal import simulation
from commensal.cli.app import app

pytest.importorskip("distributed")

TABLES = ("estimates.parquet", "points.parquet", "claims.parquet")
SCREEN = '\n[questions.screen]\nkind = "screen"\ncontrast = "strains"\nblock = ["cage"]\n'


def hashes(folder: Path) -> dict[str, str]:
    return {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in TABLES}


def crew_of(folder: Path) -> dict[str, object]:
    lines = [json.loads(line) for line in (folder / "run.jsonl").read_text().splitlines()]
    return next(line for line in lines if line["event"] == "crew")


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("study")
    study = simulation.mediators_study(folder, seed=3, cages=3, animals=2, strains=1, molecules=30, falls=2, rises=2)
    study.write_text(study.read_text() + SCREEN)
    return study


@pytest.fixture(scope="module")
def alone(study: Path) -> dict[str, str]:
    out = study.parent / "alone"
    commensal.run(study, out, shuffle=3)
    assert crew_of(out)["workers"] == 1
    return hashes(out)


def test_two_processes_write_the_same_bytes(study: Path, alone: dict[str, str], tmp_path: Path) -> None:
    words = ["run", str(study), "--out", str(tmp_path), "--shuffle", "3", "--workers", "2", "--memory", "2GB"]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    assert hashes(tmp_path) == alone
    assert crew_of(tmp_path)["workers"] in {1, 2}  # as many as fit


def test_two_dask_workers_write_the_same_bytes(
    study: Path, alone: dict[str, str], dask_cluster: str, tmp_path: Path
) -> None:
    commensal.run(study, tmp_path / "out", shuffle=3, cluster=dask_cluster)
    assert hashes(tmp_path / "out") == alone
    assert crew_of(tmp_path / "out")["workers"] == 2


def test_without_dask_the_error_says_what_to_install(
    study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    done = CliRunner().invoke(app, ["run", str(study), "--out", str(tmp_path), "--cluster", "tcp://127.0.0.1:9"])
    assert isinstance(done.exception, commensal.CommensalError)
    assert "commensal[cluster]" in str(done.exception)
