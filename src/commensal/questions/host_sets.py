"""Gene sets: those that ship and those of the user, each as a whole and against the other genes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from commensal import stats
from commensal.knowledge import gene_sets
from commensal.questions.answer import Answer
from commensal.questions.host_units import Columns, Layout
from commensal.questions.rows import with_q
from commensal.study import GeneSet, LoadedStudy
from commensal.tables import estimates, points

WHOLE, AGAINST = "set, self-contained", "set, competitive"
SHIPPED = "shipped"
#: Fewer members among the tested genes than this are no set.
LEAST = 3
#: A set that ships speaks for what it is called after only where so much of it is measured.
MEASURED = 0.5
#: Rotations times members times sets stay below this; a large collection gets fewer rotations.
BUDGET = 4e10
ROTATIONS = 9999
_VERSIONED = re.compile(r"(ENS[A-Z]*[GT]\d{11})\.\d+")


@dataclass(frozen=True, slots=True, eq=False)
class _Collection:
    """The sets of one file, with their members among the genes of an assay."""

    name: str
    sets: tuple[GeneSet, ...]
    members: Mapping[str, NDArray[np.intp]]  #: set → columns of the table
    matched: str  #: how members were found


def set_answer(loaded: LoadedStudy, layout: Layout, columns: list[Columns]) -> Answer:
    """Test the gene sets of a question in every term."""
    names = _names(layout)
    collections = [_shipped(names)]
    collections += [
        _matched(file, loaded.sets[file], names) for file in layout.samples.question.sets if file in loaded.sets
    ]
    frames = [_of_term(layout, one, each) for one in columns for each in collections]
    return Answer(estimates(pd.concat(frames, ignore_index=True)), points())


def _names(layout: Layout) -> dict[str, dict[str, list[int]]]:
    """Return the columns of names that genes have: column → name → genes."""
    features = layout.samples.assay.features
    found: dict[str, dict[str, list[int]]] = {}
    for column, values in {"id": features.index.to_series(), **{str(c): features[c] for c in features.columns}}.items():
        held: dict[str, list[int]] = {}
        for at, value in enumerate(values.astype(str)):
            held.setdefault(value, []).append(at)
        found[column] = held
    bare: dict[str, list[int]] = {}
    for name, genes in found["id"].items():
        if hit := _VERSIONED.fullmatch(name):
            bare.setdefault(hit[1], []).extend(genes)
    return found | ({"id without version": bare} if bare else {})


def _shipped(names: dict[str, dict[str, list[int]]]) -> _Collection:
    """Match the sets that ship by the symbols of the species that has more of them."""
    made = []
    for species in ("mouse", "human"):
        sets = tuple(GeneSet(one.id, one.name, getattr(one, species)) for one in gene_sets())
        made.append((species, _matched(SHIPPED, sets, names)))
    species, best = max(made, key=lambda one: sum(len(genes) for genes in one[1].members.values()))
    words = f"{species} symbols, {best.matched}" if any(len(g) for g in best.members.values()) else best.matched
    return _Collection(SHIPPED, best.sets, best.members, words)


def _matched(file: str, sets: tuple[GeneSet, ...], names: dict[str, dict[str, list[int]]]) -> _Collection:
    """Find members by the one column of names that holds most of them, letter by letter."""
    wanted = {member for one in sets for member in one.members}
    hits = {column: len(wanted & held.keys()) for column, held in names.items()}
    column = max(hits, key=lambda name: hits[name])
    held = names[column]
    members = {
        one.name: np.unique(np.array([gene for member in one.members for gene in held.get(member, [])], dtype=np.intp))
        for one in sets
    }
    words = f"{hits[column]:,} of {len(wanted):,} members found by {column}"
    if not hits[column]:
        words = f"none of {len(wanted):,} members is a name of a gene here"
        lowered = {name.lower() for each in names.values() for name in each}
        alike = sum(member.lower() in lowered for member in wanted)
        if alike:
            words += f"; {alike:,} would be if upper and lower case were one (symbols of mouse and human differ so)"
    return _Collection(file, sets, members, words)


def _of_term(layout: Layout, one: Columns, each: _Collection) -> pd.DataFrame:
    y, tested = one.y, np.flatnonzero(layout.enough & np.isfinite(one.y).all(axis=0) & (np.ptp(one.y, axis=0) > 0))
    place = np.full(y.shape[1], -1)
    place[tested] = np.arange(len(tested))
    inside = {name: place[genes][place[genes] >= 0] for name, genes in each.members.items()}
    usable = {name: genes for name, genes in inside.items() if len(genes) >= _least(each, name)}
    fits: dict[str, stats.SetFit] = {}
    why = "" if usable else "no set has members enough"
    if not one.single and len(one.x) - np.linalg.matrix_rank(one.x) >= 2 and usable:
        within = y[:, tested]
        rotations = _rotations(usable)
        if rotations:
            fits[WHOLE] = stats.set_rotation(
                within, one.x, one.contrast, usable, n=rotations, seed=layout.samples.question.seed
            )
        fits[AGAINST] = stats.set_competitive(within, one.x, one.contrast, usable)
    means = {name: y[:, tested[genes]].mean(axis=1) for name, genes in usable.items()}
    whole = _whole(means, one, layout.samples.question.level)
    everyone = _whole({"(all)": y[:, tested].mean(axis=1)}, one, layout.samples.question.level)
    frames = []
    for model in (WHOLE, AGAINST):
        rows = _rows(layout, one, each, model, fits.get(model), inside, whole, everyone, why)
        what = f"gene sets of {each.name}, {'as wholes' if model == WHOLE else 'against other genes'}"
        frames.append(with_q(estimates(rows), layout.rows, what))
    return pd.concat(frames, ignore_index=True)


def _least(each: _Collection, name: str) -> int:
    """Return how many members of a set must be among the tested genes."""
    size = next(len(one.members) for one in each.sets if one.name == name)
    return max(LEAST, int(np.ceil(MEASURED * size))) if each.name == SHIPPED else LEAST


def _rotations(usable: Mapping[str, NDArray[np.intp]]) -> int:
    """Return how many rotations a collection gets, 0 where even 999 take too long."""
    union = len(np.unique(np.concatenate(list(usable.values()))))
    most = int(BUDGET / (union * max(len(usable), 200)))
    return min(ROTATIONS, most) if most >= 999 else 0


def _whole(means: Mapping[str, NDArray[np.float64]], one: Columns, level: float) -> dict[str, dict[str, float]]:
    """Return effect, se, df and interval of the mean over a set's members."""
    if not means:
        return {}
    fit = stats.linear(np.column_stack(list(means.values())), one.x, one.contrast, level=level)
    keys = ("effect", "se", "df", "low", "high")
    return {name: {key: float(getattr(fit, key)[i]) for key in keys} for i, name in enumerate(means)}


def _rows(
    layout: Layout,
    one: Columns,
    each: _Collection,
    model: str,
    fit: stats.SetFit | None,
    inside: Mapping[str, NDArray[np.intp]],
    whole: Mapping[str, Mapping[str, float]],
    everyone: Mapping[str, Mapping[str, float]],
    why: str,
) -> list[dict[str, object]]:
    tested = np.flatnonzero(layout.enough & np.isfinite(one.y).all(axis=0) & (np.ptp(one.y, axis=0) > 0))
    labels = layout.samples.assay.features["label"].astype(str).to_numpy()[tested]
    shared = {
        **layout.rows.identity(),
        **layout.samples.counts(),
        "measure": each.name,
        "term": one.term,
        "model": model,
    }
    shared["n_blocks"] = one.n_blocks
    at = {} if fit is None else {name: i for i, name in enumerate(fit.name)}
    made = []
    for given in each.sets:
        row = shared | {
            "feature": given.name,
            # The second column of a GMT file may be an address, or the same words for every set: no label.
            "label": (given.label if each.name == SHIPPED else "") or given.name,
            "unit": "log2 fold change, mean of members",
        }
        size = len(inside[given.name])
        note = [f"{size} of {len(given.members)} members tested"]
        if given.name in whole:
            row |= _effect(whole[given.name], everyone["(all)"], size, len(tested), model) | {
                "level": layout.samples.question.level
            }
        i = at.get(given.name)
        if size < (least := _least(each, given.name)):
            row["status"] = "not_measured" if not len(each.members[given.name]) else "too_few"
            note.append(each.matched if not size else f"fewer than {least}: not the set that its name says")
        elif fit is None or i is None:
            row |= {"status": "one_cage" if one.single else "too_few", "low": np.nan, "high": np.nan}
            note += [why] if why else []
            if not one.single and model == WHOLE:
                note.append("too many sets to rotate: see the comparison with other genes")
        else:
            row |= {
                "test": "rotation" if model == WHOLE else "t, correlation of members estimated",
                "statistic": float(fit.statistic[i]), "p": float(fit.p[i]), "status": str(fit.status[i]),
                "n_permutations": fit.n_permutations or None,
            }  # fmt: skip
            lead = [str(labels[j]) for j in fit.leading[i][:12]]
            if lead:
                note.append(f"leading, {fit.direction[i]}: {', '.join(lead)}")
            if model == AGAINST and np.isfinite(fit.correlation[i]):
                note.append(f"correlation of members {fit.correlation[i]:.2f}")
            note += [str(fit.note[i])] if fit.note[i] else []
        row["note"] = "; ".join(note)
        made.append(row)
    return made


def _effect(
    own: Mapping[str, float], everyone: Mapping[str, float], size: int, total: int, model: str
) -> dict[str, object]:
    """Return the mean fold change of members; against the others, its difference from theirs, without interval."""
    if model == WHOLE:
        return dict(own)
    others = (everyone["effect"] * total - own["effect"] * size) / max(total - size, 1)
    return {"effect": own["effect"] - others, "unit": "log2 fold change, mean of members minus mean of others"}
