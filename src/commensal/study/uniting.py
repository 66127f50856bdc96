"""Tables of several studies made one: each part has columns and missing codes of its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from commensal.errors import StudyFileError, TableError, listing
from commensal.study.cells import Origin, declared_cells
from commensal.study.declared import Study, Table

#: Days of each unit of time; a month is a twelfth of 365.25 days.
DAYS: Mapping[str, float] = {"hour": 1 / 24, "day": 1.0, "week": 7.0, "month": 365.25 / 12, "year": 365.25}
#: Columns that hold times.
TIMES = ("time", "earliest", "latest")
#: The column that says which study a row is of.
COHORT = "cohort"


def plain(table: Table) -> bool:
    """Say whether a table is a single one that needs nothing but its columns renamed."""
    return not table.parts and table.cohort is None and table.time_unit is None


def unite(declared: Study, table: Table, frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Put the parts of a table one below the other, under the names that the study file gives their columns.

    Parameters
    ----------
    declared
        The study file.
    table
        One of its tables.
    frames
        The cells of each part (or of the table itself, where it has none), as they were read.

    Returns
    -------
    pandas.DataFrame
        Text cells. Columns that a part does not have are blank in its rows, and so are its missing codes, except
        where a variable's ``map`` gives one a meaning; times are in the study's unit; ``cohort`` is a column where a
        part says it. Samples of a part without subjects are their own. Its ``attrs`` know file and line of each row.

    Raises
    ------
    TableError
        As `declared_cells`; a time that is no number; a subject of two cohorts.
    StudyFileError
        A part's unit of time without one of the study.
    """
    parts = table.parts or (table,)
    rows, origins = [], []
    for part, frame in zip(parts, frames, strict=True):
        cells, origin = declared_cells(declared, part, frame)
        cells = _without_codes(declared, part, cells)
        cells = _in_study_time(declared, part, cells, origin)
        if part.cohort is not None:
            cells[COHORT] = part.cohort
        rows.append(cells)
        origins.append(origin)
    names = list(dict.fromkeys(name for cells in rows for name in cells.columns))
    if table.name == "samples" and "subject" in names:  # a part without subjects: each sample is its own
        for cells in rows:
            if "subject" not in cells and "sample" in cells:
                cells["subject"] = cells["sample"]
    whole = pd.concat([cells.reindex(columns=names, fill_value="") for cells in rows], ignore_index=True)
    _one_cohort_each(declared, table, whole)
    whole.attrs = {
        "file": ", ".join(dict.fromkeys(origin.file for origin in origins)),
        "parts": tuple(piece for origin in origins for piece in origin.parts),
        "q2_types": _types(rows, origins),
    }
    return whole


def united(name: str, parts: Sequence[Table]) -> Table:
    """Return the table that stands for its parts: nothing is left to rename in what `unite` makes of them."""
    files = tuple(dict.fromkeys(file for part in parts for file in part.files))
    return Table(name, files, missing=(), parts=tuple(parts))


def cohort_of(declared: Study, samples: pd.DataFrame) -> str:
    """Name the study that some rows of the samples or subjects are of: the declared one, or the cohorts in it.

    Examples
    --------
    >>> from pathlib import Path
    >>> study = Study(Path("study.toml"), "both")
    >>> cohort_of(study, pd.DataFrame({"arm": ["abx"]}))
    'both'
    """
    tables = declared.tables.get("samples")
    if tables is None or not any(part.cohort for part in (tables, *tables.parts)) or COHORT not in samples:
        return declared.name
    found = list(dict.fromkeys(samples[COHORT].dropna().astype(str)))
    return " and ".join(found) or declared.name


def _without_codes(declared: Study, part: Table, cells: pd.DataFrame) -> pd.DataFrame:
    """Blank the missing codes of a part: those of another part may be values here."""
    kept = {}
    for name in cells.columns:
        variable = declared.variables.get(str(name))
        codes = set(part.missing) - set(variable.map if variable else ())
        kept[name] = ["" if cell in codes else cell for cell in cells[name]]
    return pd.DataFrame(kept, dtype=object)


def _in_study_time(declared: Study, part: Table, cells: pd.DataFrame, origin: Origin) -> pd.DataFrame:
    if part.time_unit is None:
        return cells
    unit = declared.time_unit
    if unit is None or unit not in DAYS:
        raise StudyFileError(
            "a table has its own unit of time, and the study's is not known",
            where=f"{declared.path.name}, [tables.{part.name}] time_unit",
            found=f"time_unit = {declared.time_unit!r} in [study]",
            expected=f"one of {listing(DAYS)}",
            mend='give [study] time_unit = "day"',
        )
    factor = DAYS[part.time_unit] / DAYS[unit]
    if factor == 1:
        return cells
    for name in (one for one in TIMES if one in cells):
        numbers = pd.to_numeric(cells[name].replace("", np.nan), errors="coerce")
        bad = [
            row for row, (cell, value) in enumerate(zip(cells[name], numbers, strict=True)) if cell and np.isnan(value)
        ]
        if bad:
            raise TableError(
                "a time that is no number",
                where=f"{origin.file}, {origin.lines(bad)}, column {name!r}",
                found=listing(cells[name].iloc[row] for row in bad),
                expected=f"numbers of {part.time_unit}s",
                mend="correct the cells, or name them in the table's missing",
            )
        cells[name] = ["" if np.isnan(value) else repr(float(value * factor)) for value in numbers]
    return cells


def _one_cohort_each(declared: Study, table: Table, whole: pd.DataFrame) -> None:
    """Refuse a subject of two studies: 1 of one and 1 of the other are not the same, unless nested."""
    variable = declared.variables.get("subject")
    if "subject" not in whole or COHORT not in whole or (variable is not None and COHORT in variable.nested_in):
        return
    known = whole[(whole["subject"] != "") & (whole[COHORT] != "")]
    several = known.groupby("subject", sort=False)[COHORT].nunique()
    both = several.index[several > 1]
    if len(both):
        raise TableError(
            "subjects of two cohorts with one name",
            where=f"{declared.path.name}, [tables.{table.name}]",
            found=listing(map(str, both)),
            expected="each subject in one cohort",
            mend='say that they are not the same: [variables.subject] nested_in = ["cohort"]',
        )


def _types(rows: Iterable[pd.DataFrame], origins: Iterable[Origin]) -> dict[str, str]:
    """Keep what files say of their columns where all parts that have a column say the same."""
    words = {"number": "numeric", "category": "categorical"}
    told: dict[str, set[Any]] = {}
    for cells, origin in zip(rows, origins, strict=True):
        for name in cells.columns:
            told.setdefault(str(name), set()).add(origin.types.get(str(name)))
    return {name: words[next(iter(kinds))] for name, kinds in told.items() if len(kinds) == 1 and kinds <= set(words)}
