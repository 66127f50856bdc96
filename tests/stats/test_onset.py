"""Onsets known as intervals: against survival::survfit, and what is drawn from them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from commensal import stats
from commensal.errors import StatisticsError

REFERENCE = Path(__file__).parents[1] / "references" / "course"
LOW = np.array([0, 2, 2, 4, 5, 5, 7, 3, 6, 9, 8, 8.0])
HIGH = np.array([3, 4, 6, 4, 7, 9, 8, 5, 10, np.inf, np.inf, 8])
#: R's intervals are open on the left: a little is added to ours, which are closed.
OPEN = np.where(LOW < HIGH, LOW + 1e-9, LOW)
CURVE = 3e-3


def test_agrees_with_survfit_and_is_no_less_likely():
    reference = pd.read_csv(REFERENCE / "turnbull.tsv", sep="\t")
    fit = stats.onset_distribution(OPEN, HIGH)
    for time, surv in zip(reference["time"], reference["surv"], strict=True):
        if time < 9.5:  # R puts what lies in the last interval at its middle
            assert 1 - fit.mass[fit.right <= np.ceil(time)].sum() == pytest.approx(surv, abs=CURVE)
    theirs = np.diff(np.r_[0, 1 - reference["surv"]])
    inside = (reference["time"].to_numpy() >= OPEN[:, None]) & (reference["time"].to_numpy() <= HIGH[:, None])
    assert np.log(fit.held @ fit.mass).sum() >= np.log(inside @ theirs).sum() - 1e-6


def test_exact_onsets_are_their_own_distribution():
    fit = stats.onset_distribution([3, 1, 3], [3, 1, 3])
    assert fit.right.tolist() == [1, 3]
    assert fit.mass == pytest.approx([1 / 3, 2 / 3])
    assert stats.draw_onsets(fit, 2).tolist() == [[3, 1, 3]] * 2


def test_draws_stay_inside_each_interval_and_follow_the_distribution():
    fit = stats.onset_distribution(OPEN, HIGH)
    drawn = stats.draw_onsets(fit, 4000, seed=3)
    assert ((drawn >= OPEN) & (drawn <= HIGH)).all()
    # somebody known to lie between 5 and 9: each innermost interval by its mass, given that
    held = fit.held[5] * fit.mass
    share = held[0:4].sum() / held.sum()
    assert np.mean(drawn[:, 5] <= 7) == pytest.approx(share, abs=0.03)
    assert np.isfinite(drawn[:, 9]).all()  # the last mass lies between 9 and 10, where somebody's onset does
    np.testing.assert_array_equal(drawn, stats.draw_onsets(fit, 4000, seed=3))


def test_an_onset_that_nobody_saw_is_drawn_as_never():
    fit = stats.onset_distribution([1, 5], [1, np.inf])
    assert stats.draw_onsets(fit, 3)[:, 1].tolist() == [np.inf] * 3


def test_index_ages_are_onsets_at_which_the_healthy_were_seen_and_each_is_used_alike():
    onset = np.array([10.0, 20, 30, np.inf])
    index, matched = stats.index_ages(onset, np.zeros(9), np.full(9, 40.0))
    assert matched.all()
    assert sorted(index.tolist()) == [10] * 3 + [20] * 3 + [30] * 3
    few, here = stats.index_ages(onset, [0.0, 15, 50], [12.0, 25, 60])
    assert few.tolist() == [10, 20, 30]
    assert here.tolist() == [True, True, False]
    never, none = stats.index_ages([np.inf], [0.0], [9.0])
    assert np.isinf(never[0])
    assert not none[0]


@pytest.mark.parametrize(
    ("low", "high"), [([1, 2], [3]), ([5], [4]), ([np.nan], [4]), ([], []), ([1], [np.nan]), ([-np.inf], [1])]
)
def test_intervals_that_are_none_are_refused(low, high):
    with pytest.raises(StatisticsError):
        stats.onset_distribution(low, high)


def test_the_table_sums_to_one():
    assert stats.onset_distribution(OPEN, HIGH).table()["cumulative"].iloc[-1] == pytest.approx(1)
