"""PERMANOVA of several terms: vegan, a slow loop with hat matrices, invariance, and null rates."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from commensal import stats
from commensal.errors import StatisticsError

HERE = Path(__file__).parents[1] / "references" / "vegan"
#: Agreement asked of F and R² (relative).
F_TOLERANCE = 1e-8
PERMUTATIONS = 9999


def factor(values):
    """Indicator columns of all levels but the first."""
    return (np.asarray(values)[:, None] == np.unique(values)[None, 1:]).astype(float)


def reference(name):
    table = pd.read_csv(HERE / f"{name}_terms.tsv", sep="\t", float_precision="round_trip")
    return {model: rows.set_index("term") for model, rows in table.groupby("model")}


def near(ours, theirs):
    """Two Monte-Carlo p of the same test: four standard errors of their difference."""
    mean = (ours + theirs) / 2
    return abs(ours - theirs) <= 4 * np.sqrt(2 * mean * (1 - mean) / PERMUTATIONS)


def compare(fit, theirs, *, p=True):
    ours = fit.table().set_index("term")
    for term, row in theirs.loc[theirs.index.isin(fit.term)].iterrows():
        assert ours.loc[term, "f"] == pytest.approx(row.F, rel=F_TOLERANCE)
        assert ours.loc[term, "r2"] == pytest.approx(row.R2, rel=F_TOLERANCE)
        assert (ours.loc[term, "df"], fit.df2) == (row.Df, row.Df2)
        assert not p or near(ours.loc[term, "p"], row.p)


@pytest.fixture(scope="module")
def small():
    t = pd.read_csv(HERE / "small.tsv", sep="\t")
    counts = t.iloc[:, 5:].to_numpy(float)
    d = stats.bray_curtis(counts / counts.sum(axis=1, keepdims=True))
    return t, d, factor(np.arange(len(t)) % 3)


def fitted(d, terms, *, block=None, **more):
    rows = stats.permuted_rows(
        np.column_stack(list(terms.values())), block=block, scheme="within blocks" if block is not None else None
    )
    return stats.permanova_terms(d, terms, permutations=rows, **more)


@pytest.mark.parametrize(("by", "theirs"), [("sequential", "terms"), ("marginal", "margin")])
def test_f_and_p_equal_vegan(small, by, theirs):
    t, d, diet = small
    r = reference("small")
    age, label, block = t.age.to_numpy(float), t.label.to_numpy(float), t.block.to_numpy()
    compare(fitted(d, {"age": age, "diet": diet, "label": label}, by=by), r[f"free {theirs}"])
    compare(fitted(d, {"diet": diet, "label": label}, block=block, by=by), r[f"within {theirs}"])
    fixed = factor(block)
    compare(fitted(d, {"diet": diet, "label": label}, block=block, by=by, fixed=fixed), r[f"after_block {theirs}"])
    after_age = fitted(d, {"diet": diet, "label": label}, by=by, fixed=age[:, None])
    compare(after_age, r[f"after_age {theirs}"], p=False)  # vegan moves age along


def test_an_interaction_equals_vegan(small):
    t, d, diet = small
    label = t.label.to_numpy(float)
    fit = fitted(d, {"diet": diet, "label": label, "diet:label": diet * label[:, None]})
    compare(fit, reference("small")["interaction terms"])


@pytest.mark.real
@pytest.mark.parametrize(("by", "theirs"), [("sequential", "terms"), ("marginal", "margin")])
def test_jacobs2016_disease_after_gender_equals_vegan(data, by, theirs):
    counts = pd.read_csv(data / "jacobs2016" / "genera.counts.tsv.gz", sep="\t", index_col=0)
    meta = pd.read_csv(data / "jacobs2016" / "metadata.tsv.gz", sep="\t", dtype=str, index_col="Sample").loc[
        counts.index
    ]
    shares = counts.to_numpy(float)
    d = stats.bray_curtis(shares / shares.sum(axis=1, keepdims=True))
    group = np.column_stack([meta["Study.Group"] == "CD", meta["Study.Group"] == "UC"]).astype(float)
    gender = (meta["Gender"] == "Male").to_numpy(float)
    fit = fitted(d, {"Gender": gender, "group": group}, block=meta["Family_ID"].to_numpy(str), by=by)
    compare(fit, reference("jacobs2016")[f"within {theirs}"])


def slow(d, terms, fixed, by):
    """F of each term with hat matrices, as McArdle and Anderson write it."""
    n = len(d)
    centre = np.eye(n) - 1 / n
    g = centre @ (-0.5 * d**2) @ centre

    def explained(parts):
        x = np.column_stack([np.ones(n), *parts])
        return np.trace(x @ np.linalg.pinv(x) @ g), np.linalg.matrix_rank(x)

    base = [] if fixed is None else [fixed]
    whole, rank = explained([*base, *terms])
    out = []
    for j, _ in enumerate(terms):
        other = terms[:j] if by == "sequential" else [*terms[:j], *terms[j + 1 :]]
        up_to = terms[: j + 1] if by == "sequential" else terms
        (less, fewer), (more, rows) = explained([*base, *other]), explained([*base, *up_to])
        out.append((more - less) / (rows - fewer) / ((np.trace(g) - whole) / (n - rank)))
    return np.array(out)


@pytest.mark.parametrize("by", ["sequential", "marginal"])
@pytest.mark.parametrize("with_fixed", [False, True])
def test_f_and_p_equal_a_slow_loop_over_all_arrangements(by, with_fixed):
    rng = np.random.default_rng(3)
    n, block = 10, np.repeat(list("ab"), 5)
    diet, dose = factor([0, 1, 2, 0, 1, 2, 1, 0, 0, 1]), np.array([0.0, 0, 1, 1, 0, 1, 1, 0, 1, 0])
    d = stats.bray_curtis(rng.gamma(0.7, size=(n, 6)) + 0.01)
    fixed = rng.normal(size=(n, 1)) if with_fixed else None
    terms = {"diet": diet, "dose": dose}
    rows = stats.permuted_rows(np.column_stack([diet, dose]), block=block, scheme="within blocks", n=400, seed=5)
    fit = stats.permanova_terms(d, terms, permutations=rows, by=by, fixed=fixed)
    f = slow(d, [diet, dose], fixed, by)
    null = np.array([slow(d, [diet[row], dose[row]], fixed, by) for row in rows.rows])
    assert fit.f == pytest.approx(f, rel=1e-9)
    assert fit.p == pytest.approx((1 + (null >= f * (1 - 1e-8)).sum(axis=0)) / 401)


def test_one_term_of_one_column_is_permanova(small):
    t, d, _ = small
    label, block = t.label.to_numpy(float), t.block.to_numpy()
    one = stats.permanova(d, label, fixed=factor(block), permutations=stats.permutations(label, block=block))
    fit = fitted(d, {"label": label}, block=block, fixed=factor(block))
    assert (fit.p[0], fit.n_distinct, fit.exact) == (one.p, one.n_distinct, True)
    assert fit.f[0] == pytest.approx(one.f, rel=1e-10)


def test_coding_scale_and_sample_order_change_nothing(small):
    t, d, diet = small
    kept = np.arange(8)
    d, diet, label, block = d[np.ix_(kept, kept)], diet[kept], t.label.to_numpy(float)[kept], np.array(["p", "q"] * 4)
    fit = fitted(d, {"diet": diet, "label": label}, block=block, by="marginal")
    recoded = diet @ np.array([[1.0, 3], [2, -1]]) + 5
    order = np.random.default_rng(1).permutation(8)
    again = fitted(
        1e3 * d[np.ix_(order, order)],
        {"diet": recoded[order], "label": 2 - label[order]},
        block=block[order],
        by="marginal",
    )
    assert fit.exact
    assert again.f == pytest.approx(fit.f, rel=1e-9)
    assert again.p == pytest.approx(fit.p, abs=1e-12)


def test_what_cannot_be_tested_has_a_status_and_no_p(small):
    t, d, diet = small
    label = t.label.to_numpy(float)
    fit = fitted(d, {"label": label, "again": 3 - label, "flat": np.ones(20), "diet": diet})
    assert fit.status.tolist() == ["ok", "rank_deficient", "rank_deficient", "ok"]
    assert np.isnan(fit.p).tolist() == [False, True, True, False]
    assert fit.df.tolist() == [1, 0, 0, 2]
    assert fitted(np.zeros((20, 20)), {"label": label}).status[0] == "constant"
    assert fitted(d, {"flat": np.ones(20)}).status[0] == "rank_deficient"
    stuck = stats.permuted_rows(label, block=np.arange(20), scheme="within blocks")
    fit = stats.permanova_terms(d, {"label": label}, permutations=stuck)
    assert (fit.status[0], fit.n_permutations) == ("too_few", 0)
    assert np.isfinite(fit.f[0])
    assert np.isnan(fit.p[0])
    full = fitted(d[:3, :3], {"diet": np.eye(3)})
    assert full.status[0] == "too_few"


def test_bad_arrays_are_refused_in_words(small):
    t, d, diet = small
    label = t.label.to_numpy(float)
    rows = stats.permuted_rows(label)
    with pytest.raises(StatisticsError, match="other terms"):
        stats.permanova_terms(d, {"diet": diet}, permutations=rows)
    with pytest.raises(StatisticsError, match="other terms"):
        stats.permanova_terms(d, {"label": label}, permutations=stats.permuted_rows(19))
    with pytest.raises(StatisticsError, match="no term"):
        stats.permanova_terms(d, {}, permutations=rows)
    with pytest.raises(StatisticsError, match="term 'diet' does not fit"):
        stats.permanova_terms(d, {"diet": diet[:4]}, permutations=rows)
    with pytest.raises(StatisticsError, match="no such kind"):
        stats.permanova_terms(d, {"label": label}, permutations=rows, by="III")


def test_the_null_rate_of_whole_cages_of_three_arms_is_nominal():
    # 300 null studies at 5 %: binomial standard error 0.0126. Nine cages of three mice, cages differ.
    rng = np.random.default_rng(6)
    cage, arm = np.repeat(np.arange(9), 3), np.repeat(factor(np.arange(3)), 9, axis=0)
    rows = stats.permuted_rows(arm, block=cage, n=399)
    free = stats.permuted_rows(arm, n=99)
    rates = {"whole": [], "free": []}
    for _ in range(300):
        d = stats.euclidean(rng.normal(size=(27, 4)) + 1.5 * rng.normal(size=(9, 4))[cage])
        rates["whole"].append(stats.permanova_terms(d, {"arm": arm}, permutations=rows).p[0] <= 0.05)
        rates["free"].append(stats.permanova_terms(d, {"arm": arm}, permutations=free).p[0] <= 0.05)
    assert np.mean(rates["whole"]) < 0.05 + 3 * 0.0126
    assert np.mean(rates["free"]) > 0.2
