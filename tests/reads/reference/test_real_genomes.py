"""The real genomes: the NAD steps of each are those in its KofamScan file, read here by a loop of its own."""

from __future__ import annotations

import gzip

import pytest

from commensal import knowledge
from commensal.reads import build_reference
from commensal.reads.reference_info import capabilities, describe

pytestmark = pytest.mark.real
STEPS = (
    "K00278",
    "K03517",
    "K00767",
    "K00969",
    "K01950",
    "K00763",
    "K08281",
    "K03743",
    "K01916",
    "K12410",
    "K06211",
    "K03811",
)


@pytest.fixture(scope="module")
def made(data, tmp_path_factory):
    genomes = data / "genomes"
    files = [
        path
        for path in sorted(genomes.glob("*.fna.gz"))
        if path.name.split("_")[-1][:2] in ("YL", "KB", "I4") or "BAA" in path.name
    ]
    return build_reference(
        files,
        tmp_path_factory.mktemp("ref") / "REF",
        taxonomy=genomes / "manifest.tsv",
        annotations=genomes / "annotations",
    )


def in_file(path) -> set[str]:
    """KO numbers of the hits above the threshold, by plain string work."""
    with gzip.open(path, "rt") as lines:
        return {line.split(";KO=")[1].split(";")[0] for line in lines if ";F_score=*;" in line and ";KO=" in line}


def test_all_eight_annotated_genomes_carry_what_their_kofam_files_say(made, data):
    files = {}
    for path in sorted((data / "genomes" / "annotations").glob("*_kofam.gff.gz")):
        with gzip.open(path, "rt") as lines:
            files[next(line.split("\t")[0] for line in lines if not line.startswith("#"))] = path
    functions, genes = made.functions(), made.genes()
    contigs = dict(genes.drop_duplicates("genome")[["genome", "contig"]].itertuples(index=False, name=None))
    assert len(contigs) == 8
    for genome, contig in contigs.items():
        own = functions[(functions["genome"] == genome) & (functions["namespace"] == "KO")]
        expected = in_file(files[contig])
        assert set(own["id"]) == expected, genome
        assert set(own["id"]) & set(STEPS) == expected & set(STEPS)
        assert set(own["gene"]) <= set(genes.loc[genes["genome"] == genome, "gene"])


def test_akkermansia_yl44_makes_nad_de_novo_and_cannot_take_nicotinamide(made):
    kos = made.functions().query("genome == 'Akkermansia_muciniphila_YL44' and namespace == 'KO'")["id"]
    assert {"K00278", "K03517", "K00767", "K00969", "K01950"} <= set(kos)
    assert not {"K00763", "K08281", "K03743", "K01916"} & set(kos)
    table = capabilities(made)
    own = (
        table[table["genome"] == "Akkermansia_muciniphila_YL44"]
        .drop_duplicates("pathway")
        .set_index("pathway")["complete"]
    )
    assert own["nad_de_novo"]
    assert not own["nad_from_nicotinamide_deamidated"]
    assert not own["nad_from_nicotinate"]
    assert not own["nicotinamide_consumption"]


def test_a_genome_without_annotation_is_unknown_not_unable(made):
    table = capabilities(made, "nad_de_novo")
    other = table[table["genome"] == "Akkermansia_muciniphila_ATCC_BAA-835"]
    assert len(other) == len(knowledge.pathways()["nad_de_novo"].steps)
    assert other["present"].isna().all()
    assert other["complete"].isna().all()


def test_the_two_akkermansia_are_neighbours(made):
    near = made.neighbours().set_index(["genome", "neighbour"])["ani"]
    ani = near["Akkermansia_muciniphila_YL44", "Akkermansia_muciniphila_ATCC_BAA-835"]
    assert ani == pytest.approx(0.989, abs=0.002)


def test_what_the_folder_says_of_itself(made):
    text = "\n".join(describe(made).sentences())
    assert "genomes: 9 (8 ok, 1 no_genes); species: 8" in text
    assert "genes: 21,315" in text
