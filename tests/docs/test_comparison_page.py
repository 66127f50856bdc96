"""The page of comparisons is what the repository records: no figure on it is typed by hand."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def maker():
    spec = importlib.util.spec_from_file_location("comparison_page", ROOT / "benchmarks" / "comparison_page.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_is_what_would_be_written_now(maker):
    assert maker.PAGE.read_text(encoding="utf-8") == maker.page(), "run `make comparison`"


def test_another_record_makes_another_page(maker, monkeypatch):
    kept = maker.results

    def other(name):
        record = json.loads(json.dumps(kept(name)))
        if name == "truth":
            for one in record["cells"]:
                one["rejected"] = one["method"] == "commensal"
        if name == "engine":
            record["times_faster"]["lme4"] = 12345
        return record

    monkeypatch.setattr(maker, "results", other)
    told = maker.page()
    assert "12,345" in told
    (row,) = [line for line in told.splitlines() if line.startswith("| commensal | 0.")]
    assert "51 of 51" in row


def test_where_commensal_is_worse_is_on_the_page(maker):
    worst = max(
        (one for one in maker.results("truth")["behind"] if one["level"] == maker.LEVEL), key=lambda one: one["behind"]
    )
    assert worst["behind"] > 0
    assert f"| {worst['cell']} | {worst['power']:.2f} | {worst['best']}: {worst['best_power']:.2f} |" in maker.page()


def test_tolerances_are_those_of_the_tests(maker, tmp_path):
    other = tmp_path / "t.py"
    other.write_text("A, B = 1e-3, (2, 3)\nC = print\nD = 5\n")
    assert maker.constants(other) == {"A": 1e-3, "B": (2, 3), "D": 5}
    assert {row[0] for row in maker.agreement()} == {one[0] for one in maker.AGREEMENT}
