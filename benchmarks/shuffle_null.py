"""Calibration of ``run --shuffle N``: without any effect, is `noise` of the first claim a p that is not too small?

Each study is simulated small with nothing planted, cages and households kept; its labels are rearranged N times, and
the first claim's `noise` is (1 + k) / (1 + N), by `commensal.pipeline.shuffles.noise` itself. Only what answers the
questions is replaced by the questions' own functions (see claims.py), without pages: the three questions that the gate
rests on first, and all of them where a claim is past the gate, because only then strength counts.

Judged: the shares of studies with noise of at most 0.05, 0.1 and 0.2 are not above these by exact one-sided binomial
tests at 1 % (Holm).

    python benchmarks/shuffle_null.py                  4 studies, 19 shuffles each: about two minutes
    python benchmarks/shuffle_null.py --studies 14     what the kept figures are of: four minutes
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Collection
from pathlib import Path

import numpy as np
import pandas as pd
from claims import _KINDS
from harness import keep
from scipy.stats import binom
from statsmodels.stats.multitest import multipletests

import commensal
from commensal import simulation
from commensal.evidence import Family, join
from commensal.pipeline import shuffles
from commensal.pipeline.claim_family import claim_family
from commensal.study import LoadedStudy
from commensal.tables import CLAIM, Finding, estimates
from commensal.tables.claims import SELECTED

LEVELS = (0.05, 0.1, 0.2)
#: Of the tests of calibration.
ALPHA = 0.01
#: Kinds of questions that the three links of the gate rest on.
GATE = ("screen", "mediators", "rescue")
SIZES = {
    "strains": 2, "cages": 4, "animals": 2, "households": 12, "molecules": 20, "taxa": 20, "genes": 60, "times": 3,
    "measures": 1,
}  # fmt: skip


def answered(loaded: LoadedStudy, kinds: Collection[str]) -> pd.DataFrame:
    """Estimates of the questions of these kinds."""
    rows: list[dict[str, object]] = []
    for question in loaded.declared.questions.values():
        if question.kind in kinds:
            rows += [row for frame in _KINDS[question.kind](loaded, question) for row in frame.to_dict("records")]
    return estimates(rows)


def claims_of(
    loaded: LoadedStudy, family: Family, findings: tuple[Finding, ...]
) -> tuple[pd.DataFrame, frozenset[str]]:
    """Claims of one study, in the place of what ``noise`` calls; a question without an answer is an error here."""
    made = join(answered(loaded, GATE), family, findings=findings)
    if (made["verdict"] == SELECTED).any():
        made = join(answered(loaded, _KINDS), family, findings=findings)
    return made, frozenset()


def study(seed: int, n: int) -> dict[str, object]:
    """Simulate one study without effects; return the noise of its first claim."""
    began = time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        path = simulation.als(Path(folder), seed=seed, small=True, null=True, **SIZES)
        loaded, findings = commensal.load(path), tuple(commensal.check(path))
        family = claim_family(loaded)
        assert family is not None
        made, _ = claims_of(loaded, family, findings)
        told = shuffles.noise(loaded, family, made, n, findings=findings, seed=1000 * seed)
    first = told[told["line"] == CLAIM].sort_values("rank").iloc[0]
    return {
        "seed": seed, "noise": float(first["noise"]), "gate": float(first["p"]), "verdict": str(first["verdict"]),
        "seconds": round(time.process_time() - began, 1),
    }  # fmt: skip


def main() -> int:
    """Print the shares, keep the figures, and fail where one is too large."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--studies", type=int, default=4)
    parser.add_argument("--shuffles", type=int, default=19)
    parser.add_argument("--show", action="store_true", help="print every study")
    given = parser.parse_args()
    shuffles._claims_of = claims_of
    rows = []
    for seed in range(1, given.studies + 1):
        rows.append(study(seed, given.shuffles))
        if given.show:
            print(rows[-1], flush=True)
    noise = np.array([row["noise"] for row in rows], dtype=float)
    known = noise[np.isfinite(noise)]
    hits = [int((known <= level + 1e-12).sum()) for level in LEVELS]
    p = [float(binom.sf(k - 1, len(known), level)) for k, level in zip(hits, LEVELS, strict=True)]
    rejected = multipletests(p, alpha=ALPHA, method="holm")[0]
    told = [
        {"level": level, "studies": len(known), "at_most": k, "share": k / len(known), "p": one, "rejected": bool(off)}
        for level, k, one, off in zip(LEVELS, hits, p, rejected, strict=True)
    ]  # fmt: skip
    for row in told:
        print(row)
    keep("shuffle_null", {"shuffles": given.shuffles, "sizes": SIZES, "rows": told, "studies": rows})
    shares = ", ".join(f"{row['share']:.0%} at most {row['level']:g}" for row in told)
    print(
        f"shuffle: noise of the first claim in {len(known)} of {len(noise)} null studies: {shares} "
        "(goal: none above its level at 1 %, exact binomial, Holm)"
    )
    return int(rejected.any() or len(known) < len(noise))


if __name__ == "__main__":
    sys.exit(main())
