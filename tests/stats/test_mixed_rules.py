"""Statuses, the cap on degrees of freedom, and calibration under the null."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import stdtr
from scipy.stats import binomtest

from commensal import stats
from commensal.errors import StatisticsError

nan = np.nan


def cages(per_arm: int, size: int):
    cage = np.repeat(np.arange(2 * per_arm), size)
    return cage, np.column_stack([np.ones(len(cage)), cage >= per_arm]).astype(float)


def test_null_rate_with_three_cages_of_four_per_arm():
    """STATISTICS point 1: 26 % of these fits are at the boundary; point 12: exact one-sided binomial test at 1 %."""
    rng = np.random.default_rng(20240101)
    cage, x = cages(3, 4)
    m = 20_000
    y = rng.normal(0, np.sqrt(0.2), (6, m))[cage] + rng.normal(0, np.sqrt(0.8), (24, m))
    fit = stats.mixed(y, x, [0, 1], cage)
    assert set(fit.status) == {"ok", "boundary"}
    assert 0.2 < np.mean(fit.status == "boundary") < 0.32
    assert np.all(fit.df <= 4)
    for nominal in (0.05, 1e-3, 1e-4):
        rejected = int((fit.p <= nominal).sum())
        assert binomtest(rejected, m, nominal, alternative="greater").pvalue > 0.01, nominal
    uncapped = 2 * stdtr(fit.df_satterthwaite, -np.abs(fit.statistic))
    assert np.mean(uncapped <= 1e-3) > 2e-3  # what the cap is there for


def test_null_rate_within_households():
    rng = np.random.default_rng(20240102)
    m, household = 10_000, np.repeat(np.arange(12), [2, 3, 4] * 4)
    label = rng.permuted(np.arange(len(household)) % 3 == 0).astype(float)
    y = rng.normal(0, 1, (12, m))[household] + rng.normal(0, 1, (len(household), m))
    y[rng.random(y.shape) < 0.15] = nan
    fit = stats.mixed_split(y, np.column_stack([np.ones(len(household)), label]), 1, household)
    for part in (fit.within, fit.between):
        p = part.p[np.isfinite(part.p)]
        assert len(p) > 0.95 * m
        assert binomtest(int((p <= 0.05).sum()), len(p), 0.05, alternative="greater").pvalue > 0.01


def test_one_cage_in_an_arm_keeps_its_effect_and_has_no_p():
    rng = np.random.default_rng(3)
    cage = np.repeat([0, 1, 2, 3], 5)
    x = np.column_stack([np.ones(20), cage == 3]).astype(float)
    y = rng.normal(0, 1, (20, 2)) + rng.normal(0, 1, (4, 2))[cage]
    y[cage == 2, 1] = nan
    fit = stats.mixed(y, x, [0, 1], cage)
    assert list(fit.status) == ["one_cage", "one_cage"]
    assert np.isfinite([fit.effect, fit.se]).all()
    assert np.isnan([fit.p, fit.low, fit.high, fit.df]).all()
    # with a third arm the pooled cages do not hide that one side of this comparison is one cage
    arms = np.column_stack([np.ones(20), cage == 3, cage == 2]).astype(float)
    assert stats.mixed(y[:, :1], arms, [0, 1, 0], cage).status[0] == "one_cage"
    # nor do indicator columns without an intercept
    bare = np.column_stack([cage < 3, cage == 3]).astype(float)
    assert stats.mixed(y[:, :1], bare, [-1, 1], cage).status[0] == "one_cage"


def test_the_cap_counts_columns_that_are_constant_within_groups():
    rng = np.random.default_rng(4)
    cage, x = cages(4, 5)
    batch, age = (cage % 2).astype(float), rng.normal(size=40)
    full = np.column_stack([x, batch, age])
    y = rng.normal(size=(40, 200))
    fit = stats.mixed(y, full, [0, 1, 0, 0], cage)
    assert fit.df.max() == 8 - 3
    assert fit.df_satterthwaite.max() == 40 - 4
    assert np.array_equal(fit.df, np.minimum(fit.df_satterthwaite, 5))
    inside = stats.mixed(y, full, [0, 0, 0, 1], cage)
    assert np.array_equal(inside.df, inside.df_satterthwaite)


def test_too_few_cages_for_the_columns():
    rng = np.random.default_rng(5)
    cage = np.repeat(np.arange(3), 6)
    dose = np.array([0.0, 1.0, 2.5])[cage]
    x = np.column_stack([np.ones(18), dose, dose**2])
    fit = stats.mixed(rng.normal(size=(18, 1)), x, [0, 1, 0], cage)
    assert (fit.status[0], np.isnan(fit.p[0])) == ("too_few", True)


def test_groups_that_cannot_bear_an_intercept_fall_back_on_least_squares():
    rng = np.random.default_rng(6)
    y, x = rng.normal(size=(12, 3)), np.column_stack([np.ones(12), np.arange(12) % 2])
    plain = stats.linear(y, x, [0, 1])
    for groups, words in ((np.arange(12), "one sample"), (np.zeros(12), "single group")):
        fit = stats.mixed(y, x, [0, 1], groups)
        assert set(fit.status) == {"boundary"}
        assert words in fit.note[0]
        np.testing.assert_allclose(fit.p, plain.p, rtol=1e-12)
        np.testing.assert_allclose(fit.se, plain.se, rtol=1e-12)


def test_statuses_of_single_features():
    household = np.repeat([1, 2, 3, 4], 3)
    label = np.array([1.0, 0, 0] * 4)
    sex = np.array([1.0, 0, 1, 0, 0, 1, 1, 1, 0, 0, 0, 1])
    x = np.column_stack([np.ones(12), label, sex])
    ordinary = np.array([3.0, 1, 2, 5, 4, 4.4, 9, 7, 8, 1, 2, 2.2])
    same = np.where(np.arange(12) < 12, 5.0, 0)
    y = np.column_stack(
        [
            ordinary,
            same,
            np.where(label == 1, nan, ordinary),
            np.where(sex == 1, nan, ordinary),
            np.where(np.arange(12) < 3, ordinary, nan),
            1 + 2 * label - 3 * sex,
            household + 2.0 * label,
        ]
    )
    fit = stats.mixed(y, x, [0, 1, 0], household)
    expected = ["ok", "constant", "too_few", "rank_deficient", "too_few", "constant", "constant"]
    assert list(fit.status) == expected
    assert np.isfinite(fit.p).tolist() == [status == "ok" for status in expected]
    assert "within groups" in fit.note[6]


def test_split_estimates_the_part_that_varies():
    rng = np.random.default_rng(7)
    household = np.repeat(np.arange(6), 3)
    inside = np.tile([1.0, 0, 0], 6)
    outside = (household < 3).astype(float)
    y = rng.normal(size=(18, 1)) + rng.normal(size=(6, 1))[household]
    equal = stats.mixed_split(y, np.column_stack([np.ones(18), inside]), 1, household)
    assert (equal.within.status[0], equal.between.status[0]) == ("ok", "rank_deficient")
    constant = stats.mixed_split(y, np.column_stack([np.ones(18), outside]), 1, household)
    assert (constant.within.status[0], constant.within.note[0]) == ("too_few", "no group has both sides")
    plain = stats.mixed(y, np.column_stack([np.ones(18), outside]), [0, 1], household)
    assert constant.between.p[0] == pytest.approx(plain.p[0], rel=1e-9)
    assert constant.between.df[0] <= 4


def test_a_single_pair_is_no_evidence_within():
    """Five people of four households, one with both sides: its difference leaves nothing to measure it against."""
    household = np.array([1, 1, 2, 3, 4, 5, 6])
    x = np.column_stack([np.ones(7), [1.0, 0, 0, 1, 0, 1, 1]])
    fit = stats.mixed_split(np.array([[3.0, 1, 2, 5, 4, 1, 0]]).T, x, 1, household)
    assert fit.within.status[0] == "too_few"
    assert fit.within.effect[0] == pytest.approx(2.0)
    assert np.isnan(fit.within.p[0])


@pytest.mark.parametrize(
    ("groups", "said"),
    [
        ([1, 2, 3], "groups and y"),
        (["a", None, "b", "b"], r"groups\[1\] is missing"),
        ([1.0, nan, 2, 2], r"groups\[1\] is missing"),
        ([[1], [2], [3], [3]], r"groups\[0\] cannot name"),
    ],
)
def test_groups_that_do_not_fit_are_refused(groups, said):
    with pytest.raises(StatisticsError, match=said):
        stats.mixed([[1.0], [2], [3], [5]], [[1, 0], [1, 0], [1, 1], [1, 1]], [0, 1], groups)


@pytest.mark.parametrize("column", [-1, 2, 1.5, "label"])
def test_a_column_that_is_not_there_cannot_be_split(column):
    with pytest.raises(StatisticsError, match="no such column"):
        stats.mixed_split([[1.0], [2], [3], [5]], [[1, 0], [1, 0], [1, 1], [1, 1]], column, [1, 1, 2, 2])


def test_inside_households_no_more_freedom_than_samples_inside_households():
    """9 people of 6 households leave 9 − 6 − 1 = 2 degrees of freedom inside them, whatever lies between."""
    rng = np.random.default_rng(20240105)
    household = np.array([0, 0, 1, 1, 2, 2, 3, 4, 5])
    label = np.array([1, 0, 0, 1, 1, 0, 1, 0, 1.0])
    y = rng.normal(0, 1, (9, 400)) + rng.normal(0, 0.3, (6, 400))[household]
    fit = stats.mixed_split(y, np.column_stack([np.ones(9), label]), 1, household).within
    tested = np.isfinite(fit.p)
    assert tested.sum() > 300
    assert fit.df[tested].max() == 2
    assert np.nanmax(fit.df_satterthwaite) > 2


def pairs_with_a_covariate(studies: int, *, slope_between: float):
    """24 pairs; patients are older; y follows the mean age of the pair, and nothing else."""
    rng = np.random.default_rng(20240106)
    household, label = np.repeat(np.arange(24), 2), np.tile([1.0, 0.0], 24)
    age = 40 + 10 * rng.normal(size=24)[household] + 8 * label + rng.normal(size=48)
    mean = np.repeat((age[::2] + age[1::2]) / 2, 2)
    y = slope_between * 0.1 * mean[:, None] + 0.5 * rng.normal(size=(24, studies))[household]
    y += rng.normal(size=(48, studies))
    return y, np.column_stack([np.ones(48), label, age]), household


def test_a_covariate_does_not_carry_differences_between_households_inside():
    y, x, household = pairs_with_a_covariate(4_000, slope_between=1.0)
    held = stats.mixed_split(y, x, 1, household, also=[2]).within
    assert abs(held.effect.mean()) < 4 * held.effect.std() / np.sqrt(4_000)
    assert binomtest(int((held.p <= 0.05).sum()), 4_000, 0.05, alternative="greater").pvalue > 0.01
    leaked = stats.mixed_split(y, x, 1, household).within
    assert (leaked.p <= 0.05).mean() > 0.3  # what the group means are there for


def test_with_group_means_the_within_part_is_that_of_household_indicators():
    """For complete pairs the within coefficients are those of least squares with an indicator per household."""
    y, x, household = pairs_with_a_covariate(5, slope_between=1.0)
    fit = stats.mixed_split(y, x, 1, household, also=[2]).within
    indicators = (household[:, None] == np.arange(24)).astype(float)
    beta = np.linalg.lstsq(np.column_stack([x[:, 1:], indicators]), y, rcond=None)[0]
    np.testing.assert_allclose(fit.effect, beta[0], rtol=1e-7, atol=1e-9)


def test_group_means_that_say_nothing_do_no_harm():
    """A covariate constant in households, one whose household means are equal, and samples missing at random."""
    rng = np.random.default_rng(20240107)
    household, label = np.repeat(np.arange(10), 3), np.tile([1.0, 0.0, 0.0], 10)
    constant = rng.normal(size=10)[household]
    balanced = np.tile([-1.0, 0.0, 1.0], 10)
    y = rng.normal(size=(30, 200))
    y[rng.random(y.shape) < 0.3] = nan
    x = np.column_stack([np.ones(30), label, constant, balanced])
    fit = stats.mixed_split(y, x, 1, household, also=[2, 3])
    assert set(fit.within.status) <= {"ok", "boundary", "too_few", "rank_deficient"}
    assert np.isfinite(fit.within.p).mean() > 0.95
    assert np.isfinite(fit.between.p).mean() > 0.8


def test_a_column_beside_that_is_not_there_is_refused():
    with pytest.raises(StatisticsError, match="no such column"):
        stats.mixed_split(np.ones((4, 1)), np.eye(4)[:, :2], 1, [0, 0, 1, 1], also=[5])


def test_without_df_inside_groups_the_limit_is_taken_whatever_the_order_of_the_samples():
    # A likelihood that grows with the variance ratio for ever, towards a limit: rounding must not choose the status.
    group = np.array([0, 1, 2, 2, 3, 4, 4])
    label = np.array([1.0, 0, 0, 1, 1, 0, 1])
    x = np.column_stack([np.ones(7), label, [0.2, -1, 0.4, 1.3, -0.7, 0.1, 0.9]])
    rng = np.random.default_rng(8)
    y = rng.normal(size=(7, 40)) + rng.normal(0, 3, size=(5, 40))[group]
    limit = stats.mixed_split(y, x, 1, group).between
    told = limit.note == "the residual variance is estimated as 0"
    assert (limit.status[told] == "ok").sum() == 4
    np.testing.assert_allclose(limit.df_satterthwaite[told], 3)  # 7 samples − 4 columns
    for _ in range(10):
        order = rng.permutation(7)
        other = stats.mixed_split(y[order], x[order], 1, group[order]).between
        assert list(other.status) == list(limit.status)
        np.testing.assert_allclose(other.p, limit.p, rtol=1e-4)
