"""Blocks of associated columns: planted ones are found, null tables have none more often than the level says."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest

from commensal import stats
from commensal.errors import StatisticsError


def correlated(rng, n, clusters, size):
    """Clusters of columns that share a factor."""
    return np.repeat(rng.normal(size=(n, clusters)), size, axis=1) + 0.6 * rng.normal(size=(n, clusters * size))


def test_a_planted_block_is_found_with_its_columns_and_no_other():
    rng = np.random.default_rng(1)
    x, y = correlated(rng, 50, 5, 4), correlated(rng, 50, 6, 3)
    y[:, 3:6] += 1.5 * x[:, 8:12].mean(axis=1, keepdims=True)
    found = stats.associated_blocks(x, y, similarity=0.4)
    table = found.table()
    assert len(found) == 30
    assert table.loc[0, ["x", "y", "pairs", "found"]].tolist() == [(8, 9, 10, 11), (3, 4, 5), 12, 12]
    assert len(table) == 1


def test_null_tables_have_a_block_as_often_as_the_level_says():
    rng = np.random.default_rng(2)
    hits = sum(
        stats.associated_blocks(
            correlated(rng, 20, 4, 4), correlated(rng, 20, 4, 3), method="pearson"
        ).tests.selected.any()
        for _ in range(400)
    )
    assert binomtest(hits, 400, 0.05, alternative="greater").pvalue > 0.01


def test_clusters_do_not_look_at_the_other_table_and_the_order_of_samples_changes_nothing():
    rng = np.random.default_rng(3)
    x, y = correlated(rng, 30, 3, 3), correlated(rng, 30, 2, 3)
    one, two = stats.associated_blocks(x, y), stats.associated_blocks(x, rng.normal(size=(30, 4)))
    assert np.array_equal(one.x_cluster, two.x_cluster)
    order = rng.permutation(30)
    other = stats.associated_blocks(x[order], y[order])
    assert other.tests.omnibus_p == pytest.approx(one.tests.omnibus_p)


def test_constant_and_single_columns():
    rng = np.random.default_rng(4)
    x = np.column_stack([rng.normal(size=12), np.ones(12)])
    found = stats.associated_blocks(x, rng.normal(size=(12, 1)))
    assert found.x_cluster.tolist() == [0, 1]
    assert np.isnan(found.tests.omnibus_p[1])
    assert len(found.table()) == 0


@pytest.mark.parametrize(
    "changed", [{"similarity": 0}, {"similarity": 1}, {"level": 0}, {"family": ""}, {"method": "x"}]
)
def test_bad_input_is_one_clear_error(changed):
    with pytest.raises(StatisticsError):
        stats.associated_blocks(np.eye(5), np.eye(5), **changed)
