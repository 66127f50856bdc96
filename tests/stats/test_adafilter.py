"""AdaFilter: the paper's definition by a slow search over γ, a case by hand, and its error by simulation."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from commensal import stats
from commensal.errors import StatisticsError


def slowly(p, r, level, error):
    """Largest γ among the S ≤ level that satisfies the inequality; everything up to it is rejected."""
    ordered = np.sort(p, axis=1)
    n = p.shape[1]
    s, f = (n - r + 1) * ordered[:, r - 1], (n - r + 1) * ordered[:, r - 2]
    best = -1.0
    for gamma in s[s <= level]:
        allowed = level * (max((s <= gamma).sum(), 1) if error == "fdr" else 1)
        if gamma * (f <= gamma).sum() <= allowed:
            best = max(best, gamma)
    return s <= best


@given(
    arrays(np.float64, st.tuples(st.integers(1, 12), st.just(3)), elements=st.floats(0, 0.3)),
    st.integers(2, 3),
    st.sampled_from([0.05, 0.2]),
    st.sampled_from(["fdr", "fwer"]),
)
def test_the_adjusted_p_reject_what_the_definition_rejects(p, r, level, error):
    fit = stats.adafilter(p, r, family="drawn", level=level, error=error)
    near = np.isclose(fit.adjusted, level, rtol=1e-9)
    assert np.array_equal(fit.rejected[~near], slowly(p, r, level, error)[~near])


def test_by_hand():
    """Three lines, r = 2, hence × 2: S = 2 p₍₂₎ = .02, .04, .6, 1, .9; F = 2 p₍₁₎ = .002, .01, .04, .8, .7.

    At .02: F = .002, .01 compete: .02 × 2 = .04, as FDR / 1. At .04: .002, .01, .04: .12, as FDR / 2 = .06.
    At .6: three compete: 1.8, as FDR / 3 = .6.
    """
    p = [[0.001, 0.01, 0.5], [0.005, 0.02, 0.9], [0.02, 0.3, 0.3], [0.4, 0.6, 0.7], [0.35, 0.45, 0.5]]
    fwer = stats.adafilter(p, 2, family="five", error="fwer")
    fdr = stats.adafilter(p, 2, family="five")
    assert fdr.selection_p == pytest.approx([0.02, 0.04, 0.6, 1, 0.9])
    assert fdr.filter_p == pytest.approx([0.002, 0.01, 0.04, 0.8, 0.7])
    assert fwer.adjusted[:3] == pytest.approx([0.04, 0.12, 1.0])
    assert fdr.adjusted[:3] == pytest.approx([0.04, 0.06, 0.6])
    assert fwer.rejected.tolist() == fdr.rejected.tolist() == [True, False, False, False, False]
    # Bonferroni and Benjamini–Hochberg on the same partial-conjunction p would find nothing: 5 × .02 = .1.
    assert stats.bh(fdr.selection_p, family="five").min() > 0.05
    assert fdr.table().shape == (5, 6)


@pytest.mark.parametrize(("n", "r"), [(2, 2), (4, 2), (4, 4)])
def test_errors_hold_and_power_exceeds_bh_with_independent_lines(n, r):
    """1,000 features: 80 % hold nowhere, the rest hold in 1 … n lines."""
    rng = np.random.default_rng(11)
    holding = np.concatenate([np.zeros(800, dtype=int), rng.integers(1, n + 1, 200)])
    null = holding < r
    false_shares, any_false, found, found_by_bh = [], [], 0, 0
    for _ in range(200):
        where = rng.random((1000, n)).argsort(axis=1) < holding[:, None]
        p = np.where(where, rng.random((1000, n)) ** 6, rng.random((1000, n)))
        fdr = stats.adafilter(p, r, family="simulated", level=0.1)
        fwer = stats.adafilter(p, r, family="simulated", level=0.1, error="fwer")
        false_shares.append((fdr.rejected & null).sum() / max(fdr.rejected.sum(), 1))
        any_false.append((fwer.rejected & null).any())
        found += (fdr.rejected & ~null).sum()
        found_by_bh += ((stats.bh(fdr.selection_p, family="simulated") <= 0.1) & ~null).sum()
    assert np.mean(false_shares) <= 0.1 + 2.33 * np.std(false_shares) / np.sqrt(200)
    assert np.mean(any_false) <= 0.1 + 2.33 * np.sqrt(0.09 / 200)
    assert found > found_by_bh


def test_a_line_not_measured_enters_as_1_and_too_few_lines_have_no_p():
    p = np.array([[0.001, np.nan, 0.002], [np.nan, np.nan, 0.001], [0.2, 0.3, 0.4]])
    fit = stats.adafilter(p, 2, family="three")
    ones = stats.adafilter(np.where(np.isnan(p), 1.0, p), 2, family="three")
    assert fit.status.tolist() == ["ok", "too_few", "ok"]
    assert fit.adjusted[[0, 2]] == pytest.approx(ones.adjusted[[0, 2]])
    assert np.isnan(fit.adjusted[1])


@pytest.mark.parametrize(
    "changed",
    [{"r": 1}, {"r": 4}, {"error": "pfer"}, {"level": 2}, {"family": ""}, {"p": [[0.1, 2, 0.1]]}, {"p": [0.1]}],
)
def test_bad_input_is_one_clear_error(changed):
    given = {"p": [[0.1, 0.2, 0.3]], "r": 2, "family": "x"} | changed
    with pytest.raises(StatisticsError):
        stats.adafilter(given.pop("p"), given.pop("r"), **given)


@pytest.mark.parametrize("error", ["fdr", "fwer"])
@pytest.mark.parametrize("r", [2, 3])
def test_agrees_with_the_authors_package(r, error):
    here = Path(__file__).parents[1] / "references" / "mediators"
    p = pd.read_csv(here / "lines.tsv", sep="\t").to_numpy()
    wanted = pd.read_csv(here / "adafilter.tsv", sep="\t")
    wanted = wanted[(wanted["r"] == r) & (wanted["error"] == error.upper())]
    fit = stats.adafilter(p, r, family="of R", level=0.1, error=error)
    assert fit.selection_p == pytest.approx(np.minimum(wanted["selection"], 1), rel=1e-9)
    assert fit.filter_p == pytest.approx(np.minimum(wanted["filter"], 1), rel=1e-9)
    small = (wanted["selection"] < 1).to_numpy()  # beyond 1 they count S as it is
    assert fit.competitors[small].tolist() == wanted["number"].to_numpy()[small].tolist()
    assert fit.rejected.tolist() == (wanted["adjusted"] <= 0.1).tolist()
    if error == "fdr":
        assert fit.adjusted[small] == pytest.approx(wanted["adjusted"].to_numpy()[small], rel=1e-9)
