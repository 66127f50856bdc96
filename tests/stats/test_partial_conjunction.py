"""r of n lines: definitions by brute force, worst-case dependence, claims by hand, the error of strength."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import binomtest, combine_pvalues

from commensal import stats
from commensal.errors import StatisticsError

TABLES = arrays(np.float64, st.tuples(st.integers(1, 6), st.just(4)), elements=st.floats(0, 1))


@given(TABLES, st.integers(1, 4))
def test_each_is_the_largest_combined_p_over_all_choices_of_n_minus_r_plus_1_lines(p, r):
    """Fewer than r lines hold iff some n − r + 1 lines are all null (Benjamini & Heller's construction)."""
    expected = np.zeros((3, len(p)))
    for chosen in combinations(range(4), 4 - r + 1):
        part = p[:, chosen]
        for i, row in enumerate(part):
            bonferroni = min(1.0, len(chosen) * row.min())
            fisher = combine_pvalues(np.maximum(row, 1e-300), "fisher").pvalue
            expected[:, i] = np.maximum(expected[:, i], [bonferroni, min(1.0, stats.simes(row)), fisher])
    assert stats.partial_conjunction(p, r) == pytest.approx(expected[0], abs=1e-12)
    assert stats.partial_conjunction_if_positive_simes(p, r) == pytest.approx(expected[1], abs=1e-12)
    assert stats.partial_conjunction_if_independent_fisher(p, r) == pytest.approx(expected[2], abs=1e-9)


@given(TABLES)
def test_strength_p_is_the_largest_partial_conjunction_p_so_far_and_a_missing_p_is_1(p):
    stacked = np.column_stack([stats.partial_conjunction(p, r) for r in range(1, 5)])
    assert stats.strength_p(p) == pytest.approx(np.maximum.accumulate(stacked, axis=1), abs=1e-15)
    missing, ones = p.copy(), p.copy()
    missing[:, 2], ones[:, 2] = np.nan, 1.0
    assert np.array_equal(stats.strength_p(missing), stats.strength_p(ones))
    assert np.array_equal(stats.partial_conjunction(missing, 2), stats.partial_conjunction(ones, 2))


def test_a_list_of_its_own_makes_n_smaller():
    p = np.array([[0.01, 0.02, 0.9], [0.01, np.nan, 0.9]])
    listed = np.array([[True, True, False], [True, True, False]])
    got = stats.strength_p(p, listed=listed)
    assert got == pytest.approx(np.array([[0.02, 0.02, np.nan], [0.02, 1.0, np.nan]]), nan_ok=True)


def test_size_under_the_worst_dependence_of_two_nulls():
    """With r − 1 lines wholly true and the two nulls antithetic, Bonferroni is exact and Simes and Fisher may fail."""
    rng = np.random.default_rng(2)
    u = rng.random(20000)
    p = np.column_stack([np.zeros_like(u), u, 1 - u])
    hits = int((stats.partial_conjunction(p, 2) <= 0.05).sum())
    assert binomtest(hits, 20000, 0.05).pvalue > 0.001
    assert (stats.partial_conjunction_if_independent_fisher(p, 2) <= 0.05).mean() < 0.05


def test_size_under_independence_and_positive_dependence():
    rng = np.random.default_rng(4)
    from scipy.special import ndtr

    shared = rng.standard_normal((20000, 1))
    p = np.column_stack([np.zeros(20000), ndtr(0.8 * shared + 0.6 * rng.standard_normal((20000, 3)))])
    for function in (stats.partial_conjunction, stats.partial_conjunction_if_positive_simes):
        hits = int((function(p, 2) <= 0.05).sum())
        assert binomtest(hits, 20000, 0.05, alternative="greater").pvalue > 0.01
    p[:, 1:] = rng.random((20000, 3))
    hits = int((stats.partial_conjunction_if_independent_fisher(p, 2) <= 0.05).sum())
    assert binomtest(hits, 20000, 0.05).pvalue > 0.001


def test_claims_by_hand():
    """Five claims at 0.05; three pass, so that lines are compared with 3 × 0.05 / 5 = 0.03.

    BH on .004, .01, .03, .2, 1: q = .02, .025, .05, .25, 1. Claim 1: 4 × .001, 3 × .002, 2 × .014, 1 × .04 → .004,
    .006, .028, .04: strength 3. Claim 2: 4 × .01 = .04: strength 0, although 3 × .01 = .03 would do (maximum so far).
    Claim 3 has three lines on its list, one not measured: 3 × .005, 2 × .01, 1: strength 2.
    """
    lines = [
        [0.014, 0.001, 0.002, 0.04],
        [0.01, 0.01, 0.01, 0.01],
        [0.01, np.nan, 0.005, 1e-9],
        [1e-9, 1e-9, 1e-9, 1e-9],
        [0.1, 0.2, 0.3, 0.4],
    ]
    listed = np.ones((5, 4), dtype=bool)
    listed[2, 3] = False
    fit = stats.claim_strength([0.01, 0.004, 0.03, 0.2, np.nan], lines, family="five", listed=listed)
    assert fit.threshold == pytest.approx(0.03)
    assert fit.q == pytest.approx([0.025, 0.02, 0.05, 0.25, 1.0])
    assert fit.q_by == pytest.approx(np.minimum(fit.q * (1 + 1 / 2 + 1 / 3 + 1 / 4 + 1 / 5), 1))
    assert fit.strength.tolist() == [3, 0, 2, 0, 0]
    assert fit.status.tolist() == ["selected", "selected", "selected", "not_selected", "open"]
    assert fit.table().shape == (5, 6)


def test_nothing_selected_has_no_threshold():
    fit = stats.claim_strength([0.9, np.nan], [[0.1], [0.1]], family="two")
    assert np.isnan(fit.threshold)
    assert fit.strength.tolist() == [0, 0]


def test_strength_is_overstated_in_at_most_q_of_the_selected_claims():
    """The gate is the largest of three links' p, which are lines themselves; 0 to 5 of 5 lines hold."""
    rng = np.random.default_rng(6)
    truth = rng.integers(0, 6, 60)
    holds = np.arange(5) < truth[:, None]
    shares = []
    for _ in range(600):
        lines = np.where(holds, rng.random((60, 5)) ** 6 * 1e-2, rng.random((60, 5)))
        fit = stats.claim_strength(lines[:, :3].max(axis=1), lines, family="simulated", level=0.1)
        shares.append((fit.strength > truth).sum() / max(fit.selected.sum(), 1))
    assert np.mean(shares) <= 0.1 + 2.33 * np.std(shares) / np.sqrt(len(shares))


@pytest.mark.parametrize("r", [0, 4, 1.5])
def test_r_outside_1_to_n_is_refused(r):
    with pytest.raises(StatisticsError):
        stats.partial_conjunction([[0.1, 0.2, 0.3]], r)


@pytest.mark.parametrize("p", [[0.1], [[1.2]], [["a"]], [[]]])
def test_lines_that_are_no_table_of_p_are_refused(p):
    with pytest.raises(StatisticsError):
        stats.strength_p(p)


def test_shapes_that_do_not_fit_are_refused():
    with pytest.raises(StatisticsError):
        stats.claim_strength([0.1], [[0.1], [0.2]], family="x")
    with pytest.raises(StatisticsError):
        stats.strength_p([[0.1, 0.2]], listed=[[True]])


def test_the_paper_s_three_forms_by_r():
    """Benjamini & Heller (2008), their Bonferroni, Simes and Fisher, from R's p.adjust and pchisq."""
    here = Path(__file__).parents[1] / "references" / "mediators"
    p = pd.read_csv(here / "lines.tsv", sep="\t").to_numpy()
    wanted = pd.read_csv(here / "conjunction.tsv", sep="\t")
    for r, own in wanted.groupby("r"):
        assert stats.partial_conjunction(p, int(r)) == pytest.approx(own["bonferroni"].to_numpy(), rel=1e-12)
        assert stats.partial_conjunction_if_positive_simes(p, int(r)) == pytest.approx(own["simes"], rel=1e-12)
        assert stats.partial_conjunction_if_independent_fisher(p, int(r)) == pytest.approx(own["fisher"], rel=1e-9)
