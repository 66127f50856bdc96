"""Writes nested.data.tsv.gz: samples of mice of cages, unbalanced, with their own missing patterns, from one seed."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np

FEATURES = 10


def layout(rng: np.random.Generator, cages: int, mice: tuple[int, int], samples: tuple[int, int]):
    """Cage and mouse of every sample; mice are numbered within their cage."""
    rows = [
        (cage, mouse)
        for cage in range(cages)
        for mouse in range(rng.integers(*mice))
        for _ in range(rng.integers(*samples))
    ]
    return np.array(rows).T


def main() -> None:
    rng = np.random.default_rng(20240811)
    names = [f"y{j}" for j in range(FEATURES)]
    lines = ["\t".join(["design", "outer", "inner", "label", "age", *names])]
    for name, size in {
        "arms of cages": (10, (2, 5), (1, 6)),
        "mice within cages": (12, (2, 5), (2, 5)),
        "samples within mice": (9, (1, 5), (1, 6)),
        "infants followed": (24, (1, 3), (3, 9)),
    }.items():
        cage, mouse = layout(rng, *size)
        unit = np.unique(cage * 100 + mouse, return_inverse=True)[1]
        label = {"arms of cages": cage % 2, "mice within cages": mouse % 2, "infants followed": cage % 3 == 0}.get(
            name, rng.integers(0, 2, len(cage))
        )
        label = np.asarray(label, dtype=float)
        age = rng.normal(40, 12, len(cage)).round(1)
        of_cage = rng.normal(size=(cage.max() + 1, FEATURES))[cage] * rng.uniform(0, 1.2, FEATURES)
        of_mouse = rng.normal(size=(unit.max() + 1, FEATURES))[unit] * rng.uniform(0, 1.2, FEATURES)
        y = 3 + of_cage + of_mouse + rng.normal(size=of_cage.shape) + 0.4 * label[:, None] + 0.01 * age[:, None]
        y[rng.random(y.shape) < np.linspace(0, 0.3, FEATURES)] = np.nan
        for i in range(len(cage)):
            cells = ["NA" if np.isnan(v) else f"{v:.6g}" for v in y[i]]
            lines.append("\t".join([name, f"c{cage[i]}", f"m{mouse[i]}", f"{label[i]:g}", f"{age[i]:g}", *cells]))
    text = "\n".join(lines) + "\n"
    place = Path(__file__).with_name("nested.data.tsv.gz")
    with place.open("wb") as raw, gzip.GzipFile(fileobj=raw, mode="wb", mtime=0, filename="") as out:
        out.write(text.encode())


if __name__ == "__main__":
    main()
