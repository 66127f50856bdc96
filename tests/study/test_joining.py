"""Tables joined: columns, constants, missing codes, subjects, ids, roles, nesting; and the refusals."""

from __future__ import annotations

import pandas as pd
import pytest

from commensal.errors import StudyFileError, TableError
from commensal.study import Dropped, lookalikes, parse_study, sample_frame, stack

FOUR = """
sample|arm|cage|age
S1|abx|1|60
S2|abx|1|61.5
S3|water|1|NA
S4|water|2|
"""


def refused(call, kind=TableError):
    with pytest.raises(kind) as caught:
        call()
    return caught.value


def test_the_smallest_study_joins(study_of):
    loaded = study_of("", FOUR)
    samples = loaded.samples
    assert list(samples.index) == ["S1", "S2", "S3", "S4"]
    assert list(samples.columns) == ["subject", "specimen", "role", "arm", "cage", "age"]
    assert list(samples["subject"]) == ["S1", "S2", "S3", "S4"]
    assert set(samples["role"]) == {"sample"}
    assert samples["specimen"].isna().all()
    assert samples["age"].dtype == "float64"
    assert samples["age"].isna().tolist() == [False, False, True, True]
    assert samples["arm"].dtype == "string"
    assert loaded.matches["taxa"].matched == ("S1", "S2", "S3", "S4")
    assert loaded.dropped == ()


def test_columns_are_renamed_and_constants_added(study_of, base):
    text = base.replace(
        'file = "samples.tsv"',
        'file = "samples.tsv"\ncolumns = { sample = "Sample ID", arm = "Group", subject = "Sample ID" }\n'
        'constants = { specimen = "stool", batch = 3 }',
    )
    loaded = study_of("", "Sample ID|Group|Depth.x\nS1|abx|9\nS2|water|8", text=text)
    assert list(loaded.samples.columns) == ["subject", "specimen", "role", "arm", "Depth.x", "batch"]
    assert list(loaded.samples["specimen"]) == ["stool", "stool"]
    assert list(loaded.samples["batch"]) == [3.0, 3.0]


@pytest.mark.parametrize(
    ("keys", "where", "parts"),
    [
        ('columns = { sample = "Sampel" }', "columns.sample", ["no column 'Sampel'", "did you mean 'sample'?"]),
        ('columns = { arm = "cage" }', "columns.arm", ["a column 'arm' of its own", "arm_in_file"]),
        ('constants = { age = "9" }', "constants.age", ["'age' is a column of samples.tsv", "remove the constant"]),
        ('columns = { id = "sample" }', "[tables.samples] columns", ["no column 'sample'", "sample = "]),
    ],
)
def test_column_names_that_do_not_fit_are_refused(study_of, base, keys, where, parts):
    text = base.replace('file = "samples.tsv"', f'file = "samples.tsv"\n{keys}')
    error = refused(lambda: study_of("", FOUR, text=text))
    assert error.where.startswith("study.toml, [tables.samples]")
    assert error.where.endswith(where)
    assert all(part in str(error) for part in parts)


def test_two_columns_of_one_name_are_refused(base):
    study = parse_study(base)
    table = pd.DataFrame([["S1", "a", "b"]], columns=["sample", "arm", "arm"])
    table.attrs["file"] = "samples.tsv"
    error = refused(lambda: sample_frame(study, {"samples": table}))
    assert (error.where, error.found) == ("samples.tsv", "arm")


def test_a_table_without_rows_is_refused(study_of):
    error = refused(lambda: study_of("", "sample|arm", assays={}))
    assert error.what == "no rows"


@pytest.mark.parametrize(
    ("rows", "where", "parts"),
    [
        ("S1|abx\nS2|abx\nS1|water", "samples.tsv", ["same sample id twice", "S1 (lines 2, 4)", "each sample id once"]),
        ("S1|abx\n|abx\nNA|water", "samples.tsv, lines 3, 4", ["sample id missing", "'', 'NA'", "fill in"]),
        ("S1|abx\n S2|abx", "samples.tsv, line 3", ["blanks before or after", "' S2'", "matched exactly"]),
    ],
)
def test_ids_that_are_none_are_refused_with_their_lines(study_of, rows, where, parts):
    error = refused(lambda: study_of("", "sample|arm\n" + rows, assays={}))
    assert error.where == where
    assert all(part in str(error) for part in parts)


def test_lines_are_those_of_the_file_even_when_it_has_more_headers(base, frame):
    table = frame("sample|arm\nS1|abx\nS1|water")
    table.attrs["lines"] = (3, 7)
    error = refused(lambda: sample_frame(parse_study(base), {"samples": table}))
    assert "S1 (lines 3, 7)" in error.found


def test_several_files_are_stacked_and_messages_name_them(base, frame):
    study = parse_study(base)
    both = stack([frame("sample|arm\nS1|abx", "a.tsv"), frame("arm|sample\nwater|S2", "b.tsv")])
    assert list(sample_frame(study, {"samples": both}).index) == ["S1", "S2"]
    twice = stack([frame("sample|arm\nS1|abx", "a.tsv"), frame("sample|arm\nS2|abx\nS1|water", "b.tsv")])
    error = refused(lambda: sample_frame(study, {"samples": twice}))
    assert "S1 (a.tsv line 2, b.tsv line 3)" in error.found
    error = refused(lambda: stack([frame("sample|arm\nS1|abx", "a.tsv"), frame("sample|sex\nS1|F", "b.tsv")]))
    assert error.where == "a.tsv, b.tsv"
    assert "arm, sex" in error.found


def test_typed_columns_of_parquet_join_as_they_are(base):
    table = pd.DataFrame(
        {
            "sample": [101, 102, 103],
            "arm": pd.Categorical(["abx", "water", None]),
            "age": [1.5, None, 2.0],
            "sick": pd.array([True, None, False], dtype="boolean"),
        }
    )
    samples = sample_frame(parse_study(base), {"samples": table})
    assert list(samples.index) == ["101", "102", "103"]
    assert samples["age"].tolist()[0] == 1.5
    assert samples["sick"].dtype == "boolean"
    assert samples.isna().sum().to_dict() == {"subject": 0, "specimen": 3, "role": 0, "arm": 1, "age": 1, "sick": 1}


def test_types_that_the_file_declares_are_kept(base, frame):
    table = frame("sample|arm|mouse|day\nS1|abx|457|7\nS2|water|435|")
    table.attrs["q2_types"] = {"mouse": "categorical", "day": "numeric"}
    samples = sample_frame(parse_study(base), {"samples": table})
    assert list(samples["mouse"]) == ["457", "435"]
    assert samples["day"].dtype == "float64"


# roles, specimens, subjects


def test_blanks_need_no_subject_and_people_do(study_of):
    loaded = study_of("", "sample|arm|subject|role\nS1|abx|P1|\nS2|water|P2|sample\nB1|||blank")
    assert list(loaded.samples["role"]) == ["sample", "sample", "blank"]
    assert list(loaded.samples["subject"]) == ["P1", "P2", "B1"]
    assert list(loaded.subjects.index) == ["P1", "P2"]
    error = refused(lambda: study_of("", "sample|arm|subject\nS1|abx|P1\nS2|water|"))
    assert (error.where, error.found) == ("samples.tsv, line 3", "S2")


def test_an_unknown_role_is_refused(study_of):
    error = refused(lambda: study_of("", "sample|arm|role\nS1|abx|sample\nS2|water|Blnk"))
    assert error.where == "samples.tsv, line 3"
    assert "did you mean 'blank'?" in error.mend
    loaded = study_of('[variables.role]\nmap = { Blnk = "blank" }', "sample|arm|role\nS1|abx|sample\nS2|water|Blnk")
    assert list(loaded.samples["role"]) == ["sample", "blank"]


def test_the_only_declared_specimen_is_the_default(study_of, base):
    text = base.replace('value = "counts"', 'value = "counts"\nspecimen = "stool"')
    assert set(study_of("", FOUR, text=text).samples["specimen"]) == {"stool"}
    two = '[assays.serum]\nkind = "metabolites"\nfile = "s.tsv"\nvalue = "intensity"\nspecimen = "serum"\n'
    loaded = study_of(two, FOUR, text=text, assays={"taxa": ["S1", "S2"], "serum": ["S2", "S3"]})
    assert loaded.samples["specimen"].isna().all()
    assert loaded.matches["serum"].matched == ("S2", "S3")


def test_data_of_another_specimen_is_not_matched_and_says_so(study_of, base):
    text = base.replace('value = "counts"', 'value = "counts"\nspecimen = "stool"')
    samples = "sample|arm|specimen\nS1|abx|stool\nS2|water|stool\nS3|water|serum\nS4|abx|stool"
    loaded = study_of("", samples, text=text, assays={"taxa": ["S2", "S1", "S3", "X9"]})
    match = loaded.matches["taxa"]
    assert match.matched == ("S1", "S2")
    assert match.samples_without_data == ("S4",)
    assert match.data_without_samples == ("S3", "X9")
    assert Dropped("sample", "assay taxa", "S3", "its specimen is serum, this assay's stool") in loaded.dropped
    assert Dropped("sample", "assay taxa", "X9", "data without a row in the samples table") in loaded.dropped
    assert Dropped("sample", "assay taxa", "S4", "in the samples table, without data here") in loaded.dropped
    error = refused(lambda: study_of("", samples, text=text, assays={"taxa": ["S3"]}))
    assert "with specimen 'stool'" in error.what


def test_an_empty_join_shows_ids_of_both_sides_and_a_lookalike(study_of):
    samples = "sample|arm\nConvC1M1|abx\nConvC1M2|water\nConvC1M3|water\nConvC1M4|abx"
    error = refused(lambda: study_of("", samples, assays={"taxa": ["conv_C1M1", "conv_C1M2"]}))
    assert error.where == "study.toml, [assays.taxa] (taxa.tsv)"
    assert "conv_C1M1, conv_C1M2" in error.found
    assert "ConvC1M1, ConvC1M2, ConvC1M3 and 1 more" in error.found
    assert "'conv_C1M1' looks like 'ConvC1M1', but ids are matched exactly" in error.mend


def test_lookalikes_are_pointed_out_and_never_equal_ids():
    assert lookalikes(["a-1", "B2", "c"], ["A1", "B2", "d"]) == [("a-1", "A1")]
    assert lookalikes(["a1", "a-1"], ["a1"]) == []


def test_an_assay_with_an_id_twice_is_refused(study_of):
    error = refused(lambda: study_of("", FOUR, assays={"taxa": ["S1", "S1"]}))
    assert (error.where, error.found) == ("taxa.tsv", "S1")


def test_declared_assays_that_were_not_read_are_just_not_there(study_of):
    assert study_of("", FOUR, assays={}).matches == {}


# subjects

SUBJECTS = '[tables.subjects]\nfile = "subjects.tsv"\n'
VISITS = "sample|subject|arm\nS1|P1|abx\nS2|P1|abx\nS3|P2|water\nS4|P9|water"


def test_subjects_are_joined_and_counted(study_of):
    loaded = study_of(SUBJECTS, VISITS, subjects="subject|sex|bmi\nP1|F|21\nP2|M|NA\nP3|F|30")
    assert loaded.samples["sex"].fillna("").tolist() == ["F", "F", "M", ""]
    assert loaded.samples["bmi"].tolist()[:2] == [21.0, 21.0]
    assert loaded.unused_subjects == ("P3",)
    assert loaded.unlisted_subjects == ("P9",)
    assert list(loaded.subjects.index) == ["P1", "P2", "P9", "P3"]
    assert loaded.subjects.loc["P3", "bmi"] == 30
    assert pd.isna(loaded.subjects.loc["P3", "arm"])


def test_columns_that_vary_within_a_subject_stay_with_the_samples(study_of):
    loaded = study_of("", "sample|subject|arm|sex|time\nS1|P1|abx|F|1\nS2|P1|abx|M|2\nS3|P2|water|M|1")
    assert list(loaded.subjects.columns) == ["arm"]
    assert list(loaded.samples["sex"]) == ["F", "M", "M"]


def test_a_column_in_both_tables_must_agree(study_of):
    samples = "sample|subject|arm|sex\nS1|P1|abx|F\nS2|P2|water|"
    loaded = study_of(SUBJECTS, samples, subjects="subject|sex\nP1|F\nP2|M")
    assert list(loaded.samples["sex"]) == ["F", "M"]
    error = refused(lambda: study_of(SUBJECTS, samples, subjects="subject|sex\nP1|M\nP2|M"))
    assert "sample S1: F among the samples, M among the subjects" in error.found


@pytest.mark.parametrize(
    ("subjects", "parts"),
    [
        ("person|sex\nP1|F", ["no column 'subject'", "columns = { subject ="]),
        ("subject|sex\nP1|F\nP1|M", ["same subject id twice", "P1 (lines 2, 3)"]),
        ("subject|sex\n|F", ["subject id missing", "line 2"]),
        ("subject|sex\np-1|F\np-2|M", ["no id of", "p-1, p-2", "'P1' looks like 'p-1'"]),
    ],
)
def test_a_subjects_table_that_does_not_fit_is_refused(study_of, subjects, parts):
    error = refused(lambda: study_of(SUBJECTS, VISITS, subjects=subjects))
    assert all(part in str(error) for part in parts)


# phenotypes and events


def test_phenotypes_and_events_are_read_by_subject(study_of):
    extra = (
        '[tables.phenotypes]\nfile = "phenotypes.tsv"\n[tables.events]\nfile = "events.tsv"\n'
        '[measures.rotarod]\nbetter = "higher"\n[onset]\nevent = "onset"\n'
    )
    tables = {
        "phenotypes": "subject|time|rotarod\nP1|60|290\nP1|70|120\nZ|60|1",
        "events": "subject|event|time\nP1|onset|68\nP2|onset|\nP1|death|130",
    }
    loaded = study_of(extra, VISITS, **tables)
    assert loaded.phenotypes["rotarod"].tolist() == [290.0, 120.0]
    assert len(loaded.events) == 3
    assert Dropped("subject", "table phenotypes", "Z", "neither among the samples nor the subjects") in loaded.dropped
    error = refused(lambda: study_of(extra.replace("rotarod", "rotorod"), VISITS, **tables), StudyFileError)
    assert (error.where, error.mend) == ("study.toml, [measures.rotorod]", "did you mean 'rotarod'?")
    error = refused(lambda: study_of(extra.replace('"onset"', '"onst"'), VISITS, **tables), StudyFileError)
    assert (error.where, error.mend) == ("study.toml, [onset] event", "did you mean 'onset'?")
    error = refused(lambda: study_of(extra, VISITS, **(tables | {"events": "subject|what|time\nP1|x|3"})))
    assert error.what == "no column 'event'"
    error = refused(lambda: study_of(extra, VISITS, **(tables | {"events": "subject|event|time\nQ|x|3"})))
    assert "no id of the events table is in the subjects" in error.what


def test_levels_need_not_all_occur_in_every_table(study_of):
    extra = '[tables.phenotypes]\nfile = "p.tsv"\n[variables.arm]\nlevels = ["water", "abx"]\nreference = "water"\n'
    loaded = study_of(extra, VISITS, phenotypes="subject|arm|grip\nP1|abx|3")
    assert list(loaded.phenotypes["arm"]) == ["abx"]
    error = refused(lambda: study_of(extra, VISITS, phenotypes="subject|arm|grip\nP1|abxx|3"))
    assert "not one of the levels" in error.what


def test_phenotypes_may_be_long(study_of):
    extra = '[tables.phenotypes]\nfile = "p.tsv"\n[measures.rotarod]\nbetter = "higher"\n'
    table = "subject|time|measure|value\nP1|60|rotarod|290\nP2|60|grip|7"
    assert len(study_of(extra, VISITS, phenotypes=table).phenotypes) == 2


def test_an_event_is_derived_from_samples_as_an_interval(study_of):
    extra = '[events.onset]\ncolumn = "sick"\n'
    samples = """
sample|subject|arm|time|sick
S1|P1|abx|10|FALSE
S2|P1|abx|30|TRUE
S3|P1|abx|20|FALSE
S4|P2|water|10|FALSE
S5|P2|water|20|
S6|P3|water|10|TRUE
"""
    events = study_of(extra, samples).events.set_index("subject")
    assert events.loc["P1", ["earliest", "latest"]].tolist() == [20, 30]
    assert events.loc["P2", "earliest"] == 10
    assert pd.isna(events.loc["P2", "latest"])
    assert pd.isna(events.loc["P3", "earliest"])
    assert events.loc["P3", "latest"] == 10
    error = refused(lambda: study_of(extra, samples.replace("time", "day")), StudyFileError)
    assert "needs their time" in error.what
    error = refused(lambda: study_of(extra, samples.replace("FALSE", "no")), StudyFileError)
    assert "[variables.sick]" in error.mend


# nesting, and names of the study file that are no columns


def test_a_nested_unit_is_known_by_its_identity(study_of):
    loaded = study_of('[variables.cage]\nnested_in = ["arm"]\n', FOUR)
    assert list(loaded.samples["cage"]) == ["abx / 1", "abx / 1", "water / 1", "water / 2"]
    assert list(loaded.raw["cage"]) == ["1", "1", "1", "2"]
    assert list(loaded.raw["cage"].index) == ["S1", "S2", "S3", "S4"]


def test_nesting_follows_the_outer_units_own_nesting(study_of):
    extra = '[variables.cage]\nnested_in = ["room"]\n[variables.room]\nnested_in = ["arm"]\n'
    loaded = study_of(extra, "sample|arm|room|cage\nS1|abx|1|01\nS2|water|1|01\nS3|water||01")
    assert loaded.samples["cage"].fillna("").tolist() == ["abx / 1 / 01", "water / 1 / 01", ""]
    assert set(loaded.raw) == {"cage", "room"}


def test_subjects_may_nest(study_of):
    extra = '[variables.subject]\nnested_in = ["arm"]\n'
    loaded = study_of(extra, "sample|arm|subject\nS1|abx|1\nS2|water|1\nS3|water|1")
    assert list(loaded.samples["subject"]) == ["abx / 1", "water / 1", "water / 1"]
    assert list(loaded.subjects.index) == ["abx / 1", "water / 1"]


def test_blanks_stand_for_themselves_beside_nested_subjects(study_of):
    extra = '[variables.subject]\nnested_in = ["arm"]\n'
    loaded = study_of(extra, "sample|arm|subject|role\nS1|abx|1|\nS2|water|1|\nB|||blank")
    assert list(loaded.samples["subject"]) == ["abx / 1", "water / 1", "B"]
    error = refused(lambda: study_of(extra, "sample|arm|subject\nS1|abx|1\nS2|water|1\nS3||2"))
    assert error.found == "a unit around the subject is missing for S3"


def test_tables_of_nested_subjects_are_joined_by_who_they_are(study_of):
    extra = '[variables.subject]\nnested_in = ["arm"]\n'
    samples = "sample|arm|subject\nS1|abx|1\nS2|water|1"
    loaded = study_of(extra + SUBJECTS, samples, subjects="subject|arm|weight\n1|abx|20\n1|water|30\n2|water|40")
    assert loaded.samples["weight"].tolist() == [20, 30]
    assert loaded.unused_subjects == ("water / 2",)
    events = '[tables.events]\nfile = "events.tsv"\n'
    error = refused(lambda: study_of(extra + events, samples, events="subject|event|time\n1|death|3"))
    assert "give the table the columns arm too" in error.mend
    outside = '[variables.subject]\nnested_in = ["room"]\n' + SUBJECTS
    error = refused(lambda: study_of(outside, samples, subjects="subject|room\n1|x"), StudyFileError)
    assert "columns of the samples table" in error.what


@pytest.mark.parametrize(
    ("extra", "where"),
    [
        ('[variables.sexx]\ntype = "category"', "[variables.sexx]"),
        ('[variables.cage]\nnested_in = "amr"', "[variables.cage] nested_in"),
        ("where = { ag = { min = 3 } }", "[contrasts.abx] where"),
        ('[questions.q]\nkind = "cohort"\ncontrast = "abx"\nblock = "cages"', "[questions.q] block"),
        ('[questions.q]\nkind = "cohort"\ncontrast = "abx"\ncovariates = "ages"', "[questions.q] covariates"),
        ('[load.stool]\nkind = "qpcr"\ncolumn = "agee"', "[load.stool] column"),
        ('[onset]\ncolumn = "cag"', "[onset] column"),
        ('[events.e]\ncolumn = "cag"', "[events.e] column"),
    ],
)
def test_a_name_that_is_no_column_is_refused_with_the_nearest(study_of, extra, where):
    samples = FOUR.replace("|cage", "|cage").replace("sample|", "sample|")
    error = refused(lambda: study_of(extra + "\n", samples), StudyFileError)
    assert error.where == f"study.toml, {where}"
    assert "subject, specimen, role, arm, cage, age" in error.found
    assert error.mend.startswith(("did you mean", "correct the name"))


def test_the_contrasts_column_must_be_there(study_of, base):
    error = refused(lambda: study_of("", FOUR, text=base.replace('"arm"', '"arms"')), StudyFileError)
    assert (error.where, error.mend) == ("study.toml, [contrasts.abx] column", "did you mean 'arm'?")
