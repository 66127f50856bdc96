"""From a thousand molecules to one, on simulated studies whose truth is known: bench-molecules.

(a) 200 studies (1,000 molecules in serum and cerebrospinal fluid, one true mediator, 50 molecules that only fall, 50
that only rise, drugs, batches with drift, 30 % of the values below detection): is the mediator ranked first? (b) 200
studies without a mediator, and 200 in which it lacks exactly one of its four links, in turn: how often is anything a
candidate? Judged by exact binomial tests at 1 % (Holm over the cells). What AdaFilter adjusts to 0.05 or less is shown
beside: it ranks, and claims nothing. (c) 10,000 molecules × 4 specimens × 12 arms, from tables to estimates.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import molecules_speed
import numpy as np
import pandas as pd
from harness import keep
from null.judge import judged

#: Six cages of three animals per arm; planted changes of 2 in log2 between animals of SD 0.8.
DESIGN: dict[str, Any] = {"cages": 6, "animals": 3, "strains": 2, "molecules": 1000, "effect": 2.0, "below": 0.3}
LINKS = ("removed serum", "removed csf", "given serum", "given csf")
GOALS = {"first": 0.95, "seconds": 30.0, "claims": 0.05}
MEDIATOR, STRAIN, DIRECTION = "nicotinamide", "Akkermansia muciniphila", "falls and rises"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=200)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--only", choices=("mediator", "none", "one link false", "speed"), action="append")
    chosen = parser.parse_args()
    parts = chosen.only or ["mediator", "none", "one link false", "speed"]
    began = time.perf_counter()
    jobs = [(part, seed) for part in parts if part != "speed" for seed in range(1, chosen.studies + 1)]
    found = pd.DataFrame(list(_spread(jobs, chosen.workers)))
    figures: dict[str, Any] = {"studies": chosen.studies, "design": DESIGN, "goals": GOALS}
    short: list[str] = []
    if len(found):
        short += _told(found, figures)
    if "speed" in parts:
        figures |= molecules_speed.measured()
        short += ["seconds"] if figures["seconds"] > GOALS["seconds"] else []
    figures["took_seconds"] = round(time.perf_counter() - began)
    if chosen.only is None:
        keep("molecules", figures)
    print(f"molecules: {_last(figures)}" + (f"; short: {', '.join(short)}" if short else ""))
    return 1 if short else 0


def _spread(jobs: list[tuple[str, int]], workers: int) -> Iterable[dict[str, Any]]:
    """Ask the studies in processes, in their order."""
    if not jobs:
        return
    with ProcessPoolExecutor(workers) as pool:
        for done, row in enumerate(pool.map(asked, jobs, chunksize=2)):
            if sys.stderr.isatty():
                print(f"\r{done + 1}/{len(jobs)}", end="", file=sys.stderr)
            yield row


def asked(job: tuple[str, int]) -> dict[str, Any]:
    """Simulate one study from files on, ask its question, and compare the candidates with the truth."""
    from commensal import load, simulation
    from commensal.questions.mediators import mediators

    part, seed = job
    options = {
        "mediator": {}, "none": {"mediator": False}, "one link false": {"false_link": LINKS[seed % len(LINKS)]},
    }[part]  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        loaded = load(simulation.mediators_study(Path(folder), seed=seed, **(DESIGN | options)))
    rows = mediators(loaded, loaded.declared.questions["mediators"]).estimates
    rows = rows[rows["model"] == "candidate"]
    own = (rows["label"] == MEDIATOR) & (rows["term"] == STRAIN) & (rows["measure"] == DIRECTION)
    true = own & (part == "mediator")
    adjusted = pd.to_numeric(rows["note"].str.extract(r"claims nothing\) ([^;]+)")[0].str.replace("−", "-"))
    adjusted = adjusted.astype(float)  # missing where a line was not measured
    values = [table.values for table in loaded.assays.values()]
    return {
        "part": part, "seed": seed, "link": options.get("false_link"),
        "rank": float(rows.loc[own, "statistic"].iloc[0]),
        "p": float(rows.loc[own, "p"].iloc[0]), "found": bool((rows.loc[own, "q"] <= 0.05).iloc[0]),
        "claims": int(((rows["q"] <= 0.05) & ~true).sum()), "adafilter": int(((adjusted <= 0.05) & ~true).sum()),
        "adafilter_found": bool((adjusted[own] <= 0.05).iloc[0]),
        "below": float(np.mean([(one == 0).mean() for one in values])),
    }  # fmt: skip


def _told(found: pd.DataFrame, figures: dict[str, Any]) -> list[str]:
    """Judge and print what the studies gave; return what falls short."""
    short = []
    figures["below"] = round(float(found["below"].mean()), 3)
    own = found[found["part"] == "mediator"]
    if len(own):
        figures |= {
            "first": float((own["rank"] == 1).mean()), "worst_rank": int(own["rank"].max()),
            "candidate_at_q_0.05": float(own["found"].mean()), "median_p": float(own["p"].median()),
            "adafilter_at_0.05": float(own["adafilter_found"].mean()),
        }  # fmt: skip
        short += ["rank"] if figures["first"] < GOALS["first"] else []
    cells = []
    for part, group in found.groupby("part", sort=False):
        for what in ("claims", "adafilter"):
            hits = int((group[what] > 0).sum())
            cells.append({"what": "p", "setting": part, "rate_of": what, "nominal": 0.05, "studies": len(group),
                          "hits": hits})  # fmt: skip
    claims = judged([cell for cell in cells if cell["rate_of"] == "claims"])
    beside = judged([cell for cell in cells if cell["rate_of"] == "adafilter"])
    shown = ["setting", "rate_of", "studies", "hits", "rate", "p_worse", "rejected"]
    table = pd.concat([claims, beside])[shown]
    with pd.option_context("display.width", 140, "display.float_format", "{:.3g}".format):
        print(table.to_string(index=False), end="\n\n")
    figures["cells"] = table.to_dict("records")
    figures["rejected"] = int(claims["rejected"].sum())
    return [*short, *(["false candidates"] if claims["rejected"].any() else [])]


def _last(figures: dict[str, Any]) -> str:
    words = []
    if "first" in figures:
        words.append(f"the mediator first in {100 * figures['first']:.1f} % of studies (goal ≥ 95 %)")
    if "cells" in figures:
        rates = [cell for cell in figures["cells"] if cell["rate_of"] == "claims"]
        told = ", ".join(f"{cell['hits']} of {cell['studies']} {cell['setting']}" for cell in rates)
        words.append(f"studies with a false candidate: {told} (goal: 5 % not rejected)")
    if "seconds" in figures:
        words.append(f"10,000 × 4 × 12 in {figures['seconds']} s (goal ≤ 30 s)")
    return "; ".join(words)


if __name__ == "__main__":
    sys.exit(main())
