"""The page in a real browser: drawn, quiet, searchable, and deaf to hostile names."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from commensal.page import PageView, write

pytestmark = pytest.mark.browser
ALL_DRAWN = "[...document.querySelectorAll('.panel[data-figure]')].every(h => h.dataset.drawn)"


@dataclass
class Opened:
    """A page that is open, and everything that it said or asked for."""

    page: Any
    said: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    dialogs: list[str] = field(default_factory=list)

    def draw(self) -> None:
        self.page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
        self.page.wait_for_function(ALL_DRAWN, timeout=60_000)

    def column(self, name: str) -> list[str]:
        heads = self.page.locator("#estimates-grid thead th").all_inner_texts()
        at = [head.split("\n")[0].rstrip("↕↑↓ ") for head in heads].index(name) + 1
        return self.page.locator(f"#estimates-grid tbody tr td:nth-child({at})").all_inner_texts()

    def count(self) -> str:
        return str(self.page.locator("#table-count").inner_text())

    def save(self, button: str) -> list[dict[str, str]]:
        with self.page.expect_download() as caught:
            self.page.locator(button).click()
        return list(csv.DictReader(io.StringIO(Path(caught.value.path()).read_text(encoding="utf-8"), newline="")))


def open_page(browser: Any, path: Path, width: int = 1280, scheme: str = "light") -> Opened:
    """Open a page and draw all of its figures: one drawn while the table below it is clicked can take the click."""
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme, accept_downloads=True)
    opened = Opened(context.new_page())

    def dismiss(dialog: Any) -> None:
        opened.dialogs.append(dialog.message)
        dialog.dismiss()

    opened.page.on("console", lambda message: opened.said.append(f"{message.type}: {message.text}"))
    opened.page.on("pageerror", lambda error: opened.said.append(f"page error: {error}"))
    opened.page.on("request", lambda request: opened.asked.append(request.url))
    opened.page.on("dialog", dismiss)
    opened.page.goto(path.as_uri())
    opened.page.wait_for_selector("#estimates-table:not([hidden])")
    opened.draw()
    return opened


@pytest.fixture(scope="module")
def path(view: PageView, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(view, tmp_path_factory.mktemp("browser"))


@pytest.fixture
def opened(browser: Any, path: Path) -> Iterator[Opened]:
    one = open_page(browser, path)
    yield one
    one.page.context.close()


def test_quiet_whole_and_drawn(opened: Opened, path: Path, hostile: str) -> None:
    assert opened.said == []
    assert opened.dialogs == []
    assert [url for url in opened.asked if not url.startswith(("data:", "blob:"))] == [path.as_uri()]
    panels = opened.page.evaluate(
        "[...document.querySelectorAll('.panel')]"
        ".map(p => [p.dataset.drawn, p.querySelectorAll('svg .mark-symbol path').length])"
    )
    assert len(panels) == 32
    assert all(kind == "svg" for kind, _ in panels)
    assert panels[0][1] >= 91  # every sample of the first ordination
    assert all(marks > 0 for _, marks in panels)
    texts = opened.page.locator("svg text").all_text_contents()
    assert hostile in texts


def test_a_hostile_name_is_text_everywhere(opened: Opened, hostile: str) -> None:
    opened.page.fill("#table-search", hostile)
    opened.page.wait_for_function("document.querySelector('#table-count').textContent.includes('filtered')")
    assert set(opened.column("Feature")) == {hostile}
    opened.page.locator("#figures details.figure-data summary").nth(2).click()
    assert opened.page.get_by_role("cell", name=hostile).first.is_visible()
    for summary in opened.page.locator("#omitted summary").all():
        summary.click()
    assert hostile in opened.page.locator("#omitted").inner_text()
    panel = opened.page.locator(".panel[data-figure='2']").first
    panel.scroll_into_view_if_needed()
    mark = panel.locator("svg .mark-symbol path").element_handles()
    (over,) = [one for one in mark if one.evaluate("e => e.__data__?.datum?.name") == hostile]
    over.hover(force=True)
    opened.page.wait_for_selector("#vg-tooltip-element.visible")
    assert hostile in opened.page.locator("#vg-tooltip-element").inner_text()
    assert opened.page.evaluate("document.querySelectorAll('#vg-tooltip-element script').length") == 0
    assert opened.dialogs == []
    assert opened.said == []


@pytest.mark.parametrize("width", [1280, 360])
def test_drawing_moves_nothing(browser: Any, path: Path, width: int) -> None:
    page = browser.new_page(viewport={"width": width, "height": 800})
    page.goto(path.as_uri())
    heights = "[...document.querySelectorAll('.panel')].map(panel => panel.getBoundingClientRect().height)"
    reserved = page.evaluate(heights)
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    page.wait_for_function(ALL_DRAWN, timeout=60_000)
    assert page.evaluate(heights) == pytest.approx(reserved, abs=1)
    page.close()


def test_injected_markup_does_not_run(opened: Opened) -> None:
    opened.page.evaluate("document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"window.hit = 1\">')")
    opened.page.evaluate(
        "{ const s = document.createElement('script'); s.textContent = 'window.hit = 2'; document.body.append(s) }"
    )
    opened.page.wait_for_timeout(200)
    assert opened.page.evaluate("window.hit") is None


def test_the_table_sorts_by_click_and_by_key(opened: Opened) -> None:
    page = opened.page
    assert page.locator("th[aria-sort='ascending'] button").inner_text().startswith("p")
    page.locator("button[data-column='effect']").click()
    page.wait_for_selector("th[aria-sort='ascending']:has(button[data-column='effect'])")
    effects = [float(text.replace("−", "-")) for text in opened.column("Effect")]
    assert effects == sorted(effects)
    assert effects[0] < 0
    page.locator("button[data-column='effect']").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("th[aria-sort='descending']:has(button[data-column='effect'])")
    effects = [float(text.replace("−", "-").replace(",", "")) for text in opened.column("Effect")]
    assert effects == sorted(effects, reverse=True)
    assert page.evaluate("document.activeElement.dataset.column") == "effect"  # sorting keeps the focus
    page.keyboard.press("Space")
    page.wait_for_selector("th[aria-sort='ascending']:has(button[data-column='effect'])")


def test_the_table_filters_searches_and_pages(opened: Opened, view: PageView) -> None:
    page, rows = opened.page, view.estimates
    assert opened.count() == f"Rows 1 to 25 of {len(rows):,}"
    page.select_option("#filter-assay", "genera")
    page.select_option("#filter-status", "below_prevalence")
    wanted = rows[(rows["assay"] == "genera") & (rows["status"] == "below_prevalence")]
    assert f"of {len(wanted)} (filtered from {len(rows):,})" in opened.count()
    assert set(opened.column("Status")) == {"below_prevalence"}
    page.click("#page-last")
    assert f"to {len(wanted)} of {len(wanted)}" in opened.count()
    assert page.locator("#page-next").is_disabled()
    page.click("#table-reset")
    page.select_option("#filter-q", "0.05")
    assert f"of {int((rows['q'] < 0.05).sum())} " in opened.count()
    page.click("#table-reset")
    page.fill("#table-search", "GENUS 12")
    page.wait_for_function("document.querySelector('#table-count').textContent.includes('filtered')")
    assert set(opened.column("Feature")) == {"Genus 12 sp."}
    page.fill("#table-search", "no such thing")
    page.wait_for_function("document.querySelector('#table-count').textContent.startsWith('0 rows')")
    page.click("#table-reset")
    page.select_option("#page-size", "100")
    assert len(opened.column("Feature")) == 100


def test_columns_can_be_shown(opened: Opened) -> None:
    opened.page.locator("#estimates > #estimates-table > details > summary").click()
    opened.page.check("input[data-show='family']")
    assert any("family" in text for text in opened.column("Family"))


def test_the_downloads_hold_the_right_rows(opened: Opened, view: PageView) -> None:
    rows = view.estimates
    everything = opened.save("#csv-all")
    assert len(everything) == len(rows)
    assert list(everything[0]) == list(rows.columns)
    assert [row["p"] == "" for row in everything] == rows["p"].isna().tolist()
    for got, p in zip(everything, rows["p"], strict=True):
        assert got["p"] == "" or float(got["p"]) == pytest.approx(p, rel=1e-5)
    labels = {row["label"] for row in everything}
    assert {'\'=HYPERLINK("x")', "'+1 taxon", "'-0 taxon", "'@cmd"} <= labels
    assert any(float(row["effect"]) < 0 for row in everything if row["effect"])  # numbers are no formulas
    opened.page.select_option("#filter-model", "permanova")
    filtered = opened.save("#csv-filtered")
    assert len(filtered) == int((rows["model"] == "permanova").sum())


def test_every_figure_has_words_and_data(opened: Opened, view: PageView) -> None:
    page = opened.page
    figures = page.locator("#figures figure")
    assert figures.count() == 10
    for i in range(figures.count()):
        figure = figures.nth(i)
        label = figure.locator(".panels").get_attribute("aria-label")
        assert len(label) > 60
        assert any(character.isdigit() for character in label)
        figure.locator("details.figure-data > summary").click()
        # The rows are made when the opening is announced, a moment after the click.
        figure.locator("details.figure-data tbody tr").first.wait_for(state="attached", timeout=10_000)
    first = figures.first.locator("details.figure-data")
    first.locator("tbody tr").nth(99).wait_for(state="attached", timeout=10_000)
    assert first.locator("tbody tr").count() == 100
    first.get_by_role("button", name="more of").click()
    first.locator("tbody tr").nth(199).wait_for(state="attached", timeout=10_000)
    assert first.locator("tbody tr").count() == 200
    ids = page.evaluate("[...document.querySelectorAll('[id]')].map(e => e.id)")
    assert len(ids) == len(set(ids))


def test_the_keyboard_reaches_the_content(opened: Opened) -> None:
    opened.page.keyboard.press("Tab")
    assert opened.page.evaluate("document.activeElement.className") == "skip"
    assert opened.page.locator(".skip").bounding_box()["x"] >= 0
    opened.page.keyboard.press("Enter")
    assert opened.page.evaluate("document.activeElement.id") == "found"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_needs_no_sideways_scroll(browser: Any, path: Path, scheme: str) -> None:
    opened = open_page(browser, path, width=360, scheme=scheme)
    for details in opened.page.locator("details > summary").all():
        details.click()
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= 360
    wide = opened.page.evaluate(
        "[...document.querySelectorAll('.panel svg')].filter(s => s.getBoundingClientRect().right > 361).length"
    )
    assert wide == 0
    assert opened.said == []
    opened.page.context.close()


def test_many_rows_stay_in_few_elements(browser: Any, make_view: Callable[..., PageView], tmp_path: Path) -> None:
    view = make_view(genera=60, molecules=1500)
    path = write(view, tmp_path)
    assert path.stat().st_size < 10_000_000
    opened = open_page(browser, path)
    assert opened.page.locator("#estimates-grid tbody tr").count() == 25
    assert opened.page.locator(".panel[data-drawn='canvas'] canvas").count() == 4  # 1,800 marks: not as elements
    assert opened.page.evaluate("document.querySelectorAll('*').length") < 20_000
    opened.page.fill("#table-search", "molecule 1499")
    opened.page.wait_for_function("document.querySelector('#table-count').textContent.includes('of 4 ')")
    assert opened.said == []
    opened.page.context.close()
