"""The molecular half of ``cohort`` on studies made by hand: levels, severity, pathways, carriers, producers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr, ttest_ind, ttest_rel

from commensal import knowledge
from commensal.errors import StudyFileError
from commensal.knowledge import pathways
from commensal.questions import QUESTIONS, producers
from commensal.questions.comparison import compare
from commensal.questions.contributions import contributions, of_genomes
from commensal.study import Assay, AssayTable, Contrast, GeneSet, LoadedStudy, Match, Measure, Question, Study
from commensal.study.people import check_people
from commensal.tables import WITH_P

RNG = np.random.default_rng(20261125)
N = 40
CASE = np.arange(N) % 2 == 0
HOUSEHOLD = [f"H{i // 2:02d}" for i in range(N)]


def study(
    tables: dict[str, tuple[str, str, pd.DataFrame]],
    *,
    case: np.ndarray = CASE,
    household: list[str] | None = None,
    unit: str | None = None,
    more: dict[str, object] | None = None,
    measures: dict[str, Measure] | None = None,
    visits: pd.DataFrame | None = None,
    files: dict[str, tuple[GeneSet, ...]] | None = None,
    **asked: object,
) -> LoadedStudy:
    """A study of one sample per person; ``tables``: name → (kind, value, frame of samples × features)."""
    people = [f"P{i:02d}" for i in range(len(case))]
    block = ("household",) if household is not None else ()
    question = Question("patients", "cohort", "sick", block=block, permutations=999, **asked)  # type: ignore[arg-type]
    assays, held, matches = {}, {}, {}
    for name, (kind, value, frame) in tables.items():
        zero = "below_detection" if kind == "metabolites" else "value"
        assay = Assay(name, kind, file="t.tsv", value=value, specimen=name, zero=zero, unit=unit)  # type: ignore[arg-type]
        assays[name] = assay
        features = pd.DataFrame({"label": frame.columns}, index=frame.columns)
        held[name] = AssayTable(assay, tuple(people), features, frame.to_numpy(float))
        matches[name] = Match(name, tuple(people), (), ())
    frame = pd.DataFrame(
        {
            "subject": pd.array(people, dtype="string"),
            "specimen": pd.array(["x"] * len(case), dtype="string"),
            "role": pd.array(["sample"] * len(case), dtype="string"),
            "disease": pd.array(np.where(case, "yes", "no"), dtype="string"),
        },
        index=pd.Index(people, name="sample"),
    )
    if household is not None:
        frame["household"] = pd.array([one or pd.NA for one in household], dtype="string")
    for name, values in (more or {}).items():
        frame[name] = values
    declared = Study(
        Path("study.toml"), "made", assays=assays, measures=measures or {},
        contrasts={"sick": Contrast("sick", "disease", ("yes",), ("no",)),
                   "other": Contrast("other", "group", ("a",), ("b",))},
        questions={"patients": question},
    )  # fmt: skip
    return LoadedStudy(declared, frame, held, matches, frame, phenotypes=visits, sets=files or {})


def rows(loaded: LoadedStudy, assay: str) -> pd.DataFrame:
    return QUESTIONS["cohort"].answer(loaded, loaded.declared.questions["patients"], assay).estimates


def serum(m: int = 6, *, n: int = N) -> pd.DataFrame:
    names = ["nicotinamide", "nicotinate", *(f"m{i}" for i in range(m - 2))]
    return pd.DataFrame(np.exp2(RNG.normal(12, 1, size=(n, m))), columns=names)


def one(frame: pd.DataFrame, **wanted: object) -> pd.Series:
    for column, value in wanted.items():
        frame = frame[frame[column] == value]
    assert len(frame) == 1, wanted
    return frame.iloc[0]


# ---- levels ----------------------------------------


def test_levels_of_pairs_are_the_paired_t_test_on_both_scales():
    frame = serum()
    found = rows(study({"serum": ("metabolites", "intensity", frame)}, household=HOUSEHOLD, unit="nmol/L",
                       targeted=("Nicotinamide",)), "serum")  # fmt: skip
    values = frame["nicotinamide"].to_numpy()
    for model, y, unit in (("level", values, "nmol/L"), ("level, log2", np.log2(values), "log2 fold change")):
        row = one(found, model=model, feature="nicotinamide", term="within")
        test = ttest_rel(y[CASE], y[~CASE])
        assert row["effect"] == pytest.approx((y[CASE] - y[~CASE]).mean())
        assert row["p"] == pytest.approx(test.pvalue, rel=1e-6)
        assert (row["unit"], row["n_case"], row["n_control"]) == (unit, 20, 20)
    assert not (found["term"] == "unmatched").any()  # everybody is matched


def test_unmatched_people_stand_apart_and_a_household_counts_once():
    # ten matched households, then five of two patients, five of two controls
    household = [f"H{i // 2:02d}" for i in range(N)]
    case = np.array([*(i % 2 == 0 for i in range(20)), *([True] * 10), *([False] * 10)])
    frame = serum()
    found = rows(study({"serum": ("metabolites", "intensity", frame)}, case=case, household=household,
                       targeted=("nicotinamide",)), "serum")  # fmt: skip
    y = np.log2(frame["nicotinamide"].to_numpy())
    inside = one(found, model="level, log2", feature="nicotinamide", term="within")
    assert inside["effect"] == pytest.approx((y[:20][case[:20]] - y[:20][~case[:20]]).mean())
    assert (inside["n"], inside["n_blocks"]) == (20, 10)
    apart = one(found, model="level, log2", feature="nicotinamide", term="unmatched")
    means = y[20:].reshape(-1, 2).mean(axis=1)
    test = ttest_ind(means[:5], means[5:])
    assert apart["effect"] == pytest.approx(means[:5].mean() - means[5:].mean())
    assert apart["p"] == pytest.approx(test.pvalue)
    assert (apart["n"], apart["n_blocks"]) == (20, 10)


def test_below_detection_no_filled_in_value_decides_the_natural_scale():
    frame = serum()
    frame.loc[[0, 2, 4, 1], "nicotinamide"] = 0.0
    found = rows(study({"serum": ("metabolites", "intensity", frame)}, targeted=("nicotinamide",)), "serum")
    row = one(found, model="level", feature="nicotinamide")
    values = frame["nicotinamide"].to_numpy()
    limit, below = values[values > 0].min(), values == 0
    ends = []
    for low in (CASE, ~CASE):
        y = np.where(below, np.where(low, 0.0, limit), values)
        test = ttest_ind(y[CASE], y[~CASE])
        ends.append((test.pvalue, *test.confidence_interval()))
    assert row["p"] >= max(p for p, _, _ in ends) - 1e-12
    assert row["low"] == pytest.approx(min(low for _, low, _ in ends))
    assert row["high"] == pytest.approx(max(high for _, _, high in ends))
    assert "below detection: 3 case, 1 control" in row["note"]


def test_a_sign_that_rests_on_values_below_detection_has_no_p():
    frame = serum()
    frame["nicotinamide"] = 100.0 + RNG.normal(0, 0.01, size=N)
    frame.loc[np.flatnonzero(CASE)[:9], "nicotinamide"] = 0.0
    frame.loc[np.flatnonzero(~CASE)[:9], "nicotinamide"] = 0.0
    row = one(rows(study({"serum": ("metabolites", "intensity", frame)}, targeted=("nicotinamide",)), "serum"),
              model="level", feature="nicotinamide")  # fmt: skip
    assert row["status"] == "not_identified"
    assert pd.isna(row["p"])


def test_a_molecule_that_is_not_there_says_so():
    found = rows(study({"serum": ("metabolites", "intensity", serum())}, targeted=("indole",)), "serum")
    assert one(found, feature="indole")["status"] == "not_measured"


def test_a_specimen_with_controls_of_its_own():
    group = pd.array(["a"] * 10 + ["b"] * 10 + [None] * 20, dtype="string")
    tables = {name: ("metabolites", "intensity", serum()) for name in ("serum", "csf")}
    asked = {"targeted": ("nicotinamide",), "controls": {"csf": "other"}}
    loaded = study(tables, household=HOUSEHOLD, more={"group": group}, **asked)
    assert set(rows(loaded, "serum")["contrast"]) == {"sick"}
    own = rows(loaded, "csf")
    assert set(own["contrast"]) == {"other"}
    assert one(own, model="level", feature="nicotinamide")[["n_case", "n_control"]].tolist() == [10, 10]


# ---- severity ----------------------------------------


def with_score(frame: pd.DataFrame, score: np.ndarray, **asked: object) -> LoadedStudy:
    return study({"serum": ("metabolites", "intensity", frame)}, more={"score": score},
                 measures={"score": Measure("score", "higher", unit="point")},
                 severity={"measure": "score", "at": "nearest"}, **asked)  # fmt: skip


def test_severity_is_spearman_among_the_cases_and_a_line():
    frame, score = serum(), RNG.normal(36, 5, size=N)
    frame["nicotinamide"] *= np.exp2(0.2 * (score - 36))
    found = rows(with_score(frame, score, targeted=("nicotinamide",)), "serum")
    y = np.log2(frame["nicotinamide"].to_numpy())[CASE]
    r = one(found, model="severity", feature="nicotinamide")
    expected = spearmanr(y, score[CASE])
    assert r["effect"] == pytest.approx(expected.statistic)
    assert r["p"] == pytest.approx(expected.pvalue, rel=1e-6)
    slope = one(found, model="severity, slope", feature="nicotinamide")
    assert slope["effect"] == pytest.approx(np.polyfit(score[CASE], y, 1)[0])
    assert (r["n"], r["n_control"], slope["unit"]) == (20, 0, "log2 per point of score")
    # chosen beforehand: a family of its own, of one
    assert r["q"] == r["p"]
    assert "targeted" in r["family"]
    assert "nicotinamide" not in set(
        found.loc[found["family"].fillna("").str.endswith("features, severity"), "feature"]
    )
    least, most = (float(part) for part in r["note"].split("without any one patient ")[1].split(" (")[0].split(" to "))
    assert least <= r["effect"] <= most


def test_two_patients_of_a_household_count_once():
    household = [f"H{i // 4}" for i in range(N)]
    case = np.arange(N) % 4 < 2
    frame, score = serum(), RNG.normal(size=N)
    found = rows(with_score(frame, score, case=case, household=household), "serum")
    row = one(found, model="severity", feature="nicotinamide")
    y = np.log2(frame["nicotinamide"].to_numpy())[case].reshape(-1, 2).mean(axis=1)
    assert row["effect"] == pytest.approx(spearmanr(y, score[case].reshape(-1, 2).mean(axis=1)).statistic)
    assert (row["n"], row["n_blocks"]) == (10, 10)
    assert "20 people in 10 households" in row["note"]


def test_the_nearest_visit_is_taken_and_how_far_it_lay_is_said():
    day = np.arange(N, dtype=float) * 10
    visits = pd.DataFrame(
        [{"subject": f"P{i:02d}", "time": day[i] + gap, "score": i + gap} for i in range(N) for gap in (-300, 4, 90)]
    )
    asked = {"measures": {"score": Measure("score", "higher")}, "severity": {"measure": "score", "at": "nearest"}}
    loaded = study({"serum": ("metabolites", "intensity", serum())}, more={"time": day}, visits=visits, **asked)
    answer = QUESTIONS["cohort"].answer(loaded, loaded.declared.questions["patients"], "serum")
    drawn = answer.points[(answer.points["figure"] == "severity") & (answer.points["feature"] == "nicotinamide")]
    taken = answer.points[answer.points["figure"] == "severity"]
    assert set(taken["x"]) == {i + 4.0 for i in range(0, N, 2)}
    assert len(drawn) in (0, 20)
    note = answer.estimates.loc[answer.estimates["model"] == "severity", "note"].iloc[0]
    assert "4 units of time from the sample in the median, 4 at most" in note


def test_too_few_patients_with_a_score_is_a_status():
    score = np.full(N, np.nan)
    score[:4] = [1, 2, 3, 4]
    found = rows(with_score(serum(), score), "serum")
    own = found[found["model"] == "severity"]
    assert set(own["status"]) == {"not_measured"}
    assert own["p"].isna().all()


# ---- pathways ----------------------------------------


def genes(*, fall: float, m: int = 60) -> pd.DataFrame:
    steps = [ko for step in pathways()["nad_de_novo"].steps for ko in step.alternatives[0]]
    names = [*steps, *(f"K{i:05d}" for i in range(90000, 90000 + m))]
    logs = RNG.normal(0, 0.6, size=(N, len(names))) + RNG.normal(0, 0.5, size=(N // 2, 1)).repeat(2, axis=0)
    logs[np.ix_(CASE, range(len(steps)))] -= fall
    return pd.DataFrame(np.exp2(logs), columns=names)


def test_a_pathway_whose_genes_fall_is_found_as_a_whole_and_beyond_others():
    found = rows(study({"genes": ("genes", "absolute", genes(fall=1.0))}, household=HOUSEHOLD), "genes")
    for model in ("set, self-contained", "set, in any direction", "set, competitive"):
        row = one(found, model=model, feature="nad_de_novo", term="within")
        assert row["q"] < 0.05, model
    row = one(found, model="set, self-contained", feature="nad_de_novo", term="within")
    assert row["effect"] == pytest.approx(-1.0, abs=0.35)
    assert row["low"] < row["effect"] < row["high"] < 0
    assert row["n_permutations"] == 999
    assert "leading, down: " in row["note"]
    assert "nadB (K00278)" in row["note"]
    # nothing of it is measured: no p, and the row stays
    assert one(found, model=model, feature="riboflavin", term="within")["status"] == "not_measured"
    assert (found["p"].notna() <= found["status"].isin(WITH_P)).all()


def test_a_pathway_of_which_one_step_is_measured_is_no_pathway():
    frame = genes(fall=1.0).drop(columns=["K00278", "K03517", "K00767"])
    found = rows(study({"genes": ("genes", "absolute", frame)}, household=HOUSEHOLD), "genes")
    row = one(found, model="set, self-contained", feature="nad_de_novo", term="within")
    assert row["status"] == "too_few"
    assert "too little of it" in row["note"]


def test_few_households_are_rotated_and_say_so():
    some = 8
    frame = genes(fall=2.0).iloc[: 2 * some]
    found = rows(study({"genes": ("genes", "absolute", frame)}, case=CASE[: 2 * some], household=HOUSEHOLD[: 2 * some]),
                 "genes")  # fmt: skip
    assert one(found, model="set, self-contained", feature="nad_de_novo", term="within")["test"] == "rotation"


def test_sets_of_the_user_and_annotations_of_genes():
    frame = genes(fall=1.0)
    loaded = study({"genes": ("genes", "absolute", frame)}, household=HOUSEHOLD, sets=("mine.gmt",))
    mine = (GeneSet("nad", "", ("K00278", "K03517", "K00767", "K00969")), GeneSet("nobody", "", ("K1", "K2", "K3")))
    found = rows(replace(loaded, sets={"mine.gmt": mine}), "genes")
    assert one(found, model="set, self-contained", measure="mine.gmt", feature="nad", term="within")["q"] < 0.05
    assert (
        one(found, model="set, self-contained", measure="mine.gmt", feature="nobody", term="within")["status"]
        == "not_measured"
    )


def test_molecules_of_a_pathway_altered_in_both_directions_are_found_in_any_direction():
    names = ["nicotinamide", "nicotinate", "nicotinate mononucleotide", "nicotinate adenine dinucleotide", "NAD"]
    logs = RNG.normal(12, 0.5, size=(N, 35))
    for j in range(4):
        logs[CASE, j] += 1.2 if j % 2 else -1.2
    frame = pd.DataFrame(np.exp2(logs), columns=[*names, *(f"m{i}" for i in range(30))])
    found = rows(study({"serum": ("metabolites", "intensity", frame)}, household=HOUSEHOLD), "serum")
    name = "nad_from_nicotinamide_deamidated"
    assert one(found, model="set, in any direction", feature=name, term="within")["p"] < 0.01
    assert one(found, model="set, self-contained", feature=name, term="within")["p"] > 0.01


def test_rows_by_taxon_are_parts_and_no_features_and_add_up():
    frame = genes(fall=0.0)
    steps = list(frame.columns[:5])
    carriers = {"Akkermansia": 1.5, "Bacteroides": 0.0, "Blautia": -0.3}
    parts = {
        f"{ko}|{taxon}": np.exp2(RNG.normal(0, 0.4, N) - fall * CASE)
        for ko in steps
        for taxon, fall in carriers.items()
    }
    frame = frame.assign(**{ko: sum(parts[f"{ko}|{taxon}"] for taxon in carriers) for ko in steps})
    whole = pd.concat([frame, pd.DataFrame(parts)], axis=1)
    found = rows(study({"genes": ("genes", "absolute", whole)}, household=HOUSEHOLD), "genes")
    assert not found.loc[found["model"] == "abundance", "feature"].str.contains("|", regex=False).any()
    own = found[(found["model"] == "contribution") & (found["feature"] == "nad_de_novo")].set_index("measure")
    total = own.loc["(all taxa)", "effect"]
    assert own.drop("(all taxa)")["effect"].sum() == pytest.approx(total)
    summed = whole[list(parts)].sum(axis=1).to_numpy()
    assert total == pytest.approx((summed[CASE] - summed[~CASE]).mean())
    assert own.loc["Akkermansia", "q"] < 0.05
    assert own.loc["Bacteroides", "q"] > 0.05
    assert own["effect"].drop(["(all taxa)", "(other taxa)"]).idxmin() == "Akkermansia"


def test_the_pathway_is_drawn_in_order_with_molecules_of_the_other_table():
    loaded = study({"genes": ("genes", "absolute", genes(fall=1.0)), "serum": ("metabolites", "intensity", serum())},
                   household=HOUSEHOLD, targeted=("nicotinamide",))  # fmt: skip
    answer = QUESTIONS["cohort"].answer(loaded, loaded.declared.questions["patients"], "genes")
    drawn = answer.points[answer.points["figure"] == "pathway"]
    steps = drawn[(drawn["measure"] == "nad_de_novo") & (drawn["side"] == "gene")]
    assert steps["label"].tolist() == ["nadB", "nadA", "nadC", "nadD", "nadE"]
    assert steps["x"].tolist() == [1, 2, 3, 4, 5]
    rows_of = answer.estimates.query("model == 'abundance' and term == 'within'").set_index("feature")["effect"]
    np.testing.assert_allclose(steps["y"], rows_of[steps["feature"]])
    molecule = drawn[(drawn["measure"] == "nicotinamide_consumption") & (drawn["label"] == "nicotinamide")]
    assert molecule["group"].tolist() == ["serum"]
    assert drawn["measure"].iloc[0] != "nad_de_novo"  # pathways with a molecule chosen beforehand come first


# ---- producers ----------------------------------------


def test_a_taxon_that_goes_with_a_molecule_is_found_and_the_family_is_all_pairs():
    taxa = pd.DataFrame(RNG.poisson(200, size=(N, 12)).astype(float), columns=[f"t{i}" for i in range(12)])
    strength = RNG.normal(size=N)
    taxa["t3"] = np.round(200 * np.exp2(1.5 * strength))
    frame = serum(8)
    frame["nicotinate"] = np.exp2(12 + 1.2 * strength + 0.3 * RNG.normal(size=N))
    loaded = study({"stool": ("taxa", "counts", taxa), "serum": ("metabolites", "intensity", frame)},
                   producers={"taxa": ("stool",), "molecules": ("serum",)}, targeted=("nicotinamide",))  # fmt: skip
    assert not rows(loaded, "stool")["model"].str.startswith("producer").any()
    found = rows(loaded, "serum")
    own = found[found["model"] == "producer"]
    assert own.iloc[0][["feature", "measure"]].tolist() == ["nicotinate", "t3"]
    assert own.iloc[0]["q"] < 0.01
    assert "96 pairs here, 96 in the family" in one(found, model="producers, all pairs")["note"]
    # rows of all pairs are here (96 < the most that are kept): q is Benjamini-Hochberg's over them
    p = own["p"].to_numpy()
    q = np.minimum.accumulate((np.sort(p) * 96 / np.arange(1, 97))[::-1])[::-1]
    np.testing.assert_allclose(np.sort(own["q"]), np.minimum(q, 1))


def test_sides_do_not_make_a_taxon_and_a_molecule_go_together():
    taxa = pd.DataFrame(RNG.poisson(200, size=(N, 6)).astype(float), columns=[f"t{i}" for i in range(6)])
    taxa["t0"] = np.where(CASE, 20, 400) + RNG.integers(0, 9, N)
    frame = serum(4)
    frame["nicotinate"] = np.where(CASE, 10.0, 900.0) * np.exp2(RNG.normal(0, 0.2, N))
    loaded = study({"stool": ("taxa", "counts", taxa), "serum": ("metabolites", "intensity", frame)},
                   producers={"taxa": ("stool",), "molecules": ("serum",)})  # fmt: skip
    found = rows(loaded, "serum")
    own = found[(found["model"] == "producer") & (found["feature"] == "nicotinate") & (found["measure"] == "t0")]
    assert abs(own["effect"].iloc[0]) < 0.4  # 0.85 if the sides were not held fixed


# ---- the study file ----------------------------------------


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"controls": {"cfs": "other"}}, "specimen 'cfs' is not declared"),
        ({"controls": {"serum": "othr"}}, "contrast 'othr' is not declared"),
        ({"producers": {"taxa": ("serum",), "molecules": ("serum",)}}, "holds no taxa"),
        ({"producers": {"taxa": ("stool",), "molecules": ("serum",)}}, "'stool' is not declared"),
        ({"kind": "host", "targeted": ("a",)}, "targeted is for people"),
    ],
)
def test_keys_that_do_not_fit_are_refused(asked: dict[str, object], words: str):
    loaded = study({"serum": ("metabolites", "intensity", serum())})
    question = replace(loaded.declared.questions["patients"], **asked)  # type: ignore[arg-type]
    with pytest.raises(StudyFileError, match=words):
        check_people(loaded.declared, question)


# ---- genomes beside taxa ----------------------------------------


@dataclass(frozen=True)
class _Genome:
    name: str
    label: str
    kos: frozenset[str]
    ecs: frozenset[str] = frozenset()


def test_genomes_say_which_taxa_carry_a_pathway_that_changes():
    taxa = pd.DataFrame(RNG.poisson(300, size=(N, 8)).astype(float), columns=[f"t{i}" for i in range(8)])
    taxa["t0"] = np.where(CASE, 40, 400) + RNG.integers(0, 9, N)
    loaded = study({"stool": ("taxa", "counts", taxa)}, household=HOUSEHOLD)
    route = frozenset(ko for step in pathways()["nad_de_novo"].steps for ko in step.alternatives[0])
    genomes = {"g0": _Genome("g0", "T0", route), "g1": _Genome("t1", "one", route), "g2": _Genome("x", "x", route)}
    comparison = compare(loaded, loaded.declared.questions["patients"], "stool")
    assert of_genomes(loaded, comparison) is None
    split = of_genomes(SimpleNamespace(genomes=genomes), comparison)  # type: ignore[arg-type]
    assert split is not None
    assert len(split.assay.features) == 2 * len(route)
    own = contributions(split).estimates.query("feature == 'nad_de_novo'").set_index("measure")
    share = (taxa["t0"] / taxa.sum(axis=1)).to_numpy()
    assert own.loc["t0", "effect"] == pytest.approx(len(route) * (share[CASE] - share[~CASE]).mean())
    assert own.loc["t0", "q"] < 0.05
    assert own.loc["t0", "effect"] + own.loc["t1", "effect"] == pytest.approx(own.loc["(all taxa)", "effect"])


def test_a_genome_stands_beside_a_correlation_and_says_whether_it_agrees(monkeypatch: pytest.MonkeyPatch):
    genomes = {"g": _Genome("g", "Akkermansia muciniphila", frozenset({"K00278"}))}
    verdicts = {"nicotinamide": "makes", "indole": "consumes", "biotin": "cannot", "x": "unknown"}
    monkeypatch.setattr(
        knowledge, "capability", lambda _kos, name, **_: SimpleNamespace(verdict=verdicts[name]), raising=False
    )
    taxa = pd.DataFrame({"label": ["akkermansia muciniphila", "other"]}, index=["t0", "t1"])
    molecules = pd.DataFrame({"label": list(verdicts)}, index=[f"m{i}" for i in range(4)])
    loaded = SimpleNamespace(genomes=genomes)

    def said(taxon: int, molecule: int, r: float) -> str:
        return producers._capable(loaded, taxa, taxon, molecules, molecule, r)  # type: ignore[arg-type]

    assert said(0, 0, 0.5) == "its genome makes it, which agrees"
    assert said(0, 0, -0.5) == "its genome makes it, which does not agree"
    assert said(0, 1, -0.5) == "its genome consumes it, which agrees"
    assert said(0, 2, 0.5) == "its genome cannot make it"
    assert said(0, 3, 0.5) == "its genome: unknown"
    assert said(1, 0, 0.5) == ""
