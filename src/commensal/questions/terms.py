"""The terms of a comparison: what its models are fitted to, and which blocks speak for them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from commensal import stats
from commensal.questions.comparison import Comparison
from commensal.stats._comparing import FEWEST_BLOCKS, Comparing

__all__ = ["FEWEST_BLOCKS", "blocks_with_both", "fits_of_terms"]


def fits_of_terms(comparison: Comparison, y: NDArray[np.float64]) -> dict[str, stats.Fit]:
    """Fit y (n, m) on label and covariates, with the block as random intercept, once per term."""
    return _comparing(comparison).fits(y)


def blocks_with_both(comparison: Comparison, seen: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return in how many blocks each feature was seen (n, m) on both sides, (m,)."""
    return _comparing(comparison).blocks_with_both(seen)


def _comparing(comparison: Comparison) -> Comparing:
    level = comparison.question.level
    return Comparing(comparison.label, comparison.block, comparison.covariates, level=level)
