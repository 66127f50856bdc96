"""Start-up: seconds until `from commensal import stats` is done, and of the first call with 150 features after it.

Every figure is of a process of its own, wall seconds, the best of some runs: what else the machine does can only add.
"""

from __future__ import annotations

import os
import subprocess
import sys

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"

from harness import keep  # noqa: E402  threads are told before anything is imported

GOAL = 1.0
RUNS = 3
CHILD = """
import sys, time
began = time.perf_counter()
from commensal import stats
ready = time.perf_counter()
import numpy as np
rng = np.random.default_rng(1)
group = np.arange(200) // 4
x = np.column_stack([np.ones(200), rng.random(200) < 0.5, rng.normal(size=200)])
y = rng.normal(size=(200, 150)) + rng.normal(size=(50, 150))[group]
there = np.where(y > 0, 1.0, 0.0)
y[rng.random(y.shape) < 0.3] = np.nan
start = time.perf_counter()
{call}
print(ready - began, time.perf_counter() - start)
"""
CALLS = {
    "linear": "stats.linear(y, x, [0, 1, 0])",
    "mixed": "stats.mixed(y, x, [0, 1, 0], group)",
    "mixed_split": "stats.mixed_split(y, x, 1, group, also=[2])",
    "mixed_f": "stats.mixed_f(y, x, np.eye(3)[1:], group)",
    "firth": "stats.firth(there, x, [0, 1, 0])",
    "logistic_mixed": "stats.logistic_mixed(there, x, [0, 1, 0], group)",
    "associate": "stats.associate(there + np.nan_to_num(y), there)",
    "max_t": "stats.max_t(y, x[:, 1], permutations=stats.permutations(x[:, 1], block=group, n=999))",
    "permanova": "stats.permanova(stats.euclidean(there), x[:, 1], permutations=stats.permutations(x[:, 1], n=999))",
}


def seconds(call: str) -> tuple[float, float]:
    """Best seconds of the import and of the call."""
    runs = []
    for _ in range(RUNS):
        done = subprocess.run(
            [sys.executable, "-c", CHILD.format(call=call)], capture_output=True, text=True, check=True
        )
        runs.append([float(value) for value in done.stdout.split()])
    return min(run[0] for run in runs), min(run[1] for run in runs)


def main() -> int:
    found = {name: seconds(call) for name, call in CALLS.items()}
    start = min(first for first, _ in found.values())
    for name, (_, call) in found.items():
        print(f"  first {name:16} {call:6.2f} s (goal ≤ {GOAL:.0f})")
    worst = max(found, key=lambda name: found[name][1])
    keep(
        "engine_start",
        {
            "import_seconds": round(start, 3),
            "first_call_seconds": {name: round(call, 3) for name, (_, call) in found.items()},
            "goal_seconds": GOAL,
        },
    )
    print(
        f"engine_start: import {start:.2f} s, first call with 150 features at most {found[worst][1]:.2f} s ({worst}) "
        f"(goal ≤ {GOAL:.0f} s each)"
    )
    return 0 if start <= GOAL and found[worst][1] <= GOAL else 1


if __name__ == "__main__":
    sys.exit(main())
