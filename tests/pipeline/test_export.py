"""A study written for other programs comes back as it was: MuData, BIOM, text, R."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from commensal import export, io, load, simulation
from commensal.errors import UsageError
from commensal.study import read_study
from commensal.study.scverse import storable
from commensal.tables import estimates, points, write_estimates, write_points


@pytest.fixture(scope="module")
def study(tmp_path_factory) -> Path:
    return simulation.als(tmp_path_factory.mktemp("study"), seed=2, small=True)


@pytest.fixture(scope="module")
def results(study, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("results")
    loaded = load(study)
    ids = list(loaded.assays["people_serum"].features.index)
    rows = [
        {"question": "patients", "kind": "cohort", "contrast": "als", "assay": "people_serum", "feature": one,
         "model": "abundance", "term": "within", "effect": i / 4, "unit": "log2 fold change", "p": 0.5, "status": "ok"}
        for i, one in enumerate(ids[:5])
    ]  # fmt: skip
    write_estimates(estimates(rows), folder / "estimates.parquet")
    write_points(points(), folder / "points.parquet")
    return folder


@pytest.fixture(scope="module")
def exported(study, results, tmp_path_factory) -> Path:
    return export(study, tmp_path_factory.mktemp("out"), results=results).folder


def test_text_and_biom_read_back_as_the_same_tables(study, exported):
    loaded = load(study)
    declared = read_study(study)
    for name, table in loaded.assays.items():
        matched = list(loaded.matches[name].matched)
        for file in (f"{name}.tsv", f"{name}.biom"):
            if not (exported / file).is_file():
                continue
            from dataclasses import replace

            own = replace(declared.assays[name], file=file, features=type(declared.assays[name].features)(), tree=None,
                          format=None, orientation=None, exclude=(), zero="value")  # fmt: skip
            back = io.read_assay(own, exported, matched)
            order = [back.samples.index(one) for one in matched]
            at = [list(back.features.index).index(one) for one in table.features.index]
            rows = [list(table.samples).index(one) for one in matched]
            np.testing.assert_array_equal(back.values[np.ix_(order, at)], table.values[rows], err_msg=file)


def test_trees_are_written_as_newick(study, exported):
    from commensal.io.newick import check_tree

    tips = check_tree((exported / "mouse_taxa.nwk").read_text(), "mouse_taxa.nwk")
    assert set(tips) >= set(load(study).assays["mouse_taxa"].features.index)


def test_mudata_opens_with_mudata_alone_and_holds_everything(study, exported):
    code = (
        "import sys, warnings; warnings.simplefilter('ignore'); import mudata; m = mudata.read_h5mu(sys.argv[1]); "
        "assert 'commensal' not in sys.modules; own = m.uns['commensal']; "
        "print(sorted(m.mod)); print(m.obs.shape[0]); print(sorted(own)); "
        "print({k: v.shape for k, v in m['people_serum'].varm.items()}); "
        "print(m['people_serum'].varm['patients | als | abundance | within']['effect'].notna().sum()); "
        "print(own['estimates'].shape[0], 'reference' in own['study'])"
    )
    file = str(exported / "study.h5mu")
    done = subprocess.run([sys.executable, "-c", code, file], capture_output=True, text=True, check=True)
    lines = done.stdout.splitlines()
    loaded = load(study)
    assert lines[0] == str(sorted(loaded.assays))
    assert lines[2] == "['estimates', 'events', 'phenotypes', 'study', 'subjects']"
    assert "patients | als | abundance | within" in lines[3]
    assert lines[4:] == ["5", "5 True"]


def test_mudata_has_the_values_and_the_samples(study, exported):
    import mudata

    loaded = load(study)
    whole = io.to_mudata(loaded)
    table = loaded.assays["mouse_taxa"]
    rows = [table.samples.index(one) for one in whole["mouse_taxa"].obs_names]
    np.testing.assert_array_equal(np.asarray(whole["mouse_taxa"].X), table.values[rows])
    assert whole["mouse_taxa"].uns["value"] == table.assay.value
    assert list(whole.obs["arm"].astype("string").fillna("-")) == list(
        loaded.samples.loc[list(whole.obs_names), "arm"].astype("string").fillna("-")
    )
    assert isinstance(whole, mudata.MuData)


def test_plain_keeps_missing_values_and_tells_columns_apart():
    frame = pd.DataFrame({
        "a/b": pd.array(["x", None], dtype="string"),
        "a_b": pd.array([1, None], dtype="Int64"),
        "c": pd.array([True, None], dtype="boolean"),
    })  # fmt: skip
    made = storable(frame)
    assert list(made.columns) == ["a_b", "a_b_", "c"]
    assert made["a_b"].isna().tolist() == [False, True]
    assert made["a_b_"].isna().tolist() == [False, True]


def test_missing_values_keep_biom_away_and_it_is_said(tmp_path):
    folder = simulation.cohort(tmp_path / "s", seed=1).parent
    file = next(folder.glob("serum.tsv*"))
    table = pd.read_csv(file, sep="\t", index_col=0)
    table.loc[table.index[3], table.columns[-1]] = np.nan
    table.to_csv(file, sep="\t")
    done = export(folder / "study.toml", tmp_path / "o", formats=["biom"])
    assert "assay serum" in done.left_out[0]
    assert not (tmp_path / "o" / "serum.biom").exists()
    assert (tmp_path / "o" / "species.biom").is_file()


def test_unknown_formats_and_empty_results_are_named(study, tmp_path):
    with pytest.raises(UsageError, match="h5mu"):
        export(study, tmp_path, formats=["h5ad"])
    with pytest.raises(UsageError, match="holds no results"):
        export(study, tmp_path, results=tmp_path)


def test_a_study_of_reads_asks_for_the_run_that_profiled_them(tmp_path):
    study = simulation.als(tmp_path / "study", seed=1, small=True, reads=True, read_samples=1)
    with pytest.raises(UsageError, match="--results"):
        export(study, tmp_path / "out")


def _r_has(package: str) -> bool:
    if not shutil.which("Rscript"):
        return False
    asked = ["Rscript", "-e", f"quit(status = !requireNamespace('{package}', quietly = TRUE))"]
    return subprocess.run(asked, capture_output=True, check=False).returncode == 0


@pytest.mark.skipif(not shutil.which("Rscript"), reason="R is not installed here")
def test_the_loader_runs_in_r(exported):
    if not _r_has("phyloseq"):
        pytest.skip("R's phyloseq is not installed here (Debian: r-bioc-phyloseq)")
    code = (
        f"source('{exported}/load.R'); s <- commensal('{exported}'); cat(dim(s$tables$mouse_taxa), "
        "phyloseq::ntaxa(s$phyloseq$mouse_taxa), class(phyloseq::phy_tree(s$phyloseq$mouse_taxa)), nrow(s$estimates))"
    )
    done = subprocess.run(["Rscript", "-e", code], capture_output=True, text=True, check=True)
    taxa, samples, tips, kind, rows = done.stdout.split()
    assert taxa == tips
    assert int(samples) > 100
    assert (kind, rows) == ("phylo", "5")


@pytest.mark.filterwarnings("ignore")
def test_a_mudata_without_its_inner_writer_writes_the_same_tables(study, tmp_path, monkeypatch):
    import mudata
    import mudata._core.io as inner

    export(study, tmp_path / "memory", formats=["h5mu"])
    kept, writer = inner._write_h5mu, mudata.MuData.write_h5mu
    monkeypatch.delattr(inner, "_write_h5mu")

    def public(self, path):
        inner._write_h5mu = kept  # mudata itself needs it
        return writer(self, path)

    monkeypatch.setattr(mudata.MuData, "write_h5mu", public)
    export(study, tmp_path / "path", formats=["h5mu"])
    with mudata.set_options(pull_on_update=False):
        one, two = (mudata.read_h5mu(tmp_path / name / "study.h5mu") for name in ("memory", "path"))
    assert list(one.mod) == list(two.mod)
    for name in one.mod:
        pd.testing.assert_frame_equal(one[name].to_df(), two[name].to_df())
