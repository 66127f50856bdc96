"""Generated odd arrays through everything that permutes, rotates or moderates: a refusal in words, a p, or a status."""

from __future__ import annotations

import numpy as np
import pytest

from commensal import stats
from commensal.errors import StatisticsError

CASES = 150


def values(rng, n, m):
    y = rng.normal(size=(n, m)) * 10.0 ** rng.integers(-8, 9)
    kind = rng.integers(0, 9)
    if kind == 1:
        y[rng.random((n, m)) < 0.5] = np.nan
    elif kind == 2:
        y[:] = rng.choice([0.0, np.nan])
    elif kind == 3:
        y[:] = rng.integers(0, 2, (n, m))
    elif kind == 4 and y.size:
        y.flat[rng.integers(0, y.size)] = np.inf
    elif kind == 5:
        y += 1e12
    elif kind == 6:
        y *= 1e-200
    elif kind == 7:
        y = np.sign(y) * 1e200
    return y


def label_of(rng, n):
    kinds = [np.zeros(n), rng.integers(0, 2, n), rng.normal(size=n), np.arange(n) % 3, np.arange(n) < n // 2]
    label = kinds[rng.integers(0, len(kinds))].astype(float)
    label[rng.random(n) < 0.02] = np.nan
    return label


def terms(rng, label, block, fixed):
    given = {"a": label, "b": values(rng, label.size, 2)}
    scheme = [None, "within blocks", "whole blocks", "whole blocks and within"][rng.integers(0, 4)]
    rows = stats.permuted_rows(np.column_stack(list(given.values())), block=block, scheme=scheme, n=30)
    d = stats.euclidean(values(rng, label.size, 3))
    return stats.permanova_terms(d, given, permutations=rows, fixed=fixed, by=rng.choice(["sequential", "marginal"]))


def jobs(rng):
    n, m = int(rng.integers(1, 9)), int(rng.integers(0, 5))
    y, label = values(rng, n, m), label_of(rng, n)
    block = None if rng.random() < 0.4 else rng.integers(0, 3, n)
    fixed = None if rng.random() < 0.5 else values(rng, n, int(rng.integers(0, 3)))
    x, sets = np.column_stack([np.ones(n), label]), {"a": rng.integers(0, max(m, 1), 2), "b": []}
    return {
        "max_t": lambda: stats.max_t(y, label, fixed=fixed, permutations=stats.permutations(label, block=block, n=30)),
        "sign_flips": lambda: stats.sign_flips(y, block=block, n=30),
        "permanova_terms": lambda: terms(rng, label, block, fixed),
        "set_permutation": lambda: stats.set_permutation(
            y, label, sets, fixed=fixed, permutations=stats.permutations(label, block=block, n=30)
        ),
        "set_rotation": lambda: stats.set_rotation(y, x, [0, 1], sets, n=30),
        "set_competitive": lambda: stats.set_competitive(y, x, [0, 1], sets, negative=bool(rng.integers(0, 2))),
        "moderated": lambda: stats.moderated(stats.linear(y, x, [0, 1])),
    }


@pytest.mark.parametrize("seed", range(4))
def test_every_answer_is_a_p_a_status_or_a_refusal(seed):
    rng, answered = np.random.default_rng(seed), dict.fromkeys(jobs(np.random.default_rng(0)), 0)
    for _ in range(CASES):
        for name, job in jobs(rng).items():
            try:
                fit = job()
            except StatisticsError:
                continue
            answered[name] += 1
            told = np.isfinite(fit.p)
            assert ((fit.p[told] > 0) & (fit.p[told] <= 1)).all(), name
            assert (told | (fit.status != "ok")).all(), name
    assert min(answered.values()) > 0
