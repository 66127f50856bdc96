"""What a reference holds, and which steps of a pathway its genomes carry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from commensal.errors import UsageError, nearest
from commensal.knowledge import Pathway, completeness, pathways
from commensal.reads.reference_folder import Reference


@dataclass(frozen=True, slots=True)
class Info:
    """Numbers of a reference: genomes by status, files by size, warnings."""

    reference: Reference
    statuses: Mapping[str, int]
    refused: Mapping[str, int]
    species: int
    bases: int
    bytes: int

    def sentences(self) -> tuple[str, ...]:
        """Say what the reference holds, one fact a line."""
        m = self.reference.manifest
        own = ", ".join(f"{count:,} {status}" for status, count in self.statuses.items())
        lines = [
            f"reference {self.reference.id[:12]} (format {m['format']}, commensal {m['commensal']}, {m['created']})",
            f"genomes: {m['genomes']:,} ({own}); species: {self.species:,}; {self.bases / 1e6:,.1f} Mb",
            f"genes: {m['genes']:,}; KO and EC entries: {m['functions']:,}",
            f"sylph: one k-mer of {m['parameters']['c']}, k = {m['parameters']['k']}",
            "sequences: " + ("kept" if m["parameters"]["sequences"] else "left out (no mapping mode, no growth)"),
            "host: " + (", ".join(m["host"]) if m["host"] else "none"),
            f"size: {self.bytes / 1e6:,.1f} MB in {len(m['files']):,} files",
        ]
        if self.refused:
            said = ", ".join(f"{count:,} {status}" for status, count in self.refused.items())
            lines.append(f"not taken: {said} (see refused.parquet)")
        return (*lines, *(f"warning: {text}" for text in self.reference.warnings))


def describe(reference: Reference) -> Info:
    """Count what a reference holds."""
    genomes = reference.genomes()
    return Info(
        reference,
        {str(k): int(v) for k, v in genomes["status"].value_counts().items()},
        {str(k): int(v) for k, v in reference.refused()["status"].value_counts().items()},
        int(genomes["species"].nunique() + genomes["species"].isna().sum()),
        int(genomes["length"].sum()),
        sum(int(file["bytes"]) for file in reference.manifest["files"].values()),
    )


def capabilities(reference: Reference, wanted: Pathway | str | None = None) -> pd.DataFrame:
    """Say for every genome with functions which steps of a pathway it carries.

    Parameters
    ----------
    reference
        A reference with KO annotation.
    wanted
        A pathway or the id of one that ships; None: all that ship.

    Returns
    -------
    pandas.DataFrame
        genome, species, pathway, step, name, role, present (missing where the genome has no annotation: not known, not
        absent), genes (those that carry it), complete (of the whole pathway).

    Raises
    ------
    UsageError
        There is no pathway of that id.
    """
    asked = _asked(wanted)
    table = reference.functions()
    table = table[table["namespace"] == "KO"]
    carriers = {
        str(genome): {str(ko): tuple(genes) for ko, genes in own.groupby("id")["gene"].unique().items()}
        for genome, own in table.groupby("genome")
    }
    rows = []
    for genome, species in reference.genomes()[["genome", "species"]].itertuples(index=False):
        own = carriers.get(genome)
        for pathway in asked:
            judged = completeness(own, pathway) if own is not None else None
            for step in pathway.steps:
                kos = {ko for wanted_kos in step.alternatives for ko in wanted_kos}
                genes = sorted({gene for ko in kos for gene in (own or {}).get(ko, ())})
                rows.append(
                    {
                        "genome": genome,
                        "species": species,
                        "pathway": pathway.id,
                        "step": step.id,
                        "name": step.name,
                        "role": step.role,
                        "present": None if judged is None else step.id in judged.present,
                        "genes": ", ".join(genes),
                        "complete": None if judged is None else judged.complete,
                    }
                )
    columns = ["genome", "species", "pathway", "step", "name", "role", "present", "genes", "complete"]
    frame = pd.DataFrame(rows, columns=columns)
    return frame.astype({name: "boolean" if name in ("present", "complete") else "string" for name in columns})


def _asked(wanted: Pathway | str | None) -> tuple[Pathway, ...]:
    if isinstance(wanted, Pathway):
        return (wanted,)
    known = pathways()
    if wanted is None:
        return tuple(known.values())
    if wanted not in known:
        close = nearest(wanted, known, 3)
        raise UsageError("there is no such pathway", found=wanted, expected=", ".join(close or sorted(known)))
    return (known[wanted],)
