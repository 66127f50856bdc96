"""The shipped pathways are sound, and judged as one would by hand."""

from __future__ import annotations

import re

import pytest

from commensal import knowledge
from commensal.errors import FormatError

PATHWAYS = knowledge.pathways()
DE_NOVO = {"K00278", "K03517", "K00767", "K00969", "K01950"}


@pytest.mark.parametrize("pathway", PATHWAYS.values(), ids=list(PATHWAYS))
def test_each_pathway_has_sources_and_known_roles(pathway):
    assert pathway.sources
    assert all(source.startswith("doi:10.") for source in pathway.sources)
    for step in pathway.steps:
        assert step.role in knowledge.ROLES
        assert re.fullmatch(r"|\d\.\d+\.\d+\.(\d+|-)", step.ec)
        assert step.alternatives


@pytest.mark.parametrize("pathway", [p for p in PATHWAYS.values() if p.rule == "all"], ids=lambda p: p.id)
def test_all_steps_are_needed(pathway):
    every = {ko for step in pathway.steps for ko in step.alternatives[0]}
    assert knowledge.completeness(every, pathway).complete
    for step in pathway.steps:
        without = every - {ko for wanted in step.alternatives for ko in wanted}
        call = knowledge.completeness(without, pathway)
        assert step.id in call.missing
        assert not call.complete


def test_nad_de_novo_step_by_step():
    pathway = PATHWAYS["nad_de_novo"]
    assert knowledge.completeness(DE_NOVO, pathway).complete
    assert knowledge.completeness(DE_NOVO - {"K01950"} | {"K01916"}, pathway).complete
    assert knowledge.completeness(set(), pathway).share == 0


def test_subunits_are_all_needed():
    step = PATHWAYS["p_cresol_from_hydroxyphenylacetate"].steps[0]
    assert not step.fulfilled({"K18427"})
    assert step.fulfilled({"K18427", "K18428"})


def test_any_step_is_enough_for_release():
    call = knowledge.completeness({"K12410"}, PATHWAYS["nicotinamide_release"])
    assert (call.complete, call.share, call.present) == (True, 1.0, ("cobB",))
    assert not knowledge.completeness(DE_NOVO, PATHWAYS["nicotinamide_release"]).complete


def test_a_users_own_definitions(tmp_path):
    path = tmp_path / "own.toml"
    path.write_text(
        '[[pathway]]\nid = "x"\nname = "X"\nsteps = [{ id = "a", genes = ["K00001 + K00002", "K00003"] }]\n'
    )
    own = knowledge.read_pathways(path)
    assert own["x"].steps[0].alternatives == (("K00001", "K00002"), ("K00003",))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("x = [", "no TOML"),
        ("x = 1", "no pathway"),
        ('[[pathway]]\nid = "x"\nname = "X"\n', "steps is missing"),
        (
            '[[pathway]]\nid = "x"\nname = "X"\nrule = "some"\nsteps = [{ id = "a", genes = ["K00001"] }]\n',
            "rule is unknown",
        ),
        ('[[pathway]]\nid = "x"\nname = "X"\nsteps = [{ id = "a", genes = ["nadA"] }]\n', "KO numbers"),
        ('[[pathway]]\nid = "x"\nname = "X"\nsteps = [{ id = "a", gene = ["K00001"] }]\n', "key is unknown"),
        (
            '[[pathway]]\nid = "x"\nname = "X"\nsteps = [{ id = "a", genes = ["K00001"], role = "eats" }]\n',
            "role is unknown",
        ),
    ],
)
def test_definitions_that_are_not_sound_are_refused(tmp_path, text, words):
    path = tmp_path / "own.toml"
    path.write_text(text)
    with pytest.raises(FormatError, match=words):
        knowledge.read_pathways(path)
