"""A Dask cluster on loopback: the same results, deaths survived, TLS, and errors that say what to start."""

from __future__ import annotations

import json
import os
import signal
import threading
from pathlib import Path

import crew_tasks
import loopback
import numpy as np
import pytest

pytest.importorskip("distributed")

from commensal.errors import DesignError, ExecutionError, UsageError
from commensal.execution import Serial
from commensal.execution.cluster import Cluster, Tls, _same
from commensal.execution.environment import numerics

NAMES = [str(i) for i in range(6)]


def test_workers_give_what_one_process_gives_to_the_last_bit_and_in_order(dask_cluster: str) -> None:
    shared = np.random.default_rng(1).normal(size=(300, 300))
    alone = Serial().map(crew_tasks.solved, range(6), shared=shared, names=NAMES)
    kept: dict[int, bytes] = {}
    with Cluster(dask_cluster) as crew:
        assert crew.map(crew_tasks.solved, range(6), shared=shared, names=NAMES, done=kept.__setitem__) == alone
        assert crew.map(crew_tasks.solved, [], shared=shared, names=[]) == []
    assert [kept[i] for i in range(6)] == alone


def test_a_worker_killed_in_mid_task_is_survived(dask_cluster: str, tmp_path: Path) -> None:
    with Cluster(json.loads(Path(dask_cluster).read_text())["address"]) as crew:
        assert crew.map(crew_tasks.dies_once, range(6), shared=str(tmp_path), names=NAMES) == list(range(6))
        assert (tmp_path / "died").exists()


def test_the_first_tasks_error_is_raised_whole(dask_cluster: str) -> None:
    with Cluster(dask_cluster) as crew, pytest.raises(DesignError) as caught:
        crew.map(crew_tasks.refuses, [1, 2, 3], shared=0.3, names=["a", "b", "c"])
    error = caught.value
    assert (error.what, error.where, error.found, error.expected, error.mend) == (
        "task 1", "here", "1", "0", "another task",
    )  # fmt: skip


def test_workers_with_less_memory_than_declared_are_refused(dask_cluster: str) -> None:
    with pytest.raises(ExecutionError, match="less memory than a task may take"):
        Cluster(dask_cluster, memory=4 * 10**9)


def test_an_encrypted_cluster_takes_certificates_and_refuses_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = loopback.certificates(tmp_path)
    with loopback.cluster(tmp_path, 1, files) as file:
        address = json.loads(Path(file).read_text())["address"]
        assert address.startswith("tls://")
        tls = Tls(Path(files["ca-file"]), Path(files["cert"]), Path(files["key"]))
        with Cluster(address, tls=tls) as crew:
            assert crew.map(crew_tasks.dies, [0, 2], shared=None, names=["a", "b"]) == [0, 2]
        with pytest.raises(UsageError, match="no certificates"):
            Cluster(address)
        with pytest.raises(ExecutionError, match="does not answer"):
            Cluster(address.replace("tls://", "tcp://"), patience=3)


def test_a_scheduler_without_workers_or_none_at_all_is_said_in_time(tmp_path: Path) -> None:
    with loopback.cluster(tmp_path, 0) as file, pytest.raises(ExecutionError, match="the cluster has no worker"):
        Cluster(file, patience=1)
    with pytest.raises(ExecutionError, match="the scheduler does not answer"):
        Cluster("tcp://127.0.0.1:9", patience=1)
    with pytest.raises(UsageError, match="no such scheduler file"):
        Cluster(str(tmp_path / "none.json"))


def test_workers_of_other_versions_are_refused_by_name() -> None:
    own = numerics()
    _same("here", {"tcp://a:1": own})
    with pytest.raises(ExecutionError, match=r"tcp://b:1: numpy 1\.0"):
        _same("here", {"tcp://a:1": own, "tcp://b:1": {**own, "numpy": "1.0"}})
    with pytest.raises(ExecutionError, match="No module named"):
        _same("here", {"tcp://a:1": ModuleNotFoundError("No module named 'commensal'")})


def test_workers_that_cannot_import_what_is_here_are_refused(
    dask_cluster: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "only_here.py").write_text("def versions():\n    return {}\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    import only_here

    monkeypatch.setattr("commensal.execution.cluster._versions", only_here.versions)
    with pytest.raises(ExecutionError, match="are not what is here") as caught:
        Cluster(dask_cluster)
    assert "only_here" in str(caught.value.found)


def test_a_worker_killed_while_the_shared_part_is_handed_out_is_survived(tmp_path: Path) -> None:
    """At any moment: sending to all at once, Dask waited for ever, and so did every later run on that cluster."""
    drawn = np.random.default_rng(1)
    shared = np.zeros((3000, 2000))
    with loopback.cluster(tmp_path) as file:
        for _ in range(8):
            with Cluster(file) as crew:
                crew._client.wait_for_workers(2, timeout=60)
                workers = list(crew._client.run(os.getpid).values())
                killer = threading.Timer(drawn.uniform(0, 0.12), os.kill, (drawn.choice(workers), signal.SIGKILL))
                killer.start()
                assert crew.map(crew_tasks.width, [1, 2, 3], shared=shared, names=list("abc")) == [2000, 4000, 6000]
                killer.join()
