"""The exact p of perfect separation against Fisher, the sign test and brute force."""

import numpy as np
import pytest
from scipy import stats as scipy_stats

from commensal import stats


@pytest.mark.parametrize(("case", "control"), [(3, 3), (4, 9), (10, 10), (1, 6)])
def test_without_blocks_it_is_fishers_exact_test(case, control):
    exact = scipy_stats.fisher_exact([[case, 0], [0, control]]).pvalue
    assert stats.separated_p([1] * case + [0] * control) == pytest.approx(exact)


def test_in_pairs_it_is_the_sign_test():
    label, pair = np.tile([0, 1], 8), np.repeat(np.arange(8), 2)
    assert stats.separated_p(label, pair, "within blocks") == pytest.approx(scipy_stats.binomtest(8, 8).pvalue)


def test_blocks_of_one_side_say_nothing():
    label = np.array([0, 1, 0, 1, 1, 1, 1])
    block = np.array(["a", "a", "b", "b", "c", "c", "d"])
    assert stats.separated_p(label, block, "within blocks") == 2 / 4


def test_whole_blocks_are_arranged_as_one():
    label, block = np.repeat([0, 0, 1, 1, 1], 3), np.repeat(list("abcde"), 3)
    assert stats.separated_p(label, block, "whole blocks") == 1 / 10


def test_one_arrangement_has_no_p():
    assert np.isnan(stats.separated_p([1, 1, 1]))
    assert np.isnan(stats.separated_p([1, 0], ["a", "b"], "within blocks"))


def test_p_is_never_zero():
    assert 0 < stats.separated_p(np.tile([0, 1], 3000)) < 1e-300
