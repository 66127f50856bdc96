"""Curves of survival on the page: from points and rows alone, arm beside control, numbers at risk below."""

from pathlib import Path

import numpy as np
import pytest
from tests.questions.test_survival_question import CAGED, answer, deaths, mice

from commensal.page import PageView
from commensal.page.figures import survival_figures
from commensal.page.figures.drawn import to_files
from commensal.page.view import groups
from commensal.study import Study


@pytest.fixture(scope="module")
def drawn():
    frame = mice()
    events = deaths(frame, longer={"A": 15})
    events.loc[[1, 14, 26], "event"] = "found_dead"
    found = answer(frame, events, keys=CAGED + '\nby = "genotype"')
    view = PageView(Study(Path("study.toml"), "mice"), found.estimates, found.points)
    group = next(iter(groups(view.study, view.estimates)))
    return found, survival_figures(group, found.points)


def test_each_arm_of_each_level_stands_beside_its_control(drawn):
    _, figures = drawn
    assert [figure.title for figure in figures] == [
        "Survival: death",
        "What came first: death and what competes with it",
    ]
    titles = [panel.spec["title"]["text"] for panel in figures[0].panels]
    assert titles == ["WT: A", "WT: B", "SOD1: A", "SOD1: B"]
    for title, panel in zip(titles, figures[0].panels, strict=True):
        assert {row["name"] for row in panel.data["steps"]} == {title, f"{title.partition(': ')[0]}: water"}


def test_numbers_at_risk_below_a_curve_are_those_of_the_points(drawn):
    found, figures = drawn
    risk = found.points[found.points["figure"] == "at_risk"].set_index(["label", "x"])["n"]
    panel = figures[0].panels[0]
    shown = {(row["side"], row["x"]): row["text"] for row in panel.data["risk"]}
    assert shown
    for (side, x), text in shown.items():
        assert int(text) == risk["WT: A" if side == "arm" else "WT: water", x]


def test_words_and_the_table_behind_say_what_is_drawn(drawn):
    found, figures = drawn
    figure = figures[0]
    median = found.estimates[(found.estimates["model"] == "median") & (found.estimates["term"] == "SOD1: water")]
    assert f"SOD1: water: 6 animals, median {median['effect'].iloc[0]:g} day" in figure.alt
    assert any("cannot right itself within 30 s" in text for text in figure.caption)
    curve = found.points[found.points["figure"] == "survival"]
    assert len(figure.rows) == len(curve)
    np.testing.assert_allclose(sorted(row["y"] for row in figure.rows), sorted(curve["y"]), atol=1e-4)


def test_it_can_be_drawn_to_files(drawn, tmp_path):
    for figure in drawn[1]:
        written = to_files(figure, tmp_path)
        assert not written.undrawn
        assert "at risk" in (tmp_path / f"{figure.name}.svg").read_text() or "incidence" in figure.name
