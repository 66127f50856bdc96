r"""mzTab-M 2: small molecules of a metabolomics study, with how reliably each is identified.

Source of the format: https://github.com/HUPO-PSI/mzTab, mzTab-M 2.0 (Hoffmann et al. 2019, Anal Chem 91:3302). Lines
are told by their first cell: ``MTD`` metadata, ``SMH``/``SML`` small molecules (summary), ``SFH``/``SMF`` features,
``SEH``/``SME`` evidence, ``COM`` comments. The summary is read; ``sheet = "SMF"`` reads the features instead. ``null``
is no value; by the specification a 0 is present but not quantifiable (say ``zero = "below_detection"``). Values of
study variables are means, and are left to the file.

The ids of samples may be the assays' names, ``assay[1]``, the names of their samples, or their files.

Examples
--------
>>> import tempfile
>>> from pathlib import Path
>>> lines = ["MTD\tmzTab-version\t2.0.0-M", "MTD\tassay[1]\tS1", "MTD\tassay[2]\tS2",
...          "SMH\tSML_ID\tdatabase_identifier\tchemical_name\treliability\tabundance_assay[1]\tabundance_assay[2]",
...          "SML\t1\tCHEBI:17154\tnicotinamide\t2\t5.5\tnull"]
>>> with tempfile.TemporaryDirectory() as folder:
...     place = Path(folder, "a.mztab")
...     _ = place.write_text("\n".join(lines))
...     matrix = read_assay(place, Assay("a", "metabolites", file="a.mztab", value="intensity"), ["S1", "S2"])
>>> matrix.features, matrix.values.tolist()
(('1',), [[5.5], [nan]])
>>> matrix.annotations[["name", "chebi", "identity_level"]].to_dict("records")
[{'name': 'nicotinamide', 'chebi': 'CHEBI:17154', 'identity_level': '2'}]
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from commensal.errors import FormatError, StudyFileError, listing
from commensal.io.compound_columns import compound_columns
from commensal.io.contents import MISSING, Format, Matrix
from commensal.io.mztab_document import Document, Section, names_of_assays, parse, samples
from commensal.io.orientation import no_overlap
from commensal.io.rows import Row, grid_of, matrix_of, names_of_samples, offered, refuse_logs
from commensal.io.text import head_text
from commensal.study.declared import Assay

_ASSAY = re.compile(r"abundance_assay\[(\d+)\]")
_VALUES = re.compile(r"abundance_")
#: Prefix of a database, upper case, letters and digits → our column.
DATABASES = {
    "HMDB": "hmdb", "KEGG": "kegg", "CHEBI": "chebi", "PUBCHEM": "pubchem", "PUBCHEMCPD": "pubchem", "CID": "pubchem",
    "LM": "lipidmaps", "LIPIDMAPS": "lipidmaps", "REFMET": "refmet",
}  # fmt: skip
#: Columns that are alike in all files, and their names here.
_NAMED = {"reliability": "identity_level", "exp_mass_to_charge": "mz", "retention_time_in_seconds": "rt_seconds"}


def sniff(path: Path) -> bool:
    """Say whether one of the first lines gives the version of mzTab."""
    lines = head_text(path).split("\n")[:200]
    return any(line.startswith(("MTD\tmzTab-version", '"MTD"\t"mzTab-version')) for line in lines)


def read_assay(path: Path, assay: Assay, sample_ids: Sequence[str]) -> Matrix:
    """Read the small molecules (or, with ``sheet = "SMF"``, the features) of an mzTab-M file.

    Raises
    ------
    FormatError
        Another version, damaged or cut short, or no values per assay.
    StudyFileError
        ``sheet`` is neither SML nor SMF.
    TableError
        No id of the samples table, an id twice, or a cell that is no number.
    """
    document = parse(path)
    name = assay.sheet or "SML"
    if name not in ("SML", "SMF"):
        raise StudyFileError(
            f"mzTab-M has no table {name!r} of values", where=f"[assays.{assay.name}] sheet", found=repr(name),
            expected="SML (small molecules) or SMF (features)", mend="correct the name, or leave it out",
        )  # fmt: skip
    key = f"{name}_ID"
    section, numbers = _values(document, name, key)
    unit = "small_molecule" if name == "SML" else "small_molecule_feature"
    refuse_logs(document.said.get(f"{unit}-quantification_unit", ""), assay, f"{document.file}, quantification unit")
    candidates = names_of_assays(document.said, numbers)
    chosen = names_of_samples(candidates, sample_ids, document.file, list(candidates)[:1])
    if chosen is None:
        raise no_overlap(document.file, [*candidates["assay"], *candidates["sample"]], sample_ids)
    named = dict(zip(numbers, candidates[chosen], strict=True))
    columns = [j for j, cell in enumerate(section.header) if _ASSAY.fullmatch(cell) or not _VALUES.match(cell)]
    old = [section.header[j] for j in columns]
    header = [named[m[1]] if (m := _ASSAY.fullmatch(cell)) else cell for cell in old]
    rows = [Row(row.line, tuple(row.cells[j] for j in columns)) for row in section.rows]
    about = [cell for cell in old if not _ASSAY.fullmatch(cell)]
    grid = grid_of(
        document.file, header, rows, text=about, missing=(*MISSING, *assay.missing), encoding=document.encoding
    )
    told = offered(assay, document.file, [column for column in samples(document) if column != "sample"])
    made = matrix_of(grid, assay, sample_ids, key=key, annotations=about, dropped=told)
    return _described(made, document, assay)


def _values(document: Document, name: str, key: str) -> tuple[Section, list[str]]:
    """Return the table of values and the numbers of its assays."""
    section = document.sections.get(name)
    numbers = [] if section is None else [m[1] for cell in section.header if (m := _ASSAY.fullmatch(cell))]
    if section is None or not numbers:
        raise FormatError(
            "the file has no values per assay",
            where=document.file,
            found=f"tables {listing(document.sections) or 'none'}" if section is None else "study variables only",
            expected=f"a table {name} with columns abundance_assay[1], …",
            mend="export the values of every assay",
        )
    if key not in section.header:
        raise FormatError(
            f"the table has no column {key}", where=document.file, found=listing(section.header, 8), expected=key,
            mend="export the file again",
        )  # fmt: skip
    return section, numbers


def read_table(path: Path) -> pd.DataFrame:
    """Read the assays: ``sample`` (the assay's name), its sample, its study variables, what is said of the sample.

    Raises
    ------
    FormatError
        Another version, damaged, or no assays.
    """
    document = parse(path)
    frame = pd.DataFrame(samples(document), dtype=object)
    if frame.empty:
        raise FormatError(
            "the file describes no assays", where=document.file, expected="MTD assay[1] …", mend="name another file"
        )
    frame.attrs.update(file=document.file, encoding=document.encoding, lines=tuple(range(1, len(frame) + 1)))
    return frame


def _described(matrix: Matrix, document: Document, assay: Assay) -> Matrix:
    """Give the annotations our names: databases by their prefixes, m/z and time of the features a molecule rests on."""
    frame = matrix.annotations.copy()
    for references, name, wanted in (
        ("SMF_ID_REFS", "SMF", ("exp_mass_to_charge", "retention_time_in_seconds")),
        ("SME_ID_REFS", "SME", ("database_identifier", "chemical_name")),
    ):
        section = document.sections.get(name)
        if references in frame.columns and section is not None and f"{name}_ID" in section.header:
            by_id = dict(zip(section.column(f"{name}_ID"), section.rows, strict=True))
            for column in (one for one in wanted if one in section.header and one not in frame.columns):
                at = section.header.index(column)
                frame[column] = [_joined(cell, by_id, at) for cell in frame[references]]
    frame = frame.map(_known)
    if "database_identifier" in frame.columns:
        split = [_databases(cell) for cell in frame["database_identifier"]]
        for ours in sorted({name for one in split for name in one}):
            frame[ours] = [one.get(ours, "") for one in split]
    frame = frame.rename(columns={old: new for old, new in _NAMED.items() if new not in frame.columns})
    frame = compound_columns(frame, {*assay.features.columns, assay.features.label, assay.features.id})
    return replace(matrix, annotations=frame, label="name" if "name" in frame.columns else None)


def _joined(references: str, by_id: Mapping[str, Row], at: int) -> str:
    found = [by_id[one.strip()].cells[at] for one in references.split("|") if one.strip() in by_id]
    return " | ".join(dict.fromkeys(value for value in found if value != "null"))


def _known(cell: str) -> str:
    """Return a list of alternatives, or nothing when all of them are null."""
    parts = [part.strip() for part in cell.split("|")]
    return "" if all(part in ("null", "") for part in parts) else cell


def _databases(cell: str) -> dict[str, str]:
    """Sort identifiers such as ``HMDB:HMDB0001406 | CHEBI:17154`` by database; those of one are alternatives."""
    made: dict[str, list[str]] = {}
    for part in cell.split("|"):
        prefix, found, value = part.strip().partition(":")
        ours = DATABASES.get(re.sub(r"[^A-Z]", "", prefix.upper()))
        if found and ours is not None:
            made.setdefault(ours, []).append(f"CHEBI:{value}" if ours == "chebi" else value)
    return {name: " | ".join(dict.fromkeys(values)) for name, values in made.items()}


FORMAT = Format("mztab", "mzTab-M 2 (small molecules)", sniff, read_assay, read_table, sheets=True)
