"""Mediators: candidates against a slow twin from the rows, lines of the same animals, what is not measured, order."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest

from commensal import load, run, simulation, stats
from commensal.errors import StudyFileError
from commensal.questions.candidates import candidates
from commensal.questions.mediator_lines import GIVEN, REMOVED, Line, Molecules
from commensal.questions.mediators import mediators
from commensal.study import LoadedStudy

STRAIN, OTHER = "Akkermansia muciniphila", "Lactobacillus gasseri"
SMALL = {"cages": 4, "animals": 3, "molecules": 60, "falls": 5, "rises": 5, "drugs": 3, "effect": 4.0, "below": 0.0}


def made(folder: Path, **options) -> LoadedStudy:
    return load(simulation.mediators_study(folder, **(SMALL | options)))


def rows_of(loaded: LoadedStudy) -> pd.DataFrame:
    return mediators(loaded, loaded.declared.questions["mediators"]).estimates


@pytest.fixture(scope="module")
def study(tmp_path_factory) -> LoadedStudy:
    return made(tmp_path_factory.mktemp("study"), mutant=True)


@pytest.fixture(scope="module")
def rows(study: LoadedStudy) -> pd.DataFrame:
    return rows_of(study)


def test_the_mediator_is_ranked_first_with_its_strain(rows: pd.DataFrame):
    first = rows[rows["model"] == "candidate"].iloc[0]
    assert (first["label"], first["term"], first["measure"]) == ("nicotinamide", STRAIN, "falls and rises")
    assert first["statistic"] == 1
    assert first["q"] < 0.05
    assert (first["effect"], first["unit"]) == (2, "of 2 lines")
    assert first["note"].startswith("antibiotics against water: serum −")


def test_candidates_are_those_of_a_slow_twin(rows: pd.DataFrame):
    """From the rows of abundance alone: one-sided p, the largest of all lines, Benjamini–Hochberg by its definition."""
    arms = rows[(rows["model"] == "abundance") & rows["p"].notna()]
    found = {(r["feature"], r["term"], r["specimen"]): (r["effect"], r["p"]) for _, r in arms.iterrows()}
    features = [f for f in rows["feature"].unique() if (f, "antibiotics", "serum") in found]
    own = rows[rows["model"] == "candidate"]
    got = {(r["feature"], r["term"], r["measure"]): r for _, r in own.iterrows()}
    twin = {}
    for strain in (STRAIN, OTHER):
        for direction, sign in (("falls and rises", 1), ("rises and falls", -1)):
            for feature in features:
                p = 0.0
                for specimen in ("serum", "csf"):
                    for arm, wanted in (("antibiotics", -sign), (strain, sign)):
                        effect, both = found[feature, arm, specimen]
                        p = max(p, both / 2 if np.sign(effect) == wanted else 1 - both / 2)
                twin[feature, strain, direction] = p
    assert {key for key, row in got.items() if not np.isnan(row["p"])} == set(twin)
    ordered = sorted(twin.values())
    m = len(own) - int((own["status"] == "exogenous").sum())
    for key, p in twin.items():
        assert got[key]["p"] == pytest.approx(p, rel=1e-12)
        q = min(m * one / (i + 1) for i, one in enumerate(ordered) if one >= p)
        assert got[key]["q"] == pytest.approx(min(q, 1.0), rel=1e-9)
    assert own["statistic"].dropna().tolist() == sorted(own["statistic"].dropna())


def test_drugs_are_shown_and_in_no_family(rows: pd.DataFrame):
    drugs = rows[(rows["label"] == "metronidazole") & (rows["feature"] == "M0001")]
    assert set(drugs["status"]) == {"exogenous"}
    assert drugs[["p", "q"]].isna().all().all()
    removed = drugs[(drugs["model"] == "abundance") & (drugs["term"] == "antibiotics")]
    assert (removed["effect"] > 1).all()
    assert removed["note"].str.startswith("drug: antibiotic").all()


def test_a_mutant_is_no_candidate_and_shows_what_is_needed(rows: pd.DataFrame):
    own = rows[rows["model"] == "candidate"]
    assert set(own["term"]) == {STRAIN, OTHER}
    needed = rows[(rows["model"] == "necessity") & (rows["label"] == "nicotinamide")]
    assert set(needed["specimen"]) == {"serum", "csf"}
    assert (needed["effect"] < -2).all()
    assert (needed["q"] < 0.05).all()
    assert "necessity: Akkermansia muciniphila, mutant against its parent" in own.iloc[0]["note"]
    measure = rows[(rows["model"] == "necessity") & (rows["measure"] == "rotarod")]
    assert len(measure) == 1
    assert measure.iloc[0]["effect"] < 0


def test_mediation_is_of_cages_and_of_molecules_that_came_first(rows: pd.DataFrame):
    own = rows[(rows["model"] == "mediation") & (rows["label"] == "nicotinamide")]
    assert set(own["specimen"]) == {"serum", "csf"}
    assert (own["n_blocks"] == 16).all()  # vehicle, two strains and the mutant, four cages each
    assert (own["df"] == 16 - 4 - 2 - 1).all()  # less arms, batches and the molecule
    assert own["note"].str.contains("of the strain's whole effect").all()


def test_arms_are_compared_between_cages(rows: pd.DataFrame):
    arms = rows[(rows["model"] == "abundance") & rows["p"].notna()]
    assert (arms.loc[arms["term"] == "antibiotics", "df"] <= 8 - 2 + 1e-9).all()
    assert (arms.loc[arms["term"] == STRAIN, "df"] <= 16 - 4 + 1e-9).all()


def edited(folder: Path, file: str, change, **options) -> LoadedStudy:
    study = simulation.mediators_study(folder, **(SMALL | options))
    frame = pd.read_csv(folder / file, sep="\t", dtype=str, keep_default_na=False)
    change(frame).to_csv(folder / file, sep="\t", index=False)
    return load(study)


def test_molecules_measured_after_the_outcome_are_refused_by_name(tmp_path: Path):
    loaded = edited(tmp_path, "phenotypes.tsv", lambda frame: frame.assign(day="60"))
    own = rows_of(loaded)
    own = own[own["model"] == "mediation"]
    assert set(own["status"]) == {"not_before"}
    assert own["p"].isna().all()
    assert "sampled at 90 or later, rotarod last measured at 60" in own.iloc[0]["note"]


def test_a_molecule_that_one_fluid_lacks_has_a_line_not_measured(tmp_path: Path):
    loaded = edited(tmp_path, "csf.tsv", lambda frame: frame[frame["id"] != "M0010"])
    whole = made(tmp_path / "whole")
    own, other = (rows[rows["model"] == "candidate"] for rows in (rows_of(loaded), rows_of(whole)))
    lost = own[own["feature"] == "M0010"]
    assert set(lost["status"]) == {"not_measured"}
    assert lost["p"].isna().all()
    assert lost["note"].str.contains("csf not measured").all()
    # It keeps its place in the family: the others' q are as they would be with p = 1 there.
    p = other["p"].where(other["feature"] != "M0010", 1.0).to_numpy()
    inside = (other["status"] == "ok").to_numpy()
    q = pd.Series(stats.bh(p[inside], family="twin"), index=other.index[inside])
    key = ["feature", "term", "measure"]
    both = own.merge(other.assign(twin=q)[[*key, "twin"]], on=key)
    both = both[both["p"].notna()]
    assert both["q"].to_numpy() == pytest.approx(both["twin"].to_numpy(), rel=1e-9)


def test_fluids_of_different_animals_are_lines_of_their_own(tmp_path: Path):
    """Serum of the first two cages of every arm, cerebrospinal fluid of the others."""
    study = simulation.mediators_study(tmp_path, **(SMALL | {"cages": 8}))
    mice = pd.read_csv(tmp_path / "mice.tsv", sep="\t", dtype=str)
    early = set(mice.loc[mice["cage"].astype(int) <= 4, "mouse"])
    for fluid in ("serum", "csf"):
        frame = pd.read_csv(tmp_path / f"{fluid}.tsv", sep="\t", dtype=str)
        keep = [c for c in frame if c == "id" or (c.partition("-")[0] in early) == (fluid == "serum")]
        frame[keep].to_csv(tmp_path / f"{fluid}.tsv", sep="\t", index=False)
    loaded = load(study)
    first = rows_of(loaded).iloc[0]
    assert first["label"] == "nicotinamide"
    assert (first["effect"], first["unit"]) == (4, "of 4 lines")
    from commensal import check

    assert "lines of their own" in {f.code: f.message for f in check(study)}["specimens_of_different_animals"]


def test_one_cage_in_an_arm_gives_no_candidate(tmp_path: Path):
    def one_cage(frame):
        return frame.assign(cage=frame["cage"].mask(frame["arm"] == "antibiotics", "1"))

    own = rows_of(edited(tmp_path, "mice.tsv", one_cage))
    removed = own[(own["model"] == "abundance") & (own["term"] == "antibiotics")]
    assert set(removed["status"]) == {"one_cage", "exogenous"}
    assert removed["effect"].notna().all()
    candidate = own[own["model"] == "candidate"]
    assert set(candidate["status"]) == {"one_cage", "exogenous"}
    assert candidate["p"].isna().all()


def test_cages_that_no_block_names_take_every_p_away(tmp_path: Path):
    study = simulation.mediators_study(tmp_path / "study", **SMALL)
    study.write_text(study.read_text().replace('block = ["cage"]\n', ""))
    frame = run(study, tmp_path / "out").estimates
    assert frame["p"].isna().all()
    own = frame[frame["model"] == "candidate"]
    assert set(own["status"]) == {"unit_not_in_block", "exogenous"}
    assert own[["effect", "statistic"]].isna().all().all()
    assert not own["note"].str.contains("(p ", regex=False).any()


def test_a_table_without_samples_of_one_contrast_is_told_and_its_lines_are_not_measured(tmp_path: Path):
    mice = simulation.mediators_study(tmp_path, **SMALL).parent / "mice.tsv"
    removed = set(pd.read_csv(mice, sep="\t").query("arm == 'antibiotics'")["mouse"])
    frame = pd.read_csv(tmp_path / "csf.tsv", sep="\t", dtype=str)
    frame[[c for c in frame if c.partition("-")[0] not in removed]].to_csv(tmp_path / "csf.tsv", sep="\t", index=False)
    loaded = load(tmp_path / "study.toml")
    answer = mediators(loaded, loaded.declared.questions["mediators"])
    assert [one.name for one in answer.refused] == ["microbes_removed in csf"]
    own = answer.estimates[answer.estimates["model"] == "candidate"]
    assert set(own["status"]) == {"not_measured", "exogenous"}
    assert own["note"].str.contains("csf not measured").all()


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('supplements = "strains"\n', "", "the key is missing"),
        ('supplements = "strains"', 'supplements = "strain"', "did you mean 'strains'"),
        ('supplements = "strains"', 'supplements = "microbes_removed"', "same contrast"),
        ('block = ["cage"]', 'block = ["cage"]\ngenomes = { nobody = "g" }', "no arm that is given a strain"),
        ('block = ["cage"]', 'block = ["cage"]\nmutants = { vehicle = "x" }', "no arm that is given a strain"),
        ('block = ["cage"]', 'block = ["cage"]\nby = "batch"', "no meaning for mediators"),
        ('kind = "mediators"', 'kind = "screen"', "supplements is for mediators"),
    ],
)
def test_what_the_file_says_wrongly_is_one_clear_error(tmp_path: Path, old: str, new: str, words: str):
    study = simulation.mediators_study(tmp_path, **SMALL)
    text = study.read_text()
    assert old in text
    study.write_text(text.replace(old, new))
    with pytest.raises(StudyFileError) as caught:
        load(study)
    assert words in str(caught.value)


def test_lines_with_exactly_one_link_false_claim_no_more_than_they_may():
    """60 molecules: a third lack the fall, a third the rise, the others one fluid of it; shared controls correlate."""
    rng = np.random.default_rng(9)
    union = Molecules(*(np.array([f"m{i}" for i in range(60)], object) for _ in range(3)), *_none(60), {})
    fluids = (("serum", REMOVED, "abx"), ("csf", REMOVED, "abx"), ("serum", GIVEN, "a"), ("csf", GIVEN, "a"))
    runs, any_claim = 400, 0
    for _ in range(runs):
        shared = rng.normal(size=60)
        lines = []
        for k, (specimen, part, arm) in enumerate(fluids):
            false = np.arange(60) % 4 == k
            sign = -1 if part == REMOVED else 1
            z = np.where(false, 0.0, 6.0) * sign + np.sqrt(0.5) * (shared + rng.normal(size=60))
            p = 2 * stats_normal(-np.abs(z))
            lines.append(
                Line(part, arm, "c", specimen, z, p, np.full(60, "ok", object), frozenset({arm}), frozenset("c"))
            )
        found = candidates(lines, union, ["a"], level=0.95)
        assert found is not None
        assert found.n_lines == [2, 2]
        any_claim += bool(found.selected.any())
    assert binomtest(any_claim, runs, 0.05, alternative="greater").pvalue > 0.01


def stats_normal(z):
    from scipy.special import ndtr

    return ndtr(z)


def _none(n: int):
    return np.full(n, None, object), np.full(n, None, object)
