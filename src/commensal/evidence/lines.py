"""The lines of a claim: what each rests on, and which way it has to point.

A claim says that a strain helps (or harms) in an outcome by raising (or lowering) a molecule. `d` is 1 for helps, −1
for harms; `v` is 1 for raises, −1 for lowers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from commensal.evidence.facts import ANY, Facts, Integers, facts, places
from commensal.evidence.family import Family

Rows = pd.DataFrame
#: Models of a molecule or taxon in an arm, the one with the most to say first.
AMOUNTS = ("abundance", "change, adjusted for baseline")


@dataclass(frozen=True, slots=True)
class Part:
    """One kind of row that a line rests on, and the sign that it must have for directions d and ways v."""

    read: Callable[[Rows, Family], Facts]
    expected: Callable[[int, int], int]


@dataclass(frozen=True, slots=True)
class Line:
    """One line; of several parts, or several specimens of the same animals, the largest p counts."""

    name: str
    interventional: bool  #: a link of the gate
    parts: tuple[Part, ...]


def chosen_rows(rows: Rows, family: Family, kind: str, *models: str) -> Rows:
    """Return rows of a kind and models, of the level of ``by`` whose animals have the disease."""
    own = rows[(rows["kind"] == kind) & rows["model"].isin(models)]
    if own.empty:
        return own
    level = own["question"].map(dict(family.sick))
    named = own["label"].fillna("")
    arm = own["term"].fillna("")
    inside = level.isna() | (arm == named) | (arm == level.fillna("") + ": " + named)
    return own[inside.to_numpy(bool)]


def _arm(rows: Rows, family: Family) -> pd.Series:
    """Return the arm that each row's term names, without the level of ``by``."""
    term = rows["term"].fillna("").astype(str)
    level = rows["question"].map(dict(family.sick)).fillna("").astype(str)
    return pd.Series(
        [one.removeprefix(f"{own}: ") if own else one for one, own in zip(term, level, strict=True)],
        index=rows.index, dtype=object,
    )  # fmt: skip


def outcomes_of(rows: Rows, family: Family) -> tuple[Integers, Integers]:
    """Return which outcome each row (k,) is of, and 1 or −1: what a larger effect means."""
    index = places(rows["measure"], tuple(one.name for one in family.outcomes))
    better = np.array([one.better for one in family.outcomes], dtype=np.int64)
    return index, np.where(index >= 0, better[np.maximum(index, 0)], 1)


def features_of(rows: Rows, family: Family) -> Integers:
    """Return which molecule each row (k,) is of."""
    where = {key: i for i, one in enumerate(family.molecules) for key in one.features}
    named = {one.name: i for i, one in enumerate(family.molecules)}
    keys = zip(rows["assay"], rows["feature"], rows["label"], strict=True)
    return np.array(
        [where.get((str(a), str(f)), named.get(str(f), named.get(str(label), ANY - 1))) for a, f, label in keys],
        dtype=np.int64,
    )


def strains_of(rows: Rows, family: Family) -> Integers:
    """Return the strain of each row's arm."""
    return places(_arm(rows, family), tuple(one.name for one in family.strains))


def taxa_of(rows: Rows, family: Family) -> Integers:
    """Return the strain whose own abundance each row is of."""
    where = {key: i for i, one in enumerate(family.strains) for key in one.taxa}
    keys = zip(rows["assay"], rows["feature"], strict=True)
    return np.array([where.get((str(a), str(f)), ANY - 1) for a, f in keys], dtype=np.int64)


def kept(rows: Rows, *index: Integers) -> np.ndarray:
    """Return which rows (k,) have every index."""
    keep = np.ones(len(rows), dtype=bool)
    for one in index:
        keep &= one >= 0
    return keep


def strain_outcome(rows: Rows, family: Family) -> Facts:
    """Read the verdicts of a screen: each strain's arm on each primary outcome."""
    own = chosen_rows(rows, family, "screen", "verdict")
    strain, (outcome, better) = strains_of(own, family), outcomes_of(own, family)
    keep = kept(own, strain, outcome)
    return facts(own[keep], strain=strain[keep], outcome=outcome[keep], sign=better[keep])


def strain_molecule(rows: Rows, family: Family) -> Facts:
    """Read the molecules of each strain's arm, in every specimen."""
    own = _amounts(chosen_rows(rows, family, "mediators", *AMOUNTS))
    strain, molecule = strains_of(own, family), features_of(own, family)
    keep = kept(own, strain, molecule)
    return facts(own[keep], strain=strain[keep], molecule=molecule[keep])


def molecule_outcome(rows: Rows, family: Family) -> Facts:
    """Read the verdicts of a rescue: the arms in which a molecule was given."""
    own = chosen_rows(rows, family, "rescue", "verdict")
    given = _arm(own, family).map(dict(family.given))
    molecule = places(given, tuple(one.name for one in family.molecules))
    outcome, better = outcomes_of(own, family)
    keep = kept(own, molecule, outcome)
    return facts(own[keep], molecule=molecule[keep], outcome=outcome[keep], sign=better[keep])


def depletion_molecule(rows: Rows, family: Family) -> Facts:
    """Read the molecules of the arms whose microbes were removed."""
    own = _amounts(chosen_rows(rows, family, "mediators", *AMOUNTS))
    molecule = features_of(own, family)
    keep = kept(own, molecule) & own["contrast"].isin(family.removed).to_numpy(bool)
    return facts(own[keep], molecule=molecule[keep])


def depletion_outcome(rows: Rows, family: Family) -> Facts:
    """Read the verdicts of the arms whose microbes were removed."""
    own = chosen_rows(rows, family, "depletion", "verdict")
    outcome, better = outcomes_of(own, family)
    keep = kept(own, outcome)
    return facts(own[keep], outcome=outcome[keep], sign=better[keep])


def necessity_molecule(rows: Rows, family: Family) -> Facts:
    """Read the molecules of a mutant's arm against its parent's."""
    own = chosen_rows(rows, family, "mediators", "necessity")
    strain, molecule = _parents(own, family), features_of(own, family)
    keep = kept(own, strain, molecule)
    return facts(own[keep], strain=strain[keep], molecule=molecule[keep])


def necessity_outcome(rows: Rows, family: Family) -> Facts:
    """Read the outcomes of a mutant's arm against its parent's."""
    own = chosen_rows(rows, family, "mediators", "necessity")
    strain = _parents(own, family)
    outcome, better = outcomes_of(own, family)
    keep = kept(own, strain, outcome)
    return facts(own[keep], strain=strain[keep], outcome=outcome[keep], sign=better[keep])


def _parents(rows: Rows, family: Family) -> Integers:
    """Return the strain that a mutant is compared with: ``mutant against parent``."""
    parents = [str(term).rpartition(" against ")[2] for term in rows["term"].fillna("")]
    return places(pd.Series(parents, dtype=object), tuple(one.name for one in family.strains))


def difference(rows: Rows, family: Family) -> Facts:
    """Read the strain's own abundance in people with the disease against those without."""
    own = _first_term(chosen_rows(rows, family, "cohort", "abundance"))
    strain = taxa_of(own, family)
    keep = kept(own, strain)
    return facts(own[keep], strain=strain[keep])


def precedence(rows: Rows, family: Family) -> Facts:
    """Read the strain's own abundance before onset, in animals by which the strains were not chosen."""
    own = chosen_rows(rows, family, "course", "abundance")
    own = own[(own["term"] == "before").to_numpy(bool) & ~own["question"].isin(family.chose).to_numpy(bool)]
    strain = taxa_of(own, family)
    keep = kept(own, strain)
    return facts(own[keep], strain=strain[keep])


def reversal_by_strain(rows: Rows, family: Family) -> Facts:
    """Read whether a strain moves the tissue's signature of the disease back: a score below 0 does."""
    return _reversal(rows, family, {one.name: i for i, one in enumerate(family.strains)}, of="strain")


def reversal_by_molecule(rows: Rows, family: Family) -> Facts:
    """Read whether a molecule moves the tissue's signature of the disease back."""
    index = {one.name: i for i, one in enumerate(family.molecules)}
    arms = {arm: index[name] for arm, name in family.given.items() if name in index}
    return _reversal(rows, family, arms, of="molecule")


def _reversal(rows: Rows, family: Family, arms: Mapping[str, int], *, of: Literal["strain", "molecule"]) -> Facts:
    own = rows[(rows["kind"] == "host") & (rows["model"] == "reversal")]
    index = np.full(len(own), ANY - 1, dtype=np.int64)
    for k, contrast in enumerate(own["contrast"].fillna("")):
        found = {arms.get(arm, ANY - 1) for arm in family.cases.get(contrast, ())}
        if len(found) == 1:  # all arms of the contrast give the same
            index[k] = found.pop()
    keep = index >= 0
    back = np.full(int(keep.sum()), -1, dtype=np.int64)
    if of == "strain":
        return facts(own[keep], strain=index[keep], sign=back)
    return facts(own[keep], molecule=index[keep], sign=back)


def human_level(rows: Rows, family: Family) -> Facts:
    """Read the molecule in patients against controls, in every specimen."""
    own = _first_term(_amounts(chosen_rows(rows, family, "cohort", *AMOUNTS)))
    molecule = features_of(own, family)
    keep = kept(own, molecule)
    return facts(own[keep], molecule=molecule[keep])


def human_severity(rows: Rows, family: Family) -> Facts:
    """Read the molecule's correlation with the measure of severity among patients."""
    own = chosen_rows(rows, family, "cohort", "severity")
    molecule = features_of(own, family)
    sign = np.array([family.severities.get(str(one), 0) for one in own["measure"]], dtype=np.int64)
    keep = kept(own, molecule) & (sign != 0)
    return facts(own[keep], molecule=molecule[keep], sign=sign[keep])


def human_genes(rows: Rows, family: Family) -> Facts:
    """Read the genes of the pathways that make the molecule, in patients against controls."""
    own = _first_term(chosen_rows(rows, family, "cohort", "set, self-contained"))
    where: dict[str, list[int]] = {}
    for i, one in enumerate(family.molecules):
        for pathway in one.pathways:
            where.setdefault(pathway, []).append(i)
    pairs = [(k, i) for k, feature in enumerate(own["feature"]) for i in where.get(str(feature), [])]
    at = np.array([k for k, _ in pairs], dtype=np.int64)
    return facts(own.iloc[at], molecule=np.array([i for _, i in pairs], dtype=np.int64))


def _amounts(rows: Rows) -> Rows:
    """Keep one model of amounts per question and assay, the first of `AMOUNTS` that it has."""
    if rows.empty:
        return rows
    order = rows["model"].map({name: i for i, name in enumerate(AMOUNTS)})
    best = order.groupby([rows["question"], rows["assay"], rows["feature"], rows["term"]], dropna=False).transform(
        "min"
    )
    return rows[(order == best).to_numpy(bool)]


def _first_term(rows: Rows) -> Rows:
    """Keep the term that is read first: inside households where there is such a comparison.

    A comparison between blocks counts where there is no other: people sampled several times, of one side each.
    """
    if rows.empty:
        return rows
    keys = [rows["question"], rows["assay"]]
    inside, outside = rows["term"] == "within", rows["term"] == "between"
    has = inside.groupby(keys, dropna=False).transform("any")
    only = outside.groupby(keys, dropna=False).transform("all")
    return rows[(inside | (~has & (~outside | only))).to_numpy(bool)]


STRAIN_OUTCOME, STRAIN_MOLECULE, MOLECULE_OUTCOME = "strain → outcome", "strain → molecule", "molecule → outcome"
LINES: tuple[Line, ...] = (
    Line(STRAIN_OUTCOME, True, (Part(strain_outcome, lambda d, _: d),)),
    Line(STRAIN_MOLECULE, True, (Part(strain_molecule, lambda _, v: v),)),
    Line(MOLECULE_OUTCOME, True, (Part(molecule_outcome, lambda d, v: d * v),)),
    Line("depletion", False, (Part(depletion_molecule, lambda _, v: -v), Part(depletion_outcome, lambda d, _: -d))),
    Line("necessity", False, (Part(necessity_molecule, lambda _, v: -v), Part(necessity_outcome, lambda d, _: -d))),
    Line("difference", False, (Part(difference, lambda d, _: -d),)),
    Line("precedence", False, (Part(precedence, lambda d, _: -d),)),
    Line(
        "host reversal",
        False,
        (Part(reversal_by_strain, lambda d, _: d), Part(reversal_by_molecule, lambda d, v: d * v)),
    ),
    Line("human genes", False, (Part(human_genes, lambda d, v: -d * v),)),
    Line("human level", False, (Part(human_level, lambda d, v: -d * v),)),
    Line("human severity", False, (Part(human_severity, lambda d, v: d * v),)),
)
#: Lines that corroborate, in their order.
CORROBORATING = tuple(line.name for line in LINES if not line.interventional)
#: Names of the links of the gate.
INTERVENTIONAL = tuple(line.name for line in LINES if line.interventional)
