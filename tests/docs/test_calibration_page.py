"""The page of null rates is what its figures say, and every p of the engine is on it or said to be elsewhere."""

from __future__ import annotations

import inspect
import json
import re
from pathlib import Path

import pytest

from commensal import stats

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "benchmarks" / "results" / "engine_null.json"


@pytest.fixture(autouse=True)
def _benchmarks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))


def test_the_page_is_made_from_the_kept_figures() -> None:
    from null.page import page

    assert (ROOT / "docs" / "calibration.md").read_text(encoding="utf-8") == page(json.loads(RESULTS.read_text()))


def test_the_kept_judgement_follows_from_the_kept_counts() -> None:
    from null.judge import judged

    record = json.loads(RESULTS.read_text())
    again = judged([{**cell} for cell in record["cells"]])
    assert again["rejected"].tolist() == [cell["rejected"] for cell in record["cells"]]
    assert record["rejected"] == int((again["rejected"] & (again["instead"] == "")).sum())


def test_every_p_is_measured_or_said_to_be_elsewhere() -> None:
    from null.apart import APART, WITHOUT_P

    measured = {re.match(r"\w+", cell["estimator"])[0] for cell in json.loads(RESULTS.read_text())["cells"]}
    apart = {name for row in APART for name in re.findall(r"\w+", row[0])}
    functions = {name for name in stats.__all__ if inspect.isfunction(getattr(stats, name))}
    assert functions - measured - apart == WITHOUT_P


def test_the_judge_finds_a_rate_and_a_coverage_that_are_off() -> None:
    from null.judge import judged

    base = {"what": "p", "nominal": 0.05, "studies": 1000, "instead": ""}
    cover = {**base, "what": "coverage", "nominal": 0.95}
    table = judged([{**base, "hits": 50}, {**base, "hits": 85}, {**cover, "hits": 915}, {**cover, "hits": 990}])
    assert table["rejected"].tolist() == [False, True, True, False]
    assert table["wide"].tolist() == [False, False, False, True]
