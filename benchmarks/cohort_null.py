"""Null rates of ``cohort`` under restricted label shuffles of the real cohorts: ``make calibration``.

In jacobs2016 labels are shuffled within families, in kostic2015 among whole infants. A rate over features is judged
by a one-sided t test over the shuffles' shares, a rate over shuffles by an exact binomial test; both at 1 %, with
Holm's correction over the cells of the table.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from harness import absent, keep
from scipy.stats import binomtest, ttest_1samp

import commensal
from commensal import stats
from commensal.questions.comparison import Comparison, compare
from commensal.questions.diversity import composition, diversity
from commensal.questions.features import feature_rows
from commensal.questions.scales import scales

ROOT = Path(__file__).parents[1]
STUDIES = ("jacobs2016", "kostic2015")
NOMINAL = (0.05, 1e-3, 1e-4)
JUDGE = 0.01


def shuffled(comparison: Comparison, n: int) -> list[Comparison]:
    """The comparison under n random restricted arrangements of its labels."""
    labels = stats.permutations(comparison.label, block=comparison.block, n=n, seed=20161018).labels[:n]
    return [replace(comparison, case=row.astype(bool)) for row in labels]


def rates(comparison: Comparison, shuffle: int) -> list[dict[str, object]]:
    """Shares of p below each nominal rate, and whether anything passes q < 0.05, per kind of row of the first term."""
    scale = scales(comparison.assay, comparison.values)
    quick = replace(comparison, question=replace(comparison.question, permutations=199))
    frames = [feature_rows(comparison, scale), composition(quick, scale).estimates]
    if comparison.assay.assay.kind == "taxa":
        frames.append(diversity(comparison, scale).estimates)
    rows = pd.concat(frames, ignore_index=True)
    rows = rows[rows["p"].notna() & (rows["term"] == comparison.terms[0])]
    found: list[dict[str, object]] = []
    base = {"assay": comparison.assay.name, "shuffle": shuffle}
    for model, group in rows.groupby("model"):
        for nominal in NOMINAL if model in {"abundance", "prevalence", "joint"} else (0.05,):
            share = float((group["p"] <= nominal).mean())
            found.append({**base, "rows": model, "nominal": nominal, "kind": "share", "value": share, "m": len(group)})
    features = rows[rows["model"].isin(["abundance", "prevalence"])]
    # Each is a family of its own: the two parts together, and the joint tests.
    for name, own in (("features", features), ("joint", rows[rows["model"] == "joint"])):
        if len(own):
            hit = float((own["q"] < 0.05).any())
            found.append({**base, "rows": name, "nominal": 0.05, "kind": "any q", "value": hit, "m": len(own)})
    return found


def judged(values: pd.DataFrame) -> pd.DataFrame:
    """One row per cell: rate, its standard error over shuffles, and the p of its being too high (Holm over cells)."""
    cells = []
    for key, group in values.groupby(["study", "assay", "rows", "nominal", "kind"], sort=False):
        value, nominal = group["value"].to_numpy(float), float(key[3])
        n = len(value)
        if key[4] == "any q":
            p = binomtest(int(value.sum()), n, nominal, alternative="greater").pvalue
        else:
            p = float(ttest_1samp(value, nominal, alternative="greater").pvalue) if value.std() > 0 else 1.0
        cells.append((*key, group["m"].median(), value.mean(), value.std(ddof=1) / np.sqrt(n), p))
    columns = ["study", "assay", "rows", "nominal", "kind", "m", "rate", "se", "p"]
    table = pd.DataFrame(cells, columns=columns)
    order = np.argsort(table["p"].to_numpy())
    holm = np.maximum.accumulate(table["p"].to_numpy()[order] * (len(table) - np.arange(len(table))))
    table.loc[order, "p_holm"] = np.minimum(holm, 1)
    table["rejected"] = table["p_holm"] < JUDGE
    return table


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--shuffles", type=int, default=200)
    parser.add_argument("--study", choices=STUDIES, action="append")
    chosen = parser.parse_args()
    found = []
    for name in chosen.study or STUDIES:
        if not (chosen.data / name).is_dir():
            return absent("calibration", f"no {chosen.data / name}")
        loaded = commensal.load(ROOT / "examples" / name / "study.toml", chosen.data / name)
        for question in loaded.declared.questions.values():
            for assay in question.assays or loaded.assays:
                for index, comparison in enumerate(shuffled(compare(loaded, question, assay), chosen.shuffles)):
                    found += [{"study": name, **row} for row in rates(comparison, index)]
                    if sys.stderr.isatty():
                        print(f"\r{name} {assay} {index + 1}/{chosen.shuffles}", end="", file=sys.stderr)
    table = judged(pd.DataFrame(found))
    with pd.option_context("display.width", 160, "display.max_rows", None, "display.float_format", "{:.3g}".format):
        print(table.to_string(index=False))
    bad = int(table["rejected"].sum())
    if not chosen.study:
        keep("cohort_null", {"shuffles": chosen.shuffles, "cells": table.to_dict("records"), "rejected": bad})
    print(f"calibration: {bad} of {len(table)} null rates rejected (goal 0)")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
