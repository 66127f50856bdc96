"""The lines of a candidate: each molecule in each arm and specimen, and which of them rest on the same animals.

A molecule is the same in two tables by its compound where identities are known, else by its name, else by its id. Lines
of one table of contrasts are arrays over the union of all molecules, NaN where a table does not have one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from commensal.questions.arms import Floats
from commensal.questions.molecule_levels import Compared, Levels
from commensal.tables import WITH_P

REMOVED, GIVEN = "removed", "given"
Integers = NDArray[np.int64]
Texts = NDArray[np.object_]


@dataclass(frozen=True, slots=True, eq=False)
class Molecules:
    """The union of all tables' molecules; (M,) arrays."""

    key: Texts  #: compound, name or id
    label: Texts
    feature: Texts  #: id in the first table that has it
    compound: Texts  #: preferred name where the identity is known, else None
    exogenous: Texts  #: why it is none of the body's or its microbes', else None
    place: dict[str, Integers]  #: table → (M,) column of its features, −1 where it has none


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """One arm against its control in one specimen, over M molecules."""

    part: str  #: `REMOVED` or `GIVEN`
    arm: str
    control: str
    specimen: str
    effect: Floats  #: (M,) log2
    p: Floats  #: (M,) two-sided; NaN where there is none
    status: Texts  #: (M,) why there is no p; ``not_measured`` where no table of this specimen has the molecule
    animals: frozenset[str]  #: units of the arm: cages, or subjects
    controls: frozenset[str]

    def toward(self, sign: int) -> Floats:
        """Return one-sided p (M,) of "the effect has this sign"."""
        return np.where(np.sign(self.effect) == sign, self.p / 2, 1 - self.p / 2)


def molecules(tables: Sequence[Levels]) -> Molecules:
    """Join the features of several tables: by compound, else by name, else by id.

    Features of one table that share a compound or a name (isomers, adducts) are told apart by their ids.
    """
    frames = {levels.assay.name: keyed(levels.features) for levels in tables}
    union = pd.concat(frames.values()).groupby("key", sort=False).first()
    place = {}
    for name, frame in frames.items():
        columns = pd.Series(np.arange(len(frame)), index=frame["key"])
        place[name] = columns.reindex(union.index, fill_value=-1).to_numpy(np.int64)
    out = {name: _texts(union[name]) for name in union.columns}
    return Molecules(key=union.index.to_numpy(dtype=object), place=place, **out)


def _texts(column: pd.Series) -> Texts:
    """Return a column as texts, missing as None."""
    return np.array([None if pd.isna(one) else str(one) for one in column], dtype=object)


def keyed(features: pd.DataFrame) -> pd.DataFrame:
    """Return key, label, feature id, compound and exogenous of a table's features (m), which join it to others."""
    ids = features.index.astype(str)
    label = features["label"].astype("string")
    absent = pd.Series(pd.NA, index=features.index, dtype="string")
    compound = features["compound"].astype("string") if "compound" in features else absent
    exogenous = features["exogenous"].astype("string") if "exogenous" in features else absent
    key = compound.fillna(label.str.casefold()).fillna(pd.Series(ids, index=features.index))
    several = key.duplicated(keep=False)
    key = key.mask(several, key + " / " + pd.Series(ids, index=features.index))
    return pd.DataFrame(
        {
            "key": key.to_numpy(object), "label": label.fillna(pd.Series(ids, index=features.index)).to_numpy(object),
            "feature": ids.to_numpy(object), "compound": compound.to_numpy(object),
            "exogenous": exogenous.to_numpy(object),
        }
    )  # fmt: skip


def lines(found: Sequence[tuple[str, Levels, Sequence[Compared]]], union: Molecules) -> list[Line]:
    """Return the lines of (part, table, its comparisons): of several tables of a specimen the first that has it."""
    out: dict[tuple[str, str, str], Line] = {}
    for part, levels, compared in found:
        at = union.place[levels.assay.name]
        has = at >= 0
        label = levels.arms.arm_or_control
        units = levels.arms.unit
        for one in compared:
            effect, p = np.full((2, len(at)), np.nan)
            kept = np.isin(one.fit.status, WITH_P)
            effect[has] = one.fit.effect[at[has]]
            p[has] = np.where(kept, one.fit.p, np.nan)[at[has]]
            status = np.full(len(at), "not_measured", object)
            status[has] = one.fit.status[at[has]]
            line = Line(
                part, one.arm, one.control, levels.specimen, effect, p, status,
                frozenset(map(str, units[label == one.arm])), frozenset(map(str, units[label == one.control])),
            )  # fmt: skip
            key = (part, one.arm, levels.specimen)
            out[key] = line if key not in out else _first(out[key], line)
    return list(out.values())


def absent(part: str, arm: str, control: str, specimen: str, n: int) -> Line:
    """Return the line of an arm that has no samples of a specimen."""
    missing = np.full(n, np.nan)
    status = np.full(n, "not_measured", object)
    return Line(part, arm, control, specimen, missing, missing, status, frozenset(), frozenset())


def _first(first: Line, second: Line) -> Line:
    """Complete a line by another table of the same specimen."""
    own = first.status != "not_measured"
    effect, p = np.where(own, first.effect, second.effect), np.where(own, first.p, second.p)
    return Line(
        first.part, first.arm, first.control, first.specimen, effect, p, np.where(own, first.status, second.status),
        first.animals | second.animals, first.controls | second.controls,
    )  # fmt: skip


def same_animals(of_strain: Sequence[Line]) -> list[list[int]]:
    """Group lines whose arms share an animal (or a cage): they are one line, with the larger p.

    Examples
    --------
    >>> from dataclasses import replace
    >>> none = np.zeros(0)
    >>> line = Line(REMOVED, "abx", "water", "serum", none, none, none, frozenset("a"), frozenset("w"))
    >>> other = replace(line, part=GIVEN, animals=frozenset("b"))
    >>> same_animals([line, replace(line, specimen="csf"), other])
    [[0, 1], [2]]
    """
    groups: list[tuple[set[str], list[int]]] = []
    for i, line in enumerate(of_strain):
        joint, members = set(line.animals), [i]
        apart = []
        for animals, own in groups:
            if animals & joint:
                joint, members = joint | animals, [*own, *members]
            else:
                apart.append((animals, own))
        groups = [*apart, (joint, members)]
    return sorted((sorted(members) for _, members in groups), key=lambda own: own[0])


def independent(of_strain: Sequence[Line], groups: Sequence[Sequence[int]]) -> bool:
    """Say whether no unit, of arm or control, serves two lines."""
    seen: set[str] = set()
    for members in groups:
        own = {unit for i in members for unit in (*of_strain[i].animals, *of_strain[i].controls)}
        if own & seen:
            return False
        seen |= own
    return True
