"""Claims in words: what a strength counts, what speaks against a claim beside its lines, how many of what."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.evidence.test_claims import CORROBORATING, family, links, row

from commensal.evidence import join
from commensal.page import PageView
from commensal.page.arms import arm_sentences
from commensal.page.claim_against import against, limits
from commensal.page.claim_rows import Behind, sizes
from commensal.page.claim_words import simulated, strength, summary
from commensal.page.view import groups
from commensal.study import Contrast, Question, Study
from commensal.tables import CLAIM, Finding, estimates, points


def view_of(*more: dict[str, object], title: str = "", findings: tuple[Finding, ...] = ()) -> PageView:
    rows = estimates([*links(9, 8, 7), *CORROBORATING.values(), *more])
    study = Study(Path("study.toml"), "argued", title=title)
    return PageView(study, rows, points(), claims=join(rows, family(), findings=findings))


def told_against(view: PageView, rank: int = 1) -> str:
    own = view.claims[(view.claims["rank"] == rank) & (view.claims["line"] != CLAIM)].to_dict("records")
    lead, items = against(own, "rotarod", Behind.of(view))
    return " ".join([lead, *items])


def mediation(effect: float, **other: object) -> dict[str, object]:
    place = {"measure": "rotarod", "assay": "serum", "feature": "s1", "term": "Akk", "specimen": "serum", **other}
    return row("mediators", "mediation", effect, **place)


def test_a_mediation_that_was_not_found_is_told_as_no_proof_of_absence():
    told = told_against(view_of(mediation(-0.5)))
    assert told.startswith("No line contradicts it")
    assert "was not found to pass through NAM (serum: indirect effect −0.5 SD" in told
    assert "Not found is not shown to be absent" in told
    assert "the estimate leans against the claim" in told
    assert "leans against" not in told_against(view_of(mediation(0.5)))
    assert "neither adds to the claim nor lowers it" in told


def test_a_mediation_the_other_way_is_a_contradiction_in_words():
    told = told_against(view_of(mediation(-6.0)))
    assert told.startswith("No line contradicts it, but mediation, measured beside the lines, contradicts it")
    assert "▼ The mediation test contradicts it" in told


def test_a_mediation_of_another_outcome_is_said_not_to_be_tested_of_this_one():
    assert "Mediation of rotarod was not tested (it was of score)" in told_against(
        view_of(mediation(1, measure="score"))
    )
    assert "ediation" not in told_against(view_of())


def test_a_strain_that_controls_have_is_told():
    note = "given in this arm; found in 8 of 8 animals, 7 of 8 vehicle; mean 2 against 1"
    has = row("screen", "engraftment", 4.0, assay="stool", feature="A1", term="Akk", measure="abundance", note=note)
    assert "not given it too (7 of 8 vehicle; 8 of 8 that were)" in told_against(view_of(has))
    none = {**has, "note": note.replace("7 of 8", "0 of 8")}
    assert "not given it" not in told_against(view_of(none))


def test_a_small_p_beside_an_interval_of_both_signs_is_explained():
    odd = {**CORROBORATING["host reversal"], "effect": -0.1, "low": -0.3, "high": 0.1, "p": 0.002}
    rows = estimates([*links(9, 8, 7), odd])
    view = PageView(Study(Path("study.toml"), "argued"), rows, points(), claims=join(rows, family()))
    told = told_against(view)
    assert "host reversal cannot tell" in told
    assert "Host reversal is called inconclusive by its interval" in told
    assert "one-sided p = 0.001 is small" in told


def test_findings_of_the_design_are_named_with_the_lines_that_they_concern():
    finding = Finding("missing_baseline", "note", "", "", "", contrast="mediators", assay="serum")
    told = told_against(view_of(findings=(finding,)))
    assert (
        "No sample before treatment: sides that differed beforehand would look like an effect (strain → molecule"
        in told
    )
    assert limits([{"note": "one: two; only 2 cages", "line": "a"}], brief=True) == ["one (a)", "only 2 cages (a)"]


@pytest.mark.parametrize(
    ("verdict", "words"),
    [
        ("selected", "at least 1 of 10 hold together after the correction for choosing among 32 claims"),
        ("not selected", "and yet its strength is 0 of 10: strength is counted only past the gate"),
        ("open", "because a link was not measured"),
    ],
)
def test_the_strength_is_told_beside_the_number_of_marks(verdict: str, words: str):
    lines = [{"kind": "corroborating", "line": str(i), "verdict": "supports"} for i in range(8)]
    claim = {"verdict": verdict, "strength": 1, "n": 10, "p": 0.006, "q": 0.8}
    told = strength(claim, [*lines, {**lines[0], "kind": "part"}], Behind(size=32))
    assert "8 of its 10 lines point its way (▲)" in told
    assert words in told


def test_a_simulated_study_says_so_first():
    assert simulated(Study(Path("s.toml"), "als", title="Mice (simulated)"))
    assert not simulated(Study(Path("s.toml"), "als", title="Mice"))
    told = summary(view := view_of(title="Mice, simulated"), Behind.of(view))
    assert told[0].text.startswith("This study is simulated")
    assert [one.link for one in told if one.name == "Claim 1"] == ["#claim-1"]
    effects = next(one.items for one in told if one.name == "Claim 1")
    assert effects[0].startswith("strain → outcome (rotarod): +9.0 SD (95 % interval")


def test_sizes_are_told_in_units():
    study = Study(
        Path("s.toml"), "s", contrasts={"ill": Contrast("ill", "disease", ("ALS",), ("relative",))},
        questions={"people": Question("people", "cohort", "ill", block=("household",))},
    )  # fmt: skip
    own = {"question": "people", "kind": "cohort", "contrast": "ill", "model": "prevalence", "n": 61, "n_case": 26}
    people = estimates([{**own, "n_control": 35, "n_blocks": 24}, {**own, "model": "severity", "n_control": 0}])
    assert sizes(people.iloc[0], study) == "61 people (26 ALS, 35 relative) in 24 households"
    assert sizes(people.iloc[1], study) == "61 patients"
    found = people.assign(model="abundance")  # a model of amounts where there are any: fewer than in other lines
    assert sizes(found.iloc[0], study) == "61 people who have it (26 ALS, 35 relative) in 24 households"
    mice = estimates([{"kind": "mediators", "n": 31, "n_case": 16, "n_control": 15, "n_blocks": 40}])
    assert sizes(mice.iloc[0], study) == "16 against 15 animals (40 blocks of all arms in one model)"


def verdicts(*rows: dict[str, object]) -> str:
    shared = {"question": "screen", "kind": "screen", "contrast": "arms", "unit": "day", "low": 1.0, "high": 9.0}
    study = Study(Path("s.toml"), "s", contrasts={"arms": Contrast("arms", "arm", ("A",), ("vehicle",))},
                  questions={"screen": Question("screen", "screen", "arms")})  # fmt: skip
    frame = estimates([{**shared, "model": "verdict", "term": "A", "label": "A", "effect": 5.0, "status": "ok", **one}
                       for one in rows])  # fmt: skip
    return " ".join(line for group in groups(study, frame) for line in arm_sentences(group))


def test_an_event_is_told_by_what_happens_to_it():
    told = verdicts({"measure": "death", "note": "helps: margin 7"}, {"measure": "grip", "note": "helps: margin 1"})
    assert "death: helps: lengthens survival, +5.0 day" in told
    assert "grip: helps (higher than vehicle)" in told


def test_few_cages_of_a_rare_feature_are_not_said_of_the_arms():
    rare = {"model": "abundance", "assay": "taxa", "feature": "t1", "measure": None, "p": 0.2,
            "note": "only 2 cages in A: the cage is the unit"}  # fmt: skip
    told = verdicts(rare)
    assert "In some features, which few animals have: only 2 cages in A" in told
