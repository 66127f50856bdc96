"""Sides: who is compared with whom, who is left out and why, and empty sides."""

from __future__ import annotations

import pytest

from commensal.errors import DesignError
from commensal.study import Dropped, sides

SAMPLES = """
sample|arm|role|genotype|time|sex
S1|abx|sample|SOD1|60|F
S2|abx|sample|SOD1|59|F
S3|water|sample|SOD1|70|M
S4|water|sample|WT|70|M
S5||sample|SOD1|80|M
S6|gf|sample|SOD1|80|M
S7|abx|qc|SOD1|80|M
S8|water|sample||80|M
S9|abx|sample|SOD1||F
"""
WHERE = 'where = { genotype = "SOD1", time = { min = 60 } }\n'


def test_sides_and_reasons(study_of):
    loaded = study_of(WHERE, SAMPLES, assays={"taxa": [f"S{i}" for i in (9, 8, 7, 6, 5, 4, 3, 2, 1)]})
    found = sides(loaded, "abx", "taxa")
    assert found.samples == ("S1", "S3")
    assert found.case.tolist() == [True, False]
    where = "contrast abx × assay taxa"
    assert found.dropped == (
        Dropped("sample", where, "S2", "its time is not 60 or more"),
        Dropped("sample", where, "S4", "its genotype is WT, not SOD1"),
        Dropped("sample", where, "S5", "its arm is missing"),
        Dropped("sample", where, "S6", "its arm is gf, on neither side"),
        Dropped("sample", where, "S7", "its role is qc"),
        Dropped("sample", where, "S8", "its genotype is missing"),
        Dropped("sample", where, "S9", "its time is missing"),
    )


def test_only_samples_with_data_count(study_of):
    found = sides(study_of("", SAMPLES, assays={"taxa": ["S1", "S4", "S6"]}), "abx", "taxa")
    assert found.samples == ("S1", "S4")
    assert [one.name for one in found.dropped] == ["S6"]


def test_several_levels_on_a_side(study_of, base):
    text = base.replace('case = "abx"', 'case = ["abx", "gf"]')
    found = sides(study_of("", SAMPLES, text=text), "abx", "taxa")
    assert dict(zip(found.samples, found.case.tolist(), strict=True))["S6"] is True


def test_an_empty_side_tells_the_counts_and_where_it_became_empty(study_of):
    loaded = study_of('where = { sex = "M" }\n', SAMPLES)
    with pytest.raises(DesignError) as caught:
        sides(loaded, "abx", "taxa")
    error = caught.value
    assert error.where == "study.toml, [contrasts.abx]"
    assert "the case side" in error.what
    assert error.found == (
        "0 case and 3 control samples; with data in taxa: 4 case, 3 control; "
        "of role sample: 3 case, 3 control; where sex is M: 0 case, 3 control"
    )
    assert "it became empty where sex is M" in error.mend


def test_a_side_without_data(study_of):
    with pytest.raises(DesignError, match="both sides of the contrast are empty") as caught:
        sides(study_of("", SAMPLES, assays={"taxa": ["S5"]}), "abx", "taxa")
    assert "became empty with data in taxa" in caught.value.mend


@pytest.mark.parametrize(("key", "old"), [("case", '"abx"'), ("control", '"water"')])
def test_a_level_that_does_not_occur_is_named_with_the_counts(study_of, base, key, old):
    text = base.replace(f"{key} = {old}", f"{key} = {old.replace('a', 'aa')}")
    with pytest.raises(DesignError) as caught:
        sides(study_of("", SAMPLES, text=text), "abx", "taxa")
    assert caught.value.where == f"study.toml, [contrasts.abx] {key}"
    assert caught.value.found == "abx (3), water (3), gf (1)"
    assert caught.value.mend == f"did you mean {old[1:-1]!r}?"


def test_a_level_that_is_read_as_missing_says_so(study_of, base):
    text = base.replace('control = "water"', 'control = "None"')
    with pytest.raises(DesignError, match="'None' is read as missing"):
        sides(study_of("", "sample|arm\nA|abx\nB|None", text=text), "abx", "taxa")


def test_truths_are_levels(study_of, base):
    text = base.replace('case = "abx"', "case = true").replace('control = "water"', "control = false")
    found = sides(study_of("", "sample|arm\nA|TRUE\nB|FALSE\nC|\nD|TRUE", text=text), "abx", "taxa")
    assert found.samples == ("A", "B", "D")
    assert found.case.tolist() == [True, False, True]


AGES = "sample|arm|age|sick|batch\nA|abx|1|true|x\nB|abx|2|false|y\nC|water|3|true|x\nD|water|1|true|z\nE|abx|3|true|z"


@pytest.mark.parametrize(
    ("where", "kept"),
    [
        ("age = 1", "AD"),
        ("age = [1, 3.0]", "ACDE"),
        ("age = { max = 2 }", "ABD"),
        ("age = { min = 1, max = 2 }", "ABD"),
        ("age = { min = 1.5 }", "BCE"),
        ("sick = true", "ACDE"),
        ('batch = ["x", "z"]', "ACDE"),
        ('batch = ["x", "z"], age = { min = 3 }', "CE"),
    ],
)
def test_conditions(study_of, where, kept):
    assert "".join(sides(study_of(f"where = {{ {where} }}\n", AGES), "abx", "taxa").samples) == kept


@pytest.mark.parametrize(
    ("where", "parts"),
    [
        ('genotype = "sod1"', ["level 'sod1' of 'genotype' does not occur", "did you mean 'SOD1'?"]),
        ("genotype = { min = 3 }", ["does not hold numbers", "name levels instead"]),
        ('time = "late"', ["a level for a column of numbers"]),
    ],
)
def test_conditions_that_cannot_be_asked_are_refused(study_of, where, parts):
    with pytest.raises(DesignError) as caught:
        sides(study_of(f"where = {{ {where} }}\n", SAMPLES), "abx", "taxa")
    assert "[contrasts.abx] where." in caught.value.where
    assert all(part in str(caught.value) for part in parts)


def test_unknown_names_are_refused(study_of):
    loaded = study_of("", SAMPLES)
    with pytest.raises(DesignError, match="did you mean 'abx'"):
        sides(loaded, "abxx", "taxa")
    with pytest.raises(DesignError, match="no loaded assay 'serum'"):
        sides(loaded, "abx", "serum")
