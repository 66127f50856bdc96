"""Permutation p of a label's effect on many responses at once, beside fixed columns."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from commensal.errors import StatisticsError
from commensal.stats._arrays import TIE, Floats, numbers, same_length
from commensal.stats.permutation import Permutations

#: Working memory of one chunk of arrangements, bytes.
_MEMORY = 64 * 2**20


def label_p(y: ArrayLike, permutations: Permutations, label: ArrayLike, *, fixed: ArrayLike | None = None) -> Floats:
    """Return the two-sided permutation p of a label (n,) for each column of y (n, m), beside fixed columns (n, k).

    With M the projection off the fixed columns (an intercept is implied) the statistic of an arrangement x is
    (x'My)² / (x'Mx), the sum of squares that the label explains when it enters last: as F, it orders arrangements by
    how much of y they explain. Labels are rearranged, responses and fixed columns stay. p counts the arrangements
    that explain as much: exactly where all are there, else (1 + #) / (1 + P). It needs no residual: a response that
    is the label itself has a p too.

    Parameters
    ----------
    y
        (n, m); NaN is missing. Where a response is missing, its samples leave label and fixed columns as well.
    permutations
        Arrangements of this label, from :func:`commensal.stats.permutations`.
    label
        (n,) the observed label.
    fixed
        (n, k) columns that stay: block indicators, covariates.

    Returns
    -------
    numpy.ndarray, shape (m,)
        NaN where the label has one arrangement, or fixed columns or missing samples leave nothing of it or of y.

    Raises
    ------
    StatisticsError
        Arrays that do not fit together; missing values in the label or the fixed columns.

    Examples
    --------
    Three against three, and a response that tells them apart: two of 20 arrangements are as good.

    >>> from commensal import stats
    >>> label = [0, 0, 0, 1, 1, 1]
    >>> stats.label_p([[0], [0], [0], [1], [1], [1]], stats.permutations(label), label).tolist()
    [0.1]
    """
    try:
        responses = np.asarray(y, dtype=float)
    except (TypeError, ValueError) as error:
        raise StatisticsError("y does not hold numbers", found=error, expected="numbers, NaN where missing") from error
    if responses.ndim != 2:
        raise StatisticsError("y is no table", found=f"shape {responses.shape}", expected="(n, m)")
    n, m = responses.shape
    observed = same_length(numbers(label, "the label", dimensions=1), "the label", n)
    if permutations.labels.shape[1] != n:
        raise StatisticsError(
            "the arrangements are not of this label", found=permutations.labels.shape[1], expected=f"{n} samples"
        )
    beside = np.ones((n, 1))
    if fixed is not None:
        beside = np.column_stack([beside, numbers(fixed, "the fixed columns", dimensions=2)])
    p = np.full(m, np.nan)
    if permutations.n_distinct <= 1:
        return p
    seen = np.isfinite(responses)
    patterns, which = np.unique(seen.T, axis=0, return_inverse=True)
    for number, rows in enumerate(patterns):
        if rows.sum() > 1:
            own = np.flatnonzero(which.ravel() == number)
            p[own] = _one_pattern(responses[np.ix_(rows, own)], permutations, rows, observed, beside[rows])
    return p


def _one_pattern(
    y: Floats, arranged: Permutations, rows: np.ndarray[tuple[int], np.dtype[np.bool_]], label: Floats, beside: Floats
) -> Floats:
    basis, size, _ = np.linalg.svd(beside / np.maximum(np.abs(beside).max(axis=0), 1e-300), full_matrices=False)
    basis = basis[:, size > 1e-10 * size[0]]
    rest = y - basis @ (basis.T @ y)
    left = np.einsum("nm,nm->m", rest, rest)
    scale = np.einsum("nm,nm->m", y, y)
    observed = _explained(label[rows][None, :], rest, basis)[0]
    above = np.zeros(y.shape[1], dtype=np.int64)
    step = max(1, int(_MEMORY // (8 * (2 * len(rest) + 2 * y.shape[1]))))
    floor = observed * (1 - TIE) - 1e-12 * scale
    for first in range(0, len(arranged.labels), step):
        above += (_explained(arranged.labels[first : first + step, rows], rest, basis) >= floor).sum(axis=0)
    total = len(arranged.labels)
    p = above / total if arranged.exact else (1 + above) / (1 + total)
    free = label[rows] - basis @ (basis.T @ label[rows])
    told = (left > 1e-12 * np.maximum(scale, 1e-300)) & (free @ free > 1e-12 * (label @ label))
    return np.where(told, p, np.nan)


def _explained(labels: Floats, rest: Floats, basis: Floats) -> Floats:
    """Sum of squares that each arrangement (P, n) explains of each response (n, m) off the basis, (P, m)."""
    x = labels - (labels @ basis) @ basis.T
    spread = np.einsum("pn,pn->p", x, x)
    found: Floats = (x @ rest) ** 2 / np.where(spread > 1e-12, spread, np.inf)[:, None]
    return found
