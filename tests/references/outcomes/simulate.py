"""Write data.tsv.gz: scores, values with a ceiling, a floor and intervals, and counts in three designs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

DESIGNS = {"cages": (8, 4, False), "many": (20, 3, False), "households": (12, 5, True)}


def one(name: str, rng: np.random.Generator) -> pd.DataFrame:
    """Groups of so many; the arm is the group's, or varies inside it."""
    groups, size, inside = DESIGNS[name]
    group = np.repeat(np.arange(groups), size)
    arm = np.tile(np.arange(size) % 2, groups) if inside else (group >= groups / 2).astype(int)
    frame = pd.DataFrame({"design": name, "group": group, "arm": arm, "age": rng.normal(size=groups * size).round(3)})
    for sd in (0.0, 0.8):
        eta = 0.9 * arm + 0.4 * frame["age"] + sd * rng.normal(size=groups)[group]
        tag = "flat" if sd == 0 else "grouped"
        latent = eta + rng.logistic(size=len(group))
        frame[f"score.{tag}"] = np.digitize(latent, [-1.2, 0.0, 1.0, 2.2])
        value = 5 + eta + rng.normal(size=len(group))
        frame[f"value.{tag}"] = value.round(4)
        frame[f"count.{tag}"] = rng.negative_binomial(2.0, 2.0 / (2.0 + np.exp(1 + eta)))
        frame[f"poisson.{tag}"] = rng.poisson(np.exp(1 + eta))
    return frame


if __name__ == "__main__":
    rng = np.random.default_rng(20)
    frame = pd.concat([one(name, rng) for name in DESIGNS])
    frame.to_csv(Path(__file__).parent / "data.tsv.gz", sep="\t", index=False)
