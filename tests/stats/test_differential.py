"""Differential abundance from arrays: against coin and scipy, a twin of LinDA, null rates, invariances, odd input."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import cauchy, fisher_exact, gaussian_kde, linregress, norm, rankdata, ttest_1samp

from commensal import stats
from commensal.errors import StatisticsError
from commensal.stats._comparing import least_p

COIN = Path(__file__).parents[1] / "references" / "differential"
CASE = np.repeat([0.0, 1.0], 15)


def counts(seed: int = 1, n: int = 30, m: int = 30) -> np.ndarray:
    rng = np.random.default_rng(seed)
    means = np.exp(rng.normal(4, 1.5, m) + rng.normal(0, 1, (n, m)) + rng.normal(0, 0.5, (n, 1)))
    return rng.poisson(means) * (rng.random((n, m)) < rng.uniform(0.3, 1, m)) + 1.0 * (np.arange(m) == 0)


# against R and scipy


@pytest.mark.parametrize("stratified", [True, False])
def test_wilcoxon_agrees_with_coin(stratified):
    table, told = pd.read_csv(COIN / "table.csv"), pd.read_csv(COIN / "wilcoxon.csv")
    told = told[told["stratified"] == stratified]
    few = table["block"] <= 3
    for rows, z, p in ((slice(None), "z", "p"), (few, "small_z", "small_p")):
        own = table[rows]
        block = own["block"] if stratified else None
        fit = stats.wilcoxon_blocks(own.filter(like="f"), own["case"], value="intensity", block=block)
        np.testing.assert_allclose(fit.statistic, -told[z], rtol=1e-8)
        exact = z == "small_z"
        tolerance = {"atol": 2e-3} if exact and stratified else {"rtol": 1e-8}
        np.testing.assert_allclose(fit.p, told[p], **tolerance)
        assert bool((fit.n_permutations > 0).all()) is exact


def test_linda_is_least_squares_of_log_ratios_less_their_mode():
    table = counts(2)
    logs = np.log2(table + 0.5)
    logs -= logs.mean(axis=1, keepdims=True)
    fits = [linregress(CASE, y) for y in logs.T]
    slopes = np.array([fit.slope for fit in fits])
    width = 0.9 * min(slopes.std(ddof=1), np.subtract(*np.quantile(slopes, [0.75, 0.25])) / 1.34) * len(slopes) ** -0.2
    grid = np.linspace(slopes.min(), slopes.max(), 20_001)
    bias = grid[gaussian_kde(slopes, width / slopes.std(ddof=1))(grid).argmax()]
    fit = stats.linda(table, CASE)
    np.testing.assert_allclose(fit.effect, slopes - bias, atol=1e-3)
    np.testing.assert_allclose(fit.se, [each.stderr for each in fits], rtol=1e-8)


def test_the_joint_p_is_the_cauchy_combination_of_five_looks():
    """Read from the parts of the answer itself and two regressions by scipy, without a frame or permutation."""
    table = counts(3, n=240, m=8)
    case = np.tile([0.0, 1.0], 120)
    fit = stats.differential(table, case, value="absolute")
    one, two, joint = (fit.test(model) for model in ("abundance", "prevalence", "joint"))
    z = [norm.isf(test.p / 2) * np.sign(test.effect) for test in (one, two)]
    ranks = [linregress(case, rankdata(y)).pvalue for y in table.T]
    half = np.nanmin(np.where(table > 0, table, np.nan), axis=0) / 2
    amounts = [linregress(case, np.log2(y)).pvalue for y in np.where(table > 0, table, half).T]
    both = 2 * norm.sf(np.abs(z[0] + z[1]) / np.sqrt(2))
    parts = np.array([one.p, two.p, both, ranks, amounts])
    terms = np.where(np.isnan(parts), np.nan, np.tan((0.5 - parts) * np.pi))
    np.testing.assert_allclose(joint.p, cauchy.sf(np.nanmean(terms, axis=0)), rtol=1e-8)
    assert np.isnan(joint.effect).all()


def test_presence_is_tested_where_it_can_tell():
    """Fisher's exact test by scipy: the smallest p that any table with these margins has."""
    for n, cases in ((40, 20), (12, 6), (12, 3), (27, 9)):
        for found in range(1, n):
            tables = [[k, cases - k] for k in range(max(0, found - n + cases), min(found, cases) + 1)]
            least = min(fisher_exact([own, [found - own[0], n - cases - found + own[0]]])[1] for own in tables)
            told = least_p(np.array([float(found)]), np.array([n]), np.array([cases]))[0]
            assert told == pytest.approx(least, rel=1e-9)
    rare = np.zeros((40, 2))
    rare[:5, 0] = rare[:6, 1] = 1
    fit = stats.differential(np.column_stack([rare, np.ones(40)]), np.repeat([1, 0], 20))
    assert fit.test("prevalence").status.tolist() == ["below_prevalence", "ok", "always_present"]


def test_moderated_logs_are_least_squares_moderated():
    table = counts(4)
    logs = np.log2((table + 0.5) / (table.sum(axis=1, keepdims=True) + 1) * 1e6)
    fit = stats.moderated(stats.linear(logs, np.column_stack([np.ones(30), CASE]), [0, 1]))
    made = stats.moderated_logs(table, CASE)
    np.testing.assert_allclose(made.p, fit.p, rtol=1e-12)
    plain, small = stats.differential(table, CASE), stats.differential(table, CASE, moderate=True)
    assert np.nanmean(small.test("abundance").df - plain.test("abundance").df) > 1


# null rates


@pytest.mark.parametrize("blocks", [False, True])
def test_null_rates_hold(blocks):
    """Share of p ≤ 0.05 and ≤ 0.01 over data sets without a difference: not above nominal (one-sided t test at 1 %).

    Tables of 210 samples, which are not held to permutations: `make calibration` shows the small ones.
    """
    shares = []
    for seed in range(30):
        table = counts(100 + seed, n=210, m=30)
        home = np.arange(210) // 3 if blocks else None
        if blocks:
            table = np.ceil(table * np.exp(np.random.default_rng(seed).normal(0, 1, (70, 30)))[home])
        case = np.tile([1.0, 0.0, 0.0], 70) if blocks else np.tile([0.0, 1.0], 105)
        p = stats.differential(table, case, block=home).test("joint").p
        shares.append([np.nanmean(p <= 0.05), np.nanmean(p <= 0.01)])
    for share, nominal in zip(np.array(shares).T, (0.055, 0.012), strict=True):
        # The Cauchy combination is approximate near 0.05: a tenth above is what its documentation says.
        assert ttest_1samp(share, nominal, alternative="greater").pvalue > 0.01


# invariances


def test_the_order_of_samples_and_features_does_not_matter():
    table, home = counts(5), np.repeat(np.arange(10), 3)
    case = np.tile([1.0, 0.0, 0.0], 10)
    rng = np.random.default_rng(5)
    rows, columns = rng.permutation(30), rng.permutation(30)
    one = stats.differential(table, case, block=home)
    two = stats.differential(table[rows][:, columns], case[rows], block=home[rows])
    for model in ("abundance", "prevalence"):
        a, b = one.test(model), two.test(model)
        np.testing.assert_allclose(a.effect[columns], b.effect, rtol=1e-5, atol=1e-7)
        sure = (b.n_permutations == 0) & (b.status == "ok")
        np.testing.assert_allclose(a.p[columns][sure], b.p[sure], rtol=1e-4)


@pytest.mark.parametrize("method", [stats.linda, stats.wilcoxon_blocks, stats.moderated_logs])
def test_methods_do_not_mind_the_order_of_features(method):
    table = counts(6)
    columns = np.random.default_rng(6).permutation(30)
    np.testing.assert_allclose(method(table, CASE).p[columns], method(table[:, columns], CASE).p, rtol=1e-5)


def test_a_factor_per_sample_does_not_matter_to_shares_nor_one_factor_to_molecules():
    table = counts(7)
    factor = np.random.default_rng(7).uniform(0.5, 2, (30, 1))
    one = stats.differential(table / table.sum(axis=1, keepdims=True), CASE, value="relative")
    scaled = table * factor
    two = stats.differential(scaled / scaled.sum(axis=1, keepdims=True), CASE, value="relative")
    np.testing.assert_allclose(one.test().p, two.test().p, rtol=1e-8)
    one, two = (stats.differential(table * by, CASE, value="intensity") for by in (1.0, 1e7))
    np.testing.assert_allclose(one.test().p, two.test().p, rtol=1e-8)


def test_turning_the_label_turns_the_effect():
    table = counts(8)
    one, two = (stats.differential(table, side) for side in (CASE, 1 - CASE))
    np.testing.assert_allclose(one.test("abundance").effect, -two.test("abundance").effect, rtol=1e-8)
    np.testing.assert_allclose(one.test("abundance").p, two.test("abundance").p, rtol=1e-8)


# what it is for


def test_a_load_tells_a_collapse_that_shares_cannot():
    """Twenty of thirty taxa fall sixteenfold: relative to the rest the others rise; with the load they stay."""
    table = counts(9, m=30) + 1
    fallen = table.copy()
    fallen[15:, 10:] /= 16
    load = 1e9 * fallen.sum(axis=1) / table.sum(axis=1)
    shares = fallen / fallen.sum(axis=1, keepdims=True)
    relative = stats.differential(shares, CASE, value="relative")
    absolute = stats.differential(shares, CASE, value="relative", load=load)
    assert np.median(relative.test("abundance").effect[:10]) > 2
    assert np.abs(np.median(absolute.test("abundance").effect[:10])) < 1
    assert np.median(absolute.test("abundance").effect[10:]) < -3
    assert relative.frames
    assert not absolute.frames


def test_consensus_keeps_every_number_and_tells_the_frame():
    """One taxon takes half of every case: methods without a frame see all the others fall."""
    table = counts(10, m=40) * 10 + 5
    table[CASE == 1, 0] += table[CASE == 1].sum(axis=1) * 3
    fit = stats.consensus(table, CASE)
    shown = fit.table()
    assert len(shown) == 40
    assert {f"{name}: q" for name in fit.methods} <= set(shown.columns)
    for k, name in enumerate(fit.methods[1:], start=1):
        own = {"linda": stats.linda, "moderated logs": stats.moderated_logs, "wilcoxon": stats.wilcoxon_blocks}[name]
        np.testing.assert_array_equal(fit.p[k], own(table, CASE).p)
    assert shown["why"].str.startswith("frame").any()
    assert fit.found[0] == 4
    assert fit.why[0] == "all"
    opposed = shown["why"].eq("all, in different directions") | shown["agree"].lt(4)
    assert opposed.any()


# odd input: a status or one clear error


def test_features_without_an_answer_say_why():
    table = counts(11)
    table[:, 1] = 0
    table[:, 2] = 7
    table[:, 3] = np.r_[[5.0], np.zeros(29)]
    table[:, 4] = np.nan
    table[:15, 5] = 0
    fit = stats.differential(table, CASE)
    told = {model: fit.test(model) for model in ("abundance", "prevalence", "joint")}
    for test in told.values():
        assert (np.isfinite(test.p) == np.isin(test.status, ("ok", "boundary"))).all()
        assert np.isnan(test.q[np.isnan(test.p)]).all()
    assert [told["joint"].status[j] for j in (1, 3, 4)] == ["all_zero", "below_prevalence", "not_measured"]
    assert told["abundance"].status[5] == "too_few"
    assert told["prevalence"].status[2] == "always_present"


def test_a_design_that_loses_rank_where_a_feature_is_present_is_that_features_matter():
    table = counts(12) + 1
    batch = np.tile([0.0, 1.0], 15)
    table[:, 3] = np.where(batch == CASE, table[:, 3], 0)
    fit = stats.differential(table, CASE, covariates=pd.DataFrame({"batch": batch}))
    status = fit.test("abundance").status
    assert status[3] == "rank_deficient"
    assert (status[[0, 1, 2]] == "ok").all()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"label": np.zeros(30)}, "two sides"),
        ({"label": np.repeat(["a", "b", "c"], 10)}, "two sides"),
        ({"label": np.repeat(["a", "b"], 15)}, "never guessed"),
        ({"label": np.repeat(["a", "b"], 15), "reference": "z"}, "no level"),
        ({"label": CASE[:20]}, "do not fit"),
        ({"values": np.where(np.eye(30) > 0, np.inf, 1.0)}, "infinite"),
        ({"values": -np.ones((30, 30))}, "negative"),
        ({"values": np.zeros((30, 30))}, "nothing was found"),
        ({"values": np.ones((30, 0))}, "empty"),
        ({"values": [["a"] * 2] * 30}, "numbers"),
        ({"value": "reads"}, "kind of value"),
        ({"zero": "value"}, "zeros"),
        ({"covariates": pd.DataFrame({"group": CASE})}, "group"),
        ({"covariates": pd.DataFrame({"ordered": np.ones(30)})}, "ordered does not vary"),
        ({"covariates": pd.DataFrame({"C(x)": np.arange(30.0), "strata": 2 * np.arange(30.0) + CASE})}, "strata"),
        ({"covariates": pd.DataFrame({"sex": ["F", "M"] * 15})}, "numbers"),
        ({"covariates": np.full((30, 1), np.nan)}, "missing"),
        ({"block": np.arange(10)}, "block"),
        ({"load": np.zeros(30)}, "load"),
        ({"load": np.ones(30), "value": "absolute"}, "not relative"),
        ({"level": 2.0}, "level"),
    ],
)
def test_what_cannot_be_compared_is_one_clear_error(change, words):
    given = {"values": counts(13), "label": CASE} | change
    with pytest.raises(StatisticsError, match=words):
        stats.differential(given.pop("values"), given.pop("label"), **given)


@pytest.mark.parametrize("name", ["group", "strata", "ordered", "C(x)", "1", "(Intercept)"])
def test_any_name_may_be_a_covariate(name):
    age = np.random.default_rng(14).normal(50, 10, 30)
    one = stats.differential(counts(14), CASE, covariates=pd.DataFrame({name: age}))
    two = stats.differential(counts(14), CASE, covariates=age)
    np.testing.assert_array_equal(one.test().p, two.test().p)


def test_blocks_of_one_sample_one_block_and_as_many_columns_as_samples_have_statuses():
    table = counts(15)
    rows = stats.differential(table, CASE, block=np.arange(30)).test("abundance")
    assert set(rows.status) & {"boundary"}
    assert rows.term == "between"
    single = stats.differential(table, CASE, block=np.zeros(30))
    assert (single.test("abundance").status == "too_few").all()
    assert single.terms[0] == "within"
    beside = np.random.default_rng(15).normal(size=(6, 4))
    few = stats.differential(table[12:18], CASE[12:18], covariates=beside)
    for test in few.tests:
        assert (np.isfinite(test.p) == np.isin(test.status, ("ok", "boundary"))).all()


def test_consensus_refuses_what_it_cannot_run():
    with pytest.raises(StatisticsError, match="no such method"):
        stats.consensus(counts(), CASE, methods=["deseq"])
    with pytest.raises(StatisticsError, match="random effects"):
        stats.consensus(counts(), CASE, methods=["ancom-bc2"], block=np.arange(30) // 3)


def test_cauchy_combination_refuses_what_is_no_p():
    for bad in ([[1.5]], [0.5]):
        with pytest.raises(StatisticsError):
            stats.cauchy_combination(bad)
    assert np.isnan(stats.cauchy_combination([[np.nan], [np.nan]])[0])
    assert stats.cauchy_combination([[1e-300], [1.0]])[0] == pytest.approx(2e-300, rel=1e-6)


def test_a_table_has_a_row_per_feature_model_and_term():
    frame = pd.DataFrame(counts(16), columns=[f"taxon {j}" for j in range(30)])
    fit = stats.differential(frame, np.repeat(["well", "ill"], 15), reference="well")
    table = fit.table()
    assert table.groupby("model")["feature"].nunique().to_dict() == dict.fromkeys(
        ("abundance", "joint", "prevalence"), 30
    )
    assert replace(fit, frames=()).test("joint") is fit.test()
    with pytest.raises(KeyError):
        fit.test("ranks")
