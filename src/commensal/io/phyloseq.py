"""phyloseq objects that R saved with ``saveRDS``: the table, its taxonomy, the samples' data, the tree.

Source of the formats: R Internals, "Serialization Formats"; the class ``phyloseq`` of the Bioconductor package of that
name. The library rdata reads the file: nothing in it is run. It comes with the extra ``r``.
"""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from commensal.errors import FormatError
from commensal.io.contents import Format, Matrix, cell_text, require_unique
from commensal.io.text import head, load_bytes
from commensal.limits import in_time
from commensal.study.declared import Assay


def sniff(path: Path) -> bool:
    """Say whether the file is R's serialization; what it holds is seen when it is read."""
    return head(path).startswith(b"X\n\x00\x00\x00")


def read_assay(path: Path, assay: Assay, sample_ids: Sequence[str]) -> Matrix:  # noqa: ARG001  one signature for all
    """Read the table of a phyloseq object, with its taxonomy as annotations.

    Raises
    ------
    FormatError
        rdata is not installed; damaged; no phyloseq object.
    TableError
        Ids that are empty or not unique.
    """
    found = _object(path)
    table: Any = getattr(found, "otu_table", None)
    known: Any = getattr(found, "tax_table", None)
    dims = getattr(table, "dims", ())
    if len(dims) != 2 or not all(dim in table.coords for dim in dims):
        raise _no_phyloseq(path.name, type(found).__name__)
    values: Any = np.asarray(table.values, dtype=np.float64)
    names = [[str(name) for name in table.coords[dim].values] for dim in dims]
    in_rows = table.attrs.get("taxa_are_rows", not set(sample_ids) & set(names[0]))
    features, samples = names if in_rows else names[::-1]
    values = values.T if in_rows else values
    require_unique(samples, lambda i: f"sample {i + 1}", what="sample", file=path.name)
    require_unique(features, lambda i: f"taxon {i + 1}", what="feature", file=path.name)
    notes = pd.DataFrame(index=pd.Index(features, dtype="object"))
    if getattr(known, "ndim", 0) == 2 and hasattr(known, "coords"):
        rows, columns = (list(map(str, known.coords[dim].values)) for dim in known.dims)
        cells = pd.DataFrame(known.values, rows, columns).reindex(features)
        notes = cells.map(_text)
        notes["taxonomy"] = [_lineage(columns, row) for row in notes.itertuples(index=False)]
    return Matrix(
        path.name, tuple(samples), tuple(features), np.ascontiguousarray(values), notes,
        lambda i, k: f"{path.name}, sample {samples[i]!r}, taxon {features[k]!r}",
    )  # fmt: skip


def read_table(path: Path) -> pd.DataFrame:
    """Read the samples' data: a column ``sample`` of the names of its rows, then its own, as text.

    Raises
    ------
    FormatError
        rdata is not installed; damaged; no phyloseq object, or one without data of samples.
    """
    frame = getattr(_object(path), "sam_data", None)
    if not isinstance(frame, pd.DataFrame) or not len(frame):
        raise _without(path.name, "sample_data", "name a table of samples of its own")
    first = "sample" if "sample" not in frame.columns else ".sample"
    cells = {str(name): frame[name].map(cell_text).to_list() for name in frame.columns}
    made = pd.DataFrame({first: frame.index.map(str), **cells}, dtype=object)
    made.attrs |= {"file": path.name, "lines": range(1, len(made) + 1)}
    return made


def read_tree(path: Path) -> str:
    """Read the tree as Newick text.

    Raises
    ------
    FormatError
        rdata is not installed; damaged; no phyloseq object, or one without a tree.
    """
    tree = getattr(_object(path), "phy_tree", None)
    if not isinstance(tree, dict) or "edge" not in tree:
        raise _without(path.name, "phy_tree", "leave tree = ... out, or name a file of Newick text")
    try:
        return _newick(tree)
    except (ValueError, KeyError, IndexError, TypeError) as error:
        raise FormatError(
            "phy_tree is no tree of ape's",
            where=path.name,
            found=f"{type(error).__name__}: {error}",
            expected="edges from one root to every tip",
            mend="make it again in R: ape::read.tree(text = ape::write.tree(phy_tree(physeq)))",
        ) from error


def has_tree(path: Path) -> bool:
    """Say whether a file is a phyloseq object with a tree; False for whatever else it is."""
    if not sniff(path):
        return False
    try:
        with in_time(path.name, path.stat().st_size):
            return bool(read_tree(path))
    except FormatError:
        return False


def _newick(tree: dict[str, Any]) -> str:
    """Write ape's ``phylo``: edges from node to node, tips being 1 … n in the order of their labels."""
    edges = np.asarray(tree["edge"], dtype=np.int64).reshape(-1, 2)
    lengths = np.asarray(tree["edge.length"], dtype=np.float64) if "edge.length" in tree else None
    tips = [_quoted(name) for name in np.atleast_1d(tree["tip.label"])]
    inner = [_quoted(name) for name in np.atleast_1d(tree.get("node.label", []))]
    named = {i + 1: name for i, name in enumerate([*tips, *inner])}
    children: dict[int, list[int]] = {}
    behind: dict[int, str] = {}
    for k, (above, below) in enumerate(edges.tolist()):
        children.setdefault(above, []).append(below)
        behind[below] = "" if lengths is None else f":{float(lengths[k])!r}"
    (root,) = set(children) - set(behind)
    made: dict[int, str] = {}
    stack = [root]
    while stack:  # without recursion: trees may be thousands deep
        node = stack[-1]
        waiting = [child for child in children.get(node, ()) if child not in made]
        if waiting:
            if len(stack) > len(edges):
                raise ValueError("edges go round in a circle")
            stack += waiting
            continue
        inside = ",".join(made.pop(child) for child in children.get(node, ()))
        made[node] = (f"({inside})" if inside else "") + named.get(node, "") + behind.get(node, "")
        stack.pop()
    return made[root] + ";"


def _quoted(name: Any) -> str:
    text = str(name)
    plain = text and not any(one in text for one in " \t()[]':;,")
    return text if plain or not text else "'" + text.replace("'", "''") + "'"


def _without(file: str, part: str, mend: str) -> FormatError:
    return FormatError(
        f"the phyloseq object has no {part}",
        where=file,
        found="an object without it",
        expected=f"an object with {part}",
        mend=mend,
    )


def _text(cell: Any) -> str:
    return "" if pd.isna(cell) else str(cell)


def _lineage(ranks: Sequence[str], cells: Sequence[str]) -> str:
    short = {"kingdom": "d", "domain": "d", "phylum": "p", "class": "c", "order": "o", "family": "f", "genus": "g",
             "species": "s"}  # fmt: skip
    parts = [(short[rank.lower()], cell) for rank, cell in zip(ranks, cells, strict=True) if rank.lower() in short]
    return ";".join(cell if "__" in cell else f"{mark}__{cell}" for mark, cell in parts)


def _object(path: Path) -> Any:
    try:
        import rdata
    except ImportError as error:
        raise FormatError(
            "files of R need the library rdata", where=path.name, found="it is not installed",
            expected="the extra r of commensal", mend="pip install 'commensal[r]'; or write the table from R as TSV",
        ) from error  # fmt: skip
    import warnings

    raw = load_bytes(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return rdata.conversion.convert(
                rdata.parser.parse_data(gzip.compress(raw, 1)),
                {
                    **rdata.conversion.DEFAULT_CLASS_MAP,
                    "otu_table": _array,
                    "taxonomyTable": _array,
                    "sample_data": _frame,
                    "phylo": lambda made, _: {str(name): part for name, part in made.items()},
                },
            )
    except Exception as error:  # the library raises many kinds on damaged files
        raise _no_phyloseq(path.name, f"{type(error).__name__}: {str(error)[:100]}") from error


def _array(made: Any, attributes: Any) -> Any:
    """Make a table with names of its rows and columns, and which of the two taxa are."""
    import xarray

    held = attributes or {}
    names = [[str(one) for one in part] for part in held.get("dimnames", [])]
    shape = tuple(int(one) for one in held.get("dim", []))
    data = np.asarray(getattr(made, "values", made))
    if data.ndim == 1:
        data = data.reshape(shape, order="F")
    dims = ("dim_0", "dim_1")
    table = xarray.DataArray(data, dict(zip(dims, names, strict=True)), dims)
    if "taxa_are_rows" in held:
        table.attrs["taxa_are_rows"] = bool(np.ravel(held["taxa_are_rows"])[0])
    return table


def _frame(made: Any, attributes: Any) -> Any:
    """Make the samples' data with the names of its rows; R keeps rows without names as their number."""
    columns = {str(name): np.ma.getdata(part) if not hasattr(part, "dtype") else part for name, part in made.items()}
    names = np.atleast_1d((attributes or {}).get("row.names", []))
    width = max((len(part) for part in columns.values()), default=0)
    index = [str(one) for one in names] if len(names) == width else [str(i + 1) for i in range(width)]
    cells = {name: pd.Series(list(part), index=index, dtype=object) for name, part in columns.items()}
    return pd.DataFrame(cells, index)


def _no_phyloseq(file: str, found: str) -> FormatError:
    return FormatError(
        "the file is damaged, or holds no phyloseq object", where=file, found=found,
        expected="what saveRDS(physeq, file) writes", mend="save the phyloseq object itself, by saveRDS",
    )  # fmt: skip


FORMAT = Format("phyloseq", "a phyloseq object, saved by R as .rds", sniff, read_assay, read_table, read_tree)
