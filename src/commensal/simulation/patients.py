"""What is measured of simulated patients besides stool and serum: cerebrospinal fluid, and a functional score."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from commensal.simulation.molecules import Molecules, logs
from commensal.simulation.people import People

#: Molecules of the targeted panel, their usual concentration (nmol/L), and whether patients have less of them.
PANEL = (
    ("nicotinamide", 120.0, True), ("nicotinic acid riboside", 8.0, True), ("quinolinic acid", 30.0, False),
    ("tryptophan", 1900.0, False), ("kynurenine", 45.0, False), ("serotonin", 1.2, False),
    ("glutamate", 900.0, False), ("GABA", 70.0, False),
)  # fmt: skip
#: log2 standard deviation of people, share of people below the detection limit for the molecule that lies near it.
PERSON_SD, BELOW = 0.7, 0.25
NEAR_THE_LIMIT = "serotonin"
#: Points of the score: its mean, its standard deviation, and what it loses in a day.
SCORE, SCORE_SD, LOSS = 36.0, 6.0, 0.03


@dataclass(frozen=True, slots=True)
class Fluid:
    """Concentrations in cerebrospinal fluid: of some patients, and of controls who live with none of them."""

    patients: tuple[int, ...]  #: rows of `People`
    controls: tuple[str, ...]  #: persons of their own
    sex: tuple[str, ...]  #: of the controls
    age: NDArray[np.float64]
    values: NDArray[np.float64]  #: (patients then controls, molecules), nmol/L, 0 = below the detection limit
    log2_fold: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Visits:
    """The functional score of the patients at their visits."""

    person: tuple[str, ...]
    day: NDArray[np.int64]
    score: NDArray[np.int64]


def fluid(rng: np.random.Generator, people: People, *, controls: int, effect: float) -> Fluid:
    """Draw the panel in two patients of three and in ``controls`` people with another neurological disease.

    Parameters
    ----------
    rng
        The only source of chance.
    people
        The patients are among them.
    controls
        Number of unrelated controls.
    effect
        How much less (log2) patients have of the molecules that fall.
    """
    chosen = tuple(int(i) for i in np.flatnonzero(people.patient) if rng.random() < 2 / 3)
    n = len(chosen) + controls
    case = np.arange(n) < len(chosen)
    fold = np.array([-effect * falls for _, _, falls in PANEL], dtype=float)
    usual = np.log2([level for _, level, _ in PANEL])
    log2 = usual + PERSON_SD * rng.normal(size=(n, len(PANEL))) + fold * case[:, None]
    values = np.exp2(log2)
    at = [name for name, _, _ in PANEL].index(NEAR_THE_LIMIT)
    if n:
        values[values[:, at] < np.quantile(values[:, at], BELOW), at] = 0.0
    sex = tuple(str(one) for one in rng.choice(["F", "M"], size=controls))
    age = np.clip(np.round(rng.normal(58, 10, size=controls)), 20, 88)
    return Fluid(chosen, tuple(f"N{i:03d}" for i in range(1, controls + 1)), sex, age, values, fold)


def visits(
    rng: np.random.Generator, people: People, serum: Molecules, day: NDArray[np.int64], *, correlation: float
) -> Visits:
    """Draw a score at two visits of each patient: near the day of sampling, and half a year later.

    Its correlation with log2 nicotinamide in serum among the patients is ``correlation`` in expectation; the level of
    patients against others does not enter.
    """
    patients = np.flatnonzero(people.patient)
    log2 = logs(serum.values[patients, serum.names.index("nicotinamide")])
    spread = log2.std() or 1.0
    latent = correlation * (log2 - log2.mean()) / spread
    latent = latent + np.sqrt(1 - correlation**2) * rng.normal(size=len(patients))
    first = day[patients] + rng.integers(-21, 22, size=len(patients))
    later = first + rng.integers(150, 211, size=len(patients))
    now = SCORE + SCORE_SD * latent
    after = now - LOSS * (later - first) + rng.normal(0, 1, size=len(patients))
    who = tuple(people.person[i] for i in patients for _ in range(2))
    score = np.clip(np.rint(np.column_stack([now, after]).ravel()), 0, 48).astype(np.int64)
    return Visits(who, np.column_stack([first, later]).ravel().astype(np.int64), score)
