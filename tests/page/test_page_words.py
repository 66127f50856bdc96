"""Sentences: what they say, and that they never say more than the rows."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from commensal.page import headlines, write
from commensal.page.asked import asked
from commensal.page.figures import volcano
from commensal.page.found import sentences, tiles
from commensal.page.methods import methods
from commensal.page.omitted import dropped_groups, mismatches, status_counts
from commensal.page.payload import estimates_payload, script_json
from commensal.page.view import Group, PageView, groups
from commensal.page.words import chance, estimate, interval, number, plural
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


JOINT = {"model": "joint", "effect": None, "low": None, "high": None, "unit": None, "test": "Cauchy combination"}


def test_a_hit_is_what_the_joint_test_says_and_its_strongest_part_tells_how() -> None:
    """Feature a has a small q in its part only, b in its joint test only: b is the hit, everywhere."""
    rows = [
        feature("a", 0.01, 0.04),
        feature("b", 0.03, 0.07, -2.0, label="Beta"),
        feature("a", 0.04, 0.06) | JOINT,
        feature("b", 0.001, 0.002, label="Beta") | JOINT,
    ]
    joint, part = told(*rows)
    assert joint == (
        "Within families, 1 of 2 tested taxa differs at q < 0.05 (2 in the table), abundance and presence taken "
        "together. Strongest is Beta (p = 0.001, q = 0.002). Each part has a q of its own."
    )
    assert part.startswith("Within families, 1 of 2 tested")
    (group,) = groups(study(), estimates([BASE | row for row in rows]))
    assert ("1 of 2", "taxa at q < 0.05") in tiles(group)
    line = next(line for line in headlines(estimates([BASE | row for row in rows]), study()) if "taxon" in line)
    assert "1 taxon of genera differs" in line
    assert "strongest is Beta (joint p = 0.001, q = 0.002), abundance where present: log2 fold change −2.0" in line


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


# --- sentences claim no more than their rows ---

FRAME = {
    "feature": "(all)",
    "model": "reference frame",
    "term": "within",
    "effect": -0.31,
    "se": 0.062,
    "unit": "log2 fold change",
    "note": "median coefficient of 40 taxa, taken off every taxon; 12 of them differ",
    "status": "ok",
}
FRAME_WORDS = "measured from the median taxon, which is taken not to change"


def a_group(*rows: dict[str, object], block: tuple[str, ...] = ("family",)) -> Group:
    (group,) = groups(study(block=block), estimates([BASE | row for row in rows]))
    return group


def a_view(*rows: dict[str, object], covariates: tuple[str, ...] = (), value: str = "counts") -> PageView:
    declared = replace(
        study(),
        assays={"genera": Assay("genera", "taxa", value=value)},
        questions={"q": Question("q", "cohort", "c", block=("family",), covariates=covariates)},
    )
    return PageView(declared, estimates([BASE | row for row in rows]), points())


def asked_words(view: PageView) -> str:
    (one,) = asked(view, list(groups(view.study, view.estimates)))
    return " ".join(one.sentences)


def method_words(view: PageView) -> str:
    return " ".join(methods(view)[0])


def test_relative_abundance_says_once_what_it_is_measured_from() -> None:
    between = [FRAME | {"term": "between"}, feature("a", 0.5, 0.5, term="between")]
    lines = told(FRAME, feature("a", 0.2, 0.3), feature("a", 0.2, 0.3, model="prevalence", unit="share"), *between)
    (framed,) = [line for line in lines if "median taxon" in line]
    assert framed.startswith(
        f"Within families, no taxa differ in abundance where present at q < 0.05 (1 in the table, 1 tested), "
        f"{FRAME_WORDS}."
    )
    (found,) = told(FRAME, feature("a", 0.001, 0.002))
    assert f"1 higher in IBD, {FRAME_WORDS}. Strongest is a" in found
    heads = headlines(estimates([BASE | FRAME, BASE | feature("a", 0.001, 0.002)]), study())
    assert f"abundance {FRAME_WORDS}; strongest is a" in " ".join(heads)


def test_absolute_abundance_is_measured_from_nothing() -> None:
    lines = [*told(feature("a", 0.2, 0.3)), *headlines(estimates([BASE | feature("a", 0.2, 0.3)]), study())]
    assert not any("median" in line for line in lines)
    assert "median" not in method_words(a_view(feature("a", 0.2, 0.3), value="absolute"))


def test_methods_say_where_the_reference_frame_fails_and_the_way_out() -> None:
    text = method_words(a_view(FRAME, feature("a", 0.2, 0.3)))
    assert "the median taxon is taken not to change" in text
    assert "need not have risen" in text
    assert "fails where most of a community changes" in text
    assert "absolute data (by qPCR, cell counts or a spike-in; value = absolute" in text


@pytest.mark.parametrize("note", [FRAME["note"], f"{FRAME['note']}, taken not to change"])
def test_the_volcano_shows_the_frame_with_its_error_and_note(note: str) -> None:
    rows = [FRAME | {"note": note}, feature("a", 0.2, 0.3), feature("a", 0.2, 0.3, model="prevalence", unit="share")]
    abundance, presence = volcano(a_group(*rows))
    caption = " ".join(abundance.caption)
    assert f"Abundances are measured from log2 fold change −0.31 (standard error 0.062): {note}" in caption
    assert caption.count("taken not to change") == 1
    assert "measured from" not in " ".join(presence.caption)


def test_a_question_is_worded_by_the_terms_of_its_estimates() -> None:
    between = RICHNESS | {"term": "between"}
    both = asked_words(a_view(RICHNESS, between, covariates=("age", "sex")))
    assert "compared with each other first (within families)" in both
    assert "between families stands apart" in both
    assert "0 to 1: from families of relative only to families of IBD only" in both
    assert both.endswith("Adjusted for age and sex.")

    whole = asked_words(a_view(between))
    assert "The label (disease) never varies within families: whole families are compared" in whole
    assert "samples of the same family share a random effect" in whole
    assert "first" not in whole

    free = asked_words(a_view(RICHNESS | {"term": "overall", "n_blocks": None}))
    assert "There is no block: samples are taken as independent" in free
    assert "famil" not in free


def test_assays_with_other_terms_are_worded_apart() -> None:
    view = a_view(RICHNESS, RICHNESS | {"assay": "molecules", "term": "between"})
    text = asked_words(view)
    assert "In genera, samples of the same family are compared with each other first" in text
    assert "In molecules, the label (disease) never varies within families" in text


def test_nothing_tested_is_not_called_no_difference() -> None:
    rows = [feature("a", None, None), feature("b", None, None), feature("c", None, None, status="too_few")]
    low, few = "present in too few samples to be tested", "too few samples on one side"
    (line,) = told(*rows, RICHNESS)[1:]
    assert line == (
        f"Within families, no taxa could be tested for abundance where present (3 in the table: most often {low})."
    )
    frame = estimates([BASE | row for row in [RICHNESS, *rows]])
    heads = " ".join(headlines(frame, study()))
    assert f"no taxa of genera could be tested (3 in the table: most often {low})" in heads
    assert few not in heads
    assert "differ at q" not in heads
    assert {name: value for value, name in tiles(a_group(RICHNESS, *rows))}["taxa could be tested"] == "0 of 3"
    assert f"(1 in the table: {low})" in told(rows[0], RICHNESS)[1]


def test_no_association_is_one_that_was_not_found() -> None:
    row = {"feature": "(all)", "measure": "aitchison", "model": "permanova", "term": "within", "status": "ok"}
    row |= {"effect": 0.01, "unit": "share", "p": 0.4, "test": "pseudo-F, permutation", "statistic": 1.0}
    (line,) = told(row)
    words = "with disease (IBD against relative) was found: "
    assert line.startswith(f"Within families, no association of composition {words}Aitchison 1 % of the variation")
    head = headlines(estimates([BASE | row]), study())[0]
    assert head.startswith(f"Within families, no association of the composition of genera {words}1 % of the variation")


@pytest.mark.parametrize(
    ("kind", "one", "several"),
    [
        ("taxa", "1 taxon", "2 taxa"),
        ("metabolites", "1 molecule", "2 molecules"),
        ("genes", "1 gene", "2 genes"),
        ("pathways", "1 pathway", "2 pathways"),
        ("transcripts", "1 gene", "2 genes"),
        ("other", "1 feature", "2 features"),
    ],
)
def test_one_feature_is_singular(kind: str, one: str, several: str) -> None:
    declared = replace(study(), assays={"genera": Assay("genera", kind)})  # type: ignore[arg-type]
    rows = [BASE | feature(name, 0.001, 0.002) for name in "ab"]
    assert f"{one} of genera differs at q" in headlines(estimates(rows[:1]), declared)[1]
    assert f"{several} of genera differ at q" in headlines(estimates(rows), declared)[1]


def test_headlines_take_the_first_distance_and_index_not_the_smallest_p() -> None:
    whole = {"feature": "(all)", "term": "within", "status": "ok", "statistic": 1.0}
    distance = whole | {"model": "permanova", "effect": 0.02, "unit": "share", "test": "pseudo-F, permutation"}
    index = RICHNESS | {"measure": "shannon", "unit": "nats", "p": 0.0002}
    rows = [
        index,
        RICHNESS | {"p": 0.6, "q": 0.6},
        distance | {"measure": "bray_curtis", "p": 0.7},
        distance | {"measure": "aitchison", "p": 0.001},
        distance | {"measure": "euclidean", "p": 0.0001, "assay": "molecules"},
    ]
    lines = headlines(estimates([BASE | row for row in rows]), study())
    assert "Bray–Curtis" in lines[0]
    assert "p = 0.7" in lines[0]
    assert "no difference in richness" in lines[-1]
    assert "Aitchison" not in " ".join(lines)
    assert "Shannon" not in " ".join(lines)
    # the tile too; and without richness, the first index that could be compared
    assert "Bray–Curtis; p = 0.7" in tiles(a_group(*rows[:4]))[-1][1]
    assert "Shannon" in headlines(estimates([BASE | index]), study())[-1]


def test_between_blocks_the_effect_is_per_share_of_cases() -> None:
    away = {"model": "prevalence", "unit": "share", "term": "between"}
    lines = told(RICHNESS, feature("a", 0.2, 0.3, -1.1, **away))
    share = "per share of IBD in the family, 0 to 1: from families of relative only to families of IBD only"
    (line,) = [line for line in lines if share in line]
    assert line.startswith("Differences here are ")
    assert "may lie outside what a value can be" in line
    assert lines.index(line) == 1  # before every other sentence of the term
    (figure,) = volcano(a_group(RICHNESS, feature("a", 0.2, 0.3, -1.1, **away)))
    assert f"An effect between families is {share}." in figure.caption
    text = method_words(a_view(RICHNESS, feature("a", 0.2, 0.3, -1.1, **away)))
    assert "effects per share of cases in a block, 0 to 1" in text
    assert "may lie outside what a value can be" in text

    only = told(feature("a", 0.2, 0.3, -0.1, **away))
    assert "share of IBD" not in " ".join(only)
    assert "per share" not in method_words(a_view(feature("a", 0.2, 0.3, -0.1, **away)))


def test_methods_name_covariates_as_declared() -> None:
    assert "Covariates, as declared, of question q: age and sex." in method_words(
        a_view(RICHNESS, covariates=("age", "sex"))
    )
    assert "of question q: none." in method_words(a_view(RICHNESS))


def test_methods_say_depth_for_counts_only() -> None:
    row = feature("a", 0.2, 0.3, model="prevalence", unit="share")
    words = "Log2 of the number of reads is a covariate of presence in genera."
    assert words in method_words(a_view(row))
    assert words not in method_words(a_view(row, value="relative"))
    assert words not in method_words(a_view(feature("a", 0.2, 0.3)))


@pytest.mark.parametrize("test", ["t, Satterthwaite, and permutation", "t and permutation"])
def test_methods_say_when_presence_is_permuted_too(test: str) -> None:
    row = feature("a", 0.2, 0.3, model="prevalence", unit="share") | {"test": test}
    text = method_words(a_view(row))
    assert "its p is the larger of two: that of the linear model, and that of permuted labels, restricted" in text
    assert "with t tests" in text
    assert "larger of two" not in method_words(a_view(row | {"test": "t, Satterthwaite"}))


def test_methods_say_what_whole_community_tests_compare() -> None:
    row = {"feature": "(all)", "measure": "aitchison", "model": "permanova", "term": "between", "status": "ok"}
    row |= {"effect": 0.01, "unit": "share", "p": 0.4, "test": "pseudo-F, permutation"}
    spread = row | {"model": "permdisp", "unit": "distance", "test": "F, permutation"}
    both = method_words(a_view(row, spread))
    assert "Between blocks, PERMANOVA and PERMDISP compare the centroids of blocks, one row per block." in both
    assert "It ignores covariates, and takes the centroids of the sides anew under each arrangement" in both
    within = method_words(a_view(row | {"term": "within"}))
    assert "centroids" not in within
    assert "ignores covariates" not in within


def test_methods_say_how_the_split_model_treats_covariates_and_counts_blocks() -> None:
    text = method_words(a_view(RICHNESS, covariates=("age",)))
    assert "covariates are split into the same two parts" in text
    assert "Rows within blocks count as blocks those that have both sides" in text
    assert "same two parts" not in method_words(a_view(RICHNESS | {"term": "between"}, covariates=("age",)))


def test_a_group_has_the_blocks_of_all_its_samples() -> None:
    # rows within blocks count the blocks with both sides, rows between all of them
    group = a_group(RICHNESS | {"n_blocks": 12}, RICHNESS | {"term": "between", "n_blocks": 21})
    assert {name: value for value, name in tiles(group)}["families"] == "21"


def test_a_design_error_is_told_before_what_was_found(view: PageView, tmp_path: Path) -> None:
    only = view.estimates[view.estimates["assay"] == "serum"]
    for findings, there in ((view.findings, True), (view.findings[1:], False)):
        text = write(PageView(view.study, only, points(), findings), tmp_path).read_text(encoding="utf-8")
        assert ("The design has 1 error to read before any number here" in text) is there


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (-1.0, -0.004, "−1.00 to −0.004"),
        (0.0004, 0.9, "0.0004 to 0.90"),
        (2e-7, 3.0, "2 × 10⁻⁷ to 3.0"),
        (-1.0, 0.004, "−1.0 to 0.0"),  # holds 0, and seems to
        (-1.0, 0.0, "−1.0 to 0.0"),
        (-0.4, 120.0, "0 to 120"),
    ],
)
def test_an_interval_that_leaves_out_nothing_is_never_seen_to_hold_it(low: float, high: float, words: str) -> None:
    assert interval(low, high) == words


def test_a_just_significant_estimate_shows_its_sign() -> None:
    row = {"effect": -0.502, "unit": "nats", "low": -1.0, "high": -0.004, "level": 0.95}
    assert "95 % interval −1.00 to −0.004" in estimate(pd.Series(row))
