"""Writes small.data.tsv.gz: unbalanced designs with their own missing patterns, from one seed (see README.md)."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np

FEATURES = 12


def designs(rng: np.random.Generator) -> dict[str, tuple[np.ndarray, np.ndarray, float]]:
    """Name → (group, label, intraclass correlation)."""
    households = np.repeat(np.arange(14), rng.integers(2, 6, 14))
    litters = np.repeat(np.arange(30), rng.integers(1, 4, 30))
    people = np.repeat(np.arange(20), 2)
    return {
        "cages": (np.repeat(np.arange(6), 4), np.repeat([0.0, 1.0], 12), 0.3),
        "uneven cages": (np.repeat(np.arange(9), [1, 7, 2, 5, 3, 4, 1, 6, 2]), np.repeat([0.0, 1.0], [18, 13]), 0.5),
        "households": (households, rng.integers(0, 2, len(households)).astype(float), 0.4),
        "pairs": (people, np.tile([0.0, 1.0], 20), 0.8),
        "small litters": (litters, rng.integers(0, 2, len(litters)).astype(float), 0.2),
        "dose": (households, rng.normal(5, 2, len(households)).round(2), 0.6),
        "high correlation": (np.repeat(np.arange(8), 6), rng.integers(0, 2, 48).astype(float), 0.98),
    }


def main() -> None:
    rng = np.random.default_rng(20240611)
    names = [f"y{j}" for j in range(FEATURES)]
    lines = ["\t".join(["design", "group", "label", "age", *names])]
    for name, (group, label, icc) in designs(rng).items():
        age = rng.normal(40, 12, len(group)).round(1)
        shared = rng.normal(0, np.sqrt(icc), (group.max() + 1, FEATURES))[group]
        y = shared + rng.normal(0, np.sqrt(1 - icc), (len(group), FEATURES))
        y = 3 + 2 * (y + 0.5 * label[:, None] * rng.normal(0, 1, FEATURES) + 0.01 * age[:, None])
        y[rng.random(y.shape) < np.linspace(0, 0.35, FEATURES)] = np.nan
        for i in range(len(group)):
            cells = ["NA" if np.isnan(v) else f"{v:.6g}" for v in y[i]]
            lines.append("\t".join([name, f"g{group[i]}", f"{label[i]:g}", f"{age[i]:g}", *cells]))
    text = "\n".join(lines) + "\n"
    place = Path(__file__).with_name("small.data.tsv.gz")
    with place.open("wb") as raw, gzip.GzipFile(fileobj=raw, mode="wb", mtime=0, filename="") as out:
        out.write(text.encode())


if __name__ == "__main__":
    main()
