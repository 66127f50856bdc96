"""Rows of Estimates for all features of one model and term, and their families for q."""

from __future__ import annotations

import numpy as np
import pandas as pd

from commensal import stats
from commensal.questions.comparison import Comparison
from commensal.tables import WITH_P


def feature_frame(comparison: Comparison, tests: stats.FeatureTests) -> pd.DataFrame:
    """Return one row per feature: its fit where it was tested, its status where not."""
    features = comparison.assay.features
    frame = pd.DataFrame({**comparison.identity(), "feature": features.index.astype(str), "model": tests.model})
    frame["label"] = features["label"].astype(str).to_numpy()
    frame["term"], frame["unit"], frame["level"] = tests.term, tests.unit or None, comparison.question.level
    frame["test"] = tests.test
    for column in ("effect", "se", "low", "high", "statistic", "df", "p"):
        frame[column] = getattr(tests, column)
    exact = np.array(["exact, arrangements" in str(note) for note in tests.note], dtype=bool)
    frame.loc[exact, "test"] = "exact, arrangements of the label"
    frame["status"], frame["note"] = tests.status, [note or None for note in tests.note]
    frame["n"], frame["n_case"], frame["n_control"] = tests.n, tests.n_case, tests.n - tests.n_case
    if comparison.block is not None:
        frame["n_blocks"] = tests.n_blocks
    frame["n_permutations"] = pd.array(np.where(tests.n_permutations > 0, tests.n_permutations, -1), dtype="Int64")
    frame.loc[tests.n_permutations == 0, "n_permutations"] = pd.NA
    frame.loc[~frame["status"].isin(WITH_P), ["p"]] = np.nan
    return frame


def with_q(frame: pd.DataFrame, comparison: Comparison, what: str) -> pd.DataFrame:
    """Add Benjamini-Hochberg q and the family's name, one family per value of the question's ``family`` columns."""
    frame = frame.copy()
    keys = list(comparison.question.family)
    for _, group in frame.groupby(keys, sort=False, dropna=False):
        rows = group.index
        named = [str(value) for value in group.iloc[0][keys] if not pd.isna(value)]
        frame.loc[rows, "family"] = " / ".join([*named, what])
        p = frame.loc[rows, "p"].to_numpy(dtype=float)
        frame.loc[rows, "q"] = stats.bh(p, family=what)
    frame.loc[frame["p"].isna(), "family"] = pd.NA
    return frame
