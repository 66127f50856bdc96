"""Rows of Estimates for all features of one model and term, and their families for q."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from commensal import stats
from commensal.questions.comparison import WITHIN, Comparison
from commensal.questions.terms import blocks_with_both
from commensal.tables import WITH_P

#: A side with fewer present (or, for presence, a table with fewer absent) samples is not tested.
FEWEST_PER_SIDE = 3


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """Which features can be tested, and why not. All arrays (m,)."""

    status: NDArray[np.object_]  #: "" where testable
    n: NDArray[np.int64]
    n_case: NDArray[np.int64]
    n_blocks: NDArray[np.int64]  #: blocks with a value
    n_both: NDArray[np.int64]  #: blocks with values on both sides

    def blocks_of(self, term: str) -> NDArray[np.int64]:
        """Return the blocks that speak for a term: within blocks, those with both sides."""
        return self.n_both if term == WITHIN else self.n_blocks


def layout_of(comparison: Comparison, seen: NDArray[np.bool_]) -> Layout:
    """Count the samples and blocks in which each feature was seen (n, m); nothing is refused yet."""
    n_blocks = np.zeros(seen.shape[1], dtype=np.int64)
    if comparison.block is not None:
        for name in np.unique(comparison.block):
            n_blocks += seen[comparison.block == name].any(axis=0)
    return Layout(
        status=np.full(seen.shape[1], "", dtype=object),
        n=seen.sum(axis=0),
        n_case=seen[comparison.case].sum(axis=0),
        n_blocks=n_blocks,
        n_both=blocks_with_both(comparison, seen),
    )


def feature_frame(
    comparison: Comparison,
    model: str,
    term: str,
    fit: stats.Fit,
    layout: Layout,
    unit: str,
    note: str | None,
) -> pd.DataFrame:
    """Return one row per feature: its fit where it was tested, its status where not."""
    features = comparison.assay.features
    tested = layout.status == ""
    frame = pd.DataFrame({**comparison.identity(), "feature": features.index.astype(str), "model": model})
    frame["label"] = features["label"].astype(str).to_numpy()
    frame["term"], frame["unit"], frame["level"] = term, unit, comparison.question.level
    frame["test"] = "t" if comparison.block is None else "t, Satterthwaite"
    for column in ("effect", "se", "low", "high", "statistic", "df", "p"):
        values = np.full(len(frame), np.nan)
        values[tested] = getattr(fit, column)
        frame[column] = values
    status = layout.status.copy()
    status[tested] = fit.status
    notes = np.full(len(frame), None, dtype=object)
    own = np.asarray(fit.note, dtype=object)
    notes[tested] = [text or note for text in own]
    frame["status"], frame["note"] = status, notes
    frame["n"], frame["n_case"], frame["n_control"] = layout.n, layout.n_case, layout.n - layout.n_case
    if comparison.block is not None:
        frame["n_blocks"] = layout.blocks_of(term)
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
