"""Small genomes with genes in known places, and the annotation files that tools would write for them."""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("pysylph")

#: The genes of every small genome: name, first and last base, strand.
GENES = (("g1", 101, 1000, "+"), ("g2", 1201, 2100, "-"), ("g3", 3001, 3600, "+"))


def bases(seed: int, length: int = 30_000) -> str:
    return "".join(np.random.default_rng(seed).choice(list("ACGT"), length))


@dataclass(frozen=True)
class Maker:
    """Writes what a user would have."""

    folder: Path

    def genome(
        self, name: str, seed: int, *, contig: str | None = None, length: int = 30_000, where: str = "genomes"
    ) -> Path:
        path = self.folder / where / f"{name}.fna.gz"
        path.parent.mkdir(parents=True, exist_ok=True)
        text = f">{contig or name + '_c1'} a contig\n{bases(seed, length)}\n"
        path.write_bytes(gzip.compress(text.encode(), mtime=0))
        return path

    def text(self, place: str, text: str) -> Path:
        path = self.folder / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def gff(self, place: str, contig: str, genes=GENES, more: dict[str, str] | None = None) -> Path:
        lines = ["##gff-version 3"]
        for name, start, end, strand in genes:
            extra = f";{more[name]}" if more and name in more else ""
            lines.append(f"{contig}\ttool\tCDS\t{start}\t{end}\t.\t{strand}\t0\tID={name};locus_tag={name}{extra}")
        return self.text(place, "\n".join(lines) + "\n")

    @property
    def genomes(self) -> Path:
        return self.folder / "genomes"


@pytest.fixture
def make(tmp_path: Path) -> Maker:
    return Maker(tmp_path)
