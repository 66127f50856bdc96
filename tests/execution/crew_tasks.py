"""What the tests' workers do: functions of a module, so that another process finds them."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import numpy as np

from commensal.errors import DesignError


def slow_square(shared: float, task: int) -> tuple[int, int]:
    """Return (the task's square, the worker's process)."""
    time.sleep(shared)
    return task * task, os.getpid()


def solved(shared: np.ndarray, task: int) -> bytes:
    """Linear algebra whose last bits depend on the number of threads."""
    left = shared + np.random.default_rng(task).normal(size=shared.shape)
    return np.linalg.solve(left @ left.T + np.eye(len(left)), left).tobytes()


def dies_once(shared: str, task: int) -> int:
    """Kill the own process the first time that task 1 is done."""
    flag = Path(shared) / "died"
    if task == 1 and not flag.exists():
        flag.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return task


def dies(shared: None, task: int) -> int:
    """Kill the own process at task 1."""
    if task == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return task


def refuses(shared: float, task: int) -> int:
    """Refuse tasks 1 and 2; 2 is refused first."""
    if task in {1, 2}:
        time.sleep(shared if task == 1 else 0)
        raise DesignError(f"task {task}", where="here", found=task, expected=0, mend="another task")
    return task


def greedy(shared: None, task: int) -> int:
    """Take 2 GB."""
    return int(np.ones(task).sum())


def long_child(shared: str, task: int) -> int:
    """Say which process this is, and stay."""
    (Path(shared) / f"{task}.pid").write_text(str(os.getpid()))
    time.sleep(120)
    return task


def width(shared: np.ndarray, task: int) -> int:
    """Return how wide what is shared is, times the task."""
    return task * shared.shape[1]
