"""When groups part: against a slow twin, its coverage, and when it says that it cannot tell."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import f as f_distribution

from commensal import stats
from commensal.errors import StatisticsError
from commensal.stats.departure import EARLIER, GRID, WIDTHS


def cohort(d, *, m=1, units=12, ages=8, size=3.0, shape="hinge", seed=1, noise=0.6, spread=0.4, drift=0.2):
    rng = np.random.default_rng(seed)
    unit, time = np.repeat(np.arange(2 * units), ages), np.tile(np.arange(float(ages)), 2 * units)
    case = (unit >= units).astype(float)
    since = np.maximum(time - d, 0)
    ramp = {"hinge": since / (ages - 1 - d), "step": (time >= d) * 1.0, "ramp": np.minimum(since / 2, 1)}[shape]
    y = noise * rng.normal(size=(len(unit), m)) + spread * rng.normal(size=(2 * units, m))[unit]
    y += drift * rng.normal(size=(2 * units, m))[unit] * ((time - time.mean()) / time.std())[:, None]
    y += (size * case * ramp)[:, None] + 0.2 * time[:, None]
    return y, case, time, unit, np.column_stack([np.ones(len(unit)), np.eye(ages)[time.astype(int)][:, 1:]])


def slow(y, case, time, unit, fixed, level=0.95):
    """The same profile with one dense covariance matrix and a loop over departures and widths, for one feature."""
    scaled = (time - time.mean()) / time.std()
    own = time[case > 0]
    knots = np.quantile(own, np.linspace(0, 1, 4))
    hats = np.column_stack([np.interp(time, knots, row) for row in np.eye(4)]) * case[:, None]
    x = np.column_stack([fixed, hats])
    fit = stats.mixed_slope(y[:, None], x, np.eye(x.shape[1])[-1], unit.tolist(), scaled)
    same = unit[:, None] == unit
    v = fit.var_residual[0] * np.eye(len(y)) + same * (
        fit.var_intercept[0]
        + fit.covariance[0] * (scaled[:, None] + scaled)
        + fit.var_slope[0] * scaled[:, None] * scaled
    )
    inverse = np.linalg.inv(v)

    def left_over(columns):
        beta = np.linalg.lstsq(columns.T @ inverse @ columns, columns.T @ inverse @ y, rcond=None)[0]
        rest = y - columns @ beta
        return rest @ inverse @ rest

    first, last = own.min(), own.max()
    span = last - first
    times = np.arange(first - EARLIER * span, last, span / (GRID - 1))
    profile = []
    for d in times:
        found = []
        for width in WIDTHS:
            full = min(span * width, last - d)
            ramp = np.maximum(time - d, 0) / full
            ramp = ramp if np.isinf(width) else np.minimum(ramp, 1)
            found.append(left_over(np.column_stack([fixed, case * ramp])))
        profile.append(min(found))
    profile = np.array(profile)
    inside = np.flatnonzero(profile <= profile.min() + f_distribution.ppf(level, 1, len(set(unit)) - 2))
    return times[profile.argmin()], times[inside[0] - 1], times[inside[-1] + 1]


def test_agrees_with_the_slow_twin():
    y, case, time, unit, fixed = cohort(3.4, units=6)
    fit = stats.departure(y, case, time, unit, fixed)
    at, low, high = slow(y[:, 0], case, time, unit, fixed)
    assert fit.status[0] == "ok"
    assert (fit.time[0], fit.low[0], fit.high[0]) == pytest.approx((at, low, high), abs=1e-9)


@pytest.mark.parametrize("shape", ["hinge", "step", "ramp"])
def test_the_interval_covers(shape):
    # 150 features: an honest 95 % interval misses more than 15 of them less than once in 500
    y, case, time, unit, fixed = cohort(3.4, m=150, shape=shape, size=2.5)
    fit = stats.departure(y, case, time, unit, fixed)
    known = fit.status == "ok"
    assert known.mean() > 0.9
    low, high = np.where(np.isnan(fit.low), -np.inf, fit.low), np.where(np.isnan(fit.high), np.inf, fit.high)
    missed = ((low > 3.4) | (high < 3.4))[known]
    assert missed.sum() <= 15
    assert np.abs(np.median(fit.time[known]) - 3.4) < 0.6


def test_without_a_difference_it_is_not_identified():
    y, case, time, unit, fixed = cohort(3.4, m=60, size=0.0)
    fit = stats.departure(y, case, time, unit, fixed)
    # what is called a departure where there is none is about the level of the test
    assert np.mean(fit.status == "not_identified") > 0.75
    assert np.isnan(fit.time[fit.status == "not_identified"]).all()


def test_a_difference_from_the_first_age_on_has_no_time_and_an_open_end():
    y, case, time, unit, fixed = cohort(-1.0, shape="step", m=20)
    fit = stats.departure(y, case, time, unit, fixed)
    known = fit.status == "ok"
    assert known.mean() > 0.8
    assert np.isnan(fit.time[known]).all()
    assert np.isnan(fit.low[known]).all()
    assert (fit.high[known] <= 1.0).all()
    assert "first age" in fit.note[known][0]


def test_a_difference_that_goes_again_is_no_departure():
    y, case, time, unit, fixed = cohort(3.4, size=0.0, m=10)
    y += 4.0 * ((time < 3.5) * case)[:, None]
    fit = stats.departure(y, case, time, unit, fixed)
    assert (fit.status == "not_identified").mean() > 0.8
    assert "begin once" in fit.note[fit.status == "not_identified"][0]


def test_time_in_other_units_moves_with_them_and_order_does_not_matter():
    y, case, time, unit, fixed = cohort(3.4, m=3)
    order = np.random.default_rng(5).permutation(len(y))
    one = stats.departure(y, case, time, unit, fixed)
    two = stats.departure(y[order] * 2 + 1, case[order], time[order] * 10 + 5, unit[order], fixed[order])
    np.testing.assert_allclose(one.time * 10 + 5, two.time, atol=1e-6)
    np.testing.assert_allclose(one.low * 10 + 5, two.low, atol=1e-6)
    np.testing.assert_allclose(one.size * 2, two.size, rtol=1e-4)


def test_samples_of_a_unit_at_one_time_count_once():
    y, case, time, unit, fixed = cohort(3.4, m=2)
    twice = np.repeat(np.arange(len(y)), 2)
    one = stats.departure(y, case, time, unit, fixed)
    two = stats.departure(y[twice], case[twice], time[twice], unit[twice], fixed[twice])
    np.testing.assert_allclose(one.time, two.time, atol=1e-6)
    np.testing.assert_allclose(one.low, two.low, atol=1e-6)


def test_features_that_cannot_be_fitted_have_a_status():
    y, case, time, unit, fixed = cohort(3.4, m=3)
    y[:, 1] = np.nan
    y[:, 2] = 1.0
    fit = stats.departure(y, case, time, unit, fixed)
    assert fit.status[0] == "ok"
    assert not set(fit.status[1:]) & {"ok", "boundary"}
    assert np.isnan(fit.time[1:]).all()
    assert len(fit.table()) == 3


def test_two_times_are_refused():
    y, case, time, unit, fixed = cohort(3.4)
    kept = time < 2
    with pytest.raises(StatisticsError, match="three times"):
        stats.departure(y[kept], case[kept], time[kept], unit[kept], fixed[kept])
    with pytest.raises(StatisticsError, match="does not fit"):
        stats.departure(y, case[:-1], time, unit, fixed)
