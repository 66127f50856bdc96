"""10,000 molecules × 4 specimens × 12 arms, 30 % of the values below detection, from tables to estimates."""

from __future__ import annotations

import json
import time
from typing import Any

import numpy as np
import pandas as pd

MOLECULES, SPECIMENS, STRAINS = 10_000, ("serum", "csf", "caecum", "cord"), 9
CAGES, ANIMALS, BELOW = 4, 3, 0.3


def measured() -> dict[str, Any]:
    """Ask the question of twelve arms once, after a small one that loads what is loaded late."""
    from commensal.questions.mediators import mediators

    small = _study(50)
    mediators(small, small.declared.questions["mediators"])
    loaded = _study(MOLECULES)
    wall, busy = time.perf_counter(), time.process_time()
    answer = mediators(loaded, loaded.declared.questions["mediators"])
    wall, busy = time.perf_counter() - wall, time.process_time() - busy
    return {
        "seconds": round(wall, 1), "seconds_of_processor": round(busy, 1), "rows": len(answer.estimates),
        "tables_below": round(float(np.mean([(t.values == 0).mean() for t in loaded.assays.values()])), 3),
    }  # fmt: skip


def _study(molecules: int) -> Any:
    """Draw tables in memory: water, antibiotics, vehicle and nine strains, cages nested in arms."""
    from commensal.study import AssayTable, assemble, parse_study

    rng = np.random.default_rng(1)
    arms = ["water", "antibiotics", "vehicle", *(f"strain {i}" for i in range(1, STRAINS + 1))]
    declared = parse_study(_text(arms))
    who = [(arm, f"{cage}", f"{arm}/{cage}/{i}") for arm in arms for cage in range(CAGES) for i in range(ANIMALS)]
    rows = [(f"{mouse} {fluid}", mouse, fluid, arm, cage) for fluid in SPECIMENS for arm, cage, mouse in who]
    samples = pd.DataFrame(rows, columns=["sample", "subject", "specimen", "arm", "cage"])
    samples.attrs["file"] = "samples.tsv"
    names = [f"molecule {j}" for j in range(molecules)]
    features = pd.DataFrame({"label": names}, index=[f"M{j}" for j in range(molecules)])
    tables = {}
    for fluid in SPECIMENS:
        log2 = rng.normal(17, 1, size=(len(who), molecules))
        share = np.where(rng.random(molecules) < 2 * BELOW, rng.uniform(0.05, 0.95, molecules), 0.0)
        limit = np.where(share > 0, 17 + _normal(share), -np.inf)
        values = np.where(log2 < limit, 0.0, np.exp2(log2))
        own = tuple(samples.loc[samples["specimen"] == fluid, "sample"])
        tables[fluid] = AssayTable(declared.assays[fluid], own, features, values)
    return assemble(declared, {"samples": samples.astype(object)}, tables)


def _normal(share: Any) -> Any:
    from scipy.special import ndtri

    return ndtri(np.maximum(share, 1e-9))


def _text(arms: list[str]) -> str:
    assays = "".join(
        f'[assays.{fluid}]\nkind = "metabolites"\nfile = "{fluid}.tsv"\nvalue = "intensity"\nspecimen = "{fluid}"\n'
        'zero = "below_detection"\n'
        for fluid in SPECIMENS
    )
    return f"""
[study]
name = "speed"
[tables.samples]
file = "samples.tsv"
[variables.cage]
nested_in = ["arm"]
{assays}
[contrasts.removed]
column = "arm"
case = "antibiotics"
control = "water"
[contrasts.given]
column = "arm"
case = {json.dumps(arms[3:])}
control = "vehicle"
[questions.mediators]
kind = "mediators"
contrast = "removed"
supplements = "given"
block = ["cage"]
"""
