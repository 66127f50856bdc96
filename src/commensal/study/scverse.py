"""Tables as scverse's programs hold them: AnnData of one assay.

Source of the format: https://anndata.readthedocs.io.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from anndata import AnnData

    from commensal.study.loaded import AssayTable


def as_anndata(table: AssayTable, samples: pd.DataFrame) -> AnnData:
    """Return one assay as AnnData.

    Parameters
    ----------
    table
        The assay.
    samples
        Rows of the study's samples, index = sample id: these samples of the table, in this order.
    """
    from anndata import AnnData

    at = {sample: i for i, sample in enumerate(table.samples)}
    rows = [at[str(name)] for name in samples.index]
    uns = {"kind": table.assay.kind, "value": str(table.assay.value), "unit": table.assay.unit or ""}
    if table.tree:
        uns["tree"] = table.tree
    made = AnnData(
        X=np.ascontiguousarray(table.values[rows]), obs=storable(samples), var=storable(table.features), uns=uns
    )
    if table.limits is not None:
        made.layers["limits"] = np.ascontiguousarray(table.limits[rows])
    return made


def storable(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a frame that HDF5 can hold: text as categories, text index, names without slashes.

    Examples
    --------
    >>> storable(pd.DataFrame({"a/b": pd.array(["x", None], dtype="string")})).columns.tolist()
    ['a_b']
    """
    told: dict[str, Any] = {}
    for name, column in frame.items():
        plain_name = str(name).replace("/", "_")
        while plain_name in told:
            plain_name += "_"
        if pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column):
            told[plain_name] = column.to_numpy() if column.dtype.kind in "iufb" else column.array
        else:
            told[plain_name] = pd.Categorical(column.astype("string").astype(object))
    made = pd.DataFrame(told, index=pd.Index([str(one) for one in frame.index], dtype=object))
    made.index.name = None
    return made
