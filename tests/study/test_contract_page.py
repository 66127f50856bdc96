"""docs/contract.md is true: its examples run; its keys, columns and statuses are those of the code, all of them."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from commensal.study import AssayTable, assemble, blocks, covariates, parse_study, sides
from commensal.study.readers import Place
from commensal.study.reading import read_sections
from commensal.study.schema import INLINE, SECTIONS
from commensal.tables import ESTIMATE_COLUMNS, POINT_COLUMNS, STATUSES, WITH_P

PAGE = (Path(__file__).parents[2] / "docs" / "contract.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```toml\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)


def part(title: str) -> str:
    """The text below a heading, up to the next one of any level."""
    return re.split(r"^#{2,3} ", PAGE.split(f"\n{title}\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]


def tables(text: str) -> dict[str, dict[str, str]]:
    """First header cell → first cell of each row without backticks → the rest of the row."""
    found: dict[str, dict[str, str]] = {}
    for block in re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE):
        rows = [[cell.strip() for cell in line.strip("|\n").split("|")] for line in block.splitlines()]
        found[rows[0][0]] = {row[0].strip("`"): " | ".join(row[1:]) for row in rows[2:]}
    return found


def documented() -> dict[str, dict[str, dict[str, str]]]:
    headings = re.findall(r"^### `\[([a-z]+)[^\]]*\]`$", PAGE, re.MULTILINE)
    titles = re.findall(r"^(### `\[[^\]]*\]`)$", PAGE, re.MULTILINE)
    return {name: tables(part(title)) for name, title in zip(headings, titles, strict=True)}


def test_every_section_and_key_is_documented_and_nothing_else():
    pages = documented()
    assert list(pages) == list(SECTIONS)
    for name, section in SECTIONS.items():
        assert list(pages[name]["key"]) == list(section.keys), name


def test_required_keys_are_documented_as_required():
    for name, section in SECTIONS.items():
        for key in section.keys.values():
            default = documented()[name]["key"][key.name].split(" | ")[1]
            assert (default == "required") == key.required, f"[{name}] {key.name}"


def test_keys_of_inline_tables_are_documented():
    pages = documented()
    assert tuple(pages["assays"]["key of `features`"]) == INLINE["assays.features"]
    assert tuple(pages["assays"]["key of `identity`"]) == INLINE["assays.identity"]
    assert tuple(pages["assays"]["key of `prepare`"]) == INLINE["assays.prepare"]
    assert tuple(pages["contrasts"]["key of a range in `where`"]) == INLINE["contrasts.where"]
    assert tuple(pages["questions"]["key of `severity`"]) == INLINE["questions.severity"]


def test_columns_and_statuses_are_documented():
    estimates = tables(part("## Estimates"))
    assert {name: row.split(" | ")[0] for name, row in estimates["column"].items()} == ESTIMATE_COLUMNS
    assert list(estimates["status"]) == list(STATUSES)
    assert all(f"`{status}`" in part("## Estimates") for status in WITH_P)
    points = tables(part("## Points"))["column"]
    assert {name: row.split(" | ")[0] for name, row in points.items()} == POINT_COLUMNS


@pytest.mark.parametrize("text", EXAMPLES, ids=range(len(EXAMPLES)))
def test_every_example_is_read(text):
    if "[study]" in text:
        assert parse_study(text).questions
    else:
        assert read_sections(tomllib.loads(text), Place("contract.md"))


def test_the_household_example_loads(frame, assay_of):
    study = parse_study(EXAMPLES[0])
    people = "Person|Group|household|sex|age|alsfrs\n" + "\n".join(
        f"P{i}|{'ALS' if i % 2 else 'spouse'}|H{i // 2}|{'FM'[i % 2]}|{50 + i}|{40 - i}" for i in range(8)
    )
    samples = "Sample ID|Person|specimen\n" + "\n".join(
        f"P{i}-{specimen}|P{i}|{specimen}" for i in range(8) for specimen in ("stool", "serum")
    )
    assays: dict[str, AssayTable] = {
        name: assay_of(study, name, [f"P{i}-{name}" for i in range(8)]) for name in ("stool", "serum")
    }
    loaded = assemble(study, {"samples": frame(samples), "subjects": frame(people, "people.tsv")}, assays)
    question = study.questions["patients"]
    for name in study.assays:
        both = sides(loaded, question.contrast, name)
        assert both.case.sum() == (~both.case).sum() == 4
        assert len(set(blocks(loaded, question, both.samples).labels[0])) == 4
        assert covariates(loaded, both.samples, question.covariates).columns == ("age", "sex=M")


def test_the_mouse_example_loads(frame, assay_of):
    study = parse_study(EXAMPLES[1])
    rows = [(arm, cage, mouse) for arm in ("abx", "water") for cage in (1, 2) for mouse in (1, 2)]
    samples = "Sample|Mouse|Day|arm|cage|genotype|copies_per_g\n" + "\n".join(
        f"S{i}|{mouse}|{60 + i}|{arm}|{cage}|SOD1|1e9" for i, (arm, cage, mouse) in enumerate(rows)
    )
    frames = {
        "samples": frame(samples),
        "phenotypes": frame("arm|cage|Mouse|Day|rotarod\nabx|1|1|60|250\nwater|2|1|60|240", "rotarod.csv"),
        "events": frame("arm|cage|Mouse|Event|Day\nabx|1|2|death|130", "events.csv"),
    }
    loaded = assemble(study, frames, {"microbiome": assay_of(study, "microbiome", [f"S{i}" for i in range(8)])})
    assert loaded.samples["subject"].nunique() == 8
    assert loaded.samples["subject"].iloc[0] == "abx / 1 / 1"
    assert list(loaded.phenotypes["subject"]) == ["abx / 1 / 1", "water / 2 / 1"]
    assert list(loaded.events["subject"]) == ["abx / 1 / 2"]
    both = sides(loaded, "antibiotics", "microbiome")
    assert set(blocks(loaded, study.questions["depletion"], both.samples).labels[0]) == {
        "abx / 1",
        "abx / 2",
        "water / 1",
        "water / 2",
    }
