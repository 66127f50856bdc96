"""Every taxon and every molecule, case against control: abundance where present, presence, and their joint test.

The default model is `commensal.stats.two_part`; why it is the default: docs/decisions/default-model.md.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from commensal import stats
from commensal.questions.comparison import BETWEEN, OVERALL, WITHIN, Comparison
from commensal.questions.detection import censored_rows
from commensal.questions.exogenous import without_exogenous
from commensal.questions.rows import feature_frame, with_q
from commensal.questions.scales import Scales
from commensal.tables import ALL, estimates

#: Where more of the taxa than this differ from the median taxon, it can hardly be taken as unchanged.
CROWD = 0.25
JOINT = "joint"


def feature_rows(comparison: Comparison, scale: Scales, limits: NDArray[np.float64] | None = None) -> pd.DataFrame:
    """Return Estimates of all features: abundance, presence and joint test, with q within each family.

    With limits (n, m) of detection, log2: one censored model of each feature instead.
    """
    if limits is not None:
        frame = estimates(pd.concat(censored_rows(comparison, scale, limits), ignore_index=True))
        return with_q(without_exogenous(frame, comparison.assay.features), comparison, "features")
    question = comparison.question
    fit = stats.two_part(
        scale.log2,
        scale.present,
        comparison.label,
        block=comparison.block,
        covariates=comparison.covariates,
        depth=scale.depth,
        relative=scale.relative,
        min_prevalence=question.min_prevalence,
        level=question.level,
        seed=question.seed,
    )
    frames = [reference_row(comparison, term, frame) for term, frame in fit.frames]
    frame = pd.concat([*frames, *(feature_frame(comparison, test) for test in fit.tests)], ignore_index=True)
    frame = without_exogenous(estimates(frame), comparison.assay.features)
    frame = frame.iloc[_order(frame)].reset_index(drop=True)
    # A joint test is made of the others: they never share a family.
    joint = frame["model"] == JOINT
    rows = [with_q(frame[~joint], comparison, "features"), with_q(frame[joint], comparison, "features, joint")]
    return _frame_judged(pd.concat(rows).sort_index())


def _frame_judged(frame: pd.DataFrame) -> pd.DataFrame:
    """Say on the row of each reference frame how many taxa differ from it: it assumes that most do not."""
    for at in frame.index[frame["model"] == "reference frame"]:
        own = frame[(frame["model"] == "abundance") & (frame["term"] == frame.loc[at, "term"]) & frame["p"].notna()]
        differ = int((own["q"] < 0.05).sum())
        frame.loc[at, "note"] = judged(str(frame.loc[at, "note"]), differ, len(own))
    return frame


def judged(note: str, differ: int, of: int) -> str:
    """Add to the note of a reference frame how many of the taxa differ from it."""
    note = f"{note}; {differ} of them differ from it at q < 0.05"
    if differ > CROWD * of:
        note += ": many for a median that is taken not to change; absolute data would tell"
    return note


def reference_row(comparison: Comparison, term: str, frame: stats.ReferenceFrame) -> pd.DataFrame:
    """Return the row that says what abundances of a term are measured from."""
    row = {
        **comparison.identity(),
        **comparison.counts(),
        "feature": ALL,
        "model": "reference frame",
        "term": term,
        "effect": frame.effect,
        "se": frame.se,
        "unit": "log2 fold change",
        "status": "ok",
        "note": f"median coefficient of {frame.n:,} features, taken not to change and taken off every one",
    }
    return pd.DataFrame([row])


def _order(frame: pd.DataFrame) -> NDArray[np.intp]:
    """First the term to read first; in it frame, abundance, presence, joint; features in the table's order."""
    terms = {term: rank for rank, term in enumerate((WITHIN, OVERALL, BETWEEN))}
    models = {"reference frame": 0, "abundance": 1, "prevalence": 2, JOINT: 3}
    return np.lexsort((frame["model"].map(models), frame["term"].map(terms)))
