"""Strains of real genomes, and real reads that say what cannot be seen."""

from __future__ import annotations

import pytest

from commensal.reads import build_reference, profile_sample

pytest.importorskip("pysylph")
YL44, BAA, YL27 = (
    "Akkermansia_muciniphila_YL44",
    "Akkermansia_muciniphila_ATCC_BAA-835",
    "Muribaculum_intestinale_YL27",
)
COLI, COPRI = "Escherichia_coli_SE15", "Segatella_copri_PS131S11"


@pytest.fixture(scope="module")
def real(data, tmp_path_factory):
    """Build a reference of five real genomes."""
    files = {name: data / "genomes" / f"{name}.fna.gz" for name in (YL44, BAA, YL27, COLI, COPRI)}
    if not all(path.is_file() for path in files.values()):
        pytest.skip(f"the real genomes are not in {data / 'genomes'}")
    return build_reference(list(files.values()), tmp_path_factory.mktemp("real") / "ref"), files


@pytest.mark.real
def test_two_strains_at_98_9_percent_are_told_apart(real, tmp_path):
    from commensal.simulation.reads import reads

    reference, files = real
    cells = {YL44: 0.45, BAA: 0.15, YL27: 0.4}
    reads(tmp_path, {name: files[name] for name in cells}, cells, n_pairs=30_000, seed=1)
    found = profile_sample(tmp_path / "sample_R1.fastq.gz", tmp_path / "sample_R2.fastq.gz", reference, tmp_path)
    rows = found.taxa.set_index("genome")
    assert rows["relative_abundance"].to_dict() == pytest.approx({**cells, "(unknown)": 0.0}, abs=0.04)
    assert rows.loc[[YL44, BAA], "status"].tolist() == ["coexisting", "coexisting"]


@pytest.mark.real
def test_real_reads_run_and_say_what_they_cannot_see(real, data, tmp_path):
    reference, _ = real
    gut = profile_sample(data / "reads" / "SRR5950647_subset.fq.gz", None, reference, tmp_path)
    # the subset was chosen by likeness to E. coli and S. copri; it is interleaved, and some reads have lost their mates
    assert set(gut.taxa["genome"]) <= {COLI, COPRI, "(unknown)"}
    assert gut.quality["layout"] == "interleaved"
    assert gut.quality["mates_missing"] > 0
    assert gut.quality["reads_in"] == 24_663
    demo = profile_sample(data / "reads" / "humann_demo.fastq.gz", None, reference, tmp_path)
    assert list(demo.taxa["genome"]) == ["(unknown)"]  # Bacteroides are not in this reference
    said = " ".join(demo.quality["warnings"])
    assert "all qualities are the same" in said
    assert "100% of the bases are of no genome" in said
    assert "shallow" in said


@pytest.mark.real
def test_reads_of_a_host_spiked_into_real_reads_are_removed_and_no_others(data, real, tmp_path):
    """The demo's own human reads have no sequence to map to here; the host is made, its reads are known by name."""
    import gzip

    from commensal.reads.fastq import Batch
    from commensal.reads.host import Host
    from commensal.simulation import mammal
    from commensal.simulation.reads import reads

    pytest.importorskip("mappy")
    demo = data / "reads" / "kneaddata_demo.fastq.gz"
    if not demo.is_file():
        pytest.skip(f"the real reads are not in {data / 'reads'}")
    own = gzip.decompress(demo.read_bytes()).decode().split("\n")[1::4]
    host = mammal(tmp_path / "host.fna", length=200_000)
    reads(tmp_path, {"host": host}, {"host": 1.0}, n_pairs=500, seed=3, name="spike")
    spiked = gzip.decompress((tmp_path / "spike_R1.fastq.gz").read_bytes()).decode().split("\n")[1::4]
    passed = Host([host])
    kept = [read for batch in passed([Batch([*own, *spiked], [])]) for read in batch.first]
    sensitivity = 1 - len(set(kept) & set(spiked)) / len(spiked)
    specificity = len([read for read in kept if read in set(own)]) / len(own)
    assert sensitivity >= 0.99
    assert specificity == 1.0
    reference, _ = real
    whole = tmp_path / "spiked.fastq.gz"
    whole.write_bytes(demo.read_bytes() + (tmp_path / "spike_R1.fastq.gz").read_bytes())
    found = profile_sample(whole, None, reference, tmp_path / "out", hosts=[host], layout="single")
    assert found.quality["host_reads"] == pytest.approx(len(spiked), abs=5)
    assert found.quality["reads_in"] == len(own) + len(spiked)
