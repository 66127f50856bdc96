"""Scores, censored values and counts: invariance, units of inference, bad input."""

from __future__ import annotations

import numpy as np
import pytest

from commensal import stats
from commensal.errors import StatisticsError


def study(cages: int = 4, size: int = 4, m: int = 3, seed: int = 1):
    rng = np.random.default_rng(seed)
    cage = np.repeat(np.arange(2 * cages), size)
    arm = (cage >= cages).astype(float)
    z = rng.normal(size=(len(cage), m)) + 0.6 * rng.normal(size=(2 * cages, m))[cage] + 0.5 * arm[:, None]
    return z, np.column_stack([np.ones(len(cage)), arm]), cage


def score(z):
    return np.digitize(z, [-1.0, 0.0, 1.0]).astype(float)


def latency(z, x, groups=None):
    return stats.censored_mixed(np.minimum(z, 0.8), x, [0, 1], groups, right=z > 0.8)


FITS = {
    "score": lambda z, x, g: stats.cumulative_link_mixed(score(z), x, [0, 1], g),
    "latency": latency,
    "count": lambda z, x, g: stats.count_mixed(np.round(np.exp(1 + z)), x, [0, 1], g),
}


@pytest.mark.parametrize("kind", FITS)
def test_a_batch_is_its_columns_one_by_one(kind):
    z, x, cage = study()
    z[3, 1] = np.nan
    whole = FITS[kind](z, x, cage)
    for j in range(z.shape[1]):
        one = FITS[kind](z[:, [j]], x, cage)
        for name in ("effect", "se", "p", "df", "sd_group"):
            np.testing.assert_allclose(getattr(one, name)[0], getattr(whole, name)[j], rtol=1e-6, atol=1e-9)
        assert one.status[0] == whole.status[j]


@pytest.mark.parametrize("kind", FITS)
def test_order_of_samples_and_scale_of_columns_do_not_matter(kind):
    z, x, cage = study()
    fit = FITS[kind](z, x, cage)
    order = np.random.default_rng(4).permutation(len(z))
    other = FITS[kind](z[order], x[order], cage[order])
    np.testing.assert_allclose(other.effect, fit.effect, rtol=1e-6)
    np.testing.assert_allclose(other.p, fit.p, rtol=1e-6)
    wide = FITS[kind](z, x * [1, 1000], cage)
    np.testing.assert_allclose(wide.effect * 1000, fit.effect, rtol=1e-6)
    np.testing.assert_allclose(wide.p, fit.p, rtol=1e-6)


@pytest.mark.parametrize("kind", FITS)
def test_arms_of_whole_cages_have_cages_minus_arms_degrees_of_freedom(kind):
    z, x, cage = study()
    fit = FITS[kind](z, x, cage)
    assert (fit.df == 6).all()
    assert (fit.p >= fit.p_lrt).all()


@pytest.mark.parametrize("kind", FITS)
def test_one_cage_on_a_side_keeps_the_effect_and_has_no_p(kind):
    z, x, cage = study()
    keep = (cage < 4) | (cage == 5)
    fit = FITS[kind](z[keep], x[keep], cage[keep])
    assert set(fit.status) == {"one_cage"}
    assert np.isfinite(fit.effect).all()
    assert np.isnan(fit.p).all()


def test_without_censoring_it_is_the_t_test():
    z, x, _ = study()
    fit, exact = stats.censored_mixed(z, x, [0, 1]), stats.linear(z, x, [0, 1])
    np.testing.assert_allclose(fit.effect, exact.effect, rtol=1e-8)
    np.testing.assert_allclose(fit.p, exact.p, rtol=1e-7)
    np.testing.assert_allclose(fit.low, exact.low, rtol=1e-6, atol=1e-8)


def test_shift_and_scale_of_values():
    z, x, cage = study()
    fit = latency(z, x, cage)
    top = np.minimum(z, 0.8) * 50 + 200
    other = stats.censored_mixed(top, x, [0, 1], cage, right=z > 0.8)
    np.testing.assert_allclose(other.effect, 50 * fit.effect, rtol=1e-6)
    np.testing.assert_allclose(other.p, fit.p, rtol=1e-6)
    np.testing.assert_allclose(other.sd_group, 50 * fit.sd_group, rtol=1e-4, atol=1e-6)


def test_only_the_order_of_scores_counts():
    z, x, cage = study()
    fit = stats.cumulative_link_mixed(score(z), x, [0, 1], cage)
    other = stats.cumulative_link_mixed(np.array([0.0, 1, 10, 100])[score(z).astype(int)], x, [0, 1], cage)
    turned = stats.cumulative_link_mixed(-score(z), x, [0, 1], cage)
    np.testing.assert_allclose(other.effect, fit.effect, rtol=1e-9)
    np.testing.assert_allclose(turned.effect, -fit.effect, rtol=1e-6)
    np.testing.assert_allclose(turned.p, fit.p, rtol=1e-6)


def test_two_scores_are_the_logistic_model():
    z, x, cage = study()
    y = (z > 0).astype(float)
    fit, logistic = stats.cumulative_link_mixed(y, x, [0, 1], cage), stats.logistic_mixed(y, x, [0, 1], cage, points=15)
    np.testing.assert_allclose(fit.effect, logistic.effect, rtol=1e-5)
    np.testing.assert_allclose(fit.p, logistic.p, rtol=1e-5)


def test_counts_without_overdispersion_are_poisson_and_say_so():
    y = np.array([3, 4, 3, 4, 4, 3, 3, 4, 6, 7, 6, 7, 6, 7, 6, 6.0])[:, None]
    x = np.column_stack([np.ones(16), np.repeat([0, 1], 8)])
    fit, poisson = stats.count_mixed(y, x, [0, 1]), stats.count_mixed(y, x, [0, 1], family="poisson")
    assert fit.effect[0] == pytest.approx(np.log(51 / 28), abs=1e-8)
    assert fit.p[0] == pytest.approx(poisson.p[0])
    assert fit.note[0] == "no more spread than Poisson's"
    assert np.isinf(fit.spread[0])


def test_what_cannot_be_estimated_has_a_status():
    x = np.column_stack([np.ones(8), np.repeat([0, 1], 4)])
    above = np.array([0, 1, 1, 0, 2, 3, 2, 3.0])
    y = np.column_stack([above, np.ones(8), np.r_[np.full(4, np.nan), above[4:]]])
    fit = stats.cumulative_link_mixed(y, x, [0, 1])
    assert fit.status.tolist() == ["separated", "constant", "too_few"]
    assert np.isnan(fit.p).all()
    zeros = np.array([[0, 0, 0, 0, 2, 3, 2, 3.0], [0] * 8]).T
    assert stats.count_mixed(zeros, x, [0, 1]).status.tolist() == ["separated", "all_zero"]
    top = np.full((8, 1), 300.0)
    assert stats.censored_mixed(top, x, [0, 1], right=top >= 300).status[0] == "too_few"
    half = np.array([100, 120, 90, 130, 300, 300, 300, 300.0])[:, None]
    assert stats.censored_mixed(half, x, [0, 1], right=half >= 300).status[0] == "separated"
    twice = np.column_stack([x, x[:, 1]])
    assert stats.censored_mixed(half, twice, [0, 1, 0]).status[0] == "rank_deficient"


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (
            lambda x: stats.cumulative_link_mixed(np.arange(56.0)[:, None], np.tile(x, (7, 1)), [0, 1]),
            "different scores",
        ),
        (lambda x: stats.cumulative_link_mixed(x[:, :1], x, [1, 0]), "intercept"),
        (lambda x: stats.count_mixed(x - 0.5, x, [0, 1]), "whole numbers"),
        (lambda x: stats.count_mixed(x, x, [0, 1], family="gamma"), "family"),
        (lambda x: stats.censored_mixed(x, x, [0, 1], left=x > 0, right=x > 0), "both sides"),
        (lambda x: stats.censored_mixed(x, x, [0, 1], upper=x - 1), "below y"),
        (lambda x: stats.censored_mixed(x, x, [0, 1], right=[True]), "do not fit"),
        (lambda x: stats.censored_mixed(x, x, [0, 1], points=2), "quadrature"),
        (lambda x: stats.unit_contrasts(x, x, [[0, 1]], kind="rank"), "no such model"),
        (lambda x: stats.unit_contrasts(x, x, [[0, 1]], None, [1] * 8), "without cages"),
    ],
)
def test_bad_input_is_named(call, words):
    x = np.column_stack([np.ones(8), np.repeat([0, 1], 4)])
    with pytest.raises(StatisticsError, match=words):
        call(x)


def test_global_test_of_one_measure_is_the_exact_rank_sum_test():
    from scipy.stats import mannwhitneyu

    rng = np.random.default_rng(2)
    y, case = rng.normal(size=(10, 1)), np.repeat([0, 1], 5)
    found = stats.global_test(y, case)
    other = mannwhitneyu(y[5:, 0], y[:5, 0], method="exact")
    assert found.p == pytest.approx(other.pvalue)
    assert found.effect == pytest.approx(other.statistic / 25 - 0.5)


def test_global_test_counts_a_repeated_measure_once_and_moves_whole_cages():
    rng = np.random.default_rng(3)
    y, case, cage = rng.normal(size=(24, 2)), np.repeat([0, 1], 12), np.repeat(np.arange(6), 4)
    one, twice = stats.global_test(y, case, cage), stats.global_test(np.hstack([y, y, y]), case, cage)
    assert twice.p == one.p
    assert twice.effect == pytest.approx(one.effect)
    assert one.n_distinct == 20
    assert one.smallest_p == pytest.approx(0.1)
    assert one.df <= 4
    alone = stats.global_test(y[:16], case[:16], cage[:16])
    assert alone.status == "one_cage"
    assert np.isnan(alone.p)
    assert stats.global_test(y[:4], case[:4]).status == "too_few"


@pytest.mark.parametrize("kind", FITS)
def test_a_column_per_arm_is_the_same_as_an_intercept_and_an_arm(kind):
    z, x, cage = study()
    calls = {
        "score": (score(z), {}),
        "count": (np.round(np.exp(1 + z)), {}),
        "value": (np.minimum(z, 0.8), {"ceiling": 0.8}),
    }
    y, options = calls["value" if kind == "latency" else kind]
    options |= {"kind": "value" if kind == "latency" else kind}
    cells = np.column_stack([1 - x[:, 1], x[:, 1]])
    one = stats.unit_contrasts(y, x, [[0, 1]], cage, **options)[0]
    two = stats.unit_contrasts(y, cells, [[-1, 1]], cage, **options)[0]
    np.testing.assert_allclose(two.effect, one.effect, rtol=1e-6)
    np.testing.assert_allclose(two.p, one.p, rtol=1e-6)
    assert two.status.tolist() == one.status.tolist()
    gone = np.where((x[:, 1] == 1)[:, None], y, np.nan)
    assert set(stats.unit_contrasts(gone, cells, [[-1, 1]], cage, **options)[0].status) == {"too_few"}


@pytest.mark.parametrize("kind", ["value", "score", "count"])
def test_one_cage_is_seen_among_several_arms_with_a_column_each(kind):
    rng = np.random.default_rng(6)
    cage = np.repeat(np.arange(7), 4)
    arm = np.array([0, 0, 0, 1, 1, 1, 2])[cage]
    y = rng.poisson(4, (28, 3)).astype(float) if kind != "score" else rng.integers(0, 4, (28, 3)).astype(float)
    fits = stats.unit_contrasts(y, np.eye(3)[arm], [[-1, 1, 0], [-1, 0, 1], [0, -1, 1]], cage, kind=kind)
    assert set(fits[0].status) <= {"ok", "boundary"}
    assert np.isfinite(fits[0].p).all()
    for fit in fits[1:]:
        assert set(fit.status) == {"one_cage"}
        assert np.isnan(fit.p).all()
        assert np.isfinite(fit.effect).all()
    gone = np.where(((arm == 0) & (cage > 0))[:, None], np.nan, y)
    assert set(stats.unit_contrasts(gone, np.eye(3)[arm], [[-1, 1, 0]], cage, kind=kind)[0].status) == {"one_cage"}
