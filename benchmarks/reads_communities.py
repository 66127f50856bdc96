"""The communities of the reads benchmark: which genomes, how many of each, what the reference lacks, what is true."""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from commensal import simulation

#: Strains that the sample holds and the reference does not; each has a relative of its species in the reference.
HELD_OUT = ("Akkermansia_muciniphila_ATCC_BAA-835", "Enterococcus_faecalis_ATCC_19433", "Escherichia_coli_SE15")
#: Species that the reference has no genome of.
NOVEL = (
    "Clostridioides_difficile_CD196",
    "Haemophilus_parainfluenzae_NCTC10665",
    "Staphylococcus_epidermidis_NBRC_100911",
)
#: One strain of each species for the other communities.
TWINS = ("Escherichia_coli_O157H7_Sakai",)
#: Number of the first draw: the draws 0 to 5 served to set what `commensal.reads.coverage` assumes, and are not used.
FIRST = 20


@dataclass(frozen=True)
class Community:
    name: str
    reference: str  #: "all", or "held_out": without HELD_OUT and NOVEL
    cells: dict[str, float]
    n_pairs: int
    seed: int
    host_fraction: float = 0.0
    deletions: dict[str, list] = field(default_factory=dict)


def genomes(data: Path) -> dict[str, Path]:
    return {path.name.removesuffix(".fna.gz"): path for path in sorted((data / "genomes").glob("*.fna.gz"))}


def species(data: Path) -> dict[str, str]:
    """Species of each genome as the manifest names it."""
    with (data / "genomes" / "manifest.tsv").open() as handle:
        return {row["file"].removesuffix(".fna.gz"): row["species"] for row in csv.DictReader(handle, delimiter="\t")}


def communities(names: list[str], n_pairs: int, repeats: int, first: int = FIRST) -> list[Community]:
    """Five kinds of communities, each drawn ``repeats`` times; log-normal (SD 1; 2 for the two shallow kinds)."""
    made = []
    single = [name for name in names if name not in (*HELD_OUT, *TWINS)]
    known = [name for name in single if name not in NOVEL]
    related = {"Akkermansia_muciniphila_YL44", "Enterococcus_faecalis_KB1", "Escherichia_coli_K12_MG1655"}
    for repeat in range(first, first + repeats):
        rng = np.random.default_rng([20261, repeat])

        def drawn(pool, number, sd, rng=rng):
            chosen = rng.choice(sorted(pool), size=number, replace=False)
            return {
                str(name): float(value) for name, value in zip(chosen, np.exp(rng.normal(0, sd, number)), strict=True)
            }

        seed = 100 + repeat
        made.append(Community("closed", "all", drawn(single, 13, 1.0), n_pairs, seed))
        strains = drawn(set(known) - related, 9, 1.0) | drawn(HELD_OUT, 3, 0.5)
        made.append(Community("held_out_strains", "held_out", strains, n_pairs, seed))
        novel = drawn(NOVEL, 3, 0.5)
        total, wanted = sum(strains.values()), 0.15 / 0.85
        novel = {name: value * wanted * total / sum(novel.values()) for name, value in novel.items()}
        made.append(Community("novel_and_host", "held_out", strains | novel, n_pairs, seed, host_fraction=0.05))
        made.append(Community("heavy_tail", "all", drawn(single, 15, 2.0), int(0.4 * n_pairs), seed))
        shallow = drawn(set(known) - related, 9, 2.0) | drawn(HELD_OUT, 3, 2.0)
        novel = drawn(NOVEL, 3, 1.0)
        total = sum(shallow.values())
        novel = {name: value * wanted * total / sum(novel.values()) for name, value in novel.items()}
        made.append(Community("shallow_novel", "held_out", shallow | novel, int(0.4 * n_pairs), seed))
    return made


def annotated(names: list[str], counts, n_pairs: int) -> Community:
    """A closed community of the genomes with known annotation (``counts``: KO entries by genome)."""
    rng = np.random.default_rng(20262)
    chosen = [name for name in names if counts.get(name, 0) > 0]
    cells = {name: float(value) for name, value in zip(chosen, np.exp(rng.normal(0, 1, len(chosen))), strict=True)}
    return Community("annotated", "all", cells, n_pairs, 200)


def with_losses(
    genes, community: Community, share: float = 0.04
) -> tuple[Community, dict[tuple[str, str], bool | None]]:
    """Delete runs of 1–8 genes from every genome; return truth by (genome, gene): there, gone, or None (a part is)."""
    rng = np.random.default_rng(20263)
    cuts: dict[str, list] = {}
    truth: dict[tuple[str, str], bool | None] = {}
    for name in community.cells:
        own = genes[genes["genome"] == name].sort_values(["contig", "start"])
        own = own[own["contig"] == own["contig"].iloc[0]]
        first, last = own["start"].to_numpy(dtype=int), own["end"].to_numpy(dtype=int)
        gone = np.zeros(int(last.max()) + 1, dtype=bool)
        while True:
            at, run = int(rng.integers(len(own) - 8)), int(rng.integers(1, 9))
            begin, end = int(first[at]), int(last[at : at + run].max())
            gone[begin : end + 1] = True
            totals = np.concatenate([[0], np.cumsum(gone)])
            lost = (totals[last + 1] - totals[first]) / (last - first + 1)
            if (lost == 1).mean() >= share:
                break
        edges = np.flatnonzero(np.diff(np.concatenate([[False], gone, [False]]).astype(int)))
        contig = str(own["contig"].iloc[0])
        cuts[name] = [(contig, int(a), int(b) - 1) for a, b in zip(edges[::2], edges[1::2], strict=True)]
        for gene, part in zip(own["gene"], lost, strict=True):
            truth[name, str(gene)] = True if part == 0 else False if part == 1 else None
    made = Community("losses", "all", community.cells, community.n_pairs, 201, deletions=cuts)
    return made, truth


def simulate(community: Community, data: Path, folder: Path, host: Path) -> tuple[Path, Path, dict]:
    """Write the community's reads (once), return both files and the truth."""
    import json

    paths = [folder / f"{community.name}_{community.seed}_R{mate}.fastq.gz" for mate in (1, 2)]
    name, told = f"{community.name}_{community.seed}", folder / f"{community.name}_{community.seed}_truth.json"
    if told.exists() and json.loads(told.read_text())["options"]["n_pairs"] == community.n_pairs:
        return paths[0], paths[1], json.loads(told.read_text())
    truth = simulation.reads(
        folder, genomes(data), community.cells, n_pairs=community.n_pairs, seed=community.seed, name=name,
        host=host if community.host_fraction else None, host_fraction=community.host_fraction,
        deletions=community.deletions,
    )  # fmt: skip
    return paths[0], paths[1], json.loads(told.read_text()) if told.exists() else truth


def true_species(truth: dict, species_of: dict[str, str], in_reference: set[str]) -> tuple[dict[str, float], float]:
    """Share of cells of each species that the reference knows (they sum to 1), and of all others together."""
    shares: dict[str, float] = {}
    unknown = 0.0
    for name, facts in truth["genomes"].items():
        if facts["cells"] is None:
            continue
        one = species_of[name]
        if one in in_reference:
            shares[one] = shares.get(one, 0.0) + facts["cells"]
        else:
            unknown += facts["cells"]
    total = sum(shares.values())
    return {one: value / total for one, value in shares.items()}, unknown


def compared(found: dict[str, float], truth: dict[str, float]) -> dict[str, float]:
    """F1 of species' presence, and L1 of shares among the species that the reference knows (both sum to 1)."""
    total = sum(found.values())
    found = {one: value / total for one, value in found.items() if value > 0} if total else {}
    hits = len(set(found) & set(truth))
    f1 = 2 * hits / (len(found) + len(truth))
    l1 = sum(abs(found.get(one, 0.0) - truth.get(one, 0.0)) for one in set(found) | set(truth))
    return {"f1": f1, "l1": l1, "false": len(set(found) - set(truth)), "missed": len(set(truth) - set(found))}
