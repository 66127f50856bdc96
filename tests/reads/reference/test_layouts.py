"""The downloads of GTDB, UHGG and MGBC, generated as they lie on disk after unpacking."""

from __future__ import annotations

import pytest

from commensal.reads import build_reference
from commensal.reads.reference_sources import find_genomes

LINEAGE = "d__Bacteria;p__P;c__C;o__O;f__F;g__G;s__G one"
PRODIGAL = ">{0}_1 # 101 # 1000 # 1 # ID=1_1;partial=00\nMKLVEF*\n"


def gtdb(make):
    root = "gtdb/gtdb_genomes_reps_r220/database/GCA/000/007/325"
    make.genome("GCA_000007325.1_genomic", 1, contig="AE1.1", where=root)
    make.genome(
        "GCF_000020225.1_genomic", 2, contig="NC1.1", where="gtdb/gtdb_genomes_reps_r220/database/GCF/000/020/225"
    )
    make.text(
        "gtdb/bac120_taxonomy_r220.tsv", f"GB_GCA_000007325.1\t{LINEAGE}\nRS_GCF_000020225.1\t{LINEAGE[:-3]}two\n"
    )
    make.text("gtdb/ar53_taxonomy_r220.tsv", "RS_GCF_000000001.1\td__Archaea\n")
    make.text("gtdb/protein_faa_reps/bacteria/GB_GCA_000007325.1_protein.faa", PRODIGAL.format("AE1.1"))
    return "gtdb", ["GCA_000007325.1", "GCF_000020225.1"]


def uhgg(make):
    for at, name in enumerate(("MGYG000000001", "MGYG000000002")):
        root = f"uhgg/species_catalogue/{name[:-2]}/{name}/genome"
        make.genome(name, at + 1, contig=f"{name}_1", where=root)
        make.gff(f"{root}/{name}.gff", f"{name}_1", genes=((f"{name}_00001", 101, 1000, "+"),))
        make.text(
            f"{root}/{name}_eggNOG.tsv",
            f"#query\tseed_ortholog\tevalue\tscore\tEC\tKEGG_ko\n{name}_00001\tx\t0\t9\t-\tko:K00278\n",
        )
        make.text(f"{root}/{name}.faa", f">{name}_00001 x\nMKLVEF\n")
    make.text("uhgg/species_catalogue/MGYG0000000/MGYG000000001/pan-genome/pan-genome.fna", ">g\nACGT\n")
    make.text(
        "uhgg/genomes-all_metadata.tsv",
        "Genome\tGenome_type\tLength\tN_contigs\tSpecies_rep\tLineage\n"
        f"MGYG000000001\tIsolate\t1\t1\tMGYG000000001\t{LINEAGE}\nMGYG000000002\tMAG\t1\t1\tMGYG000000002\t{LINEAGE}\n",
    )
    return "uhgg", ["MGYG000000001", "MGYG000000002"]


def mgbc(make):
    for at, name in enumerate(("MGBC000001", "MGBC000003")):
        make.genome(name, at + 1, contig="NODE_1", where="mgbc/MGBC-hqnr_26640")
        make.text(
            f"mgbc/MGBC-gbk_26640/{name}.gbk",
            "LOCUS       NODE_1  30000 bp DNA linear BCT 01-JAN-2021\nFEATURES             Location/Qualifiers\n"
            f'     CDS             101..1000\n                     /locus_tag="{name}_00001"\n'
            '                     /EC_number="1.4.3.16"\nORIGIN\n//\n',
        )
    make.text("mgbc/MGBC_md_26640.tsv", f"MGBC_ID\tTaxonomy (GTDB r95)\nMGBC000001\t{LINEAGE}\nMGBC000003\t{LINEAGE}\n")
    return "mgbc", ["MGBC000001", "MGBC000003"]


@pytest.mark.parametrize("collection", [gtdb, uhgg, mgbc])
def test_a_collection_is_known_and_its_own_tables_are_used(make, collection):
    layout, names = collection(make)
    found = find_genomes(make.folder / layout)
    assert (found.layout, list(found.genomes)) == (layout, names)
    made = build_reference(make.folder / layout, make.folder / "REF")
    genomes = made.genomes()
    assert genomes["genome"].tolist() == names
    assert genomes["species"].notna().all()
    assert genomes["genes"].tolist()[0] == 1
    assert made.manifest["parameters"]["layout"] == layout
    if layout != "gtdb":  # its proteins come without functions
        assert set(made.functions()["id"]) == {"K00278" if layout == "uhgg" else "1.4.3.16"}


def test_files_of_genes_are_no_genomes(make):
    make.genome("a", 1)
    make.genome("GCF_000020225.1_ASM2022v1_cds_from_genomic", 2)
    make.text("genomes/a.ffn", ">g\nACGT\n")
    assert list(find_genomes(make.genomes).genomes) == ["a"]
