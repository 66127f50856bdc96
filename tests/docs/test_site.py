"""The documentation builds without a warning, and every link of it that stays inside leads somewhere.

Its notebooks and examples are run by tests of their own, so that they are not run here.
"""

from __future__ import annotations

import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

ROOT = Path(__file__).parents[2]


class Links(HTMLParser):
    """What a page names (ids) and what it points to."""

    def __init__(self) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.to: list[str] = []

    def handle_starttag(self, _tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.ids |= {value for key in ("id", "name") if (value := given.get(key))}
        self.to += [value for key in ("href", "src") if (value := given.get(key))]


def links(page: Path) -> Links:
    read = Links()
    read.feed(page.read_text(encoding="utf-8"))
    return read


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("site")
    words = [sys.executable, "-m", "sphinx", "-W", "-q", "--keep-going", "-b", "html", "-D", "nb_execution_mode=off"]
    words += ["-D", "suppress_warnings=myst-nb.lexer"]  # which language cells are in is known when they are run
    done = subprocess.run(
        [*words, "-d", str(out / "doctrees"), str(ROOT / "docs"), str(out / "html")],
        capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return out / "html"


def test_every_page_is_built_and_every_link_inside_leads_somewhere(site: Path) -> None:
    pages = {path: links(path) for path in site.rglob("*.html")}
    sources = [path for path in (ROOT / "docs").rglob("*.md") if "_build" not in path.parts]
    assert {path.relative_to(ROOT / "docs").with_suffix(".html") for path in sources} <= {
        path.relative_to(site) for path in pages
    }
    wrong = []
    for page, read in pages.items():
        for target in read.to:
            parts = urlsplit(target)
            if parts.scheme or parts.netloc or target == "#":
                continue
            there = (page.parent / unquote(parts.path)).resolve() if parts.path else page
            there = there / "index.html" if there.is_dir() else there
            lost = parts.fragment and there in pages and unquote(parts.fragment) not in pages[there].ids
            if not there.is_file() or lost:
                wrong.append(f"{page.relative_to(site)}: {target}")
    assert not wrong, wrong[:20]


def test_links_of_the_readme_lead_somewhere() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    targets = re.findall(r"\]\(([^)#\s]+)\)", text)
    assert "docs/images/page.png" in targets
    assert not [one for one in targets if "://" not in one and not (ROOT / one).is_file()]
