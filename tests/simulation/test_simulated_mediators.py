"""The simulated study of mediators: the same bytes, what was planted, what an option changes and what it does not."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from commensal import load, simulation
from commensal.errors import UsageError

SMALL = {"cages": 3, "animals": 2, "molecules": 150, "falls": 10, "rises": 10, "drugs": 3}


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path):
    one, two = (simulation.mediators_study(tmp_path / name, seed=4, **SMALL) for name in "ab")
    for file in sorted(one.parent.iterdir()):
        assert file.read_bytes() == (two.parent / file.name).read_bytes()


def means(folder: Path, **options) -> tuple[pd.DataFrame, dict]:
    """Mean log2 of each molecule, by fluid and arm."""
    study = simulation.mediators_study(folder, **(SMALL | {"below": 0.0, "cages": 20} | options))
    loaded = load(study)
    arm = loaded.samples["arm"]
    rows = {}
    for fluid, table in loaded.assays.items():
        log2 = pd.DataFrame(
            np.log2(np.maximum(table.values, 1e-9)), index=table.samples, columns=table.features["label"]
        )
        rows[fluid] = log2[[s in arm.index and pd.notna(arm[s]) for s in log2.index]].groupby(arm).mean()
    return pd.concat(rows), json.loads((folder / "truth.json").read_text())


def test_what_was_planted_is_there(tmp_path: Path):
    found, truth = means(tmp_path, effect=3.0)
    assert truth["mediator"] == "nicotinamide"
    for fluid in ("serum", "csf"):
        own = found.loc[fluid]
        removed, given = (
            own.loc["antibiotics"] - own.loc["water"],
            own.loc["Akkermansia muciniphila"] - own.loc["vehicle"],
        )
        error = 6 * 0.8 * np.sqrt(2 / 20)  # six standard errors of a difference of cages
        for name, role in truth["roles"].items():
            if role != "drug":
                assert abs(removed[name] - (-3.0 if role in ("mediator", "falls") else 0.0)) < error, name
                assert abs(given[name] - (3.0 if role in ("mediator", "rises") else 0.0)) < error, name
        assert (removed[[name for name, role in truth["roles"].items() if role == "drug"]] > 2).all()


def test_a_false_link_takes_one_change_away_and_moves_nothing_else(tmp_path: Path):
    whole, _ = means(tmp_path / "a", drift_sd=0.0)
    lacking, truth = means(tmp_path / "b", drift_sd=0.0, false_link="given csf")
    assert truth["mediator"] is None
    assert truth["links"] == {"removed serum": True, "removed csf": True, "given serum": True, "given csf": False}
    gap = (whole - lacking).abs()
    assert gap.loc[("csf", "Akkermansia muciniphila"), "nicotinamide"] == pytest.approx(2.0, abs=1e-4)
    gap.loc[("csf", "Akkermansia muciniphila"), "nicotinamide"] = 0.0
    assert gap.to_numpy().max() < 1e-4


def test_the_share_below_detection_is_that_asked_for(tmp_path: Path):
    loaded = load(simulation.mediators_study(tmp_path, **(SMALL | {"molecules": 1000, "below": 0.3})))
    share = np.mean([(table.values == 0).mean() for table in loaded.assays.values()])
    assert share == pytest.approx(0.3, abs=0.04)
    assert (loaded.samples["role"] == "qc").any()


@pytest.mark.parametrize("wrong", [{"strains": 9}, {"molecules": 30}, {"false_link": "given urine"}, {"below": 1.0}])
def test_options_out_of_range_are_refused(tmp_path: Path, wrong: dict):
    with pytest.raises(UsageError):
        simulation.mediators_study(tmp_path, **(SMALL | wrong))
