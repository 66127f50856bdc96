"""The gene sets that ship: symbols of both species, unique, with sources."""

import re

from commensal.knowledge import gene_sets


def test_every_set_has_members_of_both_species_and_sources():
    sets = gene_sets()
    assert len({one.id for one in sets}) == len(sets)
    for one in sets:
        assert len(one.mouse) >= 10, one.id
        assert len(one.human) >= 10, one.id
        for symbols in (one.mouse, one.human):
            assert len(set(symbols)) == len(symbols), one.id
        assert one.sources, one.id
        assert all(source.startswith("doi:10.") for source in one.sources), one.id
        assert one.note.endswith("."), one.id


def test_symbols_are_written_as_their_species_does():
    for one in gene_sets():
        assert all(re.fullmatch(r"[A-Z][a-z0-9-]*[a-zA-Z0-9-]*", symbol) for symbol in one.mouse), one.id
        assert all(re.fullmatch(r"[A-Z0-9-]+", symbol) for symbol in one.human), one.id


def test_nad_has_the_enzymes_of_salvage_and_microglia_their_markers():
    sets = {one.id: one for one in gene_sets()}
    assert {"Nampt", "Nmnat1", "Naprt"} <= set(sets["nad_synthesis"].mouse)
    assert {"TREM2", "APOE"} <= set(sets["disease_associated_microglia"].human)
    assert not set(sets["homeostatic_microglia"].mouse) & set(sets["disease_associated_microglia"].mouse)
