"""Omnibus then parts: a case by hand, the guarantee by simulation, bad input."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from commensal import stats
from commensal.errors import StatisticsError


def test_by_hand():
    # Simes: a 2 × .01 = .02, b .03, c .6; BH over 3: .045, .045, .6 → two of three at 0.05, factor 3/2.
    p = [0.01, 0.5, 0.03, 0.6, 0.9]
    fit = stats.hierarchical(p, ["a", "a", "b", "c", "c"], family="three")
    assert fit.omnibus_p == pytest.approx([0.02, 0.03, 0.9])
    assert fit.selected.tolist() == [True, True, False]
    assert fit.adjusted == pytest.approx([0.03, 0.75, 0.045, np.nan, np.nan], nan_ok=True)
    assert fit.status.tolist() == ["ok", "ok", "ok", "not_selected", "not_selected"]
    table = fit.table()
    assert table["group"].tolist() == ["a", "a", "b", "c", "c"]
    assert table["rejected"].tolist() == [True, False, True, False, False]


def test_a_group_without_any_test_is_no_member_of_the_family():
    with_it = stats.hierarchical([0.01, 0.5, np.nan], ["a", "b", "c"], family="x")
    without = stats.hierarchical([0.01, 0.5], ["a", "b"], family="x")
    assert with_it.adjusted[:2] == pytest.approx(without.adjusted, nan_ok=True)
    assert with_it.status[2] == "missing"
    assert np.isnan(with_it.omnibus_q[2])


@pytest.mark.parametrize("within", ["bh", "holm", "by"])
def test_average_error_over_selected_groups_is_held(within):
    rng = np.random.default_rng(3)
    group = np.repeat(np.arange(10), 8)
    null = np.ones(80, dtype=bool)
    null[:3] = null[8:10] = False
    averages = []
    for _ in range(800):
        p = rng.random(80)
        p[~null] = rng.random(5) * 2e-3
        fit = stats.hierarchical(p, group, family="simulated", within=within, level=0.1)
        shares = []
        for g in np.flatnonzero(fit.selected):
            inside = fit.rejected & (group == g)
            wrong = (inside & null).sum()
            shares.append(float(wrong > 0) if within == "holm" else wrong / max(inside.sum(), 1))
        averages.append(np.mean(shares) if shares else 0.0)
    assert np.mean(averages) <= 0.1 + 2.33 * np.std(averages) / np.sqrt(len(averages))


@given(st.lists(st.tuples(st.floats(0, 1), st.sampled_from("abc")), min_size=1, max_size=30), st.randoms())
def test_the_order_of_parts_changes_nothing(pairs, random):
    p, group = zip(*pairs, strict=True)
    fit = stats.hierarchical(p, group, family="drawn", level=0.2)
    order = list(range(len(p)))
    random.shuffle(order)
    other = stats.hierarchical(np.array(p)[order], np.array(group)[order], family="drawn", level=0.2)
    assert np.array_equal(other.adjusted, fit.adjusted[order], equal_nan=True)
    assert not (fit.rejected & ~fit.selected[fit.group]).any()


@pytest.mark.parametrize(
    "changed",
    [
        {"group": ["a"]},
        {"group": ["a", None]},
        {"within": "hommel"},
        {"level": 0},
        {"level": 1.5},
        {"omnibus": [0.1]},
        {"omnibus": [0.1, 2]},
        {"p": [0.1, 2]},
        {"family": ""},
    ],
)
def test_bad_input_is_one_clear_error(changed):
    given = {"p": [0.1, 0.2], "group": ["a", "b"], "family": "x"} | changed
    with pytest.raises(StatisticsError):
        stats.hierarchical(given.pop("p"), given.pop("group"), **given)
