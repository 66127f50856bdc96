"""The engine's speed: features per second of the linear and the mixed model, beside lme4 and lmerTest in a loop.

The table of the goal: 1,500 samples of 125 subjects of unequal size, 8 columns. One processor: every library is held to
one thread, R too, and what is told is processor time, so that what else runs on the machine does not count. The peers
fit a few of the same features, and the ratio is per feature; where R or its packages are missing the ratios are not
measured, and the exit says so.
"""
# ruff: noqa: E402  threads are set before numpy reads how many there may be

from __future__ import annotations

import os

for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from harness import absent, keep

from commensal import stats

SAMPLES, SUBJECTS, TERMS = 1500, 125, 8
#: Features per second, and times faster than the peer.
GOALS = {"linear": 150_000, "shared": 10_000, "missing": 4_000, "split": 3_000}
RATIOS = {"lme4": 400, "lmerTest": 800}
PEER = """
suppressPackageStartupMessages(library({package}))
data <- read.csv("table.csv"); y <- as.matrix(read.csv("y.csv", header = FALSE))
began <- sum(proc.time()[1:2])
for (j in seq_len(ncol(y))) {{
  data$y <- y[, j]
  fit <- suppressMessages({package}::lmer(y ~ x1 + x2 + x3 + x4 + x5 + x6 + x7 + (1 | g), data))
  {use}
}}
cat((sum(proc.time()[1:2]) - began) / ncol(y))
"""


def table(features: int, *, missing: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Normal responses with an intraclass correlation from 0 to 0.6; if asked, 30 to 60 % of each feature missing."""
    rng = np.random.default_rng(1)
    sizes = 2 + rng.multinomial(SAMPLES - 2 * SUBJECTS, rng.dirichlet(np.full(SUBJECTS, 4.0)))
    g = np.repeat(np.arange(SUBJECTS), sizes)
    of_subject = [np.arange(SUBJECTS) % 2, rng.normal(40, 10, SUBJECTS), rng.random(SUBJECTS) < 0.5]
    of_sample = [rng.normal(size=SAMPLES), rng.normal(size=SAMPLES), rng.random(SAMPLES) < 0.3]
    x = np.column_stack([np.ones(SAMPLES), *(v[g] for v in of_subject), *of_sample, rng.normal(50, 9, SAMPLES)])
    order = rng.permutation(SAMPLES)
    g, x = g[order], x[order].astype(float)
    y = 5 + rng.normal(size=(SAMPLES, features))
    y += rng.normal(size=(SUBJECTS, features))[g] * rng.uniform(0, 1.2, features)
    if missing:
        y[rng.random(y.shape) < rng.uniform(0.3, 0.6, features)] = np.nan
    return y, x, g


def rate(fit: Callable[[np.ndarray], object], y: np.ndarray) -> float:
    """Features per second: the best of five runs, after a first small one."""
    fit(y[:, :50])
    seconds = []
    for _ in range(5):
        began = time.process_time()
        fit(y)
        seconds.append(time.process_time() - began)
    return y.shape[1] / min(seconds)


def peer(package: str, y: np.ndarray, x: np.ndarray, g: np.ndarray) -> float | None:
    """Seconds per feature of a loop in R; None without R or the package."""
    if shutil.which("Rscript") is None:
        return None
    use = "coef(summary(fit, ddf = 'Satterthwaite'))" if package == "lmerTest" else "coef(summary(fit))"
    with tempfile.TemporaryDirectory() as place:
        names = ",".join([*(f"x{j}" for j in range(TERMS)), "g"])
        np.savetxt(Path(place) / "table.csv", np.column_stack([x, g]), delimiter=",", header=names, comments="")
        np.savetxt(Path(place) / "y.csv", y, delimiter=",")
        script = Path(place) / "peer.R"
        script.write_text(PEER.format(package=package, use=use))
        run = subprocess.run(["Rscript", str(script)], cwd=place, capture_output=True, text=True, check=False)
    return float(run.stdout) if run.returncode == 0 else None


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peer-features", type=int, default=12, help="features that R fits")
    arguments = parser.parse_args()
    contrast = np.eye(TERMS)[1]
    y, x, g = table(30_000, missing=False)
    rates = {"linear": rate(lambda part: stats.linear(part, x, contrast), y)}
    y = y[:, :6000]
    rates["shared"] = rate(lambda part: stats.mixed(part, x, contrast, g), y)
    seconds = {package: peer(package, y[:, : arguments.peer_features], x, g) for package in RATIOS}
    y, x, g = table(3000, missing=True)
    rates["missing"] = rate(lambda part: stats.mixed(part, x, contrast, g), y)
    rates["split"] = rate(lambda part: stats.mixed_split(part, x, 6, g, also=(4, 5)), y)

    said = {
        "linear": "least squares, shared design",
        "shared": "random intercept, Satterthwaite, shared design",
        "missing": "random intercept, Satterthwaite, 30-60 % missing, each its own",
        "split": "the same, a label and two covariates split (as cohort does)",
    }
    print(f"{SAMPLES} samples, {SUBJECTS} subjects, {TERMS} columns, one thread")
    for name, words in said.items():
        print(f"engine_{name}: {rates[name]:,.0f} features/s (goal ≥ {GOALS[name]:,}), {words}")
    ratios = {package: rates["shared"] * each for package, each in seconds.items() if each is not None}
    for package, goal in RATIOS.items():
        each = seconds[package]
        if each is None:
            print(f"engine_{package}: NOT MEASURED (goal ≥ {goal:,} ×)")
        else:
            print(
                f"engine_{package}: {ratios[package]:,.0f} × (goal ≥ {goal:,} ×), {1e3 * each:.0f} ms per feature there"
            )
    keep(
        "engine",
        {
            "samples": SAMPLES,
            "subjects": SUBJECTS,
            "columns": TERMS,
            "features_per_second": {name: round(value) for name, value in rates.items()},
            "seconds_per_feature_in_r": seconds,
            "times_faster": {name: round(value) for name, value in ratios.items()},
            "goals": {**GOALS, **RATIOS},
        },
    )
    short = [name for name, goal in GOALS.items() if rates[name] < goal]
    short += [package for package, ratio in ratios.items() if ratio < RATIOS[package]]
    if len(ratios) < len(RATIOS) and not short:
        return absent("engine", "R with lme4 and lmerTest is not here")
    verdict = f"short: {', '.join(short)}" if short else "all goals reached"
    print(f"engine: {rates['shared']:,.0f} mixed models/s (goal {GOALS['shared']:,}; {verdict})")
    return 1 if short else 0


if __name__ == "__main__":
    sys.exit(main())
