"""Write small.tsv: 20 samples × 15 species in 5 households, the table of the comparisons that need no real data.

Run once; the file is kept. python make_small.py > small.tsv
"""

import sys

import numpy as np


def main() -> None:
    rng = np.random.default_rng(20240611)
    block = np.repeat(["h1", "h2", "h3", "h4", "h5"], [4, 3, 5, 4, 4])
    # Households of 2:2, 1:2, 2:3, 1:3 and 2:2, so 6 × 3 × 10 × 4 × 6 = 4,320 arrangements within households.
    label = np.array([1, 1, 0, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 0, 0, 0, 1, 1, 0, 0])
    arm = np.repeat([0, 1, 0, 1, 0], [4, 3, 5, 4, 4])
    age = rng.integers(3, 70, 20)
    base = rng.normal(0, 1.5, 15)
    home = {name: rng.normal(0, 0.7, 15) for name in np.unique(block)}
    shift = np.where(np.arange(15) < 3, 1.0, 0.0)
    rows = [["sample", "block", "label", "arm", "age", *(f"sp{j + 1:02d}" for j in range(15))]]
    for i in range(20):
        log = base + home[block[i]] + label[i] * shift + 0.01 * age[i] * (np.arange(15) == 7) + rng.normal(0, 0.6, 15)
        share = np.exp(log) / np.exp(log).sum()
        counts = rng.multinomial(int(rng.integers(60, 400)), share)
        rows.append([f"s{i + 1:02d}", block[i], label[i], arm[i], age[i], *counts])
    sys.stdout.writelines("\t".join(map(str, row)) + "\n" for row in rows)


if __name__ == "__main__":
    main()
