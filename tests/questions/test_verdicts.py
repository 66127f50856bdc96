"""Depletion, screen and rescue on made animals: verdicts, families, cages, interactions, doses, strains."""

import numpy as np
import pandas as pd
import pytest
from tests.questions.animals import animals

from commensal.errors import DesignError
from commensal.questions import QUESTIONS

ARMS = ("vehicle", "good", "bad", "same")
PUSH = {"good": 30.0, "bad": -30.0, "same": 0.0, "vehicle": 0.0}
BASE = """
[design]
primary = {primary}
[variables.cage]
nested_in = ["arm"]
[contrasts.strains]
column = "arm"
case = {case}
control = "vehicle"
[measures.rotarod]
better = "higher"
unit = "s"
margin = 20
[measures.score]
better = "lower"
[questions.ask]
kind = "{kind}"
contrast = "strains"
block = ["cage"]
{keys}
"""


def made(cages: int = 4, mice: int = 3, genotypes: tuple[str, ...] = ("SOD1",), push=PUSH, seed: int = 2):
    """Mice and their measures at three times; the push is full at the last two."""
    rng = np.random.default_rng(seed)
    rows, values = [], []
    for arm in ARMS:
        for cage in range(1, cages + 1):
            shared = rng.normal(0, 3)
            for i in range(mice * len(genotypes)):
                genotype = genotypes[i % len(genotypes)]
                name = f"{arm}-{cage}-{i}"
                rows.append(
                    {"mouse": name, "arm": arm, "cage": f"{cage}", "genotype": genotype, "batch": f"b{cage % 2}"}
                )
                own = 200 + shared + rng.normal(0, 4)
                for day in (60, 80, 100):
                    effect = push[arm] * (day > 60) * (1.0 if genotype == "SOD1" else 0.0)
                    values.append({"mouse": name, "day": day, "rotarod": round(own + effect + rng.normal(0, 3), 1)})
                    values[-1]["score"] = round(10 - effect / 10 + rng.normal(0, 1) + shared / 5, 2)
    return pd.DataFrame(rows), pd.DataFrame(values)


def ask(
    kind="screen", keys="baseline = 60", primary='["rotarod"]', case=None, mice=None, values=None, more="",
    ceiling=None, **tables
):  # fmt: skip
    if mice is None:
        mice, values = made()
    case = case or '["good", "bad", "same"]'
    text = BASE.format(primary=primary, case=case, kind=kind, keys=keys) + more
    if ceiling:
        text = text.replace("margin = 20", f"margin = 20\nceiling = {ceiling}")
    loaded = animals(text, mice, phenotypes=values, **tables)
    question = loaded.declared.questions["ask"]
    return loaded, question, QUESTIONS[kind].outcomes(loaded, question)


def pick(answer, **wanted):
    rows = answer.estimates
    for column, value in wanted.items():
        rows = rows[rows[column] == value]
    return rows


def test_each_arm_gets_the_verdict_that_was_planted():
    _, _, answer = ask()
    rows = pick(answer, model="verdict", measure="rotarod").set_index("term")
    assert [note.partition(":")[0] for note in rows.loc[["good", "bad", "same"], "note"]] == [
        "helps",
        "harms",
        "equivalent",
    ]
    assert rows.loc["good", "effect"] == pytest.approx(30, abs=6)
    assert set(rows["family"]) == {"3 arms × 1 primary outcome"}
    # 4 cages in each of 4 arms and one column for the baseline.
    assert set(rows["df"]) == {16 - 4 - 1}
    overall = pick(answer, model="verdict, overall").set_index("term")["note"]
    assert overall["good"].startswith("helps: helps in rotarod")


def test_lower_is_better_turns_the_verdict():
    _, _, answer = ask(primary='["score"]')
    rows = pick(answer, model="verdict", measure="score").set_index("term")
    assert rows.loc["good", "effect"] < 0
    assert rows.loc["good", "note"].startswith("helps: no margin is declared")
    assert rows.loc["same", "note"].startswith("inconclusive")
    apart = pick(answer, model="verdict", measure="rotarod")
    assert set(apart["family"]) == {"3 arms, rotarod (not primary)"}


def test_without_primary_all_outcomes_share_the_family():
    _, _, answer = ask(primary='["unknown"]')
    assert set(pick(answer, model="verdict")["family"]) == {"3 arms × 2 primary outcomes"}
    one = pick(ask()[2], model="verdict", measure="rotarod", term="good").iloc[0]
    two = pick(answer, model="verdict", measure="rotarod", term="good").iloc[0]
    assert two["high"] - two["low"] > one["high"] - one["low"]


def test_one_cage_keeps_its_effect_and_is_inconclusive():
    mice, values = made()
    gone = mice["mouse"][(mice["arm"] == "good") & (mice["cage"] != "1")]
    mice, values = mice[~mice["mouse"].isin(gone)], values[~values["mouse"].isin(gone)]
    _, _, answer = ask(mice=mice, values=values)
    row = pick(answer, model="verdict", measure="rotarod", term="good").iloc[0]
    assert row["status"] == "one_cage"
    assert row["effect"] == pytest.approx(30, abs=8)
    assert pd.isna(row["p"])
    assert pd.isna(row["low"])
    assert row["note"].startswith("inconclusive: not tested (units: 1 of the arm and 4 of the control)")
    assert "only 1 cage in good" in row["note"]


def test_ranks_have_the_planted_order_and_honest_intervals():
    _, _, answer = ask()
    rows = pick(answer, model="rank", measure="rotarod").set_index("term")
    assert rows.loc[["good", "same", "bad"], "effect"].tolist() == [1, 2, 3]
    noise = made(push=dict.fromkeys(ARMS, 0.0))
    _, _, answer = ask(mice=noise[0], values=noise[1])
    rows = pick(answer, model="rank", measure="rotarod")
    assert (rows["low"] == 1).all()
    assert (rows["high"] == 3).all()


def test_depletion_is_told_by_genotype_with_the_interaction_inside_cages():
    mice, values = made(genotypes=("SOD1", "WT"))
    more = '[variables.genotype]\nreference = "WT"\n'
    keys = 'baseline = 60\nby = "genotype"'
    _, _, answer = ask("depletion", keys, case='"bad"', mice=mice, values=values, more=more)
    rows = pick(answer, model="verdict", measure="rotarod").set_index("term")
    assert rows.index.tolist() == ["WT: bad", "SOD1: bad"]
    assert rows.loc["WT: bad", "note"].startswith("equivalent")
    assert rows.loc["SOD1: bad", "note"].startswith("harms")
    crossed = pick(answer, model="interaction", measure="rotarod").iloc[0]
    assert crossed["term"] == "SOD1 against WT: bad"
    assert crossed["effect"] == pytest.approx(-30, abs=8)
    # Eight cages hold both genotypes: their differences, 8 − 2 degrees of freedom.
    assert crossed["df"] == 6
    assert "differences within units" in crossed["note"]


def test_rescue_has_a_trend_with_dose():
    mice, values = made(push={"vehicle": 0, "same": 10, "good": 20, "bad": 30})
    mice["dose"] = mice["arm"].map({"vehicle": 0.0, "same": 1.0, "good": 2.0, "bad": 3.0})
    _, _, answer = ask("rescue", 'baseline = 60\ndose = "dose"', mice=mice, values=values)
    row = pick(answer, model="dose trend", measure="rotarod").iloc[0]
    assert row["effect"] == pytest.approx(10, abs=3)
    assert row["unit"] == "s per unit of dose"
    assert row["n_blocks"] == 16
    assert "dose 3" in pick(answer, model="verdict", measure="rotarod", term="bad").iloc[0]["note"]


def test_concurrent_controls_are_compared_within_batches_and_a_lonely_batch_has_no_estimate():
    mice, values = made()
    values = values.merge(mice[["mouse", "batch", "arm"]])
    values["rotarod"] += np.where(values["batch"] == "b1", 40.0, 0.0)
    alone = (mice["arm"] == "same") & (mice["batch"] == "b0")
    mice, values = mice[~alone], values[~values["mouse"].isin(mice["mouse"][alone])].drop(columns=["batch", "arm"])
    naive = pick(ask(keys="", mice=mice, values=values)[2], model="verdict", measure="rotarod", term="same").iloc[0]
    fair = pick(ask(keys='concurrent = "batch"', mice=mice, values=values)[2], model="verdict", measure="rotarod")
    row = fair.set_index("term").loc["same"]
    assert naive["effect"] > 12
    assert abs(row["effect"]) < 12
    assert "compared within batch; 6 controls in its own" in row["note"]


def test_survival_counts_as_an_outcome_with_its_own_margin():
    mice, _values = made()
    rng = np.random.default_rng(1)
    days = [130 + PUSH[arm] + rng.normal(0, 5) for arm in mice["arm"]]
    events = pd.DataFrame({"mouse": mice["mouse"], "event": "death", "day": np.round(days, 1)})
    more = "[events.death]\nmargin = 15\n"
    _, _, answer = ask(primary='["survival"]', events=events, more=more)
    rows = pick(answer, model="verdict", measure="death").set_index("term")
    # Everybody died: the restricted mean is the mean.
    mean = events.merge(mice).groupby("arm")["day"].mean()
    assert rows.loc["good", "effect"] == pytest.approx(mean["good"] - mean["vehicle"], abs=1e-6)
    assert [note.partition(":")[0] for note in rows.loc[["good", "bad", "same"], "note"]] == [
        "helps",
        "harms",
        "equivalent",
    ]
    assert pick(answer, model="verdict, overall")["note"].str.contains("in death").all()


def test_an_outcome_that_cannot_be_had_is_a_row_and_the_others_go_on():
    mice, values = made()
    values["score"] = np.nan
    _, _, answer = ask(mice=mice, values=values)
    rows = pick(answer, model="verdict", measure="score")
    assert set(rows["status"]) == {"not_measured"}
    assert rows["note"].str.contains("no value").all()
    assert set(pick(answer, model="verdict", measure="rotarod")["status"]) == {"ok"}
    values["rotarod"] = np.nan
    with pytest.raises(DesignError, match="no value"):
        ask(mice=mice, values=values)


def test_dead_animals_are_said_and_do_not_look_better():
    mice, values = made(push=dict.fromkeys(ARMS, 0.0))
    values["rotarod"] -= values["day"]  # all decline
    early = mice["mouse"][(mice["arm"] == "good") & (mice["cage"].isin(["1", "2"]))]
    values = values[~(values["mouse"].isin(early) & (values["day"] == 100))]
    _, _, answer = ask(mice=mice, values=values)
    row = pick(answer, model="verdict", measure="rotarod", term="good").iloc[0]
    assert abs(row["effect"]) < 6
    assert "6 animals not measured to the last time" in row["note"]
    assert "not missing at random" in row["note"]


def community(values: np.ndarray, mice: pd.DataFrame, kind="screen", keys="", more="", samples=None, case=None):
    text = BASE.format(primary='["unknown"]', case=case or '["good", "bad", "same"]', kind=kind, keys=keys) + more
    text = text.replace('[measures.rotarod]\nbetter = "higher"\nunit = "s"\nmargin = 20\n', "")
    text = text.replace('[measures.score]\nbetter = "lower"\n', "")
    loaded = animals(text, mice, counts=values, samples=samples)
    question = loaded.declared.questions["ask"]
    return QUESTIONS[kind].answer(loaded, question, "taxa")


def test_a_strain_is_looked_for_in_its_arm_and_in_the_others():
    mice, _ = made()
    counts = np.full((len(mice), 4), 50.0)
    counts[:, 0] = np.where(mice["arm"] == "good", 30, np.where((mice["arm"] == "bad") & (mice["cage"] == "1"), 5, 0))
    answer = community(counts, mice, keys='strains = { good = "f1" }')
    rows = pick(answer, model="engraftment", feature="f1").set_index("term")
    assert rows.loc["good", "note"].startswith("given in this arm; found in 12 of 12 animals, 0 of 12 vehicle")
    assert rows.loc["good", "effect"] == pytest.approx(30 / 180)
    assert "found in 3 of 12 animals" in rows.loc["bad", "note"]
    assert "it spread, or was there before" in rows.loc["bad", "note"]
    assert "found in 0 of 12" in rows.loc["same", "note"]


def test_depletion_without_load_says_that_shares_are_relative():
    mice, _ = made()
    rng = np.random.default_rng(4)
    counts = rng.poisson(40, (len(mice), 12)).astype(float)
    counts[(mice["arm"] == "bad").to_numpy(), 3:] = 0
    answer = community(counts, mice, "depletion", case='"bad"')
    load = pick(answer, measure="load").iloc[0]
    assert load["status"] == "not_measured"
    assert "whether microbes became fewer is not known" in load["note"]
    richness = pick(answer, measure="richness").iloc[0]
    assert richness["effect"] == pytest.approx(-9, abs=0.2)
    remain = pick(answer, model="remaining", feature="(all)").iloc[0]
    assert (
        remain["note"] == "of 12 taxa that half of vehicle have, 3 are found in bad, 9 are not; 0 are found in bad only"
    )
    kept = pick(answer, model="abundance", feature="f1").iloc[0]
    # A share that rises because the others went: said so, and not measured from the median taxon.
    assert kept["effect"] > 1.5
    assert kept["note"].startswith("relative to the rest")


def test_depletion_with_load_says_how_much_is_left():
    mice, _ = made()
    rng = np.random.default_rng(4)
    counts = rng.poisson(40, (len(mice), 12)).astype(float)
    load = np.where(mice["arm"] == "bad", 1e7, 1e10) * rng.lognormal(0, 0.1, len(mice))
    samples = pd.DataFrame({"sample": "s-" + mice["mouse"], "mouse": mice["mouse"], "day": 0, "copies": load})
    more = '[load.stool]\nkind = "qpcr"\ncolumn = "copies"\n'
    answer = community(counts, mice, "depletion", more=more, samples=samples, case='"bad"')
    row = pick(answer, measure="load").iloc[0]
    assert row["effect"] == pytest.approx(-3, abs=0.1)
    assert row["note"].startswith("the load is 0.")
    kept = pick(answer, model="abundance", feature="f1").iloc[0]
    assert kept["effect"] == pytest.approx(-3 * np.log2(10), abs=0.6)
    assert "relative" not in str(kept["note"])


def test_rescue_adjusts_each_feature_for_itself_before():
    mice, _ = made()
    rng = np.random.default_rng(8)
    own = rng.lognormal(4, 1, (len(mice), 5))
    rise = np.where((mice["arm"] == "good").to_numpy()[:, None] & (np.arange(5) == 0), 4.0, 1.0)
    after = rng.poisson(own * rise * 10) + 1.0
    before = rng.poisson(own * 10) + 1.0
    samples = pd.DataFrame(
        {"sample": [f"s{day}-{name}" for day in (0, 9) for name in mice["mouse"]], "mouse": [*mice["mouse"]] * 2}
    )
    samples["day"] = np.repeat([0, 9], len(mice))
    answer = community(np.vstack([before, after]), mice, "rescue", keys="baseline = 0", samples=samples, case='"good"')
    rows = pick(answer, model="change, adjusted for baseline").set_index("feature")
    assert rows.loc["f1", "q"] < 0.01
    assert rows.loc["f1", "effect"] > 0.5
    assert set(rows["status"]) == {"ok"}
    assert set(rows["df"]) == {8 - 2 - 1}


def test_healthy_animals_that_are_followed_shorter_do_not_end_the_time_of_the_others():
    mice, values = made(genotypes=("SOD1", "WT"))
    rng = np.random.default_rng(1)
    sick = (mice["genotype"] == "SOD1").to_numpy()
    days = 130 - 20 * ((mice["arm"] == "bad").to_numpy() & sick) + rng.normal(0, 5, len(mice))
    events = pd.DataFrame({"mouse": mice["mouse"], "event": "death", "day": np.round(days, 1)})[sick]
    more = '[events.death]\n[variables.genotype]\nreference = "WT"\n'
    _, _, answer = ask("depletion", 'by = "genotype"', case='"bad"', mice=mice, values=values, events=events, more=more)
    rows = pick(answer, model="verdict", measure="death").set_index("term")
    # Healthy mice are alive at their last measurement, day 100: before any death.
    assert rows.loc["WT: bad", "status"] == "constant"
    assert rows.loc["WT: bad", "effect"] == 0
    assert rows.loc["SOD1: bad", "time"] > 110
    assert rows.loc["SOD1: bad", "effect"] == pytest.approx(-20, abs=5)
    assert rows.loc["SOD1: bad", "note"].startswith("harms")


def test_a_primary_outcome_that_cannot_be_had_is_told_and_keeps_its_place():
    mice, values = made()
    both = {"primary": '["rotarod", "score"]', "mice": mice, "ceiling": 999}
    whole = ask(values=values, **both)[2]
    answer = ask(values=values.assign(rotarod=values["rotarod"].where(values.index != 4, 1000.0)), **both)[2]
    (refused,) = answer.refused
    assert (refused.name, refused.primary, "ceiling" in refused.error.what) == ("rotarod", True, True)
    rows = pick(answer, model="verdict", measure="rotarod")
    assert set(rows["status"]) == {"not_measured"}
    assert rows["note"].str.startswith("inconclusive: ").all()
    assert pick(answer, model="verdict, overall")["note"].str.contains("inconclusive in rotarod").all()
    ours, theirs = (pick(one, model="verdict", measure="score") for one in (answer, whole))
    assert set(ours["family"]) == {"3 arms × 2 primary outcomes"}
    np.testing.assert_array_equal(ours["low"], theirs["low"])
