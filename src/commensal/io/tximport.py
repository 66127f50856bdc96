r"""Merged counts of salmon or kallisto as tximport's pipelines write them: gene id, gene name, a column per sample.

Source of the format: the output of nf-core/rnaseq (``salmon.merged.gene_counts.tsv``), made by tximport. Counts are
estimates with decimals; they are rounded to whole numbers, as DESeq2 does with tximport's.

Examples
--------
>>> import tempfile
>>> from commensal.study.declared import Assay
>>> with tempfile.TemporaryDirectory() as folder:
...     place = Path(folder, "salmon.merged.gene_counts.tsv")
...     _ = place.write_text("gene_id\tgene_name\tS1\tS2\nENSG1\tNAMPT\t7.4\t9\n")
...     matrix = read_assay(place, Assay("rna", "transcripts", value="counts"), ["S1", "S2"])
>>> matrix.values.tolist(), matrix.annotations["gene_name"].tolist()
([[7.0], [9.0]], ['NAMPT'])
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from commensal.errors import TableError
from commensal.io.contents import MISSING, Format, Matrix
from commensal.io.grid import read_grid
from commensal.io.text import head_text
from commensal.io.wide import declared_annotations, from_grid
from commensal.study.declared import Assay
from commensal.study.loaded import Dropped

_BEGINS = {("gene_id", "gene_name"): "gene_id", ("tx", "gene_id"): "tx", ("transcript_id", "gene_id"): "transcript_id"}


def sniff(path: Path) -> bool:
    """Say whether the header begins with gene_id and gene_name, or a transcript and its gene."""
    return tuple(head_text(path).split("\n", 1)[0].split("\t")[:2]) in _BEGINS


def read_assay(path: Path, assay: Assay, sample_ids: Sequence[str]) -> Matrix:
    """Read merged counts, rounding estimates to whole numbers where the study file says counts.

    Raises
    ------
    TableError
        As a wide table; and columns that all sum to a million, which are TPM and no counts.
    """
    own = assay.features
    grid = read_grid(
        path, text_columns=("gene_name", "gene_id", *declared_annotations(assay)), missing=(*MISSING, *assay.missing)
    )
    known = _BEGINS.get((grid.header[0], grid.header[1]))
    if known is not None and own.file is None:
        inside = dict.fromkeys((grid.header[1], *own.columns))
        own = replace(own, columns=tuple(inside), id=own.id or known)
    made = from_grid(grid, replace(assay, features=own), sample_ids)
    if assay.value != "counts":
        return made
    totals = np.nansum(made.values, axis=1)
    if len(totals) and np.all(np.abs(totals / 1e6 - 1) < 0.01) and (made.values != np.rint(made.values)).any():
        raise TableError(
            "these are transcripts per million, no counts",
            where=path.name, found="every sample sums to 1,000,000", expected="estimated counts",
            mend="name the table of counts (salmon.merged.gene_counts.tsv), not that of TPM",
        )  # fmt: skip
    whole = np.rint(made.values)
    off = int((np.abs(made.values - whole) > 1e-6).sum())
    if not off or (made.values < 0).any():
        return made
    told = Dropped("part", f"assay {assay.name}", f"{off:,} estimated counts", f"{path.name}: rounded to whole numbers")
    return replace(made, values=whole, dropped=(*made.dropped, told))


FORMAT = Format(
    "tximport", "merged counts of salmon or kallisto, as tximport's pipelines write them", sniff, read_assay
)
