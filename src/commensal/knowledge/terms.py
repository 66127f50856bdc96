"""Words of the page and of the tables, and what they mean."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources

#: Groups of terms, in the order of the glossary, as a reader reads them.
GROUPS = {
    "design": "Design",
    "statistics": "Statistics",
    "questions": "Questions and verdicts",
    "course": "The course of a disease",
    "claims": "Claims",
    "molecules": "Molecules",
    "reads": "Reads",
    "findings": "What `commensal check` finds",
    "columns": "Columns of the tables",
}


@dataclass(frozen=True, slots=True)
class Term:
    """One word that a reader may ask about.

    Parameters
    ----------
    name, group
        The word, and which of `GROUPS` it belongs to.
    meaning
        In a few sentences.
    see
        Other terms, or statuses.
    page
        The page of the guide that says more; empty if none does.
    """

    name: str
    group: str
    meaning: str
    see: tuple[str, ...] = ()
    page: str = ""


@cache
def terms() -> dict[str, Term]:
    """Return every term by its name, in the order of the file.

    Examples
    --------
    >>> terms()["gate"].see
    ('link', 'selected', 'partial conjunction')
    """
    text = resources.files("commensal.knowledge").joinpath("terms.toml").read_text(encoding="utf-8")
    return {
        name: Term(name, one["group"], one["meaning"], tuple(one.get("see", ())), one.get("page", ""))
        for name, one in tomllib.loads(text)["terms"].items()
    }
