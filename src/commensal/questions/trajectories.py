"""A measure over time, each arm against the control: difference at each time, slope, area; and how levels differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from commensal import stats
from commensal.questions.answer import Answer
from commensal.questions.arms import Arms, Floats, Mask
from commensal.questions.measured import Measured, measured, words
from commensal.questions.thresholds import crossings_of
from commensal.study import LoadedStudy, Measure, Question
from commensal.tables import estimates, points

#: Names of models, as `model` has them.
TRAJECTORY, JOINT, RANKS = "trajectory", "trajectory, joint", "rank sum"
#: What a row has instead of p where a side is a single unit.
LONE: Mapping[str, object] = {"p": np.nan, "low": np.nan, "high": np.nan, "df": np.nan, "status": "one_cage"}
#: Statuses of a censored model that ask for the bound that values at their limits give.
BOUND = ("separated", "too_few")
#: What a row says where a side lies wholly at a limit, so that no censored model has a finite effect.
AT_LIMIT = "one side lies at the limit: values there taken as it, so that the difference is at least this"
SLOPE, AREA, THRESHOLD = "slope", "auc", "threshold"


@dataclass(frozen=True, slots=True, eq=False)
class Sided:
    """One contrast of a comparison: what its rows are called and who stands on its sides."""

    term: str
    label: str
    case: Mask  #: (n,)
    control: Mask  #: (n,)
    plain: bool = True  #: an arm against the control; else levels of ``by`` against each other


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """One model's subjects, columns and contrasts."""

    data: Measured
    x: Floats  #: (n, k) without the baseline
    contrasts: Floats  #: (c, k)
    sides: tuple[Sided, ...]

    @property
    def with_baseline(self) -> tuple[Floats, Floats]:
        """Columns and contrasts with the baseline value, where there is one."""
        own = self.data.baseline
        if own is None:
            return self.x, self.contrasts
        centred = own - own.mean()
        return np.column_stack([self.x, centred]), np.column_stack([self.contrasts, np.zeros(len(self.contrasts))])

    @property
    def units(self) -> tuple[Sequence[str] | None, Sequence[str] | None]:
        """Cages and what they lie in, for the models; the two outermost where there are more."""
        labels = [list(own) for _, own in self.data.arms.blocks[:2]]
        if not labels:
            return None, None
        return (labels[0], None) if len(labels) == 1 else (labels[1], labels[0])


def trajectory(loaded: LoadedStudy, question: Question, arms: Arms, measure: Measure) -> Answer:
    """Answer how one measure differs between each arm and the control over time.

    Parameters
    ----------
    loaded
        The study with its data.
    question
        Its level and baseline are used.
    arms
        Who is in which arm, of all levels of the question's ``by``.
    measure
        The measure; its kind chooses the model.

    Returns
    -------
    Answer
        Estimates: per arm (and level) ``trajectory`` at each time and jointly over times, ``slope``, ``auc`` and, where
        the measure has a threshold, ``threshold``; the same of the difference between levels. Points: every animal's
        values (figure ``trajectory``) and each arm's means (``trajectory_mean``).

    Raises
    ------
    DesignError
        The measure has no values, or values that cannot be: beyond its ceiling, without a time.
    """
    data = measured(loaded, arms, measure)
    unit = loaded.declared.time_unit or "unit of time"
    rows = [row for one in comparisons(data) for row in _rows(one, unit)]
    frame = pd.DataFrame([{**arms.identity(), "measure": measure.name, "level": question.level, **row} for row in rows])
    return Answer(estimates(frame), trajectory_points(data), data.dropped)


def comparisons(data: Measured) -> Iterator[Comparison]:
    """Split into models: one per level (and, with concurrent controls, per arm), and one across levels."""
    arms = data.arms
    levels: Sequence[str | None] = arms.levels or (None,)
    for level in levels:
        own = data if level is None or arms.by is None else data.take(np.asarray(arms.by == level, dtype=bool))
        if arms.batch is None:
            yield _within(own, arms.cases, level)
            continue
        for arm in arms.cases:
            keep = _concurrent(own.arms, arm)
            yield _within(own.take(keep), (arm,), level)
    if len(arms.levels) > 1:
        yield from _across(data)


def _concurrent(arms: Arms, arm: str) -> Mask:
    case = arms.arm_or_control == arm
    assert arms.batch is not None
    return np.asarray(case | (~arms.case & np.isin(arms.batch, list(set(arms.batch[case])))), dtype=bool)


def _within(data: Measured, cases: Sequence[str], level: str | None) -> Comparison:
    """All arms of one level beside each other, each against the control."""
    arms = data.arms
    own = [arms.arm_or_control == arm for arm in cases]
    # a column for each arm, the control's too: an arm of which nobody is left then takes its own contrasts away only
    x = np.column_stack([~arms.case, *own, _adjusted(arms)]).astype(float)
    contrasts = np.eye(x.shape[1])[1 : 1 + len(cases)] - np.eye(x.shape[1])[0]
    sides = [Sided(arms.term(arm, level), arm, case, ~arms.case) for arm, case in zip(cases, own, strict=True)]
    return Comparison(data, x, contrasts, tuple(sides))


def _across(data: Measured) -> Iterator[Comparison]:
    """Whether an arm's difference is the same at every level of ``by``: each level against the first."""
    arms = data.arms
    assert arms.by is not None
    cells = {(level, arm): (arms.by == level) & (arms.arm_or_control == arm)
             for level in arms.levels for arm in (*arms.cases, arms.control_name)}  # fmt: skip
    x = np.column_stack([*cells.values(), _adjusted(arms)]).astype(float)
    place = {cell: i for i, cell in enumerate(cells)}
    first = arms.levels[0]
    contrasts, sides = [], []
    for level in arms.levels[1:]:
        for arm in arms.cases:
            c = np.zeros(x.shape[1])
            c[[place[level, arm], place[first, arms.control_name]]] = 1
            c[[place[level, arms.control_name], place[first, arm]]] = -1
            contrasts.append(c)
            sides.append(
                Sided(interaction_term(arms, arm, level), arm, arms.by == level, arms.by == first, plain=False)
            )
    yield Comparison(data, x, np.array(contrasts), tuple(sides))


def interaction_term(arms: Arms, arm: str, level: str) -> str:
    """Name the row that says how an arm's effect differs between a level of ``by`` and the first one."""
    told = "" if len(arms.levels) == 2 else f" ({level} against {arms.levels[0]})"
    return f"{arms.question.by} × {arm}{told}"


def _adjusted(arms: Arms) -> Floats:
    """Return the columns that are adjusted for: covariates, and batches where controls are concurrent."""
    columns = [arms.covariates]
    if arms.batch is not None:
        columns += [(arms.batch == one)[:, None].astype(float) for one in sorted(set(arms.batch))[1:]]
    return np.column_stack(columns)


def _rows(one: Comparison, time_unit: str) -> Iterator[dict[str, object]]:
    yield from _each_time(one)
    if one.data.timed and one.data.course[1].shape[1] > 1:
        yield from _slopes(one, time_unit)
        yield from _areas(one, time_unit)
        if one.data.measure.threshold is not None:
            yield from _crossings(one)


def _each_time(one: Comparison) -> Iterator[dict[str, object]]:
    data, (x, contrasts) = one.data, one.with_baseline
    times = data.times if data.timed else np.zeros(1)
    scale = data.scale
    level, cages = data.arms.question.level, one.units
    models = (data.values, times, x, contrasts, *cages)
    fits = stats.trajectories(*models, kind=scale.kind, ceiling=scale.ceiling, floor=scale.floor, level=level)
    limited = [scale.limited(own) for own in data.values.T]
    beyond = any(limited) and any(np.isin(fit.status, BOUND).any() for fit in fits)
    bounds = stats.trajectories(*models, level=level) if beyond else fits
    for side, censored, bound in zip(one.sides, fits, bounds, strict=True):
        for i, time in enumerate(data.times):
            at_limit = limited[i] and censored.status[i] in BOUND
            fit = bound if at_limit else censored
            at = {"time": time, "unit": scale.unit, **_counts(one, side, ~np.isnan(data.values[:, i]))}
            note = words(
                [fit.note[i], AT_LIMIT if at_limit else "", scale.note, *data.notes, _gone(one, side, float(time))]
            )
            own = {
                "model": TRAJECTORY,
                "test": _test(one, scale.kind, limited[i] and not at_limit),
                **at,
                **_taken(fit, i),
                "note": note,
            }
            yield {**_named(side), **own}
            if fit.status[i] == "separated" and side.plain:
                yield _ranked(one, side, data.values[:, i], {**_named(side), **at})
            if len(data.times) > 1 and np.isfinite(fit.p_joint[i]):
                joint = {"low": fit.low_joint[i], "high": fit.high_joint[i], "p": fit.p_joint[i]}
                yield {**_named(side), **own, **joint, "model": JOINT, "test": "joint t over times"}


def _ranked(one: Comparison, side: Sided, values: Floats, shared: Mapping[str, object]) -> dict[str, object]:
    """Row of the rank sum where an arm's values lie wholly beyond the other's: no model has a finite effect there."""
    arms, question = one.data.arms, one.data.arms.question
    both = side.case | side.control
    found = stats.global_test(
        values[both][:, None],
        side.case[both],
        list(arms.unit[both]) if arms.blocks else None,
        n=question.permutations,
        seed=question.seed,
        level=question.level,
    )
    told = f"{found.n_distinct:g} arrangements of whole units or inside them, smallest p {found.smallest_p:.2g}"
    return {
        **shared,
        "model": RANKS,
        "test": "rank sum, permutation",
        "unit": "chance of a higher value, less ½",
        "effect": found.effect,
        "p": found.p,
        "status": found.status,
        "n_permutations": found.n_permutations or None,
        "note": words([found.note, told if found.status == "ok" else "", "the arms hardly overlap"]),
    }


def _slopes(one: Comparison, time_unit: str) -> Iterator[dict[str, object]]:
    data = one.data
    times, values = data.course
    slopes = stats.subject_slopes(values, times)
    weights = stats.slope_weights(slopes, one.x)
    fits = stats.unit_contrasts(
        slopes.value[:, None], one.x, one.contrasts, *one.units, level=data.arms.question.level, weights=weights
    )
    unit = f"{data.unit} per {time_unit}"
    told = ["slope of each animal, compared between units", _as_numbers(data)]
    yield from _summary_rows(one, fits, np.isfinite(slopes.value), SLOPE, unit, told)


def _areas(one: Comparison, time_unit: str) -> Iterator[dict[str, object]]:
    data, (x, contrasts) = one.data, one.with_baseline
    unit = f"{data.unit} × {time_unit}"
    window = data.window()
    if window is None:
        note = "no stretch of time over which most animals of every arm were followed"
        for side in one.sides:
            yield {**_named(side), "model": AREA, "unit": unit, "status": "not_identified", "note": note}
        return
    areas = stats.subject_areas(data.course[1], data.course[0], *window)
    level = data.arms.question.level
    fits = stats.unit_contrasts(areas.value[:, None], x, contrasts, *one.units, level=level)
    told = [f"area from {window[0]:g} to {window[1]:g}", _as_numbers(data), *data.notes]
    lost = int((~np.isfinite(areas.value)).sum())
    told += [f"{lost} animals not followed over all of it"] if lost else []
    yield from _summary_rows(one, fits, np.isfinite(areas.value), AREA, unit, told)


def _crossings(one: Comparison) -> Iterator[dict[str, object]]:
    """Rows of when animals crossed the measure's threshold: how many times longer they took."""
    found = crossings_of(one.data)
    cage, outer = one.units
    fits = stats.censored_contrasts(
        found.low[:, None],
        one.x,
        one.contrasts,
        outer if outer is not None else cage,
        left=found.left[:, None],
        right=found.right[:, None],
        upper=found.upper[:, None],
        level=one.data.arms.question.level,
    )
    for side, fit in zip(one.sides, fits, strict=True):
        seen = [int((found.crossed & part).sum()) for part in (side.case, side.control)]
        told = f"crossed {one.data.measure.threshold:g}: {seen[0]} cases and {seen[1]} controls"
        row = {"model": THRESHOLD, "unit": "natural log of the ratio of times", "test": "t of the likelihood ratio"}
        note = words([fit.note[0], told, *found.notes])
        known = ~np.isnan(found.low)
        lone = one.data.arms.blocks and any(_units(one, part & known) == 1 for part in (side.case, side.control))
        taken = {**_taken(fit, 0), **LONE} if lone else _taken(fit, 0)
        yield {**_named(side), **row, **_counts(one, side, known), **taken, "note": note}


def _summary_rows(
    one: Comparison, fits: Sequence[stats.UnitFit], known: Mask, model: str, unit: str, told: Sequence[str]
) -> Iterator[dict[str, object]]:
    for side, fit in zip(one.sides, fits, strict=True):
        counts = _counts(one, side, known)
        note = words([fit.note[0], *told])
        row = {"model": model, "unit": unit, "test": _test(one)}
        yield {**_named(side), **row, **counts, **_taken(fit, 0), "note": note}


def _taken(fit: stats.UnitFit | stats.TrajectoryFit | stats.OutcomeFit, i: int) -> dict[str, object]:
    names = ("effect", "se", "low", "high", "statistic", "df", "p", "status")
    return {name: getattr(fit, name)[i] for name in names}


def _units(one: Comparison, subjects: Mask) -> int:
    return len(set(one.data.arms.unit[subjects]))


def _named(side: Sided) -> Mapping[str, object]:
    return {"term": side.term, "label": side.label}


def _counts(one: Comparison, side: Sided, known: Mask) -> dict[str, object]:
    arms = one.data.arms
    case, control = side.case & known, side.control & known
    counts: dict[str, object] = {"n": int((case | control).sum()), "n_case": int(case.sum())}
    counts["n_control"] = int(control.sum())
    if arms.blocks:
        counts["n_blocks"] = len(set(arms.unit[case | control]))
    return counts


def _test(one: Comparison, kind: str = "value", limited: bool = False) -> str:
    if kind != "value" or limited:
        return "t of the likelihood ratio"
    return "t, Satterthwaite" if one.data.arms.blocks else "t"


def _as_numbers(data: Measured) -> str:
    """Say that a summary over time takes as numbers what the comparison at each time does not."""
    told = data.scale
    if told.kind == "score":
        return "scores taken as numbers"
    return "values at the limit taken as it" if told.limited(data.values[~np.isnan(data.values)]) else ""


def _gone(one: Comparison, side: Sided, time: float) -> str:
    """Say who was dead by a time: what is compared is the living, and a difference among them may be the deaths'."""
    dead = one.data.died <= time
    case, control = int((dead & side.case).sum()), int((dead & side.control).sum())
    if not case + control:
        return ""
    gone = f"{case} of {int(side.case.sum())} cases and {control} of {int(side.control.sum())} controls"
    gone = gone if side.plain else f"{case + control} animals"
    events = ", ".join(one.data.ended_by)
    return f"among the living: {gone} were gone by then ({events}): not missing at random, see function and survival"


def trajectory_points(data: Measured) -> pd.DataFrame:
    """Every animal's values, and each arm's mean at each time."""
    arms, (times, values) = data.arms, data.course
    if not data.timed:
        times = np.array([np.nan])
    by: Sequence[str | None] = [None] * len(arms.subjects) if arms.by is None else list(arms.by)
    group = np.array([arms.term(arm, level) for arm, level in zip(arms.arm_or_control, by, strict=True)], dtype=object)
    shared = {**arms.identity(), "measure": data.measure.name, "unit": data.measure.unit}
    del shared["kind"]
    rows: list[dict[str, object]] = []
    for i, t in zip(*np.nonzero(~np.isnan(values)), strict=True):
        one = {"figure": "trajectory", "subject": arms.subjects[i], "x": times[t], "y": values[i, t], "group": group[i]}
        rows.append({**shared, **one, "side": _side(arms.case[i]), "block": arms.unit[i] if arms.blocks else None})
    for name in dict.fromkeys(group):
        own = group == name
        for t, time in enumerate(times):
            known = values[own, t][~np.isnan(values[own, t])]
            if known.size:
                one = {"figure": "trajectory_mean", "x": time, "y": known.mean(), "n": known.size, "group": name}
                rows.append({**shared, **one, "side": _side(arms.case[own][0])})
    return points(rows)


def _side(case: bool) -> str:
    return "case" if case else "control"
