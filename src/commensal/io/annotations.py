"""What is known of each feature: a file beside the table, columns inside it, or the lineage in its id."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from commensal.errors import TableError, listing, nearest
from commensal.io.contents import MISSING, Matrix, require_unique
from commensal.io.lineage import (
    Lineage,
    disambiguate,
    lineage_frame,
    parse_lineage,
    plain_label,
    positional_lineage,
)
from commensal.study.declared import Assay
from commensal.study.loaded import Dropped

#: Annotation columns that hold lineages, whatever the file's origin (lower case).
LINEAGE_COLUMNS = ("taxon", "taxonomy", "lineage", "consensuslineage", "clade_name")


def beside(frame: pd.DataFrame, assay: Assay, features: Sequence[str]) -> tuple[pd.DataFrame, tuple[Dropped, ...]]:
    """Bring the rows of an annotation file into the order of the features.

    Parameters
    ----------
    frame
        The file as `read_table` gives it.
    assay
        Its ``features.id`` names the column of ids; the first column otherwise.
    features
        The m feature ids of the table.

    Returns
    -------
    pandas.DataFrame, shape (m, columns), and what was left out
        Features that the file does not name have missing annotations.

    Raises
    ------
    TableError
        No such column, duplicated ids, or no id in common.
    """
    file, key = str(frame.attrs.get("file", assay.features.file)), f"[assays.{assay.name}] features"
    column = assay.features.id or str(frame.columns[0])
    for name in filter(None, (column, assay.features.label)):
        if name not in frame.columns:
            raise TableError(
                f"{file} has no column {name!r}",
                where=key,
                found=listing(map(repr, frame.columns)),
                expected=f"perhaps {nearest(name, map(str, frame.columns))[:1]}",
                mend="correct the column's name",
            )
    ids = frame[column].astype(str).tolist()
    lines = frame.attrs.get("lines", range(2, len(frame) + 2))
    require_unique(ids, lambda i: f"line {lines[i]}", what="feature", file=file)
    known = set(features)
    unused = [name for name in ids if name not in known]
    if len(unused) == len(ids):
        close = [f"{hit[0]!r} looks like {name!r}" for name in features[:3] if (hit := nearest(name, ids[:2000]))]
        raise TableError(
            f"no feature of the table occurs in column {column!r} of {file}",
            where=key,
            found=f"ids such as {listing(map(repr, ids[:3]))}",
            expected=f"features such as {listing(map(repr, features[:3]))}",
            mend="name the column of ids: features = { id = ... }; ids are matched exactly"
            + (f" ({listing(close)}; look-alikes are never matched)" if close else ""),
        )
    dropped: tuple[Dropped, ...] = ()
    if unused:
        reason = f"{len(unused)} of {len(ids)} rows name no feature of the table: {listing(map(repr, unused), 3)}"
        dropped = (Dropped("row", f"assay {assay.name}", file, reason),)
    return frame.set_index(frame[column].astype(str)).reindex(list(features)), dropped


def feature_frame(matrix: Matrix, assay: Assay, annotations: pd.DataFrame) -> pd.DataFrame:
    """Build the features of an assay: ``label`` first, then ranks, then annotations; index = ids as in the file.

    The label is the declared column; else, for taxa, a readable name from the lineage in an annotation column or in the
    id; else the id. Lineages in the declared column are read as such too. A label that occurs twice gets what tells it
    apart behind it.

    Parameters
    ----------
    matrix, assay
        The table and its declaration.
    annotations
        m rows in the order of the features, from inside the table and beside it.

    Returns
    -------
    pandas.DataFrame, shape (m, 1 + ranks + annotations)
        All columns are strings, missing where the file has nothing.
    """
    ids = list(matrix.features)
    text = annotations.astype("string").set_axis(ids, axis=0)
    missing = {*MISSING, *assay.missing}
    text = text.mask(text.isin(list(missing)))
    source = _lineage_column(text, assay)
    lineages = _lineages(text[source].tolist()) if source else None
    if lineages is None and assay.kind == "taxa":
        lineages, source = _lineages(ids, prefixed_only=True), None
    if lineages is not None:
        frame = lineage_frame(ids, lineages, by_id=source is not None)
        if assay.features.label and assay.features.label != source:
            frame["label"] = _plain(ids, text[assay.features.label])
    else:
        label = assay.features.label
        labels = _plain(ids, text[label]) if label else disambiguate([plain_label(name) for name in ids], ids)
        frame = pd.DataFrame({"label": labels}, index=pd.Index(ids, dtype="object"), dtype="string")
    for name in text.columns:
        column = text[name]
        if column.fillna("").tolist() == ids:
            continue  # the column of ids, once more
        frame[f"{name} (file)" if name in frame.columns else str(name)] = column.to_numpy()
    result = frame.astype("string")
    result.attrs = {"file": matrix.file, "encoding": matrix.encoding}
    return result


def _plain(ids: Sequence[str], labels: pd.Series) -> list[str]:
    filled = [name if pd.isna(label) else str(label) for name, label in zip(ids, labels.tolist(), strict=True)]
    return disambiguate(filled, ids)


def _lineage_column(text: pd.DataFrame, assay: Assay) -> str | None:
    """Find the column that holds lineages: the declared label, if it does, else one with a telling name."""
    if assay.kind != "taxa":
        return None
    named = [str(c) for c in text.columns if str(c).lower() in LINEAGE_COLUMNS]
    candidates = [assay.features.label] if assay.features.label else []
    for name in [*candidates, *named]:
        cells = text[name].dropna()
        if len(cells) and _holds_lineages(cells.tolist(), telling=name in named):
            return name
    return None


def _holds_lineages(cells: Sequence[str], *, telling: bool) -> bool:
    """Say whether some cell has rank prefixes; under a telling name, semicolons in most cells do as well."""
    if any(parse_lineage(cell) is not None for cell in cells):
        return True
    return telling and 2 * sum(";" in cell for cell in cells) > len(cells)


def _lineages(cells: Sequence[object], *, prefixed_only: bool = False) -> list[Lineage | None] | None:
    """Parse each cell; None when none is a lineage (with prefixes), or when most are none (without)."""
    parsed: list[Lineage | None] = []
    for cell in cells:
        text = cell if isinstance(cell, str) else ""
        lineage = parse_lineage(text)
        parsed.append(lineage if lineage is not None or prefixed_only else positional_lineage(text))
    good = sum(lineage is not None for lineage in parsed)
    return parsed if good and (prefixed_only or 2 * good > len(parsed)) else None
