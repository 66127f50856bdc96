"""The simulated cohort: the same bytes from the same seed, and data that hold what truth.json says."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from commensal.errors import UsageError
from commensal.simulation import cohort
from commensal.simulation.communities import DEEPEST, SHALLOWEST, communities
from commensal.simulation.molecules import molecules
from commensal.simulation.people import people

EFFECTS = ("abundance_effect", "prevalence_effect", "richness_effect", "molecule_effect")


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """600 households, so that sample means are near the truth."""
    return cohort(tmp_path_factory.mktemp("large"), households=600, unmatched=10, seed=3).parent


def tables(folder: Path) -> tuple[pd.DataFrame, pd.DataFrame, pd.Series]:
    species = pd.read_csv(folder / "species.tsv", sep="\t", index_col=0).drop(columns=["family", "phylum"]).T
    serum = pd.read_csv(folder / "serum.tsv", sep="\t", index_col=0)
    group = pd.read_csv(folder / "people.tsv", sep="\t", index_col=0)["group"]
    species.index = species.index.str.removesuffix("-stool")
    serum.index = serum.index.str.removesuffix("-serum")
    return species, serum, group.eq("ALS")


def test_same_seed_same_bytes_other_seed_other_bytes(tmp_path: Path) -> None:
    np.random.seed(7)  # noqa: NPY002  the global state must not matter
    first = cohort(tmp_path / "a", seed=5, households=5).parent
    np.random.seed(8)  # noqa: NPY002
    second = cohort(tmp_path / "b", seed=5, households=5).parent
    other = cohort(tmp_path / "c", seed=6, households=5).parent
    for path in sorted(first.iterdir()):
        assert path.read_bytes() == (second / path.name).read_bytes(), path.name
    assert (first / "species.tsv").read_bytes() != (other / "species.tsv").read_bytes()


def test_households_hold_one_patient_and_one_to_three_others(tmp_path: Path) -> None:
    folder = cohort(tmp_path, households=40, unmatched=5, seed=2).parent
    persons = pd.read_csv(folder / "people.tsv", sep="\t")
    sizes = persons.groupby("household")["group"].agg(["size", lambda g: (g == "ALS").sum()])
    matched = sizes[sizes["size"] > 1]
    assert len(matched) == 40
    assert matched["size"].between(2, 4).all()
    assert matched.iloc[:, 1].eq(1).all()
    assert (sizes["size"] == 1).sum() == 5
    partners = persons[persons["relation"].eq("partner")].merge(
        persons[persons["relation"].eq("self")], on="household", suffixes=("", "_patient")
    )
    assert (partners["sex"] != partners["sex_patient"]).all()


def test_planted_effects_are_in_the_data(large: Path) -> None:
    species, serum, patient = tables(large)
    truth = json.loads((large / "truth.json").read_text())["planted"]
    side = patient.loc[species.index].to_numpy()
    # Absolute change is seen against species that do not change: the median taxon is the reference.
    log_share = np.log2(species.div(species.sum(axis=1), axis=0).where(species > 0))
    fold = log_share[side].mean() - log_share[~side].mean()
    common = species.gt(0).mean() > 0.5
    fold = fold - fold[common].median()
    change = species.gt(0)[side].mean() - species.gt(0)[~side].mean()
    for row in truth:
        if row["assay"] == "species" and row["model"] == "abundance":
            assert fold[row["feature"]] == pytest.approx(row["effect"], abs=0.5), row
        elif row["assay"] == "species":
            # Rare carriers can be missed by shallow sequencing: the seen change is at most the planted one.
            assert row["effect"] - 0.08 < change[row["feature"]] < 0.35 * row["effect"] + 0.05, row
    seen = serum.where(serum > 0)
    log = np.log2(seen)
    other = log[~patient.loc[serum.index].to_numpy()].mean()
    ill = log[patient.loc[serum.index].to_numpy()].mean()
    planted = {row["feature"]: row["effect"] for row in truth if row["assay"] == "serum"}
    assert len(planted) == 8
    for molecule, effect in planted.items():
        assert ill[molecule] - other[molecule] == pytest.approx(effect, abs=0.2)
    rest = (ill - other).drop(list(planted))
    assert rest.abs().max() < 0.25


def test_richness_drops_as_planted(large: Path) -> None:
    species, _, patient = tables(large)
    side = patient.loc[species.index].to_numpy()
    richness = species.gt(0).sum(axis=1)
    expected = json.loads((large / "truth.json").read_text())["richness"]["effect"]
    seen = richness[side].mean() - richness[~side].mean()
    assert expected < -5
    assert expected - 0.5 < seen < 0.5 * expected


def test_with_effects_at_zero_nothing_is_planted_and_the_other_side_is_unmoved(tmp_path: Path) -> None:
    null = cohort(tmp_path / "null", seed=4, **dict.fromkeys(EFFECTS, 0.0)).parent
    full = cohort(tmp_path / "full", seed=4).parent
    assert json.loads((null / "truth.json").read_text())["planted"] == []
    assert (null / "people.tsv").read_bytes() == (full / "people.tsv").read_bytes()
    a, b = (pd.read_csv(folder / "serum.tsv", sep="\t", index_col=0) for folder in (null, full))
    planted = [row["feature"] for row in json.loads((full / "truth.json").read_text())["planted"]]
    pd.testing.assert_frame_equal(a.drop(columns=planted, errors="ignore"), b.drop(columns=planted, errors="ignore"))


def test_counts_are_whole_sparse_and_their_depths_vary_tenfold() -> None:
    rng = np.random.default_rng(1)
    persons = people(rng, households=60, unmatched=0)
    gut = communities(
        rng,
        persons,
        species=120,
        changed=6,
        abundance_effect=2,
        prevalence_effect=0.5,
        richness_effect=0.2,
    )
    depth = gut.counts.sum(axis=1)
    assert SHALLOWEST <= depth.min() < 1.6 * SHALLOWEST
    assert DEEPEST / 1.6 < depth.max() <= DEEPEST
    assert 0.15 < (gut.counts == 0).mean() < 0.6
    assert np.count_nonzero(gut.log2_fold) == 6


def test_households_share_some_molecules_and_zeros_lie_below_a_limit() -> None:
    rng = np.random.default_rng(2)
    persons = people(rng, households=200, unmatched=0)
    serum = molecules(rng, persons, number=60, changed=0, effect=0.0)
    seen = np.where(serum.values > 0, serum.values, np.nan)
    full = np.isfinite(seen).all(axis=0)
    log = np.log2(seen[:, full])
    first = np.flatnonzero(persons.patient)
    correlation = np.array([np.corrcoef(log[first, j], log[first + 1, j])[0, 1] for j in range(log.shape[1])])
    # sd 0.5 shared of sqrt(0.5² + 0.8² + 0.15²) in half of the molecules: correlation about 0.27 or about 0.
    assert 0.1 < correlation.mean() < 0.3
    assert 0.02 < (serum.values == 0).mean() < 0.3


def test_study_file_is_toml_and_names_the_files_that_are_there(tmp_path: Path) -> None:
    study = cohort(tmp_path, households=3, species=20, molecules=20, covariates=("age", "bmi"))
    declared = tomllib.loads(study.read_text())
    assert declared["questions"]["patients"]["covariates"] == ["age", "bmi"]
    assert declared["contrasts"]["als_vs_household"]["control"] == declared["variables"]["disease"]["reference"]
    for assay in declared["assays"].values():
        assert (tmp_path / assay["file"]).is_file()
    assert set(declared["design"]) == {"randomised", "blinded", "exclusions", "primary"}


def test_tree_tips_are_the_species(tmp_path: Path) -> None:
    from skbio import TreeNode

    folder = cohort(tmp_path, households=3, species=140, molecules=20).parent
    species, _, _ = tables(folder)
    tree = TreeNode.read([(folder / "tree.nwk").read_text()], convert_underscores=False)
    assert {tip.name for tip in tree.tips()} == set(species.columns)


@pytest.mark.parametrize(
    "option",
    [
        {"seed": -1},
        {"households": 1},
        {"unmatched": -1},
        {"species": 14},
        {"molecules": 3},
        {"species_changed": 13},
        {"richness_effect": 1.2},
    ],
)
def test_options_out_of_range_are_refused(tmp_path: Path, option: dict[str, float]) -> None:
    with pytest.raises(UsageError, match="expected"):
        cohort(tmp_path, **option)
    assert not list(tmp_path.iterdir())


def test_a_negative_seed_is_told_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"seed is too small(?s:.*)found: -1(?s:.*)mend: give seed=0 or more"):
        cohort(tmp_path, seed=-1)


def test_a_study_of_someone_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "study.toml").write_text("[study]\nname = 'mine'\n")
    with pytest.raises(UsageError, match="not simulated"):
        cohort(tmp_path)
    assert (tmp_path / "study.toml").read_text() == "[study]\nname = 'mine'\n"


def test_tables_hold_no_formula():
    from commensal.simulation.files import tsv

    assert (
        tsv(["id", "=a"], [["-)-epicatechin", "-2.5"], ["@x", "1e+06"]])
        == "id\t'=a\n'-)-epicatechin\t-2.5\n'@x\t1e+06\n"
    )
