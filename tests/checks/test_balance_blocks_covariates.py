"""Sizes, sex, confounding, baseline, blocks, covariates."""

from __future__ import annotations

from dataclasses import replace

import pytest

from commensal.checks import check

HALF = ["case"] * 12 + ["control"] * 12
PAIRS = ["case", "control"] * 12


def worth_reading(found):
    return {code for code, finding in found.items() if finding.severity != "note"}


def test_unbalanced_sides(lint):
    found = lint({"label": ["case"] * 4 + ["control"] * 20})
    assert found["unbalanced_sides"].counts["ratio"] == 5
    assert "unbalanced_sides" not in lint({"label": ["case"] * 6 + ["control"] * 18})


@pytest.mark.parametrize(("a", "b", "ratio"), [(10, 10, None), (24, 8, 4.0)])
def test_arms_that_are_compared_one_by_one_are_weighed_one_by_one(builder, a, b, ratio):
    """Four arms of ten against a control of ten are five comparisons of ten with ten."""
    arms = [("a", a), ("b", b), ("c", 10), ("d", 10), ("control", 6 if ratio else 10)]
    loaded = builder({"label": [name for name, n in arms for _ in range(n)]}, kind="depletion")
    four = replace(loaded.declared.contrasts["c"], case=("a", "b", "c", "d"))
    loaded = replace(loaded, declared=replace(loaded.declared, contrasts={"c": four}))
    found = {one.code: one for one in check(loaded)}
    if ratio is None:
        assert "unbalanced_sides" not in found
    else:
        assert found["unbalanced_sides"].counts["ratio"] == ratio
        assert "(a)" in found["unbalanced_sides"].message


def test_a_side_of_one_subject(lint):
    found = lint({"label": HALF, "subject": ["a"] * 12 + [f"p{i}" for i in range(12)]})
    assert found["one_unit_per_side"].severity == "error"


def test_sex_imbalance_by_fisher(lint):
    sex = ["F"] * 10 + ["M"] * 2 + ["F"] * 3 + ["M"] * 9
    finding = lint({"label": HALF, "sex": sex})["sex_imbalance"]
    # R: fisher.test(matrix(c(10, 2, 3, 9), 2))$p.value = 0.01227814 (R 4.2.2)
    assert finding.counts["p"] == pytest.approx(0.01227814, abs=5e-8)
    assert finding.counts["case_F"] == 10
    assert finding.counts["control_M"] == 9
    covered = lint(
        {"label": HALF, "sex": sex}, question='covariates = ["sex"]', more='[variables.sex]\nreference = "F"'
    )
    assert "sex_imbalance" not in covered


def test_sex_is_counted_in_people_not_samples(lint):
    """Three of 4 cases and 1 of 4 controls: 8 people say nothing, 24 samples of them would."""
    people = [f"p{i}" for i in range(8) for _ in range(3)]
    sex = [s for s in "FFFMFMMM" for _ in range(3)]
    assert "sex_imbalance" not in lint({"label": HALF, "subject": people, "sex": sex})


def test_a_country_per_side_is_confounded(lint):
    found = lint({"label": HALF, "country": ["Finland"] * 12 + ["Estonia"] * 12})
    assert found["confounded"].severity == "error"


def test_the_label_in_other_words_is_a_note(lint):
    found = lint({"label": HALF, "diagnosis": ["yes"] * 12 + ["no"] * 12})
    assert found["label_follows"].severity == "note"
    assert "diagnosis" in found["label_follows"].message


def test_a_covariate_that_is_the_label(lint):
    found = lint(
        {"label": HALF, "drug": ["yes"] * 12 + ["no"] * 12},
        question='covariates = ["drug"]',
        more='[variables.drug]\nreference = "no"',
    )
    assert found["covariate_is_label"].severity == "error"


def test_baseline_is_asked_of_interventions_only(lint):
    table = {"label": HALF, "day": [7, 14] * 12, "subject": [f"m{i // 2}" for i in range(24)]}
    found = lint(table, kind="depletion")
    assert found["missing_baseline"].severity == "warning"
    assert lint(table, kind="depletion", randomised="cage")["missing_baseline"].severity == "note"
    assert "missing_baseline" not in lint(table)
    assert "missing_baseline" not in lint({**table, "day": [0, 14] * 12}, kind="depletion")


def test_baseline_on_one_side(lint):
    table = {"label": HALF, "day": [0, 14] * 6 + [7, 14] * 6, "subject": [f"m{i // 2}" for i in range(24)]}
    counts = lint(table, kind="depletion")["missing_baseline"].counts
    assert counts == {"subjects_before_case": 6, "subjects_before_control": 0}


def test_one_sided_blocks(lint):
    households = [f"H{i // 2}" for i in range(24)]
    label = PAIRS[:14] + ["case"] * 10  # five of twelve households hold cases only
    finding = lint({"label": label, "household": households}, question='block = ["household"]')["one_sided_blocks"]
    assert finding.severity == "note"
    assert finding.counts == {"blocks": 12, "blocks_both": 7, "samples_outside": 10, "samples": 24}
    label = PAIRS[:8] + ["case"] * 16
    finding = lint({"label": label, "household": households}, question='block = ["household"]')["one_sided_blocks"]
    assert finding.severity == "warning"


def test_people_without_a_household_count_as_alone(lint):
    households = [f"H{i // 2}" for i in range(20)] + [None] * 4
    found = lint({"label": PAIRS, "household": households}, question='block = ["household"]')
    assert found["block_label_missing"].counts["samples"] == 4
    assert found["one_sided_blocks"].counts["samples_outside"] == 4
    assert found["smallest_p"].counts["n_distinct"] == 2**10


def test_repeated_samples_of_a_subject(lint):
    found = lint({"label": HALF, "subject": [f"p{i // 3}" for i in range(24)]})
    finding = found["constant_within_subject"]
    assert finding.severity == "note"
    assert finding.counts == {"units": 8, "samples": 24, "units_case": 4, "units_control": 4}
    crossed = lint({"label": PAIRS, "subject": [f"p{i // 2}" for i in range(24)]})
    assert crossed["repeated_subjects"].counts == {"units": 12, "units_both": 12, "samples": 24}


def test_two_levels_of_units(lint):
    table = {
        "label": PAIRS,
        "subject": [f"p{i // 4 * 2 + i % 2}" for i in range(24)],
        "household": [f"H{i // 4}" for i in range(24)],
    }
    found = lint(table, question='block = ["household"]')
    assert found["several_block_levels"].severity == "error"
    assert "6 households and 12 subjects" in found["several_block_levels"].message
    assert "smallest_p" not in found


AGE = [40, 50, None] * 8
RELATION = ["self", "sister", "parent"] * 8


def test_a_covariate_missing_for_a_class_is_found_undeclared(lint):
    table = {"label": PAIRS, "age": AGE, "relation": RELATION}
    finding = lint(table)["covariate_missing_for_class"]
    assert finding.severity == "warning"
    assert "relation parent" in finding.message
    assert finding.counts["missing_in_class"] == finding.counts["missing"] == 8
    assert (finding.counts["complete_case"], finding.counts["complete_control"]) == (8, 8)
    declared = lint(table, question='covariates = ["age"]')["covariate_missing_for_class"]
    assert "leaves them all out" in declared.message


def test_a_covariate_missing_for_a_whole_side(lint):
    table = {"label": HALF, "age": [40, 50, 60, 45] * 3 + [None] * 12, "city": ["A", "B", "C"] * 8}
    finding = lint(table, question='covariates = ["age"]')["covariate_missing_for_class"]
    assert finding.severity == "error"
    assert finding.counts["complete_control"] == 0


def test_a_few_missing_values_are_a_note(lint):
    table = {"label": PAIRS, "age": [None, *range(30, 53)]}
    finding = lint(table, question='covariates = ["age"]')["covariate_missing"]
    assert finding.severity == "note"
    assert finding.counts["complete"] == 23


def test_more_covariates_than_units_can_bear(lint):
    numbers = {f"x{i}": [((i + 2) * j * j) % 17 for j in range(24)] for i in range(3)}
    names = ", ".join(f'"{name}"' for name in numbers)
    found = lint({"label": PAIRS, **numbers}, question=f"covariates = [{names}]")
    assert found["too_many_covariates"].severity == "warning"
    assert found["too_many_covariates"].counts == {"covariates": 3, "units": 24}
    assert "too_many_covariates" not in lint({"label": PAIRS, **numbers}, question='covariates = ["x0", "x1"]')
    subjects = [f"p{i // 6}" for i in range(24)]  # four infants: the label, the intercept and three covariates
    found = lint({"label": HALF, "subject": subjects, **numbers}, question=f"covariates = [{names}]")
    assert found["too_many_covariates"].severity == "error"
    assert found["too_many_covariates"].counts["units"] == 4


def test_a_sound_cohort_has_nothing_worth_reading(lint):
    """60 couples with sex, age and body mass: notes only."""
    n = 120
    table = {
        "label": ["case", "control"] * 60,
        "household": [f"H{i // 2:02d}" for i in range(n)],
        "sex": [("F", "M", "M", "F")[i % 4] for i in range(n)],
        "age": [50 + (7 * i) % 23 for i in range(n)],
        "bmi": [22 + (5 * i) % 9 for i in range(n)],
    }
    found = lint(
        table,
        question='block = ["household"]\ncovariates = ["sex", "age"]',
        more='[variables.sex]\nreference = "F"',
        depths=[10_000 + 37 * i for i in range(n)],
    )
    assert worth_reading(found) == set()
    assert found["smallest_p"].counts["smallest_p"] == pytest.approx(1e-4)
