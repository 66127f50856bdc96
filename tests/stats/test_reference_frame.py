"""Effects measured from the median effect: arithmetic against t's distribution in scipy.stats, and refusals."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import t

from commensal import stats
from commensal.errors import StatisticsError

X = np.column_stack([np.ones(20), np.arange(20) % 2])


def fitted(shift: float, features: int = 30) -> stats.Fit:
    y = np.random.default_rng(7).normal(size=(20, features)) + shift * X[:, 1:]
    return stats.linear(y, X, [0.0, 1.0])


def test_a_common_shift_is_taken_off_exactly():
    plain, moved = fitted(0.0), fitted(4.0)
    assert stats.median_effect(moved) - stats.median_effect(plain) == pytest.approx(4)
    one, two = (stats.against(fit, stats.median_effect(fit)) for fit in (plain, moved))
    for name in ("effect", "p", "low", "high", "se"):
        np.testing.assert_allclose(getattr(one, name), getattr(two, name), rtol=1e-9, atol=1e-12)


def test_statistic_p_and_interval_follow():
    fit = stats.against(fitted(1.0), 0.5, level=0.9)
    np.testing.assert_allclose(fit.statistic, fit.effect / fit.se)
    np.testing.assert_allclose(fit.p, 2 * t.sf(np.abs(fit.statistic), fit.df), rtol=1e-10)
    np.testing.assert_allclose(fit.high - fit.effect, t.ppf(0.95, fit.df) * fit.se, rtol=1e-10)


def test_few_features_have_no_median_to_be_measured_from():
    assert np.isnan(stats.median_effect(fitted(3.0, features=9)))


def test_features_without_p_stay_without():
    y = np.random.default_rng(1).normal(size=(20, 3))
    y[:, 1] = 2.0
    fit = stats.against(stats.linear(y, X, [0.0, 1.0]), 0.1)
    assert np.isnan(fit.p[1])
    assert fit.status[1] == "constant"


def test_a_shift_that_is_no_number_is_refused():
    with pytest.raises(StatisticsError, match="not finite"):
        stats.against(fitted(0.0), float("nan"))
