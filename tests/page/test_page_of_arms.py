"""The page of a screen: every number a row, verdicts with their limits, every animal drawn."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tests.questions.test_verdicts import ask, made

from commensal import page
from commensal.page.arms import verdict_of
from commensal.page.view import groups
from commensal.questions import QUESTIONS, joined


@pytest.fixture(scope="module")
def view() -> page.PageView:
    mice, values = made()
    lone = (mice["arm"] == "same") & (mice["cage"] != "1")
    mice, values = mice[~lone], values[~values["mouse"].isin(mice["mouse"][lone])]
    rng = np.random.default_rng(3)
    events = pd.DataFrame({"mouse": mice["mouse"], "event": "death", "day": rng.integers(101, 160, len(mice))})
    loaded, question, answer = ask(
        keys='baseline = 60\nstrains = { good = "f1" }',
        mice=mice,
        values=values,
        events=events,
        samples=pd.DataFrame({"sample": "s-" + mice["mouse"], "mouse": mice["mouse"], "day": 100}),
        more="[events.death]\n",
        counts=np.where((mice["arm"] == "good").to_numpy()[:, None], [[20, 30]], [[0, 30]]),
    )
    answer = joined([answer, QUESTIONS["screen"].answer(loaded, question, "taxa")])
    return page.PageView(loaded.declared, answer.estimates, answer.points, dropped=answer.dropped)


def test_the_page_says_the_verdicts_and_the_limit_of_one_cage(view: page.PageView, tmp_path: Path) -> None:
    text = re.sub(r"\s+", " ", page.write(view, tmp_path).read_text(encoding="utf-8"))
    assert "by the primary outcomes" in text.lower()
    assert "helps: good; harms: bad; inconclusive: same" in text
    assert "nly 1 cage in same: the cage is the unit" in text
    assert "Verdicts and ranks" in text
    assert "The strain f1, given in good: found in 12 of 12 animals, 0 of 12 vehicle" in text
    drawn = sorted(path.name for path in (tmp_path / "figures").glob("*.svg"))
    assert any("forest" in name for name in drawn)
    assert any("trajectory-ask-rotarod" in name for name in drawn)
    assert any("engraftment" in name for name in drawn)


def test_every_verdict_of_the_table_is_that_of_its_row(view: page.PageView) -> None:
    group = next(group for group in groups(view.study, view.estimates) if not group.assay)
    table = page.arms.verdict_table(group)
    assert table is not None
    rows = view.estimates[view.estimates["model"] == "verdict"]
    told = {(row["term"], row["measure"]): verdict_of(row) for _, row in rows.iterrows()}
    assert {(cells[0], cells[1]): cells[2] for cells in table["rows"]} == told


def test_every_animal_of_a_primary_measure_is_drawn(view: page.PageView) -> None:
    group = next(group for group in groups(view.study, view.estimates) if not group.assay)
    keys = view.points["assay"].isna()
    figures = page.figures.arm_figures(group, view.points[keys], view.study)
    course = next(figure for figure in figures if figure.name == "trajectory-ask-rotarod")
    animals = set(view.points.loc[view.points["figure"] == "trajectory", "subject"])
    assert {row["subject"] for row in course.rows} == animals
    forest = next(figure for figure in figures if figure.name.startswith("forest"))
    # The margin is drawn where it is declared, and nowhere else.
    assert ["margin" in panel.data for panel in forest.panels] == [True, False, False]
