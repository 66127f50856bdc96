"""Findings about the strains' genomes: annotation that is absent, thin, or of EC numbers only."""

from __future__ import annotations

from collections.abc import Iterator

from commensal.errors import listing
from commensal.study import LoadedStudy
from commensal.tables import Finding

#: Bacteria with whole genomes have 400 KO numbers and more by any tool; below that an annotation is hardly whole.
FEW = 200


def annotated(loaded: LoadedStudy) -> Iterator[Finding]:
    """Say which genomes have no annotation, few KO numbers, or EC numbers only."""
    bare = [one.label for one in loaded.genomes.values() if not one.kos and not one.ecs]
    thin = [f"{one.label} ({len(one.kos)})" for one in loaded.genomes.values() if 0 < len(one.kos) < FEW]
    weak = [one.label for one in loaded.genomes.values() if one.ecs and not one.kos]
    if bare:
        yield Finding(
            "genome_without_annotation", "warning", "[genomes]",
            f"without any KO or EC number: {listing(bare)}; what they can do is unknown",
            "annotate them with KofamScan or eggNOG-mapper", counts={"genomes": len(bare)},
        )  # fmt: skip
    if thin:
        yield Finding(
            "thin_annotation", "warning", "[genomes]",
            f"few KO numbers: {listing(thin)}; a step that is missing there may only not have been annotated",
            "check that the whole genome was annotated", counts={"genomes": len(thin)},
        )  # fmt: skip
    if weak:
        yield Finding(
            "ec_numbers_only", "note", "[genomes]",
            f"EC numbers only: {listing(weak)}; they are weaker than KO numbers, and never say that a genome cannot",
            "annotate them with KofamScan or eggNOG-mapper", counts={"genomes": len(weak)},
        )  # fmt: skip
