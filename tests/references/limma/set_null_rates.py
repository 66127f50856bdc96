"""Null rates of the set tests, for docs/decisions/sets.md: a simulation, not limma.

400 studies of 120 features, a set of twenty; `share` is the correlation among members, `others` that among the rest.
Blocks differ by 1.5 standard deviations in every feature. python set_null_rates.py
"""

import sys

import numpy as np

from commensal import stats

STUDIES, N = 400, 199
SET = {"set": range(20)}


def features(rng, n, share, others, block):
    y = rng.normal(size=(n, 120))
    y[:, :20] = np.sqrt(1 - share) * y[:, :20] + np.sqrt(share) * rng.normal(size=(n, 1))
    y[:, 20:] = np.sqrt(1 - others) * y[:, 20:] + np.sqrt(others) * rng.normal(size=(n, 1))
    return y if block is None else y + 1.5 * rng.normal(size=(block.max() + 1, 120))[block]


def rates(label, block, share, others):
    rng, rows = np.random.default_rng(8), []
    whole = block is not None and stats.permutations(label, block=block, n=9).scheme == "whole blocks"
    fixed = None if block is None or whole else np.eye(block.max() + 1)[block]
    x = np.column_stack([np.ones(label.size) if fixed is None else fixed, label])
    contrast = np.eye(x.shape[1])[-1]
    for study in range(STUDIES):
        y = features(rng, label.size, share, others, block)
        arranged = stats.permutations(label, block=block, n=N, seed=study)
        fits = [
            stats.set_permutation(y, label, SET, permutations=arranged, fixed=fixed),
            stats.set_rotation(y, x, contrast, SET, n=N, seed=study),
            stats.set_competitive(y, x, contrast, SET),
            stats.set_competitive(y, x, contrast, SET, correlation=0.01),
        ]
        rows.append([fit.p[0] <= 0.05 for fit in fits])
    return " | ".join(f"{100 * rate:.1f} %" for rate in np.mean(rows, axis=0))


def main() -> None:
    cage = lambda n: (np.repeat([0.0, 1.0], 4 * n), np.repeat(np.arange(2 * n), 4))  # noqa: E731
    home = lambda n: (np.tile([0.0, 1, 1, 0], n), np.repeat(np.arange(n), 4))  # noqa: E731
    free = lambda n: (np.repeat([0.0, 1.0], n), None)  # noqa: E731
    designs = {
        "8 per arm": free(8),
        "20 per arm": free(20),
        "10 households of 4": home(10),
        "4 cages of 4 per arm": cage(4),
    }
    for name, (label, block) in designs.items():
        for share, others in ((0.0, 0.0), (0.3, 0.0), (0.3, 0.1)):
            if name == "20 per arm" or others == 0:
                sys.stdout.write(f"| {name} | {share} | {others} | {rates(label, block, share, others)} |\n")
                sys.stdout.flush()


if __name__ == "__main__":
    main()
