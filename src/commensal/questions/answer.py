"""What a question gives back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from commensal.study import Dropped
from commensal.tables import estimates, points


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """Estimates and points of one question (or of a part of it), and everything that it left out."""

    estimates: pd.DataFrame
    points: pd.DataFrame
    dropped: tuple[Dropped, ...] = ()


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
    )


def _stacked(frames: list[pd.DataFrame], empty: pd.DataFrame) -> pd.DataFrame:
    full = [frame for frame in frames if len(frame)]
    return pd.concat(full, ignore_index=True) if full else empty
