"""Objects of others: AnnData, MuData, and phyloseq as R saved it (data/phyloseq.R makes data/phyloseq.rds)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from commensal import io
from commensal.errors import CommensalError

RDS = Path(__file__).parent / "data" / "phyloseq.rds"


def made():
    anndata = pytest.importorskip("anndata")
    return anndata.AnnData(
        np.array([[1.0, 2.0, 0.0], [0.0, 3.0, 4.0]]),
        pd.DataFrame(index=["S1", "S2"]),
        pd.DataFrame({"pathway": ["p", "q", "q"]}, index=["a", "b", "c"]),
    )


def test_anndata(read, tmp_path):
    one = made()
    one.layers["raw"] = one.X * 2
    one.write_h5ad(tmp_path / "t.h5ad")
    assert io.sniff(tmp_path / "t.h5ad") == "anndata"
    table = read(None, name="t.h5ad", value="counts")
    assert table.values.tolist() == [[1, 2, 0], [0, 3, 4]]
    assert table.features["pathway"].tolist() == ["p", "q", "q"]
    assert read(None, name="t.h5ad", value="counts", sheet="raw").values[0, 0] == 2
    with pytest.raises(CommensalError, match="no layer 'other'"):
        read(None, name="t.h5ad", value="counts", sheet="other")


@pytest.mark.filterwarnings("ignore")
def test_mudata_by_its_modality(read, tmp_path):
    mudata = pytest.importorskip("mudata")
    second = made()
    second.X = second.X + 1
    mudata.MuData({"stool": made(), "serum": second}).write(tmp_path / "t.h5mu")
    assert io.sniff(tmp_path / "t.h5mu") == "anndata"
    assert read(None, name="t.h5mu", sheet="serum").values[0].tolist() == [2, 3, 1]
    with pytest.raises(CommensalError, match="no modality is named"):
        read(None, name="t.h5mu")


def test_damaged_anndata(read, tmp_path):
    made().write_h5ad(tmp_path / "t.h5ad")
    whole = (tmp_path / "t.h5ad").read_bytes()
    with pytest.raises(CommensalError):
        read(whole[: len(whole) // 2], name="t.h5ad", format="anndata")


def test_phyloseq(read):
    pytest.importorskip("rdata")
    table = read(RDS.read_bytes(), name="t.rds", value="counts")
    assert table.samples == ("S1", "S2")
    assert table.values.tolist() == [[5, 0, 3], [1, 7, 2]]
    assert table.features["genus"].tolist()[:2] == ["Blautia", "Dorea"]
    with pytest.raises(CommensalError):
        read(RDS.read_bytes()[:200], name="t.rds", format="phyloseq", value="counts")
