"""A whole study whose names are scripts, formulas and paths: nothing runs on its page, no file lands elsewhere."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from tests.page.test_page_in_browser import Opened, open_page

import commensal
from commensal.cli import main
from commensal.pipeline import Result
from hostile_names import NAMES, hostile_study

pytestmark = pytest.mark.browser
#: Stems of files that Windows keeps for devices.
DEVICES = {"con", "prn", "aux", "nul", *(f"{name}{i}" for name in ("com", "lpt") for i in range(1, 10))}
PWNED = "[window.pwned, window.top.pwned].some(v => v !== undefined)"


@pytest.fixture(scope="module")
def top(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with room above the study's, where a path that leaves would land."""
    return tmp_path_factory.mktemp("hostile")


@pytest.fixture(scope="module")
def result(top: Path) -> Result:
    return commensal.run(hostile_study(top / "a" / "b" / "study"), top / "a" / "b" / "out")


@pytest.fixture(scope="module")
def opened(browser: Any, result: Result) -> Any:
    one = open_page(browser, result.report)
    yield one
    one.page.context.close()


def test_all_questions_are_answered_under_such_names(result: Result) -> None:
    asked = set(result.estimates["question"])
    assert asked == {"depletion", "course", "screen", "mediators", "rescue", "host", "patients"}
    told = {*result.estimates["feature"], *result.estimates["label"].dropna(), *result.claims["strain"].dropna()}
    assert {"<script>window.pwned=1</script>", "</script><img src=x onerror=window.pwned=2>", "CON"} <= told
    assert "Akkermansia muciniphila" not in told


def test_every_file_is_below_the_folders(result: Result, top: Path) -> None:
    files = [path.relative_to(top) for path in top.rglob("*") if not path.is_dir()]
    assert {path.parts[:3] for path in files} == {("a", "b", "study"), ("a", "b", "out")}
    figures = [path.name for path in (result.folder / "figures").iterdir()]
    assert len(figures) > 80
    assert all(re.fullmatch(r"[a-z0-9-]+\.(svg|pdf)", name) for name in figures)
    assert DEVICES.isdisjoint(name.partition(".")[0] for name in figures)


def test_nothing_runs_on_the_page(opened: Opened, result: Result) -> None:
    page = opened.page
    page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
    for name in dict.fromkeys(NAMES.values()):
        page.fill("#table-search", name)
        page.wait_for_timeout(30)
    page.fill("#table-search", "")
    for panel in page.locator(".panel[data-figure]").all()[:40]:  # tooltips are made of names too
        panel.hover()
    assert not page.evaluate(PWNED)
    assert opened.dialogs == []
    assert [text for text in opened.said if not text.startswith("warning")] == []
    assert [url for url in opened.asked if not url.startswith(("data:", "blob:"))] == [result.report.as_uri()]


def test_no_element_is_made_of_a_name(opened: Opened) -> None:
    """Scripts of the page are its own; nothing has a handler, or an address that runs."""
    handlers = """[...document.querySelectorAll('*')].filter(one => [...one.attributes].some(a =>
        /^on/i.test(a.name) || (/^(xlink:)?(href|src|action)$/i.test(a.name) && /^\\s*javascript:/i.test(a.value))))
        .map(one => one.outerHTML.slice(0, 100))"""
    assert opened.page.evaluate(handlers) == []
    made = "[...document.querySelectorAll('iframe, object, embed, img')].map(one => one.outerHTML.slice(0, 100))"
    assert [html for html in opened.page.evaluate(made) if "data:image" not in html] == []
    assert (
        opened.page.evaluate("[...document.scripts].filter(one => one.textContent.startsWith('window.pwned')).length")
        == 0
    )
    assert "</title><script>" in opened.page.title() or "<script>" in opened.page.locator("h1").first.inner_text()


def test_figures_opened_alone_run_nothing(browser: Any, result: Result) -> None:
    context = browser.new_context()
    page, faults = context.new_page(), []
    page.on("dialog", lambda dialog: (faults.append(dialog.message), dialog.dismiss()))
    page.on("pageerror", lambda error: faults.append(str(error)))
    for path in sorted((result.folder / "figures").glob("*.svg")):
        page.goto(path.as_uri())
        found = page.evaluate("[window.pwned === undefined, document.querySelectorAll('script, foreignObject').length]")
        assert found == [True, 0], path.name
    context.close()
    assert faults == []


def test_saved_tables_hold_no_formula(opened: Opened) -> None:
    rows = opened.save("#csv-all")
    cells = {cell for row in rows for cell in row.values() if cell}
    bare = [
        cell for cell in cells if re.match(r"[=+\-@\t\r]", cell) and not re.fullmatch(r"[+-]?[\d.]+(e[+-]?\d+)?", cell)
    ]
    assert bare == []
    assert "'=1+1" in " ".join(cells)


def test_claims_are_printed_as_text(result: Result, monkeypatch, capsys) -> None:
    monkeypatch.setattr("sys.argv", ["commensal", "claims", str(result.folder)])
    with pytest.raises(SystemExit) as left:
        main()
    assert left.value.code in (0, None)
    assert "\x1b" not in capsys.readouterr().out
