"""A study in a notebook: read, looked at, run, and shown without a name becoming markup."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest

import commensal
from commensal import simulation
from commensal.errors import UsageError
from commensal.tables import Finding, Findings

HOSTILE = "<img src=x onerror=alert(1)>\x1b[31m\u202e&\"'"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("notebook")
    simulation.cohort(path / "study", seed=3, households=12, species=20, molecules=12)
    file = path / "study" / "study.toml"  # one assay is asked of: these tests are of what is shown
    text = file.read_text()
    asked = '[questions.patients]\nkind = "cohort"\ncontrast = "als_vs_household"\n'
    asked += 'assays = ["serum"]\nblock = ["household"]\n'
    file.write_text(text[: text.index("[questions.")] + asked)
    return path


@pytest.fixture(scope="module")
def study(folder):
    return commensal.read_study(folder / "study" / "study.toml")


@pytest.fixture(scope="module")
def result(folder):
    """Of a study that was read with its data in another folder."""
    alone = folder / "alone" / "study.toml"
    alone.parent.mkdir()
    alone.write_bytes((folder / "study" / "study.toml").read_bytes())
    return commensal.run(commensal.read_study(alone, folder / "study"), out=folder / "out", only=["patients"])


class Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags: set[str] = set()

    def handle_starttag(self, tag, attrs):
        assert not attrs, (tag, attrs)
        self.tags.add(tag)


def tags(html: str) -> set[str]:
    parser = Tags()
    parser.feed(html)
    return parser.tags


OURS = {"p", "strong", "table", "thead", "tbody", "tr", "th", "td", "ul", "li", "code", "caption"}


def test_an_assay_is_its_values_features_and_metadata_in_one_order(study):
    serum = study.assays["serum"]
    frame = serum.to_frame()
    assert frame.shape == serum.values.shape == (len(serum.samples), len(serum.features))
    assert serum.metadata.index.tolist() == [one for one in serum.samples if one in study.samples.index]
    pd.testing.assert_frame_equal(serum.metadata, study.samples.loc[serum.metadata.index])
    made = serum.to_anndata()
    assert made.obs_names.tolist() == serum.metadata.index.tolist()
    for sample, feature in [(made.obs_names[2], made.var_names[3]), (made.obs_names[-1], made.var_names[-1])]:
        here = made[sample, feature].X.item()
        assert here == frame.loc[sample, feature] or (np.isnan(here) and np.isnan(frame.loc[sample, feature]))
    assert made.uns["value"] == "intensity"


def test_anndata_of_an_assay_is_read_back_by_our_own_reader(study, tmp_path):
    species = study.assays["species"].to_anndata()
    species.write_h5ad(tmp_path / "species.h5ad")
    species_of = study.assays["species"].metadata.reset_index()
    species_of.to_csv(tmp_path / "samples.tsv", sep="\t", index=False)
    (tmp_path / "study.toml").write_text(
        '[study]\nname = "x"\n[tables.samples]\nfile = "samples.tsv"\n'
        '[assays.species]\nkind = "taxa"\nfile = "species.h5ad"\nvalue = "counts"\n'
        '[contrasts.als]\ncolumn = "disease"\ncase = "ALS"\ncontrol = "household member"\n'
    )
    again = commensal.read_study(tmp_path / "study.toml").assays["species"]
    np.testing.assert_array_equal(again.to_frame().loc[species.obs_names].to_numpy(), species.X)


def test_an_assay_that_is_not_there_is_told_with_those_that_are(study):
    with pytest.raises(KeyError, match=r"serum.*csf"):
        study.assays["serun"]
    assert "serun" not in study.assays
    assert study.assays.get("serun") is None


def test_questions_are_those_of_the_file(study):
    assert study.questions["patients"].kind == "cohort"
    assert "question patients" in repr(study)
    assert "71" not in repr(study).splitlines()[0]
    assert f"{len(study.samples):,} samples" in repr(study)


def test_a_run_of_a_study_that_was_read_is_the_run_of_its_file(folder, result):
    other = commensal.run(folder / "study" / "study.toml", out=folder / "other", only=["patients"])
    pd.testing.assert_frame_equal(result.estimates, other.estimates)
    pd.testing.assert_frame_equal(result.points, other.points)


def test_a_study_changed_in_memory_is_refused_not_run_as_its_file(folder, tmp_path):
    study = commensal.read_study(folder / "study" / "study.toml")
    for changed in (
        replace(study, samples=study.samples.iloc[1:]),
        replace(study, declared=replace(study.declared, name="other")),
    ):
        with pytest.raises(UsageError, match="changed in memory"):
            commensal.run(changed, out=tmp_path / "out")
    study.assays["serum"].values[0, 0] += 1
    with pytest.raises(UsageError, match="changed in memory"):
        commensal.run(study, out=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_second_folder_or_an_unknown_one_is_refused(study, tmp_path):
    with pytest.raises(UsageError, match="folder already"):
        commensal.run(study, tmp_path / "out", tmp_path)
    with pytest.raises(UsageError, match="which files"):
        commensal.run(replace(study, root=None), tmp_path / "out")


def test_a_table_without_metadata_has_no_anndata(study):
    with pytest.raises(UsageError, match="read_study"):
        replace(study.assays["serum"], metadata=None).to_anndata()


def test_a_result_shows_its_headlines_and_parts(result):
    told = repr(result)
    assert f"{len(result.estimates):,} one row" in told
    assert "report.html" in told
    assert tags(result._repr_html_()) <= OURS
    findings = result.findings.table()
    assert len(findings) == len(result.findings) > 0
    assert findings["code"].tolist() == [one.code for one in result.findings]
    assert isinstance(result.findings, tuple)


def test_names_never_become_markup_or_control_the_terminal(study, result):
    table = study.assays["serum"]
    features = table.features.copy()
    features["label"] = HOSTILE
    metadata = table.metadata.rename(columns={"specimen": HOSTILE})
    assay = replace(
        table, features=features, metadata=metadata, samples=(HOSTILE, *table.samples[1:]),
        assay=replace(table.assay, name=HOSTILE, unit=HOSTILE),
    )  # fmt: skip
    named = replace(
        study,
        declared=replace(study.declared, title=HOSTILE, questions={HOSTILE: study.questions["patients"]}),
        assays={HOSTILE: assay},
        matches={HOSTILE: study.matches["serum"]},
    )
    bad = replace(result, headlines=(HOSTILE,), findings=Findings([Finding("x", "note", HOSTILE, HOSTILE, HOSTILE)]))
    for one in (assay, named, bad):
        assert tags(one._repr_html_()) <= OURS
        for told in (repr(one), one._repr_html_()):
            assert "\x1b" not in told
            assert "\u202e" not in told
    html = bad.findings._repr_html_()
    assert "<img" not in html
    assert re.search("&lt;img", html)


def test_a_study_without_samples_in_an_assay_can_be_shown(study):
    empty = replace(study.assays["serum"], values=np.empty((0, 12)), samples=(), metadata=None)
    assert "0 samples" in repr(empty)
    assert "0 samples" in empty._repr_html_()
