"""Null rates of one term of PERMANOVA beside another that matters, for docs/decisions/permutation.md.

Not vegan: a simulation. 40 samples, 5 dimensions; the other term is a three-level factor with effect `size` standard
deviations; the tested label goes with it (`share` of labels are the factor's first level). python terms_null_rates.py
"""

import sys

import numpy as np

from commensal import stats

STUDIES, PERMUTATIONS = 500, 199


def rate(size: float, share: float, how: str) -> float:
    rng = np.random.default_rng(20)
    level = np.arange(40) % 3
    other = (level[:, None] == [1, 2]).astype(float)
    low = 0
    for study in range(STUDIES):
        label = np.where(rng.random(40) < share, level == 0, rng.random(40) < 0.5).astype(float)
        d = stats.euclidean(rng.normal(size=(40, 5)) + size * other @ rng.normal(size=(2, 5)))
        if how == "fixed":
            arranged = stats.permuted_rows(label, n=PERMUTATIONS, seed=study)
            fit = stats.permanova_terms(d, {"label": label}, fixed=other, permutations=arranged)
        else:
            arranged = stats.permuted_rows(np.column_stack([other, label]), n=PERMUTATIONS, seed=study)
            fit = stats.permanova_terms(d, {"other": other, "label": label}, permutations=arranged)
        low += bool(fit.p[-1] <= 0.05)
    return low / STUDIES


def main() -> None:
    for size, share in ((0, 0.0), (1, 0.0), (3, 0.0), (3, 0.7)):
        rates = [rate(size, share, how) for how in ("together", "fixed")]
        sys.stdout.write(f"{size} {share}: together {rates[0]:.3f}, fixed {rates[1]:.3f}\n")


if __name__ == "__main__":
    main()
