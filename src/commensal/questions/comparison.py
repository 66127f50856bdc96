"""One comparison: the samples of one contrast × assay with their sides, units and covariates, ready for stats."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from commensal.errors import DesignError, listing
from commensal.study import (
    AssayTable,
    Contrast,
    Dropped,
    LoadedStudy,
    Question,
    blocks,
    cohort_of,
    covariates,
    for_assay,
    sides,
)

#: The word for a comparison inside blocks, of whole blocks, and without blocks.
WITHIN, BETWEEN, OVERALL = "within", "between", "overall"


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """Samples are in one order everywhere: (n,) arrays match ``samples``."""

    question: Question
    contrast: Contrast
    assay: AssayTable
    cohort: str
    specimen: str | None
    samples: tuple[str, ...]
    subjects: tuple[str, ...]
    groups: tuple[str, ...]  #: the level of the contrast's column, as the study file names it
    values: NDArray[np.float64]  #: (n, m)
    case: NDArray[np.bool_]  #: (n,)
    block: NDArray[np.str_] | None  #: (n,) unit of the random intercept
    block_name: str | None
    covariates: NDArray[np.float64]  #: (n, k)
    covariate_names: tuple[str, ...]
    dropped: tuple[Dropped, ...]

    @property
    def where(self) -> str:
        """How messages name this comparison."""
        return f"contrast {self.contrast.name} × assay {self.assay.name}"

    @property
    def label(self) -> NDArray[np.float64]:
        """The label as a number, (n,): 1 case, 0 control."""
        return self.case.astype(float)

    @property
    def terms(self) -> tuple[str, ...]:
        """The terms that this layout can estimate, the one to read first in front."""
        if self.block is None:
            return (OVERALL,)
        varies = pd.Series(self.label).groupby(self.block).nunique().gt(1).any()
        return (WITHIN, BETWEEN) if varies else (BETWEEN,)

    @property
    def n_blocks(self) -> int | None:
        """Number of blocks, None without any."""
        return None if self.block is None else len(np.unique(self.block))

    def identity(self) -> dict[str, object]:
        """Return the columns that all rows of this comparison share."""
        return {
            "question": self.question.name,
            "kind": self.question.kind,
            "contrast": self.contrast.name,
            "cohort": self.cohort,
            "specimen": self.specimen,
            "assay": self.assay.name,
        }

    def counts(self) -> dict[str, object]:
        """Return n, its two sides and the number of blocks."""
        return {
            "n": len(self.samples),
            "n_case": int(self.case.sum()),
            "n_control": int((~self.case).sum()),
            "n_blocks": self.n_blocks,
        }


def compare(loaded: LoadedStudy, question: Question, assay_name: str) -> Comparison:
    """Resolve one question × assay to arrays.

    Raises
    ------
    DesignError
        One side is empty (also after samples without a covariate are left out), or the design needs two levels of
        random intercepts.
    """
    question = for_assay(loaded.declared, question, assay_name)
    chosen = sides(loaded, question.contrast, assay_name)
    contrast = loaded.declared.contrasts[question.contrast]
    assay = loaded.assays[assay_name]
    where = f"contrast {contrast.name} × assay {assay_name}"

    terms = covariates(loaded, chosen.samples, question.covariates)
    complete = terms.complete
    dropped = list(chosen.dropped)
    for name, missing in terms.missing.items():
        dropped += [Dropped("sample", where, sample, f"covariate {name} is missing") for sample in missing]
    case = chosen.case[complete]
    samples = tuple(np.asarray(chosen.samples, dtype=object)[complete])
    if case.all() or not case.any():
        lost = {name: len(missing) for name, missing in terms.missing.items() if missing}
        raise DesignError(
            "one side is empty once samples without a covariate are left out",
            where=f"[questions.{question.name}] covariates",
            found=f"{int(case.sum())} case, {int((~case).sum())} control samples; missing: {lost}",
            expected="at least one on each side",
            mend="leave out the covariate, or complete it in the samples table",
        )
    block_name, block = _block(loaded, question, samples, where)
    matrix, kept = _varying(terms.matrix[complete], terms.columns)
    dropped += [
        Dropped("part", where, column, "covariate does not vary among these samples")
        for column in terms.columns
        if column not in kept
    ]
    row = {sample: index for index, sample in enumerate(assay.samples)}
    frame = loaded.samples.loc[list(samples)]
    return Comparison(
        question=question,
        contrast=contrast,
        assay=assay,
        cohort=cohort_of(loaded.declared, frame),
        specimen=_specimen(assay, frame),
        samples=samples,
        subjects=tuple(frame["subject"].astype(str)),
        groups=tuple(frame[contrast.column].astype(str)),
        values=assay.values[[row[sample] for sample in samples]],
        case=case,
        block=block,
        block_name=block_name,
        covariates=matrix,
        covariate_names=kept,
        dropped=tuple(dropped),
    )


def _block(
    loaded: LoadedStudy, question: Question, samples: tuple[str, ...], where: str
) -> tuple[str | None, NDArray[np.str_] | None]:
    found = blocks(loaded, question, samples)
    if not found.names:
        return None, None
    if len(found.names) > 1:
        raise DesignError(
            "two nested levels of units need a mixed model that this version does not fit",
            where=f"{where}: [questions.{question.name}] block",
            found=listing(found.names),
            expected="one level",
            mend="keep one sample per subject with `where` in the contrast, or leave out the outer level",
        )
    # A person without a household is a household of one: kept, and counted between households.
    labels = [
        f"{sample} (no {found.names[0]})" if sample in found.missing else str(label)
        for sample, label in zip(samples, found.labels[0], strict=True)
    ]
    return found.names[0], np.asarray(labels, dtype=np.str_)


def _varying(matrix: NDArray[np.float64], columns: tuple[str, ...]) -> tuple[NDArray[np.float64], tuple[str, ...]]:
    keep = [index for index in range(len(columns)) if np.ptp(matrix[:, index]) > 0]
    return matrix[:, keep], tuple(columns[index] for index in keep)


def _specimen(assay: AssayTable, frame: pd.DataFrame) -> str | None:
    if assay.assay.specimen:
        return assay.assay.specimen
    known = frame["specimen"].dropna().unique()
    return str(known[0]) if len(known) == 1 else None
