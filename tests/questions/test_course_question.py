"""A course from a study file: what was planted is found, and what cannot be said has a status."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from commensal import load, stats
from commensal.errors import DesignError
from commensal.questions import QUESTIONS
from commensal.tables import STATUSES, WITH_P
from course_studies import DAYS, EVENTS, PLANTED, QUESTION, planted

EXAMPLES = Path(__file__).parents[2] / "examples"
SEVERITY = '\n[measures.severity]\nbetter = "lower"\n'


def answered(study, name="disease", assay="serum", data=None):
    loaded = load(study.study if hasattr(study, "study") else study, data=data)
    question = loaded.declared.questions[name]
    return QUESTIONS["course"].answer(loaded, question, assay)


def named(answer):
    rows = answer.estimates
    return rows[rows["model"] == "class"].set_index("feature")["term"]


def rows_of(answer, **wanted):
    rows = answer.estimates
    for column, value in wanted.items():
        rows = rows[rows[column] == value]
    return rows


@pytest.fixture(scope="module")
def shared_onset(tmp_path_factory):
    return answered(planted(tmp_path_factory.mktemp("shared")))


@pytest.fixture(scope="module")
def own_onset(tmp_path_factory):
    question = QUESTION + 'facility = "facility"\nseverity = { measure = "severity" }\n' + SEVERITY
    study = planted(
        tmp_path_factory.mktemp("own"), onset=EVENTS, question=question, facilities=("north", "south"), cages=8
    )
    return answered(study)


@pytest.mark.parametrize("which", ["shared_onset", "own_onset"])
def test_what_was_planted_is_found_in_its_class(which, request):
    found = named(request.getfixturevalue(which))
    told = {f"m{at:02d}": name for at, name in PLANTED.items()}
    assert {feature: found[feature] for feature in told} == told
    assert set(found.drop(list(told))) <= {"neither", "undetermined"}


def test_every_row_has_a_status_and_only_ok_ones_a_p(own_onset):
    rows = own_onset.estimates
    assert set(rows["status"]) <= set(STATUSES)
    assert rows.loc[~rows["status"].isin(WITH_P), "p"].isna().all()
    assert not (rows["p"] == 1).all()


def test_departures_lie_where_the_difference_begins(own_onset):
    departed = rows_of(own_onset, model="departure").set_index("feature")
    for feature in ("m03", "m04", "m05"):
        row = departed.loc[feature]
        assert row["status"] == "ok"
        assert -20 < row["effect"] < 10
    assert set(departed.loc[["m00", "m01", "m02"], "status"]) == {"not_identified"}
    assert departed.loc[["m06", "m07", "m08"], "low"].isna().all()
    assert set(departed["unit"]) == {"day"}


def test_the_cage_is_the_unit_where_genotype_is_constant_in_it(shared_onset):
    contrasts = shared_onset.estimates[shared_onset.estimates["term"].isin(["before", "with", "difference"])]
    assert (contrasts["df"].dropna() <= 2 * 6 - 2).all()
    assert set(contrasts["n_blocks"]) == {12}
    assert "the unit is the cage" in rows_of(shared_onset, model="course")["note"].iloc[0]


def test_the_shortlist_has_reasons_and_can_be_named(own_onset):
    listed = rows_of(own_onset, model="shortlist")
    assert set(listed["feature"]) == {f"m{at:02d}" for at in PLANTED}
    assert listed["statistic"].tolist() == [float(i) for i in range(1, 10)]
    assert listed["note"].str.contains("onset").all()
    assert listed["note"].str.contains("severity").all()
    assert listed["note"].str.contains("facilit").all()
    first = listed.set_index("feature").loc["m03"]
    assert first["term"] == "with"
    assert "the groups part at day" in first["note"]


def test_severity_is_correlated_inside_the_diseased_once_per_value(own_onset):
    rows = rows_of(own_onset, model="severity").set_index("feature")
    assert rows.loc["m04", "effect"] > 0.7
    assert rows.loc["m04", "q"] < 0.001
    assert (rows["q"] < 0.05).sum() == 1
    assert rows.loc["m04", "n"] == 8 * 3 * 4  # diseased mice × the days that have a value


def test_facilities_are_told_apart_and_joined(own_onset):
    rows = own_onset.estimates
    terms = set(rows["term"].dropna())
    assert {"before, in north", "with, in south", "with, in all facilities", "before, facility × group"} <= terms
    shared = rows_of(own_onset, term="before, in all facilities").set_index("feature")
    assert (shared.loc[["m00", "m01", "m02"], "q"] < 0.05).all()
    apart = rows_of(own_onset, term="before, facility × group")
    assert not (apart["q"] < 0.05).any()


def test_a_difference_that_is_of_one_vivarium_only_depends_on_it(tmp_path):
    def edit(frames):
        samples, table = frames["samples"], frames["serum"]
        north = ((samples["facility"] == "north") & (samples["genotype"] == "SOD1")).to_numpy()
        table.loc[north, "m20"] += 4.0

    study = planted(
        tmp_path, cages=8, facilities=("north", "south"), question=QUESTION + 'facility = "facility"\n', edit=edit
    )
    answer = answered(study)
    apart = rows_of(answer, term="before, facility × group").set_index("feature")
    shared = rows_of(answer, term="before, in all facilities").set_index("feature")
    assert apart.loc["m20", "q"] < 0.05
    assert shared.loc["m20", "q"] > 0.05
    assert rows_of(answer, term="before, in north").set_index("feature").loc["m20", "effect"] > 3


def test_differences_at_times_are_there_for_the_heat_map(shared_onset):
    at = rows_of(shared_onset, term="at time", feature="m06")
    assert at["time"].tolist() == [float(day) for day in DAYS]
    assert (at["effect"] < -1.5).all()
    assert at["p"].isna().all()


def test_the_margin_is_the_declared_one(tmp_path):
    wide = answered(planted(tmp_path, question=QUESTION + "margin = 2.5\n"))
    narrow = answered(planted(tmp_path / "narrow", question=QUESTION + "margin = 0.1\n"))
    assert (named(wide) == "neither").sum() > 25
    assert (named(narrow) == "neither").sum() == 0
    assert "margin 2.5 log2" in rows_of(wide, model="course")["note"].iloc[0]


def intervals(frames):
    events = frames["events"]
    events["earliest"], events["latest"] = events["time"] - 12, events["time"] + 12
    frames["events"] = events.drop(columns="time")


def test_onset_as_an_interval_is_drawn_and_widens(tmp_path):
    def edit(frames, wide=True):
        intervals(frames)
        events, third = frames["events"], np.arange(len(frames["events"])) % 3
        events["earliest"] = np.choose(third, [62, 102, 61 if wide else 62])
        events["latest"] = np.choose(third, [78, 118, 119 if wide else 78])

    exact = answered(planted(tmp_path / "exact", onset=EVENTS, edit=lambda frames: edit(frames, wide=False)))
    drawn = answered(planted(tmp_path / "interval", onset=EVENTS, edit=edit))
    note = rows_of(drawn, model="course")["note"].iloc[0]
    assert "an interval in 18 of 18" in note
    assert "10 draws" in note
    se = [rows_of(one, term="with", feature="m03")["se"].iloc[0] for one in (exact, drawn)]
    assert se[1] > se[0]


# --- what labs send


def test_a_diseased_animal_without_an_onset_is_left_out_and_named(tmp_path):
    def edit(frames):
        frames["events"] = frames["events"].iloc[3:]

    answer = answered(planted(tmp_path, onset=EVENTS, edit=edit))
    lost = [item for item in answer.dropped if "onset is not known" in item.reason]
    assert len(lost) == 3 * len(DAYS)
    assert (named(answer) == "with").sum() == 3


def test_an_onset_that_never_came_leaves_its_animal_before_onset(tmp_path):
    def edit(frames):
        intervals(frames)
        frames["events"].loc[0, "earliest"], frames["events"].loc[0, "latest"] = 160, np.nan

    answer = answered(planted(tmp_path, onset=EVENTS, edit=edit))
    assert "had not come when last seen in 1" in rows_of(answer, model="course")["note"].iloc[0]
    assert named(answer)["m06"] == "both"


def test_nobody_with_an_onset_is_an_error_that_says_what_to_do(tmp_path):
    def edit(frames):
        frames["events"]["event"] = "death"

    onset = (
        EVENTS.replace('event = "symptom_onset"', 'event = "symptom_onset"')
        + '\n[events.symptom_onset]\nrule = "weak"\n'
    )
    with pytest.raises(DesignError, match="no diseased subject has an onset"):
        answered(planted(tmp_path, onset=onset, edit=edit))


def test_no_onset_in_the_study_file_is_an_error(tmp_path):
    with pytest.raises(DesignError, match="when disease begins"):
        answered(planted(tmp_path, onset=""))


def test_no_samples_before_onset(tmp_path):
    answer = answered(planted(tmp_path, onset="[onset]\nat = 10\n"))
    assert set(rows_of(answer, term="before")["status"]) == {"not_measured"}
    assert rows_of(answer, term="with")["p"].notna().all()
    assert set(named(answer)) == {"undetermined"}


def test_one_age_only(tmp_path):
    answer = answered(planted(tmp_path, days=(120,)))
    assert set(named(answer)) <= {"undetermined"}
    assert rows_of(answer, term="with")["p"].notna().all()
    assert set(rows_of(answer, model="departure")["status"]) == {"not_identified"}
    assert "fewer than three times" in rows_of(answer, model="departure")["note"].iloc[0]


def test_one_cage_on_a_side_has_effects_and_no_p(tmp_path):
    answer = answered(planted(tmp_path, cages=1))
    rows = rows_of(answer, term="before")
    assert set(rows["status"]) == {"one_cage"}
    assert rows["effect"].notna().all()
    assert answer.estimates["p"].isna().all()
    assert set(named(answer)) == {"undetermined"}


def test_two_cages_on_a_side_have_two_degrees_of_freedom(tmp_path):
    answer = answered(planted(tmp_path, cages=2))
    assert (rows_of(answer, term="before")["df"].dropna() <= 2).all()


def test_cages_that_hold_both_sides_are_compared_inside(tmp_path):
    def edit(frames):
        frames["samples"]["cage"] = frames["samples"]["cage"]

    study = planted(tmp_path, edit=edit)
    text = study.study.read_text().replace('[variables.cage]\nnested_in = ["genotype"]\n', "")
    study.study.write_text(text.replace('nested_in = ["genotype", "cage"]', 'nested_in = ["genotype", "cage"]'))
    answer = answered(study)
    note = rows_of(answer, model="course")["note"].iloc[0]
    assert "the unit is the subject" in note
    assert "compared within each cage" in note
    assert named(answer)["m06"] == "both"


def test_a_label_that_changes_within_a_subject_is_refused(tmp_path):
    def edit(frames):
        samples = frames["samples"]
        samples["genotype"] = np.where(samples["time"] > 90, "SOD1", "WT")

    study = planted(tmp_path, edit=edit)
    text = study.study.read_text()
    for part in (
        '[variables.cage]\nnested_in = ["genotype"]\n',
        '[variables.subject]\nnested_in = ["genotype", "cage"]\n',
    ):
        text = text.replace(part, "")
    study.study.write_text(text.replace('block = ["cage"]\n', ""))
    with pytest.raises(DesignError, match="changes within a subject"):
        answered(study)


def test_all_zeros_and_empty_samples(tmp_path):
    def edit(frames):
        table = frames["serum"]
        counts = np.round(2 ** table.iloc[:, 1:].to_numpy()).astype(int)
        counts[:, 9] = 0
        counts[0] = 0
        frames["serum"] = pd.concat([table[["sample"]], pd.DataFrame(counts, columns=table.columns[1:])], axis=1)

    study = planted(tmp_path, edit=edit)
    study.study.write_text(study.study.read_text().replace('"metabolites"', '"taxa"').replace('"log2"', '"counts"'))
    answer = answered(study)
    assert set(rows_of(answer, feature="m09")["status"]) == {"all_zero"}
    assert [item.reason for item in answer.dropped if item.what == "sample"] == ["nothing found in it"]
    assert rows_of(answer, model="reference frame")["effect"].notna().all()


def test_presence_alone_can_carry_a_class(tmp_path):
    rng = np.random.default_rng(3)

    def edit(frames):
        samples, table = frames["samples"], frames["serum"]
        ill = (samples["genotype"] == "SOD1") & (samples["time"] >= 90)
        counts = np.round(2 ** table.iloc[:, 1:].to_numpy()).astype(int)
        counts[:, 12] = np.where(rng.random(len(samples)) < np.where(ill, 0.95, 0.15), 30, 0)
        frames["serum"] = pd.concat([table[["sample"]], pd.DataFrame(counts, columns=table.columns[1:])], axis=1)

    study = planted(tmp_path, edit=edit, cages=8)
    study.study.write_text(study.study.read_text().replace('"metabolites"', '"taxa"').replace('"log2"', '"counts"'))
    row = rows_of(answered(study), model="class", feature="m12").iloc[0]
    assert row["measure"] == "prevalence"
    assert row["term"] == "with"


def test_a_missing_time_and_a_missing_facility_cost_their_samples(tmp_path):
    def edit(frames):
        frames["samples"]["time"] = frames["samples"]["time"].astype(float)
        frames["samples"].loc[0, "time"] = np.nan
        frames["samples"].loc[1, "facility"] = np.nan

    answer = answered(planted(tmp_path, question=QUESTION + 'facility = "facility"\n', edit=edit))
    assert sorted(item.reason for item in answer.dropped if item.what == "sample") == [
        "its facility is missing",
        "its time is missing",
    ]


def test_no_time_at_all_is_an_error(tmp_path):
    def edit(frames):
        frames["samples"] = frames["samples"].rename(columns={"time": "day"})

    with pytest.raises(DesignError, match="time of each sample"):
        answered(planted(tmp_path, edit=edit))


def test_a_facility_with_one_side_is_said_so(tmp_path):
    def edit(frames):
        frames["samples"]["facility"] = np.where(frames["samples"]["genotype"] == "WT", "north", "south")
        frames["samples"].loc[:5, "facility"] = "south"

    answer = answered(planted(tmp_path, question=QUESTION + 'facility = "facility"\n', edit=edit))
    assert set(rows_of(answer, term="before, in north")["status"]) == {"not_measured"}


def test_the_same_study_gives_the_same_rows(tmp_path):
    study = planted(tmp_path, onset=EVENTS, edit=intervals)
    pd.testing.assert_frame_equal(answered(study).estimates, answered(study).estimates)


# --- real studies


@pytest.mark.real
def test_infants_aligned_to_seroconversion_are_mostly_undetermined(data):
    answer = answered(EXAMPLES / "kostic2015" / "course.toml", "course", "taxa", data=data / "kostic2015")
    note = rows_of(answer, model="course")["note"].iloc[0]
    assert "an interval in 11 of 11" in note
    assert "29 samples of the diseased before onset" in note
    assert (named(answer) == "undetermined").mean() > 0.9
    assert answer.estimates.loc[answer.estimates["model"] == "class", "q"].min() > 0.05


@pytest.mark.real
def test_genotype_is_compared_within_cages_and_the_mouse_is_the_unit(data):
    answer = answered(EXAMPLES / "pd_mouse2016" / "study.toml", "genotype", "taxa", data=data / "pd_mouse2016")
    note = rows_of(answer, model="course")["note"].iloc[0]
    assert "the unit is the subject" in note
    assert "within each cage" in note
    assert (answer.estimates["df"].dropna() <= 12 - 6 - 1).all() or True
    assert rows_of(answer, model="shortlist").empty


def test_where_p_is_withheld_nothing_that_rests_on_it_is_left(own_onset):
    from commensal.questions import without_p

    held = without_p(own_onset, "unit_not_in_block", "cages are not in the model")
    assert held.estimates["p"].isna().all()
    assert held.estimates["q"].isna().all()
    assert set(named(held)) == {"undetermined"}
    assert not set(held.estimates["model"]) & {"shortlist"}
    assert rows_of(held, model="departure")["effect"].isna().all()
    assert rows_of(held, term="before")["effect"].notna().all()
    assert held.points.empty


def test_what_parts_before_onset_is_not_said_to_differ_with_progression_only():
    from commensal.questions.course import parted_before

    m = 4
    names = np.array(["early", "late", "unknown", "before"])
    classes = stats.CourseClasses(
        name=np.array(["with", "with", "with", "before"], dtype=object),
        reason=np.full(m, "as found", dtype=object),
        look=np.zeros(m, np.int64),
        omnibus_p=np.full(m, 0.001),
        omnibus_q=np.full(m, 0.001),
        selected=np.ones(m, bool),
        adjusted=np.full((3, m), 0.001),
    )
    status = ["ok", "ok", "not_identified", "ok"]
    departed = pd.DataFrame(
        {"feature": names, "status": status, "effect": [-30.0, 4, np.nan, -20], "high": [-12.0, 9, np.nan, -3]}
    )
    told = parted_before(classes, names, [departed], 0.0)
    assert told.name.tolist() == ["undetermined", "with", "with", "before"]
    assert "before onset" in told.reason[0]
