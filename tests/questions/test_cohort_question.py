"""The cohort question on small studies made by hand: contract, hand-computed effects, invariances, planted truth."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import false_discovery_control, ttest_ind

from commensal.errors import DesignError
from commensal.questions import QUESTIONS
from commensal.questions.comparison import compare
from commensal.questions.features import feature_rows
from commensal.questions.scales import scales
from commensal.study import Assay, AssayTable, Contrast, LoadedStudy, Match, Question, Study, Variable
from commensal.tables import ALL, ESTIMATE_COLUMNS, WITH_P

FEATURES = 40


def counts(n: int, seed: int, features: int = FEATURES) -> np.ndarray:
    rng = np.random.default_rng(seed)
    logs = rng.normal(5, 1.5, features) + rng.normal(0, 1, (n, features))
    return np.where(rng.random((n, features)) < 0.8, rng.poisson(np.exp(logs)) + 1.0, 0.0)


def loaded(
    values: np.ndarray,
    case: np.ndarray,
    *,
    household: list[str] | None = None,
    sex: list[str] | None = None,
    block: tuple[str, ...] = (),
    covariates: tuple[str, ...] = (),
    kind: str = "taxa",
    value: str = "counts",
    zero: str = "value",
    family: tuple[str, ...] | None = None,
) -> LoadedStudy:
    samples = [f"S{index:02d}" for index in range(len(case))]
    question = Question("patients", "cohort", "sick", block=block, covariates=covariates, permutations=199)
    if family is not None:
        question = replace(question, family=family)
    assay = Assay("table", kind, file="t.tsv", value=value, specimen="stool", zero=zero)
    declared = Study(
        path=Path("study.toml"),
        name="made",
        variables={"sex": Variable("sex", "category", reference="F")},
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
    if sex is not None:
        frame["sex"] = pd.array(sex, dtype="string")
    names = [f"taxon {index:02d}" for index in range(values.shape[1])]
    table = AssayTable(assay, tuple(samples), pd.DataFrame({"label": names}, index=names), values)
    return LoadedStudy(declared, frame, {"table": table}, {"table": Match("table", tuple(samples), (), ())}, frame)


def answered(study: LoadedStudy) -> pd.DataFrame:
    return QUESTIONS["cohort"].answer(study, study.declared.questions["patients"], "table").estimates


def features(frame: pd.DataFrame, model: str, term: str) -> pd.DataFrame:
    chosen = frame[(frame["model"] == model) & (frame["term"] == term)]
    return chosen.set_index("feature")


CASE = np.arange(30) % 2 == 0
HOUSEHOLD = [f"H{index // 2}" for index in range(30)]


def test_rows_follow_the_contract_and_no_feature_is_lost():
    frame = answered(loaded(counts(30, 1), CASE, household=HOUSEHOLD, block=("household",)))
    assert list(frame.columns) == list(ESTIMATE_COLUMNS)
    per = frame[frame["feature"].str.startswith("taxon")].groupby(["model", "term"]).size()
    assert per.to_dict() == {
        (model, term): FEATURES for model in ("abundance", "prevalence", "joint") for term in ("within", "between")
    }
    assert (frame["p"].notna() <= frame["status"].isin(WITH_P)).all()
    assert frame["status"].notna().all()
    assert (frame.loc[frame["p"].notna(), ["family", "q"]].notna()).all(axis=None)
    assert not np.isinf(frame.select_dtypes("float64").to_numpy()).any()


def test_without_block_the_effect_is_the_difference_of_mean_logs_less_the_median_difference():
    values = counts(30, 2)
    answer = answered(loaded(values, CASE))
    frame = features(answer, "abundance", "overall")
    share = values / values.sum(axis=1, keepdims=True)
    logs = np.log2(np.where(share > 0, share, np.nan))
    by_hand = np.nanmean(logs[CASE], axis=0) - np.nanmean(logs[~CASE], axis=0)
    np.testing.assert_allclose(frame["effect"], by_hand - np.median(by_hand), rtol=1e-10)
    pooled = [
        ttest_ind(logs[CASE, j][~np.isnan(logs[CASE, j])], logs[~CASE, j][~np.isnan(logs[~CASE, j])])
        for j in range(FEATURES)
    ]
    se = np.array([abs(difference / test.statistic) for difference, test in zip(by_hand, pooled, strict=True)])
    reference = answer.query("model == 'reference frame'")["se"].iloc[0]
    assert 0 < reference < se.min() / 2
    np.testing.assert_allclose(frame["se"], np.hypot(se, reference), rtol=1e-8)
    np.testing.assert_allclose(frame["df"], [test.df for test in pooled])


def test_presence_is_the_difference_of_shares():
    values = counts(30, 3)
    values *= 10_000 / values.sum(axis=1, keepdims=True)  # even depth: the depth covariate has nothing to explain
    values = np.where(values > 0, np.maximum(np.round(values), 1), 0)
    study = loaded(values, CASE, value="absolute")
    frame = features(answered(study), "prevalence", "overall")
    tested = frame["status"] == "ok"
    by_hand = (values[CASE] > 0).mean(axis=0) - (values[~CASE] > 0).mean(axis=0)
    assert tested.sum() > 20
    np.testing.assert_allclose(frame.loc[tested, "effect"], by_hand[tested], atol=1e-12)


def test_households_pair_people():
    """With one pair per household and every taxon present, the within effect is the mean paired difference."""
    rng = np.random.default_rng(4)
    values = np.exp2(rng.normal(5, 1, (15, 12))).repeat(2, axis=0) * np.exp2(rng.normal(0, 0.3, (30, 12)))
    study = loaded(values, CASE, household=HOUSEHOLD, block=("household",), kind="metabolites", value="concentration")
    frame = features(answered(study), "abundance", "within")
    difference = np.log2(values[::2]) - np.log2(values[1::2])
    np.testing.assert_allclose(frame["effect"], difference.mean(axis=0), rtol=1e-7)
    interior = frame["status"] == "ok"
    assert interior.sum() >= 10
    se = difference.std(axis=0, ddof=1) / np.sqrt(15)
    np.testing.assert_allclose(frame["se"][interior], se[interior], rtol=1e-5)
    np.testing.assert_allclose(frame["df"][interior], 14, rtol=1e-5)


def test_a_bloom_does_not_move_the_others():
    """One taxon takes three quarters of every patient: the others' shares fall fourfold, their estimates stay."""
    values = 4 * counts(30, 5)
    others = values[:, 1:].sum(axis=1)
    values[:, 0] = others / 4
    quiet = features(answered(loaded(values, CASE)), "abundance", "overall")
    values[CASE, 0] = others[CASE] * 3
    answer = answered(loaded(values, CASE))
    loud = features(answer, "abundance", "overall")
    moved = (loud["effect"] - quiet["effect"]).iloc[1:]
    assert np.ptp(moved) < 1e-9  # the median itself may pass to a neighbouring taxon: one shift for all
    assert moved.abs().max() < 0.2
    assert loud["effect"].iloc[0] - quiet["effect"].iloc[0] == pytest.approx(np.log2(3 * 4), abs=0.2)
    reference = answer.query("model == 'reference frame'")["effect"].iloc[0]
    assert reference == pytest.approx(np.log2(1.25 / 4), abs=0.4)  # what the others would have seemed to fall


def test_depth_does_not_matter_to_abundance():
    values = counts(30, 6)
    deep = values * np.where(CASE, 7, 1)[:, None]
    one = features(answered(loaded(values, CASE)), "abundance", "overall")
    two = features(answered(loaded(deep, CASE)), "abundance", "overall")
    pd.testing.assert_frame_equal(one.drop(columns="q"), two.drop(columns="q"), rtol=1e-9)


def test_sample_order_does_not_matter():
    values = counts(30, 7)
    order = np.random.default_rng(1).permutation(30)
    straight = loaded(values, CASE, household=HOUSEHOLD, block=("household",))
    moved = loaded(values[order], CASE[order], household=[HOUSEHOLD[i] for i in order], block=("household",))
    columns = ["effect", "se", "p", "q"]
    one = answered(straight).query("model in ['abundance', 'prevalence', 'linear mixed model']")[columns]
    two = answered(moved).query("model in ['abundance', 'prevalence', 'linear mixed model']")[columns]
    pd.testing.assert_frame_equal(one, two, rtol=1e-6, atol=1e-12)


def test_q_is_benjamini_hochberg_over_both_models_of_a_term():
    frame = answered(loaded(counts(30, 8), CASE, household=HOUSEHOLD, block=("household",)))
    rows = frame[frame["feature"].str.startswith("taxon") & (frame["term"] == "within") & frame["p"].notna()]
    joint = rows["model"] == "joint"
    assert rows.groupby(joint)["family"].nunique().tolist() == [1, 1]
    assert rows.loc[joint, "family"].iloc[0] == rows.loc[~joint, "family"].iloc[0] + ", joint"
    np.testing.assert_allclose(rows.loc[joint, "q"], false_discovery_control(rows.loc[joint, "p"]), rtol=1e-12)
    rows = rows[~joint]
    assert set(rows["model"]) == {"abundance", "prevalence"}
    np.testing.assert_allclose(rows["q"], false_discovery_control(rows["p"].to_numpy()), rtol=1e-12)


def test_a_declared_family_is_kept():
    keys = ("question", "contrast", "assay", "specimen", "term", "model")
    frame = answered(loaded(counts(30, 8), CASE, family=keys))
    rows = frame[frame["feature"].str.startswith("taxon") & frame["p"].notna()]
    assert rows["family"].nunique() == 3


def test_statuses_say_why_there_is_no_p():
    values = counts(30, 9)
    values[:, 0] = 0
    values[:, 1] = 0
    values[0, 1] = 5
    values[:, 2] = 0
    values[CASE, 2] = 9
    values[:, 3] = 4
    frame = answered(loaded(values, CASE))
    abundance, presence = (features(frame, model, "overall")["status"] for model in ("abundance", "prevalence"))
    assert abundance.iloc[:3].tolist() == ["all_zero", "below_prevalence", "too_few"]
    assert presence.iloc[:2].tolist() == ["all_zero", "below_prevalence"]
    assert presence.iloc[3] == "always_present"


def test_missing_molecules_are_neither_present_nor_absent():
    values = np.exp2(np.random.default_rng(1).normal(8, 1, (30, 3)))
    values[:5, 0] = np.nan
    values[5:12, 0] = 0
    study = loaded(values, CASE, kind="metabolites", value="intensity", zero="below_detection")
    frame = answered(study)
    assert features(frame, "abundance", "overall")["n"].iloc[0] == 18
    assert features(frame, "prevalence", "overall")["n"].iloc[0] == 25


def test_logs_are_tested_in_log2():
    values = np.random.default_rng(2).normal(3, 1, (30, 4))
    as_log10 = features(answered(loaded(values, CASE, kind="metabolites", value="log10")), "abundance", "overall")
    by_hand = (values[CASE].mean(axis=0) - values[~CASE].mean(axis=0)) * np.log2(10)
    np.testing.assert_allclose(as_log10["effect"], by_hand, rtol=1e-10)


def test_a_person_without_household_is_a_household_of_one():
    household = [*HOUSEHOLD[:-1], None]
    study = loaded(counts(30, 10), CASE, household=household, block=("household",))
    comparison = compare(study, study.declared.questions["patients"], "table")
    assert comparison.n_blocks == 16
    assert len(comparison.samples) == 30


def test_people_without_a_covariate_are_left_out_by_name():
    sex = ["F", "M", "M"] * 10
    sex[4] = None
    study = loaded(counts(30, 11), CASE, sex=sex, covariates=("sex",))
    answer = QUESTIONS["cohort"].answer(study, study.declared.questions["patients"], "table")
    assert ("S04", "covariate sex is missing") in [(item.name, item.reason) for item in answer.dropped]
    assert answer.estimates.query("measure == 'shannon'")["n"].iloc[0] == 29


def test_a_covariate_that_only_one_side_has_is_refused():
    sex = [("F" if case else None) for case in CASE]
    study = loaded(counts(30, 11), CASE, sex=sex, covariates=("sex",))
    with pytest.raises(DesignError, match="one side is empty"):
        answered(study)


def test_two_levels_of_blocks_are_refused_with_a_way_out():
    study = loaded(counts(30, 12), CASE, household=HOUSEHOLD, block=("household",))
    study.samples["subject"] = pd.array([f"P{index // 2}" for index in range(30)], dtype="string")
    with pytest.raises(DesignError, match="two nested levels"):
        answered(study)


def test_empty_samples_are_left_out_and_named():
    values = counts(30, 13)
    values[3] = 0
    answer = QUESTIONS["cohort"].answer(study := loaded(values, CASE), study.declared.questions["patients"], "table")
    assert ("S03", "nothing found in it") in [(item.name, item.reason) for item in answer.dropped]


def test_omnibus_rows_say_how_many_arrangements_there_are():
    frame = answered(loaded(counts(30, 14), CASE, household=HOUSEHOLD, block=("household",)))
    row = frame[(frame["model"] == "permanova") & (frame["term"] == "within")].iloc[0]
    assert row["feature"] == ALL
    assert "32,768 distinct arrangements" in row["note"]  # 2 ** 15 pairs
    assert row["n_permutations"] == 199
    assert row["unit"] == "share"


def test_points_hold_the_raw_values_of_the_top_features():
    study = loaded(values := counts(30, 15), CASE)
    answer = QUESTIONS["cohort"].answer(study, study.declared.questions["patients"], "table")
    drawn = answer.points.query("figure == 'values'")
    top = answer.estimates[answer.estimates["feature"].str.startswith("taxon")].sort_values("p")["feature"].iloc[0]
    one = drawn[drawn["feature"] == top]
    column = int(top.split()[1])
    np.testing.assert_allclose(one["y"], (values / values.sum(axis=1, keepdims=True))[:, column])
    assert one["side"].tolist() == np.where(CASE, "case", "control").tolist()


def test_scales_of_relative_and_counts_agree():
    values = counts(30, 16)
    relative = values / values.sum(axis=1, keepdims=True)
    one, two = loaded(values, CASE), loaded(relative, CASE, value="relative")
    for study in (one, two):
        comparison = compare(study, study.declared.questions["patients"], "table")
        rows = feature_rows(comparison, scales(comparison.assay, comparison.values))
        assert rows.query("model == 'reference frame'").shape[0] == 1
    one_rows, two_rows = (features(answered(study), "abundance", "overall").drop(columns="q") for study in (one, two))
    pd.testing.assert_frame_equal(one_rows, two_rows, rtol=1e-9)


def test_what_a_covariate_says_between_households_stays_between_them():
    """Two people a household; the molecule follows the households' mean age, and the patient is the older one."""
    rng = np.random.default_rng(17)
    old = 40 + 10 * rng.normal(size=15)
    sex = ["M" if flip else "F" for flip in rng.random(30) < 0.5]
    values = np.exp2(rng.normal(0, 0.3, (30, 200)) + 0.2 * old.repeat(2)[:, None])
    study = loaded(
        values,
        CASE,
        household=HOUSEHOLD,
        sex=sex,
        block=("household",),
        covariates=("age",),
        kind="metabolites",
        value="concentration",
    )
    study.samples["age"] = old.repeat(2) + 4 * CASE + rng.normal(0, 0.5, 30)
    study.declared.variables["age"] = Variable("age", "number")
    frame = features(answered(study), "abundance", "within")
    assert (frame["p"] <= 0.05).mean() < 0.12
    assert abs(frame["effect"].mean()) < 0.5


def test_a_comparison_within_too_few_households_has_no_p():
    household = ["A", "A", "B", "B", *(f"H{index}" for index in range(26))]
    frame = answered(loaded(counts(30, 18), CASE, household=household, block=("household",)))
    within = frame[(frame["term"] == "within") & (frame["model"] != "reference frame")]
    assert within["p"].isna().all()
    assert "too_few" in set(within["status"])
    assert frame.loc[frame["term"] == "between", "p"].notna().any()
    assert set(within.loc[within["model"] == "permanova", "n_blocks"]) == {2}


def test_within_rows_count_the_households_with_both_sides():
    household = [*HOUSEHOLD[:20], *(f"X{index}" for index in range(10))]
    frame = answered(loaded(counts(30, 19), CASE, household=household, block=("household",)))
    shannon = frame[frame["measure"] == "shannon"].set_index("term")["n_blocks"]
    assert shannon.to_dict() == {"within": 10, "between": 20}


def test_whole_households_are_compared_by_their_centroids():
    sides = np.repeat([True, False], 15)
    household = [f"H{index // 3}" for index in range(30)]
    frame = answered(loaded(counts(30, 20), sides, household=household, block=("household",)))
    row = frame[(frame["model"] == "permanova") & (frame["measure"] == "bray_curtis")].iloc[0]
    assert row["term"] == "between"
    assert row["df2"] == 8  # ten households, two sides
    assert "252 distinct arrangements" in row["note"]
    assert "smallest p 0.005" in row["note"]  # 199 permutations


def test_the_reference_frame_says_how_many_taxa_differ_from_it():
    values = counts(60, 21, features=40)
    sick = np.arange(60) % 2 == 0
    values[np.ix_(sick, range(16))] *= 40
    note = answered(loaded(values, sick)).query("model == 'reference frame'")["note"].iloc[0]
    assert "taken not to change" in note
    assert "many for a median" in note
