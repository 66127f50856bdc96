"""Raw counts of transcripts made comparable: size factors, log2 counts per million, and genes with too few reads."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from commensal.stats._arrays import Floats

#: Reads added to every count before logarithms, at the mean depth (edgeR's default).
PRIOR = 2.0
#: Reads that a gene must have, at the median depth, in as many samples as the smaller side has.
LEAST = 10.0


def size_factors(counts: Floats) -> tuple[Floats, str]:
    """Return the depth of each sample of counts (n, m) relative to the others, (n,), and how it was found.

    Medians of ratios to the geometric mean over samples (Anders & Huber 2010), of the genes that are in every sample;
    where there are none, of the genes that a sample has, with logarithms of 0 taken as 0 (``poscounts`` of DESeq2).
    Scaled to a geometric mean of 1.

    Examples
    --------
    >>> size_factors(np.array([[10.0, 20.0, 0.0], [20.0, 40.0, 3.0]]))[0].round(3).tolist()
    [0.707, 1.414]
    """
    with np.errstate(divide="ignore"):
        logs = np.log(counts)
    everywhere = np.isfinite(logs).all(axis=0)
    if everywhere.any():
        means = logs[:, everywhere].mean(axis=0)
        found = np.median(logs[:, everywhere] - means, axis=1)
        way = f"median ratio over {int(everywhere.sum()):,} genes with reads in every sample"
    else:
        means = np.where(np.isfinite(logs), logs, 0.0).mean(axis=0)
        kept = means > 0
        seen = np.isfinite(logs) & kept
        found = np.array(
            [np.median((row - means)[here]) if here.any() else 0.0 for row, here in zip(logs, seen, strict=True)]
        )
        way = "median ratio over the genes that a sample has: no gene has reads in every sample"
    factors: Floats = np.exp(found - found.mean())
    return factors, way


def log_cpm(counts: Floats, factors: Floats) -> Floats:
    """Return log2 counts per million (n, m) of effective library size, with 2 reads added at the mean depth.

    log2((y + p s/s̄) / (L + 2 p s/s̄) × 10⁶), L = s × the geometric mean of the samples' totals: as edgeR's
    ``cpm(log = TRUE)`` with these library sizes.

    Examples
    --------
    >>> log_cpm(np.array([[8.0, 999_988.0]]), np.ones(1)).round(2).tolist()
    [[3.32, 19.93]]
    """
    totals = np.maximum(counts.sum(axis=1), 1.0)
    library = factors * np.exp(np.mean(np.log(totals)))
    prior = PRIOR * library / library.mean()
    made: Floats = np.log2((counts + prior[:, None]) / (library + 2 * prior)[:, None] * 1e6)
    return made


def enough_reads(counts: Floats, factors: Floats, case: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Say which genes (m,) have 10 reads at the median depth in as many samples as the smaller side (case (n,)) has."""
    least = min(int(case.sum()), int((~case).sum()))
    bar = LEAST * factors / np.median(factors)
    return np.asarray((counts >= bar[:, None]).sum(axis=0) >= max(least, 1))
