"""Reviewers' checklists filled from what the study file, the data and the estimates say; the rest is the authors'."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from commensal import knowledge
from commensal.pipeline.checklist_facts import Facts
from commensal.study import Dropped, LoadedStudy
from commensal.tables import ANSWERED, OPEN_ITEM, PARTLY, checklist_rows

#: Where an answer comes from.
FILE, RUN, AUTHORS = "study file", "this run", "authors, in the study file"


@dataclass(frozen=True, slots=True)
class Said:
    """An answer to one item: empty text is none."""

    text: str
    whole: bool = False  #: whether it answers all that the item asks
    by: str = FILE


Filler = Callable[[Facts], Said]


def checklists(
    loaded: LoadedStudy,
    estimates: pd.DataFrame,
    *,
    dropped: Sequence[Dropped] = (),
    findings: int = 0,
    versions: Mapping[str, str] | None = None,
    inputs: int = 0,
) -> pd.DataFrame:
    """Fill STORMS where the study has people, ARRIVE where it has animals.

    Parameters
    ----------
    loaded
        The study with its data.
    estimates
        Of the run.
    dropped
        What was left out.
    findings
        How many findings of the design there are.
    versions
        Package → version.
    inputs
        How many files were read; their hashes are on the page.

    Returns
    -------
    pandas.DataFrame
        A row per item (`commensal.tables.checklist_rows`). Nothing is said to be done that neither the file nor the run
        says.
    """
    asked = {"storms": "people", "arrive": "animals"}
    rows: list[dict[str, object]] = []
    for name, guideline in knowledge.guidelines().items():
        facts = Facts(loaded, estimates, asked[name], tuple(dropped), findings, versions or {}, inputs)
        if asked[name] not in facts.who:
            continue
        own = getattr(loaded.declared.reporting, name)
        for item in guideline.items:
            said = _FILLED[name].get(item.number, _nothing)(facts)
            answer, status, by = _judged(said, own.get(item.number))
            rows.append(
                {
                    "checklist": name, "title": guideline.title, "source": guideline.source, "item": item.number,
                    "section": item.section, "topic": item.topic, "asks": item.asks, "status": status,
                    "answer": answer, "said_by": by,
                }
            )  # fmt: skip
    return checklist_rows(rows)


def _judged(said: Said, own: str | None) -> tuple[str | None, str, str | None]:
    if own is not None:
        return (f"{own} ({said.text})" if said.text else own), ANSWERED, AUTHORS
    if not said.text:
        return None, OPEN_ITEM, None
    return said.text, ANSWERED if said.whole else PARTLY, said.by


def _nothing(_: Facts) -> Said:
    return Said("")


def _free(key: str) -> Filler:
    """Return what the authors wrote under a key of ``[reporting]``."""
    return lambda facts: Said(str(getattr(facts.reporting, key) or ""), whole=True)


def _of(part: str, *, whole: bool = False, by: str = FILE) -> Filler:
    """Return what a property of the facts says, as far as it answers an item."""
    return lambda facts: Said(str(getattr(facts, part)), whole, by)


_SHARED: dict[str, Filler] = {
    "groups": _of("groups", whole=True),
    "n": _of("sizes", whole=True, by=RUN),
    "methods": _of("methods", whole=True, by=RUN),
    "effects": _of("effects", whole=True, by=RUN),
    "files": _of("files", by=RUN),
}
_STORMS: dict[str, Filler] = {
    "1.3": _of("specimens"),
    "2.1": _of("questions"),
    "3.0": _of("randomised"),
    "3.1": _of("groups"),
    "3.4": _of("exclusions"),
    "3.6": _of("sizes_and_losses", by=RUN),
    "3.7": _of("repeats", by=RUN),
    "3.8": _of("blocks"),
    "3.9": _free("ethics"),
    "4.7": _of("mocks"),
    "4.8": _of("blanks"),
    "4.10": _of("replicates"),
    "4.11": _of("strategy"),
    "4.12": _of("quantities", whole=True),
    "4.13": _of("batches"),
    "4.14": _of("transcripts"),
    "4.16": _of("metabolomics"),
    "5.0": _of("measures"),
    "6.0": _of("adjusted"),
    "7.0": _of("methods", by=RUN),
    "7.1": _of("left_out", by=RUN),
    "7.2": _of("sequences", by=RUN),
    "7.3": _SHARED["methods"],
    "7.4": _of("repeats", by=RUN),
    "7.5": _of("subgroups", whole=True),
    "7.6": _of("gaps", by=RUN),
    "7.8": _of("multiplicity", whole=True, by=RUN),
    "7.9": _of("software", whole=True, by=RUN),
    "8.0": _of("files", by=RUN),
    "8.1": _free("data_access"),
    "8.2": _free("data_access"),
    "8.4": _free("code_access"),
    "8.5": _of("results", whole=True, by=RUN),
    "9.0": _of("described"),
    "10.0": _of("communities", whole=True, by=RUN),
    "10.2": _of("differential", whole=True, by=RUN),
    "10.3": _of("other_types", by=RUN),
    "13.0": _of("limits", by=RUN),
    "15.0": _free("funding"),
    "15.2": _free("interests"),
    "17.0": _of("results", whole=True, by=RUN),
}
_ARRIVE: dict[str, Filler] = {
    "1a": _SHARED["groups"],
    "1b": _of("unit"),
    "2a": _of("sizes", by=RUN),
    "3a": _of("exclusions"),
    "3b": _of("left_out", by=RUN),
    "3c": _SHARED["n"],
    "4a": _of("randomised"),
    "4b": _of("adjusted"),
    "5": _of("blinded"),
    "6a": _of("outcomes", whole=True),
    "6b": _of("primary", whole=True),
    "7a": _SHARED["methods"],
    "8a": _of("described"),
    "9a": _of("groups"),
    "10a": _of("points", by=RUN),
    "10b": _SHARED["effects"],
    "13": _of("questions"),
    "14": _free("ethics"),
    "15": _free("housing"),
    "16c": _of("end_points"),
    "17b": _of("limits", by=RUN),
    "19": _free("registration"),
    "20": _free("data_access"),
    "21a": _free("interests"),
    "21b": _free("funding"),
}
_FILLED: dict[str, Mapping[str, Filler]] = {"storms": _STORMS, "arrive": _ARRIVE}
