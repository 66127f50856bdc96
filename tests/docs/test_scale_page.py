"""The tables of costs are what the kept figures and the model say."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _benchmarks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))


def figures() -> dict[str, object]:
    return json.loads((ROOT / "benchmarks" / "results" / "scale.json").read_text())


def test_the_tables_are_made_from_the_kept_figures() -> None:
    from scale_page import PAGE, Model, page

    written = PAGE.read_text(encoding="utf-8")
    assert page(figures(), written, Model()) == written


def test_the_model_in_hand_computed_cases() -> None:
    from scale_page import Model, costs

    made = {
        "sample": {
            "cpu_seconds_fixed": 10.0, "cpu_seconds_per_million_pairs": 2.0, "cpu_seconds_per_1000_genomes": 5.0,
            "gb_per_million_pairs": 0.1, "peak_gb": 0.5, "peak_gb_per_1000_genomes": 0.5, "genomes": 0,
        },
        "feature": [
            {"design": "households", "people": 1000, "cpu_ms_per_feature": 1.0, "cpu_seconds_once": 2.0},
            {"design": "unrelated", "people": 10_000, "cpu_ms_per_feature": 10.0, "cpu_seconds_once": 0.0},
        ],
        "task": {"dask_ms": 4.0},
    }  # fmt: skip
    model = Model(nodes=10, cores=10, price=0.1, pairs=10, genomes=2000, features=1000, steps=1, busy=1.0)
    small, large = costs(made, 1000, model), costs(made, 100_000, model)
    assert small["profiling_hours"] == pytest.approx(10 * 40 / 3600)  # 10 rounds of 10 + 20 + 10 s
    assert small["testing_hours"] == pytest.approx((1 + 2) / 3600)
    assert small["price"] == pytest.approx(0.1 * (1000 * 40 + 3) / 3600)
    assert small["memory"] == pytest.approx(1.5)
    assert small["gb_per_second"] == pytest.approx(100 * 1.0 / 40)
    assert large["design"] == "unrelated"
    assert large["testing_hours"] == pytest.approx(10 * 10 * 1.0 / 3600)  # ten times the people
    many = costs(made, 100_000, replace(model, nodes=100_000, pairs=0.01, genomes=0))
    assert many["profiling_hours"] == pytest.approx(400 / 3600)  # Dask hands out 250 tasks a second
