"""A measure over time in arms whose cages are nested in them: what rows it gives, and what they say."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from tests.questions.animals import animals

from commensal.questions.arms import arms
from commensal.questions.trajectories import trajectory

TEXT = """
[variables.genotype]
reference = "WT"
[measures.grip]
better = "higher"
unit = "g"
[contrasts.abx]
column = "arm"
case = "abx"
control = "water"
[questions.q]
kind = "depletion"
contrast = "abx"
block = ["cage"]
{more}
"""


def study(
    *, cages: int = 3, more: str = "", by: bool = False, events: pd.DataFrame | None = None, cut: dict | None = None
):
    """Two arms of some cages of four mice, measured at five times; abx loses 2 g per day more."""
    rng = np.random.default_rng(5)
    mice, rows = [], []
    for arm in ("water", "abx"):
        for cage in range(cages):
            shift = rng.normal(0, 2)
            for m in range(4):
                name, own = f"{arm}{cage}{m}", rng.normal(0, 3)
                mice.append({"mouse": name, "arm": arm, "cage": f"{arm}{cage}", "genotype": ("WT", "SOD1")[m % 2]})
                for day in (0, 7, 14, 21, 28):
                    y = 100 + shift + own - day * (1 + 2 * (arm == "abx")) + rng.normal()
                    if cut is None or day <= cut.get(name, 99):
                        rows.append({"mouse": name, "day": float(day), "grip": y})
    extra = ('by = "genotype"\n' if by else "") + more
    return animals(TEXT.format(more=extra), pd.DataFrame(mice), phenotypes=pd.DataFrame(rows), events=events)


def answer(loaded):
    question = loaded.declared.questions["q"]
    return trajectory(loaded, question, arms(loaded, question), loaded.declared.measures["grip"])


def rows(found, model: str) -> pd.DataFrame:
    return found.estimates[found.estimates["model"] == model]


def test_effects_at_each_time_on_cages_minus_arms_degrees_of_freedom():
    found = rows(answer(study()), "trajectory")
    assert found["time"].tolist() == [0, 7, 14, 21, 28]
    assert found["effect"].iloc[-1] == pytest.approx(-56, abs=6)
    assert (found["df"] <= 4 + 1e-9).all()
    assert (found["n"] == 24).all() and (found["n_blocks"] == 6).all()
    assert set(found["unit"]) == {"g"} and set(found["term"]) == {"abx"}


def test_joint_rows_are_wider_and_never_surer():
    found = answer(study())
    one, joint = rows(found, "trajectory").reset_index(), rows(found, "trajectory, joint").reset_index()
    assert (joint["p"] >= one["p"]).all()
    assert (joint["low"] < one["low"]).all() and (joint["high"] > one["high"]).all()
    assert (joint["p"] <= np.minimum(5 * one["p"], 1) + 1e-12).all()


def test_slope_and_area():
    found = answer(study())
    slope, area = rows(found, "slope").iloc[0], rows(found, "auc").iloc[0]
    assert slope["effect"] == pytest.approx(-2, abs=0.2) and slope["unit"] == "g per day" and slope["df"] <= 4
    assert area["effect"] == pytest.approx(-2 * 28**2 / 2, rel=0.15) and area["unit"] == "g × day"
    assert "area from 0 to 28" in area["note"]


def test_baseline_is_adjusted_for_and_is_no_outcome():
    found = rows(answer(study(more="baseline = 0")), "trajectory")
    assert found["time"].tolist() == [7, 14, 21, 28]
    assert found["note"].str.contains("adjusted for baseline").all()


def test_one_cage_keeps_the_effect_and_has_no_p():
    found = answer(study(cages=1)).estimates
    found = found[found["model"].isin(["trajectory", "slope", "auc"])]
    assert set(found["status"]) == {"one_cage"}
    assert found["effect"].notna().all() and found["p"].isna().all()


def test_levels_have_rows_of_their_own_and_the_interaction_too():
    found = rows(answer(study(by=True)), "slope").set_index("term")
    assert set(found.index) == {"WT: abx", "SOD1: abx", "genotype × abx"}
    assert found.loc["genotype × abx", "effect"] == pytest.approx(
        found.loc["SOD1: abx", "effect"] - found.loc["WT: abx", "effect"], abs=0.05
    )
    assert found.loc["WT: abx", "df"] <= 4  # between cages; the interaction is inside them
    assert found.loc["genotype × abx", "df"] > 4


def test_missing_because_dead_is_said_and_a_dropout_is_named():
    death = pd.DataFrame([{"mouse": "abx00", "event": "death", "day": 12.0}])
    events = '[events.death]\nrule = "righting reflex"'
    loaded = study(events=death, cut={"abx00": 10, "water11": 15})
    assert events  # the event needs no section to be seen
    found = answer(loaded)
    late = rows(found, "trajectory").set_index("time")
    assert "1 of 12 cases and 0 of 12 controls were gone by then (death)" in late.loc[14.0, "note"]
    assert pd.isna(late.loc[7.0, "note"]) or "gone" not in late.loc[7.0, "note"]
    gone = {item.name: item.reason for item in found.dropped}
    assert gone == {"water11": "not measured after 14, and no event says why"}
    assert late.loc[28.0, "n"] == 22


def test_points_hold_every_animal_and_the_means():
    found = answer(study()).points
    raw, mean = found[found["figure"] == "trajectory"], found[found["figure"] == "trajectory_mean"]
    assert len(raw) == 24 * 5 and len(mean) == 2 * 5
    own = raw[(raw["group"] == "abx") & (raw["x"] == 28)]["y"].mean()
    assert mean[(mean["group"] == "abx") & (mean["x"] == 28)]["y"].iloc[0] == pytest.approx(own)
