"""Verdicts: what a textbook says of each gene set, that order and more genes do no harm, models and cultures decide."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commensal import knowledge
from commensal.knowledge import Culture, Exchange, capabilities, capability
from commensal.knowledge.capabilities import with_culture, with_exchange

DE_NOVO = {"K00278", "K03517", "K00767", "K00969", "K01950"}
SALVAGE = {"K00763", "K00969", "K01950"}
KOS = sorted(
    {ko for one in knowledge.reactions().values() for wanted in one.alternatives for ko in wanted}
    | {"K00001", "K99999"}
)
COMPOUNDS = sorted(knowledge.known_compounds())
genomes = st.sets(st.sampled_from(KOS), min_size=1, max_size=60)


@pytest.mark.parametrize(
    ("kos", "compound", "verdict"),
    [
        (DE_NOVO, "nicotinamide", "makes"),
        (DE_NOVO | {"K12410"}, "nicotinamide", "makes"),
        (DE_NOVO | {"K08281"}, "nicotinamide", "makes and consumes"),
        (SALVAGE | {"K12410"}, "nicotinamide", "releases"),
        (SALVAGE | {"K12410", "K08281"}, "nicotinamide", "consumes"),
        (SALVAGE, "nicotinamide", "unknown"),  # the release is inferred, and what is released was taken up
        ({"K08281"}, "nicotinamide", "consumes"),
        ({"K12410"}, "nicotinamide", "releases"),  # NAD is in every growing cell
        (DE_NOVO, "NAD", "makes"),
        (SALVAGE, "NAD", "releases"),
        ({"K08281"}, "nicotinate", "releases"),
        ({"K01667"}, "indole", "makes"),
        ({"K00001"}, "indole", "cannot"),
        ({"K01667"}, "L-tryptophan", "consumes"),
        ({"K01442"}, "cholate", "releases"),
        ({"K00001"}, "cholate", "cannot"),
        ({"K01442"}, "taurocholate", "consumes"),
        ({"K15868", "K15869", "K15870", "K15871", "K15872", "K15873"}, "deoxycholate", "makes"),
        ({"K15868", "K15869", "K15870", "K15871", "K15872"}, "lithocholate", "makes"),
        ({"K15868", "K15869", "K15870", "K15871"}, "deoxycholate", "cannot"),
        ({"K00076", "K23231"}, "ursodeoxycholate", "makes"),
        ({"K01580"}, "GABA", "makes"),
        ({"K20038"}, "trimethylamine", "cannot"),  # the enzyme needs the one that activates it
        ({"K20038", "K20037"}, "trimethylamine", "makes"),
        ({"K18427", "K18428"}, "p-cresol", "makes"),
        ({"K00838"}, "4-hydroxyphenylacetate", "cannot"),
        ({"K00838", "K00179", "K00180"}, "4-hydroxyphenylacetate", "makes"),
        ({"K00001"}, "indole-3-pyruvate", "unknown"),  # aromatic aminotransferases: inferred, no gene tells
        ({"K01848", "K05606", "K01604"}, "propionate", "cannot"),  # half of the mutase
        ({"K01848", "K01849", "K05606", "K01604"}, "propionate", "makes"),
        ({"K00626", "K00074", "K01715", "K00248", "K00634", "K00929"}, "butyrate", "makes"),
        ({"K00626", "K00074", "K01715", "K00248", "K00634"}, "butyrate", "cannot"),
        ({"K06215", "K08681"}, "pyridoxal phosphate", "makes"),
        ({"K00001"}, "caffeine", "unknown"),
        (set(), "nicotinamide", "unknown"),
    ],
)
def test_verdicts(kos, compound, verdict):
    assert capability(kos, compound).verdict == verdict


def test_levodopa_must_be_given_to_be_made_into_dopamine():
    assert capability({"K22330"}, "dopamine").verdict == "cannot"
    assert capability({"K22330"}, "dopamine", medium=["gut", "levodopa"]).verdict == "makes"


def test_a_release_without_its_gene_is_inferred_and_says_which_genes_are_not_there():
    one = capability(DE_NOVO, "nicotinamide")
    assert one.present["nad_turnover"]
    assert not one.missing
    assert one.score == pytest.approx((5 + 0.5) / 6, abs=1e-4)
    told = " ".join(one.unknown)
    assert "inferred" in told
    assert "no hit for cobB (K12410)" in told
    assert set(one.genes) == DE_NOVO
    with_gene = capability(DE_NOVO | {"K12410"}, "nicotinamide")
    assert with_gene.score == 1
    assert not any("inferred" in text for text in with_gene.unknown)


def test_subunits_that_are_there_alone_are_named():
    one = capability({"K18427"}, "p-cresol")
    assert "hpdBC" in one.missing
    assert "K18427 is there, which is not a whole enzyme" in " ".join(one.reasons)


def test_ec_numbers_work_and_are_said_to_be_weaker():
    ecs = {"1.4.3.16", "2.5.1.72", "2.4.2.19", "2.7.7.18", "6.3.5.1"}
    one = capability((), "NAD", ecs=ecs)
    assert (one.verdict, one.score) == ("makes", 0.7)
    assert "EC numbers alone" in " ".join(one.reasons)
    assert capability((), "NAD", ecs=ecs - {"2.5.1.72"}).verdict == "unknown"
    assert capability((), "p-cresol", ecs={"4.1.1.-"}).verdict == "unknown"


def test_genes_are_named_where_they_are_known():
    one = capability(DE_NOVO, "NAD", named={"K03517": ("I5Q85_05350",)})
    assert "quinolinate synthase (K03517: I5Q85_05350)" in " ".join(one.reasons)


def test_an_exporter_is_evidence_and_its_absence_is_said():
    base = {"K00797", "K01581"}
    assert "no hit for spermidine exporter" in " ".join(capability(base, "spermidine").unknown)
    assert "leaves the cell by spermidine exporter" in " ".join(
        capability(base | {"K11742", "K11743"}, "spermidine").unknown
    )


@given(genomes, st.sampled_from(COMPOUNDS), st.integers(0, 2**32))
def test_the_order_of_genes_does_not_matter(kos, compound, seed):
    shuffled = sorted(kos)
    random.Random(seed).shuffle(shuffled)
    assert capability(shuffled, compound) == capability(kos, compound)


@given(genomes, genomes, st.sampled_from(COMPOUNDS))
def test_more_genes_never_make_a_step_missing(kos, more, compound):
    few, many = knowledge.carried(kos), knowledge.carried(kos | more)
    assert all(many[step].state != "missing" for step in few if few[step].state != "missing")
    before, after = capability(kos, compound), capability(kos | more, compound)
    if before.verdict in ("makes", "makes and consumes"):
        assert after.verdict in ("makes", "makes and consumes")
    assert set(before.consuming) <= set(after.consuming)


@given(genomes, st.sampled_from(COMPOUNDS))
def test_a_verdict_is_always_one_that_is_declared_and_the_score_a_share(kos, compound):
    one = capability(kos, compound)
    assert one.verdict in knowledge.VERDICTS
    assert 0 <= one.score <= 1
    assert not set(one.present) & set(one.missing)
    assert (one.verdict in ("makes", "makes and consumes", "releases")) <= (not one.missing)
    assert ("consumes" in one.verdict) == bool(one.consuming)


def test_the_base_rate_leaves_bare_genomes_aside():
    judged = capabilities({"a": DE_NOVO, "b": {"K00001"}, "c": set()}, ["NAD"])
    rate = judged.base_rates["NAD"]
    assert (rate.makes, rate.genomes) == (1, 2)
    assert rate.text() == "1 of the 2 genomes at hand make NAD anew: that a genome can proves little by itself"
    assert judged.table().shape == (3, 14)


def test_the_table_of_one_capability_has_its_steps():
    table = capability(DE_NOVO | {"K08281"}, "nicotinamide").table()
    assert table["state"].value_counts().to_dict() == {"present": 6, "consuming": 1}


RISE = Culture(1.0, 0.5, 1.5, 0.01, "log2", "M", 6)
FALL = Culture(-1.0, -1.5, -0.5, 0.01, "log2", "M", 6)
NOTHING = Culture(0.2, -0.4, 0.8, 0.4, "log2", "M", 6)


@pytest.mark.parametrize(
    ("kos", "culture", "verdict", "evidence"),
    [
        (DE_NOVO, RISE, "makes", "culture"),
        ({"K00001"}, RISE, "releases", "culture"),
        (DE_NOVO, FALL, "consumes", "culture"),
        (DE_NOVO, NOTHING, "makes", "genes"),
        ({"K00001"}, Culture(2.0, float("nan"), float("nan"), None, "log2", "M", 2, "too few"), "unknown", "genes"),
    ],
)
def test_a_culture_that_shows_something_is_preferred(kos, culture, verdict, evidence):
    one = with_culture(capability(kos, "nicotinamide"), culture)
    assert (one.verdict, one.evidence) == (verdict, evidence)
    assert any("culture" in reason for reason in one.reasons)


@pytest.mark.parametrize(
    ("out", "taken", "verdict"),
    [
        (2.0, 0.0, "makes"),
        (0.0, 3.0, "consumes"),
        (0.0, 0.0, "cannot"),
        (1e-9, 0.0, "cannot"),
        (1.0, 1.0, "makes and consumes"),
    ],
)
def test_a_model_decides_over_genes_and_a_culture_over_the_model(out, taken, verdict):
    one = with_exchange(capability(DE_NOVO, "nicotinamide"), Exchange(out, taken, 0.8, 0.5, "M"))
    assert (one.verdict, one.evidence) == (verdict, "model")
    assert with_culture(one, RISE).evidence == "culture"
    assert any("by genes alone: makes" in reason for reason in one.reasons) == (verdict != "makes")


def test_what_a_model_exports_without_being_given_it_is_made_unless_a_part_came_ready_made():
    out = Exchange(2.0, 0.0, 0.8, 0.5, "M")
    assert with_exchange(capability({"K00001"}, "indole"), out).verdict == "makes"
    assert with_exchange(capability({"K00001"}, "nicotinamide"), out).verdict == "releases"
