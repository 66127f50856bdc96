"""Leaks, swaps and reagents' species: found where planted, seldom where not, scored as R does."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from commensal.reads.cohort_quality import adjacent, by_frequency, by_prevalence, leaks, shallow, strays, twins

REFERENCE = Path(__file__).parents[2] / "references" / "decontam" / "scores.tsv"


def community(rng: np.random.Generator, species: int = 150, carried: float = 0.35) -> np.ndarray:
    values = np.where(rng.random(species) < carried, rng.lognormal(0, 2, species), 0.0)
    return values / values.sum()


def measured(rng: np.random.Generator, shares: np.ndarray, floor: float) -> np.ndarray:
    """What a profile of these shares says: noise of 5 %, and nothing below the floor."""
    noisy = shares * np.exp(rng.normal(0, 0.05, len(shares)))
    return np.where(noisy > floor, noisy, 0.0)


@pytest.mark.parametrize(("rate", "least"), [(0.2, 18), (0.05, 18), (0.02, 14)])
def test_a_planted_leak_is_found_with_its_direction_and_rate(rate, least):
    rng = np.random.default_rng(int(rate * 100))
    floor, hits = 1e-4, 0
    for _ in range(20):
        source, target = community(rng), community(rng)
        shares = np.stack([measured(rng, one, floor) for one in (source, (1 - rate) * target + rate * source)])
        found = leaks(shares, ["s", "t"], ["1", "2"], np.full(2, floor), {"s": ("p", "A1"), "t": ("p", "B2")})
        hits += any(
            leak.source == "s" and leak.target == "t" and 0.6 < leak.rate / rate < 1.6 and leak.neighbours
            for leak in found
        )
        assert not any(leak.source == "t" for leak in found)
    assert hits >= least


def test_unrelated_samples_and_one_subjects_samples_give_no_leak():
    rng = np.random.default_rng(3)
    shares = np.stack([measured(rng, community(rng), 1e-4) for _ in range(20)])
    names = [str(i) for i in range(20)]
    assert leaks(shares, names, names, np.full(20, 1e-4), {}) == []
    one, other = community(rng), community(rng)
    mixed = np.stack([one, 0.95 * other + 0.05 * one])
    assert leaks(mixed, ["a", "b"], ["same", "same"], np.full(2, 1e-4), {}) == []


def test_wells_touch_by_side_and_corner_and_say_nothing_when_unreadable():
    assert adjacent(("1", "A1"), ("1", "B2")) is True
    assert adjacent(("1", "H12"), ("1", "H10")) is False
    assert adjacent(("1", "A1"), ("1", "first")) is None


def test_one_sample_twice_and_a_swapped_label_are_hinted_at():
    rng = np.random.default_rng(5)
    a, b = community(rng), community(rng)
    again = [one * np.exp(rng.normal(0, 0.1, len(one))) for one in (a, b, b, a)]
    shares = np.stack([*again, a])
    samples, subjects = ["a1", "b1", "a2", "b2", "c1"], ["a", "b", "a", "b", "c"]
    assert {one.sample for one in strays(shares, samples, subjects)} == {"a1", "a2", "b1", "b2"}
    assert {(one.sample, one.other) for one in twins(shares, samples, subjects)} >= {("a1", "c1"), ("b1", "a2")}
    right = ["a", "b", "b", "a", "a"]
    assert strays(shares, samples, right) == []
    assert twins(shares, samples, right) == []


def test_scores_of_contaminants_equal_those_of_r():
    lines = [line.split() for line in REFERENCE.read_text().splitlines()]
    rows = np.array([line[1:] for line in lines[1:] if line[0] != "score"], dtype=float)
    blank, dna, shares = rows[:, 0] == 1, rows[:, 1], rows[:, 2:]
    wanted = {line[1]: (float(line[2]), float(line[3])) for line in lines if line[0] == "score"}
    names = list(wanted)
    frequency = {one.species: one.score for one in by_frequency(shares[~blank], names, dna[~blank])}
    prevalence = {one.species: one.score for one in by_prevalence(shares, names, blank)}
    for name, (one, other) in wanted.items():
        assert frequency[name] == pytest.approx(one, rel=1e-9)
        assert prevalence[name] == pytest.approx(other, rel=1e-9)


def test_nothing_is_scored_without_blanks_or_without_dna():
    shares = np.ones((4, 1))
    assert by_prevalence(shares, ["a"], np.zeros(4, dtype=bool)) == []
    assert by_frequency(shares, ["a"], np.array([np.nan, 0.0, 1.0, 2.0])) == []


def test_shallow_samples_are_named_with_what_they_hide():
    quality = {"a": {"detection_floor": 0.02}, "b": {"detection_floor": 1e-5}, "c": {"detection_floor": None}}
    assert shallow(quality) == {"a": 0.02}
