"""A whole study as MuData: one modality per assay, samples as its observations.

Source of the format: https://mudata.readthedocs.io. A file opens with mudata alone, without commensal.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pandas as pd

from commensal.errors import OutputError
from commensal.study import AssayTable, LoadedStudy
from commensal.study.scverse import as_anndata, storable

if TYPE_CHECKING:
    from anndata import AnnData
    from mudata import MuData

#: Where commensal's own things are, in ``uns``.
KEY = "commensal"
#: Bytes before the HDF5 of a MuData file, which say what it is.
_BLOCK = 512


def to_mudata(loaded: LoadedStudy, tables: Mapping[str, pd.DataFrame] | None = None) -> MuData:
    """Return a study as MuData.

    Parameters
    ----------
    loaded
        The study with its data.
    tables
        Further tables by name (``estimates``, ``claims`` …), kept in ``uns["commensal"]``.

    Returns
    -------
    mudata.MuData
        One modality per assay: ``X`` (n samples, m features) in the units of the table (``uns["value"]``; NaN where
        there is no value), ``var`` the features' annotations, ``obs`` the samples. ``.obs`` of the whole has every
        sample that some assay has. ``uns["commensal"]`` holds the study file, the subjects, phenotypes and events.

    Raises
    ------
    OutputError
        No assay has a sample of the study.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from commensal import load, simulation
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     whole = to_mudata(load(simulation.cohort(Path(folder), seed=1)))
    >>> sorted(whole.mod)
    ['csf', 'genes', 'serum', 'species']
    """
    import mudata

    parts = {name: _modality(loaded, table) for name, table in loaded.assays.items() if loaded.matches[name].matched}
    if not parts:
        raise OutputError("no assay has a sample of the study", mend="look at `commensal check`")
    with _quiet():
        whole = mudata.MuData(parts)
        whole.obs = storable(loaded.samples.loc[list(whole.obs_names)])
    own: dict[str, Any] = {"study": loaded.declared.path.read_text(encoding="utf-8-sig")}
    given = {"subjects": loaded.subjects.reset_index(), "phenotypes": loaded.phenotypes, "events": loaded.events}
    for name, frame in {**given, **(tables or {})}.items():
        if frame is not None and len(frame):
            own[name] = storable(frame.reset_index(drop=True))
    whole.uns[KEY] = own
    return whole


@contextmanager
def _quiet() -> Iterator[None]:
    """Let feature names be shared by two assays, and leave the samples of the whole as they are set."""
    import mudata

    with warnings.catch_warnings(), mudata.set_options(pull_on_update=False):
        warnings.simplefilter("ignore")
        yield


def write_mudata(whole: MuData, path: Path) -> None:
    """Write MuData to HDF5 (``.h5mu``).

    It is made in memory and then written: HDF5 that meets a full disk ends the process. mudata has no door for that, so
    that a version without the function taken here writes to the path by itself.
    """
    import h5py
    import mudata

    try:
        from mudata._core.io import _write_h5mu
    except ImportError:
        with _quiet():
            whole.write_h5mu(path)
        return
    made = BytesIO()
    with _quiet(), h5py.File(made, "w", userblock_size=_BLOCK) as file:
        _write_h5mu(file, whole, compression="gzip")
    head = f"MuData (format-version={mudata.__mudataversion__};creator=muon;creator-version={mudata.__version__})"
    made.getbuffer()[:_BLOCK] = head.encode().ljust(_BLOCK, b"\0")
    path.write_bytes(made.getbuffer())


def _modality(loaded: LoadedStudy, table: AssayTable) -> AnnData:
    return as_anndata(table, loaded.samples.loc[list(loaded.matches[table.name].matched)])


def attach(whole: MuData, assay: str, name: str, rows: pd.DataFrame) -> None:
    """Put results of features beside them: ``whole[assay].varm[name]``, one row per feature, NaN where there is none.

    Parameters
    ----------
    whole
        As from `to_mudata`.
    assay, name
        The modality, and the key.
    rows
        Unique index of feature ids; any columns.
    """
    part = whole[assay]
    part.varm[name.replace("/", "_")] = cast("Any", storable(rows.reindex(part.var_names)))
