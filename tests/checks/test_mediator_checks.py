"""What the linter asks of questions about mediators: each fault, and a design without it."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from commensal import check, checks, load, simulation

SMALL = {"cages": 2, "animals": 2, "molecules": 40, "falls": 3, "rises": 3, "drugs": 2, "below": 0.0}
OURS = {
    "mediators_of_other_kinds",
    "genome_not_in_study",
    "molecules_share_a_name",
    "few_shared_molecules",
    "drugs_not_told",
    "specimens_of_different_animals",
    "mediator_not_before_outcome",
}


@pytest.fixture
def study(tmp_path: Path) -> Path:
    return simulation.mediators_study(tmp_path, **SMALL)


def codes(study: Path) -> dict[str, str]:
    return {finding.code: f"{finding.severity}: {finding.message}" for finding in check(study)}


def edit(study: Path, file: str, change) -> None:
    path = study.parent / file
    frame = pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False)
    change(frame).to_csv(path, sep="\t", index=False)


def test_a_sound_study_has_none_of_them(study: Path):
    found = codes(study)
    assert not OURS & set(found)
    assert "no genome is named for Akkermansia" in found["strain_without_genome"]
    assert "contrast_not_asked" not in found


def test_both_contrasts_are_looked_at(study: Path):
    """One cage in a strain's arm is an error of the second contrast."""

    def one_cage(frame):
        return frame.assign(cage=frame["cage"].mask(~frame["arm"].isin(["water", "antibiotics", "vehicle"]), "1"))

    edit(study, "mice.tsv", one_cage)
    assert any("contrast strains" in f.where for f in check(study) if f.code == "nested_units")


def test_features_of_one_compound_are_told(study: Path):
    loaded = load(study)
    features = loaded.assays["serum"].features
    features["compound"] = features["label"].mask([True, True, *[False] * (len(features) - 2)], "twin")
    found = {finding.code: finding.message for finding in checks.check(loaded)}
    assert "2 features share 1 names (twin)" in found["molecules_share_a_name"]


def test_tables_whose_names_do_not_meet_are_told(study: Path):
    edit(study, "csf.tsv", lambda frame: frame.assign(id="C" + frame["id"]))
    text = study.read_text()
    at = text.index("[assays.csf]")
    study.write_text(
        text[:at] + text[at:].replace('features = { file = "molecules.tsv", id = "id", label = "name" }', "", 1)
    )
    assert "share 0 of 40 molecules by name" in codes(study)["few_shared_molecules"]


def test_drugs_that_nobody_marks_are_told(study: Path):
    edit(study, "molecules.tsv", lambda frame: frame.drop(columns="exogenous").assign(name=frame["id"]))
    assert codes(study)["drugs_not_told"].startswith("note")


def test_animals_that_gave_one_fluid_only_are_told(study: Path):
    edit(study, "csf.tsv", lambda frame: frame.drop(columns=[c for c in frame if c.startswith("m001-")]))
    found = codes(study)
    assert "specimens_of_different_animals" not in found  # a mouse of the control
    edit(study, "csf.tsv", lambda frame: frame.drop(columns=[c for c in frame if c.startswith("m005-")]))
    assert "count as one line" in codes(study)["specimens_of_different_animals"]


def test_molecules_after_the_outcome_are_told_beforehand(study: Path):
    edit(study, "phenotypes.tsv", lambda frame: frame.assign(day="80"))
    assert "no animal has a measure later" in codes(study)["mediator_not_before_outcome"]


def test_a_table_of_taxa_is_no_table_of_molecules(study: Path):
    text = study.read_text()
    at = text.index("[assays.csf]")
    study.write_text(text[:at] + text[at:].replace('kind = "metabolites"', 'kind = "taxa"', 1))
    assert "csf holds no molecules" in codes(study)["mediators_of_other_kinds"]
