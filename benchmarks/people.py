"""Null rates of what ``cohort`` says of molecules, genes and severity, on real cohorts: ``make bench-people``.

Labels are rearranged where they vary: within families in jacobs2016, whole infants in kostic2015. Sets are drawn at
random, and from features that go together. Severity is a made-up score that families share in part, and one that
changes within infants. Microbes are moved among members of a family beside their molecules. Simulated cohorts without
any effect are judged beside them. A share of p over features is judged by a one-sided t test over shuffles, at 1 %,
with Holm's correction over the cells.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from harness import RESULTS, absent, keep
from scipy.stats import ttest_1samp

import commensal
from commensal import simulation, stats
from commensal.questions import producers
from commensal.questions.cohort import apart_by_taxon
from commensal.questions.cohort_sets import _term, _tested, set_answer
from commensal.questions.cohort_severity import severity_answer
from commensal.questions.comparison import Comparison, compare
from commensal.questions.contributions import contributions
from commensal.questions.household import parts_of
from commensal.questions.pathway_members import Sets
from commensal.questions.scales import scales
from commensal.questions.targeted import targeted_levels
from commensal.study import LoadedStudy, Measure

ROOT = Path(__file__).parents[1]
JUDGE, NOMINAL = 0.01, 0.05
SETS, SIZE, FEATURES = 40, 10, 600
Rates = Iterator[tuple[str, np.ndarray]]


def smaller(comparison: Comparison, rng: np.random.Generator, m: int) -> Comparison:
    """The comparison with m of its features that are found in a fifth of the samples."""
    often = np.flatnonzero((comparison.values > 0).mean(axis=0) > 0.2)
    chosen = np.sort(rng.choice(often, size=min(m, len(often)), replace=False))
    table = comparison.assay
    table = replace(table, features=table.features.iloc[chosen], values=table.values[:, chosen])
    return replace(comparison, assay=table, values=comparison.values[:, chosen])


def rearranged(comparison: Comparison, n: int, seed: int) -> list[Comparison]:
    labels = stats.permutations(comparison.label, block=comparison.block, n=n, seed=seed).labels[:n]
    quick = replace(comparison.question, permutations=499)
    return [replace(comparison, case=row.astype(bool), question=quick) for row in labels]


def sets(comparison: Comparison, rng: np.random.Generator) -> Sets:
    """Sets drawn at random, and sets of features that go together."""
    logs = np.nan_to_num(scales(comparison.assay, comparison.values).log2)
    r = np.abs(np.corrcoef(logs.T))
    members = {f"random {i}": np.sort(rng.choice(len(r), SIZE, replace=False)) for i in range(SETS)}
    members |= {f"alike {i}": np.sort(np.argsort(-r[j])[:SIZE]) for i, j in enumerate(rng.choice(len(r), SETS))}
    names = {name: name for name in members}
    return Sets("made", names, members, dict.fromkeys(members, SIZE), dict.fromkeys(members, 3), "of {}")


def of_sets(comparison: Comparison, each: Sets) -> Rates:
    scale = scales(comparison.assay, comparison.values)
    part = parts_of(comparison)[0]
    rows = pd.concat(_tested(_term(part, scale), scale, each))
    for kind in ("random", "alike"):
        for model, own in rows[rows["feature"].str.startswith(kind)].groupby("model"):
            yield f"{model}, sets {kind}", own["p"].to_numpy(float)


def of_levels(comparison: Comparison) -> Rates:
    question = replace(comparison.question, targeted=tuple(map(str, comparison.assay.features.index[:100])))
    rows = targeted_levels(
        replace(comparison, question=question), scales(comparison.assay, comparison.values)
    ).estimates
    for (model, term), own in rows[rows["p"].notna()].groupby(["model", "term"]):
        yield f"{model}, {term}", own["p"].to_numpy(float)


def of_severity(loaded: LoadedStudy, comparison: Comparison, rng: np.random.Generator, *, inside: bool) -> Rates:
    """A score that has nothing to do with any feature: shared in part by the block, or changing within subjects."""
    frame = loaded.samples.copy()
    unit = comparison.block if comparison.block is not None else np.asarray(comparison.subjects)
    shared = dict(zip(np.unique(unit), rng.normal(size=len(np.unique(unit))), strict=True))
    own = {who: rng.normal() for who in comparison.subjects}
    score = np.array([shared[u] + own[s] for u, s in zip(unit, comparison.subjects, strict=True)])
    frame["made_up"] = np.nan
    frame.loc[list(comparison.samples), "made_up"] = score + (rng.normal(size=len(score)) if inside else 0.0)
    frame["time"] = np.arange(len(frame), dtype=float)
    declared = replace(loaded.declared, measures={"made_up": Measure("made_up", "higher")})
    study = replace(loaded, declared=declared, samples=frame, phenotypes=None)
    question = replace(comparison.question, severity={"measure": "made_up", "at": "nearest"})
    asked = replace(comparison, question=question)
    rows = severity_answer(study, asked, scales(comparison.assay, comparison.values)).estimates
    for model, own_rows in rows[rows["p"].notna()].groupby("model"):
        yield f"{model}, {'within subjects' if inside else 'between people'}", own_rows["p"].to_numpy(float)


def of_pairs(table: producers._Table, rng: np.random.Generator) -> Rates:
    """Move the microbes' rows among members of a block (whole blocks' means for `between`)."""
    order = np.arange(len(table.x))
    for name in np.unique(table.block):
        own = np.flatnonzero(table.block == name)
        order[own] = rng.permutation(own)
    found = producers._associated(replace(table, x=table.x[order]), "within")
    if found is not None:
        yield "producer, within", found.p.ravel()


def real(name: str, folder: Path, n: int) -> Iterator[tuple[str, int, np.ndarray]]:
    rng = np.random.default_rng(20161018)
    loaded = commensal.load(ROOT / "examples" / name / "study.toml", folder)
    question = next(iter(loaded.declared.questions.values()))
    question = replace(question, targeted=(), severity=None, producers={})
    comparison = smaller(compare(loaded, question, "metabolome"), rng, FEATURES)
    each = sets(comparison, rng)
    for i, one in enumerate(rearranged(comparison, n, 1)):
        for cell, p in (*of_sets(one, each), *of_levels(one)):
            yield cell, i, p
    for i in range(n):
        for inside in (False, True) if comparison.block_name == "subject" else (False,):
            for cell, p in of_severity(loaded, comparison, rng, inside=inside):
                yield cell, i, p
    table = producers._table(loaded, question, "taxa", "metabolome")
    few = np.flatnonzero(table.tested)[:300]
    table = replace(table, y=table.y[:, few], tested=np.ones(len(few), bool))
    for i in range(n):
        for cell, p in of_pairs(table, rng):
            yield cell, i, p


def simulated(n: int) -> Iterator[tuple[str, int, np.ndarray]]:
    none = dict.fromkeys(
        ("abundance_effect", "prevalence_effect", "richness_effect", "molecule_effect", "severity_effect"), 0.0
    )
    for seed in range(1, n + 1):
        with tempfile.TemporaryDirectory() as folder:
            loaded = commensal.load(simulation.cohort(Path(folder), seed=seed, **none))
        question = replace(loaded.declared.questions["patients"], permutations=499)
        whole, split = apart_by_taxon(compare(loaded, question, "genes"))
        rows = set_answer(loaded, whole, scales(whole.assay, whole.values)).estimates
        for model, own in rows[rows["p"].notna() & (rows["term"] == "within")].groupby("model"):
            yield f"{model}, pathways", seed, own["p"].to_numpy(float)
        assert split is not None
        rows = contributions(split).estimates
        yield "contribution", seed, rows["p"].dropna().to_numpy(float)
        rows = severity_answer(loaded, whole, scales(whole.assay, whole.values)).estimates
        for model, own in rows[rows["p"].notna()].groupby("model"):
            yield f"{model}, between people", seed, own["p"].to_numpy(float)


COLUMNS = ["study", "cell", "m", "shuffles", "rate", "se", "p"]


def measured(values: pd.DataFrame) -> pd.DataFrame:
    cells = []
    for key, group in values.groupby(["study", "cell"], sort=False):
        share = group["share"].to_numpy(float)
        p = float(ttest_1samp(share, NOMINAL, alternative="greater").pvalue) if share.std() > 0 else 1.0
        se = share.std(ddof=1) / np.sqrt(len(share))
        cells.append((*key, int(group["m"].median()), len(share), share.mean(), se, p))
    return pd.DataFrame(cells, columns=COLUMNS)


def judged(table: pd.DataFrame) -> pd.DataFrame:
    order = np.argsort(table["p"].to_numpy())
    holm = np.maximum.accumulate(table["p"].to_numpy()[order] * (len(table) - np.arange(len(table))))
    table.loc[order, "p_holm"] = np.minimum(holm, 1)
    table["rejected"] = table["p_holm"] < JUDGE
    return table


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--shuffles", type=int, default=60)
    parser.add_argument("--only", choices=("jacobs2016", "kostic2015", "simulated"), help="the others as last measured")
    args = parser.parse_args()
    rows, before = [], pd.DataFrame(columns=COLUMNS)
    if args.only:
        cells = pd.DataFrame(json.loads((RESULTS / "people.json").read_text())["cells"])
        before = cells.loc[cells["study"] != args.only, COLUMNS]
    for name in ("jacobs2016", "kostic2015"):
        if args.only not in (None, name):
            continue
        if not (args.data / name).is_dir():
            return absent("people", f"no {args.data / name}")
        rows += [(name, *one) for one in real(name, args.data / name, args.shuffles)]
    if args.only in (None, "simulated"):
        rows += [("simulated", *one) for one in simulated(args.shuffles)]
    values = pd.DataFrame(
        [(study, cell, i, float((p[np.isfinite(p)] <= NOMINAL).mean()), int(np.isfinite(p).sum()))
         for study, cell, i, p in rows if np.isfinite(p).any()],
        columns=["study", "cell", "shuffle", "share", "m"],
    )  # fmt: skip
    table = judged(pd.concat([before, measured(values)], ignore_index=True))
    print(table.to_string(index=False, float_format=lambda x: f"{x:.4f}"))
    keep("people", {"shuffles": args.shuffles, "nominal": NOMINAL, "cells": table.to_dict("records")})
    bad = int(table["rejected"].sum())
    print(f"people: {bad} of {len(table)} null rates are above 5 % (goal 0)")
    return int(bad > 0)


if __name__ == "__main__":
    sys.exit(main())
