"""Whole pathways: are their genes suppressed, are their molecules altered, beside all others and as wholes?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from commensal import stats
from commensal.knowledge import pathways
from commensal.questions.answer import Answer
from commensal.questions.comparison import WITHIN, Comparison
from commensal.questions.household import Part, parts_of
from commensal.questions.pathway_members import Sets, compound_pathways, gene_pathways, numbers_of, step_genes
from commensal.questions.rows import with_q
from commensal.questions.scales import Scales
from commensal.questions.severity import ranked_lowest, unit_means
from commensal.study import GeneSet, LoadedStudy
from commensal.tables import estimates, points

Array = NDArray[np.float64]
WHOLE, MIXED, AGAINST = "set, self-contained", "set, in any direction", "set, competitive"
#: With fewer arrangements of the labels than this a permutation cannot tell, and residuals are rotated.
ARRANGEMENTS = 1000
ROTATIONS = 9999
#: Features beside a set's members, fewer than which a comparison with others says nothing.
OTHERS = 20


@dataclass(frozen=True, slots=True, eq=False)
class _Term:
    """One term's samples: scores, columns, and how labels are rearranged."""

    part: Part
    scores: Array  #: (n, m) normal scores, absence lowest; NaN missing
    tested: NDArray[np.bool_]  #: (m,)
    label: Array  #: (n,)
    fixed: Array  #: (n, k) household indicators and covariates, without the intercept
    block: NDArray[np.str_] | None  #: labels move inside these


def set_answer(loaded: LoadedStudy, comparison: Comparison, scale: Scales) -> Answer:
    """Test the pathways that ship, and the sets of the user, in every term; nothing where no feature has a number."""
    features, kind = comparison.assay.features, comparison.assay.assay.kind
    if kind == "genes":
        collections = [gene_pathways(features)]
    elif kind == "metabolites":
        collections = [compound_pathways(features)]
    else:
        return Answer(estimates(), points())
    for file in comparison.question.sets:
        collections.append(_of_file(file, loaded.sets.get(file, ()), features))
    collections = [one for one in collections if any(len(at) for at in one.members.values()) or one.name != "shipped"]
    frames = []
    for part in parts_of(comparison) if collections else []:
        term = _term(part, scale)
        for each in collections:
            frames += _tested(term, scale, each)
    return Answer(estimates(pd.concat(frames, ignore_index=True)) if frames else estimates(), points())


def _of_file(file: str, sets: tuple[GeneSet, ...], features: pd.DataFrame) -> Sets:
    """Find members letter by letter, by the one column of names (or the numbers in it) that holds most of them."""
    wanted = {member for one in sets for member in one.members}
    numbers, what = numbers_of(features)
    columns = {"id": features.index.to_series(), **{str(name): features[name] for name in features.columns}}
    held: dict[str, dict[str, list[int]]] = {f"{what} number": numbers}
    for name, values in columns.items():
        own: dict[str, list[int]] = {}
        for at, text in enumerate(values.astype("string").fillna("")):
            own.setdefault(text, []).append(at)
        held[name] = own
    best = max(held, key=lambda name: len(wanted & held[name].keys()))
    members = {
        one.name: np.unique(np.array([at for m in one.members for at in held[best].get(m, [])], dtype=np.intp))
        for one in sets
    }
    how = f"{len(wanted & held[best].keys())} of {len(wanted)} of the file found by {best}; this set has {{}}"
    known = {one.name: len(one.members) for one in sets}
    # The second column of a GMT file may be an address: no label.
    return Sets(file, {one.name: one.name for one in sets}, members, known, dict.fromkeys(members, 3), how)


def _term(part: Part, scale: Scales) -> _Term:
    """Return normal scores of ranks: zeros are the lowest, no value is made up, and outliers do not decide."""
    comparison = part.comparison
    y = ranked_lowest(scale)[part.rows]
    found = np.isfinite(scale.log2[part.rows]).sum(axis=0)
    enough = found >= max(3.0, comparison.question.min_prevalence * len(part.rows))
    label, fixed = comparison.label[part.rows], comparison.covariates[part.rows]
    block = None if comparison.block is None else comparison.block[part.rows]
    if part.term == WITHIN and block is not None:
        names = np.unique(block)
        inside = (block[:, None] == names[None, 1:]).astype(float)
        fixed, moved = np.column_stack([inside, fixed]), block
    else:
        moved = None
        if block is not None:  # whole households: each is one row, its mean
            y, held, _ = unit_means(y, np.column_stack([label, fixed]), np.asarray(block, dtype=object))
            label, fixed = held[:, 0], held[:, 1:]
    scores = _scores(y)
    varies = np.array([np.ptp(column[np.isfinite(column)]) > 0 if np.isfinite(column).any() else False
                       for column in scores.T], dtype=bool)  # fmt: skip
    fixed = fixed[:, np.ptp(fixed, axis=0) > 0] if fixed.size else np.empty((len(label), 0))
    return _Term(part, scores, enough & varies, label, fixed, moved)


def _scores(y: Array) -> Array:
    """Return normal scores of ranks of each column, NaN where missing."""
    from scipy.special import ndtri
    from scipy.stats import rankdata

    scores: Array = np.full(y.shape, np.nan)
    seen = np.isfinite(y)
    for j in range(y.shape[1]):
        own = seen[:, j]
        if own.any():
            scores[own, j] = ndtri((rankdata(y[own, j]) - 0.375) / (own.sum() + 0.25))
    return scores


def _tested(term: _Term, scale: Scales, each: Sets) -> list[pd.DataFrame]:
    comparison = term.part.comparison
    inside = {name: at[term.tested[at]] for name, at in each.members.items()}
    usable = {name: at for name, at in inside.items() if len(at) >= each.least[name]}
    whole, how = _self_contained(term, usable)
    against = _competitive(term, usable)
    effects = _effects(term.part, scale, usable, term.tested)
    frames = []
    for model, fit in ((WHOLE, whole), (MIXED, whole), (AGAINST, against)):
        rows = _rows(term, each, model, fit, inside, effects, how)
        frames.append(with_q(estimates(rows), comparison, f"{_what(comparison, each)}, {model}"))
    return frames


def _what(comparison: Comparison, each: Sets) -> str:
    shipped = "pathways" if each.name == "shipped" else f"sets of {each.name}"
    return f"{shipped} of {comparison.assay.assay.kind}"


def _self_contained(term: _Term, usable: dict[str, NDArray[np.intp]]) -> tuple[stats.SetFit | None, str]:
    """Rearrange labels inside households; where there are too few arrangements, rotate what households leave."""
    n = len(term.label)
    if not usable or not 0 < term.label.sum() < n or n - np.linalg.matrix_rank(_model(term)) < 2:
        return None, ""
    question = term.part.comparison.question
    count, scheme = stats.count_arrangements(term.label, term.block, None if term.block is None else "within blocks")
    if count >= ARRANGEMENTS:
        arranged = stats.permutations(
            term.label, block=term.block, scheme=scheme, n=question.permutations, seed=question.seed
        )
        fit = stats.set_permutation(term.scores, term.label, usable, permutations=arranged, fixed=term.fixed)
        return fit, f"permutation, {scheme}"
    contrast = np.eye(2 + term.fixed.shape[1])[1]
    fit = stats.set_rotation(term.scores, _model(term), contrast, usable, n=ROTATIONS, seed=question.seed)
    return fit, f"rotation, as the labels have {count:g} arrangements only"


def _competitive(term: _Term, usable: dict[str, NDArray[np.intp]]) -> stats.SetFit | None:
    n, x = len(term.label), _model(term)
    others = int((term.tested & np.isfinite(term.scores).all(axis=0)).sum())
    least = max((len(at) for at in usable.values()), default=0)
    if not usable or n - np.linalg.matrix_rank(x) < 2 or others < least + OTHERS:
        return None
    y = np.where(term.tested, term.scores, np.nan)
    return stats.set_competitive(y, x, np.eye(x.shape[1])[1], usable)


def _model(term: _Term) -> Array:
    return np.column_stack([np.ones(len(term.label)), term.label, term.fixed])


def _effects(
    part: Part, scale: Scales, usable: dict[str, NDArray[np.intp]], tested: NDArray[np.bool_]
) -> dict[str, dict[str, float]]:
    """Return effect and interval of the mean log2 over a set's members (where found), and over all features."""
    if not usable:
        return {}
    logs = scale.log2
    with np.errstate(invalid="ignore"):
        centred = logs - np.nanmean(np.where(np.isfinite(logs).any(axis=0), logs, 0.0), axis=0)
    sets = {**usable, "(all)": np.flatnonzero(tested)}
    means = np.column_stack([_mean(centred[:, at]) for at in sets.values()])
    fit = part.fit(means)
    keys = ("effect", "se", "low", "high", "df")
    return {name: {key: float(fit[key][i]) for key in keys} for i, name in enumerate(sets)}


def _mean(y: Array) -> Array:
    seen = np.isfinite(y)
    total = np.where(seen, y, 0.0).sum(axis=1)
    return np.where(seen.any(axis=1), total / np.maximum(seen.sum(axis=1), 1), np.nan)


def _rows(
    term: _Term, each: Sets, model: str, fit: stats.SetFit | None, inside: dict[str, NDArray[np.intp]],
    effects: dict[str, dict[str, float]], how: str,
) -> list[dict[str, object]]:  # fmt: skip
    comparison, rows = term.part.comparison, term.part.rows
    case = comparison.case[rows]
    shared = {
        **comparison.identity(), "n": len(rows), "n_case": int(case.sum()), "n_control": int((~case).sum()),
        "measure": each.name, "term": term.part.term, "model": model, "level": comparison.question.level,
    }  # fmt: skip
    if comparison.block is not None:
        shared["n_blocks"] = len(np.unique(comparison.block[rows]))
    at = {} if fit is None else {name: i for i, name in enumerate(fit.name)}
    labels = _named(comparison)
    everyone = effects.get("(all)", {}).get("effect", np.nan)
    made = []
    for name, label in each.labels.items():
        row: dict[str, object] = {**shared, "feature": name, "label": label}
        size = len(inside[name])
        note = [f"{size} members tested ({each.how.format(each.known[name])})"]
        if name in effects and model != MIXED:
            own = effects[name]
            row |= own if model == WHOLE else {"effect": own["effect"] - everyone}
            row["unit"] = "log2 fold change, mean of members" + ("" if model == WHOLE else " minus mean of all")
        i = at.get(name)
        if size < each.least[name]:
            row["status"] = "not_measured" if not len(each.members[name]) else "too_few"
            note += ["too little of it is measured to be what its name says"] if size else []
        elif fit is None or i is None:
            row |= {"status": "too_few", "low": np.nan, "high": np.nan}
            if model == AGAINST:
                note.append(f"fewer than {OTHERS} other features with values in all samples to compare with")
        else:
            row |= _fitted(fit, i, model, how)
            note += _leading(fit, i, model, labels)
        row["note"] = "; ".join(note)
        made.append(row)
    return made


def _named(comparison: Comparison) -> NDArray[np.object_]:
    """Return how members are called: a gene by the step that it carries, beside its label."""
    labels = comparison.assay.features["label"].astype(str).to_numpy(dtype=object)
    if comparison.assay.assay.kind == "genes":
        held, what = numbers_of(comparison.assay.features)
        steps = {
            at: step.id for one in pathways().values() for step in one.steps for at in step_genes(step, held, what)
        }
        labels = np.array([f"{steps[j]} ({one})" if j in steps else one for j, one in enumerate(labels)], dtype=object)
    return labels


def _fitted(fit: stats.SetFit, i: int, model: str, how: str) -> dict[str, object]:
    p = fit.p_mixed[i] if model == MIXED else fit.p[i]
    return {
        "test": "t, correlation of members estimated" if model == AGAINST else how.split(",", maxsplit=1)[0],
        "statistic": float(fit.statistic[i]), "p": float(p), "status": str(fit.status[i]),
        "n_permutations": fit.n_permutations or None,
    }  # fmt: skip


def _leading(fit: stats.SetFit, i: int, model: str, labels: NDArray[np.object_]) -> list[str]:
    """Name the members that lead, and say how members go together."""
    if model == MIXED:
        return [f"{fit.active_up[i]:.0%} of members up, {fit.active_down[i]:.0%} down"]
    lead = [str(labels[j]) for j in fit.leading[i][:12]]
    told = [f"leading, {fit.direction[i]}: {', '.join(lead)}"] if lead else []
    if model == AGAINST and np.isfinite(fit.correlation[i]):
        told.append(f"correlation of members {fit.correlation[i]:.2f}")
    return told + ([str(fit.note[i])] if fit.note[i] else [])
