"""Covariates: missing for a whole class, more than units can bear, and those that nobody wrote down."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from commensal.checks.context import Context
from commensal.checks.units import text
from commensal.checks.words import CORE_PEOPLE, PEOPLE, has_part, parts, singular, unit_word
from commensal.errors import listing
from commensal.tables import Finding, Severity

#: A class explains missing values when it lacks the covariate altogether and holds this share of what is missing.
EXPLAINED = 0.8
#: Smallest class worth naming, in samples.
CLASS = 3
#: Independent units that a covariate column asks for, as in the rule of ten.
PER_COVARIATE = 10
#: Share of samples lost to missing covariates from which a reader must know.
LOST = 0.2


@dataclass(frozen=True, slots=True)
class _Class:
    """The levels of a column in which a covariate is wholly missing."""

    column: str
    levels: tuple[str, ...]
    samples: int


def missing_covariates(context: Context) -> Iterator[Finding]:
    """Covariates (declared ones, and known facts about people) that are missing, and for whom."""
    frame = context.frame
    names = list(context.question.covariates)
    names += [c for c in frame.columns if c not in names and has_part(c, PEOPLE) and "units" not in parts(c)]
    for name in names:
        if name not in frame.columns or name == context.contrast.column:
            continue
        missing = frame[name].isna().to_numpy()
        if not missing.any() or missing.all():
            if missing.all() and name in context.question.covariates:
                yield _all_missing(context, name)
            continue
        yield from _missing(context, name, missing, _whole_class(context, name, missing))


def _whole_class(context: Context, name: str, missing: NDArray[np.bool_]) -> _Class | None:
    """Find the column whose wholly missing levels hold most of what is missing; of equals the shortest."""
    best: tuple[float, int, _Class] | None = None
    for column in context.frame.columns:
        if column in (name, "subject", "specimen", "role") or unit_word(column):
            continue
        levels = text(context.frame[column]).reset_index(drop=True)
        if not 2 <= levels.nunique() <= 20 or pd.api.types.is_float_dtype(context.frame[column]):
            continue
        share = pd.Series(missing).groupby(levels).agg(["mean", "sum"])
        whole = share[share["mean"] == 1.0]
        held = int(whole["sum"].sum())
        if held < CLASS or held < EXPLAINED * missing.sum():
            continue
        rank = (-float(held), len(whole))
        if best is None or rank < best[:2]:
            best = (*rank, _Class(str(column), tuple(map(str, whole.index)), held))
    return best[2] if best else None


def _missing(context: Context, name: str, missing: NDArray[np.bool_], lacking: _Class | None) -> Iterator[Finding]:
    declared = name in context.question.covariates
    case, control = context.names
    left = context.case[~missing]
    n = {
        "samples": float(len(missing)),
        "missing": float(missing.sum()),
        "missing_case": float(missing[context.case].sum()),
        "missing_control": float(missing[~context.case].sum()),
        "complete": float((~missing).sum()),
        "complete_case": float(left.sum()),
        "complete_control": float((~left).sum()),
    }
    empty_side = min(n["complete_case"], n["complete_control"]) < 2
    remains = (
        f"complete cases: {n['complete']:.0f} of {n['samples']:.0f} samples ({n['complete_case']:.0f} {case} against "
        f"{n['complete_control']:.0f} {control})"
    )
    if lacking is None:
        if not declared:
            return
        severity: Severity = "error" if empty_side else "warning" if n["missing"] > LOST * n["samples"] else "note"
        yield context.finding(
            "covariate_missing",
            severity,
            f"covariate {name} is missing in {n['missing']:.0f} of {n['samples']:.0f} samples, which are left "
            f"out; {remains}.",
            f"fill {name} in, or take it out of the covariates",
            **n,
        )
        return
    severity = "error" if declared and empty_side else "warning" if declared or has_part(name, CORE_PEOPLE) else "note"
    use = "would leave" if not declared else "leaves"
    yield context.finding(
        "covariate_missing_for_class",
        severity,
        f"{name} is missing in {n['missing']:.0f} of {n['samples']:.0f} samples, and for everyone with "
        f"{lacking.column} "
        f"{listing(lacking.levels)} ({singular(lacking.samples, 'sample')}). Adjusting for {name} {use} them "
        f"all out: {remains}.",
        f"ask for the {name} of those people; or compare without {name} and say so; or restrict `where` to "
        "those who have it",
        **n,
        missing_in_class=lacking.samples,
    )


def _all_missing(context: Context, name: str) -> Finding:
    return context.finding(
        "covariate_missing",
        "error",
        f"covariate {name} is missing in every one of the {len(context.case)} samples of this comparison.",
        f'take "{name}" out of the covariates of [questions.{context.question.name}], or fill it in',
        samples=len(context.case),
        missing=len(context.case),
        complete=0,
    )


def too_many_covariates(context: Context) -> Iterator[Finding]:
    """More covariate columns than the independent units can bear."""
    for note in context.covariates.notes:
        yield context.finding("covariate_note", "note", f"{note}.", "nothing needed; see that it is meant")
    for name in context.covariates.constant:
        yield context.finding(
            "covariate_constant",
            "note",
            f"covariate {name} has one value among the complete samples of this comparison and is left out.",
            f'nothing needed, or take "{name}" out of the covariates',
        )
    columns = context.covariates.columns
    if not columns:
        return
    complete = np.asarray(context.covariates.complete, dtype=bool)
    units, noun = _units(context, complete)
    needed = len(columns) + 2  # the columns, the intercept and the label
    n = {"covariates": float(len(columns)), "units": float(units)}
    what = f"{singular(len(columns), 'covariate column')} ({listing(columns)}) for {units} {noun} with all of them"
    if units <= needed:
        yield context.finding(
            "too_many_covariates",
            "error",
            f"{what}: with the label and the intercept no degree of freedom is left.",
            f"keep at most {max(0, (units - 2) // PER_COVARIATE)} covariates, or add units",
            **n,
        )
    elif units < PER_COVARIATE * len(columns):
        yield context.finding(
            "too_many_covariates",
            "warning",
            f"{what}: {units / len(columns):.1f} per covariate, where ten are asked for; estimates will lean on "
            f"few {noun}.",
            f"keep at most {max(1, units // PER_COVARIATE)} of them, those that you would defend beforehand",
            **n,
        )


def _units(context: Context, complete: NDArray[np.bool_]) -> tuple[int, str]:
    """Independent units among complete samples: blocks where the label never varies within them, else samples."""
    for at, name in enumerate(context.blocks.names):
        kept = pd.Series(context.block(at)[complete])
        if kept.empty:
            return 0, "samples"
        sides = pd.Series(context.case[complete]).groupby(kept).nunique()
        if int(sides.max()) == 1:
            return len(sides), "subjects" if name == "subject" else f"blocks ({name})"
    return int(complete.sum()), "samples"
