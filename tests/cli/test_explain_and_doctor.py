"""``explain`` and ``doctor``: words that a reader may ask about, and what is installed."""

from __future__ import annotations

import json
import sys
from importlib import import_module
from pathlib import Path

import pytest

from commensal import explain, pipeline
from commensal.cli import main
from commensal.errors import UsageError
from commensal.execution import parts
from commensal.knowledge.terms import GROUPS, terms
from commensal.pipeline.explain import explained
from commensal.questions import QUESTIONS
from commensal.tables import STATUSES
from commensal.tables.claims import _VERDICTS

DOCS = Path(__file__).parents[2] / "docs"


def told(capsys, *words: str) -> tuple[int, str, str]:
    sys.argv = ["commensal", *words]
    with pytest.raises(SystemExit) as left:
        main()
    out, err = capsys.readouterr()
    return int(left.value.code or 0), out, err


def test_every_status_verdict_and_kind_of_question_is_explained():
    known = explained()
    assert set(STATUSES) <= set(known)
    assert set(_VERDICTS) <= set(known)
    assert set(QUESTIONS) <= set(known)


def test_no_term_hides_a_status():
    assert not set(terms()) & set(STATUSES)


@pytest.mark.parametrize("name", list(terms()))
def test_what_a_term_points_at_exists(name):
    term = terms()[name]
    assert term.group in GROUPS
    assert len(term.meaning) > 30
    assert set(term.see) <= set(explained())
    assert not term.page or (DOCS / f"{term.page}.md").is_file()


@pytest.mark.parametrize("word", ["one_cage", "One Cage", "one-cage", "claims", "CLAIM"])
def test_case_dashes_and_plurals_do_not_matter(word):
    assert explain(word).name in ("one_cage", "claim")


def test_an_unknown_word_names_the_nearest():
    with pytest.raises(UsageError, match="gate"):
        explain("gaet")


def test_explain_prints_a_meaning_and_json(capsys):
    code, out, _ = told(capsys, "explain", "partial", "conjunction")
    assert code == 0
    assert "at least r of these n lines" in out
    _, out, _ = told(capsys, "explain", "--json")
    assert {"gate", "ok"} <= {one["name"] for one in json.loads(out)}
    assert told(capsys, "explain", "nonsense-word")[0] == 2


def test_a_package_that_breaks_when_imported_is_told_apart_from_one_that_is_absent(tmp_path, monkeypatch):
    (tmp_path / "broken_thing.py").write_text("raise OSError('libx.so is missing')")
    monkeypatch.syspath_prepend(tmp_path)
    broken = parts.package("numpy", "broken_thing")
    assert not broken.works
    assert "libx.so" in str(broken.fault)
    absent = parts.package("commensal-no-such-part", "x")
    assert absent.version is None
    assert absent.fault is None


def test_doctor_says_what_to_install(capsys, monkeypatch):
    lacking = parts.Part("wings", "flying", (("no-such-wings", "wings"),), "pip install wings")
    core = parts.Part("core", "all", (("numpy", "numpy"),), "-", optional=False)
    monkeypatch.setattr(import_module("commensal.pipeline.doctor"), "PARTS", (core, lacking))
    code, out, _ = told(capsys, "doctor")
    assert code == 0
    assert "absent  wings" in out
    assert "mend: pip install wings" in out
    assert "works   a tiny study" in out


def test_doctor_fails_when_what_is_needed_does_not_work(capsys, monkeypatch):
    core = parts.Part("core", "all", (("no-such-core", "x"),), "pip install it", optional=False)
    monkeypatch.setattr(import_module("commensal.pipeline.doctor"), "PARTS", (core,))
    code, out, _ = told(capsys, "doctor", "--json")
    assert code == 1
    assert json.loads(out)["sound"] is False
    assert pipeline.doctor().trial is not None


def test_every_extra_of_the_package_is_a_part():
    import tomllib

    declared = tomllib.loads((DOCS.parent / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    known = {part.name for part in parts.PARTS}
    assert set(declared) <= known
    for part in parts.PARTS:
        if part.name in declared:
            assert {name.split(">=")[0] for name in declared[part.name]} == {name for name, _ in part.packages}
