"""Associations of two tables: R, scipy, a slow loop over pairs, null rates, invariances, bad input."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import pearsonr, rankdata, spearmanr, ttest_1samp

from commensal import stats
from commensal.errors import StatisticsError
from commensal.stats import _pairs as pairs

FOLDER = Path(__file__).parents[1] / "references" / "association"


@pytest.fixture(scope="module")
def tables():
    data = pd.read_csv(FOLDER / "data.tsv", sep="\t")
    reference = pd.read_csv(FOLDER / "reference.tsv", sep="\t", skipinitialspace=True)
    return data.filter(like="x.").to_numpy(), data.filter(like="y.").to_numpy(), data, reference


@pytest.mark.parametrize(
    ("kind", "method", "with_z", "with_block"),
    [
        ("pearson", "pearson", False, False),
        ("partial", "pearson", True, False),
        ("block", "pearson", True, True),
        ("ranks", "spearman", True, True),
    ],
)
def test_r(tables, kind, method, with_z, with_block):
    x, y, data, reference = tables
    rows = reference[reference["kind"].str.strip() == kind]
    found = stats.associate(
        x, y, method=method, covariates=data["z"] if with_z else None, block=data["block"] if with_block else None
    )
    place = rows["x"].to_numpy(), rows["y"].to_numpy()
    assert found.r[place] == pytest.approx(rows["r"], abs=1e-9)
    assert found.p[place] == pytest.approx(rows["p"], rel=1e-7)
    assert found.n[place].tolist() == rows["n"].tolist()
    assert found.df[place].tolist() == rows["df"].tolist()


def test_exact_spearman_of_r(tables):
    x, y, _, reference = tables
    rows = reference[reference["kind"].str.strip() == "exact"]
    found = stats.associate(x[9:17], y[9:17])
    place = rows["x"].to_numpy(), rows["y"].to_numpy()
    assert found.exact[place].all()
    assert found.r[place] == pytest.approx(rows["r"], abs=1e-12)
    assert found.p[place] == pytest.approx(rows["p"], abs=1e-12)


@pytest.mark.parametrize("n", [3, 4, 6])
def test_the_exact_distribution_is_that_of_all_orders(n):
    ranks = np.arange(1, n + 1)
    d = np.array([((ranks - np.array(order)) ** 2).sum() for order in permutations(ranks)])
    rho = np.abs(1 - 6 * d / (n**3 - n))
    tail = pairs.spearman_tail(n)
    for value in np.unique(d):
        assert tail[value] == pytest.approx((rho >= abs(1 - 6 * value / (n**3 - n)) - 1e-9).mean())


def test_scipy_with_ties_and_without():
    rng = np.random.default_rng(1)
    x, y = rng.integers(0, 5, (40, 6)).astype(float), rng.normal(size=(40, 7))
    spearman, pearson = stats.associate(x, y), stats.associate(x, y, method="pearson")
    for i in range(6):
        for j in range(7):
            theirs = spearmanr(x[:, i], y[:, j])
            assert [spearman.r[i, j], spearman.p[i, j]] == pytest.approx([theirs.statistic, theirs.pvalue], rel=1e-9)
            theirs = pearsonr(x[:, i], y[:, j])
            assert [pearson.r[i, j], pearson.p[i, j]] == pytest.approx([theirs.statistic, theirs.pvalue], rel=1e-9)
    assert spearman.q.ravel() == pytest.approx(stats.bh(spearman.p.ravel(), family="all"))


def ranked_in_blocks(table, block):
    if block is None:
        return rankdata(table, axis=0, nan_policy="omit")
    out = np.full(table.shape, np.nan)
    for column in range(table.shape[1]):
        for code in np.unique(block):
            inside = (block == code) & ~np.isnan(table[:, column])
            out[inside, column] = rankdata(table[inside, column]) / (inside.sum() + 1)
    return out


@given(st.integers(0, 10**6), st.booleans(), st.booleans(), st.sampled_from(["spearman", "pearson"]))
@settings(max_examples=40, deadline=None)
def test_any_pattern_of_gaps_equals_a_slow_loop_over_pairs(seed, with_z, with_block, method):
    rng = np.random.default_rng(seed)
    n = 24
    x, y = rng.normal(size=(n, 3)), rng.normal(size=(n, 4)).round(1)
    x[rng.random(x.shape) < 0.25] = np.nan
    y[:, 1:][rng.random((n, 3)) < 0.25] = np.nan
    z = rng.normal(size=n) if with_z else None
    block = rng.integers(0, 5, n) if with_block else None
    found = stats.associate(x, y, method=method, covariates=z, block=block)
    design = np.ones((n, 1)) if block is None else (block[:, None] == np.arange(5)).astype(float)
    columns = [x, y]
    if method == "spearman":
        columns = [ranked_in_blocks(table, block) for table in (x, y)]
    if z is not None:
        design = np.column_stack([design, ranked_in_blocks(z[:, None], block) if method == "spearman" else z])
    for i in range(3):
        for j in range(4):
            both = ~np.isnan(x[:, i]) & ~np.isnan(y[:, j])
            d = design[both]
            residual = [
                c - d @ np.linalg.lstsq(d, c, rcond=None)[0] for c in (columns[0][both, i], columns[1][both, j])
            ]
            df = both.sum() - np.linalg.matrix_rank(d) - 1
            assert found.n[i, j] == both.sum()
            assert found.df[i, j] == df
            if found.state[i, j] == 0:
                assert found.r[i, j] == pytest.approx(np.corrcoef(*residual)[0, 1], abs=1e-8)


def test_p_by_parabolas_equals_the_beta_function_and_q_equals_bh():
    from scipy.special import betainc

    rng = np.random.default_rng(2)
    r = np.append(rng.uniform(-1, 1, 40000) ** 3, [np.nan, 0, 1, -1, 1 - 1e-5])
    for df in (1, 2, 7, 153, 5000):
        expected = betainc(df / 2, 0.5, (1 - r) * (1 + r))
        got = pairs.p_of_r(r, float(df))
        assert np.array_equal(np.isnan(got), np.isnan(r))
        seen = expected > 1e-290
        np.testing.assert_allclose(got[seen], expected[seen], rtol=1e-6)
    for p in (
        rng.random(50000),
        rng.random(50000) ** 9,
        np.append(rng.random(99), [np.nan, 0, 1]),
        rng.random(9) / 1e7,
    ):
        np.testing.assert_allclose(pairs.step_up(p), stats.bh(p, family="x"), rtol=1e-12)


@given(st.integers(0, 10**6), st.floats(0.01, 100), st.floats(-100, 100))
@settings(max_examples=25, deadline=None)
def test_order_scale_and_sides_change_nothing(seed, scale, shift):
    rng = np.random.default_rng(seed)
    x, y, z, block = rng.normal(size=(20, 3)), rng.normal(size=(20, 2)), rng.normal(size=20), rng.integers(0, 4, 20)
    for method in ("spearman", "pearson"):
        found = stats.associate(x, y, method=method, covariates=z, block=block)
        order = rng.permutation(20)
        other = stats.associate(
            y[order], (x * scale + shift)[order], method=method, covariates=z[order] * 3, block=block[order]
        )
        assert other.r == pytest.approx(found.r.T, abs=1e-9)
        assert other.p == pytest.approx(found.p.T, rel=1e-6)
    raised = stats.associate(np.exp(x) + 50 * block[:, None], y, covariates=z, block=block)
    assert raised.r == pytest.approx(stats.associate(x, y, covariates=z, block=block).r, abs=1e-12)


@pytest.mark.parametrize("n", [8, 20])
@pytest.mark.parametrize("blocks", [False, True])
@pytest.mark.parametrize("tail", ["normal", "zero-heavy"])
def test_null_rates(n, blocks, tail):
    """Shares of 36 pairs in each of 200 data sets; both tables share block effects.

    Two blocks of four have 576 arrangements, too few for t: there all of them are counted.
    """
    rng = np.random.default_rng(3)
    block = np.repeat(np.arange(n // 4), 4) if blocks else None
    shares = []
    few = blocks and n == 8
    for _ in range(60 if few else 200):
        shared = rng.normal(size=(n // 4, 1))[block] * 2 if blocks else 0.0
        x, y = rng.normal(size=(n, 6)) + shared, rng.normal(size=(n, 6)) + shared
        if tail == "zero-heavy":
            x = np.where(x < 0, 0, np.exp(x))
        p = stats.associate(x, y, block=block, n_permutations=576 if few else 0).p
        shares.append(np.nanmean(p <= 0.05) if not np.isnan(p).all() else 0.0)
    assert ttest_1samp(shares, 0.05, alternative="greater").pvalue > 0.01 / 8


def test_permutation_p_inside_blocks():
    rng = np.random.default_rng(4)
    block = np.repeat(np.arange(6), 3)
    shared = rng.normal(size=6)[block] * 5
    x = np.column_stack([shared + rng.normal(size=18), shared + rng.normal(size=18)])
    y = np.column_stack([shared + rng.normal(size=18), x[:, 1] + 0.1 * rng.normal(size=18)])
    found = stats.associate(x, y, block=block, n_permutations=999)
    by_t = stats.associate(x, y, block=block)
    assert np.array_equal(found.r, by_t.r)
    assert found.p[1, 1] == pytest.approx(0.001)
    assert np.abs(found.p - by_t.p)[found.p > 0.01].max() < 0.1
    assert "within blocks" in found.p_from
    free = stats.associate(x[:5], y[:5], n_permutations=999)
    assert free.exact.all()
    assert free.p[0, 0] == pytest.approx(stats.associate(x[:5], y[:5]).p[0, 0])  # all 120 orders, both ways


def test_statuses():
    x = np.array([[1.0, 5, np.nan], [2, 5, np.nan], [3, 5, np.nan], [5, 5, 1], [4, 5, 2]])
    y = np.array([[2.0, 0, 1, 3, 5]]).T
    found = stats.associate(x, y)
    assert found.status().ravel().tolist() == ["ok", "constant", "too_few"]
    assert np.isnan(found.p[1:]).all()
    assert np.isnan(found.q[1:]).all()
    short = stats.associate(x[:2, :1], y[:2])
    assert short.status().tolist() == [["too_few"]]
    every_row = stats.associate(x[:, :1], y, block=np.arange(5))
    assert every_row.status()[0, 0] == "too_few"
    gone = stats.associate(x[:, :1], y, covariates=x[:, 0])
    assert gone.status()[0, 0] == "constant"


def test_table_is_sorted_named_and_cut():
    rng = np.random.default_rng(5)
    x = pd.DataFrame(rng.normal(size=(30, 4)), columns=[*"abcd"])
    y = pd.DataFrame(rng.normal(size=(30, 5)), columns=[*"vwxyz"])
    y["x"] = x["c"] + 0.2 * rng.normal(size=30)
    found = stats.associate(x, y)
    whole, top = found.table(), found.table(top=3)
    assert (np.diff(whole["p"]) >= 0).all()
    assert top.equals(whole.head(3))
    assert (top.loc[0, "x"], top.loc[0, "y"]) == ("c", "x")
    assert (whole["low"] < whole["r"]).all()
    assert (whole["high"] > whole["r"]).all()
    theirs = pearsonr(x["c"], y["x"]).confidence_interval(0.95)
    ours = stats.associate(x, y, method="pearson").table(top=1)
    assert [ours.loc[0, "low"], ours.loc[0, "high"]] == pytest.approx([theirs.low, theirs.high], rel=1e-9)
    assert len(found.table(top=0)) == 0


def test_frames_with_other_samples_are_refused():
    x = pd.DataFrame({"a": [1.0, 2, 3]}, index=["s1", "s2", "s3"])
    with pytest.raises(StatisticsError, match="same samples"):
        stats.associate(x, x.iloc[::-1])


@pytest.mark.parametrize(
    "changed",
    [
        {"x": [1.0, 2, 3]},
        {"x": [[1.0], [2]]},
        {"x": [["a"], ["b"], ["c"]]},
        {"x": [[1.0], [np.inf], [2]]},
        {"x": np.empty((3, 0))},
        {"method": "kendall"},
        {"covariates": [1.0, 2]},
        {"covariates": [1.0, np.nan, 2]},
        {"block": ["a", "b"]},
        {"block": ["a", None, "b"]},
        {"family": ""},
        {"x": [[1.0], [np.nan], [2]], "n_permutations": 9},
    ],
)
def test_bad_input_is_one_clear_error(changed):
    given = {"x": [[1.0], [2], [3]], "y": [[1.0], [3], [2]]} | changed
    with pytest.raises(StatisticsError):
        stats.associate(given.pop("x"), given.pop("y"), **given)


def test_halla_sized_tables_with_gaps_take_products_not_loops():
    """A hundred thousand pairs, each with its own gaps, within what a loop over pairs could never do."""
    rng = np.random.default_rng(6)
    x, y = rng.normal(size=(60, 200)), rng.normal(size=(60, 500))
    x[rng.random(x.shape) < 0.1] = np.nan
    y[rng.random(y.shape) < 0.1] = np.nan
    found = stats.associate(x, y, method="pearson", covariates=rng.normal(size=60))
    i, j = 17, 401
    both = ~np.isnan(x[:, i]) & ~np.isnan(y[:, j])
    assert found.n[i, j] == both.sum()
    assert 0.04 < (found.p <= 0.05).mean() < 0.06
