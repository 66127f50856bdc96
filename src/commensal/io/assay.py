"""From a declared assay to its table: file, format, ids, annotations, exclusions, values, tree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from commensal.errors import FormatError, StudyFileError, listing
from commensal.io.annotations import beside, feature_frame
from commensal.io.contents import Matrix
from commensal.io.exclude import excluded
from commensal.io.newick import check_tree, require_tips
from commensal.io.orientation import no_overlap
from commensal.io.paths import locate
from commensal.io.per_sample import read_per_sample
from commensal.io.registry import FORMATS, choose
from commensal.io.table import read_table
from commensal.io.values import check_values
from commensal.limits import in_time
from commensal.study.declared import Assay
from commensal.study.loaded import AssayTable


def read_assay(assay: Assay, root: Path, sample_ids: Sequence[str]) -> AssayTable:
    r"""Read one assay as the study file declares it.

    Parameters
    ----------
    assay
        The declaration.
    root
        Folder that its paths are relative to.
    sample_ids
        Ids of the samples table; they tell the orientation of a wide table and are matched exactly.

    Returns
    -------
    AssayTable
        n samples × m features: ids and order as in the file, values NaN where it has none; counts whole, relative
        values as shares of 1. Samples that the samples table does not know stay in: joining is the study's.

    Raises
    ------
    StudyFileError
        Reads (they are profiled, not read as a table), a path that leaves ``root``, keys that do not fit the file.
    TableError, FormatError
        Anything wrong with a file: what, where (line, column), and how to mend it.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = Path(folder, "taxa.tsv").write_text("sample\tg__Blautia\tg__\nS1\t7\t0\nS2\t1\t3\n")
    ...     assay = Assay("taxa", "taxa", file="taxa.tsv", value="counts")
    ...     table = read_assay(assay, Path(folder), ["S1", "S2"])
    >>> table.samples, table.features["label"].tolist(), table.values.tolist()
    (('S1', 'S2'), ['Blautia', 'unnamed genus'], [[7.0, 0.0], [1.0, 3.0]])
    """
    key = f"[assays.{assay.name}]"
    if assay.kind != "reads" and assay.files is not None and assay.reference is None:
        return _assemble(read_per_sample(assay, root, sample_ids), assay, root, sample_ids)
    if assay.kind == "reads" or assay.files is not None:  # reads, or one of the tables that they become
        raise StudyFileError(
            "reads are no table",
            where=key,
            found='kind = "reads"' if assay.kind == "reads" else f"files = {assay.files!r}",
            expected="a table: file = ...",
            mend="`commensal run` profiles reads; from Python: commensal.load(study, profiles=FOLDER)",
        )
    if assay.file is None:
        raise StudyFileError("the assay names no file", where=key, expected="file = ...", mend="name its table")
    path = locate(root, assay.file, f"{key} file")
    form = choose(path, assay.format, f"{key} format")
    if form.read_assay is None:
        raise FormatError(
            f"{path.name} holds no table of measurements",
            where=f"{key} file",
            found=form.description,
            expected="samples × features",
            mend=_role(form.name),
        )
    if assay.sheet is not None and not form.sheets:
        raise StudyFileError(
            f"{path.name} has no sheets",
            where=f"{key} sheet",
            found=f"{assay.sheet!r}, and {form.description}",
            expected="sheet with " + ", ".join(one.name for one in FORMATS.values() if one.sheets),
            mend="remove the key",
        )
    with in_time(path.name, path.stat().st_size):
        matrix = form.read_assay(path, assay, sample_ids)
    if not set(sample_ids).intersection(matrix.samples):
        raise no_overlap(matrix.file, matrix.samples, sample_ids)
    return _assemble(matrix, assay, root, sample_ids)


def _assemble(matrix: Matrix, assay: Assay, root: Path, sample_ids: Sequence[str]) -> AssayTable:
    annotations, dropped = matrix.annotations, list(matrix.dropped)
    if assay.features.file is not None:
        path = locate(root, assay.features.file, f"[assays.{assay.name}] features.file")
        more, unused = beside(read_table(path), assay, matrix.features)
        more.index = annotations.index
        dropped += unused
        annotations = pd.concat([annotations.drop(columns=more.columns, errors="ignore"), more], axis=1)
    label = assay.features.label
    if label is not None and label not in annotations.columns:
        raise StudyFileError(
            f"{matrix.file} has no annotation {label!r}",
            where=f"[assays.{assay.name}] features.label",
            found=listing(map(repr, annotations.columns)) or "no annotations in the file",
            expected="a column of annotations",
            mend="correct the name, or name the file that holds it: features = { file = ... }",
        )
    named = assay
    if label is None and matrix.label in annotations.columns:
        label = matrix.label
        named = replace(assay, features=replace(assay.features, label=label))
    everything = feature_frame(matrix, named, annotations)
    names = [everything["label"].tolist()]
    if label is not None:
        names.append([str(cell) for cell in annotations[label].tolist()])
    keep, left_out = excluded(assay.name, assay.exclude, matrix.features, *names)
    kept = np.array(keep, dtype=bool)
    values = check_values(matrix, assay, kept, set(sample_ids))
    features = everything[kept] if left_out else everything
    return AssayTable(
        assay=assay,
        samples=matrix.samples,
        features=features,
        values=values,
        tree=_tree(assay, root, list(features.index)),
        dropped=(*dropped, *left_out),
        quality=matrix.quality,
    )


def _tree(assay: Assay, root: Path, features: Sequence[str]) -> str | None:
    if assay.tree is None:
        return None
    key = f"[assays.{assay.name}] tree"
    path = locate(root, assay.tree, key)
    form = choose(path, None)
    if form.read_tree is None:
        raise FormatError(
            f"{path.name} holds no tree",
            where=key,
            found=form.description,
            expected="Newick text, a QIIME 2 artifact of type Phylogeny, or a phyloseq object with a tree",
            mend="name the tree's file",
        )
    with in_time(path.name, path.stat().st_size):
        text = form.read_tree(path)
    require_tips(check_tree(text, path.name), features, path.name, assay.name)
    return text


def _role(name: str) -> str:
    if name == "mothur_taxonomy":
        return "name the .shared file here, and this one as features = { file = ... }"
    if name == "newick":
        return "name the table here, and this one as tree = ..."
    return "name the table of measurements"
