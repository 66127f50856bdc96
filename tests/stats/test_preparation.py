"""Drift, batches, quotients, standards, controls, fill-ins: against R, by hand, and on drift that was made."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm, ttest_ind

from commensal import stats
from commensal.errors import StatisticsError
from commensal.stats._loess import loess_weights

REFERENCES = Path(__file__).parents[1] / "references" / "drift"
# Both are a line by weighted least squares, written out.
LOESS = 1e-9


def test_local_lines_are_those_of_r():
    points = pd.read_csv(REFERENCES / "data.tsv", sep="\t")
    expected = pd.read_csv(REFERENCES / "reference.tsv", sep="\t")
    for (q, span), rows in expected.groupby(["q", "span"]):
        own = points[points["q"] == q]
        fit = loess_weights(rows["at"].to_numpy(), own["x"].to_numpy(float), span) @ own["y"].to_numpy()
        np.testing.assert_allclose(fit, rows["fit"], rtol=LOESS)


def run(seed=1, n=96, m=60, batches=2, every=6, drift=1.0, noise=0.1):
    """Two batches with their own drift; a pooled control at every sixth injection and at both ends."""
    rng = np.random.default_rng(seed)
    order = np.arange(n, dtype=float)
    batch = np.repeat(np.arange(batches), n // batches)
    control = (order % every == 0) | (order == n - 1) | (order % (n // batches) == n // batches - 1)
    inside = order % (n // batches) / (n // batches)
    bend = rng.normal(size=(batches, m)) * drift
    lift = rng.normal(size=(batches, m)) * drift
    path = lift[batch] + bend[batch] * np.sin(2.5 * inside)[:, None]
    y = 15 + rng.normal(size=m) + path + noise * rng.normal(size=(n, m))
    biology = 0.5 * rng.normal(size=(n, m)) * ~control[:, None]
    return y + biology, order, control, batch, path, biology


def test_made_drift_is_taken_off():
    y, order, control, batch, path, biology = run()
    fit = stats.qc_drift(y, order, control, batch)
    assert set(fit.status) == {"ok"}
    left = y - fit.shift
    before = np.exp(y[control]).std(axis=0) / np.exp(y[control]).mean(axis=0)
    after = np.exp(left[control]).std(axis=0) / np.exp(left[control]).mean(axis=0)
    assert np.median(before) > 0.5
    assert np.median(after) < 0.12
    assert np.median(fit.after) < 0.14  # also for controls that were left out
    gap = left[~control] - biology[~control]
    assert np.median(gap.std(axis=0)) < 0.15  # what is left beside biology: the noise of 0.1 and what the line misses
    assert np.median((path[~control] - path[~control].mean(axis=0)).std(axis=0)) > 0.5


def test_without_drift_next_to_nothing_is_taken_off():
    y, order, control, _, _, _ = run(drift=0.0)
    fit = stats.qc_drift(y, order, control)
    assert np.isinf(np.median(fit.span))
    assert np.median(fit.shift.std(axis=0)) < 0.03


def test_a_left_out_control_is_truly_left_out():
    y, order, control, _, _, _ = run(m=1, batches=1)
    fit = stats.qc_drift(y, order, control, spans=[0.75])
    at = np.flatnonzero(control)
    errors = {"line": [], "level": []}
    for i in at:
        others = at[at != i]
        errors["level"].append(y[i, 0] - y[others, 0].mean())
        # Left out of the fit but not of the neighbourhood: the bandwidth is the run's own, as in the shortcut.
        hat = loess_weights(order[[i]], order[at], 0.75)[0]
        own = hat[at == i][0]
        errors["line"].append((y[i, 0] - hat @ y[at, 0]) / (1 - own))
    best = min(errors.values(), key=lambda e: np.square(e).sum())
    assert fit.after[0] == pytest.approx(np.sqrt(np.mean(np.square(best))), rel=1e-9)


def test_missing_controls_and_batches_without_any():
    y, order, control, batch, _, _ = run(m=4)
    y[np.flatnonzero(control)[:3], 1] = np.nan
    y[np.ix_(control & (batch == 1), [2])] = np.nan
    y[control, 3] = np.nan
    fit = stats.qc_drift(y, order, control, batch)
    assert fit.status.tolist() == ["ok", "ok", "no_controls", "no_controls"]
    assert (fit.shift[batch == 1, 2] == 0).all()
    assert (fit.shift[:, 3] == 0).all()
    alone = stats.qc_drift(y[:, [1]], order, control, batch)
    np.testing.assert_allclose(alone.shift[:, 0], fit.shift[:, 1])
    few = stats.qc_drift(y[:9], order[:9], control[:9])
    assert few.status[0] == "few_controls"
    assert np.ptp(few.shift[:, 0]) == 0


def test_the_order_of_samples_and_the_unit_of_order_do_not_matter():
    y, order, control, batch, _, _ = run()
    first = stats.qc_drift(y, order, control, batch)
    mix = np.random.default_rng(2).permutation(len(y))
    other = stats.qc_drift(y[mix], order[mix] * 7 + 3, control[mix], batch[mix])
    np.testing.assert_allclose(other.shift, first.shift[mix], atol=1e-9)


def test_correction_makes_no_differences_where_the_order_is_mixed_and_fewer_than_drift_where_it_is_not():
    """Null groups. Mixed in the run: the level of a t test. One group first: what is left is far below the drift's."""
    rates = {}
    for name in ("mixed", "first"):
        hits, raw = [], []
        for seed in range(40):
            y, order, control, _, _, _ = run(seed=seed, m=50, batches=1)
            rows = np.flatnonzero(~control)
            group = order[rows] < 48 if name == "first" else np.arange(len(rows)) % 2 == 0
            left = y - stats.qc_drift(y, order, control).shift
            for values, into in ((left, hits), (y, raw)):
                into.append(np.mean(ttest_ind(values[rows][group], values[rows][~group]).pvalue < 0.05))
        rates[name] = np.mean(hits), np.std(hits) / np.sqrt(len(hits)), np.mean(raw)
    assert rates["mixed"][0] < 0.05 + 2.33 * rates["mixed"][1] + 1e-9
    assert rates["first"][0] < 0.12
    assert rates["first"][2] > 0.4


def test_batch_medians_by_hand():
    y = np.array([[1.0, np.nan], [3, 5], [10, 7], [12, 9]])
    fit = stats.batch_medians(y, ["a", "a", "b", "b"])
    np.testing.assert_allclose(fit.shift, [[-4.5, -1.5], [-4.5, -1.5], [4.5, 1.5], [4.5, 1.5]])
    blanks_aside = stats.batch_medians(y, ["a", "a", "b", "b"], [1, 1, 1, 0])
    assert blanks_aside.shift[3, 0] == pytest.approx((10 - 2) / 2)
    assert stats.batch_medians(y[:, 1:], ["a", "b", "b", "b"]).status.tolist() == ["no_controls"]


def test_quotients_by_the_published_recipe():
    """Dieterle et al.: reference spectrum by medians, quotients, their median."""
    rng = np.random.default_rng(1)
    true = np.exp(rng.normal(size=(8, 40)))
    dilution = np.exp(rng.normal(size=8))
    amounts = true * dilution[:, None]
    reference = np.median(amounts, axis=0)
    by_hand = np.median(amounts / reference, axis=1)
    found = stats.probabilistic_quotients(amounts)
    np.testing.assert_allclose(found.factor / found.factor[0], by_hand / by_hand[0], rtol=0.02)
    odd = stats.probabilistic_quotients(amounts[:7])  # an odd number: medians of logs are logs of medians
    by_hand = np.array([np.median(row / np.median(amounts[:7], axis=0)) for row in amounts[:7]])
    assert np.corrcoef(np.log(odd.factor), np.log(by_hand))[0, 1] > 0.9999
    assert stats.probabilistic_quotients(amounts * 5).factor == pytest.approx(found.factor)
    amounts[0, 3:] = 0
    assert stats.probabilistic_quotients(amounts).status.tolist() == ["too_few"] + ["ok"] * 7


def test_quotients_are_not_pulled_by_what_one_group_has_more_of():
    rng = np.random.default_rng(1)
    amounts = np.exp(0.1 * rng.normal(size=(20, 100)))
    amounts[:10, :30] *= 50
    assert np.ptp(np.log(stats.probabilistic_quotients(amounts).factor)) < 0.2
    assert np.ptp(np.log(amounts.sum(axis=1))) > 2


def test_standards_by_hand():
    found = stats.standard_factors([[1.0, 10], [4, 40], [np.nan, 20]])
    raw = np.array([1 / 2.0 * 10 / 20, 4 / 2.0 * 40 / 20, 1.0])
    raw = np.array([np.sqrt(raw[0]), np.sqrt(raw[1]), 1.0])
    np.testing.assert_allclose(found.factor, raw / np.exp(np.log(raw).mean()))
    assert found.n.tolist() == [2, 2, 1]
    assert stats.standard_factors([[0.0], [1.0]]).status.tolist() == ["too_few", "ok"]


def test_controls_and_blanks_by_hand():
    amounts = np.array([[8.0, 1], [10, 0], [12, 0], [30, 5], [50, 7], [4, 0], [6, 0]])
    control, blank = np.arange(7) < 3, np.arange(7) > 4
    fit = stats.control_quality(amounts, control, blank)
    assert fit.rsd[0] == pytest.approx(0.2)
    assert np.isnan(fit.rsd[1])  # one control has it
    assert fit.blank_ratio.tolist() == [8.0, np.inf]
    assert fit.d_ratio[0] == pytest.approx(np.log([8, 10, 12]).std(ddof=1) / np.log([30, 50]).std(ddof=1))
    with pytest.raises(StatisticsError, match="a quality control and a blank"):
        stats.control_quality(amounts, control, control)


def test_fill_ins():
    amounts = np.array([[4.0, 0], [6, 0], [0, 0]])
    filled = stats.half_minimum(amounts, amounts == 0)
    assert filled[2, 0] == 2
    assert np.isnan(filled[:, 1]).all()
    rng = np.random.default_rng(2)
    y = rng.normal(20, 3, size=(3, 4000))
    limit = norm.ppf(0.3, 20, 3)
    drawn = stats.qrilc(y, y < limit)
    np.testing.assert_allclose(drawn.mean(axis=1), 20, atol=0.15)
    np.testing.assert_allclose(drawn.std(axis=1), 3, atol=0.15)
    assert (drawn[y < limit] < limit + 0.3).all()
    np.testing.assert_array_equal(drawn, stats.qrilc(y, y < limit))
    assert not np.array_equal(drawn, stats.qrilc(y, y < limit, seed=2))
    np.testing.assert_array_equal(drawn[y >= limit], y[y >= limit])


def test_fill_ins_are_too_sure_and_the_censored_model_is_not():
    """Two arms alike, half of the values below: half-minimum finds spreads that are not there, intervals too short."""
    rng = np.random.default_rng(3)
    y = rng.normal(10, 1, size=(24, 1500))
    y[12:] += 1.0
    limit = np.full(1500, 10.5)
    x = np.column_stack([np.ones(24), np.repeat([0, 1], 12)])
    below = y < limit
    filled = np.log(stats.half_minimum(np.exp(np.where(below, 0, y)), below))
    covered = {}
    for name, fit in (
        ("half_minimum", stats.linear(filled, x, [0, 1])),
        ("censored", stats.left_censored(y, limit, x, [[0, 1]])[0]),
    ):
        low, high = np.nan_to_num(fit.low, nan=-np.inf), np.nan_to_num(fit.high, nan=np.inf)
        told = np.isfinite(fit.p)
        covered[name] = np.mean(((low <= 1) & (high >= 1))[told])
    assert covered["half_minimum"] < 0.9
    assert covered["censored"] > 0.94


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: stats.qc_drift([[1.0]], [1.0, 2], [True]), "do not fit"),
        (lambda: stats.qc_drift([[1.0], [2]], [1.0, np.nan], [True, False]), "an order is missing"),
        (lambda: stats.qc_drift([[1.0], [2]], [1.0, 2], [False, False]), "no quality control"),
        (lambda: stats.qc_drift([[1.0], [2]], [1.0, 2], [True, False], spans=[-1]), "no such span"),
        (lambda: stats.probabilistic_quotients([[1.0]], [False]), "no reference"),
        (lambda: stats.standard_factors(np.zeros((3, 0))), "no internal standard"),
        (lambda: stats.half_minimum([[1.0]], [[2]]), "do not fit"),
    ],
)
def test_what_cannot_be_is_refused(call, words):
    with pytest.raises(StatisticsError, match=words):
        call()
