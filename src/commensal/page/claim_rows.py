"""What the lines of a claim rest on: the rows of the Estimates, and how many animals, cages, people they are of."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from commensal.page.line_figures import PointsOf
from commensal.page.view import PageView, sides
from commensal.page.words import chance, count, estimate, many, missing, plural
from commensal.study import Study
from commensal.tables import points

#: A row of the claims by column; plain, as there are many of them.
Row = Any
#: Kinds of questions whose rows count animals.
ANIMALS = ("depletion", "screen", "rescue", "mediators")


@dataclass(frozen=True, slots=True, eq=False)
class Behind:
    """The study, the rows and the points behind claims."""

    study: Study | None = None
    rows: pd.DataFrame | None = None  #: the Estimates, by their place
    points: PointsOf = field(default_factory=lambda: PointsOf(points()))
    size: int = 0  #: how many claims there are
    mediated: tuple[str, ...] = ()  #: outcomes that mediation was tested of

    @classmethod
    def of(cls, view: PageView) -> Behind:
        """Return what stands behind the claims of a page."""
        rows = view.estimates.reset_index(drop=True)
        tested = rows[(rows["model"] == "mediation") & rows["p"].notna()]["measure"].dropna().unique()
        size = int((view.claims["line"] == "claim").sum())
        return cls(view.study, rows, PointsOf(view.points), size, tuple(str(one) for one in tested))

    def row(self, line: Row) -> pd.Series | None:
        """Return the row of the Estimates that a line rests on."""
        at = None if missing(line["estimate"]) else int(line["estimate"])
        return None if at is None or self.rows is None or at >= len(self.rows) else self.rows.iloc[at]

    def effect(self, line: Row) -> str:
        """Write a line's effect with its interval and the two-sided p of its row."""
        row = self.row(line)
        return estimate(line, "" if row is None or missing(row["p"]) else chance(row["p"]))

    def size_of(self, line: Row) -> str:
        """Say of how many animals and cages, people and households a line is."""
        row = self.row(line)
        return "" if row is None else sizes(row, self.study, self.points)


def sizes(row: pd.Series, study: Study | None, of: PointsOf | None = None) -> str:
    """Say how many units a row of the Estimates is of, as units: animals in cages, people in households.

    Examples
    --------
    >>> from commensal.tables import estimates
    >>> row = {"kind": "screen", "n": 31, "n_case": 16, "n_control": 15, "n_blocks": 16}
    >>> sizes(estimates([row]).iloc[0], None)
    '16 against 15 animals in 16 blocks'
    """
    if missing(row["n"]):
        return ""
    kind, model = str(row["kind"]), str(row["model"])
    sided = not missing(row["n_case"]) and not missing(row["n_control"])
    each = f"{count(row['n_case'])} against {count(row['n_control'])}" if sided else count(row["n"])
    if kind in ANIMALS:
        told = f"{each} animals"
    elif kind == "cohort" and model.startswith("severity"):
        told = f"{count(row['n'])} patients"
    elif kind == "cohort":
        told = f"{count(row['n'])} people" + (" who have it" if model == "abundance" else "") + _named(row, study)
    else:
        told = f"{each} samples"
    return told + _subjects(row, of) + _blocks(row, study)


def _named(row: pd.Series, study: Study | None) -> str:
    if missing(row["n_case"]) or missing(row["n_control"]):
        return ""
    case, control = sides(study.contrasts.get(str(row["contrast"])) if study else None)
    return f" ({count(row['n_case'])} {case}, {count(row['n_control'])} {control})"


def _subjects(row: pd.Series, of: PointsOf | None) -> str:
    """Say how many animals or people gave the samples, where several came from one."""
    if of is None or missing(row["assay"]) or str(row["kind"]) not in ("course", "cohort"):
        return ""
    own = of.get("raw", row, measure="")
    subjects, samples = own["subject"].nunique(), own["sample"].nunique()
    word = "animal" if row["kind"] == "course" else "person"
    return f" of {many(subjects, word)}" if 0 < subjects < samples else ""


def _blocks(row: pd.Series, study: Study | None) -> str:
    asked = study.questions.get(str(row["question"])) if study else None
    word = asked.block[0] if asked is not None and asked.block else "block"
    if missing(row["n_blocks"]) or int(row["n_blocks"]) == 0:
        return ""
    if int(row["n_blocks"]) > int(row["n"]):
        return f" ({many(row['n_blocks'], word)} of all arms in one model)"
    return (
        f" in {many(row['n_blocks'], word)}"
        if asked is not None
        else f" in {many(row['n_blocks'], plural('block', 1))}"
    )
