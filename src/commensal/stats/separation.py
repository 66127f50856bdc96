"""What is in every sample of one side and in none of the other: the p that a linear model cannot give."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from commensal.stats.permutation import count_arrangements, is_mirrored


def separated_p(label: ArrayLike, block: ArrayLike | None = None, scheme: str = "free") -> float:
    """Return the exact two-sided p of a response that is the label (n,) itself, or its opposite.

    No arrangement of the label is more extreme than the observed one, and only its mirror image, where that is an
    arrangement, is as extreme: p = 1/N or 2/N with N the number of distinct arrangements. Without blocks this is
    Fisher's exact test of a table with two empty cells. Within blocks, those with one side only say nothing. NaN
    where there is one arrangement only.

    Parameters
    ----------
    label, block, scheme
        As in :func:`commensal.stats.permutations`.

    Raises
    ------
    StatisticsError
        As :func:`commensal.stats.permutations`.

    Examples
    --------
    Three against three: 20 arrangements, two of them perfect.

    >>> separated_p([0, 0, 0, 1, 1, 1])
    0.1
    """
    labels = np.asarray(label, dtype=float)
    if scheme == "within blocks" and block is not None:
        blocks = np.asarray(block)
        speak = np.array([len(np.unique(labels[blocks == name])) > 1 for name in blocks.tolist()], dtype=bool)
        if not speak.any():
            return float("nan")
        labels, block = labels[speak], blocks[speak]
    distinct, _ = count_arrangements(labels, block, scheme)
    if distinct <= 1:
        return float("nan")
    extreme = 2.0 if is_mirrored(labels, block, scheme) else 1.0
    # Beyond what a double can hold is still not impossible: the smallest number stands for it.
    return max(min(1.0, extreme / distinct), float(np.finfo(float).tiny))
