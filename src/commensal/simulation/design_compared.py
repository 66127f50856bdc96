"""What a comparison of a declared design rests on: how many units of inference, and who is on its two sides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from commensal.simulation.design_units import per_subject, small_units
from commensal.study import Contrast, LoadedStudy, Question

#: Units that animals live in.
OF_ANIMALS = ("cage", "litter", "isolator", "mouse", "animal", "mother", "dam")
#: Kinds of questions that give something: their subjects are animals.
GIVEN = ("depletion", "screen", "mediators", "rescue", "host")


@dataclass(frozen=True, slots=True)
class Compared:
    """The size of one comparison."""

    unit: str  #: cage, household, animal, person
    n_unit: int  #: units: of the smaller side where each lies on one, of those that hold both sides else
    per_side: bool  #: whether ``n_unit`` is of one side
    n_case: int  #: subjects
    n_control: int

    @property
    def n_subjects(self) -> int:
        """Subjects of both sides."""
        return self.n_case + self.n_control


def rows_on(loaded: LoadedStudy, contrast: Contrast, rows: pd.DataFrame) -> NDArray[np.bool_]:
    """Say which rows (n,) lie on the case side: by their own columns, else by those of their subject."""
    subjects = loaded.subjects

    def column(name: str) -> pd.Series:
        if name in rows:
            return rows[name]
        return subjects[name].reindex(rows["subject"].astype(str)) if name in subjects else pd.Series(pd.NA, rows.index)

    case = column(contrast.column).map(_text).isin(contrast.case).to_numpy(bool)
    for name, condition in contrast.where.items():
        found = column(name)
        if found.isna().all():
            continue
        if condition.levels:
            case &= found.map(_text).isin(condition.levels).to_numpy(bool)
        else:
            numbers = pd.to_numeric(found, errors="coerce").to_numpy(float, na_value=np.nan)
            case &= (numbers >= (condition.min if condition.min is not None else -np.inf)) & (
                numbers <= (condition.max if condition.max is not None else np.inf)
            )
    return case


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool | np.bool_) else str(value)


def compared(
    loaded: LoadedStudy, question: Question, contrast: str | None, *, assay: str | None = None, term: str | None = None
) -> Compared:
    """Count a comparison: subjects on either side that are measured at all, and the units that they are.

    The unit is the outermost block whose members all lie on one side (cages in arms); else, where both sides meet in
    small blocks (households), these; else the subject.

    Parameters
    ----------
    loaded
        The design.
    question
        What is asked.
    contrast
        Which contrast of it; its own by default.
    assay
        The table that is compared; None: measures and events.
    term
        Of Estimates: an arm, or ``LEVEL: ARM``, narrows the case side; other terms do not.
    """
    declared = loaded.declared.contrasts.get(contrast or question.contrast)
    if declared is None:
        declared = loaded.declared.contrasts[question.contrast]
    case, control = _sides(loaded, question, declared, assay, term)
    per = per_subject(loaded)
    side = pd.Series(np.r_[np.ones(len(case)), np.zeros(len(control))].astype(int), index=[*case, *control])
    sizes = len(case), len(control)
    pairs: Compared | None = None
    for name in question.block:
        if name not in per.columns or name == "subject":
            continue
        label = per[name].reindex(side.index)
        known = label.notna()
        if not known.any():
            continue
        text = label[known].astype(str)
        sides = side[known].groupby(text).nunique()
        if not sides.gt(1).any():
            alone = ~known  # a subject without a label is a unit of its own
            units = [text[side[known] == s].nunique() + int((alone & (side == s)).sum()) for s in (1, 0)]
            return Compared(name, min(units), True, *sizes)
        if pairs is None and small_units(label, side.astype(str)):
            pairs = Compared(name, int(sides.gt(1).sum()), False, *sizes)
    return pairs or Compared(subject_word(loaded, question), min(sizes), True, *sizes)


def _sides(
    loaded: LoadedStudy, question: Question, contrast: Contrast, assay: str | None, term: str | None
) -> tuple[list[str], list[str]]:
    if assay is not None and assay in loaded.assays:
        rows = loaded.samples.reindex(list(loaded.assays[assay].samples))
        rows = rows[(rows["role"] == "sample").fillna(False)]
    else:
        rows = pd.DataFrame({"subject": [str(one) for one in per_subject(loaded).index]})
    level, arms = _narrowed(question, contrast, term)
    found = []
    for levels in (arms or contrast.case, contrast.control):
        at = rows_on(loaded, replace(contrast, case=levels), rows)
        if level is not None and question.by is not None:
            at &= rows["subject"].astype(str).map(loaded.subjects[question.by].astype(str)).eq(level).to_numpy(bool)
        found.append(list(dict.fromkeys(rows.loc[at, "subject"].dropna().astype(str))))
    control = set(found[1])
    return [one for one in found[0] if one not in control], found[1]


def _narrowed(question: Question, contrast: Contrast, term: str | None) -> tuple[str | None, tuple[str, ...]]:
    """Return the level of ``by`` and the arms that a term names, as far as it does."""
    if term is None:
        return None, ()
    level, colon, arm = term.partition(": ")
    if question.by and colon and arm in contrast.case:
        return level, (arm,)
    return None, (term,) if term in contrast.case else ()


def subject_word(loaded: LoadedStudy, question: Question) -> str:
    """Return what a subject of a question is: an animal, or a person."""
    names: Sequence[str] = [*question.block, *loaded.declared.variables]
    if question.kind in GIVEN or (question.kind != "cohort" and any(name.lower() in OF_ANIMALS for name in names)):
        return "animal"
    return "person" if question.kind == "cohort" else "subject"
