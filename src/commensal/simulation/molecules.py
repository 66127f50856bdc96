"""Simulated molecules in serum: intensities, detection limits, and what was planted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from commensal.simulation.names import LOWERED, RAISED, molecule_names
from commensal.simulation.people import People

#: Standard deviations on the log2 scale: of households (in half of the molecules) and of people.
HOUSEHOLD_SD, PERSON_SD = 0.5, 0.8


@dataclass(frozen=True, slots=True)
class Molecules:
    """Intensities of n people in m molecules, and the truth about each molecule (m,)."""

    ids: tuple[str, ...]
    names: tuple[str, ...]
    classes: tuple[str, ...]
    mz: NDArray[np.float64]
    minutes: NDArray[np.float64]  #: retention time
    values: NDArray[np.float64]  #: (n, m), 0 = below the detection limit
    log2_fold: NDArray[np.float64]  #: planted change, patients against others


def molecules(rng: np.random.Generator, people: People, *, number: int, changed: int, effect: float) -> Molecules:
    """Draw log-normal intensities, half of the molecules shared in part by households, cut at detection limits.

    Parameters
    ----------
    rng
        The only source of chance; as many draws are made whatever the effects are.
    people
        Who is sampled.
    number
        Number of molecules m.
    changed
        Number of molecules with a planted change: the first half is lowered, the rest raised.
    effect
        Size of that change, log2.
    """
    from scipy.special import ndtri  # late: every verb would wait for it

    listed = molecule_names(number)
    n, m, block = people.n, number, people.block
    mz = np.sort(rng.uniform(75, 900, size=m))[rng.permutation(m)]
    names = tuple(name or f"unknown {mass:.4f}" for (name, _), mass in zip(listed, mz, strict=True))
    down, up = LOWERED[: (changed + 1) // 2], RAISED[: changed // 2]
    fold = np.array([effect * ((name in up) - (name in down)) for name in names], dtype=float)

    mean = rng.normal(17, 2.5, size=m)
    household = rng.normal(0, HOUSEHOLD_SD, size=(block.max() + 1, m))[block] * (rng.random(m) < 0.5)
    age = rng.normal(0, 0.15, size=m) * ((people.age - people.age.mean()) / people.age.std())[:, None]
    log2 = mean + household + age + rng.normal(0, PERSON_SD, size=(n, m)) + fold * people.patient[:, None]

    # A third of the molecules lie near their detection limit; 2–70 % of people fall below it.
    below = np.where(rng.random(m) < 1 / 3, rng.uniform(0.02, 0.7, size=m), 1e-6)
    # Molecules that can be planted lie above it: a cut would change the size of what was planted.
    below = np.where(np.isin(names, (*LOWERED, *RAISED)), 1e-6, below)
    limit = mean + np.hypot(HOUSEHOLD_SD, PERSON_SD) * ndtri(below)
    return Molecules(
        ids=tuple(f"M{i:04d}" for i in range(1, m + 1)),
        names=names,
        classes=tuple(kind for _, kind in listed),
        mz=mz,
        minutes=rng.uniform(0.5, 14, size=m),
        values=np.where(log2 < limit, 0.0, np.exp2(log2)),
        log2_fold=fold,
    )


def logs(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return log2 of intensities; one below its detection limit (0) counts as half of the smallest that was seen.

    Examples
    --------
    >>> logs(np.array([8.0, 0.0, 4.0]))
    array([3., 1., 2.])
    """
    return np.log2(np.where(values > 0, values, values[values > 0].min() / 2))
