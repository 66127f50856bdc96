"""Cells to variables: types inferred and declared, maps, references, levels, missing codes."""

from __future__ import annotations

import pytest

from commensal.errors import StudyFileError, TableError


def column(study_of, values, extra="", name="x"):
    rows = "\n".join(f"S{i}|{'abx' if i % 2 else 'water'}|{value}" for i, value in enumerate(values))
    return study_of(extra, f"sample|arm|{name}\n{rows}").samples[name]


@pytest.mark.parametrize(
    ("values", "dtype", "read"),
    [
        (["1", "2.5", "-3e2", " 4 ", "NA"], "float64", [1, 2.5, -300, 4, None]),
        (["1", "2", "<3"], "string", ["1", "2", "<3"]),
        (["01", "02", "10"], "string", ["01", "02", "10"]),
        (["0", "0.5"], "float64", [0, 0.5]),
        (["inf", "1"], "string", ["inf", "1"]),
        (["1_000", "2"], "string", ["1_000", "2"]),
        (["TRUE", "false", "True", ""], "boolean", [True, False, True, None]),
        (["T", "F"], "string", ["T", "F"]),
        (["a", "None", "none", "  "], "string", ["a", None, "none", None]),
        (["", "NA", "null"], "string", [None, None, None]),
    ],
)
def test_undeclared_columns_show_their_type(study_of, values, dtype, read):
    got = column(study_of, values)
    assert got.dtype == dtype
    assert [None if missing else value for value, missing in zip(got, got.isna(), strict=True)] == read


def test_groups_are_categories_though_their_labels_are_numbers(study_of, base):
    text = base.replace('"abx"', "1").replace('"water"', "0")
    loaded = study_of(
        '[questions.q]\nkind = "cohort"\ncontrast = "abx"\nblock = "cage"\n', "sample|arm|cage\nA|1|3\nB|0|4", text=text
    )
    assert list(loaded.samples["arm"]) == ["1", "0"]
    assert list(loaded.samples["cage"]) == ["3", "4"]


def test_declared_types_are_kept(study_of):
    assert list(column(study_of, ["1", "2"], '[variables.x]\ntype = "category"')) == ["1", "2"]
    yes = column(study_of, ["yes", "N", "1", ""], '[variables.x]\ntype = "boolean"')
    assert yes.tolist()[:3] == [True, False, True]
    assert yes.isna().tolist() == [False, False, False, True]
    mapped = column(study_of, ["sick", "well"], '[variables.x]\ntype = "boolean"\nmap = { sick = true, well = false }')
    assert list(mapped) == [True, False]


def test_missing_codes(study_of, base):
    assert column(study_of, ["1", "-9"], '[variables.x]\nmissing = ["-9"]').isna().tolist() == [False, True]
    text = base.replace('file = "samples.tsv"', 'file = "samples.tsv"\nmissing = ["-"]')
    loaded = study_of("", "sample|arm|x\nA|abx|NA\nB|water|-\nC|water|", text=text)
    assert loaded.samples["x"].fillna("gone").tolist() == ["NA", "gone", "gone"]


def test_a_map_may_give_a_missing_code_a_meaning(study_of):
    read = column(study_of, ["None", "abx", "NA"], '[variables.x]\nmap = { None = "untreated", abx = "treated" }')
    assert read.fillna("gone").tolist() == ["untreated", "treated", "gone"]


def test_a_map_recodes_and_leaves_its_own_levels(study_of):
    read = column(study_of, ["Mom", "mother", "Dad"], '[variables.x]\nmap = { Mom = "mother", Dad = "father" }')
    assert list(read) == ["mother", "mother", "father"]


BAD = [
    (
        ["1", "two", "2", "two"],
        'type = "number"',
        ["lines 3, 5, column 'x'", "not a number", "'two' (2 cells)", 'missing = ["two"]'],
    ),
    (["1,5"], 'type = "number"', ["line 2", "'1,5' (1 cell)", "a point as decimal mark"]),
    (["yes", "perhaps"], 'type = "boolean"', ["line 3", "neither true nor false", "'perhaps'"]),
    (
        ["CD", "UC", "IC", "IC"],
        'map = { CD = "IBD", UC = "IBD" }',
        ["lines 4, 5", "map does not know", "'IC' (2 cells)", '"IC" = "…"'],
    ),
    (["a", "b"], 'levels = ["a", "c"]', ["line 3", "not one of the levels", "'b' (1 cell)"]),
    (["abx", " abx"], 'type = "category"', ["line 3", "blanks before or after", "' abx'", 'map = { " abx" = "abx" }']),
]


@pytest.mark.parametrize(("values", "keys", "parts"), BAD)
def test_cells_that_break_their_declaration_are_refused(study_of, values, keys, parts):
    with pytest.raises(TableError) as caught:
        column(study_of, values, f"[variables.x]\n{keys}")
    assert caught.value.where.startswith("samples.tsv, line")
    for part in (*parts, "found:", "expected:", "mend:"):
        assert part in str(caught.value)


ABSENT = [
    ('reference = "Control"', "reference", "did you mean 'control'?"),
    ('map = { case = "IBD", control = "relative" }\nreference = "control"', "reference", "correct the level"),
    ('levels = ["case", "control", "contrl"]', "levels", "did you mean 'control'?"),
    ('reference = "NA"', "reference", "'NA' is read as missing"),
]


@pytest.mark.parametrize(("keys", "key", "mend"), ABSENT)
def test_levels_that_do_not_occur_are_refused_with_the_nearest(study_of, keys, key, mend):
    with pytest.raises(StudyFileError) as caught:
        column(study_of, ["case", "control", "case", "NA"], f"[variables.x]\n{keys}")
    assert caught.value.where == f"study.toml, [variables.x] {key}"
    assert "(2)" in caught.value.found
    assert mend in caught.value.mend


def test_blanks_in_columns_that_nobody_names_are_left_alone(study_of):
    assert list(column(study_of, ["a ", "b"])) == ["a ", "b"]


def test_the_map_that_a_message_proposes_is_accepted(study_of):
    """A map must know every value: proposing the padded one alone would lead from one error to the next."""
    with pytest.raises(TableError, match="blanks before or after a value") as caught:
        column(study_of, ["case ", "ctrl", "case"], '[variables.x]\ntype = "category"')
    line = caught.value.mend.partition("[variables.x] ")[2]
    assert list(column(study_of, ["case ", "ctrl", "case"], f"[variables.x]\n{line}")) == ["case", "ctrl", "case"]
