"""Does a treatment that does nothing seem to reverse? Null rates, bias and coverage of `stats.reversal`.

    python benchmarks/reversal.py [--studies 400]

Studies with a healthy arm, a diseased arm on vehicle, which is in both contrasts, and a treated arm; genes are
correlated. The truth: the part of the signature that the treatment moves back, and how much it does to genes that the
disease leaves alone. Goal: the null rate of p at 0.05 is not rejected (exact binomial, 1 %), nor is the coverage of the
share; the mean score of a treatment that does nothing lies within 3.5 standard errors of 0. Beside it the plain rank
correlation, with its shared vehicle arm: what is usually computed.
"""

import argparse
import time

import numpy as np
from harness import keep
from scipy.stats import binom

from commensal import stats

#: units per arm, samples per unit (cages of 3), share moved back, effect on other genes
DESIGNS = (
    (4, 1, 0.0, 0.0), (6, 1, 0.0, 0.0), (12, 1, 0.0, 0.0), (6, 3, 0.0, 0.0),
    (6, 1, 0.0, 0.7), (12, 1, 0.0, 0.7), (6, 1, 0.0, 2.5), (12, 1, 0.0, 2.5),
    (6, 1, 0.5, 0.0), (12, 1, 0.5, 0.0), (12, 1, 0.5, 1.5),
)  # fmt: skip
GENES, LEVEL = 400, 0.05


def study(
    rng: np.random.Generator, units: int, samples: int, back: float, other: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    """Log expression of units (means of their samples), the two labels, and the share that is moved back in truth.

    A treatment of other genes is of genes that the disease leaves alone: the truth is then that nothing is moved back.
    """
    arm = np.repeat([0, 1, 2], units)
    signature = rng.normal(size=GENES) * (rng.random(GENES) < 0.4) * 1.5
    elsewhere = rng.normal(size=GENES)
    loadings = rng.normal(size=(8, GENES)) * 0.25
    elsewhere *= signature == 0  # other genes than the disease's
    cage = 0.5 if samples > 1 else 0.0
    variance = (loadings**2).sum(axis=0) + 0.49 / samples + cage**2
    noise = rng.normal(size=(3 * units, 8)) @ loadings + rng.normal(size=(3 * units, GENES)) * cage
    noise += rng.normal(size=(3 * units, samples, GENES)).mean(axis=1) * 0.7
    treated = other * elsewhere - back * signature
    truth = -float((signature * treated / variance).sum() / (signature**2 / variance).sum())
    y = np.outer(arm > 0, signature) + np.outer(arm == 2, treated) + noise
    return y, np.array([0.0, 1.0, np.nan])[arm], np.array([np.nan, 0.0, 1.0])[arm], truth


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--studies", type=int, default=400)
    parser.add_argument("--permutations", type=int, default=399)
    given = parser.parse_args()
    rows, good = [], True
    for number, (units, samples, back, other) in enumerate(DESIGNS):
        fits, truths = [], []
        for seed in range(given.studies):
            rng = np.random.default_rng([number, seed])
            y, disease, treatment, truth = study(rng, units, samples, back, other)
            arranged = stats.permutations(treatment[np.isfinite(treatment)], n=given.permutations, seed=seed)
            truths.append(truth)
            fits.append(stats.reversal(y, disease, treatment, permutations=arranged))
        score, plain, share = (np.array([getattr(f, key) for f in fits]) for key in ("score", "plain", "share"))
        found = sum(f.p <= LEVEL for f in fits)
        held = sum(f.share_low < truth < f.share_high for f, truth in zip(fits, truths, strict=True))
        known = sum(np.isfinite(f.share_low) for f in fits)
        row = {
            "units": units, "samples": samples, "back": back, "other": other, "studies": given.studies,
            "p_at_0.05": found / given.studies, "score": score.mean(), "plain": plain.mean(), "share": share.mean(),
            "score_se": score.std() / np.sqrt(len(score)), "share_se": share.std() / np.sqrt(len(share)),
            "coverage": held / known if known else None,
        }  # fmt: skip
        rows.append({key: float(value) if isinstance(value, np.floating) else value for key, value in row.items()})
        off = back == 0 and binom.sf(found - 1, given.studies, LEVEL) < 0.01
        biased = back == 0 and abs(score.mean()) > 3.5 * row["score_se"]
        short = known > 0 and binom.cdf(held, known, 0.95) < 0.01
        good &= not (off or biased or short)
        told = f"{units} per arm × {samples}, back {back:g}, other {other:g}: p ≤ 0.05 in {found / given.studies:.1%}; "
        told += f"score {score.mean():+.3f}, plain {plain.mean():+.3f}; share {share.mean():+.3f} "
        told += f"(coverage {row['coverage'] or 0:.1%})"
        print(told + (" FAILS" if off or biased or short else ""), flush=True)
    rng = np.random.default_rng(1)
    arm = np.repeat([0, 1, 2], 36)
    y = rng.normal(size=(108, 15_000))
    treatment = np.array([np.nan, 0.0, 1.0])[arm]
    arranged = stats.permutations(treatment[arm > 0], n=999)
    began = time.process_time()
    stats.reversal(y, np.array([0.0, 1.0, np.nan])[arm], treatment, permutations=arranged)
    seconds = time.process_time() - began
    keep("reversal", {"rows": rows, "seconds_108_by_15000": round(seconds, 1), "genes": GENES})
    worst = max(row["p_at_0.05"] for row in rows if row["back"] == 0)
    print(f"reversal: null p ≤ 0.05 in at most {worst:.1%} (goal 5 %, exact binomial), 108 × 15,000 in {seconds:.1f} s")
    return 0 if good else 1


if __name__ == "__main__":
    raise SystemExit(main())
