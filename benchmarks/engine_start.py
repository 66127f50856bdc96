"""Start-up: seconds until `from commensal import stats` is done, and of the first call with 150 features after it.

Every figure is of a process of its own, one thread, the best of some runs. Judged are processor seconds, so that what
else the machine does is not counted; wall seconds stand beside them.
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
def now():
    return time.process_time(), time.perf_counter()
began = now()
from commensal import stats
ready = now()
import numpy as np
rng = np.random.default_rng(1)
group = np.arange(200) // 4
x = np.column_stack([np.ones(200), rng.random(200) < 0.5, rng.normal(size=200)])
y = rng.normal(size=(200, 150)) + rng.normal(size=(50, 150))[group]
there = np.where(y > 0, 1.0, 0.0)
y[rng.random(y.shape) < 0.3] = np.nan
start = now()
{call}
done = now()
print(*(b - a for one, other in ((began, ready), (start, done)) for a, b in zip(one, other)))
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


def seconds(call: str) -> list[float]:
    """Best processor and wall seconds of the import, and of the call."""
    runs = []
    for _ in range(RUNS):
        done = subprocess.run(
            [sys.executable, "-c", CHILD.format(call=call)], capture_output=True, text=True, check=True
        )
        runs.append([float(value) for value in done.stdout.split()])
    return [min(run[place] for run in runs) for place in range(4)]


def main() -> int:
    found = {name: seconds(call) for name, call in CALLS.items()}
    start, start_wall = (min(each[place] for each in found.values()) for place in (0, 1))
    for name, (_, _, call, wall) in found.items():
        print(f"  first {name:16} {call:6.2f} processor s, {wall:6.2f} s by the clock")
    worst = max(found, key=lambda name: found[name][2])
    keep(
        "engine_start",
        {
            "import_seconds": round(start, 3),
            "import_wall_seconds": round(start_wall, 3),
            "first_call_seconds": {name: round(each[2], 3) for name, each in found.items()},
            "first_call_wall_seconds": {name: round(each[3], 3) for name, each in found.items()},
            "goal_seconds": GOAL,
        },
    )
    print(
        f"engine_start: import {start:.2f} s, first call with 150 features at most {found[worst][2]:.2f} s ({worst}) "
        f"(goal ≤ {GOAL:.0f} s each)"
    )
    return 0 if start <= GOAL and found[worst][2] <= GOAL else 1


if __name__ == "__main__":
    sys.exit(main())
