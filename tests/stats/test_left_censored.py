"""Values below limits of detection, many features at once: against survreg, a slow twin, rules of units, odd input."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize
from scipy.stats import norm

from commensal import stats
from commensal.errors import StatisticsError
from commensal.stats._left_design import Patterns, parts
from commensal.stats._left_fit import Asked, _solved
from commensal.stats._left_profile import Line

REFERENCES = Path(__file__).parents[1] / "references" / "left_censored"
ROWS = pd.read_csv(REFERENCES / "reference.tsv", sep="\t")
DATA = pd.read_csv(REFERENCES / "data.tsv", sep="\t")
# Effect in standard errors, se relative: the marks of STATISTICS. r² absolute and relative: R's stopping rule.
EFFECT, SE, R2, GONE = 1e-5, 1e-4, 1e-6, 1e-5
WEIGHTS = {"abx": [0.0, 1, 0], "strain": [0.0, 0, 1], "strain - abx": [0.0, -1, 1]}


def design(covariate):
    x = np.column_stack([np.ones(len(DATA)), DATA["arm"] == "abx", DATA["arm"] == "strain"])
    return np.column_stack([x, DATA["age"]]) if covariate == "age" else x


def of_row(row):
    x = design(row["covariate"])
    contrast = np.pad(WEIGHTS[row["term"]], (0, x.shape[1] - 3))
    limit = DATA[[f"{row['name']}.limit"]].to_numpy(float)
    y = DATA[[row["name"]]].to_numpy(float)
    return np.where(np.isnan(y), -np.inf, y), limit, x, contrast


def likelihood_ratio(y, limit, x, contrast):
    below = np.isneginf(y)
    patterns = Patterns.found(x)
    part = next(parts(patterns, np.ones(y.shape, bool)))
    ask = Asked(x, contrast[None], 0.95, None)
    solved = _solved(part, (np.where(below, limit, y), below, limit), patterns.of, ask, np.ones(len(y), bool))
    return Line.of(solved, contrast).root()[0] ** 2


@pytest.mark.parametrize("at", range(len(ROWS)), ids=lambda i: " ".join(ROWS.loc[i, ["name", "covariate", "term"]]))
def test_agrees_with_survreg(at):
    row = ROWS.loc[at]
    y, limit, x, contrast = of_row(row)
    ratio = likelihood_ratio(y, limit, x, contrast)
    if row["name"].startswith("gone"):
        if row["term"] != "strain":  # there the null of R drops to the same bound
            assert ratio == pytest.approx(row["r2"], abs=GONE, rel=GONE)
        return
    fit = stats.left_censored(y, limit, x, [contrast])[0]
    n, k = x.shape
    assert fit.status[0] == "ok"
    assert abs(fit.effect[0] - row["effect"]) <= EFFECT * row["se"]
    assert fit.se[0] / np.sqrt(n / (n - k)) == pytest.approx(row["se"], rel=SE)
    assert ratio == pytest.approx(row["r2"], abs=R2, rel=R2)


def slow(y, below, limit, x, offset=0.0, drop=None):
    """Largest log-likelihood by a general optimiser, a loop over rows; `drop`: a column whose effect is given."""

    def deviance(par):
        sigma, total = np.exp(par[-1]), 0.0
        beta = par[:-1] if drop is None else np.insert(par[:-1], drop, offset)
        for value, under, at, row in zip(y, below, limit, x, strict=True):
            if np.isnan(value) and not under:
                continue
            mean = row @ beta
            total += norm.logcdf(at, mean, sigma) if under else norm.logpdf(value, mean, sigma)
        return -total

    start = np.append(np.zeros(x.shape[1] - (drop is not None)), 0.5)
    start[0] = np.nanmean(np.where(below, limit, y))
    best = minimize(deviance, start, method="BFGS", options={"gtol": 1e-8})
    best = minimize(deviance, best.x, method="Nelder-Mead", options={"xatol": 1e-10, "fatol": 1e-12, "maxiter": 20_000})
    return -best.fun, best.x


def test_agrees_with_a_slow_twin_with_missing_values():
    rng = np.random.default_rng(3)
    x = np.column_stack([np.ones(20), np.repeat([0, 1], 10), rng.normal(size=20)])
    y = 3 + rng.normal(size=20) + 0.8 * x[:, 1]
    limit = np.full(20, 2.9)
    below = y < limit
    y[[1, 15]], below[[1, 15]] = np.nan, False
    full, par = slow(y, below, limit, x)
    null, _ = slow(y, below, limit, x, drop=1)
    given = np.where(below, -np.inf, y)[:, None]
    fit = stats.left_censored(given, [2.9], x, [[0, 1, 0]])[0]
    assert fit.effect[0] == pytest.approx(par[1], abs=1e-5)
    keep = ~np.isnan(given[:, 0])
    ratio = likelihood_ratio(given[keep], limit[keep, None], x[keep], np.array([0.0, 1, 0]))
    assert ratio == pytest.approx(2 * (full - null), abs=1e-6)
    assert fit.n[0] == 18


def three_arms(m=40, cages=None, seed=1):
    rng = np.random.default_rng(seed)
    arm = np.repeat([0, 1, 2], 12)
    y = 5 + rng.normal(size=(36, m))
    cage = None if cages is None else arm * cages + np.tile(np.sort(np.arange(12) % cages), 3)
    if cage is not None:
        y += 0.7 * rng.normal(size=(3 * cages, m))[cage]
    return y, np.eye(3)[arm], np.array([[-1.0, 1, 0], [-1, 0, 1]]), cage


@pytest.mark.parametrize("cages", [None, 3])
def test_without_censoring_it_is_unit_contrasts(cages):
    y, x, asked, cage = three_arms(cages=cages)
    mine = stats.left_censored(y, np.full(40, np.nan), x, asked, cage)
    for one, other in zip(mine, stats.unit_contrasts(y, x, asked, cage), strict=True):
        pd.testing.assert_frame_equal(one.table(), other.table())


def test_a_limit_just_below_all_values_but_one_changes_little():
    y, x, asked, _ = three_arms()
    limit = np.sort(y, axis=0)[0] + 1e-9
    fits, plain = stats.left_censored(y, limit, x, asked), stats.unit_contrasts(y, x, asked)
    for one, other in zip(fits, plain, strict=True):
        assert np.corrcoef(one.effect, other.effect)[0, 1] > 0.99
        assert np.median(np.abs(one.effect - other.effect)) < 0.1
        np.testing.assert_allclose(one.se, other.se, rtol=0.2)


def test_all_ways_of_saying_below_agree():
    y, x, asked, cage = three_arms(cages=4)
    limit = np.quantile(y, 0.3, axis=0)
    below = y <= limit
    ways = [
        (np.where(below, -np.inf, y), limit),
        (np.where(below, limit, y), limit),
        (y, np.broadcast_to(limit, y.shape)),
        (np.where(below, limit - 7, y), limit),
    ]
    first, *others = (stats.left_censored(*way, x, asked, cage)[1].table() for way in ways)
    for other in others:
        pd.testing.assert_frame_equal(first, other)


def test_limits_of_each_sample_that_are_alike_are_those_of_the_feature():
    y, x, asked, _ = three_arms()
    limit = np.broadcast_to(np.quantile(y, 0.4, axis=0), y.shape).copy()
    one = stats.left_censored(y, limit, x, asked)[0]
    limit[y > limit] -= 1.0  # limits of values above them say nothing
    limit[np.argmin(y, axis=0)[0], :] += 0.0
    other = stats.left_censored(y, limit, x, asked)[0]
    np.testing.assert_allclose(one.p, other.p, rtol=1e-8)


def test_units_shift_scale_and_order_do_not_matter():
    y, x, asked, cage = three_arms(cages=4)
    limit = np.quantile(y, 0.35, axis=0)
    first = stats.left_censored(y, limit, x, asked, cage)[0]
    order = np.random.default_rng(5).permutation(36)
    for moved, at, rows in (
        (y * 3.2 + 400, limit * 3.2 + 400, np.arange(36)),
        (y, limit, order),
    ):
        other = stats.left_censored(moved[rows], at, x[rows], asked, cage[rows])[0]
        np.testing.assert_allclose(other.p, first.p, rtol=1e-6)
    np.testing.assert_allclose(stats.left_censored(y * 3.2 + 400, limit * 3.2 + 400, x, asked)[0].effect / 3.2,
                               stats.left_censored(y, limit, x, asked)[0].effect, rtol=1e-6)  # fmt: skip


def test_an_intercept_or_a_column_per_arm_is_the_same_model():
    y, x, asked, cage = three_arms(cages=3)
    limit = np.quantile(y, 0.35, axis=0)
    dummies = np.column_stack([np.ones(36), x[:, 1:]])
    one = stats.left_censored(y, limit, x, asked, cage)
    two = stats.left_censored(y, limit, dummies, [[0, 1, 0], [0, 0, 1]], cage)
    for a, b in zip(one, two, strict=True):
        np.testing.assert_allclose(a.p, b.p, rtol=1e-7)
        np.testing.assert_allclose(a.effect, b.effect, rtol=1e-7)


def test_covariates_take_the_general_way_to_the_same_end():
    """A covariate that is an arm in other words: the dense search and the arrowhead must meet."""
    y, x, asked, _ = three_arms()
    limit = np.quantile(y, 0.35, axis=0)
    slope = np.column_stack([x, np.tile([0.0, 1.0], 18)])  # six patterns, four columns
    dense = stats.left_censored(y, limit, slope, np.pad(asked, ((0, 0), (0, 1))))[0]
    j = 7
    below = y[:, j] <= limit[j]
    full, par = slow(np.where(below, limit[j], y[:, j]), below, np.full(36, limit[j]), slope)
    assert dense.effect[j] == pytest.approx(par[1] - par[0], abs=1e-4)
    assert np.isfinite(full)


def test_an_arm_wholly_below_keeps_its_p_and_says_that_the_effect_is_a_bound():
    y, x, asked, _ = three_arms(m=3)
    limit = np.full(3, 2.0)
    y = np.maximum(y, 2.5)
    y[12:24] = -np.inf
    fell, other = stats.left_censored(y, limit, x, asked)
    assert (fell.status == "ok").all()
    assert (fell.p < 1e-6).all()
    assert (fell.effect < fell.high).all()
    assert (fell.high < 0).all()
    assert np.isnan(fell.low).all()
    assert np.isnan(fell.se).all()
    assert all("at least how far" in note and "12 of 36 values below" in note for note in fell.note)
    assert np.isfinite(other.p).all()
    # at the effect told, all twelve below the limit had an even chance, by hand
    centred = np.vstack([y[:12] - y[:12].mean(axis=0), y[24:] - y[24:].mean(axis=0)])
    mean, sigma = y[:12].mean(axis=0), np.sqrt((centred**2).sum(axis=0) / 24)
    np.testing.assert_allclose(norm.cdf(2.0, mean + fell.effect, sigma) ** 12, 0.5, rtol=1e-3)
    rose = stats.left_censored(y, limit, x, -asked)[0]
    np.testing.assert_allclose(rose.low, -fell.high)


def test_what_lies_below_altogether_has_a_named_status():
    y, x, asked, cage = three_arms(m=4, cages=3)
    y[:, 0] = -np.inf  # nowhere seen
    y[:, 1] = np.where(np.arange(36) < 2, y[:, 1], -np.inf)  # seen twice
    y[:24, 2] = -np.inf  # control and first arm below: their contrast can be anything, the other not
    first, second = stats.left_censored(y, np.full(4, 1.0), x, asked, cage)
    assert first.status.tolist()[:3] == ["below_detection"] * 3
    assert np.isnan(first.p[:3]).all()
    assert first.note[0] == "36 of 36 values below the limit of detection"
    assert second.status[2] in ("ok", "boundary")
    assert np.isfinite(first.p[3])


def test_cages_cap_the_degrees_of_freedom_and_one_cage_has_no_p():
    y, x, asked, cage = three_arms(cages=3)
    limit = np.quantile(y, 0.3, axis=0)
    inside = stats.left_censored(y, limit, x, asked, cage)[0]
    free = stats.left_censored(y, limit, x, asked)[0]
    assert (inside.df <= 9 - 3).all()
    assert (inside.df >= 1).all()
    assert (inside.n_units == 9).all()
    assert np.median(inside.p / free.p) > 1
    np.testing.assert_allclose(inside.effect, free.effect)
    cage = np.where(cage < 3, 0, cage)  # the control is one cage
    lone = stats.left_censored(y, limit, x, asked, cage)[0]
    assert set(lone.status) == {"one_cage"}
    assert np.isnan(lone.p).all()
    assert np.isfinite(lone.effect).all()


def test_cages_with_nothing_between_them_are_a_boundary():
    y, x, asked, cage = three_arms(cages=3, m=200)
    y += 0.0
    flat = y - pd.DataFrame(y).groupby(cage).transform("mean").to_numpy() + 5
    fit = stats.left_censored(flat, np.quantile(flat, 0.1, axis=0), x, asked, cage)[0]
    assert set(fit.status) == {"boundary"}


def test_contrasts_inside_units_are_those_of_the_mixed_model():
    rng = np.random.default_rng(4)
    home = np.repeat(np.arange(12), 2)
    x = np.column_stack([np.ones(24), np.tile([0.0, 1], 12)])
    y = rng.normal(size=(24, 3)) + rng.normal(size=(12, 3))[home]
    limit = np.quantile(y, 0.25, axis=0)
    fit = stats.left_censored(y, limit, x, [[0, 1]], home)[0]
    below = y <= limit
    twin = stats.censored_mixed(np.where(below, limit, y), x, [0, 1], home, left=below)
    np.testing.assert_allclose(fit.p, twin.p)
    np.testing.assert_allclose(fit.effect, twin.effect)


def test_an_arm_that_is_missing_takes_only_its_own_contrast():
    y, x, asked, _ = three_arms(m=2)
    limit = np.quantile(y, 0.3, axis=0)
    y[12:24, 0] = np.nan
    first, second = stats.left_censored(y, limit, x, asked)
    assert first.status[0] == "too_few"
    assert first.status[1] == second.status[0] == second.status[1] == "ok"
    alone = stats.left_censored(
        np.delete(y, np.s_[12:24], 0)[:, [0]], limit[:1], x[np.r_[:12, 24:36]][:, [0, 2]], [[-1, 1]]
    )
    assert alone[0].p[0] == pytest.approx(second.p[0], rel=1e-8)


def test_columns_that_others_make_up_are_named():
    y, x, asked, _ = three_arms(m=2)
    double = np.column_stack([x, x[:, 1]])
    fit = stats.left_censored(y, np.quantile(y, 0.3, axis=0), double, np.pad(asked, ((0, 0), (0, 1))))
    assert set(fit[0].status) == {"rank_deficient"}
    assert set(fit[1].status) == {"ok"}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda y, limit: (np.where(y > 6, np.inf, y), limit), "an infinite value"),
        (lambda y, limit: (np.where(y > 6, -np.inf, y), limit * np.nan), "a limit that is not given"),
        (lambda y, limit: (y, limit[:-1]), "limit and y do not fit"),
        (lambda y, limit: (y, limit + np.inf), "an infinite limit"),
    ],
)
def test_what_cannot_be_is_refused(change, words):
    y, x, asked, _ = three_arms()
    y, limit = change(y, np.quantile(y, 0.2, axis=0))
    with pytest.raises(StatisticsError, match=words):
        stats.left_censored(y, limit, x, asked)


def test_null_p_are_not_too_small_with_cages_and_without():
    """A small look at what benchmarks/null measures at length: 2,000 features, half of the values below."""
    for cages in (None, 4):
        y, x, asked, cage = three_arms(m=2000, cages=cages, seed=8)
        fit = stats.left_censored(y, np.full(2000, 5.0), x, asked, cage)[0]
        share = np.mean(fit.p[np.isfinite(fit.p)] <= 0.05)
        assert share <= 0.05 + 2.33 * np.sqrt(0.05 * 0.95 / 2000)


def test_an_infinite_column_is_refused_also_where_no_value_is_there():
    y, x = np.full((4, 2), np.nan), np.array([[1.0, 0], [1, np.inf], [1, 0], [1, 1]])
    with pytest.raises(StatisticsError, match="x holds missing or infinite values"):
        stats.unit_contrasts(y, x, np.eye(2), cage=["a", "a", "b", "b"])
