"""Corrections over a family: R's p.adjust, published formulas by hand, and their properties."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest, false_discovery_control

from commensal import stats
from commensal.errors import StatisticsError

REFERENCE = Path(__file__).parents[1] / "references" / "multcomp" / "adjust.tsv"
PS = st.lists(st.floats(0, 1), min_size=1, max_size=60)
ADJUSTERS = (stats.bh, stats.by, stats.holm, stats.storey)


@pytest.mark.parametrize(("name", "function"), [("BH", stats.bh), ("BY", stats.by), ("holm", stats.holm)])
def test_adjusted_p_equal_those_of_r(name, function):
    table = pd.read_csv(REFERENCE, sep="\t", skipinitialspace=True)
    ours = function(table["p"], family="reference")
    assert ours == pytest.approx(table[name], abs=1e-14, nan_ok=True)
    assert np.isnan(ours).sum() == 2


@given(PS)
def test_q_equals_scipy(p):
    assert stats.bh(p, family="drawn") == pytest.approx(false_discovery_control(p), abs=1e-12)
    assert stats.by(p, family="drawn") == pytest.approx(false_discovery_control(p, method="by"), abs=1e-12)


@pytest.mark.parametrize("function", ADJUSTERS)
@given(p=PS, random=st.randoms(use_true_random=False))
def test_order_and_missing_tests_change_nothing_and_q_keeps_the_order_of_p(function, p, random):
    q = function(p, family="drawn")
    assert (np.diff(q[np.argsort(p, kind="stable")]) >= 0).all()
    assert ((q >= 0) & (q <= 1)).all()
    if function is not stats.storey:
        assert (q >= np.array(p) - 1e-15).all()
    order = list(range(len(p)))
    random.shuffle(order)
    assert np.array_equal(function(np.array(p)[order], family="drawn"), q[order])
    with_missing = function([np.nan, *p, np.nan], family="drawn")
    assert np.array_equal(with_missing[1:-1], q)
    assert np.isnan(with_missing[[0, -1]]).all()


def test_holm_by_the_definition_of_closed_testing():
    p = np.array([0.01, 0.012, 0.2, 0.013])
    rejected_by_bonferroni = {}
    for bits in range(1, 16):
        members = [i for i in range(4) if bits >> i & 1]
        rejected_by_bonferroni[bits] = min(1.0, len(members) * p[members].min())
    closed = [max(value for bits, value in rejected_by_bonferroni.items() if bits >> i & 1) for i in range(4)]
    assert stats.holm(p, family="four") == pytest.approx(closed)


def test_storey_by_hand():
    # m = 10, λ = 0.5: three p above it, π̂₀ = 4 / (10 × 0.5) = 0.8; q of the smallest = min(.8×10×.001, …) = 0.008
    p = [0.001, 0.01, 0.02, 0.03, 0.04, 0.2, 0.45, 0.6, 0.7, 0.95]
    assert stats.null_share(p, family="ten") == pytest.approx(0.8)
    expected = [0.008, 0.04, 8 * 0.02 / 3, 0.06, 0.064, 1.6 / 6, 3.6 / 7, 1, 1, 1]
    assert stats.storey(p, family="ten") == pytest.approx(expected)
    # λ = 0.1: five above, 6 / (10 × 0.9) = 2/3
    assert stats.null_share(p, family="ten", tail=0.1) == pytest.approx(2 / 3)
    assert stats.storey(p, family="ten", tail=0.1)[5:].tolist() == [1.0] * 5


def test_storey_holds_its_false_discovery_rate_where_bh_is_conservative():
    rng = np.random.default_rng(5)
    shares = []
    for _ in range(1500):
        p = np.concatenate([rng.random(20), rng.random(20) * 1e-4])
        found = stats.storey(p, family="simulated") <= 0.1
        shares.append(found[:20].sum() / max(found.sum(), 1))
    error = np.std(shares) / np.sqrt(len(shares))
    assert np.mean(shares) <= 0.1 + 2.33 * error
    assert np.mean(shares) > 0.06


def test_simes_is_exact_for_independent_p():
    rng = np.random.default_rng(1)
    hits = sum(stats.simes(row) <= 0.05 for row in rng.random((4000, 6)))
    assert binomtest(hits, 4000, 0.05).pvalue > 0.001
    assert np.isnan(stats.simes([np.nan]))


@pytest.mark.parametrize("function", ADJUSTERS)
def test_nothing_tested_is_nothing_found(function):
    assert function([], family="none").size == 0
    assert np.isnan(function([np.nan], family="none")).all()


@pytest.mark.parametrize("function", ADJUSTERS)
@pytest.mark.parametrize(
    ("p", "family"), [([1.2], "x"), ([-0.1], "x"), ([[0.1]], "x"), ([0.1], " "), (["a"], "x"), ([np.inf], "x")]
)
def test_bad_p_and_nameless_families_are_refused(function, p, family):
    with pytest.raises(StatisticsError):
        function(p, family=family)


@pytest.mark.parametrize("tail", [0, 1, -1, np.nan])
def test_a_tail_outside_the_unit_interval_is_refused(tail):
    with pytest.raises(StatisticsError):
        stats.storey([0.1], family="x", tail=tail)
