"""What one person decides: against R, against fitting anew, and where nothing can be left out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from commensal import stats
from commensal.errors import StatisticsError

FOLDER = Path(__file__).parents[1] / "references" / "people"
#: Values are written with 17 digits, and both sides solve a well-conditioned system.
CLOSE = 1e-9


@pytest.fixture(scope="module")
def people() -> tuple[np.ndarray, np.ndarray, np.ndarray, pd.DataFrame]:
    data = pd.read_csv(FOLDER / "data.csv", skipinitialspace=True)
    levels = data[["X1", "X2", "X3", "X4"]].to_numpy(float)
    return (
        levels,
        data["score"].to_numpy(float),
        data[["age", "sex"]].to_numpy(float),
        pd.read_csv(FOLDER / "values.csv"),
    )


def test_partial_spearman_and_its_range_equal_r(people):
    y, score, covariates, r = people
    whole = ~np.isnan(y).any(axis=0)  # with gaps ranks are taken once per column, not anew for each pair
    found = stats.associate(y, score[:, None], covariates=covariates)
    np.testing.assert_allclose(found.r[whole, 0], r["r"][whole], rtol=CLOSE)
    np.testing.assert_allclose(found.p[whole, 0], r["p"][whole], rtol=1e-7)
    left = stats.left_out_correlations(y, score, covariates=covariates)
    np.testing.assert_allclose(left.full[whole], r["r"][whole], rtol=CLOSE)
    np.testing.assert_allclose(left.least[whole], r["r_least"][whole], rtol=CLOSE)
    np.testing.assert_allclose(left.most[whole], r["r_most"][whole], rtol=CLOSE)


def test_slope_and_its_range_equal_r(people):
    y, score, covariates, r = people
    x = np.column_stack([np.ones(len(y)), score, covariates])
    contrast = np.array([0.0, 1, 0, 0])
    fit = stats.linear(y, x, contrast)
    for ours, theirs in (("effect", "slope"), ("se", "se"), ("p", "slope_p"), ("low", "low"), ("high", "high")):
        np.testing.assert_allclose(getattr(fit, ours), r[theirs], rtol=1e-8)
    left = stats.left_out_slopes(y, x, contrast)
    np.testing.assert_allclose(left.full, r["slope"], rtol=1e-8)
    np.testing.assert_allclose(left.least, r["slope_least"], rtol=1e-8)
    np.testing.assert_allclose(left.most, r["slope_most"], rtol=1e-8)
    np.testing.assert_allclose(np.abs(left.shift), r["dfbeta"], rtol=1e-8)


@pytest.mark.parametrize("seed", range(5))
def test_leaving_out_equals_fitting_anew(seed):
    rng = np.random.default_rng(seed)
    y, x = rng.normal(size=(14, 6)), np.column_stack([np.ones(14), rng.normal(size=(14, 3))])
    y[rng.random(y.shape) < 0.15] = np.nan
    contrast = rng.normal(size=4)
    left = stats.left_out_slopes(y, x, contrast)
    for j in range(6):
        seen = np.flatnonzero(~np.isnan(y[:, j]))
        anew = [
            float(contrast @ np.linalg.lstsq(x[rest], y[rest, j], rcond=None)[0])
            for rest in (np.delete(seen, i) for i in range(len(seen)))
        ]
        assert left.least[j] == pytest.approx(min(anew), rel=1e-8)
        assert left.most[j] == pytest.approx(max(anew), rel=1e-8)
        assert left.at[j] == seen[int(np.argmax(np.abs(np.array(anew) - left.full[j])))]
        assert left.n[j] == len(seen)


def test_the_order_of_samples_does_not_matter():
    rng = np.random.default_rng(3)
    y, x = rng.normal(size=(12, 3)), rng.normal(size=12)
    order = rng.permutation(12)
    one, other = stats.left_out_correlations(y, x), stats.left_out_correlations(y[order], x[order])
    np.testing.assert_allclose(one.least, other.least, rtol=1e-12)
    np.testing.assert_allclose(one.shift, other.shift, rtol=1e-12)


def test_what_rests_on_one_sample_has_no_range():
    x = np.column_stack([np.ones(6), [0.0, 0, 0, 0, 0, 1]])
    left = stats.left_out_slopes(np.arange(6.0)[:, None], x, [0, 1])
    assert left.status.tolist() == ["too_few"]
    assert np.isnan(left.least[0])
    assert left.at[0] == -1
    empty = stats.left_out_correlations(np.full((6, 1), np.nan), np.arange(6.0))
    assert empty.status.tolist() == ["too_few"]


@pytest.mark.parametrize(
    "call",
    [
        lambda: stats.left_out_slopes([[1.0]], [[1.0, 2]], [1]),
        lambda: stats.left_out_slopes([["a"]], [[1.0]], [1]),
        lambda: stats.left_out_correlations([[1.0], [2]], [1.0]),
        lambda: stats.left_out_correlations([[1.0], [2]], [1.0, 2], method="kendall"),
        lambda: stats.left_out_correlations([[np.inf], [2]], [1.0, 2]),
    ],
)
def test_what_does_not_fit_is_refused(call):
    with pytest.raises(StatisticsError):
        call()
