"""The example studies of arms, where the real data are: what they find, and the limits that they must carry."""

from pathlib import Path

import pandas as pd
import pytest

from commensal import run
from commensal.pipeline.check import check

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.mark.parametrize(
    "name", ["jenior2018/study", "jenior2018/infection", "jenior2018/mediators", "lgg_probiotic2013/study"]
)
def test_the_design_of_an_example_has_no_error(data, name):
    findings = check(EXAMPLES / f"{name}.toml", data=data / name.partition("/")[0])
    assert [finding.code for finding in findings if finding.severity == "error"] == []


@pytest.fixture(scope="module")
def answered(data, tmp_path_factory):
    def of(name: str) -> tuple[pd.DataFrame, str]:
        out = tmp_path_factory.mktemp("out")
        result = run(EXAMPLES / f"{name}.toml", out, data=data / name.partition("/")[0])
        return result.estimates, result.report.read_text(encoding="utf-8")

    return of


def test_antibiotics_leave_a_fifth_of_the_taxa_and_the_two_untreated_cages_are_said(answered):
    rows, page = answered("jenior2018/study")
    richness = rows[(rows["measure"] == "richness") & (rows["status"] == "ok")].set_index("term")
    assert set(richness.index) == {"cefoperazone", "clindamycin", "streptomycin"}
    assert (richness["high"] < -50).all()
    assert richness["note"].str.contains("only 2 cages in untreated: the cage is the unit").all()
    assert (richness["n_blocks"] == 5).all()
    load = rows[rows["measure"] == "load"]
    assert set(load["status"]) == {"not_measured"}
    taxa = rows[(rows["assay"] == "otus") & (rows["model"] == "abundance") & rows["p"].notna()]
    assert taxa["note"].str.contains("relative to the rest").all()
    assert "only 2 cages in untreated" in page or "Only 2 cages in untreated" in page


def test_c_difficile_grows_after_antibiotics_and_in_germ_free_mice_only(answered):
    rows, _ = answered("jenior2018/infection")
    verdicts = rows[(rows["model"] == "verdict") & (rows["measure"] == "cfu_vegetative")]
    assert len(verdicts) == 4
    assert verdicts["note"].str.startswith("harms").all()
    assert verdicts["effect"].between(5, 7).all()
    # 15 cages in 5 arms.
    assert set(verdicts["df"]) == {10}


def test_the_probiotic_is_found_in_those_who_took_it(answered):
    rows, _ = answered("lgg_probiotic2013/study")
    changed = rows[rows["model"] == "change, adjusted for baseline"]
    found = changed[changed["q"] < 0.05]
    assert found["feature"].tolist() == ["Lactobacillus plantarum et rel."]
    assert (found["effect"] > 0).all()
    # 22 people, two sides and one baseline.
    assert set(changed.loc[changed["status"] == "ok", "df"]) == {19}


def test_the_molecule_that_only_c_difficile_makes_is_ranked_first(answered):
    """5-aminovalerate is what it makes of proline; nicotinamide's own direction is told in every arm."""
    rows, page = answered("jenior2018/mediators")
    own = rows[rows["model"] == "candidate"]
    first = own.iloc[0]
    assert first["label"] == "5-aminovalerate"
    assert first["measure"] == "falls and rises"
    assert first["q"] < 0.01
    assert first["note"].count("against untreated") == 4
    proline = own[(own["label"] == "proline") & (own["measure"] == "rises and falls")].iloc[0]
    assert proline["statistic"] <= 15
    arms = rows[(rows["model"] == "abundance") & (rows["label"] == "nicotinamide")].set_index("term")["effect"]
    assert (arms[["cefoperazone", "clindamycin", "streptomycin"]] < -1).all()
    assert arms["germ-free"] > 0 > arms["C. difficile 630"]
    assert "Ranks" in page
