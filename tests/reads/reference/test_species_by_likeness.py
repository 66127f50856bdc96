"""Without a taxonomy, genomes of at least 95 % identity are one species."""

from __future__ import annotations

import numpy as np
import pytest

from commensal.reads import add_to_reference, build_reference

pytest.importorskip("pysylph")


@pytest.fixture
def folder(tmp_path):
    rng = np.random.default_rng(1)
    letters = np.frombuffer(b"ACGT", dtype=np.uint8)
    long, alone = letters[rng.integers(0, 4, 130_000)], letters[rng.integers(0, 4, 120_000)]

    def like(share: float) -> bytes:
        other = long[:125_000].copy()
        at = rng.random(len(other)) < share * 4 / 3
        other[at] = letters[rng.integers(0, 4, at.sum())]
        return other.tobytes()

    place = tmp_path / "genomes"
    place.mkdir()
    texts = {"long": long.tobytes(), "near": like(0.02), "far": like(0.08), "alone": alone.tobytes()}
    for name, text in texts.items():
        (place / f"{name}.fna").write_bytes(b">" + name.encode() + b"\n" + text + b"\n")
    later = tmp_path / "later.fna"
    later.write_bytes(b">later\n" + like(0.03) + b"\n")
    return place, later


def test_near_genomes_are_one_species_also_after_an_addition(folder, tmp_path):
    place, later = folder
    reference = build_reference(place, tmp_path / "ref")
    species = reference.genomes().set_index("genome")["species"]
    assert species[["long", "near"]].tolist() == ["long", "long"]
    assert species[["far", "alone"]].isna().all()
    assert any("95 % identity" in text for text in reference.warnings)
    species = add_to_reference(reference, later).genomes().set_index("genome")["species"]
    assert species[["long", "near", "later"]].tolist() == ["long"] * 3


def test_a_taxonomy_is_never_overruled(folder, tmp_path):
    place, _ = folder
    table = tmp_path / "t.tsv"
    table.write_text("genome\tspecies\nlong\tAlpha una\nnear\tAlpha duo\nfar\tAlpha tres\n")
    reference = build_reference(place, tmp_path / "ref", taxonomy=table)
    species = reference.genomes().set_index("genome")["species"]
    assert species[["long", "near"]].tolist() == ["Alpha una", "Alpha duo"]
    assert species.isna()["alone"]
