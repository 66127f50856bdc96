"""A measure over time in arms whose cages are nested in them: what rows it gives, and what they say."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from tests.questions.animals import animals

from commensal.errors import DesignError
from commensal.questions.arms import arms
from commensal.questions.together import together
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


def answer(loaded, measure="grip"):
    question = loaded.declared.questions["q"]
    return trajectory(loaded, question, arms(loaded, question), loaded.declared.measures[measure])


def rows(found, model: str) -> pd.DataFrame:
    return found.estimates[found.estimates["model"] == model]


def test_effects_at_each_time_on_cages_minus_arms_degrees_of_freedom():
    found = rows(answer(study()), "trajectory")
    assert found["time"].tolist() == [0, 7, 14, 21, 28]
    assert found["effect"].iloc[-1] == pytest.approx(-56, abs=6)
    assert (found["df"] <= 4 + 1e-9).all()
    assert (found["n"] == 24).all()
    assert (found["n_blocks"] == 6).all()
    assert set(found["unit"]) == {"g"}
    assert set(found["term"]) == {"abx"}


def test_joint_rows_are_wider_and_never_surer():
    found = answer(study())
    one, joint = rows(found, "trajectory").reset_index(), rows(found, "trajectory, joint").reset_index()
    assert (joint["p"] >= one["p"]).all()
    assert (joint["low"] < one["low"]).all()
    assert (joint["high"] > one["high"]).all()
    assert (joint["p"] <= np.minimum(5 * one["p"], 1) + 1e-12).all()


def test_slope_and_area():
    found = answer(study())
    slope, area = rows(found, "slope").iloc[0], rows(found, "auc").iloc[0]
    assert slope["effect"] == pytest.approx(-2, abs=0.2)
    assert slope["unit"] == "g per day"
    assert slope["df"] <= 4
    assert area["effect"] == pytest.approx(-2 * 28**2 / 2, rel=0.15)
    assert area["unit"] == "g × day"
    assert "area from 0 to 28" in area["note"]


def test_baseline_is_adjusted_for_and_is_no_outcome():
    found = rows(answer(study(more="baseline = 0")), "trajectory")
    assert found["time"].tolist() == [7, 14, 21, 28]
    assert found["note"].str.contains("adjusted for baseline").all()


def test_one_cage_keeps_the_effect_and_has_no_p():
    found = answer(study(cages=1)).estimates
    found = found[found["model"].isin(["trajectory", "slope", "auc"])]
    assert set(found["status"]) == {"one_cage"}
    assert found["effect"].notna().all()
    assert found["p"].isna().all()


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
    assert len(raw) == 24 * 5
    assert len(mean) == 2 * 5
    own = raw[(raw["group"] == "abx") & (raw["x"] == 28)]["y"].mean()
    assert mean[(mean["group"] == "abx") & (mean["x"] == 28)]["y"].iloc[0] == pytest.approx(own)


KINDS = """
[measures.latency]
better = "higher"
kind = "latency"
unit = "s"
ceiling = 60
threshold = 40
[measures.score]
better = "lower"
kind = "score"
[measures.colonies]
better = "lower"
kind = "count"
[contrasts.abx]
column = "arm"
case = "abx"
control = "water"
[questions.q]
kind = "depletion"
contrast = "abx"
block = ["cage"]
"""


def kinds(*, cages=4, died=None, gap=0.0, best=60.0):
    """Latencies that end at 60 s, scores from 0 to 4 and counts, all worse in the abx arm by and by."""
    rng = np.random.default_rng(8)
    mice, rows = [], []
    for arm in ("water", "abx"):
        for cage in range(cages):
            shift = rng.normal(0, 0.3)
            for m in range(4):
                name = f"{arm}{cage}{m}"
                mice.append({"mouse": name, "arm": arm, "cage": f"{arm}{cage}"})
                for day in (5, 10, 20, 30):
                    ill = shift + rng.normal(0, 0.6) + 0.03 * day + 0.08 * day * (arm == "abx") + gap * (arm == "abx")
                    if died is None or name not in died or day < died[name]:
                        row = {"latency": min(round(65 - 12 * ill, 1), best)}
                        row |= {
                            "score": int(np.digitize(ill, [0.4, 1, 1.8, 2.6])),
                            "colonies": rng.poisson(np.exp(ill)),
                        }
                        rows.append({"mouse": name, "day": float(day), **row})
    death = [{"mouse": mouse, "event": "death", "day": float(day)} for mouse, day in (died or {}).items()]
    events = pd.DataFrame(death) if death else None
    return animals(KINDS, pd.DataFrame(mice), phenotypes=pd.DataFrame(rows), events=events)


def test_each_kind_has_its_model_and_units():
    loaded = kinds()
    units = {"latency": "s", "score": "log odds ratio of a higher score", "colonies": "natural log ratio"}
    for measure, unit in units.items():
        found = rows(answer(loaded, measure), "trajectory").iloc[:3]
        assert set(found["unit"]) == {unit}
        assert set(found["test"]) <= {"t of the likelihood ratio", "t, Satterthwaite"}
        assert (found["df"] <= 6 + 1e-9).all()
        sign = -1 if measure == "latency" else 1
        assert sign * found["effect"].iloc[-1] > 0
        assert found["p"].iloc[-1] < 0.05
    early = rows(answer(loaded, "latency"), "trajectory").iloc[0]
    assert early["test"] == "t of the likelihood ratio"
    assert "values censored" in early["note"]
    assert "values at the limit taken as it" in rows(answer(loaded, "latency"), "slope")["note"].iloc[0]
    assert "scores taken as numbers" in rows(answer(loaded, "score"), "auc")["note"].iloc[0]


def test_a_ceiling_is_not_a_value():
    """Taking 60 s as 60 s makes the arms more alike than they are."""
    found = rows(answer(kinds(), "latency"), "trajectory").iloc[1]
    loaded = kinds()
    wide = loaded.phenotypes[loaded.phenotypes["time"] == 10].merge(
        loaded.subjects, left_on="subject", right_index=True
    )
    plain = wide.groupby("arm")["latency"].mean()
    assert found["effect"] < plain["abx"] - plain["water"]


def test_time_to_a_threshold_is_an_interval():
    found = rows(answer(kinds(), "latency"), "threshold").iloc[0]
    assert found["effect"] < 0
    assert found["unit"] == "natural log of the ratio of times"
    assert "crossed 40:" in found["note"]
    assert found["df"] <= 6
    died = rows(answer(kinds(died={"abx00": 12, "abx01": 12}), "latency"), "threshold").iloc[0]
    assert "died before" in died["note"]


def test_all_measures_together_are_one_row():
    loaded = kinds()
    question = loaded.declared.questions["q"]
    found = together(loaded, question, arms(loaded, question), list(loaded.declared.measures.values())).estimates
    assert len(found) == 1
    row = found.iloc[0]
    assert row["effect"] < -0.2
    assert row["n_permutations"] == 70
    assert row["p"] == pytest.approx(2 / 70)
    assert row["high"] < 0
    one = together(loaded, question, arms(loaded, question), list(loaded.declared.measures.values())[:1]).estimates
    assert len(one) == 0


def test_the_dead_come_last_in_the_row_of_all_measures():
    loaded = kinds(died={"water00": 7, "water10": 12})
    question = loaded.declared.questions["q"]
    measures = list(loaded.declared.measures.values())
    row = together(loaded, question, arms(loaded, question), measures).estimates.iloc[0]
    alive = together(kinds(), question, arms(kinds(), question), measures).estimates.iloc[0]
    assert row["n"] == alive["n"] == 32
    assert row["effect"] > alive["effect"]


def test_a_measure_beyond_its_ceiling_is_an_error():
    with pytest.raises(DesignError, match="beyond its ceiling"):
        answer(kinds(best=75.0, gap=-2.0), "latency")


def test_an_animal_never_measured_is_named_and_an_arm_of_one_has_no_p():
    loaded = kinds(died={"abx00": 3})
    found = answer(loaded, "score")
    assert {item.name for item in found.dropped} == {"abx00"}
    lone = kinds(cages=1, died={f"abx0{i}": 1 for i in range(3)})
    table = answer(lone, "latency").estimates
    assert table["p"].isna().all()
    assert set(table["status"]) <= {"one_cage", "too_few", "not_identified"}


def test_measures_of_one_time_have_one_row():
    mice = pd.DataFrame({"mouse": list("abcdefgh"), "arm": ["abx", "water"] * 4, "cage": list("12345678")})
    values = {"latency": [9.0, 20, 8, 22, 7, 25, 10, 19], "score": 1.0, "colonies": 1.0}
    samples = pd.DataFrame({"sample": list("stuvwxyz"), "mouse": mice["mouse"], **values, "day": 0})
    found = answer(animals(KINDS, mice, samples=samples), "latency").estimates
    assert found["model"].tolist() == ["trajectory"]
    assert found["p"].iloc[0] < 0.01
    assert answer(animals(KINDS, mice, samples=samples), "score").estimates["status"].tolist() == ["constant"]


def test_scores_that_do_not_overlap_have_a_p_of_rearranged_cages():
    found = answer(kinds(), "score")
    last = rows(found, "trajectory").iloc[-1]
    assert last["status"] == "separated"
    rank = rows(found, "rank sum")
    assert rank["time"].tolist() == [30]
    assert rank["effect"].iloc[0] > 0.48  # one tie
    assert rank["p"].iloc[0] == pytest.approx(2 / 70)
    assert "smallest p" in rank["note"].iloc[0]


def test_a_side_wholly_at_the_floor_has_a_bound():
    """Zeros on every plate of the control: how many times more grew in the cases is known from below only."""
    mice = pd.DataFrame({"mouse": list("abcdefgh"), "arm": ["abx", "water"] * 4, "cage": list("12345678")})
    colonies = pd.DataFrame({"sample": list("stuvwxyz"), "mouse": mice["mouse"], "day": 0, "cfu": [1e6, 0, 4e7, 0] * 2})
    floor = '[measures.cfu]\nbetter = "lower"\nscale = "log10"\nfloor = 100\n'
    text = floor + KINDS[KINDS.index("[contrasts") :].replace(
        'block = ["cage"]', 'block = ["cage"]\nmeasures = ["cfu"]'
    )
    row = answer(animals(text, mice, samples=colonies), "cfu").estimates.iloc[0]
    assert row["effect"] == pytest.approx(np.log10(np.sqrt(4e13)) - 2)
    assert "at least this" in row["note"]
    assert row["status"] in ("ok", "boundary")


def test_one_cage_among_several_arms_has_no_p_and_the_others_have():
    rng = np.random.default_rng(4)
    mice, rows_ = [], []
    for arm, cages in (("water", 3), ("abx", 3), ("lone", 1)):
        for cage in range(cages):
            for m in range(4):
                name = f"{arm}{cage}{m}"
                mice.append({"mouse": name, "arm": arm, "cage": f"{arm}{cage}"})
                for day in (5, 10, 20):
                    own = {"latency": float(rng.normal(50, 6)), "score": rng.integers(0, 4), "colonies": rng.poisson(4)}
                    rows_.append({"mouse": name, "day": float(day), **own | {"latency": min(own["latency"], 60.0)}})
    text = KINDS.replace('case = "abx"', 'case = ["abx", "lone"]')
    loaded = animals(text, pd.DataFrame(mice), phenotypes=pd.DataFrame(rows_))
    for measure in ("latency", "score", "colonies"):
        found = answer(loaded, measure).estimates.set_index("term")
        lone = found.loc[["lone"]]
        assert set(lone["status"]) <= {"one_cage", "separated", "too_few"}
        assert lone["p"].isna().all()
        assert (found.loc[["abx"], "p"].notna()).any()
    turned = text.replace('"water"', '"lone"').replace('["abx", "lone"]', '["abx", "water"]')
    alone = animals(turned, pd.DataFrame(mice), phenotypes=pd.DataFrame(rows_))
    assert answer(alone, "latency").estimates["p"].isna().all()
