"""Arrangements of design rows against brute force over every order of the samples."""

from __future__ import annotations

from itertools import permutations as orders
from math import factorial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commensal import stats
from commensal.errors import StatisticsError

BOTH, WHOLE = "whole blocks and within", "whole blocks"


def brute(codes, block, scheme):
    """All distinct arrangements of row codes, by going through every order of the samples: slow and plain."""
    n, found = len(codes), set()
    for order in orders(range(n)):
        source = [block[j] for j in order]
        if scheme == "within blocks" and source != list(block):
            continue
        if scheme in (WHOLE, BOTH):
            image = {b: {source[i] for i in range(n) if block[i] == b} for b in block}
            if any(len(held) > 1 for held in image.values()):
                continue
            if scheme == WHOLE:
                place = [sum(block[i] == block[j] for i in range(j)) for j in range(n)]
                if any(place[j] != place[i] for i, j in enumerate(order)):
                    continue
        found.add(tuple(codes[j] for j in order))
    return found


DESIGNS = [
    ([0, 1, 2, 2, 1], "aabbb", "free"),
    ([0, 1, 2, 2, 1, 0], "aaabbb", "within blocks"),
    ([0, 1, 2, 2, 1, 0], "aabbcc", WHOLE),
    ([0, 1, 0, 1, 2, 2], "aabbcc", WHOLE),
    ([0, 1, 1, 0, 2, 0, 1], "aabbcdd", WHOLE),
    ([0, 1, 1, 0, 2, 2], "aabbcc", BOTH),
    ([0, 1, 2, 2, 1, 1], "aaabbb", BOTH),
    ([0, 1, 2, 2, 1, 1], "ababab", BOTH),
    ([0, 1, 1, 2, 0, 0, 1], "aabbccc", BOTH),
]


@pytest.mark.parametrize(("codes", "block", "scheme"), DESIGNS)
def test_every_distinct_arrangement_is_there_once_and_the_observed_one_is_first(codes, block, scheme):
    design = np.array([[0.0, 0], [1, 0], [0, 1]])[codes]
    arranged = stats.permuted_rows(design, block=list(block), scheme=scheme)
    rows = [tuple(np.array(codes)[row]) for row in arranged.rows]
    expected = brute(codes, list(block), scheme)
    assert len(rows) == len(set(rows)) == arranged.n_distinct
    assert set(rows) == expected
    assert rows[0] == tuple(codes)
    assert arranged.exact
    random = stats.permuted_rows(design, block=list(block), scheme=scheme, n=len(expected) - 1)
    assert not random.exact
    assert {tuple(np.array(codes)[row]) for row in random.rows} <= expected


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 2), st.sampled_from("abc")), min_size=2, max_size=6),
    st.sampled_from([WHOLE, BOTH]),
)
def test_counts_equal_brute_force(rows, scheme):
    codes, block = [v for v, _ in rows], [b for _, b in rows]
    if scheme == WHOLE and all(len({c for c, b in rows if b == name}) == 1 for name in block):
        return  # blocks of one row each change rows whatever their sizes: brute force knows orders of samples only
    if scheme == BOTH and all(len({c for c, b in rows if b == name}) == 1 for name in block):
        return
    arranged = stats.permuted_rows(np.array(codes, float), block=block, scheme=scheme)
    assert arranged.n_distinct == len(brute(codes, block, scheme))


def test_one_column_has_the_arrangements_of_a_label():
    label, block = np.array([0, 0, 0, 1, 1, 0, 1.0]), list("aaabbcd")
    labels = stats.permutations(label, block=block)
    rows = stats.permuted_rows(label, block=block)
    assert (rows.scheme, rows.n_distinct) == (labels.scheme, labels.n_distinct)
    assert {tuple(row) for row in labels.labels} == {tuple(label[row]) for row in rows.rows}


def test_rows_that_are_all_different_are_counted_as_orders():
    assert stats.permuted_rows(6).n_distinct == factorial(6)
    assert stats.permuted_rows(5, block=list("aabbb"), scheme="within blocks").n_distinct == 12
    assert stats.permuted_rows(6, block=list("aabbcc"), scheme=WHOLE).n_distinct == 6
    assert stats.permuted_rows(6, block=list("aabbcc"), scheme=BOTH).n_distinct == 6 * 2**3
    units = stats.permuted_rows(8, block=list("xxxxyyyy"), unit=list("aabbccdd"), scheme="whole units within blocks")
    assert units.n_distinct == 4


def test_random_rows_are_uniform_over_the_arrangements_of_blocks_and_samples():
    # 6 · 2³ = 48 arrangements, 9,600 draws: 200 of each expected; chi-square with 47 df exceeds 92 once in 10,000.
    arranged = stats.permuted_rows(6, block=list("aabbcc"), scheme=BOTH, n=40, seed=2)
    assert not arranged.exact
    draws = np.concatenate(
        [stats.permuted_rows(6, block=list("aabbcc"), scheme=BOTH, n=47, seed=s).rows for s in range(204)]
    )
    _, times = np.unique(draws, axis=0, return_counts=True)
    expected = len(draws) / 48
    assert times.size == 48
    assert np.sum((times - expected) ** 2 / expected) < 92


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"design": 0}, "no rows"),
        ({"design": [[0, float("nan")]]}, "missing or infinite"),
        ({"design": 3, "scheme": BOTH}, "needs blocks"),
        ({"design": 3, "scheme": "plots"}, "no such permutation scheme"),
        ({"design": 2, "block": ["a"]}, "does not fit"),
        ({"design": 2, "n": 0}, "no permutations"),
        (
            {"design": 4, "block": list("xxyy"), "unit": list("pqqr"), "scheme": "whole units within blocks"},
            "more than one",
        ),
        ({"design": 4, "block": list("xxyy"), "scheme": "whole units within blocks"}, "needs units"),
    ],
)
def test_bad_input_is_refused_in_words(arguments, message):
    with pytest.raises(StatisticsError, match=message):
        stats.permuted_rows(**arguments)
