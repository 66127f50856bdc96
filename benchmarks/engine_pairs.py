"""All pairs of two tables' columns beside their floor, ranks and one matrix product: ``make bench-engine``."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from statistics import median

import numpy as np
from harness import keep
from scipy.stats import rankdata

from commensal import stats

Side = Callable[[np.ndarray, np.ndarray], object]
GOAL = 3.0
SHAPES = ((155, 195, 466), (155, 500, 5000), (500, 500, 5000))


def seconds(sides: tuple[Side, Side], x: np.ndarray, y: np.ndarray, runs: int = 9) -> tuple[float, float]:
    """Medians of runs in turn, so that both sides have the same neighbours."""
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(runs):
        for side, kept in zip(sides, times, strict=True):
            began = time.perf_counter()
            side(x, y)
            kept.append(time.perf_counter() - began)
    return median(times[0]), median(times[1])


def floor(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Ranks and a matrix product: neither p nor q, no ties looked for, no status."""
    a, b = rankdata(x, axis=0), rankdata(y, axis=0)
    a = (a - a.mean(axis=0)) / a.std(axis=0)
    b = (b - b.mean(axis=0)) / b.std(axis=0)
    return a.T @ b / len(a)


def main() -> int:
    rows, met = [], True
    for n, p, q in SHAPES:
        rng = np.random.default_rng(1)
        x, y = rng.gamma(0.3, size=(n, p)), rng.gamma(0.3, size=(n, q))
        x[rng.random(x.shape) < 0.5] = 0.0
        found = stats.associate(x, y)
        agreement = float(np.abs(found.r - floor(x, y)).max())
        ours, theirs = seconds((stats.associate, floor), x, y)
        ratio = ours / theirs
        rows.append({"n": n, "pairs": p * q, "seconds": ours, "floor": theirs, "ratio": ratio, "difference": agreement})
        met &= ratio <= GOAL and agreement < 1e-12
        print(f"{p} × {q}, n {n}: {ours:.4f} s with p and q; ranks + product {theirs:.4f} s; ratio {ratio:.2f}")
    keep("engine_pairs", {"rows": rows, "goal_ratio": GOAL})
    print(f"engine_pairs: at most {max(row['ratio'] for row in rows):.2f} × ranks + product (goal ≤ {GOAL})")
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
