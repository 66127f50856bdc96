"""The contract page names every column, status and key of a profile, and no others."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

from commensal.reads import growth, presence, quality
from commensal.reads.tables import COLUMNS

PAGE = (Path(__file__).parents[3] / "docs" / "contract.md").read_text(encoding="utf-8")
SECTION = PAGE.split("## The folder of a profile", 1)[1].split("\n## ", 1)[0]


def columns_of(name):
    table = SECTION.split(f"`{name}.parquet`", 1)[1].split(".parquet`", 1)[0]
    cells = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    return {word for cell in cells for word in re.findall(r"`(\w+)`", cell)}


def test_columns():
    for name, columns in COLUMNS.items():
        assert columns_of(name) | {"sample"} == set(columns), name


def test_statuses():
    for status in (*growth.STATUSES, *presence.STATUSES):
        assert f"`{status}`" in SECTION


def test_keys_of_the_quality_report():
    told = set(re.findall(r"`(\w+)`", SECTION.split("`quality.json` holds", 1)[1]))
    written = set(re.findall(r'^        "(\w+)":', inspect.getsource(quality.report), re.MULTILINE))
    assert written | {"warnings", "limits"} <= told
