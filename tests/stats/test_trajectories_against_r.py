"""Differences at each time, slopes and areas against lme4, lmerTest and emmeans: recipe in tests/references."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from commensal import stats

REFERENCES = Path(__file__).parents[1] / "references" / "trajectories"
# STATISTICS' marks against lme4: its optimiser's own stopping is the reason.
EFFECT, SE, LOG_P, DF = 1e-5, 1e-4, 1e-3, 1e-3
ARMS = ("control", "one", "two")


def reference(what: str, study: str) -> pd.DataFrame:
    return pd.read_csv(REFERENCES / "reference.tsv.gz", sep="\t").query("what == @what and study == @study")


def study(name: str):
    part = pd.read_csv(REFERENCES / "data.tsv.gz", sep="\t").query("study == @name")
    wide = part.pivot(index=["arm", "cage", "mouse"], columns="day", values="y")
    arm = wide.index.get_level_values("arm")
    x = np.column_stack([np.ones(len(wide)), arm == "one", arm == "two"]).astype(float)
    return wide.to_numpy(), wide.columns.to_numpy(float), x, wide.index.get_level_values("cage").tolist()


def agree(fit, i: int, row: pd.Series, cap: float) -> None:
    """Effect and SE as R has them; df too, where cages allow as many, and then p."""
    assert abs(fit.effect[i] - row["effect"]) <= EFFECT * row["se"]
    assert abs(fit.se[i] / row["se"] - 1) <= SE
    assert fit.df[i] == pytest.approx(min(row["df"], cap), rel=DF)
    if row["df"] <= cap:
        assert abs(np.log10(fit.p[i]) - np.log10(row["p"])) <= LOG_P


@pytest.mark.parametrize("name", ["complete", "dropouts"])
@pytest.mark.parametrize("adjusted", [False, True])
def test_each_time_is_emmeans_of_lmer(name, adjusted):
    values, times, x, cage = study(name)
    columns = np.column_stack([x, values[:, 0]]) if adjusted else x
    contrasts = np.eye(columns.shape[1])[1:3]
    fits = stats.trajectories(values[:, 1:], times[1:], columns, contrasts, cage)
    rows = reference("adjusted" if adjusted else "plain", name)
    assert len(rows) == 8
    for _, row in rows.iterrows():
        fit = fits[ARMS.index(row["arm"]) - 1]
        agree(fit, int(np.flatnonzero(fit.times == row["day"])[0]), row, cap=9.0)


@pytest.mark.parametrize("name", ["complete", "dropouts"])
def test_areas(name):
    values, times, x, cage = study(name)
    areas = stats.subject_areas(values, times, 0, 28)
    columns = np.column_stack([x, values[:, 0]])
    fits = stats.unit_contrasts(areas.value[:, None], columns, np.eye(4)[1:3], cage)
    for (_, row), fit in zip(reference("area", name).iterrows(), fits, strict=True):
        agree(fit, 0, row, cap=9.0)


def test_slopes():
    values, times, x, cage = study("complete")
    slopes = stats.subject_slopes(values, times)
    weights = stats.slope_weights(slopes, x)
    np.testing.assert_array_equal(weights, 1.0)
    fits = stats.unit_contrasts(slopes.value[:, None], x, np.eye(3)[1:], cage, weights=weights)
    for (_, row), fit in zip(reference("slope", "complete").iterrows(), fits, strict=True):
        agree(fit, 0, row, cap=9.0)


def test_slopes_are_those_of_one_model_with_random_slopes():
    """Of complete data the estimates are the same; REML of both levels at once shares variances differently."""
    values, times, x, cage = study("complete")
    slopes = stats.subject_slopes(values, times)
    fits = stats.unit_contrasts(slopes.value[:, None], x, np.eye(3)[1:], cage)
    for (_, row), fit in zip(reference("one model", "complete").iterrows(), fits, strict=True):
        assert fit.effect[0] == pytest.approx(row["effect"], abs=EFFECT * row["se"])
        assert fit.se[0] == pytest.approx(row["se"], rel=0.1)


def test_with_subjects_as_units_complete_data_is_the_t_test_of_each_time():
    from scipy.stats import ttest_ind

    values, times, x, _ = study("complete")
    fit = stats.trajectories(values, times, x, [[0, 1, -1]])[0]
    one, two = values[x[:, 1] == 1], values[x[:, 2] == 1]
    pair = stats.trajectories(
        np.vstack([one, two]), times, np.column_stack([np.ones(32), np.repeat([1, 0], 16)]), [[0, 1]]
    )
    np.testing.assert_allclose(pair[0].p, ttest_ind(one, two).pvalue, rtol=1e-9)
    np.testing.assert_allclose(fit.effect, one.mean(axis=0) - two.mean(axis=0))


def test_joint_p_is_that_of_the_slow_lattice():
    """The quick way to P(max |T| ≥ c) against Genz's rule, which `many_to_one` uses."""
    from commensal.stats import _joint_t
    from commensal.stats._joint_max import joint_max

    correlation = 0.7 ** np.abs(np.subtract.outer(np.arange(5), np.arange(5)))
    quick = joint_max(correlation)
    for c, df in ((2.0, 4.0), (2.5, 20.0), (4.0, 9.0), (3.0, np.inf)):
        slow = _joint_t.exceedance(c, correlation, df, two_sided=True)
        assert quick.p(c, df) == pytest.approx(slow.p, rel=0.015, abs=3 * slow.error)  # draws, 1 % of a probability
    assert quick.p(30.0, 9.0) < 1e-8
    assert quick.critical(0.95, 20.0) == pytest.approx(
        _joint_t.critical(0.95, correlation, 20.0, two_sided=True), rel=0.01
    )


def test_an_arm_without_survivors_takes_nobody_elses_p_away():
    values, times, x, cage = study("complete")
    values = values.copy()
    values[x[:, 2] == 1, 4] = np.nan
    one, two = stats.trajectories(values, times, x, np.eye(3)[1:], cage)
    assert two.status[4] == "too_few"
    assert np.isnan(two.p[4])
    keep = x[:, 2] == 0
    alone = stats.unit_contrasts(values[keep][:, [4]], x[keep, :2], [[0, 1]], np.array(cage)[keep])[0]
    assert one.p[4] == pytest.approx(alone.p[0], rel=1e-9)
    assert one.n_units[4] == 8
