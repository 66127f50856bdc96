"""The files of a simulated animal study: tables as a lab keeps them, and the study file; the truth is elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from commensal.simulation.animal_plan import START, Plan
from commensal.simulation.files import tsv
from commensal.simulation.mice import LOOK, Mice, arms_of
from commensal.simulation.mouse_gut import Gut
from commensal.simulation.mouse_measures import Measurements
from commensal.simulation.mouse_molecules import Fluids
from commensal.simulation.mouse_tissue import Tissue

TISSUE = "spinal cord"
#: Days between antibiotics and the strain.
WASHOUT = 4
#: Day on which animals are genotyped: who dies before it is never seen.
GENOTYPED = 21


@dataclass(frozen=True, slots=True)
class Drawn:
    """Everything drawn of a study; what it does not have is None."""

    plan: Plan
    mice: Mice
    measured: Measurements
    gut: Gut
    fluids: Fluids | None
    tissue: Tissue | None


def tables(drawn: Drawn) -> dict[str, str]:
    """Return the study's tables as text, by file name."""
    gut, fluids, cord = drawn.gut, drawn.fluids, drawn.tissue
    stool = [_stool_id(drawn, row) for row in range(len(gut.animal))]
    texts = {
        "samples.tsv": tsv(["sample", "mouse", "specimen", "day", "copies_per_g"], _samples(drawn, stool)),
        "mice.tsv": _mice(drawn),
        "phenotypes.tsv": _phenotypes(drawn),
        "events.tsv": tsv(["mouse", "event", "earliest", "latest"], _events(drawn.plan, drawn.mice)),
        "taxa.tsv": tsv(
            ["taxon", "family", "phylum", *stool],
            (
                (*row, *map(str, column))
                for *row, column in zip(gut.names, gut.families, gut.phyla, gut.counts.T.tolist(), strict=True)
            ),
        ),
        "tree.nwk": gut.newick + "\n",
    }
    if fluids is not None:
        for fluid, values in fluids.values.items():
            named = [_sample_id(drawn.mice.ids[at], fluid) for at in fluids.animal]
            rows = ((name, *(f"{value:.6g}" for value in row)) for name, row in zip(named, values, strict=True))
            texts[f"{fluid.lower()}.tsv"] = tsv(["sample", *fluids.ids], rows)
        texts["molecules.tsv"] = tsv(
            ["id", "name", "class"], zip(fluids.ids, fluids.names, fluids.classes, strict=True)
        )
    if cord is not None:
        named = [_sample_id(drawn.mice.ids[at], TISSUE) for at in cord.animal]
        counts = ((gene, *map(str, row)) for gene, row in zip(cord.genes, cord.counts.T.tolist(), strict=True))
        texts["cord.tsv"] = tsv(["gene", *named], counts)
        texts["sets.gmt"] = "".join("\t".join([name, "simulated", *genes]) + "\n" for name, genes in cord.sets.items())
    return texts


def _sample_id(mouse: str, specimen: str) -> str:
    return f"{mouse}-{specimen.rsplit(maxsplit=1)[-1]}"


def _stool_id(drawn: Drawn, row: int) -> str:
    return f"{drawn.mice.ids[drawn.gut.animal[row]]}-d{drawn.gut.age[row]:.0f}"


def _samples(drawn: Drawn, stool: Sequence[str]) -> Iterator[tuple[str, ...]]:
    gut, ids = drawn.gut, drawn.mice.ids
    for name, animal, age, load in zip(stool, gut.animal, gut.age, gut.load, strict=True):
        yield name, ids[animal], "stool", f"{age:.0f}", f"{load:.4g}"
    if drawn.fluids is not None:
        for fluid in drawn.fluids.values:
            for animal in drawn.fluids.animal:
                yield _sample_id(ids[animal], fluid), ids[animal], fluid, f"{drawn.fluids.age:.0f}", ""
    if drawn.tissue is not None:
        for animal, age in zip(drawn.tissue.animal, drawn.tissue.age, strict=True):
            yield _sample_id(ids[animal], TISSUE), ids[animal], TISSUE, f"{age:.0f}", ""


def _mice(drawn: Drawn) -> str:
    plan, mice = drawn.plan, drawn.mice
    arms = arms_of(mice, plan.groups)
    parts = [plan.groups[at].part for at in mice.group]
    infused = [f"{plan.groups[at].dose:g}" if plan.groups[at].part == "infusion" else "" for at in mice.group]
    columns: dict[str, Sequence[str]] = {
        "mouse": mice.ids,
        "genotype": [plan.groups[at].genotype for at in mice.group],
        "arm": arms,
        "cage": mice.label,
        "litter": [f"L{number + 1:03d}" for number in mice.litter],
        "sex": np.where(mice.female, "F", "M").tolist(),
        "batch": ["gavage" if part == "strain" else "infusion" if part == "infusion" else "course" for part in parts],
        "chow": ["standard"] * mice.n,
        "washout": [str(WASHOUT) if part == "strain" else "" for part in parts],
        "dose": infused,
    }
    if plan.facilities > 1:
        columns["facility"] = mice.facility
    if plan.germ_free:
        columns["entry"] = [str(GENOTYPED)] * mice.n
    return tsv(list(columns), zip(*columns.values(), strict=True))


def _phenotypes(drawn: Drawn) -> str:
    measured, ids = drawn.measured, drawn.mice.ids
    values = [[f"{value:g}" for value in column.tolist()] for column in measured.values.values()]
    animals, ages = [ids[at] for at in measured.animal], [f"{age:.0f}" for age in measured.age]
    return tsv(["mouse", "day", *measured.values], zip(animals, ages, *values, strict=True))


def _events(plan: Plan, mice: Mice) -> Iterator[tuple[str, str, str, str]]:
    """Onset between two looks; then whatever ended an animal's follow-up."""
    ends = ("death", "found_dead", "removed", "end_of_study")
    for at, mouse in enumerate(mice.ids):
        last = float(np.round(mice.exit[at]))
        if mice.onset[at] < mice.exit[at]:
            before = START + LOOK * np.floor((mice.onset[at] - START) / LOOK)
            yield mouse, "symptom_onset", f"{max(before, 0):.0f}", f"{min(before + LOOK, last):.0f}"
        which = int(np.argmin([mice.death[at], mice.found_dead[at], mice.removed[at], plan.end]))
        yield mouse, ends[which], f"{last:.0f}", f"{last:.0f}"
