"""The batched mixed model against a slow twin written to be read: dense covariance, numerical derivatives."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import optimize
from scipy import stats as distributions

from commensal import stats


def dense(y, x, groups, variances):
    z = (groups[:, None] == np.unique(groups)).astype(float)
    v = variances[1] * np.eye(len(y)) + variances[0] * z @ z.T
    inverse = np.linalg.inv(v)
    covariance = np.linalg.inv(x.T @ inverse @ x)
    beta = covariance @ x.T @ inverse @ y
    residual = y - x @ beta
    deviance = np.linalg.slogdet(v)[1] - np.linalg.slogdet(covariance)[1] + residual @ inverse @ residual
    return beta, covariance, deviance


def hessian(f, at, step):
    """Central differences, one Richardson step."""

    def plain(h):
        out = np.empty((2, 2))
        for i in range(2):
            for j in range(2):
                a, b = np.eye(2)[i] * h[i], np.eye(2)[j] * h[j]
                out[i, j] = (f(at + a + b) - f(at + a - b) - f(at - a + b) + f(at - a - b)) / (4 * h[i] * h[j])
        return out

    return (4 * plain(step / 2) - plain(step)) / 3


def twin(y, x, contrast, groups):
    """Effect, se, Satterthwaite df, variances of one feature; the optimum sought from many starts."""
    here = ~np.isnan(y)
    y, x, groups = y[here], x[here], groups[here]

    def deviance(log):
        return dense(y, x, groups, np.exp(log))[2]

    size = np.log(np.var(y))
    ends = [
        optimize.minimize(deviance, [size + a, size], method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-12})
        for a in (-6.0, -2.0, 0.0, 2.0)
    ]
    best = min(ends, key=lambda end: end.fun)
    freedom = len(y) - x.shape[1]
    beta, _, _ = dense(y, x, groups, (0.0, 1.0))
    alone = np.sum((y - x @ beta) ** 2) / freedom
    if dense(y, x, groups, (0.0, alone))[2] <= best.fun + 1e-7:
        beta, covariance, _ = dense(y, x, groups, (0.0, alone))
        return contrast @ beta, np.sqrt(contrast @ covariance @ contrast), freedom, (0.0, alone)
    at = np.exp(best.x)
    beta, covariance, _ = dense(y, x, groups, at)
    square = contrast @ covariance @ contrast

    def spread(v):
        return contrast @ dense(y, x, groups, v)[1] @ contrast

    step = 1e-3 * at
    gradient = np.array([(spread(at + h) - spread(at - h)) / (2 * h.sum()) for h in np.diag(step)])
    information = hessian(lambda v: dense(y, x, groups, v)[2] / 2, at, step)
    df = 2 * square**2 / (gradient @ np.linalg.solve(information, gradient))
    return contrast @ beta, np.sqrt(square), df, at


@pytest.mark.parametrize("seed", range(4))
def test_batch_equals_the_slow_twin(seed):
    rng = np.random.default_rng(seed)
    n, m, families = 30, 6, 9
    groups = rng.integers(0, families, n)
    x = np.column_stack([np.ones(n), rng.integers(0, 2, n), rng.normal(50, 10, n)])
    y = 10 + rng.normal(0, 1, (families, m))[groups] * rng.uniform(0, 2, m) + rng.normal(0, 1, (n, m))
    y[rng.random((n, m)) < 0.2] = np.nan
    contrast = np.array([0.0, 1.0, 0.0])
    fit = stats.mixed(y, x, contrast, groups)
    for j in range(m):
        effect, se, df, variances = twin(y[:, j], x, contrast, groups)
        assert fit.effect[j] == pytest.approx(effect, rel=1e-5)
        assert fit.se[j] == pytest.approx(se, rel=1e-5)
        assert fit.df_satterthwaite[j] == pytest.approx(df, rel=2e-4)
        assert fit.var_group[j] == pytest.approx(variances[0], rel=1e-4, abs=1e-12)
        assert fit.var_residual[j] == pytest.approx(variances[1], rel=1e-4)
        assert fit.status[j] == ("boundary" if variances[0] == 0 else "ok")
        p = 2 * distributions.t.sf(abs(effect / se), df)
        assert fit.p[j] == pytest.approx(p, rel=1e-3)
        reach = distributions.t.ppf(0.975, df) * se
        np.testing.assert_allclose([fit.low[j], fit.high[j]], [effect - reach, effect + reach], rtol=1e-3)


def test_a_bimodal_likelihood_is_searched_whole():
    """Two optima in λ: the better one wins, here found by a fine grid of the dense likelihood."""
    rng = np.random.default_rng(3)
    groups = np.repeat(np.arange(9), [2, 2, 2, 2, 1, 1, 1, 1, 1])
    x = np.column_stack([np.ones(13), rng.normal(size=(13, 3))])
    y = rng.standard_t(2, (13, 150)) + rng.standard_t(1, (9, 150))[groups]
    fit = stats.mixed(y, x, [0, 1, 0, 0], groups)
    ratios = np.r_[0.0, np.geomspace(1e-3, 1e4, 80)]
    bimodal = 0
    for j in np.flatnonzero(np.isin(fit.status, ["ok", "boundary"])):
        profile = np.array([profiled(y[:, j], x, groups, ratio) for ratio in ratios])
        mine = profiled(y[:, j], x, groups, fit.var_group[j] / fit.var_residual[j])
        assert mine <= profile.min() + 1e-9
        inner = (profile < np.r_[np.inf, profile[:-1]] - 1e-9) & (profile < np.r_[profile[1:], np.inf] - 1e-9)
        bimodal += inner.sum() > 1
    assert bimodal >= 5


def profiled(y, x, groups, ratio):
    shape = dense(y, x, groups, (ratio, 1.0))
    beta = shape[0]
    z = (groups[:, None] == np.unique(groups)).astype(float)
    inverse = np.linalg.inv(np.eye(len(y)) + ratio * z @ z.T)
    freedom = len(y) - x.shape[1]
    residual = (y - x @ beta) @ inverse @ (y - x @ beta)
    return shape[2] - residual + freedom * np.log(residual)


def test_balanced_cages_are_a_t_test_of_cage_means():
    """With equal cages and a positive cage variance REML is the analysis of variance: t of cage means, exact df."""
    rng = np.random.default_rng(11)
    cages = np.repeat(np.arange(8), 5)
    arm = (cages >= 4).astype(float)
    y = rng.normal(0, 1, (8, 40))[cages] + rng.normal(0, 1, (40, 40))
    fit = stats.mixed(y, np.column_stack([np.ones(40), arm]), [0, 1], cages)
    means = y.reshape(8, 5, 40).mean(axis=1)
    expected = distributions.ttest_ind(means[4:], means[:4])
    ok = fit.status == "ok"
    assert ok.sum() > 25
    np.testing.assert_allclose(fit.statistic[ok], expected.statistic[ok], rtol=1e-8)
    np.testing.assert_allclose(fit.df_satterthwaite[ok], 6, rtol=1e-7)
    np.testing.assert_allclose(fit.p[ok], expected.pvalue[ok], rtol=1e-7)
    np.testing.assert_allclose(fit.df[~ok], 6)  # the cap of a boundary fit: 8 cages − 2 arms
    np.testing.assert_allclose(fit.df_satterthwaite[~ok], 38)


def test_pairs_are_a_paired_t_test():
    rng = np.random.default_rng(12)
    pairs = np.tile(np.arange(15), 2)
    y = rng.normal(0, 2, (15, 20))[pairs] + rng.normal(0, 1, (30, 20))
    label = np.repeat([0.0, 1.0], 15)
    x = np.column_stack([np.ones(30), label])
    expected = distributions.ttest_rel(y[15:], y[:15])
    for fit in (stats.mixed(y, x, [0, 1], pairs), stats.mixed_split(y, x, 1, pairs).within):
        assert set(fit.status) == {"ok"}
        np.testing.assert_allclose(fit.statistic, expected.statistic, rtol=1e-7)
        np.testing.assert_allclose(fit.p, expected.pvalue, rtol=1e-6)
    between = stats.mixed_split(y, x, 1, pairs).between
    assert set(between.status) == {"rank_deficient"}
    assert np.isnan(between.p).all()
