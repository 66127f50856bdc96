"""Feature-wise permutation and step-down maxima against a slow loop, invariance, and familywise error."""

from __future__ import annotations

import numpy as np
import pytest

from commensal import stats
from commensal.errors import StatisticsError


def slow_t(y, x, fixed=None):
    """t of the label by least squares in the samples where the feature is present; 0 where it cannot be fitted."""
    here = ~np.isnan(y)
    columns = [np.ones(here.sum()), *([] if fixed is None else fixed[here].T), x[here]]
    design = np.column_stack(columns)
    rest = design[:, :-1]
    if np.linalg.matrix_rank(design) == np.linalg.matrix_rank(rest):
        return 0.0, 1
    df = here.sum() - np.linalg.matrix_rank(design)
    beta = np.linalg.lstsq(design, y[here], rcond=None)[0]
    residual = y[here] - design @ beta
    se = np.sqrt(residual @ residual / df * np.linalg.pinv(design.T @ design)[-1, -1])
    return beta[-1] / se, df


def score(t, df):
    """Wallace (1959): the normal equivalent of t."""
    return (8 * df + 1) / (8 * df + 3) * np.sqrt(df * np.log1p(t**2 / df))


def step_down(observed, null, extra):
    """Westfall and Young (1993), algorithm 4.1, a loop."""
    order = np.argsort(-observed)
    adjusted, highest = np.zeros(len(observed)), 0.0
    for place, feature in enumerate(order):
        rivals = null[:, order[place:]].max(axis=1)
        p = (extra + np.sum(rivals >= observed[feature] - 1e-9)) / (extra + len(null))
        highest = max(highest, p)
        adjusted[feature] = highest
    return adjusted


@pytest.mark.parametrize("holes", [False, True])
@pytest.mark.parametrize("with_fixed", [False, True])
def test_t_p_and_adjusted_p_equal_a_slow_loop(holes, with_fixed):
    rng = np.random.default_rng(2)
    n, m = 16, 6
    block, label = np.repeat(np.arange(4), 4), np.tile([0.0, 1, 1, 0], 4)
    y = rng.normal(size=(n, m)) + rng.normal(size=(n, 1))
    y[:, 0] += 1.5 * label
    if holes:
        y[rng.random(size=y.shape) < 0.25] = np.nan
    fixed = rng.normal(size=(n, 2)) if with_fixed else None
    arranged = stats.permutations(label, block=block, n=300, seed=3)
    fit = stats.max_t(y, label, fixed=fixed, permutations=arranged)
    found = [slow_t(y[:, j], label, fixed) for j in range(m)]
    t, df = np.array([a for a, _ in found]), np.array([b for _, b in found])
    assert fit.statistic == pytest.approx(t, rel=1e-8)
    assert fit.df == pytest.approx(df)
    null = np.array([[score(slow_t(y[:, j], row, fixed)[0], df[j]) for j in range(m)] for row in arranged.labels])
    observed = score(t, df)
    assert fit.p == pytest.approx((1 + (null >= observed - 1e-9).sum(axis=0)) / 301)
    assert fit.p_adjusted == pytest.approx(step_down(observed, null, 1))


def test_effects_are_those_of_the_linear_model():
    rng = np.random.default_rng(7)
    label, fixed = np.repeat([0.0, 1.0], 10), rng.normal(size=(20, 1))
    y = rng.normal(size=(20, 5))
    y[rng.random(size=y.shape) < 0.2] = np.nan
    fit = stats.max_t(y, label, fixed=fixed, permutations=stats.permutations(label, n=49))
    line = stats.linear(y, np.column_stack([np.ones(20), fixed, label]), [0, 0, 1])
    assert fit.effect == pytest.approx(line.effect, rel=1e-9)
    assert fit.statistic == pytest.approx(line.statistic, rel=1e-9)
    assert fit.df == pytest.approx(line.df)


def test_the_exact_p_of_one_feature_is_that_of_scipy():
    from scipy.stats import permutation_test

    rng = np.random.default_rng(5)
    y, label = rng.normal(size=(9, 1)), np.array([0, 0, 0, 0, 1, 1, 1, 1, 1.0])
    fit = stats.max_t(y, label, permutations=stats.permutations(label))
    a, b = y[label == 1, 0], y[label == 0, 0]
    theirs = permutation_test((a, b), lambda a, b: abs(a.mean() - b.mean()), alternative="greater", n_resamples=np.inf)
    assert fit.exact
    assert fit.p[0] == pytest.approx(theirs.pvalue)
    assert fit.p_adjusted[0] == fit.p[0]


def test_scale_shift_order_and_coding_change_nothing():
    rng = np.random.default_rng(9)
    label, block = np.tile([0.0, 1.0], 4), np.repeat([0, 1], 4)
    y = rng.normal(size=(8, 5))
    y[0, 1] = np.nan
    fit = stats.max_t(y, label, permutations=stats.permutations(label, block=block))
    order, features = rng.permutation(8), rng.permutation(5)
    moved = (1e4 + 50 * y)[order][:, features]
    again = stats.max_t(moved, 7 - label[order], permutations=stats.permutations(7 - label[order], block=block[order]))
    assert again.p == pytest.approx(fit.p[features])
    assert again.p_adjusted == pytest.approx(fit.p_adjusted[features])
    assert again.effect == pytest.approx(-50 * fit.effect[features])


def test_units_beyond_the_square_root_of_floating_point_change_nothing():
    rng, label = np.random.default_rng(1), np.tile([0.0, 1.0], 5)
    y, arranged = rng.normal(size=(10, 1)), stats.permutations(label)
    fixed = rng.normal(size=(10, 1))
    fit = stats.max_t(np.hstack([y, 1e200 * y, 1e-200 * y]), label, fixed=1e200 * fixed, permutations=arranged)
    assert fit.p.tolist() == stats.max_t(y, label, fixed=fixed, permutations=arranged).p.tolist() * 3
    assert fit.effect == pytest.approx(fit.effect[0] * np.array([1, 1e200, 1e-200]))


def test_correlated_features_cost_less_than_holm():
    rng = np.random.default_rng(3)
    label = np.repeat([0.0, 1.0], 12)
    y = rng.normal(size=(24, 1)) + 0.05 * rng.normal(size=(24, 200))
    fit = stats.max_t(y, label, permutations=stats.permutations(label, n=999))
    assert (fit.p_adjusted >= fit.p).all()
    assert fit.p_adjusted.min() < 3 * fit.p.min()


def test_what_cannot_be_tested_has_a_status_and_stays_out_of_the_family():
    rng = np.random.default_rng(1)
    label = np.repeat([0.0, 1.0], 6)
    y = rng.normal(size=(12, 6))
    y[:, 1], y[:, 2], y[6:, 3], y[1:, 4] = np.nan, 5.0, np.nan, np.nan
    arranged = stats.permutations(label)
    fit = stats.max_t(y, label, permutations=arranged)
    assert fit.status.tolist() == ["ok", "too_few", "constant", "too_few", "too_few", "ok"]
    assert np.isnan(fit.p).tolist() == np.isnan(fit.p_adjusted).tolist() == [False, True, True, True, True, False]
    alone = stats.max_t(y[:, [0, 5]], label, permutations=arranged)
    assert fit.p_adjusted[[0, 5]].tolist() == alone.p_adjusted.tolist()
    assert stats.max_t(y, label, fixed=2 * label[:, None], permutations=arranged).status[0] == "rank_deficient"
    stuck = stats.permutations(label, block=np.repeat([0, 1], 6), scheme="within blocks")
    fit = stats.max_t(y, label, permutations=stuck)
    assert (fit.status[0], fit.n_permutations) == ("too_few", 0)
    assert np.isfinite(fit.effect[0])
    perfect = stats.max_t(label[:, None] + 3, label, permutations=arranged)
    assert (perfect.status[0], perfect.p[0]) == ("ok", pytest.approx(2 / 924))
    assert stats.max_t(np.empty((12, 0)), label, permutations=arranged).table().empty


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"y": [[1.0], [np.inf]]}, "missing or infinite"),
        ({"y": [1.0, 2.0]}, "dimensions"),
        ({"y": [["a"], ["b"]]}, "does not hold numbers"),
        ({"y": [[1.0]] * 3}, "does not fit"),
        ({"fixed": [[1.0]]}, "does not fit"),
        ({"permutations": stats.permutations([1, 2])}, "another label"),
    ],
)
def test_bad_arrays_are_refused_in_words(change, message):
    given = {"y": [[1.0], [2.0]], "label": [0, 1], "permutations": stats.permutations([0, 1])}
    with pytest.raises(StatisticsError, match=message):
        stats.max_t(**(given | change))


def studies(design, seed, count, draw):
    """Share of null studies of 20 correlated features in which any adjusted p is ≤ 0.05, and of p ≤ 0.05."""
    rng = np.random.default_rng(seed)
    label, block, whole = design
    any_low, low = [], []
    for study in range(count):
        y = draw(rng, (label.size, 20)) + draw(rng, (label.size, 1))
        if block is not None:
            y = y + 1.5 * draw(rng, (block.max() + 1, 20))[block]
        arranged = stats.permutations(label, block=block, n=99, seed=study)
        assert block is None or arranged.scheme == ("whole blocks" if whole else "within blocks")
        fit = stats.max_t(y, label, permutations=arranged)
        any_low.append(fit.p_adjusted.min() <= 0.05)
        low.append(np.mean(fit.p <= 0.05))
    return np.mean(any_low), np.mean(low)


def arms(n):
    return np.repeat([0.0, 1.0], n)


def cages(per_arm):
    return arms(per_arm * 4), np.repeat(np.arange(2 * per_arm), 4), True


DESIGNS = {
    **{f"{n} per arm": (arms(n), None, False) for n in (8, 20, 60)},
    **{f"{n} households of 4": (np.tile([0.0, 1, 1, 0], n), np.repeat(np.arange(n), 4), False) for n in (4, 10, 30)},
    **{f"{n} cages per arm": cages(n) for n in (2, 3, 4, 8)},
}


@pytest.mark.parametrize("name", list(DESIGNS))
@pytest.mark.parametrize("kind", ["normal", "heavy", "zeros"])
def test_the_familywise_error_under_the_null_is_nominal(name, kind):
    # 100 null studies at 5 %: P(more than 13) for Binomial(100, 0.05) is 0.0005, and there are 30 cells.
    draws = {
        "normal": lambda rng, shape: rng.normal(size=shape),
        "heavy": lambda rng, shape: rng.standard_t(2, size=shape),
        "zeros": lambda rng, shape: rng.gamma(0.3, size=shape) * (rng.random(shape) < 0.4),
    }
    any_low, low = studies(DESIGNS[name], 17, 100, draws[kind])
    assert any_low <= 0.13
    assert low <= 0.08
    if name in ("2 cages per arm", "3 cages per arm"):  # 2/6 and 2/20 are the smallest p
        assert low == 0
