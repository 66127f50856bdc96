"""Claims in a real browser: opened, linked, sorted out by marks, found by keyboard, printed; and axe's own findings."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.evidence.test_claims import CORROBORATING, family, links
from tests.page.test_page_in_browser import Opened, open_page

from commensal.evidence import join
from commensal.page import PageView, write
from commensal.tables import estimates

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def argued(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Opened:
    from commensal.study import Study

    rows = estimates([*links(9, 8, 7), *CORROBORATING.values()])
    view = PageView(Study(Path("study.toml"), "argued"), rows, estimates_points(), claims=join(rows, family()))
    return open_page(browser, write(view, tmp_path_factory.mktemp("argued")))


def estimates_points() -> Any:
    from commensal.tables import points

    return points()


def test_the_best_claim_is_open_and_tells_what_speaks_for_it(argued: Opened) -> None:
    first = argued.page.locator("details.claim").first
    assert first.get_attribute("open") is not None
    text = first.inner_text()
    assert "Akk helps in rotarod: it raises NAM" in text
    assert "selected" in argued.page.locator("table.matrix tbody tr").first.inner_text()
    assert not [line for line in argued.said if "error" in line]


def test_marks_are_told_apart_without_colour(argued: Opened) -> None:
    cells = argued.page.locator("table.matrix tbody tr").first.locator("td.mark").all_inner_texts()
    assert {cell[0] for cell in cells} <= {"▲", "▼", "○", "–"}
    assert any(cell.split() == ["▲supports"] or "supports" in cell for cell in cells)


def test_a_link_opens_its_claim_and_a_row_its_estimate(argued: Opened) -> None:
    second = argued.page.locator("details.claim").nth(1).get_attribute("id")
    argued.page.evaluate(f"location.hash = '#{second}'")
    argued.page.wait_for_selector(f"#{second}[open]")
    argued.page.evaluate("location.hash = '#claim-1'")
    argued.page.locator("#claim-1 tbody tr").first.locator("a").click()
    argued.page.wait_for_selector("#estimates-grid tr.targeted")
    assert argued.page.locator("#estimates-grid tbody tr").count() == 1
    assert "as linked" in argued.count()
    assert "rotarod" in argued.page.locator("#estimates-grid tbody tr").inner_text()
    argued.page.locator("#table-reset").click()
    assert argued.page.locator("#estimates-grid tbody tr").count() > 1


def test_a_claim_opens_by_keyboard(argued: Opened) -> None:
    third = argued.page.locator("details.claim").nth(2)
    third.locator("summary").focus()
    argued.page.keyboard.press("Enter")
    assert third.get_attribute("open") is not None
    argued.page.keyboard.press("Enter")
    assert third.get_attribute("open") is None


def test_the_first_claim_is_in_the_print(argued: Opened, tmp_path: Path) -> None:
    argued.page.emulate_media(media="print")
    assert argued.page.locator("#claim-1 table").is_visible()
    assert len(argued.page.pdf(path=tmp_path / "page.pdf")) > 10_000
    argued.page.emulate_media(media="screen")


def test_hostile_names_stay_text(browser: Any, tmp_path: Path) -> None:
    from commensal.study import Study

    rows = estimates(links(9, 8, 7))
    found = join(rows, family())
    found["strain"] = "<img src=x onerror=alert(1)>"
    view = PageView(Study(Path("study.toml"), "argued"), rows, estimates_points(), claims=found)
    opened = open_page(browser, write(view, tmp_path))
    assert not opened.dialogs
    assert opened.page.locator("img").count() == 0
    assert "<img" in opened.page.locator("table.matrix").inner_text()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(browser: Any, tmp_path: Path, view: PageView, scheme: str) -> None:
    from axe_playwright_python.sync_playwright import Axe

    rows = estimates([*links(9, 8, 7), *CORROBORATING.values()])
    opened = open_page(browser, write(replace(view, claims=join(rows, family())), tmp_path), scheme=scheme)
    opened.draw()
    # the policy of the page forbids foreign scripts, so the checker is put in by the browser itself
    found = Axe().run(opened.page).response["violations"]
    grave = [one for one in found if one["impact"] in ("serious", "critical")]
    assert not grave, [(one["id"], [node["html"][:120] for node in one["nodes"][:3]]) for one in grave]
