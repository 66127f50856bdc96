"""One process at a time profiles a sample into a folder; what a killed one left is tidied up."""

from __future__ import annotations

import pytest

import commensal
from commensal import execution
from commensal.errors import OutputError
from commensal.reads import profile as module


def test_a_sample_that_is_being_profiled_is_left_to_it_and_others_go_on(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "profile_sample", lambda *_a, sample, **_k: sample)
    (tmp_path / "S1").mkdir()
    left = tmp_path / "S1" / ".taxa.parquet.99999999.tmp"
    left.touch()
    with execution.locked(tmp_path / "S1"):
        with pytest.raises(OutputError, match="another run is writing to this folder"):
            commensal.profile("S1_R1.fastq.gz", reference="REF", out=tmp_path)
        assert commensal.profile("S2_R1.fastq.gz", reference="REF", out=tmp_path) == "S2"
    assert commensal.profile("S1_R1.fastq.gz", reference="REF", out=tmp_path) == "S1"
    assert not left.exists()
