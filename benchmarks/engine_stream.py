"""A table that never is in memory: features stream through in blocks; peak memory, and cost per feature as they grow.

500 samples of 100 subjects, a fifth of each feature missing; `mixed_split` (what `cohort` asks) and least squares. Each
size is a process of its own, so that its peak is its own. Everyday sizes say what a million features would take by a
straight line; ``--full`` sends the million through.
"""
# ruff: noqa: E402  threads are set before numpy reads how many there may be

from __future__ import annotations

import os

for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from harness import keep, measured

from commensal import stats

SAMPLES, SUBJECTS, BLOCK = 500, 100, 4096
EVERYDAY = (20_000, 40_000, 80_000)
MILLION = 1_000_000
GOALS = {"peak_gb": 4.0, "cost_growth": 1.25}


def blocks(features: int) -> Iterator[np.ndarray]:
    """Blocks of responses as a file would give them, made on the way."""
    subject = np.arange(SAMPLES) % SUBJECTS
    for first in range(0, features, BLOCK):
        width = min(BLOCK, features - first)
        rng = np.random.default_rng(first)
        y = rng.normal(size=(SAMPLES, width)) + rng.normal(size=(SUBJECTS, width))[subject]
        y[rng.random(y.shape) < 0.2] = np.nan
        yield y


def child(features: int, model: str, answer: Path) -> None:
    """Send so many features through one model, and write down its processor seconds without those of making blocks."""
    rng = np.random.default_rng(7)
    subject = np.arange(SAMPLES) % SUBJECTS
    x = np.column_stack([np.ones(SAMPLES), rng.random(SAMPLES) < 0.5, rng.normal(50, 9, SAMPLES)]).astype(float)
    seconds = 0.0

    def fit(y: np.ndarray) -> object:
        nonlocal seconds
        began = time.process_time()
        made = stats.linear(y, x, [0, 1, 0]) if model == "linear" else stats.mixed_split(y, x, 1, subject, also=[2])
        seconds += time.process_time() - began
        return made

    made = stats.stream(fit, blocks(features), family="all features, noise")
    q = made["q" if model == "linear" else "within.q"]
    answer.write_text(json.dumps({"seconds": seconds, "features": len(made), "found": int((q < 0.05).sum())}))


def run(features: int, model: str) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as place:
        answer = Path(place) / "answer.json"
        done = measured([sys.executable, __file__, "--child", str(features), model, str(answer)])
        if done.status != 0:
            raise SystemExit(f"engine_stream: {model} with {features:,} features ended with {done.status}")
        told = json.loads(answer.read_text())
    return {"features": features, "peak_gb": round(done.peak_gb, 3), "seconds": round(told["seconds"], 2)}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true", help="a million features")
    parser.add_argument("--child", nargs=3, metavar=("FEATURES", "MODEL", "FILE"), help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.child:
        child(int(chosen.child[0]), chosen.child[1], Path(chosen.child[2]))
        return 0
    figures: dict[str, object] = {}
    worst_peak, worst_growth = 0.0, 0.0
    for model in ("linear", "mixed_split"):
        rows = [run(features, model) for features in EVERYDAY]
        cost = [1e6 * row["seconds"] / row["features"] for row in rows]
        growth = cost[-1] / min(cost)
        if chosen.full:
            rows.append(run(MILLION, model))
            growth = 1e6 * rows[-1]["seconds"] / MILLION / min(cost)
            peak = rows[-1]["peak_gb"]
        else:
            slope, start = np.polyfit([row["features"] for row in rows], [row["peak_gb"] for row in rows], 1)
            peak = max(start + max(slope, 0.0) * MILLION, rows[-1]["peak_gb"])
        for row in rows:
            print(
                f"  {model}, {row['features']:>9,} features: {row['seconds']:8.2f} processor s, "
                f"{1e6 * row['seconds'] / row['features']:6.1f} µs each, peak {row['peak_gb']:.2f} GB"
            )
        figures[model] = {"rows": rows, "peak_gb_of_a_million": round(float(peak), 3), "cost_growth": round(growth, 3)}
        worst_peak, worst_growth = max(worst_peak, float(peak)), max(worst_growth, growth)
    keep(
        "engine_stream",
        {"samples": SAMPLES, "block": BLOCK, "a_million_was_run": chosen.full, "goals": GOALS, **figures},
    )
    how = "run" if chosen.full else "by a line through smaller sizes"
    print(
        f"engine_stream: 1 M × {SAMPLES} peaks at {worst_peak:.2f} GB, {how} (goal < {GOALS['peak_gb']:.0f} GB), "
        f"cost per feature grows at most {worst_growth:.2f} × (goal ≤ {GOALS['cost_growth']})"
    )
    return 0 if worst_peak < GOALS["peak_gb"] and worst_growth <= GOALS["cost_growth"] else 1


if __name__ == "__main__":
    sys.exit(main())
