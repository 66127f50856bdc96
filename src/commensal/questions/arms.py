"""Who is in which arm: a contrast resolved on subjects, with their cages, levels and covariates.

Measures and events belong to animals and people, not to samples, so their questions start here. An arm is a level of
the contrast's column; every level of ``case`` is an arm of its own, the levels of ``control`` are one.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from commensal.errors import DesignError, listing
from commensal.study import (
    Condition,
    Contrast,
    Dropped,
    LoadedStudy,
    Question,
    cohort_of,
    is_nested,
    subject_covariates,
)
from commensal.study.comparing import condition_holds, texts
from commensal.study.identity import inside
from commensal.study.variables import absent_level

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
Texts = NDArray[np.object_]
#: Columns of samples that say when and where something was measured, not who a subject is.
OF_ROWS = ("time", "specimen")


@dataclass(frozen=True, slots=True, eq=False)
class Arms:
    """Subjects in one order everywhere: (n,) arrays match ``subjects``."""

    question: Question
    contrast: Contrast
    cohort: str
    subjects: tuple[str, ...]  #: n ids
    arm: Texts  #: (n,) level of the contrast's column, as the study file names it
    cases: tuple[str, ...]  #: case levels, in their order; each is an arm
    control: tuple[str, ...]  #: control levels, together one arm
    case: Mask  #: (n,)
    blocks: tuple[tuple[str, Texts], ...]  #: name and (n,) full identity of each unit, outermost first
    covariates: Floats  #: (n, k)
    covariate_names: tuple[str, ...]
    by: Texts | None = None  #: (n,) level of the question's ``by``
    levels: tuple[str, ...] = ()  #: its levels, the reference first
    batch: Texts | None = None  #: (n,) level of the question's ``concurrent``
    dose: Floats | None = None  #: (n,) NaN where none is written
    washout: Floats | None = None  #: (n,) NaN where none is written
    rows: tuple[tuple[str, Condition], ...] = ()  #: conditions on measurements, such as a range of times
    dropped: tuple[Dropped, ...] = ()

    @property
    def where(self) -> str:
        """How messages name this comparison."""
        return f"question {self.question.name} × contrast {self.contrast.name}"

    @property
    def control_name(self) -> str:
        """The control in words."""
        return " or ".join(self.control)

    @property
    def unit(self) -> Texts:
        """The unit that arms hold: the outermost block, else the subject; (n,)."""
        return self.blocks[0][1] if self.blocks else np.array(self.subjects, dtype=object)

    @property
    def unit_name(self) -> str:
        """What such a unit is called."""
        return self.blocks[0][0] if self.blocks else "subject"

    @property
    def whole_units(self) -> bool:
        """Whether no unit holds subjects of two arms."""
        return is_nested(self.unit, self.arm_or_control)

    @property
    def arm_or_control(self) -> Texts:
        """The arm of each subject (n,), the control's levels under one name."""
        return np.where(self.case, self.arm, self.control_name).astype(object)

    def units(self, arm: str) -> int:
        """Return how many units an arm has; `control_name` asks for the control's."""
        return len(set(self.unit[self.arm_or_control == arm]))

    def identity(self) -> dict[str, object]:
        """Return the columns that all rows of this comparison share."""
        return {
            "question": self.question.name,
            "kind": self.question.kind,
            "contrast": self.contrast.name,
            "cohort": self.cohort,
        }

    def take(self, keep: Mask) -> Arms:
        """Return the subjects of a mask (n,); an arm without any is kept in ``cases``."""

        def cut(column: NDArray[Any] | None) -> NDArray[Any] | None:
            return None if column is None else column[keep]

        return replace(
            self,
            subjects=tuple(np.array(self.subjects, dtype=object)[keep]),
            arm=self.arm[keep],
            case=self.case[keep],
            blocks=tuple((name, labels[keep]) for name, labels in self.blocks),
            covariates=self.covariates[keep],
            by=cut(self.by),
            batch=cut(self.batch),
            dose=cut(self.dose),
            washout=cut(self.washout),
        )

    def at(self, level: str) -> Arms:
        """Return the subjects of one level of ``by``."""
        assert self.by is not None
        return self.take(self.by == level)

    def pair(self, arm: str) -> Arms:
        """Return one arm and its control: of the same batches only, where the question says ``concurrent``."""
        own = self.arm_or_control == arm
        control = ~self.case
        if self.batch is not None:
            control &= np.isin(self.batch, list(set(self.batch[own])))
        return replace(self.take(own | control), cases=(arm,))

    def term(self, arm: str, level: str | None = None) -> str:
        """Write how rows name an arm: ``SOD1: abx`` within a level of ``by``."""
        return arm if level is None else f"{level}: {arm}"


def arms(loaded: LoadedStudy, question: Question) -> Arms:
    """Resolve the contrast of a question on the study's subjects.

    Returns
    -------
    Arms
        Subjects that meet the conditions of ``where`` on their own columns and lie in an arm; the others are in
        ``dropped``. Conditions on time (and on columns that differ among a subject's samples) are kept in ``rows`` for
        the measurements. A subject without a block's label is a unit of its own.

    Raises
    ------
    DesignError
        A subject in two arms, an arm without subjects, a column that is not the subjects', a condition that cannot
        be judged.
    """
    contrast = loaded.declared.contrasts[question.contrast]
    label, everyone = _labels(loaded, question, contrast), loaded.subjects
    _levels_occur(loaded, contrast, label)
    where = f"question {question.name} × contrast {contrast.name}"
    reason = pd.Series("", everyone.index, dtype=object)
    later: list[tuple[str, Condition]] = []
    for name, condition in contrast.where.items():
        if name in OF_ROWS or name not in everyone.columns:
            later.append((name, condition))
            continue
        holds, told = condition_holds(loaded, contrast, name, condition, everyone[name])
        fresh = ~holds & (reason == "").to_numpy(bool)
        reason[fresh] = np.asarray(told, dtype=object)[fresh]
    _on_a_side(contrast, label, reason)
    roles = {key: getattr(question, key) for key in ("by", "dose", "concurrent", "washout")}
    for key, name in roles.items():
        if name is not None:
            _of_subjects(loaded, question, key, name)
    for name in filter(None, (question.by, question.concurrent)):
        reason[everyone[name].isna().to_numpy(bool) & (reason == "").to_numpy(bool)] = f"its {name} is missing"
    terms = subject_covariates(loaded, list(everyone.index[reason == ""]), question.covariates)
    for name, missing in terms.missing.items():
        reason[list(missing)] = f"covariate {name} is missing"
    kept = everyone.index[reason == ""]
    dropped = tuple(Dropped("subject", where, str(one), str(why)) for one, why in reason.items() if why)
    arm = label[kept].to_numpy(object)
    return _filled(
        Arms(
            question=question,
            contrast=contrast,
            cohort=cohort_of(loaded.declared, everyone.loc[kept]),
            subjects=tuple(map(str, kept)),
            arm=arm,
            cases=contrast.case,
            control=contrast.control,
            case=np.isin(arm, contrast.case),
            blocks=_blocks(everyone.loc[kept], question),
            covariates=terms.matrix[terms.complete],
            covariate_names=terms.columns,
            by=None if question.by is None else texts(everyone.loc[kept, question.by]).to_numpy(object),
            levels=_levels(loaded, question, everyone.loc[kept]),
            batch=None
            if question.concurrent is None
            else texts(everyone.loc[kept, question.concurrent]).to_numpy(object),
            dose=_numbers(everyone.loc[kept], question.dose),
            washout=_numbers(everyone.loc[kept], question.washout),
            rows=tuple(later),
            dropped=dropped,
        )
    )


def _labels(loaded: LoadedStudy, question: Question, contrast: Contrast) -> pd.Series[Any]:
    """Return each subject's level of the contrast's column."""
    if contrast.column in loaded.subjects.columns:
        return texts(loaded.subjects[contrast.column])
    own = loaded.samples[loaded.samples["role"] == "sample"]
    for name, condition in contrast.where.items():
        own = own[condition_holds(loaded, contrast, name, condition, own[name])[0]]
    label = texts(own[contrast.column])
    sides = label[label.isin([*contrast.case, *contrast.control])]
    found = sides.groupby(own.loc[sides.index, "subject"].astype(str)).unique()
    several = {str(one): list(levels) for one, levels in found.items() if len(levels) > 1}
    if several:
        one, levels = next(iter(several.items()))
        raise DesignError(
            "a subject is in two arms",
            where=f"[questions.{question.name}] contrast {contrast.name}",
            found=f"{len(several)} subjects; {one} is {listing(levels)}",
            expected=f"one {contrast.column} per subject: measures and events belong to the whole subject",
            mend=f"correct {contrast.column}, or choose samples of one arm with `where` in the contrast",
        )
    first = found.map(lambda levels: levels[0]).reindex(loaded.subjects.index)
    return first.astype("string")


def _levels_occur(loaded: LoadedStudy, contrast: Contrast, label: pd.Series[Any]) -> None:
    present = Counter(map(str, label.dropna()))
    for key, names in (("case", contrast.case), ("control", contrast.control)):
        for name in names:
            if name not in present:
                section = f"contrasts.{contrast.name}"
                raise absent_level(loaded.declared, section, key, contrast.column, name, present, DesignError)


def _on_a_side(contrast: Contrast, label: pd.Series[Any], reason: pd.Series[Any]) -> None:
    """Give subjects that lie in no arm their reason, in place."""
    fresh = (reason == "").to_numpy(bool)
    sides = [*contrast.case, *contrast.control]
    told = [
        f"its {contrast.column} is missing" if pd.isna(value) else f"its {contrast.column} is {value}, on neither side"
        for value in label
    ]
    off = fresh & ~label.isin(sides).to_numpy(bool)
    reason[off] = np.asarray(told, dtype=object)[off]


def _of_subjects(loaded: LoadedStudy, question: Question, key: str, name: str) -> None:
    if name not in loaded.subjects.columns:
        raise DesignError(
            f"{name!r} is no column of the subjects",
            where=f"[questions.{question.name}] {key}",
            found=f"{name!r} differs among the samples of a subject",
            expected="one value per subject",
            mend="correct the tables, or name another column",
        )


def _blocks(frame: pd.DataFrame, question: Question) -> tuple[tuple[str, Texts], ...]:
    """Return the units of subjects, outermost first; an inner label carries those around it."""
    found: list[tuple[str, Texts]] = []
    for name in question.block:
        if name == "subject":
            continue
        if name not in frame.columns:
            raise DesignError(
                f"block {name!r} is no column of the subjects",
                where=f"[questions.{question.name}] block",
                found=f"{name!r} differs among the samples of a subject",
                expected="one unit per subject",
                mend=f"leave {name!r} out of block, or keep the samples of one time with `where` in the contrast",
            )
        own = texts(frame[name]).fillna("").to_numpy(object)
        if found:
            own = np.array(inside(found[-1][1], own), dtype=object)
        alone = [f"{subject} (no {name})" for subject in frame.index]
        found.append((name, np.where(own == "", alone, own).astype(object)))
    return tuple(found)


def _levels(loaded: LoadedStudy, question: Question, frame: pd.DataFrame) -> tuple[str, ...]:
    """Return the levels of ``by``: in their declared order, else the reference first."""
    if question.by is None:
        return ()
    present = sorted(set(texts(frame[question.by])))
    variable = loaded.declared.variables.get(question.by)
    first = () if variable is None else (*variable.levels, variable.reference)
    return tuple(dict.fromkeys(level for level in (*first, *present) if level in present))


def _numbers(frame: pd.DataFrame, name: str | None) -> Floats | None:
    """Return a column of numbers (n,); labels such as ``low`` are no numbers and give None."""
    if name is None or not pd.api.types.is_float_dtype(frame[name].dtype):
        return None
    return np.asarray(frame[name], dtype=np.float64)


def _filled(found: Arms) -> Arms:
    """Refuse an arm without subjects, whichever it is."""
    for arm in (*found.cases, found.control_name):
        if not (found.arm_or_control == arm).any():
            lost = pd.Series([item.reason for item in found.dropped], dtype=object).value_counts().head(4)
            raise DesignError(
                f"no subject is in arm {arm!r}",
                where=found.where,
                found="; ".join(f"{n} subjects: {why}" for why, n in lost.items()) or "no subjects",
                expected="at least 1 subject in each arm",
                mend="loosen `where`, or take the arm out of the contrast",
            )
    return found


__all__ = ["Arms", "arms"]
