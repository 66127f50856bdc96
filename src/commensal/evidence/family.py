"""The family of claims: fixed by the study file, before anything is looked at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

#: The two directions of a claim, and the two ways in which a strain may act through a molecule.
DIRECTIONS = ("helps", "harms")
THROUGH = ("raises", "lowers")


@dataclass(frozen=True, slots=True)
class Strain:
    """A strain that was given in an arm."""

    name: str  #: the arm, as the contrast names it
    taxa: frozenset[tuple[str, str]] = frozenset()  #: its own (assay, feature): where its abundance is measured


@dataclass(frozen=True, slots=True)
class Molecule:
    """A molecule that was measured, in one table or several."""

    name: str
    features: frozenset[tuple[str, str]] = frozenset()  #: (assay, feature) of it
    pathways: frozenset[str] = frozenset()  #: features (pathways) whose genes make it


@dataclass(frozen=True, slots=True)
class Outcome:
    """A primary outcome."""

    name: str
    better: int  #: 1 where a larger effect is better, −1 where a smaller one is


@dataclass(frozen=True, slots=True)
class Family:
    """Strains given × molecules measured × primary outcomes × direction × whether the molecule is raised or lowered.

    Parameters
    ----------
    strains, molecules, outcomes
        The members; a claim is one of each.
    given
        Arm of a ``rescue`` question → the molecule that was given in it.
    cases
        Contrast → its case arms.
    removed
        Contrasts that remove the microbes.
    sick
        Question → the level of its ``by`` whose animals have the disease: the rows of that level speak.
    severities
        Measure of severity → 1 where more is better, −1 where less is.
    chose
        Questions by which the strains were chosen: their rows are shown and not counted.
    lines
        Names of the lines that the study file asks for, besides the three links: the list of every claim.

    Examples
    --------
    >>> family = Family((Strain("one"),), (Molecule("a"), Molecule("b")), (Outcome("rotarod", 1),))
    >>> family.shape, family.size
    ((1, 2, 1, 2, 2), 8)
    """

    strains: tuple[Strain, ...]
    molecules: tuple[Molecule, ...]
    outcomes: tuple[Outcome, ...]
    given: Mapping[str, str] = field(default_factory=dict)
    cases: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    removed: frozenset[str] = frozenset()
    sick: Mapping[str, str] = field(default_factory=dict)
    severities: Mapping[str, int] = field(default_factory=dict)
    chose: frozenset[str] = frozenset()
    lines: tuple[str, ...] = ()

    @property
    def shape(self) -> tuple[int, int, int, int, int]:
        """Strains, molecules, outcomes, directions, ways."""
        return len(self.strains), len(self.molecules), len(self.outcomes), len(DIRECTIONS), len(THROUGH)

    @property
    def size(self) -> int:
        """How many claims there are."""
        return len(self.strains) * len(self.molecules) * len(self.outcomes) * len(DIRECTIONS) * len(THROUGH)

    @property
    def words(self) -> str:
        """Say what the family is."""
        return (
            f"{len(self.strains)} strains × {len(self.molecules)} molecules × {len(self.outcomes)} primary outcomes × "
            "helps or harms × raised or lowered"
        )
