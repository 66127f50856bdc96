"""Mediation against R, published critical values, its identities, and its error where either link or both are 0."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest

from commensal import stats
from commensal.errors import StatisticsError
from commensal.stats._product import product_interval

HERE = Path(__file__).parents[1] / "references" / "mediators"
CLOSED = 1e-9  # values of closed form, from lm
ENDS = 1e-6  # of the interval's width: what R's integrate and uniroot leave


@pytest.fixture(scope="module")
def cages():
    return pd.read_csv(HERE / "cages.tsv", sep="\t")


def design(frame):
    arms = [(frame["arm"] == arm).to_numpy(float) for arm in ("one", "two")]
    return np.column_stack([np.ones(len(frame)), *arms, frame["age"]])


def test_agrees_with_r(cages):
    wanted = pd.read_csv(HERE / "mediation.tsv", sep="\t")
    fit = stats.mediation(cages[list(wanted["mediator"])], cages["y"], design(cages), [0, 1, 0, 0])
    for name in ("first", "first_se", "first_p", "second", "second_se", "second_p", "effect", "p", "direct", "total"):
        assert getattr(fit, name) == pytest.approx(wanted[name].to_numpy(), rel=CLOSED), name
    assert fit.rho == pytest.approx(wanted["rho"].to_numpy(), abs=1e-8)
    assert fit.df.tolist() == wanted["df"].tolist()
    width = (wanted["high"] - wanted["low"]).to_numpy()
    assert (np.abs(fit.low - wanted["low"]) <= ENDS * width).all()
    assert (np.abs(fit.high - wanted["high"]) <= ENDS * width).all()
    assert list(fit.table().index) == list(wanted["mediator"])


def test_the_product_of_two_standard_normals_has_its_published_critical_value():
    """2.18 at 5 %, two-sided (MacKinnon et al. 2002, their test of P = z_a z_b)."""
    one, none, endless = np.ones(1), np.zeros(1), np.full(1, np.inf)
    low, high = product_interval(none, one, endless, none, one, endless, 0.95)
    assert high[0] == pytest.approx(2.18, abs=0.005)
    assert low[0] == pytest.approx(-high[0], abs=1e-9)


@pytest.mark.parametrize("given", [(0.2, 0.1, 40.0, 0.4, 0.1, 39.0), (1.0, 0.5, 8.0, -0.5, 0.3, 7.0)])
def test_the_interval_is_that_of_draws(given):
    rng = np.random.default_rng(5)
    a, sa, da, b, sb, db = given
    drawn = (a + sa * rng.standard_t(da, 400_000)) * (b + sb * rng.standard_t(db, 400_000))
    ends = product_interval(*[np.array([one]) for one in given], 0.95)
    share = [float((drawn < end[0]).mean()) for end in ends]
    assert share == pytest.approx([0.025, 0.975], abs=0.0012)  # five standard errors of a share of 400,000


def test_total_is_direct_and_indirect_and_scales_carry_through(cages):
    m, y, x = cages[["m1", "m2"]].to_numpy(), cages["y"].to_numpy(), design(cages)
    fit = stats.mediation(m, y, x, [0, 1, 0, 0])
    assert fit.total == pytest.approx(fit.direct + fit.effect)
    other = stats.mediation(3 * m + 7, -2 * y, x, [0, 1, 0, 0])
    assert other.effect == pytest.approx(-2 * fit.effect)
    assert other.p == pytest.approx(fit.p)
    assert other.low == pytest.approx(-2 * fit.high)
    assert other.rho == pytest.approx(-fit.rho)
    order = np.random.default_rng(1).permutation(len(y))
    again = stats.mediation(m[order], y[order], x[order], [0, 1, 0, 0])
    assert again.effect == pytest.approx(fit.effect)
    assert again.high == pytest.approx(fit.high)


def test_a_mediator_with_gaps_is_fitted_to_its_own_rows(cages):
    m, y, x = cages[["m1", "m2"]].to_numpy(), cages["y"].to_numpy(), design(cages)
    m[:3, 1] = np.nan
    fit = stats.mediation(m, y, x, [0, 1, 0, 0])
    alone = stats.mediation(m[3:, [1]], y[3:], x[3:], [0, 1, 0, 0])
    assert fit.n.tolist() == [24, 21]
    assert fit.effect[1] == pytest.approx(alone.effect[0])
    assert fit.p[0] == pytest.approx(stats.mediation(m[:, [0]], y, x, [0, 1, 0, 0]).p[0])


def test_what_cannot_be_said_has_a_status_and_no_p(cages):
    y, x = cages["y"].to_numpy(), design(cages)
    m = np.column_stack([np.ones(24), np.full(24, np.nan), y, x[:, 1]])
    fit = stats.mediation(m, y, x, [0, 1, 0, 0])
    assert fit.status.tolist() == ["constant", "too_few", "constant", "constant"]
    assert np.isnan(fit.p).all()
    assert stats.mediation(m[:, [0]], y, x[:, [0, 1, 1]], [0, 1, 0]).status.tolist() == ["rank_deficient"]


@pytest.mark.parametrize(
    "changed",
    [{"treatment": [0, 1]}, {"outcome": [1.0]}, {"x": [[np.nan]]}, {"level": 1.5}, {"mediator": [["a"]]}],
)
def test_bad_input_is_one_clear_error(cages, changed):
    given = {"mediator": cages[["m1"]].to_numpy(), "outcome": cages["y"].to_numpy(), "x": design(cages)}
    with pytest.raises(StatisticsError):
        stats.mediation(**(given | {"treatment": [0, 1, 0, 0]} | changed))


@pytest.mark.parametrize(("a", "b"), [(0.0, 0.0), (0.0, 2.0), (2.0, 0.0)])
def test_size_and_coverage_in_all_three_cases_of_the_composite_null(a, b):
    """Twelve cages in two arms. Size at 0.05 is exact where one link is strong, far below where both are 0."""
    rng = np.random.default_rng(8)
    x = np.column_stack([np.ones(12), np.repeat([0.0, 1.0], 6)])
    runs, hits, held = 1000, 0, 0
    for _ in range(runs):
        m = a * x[:, 1] + rng.normal(size=12)
        y = b * m + x[:, 1] + rng.normal(size=12)
        fit = stats.mediation(m[:, None], y, x, [0, 1])
        hits += int(fit.p[0] <= 0.05)
        held += int(fit.low[0] <= a * b <= fit.high[0])
    assert binomtest(hits, runs, 0.05, alternative="greater").pvalue > 0.01
    assert binomtest(held, runs, 0.95, alternative="less").pvalue > 0.01
    if a == b == 0:
        assert hits / runs < 0.02
