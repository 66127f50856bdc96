"""Processes of this machine: the same results, deaths survived, errors whole, nobody left."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import crew_tasks
import numpy as np
import pytest

from commensal.errors import DesignError, ExecutionError, UsageError
from commensal.execution import Serial, crew_of
from commensal.execution.local import Local
from commensal.execution.memory import fitting, size

NAMES = [str(i) for i in range(6)]


def test_workers_give_what_one_process_gives_to_the_last_bit_and_in_order() -> None:
    shared = np.random.default_rng(1).normal(size=(300, 300))
    alone = Serial().map(crew_tasks.solved, range(6), shared=shared, names=NAMES)
    with Local(2) as crew:
        assert crew.map(crew_tasks.solved, range(6), shared=shared, names=NAMES) == alone


def test_tasks_run_side_by_side_in_processes_that_stay_for_the_next_map() -> None:
    with Local(2) as crew:
        first = crew.map(crew_tasks.slow_square, range(6), shared=0.05, names=NAMES)
        again = crew.map(crew_tasks.slow_square, range(6), shared=0.0, names=NAMES)
        assert crew.map(crew_tasks.slow_square, [], shared=0.0, names=[]) == []
    assert [value for value, _ in first] == [i * i for i in range(6)]
    pids = {pid for _, pid in first}
    assert len(pids) == 2
    assert os.getpid() not in pids
    assert {pid for _, pid in again} <= pids


def test_each_result_is_told_as_it_comes_and_steps_are_told_before() -> None:
    kept: dict[int, tuple[int, int]] = {}
    told: list[tuple[int, int, str]] = []
    with Local(2) as crew:
        made = crew.map(
            crew_tasks.slow_square, range(6), shared=0.0, names=NAMES,
            tell=lambda *one: told.append(one), done=lambda i, one: kept.update({i: one}),
        )  # fmt: skip
    assert [kept[i] for i in range(6)] == made
    assert sorted(name for _, _, name in told) == NAMES


def test_a_worker_that_dies_is_replaced_and_its_task_done_again(tmp_path: Path) -> None:
    with Local(2) as crew:
        told: list[str] = []
        made = crew.map(
            crew_tasks.dies_once,
            range(6),
            shared=str(tmp_path),
            names=NAMES,
            tell=lambda _i, _n, what: told.append(what),
        )
    assert made == list(range(6))
    assert "1 (again: its worker died)" in told


def test_a_task_that_kills_its_worker_three_times_is_named_and_what_was_done_is_kept() -> None:
    kept: dict[int, int] = {}
    with Local(2) as crew:
        with pytest.raises(ExecutionError, match="ended its worker 3 times") as caught:
            crew.map(crew_tasks.dies, range(3), shared=None, names=["a", "b", "c"], done=kept.__setitem__)
        assert caught.value.where == "b"
        assert "signal 9" in str(caught.value.found)
        assert kept[0] == 0
        assert crew.map(crew_tasks.dies, [0, 2], shared=None, names=["a", "c"]) == [0, 2]


def test_the_first_tasks_error_is_raised_whole_whoever_failed_first() -> None:
    with Local(2) as crew, pytest.raises(DesignError) as caught:
        crew.map(crew_tasks.refuses, [1, 2, 3], shared=0.3, names=["a", "b", "c"])
    error = caught.value
    assert (error.what, error.where, error.found, error.expected, error.mend) == (
        "task 1", "here", "1", "0", "another task",
    )  # fmt: skip


def test_memory_past_what_a_worker_may_take_is_an_error_with_a_way_out() -> None:
    with crew_of(memory="600MB") as crew, pytest.raises(ExecutionError, match="more memory than it may") as caught:
        crew.map(crew_tasks.greedy, [10, 250_000_000], shared=None, names=["small", "large"])
    assert caught.value.where == "large"
    assert "600 MB" in str(caught.value.found)


def test_fewer_workers_start_where_declared_memory_does_not_fit() -> None:
    assert fitting(8, size("4GB"), size("9GB"))[0] == 2
    assert fitting(2, size("4GB"), size("1GB"))[0] == 1
    with Local(1000, memory=size("1TB")) as crew:
        assert crew.workers == 1
        assert "instead of 1000" in str(crew.said)


@pytest.mark.parametrize(
    "wrong", [{"workers": 0}, {"workers": 2, "cluster": "tcp://a:1"}, {"memory": "lots"}, {"memory": "1MB"}]
)
def test_what_cannot_be_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(UsageError), crew_of(**wrong):  # type: ignore[arg-type]
        pass


def _gone(pid: int) -> bool:
    """Say whether a process has ended; one that nobody has waited for is ended too."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return True


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
@pytest.mark.parametrize("signal", ["KILL", "TERM", "INT"])
def test_no_worker_outlives_the_process_that_started_it(tmp_path: Path, signal: str) -> None:
    script = (
        "import signal, sys, crew_tasks\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # a job behind `&` has none
        "from commensal.execution.local import Local\n"
        "with Local(2) as crew:\n    crew.map(crew_tasks.long_child, [0, 1], shared=sys.argv[1], names=['a', 'b'])\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent)}
    parent = subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], env=environment, stderr=subprocess.DEVNULL)
    files = [tmp_path / "0.pid", tmp_path / "1.pid"]
    _wait(lambda: all(file.exists() and file.read_text() for file in files), 60)
    pids = [int(file.read_text()) for file in files]
    subprocess.run(["kill", f"-{signal}", str(parent.pid)], check=True)
    parent.wait(20)
    _wait(lambda: all(map(_gone, pids)), 20)


def _wait(true: object, seconds: float) -> None:
    end = time.monotonic() + seconds
    while not true():  # type: ignore[operator]
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)
