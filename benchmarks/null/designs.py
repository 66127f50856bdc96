"""Null data: two arms with or without units, four kinds of values, and a cell of the table that they fill."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
SIZES = (8, 20, 60)
CAGES = (2, 3, 4, 8)
#: Kind of values → what a reader is told.
KINDS = {
    "normal": "normal",
    "heavy": "heavy-tailed (t with 3 df)",
    "zeros": "60 % zeros, the rest half normal",
    "missing": "normal, half of the values missing",
}
#: Share of the variance that lies between units.
SHARED = 0.3
#: Where 60 % of a standard normal variable lie below.
CUT = 0.2533


@dataclass(frozen=True)
class Layout:
    """Samples of two arms, the same number in each, and the units that they share."""

    name: str
    n: int  # per arm
    label: Array  # (2n,) 1 case, 0 control
    unit: Array | None  # (2n,) household or cage; None without

    @property
    def x(self) -> Array:
        return np.column_stack([np.ones(self.label.size), self.label])


@dataclass(frozen=True)
class Cell:
    """One estimator in one design: ``draw`` gives null p and whether intervals hold 0 (NaN where there is none)."""

    estimator: str
    layout: str
    n: int
    values: str
    draw: Callable[[np.random.Generator], Drawn]
    nominal: tuple[float, ...] = (0.05, 1e-3, 1e-4)
    instead: str = ""  # what to use where this estimator does not promise its level; it is measured all the same


@dataclass(frozen=True)
class Drawn:
    p: Array  # (studies,) NaN where the estimator gives none
    holds: Array | None = None  # (studies,) 1 the 95 % interval holds the truth, 0 not, NaN no interval


def free(n: int) -> Layout:
    return Layout("no units", n, np.repeat([0.0, 1.0], n), None)


def households(n: int) -> Layout:
    """Households of 2, 3 and 4 people, both labels in each."""
    unit, at = np.zeros(2 * n, dtype=int), 0
    sizes = [2, 3, 4]
    for house in range(2 * n):
        size = sizes[house % 3]
        if 2 * n - at - size == 1:
            size += 1
        unit[at : at + size] = house
        at += size
        if at >= 2 * n:
            break
    return Layout("households of 2–4", n, np.tile([0.0, 1.0], n), unit)


def cages(n: int, per_arm: int) -> Layout:
    """Cages nested in arms; with as many cages as mice every mouse is a cage."""
    inside = np.sort(np.arange(n) % per_arm)
    return Layout(f"{per_arm} cages per arm", n, np.repeat([0.0, 1.0], n), np.concatenate([inside, inside + per_arm]))


def nested(n: int) -> list[Layout]:
    return [cages(n, per_arm) for per_arm in CAGES]


def values(rng: np.random.Generator, kind: str, unit: Array | None, m: int, n: int, shared: float = SHARED) -> Array:
    """Independent null features (n, m) of one kind, with a share of the variance between units."""

    def noise(rows: int) -> Array:
        return rng.standard_t(3, size=(rows, m)) if kind == "heavy" else rng.normal(size=(rows, m))

    y = noise(n)
    if unit is not None and shared:
        y = np.sqrt(1 - shared) * y + np.sqrt(shared) * noise(int(unit.max()) + 1)[unit]
    if kind == "zeros":
        y = np.maximum(y - CUT, 0)
    if kind == "missing":
        y[rng.random(y.shape) < 0.5] = np.nan
    return y


def presence(rng: np.random.Generator, prevalence: float, unit: Array | None, m: int, n: int, spread: float) -> Array:
    """Independent null features (n, m) of 0 and 1, with a random intercept of this standard deviation per unit."""
    logit = np.full((n, m), np.log(prevalence / (1 - prevalence)))
    if unit is not None and spread:
        logit = logit + spread * rng.normal(size=(int(unit.max()) + 1, m))[unit]
    return (rng.random((n, m)) < 1 / (1 + np.exp(-logit))).astype(float)


def held(low: Array, high: Array, truth: float = 0.0) -> Array:
    """1 where an interval holds the truth, 0 where not, NaN where there is no interval."""
    low, high = np.asarray(low, dtype=float), np.asarray(high, dtype=float)
    inside = ((low <= truth) & (truth <= high)).astype(float)
    return np.where(np.isfinite(low) & np.isfinite(high), inside, np.nan)
