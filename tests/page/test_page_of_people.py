"""The page of people's molecules: its numbers are rows, nobody is named, and nothing that was asked is left unsaid."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest

from commensal import run, simulation
from commensal.page import PageView
from commensal.page.asked import asked
from commensal.page.figures import levels, pathway, producers, severity
from commensal.page.found import headlines, sentences
from commensal.page.found_people import people_sections
from commensal.page.methods import methods
from commensal.page.view import Group, group_keys, groups
from commensal.pipeline.run import Result
from commensal.study import Study, read_study


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Study, Result]:
    folder: Path = tmp_path_factory.mktemp("people")
    study = simulation.cohort(folder / "study", seed=3, households=20, unmatched=8, species=40, molecules=60)
    text = study.read_text().replace("covariates", "permutations = 999\ncovariates")
    study.write_text(text)
    return read_study(study), run(study, folder / "out")


def cut(made: tuple[Study, Result]) -> dict[str, Group]:
    return {group.assay: group for group in groups(made[0], made[1].estimates)}


def own_points(made: tuple[Study, Result], group: Group) -> pd.DataFrame:
    points = made[1].points
    keys = pd.Series(group_keys(points), index=points.index, dtype=object)
    return points[keys == group.key]


def test_each_table_is_told_what_was_asked_of_it(made: tuple[Study, Result]) -> None:
    told = {name: dict(people_sections(group)) for name, group in cut(made).items()}
    assert list(told["species"]) == ["severity"]
    assert list(told["serum"])[:2] == ["molecules chosen beforehand", "severity"]
    assert "microbes beside molecules" in told["serum"]
    assert "whole pathways" in told["genes"]
    assert "molecules chosen beforehand" in told["csf"]
    # people apart are told after those of households, and headings come after the terms
    serum = [line for line in told["serum"]["molecules chosen beforehand"] if "nicotinamide" in line]
    assert serum[0].startswith("Within households, nicotinamide is lower in ALS than in household member")
    assert serum[1].startswith("Apart, among people of whom no household has both sides")
    headings = [name for name, _ in sentences(cut(made)["serum"])]
    assert headings[0] == "within households"
    assert headings[2] == "molecules chosen beforehand"


def test_numbers_of_sentences_are_those_of_rows(made: tuple[Study, Result]) -> None:
    group = cut(made)["serum"]
    row = group.first(model="severity", label="nicotinamide")
    assert row is not None
    line = next(line for line in dict(people_sections(group))["severity"] if "nicotinamide" in line)
    said = re.search(r"Spearman’s r ([+−][\d.]+)", line)
    assert said is not None
    assert float(said[1].replace("−", "-")) == pytest.approx(row["effect"], rel=0.01)
    assert "Without any one patient" in line
    assert "P0" not in line  # nobody is named


def test_the_question_says_its_other_controls_and_what_was_chosen(made: tuple[Study, Result]) -> None:
    study, result = made
    view = PageView(study, result.estimates, result.points)
    text = " ".join(asked(view, list(groups(study, result.estimates)))[0].sentences)
    assert "In csf, ALS is compared with other controls: neurological control" in text
    assert "Molecules chosen beforehand: nicotinamide and kynurenine" in text
    assert "Severity is alsfrs (nearest value)" in text


def test_methods_say_what_was_done_and_nothing_else(made: tuple[Study, Result]) -> None:
    study, result = made
    told, references = methods(PageView(study, result.estimates, result.points))
    text = " ".join(told)
    for words in (
        "Spearman’s partial correlation",
        "normal scores of each feature’s ranks",
        "leaving each out in turn",
    ):
        assert words in text
    assert any("Camera" in one for one in references)
    without = result.estimates[
        ~result.estimates["model"].str.startswith(("severity", "set", "contribution", "producer"))
    ]
    text = " ".join(methods(PageView(study, without, result.points))[0])
    assert "Spearman" not in text
    assert "counts per million" not in text


def test_figures_hold_their_rows_and_words(made: tuple[Study, Result]) -> None:
    groups_of = cut(made)
    serum, genes = groups_of["serum"], groups_of["genes"]
    drawn = [
        *levels(serum, own_points(made, serum)), *severity(serum, own_points(made, serum)),
        *producers(serum, own_points(made, serum)), *pathway(genes, own_points(made, genes)),
    ]  # fmt: skip
    assert [figure.title.split(":")[0] for figure in drawn] == [
        "Molecules chosen beforehand", "Severity", "Microbes beside molecules", "Pathways, step by step",
        "Which taxa carry the change",
    ]  # fmt: skip
    for figure in drawn:
        assert figure.rows
        assert figure.alt
        assert figure.caption
        assert set(figure.columns) <= set(figure.rows[0])
    # unmatched people have a panel of their own
    names = {str(row["who"]) for row in drawn[0].rows}
    assert names == {"within", "unmatched"}
    heat = drawn[2].rows
    assert len(heat) == len({row["taxon"] for row in heat}) * len({row["molecule"] for row in heat})
    steps = [row for row in drawn[3].rows if row["pathway"] == "NAD from aspartate (de novo)" and row["kind"] == "gene"]
    assert [str(row["rung"]) for row in steps] in ([], ["↓ nadB", "↓ nadA", "↓ nadC", "↓ nadD", "↓ nadE"])


def test_headlines_name_chosen_molecules(made: tuple[Study, Result]) -> None:
    study, result = made
    told = headlines(result.estimates, study)
    assert any(line.startswith("Within households, nicotinamide is lower") for line in told)
    assert any("nicotinamide rises with alsfrs" in line for line in told)
