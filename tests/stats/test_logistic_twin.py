"""The batched logistic models against slow twins written to be read: scipy.optimize, dense quadrature, enumeration."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from scipy import integrate, optimize
from scipy import stats as distributions

from commensal import stats
from commensal.stats._quadrature import layout, marginal


def bernoulli(y, eta):
    return np.sum(y * eta - np.logaddexp(0, eta))


def largest(objective, start):
    """Maximum of a function by a derivative-free search, started again until it stands."""
    at = np.asarray(start, dtype=float)
    for _ in range(4):
        options = {"xatol": 1e-10, "fatol": 1e-13, "maxiter": 20000, "maxfev": 20000}
        at = optimize.minimize(lambda v: -objective(v), at, method="Nelder-Mead", options=options).x
    return at, objective(at)


def tail(drop):
    return distributions.chi2.sf(drop, 1)


def study(seed, n=40, m=4):
    rng = np.random.default_rng(seed)
    groups = rng.integers(0, 11, n)
    x = np.column_stack([np.ones(n), rng.integers(0, 2, n), rng.normal(size=n)])
    eta = rng.normal(0, 1, (11, m))[groups] + 0.8 * x[:, [1]] + 0.5 * x[:, [2]]
    y = (rng.random((n, m)) < 1 / (1 + np.exp(-eta))).astype(float)
    y[rng.random((n, m)) < 0.15] = np.nan
    return y, x, groups


@pytest.mark.parametrize("seed", range(3))
def test_maximum_likelihood(seed):
    y, x, _ = study(seed)
    contrast = np.array([0.0, 1.0, -0.5])  # of two coefficients: not one column
    fit = stats.logistic(y, x, contrast)
    basis = np.linalg.svd(contrast[None])[2][1:].T
    for j in range(y.shape[1]):
        here = ~np.isnan(y[:, j])
        best, top = largest(lambda b, y=y[here, j], x=x[here]: bernoulli(y, x @ b), np.zeros(3))
        _, null = largest(lambda b, y=y[here, j], x=x[here] @ basis: bernoulli(y, x @ b), np.zeros(2))
        mu = 1 / (1 + np.exp(-x[here] @ best))
        covariance = np.linalg.inv(x[here].T * (mu * (1 - mu)) @ x[here])
        se = np.sqrt(contrast @ covariance @ contrast)
        assert fit.effect[j] == pytest.approx(contrast @ best, abs=1e-5 * se)
        assert fit.se[j] == pytest.approx(se, rel=1e-5)
        assert fit.p_lrt[j] == pytest.approx(tail(2 * (top - null)), rel=1e-5)
        assert fit.p[j] == pytest.approx(2 * distributions.norm.sf(abs(contrast @ best) / se), rel=1e-4)
        reach = distributions.norm.ppf(0.975) * se
        np.testing.assert_allclose([fit.low[j], fit.high[j]], contrast @ best + np.array([-reach, reach]), rtol=1e-4)


def test_firth_and_its_profile_interval():
    y, x, _ = study(7, n=16, m=4)
    y[:, 0] = x[:, 1]  # separated
    fit = stats.firth(y, x, [0, 1, 0], level=0.9)

    def penalised(beta, x, y):
        eta = x @ beta
        weight = np.exp(-np.logaddexp(0, eta) - np.logaddexp(0, -eta))
        return bernoulli(y, eta) + 0.5 * np.linalg.slogdet(x.T * weight @ x)[1]

    for j in range(4):
        here = ~np.isnan(y[:, j])
        xs, ys = x[here], y[here, j]
        best, top = largest(lambda b, x=xs, y=ys: penalised(b, x, y), np.zeros(3))

        def held(value, x=xs, y=ys, start=best[[0, 2]]):
            return largest(lambda b: penalised(np.array([b[0], value, b[1]]), x, y), start)[1]

        assert fit.effect[j] == pytest.approx(best[1], rel=1e-5, abs=1e-6)
        assert fit.p[j] == pytest.approx(tail(2 * (top - held(0.0))), rel=1e-4)
        for end in (fit.low[j], fit.high[j]):
            assert 2 * (top - held(end)) == pytest.approx(distributions.chi2.ppf(0.9, 1), rel=1e-5)
        assert fit.low[j] < fit.effect[j] < fit.high[j]


def test_firth_of_two_by_two_tables_adds_half_a_sample_to_each_cell():
    """In a saturated table Jeffreys' prior is half a pseudo-count in each cell."""
    n = 6
    tables = [(a, b) for a in range(n + 1) for b in range(n + 1) if 0 < a + b < 2 * n]
    y = np.zeros((2 * n, len(tables)))
    for j, (a, b) in enumerate(tables):
        y[:a, j] = y[n : n + b, j] = 1
    fit = stats.firth(y, np.column_stack([np.ones(2 * n), np.repeat([0, 1], n)]), [0, 1])
    cells = np.array([(b + 0.5, n - b + 0.5, a + 0.5, n - a + 0.5) for a, b in tables])
    np.testing.assert_allclose(fit.effect, np.log(cells) @ [1, -1, -1, 1], atol=1e-7)
    assert set(fit.status) == {"ok"}


def test_separation_is_found_where_and_only_where_it_is():
    """A 2 × 2 table separates when a cell is empty."""
    n = 5
    tables = [(a, b) for a in range(n + 1) for b in range(n + 1) if 0 < a + b < 2 * n]
    y = np.zeros((2 * n, len(tables)))
    for j, (a, b) in enumerate(tables):
        y[:a, j] = y[n : n + b, j] = 1
    fit = stats.logistic(y, np.column_stack([np.ones(2 * n), np.repeat([0, 1], n)]), [0, 1])
    empty = np.array([min(a, b, n - a, n - b) == 0 for a, b in tables])
    assert ((fit.status == "separated") == empty).all()
    assert np.isnan(fit.effect[empty]).all()
    assert (fit.status[~empty] == "ok").all()


def dense_marginal(y, x, groups, beta, sigma):
    """Log-likelihood by quadrature of scipy in each group."""
    total = 0.0
    for g in np.unique(groups):
        rows = groups == g
        eta = x[rows] @ beta

        def integrand(u, y=y[rows], eta=eta):
            return np.exp(bernoulli(y, eta + sigma * u)) * distributions.norm.pdf(u)

        total += np.log(integrate.quad(integrand, -9, 9, limit=200, epsabs=0, epsrel=1e-10)[0])
    return total


def test_quadrature_with_many_points_is_the_integral():
    y, x, groups = study(3, n=30, m=2)
    y, groups = np.nan_to_num(y), np.unique(groups, return_inverse=True)[1]
    beta, sigma = np.array([[-0.3, 0.5], [1.0, 0.2], [0.1, -0.8]]), np.array([0.7, 2.0])
    at = marginal(layout(x, groups, 41), y, np.ones_like(y), beta, sigma, np.zeros((groups.max() + 1, 2)))
    for j in range(2):
        assert at.loglik[j] == pytest.approx(dense_marginal(y[:, j], x, groups, beta[:, j], sigma[j]), abs=1e-5)


@pytest.mark.parametrize("points", [1, 2, 7])
def test_gradient_is_that_of_the_quadrature(points):
    rng = np.random.default_rng(points)
    y, x, groups = study(5, n=50, m=3)
    t = (~np.isnan(y)).astype(float)
    y = np.nan_to_num(y)
    groups = np.unique(groups, return_inverse=True)[1]
    shape = layout(x, groups, points)
    beta, sigma = rng.normal(0, 0.5, (3, 3)), np.array([0.4, 1.0, 3.0])
    start = np.zeros((groups.max() + 1, 3))
    at = marginal(shape, y, t, beta, sigma, start)
    for j in range(4):
        step = np.zeros((4, 1))
        step[j] = 1e-5
        up = marginal(shape, y, t, beta + step[:3], sigma + step[3], start).loglik
        down = marginal(shape, y, t, beta - step[:3], sigma - step[3], start).loglik
        np.testing.assert_allclose((up - down) / 2e-5, at.gradient[j], rtol=1e-6, atol=1e-6)


def test_conditional_likelihood_by_enumeration():
    y, x, groups = study(11, n=64, m=3)
    fit = stats.conditional_logistic(y, x, [0, 1, 0], groups)

    def conditional(beta, y):
        total = 0.0
        for g in np.unique(groups):
            rows = np.flatnonzero((groups == g) & ~np.isnan(y))
            eta, ones = x[rows, 1:] @ beta, int(y[rows].sum())
            if 0 < ones < len(rows):
                sums = [eta[list(chosen)].sum() for chosen in combinations(range(len(rows)), ones)]
                total += eta[y[rows] == 1].sum() - np.logaddexp.reduce(sums)
        return total

    for j in range(3):
        best, top = largest(lambda b, y=y[:, j]: conditional(b, y), np.zeros(2))
        _, null = largest(lambda b, y=y[:, j]: conditional(np.array([0.0, b[0]]), y), np.zeros(1))
        assert fit.effect[j] == pytest.approx(best[0], rel=1e-5, abs=1e-6)
        assert fit.loglik[j] == pytest.approx(top, abs=1e-8)
        assert fit.p_lrt[j] == pytest.approx(tail(2 * (top - null)), rel=1e-5)


def test_conditional_of_pairs_is_mcnemar():
    """b pairs one way, c the other: log(b / c), variance 1 / b + 1 / c."""
    for b, c in [(4, 1), (7, 7), (2, 30)]:
        y = np.array([1, 0] * b + [0, 1] * c)[:, None]
        fit = stats.conditional_logistic(y, np.tile([[1], [0]], (b + c, 1)), [1], np.repeat(np.arange(b + c), 2))
        assert fit.effect[0] == pytest.approx(np.log(b / c), abs=1e-9)
        assert fit.se[0] == pytest.approx(np.sqrt(1 / b + 1 / c), rel=1e-9)
        drop = 2 * (b * np.log(2 * b / (b + c)) + c * np.log(2 * c / (b + c)))
        assert fit.p_lrt[0] == pytest.approx(tail(drop), rel=1e-6)
