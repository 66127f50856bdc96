"""What was planted in the simulated model study: every link, under the names of the lines of claims, and the decoys."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, fields
from typing import Any

import numpy as np

from commensal.simulation.als_files import AlsDrawn
from commensal.simulation.als_plan import (
    ANIMALS_DRUGS,
    BLOOMER,
    BYSTANDER,
    DIETARY,
    HARMER,
    HELPER,
    LINKS,
    MEDIATOR,
    MUTANT,
    PEOPLES_DRUG,
    AlsPlan,
    molecule_shift,
    necessary,
    removed,
)
from commensal.simulation.animal_plan import ANTIBIOTICS, SALINE, TOP_DOSE, VEHICLE, Group
from commensal.simulation.mouse_molecules import SHARES
from commensal.simulation.patients import PANEL

Rows = list[dict[str, Any]]


def als_truth(drawn: AlsDrawn) -> dict[str, Any]:
    """Return the truth: options, the planted triad, every planted link by line, the courses of taxa, and decoys.

    A row of ``links`` names what it is of (strain, molecule, outcome), its `sign` (of outcomes 1 is better, else 1 is
    more) and its `effect` with `unit`; what has no row is null. ``indirect`` names lines that are not null although
    nothing was planted in them: genes follow the species that carry them.
    """
    plan = drawn.plan
    options = {one.name: getattr(plan, one.name) for one in fields(AlsPlan) if one.name not in ("effects", "mice")}
    links = _links(drawn)
    triad = {"strain": HELPER, "molecule": MEDIATOR, "direction": "helps", "through": "raises"}
    whole = all(_has(links[name], triad) for name in LINKS)
    return {
        "kind": "als",
        "options": options,
        "effects": asdict(plan.effects),
        "triad": triad | {"outcomes": _outcomes(plan)} if whole else None,
        "links": links,
        "indirect": ["human genes"] if plan.effects.difference else [],
        "verdicts": list(_verdicts(plan)),
        "classes": list(_classes(drawn)),
        "candidates": _candidates(links),
        "planted": list(_planted(drawn)),
        "decoys": _decoys(plan),
    }


def _has(rows: Rows, triad: dict[str, Any]) -> bool:
    return any(all(row.get(key, triad[key]) == triad[key] for key in ("strain", "molecule")) for row in rows)


def _outcomes(plan: AlsPlan) -> list[str]:
    """Return the primary outcomes."""
    return [plan.outcomes[0].name, "death"]


def _links(drawn: AlsDrawn) -> dict[str, Rows]:
    plan, e = drawn.plan, drawn.plan.effects
    groups = {group.arm: group for group in plan.mice.groups if group.diseased}
    strains = [groups[name] for name in plan.strain_names]
    tops = [group for group in plan.infused if group.dose == TOP_DOSE]
    raised = list(_strain_molecules(drawn, strains, groups[VEHICLE]))
    lost = [groups[MUTANT]] if plan.mutant else []
    return {
        "strain → outcome": [{"strain": one.arm, **row} for one in strains for row in _shifts(plan, one)],
        "strain → molecule": raised,
        "molecule → outcome": [{"molecule": one.gives, **row} for one in tops for row in _shifts(plan, one)],
        "depletion → outcome": list(_shifts(plan, groups[ANTIBIOTICS])),
        "depletion → molecule": [
            {"molecule": name, "sign": int(way), "effect": way * e.depletion_molecule, "unit": "log2"}
            for name, way in ((name, removed(name)) for name in drawn.fluids.names)
            if way and e.depletion_molecule
        ],
        "necessity → outcome": list(_lost_outcomes(plan, groups[HELPER])) if lost else [],
        "necessity → molecule": [
            {"strain": HELPER, "molecule": MEDIATOR, "sign": -1, "effect": -e.necessity * row["effect"], "unit": "log2"}
            for row in raised
            if lost and e.necessity and row["strain"] == HELPER and row["molecule"] == MEDIATOR
        ],
        "difference": [
            {"strain": name, "sign": int(np.sign(fold)), "effect": float(fold), "unit": "log2, patients"}
            for name, fold in zip(drawn.people.stool.names, drawn.people.stool.log2_fold.tolist(), strict=True)
            if fold and name in plan.strain_names
        ],
        "precedence": list(_before(drawn)),
        "host reversal": [
            {"molecule": MEDIATOR, "sign": 1, "effect": e.reversal, "unit": "share of the signature taken back"}
        ] * bool(e.reversal and e.genes),
        "human genes": [{"molecule": MEDIATOR, "sign": -1, "effect": None, "unit": "as its carriers do"}]
        * bool(e.difference),
        "human level": list(_levels(drawn)),
        "human severity": [
            {"molecule": MEDIATOR, "measure": "alsfrs", "sign": 1, "effect": e.severity, "unit": "r, in serum"}
        ] * bool(e.severity),
    }  # fmt: skip


def _shifts(plan: AlsPlan, group: Group) -> Iterator[dict[str, Any]]:
    """Yield what a group does to every outcome against its control arm."""
    for outcome in plan.outcomes if group.measures else ():
        yield {
            "outcome": outcome.name, "sign": int(np.sign(group.measures)), "effect": round(group.measures, 6),
            "unit": "SD of a measurement, at the last age; above 0 is better",
        }  # fmt: skip
    if group.hazard != 1:
        gain = round(-float(np.log(group.hazard)), 6)
        yield {"outcome": "death", "sign": int(np.sign(gain)), "effect": gain, "unit": "fall of the log hazard"}


def _lost_outcomes(plan: AlsPlan, parent: Group) -> Iterator[dict[str, Any]]:
    """Yield what a mutant lacks of its parent's effects: where all goes through the molecule, by `necessity`."""
    share = plan.effects.necessity * necessary(plan)
    for row in _shifts(plan, parent) if share else ():
        if row["effect"]:
            lost = round(-share * row["effect"], 6)
            yield {"strain": HELPER, **row, "sign": int(np.sign(lost)), "effect": lost}


def _strain_molecules(drawn: AlsDrawn, strains: list[Group], control: Group) -> Iterator[dict[str, Any]]:
    for group in strains:
        for name in drawn.fluids.names:
            change = molecule_shift(drawn.plan, group, name) - molecule_shift(drawn.plan, control, name)
            if change:
                shares = {fluid: round(share * change, 6) for fluid, share in SHARES.items()}
                yield {
                    "strain": group.arm, "molecule": name, "sign": int(np.sign(change)), "effect": change,
                    "unit": "log2, serum", "specimens": shares,
                }  # fmt: skip


def _before(drawn: AlsDrawn) -> Iterator[dict[str, Any]]:
    """Yield the strains' taxa that differ before onset, in diseased mice against healthy ones."""
    gut = drawn.animals.gut
    for name in drawn.plan.strain_names:
        at = gut.names.index(name)
        early = gut.classes[at] == "before" or (gut.classes[at] == "both" and gut.departure[at] < 0)
        if gut.log2_fold[at] and early:
            fold = float(gut.log2_fold[at])
            yield {"strain": name, "sign": int(np.sign(fold)), "effect": fold, "unit": "log2, before onset"}


def _levels(drawn: AlsDrawn) -> Iterator[dict[str, Any]]:
    """Yield molecules that differ in patients, where every specimen in which they are measured says the same."""
    serum, panel = drawn.people.serum, {name: falls for name, _, falls in PANEL}
    for name, fold in zip(serum.names, serum.log2_fold.tolist(), strict=True):
        if fold and (name not in panel or (panel[name] and fold < 0)):
            yield {"molecule": name, "sign": int(np.sign(fold)), "effect": fold, "unit": "log2, patients"}


def _verdicts(plan: AlsPlan) -> Iterator[dict[str, Any]]:
    """Say what is true of every arm: ``helps``, ``harms`` or ``nothing``."""
    question = {"antibiotics": "depletion", "strain": "screen", "infusion": "rescue"}
    for group in plan.mice.groups:
        if group.part in question and group.arm not in (VEHICLE, SALINE):
            shown = dict.fromkeys((one.name for one in plan.outcomes), group.measures)
            shown["death"] = -float(np.log(group.hazard))
            for outcome, better in shown.items():
                told = "helps" if better > 1e-12 else "harms" if better < -1e-12 else "nothing"
                yield {
                    "question": question[group.part], "genotype": group.genotype, "arm": group.arm, "outcome": outcome,
                    "truth": told,
                }  # fmt: skip


def _classes(drawn: AlsDrawn) -> Iterator[dict[str, Any]]:
    gut = drawn.animals.gut
    for at, name in enumerate(gut.names):
        yield {
            "feature": name, "class": gut.classes[at] if gut.log2_fold[at] else "neither",
            "facility": "A" if gut.one_facility[at] else None,
        }  # fmt: skip


def _candidates(links: dict[str, Rows]) -> Rows:
    """Return strain × molecule where the molecule moves one way without microbes and the other with the strain."""
    gone = {row["molecule"]: row["sign"] for row in links["depletion → molecule"]}
    return [
        {"strain": row["strain"], "molecule": row["molecule"]}
        for row in links["strain → molecule"]
        if gone.get(row["molecule"]) == -row["sign"]
    ]


def _planted(drawn: AlsDrawn) -> Iterator[dict[str, Any]]:
    """Yield single features that differ: people's species and molecules, genes that the molecule takes back."""
    people, cord = drawn.people, drawn.animals.tissue
    panel = [name for name, _, _ in PANEL]
    tables = [
        ("people_species", people.stool.names, people.stool.names, people.stool.log2_fold, "abundance"),
        ("people_serum", people.serum.ids, people.serum.names, people.serum.log2_fold, "abundance"),
        ("people_csf", panel, panel, people.csf.log2_fold, "abundance"),
    ]
    if cord is not None:
        tables.append(("cord", cord.genes, cord.genes, cord.taken_back, "expression"))
    for assay, ids, labels, fold, model in tables:
        for feature, label, size in zip(ids, labels, fold.tolist(), strict=True):
            if size:
                yield {
                    "assay": assay, "feature": feature, "label": label, "model": model, "effect": round(size, 6),
                    "unit": "log2 fold change",
                }  # fmt: skip


def _decoys(plan: AlsPlan) -> Rows:
    told = [
        {"decoy": "strain", "name": BLOOMER, "why": "it stays and differs in disease, and does nothing"},
        {"decoy": "strain", "name": HARMER, "why": "it harms, not through the molecule"},
        {"decoy": "molecule", "name": BYSTANDER, "why": "it moves with microbes and strain; infused, it does nothing"},
        *({"decoy": "drug", "name": name, "why": "nothing but the treatment brings it"} for name in ANIMALS_DRUGS),
        {"decoy": "drug", "name": PEOPLES_DRUG, "why": "patients take it"},
        {"decoy": "household", "name": DIETARY, "why": "it goes with what a household eats"},
        {"decoy": "cage", "name": f"ICC {plan.icc:g}", "why": "animals of a cage are alike in everything"},
    ]
    return [one for one in told if one["decoy"] != "strain" or one["name"] in plan.strain_names]
