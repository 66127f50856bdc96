"""Points of how tables of molecules were prepared: the figures before and after each step."""

from __future__ import annotations

import numpy as np
import pandas as pd

from commensal.study import LoadedStudy, Preparation
from commensal.tables import points

#: How values below a limit of detection are taken, as the page says it.
TAKEN = {
    "censored": "known only to lie there: a left-censored model",
    "apart": "absent: presence is tested beside abundance",
    "half_minimum": "filled in with half of each feature's smallest value: intervals are too short",
    "qrilc": "filled in with draws from each sample's lower tail: draws count as data",
}


def preparation_points(loaded: LoadedStudy) -> pd.DataFrame:
    """Return the points of every prepared table; ``figure`` is ``preparation``.

    ``measure`` is ``rsd`` (y: median over features of the relative standard deviation over pooled controls, ``low``
    and ``high`` its quartiles, ``n`` features; x: number of the step ``label``, ``note``: what it did), ``spread``
    (likewise, of log2 over the samples), ``run`` (y: how high a ``sample`` lies, median over features of log2; x: its
    place in the run; ``side``: before or after; ``group``: role; ``block``: batch) or ``below`` (y: share of the values
    below detection, ``n`` values; ``note``: how they are taken).
    """
    rows: list[dict[str, object]] = []
    for name, record in loaded.preparation.items():
        assay = loaded.assays[name].assay
        base = {"assay": name, "specimen": assay.specimen, "figure": "preparation"}
        rows += [{**base, **row} for row in (*_steps(record), *_run(record))]
        if record.below and assay.prepare is not None:
            taken = TAKEN[assay.prepare.below_detection]
            share = record.below / max(record.values, 1)
            rows.append({**base, "measure": "below", "y": share, "n": record.values, "note": taken, "unit": "share"})
    return points(rows)


def _steps(record: Preparation) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for number, step in enumerate(record.steps):
        for measure, values, unit in (("rsd", step.rsd, "share"), ("spread", step.spread, "log2")):
            known = values[np.isfinite(values)]
            row: dict[str, object] = {"measure": measure, "x": float(number), "label": step.name, "unit": unit}
            row |= {"n": len(known), "note": step.said}
            if known.size:
                low, middle, high = (float(one) for one in np.quantile(known, (0.25, 0.5, 0.75)))
                row |= {"y": middle, "low": low, "high": high}
            rows.append(row)
    return rows


def _run(record: Preparation) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    known = np.isfinite(record.order).any()
    for i, sample in enumerate(record.samples):
        if record.roles[i] not in ("sample", "replicate", "qc") or (known and not np.isfinite(record.order[i])):
            continue
        for side, heights in (("before", record.before), ("after", record.after)):
            if np.isfinite(heights[i]):
                rows.append(
                    {
                        "measure": "run",
                        "sample": sample,
                        "x": float(record.order[i]) if known else float(i),
                        "y": float(heights[i]),
                        "side": side,
                        "group": record.roles[i],
                        "block": record.batch[i],
                        "unit": "log2",
                    }
                )
    return rows
