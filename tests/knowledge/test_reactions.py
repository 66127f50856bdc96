"""The shipped reactions are sound, agree with the pathways, and their scope grows as a slow twin says."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commensal import knowledge
from commensal.errors import FormatError, UsageError
from commensal.knowledge.reactions import equation, layer, medium_compounds
from commensal.knowledge.scope import route

REACTIONS = knowledge.reactions()
KOS = sorted({ko for one in REACTIONS.values() for wanted in one.alternatives for ko in wanted})
COMPOUNDS = sorted(knowledge.known_compounds())
#: At least these are asked for: every family of molecules has some way to be made and a gene for it.
FAMILIES = {
    "NAD", "tryptophan", "short-chain fatty acids", "bile acids", "neurotransmitters", "polyamines", "phenols",
    "trimethylamine", "B vitamins", "secondary lipids", "aromatic amino acids",
}  # fmt: skip

genomes = st.sets(st.sampled_from(KOS), max_size=60)


@pytest.mark.parametrize("reaction", REACTIONS.values(), ids=list(REACTIONS))
def test_each_reaction_has_sources_genes_or_a_reason_and_main_molecules(reaction):
    assert reaction.sources
    assert all(re.fullmatch(r"doi:10\.\S+", source) for source in reaction.sources)
    assert reaction.alternatives or reaction.inferred
    assert reaction.note or not (reaction.inferred and not reaction.alternatives)
    assert reaction.substrates
    assert reaction.products
    assert not set(reaction.substrates) & set(reaction.products)
    assert all(re.fullmatch(r"[1-7](\.(\d+|-)){3}", number) for wanted in reaction.ecs for number in wanted)


def test_the_families_are_all_there():
    assert {one.family for one in REACTIONS.values()} == FAMILIES


def test_pathways_and_reactions_say_the_same():
    for pathway in knowledge.pathways().values():
        for step in pathway.steps:
            assert step.alternatives == REACTIONS[step.id].alternatives
            assert step.product == ", ".join(REACTIONS[step.id].products)


def test_the_steps_of_a_pathway_follow_each_other():
    """But where the note says that a step is left out, or any step does it alone."""
    for pathway in knowledge.pathways().values():
        if pathway.rule == "any" or "left out" in pathway.note or len(pathway.steps) == 1:
            continue
        reached = {name for step in pathway.steps for name in step.product.split(", ")}
        used = {name for step in pathway.steps for name in step.substrate.split(", ")}
        outside = "nicotinamide riboside (outside)"
        assert reached & used or outside in used, pathway.id


def test_what_media_cells_pools_and_transport_name_is_known():
    named = {*layer().cell, *layer().coenzymes, *layer().diffusing}
    named |= {name for members in layer().pools.values() for name in members}
    named |= {one.compound for one in layer().transport}
    for medium in knowledge.media().values():
        named |= set(medium.compounds)
    unknown = named - knowledge.known_compounds()
    assert not unknown, f"no reaction makes or uses {sorted(unknown)}"


def test_a_medium_of_ones_own():
    assert medium_compounds(["minimal", "levodopa"]) == ("levodopa",)
    assert "levodopa" not in medium_compounds("gut")
    with pytest.raises(UsageError, match="did you mean 'gut'"):
        medium_compounds("guts")


@pytest.mark.parametrize("text", ["A + B", "[ATP] -> B", "A -> [ADP]", "A -> B -> C"])
def test_changes_that_are_not_sound_are_refused(text):
    with pytest.raises(FormatError):
        equation(text)


def slow_scope(kos: set[str], given: set[str]) -> set[str]:
    """Try every reaction again and again until nothing new comes: the scope, written to be read."""
    reached = set(given) | set(layer().cell)
    while True:
        before = len(reached)
        for one in REACTIONS.values():
            there = one.inferred or any(kos >= set(wanted) for wanted in one.alternatives)
            if there and reached.issuperset(one.substrates):
                reached |= set(one.products)
            if there and one.reversible and reached.issuperset(one.products):
                reached |= set(one.substrates)
        if len(reached) == before:
            return reached


@given(genomes, st.sets(st.sampled_from(COMPOUNDS), max_size=8))
def test_the_scope_is_that_of_a_slow_twin(kos, given):
    assert set(knowledge.scope(kos, medium=sorted(given)).compounds) == slow_scope(kos, given)


@given(
    genomes, genomes, st.sets(st.sampled_from(COMPOUNDS), max_size=6), st.sets(st.sampled_from(COMPOUNDS), max_size=6)
)
def test_the_scope_grows_with_genes_and_with_the_medium(kos, more, given, added):
    small = set(knowledge.scope(kos, medium=sorted(given)).compounds)
    large = set(knowledge.scope(kos | more, medium=sorted(given | added)).compounds)
    assert small <= large


@given(genomes, st.sampled_from(COMPOUNDS))
def test_a_way_without_a_missing_step_is_in_the_scope_and_the_other_way_round(kos, compound):
    seeds = {*medium_compounds("gut"), *layer().cell} - {compound}
    state = knowledge.carried(kos)
    way = route(state, seeds, compound)
    whole = bool(way) and all(state[step].state != "missing" for step in way)
    assert whole == (compound in knowledge.scope(kos, medium="gut", without=compound).compounds)


@given(genomes, st.sampled_from(COMPOUNDS))
def test_the_missing_steps_are_enough(kos, compound):
    """With the genes of what is missing on the way, the molecule is reached."""
    seeds = {*medium_compounds("gut"), *layer().cell} - {compound}
    state = knowledge.carried(kos)
    way = route(state, seeds, compound)
    added = {ko for step in way if state[step].state == "missing" for ko in REACTIONS[step].alternatives[0]}
    if way:
        assert compound in knowledge.scope(kos | added, without=compound).compounds


def test_rounds_count_the_steps():
    reached = knowledge.scope({"K00278", "K03517", "K00767"}, medium="minimal")
    assert [reached.compounds[name] for name in ("L-aspartate", "iminosuccinate", "quinolinate")] == [0, 1, 2]
    assert reached.table().set_index("compound").loc["nicotinate mononucleotide", "round"] == 3
    assert "nicotinate adenine dinucleotide" not in reached.compounds


def test_identifiers_name_known_molecules():
    assert set(layer().identifiers.values()) <= knowledge.known_compounds()
    assert knowledge.compound_by("kegg", "C00153") == "nicotinamide"
