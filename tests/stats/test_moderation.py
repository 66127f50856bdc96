"""Moderated variances and t against limma, limiting cases by hand, invariance, and null rates.

The values stand in tests/references/limma, made by reference.R there (see its README).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from commensal import stats
from commensal.errors import StatisticsError

HERE = Path(__file__).parents[1] / "references" / "limma"
#: Agreement asked of variances, degrees of freedom, standard errors and t (relative).
TOLERANCE = 1e-6
#: and of log10 p.
P_TOLERANCE = 1e-5


def reference(name):
    return pd.read_csv(HERE / f"{name}.tsv.gz", sep="\t", float_precision="round_trip")


def small():
    t = reference("small")
    return t.iloc[:, 3:].to_numpy(float), t.arm.to_numpy(float), t.age.to_numpy(float)


@pytest.mark.parametrize("case", ["d0 = 4", "unequal", "no spread", "d0 = inf", "zeros", "wide", "no df", "two"])
def test_squeezed_variances_equal_limma(case):
    table = reference("small.squeezed")
    r = table[table.case == case]
    made = stats.moderate(r.s2, r.d)
    assert made.prior_df == pytest.approx(r["df.prior"].iloc[0], rel=TOLERANCE)
    assert made.prior_variance == pytest.approx(r["var.prior"].iloc[0], rel=TOLERANCE)
    assert made.variance == pytest.approx(r.post, rel=TOLERANCE)


def compare(fit, r):
    ours = stats.moderated(fit)
    told = np.flatnonzero(np.isfinite(ours.p))
    assert told.tolist() == r.feature.tolist()
    for name, theirs in (
        ("effect", r.effect),
        ("se", r.se),
        ("statistic", r.t),
        ("df", r.df),
        ("var_residual", r["s2.post"]),
    ):
        assert getattr(ours, name)[told] == pytest.approx(theirs.to_numpy(), rel=TOLERANCE), name
    assert np.log10(ours.p[told]) == pytest.approx(np.log10(r.p.to_numpy()), abs=P_TOLERANCE)
    assert fit.var_residual[told] == pytest.approx(r.s2, rel=TOLERANCE)
    assert ours.df_satterthwaite[told] == pytest.approx(r.d, rel=TOLERANCE)
    assert (ours.status == fit.status).all()


def test_moderated_fits_with_missing_samples_equal_limma():
    y, arm, age = small()
    r = reference("small.moderated")
    everything = stats.linear(y, np.column_stack([np.ones(24), age, arm]), [0, 0, 1])
    compare(everything, r[r.case == "all"])
    few = [0, 1, 2, 19, 20, 21]
    compare(stats.linear(y[few], np.column_stack([np.ones(6), arm[few]]), [0, 1]), r[r.case == "few"])


@pytest.mark.real
def test_jacobs2016_genera_where_present_equal_limma(data):
    counts = pd.read_csv(data / "jacobs2016" / "genera.counts.tsv.gz", sep="\t", index_col=0)
    meta = pd.read_csv(data / "jacobs2016" / "metadata.tsv.gz", sep="\t", dtype=str, index_col="Sample").loc[
        counts.index
    ]
    table = counts.to_numpy(float)
    shares = table / table.sum(axis=1, keepdims=True)
    shares = shares[:, (shares > 0).sum(axis=0) >= 30]
    y = np.log2(np.where(shares > 0, shares, np.nan))
    arm = (meta["Study.Group"] != "Normal").to_numpy(float)
    compare(stats.linear(y, np.column_stack([np.ones(len(arm)), arm]), [0, 1]), reference("jacobs2016.moderated"))


def test_variances_that_differ_no_more_than_chance_become_their_mean():
    made = stats.moderate([2.0, 2.0, 2.0], 5)
    assert (made.prior_df, made.prior_variance) == (np.inf, 2.0)
    assert made.df.tolist() == [15.0, 15.0, 15.0]  # no more than all together have
    assert made.variance.tolist() == [2.0, 2.0, 2.0]


def test_one_feature_is_left_as_it_is():
    made = stats.moderate([3.0], [4])
    assert (made.prior_df, made.variance[0], made.df[0]) == (0, 3.0, 4.0)
    fit = stats.linear(np.arange(5.0)[:, None] ** 2, np.ones((5, 1)), [1])
    again = stats.moderated(fit)
    assert again.p[0] == fit.p[0]
    assert "nothing to moderate" in again.note[0]


def test_a_missing_variance_stays_missing_and_one_without_df_takes_the_prior():
    made = stats.moderate([1.0, 4.0, np.nan, np.nan, 0.2], [3, 3, 3, 0, 3])
    assert np.isnan(made.variance).tolist() == [False, False, True, False, False]
    assert made.variance[3] == made.prior_variance
    assert made.table().shape == (5, 4)


def test_units_of_features_and_their_order_change_what_they_should():
    rng = np.random.default_rng(4)
    s2, d = rng.chisquare(4, 30), rng.integers(1, 9, 30)
    made, order = stats.moderate(s2, d), rng.permutation(30)
    again = stats.moderate(100 * s2[order], d[order])
    assert again.variance == pytest.approx(100 * made.variance[order])
    assert again.prior_df == pytest.approx(made.prior_df)
    assert (np.sign(made.variance - s2) == np.sign(made.prior_variance - s2)).all()


def test_features_without_a_p_stay_as_they_were():
    y = np.random.default_rng(1).normal(size=(8, 4))
    y[:, 1], y[:6, 2] = 3.0, np.nan
    fit = stats.moderated(stats.linear(y, np.column_stack([np.ones(8), np.tile([0, 1], 4)]), [0, 1]))
    assert fit.status.tolist() == ["ok", "constant", "too_few", "ok"]
    assert np.isnan(fit.p).tolist() == [False, True, True, False]


def test_a_variance_beyond_floating_point_keeps_its_own_p():
    y = np.random.default_rng(1).normal(size=(8, 4))
    y[:, 2] *= 1e-200
    plain = stats.linear(y, np.column_stack([np.ones(8), np.tile([0, 1], 4)]), [0, 1])
    fit = stats.moderated(plain)
    assert (fit.p[2], fit.low[2], fit.high[2]) == (plain.p[2], plain.low[2], plain.high[2])
    assert "not moderated" in fit.note[2]
    assert (fit.p[[0, 1, 3]] != plain.p[[0, 1, 3]]).all()


def test_what_cannot_be_moderated_is_refused_in_words():
    y, x = np.random.default_rng(0).normal(size=(8, 3)), np.ones((8, 1))
    with pytest.raises(StatisticsError, match="only fits of the linear model"):
        stats.moderated(stats.mixed(y, x, [1], np.repeat(np.arange(4), 2)))
    with pytest.raises(StatisticsError, match="confidence level"):
        stats.moderated(stats.linear(y, x, [1]), level=95)
    for variance, df, words in (
        ([1.0, -1.0], 3, "at least 0"),
        ([1.0, np.inf], 3, "finite"),
        ([1.0, 2.0], [3, np.nan], "must be known"),
        ([1.0, 2.0], [3, 3, 3], "do not fit"),
        (["a"], 3, "must be numbers"),
    ):
        with pytest.raises(StatisticsError, match=words):
            stats.moderate(variance, df)


@pytest.mark.parametrize("per_arm", [3, 8, 20, 60])
@pytest.mark.parametrize("prior_df", [4.0, np.inf])
def test_the_null_rates_are_nominal_and_the_interval_covers(per_arm, prior_df):
    # 40 independent data sets of 250 independent features: 10,000 p, standard error of 5 % 0.22 %, of 1e-3 0.03 %.
    rng = np.random.default_rng(30)
    n, p, inside = 2 * per_arm, [], []
    x = np.column_stack([np.ones(n), np.repeat([0.0, 1.0], per_arm)])
    for _ in range(40):
        scale = np.sqrt(prior_df / rng.chisquare(prior_df, 250)) if np.isfinite(prior_df) else np.ones(250)
        fit = stats.moderated(stats.linear(rng.normal(size=(n, 250)) * scale, x, [0, 1]))
        p.append(fit.p)
        inside.append((fit.low <= 0) & (fit.high >= 0))
    p = np.concatenate(p)
    assert abs(np.mean(p <= 0.05) - 0.05) < 4 * 0.0022
    assert np.mean(p <= 1e-3) < 1e-3 + 4 * 0.00032
    assert abs(np.mean(inside) - 0.95) < 4 * 0.0022
