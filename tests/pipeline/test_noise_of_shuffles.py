"""Noise of shuffled studies: the study itself counts as one, and what could not be answered is said."""

from __future__ import annotations

from dataclasses import replace

import pytest

from commensal import simulation
from commensal.evidence import Family, Molecule, Outcome, Strain
from commensal.execution import Store
from commensal.pipeline import shuffles
from commensal.pipeline.kept_shuffles import KeptShuffles, study_key
from commensal.pipeline.load import load
from commensal.tables import Finding, claims

FAMILY = Family((Strain("S"),), (Molecule("m"),), (Outcome("grip", 1),), given={})


def made(p):
    return claims([{"claim": "one", "line": "claim", "verdict": "not selected", "strength": 0, "p": p}])


@pytest.mark.parametrize(("own", "expected"), [(0.001, 1 / 5), (0.03, 3 / 5), (0.9, 1.0)])
def test_the_study_itself_is_one_of_the_arrangements(monkeypatch, own, expected):
    others = iter([0.01, 0.02, 0.2, 0.4])
    monkeypatch.setattr(shuffles, "shuffled", lambda loaded, **_: loaded)
    monkeypatch.setattr(shuffles, "_claims_of", lambda *_: (made(next(others)), frozenset()))
    assert shuffles.noise(None, FAMILY, made(own), 4)["noise"].tolist() == pytest.approx([expected])


def test_shuffled_studies_that_lack_an_answer_are_counted(monkeypatch):
    failed = iter([{"screen", "host × cord"}, {"host × cord"}, {"host × cord"}])
    monkeypatch.setattr(shuffles, "shuffled", lambda loaded, **_: loaded)
    monkeypatch.setattr(shuffles, "_claims_of", lambda *_: (made(0.5), frozenset(next(failed))))
    note = shuffles.noise(None, FAMILY, made(0.1), 3)["note"].iloc[0]
    assert "in 1 of 3 shuffled studies screen could not be answered" in note


def test_a_run_of_shuffles_that_is_stopped_goes_on_where_it_was(monkeypatch, tmp_path):
    ran = []

    def one(_shared, seed, *, until=3):
        if seed > until:
            raise KeyboardInterrupt
        ran.append(seed)
        return (True, seed, -0.1 / seed), frozenset({"screen"} if seed == 2 else ())

    def told(n, study="a", fresh=False):
        kept = KeptShuffles(Store(tmp_path), study, fresh)
        return shuffles.noise(None, FAMILY, made(0.1), n, kept=kept).loc[0, ["noise", "note"]].tolist(), kept.keys

    monkeypatch.setattr(shuffles, "_shuffle", one)
    with pytest.raises(KeyboardInterrupt):
        told(5)
    assert ran == [1, 2, 3]
    monkeypatch.setattr(shuffles, "_shuffle", lambda shared, seed: one(shared, seed, until=9))
    gone_on, keys = told(5)
    assert ran == [1, 2, 3, 4, 5]
    assert len(keys) == 5
    assert told(5, study="b")[0] == gone_on  # made anew: of another study
    assert ran == [1, 2, 3, 4, 5, 1, 2, 3, 4, 5]
    assert told(6)[1][:5] == keys
    assert ran[10:] == [6]
    assert told(2, fresh=True)[0] == told(2)[0]
    assert ran[11:] == [1, 2]


def test_shuffles_are_of_one_study_and_of_what_is_found_wrong_with_it(tmp_path):
    study = simulation.mediators_study(tmp_path, seed=3, cages=3, animals=2, strains=1, molecules=30, falls=2, rises=2)
    loaded = load(study)
    key = study_key(loaded, FAMILY, ())
    reported = replace(loaded, declared=replace(loaded.declared, title="another"))
    assert study_key(reported, FAMILY, ()) == key
    changed = loaded.samples.copy()
    known = changed["arm"].dropna()
    changed.loc[known.index[0], "arm"] = known[known != known.iloc[0]].iloc[0]
    assert study_key(replace(loaded, samples=changed), FAMILY, ()) != key
    assert study_key(loaded, replace(FAMILY, given={"a": "m"}), ()) != key
    assert study_key(loaded, FAMILY, (Finding("cages", "warning", "arm", "one cage", "add some"),)) != key
