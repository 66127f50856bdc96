"""How groups limit what a contrast can be tested against: degrees of freedom between and inside groups."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from commensal.stats._logistic_design import BinaryDesign, kept_columns
from commensal.stats.fits import Array, Counts, Mask

#: A column varies within groups when this share of its squared norm does.
WITHIN = 1e-12


@dataclass(frozen=True, slots=True)
class GroupCounts:
    """Of a chunk of features, (m,) each.

    Attributes
    ----------
    n_groups
        Groups in which the feature is present.
    between
        Whether every column that the contrast weighs is constant within groups.
    df
        Groups − rank of the columns that are constant within groups, where `between`; else samples − groups − rank
        of the columns inside groups.
    lone
        Whether a contrast constant within groups rests on a single group on one side.
    """

    n_groups: Counts
    between: Mask
    df: Counts
    lone: Mask


def count_groups(design: BinaryDesign, present: Mask) -> GroupCounts:
    """Count for a chunk of features, present (n, m)."""
    from scipy.sparse import csr_array

    n, m = present.shape
    x, k = design.x, design.x.shape[1]
    mask = present.astype(float)
    sums = csr_array((np.ones(n), (design.codes, np.arange(n))), shape=(int(design.codes.max()) + 1, n))
    sizes = np.asarray(sums @ mask)
    totals = np.stack([np.asarray(sums @ (mask * x[:, [j]])) for j in range(k)], axis=2)
    means = totals / np.maximum(sizes, 1)[:, :, None]
    inner, total = np.empty((m, k, k)), np.empty((m, k))
    gaps = [mask * (x[:, [j]] - means[design.codes, :, j]) for j in range(k)]
    for i in range(k):
        total[:, i] = x[:, i] ** 2 @ mask
        for j in range(i + 1):
            inner[:, i, j] = inner[:, j, i] = np.einsum("nm,nm->m", gaps[i], gaps[j])
    constant = np.diagonal(inner, axis1=1, axis2=2) <= WITHIN * np.maximum(total, np.finfo(float).tiny)
    varying = ~constant
    inner *= varying[:, :, None] & varying[:, None, :]
    within_rank = kept_columns(inner, design.order).sum(axis=1)
    means = np.where(constant[:, None, :], means.transpose(1, 0, 2), 0.0)
    here = sizes.T > 0
    rows = means * here[:, :, None]
    own = kept_columns(rows.swapaxes(1, 2) @ rows, design.order)
    n_groups = here.sum(axis=1).astype(np.int64)
    between = np.asarray(constant[:, design.weighed].all(axis=1))
    df = np.where(between, n_groups - own.sum(axis=1), mask.sum(axis=0) - n_groups - within_rank)
    levels = (np.asarray(sums @ (mask * design.label[:, None])) / np.maximum(sizes, 1)).T
    lone = np.asarray(between & _one_group_side(design, rows * own[:, None, :], own, here, levels))
    return GroupCounts(n_groups, between, np.asarray(df, dtype=np.int64), lone)


def _one_group_side(design: BinaryDesign, rows: Array, own: Mask, here: Mask, levels: Array) -> Mask:
    """Whether a two-valued contrast leans on a group that the columns between groups fit exactly (leverage 1), (m,)."""
    gram = rows.swapaxes(1, 2) @ rows + np.eye(rows.shape[2]) * ~own[:, :, None]
    solved = np.linalg.solve(gram, rows.swapaxes(1, 2))
    leverage = np.einsum("mgk,mkg->mg", rows, solved)
    low = np.where(here, levels, np.inf).min(axis=1, keepdims=True)
    high = np.where(here, levels, -np.inf).max(axis=1, keepdims=True)
    near = 1e-9 * (high - low)
    upper, lower = here & (levels >= high - near), here & (levels <= low + near)
    two = (~here | upper | lower).all(axis=1) & (high > low)[:, 0]
    weights = np.abs(np.einsum("k,mkg->mg", design.against, solved)) * here
    leaning = weights > 1e-8 * weights.max(axis=1, keepdims=True)
    return np.asarray(two & (here & (leverage > 1 - 1e-8) & leaning).any(axis=1))
