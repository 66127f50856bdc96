"""Sound files in every format: what the broken ones are made from.

Text seeds are what the readers' own examples write (each format's module holds one), so a new format brings its seed.
"""

from __future__ import annotations

import contextlib
import doctest
import gzip
import importlib
import io as std
import json
import pkgutil
import tempfile
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import openpyxl
import pandas as pd

import commensal.io
import commensal.reads

#: Ids of the samples table that every assay is matched against.
IDS = ["S1", "S2", "S3", "KO1", "WT1"]
UUID = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
STUDY = """
[study]
name = "tiny"
[tables.samples]
file = "samples.tsv"
[variables.arm]
levels = ["water", "abx"]
[assays.taxa]
kind = "taxa"
file = "taxa.tsv"
value = "counts"
[contrasts.abx]
column = "arm"
case = "abx"
control = "water"
[questions.taxa]
kind = "depletion"
contrast = "abx"
assays = ["taxa"]
"""
WIDE = "sample\tglucose\tlactate\tg__Blautia\nS1\t1.5\t2\t7\nS2\t3\t4\t0\nS3\t2\t1\t5\n"
SAMPLES = "sample\tsubject\tarm\tage\nS1\tm1\twater\t41\nS2\tm2\tabx\t39\nS3\tm3\tabx\t50\n"
GFF = (
    "##gff-version 3\nc1\tProdigal\tCDS\t1\t90\t.\t+\t0\tID=c1_1;product=x;KO=K00001\n"
    "c1\tProdigal\tCDS\t100\t300\t.\t-\t0\tID=c1_2;ec_number=1.1.1.1\n"
)
SALMON = "Name\tLength\tEffectiveLength\tTPM\tNumReads\nNampt\t900\t700.5\t10.0\t7\nNmnat1\t800\t600\t5\t3\n"
STAR = "N_unmapped\t3\t3\t3\nN_multimapping\t3\t3\t3\nN_noFeature\t3\t3\t3\nN_ambiguous\t1\t0\t0\nNampt\t9\t1\t8\n"
FASTQ = "".join(f"@r{i}\n{'ACGT' * 20}\n+\n{'I' * 80}\n" for i in range(8))
FASTA = ">c1 one\n" + "ACGTTGCA" * 30 + "\n>c2\n" + "GGCCAATT" * 30 + "\n"
MANIFEST = {"format": 1, "id": "0" * 64, "files": {}, "warnings": []}


@dataclass(frozen=True)
class Seed:
    """A sound file: what reads it, its name, its bytes."""

    kind: str  #: format or role
    reader: str  #: assay, table, tree, sets, study, fastq, genome, manifest, annotations, taxonomy
    name: str
    data: bytes
    declared: dict[str, Any] = field(default_factory=dict)


def _written() -> list[tuple[str, str, bytes]]:
    """Run the examples of every reader, and keep what they write."""
    found: list[tuple[str, str, bytes]] = []
    text, raw = Path.write_text, Path.write_bytes
    module = ""

    def write_text(self: Path, data: str, *rest: Any, **more: Any) -> int:
        found.append((module, self.name, data.encode()))
        return text(self, data, *rest, **more)

    def write_bytes(self: Path, data: bytes) -> int:
        found.append((module, self.name, bytes(data)))
        return raw(self, data)

    Path.write_text, Path.write_bytes = write_text, write_bytes  # type: ignore[assignment, method-assign]
    try:
        for info in pkgutil.iter_modules(commensal.io.__path__):
            module = info.name
            loaded = importlib.import_module(f"commensal.io.{module}")
            runner = doctest.DocTestRunner(verbose=False)
            for test in doctest.DocTestFinder(exclude_empty=True).find(loaded):
                with contextlib.redirect_stdout(std.StringIO()):
                    runner.run(test)
    finally:
        Path.write_text, Path.write_bytes = text, raw  # type: ignore[method-assign]
    return found


def biom_hdf5(folder: Path) -> bytes:
    """A BIOM 2.1 table of two observations and three samples."""
    with h5py.File(folder / "t.biom", "w") as file:
        file.attrs.update({"format-version": [2, 1], "shape": [2, 3], "type": "OTU table", "nnz": 3})
        for axis, ids in (("observation", ["O1", "O2"]), ("sample", ["S1", "S2", "S3"])):
            file[f"{axis}/ids"] = np.array(ids, dtype="S8")
        file["observation/matrix/indptr"] = np.array([0, 2, 3], dtype="i4")
        file["observation/matrix/indices"] = np.array([1, 2, 0], dtype="i4")
        file["observation/matrix/data"] = np.array([5.0, 1.0, 2.0])
        file["observation/metadata/taxonomy"] = np.array([["k__B", "g__X"], ["k__B", "g__Y"]], dtype="S8")
    return (folder / "t.biom").read_bytes()


def biom_json() -> dict[str, Any]:
    """A BIOM 1.0 document."""
    return {
        "format": "Biological Observation Matrix 1.0.0",
        "matrix_type": "sparse",
        "shape": [2, 3],
        "rows": [{"id": "O1", "metadata": {"taxonomy": ["k__B", "g__X"]}}, {"id": "O2", "metadata": None}],
        "columns": [{"id": name, "metadata": None} for name in IDS[:3]],
        "data": [[0, 1, 5], [0, 2, 1], [1, 0, 2]],
    }


def artifact(kind: str, member: str, data: bytes) -> bytes:
    """A QIIME 2 artifact."""
    out = std.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{UUID}/metadata.yaml", f"uuid: {UUID}\ntype: {kind}\nformat: X\n")
        archive.writestr(f"{UUID}/data/{member}", data)
    return out.getvalue()


def workbook() -> bytes:
    """A plain table in a workbook."""
    book, out = openpyxl.Workbook(), std.BytesIO()
    for row in (["molecule", "S1", "S2", "S3"], ["glucose", 1.5, 3, 2], ["lactate", 2, 4, 1]):
        book.active.append(row)
    book.save(out)
    return out.getvalue()


def parquet() -> bytes:
    """A wide table in Parquet."""
    out = std.BytesIO()
    pd.DataFrame({"sample": IDS[:3], "glucose": [1.5, 3, 2], "lactate": [2, 4, 1]}).to_parquet(out)
    return out.getvalue()


def seeds() -> list[Seed]:
    """Return every sound file, several readers apiece where several may be given it."""
    made = [Seed(module, "assay", name, data, {"kind": "metabolites"}) for module, name, data in _written()]
    made = [seed for seed in made if b"\t" in seed.data or b"," in seed.data]
    with tempfile.TemporaryDirectory() as folder:
        hdf5 = biom_hdf5(Path(folder))
    tree = b"((S1:0.1,O1:0.2)0.9:0.05,'O 2':0.3);"
    made += [
        Seed("wide", "assay", "t.tsv", WIDE.encode()),
        Seed("wide", "assay", "t.csv", WIDE.replace("\t", ",").encode()),
        Seed("wide", "assay", "t.tsv.gz", gzip.compress(WIDE.encode(), mtime=0)),
        Seed("biom 2.1", "assay", "t.biom", hdf5),
        Seed("biom 1.0", "assay", "t.biom", json.dumps(biom_json()).encode()),
        Seed("qiime2", "assay", "t.qza", artifact("FeatureTable[Frequency]", "feature-table.biom", hdf5)),
        Seed("qiime2", "tree", "tree.qza", artifact("Phylogeny[Rooted]", "tree.nwk", tree)),
        Seed(
            "qiime2",
            "table",
            "tax.qza",
            artifact("FeatureData[Taxonomy]", "taxonomy.tsv", b"Feature ID\tTaxon\tConfidence\nO1\tk__B\t0.9\n"),
        ),
        Seed("workbook", "assay", "t.xlsx", workbook()),
        Seed("workbook", "table", "t.xlsx", workbook()),
        Seed("parquet", "assay", "t.parquet", parquet()),
        Seed("parquet", "table", "t.parquet", parquet()),
        Seed("metadata", "table", "samples.tsv", SAMPLES.encode()),
        Seed("metadata", "table", "samples.csv", SAMPLES.replace("\t", ",").encode()),
        Seed("metadata", "table", "q2.tsv", b"sample-id\tday\n#q2:types\tnumeric\nS1\t7\nS2\t8\n"),
        Seed("newick", "tree", "tree.nwk", tree),
        Seed("gmt", "sets", "sets.gmt", b"NAD\tsalvage\tNampt\tNmnat1\nTCA\tcycle\tCs\tAco2\n"),
        Seed("study file", "study", "study.toml", STUDY.encode()),
        Seed("study file", "study", "study.toml", STUDY.encode()),
        Seed("salmon", "quant", "S1.sf", SALMON.encode()),
        Seed("star", "counts", "S1.tab", STAR.encode()),
        Seed("host genome", "host", "host.fna", FASTA.encode()),
        Seed("truth of a simulation", "truth", "truth.json", json.dumps({"kind": "als"}).encode()),
        Seed("fastq", "fastq", "s_R1.fastq", FASTQ.encode()),
        Seed("fastq", "fastq", "s_R1.fastq.gz", gzip.compress(FASTQ.encode(), mtime=0)),
        Seed("genome", "genome", "g.fna", FASTA.encode()),
        Seed("genome", "genome", "g.fna.gz", gzip.compress(FASTA.encode(), mtime=0)),
        Seed("reference manifest", "manifest", "manifest.json", json.dumps(MANIFEST).encode()),
        Seed("annotations", "annotations", "g.gff", GFF.encode()),
        Seed("annotations", "annotations", "g.tsv", b"gene\tKO\nc1_1\tK00001\nc1_2\tK00002\n"),
        Seed("taxonomy", "taxonomy", "tax.tsv", b"genome\tclassification\ng\td__Bacteria;p__X;s__Y z\n"),
    ]
    return made
