"""Depth, identity and strains from counts whose truth is known, against slow twins."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from commensal.reads.coverage import Depth, Tally, depth_given, fit, likelihood, tally
from commensal.reads.strains import strain

K = 31


def counts(rng, size, ani, depth):
    return np.where(rng.random(size) < ani**K, rng.poisson(depth, size), 0)


def test_likelihood_is_the_zero_inflated_poisson():
    seen = np.array([0, 0, 0, 1, 1, 2, 5])
    given = tally(seen)
    assert given == Tally(7, 4, 9)
    share, depth = np.array([0.3, 0.8]), np.array([0.7, 2.5])
    slow = [
        sum(np.log(s * stats.poisson.pmf(c, d) + (1 - s) * (c == 0)) for c in seen)
        + sum(np.log([1, 1, 2, 120]))  # the factorials, which are left out
        for s, d in zip(share, depth, strict=True)
    ]
    np.testing.assert_allclose(likelihood(given, share, depth), slow, rtol=1e-12)


@pytest.mark.parametrize("given", [Tally(500, 40, 43), Tally(500, 480, 2400), Tally(500, 100, 600), Tally(500, 3, 3)])
def test_depth_is_where_the_likelihood_is_greatest(given):
    share = np.array([0.21, 0.5, 1.0])
    found = depth_given(given, share)
    grid = np.geomspace(1e-4, 50, 40_001)
    for one, at in zip(share, found, strict=True):
        if given.hit > one * given.size:
            continue  # more are seen than can be there: no such maximum is asked for
        best = grid[np.argmax(likelihood(given, np.full_like(grid, one), grid))]
        assert at == pytest.approx(best, rel=2e-3)


@pytest.mark.parametrize(("ani", "depth"), [(1.0, 0.05), (1.0, 3.0), (0.98, 0.5), (0.97, 4.0), (0.96, 30.0)])
def test_intervals_hold_the_truth(ani, depth):
    rng = np.random.default_rng(7)
    fits = [fit(tally(counts(rng, 8000, ani, depth)), K) for _ in range(60)]
    held = np.mean([one.depth_low <= depth <= one.depth_high for one in fits])
    named = np.mean([one.ani_low - 5e-4 <= ani <= one.ani_high + 5e-4 for one in fits])
    assert held >= 0.85
    assert named >= 0.85
    assert np.median([one.depth for one in fits]) == pytest.approx(depth, rel=0.06)
    assert all(one.species > 0.95 for one in fits)


def test_another_species_is_not_called_one():
    rng = np.random.default_rng(3)
    for depth in (0.3, 3.0, 30.0):
        assert fit(tally(counts(rng, 8000, 0.90, depth)), K).species < 0.05
    assert fit(Tally(8000, 0, 0), K).species == 0


def test_repeats_and_strays_do_not_move_the_depth():
    rng = np.random.default_rng(5)
    plain = counts(rng, 8000, 1.0, 20.0)
    mixed = np.concatenate([plain[:7600], rng.poisson(400, 200), rng.poisson(1.0, 200)])
    assert fit(tally(mixed), K).depth == pytest.approx(20.0, rel=0.01)


def nearest(depth):
    return Depth(depth, depth * 0.97, depth * 1.03, 1.0, 1.0, 1.0, 1.0)


@pytest.mark.parametrize(("depth", "share"), [(3.0, 0.25), (3.0, 0.5), (20.0, 0.05), (0.7, 0.3), (9000.0, 0.1)])
def test_two_strains_are_told_apart(depth, share):
    rng = np.random.default_rng(11)
    own = np.concatenate([rng.poisson(share * depth, 3000), rng.poisson(depth, 200)])  # some are the nearest one's too
    seen = strain(own, nearest(depth), 0.989)
    assert seen.coexists
    # below 1 × the counts hardly tell the other strain's k-mers from the hidden ones of the nearest
    assert seen.depth == pytest.approx(share * depth, rel=0.1 if depth > 1 else 0.2)
    assert seen.at_most >= share * 0.9


@pytest.mark.parametrize("depth", [1.0, 4.0, 25.0, 3000.0])
@pytest.mark.parametrize("present", [0.0, 0.08, 0.35, 0.7])
def test_one_strain_between_the_references_is_never_two(depth, present):
    rng = np.random.default_rng(13)
    for uneven in (1.0, rng.choice([0.75, 1.0, 1.25], 3000)):
        own = np.where(rng.random(3000) < present, rng.poisson(depth * uneven, 3000), 0)
        assert not strain(own, nearest(depth), 0.975).coexists


def test_shallow_or_alike_strains_are_not_resolvable():
    rng = np.random.default_rng(17)
    assert strain(rng.poisson(0.004, 3000), nearest(0.02), 0.989).status == "not_resolvable"
    assert strain(rng.poisson(1.0, 10), nearest(3.0), 0.9999).status == "not_resolvable"
    assert strain(rng.poisson(1.0, 3000), nearest(0.0), 0.989).status == "not_resolvable"


def test_a_strain_that_is_not_there_has_an_upper_limit():
    seen = strain(np.zeros(3000, dtype=int), nearest(3.0), 0.989)
    assert seen.status == "ok"
    assert seen.at_most < 0.01
