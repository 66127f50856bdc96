"""A small community: four made genomes, two of them strains of one species, a reference of them, and reads."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest

LENGTH, GENE = 120_000, 1_000
_COMPLEMENT = bytes.maketrans(b"ACGTN", b"TGCAN")
#: KO of the first genes of each genome: the NAD de novo route in beta, a part of it in alpha.
KOS = {
    "alpha_1": ["K00278", "K03517", "K00767"],
    "alpha_2": ["K00278", "K03517", "K00767"],
    "beta": ["K00278", "K03517", "K00767", "K00969", "K01950", "K00278"],
    "gamma": ["K08281"],
}


def made_genomes(seed: int = 1) -> dict[str, bytes]:
    """Make genomes of `LENGTH` bases; alpha_2 differs from alpha_1 at 1.5 % of its bases."""
    rng = np.random.default_rng(seed)
    letters = np.frombuffer(b"ACGT", dtype=np.uint8)
    made = {name: letters[rng.integers(0, 4, LENGTH)] for name in ("alpha_1", "beta", "gamma")}
    other = made["alpha_1"].copy()
    at = rng.random(LENGTH) < 0.015
    other[at] = letters[rng.integers(0, 4, at.sum())]
    made["alpha_2"] = other
    return {name: made[name].tobytes() for name in sorted(made)}


def pairs(
    genomes: Mapping[str, bytes], depth: Mapping[str, float], seed: int, *, length: int = 100, insert: int = 250
) -> list[tuple[bytes, bytes]]:
    """Draw pairs of mates at these depths, in random order, with 0.2 % errors."""
    rng = np.random.default_rng(seed)
    drawn = []
    for name, deep in depth.items():
        text = genomes[name]
        for start in rng.integers(0, len(text) - insert, int(deep * len(text) / (2 * length))):
            piece = text[start : start + insert]
            piece = piece if rng.random() < 0.5 else piece.translate(_COMPLEMENT)[::-1]
            mates = [bytearray(piece[:length]), bytearray(piece[-length:].translate(_COMPLEMENT)[::-1])]
            for mate in mates:
                for at in np.flatnonzero(rng.random(length) < 0.002):
                    mate[at] = b"ACGT"[rng.integers(0, 4)]
            drawn.append((bytes(mates[0]), bytes(mates[1])))
    return [drawn[i] for i in rng.permutation(len(drawn))]


def fastq(reads: list[bytes], mate: int = 1, quality: bytes = b"F") -> bytes:
    """Write reads as FASTQ text."""
    return b"".join(
        b"@run:1:%d %d:N:0:A\n%s\n+\n%s\n" % (i, mate, read, quality * len(read)) for i, read in enumerate(reads)
    )


@pytest.fixture(scope="session")
def genomes() -> dict[str, bytes]:
    return made_genomes()


@pytest.fixture(scope="session")
def write(tmp_path_factory) -> Callable[..., tuple[Path, Path]]:
    """Write pairs as two gzipped files and give their paths."""

    def written(drawn: list[tuple[bytes, bytes]], name: str = "s") -> tuple[Path, Path]:
        folder = tmp_path_factory.mktemp(name)
        paths = (folder / f"{name}_R1.fastq.gz", folder / f"{name}_R2.fastq.gz")
        for mate, path in enumerate(paths):
            path.write_bytes(gzip.compress(fastq([pair[mate] for pair in drawn], mate + 1), 1))
        return paths

    return written


@pytest.fixture(scope="session")
def reference(genomes, tmp_path_factory) -> Path:
    """Build a reference of the four genomes with genes, KO numbers and lineages."""
    pytest.importorskip("pysylph")
    from commensal.reads import build_reference

    folder = tmp_path_factory.mktemp("genomes")
    lineages = ["genome\tlineage"]
    for name, text in genomes.items():
        (folder / f"{name}.fna.gz").write_bytes(gzip.compress(b">%s_1\n%s\n" % (name.encode(), text), 1))
        rows = ["##gff-version 3"]
        for i in range(LENGTH // GENE):
            ko = f";KO={KOS[name][i]}" if i < len(KOS[name]) else ""
            start = i * GENE + 101
            rows.append(f"{name}_1\tmade\tCDS\t{start}\t{start + 799}\t.\t+\t0\tID={name}_{i};locus_tag={name}_{i}{ko}")
        (folder / f"{name}.gff").write_text("\n".join(rows) + "\n")
        species = name.split("_")[0]
        lineages.append(f"{name}\td__Bacteria;p__P;c__C;o__O;f__F;g__G{species[0]};s__G{species[0]} {species}")
    (folder / "lineages.tsv").write_text("\n".join(lineages) + "\n")
    out = tmp_path_factory.mktemp("reference") / "ref"
    build_reference(folder, out, taxonomy=folder / "lineages.tsv", annotations=folder, c=50)
    return out
