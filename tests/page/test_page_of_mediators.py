"""The page of mediators: every number a row, the ranks with every line, what does the opposite, what is left out."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from commensal import load, page, simulation
from commensal.page.found_mediators import line_cells, rank_table
from commensal.page.view import groups
from commensal.questions.mediators import mediators

OPTIONS = {"cages": 4, "animals": 3, "molecules": 60, "falls": 5, "rises": 5, "drugs": 3, "effect": 4.0, "below": 0.0}


@pytest.fixture(scope="module")
def view(tmp_path_factory) -> page.PageView:
    loaded = load(simulation.mediators_study(tmp_path_factory.mktemp("study"), mutant=True, **OPTIONS))
    answer = mediators(loaded, loaded.declared.questions["mediators"])
    return page.PageView(loaded.declared, answer.estimates, answer.points, dropped=answer.dropped)


def test_the_page_says_candidates_lines_necessity_and_drugs(view: page.PageView, tmp_path: Path):
    text = re.sub(r"\s+", " ", page.write(view, tmp_path).read_text(encoding="utf-8"))
    assert "rises where a strain is given, in every line, at q" in text
    assert "Nicotinamide with Akkermansia muciniphila (largest one-sided p" in text
    assert "3 molecules are drugs or other exogenous compounds: shown, and in no family." in text
    assert "Necessity: Akkermansia muciniphila, mutant against its parent serum" in text
    assert "0 if something unmeasured made the errors of both correlate by" in text
    assert "There is no block" not in text
    assert "is compared with vehicle" in text
    assert any("triangulation" in path.name for path in (tmp_path / "figures").glob("*.svg"))


def test_the_rank_table_has_the_rows_in_their_order_and_every_line(view: page.PageView):
    group = next(group for group in groups(view.study, view.estimates) if group.name == "candidates")
    table = rank_table(group)
    assert table is not None
    lines = ("antibiotics: serum", "antibiotics: csf", "strain: serum", "strain: csf")
    assert table["headings"][7:11] == lines
    first = next(row for _, row in view.estimates.iterrows() if row["statistic"] == 1)
    cells = table["rows"][0]
    assert cells[:4] == ("1", "nicotinamide", "Akkermansia muciniphila", "falls and rises")
    assert dict(line_cells(first)) == dict(zip(lines, cells[7:11], strict=True))
    rows = view.estimates[view.estimates["model"] == "abundance"]
    serum = rows[(rows["label"] == "nicotinamide") & (rows["specimen"] == "serum") & (rows["term"] == "antibiotics")]
    assert cells[7].startswith(f"{serum.iloc[0]['effect']:+.2f}".replace("-", "−"))
    directions = [cells[3] for cells in table["rows"]]
    assert directions == sorted(directions)  # falls and rises, then what does the opposite
    assert "rises and falls" in directions
