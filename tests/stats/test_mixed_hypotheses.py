"""Several contrasts, joint F, ML, observation weights and the variance test: R, slow twins, rules, null rates."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.special import fdtrc, stdtr
from scipy.stats import binomtest
from scipy.stats import f as f_distribution

from commensal import stats
from commensal.errors import StatisticsError

REFERENCES = Path(__file__).parents[1] / "references" / "mixed"
EFFECT, SE, LOG_P = 1e-5, 1e-4, 1e-3
CONTRASTS = {"label": [0, 1, 0], "level": [1, 0.5, 40]}


@pytest.fixture(scope="module")
def small():
    data = pd.read_csv(REFERENCES / "small.data.tsv.gz", sep="\t")
    data["w"] = 0.5 + (np.arange(1, len(data) + 1) % 4) / 2
    return data, pd.read_csv(REFERENCES / "grown.tsv.gz", sep="\t")


def parts(small, model):
    """Arguments of every design, and the rows of R by what they are."""
    data, answers = small
    for design, part in data.groupby("design"):
        names = [name for name in data.columns if name.startswith("y")]
        x = np.column_stack([np.ones(len(part)), part["label"], part["age"]])
        rows = answers[(answers["design"] == design) & (answers["model"] == model)].set_index("feature").loc[names]
        options = {"method": "ML"} if model == "ML" else {}
        if model == "weighted":
            options["weights"] = part["w"].to_numpy()
        yield part[names].to_numpy(), x, part["group"].to_numpy(), options, rows


def log_p(p):
    return np.log10(np.asarray(p, dtype=float))


@pytest.mark.parametrize("model", ["REML", "ML", "weighted"])
def test_contrasts_and_variances_are_those_of_lme4(small, model):
    compared = 0
    for y, x, groups, options, rows in parts(small, model):
        fit = stats.mixed_contrasts(y, x, list(CONTRASTS.values()), groups, **options)
        variances = rows[rows["what"] == "variances"]
        np.testing.assert_allclose(fit.var_residual[0], variances["se"], rtol=1e-4)
        np.testing.assert_allclose(fit.var_group[0], variances["effect"], rtol=1e-3, atol=1e-6)
        for number, name in enumerate(CONTRASTS):
            mine, ours = rows[rows["what"] == name], fit.contrast(number)
            assert np.all(np.abs(ours.effect - mine["effect"]) <= EFFECT * mine["se"])
            np.testing.assert_allclose(ours.se, mine["se"], rtol=SE)
            p = 2 * stdtr(ours.df_satterthwaite, -np.abs(ours.statistic))
            np.testing.assert_allclose(log_p(p), log_p(mine["p"]), atol=LOG_P)
            compared += len(mine)
            alone = stats.mixed(y, x, CONTRASTS[name], groups, **options)
            np.testing.assert_allclose(alone.p, ours.p, rtol=1e-12)
    assert compared == 2 * 7 * 12


@pytest.mark.parametrize("model", ["REML", "ML", "weighted"])
def test_f_is_that_of_lmertest(small, model):
    compared = 0
    for y, x, groups, options, rows in parts(small, model):
        test = stats.mixed_f(y, x, [[0, 1, 0], [0, 0, 1]], groups, **options)
        mine = rows[rows["what"] == "F"]
        # R tests a side that is a single group; a comparison with one cage has no p here
        lone = np.array([one_group_side(x[:, 1], groups, column) for column in y.T])
        assert np.array_equal(test.status == "one_cage", lone)
        assert np.isnan(test.p[lone]).all()
        test, mine = stats.mixed_f(y[:, ~lone], x, [[0, 1, 0], [0, 0, 1]], groups, **options), mine[~lone]
        np.testing.assert_allclose(test.statistic, mine["statistic"], rtol=2e-4)
        assert np.array_equal(test.df, mine["df"])
        p = fdtrc(test.df, test.df_satterthwaite, test.statistic)
        np.testing.assert_allclose(log_p(p), log_p(mine["p"]), atol=LOG_P)
        compared += len(mine)
    assert compared == 7 * 12 - 1


def one_group_side(label, groups, y):
    """Whether the label is constant in groups and takes two values, one of them in a single group."""
    seen = {(g, v) for g, v, one in zip(groups, label, y, strict=True) if not np.isnan(one)}
    sides = [v for _, v in seen]
    return len({g for g, _ in seen}) == len(seen) and len(set(sides)) == 2 and min(map(sides.count, set(sides))) == 1


@pytest.mark.parametrize("model", ["REML", "ML", "weighted"])
def test_the_likelihood_ratio_is_that_of_lme4_and_lm(small, model):
    for y, x, groups, options, rows in parts(small, model):
        test = stats.variance_test(y, x, groups, **options)
        ratio = rows.loc[rows["what"] == "variances", "statistic"].to_numpy()
        np.testing.assert_allclose(test.statistic, np.maximum(ratio, 0), rtol=1e-5, atol=1e-6)
        assert np.array_equal(test.p == 1, test.status == "boundary")


def test_weights_are_repeated_samples_for_the_coefficients():
    """A sample of weight 3 in least squares estimates what three copies of it would."""
    rng = np.random.default_rng(1)
    x, y, w = np.column_stack([np.ones(20), rng.normal(size=20)]), rng.normal(size=(20, 3)), rng.integers(1, 4, 20)
    fit = stats.linear(y, x, [0, 1], weights=w)
    copies = stats.linear(np.repeat(y, w, axis=0), np.repeat(x, w, axis=0), [0, 1])
    np.testing.assert_allclose(fit.effect, copies.effect, rtol=1e-10)
    np.testing.assert_allclose(fit.se / np.sqrt(fit.var_residual), copies.se / np.sqrt(copies.var_residual), rtol=1e-9)
    assert set(fit.df) == {18}
    same = stats.linear(y, x, [0, 1], weights=np.full(20, 7.0))
    np.testing.assert_allclose(same.p, stats.linear(y, x, [0, 1]).p, rtol=1e-10)


def test_linear_f_is_the_analysis_of_variance():
    rng = np.random.default_rng(2)
    arm = np.repeat(np.arange(4), [5, 6, 7, 8])
    y = rng.normal(size=(26, 10)) + arm[:, None] * 0.4
    y[rng.random(y.shape) < 0.1] = np.nan
    x = (arm[:, None] == np.arange(4)).astype(float)
    test = stats.linear_f(y, x, [[-1, 1, 0, 0], [-1, 0, 1, 0], [-1, 0, 0, 1], [0, -1, 1, 0]])
    for j in range(10):
        here = ~np.isnan(y[:, j])
        expected = f_distribution.sf, *_anova(y[here, j], arm[here])
        assert test.statistic[j] == pytest.approx(expected[1], rel=1e-9)
        assert (test.df[j], test.df2[j]) == (3, here.sum() - 4)  # the fourth row adds nothing
        assert test.p[j] == pytest.approx(expected[0](expected[1], 3, here.sum() - 4), rel=1e-9)
    single = stats.linear_f(y, x, [[-1, 1, 0, 0]])
    np.testing.assert_allclose(single.statistic, stats.linear(y, x, [-1, 1, 0, 0]).statistic ** 2, rtol=1e-10)
    np.testing.assert_allclose(single.p, stats.linear(y, x, [-1, 1, 0, 0]).p, rtol=1e-9)


def _anova(y, arm):
    means = np.array([y[arm == a].mean() for a in np.unique(arm)])
    counts = np.bincount(arm)
    between = (counts * (means - y.mean()) ** 2).sum() / (len(counts) - 1)
    return (between / (((y - means[arm]) ** 2).sum() / (len(y) - len(counts))),)


def test_coding_of_the_hypothesis_does_not_matter():
    rng = np.random.default_rng(3)
    groups = rng.integers(0, 12, 60)
    x = np.column_stack([np.ones(60), rng.normal(size=60), rng.normal(size=12)[groups], rng.normal(size=60)])
    y = rng.normal(size=(60, 8)) + rng.normal(size=(12, 8))[groups]
    hypothesis = np.eye(4)[1:]
    turn = np.array([[2.0, 1, 0], [0, 3, 1], [1, 0, 1]])
    one, other = stats.mixed_f(y, x, hypothesis, groups), stats.mixed_f(y, x, turn @ hypothesis, groups)
    np.testing.assert_allclose(one.statistic, other.statistic, rtol=1e-8)
    single = stats.mixed_f(y, x, hypothesis[:1], groups)
    fit = stats.mixed(y, x, hypothesis[0], groups)
    np.testing.assert_allclose(single.statistic, fit.statistic**2, rtol=1e-10)
    np.testing.assert_allclose(single.p, fit.p, rtol=1e-8)


def test_a_joint_test_between_cages_has_no_more_freedom_than_cages():
    """Three arms of three cages, boundary or not: at most 9 − 3 degrees of freedom; null rates hold."""
    rng = np.random.default_rng(20240701)
    cage = np.repeat(np.arange(9), 4)
    x = (cage[:, None] // 3 == np.arange(3)).astype(float)
    m = 8000
    y = rng.normal(size=(36, m)) * np.sqrt(0.8) + rng.normal(size=(9, m))[cage] * np.sqrt(0.2)
    test = stats.mixed_f(y, x, [[-1, 1, 0], [-1, 0, 1]], cage)
    assert set(test.status) == {"ok", "boundary"}
    assert test.df2.max() <= 6
    assert test.df_satterthwaite.max() > 6
    for nominal in (0.05, 1e-3):
        assert binomtest(int((test.p <= nominal).sum()), m, nominal, alternative="greater").pvalue > 0.01


def test_the_variance_test_is_not_too_bold():
    rng = np.random.default_rng(20240702)
    m = 6000
    for groups in (np.repeat(np.arange(5), 4), rng.integers(0, 40, 160)):
        y = rng.normal(size=(len(groups), m))
        test = stats.variance_test(y, np.column_stack([np.ones(len(groups)), rng.normal(size=len(groups))]), groups)
        for nominal in (0.05, 1e-3):
            assert binomtest(int((test.p <= nominal).sum()), m, nominal, alternative="greater").pvalue > 0.01
        assert 0.4 < np.mean(test.status == "boundary") < 0.7


def test_statuses():
    groups, x = np.repeat(np.arange(4), 3), np.column_stack([np.ones(12), np.tile([0.0, 1, 1], 4)])
    rng = np.random.default_rng(4)
    y = rng.normal(size=(12, 5))
    y[:, 1], y[2:, 2], y[3:, 3] = 3, np.nan, np.nan
    y[:, 4] = groups + x[:, 1]
    test = stats.mixed_f(y, x, [[0, 1], [1, 0]], groups)
    assert list(test.status[1:]) == ["constant", "too_few", "too_few", "constant"]
    assert np.isfinite(test.p).tolist() == [True] + [False] * 4
    variance = stats.variance_test(y, x, groups)
    assert list(variance.status[1:]) == ["constant", "too_few", "too_few", "constant"]
    assert np.isfinite(variance.p).tolist() == [True] + [False] * 4
    assert stats.variance_test(y[:, :1], x, np.arange(12)).status[0] == "too_few"
    table = stats.mixed_contrasts(y, x, [[0, 1], [1, 0]], groups).table(list("abcde"), ["slope", "level"])
    assert list(table.index[:3]) == ["a", "a", "b"]
    assert list(table["contrast"][:3]) == ["slope", "level", "slope"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"contrasts": [0, 1]}, "dimensions"),
        ({"contrasts": np.empty((0, 2))}, "do not fit"),
        ({"contrasts": [[0, 1], [0, 0]]}, "zero"),
        ({"method": "ml"}, "no such method"),
        ({"weights": [1, 1]}, "weights and y"),
        ({"weights": [1, 1, 0, 1]}, "weights hold 0"),
        ({"weights": [1, 1, np.nan, 1]}, "weights hold nan"),
    ],
)
def test_what_does_not_fit_is_refused(change, said):
    arguments = {"y": [[1.0], [2], [3], [5]], "x": [[1, 0], [1, 1]] * 2, "contrasts": [[0, 1]], "groups": [1, 1, 2, 2]}
    with pytest.raises(StatisticsError, match=said):
        stats.mixed_contrasts(**(arguments | change))
