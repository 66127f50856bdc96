"""What a simulated study of animals is: its arms, sizes, times and planted effects, and which options are refused."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import chain
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from commensal.errors import UsageError
from commensal.simulation.names import DEPLETED, ENRICHED

DISEASED, HEALTHY = "SOD1", "WT"
WATER, ANTIBIOTICS, GERM_FREE = "water", "antibiotics", "germ-free"
VEHICLE, SALINE = "vehicle", "saline"
INFUSED = "nicotinamide"
#: Strains that may be given, in this order: the first helps, the second harms, the others do nothing.
STRAINS = tuple(chain.from_iterable(zip(DEPLETED, ENRICHED, strict=True)))
#: Age at which what is given begins, just after the first measurement; the last one is at ``LAST``. Days.
START, LAST = 40, 130
#: Days after the last measurement at which the study ends.
BEYOND = 30
#: Highest dose of the infused molecule, mg/kg per day.
TOP_DOSE = 50.0

Part = Literal["untreated", "antibiotics", "germ-free", "strain", "infusion"]


@dataclass(frozen=True, slots=True)
class Group:
    """Animals of one genotype in one arm, and what was planted there against its control arm."""

    genotype: str
    arm: str
    part: Part
    measures: float = 0.0  #: shift of every measure at the last time, in its standard deviations; above 0 is better
    hazard: float = 1.0  #: hazard of death against the control arm
    dose: float = 0.0  #: mg/kg per day of the infused molecule
    strain: str | None = None  #: taxon given
    engrafts: bool = False  #: whether it stays
    gives: str | None = None  #: molecule infused

    @property
    def diseased(self) -> bool:
        """Whether these animals carry the disease."""
        return self.genotype == DISEASED


@dataclass(frozen=True, slots=True)
class Plan:
    """Sizes and effects of a study. The options of `commensal.simulation.animal`, checked."""

    seed: int = 1
    animals: int = 8
    cages: int = 4
    strains: int = 4
    doses: int = 2
    germ_free: bool = False
    facilities: int = 1
    times: int = 6
    measures: int = 4
    taxa: int = 60
    molecules: int = 60
    genes: int = 300
    csf: bool = False
    taxa_changed: int = 12
    molecules_changed: int = 8
    icc: float = 0.2
    litter_icc: float = 0.0
    linked: float = 0.6
    found_dead: float = 0.03
    dropout: float = 0.03
    depletion_effect: float = -1.2
    depletion_healthy: float = 0.0
    depletion_hazard: float = 3.0
    strain_effect: float = 1.2
    strain_hazard: float = 0.35
    harm_effect: float = -1.2
    harm_hazard: float = 2.5
    infusion_effect: float = 0.9
    infusion_hazard: float = 0.5
    course_effect: float = 2.0
    engraftment: float = 5.0
    molecule_effect: float = 1.5
    gene_effect: float = 1.5
    reversal: float = 0.6
    groups: tuple[Group, ...] = field(default=())

    @property
    def ages(self) -> NDArray[np.float64]:
        """Ages at which animals are measured, (times,) days."""
        return np.round(np.linspace(START, LAST, self.times))

    @property
    def end(self) -> float:
        """Age at which the study ends, days."""
        return float(LAST + BEYOND)

    @property
    def strain_names(self) -> tuple[str, ...]:
        """Strains given, one arm each."""
        return STRAINS[: self.strains]

    @property
    def infusions(self) -> tuple[str, ...]:
        """Names of the arms that are infused, the lowest dose first."""
        return tuple(f"{INFUSED} {dose:g}" for dose in self.dose_levels)

    @property
    def dose_levels(self) -> tuple[float, ...]:
        """Doses infused, rising to the top dose in equal steps."""
        return tuple(TOP_DOSE * (step + 1) / self.doses for step in range(self.doses))


def plan(**options: object) -> Plan:
    """Check the options and lay out the groups.

    Raises
    ------
    UsageError
        An option out of its range.

    Examples
    --------
    >>> [group.arm for group in plan(strains=2, doses=1).groups if group.diseased]
    ['water', 'antibiotics', 'vehicle', 'Akkermansia muciniphila', 'Ruminococcus torques', 'saline', 'nicotinamide 50']
    """
    drawn = Plan(**options)  # type: ignore[arg-type]
    _checked(drawn)
    return Plan(**options, groups=tuple(_groups(drawn)))  # type: ignore[arg-type]


def _groups(one: Plan) -> list[Group]:
    made = []
    for genotype in (DISEASED, HEALTHY):
        ill = genotype == DISEASED
        shift = one.depletion_effect if ill else one.depletion_healthy
        made.append(Group(genotype, WATER, "untreated"))
        hazard = one.depletion_hazard if ill else 1.0
        made.append(Group(genotype, ANTIBIOTICS, "antibiotics", shift, hazard))
        if one.germ_free:
            made.append(Group(genotype, GERM_FREE, "germ-free", 1.5 * shift, hazard**1.5))
        if not ill:
            break
        if one.strains:
            made.append(Group(genotype, VEHICLE, "strain"))
        made += [_strain(one, at, name) for at, name in enumerate(one.strain_names)]
        if one.doses:
            made.append(Group(genotype, SALINE, "infusion"))
        for arm, dose in zip(one.infusions, one.dose_levels, strict=True):
            share = dose / TOP_DOSE
            made.append(Group(genotype, arm, "infusion", one.infusion_effect * share, one.infusion_hazard**share, dose,
                              gives=INFUSED))  # fmt: skip
    return made


def _strain(one: Plan, at: int, name: str) -> Group:
    shift, hazard = {0: (one.strain_effect, one.strain_hazard), 1: (one.harm_effect, one.harm_hazard)}.get(at, (0, 1))
    # The last of three or more does not stay: a strain without effect that was never there is another finding.
    return Group(DISEASED, name, "strain", shift, hazard, 0.0, name, at < 2 or at < one.strains - 1)


def _checked(one: Plan) -> None:
    ranges: dict[str, tuple[float, float]] = {
        "seed": (0, 2**63),
        "animals": (2, 10_000),
        "cages": (1, one.animals),
        "strains": (0, len(STRAINS) - 1),
        "doses": (0, 5),
        "facilities": (1, 2),
        "times": (2, 40),
        "measures": (1, 6),
        "taxa": (15, 5000),
        "taxa_changed": (0, max(0, one.taxa // 3)),
        "molecules_changed": (0, 12),
        "icc": (0, 0.95),
        "litter_icc": (0, 0.95 - one.icc),
        "linked": (0, 1),
        "found_dead": (0, 0.5),
        "dropout": (0, 0.5),
        "reversal": (0, 1),
    }
    for name, (low, high) in ranges.items():
        _within(name, float(getattr(one, name)), low, high)
    for name, least in (("molecules", 12), ("genes", 60)):
        if getattr(one, name):
            _within(name, getattr(one, name), least, 100_000)
    for name in ("depletion_hazard", "strain_hazard", "harm_hazard", "infusion_hazard"):
        _within(name, float(getattr(one, name)), 0.02, 50)
    if one.facilities > one.cages:
        _within("cages", one.cages, one.facilities, one.animals)


def _within(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise UsageError(
            f"{name} is out of its range",
            found=f"{value:g}",
            expected=f"{low:g} to {high:g}",
            mend=f"give {name} in this range",
        )
