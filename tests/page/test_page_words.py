"""Sentences: what they say, and that they never say more than the rows."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from commensal.page import headlines
from commensal.page.found import sentences, tiles
from commensal.page.methods import methods
from commensal.page.omitted import dropped_groups, mismatches, status_counts
from commensal.page.payload import estimates_payload, script_json
from commensal.page.view import PageView, groups
from commensal.page.words import chance, estimate, number, plural
from commensal.study import Assay, Contrast, Question, Study
from commensal.tables import estimates, points

BASE = {"question": "q", "kind": "cohort", "contrast": "c", "assay": "genera", "n": 90, "n_blocks": 21}


def study(*, block: tuple[str, ...] = ("family",)) -> Study:
    return Study(
        path=Path("study.toml"),
        name="s",
        assays={"genera": Assay("genera", "taxa")},
        contrasts={"c": Contrast("c", "disease", ("IBD",), ("relative",))},
        questions={"q": Question("q", "cohort", "c", block=block)},
    )


def told(*rows: dict[str, object], block: tuple[str, ...] = ("family",)) -> list[str]:
    (group,) = groups(study(block=block), estimates([BASE | row for row in rows]))
    return [line for _, lines in sentences(group) for line in lines]


RICHNESS = {
    "feature": "(all)",
    "measure": "richness",
    "model": "linear mixed model",
    "term": "within",
    "effect": -23.1,
    "unit": "genera",
    "low": -41.2,
    "high": -5.1,
    "level": 0.95,
    "test": "t",
    "p": 0.0131,
    "status": "ok",
}


def test_a_diversity_result_reads_as_the_brief_example() -> None:
    assert told(RICHNESS) == [
        "Within families, richness is lower in IBD than in relative: −23 genera "
        "(95 % interval −41 to −5; p = 0.013; 21 families, 90 samples)."
    ]


def test_the_line_is_drawn_by_q_where_there_is_one() -> None:
    (line,) = told(RICHNESS | {"q": 0.06})
    assert line.startswith("Within families, no difference in richness was found between IBD and relative")
    assert "q = 0.06" in line


def test_no_p_is_said_with_its_reason() -> None:
    row = {k: v for k, v in RICHNESS.items() if k not in ("p", "effect", "low", "high")}
    other = RICHNESS | {"measure": "shannon", "unit": "nats"}
    lines = told(row | {"status": "too_few", "note": "2 and 1 samples"}, other)
    assert lines[0].startswith("Within families, richness could not be compared: too few samples")
    assert "(2 and 1 samples)" in lines[0]


def feature(name: str, p: float | None, q: float | None, effect: float = 1.0, **more: object) -> dict[str, object]:
    row = {"feature": name, "model": "abundance", "term": "within", "unit": "log2 fold change", "test": "t"}
    if p is None:
        return row | {"status": "below_prevalence"} | more
    return row | {"effect": effect, "low": effect - 0.5, "high": effect + 0.5, "p": p, "q": q, "status": "ok"} | more


def test_features_are_counted_and_the_strongest_named() -> None:
    rows = [
        feature("a", 0.2, 0.3),
        feature("b", 0.0001, 0.0004, -2.0, label="Beta"),
        feature("c", 0.01, 0.02),
        feature("d", None, None),
    ]
    (line,) = told(*rows)
    assert line == (
        "Within families, 2 of 3 tested taxa differ in abundance where present at q < 0.05 (4 in the table): 1 higher "
        "in IBD and 1 lower in IBD. Strongest is Beta: log2 fold change −2.0 (95 % interval −2.5 to −1.5; p = 0.0001, "
        "q = 0.0004)."
    )


def test_nothing_found_is_said_plainly() -> None:
    (line,) = told(feature("a", 0.2, 0.3), feature("d", None, None))
    assert line.startswith(
        "Within families, no taxa differ in abundance where present at q < 0.05 (2 in the table, 1 tested)"
    )


def test_a_spread_that_differs_is_said_beside_the_composition() -> None:
    both = {"feature": "(all)", "measure": "aitchison", "term": "within", "test": "F", "status": "ok"}
    lines = told(
        both | {"model": "permanova", "effect": 0.031, "unit": "share", "p": 0.001},
        both | {"model": "permdisp", "effect": 1.0, "unit": "distance", "p": 0.002},
    )
    assert lines[0] == (
        "Within families, composition is associated with disease (IBD against relative): Aitchison 3.1 % of the "
        "variation (p = 0.001)."
    )
    assert "differ in spread" in lines[1]


def test_without_a_block_no_block_is_spoken_of() -> None:
    (line,) = told(RICHNESS | {"term": "overall", "n_blocks": None, "model": "linear model"}, block=())
    assert line.startswith("Richness is lower in IBD")
    assert "famil" not in line
    assert "block" not in line


def test_headlines_are_three_or_more_and_never_say_cause(view: PageView) -> None:
    lines = headlines(view.estimates, view.study)
    assert len(lines) >= 3
    assert all(any(character.isdigit() for character in line) for line in lines)
    everything = " ".join(lines + [x for g in groups(view.study, view.estimates) for _, ls in sentences(g) for x in ls])
    assert "cause" not in everything
    assert "associated" in everything
    assert "9 taxa of genera differ at q < 0.05 (60 in the table, 36 tested)" in everything


def test_headlines_of_nothing_say_so() -> None:
    assert len(headlines(estimates(), study())) == 3
    one = headlines(estimates([BASE | {"feature": "(all)", "status": "too_few"}]), study())
    assert one == [
        "genera: Nothing could be estimated here: too few samples on one side, or too few degrees of freedom."
    ]


def test_effects_whose_p_is_withheld_are_told_as_such() -> None:
    row = BASE | {
        "feature": "Otu1",
        "model": "abundance",
        "effect": 2.0,
        "status": "one_cage",
        "note": "1 donor per side",
    }
    (line,) = headlines(estimates([row]), study())
    assert line.startswith("genera: Nothing can be tested here: one unit (cage, isolator, donor) in an arm")
    assert "without p" in line


def test_tiles_only_hold_what_is_in_the_rows(view: PageView) -> None:
    first = next(groups(view.study, view.estimates))
    shown = {name: value for value, name in tiles(first)}
    assert shown["samples"] == str(view.estimates["n"].max())
    assert shown["taxa at q < 0.05"] == "9 of 36"


def test_methods_cite_only_what_was_used(view: PageView) -> None:
    paragraphs, references = methods(view)
    text = " ".join(paragraphs)
    assert "PERMANOVA (Anderson 2001)" in text
    assert "random intercept" in text
    assert "1.2e+14 distinct arrangements" in text
    assert any("10.1111/j.2517-6161.1995.tb02031.x" in reference for reference in references)
    only = view.estimates[view.estimates["model"] == "linear mixed model"]
    _, fewer = methods(PageView(view.study, only[only["measure"] == "richness"], view.points))
    assert not any("PERMANOVA" in r or "Faith" in r or "UniFrac" in r or "dispersions" in r for r in fewer)


def test_what_was_left_out_is_counted(view: PageView) -> None:
    assert [len(group.names) for group in dropped_groups(view.dropped)] == [3, 1]
    assert [group.names for group in mismatches(view.matches)] == [("S998",), ("X1", "<script>alert(1)</script>")]
    assert sum(n for _, n, _ in status_counts(view.estimates)) == len(view.estimates)


@pytest.mark.parametrize(
    ("value", "written"),
    [(0.0, "0"), (1234567.0, "1,234,567"), (-0.00012, "−0.00012"), (pd.NA, "–"), (2e9, "2.00 × 10⁹")],
)
def test_numbers(value: object, written: str) -> None:
    assert number(value) == written


def test_small_words() -> None:
    assert chance(0.05) == "p = 0.05"
    assert plural("box") == "boxes"
    row = pd.Series({"effect": 0.12, "unit": "share", "low": 0.02, "high": 0.22, "level": 0.9})
    assert estimate(row) == "+12 percentage points (90 % interval 2 to 22)"


def test_json_cannot_end_its_script(hostile: str) -> None:
    text = script_json({"a": hostile + "\u2028<!--"})
    assert "<" not in text
    assert "\u2028" not in text


def test_payload_keeps_every_row_and_column(view: PageView) -> None:
    packed = estimates_payload(view.estimates)
    columns = packed["columns"]
    assert isinstance(columns, list)
    assert [column["name"] for column in columns] == list(view.estimates.columns)
    p = next(column for column in columns if column["name"] == "p")
    assert [value is None for value in p["values"]] == view.estimates["p"].isna().tolist()


def test_empty_points_and_estimates_are_typed() -> None:
    view = PageView(study(), estimates(), points())
    assert list(groups(view.study, view.estimates)) == []
