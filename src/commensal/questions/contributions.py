"""Which taxa carry the genes that change: a pathway's change, split over the taxa in which its genes were found."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from commensal import stats
from commensal.knowledge import pathways
from commensal.questions.answer import Answer
from commensal.questions.cohort_sets import ARRANGEMENTS
from commensal.questions.comparison import WITHIN, Comparison
from commensal.questions.household import Part, parts_of
from commensal.questions.pathway_members import BAR, Sets, gene_pathways
from commensal.questions.rows import with_q
from commensal.questions.scales import scales
from commensal.questions.severity import unit_means
from commensal.study import AssayTable, LoadedStudy
from commensal.tables import estimates, points

Array = NDArray[np.float64]
CONTRIBUTION = "contribution"
#: The sum, and taxa in too few samples to be tested by themselves.
EVERYONE, OTHERS = "(all taxa)", "(other taxa)"


def contributions(comparison: Comparison) -> Answer:
    """Split each pathway's change over taxa, in the first term; ``comparison`` has the rows GENE|TAXON only.

    Amounts are summed over a pathway's genes per taxon and compared on their own scale by one least-squares model for
    all, so that the taxa's changes add up to the pathway's.
    """
    parsed = [str(name).split(BAR, 1) for name in comparison.assay.features.index]
    taxa = np.array([one[1] for one in parsed], dtype=object)
    genes = gene_pathways(pd.DataFrame({"label": [one[0] for one in parsed]}, index=[one[0] for one in parsed]))
    amounts = scales(comparison.assay, comparison.values).amounts
    design = _design(parts_of(comparison)[0])
    frames = [_split(design, amounts[:, at], taxa[at], genes, name) for name, at in genes.members.items() if len(at)]
    if design is None or not frames:
        return Answer(estimates(), points())
    rows = estimates(pd.concat(frames, ignore_index=True))
    whole = rows["measure"].isin((EVERYONE, OTHERS))
    told = [with_q(rows[~whole], comparison, "contributions of taxa to pathways"), rows[whole]]
    return Answer(estimates(pd.concat(told).sort_index()), points())


def of_genomes(loaded: LoadedStudy, comparison: Comparison) -> Comparison | None:
    """Return rows GENE|TAXON made of taxa and their genomes: a taxon's amount, for each gene that its genome carries.

    None where no genome is given, or none bears the name of a taxon here. What a genome has is annotation: the genes of
    taxa without one are not there, and only genes of the pathways that ship are made.
    """
    genomes = loaded.genomes
    if not genomes or comparison.assay.assay.kind != "taxa":
        return None
    scale = scales(comparison.assay, comparison.values)
    known = {str(name).casefold(): one for one in genomes.values() for name in (one.name, one.label) if name}
    wanted = {ko for one in pathways().values() for step in one.steps for ways in step.alternatives for ko in ways}
    features, columns, labels = comparison.assay.features, [], []
    for j, (name, label) in enumerate(zip(features.index.astype(str), features["label"].astype(str), strict=True)):
        genome = known.get(name.casefold()) or known.get(label.casefold())
        for ko in sorted(wanted & genome.kos) if genome is not None else ():
            columns.append(j)
            labels.append(f"{ko}{BAR}{label}")
    if not columns:
        return None
    table = comparison.assay
    unit = "share of reads" if table.assay.value == "counts" else table.assay.unit or table.assay.value
    values = np.nan_to_num(scale.shown[:, columns])
    made = AssayTable(
        replace(table.assay, kind="genes", value="absolute", unit=f"{unit} × genes"), comparison.samples,
        pd.DataFrame({"label": labels}, index=labels), values,
    )  # fmt: skip
    return replace(comparison, assay=made, values=values)


@dataclass(frozen=True, slots=True, eq=False)
class _Design:
    """The rows of one term, samples or whole blocks, and the columns beside the label."""

    part: Part
    unit: NDArray[np.object_] | None  #: (r,) whole blocks that are averaged
    label: Array  #: (n,)
    fixed: Array  #: (n, k)
    arranged: stats.Permutations | None  #: labels rearranged, None where t has to do

    def of(self, amounts: Array) -> Array:
        """Return amounts (r, m) of the rows that are compared."""
        own = amounts[self.part.rows]
        return own if self.unit is None else unit_means(own, self.part.comparison.label[self.part.rows], self.unit)[0]


def _design(part: Part) -> _Design | None:
    """Return what is compared; None where nothing is left to judge an effect by."""
    comparison, question = part.comparison, part.comparison.question
    label, fixed = comparison.label[part.rows], comparison.covariates[part.rows]
    block, unit = None if comparison.block is None else comparison.block[part.rows], None
    if block is not None and part.term != WITHIN:
        unit, block = np.asarray(block, dtype=object), None
        _, held, _ = unit_means(np.zeros((len(label), 1)), np.column_stack([label, fixed]), unit)
        label, fixed = held[:, 0], held[:, 1:]
    fixed = fixed[:, np.ptp(fixed, axis=0) > 0] if fixed.size else np.empty((len(label), 0))
    if block is not None:
        fixed = np.column_stack([(block[:, None] == np.unique(block)[None, 1:]).astype(float), fixed])
    if len(label) - np.linalg.matrix_rank(np.column_stack([np.ones(len(label)), label, fixed])) < 2:
        return None
    count, scheme = stats.count_arrangements(label, block, None if block is None else "within blocks")
    if count < ARRANGEMENTS:
        return _Design(part, unit, label, fixed, None)
    moved = stats.permutations(label, block=block, scheme=scheme, n=question.permutations, seed=question.seed)
    return _Design(part, unit, label, fixed, moved)


def _split(
    design: _Design | None, amounts: Array, taxa: NDArray[np.object_], genes: Sets, name: str
) -> pd.DataFrame | None:
    """Return a pathway's change, its parts by taxon, the largest first, and the rest: those in too few samples."""
    if design is None:
        return None
    comparison = design.part.comparison
    names = np.unique(taxa)
    y = design.of(np.column_stack([amounts[:, taxa == one].sum(axis=1) for one in names]))
    often = (y > 0).sum(axis=0) >= max(3.0, comparison.question.min_prevalence * len(y))
    x = np.column_stack([np.ones(len(y)), design.label, design.fixed])
    fit = stats.linear(np.column_stack([y, y.sum(axis=1)]), x, np.eye(x.shape[1])[1], level=comparison.question.level)
    p, n = fit.p[:-1], 0
    if design.arranged is not None:
        single = {str(j): [j] for j in range(y.shape[1])}
        found = stats.set_permutation(y, design.label, single, permutations=design.arranged, fixed=design.fixed)
        p, n = found.p, found.n_permutations
    order = [int(j) for j in np.argsort(-np.abs(fit.effect[:-1]), kind="stable") if often[j] and fit.status[j] == "ok"]
    rest = np.setdiff1d(np.arange(len(names)), order)
    others = float(fit.effect[rest].sum())
    # a sum that is not told from 0 has no shares
    total = float(fit.effect[-1]) if fit.low[-1] * fit.high[-1] > 0 else np.nan
    keys = ("effect", "se", "low", "high", "df")
    made: list[dict[str, object]] = [
        {"measure": EVERYONE, "note": f"{len(names)} taxa carry genes of it"}
        | {key: float(getattr(fit, key)[-1]) for key in keys}
    ]
    for j in order:
        row = {"measure": str(names[j]), "p": float(p[j]), "note": _share(float(fit.effect[j]), total)}
        row |= {"test": "permutation" if n else "t", "n_permutations": n or None}
        made.append(row | {key: float(getattr(fit, key)[j]) for key in keys})
    made.append(
        {
            "measure": OTHERS,
            "effect": others,
            "note": "; ".join(filter(None, (f"{len(rest)} taxa", _share(others, total)))),
        }
    )
    case = comparison.case[design.part.rows]
    shared = {
        **comparison.identity(), "feature": name, "label": genes.labels[name], "model": CONTRIBUTION,
        "term": design.part.term, "unit": comparison.assay.assay.unit or comparison.assay.assay.value,
        "level": comparison.question.level, "n": len(case), "n_case": int(case.sum()),
        "n_control": int((~case).sum()), "status": "ok",
    }  # fmt: skip
    if comparison.block is not None:
        shared["n_blocks"] = len(np.unique(comparison.block[design.part.rows]))
    return pd.DataFrame([shared | row for row in made])


def _share(effect: float, total: float) -> str:
    if not np.isfinite(effect / total if total else np.nan):
        return ""
    share = 100 * effect / total
    return f"{share:.0f} % of the pathway's change" if share >= 0 else f"against it by {-share:.0f} %"
