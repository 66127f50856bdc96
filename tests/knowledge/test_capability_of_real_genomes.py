"""The twelve genomes of the mouse community: what their hits above the threshold say, and what is known of them."""

from __future__ import annotations

import gzip

import pytest

from commensal import knowledge
from commensal.knowledge import capability

pytestmark = pytest.mark.real
ROUTE = {"YL44", "I48", "YL58", "I46", "YL32", "YL27"}
PNCA = {"YL32", "YL27", "YL45"}


@pytest.fixture(scope="module")
def community(data) -> dict[str, set[str]]:
    """Strain → KO numbers of its hits above the threshold, by plain string work."""
    found = {}
    for path in sorted((data / "genomes" / "annotations").glob("*_kofam.gff.gz")):
        with gzip.open(path, "rt") as lines:
            kos = {line.split(";KO=")[1].split(";")[0] for line in lines if ";F_score=*;" in line and ";KO=" in line}
        found[path.name.split("_")[-2]] = kos
    if len(found) != 12:
        pytest.skip(f"the annotations of the twelve genomes are not there ({len(found)})")
    return found


def test_half_of_the_twelve_carry_the_whole_route_and_the_base_rate_says_so(community):
    judged = knowledge.capabilities(community, ["nicotinamide", "NAD"])
    makers = {
        name
        for (name, compound), one in judged.rows.items()
        if compound == "nicotinamide" and one.verdict.startswith("makes")
    }
    assert makers == ROUTE
    assert judged.base_rates["nicotinamide"].text() == (
        "6 of the 12 genomes at hand make nicotinamide anew: that a genome can proves little by itself"
    )


def test_akkermansia_makes_the_pool_does_not_break_nicotinamide_down_and_its_release_is_inferred(community):
    own = community["YL44"]
    assert not own & {"K08281", "K00763", "K12410"}
    one = capability(own, "nicotinamide")
    assert one.verdict == "makes"
    assert list(one.present) == ["nadB", "nadA", "nadC", "nadD", "nadE", "nad_turnover"]
    assert not one.consuming
    assert "no hit for cobB (K12410)" in " ".join(one.unknown)
    assert capability(own, "nicotinate").verdict == "cannot"


def test_those_with_pnca_use_nicotinamide_up(community):
    verdicts = {name: capability(kos, "nicotinamide") for name, kos in community.items()}
    assert {name for name, one in verdicts.items() if "pncA" in one.consuming} == PNCA
    assert verdicts["YL45"].verdict == "consumes"
    assert verdicts["YL27"].verdict == "makes and consumes"


@pytest.mark.parametrize("name", ["KB1", "I49"])
def test_salvage_only_releases_what_it_was_given_and_never_makes(community, name):
    one = capability(community[name], "nicotinamide")
    assert one.verdict == "releases"
    assert {"pncB", "nadD", "nadE", "cobB"} <= set(one.present)
    assert capability(community[name], "nicotinamide", medium="minimal").score < 1
    assert one.score <= 0.5


def test_hits_below_the_threshold_would_say_otherwise(data, community):
    """YL2 has a weak hit for NAD synthase: it counts for nothing."""
    path = next((data / "genomes" / "annotations").glob("*YL2_kofam.gff.gz"))
    with gzip.open(path, "rt") as lines:
        every = {line.split(";KO=")[1].split(";")[0] for line in lines if ";KO=" in line}
    assert "K01950" in every - community["YL2"]


def test_what_is_known_of_these_bacteria(community):
    """Fermentation as physiology knows it: Akkermansia and Bacteroides make propionate, Flavonifractor butyrate."""
    makes = {
        compound: {name for name, kos in community.items() if capability(kos, compound).verdict.startswith("makes")}
        for compound in ("propionate", "butyrate", "acetate", "indole", "GABA")
    }
    assert {"YL44", "I48"} <= makes["propionate"]
    assert {"YL31"} <= makes["butyrate"]
    assert not {"YL44", "I48", "YL27", "KB1", "I49", "YL2"} & makes["butyrate"]
    assert {"YL44", "I48", "YL2", "YL58", "KB1"} <= makes["acetate"]
    assert makes["indole"] == set()
    assert "YL44" in makes["GABA"]
    salts = {name for name, kos in community.items() if capability(kos, "cholate").verdict == "releases"}
    assert {"I48", "KB1", "I49"} == salts
