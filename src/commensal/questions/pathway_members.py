"""Which features of a table belong to a pathway: genes by KO or EC number, molecules by compound."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from commensal.knowledge import Pathway, Step, pathways
from commensal.questions.names import COMPOUND, LABEL

_KO = re.compile(r"\bK\d{5}\b")
_EC = re.compile(r"\b\d+\.\d+\.\d+\.(?:n?\d+)\b")
#: What stands between a gene and the taxon that carries it, in tables that are split by taxon.
BAR = "|"
SHIPPED = "shipped"


@dataclass(frozen=True, slots=True, eq=False)
class Sets:
    """Sets of one collection with their members among the features of an assay."""

    name: str  #: ``shipped``, or the file
    labels: Mapping[str, str]  #: set → words for a reader
    members: Mapping[str, NDArray[np.intp]]  #: set → columns of the table
    known: Mapping[str, int]  #: set → how many members it has in all
    least: int  #: fewer members than this are no set
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
    genes = {one.id: [at for step in one.steps for at in step_genes(step, held, what)] for one in pathways().values()}
    size = {
        one.id: len({n for step in one.steps for wanted in step.alternatives for n in wanted})
        for one in pathways().values()
    }
    return _sets(genes, size, f"genes by {what} number", 2)


def compound_pathways(features: pd.DataFrame) -> Sets:
    """Return the pathways that ship, and the families of them, with their molecules in a table."""
    held: dict[str, list[int]] = {}
    column = COMPOUND if COMPOUND in features else LABEL
    for at, text in enumerate(features[column].astype("string").fillna("").str.casefold().str.strip()):
        if text:
            held.setdefault(text, []).append(at)
    found = {
        one.id: [at for name in pathway_compounds(one) for at in held.get(name.casefold(), [])]
        for one in pathways().values()
    }
    size = {one.id: len(pathway_compounds(one)) for one in pathways().values()}
    return _sets(found, size, f"molecules by {column}", 2)


def _sets(found: Mapping[str, list[int]], size: Mapping[str, int], how: str, least: int) -> Sets:
    """Put sets together; a family of several pathways is a set too, where it says more than one of them."""
    labels = {one.id: one.name for one in pathways().values()}
    members = {name: np.unique(np.array(at, dtype=np.intp)) for name, at in found.items()}
    known = dict(size)
    families: dict[str, list[str]] = {}
    for one in pathways().values():
        families.setdefault(one.family, []).append(one.id)
    for family, ids in families.items():
        union = np.unique(np.concatenate([members[name] for name in ids]))
        if len(ids) > 1 and all(len(union) > len(members[name]) for name in ids):
            name = f"family: {family}"
            labels[name], members[name] = f"{family}: all its pathways", union
            known[name] = sum(size[one] for one in ids)
    return Sets(SHIPPED, labels, members, known, least, how)


def unstratified(features: pd.DataFrame) -> NDArray[np.bool_]:
    """Return which rows are genes as wholes, (m,), not parts of them by taxon (``K00278|species``)."""
    ids = features.index.astype(str)
    return np.array([BAR not in one for one in ids], dtype=bool)
