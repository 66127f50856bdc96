"""Presence of every feature: a linear model of 0 and 1, held to rearranged labels where it is in doubt."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from commensal import stats
from commensal.questions.comparison import BETWEEN, Comparison
from commensal.questions.rows import FEWEST_PER_SIDE, Layout, feature_frame, layout_of
from commensal.questions.terms import fits_of_terms

#: A linear model of 0 and 1 is judged by permutation too below this p, in tables of up to so many samples.
DOUBTED_P, FEW_SAMPLES = 0.01, 200
#: Arrangements for that: enough for q over thousands of features.
ARRANGEMENTS = 99_999


def presence_rows(
    comparison: Comparison, present: NDArray[np.float64], depth: NDArray[np.float64] | None
) -> pd.DataFrame:
    """Return Estimates of presence, term by term, without q."""
    layout = _presence_layout(comparison, present)
    tested = layout.status == ""
    extra = None
    if depth is not None:
        logs = np.log2(np.maximum(depth, 1))
        if np.ptp(logs) > 0:
            extra = (logs - logs.mean())[:, None]
    frames = []
    for term, fit in fits_of_terms(comparison, present[:, tested], extra).items():
        frame = feature_frame(comparison, "prevalence", term, fit, layout, "share", None)
        judge = _separated_blocks if term == BETWEEN else _permuted
        frames.append(judge(comparison, present, frame, extra))
    return pd.concat(frames, ignore_index=True)


def _permuted(
    comparison: Comparison, present: NDArray[np.float64], frame: pd.DataFrame, extra: NDArray[np.float64] | None
) -> pd.DataFrame:
    """Judge presence by rearranged labels too, where a linear model of 0 and 1 is in doubt: its p is then the larger.

    In small studies the tail of t is too thin for 0 and 1, and a perfect separation leaves no residual at all. The
    arrangements keep blocks, covariates and depth in place.
    """
    at = np.flatnonzero((frame["p"] < DOUBTED_P) | (frame["status"] == "constant"))
    if len(comparison.samples) > FEW_SAMPLES:
        return frame
    frame["test"] = frame["test"] + " and permutation"
    if not at.size:
        return frame
    fixed = [*comparison.covariates.T, *(() if extra is None else extra.T)]
    if comparison.block is not None:
        fixed += [(comparison.block == name).astype(float) for name in np.unique(comparison.block)[1:]]
    scheme = None if comparison.block is None else "within blocks"
    seed = comparison.question.seed
    arranged = stats.permutations(comparison.label, block=comparison.block, scheme=scheme, n=ARRANGEMENTS, seed=seed)
    beside = np.column_stack(fixed) if fixed else None
    p = stats.label_p(present[:, at], arranged, comparison.label, fixed=beside)
    perfect = (frame["status"].iloc[at] == "constant").to_numpy() & np.isfinite(p)
    frame.loc[at[perfect], "status"] = "ok"
    frame.loc[at[perfect], "note"] = "in every sample of one side and in none of the other, but for covariates"
    frame.loc[at, "p"] = np.fmax(frame["p"].iloc[at].to_numpy(dtype=float), p)
    frame.loc[at, "n_permutations"] = len(arranged.labels)
    return frame


def _separated_blocks(
    comparison: Comparison,
    present: NDArray[np.float64],
    frame: pd.DataFrame,
    extra: NDArray[np.float64] | None,  # noqa: ARG001  one signature with `_permuted`
) -> pd.DataFrame:
    """Give features that are in every sample of one side and in none of the other the p of their arrangement.

    Among all arrangements of whole blocks only this one and, where both sides have as many, its mirror image are as
    extreme. A covariate cannot be adjusted for in this way: then there is no p, and the status says so.
    """
    seen, label = np.isfinite(present), comparison.label[:, None]
    alike: NDArray[np.bool_] = np.all(~seen | (present == label), axis=0)
    opposite: NDArray[np.bool_] = np.all(~seen | (present == 1 - label), axis=0)
    unjudged = (frame["status"] == "constant").to_numpy(dtype=bool)
    for at in np.flatnonzero(unjudged & (alike | opposite)).tolist():
        frame.loc[at, "effect"] = 1.0 if alike[at] else -1.0
        frame.loc[at, "status"] = "separated"
        frame.loc[at, "note"] = "in every sample of one side and in none of the other"
        p = _exact_p(comparison, seen[:, at])
        if np.isfinite(p):
            frame.loc[at, "p"], frame.loc[at, "status"] = p, "ok"
            frame.loc[at, "test"] = "exact, arrangements of the label"
    return frame


def _exact_p(comparison: Comparison, rows: NDArray[np.bool_]) -> float:
    """Return the p of a perfect separation of blocks; NaN where the arrangements of the label do not answer."""
    if comparison.terms != (BETWEEN,) or comparison.covariate_names or comparison.block is None:
        return float("nan")
    label, block = comparison.label[rows], comparison.block[rows]
    if min(len(np.unique(block[label == side])) for side in (0, 1)) < 2:
        return float("nan")
    return stats.separated_p(label, block, "whole blocks")


def _presence_layout(comparison: Comparison, present: NDArray[np.float64]) -> Layout:
    layout = layout_of(comparison, np.isfinite(present))
    found = np.nansum(present, axis=0)
    need = np.maximum(comparison.question.min_prevalence * layout.n, FEWEST_PER_SIDE)
    status = np.full(len(found), "", dtype=object)
    status[layout.n - found < need] = "always_present"
    status[found < need] = "below_prevalence"
    status[np.minimum(layout.n_case, layout.n - layout.n_case) < FEWEST_PER_SIDE] = "too_few"
    status[found == 0] = "all_zero"
    status[layout.n == 0] = "not_measured"
    return replace(layout, status=status)
