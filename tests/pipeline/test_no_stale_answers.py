"""Nothing that an answer rests on is missing from its key: whatever is changed, an answer that changes runs again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from commensal import simulation
from commensal.errors import CommensalError
from commensal.pipeline.answering import Step, answer, steps_of
from commensal.pipeline.load import load
from commensal.pipeline.step_keys import narrowed, parts_of
from commensal.study import LoadedStudy
from course_studies import EVENTS, planted

SCREEN = '\n[questions.screen]\nkind = "screen"\ncontrast = "strains"\nblock = ["cage"]\n'
#: Of the steps that run again after one change, at most this share may give what they gave (each costs time, no truth).
NEEDLESS = 0.75


def people(folder):
    """Households, two tables, two questions with other covariates."""
    path = simulation.cohort(folder / "people", seed=1, households=8)
    text = path.read_text()
    text = text.replace('assays = ["species", "serum", "genes", "csf"]', 'assays = ["serum"]\npermutations = 99')
    text = text.replace('producers = { taxa = "species", molecules = ["serum"] }\n', "")
    second = text[text.index("[questions.patients]") :].replace("[questions.patients]", "[questions.again]")
    second = second.replace('covariates = ["age", "sex"]', 'covariates = ["sex"]').replace('["serum"]', '["csf"]', 1)
    path.write_text(f"{text}\n{second}")
    return load(path)


def animals(folder):
    """Strains, molecules, a mutant: two kinds of questions of one study."""
    path = simulation.mediators_study(folder / "animals", seed=3, molecules=30, falls=2, rises=2, mutant=True)
    path.write_text(path.read_text() + SCREEN)
    return load(path)


def course(folder):
    """Mice over the course of a disease, with onsets."""
    (folder / "course").mkdir()
    return load(planted(folder / "course", onset=EVENTS).study)


STUDIES = {"people": people, "animals": animals, "course": course}


@pytest.fixture(scope="module", params=STUDIES)
def study(request, tmp_path_factory):
    return STUDIES[request.param](tmp_path_factory.mktemp(request.param))


def told(loaded: LoadedStudy, step: Step) -> tuple[object, ...]:
    """Return all that an answer says, as what can be compared."""
    try:
        outcome = answer(loaded, step)
    except CommensalError as error:
        return (str(error),)
    if outcome.answer is None:
        return (str(outcome.error),)
    made = outcome.answer
    refused = [(one.name, str(one.error), one.primary) for one in made.refused]
    return (made.estimates, made.points, made.dropped, refused)


def same(one: tuple[object, ...], two: tuple[object, ...]) -> bool:
    """Whether two answers are the same, bit for bit."""
    if len(one) != len(two):
        return False
    return all(
        left.equals(right) if isinstance(left, pd.DataFrame) and isinstance(right, pd.DataFrame) else left == right
        for left, right in zip(one, two, strict=True)
    )


def changed(loaded: LoadedStudy) -> Iterator[tuple[str, LoadedStudy]]:
    """Yield the study with one thing changed: a column, a table's values, samples or features, a declaration."""
    for name in ("samples", "subjects", "phenotypes", "events"):
        frame = getattr(loaded, name)
        if frame is None:
            continue
        for column in frame.columns:
            if column in ("subject", "specimen", "role") or frame[column].nunique() < 2:
                continue
            other = frame.copy()
            other[column] = pd.Series(np.roll(frame[column].to_numpy(), 1), index=frame.index).astype(
                frame[column].dtype
            )
            yield f"{name}.{column}", replace(loaded, **{name: other})
    for name, table in loaded.assays.items():
        values = table.values.copy()
        values[: len(values) // 2] *= 1.5
        yield f"values of {name}", _with(loaded, name, values=values)
        yield f"features of {name}", _with(loaded, name, values=table.values[:, 1:], features=table.features.iloc[1:])
    declared = loaded.declared
    for name, one in declared.questions.items():
        yield f"[questions.{name}] covariates", _asked(loaded, name, covariates=one.covariates[1:])
        yield f"[questions.{name}] seed", _asked(loaded, name, seed=one.seed + 1)
    for name, one in declared.contrasts.items():
        turned = replace(one, case=one.control, control=one.case)
        yield f"[contrasts.{name}]", _said(loaded, "contrasts", name, turned)
    for name, one in declared.measures.items():
        yield f"[measures.{name}] margin", _said(loaded, "measures", name, replace(one, margin=(one.margin or 1.0) * 2))
    for name, one in declared.variables.items():
        if one.nested_in:
            yield f"[variables.{name}]", _said(loaded, "variables", name, replace(one, nested_in=()))
    yield "title", replace(loaded, declared=replace(declared, title="another"))


def _with(loaded: LoadedStudy, name: str, **parts: object) -> LoadedStudy:
    return replace(loaded, assays={**loaded.assays, name: replace(loaded.assays[name], **parts)})


def _asked(loaded: LoadedStudy, name: str, **parts: object) -> LoadedStudy:
    return _said(loaded, "questions", name, replace(loaded.declared.questions[name], **parts))


def _said(loaded: LoadedStudy, section: str, name: str, one: object) -> LoadedStudy:
    own = {**getattr(loaded.declared, section), name: one}
    return replace(loaded, declared=replace(loaded.declared, **{section: own}))


def keys(loaded: LoadedStudy) -> dict[str, tuple[Step, str]]:
    return {step.name: (step, parts_of(narrowed(loaded, step), step).key) for step in steps_of(loaded.declared)}


def test_an_answer_from_what_its_key_covers_is_that_of_the_whole_study(study):
    for step in steps_of(study.declared):
        whole, cut = told(study, step), told(narrowed(study, step), step)
        assert len(whole) > 1, whole
        assert same(whole, cut), step.name


def test_no_answer_that_changes_is_taken_for_unchanged(study, record_property):
    before = keys(study)
    answers = {name: told(study, step) for name, (step, _) in before.items()}
    stale, needless, reruns, kept = [], 0, 0, 0
    for what, other in changed(study):
        for name, (step, key) in keys(other).items():
            now = told(other, step)
            unchanged = same(now, answers[name])
            if key == before[name][1]:
                kept += 1
                stale += [] if unchanged else [(what, name)]
            else:
                reruns += 1
                needless += unchanged
    assert stale == []
    record_property("steps kept", kept)
    record_property("steps run again", reruns)
    record_property("of these needlessly", needless)
    print(f"kept {kept}, run again {reruns}, needlessly {needless}")  # noqa: T201  shown with -s
    assert kept
    assert needless / reruns <= NEEDLESS
