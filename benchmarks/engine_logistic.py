"""Logistic mixed models per second on 1,500 samples × 125 subjects × 8 terms, beside glmer (nAGQ = 7) where R is there.

One thread; seconds are the processor's, so that others on the machine do not count. Both sides make the fit and the fit
without the contrast, for the likelihood ratio; glmer with its default optimisers, ours with the exact standard error.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"

import numpy as np  # noqa: E402  threads are told before it is imported
from harness import keep  # noqa: E402

from commensal import stats  # noqa: E402

SAMPLES, SUBJECTS, TERMS = 1500, 125, 8
GOALS = {"features_per_second": 100.0, "times_glmer": 300.0}
R = """
suppressPackageStartupMessages(library(lme4))
frame <- read.csv(commandArgs(TRUE)[1])
for (name in grep("^y", names(frame), value = TRUE)) {
  frame$y <- frame[[name]]
  began <- sum(proc.time()[1:2])
  fit <- suppressWarnings(suppressMessages(glmer(y ~ x1 + x2 + x3 + x4 + x5 + x6 + x7 + (1 | subject), frame, binomial,
                                                 nAGQ = 7)))
  null <- suppressWarnings(suppressMessages(glmer(y ~ x2 + x3 + x4 + x5 + x6 + x7 + (1 | subject), frame, binomial,
                                                  nAGQ = 7)))
  ratio <- 2 * as.numeric(logLik(fit) - logLik(null))
  cat(sum(proc.time()[1:2]) - began, fixef(fit)[["x1"]], "\\n")
}
"""


def study(features: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Presence y, columns x and subjects: half of the terms vary within subjects, σ from 0 to 2.5."""
    rng = np.random.default_rng(20260312)
    subject = np.sort(np.r_[np.arange(SUBJECTS), rng.integers(0, SUBJECTS, SAMPLES - SUBJECTS)])
    x = rng.normal(size=(SAMPLES, TERMS))
    x[:, 0] = 1
    x[:, 1] = rng.random(SAMPLES) < 0.5
    x[:, 4:] = rng.normal(size=(SUBJECTS, TERMS - 4))[subject]
    spread = rng.uniform(0, 2.5, features) * rng.normal(size=(SUBJECTS, features))
    eta = rng.normal(size=features) + x[:, 1:] @ rng.normal(0, 0.3, (TERMS - 1, features)) + spread[subject]
    return (rng.random(eta.shape) < 1 / (1 + np.exp(-eta))).astype(float), x, subject


def glmer(y: np.ndarray, x: np.ndarray, subject: np.ndarray) -> list[tuple[float, float]] | None:
    """Seconds and first effect of each column of y; None without R or lme4."""
    if shutil.which("Rscript") is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        table, script = Path(folder) / "data.csv", Path(folder) / "glmer.R"
        names = [f"y{j}" for j in range(y.shape[1])] + [f"x{j}" for j in range(1, TERMS)] + ["subject"]
        values = np.column_stack([y, x[:, 1:], subject])
        np.savetxt(table, values, delimiter=",", header=",".join(names), comments="", fmt="%.12g")
        script.write_text(R)
        done = subprocess.run(["Rscript", str(script), str(table)], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        return None
    return [(float(line.split()[0]), float(line.split()[1])) for line in done.stdout.splitlines()]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--features", type=int, default=200)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--glmer", type=int, default=5, help="features that glmer fits, twice each")
    chosen = parser.parse_args()
    y, x, subject = study(chosen.features)
    contrast = np.eye(TERMS)[1]
    stats.logistic_mixed(y[:, :4], x, contrast, subject)  # imports
    seconds = []
    for _ in range(chosen.runs):
        began = time.process_time()
        fit = stats.logistic_mixed(y, x, contrast, subject)
        seconds.append(time.process_time() - began)
    rate = chosen.features / median(seconds)
    figures = {
        "features_per_second": round(rate, 1),
        "statuses": {s: int((fit.status == s).sum()) for s in set(fit.status)},
    }
    theirs = glmer(y[:, : chosen.glmer], x, subject) if chosen.glmer else None
    words = "glmer NOT MEASURED"
    met = rate >= GOALS["features_per_second"]
    if theirs:
        each = median(one for one, _ in theirs)
        apart = max(abs(fit.effect[j] - effect) / fit.se[j] for j, (_, effect) in enumerate(theirs))
        figures |= {
            "glmer_seconds": round(each, 2),
            "times_glmer": round(each * rate, 1),
            "effect_apart_se": float(apart),
        }
        words = f"glmer {each:.2f} s per feature: {each * rate:.0f} × (goal ≥ 300 ×), effects {apart:.1e} se apart"
        met &= each * rate >= GOALS["times_glmer"]
    keep("engine_logistic", {**figures, "features": chosen.features, "runs": chosen.runs, "goals": GOALS})
    print(f"engine_logistic: {rate:.0f} features/s on one thread (goal ≥ 100); {words}")
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
