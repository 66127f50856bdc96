"""Competing events, intervals, proportional hazards, few cages: hand computations, slow twins, what may not matter."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from commensal import stats
from commensal.errors import StatisticsError

#: Sums of the same fractions: only rounding may differ.
CLOSE = 1e-9


def study(seed, cages=4, mice=3, frailty=0.5):
    rng = np.random.default_rng(seed)
    cage = np.repeat(np.arange(2 * cages), mice)
    arm = np.repeat([0, 1], cages * mice)
    death = rng.weibull(2.0, arm.size) / np.exp(frailty * rng.normal(size=2 * cages)[cage] / 2)
    event = death < 1.2
    return np.round(np.minimum(death, 1.2), 2) + 0.01, event, arm, cage


def test_incidences_of_all_causes_and_survival_add_up_to_1():
    time, event, arm, cage = study(1)
    cause = np.where(np.arange(arm.size) % 3 == 0, "fight", "disease")
    fit = stats.cumulative_incidence(time, event, cause, arm, cage=cage)
    curve = stats.kaplan_meier(time, event, arm)
    total = sum(fit.incidence[fit.cause == one] for one in fit.causes)
    np.testing.assert_allclose(total + curve.survival, 1.0, atol=1e-12)


def test_with_one_cause_the_incidence_is_what_kaplan_meier_leaves():
    time, event, arm, cage = study(2)
    fit = stats.incidence_difference(time, event, np.full(arm.size, "death"), arm, 1.0, "death", cage=cage)
    curve = stats.kaplan_meier(time, event, arm, cage=cage)
    at = curve.at_risk([1.0])
    np.testing.assert_allclose(1 - fit.incidence, at["survival"], rtol=CLOSE)
    last = [curve.se[(curve.group == g) & (curve.time <= 1.0)][-1] for g in (0, 1)]
    assert np.hypot(*last) <= fit.se < 1.5 * np.hypot(*last)  # a few cages more for shares near 0 or 1


def test_without_censoring_the_incidence_is_a_share_and_its_variance_that_of_one():
    cause = np.array(["a", "b", "a", "a", "b", "a", "a", "b"])
    group = np.repeat([0, 1], 4)
    fit = stats.incidence_difference(np.arange(1.0, 9.0), np.ones(8), cause, group, 8.5, "a")
    assert fit.incidence.tolist() == [0.75, 0.5]
    # sample variances over n, that of 3 of 4 as if it were 4 of 6
    assert fit.se**2 == pytest.approx((4 / 6) * (2 / 6) / 3 + 0.5 * 0.5 / 3, rel=CLOSE)


@pytest.mark.parametrize("test", ["incidence", "interval"])
def test_exact_p_equal_a_loop_over_all_choices_of_cages(test):
    time, event, arm, cage = study(3, cages=3)
    cause = np.where(np.arange(arm.size) % 3 == 0, "b", "a")

    def score(label):
        if test == "incidence":
            fit = stats.incidence_test(time, event, cause, label, "a", n=1)
        else:
            fit = stats.interval_log_rank(np.floor(time * 5) / 5, np.where(event, time + 0.1, np.inf), label, n=1)
        return abs(fit.observed - fit.expected)

    null = [score(np.isin(cage, chosen).astype(int)) for chosen in combinations(range(6), 3)]
    if test == "incidence":
        fit = stats.incidence_test(time, event, cause, arm, "a", cage=cage)
    else:
        fit = stats.interval_log_rank(np.floor(time * 5) / 5, np.where(event, time + 0.1, np.inf), arm, cage=cage)
    assert fit.exact
    assert fit.n_permutations == 20
    assert fit.p == pytest.approx(np.mean(np.array(null) >= score(arm) - 1e-9))
    assert fit.smallest_p == pytest.approx(np.mean(np.array(null) >= max(null) - 1e-9))


@pytest.mark.parametrize("late", [False, True])
def test_exact_times_give_kaplan_and_meier_and_the_log_rank(late):
    time, event, arm, _ = study(4)
    entry = np.where(np.arange(arm.size) % 3 == 0, np.minimum(0.3, time / 2), 0.0) if late else None
    latest = np.where(event, time, np.inf)
    fit = stats.interval_curves(time, latest, arm, entry=entry)
    curve = stats.kaplan_meier(time, event, arm, entry=entry)
    known = {(g, t): s for g, t, s in zip(curve.group, curve.time, curve.survival, strict=True)}
    seen = np.isfinite(fit.right)
    expected = [known[g, t] for g, t in zip(fit.group[seen], fit.right[seen], strict=True)]
    np.testing.assert_allclose(fit.survival[seen], expected, atol=1e-9)
    score, rank = (
        stats.interval_log_rank(time, latest, arm, entry=entry, n=20),
        stats.log_rank(time, event, arm, entry=entry),
    )
    assert score.observed - score.expected == pytest.approx(rank.observed[1] - rank.expected[1], rel=1e-8)
    assert score.effect == pytest.approx(rank.effect, rel=1e-8)


def test_no_other_distribution_of_the_mass_is_likelier():
    time, event, _, _ = study(5, cages=5)
    earliest, latest = np.floor(time * 4) / 4, np.where(event, np.floor(time * 4) / 4 + 0.5, np.inf)
    fit = stats.interval_curves(earliest, latest)
    held = (earliest[:, None] <= fit.left) & (fit.right <= latest[:, None])
    best = np.log(held @ fit.mass).sum()
    rng = np.random.default_rng(1)
    for _ in range(200):
        other = np.maximum(fit.mass + rng.normal(0, 0.02, fit.mass.size), 0)
        assert np.log(np.maximum(held @ (other / other.sum()), 1e-300)).sum() <= best + 1e-9


def test_left_truncation_takes_away_what_early_deaths_would_add():
    """Who dies before genotyping is never seen: with entry the curve is right, without it is too high."""
    rng = np.random.default_rng(6)
    death, genotyped = rng.exponential(100, 4000), rng.uniform(0, 60, 4000)
    kept = death > genotyped
    free = stats.kaplan_meier(death[kept], np.ones(kept.sum()))
    right = stats.kaplan_meier(death[kept], np.ones(kept.sum()), entry=genotyped[kept])
    assert free.at_risk([100.0])["survival"][0] > np.exp(-1) + 0.04
    assert right.at_risk([100.0])["survival"][0] == pytest.approx(np.exp(-1), abs=0.03)
    both = stats.rmst_difference(
        np.r_[death[kept], death[kept] + 5], np.ones(2 * kept.sum()), np.repeat([0, 1], kept.sum()), 80.0,
        entry=np.tile(genotyped[kept], 2),
    )  # fmt: skip
    assert both.status == "ok"
    assert both.effect > 0


def test_jackknife_of_late_entries_is_the_derivative_by_a_weight():
    """Two copies of a subject move the restricted mean as its influence says."""
    time, event, arm, _ = study(7)
    own = arm == 0
    time, event = time[own], event[own]
    entry = np.where(np.arange(time.size) % 2 == 0, time / 3, -1.0)
    from commensal.stats._survival import followed
    from commensal.stats.restricted_mean import mean_influence
    from commensal.stats.survival import curve_of

    subjects = followed(time, event, entry)
    values = mean_influence(subjects, 1.0)

    def mean(copies):
        many = np.repeat(np.arange(time.size), copies)
        curve = curve_of(subjects.take(many))
        from commensal.stats.restricted_mean import areas

        return areas(curve, 1.0)[0]

    base = np.full(time.size, 200)
    for i in range(time.size):
        more = base.copy()
        more[i] += 1
        assert (mean(more) - mean(base)) * 200 == pytest.approx(values[i], abs=0.01)


def test_interaction_of_cages_that_hold_both_levels_is_welch_s_t_on_their_differences():
    rng = np.random.default_rng(8)
    cage, level, arm = np.repeat(np.arange(8), 2), np.tile([0, 1], 8), np.repeat([0, 1], 8)
    time = rng.exponential(1.0, 16) + 0.1
    fit = stats.rmst_interaction(time, np.ones(16), arm, level, 50.0, cage=cage)
    difference = time[1::2] - time[::2]
    from scipy.stats import ttest_ind

    expected = ttest_ind(difference[4:], difference[:4], equal_var=False)
    assert fit.effect == pytest.approx(difference[4:].mean() - difference[:4].mean(), rel=CLOSE)
    assert fit.p == pytest.approx(expected.pvalue, rel=1e-8)


def test_restricted_means_inside_cages_are_the_paired_t():
    rng = np.random.default_rng(9)
    time, cage, arm = rng.exponential(1.0, 20) + 0.1, np.repeat(np.arange(10), 2), np.tile([0, 1], 10)
    from scipy.stats import ttest_rel

    fit = stats.rmst_difference(time, np.ones(20), arm, 50.0, cage=cage)
    assert fit.p == pytest.approx(ttest_rel(time[1::2], time[::2]).pvalue, rel=1e-8)


def test_few_cages_are_referred_to_t():
    time, event, arm, cage = study(10)
    plain = stats.cox(time, event, arm[:, None], [1], cluster=cage)
    few = stats.cox(time, event, arm[:, None], [1], cluster=cage, reference="t")
    assert few.df == 6
    assert few.effect == plain.effect
    assert few.se == pytest.approx(plain.se * np.sqrt(8 / 6), rel=CLOSE)
    assert few.high - few.low > plain.high - plain.low
    size = stats.cluster_cox_size(arm, cage, reference="t", n_studies=2000)
    assert size.shown
    assert size.size < 0.06
    with pytest.raises(StatisticsError, match="reference"):
        stats.gated(few, stats.cluster_cox_size(arm, cage, n_studies=200))
    with pytest.raises(StatisticsError, match="reference"):
        stats.cox(time, event, arm[:, None], [1], reference="t")


def test_a_ratio_that_turns_is_found_and_a_steady_one_is_not():
    rng = np.random.default_rng(11)
    arm = np.repeat([0, 1], 150)
    steady = rng.exponential(1.0, 300) / np.where(arm == 1, 2.0, 1.0)
    turning = np.where(arm == 1, rng.weibull(3.0, 300), rng.weibull(0.7, 300))
    found = [stats.proportional_hazards(t, np.ones(300), arm[:, None].astype(float)) for t in (steady, turning)]
    assert found[0].p[0] > 0.05
    assert found[1].p[0] < 1e-6
    assert found[1].effect[0] > 0


@pytest.mark.parametrize(
    ("x", "event", "status"),
    [(np.zeros((6, 1)), np.ones(6), "rank_deficient"), (np.eye(6)[:, :1], np.zeros(6), "no_events")],
)
def test_checks_of_hazards_that_cannot_be_made_say_why(x, event, status):
    assert set(stats.proportional_hazards(np.arange(1.0, 7.0), event, x).status) == {status}


def test_one_cage_in_a_group_has_no_p_and_no_interval():
    time, event, arm, cage = study(12, cages=1)
    cause = np.full(arm.size, "a")
    assert stats.incidence_difference(time, event, cause, arm, 1.0, "a", cage=cage).status == "one_cage"
    assert stats.incidence_test(time, event, cause, arm, "a", cage=cage).status == "one_cage"
    latest = np.where(event, time, np.inf)
    assert stats.interval_log_rank(time, latest, arm, cage=cage).status == "one_cage"
    fit = stats.kaplan_meier(time, event, arm, cage=cage)
    assert set(fit.status) == {"one_cage"}
    assert np.isnan(fit.low).all()


def test_pairs_of_freireich_s_children_are_those_of_gehan():
    """Gehan (1965) Biometrika 52:203 compares each remission under 6-MP with each under placebo by hand: W = 271."""
    drug = [6, 6, 6, 7, 10, 13, 16, 22, 23, 6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35]
    placebo = [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23]
    time, event = drug + placebo, [1] * 9 + [0] * 12 + [1] * 21
    wins = stats.win_ratio(time, event, ["6-MP"] * 21 + ["placebo"] * 21, control="placebo", n=99)
    assert wins.wins - wins.losses == 271
    assert stats.cafs(time, event, np.full(42, np.nan)).score[:21].sum() == 271


def test_three_against_five_have_56_arrangements_and_the_extreme_p_is_1_in_56():
    """Germ-free animals: 3 that die first against 5."""
    fit = stats.log_rank_many_to_one([1, 2, 3, 4, 5, 6, 7, 8], np.ones(8), ["gf"] * 3 + ["spf"] * 5, "spf")
    assert fit.n_permutations[0] == 56
    assert fit.p[0] == pytest.approx(1 / 56)


@pytest.mark.parametrize(
    ("call", "found"),
    [
        (lambda: stats.interval_curves([2.0], [1.0]), "ends before it begins"),
        (lambda: stats.interval_curves([1.0, 2.0], [3.0, 3.0], entry=[0.0, 3.0]), "before entry"),
        (lambda: stats.interval_curves([-1.0], [1.0]), "negative"),
        (lambda: stats.incidence_test([1, 2], [1, 1], ["a", "a"], [0, 1], "b"), "nobody has this cause"),
        (lambda: stats.incidence_difference([1, 2], [1, 1], ["a", "a"], [0, 1], 0, "a"), "not above 0"),
        (lambda: stats.cumulative_incidence([1, 2], [1, 1], ["a", None]), "missing"),
        (lambda: stats.proportional_hazards([1, 2], [1, 1], [[0], [1]], transform="x"), "transform"),
        (lambda: stats.rmst_interaction([1, 2, 3], [1, 1, 1], [0, 1, 1], [0, 0, 1], 2), "empty"),
    ],
)
def test_faulty_input_is_refused(call, found):
    with pytest.raises(StatisticsError, match=found):
        call()
