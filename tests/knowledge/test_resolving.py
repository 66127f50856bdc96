"""From names and numbers to compounds: what unifies, what must not, what stays open, and that nothing raises."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commensal.knowledge import resolve
from commensal.knowledge.names import key, labelled, unnamed


@pytest.mark.parametrize(
    ("name", "compound"),
    [
        ("niacinamide", "nicotinamide"),
        ("Nicotinic acid", "nicotinate"),
        ("NIACIN", "nicotinate"),
        ("nicotinate(1-)", "nicotinate"),
        ("sodium nicotinate", "nicotinate"),
        ("thiamine hydrochloride", "thiamine"),
        ("L-Lysine monohydrochloride", "L-lysine"),
        ("choline chloride", "choline"),
        ("sodium butyrate", "butyrate"),
        ("butyric acid sodium salt", "butyrate"),
        ("lactic acid", "lactate"),
        ("butyric acid", "butyrate"),
        ("n-Butyrate", "butyrate"),
        ("α-Ketoglutaric acid", "2-oxoglutarate"),
        ("2-oxoglutarate", "2-oxoglutarate"),
        ("γ-aminobutyric acid", "GABA"),
        ("4-aminobutanoate", "GABA"),
        ("5-hydroxytryptamine", "serotonin"),
        ("riboflavin_(Vitamin_B2)", "riboflavin"),
        ("nicotinamide_ribonucleotide_(NMN)", "nicotinamide mononucleotide"),
        ("N1-methylnicotinamide", "1-methylnicotinamide"),
        ("indoleacetate", "indole-3-acetate"),
        ("p-cresol", "p-cresol"),
        ("4-methylphenol", "p-cresol"),
        ("tryptophan*", "L-tryptophan"),
        ("kynurenine (1)", "L-kynurenine"),
        ("ammonium", "ammonia"),
    ],
)
def test_ways_of_writing_one_compound(name, compound):
    found = resolve(name)
    assert (found.status, found.compound) == ("exact", compound)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("L-lactate", "D-lactate"),
        ("L-lactate", "lactate"),
        ("(S)-lactate", "(R)-lactate"),
        ("L-alanine", "D-alanine"),
        ("L-tryptophan", "D-tryptophan"),
        ("L-serine", "D-serine"),
        ("methyl acetate", "acetate"),
        ("alpha-linolenic acid", "gamma-linolenic acid"),
        ("fumarate", "maleate"),
        ("chenodeoxycholate", "ursodeoxycholate"),
        ("leucine", "isoleucine"),
        ("nicotinate mononucleotide", "nicotinamide mononucleotide"),
        ("1-palmitoyl-GPC (16:0)", "2-palmitoyl-GPC (16:0)"),
        ("cis-aconitate", "trans-aconitate"),
        ("citrate", "isocitrate"),
        ("myo-inositol", "scyllo-inositol"),
        ("glucose 1-phosphate", "glucose 6-phosphate"),
    ],
)
def test_what_differs_stays_apart(one, other):
    first, second = resolve(one), resolve(other)
    assert (first.status, second.status) == ("exact", "exact")
    assert first.compound != second.compound


def test_stereochemistry_that_the_name_does_not_give_is_said():
    assert resolve("tryptophan").by == "name, read as L-tryptophan"
    assert resolve("L-tryptophan").by == "name"


def test_a_stereoisomer_that_is_not_known_is_not_taken_for_the_other():
    assert resolve("(R)-nicotinamide").status == "ambiguous"
    assert "nicotinamide" in resolve("(R)-nicotinamide").candidates


@pytest.mark.parametrize(
    ("name", "candidates"),
    [
        ("fumarate/maleate", {"fumarate", "maleate"}),
        ("mannitol/sorbitol", {"D-mannitol", "D-glucitol"}),
        ("1-methylhistidine", {"N(tele)-methyl-L-histidine", "N(pros)-methyl-L-histidine"}),
        ("ceramide (d18:1/14:0, d16:1/16:0)*", {"Cer d18:1/14:0", "Cer d16:1/16:0"}),
    ],
)
def test_what_may_be_several_is_listed_and_not_guessed(name, candidates):
    found = resolve(name)
    assert found.status == "ambiguous"
    assert found.compound is None
    assert set(found.candidates) == candidates


@pytest.mark.parametrize(
    "name", ["X - 12345", "X-11564*", "unknown 7", "", "123.4567_5.21", "Isobar", "glycocholate-d4 (IS)"]
)
def test_signals_without_a_name_are_unknown(name):
    assert resolve(name).status == "unknown"


def test_numbers_in_their_usual_writings():
    for number in ("HMDB0001406", "HMDB01406", "hmdb0001406", "HMDB0001406; HMDB0001406"):
        assert resolve(hmdb=number).compound == "nicotinamide"
    for number in ("C00153", "cpd:C00153", "C00153,"):
        assert resolve(kegg=number).compound == "nicotinamide"
    for number in ("17154", "CHEBI:17154"):
        assert resolve(chebi=number).compound == "nicotinamide"
    for number in ("936", "936.0", "CID936"):
        assert resolve(pubchem=number).compound == "nicotinamide"
    assert resolve(inchikey="DFPAKSUCGFBDDF-UHFFFAOYSA-N").compound == "nicotinamide"
    assert resolve(inchikey="PVNIIMVLHYAWGP-UHFFFAOYSA-M").compound == "nicotinate"
    assert resolve(refmet="Niacinamide").compound == "nicotinamide"
    assert resolve("an odd name of ours", kegg="C00153").compound == "nicotinamide"


def test_an_inchikey_without_stereochemistry_leaves_it_open():
    found = resolve(inchikey="QIVBCDIJIAJPQS")
    assert found.status == "ambiguous"
    assert {"L-tryptophan", "D-tryptophan"} <= set(found.candidates)


def test_a_name_and_a_number_that_contradict_each_other_are_both_listed():
    found = resolve("nicotinamide", kegg="C00253")
    assert found.status == "ambiguous"
    assert set(found.candidates) == {"nicotinamide", "nicotinate"}
    assert found.by == "name and KEGG contradict each other"


def test_a_number_settles_what_a_name_leaves_open():
    assert resolve("fumarate/maleate", kegg="C00122").compound == "fumarate"
    assert resolve("lactate", kegg="C00186").compound == resolve("(S)-lactate").compound
    assert resolve("kynurenine", hmdb="no number").compound == "L-kynurenine"


def test_metabolites_of_drugs_that_the_table_does_not_have():
    found = resolve("ibuprofen acyl glucuronide (2)")
    assert found.exogenous.startswith("metabolite of a drug")
    assert resolve("O-desmethyltramadol").exogenous.startswith("metabolite of a drug")
    assert resolve("phenol glucuronide").exogenous is None


def test_labelled_standards_are_no_compound_and_come_from_outside():
    found = resolve("inosine-15N4 (IS)")
    assert (found.status, found.exogenous) == ("unknown", "standard with heavy isotopes")
    assert not labelled("vitamin D3")
    assert not labelled("2'-deoxyadenosine")


@given(st.text(max_size=60), st.text(max_size=30))
def test_nothing_raises_whatever_the_text(name, number):
    found = resolve(name, hmdb=number, kegg=number, chebi=number, pubchem=number, inchikey=number, lipidmaps=number)
    assert found.status in ("exact", "ambiguous", "unknown")
    assert (found.compound is None) == (found.status != "exact")
    assert found.by
    unnamed(name)


@given(st.from_regex(r"[A-Za-z0-9 ,()\[\]/:*'+-]{1,40}", fullmatch=True))
def test_what_looks_like_a_name_does_not_raise_either(name):
    assert resolve(name, refmet=name).status in ("exact", "ambiguous", "unknown")


@given(st.text(max_size=40))
def test_keys_do_not_depend_on_case_blanks_and_decoration(name):
    assert key(f"  {name} ") == key(name)
    assert key(name.replace("_", " ")) == key(name)
