"""The tables of the simulated model study: mice and people in one set of files, as a consortium keeps them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from commensal import knowledge
from commensal.simulation import animal_files, files
from commensal.simulation.als_fluids import MouseFluids
from commensal.simulation.als_plan import ANIMALS_DRUGS, HARMER, HELPER, MUTANT, PEOPLES_DRUG, AlsPlan
from commensal.simulation.files import tsv

#: Specimens of people are named apart from those of mice.
PEOPLES = {"stool": "human stool", "serum": "human serum", "csf": "human CSF"}
#: Pathways that the strains' genomes carry: they decide what a genome can make.
_BASIC = ("nad_de_novo", "tryptophan_from_chorismate", "glutamate_from_glutamine")
_MAKES = ("nicotinamide_release", "nicotinamide_release_by_riboside")
_OWN = {HELPER: (*_MAKES, "riboflavin"), MUTANT: ("riboflavin",), HARMER: ("p_cresol_from_hydroxyphenylacetate",)}
#: KO numbers of proteins that every genome has; strains that are not annotated are unknown, not unable.
_COMMON = tuple(f"K{number:05d}" for number in range(2860, 2940))


@dataclass(frozen=True, slots=True, eq=False)
class AlsDrawn:
    """Everything drawn of the model study."""

    plan: AlsPlan
    animals: animal_files.Drawn
    fluids: MouseFluids
    people: files.Drawn


def als_tables(drawn: AlsDrawn) -> dict[str, str]:
    """Return the study's tables as text, by file name."""
    mice, people = animal_files.tables(drawn.animals), files.cohort_tables(drawn.people)
    fluids, own = drawn.fluids, _without(_renamed(mice["mice.tsv"], mouse="subject"), "litter")
    texts = {
        "samples.tsv": _stacked(
            [
                _renamed(mice["samples.tsv"], mouse="subject"),
                tsv(["sample", "subject", "specimen", "day", "role", "run", "order"], _fluid_samples(drawn)),
                _respecified(_renamed(people["samples.tsv"], person="subject")),
            ]
        ),
        "subjects.tsv": _stacked(
            [
                _with_column(own, "ms_batch", _batches(drawn)),
                _renamed(people["people.tsv"], person="subject"),
            ]
        ),
        "phenotypes.tsv": _stacked(
            [_renamed(mice["phenotypes.tsv"], mouse="subject"), _renamed(people["visits.tsv"], person="subject")]
        ),
        "events.tsv": _renamed(mice["events.tsv"], mouse="subject"),
        "mouse_taxa.tsv": mice["taxa.tsv"], "mouse_tree.nwk": mice["tree.nwk"],
        "cord.tsv": mice["cord.tsv"], "sets.gmt": mice["sets.gmt"],
        "people_species.tsv": people["species.tsv"], "people_tree.nwk": people["tree.nwk"],
        "people_genes.tsv": people["genes.tsv"], "people_csf.tsv": people["csf.tsv"],
        "people_serum.tsv": people["serum.tsv"],
        "people_molecules.tsv": _with_column(
            people["serum_features.tsv"], "exogenous", _exogenous(drawn.people.serum.names)
        ),
        "molecules.tsv": tsv(
            ["id", "name", "exogenous"], zip(fluids.ids, fluids.names, _exogenous(fluids.names), strict=True)
        ),
        "genomes.tsv": tsv(["genome", "gene", "ko"], strain_genes(drawn.plan)),
    }  # fmt: skip
    for fluid, run in fluids.runs.items():
        names = [_tube(drawn, fluid, row, order) for row, order in zip(run.row, run.order, strict=True)]
        rows = (
            (one, *(f"{value:.6g}" for value in column))
            for one, column in zip(fluids.ids, run.values.T.tolist(), strict=True)
        )
        texts[f"mouse_{fluid.lower()}.tsv"] = tsv(["id", *names], rows)
    return texts


def _exogenous(names: Sequence[str]) -> list[str]:
    """Say of each molecule why neither the body nor its microbes make it, where that is so."""
    why = {**dict.fromkeys(ANIMALS_DRUGS, "drug: antibiotic"), PEOPLES_DRUG: "drug: for amyotrophic lateral sclerosis"}
    return [why.get(name, "") for name in names]


def _tube(drawn: AlsDrawn, fluid: str, row: int, order: int) -> str:
    return f"qc-{fluid}-{order}" if row < 0 else f"{drawn.animals.mice.ids[drawn.fluids.animal[row]]}-{fluid}"


def _fluid_samples(drawn: AlsDrawn) -> Iterator[tuple[str, ...]]:
    ids, day = drawn.animals.mice.ids, f"{drawn.fluids.age:.0f}"
    for fluid, run in drawn.fluids.runs.items():
        for row, batch, order in zip(run.row, run.batch, run.order, strict=True):
            whose = (ids[drawn.fluids.animal[row]], fluid, day, "") if row >= 0 else ("", fluid, "", "qc")
            yield (_tube(drawn, fluid, row, order), *whose, f"b{batch + 1}", str(order))


def _batches(drawn: AlsDrawn) -> list[str]:
    of = [""] * drawn.animals.mice.n
    for animal, batch in zip(drawn.fluids.animal, drawn.fluids.batch, strict=True):
        of[animal] = f"b{batch + 1}"
    return of


def strain_genes(plan: AlsPlan) -> Iterator[tuple[str, str, str]]:
    """Yield the genes of each strain: common ones, and those of the pathways that it carries, each step once."""
    pathways = knowledge.pathways()
    for name in (*plan.strain_names, *((MUTANT,) if plan.mutant else ())):
        steps = [step for pathway in (*_BASIC, *_OWN.get(name, ())) for step in pathways[pathway].steps]
        own = [ko for step in steps if step.alternatives for ko in step.alternatives[0]]
        for number, ko in enumerate(dict.fromkeys((*_COMMON, *own)), 1):
            yield name, f"g{number:04d}", ko


def _cells(text: str) -> list[list[str]]:
    return [line.split("\t") for line in text.splitlines()]


def _renamed(text: str, **names: str) -> str:
    """Rename columns: what they are called = what they shall be called."""
    head, *rows = _cells(text)
    return tsv([names.get(name, name) for name in head], rows)


def _without(text: str, name: str) -> str:
    head, *rows = _cells(text)
    at = head.index(name)
    return tsv([*head[:at], *head[at + 1 :]], [[*row[:at], *row[at + 1 :]] for row in rows])


def _respecified(text: str) -> str:
    head, *rows = _cells(text)
    at = head.index("specimen")
    return tsv(head, [[*row[:at], PEOPLES[row[at]], *row[at + 1 :]] for row in rows])


def _with_column(text: str, name: str, values: Sequence[str]) -> str:
    head, *rows = _cells(text)
    return tsv([*head, name], [[*row, value] for row, value in zip(rows, values, strict=True)])


def _stacked(texts: Sequence[str]) -> str:
    """Put tables below one another; a column that one of them lacks is empty there."""
    tables = [_cells(text) for text in texts]
    columns = list(dict.fromkeys(name for head, *_ in tables for name in head))
    rows = []
    for head, *own in tables:
        place = {name: at for at, name in enumerate(head)}
        rows += [[row[place[name]] if name in place else "" for name in columns] for row in own]
    return tsv(columns, rows)
