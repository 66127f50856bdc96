"""The guide's notebooks run cell by cell, what they show can be shown, and every Python block of a page runs."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
NOTEBOOKS = sorted((DOCS / "notebooks").glob("*.md"))
#: Tested with what they print, in test_guide_examples.py.
OTHERWISE = {"contract.md", "statistics.md"}
PAGES = [
    page
    for page in sorted(DOCS.rglob("*.md"))
    if page.name not in OTHERWISE and re.search(r"^```python\n", page.read_text(encoding="utf-8"), re.MULTILINE)
]


def cells(page: Path) -> list[str]:
    return re.findall(
        r"^```\{code-cell\} python\n(.*?)^```", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
    )


def run_cell(code: str, names: dict[str, object]) -> object:
    """Run a cell as a notebook does; return the value of its last expression."""
    body = ast.parse(code).body
    last = body.pop() if body and isinstance(body[-1], ast.Expr) else None
    exec(compile(ast.Module(body, []), "cell", "exec"), names)
    return None if last is None else eval(compile(ast.Expression(last.value), "cell", "eval"), names)


@pytest.mark.parametrize("page", NOTEBOOKS, ids=lambda page: page.stem)
def test_a_notebook_runs_and_everything_it_shows_can_be_shown(page, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    shown = 0
    for code in cells(page):
        value = run_cell(code, names)
        if value is not None:
            shown += 1
            assert repr(value)
            if type(value).__module__.startswith("altair"):
                assert value.to_dict()["datasets"]
    assert shown >= 3


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_python_of_a_page_runs_as_written(page, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    for code in re.findall(r"^```python\n(.*?)^```", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE):
        exec(compile(code, page.name, "exec"), names)
