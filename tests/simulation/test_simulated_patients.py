"""Genes, cerebrospinal fluid and visits of a simulated cohort hold what truth.json says."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from commensal.errors import UsageError
from commensal.simulation import cohort


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return cohort(tmp_path_factory.mktemp("large"), households=300, unmatched=0, fluid_controls=200, seed=3).parent


def test_the_parts_of_a_gene_sum_to_it(large: Path) -> None:
    genes = pd.read_csv(large / "genes.tsv", sep="\t", index_col=0).drop(columns="name")
    parts = genes[genes.index.str.contains("|", regex=False)]
    summed = parts.groupby(parts.index.str.split("|").str[0]).sum()
    # written with four digits
    np.testing.assert_allclose(summed, genes.loc[summed.index], rtol=2e-3)


def test_the_route_falls_because_its_carriers_fall(large: Path) -> None:
    genes = pd.read_csv(large / "genes.tsv", sep="\t", index_col=0).drop(columns="name")
    group = pd.read_csv(large / "people.tsv", sep="\t", index_col=0)["group"]
    case = (group.loc[genes.columns.str.removesuffix("-stool")] == "ALS").to_numpy()
    assert list(json.loads((large / "truth.json").read_text())["pathways"]) == ["nad_de_novo"]
    for gene in ("K00278", "K03517", "K00767"):
        logs = np.log2(genes.loc[gene].to_numpy())
        assert logs[case].mean() - logs[~case].mean() < -0.3


def test_the_score_goes_with_nicotinamide_as_planted_and_visits_are_near(large: Path) -> None:
    truth = json.loads((large / "truth.json").read_text())["severity"]
    visits = pd.read_csv(large / "visits.tsv", sep="\t").groupby("person").first()
    names = pd.read_csv(large / "serum_features.tsv", sep="\t").set_index("name")["id"]
    serum = pd.read_csv(large / "serum.tsv", sep="\t", index_col=0)[names["nicotinamide"]]
    serum.index = serum.index.str.removesuffix("-serum")
    # rounding and the ends of the score take a little of it; standard error 0.04
    assert np.corrcoef(np.log2(serum[visits.index]), visits["alsfrs"])[0, 1] == pytest.approx(truth["r"], abs=0.12)
    samples = pd.read_csv(large / "samples.tsv", sep="\t").query("specimen == 'serum'").set_index("person")["day"]
    assert (visits["day"] - samples[visits.index]).abs().max() <= 21


def test_the_fluid_has_controls_of_no_household_and_its_truth(large: Path) -> None:
    people = pd.read_csv(large / "people.tsv", sep="\t", index_col=0)
    others = people[people["group"] == "neurological control"]
    assert len(others) == 200
    assert others["household"].isna().all()
    fluid = pd.read_csv(large / "csf.tsv", sep="\t", index_col=0)
    fluid.index = fluid.index.str.removesuffix("-csf")
    case = (people.loc[fluid.index, "group"] == "ALS").to_numpy()
    truth = json.loads((large / "truth.json").read_text())["csf"]
    for name in ("nicotinamide", "tryptophan"):
        logs = np.log2(fluid[name].to_numpy())
        assert logs[case].mean() - logs[~case].mean() == pytest.approx(truth.get(name, 0.0), abs=0.2)
    assert 0.2 < (fluid["serotonin"] == 0).mean() < 0.3


def test_nothing_is_planted_where_effects_are_zero(tmp_path: Path) -> None:
    none = dict.fromkeys(("abundance_effect", "molecule_effect", "severity_effect"), 0.0)
    truth = json.loads((cohort(tmp_path, households=4, **none).parent / "truth.json").read_text())
    assert truth["csf"] == {}
    assert truth["pathways"] == {}
    assert truth["severity"]["r"] == 0


def test_options_out_of_range_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="severity_effect"):
        cohort(tmp_path, severity_effect=1.5)
    with pytest.raises(UsageError, match="fluid_controls"):
        cohort(tmp_path, fluid_controls=-1)
