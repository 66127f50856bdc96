"""Familywise error of the approximations of ``stats.dunnett``: the table in docs/decisions/multiplicity.md.

    python null_rates.py [studies]

Every study draws a true null and asks whether any contrast has p ≤ 0.05. Means and variances of normal samples are
drawn from their own distributions, which is the same as drawing samples. An adjusted p lies between the single p and
Bonferroni's, which spares most integrals.
"""

from __future__ import annotations

import sys

import numpy as np

from commensal.stats import _joint_t as joint

SIZES = {
    "3 strains, 8 each": [8] * 4,
    "3 strains, 16 + 5, 8, 5": [16, 5, 8, 5],
    "7 strains, 6 each": [6] * 8,
    "11 strains, 10 + 5 each": [10] + [5] * 11,
}
SPREADS = {
    "equal": np.ones,
    "control twice": lambda k: np.r_[2.0, np.ones(k - 1)],
    "one strain thrice": lambda k: np.r_[np.ones(k - 1), 3.0],
}


def rejects(effect, v, df):
    """Whether any contrast is found, from effects, arms' variances of means v (control first) and df."""
    scale = np.sqrt(v[1:] + v[0])
    correlation = v[0] / np.outer(scale, scale)
    np.fill_diagonal(correlation, 1)
    for c, f in zip(np.abs(effect) / scale, np.broadcast_to(df, effect.shape), strict=True):
        single = 2 * joint.tail(c, f)
        if single * effect.size <= 0.05:
            return True
        if single <= 0.05 and joint.exceedance(c, correlation, f, two_sided=True).p <= 0.05:
            return True
    return False


def arms(rng, n, sigma, unequal):
    mean = rng.normal(size=n.size) * sigma / np.sqrt(n)
    v = sigma**2 * rng.chisquare(n - 1) / (n - 1)
    if unequal:
        v = v / n
        df = (v[1:] + v[0]) ** 2 / (v[1:] ** 2 / (n[1:] - 1) + v[0] ** 2 / (n[0] - 1))
    else:
        df = n.sum() - n.size
        v = (v * (n - 1)).sum() / df / n
    return rejects(mean[1:] - mean[0], v, df)


def cages(rng, per_arm, sizes, icc):
    """Means of cages of unequal size as observations with one variance."""
    n = np.full(4, per_arm)
    means = [rng.normal(size=per_arm) * np.sqrt(icc + (1 - icc) / rng.choice(sizes, per_arm)) for _ in n]
    df = n.sum() - n.size
    v = sum(((m - m.mean()) ** 2).sum() for m in means) / df / n
    effect = np.array([m.mean() for m in means])
    return rejects(effect[1:] - effect[0], v, df)


def main():
    studies = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    rng = np.random.default_rng(20261122)
    for name, sizes in SIZES.items():
        n = np.array(sizes)
        for spread, make in SPREADS.items():
            sigma = make(n.size)
            rates = [np.mean([arms(rng, n, sigma, unequal) for _ in range(studies)]) for unequal in (False, True)]
            sys.stdout.write(f"{name}; variances {spread}: equal {rates[0]:.3f}, unequal {rates[1]:.3f}" + "\n")
    for per_arm in (2, 3, 4, 8):
        for sizes in ([4], [1, 2, 5]):
            rate = np.mean([cages(rng, per_arm, sizes, 0.2) for _ in range(studies)])
            sys.stdout.write(f"3 strains, {per_arm} cages per arm of {sizes} mice, ICC 0.2: {rate:.3f}" + "\n")


if __name__ == "__main__":
    main()
