"""KO by HMMER profiles: a gene whose protein was drawn from a profile is found, one of noise is not."""

from __future__ import annotations

import numpy as np
import pytest

from commensal.errors import FormatError, TableError
from commensal.reads import build_reference
from commensal.reads.annotation_profiles import translate
from commensal.reads.reference_genes import Gene

pyhmmer = pytest.importorskip("pyhmmer")

CODON = {
    "A": "GCT",
    "C": "TGT",
    "D": "GAT",
    "E": "GAA",
    "F": "TTT",
    "G": "GGT",
    "H": "CAT",
    "I": "ATT",
    "K": "AAA",
    "L": "CTG",
    "M": "ATG",
    "N": "AAT",
    "P": "CCT",
    "Q": "CAA",
    "R": "CGT",
    "S": "AGC",
    "T": "ACT",
    "V": "GTT",
    "W": "TGG",
    "Y": "TAT",
}
PROTEIN = "M" + "".join(np.random.default_rng(3).choice(list(CODON), 150))


def profile(make, name: str) -> None:
    alphabet = pyhmmer.easel.Alphabet.amino()
    sequence = pyhmmer.easel.TextSequence(name=name.encode(), sequence=PROTEIN).digitize(alphabet)
    hmm, _, _ = pyhmmer.plan7.Builder(alphabet).build(sequence, pyhmmer.plan7.Background(alphabet))
    path = make.folder / "profiles" / f"{name}.hmm"
    path.parent.mkdir(exist_ok=True)
    with path.open("wb") as file:
        hmm.write(file)


@pytest.fixture
def with_gene(make):
    from commensal.reads.reference_fasta import read_genome

    rng = np.random.default_rng(1)
    gene = "".join(CODON[a] for a in PROTEIN) + "TAA"
    noise = "".join(rng.choice(list("ACGT"), 30_000))
    turned = gene.translate(str.maketrans("ACGT", "TGCA"))[::-1]
    make.text("genomes/s.fna", f">c1\n{noise[:100]}{gene}{noise[100:900]}{turned}{noise[900:]}\n")
    assert read_genome(make.genomes / "s.fna").length > 30_000
    size = len(gene)
    places = (("fwd", 101, 100 + size, "+"), ("rev", 901 + size, 900 + 2 * size, "-"), ("noise", 5001, 5900, "+"))
    make.gff("annotations/s.gff", "c1", genes=places)
    return make


def test_genes_are_translated_on_both_strands(with_gene):
    made = build_reference(with_gene.genomes, with_gene.folder / "REF", annotations=with_gene.folder / "annotations")
    from commensal.reads.reference_fasta import read_genome

    genome = read_genome(with_gene.genomes / "s.fna")
    contigs = dict(zip(genome.ids, genome.contigs, strict=True))
    for row in made.genes().itertuples():
        if row.gene != "noise":
            gene = Gene(row.gene, row.contig, row.start, row.end, row.strand, row.length, None, "gff")
            assert translate(contigs, gene) == PROTEIN


def test_hits_above_the_threshold_are_entries(with_gene):
    profile(with_gene, "K00278")
    least = with_gene.text("ko_list", "knum\tthreshold\tscore_type\nK00278\t100.0\tfull\nK03517\t-\t-\n")
    more = {"annotations": with_gene.folder / "annotations", "profiles": with_gene.folder / "profiles"}
    made = build_reference(with_gene.genomes, with_gene.folder / "REF", thresholds=least, **more)
    found = made.functions()
    assert found[["gene", "id", "source"]].to_numpy().tolist() == [
        ["fwd", "K00278", "pyhmmer"],
        ["rev", "K00278", "pyhmmer"],
    ]
    assert (found["score"] > 100).all()
    high = with_gene.text("high", "knum\tthreshold\tscore_type\nK00278\t100000\tdomain\n")
    assert build_reference(with_gene.genomes, with_gene.folder / "R2", thresholds=high, **more).functions().empty


def test_profiles_without_threshold_or_ko_are_refused(with_gene):
    more = {"annotations": with_gene.folder / "annotations", "profiles": with_gene.folder / "profiles"}
    with pytest.raises(Exception, match="no such file"):
        build_reference(with_gene.genomes, with_gene.folder / "REF", **more)
    profile(with_gene, "K00278")
    with pytest.raises(FormatError, match="no threshold"):
        build_reference(with_gene.genomes, with_gene.folder / "REF", **more)
    (with_gene.folder / "profiles" / "K00278.hmm").unlink()
    with pytest.raises(TableError, match="no profile"):
        build_reference(with_gene.genomes, with_gene.folder / "REF", **more)
    profile(with_gene, "TIGR00551")
    with pytest.raises(FormatError, match="named by no KO"):
        build_reference(with_gene.genomes, with_gene.folder / "REF", **more)
    with_gene.text("profiles/TIGR00551.hmm", "not a profile\n")
    with pytest.raises(FormatError, match="no HMMER profile"):
        build_reference(with_gene.genomes, with_gene.folder / "REF", **more)
