"""What every public statistic promises: results with a table, frames welcome, docstrings that can be run."""

from __future__ import annotations

import inspect
from dataclasses import fields, is_dataclass

import numpy as np
import pandas as pd
import pytest

from commensal import stats
from commensal.errors import StatisticsError

RESULTS = [name for name in stats.__all__ if inspect.isclass(getattr(stats, name))]
FUNCTIONS = [name for name in stats.__all__ if inspect.isfunction(getattr(stats, name))]


def test_there_is_nothing_else():
    assert sorted([*RESULTS, *FUNCTIONS]) == sorted(stats.__all__)


@pytest.mark.parametrize("name", RESULTS)
def test_results_are_frozen_slotted_and_have_a_table(name):
    kind = getattr(stats, name)
    assert is_dataclass(kind)
    assert kind.__dataclass_params__.frozen
    assert "__slots__" in vars(kind)
    assert callable(kind.table)
    assert inspect.getdoc(kind)
    assert inspect.getdoc(kind.table)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_docstrings_have_an_example_and_speak_of_every_argument(name):
    function = getattr(stats, name)
    text = inspect.getdoc(function)
    assert "Examples\n--------" in text
    assert ">>> " in text.split("Examples\n--------")[1]
    as_elsewhere = ("As `", "as in :func:", "as for `", "As for `", "As :func:")
    silent = [each for each in inspect.signature(function).parameters if each not in text]
    assert not silent or any(words in text for words in as_elsewhere), silent


def study():
    rng = np.random.default_rng(1)
    ids = [f"s{i}" for i in range(40)]
    cage = pd.Series(np.repeat(list("abcdefghij"), 4), index=ids)
    x = pd.DataFrame({"one": 1.0, "arm": np.tile([0, 1], 20), "day": np.tile([0.0, 1, 3, 5], 10)}, index=ids)
    y = pd.DataFrame(rng.normal(size=(40, 4)), index=ids, columns=["Akkermansia", "Blautia", "Dorea", "Roseburia"])
    return y, x, cage


#: One call of each function with a feature per column; what its table is indexed by follows from the first argument.
CALLS = {
    "linear": lambda y, x, _: stats.linear(y, x, [0, 1, 0]),
    "linear_contrasts": lambda y, x, _: stats.linear_contrasts(y, x, [[0, 1, 0], [0, 0, 1]]),
    "linear_f": lambda y, x, _: stats.linear_f(y, x, [[0, 1, 0], [0, 0, 1]]),
    "mixed": lambda y, x, g: stats.mixed(y, x, [0, 1, 0], g),
    "mixed_contrasts": lambda y, x, g: stats.mixed_contrasts(y, x, [[0, 1, 0], [0, 0, 1]], g),
    "mixed_f": lambda y, x, g: stats.mixed_f(y, x, [[0, 1, 0], [0, 0, 1]], g),
    "mixed_split": lambda y, x, g: stats.mixed_split(y, x, 1, g),
    "mixed_nested": lambda y, x, g: stats.mixed_nested(y, x, [0, 1, 0], x["day"] > 1, g),
    "mixed_slope": lambda y, x, g: stats.mixed_slope(y, x, [0, 0, 1], g, x["day"]),
    "variance_test": stats.variance_test,
    "logistic": lambda y, x, _: stats.logistic((y > 0) * 1.0, x, [0, 1, 0]),
    "firth": lambda y, x, _: stats.firth((y > 0) * 1.0, x, [0, 1, 0]),
    "logistic_mixed": lambda y, x, g: stats.logistic_mixed((y > 0) * 1.0, x, [0, 1, 0], g),
    "conditional_logistic": lambda y, x, g: stats.conditional_logistic((y > 0) * 1.0, x.iloc[:, 1:], [1, 0], g),
    "cumulative_link_mixed": lambda y, x, g: stats.cumulative_link_mixed(y.round(), x, [0, 1, 0], g),
    "censored_mixed": lambda y, x, g: stats.censored_mixed(y, x, [0, 1, 0], g),
    "count_mixed": lambda y, x, g: stats.count_mixed(y.abs().round(), x, [0, 1, 0], g),
    "max_t": lambda y, x, g: stats.max_t(y, x["arm"], permutations=stats.permutations(x["arm"], block=g, n=99)),
    "sign_flips": lambda y, _, g: stats.sign_flips(y, block=g, n=99),
    "against": lambda y, x, _: stats.against(stats.linear(y, x, [0, 1, 0]), stats.ReferenceFrame(0.0, 0.1, 9)),
    "moderated": lambda y, x, _: stats.moderated(stats.linear(y, x, [0, 1, 0])),
}


@pytest.mark.parametrize("name", CALLS)
def test_names_of_columns_index_the_table(name):
    y, x, cage = study()
    framed = CALLS[name](y, x, cage).table()
    assert framed.index.name == "feature"
    assert framed.index.unique().tolist() == list(y.columns)
    assert "features" not in framed


@pytest.mark.parametrize("name", ["linear", "mixed_split", "mixed_contrasts", "logistic", "mixed_slope"])
def test_frames_and_arrays_give_the_same_numbers(name):
    y, x, cage = study()
    plain_y, plain_x = y.to_numpy(), x.to_numpy()
    if name == "mixed_slope":
        bare = stats.mixed_slope(plain_y, plain_x, [0, 0, 1], cage.tolist(), plain_x[:, 2]).table()
    else:
        bare = CALLS[name](plain_y, plain_x, cage.tolist()).table()
    assert bare.index.unique().tolist() == [0, 1, 2, 3]
    pd.testing.assert_frame_equal(CALLS[name](y, x, cage).table().reset_index(drop=True), bare.reset_index(drop=True))


def test_names_given_to_the_table_come_first():
    y, x, _ = study()
    fit = stats.linear(y, x, [0, 1, 0])
    assert fit.table(list("abcd")).index.tolist() == list("abcd")
    assert fit.features.tolist() == list(y.columns)


def test_samples_in_another_order_are_refused_and_frames_without_ids_are_not():
    y, x, cage = study()
    turned = x.iloc[::-1]
    with pytest.raises(StatisticsError, match=r"(?s)y and x are not of the same .*row 0 y has 's0', x 's39'"):
        stats.linear(y, turned, [0, 1, 0])
    with pytest.raises(StatisticsError, match="y and groups are not of the same samples"):
        stats.mixed(y, x, [0, 1, 0], cage.iloc[::-1])
    with pytest.raises(StatisticsError, match="x and weights are not of the same samples"):
        stats.linear(y.to_numpy(), x, [0, 1, 0], weights=pd.Series(1.0, index=turned.index))
    same = stats.linear(y, turned.loc[y.index], [0, 1, 0])
    np.testing.assert_array_equal(stats.linear(y, x.reset_index(drop=True), [0, 1, 0]).p, same.p)


def test_a_table_of_one_row_or_one_per_sample():
    y, x, cage = study()
    arranged = stats.permutations(x["arm"], block=cage, n=99)
    distance = stats.euclidean(y)
    one_row = [
        stats.permanova(distance, x["arm"], permutations=arranged),
        stats.permdisp(distance, x["arm"], arranged),
        arranged,
        stats.permuted_rows(x[["arm"]], block=cage, n=99),
        stats.ReferenceFrame(0.0, 0.1, 9),
    ]
    assert [len(result.table()) for result in one_row] == [1] * 5
    assert {"p", "status", "n_distinct"} <= set(one_row[0].table()) & set(one_row[1].table())
    axes = stats.pcoa(distance).table()
    assert axes.shape == (40, 2)
    assert axes.columns[0].startswith("axis 1 (")


def test_every_field_of_a_fit_has_an_entry_per_feature():
    y, x, cage = study()
    fit = stats.mixed(y, x, [0, 1, 0], cage)
    assert {len(getattr(fit, item.name)) for item in fields(fit)} == {4}
