"""A random intercept and slope: lme4, differences for derivatives, invariances, the caps, null rates."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.special import stdtr
from scipy.stats import binomtest, ttest_ind

from commensal.errors import StatisticsError
from commensal.stats import _slopes, mixed_slope

REFERENCES = Path(__file__).parents[1] / "references" / "mixed"
EFFECT, SE, LOG_P = 1e-5, 1e-4, 1e-3


def restricted(y, x, d, residual, groups, t):
    v = residual * np.eye(len(y)) + (groups[:, None] == groups) * (
        d[0] + d[2] * (t[:, None] + t) + d[1] * t[:, None] * t
    )
    inverse = np.linalg.inv(v)
    normal = x.T @ inverse @ x
    rest = y - x @ np.linalg.solve(normal, x.T @ inverse @ y)
    terms = np.linalg.slogdet(v)[1] + np.linalg.slogdet(normal)[1] + rest @ inverse @ rest
    return -0.5 * (terms + (len(y) - x.shape[1]) * np.log(2 * np.pi))


@pytest.mark.parametrize("design", ["arms of cages", "mice within cages", "samples within mice", "infants followed"])
def test_designs_are_those_of_lme4(design):
    data, answers = (pd.read_csv(REFERENCES / f"nested{kind}.tsv.gz", sep="\t") for kind in (".data", ""))
    part = data[data["design"] == design]
    rows = answers[(answers["design"] == design) & (answers["model"] == "slope")]
    names = [name for name in data.columns if name.startswith("y")]
    y, age = part[names].to_numpy(), (part["age"].to_numpy() - 40) / 12
    groups, x = part["outer"].to_numpy(), np.column_stack([np.ones(len(part)), part["label"], age])
    for term, contrast in (("label", [0, 1, 0]), ("age", [0, 0, 1])):
        fit = mixed_slope(y, x, contrast, groups, age)
        mine = rows[rows["term"] == term].set_index("feature").loc[names]
        assert set(fit.status) <= {"ok", "boundary"}
        for j in range(len(names)):
            here = ~np.isnan(y[:, j])
            d = fit.var_intercept[j], fit.var_slope[j], fit.covariance[j]
            ours = restricted(y[here, j], x[here], d, fit.var_residual[j], groups[here], age[here])
            assert ours >= mine["loglik"].iloc[j] - 1e-6
        assert np.all(np.abs(fit.effect - mine["effect"]) <= EFFECT * mine["se"])
        np.testing.assert_allclose(fit.se, mine["se"], rtol=SE)
        np.testing.assert_allclose(fit.var_intercept, mine["v1"], rtol=2e-3, atol=1e-4)
        np.testing.assert_allclose(fit.var_slope, mine["v2"], rtol=2e-3, atol=1e-4)
        np.testing.assert_allclose(fit.covariance, mine["v3"], rtol=2e-3, atol=1e-4)
        p = 2 * stdtr(fit.df_satterthwaite, -np.abs(fit.statistic))
        np.testing.assert_allclose(np.log10(p), np.log10(mine["p"]), atol=LOG_P)
        singular = mine["singular"].to_numpy(bool)
        assert np.array_equal(fit.status == "boundary", singular)


def test_derivatives_are_those_of_differences():
    rng = np.random.default_rng(5)
    t, groups = rng.normal(size=24), np.repeat(np.arange(5), [3, 7, 2, 5, 7])
    rows, z = np.column_stack([np.ones(24), t]), np.column_stack([np.ones(24), rng.normal(size=(24, 3))])
    of = [groups == g for g in range(5)]
    problem = _slopes.Problem(
        (z.T @ z)[None],
        np.stack([rows[g].T @ z[g] for g in of])[None],
        np.stack([rows[g].T @ rows[g] for g in of])[None],
        np.array([21.0]),
    )
    at, step = np.array([[0.8, -0.3, 0.5]]), 1e-4
    first, second, _ = _slopes.in_factor(_slopes.differentiate(problem, at), at)
    for j in range(3):
        h = step * np.eye(3)[j]
        up, down = (_slopes.solve(problem, at + sign * h).deviance for sign in (1, -1))
        np.testing.assert_allclose(first[:, j], (up - down) / (2 * step), rtol=1e-5)
        ends = [_slopes.in_factor(_slopes.differentiate(problem, at + s * h), at + s * h)[0] for s in (1, -1)]
        np.testing.assert_allclose(second[:, j], (ends[0] - ends[1]) / (2 * step), rtol=1e-5, atol=1e-6)


def made(seed, *, m=6, cages=8, days=5, missing=0.1):
    rng = np.random.default_rng(seed)
    cage, day = np.repeat(np.arange(cages), days), np.tile(np.arange(float(days)), cages)
    arm = (cage >= cages // 2).astype(float)
    y = (
        rng.normal(size=(len(cage), m))
        + rng.normal(size=(cages, m))[cage]
        + rng.normal(size=(cages, m))[cage] * day[:, None]
    )
    y[rng.random(y.shape) < missing] = np.nan
    return y, np.column_stack([np.ones(len(cage)), arm, day, arm * day]), cage, day


def test_complete_balanced_slopes_are_a_t_test_of_cages_own_slopes():
    y, x, cage, day = made(1, m=30, missing=0.0)
    fit = mixed_slope(y, x, [0, 0, 0, 1], cage, day)
    own = np.stack([np.polyfit(day[cage == c], y[cage == c], 1)[0] for c in range(8)])
    expected = ttest_ind(own[4:], own[:4])
    ok = fit.status == "ok"
    assert ok.sum() > 15
    np.testing.assert_allclose(fit.statistic[ok], expected.statistic[ok], rtol=1e-5)
    np.testing.assert_allclose(fit.df_satterthwaite[ok], 6, rtol=1e-4)
    assert fit.df.max() <= 6 + 1e-9


def test_what_must_not_change_a_fit():
    y, x, cage, day = made(2)
    rng = np.random.default_rng(3)
    one = mixed_slope(y, x, [0, 0, 0, 1], cage, day)
    order = rng.permutation(len(day))
    moved = mixed_slope(y[order], x[order], [0, 0, 0, 1], np.array([f"c{c}" for c in cage])[order], day[order])
    scaled = mixed_slope(1e3 * (y - 4), x, [0, 0, 0, 1], cage, 24 * day + 100)
    single = mixed_slope(y[:, 1:2], x, [0, 0, 0, 1], cage, day)
    for name, size in (("effect", 1e3), ("se", 1e3), ("p", 1), ("df", 1)):
        np.testing.assert_allclose(getattr(moved, name), getattr(one, name), rtol=1e-5)
        np.testing.assert_allclose(getattr(scaled, name), size * getattr(one, name), rtol=1e-4)
        np.testing.assert_allclose(getattr(single, name), getattr(one, name)[1:2], rtol=1e-6)
    assert list(one.status) == list(moved.status) == list(scaled.status)
    np.testing.assert_allclose(scaled.var_slope, one.var_slope * 1e6 / 24**2, rtol=1e-3)
    assert len(one.table(list("abcdef"))) == 6


@pytest.mark.parametrize(("cages", "m"), [(2, 300), (3, 300), (4, 250), (8, 150)])
@pytest.mark.parametrize("sloped", [0.0, 0.5])
def test_null_rates_of_arms_of_cages(cages, m, sloped):
    """Arm × day with and without slopes that differ between cages: cages per arm, five days."""
    rng = np.random.default_rng(20241000 + cages)
    cage, day = np.repeat(np.arange(2 * cages), 5), np.tile(np.arange(-2.0, 3), 2 * cages)
    arm = (cage >= cages).astype(float)
    y = rng.normal(size=(len(cage), m)) + rng.normal(size=(2 * cages, m))[cage]
    y += sloped * rng.normal(size=(2 * cages, m))[cage] * day[:, None]
    x = np.column_stack([np.ones(len(cage)), arm, day, arm * day])
    for contrast in ([0, 0, 0, 1], [0, 1, 0, 0]):
        fit = mixed_slope(y, x, contrast, cage, day)
        told = np.isfinite(fit.p)
        assert told.mean() > 0.98
        assert np.nanmax(fit.df) <= 2 * cages - 2
        for nominal in (0.05, 1e-3):
            rejected = int((fit.p[told] <= nominal).sum())
            assert binomtest(rejected, int(told.sum()), nominal, alternative="greater").pvalue > 0.01, nominal


def test_statuses():
    y, x, cage, day = made(4, m=4, missing=0.0)
    y[(cage >= 4) & (cage < 7), 1] = np.nan  # one cage in the second arm
    y[day > 1, 2] = np.nan  # two samples per cage: as many random effects
    y[:, 3] = 3
    for contrast in ([0, 0, 0, 1], [0, 1, 0, 0]):
        fit = mixed_slope(y, x, contrast, cage, day)
        assert list(fit.status[1:]) == ["one_cage", "too_few", "constant"]
        assert np.isfinite(fit.p).tolist() == [True, False, False, False]


@pytest.mark.parametrize("seed", range(40))
def test_any_input_gives_a_p_or_a_status(seed):
    rng = np.random.default_rng(seed)
    n, m, k = int(rng.integers(2, 18)), int(rng.integers(0, 4)), int(rng.integers(1, 4))
    x = [rng.normal(size=(n, k)), rng.integers(0, 2, (n, k)) * 1.0, 1e6 + rng.integers(0, 3, (n, k))][seed % 3]
    groups, t = rng.integers(0, rng.integers(1, 5), n), np.r_[0.0, 1.0, rng.integers(0, 4, n - 2)]
    y = [rng.normal(size=(n, m)) * 10.0 ** rng.integers(-9, 9), rng.integers(0, 2, (n, m)) * 1.0, x @ np.ones((k, m))]
    y = np.where(rng.random((n, m)) < rng.choice([0, 0.3, 0.9]), np.nan, y[seed % 4 % 3])
    fit = mixed_slope(y, x, np.eye(k)[0], groups, t)
    told = np.isin(fit.status, ["ok", "boundary"])
    for field in fields(fit):
        values = getattr(fit, field.name)
        assert len(values) == m
        if values.dtype == float:
            assert not np.isnan(values[told]).any(), (field.name, fit)
    assert np.isnan(fit.p[~told]).all()


def test_slopes_that_do_not_fit_are_refused():
    y, x = np.arange(4.0)[:, None], np.ones((4, 1))
    for slope, said in (([1, 2], "do not fit"), ([1, 2, np.nan, 3], "1 of them"), ([2, 2, 2, 2], "does not vary")):
        with pytest.raises(StatisticsError, match=said):
            mixed_slope(y, x, [1], [1, 1, 2, 2], slope)
