"""What a simulated study of mediators is: arms, molecules and what is planted in each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from commensal.errors import UsageError
from commensal.simulation.names import molecule_names

WATER, ANTIBIOTICS, VEHICLE = "water", "antibiotics", "vehicle"
STRAINS = ("Akkermansia muciniphila", "Lactobacillus gasseri", "Ruminococcus torques", "Parabacteroides distasonis")
MUTANT = "Akkermansia muciniphila, mutant"
SPECIMENS = ("serum", "csf")
#: The molecule through which the first strain acts.
MEDIATOR = "nicotinamide"
#: Drugs that antibiotics leave in blood: nothing else makes them.
DRUGS = ("metronidazole", "ampicillin", "vancomycin", "neomycin", "ciprofloxacin", "trimethoprim", "sulfamethoxazole")
#: Links of the mediator: what changes, and where.
LINKS = ("removed serum", "removed csf", "given serum", "given csf")


@dataclass(frozen=True, slots=True)
class MediatorPlan:
    """Options of `commensal.simulation.mediators_study`, checked."""

    seed: int
    cages: int
    animals: int
    strains: int
    mutant: bool
    molecules: int
    mediator: bool
    falls: int
    rises: int
    drugs: int
    effect: float
    false_link: str | None
    outcome_effect: float
    below: float
    sd: float
    icc: float
    shared: float
    batches: int
    batch_sd: float
    drift_sd: float

    @property
    def arms(self) -> tuple[str, ...]:
        """All arms, controls among them."""
        mutant = (MUTANT,) if self.mutant else ()
        return (WATER, ANTIBIOTICS, VEHICLE, *STRAINS[: self.strains], *mutant)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the molecules: drugs first, then the known ones; at the end the unknown."""
        known = [name for name, _ in molecule_names(max(self.molecules - self.drugs, 12)) if name]
        names = [*DRUGS[: self.drugs], *known][: self.molecules]
        return (*names, *(f"unknown {i:04d}" for i in range(len(names) + 1, self.molecules + 1)))

    def roles(self) -> NDArray[np.object_]:
        """Return what each molecule is: drug, mediator, falls, rises, or other; (m,)."""
        names = self.names
        out = np.full(len(names), "other", object)
        out[: self.drugs] = "drug"
        out[names.index(MEDIATOR)] = "mediator" if self.mediator else "other"
        free = np.flatnonzero(out == "other")
        free = free[[names[i] != MEDIATOR for i in free]]
        out[free[: self.falls]] = "falls"
        out[free[self.falls : self.falls + self.rises]] = "rises"
        return out

    def shifts(self) -> dict[tuple[str, str], NDArray[np.float64]]:
        """Return the planted log2 change of each molecule (m,) by arm and specimen; arms not named have none."""
        roles, out = self.roles(), {}
        for specimen in SPECIMENS:
            links = {part: float(self.false_link != f"{part} {specimen}") for part in ("removed", "given")}
            own = self.effect * (roles == "mediator")
            out[ANTIBIOTICS, specimen] = -self.effect * (roles == "falls") - own * links["removed"]
            if self.strains:
                given = self.effect * (roles == "rises") + own * links["given"]
                out[STRAINS[0], specimen] = given
                if self.mutant:
                    out[MUTANT, specimen] = np.where(roles == "mediator", 0.0, given)
        return out


def mediator_plan(**options: object) -> MediatorPlan:
    """Check the options.

    Raises
    ------
    UsageError
        An option out of its range.
    """
    plan = MediatorPlan(**options)  # type: ignore[arg-type]
    for name, least, most in (
        ("cages", 1, 99), ("animals", 1, 99), ("strains", 1, len(STRAINS)), ("drugs", 0, len(DRUGS)), ("below", 0, 0.9),
        ("icc", 0, 0.95), ("shared", 0, 1), ("batches", 1, 20), ("batch_sd", 0, 10), ("drift_sd", 0, 10),
        ("falls", 0, 10**6), ("rises", 0, 10**6), ("sd", 0, 10),
    ):  # fmt: skip
        value = float(getattr(plan, name))
        if not least <= value <= most:
            raise UsageError(f"{name} is out of its range", found=value, expected=f"{least} to {most}")
    needed = plan.falls + plan.rises + plan.drugs + 20
    if plan.molecules < needed:
        raise UsageError("too few molecules to simulate", found=plan.molecules, expected=f"at least {needed}")
    if plan.false_link is not None and plan.false_link not in LINKS:
        raise UsageError("no such link", found=plan.false_link, expected=", ".join(LINKS))
    return plan
