"""PERMDISP: hand computation, invariance, and the null rates that decided how it permutes."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest, f_oneway

from commensal import stats
from commensal.errors import StatisticsError


@pytest.fixture
def cloud():
    rng = np.random.default_rng(2)
    label = np.repeat([0.0, 1.0], [9, 7])
    return rng.normal(size=(16, 3)) * (1 + 2 * label[:, None]) + 4 * label[:, None], label


def test_distances_to_centroid_and_f_equal_coordinates(cloud):
    x, label = cloud
    fit = stats.permdisp(stats.euclidean(x), label, stats.permutations(label, n=499))
    centroids = np.array([x[label == g].mean(axis=0) for g in (0, 1)])
    z = np.linalg.norm(x - centroids[label.astype(int)], axis=1)
    assert fit.distances == pytest.approx(z, rel=1e-9)
    assert fit.effect == pytest.approx(z[label == 1].mean() - z[label == 0].mean())
    assert fit.f == pytest.approx(f_oneway(z[label == 0], z[label == 1]).statistic, rel=1e-9)
    assert (fit.df, fit.df2, fit.status) == (1, 14, "ok")


def test_p_counts_the_arrangements_each_with_centroids_of_its_own(cloud):
    x, label = cloud
    x, label = x[4:14], label[4:14]
    arranged = stats.permutations(label)
    fit = stats.permdisp(stats.euclidean(x), label, arranged)

    def by_hand(row: np.ndarray) -> float:
        reach = np.empty(len(row))
        for side in (0.0, 1.0):
            reach[row == side] = np.linalg.norm(x[row == side] - x[row == side].mean(axis=0), axis=1)
        return f_oneway(reach[row == 0], reach[row == 1]).statistic

    null = np.array([by_hand(row) for row in arranged.labels])
    assert arranged.exact
    assert fit.f == pytest.approx(by_hand(label), rel=1e-9)
    assert fit.p == pytest.approx(np.mean(null >= fit.f * (1 - 1e-9)))


def test_sides_of_unequal_size_in_many_dimensions_keep_the_level():
    """Eight against sixteen in 300 dimensions: distances to the smaller side's centroid are all shorter."""
    rng = np.random.default_rng(6)
    label = np.repeat([1.0, 0.0], [8, 16])
    arranged = stats.permutations(label, n=199)
    ours, residuals = [], []
    for _ in range(200):
        d = stats.euclidean(rng.normal(size=(24, 300)))
        ours.append(stats.permdisp(d, label, arranged).p <= 0.05)
        residuals.append(stats.permdisp(d, label, arranged, residuals=True).p <= 0.05)
    assert binomtest(int(np.sum(ours)), 200, 0.05, alternative="greater").pvalue > 0.01
    assert np.mean(residuals) > 0.3


def test_residuals_leave_the_difference_out_and_count_the_observed_f_itself(cloud):
    x, label = cloud
    x, label = x[4:14], label[4:14]
    arranged = stats.permutations(label)
    fit = stats.permdisp(stats.euclidean(x), label, arranged, residuals=True)
    e = fit.distances - np.where(label == 1, fit.distances[label == 1].mean(), fit.distances[label == 0].mean())
    null = np.array([f_oneway(e[row == 0], e[row == 1]).statistic for row in arranged.labels[1:]])
    assert fit.p == pytest.approx((1 + np.sum(null >= fit.f)) / 252)


def test_sample_order_and_scale_change_nothing(cloud):
    x, label = cloud
    x, label = x[3:15], label[3:15]
    d = stats.euclidean(x)
    fit = stats.permdisp(d, label, stats.permutations(label))
    order = np.random.default_rng(1).permutation(12)
    for scale in (1e-9, 1e9):
        arranged = stats.permutations(label[order])
        again = stats.permdisp(scale * d[np.ix_(order, order)], label[order], arranged)
        assert again.f == pytest.approx(fit.f, rel=1e-8)
        assert again.effect == pytest.approx(scale * fit.effect, rel=1e-8)
        assert again.distances == pytest.approx(scale * fit.distances[order], rel=1e-8)
        assert again.p == fit.p


def test_what_cannot_be_tested_has_a_status_and_no_p(cloud):
    x, label = cloud
    d = stats.euclidean(x)
    cases = {
        "one side": (d, np.zeros(16), "too_few"),
        "one sample": (d, np.eye(16)[0], "too_few"),
        "all alike": (np.zeros((16, 16)), label, "constant"),
        "no spread of the distances": (stats.euclidean([[0], [2], [10], [18]]), np.array([0, 0, 1, 1]), "constant"),
    }
    for name, (distance, given, status) in cases.items():
        fit = stats.permdisp(distance, given, stats.permutations(given, n=99))
        assert (name, fit.status) == (name, status)
        assert np.isnan(fit.p)
    stuck = stats.permutations(label, block=label.astype(str), scheme="within blocks")
    fit = stats.permdisp(d, label, stuck)
    assert fit.status == "too_few"
    assert np.isnan(fit.p)
    with pytest.raises(StatisticsError, match="two groups"):
        three = np.arange(16) % 3
        stats.permdisp(d, three, stats.permutations(three, n=9))


def test_whole_cages_keep_the_level_where_residuals_do_not():
    # Two times four cages of four, none of them different: 400 studies, standard error 0.011 at 5 %.
    rng = np.random.default_rng(5)
    block = np.repeat(np.arange(8), 4)
    label = np.repeat([0.0, 1.0], 16)
    arranged = stats.permutations(label, block=block)
    ours, residuals = [], []
    for _ in range(400):
        x = rng.normal(size=(32, 5)) * np.exp(rng.normal(0, 0.4, 8))[block][:, None]
        d = stats.euclidean(x)
        ours.append(stats.permdisp(d, label, arranged).p <= 0.05)
        residuals.append(stats.permdisp(d, label, arranged, residuals=True).p <= 0.05)
    assert np.mean(ours) < 0.05 + 3 * 0.011
    assert np.mean(residuals) > 0.05 + 3 * 0.011
