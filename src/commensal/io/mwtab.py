r"""mwTab, the Metabolomics Workbench's own format, as text and as JSON.

Source of the format: https://www.metabolomicsworkbench.org/data/mwTab_specification.pdf. Sections begin with ``#``;
between ``…_START`` and ``…_END`` lie tables: ``MS_METABOLITE_DATA``, ``NMR_METABOLITE_DATA`` or ``NMR_BINNED_DATA``
(molecules in rows, samples in columns, below them a row of factors), ``METABOLITES`` (what the molecules are) and
``EXTENDED_…`` (one line per molecule and sample). An empty cell or NA is no value; what a 0 means, the study file says.

Both tables name the molecules, and the Workbench writes ``_`` for ``,`` in one of them only. A molecule is described
by the row of its exact name; those left over, by the one row whose name gives theirs when every ``,`` is written ``_``.
That is told, and names that differ otherwise are left without a description.

Examples
--------
>>> import tempfile
>>> from pathlib import Path
>>> lines = ["#METABOLOMICS WORKBENCH STUDY_ID:ST1 ANALYSIS_ID:AN1", "SUBJECT_SAMPLE_FACTORS\tm1\tS1\tDiet:chow",
...          "MS_METABOLITE_DATA_START", "Samples\tS1", "Factors\tDiet:chow", "2_3-diol\t5.5", "MS_METABOLITE_DATA_END",
...          "METABOLITES_START", "metabolite_name\tkegg_id", "2,3-diol\tC00265", "METABOLITES_END", "#END"]
>>> with tempfile.TemporaryDirectory() as folder:
...     place = Path(folder, "AN1.txt")
...     _ = place.write_text("\n".join(lines))
...     matrix = read_assay(place, Assay("plasma", "metabolites", file="AN1.txt", value="intensity"), ["S1"])
...     samples = read_table(place)
>>> matrix.values.tolist(), matrix.annotations.to_dict("records"), samples.to_dict("records")
([[5.5]], [{'name': '2,3-diol', 'kegg': 'C00265'}], [{'sample': 'S1', 'subject': 'm1', 'Diet': 'chow'}])
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from commensal.errors import FormatError, StudyFileError, TableError, listing, nearest
from commensal.io.compound_columns import compound_columns
from commensal.io.contents import MISSING, Format, Matrix
from commensal.io.mwtab_sections import Sections, Table, parse
from commensal.io.rows import Row, grid_of, matrix_of, offered, refuse_logs
from commensal.io.text import head_text
from commensal.study.declared import Assay
from commensal.study.loaded import Dropped

#: Columns of the long tables (``EXTENDED_…``) that hold values.
VALUES = ("intensity", "corrected_raw_intensity", "raw_intensity", "peak_area", "concentration", "abundance")


def sniff(path: Path) -> bool:
    """Say whether the file begins as mwTab does, as text or as JSON."""
    text = head_text(path).lstrip()
    return text.startswith("#METABOLOMICS WORKBENCH") or (
        text.startswith("{") and '"METABOLOMICS WORKBENCH"' in text[:10_000]
    )


def read_assay(path: Path, assay: Assay, sample_ids: Sequence[str]) -> Matrix:
    """Read the table of data; where a file has several, ``sheet`` names one, such as ``NMR_BINNED_DATA``.

    Raises
    ------
    FormatError
        Damaged or cut short, no table of data, or several and none named.
    StudyFileError
        ``sheet`` names none of them.
    TableError
        No id of the samples table, a molecule or sample twice, or a cell that is no number.
    """
    sections = parse(path)
    name = _choose(sections, assay)
    refuse_logs(sections.units.get(name, ""), assay, f"{sections.file}, {name}")
    table, others = sections.tables[name], [other for other in sections.tables if other != name]
    if name.startswith("EXTENDED_"):
        table = _wide(table, sections)
    ids = [row.cells[0] for row in table.rows]
    columns, described, dropped = _described(ids, sections, assay)
    header = (table.header[0], *(f"METABOLITES {column}" for column in columns), *table.header[1:])
    rows = [
        Row(row.line, (row.cells[0], *cells, *row.cells[1:])) for row, cells in zip(table.rows, described, strict=True)
    ]
    told = [*dropped, *_left(others, sections, assay), *offered(assay, sections.file, _about(sections))]
    text, missing = header[: len(columns) + 1], (*MISSING, *assay.missing)
    grid = grid_of(
        sections.file, header, rows, text=text, missing=missing, encoding=sections.encoding, word=sections.word
    )
    made = matrix_of(
        grid, _without_own(assay, header), sample_ids, key=header[0], annotations=text[1:], dropped=told
    )  # fmt: skip
    frame = made.annotations.rename(columns={header[0]: "name in the data"})  # there when another column has the ids
    frame = frame.rename(columns=lambda column: str(column).removeprefix("METABOLITES "))
    if columns and columns[0] not in assay.features.columns:
        frame = frame.rename(columns={columns[0]: "name"})
    frame = compound_columns(frame, {*assay.features.columns, assay.features.label, assay.features.id})
    return replace(made, annotations=frame, label="name" if "name" in frame.columns else None)


def read_table(path: Path) -> pd.DataFrame:
    """Read the samples: ``sample``, ``subject`` where there is one, a column per factor and per further detail.

    Raises
    ------
    FormatError
        No samples in the file.
    """
    sections = parse(path)
    if not sections.samples:
        raise FormatError(
            "the file describes no samples", where=sections.file, found="no SUBJECT_SAMPLE_FACTORS",
            expected="one line per sample", mend="name a table of samples",
        )  # fmt: skip
    columns = ["sample", *dict.fromkeys(name for one in sections.samples for name in one if name != "sample")]
    frame = pd.DataFrame([[one.get(name, "") for name in columns] for one in sections.samples], columns=columns)
    frame = frame.astype(object)
    if (frame["subject"] == "").all():
        frame = frame.drop(columns="subject")
    frame.attrs.update(file=sections.file, encoding=sections.encoding, lines=tuple(sections.lines))
    return frame


def _choose(sections: Sections, assay: Assay) -> str:
    if assay.sheet is not None:
        if assay.sheet in sections.tables:
            return assay.sheet
        raise StudyFileError(
            f"{sections.file} has no table {assay.sheet!r}",
            where=f"[assays.{assay.name}] sheet",
            found=listing(sections.tables) or "no table of data",
            expected=f"perhaps {nearest(assay.sheet, sections.tables)[:1]}",
            mend="correct the name, or leave it out",
        )
    plain = [name for name in sections.tables if not name.startswith("EXTENDED_")] or list(sections.tables)
    if len(plain) == 1:
        return plain[0]
    raise FormatError(
        "the file has several tables of data" if plain else "the file has no table of data",
        where=sections.file,
        found=listing(plain) or "descriptions only (results may lie in a file of their own)",
        expected=f'sheet = "{plain[0]}", or another one' if plain else "a section such as MS_METABOLITE_DATA",
        mend=f"name it under [assays.{assay.name}]" if plain else "name the file of results",
    )


def _described(
    ids: Sequence[str], sections: Sections, assay: Assay
) -> tuple[tuple[str, ...], list[tuple[str, ...]], list[Dropped]]:
    """Bring the section METABOLITES into the order of the molecules; tell what met nothing, and what met by rule."""
    table = sections.metabolites
    if table is None:
        return (), [()] * len(ids), []
    count = Counter(row.cells[0] for row in table.rows)
    twice = sorted(name for name, n in count.items() if n > 1)
    exact = {row.cells[0]: row.cells for row in table.rows if count[row.cells[0]] == 1}
    written = Counter(name.replace(",", "_") for name in count)
    ruled = {
        name.replace(",", "_"): cells
        for name, cells in exact.items()
        if written[name.replace(",", "_")] == 1 and name not in set(ids)
    }
    met = [exact.get(name) or ruled.get(name) for name in ids]
    by_rule = [name for name in ids if name not in exact and name in ruled]
    without = [name for name, cells in zip(ids, met, strict=True) if cells is None and name not in twice]
    told = [
        (by_rule, "names met", "described by the row of METABOLITES whose name has ',' where the data have '_'"),
        (without, "molecules without a description", "no row of METABOLITES has their name"),
        (twice, "molecules described twice", "several rows of METABOLITES have the name: none is used"),
    ]
    dropped = [
        Dropped("part", f"assay {assay.name}", f"{len(names)} {what}",
                f"{sections.file}: {why}: {listing(map(repr, names), 4)}")
        for names, what, why in told if names
    ]  # fmt: skip
    blank = ("",) * len(table.header)
    return table.header, [cells or blank for cells in met], dropped


def _wide(table: Table, sections: Sections) -> Table:
    """Turn a long table (one line per molecule and sample) into a wide one."""
    names = {name.lower(): j for j, name in enumerate(table.header)}
    values = [name for name in VALUES if name in names]
    if "metabolite_name" not in names or "sample_id" not in names or len(values) != 1:
        raise FormatError(
            "the long table cannot be read as measurements",
            where=sections.file,
            found=f"columns {listing(table.header, 12)}",
            expected=f"metabolite_name, sample_id and one of {listing(VALUES)}",
            mend="save the values as a table of molecules × samples",
        )
    at, of, value = names["metabolite_name"], names["sample_id"], names[values[0]]
    cells: dict[str, dict[str, str]] = {}
    lines: dict[str, int] = {}
    for row in table.rows:
        molecule = cells.setdefault(row.cells[at], {})
        lines.setdefault(row.cells[at], row.line)
        if row.cells[of] in molecule:
            raise TableError(
                "a molecule has two values in one sample", where=f"{sections.file}, {sections.word} {row.line}",
                found=f"{row.cells[at]!r} in {row.cells[of]!r}", expected="one value", mend="keep one of them",
            )  # fmt: skip
        molecule[row.cells[of]] = row.cells[value]
    samples = list(dict.fromkeys(row.cells[of] for row in table.rows))
    rows = [Row(lines[name], (name, *(one.get(s, "") for s in samples))) for name, one in cells.items()]
    return Table(("metabolite_name", *samples), rows)


def _without_own(assay: Assay, header: Sequence[str]) -> Assay:
    """Let the study file name columns of METABOLITES as they are called there."""
    own = assay.features
    inside = {name.removeprefix("METABOLITES "): name for name in header if name.startswith("METABOLITES ")}
    columns = tuple(inside.get(name, name) for name in own.columns)
    named = own.id if own.file is not None or own.id is None else inside.get(own.id, own.id)
    return replace(assay, features=replace(own, columns=columns, id=named, label=None))


def _left(others: Sequence[str], sections: Sections, assay: Assay) -> list[Dropped]:
    if not others:
        return []
    reason = f'{sections.file}: {listing(others)}: not read; sheet = "{others[0]}" would'
    return [Dropped("row", f"assay {assay.name}", f"{len(others)} more table{'s' * (len(others) > 1)}", reason)]


def _about(sections: Sections) -> list[str]:
    names = dict.fromkeys(name for one in sections.samples for name in one if name != "sample")
    return [name for name in names if any(one.get(name) for one in sections.samples)]


FORMAT = Format(
    "mwtab", "mwTab of the Metabolomics Workbench, text or JSON", sniff, read_assay, read_table, sheets=True
)
