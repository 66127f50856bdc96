"""A study whose assay is reads: profiled once, joined like any table, and no sample stops the others."""

from __future__ import annotations

import gzip
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import commensal
from commensal import simulation
from commensal.errors import CommensalError, FormatError, StudyFileError, TableError
from commensal.pipeline import read_assays
from commensal.pipeline.read_files import read_files
from commensal.pipeline.read_tables import assay_tables, gather
from commensal.pipeline.unchanged import unchanged
from commensal.study import Assay, parse_study

pytest.importorskip("pysylph")

GENOMES = ("Alpha_one", "Beta_two", "Gamma_three")
STUDY = """
[study]
name = "tiny"
[tables.samples]
file = "samples.tsv"
constants = { specimen = "stool" }
[variables.disease]
type = "category"
reference = "no"
[assays.stool]
kind = "reads"
files = "reads/{sample}_{mate}.fastq.gz"
reference = "REF"
specimen = "stool"
position = "well"
[contrasts.c]
column = "disease"
case = "yes"
control = "no"
[questions.q]
kind = "cohort"
contrast = "c"
assays = ["stool"]
"""
SAMPLES = """sample\tsubject\trole\tdisease\twell
S1\tP1\tsample\tyes\tA1
S2\tP2\tsample\tyes\tA2
S3\tP3\tsample\tno\tA3
S4\tP4\tsample\tno\tA4
broken\tP5\tsample\tno\tA5
without\tP6\tsample\tno\tA6
half\tP7\tsample\tyes\tA7
"""


@pytest.fixture(scope="module")
def study(tmp_path_factory) -> Path:
    """Four samples of three made genomes, one cut off, one without files, one without mate; and a stranger's files."""
    from commensal.reads import build_reference

    folder = tmp_path_factory.mktemp("study")
    rng = np.random.default_rng(1)
    genomes = {}
    for name in GENOMES:
        genomes[name] = folder / "genomes" / f"{name}.fna"
        genomes[name].parent.mkdir(exist_ok=True)
        genomes[name].write_text(f">{name}\n{''.join(rng.choice(list('ACGT'), 60_000))}\n")
    annotation = folder / "annotations"
    annotation.mkdir()
    for name in GENOMES[:2]:
        genes = "".join(
            f"{name}\tx\tCDS\t{1 + 2000 * i}\t{1500 + 2000 * i}\t.\t+\t0\tID={name}_{i};KO={ko}\n"
            for i, ko in enumerate(
                ["K00278", "K03517", "K00767", "K00969", "K01950"][: 5 if name == "Alpha_one" else 2]
            )
        )
        (annotation / f"{name}.gff").write_text("##gff-version 3\n" + genes)
    build_reference(folder / "genomes", folder / "REF", annotations=annotation)
    for i in range(1, 5):
        cells = {"Alpha_one": 1.0 if i > 2 else 4.0, "Beta_two": 2.0, "Gamma_three": float(i)}
        simulation.reads(folder / "reads", genomes, cells, n_pairs=2500, seed=i, name=f"S{i}", read_length=100)
    whole = (folder / "reads" / "S1_R1.fastq.gz").read_bytes()
    (folder / "reads" / "broken_R1.fastq.gz").write_bytes(whole[: len(whole) // 2])
    (folder / "reads" / "broken_R2.fastq.gz").write_bytes((folder / "reads" / "S1_R2.fastq.gz").read_bytes())
    (folder / "reads" / "half_R1.fastq.gz").write_bytes(whole)
    (folder / "reads" / "stranger_R1.fastq.gz").write_bytes(whole)
    (folder / "samples.tsv").write_text(SAMPLES)
    (folder / "study.toml").write_text(STUDY)
    return folder


@pytest.fixture
def no_profiling(monkeypatch):
    """Let nothing be profiled anew: the broken sample fails at once, any other is a fault of the test's subject."""

    def refuse(words, **_):
        assert '"sample": "broken"' in words[-1], "a profile was made again"
        return subprocess.CompletedProcess(words, 1, "", "the file was cut off")

    monkeypatch.setattr(read_assays.subprocess, "run", refuse)


@pytest.fixture(scope="module")
def ran(study):
    return commensal.run(study / "study.toml", study / "out")


def finding(findings, code: str):
    return next(one for one in findings if one.code == code)


def test_the_reads_become_three_assays_and_the_question_asks_all(ran, study, no_profiling):
    assert set(ran.estimates["assay"]) == {"stool_taxa", "stool_genes", "stool_pathways"}
    loaded = commensal.load(study / "study.toml", profiles=study / "out" / "profiles")
    taxa = loaded.assays["stool_taxa"]
    assert taxa.samples == ("S1", "S2", "S3", "S4")
    assert len(taxa.features) == 3
    assert np.allclose(taxa.values.sum(axis=1), 1, atol=0.05)
    expected = np.array([4 / 7, 4 / 8, 1 / 6, 1 / 7])
    alpha = next(i for i, name in enumerate(taxa.features.index) if "lpha" in name)
    assert np.allclose(taxa.values[:, alpha], expected, atol=0.06)
    genes = loaded.assays["stool_genes"]
    whole = list(genes.features.index).index("K01950")
    assert np.allclose(genes.values[:, whole], taxa.values[:, alpha], atol=1e-6)
    pathways = loaded.assays["stool_pathways"]
    de_novo = list(pathways.features.index).index("nad_de_novo")
    assert np.allclose(pathways.values[:, de_novo], taxa.values[:, alpha], atol=1e-6)


def test_a_broken_sample_is_named_and_the_others_go_on(ran):
    said = finding(ran.findings, "reads_unusable").message
    assert said.startswith("2 of 7 samples")
    assert "broken (" in said
    assert "cut off" in said
    assert "half (a mate is missing: there is no half_R2.fastq.gz)" in said
    assert "stranger_R1.fastq.gz" in finding(ran.findings, "reads_without_sample").message
    page = ran.report.read_text(encoding="utf-8")
    assert "could not be profiled" in page
    omitted = page[page.index('id="omitted"') :]
    assert "a mate is missing" in omitted
    assert 'id="reads"' in page


def test_a_second_run_takes_up_what_is_there_and_gives_the_same(ran, study, no_profiling):
    before = ran.estimates
    again = commensal.run(study / "study.toml", study / "out")
    assert again.estimates.equals(before)
    events = [json.loads(line) for line in (study / "out" / "run.jsonl").read_text().splitlines()]
    assert next(event for event in events if event["event"] == "reads")["taken_up"] == 4


def test_nothing_runs_where_reads_profiles_and_reference_are_as_they_were(ran, study, tmp_path, monkeypatch):
    kept = [line for line in SAMPLES.splitlines(keepends=True) if not line.startswith(("broken", "without", "half"))]
    (tmp_path / "samples.tsv").write_text("".join(kept))
    (tmp_path / "study.toml").write_text(STUDY)
    for name in ("reads", "REF"):
        shutil.copytree(study / name, tmp_path / name)
    out = tmp_path / "out"
    shutil.copytree(ran.folder / "profiles", out / "profiles")

    def same() -> bool:
        return unchanged(tmp_path / "study.toml", out) is not None

    monkeypatch.setattr(read_assays.subprocess, "run", lambda *_a, **_k: pytest.fail("a profile was made again"))
    commensal.run(tmp_path / "study.toml", out)
    assert same()
    assert commensal.reasons(tmp_path / "study.toml", out)[0].startswith("nothing runs")
    file = tmp_path / "reads" / "S1_R1.fastq.gz"
    seen = file.stat()
    os.utime(file, ns=(seen.st_atime_ns, seen.st_mtime_ns + 1))  # touched: looked at again, and taken up by its bytes
    assert not same()
    commensal.run(tmp_path / "study.toml", out)
    assert same()
    for path in (tmp_path / "reads" / "new_R1.fastq.gz", out / "profiles" / "stool" / "S1" / "taxa.parquet"):
        before = path.read_bytes() if path.exists() else None
        path.write_bytes(b"x")
        assert not same()
        path.unlink() if before is None else path.write_bytes(before)
        assert same()
    manifest = tmp_path / "REF" / "manifest.json"
    manifest.write_text(manifest.read_text() + " ")
    assert not same()


def test_a_sample_that_could_not_be_profiled_is_tried_again(ran, study):
    assert unchanged(study / "study.toml", ran.folder) is None


def test_changed_bytes_or_another_reference_are_not_taken_up(ran, study, tmp_path):
    from commensal.reads import open_reference

    reference = open_reference(study / "REF")
    assay = parse_study(STUDY).reads["stool"]
    paths = (study / "reads" / "S1_R1.fastq.gz", study / "reads" / "S1_R2.fastq.gz")
    place = study / "out" / "profiles" / "stool" / "S1"
    there = read_assays._is_there
    assert there(assay, place, paths, reference)
    assert not there(assay, place, (paths[1], paths[0]), reference)
    assert not there(assay, tmp_path, paths, reference)
    report = json.loads((place / "quality.json").read_text())
    for key, value in (("reference", "other"), ("mode", "mapping"), ("versions", {})):
        (tmp_path / "quality.json").write_text(json.dumps(report | {key: value}))
        assert not there(assay, tmp_path, paths, reference)


def test_check_profiles_nothing_and_counts_what_it_would(study, monkeypatch):
    monkeypatch.setattr(read_assays.subprocess, "run", lambda *_a, **_k: pytest.fail("check profiled a sample"))
    findings = commensal.check(study / "study.toml")
    assert finding(findings, "reads_declared").counts["samples"] == 5
    assert finding(findings, "reads_unusable").counts["samples"] == 1
    assert finding(findings, "samples_without_data").assay == "stool_taxa"


def test_the_points_hold_what_the_page_draws(ran):
    own = ran.points[ran.points["question"].isna()]
    composition = own[own["figure"] == "composition"]
    assert np.allclose(composition.groupby("sample")["y"].sum(), 1, atol=1e-9)
    assert "(unknown)" in set(composition["label"])
    steps = own[(own["figure"] == "steps") & (own["measure"] == "nad_de_novo")]
    assert list(steps.drop_duplicates("feature")["feature"]) == ["nadB", "nadA", "nadC", "nadD", "nadE"]
    carriers = steps.groupby("feature")["group"].agg(set)
    assert len(carriers["nadB"]) == 2
    assert len(carriers["nadE"]) == 1
    assert set(own.loc[own["figure"] == "quality", "measure"]) >= {"reads_in", "kept", "unknown", "detection_floor"}


def test_load_asks_where_profiles_may_go(study):
    with pytest.raises(StudyFileError, match="profiling them needs a folder"):
        commensal.load(study / "study.toml")


def test_a_study_none_of_whose_samples_can_be_profiled_says_why(study, tmp_path, monkeypatch):
    monkeypatch.setenv("COMMENSAL_ALLOW_OUTSIDE", str(study))
    for name in ("study.toml", "samples.tsv"):
        (tmp_path / name).write_text((study / name).read_text())
    (tmp_path / "REF").symlink_to(study / "REF")
    (tmp_path / "reads").mkdir()
    with pytest.raises(TableError, match="no sample has files of reads"):
        commensal.check(tmp_path / "study.toml")
    (tmp_path / "reads" / "S1_R1.fastq.gz").touch()
    (tmp_path / "reads" / "S1_R2.fastq.gz").touch()
    with pytest.raises(FormatError, match=r"not one sample .*\n.*S1_R1.fastq.gz is empty"):
        commensal.check(tmp_path / "study.toml")
    for mate in ("R1", "R2"):
        (tmp_path / "reads" / f"S1_{mate}.fastq.gz").write_bytes(gzip.compress(b">fasta\nACGT\n"))
    with pytest.raises(FormatError, match="not one sample of reads can be profiled"):
        commensal.run(tmp_path / "study.toml", tmp_path / "out")


def table(name: str, kind: str, more: str = "") -> str:
    return f'[assays.{name}]\nkind = "{kind}"\nfile = "a"\nvalue = "counts"\n{more}[contrasts.c]'


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('reference = "REF"\n', "", "the key is missing"),
        ('position = "well"', 'value = "counts"', "value is for tables"),
        ('position = "well"', 'features = { columns = ["a"] }', "features is for tables"),
        ('position = "well"', 'plate = "well"', "a plate without positions"),
        ('assays = ["stool"]', 'assays = ["stool_taxon"]', "is not declared"),
        ("[contrasts.c]", table("stool_genes", "genes"), "two assays"),
        ("[contrasts.c]", table("t", "taxa", 'mode = "fast"\n'), "mode is for reads"),
    ],
)
def test_keys_that_reads_do_not_have_are_refused(old, new, message):
    assert old in STUDY
    with pytest.raises(StudyFileError, match=message):
        parse_study(STUDY.replace(old, new))


def test_a_question_may_name_one_of_the_three():
    one = parse_study(STUDY.replace('assays = ["stool"]', 'assays = ["stool_genes"]'))
    assert one.questions["q"].assays == ("stool_genes",)
    assert list(parse_study(STUDY).assays) == ["stool_taxa", "stool_genes", "stool_pathways"]


def test_a_column_that_the_samples_do_not_have_is_an_error(study, tmp_path):
    (tmp_path / "study.toml").write_text(STUDY.replace('"well"', '"wel"'))
    with pytest.raises(CommensalError, match="did you mean 'well'"):
        commensal.check(tmp_path / "study.toml", study)


def test_an_exclusion_that_fits_nothing_is_an_error_and_one_that_fits_is_named(ran, study, tmp_path, no_profiling):
    (tmp_path / "study.toml").write_text(STUDY.replace('position = "well"', 'exclude = ["K00278"]'))
    loaded = commensal.load(tmp_path / "study.toml", study, profiles=study / "out" / "profiles")
    assert "K00278" not in loaded.assays["stool_genes"].features.index
    assert any(one.name == "K00278" and "excluded" in one.reason for one in loaded.dropped)
    profiles = gather(
        Assay("stool", "reads", exclude=("nothing*",)),
        study / "out" / "profiles" / "stool",
        ["S1"],
        open_genomes(study),
    )
    with pytest.raises(StudyFileError, match="excludes nothing"):
        assay_tables(profiles)


def open_genomes(study: Path):
    from commensal.reads import open_reference

    return open_reference(study / "REF").genomes()


def made(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"x")
    return folder


def test_files_are_found_by_sample_and_mate(tmp_path):
    made(
        tmp_path, "a_1.fq", "a_2.fq", "b_R1.fq", "b_R2.fq", "c_1.fq", "d_1.fq", "d_2.fq", "d_R1.fq", "d_R2.fq", "x_1.fq"
    )
    found = read_files(Assay("s", "reads", files="{sample}_{mate}.fq"), tmp_path, ["a", "b", "c", "d", "e", "../f"])
    assert {name: [path.name for path in paths] for name, paths in found.files.items()} == {
        "a": ["a_1.fq", "a_2.fq"],
        "b": ["b_R1.fq", "b_R2.fq"],
    }
    assert "c_2.fq" in found.broken["c"]
    assert "two sets" in found.broken["d"]
    assert "folder" in found.broken["../f"]
    assert found.without == ("e",)
    assert found.unused == ("x_1.fq",)


def test_single_files_folders_and_empty_files(tmp_path):
    made(tmp_path, "run/a/a.fq", "run/z/z.fq")
    (tmp_path / "run" / "b").mkdir()
    (tmp_path / "run" / "b" / "b.fq").touch()
    found = read_files(Assay("s", "reads", files="run/{sample}/{sample}.fq"), tmp_path, ["a", "b"])
    assert list(found.files) == ["a"]
    assert "empty" in found.broken["b"]
    assert found.unused == ("run/z/z.fq",)


def test_a_reference_without_functions_gives_taxa_only_and_says_so(study, tmp_path, monkeypatch):
    from commensal.reads import build_reference

    build_reference(study / "genomes", tmp_path / "REF")
    (tmp_path / "reads").symlink_to(study / "reads")
    monkeypatch.setenv("COMMENSAL_ALLOW_OUTSIDE", str(study))
    for name in ("study.toml", "samples.tsv"):
        (tmp_path / name).write_text((study / name).read_text())
    monkeypatch.setattr(read_assays.subprocess, "run", lambda *_a, **_k: pytest.fail("check profiled a sample"))
    findings = commensal.check(tmp_path / "study.toml")
    assert "stool_genes, stool_pathways" in finding(findings, "no_functions").message
    assert {one.assay for one in findings if one.contrast} == {"stool_taxa"}


def test_a_private_run_keeps_profiles_beside_its_folder_and_names_no_sample(study, ran, tmp_path, no_profiling):
    own = tmp_path / "shut.private" / "profiles"
    shutil.copytree(ran.folder / "profiles", own)
    made = commensal.run(study / "study.toml", tmp_path / "shut", private=True)
    assert not (tmp_path / "shut" / "profiles").exists()
    columns = [name for name in ran.estimates.columns if name != "note"]
    pd.testing.assert_frame_equal(ran.estimates[columns], made.estimates[columns], check_exact=True)
    names = re.compile(r"(?<![\w-])(S[1-4]|P[1-7]|A[1-3]|broken|stranger)(?![\w-])|_R[12]\.")
    own_code = re.compile(r'<script type="module">.*?</script>', re.DOTALL)
    texts = [own_code.sub("", (ran.folder / "report.html").read_text())]
    assert names.search(texts[0])
    texts = [own_code.sub("", (tmp_path / "shut" / "report.html").read_text())]
    texts += [
        path.read_text()
        for path in (tmp_path / "shut").rglob("*")
        if path.suffix in (".json", ".jsonl", ".tsv", ".svg")
    ]
    texts += [made.points.to_csv(), made.estimates.to_csv(), "\n".join(map(str, made.findings))]
    assert not [found[0] for text in texts if (found := names.search(text))]
