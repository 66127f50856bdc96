"""Claims from Estimates: directions, the gate, lines of the same animals, contradictions, limits; by hand."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from scipy.stats import t as student

from commensal.evidence import Family, Molecule, Outcome, Strain, join
from commensal.tables import Finding, estimates

LINES = ("depletion", "necessity", "difference", "host reversal", "human genes", "human level", "human severity")
DF = 12.0


def family(**more: object) -> Family:
    return Family(
        strains=(Strain("Akk", frozenset({("stool", "A1")})), Strain("Rum")),
        molecules=(Molecule("NAM", frozenset({("serum", "s1"), ("csf", "c1")}), frozenset({"nad"})), Molecule("other")),
        outcomes=(Outcome("rotarod", 1), Outcome("score", -1)),
        given={"infused": "NAM"},
        cases={"infusion": ("infused",)},
        removed=frozenset({"abx"}),
        severities={"alsfrs": 1},
        **{"lines": LINES, **more},  # type: ignore[arg-type]
    )


def row(kind: str, model: str, statistic: float, **more: object) -> dict[str, object]:
    """A row whose effect is its statistic, with the interval and two-sided p of a t test at 12 df."""
    half = student.ppf(0.975, DF)
    return {
        "question": kind, "kind": kind, "model": model, "effect": statistic, "statistic": statistic, "df": DF,
        "test": "t, cage as unit", "p": 2 * student.sf(abs(statistic), DF), "low": statistic - half,
        "high": statistic + half, "level": 0.95, "status": "ok", "unit": "SD", "n": 16, "contrast": kind, **more,
    }  # fmt: skip


def links(strain: float = 5.0, molecule: float = 5.0, given: float = 5.0) -> list[dict[str, object]]:
    return [
        row("screen", "verdict", strain, measure="rotarod", term="Akk", label="Akk"),
        row("mediators", "abundance", molecule, assay="serum", feature="s1", term="Akk", specimen="serum"),
        row("rescue", "verdict", given, measure="rotarod", term="infused", label="infused"),
    ]


def told(found: pd.DataFrame, direction: str = "helps", through: str = "raises", line: str = "claim") -> pd.Series:
    wanted = {"strain": "Akk", "molecule": "NAM", "outcome": "rotarod", "direction": direction, "through": through}
    for column, value in {**wanted, "line": line}.items():
        found = found[found[column] == value]
    found = found[~found["kind"].isin(("part", "beside"))]
    assert len(found) == 1
    return found.iloc[0]


def test_every_combination_is_a_claim_and_the_gate_is_the_largest_of_three():
    own = family()
    found = join(estimates(links(7, 6, 5)), own)
    claims = found[found["line"] == "claim"]
    assert len(claims) == own.size == 2 * 2 * 2 * 2 * 2
    best = told(found)
    assert (best["rank"], best["verdict"]) == (1, "selected")
    assert best["p"] == pytest.approx(student.sf(5, DF))
    others = claims[(claims["strain"] == "Rum") | (claims["molecule"] == "other") | (claims["outcome"] == "score")]
    assert set(others["verdict"]) == {"open"}
    assert others["p"].isna().all()


@pytest.mark.parametrize("signs", list(itertools.product((1, -1), repeat=3)))
def test_the_direction_follows_the_signs_of_the_links(signs):
    """strain better or worse, molecule up or down, molecule given better or worse: one of four claims, or none."""
    found = join(estimates(links(*(6.0 * sign for sign in signs))), family())
    strain, molecule, given = signs
    selected = found[(found["line"] == "claim") & (found["verdict"] == "selected")]
    if strain == molecule * given:
        wanted = ("helps" if strain > 0 else "harms", "raises" if molecule > 0 else "lowers")
        assert [tuple(one) for one in selected[["direction", "through"]].values] == [wanted]
    else:  # what the molecule does speaks against what the strain does
        assert selected.empty


def test_a_smaller_score_is_better():
    rows = [
        row("screen", "verdict", -6.0, measure="score", term="Akk", label="Akk"),
        row("mediators", "abundance", 6.0, assay="serum", feature="s1", term="Akk"),
        row("rescue", "verdict", -6.0, measure="score", term="infused", label="infused"),
    ]
    found = join(estimates(rows), family())
    selected = found[(found["line"] == "claim") & (found["verdict"] == "selected")]
    assert selected[["outcome", "direction", "through"]].values.tolist() == [["score", "helps", "raises"]]


def test_specimens_of_one_link_count_once_with_the_larger_p():
    second = row("mediators", "abundance", 2.0, assay="csf", feature="c1", term="Akk", specimen="csf")
    found = join(estimates([*links(), second]), family())
    line = told(found, line="strain → molecule")
    assert line["p"] == pytest.approx(student.sf(2, DF))
    assert line["specimen"] == "csf"
    assert "largest p of 2" in line["note"]
    assert told(found)["p"] == pytest.approx(student.sf(2, DF))


def test_an_unmeasured_link_leaves_the_claim_open_and_says_which():
    found = join(estimates(links()[:2]), family())
    claim = told(found)
    assert claim["verdict"] == "open"
    assert claim["note"].startswith("open: without p molecule → outcome")
    assert told(found, line="molecule → outcome")["verdict"] == "not measured"


CORROBORATING = {
    "depletion": row("mediators", "abundance", -4.0, contrast="abx", assay="serum", feature="s1", term="abx"),
    "difference": row("cohort", "abundance", -4.0, assay="stool", feature="A1", term="within"),
    "host reversal": row("host", "reversal", -4.0, contrast="infusion", test="alignment", df=None, p=0.001),
    "human genes": row("cohort", "set, self-contained", -4.0, feature="nad", term="within"),
    "human level": row("cohort", "abundance", -4.0, assay="csf", feature="c1", term="overall"),
    "human severity": row("cohort", "severity", 4.0, assay="serum", feature="s1", measure="alsfrs", term="overall"),
    "necessity": row("mediators", "necessity", -4.0, assay="serum", feature="s1", term="ΔAkk against Akk"),
}


@pytest.mark.parametrize("name", CORROBORATING)
def test_a_line_supports_the_claim_that_it_fits_and_contradicts_its_opposite(name):
    one = CORROBORATING[name]
    found = join(estimates([*links(), one]), family())
    line = told(found, line=name)
    assert line["verdict"] == "supports"
    assert line["estimate"] == 3
    assert line["p"] < 0.01
    opposite = {"through": "lowers"} if name in ("depletion", "necessity") else {"direction": "harms"}
    against = told(found, line=name, **opposite)
    assert against["verdict"] == "contradicts"
    assert against["p"] > 0.99
    turned = {**one, "effect": -one["effect"], "statistic": -one["statistic"], "low": -one["high"], "high": -one["low"]}  # type: ignore[operator]
    assert told(join(estimates([*links(), turned]), family()), line=name)["verdict"] == "contradicts"


def test_corroborating_lines_never_open_the_gate():
    rows = list(CORROBORATING.values())
    found = join(estimates(rows), family())
    assert set(found.loc[found["line"] == "claim", "verdict"]) == {"open"}
    assert (found.loc[found["line"] == "claim", "strength"] == 0).all()


def test_strength_is_how_many_lines_hold_by_partial_conjunction():
    """Ten lines on the list; p of the five that were measured by hand: max over j of (n − j + 1) p(j) ≤ R q / m."""
    own = family()
    rows = [*links(9, 9, 9), CORROBORATING["human level"], CORROBORATING["difference"]]
    found = join(estimates(rows), own)
    claim = told(found)
    p = sorted([student.sf(9, DF)] * 3 + [student.sf(4, DF)] * 2) + [1.0] * 5
    n, threshold = 10, 0.05 * 1 / own.size
    steps = np.maximum.accumulate([(n - j) * p[j] for j in range(n)])
    assert claim["n"] == n
    assert claim["strength"] == int((steps <= threshold).sum()) > 0


def test_a_design_that_speaks_of_two_donors_counts_for_nothing_and_says_so():
    finding = Finding("single_donor", "warning", "contrast screen", "", "", contrast="screen")
    found = join(estimates(links()), family(), findings=[finding])
    line = told(found, line="strain → outcome")
    assert (line["verdict"], np.isnan(line["p"])) == ("inconclusive", True)
    assert "two, not of the disease" in line["note"]
    assert told(found)["verdict"] == "open"


def test_a_row_without_p_is_inconclusive_and_says_why():
    rows = links()
    rows[0] |= {"p": None, "low": None, "high": None, "statistic": None, "df": None, "status": "one_cage"}
    found = join(estimates(rows), family())
    line = told(found, line="strain → outcome")
    assert line["verdict"] == "inconclusive"
    assert "one_cage" in line["note"]


def test_the_questions_that_chose_the_strains_do_not_count():
    one = row("course", "abundance", -4.0, assay="stool", feature="A1", term="before")
    listed = {"lines": ("precedence",)}
    assert told(join(estimates([*links(), one]), family(**listed)), line="precedence")["verdict"] == "supports"
    own = family(**listed, chose=frozenset({"course"}))
    assert told(join(estimates([*links(), one]), own), line="precedence")["verdict"] == "not measured"


def test_the_level_of_by_whose_animals_are_ill_speaks():
    rows = links()
    rows[0] |= {"term": "SOD1: Akk"}
    healthy = {**rows[0], **row("screen", "verdict", -5.0, measure="rotarod", label="Akk"), "term": "WT: Akk"}
    found = join(estimates([*rows, healthy]), family(sick={"screen": "SOD1"}))
    assert told(found)["verdict"] == "selected"


def test_without_anything_to_claim_there_is_nothing():
    assert join(estimates(), Family((), (), ())).empty


def test_the_order_of_rows_does_not_matter():
    rows = [*links(), *CORROBORATING.values()]
    first = join(estimates(rows), family())
    back = join(estimates(rows[::-1]), family())
    same = ["claim", "line", "verdict", "p", "strength"]
    pd.testing.assert_frame_equal(first[same], back[same])


def test_false_claims_are_rare_when_one_link_is_false():
    """100 studies of 2 strains × 2 molecules × 2 outcomes × 4; the strain never changes the outcome."""
    rng = np.random.default_rng(1)
    false = 0
    for _ in range(100):
        noise = float(rng.standard_t(DF))
        found = join(estimates(links(noise, 8.0, 8.0)), family(lines=()))
        false += int((found.loc[found["line"] == "claim", "verdict"] == "selected").any())
    assert false <= 5


def more(found: pd.DataFrame, kind: str, line: str) -> pd.DataFrame:
    best = found[(found["rank"] == 1) & (found["kind"] == kind)]
    return best[best["line"] == line]


def test_every_row_of_a_line_stands_beside_the_one_that_counts():
    """A mutant's molecule decides; that the benefit is gone too is a row of the same line."""
    mutant = {"term": "ΔAkk against Akk"}
    lost = row("mediators", "necessity", -9.0, measure="rotarod", **mutant)
    found = join(estimates([*links(), CORROBORATING["necessity"], lost]), family())
    assert told(found, line="necessity")["estimate"] == 3
    parts = more(found, "part", "necessity")
    assert parts[["estimate", "verdict"]].values.tolist() == [[4, "supports"]]
    assert parts["p"].iloc[0] == pytest.approx(student.sf(9, DF))


@pytest.mark.parametrize(("effect", "verdict"), [(0.5, "inconclusive"), (-0.5, "inconclusive"), (5, "supports"),
                                                 (-5, "contradicts")])  # fmt: skip
def test_mediation_stands_beside_a_claim_and_changes_nothing_of_it(effect, verdict):
    own = row("mediators", "mediation", effect, measure="rotarod", assay="serum", feature="s1", term="Akk", note="why")
    without, found = (join(estimates(rows), family()) for rows in (links(), [*links(), own]))
    beside = more(found, "beside", "mediation")
    assert beside[["estimate", "verdict", "note"]].values.tolist() == [[3, verdict, "why"]]
    rest = found[found["kind"] != "beside"].reset_index(drop=True)
    pd.testing.assert_frame_equal(rest, without[without["kind"] != "beside"].reset_index(drop=True))


def test_mediation_that_was_refused_says_why_beside_every_claim_about_its_measure():
    refused = {"question": "mediators", "kind": "mediators", "model": "mediation", "measure": "rotarod",
               "feature": "(all)", "status": "not_before", "note": "sampled after it"}  # fmt: skip
    found = join(estimates([*links(), refused]), family())
    beside = more(found, "beside", "mediation")
    assert beside[["verdict"]].values.tolist() == [["not measured"]]
    assert beside["note"].iloc[0].startswith("sampled after it")
    assert not (found[found["kind"] == "beside"]["outcome"] == "score").any()


def test_a_strain_that_controls_have_and_a_difference_that_goes_stand_beside():
    rows = [
        row("screen", "engraftment", 4.0, assay="stool", feature="A1", term="Akk", measure="abundance",
            note="given in this arm; found in 8 of 8 animals, 8 of 8 vehicle"),
        row("course", "abundance", 0.5, assay="stool", feature="A1", term="with"),
    ]  # fmt: skip
    found = join(estimates([*links(), *rows]), family())
    assert "8 of 8 vehicle" in more(found, "beside", "engraftment")["note"].iloc[0]
    assert more(found, "beside", "progression")["verdict"].tolist() == ["inconclusive"]


def test_a_finding_about_one_table_limits_no_row_of_another():
    finding = Finding("missing_baseline", "note", "", "", "", contrast="mediators", assay="csf")
    second = row("mediators", "abundance", 2.0, assay="csf", feature="c1", term="Akk", specimen="csf")
    found = join(estimates([*links(), second]), family(), findings=[finding])
    assert "no sample before treatment" in told(found, line="strain → molecule")["note"]
    assert "before" not in str(more(found, "part", "strain → molecule")["note"].iloc[0])
