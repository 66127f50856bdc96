"""Balance of the two sides: sizes, sex, what else goes with the label, a baseline."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from commensal.checks.context import Context
from commensal.checks.units import text, varies
from commensal.checks.words import CONFOUNDERS, SEX, TIME, has_part, parts, singular, unit_word
from commensal.errors import listing
from commensal.tables import Finding

#: One side this many times the other is worth a line; power then follows the smaller side.
RATIO = 3.0
#: Fisher's exact p below which sex counts as unevenly spread over the sides.
SEX_P = 0.05
INTERVENTIONS = ("depletion", "screen", "rescue", "mediators")


def group_sizes(context: Context) -> Iterator[Finding]:
    """One side much larger than the other, or a side of one subject."""
    case, control = context.names
    subjects = context.subjects
    n = {
        "n_case": float(context.case.sum()),
        "n_control": float((~context.case).sum()),
        "subjects_case": float(len(set(subjects[context.case]))),
        "subjects_control": float(len(set(subjects[~context.case]))),
    }
    sizes = (
        f"{singular(n['subjects_case'], 'subject')} ({case}) against "
        f"{singular(n['subjects_control'], 'subject')} ({control})"
    )
    if min(n["subjects_case"], n["subjects_control"]) < 2:
        yield context.finding(
            "one_unit_per_side",
            "error",
            f"{sizes}: a difference between sides cannot be told from a difference between two subjects.",
            "compare at least two subjects per side (better five or more)",
            **n,
            units_case=n["subjects_case"],
            units_control=n["subjects_control"],
        )
    else:
        yield from _uneven(context, n)


def _uneven(context: Context, n: dict[str, float]) -> Iterator[Finding]:
    """One side much larger than the other; of questions that compare each arm by itself, the most uneven arm."""
    case, control = context.names
    sizes = {case: n["subjects_case"]}
    if context.question.kind in INTERVENTIONS and len(context.contrast.case) > 1:
        label = text(context.frame[context.contrast.column]).astype(object).to_numpy()
        held = {arm: float(len(set(context.subjects[context.case & (label == arm)]))) for arm in context.contrast.case}
        sizes = {arm: size for arm, size in held.items() if size} or sizes
    others = n["subjects_control"]
    arm, own = max(sizes.items(), key=lambda one: max(one[1], others) / min(one[1], others))
    few, many = sorted((own, others))
    if many <= RATIO * few:
        return
    yield context.finding(
        "unbalanced_sides",
        "note",
        f"{singular(own, 'subject')} ({arm}) against {singular(others, 'subject')} ({control}): {many / few:.1f} to 1. "
        "The smaller side sets the power, and tests lean on equal variances.",
        "nothing needed in the file; more subjects of the smaller side help, more of the larger do not",
        **n,
        ratio=many / few,
    )


def _per_subject(context: Context, column: str) -> pd.DataFrame:
    """One row per subject × side with its label (the first one)."""
    frame = pd.DataFrame(
        {
            "subject": context.subjects,
            "case": context.case,
            "label": text(context.frame[column]).astype(object).to_numpy(),
        }
    )
    return frame.dropna().drop_duplicates(["subject", "case"])


def sex_imbalance(context: Context) -> Iterator[Finding]:
    """Sex unevenly spread over the sides, by Fisher's exact test on subjects."""
    for column in context.frame.columns:
        if not has_part(column, SEX) or column in (context.contrast.column, *context.question.covariates):
            continue
        people = _per_subject(context, column)
        table = pd.crosstab(people["label"], people["case"]).reindex(columns=[True, False], fill_value=0)
        if len(table) != 2 or determined(people):
            continue
        from scipy.stats import fisher_exact

        p = float(fisher_exact(table.to_numpy()).pvalue)
        if p >= SEX_P:
            continue
        (one, a), (other, b) = ((str(label), row) for label, row in table.iterrows())
        case, control = context.names
        yield context.finding(
            "sex_imbalance",
            "warning",
            f"{column} differs between the sides: {a[True]} {one} and {b[True]} {other} ({case}) against "
            f"{a[False]} {one} and {b[False]} {other} ({control}); Fisher's exact p = {p:.2g}.",
            f'add "{column}" to the covariates of [questions.{context.question.name}], or restrict `where` to '
            "one of them",
            p=p,
            **{
                f"case_{one}": a[True],
                f"case_{other}": b[True],
                f"control_{one}": a[False],
                f"control_{other}": b[False],
            },
        )


def determined(people: pd.DataFrame) -> bool:
    """Say whether the label follows from the column: every level lies on one side, and not by mere variety.

    A column with a level for nearly everyone determines anything; so there must be three subjects per level.
    """
    levels = people["label"].nunique()
    if levels < 2 or len(people) < 3 * levels:
        return False
    return not bool(varies(people["case"], people["label"]).any())


def confounding(context: Context) -> Iterator[Finding]:
    """Columns from which the label follows: two explanations of one difference."""
    same: list[str] = []
    skip = {"subject", "specimen", "role", context.contrast.column}
    for column in context.frame.columns:
        if column in skip or unit_word(column) or pd.api.types.is_float_dtype(context.frame[column]):
            continue
        if context.frame[column].nunique() > 20:
            continue
        people = _per_subject(context, column)
        if not determined(people):
            continue
        if column in context.question.covariates:
            yield _aliased(context, column)
        elif has_part(column, CONFOUNDERS):
            yield _confounded(context, column, people)
        else:
            same.append(column)
    if same:
        yield context.finding(
            "label_follows",
            "note",
            f"the sides follow from {listing(same)}: every level lies on one side. Where a column is the label "
            "in other "
            "words, all is well; where it is another fact, the effect cannot be told from it.",
            "look at the columns named; a second fact that goes with the label belongs into the text of the results",
            columns=len(same),
        )


def _aliased(context: Context, column: str) -> Finding:
    return context.finding(
        "covariate_is_label",
        "error",
        f"covariate {column} determines the side ({context.contrast.column}): adjusting for it takes the whole "
        "comparison away.",
        f'take "{column}" out of the covariates of [questions.{context.question.name}]',
    )


def _confounded(context: Context, column: str, people: pd.DataFrame) -> Finding:
    case, control = context.names
    levels = {side: sorted(people.loc[people["case"] == side, "label"].unique()) for side in (True, False)}
    return context.finding(
        "confounded",
        "error",
        f"{column} goes with the label: {listing(levels[True], 4)} ({case}) against {listing(levels[False], 4)} "
        f"({control}). "
        f"What differs between the sides cannot be told from {column}.",
        f"choose a `where` in which both sides share a level of {column}, or compare within its levels",
        levels_case=len(levels[True]),
        levels_control=len(levels[False]),
    )


def time_column(context: Context) -> str | None:
    """Return the samples' numeric time column: called as time is, or measured in the study's time unit."""
    frame, declared = context.loaded.samples, context.loaded.declared
    for name in frame.columns:
        variable = declared.variables.get(name)
        unit = variable.unit if variable else None
        timed = parts(name)[:1] and (
            parts(name)[0] in TIME or (declared.time_unit is not None and unit == declared.time_unit)
        )
        if timed and "age" not in parts(name) and pd.api.types.is_float_dtype(frame[name]):
            return str(name)
    return None


def baseline(context: Context) -> Iterator[Finding]:
    """Find interventions without a sample before them, or with one on one side only."""
    if context.question.kind not in INTERVENTIONS:
        return
    column = time_column(context)
    if column is None:
        return
    # Samples before treatment may lie outside `where`: look at all samples of these subjects that have data.
    samples = context.loaded.samples.loc[list(context.loaded.matches[context.assay.name].matched)]
    sides = dict(zip(context.subjects, context.case, strict=True))
    samples = samples[samples["subject"].isin(list(sides))]
    time = samples[column].to_numpy(dtype=float)
    if np.isnan(time).all():
        return
    before = {subject for subject, t in zip(samples["subject"], time, strict=True) if t <= 0}
    n_case = sum(sides[subject] for subject in before)
    n_control = len(before) - n_case
    unit = context.loaded.declared.time_unit or ""
    if n_case and n_control:
        return
    randomised = context.loaded.declared.design.randomised not in (None, "unknown", "no", "none")
    if not before:
        message = f"no sample before treatment: the earliest is at {column} {np.nanmin(time):g} {unit}".rstrip() + (
            ". Sides that differed beforehand would look like an effect."
        )
    else:
        message = f"samples before treatment on one side only: {n_case} subjects (case) against {n_control} (control)."
    yield context.finding(
        "missing_baseline",
        "note" if randomised else "warning",
        message,
        "add samples taken before treatment (time 0 or below), or say in [design] randomised what was randomised",
        subjects_before_case=n_case,
        subjects_before_control=n_control,
    )
