"""A study from its file to its folder: what is written, what is found, and what happens when a part fails."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

import commensal
from commensal import simulation
from commensal.errors import CommensalError, OutputError, StudyFileError, TableError, UsageError
from commensal.tables import read_estimates, read_points


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    return commensal.demo(tmp_path_factory.mktemp("demo") / "out", seed=1)


def edited(study: Path, *changes: tuple[str, str]) -> Path:
    text = study.read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    study.write_text(text, encoding="utf-8")
    return study


def test_the_demo_finds_what_was_planted_and_little_else(demo):
    truth = json.loads((demo.folder / "study" / "truth.json").read_text())
    planted = {
        (item["assay"], item["feature"]): item["effect"] for item in truth["planted"] if item["model"] == "abundance"
    }
    # genes follow the species that carry them: what differs among them was not planted one by one
    rows = demo.estimates[(demo.estimates["kind"] == "cohort") & (demo.estimates["assay"] != "people_genes")]
    hits = rows[(rows["term"] == "within") & (rows["q"] < 0.05) & (rows["model"] == "abundance")]
    found = {(row.assay, row.feature): row.effect for row in hits.itertuples()}
    true = [key for key in found if key in planted]
    assert len(true) >= 8
    assert all(found[key] * planted[key] > 0 for key in true)
    assert len(found) - len(true) <= 3


def test_the_planted_claim_is_the_first_and_nothing_false_is_selected(demo):
    found = commensal.score(demo.folder, demo.folder / "study" / "truth.json")
    assert found.top is True
    assert found.claims.loc[found.claims["verdict"] == "selected", "true"].all()
    assert not found.claims["too_strong"].any()
    lines = found.lines.set_index("line")
    assert (lines["contradicted"] == 0).all()
    assert lines["supported"].sum() >= 0.8 * lines["true"].sum()
    questions = set(found.questions["question"])
    assert questions == {"depletion", "course", "screen", "mediators", "rescue", "host", "cohort"}
    assert json.loads(json.dumps(found.to_dict()))["top_claim_is_planted"] is True


def test_the_demo_gives_three_headlines_with_numbers(demo):
    numbered = [one for one in demo.headlines if any(letter.isdigit() for letter in one)]
    assert len(numbered) >= 3


def test_the_folder_holds_what_the_contract_names(demo):
    assert {"estimates.parquet", "points.parquet", "report.html", "figures", "run.jsonl"} <= {
        path.name for path in demo.folder.iterdir()
    }
    pd.testing.assert_frame_equal(read_estimates(demo.folder / "estimates.parquet"), demo.estimates)
    pd.testing.assert_frame_equal(read_points(demo.folder / "points.parquet"), demo.points)
    assert not list(demo.folder.glob(".*.tmp"))


def test_the_journal_names_inputs_by_hash_and_no_single_person(demo):
    text = (demo.folder / "run.jsonl").read_text(encoding="utf-8")
    events = [json.loads(line) for line in text.splitlines()]
    assert [events[0]["event"], events[-1]["event"]] == ["start", "end"]
    inputs = [event for event in events if event["event"] == "input"]
    assert {"study.toml", "samples.tsv", "subjects.tsv", "people_species.tsv", "mouse_serum.tsv"} <= {
        event["file"] for event in inputs
    }
    assert all(len(event["sha256"]) == 64 for event in inputs)


def test_the_same_study_gives_the_same_bytes(demo, tmp_path):
    study = demo.folder / "study" / "study.toml"
    one, two = (commensal.run(study, tmp_path / name, only=("rescue", "host")).folder for name in "ab")
    for name in ("estimates.parquet", "points.parquet", "claims.parquet"):
        assert (one / name).read_bytes() == (two / name).read_bytes()


def test_a_demo_does_not_write_into_a_folder_of_something_else(tmp_path):
    (tmp_path / "thesis.doc").write_text("")
    with pytest.raises(OutputError, match="something else"):
        commensal.demo(tmp_path)


def test_one_assay_that_cannot_be_compared_does_not_stop_the_others(tmp_path):
    study = simulation.cohort(tmp_path / "study", seed=2)
    people = tmp_path / "study" / "samples.tsv"
    frame = pd.read_csv(people, sep="\t", dtype=str)
    groups = pd.read_csv(tmp_path / "study" / "people.tsv", sep="\t", dtype=str).set_index("person")["group"]
    keep = (frame["specimen"] != "serum") | (frame["person"].map(groups) == "ALS")
    frame[keep].to_csv(people, sep="\t", index=False)
    result = commensal.run(study, tmp_path / "out")
    assert [finding.assay for finding in result.failed] == ["serum"]
    assert set(result.estimates["assay"]) == {"species"}
    assert result.report.is_file()


def test_when_nothing_can_be_compared_the_run_says_why(tmp_path):
    study = edited(simulation.cohort(tmp_path, seed=2), ('control = "household member"', 'control = "nobody"'))
    with pytest.raises(CommensalError, match="nobody") as caught:
        commensal.run(study, tmp_path / "out")
    assert caught.value.mend


def test_only_names_a_question(tmp_path):
    study = simulation.cohort(tmp_path, seed=2)
    with pytest.raises(UsageError, match="patients"):
        commensal.run(study, tmp_path / "out", only=["patient"])


@pytest.mark.parametrize(
    ("change", "kind", "words"),
    [
        (('file = "species.tsv"', 'file = "specie.tsv"'), TableError, "species.tsv"),
        (('file = "species.tsv"', 'file = "../species.tsv"'), StudyFileError, "leaves the folder"),
        (("covariates", "covariate"), StudyFileError, "covariates"),
    ],
)
def test_faults_of_the_file_are_one_clear_error(tmp_path, change, kind, words):
    study = edited(simulation.cohort(tmp_path, seed=2), change)
    with pytest.raises(kind, match=words.replace(".", r"\.")):
        commensal.load(study)


def test_data_may_lie_elsewhere(tmp_path):
    study = simulation.cohort(tmp_path / "data", seed=2)
    elsewhere = tmp_path / "my.toml"
    elsewhere.write_bytes(study.read_bytes())
    assert commensal.load(elsewhere, tmp_path / "data").samples.shape[0] > 0
    with pytest.raises(StudyFileError, match="no such data folder"):
        commensal.load(elsewhere, tmp_path / "nowhere")


@pytest.mark.real
@pytest.mark.parametrize(
    ("name", "features"),
    [("jacobs2016", {"taxa": 508, "metabolome": 4626}), ("kostic2015", {"taxa": 584, "metabolome": 178})],
)
def test_real_cohorts_load_whole(data, name, features):
    loaded = commensal.load(Path(__file__).parents[2] / "examples" / name / "study.toml", data / name)
    assert {key: len(table.features) for key, table in loaded.assays.items()} == features
    assert all(not match.samples_without_data and not match.data_without_samples for match in loaded.matches.values())
