"""From samples to blocks: distances between block centroids, one row per block."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from commensal.errors import StatisticsError
from commensal.stats import _arrays
from commensal.stats._arrays import Floats


def block_centroids(distance: ArrayLike, block: ArrayLike) -> tuple[Floats, NDArray[Any]]:
    """Return distances between the centroids of blocks, from distances (n, n) and block (n,), and the blocks' labels.

    In the space of principal coordinates the squared distance of the centroids of blocks A and B is
    mean d²_ab − ½ mean d²_aa' − ½ mean d²_bb', means over all pairs of samples (a with itself included). Where
    distances are not Euclidean this can fall below 0; it counts as 0.

    Blocks of unequal size are then one row each: a test that moves whole blocks is not led astray by blocks with many
    samples, whose centroids alone would weigh more and scatter less.

    Returns
    -------
    distances : (g, g)
    blocks : (g,)
        Labels in sorted order, as ``numpy.unique`` gives them.

    Raises
    ------
    StatisticsError
        Arrays that do not fit together.

    Examples
    --------
    Two samples at 0 and 2, one at 5: centroids at 1 and 5.

    >>> import numpy as np
    >>> at = np.array([0.0, 2.0, 5.0])
    >>> block_centroids(np.abs(at[:, None] - at), ["a", "a", "b"])[0].tolist()
    [[0.0, 4.0], [4.0, 0.0]]
    """
    d = _arrays.distances(distance)
    labels = np.asarray(block)
    if labels.shape != (d.shape[0],):
        raise StatisticsError("blocks and distances do not fit", found=labels.shape, expected=f"({d.shape[0]},)")
    names, codes = np.unique(labels, return_inverse=True)
    average = (codes.ravel()[None, :] == np.arange(names.size)[:, None]).astype(float)
    average /= average.sum(axis=1, keepdims=True)
    squared = average @ d**2 @ average.T
    own = np.diagonal(squared)
    between = squared - (own[:, None] + own[None, :]) / 2
    between = (between + between.T) / 2
    np.fill_diagonal(between, 0.0)
    return np.sqrt(np.where(between > 1e-14 * d.max(initial=0.0) ** 2, between, 0.0)), names
