"""Many to one: multcomp, scipy, closed forms, a lattice against the quadrature, size, invariance, bad input."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest, ttest_ind
from scipy.stats import dunnett as scipy_dunnett

from commensal import stats
from commensal.errors import StatisticsError
from commensal.stats import _joint_t as joint

FOLDER = Path(__file__).parents[1] / "references" / "multcomp"
DESIGNS = ("recovery", "eleven", "litters")
#: What Genz–Bretz's own error and ours leave: 1e-7 asked of three or four arms, 1e-5 of eleven and for our lattice.
TOLERANCE = {"recovery": 3e-7, "eleven": 3e-5, "litters": 1e-4}


@pytest.fixture(scope="module")
def reference():
    data = pd.read_csv(FOLDER / "dunnett.data.tsv", sep="\t")
    return data, pd.read_csv(FOLDER / "dunnett.tsv", sep="\t", skipinitialspace=True)


@pytest.mark.parametrize("design", DESIGNS)
def test_multcomp(reference, design):
    data, results = reference
    rows = data[data["design"] == design]
    block = rows["block"].to_numpy(dtype=object) if design == "litters" else None
    for alternative, expected in results[results["design"] == design].groupby("alternative"):
        control = min(rows["arm"])
        fit = stats.dunnett(rows["y"], rows["arm"], control, block=block, alternative=alternative)
        assert fit.names.tolist() == expected["arm"].tolist()
        assert fit.effect == pytest.approx(expected["effect"], abs=1e-10)
        assert fit.se == pytest.approx(expected["se"], rel=1e-9)
        assert fit.df.tolist() == expected["df"].tolist()
        assert fit.p == pytest.approx(expected["p"], abs=TOLERANCE[design])


def test_scipy():
    rng = np.random.default_rng(1)
    groups = [rng.normal(m, 1, n) for m, n in ((0, 9), (0.5, 7), (1.2, 6))]
    theirs = scipy_dunnett(*groups[1:], control=groups[0], rng=np.random.default_rng(3))
    fit = stats.dunnett(np.concatenate(groups), np.repeat([0, 1, 2], [9, 7, 6]), 0)
    assert fit.p == pytest.approx(theirs.pvalue, abs=2e-3)
    assert fit.statistic == pytest.approx(theirs.statistic)


def test_two_sided_critical_values_of_dunnetts_table():
    """Dunnett (1964), two-sided 5 %, equal n: p arms × df."""
    for arms, df, value in ((1, 5, 2.57), (2, 5, 3.03), (3, 10, 2.76), (9, 20, 2.95), (4, 60, 2.51), (2, np.inf, 2.21)):
        correlation = np.full((arms, arms), 0.5) + 0.5 * np.eye(arms)
        assert round(joint.critical(0.95, correlation, df, two_sided=True), 2) == pytest.approx(value, abs=0.0101)


def test_one_arm_is_students_t_and_one_arm_of_unequal_variance_is_welchs():
    rng = np.random.default_rng(4)
    a, b = rng.normal(0, 1, 7), rng.normal(1, 3, 5)
    y, arm = np.concatenate([a, b]), np.repeat(["a", "b"], [7, 5])
    for variances, equal in (("equal", True), ("unequal", False)):
        theirs = ttest_ind(b, a, equal_var=equal)
        fit = stats.dunnett(y, arm, "a", variances=variances)
        assert fit.p[0] == pytest.approx(theirs.pvalue, rel=1e-8)
        interval = theirs.confidence_interval()
        assert [fit.low[0], fit.high[0]] == pytest.approx([interval.low, interval.high], rel=1e-7)


def test_independent_contrasts_of_known_variance_are_sidaks_and_tiny_p_keep_their_digits():
    fit = stats.many_to_one([2.0, 8.0, 1.0], np.eye(3), np.inf)
    assert fit.p == pytest.approx(-np.expm1(3 * np.log1p(-fit.p_single)), rel=1e-9)
    assert 0 < fit.p[1] < 1e-14


@pytest.mark.parametrize("df", [3, 7.5, np.inf])
@pytest.mark.parametrize("two_sided", [True, False])
def test_the_quadrature_equals_the_lattice_within_its_stated_error(df, two_sided):
    load = np.sqrt([0.5, 0.3, 0.72])
    correlation = np.outer(load, load)
    np.fill_diagonal(correlation, 1)
    for c in (0.7, 2.0, 3.2):
        exact = joint.exceedance(c, correlation, df, two_sided=two_sided)
        rough = joint._lattice(c, correlation, df, two_sided)
        assert exact.error < 1e-11
        assert rough.p == pytest.approx(exact.p, abs=max(2 * rough.error, 1e-5))


def test_repeated_and_opposite_contrasts_count_once():
    fit = stats.many_to_one([2.2, 2.2, -2.2], [[1, 1, -1], [1, 1, -1], [-1, -1, 1]], 9)
    assert fit.p == pytest.approx(fit.p_single, abs=1e-4)


def test_a_block_design_ties_arms_by_their_own_blocks_only():
    block = ["x", "x", "y", "y", "z", "z", "w", "w"]
    arm = ["0", "a", "0", "a", "b", "c", "b", "c"]
    fit = stats.dunnett([1.0, 2, 1, 2.5, 4, 5, 4, 5], arm, "0", block=block)
    assert fit.status.tolist() == ["ok", "rank_deficient", "rank_deficient"]
    assert np.isnan(fit.p[1:]).all()
    assert np.isnan(fit.effect[1:]).all()


def test_cages_nested_in_arms_are_the_units():
    y = np.array([1.0, 1.2, 1.4, 1.1, 2.0, 2.2, 1.6, 1.7, 3.0, 3.1])
    arm = np.repeat(["0", "a", "b"], [4, 4, 2])
    cage = np.repeat(["c1", "c2", "c3", "c4", "c5"], 2)
    fit = stats.dunnett(y, arm, "0", block=cage)
    assert fit.status.tolist() == ["ok", "one_cage"]
    assert fit.n.tolist() == [2, 1]
    assert fit.effect == pytest.approx([(2.1 + 1.65) / 2 - (1.1 + 1.25) / 2, 3.05 - (1.1 + 1.25) / 2])
    assert fit.df[0] == 2  # 5 cages − 3 arms
    assert np.isnan(fit.p[1])
    assert "blocks" in fit.approximation


@given(st.integers(0, 10**6), st.floats(0.1, 100), st.floats(-50, 50))
@settings(max_examples=15, deadline=None)
def test_order_scale_and_origin_change_no_p(seed, scale, shift):
    rng = np.random.default_rng(seed)
    y, arm = rng.normal(size=15), np.repeat(["0", "a", "b"], 5)
    fit = stats.dunnett(y, arm, "0")
    order = rng.permutation(15)
    other = stats.dunnett((y * scale + shift)[order], arm[order], "0")
    assert other.p == pytest.approx(fit.p, rel=1e-6)
    assert (fit.p >= fit.p_single - 1e-12).all()
    assert (fit.p <= np.minimum(2 * fit.p_single, 1) + 1e-12).all()
    assert ((fit.low > 0) | (fit.high < 0)).tolist() == (fit.p < 0.05).tolist()


@pytest.mark.parametrize("sizes", [(6, 6, 6, 6), (4, 10, 5, 7)])
def test_familywise_error_is_exact_with_equal_variances(sizes):
    rng = np.random.default_rng(8)
    arm = np.repeat(np.arange(4), sizes)
    critical = stats.dunnett(rng.normal(size=arm.size), arm, 0).critical[0]
    y = rng.normal(size=(20000, arm.size))
    means = np.stack([y[:, arm == a].mean(axis=1) for a in range(4)], axis=1)
    pooled = sum(((y[:, arm == a] - means[:, [a]]) ** 2).sum(axis=1) for a in range(4)) / (arm.size - 4)
    se = np.sqrt(pooled[:, None] * (1 / np.array(sizes[1:]) + 1 / sizes[0]))
    hits = int((np.abs((means[:, 1:] - means[:, :1]) / se).max(axis=1) > critical).sum())
    assert binomtest(hits, 20000, 0.05).pvalue > 0.001


def test_familywise_error_with_unequal_variances_stays_near_its_level():
    """By the fit's own parts: an adjusted p lies between the single p and Bonferroni's, which spares most integrals."""
    rng = np.random.default_rng(9)
    n, sigma = np.array([12, 6, 8, 5]), np.array([1, 3, 1, 0.5])
    hits = 0
    for _ in range(1000):
        mean, v = rng.normal(size=4) * sigma / np.sqrt(n), sigma**2 * rng.chisquare(n - 1) / (n - 1) / n
        t = np.abs(mean[1:] - mean[0]) / np.sqrt(v[1:] + v[0])
        df = (v[1:] + v[0]) ** 2 / (v[1:] ** 2 / (n[1:] - 1) + v[0] ** 2 / (n[0] - 1))
        scale = np.sqrt(v[1:] + v[0])
        correlation = v[0] / np.outer(scale, scale)
        np.fill_diagonal(correlation, 1)
        for c, f in zip(t, df, strict=True):
            if 2 * joint.tail(c, f) <= 0.05 and joint.exceedance(c, correlation, f, two_sided=True).p <= 0.05:
                hits += 1
                break
    assert hits / 1000 <= 0.05 + 2.6 * np.sqrt(0.0475 / 1000)


def test_missing_y_and_missing_effects_are_no_members_of_the_family():
    y = [1.0, 2, 3, np.nan, 2, 3, 4, np.nan, np.nan, 1, 1, 2]
    arm = np.repeat(["0", "a", "b", "c"], 3)
    fit = stats.dunnett(y, arm, "0")
    assert fit.n.tolist() == [2, 1, 3]
    y[3:6] = [np.nan] * 3
    assert stats.dunnett(y, arm, "0").status.tolist() == ["missing", "ok", "ok"]
    both = stats.many_to_one([1.0, np.nan, 2.0], np.eye(3), 8, names=["x", "y", "z"])
    alone = stats.many_to_one([1.0, 2.0], np.eye(2), 8)
    assert both.status.tolist() == ["ok", "missing", "ok"]
    assert both.p[[0, 2]] == pytest.approx(alone.p)
    assert both.table()["arm"].tolist() == ["x", "y", "z"]


@pytest.mark.parametrize("block", [None, ["x", "y", "z"]])
def test_a_measure_that_is_missing_everywhere_has_a_status(block):
    fit = stats.dunnett([np.nan] * 3, ["0", "a", "b"], "0", block=block)
    assert set(fit.status) == {"missing"}
    assert np.isnan(fit.p).all()


def test_no_variance_and_too_few_have_a_status_and_no_p():
    flat = stats.dunnett([1.0] * 6, np.repeat([0, 1, 2], 2), 0)
    assert set(flat.status) == {"constant"}
    few = stats.dunnett([1.0, 2, 3], [0, 1, 2], 0)
    assert set(few.status) == {"too_few"}
    lone = stats.dunnett([1.0, 2, 3, 5, 4], [0, 0, 1, 2, 2], 0, variances="unequal")
    assert lone.status.tolist() == ["too_few", "ok"]
    assert np.isnan(flat.p).all()
    assert np.isnan(few.p).all()


@pytest.mark.parametrize(
    "changed",
    [
        {"control": "none"},
        {"arm": ["0"] * 4},
        {"arm": ["0", "a"]},
        {"arm": ["0", None, "a", "a"]},
        {"y": [1, 2, np.inf, 3]},
        {"y": ["a", "b", "c", "d"]},
        {"y": [[1, 2, 3, 4]]},
        {"variances": "any"},
        {"alternative": "two"},
        {"level": 95},
        {"block": ["x", "x", None, "y"]},
        {"block": ["x", "y", "x", "y"], "variances": "unequal"},
    ],
)
def test_bad_samples_are_one_clear_error(changed):
    given = {"y": [1.0, 2, 3, 4], "arm": ["0", "0", "a", "a"], "control": "0"} | changed
    with pytest.raises(StatisticsError):
        stats.dunnett(given.pop("y"), given.pop("arm"), given.pop("control"), **given)


@pytest.mark.parametrize(
    ("effects", "covariance", "df"),
    [
        ([1.0, 2], np.eye(3), 5),
        ([1.0, 2], [[1, 2], [2, 1]], 5),
        ([1.0, 2], [[1, 0.5], [0.2, 1]], 5),
        ([1.0, 2], np.eye(2), 0),
        ([1.0, 2], np.eye(2), [5]),
        ([np.inf, 2], np.eye(2), 5),
        ([], np.zeros((0, 0)), 5),
        ("a", np.eye(1), 5),
    ],
)
def test_bad_effects_are_one_clear_error(effects, covariance, df):
    with pytest.raises(StatisticsError):
        stats.many_to_one(effects, covariance, df)
