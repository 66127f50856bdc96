"""Ways to join the looks at a feature, on the development tables: the figures behind docs/decisions/default-model.md.

Not a goal and not in `make bench`: run it with ``python benchmarks/truth_choice.py --data DIR``. FDR and power as in
`truth.py`, at q < 0.1, on tables that the default was chosen by; the tables held out are not read.
"""
# ruff: noqa: E402  threads are set before numpy reads how many there may be

from __future__ import annotations

import os

for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"

import argparse
import warnings
from concurrent.futures import ProcessPoolExecutor
from importlib import import_module
from pathlib import Path

import numpy as np
import pandas as pd
from harness import keep
from scipy.stats import chi2
from truth_data import DEVELOPMENT, Cell, Drawn, draw, read

from commensal import stats
from commensal.stats._asked import asked
from commensal.stats._comparing import Comparing
from commensal.stats._presence import Arranged
from commensal.stats.joint_test import deviate, same_direction_p

#: The module, of which the package shows the function of the same name.
parts_of = import_module("commensal.stats.two_part")
LEVEL = 0.1
KINDS = [("nonzero", 4.0), ("all", 4.0), ("prevalence", 4.0), ("both", 2.0), ("one way", 4.0), ("confounder", 2.0)]


def cells() -> list[Cell]:
    found = [Cell(table, kind, n, fold) for table in DEVELOPMENT for n in (20, 40) for kind, fold in KINDS]
    return [
        *found,
        Cell("kostic2015", "both", 19, units="whole"),
        Cell("kostic2015", "both", 19, units="within"),
        Cell("jacobs2016", "both", 21, units="within"),
    ]


def looks(drawn: Drawn) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """p of the five looks (5, m), and p of presence by other models where they fit the design."""
    found = asked(
        drawn.counts,
        drawn.label,
        value="counts",
        reference=None,
        zero="absent",
        block=drawn.block,
        covariates=drawn.covariate,
        load=None,
    )
    comparing = Comparing(found.label, found.block, found.covariates)
    frames, abundance = parts_of._abundance(comparing, found.log2, found.present, relative=True)
    arranged = Arranged(comparing, parts_of._log_depth(found.depth))
    term = comparing.terms[0]
    one = abundance[term]
    two = parts_of._presence(comparing, found.present, arranged)[term]
    four = parts_of._ranks(comparing, found.log2, found.present, dict(frames), arranged)[term]
    five = parts_of._amounts(comparing, found.log2, found.present, found.depth, relative=True)[term]
    three = same_direction_p(deviate(one.p, one.direction), deviate(two.p, two.direction))
    at = np.flatnonzero(np.isfinite(two.p))
    beside = [] if arranged.extra is None else [arranged.extra]
    x = np.column_stack([np.ones(len(found.label)), found.label, found.covariates, *beside])
    own, contrast = found.present[:, at], np.eye(x.shape[1])[1]
    others = {"linear, not held": comparing.fits(own, arranged.extra)[term].p}
    if found.block is None:
        others["Firth"] = stats.firth(own, x, contrast).p
        others["maximum likelihood"] = stats.logistic(own, x, contrast).p
    elif term == "within":
        others["conditional"] = stats.conditional_logistic(own, x, contrast, found.block).p
    presence = {}
    for name, p in others.items():
        presence[name] = np.full(len(one.p), np.nan)
        presence[name][at] = p
    return np.stack([one.p, two.p, three, four.p, five.p]), presence


def joined(p: np.ndarray, presence: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """q of every way to join."""

    def bh(values: np.ndarray) -> np.ndarray:
        return stats.bh(values, family="features")

    def pooled(one: np.ndarray, two: np.ndarray) -> np.ndarray:
        return np.fmin(*np.split(bh(np.concatenate([one, two])), 2))

    pair = p[:2]
    count = np.isfinite(pair).sum(axis=0)
    least = np.fmin(*pair)
    fisher = chi2.sf(-2 * np.nansum(np.log(pair), axis=0), 2 * np.maximum(count, 1))
    found = {
        "1 alone": bh(p[0]),
        "4 alone": bh(p[3]),
        "1, 2 pooled": pooled(*pair),
        "1, 2 smallest (Sidak)": bh(
            np.where(count > 0, -np.expm1(count * np.log1p(-np.minimum(least, 1 - 1e-16))), np.nan)
        ),
        "1, 2 Fisher": bh(np.where(count > 0, fisher, np.nan)),
        "1, 2, 3 Cauchy": bh(stats.cauchy_combination(p[:3])),
        "1, 2, 4 Cauchy": bh(stats.cauchy_combination(p[[0, 1, 3]])),
        "1, 2, 3, 4 Cauchy": bh(stats.cauchy_combination(p[:4])),
        "1 to 5 Cauchy": bh(stats.cauchy_combination(p)),
        "5 alone": bh(p[4]),
    }
    return found | {f"1, 2 pooled, 2 {name}": pooled(p[0], other) for name, other in presence.items()}


def one(task: tuple[Cell, int, str]) -> list[tuple[str, str, float, float]]:
    cell, seed, data = task
    warnings.simplefilter("ignore")
    drawn = draw(cell, read(cell.table, Path(data)), seed)
    rows = []
    for name, q in joined(*looks(drawn)).items():
        hit = np.nan_to_num(q, nan=1.0) < LEVEL
        false = (hit & ~drawn.changed).sum() / max(int(hit.sum()), 1)
        rows.append((cell.name, name, float(false), float(hit[drawn.changed].mean())))
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--sets", type=int, default=20)
    given = parser.parse_args()
    tasks = [(cell, seed, str(given.data)) for cell in cells() for seed in range(given.sets)]
    with ProcessPoolExecutor(2) as pool:
        rows = [row for part in pool.map(one, tasks, chunksize=4) for row in part]
    frame = pd.DataFrame(rows, columns=["cell", "joined", "fdp", "power"])
    by_cell = frame.groupby(["joined", "cell"], sort=False)[["fdp", "power"]].mean()
    kind = by_cell.index.get_level_values("cell")
    inside = kind.str.contains("inside")
    free = ~kind.str.contains("units")

    def mean(chosen: np.ndarray | slice) -> pd.Series:
        return by_cell["power"][chosen].groupby("joined", sort=False).mean()

    told = pd.DataFrame(
        {
            "mean power": mean(slice(None)),
            "without blocks": mean(free),
            "label inside": mean(inside),
            "largest FDR": by_cell["fdp"].groupby("joined", sort=False).max(),
        }
    )
    # A model that fits some designs only has no mean over all.
    told.loc[told.index.str.contains("Firth|likelihood|conditional"), "mean power"] = np.nan
    print(told.round(3).to_string())
    keep("truth_choice", {"sets": given.sets, "level": LEVEL, "joined": told.round(4).to_dict("index")})


if __name__ == "__main__":
    main()
