"""The page of a plan in a real browser: drawn, quiet, whole at the width of a laptop, and axe's own findings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from commensal.pipeline.plan import plan

pytestmark = pytest.mark.browser
GROUPS = "".join(
    f'[planned.{name}]\ncolumns = {{ arm = "{name}" }}\ncages = 4\nanimals = 2\nmeasured_at = [60]\nsampled_at = [50]\n'
    for name in ("water", "antibiotics", "vehicle", "strain", "saline", "infused")
)
DESIGN = f"""
[study]
name = "next-year"
time_unit = "day"
[design]
primary = ["grip"]
{GROUPS}
[tables.samples]
file = "samples.tsv"
[variables.cage]
nested_in = ["arm"]
[assays.serum]
kind = "metabolites"
file = "serum.tsv"
value = "intensity"
specimen = "serum"
zero = "below_detection"
expected = 8
[measures.grip]
better = "higher"
kind = "level"
[contrasts]
removed = {{ column = "arm", case = "antibiotics", control = "water" }}
strain = {{ column = "arm", case = "strain", control = "vehicle" }}
molecule = {{ column = "arm", case = "infused", control = "saline" }}
[questions.screen]
kind = "screen"
contrast = "strain"
assays = []
block = ["cage"]
[questions.mediators]
kind = "mediators"
contrast = "removed"
supplements = "strain"
block = ["cage"]
[questions.rescue]
kind = "rescue"
contrast = "molecule"
assays = []
block = ["cage"]
gives = {{ infused = "nicotinamide" }}
"""


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("plan")
    (folder / "study.toml").write_text(DESIGN)
    plan(folder / "study.toml", out=folder / "out", studies=2, sizes=[4.0], grow=["cage=4,6"], permutations=99)
    return folder / "out" / "plan.html"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_is_drawn_and_axe_finds_nothing_serious(browser: Any, page: Path, scheme: str) -> None:
    from axe_playwright_python.sync_playwright import Axe

    opened = browser.new_context(viewport={"width": 1280, "height": 800}, color_scheme=scheme).new_page()
    said: list[str] = []
    opened.on("console", lambda message: said.append(message.text))
    opened.on("pageerror", lambda error: said.append(str(error)))
    opened.goto(page.as_uri())
    opened.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    figures = opened.locator(".panel[data-figure]")
    opened.wait_for_function(
        "[...document.querySelectorAll('.panel[data-figure]')].every(h => h.dataset.drawn)", timeout=60_000
    )
    assert figures.count() >= 4  # claims, screen, mediators, rescue
    assert not said
    found = Axe().run(opened).response["violations"]
    grave = [one for one in found if one["impact"] in ("serious", "critical")]
    assert not grave, [(one["id"], [node["html"][:120] for node in one["nodes"][:3]]) for one in grave]
    opened.context.close()


def test_no_table_hides_a_column_at_the_width_of_a_laptop(browser: Any, page: Path) -> None:
    opened = browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
    opened.goto(page.as_uri())
    wide = opened.evaluate(
        "[...document.querySelectorAll('.scroll')].filter(one => one.offsetParent && one.scrollWidth > one.clientWidth)"
        ".map(one => one.getAttribute('aria-label'))"
    )
    assert wide == []
    assert opened.evaluate("document.documentElement.scrollWidth") <= 1280
    opened.context.close()
