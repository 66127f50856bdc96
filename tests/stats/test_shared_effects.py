"""One contrast in several places: against Welch's test in R, and its direction."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from commensal import stats
from commensal.errors import StatisticsError

REFERENCE = Path(__file__).parents[1] / "references" / "course"
PLACES = ([4.1, 5.2, 6.3, 5.5, 4.9], [6.8, 7.9, 7.1, 9.4, 8.8, 7.0], [5.1, 5.0, 8.2, 6.6])


@pytest.mark.parametrize("n", [3, 2])
def test_agrees_with_oneway_test(n):
    reference = pd.read_csv(REFERENCE / "welch.tsv", sep=r"\s+").set_index("places").loc[n]
    means = [[np.mean(x)] for x in PLACES[:n]]
    errors = [[np.std(x, ddof=1) / np.sqrt(len(x))] for x in PLACES[:n]]
    fit = stats.shared_effects(means, errors, [[len(x) - 1] for x in PLACES[:n]])
    assert fit.spread[0] == pytest.approx(reference["statistic"], rel=1e-10)
    assert fit.spread_df2[0] == pytest.approx(reference["df2"], rel=1e-10)
    assert fit.differs_p[0] == pytest.approx(reference["p"], rel=1e-9)


def test_shared_needs_one_direction_in_every_place():
    fit = stats.shared_effects([[2, 2, 2], [2, -2, np.nan]], np.full((2, 3), 0.3), np.full((2, 3), 9.0))
    assert fit.shared_p[0] < 0.001
    assert fit.shared_p[1] == 1.0
    assert np.isnan(fit.shared_p[2])
    assert fit.direction[0] == 1
    assert fit.n_places.tolist() == [2, 2, 1]


def test_p_of_shared_is_no_smaller_than_chance_when_one_place_has_nothing():
    rng = np.random.default_rng(4)
    effect = np.stack([rng.normal(5, 1, 4000), rng.normal(0, 1, 4000)])
    fit = stats.shared_effects(effect, np.ones_like(effect), np.full_like(effect, 1e6))
    # the other place is sure of one direction, so that half of the level is reached
    assert np.mean(fit.shared_p < 0.05) == pytest.approx(0.025, abs=0.008)


def test_one_place_is_refused():
    with pytest.raises(StatisticsError):
        stats.shared_effects([[1.0]], [[1.0]], [[3.0]])
