"""How often a screen without any effect has a verdict: familywise, over strains × primary outcomes.

Eleven strains and a vehicle, three cages of four mice each; a score followed eight times (a decline, cages that differ,
animals that die and are then missing) and survival to a horizon, correlated through the cage. The naive analysis takes
animals as independent. Marks: exact one-sided binomial at 1 % against 5 % (shared with the calibration page).

    python benchmarks/verdicts.py 400
"""

from __future__ import annotations

import sys

import numpy as np
from harness import keep
from scipy.stats import binom

from commensal import stats

ARMS, CAGES, MICE = 12, 3, 4
ARM = np.repeat([f"strain{i:02d}" if i else "vehicle" for i in range(ARMS)], CAGES * MICE)
CAGE = np.repeat(np.arange(ARMS * CAGES), MICE)
TIMES = np.arange(60.0, 140.0, 10.0)
TAU = 160.0
#: Standard deviation of cages, in units of 10 of a measure; effect of one strain, in the same; cages as units.
CELLS = ((0.0, 0.0, True), (1.0, 0.0, True), (1.0, 3.0, True), (1.0, 0.0, False))


def study(rng: np.random.Generator, spread: float, effect: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """One study: values (n, t) with gaps after death, times of death (n,), whether seen (n,)."""
    n = ARM.size
    shared = rng.normal(0, spread, ARMS * CAGES)[CAGE]
    helped = (ARM == "strain03") * effect
    own = rng.normal(0, 10, n) + 10 * shared + 20 * helped
    death = rng.weibull(6, n) * 135 + 8 * shared + 10 * helped
    values = 200 - (TIMES - 60) + own[:, None] + rng.normal(0, 12, (n, TIMES.size))
    values[death[:, None] < TIMES] = np.nan
    return values, np.minimum(np.maximum(death, 5), TAU), death < TAU


def verdicts(rng: np.random.Generator, spread: float, effect: float, caged: bool) -> tuple[bool, bool]:
    """Whether a null strain was called, and whether the one that helps was."""
    values, time, seen = study(rng, spread, effect)
    level = stats.subject_levels(values, TIMES)
    unit = CAGE if caged else None
    times = stats.restricted_times(time, seen, ARM, TAU - 1e-9)
    fits = [stats.arm_contrasts(y, ARM, "vehicle", unit=unit, endpoints=2) for y in (level, times)]
    called = [dict(zip(fit.names, (fit.low > 0) | (fit.high < 0), strict=True)) for fit in fits]
    wrong = any(hit for one in called for name, hit in one.items() if name != "strain03")
    right = any(one["strain03"] for one in called)
    return wrong or (effect == 0 and right), right


def main(n: int) -> int:
    """Print the table, keep the figures, and fail where familywise error is above 5 % at 1 %."""
    rows, failed = [], False
    for spread, effect, caged in CELLS:
        rng = np.random.default_rng(17)
        found = [verdicts(rng, spread, effect, caged) for _ in range(n)]
        wrong, power = sum(one[0] for one in found), sum(one[1] for one in found)
        worse = bool(binom.sf(wrong - 1, n, 0.05) < 0.01)
        failed |= worse and caged
        row = {"cage_sd": spread, "effect": effect, "units": "cages" if caged else "animals (naive)"}
        row |= {"familywise": wrong / n, "fails": worse, "power": power / n if effect else None, "studies": n}
        rows.append(row)
        print(row, flush=True)
    keep("verdicts", {"rows": rows})
    worst = max(row["familywise"] for row in rows if row["units"] == "cages")
    print(f"verdicts: largest familywise error with cages as units {worst:.3f} (goal: not above 0.05 at 1 %)")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 400))
