"""What the contract says of the reference folder is what is written, and the other way round."""

from __future__ import annotations

import re
from pathlib import Path

from commensal.reads.reference_tables import TABLES

PAGE = Path(__file__).parents[3] / "docs" / "contract.md"


def test_the_tables_of_a_reference_are_those_of_the_contract():
    section = PAGE.read_text(encoding="utf-8").split("## The folder of a reference\n")[1].split("\n## ")[0]
    rows = dict(re.findall(r"^\| `(\w+)\.parquet` \| (.*) \|$", section, re.MULTILINE))
    assert set(rows) == set(TABLES)
    for name, text in rows.items():
        named = re.findall(r"`([^`]+)`", re.sub(r"\([^)]*\)", "", text))
        assert named == list(TABLES[name]), name
