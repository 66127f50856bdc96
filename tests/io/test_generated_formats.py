"""BIOM 1.0, BIOM 2.1 with taxonomy, QIIME 2 artifacts and trees, made as their specifications say."""

from __future__ import annotations

import gzip
import io as std
import json
import zipfile

import biom
import h5py
import numpy as np
import pytest
from skbio import TreeNode

from commensal import io
from commensal.errors import FormatError, StudyFileError, TableError
from commensal.io.newick import check_tree
from commensal.study.declared import Features

COUNTS = np.array([[0, 5, 1], [2, 0, 0]])  # observations × samples
LINEAGES = [["k__Bacteria", "p__Firmicutes", "g__Blautia"], ["k__Bacteria", "p__Firmicutes", "g__"]]
IDS = ["S1", "S2", "S3"]
TREE = "((O1:0.1,O2:0.2)0.9:0.05,O3:0.3);"


def reference(metadata=True) -> biom.Table:
    return biom.Table(COUNTS, ["O1", "O2"], IDS, [{"taxonomy": t} for t in LINEAGES] if metadata else None)


def biom1(matrix_type: str) -> dict:
    """A document with every field that the 1.0 specification requires."""
    cells = COUNTS.tolist()
    if matrix_type == "sparse":
        cells = [[int(i), int(j), int(COUNTS[i, j])] for i, j in np.argwhere(COUNTS)]
    return {
        "id": None,
        "format": "Biological Observation Matrix 1.0.0",
        "format_url": "http://biom-format.org/documentation/format_versions/biom-1.0.html",
        "type": "OTU table",
        "generated_by": "QIIME 1.9.1",
        "date": "2014-02-03T11:00:00",
        "rows": [{"id": f"O{i + 1}", "metadata": {"taxonomy": t}} for i, t in enumerate(LINEAGES)],
        "columns": [{"id": name, "metadata": None} for name in IDS],
        "matrix_type": matrix_type,
        "matrix_element_type": "int",
        "shape": [2, 3],
        "data": cells,
    }


def hdf5(table: biom.Table, tmp_path) -> bytes:
    with h5py.File(tmp_path / "made.biom", "w") as file:
        table.to_hdf5(file, "test")
    return (tmp_path / "made.biom").read_bytes()


def artifact(kind: str, member: str, data: bytes, *, extra: str | None = None) -> bytes:
    root = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
    out = std.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{root}/VERSION", "QIIME 2\narchive: 5\nframework: 2024.10.1\n")
        archive.writestr(f"{root}/metadata.yaml", f"uuid: {root}\ntype: {kind}\nformat: X\n")
        archive.writestr(f"{root}/data/{member}", data)
        if extra:
            archive.writestr(extra, "x")
    return out.getvalue()


@pytest.mark.parametrize("matrix_type", ["sparse", "dense", "biom-format", "gz"])
def test_biom_1(read, matrix_type):
    if matrix_type == "biom-format":
        contents = reference().to_json("test").encode()
    elif matrix_type == "gz":
        contents = gzip.compress(json.dumps(biom1("sparse")).encode())
    else:
        contents = json.dumps(biom1(matrix_type)).encode()
    table = read(contents, IDS, name="t.biom", value="counts")
    np.testing.assert_array_equal(table.values, COUNTS.T)
    assert table.samples == tuple(IDS)
    assert table.features["label"].tolist() == ["Blautia (O1)", "unnamed genus of Firmicutes (O2)"]
    assert table.features["phylum"].tolist() == ["Firmicutes"] * 2


def test_a_label_that_the_file_does_not_have(read):
    contents = json.dumps(biom1("sparse"))
    assert read(contents, IDS, features=Features(label="taxonomy")).features["label"].iloc[0] == "Blautia (O1)"
    with pytest.raises(StudyFileError, match=r"features.label: t.tsv has no annotation 'name'(.|\n)*'taxonomy'"):
        read(contents, IDS, features=Features(label="name"))


@pytest.mark.parametrize("metadata", [True, False])
def test_biom_2(read, tmp_path, metadata):
    table = read(hdf5(reference(metadata), tmp_path), IDS, name="t.biom", value="counts")
    np.testing.assert_array_equal(table.values, COUNTS.T)
    expected = ["Blautia (O1)", "unnamed genus of Firmicutes (O2)"] if metadata else ["O1", "O2"]
    assert table.features["label"].tolist() == expected


@pytest.mark.parametrize(
    ("change", "parts"),
    [
        ({"shape": [2, 4]}, ["no BIOM table", "shape [2, 4]"]),
        ({"data": [[9, 0, 1]]}, ["no BIOM table", "outside the matrix"]),
        ({"data": [[0, 0, "x"]]}, ["no BIOM table"]),
        ({"matrix_type": "other"}, ["no BIOM table", "matrix_type 'other'"]),
        ({"columns": [{"id": "S1"}, {"id": "S1"}, {"id": "S2"}]}, ["'S1' (sample 1, sample 2)"]),
        ({"rows": [{"id": "O1"}, {"id": "O1"}]}, ["'O1' (observation 1, observation 2)"]),
        ({"rows": [], "shape": [0, 3], "data": []}, ["the BIOM table is empty"]),
        ({"columns": None}, ["no BIOM table"]),
    ],
)
def test_bad_biom_1(read, change, parts):
    with pytest.raises(TableError) as caught:
        read(json.dumps(biom1("sparse") | change), IDS, name="t.biom", value="counts")
    for part in parts:
        assert part in str(caught.value)


def test_biom_2_cut_short(read, tmp_path):
    whole = hdf5(reference(), tmp_path)
    for size in (20, len(whole) // 3, len(whole) - 50):
        with pytest.raises(FormatError, match=r"t.biom: the file is damaged"):
            read(whole[:size], IDS, name="t.biom")


@pytest.mark.parametrize("kind", ["FeatureTable[Frequency]", "FeatureTable[RelativeFrequency]"])
def test_qiime2_artifacts(read, tmp_path, kind):
    (tmp_path / "tax.qza").write_bytes(
        artifact(
            "FeatureData[Taxonomy]",
            "taxonomy.tsv",
            b"Feature ID\tTaxon\tConfidence\nO2\td__Bacteria; g__Dorea\t0.9\nO1\td__Bacteria\t1\n",
        )
    )
    (tmp_path / "tree.qza").write_bytes(artifact("Phylogeny[Rooted]", "tree.nwk", TREE.encode()))
    contents = artifact(kind, "feature-table.biom", hdf5(reference(False), tmp_path))
    table = read(contents, IDS, name="t.qza", features=Features(file="tax.qza"), tree="tree.qza")
    np.testing.assert_array_equal(table.values, COUNTS.T)
    assert table.features["label"].tolist() == ["Bacteria (O1)", "Dorea (O2)"]
    assert table.tree == TREE


@pytest.mark.parametrize(
    ("contents", "parts"),
    [
        (artifact("FeatureData[Sequence]", "x.fasta", b">a"), ["cannot be used as an assay", "FeatureData[Sequence]"]),
        (artifact("FeatureTable[Frequency]", "other", b"x"), ["damaged or cut short", "feature-table.biom"]),
        (artifact("FeatureTable[Frequency]", "feature-table.biom", b"x"), ["no BIOM table"]),
        (artifact("FeatureTable[Frequency]", "../../x", b"x"), ["a path that leaves it", "../../x"]),
        (artifact("FeatureTable[Frequency]", "y", b"x", extra="/etc/x"), ["a path that leaves it"]),
        (artifact("FeatureTable[Frequency]", "y", b"x", extra="other/x"), ["2 folders at its top"]),
        (artifact("FeatureTable[Frequency]", "feature-table.biom", b"x" * 999)[:200], ["damaged or cut short"]),
    ],
)
def test_bad_artifacts(read, contents, parts):
    with pytest.raises(FormatError) as caught:
        read(contents, name="t.qza")
    for part in parts:
        assert part in str(caught.value)


def test_artifacts_that_unpack_to_too_much(read, monkeypatch):
    monkeypatch.setenv("COMMENSAL_LIMIT_ARTIFACT", "10000")
    with pytest.raises(FormatError, match="unpacks to more than is allowed"):
        read(artifact("FeatureTable[Frequency]", "feature-table.biom", b"0" * 20_000), name="t.qza")


def test_unrooted_phylogenies_are_trees_too(read, tmp_path):
    (tmp_path / "tree.qza").write_bytes(artifact("Phylogeny[Unrooted]", "tree.nwk", b"(O1:1,O2:1,O3:1);"))
    assert read("id\tO1\nS1\t1\n", tree="tree.qza").tree == "(O1:1,O2:1,O3:1);"


@pytest.mark.parametrize(
    "text",
    [
        TREE,
        "((O1:0.1,O2:0.2):0.05,O3:0.3)root;",
        "( ('O 1':1e-3 ,\n O_2:2)[a comment]x:1, 'it''s':3 ):0.0;\n",
        "((a:1,b:1,c:1,d:1):1,e:0.01);",
        "((((a:1):1):1,b:1):1,c:1);",
        "(a:1,b:1,c:1);",
    ],
)
def test_trees_have_the_tips_that_scikit_bio_finds(text):
    tree = TreeNode.read([text], format="newick", convert_underscores=False)
    assert check_tree(text, "t") == tuple(tip.name for tip in tree.tips())


def test_deep_trees_do_not_break_the_reader():
    n = 20_000
    text = "(" * n + "t0:1" + "".join(f",t{i + 1}:1)" + (":1" if i + 1 < n else "") for i in range(n)) + ";"
    assert len(check_tree(text, "t")) == n + 1


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("((a:1,b:1):1,c:1)", "does not end with ';'"),
        ("((a:1,b:1:1,c:1);", "ends before its brackets close"),
        ("(a:1,b:1));", "never opened"),
        ("(a:1,b:1);(c:1,d:1);", "more than one tree"),
        ("((a:1,b:1),c:1);", "an edge has no length"),
        ("((a:1,b):1,c:1);", "an edge has no length"),
        ("((a:1,b:x):1,c:1);", "length is no number"),
        ("((a:1,b:-0.1):1,c:1);", "negative length"),
        ("((a:1,:1):1,c:1);", "a tip has no name"),
        ("((a:1,b:1):1,a:1);", "tips occur more than once"),
        ("(('a:1,b:1):1,c:1);", "a quote or comment does not end"),
    ],
)
def test_bad_trees(text, part):
    with pytest.raises(FormatError) as caught:
        check_tree(text, "tree.nwk")
    assert part in str(caught.value)
    assert "tree.nwk" in str(caught.value)


@pytest.mark.parametrize("name", ["tree.nwk", "tree.tre", "tree.txt.gz"])
def test_tree_files(read, tmp_path, name):
    data = f"{TREE}\n".encode()
    (tmp_path / name).write_bytes(gzip.compress(data) if name.endswith("gz") else data)
    assert io.sniff(tmp_path / name) == "newick"
    text = "id\tO1\tO2\tO4\nS1\t1\t2\t3\n"
    assert read(text, tree=name, exclude=("O4",)).tree == TREE
    with pytest.raises(TableError, match=r"\[assays.a\] tree (.|\n)*1 of 3 features are no tips(.|\n)*'O4'"):
        read(text, tree=name)
    with pytest.raises(FormatError, match=r"t\.tsv holds no tree"):
        read(text, tree="t.tsv")
