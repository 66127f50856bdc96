"""Two nested random intercepts: lme4, a slow twin, invariances, the rules of the units, null rates."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize
from scipy.special import fdtrc, stdtr
from scipy.stats import binomtest

from commensal import stats
from commensal.errors import StatisticsError
from commensal.stats import _nested

REFERENCES = Path(__file__).parents[1] / "references" / "mixed"
EFFECT, SE, LOG_P = 1e-5, 1e-4, 1e-3


def restricted(y, x, variances, inner, outer):
    """Minus twice the restricted log-likelihood, β and its covariance, from the dense covariance matrix."""
    v = variances[2] * np.eye(len(y))
    v += variances[0] * (inner[:, None] == inner) + variances[1] * (outer[:, None] == outer)
    inverse = np.linalg.inv(v)
    covariance = np.linalg.inv(x.T @ inverse @ x)
    beta = covariance @ x.T @ inverse @ y
    residual = y - x @ beta
    terms = np.linalg.slogdet(v)[1] - np.linalg.slogdet(covariance)[1] + residual @ inverse @ residual
    return terms + (len(y) - x.shape[1]) * np.log(2 * np.pi), beta, covariance


def test_four_designs_are_those_of_lme4():
    data, answers = (pd.read_csv(REFERENCES / f"nested{kind}.tsv.gz", sep="\t") for kind in (".data", ""))
    names = [name for name in data.columns if name.startswith("y")]
    boundary = 0
    for design, part in data.groupby("design"):
        rows = answers[(answers["design"] == design) & (answers["model"] == "nested")]
        y, x = part[names].to_numpy(), np.column_stack([np.ones(len(part)), part["label"], part["age"]])
        for term, contrast in (("label", [0, 1, 0]), ("age", [0, 0, 1])):
            fit = stats.mixed_nested(y, x, contrast, part["inner"], part["outer"])
            mine = rows[rows["term"] == term].set_index("feature").loc[names]
            assert set(fit.status) <= {"ok", "boundary"}
            pair = (part["outer"] + part["inner"]).to_numpy()
            for j in range(len(names) if term == "label" else 0):
                here = ~np.isnan(y[:, j])
                ours = [fit.var_inner[j], fit.var_outer[j], fit.var_residual[j]]
                found = restricted(y[here, j], x[here], ours, pair[here], part["outer"].to_numpy()[here])[0]
                assert found <= -2 * mine["loglik"].iloc[j] + 2e-6  # ours is never the lower optimum
            assert np.all(np.abs(fit.effect - mine["effect"]) <= EFFECT * mine["se"])
            np.testing.assert_allclose(fit.se, mine["se"], rtol=SE)
            p = 2 * stdtr(fit.df_satterthwaite, -np.abs(fit.statistic))
            np.testing.assert_allclose(np.log10(p), np.log10(mine["p"]), atol=LOG_P)
            np.testing.assert_allclose(fit.var_inner, mine["v1"], rtol=1e-3, atol=1e-6)
            np.testing.assert_allclose(fit.var_outer, mine["v2"], rtol=1e-3, atol=1e-6)
            np.testing.assert_allclose(fit.var_residual, mine["residual"], rtol=1e-4)
            assert np.array_equal(fit.status == "boundary", mine["singular"])
            boundary += int((fit.status == "boundary").sum())
    assert boundary >= 6


CONTRASTS = {"label": [0, 1, 0], "age": [0, 0, 1], "level": [1, 0.5, 0.8]}


@pytest.mark.parametrize("model", ["nested", "slope"])
@pytest.mark.parametrize("method", ["REML", "ML", "weighted"])
def test_likelihoods_and_weights_are_those_of_lme4(model, method):
    data, answers = (pd.read_csv(REFERENCES / f"nested{kind}.tsv.gz", sep="\t") for kind in (".data", "_grown"))
    names = [name for name in data.columns if name.startswith("y")]
    data["age"] = (data["age"] - 40) / 12
    data["w"] = 0.5 + (np.arange(1, len(data) + 1) % 4) / 2
    answers = answers[(answers["model"] == model) & (answers["method"] == method)]
    compared = 0
    for design, part in data.groupby("design"):
        y, x = part[names].to_numpy(), np.column_stack([np.ones(len(part)), part["label"], part["age"]])
        options = {"weights": part["w"].to_numpy()} if method == "weighted" else {"method": method}
        if model == "nested":
            units = part["inner"].tolist(), part["outer"].tolist()
            fits = stats.mixed_nested_contrasts(y, x, list(CONTRASTS.values()), *units, **options)
            alone = stats.mixed_nested(y, x, CONTRASTS["level"], *units, **options)
            joint = stats.mixed_nested_f(y, x, [[0, 1, 0], [0, 0, 1]], *units, **options)
        else:
            units = part["outer"].tolist(), part["age"].to_numpy()
            fits = stats.mixed_slope_contrasts(y, x, list(CONTRASTS.values()), *units, **options)
            alone = stats.mixed_slope(y, x, CONTRASTS["level"], *units, **options)
            joint = stats.mixed_slope_f(y, x, [[0, 1, 0], [0, 0, 1]], *units, **options)
        np.testing.assert_allclose(alone.p, fits[2].p, rtol=1e-9)
        for name, fit in zip(CONTRASTS, fits, strict=True):
            mine = answers[(answers["design"] == design) & (answers["contrast"] == name)]
            mine = mine.set_index("feature").loc[names]
            assert set(fit.status) <= {"ok", "boundary"}
            assert np.all(np.abs(fit.effect - mine["effect"]) <= EFFECT * mine["se"])
            np.testing.assert_allclose(fit.se, mine["se"], rtol=SE)
            first, second = (fit.var_inner, fit.var_outer) if model == "nested" else (fit.var_intercept, fit.var_slope)
            np.testing.assert_allclose(first, mine["v1"], rtol=2e-3, atol=1e-4)
            np.testing.assert_allclose(second, mine["v2"], rtol=2e-3, atol=1e-4)
            np.testing.assert_allclose(fit.var_residual, mine["residual"], rtol=1e-4)
            p = 2 * stdtr(fit.df_satterthwaite, -np.abs(fit.statistic))
            np.testing.assert_allclose(np.log10(p), np.log10(mine["p"]), atol=LOG_P)
            compared += len(mine)
        mine = answers[(answers["design"] == design) & (answers["contrast"] == "F")].set_index("feature").loc[names]
        np.testing.assert_allclose(joint.statistic, mine["effect"], rtol=3 * SE)
        p = fdtrc(joint.df, joint.df_satterthwaite, joint.statistic)
        np.testing.assert_allclose(np.log10(p), np.log10(mine["p"]), atol=LOG_P)
        assert np.all(joint.df2 <= joint.df_satterthwaite)
    assert compared == 120


def made(seed, *, n=40, m=5, missing=0.15):
    rng = np.random.default_rng(seed)
    outer = rng.integers(0, 6, n)
    inner = rng.integers(0, 3, n)
    x = np.column_stack([np.ones(n), rng.integers(0, 2, n), rng.normal(size=n)])
    y = rng.normal(size=(n, m)) + rng.normal(size=(6, m))[outer] * rng.uniform(0, 1.5, m)
    y += rng.normal(size=(18, m))[outer * 3 + inner] * rng.uniform(0, 1.5, m)
    y[rng.random((n, m)) < missing] = np.nan
    return y, x, inner, outer


@pytest.mark.parametrize("seed", range(3))
def test_the_optimum_and_df_are_those_of_a_slow_twin(seed):
    y, x, inner, outer = made(seed)
    contrast = np.array([0.0, 1, 0])
    fit = stats.mixed_nested(y, x, contrast, inner, outer)
    for j in range(y.shape[1]):
        here = ~np.isnan(y[:, j])
        arguments = y[here, j], x[here]
        units = (outer * 3 + inner)[here], outer[here]

        def deviance(v, arguments=arguments, units=units):
            return restricted(*arguments, np.abs(v), *units)[0]

        ends = [
            minimize(deviance, start, method="Nelder-Mead", options={"xatol": 1e-10, "fatol": 1e-12, "maxiter": 4000})
            for start in ([1.0, 1, 1], [0.1, 1, 1], [1, 0.1, 1], [0.01, 0.01, 1])
        ]
        best = min(end.fun for end in ends)
        ours = np.array([fit.var_inner[j], fit.var_outer[j], fit.var_residual[j]])
        assert deviance(ours) <= best + 1e-7
        _, beta, covariance = restricted(*arguments, ours, *units)
        assert fit.effect[j] == pytest.approx(contrast @ beta, rel=1e-9)
        assert fit.se[j] == pytest.approx(np.sqrt(contrast @ covariance @ contrast), rel=1e-9)

        free = np.flatnonzero(ours > 0)
        step = 1e-3 * ours[free]

        def moved(change, ours=ours, free=free):
            v = ours.copy()
            v[free] += change
            return v

        def spread(v, arguments=arguments, units=units):
            return contrast @ restricted(*arguments, v, *units)[2] @ contrast

        ways = np.diag(step)
        gradient = [(spread(moved(w)) - spread(moved(-w))) / (2 * w.sum()) for w in ways]
        curvature = [
            [
                (deviance(moved(a + b)) - deviance(moved(a - b)) - deviance(moved(b - a)) + deviance(moved(-a - b)))
                / (8 * a.sum() * b.sum())
                for b in ways
            ]
            for a in ways
        ]
        df = 2 * spread(ours) ** 2 / (gradient @ np.linalg.solve(curvature, gradient))
        assert fit.df_satterthwaite[j] == pytest.approx(df, rel=2e-3)


def test_derivatives_are_those_of_differences():
    rng = np.random.default_rng(5)
    sizes = np.array([[3.0, 1, 4, 2, 0, 5, 2]])
    within = rng.normal(size=(1, 9, 4))
    problem = _nested.Problem(
        within.swapaxes(1, 2) @ within,
        rng.normal(size=(1, 7, 4)) * sizes[:, :, None],
        sizes,
        np.array([0, 2, 5]),
        np.array([14.0]),
        np.ones((1, 2), bool),
    )
    at, step = np.array([[0.7, 1.9]]), 1e-4
    point = _nested.differentiate(problem, at)
    for j in range(2):
        h = step * np.eye(2)[j]
        up, down = (_nested.differentiate(problem, at + sign * h) for sign in (1, -1))
        slope = (up.solution.deviance - down.solution.deviance) / (2 * step)
        np.testing.assert_allclose(point.first[:, j], slope, rtol=1e-6)
        np.testing.assert_allclose(point.second[:, j], (up.first - down.first) / (2 * step), rtol=1e-6)
        fall = (up.solution.residual - down.solution.residual) / (2 * step)
        np.testing.assert_allclose(point.residual[:, j], fall, rtol=1e-6)


def test_one_level_is_the_model_of_one_level():
    """Units of one sample, or outer units of one inner one, leave the plain mixed model."""
    y, x, _, outer = made(9, n=50)
    plain = stats.mixed(y, x, [0, 1, 0], outer)
    for inner in (np.arange(50), np.zeros(50)):
        fit = stats.mixed_nested(y, x, [0, 1, 0], inner, outer)
        assert set(fit.status) == {"boundary"}
        assert all("no random intercept" in note for note in fit.note)
        np.testing.assert_allclose(fit.p, plain.p, rtol=1e-6)
        np.testing.assert_allclose(fit.effect, plain.effect, rtol=1e-7)


def test_what_must_not_change_a_fit():
    y, x, inner, outer = made(10, n=60, m=6)
    rng = np.random.default_rng(11)
    one = stats.mixed_nested(y, x, [0, 1, 0], inner, outer)
    order = rng.permutation(60)
    names = np.array([f"cage {o}" for o in outer])
    moved = stats.mixed_nested(y[order], x[order], [0, 1, 0], inner[order], names[order])
    scaled = stats.mixed_nested(3e4 * (y + 7), x, [0, 1, 0], inner, outer)
    single = stats.mixed_nested(y[:, 2:3], x, [0, 1, 0], inner, outer)
    for name in ("effect", "se", "low", "high"):
        np.testing.assert_allclose(getattr(moved, name), getattr(one, name), rtol=1e-6)
        np.testing.assert_allclose(getattr(scaled, name), 3e4 * getattr(one, name), rtol=1e-5)
    for name in ("p", "df"):
        np.testing.assert_allclose(getattr(moved, name), getattr(one, name), rtol=1e-5)
        np.testing.assert_allclose(getattr(scaled, name), getattr(one, name), rtol=1e-4)
        np.testing.assert_allclose(getattr(single, name), getattr(one, name)[2:3], rtol=1e-6)
    assert list(moved.status) == list(one.status) == list(scaled.status)
    assert list(one.table(list("abcdef")).index) == list("abcdef")


def arms(cages, mice, samples):
    """Two arms of cages of mice of samples: cage and mouse of each sample, its arm."""
    cage = np.repeat(np.arange(2 * cages), mice * samples)
    mouse = np.tile(np.repeat(np.arange(mice), samples), 2 * cages)
    return cage, mouse, (cage >= cages).astype(float)


@pytest.mark.parametrize(("cages", "m"), [(2, 2000), (3, 2000), (4, 1500), (8, 700)])
def test_null_rates_of_arms_of_cages(cages, m):
    """STATISTICS points 1 and 12; cages with and without a variance of their own."""
    rng = np.random.default_rng(20240800 + cages)
    cage, mouse, arm = arms(cages, 3, 2)
    x = np.column_stack([np.ones(len(cage)), arm])
    for of_cage in (0.0, 0.6):
        y = rng.normal(size=(2 * cages, m))[cage] * of_cage + rng.normal(size=(len(cage), m))
        y += rng.normal(size=(6 * cages, m))[cage * 3 + mouse] * 0.7
        fit = stats.mixed_nested(y, x, [0, 1], mouse, cage)
        told = np.isfinite(fit.p)
        assert told.mean() > 0.999
        assert np.nanmax(fit.df) <= 2 * cages - 2
        for nominal in (0.05, 1e-3):
            rejected = int((fit.p[told] <= nominal).sum())
            assert binomtest(rejected, int(told.sum()), nominal, alternative="greater").pvalue > 0.01, nominal


@pytest.mark.parametrize(("per_arm", "m"), [(8, 2000), (20, 1200), (60, 400)])
def test_null_rates_within_cages(per_arm, m):
    """Mice of both arms in every cage of four, two samples each, per_arm mice per arm."""
    rng = np.random.default_rng(20240900 + per_arm)
    cage = np.repeat(np.arange(per_arm // 2), 8)
    mouse = np.tile(np.repeat(np.arange(4), 2), per_arm // 2)
    x = np.column_stack([np.ones(len(cage)), mouse % 2])
    y = rng.normal(size=(per_arm // 2, m))[cage] * 0.7 + rng.normal(size=(len(cage), m))
    y += rng.normal(size=(2 * per_arm, m))[cage * 4 + mouse] * 0.5
    fit = stats.mixed_nested(y, x, [0, 1], mouse, cage)
    assert np.nanmax(fit.df) <= 2 * per_arm - 2
    for nominal in (0.05, 1e-3):
        rejected = int((fit.p <= nominal).sum())
        assert binomtest(rejected, m, nominal, alternative="greater").pvalue > 0.01, nominal


def test_statuses_at_the_level_of_the_units():
    rng = np.random.default_rng(12)
    cage, mouse, arm = arms(2, 2, 3)
    treated = (mouse == 1).astype(float)
    day = rng.normal(size=len(cage))
    x = np.column_stack([np.ones(len(cage)), arm, treated, day])
    y = rng.normal(size=(len(cage), 4)) + rng.normal(size=(4, 4))[cage]
    y[cage == 0, 1] = np.nan  # one cage is left in the first arm
    y[mouse == 1, 2] = np.nan  # no treated mouse
    y[:, 3] = 5
    between = stats.mixed_nested(y, x, [0, 1, 0, 0], mouse, cage)
    assert list(between.status[1:]) == ["one_cage", "rank_deficient", "constant"]
    assert between.df[0] <= 2
    assert np.isfinite(between.p).tolist() == [True, False, False, False]
    inside = stats.mixed_nested(y, x, [0, 0, 1, 0], mouse, cage)
    assert inside.df[0] <= 8 - 3
    assert inside.status[2] in ("too_few", "rank_deficient")
    days = stats.mixed_nested(y, x, [0, 0, 0, 1], mouse, cage)
    assert days.df[0] == days.df_satterthwaite[0]
    assert "2" in between.note[2]
    # an odd mouse alone in its kind is one unit, however many samples it gave
    odd = ((cage == 1) & (mouse == 1)).astype(float)
    assert (
        stats.mixed_nested(y[:, :1], np.column_stack([np.ones(24), odd]), [0, 1], mouse, cage).status[0] == "one_cage"
    )


@pytest.mark.parametrize("seed", range(60))
def test_any_input_gives_a_p_or_a_status(seed):
    rng = np.random.default_rng(seed)
    n, m, k = int(rng.integers(1, 16)), int(rng.integers(0, 4)), int(rng.integers(1, 4))
    x = [rng.normal(size=(n, k)), rng.integers(0, 2, (n, k)) * 1.0, 1e6 + rng.integers(0, 3, (n, k))][seed % 3]
    outer, inner = rng.integers(0, rng.integers(1, 5), n), rng.integers(0, rng.integers(1, 5), n)
    y = [rng.normal(size=(n, m)) * 10.0 ** rng.integers(-9, 9), rng.integers(0, 2, (n, m)) * 1.0, x @ np.ones((k, m))][
        seed % 4 % 3
    ]
    y = np.where(rng.random((n, m)) < rng.choice([0, 0.3, 0.9]), np.nan, y + (outer[:, None] if seed % 5 == 0 else 0))
    fit = stats.mixed_nested(y, x, np.eye(k)[0], inner, outer)
    told = np.isin(fit.status, ["ok", "boundary"])
    for field in fields(fit):
        values = getattr(fit, field.name)
        assert len(values) == m
        if values.dtype == float:
            assert not np.isnan(values[told]).any(), (field.name, fit)
    assert np.isnan(fit.p[~told]).all()


def test_units_that_do_not_fit_are_refused():
    y, x = np.arange(4.0)[:, None], np.ones((4, 1))
    with pytest.raises(StatisticsError, match="inner and y"):
        stats.mixed_nested(y, x, [1], [1, 2], [1, 1, 2, 2])
    with pytest.raises(StatisticsError, match=r"outer\[2\] is missing"):
        stats.mixed_nested(y, x, [1], [1, 2, 1, 2], [1, 1, None, 2])
