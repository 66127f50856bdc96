"""What runs again when something changes, and that a step cannot read what its key does not cover."""

from __future__ import annotations

import json
from dataclasses import replace

import pandas as pd
import pytest

import commensal
from commensal import simulation
from commensal.errors import DesignError
from commensal.pipeline.answering import Outcome, Step, answer, steps_of
from commensal.pipeline.kept_answers import packed, unpacked
from commensal.pipeline.load import load
from commensal.pipeline.step_keys import narrowed, parts_of
from commensal.questions import Answer
from commensal.questions.answer import Refused
from commensal.study import Dropped
from commensal.tables import estimates, points


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    sizes = {"strains": 1, "doses": 1, "molecules": 20, "taxa": 20, "genes": 60, "times": 3, "measures": 1}
    path = simulation.als(tmp_path_factory.mktemp("als"), seed=1, small=True, **sizes)
    path.write_text(path.read_text().replace("permutations = 999", "permutations = 99"))
    return load(path)


@pytest.fixture(scope="module")
def asked(whole):
    """What every step asks of the whole study: its answer, and the columns that it reads."""
    made = {}
    for step in steps_of(whole.declared):
        read: set[str] = set()
        tables = {}
        for name in ("samples", "subjects", "phenotypes", "events"):
            tables[name] = Watched(getattr(whole, name))
            tables[name].asked = read
        made[step.name] = answer(replace(whole, **tables), step).answer, read
    return made


@pytest.fixture(autouse=True)
def quick_drawing(monkeypatch):
    """Write a figure's specification in place of its drawing: the same bytes where the same would be drawn."""
    import vl_convert

    monkeypatch.setattr(vl_convert, "vegalite_to_svg", lambda spec, **_: json.dumps(spec, default=str))
    monkeypatch.setattr(vl_convert, "svg_to_pdf", lambda svg: svg.encode())


@pytest.fixture
def study(tmp_path):
    """A small cohort of two tables that is answered in a second."""
    path = simulation.cohort(tmp_path / "study", seed=1, households=8)
    text = path.read_text()
    text = text.replace('assays = ["species", "serum", "genes", "csf"]', 'assays = ["serum", "csf"]\npermutations = 99')
    text = text.replace('producers = { taxa = "species", molecules = ["serum"] }\n', "")
    second = text[text.index("[questions.patients]") :].replace("[questions.patients]", "[questions.again]")
    path.write_text(text + "\n" + second.replace('covariates = ["age", "sex"]', 'covariates = ["sex"]'))
    return path


def keys(loaded) -> dict[str, str]:
    return {step.name: parts_of(narrowed(loaded, step), step).key for step in steps_of(loaded.declared)}


def test_every_kind_gives_the_same_answer_from_what_its_key_covers_and_from_what_was_kept(whole, asked):
    steps = steps_of(whole.declared)
    assert {step.question.kind for step in steps} == {
        "depletion", "course", "screen", "mediators", "rescue", "host", "cohort",
    }  # fmt: skip
    for step in steps:
        everything, cut = asked[step.name][0], answer(narrowed(whole, step), step).answer
        kept, _, _ = unpacked(packed(cut, None, 1.0))
        for table in ("estimates", "points"):
            one, two, three = (getattr(made, table) for made in (everything, cut, kept))
            pd.testing.assert_frame_equal(one, two, check_exact=True)
            pd.testing.assert_frame_equal(two, three, check_exact=True)
        assert everything.dropped == cut.dropped == kept.dropped
        assert len(everything.refused) == len(cut.refused) == len(kept.refused)


class Watched(pd.DataFrame):
    """A table that notes the columns that are asked of it."""

    _metadata = ("asked",)

    @property
    def _constructor(self):
        return Watched

    def __getitem__(self, name):
        asked = getattr(self, "asked", None)
        if asked is not None and isinstance(name, str):
            asked.add(name)
        return super().__getitem__(name)


def test_the_columns_that_steps_read_are_columns_that_their_keys_cover(whole, asked):
    for step in steps_of(whole.declared):
        read = asked[step.name][1]
        cut = narrowed(whole, step)
        covered = {*cut.samples, *cut.subjects, *cut.phenotypes, *(cut.events if cut.events is not None else ())}
        there = {*whole.samples, *whole.subjects, *whole.phenotypes, *whole.events}
        assert read
        assert read & there <= covered, step.name


def test_a_value_changed_in_a_column_changes_the_keys_of_the_steps_that_read_it(whole):
    before = keys(whole)
    for column, kinds in {"age": ("patients",), "washout": ("screen",), "facility": ("course",)}.items():
        changed = {}
        for name in ("samples", "subjects"):
            frame = getattr(whole, name)
            if column in frame:
                frame = frame.copy()
                frame[column] = frame[column].shift(1)
                changed[name] = frame
        after = keys(replace(whole, **changed))
        assert {name.split(":")[0] for name in before if before[name] != after[name]} == set(kinds), column


def test_a_value_of_one_table_changes_only_its_own_steps(whole):
    table = whole.assays["cord"]
    values = table.values.copy()
    values[0, 0] += 1
    after = keys(replace(whole, assays={**whole.assays, "cord": replace(table, values=values)}))
    before = keys(whole)
    assert [name for name in before if before[name] != after[name]] == ["host: cord"]


def test_refusals_and_failures_come_back_as_they_were():
    error = DesignError("no side", where="[contrasts.a]", found=3, expected="two", mend="add one")
    made = Answer(estimates(), points(), (Dropped("row", "a", "b", "c"),), (Refused("grip", error, primary=True),))
    kept, none, seconds = unpacked(packed(made, None, 1.5))
    assert none is None
    assert seconds == 1.5
    assert kept.dropped == made.dropped
    assert (kept.refused[0].name, kept.refused[0].primary) == ("grip", True)
    assert (type(kept.refused[0].error), str(kept.refused[0].error)) == (DesignError, str(error))
    assert str(unpacked(packed(None, error, 1.0))[1]) == str(error)
    assert isinstance(Outcome(*unpacked(packed(None, error, 1.0))), Outcome)
    assert Step  # what a key is of


def test_a_changed_covariate_runs_its_question_only_and_explain_says_so(study, tmp_path):
    out = tmp_path / "out"
    first = commensal.run(study, out)
    assert commensal.reasons(study, out) == ("nothing runs: no input, setting, output or code has changed",)
    before = {name: (out / name).read_bytes() for name in ("estimates.parquet", "points.parquet", "report.html")}
    study.write_text(study.read_text().replace('covariates = ["age", "sex"]', 'covariates = ["age"]'))
    told = commensal.reasons(study, out)
    assert [line.split(": ")[2] for line in told[:4]] == ["runs", "runs", "kept", "kept"]
    assert "covariates changed (age, sex → age)" in told[0]
    commensal.run(study, out)
    events = [json.loads(line) for line in (out / "run.jsonl").read_text().splitlines()]
    assert [(e["question"], e["cached"]) for e in events if e["event"] == "answer"] == [
        ("patients", False), ("patients", False), ("again", True), ("again", True),
    ]  # fmt: skip
    assert (out / "estimates.parquet").read_bytes() != before["estimates.parquet"]
    study.write_text(study.read_text().replace('covariates = ["age"]', 'covariates = ["age", "sex"]'))
    again = commensal.run(study, out)  # everything was kept
    assert {name: (out / name).read_bytes() for name in before} == before
    pd.testing.assert_frame_equal(again.estimates, first.estimates, check_exact=True)


def test_a_result_that_was_changed_or_removed_is_written_again(study, tmp_path):
    out = tmp_path / "out"
    commensal.run(study, out, only=("again",))
    before = {name: (out / name).read_bytes() for name in ("estimates.parquet", "report.html")}
    (out / "estimates.parquet").write_bytes(b"x")
    (out / "report.html").unlink()
    for entry in (out / ".commensal" / "kept").glob("*.entry"):
        entry.write_bytes(entry.read_bytes()[:-1])
    assert "its kept result is damaged" in commensal.reasons(study, out, only=("again",))[0]
    commensal.run(study, out, only=("again",))
    assert {name: (out / name).read_bytes() for name in before} == before
