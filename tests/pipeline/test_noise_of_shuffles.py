"""Noise of shuffled studies: the study itself counts as one, and what could not be answered is said."""

from __future__ import annotations

import pytest

from commensal.evidence import Family, Molecule, Outcome, Strain
from commensal.pipeline import shuffles
from commensal.tables import claims

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
