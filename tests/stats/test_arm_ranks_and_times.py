"""Ranks from all pairs, and each animal's part of a restricted mean, against other roads to the same numbers."""

import numpy as np
from scipy.stats import tukey_hsd

from commensal import stats


def test_ranks_follow_the_pairs_that_tukey_tells_apart():
    rng = np.random.default_rng(5)
    groups = [rng.normal(mean, 1, 6) for mean in (0, 0.3, 2.5, 2.7, 6)]
    arm = np.repeat(list("abcde"), 6)
    # Tukey over the same arms: the control is a copy of residuals that adds nothing to any mean of theirs.
    fit = stats.arm_ranks(np.r_[np.concatenate(groups), 100.0], np.r_[arm, ["none"]], "none")
    apart = tukey_hsd(*groups).pvalue < 0.05
    mean = np.array([group.mean() for group in groups])
    for i in range(5):
        assert fit.low[i] == 1 + sum(apart[i, j] and mean[j] > mean[i] for j in range(5))
        assert fit.high[i] == 5 - sum(apart[i, j] and mean[j] < mean[i] for j in range(5))
    assert fit.rank.tolist() == [int((mean > one).sum()) + 1 for one in mean]


def test_the_intervals_of_ranks_hold_the_true_ranks():
    rng = np.random.default_rng(6)
    truth, missed = np.array([0.0, 0.5, 1.0, 3.0]), 0
    for _ in range(200):
        y = np.concatenate([rng.normal(mean, 1, 5) for mean in truth] + [rng.normal(0, 1, 5)])
        fit = stats.arm_ranks(y, np.repeat(["a", "b", "c", "d", "none"], 5), "none")
        own = np.array([4, 3, 2, 1])
        missed += bool(((own < fit.low) | (own > fit.high)).any())
    # At most 5 % in truth; 20 of 200 is beyond the 99.8th percentile of that.
    assert missed < 20


def test_an_arm_without_a_second_unit_is_not_ranked():
    fit = stats.arm_ranks([1.0, 2, 3, 4, 5, 6, 9], list("aabbnnc"), "n")
    assert fit.rank.tolist() == [2, 1, 0]


def test_parts_of_a_restricted_mean_have_the_mean_of_the_curve():
    rng = np.random.default_rng(9)
    group = np.repeat(["a", "b"], 30)
    death, gone = rng.exponential(20, 60), rng.uniform(5, 60, 60)
    time, event = np.minimum(death, gone), death <= gone
    time[[0, 30]], event[[0, 30]] = 61.0, False
    parts = stats.restricted_times(time, event, group, 30.0)
    whole = stats.rmst_difference(time, event, group, 30.0, control="a")
    np.testing.assert_allclose([parts[:30].mean(), parts[30:].mean()], whole.rmst, rtol=1e-10)
    # To first order what leaving one out does, times n.
    left = []
    for i in range(30):
        rest = [np.delete(each, i) for each in (time, event, group)]
        left.append(stats.rmst_difference(*rest, 30.0, control="a").rmst[0])
    jackknife = 30 * whole.rmst[0] - 29 * np.array(left)
    assert np.corrcoef(parts[:30], jackknife)[0, 1] > 0.99
    np.testing.assert_allclose(parts[:30].var() / 30, whole.rmst_se[0] ** 2, rtol=0.1)


def test_a_group_that_is_not_followed_has_none():
    parts = stats.restricted_times([5.0, 6, 20, 21], [1, 0, 1, 0], ["a", "a", "b", "b"], 20.0)
    assert np.isnan(parts[:2]).all()
    assert parts[2:].tolist() == [20.0, 20.0]
