"""A table larger than a limit goes through in blocks, and says the same as one in memory."""

from __future__ import annotations

import gzip
import re
import shutil
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest

import commensal
from commensal import execution, simulation
from commensal.errors import DesignError, TableError
from commensal.evidence import Family
from commensal.pipeline.answering import Step, answer
from commensal.pipeline.kept_shuffles import study_key
from commensal.pipeline.large import blocks_of
from commensal.pipeline.load import load_with_reads
from commensal.pipeline.shuffles import shuffled
from commensal.questions import QUESTIONS, without_p
from commensal.study import read_study
from commensal.study import stored as stored_module
from commensal.tables import read_estimates

#: Matrix products of narrower blocks and sums in other order: the last bits of float64 only, grown by differences.
RELATIVE = 1e-7
N, M = 40, 1200
NUMBERS = ["effect", "se", "low", "high", "statistic", "df", "p", "q"]
WORDS = ["feature", "model", "term", "label", "status", "family", "test", "unit"]
WORDS += ["n", "n_case", "n_control", "n_blocks"]


def _study(folder: Path, form: str, value: str = "counts", household: bool = False) -> Path:
    rng = np.random.default_rng(5)
    ids = [f"S{i}" for i in range(N)]
    counts = rng.poisson(rng.gamma(0.4, 6.0, M)[None, :] * rng.uniform(0.5, 2.0, N)[:, None]).astype(float)
    arm = np.array(["case", "control"])[np.arange(N) % 2]
    counts[:, :20] *= np.where(arm == "case", 4, 1)[:, None]
    if value == "relative":
        counts /= counts.sum(axis=1, keepdims=True)
    frame = pd.DataFrame(counts.T, index=pd.Index([f"G{j:05d}" for j in range(M)], name="gene"), columns=ids)
    name = {"tsv": "g.tsv", "gz": "g.tsv.gz", "parquet": "g.parquet", "biom": "g.biom"}[form]
    if form == "parquet":
        frame.reset_index().to_parquet(folder / name, row_group_size=100)
    elif form == "biom":
        _biom(folder / name, frame)
    elif form == "gz":
        with gzip.open(folder / name, "wt") as stream:
            frame.to_csv(stream, sep="\t")
    else:
        frame.to_csv(folder / name, sep="\t")
    samples = pd.DataFrame({"sample": ids, "subject": ids, "arm": arm, "house": [f"H{i // 2}" for i in range(N)]})
    samples["age"] = rng.normal(50, 9, N).round(1)
    samples.to_csv(folder / "samples.tsv", sep="\t", index=False)
    block = 'block = ["house"]' if household else ""
    (folder / "study.toml").write_text(f"""
[study]
name = "large"
[tables.samples]
file = "samples.tsv"
[variables.age]
type = "number"
[assays.genes]
kind = "genes"
file = "{name}"
value = "{value}"
[contrasts.arm]
column = "arm"
case = "case"
control = "control"
[questions.als]
kind = "cohort"
contrast = "arm"
covariates = ["age"]
{block}
""")
    return folder / "study.toml"


def _biom(path: Path, frame: pd.DataFrame) -> None:
    values = frame.to_numpy()
    rows, columns = np.nonzero(values)
    with h5py.File(path, "w") as file:
        file["observation/ids"] = [str(name).encode() for name in frame.index]
        file["sample/ids"] = [str(name).encode() for name in frame.columns]
        file["observation/matrix/indptr"] = np.r_[0, np.cumsum(np.bincount(rows, minlength=len(values)))]
        file["observation/matrix/indices"] = columns
        file["observation/matrix/data"] = values[rows, columns]


def _answered(study: Path) -> pd.DataFrame:
    """Answer the study's question, without claims and a page."""
    declared = read_study(study)
    loaded, _ = load_with_reads(declared, study.parent, None)
    made = answer(loaded, Step(declared.questions["als"], "genes")).answer
    return pd.concat([made.estimates, *map(read_estimates, made.rest)], ignore_index=True)


@pytest.mark.parametrize(
    ("form", "value", "household"),
    [("tsv", "counts", False), ("gz", "relative", False), ("parquet", "counts", True), ("biom", "counts", False)],
)
def test_blocks_say_what_the_whole_table_says(tmp_path, monkeypatch, form, value, household):
    study = _study(tmp_path, form, value, household)
    whole = _answered(study)
    monkeypatch.setenv("COMMENSAL_TABLE_LIMIT", "1000")
    monkeypatch.setattr(stored_module, "CELLS", N * 97)
    blocks = _answered(study)
    features = ["abundance", "prevalence", "joint", "reference frame"]
    key = ["term", "model", "feature"]
    whole, blocks = (
        frame[frame["model"].isin(features)].sort_values(key, ignore_index=True) for frame in (whole, blocks)
    )
    assert len(whole) > 3 * M
    pd.testing.assert_frame_equal(whole[WORDS], blocks[WORDS])
    pd.testing.assert_frame_equal(whole[NUMBERS], blocks[NUMBERS], rtol=RELATIVE, atol=1e-12)


def _large(monkeypatch) -> None:
    monkeypatch.setenv("COMMENSAL_TABLE_LIMIT", "1000")
    monkeypatch.setattr(stored_module, "CELLS", N * 97)


@pytest.mark.parametrize(("value", "who"), [("counts", "processes"), ("relative", "Dask workers")])
def test_blocks_of_one_step_done_side_by_side_give_the_same_bytes(tmp_path, monkeypatch, dask_cluster, value, who):
    study = _study(tmp_path, "parquet", value, household=True)
    _large(monkeypatch)
    alone = commensal.run(study, tmp_path / "alone")
    told: list[str] = []
    crew = {"workers": 2} if who == "processes" else {"cluster": dask_cluster}
    shared = commensal.run(study, tmp_path / "shared", progress=lambda _done, _of, what: told.append(what), **crew)
    bytes_of = [(one.folder / "estimates.parquet").read_bytes() for one in (alone, shared)]
    assert bytes_of[0] == bytes_of[1]
    blocks = [what for what in told if what.startswith("als: genes, pass")]
    assert {what.split(",")[1] for what in blocks} == {" pass 1", " pass 2"}
    assert any("block 13 of 13" in what for what in blocks)


def test_a_worker_that_dies_at_a_block_changes_nothing(tmp_path, monkeypatch):
    study = _study(tmp_path, "parquet")
    _large(monkeypatch)
    whole = _answered(study)
    declared = read_study(study)
    loaded, _ = load_with_reads(declared, study.parent, None)
    step = Step(declared.questions["als"], "genes")
    with execution.crew_of(workers=2) as crew:
        killed: list[int] = []

        def kill_one(said: str) -> None:
            if "block 3 of" in said and len(killed) < 2:
                victim = crew._team[len(killed)]._process
                killed.append(victim.pid)
                victim.kill()

        made = answer(loaded, step, blocks_of(crew, step, kill_one)).answer
    assert killed
    found = pd.concat([made.estimates, *map(read_estimates, made.rest)], ignore_index=True)
    pd.testing.assert_frame_equal(whole, found, check_exact=True)


def test_a_store_that_a_worker_cannot_reach_is_named(tmp_path, monkeypatch):
    study = _study(tmp_path, "parquet")
    _large(monkeypatch)
    loaded, _ = load_with_reads(read_study(study), study.parent, None)
    stored = loaded.assays["genes"].stored
    (stored.folder / "cells").write_bytes((stored.folder / "cells").read_bytes()[:80])
    with pytest.raises(TableError, match=r"(?s)store of a table.*cut short.*without --cluster"):
        stored.cells.block(np.arange(50, 60))
    shutil.rmtree(stored.folder)
    with pytest.raises(TableError, match=r"(?s)store of a table.*without --cluster"):
        stored.cells.block(np.arange(3))


def test_a_shuffle_leaves_the_rows_in_the_file_of_the_study_as_they_were(tmp_path, monkeypatch):
    study = _study(tmp_path, "parquet")
    _large(monkeypatch)
    declared = read_study(study)
    loaded, _ = load_with_reads(declared, study.parent, None)
    question = declared.questions["als"]
    made = answer(loaded, Step(question, "genes")).answer
    before = made.rest[0].read_bytes()
    shuffled_one = shuffled(loaded, seed=3)
    again = QUESTIONS["cohort"].answer(shuffled_one, question, "genes", whole=False)
    assert not again.rest
    assert made.rest[0].read_bytes() == before
    assert not again.estimates["p"].equals(made.estimates["p"])


def test_measures_are_answered_beside_a_table_that_its_kind_cannot_read(tmp_path, monkeypatch):
    study = simulation.als(tmp_path / "study")
    study.write_text(study.read_text(encoding="utf-8").replace('tree = "mouse_tree.nwk"', ""), encoding="utf-8")
    monkeypatch.setenv("COMMENSAL_TABLE_LIMIT", "1000")
    declared = read_study(study)
    loaded, _ = load_with_reads(declared, study.parent, None)
    assert loaded.assays["mouse_taxa"].stored is not None
    question = next(one for one in declared.questions.values() if one.kind == "screen")
    with pytest.raises(DesignError, match="needs all of it at once"):
        QUESTIONS["screen"].answer(loaded, question, "mouse_taxa")
    assert len(QUESTIONS["screen"].answer(loaded, question, None).estimates)


def test_a_small_table_never_goes_through_the_store(tmp_path):
    declared = read_study(_study(tmp_path, "tsv"))
    loaded, _ = load_with_reads(declared, tmp_path, tmp_path / "out" / "profiles")
    assert loaded.assays["genes"].stored is None
    assert not (tmp_path / "out").exists()


def test_a_limit_that_is_no_number_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("COMMENSAL_TABLE_LIMIT", "2 GB")
    with pytest.raises(commensal.CommensalError, match="no number of bytes"):
        commensal.run(_study(tmp_path, "parquet"), tmp_path / "out")


def test_a_rerun_says_the_same_and_leaves_no_store(tmp_path, monkeypatch):
    study = _study(tmp_path, "biom")
    monkeypatch.setenv("COMMENSAL_TABLE_LIMIT", "1000")
    first = commensal.run(study, tmp_path / "out")
    assert "large_table" in {finding.code for finding in first.findings}
    assert not (tmp_path / "out" / ".commensal" / "large").exists()
    bytes_first = (tmp_path / "out" / "estimates.parquet").read_bytes()
    again = commensal.run(study, tmp_path / "out")
    pd.testing.assert_frame_equal(first.estimates, again.estimates)
    assert len(first.estimates) < len(read_estimates(tmp_path / "out" / "estimates.parquet"))
    there = commensal.read_results(tmp_path / "out")
    pd.testing.assert_frame_equal(first.estimates, there.estimates, check_exact=True)
    assert (there.findings, there.headlines) == (first.findings, first.headlines)
    (tmp_path / "out" / ".commensal" / "large" / "of a killed run").mkdir(parents=True)
    fresh = commensal.run(study, tmp_path / "out", workers=2, fresh=True)
    assert (tmp_path / "out" / "estimates.parquet").read_bytes() == bytes_first
    pd.testing.assert_frame_equal(first.estimates, fresh.estimates)
    assert not (tmp_path / "out" / ".commensal" / "large").exists()
    told = commensal.reasons(study, tmp_path / "out", fresh=True)
    assert "larger than memory" in told[0]


def test_the_page_counts_all_features_not_only_those_that_it_holds(tmp_path, monkeypatch):
    study = _study(tmp_path, "parquet")
    whole = commensal.run(study, tmp_path / "whole")
    _large(monkeypatch)
    monkeypatch.setattr("commensal.questions.large.SHOWN", 5)
    made = commensal.run(study, tmp_path / "blocks")
    assert made.estimates["feature"].nunique() < 20
    of = [next(line for line in one.headlines if "in the table" in line) for one in (whole, made)]
    assert of[0] == of[1]
    assert f"({M:,} in the table" in of[0]
    page = (tmp_path / "blocks" / "report.html").read_text(encoding="utf-8")
    rows = whole.estimates
    abundance = rows[(rows["model"] == "abundance") & rows["p"].notna()]
    assert f"{(abundance['q'] < 0.05).sum()} of {len(abundance):,} tested" in page.replace("\u202f", ",")
    strongest = abundance.sort_values(["q", "p"], kind="stable")["feature"].iloc[0]
    assert strongest in set(made.estimates["feature"])


def test_counts_of_a_withheld_comparison_are_withheld(tmp_path, monkeypatch):
    study = _study(tmp_path, "parquet")
    _large(monkeypatch)
    declared = read_study(study)
    loaded, _ = load_with_reads(declared, study.parent, None)
    made = without_p(answer(loaded, Step(declared.questions["als"], "genes")).answer, "one_cage", "a reason")
    counted = made.estimates[made.estimates["model"] == "features, counted"]
    assert counted.loc[counted["measure"] == "table", "effect"].eq(M).all()
    assert counted.loc[counted["measure"] != "table", "effect"].isna().all()


def test_microbes_beside_molecules_are_left_out_where_the_microbes_are_not_in_memory(tmp_path, monkeypatch):
    study = simulation.cohort(tmp_path / "study", seed=1, households=10, species=30, molecules=12)
    text = study.read_text(encoding="utf-8")
    assert 'producers = { taxa = "species"' in text
    study.write_text(re.sub(r"(?m)^tree = .*$", "", text), encoding="utf-8")
    monkeypatch.setenv("COMMENSAL_TABLE_LIMIT", "1000")
    declared = read_study(study)
    loaded, reads = load_with_reads(declared, study.parent, None)
    assert loaded.assays["species"].stored is not None
    small = replace(loaded, assays={name: one for name, one in loaded.assays.items() if one.stored is None})
    for given in (loaded, small):  # as shuffles and as workers have it
        made = answer(given, Step(declared.questions["patients"], "serum"))
        assert made.error is None
        assert (made.answer.estimates["model"] == "abundance").any()
        assert not (made.answer.estimates["model"] == "producer").any()
    told = next(one for one in reads.findings if one.code == "large_table" and one.assay == "species")
    assert "microbes beside molecules" in told.message


def test_cells_outside_of_the_excerpt_are_part_of_what_shuffles_are_kept_by(tmp_path, monkeypatch):
    study = _study(tmp_path, "parquet")
    _large(monkeypatch)
    frame = pd.read_parquet(tmp_path / "g.parquet")
    keys = []
    for turn in range(3):
        if turn == 2:
            frame.loc[[1, 2], frame.columns[1:]] = frame.loc[[2, 1], frame.columns[1:]].to_numpy()
            frame.to_parquet(tmp_path / "g.parquet", row_group_size=100)
        loaded, _ = load_with_reads(read_study(study), tmp_path, None)
        assert not {"G00001", "G00002"} & set(loaded.assays["genes"].features.index)
        keys.append(study_key(loaded, Family(strains=(), molecules=(), outcomes=()), ()))
    assert keys[0] == keys[1] != keys[2]


def test_a_table_of_which_nothing_can_be_tested_says_how_many_features_it_has():
    from commensal.page import headlines
    from commensal.study import Study
    from commensal.tables import estimates

    own = {"question": "als", "kind": "cohort", "contrast": "arm", "assay": "genes", "term": "overall"}
    rows = [own | {"feature": f"G{i}", "model": "abundance", "effect": 0.1, "status": "too_few"} for i in range(5)]
    counted = {"feature": "(all)", "model": "features, counted", "label": "abundance", "status": "ok"}
    rows += [own | counted | {"measure": name, "effect": n} for name, n in (("table", 900.0), ("tested", 0.0))]
    study = Study(Path("study.toml"), "s")
    assert any("(900 in the table: of some too few samples" in one for one in headlines(estimates(rows), study))
    assert any("(5 in the table: too few samples" in one for one in headlines(estimates(rows[:5]), study))
