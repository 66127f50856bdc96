"""Sign flips against every sign vector by hand, scipy, invariance, and null rates."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from commensal import stats
from commensal.errors import StatisticsError


def brute(d, block=None):
    """p and step-down adjusted p over all sign vectors, a plain loop."""
    block = np.arange(len(d)) if block is None else block
    d = np.nan_to_num(d)
    sums = np.array([d[block == b].sum(axis=0) for b in np.unique(block)])
    size = np.sqrt((sums**2).sum(axis=0))
    null = np.array([np.abs(np.array(s) @ sums) / size for s in product([1, -1], repeat=len(sums))])
    observed = np.abs(sums.sum(axis=0)) / size
    order, highest, adjusted = np.argsort(-observed), 0.0, np.zeros(d.shape[1])
    for place, j in enumerate(order):
        highest = max(highest, np.mean(null[:, order[place:]].max(axis=1) >= observed[j] - 1e-9))
        adjusted[j] = highest
    return (null >= observed - 1e-9).mean(axis=0), adjusted


@pytest.mark.parametrize("holes", [False, True])
@pytest.mark.parametrize("block", [None, np.array([0, 0, 1, 2, 3, 3, 4, 5])])
def test_p_equal_those_of_every_sign_vector(holes, block):
    rng = np.random.default_rng(4)
    d = rng.normal(0.4, size=(8, 5))
    if holes:
        d[rng.random(d.shape) < 0.2] = np.nan
    fit = stats.sign_flips(d, block=block)
    p, adjusted = brute(d, block)
    assert (fit.exact, fit.n_distinct) == (True, 2.0 ** (8 if block is None else 6))
    assert fit.p == pytest.approx(p)
    assert fit.p_adjusted == pytest.approx(adjusted)
    assert fit.effect == pytest.approx(np.nanmean(d, axis=0))


def test_exact_p_and_t_equal_scipy():
    from scipy.stats import permutation_test, ttest_1samp

    d = np.random.default_rng(8).normal(0.5, size=11)
    fit = stats.sign_flips(d)
    theirs = permutation_test(
        (d,), lambda x: abs(x.sum()), permutation_type="samples", alternative="greater", n_resamples=np.inf
    )
    assert fit.p[0] == pytest.approx(theirs.pvalue)
    assert fit.statistic[0] == pytest.approx(ttest_1samp(d, 0).statistic)
    assert fit.smallest_p[0] == 2 / 2**11


def test_random_flips_come_near_the_exact_p_and_extend_each_other():
    d = np.random.default_rng(6).normal(0.3, size=(12, 3))
    exact, random = stats.sign_flips(d), stats.sign_flips(d, n=4000, seed=2)
    assert (exact.exact, random.exact) == (True, False)
    assert np.abs(random.p - exact.p).max() < 4 * np.sqrt(0.25 / 4000)
    assert np.abs(random.p_adjusted - exact.p_adjusted).max() < 4 * np.sqrt(0.25 / 4000)
    assert stats.sign_flips(d, n=99, seed=2).p.tolist() == stats.sign_flips(d, n=99, seed=2).p.tolist()


def test_many_pairs_have_too_many_sign_vectors_to_count():
    d = np.random.default_rng(0).normal(size=(2000, 1))
    fit = stats.sign_flips(d, n=99)
    assert fit.n_distinct == float("inf")
    assert fit.smallest_p[0] == 0.01


def test_scale_sign_and_order_change_nothing():
    rng = np.random.default_rng(1)
    d = rng.normal(0.5, size=(9, 4))
    fit = stats.sign_flips(d)
    again = stats.sign_flips(-1e5 * d[rng.permutation(9)])
    assert again.p == pytest.approx(fit.p)
    assert again.p_adjusted == pytest.approx(fit.p_adjusted)
    assert again.statistic == pytest.approx(-fit.statistic)


def test_units_beyond_the_square_root_of_floating_point_change_nothing():
    d = np.random.default_rng(1).normal(0.5, size=(9, 1))
    fit = stats.sign_flips(np.hstack([d, 1e200 * d, 1e-200 * d]))
    assert fit.p == pytest.approx(fit.p[0])
    assert fit.statistic == pytest.approx(fit.statistic[0])
    assert fit.effect == pytest.approx(fit.effect[0] * np.array([1, 1e200, 1e-200]))


def test_what_cannot_be_tested_has_a_status_and_no_p():
    d = np.array([[1.0, 0, np.nan, 2], [2, 0, np.nan, 2], [1, 0, 3, 2]])
    fit = stats.sign_flips(d)
    assert fit.status.tolist() == ["ok", "constant", "too_few", "ok"]
    assert np.isnan(fit.p).tolist() == [False, True, True, False]
    assert fit.p[3] == 0.25  # all pairs alike: t is infinite, p is not 0
    assert np.isinf(fit.statistic[3])
    assert stats.sign_flips(d[:, :1], block=["a", "a", "a"]).status[0] == "too_few"
    assert stats.sign_flips(d[:, 1:2]).n_permutations == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"differences": [[np.inf]]}, "missing or infinite"),
        ({"differences": [["a"]]}, "do not hold numbers"),
        ({"differences": np.empty((0, 2))}, "no pairs"),
        ({"differences": [1.0, 2.0], "block": ["a"]}, "does not fit"),
        ({"differences": [1.0, 2.0], "n": 0}, "no permutations"),
    ],
)
def test_bad_input_is_refused_in_words(arguments, message):
    with pytest.raises(StatisticsError, match=message):
        stats.sign_flips(**arguments)


@pytest.mark.parametrize("pairs", [8, 20, 60])
@pytest.mark.parametrize("blocked", [False, True])
def test_the_null_rates_are_nominal(pairs, blocked):
    # 150 null studies at 5 %: P(more than 17) for Binomial(150, 0.05) is 0.0006. Heavy tails; litters of two pairs.
    rng = np.random.default_rng(12)
    block = np.arange(pairs) // 2 if blocked else None
    any_low, low = [], []
    for study in range(150):
        d = rng.standard_t(2, size=(pairs, 10)) + rng.standard_t(2, size=(pairs, 1))
        if blocked:
            d += 2 * rng.standard_t(2, size=(pairs // 2, 10))[block]
        fit = stats.sign_flips(d, block=block, n=199, seed=study)
        any_low.append(fit.p_adjusted.min() <= 0.05)
        low.append(np.mean(fit.p <= 0.05))
    assert np.mean(any_low) <= 17 / 150
    assert np.mean(low) <= 0.065
