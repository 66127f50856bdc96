"""Small studies of animals over the course of a disease, with what is planted in them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

DAYS = (20, 40, 60, 80, 100, 120, 140, 160)
#: Feature number → class planted; the others do not differ.
PLANTED = {0: "before", 1: "before", 2: "before", 3: "with", 4: "with", 5: "with", 6: "both", 7: "both", 8: "both"}
HEAD = """
[study]
name = "planted"
time_unit = "day"
[tables.samples]
file = "samples.tsv"
[variables.cage]
nested_in = ["genotype"]
[variables.subject]
nested_in = ["genotype", "cage"]
[assays.serum]
kind = "metabolites"
file = "serum.tsv"
value = "log2"
specimen = "serum"
[contrasts.disease]
column = "genotype"
case = "SOD1"
control = "WT"
"""
EVENTS = """
[tables.events]
file = "events.tsv"
[onset]
event = "symptom_onset"
"""
QUESTION = """
[questions.disease]
kind = "course"
contrast = "disease"
block = ["cage"]
"""


@dataclass(frozen=True)
class Planted:
    """A study folder and its study file."""

    folder: Path
    study: Path


def planted(
    folder: Path,
    *,
    cages: int = 6,
    mice: int = 3,
    features: int = 40,
    effect: float = 3.0,
    onset: str = "[onset]\nat = 90\n",
    question: str = QUESTION,
    days: tuple[int, ...] = DAYS,
    facilities: tuple[str, ...] = ("north",),
    edit=None,
    seed: int = 1,
) -> Planted:
    """Write a study of two genotypes in cages; onset at day 90, or day 90 ± 5 of each mouse in the events table."""
    rng = np.random.default_rng(seed)
    rows, onsets = [], []
    for side, genotype in enumerate(("WT", "SOD1")):
        for cage in range(1, cages + 1):
            place = facilities[cage % len(facilities)]
            for mouse in range(1, mice + 1):
                mine = 90 + int(rng.integers(-5, 6))
                if side:
                    onsets.append(
                        {"genotype": genotype, "cage": cage, "subject": mouse, "event": "symptom_onset", "time": mine}
                    )
                for day in days:
                    rows.append(
                        {
                            "sample": f"{genotype}{cage}.{mouse}.{day}",
                            "subject": mouse,
                            "cage": cage,
                            "genotype": genotype,
                            "facility": place,
                            "time": day,
                            "specimen": "serum",
                        }
                    )
    samples = pd.DataFrame(rows)
    unit = samples["genotype"] + samples["cage"].astype(str)
    animal = unit + samples["subject"].astype(str)
    own_cage, own_mouse = pd.factorize(unit)[0], pd.factorize(animal)[0]
    y = rng.normal(size=(len(samples), features)) * 0.6 + 10
    y += 0.4 * rng.normal(size=(own_cage.max() + 1, features))[own_cage]
    y += 0.4 * rng.normal(size=(own_mouse.max() + 1, features))[own_mouse]
    y += 0.01 * samples["time"].to_numpy()[:, None]
    ill = (samples["genotype"] == "SOD1").to_numpy()
    after = samples["time"].to_numpy() >= 90
    for at, name in PLANTED.items():
        if at < features:
            here = {"before": ~after, "with": after, "both": np.ones(len(after), bool)}[name]
            y[:, at] += effect * (ill & here) * (1 if at % 2 else -1)
    samples["severity"] = np.where(after, y[:, min(4, features - 1)] + rng.normal(size=len(samples)) * 0.3, np.nan)
    table = pd.DataFrame(y, columns=[f"m{i:02d}" for i in range(features)])
    table.insert(0, "sample", samples["sample"])
    events = pd.DataFrame(onsets)
    frames = {"samples": samples, "serum": table, "events": events}
    if edit is not None:
        edit(frames)
    folder.mkdir(parents=True, exist_ok=True)
    for name, frame in frames.items():
        frame.to_csv(folder / f"{name}.tsv", sep="\t", index=False)
    study = folder / "study.toml"
    study.write_text(HEAD + onset + question, encoding="utf-8")
    return Planted(folder, study)
