"""Blocks of features give what the whole table gives, and say where something is wrong."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd
import pytest

from commensal import stats
from commensal.errors import StatisticsError


def study(m=60):
    rng = np.random.default_rng(3)
    cage = np.repeat(np.arange(10), 4)
    x = np.column_stack([np.ones(40), rng.random(40) < 0.5, rng.normal(size=40)])
    y = rng.normal(size=(40, m)) + rng.normal(size=(10, m))[cage]
    y[rng.random(y.shape) < 0.2] = np.nan
    return y, x, cage


FITS = {
    "linear": lambda y, x, **_: stats.linear(y, x, [0, 1, 0]),
    "mixed": lambda y, x, cage: stats.mixed(y, x, [0, 1, 0], cage),
    "split": lambda y, x, cage: stats.mixed_split(y, x, 1, cage),
    "contrasts": lambda y, x, cage: stats.mixed_contrasts(y, x, [[0, 1, 0], [0, 0, 1]], cage),
    "joint": lambda y, x, cage: stats.mixed_f(y, x, [[0, 1, 0], [0, 0, 1]], cage),
    "logistic": lambda y, x, **_: stats.logistic(np.where(np.isnan(y), y, y > 0), x, [0, 1, 0]),
}


@pytest.mark.parametrize("name", FITS)
@pytest.mark.parametrize("size", [1, 7, 60, 100])
def test_blocks_change_nothing(name, size):
    y, x, cage = study(24)
    fit = partial(FITS[name], x=x, cage=cage)
    whole = stats.stream(fit, [y], keep=("statistic", "p", "status"), family="all")
    parts = stats.stream(fit, stats.column_blocks(y, size), keep=("statistic", "p", "status"), family="all")
    assert list(whole.columns) == list(parts.columns)
    for column in whole.columns:
        if column.endswith("status"):
            assert (whole[column] == parts[column]).all()
        else:
            np.testing.assert_allclose(parts[column], whole[column], rtol=1e-7)


def test_q_is_over_all_blocks_each_part_apart():
    y, x, cage = study()
    made = stats.stream(lambda y: stats.mixed_split(y, x, 1, cage), stats.column_blocks(y, 9), family="noise")
    whole = stats.mixed_split(y, x, 1, cage)
    np.testing.assert_allclose(made["within.q"], stats.bh(whole.within.p, family="noise"), rtol=1e-7)
    np.testing.assert_allclose(made["between.q"], stats.bh(whole.between.p, family="noise"), rtol=1e-7)
    assert made.n_blocks == 7
    assert len(made) == 60


def test_only_one_part_when_asked():
    y, x, cage = study(5)
    made = stats.stream(lambda y: stats.mixed_split(y, x, 1, cage), [y], keep=["within.p", "note"])
    assert list(made.columns) == ["within.p", "within.note", "between.note"]


def test_frames_name_the_rows_of_the_table():
    y, x, _ = study(6)
    frame = pd.DataFrame(y, columns=list("abcdef"))
    made = stats.stream(lambda y: stats.linear(y, x, [0, 1, 0]), stats.column_blocks(frame, 4), family="six")
    assert made.table().index.tolist() == list("abcdef")
    assert made.table().columns.tolist() == ["effect", "se", "p", "status", "q"]


def test_several_contrasts_are_columns_of_the_table():
    y, x, cage = study(6)
    made = stats.stream(partial(FITS["contrasts"], x=x, cage=cage), stats.column_blocks(y, 4), keep=["p"], family="six")
    assert made["q"].shape == (2, 6)
    assert made.table().columns.tolist() == ["p.0", "p.1", "q.0", "q.1"]


def test_memory_maps_and_sparse_tables_are_cut(tmp_path):
    from scipy.sparse import csc_array

    y = np.arange(12.0).reshape(3, 4)
    held = np.memmap(tmp_path / "y", dtype=float, mode="w+", shape=y.shape)
    held[:] = y
    for table in (held, csc_array(y)):
        np.testing.assert_array_equal(np.hstack(list(stats.column_blocks(table, 3))), y)


def test_blocks_are_asked_for_one_at_a_time():
    y, x, _ = study(4)
    alive = []

    def blocks():
        for number in range(3):
            alive.append(number)
            yield y

    def fit(block):
        assert alive[-1] == len(alive) - 1 < 3
        seen.append(len(alive))
        return stats.linear(block, x, [0, 1, 0])

    seen = []
    stats.stream(fit, blocks())
    assert seen == [1, 2, 3]


def test_what_a_fit_refuses_says_in_which_block():
    y, x, _ = study(10)
    y[0, 7] = np.inf
    with pytest.raises(StatisticsError, match=r"block 1, features 5 to 9: y holds inf"):
        stats.stream(lambda y: stats.linear(y, x, [0, 1, 0]), stats.column_blocks(y, 5))


def named_then_not(y):
    return [pd.DataFrame(y), y]


@pytest.mark.parametrize(
    ("blocks", "options", "words"),
    [
        (lambda _: [], {}, "no block came"),
        (lambda y: [y], {"keep": ["statistics"]}, "did you mean 'statistic'"),
        (lambda y: [y], {"keep": ["effect"], "family": "all"}, "a family without p"),
        (named_then_not, {}, "some blocks name their features"),
        (lambda y: stats.column_blocks(y[0]), {}, "no rows and columns"),
        (lambda y: stats.column_blocks(y, 0), {}, "without columns"),
    ],
)
def test_bad_input(blocks, options, words):
    y, x, _ = study(4)
    with pytest.raises(StatisticsError, match=words):
        stats.stream(lambda y: stats.linear(y, x, [0, 1, 0]), blocks(y), **options)


def test_a_fit_without_an_entry_per_feature():
    y, _, _ = study(4)
    with pytest.raises(StatisticsError, match="does not return a result with fields"):
        stats.stream(lambda _: 1.0, [y])
    with pytest.raises(StatisticsError, match="has no entry per feature"):
        stats.stream(lambda _: stats.moderate(np.ones(3), 4), [y], keep=["variance"])
