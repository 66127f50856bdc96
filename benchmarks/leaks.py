"""How many planted leaks between samples are hinted at, and how many that are none: counts, no times."""

from __future__ import annotations

import argparse

import numpy as np
from harness import keep

from commensal.reads.cohort_quality import leaks

SPECIES, RATES, FLOORS, CARRIED = 150, (0.2, 0.1, 0.05, 0.02, 0.01), (1e-4, 1e-3), (0.35, 0.7)


def community(rng: np.random.Generator, carried: float) -> np.ndarray:
    """Shares of a made community: log-normal (SD 2 in natural logs), each species carried with a chance."""
    values = np.where(rng.random(SPECIES) < carried, rng.lognormal(0, 2, SPECIES), 0.0)
    return values / values.sum()


def measured(rng: np.random.Generator, shares: np.ndarray, floor: float) -> np.ndarray:
    """What a profile of these shares says: noise of 5 %, and nothing below the floor."""
    noisy = shares * np.exp(rng.normal(0, 0.05, len(shares)))
    return np.where(noisy > floor, noisy, 0.0)


def found(rng: np.random.Generator, rate: float, floor: float, carried: float) -> list[str]:
    """Sources of the leaks that are hinted at between two samples, the second with a leak from the first."""
    one, other = community(rng, carried), community(rng, carried)
    shares = np.stack([measured(rng, x, floor) for x in (one, (1 - rate) * other + rate * one)])
    return [leak.source for leak in leaks(shares, ["s", "t"], ["1", "2"], np.full(2, floor), {})]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=100)
    parser.add_argument("--null", type=int, default=60, help="unrelated samples, all against all")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    rng = np.random.default_rng(given.seed)
    rows, false, pairs, wrong = [], 0, 0, 0
    for floor in FLOORS:
        for carried in CARRIED:
            shares = np.stack([measured(rng, community(rng, carried), floor) for _ in range(given.null)])
            names = [str(i) for i in range(given.null)]
            none = len(leaks(shares, names, names, np.full(given.null, floor), {}))
            hits = []
            for rate in RATES:
                sources = [found(rng, rate, floor, carried) for _ in range(given.pairs)]
                hits.append(sum("s" in one for one in sources))
                wrong += sum("t" in one for one in sources)
            rows.append({"floor": floor, "carried": carried, "found": dict(zip(map(str, RATES), hits, strict=True))})
            rows[-1]["false"] = none
            false, pairs = false + none, pairs + given.null * (given.null - 1)
            told = "  ".join(f"{rate:.0%}: {hit}" for rate, hit in zip(RATES, hits, strict=True))
            print(f"floor {floor:.2%}, {carried:.0%} of species carried: {told}; false {none}")
    keep("leaks", {"pairs": given.pairs, "rows": rows, "false": false, "unrelated": pairs, "wrong_direction": wrong})
    good = false <= pairs / 1000 and wrong == 0
    print(f"leaks: {false} false hints of {pairs:,} unrelated pairs (goal ≤ 1 in 1,000), {wrong} the wrong way")
    return 0 if good else 1


if __name__ == "__main__":
    raise SystemExit(main())
