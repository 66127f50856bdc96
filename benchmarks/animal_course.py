"""Simulated courses, asked by ``course``: is a taxon of the class it is said to be of, is its departure covered?"""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import commensal
from commensal import simulation
from commensal.questions import QUESTIONS

#: 16 diseased and 16 healthy mice in 8 cages each, at eight ages; 12 of 40 taxa differ.
DESIGN: dict[str, Any] = {
    "animals": 16, "cages": 8, "strains": 0, "doses": 0, "times": 8, "measures": 1, "taxa": 40, "taxa_changed": 12,
    "molecules": 0, "genes": 0,
}  # fmt: skip
CLASSES = ("before", "with", "both", "neither")
#: Taxa that depart slowly, 30 days before onset: `both`, though the mean before onset is smaller than the margin.
SLOW = "both, slowly"


def asked(seed: int) -> dict[str, Any]:
    """Draw one study and return how its taxa were classed, and which departures lie in their intervals."""
    with tempfile.TemporaryDirectory() as folder:
        study = simulation.animal(Path(folder), seed=seed, **DESIGN)
        loaded = commensal.load(study)
        truth = json.loads((Path(folder) / "truth.json").read_text())
    question = loaded.declared.questions["course"]
    rows = QUESTIONS["course"].answer(loaded, question, "taxa").estimates
    said = dict(rows.loc[rows["model"] == "class", ["feature", "term"]].itertuples(index=False))
    departures = {row.feature: row for row in rows[rows["model"] == "departure"].itertuples(index=False)}
    classes: Counter[tuple[str, str]] = Counter()
    held: dict[float, float] = {}
    for taxon in truth["classes"]:
        planted = SLOW if taxon["class"] == "both" and not taxon["from_birth"] else taxon["class"]
        classes[planted, str(said.get(taxon["feature"], "undetermined"))] += 1
        when = taxon["departure"]
        # One taxon of each departure: taxa of one study are not independent.
        if when is not None and when not in held:
            held[when] = _holds(departures.get(taxon["feature"]), when)
    return {"classes": classes, "held": held}


def _holds(row: Any, when: float) -> float:
    """Say whether a departure's interval holds the truth; NaN where there is none. A missing end is open."""
    if row is None or row.status != "ok":
        return float("nan")
    low, high = (-np.inf if pd.isna(row.low) else row.low), (np.inf if pd.isna(row.high) else row.high)
    return float(low <= when <= high)


def table(found: list[dict[str, Any]]) -> tuple[pd.DataFrame, dict[str, float]]:
    """Join studies: planted class × class said, and the share that is right of those not undetermined."""
    total: Counter[tuple[str, str]] = Counter()
    for one in found:
        total.update(one["classes"])
    columns = [*CLASSES, "undetermined"]
    frame = pd.DataFrame([[total[true, said] for said in columns] for true in CLASSES], list(CLASSES), columns)
    decided = frame[list(CLASSES)].to_numpy().sum()
    right = sum(total[name, name] for name in CLASSES)
    # Slow departures before onset: their mean before onset lies inside the margin, which says it does not matter.
    lenient = right + sum(total[SLOW, name] for name in ("both", "with"))
    frame.loc[SLOW] = [total[SLOW, said] for said in columns]
    decided += frame.loc[SLOW, list(CLASSES)].sum()
    right += total[SLOW, "both"]
    shares = {"right": right / max(decided, 1), "right_by_margin": lenient / max(decided, 1)}
    return frame, {**shares, "decided": int(decided), "taxa": int(frame.to_numpy().sum())}


def departures(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return one cell per planted departure: how often its interval held."""
    cells = []
    for when in sorted({when for one in found for when in one["held"]}):
        holds = np.array([one["held"].get(when, np.nan) for one in found])
        known = holds[np.isfinite(holds)]
        cells.append(
            {
                "model": "departure",
                "quantity": f"departure {when:+.0f} days",
                "studies": known.size,
                "hits": int(known.sum()),
            }
        )
    return cells
