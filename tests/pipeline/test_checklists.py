"""STORMS and ARRIVE: every item is there, filled only with what the file or the run says."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from commensal import knowledge, load, run, simulation
from commensal.errors import StudyFileError
from commensal.page.checklists import checklists_section
from commensal.pipeline.checklists import _FILLED, checklists
from commensal.study import parse_study
from commensal.study.reporting import ARRIVE, STORMS
from commensal.tables import ANSWERED, OPEN_ITEM, PARTLY, checklist_rows, estimates, write_checklists

HEAD = """
[study]
name = "one"
[tables.samples]
file = "samples.tsv"
[assays.taxa]
kind = "taxa"
file = "taxa.tsv"
value = "counts"
[contrasts.abx]
column = "arm"
case = "abx"
control = "water"
"""


@pytest.fixture(scope="module")
def people(tmp_path_factory):
    return simulation.cohort(tmp_path_factory.mktemp("people"), seed=1)


def filled(study: Path, more: str) -> pd.DataFrame:
    other = study.with_name(f"other{abs(hash(more))}.toml")
    other.write_text(study.read_text(encoding="utf-8") + more, encoding="utf-8")
    return checklists(load(other), estimates()).set_index("item")


def test_the_numbers_that_may_be_answered_are_those_of_the_lists():
    lists = knowledge.guidelines()
    assert tuple(one.number for one in lists["storms"].items) == STORMS
    assert tuple(one.number for one in lists["arrive"].items) == ARRIVE
    assert {int(one.split(".")[0]) for one in STORMS} == set(range(1, 18))
    assert {int(one.rstrip("abcd")) for one in ARRIVE} == set(range(1, 22))
    assert len(set(STORMS)) == len(STORMS)
    assert all(set(filled) <= {one.number for one in lists[name].items} for name, filled in _FILLED.items())


def test_people_alone_get_storms_and_every_item_of_it(people):
    rows = filled(people, "")
    assert set(rows["checklist"]) == {"storms"}
    assert tuple(rows.index) == STORMS
    assert rows.loc["3.9", "status"] == rows.loc["4.4", "status"] == rows.loc["15.0", "status"] == OPEN_ITEM
    assert rows["answer"].isna().tolist() == (rows["status"] == OPEN_ITEM).tolist()


def test_what_authors_write_answers_an_item(people):
    said = '\n[reporting]\nethics = "board 7, 2021"\n[reporting.storms]\n4.4 = "kit A"\n"4.10" = "none"\n'
    rows = filled(people, said)
    assert rows.loc["3.9", ["status", "answer"]].tolist() == [ANSWERED, "board 7, 2021"]
    assert rows.loc["4.4", ["status", "answer"]].tolist() == [ANSWERED, "kit A"]
    assert rows.loc["4.10", "answer"] == "none"


def test_both_kinds_of_subjects_get_both_lists(people):
    rows = filled(people, '\n[reporting]\nsubjects = ["animals", "people"]\n')
    assert list(dict.fromkeys(rows["checklist"])) == ["storms", "arrive"]


def test_unknown_is_no_answer(people):
    text = people.read_text(encoding="utf-8")
    design = text.split("[design]")[1].split("\n[")[0]
    study = people.with_name("unknown.toml")
    study.write_text(
        text.replace(
            design, '\nrandomised = "unknown"\nblinded = "unknown"\nexclusions = "unknown"\nprimary = "unknown"\n'
        )
        + '\n[reporting]\nsubjects = "animals"\n',
        encoding="utf-8",
    )
    rows = checklists(load(study), estimates()).set_index("item")
    for item in ("3a", "4a", "5", "6b"):
        assert rows.loc[item, "status"] == OPEN_ITEM, item


def test_an_unknown_item_is_refused_with_the_nearest_named():
    with pytest.raises(StudyFileError, match="no item '8e'") as caught:
        parse_study(HEAD + '[reporting.arrive]\n8e = "mice"\n')
    assert "did you mean" in str(caught.value)
    with pytest.raises(StudyFileError, match="unknown key"):
        parse_study(HEAD + '[reporting]\nethic = "x"\n')


def test_the_page_has_each_item_by_link_and_says_its_status_in_words(people, tmp_path):
    result = run(people, tmp_path)
    page = result.report.read_text(encoding="utf-8")
    for item in STORMS:
        assert f'id="storms-{item}"' in page
    assert "to be answered by the authors" in page
    told = pd.read_csv(tmp_path / "checklists.tsv", sep="\t", dtype=str)
    assert tuple(told["item"]) == STORMS
    counts = told["status"].value_counts()
    assert f"{counts[ANSWERED]} {ANSWERED}, {counts[PARTLY]} {PARTLY}, {counts[OPEN_ITEM]} {OPEN_ITEM}" in page


def test_text_that_a_spreadsheet_would_run_is_guarded(tmp_path):
    row = {"checklist": "arrive", "item": "5", "status": ANSWERED, "answer": "=1+1\tand\nmore", "title": "<b>"}
    write_checklists(checklist_rows([row]), tmp_path / "lists.tsv")
    assert "'=1+1 and more" in (tmp_path / "lists.tsv").read_text(encoding="utf-8")
    assert checklists_section(checklist_rows([row]))[0]["counts"].startswith("1 answered")
