"""Which compounds come from outside the body and its microbes: medicines and what the body makes of them."""

from __future__ import annotations

import csv
from collections import defaultdict
from pathlib import Path

#: Roles in ChEBI that make a medicine, with the word for it; the first that fits counts.
DRUGS = {
    "36047": "antibiotic", "36043": "antimicrobial", "35718": "antifungal", "86327": "antifungal", "36044": "antiviral",
    "35442": "antiparasitic", "35475": "analgesic", "35480": "analgesic", "35493": "analgesic", "38867": "anaesthetic",
    "35623": "anticonvulsant", "35469": "antidepressant", "35476": "antipsychotic", "35474": "anxiolytic",
    "35717": "sedative", "35674": "antihypertensive", "35526": "hypoglycaemic", "49201": "anti-ulcer drug",
    "35679": "lipid-lowering", "50249": "anticoagulant", "35523": "bronchodilator", "37956": "antihistamine",
    "35610": "antineoplastic", "35498": "diuretic", "50919": "antiemetic", "35337": "stimulant",
    "50514": "vasoconstrictor",
    "37930": "antipsychotic", "35530": "beta blocker",
}  # fmt: skip
METABOLITE, XENOBIOTIC, OF_DRUG, ANTIBIOTIC = "25212", "35703", "49103", "36047"


def closures(chebi) -> dict[str, set[str]]:
    """Return, per role, that role and all below it."""
    below: dict[str, set[str]] = defaultdict(set)
    for number, entity in chebi.items():
        for above in entity.relations.get("is_a", ()):
            below[above].add(number)

    def all_below(role: str) -> set[str]:
        seen, open_ = {role}, [role]
        while open_:
            for one in below[open_.pop()] - seen:
                seen.add(one)
                open_.append(one)
        return seen

    return {role: all_below(role) for role in {*DRUGS, METABOLITE, XENOBIOTIC, OF_DRUG, ANTIBIOTIC}}


def reason(roles: set[str], networks: int, below: dict[str, set[str]]) -> str:
    """Return why a compound is exogenous by its roles in ChEBI, or "".

    A drug that is also a metabolite of some organism, or that a metabolic network has reactions of, is not called
    exogenous (tryptophan is an antidepressant there, mannitol a diuretic), unless it is an antibacterial drug or called
    a xenobiotic and a drug; nor is one whose use is not said.
    """
    made = bool(roles & below[METABOLITE]) or networks > 0
    outside = bool(roles & (below[ANTIBIOTIC] | below[XENOBIOTIC]))
    word = next((word for role, word in DRUGS.items() if roles & below[role]), "")
    if word and (outside or not made):
        return f"drug: {word}"
    other = roles & below[METABOLITE] - below[OF_DRUG]
    return "metabolite of a drug" if roles & below[OF_DRUG] and not other and not networks else ""


def listed(file: Path) -> list[tuple[str, str]]:
    """Read our own list: a compound's name and why it is exogenous ("-": it is not, whatever its roles say)."""
    with file.open(encoding="utf-8", newline="") as text:
        return [(row["name"], row["reason"]) for row in csv.DictReader(text, delimiter="\t")]
