"""The study file: what is read, and each refusal with where, found, expected and mend."""

from __future__ import annotations

import contextlib

import pytest

from commensal.errors import StudyFileError
from commensal.study import Condition, parse_study, read_study

QUESTION = '\n[questions.q]\nkind = "cohort"\ncontrast = "abx"\n'
FULL = """
[study]
name = "full"
title = "Everything"
time_unit = "day"
[design]
randomised = "cage"
blinded = "rotarod"
exclusions = "unknown"
primary = ["rotarod", "survival"]
[tables.samples]
file = ["a.tsv", "b.tsv"]
columns = { sample = "Sample ID" }
constants = { specimen = "stool", passage = 3, treated = true }
missing = ["-", -9]
[tables.events]
file = "events.csv"
missing = []
[variables.arm]
type = "category"
map = { 0 = "water", 1 = "abx" }
reference = "water"
levels = ["water", "abx"]
[variables.cage]
nested_in = "arm"
[events.onset]
rule = "first of two days with a score below 3"
competing = ["death"]
[events.death]
rule = "found dead or 15 s without righting"
column = "dead"
[onset]
column = ["onset_earliest", "onset_latest"]
[assays.taxa]
kind = "taxa"
file = "taxa.qza"
value = "counts"
tree = "tree.nwk"
[assays.serum]
kind = "metabolites"
file = "serum.tsv"
value = "intensity"
specimen = "serum"
features = { columns = ["PATHWAY"], label = "BIOCHEMICAL" }
zero = "below_detection"
exclude = "* (IS)"
[assays.shotgun]
kind = "reads"
files = "reads/{sample}_{mate}.fastq.gz"
reference = "reference"
[load.stool]
kind = "qpcr"
column = "copies_per_g"
[measures.rotarod]
better = "higher"
kind = "latency"
unit = "s"
ceiling = 300
margin = 20
[contrasts.antibiotics]
column = "arm"
case = "abx"
control = ["water"]
where = { genotype = "SOD1", time = { min = 60, max = 90.5 }, batch = [1, 2] }
[questions.q]
kind = "cohort"
contrast = "antibiotics"
assays = "serum"
block = "cage"
covariates = ["age"]
severity = { measure = "rotarod" }
family = ["question", "assay"]
min_prevalence = 0
permutations = 99
level = 0.9
seed = 7
"""


def refused(text: str) -> StudyFileError:
    with pytest.raises(StudyFileError) as caught:
        parse_study(text, "some/study.toml")
    return caught.value


def test_everything_that_the_contract_names_is_read():
    study = parse_study(FULL, "study.toml")
    assert study.name == "full"
    assert study.design.blinded == ("rotarod",)
    assert study.tables["samples"].files == ("a.tsv", "b.tsv")
    assert study.tables["samples"].missing == ("-", "-9")
    assert study.tables["samples"].constants == {"specimen": "stool", "passage": "3", "treated": "true"}
    assert study.tables["events"].missing == ()
    assert study.variables["arm"].map == {"0": "water", "1": "abx"}
    assert study.variables["cage"].nested_in == ("arm",)
    assert study.events["onset"].competing == ("death",)
    assert study.onset.columns == ("onset_earliest", "onset_latest")
    assert study.assays["serum"].exclude == ("* (IS)",)
    assert study.assays["serum"].features.columns == ("PATHWAY",)
    assert study.load["stool"].specimen == "stool"
    assert study.measures["rotarod"].margin == 20
    where = study.contrasts["antibiotics"].where
    assert where["genotype"] == Condition(levels=("SOD1",))
    assert where["time"] == Condition(min=60, max=90.5)
    assert where["batch"].levels == ("1", "2")
    question = study.questions["q"]
    assert (question.assays, question.block, question.level, question.seed) == (("serum",), ("cage",), 0.9, 7)
    assert question.severity == {"measure": "rotarod", "at": "nearest"}


def test_what_is_not_said_has_the_documented_default(base):
    study = parse_study(base + QUESTION)
    question = study.questions["q"]
    assert (question.min_prevalence, question.permutations, question.level, question.seed) == (0.05, 9999, 0.95, 1)
    assert question.family == ("question", "contrast", "assay", "specimen", "term")
    assert study.tables["samples"].missing == ("NA", "NaN", "nan", "N/A", "null", "None")
    assert study.design.blinded is None


#: (what is replaced in the smallest file, by what, where the error points, parts of the message)
EDITS = [
    ("column = ", "colum = ", "[contrasts.abx] colum", ["unknown key 'colum'", "did you mean 'column'?"]),
    ("[contrasts.abx]", "[contrast.abx]", "study.toml", ["unknown section [contrast]", "did you mean 'contrasts'?"]),
    ("[tables.samples]", "[tables.sample]", "[tables] sample", ["unknown key 'sample'", "did you mean 'samples'?"]),
    ("[contrasts.abx]", "[contrasts]", "[contrasts] column", ["named section", "[contrasts.NAME]"]),
    ('name = "tiny"', "", "[study] name", ["the key is missing", "expected: name"]),
    ('name = "tiny"', "name = 3", "[study] name", ["wrong type", "3 (a whole number)", "text", 'quotes: "3"']),
    ('name = "tiny"', 'name = " "', "[study] name", ["empty text"]),
    ('kind = "taxa"', 'kind = "taxon"', "[assays.taxa] kind", ["'taxon'", "metabolites", 'did you mean "taxa"?']),
    ('kind = "taxa"', "kind = 1", "[assays.taxa] kind", ["1 (a whole number)", "one of taxa"]),
    ('value = "counts"', "", "[assays.taxa] value", ["missing", "counts, relative", "mend"]),
    ('file = "taxa.tsv"', "", "[assays.taxa] file", ["kind taxa has file", 'file = "table.tsv"']),
    ('kind = "taxa"', 'kind = "reads"', "[assays.taxa] files", ["kind reads has files", "{sample}"]),
    ('file = "taxa.tsv"', 'files = "a.fq"', "[assays.taxa] files", ["no {sample}"]),
    ('"samples.tsv"', '"/data/samples.tsv"', "[tables.samples] file", ["absolute path refused", "--data DIR"]),
    ('"samples.tsv"', '"tables/../../x.tsv"', "[tables.samples] file", ["leaves the folder"]),
    ('"samples.tsv"', "'C:\\samples.tsv'", "[tables.samples] file", ["drive letter"]),
    ('"samples.tsv"', '"D:samples.tsv"', "[tables.samples] file", ["drive letter"]),
    ('"samples.tsv"', '"~/samples.tsv"', "[tables.samples] file", ["home folder"]),
    ('"samples.tsv"', "'..\\samples.tsv'", "[tables.samples] file", ["leaves the folder"]),
    ('"samples.tsv"', '"https://x.org/s.tsv"', "[tables.samples] file", ["web address"]),
    ('"taxa.tsv"', '"/taxa.tsv"', "[assays.taxa] file", ["absolute path refused"]),
    ('"samples.tsv"', "[]", "[tables.samples] file", ["empty list"]),
    ('"samples.tsv"', '["a.tsv", "a.tsv"]', "[tables.samples] file", ["the same item twice", "a.tsv"]),
    ('case = "abx"', "case = []", "[contrasts.abx] case", ["empty list", "at least one item"]),
    ('case = "abx"', 'case = ["abx", "abx"]', "[contrasts.abx] case", ["the same item twice", "abx"]),
    ('case = "abx"', 'case = ["abx", "water"]', "[contrasts.abx] case", ["case and control are the same", "water"]),
    ('case = "abx"', "case = { level = 1 }", "[contrasts.abx] case", ["wrong type", "a list, or a single item"]),
    ('case = "abx"', "case = 2020-01-01", "[contrasts.abx] case", ["wrong type", "a date or time"]),
]


@pytest.mark.parametrize(("old", "new", "where", "parts"), EDITS, ids=[new or f"no {old}" for old, new, *_ in EDITS])
def test_an_edit_of_the_smallest_file_is_refused(base, old, new, where, parts):
    error = refused(base.replace(old, new, 1))
    assert error.where.startswith("study.toml")
    assert error.where.endswith(where)
    for part in (*parts, "found:", "expected:"):
        assert part in str(error)


#: (what is added to the smallest file, where the error points, parts of the message)
ADDITIONS = [
    (QUESTION.replace('"abx"', '"abxx"'), "[questions.q] contrast", ["'abxx' is not declared", "did you mean 'abx'?"]),
    (QUESTION + 'assays = ["tax"]', "[questions.q] assays", ["assay 'tax' is not declared", "did you mean 'taxa'?"]),
    (QUESTION + "assays = []", "[questions.q] assays", ["empty list"]),
    (QUESTION + 'severity = { measure = "x" }', "[questions.q] severity.measure", ["measure 'x' is not declared"]),
    (QUESTION + 'severity = { at = "nearest" }', "[questions.q] severity", ["missing", "measure"]),
    (QUESTION + 'severity = { mesure = "x" }', "[questions.q] severity.mesure", ["did you mean 'measure'?"]),
    (QUESTION + 'severity = "x"', "[questions.q] severity", ["wrong type"]),
    (QUESTION + 'family = ["questions"]', "[questions.q] family", ["'questions'", 'did you mean "question"?']),
    (QUESTION + "min_prevalence = 1", "[questions.q] min_prevalence", ["out of range", "found: 1", "below 1"]),
    (QUESTION + "min_prevalence = -0.1", "[questions.q] min_prevalence", ["out of range"]),
    (QUESTION + 'min_prevalence = "10%"', "[questions.q] min_prevalence", ["wrong type", "a number", "without quotes"]),
    (QUESTION + "permutations = 98", "[questions.q] permutations", ["found: 98", "99 or more"]),
    (QUESTION + "permutations = 999.0", "[questions.q] permutations", ["a whole number"]),
    (QUESTION + "permutations = true", "[questions.q] permutations", ["true (true or false)"]),
    (QUESTION + "level = 95", "[questions.q] level", ["found: 95", "such as 0.95"]),
    (QUESTION + "level = 0.5", "[questions.q] level", ["out of range"]),
    (QUESTION + "level = nan", "[questions.q] level", ["not a finite number"]),
    (QUESTION + "seed = -1", "[questions.q] seed", ["0 or more"]),
    (QUESTION + 'covariates = ["arm"]', "[questions.q] covariates", ["what the contrast compares", "remove 'arm'"]),
    (QUESTION + 'block = ["arm"]', "[questions.q] block", ["what the contrast compares"]),
    (QUESTION + 'block = "cage"\ncovariates = "cage"', "[questions.q] covariates", ["not a covariate as well"]),
    (QUESTION + 'block = "cage"\n[variables.cage]\ntype = "number"', "[questions.q] block", ["a block is a unit"]),
    ('[questions.q]\nkind = "cohorts"\ncontrast = "abx"', "[questions.q] kind", ['did you mean "cohort"?']),
    ("[design]\nblinded = ['rotarod']", "[design] blinded", ["'rotarod' is not declared", "taxa"]),
    ("[design]\nprimary = 'tax'", "[design] primary", ["did you mean 'taxa'?"]),
    ("[design]\nrandomised = false", "[design] randomised", ["wrong type", "text"]),
    ("[measures.m]\nunit = 's'", "[measures.m] better", ["the key is missing"]),
    ("[measures.m]\nbetter = 'more'", "[measures.m] better", ["one of higher, lower"]),
    ("[measures.m]\nbetter = 'higher'\nmargin = 0", "[measures.m] margin", ["above 0"]),
    ("[load.stool]\nkind = 'pcr'\ncolumn = 'x'", "[load.stool] kind", ['did you mean "qpcr"?']),
    ("[onset]\nat = 80\nevent = 'x'", "[onset]", ["said in one way", "found: at, event"]),
    ("[onset]", "[onset]", ["said in one way", "found: none"]),
    ("[onset]\ncolumn = ['a', 'b', 'c']", "[onset] column", ["earliest and latest"]),
    ("[onset]\nevent = 'symptoms'", "[onset] event", ["event 'symptoms' is not declared"]),
    ("[events.a]\ncompeting = ['b']", "[events.a] competing", ["event 'b' is not declared"]),
    ("[variables.arm]\ntype = 'factor'", "[variables.arm] type", ["one of category, number, boolean, text"]),
    ("[variables.arm]\ntype = 'number'", "[contrasts.abx] column", ["a contrast compares levels", "category"]),
    ("[variables.age]\ntype = 'number'\nreference = 1", "[variables.age] reference", ["is for categories"]),
    ("[variables.a]\nlevels = ['x', 'y']\nreference = 'X'", "[variables.a] reference", ["did you mean 'x'?"]),
    ("[variables.a]\nnested_in = 'b'\n[variables.b]\nnested_in = 'a'", "[variables.a] nested_in", ["nested in itself"]),
    ("[variables.sample]\ntype = 'text'", "[variables.sample]", ["matched as they stand"]),
    ("[variables.a]\nmap = 'x'", "[variables.a] map", ["wrong type", "a table"]),
    ("where = { time = { min = 3, max = 1 } }", "[contrasts.abx] where.time", ["min is above max", "3 > 1"]),
    ("where = { time = {} }", "[contrasts.abx] where.time", ["empty range"]),
    ("where = { time = { mn = 3 } }", "[contrasts.abx] where.time.mn", ["did you mean 'min'?"]),
    ("where = { time = { min = '3' } }", "[contrasts.abx] where.time.min", ["wrong type", "a number"]),
    ("where = { sex = { min = 3 } }\n[variables.sex]\ntype = 'category'", "where.sex", ["a range is for numbers"]),
    (
        "[assays.Taxa]\nkind = 'taxa'\nfile = 'x'\nvalue = 'counts'",
        "[assays.Taxa]",
        ["differ only in case", "taxa, Taxa"],
    ),
    ("[assays.'a/b']\nkind = 'taxa'\nfile = 'x'\nvalue = 'counts'", "[assays.a/b]", ["not a usable name"]),
    (
        "[assays.m]\nkind = 'taxa'\nfile = 'x'\nvalue = 'counts'\nfeatures = { file = 'f', label = 'l' }",
        "features.id",
        ["missing"],
    ),
    (
        "[assays.m]\nkind = 'taxa'\nfile = 'x'\nvalue = 'counts'\nfeatures = { file = 'f', id = 'i', columns = ['c'] }",
        "[assays.m] features",
        ["both file and columns"],
    ),
    ("[assays.m]\nkind = 'taxa'\nfile = 'x'\nvalue = 'counts'\nfeatures = { fil = 'f' }", "features.fil", ["'file'"]),
]


@pytest.mark.parametrize(("extra", "where", "parts"), ADDITIONS, ids=[one[0].strip()[-60:] for one in ADDITIONS])
def test_an_addition_to_the_smallest_file_is_refused(base, extra, where, parts):
    error = refused(base + extra + "\n")
    assert error.where.startswith("study.toml, [")
    assert error.where.endswith(where)
    for part in (*parts, "found:", "expected:"):
        assert part in str(error)


@pytest.mark.parametrize(
    ("section", "named"), [("study", "[study]"), ("assays.taxa", "[assays"), ("contrasts.abx", "[contrasts")]
)
def test_a_section_that_must_be_there_is_asked_for_with_its_lines(base, section, named):
    head, _, rest = base.partition(f"[{section}]")
    error = refused(head + rest[rest.index("\n[") :] if "\n[" in rest else head)
    assert named in error.what
    assert f"[{section.split('.')[0]}" in error.mend


def test_an_empty_file_and_no_samples_table(base):
    assert "an empty file" in str(refused(""))
    error = refused(base.replace("[tables.samples]", "[tables.subjects]"))
    assert "no samples table" in error.what


def test_a_syntax_error_has_line_and_column(base):
    error = refused(base + "[questions.q]\nkind = cohort\n")
    line = len((base + "[questions.q]").splitlines()) + 1
    assert error.where == f"study.toml, line {line}, column 8"
    assert error.found == "kind = cohort"


def test_a_section_or_key_twice_is_refused(base):
    assert "twice" in refused(base + '[contrasts.abx]\ncolumn = "x"\n').what
    assert "twice" in refused(base + 'case = "x"\n').what


def test_an_unfinished_file_is_refused(base):
    error = refused(base + 'x = "abc')
    assert "not TOML" in error.what


def test_a_byte_order_mark_and_windows_lines_are_read(base, tmp_path):
    file = tmp_path / "study.toml"
    file.write_bytes(b"\xef\xbb\xbf" + base.replace("\n", "\r\n").encode())
    assert read_study(file).name == "tiny"
    assert read_study(str(file)).path == file


def test_a_file_that_is_not_utf8_names_the_line(base, tmp_path):
    file = tmp_path / "study.toml"
    file.write_bytes(b'[study]\nname = "caf\xe9"\n')
    with pytest.raises(StudyFileError, match="not UTF-8") as caught:
        read_study(file)
    assert caught.value.where == "study.toml, line 2"
    assert caught.value.found == "byte 0xe9"


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(StudyFileError, match="no such file") as caught:
        read_study(tmp_path / "none.toml")
    assert "commensal init" in caught.value.mend
    with pytest.raises(StudyFileError, match="cannot be read"):
        read_study(tmp_path)


def test_levels_may_be_numbers_and_truths(base):
    study = parse_study(base.replace('case = "abx"', "case = true").replace('control = "water"', "control = [0, 2]"))
    assert study.contrasts["abx"].case == ("true",)
    assert study.contrasts["abx"].control == ("0", "2")


JUNK = [
    "1",
    "-1",
    "1.5",
    "true",
    '"x"',
    '""',
    "[]",
    "[1]",
    "[[1]]",
    "[{}]",
    "{}",
    "{ a = 1 }",
    "{ a = { b = [] } }",
    "nan",
]


@pytest.mark.parametrize("junk", [*JUNK, "1979-05-27", "07:32:00"])
def test_no_value_in_any_key_ends_in_a_traceback(junk):
    lines = FULL.splitlines()
    for at, line in enumerate(lines):
        head, equals, _ = line.partition(" = ")
        if equals:
            text = "\n".join([*lines[:at], f"{head} = {junk}", *lines[at + 1 :]])
            with contextlib.suppress(StudyFileError):
                parse_study(text, "study.toml")
