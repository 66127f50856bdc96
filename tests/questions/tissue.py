"""A study of tissue in a folder: counts, samples, study file; what a test plants is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from commensal.pipeline.load import load
from commensal.study import LoadedStudy

GENES = 400


def counts_of(
    means: np.ndarray, factor: np.ndarray, rng: np.random.Generator, *, dispersion: float = 0.05
) -> np.ndarray:
    """Negative binomial counts (n, m) of means (m,) times 2 ** factor (n, m)."""
    mu = means * 2.0**factor * rng.uniform(0.7, 1.4, size=(len(factor), 1))
    return rng.negative_binomial(1 / dispersion, 1 / (1 + mu * dispersion))


def write_study(
    folder: Path,
    counts: np.ndarray,
    samples: pd.DataFrame,
    *,
    contrasts: Mapping[str, str],
    question: str,
    genes: Sequence[str] | None = None,
    value: str = "counts",
    more: str = "",
) -> Path:
    """Write a study of one assay of transcripts; ``samples`` is indexed by sample id."""
    names = list(genes) if genes is not None else [f"gene{j:04d}" for j in range(counts.shape[1])]
    pd.DataFrame(counts.T, index=pd.Index(names, name="gene"), columns=list(samples.index)).to_csv(
        folder / "counts.tsv", sep="\t"
    )
    samples.rename_axis("sample").to_csv(folder / "samples.tsv", sep="\t")
    told = "\n".join(f"[contrasts.{name}]\n{body}\n" for name, body in contrasts.items())
    study = folder / "study.toml"
    study.write_text(
        f'[study]\nname = "tissue"\n[tables.samples]\nfile = "samples.tsv"\n'
        f'[assays.rna]\nkind = "transcripts"\nfile = "counts.tsv"\nvalue = "{value}"\nspecimen = "spinal cord"\n'
        f"{told}\n[questions.tissue]\nkind = \"host\"\n{question}\n{more}",
        encoding="utf-8",
    )
    return study


def loaded_study(folder: Path, counts: np.ndarray, samples: pd.DataFrame, **given: object) -> LoadedStudy:
    """Write a study and load it."""
    return load(write_study(folder, counts, samples, **given))  # type: ignore[arg-type]
