"""Set tests against limma's camera and roast, slow loops, invariance, and null rates on correlated features.

The values of limma stand in tests/references/limma, made by reference.R there (see its README).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from commensal import stats
from commensal.errors import StatisticsError

HERE = Path(__file__).parents[1] / "references" / "limma"
#: Agreement asked of camera's p and correlations (relative).
TOLERANCE = 1e-6
ROTATIONS = 19_999
SETS = {
    "up": range(20),
    "second": range(20, 40),
    "together": range(40, 60),
    "apart": range(100, 120),
    "few": [0, 1, 2],
    "one": [6],
    "mixed": [*range(10), *range(89, 110)],
}


def reference(name):
    return pd.read_csv(HERE / f"small.{name}.tsv.gz", sep="\t", float_precision="round_trip")


@pytest.fixture(scope="module")
def small():
    t = pd.read_csv(HERE / "small.tsv.gz", sep="\t")
    y = np.nan_to_num(t.iloc[:, 3:].to_numpy(float), nan=5.0)
    return y, np.column_stack([np.ones(len(t)), t.age, t.arm]), np.array([0.0, 0, 1])


@pytest.mark.parametrize(
    ("how", "options"), [("fixed", {"correlation": 0.01}), ("estimated", {}), ("negative", {"negative": True})]
)
def test_competitive_tests_equal_camera(small, how, options):
    table = reference("camera")
    r = table[table.how == how].set_index("set").loc[list(SETS)]
    fit = stats.set_competitive(*small, SETS, **options)
    assert fit.p == pytest.approx(r.PValue.to_numpy(), rel=TOLERANCE)
    assert fit.correlation == pytest.approx(r.Correlation.to_numpy(), rel=TOLERANCE, nan_ok=True)
    assert fit.direction.tolist() == r.Direction.str.lower().tolist()
    assert fit.size.tolist() == r.NGenes.tolist()
    assert np.minimum(fit.p_up, fit.p_down) * 2 == pytest.approx(fit.p)


@pytest.mark.parametrize(("statistic", "theirs"), [("mean", "mean"), ("mean square", "msq")])
def test_rotation_tests_equal_roast(small, statistic, theirs):
    table = reference("roast")
    r = table[table.statistic == theirs].pivot_table(index="set", columns="side", values=["p", "active"])
    r = r.loc[list(SETS)]
    fit = stats.set_rotation(*small, SETS, statistic=statistic, n=ROTATIONS)
    assert fit.active_up == pytest.approx(r["active", "Up"].to_numpy())
    assert fit.active_down == pytest.approx(r["active", "Down"].to_numpy())
    for ours, side in ((fit.p, "UpOrDown"), (fit.p_up, "Up"), (fit.p_down, "Down"), (fit.p_mixed, "Mixed")):
        p = r["p", side].to_numpy()
        known = ours < 1  # a statistic of 0 is reached by every rotation; roast counts half of them
        assert known.all() or (statistic == "mean square" and known.sum() >= len(SETS) - 2)
        middle = (ours + p) / 2
        # four standard errors of the difference of two Monte-Carlo p
        slack = 4 * np.sqrt(2 * middle * (1 - middle) / ROTATIONS) + 1 / ROTATIONS
        assert (np.abs(ours - p) <= slack)[known].all(), side


def slow(y, label, members, statistic):
    """Set statistics of one arrangement, feature by feature: up, down, either, mixed."""
    z = []
    for j in members:
        here = ~np.isnan(y[:, j])
        if len(set(label[here])) < 2:
            z.append(0.0)
            continue
        a, b = y[here & (label == 1), j], y[here & (label == 0), j]
        df = len(a) + len(b) - 2
        s2 = (((a - a.mean()) ** 2).sum() + ((b - b.mean()) ** 2).sum()) / df
        t = (a.mean() - b.mean()) / np.sqrt(s2 * (1 / len(a) + 1 / len(b)))
        z.append(np.sign(t) * (8 * df + 1) / (8 * df + 3) * np.sqrt(df * np.log1p(t**2 / df)))
    z = np.array(z)
    if statistic == "mean":
        return np.array([z.mean(), -z.mean(), abs(z.mean()), np.abs(z).mean()])
    up, down = (np.where(z > 0, z, 0) ** 2).mean(), (np.where(z < 0, z, 0) ** 2).mean()
    return np.array([up, down, max(up, down), up + down])


@pytest.mark.parametrize("statistic", ["mean", "mean square"])
@pytest.mark.parametrize("whole", [False, True])
def test_permutation_p_equal_a_slow_loop_over_all_arrangements(statistic, whole):
    rng = np.random.default_rng(3)
    block = np.repeat(np.arange(6), 2) if whole else np.repeat(np.arange(3), 4)
    label = np.repeat([0.0, 1, 0, 1, 1, 0], 2) if whole else np.tile([0.0, 1, 1, 0], 3)
    y = rng.normal(size=(12, 7)) + rng.normal(size=(12, 1)) + 0.8 * label[:, None]
    y[rng.random(y.shape) < 0.1] = np.nan
    arranged = stats.permutations(label, block=block)
    sets = {"a": [0, 1, 2], "b": np.arange(7) > 3}
    fit = stats.set_permutation(y, label, sets, permutations=arranged, statistic=statistic)
    for i, members in enumerate(([0, 1, 2], [4, 5, 6])):
        observed = slow(y, label, members, statistic)
        null = np.array([slow(y, row, members, statistic) for row in arranged.labels])
        p = (null >= observed - 1e-9).mean(axis=0)
        assert [fit.p_up[i], fit.p_down[i], fit.p[i], fit.p_mixed[i]] == pytest.approx(p.tolist())
        assert fit.statistic[i] == pytest.approx(slow(y, label, members, "mean")[0])
    assert arranged.scheme in fit.method


def test_leading_members_are_those_farthest_in_the_direction_of_the_set(small):
    y, x, contrast = small
    for fit in (stats.set_rotation(y, x, contrast, SETS, n=99), stats.set_competitive(y, x, contrast, SETS)):
        alone = stats.set_rotation(y, x, contrast, {str(j): [j] for j in range(120)}, n=1)
        for i, members in enumerate(SETS.values()):
            z = {j: alone.statistic[j] * (1 if fit.direction[i] == "up" else -1) for j in members}
            assert list(fit.leading[i]) == [j for j in sorted(z, key=z.get, reverse=True) if z[j] > np.sqrt(2)]
    assert fit.table().set_index("set").leading["few"] == " ".join(map(str, fit.leading[4]))


def test_order_scale_and_coding_change_what_they_should(small):
    y, x, contrast = small
    rng = np.random.default_rng(2)
    rows, features = rng.permutation(24), rng.permutation(120)
    place = np.argsort(features)
    moved = (7 + 100 * y[rows])[:, features]
    sets = {name: place[list(members)] for name, members in SETS.items()}
    turned = x[rows] @ np.diag([1.0, 3, -2])
    fit, again = (stats.set_competitive(*given) for given in ((y, x, contrast, SETS), (moved, turned, contrast, sets)))
    assert again.p == pytest.approx(fit.p, rel=1e-8)
    assert again.statistic == pytest.approx(-fit.statistic, rel=1e-8)
    assert [tuple(place[list(lead)]) for lead in fit.leading] == list(again.leading)
    label = x[:, 2]
    fit = stats.set_permutation(y, label, SETS, permutations=stats.permutations(label, n=99))
    again = stats.set_permutation(
        (7 + 100 * y)[:, features], 4 - label, sets, permutations=stats.permutations(4 - label, n=99)
    )
    assert fit.statistic == pytest.approx(-again.statistic)
    a, b = (stats.set_rotation(values, x, contrast, SETS, n=199) for values in (y, 3 * y - 4))
    assert a.p == pytest.approx(b.p)


def test_members_that_cannot_be_tested_are_told_and_left_out(small):
    y, x, contrast = small
    y = y.copy()
    y[3, 0], y[:, 1], y[2:, 2] = np.nan, 4.0, np.nan
    sets = {"a": [0, 1, 2, 3, 3], "empty": [], "gone": [1], "all": range(120)}
    label = x[:, 2]
    permuted = stats.set_permutation(y, label, sets, permutations=stats.permutations(label, n=99))
    assert permuted.size.tolist() == [2, 0, 0, 118]
    for fit in (permuted, stats.set_rotation(y, x, contrast, sets, n=99), stats.set_competitive(y, x, contrast, sets)):
        assert fit.status.tolist()[:3] == ["ok", "too_few", "too_few"]
        assert np.isnan(fit.p).tolist()[:3] == [False, True, True]
        assert "members cannot be tested" in fit.note[0]
        assert fit.note[1] == "the set has no members here"
        assert fit.direction[1] == ""
    assert fit.status[3] == "too_few"
    assert fit.note[3] == "there is no other feature to compare with"
    stuck = stats.permutations(label, block=np.arange(24), scheme="within blocks")
    fit = stats.set_permutation(y, label, sets, permutations=stuck)
    assert (fit.status[0], fit.n_permutations) == ("too_few", 0)
    assert stats.set_rotation(y, x, contrast, {}, n=9).table().empty


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"sets": {"a": [200]}}, "not there"),
        ({"sets": {"a": [-1]}}, "not there"),
        ({"sets": {"a": ["f001"]}}, "does not list features"),
        ({"contrast": [0, 1]}, "do not fit"),
        ({"contrast": [0, 0, 0]}, "cannot be told"),
        ({"x": np.ones((24, 3))}, "cannot be told"),
        ({"x": np.ones((20, 3))}, "does not fit"),
        ({"y": np.full((24, 120), np.inf)}, "missing or infinite"),
        ({"y": np.ones(24)}, "dimensions"),
    ],
)
def test_bad_arrays_are_refused_in_words(small, change, message):
    y, x, contrast = small
    given = {"y": y, "x": x, "contrast": contrast, "sets": SETS} | change
    for test in (stats.set_rotation, stats.set_competitive):
        with pytest.raises(StatisticsError, match=message):
            test(**given)


def test_options_that_do_not_exist_are_refused_in_words(small):
    with pytest.raises(StatisticsError, match="no such set statistic"):
        stats.set_rotation(*small, SETS, statistic="median")
    with pytest.raises(StatisticsError, match="no rotations"):
        stats.set_rotation(*small, SETS, n=0)
    with pytest.raises(StatisticsError, match="no such correlation"):
        stats.set_competitive(*small, SETS, correlation=1.0)
    with pytest.raises(StatisticsError, match="no residual"):
        stats.set_rotation(small[0][:3], np.eye(3), [0, 0, 1], SETS)
    with pytest.raises(StatisticsError, match="too few features"):
        stats.set_competitive(small[0][:, :2], small[1], small[2], {"a": [0]})


def null(rng, n, block, m=120):
    """Features of which the first twenty go together, in samples whose blocks differ."""
    y = rng.normal(size=(n, m))
    y[:, :20] += rng.normal(size=(n, 1))
    return y if block is None else y + 1.5 * rng.normal(size=(block.max() + 1, m))[block]


@pytest.mark.parametrize("per_arm", [8, 20, 60])
def test_null_rates_of_free_samples(per_arm):
    # Null studies at 5 %: P(more than 13 of 100) is 0.0005 for Binomial(100, 0.05), P(more than 7 of 40) 0.0003.
    count, most = (40, 7) if per_arm == 60 else (100, 13)
    rng, label = np.random.default_rng(per_arm), np.repeat([0.0, 1.0], per_arm)
    x, sets = np.column_stack([np.ones(2 * per_arm), label]), {"together": range(20), "apart": range(20, 40)}
    low, ignored = [], []
    for study in range(count):
        y = null(rng, 2 * per_arm, None)
        arranged = stats.permutations(label, n=99, seed=study)
        permuted = stats.set_permutation(y, label, sets, permutations=arranged)
        rotated = stats.set_rotation(y, x, [0, 1], sets, n=99, seed=study)
        against = stats.set_competitive(y, x, [0, 1], {"together": range(20)})
        low.append([p <= 0.05 for fit in (permuted, rotated) for p in (*fit.p, *fit.p_mixed)] + [against.p[0] <= 0.05])
        ignored.append(stats.set_competitive(y, x, [0, 1], {"a": range(20)}, correlation=0.0).p[0] <= 0.05)
    assert (np.sum(low, axis=0) <= most).all()
    assert np.mean(ignored) > 0.3  # what taking members for independent does


@pytest.mark.parametrize(("per_arm", "floor"), [(2, 2 / 6), (3, 2 / 20), (4, 2 / 70), (8, 0.01)])
def test_null_rates_of_whole_cages(per_arm, floor):
    rng, block = np.random.default_rng(per_arm), np.repeat(np.arange(2 * per_arm), 4)
    label = np.repeat([0.0, 1.0], 4 * per_arm)
    arranged, low = stats.permutations(label, block=block, n=99 if per_arm > 4 else 9999), []
    for _ in range(100):
        fit = stats.set_permutation(
            null(rng, block.size, block, 20), label, {"together": range(20)}, permutations=arranged
        )
        assert fit.p[0] >= floor - 1e-12
        low.append(fit.p[0] <= 0.05)
    assert np.mean(low) <= 0.13


def test_null_rates_inside_households():
    rng, block = np.random.default_rng(5), np.repeat(np.arange(10), 4)
    label = np.tile([0.0, 1, 1, 0], 10)
    x, low = np.column_stack([np.eye(10)[block], label]), []
    contrast = np.eye(11)[10]
    for study in range(100):
        y = null(rng, 40, block, 40)
        arranged = stats.permutations(label, block=block, n=99, seed=study)
        inside = stats.set_permutation(y, label, {"a": range(20)}, fixed=np.eye(10)[block], permutations=arranged)
        turned = stats.set_rotation(y, x, contrast, {"a": range(20)}, n=99, seed=study)
        low.append([inside.p[0] <= 0.05, turned.p[0] <= 0.05])
    assert (np.mean(low, axis=0) <= 0.13).all()
