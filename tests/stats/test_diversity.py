"""Diversity and distances: by hand, by enumeration, against scikit-bio, and by invariance."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commensal import stats
from commensal.errors import StatisticsError

TREE = "((a_1:1,b:2):1,(c:1,d:0.5):3);"
TIPS = ["a_1", "b", "c", "d"]
COUNTS = np.array([[1, 2, 0, 0], [0, 1, 1, 1], [4, 0, 0, 4]])


def test_rarefied_richness_is_the_mean_over_all_subsamples():
    counts = np.array([[3, 2, 1, 0], [1, 1, 1, 4], [2, 0, 0, 0]])
    for depth in (1, 2, 4, 6):
        expected = []
        for row in counts:
            reads = np.repeat(np.arange(4), row)
            if reads.size < depth:
                expected.append(np.nan)
                continue
            drawn = [len(set(reads[list(pick)])) for pick in combinations(range(reads.size), depth)]
            expected.append(np.mean(drawn))
        assert stats.rarefied_richness(counts, depth) == pytest.approx(np.array(expected), rel=1e-10, nan_ok=True)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=30).filter(any), st.data())
def test_rarefied_richness_grows_with_depth_and_ends_at_the_observed_one(row, data):
    total = sum(row)
    depth = data.draw(st.integers(1, total))
    at_depth = stats.rarefied_richness([row], depth)[0]
    observed = sum(v > 0 for v in row)
    assert 1 - 1e-6 <= at_depth <= observed + 1e-9
    assert at_depth <= min(depth, observed) + 1e-6
    assert stats.rarefied_richness([row], total)[0] == pytest.approx(observed)
    assert np.isnan(stats.rarefied_richness([row], total + 1)[0])


def test_even_depth_keeps_nineteen_of_twenty():
    totals = np.arange(1, 21) * 100.0
    assert stats.even_depth(totals) == 200
    assert stats.even_depth(totals[1:]) == 200  # 95 % of 19 is all of them
    assert stats.even_depth([*totals, 0.0]) == 200  # an empty sample is kept at no depth
    assert stats.even_depth(totals, keep=1) == 100
    for bad in ([], [0.0, 0.0], [-1.0]):
        with pytest.raises(StatisticsError):
            stats.even_depth(bad)


def test_shannon_by_hand_and_of_shares():
    counts = np.array([[1, 1, 1, 1], [10, 0, 0, 0], [0, 0, 0, 0]])
    assert stats.shannon(counts) == pytest.approx([np.log(4), 0, np.nan], nan_ok=True)
    assert stats.shannon([[0.5, 0.25, 0.25]])[0] == pytest.approx(1.5 * np.log(2))


def test_faith_by_hand_and_as_in_scikit_bio():
    from io import StringIO

    from skbio import TreeNode
    from skbio.diversity import alpha_diversity

    assert stats.faith_pd(COUNTS, TIPS, TREE) == pytest.approx([1 + 2 + 1, 2 + 1 + 1 + 0.5 + 3, 1 + 1 + 0.5 + 3])
    tree = TreeNode.read(StringIO(TREE), convert_underscores=False)
    assert stats.faith_pd(COUNTS, TIPS, TREE) == pytest.approx(
        alpha_diversity("faith_pd", COUNTS, taxa=TIPS, tree=tree).to_numpy()
    )
    assert np.isnan(stats.faith_pd([[0, 0, 0, 0]], TIPS, TREE)[0])


@pytest.mark.parametrize("weighted", [True, False])
def test_unifrac_equals_scikit_bio_on_counts_and_does_not_see_depth(weighted):
    from io import StringIO

    from skbio import TreeNode
    from skbio.diversity import beta_diversity

    rng = np.random.default_rng(3)
    names = [f"t{j}" for j in range(12)]
    text = names[0] + ":0.4"
    for name in names[1:]:
        text = f"({text},{name}:{rng.random():.3f}):{rng.random():.3f}"
    text = text[: text.rindex(":")]
    counts = rng.poisson(2, size=(9, 12)) + np.eye(9, 12, dtype=int)
    ours = stats.unifrac(counts, names, text + ";", weighted=weighted)
    tree = TreeNode.read(StringIO(text + ";"))
    kind = "weighted_unifrac" if weighted else "unweighted_unifrac"
    assert ours == pytest.approx(beta_diversity(kind, counts, taxa=names, tree=tree).data, abs=1e-12)
    shares = counts / counts.sum(axis=1, keepdims=True)
    assert stats.unifrac(shares, names, text + ";", weighted=weighted) == pytest.approx(ours, abs=1e-12)
    order = rng.permutation(12)
    again = stats.unifrac(counts[:, order], [names[j] for j in order], text + ";", weighted=weighted)
    assert again == pytest.approx(ours, abs=1e-12)


def test_unifrac_by_hand():
    # Branches: a_1 1, b 2, ab 1, c 1, d 0.5, cd 3; shares (1/3, 2/3, 0, 0) and (0, 1/3, 1/3, 1/3).
    weighted = 1 / 3 * 1 + 1 / 3 * 2 + 2 / 3 * 1 + 1 / 3 * 1 + 1 / 3 * 0.5 + 2 / 3 * 3
    assert stats.unifrac(COUNTS, TIPS, TREE, weighted=True)[0, 1] == pytest.approx(weighted)
    assert stats.unifrac(COUNTS, TIPS, TREE, weighted=False)[0, 1] == pytest.approx((1 + 1 + 0.5 + 3) / 8.5)


def test_an_unrooted_tree_is_rooted_at_its_midpoint():
    # Longest path c–b: 1 + 3 + 2 = 6; its middle lies on the branch of length 3, 2 above the (c, d) node.
    unrooted, rooted = "(a:1,b:2,(c:1,d:1):3);", "((a:1,b:2):1,(c:1,d:1):2);"
    assert not stats.is_rooted(unrooted)
    for weighted in (True, False):
        assert stats.unifrac(COUNTS, list("abcd"), unrooted, weighted=weighted) == pytest.approx(
            stats.unifrac(COUNTS, list("abcd"), rooted, weighted=weighted)
        )


@pytest.mark.parametrize(
    ("ids", "tree", "message"),
    [
        (["a_1", "b", "c", "e"], TREE, "1 of 4 features are not in the tree(.|\n)*found: e"),
        (["a 1", "b", "c", "d"], TREE, "not in the tree"),
        (["b", "b", "c", "d"], TREE, "same name"),
        (TIPS, "((a_1:1,a_1:2):1,(b:1,c:1,d:1):3);", "same name"),
        (TIPS, "((a_1:1,b:2):1,(c:1,d):3);", "1 of 6 branches have no length"),
        (TIPS, "((a_1:1,b:2),(c:1,d:1):3);", "inner node"),
        (TIPS, "((a_1:1,b:-2):1,(c:1,d:1):3);", "negative lengths"),
        (TIPS, "((a_1:1,b:2", "not in Newick"),
        (TIPS, "  ", "empty"),
        (TIPS[:3], TREE, "do not fit"),
    ],
)
def test_trees_that_do_not_fit_are_refused_in_words(ids, tree, message):
    with pytest.raises(StatisticsError, match=message):
        stats.faith_pd(COUNTS, ids, tree)


def test_distances_by_hand():
    assert stats.bray_curtis([[6, 7, 4], [10, 0, 6]])[0, 1] == pytest.approx(13 / 33)
    assert stats.aitchison([[1.0, 10.0, 100.0], [10.0, 10.0, 10.0]])[0, 1] == pytest.approx(np.sqrt(2) * np.log(10))


def test_aitchison_zero_rule_and_scale():
    counts = np.array([[3, 0, 1], [5, 2, 0]])
    assert np.allclose(stats.aitchison(counts), stats.aitchison(counts + 0.5))
    shares = counts / counts.sum(axis=1, keepdims=True)
    assert stats.zero_replacement(shares) == pytest.approx(0.125)
    assert np.allclose(stats.aitchison(shares), stats.aitchison(shares + 0.125))
    assert np.allclose(stats.aitchison(100 * shares), stats.aitchison(shares))
    assert np.allclose(stats.aitchison(counts, pseudocount=2), stats.aitchison(counts + 2))
    # without zeros each sample's own scale drops out
    whole = np.array([[3.0, 2.0, 1.0], [5.0, 2.0, 9.0]])
    assert np.allclose(stats.aitchison(whole * [[1], [50]]), stats.aitchison(whole))


@pytest.mark.parametrize("distance", [stats.bray_curtis, stats.aitchison])
def test_distances_refuse_what_has_none(distance):
    for table, message in [
        ([[1, -1], [1, 1]], "negative"),
        ([[1, np.nan], [1, 1]], "missing"),
        ([[0, 0], [1, 1]], "rows 0"),
        ([1, 2], "dimensions"),
    ]:
        with pytest.raises(StatisticsError, match=message):
            distance(table)
    with pytest.raises(StatisticsError, match="missing"):
        stats.euclidean([[np.nan, 1.0]])
    with pytest.raises(StatisticsError, match="whole numbers"):
        stats.rarefied_richness([[0.5, 0.5]], 1)
    with pytest.raises(StatisticsError, match="pseudocount"):
        stats.aitchison([[0, 1]], pseudocount=0)
    with pytest.raises(StatisticsError, match="even depth"):
        stats.rarefied_richness([[5, 5]], 0)


def test_pcoa_gives_euclidean_distances_back_and_shares_add_up():
    x = np.random.default_rng(7).normal(size=(15, 4))
    d = stats.euclidean(x)
    result = stats.pcoa(d, axes=5)
    assert stats.euclidean(result.coordinates) == pytest.approx(d, abs=1e-9)
    assert result.share.sum() == pytest.approx(1)
    assert result.share[4] == 0
    singular = np.linalg.svd(x - x.mean(axis=0), compute_uv=False) ** 2
    assert result.share[:4] == pytest.approx(singular / singular.sum())
    assert (result.coordinates[np.abs(result.coordinates[:, :4]).argmax(axis=0), np.arange(4)] > 0).all()
    assert (stats.pcoa(np.zeros((3, 3))).coordinates == 0).all()
    with pytest.raises(StatisticsError):
        stats.pcoa(d, axes=0)


def test_pcoa_share_counts_positive_eigenvalues_only_as_scikit_bio_does():
    from skbio import DistanceMatrix
    from skbio.stats.ordination import pcoa

    d = stats.bray_curtis(np.random.default_rng(1).gamma(0.3, size=(14, 6)) + 1e-3)
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns of the negative eigenvalues
        theirs = pcoa(DistanceMatrix(d))
    ours = stats.pcoa(d)
    assert ours.share == pytest.approx(theirs.proportion_explained.to_numpy()[:2], rel=1e-8)
    assert np.abs(ours.coordinates) == pytest.approx(np.abs(theirs.samples.to_numpy()[:, :2]), abs=1e-8)


def test_rarefied_faith_pd_is_the_mean_over_all_subsamples():
    """By brute force: Faith's PD of every pair of reads drawn without replacement, averaged."""
    tree, ids = "((a:1,b:2):1,(c:3,d:0.5):0.25);", ["a", "b", "c", "d"]
    counts = np.array([3, 1, 2, 1])
    reads = np.repeat(np.arange(4), counts)
    drawn = [np.bincount(reads[list(pair)], minlength=4) for pair in combinations(range(reads.size), 3)]
    by_hand = stats.faith_pd(np.array(drawn), ids, tree).mean()
    np.testing.assert_allclose(stats.rarefied_faith_pd(counts[None], 3, ids, tree), by_hand, rtol=1e-12)


def test_rarefied_faith_pd_of_a_shallow_sample_is_missing_and_of_all_reads_is_faith_pd():
    tree, ids = "((a:1,b:2):1,c:3);", ["a", "b", "c"]
    assert np.isnan(stats.rarefied_faith_pd([[1, 0, 0]], 2, ids, tree)).all()
    np.testing.assert_allclose(
        stats.rarefied_faith_pd([[3, 1, 0]], 4, ids, tree), stats.faith_pd([[3, 1, 0]], ids, tree), rtol=1e-12
    )
