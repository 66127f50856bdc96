"""Peak-to-trough ratios of depths whose truth is known, and why there is none."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from commensal.reads.growth import STATUSES, growth, ratio
from commensal.reads.mapping import BIN, Laid


def depth(true, windows, mean, rng, *, gc=None, slope=0.0):
    origin = rng.random()
    place = (np.arange(windows) / windows - origin) % 1.0
    shape = true ** -(2 * np.minimum(place, 1 - place))
    if gc is not None:
        shape = shape * 2.0 ** (slope * (gc - gc.mean()))
    return rng.poisson(mean * shape / shape.mean() * rng.lognormal(0, 0.08, windows)).astype(float)


@pytest.mark.parametrize("true", [1.0, 1.3, 2.0])
def test_intervals_hold_the_truth(true):
    rng = np.random.default_rng(2)
    fits = [ratio(depth(true, 200, 60, rng), rng.normal(0.5, 0.03, 200), seed=i) for i in range(40)]
    assert all(one.status == "ok" and one.low <= one.ptr <= one.high for one in fits)
    assert np.mean([one.low <= true <= one.high for one in fits]) >= 0.8
    assert np.median([one.ptr for one in fits]) == pytest.approx(true, abs=0.08)


def test_composition_and_lost_regions_do_not_make_growth():
    rng = np.random.default_rng(4)
    gc = 0.5 + 0.05 * np.sin(2 * np.pi * np.arange(200) / 200)
    fits = [ratio(depth(1.0, 200, 100, rng, gc=gc + rng.normal(0, 0.02, 200), slope=6.0), gc) for _ in range(5)]
    assert np.median([one.ptr for one in fits]) < 1.25
    lost = depth(1.8, 200, 100, rng)
    lost[30:45] = 0
    lost[100:104] *= 6
    assert ratio(lost, np.full(200, 0.5)).ptr == pytest.approx(1.8, abs=0.15)


def test_the_seed_alone_decides():
    counts = depth(1.5, 200, 60, np.random.default_rng(1))
    assert ratio(counts, np.full(200, 0.5), seed=3) == ratio(counts, np.full(200, 0.5), seed=3)


def laid(name, starts, unique):
    bins = len(starts)
    return Laid(
        name, {"c": 0}, bins * BIN, pd.DataFrame({"first": [], "last": []}), np.full(bins, 0.5),
        np.ones(bins * BIN, dtype=bool), np.asarray(starts), np.asarray(unique), np.zeros(0), np.zeros(0),
    )  # fmt: skip


def test_every_refusal_has_its_name():
    rng = np.random.default_rng(6)
    even = rng.poisson(30, 400)
    given = {
        "good": laid("good", even, even),
        "pieces": laid("pieces", even, even),
        "shallow": laid("shallow", rng.poisson(3, 400), rng.poisson(3, 400)),
        "shared": laid("shared", even, even // 10),
        "uneven": laid("uneven", even, np.where(np.arange(400) % 9 < 5, even, 0)),
    }
    table = growth("s", given.values(), {name: name != "pieces" for name in given}).set_index("genome")
    assert dict(table["status"]) == {
        "good": "ok", "pieces": "not_complete", "shallow": "too_shallow", "shared": "shared", "uneven": "uneven",
    }  # fmt: skip
    assert set(table["status"]) == set(STATUSES)
    assert table["ptr"].notna().sum() == 1
    assert table.loc[table["status"] != "ok", "note"].notna().all()
