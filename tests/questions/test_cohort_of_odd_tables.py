"""Cohort questions on tables that are legal and odd: perfect separation, logarithms, gaps, empty sides."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats as scipy_stats

from commensal.errors import DesignError
from commensal.questions import QUESTIONS
from commensal.study import (
    Assay,
    AssayTable,
    Contrast,
    LoadedStudy,
    Match,
    Question,
    Study,
    Variable,
)

CASE = np.arange(20) % 2 == 0


def counts(n: int = 20, m: int = 12, mean: float = 40) -> np.ndarray:
    return np.random.default_rng(7).poisson(mean, (n, m)).astype(float)


def answered(
    tmp_path,
    values: np.ndarray,
    case: np.ndarray = CASE,
    *,
    value: str = "counts",
    household: list[str] | None = None,
    age: list[float] | None = None,
) -> pd.DataFrame:
    samples = [f"S{index:02d}" for index in range(len(case))]
    question = Question(
        "patients",
        "cohort",
        "sick",
        block=("household",) if household else (),
        covariates=("age",) if age else (),
        permutations=99,
    )
    assay = Assay("table", "taxa", file="t.tsv", value=value, specimen="stool")
    declared = Study(
        path=tmp_path / "study.toml",
        name="made",
        variables={"age": Variable("age", "number")} if age else {},
        assays={"table": assay},
        contrasts={"sick": Contrast("sick", "disease", ("yes",), ("no",))},
        questions={"patients": question},
    )
    frame = pd.DataFrame(
        {
            "subject": pd.array(samples, dtype="string"),
            "specimen": pd.array(["stool"] * len(samples), dtype="string"),
            "role": pd.array(["sample"] * len(samples), dtype="string"),
            "disease": pd.array(np.where(case, "yes", "no"), dtype="string"),
        },
        index=pd.Index(samples, name="sample"),
    )
    if household is not None:
        frame["household"] = pd.array(household, dtype="string")
    if age is not None:
        frame["age"] = age
    names = [f"taxon {index:02d}" for index in range(values.shape[1])]
    table = AssayTable(assay, tuple(samples), pd.DataFrame({"label": names}, index=names), values)
    loaded = LoadedStudy(declared, frame, {"table": table}, {"table": Match("table", tuple(samples), (), ())}, frame)
    return QUESTIONS["cohort"].answer(loaded, question, "table").estimates


def presence(frame: pd.DataFrame, term: str, feature: str = "taxon 00") -> pd.Series:
    rows = frame[(frame["model"] == "prevalence") & (frame["term"] == term) & (frame["feature"] == feature)]
    return rows.iloc[0]


def test_a_taxon_of_one_side_only_has_the_p_of_fishers_exact_test(tmp_path):
    case = np.arange(17) % 2 == 0
    values = counts(17)
    values[:, 0] = np.where(case, 9, 0)
    values[:, 1] = np.where(case, 0, 9)
    frame = answered(tmp_path, values, case)
    exact = scipy_stats.fisher_exact([[9, 0], [0, 8]]).pvalue
    first, second = presence(frame, "overall"), presence(frame, "overall", "taxon 01")
    assert (first["effect"], second["effect"]) == pytest.approx((1.0, -1.0))
    assert first["p"] == pytest.approx(exact) == pytest.approx(second["p"])
    assert first["status"] == "ok"
    assert not pd.isna(first["q"])
    assert pd.isna(first["low"])
    assert first["test"] == "t and permutation"


def test_in_households_separation_has_the_p_of_the_sign_test(tmp_path):
    household = [f"H{index // 2}" for index in range(20)]
    values = counts()
    values[:, 0] = np.where(CASE, 9, 0)
    frame = answered(tmp_path, values, household=household)
    within = presence(frame, "within")
    assert within["p"] == pytest.approx(scipy_stats.binomtest(10, 10).pvalue)
    between = presence(frame, "between")
    assert pd.isna(between["p"])


def test_the_perfect_taxon_ranks_before_the_imperfect_one(tmp_path):
    values = counts()
    values[:, 0] = np.where(CASE, 9, 0)
    values[:, 1] = np.where(CASE, 9, 0)
    values[1, 1] = 9
    frame = answered(tmp_path, values)
    perfect, imperfect = (presence(frame, "overall", name) for name in ("taxon 00", "taxon 01"))
    assert perfect["p"] < imperfect["p"]


def test_separation_with_a_covariate_is_judged_beside_it(tmp_path):
    values = counts()
    values[:, 0] = np.where(CASE, 9, 0)
    row = presence(answered(tmp_path, values, age=list(np.linspace(20, 60, 20))), "overall")
    assert row["status"] == "ok"
    assert row["effect"] == pytest.approx(1.0)
    assert row["p"] < 1e-3


def test_logarithms_of_taxa_are_taken_back_for_whole_communities(tmp_path):
    values = counts() + 1
    whole = answered(tmp_path, values, value="absolute")
    for value, logs in (("log2", np.log2(values / 1e4)), ("log10", np.log10(values)), ("ln", np.log(values))):
        frame = answered(tmp_path, logs, value=value)
        for model, measure in (("linear model", "shannon"), ("permanova", "bray_curtis"), ("permanova", "aitchison")):
            one, other = (
                rows[(rows["model"] == model) & (rows["measure"] == measure)].iloc[0] for rows in (whole, frame)
            )
            assert other["effect"] == pytest.approx(one["effect"], abs=1e-9)
            assert other["p"] == pytest.approx(one["p"])


def test_missing_counts_are_absent_from_communities_and_said(tmp_path):
    values = counts(mean=2)
    values[3, 2] = 0
    gaps = values.copy()
    gaps[3, 2] = np.nan
    zero, gap = answered(tmp_path, values), answered(tmp_path, gaps)
    for frame in (zero, gap):
        assert {"richness", "shannon", "bray_curtis", "aitchison"} <= set(frame["measure"].dropna())
    whole = [rows[rows["model"].isin(["linear model", "permanova"])] for rows in (zero, gap)]
    np.testing.assert_allclose(whole[0]["effect"], whole[1]["effect"])
    assert whole[1]["note"].str.contains("missing values of the table are taken as absent: 1").all()
    assert presence(gap, "overall", "taxon 02")["n"] == 19


def test_a_taxon_that_is_missing_everywhere_was_not_measured(tmp_path):
    values = counts()
    values[:, 0] = np.nan
    frame = answered(tmp_path, values)
    assert set(frame.loc[frame["feature"] == "taxon 00", "status"]) == {"not_measured"}


def test_a_side_without_anything_found_is_refused(tmp_path):
    values = counts()
    values[CASE] = 0
    with pytest.raises(DesignError, match="the case side is empty once samples in which nothing was found"):
        answered(tmp_path, values)


def test_too_few_samples_are_not_called_too_few_presences(tmp_path):
    frame = answered(tmp_path, counts(4), np.array([True, False, True, False]))
    assert set(frame.loc[frame["model"] == "prevalence", "status"]) == {"too_few"}
