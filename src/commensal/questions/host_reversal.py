"""Does a treatment move the disease's signature back? Two contrasts of one assay, beside each other."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from commensal import stats
from commensal.errors import DesignError, listing
from commensal.questions.answer import Answer
from commensal.questions.comparison import Comparison, compare
from commensal.questions.host_units import Layout, averaging, carrying_level, level_labels
from commensal.stats._counts import enough_reads, log_cpm, size_factors
from commensal.study import LoadedStudy, Question, blocks
from commensal.tables import ALL, estimates, points

MODEL, SHARE = "reversal", "reversal, share"
#: Rearrangements are this many at most: each makes both contrasts anew.
MOST = 4999
#: Genes kept for the figure: those that the disease changes most.
DRAWN = 1500
Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class _Both:
    """The units of both contrasts, u of them, with their parts."""

    y: Array  #: (u, m) log2 values of the genes with reads enough
    genes: NDArray[np.intp]  #: their columns in the table
    disease: Array  #: (u,)
    treatment: Array  #: (u,)
    block: NDArray[np.str_] | None  #: (u,) in which the treatment varies
    words: str  #: what a unit is


def reversal(loaded: LoadedStudy, question: Question, layout: Layout, term: str) -> Answer:
    """Compare the question's effects with those of the disease's own contrast.

    Raises
    ------
    DesignError
        The disease's contrast cannot be made with this assay, or takes only a part of an arm.
    StatisticsError
        As `stats.reversal`.
    """
    assert question.reverses is not None  # the caller asks
    other = compare(loaded, replace(question, block=(), contrast=question.reverses), layout.samples.assay.name)
    both = _both(loaded, question, layout.samples, other)
    inside = np.isfinite(both.treatment)
    arranged = stats.permutations(
        both.treatment[inside],
        block=None if both.block is None else both.block[inside],
        n=min(question.permutations, MOST),
        seed=question.seed,
    )
    fit = stats.reversal(
        both.y, both.disease, both.treatment, permutations=arranged, level=question.level, seed=question.seed
    )
    return Answer(
        _rows(question, layout, term, both, arranged, fit), _points(question, layout, both, fit), other.dropped
    )


def _both(loaded: LoadedStudy, question: Question, treated: Comparison, diseased: Comparison) -> _Both:
    side = {name: dict(zip(one.samples, one.label, strict=True)) for name, one in (("d", diseased), ("t", treated))}
    samples = tuple(sample for sample in map(str, loaded.samples.index) if sample in side["d"] or sample in side["t"])
    disease, treatment = (np.array([side[name].get(sample, np.nan) for sample in samples]) for name in "dt")
    _whole_arms(question, disease, treatment)
    row = {sample: index for index, sample in enumerate(treated.assay.samples)}
    values = treated.assay.values[[row[sample] for sample in samples]]
    logs, genes = _logs(treated, values, treatment)
    logs = _without_covariates(treated, diseased, samples, logs, disease, treatment)
    part = np.nan_to_num(disease, nan=2.0) * 3 + np.nan_to_num(treatment, nan=2.0)
    found = blocks(loaded, question, samples)
    levels = level_labels(found.labels, samples)
    where = f"{treated.where}, reverses {question.reverses}"
    carrying, around = carrying_level(part, found.names, levels, where)
    if carrying is None:
        block = None if around is None else levels[around]
        return _Both(
            logs,
            genes,
            disease,
            treatment,
            block,
            "sample" if around is None else f"sample, inside {found.names[around]}",
        )
    _, first, weights = averaging(levels[carrying])
    block = None if around is None else levels[around][first]
    return _Both(weights @ logs, genes, disease[first], treatment[first], block, found.names[carrying])


def _whole_arms(question: Question, disease: Array, treatment: Array) -> None:
    """Refuse an arm of the treatment of which only a part is in the disease's contrast."""
    for value, side in ((0.0, "control"), (1.0, "case")):
        own = disease[treatment == value]
        if len({-1.0 if np.isnan(one) else float(one) for one in own}) > 1:
            raise DesignError(
                f"the {side} side of {question.contrast} is only in part in {question.reverses}",
                where=f"[questions.{question.name}] reverses",
                found=f"{int(np.isfinite(own).sum())} of {len(own)} samples",
                expected="all of them on one side of the disease's contrast, or none",
                mend="give both contrasts the same `where`",
            )


def _logs(treated: Comparison, values: Array, treatment: Array) -> tuple[Array, NDArray[np.intp]]:
    assay = treated.assay.assay
    if assay.value == "counts":
        known = ~np.isnan(values).any(axis=0)
        counts = np.nan_to_num(values)
        factors, _ = size_factors(counts)
        genes = np.flatnonzero(enough_reads(counts, factors, treatment == 1) & known)
        logs = log_cpm(counts, factors)[:, genes]
    else:
        genes = np.flatnonzero(np.isfinite(values).all(axis=0))
        logs = values[:, genes] * {"log2": 1.0, "log10": np.log2(10), "ln": np.log2(math.e)}[str(assay.value)]
    varies = np.ptp(logs, axis=0) > 0
    if varies.sum() < 10:
        raise DesignError(
            "too few genes to compare two signatures",
            where=f"assay {assay.name}",
            found=f"{int(varies.sum())} genes with reads enough in both contrasts",
            expected="at least 10",
        )
    return logs[:, varies], genes[varies]


def _without_covariates(
    treated: Comparison, diseased: Comparison, samples: tuple[str, ...], logs: Array, disease: Array, treatment: Array
) -> Array:
    """Take off what goes with the covariates, beside what the disease does; arms of the treatment are one here."""
    names = [name for name in treated.covariate_names if name in diseased.covariate_names]
    lost = sorted({*treated.covariate_names, *diseased.covariate_names} - set(names))
    if not names and not lost:
        return logs
    known: dict[str, Array] = {}
    for one in (treated, diseased):
        at = [one.covariate_names.index(name) for name in names]
        for i, sample in enumerate(one.samples):
            known.setdefault(sample, one.covariates[i, at])
    columns = np.array([known[sample] for sample in samples])
    part = np.where(np.isfinite(treatment), 5.0, np.nan_to_num(disease, nan=2.0))
    cells = (part[:, None] == np.unique(part)).astype(float)
    fitted = np.linalg.lstsq(np.column_stack([cells, columns]), logs, rcond=None)[0]
    made: Array = logs - (columns - columns.mean(axis=0)) @ fitted[cells.shape[1] :]
    return made


def _rows(
    question: Question, layout: Layout, term: str, both: _Both, arranged: stats.Permutations, fit: stats.ReversalFit
) -> pd.DataFrame:
    comparison = layout.rows
    treated, vehicle = int((both.treatment == 1).sum()), int((both.treatment == 0).sum())
    shared = {
        **comparison.identity(), "feature": ALL, "measure": question.reverses, "term": term,
        "level": question.level, "n": treated + vehicle, "n_case": treated, "n_control": vehicle,
    }  # fmt: skip
    labels = comparison.assay.features["label"].astype(str).to_numpy()
    named = {
        way: [str(labels[both.genes[j]]) for j in genes[:20]]
        for way, genes in (("back", fit.leading), ("on", fit.following))
    }
    how = "all enumerated" if arranged.exact else "at random"
    note = [
        f"{fit.n_shared} of {len(both.y)} units are in both contrasts"
        if fit.n_shared
        else "no unit is in both contrasts",
        *([f"with them in both it would be {fit.plain:.3f}, below 0 also where nothing moves"] if fit.n_shared else []),
        f"{arranged.scheme}: {fit.n_permutations:,} arrangements {how}, smallest p {fit.smallest_p:.2g}",
        f"unit: {both.words}; {both.y.shape[1]:,} genes",
        f"moved back in both halves: {_genes(fit.leading, named['back'])}",
        f"moved on: {_genes(fit.following, named['on'])}",
    ]
    if fit.note:
        note.insert(0, fit.note)
    score = shared | {
        "model": MODEL, "effect": fit.score, "unit": "rank correlation", "low": fit.low, "high": fit.high,
        "test": "alignment over its error, both contrasts rearranged", "statistic": fit.statistic,
        "n_permutations": fit.n_permutations or None, "p": fit.p, "status": fit.status, "note": "; ".join(note),
    }  # fmt: skip
    share = shared | {
        "model": SHARE, "effect": fit.share, "unit": "share", "low": fit.share_low, "high": fit.share_high,
        "status": "ok" if np.isfinite(fit.share) else "not_identified",
        "note": "part of the disease's signature that is moved back: 1 all of it, 0 none, below 0 it grows",
    }  # fmt: skip
    return estimates([score, share])


def _genes(all_: tuple[int, ...], named: list[str]) -> str:
    return f"{len(all_):,} genes ({listing(named, 20)})" if named else "no gene"


def _points(question: Question, layout: Layout, both: _Both, fit: stats.ReversalFit) -> pd.DataFrame:
    """Return the genes that the disease changes most, and those that lead, with both effects."""
    features = layout.samples.assay.features
    ids, labels = features.index.astype(str).to_numpy(), features["label"].astype(str).to_numpy()
    strongest = np.argsort(-np.abs(fit.disease_z), kind="stable")[:DRAWN]
    led = fit.leading if fit.score < 0 else fit.following
    chosen = np.union1d(strongest, np.array(led[:100], dtype=np.intp))
    place = {j: at + 1 for at, j in enumerate(led)}
    shared = {key: value for key, value in layout.rows.identity().items() if key != "kind"}
    rows = [
        {
            **shared, "figure": "reversal", "measure": question.reverses,
            "feature": ids[both.genes[j]], "label": labels[both.genes[j]],
            "group": _quadrant(fit.disease[j], fit.treatment[j]), "x": fit.disease[j], "y": fit.treatment[j],
            "unit": "log2 fold change", "note": f"leading {place[j]}" if j in place else None,
        }
        for j in map(int, chosen)
    ]  # fmt: skip
    return points(rows)


def _quadrant(disease: float, treatment: float) -> str:
    return "moved back" if disease * treatment < 0 else "moved on" if disease * treatment > 0 else "not moved"
