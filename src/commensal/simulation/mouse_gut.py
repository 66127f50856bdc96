"""Simulated stool of mice at many ages: taxa that differ as a disease runs, antibiotics, strains given, total load."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from commensal.simulation.animal_plan import START, STRAINS, Plan
from commensal.simulation.communities import DEEPEST, SHALLOWEST, newick
from commensal.simulation.mice import Mice
from commensal.simulation.names import species_names

Array = NDArray[np.float64]
Class = Literal["before", "with", "both", "neither"]

#: Standard deviations on the natural-log scale: of taxa, cages (mice eat each other's stool), animals, samples and
#: facilities.
TAXON_SD, CAGE_SD, ANIMAL_SD, SAMPLE_SD, FACILITY_SD = 1.6, 0.35, 0.35, 0.6, 0.8
#: Copies per gram of an ordinary stool, and the spread of one qPCR, natural log.
LOAD, LOAD_SD = 3e10, 0.35
#: What antibiotics do to a taxon, natural log: mean and SD; and the share of taxa that withstand them.
KILLED, KILLED_SD, WITHSTAND = -8.5, 2.0, 0.08
#: Days in which the effect of antibiotics falls to 1/e once they are withdrawn.
RECOVERY = 30.0
#: Courses of changed taxa, in turn: class, and days relative to onset at which the groups part; minus infinity: they
#: differ from birth. After every turn the direction changes.
COURSES: tuple[tuple[Class, float], ...] = (
    ("before", -np.inf),
    ("with", 0.0),
    ("both", -np.inf),
    ("with", 10.0),
    ("both", -30.0),
    ("before", -np.inf),
)
#: Days after departure in which the whole effect is reached.
RISE = 25.0


@dataclass(frozen=True, slots=True)
class Gut:
    """Counts of r stool samples in m taxa, and the truth about each taxon (m,)."""

    names: tuple[str, ...]
    families: tuple[str, ...]
    phyla: tuple[str, ...]
    animal: NDArray[np.int64]  #: (r,)
    age: Array  #: (r,)
    counts: NDArray[np.int64]  #: (r, m)
    load: Array  #: (r,) copies per gram by qPCR
    classes: tuple[Class, ...]
    log2_fold: Array  #: planted difference, diseased minus healthy: whole, or 25 days after departure
    departure: Array  #: days relative to onset at which the groups part; minus infinity: from birth; NaN: never
    one_facility: NDArray[np.bool_]  #: whether it differs in facility A only
    newick: str


def gut(rng: np.random.Generator, plan: Plan, mice: Mice) -> Gut:
    r"""Draw counts and loads of every animal that has microbes, at every age until it leaves.

    The log abundance of taxon :math:`j` in animal :math:`i` at age :math:`t` is

    .. math::

        \log a = \mu_j + u_{c(i)j} + v_{ij} + w_{f(i)j} + \log 2\, d_j(t - o_i) + \kappa_j A_i(t)
        + \log 2\, g_{ij} + e_{ijt},

    with parts of cage, animal, facility and sample, the disease's difference :math:`d_j` at days from onset, what
    antibiotics do (:math:`A` is 1 under them, falls to 1/e in 30 days once withdrawn, 0 without), and the strain given.
    Counts are multinomial; the load is the sum of :math:`a`, read by a qPCR.
    """
    listed = species_names(plan.taxa)
    names = tuple(row[0] for row in listed)
    mean, changed = _ranked(rng, plan, names)
    classes, fold, departure = _classes(plan, names, changed)
    one_facility = np.zeros(plan.taxa, dtype=bool)
    if plan.facilities > 1:  # the second taxon of each class depends on the facility
        for kind in ("before", "with", "both"):
            own = [names.index(name) for name in changed if classes[names.index(name)] == kind]
            one_facility[own[1::2]] = True

    always = np.isin(names, changed) | np.isin(names, STRAINS)
    fixed = mean + _standing(rng, mice, plan.taxa, always)
    killed = rng.normal(KILLED, KILLED_SD, size=plan.taxa)
    # Who withstands them is among the rarer half: the load of a gut is in its common taxa.
    rarer = np.argsort(mean)[: plan.taxa // 2]
    killed[rng.permutation(rarer)[: max(1, round(WITHSTAND * plan.taxa))]] = 1.0
    killed[np.isin(names, STRAINS)] = KILLED  # a strain that is given is one that antibiotics remove
    ages = plan.ages
    sterile = np.array([plan.groups[at].part == "germ-free" for at in mice.group])
    animal, time = np.nonzero((ages[None, :] < mice.exit[:, None]) & ~sterile[:, None])
    log = fixed[animal] + np.log(2) * _disease(plan, mice, classes, fold, departure, one_facility, animal, ages[time])
    log = log + killed * _under(plan, mice, ages)[animal, time][:, None]
    log = log + np.log(2) * _given(plan, mice, names)[animal] + rng.normal(0, SAMPLE_SD, size=log.shape)
    amount = np.exp(log)
    total = amount.sum(axis=1)
    load = total / np.exp(mean).sum() * LOAD * np.exp(rng.normal(0, LOAD_SD, size=total.size))
    depth = np.exp(rng.uniform(np.log(SHALLOWEST), np.log(DEEPEST), size=total.size)).astype(np.int64)
    tree = newick(rng, listed)
    counts = np.stack([rng.multinomial(depth[row], amount[row] / total[row]) for row in range(total.size)])
    return Gut(
        names, tuple(row[1] for row in listed), tuple(row[2] for row in listed), animal.astype(np.int64), ages[time],
        counts.astype(np.int64), load, classes, fold, departure, one_facility, tree,
    )  # fmt: skip


def difference(days: Array, kind: Class, fold: float, departure: float) -> Array:
    """Return the log2 difference that a diseased animal shows at days from its onset.

    ``before`` is whole from birth until onset, then gone; ``both`` may be whole from birth on. Else ``with`` and
    ``both`` are a hinge that opens at the departure, reaches ``fold`` 25 days later, and grows on.

    Examples
    --------
    >>> difference(np.array([-20.0, 0.0, 20.0]), "with", 2.0, 0.0).tolist()
    [0.0, 0.0, 1.6]
    """
    if kind == "before":
        return np.where(days < 0, fold, 0.0)
    if kind == "neither":
        return np.zeros_like(days)
    if np.isneginf(departure):
        return np.full_like(days, fold)
    return np.asarray(fold * np.clip((days - departure) / RISE, 0, None))


def _ranked(rng: np.random.Generator, plan: Plan, names: tuple[str, ...]) -> tuple[Array, list[str]]:
    """Log mean abundance (m,), and the taxa that differ in disease: they are among the commoner half."""
    mean = np.sort(rng.normal(0, TAXON_SD, size=plan.taxa))[::-1]
    others = [name for name in names if name not in STRAINS]
    others = [others[at] for at in rng.permutation(len(others))]
    common = [*STRAINS, *others][: plan.taxa_changed]
    half = max(len(common), len(STRAINS), plan.taxa // 2)
    upper = [*STRAINS, *others][:half]
    rank = dict(zip([upper[at] for at in rng.permutation(half)], range(half), strict=True))
    rank |= dict(zip([*STRAINS, *others][half:], range(half, plan.taxa), strict=True))
    return mean[[rank[name] for name in names]], common


def _classes(plan: Plan, names: tuple[str, ...], changed: list[str]) -> tuple[tuple[Class, ...], Array, Array]:
    """Give the changed taxa their classes, directions and times of departure in turn."""
    kinds: dict[str, Class] = {}
    fold, departure = np.zeros(len(names)), np.full(len(names), np.nan)
    for number, name in enumerate(changed):
        at, turn = names.index(name), number // len(COURSES)
        kinds[name], departure[at] = COURSES[number % len(COURSES)]
        fold[at] = plan.course_effect * (1 if turn % 2 else -1)
    return tuple(kinds.get(name, "neither") for name in names), fold, departure


def _standing(rng: np.random.Generator, mice: Mice, m: int, always: NDArray[np.bool_]) -> Array:
    """Draw what stays with an animal (n, m): of its cage, itself, its facility; −∞ for taxa that it does not carry."""
    cages = int(mice.cage.max()) + 1
    places = np.array(["AB".index(one) for one in mice.facility])
    of_cage = rng.normal(0, CAGE_SD, size=(cages, m))[mice.cage]
    of_place = rng.normal(0, FACILITY_SD, size=(2, m)) * (places.max() > 0)
    missing = (rng.random(size=(cages, m)) < rng.beta(0.5, 3, size=m)) & ~always
    stands = of_cage + of_place[places] + rng.normal(0, ANIMAL_SD, size=(mice.n, m))
    return np.where(missing[mice.cage], -np.inf, stands)


def _disease(
    plan: Plan,
    mice: Mice,
    classes: tuple[Class, ...],
    fold: Array,
    departure: Array,
    one_facility: NDArray[np.bool_],
    animal: NDArray[np.int64],
    age: Array,
) -> Array:
    """Log2 difference (r, m) that the disease makes in animals whose microbes nobody has touched."""
    made = np.zeros((animal.size, len(classes)))
    own = np.array(
        [plan.groups[at].diseased and plan.groups[at].part in ("untreated", "infusion") for at in mice.group]
    )
    days = age - mice.onset[animal]
    elsewhere = np.array([one != "A" for one in mice.facility])[animal]
    for at in np.flatnonzero(fold):
        shown = difference(days, classes[at], float(fold[at]), float(departure[at]))
        made[:, at] = np.where(own[animal] & ~(one_facility[at] & elsewhere), shown, 0.0)
    return made


def _under(plan: Plan, mice: Mice, ages: Array) -> Array:
    """How much of the antibiotics' effect an animal is under at each age, (n, times)."""
    part = np.array([plan.groups[at].part for at in mice.group])
    now = np.where(part == "antibiotics", 1.0, 0.0)[:, None] * (ages > START)
    gone = np.where(part == "strain", 1.0, 0.0)[:, None] * np.exp(-(ages - START) / RECOVERY)
    return np.asarray(now + gone)


def _given(plan: Plan, mice: Mice, names: tuple[str, ...]) -> Array:
    """Log2 gain (n, m) of the strain that was given, where it stays."""
    gain = np.zeros((mice.n, len(names)))
    for at, group in enumerate(plan.groups):
        if group.strain is not None and group.engrafts:
            gain[np.ix_(mice.group == at, [names.index(group.strain)])] = plan.engraftment
    return gain
