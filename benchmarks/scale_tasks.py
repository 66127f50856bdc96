"""What workers do for ``scale.py``: in a module of its own, so that other processes find it."""

from __future__ import annotations

import resource
import time

import numpy as np

from commensal import stats


def nothing(_shared: object, task: int) -> int:
    return task


def features(_shared: object, task: tuple[bool, int, int]) -> tuple[float, float]:
    """Test m features in n people, two per household or unrelated; return CPU seconds and the process's peak in GB."""
    together, n, m = task
    rng = np.random.default_rng(n)
    household = np.repeat(np.arange(n // 2), 2)
    present = (rng.random((n, m)) < rng.uniform(0.3, 1, m)).astype(float)
    log2 = np.where(present > 0, rng.normal(size=(n, m)) + rng.normal(size=(n // 2, m))[household], np.nan)
    block = household if together else None
    began = time.process_time()
    stats.two_part(log2, present, np.tile([0, 1], n // 2), block=block, relative=True)
    return time.process_time() - began, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9
