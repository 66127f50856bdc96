"""Covariates as columns of a model, and blocks as units."""

from __future__ import annotations

import numpy as np
import pytest

from commensal.errors import DesignError
from commensal.study import blocks, covariates, is_nested, varies_within

SAMPLES = """
sample|subject|arm|cage|sex|age|smoker|diet|plate
A|P1|abx|1|F|10|true|x|1
B|P1|abx|1|F|20|false|y|1
C|P2|water|1|M|30|true|y|1
D|P3|water|2|M|NA|false|z|1
E|P4|water|2||60|true||1
"""
IDS = ("A", "B", "C", "D", "E")
SEX = '[variables.sex]\nreference = "F"\n'
QUESTION = '[questions.q]\nkind = "cohort"\ncontrast = "abx"\n'


def test_columns_of_each_type(study_of):
    loaded = study_of(SEX + '[variables.diet]\nlevels = ["z", "y", "x"]\nreference = "x"\n', SAMPLES)
    got = covariates(loaded, ("A", "B", "C", "D"), ("sex", "smoker", "diet"))
    assert got.columns == ("sex=M", "smoker=true", "diet=z", "diet=y")
    assert got.matrix.tolist() == [[0, 1, 0, 0], [0, 0, 0, 1], [1, 1, 0, 1], [1, 0, 1, 0]]
    assert got.complete.all()
    assert (got.missing, got.constant, got.notes) == ({}, (), ())


def test_numbers_are_centred_over_the_complete_samples_and_missing_is_counted(study_of):
    got = covariates(study_of(SEX, SAMPLES), IDS, ("age", "sex"))
    assert got.complete.tolist() == [True, True, True, False, False]
    assert got.missing == {"age": ("D",), "sex": ("E",)}
    np.testing.assert_allclose(got.matrix[:, 0], [-10, 0, 10, np.nan, 40])
    np.testing.assert_allclose(got.matrix[:, 1], [0, 0, 1, 1, np.nan])


def test_no_covariates(study_of):
    got = covariates(study_of("", SAMPLES), IDS, ())
    assert got.matrix.shape == (5, 0)
    assert got.complete.all()


def test_what_does_not_vary_is_left_out_and_named(study_of):
    got = covariates(study_of(SEX, SAMPLES), ("A", "B"), ("sex", "plate", "age"))
    assert got.constant == ("sex", "plate")
    assert got.columns == ("age",)


def test_a_covariate_that_is_constant_only_among_the_complete_is_left_out(study_of):
    got = covariates(study_of(SEX, SAMPLES), ("B", "C", "D"), ("smoker", "age", "sex"))
    assert got.complete.tolist() == [True, True, False]
    assert "smoker" not in got.constant
    got = covariates(study_of(SEX, SAMPLES), ("A", "B", "D"), ("sex", "age"))
    assert got.constant == ("sex",)
    assert got.matrix.shape == (3, 1)


def test_a_covariate_missing_for_everyone_leaves_nobody_complete(study_of):
    loaded = study_of("", "sample|arm|age\nA|abx|NA\nB|water|NA")
    with pytest.raises(DesignError):
        covariates(loaded, ("A", "B"), ("age",))
    loaded = study_of('[variables.age]\ntype = "number"\n', "sample|arm|age\nA|abx|NA\nB|water|NA")
    got = covariates(loaded, ("A", "B"), ("age",))
    assert not got.complete.any()
    assert got.missing == {"age": ("A", "B")}
    assert got.constant == ("age",)


def test_a_reference_that_is_not_among_these_samples_is_stood_in_for(study_of):
    loaded = study_of('[variables.diet]\nreference = "x"\n', SAMPLES)
    got = covariates(loaded, ("B", "C", "D"), ("diet",))
    assert got.columns == ("diet=z",)
    assert "the reference x is not among these samples; y stands in" in got.notes[0]


def test_a_category_without_reference_is_refused_with_the_lines_to_add(study_of):
    with pytest.raises(DesignError) as caught:
        covariates(study_of("", SAMPLES), IDS, ("diet",))
    assert caught.value.where == "study.toml, [variables.diet] reference"
    assert caught.value.found == "levels y (2), x (1), z (1)"
    assert '[variables.diet]\n    reference = "y"' in caught.value.mend


def test_free_text_and_unknown_columns_are_refused(study_of):
    loaded = study_of('[variables.diet]\ntype = "text"\n', SAMPLES)
    with pytest.raises(DesignError, match="free text"):
        covariates(loaded, IDS, ("diet",))
    with pytest.raises(DesignError, match="no column 'bmi'"):
        covariates(loaded, IDS, ("bmi",))


# blocks


def test_no_block_and_no_repeats(study_of):
    loaded = study_of(QUESTION, SAMPLES)
    got = blocks(loaded, loaded.declared.questions["q"], ("A", "C", "D"))
    assert (got.names, got.labels, got.missing) == ((), (), ())


def test_a_repeated_subject_is_a_block_by_itself(study_of):
    loaded = study_of(QUESTION, SAMPLES)
    got = blocks(loaded, loaded.declared.questions["q"], IDS)
    assert got.names == ("subject",)
    assert got.labels[0].tolist() == ["P1", "P1", "P2", "P3", "P4"]


def test_a_declared_subject_is_a_block_only_where_it_repeats(study_of):
    loaded = study_of(QUESTION + 'block = ["subject"]\n', SAMPLES)
    question = loaded.declared.questions["q"]
    assert blocks(loaded, question, IDS).names == ("subject",)
    assert blocks(loaded, question, ("A", "C", "D")).names == ()


def test_inner_units_carry_the_outer_ones(study_of):
    loaded = study_of(QUESTION.replace('"abx"', '"abx"\nblock = ["sex", "cage"]'), SAMPLES)
    got = blocks(loaded, loaded.declared.questions["q"], IDS)
    assert got.names == ("sex", "cage", "subject")
    assert got.labels[0].tolist() == ["F", "F", "M", "M", ""]
    assert got.labels[1].tolist() == ["F / 1", "F / 1", "M / 1", "M / 2", ""]
    assert got.labels[2].tolist() == ["P1", "P1", "P2", "P3", "P4"]
    assert got.missing == ("E",)


def test_an_identity_is_not_written_twice(study_of):
    extra = '[variables.cage]\nnested_in = ["sex"]\n' + QUESTION + 'block = ["sex", "cage"]\n'
    loaded = study_of(extra, SAMPLES)
    got = blocks(loaded, loaded.declared.questions["q"], ("A", "C", "D"))
    assert got.labels[1].tolist() == ["F / 1", "M / 1", "M / 2"]


def test_where_labels_vary():
    assert varies_within(np.array([1, 0, 1]), np.array(["a", "a", "b"]))
    assert not varies_within(np.array([1, 1, 0]), np.array(["a", "a", "b"]))
    assert is_nested(["c1", "c2", "c2"], ["a", "b", "b"])
    assert not is_nested(["c1", "c1"], ["a", "b"])
