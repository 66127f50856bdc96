"""What was planted in a simulated animal study, under the names that Estimates give it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields

import numpy as np
from numpy.typing import NDArray

from commensal.simulation.animal_files import Drawn
from commensal.simulation.animal_plan import (
    ANTIBIOTICS,
    LAST,
    SALINE,
    START,
    TOP_DOSE,
    VEHICLE,
    WATER,
    Group,
    Plan,
)
from commensal.simulation.mice import DEATH_SCALE, DEATH_SHAPE
from commensal.simulation.mouse_measures import OUTCOMES, Outcome, expected, planted
from commensal.simulation.mouse_molecules import CROSSES, changed_molecules, molecule_shift

#: Arm → its control, and question → part of the plan's groups.
CONTROLS = {"antibiotics": WATER, "germ-free": WATER, "strain": VEHICLE, "infusion": SALINE}
QUESTIONS = {"antibiotics": "depletion", "germ-free": "depletion", "strain": "screen", "infusion": "rescue"}
UNITS = {"score": "log odds", "count": "log ratio"}


def truth(drawn: Drawn) -> dict[str, object]:
    """List every planted effect; what is not listed is null."""
    plan = drawn.plan
    options = {one.name: getattr(plan, one.name) for one in fields(Plan) if one.name != "groups"}
    rows = [*_measures(plan), *_events(plan), *_strains(drawn), *_molecules(drawn), *_genes(drawn)]
    return {
        "kind": "animal",
        "options": options,
        "arms": [
            {"genotype": one.genotype, "arm": one.arm, "control": CONTROLS.get(one.part), "hazard_ratio": one.hazard}
            for one in plan.groups
        ],
        "verdicts": list(_verdicts(plan)),
        "classes": list(_classes(drawn)),
        "load": {"effect": _load(drawn), "unit": "log10 copies, antibiotics minus water, at the last age"},
        "animals": list(_animals(drawn)),
        "planted": [{key: value for key, value in row.items() if value is not None} for row in rows],
    }


def compared(plan: Plan) -> Iterator[Group]:
    """Yield the groups that are compared with a control arm."""
    yield from (one for one in plan.groups if one.part in CONTROLS and one.arm not in (VEHICLE, SALINE))


def restricted_mean(hazard: float, start: float, horizon: float) -> float:
    """Return the mean days that a diseased animal lives from ``start`` to ``horizon``, being alive at ``start``.

    The area under the Weibull law of `commensal.simulation.mice`, by the trapezoidal rule on tenths of a day.

    Examples
    --------
    >>> round(restricted_mean(1.0, 40, 160), 1) < round(restricted_mean(0.5, 40, 160), 1) < 120
    True
    """
    days = np.linspace(start, horizon, max(2, round((horizon - start) * 10) + 1))
    alive = np.exp(-hazard * ((days / DEATH_SCALE) ** DEATH_SHAPE - (start / DEATH_SCALE) ** DEATH_SHAPE))
    return float(np.trapezoid(alive, days))


def _row(group: Group, **more: object) -> dict[str, object]:
    """Name a group as rows of its question do."""
    return {"question": QUESTIONS[group.part], "genotype": group.genotype, "arm": group.arm, **more}


def _measures(plan: Plan) -> Iterator[dict[str, object]]:
    """Difference at each age, per day, and area between the curves, on the scale that the effect is additive on."""
    for group in compared(plan):
        for outcome in OUTCOMES[: plan.measures]:
            end = planted(outcome, group)
            if not end:
                continue
            unit = UNITS.get(outcome.kind, outcome.unit)
            base = _row(group, measure=outcome.name)
            for age in plan.ages[plan.ages > START]:
                share = (age - START) / (LAST - START)
                effect = {"effect": _six(end * share), "unit": unit}
                effect |= {"observed": _six(_observed(outcome, group, end * share, float(age)))}
                yield {**base, "model": "difference", "time": float(age), **effect, "observed_unit": outcome.unit}
            yield {**base, "model": "slope", "effect": _six(end / (LAST - START)), "unit": f"{unit} per day"}
            yield {**base, "model": "auc", "effect": _six(end * (LAST - START) / 2), "unit": f"{unit} × day"}


def _observed(outcome: Outcome, group: Group, shift: float, age: float) -> float:
    """Difference of the means of what is read."""
    return expected(outcome, shift, age, group.diseased) - expected(outcome, 0.0, age, group.diseased)


def _events(plan: Plan) -> Iterator[dict[str, object]]:
    for group in compared(plan):
        if group.diseased and group.hazard != 1:
            base = _row(group, measure="death")
            yield {**base, "model": "cox", "effect": _six(np.log(group.hazard)), "unit": "log hazard ratio"}
            gained = restricted_mean(group.hazard, START, plan.end) - restricted_mean(1.0, START, plan.end)
            yield {**base, "model": "rmst", "effect": _six(gained), "unit": "day", "time": plan.end}
            gained = DEATH_SCALE * np.log(2) ** (1 / DEATH_SHAPE) * (group.hazard ** (-1 / DEATH_SHAPE) - 1)
            yield {**base, "model": "median", "effect": _six(gained), "unit": "day"}


def _verdicts(plan: Plan) -> Iterator[dict[str, object]]:
    """Say what is true of each strain and dose: ``helps``, ``harms`` or ``nothing``."""
    for group in compared(plan):
        if group.part in ("strain", "infusion"):
            for outcome in OUTCOMES[: plan.measures]:
                yield _row(group, measure=outcome.name, truth=_direction(group.measures))
            yield _row(group, measure="death", truth=_direction(-np.log(group.hazard)))


def _direction(better: float) -> str:
    return "helps" if better > 0 else "harms" if better < 0 else "nothing"


def _classes(drawn: Drawn) -> Iterator[dict[str, object]]:
    """Return the course of every taxon: class, difference at its largest, departure in days from onset."""
    gut = drawn.gut
    for at in range(len(gut.names)):
        departs = float(gut.departure[at])
        yield {
            "feature": gut.names[at],
            "class": gut.classes[at],
            "effect": _six(gut.log2_fold[at]),
            "departure": departs if np.isfinite(departs) else None,
            "from_birth": bool(np.isneginf(departs)),
            "facility": "A" if gut.one_facility[at] else None,
        }


def _strains(drawn: Drawn) -> Iterator[dict[str, object]]:
    plan = drawn.plan
    for group in compared(plan):
        if group.strain is not None and group.engrafts and plan.engraftment:
            where = {"assay": "taxa", "feature": group.strain, "model": "engraftment"}
            yield _row(group, **where, effect=plan.engraftment, unit="log2 fold change, absolute")


def _molecules(drawn: Drawn) -> Iterator[dict[str, object]]:
    plan, fluids = drawn.plan, drawn.fluids
    if fluids is None:
        return
    changed = changed_molecules(plan)
    control = {(one.genotype, one.arm): one for one in plan.groups}
    for group in compared(plan):
        against = control[group.genotype, CONTROLS[group.part]]
        for number, name in enumerate(fluids.names):
            effect = molecule_shift(plan, group, name, changed) - molecule_shift(plan, against, name, changed)
            for fluid, share in (("serum", 1.0), ("CSF", CROSSES)):
                if effect and fluid in fluids.values:
                    where = {"assay": fluid.lower(), "feature": fluids.ids[number], "label": name}
                    unit = "log2 fold change"
                    yield _row(group, **where, model="abundance", effect=_six(effect * share), unit=unit)


def _genes(drawn: Drawn) -> Iterator[dict[str, object]]:
    cord = drawn.tissue
    if cord is None:
        return
    for at in np.flatnonzero(cord.log2_fold):
        base = {"question": "host", "assay": "cord", "feature": cord.genes[at], "model": "expression"}
        yield {**base, "contrast": "disease", "effect": _six(cord.log2_fold[at]), "unit": "log2 fold change"}
        for group in compared(drawn.plan):
            if group.part == "infusion" and cord.taken_back[at]:
                size = _six(cord.taken_back[at] * group.dose / TOP_DOSE)
                yield {**base, "contrast": "infusion", "arm": group.arm, "effect": size, "unit": "log2 fold change"}


def _load(drawn: Drawn) -> float | None:
    """Mean log10 load of antibiotics minus water at the last age: drawn, as it depends on which taxa are common."""
    gut, mice, plan = drawn.gut, drawn.mice, drawn.plan
    arm = np.array([plan.groups[at].arm for at in mice.group])[gut.animal]
    last = gut.age == gut.age.max()
    log: NDArray[np.float64] = np.log10(gut.load)
    treated, control = last & (arm == ANTIBIOTICS), last & (arm == WATER)
    return _six(log[treated].mean() - log[control].mean()) if treated.any() and control.any() else None


def _animals(drawn: Drawn) -> Iterator[dict[str, object]]:
    """Return when disease began in each animal, and when it would have died of it: what no table shows exactly."""
    mice = drawn.mice
    for at, mouse in enumerate(mice.ids):
        if np.isfinite(mice.death[at]):
            yield {"mouse": mouse, "onset": _six(mice.onset[at]), "death": _six(mice.death[at])}


def _six(value: float) -> float:
    return round(float(value), 6)
