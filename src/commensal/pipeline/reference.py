"""``reference``: what samples are profiled against: built, added to, described, checked."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from commensal.pipeline.run import Progress
    from commensal.reads.reference_folder import Reference
    from commensal.reads.reference_info import Info


def build(
    genomes: Path | str | Sequence[Path | str],
    out: Path | str,
    *,
    taxonomy: Path | str | Sequence[Path | str] | None = None,
    annotations: Path | str | Sequence[Path | str] | None = None,
    host: Path | str | Sequence[Path | str] | None = None,
    layout: str = "auto",
    c: int = 200,
    k: int = 31,
    sequences: bool = True,
    call_genes: bool = False,
    profiles: Path | str | Sequence[Path | str] | None = None,
    thresholds: Path | str | None = None,
    workers: int = 1,
    progress: Progress | None = None,
) -> Reference:
    """Build a reference folder from genomes; see `commensal.reads.build_reference` for parameters and errors.

    Examples
    --------
    >>> from commensal import reference
    >>> made = reference.build("genomes", "REF", taxonomy="taxonomy.tsv", annotations="annotations")  # doctest: +SKIP
    >>> made.genomes()[["genome", "species", "status"]]  # doctest: +SKIP
    """
    from commensal.reads import build_reference

    return build_reference(
        genomes,
        out,
        taxonomy=taxonomy,
        annotations=annotations,
        host=host,
        layout=layout,
        c=c,
        k=k,
        sequences=sequences,
        call_genes=call_genes,
        profiles=profiles,
        thresholds=thresholds,
        workers=workers,
        progress=progress,
    )


def add(
    reference: Path | str,
    genomes: Path | str | Sequence[Path | str] | None = None,
    *,
    taxonomy: Path | str | Sequence[Path | str] | None = None,
    annotations: Path | str | Sequence[Path | str] | None = None,
    host: Path | str | Sequence[Path | str] | None = None,
    layout: str = "auto",
    call_genes: bool = False,
    profiles: Path | str | Sequence[Path | str] | None = None,
    thresholds: Path | str | None = None,
    workers: int = 1,
    progress: Progress | None = None,
) -> Reference:
    """Add genomes or hosts to a reference; see `commensal.reads.add_to_reference`."""
    from commensal.reads import add_to_reference

    return add_to_reference(
        reference,
        genomes,
        taxonomy=taxonomy,
        annotations=annotations,
        host=host,
        layout=layout,
        call_genes=call_genes,
        profiles=profiles,
        thresholds=thresholds,
        workers=workers,
        progress=progress,
    )


def info(reference: Path | str) -> Info:
    """Count what a reference holds."""
    from commensal.reads import open_reference
    from commensal.reads.reference_info import describe

    return describe(open_reference(reference))


def capabilities(reference: Path | str, pathway: str | None = None) -> pd.DataFrame:
    """Say for every genome which steps of a pathway it carries; see `commensal.reads.reference_info.capabilities`."""
    from commensal.reads import open_reference
    from commensal.reads.reference_info import capabilities as judged

    return judged(open_reference(reference), pathway)


def check(reference: Path | str) -> tuple[str, ...]:
    """Take every hash of a reference again; return what is wrong, in sentences, or nothing."""
    from commensal.reads import check_reference

    return check_reference(reference)
