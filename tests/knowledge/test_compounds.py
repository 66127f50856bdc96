"""The table of compounds: what it holds, how large it is, and that the compounds of the pathways are in it."""

from __future__ import annotations

import lzma
from importlib import resources

import pytest

from commensal.knowledge import compound, resolve
from commensal.knowledge.compounds import NAMESPACES, NO_COMPOUND, named_in_pathways, table
from commensal.knowledge.names import key

#: Bytes of the table in the wheel.
LARGEST = 3_000_000


def shipped() -> str:
    return lzma.decompress(resources.files("commensal.knowledge").joinpath("compounds.tsv.xz").read_bytes()).decode()


def test_the_table_is_small_and_its_sources_ship_with_it():
    folder = resources.files("commensal.knowledge")
    assert len(folder.joinpath("compounds.tsv.xz").read_bytes()) < LARGEST
    told = folder.joinpath("compounds_sources.md").read_text(encoding="utf-8")
    for source in ("ChEBI", "ModelSEED", "Human-GEM", "PubChem", "UNII", "OPSIN"):
        assert source in told
    assert "CC BY 4.0" in told


def test_rows_have_one_name_each_and_keys_are_made_by_the_same_rule():
    rows = [line.split("\t") for line in shipped().rstrip("\n").split("\n")]
    assert {len(row) for row in rows} == {len(NAMESPACES) + 4}
    names = [row[0] for row in rows]
    assert len(set(names)) == len(names)
    keys = {found for row in rows[::7] for found in row[-1].split("|") if found}
    changed = [found for found in keys if key(found) not in (found, found.replace("~", ""))]
    assert (
        len(changed) < len(keys) / 100
    )  # a key read again as a name: blanks of esters and tildes may go, nothing else


@pytest.mark.parametrize("name", named_in_pathways())
def test_every_compound_of_the_pathways_resolves_to_exactly_its_name(name):
    found = resolve(name)
    assert (found.status, found.compound) == ("exact", name)


def test_what_the_pathways_name_that_is_no_compound_is_left_out():
    assert not NO_COMPOUND & set(named_in_pathways())


@pytest.mark.parametrize(
    ("name", "numbers"),
    [  # from the databases' own pages
        ("nicotinamide", {"kegg": "C00153", "hmdb": "HMDB0001406", "chebi": "17154", "pubchem": "936"}),
        ("nicotinate", {"kegg": "C00253", "hmdb": "HMDB0001488", "chebi": "15940"}),
        ("L-tryptophan", {"kegg": "C00078", "hmdb": "HMDB0000929", "chebi": "16828"}),
        ("butyrate", {"kegg": "C00246", "hmdb": "HMDB0000039"}),
        ("cholate", {"kegg": "C00695", "hmdb": "HMDB0000619"}),
        ("GABA", {"kegg": "C00334", "hmdb": "HMDB0000112"}),
        ("serotonin", {"kegg": "C00780", "hmdb": "HMDB0000259"}),
        ("quinolinate", {"kegg": "C03722", "hmdb": "HMDB0000232"}),
    ],
)
def test_numbers_lead_to_the_compound_and_back(name, numbers):
    found = compound(name)
    assert found is not None
    for namespace, number in numbers.items():
        assert number in getattr(found, namespace)
        assert resolve(**{namespace: number}).compound == name


@pytest.mark.parametrize(
    "drug",
    [
        "ampicillin",
        "vancomycin",
        "neomycin",
        "metronidazole",
        "cefoperazone",
        "streptomycin",
        "clindamycin",
        "amoxicillin",
    ],
)
def test_antibiotics_are_exogenous(drug):
    assert resolve(drug).exogenous == "drug: antibiotic"
    assert resolve(drug.upper() + " sodium salt").exogenous == "drug: antibiotic"


@pytest.mark.parametrize(
    "drug", ["riluzole", "acetaminophen", "ibuprofen", "caffeine", "ketamine", "4-acetamidophenol sulfate"]
)
def test_other_medicines_are_exogenous(drug):
    assert resolve(drug).exogenous


@pytest.mark.parametrize(
    "name",
    [
        "nicotinamide",
        "tryptophan",
        "cholate",
        "ursodeoxycholate",
        "hippurate",
        "equol",
        "GABA",
        "dopamine",
        "TMAO",
        "indoxyl sulfate",
    ],
)
def test_what_bodies_and_microbes_make_is_not_exogenous(name):
    assert resolve(name).status == "exact"
    assert resolve(name).exogenous is None


def test_no_compound_of_the_pathways_is_exogenous():
    assert [name for name in named_in_pathways() if resolve(name).exogenous] == []


def test_a_name_of_no_row_is_none():
    assert compound("no such thing") is None
    assert len(table().rows) > 20_000
