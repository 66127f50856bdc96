"""The simulated model study: same seed, same bytes; what is planted moves no draw; truth.json is true."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import commensal
from commensal.errors import UsageError
from commensal.pipeline.claim_family import claim_family
from commensal.pipeline.score_claims import GATE, is_true, line_holds
from commensal.simulation import als
from commensal.simulation.als_plan import HELPER, MEDIATOR, MUTANT

TINY: dict[str, Any] = {
    "small": True, "cages": 2, "animals": 2, "strains": 2, "households": 6, "molecules": 20, "taxa": 20, "genes": 60,
    "times": 3,
}  # fmt: skip
#: Mean of 200 animals' log2 levels: their SD is about 1 with the batches, cages of four.
NEAR = 0.4


def read(folder: Path, name: str) -> pd.DataFrame:
    return pd.read_csv(folder / f"{name}.tsv", sep="\t", dtype={"subject": str})


def truth(folder: Path) -> dict[str, Any]:
    return dict(json.loads((folder / "truth.json").read_text()))


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return als(tmp_path_factory.mktemp("large"), **(TINY | {"seed": 4, "cages": 50, "animals": 4})).parent


def level(folder: Path, molecule: str, fluid: str = "serum") -> pd.Series:
    """Mean log2 of a molecule in each arm of the diseased."""
    table = read(folder, f"mouse_{fluid}").set_index("id")
    names = read(folder, "molecules").set_index("name")["id"]
    values = np.log2(table.loc[names[molecule]].astype(float))
    samples = read(folder, "samples").set_index("sample")
    whose = samples.loc[values.index, "subject"]
    mice = read(folder, "subjects").set_index("subject")
    known = values[whose.notna().to_numpy()]
    own = mice.loc[whose.dropna()]
    return known.groupby(np.where(own["genotype"] == "SOD1", own["arm"], "healthy")).mean()


def test_same_seed_same_bytes_other_seed_other_bytes(tmp_path: Path) -> None:
    one, two = (als(tmp_path / name, seed=5, **TINY).parent for name in "ab")
    other = als(tmp_path / "c", seed=6, **TINY).parent
    for path in sorted(one.iterdir()):
        assert path.read_bytes() == (two / path.name).read_bytes(), path.name
    for name in ("mouse_taxa", "mouse_serum", "phenotypes", "events", "cord", "people_species", "people_serum"):
        assert (one / f"{name}.tsv").read_bytes() != (other / f"{name}.tsv").read_bytes(), name


def test_what_is_planted_moves_no_draw(tmp_path: Path) -> None:
    whole, null = als(tmp_path / "a", seed=5, **TINY).parent, als(tmp_path / "b", seed=5, null=True, **TINY).parent
    assert truth(null)["triad"] is None
    assert not any(truth(null)["links"].values())
    assert all(row["truth"] == "nothing" for row in truth(null)["verdicts"])
    # measures of healthy mice on water, whom nothing reaches, are the same to the last digit
    mice = read(whole, "subjects").query("genotype == 'WT' and arm == 'water'")["subject"]
    same = [read(one, "phenotypes").loc[lambda t: t["subject"].isin(mice)] for one in (whole, null)]
    pd.testing.assert_frame_equal(*(one.reset_index(drop=True) for one in same))


def test_the_molecule_falls_rises_and_is_lost_by_the_mutant(large: Path) -> None:
    e = truth(large)["effects"]
    mean = level(large, MEDIATOR)
    assert mean["antibiotics"] - mean["water"] == pytest.approx(-e["depletion_molecule"], abs=NEAR)
    assert mean[HELPER] - mean["vehicle"] == pytest.approx(e["strain_molecule"], abs=NEAR)
    assert mean[MUTANT] - mean["vehicle"] == pytest.approx(0, abs=NEAR)
    crossed = level(large, MEDIATOR, "csf")
    assert crossed[HELPER] - crossed["vehicle"] == pytest.approx(0.7 * e["strain_molecule"], abs=NEAR)


def test_drugs_are_where_they_are_given_and_nowhere_else(large: Path) -> None:
    named = read(large, "molecules").set_index("name")["id"]
    values = read(large, "mouse_serum").set_index("id").loc[named["ampicillin"]].astype(float)
    under = read(large, "subjects").query("arm == 'antibiotics'")["subject"]
    mice = [name for name in values.index if not name.startswith("qc-")]
    treated = values[mice].index.str.removesuffix("-serum").isin(under)
    assert (values[mice][treated] > 0).mean() > 0.9
    assert (values[mice][~treated] > 0).mean() < 0.05


def test_help_is_seen_in_the_primary_measure_and_only_of_what_helps(large: Path) -> None:
    mice = read(large, "subjects").query("genotype == 'SOD1'").set_index("subject")["arm"]
    late = read(large, "phenotypes").query("day == 85").assign(arm=lambda frame: frame["subject"].map(mice))
    grip = late.groupby("arm")["grip"].mean()
    for arm, control, helps in (
        (HELPER, "vehicle", True), (MUTANT, "vehicle", False), (f"{MEDIATOR} 50", "saline", True),
        ("riboflavin 50", "saline", False),
    ):  # fmt: skip
        assert (grip[arm] - grip[control] > 0.15) == helps
        assert helps or abs(grip[arm] - grip[control]) < 0.05


@pytest.mark.parametrize("link", GATE)
def test_one_link_may_be_false_and_the_others_stay(tmp_path: Path, link: str) -> None:
    told = truth(als(tmp_path, seed=2, false_link=link, **TINY).parent)
    claim = {"strain": HELPER, "molecule": MEDIATOR, "outcome": "grip", "direction": "helps", "through": "raises"}
    assert [one for one in GATE if not line_holds(told, one, claim)] == [link]
    assert told["triad"] is None
    assert not is_true(told, claim)
    assert not line_holds(told, "necessity", claim)


def test_its_claims_have_every_line_and_the_family_leaves_out_drugs_and_mutants(tmp_path: Path) -> None:
    study = als(tmp_path, seed=2, **TINY)
    loaded = commensal.load(study)
    family = claim_family(loaded)
    assert family is not None
    assert [one.name for one in family.strains] == ["Akkermansia muciniphila", "Ruminococcus torques"]
    assert not {"ampicillin", "metronidazole"} & {one.name for one in family.molecules}
    assert {one.name for one in family.outcomes} == {"grip", "death"}
    assert family.given == {"nicotinamide 50": "nicotinamide", "riboflavin 50": "riboflavin"}
    assert len(family.lines) == 7 + 1  # all but necessity's two parts are one line each
    assert {question.kind for question in loaded.declared.questions.values()} == {
        "depletion", "course", "screen", "mediators", "rescue", "host", "cohort",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"false_link": "x"}, "no such link"),
        ({"effects": {"strain_outcom": 1.0}}, "no effect"),
        ({"effects": {"severity": 3.0}}, "out of its range"),
        ({"cages": 1}, "cages"),
        ({"null": True, "false_link": "strain → outcome"}, "null"),
    ],
)
def test_options_out_of_range_are_refused(tmp_path: Path, options: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        als(tmp_path, **options)


READS: dict[str, Any] = TINY | {"reads": True, "pairs": 400}


def every_file(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_reads_leave_the_tables_and_are_the_same_bytes_by_seed(tmp_path: Path) -> None:
    plain, one, two = (
        every_file(als(tmp_path / name, seed=5, **options).parent)
        for name, options in (("plain", TINY), ("one", READS), ("two", READS))
    )
    other = every_file(als(tmp_path / "other", seed=6, **READS).parent)
    assert one == two
    changed = {name for name in plain if plain[name] != one[name]}
    assert changed == {"study.toml", "truth.json"}
    more = json.loads(one["truth.json"])
    told = more.pop("reads")
    assert more == json.loads(plain["truth.json"])
    for sample in told["samples"]:
        assert {f"reads/{sample}_R1.fastq.gz", f"reads/{sample}_R2.fastq.gz"} <= set(one)
    assert one["genomes/Akkermansia_muciniphila.fna"] != other["genomes/Akkermansia_muciniphila.fna"]


def test_cells_of_reads_are_the_shares_of_the_table(tmp_path: Path) -> None:
    folder = als(tmp_path, seed=5, **READS).parent
    told = truth(folder)["reads"]
    counts = read(folder, "mouse_taxa").set_index("taxon").drop(columns=["family", "phylum"])
    mice = read(folder, "subjects").set_index("subject")["arm"]
    whose = read(folder, "samples").set_index("sample")["subject"]
    assert [mice[whose[sample]] for sample in told["samples"]] == [HELPER, "vehicle"]
    for sample, genomes in told["samples"].items():
        share = counts[sample] / counts[sample].sum()
        cells = {told["taxa"][name]: row["cells"] for name, row in genomes.items()}
        assert cells == pytest.approx(share[share > 0].to_dict())
        assert sum(row["pairs"] for row in genomes.values()) == told["pairs"] == 400


def test_given_genomes_are_tied_by_name_and_others_have_no_reads(tmp_path: Path) -> None:
    letters = np.random.default_rng(1).choice(list("ACGT"), 5000)
    names = ("Akkermansia_muciniphila_B", "Akkermansia_muciniphila_A", "X_y")
    given = {name: tmp_path / f"{name}.fna" for name in names}
    for name, path in given.items():
        path.write_text(f">{name}\n{''.join(letters)}\n")
    folder = als(tmp_path / "study", seed=5, genomes=given, **READS).parent
    told = truth(folder)["reads"]
    assert told["taxa"] == {"Akkermansia_muciniphila_A": "Akkermansia muciniphila"}
    assert not (folder / "genomes").exists()
    with pytest.raises(UsageError, match="no genome is of a taxon"):
        als(tmp_path / "none", seed=5, genomes={"X_y": given["X_y"]}, **READS)
    with pytest.raises(UsageError, match="genomes without reads"):
        als(tmp_path / "none", seed=5, genomes=given, **TINY)
    with pytest.raises(UsageError, match="out of their range"):
        als(tmp_path / "none", seed=5, read_samples=0, **READS)


def test_reads_of_an_earlier_simulation_do_not_stay(tmp_path: Path) -> None:
    als(tmp_path, seed=5, read_samples=3, **READS)
    again = truth(als(tmp_path, seed=5, read_samples=1, **READS).parent)["reads"]["samples"]
    assert {path.name.partition("_")[0] for path in (tmp_path / "reads").iterdir()} == set(again)
