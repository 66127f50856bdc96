"""Simulated animals: the same bytes from the same seed, and data in which what truth.json says can be found again.

Planted effects are looked for with plain means of large studies, not with the questions that they are to judge.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from commensal.errors import UsageError
from commensal.simulation import animal
from commensal.simulation.animal_truth import restricted_mean
from commensal.simulation.mice import DEATH_SHAPE

SMALL: dict[str, Any] = {
    "animals": 4, "cages": 2, "strains": 1, "doses": 1, "times": 3, "taxa": 15, "taxa_changed": 3, "molecules": 12,
    "genes": 60,
}  # fmt: skip
#: Without a life cut short, so that means over all animals are means of what was planted.
UNDISTURBED: dict[str, Any] = {"found_dead": 0.0, "dropout": 0.0}


def read(folder: Path, name: str) -> pd.DataFrame:
    return pd.read_csv(folder / f"{name}.tsv", sep="\t")


def truth(folder: Path) -> dict[str, Any]:
    return dict(json.loads((folder / "truth.json").read_text()))


def planted(folder: Path, **where: object) -> list[dict[str, Any]]:
    rows = truth(folder)["planted"]
    return [row for row in rows if all(row.get(key) == value for key, value in where.items())]


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """600 animals in 200 cages of each group, followed at four ages: sample means are near the truth."""
    folder = tmp_path_factory.mktemp("large")
    animal(folder, seed=3, animals=600, cages=200, strains=2, doses=1, times=4, measures=6, taxa=40, molecules=20,
           genes=120, **UNDISTURBED)  # fmt: skip
    return folder


def test_same_seed_same_bytes_other_seed_other_bytes(tmp_path: Path) -> None:
    np.random.seed(7)  # noqa: NPY002  the global state must not matter
    first = animal(tmp_path / "a", seed=5, **SMALL).parent
    np.random.seed(8)  # noqa: NPY002
    second = animal(tmp_path / "b", seed=5, **SMALL).parent
    other = animal(tmp_path / "c", seed=6, **SMALL).parent
    for path in sorted(first.iterdir()):
        assert path.read_bytes() == (second / path.name).read_bytes(), path.name
    for name in ("taxa", "phenotypes", "events", "serum", "cord"):
        assert (first / f"{name}.tsv").read_bytes() != (other / f"{name}.tsv").read_bytes()


@pytest.mark.parametrize(
    "options",
    [{}, {"germ_free": True, "facilities": 2, "csf": True, "litter_icc": 0.1}, {"strains": 0, "molecules": 0},
     {"doses": 0, "genes": 0, "measures": 1}],
)  # fmt: skip
def test_check_finds_no_error_in_what_is_written(tmp_path: Path, options: dict[str, Any]) -> None:
    from commensal import check

    errors = [finding for finding in check(animal(tmp_path, **options)) if finding.severity == "error"]
    assert [f"{finding.code}: {finding.message}" for finding in errors] == []


def test_cages_are_nested_in_groups_and_even(tmp_path: Path) -> None:
    mice = read(animal(tmp_path, animals=9, cages=3, germ_free=True).parent, "mice")
    sizes = mice.groupby(["genotype", "arm", "cage"]).size()
    assert set(sizes) == {3}
    assert sizes.groupby(["genotype", "arm"]).size().eq(3).all()
    assert mice.groupby(["genotype", "arm", "cage"])["sex"].nunique().eq(1).all()
    assert mice.loc[mice["arm"] == "germ-free", "cage"].str.startswith("isolator").all()
    # litters are spread over groups: they are not another name of cages
    assert mice.groupby("litter")["arm"].nunique().median() > 1


def test_animals_of_a_cage_are_alike_by_the_share_that_was_asked_for(tmp_path: Path) -> None:
    folder = animal(tmp_path, seed=2, animals=1000, cages=250, strains=0, doses=0, times=2, taxa=15, taxa_changed=0,
                    molecules=0, genes=0, icc=0.3, **UNDISTURBED).parent  # fmt: skip
    mice, seen = read(folder, "mice").set_index("mouse"), read(folder, "phenotypes")
    # weight in one sex: cages are of one sex, which would be taken for the cage's share
    first = seen[seen["day"] == 40].set_index("mouse")["weight"].to_frame().join(mice)
    first = first[first["sex"] == "F"]
    cage = first.groupby(["genotype", "arm", "cage"])["weight"]
    within = cage.var().mean()
    between = cage.mean().groupby(["genotype", "arm"]).var().mean() - within / 4
    # of the 1.3² between animals cages have 0.3; 0.6² is the noise of one measurement
    assert between == pytest.approx(0.3 * 1.3**2, rel=0.2)
    assert within == pytest.approx(0.7 * 1.3**2 + 0.6**2, rel=0.05)
    death = pd.DataFrame(truth(folder)["animals"]).set_index("mouse")["death"].to_frame().join(mice)
    score = np.log(-np.log(death.groupby(["genotype", "arm"])["death"].rank(pct=True) - 1e-4))
    pairs = score.groupby([death["arm"], death["cage"]]).agg(["first", "last"])
    assert 0.15 < np.corrcoef(pairs["first"], pairs["last"])[0, 1] < 0.45


def test_measures_differ_as_planted(large: Path) -> None:
    seen = read(large, "phenotypes").merge(read(large, "mice"), on="mouse")
    seen = seen[(seen["genotype"] == "SOD1") & (seen["day"] == 100)]
    control = {"depletion": "water", "screen": "vehicle", "rescue": "saline"}
    rows = [row for row in planted(large, model="difference", time=100.0) if row["genotype"] == "SOD1"]
    assert {row["measure"] for row in rows} == {"rotarod", "score", "weight", "missteps", "grip", "stride"}
    for row in rows:
        name = row["measure"]
        case, other = (seen.loc[seen["arm"] == arm, name] for arm in (row["arm"], control[row["question"]]))
        error = np.sqrt(case.var() / len(case) + other.var() / len(other)) * 2.5  # cages: 3 animals share
        seen_difference = case.mean() - other.mean()
        # what is read: behind a ceiling, in points or in counts it is not what was planted on the latent scale
        assert seen_difference == pytest.approx(row["observed"], abs=3 * error), row
        if name in {"weight", "grip", "stride"}:
            assert row["observed"] == pytest.approx(row["effect"]), row
        elif name == "missteps":
            ratio = np.log(case.mean() / other.mean())
            assert ratio == pytest.approx(row["effect"], abs=0.12), row
        else:  # a ceiling and a floor take away from a difference, and points are not log odds
            assert 0 < row["observed"] / row["effect"] < 1, row


def test_rotarod_ends_at_its_ceiling_and_scores_are_points(large: Path) -> None:
    seen = read(large, "phenotypes")
    assert seen["rotarod"].max() == 300
    assert 0.05 < (seen["rotarod"] == 300).mean() < 0.5
    assert set(seen["score"]) == {0, 1, 2, 3, 4}
    assert (seen["missteps"] % 1 == 0).all()
    # nothing is measured after the end of an animal
    last = read(large, "events").groupby("mouse")["latest"].max()
    assert (seen.groupby("mouse")["day"].max() <= last.reindex(seen["mouse"].unique())).all()


def test_deaths_follow_the_planted_hazards_and_their_restricted_mean(large: Path) -> None:
    mice = read(large, "mice").set_index("mouse")
    death = pd.DataFrame(truth(large)["animals"]).set_index("mouse")["death"]
    arm = mice.loc[death.index, "arm"]
    control = {"depletion": "water", "screen": "vehicle", "rescue": "saline"}
    rows = planted(large, model="cox")
    assert {row["arm"] for row in rows} == {
        "antibiotics", "Akkermansia muciniphila", "Ruminococcus torques", "nicotinamide 50"
    }  # fmt: skip
    for row in rows:
        case, other = death[arm == row["arm"]], death[arm == control[row["question"]]]
        # cumulative hazards of a Weibull law with a shared shape: their ratio, from the mean of t ** shape
        ratio = np.log(np.mean(other**DEATH_SHAPE) / np.mean(case**DEATH_SHAPE))
        assert ratio == pytest.approx(row["effect"], abs=0.25), row
        area = planted(large, model="rmst", arm=row["arm"])[0]
        seen = case.clip(upper=area["time"]).mean() - other.clip(upper=area["time"]).mean()
        assert seen == pytest.approx(area["effect"], abs=2.0), row


def test_restricted_mean_of_a_certain_life_is_the_whole_stretch() -> None:
    # before day 60 hardly anybody dies: the area is the length of the stretch
    assert restricted_mean(1.0, 40, 60) == pytest.approx(20, abs=0.01)


def test_onset_lies_between_two_looks_and_survivors_fell_ill_late(large: Path) -> None:
    events = read(large, "events")
    onset = events[events["event"] == "symptom_onset"].set_index("mouse")
    known = pd.DataFrame(truth(large)["animals"]).set_index("mouse").loc[onset.index]
    assert (onset["earliest"] <= known["onset"] + 0.5).all()
    assert (known["onset"] <= onset["latest"] + 0.5).all()
    assert (onset["latest"] - onset["earliest"]).between(0, 7).all()
    assert 0.4 < np.corrcoef(known["onset"], known["death"])[0, 1] < 0.7
    late = known["death"] > 140
    assert known["onset"][late].mean() > known["onset"][~late].mean() + 3


def test_every_animal_ends_once_and_the_found_dead_are_few(tmp_path: Path) -> None:
    folder = animal(tmp_path, animals=300, cages=100, strains=0, doses=0, taxa=15, taxa_changed=0, molecules=0,
                    genes=0, found_dead=0.1, dropout=0.05).parent  # fmt: skip
    events = read(folder, "events")
    ends = events[events["event"] != "symptom_onset"]
    assert ends["mouse"].is_unique
    assert len(ends) == 1200
    share = ends["event"].value_counts(normalize=True)
    assert 0.04 < share["found_dead"] < 0.11
    assert 0.02 < share["removed"] < 0.06
    healthy = read(folder, "mice").query("genotype == 'WT'")["mouse"]
    assert not events[events["mouse"].isin(healthy)]["event"].isin(["death", "symptom_onset"]).any()


def test_taxa_part_as_their_class_says(large: Path) -> None:
    counts = read(large, "taxa").set_index("taxon").drop(columns=["family", "phylum"]).T
    log = np.log2(counts.div(counts.sum(axis=1), axis=0).where(counts > 0))
    samples, mice = read(large, "samples").set_index("sample"), read(large, "mice").set_index("mouse")
    log = log.join(samples[["mouse", "day"]]).join(mice[["genotype", "arm"]], on="mouse")
    log = log[log["arm"] == "water"]
    onset = pd.DataFrame(truth(large)["animals"]).set_index("mouse")["onset"]
    days = log["day"] - log["mouse"].map(onset)
    healthy = log["genotype"] == "WT"
    classes = truth(large)["classes"]
    assert [row["class"] for row in classes].count("neither") == 28
    quiet = [row["feature"] for row in classes if row["class"] == "neither"]
    for row in classes:
        if row["class"] == "neither":
            continue
        name = row["feature"]
        for part in (days < -35, days.between(-20, -5), days.between(5, 15), days > 25):
            there = log[part]
            same_ages = log[healthy & log["day"].isin(there["day"].unique())]
            weights = there["day"].value_counts(normalize=True)
            shift = there[name].mean() - (same_ages.groupby("day")[name].mean() * weights).sum()
            frame = np.median(
                [there[one].mean() - (same_ages.groupby("day")[one].mean() * weights).sum() for one in quiet]
            )
            middle = float(days[part].mean())
            assert shift - frame == pytest.approx(expected(row, middle), abs=0.6), (row, middle)


def expected(row: dict[str, Any], days: float) -> float:
    """Difference at some days from onset, written from the description of the classes."""
    if row["from_birth"]:
        return float(row["effect"]) * (row["class"] == "both" or days < 0)
    return float(row["effect"]) * max(0.0, days - row["departure"]) / 25


def test_antibiotics_leave_little_and_few_and_a_strain_stays(large: Path) -> None:
    samples, mice = read(large, "samples"), read(large, "mice")
    counts = read(large, "taxa").set_index("taxon").drop(columns=["family", "phylum"]).T
    stool = samples[samples["specimen"] == "stool"].merge(mice, on="mouse").set_index("sample")
    last = stool[stool["day"] == 130]
    load = np.log10(last["copies_per_g"]).groupby(last["arm"]).mean()
    assert load["antibiotics"] - load["water"] == pytest.approx(truth(large)["load"]["effect"], abs=0.1)
    assert load["antibiotics"] < load["water"] - 1
    rarefied = (counts.div(counts.sum(axis=1), axis=0) > 1 / 5000).sum(axis=1)
    richness = rarefied.loc[last.index].groupby(last["arm"]).mean()
    assert richness["antibiotics"] < 0.6 * richness["water"]
    # Absolute amounts, as the strain's gain moves every share.
    amount = counts.div(counts.sum(axis=1), axis=0).loc[stool.index].mul(stool["copies_per_g"], axis=0)
    log = np.log2(amount.where(amount > 0))
    for row in planted(large, model="engraftment"):
        case, vehicle = (log.loc[stool["arm"] == arm, row["feature"]] for arm in (row["arm"], "vehicle"))
        assert case.mean() - vehicle.mean() == pytest.approx(row["effect"], abs=1.0), row
    assert {row["arm"] for row in planted(large, model="engraftment")} == {
        "Akkermansia muciniphila", "Ruminococcus torques"
    }  # fmt: skip


def test_molecules_differ_as_planted_and_with_the_dose(tmp_path: Path) -> None:
    folder = animal(tmp_path, seed=4, animals=400, cages=100, strains=1, doses=2, times=2, measures=1, taxa=15,
                    taxa_changed=0, molecules=20, genes=0, csf=True).parent  # fmt: skip
    arm = read(folder, "mice").set_index("mouse")
    control = {"depletion": "water", "screen": "vehicle", "rescue": "saline"}
    rows = planted(folder, model="abundance")
    assert {row["assay"] for row in rows} == {"serum", "csf"}
    for row in rows:
        values = np.log2(read(folder, row["assay"]).set_index("sample"))
        own = arm.loc[values.index.str.rsplit("-", n=1).str[0]].set_index(values.index)
        own = own[own["genotype"] == row["genotype"]]
        case, other = (
            values.loc[own.index[own["arm"] == name], row["feature"]] for name in (row["arm"], control[row["question"]])
        )
        assert case.mean() - other.mean() == pytest.approx(row["effect"], abs=0.25), row
    doses = {row["arm"]: row["effect"] for row in planted(folder, question="rescue", assay="serum")}
    assert doses["nicotinamide 50"] == pytest.approx(2 * doses["nicotinamide 25"])


def test_genes_carry_a_signature_and_the_treatment_takes_part_of_it_back(tmp_path: Path) -> None:
    folder = animal(tmp_path, seed=4, animals=12, strains=0, doses=1, taxa=15, taxa_changed=0, molecules=0, genes=800,
                    found_dead=0, dropout=0).parent  # fmt: skip
    counts = read(folder, "cord").set_index("gene")
    log = np.log2(counts / counts.sum() * 1e6 + 5)
    mice = read(folder, "mice").set_index("mouse").loc[counts.columns.str.removesuffix("-cord")]
    cell = (mice["genotype"] + " " + mice["arm"]).to_numpy()
    mean = log.T.groupby(cell).mean().T
    seen = {"disease": mean["SOD1 water"] - mean["WT water"],
            "infusion": mean["SOD1 nicotinamide 50"] - mean["SOD1 saline"]}  # fmt: skip
    for contrast, shift in seen.items():
        rows = {row["feature"]: row["effect"] for row in planted(folder, contrast=contrast)}
        assert len(rows) == (96 if contrast == "disease" else 58)
        common = counts.mean(axis=1) > 20
        named = [name for name in rows if common[name]]
        slope = np.polyfit([rows[name] for name in named], shift[named], 1)[0]
        assert 0.8 < slope < 1.15
        rest = shift[common].drop(named, errors="ignore")
        assert abs(rest.median()) < 0.15
    sets = [line.split("\t") for line in (folder / "sets.gmt").read_text().splitlines()]
    up = next(genes for name, _, *genes in sets if name == "rises_in_disease")
    rises = {row["feature"] for row in planted(folder, contrast="disease") if row["effect"] > 0}
    assert set(up) == rises


def test_with_effects_at_nothing_nothing_is_planted(tmp_path: Path) -> None:
    nothing: dict[str, Any] = {
        "depletion_effect": 0, "depletion_hazard": 1, "strain_effect": 0, "strain_hazard": 1, "harm_effect": 0,
        "harm_hazard": 1, "infusion_effect": 0, "infusion_hazard": 1, "course_effect": 0, "engraftment": 0,
        "molecule_effect": 0, "gene_effect": 0,
    }  # fmt: skip
    null = animal(tmp_path / "null", seed=4, **nothing).parent
    full = animal(tmp_path / "full", seed=4).parent
    assert truth(null)["planted"] == []
    assert {row["truth"] for row in truth(null)["verdicts"]} == {"nothing"}
    # what nobody touches is the same: the draws do not depend on the effects
    assert (null / "mice.tsv").read_bytes() == (full / "mice.tsv").read_bytes()
    untouched = read(full, "mice").query("arm == 'water'")["mouse"]
    one, two = (read(folder, "phenotypes") for folder in (null, full))
    pd.testing.assert_frame_equal(
        one[one["mouse"].isin(untouched)].reset_index(drop=True),
        two[two["mouse"].isin(untouched)].reset_index(drop=True),
    )


def test_a_taxon_may_depend_on_the_facility(tmp_path: Path) -> None:
    folder = animal(tmp_path, facilities=2, animals=8, cages=4).parent
    rows = truth(folder)["classes"]
    changed = [row for row in rows if row["class"] != "neither"]
    assert {row["facility"] for row in changed} == {"A", None}
    assert read(folder, "mice").groupby(["genotype", "arm", "cage"])["facility"].nunique().eq(1).all()


@pytest.mark.parametrize(
    "option",
    [
        {"seed": -1},
        {"animals": 1},
        {"cages": 0},
        {"cages": 9},
        {"strains": 12},
        {"doses": 6},
        {"facilities": 3},
        {"facilities": 2, "cages": 1},
        {"times": 1},
        {"measures": 7},
        {"taxa": 14},
        {"taxa_changed": 21},
        {"molecules": 5},
        {"genes": 20},
        {"icc": 1.0},
        {"icc": 0.5, "litter_icc": 0.6},
        {"strain_hazard": 0.0},
        {"found_dead": -0.1},
        {"reversal": 1.5},
    ],
)
def test_options_out_of_range_are_refused(tmp_path: Path, option: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="expected"):
        animal(tmp_path, **option)
    assert not list(tmp_path.iterdir())


def test_a_study_of_someone_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "study.toml").write_text("[study]\nname = 'mine'\n")
    with pytest.raises(UsageError, match="not simulated"):
        animal(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["study.toml"]


def test_the_command_writes_the_study_that_the_function_writes(tmp_path: Path) -> None:
    from typer.testing import CliRunner

    from commensal.cli.simulate import app

    words = ["--animals", "4", "--cages", "2", "--strains", "1", "--doses", "1", "--times", "3", "--molecules", "0"]
    done = CliRunner().invoke(app, ["animal", "--out", str(tmp_path / "a"), "--seed", "9", "--genes", "0", *words])
    assert done.exit_code == 0, done.output
    assert "truth.json" in done.output
    other = animal(tmp_path / "b", seed=9, animals=4, cages=2, strains=1, doses=1, times=3, molecules=0, genes=0).parent
    for path in sorted(other.iterdir()):
        assert path.read_bytes() == (tmp_path / "a" / path.name).read_bytes(), path.name
