"""Scores, censored values and counts against clm, clmm, survreg, glm.nb, glmer and trapezoids: tests/references."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from commensal import stats

REFERENCES = Path(__file__).parents[1] / "references" / "outcomes"
ROWS = pd.read_csv(REFERENCES / "reference.tsv.gz", sep="\t")
DATA = pd.read_csv(REFERENCES / "data.tsv.gz", sep="\t")
# Effect in standard errors, se relative, p in powers of ten: the marks of STATISTICS, for R's optimisers and Hessians.
EFFECT, SE, LOG_P = 1e-5, 1e-4, 1e-3
# Of the quadratures on both sides: fifteen nodes of ours and of clmm, 25 of glmer.
SD = 1e-3


def fitted(row: pd.Series) -> stats.OutcomeFit:
    part = DATA[DATA["design"] == row["design"]]
    x = np.column_stack([np.ones(len(part)), part["arm"], part["age"]])
    y, group = part[row["outcome"]].to_numpy(float)[:, None], part["group"].to_numpy()
    model, kind = row["model"], row["outcome"].split(".")[0]
    groups = None if model in ("clm", "survreg", "survreg, ceiling", "glm.nb") else group
    if kind == "score":
        return stats.cumulative_link_mixed(y, x, [0, 1, 0], groups)
    if model == "survreg, ceiling":
        return stats.censored_mixed(np.minimum(y, 6.5), x, [0, 1, 0], right=y >= 6.5)
    if kind == "value":
        left, right = y < 4.5, y > 7
        upper = np.where((y > 5) & (y < 6), 6.0, np.nan)
        low = np.where(right, 7, np.where(left, 4.5, np.where(np.isfinite(upper), 5, y)))
        return stats.censored_mixed(low, x, [0, 1, 0], groups, left=left, right=right, upper=upper)
    family = "poisson" if model == "glmer" else "negative binomial"
    return stats.count_mixed(y, x, [0, 1, 0], groups, family=family)


def test_every_model_is_there():
    assert set(ROWS["model"]) == {"clm", "clmm", "survreg", "survreg, ceiling", "trapezoids", "glm.nb", "glmer"}


@pytest.mark.parametrize("at", range(len(ROWS)), ids=lambda i: " ".join(ROWS.loc[i, ["design", "outcome", "model"]]))
def test_agrees(at):
    row = ROWS.loc[at]
    fit = fitted(row)
    assert fit.status[0] in ("ok", "boundary")
    se = row["se"] if np.isfinite(row["se"]) else fit.se[0]  # glm.nb prints the error of a known θ
    assert abs(fit.effect[0] - row["effect"]) <= EFFECT * se
    assert abs(fit.se[0] / se - 1) <= SE
    assert abs(np.log10(fit.p_lrt[0] / row["p_lrt"])) <= LOG_P
    if np.isfinite(row["p_wald"]):
        assert abs(np.log10(fit.p_wald[0] / row["p_wald"])) <= LOG_P
    assert fit.sd_group[0] == pytest.approx(row["sd_group"], abs=SD)
    if np.isfinite(row["spread"]):
        assert fit.spread[0] == pytest.approx(row["spread"], rel=1e-5)
    if np.isfinite(row["loglik"]):
        assert fit.loglik[0] == pytest.approx(row["loglik"], abs=1e-6)
