"""The course of a disease on simulated animals: null rates, classes and departures (``make bench-course``).

Animals of two genotypes in cages nested in genotype, sampled at eight ages, with variance between cages, between mice,
and in how cages drift; every feature is a study of its own. Measured are

- null rates of the omnibus test and of the three contrasts, with one onset for all, an onset of each animal, and onsets
  known as intervals; beside them the same contrasts of a model that takes samples as independent, which must fail;
- of the classes that are not ``undetermined`` the share that is right, where features differ before onset, with
  progression, in both phases alike, or in both and less in one of them;
- how often the interval of the departure holds it, for three shapes of difference, from both sides.

Rates and coverages are judged as in the study of null rates: exact binomial tests at 1 %, Holm over all.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from harness import keep
from null.judge import judged
from numpy.typing import NDArray

from commensal import stats

Array = NDArray[np.float64]
AGES, MICE, M = 8, 3, 100
MARGIN, RIGHT = 1.0, 0.95
#: Cages per side, variance between cages, drift of cages: the residual variance is 1.
LAYOUTS = {
    "3 cages a side": (3, 0.25, 0.1),
    "3 cages a side, no variance between cages": (3, 0.0, 0.0),
    "6 cages a side": (6, 0.25, 0.1),
}
ONSETS = ("one for all", "each animal's", "intervals")


class Animals:
    """Samples of mice in cages, with what is known of their onsets."""

    def __init__(self, rng: np.random.Generator, layout: str, onset: str) -> None:
        cages, self.between, self.drift = LAYOUTS[layout]
        self.mouse = np.repeat(np.arange(2 * cages * MICE), AGES)
        self.cage, self.age = self.mouse // MICE, np.tile(np.arange(float(AGES)), 2 * cages * MICE)
        self.case = self.cage >= cages
        self.onset, n = onset, 2 * cages * MICE
        self.fixed = np.column_stack([np.ones(n * AGES), np.eye(AGES)[self.age.astype(int)][:, 1:]])
        own = np.full(n, 3.5) if onset == "one for all" else rng.uniform(2.5, 5.5, n)
        ill = np.arange(n) >= n // 2
        self.truth = self.age >= own[self.mouse]
        if onset == "one for all":
            self.after = self.truth[None]
            return
        low = np.where(onset == "intervals", own - rng.uniform(0, 1.5, n), own)
        high = np.where(onset == "intervals", own + rng.uniform(0, 1.5, n), own)
        drawn = stats.draw_onsets(stats.onset_distribution(low[ill], high[ill]), 5 if onset == "intervals" else 1)
        rows = []
        for one in drawn:
            index, _ = stats.index_ages(one, np.zeros(n // 2), np.full(n // 2, AGES - 1.0))
            rows.append(self.age >= np.r_[index, one][self.mouse])
        self.after = np.array(rows)

    def values(self, rng: np.random.Generator, m: int = M) -> Array:
        cages = self.cage.max() + 1
        y = rng.normal(size=(self.age.size, m)) + 0.5 * rng.normal(size=(self.mouse.max() + 1, m))[self.mouse]
        y += np.sqrt(self.between) * rng.normal(size=(cages, m))[self.cage]
        scaled = (self.age - self.age.mean()) / self.age.std()
        return (
            y + np.sqrt(self.drift) * rng.normal(size=(cages, m))[self.cage] * scaled[:, None] + 0.3 * self.age[:, None]
        )

    def fit(self, y: Array) -> stats.CourseFit:
        return stats.course_contrasts(y, self.case, self.after, self.cage, self.fixed)


def null_rates(studies: int) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for layout in LAYOUTS:
        for onset in ONSETS:
            rng = np.random.default_rng(len(rows) + 7)
            p: dict[str, list[Array]] = {name: [] for name in ("omnibus", "before", "with", "difference", "naive")}
            for _ in range(max(studies // M // (4 if onset == "intervals" else 1), 1)):
                animals = Animals(rng, layout, onset)
                y = animals.values(rng)
                fit = animals.fit(y)
                p["omnibus"].append(fit.omnibus_p)
                for at, name in enumerate(("before", "with", "difference")):
                    p[name].append(fit.p[at])
                x = np.column_stack([animals.fixed, animals.case & ~animals.after[0], animals.case & animals.after[0]])
                p["naive"].append(stats.linear_f(y, x, np.eye(x.shape[1])[-2:]).p)
            for name, found in p.items():
                known = np.concatenate(found)
                known = known[np.isfinite(known)]
                base = {
                    "estimator": f"course, {name}",
                    "layout": f"{layout}; onset {onset}",
                    "what": "p",
                    "instead": "",
                }
                if name == "naive":
                    base |= {"estimator": "samples as independent", "instead": "`course_contrasts`"}
                for nominal in (0.05, 1e-3):
                    hits = int((known <= nominal).sum())
                    rows.append({**base, "nominal": nominal, "studies": known.size, "hits": hits})
    return rows


def classes(studies: int) -> tuple[list[dict[str, object]], Counter[tuple[str, str]]]:
    """Count classes given to features of each planted one; ``both, weaker`` has 0.6 of the effect in one phase."""
    found: Counter[tuple[str, str]] = Counter()
    for layout in ("3 cages a side", "6 cages a side"):
        for onset in ONSETS[:2]:
            for effect in (1.5, 2.5, 4.0):
                rng = np.random.default_rng(int(effect * 10) + len(layout) + len(onset))
                for _ in range(max(studies // M // 12, 1)):
                    animals = Animals(rng, layout, onset)
                    kinds = np.array(
                        ["neither"] * 60 + ["before"] * 10 + ["with"] * 10 + ["both"] * 10 + ["weaker"] * 10
                    )
                    after = animals.truth[:, None]
                    shape = (kinds == "before") * ~after + (kinds == "with") * after + (kinds == "both") * 1.0
                    shape = shape + (kinds == "weaker") * np.where(after, 1.0, 0.6)
                    signs = rng.choice([-1, 1], M)
                    fit = animals.fit(animals.values(rng) + effect * signs * shape * animals.case[:, None])
                    cubes = (getattr(fit, name)[None] for name in ("p", "effect", "low", "high"))
                    named = stats.course_classes(fit.omnibus_p[None], *cubes, [MARGIN], family="planted").name
                    found.update(zip(kinds.tolist(), named.tolist(), strict=True))
    truth = {"weaker": "both"}
    rows = []
    for name in ("before", "with", "both", "neither"):
        told = {kind: n for (kind, given), n in found.items() if given == name}
        right = sum(n for kind, n in told.items() if truth.get(kind, kind) == name)
        rows.append({"class": name, "told": sum(told.values()), "right": right})
    return rows, found


def departures(studies: int) -> list[dict[str, object]]:
    rows = []
    for shape in ("hinge", "step", "ramp"):
        for at in (2.3, 3.5, 4.6):
            for effect in (2.0, 4.0):
                rng = np.random.default_rng(int(at * 10) + int(effect) + len(shape))
                inside = below = above = known = tried = 0
                for _ in range(max(studies // M // 12, 1)):
                    animals = Animals(rng, "6 cages a side", "one for all")
                    since = np.maximum(animals.age - at, 0)
                    ramp = {"hinge": since / (AGES - 1 - at), "step": since > 0, "ramp": np.minimum(since / 2, 1)}[
                        shape
                    ]
                    y = animals.values(rng) + effect * (ramp * animals.case)[:, None]
                    fit = stats.departure(y, animals.case, animals.age, animals.cage, animals.fixed)
                    ok = fit.status == "ok"
                    low, high = np.nan_to_num(fit.low[ok], nan=-np.inf), np.nan_to_num(fit.high[ok], nan=np.inf)
                    inside += int(((low <= at) & (at <= high)).sum())
                    below, above = below + int((high < at).sum()), above + int((low > at).sum())
                    known, tried = known + int(ok.sum()), tried + M
                rows.append(
                    {"estimator": "departure", "layout": f"{shape} at {at:g}, {effect:g} SD", "what": "coverage"}
                    | {"nominal": 0.95, "studies": known, "hits": inside, "instead": "", "tried": tried}
                    | {"too_early": below, "too_late": above}
                )
    return rows


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=6_000, help="features per cell")
    chosen = parser.parse_args()
    rates, covered = null_rates(chosen.studies), departures(chosen.studies)
    told, crossed = classes(chosen.studies)
    table = judged([*rates, *covered])
    bad = table[table["rejected"] & (table["instead"] == "")]
    naive = table[(table["instead"] != "") & (table["nominal"] == 0.05)]
    print(
        table[["estimator", "layout", "what", "nominal", "studies", "rate", "se", "rejected", "wide"]].to_string(
            index=False
        )
    )
    for (kind, given), n in sorted(crossed.items()):
        print(f"planted {kind:8} called {given:13} {n:6}")
    shares = {str(row["class"]): int(str(row["right"])) / max(int(str(row["told"])), 1) for row in told}
    right = sum(int(str(row["right"])) for row in told) / max(sum(int(str(row["told"])) for row in told), 1)
    keep("course", {
        "studies": chosen.studies, "cells": table.to_dict("records"), "classes": told, "right": right,
        "crossed": [{"planted": kind, "called": given, "n": n} for (kind, given), n in sorted(crossed.items())],
    })  # fmt: skip
    print(f"samples as independent: null rate at 0.05 from {naive['rate'].min():.3f} to {naive['rate'].max():.3f}")
    each = ", ".join(f"{name} {share:.1%}" for name, share in shares.items())
    print(
        f"course: {len(bad)} of {int((table['instead'] == '').sum())} rates and coverages rejected (goal 0); "
        f"of the classes told {right:.1%} are right (goal {RIGHT:.0%}): {each}"
    )
    return int(bool(len(bad)) or right < RIGHT or min(shares.values()) < RIGHT)


if __name__ == "__main__":
    sys.exit(main())
