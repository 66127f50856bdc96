"""From cells to variables: missing codes, recoding, types, levels."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
import pandas as pd

from commensal.errors import CommensalError, StudyFileError, TableError, listing, nearest
from commensal.study.cells import Origin
from commensal.study.declared import ROLES, Study, Table, Variable

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
_LEADING_ZERO = re.compile(r"[+-]?0\d")
#: A map of more values than this is not written out in a message.
MOST_MAPPED = 8
_TRUE, _FALSE = {"true"}, {"false"}
_TRUE_DECLARED, _FALSE_DECLARED = {"true", "t", "yes", "y", "1"}, {"false", "f", "no", "n", "0"}

#: Columns that are always labels.
LABELS = ("sample", "subject", "specimen", "role", "event", "measure")


def used_as_category(study: Study) -> set[str]:
    """Name the columns that the study file uses as groups; undeclared ones are categories, also with labels 1, 2."""
    names = {*LABELS, *(contrast.column for contrast in study.contrasts.values())}
    for question in study.questions.values():
        names |= {*question.block, *filter(None, (question.by, question.concurrent))}
    for variable in study.variables.values():
        if variable.nested_in:
            names |= {variable.name, *variable.nested_in}
    return names


def _spoken_of(study: Study) -> set[str]:
    names = used_as_category(study) | set(study.variables)
    for contrast in study.contrasts.values():
        names |= set(contrast.where)
    for question in study.questions.values():
        names |= {*question.covariates, *filter(None, (question.dose, question.washout))}
    return names


def typed_frame(
    study: Study, table: Table, cells: pd.DataFrame, origin: Origin, elsewhere: Collection[str] = ()
) -> pd.DataFrame:
    """Give every column of a table its type.

    Parameters
    ----------
    cells
        Text cells as `declared_cells` gives them.
    origin
        Where its rows come from.
    elsewhere
        Columns that another table has in full: not every one of their levels must occur here.

    Returns
    -------
    pandas.DataFrame
        Categories and text as pandas strings, numbers float64, booleans pandas boolean.

    Raises
    ------
    TableError
        A cell that is not of its declared type, not in the map, not one of the levels: with line and value.
    StudyFileError
        A reference or level that does not occur.
    """
    groups, named = used_as_category(study), _spoken_of(study)
    columns = {}
    for name in cells.columns:
        variable = study.variables.get(name) or Variable(name)
        kind = variable.type or ("category" if name in LABELS else None)
        values = _known(table, variable, list(cells[name]))
        if kind is None and origin.types.get(name) == "number" and name not in groups:
            kind = "number"
        elif kind is None and (
            origin.types.get(name) == "category" or variable.map or variable.levels or variable.reference
        ):
            kind = "category"
        column = _Column(study, name, values, origin, variable)
        columns[name] = column.typed(
            kind or column.guess(name in groups), spoken_of=name in named, full=name not in elsewhere
        )
    return pd.DataFrame(columns)


def _known(table: Table, variable: Variable, values: Sequence[str]) -> list[str | None]:
    missing = {"", *table.missing, *variable.missing} - set(variable.map)
    return [None if value in missing else value for value in values]


class _Column:
    """One column on its way to a type."""

    def __init__(
        self, study: Study, name: str, values: Sequence[str | None], origin: Origin, variable: Variable
    ) -> None:
        self.study, self.name, self.values, self.origin, self.variable = study, name, values, origin, variable

    def guess(self, group: bool) -> str:
        """Return boolean, number or category; a group is never a number."""
        known = [value.strip() for value in self.values if value is not None]
        if known and all(value.lower() in _TRUE | _FALSE for value in known):
            return "boolean"
        plain = known and all(_NUMBER.fullmatch(v) and not _LEADING_ZERO.match(v) for v in known)
        return "number" if plain and not group else "category"

    def typed(self, kind: str, *, spoken_of: bool, full: bool) -> pd.Series[Any]:
        """Return the column as ``kind``."""
        if kind == "number":
            return self._number()
        if self.variable.map:
            self.values = self._recoded()
        if kind == "boolean":
            return self._boolean()
        if spoken_of:
            self._refuse_blanks()
        if kind == "category":
            self._check_levels(full)
        return pd.Series(list(self.values), dtype="string")

    def _error(self, what: str, rows: Sequence[int], **parts: Any) -> CommensalError:
        count = Counter(self.values[row] for row in rows)
        found = listing((f"{value!r} ({n} cell{'s' * (n > 1)})" for value, n in count.most_common()), 5)
        where = f"{self.origin.file}, {self.origin.lines(rows)}, column {self.name!r}"
        return TableError(what, where=where, found=found, **parts)

    def _number(self) -> pd.Series[Any]:
        bad = [row for row, v in enumerate(self.values) if v is not None and not _NUMBER.fullmatch(v.strip())]
        if bad:
            raise self._error(
                "not a number",
                bad,
                expected="numbers, with a point as decimal mark",
                mend="correct the cells, or name them as missing: "
                f'[variables.{self.name}] missing = ["{self.values[bad[0]]}"]',
            )
        return pd.Series([np.nan if v is None else float(v) for v in self.values], dtype="float64")

    def _boolean(self) -> pd.Series[Any]:
        known = [None if v is None else v.strip().lower() for v in self.values]
        bad = [row for row, v in enumerate(known) if v is not None and v not in _TRUE_DECLARED | _FALSE_DECLARED]
        if bad:
            raise self._error(
                "neither true nor false",
                bad,
                expected="true/false, yes/no, t/f or 1/0",
                mend="recode the others in map",
            )
        return pd.Series([None if v is None else v in _TRUE_DECLARED for v in known], dtype="boolean")

    def _recoded(self) -> list[str | None]:
        map_ = self.variable.map
        stay = {*map_.values(), *(ROLES if self.name == "role" else ())}
        bad = [row for row, v in enumerate(self.values) if v is not None and v not in map_ and v not in stay]
        if bad:
            first = str(self.values[bad[0]])
            near = nearest(first, map_)
            raise self._error(
                "a value that the map does not know",
                bad,
                expected=f"one of {listing(map_)}, or one of {listing(dict.fromkeys(map_.values()))}",
                mend=f'add it to [variables.{self.name}] map: "{first}" = "…"'
                + (f", or correct it (nearest: {near[0]!r})" if near else ""),
            )
        return [None if v is None else map_.get(v, v) for v in self.values]

    def _refuse_blanks(self) -> None:
        made = set(self.variable.map.values())
        bad = [row for row, v in enumerate(self.values) if v is not None and v != v.strip() and v not in made]
        if bad:
            value = self.values[bad[0]] or ""
            raise self._error(
                "blanks before or after a value",
                bad,
                expected=f"{value.strip()!r}, without blanks",
                mend=f"correct the file, or recode it: {self._map_without_blanks(value)}",
            )

    def _map_without_blanks(self, value: str) -> str:
        """Write the map that takes blanks away; a map must know every value, as a key or as a level."""
        made = {v.strip() for v in self.values if v is not None and v != v.strip()}
        known = dict.fromkeys(v for v in self.values if v is not None and v not in made)
        if self.variable.map or len(known) > MOST_MAPPED:
            return f'"{value}" = "{value.strip()}" in [variables.{self.name}] map'
        pairs = ", ".join(f'"{v}" = "{v.strip()}"' for v in known)
        return f"[variables.{self.name}] map = {{ {pairs} }}"

    def _check_levels(self, full: bool) -> None:
        variable = self.variable
        present = Counter(value for value in self.values if value is not None)
        if variable.levels:
            bad = [row for row, v in enumerate(self.values) if v is not None and v not in variable.levels]
            if bad:
                near = nearest(str(self.values[bad[0]]), variable.levels)
                raise self._error(
                    "a value that is not one of the levels",
                    bad,
                    expected=f"one of {listing(variable.levels)}",
                    mend=(f"did you mean {near[0]!r}? " if near else "")
                    + f"Correct the cells, or add the level to [variables.{self.name}] levels",
                )
        if not full:
            return
        wanted = {"levels": variable.levels, "reference": (variable.reference,) if variable.reference else ()}
        for key, names in wanted.items():
            for name in names:
                if name not in present:
                    raise absent_level(self.study, f"variables.{self.name}", key, self.name, name, present)


def absent_level(
    study: Study,
    section: str,
    key: str,
    column: str,
    name: str,
    present: Counter[str],
    kind: type[CommensalError] = StudyFileError,
) -> CommensalError:
    """Return the error for a level that does not occur, with the nearest one and the counts of those that do."""
    near = nearest(name, present)
    codes = {code for table in study.tables.values() for code in table.missing}
    mend = f"did you mean {near[0]!r}?" if near else "correct the level"
    if name in codes:
        mend = f"{name!r} is read as missing: give the table a missing = […] without it"
    return kind(
        f"level {name!r} of {column!r} does not occur",
        where=f"{study.path.name}, [{section}] {key}",
        found=listing((f"{level} ({n})" for level, n in present.most_common()), 10) or "only missing values",
        expected=f"{name!r} among them",
        mend=mend,
    )
