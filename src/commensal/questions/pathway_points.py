"""A pathway drawn step by step: each gene's change with its interval, and the molecules between, where measured."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from commensal.errors import CommensalError
from commensal.knowledge import Pathway, pathways
from commensal.questions.comparison import Comparison, compare
from commensal.questions.household import parts_of
from commensal.questions.names import all_named
from commensal.questions.pathway_members import compounds_of, numbers_of, step_genes
from commensal.questions.scales import scales
from commensal.study import LoadedStudy
from commensal.tables import points

_Rows = dict[str, dict[Any, Any]]
_Effects = dict[str, list[dict[str, Any]]]


def pathway_points(loaded: LoadedStudy, comparison: Comparison, rows: pd.DataFrame) -> pd.DataFrame:
    """Return the steps of every pathway of which something is measured, in order.

    Called for a table of genes, with its own rows of Estimates; for a table of molecules only where the question has
    no genes. Molecules of the question's other tables stand between the genes, in the same term.
    """
    kind = comparison.assay.assay.kind
    others = comparison.question.assays or tuple(loaded.assays)
    genes = [name for name in others if name in loaded.assays and loaded.assays[name].assay.kind == "genes"]
    if kind not in ("genes", "metabolites") or (kind == "metabolites" and genes):
        return points()
    own = rows[(rows["model"] == "abundance") & (rows["term"] == comparison.terms[0])]
    first: _Rows = {str(row["feature"]): row for row in own.to_dict("records")}
    held, what = numbers_of(comparison.assay.features) if kind == "genes" else ({}, "KO")
    wanted = {name for one in pathways().values() for name in _molecules(one)}
    found: _Effects = _own_molecules(comparison, first, wanted) if kind == "metabolites" else {}
    if kind == "genes":
        for name in others:
            if name in loaded.assays and loaded.assays[name].assay.kind == "metabolites":
                for compound, values in _of_table(loaded, comparison, name, wanted).items():
                    found.setdefault(compound, []).extend(values)
    frames = []
    chosen = {name.casefold() for name in comparison.question.targeted}
    # those with a molecule that was chosen beforehand come first
    ordered = sorted(pathways().values(), key=lambda one: not chosen & {name.casefold() for name in _molecules(one)})
    for one in ordered:
        steps = _steps(one, comparison, first, held, what)
        between = _between(one, found)
        if any("y" in row for row in (*steps, *between)):
            frames.append(pd.DataFrame([*steps, *between]).assign(block=one.name, measure=one.id))
    if not frames:
        return points()
    shared: dict[str, Any] = {key: value for key, value in comparison.identity().items() if key != "kind"}
    return points(pd.concat(frames, ignore_index=True).assign(figure="pathway", **shared))


def _molecules(one: Pathway) -> list[str]:
    return [name for step in one.steps for name in (*compounds_of(step.substrate), *compounds_of(step.product))]


def _steps(
    one: Pathway, comparison: Comparison, first: _Rows, held: dict[str, list[int]], what: str
) -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = []
    ids = comparison.assay.features.index.astype(str)
    for place, step in enumerate(one.steps, 1):
        row = {"x": float(place), "label": step.id, "side": "gene", "note": f"{step.substrate} → {step.product}"}
        genes = [str(ids[at]) for at in step_genes(step, held, what)]
        measured = [row | {"feature": gene, **_effect(first[gene])} for gene in genes if gene in first]
        made += measured or [row | {"feature": step.id, "group": "not measured"}]
    return made


def _between(one: Pathway, found: _Effects) -> list[dict[str, Any]]:
    """Place each molecule before the step that takes it, or after the one that makes it."""
    place: dict[str, float] = {}
    for at, step in enumerate(one.steps, 1):
        for name in compounds_of(step.substrate):
            place.setdefault(name, at - 0.5)
        for name in compounds_of(step.product):
            place.setdefault(name, at + 0.5)
    return [
        {"x": x, "label": name, "side": "molecule", "note": name, **values}
        for name, x in place.items()
        for values in found.get(name.casefold(), [])
    ]


def _own_molecules(comparison: Comparison, first: _Rows, wanted: set[str]) -> _Effects:
    features = comparison.assay.features
    found: _Effects = {}
    for name, places in all_named(features, sorted(wanted)).items():
        for at in places:
            feature = str(features.index[at])
            values = {"feature": feature, "group": comparison.assay.name, **_effect(first[feature])}
            found.setdefault(name.casefold(), []).append(values)
    return found


def _of_table(loaded: LoadedStudy, comparison: Comparison, assay: str, wanted: set[str]) -> _Effects:
    """Compare the molecules of another table in the first term of people; nothing where it cannot be compared."""
    features = loaded.assays[assay].features
    at = {i: name for name, places in all_named(features, sorted(wanted)).items() for i in places}
    if not at:
        return {}
    try:
        other = compare(loaded, comparison.question, assay)
    except CommensalError:  # its own answer says why
        return {}
    logs = scales(other.assay, other.values).log2[:, list(at)]
    fit = parts_of(other)[0].fit(logs)
    seen = np.isfinite(logs).sum(axis=0)
    found: _Effects = {}
    for i, (column, name) in enumerate(at.items()):
        row = {key: fit[key][i] for key in ("effect", "low", "high")} | {"n": seen[i]}
        values = {"feature": str(features.index[column]), "group": assay, **_effect(row)}
        found.setdefault(name.casefold(), []).append(values)
    return found


def _effect(row: dict[Any, Any]) -> dict[str, Any]:
    if pd.isna(row["effect"]):
        return {"group": "not estimated"}
    return {
        "y": float(row["effect"]), "low": row["low"], "high": row["high"], "n": row["n"],
        "unit": "log2 fold change",
    }  # fmt: skip
