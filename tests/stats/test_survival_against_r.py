"""Survival statistics against R's survival package; the recipe is tests/references/survival."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from commensal import stats

HERE = Path(__file__).parents[1] / "references" / "survival"
DESIGNS = ["no ties", "ties", "heavy ties", "uncensored", "three arms", "late entry", "late entry, no ties", "few"]
LATE = [name for name in DESIGNS if name.startswith("late")]
PROMPT = [name for name in DESIGNS if name not in LATE]
#: Sums of the same fractions: only rounding may differ.
CLOSE = 1e-9


@pytest.fixture(scope="module")
def reference():
    rows = pd.read_csv(HERE / "survival.tsv.gz", sep="\t")
    held = {key: part["value"].to_numpy() for key, part in rows.groupby(["design", "quantity"])}
    return lambda design, quantity: held[design, quantity]


@pytest.fixture(scope="module")
def designs():
    table = pd.read_csv(HERE / "designs.tsv", sep="\t")
    return {name: part.reset_index(drop=True) for name, part in table.groupby("design")}


def entry_of(d):
    return d["entry"].to_numpy() if (d["entry"] >= 0).any() else None


@pytest.mark.parametrize("design", PROMPT)
@pytest.mark.parametrize("kind", ["plain", "stratified"])
def test_log_rank(reference, designs, design, kind):
    d = designs[design]
    fit = stats.log_rank(d["time"], d["event"], d["group"], strata=d["stratum"] if kind == "stratified" else None)
    name = f"log-rank {kind}"
    assert fit.statistic == pytest.approx(reference(design, f"{name} chi2")[0], rel=CLOSE)
    np.testing.assert_allclose(fit.expected, reference(design, f"{name} expected"), rtol=CLOSE)
    np.testing.assert_allclose(fit.covariance.ravel(), reference(design, f"{name} V"), rtol=1e-8, atol=1e-12)
    assert fit.df == d["group"].nunique() - 1


@pytest.mark.parametrize("design", LATE)
def test_log_rank_with_late_entry(reference, designs, design):
    d = designs[design]
    fit = stats.log_rank(d["time"], d["event"], d["group"], entry=d["entry"])
    assert fit.statistic == pytest.approx(reference(design, "log-rank entry chi2")[0], rel=CLOSE)


@pytest.mark.parametrize("design", DESIGNS)
@pytest.mark.parametrize("ties", ["efron", "breslow"])
@pytest.mark.parametrize("strata", ["plain", "strata"])
@pytest.mark.parametrize("variance", ["model", "cluster"])
def test_cox(reference, designs, design, ties, strata, variance):
    d = designs[design]
    arms = sorted(d["group"].unique())[1:]
    x = np.column_stack([*[(d["group"] == arm).to_numpy(float) for arm in arms], d["x"]])
    options = {"entry": entry_of(d), "ties": ties}
    options["strata"] = d["stratum"] if strata == "strata" else None
    options["cluster"] = d["cage"] if variance == "cluster" else None
    name = f"cox {ties} {strata} {variance}"
    effect, se, p = (reference(design, f"{name} {what}") for what in ("effect", "se", "p"))
    for j, contrast in enumerate(np.eye(x.shape[1])):
        fit = stats.cox(d["time"], d["event"], x, contrast, **options)
        assert fit.status == "ok"
        assert abs(fit.effect - effect[j]) <= 1e-7 * se[j]
        assert fit.se == pytest.approx(se[j], rel=1e-7)
        assert np.log10(fit.p) == pytest.approx(np.log10(p[j]), abs=1e-6)
        assert fit.log_likelihood == pytest.approx(reference(design, f"{name} loglik")[0], rel=1e-10)
        assert (fit.n, fit.n_events) == (len(d), d["event"].sum())


@pytest.mark.parametrize("design", [*sorted(set(DESIGNS) - {"three arms"}), "one side"])
def test_cox_with_firth_s_penalty(reference, designs, design):
    d = designs["no ties" if design == "one side" else design]
    x = np.column_stack([(d["group"] == "b").to_numpy(float), d["x"]])
    event = d["event"] * (d["group"] == "b") if design == "one side" else d["event"]
    effect, se = reference(design, "cox firth effect"), reference(design, "cox firth se")
    for j, contrast in enumerate(np.eye(2)):
        fit = stats.cox(d["time"], event, x, contrast, entry=entry_of(d), firth=True)
        # R's maximum comes from a general optimiser, which ends sooner than Newton's steps.
        assert abs(fit.effect - effect[j]) <= 1e-5 * se[j]
        assert fit.se == pytest.approx(se[j], rel=1e-5)


@pytest.mark.parametrize("design", DESIGNS)
@pytest.mark.parametrize("interval", ["log-log", "log", "plain"])
def test_kaplan_meier(reference, designs, design, interval):
    d = designs[design]
    fit = stats.kaplan_meier(d["time"], d["event"], d["group"], entry=entry_of(d), interval=interval)
    for place, group in enumerate(fit.groups):
        own = fit.group == group
        for ours, name in ((fit.time, "time"), (fit.n_risk, "risk"), (fit.survival, "surv"), (fit.se, "se")):
            np.testing.assert_allclose(ours[own], reference(design, f"km {group} {name}"), rtol=CLOSE, atol=1e-14)
        for ours, name in ((fit.low, "low"), (fit.high, "high")):
            theirs = reference(design, f"km {group} {interval} {name}")
            np.testing.assert_allclose(ours[own], theirs, rtol=CLOSE, atol=1e-14)
        ours = [fit.median[place], fit.median_low[place], fit.median_high[place]]
        np.testing.assert_allclose(ours, reference(design, f"median {group} {interval}"), rtol=CLOSE)


@pytest.mark.parametrize("design", PROMPT)
def test_restricted_mean(reference, designs, design):
    d = designs[design]
    first, *others = sorted(d["group"].unique())
    for case in others:
        rows = d["group"].isin([first, case])
        one = d[rows]
        mean, se, tau = np.array([reference(design, f"rmst {group}") for group in (first, case)]).T
        fit = stats.rmst_difference(one["time"], one["event"], one["group"], tau[0])
        np.testing.assert_allclose(fit.rmst, mean, rtol=CLOSE)
        np.testing.assert_allclose(fit.rmst_se, se, rtol=CLOSE)
        assert fit.effect == pytest.approx(mean[1] - mean[0])
        assert fit.se == pytest.approx(np.hypot(*se))
        caged = stats.rmst_difference(one["time"], one["event"], one["group"], tau[0], cage=one["cage"])
        plain = [reference(design, f"rmst cages {group}")[0] for group in (first, case)]
        np.testing.assert_allclose(caged.rmst_se, plain * np.sqrt(caged.n_units / (caged.n_units - 1)), rtol=CLOSE)


@pytest.mark.parametrize("design", sorted(set(PROMPT) - {"three arms"}))
def test_function_and_survival(reference, designs, design):
    """R's side is a loop over pairs."""
    d = designs[design]
    change = np.where(d["event"] == 1, np.nan, d["x"].round(1))
    scores = stats.cafs(d["time"], d["event"], change)
    np.testing.assert_array_equal(scores.score, reference(design, "cafs score"))
    np.testing.assert_array_equal(scores.rank, reference(design, "cafs rank"))
    data = (d["time"], d["event"], d["group"])
    fit = stats.win_ratio(*data, change=change, n=99)
    np.testing.assert_allclose([fit.win_ratio, fit.net_benefit], reference(design, "win plain"), rtol=CLOSE)
    np.testing.assert_allclose([fit.se**2, fit.net_benefit_se**2], reference(design, "win variance"), rtol=CLOSE)
    layered = stats.win_ratio(*data, change=change, strata=d["stratum"], n=99)
    np.testing.assert_allclose(
        [layered.win_ratio, layered.net_benefit], reference(design, "win stratified"), rtol=CLOSE
    )
