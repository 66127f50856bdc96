"""Cox's model: slow twins, invariances, what has no p and why, and the size of the cluster-robust test."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.stats import binom, norm

from commensal import stats
from commensal.errors import StatisticsError
from commensal.stats.cox_size import _robust


def study(seed, cages=5, mice=4, ties=False, effect=0.5):
    rng = np.random.default_rng(seed)
    cage = np.repeat(np.arange(2 * cages), mice)
    arm, age = (cage >= cages).astype(float), rng.normal(size=cage.size)
    time = rng.exponential(size=cage.size) / np.exp(effect * arm + 0.3 * age)
    time = np.ceil(4 * time) if ties else time
    return time, rng.random(cage.size) < 0.8, np.column_stack([arm, age]), cage


def negative_log_likelihood(beta, time, event, x):
    """Breslow's, one death after another."""
    total = 0.0
    for i in np.flatnonzero(event):
        total += x[i] @ beta - np.log(np.exp(x[time >= time[i]] @ beta).sum())
    return -total


def test_the_maximum_is_that_of_a_general_optimiser():
    time, event, x, _ = study(1, ties=True)
    best = minimize(negative_log_likelihood, np.zeros(2), (time, event, x), method="BFGS", options={"gtol": 1e-8})
    fit = stats.cox(time, event, x, [1, 0], ties="breslow")
    np.testing.assert_allclose(fit.coefficients, best.x, atol=1e-5)
    assert fit.log_likelihood == pytest.approx(-best.fun)


def test_the_sandwich_of_single_subjects_equals_infinitesimal_jackknife():
    """Giving a subject a little more weight moves β by I⁻¹ L_i: the derivative is taken numerically."""
    time, event, x, _ = study(2)
    fit = stats.cox(time, event, x, [1, 0], cluster=np.arange(time.size))
    moved = []
    for i in range(time.size):
        # n copies of everyone, one more of subject i: a step of 1/n in its weight.
        copies = 400
        weights = np.full(time.size, float(copies))
        weights[i] += 1

        def loss(beta, weights=weights):
            risk = weights * np.exp(x @ beta)
            later = time[None, :] >= time[:, None]
            return -(weights * event) @ (x @ beta - np.log(later @ risk))

        moved.append(minimize(loss, fit.coefficients, method="BFGS", options={"gtol": 1e-9}).x - fit.coefficients)
    jackknife = np.array(moved) * 400
    np.testing.assert_allclose(jackknife.T @ jackknife, fit.covariance, rtol=0.03, atol=1e-4)


def test_the_contrast_is_a_sum_of_coefficients():
    time, event, x, cage = study(3)
    fit = stats.cox(time, event, x, [1, -2], cluster=cage)
    assert fit.effect == pytest.approx(fit.coefficients @ [1, -2])
    assert fit.se == pytest.approx(np.sqrt(np.array([1, -2]) @ fit.covariance @ [1, -2]))
    assert fit.p == pytest.approx(2 * norm.sf(abs(fit.effect / fit.se)))
    assert fit.low == pytest.approx(fit.effect - norm.ppf(0.975) * fit.se)
    assert (fit.n_clusters, fit.variance) == (10, "clusters")


@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 10**6), factor=st.floats(1e-4, 1e4), shift=st.floats(-1e3, 1e3), ties=st.booleans())
def test_order_units_of_time_and_units_of_columns_do_not_matter(seed, factor, shift, ties):
    time, event, x, cage = study(seed, ties=ties)
    order = np.random.default_rng(seed).permutation(time.size)
    one = stats.cox(time, event, x, [1, 0], cluster=cage)
    moved = np.column_stack([x[:, 0], x[:, 1] * factor + shift])
    two = stats.cox(np.log1p(time)[order], event[order], moved[order], [1, 0], cluster=-cage[order])
    assert one.status == two.status
    if one.status == "ok":
        assert two.effect == pytest.approx(one.effect, abs=1e-6 * one.se)
        assert two.se == pytest.approx(one.se, rel=1e-6)
        flipped = stats.cox(time, event, x * [-1, 1], [1, 0], cluster=cage)
        assert flipped.effect == pytest.approx(-one.effect, abs=1e-6 * one.se)


def test_one_cage_in_an_arm_keeps_the_effect_and_has_no_p():
    time, event, x, cage = study(4)
    single = np.where(x[:, 0] == 1, 99, cage)
    fit = stats.cox(time, event, x, [1, 0], cluster=single)
    assert (fit.status, np.isnan(fit.p), np.isnan(fit.se)) == ("one_cage", True, True)
    assert fit.effect == pytest.approx(stats.cox(time, event, x, [1, 0]).effect)
    assert stats.cox(time, event, x, [0, 1], cluster=single).status == "ok"


def test_columns_that_say_the_same_are_named():
    time, event, x, _ = study(5)
    double = np.column_stack([x, x[:, 0] + x[:, 1], np.ones(time.size)])
    fit = stats.cox(time, event, double, [1, 0, 0, 0])
    assert (fit.status, np.isnan(fit.p)) == ("rank_deficient", True)
    assert "columns 2, 3" in fit.note


def test_deaths_in_one_arm_only_are_an_infinite_effect_without_p():
    time, event, x, _ = study(6)
    fit = stats.cox(time, event & (x[:, 0] == 1), x, [1, 0])
    assert (fit.status, fit.effect, np.isnan(fit.p)) == ("separated", np.inf, True)
    assert stats.cox(time, event & (x[:, 0] == 0), x, [1, 0]).effect == -np.inf
    assert stats.cox(time, event & (x[:, 0] == 1), x, [0, 1]).status == "ok"
    finite = stats.cox(time, event & (x[:, 0] == 1), x, [1, 0], firth=True)
    assert (finite.status, np.isfinite([finite.effect, finite.se, finite.p]).all()) == ("ok", True)


def test_no_events_and_too_few_clusters_say_so():
    time, event, x, cage = study(7)
    assert stats.cox(time, event & False, x, [1, 0]).status == "no_events"
    assert stats.cox(time, event, x[:, :1], [1], cluster=cage % 1).status in ("one_cage", "too_few")
    assert stats.cox([3, 4], [1, 1], [[0.0], [1.0]], [1]).status == "separated"


def test_null_z_of_independent_subjects_hold_their_level():
    n, level = 400, 0.05
    fits = [stats.cox(*study([seed, 3], cages=10, mice=2, effect=0)[:3], [1, 0]) for seed in range(n)]
    hits = sum(fit.p <= level for fit in fits)
    assert binom.sf(hits - 1, n, level) > 0.01


def test_a_table_shows_the_hazard_ratio():
    time, event, x, _ = study(8)
    row = stats.cox(time, event, x, [1, 0]).table().iloc[0]
    assert row["hazard_ratio_low"] < np.exp(row["effect"]) == row["hazard_ratio"] < row["hazard_ratio_high"]


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"contrast": [0, 0]}, "contrast is 0"),
        ({"contrast": [1]}, "contrast does not fit"),
        ({"ties": "exact"}, "no such way"),
        ({"x": [[np.nan, 1]] * 40}, "missing"),
        ({"x": [[0, 1]] * 4}, "columns does not fit"),
        ({"cluster": [1]}, "cluster does not fit"),
    ],
)
def test_faulty_settings_are_refused(change, found):
    time, event, x, _ = study(9)
    options = {"x": x, "contrast": [1, 0], **change}
    with pytest.raises(StatisticsError, match=found):
        stats.cox(time, event, **options)


def test_the_simulated_test_is_the_cluster_robust_test():
    time, _, x, cage = study(10)
    order = np.argsort(time)
    for seen in (40, 25):
        event = np.zeros(40, dtype=bool)
        event[order[:seen]] = True
        fit = stats.cox(time, event, x[:, :1], [1], cluster=cage)
        effect, variance = _robust(x[order, 0][None, :], cage[order][None, :], seen, 10)
        assert effect[0] == pytest.approx(fit.effect, rel=1e-7)
        assert variance[0] == pytest.approx(fit.se**2, rel=1e-7)


@pytest.mark.parametrize(("cages", "expected"), [(2, 0.28), (3, 0.19), (4, 0.13)])
def test_size_with_few_cages_is_as_measured_before(cages, expected):
    """The figures of the statistical contract, from a simulation that was not ours."""
    arm, cage = np.repeat([0, 1], 4 * cages), np.repeat(np.arange(2 * cages), 4)
    size = stats.cluster_cox_size(arm, cage, n_studies=3000)
    assert size.size == pytest.approx(expected, abs=0.02)
    assert not size.shown
    again = stats.cluster_cox_size(arm, cage, n_studies=3000)
    assert again.sizes.tolist() == size.sizes.tolist()


def test_size_with_many_cages_may_be_shown():
    size = stats.cluster_cox_size(np.repeat([0, 1], 160), np.repeat(np.arange(160), 2), events=0.5, n_studies=2000)
    assert size.shown
    assert size.table()["size"].tolist() == size.sizes.tolist()


def test_a_layout_that_has_no_size_says_so():
    assert stats.cluster_cox_size([0, 0, 1, 1], [1, 1, 2, 3]).status == "one_cage"
    with pytest.raises(StatisticsError, match="both arms"):
        stats.cluster_cox_size([0, 0, 1, 1], [1, 2, 2, 3])
    with pytest.raises(StatisticsError, match="two arms"):
        stats.cluster_cox_size([0, 1, 2], [1, 2, 3])
    with pytest.raises(StatisticsError, match="range"):
        stats.cluster_cox_size([0, 0, 1, 1], [1, 2, 3, 4], events=0)
    with pytest.raises(StatisticsError, match="frailty"):
        stats.cluster_cox_size([0, 0, 1, 1], [1, 2, 3, 4], frailty=[-1])


def test_a_p_that_is_too_often_small_is_taken_away_and_no_other():
    rng = np.random.default_rng(4)
    for cages, shown in ((3, False), (60, True)):
        arm, cage = np.repeat([0, 1], 2 * cages), np.repeat(np.arange(2 * cages), 2)
        fit = stats.cox(rng.exponential(size=4 * cages), np.ones(4 * cages), arm[:, None], [1], cluster=cage)
        size = stats.cluster_cox_size(arm, cage, frailty=[0.0], n_studies=4000)
        held = stats.gated(fit, size)
        assert size.shown == shown, size
        assert (held.effect, held.se) == (fit.effect, fit.se)
        if shown:
            assert held == fit or held.p == fit.p
        else:
            assert (held.status, np.isnan([held.p, held.low, held.high]).all()) == ("too_few", True)
            assert "6 clusters" in held.note
    independent = stats.cox(rng.exponential(size=12), np.ones(12), np.repeat([0, 1], 6)[:, None], [1])
    with pytest.raises(StatisticsError, match="not that of clusters"):
        stats.gated(independent, size)
