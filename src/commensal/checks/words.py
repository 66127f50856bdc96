"""The words by which columns are known: units, facts about people, arms, time. Names are read, values never guessed."""

from __future__ import annotations

import re
from typing import Literal


def words(*lines: str) -> frozenset[str]:
    """Return the words of some lines as a set."""
    return frozenset(word for line in lines for word in line.split())


UnitFamily = Literal["housing", "donor", "people", "technical", "declared", "subject"]

#: Word part → (singular, plural, family) of the unit that a column with this part names.
UNITS: dict[str, tuple[str, str, UnitFamily]] = {
    "cage": ("cage", "cages", "housing"),
    "isolator": ("isolator", "isolators", "housing"),
    "litter": ("litter", "litters", "housing"),
    "dam": ("dam", "dams", "housing"),
    "pen": ("pen", "pens", "housing"),
    "tank": ("tank", "tanks", "housing"),
    "vivarium": ("vivarium", "vivaria", "housing"),
    "donor": ("donor", "donors", "donor"),
    "household": ("household", "households", "people"),
    "family": ("family", "families", "people"),
    "twin": ("twin pair", "twin pairs", "people"),
    "village": ("village", "villages", "people"),
    "hospital": ("hospital", "hospitals", "people"),
    "clinic": ("clinic", "clinics", "people"),
    "centre": ("centre", "centres", "people"),
    "center": ("centre", "centres", "people"),
    "batch": ("batch", "batches", "technical"),
    "plate": ("plate", "plates", "technical"),
    "flowcell": ("flow cell", "flow cells", "technical"),
    "lane": ("lane", "lanes", "technical"),
    "run": ("run", "runs", "technical"),
    "instrument": ("instrument", "instruments", "technical"),
    "sequencer": ("sequencer", "sequencers", "technical"),
    "kit": ("kit", "kits", "technical"),
}
#: A column with one of these parts is a fact about a unit (``donor_status``), not its identity.
FACTS = words(
    "status type size age sex gender genotype weight group history income change relation role position well "
    "row column "
    "diet disease health healthy members score level time day days date"
)
#: Animals of one label above which a cage or litter cannot be one: the Guide houses at most five adult mice together.
CROWD: dict[str, int] = {"cage": 5, "litter": 14, "pen": 40, "isolator": 0, "tank": 0}

#: Parts of columns that say what was done to an animal.
ARM = words(
    "arm arms group treatment treated abx antibiotic antibiotics diet chow infection infected challenge colonisation "
    "colonization vehicle condition exposure dose strain intervention"
)
SEX = frozenset({"sex", "gender"})
#: Parts of columns that a reader expects to be adjusted for: missing for a whole class they are worth a warning.
CORE_PEOPLE = frozenset({"age", "sex", "gender", "bmi"})
PEOPLE = CORE_PEOPLE | words(
    "drug drugs medication riluzole antibiotic antibiotics abx niacin vitamin diet feeding bristol stool consistency "
    "duration smoking smoker alcohol ethnicity race height weight delivery"
)
#: Parts whose perfect agreement with the label leaves two explanations of one difference.
CONFOUNDERS = SEX | words("country location site region extraction primer primers storage sequencing")
TIME = ("time", "timepoint", "day", "days", "week", "weeks", "month", "months", "hour", "hours")
#: Parts that tell animals from people.
ANIMALS = words("cage litter isolator mouse mice rat rats genotype dam pen vivarium gnotobiotic germfree")

_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_WORD = re.compile(r"[A-Za-z]+")


def parts(column: str) -> tuple[str, ...]:
    """Split a column's name into lower-case words.

    Examples
    --------
    >>> parts("cage_id"), parts("FamilyID"), parts("Study.Group")
    (('cage', 'id'), ('family', 'id'), ('study', 'group'))
    """
    return tuple(word.lower() for word in _WORD.findall(_CAMEL.sub(" ", column)))


def unit_word(column: str) -> str | None:
    """Return the known unit that a column identifies, or None.

    Examples
    --------
    >>> unit_word("cage_id"), unit_word("Cages"), unit_word("donor_status"), unit_word("percentage")
    ('cage', 'cage', None, None)
    """
    named = parts(column)
    if FACTS.intersection(named):
        return None
    for word in named:
        for known, (_, plural, _) in UNITS.items():
            if word in (known, plural):
                return known
    return None


def has_part(column: str, known: frozenset[str]) -> bool:
    """Say whether one word of a column's name is among the known ones.

    Examples
    --------
    >>> has_part("Age.Units", CORE_PEOPLE), has_part("Storage", CORE_PEOPLE)
    (True, False)
    """
    return bool(known.intersection(parts(column)))


def singular(count: float, one: str, many: str | None = None) -> str:
    """Write a count with its noun.

    Examples
    --------
    >>> singular(1, "cage"), singular(3, "family", "families")
    ('1 cage', '3 families')
    """
    return f"{count:,.0f} {one if count == 1 else many or one + 's'}"
