"""Necessity: animals given a mutant strain that cannot make the molecule, against animals given its parent."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from commensal import stats
from commensal.errors import DesignError
from commensal.questions.answer import Refused
from commensal.questions.ends import asked_measures
from commensal.questions.measured import measured, words
from commensal.questions.mediator_lines import Molecules
from commensal.questions.mediator_rows import NECESSITY, arm_rows
from commensal.questions.molecule_levels import Compared, Levels, compare, contrast_rows, design
from commensal.study import LoadedStudy, Question
from commensal.tables import ALL, WITH_P

Row = dict[str, object]


def molecules_of_mutants(question: Question, given: Sequence[Levels]) -> list[tuple[Levels, list[Compared]]]:
    """Compare every molecule of each table between mutants and their parents."""
    pairs = list(question.mutants.items())
    return [(levels, compare(levels, pairs)) for levels in given] if pairs else []


def necessity_frame(found: Sequence[tuple[Levels, list[Compared]]]) -> list[pd.DataFrame]:
    """Return the rows of the molecules, a frame per table."""
    return [arm_rows(levels, compared, model=NECESSITY) for levels, compared in found]


def necessity_notes(found: Sequence[tuple[Levels, list[Compared]]], union: Molecules, parent: str, at: int) -> str:
    """Say of a candidate what a mutant of its strain does to it, ``""`` where there is no mutant."""
    told: dict[str, list[str]] = {}
    for levels, compared in found:
        j = int(union.place[levels.assay.name][at])
        for one in compared:
            if one.control == parent and j >= 0:
                p = f"p {one.fit.p[j]:.2g}" if one.fit.status[j] in WITH_P else f"no p: {one.fit.status[j]}"
                size = "no value" if np.isnan(one.fit.effect[j]) else f"{one.fit.effect[j]:+.2f}"
                told.setdefault(one.arm, []).append(f"{levels.specimen} {size} ({p})")
    texts = [f"{arm} against its parent {', '.join(own)}" for arm, own in told.items()]
    return f"necessity: {', '.join(texts)}".replace("-", "−") if texts else ""


def measures_of_mutants(loaded: LoadedStudy, question: Question, levels: Levels) -> tuple[list[Row], list[Refused]]:
    """Compare every measure between mutants and their parents: each animal's level over the times it was measured."""
    rows: list[Row] = []
    refused: list[Refused] = []
    for name in asked_measures(loaded, question) if question.mutants else ():
        try:
            data = measured(loaded, levels.arms, loaded.declared.measures[name])
        except DesignError as error:
            refused.append(Refused(name, error))
            continue
        arms = data.arms
        value = stats.subject_levels(data.values, data.times)[:, None]
        x, place = design(arms)
        pairs, contrasts = contrast_rows(place, x.shape[1], list(question.mutants.items()), arms.control_name)
        labels = [list(column) for _, column in arms.blocks]
        inner, outer = (labels[1], labels[0]) if len(labels) > 1 else (labels[0] if labels else None, None)
        fits = stats.unit_contrasts(value, x, contrasts, inner, outer, level=question.level) if pairs else ()
        for (mutant, parent), fit in zip(pairs, fits, strict=True):
            case, control = arms.arm_or_control == mutant, arms.arm_or_control == parent
            status = str(fit.status[0])
            kept = ("effect", "se", "low", "high", "statistic", "df", "p") if status in WITH_P else ("effect",)
            rows.append(
                {
                    **arms.identity(), "measure": name, "feature": ALL, "model": NECESSITY,
                    "term": f"{mutant} against {parent}", "label": mutant, "unit": data.unit, "level": question.level,
                    "test": "t", "status": status, "n": int((case | control).sum()), "n_case": int(case.sum()),
                    "n_control": int(control.sum()),
                    "n_blocks": len(set(arms.unit[case | control])) if arms.blocks else None,
                    "note": words(
                        [
                            str(fit.note[0]),
                            "each animal's level over its times" if len(data.times) > 1 else "",
                            *data.notes,
                        ]
                    ),
                }
                | {key: float(getattr(fit, key)[0]) for key in kept if np.isfinite(getattr(fit, key)[0])}
            )  # fmt: skip
    return rows, refused


__all__ = ["measures_of_mutants", "molecules_of_mutants", "necessity_frame", "necessity_notes"]
