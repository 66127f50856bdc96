"""All measures of a question in one row per arm: did anything get better or worse, counted once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from commensal import stats
from commensal.questions.answer import Answer
from commensal.questions.arms import Arms, Floats
from commensal.questions.measured import Measured, measured, words
from commensal.study import Dropped, LoadedStudy, Measure, Question
from commensal.tables import estimates, points

GLOBAL = "global"


def together(loaded: LoadedStudy, question: Question, arms: Arms, measures: Sequence[Measure]) -> Answer:
    """Answer whether the measures taken together differ between each arm and the control: one row per arm and level.

    Every animal has one number per measure, its mean height over the window of areas (since baseline, where there is
    one), turned so that higher is better. An animal that an event ended within the window comes below all others, the
    earliest lowest: it is not missing at random.

    Parameters
    ----------
    loaded, question, arms
        As for `trajectory`.
    measures
        Those to take together, two or more.

    Returns
    -------
    Answer
        Rows of model ``global``; the effect is the mean over measures of the chance that a case does better than a
        control, less ½. No row for fewer than two measures.

    Raises
    ------
    DesignError
        As `trajectory`.
    """
    if len(measures) < 2:
        return Answer(estimates(), points())
    tables: list[Floats] = []
    used: list[str] = []
    dropped: list[Dropped] = []
    for measure in measures:
        own = measured(loaded, arms, measure)
        dropped += list(own.dropped)
        found = _one_number(own, arms)
        if found is not None:
            tables.append(found)
            used.append(measure.name)
    rows = list(_rows(question, arms, np.column_stack(tables), used)) if len(tables) > 1 else []
    frame = pd.DataFrame([{**arms.identity(), "level": question.level, **row} for row in rows])
    return Answer(estimates(frame), points(), tuple(dict.fromkeys(dropped)))


def _one_number(data: Measured, arms: Arms) -> Floats | None:
    """One number per subject of `arms`, higher is better; None where there is no common window."""
    if not data.timed or data.course[1].shape[1] < 2:
        value = data.values[:, 0] if data.baseline is None else data.values[:, 0] - data.baseline
        died = np.zeros(len(value), bool)
    else:
        window = data.window()
        if window is None:
            return None
        times, values = data.course
        value = stats.subject_areas(values, times, *window).value / (window[1] - window[0])
        if data.baseline is not None:
            value = value - data.baseline
        died = np.isnan(value) & (data.died <= window[1])
    value = value if data.measure.better == "higher" else -value
    if died.any():
        lowest = np.nanmin(value, initial=0.0)
        value = np.where(died, lowest - 1 - (data.died[died].max() - np.where(died, data.died, 0.0)), value)
    place = {subject: i for i, subject in enumerate(arms.subjects)}
    whole = np.full(len(arms.subjects), np.nan)
    whole[[place[subject] for subject in data.arms.subjects]] = value
    return whole


def _rows(question: Question, arms: Arms, values: Floats, used: Sequence[str]) -> Iterator[dict[str, object]]:
    for level in arms.levels or (None,):
        here = np.ones(len(arms.subjects), bool) if level is None or arms.by is None else np.asarray(arms.by == level)
        for arm in arms.cases:
            side = here & (arms.arm_or_control == arm)
            control = here & ~arms.case
            if arms.batch is not None:
                control &= np.isin(arms.batch, list(set(arms.batch[side])))
            both = side | control
            unit = list(arms.unit[both]) if arms.blocks else None
            found = stats.global_test(
                values[both], side[both], unit, n=question.permutations, seed=question.seed, level=question.level
            )
            yield {
                "model": GLOBAL,
                "term": arms.term(arm, level),
                "label": arm,
                "measure": "all measures",
                "unit": "chance of the better value, less ½",
                "test": "rank sum over measures, permutation",
                "effect": found.effect,
                **{name: getattr(found, name) for name in ("se", "low", "high", "df", "p", "status")},
                "n_permutations": found.n_permutations or None,
                "n": found.n,
                "n_case": found.n_case,
                "n_control": found.n - found.n_case,
                "n_blocks": found.n_units if arms.blocks else None,
                "note": _note(found, used),
            }


def _note(found: stats.GlobalFit, used: Sequence[str]) -> str | None:
    told = [found.note, f"mean rank over {', '.join(used)}; animals that died come last"]
    if found.status == "ok":
        exact = f"all {found.n_distinct:g} arrangements" if found.exact else f"{found.n_permutations} arrangements"
        told.append(f"{exact}, smallest p {found.smallest_p:.2g}; the interval's own p is {found.p_t:.2g}")
    return words(told)
