"""Molecules below a limit of detection: one censored model per feature, in place of abundance beside presence."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from commensal import stats
from commensal.questions.comparison import BETWEEN, OVERALL, WITHIN, Comparison
from commensal.questions.rows import feature_frame
from commensal.questions.scales import Scales
from commensal.study import AssayTable

Floats = NDArray[np.float64]
#: Blocks with both sides that a comparison within blocks needs.
FEWEST_BLOCKS = 3
MODEL, TEST, UNIT = "abundance", "t, left-censored", "log2 fold change, latent"


def is_censored(assay: AssayTable) -> bool:
    """Whether the study file asks that values below detection are known only to lie there, and there are any."""
    plan = assay.assay.prepare
    return plan is not None and plan.below_detection == "censored" and assay.assay.zero == "below_detection"


def log2_limits(assay: AssayTable, samples: tuple[str, ...]) -> Floats:
    """Return log2 of the limits of these samples (n, m), NaN where a feature has none.

    A table without limits of its own: the smallest value above 0 of each feature.
    """
    at = {sample: i for i, sample in enumerate(assay.samples)}
    rows = [at[sample] for sample in samples]
    with np.errstate(all="ignore"):
        if assay.limits is not None:
            return np.asarray(np.log2(assay.limits[rows]))
        lowest = np.where(assay.values > 0, assay.values, np.inf).min(axis=0, initial=np.inf)
        return np.broadcast_to(np.log2(np.where(np.isfinite(lowest), lowest, np.nan)), (len(rows), len(lowest)))


def censored_rows(comparison: Comparison, scale: Scales, limits: Floats) -> list[pd.DataFrame]:
    """Return rows of every feature, one frame per term, of log2 values with `limits` (n, m) of detection."""
    known = np.where(np.isfinite(scale.log2), scale.log2, np.nan)
    below = np.zeros(known.shape, bool) if scale.present is None else scale.present == 0
    y = np.where(below, -np.inf, known)
    limits = np.where(below & np.isnan(limits), np.nanmin(known, axis=0, initial=np.inf), limits)
    # The smallest value seen is a value, not one below itself.
    limits = np.where(known <= limits, np.nextafter(known, -np.inf), limits)
    nowhere = ~np.isfinite(limits) & below
    y, limits = np.where(nowhere, np.nan, y), np.where(np.isfinite(limits), limits, np.nan)
    x, contrasts, terms = _design(comparison)
    fits = stats.left_censored(y, limits, x, contrasts, comparison.block, level=comparison.question.level)
    rare = (np.isfinite(known).mean(axis=0) < comparison.question.min_prevalence) & ~nowhere.all(axis=0)
    frames = []
    for term, fit in zip(terms, fits, strict=True):
        tests = _tests(comparison, term, fit, ~np.isnan(y))
        tests.status[rare & (tests.status != "below_detection")] = "below_prevalence"
        tests.status[nowhere.any(axis=0)] = "all_zero"
        frames.append(feature_frame(comparison, tests))
    return frames


def _design(comparison: Comparison) -> tuple[Floats, Floats, tuple[str, ...]]:
    """Columns, contrasts and their terms: the label inside blocks and of whole blocks apart, covariates too."""
    label, covariates = comparison.label, comparison.covariates
    one = np.ones((len(label), 1))
    if comparison.block is None or comparison.terms == (BETWEEN,):
        x = np.column_stack([one, label, covariates])
        return x, np.eye(x.shape[1])[[1]], comparison.terms
    _, codes = np.unique(comparison.block, return_inverse=True)
    means = np.array([np.bincount(codes, column) / np.bincount(codes) for column in (label, *covariates.T)])
    between = means[:, codes].T
    within = np.column_stack([label, covariates]) - between
    k = covariates.shape[1]
    columns = np.column_stack([one, within[:, 0], between[:, 0], within[:, 1:], between[:, 1:]])
    kept = np.array([j < 3 or np.ptp(columns[:, j]) > 1e-12 for j in range(3 + 2 * k)])
    contrasts = np.eye(columns.shape[1])[[1, 2]]
    return columns[:, kept], contrasts[:, kept], (WITHIN, BETWEEN)


def _tests(comparison: Comparison, term: str, fit: stats.UnitFit, there: NDArray[np.bool_]) -> stats.FeatureTests:
    """Return what `left_censored` says as tests of features; a block with both sides is the unit within blocks."""
    m = len(fit)
    blocks, both = np.zeros(m, np.int64), np.zeros(m, np.int64)
    if comparison.block is not None:
        for name in np.unique(comparison.block):
            inside = comparison.block == name
            blocks += there[inside].any(axis=0)
            both += there[inside & comparison.case].any(axis=0) & there[inside & ~comparison.case].any(axis=0)
    few = (both < FEWEST_BLOCKS) & np.isfinite(fit.p) & (term == WITHIN)
    held = {name: np.where(few, np.nan, getattr(fit, name)) for name in ("p", "low", "high")}
    status, note = fit.status.copy(), fit.note.copy()
    status[few] = "too_few"
    note[few] = [f"both sides are in {n} of the blocks only" for n in both[few]]
    return stats.FeatureTests(
        model=MODEL,
        term=term,
        unit=UNIT,
        test=TEST,
        effect=fit.effect,
        se=fit.se,
        df=fit.df,
        statistic=fit.statistic,
        q=np.full(m, np.nan),
        status=status,
        note=note,
        n=fit.n,
        n_case=there[comparison.case].sum(axis=0),
        n_blocks=both if term == WITHIN else blocks,
        n_permutations=np.zeros(m, np.int64),
        direction=np.sign(np.nan_to_num(fit.effect)).astype(np.int64),
        **held,
    )


__all__ = ["OVERALL", "censored_rows", "is_censored", "log2_limits"]
