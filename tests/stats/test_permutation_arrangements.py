"""Arrangements against brute force: every distinct one, once, and as many as there are."""

from __future__ import annotations

from itertools import permutations as orders
from math import comb, factorial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commensal import stats
from commensal.errors import StatisticsError


def brute(label, block=None, whole=False):
    """All distinct label vectors by going through every order of the samples (or blocks): slow and plain."""
    label = list(label)
    if whole:
        names = sorted(set(block))
        carried = [label[block.index(name)] for name in names]
        return {tuple(dict(zip(names, order, strict=True))[b] for b in block) for order in orders(carried)}
    found = set()
    for order in orders(range(len(label))):
        if block is None or all(block[i] == block[j] for i, j in enumerate(order)):
            found.add(tuple(label[j] for j in order))
    return found


DESIGNS = [
    ([0, 0, 1, 1], None, False),
    ([0, 1, 2, 2, 1], None, False),
    ([0.2, 0.7, 0.5, 0.2], None, False),
    ([0, 1, 0, 1, 1, 1], ["a", "a", "a", "b", "b", "b"], False),
    ([0, 1, 0, 1, 1, 0], ["a", "b", "a", "b", "a", "b"], False),
    ([0, 1, 2, 5, 5, 7], ["x", "x", "x", "y", "y", "z"], False),
    ([0, 0, 1, 1, 1, 0], ["a", "a", "b", "b", "b", "c"], True),
    ([0.1, 0.1, 0.4, 0.9, 0.4], ["a", "a", "b", "c", "d"], True),
]


@pytest.mark.parametrize(("label", "block", "whole"), DESIGNS)
def test_every_distinct_arrangement_is_there_once_and_the_observed_one_is_first(label, block, whole):
    arranged = stats.permutations(label, block=block)
    rows = [tuple(row) for row in arranged.labels.tolist()]
    expected = {tuple(float(v) for v in row) for row in brute(label, block, whole)}
    assert len(rows) == len(set(rows))
    assert set(rows) == expected
    assert rows[0] == tuple(label)
    assert arranged.exact
    assert arranged.n_distinct == len(expected)
    assert arranged.scheme == ("whole blocks" if whole else "free" if block is None else "within blocks")
    assert stats.count_arrangements(label, block) == (float(len(expected)), arranged.scheme)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2), st.sampled_from("ab")), min_size=2, max_size=6))
def test_counts_equal_brute_force_within_blocks(rows):
    label, block = [v for v, _ in rows], [b for _, b in rows]
    assert stats.count_arrangements(label, block, "within blocks")[0] == len(brute(label, block))


def test_two_against_three_cages_reach_a_tenth():
    # Two untreated and three treated cages with a metabolome, four mice each: 5 choose 2.
    treated = np.repeat([0, 0, 1, 1, 1], 4)
    arranged = stats.permutations(treated, block=np.repeat(list("abcde"), 4))
    assert arranged.labels.shape == (10, 20)
    assert arranged.smallest_p == pytest.approx(0.1)


def test_three_against_three_cages_mirror_each_other():
    label, block = np.repeat([0, 1], 6), np.repeat(list("abcdef"), 2)
    assert stats.is_mirrored(label, block)
    assert stats.smallest_p(comb(6, 3), mirrored=True) == pytest.approx(0.1)
    assert not stats.is_mirrored([0, 0, 1, 0, 1], ["a", "a", "a", "b", "b"])


def test_whole_blocks_of_unequal_size_keep_one_label_each():
    label, block = [0, 0, 0, 1, 1, 0, 1], list("aaabbcd")
    arranged = stats.permutations(label, block=block)
    for row in arranged.labels:
        assert all(len(set(row[np.array(block) == b])) == 1 for b in "abcd")
    assert arranged.n_distinct == comb(4, 2)


def test_units_inside_blocks_move_as_wholes_within_their_block():
    block = list("xxxxxyyyy")
    person = ["p1", "p1", "p2", "p3", "p3", "p4", "p4", "p5", "p5"]
    label = [1, 1, 0, 0, 0, 1, 1, 0, 0]
    arranged = stats.permutations(label, block=block, unit=person)
    assert arranged.scheme == "whole units within blocks"
    assert arranged.n_distinct == 3 * 2
    for row in arranged.labels:
        assert all(len(set(row[np.array(person) == p])) == 1 for p in set(person))
    with pytest.raises(StatisticsError, match="more than one block"):
        stats.permutations([1, 0, 0, 1], block=list("xxyy"), unit=["p", "q", "q", "r"])


def test_random_arrangements_keep_the_design_and_are_uniform():
    label, block = [0, 0, 0, 1, 0, 1, 1, 1], list("aaaabbbb")
    arranged = stats.permutations(label, block=block, n=15, seed=3)
    assert not arranged.exact
    assert arranged.smallest_p == 1 / 16
    arranged = stats.permutations([0, 0, 1, 1], n=5, seed=3)
    many = stats.permutations(np.repeat([0, 1], 8), n=6000, seed=3)
    assert arranged.labels.shape == (5, 4)
    assert (many.labels.sum(axis=1) == 8).all()
    # each sample is a case half of the time: 6,000 draws have a standard error of 0.0065
    assert np.abs(many.labels.mean(axis=0) - 0.5).max() < 5 * 0.0065


def test_the_seed_decides_and_the_number_drawn_does_not_change_the_first_rows():
    label, block = np.tile([0, 1, 1, 0, 1], 8), np.repeat(np.arange(8), 5)
    few = stats.permutations(label, block=block, n=50, seed=9)
    more = stats.permutations(label, block=block, n=200, seed=9)
    assert np.array_equal(few.labels, more.labels[:50])
    assert not np.array_equal(few.labels, stats.permutations(label, block=block, n=50, seed=10).labels)


def test_counts_beyond_floating_point_are_infinite_and_large_ones_are_right():
    assert stats.count_arrangements(np.repeat([0, 1], 1000))[0] == float("inf")
    assert stats.count_arrangements(np.arange(20))[0] == float(factorial(20))
    assert stats.smallest_p(float("inf")) == pytest.approx(1e-4)


def test_a_label_that_cannot_move_has_one_arrangement():
    arranged = stats.permutations([1, 1, 0, 0], block=list("aabb"), scheme="within blocks")
    assert (arranged.n_distinct, arranged.smallest_p, arranged.labels.shape) == (1, 1, (1, 4))


def test_labels_that_differ_by_rounding_are_one_label():
    assert stats.count_arrangements([0.1 + 0.2, 0.3, 1.0])[0] == 3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"label": [0, float("nan")]}, "missing or infinite"),
        ({"label": []}, "no samples"),
        ({"label": ["case", "control"]}, "does not hold numbers"),
        ({"label": [0, 1], "block": ["a"]}, "does not fit"),
        ({"label": [0, 1], "block": ["a", None]}, "block is missing"),
        ({"label": [0, 1], "scheme": "blocked"}, "no such permutation scheme"),
        ({"label": [0, 1], "scheme": "within blocks"}, "needs blocks"),
        ({"label": [0, 1], "block": ["a", "a"], "scheme": "whole blocks"}, "varies within a block"),
        ({"label": [0, 1], "n": 0}, "no permutations"),
    ],
)
def test_bad_input_is_refused_in_words(arguments, message):
    with pytest.raises(StatisticsError, match=message):
        stats.permutations(**arguments)


def brute_both(label, block):
    """Blocks of one size change places, then samples inside blocks: by every order of both."""
    names = sorted(set(block))
    members = {name: [i for i, b in enumerate(block) if b == name] for name in names}
    found = set()
    for order in orders(names):
        if any(len(members[a]) != len(members[b]) for a, b in zip(names, order, strict=True)):
            continue
        moved = list(label)
        for a, b in zip(names, order, strict=True):
            for i, j in zip(members[a], members[b], strict=True):
                moved[i] = label[j]
        found |= brute(moved, block)
    return found


@pytest.mark.parametrize(
    ("label", "block"),
    [
        ([0, 0, 1, 1, 0, 1], list("aabbcc")),
        ([0, 1, 1, 1, 0, 0, 1], list("aabbbcc")),
        ([0, 0.5, 1, 1, 0, 0.5], list("aabbcc")),
        ([0, 0, 1, 1], list("aabb")),
    ],
)
def test_whole_blocks_and_within_move_a_label_as_brute_force_does(label, block):
    arranged = stats.permutations(label, block=block, scheme="whole blocks and within")
    rows = [tuple(row) for row in arranged.labels.tolist()]
    expected = {tuple(float(v) for v in row) for row in brute_both(label, block)}
    assert (len(rows), set(rows), rows[0]) == (len(expected), expected, tuple(label))
    assert stats.count_arrangements(label, block, "whole blocks and within") == (len(expected), arranged.scheme)
    flipped = tuple(min(label) + max(label) - v for v in label)
    assert stats.is_mirrored(label, block, "whole blocks and within") == (flipped in expected)


def test_drawn_arrangements_of_blocks_and_samples_are_uniform_and_need_blocks():
    label, block = [0, 0, 1, 1, 0, 1], list("aabbcc")
    drawn = stats.permutations(label, block=block, scheme="whole blocks and within", n=11, seed=3)
    assert (drawn.exact, drawn.n_distinct) == (False, 12.0)  # 3! orders of {00, 11, 01} × 2 orders of 01
    many = np.vstack(
        [
            stats.permutations(label, block=block, scheme="whole blocks and within", n=11, seed=seed).labels
            for seed in range(300)
        ]
    )
    counts = np.unique(many, axis=0, return_counts=True)[1]
    assert len(counts) == 12
    assert np.abs(counts - 275).max() < 5 * np.sqrt(275)
    for call in (stats.permutations, stats.count_arrangements, stats.is_mirrored):
        with pytest.raises(StatisticsError, match="needs blocks"):
            call(label, scheme="whole blocks and within")


def test_dispersion_and_permanova_take_blocks_and_samples_moving_both():
    rng = np.random.default_rng(2)
    label, block = np.tile([0, 1, 1, 0, 0, 1], 4), np.repeat(np.arange(6), 4)
    label[4:8] = 1
    d = stats.euclidean(rng.normal(size=(24, 5)))
    arranged = stats.permutations(label, block=block, scheme="whole blocks and within", n=199)
    for fit in (stats.permanova(d, label, permutations=arranged), stats.permdisp(d, label, arranged)):
        assert fit.status == "ok"
        assert 0 < fit.p <= 1
        assert fit.n_distinct == stats.count_arrangements(label, block, "whole blocks and within")[0]
