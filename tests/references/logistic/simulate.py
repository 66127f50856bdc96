"""Writes small.data.tsv.gz: presence in unbalanced designs, a missing pattern per feature, from one seed."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np

FEATURES = 10


def designs(rng: np.random.Generator) -> dict[str, tuple[np.ndarray, np.ndarray, float]]:
    """Name → (group, label, standard deviation of the groups)."""
    households = np.repeat(np.arange(24), rng.integers(2, 5, 24))
    subjects = np.repeat(np.arange(30), rng.integers(3, 7, 30))
    long = np.repeat(np.arange(12), rng.integers(8, 30, 12))
    return {
        "cages": (np.repeat(np.arange(16), 5), np.repeat([0.0, 1.0], 40), 0.8),
        "households": (households, rng.integers(0, 2, len(households)).astype(float), 1.0),
        "subjects": (subjects, (np.arange(30) % 2)[subjects].astype(float), 1.5),
        "pairs": (np.repeat(np.arange(40), 2), np.tile([0.0, 1.0], 40), 1.0),
        "dose": (subjects, rng.normal(5, 2, len(subjects)).round(2), 2.5),
        "long": (long, rng.integers(0, 2, len(long)).astype(float), 1.0),
    }


def main() -> None:
    rng = np.random.default_rng(20260311)
    names = [f"y{j}" for j in range(FEATURES)]
    lines = ["\t".join(["design", "group", "label", "age", *names])]
    for name, (group, label, sd) in designs(rng).items():
        age = rng.normal(40, 12, len(group)).round(1)
        eta = rng.normal(0, sd, (group.max() + 1, FEATURES))[group] + rng.normal(0, 0.7, FEATURES)
        eta = eta + label[:, None] / label.std() * rng.normal(0, 0.4, FEATURES) + 0.02 * (age[:, None] - 40)
        y = (rng.random(eta.shape) < 1 / (1 + np.exp(-eta))).astype(float)
        y[rng.random(y.shape) < np.linspace(0, 0.25, FEATURES)] = np.nan
        for i in range(len(group)):
            cells = ["NA" if np.isnan(v) else f"{v:g}" for v in y[i]]
            lines.append("\t".join([name, f"g{group[i]}", f"{label[i]:g}", f"{age[i]:g}", *cells]))
    text = "\n".join(lines) + "\n"
    place = Path(__file__).with_name("small.data.tsv.gz")
    with place.open("wb") as raw, gzip.GzipFile(fileobj=raw, mode="wb", mtime=0, filename="") as out:
        out.write(text.encode())


if __name__ == "__main__":
    main()
