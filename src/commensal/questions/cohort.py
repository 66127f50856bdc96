"""``cohort``: does it hold in people? Patients against controls, with household or subject as block.

Per assay: diversity (taxa), composition, and every feature; see docs/decisions/default-model.md for the models.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from commensal.errors import DesignError
from commensal.questions.answer import Answer, joined
from commensal.questions.cohort_sets import set_answer
from commensal.questions.cohort_severity import severity_answer
from commensal.questions.comparison import Comparison, compare
from commensal.questions.contributions import contributions, of_genomes
from commensal.questions.detection import is_censored, log2_limits
from commensal.questions.diversity import composition, diversity
from commensal.questions.features import JOINT, feature_rows
from commensal.questions.large import large_features, with_totals
from commensal.questions.pathway_members import unstratified
from commensal.questions.pathway_points import pathway_points
from commensal.questions.producers import producers
from commensal.questions.scales import LOGARITHMS, Scales, scales
from commensal.questions.targeted import targeted_levels
from commensal.stats.two_part_blocks import Each
from commensal.study import Dropped, LoadedStudy, Question
from commensal.tables import estimates, points

#: Features whose raw values are kept for the page, per assay.
TOP = 12
#: Values that are drawn at most, all such features together: a page stays small with 10,000 samples.
VALUES = 20_000


def cohort(loaded: LoadedStudy, question: Question, assay: str) -> Answer:
    """Answer a cohort question for one assay.

    Raises
    ------
    DesignError
        The comparison cannot be made with these samples.
    """
    comparison, empty = _without_empty_samples(compare(loaded, question, assay))
    comparison, split = apart_by_taxon(comparison)
    scale = scales(comparison.assay, comparison.values)
    parts = []
    if comparison.assay.assay.kind == "taxa":
        parts.append(diversity(comparison, scale))
    parts.append(composition(comparison, scale))
    limits = log2_limits(comparison.assay, comparison.samples) if is_censored(comparison.assay) else None
    rows = feature_rows(comparison, scale, limits)
    parts.append(Answer(rows, top_values(comparison, scale, rows), (*comparison.dropped, *empty)))
    parts.append(targeted_levels(comparison, scale))
    parts.append(severity_answer(loaded, comparison, scale))
    parts.append(set_answer(loaded, comparison, scale))
    split = split or of_genomes(loaded, comparison)
    parts += [contributions(split)] if split is not None else []
    parts.append(Answer(estimates(), pathway_points(loaded, comparison, rows)))
    parts.append(producers(loaded, question, assay))
    return joined(parts)


def large_cohort(loaded: LoadedStudy, question: Question, assay: str, /, *, each: Each, whole: bool = True) -> Answer:
    """Answer a cohort question for an assay that is larger than memory: its features, by the default model.

    Raises
    ------
    DesignError
        The comparison cannot be made with these samples.
    """
    stored = loaded.assays[assay].stored
    assert stored is not None  # who asks has looked
    comparison, empty = _without_empty_samples(with_totals(compare(loaded, question, assay), stored))
    answer, shown, scale = large_features(comparison, stored, each=each, whole=whole)
    drawn = top_values(shown, scale, answer.estimates)
    return replace(answer, points=drawn, dropped=(*comparison.dropped, *empty))


def apart_by_taxon(comparison: Comparison) -> tuple[Comparison, Comparison | None]:
    """Take rows of a gene's parts by taxon (``K00278|species``) apart: beside the gene they would count it twice."""
    table = comparison.assay
    whole = unstratified(table.features)
    if table.assay.kind not in ("genes", "pathways") or whole.all() or not whole.any():
        return comparison, None
    one, other = (
        replace(
            comparison,
            assay=replace(table, features=table.features[keep], values=table.values[:, keep]),
            values=comparison.values[:, keep],
        )
        for keep in (whole, ~whole)
    )
    return one, other if table.assay.kind == "genes" else None


def top_values(comparison: Comparison, scale: Scales, rows: pd.DataFrame) -> pd.DataFrame:
    """Return the raw values (points) of the features with the smallest p of the term that is read first.

    The p of the joint test, where there is one.
    """
    first = rows[(rows["term"] == comparison.terms[0]) & rows["p"].notna()]
    joint = first[first["model"] == JOINT]
    ranked = first if joint.empty else joint
    ranked = ranked.sort_values("p", kind="stable").drop_duplicates("feature").head(_drawable(len(comparison.samples)))
    column = {str(name): index for index, name in enumerate(comparison.assay.features.index)}
    frames = []
    for feature, label in zip(ranked["feature"], ranked["label"], strict=True):
        frames.append(
            pd.DataFrame(
                {
                    **{key: value for key, value in comparison.identity().items() if key != "kind"},
                    "figure": "values",
                    "feature": feature,
                    "label": label,
                    "sample": comparison.samples,
                    "subject": comparison.subjects,
                    "block": comparison.block if comparison.block is not None else [None] * len(comparison.samples),
                    "side": np.where(comparison.case, "case", "control"),
                    "group": comparison.groups,
                    "y": scale.shown[:, column[str(feature)]],
                    "unit": scale.unit,
                }
            )
        )
    return points(pd.concat(frames, ignore_index=True)) if frames else points()


def _drawable(samples: int) -> int:
    """Return of how many features all values are drawn: fewer where there are very many samples, one at least."""
    return max(1, min(TOP, VALUES // max(samples, 1)))


def _without_empty_samples(comparison: Comparison) -> tuple[Comparison, list[Dropped]]:
    """Leave out samples in which nothing at all was found: they have no composition.

    Raises
    ------
    DesignError
        One side has no other samples.
    """
    if comparison.assay.assay.kind != "taxa" or comparison.assay.assay.value in LOGARITHMS:
        found: NDArray[np.bool_] = np.any(np.isfinite(comparison.values), axis=1)
    else:
        found = np.nansum(comparison.values, axis=1) > 0
    if found.all():
        return comparison, []
    for side, here in (("case", comparison.case), ("control", ~comparison.case)):
        if not found[here].any():
            raise DesignError(
                f"the {side} side is empty once samples in which nothing was found are left out",
                where=comparison.where,
                found=f"{int(here.sum())} {side} samples with nothing but zeros or missing values",
                expected="at least one sample with a value above 0 on each side",
                mend=f"look at the table of {comparison.assay.name}: were these samples measured, and do their values "
                "stand in it?",
            )
    lost = [
        Dropped("sample", comparison.where, comparison.samples[i], "nothing found in it")
        for i in np.flatnonzero(~found)
    ]
    keep = np.flatnonzero(found)
    return (
        replace(
            comparison,
            samples=tuple(comparison.samples[i] for i in keep),
            subjects=tuple(comparison.subjects[i] for i in keep),
            groups=tuple(comparison.groups[i] for i in keep),
            values=comparison.values[keep],
            case=comparison.case[keep],
            block=None if comparison.block is None else comparison.block[keep],
            covariates=comparison.covariates[keep],
        ),
        lost,
    )
