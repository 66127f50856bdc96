"""A study from its file to its folder: what is written, what is found, and what happens when a part fails."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pandas as pd
import pytest

import commensal
from commensal import simulation
from commensal.errors import CommensalError, OutputError, StudyFileError, TableError, UsageError
from commensal.pipeline.run import Result
from commensal.tables import claims, estimates, points, read_estimates, read_points

RESULT = Result(Path(), Path(), estimates(), points(), claims(), (), ("one",))


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    return commensal.demo(tmp_path_factory.mktemp("demo") / "out", seed=1)


@pytest.fixture(scope="module")
def people(tmp_path_factory):
    """The household cohort alone, with its study beside its results as the demo has it."""
    out = tmp_path_factory.mktemp("people")
    return commensal.run(simulation.cohort(out / "study", seed=1), out)


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
    rows = demo.estimates[demo.estimates["kind"] == "cohort"]
    rows = rows[rows["assay"] != "people_genes"]  # genes follow the species that carry them
    hits = rows[(rows["term"] == "within") & (rows["q"] < 0.05) & (rows["model"] == "abundance")]
    found = {(row.assay, row.feature): row.effect for row in hits.itertuples()}
    true = [key for key in found if key in planted]
    assert len(true) >= 8
    assert all(found[key] * planted[key] > 0 for key in true)
    assert len(found) - len(true) <= 3


def test_a_cohort_finds_severity_the_fluid_and_the_pathway_that_were_planted(people):
    truth = json.loads((people.folder / "study" / "truth.json").read_text())
    rows = people.estimates
    nam = rows[(rows["assay"] == "serum") & (rows["label"] == truth["severity"]["label"]) & (rows["term"] == "cases")]
    followed = nam.set_index("model").loc["severity"]
    assert followed["q"] < 0.05
    assert followed["low"] < truth["severity"]["r"] < followed["high"]
    fluid = rows[(rows["assay"] == "csf") & (rows["model"] == "level, log2") & (rows["label"] == "nicotinamide")]
    assert fluid["contrast"].tolist() == ["als_vs_neurological"]
    assert fluid["low"].iloc[0] < truth["csf"]["nicotinamide"] < fluid["high"].iloc[0] < 0
    sets = rows[(rows["model"] == "set, self-contained") & (rows["term"] == "within") & (rows["assay"] == "genes")]
    first = sets.set_index("feature").loc[list(truth["pathways"])]
    assert (first["q"] < 0.05).all()
    assert (first["effect"] < 0).all()
    parts = rows[(rows["model"] == "contribution") & rows["feature"].isin(truth["pathways"]) & (rows["q"] < 0.05)]
    falling = {item["feature"] for item in truth["planted"] if item["assay"] == "species" and item["effect"] < 0}
    assert set(parts.loc[parts["effect"] < 0, "measure"]) & falling


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


def test_one_stool_of_the_demo_is_profiled_and_no_question_asks_it(demo):
    pytest.importorskip("pysylph")
    told = json.loads((demo.folder / "study" / "truth.json").read_text())["reads"]
    (sample,) = told["samples"]
    taxa = pd.read_parquet(demo.folder / "profiles" / told["assay"] / sample / "taxa.parquet").set_index("species")
    cells = {told["taxa"][name]: row["cells"] for name, row in told["samples"][sample].items()}
    for name, share in cells.items():
        if share > 0.02:
            assert taxa.loc[name, "relative_abundance"] == pytest.approx(share, rel=0.15)  # 20,000 pairs
    assert not demo.estimates["assay"].astype(str).str.startswith(told["assay"]).any()
    assert 'id="reads"' in demo.report.read_text(encoding="utf-8")


def test_without_the_reads_extra_the_demo_says_so_and_goes_on(tmp_path, monkeypatch):
    from commensal.errors import CommensalError
    from commensal.pipeline import demo as module
    from commensal.reads import needs

    def lacking(name):
        raise CommensalError(f"reading sequences needs {name}, which is not installed", mend="pip install it")

    ran = []
    monkeypatch.setattr(needs, "needed", lacking)
    monkeypatch.setattr(sys.modules[module.__module__], "run", lambda study, *_, **__: ran.append(study) or RESULT)
    made = module(tmp_path / "out")
    assert "mouse_reads" not in ran[0].read_text(encoding="utf-8")
    assert made.headlines[0] == "one"
    assert "needs pysylph, which is not installed" in made.headlines[1]


def test_the_demo_again_simulates_and_runs_nothing(demo, monkeypatch):
    again = commensal.pipeline.demo_unchanged(demo.folder, seed=1)
    assert again.headlines == demo.headlines
    assert commensal.pipeline.demo_unchanged(demo.folder, seed=2) is None
    monkeypatch.setattr(simulation, "als", lambda *_a, **_k: pytest.fail("it was simulated again"))
    pd.testing.assert_frame_equal(commensal.demo(demo.folder, seed=1).estimates, demo.estimates)
    table = demo.folder / "study" / "subjects.tsv"
    before = table.read_bytes()
    table.write_bytes(before + b"\n")
    assert commensal.pipeline.demo_unchanged(demo.folder, seed=1) is None
    table.write_bytes(before)


def test_a_demo_that_was_stopped_while_it_simulated_begins_again(tmp_path, monkeypatch):
    (tmp_path / "study").mkdir()
    (tmp_path / "study" / "samples.tsv").write_text("half")
    monkeypatch.setattr(simulation, "als", lambda *_a, **_k: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        commensal.demo(tmp_path, seed=1)


def test_the_demo_gives_three_headlines_with_numbers(demo):
    assert len(demo.headlines) >= 3
    assert sum(any(letter.isdigit() for letter in sentence) for sentence in demo.headlines) >= 3


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
    assert set(result.estimates["assay"]) == {"species", "genes", "csf"}
    assert result.report.is_file()


def test_when_nothing_can_be_compared_the_run_says_why(tmp_path):
    only = ('assays = ["species", "serum", "genes", "csf"]', 'assays = ["species", "serum"]')
    study = edited(simulation.cohort(tmp_path, seed=2), ('control = "household member"', 'control = "nobody"'), only)
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
