"""The log-rank test and arms against one control: slow twins, exactness, invariances, what it refuses."""

from __future__ import annotations

from itertools import combinations, permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, chi2

from commensal import stats
from commensal.errors import StatisticsError
from commensal.stats._survival import followed, ladder, risk_sets


def slow_z(time, event, case):
    """One event time after another, as a textbook has it."""
    difference = variance = 0.0
    for t in sorted(set(time[event == 1])):
        y, d = np.sum(time >= t), np.sum((time == t) & (event == 1))
        y1, d1 = np.sum((time >= t) & case), np.sum((time == t) & (event == 1) & case)
        difference += d1 - d * y1 / y
        if y > 1:
            variance += d * (y1 / y) * (1 - y1 / y) * (y - d) / (y - 1)
    return difference / np.sqrt(variance) if variance > 0 else 0.0


def study(seed, arms=3, cages=3, mice=2, ties=False, frailty=0.0):
    rng = np.random.default_rng(seed)
    cage = np.repeat(np.arange(arms * cages), mice)
    shift = frailty * rng.normal(size=arms * cages)
    time = np.exp(rng.normal(size=cage.size) + shift[cage])
    time = np.ceil(2 * time) if ties else time
    event = (rng.random(cage.size) < 0.8).astype(int)
    return time, event, cage // cages, cage


@pytest.mark.parametrize("ties", [False, True])
def test_whole_cages_equal_a_loop_over_all_choices_of_cages(ties):
    time, event, arm, cage = study(3, ties=ties)
    fit = stats.log_rank_many_to_one(time, event, arm, 0, cage=cage)
    for at, other in enumerate((1, 2)):
        pair = np.isin(arm, (0, other))
        t, e, c = time[pair], event[pair], cage[pair]
        null = [abs(slow_z(t, e, np.isin(c, chosen))) for chosen in combinations(np.unique(c), 3)]
        z = slow_z(t, e, arm[pair] == other)
        assert fit.statistic[at] == pytest.approx(z)
        assert fit.p[at] == pytest.approx(np.mean(np.array(null) >= abs(z) - 1e-8))
    assert fit.exact.all()
    assert fit.n_permutations.tolist() == [20, 20]
    assert fit.n_units.tolist() == [3, 3]
    assert (fit.smallest_p >= 0.1).all()


def test_familywise_p_equal_a_loop_over_all_orders():
    time, event, arm, _ = study(6, arms=3, cages=1, mice=2)
    fit = stats.log_rank_many_to_one(time, event, arm, 0)
    z = np.abs(fit.statistic)
    orders = np.array(sorted(set(permutations(arm.tolist()))))

    def one(labels, other):
        pair = np.isin(labels, (0, other))
        return abs(slow_z(time[pair], event[pair], labels[pair] == other))

    largest = np.array([max(one(row, 1), one(row, 2)) for row in orders])
    assert len(orders) == 90
    np.testing.assert_allclose(fit.p_max, [np.mean(largest >= each - 1e-8) for each in z])
    together = np.mean(largest >= z.max() - 1e-8)
    np.testing.assert_allclose(fit.p_closed, np.maximum(fit.p, together))


def test_random_arrangements_estimate_the_exact_p():
    time, event, arm, _ = study(8, arms=2, cages=1, mice=8)
    exact = stats.log_rank_many_to_one(time, event, arm, 0, n=20_000)
    drawn = stats.log_rank_many_to_one(time, event, arm, 0, n=4_000, seed=3)
    assert exact.exact.all()
    assert not drawn.exact.any()
    spread = np.sqrt(exact.p * (1 - exact.p) / 4_000)
    assert abs(exact.p - drawn.p) < 4 * spread + 1 / 4_000
    assert drawn.smallest_p[0] == pytest.approx(1 / 4_001)


def test_labels_move_within_cages_that_hold_several_arms():
    time, event, _, _ = study(2, arms=2, cages=3, mice=2)
    arm, cage = np.tile([0, 1], 6), np.repeat(np.arange(6), 2)
    fit = stats.log_rank_many_to_one(time, event, arm, 0, cage=cage)
    assert (fit.scheme, fit.n_permutations.tolist()) == ("within blocks", [64])


def test_whole_cages_move_within_strata():
    time, event, arm, cage = study(2, arms=2, cages=4, mice=2)
    fit = stats.log_rank_many_to_one(time, event, arm, 0, cage=cage, strata=cage % 2)
    assert fit.n_permutations.tolist() == [36]  # 4 choose 2 in each of two strata


def test_more_arms_than_are_closed_use_holm():
    time, event, arm, _ = study(4, arms=8, cages=1, mice=4)
    fit = stats.log_rank_many_to_one(time, event, arm, 0)
    order = np.argsort(fit.p)
    holm = np.minimum(np.maximum.accumulate(fit.p[order] * np.arange(7, 0, -1)), 1)
    np.testing.assert_allclose(fit.p_closed[order], holm)
    assert fit.method.startswith("Holm")


@pytest.mark.parametrize(("cages", "mice"), [(2, 4), (3, 3), (4, 5), (8, 1), (8, 3)])
def test_null_p_are_super_uniform_with_cages_that_differ(cages, mice):
    n, level = 120, 0.1
    hits = {"p": 0, "p_closed": 0, "p_max": 0}
    for seed in range(n):
        time, event, arm, cage = study([seed, 7], cages=cages, mice=mice, frailty=1.0)
        fit = stats.log_rank_many_to_one(time, event, arm, 0, cage=cage, n=199)
        hits["p"] += fit.p[0] <= level
        hits["p_closed"] += fit.p_closed.min() <= level
        hits["p_max"] += fit.p_max.min() <= level
    # Exact one-sided binomial test at 1 %, Holm over three rates.
    assert all(binom.sf(count - 1, n, level) > 0.01 / 3 for count in hits.values()), hits


def test_another_arm_s_effect_does_not_break_the_closed_p():
    n, level, hits = 150, 0.1, 0
    for seed in range(n):
        time, event, arm, cage = study([seed, 9], cages=4, mice=3, frailty=0.7)
        fit = stats.log_rank_many_to_one(np.where(arm == 2, time / 20, time), event, arm, 0, cage=cage, n=299)
        hits += fit.p_closed[0] <= level
    assert binom.sf(hits - 1, n, level) > 0.01


def test_null_chi_square_of_independent_subjects():
    n, level = 400, 0.05
    p = []
    for seed in range(n):
        time, event, arm, _ = study([seed, 1], arms=2, cages=1, mice=60)
        p.append(stats.log_rank(time, event, arm).p)
    hits = int(np.sum(np.array(p) <= level))
    assert binom.sf(hits - 1, n, level) > 0.01
    assert binom.cdf(hits, n, level) > 0.01


@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 10**6), factor=st.floats(1e-6, 1e6))
def test_order_units_and_monotone_transformations_do_not_matter(seed, factor):
    time, event, arm, cage = study(seed, ties=True)
    event[0] = 1
    shuffled = np.random.default_rng(seed).permutation(time.size)
    for other in (time * factor, np.log1p(time), time**3):
        one, two = stats.log_rank(time, event, arm), stats.log_rank(other[shuffled], event[shuffled], arm[shuffled])
        assert one.status == two.status
        np.testing.assert_allclose(two.statistic, one.statistic, rtol=1e-9)
        a = stats.log_rank_many_to_one(time, event, arm, 0, cage=cage, n=300)
        b = stats.log_rank_many_to_one(other, event, arm, 0, cage=cage, n=300)
        np.testing.assert_allclose(b.p, a.p)
        np.testing.assert_allclose(b.p_closed, a.p_closed)


def test_names_do_not_matter():
    time, event, arm, _ = study(1)
    one, two = stats.log_rank(time, event, arm), stats.log_rank(time, event, np.array(["z", "m", "a"])[arm])
    assert one.statistic == pytest.approx(two.statistic)
    assert two.group.tolist() == ["a", "m", "z"]
    np.testing.assert_allclose(one.expected, two.expected[::-1])
    pair = arm < 2
    flipped = stats.log_rank(time[pair], event[pair], -arm[pair])
    assert flipped.effect == pytest.approx(-stats.log_rank(time[pair], event[pair], arm[pair]).effect)


def test_interval_and_p_of_two_groups_fit_together():
    time, event, arm, _ = study(6, arms=2)
    fit = stats.log_rank(time, event, arm)
    assert fit.statistic == pytest.approx((fit.effect / fit.se) ** 2)
    assert fit.p == pytest.approx(chi2.sf(fit.statistic, 1))
    assert fit.high - fit.effect == pytest.approx(1.959963984540054 * fit.se)
    assert slow_z(time, event, arm == 1) == pytest.approx(fit.effect / fit.se)


def test_one_bad_arm_keeps_its_reason_and_leaves_the_others_alone():
    time, event, arm, cage = study(3, arms=4)
    cage = np.where(arm == 2, 99, cage)
    event = np.where(np.isin(arm, (0, 3)), 0, event)
    fit = stats.log_rank_many_to_one(time, event, arm, 0, cage=cage)
    assert fit.status.tolist() == ["ok", "one_cage", "no_events"]
    assert np.isnan(fit.p[1:]).all()
    assert np.isnan(fit.p_closed[1:]).all()
    assert np.isfinite([fit.effect[1], fit.p[0], fit.p_closed[0], fit.p_max[0]]).all()
    assert all(fit.note[1:])


def test_a_control_with_one_cage_has_no_p():
    time, event, arm, cage = study(3)
    fit = stats.log_rank_many_to_one(time, event, arm, 0, cage=np.where(arm == 0, 50, cage))
    assert fit.status.tolist() == ["one_cage", "one_cage"]
    assert np.isnan(fit.p_max).all()


def test_a_test_without_events_or_groups_says_so():
    assert stats.log_rank([1, 2, 3], [0, 0, 0], [0, 1, 1]).status == "no_events"
    assert stats.log_rank([1, 2, 3], [1, 0, 1], [1, 1, 1]).status == "too_few"
    apart = stats.log_rank([1, 2], [1, 1], ["a", "b"], strata=["x", "y"])
    assert (apart.status, np.isnan(apart.p)) == ("too_few", True)


def test_tables_have_a_row_per_group_and_arm():
    time, event, arm, cage = study(3)
    assert stats.log_rank(time, event, arm).table()["group"].tolist() == [0, 1, 2]
    table = stats.log_rank_many_to_one(time, event, arm, 0, cage=cage).table()
    assert table["arm"].tolist() == [1, 2]
    assert set(table["control"]) == {0}


@pytest.mark.parametrize(
    ("time", "event", "group", "found"),
    [
        ([1, np.nan], [1, 1], [0, 1], "missing"),
        ([1, -2], [1, 1], [0, 1], "negative"),
        ([1, 2], [1, 2], [0, 1], "neither 0 nor 1"),
        ([1, 2], [1], [0, 1], "does not fit"),
        ([1, 2], [1, 1], [0], "does not fit"),
        ([1, 2], [1, 1], [0, None], "missing"),
        ([], [], [], "no subjects"),
    ],
)
def test_faulty_arrays_are_refused(time, event, group, found):
    with pytest.raises(StatisticsError, match=found):
        stats.log_rank(time, event, group)


def test_faulty_settings_are_refused():
    with pytest.raises(StatisticsError, match="control"):
        stats.log_rank_many_to_one([1, 2], [1, 1], [0, 1], 5)
    with pytest.raises(StatisticsError, match="no arm"):
        stats.log_rank_many_to_one([1, 2], [1, 1], [0, 0], 0)
    with pytest.raises(StatisticsError, match="enters"):
        stats.log_rank([1, 2], [1, 1], [0, 1], entry=[0, 2])


@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 10**6))
def test_running_sums_count_what_the_risk_sets_hold(seed):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 30))
    time, layer = rng.integers(2, 8, n).astype(float), rng.integers(0, 3, n)
    subjects = followed(time, rng.random(n) < 0.6, rng.integers(0, 2, n) if seed % 2 else None)
    member = rng.random((4, n)) < 0.5
    dense, (at_risk, died) = risk_sets(subjects, layer), ladder(subjects, layer).counts(member)
    np.testing.assert_array_equal(at_risk, member @ dense.at_risk)
    np.testing.assert_array_equal(died, member @ dense.event)
