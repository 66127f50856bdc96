"""Benjamini–Hochberg against scipy and by its properties (R's p.adjust is in test_permutation_vegan)."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import false_discovery_control

from commensal import stats
from commensal.errors import StatisticsError

PS = st.lists(st.floats(0, 1), min_size=1, max_size=60)


@given(PS)
def test_q_equals_scipy(p):
    assert stats.bh(p, family="drawn") == pytest.approx(false_discovery_control(p), abs=1e-12)


@given(PS, st.randoms(use_true_random=False))
def test_order_and_missing_tests_change_nothing_and_q_keeps_the_order_of_p(p, random):
    q = stats.bh(p, family="drawn")
    assert (np.diff(q[np.argsort(p, kind="stable")]) >= 0).all()
    assert (q >= np.array(p) - 1e-15).all()
    order = list(range(len(p)))
    random.shuffle(order)
    assert np.array_equal(stats.bh(np.array(p)[order], family="drawn"), q[order])
    with_missing = stats.bh([np.nan, *p, np.nan], family="drawn")
    assert np.array_equal(with_missing[1:-1], q)
    assert np.isnan(with_missing[[0, -1]]).all()


def test_nothing_tested_is_nothing_found():
    assert stats.bh([], family="none").size == 0
    assert np.isnan(stats.bh([np.nan], family="none")).all()


@pytest.mark.parametrize(("p", "family"), [([1.2], "x"), ([-0.1], "x"), ([[0.1]], "x"), ([0.1], " ")])
def test_bad_p_and_nameless_families_are_refused(p, family):
    with pytest.raises(StatisticsError):
        stats.bh(p, family=family)
