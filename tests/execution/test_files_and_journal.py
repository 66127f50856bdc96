"""Files written whole, hashes, and the journal."""

from __future__ import annotations

import json

import pytest

from commensal.errors import OutputError
from commensal.execution import Journal, folder, sha256, versions, whole


def test_a_file_appears_whole_or_not_at_all(tmp_path):
    target = tmp_path / "a.txt"
    target.write_text("old")
    with pytest.raises(RuntimeError, match="half way"), whole(target) as path:
        path.write_text("new")
        raise RuntimeError("half way")
    assert target.read_text() == "old"
    with whole(target) as path:
        path.write_text("new")
    assert target.read_text() == "new"
    assert [file.name for file in tmp_path.iterdir()] == ["a.txt"]


def test_sha256_is_that_of_the_standard(tmp_path):
    file = tmp_path / "abc"
    file.write_bytes(b"abc")  # the test vector of FIPS 180-2
    assert sha256(file) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_a_file_in_place_of_the_folder_is_a_clear_error(tmp_path):
    (tmp_path / "out").write_text("")
    with pytest.raises(OutputError, match="--out"):
        folder(tmp_path / "out")


def test_the_journal_keeps_what_happened_also_when_it_fails(tmp_path):
    with pytest.raises(ValueError, match="oh"), Journal(tmp_path / "run.jsonl") as journal:
        journal.event("start", versions=versions())
        raise ValueError("oh")
    lines = [json.loads(line) for line in (tmp_path / "run.jsonl").read_text().splitlines()]
    assert [line["event"] for line in lines] == ["start", "failed"]
    assert lines[0]["versions"]["numpy"]
    assert "oh" not in str(lines[1])  # it may name a person: the verb prints it
    assert lines[0]["seconds"] <= lines[1]["seconds"]
