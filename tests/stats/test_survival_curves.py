"""Kaplan–Meier curves and restricted means: by hand, twins, invariances, statuses, null rates."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from commensal import stats
from commensal.errors import StatisticsError


def follow(seed, n=30, ties=True):
    rng = np.random.default_rng(seed)
    time = rng.exponential(size=n)
    return np.ceil(5 * time) if ties else time, rng.random(n) < 0.6, rng.integers(0, 2, n)


def test_a_curve_by_hand():
    """Deaths at 1 and 3 (two of them), censored at 2 and 3, one left at 5: ¾·… written out."""
    fit = stats.kaplan_meier([1, 2, 3, 3, 3, 5], [1, 0, 1, 1, 0, 0])
    assert fit.time.tolist() == [1, 2, 3, 5]
    assert fit.n_risk.tolist() == [6, 5, 4, 1]
    np.testing.assert_allclose(fit.survival, [5 / 6, 5 / 6, 5 / 12, 5 / 12])
    assert fit.se[2] == pytest.approx(5 / 12 * np.sqrt(1 / (6 * 5) + 2 / (4 * 2)))
    assert fit.median.tolist() == [3]
    assert fit.status.tolist() == ["ok"]


def test_without_censoring_the_curve_is_the_share_alive_and_the_mean_is_the_mean():
    time, _, _ = follow(1)
    fit = stats.kaplan_meier(time, np.ones(30))
    np.testing.assert_allclose(fit.survival, [(time > t).mean() for t in fit.time], atol=1e-12)
    group = np.arange(30) % 2
    tau = 6.0
    rmst = stats.rmst_difference(time, np.ones(30), group, tau)
    cut = np.minimum(time, tau)
    np.testing.assert_allclose(rmst.rmst, [cut[group == 0].mean(), cut[group == 1].mean()])
    # Greenwood's sum is then the variance of the mean with divisor n.
    np.testing.assert_allclose(rmst.rmst_se, [cut[group == g].std() / np.sqrt(15) for g in (0, 1)])


def test_cages_of_one_mouse_are_welch_s_t_test_where_nobody_is_censored():
    from scipy.stats import ttest_ind

    time, _, _ = follow(2)
    group, tau = np.arange(30) % 3 == 0, 5.0
    fit = stats.rmst_difference(time, np.ones(30), group, tau, cage=np.arange(30))
    cut = np.minimum(time, tau)
    theirs = ttest_ind(cut[group], cut[~group], equal_var=False)
    assert fit.p == pytest.approx(theirs.pvalue)
    assert fit.df == pytest.approx(theirs.df)
    interval = theirs.confidence_interval(0.95)
    np.testing.assert_allclose([fit.low, fit.high], [interval.low, interval.high])


def test_cage_means_of_equal_cages_are_what_is_compared():
    from scipy.stats import ttest_ind

    rng = np.random.default_rng(3)
    cage = np.repeat(np.arange(7), 4)
    time, group = rng.exponential(size=28), cage >= 3
    fit = stats.rmst_difference(time, np.ones(28), group, 1.5, cage=cage)
    means = np.minimum(time, 1.5).reshape(7, 4).mean(axis=1)
    assert fit.p == pytest.approx(ttest_ind(means[3:], means[:3], equal_var=False).pvalue)
    assert fit.df <= 7 - 2


@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 10**6), factor=st.floats(1e-3, 1e3))
def test_units_of_time_order_and_names_do_not_matter(seed, factor):
    time, event, group = follow(seed)
    order = np.random.default_rng(seed).permutation(30)
    one = stats.kaplan_meier(time, event, group)
    two = stats.kaplan_meier(time[order] * factor, event[order], np.array(["a", "b"])[group[order]])
    np.testing.assert_allclose(two.survival, one.survival)
    np.testing.assert_allclose(two.median, one.median * factor)
    a = stats.rmst_difference(time, event, group, 3, cage=np.arange(30) // 2 + 100 * group)
    b = stats.rmst_difference(time * factor, event, 1 - group, 3 * factor, cage=np.arange(30) // 2 + 100 * group)
    assert a.status == b.status
    if a.status == "ok":
        assert b.effect == pytest.approx(-a.effect * factor)
        assert b.p == pytest.approx(a.p)
        named = stats.rmst_difference(time, event, group, 3, control=1)
        assert named.effect == pytest.approx(-a.effect)


def test_numbers_at_risk_are_counts():
    time, event, group = follow(4)
    table = stats.kaplan_meier(time, event, group).at_risk([0, 2, 2.5, 99])
    for row in table.itertuples():
        assert row.n_risk == np.sum((time >= row.time) & (group == row.group))
    assert table["survival"].iloc[0] == 1.0
    assert stats.kaplan_meier(time, event, group).table().columns[0] == "group"


def test_groups_without_events_or_without_a_median_say_so():
    fit = stats.kaplan_meier([1, 2, 3, 4, 5], [0, 0, 1, 0, 0], ["a", "a", "b", "b", "b"])
    assert fit.status.tolist() == ["no_events", "not_reached"]
    assert np.isnan(fit.median).all()
    assert fit.medians()["events"].tolist() == [0, 1]


def test_a_curve_that_falls_to_0_before_late_entries_says_so():
    fit = stats.kaplan_meier([2, 9, 8], [1, 1, 0], entry=[0, 5, 5])
    assert "entered later" in fit.note[0]


def test_restricted_means_that_are_not_known_say_why():
    time, event, group = [5, 6, 7, 8, 9, 4], [1, 0, 1, 1, 0, 0], [0, 0, 0, 1, 1, 1]
    fit = stats.rmst_difference(time, event, group, 9)
    assert fit.status == "ok"  # the controls' last subject died, the cases are followed to 9
    fit = stats.rmst_difference(time, event, group, 10)
    assert (fit.status, np.isnan(fit.effect), np.isnan(fit.p)) == ("not_followed", True, True)
    assert "1 was censored" in fit.note
    quiet = stats.rmst_difference(time, event, group, 4)
    assert (quiet.status, quiet.effect, np.isnan(quiet.p)) == ("no_events", 0.0, True)
    single = stats.rmst_difference(time, event, group, 8, cage=["a", "a", "a", "b", "c", "c"])
    assert (single.status, np.isnan(single.p), np.isfinite(single.effect)) == ("one_cage", True, True)
    assert stats.rmst_difference([5, 7, 8], [1, 1, 1], [0, 1, 1], 6).status == "too_few"
    assert single.table()["control_n_units"].tolist() == [1]


@pytest.mark.parametrize(
    ("options", "found"),
    [({"tau": 0}, "horizon"), ({"control": "x"}, "control")],
)
def test_faulty_settings_are_refused(options, found):
    with pytest.raises(StatisticsError, match=found):
        stats.rmst_difference([1, 2, 3, 4], [1, 1, 1, 1], ["a", "a", "b", "b"], **{"tau": 3, **options})
    with pytest.raises(StatisticsError, match="two groups"):
        stats.rmst_difference([1, 2, 3], [1, 1, 1], [1, 2, 3], 2)
    with pytest.raises(StatisticsError, match="interval"):
        stats.kaplan_meier([1], [1], interval="probit")


@pytest.mark.parametrize(
    ("cages", "mice", "caged"), [(8, 1, False), (20, 1, False), (2, 4, True), (4, 4, True), (8, 3, True)]
)
def test_null_p_of_the_restricted_mean_hold_their_level(cages, mice, caged):
    n, level, hits = 250, 0.05, 0
    rng = np.random.default_rng([cages, mice])
    for _ in range(n):
        cage = np.repeat(np.arange(2 * cages), mice)
        shift = np.exp(0.7 * rng.normal(size=2 * cages))[cage] if caged else 1.0
        death, stop = rng.weibull(2, cage.size) * shift, rng.uniform(0.8, 2.5, cage.size)
        fit = stats.rmst_difference(
            np.minimum(death, stop), death <= stop, cage // cages, 0.8, cage=cage if caged else None
        )
        hits += fit.p <= level
    assert binom.sf(hits - 1, n, level) > 0.01 / 5
