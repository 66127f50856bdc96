"""Null rates and coverage of every p of ``commensal.stats``: part of ``make calibration``.

Each cell of the table is one estimator in one design. Where many features share a design, every feature is a study of
its own. A cell is rejected when an exact one-sided binomial test says at 1 %, by Holm over all cells, that its rate is
above the nominal one, or that its intervals cover less than 95 %. Cells in which an estimator does not promise its
level are measured and shown with what to use in its place; the goal is that no other cell is rejected.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import zlib
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd

os.environ.setdefault("OMP_NUM_THREADS", "1")
from harness import RESULTS as FOLDER
from harness import keep
from null import detection, events, models, outcomes, studies
from null.designs import Cell
from null.judge import judged, measured
from null.page import write_page

RESULTS = FOLDER / "engine_null.json"
PAGE = Path(__file__).parents[1] / "docs" / "calibration.md"
#: Studies: features of batched estimators, and studies taken one by one.
EVERYDAY, FULL = (20_000, 600), (100_000, 5_000)


def groups(m: int, one: int) -> dict[str, Iterator[Cell]]:
    """All cells, by the group that a reader looks for."""
    return {
        "Linear models": models.fixed(m),
        "Mixed models": models.mixed(m),
        "Repeated samples": models.repeated(m // 10),
        "Presence": models.present(m // 4),
        "Permutation, feature by feature": models.rearranged(m // 10),
        "Two tables": models.associated(m),
        "Communities and maxima": studies.communities(one // 2),
        "Sets": studies.sets(one),
        "Many arms, one control": studies.arms(one // 2),
        "Survival": studies.survival(one),
        "Outcomes of animals": outcomes.outcomes(m // 20, one),
        "Counts": outcomes.counts(m // 20),
        "Limits of detection": detection.detection(m // 4),
        "Events": events.events(one),
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
    parser.add_argument("--full", action="store_true", help="five to eight times as many studies")
    parser.add_argument("--features", type=int, help="studies of one batched call, instead of that")
    parser.add_argument("--studies", type=int, help="studies taken one by one, instead of that")
    parser.add_argument("--only", default="", help="groups whose name contains this; kept figures of others stay")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    chosen = parser.parse_args()
    m, one = FULL if chosen.full else EVERYDAY
    m, one = chosen.features or m, chosen.studies or one
    wanted = {name: sum(1 for _ in cells) for name, cells in groups(m, one).items() if chosen.only in name}
    jobs = [(name, number, m, one) for name, count in wanted.items() for number in range(count)]
    rows: list[dict[str, object]] = []
    with ProcessPoolExecutor(chosen.workers) as pool:
        for done, found in enumerate(pool.map(run, jobs)):
            rows += found
            if sys.stderr.isatty():
                print(f"\r{done + 1}/{len(jobs)} cells", end="", file=sys.stderr)
    return told(kept(rows, dict.fromkeys(wanted, (m, one))))


def kept(rows: list[dict[str, object]], sizes: dict[str, tuple[int, int]]) -> pd.DataFrame:
    """Put these groups in the place of what was kept of them, judge all cells as one family, write figures and page."""
    before = json.loads(RESULTS.read_text()) if RESULTS.exists() else {"cells": [], "sizes": {}}
    rows = rows + [cell for cell in before["cells"] if cell["group"] not in sizes]
    order = list(groups(1000, 20))
    rows = sorted((row for row in rows if row["group"] in order), key=lambda row: order.index(str(row["group"])))
    table = judged(rows)
    measured_with = {name: {"features": m, "studies": one} for name, (m, one) in sizes.items()}
    record = {
        "sizes": {name: size for name, size in {**before["sizes"], **measured_with}.items() if name in order},
        "cells": table.astype(object).where(table.notna(), None).to_dict("records"),
        "rejected": int((table["rejected"] & (table["instead"] == "")).sum()),
    }
    keep("engine_null", record)
    write_page(PAGE)
    return table


def told(table: pd.DataFrame) -> int:
    """Print what is rejected; the command's status."""
    promised = table["instead"] == ""
    bad = table[table["rejected"] & promised]
    with pd.option_context("display.width", 200, "display.max_rows", None, "display.max_colwidth", 60):
        print(bad.to_string(index=False) if len(bad) else "no cell is rejected")
    known = int((table["rejected"] & ~promised).sum())
    print(f"{known} of the {int((~promised).sum())} that are not promised are rejected, with what to use instead")
    print(f"engine_null: {len(bad)} of {int(promised.sum())} promised rates and coverages rejected (goal 0)")
    return 1 if len(bad) else 0


if __name__ == "__main__":
    sys.exit(main())
