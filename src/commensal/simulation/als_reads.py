"""Reads of some stools of the model study: FASTQ whose composition is that of the table of taxa."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from commensal.errors import OutputError, UsageError, listing
from commensal.execution import write_whole
from commensal.simulation.als_files import AlsDrawn, strain_genes
from commensal.simulation.als_plan import HELPER, AlsPlan
from commensal.simulation.animal_plan import ANTIBIOTICS, VEHICLE, WATER
from commensal.simulation.files import tsv
from commensal.simulation.reads import reads

ASSAY = "mouse_reads"
#: Of the study file, after the table of the same stools.
READS_SECTION = f"""
[assays.{ASSAY}]                           # of some of the same stools; no question asks them: they are looked at
kind = "reads"
files = "reads/{{sample}}_{{mate}}.fastq.gz"
reference = "reference"                        # made by `commensal reference build`
specimen = "stool"
"""
#: Bases of an invented genome and of a gene on it.
LENGTH, GENE = 60_000, 300
#: Arms whose mice come first.
_FIRST = (HELPER, VEHICLE, ANTIBIOTICS, WATER)


def write_reads(
    out: Path, drawn: AlsDrawn, given: Mapping[str, Path] | None, *, samples: int, pairs: int
) -> dict[str, Any]:
    """Write the reads of some stools into ``out/reads``, and invented genomes where none are given; return the truth.

    The cells of a genome are the counts of its taxon in that stool; taxa without a genome have no reads.

    Parameters
    ----------
    out
        Folder of the study.
    drawn
        What was drawn of it.
    given
        FASTA files by name, ``Genus_species…``: of each taxon the first by name is taken. None: invented genomes of
        all taxa are written to ``out/genomes``, with the genes that genomes.tsv says of the strains in
        ``out/annotations``, and taxonomy.tsv.
    samples
        Stools, one of a mouse: the last one; mice on the strain that helps, on vehicle, on antibiotics and on water
        take turns first.
    pairs
        Pairs of reads of each.

    Raises
    ------
    UsageError
        No genome is of a taxon of the study, or too many samples or pairs.
    FormatError, OutputError
        A genome that cannot be read; a folder that cannot be written to.
    """
    taxa = drawn.animals.gut.names
    paths = _invented(out, drawn) if given is None else _matched(given, taxa)
    rows = _chosen(drawn, [taxa.index(taxon) for taxon in paths], samples)
    gut = drawn.animals.gut
    names = [f"{drawn.animals.mice.ids[gut.animal[row]]}-d{gut.age[row]:.0f}" for row in rows]
    _remove_old(out / "reads", names)
    files = {path.name.partition(".f")[0]: path for path in paths.values()}
    genome_of = dict(zip(paths, files, strict=True))
    told = {}
    for at, (row, name) in enumerate(zip(rows, names, strict=True)):
        cells = {genome_of[taxon]: float(gut.counts[row, taxa.index(taxon)]) for taxon in paths}
        made = reads(out / "reads", files, cells, n_pairs=pairs, seed=_seed(drawn.plan.seed, at), name=name)
        told[name] = made["genomes"]
    return {
        "assay": ASSAY,
        "genomes": "invented" if given is None else "given",
        "pairs": pairs,
        "taxa": {genome: taxon for taxon, genome in genome_of.items()},
        "samples": told,
    }


def _seed(seed: int, at: int) -> int:
    return int(np.random.SeedSequence([seed, 76, at]).generate_state(1, np.uint64)[0] >> np.uint64(1))


def _matched(given: Mapping[str, Path], taxa: Sequence[str]) -> dict[str, Path]:
    """Return the first genome of each taxon, by taxon."""
    found: dict[str, Path] = {}
    for taxon in taxa:
        own = [name for name in sorted(given) if f"{name.replace('_', ' ')} ".startswith(f"{taxon} ")]
        if own:
            found[taxon] = Path(given[own[0]])
    if not found:
        raise UsageError(
            "no genome is of a taxon of this study", where="genomes", found=listing(given, 5),
            expected=f"files such as {taxa[0].replace(' ', '_')}.fna; taxa are {listing(taxa, 8)}",
        )  # fmt: skip
    return found


def _chosen(drawn: AlsDrawn, columns: Sequence[int], samples: int) -> list[int]:
    """Return rows of the gut: the last stool of one mouse per group, group by group, then of the next mouse."""
    gut, mice, groups = drawn.animals.gut, drawn.animals.mice, drawn.plan.mice.groups
    last = {int(gut.animal[row]): row for row in np.argsort(gut.age, kind="stable").tolist()}
    turns = sorted(
        range(len(groups)),
        key=lambda at: (not groups[at].diseased, _FIRST.index(groups[at].arm) if groups[at].arm in _FIRST else 9, at),
    )
    queues = [
        [
            last[one]
            for one in np.flatnonzero(mice.group == at).tolist()
            if one in last and _any(gut, last[one], columns)
        ]
        for at in turns
    ]
    rows = [queue[turn] for turn in range(max(map(len, queues))) for queue in queues if turn < len(queue)]
    if not 1 <= samples <= len(rows):
        raise UsageError(
            "samples of reads are out of their range", found=samples,
            expected=f"1 to {len(rows)}: mice whose last stool holds a taxon with a genome",
        )  # fmt: skip
    return rows[:samples]


def _any(gut: Any, row: int, columns: Sequence[int]) -> bool:
    return bool(gut.counts[row, list(columns)].any())


def _invented(out: Path, drawn: AlsDrawn) -> dict[str, Path]:
    """Write a genome of random letters for each taxon, genes of the annotated strains, and the taxonomy."""
    gut = drawn.animals.gut
    genes = _genes(drawn.plan)
    paths, texts = {}, {}
    lineages = []
    for at, (taxon, family, phylum) in enumerate(zip(gut.names, gut.families, gut.phyla, strict=True)):
        name = taxon.replace(" ", "_")
        rng = np.random.default_rng([drawn.plan.seed, 75, at])
        strong = rng.uniform(0.35, 0.6)  # share of G and C
        letters = rng.choice(np.frombuffer(b"GCAT", np.uint8), size=LENGTH, p=np.repeat([strong, 1 - strong], 2) / 2)
        texts[f"genomes/{name}.fna"] = f">{name}\n{letters.tobytes().decode()}\n"
        lineages.append((name, phylum, family, taxon.partition(" ")[0], taxon))
        if taxon in genes:
            texts[f"annotations/{name}.gff"] = _gff(name, genes[taxon])
        paths[taxon] = out / "genomes" / f"{name}.fna"
    texts["taxonomy.tsv"] = tsv(["genome", "phylum", "family", "genus", "species"], lineages)
    try:
        for file, text in texts.items():
            (out / file).parent.mkdir(parents=True, exist_ok=True)
            write_whole(out / file, text.encode())
    except OSError as error:
        raise OutputError("the simulated genomes cannot be written", where=str(out), found=error) from error
    return paths


def _genes(plan: AlsPlan) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for strain, _, ko in strain_genes(plan):
        found.setdefault(strain, []).append(ko)
    return found


def _gff(contig: str, genes: Sequence[str]) -> str:
    step = LENGTH // len(genes)
    rows = (
        f"{contig}\tsimulated\tCDS\t{1 + at * step}\t{at * step + GENE}\t.\t+\t0\tID={contig}_{at + 1};KO={ko}\n"
        for at, ko in enumerate(genes)
    )
    return "##gff-version 3\n" + "".join(rows)


def _remove_old(folder: Path, names: Sequence[str]) -> None:
    """Remove reads that an earlier simulation wrote of other samples: a run would take them for this one's."""
    for told in folder.glob("*_truth.json"):
        name = told.name.removesuffix("_truth.json")
        if name not in names:
            for path in (told, folder / f"{name}_R1.fastq.gz", folder / f"{name}_R2.fastq.gz"):
                path.unlink(missing_ok=True)


__all__ = ["ASSAY", "READS_SECTION", "write_reads"]
