"""From the files of counters to the page: STAR's, one per sample; featureCounts' with paths of alignments."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from commensal import run

ARMS = ["drug"] * 4 + ["vehicle"] * 4
IDS = [f"m{i}" for i in range(8)]


def counts() -> np.ndarray:
    rng = np.random.default_rng(1)
    mean = np.exp(rng.normal(5, 1, 120))
    made = rng.negative_binomial(20, 1 / (1 + mean * np.ones((8, 1)) * 0.05))
    made[:4, :10] *= 5
    return made


def study(folder: Path, assay: str) -> Path:
    (folder / "samples.tsv").write_text(
        "sample\tarm\n" + "".join(f"{name}\t{arm}\n" for name, arm in zip(IDS, ARMS, strict=True))
    )
    place = folder / "study.toml"
    place.write_text(
        f'[study]\nname = "t"\n[tables.samples]\nfile = "samples.tsv"\n[assays.rna]\nkind = "transcripts"\n'
        f'value = "counts"\n{assay}\n[assays.taxa]\nkind = "taxa"\nfile = "taxa.tsv"\nvalue = "counts"\n'
        '[contrasts.drug]\ncolumn = "arm"\ncase = "drug"\ncontrol = "vehicle"\n'
        '[questions.tissue]\nkind = "host"\ncontrast = "drug"\n'
    )
    (folder / "taxa.tsv").write_text("taxon\t" + "\t".join(IDS) + "\na\t" + "\t".join("12345678") + "\n")
    return place


def star(folder: Path) -> str:
    for name, row in zip(IDS, counts(), strict=True):
        lines = [f"N_unmapped\t{row.sum() // 4}\t0\t{row.sum() // 4}", "N_ambiguous\t0\t0\t0"]
        lines += [f"g{j:03d}\t{n}\t0\t{n}" for j, n in enumerate(row)]
        (folder / "star" / name).mkdir(parents=True)
        (folder / "star" / name / "ReadsPerGene.out.tab").write_text("\n".join(lines) + "\n")
    return 'files = "star/{sample}/ReadsPerGene.out.tab"\nstrandedness = "reverse"'


def featurecounts(folder: Path) -> str:
    header = ["Geneid", "Chr", "Start", "End", "Strand", "Length", *(f"bam/{name}.bam" for name in IDS)]
    rows = [[f"g{j:03d}", "1", "1", "9", "+", "9", *map(str, column)] for j, column in enumerate(counts().T)]
    (folder / "counts.txt").write_text(
        "# Program:featureCounts\n" + "\n".join("\t".join(row) for row in [header, *rows])
    )
    return 'file = "counts.txt"'


@pytest.mark.parametrize("write", [star, featurecounts])
def test_to_the_page(tmp_path, write):
    result = run(study(tmp_path, write(tmp_path)), tmp_path / "out")
    rows = result.estimates
    assert set(rows["assay"]) == {"rna"}  # a question of tissue asks nothing of taxa
    genes = rows[rows["model"] == "expression"]
    assert (genes.head(10)["q"] < 0.05).all()
    page = result.report.read_text(encoding="utf-8")
    assert "negative binomial model of raw counts (DESeq2)" in page
    inputs = [
        json.loads(line)["file"] for line in (tmp_path / "out/run.jsonl").read_text().splitlines() if '"input"' in line
    ]
    if write is star:
        assert inputs.count("ReadsPerGene.out.tab") == 8
        assert "20\u00a0% of the reads count for no gene" in page
        assert (result.points["figure"] == "counting").sum() == 16
    else:
        assert "8 names of alignments" in page
