"""What the simulated model study is: its arms, sizes and planted links, and which options are refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace

from commensal.errors import UsageError, nearest
from commensal.simulation.animal_plan import (
    ANTIBIOTICS,
    DISEASED,
    HEALTHY,
    INFUSED,
    SALINE,
    STRAINS,
    TOP_DOSE,
    VEHICLE,
    WATER,
    Group,
    Plan,
)
from commensal.simulation.mouse_measures import OUTCOMES, Outcome

HELPER, HARMER, BLOOMER = STRAINS[:3]
MUTANT = f"{HELPER}, mutant"
#: The molecule through which the first strain acts, one that moves with it and does nothing, and one that goes with the
#: strain that harms.
MEDIATOR, BYSTANDER, HARMERS_OWN = INFUSED, "riboflavin", "p-cresol sulfate"
#: Drugs in the animals' blood (under antibiotics) and in the patients'.
ANIMALS_DRUGS = ("ampicillin", "metronidazole")
PEOPLES_DRUG = "riluzole"
#: A molecule that goes with what a household eats.
DIETARY = "hippuric acid"
#: Measures that the study file asks about, the first few of these; the first is primary.
MEASURES = ("grip", "rotarod", "score", "weight", "missteps", "stride")
LINKS = ("strain → outcome", "strain → molecule", "molecule → outcome")


@dataclass(frozen=True, slots=True)
class Effects:
    """Sizes of everything that is planted; 0 plants nothing. Above 0 is the direction in which the story goes.

    SD are those of one measurement of one animal at the first age; effects on measures grow in a straight line from day
    40 to day 130. Hazards are natural logs: 2 is a hazard divided by 7.4.
    """

    strain_outcome: float = 4.5  #: SD on every measure of the strain that helps
    strain_hazard: float = 2.5  #: by which its log hazard of death falls
    strain_molecule: float = 3.0  #: log2 rise of the molecule in serum with it, and of the bystander
    molecule_outcome: float = 4.5  #: SD of the infused molecule
    molecule_hazard: float = 2.5
    engraftment: float = 5.0  #: log2, of strains that stay
    harm: float = 2.0  #: SD by which the strain that harms makes measures worse
    harm_hazard: float = 1.0
    depletion_outcome: float = 2.5  #: SD by which antibiotics make measures worse in the diseased
    depletion_hazard: float = 1.5
    depletion_molecule: float = 3.0  #: log2 by which they lower what microbes make, the molecule among it
    necessity: float = 1.0  #: share of the molecule and of what it does that a mutant loses
    precedence: float = 2.0  #: log2 by which taxa differ in diseased mice
    reversal: float = 0.8  #: share of the tissue's signature that the molecule takes back, 0–1
    genes: float = 1.5  #: log2, of that signature
    difference: float = 2.5  #: log2 by which species differ in patients, and with them the genes that they carry
    level: float = 1.5  #: log2 by which molecules differ in patients, in serum and cerebrospinal fluid
    severity: float = 0.85  #: correlation of the molecule with the patients' score, 0–1


@dataclass(frozen=True, slots=True)
class AlsPlan:
    """Options of `commensal.simulation.als`, checked; ``mice`` is the plan that the animals' parts are drawn by."""

    seed: int
    small: bool
    cages: int
    animals: int
    strains: int
    doses: int
    mutant: bool
    households: int
    molecules: int
    taxa: int
    genes: int
    times: int
    measures: int
    icc: float
    null: bool
    false_link: str | None
    effects: Effects
    mice: Plan = field(default_factory=Plan)

    @property
    def strain_names(self) -> tuple[str, ...]:
        """Strains given one at a time: one that helps, one that harms, one that blooms, others that do not stay."""
        return STRAINS[: self.strains]

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        """Measures of the study file, the primary one first."""
        known = {one.name: one for one in OUTCOMES}
        return tuple(known[name] for name in MEASURES[: self.measures])

    @property
    def infused(self) -> tuple[Group, ...]:
        """Arms in which a molecule is infused."""
        return tuple(one for one in self.mice.groups if one.gives is not None)


#: Sizes that the study has where nothing else is said: whole, and small.
SIZES: dict[str, tuple[float, float]] = {
    "cages": (8, 8), "animals": (3, 2), "strains": (4, 3), "doses": (2, 1), "households": (37, 24),
    "molecules": (60, 40), "taxa": (60, 30), "genes": (300, 120), "times": (6, 4), "measures": (4, 2),
}  # fmt: skip


def als_plan(
    *, seed: int, small: bool, sizes: Mapping[str, int | None], mutant: bool, icc: float, null: bool,
    false_link: str | None, effects: Mapping[str, float],
) -> AlsPlan:  # fmt: skip
    """Check the options and lay out the groups.

    Raises
    ------
    UsageError
        An option out of its range, an effect or a link that there is not.
    """
    if false_link is not None and false_link not in LINKS:
        raise UsageError("no such link", found=repr(false_link), expected=" | ".join(LINKS))
    if null and false_link is not None:
        raise UsageError("a null study has no link", found="null and false_link", expected="one of them")
    given = {name: int(default[small]) if sizes[name] is None else sizes[name] for name, default in SIZES.items()}
    planted = _effects(effects, null=null)
    one = AlsPlan(
        seed=seed, small=small, mutant=mutant, icc=icc, null=null, false_link=false_link, effects=planted,
        **given,  # type: ignore[arg-type]
    )  # fmt: skip
    _checked(one)
    return replace(one, mice=_mice(one))


def _effects(given: Mapping[str, float], *, null: bool) -> Effects:
    known = [one.name for one in fields(Effects)]
    for name, value in given.items():
        if name not in known:
            raise UsageError(f"no effect {name!r}", where="effects", expected=nearest(name, known) or known)
        if not 0 <= value <= (1 if name in ("necessity", "reversal", "severity") else 20):
            raise UsageError(f"effect {name} is out of its range", found=value, expected="0 to 20; shares 0 to 1")
    if null:
        return Effects(**dict.fromkeys(known, 0.0))
    return Effects(**given)


def _checked(one: AlsPlan) -> None:
    ranges = {
        "seed": (0, 2**63), "cages": (2, 1000), "animals": (1, 100), "strains": (1, len(STRAINS) - 1), "doses": (1, 5),
        "households": (4, 10_000), "molecules": (20, 100_000), "taxa": (20, 5000), "genes": (60, 100_000),
        "times": (3, 40), "measures": (1, len(MEASURES)), "icc": (0, 0.95),
    }  # fmt: skip
    for name, (low, high) in ranges.items():
        if not low <= getattr(one, name) <= high:
            raise UsageError(f"{name} is out of its range", found=getattr(one, name), expected=f"{low} to {high}")


def _mice(one: AlsPlan) -> Plan:
    """Return the plan of the animals: what mice, measures, stool and tissue are drawn by."""
    effects = one.effects
    return Plan(
        seed=one.seed, animals=one.cages * one.animals, cages=one.cages, strains=one.strains, doses=one.doses,
        facilities=2, times=one.times, measures=len(OUTCOMES), taxa=one.taxa, molecules=one.molecules, genes=one.genes,
        csf=True, icc=one.icc, course_effect=effects.precedence, engraftment=effects.engraftment,
        gene_effect=effects.genes, reversal=effects.reversal, groups=tuple(_groups(one)),
    )  # fmt: skip


def _groups(one: AlsPlan) -> list[Group]:
    e = one.effects
    helps = 0.0 if one.false_link == LINKS[0] else 1.0
    acts = 0.0 if one.false_link == LINKS[2] else 1.0
    made = [
        Group(DISEASED, WATER, "untreated"),
        Group(DISEASED, ANTIBIOTICS, "antibiotics", -e.depletion_outcome, _hazard(-e.depletion_hazard)),
        Group(DISEASED, VEHICLE, "strain"),
    ]
    own = {
        HELPER: (helps * e.strain_outcome, helps * e.strain_hazard),
        HARMER: (-e.harm, -e.harm_hazard),
    }
    for at, name in enumerate(one.strain_names):
        shift, hazard = own.get(name, (0.0, 0.0))
        stays = at < 3 or at < one.strains - 1
        made.append(Group(DISEASED, name, "strain", shift, _hazard(hazard), strain=name, engrafts=stays))
    if one.mutant:
        kept = 1.0 - e.necessity * necessary(one)
        shift, hazard = own[HELPER]
        made.append(
            Group(DISEASED, MUTANT, "strain", kept * shift, _hazard(kept * hazard), strain=HELPER, engrafts=True)
        )
    made.append(Group(DISEASED, SALINE, "infusion"))
    for step in range(one.doses):
        share = (step + 1) / one.doses
        shift, hazard = acts * share * e.molecule_outcome, _hazard(acts * share * e.molecule_hazard)
        dose = TOP_DOSE * share
        made.append(Group(DISEASED, f"{MEDIATOR} {dose:g}", "infusion", shift, hazard, dose, gives=MEDIATOR))
    made.append(Group(DISEASED, f"{BYSTANDER} {TOP_DOSE:g}", "infusion", dose=TOP_DOSE, gives=BYSTANDER))
    made += [Group(HEALTHY, WATER, "untreated"), Group(HEALTHY, ANTIBIOTICS, "antibiotics")]
    return made


def necessary(one: AlsPlan) -> bool:
    """Say whether what the strain does in the outcome goes through the molecule: all three links are there."""
    e = one.effects
    return one.false_link is None and bool(e.strain_outcome and e.strain_molecule and e.molecule_outcome)


def _hazard(gain: float) -> float:
    """Hazard ratio of a log hazard that falls by ``gain``."""
    import math

    return math.exp(-gain)


def molecule_shift(one: AlsPlan, group: Group, name: str) -> float:
    """Return the planted log2 change of a molecule in a group, in serum, against untreated healthy animals.

    What microbes make falls, and what they use up rises, where they were removed; strains are given after that. The
    helping strain raises the molecule and the bystander, its mutant the bystander alone; the harming strain its own.
    """
    e, shift = one.effects, 0.0
    if group.part in ("antibiotics", "strain"):
        shift += e.depletion_molecule * removed(name)
    if group.strain == HELPER:
        kept = 1.0 - e.necessity if group.arm == MUTANT else 1.0
        raises = one.false_link != LINKS[1]
        shift += e.strain_molecule * ((name == MEDIATOR) * raises * kept + (name == BYSTANDER))
    if group.strain == HARMER and name == HARMERS_OWN:
        shift += e.strain_molecule
    if group.gives == name:
        shift += e.strain_molecule * group.dose / TOP_DOSE
    return shift


def removed(name: str) -> float:
    """Return −1 for molecules that microbes make, 1 for those that they use up, else 0.

    Examples
    --------
    >>> removed("nicotinamide"), removed("creatine"), removed("alanine")
    (-1.0, 1.0, 0.0)
    """
    falls = (MEDIATOR, BYSTANDER, HARMERS_OWN, "indole-3-propionic acid", "phenylacetylglutamine")
    return -1.0 if name in falls else 1.0 if name in ("creatine", "tryptophan") else 0.0
