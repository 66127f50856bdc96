"""What a question gives back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from commensal.errors import CommensalError
from commensal.study import Dropped
from commensal.tables import COUNTED, estimates, points, rewrite_estimates


@dataclass(frozen=True, slots=True)
class Refused:
    """An outcome that was asked for and could not be had, and why."""

    name: str
    error: CommensalError
    primary: bool = False  #: chosen beforehand: it keeps its place in the family of verdicts


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """Estimates and points of one question (or of a part of it), and everything that it left out."""

    estimates: pd.DataFrame
    points: pd.DataFrame
    dropped: tuple[Dropped, ...] = ()
    refused: tuple[Refused, ...] = ()  #: outcomes that were asked for and could not be had
    rest: tuple[Path, ...] = ()  #: files of Estimates with the rows that are too many to hold


def joined(answers: Iterable[Answer]) -> Answer:
    """Join answers in their order; none gives empty tables.

    Examples
    --------
    >>> joined([]).estimates.shape
    (0, 32)
    """
    parts = list(answers)
    return Answer(
        estimates=_stacked([part.estimates for part in parts], estimates()),
        points=_stacked([part.points for part in parts], points()),
        dropped=tuple(dict.fromkeys(item for part in parts for item in part.dropped)),
        refused=tuple(item for part in parts for item in part.refused),
        rest=tuple(path for part in parts for path in part.rest),
    )


def without_p(answer: Answer, status: str, note: str) -> Answer:
    """Return the answer with its effects and without any p, q or interval; rows that had a p get status and note."""
    for path in answer.rest:
        rewrite_estimates(path, lambda part: without_p(Answer(part, points()), status, note).estimates)
    frame = answer.estimates.copy()
    # the share that is moved back has an interval, and its p on the row of the score
    had = frame["p"].notna() | (frame["model"] == "reversal, share")
    frame.loc[had, ["p", "q", "low", "high"]] = np.nan
    frame.loc[had, "family"] = pd.NA
    frame.loc[had, "status"] = status
    # A joint test's note tells the p of its parts, which are withheld too; so does that of a mediation.
    kept = frame.loc[had, "note"].mask(frame.loc[had, "model"].isin(("joint", "mediation")))
    frame.loc[had, "note"] = [note if pd.isna(old) else f"{note}; {old}" for old in kept]
    frame.loc[had & (frame["model"] == "joint"), "statistic"] = np.nan
    # a class, a time of departure and a shortlist rest on the p that are withheld
    frame.loc[frame["model"] == "class", ["term", "note"]] = ["undetermined", note]
    candidate = frame["model"] == "candidate"
    frame.loc[candidate, ["effect", "statistic"]] = np.nan  # how many lines hold, and the rank
    frame.loc[candidate, "note"] = note
    departed = frame["model"] == "departure"
    frame.loc[departed, ["effect", "time", "statistic"]] = np.nan
    frame.loc[departed, ["status", "note"]] = [status, note]
    frame.loc[(frame["model"] == COUNTED) & (frame["measure"] != "table"), "effect"] = np.nan
    frame.loc[:, ["low", "high"]] = np.nan
    frame = frame[frame["model"] != "shortlist"]
    drawn = answer.points[answer.points["figure"] != "course"].reset_index(drop=True)
    triangles = drawn["figure"] == "triangulation"
    drawn.loc[triangles & (drawn["note"] != "exogenous"), "note"] = "other"
    drawn.loc[triangles, "n"] = pd.NA
    return replace(answer, estimates=estimates(frame), points=drawn)


def _stacked(frames: list[pd.DataFrame], empty: pd.DataFrame) -> pd.DataFrame:
    full = [frame for frame in frames if len(frame)]
    return pd.concat(full, ignore_index=True) if full else empty
