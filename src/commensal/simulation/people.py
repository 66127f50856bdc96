"""Simulated people: patients, those they live with, and a few who match nobody."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class People:
    """Who takes part; every field has one entry per person (n)."""

    person: tuple[str, ...]
    household: tuple[str, ...]
    patient: NDArray[np.bool_]
    relation: tuple[str, ...]  #: to the patient of the household: self, partner, sibling, child, none
    sex: tuple[str, ...]  #: F or M
    age: NDArray[np.float64]  #: years
    bmi: NDArray[np.float64]  #: kg/m²
    fibre: NDArray[np.float64]  #: grams per day, shared in part by a household
    years_together: NDArray[np.float64]  #: with the patient; NaN for patients and unmatched people

    @property
    def n(self) -> int:
        """How many people there are."""
        return len(self.person)

    @property
    def block(self) -> NDArray[np.int64]:
        """Household of each person as a number (n,)."""
        return np.unique(np.asarray(self.household), return_inverse=True)[1].astype(np.int64)


def people(rng: np.random.Generator, *, households: int, unmatched: int) -> People:
    """Draw households of 2–4 with one patient each, and people who match nobody.

    Parameters
    ----------
    rng
        The only source of chance.
    households
        Number of households; the patient is their first person.
    unmatched
        Number of people who live alone: patients and controls in turn.

    Examples
    --------
    >>> drawn = people(np.random.default_rng(1), households=10, unmatched=2)
    >>> int(drawn.patient.sum()), len(set(drawn.household))
    (11, 12)
    """
    rows: list[tuple[str, bool, str, str, float, float, float, float]] = []
    for number in range(1, households + unmatched + 1):
        name = f"H{number:02d}"
        size = int(rng.choice([2, 3, 4], p=[0.6, 0.28, 0.12])) if number <= households else 1
        diet, age, sex = rng.normal(24, 5), rng.normal(60, 9), rng.choice(["F", "M"], p=[0.42, 0.58])
        together = float(rng.integers(5, 40))
        for place in range(size):
            relation = "self" if place == 0 else str(rng.choice(["partner", "sibling", "child"], p=[0.6, 0.2, 0.2]))
            relation = "partner" if place == 1 and rng.random() < 0.75 else relation
            shift = {"self": 0.0, "partner": rng.normal(0, 4), "sibling": rng.normal(0, 7), "child": rng.normal(-29, 4)}
            other = "M" if sex == "F" else "F"
            own_sex = str(sex if place == 0 else other if relation == "partner" else rng.choice(["F", "M"]))
            own_age = float(np.clip(round(age + shift[relation]), 18, 88))
            bmi = float(np.clip(rng.normal(25.5, 3.5), 17, 42))
            fibre = float(np.clip(rng.normal(diet, 4), 5, 60))
            # Unmatched people are patients and controls in turn.
            patient = place == 0 and (number <= households or (number - households) % 2 == 1)
            relation = relation if number <= households or patient else "none"
            years = min(together, own_age) if place else float("nan")
            rows.append((name, patient, relation, own_sex, own_age, bmi, fibre, years))
    columns = list(zip(*rows, strict=True))
    return People(
        person=tuple(f"P{i:03d}" for i in range(1, len(rows) + 1)),
        household=columns[0],
        patient=np.array(columns[1], dtype=bool),
        relation=columns[2],
        sex=columns[3],
        age=np.array(columns[4], dtype=float),
        bmi=np.array(columns[5], dtype=float),
        fibre=np.array(columns[6], dtype=float),
        years_together=np.array(columns[7], dtype=float),
    )
