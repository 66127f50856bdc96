"""The files that the page writes: whole, well-formed, the same for the same input, standing when there is little."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest

from commensal.errors import OutputError
from commensal.page import PageView, write
from commensal.page.figures.drawn import slug
from commensal.study import Study
from commensal.tables import estimates, points


class Outline(HTMLParser):
    """Collects what the tests ask of the markup."""

    def __init__(self) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.headings: list[int] = []
        self.tags: Counter[str] = Counter()
        self.sources: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        given = dict(attrs)
        if given.get("id"):
            self.ids.append(str(given["id"]))
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        self.sources += [str(given[name]) for name in ("src", "href") if given.get(name)]


def outline(page: Path) -> Outline:
    parsed = Outline()
    parsed.feed(page.read_text(encoding="utf-8"))
    return parsed


@pytest.fixture(scope="module")
def written(view: PageView, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(view, tmp_path_factory.mktemp("page")).parent


@pytest.fixture(scope="module")
def small(make_view: Callable[..., PageView]) -> PageView:
    return make_view(genera=16, molecules=0, families=6, found=2)


def test_every_figure_is_there_as_svg_and_pdf(written: Path) -> None:
    svgs = sorted((written / "figures").glob("*.svg"))
    assert len(svgs) == 10
    assert len({path.name for path in svgs}) == 10
    for svg in svgs:
        root = ET.fromstring(svg.read_text(encoding="utf-8"))
        assert root.tag.endswith("svg")
        assert not [element for element in root.iter() if element.tag.lower().endswith("script")]
        pdf = svg.with_suffix(".pdf").read_bytes()
        assert pdf.startswith(b"%PDF-")
        assert b"%%EOF" in pdf[-1024:]


def test_a_hostile_name_is_text_in_the_svg(written: Path, hostile: str) -> None:
    (svg,) = (written / "figures").glob("*volcano-abundance-people-genera.svg")
    assert hostile in [text for element in ET.parse(svg).iter() for text in (element.text,) if text]


def test_sides_keep_their_colours_in_files(written: Path) -> None:
    # orange and blue of Okabe and Ito, as circle and triangle, beside the estimates' own colours
    (svg,) = (written / "figures").glob("*features-people-genera.svg")
    colours = Counter(element.get("fill") for element in ET.parse(svg).iter() if element.get("fill"))
    assert colours["#D55E00"] >= 8 * 36
    assert colours["#0072B2"] >= 8 * 55


def test_the_page_asks_nothing_of_the_network(written: Path) -> None:
    parsed = outline(written / "report.html")
    assert all(source.startswith(("#", "data:")) for source in parsed.sources)
    text = (written / "report.html").read_text(encoding="utf-8")
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)
    assert policy is not None
    assert "default-src &#39;none&#39;" in policy[1]
    assert "unsafe-inline" not in policy[1].split("style-src")[0]


def test_the_markup_is_in_order(written: Path) -> None:
    parsed = outline(written / "report.html")
    assert len(parsed.ids) == len(set(parsed.ids))
    assert parsed.headings[0] == 1
    assert parsed.headings.count(1) == 1
    assert all(after - before <= 1 for before, after in zip(parsed.headings, parsed.headings[1:], strict=False))
    assert parsed.tags["script"] == 4  # two of data, the bundle, ours: none from a name


def test_the_same_view_gives_the_same_bytes(small: PageView, tmp_path: Path) -> None:
    first, again = (write(small, tmp_path / name).parent for name in ("first", "again"))
    assert (again / "report.html").read_bytes() == (first / "report.html").read_bytes()
    svgs = list((first / "figures").glob("*.svg"))
    assert len(svgs) == 5
    assert all(svg.read_bytes() == (again / "figures" / svg.name).read_bytes() for svg in svgs)


def test_figures_of_an_earlier_run_go(view: PageView, tmp_path: Path) -> None:
    (tmp_path / "figures").mkdir()
    (tmp_path / "figures" / "99-old.svg").write_text("<svg/>")
    (tmp_path / "figures" / "mine.svg").write_text("<svg/>")
    write(PageView(view.study, estimates(), points()), tmp_path)
    assert [path.name for path in (tmp_path / "figures").iterdir()] == ["mine.svg"]


def test_a_folder_that_cannot_be_made_is_one_clear_error(view: PageView, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(OutputError, match="the page cannot be written"):
        write(view, tmp_path / "taken")


@pytest.mark.parametrize("points_too", [True, False])
def test_a_page_without_tested_features_stands(small: PageView, tmp_path: Path, points_too: bool) -> None:
    rows = small.estimates[~small.estimates["model"].isin(["abundance", "prevalence"]) & small.estimates["p"].isna()]
    page = write(PageView(small.study, rows, small.points if points_too else points()), tmp_path)
    text = page.read_text(encoding="utf-8")
    assert "could not be compared" in text
    assert ("There is nothing to draw" in text) is not points_too


def test_one_sample_is_drawn(small: PageView, tmp_path: Path) -> None:
    first = small.points["sample"].iloc[0]
    page = write(PageView(small.study, small.estimates, small.points[small.points["sample"] == first]), tmp_path)
    assert "Every point is a sample (1 sample)." in page.read_text(encoding="utf-8")


def test_an_assay_that_failed_or_has_no_rows_is_named(view: PageView, tmp_path: Path) -> None:
    fewer = PageView(view.study, view.estimates[view.estimates["assay"] == "serum"], points())
    text = write(fewer, tmp_path).read_text(encoding="utf-8")
    assert "Nothing could be estimated here: too few samples on one side, or too few degrees of freedom" in text
    assert "no estimates" in text  # of genera and molecules


def test_an_empty_study_has_a_page(tmp_path: Path) -> None:
    empty = PageView(Study(Path("study.toml"), "empty"), estimates(), points())
    text = write(empty, tmp_path).read_text(encoding="utf-8")
    for line in ("The study file asks no question.", "there are no estimates", "There is nothing to draw"):
        assert line in text
    assert "vegaEmbed=" not in text


def test_figure_names_are_safe_for_files(hostile: str) -> None:
    assert re.fullmatch(r"[a-z0-9-]+", slug("volcano", "../../etc", hostile, "Ω"))
