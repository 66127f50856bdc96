"""Function and survival combined: by hand, against Brunner–Munzel, all arrangements, invariances, statuses, null."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, brunnermunzel, mannwhitneyu, rankdata

from commensal import stats
from commensal.errors import StatisticsError


def trial(seed, cages=6, mice=3, frailty=0.0, effect=0.0):
    rng = np.random.default_rng(seed)
    cage = np.repeat(np.arange(2 * cages), mice)
    group = (cage >= cages).astype(int)
    luck = frailty * rng.normal(size=2 * cages)[cage] + effect * group
    death = rng.exponential(size=cage.size) * np.exp(luck)
    stop = np.where(rng.random(cage.size) < 0.1, rng.uniform(0.1, 1.0, cage.size), 1.0)
    event = death <= stop
    change = np.where(event, np.nan, np.round(rng.normal(size=cage.size) + luck, 1))
    return np.minimum(death, stop), event, change, group, cage


def test_pairs_by_hand():
    """Rows: dies at 4; dies at 4; lost at 3 (−2); lost at 4 (−6); alive at 9 (−6); alive at 9, not measured."""
    time, event = [4, 4, 3, 4, 9, 9], [1, 1, 0, 0, 0, 0]
    scores = stats.cafs(time, event, [-1, -9, -2, -6, -6, np.nan])
    # 1 v 2 tie (both dead). 1 v 3: lost earlier, so function: 1 wins; 2 v 3: function: 2 loses. Both lose to 4, 5, 6.
    # 3 v 4, 3 v 5: function, 3 wins; 3 v 6 tie. 4 v 5 tie, 4 v 6 tie, 5 v 6 tie.
    assert scores.score.tolist() == [1 - 3, -1 - 3, -1 + 1 + 2, 2 - 1, 2 - 1, 2]
    assert scores.rank.tolist() == [2, 1, 5.5, 3.5, 3.5, 5.5]
    assert scores.by_survival == pytest.approx(6 / 15)
    assert scores.by_function == pytest.approx(4 / 15)
    assert scores.tied == pytest.approx(5 / 15)
    assert scores.table()["score"].sum() == 0


def test_without_deaths_ranks_are_those_of_function_and_without_function_those_of_survival():
    rng = np.random.default_rng(1)
    change = rng.normal(size=20).round(1)
    np.testing.assert_array_equal(stats.cafs(np.full(20, 9.0), np.zeros(20), change).rank, rankdata(change))
    time = rng.integers(1, 9, 20)
    np.testing.assert_array_equal(stats.cafs(time, np.ones(20), np.full(20, np.nan)).rank, rankdata(time))


def test_uncensored_net_benefit_is_brunner_and_munzel_s_and_mann_and_whitney_s():
    rng = np.random.default_rng(2)
    time, group = rng.integers(1, 15, 30).astype(float), np.arange(30) % 3 == 0
    fit = stats.win_ratio(time, np.ones(30), group, n=99)
    theirs = brunnermunzel(time[group], time[~group])
    assert abs(fit.net_benefit / fit.net_benefit_se) == pytest.approx(abs(theirs.statistic))
    u = mannwhitneyu(time[group], time[~group]).statistic
    assert fit.net_benefit == pytest.approx(2 * u / (10 * 20) - 1)


def test_exact_p_equal_a_loop_over_all_choices_of_cages():
    time, event, change, group, cage = trial(3, cages=3)
    fit = stats.win_ratio(time, event, group, change=change, cage=cage)
    test = stats.cafs_test(time, event, change, group, cage=cage)
    benefits, differences = [], []
    rank = stats.cafs(time, event, change).rank
    for chosen in combinations(range(6), 3):
        case = np.isin(cage, chosen)
        one = stats.win_ratio(time, event, case, change=change, n=1)
        benefits.append(abs(one.wins - one.losses) / (case.sum() * (~case).sum()))
        differences.append(abs(rank[case].mean() - rank[~case].mean()))
    assert (fit.n_permutations, fit.exact, fit.scheme) == (20, True, "whole blocks")
    assert fit.p == pytest.approx(np.mean(np.array(benefits) >= abs(fit.net_benefit) - 1e-9))
    assert test.p == pytest.approx(np.mean(np.array(differences) >= abs(test.effect) - 1e-9))
    assert fit.smallest_p >= 0.1


def test_stratified_p_equal_a_loop_within_strata():
    time, event, change, group, _ = trial(4, cages=4, mice=1)
    layer = np.arange(8) % 2
    fit = stats.win_ratio(time, event, group, change=change, strata=layer)
    null = []
    for first in combinations((0, 2, 4, 6), 2):
        for second in combinations((1, 3, 5, 7), 2):
            one = stats.win_ratio(time, event, np.isin(np.arange(8), first + second), change=change, strata=layer, n=1)
            null.append(abs(one.net_benefit))
    assert fit.n_permutations == 36
    assert fit.p == pytest.approx(np.mean(np.array(null) >= abs(fit.net_benefit) - 1e-9))


@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 10**6), factor=st.floats(1e-3, 1e3))
def test_order_units_and_monotone_transformations_do_not_matter(seed, factor):
    time, event, change, group, cage = trial(seed)
    order = np.random.default_rng(seed).permutation(time.size)
    one = stats.win_ratio(time, event, group, change=change, cage=cage, n=500)
    two = stats.win_ratio(time * factor, event, group, change=np.exp(change), cage=cage, n=500)
    assert (two.wins, two.losses, two.ties, two.p) == (one.wins, one.losses, one.ties, one.p)
    moved = stats.win_ratio(time[order], event[order], group[order], change=change[order], cage=cage[order], n=9)
    assert moved.net_benefit == pytest.approx(one.net_benefit)
    assert moved.se == pytest.approx(one.se, nan_ok=True)
    flipped = stats.win_ratio(time, event, group, change=change, cage=cage, control=1, n=500)
    assert flipped.effect == pytest.approx(-one.effect)
    assert flipped.p == pytest.approx(one.p)
    assert (flipped.low, flipped.high) == pytest.approx((-one.high, -one.low), nan_ok=True)
    rank = stats.cafs_test(time, event, change, group, cage=cage, n=500)
    again = stats.cafs_test(time**2, event, change * factor, 1 - group, cage=cage, n=500)
    assert again.effect == pytest.approx(-rank.effect)


def test_a_side_that_wins_nothing_has_no_ratio_interval_but_a_p():
    fit = stats.win_ratio([1, 2, 3, 4, 5, 6], [1] * 6, [0, 0, 0, 1, 1, 1])
    assert (fit.status, fit.win_ratio, fit.net_benefit, fit.p) == ("ok", np.inf, 1.0, 0.1)
    assert np.isnan([fit.low, fit.high, fit.net_benefit_low]).all()
    assert "no interval" in fit.note


@pytest.mark.parametrize("test", ["win_ratio", "cafs_test"])
def test_what_has_no_p_says_why(test):
    def run(time, event, change, group, **options):
        if test == "win_ratio":
            return stats.win_ratio(time, event, group, change=change, **options)
        return stats.cafs_test(time, event, change, group, **options)

    time, event, change, group, cage = trial(5)
    single = run(time, event, change, group, cage=np.where(group == 1, 99, cage))
    whole = run(time, event, change, group)
    assert (single.status, np.isnan(single.p), np.isnan(single.se)) == ("one_cage", True, True)
    assert single.effect == whole.effect
    same = run([5, 5, 5, 5], [0] * 4, [np.nan] * 4, [0, 0, 1, 1])
    assert (same.status, np.isnan(same.p)) == ("constant", True)
    fixed = run([1, 2, 3, 4], [1] * 4, [np.nan] * 4, [0, 0, 1, 1], strata=["x", "x", "y", "y"])
    assert (fixed.status, np.isnan(fixed.p)) == ("too_few", True)
    assert whole.table().shape[0] == 1
    with pytest.raises(StatisticsError, match="two groups"):
        run([1, 2], [1, 1], [0, 0], [0, 0])
    with pytest.raises(StatisticsError, match="infinite"):
        run([1, 2], [1, 1], [0, np.inf], [0, 1])
    with pytest.raises(StatisticsError, match="does not fit"):
        run([1, 2], [1, 1], [0], [0, 1])


@pytest.mark.parametrize(("cages", "mice", "frailty"), [(8, 1, 0), (20, 1, 0), (3, 4, 1), (4, 4, 1), (8, 3, 1)])
def test_null_p_and_intervals_hold_their_level(cages, mice, frailty):
    n, level = 200, 0.1
    hits = {"win p": 0, "cafs p": 0, "win interval": 0, "benefit interval": 0}
    for seed in range(n):
        time, event, change, group, cage = trial([seed, cages], cages=cages, mice=mice, frailty=frailty)
        caged = {"cage": cage} if mice > 1 else {}
        fit = stats.win_ratio(time, event, group, change=change, n=199, level=1 - level, **caged)
        hits["win p"] += fit.p <= level
        hits["cafs p"] += stats.cafs_test(time, event, change, group, n=199, **caged).p <= level
        hits["win interval"] += not fit.low <= 0 <= fit.high
        hits["benefit interval"] += not fit.net_benefit_low <= 0 <= fit.net_benefit_high
    for name, count in hits.items():
        assert binom.sf(count - 1, n, level) > 0.01 / 20, (name, count)
