"""Differential abundance against implanted truth: ``make bench-truth``.

Signals are implanted into real tables (`truth_data.py`); ours and five other methods look for them. For each cell: the
mean false discovery proportion (the empirical FDR) and the share of implanted features found (power), at q < 0.05 and
q < 0.1. A cell's FDR is judged by a one-sided t test over data sets with Holm over the cells, at 1 %; power is
compared with the best other method whose FDR holds in that cell, in tables on which the default was chosen and
in tables that were not looked at for it apart. MaAsLin3 is not in Debian: its figures are frozen ones, on another
large table, and are compared on the average only.
"""
# ruff: noqa: E402  threads are set before numpy reads how many there may be

from __future__ import annotations

import os

for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"

import argparse
import sys
import time
import warnings
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
from harness import NOT_MEASURED, absent, keep
from scipy.stats import ttest_1samp
from truth_data import DEVELOPMENT, HELD_OUT, Cell, Drawn, Table, draw, read

from commensal import stats
from commensal.stats.linda import _asked_counts, _scikit_bio

OURS, LEVELS, JUDGE, NEAR = "commensal", (0.05, 0.1), 0.01, 0.03
#: MaAsLin3 0.99.1 and a two-part prototype, FDR and power at q < 0.1, measured once on another table (1,527 samples,
#: 151 species): signal, n per group, fold → (FDR, power).
FROZEN = {
    ("nonzero", 40, 4.0): (0.06, 0.51),
    ("nonzero", 100, 2.0): (0.02, 0.42),
    ("nonzero", 100, 4.0): (0.03, 0.90),
    ("both", 100, 2.0): (0.05, 0.58),
    ("one way", 100, 4.0): (0.07, 0.88),
    ("confounder", 100, 2.0): (0.10, 0.56),
}
_TABLES: dict[str, Table] = {}


def cells(*, full: bool) -> list[Cell]:
    kinds = [("nonzero", 4.0), ("all", 4.0), ("prevalence", 4.0), ("both", 2.0), ("one way", 4.0), ("confounder", 2.0)]
    found = []
    for table in DEVELOPMENT:
        sizes = (20, 40, 100) if full or table == "jacobs2016" else (20, 40)
        found += [Cell(table, kind, n, fold) for n in sizes for kind, fold in kinds]
        found.append(Cell(table, "nonzero", 100, 2.0))
    found += [
        Cell("kostic2015", "both", 19, units="whole"),
        Cell("kostic2015", "both", 19, units="within"),
        Cell("jacobs2016", "both", 21, units="within"),
        Cell("jenior2018", "both", 27, units="whole"),
        Cell("pd_mouse2016", "both", 13, units="within"),
    ]
    for table in HELD_OUT:
        found += [Cell(table, kind, 20, fold) for kind, fold in kinds]
    found += [Cell("jacobs2016", "null", 20), Cell("kostic2015", "null", 19, units="whole")]
    return found


def hits(drawn: Drawn, *, full: bool) -> dict[str, np.ndarray]:
    """q of every feature by every method; NaN where one does not fit the design. ANCOM-BC2 with ``--full`` only."""
    label, block = drawn.label, drawn.block
    whole = block is not None and not _inside(label, block)
    beside = drawn.covariate
    found = {OURS: stats.differential(drawn.counts, label, block=block, covariates=beside).test().q}
    found["limma on logs"] = stats.moderated_logs(drawn.counts, label, block=block, covariates=beside).q
    found["LinDA-like"] = stats.linda(drawn.counts, label, block=block, covariates=beside).q
    if not whole:
        found["Wilcoxon"] = stats.wilcoxon_blocks(drawn.counts, label, block=block).q
    if block is None:
        asked = _asked_counts(drawn.counts, label, None, None, beside)
        found["ANCOM-BC"] = _scikit_bio(asked, "ancombc").q
        if full:
            found["ANCOM-BC2"] = _scikit_bio(asked, "ancombc2").q
    return found


def _inside(label: np.ndarray, block: np.ndarray) -> bool:
    return bool(any(np.ptp(label[block == name]) > 0 for name in np.unique(block)))


def one(task: tuple[Cell, int, str, bool]) -> list[dict[str, object]]:
    """One data set: false discovery proportion and power of every method."""
    cell, seed, data, full = task
    warnings.simplefilter("ignore")
    if cell.table not in _TABLES:
        _TABLES[cell.table] = read(cell.table, Path(data))
    drawn = draw(cell, _TABLES[cell.table], seed)
    rows = []
    found = (
        collapse_hits(drawn) if cell.signal == "collapse" else {k: (q, None) for k, q in hits(drawn, full=full).items()}
    )
    for method, (q, flagged) in found.items():
        for level in LEVELS:
            hit = np.nan_to_num(q, nan=1.0) < level
            false = int((hit & ~drawn.changed).sum())
            rows.append(
                {
                    "cell": cell.name,
                    "method": method,
                    "level": level,
                    "seed": seed,
                    "fdp": false / max(int(hit.sum()), 1),
                    "power": float((hit & drawn.changed).sum() / max(int(drawn.changed.sum()), 1)),
                    "flagged": flagged,
                }
            )
    return rows


def collapse_hits(drawn: Drawn) -> dict[str, tuple[np.ndarray, bool | None]]:
    """A collapse: with the load, and without it; whether the frame's own count warns (as `cohort` does, beyond 1/4)."""
    relative = stats.differential(drawn.counts, drawn.label)
    absolute = stats.differential(drawn.counts, drawn.label, load=drawn.load)
    own = relative.test("abundance")
    flagged = bool((own.q < 0.05).sum() > 0.25 * np.isfinite(own.p).sum())
    return {"with load": (absolute.test().q, None), "relative only": (relative.test().q, flagged)}


def run(chosen: list[Cell], sets: int, data: Path, workers: int, *, full: bool = False) -> pd.DataFrame:
    tasks = [(cell, seed, str(data), full) for cell in chosen for seed in range(sets)]
    rows: list[dict[str, object]] = []
    with ProcessPoolExecutor(workers) as pool:
        for number, part in enumerate(pool.map(one, tasks, chunksize=4)):
            rows += part
            if sys.stderr.isatty():
                print(f"\r{number + 1}/{len(tasks)} data sets", end="", file=sys.stderr)
    return pd.DataFrame(rows)


def judged(frame: pd.DataFrame) -> pd.DataFrame:
    """One row per cell, method and level; whether its FDR is above the level (t test, Holm over cells)."""
    rows = []
    for (cell, method, level), group in frame.groupby(["cell", "method", "level"], sort=False):
        fdp = group["fdp"].to_numpy(float)
        high = fdp.mean() > level and fdp.std() > 0
        p = float(ttest_1samp(fdp, level, alternative="greater").pvalue) if high else 1.0
        error = fdp.std(ddof=1) / np.sqrt(len(fdp))
        rows.append((cell, method, level, fdp.mean(), error, group["power"].mean(), group["flagged"].mean(), p))
    table = pd.DataFrame(rows, columns=["cell", "method", "level", "fdr", "fdr_se", "power", "flagged", "p"])
    for _, group in table.groupby(["method", "level"]):
        table.loc[group.index, "rejected"] = stats.holm(group["p"], family="cells") < JUDGE
    table["rejected"] = table["rejected"].astype(bool)
    return table


def against(table: pd.DataFrame) -> pd.DataFrame:
    """Per cell and level: our power less that of the best other method whose FDR holds there."""
    rows = []
    for (cell, level), group in table.groupby(["cell", "level"], sort=False):
        own = group[group["method"] == OURS]
        held = group[(group["method"] != OURS) & ~group["rejected"]]
        if own.empty or "null" in str(cell):
            continue
        best = held.sort_values("power").iloc[-1] if len(held) else None
        power = 0.0 if best is None else float(best["power"])
        rows.append((cell, level, "none" if best is None else best["method"], power, float(own["power"].iloc[0])))
    found = pd.DataFrame(rows, columns=["cell", "level", "best", "best_power", "power"])
    found["behind"] = found["best_power"] - found["power"]
    return found


def shown(table: pd.DataFrame, level: float) -> None:
    own = table[table["level"] == level].copy()
    own["text"] = [
        f"{a:.2f}{'*' if r else ' '}/{b:.2f}" for a, b, r in zip(own["fdr"], own["power"], own["rejected"], strict=True)
    ]
    print(f"\nFDR / power at q < {level}; * FDR above the level (t test over data sets, Holm over cells)")
    wide = own.pivot_table(index="cell", columns="method", values="text", aggfunc="first", sort=False)
    print(wide.fillna("-").to_string())


def maaslin3(table: pd.DataFrame) -> list[dict[str, object]]:
    """Ours beside the frozen figures, cell by cell of jacobs2016 that has the same signal, n and fold."""
    rows = []
    for (signal, n, fold), (fdr, power) in FROZEN.items():
        name = Cell("jacobs2016", signal, n, fold).name
        own = table[(table["cell"] == name) & (table["method"] == OURS) & (table["level"] == 0.1)]
        rows.append(
            {
                "cell": name,
                "maaslin3_fdr": fdr,
                "maaslin3_power": power,
                "fdr": None if own.empty else round(float(own["fdr"].iloc[0]), 3),
                "power": None if own.empty else round(float(own["power"].iloc[0]), 3),
            }
        )
    return rows


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--full", action="store_true", help="200 data sets per cell, all sizes, ANCOM-BC2 too")
    parser.add_argument("--sets", type=int, help="data sets per cell (60, or 200 with --full)")
    parser.add_argument("--workers", type=int, default=2)
    given = parser.parse_args()
    lacking = [name for name in (*DEVELOPMENT, *HELD_OUT) if not (given.data / name).is_dir()]
    if lacking:
        return absent("truth", f"no {given.data / lacking[0]}")
    sets = given.sets or (200 if given.full else 60)
    began = time.perf_counter()
    main_cells = cells(full=given.full)
    table = judged(run(main_cells, sets, given.data, given.workers, full=given.full))
    collapse = judged(run([Cell("jacobs2016", "collapse", n) for n in (20, 40)], sets, given.data, given.workers))
    for level in LEVELS:
        shown(table, level)
    print("\nCollapse: 70 % of the taxa fall sixteenfold; flagged: share of data sets in which the frame's count warns")
    print(collapse[collapse["level"] == 0.05].drop(columns=["p", "level"]).to_string(index=False))
    behind = against(table)
    held_out = behind["cell"].str.startswith(HELD_OUT)
    print("\nOur power beside the best other method whose FDR holds")
    print(behind.round(3).to_string(index=False))
    frozen = maaslin3(table)
    print("\nMaAsLin3 (frozen, another table; power is not comparable cell by cell), q < 0.1")
    print(pd.DataFrame(frozen).to_string(index=False))
    own = table[table["method"] == OURS]
    rejected = own[own["rejected"]]
    far = behind[behind["behind"] > NEAR]
    figures = {
        "sets": sets,
        "seconds": round(time.perf_counter() - began),
        "cells": table.round(4).to_dict("records"),
        "collapse": collapse.round(4).to_dict("records"),
        "behind": behind.round(4).to_dict("records"),
        "maaslin3_frozen": frozen,
        "fdr_rejected": rejected["cell"].tolist(),
        "more_than_0.03_behind": far["cell"].tolist(),
        "mean_power": table.groupby(["level", "method"])["power"].mean().round(4).reset_index().to_dict("records"),
    }
    keep("truth", figures)
    near = int((held_out & (behind["behind"] <= NEAR)).sum())
    print(
        f"truth: FDR rejected in {len(rejected)} of {len(own)} cells, within {NEAR} of the best in "
        f"{len(behind) - len(far)} of {len(behind)} (held-out tables {near} "
        f"of {int(held_out.sum())}), mean power {own['power'].mean():.3f}, MaAsLin3 beside it NOT MEASURED "
        f"(goal 0 rejected, all within {NEAR})"
    )
    # MaAsLin3 was measured on another table only: no figure of ours can be ahead of it on the same data.
    return 1 if len(rejected) or len(far) else NOT_MEASURED


if __name__ == "__main__":
    sys.exit(main())
