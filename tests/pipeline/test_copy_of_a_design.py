"""Copies of declared designs: who is in them stays, what is measured is drawn anew, and the truth can be scored."""

from __future__ import annotations

import json
import tomllib

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from commensal import load, simulation
from commensal.cli.app import app
from commensal.errors import CommensalError, UsageError
from commensal.pipeline import simulate
from commensal.pipeline.answering import answer, steps_of
from commensal.pipeline.score import scored
from commensal.pipeline.toml_text import toml_text
from commensal.study import read_study

#: Effects that a study of this size cannot miss.
LARGE = 3.0


@pytest.fixture(scope="module")
def households(tmp_path_factory):
    folder = tmp_path_factory.mktemp("households")
    first = simulation.cohort(folder / "first", seed=1, households=12)
    return first, simulate.design(first, folder / "copy", seed=2, size=LARGE)


@pytest.fixture(scope="module")
def mice(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mice")
    first = simulation.animal(folder / "first", seed=1, animals=4, cages=2, strains=1, doses=1, taxa=15, taxa_changed=3)
    return first, simulate.design(first, folder / "copy", seed=2)


@pytest.mark.parametrize("study", ["households", "mice"])
def test_who_is_in_it_stays_and_what_is_measured_does_not(study, request):
    first, copy = (load(path) for path in request.getfixturevalue(study))
    assert list(first.samples.index) == list(copy.samples.index)
    columns = [name for name in first.samples if name in copy.samples and name not in first.declared.measures]
    assert set(first.samples) <= set(copy.samples)
    for name in columns:
        old, new = first.samples[name], copy.samples[name]
        if pd.api.types.is_numeric_dtype(old):
            np.testing.assert_allclose(old.to_numpy(float, na_value=np.nan), new.to_numpy(float, na_value=np.nan))
        else:
            assert old.fillna("").astype(str).tolist() == new.fillna("").astype(str).tolist(), name
    assert list(first.assays) == list(copy.assays)
    for name, table in first.assays.items():
        other = copy.assays[name]
        assert list(table.features.index) == list(other.features.index)
        order = [other.samples.index(one) for one in table.samples if one in other.samples]
        assert not np.array_equal(table.values, other.values[order])


@pytest.mark.parametrize("study", ["households", "mice"])
def test_the_questions_stay(study, request):
    first, copy = (read_study(path) for path in request.getfixturevalue(study))
    assert list(first.questions) == list(copy.questions)
    for name, question in first.questions.items():
        for key in ("kind", "contrast", "assays", "block", "covariates", "by", "strains", "gives", "severity"):
            assert getattr(copy.questions[name], key) == getattr(question, key), key
    assert first.contrasts == copy.contrasts
    assert first.design == copy.design


def test_the_same_seed_gives_the_same_bytes(households, tmp_path):
    first, copy = households
    again = simulate.design(first, tmp_path / "again", seed=2, size=LARGE)
    other = simulate.design(first, tmp_path / "other", seed=3, size=LARGE)
    names = sorted(path.name for path in copy.parent.iterdir())
    assert names == sorted(path.name for path in again.parent.iterdir())
    assert all((copy.parent / name).read_bytes() == (again.parent / name).read_bytes() for name in names)
    assert (copy.parent / "serum.tsv").read_bytes() != (other.parent / "serum.tsv").read_bytes()


def test_answers_about_the_copy_are_scored_and_large_effects_are_found(households):
    copy = households[1]
    loaded = load(copy)
    (step,) = [one for one in steps_of(loaded.declared) if one.part == "serum"]
    truth = json.loads((copy.parent / "truth.json").read_text(encoding="utf-8"))
    own = (
        scored(answer(loaded, step).answer.estimates, None, truth).questions.set_index("what").loc["features of serum"]
    )
    assert own["planted"] > 0
    assert own["found"] >= own["planted"] / 2
    assert own["false"] <= max(0.1 * own["of"], 2)


def test_nothing_is_planted_at_size_0(households, tmp_path):
    null = simulate.design(households[0], tmp_path / "null", size=0)
    truth = json.loads((null.parent / "truth.json").read_text(encoding="utf-8"))
    assert truth["planted"] == []
    assert truth["outcomes"] == []


def test_verdicts_of_arms_are_in_the_truth(mice):
    truth = json.loads((mice[1].parent / "truth.json").read_text(encoding="utf-8"))
    said = {one["question"]: set() for one in truth["verdicts"]}
    for one in truth["verdicts"]:
        said[one["question"]].add(one["truth"])
    assert said["screen"] == {"helps"}
    assert said["depletion"] == {"harms"}  # what removes microbes is planted to harm


def test_the_command_line_copies_a_design(households, tmp_path):
    runner = CliRunner()
    options = ["--out", str(tmp_path / "copy"), "--seed", "2", "--size", str(LARGE)]
    made = runner.invoke(app, ["simulate", "--design", str(households[0]), *options])
    assert made.exit_code == 0, made.output
    assert (tmp_path / "copy" / "serum.tsv").read_bytes() == (households[1].parent / "serum.tsv").read_bytes()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"effects": ["nobody=1"]}, "no contrast is called"),
        ({"size": -1}, "0 or more"),
        ({"size": np.nan}, "0 or more"),
    ],
)
def test_bad_input_is_named_with_a_way_out(households, tmp_path, options, said):
    with pytest.raises(UsageError) as caught:
        simulate.design(households[0], tmp_path / "copy", **options)
    assert said in str(caught.value)


def test_what_to_simulate_must_be_said(tmp_path):
    runner = CliRunner()
    for words in (["simulate", "--out", str(tmp_path)], ["simulate", "--design", "study.toml"]):
        made = runner.invoke(app, words)
        assert isinstance(made.exception, UsageError)
        assert "--design STUDY.toml" in str(made.exception)


def test_another_study_is_not_overwritten(households, tmp_path):
    (tmp_path / "study.toml").write_text("[study]\n")
    with pytest.raises(CommensalError, match="not simulated"):
        simulate.design(households[0], tmp_path)


def test_a_study_file_is_written_as_it_was_read():
    document = {
        "study": {"name": 'a "b"\\', "title": "Größe\ttab"},
        "contrasts": {"x y": {"case": ["CD", "U'C"], "where": {"time": {"min": 1.5, "max": 2}, "ok": True}}},
        "questions": {"q": {"strains": {"A, b": "c"}, "assays": []}},
    }
    assert tomllib.loads(toml_text(document)) == document
