"""Simulated mice: who is in which arm, cage, litter and facility, when disease shows and when they die."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from commensal.simulation.animal_plan import START, Group, Plan

Array = NDArray[np.float64]

#: Onset: normal, days. Death by the disease: Weibull, with its shape and its scale in days where the hazard is 1.
ONSET_MEAN, ONSET_SD = 90.0, 7.0
DEATH_SHAPE, DEATH_SCALE = 12.0, 140.0
#: Days between looking for signs: onset is known to lie between two looks.
LOOK = 7
#: Days after which an animal whose disease has begun can die of it at the earliest.
SOONEST = 5.0
PUPS = 6


@dataclass(frozen=True, slots=True)
class Mice:
    """Every animal of a study; each array has one entry per animal (n)."""

    ids: tuple[str, ...]
    group: NDArray[np.int64]  #: index of its group in the plan
    cage: NDArray[np.int64]  #: number of its cage in the whole study
    label: tuple[str, ...]  #: its cage as the lab writes it: numbers begin again in each group
    litter: NDArray[np.int64]
    facility: tuple[str, ...]
    female: NDArray[np.bool_]
    onset: Array  #: age at which disease begins, NaN for the healthy
    death: Array  #: age of death by the disease, infinite for the healthy
    found_dead: Array  #: age at which it would be found dead, infinite if not
    removed: Array  #: age at which it leaves the study, infinite if not
    exit: Array  #: the first of these, and of the study's end

    @property
    def n(self) -> int:
        """How many animals there are."""
        return len(self.ids)


def mice(rng: np.random.Generator, plan: Plan) -> Mice:
    r"""Draw the animals: cages nested in groups, litters across them, and times of onset and death.

    Onset of animal :math:`i` is :math:`\mathcal{N}(90, 7^2)`. Death by the disease has exactly the Weibull law
    :math:`S(t) = \exp(-\theta (t / 140)^{12})` in a group with hazard ratio :math:`\theta`: proportional hazards hold
    for whoever draws an animal at random, whatever its cage. What cages and litters share is a normal score behind the
    times: its correlation within a cage is ``icc``, and that of onset and death in an animal ``linked``.
    """
    from scipy.special import ndtr  # late: every verb would wait for it

    group, cage, label, facility, female = _housing(plan)
    n = len(group)
    litter = _litters(rng, facility)
    scores = shared_scores(rng, plan, cage, litter, 2)
    onset = ONSET_MEAN + ONSET_SD * scores[:, 0]
    late = plan.linked * scores[:, 0] + np.sqrt(1 - plan.linked**2) * scores[:, 1]
    hazard = np.array([plan.groups[at].hazard for at in group])
    left = np.clip(-np.log1p(-ndtr(late)), 1e-12, None)
    death = DEATH_SCALE * (left / hazard) ** (1 / DEATH_SHAPE)
    onset = np.minimum(onset, death - SOONEST)
    ill = np.array([plan.groups[at].diseased for at in group])
    found = _once(rng, n, plan.found_dead, plan.end)
    removed = _once(rng, n, plan.dropout, plan.end)
    death, onset = np.where(ill, death, np.inf), np.where(ill, onset, np.nan)
    gone = np.minimum.reduce([death, found, removed, np.full(n, plan.end)])
    return Mice(
        tuple(f"m{number:04d}" if n > 999 else f"m{number:03d}" for number in range(1, n + 1)),
        group, cage, label, litter, facility, female, onset, death, found, removed, gone,
    )  # fmt: skip


def shared_scores(
    rng: np.random.Generator, plan: Plan, cage: NDArray[np.int64], litter: NDArray[np.int64], columns: int
) -> Array:
    """Draw standard normal scores (n, columns) of which animals of a cage and of a litter share parts."""
    own = np.sqrt(1 - plan.icc - plan.litter_icc) * rng.normal(size=(len(cage), columns))
    of_cage = np.sqrt(plan.icc) * rng.normal(size=(int(cage.max()) + 1, columns))[cage]
    of_litter = np.sqrt(plan.litter_icc) * rng.normal(size=(int(litter.max()) + 1, columns))[litter]
    return np.asarray(own + of_cage + of_litter, dtype=np.float64)


def arms_of(mice: Mice, groups: Sequence[Group]) -> tuple[str, ...]:
    """Return the arm of each animal, (n,)."""
    return tuple(groups[at].arm for at in mice.group)


def _housing(
    plan: Plan,
) -> tuple[NDArray[np.int64], NDArray[np.int64], tuple[str, ...], tuple[str, ...], NDArray[np.bool_]]:
    """Spread each group over its cages as evenly as can be; cages are of one sex, and of one facility."""
    group: list[int] = []
    cage: list[int] = []
    label: list[str] = []
    facility: list[str] = []
    female: list[bool] = []
    for at, one in enumerate(plan.groups):
        word = "isolator" if one.part == "germ-free" else "cage"
        for animal in range(plan.animals):
            number = animal % plan.cages
            group.append(at)
            cage.append(at * plan.cages + number)
            label.append(f"{word} {number + 1}")
            facility.append("AB"[number * plan.facilities // plan.cages])
            female.append(number % 2 == 0)
    return (
        np.array(group, dtype=np.int64),
        np.array(cage, dtype=np.int64),
        tuple(label),
        tuple(facility),
        np.array(female, dtype=bool),
    )


def _litters(rng: np.random.Generator, facility: Sequence[str]) -> NDArray[np.int64]:
    """Draw litters of about six from each facility's animals, whatever their group."""
    litter = np.zeros(len(facility), dtype=np.int64)
    first = 0
    for place in sorted(set(facility)):
        own = np.flatnonzero(np.asarray(facility) == place)
        litter[rng.permutation(own)] = first + np.arange(own.size) // PUPS
        first = int(litter.max()) + 1
    return litter


def _once(rng: np.random.Generator, n: int, share: float, end: float) -> Array:
    """Ages (n,) at which something happens to a share of the animals until the end; infinite for the others."""
    chance, when = rng.random(n), rng.uniform(START, end, size=n)
    return np.where(chance < share, np.round(when), np.inf)
