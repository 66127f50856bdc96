"""Which features of a table belong to a pathway: genes by KO or EC number, molecules by compound."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from commensal.knowledge import Pathway, Step, pathways
from commensal.questions.names import COMPOUND, LABEL, plain

_KO = re.compile(r"\bK\d{5}\b")
_EC = re.compile(r"\b\d+\.\d+\.\d+\.(?:n?\d+)\b")
#: What stands between a gene and the taxon that carries it, in tables that are split by taxon.
BAR = "|"
SHIPPED = "shipped"
#: Fewer members than this are no set; of a pathway that is measured too little no number is enough.
LEAST, NEVER = 2, 10**9
#: A pathway that ships is tested where so many of its steps have a gene, or of its molecules are measured.
MEASURED, MOLECULES = 0.5, 0.25


@dataclass(frozen=True, slots=True, eq=False)
class Sets:
    """Sets of one collection with their members among the features of an assay."""

    name: str  #: ``shipped``, or the file
    labels: Mapping[str, str]  #: set → words for a reader
    members: Mapping[str, NDArray[np.intp]]  #: set → columns of the table
    known: Mapping[str, int]  #: set → how many members it has in all
    least: Mapping[str, int]  #: set → fewer members than this are not what its name says
    how: str  #: how members were found, in words


def compounds_of(text: str) -> tuple[str, ...]:
    """Return the molecules that a step names.

    Examples
    --------
    >>> compounds_of("iminosuccinate, dihydroxyacetone phosphate"), compounds_of("nicotinamide riboside (outside)")
    (('iminosuccinate', 'dihydroxyacetone phosphate'), ('nicotinamide riboside',))
    """
    return tuple(part.split(" (")[0].strip() for part in text.split(", ") if part.strip())


def pathway_compounds(pathway: Pathway) -> tuple[str, ...]:
    """Return the substrates and products of a pathway, in the order of its steps."""
    named = (name for step in pathway.steps for name in (*compounds_of(step.substrate), *compounds_of(step.product)))
    return tuple(dict.fromkeys(named))


def numbers_of(features: pd.DataFrame) -> tuple[dict[str, list[int]], str]:
    """Return KO number → columns of the table; EC numbers where no feature has a KO number; and which it was."""
    texts = {"id": features.index.to_series(), **{str(name): features[name] for name in features.columns}}
    for what, pattern in (("KO", _KO), ("EC", _EC)):
        found: dict[str, list[int]] = {}
        for values in texts.values():
            for at, text in enumerate(values.astype("string").fillna("")):
                for number in pattern.findall(text):
                    if at not in found.setdefault(number, []):
                        found[number].append(at)
        if found:
            return found, what
    return {}, "KO"


def step_genes(step: Step, held: Mapping[str, list[int]], what: str) -> tuple[int, ...]:
    """Return the columns of the genes that carry a step, in the order of its alternatives."""
    numbers = [ko for wanted in step.alternatives for ko in wanted] if what == "KO" else _EC.findall(step.ec)
    return tuple(dict.fromkeys(at for number in numbers for at in held.get(number, [])))


def gene_pathways(features: pd.DataFrame) -> Sets:
    """Return the pathways that ship, and the families of them, with their genes in a table."""
    held, what = numbers_of(features)
    steps = {one.id: [step_genes(step, held, what) for step in one.steps] for one in pathways().values()}
    genes = {name: [at for found in each for at in found] for name, each in steps.items()}
    # Alternatives are many and few are anywhere: what counts is how many of the steps are measured.
    whole = {name: sum(map(bool, each)) >= MEASURED * len(each) for name, each in steps.items()}
    size = {one.id: len(one.steps) for one in pathways().values()}
    return _sets(genes, size, f"genes by {what} number, of {{}} steps", whole)


def compound_pathways(features: pd.DataFrame) -> Sets:
    """Return the pathways that ship, and the families of them, with their molecules in a table."""
    held: dict[str, list[int]] = {}
    column = COMPOUND if COMPOUND in features else LABEL
    for at, text in enumerate(plain(features, column)):
        if text:
            held.setdefault(text, []).append(at)
    found = {
        one.id: [at for name in pathway_compounds(one) for at in held.get(name.casefold(), [])]
        for one in pathways().values()
    }
    size = {one.id: len(pathway_compounds(one)) for one in pathways().values()}
    whole = {name: len(set(at)) >= MOLECULES * size[name] for name, at in found.items()}
    return _sets(found, size, f"molecules by {column}, of {{}} in the pathway", whole)


def _sets(found: Mapping[str, list[int]], size: Mapping[str, int], how: str, whole: Mapping[str, bool]) -> Sets:
    """Put sets together; a family of several pathways is a set too, where two of them are measured enough."""
    labels = {one.id: one.name for one in pathways().values()}
    members = {name: np.unique(np.array(at, dtype=np.intp)) for name, at in found.items()}
    known, least = dict(size), {name: LEAST if whole[name] else NEVER for name in labels}
    families: dict[str, list[str]] = {}
    for one in pathways().values():
        families.setdefault(one.family, []).append(one.id)
    for family, ids in families.items():
        union = np.unique(np.concatenate([members[name] for name in ids]))
        enough = sum(whole[name] for name in ids) >= 2
        if enough and all(len(union) > len(members[name]) for name in ids):
            name = f"family: {family}"
            labels[name], members[name], least[name] = f"{family}: all its pathways", union, LEAST
            known[name] = sum(size[one] for one in ids)
    return Sets(SHIPPED, labels, members, known, least, how)


def unstratified(features: pd.DataFrame) -> NDArray[np.bool_]:
    """Return which rows are genes as wholes, (m,), not parts of them by taxon (``K00278|species``)."""
    ids = features.index.astype(str)
    return np.array([BAR not in one for one in ids], dtype=bool)
