"""Write small.tsv: 24 samples × 120 features in one table, for the comparisons with limma that need no real data.

Run once; the file is kept. python make_small.py > small.tsv
"""

import sys

import numpy as np


def main() -> None:
    rng = np.random.default_rng(20240702)
    n, m = 24, 120
    arm, age = np.tile([0, 1], n // 2), rng.integers(20, 70, n)
    scale = np.sqrt(0.6 / rng.chisquare(6, m) * 6)  # variances that share a prior of 6 df
    common = rng.normal(size=(n, 6))  # six sets of twenty features that go together
    y = rng.normal(size=(n, m)) + 0.7 * np.repeat(common, 20, axis=1) * (np.arange(m) < 80)
    y += np.outer(arm, np.where(np.arange(m) % 20 < 6, 0.8, 0.0) * (np.arange(m) < 40))
    y = 5 + y * scale + 0.02 * age[:, None]
    y[rng.random((n, m)) < 0.08 * (np.arange(m) % 3 == 0)] = np.nan
    names = ["sample", "arm", "age", *(f"f{j + 1:03d}" for j in range(m))]
    rows = [names] + [
        [f"s{i + 1:02d}", arm[i], age[i], *("NA" if np.isnan(v) else f"{v:.6f}" for v in y[i])] for i in range(n)
    ]
    sys.stdout.writelines("\t".join(map(str, row)) + "\n" for row in rows)


if __name__ == "__main__":
    main()
