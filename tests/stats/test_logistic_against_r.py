"""The logistic models against glm, Firth by optim and brglm2, glmer and clogit: recipe in tests/references/logistic."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from commensal import stats

REFERENCES = Path(__file__).parents[1] / "references" / "logistic"
# Effect in standard errors, se relative, p in powers of ten: as the mixed model, for glmer's own optimiser and its
# numerical Hessian; without quadrature both sides are exact.
MIXED = (1e-5, 1e-4, 1e-3)
EXACT = (1e-6, 1e-6, 1e-6)
# What optim leaves, in the recipe.
OPTIM = 1e-5
DESIGNS = ["cages", "households", "subjects", "pairs", "dose", "long"]


def reference(name: str) -> pd.DataFrame:
    return pd.read_csv(REFERENCES / f"{name}.tsv.gz", sep="\t")


def study(design: str):
    part = reference("small.data").query("design == @design")
    y = part[[name for name in part.columns if name.startswith("y")]].to_numpy()
    return y, np.column_stack([np.ones(len(part)), part["label"], part["age"]]), part["group"].to_numpy()


def agree(fit, rows: pd.DataFrame, tolerance: tuple[float, float, float]) -> None:
    at = rows["feature"].to_numpy()
    effect, se, log_p = tolerance
    assert (np.abs(fit.effect[at] - rows["effect"]) <= effect * rows["se"]).all()
    assert (np.abs(fit.se[at] / rows["se"] - 1) <= se).all()
    for name in ("p_wald", "p_lrt"):
        assert (np.abs(np.log10(getattr(fit, name)[at]) - np.log10(rows[name])) <= log_p).all(), name


@pytest.mark.parametrize("design", DESIGNS)
def test_maximum_likelihood_is_glm(design):
    y, x, _ = study(design)
    rows = reference("fixed").query("design == @design")
    fit = stats.logistic(y, x, [0, 1, 0])
    assert set(fit.status) == {"ok"}
    agree(fit, rows, EXACT)
    np.testing.assert_allclose(fit.loglik, rows["loglik"], rtol=1e-10)


@pytest.mark.parametrize("design", DESIGNS)
def test_firth_is_the_optimum_of_the_penalised_likelihood(design):
    y, x, _ = study(design)
    rows = reference("fixed").query("design == @design").dropna(subset=["firth.effect"])
    at = rows["feature"].to_numpy()
    fit = stats.firth(y, x, [0, 1, 0])
    assert len(rows) == 2
    se = rows["firth.se"]
    np.testing.assert_allclose(fit.se[at], se, rtol=OPTIM)
    for name in ("effect", "low", "high"):
        assert (np.abs(getattr(fit, name)[at] - rows[f"firth.{name}"]) <= 10 * OPTIM * se).all(), name
    np.testing.assert_allclose(fit.statistic[at] ** 2, rows["firth.chisq"], rtol=OPTIM, atol=OPTIM)
    np.testing.assert_allclose(fit.p[at], rows["firth.p_lrt"], rtol=OPTIM)


def test_firth_on_the_endometrial_data_as_published():
    """Heinze and Schemper 2002: NV separates; their estimates and profile intervals, and our recipe's digits."""
    data, rows = reference("endometrial.data"), reference("endometrial")
    x = np.column_stack([np.ones(len(data)), data[["NV", "PI", "EH"]]])
    published = [(2.929, 1.551, 0.610, 7.855), (-0.035, 0.040, -0.124, 0.040), (-2.604, 0.776, -4.365, -1.233)]
    for j in range(3):
        fit = stats.firth(data[["HG"]], x, np.eye(4)[j + 1])
        mine = np.concatenate([fit.effect, fit.se, fit.low, fit.high])
        assert mine.round(3).tolist() == list(published[j])
        np.testing.assert_allclose(mine, rows.loc[j, ["effect", "se", "low", "high"]].astype(float), rtol=1e-4)
        np.testing.assert_allclose(fit.effect, rows.loc[j, "brglm2"], rtol=1e-6)
        np.testing.assert_allclose(fit.p, rows.loc[j, "p_lrt"], rtol=1e-4)
        assert stats.logistic(data[["HG"]], x, np.eye(4)[j + 1]).status.tolist() == ["separated"]


@pytest.mark.parametrize("design", DESIGNS)
def test_mixed_is_glmer_with_seven_points(design):
    y, x, groups = study(design)
    rows = reference("mixed").query("design == @design")
    fit = stats.logistic_mixed(y, x, [0, 1, 0], groups)
    assert set(fit.status) <= {"ok", "boundary"}
    interior = rows[rows["sd"].to_numpy() > 1e-3]
    assert sorted(interior["feature"]) == np.flatnonzero(fit.status == "ok").tolist()
    agree(fit, interior, MIXED)
    np.testing.assert_allclose(fit.sd_group[interior["feature"]], interior["sd"], rtol=1e-4)
    # At the boundary glmer differentiates numerically across σ = 0: effects agree, its se is not compared.
    flat = rows[rows["sd"].to_numpy() <= 1e-3]
    assert (np.abs(fit.effect[flat["feature"]] - flat["effect"]) <= 1e-4 * flat["se"]).all()
    assert (fit.sd_group[flat["feature"]] == 0).all()


@pytest.mark.parametrize("design", ["households", "pairs", "dose", "long"])
def test_conditional_is_clogit_exact(design):
    y, x, groups = study(design)
    rows = reference("conditional").query("design == @design")
    fit = stats.conditional_logistic(y, x, [0, 1, 0], groups)
    there = rows[rows["se"].notna() & (rows["se"] < 100)]
    assert sorted(there["feature"]) == np.flatnonzero(fit.status == "ok").tolist()
    agree(fit, there, EXACT)
    np.testing.assert_allclose(fit.loglik[there["feature"]], there["loglik"], rtol=1e-9)
    assert set(fit.status) <= {"ok", "separated"}
