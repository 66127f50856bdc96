"""Effects measured from the median effect: arithmetic against t's distribution in scipy.stats, and refusals."""

from __future__ import annotations

from dataclasses import replace

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
    frames = [stats.reference_frame(fit) for fit in (plain, moved)]
    assert frames[1].effect - frames[0].effect == pytest.approx(4)
    one, two = (stats.against(fit, frame) for fit, frame in zip((plain, moved), frames, strict=True))
    for name in ("effect", "p", "low", "high", "se"):
        np.testing.assert_allclose(getattr(one, name), getattr(two, name), rtol=1e-9, atol=1e-12)


def test_statistic_p_and_interval_follow():
    fit = fitted(1.0)
    moved = stats.against(fit, stats.ReferenceFrame(0.5, 0.3, 30), level=0.9)
    np.testing.assert_allclose(moved.se**2, fit.se**2 + 0.09)
    np.testing.assert_allclose(moved.statistic, moved.effect / moved.se)
    np.testing.assert_allclose(moved.p, 2 * t.sf(np.abs(moved.statistic), moved.df), rtol=1e-10)
    np.testing.assert_allclose(moved.high - moved.effect, t.ppf(0.95, moved.df) * moved.se, rtol=1e-10)


def test_the_standard_error_is_that_of_a_median_of_unequal_normals():
    """Against 20,000 medians drawn: 30 coefficients, of standard errors from 0.2 to 3."""
    rng = np.random.default_rng(3)
    se = np.geomspace(0.2, 3, 30)
    fit = replace(fitted(0.0), se=se, effect=rng.normal(0, se))
    drawn = np.median(rng.normal(0, se, (20_000, 30)), axis=1)
    assert stats.reference_frame(fit).se == pytest.approx(np.quantile(np.abs(drawn), 0.95) / 1.96, rel=0.1)


def test_precise_taxa_among_imprecise_ones_keep_the_level():
    """12 taxa of which 2 are ten times as precise: the median's own error is most of theirs."""
    rng = np.random.default_rng(4)
    spread = np.r_[[0.1, 0.1], np.ones(10)]
    y = rng.normal(size=(1_000, 20, 12)) * spread
    p = []
    for table in y:
        fit = stats.linear(table, X, [0.0, 1.0])
        p += stats.against(fit, stats.reference_frame(fit)).p[:2].tolist()
    assert np.mean(np.array(p) <= 0.05) < 0.06


def test_few_features_have_no_median_to_be_measured_from():
    assert np.isnan(stats.reference_frame(fitted(3.0, features=9)).effect)


def test_features_without_p_stay_without():
    y = np.random.default_rng(1).normal(size=(20, 3))
    y[:, 1] = 2.0
    fit = stats.against(stats.linear(y, X, [0.0, 1.0]), stats.ReferenceFrame(0.1, 0.0, 3))
    assert np.isnan(fit.p[1])
    assert fit.status[1] == "constant"


def test_a_frame_that_is_not_known_is_refused():
    with pytest.raises(StatisticsError, match="not known"):
        stats.against(fitted(0.0), stats.ReferenceFrame(float("nan"), 0.1, 3))
