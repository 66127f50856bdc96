"""Claims of a run, the verb that prints them, and labels rearranged as the design allows."""

from __future__ import annotations

import json
from dataclasses import replace

import pandas as pd
import pytest
from typer.testing import CliRunner

import commensal
from commensal import simulation
from commensal.cli.app import app
from commensal.errors import DesignError, UsageError
from commensal.pipeline.shuffles import shuffled
from commensal.tables import CLAIM, read_claims

SCREEN = '\n[questions.screen]\nkind = "screen"\ncontrast = "strains"\nblock = ["cage"]\n'


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> commensal.pipeline.Result:
    folder = tmp_path_factory.mktemp("claims")
    study = simulation.mediators_study(folder, seed=3, molecules=40, falls=4, rises=4, mutant=True)
    study.write_text(study.read_text() + SCREEN)
    return commensal.run(study, folder / "out", shuffle=2)


def test_a_run_writes_its_claims_and_the_verb_reads_them(ran):
    kept = read_claims(ran.folder / "claims.parquet")
    pd.testing.assert_frame_equal(kept, ran.claims)
    own = kept[kept["line"] == CLAIM]
    assert set(own["verdict"]) == {"open"}  # nobody was given a molecule
    assert "mutant" not in " ".join(own["strain"].unique())
    assert not own["molecule"].isin(["metronidazole", "ampicillin", "vancomycin"]).any()
    first = own.iloc[0]
    assert (first["molecule"], first["direction"], first["through"]) == ("nicotinamide", "helps", "raises")
    lines = commensal.claims(ran.folder, molecule="Nicotinamide", microbe="akkermansia muciniphila").set_index("line")
    rows = ran.estimates.iloc[lines.loc[["strain → molecule"], "estimate"].astype(int)]
    assert set(rows["label"].str.casefold()) == {"nicotinamide"}
    page = ran.folder / "report.html"
    assert page.stat().st_size < 10e6
    assert 'id="claims-data"' in page.read_text(encoding="utf-8")
    behind = ran.points[ran.points["figure"] == "raw"]
    assert set(behind["question"]) == {"mediators"}
    assert behind["unit"].notna().all()
    assert behind.loc[behind["y"].isna(), "note"].eq("not detected").all()


def test_noise_of_the_design_stands_beside_claims_with_a_gate_only(ran):
    own = ran.claims[ran.claims["line"] == CLAIM]
    assert (own["shuffles"] == 2).all()
    assert own["noise"].isna().all()  # all are open


def test_the_command_prints_claims_with_their_lines(ran):
    told = CliRunner().invoke(app, ["claims", str(ran.folder), "--molecule", "nicotinamide", "--top", "1"])
    assert told.exit_code == 0, told.output
    assert "it raises nicotinamide  [open" in told.output
    assert "not measured  molecule → outcome" in told.output
    assert "3 more claims" in told.output or "more claims" in told.output
    rows = json.loads(CliRunner().invoke(app, ["claims", str(ran.folder), "--top", "1", "--json"]).output)
    assert rows[0]["line"] == "claim"


def test_what_is_not_there_is_told(ran, tmp_path):
    with pytest.raises(UsageError, match="holds no claims"):
        commensal.claims(tmp_path)
    with pytest.raises(UsageError, match="nicotinamid") as caught:
        commensal.claims(ran.folder, molecule="nicotinamid")
    assert "nicotinamide" in str(caught.value)


def test_a_study_without_strains_and_molecules_makes_no_claim(tmp_path):
    study = simulation.cohort(tmp_path, seed=2)
    text = study.read_text().replace('kind = "cohort"', 'kind = "cohort"\npermutations = 99')
    study.write_text(text)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "claims.parquet").write_text("of an earlier run")
    result = commensal.run(study, tmp_path / "out")
    assert result.claims.empty
    assert not (tmp_path / "out" / "claims.parquet").exists()


def test_whole_cages_change_arms_and_nothing_else_moves(tmp_path):
    loaded = commensal.load(simulation.mediators_study(tmp_path, seed=3, molecules=40, falls=2, rises=2))
    moved = shuffled(loaded, seed=1)
    mice = moved.samples[moved.samples["role"] == "sample"]
    assert mice.groupby("cage")["arm"].nunique().max() == 1
    before, after = (one.subjects["arm"].astype(str) for one in (loaded, moved))
    assert before.value_counts().to_dict() == after.value_counts().to_dict()
    assert (before != after).any()
    removed = {"antibiotics", "water"}  # these two have no arm in common with the strains
    assert set(after[before.isin(removed)]) <= removed
    same = [column for column in loaded.samples if column != "arm"]
    pd.testing.assert_frame_equal(loaded.samples[same], moved.samples[same])
    assert shuffled(loaded, seed=1).subjects["arm"].equals(moved.subjects["arm"])


def test_labels_move_inside_households_where_both_sides_live(tmp_path):
    loaded = commensal.load(simulation.cohort(tmp_path, seed=2))
    moved = shuffled(loaded, seed=4)
    question = next(iter(loaded.declared.questions.values()))
    contrast, home = loaded.declared.contrasts[question.contrast], question.block[0]
    levels = {*contrast.case, *contrast.control}
    before = loaded.samples.drop_duplicates("subject").set_index("subject")
    after = moved.samples.drop_duplicates("subject").set_index("subject")
    own = before[contrast.column].astype(str).isin(levels)
    both = before[own].groupby(home)[contrast.column].nunique() > 1
    inside = before[own & before[home].isin(both.index[both])].index
    count = [frame.loc[inside].groupby([home, contrast.column], observed=True).size() for frame in (before, after)]
    pd.testing.assert_series_equal(*count)
    assert (before.loc[inside, contrast.column].astype(str) != after.loc[inside, contrast.column].astype(str)).any()


def test_one_cage_in_each_arm_has_no_negative_control(tmp_path):
    """Everybody in one cage of one arm: nothing can change places."""
    loaded = commensal.load(simulation.mediators_study(tmp_path, seed=3, cages=2, molecules=40, falls=2, rises=2))
    one = loaded.subjects["arm"].astype(str) == "water"
    samples = loaded.samples[loaded.samples["subject"].isin(loaded.subjects.index[one])]
    with pytest.raises(DesignError, match="no label"):
        shuffled(replace(loaded, subjects=loaded.subjects[one], samples=samples), seed=1)


def test_shuffling_what_makes_no_claim_is_refused_at_once(tmp_path):
    with pytest.raises(UsageError, match="makes no claim") as caught:
        commensal.run(simulation.cohort(tmp_path, seed=2), tmp_path / "out", shuffle=2)
    assert "without --shuffle" in str(caught.value)


def test_what_would_keep_claims_open_in_silence_is_told(tmp_path):
    study = simulation.als(tmp_path, seed=1, small=True)
    text = study.read_text()
    assert not {"given_not_measured", "gives_not_said", "claims_level_unknown"} & codes(study)
    study.write_text(text.replace('= "nicotinamide"', '= "niacinamide"'))
    assert "given_not_measured" not in codes(study)
    study.write_text(text.replace('= "nicotinamide"', '= "nicotinamid"'))
    assert "given_not_measured" in codes(study)
    lines = [line for line in text.splitlines() if not line.startswith("gives")]
    study.write_text("\n".join(lines))
    assert "gives_not_said" in codes(study)
    study.write_text(text.replace('[variables.genotype]\ntype = "category"\nreference = "WT"\n', ""))
    assert "claims_level_unknown" in codes(study)


def codes(study):
    return {finding.code for finding in commensal.check(study)}


def test_how_many_shuffles_are_kept_and_how_many_run_is_told_before_they_do(ran):
    study, out = ran.folder.parent / "study.toml", ran.folder

    def told(shuffle: int, **more: bool) -> str:
        return next(one for one in commensal.reasons(study, out, shuffle=shuffle, **more) if one.startswith("shuffles"))

    assert commensal.reasons(study, out, shuffle=2) == ("nothing runs: no input, setting, output or code has changed",)
    assert told(5) == "shuffles: 2 of 5 are kept, 3 run"
    assert told(1) == "shuffles: 1 of 1 are kept, 0 run"
    assert told(5, fresh=True) == "shuffles: 0 of 5 are kept, 5 run"
    before = study.read_text()
    try:
        study.write_text(before.replace('block = ["cage"]', "block = []", 1))
        assert told(5) == "shuffles: 0 of 5 are kept, 5 run"
    finally:
        study.write_text(before)
