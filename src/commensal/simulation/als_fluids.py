"""Molecules of the model study's mice: true levels, drugs, and what the instrument saw of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from commensal.simulation import runs
from commensal.simulation.als_plan import (
    ANIMALS_DRUGS,
    BYSTANDER,
    HARMERS_OWN,
    MEDIATOR,
    AlsPlan,
    molecule_shift,
    removed,
)
from commensal.simulation.mice import Mice
from commensal.simulation.mouse_molecules import ANIMAL_SD, CAGE_SD, FLUIDS, NOISE_SD, levels
from commensal.simulation.names import molecule_names
from commensal.simulation.runs import Integers, Run

#: Batches of the instrument, SD of their shifts and drifts (log2); share of values below detection.
BATCHES, BATCH_SD, DRIFT_SD, BELOW = 2, 0.4, 0.2, 0.2
#: Log2 rise of a drug where it is given, above its molecule's mean.
DRUG_RISE = 6.0


@dataclass(frozen=True, slots=True, eq=False)
class MouseFluids:
    """What was measured of m molecules in both fluids of r animals."""

    ids: tuple[str, ...]
    names: tuple[str, ...]
    drugs: tuple[str, ...]  #: names of those that are drugs
    animal: Integers  #: (r,)
    batch: Integers  #: (r,)
    age: float
    runs: dict[str, Run]  #: fluid → its table; rows point into ``animal``


def molecules_of_mice(rng: np.random.Generator, plan: AlsPlan, mice: Mice) -> MouseFluids:
    """Draw both fluids at one age of every animal that is alive, and run them in batches.

    Levels are those of `commensal.simulation.mouse_molecules`, changes those of `molecule_shift`. Molecules with a
    planted change are seen in nearly every animal where nothing is removed; of the others some are seen in few.
    """
    from scipy.special import ndtri  # late: every verb would wait for it

    known = tuple(
        name or f"unknown {number:04d}"
        for number, (name, _) in enumerate(molecule_names(plan.molecules - len(ANIMALS_DRUGS)), 1)
    )
    names = (*ANIMALS_DRUGS, *known)
    groups = plan.mice.groups
    change = np.array([[molecule_shift(plan, group, name) for name in names] for group in groups])
    under = np.array([group.part == "antibiotics" for group in groups])
    drug = np.isin(names, ANIMALS_DRUGS)
    drawn = levels(rng, mice, change, FLUIDS)
    age = float(plan.mice.ages[len(plan.mice.ages) // 2])
    animal = np.flatnonzero(mice.exit > age).astype(np.int64)
    batch = runs.spread(rng, mice.group[animal], BATCHES)
    moved = np.array([name in (MEDIATOR, BYSTANDER, HARMERS_OWN) or removed(name) != 0 for name in names])
    sd = float(np.sqrt(CAGE_SD**2 + ANIMAL_SD**2 + NOISE_SD**2 + BATCH_SD**2))
    made = {}
    for fluid, one in drawn.items():
        share = rng.beta(0.6, 0.6 * (1 - BELOW) / BELOW, size=len(names))
        share = np.clip(np.where(moved, 0.0, np.where(drug, 0.995, share)), 1e-6, 0.995)
        # a change of these molecules is never out of sight: its size is what was planted
        limit = np.where(moved, -np.inf, one.mean + sd * ndtri(share))
        given = DRUG_RISE * (under[mice.group[animal]][:, None] & drug)
        made[fluid] = runs.measured(
            rng, one.log2[animal] + given, limit, batch, batch_sd=BATCH_SD, drift_sd=DRIFT_SD
        )  # fmt: skip
    ids = tuple(f"M{number:04d}" for number in range(1, len(names) + 1))
    return MouseFluids(ids, names, ANIMALS_DRUGS, animal, batch, age, made)
