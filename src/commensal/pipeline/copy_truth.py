"""The truth of a copied design, in the words in which `score` reads it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

import numpy as np

from commensal.evidence import CORROBORATING
from commensal.pipeline.plan_claims import Argument
from commensal.questions.ends import asked_events, asked_measures
from commensal.simulation.design import Copy
from commensal.study import LoadedStudy, Question

#: Lines that no effect of ours is planted in by itself: they may follow from another one.
INDIRECT = tuple(name for name in CORROBORATING if name != "depletion")
GIVEN = ("depletion", "screen", "rescue")


def truth_of(copy: Copy, argued: Argument | None) -> dict[str, Any]:
    """Return what was planted: ``planted`` features, ``verdicts`` on arms and, where claims are made, ``links``."""
    truth: dict[str, Any] = {
        "planted": list(_planted(copy)),
        "verdicts": list(_verdicts(copy)),
        "outcomes": [
            {"contrast": contrast, "outcome": name, "effect": size,
             "unit": "log hazard ratio" if name in copy.loaded.declared.events else "SD"}
            for (contrast, name), size in copy.outcomes.items()
        ],
    }  # fmt: skip
    return truth | (_of_claims(copy, argued) if argued else {})


def _planted(copy: Copy) -> Iterator[dict[str, Any]]:
    for (contrast, assay), features in copy.features.items():
        table = copy.loaded.assays[assay]
        model = "expression" if table.assay.kind == "transcripts" else "abundance"
        labels = {str(one): str(label) for one, label in table.features["label"].items()}
        for feature, size in features.items():
            yield {"contrast": contrast, "assay": assay, "feature": feature, "label": labels[feature], "model": model,
                   "effect": size, "unit": "log2 fold change"}  # fmt: skip


def _better(loaded: LoadedStudy, outcome: str) -> int:
    measure = loaded.declared.measures.get(outcome)
    if measure is not None:
        return 1 if measure.better == "higher" else -1
    return -1 if loaded.declared.events[outcome].better == "later" else 1  # a smaller hazard is later


def _on_arm(copy: Copy, column: str, arm: str, outcome: str) -> int:
    """Return the sign of what was planted in an arm, 1 is better."""
    contrasts = copy.loaded.declared.contrasts
    sizes = [size for (name, target), size in copy.outcomes.items()
             if target == outcome and contrasts[name].column == column and arm in contrasts[name].case]  # fmt: skip
    return int(np.sign(sizes[0])) * _better(copy.loaded, outcome) if sizes else 0


def _verdicts(copy: Copy) -> Iterator[dict[str, Any]]:
    loaded = copy.loaded
    words = {1: "helps", -1: "harms", 0: "none"}
    for question in loaded.declared.questions.values():
        if question.kind not in GIVEN:
            continue
        contrast = loaded.declared.contrasts[question.contrast]
        for arm in contrast.case:
            for outcome in (*asked_measures(loaded, question), *asked_events(loaded, question)):
                sign = _on_arm(copy, contrast.column, arm, outcome)
                for level in _levels(loaded, question):
                    yield {"question": question.kind, "genotype": level, "arm": arm, "outcome": outcome,
                           "truth": words[sign]}  # fmt: skip


def _levels(loaded: LoadedStudy, question: Question) -> list[str | None]:
    if question.by is None or question.by not in loaded.subjects:
        return [None]
    return [str(one) for one in loaded.subjects[question.by].dropna().unique()]


def _of_claims(copy: Copy, argued: Argument) -> dict[str, Any]:
    loaded, family = copy.loaded, argued.family
    contrasts = loaded.declared.contrasts
    outcomes = [one.name for one in family.outcomes]
    strains = {one.name for one in family.strains}
    links: dict[str, list[dict[str, Any]]] = {}

    def add(line: str, sign: float, **of: str) -> None:
        if sign and {**of, "sign": int(sign)} not in links.setdefault(line, []):
            links[line].append({**of, "sign": int(sign)})

    for question in loaded.declared.questions.values():
        column = contrasts[question.contrast].column
        for arm, outcome in product(contrasts[question.contrast].case, outcomes):
            sign = _on_arm(copy, column, arm, outcome)
            if question.kind == "screen" and arm in strains:
                add("strain → outcome", sign, strain=arm, outcome=outcome)
            if question.kind == "rescue" and arm in family.given:
                add("molecule → outcome", sign, molecule=family.given[arm], outcome=outcome)
            if question.kind in ("depletion", "mediators"):
                add("depletion → outcome", sign, outcome=outcome)
    candidates = []
    for strain, molecule, falls, rises in _of_molecules(copy, argued):
        add("depletion → molecule", falls, molecule=molecule)
        add("strain → molecule", rises, strain=strain, molecule=molecule)
        if falls * rises < 0:
            candidates.append({"strain": strain, "molecule": molecule})
    given = [one["molecule"] for one in links.get("molecule → outcome", ())]
    triad: Mapping[str, Any] | None = None
    for one in links.get("strain → molecule", ()):
        helped = [row["outcome"] for row in links.get("strain → outcome", ()) if row["strain"] == one["strain"]]
        if triad is None and one["molecule"] in given and helped:
            triad = {"strain": one["strain"], "molecule": one["molecule"], "outcomes": helped}
    return {"triad": triad, "links": links, "indirect": list(INDIRECT), "candidates": candidates}


def _of_molecules(copy: Copy, argued: Argument) -> Iterator[tuple[str, str, float, float]]:
    """Yield strain, molecule, and the signs with which it changes without microbes, with it."""
    contrasts = copy.loaded.declared.contrasts
    strains = {one.name for one in argued.family.strains}
    for question in copy.loaded.declared.questions.values():
        if question.kind != "mediators" or question.supplements is None:
            continue
        for molecule in argued.family.molecules:
            falls, rises = (_sign(copy, name, molecule.features) for name in (question.contrast, question.supplements))
            for strain in contrasts[question.supplements].case:
                if strain in strains:
                    yield strain, molecule.name, falls, rises


def _sign(copy: Copy, contrast: str, features: frozenset[tuple[str, str]]) -> float:
    """Return the sign with which a molecule changes in every table that has it; 0 where it does not in all."""
    sizes = {np.sign(copy.features.get((contrast, assay), {}).get(feature, 0.0))
             for assay, feature in features if (contrast, assay) in copy.features}  # fmt: skip
    return float(sizes.pop()) if len(sizes) == 1 else 0.0


__all__ = ["truth_of"]
