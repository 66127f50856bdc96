r"""HUMAnN 3 and 4: gene families, pathways and reactions, one sample a file or joined.

Source of the format: HUMAnN's manual (https://github.com/biobakery/humann, "Output files", ``humann_join_tables``,
``humann_renorm_table``). A row ``PWY-1|g__A.s__B`` is the part of one species in the row ``PWY-1``: the rows of the
community are read, or with ``sheet = "stratified"`` those of species alone. ``UNMAPPED``, ``UNGROUPED`` and
``UNINTEGRATED`` are no features: they become the quality of the sample. HUMAnN 4's gene families (its code of September
2025) have ``READS_UNMAPPED``, which counts reads, beside families in the unit that the header says.

Examples
--------
>>> import tempfile
>>> from commensal.study.declared import Assay
>>> with tempfile.TemporaryDirectory() as folder:
...     place = Path(folder, "t.tsv")
...     _ = place.write_text("# Gene Family\tS1_Abundance-RPKs\nUNMAPPED\t9\nK00001: x\t5\nK00001: x|g__A.s__B\t5\n")
...     matrix = read_assay(place, Assay("ko", "genes", file="t.tsv", value="absolute"), ["S1"])
>>> matrix.features, matrix.values.tolist(), matrix.quality.loc["S1"].to_dict()
(('K00001',), [[5.0]], {'UNMAPPED': 9.0})
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from commensal.errors import FormatError, StudyFileError
from commensal.io.contents import Format, Matrix
from commensal.io.profiles import Profile, amount, join, matrix_of, require_width, rows_of
from commensal.io.text import head_text
from commensal.study.declared import Assay

_BEGINS = ("# Gene Family", "# Pathway", "# Reaction")
#: What HUMAnN 4 puts in the first cell, the unit behind it: ``# Gene Family HUMAnN v4.0.0 Adjusted CPMs``.
_OF_4 = re.compile(r"^# (Gene Family|Pathway|Reaction)s?( HUMAnN v\S+)?")
_REST = ("UNMAPPED", "READS_UNMAPPED", "UNGROUPED", "UNINTEGRATED")


def sniff(path: Path) -> bool:
    """Say whether a header names gene families, pathways or reactions as HUMAnN does."""
    lines = head_text(path).split("\n")[:3]
    return any(line.startswith(_BEGINS) and "\t" in line for line in lines)


def holds(path: Path) -> str:
    """Say which of HUMAnN's tables a file is by its header: ``genes``, ``pathways`` or ``reactions``."""
    first = next((line for line in head_text(path).split("\n")[:3] if line.startswith(_BEGINS)), _BEGINS[0])
    return ("genes", "pathways", "reactions")[next(i for i, one in enumerate(_BEGINS) if first.startswith(one))]


def read_assay(path: Path, assay: Assay, sample_ids: Sequence[str]) -> Matrix:
    """Read a table of one or more samples.

    Raises
    ------
    StudyFileError
        A ``sheet`` that is neither community nor stratified.
    TableError, FormatError
        A cell that is no number, a row that was cut, no features.
    """
    return matrix_of(_profile(path, assay), assay, sample_ids, "name")


def read_files(paths: Mapping[str, Path], assay: Assay, root: Path) -> Matrix:  # noqa: ARG001  one signature for all
    """Read a table for each sample; see `read_assay`."""
    return join({sample: _profile(path, assay) for sample, path in paths.items()}, assay, "name")


def _profile(path: Path, assay: Assay) -> Profile:
    if assay.sheet not in (None, "community", "stratified"):
        raise StudyFileError(
            "HUMAnN's tables have no such part", where=f"[assays.{assay.name}] sheet", found=repr(assay.sheet),
            expected='"community" or "stratified"', mend="leave the key out: the community is read",
        )  # fmt: skip
    stratified = assay.sheet == "stratified"
    rows = rows_of(path)
    start = next((i for i, row in enumerate(rows) if row.cells[0].startswith(_BEGINS)), None)
    if start is None:
        raise FormatError(
            "no header of HUMAnN", where=path.name, found=repr("\t".join(rows[0].cells)[:60]) if rows else "no rows",
            expected=" or ".join(_BEGINS), mend="give the file as HUMAnN wrote it",
        )  # fmt: skip
    header = [cell.strip() for cell in rows[start].cells]
    ids, names, lines, cells = [], [], [], []
    rest: dict[str, np.ndarray] = {}
    others = 0
    for row in rows[start + 1 :]:
        require_width(row, len(header), path.name, "HUMAnN", exactly=True)
        whole, bar, stratum = row.cells[0].partition("|")
        name, _, words = whole.partition(": ")
        if name not in _REST and bool(bar) != stratified:
            others += 1
            continue
        if name in _REST and bar:
            others += 1
            continue
        numbers = [amount(cell, path.name, row.line, header[j]) for j, cell in enumerate(row.cells) if j]
        if name in _REST:
            rest[name] = np.array(numbers)
            continue
        ids.append(name + bar + stratum)
        names.append(f"{words or name}{' of ' if bar else ''}{stratum}")
        lines.append(row.line)
        cells.append(numbers)
    left = "rows of the community: their parts are read" if stratified else "rows of species: parts of the rows read"
    told: tuple[tuple[str, str], ...] = (
        ((f"{'community' if stratified else 'stratified'} rows", left),) if others else ()
    )
    unit = next((cell.rpartition("-")[2] for cell in header[1:] if "_Abundance-" in cell), None)
    if unit := unit or _OF_4.sub("", header[0]).strip() or None:
        told += (("unit", f"the header says {unit}"),)
    return Profile(
        path.name, tuple(header[1:]), tuple(ids), np.array(cells).reshape(len(ids), len(header) - 1), tuple(lines),
        {"name": names}, rest, told,
    )  # fmt: skip


FORMAT = Format(
    "humann", "HUMAnN 3 or 4, a file per sample or joined", sniff, read_assay, read_files=read_files, sheets=True
)
