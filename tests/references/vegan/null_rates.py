"""The null rates in docs/decisions/permutation.md: how often p ≤ 0.05 where nothing differs.

``python null_rates.py`` takes 1–2 minutes. 1,000 studies a row, so a standard error of 0.7 % at 5 %.
"""

import sys

import numpy as np

from commensal import stats

STUDIES, ARRANGEMENTS = 1000, 999


def whole(rng, sizes, n_control):
    """Blocks of these sizes, the first ones control."""
    return np.repeat(np.arange(len(sizes)), sizes), np.repeat(np.arange(len(sizes)) >= n_control, sizes).astype(float)


def within(rng, blocks, largest):
    """Blocks of 2 … largest samples, both labels in each."""
    block = np.repeat(np.arange(blocks), rng.integers(2, largest + 1, blocks))
    label = np.zeros(block.size)
    for b in range(blocks):
        inside = np.flatnonzero(block == b)
        label[rng.choice(inside, rng.integers(1, inside.size), replace=False)] = 1
    return block, label


DESIGNS = {
    "free, 20 + 20": lambda rng: whole(rng, [1] * 40, 20),
    "free, 12 + 28": lambda rng: whole(rng, [1] * 40, 12),
    "4 + 4 cages of 4": lambda rng: whole(rng, [4] * 8, 4),
    "5 + 5 cages of 4": lambda rng: whole(rng, [4] * 10, 5),
    "8 + 11 infants": lambda rng: whole(rng, rng.integers(3, 8, 19), 8),
    "within 8 pairs": lambda rng: within(rng, 8, 2),
    "within 6 households of 2-4": lambda rng: within(rng, 6, 4),
    "within 20 pairs": lambda rng: within(rng, 20, 2),
    "within 20 households of 2-5": lambda rng: within(rng, 20, 5),
}


def dispersion(design, shift, rng):
    """Return the rates of residuals and of distances; blocks differ in scatter, and in place by ``shift``."""
    hits = np.zeros(2)
    for study in range(STUDIES):
        block, label = DESIGNS[design](rng)
        blocks = block.max() + 1
        scatter = 1.0 if design.startswith("free") else np.exp(rng.normal(0, 0.4, blocks))[block][:, None]
        x = rng.normal(size=(block.size, 5)) * scatter + shift * rng.normal(size=(blocks, 5))[block]
        arranged = stats.permutations(label, block=block, n=ARRANGEMENTS, seed=study)
        d = stats.euclidean(x)
        p = [stats.permdisp(d, label, arranged, residuals=r).p for r in (True, False)]
        hits += np.array(p) <= 0.05
    return hits / STUDIES


def covariate(correlation, skewed, rng):
    """Return the rate of PERMANOVA after a covariate that matters and goes with the label."""
    hits = 0
    label = np.tile([0.0, 1.0], 20)
    for study in range(STUDIES):
        z = correlation * (2 * label - 1) + np.sqrt(1 - correlation**2) * rng.normal(size=40)
        z = np.exp(1.5 * z) / 3 if skewed else z
        x = rng.normal(size=(40, 4)) + 2 * z[:, None] * np.array([1, 0.5, 0, 0])
        arranged = stats.permutations(label, n=199, seed=study)
        hits += stats.permanova(stats.euclidean(x), label, fixed=z[:, None], permutations=arranged).p <= 0.05
    return hits / STUDIES


def main() -> None:
    rng = np.random.default_rng(5)
    for design in DESIGNS:
        for shift in (0,) if design.startswith("free") else (0, 1, 2):
            residuals, ours = dispersion(design, shift, rng)
            sys.stdout.write(f"{design}, block shift {shift}: residuals {residuals:.3f}, distances {ours:.3f}\n")
    for skewed in (False, True):
        for correlation in (0, 0.5, 0.9):
            rate = covariate(correlation, skewed, rng)
            sys.stdout.write(f"PERMANOVA, covariate {correlation} {'log-normal' if skewed else 'normal'}: {rate:.3f}\n")


if __name__ == "__main__":
    main()
