"""phyloseq objects that R saved with ``saveRDS``: the table, its taxonomy, the samples' data.

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
from commensal.io.contents import Format, Matrix, require_unique
from commensal.io.text import head, load_bytes
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
                {**rdata.conversion.DEFAULT_CLASS_MAP, "otu_table": _array, "taxonomyTable": _array},
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


def _no_phyloseq(file: str, found: str) -> FormatError:
    return FormatError(
        "the file is damaged, or holds no phyloseq object", where=file, found=found,
        expected="what saveRDS(physeq, file) writes", mend="save the phyloseq object itself, by saveRDS",
    )  # fmt: skip


FORMAT = Format("phyloseq", "a phyloseq object, saved by R as .rds", sniff, read_assay)
