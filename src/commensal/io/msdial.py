r"""MS-DIAL's alignment results: four lines about the samples, then one row per aligned peak.

Source of the format: the exporters of versions 4 and 5 (https://github.com/systemsomicslab/MsdialWorkbench; Tsugawa
et al. 2015, Nat Methods 12:523), tabs or commas. Above the header stand the lines ``Class``, perhaps parts of the
class, ``File type``, ``Injection order`` and ``Batch ID``, their names in the last column before the samples; behind
the samples stand means and standard deviations per class, of file type ``NA``: they are no samples and are left to the
file.

A 0 is a peak not found and not filled (say ``zero = "below_detection"``). ``Unknown`` is no name. A name in front of
which MS-DIAL says ``w/o MS2:``, ``no MS2:``, ``low score:`` or ``Unsettled:`` rests on mass (and time) alone: level 3
of the Metabolomics Standards Initiative; a name without that was matched to a library spectrum: level 2; none: level 4.

Examples
--------
>>> import tempfile
>>> from pathlib import Path
>>> lines = ["\t\tClass\tCtrl\tCtrl\tNA", "\t\tFile type\tSample\tSample\tNA", "\t\tInjection order\t1\t2\tNA",
...          "\t\tBatch ID\t1\t1\tAverage", "Alignment ID\tAverage Mz\tMetabolite name\tS1\tS2\tCtrl",
...          "0\t123.055\tw/o MS2:Nicotinamide\t10\t0\t5"]
>>> with tempfile.TemporaryDirectory() as folder:
...     place = Path(folder, "Height.txt")
...     _ = place.write_text("\n".join(lines))
...     matrix = read_assay(place, Assay("p", "metabolites", file="Height.txt", value="intensity"), ["S1", "S2"])
>>> matrix.values.tolist(), matrix.annotations.to_dict("records")
([[10.0], [0.0]], [{'mz': '123.055', 'name': 'Nicotinamide', 'identity_level': '3'}])
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from commensal.errors import FormatError, listing
from commensal.io.compound_columns import compound_columns
from commensal.io.contents import MISSING, Format, Matrix
from commensal.io.orientation import no_overlap
from commensal.io.rows import Row, cut, grid_of, matrix_of, offered, refuse_short, square
from commensal.io.text import head_text, load_text
from commensal.study.declared import Assay
from commensal.study.loaded import Dropped

KEY, LINES = "Alignment ID", ("Class", "File type", "Injection order", "Batch ID")
_HEADER = re.compile(r'"?Alignment ID"?([\t,;])"?Average')
_WEAK = re.compile(r"\s*(w/o MS2|no MS2|low score|Unsettled)\s*:\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Export:
    file: str
    encoding: str
    header: tuple[str, ...]
    rows: list[Row]
    first: int  #: column of the first sample
    samples: list[int]  #: columns of samples
    means: list[int]  #: columns of means and standard deviations
    about: dict[str, list[str]]  #: line above the header → one text per sample


def sniff(path: Path) -> bool:
    """Say whether the header of MS-DIAL stands in one of the first lines."""
    return any(_HEADER.match(line) for line in head_text(path).split("\n")[:20])


def read_assay(path: Path, assay: Assay, sample_ids: Sequence[str]) -> Matrix:
    """Read an alignment result.

    Raises
    ------
    FormatError
        No header of MS-DIAL, no samples, or a row that is cut short.
    TableError
        No id of the samples table, a peak or sample twice, or a cell that is no number.
    """
    export = _parse(path)
    names = [export.header[j] for j in export.samples]
    if not set(names).intersection(sample_ids):
        raise no_overlap(export.file, names, sample_ids)
    columns = [*range(export.first), *export.samples]
    header, about = [export.header[j] for j in columns], list(export.header[: export.first])
    rows = [Row(row.line, tuple(row.cells[j] for j in columns)) for row in export.rows]
    grid = grid_of(export.file, header, rows, text=about, missing=(*MISSING, *assay.missing), encoding=export.encoding)
    told = offered(assay, export.file, list(export.about))
    if export.means:
        reason = f"{export.file}: means and standard deviations per class: no samples"
        told.append(Dropped("part", f"assay {assay.name}", f"{len(export.means)} columns", reason))
    made = matrix_of(grid, assay, sample_ids, key=KEY, annotations=about, dropped=told)
    keep = {*assay.features.columns, assay.features.label, assay.features.id}
    return _named(replace(made, annotations=compound_columns(made.annotations, keep)))


def read_table(path: Path) -> pd.DataFrame:
    """Read the samples: ``sample``, Class, File type, Injection order, Batch ID.

    Raises
    ------
    FormatError
        No header of MS-DIAL, or no samples.
    """
    export = _parse(path)
    frame = pd.DataFrame({"sample": [export.header[j] for j in export.samples], **export.about}, dtype=object)
    frame.attrs.update(file=export.file, encoding=export.encoding, lines=tuple(range(1, len(frame) + 1)))
    return frame


def _parse(path: Path) -> _Export:
    text = load_text(path)
    lines = text.data.decode().split("\n")[:20]
    found = next((m for line in lines if (m := _HEADER.match(line))), None)
    rows = cut(text, found[1] if found else "\t")
    top = next((i for i, row in enumerate(rows[:20]) if row.cells[0].strip() == KEY), None)
    if top is None:
        raise FormatError(
            "the header of MS-DIAL is not found", where=text.file, found=listing(map(repr, rows[0].cells[:3])),
            expected=f"a line that begins with {KEY!r}", mend="export the alignment result as text again",
        )  # fmt: skip
    header = tuple(cell.strip() if j == 0 else cell for j, cell in enumerate(rows[top].cells))
    at = next((j for row in rows[:top] for j, cell in enumerate(row.cells) if cell.strip() == "Class"), None)
    first = (at or 0) + 1
    above = [row for row in rows[:top] if at is not None and len(row.cells) > first and row.cells[at].strip()]
    if at is None or not above:
        raise FormatError(
            "the lines about the samples are missing", where=f"{text.file}, above line {rows[top].line}",
            found=f"{top} lines", expected=listing(LINES), mend="export the alignment result with its header",
        )  # fmt: skip
    named = {row.cells[at].strip(): row.cells for row in above}
    marks = {name: [*cells, *[""] * (len(header) - len(cells))] for name, cells in named.items()}
    means = [j for j in range(first, len(header)) if _is_mean(j, marks)]
    samples = [j for j in range(first, len(header)) if j not in means and header[j].strip()]
    if not samples:
        raise FormatError(
            "the file has no samples", where=text.file, found=f"{len(header)} columns, {len(means)} of them means",
            expected=f"columns of samples behind column {first}", mend="export the values of every sample",
        )  # fmt: skip
    refuse_short(rows[top + 1 :], samples[-1] + 1, text.file)
    body = square(rows[top + 1 :], len(header), text.file)
    about = {name: [cells[j] for j in samples] for name, cells in marks.items()}
    return _Export(text.file, text.encoding, header, body, first, samples, means, about)


def _is_mean(column: int, marks: dict[str, list[str]]) -> bool:
    """Say whether a column is of means: no file has the type NA; without types, by what the last line says."""
    if "File type" in marks:
        return marks["File type"][column].strip() == "NA"
    return list(marks.values())[-1][column].strip() in ("Average", "Stdev")


def _named(matrix: Matrix) -> Matrix:
    frame = matrix.annotations
    if "name" not in frame.columns:
        return matrix
    given = [str(cell).strip() for cell in frame["name"]]
    known = [name != "" and name.lower() != "unknown" for name in given]
    if "identity_level" not in frame.columns:
        weak = [_WEAK.match(name) is not None for name in given]
        levels = ["4" if not named else "3" if loose else "2" for named, loose in zip(known, weak, strict=True)]
        frame["identity_level"] = levels
    frame["name"] = [_WEAK.sub("", name, count=1) if named else "" for name, named in zip(given, known, strict=True)]
    return replace(matrix, annotations=frame, label="name")


FORMAT = Format("msdial", "alignment result of MS-DIAL", sniff, read_assay, read_table)
