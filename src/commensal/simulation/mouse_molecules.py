"""Simulated molecules of mice in serum and cerebrospinal fluid: what microbes make, a strain and an infusion raise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from commensal.simulation.animal_plan import INFUSED, TOP_DOSE, Group, Plan
from commensal.simulation.mice import Mice
from commensal.simulation.names import LOWERED, RAISED, molecule_names

Array = NDArray[np.float64]

#: Standard deviations on the log2 scale: of cages, of animals, of measurements; and the share of a change that reaches
#: the cerebrospinal fluid.
CAGE_SD, ANIMAL_SD, NOISE_SD, CROSSES = 0.3, 0.5, 0.4, 0.7
FLUIDS = ("serum", "CSF")
SHARES = {"serum": 1.0, "CSF": CROSSES}
#: The disease lowers the infused molecule by this share of the option's effect.
IN_DISEASE = -0.5


@dataclass(frozen=True, slots=True, eq=False)
class Levels:
    """True levels of n animals in m molecules of one fluid."""

    mean: Array  #: (m,) log2 where nothing is planted
    log2: Array  #: (n, m)


@dataclass(frozen=True, slots=True)
class Fluids:
    """Intensities of r animals in m molecules, in one or two fluids, and which molecules microbes change."""

    ids: tuple[str, ...]
    names: tuple[str, ...]
    classes: tuple[str, ...]
    animal: NDArray[np.int64]  #: (r,)
    age: float  #: at which all were taken
    values: dict[str, Array]  #: fluid → (r, m)
    changed: tuple[str, ...]  #: names of those that fall or rise when microbes are removed


def fluids(rng: np.random.Generator, plan: Plan, mice: Mice) -> Fluids:
    """Draw log-normal intensities at one age; cages, animals and both fluids of an animal share their parts.

    A change of the option's size is on the first molecules in `commensal.simulation.names` (they fall or rise in
    turn) where microbes are removed; the infused molecule rises with its dose, and with the first strain given.
    """
    listed = molecule_names(plan.molecules)
    names = tuple(name or f"unknown {number:04d}" for number, (name, _) in enumerate(listed, 1))
    age = float(plan.ages[len(plan.ages) // 2])
    animal = np.flatnonzero(mice.exit > age).astype(np.int64)
    changed = changed_molecules(plan)
    change = np.array([[molecule_shift(plan, group, name, changed) for name in names] for group in plan.groups])
    drawn = levels(rng, mice, change, FLUIDS[: 1 + plan.csf])
    values = {fluid: np.exp2(one.log2[animal]) for fluid, one in drawn.items()}
    ids = tuple(f"M{number:04d}" for number in range(1, plan.molecules + 1))
    return Fluids(ids, names, tuple(kind for _, kind in listed), animal, age, values, tuple(changed))


def levels(rng: np.random.Generator, mice: Mice, change: Array, fluids: Sequence[str]) -> dict[str, Levels]:
    r"""Draw the true log2 levels of every animal (n) in every molecule (m), in serum and in cerebrospinal fluid.

    .. math:: \ell_{ijf} = \mu_{jf} + u_{c(i)j} + v_{ij} + s_f \Delta_{g(i)j} + e_{ijf}

    :math:`u` is the cage's part, :math:`v` the animal's, which both fluids share, :math:`\Delta` the group's change, of
    which the share :math:`s` reaches a fluid: 1 of serum, 0.7 of cerebrospinal fluid.

    Parameters
    ----------
    rng
        The only source of chance; as many draws are made whatever the changes are.
    mice
        Who is sampled.
    change
        (groups, m) log2 change of each molecule in each group.
    fluids
        The first one or two of `FLUIDS`.
    """
    m = change.shape[1]
    mean = np.asarray(rng.normal(17, 2.5, size=m), dtype=np.float64)
    of_cage = rng.normal(0, CAGE_SD, size=(int(mice.cage.max()) + 1, m))[mice.cage]
    own = of_cage + rng.normal(0, ANIMAL_SD, size=(mice.n, m))
    drawn = {}
    for fluid in fluids:
        level: Array = mean if fluid == "serum" else np.asarray(mean - rng.normal(4, 1.5, size=m), dtype=np.float64)
        log2 = level + own + SHARES[fluid] * change[mice.group] + rng.normal(0, NOISE_SD, size=own.shape)
        drawn[fluid] = Levels(level, log2)
    return drawn


def changed_molecules(plan: Plan) -> dict[str, float]:
    """Return the molecules that microbes make (they fall with them, −1) or keep low (they rise, +1)."""
    down, up = LOWERED[: (plan.molecules_changed + 1) // 2], RAISED[: plan.molecules_changed // 2]
    return dict.fromkeys(down, -1.0) | dict.fromkeys(up, 1.0)


def molecule_shift(plan: Plan, group: Group, name: str, changed: dict[str, float]) -> float:
    """Return the log2 change of a molecule in a group, against untreated healthy animals, in serum."""
    size = plan.molecule_effect
    shift = 0.0
    if group.part in ("antibiotics", "germ-free", "strain"):
        shift += size * changed.get(name, 0.0)
    if name == INFUSED:
        shift += size * IN_DISEASE * group.diseased + size * group.dose / TOP_DOSE
        shift += size * (plan.strains > 0 and group.strain == plan.strain_names[0])
    return shift
