"""What the linter must find by itself in four published studies."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from commensal.checks import check
from commensal.errors import CommensalError
from commensal.pipeline.load import load
from commensal.study import LoadedStudy
from commensal.tables import Finding

pytestmark = pytest.mark.real

JENIOR = """
[study]
name = "jenior2018"
[tables.samples]
file = "metadata.tsv"
columns = {{ sample = "name", sex = "gender" }}
{tables}
[variables.infection]
type = "category"
{variables}
[assays.caecum]
kind = "metabolites"
file = "scaled_intensities.tsv.gz"
value = "intensity"
features = {{ id = "BIOCHEMICAL", columns = ["SUPER_PATHWAY", "SUB_PATHWAY", "PUBCHEM", "KEGG"] }}
[contrasts.cefoperazone]
column = "abx"
case = "cefoperazone"
control = "none"
where = {{ infection = "mock" }}
[questions.molecules]
kind = "cohort"
contrast = "cefoperazone"
{question}
"""

SAMPSON = """
[study]
name = "pd_mouse2016"
[tables.samples]
file = "metadata.tsv"
columns = {{ sample = "sample_name", subject = "mouse_id" }}
[assays.taxa]
kind = "taxa"
file = "dada2_table.qza"
value = "counts"
[contrasts.donor]
column = "donor_status"
case = "PD"
control = "Healthy"
{where}
[questions.microbes]
kind = "cohort"
contrast = "donor"
{question}
"""

JACOBS = """
[study]
name = "jacobs2016"
[tables.samples]
file = "metadata.tsv.gz"
columns = {{ sample = "Sample", subject = "Subject", family = "Family_ID", disease = "Study.Group" }}
[variables.disease]
map = {{ CD = "IBD", UC = "IBD", Normal = "relative" }}
[assays.taxa]
kind = "taxa"
file = "genera.counts.tsv.gz"
value = "counts"
[contrasts.ibd]
column = "disease"
case = "IBD"
control = "relative"
[questions.families]
kind = "cohort"
contrast = "ibd"
{question}
"""

KOSTIC = """
[study]
name = "kostic2015"
[tables.samples]
file = "metadata.tsv.gz"
columns = {{ sample = "Sample", subject = "Subject", group = "Study.Group" }}
[assays.taxa]
kind = "taxa"
file = "genera.counts.tsv.gz"
value = "counts"
[contrasts.seroconverters]
column = "group"
case = "case"
control = "control"
[questions.infants]
kind = "cohort"
contrast = "seroconverters"
{question}
"""


@pytest.fixture
def read(data: Path, tmp_path: Path) -> Callable[..., LoadedStudy]:
    """Write a study file beside nothing and read it with a data set's folder."""

    def run(text: str, folder: str, **parts: str) -> LoadedStudy:
        keys = ("tables", "variables", "where", "question")
        file = tmp_path / "study.toml"
        file.write_text(text.format(**{key: parts.get(key, "") for key in keys}))
        return load(file, data / folder)

    return run


def by_code(loaded: LoadedStudy) -> dict[str, Finding]:
    found = check(loaded)
    assert len({finding.code for finding in found}) == len(found)
    return {finding.code: finding for finding in found}


def test_jenior_cages_labels_and_reachable_p_undeclared(read):
    found = by_code(read(JENIOR, "jenior2018"))
    reused = found["labels_reused"]
    assert reused.severity == "warning"
    # By hand from the files: 6 + 6 + 6 antibiotic, 2 untreated and 6 germ-free cages have a metabolome.
    assert reused.counts["labels"] == 6
    assert reused.counts["units"] == 26
    assert 'nested_in = ["abx", "infection"]' in reused.mend
    nested = found["nested_units"]
    assert nested.severity == "error"
    assert (nested.counts["units_case"], nested.counts["units_control"]) == (3, 2)
    assert (nested.counts["n_case"], nested.counts["n_control"]) == (9, 9)
    assert found["smallest_p"].counts["n_distinct"] == 10  # 5!/(2! 3!)
    assert found["smallest_p"].counts["smallest_p"] == pytest.approx(0.1)
    assert found["smallest_p"].severity == "warning"
    assert "ConvC3M1, ConvC3M2, ConvC3M3" in found["samples_without_data"].message


def test_jenior_declared(read):
    found = by_code(
        read(
            JENIOR,
            "jenior2018",
            variables='[variables.cage]\nnested_in = ["abx", "infection"]',
            question='block = ["cage"]',
        )
    )
    assert found["labels_reused"].severity == "note"
    assert found["labels_reused"].counts["units"] == 26
    assert found["nested_units"].severity == "note"
    assert found["smallest_p"].counts["smallest_p"] == pytest.approx(0.1)
    assert found["filled_minimum"].counts["share"] == pytest.approx(0.16, abs=0.005)
    assert {code for code, finding in found.items() if finding.severity != "note"} == {"smallest_p", "filled_minimum"}


def test_jenior_ids_of_the_wetlab_table_almost_match(read):
    tables = '[tables.phenotypes]\nfile = "wetlab_assays.tsv"\ncolumns = { subject = "mouse_id" }'
    with pytest.raises(CommensalError) as refused:
        read(JENIOR, "jenior2018", tables=tables)
    assert "conv_C1M1" in str(refused.value)
    assert "ConvC1M1" in str(refused.value)


def test_pd_mouse_one_donor_per_group(read):
    found = by_code(read(SAMPSON, "pd_mouse2016"))
    donor = found["one_unit_per_side"]
    assert donor.severity == "error"
    assert donor.message.startswith("1 donor per side")
    assert (donor.counts["units_case"], donor.counts["units_control"]) == (1, 1)
    assert found["nested_units"].counts["units"] == 6  # C31, C35, C42 against C43, C44, C49
    assert found["constant_within_subject"].counts["units"] == 12
    cages = by_code(read(SAMPSON, "pd_mouse2016", question='block = ["cage_id"]'))
    assert cages["several_block_levels"].severity == "error"
    day = by_code(
        read(
            SAMPSON,
            "pd_mouse2016",
            question='block = ["cage_id"]',
            where="where = { days_post_transplant = { min = 49 } }",
        )
    )
    assert {code for code, finding in day.items() if finding.severity == "error"} == {"one_unit_per_side"}


def test_jacobs_age_of_every_parent_is_missing(read):
    found = by_code(read(JACOBS, "jacobs2016", question='block = ["family"]'))
    age = found["covariate_missing_for_class"]
    assert age.severity == "warning"
    assert "Pedigree Dad, Father, Mom, Mother (42 samples)" in age.message
    assert age.counts["missing"] == age.counts["missing_in_class"] == 42
    assert age.counts["complete"] == 48
    assert (age.counts["complete_case"], age.counts["complete_control"]) == (27, 21)
    shallow = found["shallow_samples"]
    assert (shallow.counts["least"], shallow.counts["next"]) == (16835, 421705)
    assert {code for code, finding in found.items() if finding.severity != "note"} == {
        "covariate_missing_for_class",
        "shallow_samples",
    }


def test_jacobs_families_left_out_of_the_block(read):
    finding = by_code(read(JACOBS, "jacobs2016"))["unit_not_in_block"]
    assert finding.counts["units"] == finding.counts["units_both"] == 21
    assert "90 samples" in finding.message


def test_kostic_label_never_varies_within_an_infant(read):
    finding = by_code(read(KOSTIC, "kostic2015"))["constant_within_subject"]
    assert finding.counts == {"units": 19, "samples": 103, "units_case": 11, "units_control": 8}
    assert "19 subjects, not 103 samples" in finding.message


def test_kostic_has_nothing_worth_a_warning(read):
    found = check(read(KOSTIC, "kostic2015", question='block = ["subject"]'))
    assert {finding.severity for finding in found} == {"note"}
