"""The whole default for taxa with a random effect, beside MaAsLin3: 1,500 samples, 151 species, 120 subjects, 8 terms.

Abundance, presence and the joint test of every species in one call, in processor seconds on one thread. MaAsLin3 is
not in Debian: its 39 minutes for 151 species with a random intercept (abundance and presence, 1,527 samples, 120
subjects, 8 terms) were measured once and are frozen; machines differ, so that the ratio is one of orders of magnitude.
"""
# ruff: noqa: E402  threads are set before numpy reads how many there may be

from __future__ import annotations

import os

for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"

import sys
import time

import numpy as np
from harness import keep

from commensal import stats

SAMPLES, SPECIES, SUBJECTS, TERMS = 1500, 151, 120, 8
MAASLIN3_SECONDS, GOAL = 39 * 60.0, 1000.0


def table() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Counts with 0 to 90 % zeros, a label of whole subjects, six more columns (depth is the eighth term)."""
    rng = np.random.default_rng(1)
    sizes = 2 + rng.multinomial(SAMPLES - 2 * SUBJECTS, rng.dirichlet(np.full(SUBJECTS, 4.0)))
    subject = np.repeat(np.arange(SUBJECTS), sizes)
    own = rng.normal(size=(SUBJECTS, SPECIES))[subject]
    means = np.exp(rng.normal(5, 1.5, SPECIES) + own + rng.normal(size=(SAMPLES, SPECIES)))
    latent = 0.7 * rng.normal(size=(SUBJECTS, SPECIES))[subject] + rng.normal(size=(SAMPLES, SPECIES))
    counts = rng.poisson(means) * (latent < rng.uniform(-1.5, 2.5, SPECIES))
    of_subject = [rng.normal(40, 10, SUBJECTS)[subject], (rng.random(SUBJECTS) < 0.5)[subject]]
    of_sample = rng.normal(size=(SAMPLES, TERMS - 5))
    label = (np.arange(SUBJECTS) % 2)[subject]
    return counts.astype(float), label.astype(float), subject, np.column_stack([*of_subject, of_sample])


def main() -> int:
    counts, label, subject, covariates = table()
    seconds = []
    for _ in range(4):
        began = time.process_time()
        fit = stats.differential(counts, label, block=subject, covariates=covariates)
        seconds.append(time.process_time() - began)
    best = min(seconds[1:])
    ratio = MAASLIN3_SECONDS / best
    tested = int(np.isfinite(fit.test().p).sum())
    print(f"{SAMPLES} samples, {SPECIES} species ({tested} tested), {SUBJECTS} subjects, {TERMS} terms, one thread")
    print(f"  abundance, presence and joint test    {best:7.2f} s (first call {seconds[0]:.2f} s)")
    print(f"  MaAsLin3, frozen                      {MAASLIN3_SECONDS:7.0f} s")
    keep(
        "engine_default",
        {
            "samples": SAMPLES,
            "species": SPECIES,
            "subjects": SUBJECTS,
            "terms": TERMS,
            "tested": tested,
            "seconds": round(best, 3),
            "first_call_seconds": round(seconds[0], 3),
            "maaslin3_seconds_frozen": MAASLIN3_SECONDS,
            "times_faster": round(ratio),
            "goal": GOAL,
        },
    )
    print(f"engine_default: {ratio:,.0f} x MaAsLin3's frozen figure (goal {GOAL:,.0f})")
    return 0 if ratio >= GOAL else 1


if __name__ == "__main__":
    sys.exit(main())
