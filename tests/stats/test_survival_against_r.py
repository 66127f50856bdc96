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
