"""Lineages from the tables that collections and tools write."""

from __future__ import annotations

import gzip

import pytest

from commensal.reads.reference_taxonomy import read_taxonomy

SEVEN = ["Bacteria", "Verrucomicrobiota", "Verrucomicrobiae", "Verrucomicrobiales", "Akkermansiaceae", "Akkermansia"]
GTDB = ";".join(f"{p}__{n}" for p, n in zip("dpcofg", SEVEN, strict=True)) + ";s__Akkermansia muciniphila"
PLAIN = ";".join([*SEVEN, "Akkermansia muciniphila"])
RANKS = ("domain", "phylum", "class", "order", "family", "genus")
HEADER = "\t".join(RANKS)
TABLES = {
    "bac120_taxonomy.tsv": (f"RS_GCF_000020225.1\t{GTDB}\n", "GCF_000020225.1_ASM2022v1_genomic"),
    "bac120_metadata.tsv": (f"accession\tn\tgtdb_taxonomy\nRS_GCF_000020225.1\t0\t{GTDB}\n", "GCF_000020225.1"),
    "gtdbtk.summary.tsv": (f"user_genome\tclassification\tfastani\nbin.7\t{GTDB}\tN/A\n", "bin.7"),
    "genomes-all_metadata.tsv": (f"Genome\tLength\tLineage\nMGYG000000001\t1\t{GTDB}\n", "MGYG000000001"),
    "MGBC_md_26640.tsv": (f"MGBC_ID\tQuality\tTaxonomy (GTDB r95)\nMGBC000001\tHQ\t{GTDB}\n", "MGBC000001"),
    "taxonkit.tsv": (f"genome\tlineage\nYL44\t{PLAIN}\n", "YL44"),
    "ranks.csv": (f"file,{HEADER.replace(chr(9), ',')},species\nYL44.fna.gz,{','.join(SEVEN)},muciniphila\n", "YL44"),
    "ncbi.tsv": (
        "assembly_accession\tsuperkingdom\tphylum\tclass\torder\tfamily\tgenus\torganism_name\n"
        + "\t".join(["GCF_000020225.1", *SEVEN, "Akkermansia muciniphila"])
        + "\n",
        "GCF_000020225.1",
    ),
}


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("ending", ["", ".gz", "windows"])
def test_every_table_gives_the_same_lineage(tmp_path, name, ending):
    text, genome = TABLES[name]
    raw = text.replace("\n", "\r\n").encode() if ending == "windows" else text.encode()
    path = tmp_path / (name + ending if ending == ".gz" else name)
    path.write_bytes(gzip.compress(raw) if ending == ".gz" else raw)
    found = read_taxonomy(path)
    ranks = found.ranks[found.find(genome)]
    assert ranks == dict(zip((*RANKS, "species"), [*SEVEN, "Akkermansia muciniphila"], strict=True))


def test_other_versions_of_an_assembly_are_other_genomes(tmp_path):
    path = tmp_path / "t.tsv"
    path.write_text(f"RS_GCF_000020225.1\t{GTDB}\n")
    assert read_taxonomy(path).find("GCF_000020225.2") is None


def test_a_table_may_call_genomes_complete(tmp_path):
    path = tmp_path / "t.tsv"
    path.write_text("genome\tspecies\tassembly_level\na\tX y\tComplete Genome\nb\tX y\tContig\nc\tX y\tScaffold\n")
    assert read_taxonomy(path).complete == {"a"}
