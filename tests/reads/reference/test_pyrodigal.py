"""Gene calls by pyrodigal, where it is installed (GPL: never by default)."""

from __future__ import annotations

from importlib.util import find_spec

import pytest

from commensal.errors import CommensalError
from commensal.reads import build_reference


@pytest.mark.skipif(find_spec("pyrodigal") is not None, reason="pyrodigal is installed")
def test_without_pyrodigal_asking_for_it_is_one_error_and_leaves_no_folder(make):
    make.genome("a", 1)
    with pytest.raises(CommensalError, match="pyrodigal"):
        build_reference(make.genomes, make.folder / "REF", call_genes=True)
    assert not (make.folder / "REF").exists()


@pytest.mark.real
def test_calls_end_where_ncbis_end(data, tmp_path):
    pytest.importorskip("pyrodigal", reason="pyrodigal is not installed (the extra gpl)")
    genome = data / "genomes" / "Akkermansia_muciniphila_YL44.fna.gz"
    called = build_reference(genome, tmp_path / "called", call_genes=True)
    given = build_reference(genome, tmp_path / "given", annotations=data / "genomes" / "annotations")
    ends = [
        set(zip(g["strand"], g["end"].where(g["strand"] == "+", g["start"]), strict=True))
        for g in (called.genes(), given.genes())
    ]
    assert called.genomes()["status"].item() == "ok"
    # 97.8 % when written; other releases of Prodigal differ by a few genes.
    assert len(ends[0] & ends[1]) / len(ends[1]) > 0.95
