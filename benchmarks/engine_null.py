"""Null rates and coverage of every p of ``commensal.stats``: part of ``make calibration``.

Each cell of the table is one estimator in one design. Where many features share a design, every feature is a study of
its own. A cell is rejected when an exact one-sided binomial test says at 1 %, by Holm over all cells, that its rate is
above the nominal one, or that its intervals cover less than 95 %. Cells in which an estimator does not promise its
level are measured and shown with what to use in its place; the goal is that no other cell is rejected.
"""

from __future__ import annotations

import argparse
import os
import sys
import zlib
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd

os.environ.setdefault("OMP_NUM_THREADS", "1")
from harness import keep
from null import models, studies
from null.designs import Cell
from null.judge import judged, measured
from null.page import write_page

PAGE = Path(__file__).parents[1] / "docs" / "calibration.md"
#: Studies: features of batched estimators, and studies taken one by one.
EVERYDAY, FULL = (20_000, 1_000), (100_000, 5_000)


def groups(m: int, one: int) -> dict[str, Iterator[Cell]]:
    """All cells, by the group that a reader looks for."""
    return {
        "Linear models": models.fixed(m),
        "Mixed models": models.mixed(m),
        "Repeated samples": models.repeated(m // 10),
        "Presence": models.present(m // 4),
        "Permutation, feature by feature": models.rearranged(m // 10),
        "Two tables": models.associated(m),
        "Communities and maxima": studies.communities(one * 2 // 5),
        "Sets": studies.sets(one),
        "Many arms, one control": studies.arms(one * 3 // 10),
        "Survival": studies.survival(one),
        "Families and claims": studies.families(one),
    }


def run(job: tuple[str, int, int, int]) -> list[dict[str, object]]:
    """Measure one cell; it is found again by its number, for a cell's functions do not travel between processes."""
    group, number, m, one = job
    cell = next(cell for at, cell in enumerate(groups(m, one)[group]) if at == number)
    name = "|".join([group, cell.estimator, cell.layout, str(cell.n), cell.values])
    drawn = cell.draw(np.random.default_rng(zlib.crc32(name.encode())))
    return [{"group": group, **row} for row in measured(cell, drawn)]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true", help="five times as many studies")
    parser.add_argument("--only", help="groups whose name contains this; figures are then not kept")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    chosen = parser.parse_args()
    m, one = FULL if chosen.full else EVERYDAY
    wanted = {name: sum(1 for _ in cells) for name, cells in groups(m, one).items() if (chosen.only or "") in name}
    jobs = [(name, number, m, one) for name, count in wanted.items() for number in range(count)]
    rows: list[dict[str, object]] = []
    with ProcessPoolExecutor(chosen.workers) as pool:
        for done, found in enumerate(pool.map(run, jobs)):
            rows += found
            if sys.stderr.isatty():
                print(f"\r{done + 1}/{len(jobs)} cells", end="", file=sys.stderr)
    table = judged(rows)
    bad = table[table["rejected"] & (table["instead"] == "")]
    known = int((table["rejected"] & (table["instead"] != "")).sum())
    with pd.option_context("display.width", 200, "display.max_rows", None, "display.max_colwidth", 60):
        print(bad.to_string(index=False) if len(bad) else "no cell is rejected")
    if not chosen.only:
        keep("engine_null", {"features": m, "studies": one, "cells": table.to_dict("records"), "rejected": len(bad)})
        write_page(PAGE)
    promised = int((table["instead"] == "").sum())
    print(f"{known} of the {len(table) - promised} that are not promised are rejected, with what to use in their place")
    print(f"engine_null: {len(bad)} of {promised} promised rates and coverages rejected (goal 0)")
    return 1 if len(bad) else 0


if __name__ == "__main__":
    sys.exit(main())
