"""Findings of the design linter."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import pandas as pd

Severity = Literal["error", "warning", "note"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a reviewer would ask about this design.

    ``error``: this comparison cannot be made; ``warning``: it can, and a reader must know; ``note``: good to know.
    """

    code: str  #: stable name, for example ``nested_units``
    severity: Severity
    where: str  #: ``contrast ibd × assay taxa``, ``[design]``, ``samples``
    message: str  #: what was found, with its counts, in a sentence
    mend: str  #: a way out
    contrast: str | None = None
    assay: str | None = None
    counts: dict[str, float] = field(default_factory=dict)  #: the numbers in the message, by name

    def to_dict(self) -> dict[str, object]:
        """Return the finding as plain data, as ``check --json`` prints it."""
        return {
            "code": self.code,
            "severity": self.severity,
            "where": self.where,
            "message": self.message,
            "mend": self.mend,
            "contrast": self.contrast,
            "assay": self.assay,
            "counts": dict(self.counts),
        }


class Findings(tuple[Finding, ...]):
    """Findings in their order, as a tuple that has a table.

    Examples
    --------
    >>> found = Findings([Finding("one_cage", "warning", "samples", "Arm abx is one cage.", "add a cage")])
    >>> found.table()["code"].tolist()
    ['one_cage']
    """

    __slots__ = ()

    def table(self) -> pd.DataFrame:
        """Return one row per finding, with the columns code, severity, where, message, mend, contrast and assay."""
        rows = [{name: getattr(one, name) for name in _COLUMNS} for one in self]
        return pd.DataFrame(rows, columns=list(_COLUMNS)).astype("string")

    def _repr_html_(self) -> str:
        """Return the table as HTML; pandas escapes it."""
        return str(self.table()[["severity", "where", "message", "mend"]].to_html(index=False, escape=True, na_rep="–"))


_COLUMNS = ("code", "severity", "where", "message", "mend", "contrast", "assay")
