"""Power of designs whose power is known, the null, seeds, and bad input."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest, nct, t

from commensal import load, plan
from commensal.errors import CommensalError, UsageError
from commensal.simulation.design import blueprint, drawn
from commensal.simulation.design_units import grown, per_subject

STUDIES = 120
CAGES, ANIMALS = 5, 3
STUDY = """
[study]
name = "cages"
time_unit = "day"
[tables.samples]
file = "samples.tsv"
constants = { specimen = "stool" }
[tables.phenotypes]
file = "phenotypes.tsv"
[variables.arm]
type = "category"
reference = "water"
[variables.cage]
nested_in = ["arm"]
[assays.taxa]
kind = "taxa"
file = "taxa.tsv"
value = "counts"
specimen = "stool"
[measures.grip]
better = "higher"
kind = "level"
unit = "N"
[contrasts.treated]
column = "arm"
case = "drug"
control = "water"
[questions.rescue]
kind = "rescue"
contrast = "treated"
block = ["cage"]
assays = ["taxa"]
"""


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return written(tmp_path_factory.mktemp("cages"), CAGES)


def written(folder, cages):
    rng = np.random.default_rng(3)
    rows = [
        (f"m{a}{c}{i}", arm, str(c))
        for a, arm in enumerate(("water", "drug"))
        for c in range(cages)
        for i in range(ANIMALS)
    ]
    samples = pd.DataFrame(rows, columns=["subject", "arm", "cage"])
    samples.insert(0, "sample", "s" + samples["subject"])
    samples.to_csv(folder / "samples.tsv", sep="\t", index=False)
    cage = pd.factorize(samples["arm"] + samples["cage"])[0]
    grip = 2 + rng.normal(0, 0.25, 2 * cages)[cage] + rng.normal(0, 0.4, len(samples))
    pd.DataFrame({"subject": samples["subject"], "grip": grip.round(3)}).to_csv(
        folder / "phenotypes.tsv", sep="\t", index=False
    )
    counts = pd.DataFrame(rng.poisson(200, (4, len(samples))), columns=samples["sample"])
    counts.insert(0, "taxon", ["A", "B", "C", "D"])
    counts.to_csv(folder / "taxa.tsv", sep="\t", index=False)
    path = folder / "study.toml"
    path.write_text(STUDY)
    return path


@pytest.fixture(scope="module")
def planned(study):
    return plan(study, studies=STUDIES, effects=["treated/grip=1.2"], sizes=[1], seed=2).figures


def row(figures, model, says):
    own = figures[(figures["model"] == model) & (figures["measure"] == "grip") & (figures["says"] == says)]
    assert len(own) == 1
    return own.iloc[0]


def test_power_is_that_of_a_t_test_of_cage_means(study, planned):
    share = blueprint(load(study)).measures["grip"].units["cage"]
    df = 2 * CAGES - 2
    error = np.sqrt(2 / CAGES * (share + (1 - share) / ANIMALS))
    power = float(nct.sf(t.ppf(0.975, df), df, 1.2 / error))
    hits = round(row(planned, "trajectory", "power")["rate"] * STUDIES)
    assert binomtest(hits, STUDIES, power).pvalue > 0.01


def test_the_null_is_not_rejected_more_often_than_stated(planned):
    for model in ("trajectory", "verdict"):
        hits = round(row(planned, model, "false rate")["rate"] * STUDIES)
        assert binomtest(hits, STUDIES, 0.05, alternative="greater").pvalue > 0.01


def test_the_same_seed_gives_the_same_figures(study):
    one, other, third = (
        plan(study, studies=3, effects=["treated/grip=1"], sizes=[1], seed=seed).figures for seed in (4, 4, 5)
    )
    pd.testing.assert_frame_equal(one, other)
    assert not one["null_p"].equals(third["null_p"]) or not one["rate"].equals(third["rate"])


def test_more_cages_per_arm_keep_their_animals(study):
    larger = grown(load(study), {"cage": 8})
    per = per_subject(larger)
    assert per.groupby("arm")["cage"].nunique().to_dict() == {"drug": 8, "water": 8}
    assert set(per.groupby("cage").size()) == {ANIMALS}
    assert set(per.groupby("cage")["arm"].nunique()) == {1}
    assert per.index.is_unique
    assert larger.samples.index.is_unique


def test_fewer_animals_per_cage_keep_the_cages(study):
    per = per_subject(grown(load(study), {"subject": 2}))
    assert set(per.groupby("cage").size()) == {2}
    assert per["cage"].nunique() == 2 * CAGES


def test_nothing_measured_is_copied(study):
    loaded = load(study)
    copy = drawn(blueprint(loaded), (), np.random.SeedSequence(1))
    assert not copy.outcomes
    assert not np.isclose(copy.loaded.phenotypes["grip"], loaded.phenotypes["grip"], atol=5e-4).all()
    assert not (copy.loaded.assays["taxa"].values == loaded.assays["taxa"].values).all()
    assert list(copy.loaded.samples["cage"]) == list(loaded.samples["cage"])


def test_one_cage_in_each_arm_cannot_be_reached(tmp_path):
    figures = plan(written(tmp_path, 1), studies=2, sizes=[1]).figures
    own = figures[(figures["model"] == "trajectory") & (figures["measure"] == "grip")]
    assert (own["reach"] == 0).all()
    assert set(own["status"]) == {"one_cage"}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"effects": ["treatd/grip=1"]}, "did you mean 'treated'"),
        ({"effects": ["treated/gripp=1"]}, "did you mean 'grip'"),
        ({"effects": ["treated/grip=much"]}, "treated/grip=0.8"),
        ({"effects": ["treated=2:1"]}, "SHARE:LOG2"),
        ({"effects": ["treated/grip=nan"]}, "treated/grip=0.8"),
        ({"grow": ["cagge=3"]}, "did you mean 'cage'"),
        ({"grow": ["cage=three"]}, "UNIT=N,N"),
        ({"grow": ["cage=0"]}, "UNIT=N,N"),
        ({"studies": 1}, "2 studies or more"),
    ],
)
def test_bad_input_is_named_with_a_way_out(study, options, said):
    with pytest.raises(UsageError, match="found") as caught:
        plan(study, **({"studies": 2} | options))
    assert said in str(caught.value)
    assert isinstance(caught.value, CommensalError)


def test_reads_are_left_out_and_that_is_said(tmp_path):
    from commensal import simulation

    study = simulation.als(tmp_path, seed=1, small=True, reads=True, read_samples=1)
    made = plan(study, studies=2, features=5, permutations=99, sizes=(1.0,))
    assert any("mouse_reads: not planned" in sentence for sentence in made.sentences)
    assert not made.figures["assay"].astype("string").str.startswith("mouse_reads").any()
