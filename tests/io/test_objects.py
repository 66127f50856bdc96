"""Objects of others: AnnData, MuData, and phyloseq as R saved it (data/phyloseq.R makes data/phyloseq.rds)."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from commensal import io
from commensal.errors import CommensalError
from commensal.io import phyloseq
from commensal.io.newick import check_tree
from commensal.pipeline import init, load
from commensal.study.declared import Assay

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


def test_obs_of_anndata_is_a_table_of_samples(tmp_path):
    one = made()
    with pytest.raises(CommensalError, match="no columns"):
        one.write_h5ad(tmp_path / "bare.h5ad")
        io.read_table(tmp_path / "bare.h5ad")
    one.obs["arm"] = pd.Categorical(["abx", None])
    one.obs["day"] = [7.0, 10.5]
    one.obs["sick"] = [True, False]
    one.write_h5ad(tmp_path / "t.h5ad")
    frame = io.read_table(tmp_path / "t.h5ad")
    assert frame.to_dict("list") == {
        "sample": ["S1", "S2"], "arm": ["abx", ""], "day": ["7", "10.5"], "sick": ["TRUE", "FALSE"],
    }  # fmt: skip
    content = (tmp_path / "t.h5ad").read_bytes()
    (tmp_path / "cut.h5ad").write_bytes(content[: len(content) // 3])
    with pytest.raises(CommensalError):
        io.read_table(tmp_path / "cut.h5ad")


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


STUDY, BARE = (RDS.with_name(f"phyloseq_{name}.rds") for name in ("study", "bare"))
#: From the root to each tip, as ape has it (data/phyloseq_study.R).
TIPS = ["ASV 1", "ASV6", "ASV4", "ASV;2", "ASV3", "ASV5"]
DEPTHS = [1.196812, 1.980793, 1.597681, 1.824354, 1.79075, 1.820782]


def test_sample_data_of_phyloseq():
    pytest.importorskip("rdata")
    frame = io.read_table(STUDY)
    assert list(frame.columns) == ["sample", "group", "household", "age", "bmi", "smoker"]
    assert frame.iloc[0].tolist() == ["P01", "patient", "H0", "40", "20.125", "TRUE"]
    assert frame["age"].tolist()[-1] == ""
    assert frame["smoker"].tolist()[:3] == ["TRUE", "FALSE", ""]
    with pytest.raises(CommensalError, match="has no sample_data") as refused:
        io.read_table(BARE)
    assert refused.value.mend


def test_tree_of_phyloseq():
    pytest.importorskip("rdata")
    text = phyloseq.read_tree(STUDY)
    assert set(check_tree(text, STUDY.name)) == set(TIPS)
    assert set(phyloseq.read_assay(STUDY, Assay("t", "taxa"), []).features) == set(TIPS)
    from skbio import TreeNode

    tree = TreeNode.read([text], convert_underscores=False)
    assert [tree.find(name).distance(tree) for name in TIPS] == pytest.approx(DEPTHS, abs=1e-6)
    assert [phyloseq.has_tree(one) for one in (STUDY, BARE, Path(__file__))] == [True, False, False]
    with pytest.raises(CommensalError, match="has no phy_tree"):
        phyloseq.read_tree(BARE)


def test_a_deep_tree_of_phyloseq_is_written_without_recursion():
    n = 3000
    inner = range(n + 1, 2 * n)
    edges = [[node, node + 1] for node in inner[:-1]] + [[node, i + 1] for i, node in enumerate(inner)]
    edges.append([2 * n - 1, n])
    tips = [f"t{i}" for i in range(n)]
    text = phyloseq._newick({"edge": edges, "edge.length": [1.0] * len(edges), "tip.label": tips})
    assert len(check_tree(text, "deep")) == n


@pytest.mark.parametrize("edge", [[[4, 1], [5, 2]], [[4, 5], [5, 4]], [[4]], []])
def test_edges_that_make_no_tree_are_refused(edge, monkeypatch):
    held = SimpleNamespace(phy_tree={"edge": edge, "tip.label": ["a", "b"]})
    monkeypatch.setattr(phyloseq, "_object", lambda _: held)
    with pytest.raises(CommensalError, match="no tree of ape"):
        phyloseq.read_tree(STUDY)


def test_a_phyloseq_object_alone_is_a_study(tmp_path):
    pytest.importorskip("rdata")
    study = init(tmp_path / "s", samples=STUDY, table=STUDY, block="household")
    text = study.read_text()
    assert 'tree = "phyloseq_study.rds"' in text
    assert 'kind = "taxa"' in text
    loaded = load(study)
    assert len(loaded.samples) == 12
    assert loaded.assays["phyloseq_study"].tree.endswith(";")


def test_an_anndata_file_of_an_unknown_encoding_is_refused_in_words(tmp_path):
    import h5py

    one = made()
    one.obs["day"] = [7.0, 10.5]
    one.write_h5ad(tmp_path / "t.h5ad")
    with h5py.File(tmp_path / "t.h5ad", "r+") as file:
        file["obs"].attrs["encoding-type"] = "of another time"
    for reading in (lambda: io.read_table(tmp_path / "t.h5ad"), lambda: io.read_assay(
        Assay("t", "taxa", file="t.h5ad", value="counts"), tmp_path, ["S1", "S2"]
    )):  # fmt: skip
        with pytest.raises(CommensalError, match="damaged, or no AnnData"):
            reading()
