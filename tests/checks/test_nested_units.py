"""Cages, donors, batches and the labels that hide them."""

from __future__ import annotations

import pytest

ARMS = ["case"] * 12 + ["control"] * 12


def cages(labels: str, each: int = 4) -> list[str]:
    return [label for label in labels for _ in range(each)]


def test_cages_nested_in_arms_are_the_units(lint):
    found = lint({"label": ARMS, "cage_id": cages("uvwxyz")})
    finding = found["nested_units"]
    assert finding.severity == "error"
    assert finding.counts == {"n_case": 12, "n_control": 12, "units_case": 3, "units_control": 3, "units": 6}
    assert "3 against 3" in finding.message
    assert 'block = ["cage_id"]' in finding.mend
    assert (finding.contrast, finding.assay) == ("c", "taxa")
    # 6!/(3! 3!) = 20 arrangements, each F twice
    assert found["smallest_p"].counts["smallest_p"] == pytest.approx(0.1)
    assert found["smallest_p"].severity == "warning"


def test_a_declared_block_turns_the_error_into_a_note(lint):
    found = lint({"label": ARMS, "cage_id": cages("uvwxyz")}, question='block = ["cage_id"]')
    assert found["nested_units"].severity == "note"
    assert {f.code for f in found.values() if f.severity != "note"} == {"smallest_p"}


def test_counts_are_of_the_samples_that_have_data(lint):
    table = {"label": ARMS, "cage": cages("uvwxyz")}
    measured = [f"S{i:03d}" for i in range(24) if i not in (0, 1, 2, 3, 23)]  # cage u has no data at all
    found = lint(table, ids=measured, question='block = ["cage"]')
    assert found["nested_units"].counts["units_case"] == 2
    assert found["nested_units"].counts["n_control"] == 11
    assert found["smallest_p"].counts["n_distinct"] == 10  # 5!/(2! 3!)
    assert found["smallest_p"].counts["smallest_p"] == pytest.approx(0.1)
    assert found["samples_without_data"].counts["samples_without_data"] == 5


def test_one_donor_per_side(lint):
    finding = lint({"label": ARMS, "donor": ["d1"] * 12 + ["d2"] * 12})["one_unit_per_side"]
    assert finding.severity == "error"
    assert finding.message.startswith("1 donor per side")


def test_one_cage_in_one_arm(lint):
    finding = lint({"label": ARMS, "cage": ["u"] * 12 + cages("xyz")})["one_unit_per_side"]
    assert "1 against 3 cages" in finding.message


def test_donors_of_one_side_only(lint):
    found = lint({"label": ARMS, "donor": ["d1"] * 12 + [None] * 12})
    assert found["single_donor"].severity == "warning"
    assert "one_unit_per_side" not in found


def test_what_is_said_of_a_donor_is_not_a_donor(lint):
    found = lint({"label": ARMS, "donor_status": ["ill"] * 12 + ["well"] * 12})
    assert not [f for f in found.values() if f.severity != "note"]


def test_batches_nested_in_arms_warn(lint):
    finding = lint({"label": ARMS, "batch": cages("uvwxyz")})["nested_units"]
    assert finding.severity == "warning"


def test_all_cases_on_one_plate(lint):
    finding = lint({"label": ARMS, "Plate": ["1"] * 12 + ["2"] * 12})["one_unit_per_side"]
    assert "1 plate per side" in finding.message


def test_plates_that_hold_both_sides_are_no_finding(lint):
    found = lint({"label": ["case", "control"] * 12, "plate": cages("AB", 12)})
    assert not [f for f in found.values() if f.severity != "note"]


def test_households_with_both_sides_want_a_block(lint):
    table = {"label": ["case", "control"] * 12, "household": [f"H{i // 2}" for i in range(24)]}
    finding = lint(table)["unit_not_in_block"]
    assert finding.severity == "warning"
    assert finding.counts["units"] == finding.counts["units_both"] == 12
    assert "unit_not_in_block" not in lint(table, question='block = ["household"]')


def test_reused_cage_labels_are_told_apart(lint):
    found = lint({"label": ARMS, "cage": cages("123123")})
    reused, nested = found["labels_reused"], found["nested_units"]
    assert reused.severity == "warning"
    assert reused.counts == {"labels": 3, "units": 6, "labels_reused": 3, "most_subjects_per_label": 8}
    assert 'nested_in = ["label"]' in reused.mend
    assert nested.counts["units"] == 6
    assert "labels 1, 2, 3 stand on both sides" in nested.message


def test_a_block_of_reused_labels_would_pair_strangers(lint):
    found = lint({"label": ARMS, "cage": cages("123123")}, question='block = ["cage"]')
    assert found["nested_units"].severity == "error"
    assert "merely share a label" in found["nested_units"].message
    assert found["smallest_p"].counts["n_distinct"] == 20


def test_declared_nesting_leaves_a_note(lint):
    found = lint(
        {"label": ARMS, "cage": cages("123123")},
        question='block = ["cage"]',
        more='[variables.cage]\nnested_in = ["label"]',
    )
    assert found["labels_reused"].severity == found["nested_units"].severity == "note"
    assert found["labels_reused"].counts["units"] == 6


def test_few_animals_under_one_number_are_asked_about(lint):
    """Two mice of each arm in cage 1 could live together: then no identity is invented."""
    table = {"label": ["case", "case", "control", "control"] * 4, "cage": cages("1234")}
    found = lint(table, question='block = ["cage"]')
    assert found["labels_perhaps_reused"].severity == "note"
    assert "labels_reused" not in found
    assert found["smallest_p"].counts["n_distinct"] == 6**4


def test_one_label_for_several_animals(lint):
    found = lint({"label": ARMS, "subject": ["1", "2", "3", "4"] * 6, "sex": ["F"] * 12 + ["M"] * 12})
    assert found["subject_in_several"].severity == "error"
    assert found["subject_in_several"].counts["subjects"] == 4
