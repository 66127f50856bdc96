"""Least squares against numpy and scipy, and what it refuses."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats as distributions

from commensal import stats
from commensal.errors import StatisticsError


@pytest.mark.parametrize("intercept", [True, False])
def test_each_feature_is_lstsq_on_its_own_samples(intercept):
    rng = np.random.default_rng(1)
    n, m = 40, 25
    x = np.column_stack([rng.integers(0, 2, n), rng.normal(30, 4, n), *([np.ones(n)] if intercept else [])])
    y = rng.normal(7, 2, (n, m))
    y[rng.random((n, m)) < 0.3] = np.nan
    contrast = np.array([1.0, -2.0, 0.5])[: x.shape[1]]
    fit = stats.linear(y, x, contrast, level=0.9)
    for j in range(m):
        here = ~np.isnan(y[:, j])
        beta, rss, rank, _ = np.linalg.lstsq(x[here], y[here, j])
        df = here.sum() - rank
        effect = contrast @ beta
        se = np.sqrt(rss[0] / df * contrast @ np.linalg.inv(x[here].T @ x[here]) @ contrast)
        assert fit.effect[j] == pytest.approx(effect, rel=1e-9)
        assert fit.se[j] == pytest.approx(se, rel=1e-9)
        assert fit.df[j] == fit.df_satterthwaite[j] == df
        assert fit.p[j] == pytest.approx(2 * distributions.t.sf(abs(effect / se), df), rel=1e-9)
        assert fit.high[j] - fit.low[j] == pytest.approx(2 * distributions.t.ppf(0.95, df) * se, rel=1e-9)
        assert fit.var_residual[j] == pytest.approx(rss[0] / df, rel=1e-9)
        assert fit.n[j] == here.sum()
    assert set(fit.status) == {"ok"}
    assert np.isnan(fit.var_group).all()


def test_two_groups_are_students_t_test():
    rng = np.random.default_rng(2)
    y = rng.normal(0, 1, (23, 30))
    label = np.r_[np.zeros(10), np.ones(13)]
    fit = stats.linear(y, np.column_stack([np.ones(23), label]), [0, 1])
    expected = distributions.ttest_ind(y[10:], y[:10])
    np.testing.assert_allclose(fit.statistic, expected.statistic, rtol=1e-10)
    np.testing.assert_allclose(fit.p, expected.pvalue, rtol=1e-10)


def test_the_intercept_and_arms_without_intercept_are_estimated_as_they_stand():
    y = np.array([[1.0, 2, 3, 11, 12, 16]]).T
    arms = np.repeat(np.eye(2), 3, axis=0)
    assert stats.linear(y, arms, [-1, 1]).effect[0] == pytest.approx(11)
    assert stats.linear(y, arms, [0, 1]).effect[0] == pytest.approx(13)
    with_intercept = np.column_stack([np.full(6, 2.0), arms[:, 1] + 5])
    assert stats.linear(y, with_intercept, [2, 5]).effect[0] == pytest.approx(2)  # the mean of arm 0
    assert stats.linear(y, with_intercept, [2, 6]).se[0] == pytest.approx(np.sqrt((2 + 14) / 4 / 3))


def test_far_from_zero_and_badly_scaled_columns_keep_their_digits():
    rng = np.random.default_rng(3)
    day = np.arange(30.0)
    y = rng.normal(0, 1, (30, 5))
    plain = stats.linear(y, np.column_stack([np.ones(30), day]), [0, 1])
    moved = stats.linear(1e6 + 1e-3 * y, np.column_stack([np.ones(30), 1.7e9 + 86400 * day]), [0, 1])
    np.testing.assert_allclose(moved.statistic, plain.statistic, rtol=1e-6)
    np.testing.assert_allclose(moved.effect * 86400 * 1e3, plain.effect, rtol=1e-6)


def test_statuses():
    ones, label = np.ones(6), np.array([0.0, 0, 0, 1, 1, 1])
    batch = np.array([0.0, 1, 0, 0, 0, 1])
    x = np.column_stack([ones, label, batch])
    nan = np.nan
    y = np.column_stack(
        [
            [1.0, 2, 4, 3, 3, 5],
            [7.0] * 6,
            [1.0, 2, 4, nan, nan, nan],
            [1.0, nan, 4, 3, 3.5, nan],  # batch is 0 in all of them
            [1.0, 2, nan, 3, nan, nan],
            [nan] * 6,
            [1.0, 3, 1, 2, 2, 4],  # 1 + label + 2 batch, exactly
        ]
    )
    fit = stats.linear(y, x, [0, 1, 0])
    assert list(fit.status) == ["ok", "constant", "too_few", "rank_deficient", "too_few", "too_few", "constant"]
    assert np.isfinite(fit.p).tolist() == [True] + [False] * 6
    assert "2" in fit.note[3]
    assert fit.effect[3] == pytest.approx(0.75)  # still estimable: 3.25 − 2.5
    assert np.isnan(stats.linear(y, x, [0, 0, 1]).effect[3])


def test_collinear_columns_are_named():
    rng = np.random.default_rng(4)
    a, b = rng.normal(size=20), rng.normal(size=20)
    x = np.column_stack([np.ones(20), a, b, 2 * a - b + 3])
    fit = stats.linear(rng.normal(size=(20, 2)), x, [0, 1, 0, 0])
    assert list(fit.status) == ["rank_deficient"] * 2
    assert fit.note[0].endswith(": 3")
    assert np.isnan(fit.effect).all()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"y": np.zeros(4)}, "dimensions"),
        ({"y": np.array([[0.0], [1], [np.inf], [2]])}, r"y holds inf at \[2, 0\]"),
        ({"x": np.array([[1, 0], [1, np.nan], [1, 1], [1, 1.0]])}, r"x holds nan at \[1, 1\]"),
        ({"x": np.ones((3, 2))}, "do not fit"),
        ({"x": np.ones((4, 0))}, "do not fit"),
        ({"contrast": [1]}, "contrast and x"),
        ({"contrast": [0, 0]}, "zero"),
        ({"contrast": [0, np.nan]}, "contrast holds nan"),
        ({"y": [["a"], ["b"], ["c"], ["d"]]}, "not an array of numbers"),
        ({"y": np.array([[1j], [0], [0], [0]])}, "not an array of numbers"),
        ({"level": 95}, "confidence level"),
    ],
)
def test_what_does_not_fit_is_refused(change, said):
    arguments = {"y": [[1.0], [2], [3], [5]], "x": [[1, 0], [1, 0], [1, 1], [1, 1]], "contrast": [0, 1]} | change
    with pytest.raises(StatisticsError, match=said):
        stats.linear(**arguments)


def test_no_features_is_an_empty_fit():
    fit = stats.linear(np.empty((4, 0)), np.ones((4, 1)), [1])
    assert len(fit) == 0


def test_tables_have_a_row_per_feature_and_the_names_given():
    rng = np.random.default_rng(8)
    y, x = rng.normal(size=(12, 2)), np.column_stack([np.ones(12), np.arange(12) % 2])
    fit = stats.linear(y, x, [0, 1])
    table = fit.table(["a", "b"])
    assert (table.index.name, list(table.index)) == ("feature", ["a", "b"])
    assert table.loc["b", "p"] == fit.p[1]
    split = stats.mixed_split(y, x, 1, np.arange(12) // 3).table(["a", "b"])
    assert list(split.index) == ["a", "a", "b", "b"]
    assert list(split["term"]) == ["within", "between"] * 2
    assert list(fit.table().index) == [0, 1]
    with pytest.raises(StatisticsError, match="names do not fit"):
        fit.table(["a"])
