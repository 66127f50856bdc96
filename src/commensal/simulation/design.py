"""A declared design copied: who is in it stays, everything that was measured is drawn anew, with what is planted."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from commensal.errors import DesignError
from commensal.simulation.design_assays import AssayModel, draw_assay, fit_assay
from commensal.simulation.design_compared import rows_on
from commensal.simulation.design_events import EventModel, draw_events, fit_events
from commensal.simulation.design_fit import Floats
from commensal.simulation.design_measures import MeasureModel, draw_measure, fit_measure
from commensal.simulation.design_planned import planned_model
from commensal.simulation.design_units import codes, strata, units_of
from commensal.study import LoadedStudy, Measure

#: (contrast, assay) → feature → sign.
Pinned = Mapping[tuple[str, str], Mapping[str, float]]
#: Words for events after which nothing is seen of a subject.
LAST = ("death", "died", "dead", "survival", "found_dead", "euthanised", "euthanized", "sacrificed")


@dataclass(frozen=True, slots=True)
class Effect:
    """Something planted: on features (``share`` of them, log2), on a measure (SD) or an event (log hazard ratio)."""

    contrast: str
    target: str | None  #: an assay, measure or event; None: every assay
    size: float
    share: float = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class Blueprint:
    """A design with the parameters of everything that is measured in it."""

    loaded: LoadedStudy
    assays: Mapping[str, AssayModel]
    measures: Mapping[str, MeasureModel]
    events: Mapping[str, EventModel]


@dataclass(frozen=True, slots=True, eq=False)
class Copy:
    """A study drawn from a blueprint, and what was planted in it."""

    loaded: LoadedStudy
    features: Mapping[tuple[str, str], Mapping[str, float]]  #: (contrast, assay) → feature → log2
    outcomes: Mapping[tuple[str, str], float]  #: (contrast, measure or event) → SD or log hazard ratio


def blueprint(loaded: LoadedStudy, *, assumed: bool = False) -> Blueprint:
    """Fit everything that a study measures; where there is nothing to fit (``assumed``), tables have usual parameters.

    Raises
    ------
    DesignError
        It measures nothing.
    """
    arm, control = strata(loaded), _controls(loaded)
    assays = {}
    for name, table in loaded.assays.items():
        rows = loaded.samples.reindex(list(table.samples))
        who = rows["subject"].fillna("").astype(str)
        cells = codes(_cell(arm.reindex(who).to_numpy(object), rows), who)
        if assumed:
            assays[name] = planned_model(table, units_of(loaded, list(who)))
            continue
        assays[name] = fit_assay(table, np.isin(who, list(control)), cells, units_of(loaded, list(who)))
    measures = {}
    for name, measure in loaded.declared.measures.items():
        frame, column, at = _measured(loaded, measure)
        own = frame.iloc[at]
        who = own["subject"].astype(str)
        measures[name] = fit_measure(
            measure, own[column].to_numpy(float, na_value=np.nan), _time(own), np.isin(who, list(control)),
            codes(arm.reindex(who).to_numpy(object), who), units_of(loaded, list(who)),
        )  # fmt: skip
    events = {}
    if loaded.events is not None and len(loaded.events):
        declared = loaded.declared.events
        rivals = {one for event in declared.values() for one in event.competing}
        events = {k: v for k, v in fit_events(loaded.events, frozenset((*LAST, *rivals))).items() if k in declared}
    if not assays and not measures and not events:
        raise DesignError(
            "nothing is measured in this design",
            where="[assays], [measures], [events]",
            mend="declare what is measured",
        )
    return Blueprint(loaded, assays, measures, events)


def drawn(
    plan: Blueprint, effects: Sequence[Effect], seed: np.random.SeedSequence, *, pinned: Pinned | None = None
) -> Copy:
    """Draw a study; the same seed draws the same, whatever is planted.

    Contrasts of one column that share an arm (all animals, and those with the disease) plant the same features in it,
    once; effects of different columns (genotype, arm) add up.

    Parameters
    ----------
    plan
        The design and its parameters.
    effects
        What is planted; nothing by default of callers: a null copy.
    seed
        The only source of chance.
    pinned
        (contrast, assay) → feature → sign: features that are among those planted, where any are.
    """
    loaded = plan.loaded
    parts = iter(seed.spawn(2 * len(plan.assays) + len(plan.measures) + 1))
    features: dict[tuple[str, str], dict[str, float]] = {}
    assays = {}
    for name, table in loaded.assays.items():
        chooser, rng = np.random.default_rng(next(parts)), np.random.default_rng(next(parts))
        rows = loaded.samples.reindex(list(table.samples))
        shift = _features(plan, name, effects, chooser, pinned or {}, features)
        who = list(rows["subject"].fillna("").astype(str))
        assays[name] = draw_assay(rng, table, plan.assays[name], units_of(loaded, who), shift)
    loaded = replace(loaded, assays=assays)
    outcomes: dict[tuple[str, str], float] = {}
    for measure in loaded.declared.measures.values():
        loaded = _with_measure(loaded, plan, measure, effects, outcomes, np.random.default_rng(next(parts)))
    if plan.events:
        loaded = _with_events(loaded, plan, effects, outcomes, np.random.default_rng(next(parts)))
    return Copy(loaded, features, outcomes)


def _features(
    plan: Blueprint, name: str, effects: Sequence[Effect], chooser: np.random.Generator, pinned: Pinned,
    features: dict[tuple[str, str], dict[str, float]],
) -> Floats:  # fmt: skip
    """Return what is planted in a table (n, m), log2, and note it in ``features``."""
    loaded, table = plan.loaded, plan.loaded.assays[name]
    rows = loaded.samples.reindex(list(table.samples))
    m, ids = len(table.features), [str(one) for one in table.features.index]
    contrasts, first = loaded.declared.contrasts, _first_of_column(loaded)
    draws = {one: (chooser.permutation(m), chooser.choice([-1.0, 1.0], m)) for one in contrasts}
    shifts: dict[str, Floats] = {}
    for contrast in contrasts.values():
        one = _effect(effects, contrast.name, name, whole=True)
        there = rows_on(loaded, contrast, rows)
        if one is None or not one.size or not there.any():
            continue
        order, sign = draws[first[contrast.name]]
        named = {k: v for (c, a), own in pinned.items() if a == name and first[c] == first[contrast.name]
                 for k, v in own.items()}  # fmt: skip
        ahead = np.flatnonzero([one in named for one in ids])
        sign = sign.copy()
        sign[ahead] = [named[ids[j]] for j in ahead]
        order = np.r_[ahead, order[~np.isin(order, ahead)]].astype(np.int64)
        chosen = order[: max(round(one.share * m), 1, len(ahead))]
        own = np.zeros((len(rows), m))
        own[np.ix_(there & _begun(loaded, contrast.name, _time(rows)), chosen)] = one.size * sign[chosen]
        shifts[contrast.column] = _larger(shifts.get(contrast.column), own)
        features[contrast.name, name] = {ids[j]: float(one.size * sign[j]) for j in chosen}
    return np.asarray(sum(shifts.values(), np.zeros((len(rows), m))))


def _first_of_column(loaded: LoadedStudy) -> dict[str, str]:
    """Return contrast → the first that compares the same column and shares a case level with it."""
    found: dict[str, str] = {}
    for name, one in loaded.declared.contrasts.items():
        same = [other for other in found if loaded.declared.contrasts[other].column == one.column
                and set(loaded.declared.contrasts[other].case) & set(one.case)]  # fmt: skip
        found[name] = found[same[0]] if same else name
    return found


def _larger(one: Floats | None, other: Floats) -> Floats:
    return other if one is None else np.where(np.abs(other) > np.abs(one), other, one)


def _shifted(
    loaded: LoadedStudy, effects: Sequence[Effect], target: str, rows: pd.DataFrame,
    outcomes: dict[tuple[str, str], float], risen: Callable[[str], Floats],
) -> Floats:  # fmt: skip
    """Return what is planted in an outcome, row by row (n,), and note it in ``outcomes``."""
    shifts: dict[str, Floats] = {}
    for contrast in loaded.declared.contrasts.values():
        one = _effect(effects, contrast.name, target)
        if one is None or not one.size:
            continue
        own = one.size * rows_on(loaded, contrast, rows) * risen(contrast.name)
        shifts[contrast.column] = _larger(shifts.get(contrast.column), own)
        outcomes[contrast.name, target] = one.size
    return np.asarray(sum(shifts.values(), np.zeros(len(rows))))


def _with_measure(
    loaded: LoadedStudy, plan: Blueprint, measure: Measure, effects: Sequence[Effect],
    outcomes: dict[tuple[str, str], float], rng: np.random.Generator,
) -> LoadedStudy:  # fmt: skip
    frame, column, rows = _measured(loaded, measure)
    own = frame.iloc[rows]
    time = _time(own)
    shift = _shifted(loaded, effects, measure.name, own, outcomes, lambda name: _risen(loaded, name, time))
    values = draw_measure(
        rng, plan.measures[measure.name], time, units_of(loaded, list(own["subject"].astype(str))), shift
    )
    old = own[column].to_numpy(float, na_value=np.nan)
    known = ~np.isnan(old) if np.isfinite(old).any() else np.ones(len(old), dtype=bool)
    new = frame[column].to_numpy(float, na_value=np.nan).copy()
    new[rows] = np.where(known, values, np.nan)
    changed = frame.copy()
    changed[column] = new
    return replace(loaded, phenotypes=changed) if frame is loaded.phenotypes else replace(loaded, samples=changed)


def _with_events(
    loaded: LoadedStudy, plan: Blueprint, effects: Sequence[Effect], outcomes: dict[tuple[str, str], float],
    rng: np.random.Generator,
) -> LoadedStudy:  # fmt: skip
    assert loaded.events is not None
    time = loaded.events[[c for c in ("time", "earliest", "latest") if c in loaded.events]].max(axis=1).astype(float)
    last = time.groupby(loaded.events["subject"].astype(str), sort=False).max()
    final = {name for name, model in plan.events.items() if model.terminal}
    ended = set(loaded.events.loc[loaded.events["event"].isin(final), "subject"].astype(str))
    subjects = [str(one) for one in last.index]
    ends = np.where([one in ended for one in subjects], float(time.max()), last.to_numpy(float))
    people = pd.DataFrame({"subject": subjects})
    whole = np.ones(len(people))
    hazard = {name: _shifted(loaded, effects, name, people, outcomes, lambda _: whole) for name in plan.events}
    events = draw_events(rng, subjects, plan.events, ends, units_of(loaded, subjects), hazard)
    loaded = replace(loaded, events=events)
    if loaded.phenotypes is None or "time" not in loaded.phenotypes:
        return loaded
    stop = events.loc[events["event"].isin([*final, "censored"])].groupby("subject")["time"].min()
    limit = loaded.phenotypes["subject"].map(stop).astype(float).fillna(np.inf)
    kept = loaded.phenotypes[(loaded.phenotypes["time"].astype(float) <= limit).to_numpy(bool)]
    return replace(loaded, phenotypes=kept.reset_index(drop=True))


def _risen(loaded: LoadedStudy, contrast: str, time: Floats) -> Floats:
    """Return the share of an effect that is there at each time: it grows from the start (or baseline) to the last."""
    if np.isnan(time).all() or len(np.unique(time[~np.isnan(time)])) < 2:
        return np.ones(len(time))
    starts = [
        q.baseline for q in loaded.declared.questions.values() if q.contrast == contrast and q.baseline is not None
    ]
    first, last = max([float(np.nanmin(time)), *starts]), float(np.nanmax(time))
    return np.clip((np.nan_to_num(time, nan=last) - first) / max(last - first, 1e-9), 0, 1)


def _begun(loaded: LoadedStudy, contrast: str, time: Floats) -> NDArray[np.bool_]:
    """Say which samples are taken after the baseline of what a contrast compares, if it has one."""
    known = [q.baseline for q in loaded.declared.questions.values()
             if contrast in (q.contrast, q.supplements) and q.baseline is not None]  # fmt: skip
    return np.isnan(time) | (time > max(known)) if known else np.ones(len(time), dtype=bool)


def _effect(effects: Sequence[Effect], contrast: str, target: str, *, whole: bool = False) -> Effect | None:
    own = [one for one in effects if one.contrast == contrast and one.target == target]
    own += [one for one in effects if whole and one.contrast == contrast and one.target is None]
    return own[0] if own else None


def _controls(loaded: LoadedStudy) -> frozenset[str]:
    """Return the subjects that are on the control side of each contrast that has them on a side at all."""
    everyone = pd.DataFrame({"subject": [str(one) for one in loaded.subjects.index]})
    control, case = np.zeros(len(everyone), dtype=bool), np.zeros(len(everyone), dtype=bool)
    for contrast in loaded.declared.contrasts.values():
        case |= rows_on(loaded, replace(contrast, where={}), everyone)
        control |= rows_on(loaded, replace(contrast, case=contrast.control, where={}), everyone)
    return frozenset(everyone.loc[control & ~case, "subject"])


def _cell(arms: np.ndarray, rows: pd.DataFrame) -> list[str]:
    time = rows["time"] if "time" in rows and rows["time"].nunique() <= 25 else pd.Series("", rows.index)
    return [f"{arm} {when}" for arm, when in zip(arms, time, strict=True)]


def _measured(loaded: LoadedStudy, measure: Measure) -> tuple[pd.DataFrame, str, np.ndarray]:
    """Return the table that holds a measure, its column, and the places of its rows."""
    name, table = measure.column or measure.name, loaded.phenotypes
    if table is not None and name in table:
        return table, name, np.arange(len(table))
    if table is not None and {"measure", "value"} <= set(table) and (table["measure"] == name).any():
        return table, "value", np.flatnonzero((table["measure"] == name).fillna(False).to_numpy(bool))
    own = loaded.samples
    return own, name, np.flatnonzero((own["role"] == "sample").to_numpy(bool))


def _time(frame: pd.DataFrame) -> Floats:
    if "time" not in frame or not pd.api.types.is_numeric_dtype(frame["time"]):
        return np.full(len(frame), np.nan)
    return frame["time"].to_numpy(float, na_value=np.nan)
