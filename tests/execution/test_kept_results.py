"""Entries that are kept, a folder that one run holds, and what a killed process leaves."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from commensal.errors import OutputError
from commensal.execution import Store, digest, locked, sweep


def test_an_entry_comes_back_as_it_was(tmp_path):
    store = Store(tmp_path)
    store.put("ab", {"step": "one"}, {"a": b"\x00\n1", "b": b""})
    found = store.get("ab")
    assert found.parts == {"a": b"\x00\n1", "b": b""}
    assert store.latest("step", "one") == {"step": "one"}
    assert store.get("cd") is None


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(at=st.integers(0, 10_000), how=st.sampled_from(["flip", "cut", "insert", "empty"]))
def test_a_damaged_entry_is_no_entry(tmp_path, at, how):
    damaged = []
    store = Store(tmp_path, damaged.append)
    store.put("ab", {"step": "one"}, {"a": b"some bytes" * 20})
    path = store.path("ab")
    content = bytearray(path.read_bytes())
    at %= len(content)
    if how == "flip":
        content[at] ^= 1
    elif how == "cut":
        del content[at:]
    elif how == "insert":
        content.insert(at, 0)
    else:
        content.clear()
    path.write_bytes(bytes(content))
    assert store.get("ab") is None
    assert damaged == ["ab"]
    assert not path.exists()


def test_an_entry_under_another_name_is_no_entry(tmp_path):
    store = Store(tmp_path)
    store.put("ab", {}, {})
    store.path("ab").rename(store.path("cd"))
    assert store.get("cd") is None


def test_what_the_last_runs_did_not_use_is_removed(tmp_path):
    store = Store(tmp_path)
    for run in range(8):
        store.put(f"{run}", {}, {})
        store.used([f"{run}"])
    assert sorted(path.stem for path in tmp_path.glob("*.entry")) == ["3", "4", "5", "6", "7"]


def test_two_runs_exclude_each_other_and_the_second_is_told_whom_it_waits_for(tmp_path):
    code = (
        "import sys; from pathlib import Path; from commensal.execution import locked\n"
        "with locked(Path(sys.argv[1])): print('held', flush=True); sys.stdin.read()"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert other.stdout.readline() == "held\n"
    with pytest.raises(OutputError, match=f"process {other.pid}, on .*, since"), locked(tmp_path):
        pass
    other.kill()  # the lock ends with its process
    other.wait()
    other.stdin.close()
    other.stdout.close()
    with locked(tmp_path), pytest.raises(OutputError, match="another run"), locked(tmp_path):
        pass
    with locked(tmp_path):
        pass


def test_without_locks_a_file_stands_for_one(tmp_path, monkeypatch):
    import platform

    monkeypatch.setattr("commensal.execution.lock._SYSTEM_LOCKS", False)
    with locked(tmp_path) as hidden:
        assert (hidden / "running").is_file()
    mark = tmp_path / ".commensal" / "running"
    mark.write_text(json.dumps({"pid": 99_999_999, "host": platform.node()}))  # dead, of this machine
    with locked(tmp_path):
        pass
    mark.write_text(json.dumps({"pid": 1, "host": "another machine"}))
    with pytest.raises(OutputError, match="another machine"), locked(tmp_path):
        pass


def test_only_what_dead_processes_left_is_swept(tmp_path):
    names = [f".a.{os.getpid()}.tmp", ".a.99999999.tmp", ".b.0123abcd-1.tmp", "notes.tmp"]
    for name in names:
        (tmp_path / name).touch()
    assert sweep(tmp_path) == [".a.99999999.tmp"]


def test_things_that_differ_have_other_hashes():
    table = pd.DataFrame({"a": [1.0, np.nan], "b": pd.Series(["x", None], dtype="string")}, index=["s", "t"])
    things = [
        None, True, 1, 1.0, "1", b"1", (1,), {1}, {"1": 1}, -0.0, 0.0, np.array([1.0]), np.array([1]), table,
        table.rename(columns={"a": "c"}), table.assign(b=["x", "y"]), table.set_axis(["s", "u"]), [[1], 2], [1, [2]],
    ]  # fmt: skip
    assert len({digest(thing) for thing in things}) == len(things)
    assert digest(table) == digest(table.copy())
    with pytest.raises(TypeError, match="no hash"):
        digest(object())
