"""The page of a course: classes in words, the shortlist as a table, a heat map with its onset line."""

from __future__ import annotations

import re

import pytest

from commensal import run
from commensal.page.course import course_sentences, shortlist_table
from commensal.page.figures import course_figures
from commensal.page.view import groups
from commensal.study import read_study
from course_studies import EVENTS, QUESTION, planted


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    folder = tmp_path_factory.mktemp("course")
    question = (
        QUESTION + 'facility = "facility"\nseverity = { measure = "severity" }\n[measures.severity]\nbetter = "lower"\n'
    )
    study = planted(folder, onset=EVENTS, question=question, facilities=("north", "south"), cages=8)
    result = run(study.study, folder / "out")
    return result, next(groups(read_study(study.study), result.estimates))


def test_the_classes_are_counted_in_words(ran):
    told = course_sentences(ran[1])
    assert "3 differ before onset and less with progression" in told[0]
    assert "3 differ with progression and less before onset" in told[0]
    assert any("Undetermined says that these data do not tell" in line for line in told)
    assert any("in every facility" in line for line in told)
    assert any("go with severity" in line for line in told)
    assert "cause" not in " ".join(told)


def test_the_shortlist_is_a_table_of_what_the_estimates_say(ran):
    table = shortlist_table(ran[1])
    rows = ran[0].estimates
    assert [row[1] for row in table["rows"]] == rows.loc[rows["model"] == "shortlist", "label"].tolist()
    assert all(len(row) == len(table["headings"]) for row in table["rows"])


def test_the_heat_map_is_ordered_by_class_and_draws_onset(ran):
    result, group = ran
    heat, departed, traces = course_figures(group, result.points)
    drawn = list(dict.fromkeys((row["class"]) for row in heat.panels[0].data["classes"]))
    assert drawn == ["before onset", "with progression", "both", "neither", "undetermined"]
    times = sorted({row["time"] for row in heat.rows})
    line = heat.panels[0].data["onset"][0]["place"]
    assert sum(time < 0 for time in times) == pytest.approx(line, abs=0.1)
    values = {row["name"]: row["effect"] for row in heat.rows if row["time"] == times[-1]}
    assert values["m07"] > 2
    assert {row["name"] for row in departed.rows} >= {"m03", "m04", "m05"}
    assert len(traces.panels) == 9


def test_the_page_holds_table_figures_and_methods(ran):
    html = ran[0].report.read_text(encoding="utf-8")
    assert "Shortlist: serum" in html
    assert "could not be drawn as a file" not in html
    assert len(list((ran[0].folder / "figures").glob("*.svg"))) == 3
    methods = html[html.index('id="methods"') :]
    for words in ("before onset", "risk-set", "hinge", "margin", "the unit is the cage", "Welch"):
        assert re.search(words, methods), words
    assert "samples are taken as independent" not in html
