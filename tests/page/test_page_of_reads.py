"""The section on samples of reads: drawn from points alone, and from awkward names too."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from commensal.page import PageView, write
from commensal.page.figures import quality_tables, reads_figures
from commensal.study import parse_study
from commensal.tables import estimates, points

HOSTILE = "<script>alert(1)</script>"
SAMPLES = ("S1", "constructor", "=cmd")
SPECIES = ("Akkermansia muciniphila", HOSTILE, "toString", "(unknown)")
STUDY = parse_study("""
[study]
name = "x"
[tables.samples]
file = "samples.tsv"
[assays.gut]
kind = "reads"
files = "{sample}.fq"
reference = "REF"
[contrasts.c]
column = "a"
case = "b"
control = "c"
""")


@pytest.fixture(scope="module")
def made():
    rows: list[dict[str, object]] = []
    for sample in SAMPLES:
        base = {"sample": sample, "subject": sample, "group": "sample", "unit": "share of cells"}
        rows += [
            {**base, "assay": "gut_taxa", "figure": "composition", "feature": name, "label": name, "y": 0.25}
            for name in SPECIES
        ]
        for measure, value, unit in (("reads_in", 40_000.0, "reads"), ("unknown", 0.25, "share of bases")):
            rows.append({**base, "assay": "gut_taxa", "figure": "quality", "measure": measure, "y": value, "unit": unit,
                         "note": HOSTILE})  # fmt: skip
        rows.append(
            {**base, "assay": "gut_pathways", "figure": "functions", "feature": "p", "label": HOSTILE, "y": 0.5}
        )
    for place, (step, change, who) in enumerate(
        (("nadB", "a → b", SPECIES[0]), ("nadA", "b, water → c", HOSTILE), ("nadC", "c → d", "(nobody)"))
    ):
        rows.append({"assay": "gut_pathways", "figure": "steps", "measure": "p", "feature": step, "label": step,
                     "block": "a route", "side": "synthesis", "group": who, "x": float(place),
                     "y": 0.0 if who == "(nobody)" else 0.3, "note": change})  # fmt: skip
    rows.append({"assay": "gut_taxa", "figure": "contaminants", "measure": "prevalence", "feature": "q", "y": 0.01})
    return points(rows)


def test_figures_come_in_order_with_a_ladder_per_route(made):
    drawn = reads_figures(made)
    assert [figure.name for figure in drawn] == ["composition-gut-taxa", "functions-gut-pathways", "nad-gut-pathways"]
    ladder = drawn[2].panels[0].spec["encoding"]["y"]["scale"]["domain"]
    assert ladder == ["a", "↓ nadB", "b", "↓ nadA", "c", "↓ nadC", "d"]
    assert "nadC nobody" in drawn[2].alt
    assert "Akkermansia muciniphila 25 %" in drawn[0].alt


def test_a_species_has_one_colour_in_all_figures_and_the_unknown_its_own(made):
    composition, _, nad = reads_figures(made)
    colours = [dict(zip(*(panel.spec["encoding"]["color"]["scale"][key] for key in ("domain", "range")), strict=True))
               for panel in (composition.panels[0], nad.panels[0])]  # fmt: skip
    assert colours[0][SPECIES[0]] == colours[1][SPECIES[0]]
    assert len(set(colours[0].values())) == len(SPECIES)


def test_the_table_of_quality_writes_each_unit_as_it_is_read(made):
    (table,) = quality_tables(made)
    assert table.headings == ("Sample", "Reads", "Unknown", "Warnings")
    assert table.rows[0] == ("S1", "40,000", "25 %", HOSTILE)


def test_the_page_holds_the_section_and_no_markup_of_names(made, tmp_path):
    page = write(PageView(STUDY, estimates(), made), tmp_path)
    text = page.read_text(encoding="utf-8")
    assert '<section id="reads"' in text
    assert '<a href="#reads">' in text
    assert HOSTILE not in text
    assert "Shaw and Yu 2025" in text
    assert "Davis et al. 2018" in text
    payload = re.search(r'id="figures-data">(.*?)</script>', text, re.DOTALL)
    assert payload is not None
    figures = json.loads(payload[1])["figures"]
    assert [figure["name"][:2] for figure in figures] == ["01", "02", "03"]
    panels = re.findall(r'data-figure="(\d)" data-panel="(\d)"', text)
    assert len(panels) == sum(len(figure["panels"]) for figure in figures)
    assert all((tmp_path / "figures" / f"{figure['name']}.svg").is_file() for figure in figures)
    assert "could not be drawn as a file" not in text


def test_a_study_without_reads_has_no_such_section(tmp_path):
    text = write(PageView(STUDY, estimates(), points()), tmp_path).read_text(encoding="utf-8")
    assert 'id="reads"' not in text
    assert "#reads" not in text


def test_nothing_is_drawn_of_points_that_belong_to_a_question(made):
    asked = made.assign(question="q")
    assert reads_figures(points(asked)) == []
    assert quality_tables(points(asked)) == []


def test_the_points_survive_their_file(made, tmp_path: Path):
    from commensal.tables import read_points, write_points

    write_points(made, tmp_path / "points.parquet")
    assert read_points(tmp_path / "points.parquet").equals(made)
