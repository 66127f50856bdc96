"""Simulated studies of arms, asked by ``depletion`` and ``screen``: what intervals cover, what verdicts say.

Every study is written, read and asked as a user's would be. Two settings: ``one`` has a strain that helps, three that
do nothing, and antibiotics that harm the diseased; in ``null`` nothing does anything. Cages hold part of the variance
between animals in both. Beside it the same questions without their block: animals as if they were independent.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import commensal
from commensal import simulation
from commensal.questions import QUESTIONS
from commensal.simulation.animal_plan import START
from commensal.simulation.animal_truth import restricted_mean
from commensal.simulation.mice import DEATH_SCALE, DEATH_SHAPE
from commensal.study import LoadedStudy, Question

#: 12 animals of an arm in 4 cages, which have four tenths of the variance between animals.
DESIGN: dict[str, Any] = {
    "animals": 12, "cages": 4, "icc": 0.4, "strains": 3, "doses": 0, "times": 4, "measures": 4, "taxa": 15,
    "taxa_changed": 0, "molecules": 0, "genes": 0,
}  # fmt: skip
NOTHING: dict[str, Any] = {
    "strain_effect": 0.0, "strain_hazard": 1.0, "harm_effect": 0.0, "harm_hazard": 1.0, "depletion_effect": 0.0,
    "depletion_hazard": 1.0,
}  # fmt: skip
SETTINGS: dict[str, dict[str, Any]] = {
    "one": {**DESIGN, "harm_effect": 0.0, "harm_hazard": 1.0},
    "null": {**DESIGN, **NOTHING},
}
#: Permutations of whole cages: enough for a level of 5 %.
PERMUTATIONS = 499
#: The primary measure of these studies; survival is the other primary outcome.
PRIMARY = ("rotarod",)
#: Measures whose slopes are straight lines of what is read.
STRAIGHT = ("weight", "grip", "stride")
#: Share of both arms that must be alive by the simulated law: with fewer, what is compared is the living.
ALIVE = 0.85
_WINDOW = re.compile(r"area from ([\d.]+) to ([\d.]+)")
_CONTROL = {"screen": "vehicle", "depletion": "water"}


def asked(job: tuple[str, int]) -> list[dict[str, Any]]:
    """Draw one study and return what was found of each quantity, and of the verdicts, with cages and without."""
    setting, seed = job
    with tempfile.TemporaryDirectory() as folder:
        study = simulation.animal(Path(folder), seed=seed, **SETTINGS[setting])
        loaded = commensal.load(study)
        truth = json.loads((Path(folder) / "truth.json").read_text())
    found = []
    for name in ("screen", "depletion") if setting == "one" else ("screen",):
        for ignored in (False, True):
            if ignored and name == "depletion":
                continue  # one question is enough to show it
            question = replace(loaded.declared.questions[name], permutations=PERMUTATIONS, events=("death",))
            if setting == "null" or ignored:
                question = replace(question, measures=PRIMARY)
            elif name == "depletion":
                question = replace(question, measures=(*PRIMARY, "weight"))
            if ignored:
                question = replace(question, block=())
            rows = answered(loaded, question)
            base = {"setting": setting, "seed": seed, "question": name, "ignored": ignored}
            if setting == "one":
                found += [{**base, **one} for one in covered(rows, truth, name)]
            if name == "screen":
                found += [{**base, **one} for one in verdicts(rows, truth)]
    return found


def answered(loaded: LoadedStudy, question: Question) -> pd.DataFrame:
    """Estimates of a question's measures and events."""
    return QUESTIONS[question.kind].answer(loaded, question, None).estimates


def covered(rows: pd.DataFrame, truth: dict[str, Any], question: str) -> Iterator[dict[str, Any]]:
    """Say of each interval whether it holds what was planted."""
    known = _Planted(truth, question)
    for row in rows.itertuples(index=False):
        value = known.of(row)
        if value is None:
            continue
        there = row.status in ("ok", "boundary") and not (pd.isna(row.low) and pd.isna(row.high))
        low, high = (-np.inf if pd.isna(row.low) else row.low), (np.inf if pd.isna(row.high) else row.high)
        yield {
            "what": "coverage",
            "model": row.model,
            "measure": row.measure,
            "arm": row.term,
            "time": row.time if row.model == "trajectory" else None,
            "holds": float(low <= value <= high) if there else np.nan,
            "error": row.effect - value if pd.notna(row.effect) else np.nan,
            "apart": row.model in ("trajectory", "auc") and known.few_alive(row),
        }


class _Planted:
    """What is true of a row of Estimates; nothing planted is a difference of 0."""

    def __init__(self, truth: dict[str, Any], question: str) -> None:
        self.rows = [row for row in truth["planted"] if row.get("question") == question]
        self.hazard = {(one["genotype"], one["arm"]): one["hazard_ratio"] for one in truth["arms"]}
        self.control = _CONTROL[question]
        self.ages = np.round(np.linspace(START, 130, truth["options"]["times"]))

    def of(self, row: Any) -> float | None:
        """Return what a row estimates, None where the benchmark does not judge it."""
        arm = self._arm(row.term)
        if arm is None or pd.isna(row.measure):
            return None
        if row.model == "trajectory":
            return self._difference(arm, row)
        if row.model == "slope" and row.measure in STRAIGHT:
            return self._planted(arm, row.measure, "slope")
        if row.model == "auc":
            return self._area(arm, row)
        if row.measure == "death" and arm[0] == "SOD1":
            return self._survival(arm, row)
        return None

    def few_alive(self, row: Any) -> bool:
        """Say whether many of an arm are dead by the time of a row."""
        arm = self._arm(row.term)
        window = _WINDOW.search(row.note or "") if row.model == "auc" else None
        until = float(window[2]) if window else row.time
        if arm is None or arm[0] != "SOD1" or pd.isna(until):
            return False
        worst = max(self.hazard[arm], self.hazard[arm[0], self.control])
        return float(np.exp(-worst * (until / DEATH_SCALE) ** DEATH_SHAPE)) < ALIVE

    def _arm(self, term: str) -> tuple[str, str] | None:
        genotype, _, arm = str(term).rpartition(": ")
        key = (genotype or "SOD1", arm)
        return key if key in self.hazard else None

    def _planted(self, arm: tuple[str, str], measure: str, model: str, time: float | None = None) -> Any:
        for row in self.rows:
            named = (row["genotype"], row["arm"], row.get("measure"), row["model"])
            if named == (*arm, measure, model) and time in (None, row.get("time")):
                return row if model == "difference" else row["effect"]
        return None if model == "difference" else 0.0

    def _difference(self, arm: tuple[str, str], row: Any) -> float:
        known = self._planted(arm, row.measure, "difference", float(row.time))
        if known is None:
            return 0.0
        # Behind a ceiling, and on log odds and log ratios, it is the latent effect that is estimated.
        latent = row.unit != known["observed_unit"] or "censored" in str(row.note)
        return float(known["effect"] if latent else known["observed"])

    def _area(self, arm: tuple[str, str], row: Any) -> float | None:
        window = _WINDOW.search(row.note or "")
        if window is None:
            return 0.0
        ages = self.ages[(self.ages >= float(window[1])) & (self.ages <= float(window[2]))]
        planted = [self._planted(arm, row.measure, "difference", age) for age in ages]
        return float(np.trapezoid([0.0 if one is None else one["observed"] for one in planted], ages))

    def _survival(self, arm: tuple[str, str], row: Any) -> float | None:
        own, other = self.hazard[arm], self.hazard[arm[0], self.control]
        if row.model == "rmst":
            return restricted_mean(own, START, float(row.time)) - restricted_mean(other, START, float(row.time))
        if row.model == "median":
            return float(DEATH_SCALE * (np.log(2) / own) ** (1 / DEATH_SHAPE))
        return float(np.log(own / other)) if row.model == "cox" else None


def verdicts(rows: pd.DataFrame, truth: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Say whether any verdict of the screen is false, over strains × primary outcomes: one family."""
    true = {(one["arm"], one["measure"]): one["truth"] for one in truth["verdicts"]}
    own = rows[(rows["model"] == "verdict") & rows["measure"].isin([*PRIMARY, "death"])]
    said = [(row.term, row.measure, row.note.split(":")[0]) for row in own.itertuples(index=False)]
    wrong = [word in ("helps", "harms") and word != true[arm, measure] for arm, measure, word in said]
    yield {"what": "familywise", "holds": float(any(wrong))}
    # What an effect that is there is called: power, and whether it is called equivalent.
    for arm, measure, word in said:
        if true[arm, measure] != "nothing":
            base = {"arm": arm, "measure": measure}
            yield {"what": "found", **base, "holds": float(word == true[arm, measure])}
            yield {"what": "called equivalent", **base, "holds": float(word == "equivalent")}
