"""Claims in a real browser: opened, linked, sorted out by marks, found by keyboard, printed; and axe's own findings."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.evidence.test_claims import CORROBORATING, family, links, row
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


def test_the_best_claim_is_open_and_tells_what_speaks_for_it_and_against(argued: Opened) -> None:
    first = argued.page.locator("article.claim").first
    text = first.inner_text()
    assert "Akk improves rotarod: it raises NAM" in text
    assert "For it: strain → outcome" in text
    assert "Against it: " in text
    assert "past the gate" in argued.page.locator("#claims-grid tbody tr").first.inner_text()
    assert not [line for line in argued.said if "error" in line]


def test_marks_are_told_apart_without_colour(argued: Opened) -> None:
    cells = argued.page.locator("#claims-grid tbody tr").first.locator("td.mark").all_inner_texts()
    assert {cell.strip()[0] for cell in cells} <= {"▲", "▼", "○", "–"}
    assert any("supports" in cell for cell in cells)


def test_the_chain_draws_its_five_nodes_and_says_itself_in_words(argued: Opened) -> None:
    chain = argued.page.locator("#claim-1 svg.chain[role=img]")
    assert chain.locator(".node").count() == 5
    assert chain.locator("path.edge.supports").count() == 3
    alt = str(chain.get_attribute("aria-label"))
    assert "strain → outcome: supports (changes when given)" in alt
    assert "human severity: supports (follows in people)" in alt


def test_what_contradicts_is_dashed_marked_and_named(argued: Opened) -> None:
    ranks = argued.page.evaluate(
        """() => { const data = JSON.parse(document.getElementById("claims-data").textContent);
        const at = data.cells.findIndex((row) => row
            && row.slice(0, 3).some((k) => data.lines[k].verdict === "contradicts"));
        return data.ranks[at]; }"""
    )
    argued.page.evaluate(f"location.hash = '#claim-{ranks}'")
    edge = argued.page.locator(f"#claim-{ranks} svg.chain path.edge.contradicts").first
    assert edge.evaluate("one => getComputedStyle(one).strokeDasharray") != "none"
    assert "▼ contradicts" in argued.page.locator(f"#claim-{ranks} svg.chain").first.text_content()
    assert "contradict it" in argued.page.locator(f"#claim-{ranks} .against").inner_text()
    argued.page.locator(f"#claim-{ranks} button.close").click()
    assert argued.page.locator(f"#claim-{ranks}").count() == 0


def test_a_link_opens_its_claim_and_a_row_its_estimate(argued: Opened) -> None:
    argued.page.evaluate("location.hash = '#claim-2'")
    argued.page.wait_for_selector("#claim-2 table.lines")
    assert argued.page.evaluate("document.activeElement.id") == "claim-2-h"
    argued.page.evaluate("location.hash = '#claim-1'")
    argued.page.locator("#claim-1 table.lines tbody tr").first.locator("a[href^='#estimate']").click()
    argued.page.wait_for_selector("#estimates-grid tr.targeted")
    assert argued.page.locator("#estimates-grid tbody tr").count() == 1
    assert "as linked" in argued.count()
    assert "rotarod" in argued.page.locator("#estimates-grid tbody tr").inner_text()
    argued.page.locator("#table-reset").click()
    assert argued.page.locator("#estimates-grid tbody tr").count() > 1


def test_claims_are_filtered_and_the_view_is_an_address(argued: Opened) -> None:
    page = argued.page
    count = page.locator("#claims-count")
    assert count.inner_text().startswith("1 of 32 claims: those past the gate")
    page.locator("#claims-unfold").click()
    assert count.inner_text().startswith("32 of 32 claims")
    page.locator("#claims-text").fill("akk nam")
    assert count.inner_text().startswith("8 of 32 claims")
    page.locator("#claims-direction").select_option("helps")
    assert count.inner_text().startswith("4 of 32 claims")
    assert "direction=helps" in page.evaluate("location.hash")
    page.evaluate("location.hash = '#claims?microbe=Rum&way=raises'")
    page.wait_for_function("document.getElementById('claims-count').textContent.startsWith('8 of 32')")
    assert page.locator("#claims-microbe").input_value() == "Rum"
    page.locator("#claims-state").select_option("some line contradicts it")
    kept = page.locator("#claims-grid tbody tr").all_inner_texts()
    assert all("contradicts" in one or "No claim fits" in one for one in kept)
    page.locator("#claims-reset").click()
    assert count.inner_text().startswith("1 of 32 claims")


def test_an_opened_claim_that_a_filter_leaves_out_is_put_aside(argued: Opened) -> None:
    page = argued.page
    page.evaluate("location.hash = '#claim-1'")
    page.wait_for_selector("#claim-1 table.lines")
    page.locator("#claims-text").fill("no such microbe")
    assert page.locator("#claims-count").inner_text().startswith("0 of 32 claims")
    assert "put aside" in page.locator("#claims-count").inner_text()
    assert not page.locator("#claim-1").is_visible()
    page.locator("#claims-reset").click()
    assert page.locator("#claim-1").is_visible()


def test_all_marks_and_limits_stand_inside_1280_pixels(argued: Opened) -> None:
    page = argued.page
    page.set_viewport_size({"width": 1280, "height": 900})
    page.evaluate("location.hash = '#claim-1'")
    page.wait_for_selector("#claim-1 table.lines")
    over = page.evaluate(
        """() => [...document.querySelectorAll("#claims .scroll")]
        .filter((one) => one.scrollWidth > one.clientWidth).map((one) => one.getAttribute("aria-label"))"""
    )
    assert over == []


def test_the_strength_is_told_beside_the_marks_and_every_line_says_what_it_asks(argued: Opened) -> None:
    text = argued.page.locator("#claim-1").inner_text()
    assert "10 of its 10 lines point its way (▲)" in text
    assert "after the correction for choosing among 32 claims" in text
    assert "A mutant that cannot make the molecule was given" in text
    summary = argued.page.locator("#claims .summary").inner_text()
    assert summary.index("A claim passes its gate when three interventions agree") < summary.index("past the gate")
    assert "(rotarod): +9.0 SD (95\u00a0% interval" in summary
    argued.page.locator("#claims .summary a").first.click()
    assert argued.page.evaluate("location.hash") == "#claim-1"


@pytest.mark.parametrize(
    ("sign", "mark", "words"),
    [(-0.5, "○", "was not found to pass through NAM"), (-6.0, "▼", "measured beside the lines, contradicts it")],
)
def test_mediation_stands_against_a_claim_in_words(
    browser: Any, tmp_path: Path, sign: float, mark: str, words: str
) -> None:
    from commensal.study import Study

    mediated = row("mediators", "mediation", sign, measure="rotarod", assay="serum", feature="s1", term="Akk")
    rows = estimates([*links(9, 8, 7), {**mediated, "specimen": "serum"}])
    view = PageView(Study(Path("study.toml"), "argued"), rows, estimates_points(), claims=join(rows, family()))
    opened = open_page(browser, write(view, tmp_path))
    told = opened.page.locator("#claim-1 .against").inner_text()
    assert words in told
    assert mark in told
    assert words in opened.page.locator("#claims .summary").inner_text()
    assert mark in opened.page.locator("#claim-1 table.beside").inner_text()
    opened.page.locator("#claims-state").select_option("some line contradicts it")
    listed = opened.page.locator("#claims-grid tbody tr").all_inner_texts()
    assert any(one.startswith("1. ") for one in listed) is (mark == "▼")


def test_a_linked_row_is_shown_whole(argued: Opened) -> None:
    page = argued.page
    page.evaluate("location.hash = '#estimate-0'")
    page.wait_for_selector("#estimates-record dl.record")
    told = page.locator("#estimates-record").inner_text()
    assert "Question" in told
    assert "rotarod" in told
    assert page.evaluate("document.querySelector('#estimates-record').scrollWidth <= 1280")
    page.locator("#table-reset").click()
    assert not page.locator("#estimates-record").is_visible()


def test_a_claim_opens_and_closes_by_keyboard(argued: Opened) -> None:
    page = argued.page
    page.locator("#claims-reset").click()
    page.locator("#claims-unfold").click()
    third = page.locator("#claims-grid tbody tr").nth(2).locator("a")
    third.focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("#claim-3 table.lines")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.locator("#claim-3").count() == 0
    assert page.evaluate("document.activeElement.getAttribute('href')") == "#claim-3"


def test_claims_past_the_gate_are_in_the_print(argued: Opened, tmp_path: Path) -> None:
    argued.page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    argued.page.emulate_media(media="print")
    assert argued.page.locator("#claim-1 table.lines").is_visible()
    assert argued.page.locator("#claim-1 figure.behind").count() == 10
    assert len(argued.page.pdf(path=tmp_path / "page.pdf")) > 10_000
    argued.page.emulate_media(media="screen")


def test_a_line_without_points_says_so_and_one_with_points_draws_them(browser: Any, tmp_path: Path) -> None:
    from commensal.study import Study
    from commensal.tables import points

    rows = estimates(links(9, 8, 7))
    shared = {"figure": "raw", "question": "mediators", "contrast": "mediators", "assay": "serum", "feature": "s1"}
    drawn = [
        {**shared, "label": "NAM", "unit": "intensity", "subject": f"m{i}", "sample": f"m{i}", "block": f"c{i // 2}",
         "group": "Akk" if i % 2 else "vehicle", "side": "case" if i % 2 else "control", "y": 100.0 + i}
        for i in range(12)
    ]  # fmt: skip
    view = PageView(Study(Path("study.toml"), "argued"), rows, points(drawn), claims=join(rows, family()))
    opened = open_page(browser, write(view, tmp_path))
    cards = opened.page.locator("#claim-1 figure.behind")
    assert cards.nth(1).locator("svg.raw [class^=mark-]").count() == 12
    assert "vehicle: 6" in cards.nth(1).inner_text()
    cards.nth(1).locator("details.values summary").click()
    assert cards.nth(1).locator("details.values tbody tr").count() == 12
    assert "c0" in cards.nth(1).locator("details.values tbody tr").first.inner_text()
    assert "are not on this page" in cards.nth(0).inner_text()
    assert "Not measured" in cards.nth(4).inner_text()


def test_hostile_names_stay_text(browser: Any, tmp_path: Path) -> None:
    from commensal.study import Study

    rows = estimates(links(9, 8, 7))
    found = join(rows, family())
    found["strain"] = "<img src=x onerror=alert(1)>"
    view = PageView(Study(Path("study.toml"), "argued"), rows, estimates_points(), claims=found)
    opened = open_page(browser, write(view, tmp_path))
    assert not opened.dialogs
    assert opened.page.locator("img").count() == 0
    assert "<img" in opened.page.locator("#claims-grid").inner_text()


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
