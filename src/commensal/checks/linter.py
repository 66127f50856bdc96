"""The design linter: every check, in two registries, and the one function that runs them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from commensal.checks import (
    arms,
    arrangements,
    asked,
    balance,
    block_checks,
    contents,
    course_checks,
    covariate_checks,
    depth,
    design,
    genomes,
    ids,
    labels,
    mediator_checks,
    nesting,
    preparation,
    spreadsheet,
)
from commensal.checks.context import Context, contexts
from commensal.checks.units import arm_columns, find_units
from commensal.study import LoadedStudy
from commensal.tables import Finding


def _labels(loaded: LoadedStudy) -> Iterator[Finding]:
    units = find_units(loaded)
    yield from labels.reused_labels(loaded, units)
    yield from labels.perhaps_reused(loaded, units, arm_columns(loaded))
    yield from labels.subject_labels(loaded, units)


#: Checks of a whole study. A new one is a function here and a file of its family.
STUDY_CHECKS: dict[str, tuple[Callable[[LoadedStudy], Iterable[Finding]], ...]] = {
    "ids": (ids.assay_ids, ids.specimens, ids.subjects, ids.other_tables),
    "labels": (_labels,),
    "depth": (depth.sample_depths,),
    "contents": (contents.missing_amounts, contents.overlapping_features, spreadsheet.spreadsheet_names),
    "design": (design.undeclared, design.unasked),
    "covariates": (asked.absent_covariates,),
    "arms": (arms.of_arms,),
    "mediators": (mediator_checks.of_mediators,),
    "genomes": (genomes.annotated,),
    "preparation": (preparation.preparations, preparation.tied_minima, preparation.forgotten_standards),
}

#: Checks of one question × contrast × assay, on the samples that have data.
COMPARISON_CHECKS: dict[str, tuple[Callable[[Context], Iterable[Finding]], ...]] = {
    "nesting": (nesting.nested_units, nesting.unit_not_in_block),
    "balance": (balance.group_sizes, balance.sex_imbalance, balance.confounding, balance.baseline),
    "blocks": (
        block_checks.one_sided_blocks,
        block_checks.constant_in_block,
        block_checks.repeated_subjects,
        block_checks.several_block_levels,
        block_checks.missing_block_labels,
    ),
    "covariates": (covariate_checks.missing_covariates, covariate_checks.too_many_covariates),
    "permutation": (arrangements.smallest_reachable_p,),
    "depth": (depth.depth_by_side, depth.empty_sides),
    "course": (course_checks.course_onset, course_checks.facilities),
    "preparation": (preparation.run_by_side,),
}

_ORDER = {"error": 0, "warning": 1, "note": 2}


def check(loaded: LoadedStudy) -> list[Finding]:
    """Look at the design as a reviewer would: can these samples answer these questions?

    Parameters
    ----------
    loaded
        The study with its tables read.

    Returns
    -------
    list of Finding
        Errors first, then warnings, then notes; within each, what concerns the whole study, then question by
        question and assay by assay as the study file has them. What is true of several assays of one contrast in
        the same words is told once: its ``assay`` lists them, separated by commas.

    Notes
    -----
    Counts are per contrast × assay, on the samples that have data. Thresholds and their reasons are in
    docs/decisions/design-linter.md.
    """
    found: list[Finding] = []
    for family in STUDY_CHECKS.values():
        for study_check in family:
            found.extend(study_check(loaded))
    for context in contexts(loaded):
        if isinstance(context, Finding):
            found.append(context)
            continue
        for checks_of_family in COMPARISON_CHECKS.values():
            for comparison_check in checks_of_family:
                found.extend(comparison_check(context))
    return ordered(_told_once(found))


def ordered(found: Iterable[Finding]) -> list[Finding]:
    """Put errors first, then warnings, then notes; the order among each stays."""
    return sorted(found, key=lambda finding: _ORDER[finding.severity])


def _told_once(found: list[Finding]) -> list[Finding]:
    """Join findings that say the same of several assays; drop exact repeats (two questions on one contrast)."""
    joined: dict[tuple[object, ...], Finding] = {}
    for finding in found:
        comparison = finding.contrast is not None and finding.assay is not None
        place = None if comparison else finding.where
        key = (finding.code, finding.severity, finding.contrast, place, finding.message, finding.mend)
        first = joined.get(key)
        if first is None:
            joined[key] = finding
        elif comparison and first.assay and finding.assay not in first.assay.split(", "):
            assays = f"{first.assay}, {finding.assay}"
            joined[key] = replace(first, assay=assays, where=f"contrast {first.contrast} × assays {assays}")
    return list(joined.values())
