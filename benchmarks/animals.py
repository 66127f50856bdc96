"""The animal questions on simulated studies whose truth is known, and a whole study from tables to page: bench-animals.

(a) 200 studies of arms with cages: intervals cover what was planted, the screen's verdicts are false in no more studies
than they may be; the same questions asked without cages are shown beside. (b) 200 courses: of the taxa that are classed
at all nineteen in twenty are classed rightly, and the departure's interval covers. (c) A whole study in seconds and
peak memory. Coverage and familywise error are judged by exact binomial tests at 1 % (Holm over all cells).
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import animal_course
import animal_outcomes
import numpy as np
import pandas as pd
from harness import keep, measured
from null.judge import judged

#: 12 arms × 12 animals × 8 times × 6 measures, 400 taxa, 1,000 molecules, 20,000 genes.
WHOLE = {
    "animals": 12, "cages": 4, "strains": 4, "doses": 2, "times": 8, "measures": 6, "taxa": 400, "molecules": 1000,
    "genes": 20_000,
}  # fmt: skip
GOALS = {"seconds": 60.0, "right": 0.95}
FAMILYWISE = 0.05
#: A cell with fewer studies says nothing.
FEWEST = 20


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=200)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--only", choices=("outcomes", "course", "whole"), action="append")
    chosen = parser.parse_args()
    parts = chosen.only or ["outcomes", "course", "whole"]
    began = time.perf_counter()
    cells: list[dict[str, Any]] = []
    figures: dict[str, Any] = {"studies": chosen.studies}
    if "outcomes" in parts:
        jobs = [(setting, seed) for setting in animal_outcomes.SETTINGS for seed in range(1, chosen.studies + 1)]
        found = [row for rows in spread(animal_outcomes.asked, jobs, chosen.workers) for row in rows]
        cells += outcome_cells(pd.DataFrame(found))
    if "course" in parts:
        courses = list(spread(animal_course.asked, range(1, chosen.studies + 1), chosen.workers))
        frame, shares = animal_course.table(courses)
        print(frame.to_string(), end="\n\n")
        figures |= {"classes": frame.to_dict(), **shares}
        cells += [{"what": "coverage", "ignored": False, "apart": False, "nominal": 0.95, "setting": "course", **cell}
                  for cell in animal_course.departures(courses)]  # fmt: skip
    if "whole" in parts:
        figures |= whole()
    return told(cells, figures, time.perf_counter() - began, chosen.only is None)


def spread(function: Callable[[Any], Any], jobs: Iterable[Any], workers: int) -> Iterable[Any]:
    """Run the jobs in processes, in their order."""
    jobs = list(jobs)
    with ProcessPoolExecutor(workers) as pool:
        for done, found in enumerate(pool.map(function, jobs, chunksize=2)):
            if sys.stderr.isatty():
                print(f"\r{done + 1}/{len(jobs)}", end="", file=sys.stderr)
            yield found


def outcome_cells(found: pd.DataFrame) -> list[dict[str, Any]]:
    """Count how often each quantity's interval held, and how often a family of verdicts was false."""
    cells = []
    keys = ["what", "setting", "question", "model", "measure", "arm", "time", "apart", "ignored"]
    for key, group in found.groupby(keys, dropna=False, sort=False):
        named = dict(zip(keys, key, strict=True))
        known = group["holds"].dropna()
        words = [named[name] for name in ("question", "model", "measure", "arm") if isinstance(named[name], str)]
        words += [f"{named['time']:.0f}"] if pd.notna(named["time"]) else []
        nominal = {"coverage": 0.95, "familywise": FAMILYWISE, "called equivalent": FAMILYWISE}.get(named["what"])
        cells.append(
            {
                "what": named["what"],
                "setting": named["setting"],
                "quantity": " / ".join(words),
                "model": named["model"] if isinstance(named["model"], str) else named["what"],
                "ignored": bool(named["ignored"]),
                "apart": bool(named["apart"]) if pd.notna(named["apart"]) else False,
                "nominal": nominal,
                "studies": len(known),
                "hits": int(known.sum()),
            }
        )
    return cells


def whole() -> dict[str, Any]:
    """Run one large study from its tables to its page, as a user would."""
    commensal = str(Path(sys.executable).parent / "commensal")
    from commensal import simulation

    with tempfile.TemporaryDirectory() as folder:
        study = simulation.animal(Path(folder) / "study", seed=1, **WHOLE)
        run = measured([commensal, "run", str(study), "--out", str(Path(folder) / "out")])
        page = Path(folder) / "out" / "report.html"
        size = page.stat().st_size / 1e6 if page.exists() else float("nan")
    return {
        "seconds": round(run.seconds, 1),
        "peak_gb": round(run.peak_gb, 2),
        "page_mb": round(size, 2),
        "exit": run.status,
        "whole": WHOLE,
    }


def told(cells: list[dict[str, Any]], figures: dict[str, Any], took: float, everything: bool) -> int:
    """Judge, print, keep, and return the exit status."""
    short = []
    if cells:
        table = _judged(cells)
        own = table[~table["ignored"] & ~table["apart"] & table["nominal"].notna()]
        naive = table[table["ignored"] & ~table["apart"]]
        with pd.option_context("display.width", 170, "display.max_rows", None, "display.float_format", "{:.3g}".format):
            shown = ["what", "setting", "quantity", "ignored", "studies", "rate", "p_worse", "rejected"]
            print(_summed(table).to_string(index=False), end="\n\n")
            print(table.loc[(table["rejected"] & ~table["ignored"]) | table["what"].ne("coverage"), shown].to_string())
        bad = int(own["rejected"].sum())
        figures |= {"cells": table.drop(columns=["p_worse"]).to_dict("records"), "judged": len(own), "rejected": bad}
        figures["naive_rejected"] = int(naive["rejected"].sum())
        short += [f"{bad} of {len(own)} cells rejected"] if bad else []
        if not everything:
            print(f"(without cages: {figures['naive_rejected']} of {len(naive)} rejected)")
    if "right" in figures and figures["right"] < GOALS["right"]:
        short.append("classes")
    if "seconds" in figures and (figures["seconds"] > GOALS["seconds"] or figures["exit"] != 0):
        short.append("whole study")
    figures |= {"took_seconds": round(took), "goals": GOALS}
    if everything:
        keep("animals", _plain(figures))
    print(f"animals: {_last(figures)}" + (f"; short: {', '.join(short)}" if short else ""))
    return 1 if short else 0


def _judged(cells: list[dict[str, Any]]) -> pd.DataFrame:
    """Judge with cages and without as families of their own: many rejections of the naive must not hide ours."""
    frame = pd.DataFrame(cells)
    frame = frame[frame["studies"] >= FEWEST].reset_index(drop=True)
    parts = []
    for _, group in frame[frame["nominal"].notna()].groupby(["ignored", "apart"], sort=False):
        rows = group.assign(what=np.where(group["what"] == "coverage", "coverage", "p"))
        parts.append(judged(rows.to_dict("records")).assign(what=group["what"].to_numpy()))
    power = frame[frame["nominal"].isna()]
    parts.append(power.assign(rate=power["hits"] / power["studies"], rejected=False, wide=False, p_worse=np.nan))
    return pd.concat(parts, ignore_index=True)


def _summed(table: pd.DataFrame) -> pd.DataFrame:
    """Return rates over all cells of a model: what a reader wants to see first."""
    grouped = table.groupby(["what", "setting", "model", "apart", "ignored"], dropna=False, sort=False)
    summed = grouped.agg(cells=("hits", "size"), studies=("studies", "sum"), hits=("hits", "sum"),
                         worst=("rate", lambda one: one.min()), rejected=("rejected", "sum"),
                         nominal=("nominal", "first")).reset_index()  # fmt: skip
    summed["rate"] = summed["hits"] / summed["studies"]
    return summed


def _last(figures: dict[str, Any]) -> str:
    words = []
    if "judged" in figures:
        words.append(f"{figures['rejected']} of {figures['judged']} rates rejected (goal 0)")
        words.append(f"without cages {figures['naive_rejected']}")
    if "right" in figures:
        words.append(
            f"{100 * figures['right']:.1f} % of classes right (goal ≥ 95 %; "
            f"{100 * figures['right_by_margin']:.1f} % where slow departures count by the margin)"
        )
    if "seconds" in figures:
        words.append(f"whole study {figures['seconds']} s, {figures['peak_gb']} GB (goal ≤ 60 s)")
    return ", ".join(words)


def _plain(value: Any) -> Any:
    """Return figures that JSON can hold: numbers of numpy as Python's, missing as null."""
    if isinstance(value, dict):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not np.isfinite(value) else value


if __name__ == "__main__":
    sys.exit(main())
