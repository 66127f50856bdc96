"""Permutation p of a label for many responses: brute force, Fisher's exact test, blocks, missing values."""

from __future__ import annotations

from itertools import permutations as orders

import numpy as np
import pytest
from scipy.stats import binomtest, fisher_exact

from commensal import stats
from commensal.errors import StatisticsError


def test_p_is_that_of_least_squares_over_every_order():
    rng = np.random.default_rng(1)
    label, age = np.array([0, 0, 0, 1, 1, 1.0]), rng.normal(size=6)
    y = rng.normal(size=(6, 4))
    arranged = stats.permutations(label)

    def explained(x: np.ndarray, column: np.ndarray) -> float:
        fixed = np.column_stack([np.ones(6), age])
        rss = [np.linalg.lstsq(design, column, rcond=None)[1].item() for design in (fixed, np.column_stack([fixed, x]))]
        return rss[0] - rss[1]

    by_hand = []
    for column in y.T:
        null = [explained(np.array(order), column) for order in set(orders(label))]
        by_hand.append(np.mean(np.array(null) >= explained(label, column) * (1 - 1e-9)))
    np.testing.assert_allclose(stats.label_p(y, arranged, label, fixed=age[:, None]), by_hand)


def test_without_blocks_a_perfect_difference_has_fishers_p():
    label = np.repeat([1.0, 0.0], [5, 5])
    p = stats.label_p(label[:, None], stats.permutations(label), label)
    assert p[0] == pytest.approx(fisher_exact([[5, 0], [0, 5]]).pvalue)


def test_perfect_ranks_before_all_but_perfect():
    """Eight pairs: the perfect response has 2/256, one with a single exception more."""
    block = np.repeat(np.arange(8), 2)
    label = np.tile([1.0, 0.0], 8)
    almost = label.copy()
    almost[1] = 1
    fixed = (block[:, None] == np.arange(1, 8)).astype(float)
    p = stats.label_p(np.column_stack([label, almost]), stats.permutations(label, block=block), label, fixed=fixed)
    assert p[0] == pytest.approx(2 / 256)
    assert p[1] > p[0]


def test_null_rates_in_the_tail_of_rare_presence():
    """Six households of four, presence 0.3, 20,000 responses: the tail that a t test gets wrong by six times."""
    rng = np.random.default_rng(2)
    block, label = np.repeat(np.arange(6), 4), np.tile([1.0, 0, 0, 0], 6)
    y = (rng.random((24, 20_000)) < 0.3).astype(float)
    fixed = (block[:, None] == np.arange(1, 6)).astype(float)
    arranged = stats.permutations(label, block=block, n=9_999)
    p = stats.label_p(y, arranged, label, fixed=fixed)
    for nominal in (0.05, 0.01, 1e-3):
        assert binomtest(int((p <= nominal).sum()), len(p), nominal, alternative="greater").pvalue > 0.01


def test_missing_samples_leave_label_and_fixed_columns_too():
    rng = np.random.default_rng(3)
    label = np.repeat([1.0, 0.0], 6)
    y = rng.normal(size=(12, 3))
    y[2, 1] = np.nan
    arranged = stats.permutations(label, n=5_000)
    p = stats.label_p(y, arranged, label)
    assert np.isfinite(p).all()
    np.testing.assert_allclose(p[[0, 2]], stats.label_p(y[:, [0, 2]], arranged, label))


def test_what_cannot_be_told_has_no_p():
    label = np.array([1.0, 0, 1, 0])
    arranged = stats.permutations(label)
    p = stats.label_p(np.column_stack([np.ones(4), np.full(4, np.nan)]), arranged, label)
    assert np.isnan(p).all()
    assert np.isnan(stats.label_p(np.eye(4), arranged, label, fixed=label[:, None])).all()
    stuck = stats.permutations([1.0, 1, 0, 0], block=["a", "a", "b", "b"], scheme="within blocks")
    assert np.isnan(stats.label_p(np.eye(4), stuck, [1.0, 1, 0, 0])).all()
    with pytest.raises(StatisticsError, match="not of this label"):
        stats.label_p(np.eye(3), arranged, [1.0, 0, 1])


def test_centroids_of_blocks_equal_those_of_coordinates():
    rng = np.random.default_rng(4)
    x, block = rng.normal(size=(11, 3)), np.array(list("aabbbccccdd"))
    centroids = np.array([x[block == name].mean(axis=0) for name in "abcd"])
    found, names = stats.block_centroids(stats.euclidean(x), block)
    assert names.tolist() == list("abcd")
    np.testing.assert_allclose(found, stats.euclidean(centroids), atol=1e-10)


def test_whole_blocks_of_unequal_size_keep_the_level_as_centroids():
    """Three blocks of eleven against sixteen of two, nothing between them but the blocks themselves."""
    rng = np.random.default_rng(5)
    block = np.repeat(np.arange(19), [11] * 3 + [2] * 16)
    side = (np.arange(19) < 3).astype(float)
    arranged = stats.permutations(side, n=199)
    rejected = {"samples": 0, "centroids": 0}
    whole = stats.permutations(side[block], block=block, n=199)
    for _ in range(300):
        d = stats.euclidean(rng.normal(size=(19, 5))[block] * 2 + rng.normal(size=(len(block), 5)))
        rejected["samples"] += stats.permanova(d, side[block], permutations=whole).p <= 0.05
        rejected["centroids"] += (
            stats.permanova(stats.block_centroids(d, block)[0], side, permutations=arranged).p <= 0.05
        )
    assert binomtest(rejected["centroids"], 300, 0.05, alternative="greater").pvalue > 0.01
    assert rejected["samples"] > rejected["centroids"]
