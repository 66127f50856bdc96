"""What must not change a fit, and that no input whatever breaks one."""

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
    n, m = int(rng.integers(12, 40)), 7
    groups = rng.integers(0, rng.integers(3, 9), n)
    x = np.column_stack([np.ones(n), rng.integers(0, 2, n), rng.normal(size=n)])
    y = rng.normal(size=(9, m))[groups] * rng.uniform(0, 2, m) + rng.normal(size=(n, m))
    y[rng.random((n, m)) < 0.25] = np.nan
    return rng, y, x, groups


def all_fits(y, x, groups):
    split = stats.mixed_split(y, x, 1, groups)
    return stats.linear(y, x, [0, 1, 0]), stats.mixed(y, x, [0, 1, 0], groups), split.within, split.between


def same(one, other, *, rtol=1e-6, stretch=1.0):
    assert list(one.status) == list(other.status)
    # A flat likelihood leaves the variance ratio to fewer digits; df feel it most, and the interval through them.
    for name, loose in (("effect", 1), ("se", 1), ("low", 20), ("high", 20)):
        near = rtol * loose
        size = np.nanmax(np.abs(one.se), initial=0) * stretch
        np.testing.assert_allclose(getattr(other, name), getattr(one, name) * stretch, rtol=near, atol=near * size)
    for name in ("df", "p", "df_satterthwaite"):
        np.testing.assert_allclose(getattr(other, name), getattr(one, name), rtol=20 * rtol, atol=1e-9)
    assert np.array_equal(one.n, other.n)
    assert np.array_equal(one.n_groups, other.n_groups)


@settings(max_examples=25, deadline=None)
@given(SEEDS)
def test_sample_order_and_group_names_do_not_matter(seed):
    rng, y, x, groups = case(seed)
    order = rng.permutation(len(y))
    names = np.array([f"household {g}" for g in groups])
    for one, other in zip(all_fits(y, x, groups), all_fits(y[order], x[order], names[order]), strict=True):
        same(one, other)


@settings(max_examples=25, deadline=None)
@given(SEEDS)
def test_a_feature_does_not_know_its_batch(seed):
    rng, y, x, groups = case(seed)
    order = rng.permutation(y.shape[1])
    together = all_fits(y, x, groups)
    shuffled = all_fits(y[:, order], x, groups)
    alone = all_fits(y[:, 3:4], x, groups)
    for one, moved, single in zip(together, shuffled, alone, strict=True):
        for field in fields(one):
            column = getattr(one, field.name)
            if column.dtype == object:
                assert list(getattr(moved, field.name)) == list(column[order])
            else:
                np.testing.assert_allclose(getattr(moved, field.name), column[order], rtol=1e-9, atol=1e-300)
                np.testing.assert_allclose(getattr(single, field.name), column[3:4], rtol=1e-9, atol=1e-300)


@settings(max_examples=25, deadline=None)
@given(SEEDS, st.floats(1e-6, 1e6), st.floats(-1e3, 1e3))
def test_scale_and_shift_of_y(seed, scale, shift):
    _, y, x, groups = case(seed)
    for one, other in zip(all_fits(y, x, groups), all_fits(scale * (y + shift), x, groups), strict=True):
        same(one, other, stretch=scale, rtol=1e-5)


@settings(max_examples=25, deadline=None)
@given(SEEDS, st.floats(1e-3, 1e3), st.floats(-1e3, 1e3))
def test_coding_of_the_columns(seed, scale, shift):
    _, y, x, groups = case(seed)
    recoded = x @ np.diag([1, 1, scale]) + np.array([0, 0, shift])
    flipped = x * [1, -1, 1] + [0, 1, 0]
    for one, other, turned in zip(
        all_fits(y, x, groups), all_fits(y, recoded, groups), all_fits(y, flipped, groups), strict=True
    ):
        same(one, other, rtol=1e-5)
        np.testing.assert_allclose(turned.effect, -one.effect, rtol=1e-5, atol=1e-7)
        np.testing.assert_allclose(turned.p, one.p, rtol=1e-4)


def test_chunks_do_not_show(monkeypatch):
    _, y, x, groups = case(1)
    whole = all_fits(y, x, groups)
    monkeypatch.setattr("commensal.stats._moments.MEMORY", 1)
    for one, other in zip(whole, all_fits(y, x, groups), strict=True):
        same(one, other, rtol=1e-10)


@st.composite
def weird(draw):
    rng = np.random.default_rng(draw(SEEDS))
    n, m, k = draw(st.integers(1, 14)), draw(st.integers(0, 4)), draw(st.integers(1, 4))
    power = draw(st.sampled_from([-200, -9, 0, 0, 0, 6, 150]))
    x = draw(
        st.sampled_from([rng.normal(size=(n, k)), rng.integers(0, 2, (n, k)) * 1.0, 1e6 + rng.integers(0, 3, (n, k))])
    )
    x = x * 10.0**power
    if draw(st.booleans()):
        x[:, draw(st.integers(0, k - 1))] = draw(st.sampled_from([1.0, -3.0, 1e-9, 0.0]))
    groups = rng.integers(0, draw(st.integers(1, 6)), n)
    fitted = x @ rng.normal(size=(k, m)) if power == 0 else np.zeros((n, m))
    y = draw(
        st.sampled_from(
            [
                rng.normal(size=(n, m)) * 10.0 ** draw(st.sampled_from([-300, -8, 0, 0, 8, 200])),
                rng.integers(0, 2, (n, m)) * 1.0,
                1e15 + rng.integers(0, 3, (n, m)),
                fitted,
                fitted + groups[:, None],
            ]
        )
    )
    y = np.where(rng.random((n, m)) < draw(st.sampled_from([0.0, 0.2, 0.7, 1.0])), np.nan, y)
    if draw(st.integers(0, 9)) == 0 and y.size:
        y[0, 0] = np.inf
    return y, x, rng.integers(-1, 2, k), groups, int(rng.integers(0, k))


@settings(max_examples=400, deadline=None)
@given(weird())
def test_any_input_gives_a_p_or_a_status_that_says_why_not(arguments):
    y, x, contrast, groups, column = arguments
    before = y.copy(), x.copy()
    fits = []
    refused = bool(np.isinf(y).any())
    if refused or not contrast.any():
        with pytest.raises(StatisticsError):
            stats.mixed(y, x, contrast, groups)
    else:
        fits += [stats.linear(y, x, contrast), stats.mixed(y, x, contrast, groups)]
    if not refused:
        split = stats.mixed_split(y, x, column, groups)
        fits += [split.within, split.between]
    assert np.array_equal(before[0], y, equal_nan=True)
    assert np.array_equal(before[1], x)
    for fit in fits:
        told = np.isin(fit.status, ["ok", "boundary"])
        for name in ("p", "effect", "se", "df", "statistic", "low", "high", "df_satterthwaite"):
            assert not np.isnan(getattr(fit, name)[told]).any(), (name, fit)
        assert np.isnan(fit.p[~told]).all()
        assert np.all((fit.p[told] > 0) & (fit.p[told] <= 1))
        assert np.all(fit.se[told] > 0)
