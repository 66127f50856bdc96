"""All pairs of two tables' columns beside their floor, ranks and one matrix product, and beside HAllA.

One thread on every side, and processor seconds. HAllA is no dependency and wants R packages that few machines have; its
Spearman stage uses none of them. ``HALLA_PYTHON`` names an interpreter of an environment of its own in which HAllA was
installed: then it runs here, a tenth of the pairs, its R packages replaced by empty modules. Else its frozen figure is
used, and the line says so.
"""
# ruff: noqa: E402  threads are set before numpy reads how many there may be

from __future__ import annotations

import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np
from harness import keep
from scipy.stats import rankdata

from commensal import stats

Side = Callable[[np.ndarray, np.ndarray], object]
GOAL, TIMES_HALLA = 3.0, 1000.0
#: Seconds of HAllA's pairwise stage on 155 samples, 195 × 466 features, measured once on another machine of two cores.
FROZEN = 57.9
#: Rows of the first table that HAllA is given; its time is linear in pairs.
ROWS = 20
HALLA = """
import sys, types, time
for name in ("rpy2", "rpy2.robjects", "rpy2.robjects.packages", "rpy2.robjects.vectors"):
    sys.modules[name] = types.ModuleType(name)
sys.modules["rpy2.robjects.packages"].importr = lambda name: None
sys.modules["rpy2.robjects.vectors"].FloatVector = list
sys.modules["rpy2"].robjects = sys.modules["rpy2.robjects"]
import numpy as np, scipy.spatial.distance as distance
from halla.utils.similarity import get_similarity_function
from halla.utils.stats import get_pvalue_table, pvalues2qvalues
x, y = np.load(sys.argv[1]), np.load(sys.argv[2])
began = time.process_time()
r = distance.cdist(x, y, metric=get_similarity_function("spearman"))
p = get_pvalue_table(x, y, pdist_metric="spearman", no_progress=True, num_threads=1)
pvalues2qvalues(p.flatten())
seconds = time.process_time() - began
np.save(sys.argv[3], p)
print(seconds)
"""
SHAPES = ((155, 195, 466), (155, 500, 5000), (500, 500, 5000))


def seconds(sides: tuple[Side, Side], x: np.ndarray, y: np.ndarray, runs: int = 9) -> tuple[float, float]:
    """Medians of runs in turn, so that both sides have the same neighbours."""
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(runs):
        for side, kept in zip(sides, times, strict=True):
            began = time.process_time()
            side(x, y)
            kept.append(time.process_time() - began)
    return median(times[0]), median(times[1])


def floor(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Ranks and a matrix product: neither p nor q, no ties looked for, no status."""
    a, b = rankdata(x, axis=0), rankdata(y, axis=0)
    a = (a - a.mean(axis=0)) / a.std(axis=0)
    b = (b - b.mean(axis=0)) / b.std(axis=0)
    return a.T @ b / len(a)


def halla(x: np.ndarray, y: np.ndarray) -> tuple[float, np.ndarray] | None:
    """Seconds of HAllA's pairwise stage for all pairs, from some rows, and its p of these; None where it is not."""
    python = os.environ.get("HALLA_PYTHON")
    if not python:
        return None
    with tempfile.TemporaryDirectory() as place:
        files = [str(Path(place) / name) for name in ("x.npy", "y.npy", "p.npy")]
        np.save(files[0], np.ascontiguousarray(x.T[:ROWS]))
        np.save(files[1], np.ascontiguousarray(y.T))
        done = subprocess.run([python, "-c", HALLA, *files], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            print(f"  HAllA did not run: {done.stderr.strip().splitlines()[-1]}")
            return None
        return float(done.stdout) * x.shape[1] / ROWS, np.load(files[2])


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
    rng = np.random.default_rng(2)
    x, y = rng.normal(size=(155, 195)), rng.normal(size=(155, 466))
    theirs, ours = halla(x, y), rows[0]["seconds"]
    if theirs is not None:
        mine = stats.associate(x, y)
        apart = float(np.abs(np.log10(mine.p[:ROWS] / theirs[1])).max())
        print(f"  HAllA {theirs[0]:.1f} s for all pairs, from {ROWS} rows of 195; log10 p at most {apart:.1e} apart")
    times = (FROZEN if theirs is None else theirs[0]) / ours
    how = "its frozen figure, other machine" if theirs is None else "measured here"
    keep(
        "engine_pairs",
        {
            "rows": rows,
            "halla_seconds": FROZEN if theirs is None else round(theirs[0], 2),
            "halla": how,
            "times_halla": round(times),
            "goals": {"ratio": GOAL, "times_halla": TIMES_HALLA},
        },
    )
    print(f"engine_pairs_halla: {times:,.0f} × ({how}) (goal ≥ {TIMES_HALLA:,.0f} ×)")
    print(f"engine_pairs: at most {max(row['ratio'] for row in rows):.2f} × ranks + product (goal ≤ {GOAL})")
    return 0 if met and times >= TIMES_HALLA else 1


if __name__ == "__main__":
    sys.exit(main())
