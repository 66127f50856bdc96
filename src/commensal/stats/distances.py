"""Distances between samples, (n, n), symmetric with a zero diagonal."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from commensal.errors import StatisticsError
from commensal.stats._arrays import Floats, abundances, numbers, refuse_empty


def bray_curtis(x: ArrayLike) -> Floats:
    """Return Bray–Curtis dissimilarities of abundances (n, m): Σ|xᵢ − yᵢ| / Σ(xᵢ + yᵢ), in [0, 1].

    Values are taken as they stand: give relative abundances, else a difference in depth counts as one in composition.

    Raises
    ------
    StatisticsError
        Negative or missing values, or a sample without anything in it.

    References
    ----------
    R: ``vegan::vegdist(x, "bray")``.

    Examples
    --------
    >>> bray_curtis([[0.5, 0.5, 0.0], [0.5, 0.0, 0.5]]).tolist()
    [[0.0, 0.5], [0.5, 0.0]]
    """
    table = abundances(x, "the abundances")
    refuse_empty(table, "Bray–Curtis")
    return _pairs(table, "braycurtis")


def euclidean(x: ArrayLike) -> Floats:
    """Return Euclidean distances of values (n, m), of any sign.

    Raises
    ------
    StatisticsError
        Missing values.

    Examples
    --------
    >>> euclidean([[0.0, 0.0], [3.0, -4.0]]).tolist()
    [[0.0, 5.0], [5.0, 0.0]]
    """
    return _pairs(numbers(x, "the values", dimensions=2), "euclidean")


def aitchison(counts: ArrayLike, *, pseudocount: float | None = None) -> Floats:
    """Return Aitchison distances (n, m) → (n, n): Euclidean between centred log-ratios ln xᵢ − mean ln x.

    Logarithms need values above 0. Where the table holds a zero, ``pseudocount`` is added to every value of it:
    by default 0.5 to a table of whole numbers (counts), and half of the smallest value above 0 in the whole table to
    any other (relative abundances). One value for the whole table, not one per sample, so that a feature absent from
    two samples of unlike depth does not set them apart by itself. Without zeros nothing is added.

    Raises
    ------
    StatisticsError
        Negative or missing values, a sample without anything in it, a pseudocount that is not above 0.

    References
    ----------
    Aitchison (1986) The statistical analysis of compositional data. R: ``vegan::vegdist(x, "aitchison",
    pseudocount = 0.5)``.

    Examples
    --------
    >>> import numpy as np
    >>> aitchison([[1, 1], [np.e, 1 / np.e]]).round(6).tolist()
    [[0.0, 1.414214], [1.414214, 0.0]]
    """
    table = abundances(counts, "the abundances")
    refuse_empty(table, "Aitchison")
    if pseudocount is not None and not (np.isfinite(pseudocount) and pseudocount > 0):
        raise StatisticsError("the pseudocount is not a number above 0", found=pseudocount, expected="for example 0.5")
    if (table == 0).any():
        table = table + (zero_replacement(table) if pseudocount is None else pseudocount)
    logs = np.log(table)
    return _pairs(logs - logs.mean(axis=1, keepdims=True), "euclidean")


def zero_replacement(counts: ArrayLike) -> float:
    """Return what :func:`aitchison` adds to a table (n, m) that holds zeros.

    0.5 for whole numbers, else half of the smallest value above 0 in the table.

    Parameters
    ----------
    counts
        (n, m) counts or relative abundances.

    Examples
    --------
    >>> zero_replacement([[3, 0, 1]]), zero_replacement([[0.9, 0.0, 0.1]])
    (0.5, 0.05)
    """
    table = abundances(counts, "the abundances")
    if not (table > 0).any():
        raise StatisticsError("the table holds nothing but zeros", expected="at least one value above 0")
    if (table == np.rint(table)).all():
        return 0.5
    return float(table[table > 0].min()) / 2


def _pairs(table: Floats, metric: Literal["braycurtis", "euclidean"]) -> Floats:
    from scipy.spatial.distance import pdist, squareform

    square: Floats = squareform(pdist(table, metric)) if table.shape[0] > 1 else np.zeros((table.shape[0],) * 2)
    return square
