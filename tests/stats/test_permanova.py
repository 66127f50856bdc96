"""PERMANOVA against a slow loop, scikit-bio, itself on rearranged samples, and exactness under the null."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commensal import stats
from commensal.errors import StatisticsError


def line(*at):
    at = np.array(at, dtype=float)
    return np.abs(at[:, None] - at)


def slow_f(d, x, fixed=None):
    """F with hat matrices, as McArdle and Anderson write it."""
    n = len(x)
    z = np.ones((n, 1)) if fixed is None else np.column_stack([np.ones(n), fixed])
    full = np.column_stack([z, x])
    centre = np.eye(n) - 1 / n
    g = centre @ (-0.5 * d**2) @ centre
    hat_z, hat = z @ np.linalg.pinv(z), full @ np.linalg.pinv(full)
    ss, residual = np.trace((hat - hat_z) @ g), np.trace((np.eye(n) - hat) @ g)
    return ss / (residual / (n - np.linalg.matrix_rank(full))), ss / np.trace(g)


@pytest.fixture
def design():
    rng = np.random.default_rng(4)
    block = np.repeat(np.arange(5), 4)
    label = np.tile([0.0, 1.0, 1.0, 0.0], 5)
    x = rng.gamma(0.5, size=(20, 8)) + rng.normal(size=(5, 8))[block] ** 2
    return stats.bray_curtis(x), label, block, rng.normal(size=(20, 2))


def test_f_and_p_equal_a_slow_loop_over_all_arrangements(design):
    d, label, block, covariates = design
    d, label, block = d[:12, :12], label[:12], block[:12]
    fixed = np.column_stack([np.eye(3)[block], covariates[:12]])
    arranged = stats.permutations(label, block=block)
    fit = stats.permanova(d, label, fixed=fixed, permutations=arranged)
    f, r2 = slow_f(d, label, fixed)
    null = np.array([slow_f(d, row, fixed)[0] for row in arranged.labels])
    assert fit.f == pytest.approx(f, rel=1e-9)
    assert fit.r2 == pytest.approx(r2, rel=1e-9)
    assert fit.p == pytest.approx(np.mean(null >= f * (1 - 1e-8)))
    assert fit.df2 == 12 - 3 - 2 - 1
    assert (fit.n_permutations, fit.n_distinct, fit.status) == (216, 216.0, "ok")


def test_f_and_p_equal_scikit_bio_where_samples_are_free(design):
    from skbio import DistanceMatrix
    from skbio.stats.distance import permanova

    d, label, _, _ = design
    theirs = permanova(DistanceMatrix(d), label.astype(str).tolist(), permutations=99, seed=1)
    ours = stats.permanova(d, label, permutations=stats.permutations(label, n=9999))
    assert ours.f == pytest.approx(theirs["test statistic"], rel=1e-8)
    # theirs is slow, so of 99: four standard errors of it
    assert abs(ours.p - theirs["p-value"]) < 4 * np.sqrt(ours.p * (1 - ours.p) / 99)


@settings(max_examples=25, deadline=None)
@given(st.randoms(use_true_random=False), st.floats(1e-6, 1e6))
def test_sample_order_and_scale_change_nothing(random, scale):
    rng = np.random.default_rng(11)
    block, label = np.repeat(np.arange(3), 4), np.tile([0.0, 1.0, 1.0, 0.0], 3)
    d, fixed = stats.bray_curtis(rng.gamma(0.6, size=(12, 5)) + 0.01), np.eye(3)[block]
    order = list(range(12))
    random.shuffle(order)
    fit = stats.permanova(d, label, fixed=fixed, permutations=stats.permutations(label, block=block))
    arranged = stats.permutations(label[order], block=block[order])
    again = stats.permanova(scale * d[np.ix_(order, order)], label[order], fixed=fixed[order], permutations=arranged)
    assert again.f == pytest.approx(fit.f, rel=1e-9)
    assert again.r2 == pytest.approx(fit.r2, rel=1e-9)
    assert again.p == fit.p
    recoded = stats.permutations(5 - 2 * label, block=block)
    assert stats.permanova(d, 5 - 2 * label, fixed=fixed, permutations=recoded).p == fit.p


def test_a_numeric_label_far_from_zero_loses_no_digits(design):
    d, _, _, covariates = design
    dose = covariates[:, 0]
    near = stats.permanova(d, dose, permutations=stats.permutations(dose, n=99))
    far = stats.permanova(d, 1e6 + dose, permutations=stats.permutations(1e6 + dose, n=99))
    assert far.f == pytest.approx(near.f, rel=1e-6)
    assert near.f == pytest.approx(slow_f(d, dose)[0], rel=1e-9)


def test_the_fixed_columns_stay_with_their_samples(design):
    d, label, _, covariates = design
    arranged = stats.permutations(label, n=199)
    fit = stats.permanova(d, label, fixed=covariates, permutations=arranged)
    f = slow_f(d, label, covariates)[0]
    above = sum(slow_f(d, row, covariates)[0] >= f for row in arranged.labels)
    assert fit.p == pytest.approx((1 + above) / 200)


def test_collinear_and_constant_fixed_columns_cost_no_degree_of_freedom_twice(design):
    d, label, block, _ = design
    columns = np.eye(5)[block]
    arranged = stats.permutations(label, block=block, n=99)
    once = stats.permanova(d, label, fixed=columns[:, 1:], permutations=arranged)
    twice = stats.permanova(d, label, fixed=np.column_stack([columns, 7 * columns, np.ones(20)]), permutations=arranged)
    assert twice.df2 == once.df2 == 20 - 5 - 1
    assert twice.f == pytest.approx(once.f, rel=1e-9)


def test_what_cannot_be_tested_has_a_status_and_no_p(design):
    d, label, block, _ = design
    stuck = np.repeat([0.0, 1.0], [8, 12])
    fit = stats.permanova(d, stuck, permutations=stats.permutations(stuck, block=block, scheme="within blocks"))
    assert (fit.status, fit.n_permutations) == ("too_few", 0)
    assert np.isnan(fit.p)
    assert np.isfinite(fit.f)
    fit = stats.permanova(d, stuck, fixed=np.eye(5)[block], permutations=stats.permutations(stuck, block=block))
    assert fit.status == "rank_deficient"
    assert np.isnan([fit.p, fit.f, fit.r2]).all()
    fit = stats.permanova(np.zeros((20, 20)), label, permutations=stats.permutations(label, n=9))
    assert fit.status == "constant"
    one_side = np.ones(20)
    assert stats.permanova(d, one_side, permutations=stats.permutations(one_side)).status == "too_few"
    fit = stats.permanova(line(0, 1, 5), [0, 1, 1], fixed=[[1], [5], [0]], permutations=stats.permutations([0, 1, 1]))
    assert fit.status == "too_few"


def test_an_arrangement_that_the_fixed_columns_explain_counts_as_nothing():
    # The covariate is one of the six arrangements of the label itself.
    label, other = np.array([0.0, 0, 1, 1]), np.array([[0.0], [1], [0], [1]])
    fit = stats.permanova(line(0, 1, 4, 6), label, fixed=other, permutations=stats.permutations(label))
    assert fit.status == "ok"
    assert 0 < fit.p < 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"distance": [[0, 1], [2, 0]]}, "symmetric"),
        ({"distance": [[0, 1, 2], [1, 0, 1]]}, "square"),
        ({"distance": [[0, np.nan], [np.nan, 0]]}, "missing"),
        ({"distance": [[0, -1], [-1, 0]]}, "negative"),
        ({"label": [0, 1, 1]}, "does not fit"),
        ({"fixed": [[1.0]]}, "does not fit"),
        ({"fixed": [[1.0], [np.nan]]}, "missing"),
        ({"permutations": stats.permutations([1, 2])}, "another label"),
        ({"permutations": stats.permutations([0, 1, 1])}, "another label"),
    ],
)
def test_bad_arrays_are_refused_in_words(change, message):
    given = {"distance": [[0, 1], [1, 0]], "label": [0, 1], "permutations": stats.permutations([0, 1])}
    with pytest.raises(StatisticsError, match=message):
        stats.permanova(**(given | change))


def test_the_null_rate_within_blocks_and_of_whole_blocks_is_nominal():
    # 300 null studies each, at 5 %: binomial standard error 0.0126. Blocks differ strongly, which a free test
    # of the whole-block label would mistake for the label.
    rng = np.random.default_rng(8)
    block = np.repeat(np.arange(8), 4)
    inside, carried = np.tile([0.0, 1.0, 1.0, 0.0], 8), np.repeat(np.tile([0.0, 1.0], 4), 4)
    rates = {"within": [], "whole": [], "free": []}
    for seed in range(300):
        x = rng.normal(size=(32, 4)) + 1.5 * rng.normal(size=(8, 4))[block]
        d = stats.euclidean(x)
        tests = {
            "within": (inside, np.eye(8)[block], stats.permutations(inside, block=block, n=199, seed=seed)),
            "whole": (carried, None, stats.permutations(carried, block=block)),
            "free": (carried, None, stats.permutations(carried, n=199, seed=seed)),
        }
        for name, (label, fixed, arranged) in tests.items():
            rates[name].append(stats.permanova(d, label, fixed=fixed, permutations=arranged).p <= 0.05)
    assert np.mean(rates["within"]) < 0.05 + 3 * 0.0126
    assert np.mean(rates["whole"]) < 0.05 + 3 * 0.0126
    assert np.mean(rates["free"]) > 0.2
