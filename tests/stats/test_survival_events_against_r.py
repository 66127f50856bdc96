"""Competing events, intervals, proportional hazards and curves over cages against R; recipe: references/survival."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from commensal import stats

HERE = Path(__file__).parents[1] / "references" / "survival"
PROMPT = ["no ties", "ties", "heavy ties"]
DESIGNS = [*PROMPT, "late entry"]
#: Sums of the same fractions: only rounding may differ.
CLOSE = 1e-9
#: Both stop at a decrement of the likelihood; the score test is flat there.
MAXIMUM = 1e-7
#: Searches on lines, one inside the other.
LINES = 1e-5
#: R stops Turnbull's self-consistent steps early.
EARLY = 2e-3


@pytest.fixture(scope="module")
def reference():
    rows = pd.read_csv(HERE / "events.tsv.gz", sep="\t")
    held = {key: part["value"].to_numpy() for key, part in rows.groupby(["design", "quantity"])}
    return lambda design, quantity: held[design, quantity]


@pytest.fixture(scope="module")
def designs():
    table = pd.read_csv(HERE / "designs.tsv", sep="\t")
    return {name: part.reset_index(drop=True) for name, part in table.groupby("design")}


def entry_of(d):
    return d["entry"].to_numpy() if (d["entry"] >= 0).any() else None


@pytest.mark.parametrize("design", DESIGNS)
@pytest.mark.parametrize("transform", ["km", "identity", "log", "rank", "strata"])
def test_proportional_hazards(reference, designs, design, transform):
    d = designs[design]
    x = np.column_stack([d["group"] == "b", d["x"]]).astype(float)
    options = {"strata": d["stratum"]} if transform == "strata" else {"transform": transform}
    fit = stats.proportional_hazards(d["time"], d["event"], x, entry=entry_of(d), **options)
    expected = reference(design, f"zph {transform}")
    np.testing.assert_allclose([*fit.statistic, fit.global_statistic], expected, rtol=MAXIMUM, atol=MAXIMUM)


@pytest.mark.parametrize("design", ["few", "no ties", "one side"])
def test_profile_of_firth_s_penalised_likelihood(reference, designs, design):
    d = designs["no ties" if design == "one side" else design]
    event = d["event"] * (d["group"] == "b") if design == "one side" else d["event"]
    x = np.column_stack([d["group"] == "b", d["x"]]).astype(float)
    fit = stats.cox(d["time"], event, x, [1, 0], firth=True)
    np.testing.assert_allclose([fit.p, fit.low, fit.high], reference(design, "firth profile"), rtol=LINES, atol=LINES)


@pytest.mark.parametrize("design", DESIGNS)
def test_standard_errors_of_curves_over_cages(reference, designs, design):
    d = designs[design]
    fit = stats.kaplan_meier(d["time"], d["event"], d["group"], entry=entry_of(d), cage=d["cage"])
    for name, m in zip(fit.groups, fit.n_units, strict=True):
        own = (fit.group == name) & (fit.survival > 0)
        # R's has no factor for few clusters
        np.testing.assert_allclose(
            fit.se[own] * np.sqrt((m - 1) / m), reference(design, f"km cages {name}"), rtol=CLOSE
        )


@pytest.mark.parametrize("design", DESIGNS)
def test_cumulative_incidence(reference, designs, design):
    d = designs[design]
    cause = np.where(d["x"] > 0, "b", "a")
    fit = stats.cumulative_incidence(d["time"], d["event"], cause, d["group"], entry=entry_of(d))
    for group in fit.groups:
        for one in fit.causes:
            own = (fit.group == group) & (fit.cause == one)
            for name, found in (("", fit.incidence), (" se", fit.se), (" low", fit.low), (" high", fit.high)):
                expected = reference(design, f"incidence{name} {group} {one}")
                kept = ~np.isnan(found[own])
                np.testing.assert_allclose(found[own][kept], expected[kept], rtol=1e-8, atol=1e-12)


@pytest.mark.parametrize("design", PROMPT)
def test_score_of_fine_and_gray(reference, designs, design):
    d = designs[design]
    cause = np.where(d["x"] > 0, "b", "a")
    fit = stats.incidence_test(d["time"], d["event"], cause, d["group"], "a", n=20)
    assert fit.observed - fit.expected == pytest.approx(reference(design, "fine-gray score")[0], rel=CLOSE)


@pytest.mark.parametrize("design", PROMPT)
def test_curves_of_intervals(reference, designs, design):
    d = designs[design]
    left = np.floor((d["time"] - 1e-9) / 20) * 20
    earliest = np.where(d["event"] == 1, left, d["time"])
    latest = np.where(d["event"] == 1, left + 20, np.inf)
    fit = stats.interval_curves(earliest, latest, d["group"])
    for name in fit.groups:
        own = fit.group == name
        at = [np.append(1.0, fit.survival[own])[(fit.right[own] <= t).sum()] for t in range(20, 101, 20)]
        np.testing.assert_allclose(at, reference(design, f"turnbull {name}"), atol=EARLY)
