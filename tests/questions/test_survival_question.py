"""Events of arms as rows and points: units, several arms, levels, what competes, and data that cannot answer."""

import numpy as np
import pandas as pd
import pytest
from tests.questions.animals import animals

from commensal import stats
from commensal.errors import DesignError
from commensal.questions.arms import arms
from commensal.questions.function_survival import function_and_survival
from commensal.questions.survival import survival

TEXT = """
[contrasts.arms]
column = "arm"
case = {case}
control = "water"
{nested}
[variables.genotype]
reference = "WT"
[questions.asked]
kind = "screen"
contrast = "arms"
permutations = 999
{keys}
[events.death]
rule = "cannot right itself within 30 s"
competing = ["found_dead"]
[events.found_dead]
"""
NESTED = '[variables.cage]\nnested_in = ["arm"]'
CAGED = 'block = ["cage"]'


def mice(n=12, names=("water", "A", "B"), cages=3):
    size = n * len(names)
    return pd.DataFrame(
        {
            "mouse": [f"m{i}" for i in range(size)],
            "arm": np.repeat(names, n),
            "cage": np.tile(np.sort(np.arange(n) % cages), len(names)).astype(str),
            "genotype": np.tile(["SOD1", "WT"], size // 2),
        }
    )


def deaths(frame, seed=1, longer=None):
    rng = np.random.default_rng(seed)
    day = np.round(100 + 30 * rng.standard_normal(len(frame)))
    for arm, more in (longer or {}).items():
        day = day + np.where(frame["arm"] == arm, more, 0)
    late = day >= 140
    return pd.DataFrame(
        {"mouse": frame["mouse"], "day": np.minimum(day, 140), "event": np.where(late, "censored", "death")}
    )


def answer(frame, events, case='["A", "B"]', keys=CAGED, nested=NESTED, event="death"):
    loaded = animals(TEXT.format(case=case, keys=keys, nested=nested), frame, events=events)
    question = loaded.declared.questions["asked"]
    return survival(loaded, question, arms(loaded, question), loaded.declared.events[event])


def rows(found, model, term=None):
    own = found.estimates[found.estimates["model"] == model]
    return own if term is None else own[own["term"] == term].iloc[0]


def test_rows_are_what_stats_say_of_whole_cages():
    frame = mice()
    events = deaths(frame, longer={"A": 20})
    found = answer(frame, events)
    time, event = events["day"].to_numpy(float), (events["event"] == "death").to_numpy()
    cage = (frame["arm"] + frame["cage"]).to_numpy()
    fit = stats.log_rank_many_to_one(time, event, frame["arm"], "water", cage=cage, n=999)
    np.testing.assert_allclose(rows(found, "log_rank")["p"], fit.p)
    np.testing.assert_allclose(rows(found, "log_rank_familywise")["p"], fit.p_closed)
    assert rows(found, "any_arm")["p"].iloc[0] == pytest.approx(fit.p_max.min())
    pair = frame["arm"].isin(["water", "A"]).to_numpy()
    one = rows(found, "rmst", "A")
    mean = stats.rmst_difference(
        time[pair], event[pair], frame["arm"][pair], one["time"], control="water", cage=cage[pair]
    )
    assert (one["effect"], one["p"]) == (pytest.approx(mean.effect), pytest.approx(mean.p))
    hazard = rows(found, "cox", "A")
    assert hazard["df"] == 4
    assert hazard["status"] == "ok"
    assert "smallest p 0.1" in rows(found, "log_rank", "A")["note"]
    assert found.estimates["note"].str.contains("end-point: cannot right itself within 30 s").all()
    assert set(found.estimates["measure"]) == {"death"}
    assert (rows(found, "log_rank")["n_blocks"] == 6).all()


def test_joint_intervals_are_wider_and_familywise_p_no_smaller():
    found = answer(mice(), deaths(mice(), seed=2))
    one, joint = rows(found, "rmst").set_index("term"), rows(found, "rmst_familywise").set_index("term")
    assert (joint["p"] >= one["p"]).all()
    assert (joint["high"] - joint["low"] > one["high"] - one["low"]).all()
    single, family = rows(found, "log_rank").set_index("term"), rows(found, "log_rank_familywise").set_index("term")
    assert (family["p"] >= single["p"]).all()


def test_every_curve_is_a_set_of_points_that_say_how_many_are_at_risk():
    frame = mice()
    found = answer(frame, deaths(frame)).points
    curve = found[found["figure"] == "survival"]
    for arm, own in curve.groupby("group"):
        assert own["y"].iloc[0] == 1
        assert own["x"].iloc[0] == 0
        assert own["n"].iloc[0] == 12
        assert own["y"].is_monotonic_decreasing
        inside = own.dropna(subset=["low"])
        assert ((inside["low"] <= inside["y"]) & (inside["y"] <= inside["high"])).all()
        assert set(own["side"]) == {"control" if arm == "water" else "case"}
    risk = found[found["figure"] == "at_risk"]
    assert (risk[risk["x"] == 0]["n"] == 12).all()
    assert list(dict.fromkeys(curve["group"])) == ["water", "A", "B"]


def test_levels_have_rows_of_their_own_and_are_compared():
    frame = mice(names=("water", "A"))
    found = answer(frame, deaths(frame), case='"A"', keys=CAGED + '\nby = "genotype"')
    assert set(rows(found, "log_rank")["term"]) == {"WT: A", "SOD1: A"}
    means = rows(found, "rmst").set_index("term")["effect"]
    assert means["SOD1 against WT: A"] == pytest.approx(means["SOD1: A"] - means["WT: A"])


def test_competing_events_have_incidences_and_end_follow_up():
    frame = mice()
    events = deaths(frame)
    events.loc[[1, 14, 15, 26], "event"] = "found_dead"
    found = answer(frame, events)
    shares = rows(found, "cumulative_incidence")
    assert set(shares["feature"]) == {"death", "found_dead"}
    assert {"incidence", "survival"} <= set(found.points["figure"])
    assert rows(found, "log_rank", "A")["note"].endswith("follow-up also ends with found_dead")
    assert len(rows(found, "subdistribution")) == 2
    total = found.points[(found.points["figure"] == "incidence") & (found.points["group"] == "A")]
    assert total.groupby("feature")["y"].max().sum() <= 1 + 1e-9


def test_an_event_known_as_an_interval_is_tested_as_one():
    frame = mice()
    events = deaths(frame)
    seen = events["event"] == "death"
    found = answer(
        frame,
        pd.DataFrame(
            {
                "mouse": events["mouse"],
                "event": "death",
                "earliest": np.where(seen, events["day"] - 7, events["day"]),
                "latest": np.where(seen, events["day"], np.nan),
            }
        ),
    )
    assert rows(found, "log_rank_interval")["p"].notna().all()
    assert "interval" in set(found.points["figure"])
    assert "Turnbull" in rows(found, "median", "water")["note"]


def test_deaths_before_genotyping_are_late_entries():
    frame = mice()
    found = answer(frame, deaths(frame).assign(entry=np.where(np.arange(36) % 2 == 0, 10, 0)))
    assert rows(found, "log_rank", "A")["note"].endswith(
        "18 under observation from later on (deaths before are not seen)"
    )
    start = found.points[(found.points["figure"] == "survival") & (found.points["x"] == 0)]
    assert (start["n"] == 6).all()


def test_tiny_arms_are_arranged_in_every_way():
    frame = mice(n=8, names=("water", "A")).iloc[[0, 1, 2, 8, 9, 10, 11, 12]]
    found = answer(frame, deaths(frame), case='"A"', keys="")
    assert rows(found, "log_rank", "A")["n_permutations"] == 56
    assert rows(found, "log_rank", "A")["note"].startswith("56 arrangements, all there are")


def test_arms_that_share_cages_are_compared_inside_them():
    frame = mice(names=("water", "A")).assign(cage=np.tile(np.arange(12) % 4, 2).astype(str))
    found = answer(frame, deaths(frame), case='"A"', nested="")
    assert "within blocks" in rows(found, "log_rank", "A")["test"]
    assert rows(found, "rmst", "A")["df"] == pytest.approx(3)
    assert np.isnan(rows(found, "cox", "A")["df"])


@pytest.mark.parametrize(
    ("frame", "events", "statuses"),
    [
        (mice(), deaths(mice()).assign(event="censored"), {"log_rank": "no_events", "cox": "no_events"}),
        (mice(cages=1), deaths(mice()), {"log_rank": "one_cage", "cox": "one_cage", "rmst": "one_cage"}),
        (
            mice().drop(index=range(13, 24)),
            deaths(mice()).drop(index=range(13, 24)),
            {"log_rank": "one_cage", "proportional_hazards": "one_cage", "rmst": "one_cage"},
        ),
    ],
    ids=["all censored", "one cage in each arm", "an arm of one animal"],
)
def test_what_cannot_be_told_has_its_reason_and_no_p(frame, events, statuses):
    found = answer(frame, events)
    for model, status in statuses.items():
        row = rows(found, model, "A")
        assert row["status"] == status, model
        assert np.isnan(row["p"])


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"day": -1}, "a negative time"),
        ({"entry": 500}, "an event before entry|follow-up that ends before entry"),
    ],
)
def test_faulty_times_are_refused(change, found):
    with pytest.raises(DesignError, match=found):
        answer(mice(), deaths(mice()).assign(**change))


def test_who_is_not_followed_is_named():
    frame = mice()
    found = answer(frame, deaths(frame).iloc[1:])
    assert [one.name for one in found.dropped] == ["m0"]
    assert rows(found, "log_rank", "A")["n_control"] == 11


def test_function_and_survival_take_death_first_and_the_measure_second():
    frame = mice(names=("water", "A"))
    events = deaths(frame, longer={"A": 25})
    end = dict(zip(events["mouse"], events["day"], strict=True))
    rng = np.random.default_rng(3)
    values = pd.DataFrame(
        [(m, d, round(300 - d + rng.normal(), 2)) for m in frame["mouse"] for d in (20.0, 60.0, 120.0) if d <= end[m]],
        columns=["mouse", "day", "rotarod"],
    )
    text = TEXT.format(case='"A"', keys=CAGED, nested=NESTED) + '[measures.rotarod]\nbetter = "higher"\n'
    loaded = animals(text, frame, events=events, phenotypes=values)
    question = loaded.declared.questions["asked"]
    found = function_and_survival(
        loaded, question, arms(loaded, question), loaded.declared.events["death"], loaded.declared.measures["rotarod"]
    )
    assert set(found.estimates["measure"]) == {"death + rotarod"}
    last = values.sort_values("day").groupby("mouse").agg(["first", "last", "size"])
    change = np.full(len(frame), np.nan)
    for i, mouse in enumerate(frame["mouse"]):
        if mouse in last.index and last.loc[mouse, ("day", "size")] > 1:
            one = last.loc[mouse]
            change[i] = (one[("rotarod", "last")] - one[("rotarod", "first")]) / (
                one[("day", "last")] - one[("day", "first")]
            )
    fit = stats.win_ratio(
        events["day"], (events["event"] == "death").astype(int), frame["arm"], change=change, control="water",
        cage=(frame["arm"] + frame["cage"]).to_numpy(), n=999,
    )  # fmt: skip
    assert rows(found, "net_benefit", "A")["effect"] == pytest.approx(fit.net_benefit)
    assert rows(found, "net_benefit", "A")["p"] == pytest.approx(fit.p)
    assert rows(found, "cafs", "A")["effect"] > 0
