"""Contrasts resolved on animals: arms, cages, levels, and what was followed in them."""

import numpy as np
import pandas as pd
import pytest
from tests.questions.animals import animals

from commensal.errors import DesignError
from commensal.questions.arms import arms
from commensal.questions.followed import event_times, phenotype

QUESTION = """
[contrasts.abx]
column = "arm"
case = {case}
control = "water"
{where}
[questions.depletion]
kind = "depletion"
contrast = "abx"
{keys}
[events.death]
competing = ["found_dead"]
[events.found_dead]
"""
MEASURE = '[measures.rotarod]\nbetter = "higher"\nceiling = 300\n'
MICE = pd.DataFrame(
    {
        "mouse": [f"m{i}" for i in range(8)],
        "genotype": ["SOD1", "SOD1", "WT", "WT"] * 2,
        "arm": ["abx"] * 4 + ["water"] * 4,
        "cage": ["1", "1", "2", "2"] * 2,
        "age": [60.0, 61, 62, 63, 64, 65, 66, 67],
    }
)


def study(case: str = '"abx"', where: str = "", keys: str = "", mice: pd.DataFrame = MICE, more: str = "", **tables):
    if any("rotarod" in table or "measure" in table for table in tables.values()):
        more += MEASURE
    return animals(QUESTION.format(case=case, where=where, keys=keys) + more, mice, **tables)


def found(loaded):
    return arms(loaded, loaded.declared.questions["depletion"])


def test_each_case_level_is_an_arm_and_all_others_are_named_with_their_reason():
    mice = MICE.assign(arm=["abx", "abx", "gf", "gf", "water", "water", "other", None])
    got = found(study('["gf", "abx"]', mice=mice))
    assert got.subjects == ("m0", "m1", "m2", "m3", "m4", "m5")
    assert got.cases == ("gf", "abx")
    assert got.case.tolist() == [True] * 4 + [False] * 2
    assert {one.name: one.reason for one in got.dropped} == {
        "m6": "its arm is other, on neither side",
        "m7": "its arm is missing",
    }
    assert got.pair("gf").subjects == ("m2", "m3", "m4", "m5")


def test_several_control_levels_are_one_arm():
    mice = MICE.assign(arm=["abx", "abx", "gf", "gf", "water", "water", "saline", "saline"])
    loaded = study(mice=mice)
    contrast = loaded.declared.contrasts["abx"]
    assert contrast.control == ("water",)
    text = QUESTION.replace('control = "water"', 'control = ["water", "saline"]')
    got = found(animals(text.format(case='"abx"', where="", keys=""), mice))
    assert got.control_name == "water or saline"
    assert set(got.arm_or_control) == {"abx", "water or saline"}


def test_cages_carry_their_arm_when_nested_and_a_mouse_without_one_is_alone():
    mice = MICE.assign(cage=["1", "1", "2", "2", "1", "1", "2", None])
    nested = '[variables.cage]\nnested_in = ["arm"]\n'
    got = found(study(keys='block = ["cage"]', mice=mice, more=nested))
    assert got.whole_units
    assert got.unit_name == "cage"
    assert got.units("abx") == 2
    assert got.units("water") == 3
    assert "m7 (no cage)" in got.unit
    assert not found(study(keys='block = ["cage"]', mice=mice)).whole_units


def test_levels_of_by_have_the_reference_first_and_split_the_subjects():
    reference = '[variables.genotype]\nreference = "WT"\n'
    got = found(study(keys='by = "genotype"', more=reference))
    assert got.levels == ("WT", "SOD1")
    assert got.at("SOD1").subjects == ("m0", "m1", "m4", "m5")
    assert got.term("abx", "SOD1") == "SOD1: abx"


def test_conditions_choose_subjects_by_their_columns_and_measurements_by_their_time():
    times = pd.DataFrame({"mouse": ["m0"] * 3 + ["m4"], "day": [1, 60, 70, 60], "rotarod": [5, 300, 250, 100]})
    loaded = study(where='where = { genotype = "SOD1", time = { min = 60 } }', phenotypes=times)
    got = found(loaded)
    assert got.subjects == ("m0", "m1", "m4", "m5")
    values = phenotype(got, loaded, loaded.declared.measures["rotarod"])
    assert values.value.tolist() == [300, 250, 100]
    assert values.time.tolist() == [60, 70, 60]
    assert [one.name for one in values.dropped] == ["m1", "m5"]


def test_measures_may_be_rows_of_the_phenotypes_or_columns_of_the_samples():
    long = pd.DataFrame({"mouse": ["m0", "m4"], "day": [1, 1], "measure": ["rotarod", "rotarod"], "value": [7, 8]})
    loaded = study(phenotypes=long)
    assert phenotype(found(loaded), loaded, loaded.declared.measures["rotarod"]).value.tolist() == [7, 8]
    samples = pd.DataFrame({"sample": ["a", "b", "c"], "mouse": ["m0", "m0", "m4"], "day": 3, "rotarod": [9, 9, 8]})
    loaded = study(samples=samples)
    assert phenotype(found(loaded), loaded, loaded.declared.measures["rotarod"]).value.tolist() == [9, 8]


@pytest.mark.parametrize(
    ("mice", "keys", "where", "words"),
    [
        (MICE.assign(arm="abx"), "", "", "does not occur"),
        (MICE, "", 'where = { genotype = "SOD2" }', "does not occur"),
        (MICE, "", "where = { age = { max = 63 } }", "no subject is in arm 'water'"),
    ],
)
def test_empty_arms_and_unknown_levels_are_refused(mice, keys, where, words):
    loaded = study(keys=keys, where=where, mice=mice)
    with pytest.raises(DesignError, match=words):
        found(loaded)


def test_two_arms_of_one_animal_are_refused_unless_time_tells_them_apart():
    samples = pd.DataFrame({"sample": list("abc"), "mouse": ["m0", "m0", "m1"], "day": [0, 9, 0]})
    samples["arm"] = ["water", "abx", "water"]
    mice = MICE[["mouse", "genotype"]]
    with pytest.raises(DesignError, match="in two arms"):
        found(study(mice=mice, samples=samples))
    samples["day"] = [0, 9, 9]
    got = found(study(mice=mice, samples=samples, where="where = { time = 9 }"))
    assert got.subjects == ("m0", "m1")
    assert got.case.tolist() == [True, False]


def test_a_value_beyond_the_ceiling_is_named():
    times = pd.DataFrame({"mouse": ["m0", "m4"], "day": [1, 1], "rotarod": [301, 5]})
    loaded = study(phenotypes=times)
    with pytest.raises(DesignError, match=r"(?s)beyond its ceiling.*301 in subject m0"):
        phenotype(found(loaded), loaded, loaded.declared.measures["rotarod"])


def test_events_compete_censor_and_enter_late():
    rows = [
        ("m0", "death", 120, 0),
        ("m1", "found_dead", 90, 0),
        ("m2", "censored", 140, 0),
        ("m4", "symptom_onset", 80, 0),
        ("m4", "death", 133, 21),
    ]
    events = pd.DataFrame(rows, columns=["mouse", "event", "day", "entry"])
    weighed = pd.DataFrame({"mouse": ["m3", "m3"], "day": [50, 70], "rotarod": [1, 2]})
    loaded = study(
        events=events, phenotypes=weighed, samples=pd.DataFrame({"sample": ["a"], "mouse": ["m0"], "day": 0})
    )
    got = event_times(found(loaded), loaded, loaded.declared.events["death"])
    assert got.cause[:5].tolist() == ["death", "found_dead", "", "", "death"]
    assert got.earliest[:5].tolist() == [120, 90, 140, 70, 133]
    assert np.isinf(got.latest[2])
    assert got.latest[0] == 120
    assert got.entry[4] == 21
    assert got.entered_late
    assert not got.interval
    assert [one.name for one in got.dropped] == ["m5", "m6", "m7"]


def test_an_interval_stays_one():
    events = pd.DataFrame({"mouse": ["m0", "m4"], "event": "death", "earliest": [10, 20], "latest": [15, None]})
    text = QUESTION.format(case='"abx"', where="", keys="")
    loaded = animals(text, MICE, events=events)
    got = event_times(found(loaded), loaded, loaded.declared.events["death"])
    assert got.interval
    assert (got.earliest[0], got.latest[0]) == (10, 15)
    assert got.earliest[4] == 20
    assert got.cause[4] == ""


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (("m0", "death", -3.0, None), "a negative time"),
        (("m0", "death", 20.0, 30.0), "an event before entry"),
        (("m0", "censored", 20.0, 30.0), "follow-up that ends before entry"),
    ],
)
def test_impossible_times_are_named(row, words):
    events = pd.DataFrame([row, ("m4", "death", 31.0, None)], columns=["mouse", "event", "day", "entry"])
    loaded = study(events=events)
    with pytest.raises(DesignError, match=f"(?s){words}.*m0"):
        event_times(found(loaded), loaded, loaded.declared.events["death"])


def test_the_same_event_twice_and_one_after_its_competitor_are_refused():
    twice = pd.DataFrame({"mouse": ["m0", "m0"], "event": "death", "day": [5, 6]})
    loaded = study(events=twice)
    with pytest.raises(DesignError, match="same event twice"):
        event_times(found(loaded), loaded, loaded.declared.events["death"])
    after = pd.DataFrame({"mouse": ["m0", "m0"], "event": ["found_dead", "death"], "day": [5, 6]})
    loaded = study(events=after)
    with pytest.raises(DesignError, match="after one that ends it"):
        event_times(found(loaded), loaded, loaded.declared.events["death"])


def test_batch_limits_an_arm_to_its_own_controls():
    mice = MICE.assign(batch=["1", "1", "1", "1", "1", "1", "2", "2"])
    got = found(study(keys='concurrent = "batch"', mice=mice))
    assert got.pair("abx").subjects == ("m0", "m1", "m2", "m3", "m4", "m5")
