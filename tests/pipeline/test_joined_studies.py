"""Two real studies in one file: mice with arms and infants as the human side; nothing of it is a claim."""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd
import pytest

from commensal import load, run
from commensal.errors import StudyFileError, TableError
from commensal.study import parse_study
from commensal.study.uniting import unite

ROOT = Path(__file__).parents[2]
DATA = Path(os.environ.get("COMMENSAL_DATA", ROOT.parent / "shared" / "data"))
STUDY = ROOT / "examples" / "jenior2018_kostic2015" / "study.toml"
needs_data = pytest.mark.skipif(
    not all((DATA / name).is_dir() for name in ("jenior2018", "kostic2015")), reason=f"no real data in {DATA}"
)

HEAD = """
[study]
name = "both"
time_unit = "day"
[assays.taxa]
kind = "taxa"
file = "taxa.tsv"
value = "counts"
[contrasts.abx]
column = "arm"
case = "abx"
control = "water"
"""
PARTS = """
[[tables.samples]]
file = "mice.tsv"
columns = { sample = "id" }
missing = ["none given"]
cohort = "mice"
[[tables.samples]]
file = "people.tsv"
columns = { sample = "Sample", subject = "Person", time = "Month" }
missing = ["NA"]
cohort = "people"
time_unit = "week"
"""
MICE = pd.DataFrame({"id": ["m1", "m2"], "arm": ["abx", "NA"], "diet": ["none given", "chow"], "time": ["3", ""]})
PEOPLE = pd.DataFrame(
    {"Sample": ["p1", "p2"], "Person": ["A", "A"], "Month": ["2", "NA"], "diet": ["NA", "none given"]}
)


def united(text=PARTS, mice=MICE, people=PEOPLE):
    study = parse_study(HEAD + text)
    return unite(study, study.tables["samples"], [mice, people])


def test_each_part_keeps_its_columns_codes_and_cohort():
    whole = united()
    assert list(whole["sample"]) == ["m1", "m2", "p1", "p2"]
    assert list(whole["subject"]) == ["m1", "m2", "A", "A"]  # a part without subjects: each sample is its own
    assert list(whole["arm"]) == ["abx", "NA", "", ""]  # NA is a value where a part's own codes do not name it
    assert list(whole["diet"]) == ["", "chow", "", "none given"]
    assert list(whole["cohort"]) == ["mice", "mice", "people", "people"]
    assert list(whole["time"]) == ["3", "", "14.0", ""]  # weeks in days


def test_a_subject_of_two_cohorts_is_refused_unless_it_is_nested():
    people = PEOPLE.assign(Person=["m1", "A"])
    with pytest.raises(TableError, match="two cohorts"):
        united(people=people)
    assert len(united(PARTS + '[variables.subject]\nnested_in = ["cohort"]\n', people=people)) == 4


def test_a_unit_of_time_needs_one_of_the_study():
    study = parse_study(HEAD.replace('time_unit = "day"', "") + PARTS)
    with pytest.raises(StudyFileError, match="unit of time"):
        unite(study, study.tables["samples"], [MICE, PEOPLE])


def test_a_time_that_is_no_number_is_named_with_its_line():
    with pytest.raises(TableError, match="no number") as caught:
        united(people=PEOPLE.assign(Month=["2", "spring"]))
    assert "line 3" in str(caught.value)


def test_an_empty_list_asks_of_nothing_and_only_arms_may():
    ask = '\n[questions.q]\nkind = "{}"\ncontrast = "abx"\nassays = []\n'
    assert not list(parse_study(HEAD + PARTS + ask.format("screen")).questions["q"].assays)
    with pytest.raises(StudyFileError, match="empty list"):
        parse_study(HEAD + PARTS + ask.format("cohort"))


@needs_data
def test_the_samples_of_both_studies_are_there():
    loaded = load(STUDY, DATA)
    assert loaded.samples["cohort"].value_counts().to_dict() == {"kostic2015": 103, "jenior2018": 87 + 78}
    assert set(loaded.samples.loc[loaded.samples["cohort"] == "kostic2015", "arm"].dropna()) == set()


@needs_data
def test_every_claim_of_the_joined_studies_is_open_and_the_human_side_is_there(tmp_path):
    result = run(STUDY, tmp_path, DATA)
    assert not result.failed
    own = result.claims[result.claims["line"] == "claim"]
    assert len(own) > 1000
    assert set(own["verdict"]) == {"open"}
    assert set(own["strength"]) == {0}
    lines = result.claims.set_index("line")
    assert (
        set(lines.loc["strain → outcome", "verdict"])
        == set(lines.loc["molecule → outcome", "verdict"])
        == {"not measured"}
    )
    for name in ("human level", "human severity", "difference"):
        assert (lines.loc[name, "verdict"] != "not measured").sum() > 100, name
    cohorts = result.estimates.groupby("question")["cohort"].unique().map(list).to_dict()
    assert cohorts["infants"] == ["kostic2015"]
    assert cohorts["mediators"] == ["jenior2018"]
    untreated = result.claims[(result.claims["line"] == "depletion") & result.claims["p"].notna()]
    assert untreated["note"].str.contains("only 2 cages in untreated").all()
