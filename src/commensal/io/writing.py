"""Tables as text, BIOM and Newick: what other programs read."""

from __future__ import annotations

from importlib import resources
from io import BytesIO
from pathlib import Path

import numpy as np
import pandas as pd

from commensal import cells
from commensal.io.lineage import RANKS
from commensal.study import AssayTable


def write_tsv(frame: pd.DataFrame, path: Path, *, index: str | None = None) -> None:
    """Write a frame as tab-separated UTF-8 text; a missing value is an empty cell, numbers keep every digit.

    Text that a spreadsheet would run as a formula gets an apostrophe, which our readers take off again.

    Parameters
    ----------
    frame
        Any frame.
    path
        The file.
    index
        Name of the first column, which then holds the index; without it the index is not written.
    """
    told = frame if index is None else frame.rename_axis(index).reset_index()
    path.write_text(cells.tsv(told, missing=""), encoding="utf-8", newline="\n")


def by_features(table: AssayTable, samples: list[str] | None = None) -> pd.DataFrame:
    """Return an assay as (m features, n samples); only the samples that are named, if any are."""
    frame = pd.DataFrame(table.values.T, index=table.features.index, columns=list(table.samples))
    return frame if samples is None else frame[samples]


def write_biom(table: AssayTable, samples: list[str], path: Path) -> None:
    """Write an assay as BIOM 2.1 (HDF5), lineages as ``taxonomy``; zeros are not stored, missing values not allowed.

    Raises
    ------
    ValueError
        A value is missing: BIOM has no way to say so.
    """
    import h5py
    from biom import Table

    frame = by_features(table, samples)
    if frame.isna().to_numpy().any():
        raise ValueError("BIOM has no missing values")
    ranks = [rank for rank in RANKS if rank in table.features]
    notes = [
        {"taxonomy": [f"{rank[0]}__{'' if pd.isna(one) else one}" for rank, one in zip(ranks, row, strict=True)]}
        for row in table.features[ranks].itertuples(index=False)
    ]
    made = Table(
        frame.to_numpy(),
        [str(one) for one in frame.index],
        list(frame.columns),
        notes if ranks else None,
        None,
        type="OTU table",
    )
    made.create_date = None
    content = BytesIO()  # HDF5 that meets a full disk ends the process
    with h5py.File(content, "w") as handle:
        made.to_hdf5(handle, "commensal")
    path.write_bytes(content.getbuffer())


def write_tree(table: AssayTable, path: Path) -> None:
    """Write the tree of an assay as Newick."""
    assert table.tree is not None
    path.write_text(table.tree.strip() + "\n", encoding="utf-8", newline="\n")


def loader() -> str:
    """Return the R function that reads an exported folder."""
    return resources.files("commensal.io").joinpath("loader.R").read_text(encoding="utf-8")


def finite(table: AssayTable) -> bool:
    """Say whether an assay has no missing value."""
    return bool(np.isfinite(table.values).all())
