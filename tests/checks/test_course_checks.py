"""The linter on courses: onsets that are not said, not known, or leave nothing on one side."""

from __future__ import annotations

import numpy as np
import pytest

from commensal import check
from course_studies import EVENTS, QUESTION, planted


def codes(study):
    return {finding.code: finding for finding in check(study.study)}


def test_a_sound_course_has_no_error(tmp_path):
    found = check(planted(tmp_path, onset=EVENTS).study)
    assert not [finding.code for finding in found if finding.severity == "error"]


def test_an_onset_that_is_not_said_is_an_error(tmp_path):
    finding = codes(planted(tmp_path, onset=""))["no_onset"]
    assert finding.severity == "error"
    assert "[onset]" in finding.mend


def test_no_time_is_an_error(tmp_path):
    def edit(frames):
        frames["samples"] = frames["samples"].rename(columns={"time": "day"})

    assert codes(planted(tmp_path, edit=edit))["no_time"].severity == "error"


@pytest.mark.parametrize(("at", "code"), [(10, "few_before_onset"), (200, "few_after_onset")])
def test_nothing_on_one_side_of_onset_is_a_warning(tmp_path, at, code):
    finding = codes(planted(tmp_path, onset=f"[onset]\nat = {at}\n"))[code]
    assert finding.severity == "warning"
    assert finding.counts["subjects"] == 0


def test_missing_onsets_and_intervals_are_counted(tmp_path):
    def edit(frames):
        events = frames["events"].iloc[2:].copy()
        events["earliest"], events["latest"] = events["time"] - 15, events["time"] + 15
        frames["events"] = events.drop(columns="time")

    found = codes(planted(tmp_path, onset=EVENTS, edit=edit))
    assert found["onset_missing"].counts["missing"] == 2
    assert found["onset_interval"].counts["intervals"] == 16
    assert found["onset_interval"].counts["inside"] > 0


def test_one_age_is_a_warning(tmp_path):
    assert codes(planted(tmp_path, days=(120,)))["one_age"].severity == "warning"


def test_a_facility_with_one_side_is_a_warning(tmp_path):
    def edit(frames):
        frames["samples"]["facility"] = np.where(frames["samples"]["genotype"] == "WT", "north", "south")

    study = planted(tmp_path, question=QUESTION + 'facility = "facility"\n', edit=edit)
    assert codes(study)["facility_one_sided"].severity == "warning"
    assert "one_facility" in codes(planted(tmp_path / "one", question=QUESTION + 'facility = "facility"\n'))


def test_a_facility_that_is_no_column_is_refused(tmp_path):
    from commensal.errors import StudyFileError

    with pytest.raises(StudyFileError, match="facilty"):
        check(planted(tmp_path, question=QUESTION + 'facility = "facilty"\n').study)
