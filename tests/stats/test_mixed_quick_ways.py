"""The quick ways (shared design, products with the mask) against the careful one, which the references hold to R."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest

from commensal import stats
from commensal.stats import _moments, _solved

SAME = 1e-9


@pytest.fixture
def with_care(monkeypatch):
    """Call a function with the quick ways barred."""

    def call(function, *arguments, **options):
        with monkeypatch.context() as patch:
            patch.setattr(_moments, "QUICK", np.inf)
            patch.setattr(_solved._shared, "shared", lambda _: None)
            return function(*arguments, **options)

    return call


def table(seed: int, *, missing: float, n: int = 90, m: int = 60):
    rng = np.random.default_rng(seed)
    groups = rng.integers(0, 14, n)
    case = (np.arange(14) % 2)[groups]
    x = np.column_stack([np.ones(n), case, rng.normal(50, 9, n), rng.normal(30, 5, 14)[groups], rng.integers(0, 2, n)])
    y = 8 + rng.normal(size=(n, m)) + rng.normal(size=(14, m))[groups] * rng.uniform(0, 1.5, m)
    y[:, :3] = [3.0, 1e-130, 1e-3] * y[:, :3]
    y[:, 3] = 4.0
    y[:, 4] = x @ [1.0, 2, 0.1, 0, 3]
    y[:, 5] = groups + case
    y[:, 6] += 1e5
    y[:, 7] *= 1e120
    y[rng.random((n, m)) < missing] = np.nan
    if missing:
        y[:, 20:30] = np.where(rng.random((n, 10)) < missing, np.nan, rng.normal(size=(n, 10)))
        y[case == 1, 30] = np.nan
        y[groups > 3, 31] = np.nan
        y[x[:, 4] == 1, 32] = np.nan
    return y, x, groups


def same(one, other):
    assert list(one.status) == list(other.status)
    assert list(one.note) == list(other.note)
    for field in fields(one):
        values, expected = getattr(one, field.name), getattr(other, field.name)
        if values.dtype == object:
            continue
        # what is compared with what: an effect with its error, t with 1, a variance with the residual one
        units = dict.fromkeys(("effect", "low", "high"), other.se) | {"var_group": other.var_residual}
        unit = np.nan_to_num(units.get(field.name, np.ones(len(values)) * (field.name == "statistic")))
        with np.errstate(invalid="ignore"):
            far = np.abs(values - expected) > SAME * np.maximum(unit, np.abs(expected))
        assert np.array_equal(np.isnan(values), np.isnan(expected)), field.name
        assert not far.any(), (field.name, np.flatnonzero(far), values[far], expected[far])


@pytest.mark.parametrize("missing", [0.0, 0.1, 0.45])
@pytest.mark.parametrize("contrast", [[0, 1, 0, 0, 0], [0, 0, 1, 0, 0], [1, 0.5, 50, 30, 0]])
def test_the_ways_agree(with_care, missing, contrast):
    y, x, groups = table(3, missing=missing)
    y[:, -8:] = np.where(np.isnan(y[:, -8:]), 7.0, y[:, -8:])  # some are complete in any case
    same(stats.linear(y, x, contrast), with_care(stats.linear, y, x, contrast))
    for method in ("REML", "ML"):
        ours = stats.mixed(y, x, contrast, groups, method=method)
        same(ours, with_care(stats.mixed, y, x, contrast, groups, method=method))
    assert (ours.status == "ok").any()


@pytest.mark.parametrize("missing", [0.0, 0.3])
def test_they_agree_on_split_labels_and_weights(with_care, missing):
    y, x, groups = table(4, missing=missing)
    bare = x[:, 1:]  # without an intercept
    for columns, split, also in ((x, 4, ()), (x, 4, (2,)), (x, 2, (4, 2)), (x, 4, (3,)), (x, 1, ()), (bare, 1, (3,))):
        ours = stats.mixed_split(y, columns, split, groups, also=also)
        expected = with_care(stats.mixed_split, y, columns, split, groups, also=also)
        same(ours.within, expected.within)
        same(ours.between, expected.between)
    rng = np.random.default_rng(5)
    for weights in (rng.uniform(0.2, 3, len(y)), rng.uniform(0.2, 3, y.shape)):
        options = {"contrast": [0, 1, 0, 0, 0], "weights": weights}
        same(stats.linear(y, x, **options), with_care(stats.linear, y, x, **options))
        options["groups"] = groups
        same(stats.mixed(y, x, **options), with_care(stats.mixed, y, x, **options))


@pytest.mark.parametrize(
    "x",
    [
        np.column_stack([np.ones(40), np.arange(40.0), 2 * np.arange(40.0)]),
        np.column_stack([np.arange(40) % 2, (np.arange(40) + 1) % 2, np.arange(40) // 20]),
        np.column_stack([np.arange(40.0), np.arange(40) % 3, np.zeros(40)]),
        np.column_stack([np.ones(40), 1e6 + np.arange(40.0), 1e-9 * (np.arange(40) % 7)]),
    ],
    ids=["collinear", "arms", "no intercept, zero column", "badly scaled"],
)
@pytest.mark.parametrize("groups", [np.arange(40) // 4, np.arange(40), np.zeros(40), np.arange(40) // 20])
def test_they_agree_on_designs_that_ask_for_care(with_care, x, groups):
    y = 3 + np.random.default_rng(6).normal(size=(40, 12))
    x = x.astype(float)
    same(stats.linear(y, x, [0, 1, 0]), with_care(stats.linear, y, x, [0, 1, 0]))
    same(stats.mixed(y, x, [0, 1, 0], groups), with_care(stats.mixed, y, x, [0, 1, 0], groups))
