"""Species at a hundredth to a tenth of coverage: repeats, relatives, and k-mers that a sketch leaves out."""

from __future__ import annotations

import numpy as np
import pytest

from commensal.errors import FormatError
from commensal.reads.coverage import fit, tally
from commensal.reads.sylph_file import stored_sketches
from commensal.reads.taxa import CALLED, FEWEST

K = 31


def seen(depth: float, ani: float, seed: int, size: int = 13_000) -> np.ndarray:
    """Draw counts of a genome's k-mers."""
    rng = np.random.default_rng(seed)
    return np.where(rng.random(size) < ani**K, rng.poisson(depth, size), 0)


def called(counts: np.ndarray) -> bool:
    counted = tally(counts)
    return counted.hit >= FEWEST and fit(counted, K).species >= CALLED


def test_a_handful_of_repeats_does_not_double_a_shallow_depth():
    plain = np.concatenate([np.repeat([0, 1, 2], [10_127, 521, 12])])
    repeats = np.concatenate([plain, [4, 4, 6, 7, 16]])
    assert tally(repeats).total == tally(plain).total
    assert fit(tally(repeats), K).depth == pytest.approx(0.052, rel=0.1)


@pytest.mark.parametrize("depth", [0.05, 0.3, 1.0, 4.0, 20.0])
def test_counts_of_one_poisson_depth_are_kept(depth):
    counts = seen(depth, 1.0, 1)
    assert tally(counts).total >= 0.999 * counts.sum()


def test_a_genome_at_a_fiftieth_is_called_and_its_depth_is_right():
    depths = [fit(tally(seen(0.02, 1.0, seed)), K).depth for seed in range(20)]
    assert all(called(seen(0.02, 1.0, seed)) for seed in range(20))
    # where the counts cannot tell 100 % from 99 % identity, the mean of both readings lies above the truth
    assert np.median(depths) == pytest.approx(0.02, rel=0.15)


@pytest.mark.parametrize(("ani", "most"), [(0.85, 0.0), (0.90, 0.10), (0.92, 0.25)])
@pytest.mark.parametrize("depth", [0.01, 0.03, 0.05, 0.12, 0.4])
def test_relatives_of_other_species_are_seldom_called(ani, most, depth):
    # 40 draws; at 94 % and 0.03-0.05 x a third is called: two readings that so few k-mers cannot tell apart
    assert np.mean([called(seen(depth, ani, seed)) for seed in range(40)]) <= most


def test_k_mers_left_out_of_a_sketch_are_read_from_the_database(tmp_path):
    pysylph = pytest.importorskip("pysylph")
    letters = np.frombuffer(b"ACGT", dtype=np.uint8)
    texts = [letters[np.random.default_rng(seed).integers(0, 4, 60_000)].tobytes() for seed in (1, 2)]
    sketcher = pysylph.Sketcher(c=20, k=K)
    sketches = [sketcher.sketch_genome(f"g{i}", [text]) for i, text in enumerate(texts)]
    path = tmp_path / "two.syldb"
    pysylph.Database(sketches).dump(str(path))
    stored = stored_sketches(path)
    for sketch in sketches:
        one = stored[sketch.name]
        assert one.size == sketch.genome_size
        assert one.kmers.tolist() == list(sketch.kmers)
        assert len(one.left_out) > 0
        assert not set(one.left_out.tolist()) & set(one.kmers.tolist())
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(FormatError, match="cannot be read"):
        stored_sketches(path)
