"""Arms against one control through cages: against multcomp on means of cages, and what has no p."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from commensal import stats
from commensal.errors import StatisticsError

FOLDER = Path(__file__).parents[1] / "references" / "multcomp"
#: Least squares on both sides.
EFFECT = 1e-9
#: The lattice's 1e-4 on the R side; our draws promise 1 % where covariates leave no single factor.
ONE_FACTOR, DRAWN = 2e-4, 1.2e-2


@pytest.fixture(scope="module")
def mice() -> pd.DataFrame:
    return pd.read_csv(FOLDER / "arms.data.tsv", sep="\t")


@pytest.fixture(scope="module")
def expected() -> pd.DataFrame:
    return pd.read_csv(FOLDER / "arms.tsv", sep="\t", skipinitialspace=True).map(
        lambda cell: cell.strip() if isinstance(cell, str) else cell
    )


def agree(fit: stats.DunnettFit, wanted: pd.DataFrame, tolerance: float) -> None:
    assert fit.names.tolist() == wanted["arm"].tolist()
    np.testing.assert_allclose(fit.effect, wanted["effect"], rtol=EFFECT, atol=EFFECT)
    np.testing.assert_allclose(fit.se, wanted["se"], rtol=EFFECT)
    assert fit.df.tolist() == wanted["df"].tolist()
    np.testing.assert_allclose(fit.p, wanted["p"], rtol=tolerance, atol=1e-5)
    width = (wanted["high"] - wanted["low"]).to_numpy()
    np.testing.assert_allclose(fit.low, wanted["low"], atol=tolerance * width.max())
    np.testing.assert_allclose(fit.high, wanted["high"], atol=tolerance * width.max())


def test_means_of_cages_agree_with_multcomp(mice, expected):
    fit = stats.arm_contrasts(mice["y"], mice["arm"], "vehicle", unit=mice["cage"], level=0.975)
    agree(fit, expected[expected["design"] == "cages"], ONE_FACTOR)
    assert fit.n.tolist() == [5, 5, 5]


def test_covariates_and_batches_agree_with_multcomp(mice, expected):
    fit = stats.arm_contrasts(
        mice["y"],
        mice["arm"],
        "vehicle",
        unit=mice["cage"],
        covariates=mice[["age"]],
        strata=mice["batch"],
        level=0.975,
    )
    agree(fit, expected[expected["design"] == "cages, age, batch"], DRAWN)


def test_an_interaction_inside_cages_agrees_with_multcomp(mice, expected):
    side = (mice["genotype"] == "SOD1").to_numpy()
    fit = stats.arm_interactions(mice["y"], mice["arm"], "vehicle", side, unit=mice["cage"], level=0.975)
    agree(fit, expected[expected["design"] == "genotype within cages"], ONE_FACTOR)
    assert "within units" in fit.approximation


def test_an_interaction_of_whole_cages_agrees_with_multcomp(mice, expected):
    means = mice.groupby("cage", sort=False).agg(y=("y", "mean"), arm=("arm", "first")).reset_index()
    side = means.merge(pd.read_csv(FOLDER / "arms.sod.tsv", sep="\t"))["sod"].to_numpy(bool)
    fit = stats.arm_interactions(means["y"], means["arm"], "vehicle", side, unit=means["cage"], level=0.975)
    agree(fit, expected[expected["design"] == "genotype of cages"], DRAWN)


def test_two_endpoints_are_bonferroni_of_dunnett(mice):
    one = stats.arm_contrasts(mice["y"], mice["arm"], "vehicle", unit=mice["cage"], level=0.975)
    two = stats.arm_contrasts(mice["y"], mice["arm"], "vehicle", unit=mice["cage"], level=0.95, endpoints=2)
    np.testing.assert_allclose(two.p, np.minimum(1, 2 * one.p))
    np.testing.assert_allclose(two.critical, one.critical)


def test_without_covariates_it_is_dunnett_also_inside_litters(mice):
    litter = mice["genotype"] + mice["batch"].astype(str)
    ours = stats.arm_contrasts(mice["y"], mice["arm"], "vehicle", unit=litter)
    dunnett = stats.dunnett(mice["y"], mice["arm"], "vehicle", block=litter)
    order = [ours.names.tolist().index(name) for name in dunnett.names]
    np.testing.assert_allclose(ours.effect[order], dunnett.effect, rtol=1e-9)
    np.testing.assert_allclose(ours.se[order], dunnett.se, rtol=1e-9)


def test_an_arm_of_one_cage_keeps_its_effect_and_has_no_p():
    y = [1.0, 2, 3, 4, 7, 8, 5, 6, 7, 6]
    arm = ["water"] * 4 + ["gf"] * 2 + ["abx"] * 4
    cage = [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]
    fit = stats.arm_contrasts(y, arm, "water", unit=cage)
    assert fit.status.tolist() == ["one_cage", "ok"]
    assert fit.effect[0] == 5
    assert np.isnan(fit.p[0])
    assert np.isnan(fit.low[0])
    alone = stats.arm_contrasts(y[2:], arm[2:], "water", unit=cage[2:])
    assert set(alone.status) == {"one_cage"}


def test_an_arm_of_one_animal_a_lonely_batch_and_constants_have_no_p():
    assert stats.arm_contrasts([1.0, 2, 3, 9], ["w", "w", "w", "a"], "w").status.tolist() == ["too_few"]
    lonely = stats.arm_contrasts([1.0, 2, 3, 9, 8], list("wwwaa"), "w", strata=[1, 1, 1, 2, 2])
    assert lonely.status.tolist() == ["rank_deficient"]
    assert np.isnan(lonely.effect[0])
    assert stats.arm_contrasts([1.0] * 6, list("wwwaaa"), "w").status.tolist() == ["constant"]
    gone = stats.arm_contrasts([1.0, 2, 3, np.nan, np.nan, 4, 5], list("wwwaabb"), "w")
    assert gone.status.tolist() == ["missing", "ok"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (([1.0, 2], ["a", "a"], "w"), "a control and at least one other arm"),
        (([1.0, 2], ["w", "w"], "w"), "a control and at least one other arm"),
        (([1.0, np.inf], ["w", "a"], "w"), "infinite"),
        (([1.0, 2], ["w", None], "w"), "arm is missing"),
    ],
)
def test_what_cannot_be_compared_is_refused(arguments, words):
    with pytest.raises(StatisticsError, match=words):
        stats.arm_contrasts(*arguments)


def test_levels_with_gaps_are_the_two_way_fit_by_dummies():
    rng = np.random.default_rng(3)
    values = rng.normal(size=(7, 5)) + np.arange(5)
    values[rng.random((7, 5)) < 0.3] = np.nan
    i, t = np.nonzero(~np.isnan(values))
    x = np.column_stack([i[:, None] == np.arange(7), t[:, None] == np.arange(1, 5)]).astype(float)
    fitted = np.linalg.lstsq(x, values[i, t], rcond=None)[0]
    slow = fitted[:7] + np.concatenate([[0], fitted[7:]]).mean()
    np.testing.assert_allclose(stats.subject_levels(values, np.arange(5)), slow)


def test_the_familywise_error_holds_with_cages_and_fails_without():
    rng = np.random.default_rng(11)
    arm, cage = np.repeat(["w", "a", "b", "c"], 12), np.repeat(np.arange(12), 4)
    studies, held, naive = 400, 0, 0
    c = stats.arm_contrasts(rng.normal(size=48), arm, "w", unit=cage).critical[0]
    wrong = stats.arm_contrasts(rng.normal(size=48), arm, "w").critical[0]
    for _ in range(studies):
        y = rng.normal(size=48) + rng.normal(size=12)[cage] * 0.5
        mean = y.reshape(12, 4).mean(axis=1).reshape(4, 3)
        held += np.abs(mean[1:].mean(1) - mean[0].mean()).max() > c * np.sqrt(mean.var(axis=1, ddof=1).mean() * 2 / 3)
        each = y.reshape(4, 12)
        gap = np.abs(each[1:].mean(1) - each[0].mean()).max()
        naive += gap > wrong * np.sqrt(each.var(axis=1, ddof=1).mean() / 6)
    # 400 studies at 5 %: 20 expected, 34 is the 99.9th percentile.
    assert held <= 34
    assert naive > 60
