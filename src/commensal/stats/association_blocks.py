"""Blocks of associated columns: clusters of one table against clusters of the other, omnibus first, then pairs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from commensal.errors import StatisticsError
from commensal.stats._arrays import Floats
from commensal.stats.association import Associations, associate
from commensal.stats.hierarchical import HierarchicalFit, hierarchical

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class AssociatedBlocks:
    """Clusters of x's columns × clusters of y's columns (g blocks), and the pairs inside the selected ones.

    Attributes
    ----------
    x_cluster, y_cluster : (p,), (q,)
        Cluster of each column, from 0, by correlations inside its own table only.
    associations
        All pairs (p, q).
    tests
        Blocks as groups and pairs (p × q, row by row) as parts; a group's name is (cluster of x, cluster of y).
    """

    x_cluster: NDArray[np.int64]
    y_cluster: NDArray[np.int64]
    associations: Associations
    tests: HierarchicalFit

    def __len__(self) -> int:
        """Return the number of blocks."""
        return len(self.tests.groups)

    def table(self) -> pd.DataFrame:
        """Return one row per selected block by increasing p: columns, omnibus p and q, pairs, those found, median r."""
        import pandas as pd

        rows = []
        for g in np.flatnonzero(self.tests.selected):
            i, j = self.tests.groups[g]
            rows_of_x, columns_of_y = self.x_cluster == i, self.y_cluster == j
            inside = self.tests.group == g
            rows.append(
                {
                    "x": tuple(self.associations.x_names[rows_of_x]),
                    "y": tuple(self.associations.y_names[columns_of_y]),
                    "p": self.tests.omnibus_p[g],
                    "q": self.tests.omnibus_q[g],
                    "pairs": int(inside.sum()),
                    "found": int((inside & self.tests.rejected).sum()),
                    "median_r": float(np.nanmedian(self.associations.r[np.ix_(rows_of_x, columns_of_y)])),
                }
            )
        frame = pd.DataFrame(rows, columns=["x", "y", "p", "q", "pairs", "found", "median_r"])
        return frame.sort_values("p", kind="stable", ignore_index=True)


def associated_blocks(
    x: ArrayLike,
    y: ArrayLike,
    *,
    method: str = "spearman",
    similarity: float = 0.5,
    level: float = 0.05,
    covariates: ArrayLike | None = None,
    block: ArrayLike | None = None,
    family: str = "blocks of columns",
) -> AssociatedBlocks:
    """Group both tables' columns (n, p) and (n, q), test every cluster against every cluster, then pairs inside.

    Columns are clustered inside their own table by average linkage of 1 − |r|, cut where the mean |r| between clusters
    falls below `similarity`; the other table is not looked at, so that clusters do not depend on what is tested. A
    block's p is Simes' over its pairs, blocks are selected by Benjamini–Hochberg at `level`, pairs inside by
    :func:`hierarchical`. HAllA (Ghazi et al. 2022) chooses blocks by how many of their pairs were found and controls
    the error of pairs only; here the error is of blocks. It holds as far as p of correlated columns are positively
    dependent, which is usual and not proved for two-sided p.

    Parameters
    ----------
    x, y, method, covariates, block
        As in :func:`associate`, also for the correlations inside a table.
    similarity
        In (0, 1): 0.99 leaves nearly every column by itself.
    level
        False discovery rate of blocks, and on average of pairs inside selected blocks.
    family
        What the blocks are, in words.

    Raises
    ------
    StatisticsError
        As :func:`associate` and :func:`hierarchical`; a similarity outside (0, 1).

    References
    ----------
    Benjamini & Bogomolov (2014) J R Stat Soc B 76:297–318; Ghazi et al. (2022) Bioinformatics 38:i378–i385.

    Examples
    --------
    The strongest block is the one that was made.

    >>> rng = np.random.default_rng(1)
    >>> shared = rng.normal(size=(40, 1))
    >>> microbes = np.hstack([shared + 0.5 * rng.normal(size=(40, 3)), rng.normal(size=(40, 2))])
    >>> molecules = np.hstack([shared + 0.5 * rng.normal(size=(40, 2)), rng.normal(size=(40, 2))])
    >>> associated_blocks(microbes, molecules).table().loc[[0], ["x", "y", "pairs", "found"]].values.tolist()
    [[(0, 1, 2), (0, 1), 6, 6]]
    """
    if not 0 < similarity < 1:
        raise StatisticsError("similarity does not lie between 0 and 1", found=similarity, expected="such as 0.5")
    found = associate(x, y, method=method, covariates=covariates, block=block)
    clusters = [
        _clusters(associate(table, table, method=method, covariates=covariates, block=block).r, similarity)
        for table in (x, y)
    ]
    codes = clusters[0][:, None] * (clusters[1].max() + 1) + clusters[1][None, :]
    tests = hierarchical(found.p.ravel(), codes.ravel(), family=family, level=level)
    names = np.empty(len(tests.groups), object)
    names[:] = [tuple(map(int, divmod(code, int(clusters[1].max()) + 1))) for code in tests.groups]
    return AssociatedBlocks(clusters[0], clusters[1], found, replace(tests, groups=names))


def _clusters(r: Floats, similarity: float) -> NDArray[np.int64]:
    """Return clusters from 0 in the order of their first column; a column without r stays by itself."""
    if len(r) == 1:
        return np.zeros(1, dtype=np.int64)
    from scipy.cluster.hierarchy import fcluster, linkage

    upper = np.triu_indices(len(r), 1)
    distance = 1 - np.abs(np.nan_to_num(r[upper]))
    labels = fcluster(linkage(distance, "average"), 1 - similarity, "distance")
    order = {label: i for i, label in enumerate(dict.fromkeys(labels.tolist()))}
    return np.array([order[label] for label in labels.tolist()], dtype=np.int64)
