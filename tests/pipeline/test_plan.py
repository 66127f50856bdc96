"""Power of designs whose power is known, the null, how many are needed, seeds, the page, and bad input."""

from __future__ import annotations

import json
import pickle
from contextlib import nullcontext

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest, nct, t

from commensal import load, plan
from commensal.errors import CommensalError, StudyFileError, UsageError
from commensal.pipeline.plan_claims import argument, claim_counts, claim_figures, lacking, rungs
from commensal.pipeline.plan_curve import needed
from commensal.pipeline.plan_read import read_design
from commensal.simulation.design import blueprint, drawn
from commensal.simulation.design_compared import compared
from commensal.simulation.design_units import grown, per_subject, scaled
from commensal.study import parse_study

STUDIES = 80
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
assays = @ASSAYS@
"""
TAXA, ALONE = STUDY.replace("@ASSAYS@", '["taxa"]'), STUDY.replace("@ASSAYS@", "[]")


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """Measures alone are asked: quick to draw often."""
    return written(tmp_path_factory.mktemp("cages"), CAGES)


@pytest.fixture(scope="module")
def taxa(tmp_path_factory):
    return written(tmp_path_factory.mktemp("taxa"), 3, TAXA)


def written(folder, cages, text=ALONE):
    rng = np.random.default_rng(3)
    rows = [
        (f"m{a}{c}{i}", arm, str(c))
        for a, arm in enumerate(("water", "drug", "other"))
        for c in range(cages)
        for i in range(ANIMALS)
    ]
    samples = pd.DataFrame(rows, columns=["subject", "arm", "cage"])
    samples.insert(0, "sample", "s" + samples["subject"])
    samples.to_csv(folder / "samples.tsv", sep="\t", index=False)
    cage = pd.factorize(samples["arm"] + samples["cage"])[0]
    grip = 2 + rng.normal(0, 0.25, 3 * cages)[cage] + rng.normal(0, 0.4, len(samples))
    pd.DataFrame({"subject": samples["subject"], "grip": grip.round(3)}).to_csv(
        folder / "phenotypes.tsv", sep="\t", index=False
    )
    counts = pd.DataFrame(rng.poisson(200, (4, len(samples))), columns=samples["sample"])
    counts.insert(0, "taxon", ["A", "B", "C", "D"])
    counts.to_csv(folder / "taxa.tsv", sep="\t", index=False)
    path = folder / "study.toml"
    path.write_text(text)
    return path


@pytest.fixture(scope="module")
def planned(study):
    """The declared design alone, often: for its power and its false rate."""
    return plan(study, studies=STUDIES, effects=["treated/grip=1.2"], sizes=[1], grow=[f"cage={CAGES}"], seed=2)


@pytest.fixture(scope="module")
def folder(study, tmp_path_factory):
    """The ladder of sizes, seldom, with its page."""
    out = tmp_path_factory.mktemp("plan")
    return out, plan(study, out=out, studies=2, effects=["treated/grip=2"], sizes=[1], seed=2)


def row(figures, model, says):
    own = figures[(figures["model"] == model) & (figures["measure"] == "grip") & (figures["says"] == says)]
    assert len(own) == 1
    return own.iloc[0]


def test_power_is_that_of_a_t_test_of_cage_means(study, planned):
    share = blueprint(load(study)).measures["grip"].units["cage"]
    df = 2 * CAGES - 2
    error = np.sqrt(2 / CAGES * (share + (1 - share) / ANIMALS))
    power = float(nct.sf(t.ppf(0.975, df), df, 1.2 / error))
    hits = round(row(planned.figures, "trajectory", "power")["rate"] * STUDIES)
    assert binomtest(hits, STUDIES, power).pvalue > 0.01


def test_the_null_is_not_rejected_more_often_than_stated(planned):
    for model in ("trajectory", "verdict"):
        hits = round(row(planned.figures, model, "false rate")["rate"] * STUDIES)
        assert binomtest(hits, STUDIES, 0.05, alternative="greater").pvalue > 0.01


def test_sentences_speak_of_units_and_of_the_arms_compared(planned):
    first = planned.sentences[0]
    animals = CAGES * ANIMALS
    assert f"{CAGES} cages per arm: {animals} against {animals} animals" in first  # not the 45 of the whole study
    assert "subjects" not in first


def test_n_of_a_t_test_is_interpolated_between_sizes():
    """The size that 80 % power needs, by the noncentral t; a straight line on the probit scale is close to it."""

    def power(n):
        return float(nct.sf(t.ppf(0.975, 2 * n - 2), 2 * n - 2, np.sqrt(n / 2)))

    exact = next(n for n in np.arange(10, 25, 0.01) if power(n) >= 0.8)
    sizes = [8, 12, 16, 24]
    rate = [power(n) for n in sizes]
    found = needed(sizes, rate, [one - 0.08 for one in rate], [min(one + 0.08, 1) for one in rate])
    assert found.status == "interpolated"
    assert found.n == pytest.approx(exact, abs=0.5)
    assert found.low < exact < found.high


@pytest.mark.parametrize(
    ("rate", "status"),
    [
        ([0.9, 0.95], "at_smallest"),
        ([0.1, 0.5], "not_reached"),
        ([0.85, 0.7], "not_reached"),
        ([0.3, 1.0], "interpolated"),
    ],
)
def test_what_is_not_between_the_sizes_has_a_name(rate, status):
    assert needed([3, 6], rate, [one - 0.1 for one in rate], rate).status == status


def test_one_size_has_no_curve():
    assert needed([3], [0.9], [0.8], [1.0]).status == "one_size"


def test_without_sizes_a_ladder_is_drawn(folder):
    own = folder[1].figures
    verdicts = own[(own["model"] == "verdict") & (own["size"] == 1)]
    assert verdicts["n_unit"].tolist() == [2, 5, 8, 10]
    assert verdicts["unit"].unique().tolist() == ["cage"]
    assert (verdicts["n_subjects"] == 2 * verdicts["n_unit"] * ANIMALS).all()


def test_the_page_shows_what_the_tables_hold(folder):
    out, made = folder
    page = (out / "plan.html").read_text(encoding="utf-8")
    assert "default-src &#39;none&#39;" in page
    assert "http://" not in page.partition("<script")[0]
    assert made.sentences[0].split(";")[0].replace(" %", "\u00a0%") in page
    assert sorted(path.name for path in out.iterdir()) == [
        "figures", "needed.parquet", "plan.html", "plan.json", "plan.parquet"
    ]  # fmt: skip
    assert len(list((out / "figures").glob("*.svg"))) == 1
    told = json.loads((out / "plan.json").read_text(encoding="utf-8"))
    assert told["sentences"] == list(made.sentences)
    assert len(told["needed"]) == len(made.needed)


class Backwards:
    """A crew that works through pickles, last task first."""

    def map(self, function, tasks, *, shared, names, tell):
        assert len(names) == len(tasks)
        assert tell is None
        carried = pickle.dumps(shared)
        made = [function(pickle.loads(carried), pickle.loads(pickle.dumps(task))) for task in reversed(tasks)]
        return list(reversed(made))


def test_the_same_seed_gives_the_same_figures_whoever_draws(study, monkeypatch):
    options = {"studies": 2, "effects": ["treated/grip=1"], "sizes": [1], "grow": ["cage=3"]}
    one = plan(study, seed=4, **options)
    asked = []
    monkeypatch.setattr("commensal.execution.crew_of", lambda *told: asked.append(told) or nullcontext(Backwards()))
    other = plan(study, seed=4, workers=3, **options)
    assert asked == [(3, None, None)]
    pd.testing.assert_frame_equal(one.figures, other.figures)
    assert one.sentences == other.sentences
    made = blueprint(load(study))
    first, again, third = (
        drawn(made, (), np.random.SeedSequence(seed)).loaded.phenotypes["grip"] for seed in (4, 4, 5)
    )
    assert first.equals(again)
    assert not first.equals(third)


def test_features_are_told_too(taxa):
    made = plan(taxa, studies=2, sizes=[1], grow=["cage=3"])
    assert (made.needed["assay"] == "taxa").any()
    assert any("features of taxa" in sentence for sentence in made.sentences)


def test_more_cages_per_arm_keep_their_animals(study):
    for larger in (grown(load(study), {"cage": 8}), scaled(load(study), 1.6)):
        per = per_subject(larger)
        assert per.groupby("arm")["cage"].nunique().to_dict() == {"drug": 8, "other": 8, "water": 8}
        assert set(per.groupby("cage").size()) == {ANIMALS}
        assert set(per.groupby("cage")["arm"].nunique()) == {1}
        assert per.index.is_unique
        assert larger.samples.index.is_unique


def test_fewer_animals_per_cage_keep_the_cages(study):
    per = per_subject(grown(load(study), {"subject": 2}))
    assert set(per.groupby("cage").size()) == {2}
    assert per["cage"].nunique() == 3 * CAGES


def test_people_of_households_are_pairs_and_stay_when_cages_grow(tmp_path):
    from commensal import simulation

    loaded = load(simulation.cohort(tmp_path, seed=1, households=8))
    question = next(iter(loaded.declared.questions.values()))
    own = compared(loaded, question, None, assay="species")
    assert (own.unit, own.per_side) == ("household", False)
    assert own.n_unit <= 8 < own.n_subjects
    twice = compared(scaled(loaded, 2), question, None, assay="species")
    assert twice.n_unit == 2 * own.n_unit


def test_an_effect_that_two_contrasts_share_is_planted_once(tmp_path):
    text = ALONE + '[contrasts.again]\ncolumn = "arm"\ncase = ["drug", "other"]\ncontrol = "water"\n'
    loaded = load(written(tmp_path, 40, text))
    made = blueprint(loaded)
    from commensal.pipeline.plan_effects import parse_effects

    one, both = (
        drawn(made, parse_effects(loaded.declared, given), np.random.SeedSequence(1)).loaded.phenotypes["grip"]
        for given in (["treated/grip=1"], ["treated/grip=1", "again/grip=1"])
    )
    arm = per_subject(loaded)["arm"].reindex(loaded.phenotypes["subject"]).to_numpy()
    assert one[arm == "drug"].equals(both[arm == "drug"])
    assert (both[arm == "other"] > one[arm == "other"]).all()


def test_nothing_measured_is_copied(taxa):
    loaded = load(taxa)
    copy = drawn(blueprint(loaded), (), np.random.SeedSequence(1))
    assert not copy.outcomes
    assert not np.isclose(copy.loaded.phenotypes["grip"], loaded.phenotypes["grip"], atol=5e-4).all()
    assert not (copy.loaded.assays["taxa"].values == loaded.assays["taxa"].values).all()
    assert list(copy.loaded.samples["cage"]) == list(loaded.samples["cage"])


def test_one_cage_in_each_arm_cannot_be_reached(tmp_path):
    made = plan(written(tmp_path, 1), studies=2, sizes=[1], grow=["cage=1"])
    own = made.figures[(made.figures["model"] == "trajectory") & (made.figures["measure"] == "grip")]
    assert (own["reach"] == 0).all()
    assert set(own["status"]) == {"one_cage"}
    assert set(made.needed["status"]) == {"unreachable"}
    assert made.sentences[0] == "rescue: grip, drug: cannot be reached: one cage."


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

    design = read_design(simulation.als(tmp_path, seed=1, small=True, reads=True, read_samples=1))
    assert any("mouse_reads: not planned" in sentence for sentence in design.told)
    assert not [name for name in design.loaded.assays if name.startswith("mouse_reads")]


def test_what_keeps_claims_open_is_said(study):
    loaded = load(study)
    table = rungs(loaded)
    assert not table["asked"].any()
    (told,) = lacking(loaded, table)
    assert "strain → outcome" in told
    assert "gives" in told


# ---- a design without tables ---------------------------------------------------------------------

GROUPS = "".join(
    f'[planned.{name}]\ncolumns = {{ arm = "{name}" }}\ncages = 4\nanimals = 2\nmeasured_at = [60, 120]\n'
    "sampled_at = [100]\nfollowed = 160\n"
    for name in ("water", "antibiotics", "vehicle", "strain", "saline", "infused")
)
PLANNED = f"""
[study]
name = "next-year"
time_unit = "day"
[design]
primary = ["grip"]
{GROUPS}
[tables.samples]
file = "samples.tsv"
[variables.cage]
nested_in = ["arm"]
[assays.serum]
kind = "metabolites"
file = "serum.tsv"
value = "intensity"
specimen = "serum"
zero = "below_detection"
expected = 12
[measures.grip]
better = "higher"
kind = "level"
[contrasts.removed]
column = "arm"
case = "antibiotics"
control = "water"
[contrasts.strain]
column = "arm"
case = "strain"
control = "vehicle"
[contrasts.molecule]
column = "arm"
case = "infused"
control = "saline"
[questions.screen]
kind = "screen"
contrast = "strain"
assays = []
block = ["cage"]
[questions.mediators]
kind = "mediators"
contrast = "removed"
supplements = "strain"
block = ["cage"]
[questions.rescue]
kind = "rescue"
contrast = "molecule"
assays = []
block = ["cage"]
gives = {{ infused = "nicotinamide" }}
"""


@pytest.fixture(scope="module")
def future(tmp_path_factory):
    path = tmp_path_factory.mktemp("future") / "study.toml"
    path.write_text(PLANNED)
    return path


def test_a_design_without_tables_is_planned_from_its_groups(future):
    design = read_design(future)
    loaded = design.loaded
    assert design.planned
    assert per_subject(loaded).groupby("arm")["cage"].nunique().tolist() == [4] * 6
    assert loaded.assays["serum"].values.shape == (48, 12)
    assert "nicotinamide" in loaded.assays["serum"].features.index
    assert sorted(loaded.phenotypes["time"].unique()) == [60, 120]
    own = compared(loaded, loaded.declared.questions["screen"], None)
    assert (own.unit, own.n_unit, own.n_case) == ("cage", 4, 8)


def test_planned_events_come_when_they_are_expected(tmp_path):
    path = tmp_path / "study.toml"
    path.write_text(PLANNED + "[events.death]\nexpected = 130\n")
    made = blueprint(read_design(path).loaded, assumed=True)
    event = made.events["death"]
    assert event.scale * np.log(2) ** (1 / event.shape) == pytest.approx(130, rel=0.05)
    assert event.terminal


def test_planted_claims_pass_where_effects_are_large_and_no_claim_without(future):
    made = plan(future, studies=3, sizes=[4.0], grow=["cage=6"], permutations=99)
    own = made.claims.set_index(["size", "line"])["rate"]
    assert own[4.0, "gate"] >= 2 / 3
    assert own[4.0, "strain → outcome"] >= 2 / 3
    assert own[0.0, "false claim"] == 0
    assert any(sentence.startswith("Claims, cage = 6: a planted claim passes") for sentence in made.sentences)


def test_a_claim_is_false_where_nothing_is_planted(future):
    """Estimates with effects, judged as if nothing had been planted: what is selected is a false claim."""
    design = read_design(future)
    made = blueprint(grown(design.loaded, {"cage": 8}), assumed=True)
    argued = argument(drawn(made, (), np.random.SeedSequence(1)).loaded)
    from commensal.pipeline.answering import answer, steps_of
    from commensal.pipeline.plan_effects import parse_effects
    from commensal.questions import joined

    loaded = made.loaded
    effects = [one.__class__(one.contrast, one.target, 8 * one.size, one.share)
               for one in parse_effects(loaded.declared, ())]  # fmt: skip
    copy = drawn(made, effects, np.random.SeedSequence(3), pinned=argued.pinned)
    answers = [answer(copy.loaded, step).answer for step in steps_of(loaded.declared)]
    rows = joined([one for one in answers if one]).estimates
    null = copy.__class__(copy.loaded, {}, {})
    as_is, as_null = (
        claim_figures(
            pd.DataFrame([{"design": 0, "grown": "", "size": 1.0, "study": 0, **row} for row in found]), 1
        ).set_index("line")["rate"]
        for found in (claim_counts(rows, argued, copy), claim_counts(rows, argued, null))
    )
    assert as_is["gate"] == 1
    assert as_is["false claim"] == 0
    assert as_null["false claim"] == 1


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("cages = 4\nanimals = 2\n", ""), "a group without a number"),
        (("cages = 4", "households = 4"), "animals and people"),
        (("cages = 4", "cages = 0"), "a whole number from 1"),
        (("cages = 4", "cagges = 4"), "did you mean 'cages'"),
        (('arm = "infused"', 'arm = "infusion"'), "nobody is planned on a side of [contrasts.molecule]"),
        (('block = ["cage"]', 'block = ["litter"]'), "'litter'"),
        (('{ arm = "water" }', '{ arm = "water", cage = "1" }'), "made by the plan"),
    ],
)
def test_bad_groups_are_named_with_a_way_out(change, said):
    with pytest.raises(StudyFileError) as caught:
        parse_study(PLANNED.replace(*change))
    assert said in str(caught.value)
    assert "expected" in str(caught.value)
