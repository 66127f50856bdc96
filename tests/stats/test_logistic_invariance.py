"""What must not change a logistic fit, its statuses, and that no input whatever breaks one."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commensal import stats
from commensal.errors import StatisticsError

SEEDS = st.integers(0, 2**32 - 1)


def case(seed: int):
    rng = np.random.default_rng(seed)
    n, m = int(rng.integers(30, 60)), 5
    groups = rng.integers(0, rng.integers(5, 12), n)
    x = np.column_stack([np.ones(n), rng.integers(0, 2, n), rng.normal(size=n)])
    eta = rng.normal(0, 1, (12, m))[groups] + 0.5 * x[:, [2]]
    y = (rng.random((n, m)) < 1 / (1 + np.exp(-eta))).astype(float)
    y[rng.random((n, m)) < 0.1] = np.nan
    return rng, y, x, groups


def all_fits(y, x, groups, contrast=(0, 1, 0)):
    return (
        stats.logistic(y, x, contrast),
        stats.firth(y, x, contrast),
        stats.logistic_mixed(y, x, contrast, groups),
        stats.conditional_logistic(y, x, contrast, groups),
    )


def same(one, other, *, sign=1.0, stretch=1.0):
    assert list(one.status) == list(other.status)
    size = 1e-5 * np.nan_to_num(one.se, nan=1.0) * stretch
    ends = ("low", "high") if sign > 0 else ("high", "low")
    for name, partner in (("effect", "effect"), ("low", ends[0]), ("high", ends[1])):
        gap = np.abs(getattr(other, partner) - sign * stretch * getattr(one, name))
        assert (np.isnan(gap) | (gap <= 20 * size)).all(), name
        assert (np.isnan(getattr(one, name)) == np.isnan(getattr(other, partner))).all()
    np.testing.assert_allclose(other.se, one.se * stretch, rtol=2e-4)
    np.testing.assert_allclose(other.statistic, sign * one.statistic, rtol=2e-4, atol=1e-4)
    np.testing.assert_allclose(other.p, one.p, rtol=1e-3)
    assert np.array_equal(one.n, other.n)


@settings(max_examples=6, deadline=None)
@given(SEEDS)
def test_order_of_samples_and_names_of_groups_do_not_matter(seed):
    rng, y, x, groups = case(seed)
    order = rng.permutation(len(y))
    names = np.array([f"household {g}" for g in groups])
    for one, other in zip(all_fits(y, x, groups), all_fits(y[order], x[order], names[order]), strict=True):
        same(one, other)


@settings(max_examples=6, deadline=None)
@given(SEEDS)
def test_a_feature_does_not_know_its_batch(seed):
    rng, y, x, groups = case(seed)
    order = rng.permutation(y.shape[1])
    together, shuffled = all_fits(y, x, groups), all_fits(y[:, order], x, groups)
    for one, moved, single in zip(together, shuffled, all_fits(y[:, 3:4], x, groups), strict=True):
        for field in fields(one):
            column = getattr(one, field.name)
            if column.dtype == object:
                assert list(getattr(moved, field.name)) == list(column[order])
                assert list(getattr(single, field.name)) == list(column[3:4])
            else:
                np.testing.assert_allclose(getattr(moved, field.name), column[order], rtol=1e-5, atol=1e-6)
                np.testing.assert_allclose(getattr(single, field.name), column[3:4], rtol=1e-5, atol=1e-6)


@settings(max_examples=6, deadline=None)
@given(SEEDS)
def test_swapping_the_outcomes_turns_the_sign(seed):
    _, y, x, groups = case(seed)
    for one, other in zip(all_fits(y, x, groups), all_fits(1 - y, x, groups), strict=True):
        same(one, other, sign=-1.0)


@settings(max_examples=6, deadline=None)
@given(SEEDS, st.floats(1e-3, 1e3), st.floats(-1e3, 1e3), st.floats(1e-3, 1e3))
def test_coding_of_the_columns(seed, scale, shift, stretch):
    _, y, x, groups = case(seed)
    recoded = x @ np.diag([1, 1 / stretch, scale]) + np.array([0, 0, shift])
    turned = x * [1, -1, 1] + [0, 1, 0]
    for one, other, flipped in zip(
        all_fits(y, x, groups), all_fits(y, recoded, groups), all_fits(y, turned, groups), strict=True
    ):
        same(one, other, stretch=stretch)
        same(one, flipped, sign=-1.0)


def test_chunks_do_not_show(monkeypatch):
    _, y, x, groups = case(1)
    whole = all_fits(y, x, groups)
    monkeypatch.setattr("commensal.stats._logistic_conditional.BATCH", 1)
    import sys

    monkeypatch.setattr(sys.modules["commensal.stats.logistic"], "MEMORY", 1)
    monkeypatch.setattr(sys.modules["commensal.stats.conditional"], "CHUNK", 1)
    monkeypatch.setattr(sys.modules["commensal.stats.logistic_mixed"], "CHUNK", 1)
    for one, other in zip(whole, all_fits(y, x, groups), strict=True):
        same(one, other)


def test_statuses():
    n = 24
    label, groups = np.tile([0.0, 1.0], 12), np.repeat(np.arange(6), 4)
    x = np.column_stack([np.ones(n), label, np.arange(n) % 3, np.arange(n) % 3 * 2.0])
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, (n, 8)).astype(float)
    y[:, 0], y[:, 1] = 0, 1
    y[:, 2] = np.where(label == 1, np.nan, y[:, 2])
    y[1:, 3] = np.nan
    y[:, 4] = label
    plain = x[:, :2]
    expected = ["constant", "constant", "too_few", "too_few", "separated"]
    assert stats.logistic(y, plain, [0, 1]).status[:5].tolist() == expected
    assert stats.logistic_mixed(y, plain, [0, 1], groups).status[:5].tolist() == expected
    assert stats.firth(y, plain, [0, 1]).status[:5].tolist() == [*expected[:4], "ok"]
    assert stats.conditional_logistic(y, plain, [0, 1], groups).status[:5].tolist() == expected
    fit = stats.logistic_mixed(y, plain, [0, 1], groups)
    assert np.isfinite(fit.penalised_effect[4])
    assert fit.penalised_effect[4] > 2
    assert np.isnan(fit.penalised_effect[5:]).all()
    for collinear in all_fits(y[:, 5:], x, groups, (0, 1, 0, 0)):
        assert set(collinear.status) == {"rank_deficient"}
        assert all("3" in note for note in collinear.note)
        assert np.isfinite(collinear.effect).all()
        assert np.isnan(collinear.p).all()


def test_units_are_groups_where_the_contrast_is_constant_in_them():
    rng = np.random.default_rng(3)
    groups = np.repeat(np.arange(6), 8)
    y = rng.integers(0, 2, (48, 3))
    two_arms = np.column_stack([np.ones(48), groups >= 3])
    fit = stats.logistic_mixed(y, two_arms, [0, 1], groups)
    assert (fit.df == 4).all()
    alone = stats.logistic_mixed(y, np.column_stack([np.ones(48), groups == 5]), [0, 1], groups)
    assert set(alone.status) == {"one_cage"}
    assert np.isnan(alone.p).all()
    assert np.isfinite(alone.effect).all()
    inside = stats.logistic_mixed(y, np.column_stack([np.ones(48), np.tile([0, 1], 24)]), [0, 1], groups)
    assert (inside.df == 48 - 6 - 1).all()
    single = stats.logistic_mixed(y, two_arms, [0, 1], np.arange(48))
    assert set(single.status) == {"boundary"}
    np.testing.assert_allclose(single.effect, stats.logistic(y, two_arms, [0, 1]).effect, rtol=1e-7)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"y": [[0.0], [2.0]]}, "y holds 2.0"),
        ({"y": [[0.0], [np.inf]]}, "y holds inf"),
        ({"y": [0.0, 1.0]}, "dimensions"),
        ({"y": [["a"], ["b"]]}, "not an array of numbers"),
        ({"x": [[1.0, np.nan], [1.0, 2.0]]}, "x holds"),
        ({"contrast": [0, 0]}, "zero everywhere"),
        ({"contrast": [1]}, "do not fit"),
        ({"groups": [1]}, "groups and y do not fit"),
        ({"groups": [1, None]}, "is missing"),
        ({"level": 1.0}, "confidence level"),
        ({"points": 0}, "quadrature points"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(change, words):
    given_ = {"y": [[0.0], [1.0]], "x": [[1.0, 0.0], [1.0, 1.0]], "contrast": [0, 1], "groups": [1, 2], **change}
    with pytest.raises(StatisticsError, match=words):
        stats.logistic_mixed(**given_)


def test_tables_have_a_row_per_feature():
    _, y, x, groups = case(2)
    for fit in all_fits(y, x, groups):
        table = fit.table()
        assert len(table) == len(fit) == y.shape[1]
        assert {"effect", "se", "p", "low", "high", "status", "n"} <= set(table.columns)


@st.composite
def weird(draw):
    rng = np.random.default_rng(draw(SEEDS))
    n, m, k = draw(st.integers(1, 16)), draw(st.integers(0, 3)), draw(st.integers(1, 4))
    x = draw(
        st.sampled_from([rng.normal(size=(n, k)), rng.integers(0, 2, (n, k)) * 1.0, 1e6 + rng.integers(0, 3, (n, k))])
    ) * 10.0 ** draw(st.sampled_from([-150, -9, 0, 0, 0, 6, 150]))
    if draw(st.booleans()):
        x[:, draw(st.integers(0, k - 1))] = draw(st.sampled_from([1.0, -3.0, 1e-9, 0.0]))
    y = (rng.random((n, m)) < draw(st.sampled_from([0.0, 0.1, 0.5, 1.0]))) * 1.0
    if draw(st.booleans()) and k:
        y = np.where(rng.random((n, m)) < 0.9, x[:, [0]] > np.median(x[:, 0]), y) * 1.0
    y = np.where(rng.random((n, m)) < draw(st.sampled_from([0.0, 0.2, 0.7, 1.0])), np.nan, y)
    return y, x, rng.integers(-1, 2, k), rng.integers(0, draw(st.integers(1, 6)), n)


@settings(max_examples=120, deadline=None)
@given(weird())
def test_any_input_gives_a_p_or_a_status_that_says_why_not(arguments):
    y, x, contrast, groups = arguments
    before = y.copy(), x.copy()
    if not contrast.any():
        with pytest.raises(StatisticsError):
            stats.logistic(y, x, contrast)
        return
    fits = all_fits(y, x, groups, contrast)
    assert np.array_equal(before[0], y, equal_nan=True)
    assert np.array_equal(before[1], x)
    known = {"ok", "boundary", "separated", "too_few", "constant", "rank_deficient", "one_cage", "not_converged"}
    for fit in fits:
        assert set(fit.status) <= known
        told = np.isin(fit.status, ["ok", "boundary"])
        for name in ("p", "effect", "se", "statistic", "p_wald", "p_lrt", "loglik"):
            assert not np.isnan(getattr(fit, name)[told]).any(), (name, fit)
        ends = np.isnan(fit.low + fit.high)[told]
        assert all(fit.note[told][ends] != "")
        assert np.isnan(fit.p[~told]).all()
        assert np.all((fit.p[told] > 0) & (fit.p[told] <= 1))
