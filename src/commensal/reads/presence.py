"""Which genes of a genome the sample's strain has, from what was laid on them."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from commensal.reads.mapping import Laid
from commensal.reads.tables import frame

#: A gene is present when reads cover at least this share of what they would cover if it were there.
PRESENT = 0.5
#: Between these shares the call is `partial`: a piece of the gene is gone, or another gene looks like it.
PARTIAL = (0.2, 0.8)
#: A gene without reads is absent only where this had a smaller probability by chance.
CHANCE = 0.001
#: Depth of a gene of one copy may differ by this share from the genome's.
USUAL = 0.4
#: Genomes below this depth give no absent gene.
LEAST = 0.5
STATUSES = ("ok", "partial", "shared", "too_shallow")


def genes(sample: str, laid: Iterable[Laid], read_length: float) -> pd.DataFrame:
    """Call every gene of every genome present, absent, or not to be told.

    With depth d along the genome, reads cover a share ``1 - exp(-d)`` of a gene that is there (Lander and Waterman
    1988). The gene is called by the covered share over that. Statuses: ``ok``; ``partial`` (between `PARTIAL`);
    ``shared`` (nine in ten of its reads fit elsewhere as well, so that another genome's copy may be what is seen: no
    call unless absent); ``too_shallow`` (few reads were to be expected: no call unless present).

    Parameters
    ----------
    sample
        Name of the sample.
    laid
        Genomes with their reads.
    read_length
        Mean length of the reads in bases.

    Returns
    -------
    pandas.DataFrame
        The table ``genes`` of a profile.
    """
    parts = [_genome(one, read_length) for one in laid if len(one.genes)]
    columns = ["genome", "gene", "depth", "breadth", "present", "status"]
    rows = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame({column: [] for column in columns})
    return frame("genes", {column: rows[column].array for column in columns}, sample)


def copies(table: pd.DataFrame, laid: Iterable[Laid], read_length: float) -> pd.DataFrame:
    """Return copies of each gene per genome: its depth over the genome's; 0 if absent, 1 if that cannot be told.

    A gene whose depth is the genome's within `USUAL`, or within three standard errors of the few reads that it holds,
    has one copy: growth and chance make depth uneven.
    """
    depths, lengths = {}, []
    for one in laid:
        depths[one.name] = one.depth
        lengths.append(one.genes["last"] - one.genes["first"])
    usual = table["genome"].map(depths).to_numpy(dtype=float)
    length = pd.concat(lengths).to_numpy(dtype=float) if lengths else np.zeros(0)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = table["depth"].to_numpy(dtype=float) / usual
        error = 3 / np.sqrt(usual * length / read_length)
    present = table["present"].astype("object").map({True: 1, False: 0}).fillna(-1).to_numpy(dtype=int)
    one_copy = (present < 0) | ~np.isfinite(ratio) | (np.abs(ratio - 1) <= np.maximum(error, USUAL))
    number = np.select([present == 0, one_copy], [0.0, 1.0], default=ratio)
    return table[["genome", "gene"]].assign(copies=number)


def _genome(one: Laid, read_length: float) -> pd.DataFrame:
    first, last = one.genes["first"].to_numpy(), one.genes["last"].to_numpy()
    length = np.maximum(last - first, 1)
    sums = np.concatenate([[0], np.cumsum(one.covered, dtype=np.int64)])
    breadth = (sums[last] - sums[first]) / length
    usual = one.depth
    expected = -np.expm1(-usual)
    share = breadth / expected if expected > 0 else np.zeros(len(length))
    missed = np.exp(-usual * (length + read_length) / read_length)
    present = np.full(len(length), share >= PRESENT, dtype=object)
    status = np.full(len(length), "ok", dtype=object)
    status[(share > PARTIAL[0]) & (share < PARTIAL[1])] = "partial"
    elsewhere = (one.gene_bases > 0) & (one.gene_unique < 0.1 * one.gene_bases)
    status[elsewhere & (share >= PARTIAL[0])] = "shared"
    present[elsewhere & (share >= PARTIAL[0])] = None
    # below 3 × a gene that is there can be half covered by chance: only one that is all but bare is absent
    shallow = (share < PRESENT) & ((missed > CHANCE) | ((usual < 3) & (share > 0.05)) | (usual < LEAST))
    status[shallow] = "too_shallow"
    present[shallow] = None
    return pd.DataFrame(
        {
            "genome": one.name,
            "gene": one.genes["gene"].to_numpy(),
            "depth": one.gene_bases / length,
            "breadth": breadth,
            "present": pd.array(present, dtype="boolean"),
            "status": status,
        }
    )
