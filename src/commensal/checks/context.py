"""What a check is given: one question on one assay, with the samples that have data; or a whole study."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from commensal.checks.units import Unit, find_units
from commensal.errors import CommensalError
from commensal.study import (
    AssayTable,
    Blocks,
    Contrast,
    Covariates,
    LoadedStudy,
    Question,
    Sides,
    blocks,
    covariates,
    for_assay,
    sides,
)
from commensal.tables import Finding, Severity


@dataclass(frozen=True, slots=True, eq=False)
class Context:
    """One question × contrast × assay, on the samples that have data and lie on one side."""

    loaded: LoadedStudy
    question: Question
    contrast: Contrast
    assay: AssayTable
    sides: Sides
    covariates: Covariates
    blocks: Blocks
    frame: pd.DataFrame  #: the samples of the comparison, n rows
    units: tuple[Unit, ...]  #: unit columns of the study, labels of all its samples

    @property
    def case(self) -> NDArray[np.bool_]:
        """True on the case side, (n,)."""
        return self.sides.case

    @property
    def subjects(self) -> NDArray[np.object_]:
        """The subject of each sample, (n,)."""
        return self.frame["subject"].to_numpy(dtype=object)

    @property
    def names(self) -> tuple[str, str]:
        """The case and the control side in words."""
        return " or ".join(self.contrast.case), " or ".join(self.contrast.control)

    def block(self, at: int) -> NDArray[np.object_]:
        """Labels of one block level, (n,); a sample without a label is a block of its own, as in the model."""
        return np.array(
            [
                str(label) or f"{sample} (alone)"
                for label, sample in zip(self.blocks.labels[at], self.sides.samples, strict=True)
            ],
            dtype=object,
        )

    def labels(self, unit: Unit) -> pd.Series:
        """Full identity of a unit for the samples of the comparison, n rows."""
        return unit.labels.loc[list(self.sides.samples)]

    def finding(self, code: str, severity: Severity, message: str, mend: str, **counts: float) -> Finding:
        """Build a finding about this comparison."""
        return Finding(
            code=code,
            severity=severity,
            where=f"contrast {self.contrast.name} × assay {self.assay.name}",
            message=message,
            mend=mend,
            contrast=self.contrast.name,
            assay=self.assay.name,
            counts={name: float(count) for name, count in counts.items()},
        )


def contexts(loaded: LoadedStudy) -> Iterator[Context | Finding]:
    """Yield a context for every question × assay, or the finding that says why there is none."""
    units = find_units(loaded)
    for question, declared in asked_contrasts(loaded):
        for name in question.assays or asked_of(question.kind, loaded):
            asked = for_assay(loaded.declared, question, name)
            contrast = declared if asked is question else loaded.declared.contrasts[asked.contrast]
            try:
                side = sides(loaded, contrast.name, name)
                yield Context(
                    loaded=loaded,
                    question=asked,
                    contrast=contrast,
                    assay=loaded.assays[name],
                    sides=side,
                    covariates=covariates(loaded, side.samples, question.covariates),
                    blocks=blocks(loaded, question, side.samples),
                    frame=loaded.samples.loc[list(side.samples)],
                    units=units,
                )
            except CommensalError as fault:
                yield _refused(fault, contrast.name, name)


def asked_contrasts(loaded: LoadedStudy) -> Iterator[tuple[Question, Contrast]]:
    """Yield each question with its contrast, and one about mediators with its supplements too."""
    for question in loaded.declared.questions.values():
        for name in filter(None, (question.contrast, question.supplements)):
            yield question, loaded.declared.contrasts[name]


def asked_of(kind: str, loaded: LoadedStudy) -> tuple[str, ...]:
    """Return the assays that a question asks of where it names none: all; of tissue and mediators those of one kind."""
    only = {"host": "transcripts", "mediators": "metabolites"}.get(kind)
    return tuple(name for name, table in loaded.assays.items() if only in (None, table.assay.kind))


def _refused(fault: CommensalError, contrast: str, assay: str) -> Finding:
    found = f" (found: {fault.found})" if fault.found else ""
    return Finding(
        code="comparison_refused",
        severity="error",
        where=f"contrast {contrast} × assay {assay}",
        message=f"{fault.what}{found}",
        mend=fault.mend or "correct the study file at the place named",
        contrast=contrast,
        assay=assay,
    )
