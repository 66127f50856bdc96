"""The real studies' metadata joined as their study files declare; counts from the papers' tables (see data README)."""

from __future__ import annotations

import fnmatch
from pathlib import Path

import pandas as pd
import pytest

from commensal.errors import TableError
from commensal.study import AssayTable, assemble, blocks, covariates, parse_study, read_study, sample_frame, sides

pytestmark = pytest.mark.real
EXAMPLES = Path(__file__).parents[2] / "examples"


def strings(path: Path) -> pd.DataFrame:
    table = pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False)
    table.attrs["file"] = path.name
    return table


def loaded(data: Path, name: str):
    study = read_study(EXAMPLES / name / "study.toml")
    assays = {}
    for assay in study.assays.values():
        table = pd.read_csv(data / name / assay.file, sep="\t", index_col=0)
        features = pd.DataFrame({"label": table.columns}, index=table.columns)
        assays[assay.name] = AssayTable(assay, tuple(table.index), features, table.to_numpy(float))
    return assemble(study, {"samples": strings(data / name / "metadata.tsv.gz")}, assays)


def test_jacobs2016_is_90_people_of_21_families(data):
    study = loaded(data, "jacobs2016")
    for assay in ("taxa", "metabolome"):
        both = sides(study, "ibd", assay)
        assert (len(both.samples), both.case.sum(), (~both.case).sum()) == (90, 36, 54)
        assert both.dropped == ()
    units = blocks(study, study.declared.questions["families"], both.samples)
    assert units.names == ("family",)
    assert len(set(units.labels[0])) == 21
    assert study.samples["relation"].value_counts().to_dict() == {
        "sibling": 27,
        "mother": 21,
        "father": 21,
        "proband": 21,
    }
    assert set(study.samples["specimen"]) == {"stool"}


def test_jacobs2016_has_no_age_for_any_parent(data):
    study = loaded(data, "jacobs2016")
    samples = tuple(study.samples.index)
    got = covariates(study, samples, ("age", "sex"))
    assert got.complete.sum() == 48
    parents = study.samples["relation"].isin(["mother", "father"])
    assert set(got.missing["age"]) == set(study.samples.index[parents])
    assert got.columns == ("age", "sex=Male")


def test_kostic2015_is_103_samples_of_19_infants(data):
    study = loaded(data, "kostic2015")
    both = sides(study, "seroconverters", "metabolome")
    assert (len(both.samples), both.case.sum()) == (103, 66)
    units = blocks(study, study.declared.questions["infants"], both.samples)
    assert units.names == ("subject",)
    assert len(set(units.labels[0])) == 19
    # The label is a column of the infants: 11 seroconvert, 8 do not.
    assert study.subjects["group"].value_counts().to_dict() == {"seroconverter": 11, "other": 8}
    assert "age" not in study.subjects.columns
    assert covariates(study, both.samples, ("age",)).complete.all()


def test_kostic2015_exclude_names_the_six_internal_standards(data):
    study = read_study(EXAMPLES / "kostic2015" / "study.toml")
    columns = pd.read_csv(data / "kostic2015" / "mtb.tsv.gz", sep="\t", nrows=0).columns
    caught = [
        name for name in columns for pattern in study.assays["metabolome"].exclude if fnmatch.fnmatchcase(name, pattern)
    ]
    assert sorted(caught) == [
        "PGE2-d4 (IS)",
        "glycocholate-d4 (IS)",
        "inosine-15N4 (IS)",
        "phenylalanine-d8 (IS)",
        "thymine-d4 (IS)",
        "valine-d8 (IS)",
    ]


JENIOR = """
[study]
name = "jenior2018"
[tables.samples]
file = "metadata.tsv"
columns = { sample = "name", arm = "abx" }
[variables.cage]
nested_in = ["arm", "infection"]
[assays.taxa]
kind = "taxa"
file = "otus.shared.gz"
value = "counts"
[contrasts.clindamycin]
column = "arm"
case = "clindamycin"
control = "none"
"""


def test_jenior2018_has_27_cages_behind_six_labels(data):
    samples = sample_frame(parse_study(JENIOR), {"samples": strings(data / "jenior2018" / "metadata.tsv")})
    assert len(samples) == 84
    assert samples["cage"].nunique() == 27
    assert "cefoperazone / 630 / 1" in set(samples["cage"])
    # "none" is an arm, not a missing value.
    assert (samples["arm"] == "none").sum() == 12


def test_jenior2018_wetlab_ids_are_never_matched_to_the_metadata(data):
    text = (
        JENIOR
        + '[tables.subjects]\nfile = "wetlab_assays.tsv"\ncolumns = { subject = "mouse_id", titre = "toxin_titer" }\n'
    )
    wetlab = strings(data / "jenior2018" / "wetlab_assays.tsv")
    frames = {"samples": strings(data / "jenior2018" / "metadata.tsv"), "subjects": wetlab}
    with pytest.raises(TableError, match="matched exactly") as caught:
        sample_frame(parse_study(text), frames)
    assert "subjects of the samples table: CefC1M1" in caught.value.found
    assert "conv_C1M1" in caught.value.found


def test_pd_mouse2016_reads_with_and_without_its_types_row(data):
    text = """
[study]
name = "pd_mouse2016"
[tables.samples]
file = "metadata.tsv"
columns = { sample = "sample_name", subject = "mouse_id", cage = "cage_id", time = "days_post_transplant" }
[assays.taxa]
kind = "taxa"
file = "dada2_table.qza"
value = "counts"
[contrasts.donor]
column = "donor_status"
case = "PD"
control = "Healthy"
"""
    table = strings(data / "pd_mouse2016" / "metadata.tsv")
    types = table.iloc[0].to_dict()
    body = table.iloc[1:].reset_index(drop=True)
    body.attrs = {"file": "metadata.tsv", "lines": range(3, 3 + len(body)), "q2_types": types}
    samples = sample_frame(parse_study(text), {"samples": body})
    assert samples["subject"].nunique() == 12
    assert samples["cage"].nunique() == 6
    assert sorted(samples["time"].unique()) == [7, 14, 21, 49]
    assert samples["donor"].value_counts().to_dict() == {"hc_1": 24, "pd_1": 24}
