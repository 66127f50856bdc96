"""One course: samples, sides, units of inference, ages, onset; ready for stats."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from commensal.errors import DesignError, listing
from commensal.questions.onset import Aligned, aligned
from commensal.questions.scales import LOGARITHMS
from commensal.study import (
    AssayTable,
    Contrast,
    Dropped,
    LoadedStudy,
    Question,
    blocks,
    cohort_of,
    covariates,
    sides,
    varies_within,
)

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
Texts = NDArray[np.object_]
#: A difference of less than a factor of two, where the study file says no margin.
MARGIN = 1.0
#: Ages up to this many are levels of their own; more are a curve of this degree.
MOST_AGES, DEGREE = 8, 3


@dataclass(frozen=True, slots=True, eq=False)
class Course:
    """One question × assay on n samples; arrays (n,) match ``samples``."""

    question: Question
    contrast: Contrast
    assay: AssayTable
    cohort: str
    specimen: str | None
    samples: tuple[str, ...]
    subjects: Texts
    groups: tuple[str, ...]
    values: Array  #: (n, m)
    case: Mask
    time: Array
    unit: Texts  #: the outermost unit in which the label is constant
    unit_name: str
    strata: Texts | None  #: the unit around it, in which sides are compared
    strata_name: str | None
    facility: Texts | None
    fixed: Array  #: (n, q) intercept, ages, covariates, strata, facility
    covariate_names: tuple[str, ...]
    onset: Aligned
    ages_are_levels: bool
    dropped: tuple[Dropped, ...]

    @property
    def where(self) -> str:
        """How messages name this comparison."""
        return f"contrast {self.contrast.name} × assay {self.assay.name}"

    @property
    def margin(self) -> float:
        """The declared margin in log2 units, else a factor of two."""
        return MARGIN if self.question.margin is None else self.question.margin

    def identity(self) -> dict[str, object]:
        """Return the columns that all rows of this course share."""
        return {
            "question": self.question.name,
            "kind": self.question.kind,
            "contrast": self.contrast.name,
            "cohort": self.cohort,
            "specimen": self.specimen,
            "assay": self.assay.name,
        }


def course_design(loaded: LoadedStudy, question: Question, assay_name: str) -> Course:
    """Resolve one question × assay to arrays.

    Raises
    ------
    DesignError
        No times, no onset, an empty side, a label that changes within a subject, a facility with one side only.
    """
    chosen = sides(loaded, question.contrast, assay_name)
    contrast = loaded.declared.contrasts[question.contrast]
    assay = loaded.assays[assay_name]
    where = f"[questions.{question.name}] × assay {assay_name}"
    time = _times(loaded, where)
    terms = covariates(loaded, chosen.samples, question.covariates)
    dropped = list(chosen.dropped)
    for name, missing in terms.missing.items():
        dropped += [Dropped("sample", where, sample, f"covariate {name} is missing") for sample in missing]
    frame = loaded.samples.loc[list(chosen.samples)]
    ages = time.loc[list(chosen.samples)].to_numpy(dtype=float, na_value=np.nan)
    facility = _facility(question, frame)
    row = {sample: index for index, sample in enumerate(assay.samples)}
    measured = _measured(assay, assay.values[[row[sample] for sample in chosen.samples]])
    dropped += [Dropped("sample", where, s, "nothing found in it") for s in frame.index[~measured]]
    keep = terms.complete & np.isfinite(ages) & measured
    dropped += [Dropped("sample", where, s, "its time is missing") for s in frame.index[~np.isfinite(ages)]]
    if facility is not None:
        gone = facility == ""
        dropped += [Dropped("sample", where, s, f"its {question.facility} is missing") for s in frame.index[gone]]
        keep &= ~gone
    _two_sides(chosen.case[keep], where, "once samples without a time, covariate or facility are left out")
    people = frame["subject"].astype(str).to_numpy(object)
    onset = aligned(loaded, where, people[keep].tolist(), ages[keep], chosen.case[keep], seed=question.seed)
    if not onset.known.all():
        lost = frame.index[np.flatnonzero(keep)[~onset.known]]
        dropped += [Dropped("sample", where, s, "its subject is diseased, and its onset is not known") for s in lost]
        keep[np.flatnonzero(keep)[~onset.known]] = False
        onset = aligned(loaded, where, people[keep].tolist(), ages[keep], chosen.case[keep], seed=question.seed)
    _two_sides(chosen.case[keep], where, "once diseased subjects without an onset are left out")
    return _course(
        loaded,
        question,
        contrast,
        assay,
        frame[keep],
        chosen.case[keep],
        ages[keep],
        onset,
        None if facility is None else facility[keep],
        terms.matrix[keep],
        terms.columns,
        dropped,
        where,
    )


def _course(
    loaded: LoadedStudy,
    question: Question,
    contrast: Contrast,
    assay: AssayTable,
    frame: pd.DataFrame,
    case: Mask,
    ages: Array,
    onset: Aligned,
    facility: Texts | None,
    covariate: Array,
    names: tuple[str, ...],
    dropped: list[Dropped],
    where: str,
) -> Course:
    samples = tuple(map(str, frame.index))
    unit, unit_name, strata, strata_name = _units(loaded, question, samples, case, where)
    age_columns, levels = age_terms(ages, case)
    varying = [at for at in range(covariate.shape[1]) if np.ptp(covariate[:, at]) > 0]
    dropped += [
        Dropped("part", where, names[at], "covariate does not vary among these samples")
        for at in range(len(names))
        if at not in varying
    ]
    parts = [np.ones((len(samples), 1)), age_columns, covariate[:, varying]]
    parts += [_indicators(labels) for labels in (strata, facility) if labels is not None]
    row = {sample: index for index, sample in enumerate(assay.samples)}
    known = frame["specimen"].dropna().unique()
    return Course(
        question=question,
        contrast=contrast,
        assay=assay,
        cohort=cohort_of(loaded.declared, frame),
        specimen=assay.assay.specimen or (str(known[0]) if len(known) == 1 else None),
        samples=samples,
        subjects=frame["subject"].astype(str).to_numpy(object),
        groups=tuple(frame[contrast.column].astype(str)),
        values=assay.values[[row[sample] for sample in samples]],
        case=case,
        time=ages,
        unit=unit,
        unit_name=unit_name,
        strata=strata,
        strata_name=strata_name,
        facility=facility,
        fixed=np.column_stack(parts),
        covariate_names=tuple(names[at] for at in varying),
        onset=onset,
        ages_are_levels=levels,
        dropped=tuple(dropped),
    )


def _times(loaded: LoadedStudy, where: str) -> pd.Series:
    if "time" not in loaded.samples.columns or not pd.api.types.is_float_dtype(loaded.samples["time"].dtype):
        raise DesignError(
            "a course needs the time of each sample",
            where=where,
            found="no column `time` of numbers",
            expected="the age or day of each sample",
            mend='map it: [tables.samples] columns = { time = "…" }',
        )
    return loaded.samples["time"]


def _measured(assay: AssayTable, values: Array) -> Mask:
    """Say which samples (n, m) have anything in them: a community without members has no shares."""
    if assay.assay.kind != "taxa" or assay.assay.value in LOGARITHMS:
        return np.asarray(np.isfinite(values).any(axis=1))
    return np.asarray(np.nansum(values, axis=1) > 0)


def _two_sides(case: Mask, where: str, when: str) -> None:
    if case.any() and not case.all():
        return
    raise DesignError(
        f"one side is empty {when}",
        where=where,
        found=f"{int(case.sum())} diseased, {int((~case).sum())} healthy samples",
        expected="at least one on each side",
        mend="complete the tables, or loosen `where` in the contrast",
    )


def _facility(question: Question, frame: pd.DataFrame) -> Texts | None:
    if question.facility is None:
        return None
    return np.asarray(frame[question.facility].astype("string").fillna("").to_numpy(object))


def _units(
    loaded: LoadedStudy, question: Question, samples: tuple[str, ...], case: Mask, where: str
) -> tuple[Texts, str, Texts | None, str | None]:
    """Return the outermost level in which the label is constant, and the level around it."""
    found = blocks(loaded, question, samples)
    people = loaded.samples.loc[list(samples), "subject"].astype(str).to_numpy(object)
    levels = [
        (name, np.array([str(x) or f"{who} (no {name})" for x, who in zip(labels, people, strict=True)], dtype=object))
        for name, labels in zip(found.names, found.labels, strict=True)
        if name != "subject"
    ]
    levels.append(("subject", people))
    for at, (name, labels) in enumerate(levels):
        if not varies_within(case, labels):
            around = levels[at - 1] if at else (None, None)
            return labels, name, around[1], around[0]
    both = sorted({who for who in people if len(set(case[people == who])) > 1})
    raise DesignError(
        "the label changes within a subject",
        where=where,
        found=f"{len(both)} subjects on both sides: {listing(both, 5)}",
        expected="diseased or healthy from the first sample to the last; when disease begins is said by [onset]",
        mend="compare a column that is constant per subject, such as the genotype or the later diagnosis",
    )


def age_terms(ages: Array, case: Mask) -> tuple[Array, bool]:
    """Return columns of age (n, q) beside an intercept, and whether each age is a level of its own.

    Few ages, all with healthy samples, are levels; others are a curve of third degree in standardised age.
    """
    distinct = np.unique(ages)
    if len(distinct) <= MOST_AGES and set(distinct) <= set(ages[~case]):
        return np.asarray(ages[:, None] == distinct[1:], dtype=float), True
    spread = ages.std()
    scaled = (ages - ages.mean()) / (spread if spread > 0 else 1.0)
    degree = min(DEGREE, len(distinct) - 1)
    return np.column_stack([scaled**power for power in range(1, degree + 1)] or [np.zeros((len(ages), 0))]), False


def _indicators(labels: Texts) -> Array:
    names = np.unique(labels.astype(str))
    return np.asarray(labels.astype(str)[:, None] == names[1:], dtype=float)
