"""Who will be in a study whose tables do not exist yet: arms with their cages or households, for ``plan``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Planned:
    """One group of subjects that are alike: an arm of one genotype, the patients, their household members."""

    name: str
    columns: Mapping[str, str]  #: what is the same in all of them: arm, genotype, disease
    animals: int | None = None  #: per cage, or in all
    cages: int | None = None  #: column ``cage``; each group has its own
    people: int | None = None  #: per household, or in all
    households: int | None = None  #: column ``household``; household 1 is the same one in every group
    sampled_at: tuple[float, ...] = ()  #: times of the specimens; none: one specimen without a time
    measured_at: tuple[float, ...] = ()  #: times of the measures; none: once, without a time
    followed: float | None = None  #: the last day of follow-up, for events
    specimens: tuple[str, ...] = field(default=())  #: those taken; none named: every assay's

    @property
    def units(self) -> tuple[str, int] | None:
        """The column of the outer unit and how many there are, if any."""
        for column, n in (("cage", self.cages), ("household", self.households)):
            if n is not None:
                return column, n
        return None

    @property
    def each(self) -> int:
        """How many subjects are in each unit, or in all."""
        return self.animals or self.people or 1
