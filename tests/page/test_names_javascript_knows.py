"""Names that every JavaScript object has are text in figures, like any other; and one figure never costs the page."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from commensal.errors import OutputError
from commensal.page import PageView, write
from commensal.page.figures.drawn import INHERITED, WORD_JOINER
from commensal.study import Study

ALL_DRAWN = "[...document.querySelectorAll('.panel[data-figure]')].every(h => h.dataset.drawn)"
EMPTY = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'
NAMES = ("constructor", "toString", "hasOwnProperty", "valueOf", "__proto__")


def named(view: PageView) -> PageView:
    """Give the strongest features, the two sides and the unit of richness such names."""
    estimates, points = view.estimates.copy(), view.points.copy()
    shown = points.loc[points["figure"] == "values", "feature"].dropna().unique()[: len(NAMES)]
    for name, feature in zip(NAMES, shown, strict=True):
        for table in (estimates, points):
            table.loc[table["feature"] == feature, "label"] = name
    points.loc[points["measure"] == "richness", "unit"] = "valueOf"
    (key, contrast), *_ = view.study.contrasts.items()
    sides = replace(contrast, case=("__proto__",), control=("constructor",))
    study: Study = replace(view.study, contrasts={**view.study.contrasts, key: sides})
    return replace(view, estimates=estimates, points=points, study=study)


@pytest.fixture(scope="module")
def hostile_page(make_view: Callable[..., PageView], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(named(make_view(genera=12, molecules=12, families=6, found=6)), tmp_path_factory.mktemp("names"))


def texts(folder: Path, name: str) -> set[str]:
    found = set()
    for svg in folder.glob(f"figures/*{name}*.svg"):
        found |= {element.text.strip(WORD_JOINER) for element in ET.parse(svg).iter() if element.text}
    return found


def test_they_are_text_in_every_file(hostile_page: Path) -> None:
    folder = hostile_page.parent
    assert {"__proto__", "constructor"} <= texts(folder, "ordination")
    assert {"__proto__", "constructor"} <= texts(folder, "diversity")
    assert set(NAMES) <= texts(folder, "features")
    assert "could not be drawn" not in hostile_page.read_text(encoding="utf-8").split("<script")[0]


def test_vega_says_nothing_of_them(
    make_view: Callable[..., PageView], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    write(named(make_view(genera=12, molecules=12, families=6, found=6)), tmp_path)
    assert "not defined" not in capfd.readouterr().err


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_they_are_text_in_a_browser(browser: Any, hostile_page: Path, scheme: str) -> None:
    context = browser.new_context(color_scheme=scheme)
    page, said = context.new_page(), []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(hostile_page.as_uri())
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    page.wait_for_function(ALL_DRAWN, timeout=60_000)
    drawn = page.evaluate("[...document.querySelectorAll('.panel[data-figure]')].map(h => h.dataset.drawn)")
    shown = {text.strip(WORD_JOINER) for text in page.locator("svg text").all_text_contents()}
    known = page.evaluate("Object.getOwnPropertyNames(Object.prototype)")
    context.close()
    assert set(drawn) == {"svg"}
    assert set(NAMES) <= shown
    assert said == []
    assert set(known) == INHERITED  # the list is the language's own


def test_a_figure_that_cannot_be_drawn_is_said_and_the_others_are_there(
    make_view: Callable[..., PageView], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import vl_convert

    asked: list[object] = []

    def second_fails(spec: object, **_: object) -> str:
        asked.append(spec)
        if len(asked) == 2:
            raise ValueError("Vega-Lite to SVG conversion failed:\n<b>no</b>")
        return EMPTY

    monkeypatch.setattr(vl_convert, "vegalite_to_svg", second_fails)
    page = write(make_view(genera=12, molecules=12, families=6, found=6), tmp_path).read_text(encoding="utf-8")
    assert page.count("This figure could not be drawn as a file:") == 1
    assert "conversion failed: &lt;b&gt;no&lt;/b&gt;" in page
    files = sorted(path.name[:2] for path in (tmp_path / "figures").glob("*.pdf"))
    assert files == [f"{i:02d}" for i in range(1, len(asked) + 1) if i != 2]
    assert not list((tmp_path / "figures").glob("02-*"))


def test_a_folder_that_refuses_figures_is_one_clear_error(
    make_view: Callable[..., PageView], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import vl_convert

    monkeypatch.setattr(vl_convert, "vegalite_to_svg", lambda *_, **__: EMPTY)

    def full(*_: object, **__: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OutputError, match="a figure cannot be written"):
        write(make_view(genera=12, molecules=12, families=6, found=6), tmp_path)
