"""``init --like``: folders that hold what their study file names, and that the linter has no error about."""

from __future__ import annotations

from pathlib import Path

import pytest

from commensal.errors import OutputError, UsageError
from commensal.pipeline import check, init
from commensal.pipeline.init import TEMPLATES, next_steps
from commensal.study import read_study


@pytest.mark.parametrize("like", TEMPLATES)
def test_template_is_sound_as_it_is(tmp_path: Path, like: str) -> None:
    study = init(tmp_path / "new" / like, like=like)
    assert study == tmp_path / "new" / like / "study.toml"
    declared = read_study(study)
    named = {file for table in declared.tables.values() for file in table.files}
    for assay in declared.assays.values():
        named |= {file for file in (assay.file, assay.tree, assay.features.file) if file}
    assert {path.name for path in study.parent.iterdir()} == named | {"study.toml"}
    assert [finding for finding in check(study) if finding.severity == "error"] == []


def test_full_template_asks_all_seven_questions(tmp_path: Path) -> None:
    declared = read_study(init(tmp_path, like="full"))
    kinds = {question.kind for question in declared.questions.values()}
    assert kinds == {"depletion", "course", "screen", "mediators", "rescue", "host", "cohort"}


@pytest.mark.parametrize("like", TEMPLATES)
def test_template_explains_its_sections_in_place(tmp_path: Path, like: str) -> None:
    text = init(tmp_path, like=like).read_text(encoding="utf-8")
    assert text.count("#") > 15
    assert max(map(len, text.splitlines())) <= 130
    assert "commensal check" in text


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "neither"),
        ({"like": "cohort", "samples": "a.tsv"}, "both"),
        ({"samples": "a.tsv"}, "--samples alone"),
        ({"table": "a.tsv"}, "--table alone"),
        ({"like": "cohrt"}, "expected: cohort"),
        ({"like": "cohort", "column": "x"}, "--column"),
        ({"like": "cohort", "block": "x", "case": ["a"]}, "--case, --block"),
    ],
)
def test_options_that_do_not_go_together(tmp_path: Path, options: dict[str, object], words: str) -> None:
    with pytest.raises(UsageError, match=words) as caught:
        init(tmp_path / "new", **options)
    assert caught.value.exit_code == 2
    assert not (tmp_path / "new").exists()


def test_a_study_is_never_overwritten(tmp_path: Path) -> None:
    first = init(tmp_path, like="cohort")
    first.write_text("mine")
    with pytest.raises(UsageError, match="already"):
        init(tmp_path, like="animal")
    assert first.read_text() == "mine"


def test_other_files_in_the_folder_are_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "people.tsv").write_text("mine")
    with pytest.raises(OutputError, match=r"people\.tsv"):
        init(tmp_path, like="cohort")
    assert (tmp_path / "people.tsv").read_text() == "mine"
    assert not (tmp_path / "study.toml").exists()


def test_a_file_in_place_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for folder in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(OutputError, match=r"cannot be written(?s:.*)mend: choose"):
            init(folder, like="cohort")
    assert (tmp_path / "file").read_text() == "x"


@pytest.mark.parametrize(("like", "verbs"), [("cohort", ["check", "run"]), ("animal", ["check", "run"])])
def test_no_next_step_that_can_only_fail(tmp_path: Path, like: str, verbs: list[str]) -> None:
    steps = next_steps(init(tmp_path / like, like=like))
    assert [step.split()[1] for step in steps if "answers" not in step] == verbs
    assert not any("answers cohort" in step for step in steps)


def test_a_study_with_every_question_is_checked_and_run(tmp_path: Path) -> None:
    steps = next_steps(init(tmp_path / "all of it", like="full"))
    assert [step.split()[1] for step in steps] == ["check", "run"]
    assert "'" in steps[0]  # the path has blanks, and the line can be pasted
