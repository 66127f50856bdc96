"""The terms of a comparison: what its models are fitted to, and which blocks speak for them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from commensal import stats
from commensal.questions.comparison import BETWEEN, OVERALL, WITHIN, Comparison

#: Blocks with both sides that a comparison within blocks needs: the block is the unit, not the people in it.
FEWEST_BLOCKS = 3


def fits_of_terms(
    comparison: Comparison, y: NDArray[np.float64], extra: NDArray[np.float64] | None = None
) -> dict[str, stats.Fit]:
    """Fit y (n, m) on label and covariates, with the block as random intercept, once per term.

    Parameters
    ----------
    extra
        Further covariates (n, k), such as sequencing depth.
    """
    columns = [np.ones(len(y)), comparison.label, *comparison.covariates.T]
    if extra is not None:
        columns += list(extra.T)
    x = np.column_stack(columns)
    contrast = np.eye(x.shape[1])[1]
    level = comparison.question.level
    if comparison.block is None:
        return {OVERALL: stats.linear(y, x, contrast, level=level)}
    if comparison.terms == (BETWEEN,):
        return {BETWEEN: stats.mixed(y, x, contrast, comparison.block, level=level)}
    # What covariates say between blocks must not pass for what they say within.
    split = stats.mixed_split(y, x, 1, comparison.block, also=range(2, x.shape[1]), level=level)
    return {WITHIN: _of_enough_blocks(comparison, split.within, y), BETWEEN: split.between}


def _of_enough_blocks(comparison: Comparison, fit: stats.Fit, y: NDArray[np.float64]) -> stats.Fit:
    """Take p from the features that fewer than `FEWEST_BLOCKS` blocks with both sides speak for."""
    both = blocks_with_both(comparison, np.isfinite(y))
    few = (both < FEWEST_BLOCKS) & np.isfinite(fit.p)
    if not few.any():
        return fit
    bare = {name: np.where(few, np.nan, getattr(fit, name)) for name in ("p", "low", "high")}
    why = np.array([f"both sides are in {n} of the blocks only" for n in both], dtype=object)
    return replace(fit, status=np.where(few, "too_few", fit.status), note=np.where(few, why, fit.note), **bare)


def blocks_with_both(comparison: Comparison, seen: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return in how many blocks each feature was seen (n, m) on both sides, (m,)."""
    found = np.zeros(seen.shape[1], dtype=np.int64)
    if comparison.block is not None:
        for name in np.unique(comparison.block):
            inside = comparison.block == name
            found += seen[inside & comparison.case].any(axis=0) & seen[inside & ~comparison.case].any(axis=0)
    return found
