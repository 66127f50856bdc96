"""Write designs.tsv: small survival studies with and without ties, censoring, late entry and cages; one seed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd


def design(rng, name, *, arms=2, cages=4, mice=5, unequal=False, step=None, censored=0.2, late=False, frailty=0.3):
    sizes = rng.integers(2, mice + 2, arms * cages) if unequal else np.full(arms * cages, mice)
    cage = np.repeat(np.arange(arms * cages), sizes)
    arm = cage // cages
    x = rng.normal(size=cage.size).round(3)
    hazard = np.exp(0.7 * (arm == 1) - 0.4 * x + frailty * rng.normal(size=arms * cages)[cage])
    death = 1 + 100 * rng.weibull(2.0, cage.size) / hazard**0.5
    stop = np.where(rng.random(cage.size) < censored, 1 + 140 * rng.random(cage.size), 160.0)
    time = np.minimum(death, stop)
    time = np.ceil(time / step) * step if step else time.round(4)
    entry = np.where(rng.random(cage.size) < 0.5, (0.6 * time).round(1), 0.0) if late else np.full(cage.size, -1.0)
    columns = {"time": time, "event": (death <= stop).astype(int), "group": np.array(list("abcdef"))[arm], "x": x}
    return pd.DataFrame(
        {"design": name, **columns, "cage": cage, "stratum": rng.integers(0, 2, cage.size), "entry": entry}
    )


if __name__ == "__main__":
    rng = np.random.default_rng(20)
    frames = [
        design(rng, "no ties"),
        design(rng, "ties", step=10, cages=6),
        design(rng, "heavy ties", step=40, mice=8),
        design(rng, "uncensored", censored=0.0, step=7),
        design(rng, "three arms", arms=3, unequal=True, step=3),
        design(rng, "late entry", late=True, step=2, cages=8),
        design(rng, "late entry, no ties", late=True, unequal=True, cages=8),
        design(rng, "few", cages=2, mice=3, censored=0.4),
    ]
    pd.concat(frames).to_csv(Path(__file__).with_name("designs.tsv"), sep="\t", index=False)
