"""Cells of what is asked about events beside the log-rank test: hazards, competing causes, intervals, interactions."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from commensal import stats
from null.designs import Array, Cell, held
from null.studies import NONE, One, _seed, _studies

SIZES = (8, 20)


def events(studies: int) -> Iterator[Cell]:
    """Two arms with the same hazards of two causes, looked at every fifth of the follow-up; cages share a frailty."""
    for n in SIZES:
        for per_arm in (None, 2, 3, 4, 8):
            layout = "no units" if per_arm is None else f"{per_arm} cages per arm"
            told = "Weibull, two causes" + ("" if per_arm is None else ", frailty of cages 0.7")
            for name, one in _events_of(n, per_arm).items():
                yield Cell(name, layout, n, told, _studies(one, studies), (0.05,))


def _drawn(rng: np.random.Generator, unit: Array | None, n: int) -> tuple[Array, Array, Array]:
    frailty = np.zeros(2 * n) if unit is None else 0.7 * rng.normal(size=int(unit.max()) + 1)[unit]
    death = rng.weibull(2.0, 2 * n) / np.exp(frailty / 2)
    event = death <= 1.2
    return np.minimum(death, 1.2), event, np.where(rng.random(2 * n) < 0.3, "other", "own")


def _events_of(n: int, per_arm: int | None) -> dict[str, One]:
    arm = np.repeat([0, 1], n)
    x = arm[:, None].astype(float)
    unit = None if per_arm is None else np.tile(np.sort(np.arange(n) % per_arm), 2) + per_arm * arm
    caged = {} if unit is None else {"cage": unit}

    def hazards(rng: np.random.Generator) -> tuple[float, float]:
        time, event, _ = _drawn(rng, unit, n)
        fit = stats.proportional_hazards(time, event, x, cluster=unit)
        return float(fit.p[0]), float(held(fit.low, fit.high)[0])

    def hazard(rng: np.random.Generator) -> tuple[float, float]:
        time, event, _ = _drawn(rng, unit, n)
        fit = stats.cox(time, event, x, [1], cluster=unit, reference="t")
        return float(fit.p), float(held(fit.low, fit.high))

    def difference(rng: np.random.Generator) -> tuple[float, float]:
        time, event, cause = _drawn(rng, unit, n)
        cause[:2] = "own"
        event[:2] = True
        fit = stats.incidence_difference(time, event, cause, arm, 1.0, "own", **caged)
        return float(fit.p), float(held(fit.low, fit.high))

    def rearranged(rng: np.random.Generator) -> tuple[float, float]:
        time, event, cause = _drawn(rng, unit, n)
        if not (event & (cause == "own")).any():
            return NONE, NONE
        return stats.incidence_test(time, event, cause, arm, "own", n=199, seed=_seed(rng), **caged).p, NONE

    def intervals(rng: np.random.Generator) -> tuple[float, float]:
        time, event, _ = _drawn(rng, unit, n)
        left = np.floor(time / 0.24) * 0.24
        latest = np.where(event, left + 0.24, np.inf)
        earliest = np.where(event, left, time)
        return stats.interval_log_rank(earliest, latest, arm, n=199, seed=_seed(rng), **caged).p, NONE

    def interaction(rng: np.random.Generator) -> tuple[float, float]:
        time, event, _ = _drawn(rng, unit, n)
        fit = stats.rmst_interaction(time, event, arm, np.arange(2 * n) % 2, 1.0, **caged)
        return float(fit.p), float(held(fit.low, fit.high))

    found: dict[str, One] = {
        "proportional_hazards": hazards,
        "incidence_difference": difference,
        "incidence_test": rearranged,
        "interval_log_rank": intervals,
        "rmst_interaction": interaction,
    }
    if unit is not None:
        found["cox, t over cages"] = hazard
    return found
