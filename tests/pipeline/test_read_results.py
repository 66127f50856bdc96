"""A run's folder, read again: what ``run`` returned, bit for bit, or one clear error."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest

import commensal
from commensal import execution, simulation
from commensal.errors import OutputError, UsageError
from commensal.pipeline.results import SAID, write_said
from commensal.tables import Finding

TABLES = ("estimates", "points", "claims")
SCREEN = '\n[questions.screen]\nkind = "screen"\ncontrast = "strains"\nblock = ["cage"]\n'


@pytest.fixture(scope="module")
def people(tmp_path_factory):
    out = tmp_path_factory.mktemp("people")
    return commensal.run(simulation.cohort(out / "study", seed=1, households=12, species=20, molecules=12), out / "out")


@pytest.fixture
def copy(people, tmp_path):
    """A copy as one passes it on: without what runs keep for the next one."""
    return Path(shutil.copytree(people.folder, tmp_path / "copy", ignore=shutil.ignore_patterns(execution.KEPT)))


def same(one, two):
    for name in TABLES:
        pd.testing.assert_frame_equal(getattr(one, name), getattr(two, name), check_exact=True)
    assert one.findings == two.findings
    assert one.headlines == two.headlines
    assert repr(one) == repr(two).replace(str(two.folder), str(one.folder))


def sealed(folder: Path, name: str) -> None:
    """Enter the bytes of a file that the test wrote into the crate."""
    path = folder / execution.CRATE
    held = json.loads(path.read_text())
    for one in held["@graph"]:
        if one["@id"] == name:
            one["sha256"] = execution.sha256(folder / name)
    path.write_text(json.dumps(held))


def test_the_folder_says_what_the_run_returned(people):
    again = commensal.read_results(people.folder)
    same(people, again)
    assert (again.folder, again.report) == (people.folder, people.report)
    assert len(again.findings) > 3
    assert again.headlines


def test_a_copy_without_what_is_kept_says_it_too(people, copy):
    assert not (copy / execution.KEPT).exists()
    same(people, commensal.read_results(copy))


def test_a_run_that_has_nothing_to_do_returns_it(people):
    study = people.folder.parent / "study" / "study.toml"
    before = (people.folder / execution.CRATE).read_bytes()
    same(people, commensal.run(study, people.folder))
    assert (people.folder / execution.CRATE).read_bytes() == before


def test_claims_are_read(tmp_path):
    study = simulation.mediators_study(tmp_path, seed=3, molecules=40, falls=4, rises=4, mutant=True)
    study.write_text(study.read_text() + SCREEN)
    first = commensal.run(study, tmp_path / "out")
    assert len(first.claims)
    same(first, commensal.read_results(tmp_path / "out"))
    (tmp_path / "out" / "claims.parquet").unlink()
    with pytest.raises(OutputError, match=r"claims\.parquet is not what the run wrote"):
        commensal.read_results(tmp_path / "out")


def test_a_private_folder_is_enough(tmp_path):
    study = simulation.cohort(tmp_path / "study", seed=2, households=8, species=15, molecules=12)
    first = commensal.run(study, tmp_path / "out", private=True)
    shutil.rmtree(execution.own_place(tmp_path / "out"))
    same(first, commensal.read_results(tmp_path / "out"))


def test_a_folder_of_something_else_is_refused(people, tmp_path):
    for folder, words in ((tmp_path / "none", "no such folder"), (tmp_path, "no crate"), (people.report, "no such")):
        with pytest.raises(UsageError, match=words) as refused:
            commensal.read_results(folder)
        assert refused.value.mend


def test_a_run_that_was_stopped_is_refused(copy):
    (copy / execution.CRATE).unlink()
    with pytest.raises(UsageError, match="a run that was stopped leaves no crate"):
        commensal.read_results(copy)


@pytest.mark.parametrize("name", ["estimates.parquet", "points.parquet", SAID, "report.html"])
def test_a_file_that_is_missing_or_damaged_is_refused(copy, name):
    whole = (copy / name).read_bytes()
    for bytes_ in (whole[: len(whole) // 2], whole[:-1] + b"x", b""):
        (copy / name).write_bytes(bytes_)
        with pytest.raises(OutputError, match=f"{name} is not what the run wrote") as refused:
            commensal.read_results(copy)
        assert refused.value.found
        assert refused.value.expected
        assert refused.value.mend
    (copy / name).unlink()
    with pytest.raises(OutputError, match="no such file"):
        commensal.read_results(copy)


def test_claims_put_beside_a_run_without_any_are_refused(copy):
    shutil.copy(copy / "points.parquet", copy / "claims.parquet")
    with pytest.raises(OutputError, match="not among the files that the run wrote"):
        commensal.read_results(copy)


@pytest.mark.parametrize("change", ["more", "fewer", "order"])
def test_columns_of_another_version_are_refused(copy, change):
    path = copy / "estimates.parquet"
    frame = pd.read_parquet(path)
    if change == "more":
        frame = frame.assign(e_value=1.0)
    elif change == "fewer":
        frame = frame.drop(columns="q")
    else:
        frame = frame[frame.columns[::-1]]
    frame.to_parquet(path)
    sealed(copy, path.name)
    with pytest.raises(OutputError, match="other columns than this version") as refused:
        commensal.read_results(copy)
    assert {"more": "has e_value", "fewer": "lacks q", "order": "another order"}[change] in refused.value.found


def test_a_parquet_that_is_none_and_fewer_rows_than_said_are_refused(copy):
    path = copy / "estimates.parquet"
    pd.read_parquet(path).head(3).to_parquet(path)
    sealed(copy, path.name)
    with pytest.raises(OutputError, match="fewer rows than the run said"):
        commensal.read_results(copy)
    path.write_bytes(b"not a table")
    sealed(copy, path.name)
    with pytest.raises(OutputError, match=r"estimates\.parquet cannot be read"):
        commensal.read_results(copy)


@pytest.mark.parametrize("text", ["{}", "[]", '{"format": 2}', '{"format": 1, "findings": [{"code": 1}]}', "\x00"])
def test_what_a_run_said_in_another_form_is_refused(copy, text):
    (copy / SAID).write_text(text)
    sealed(copy, SAID)
    with pytest.raises(OutputError, match="cannot be read as what a run said"):
        commensal.read_results(copy)


def test_numbers_that_are_none_and_odd_names_are_kept(tmp_path):
    odd = Finding("one_cage", "warning", "a\udce9 \u202e", 'says "so"\n', "mend", counts={"n": 3.0, "x": float("nan")})
    write_said(tmp_path, ["é"], [odd], 0)
    told = json.loads((tmp_path / SAID).read_text())["findings"][0]
    assert told["where"] == odd.where
    assert told["counts"] == {"n": 3.0, "x": None}
