r"""XCMS' peak tables: ``peakTable``, ``diffreport``, or feature definitions beside feature values.

Source of the format: the manual of the Bioconductor package xcms (https://bioconductor.org/packages/xcms):
``peakTable`` writes mz, mzmin, mzmax, rt, rtmin, rtmax, npeaks, a column per class of samples (in how many of them the
peak was found) and a column per sample; ``diffreport`` writes name, fold, tstat, pvalue, mzmed … rtmax, npeaks and the
same; ``featureDefinitions`` has mzmed … rtmax, npeaks, peakidx, ms_level, bound to ``featureValues`` by row names
(``FT0001``). CAMERA appends isotopes, adduct, pcgroup. Times are in seconds. NA is a peak not found; after
``fillPeaks`` a 0 is no signal either; ``zero = "below_detection"`` makes both zeros that were not seen. Nothing is
identified here.

Columns of samples are named after their files: the sample's id may be the name, or the name without ``.mzML``,
``.mzXML``, ``.mzData``, ``.CDF``, ``.raw`` or ``.d``.

Examples
--------
>>> import tempfile
>>> from pathlib import Path
>>> with tempfile.TemporaryDirectory() as folder:
...     place = Path(folder, "peaks.csv")
...     _ = place.write_text(",mzmed,mzmin,mzmax,rtmed,rtmin,rtmax,npeaks,KO,WT,S1.mzML,S2.mzML\n"
...                          "FT001,123.055,123.05,123.06,61.2,60,62,2,1,1,10,NA\n")
...     matrix = read_assay(place, Assay("p", "metabolites", file="peaks.csv", value="intensity"), ["S1", "S2"])
>>> matrix.samples, matrix.features, matrix.values.tolist(), matrix.annotations["rt_seconds"].tolist()
(('S1', 'S2'), ('FT001',), [[10.0], [nan]], ['61.2'])
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from commensal.errors import FormatError, TableError, listing
from commensal.io.compound_columns import compound_columns
from commensal.io.contents import MISSING, Format, Matrix
from commensal.io.grid import BadCell, Grid, read_grid
from commensal.io.orientation import no_overlap
from commensal.io.rows import matrix_of, unseen
from commensal.io.text import head_text
from commensal.io.wide import read_table as read_wide_table
from commensal.study.declared import Assay
from commensal.study.loaded import Dropped

#: Columns that say where a peak lies; one of these sets is in every such table.
PLACES = ({"mzmed", "rtmed"}, {"mz", "mzmin", "mzmax", "rt", "rtmin", "rtmax"})
#: Columns that are no samples, in lower case.
KNOWN = {
    "name", "fold", "log2fold", "tstat", "pvalue", "qvalue", "anova", "updown", "featureidx", "mzmed", "mzmin",
    "mzmax", "rtmed", "rtmin", "rtmax", "mz", "rt", "npeaks", "peakidx", "ms_level", "isotopes", "adduct", "pcgroup",
    "metlin", "maxint", "dataset", "feature_id", "featurenames", "feature", "id",
}  # fmt: skip
_IDS = ("featurenames", "feature_id", "feature", "name", "id")
_FILE = re.compile(r"\.(mzML|mzXML|mzData|CDF|raw|d)(\.gz)?$", re.IGNORECASE)


def sniff(path: Path) -> bool:
    """Say whether the header of a delimited text says where peaks lie as XCMS does."""
    first = head_text(path).split("\n", 1)[0]
    cells = {cell.strip().strip('"').lower() for cell in re.split(r"[\t,;]", first)}
    return any(place <= cells for place in PLACES)


def read_assay(path: Path, assay: Assay, sample_ids: Sequence[str]) -> Matrix:
    """Read a peak table of XCMS.

    Raises
    ------
    FormatError
        No such header, or damaged text.
    TableError
        No id of the samples table, two columns of one sample, a peak twice, or a cell that is no number.
    """
    grid = read_grid(path, missing=(*MISSING, *assay.missing))
    if not any(place <= {name.strip().lower() for name in grid.header} for place in PLACES):
        raise FormatError(
            "the header is not that of XCMS", where=grid.file, found=listing(map(repr, grid.header), 8),
            expected="mzmed and rtmed, or mz, mzmin, mzmax, rt, rtmin, rtmax", mend="name the peak table",
        )  # fmt: skip
    ids = set(sample_ids)
    named = [_sample(name, ids) for name in grid.header]
    if not any(named):
        others = [name for name in grid.header if name.strip().lower() not in KNOWN]
        raise no_overlap(grid.file, others or grid.header, sample_ids)
    _refuse_shared(grid, named)
    header = tuple(own or name for own, name in zip(named, grid.header, strict=True))
    about = [
        j
        for j, name in enumerate(grid.header)
        if named[j] is None and (name.strip().lower() in KNOWN or (j == 0 and not name.strip()))
    ]
    counts = _counts(grid, named, about)
    key = next((j for word in _IDS for j in about if grid.header[j].strip().lower() == word), None)
    if key is None:
        key = 0 if 0 in about and not grid.header[0].strip() else None
    made = _keyed(replace(grid, header=header), key)
    text = [made.header[0], *(header[j] for j in [*about, *counts] if j != key)]
    told = []
    if counts:
        reason = f"of samples with the peak, per class: no samples: {listing(header[j] for j in counts)}"
        told.append(_note(assay, grid.file, f"{len(counts)} columns of counts", reason))
    changed = [f"{name!r} as {own!r}" for own, name in zip(named, grid.header, strict=True) if own and own != name]
    if changed:
        reason = f"read by the sample id that they hold: {listing(changed, 4)}"
        told.append(_note(assay, grid.file, f"{len(changed)} names of files", reason))
    matrix = matrix_of(made, assay, sample_ids, key=made.header[0], annotations=text, dropped=told)
    frame = matrix.annotations
    if "rt" in frame.columns and "rtmed" not in frame.columns:
        frame = frame.rename(columns={"rt": "rt_seconds"})
    frame = frame.rename(columns={"name": "xcms_name"})  # M123T61: where it lies, no name of a compound
    keep = {*assay.features.columns, assay.features.label, assay.features.id}
    return unseen(replace(matrix, annotations=compound_columns(frame, keep)), assay)


def _sample(name: str, ids: set[str]) -> str | None:
    return next((one for one in (name, _FILE.sub("", name)) if one in ids), None)


def _counts(grid: Grid, named: Sequence[str | None], about: Sequence[int]) -> list[int]:
    """Find the columns of counts per class: whole numbers up to npeaks, between it and the first sample."""
    at = next((j for j in about if grid.header[j].strip().lower() == "npeaks"), None)
    first = next(j for j, name in enumerate(named) if name)
    peaks = grid.numbers(at) if at is not None else None
    if at is None or peaks is None or isinstance(peaks, BadCell):
        return []
    found = []
    for j in range(at + 1, first):
        values = grid.numbers(j)
        if j in about or isinstance(values, BadCell) or np.isnan(values).any():
            continue
        if (values == np.rint(values)).all() and (values >= 0).all() and (values <= peaks).all():
            found.append(j)
    return found


def _keyed(grid: Grid, key: int | None) -> Grid:
    """Bring the column of ids to the front; without one, the number of the row is the id."""
    if key is None:
        import pyarrow as pa

        ids = [str(i + 1) for i in range(len(grid.lines))]
        columns = (pa.chunked_array([pa.array(ids, pa.string())]), *grid.columns)
        reread = grid.reread
        return replace(
            grid, header=("peak", *grid.header), columns=columns, reread=lambda j: ids if j == 0 else reread(j - 1)
        )
    order = [key, *(j for j in range(len(grid.header)) if j != key)]
    again = grid.reread
    return replace(
        grid,
        header=(grid.header[key].strip() or "peak", *(grid.header[j] for j in order[1:])),
        columns=tuple(grid.columns[j] for j in order),
        reread=lambda j: again(order[j]),
    )


def _refuse_shared(grid: Grid, named: Sequence[str | None]) -> None:
    held: dict[str, str] = {}
    for own, name in zip(named, grid.header, strict=True):
        if own is not None and own in held:
            raise TableError(
                "two columns hold the id of one sample", where=f"{grid.file}, header",
                found=f"{held[own]!r} and {name!r} for {own!r}", expected="one column per sample",
                mend="rename or remove one of them",
            )  # fmt: skip
        if own is not None:
            held[own] = name


def _note(assay: Assay, file: str, name: str, reason: str) -> Dropped:
    return Dropped("row", f"assay {assay.name}", name, f"{file}: {reason}")


FORMAT = Format("xcms", "peak table of XCMS", sniff, read_assay, read_wide_table)
