"""Two groups compared by a sum of scores under rearranged labels: what several tests of survival are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from commensal.stats._arrays import Floats, Integers
from commensal.stats._survival import Mask, coded, moves, share_reached, smallest_reachable
from commensal.stats.fits import Counts, Texts

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class ScoreTestFit:
    """Two groups compared by scores under rearranged labels; missing numbers are NaN, and `status` says why."""

    effect: float  # one-step log ratio of hazards of the case against the control
    statistic: float  # observed − expected events of the cases over its standard deviation without units
    p: float  # two-sided, labels rearranged
    smallest_p: float  # that these arrangements can give
    n_permutations: int
    exact: bool  # these are all arrangements
    scheme: str
    observed: float  # events of the cases (expected ones where they are intervals)
    expected: float  # if groups did not differ
    scores: Floats  # (n,) of the subjects: above 0 where the event came earlier than expected
    group: Texts  # (2,) control, case
    n: Counts  # (2,)
    n_units: Counts  # (2,) cages, or subjects
    status: str  # ok | no_events | one_cage | too_few
    note: str

    def table(self) -> pd.DataFrame:
        """Return one row; the columns of the control begin with `control_`, those of the case with `case_`."""
        import pandas as pd

        wide = ("scores", "group", "n", "n_units")
        row = {name: [getattr(self, name)] for name in self.__slots__ if name not in wide}
        for place, side in enumerate(("control", "case")):
            row |= {side: [self.group[place]], f"{side}_n": [self.n[place]], f"{side}_n_units": [self.n_units[place]]}
        return pd.DataFrame(row)


@dataclass(frozen=True, slots=True)
class Scored:
    """Scores that sum to 0 in every stratum, and what they were made of."""

    scores: Floats  # (n,)
    expected: Floats  # (n,) events expected of each subject
    variance: float  # of observed − expected of the cases
    events: float


def scored(risk: Floats, died: Floats, case: Mask) -> Scored:
    """Return scores from who is at risk (n, T) and has the event (n, T), both 0 to 1, and whose label is 1 (n,)."""
    y, d = risk.sum(axis=0), died.sum(axis=0)
    hazard = np.divide(d, y, out=np.zeros_like(y), where=y > 0)
    share = np.divide(case @ risk, y, out=np.zeros_like(y), where=y > 0)
    spare = np.divide(y - d, y - 1, out=np.zeros_like(y), where=y > 1)
    expected = risk @ hazard
    variance = float(np.sum(d * share * (1 - share) * np.clip(spare, 0.0, 1.0)))
    return Scored(died.sum(axis=1) - expected, expected, variance, float(d.sum()))


def joined(parts: list[tuple[Integers, Scored]], n: int) -> Scored:
    """Join the scores of strata, each with its rows."""
    scores, expected = np.zeros(n), np.zeros(n)
    for rows, part in parts:
        scores[rows], expected[rows] = part.scores, part.expected
    variance, events = sum(part.variance for _, part in parts), sum(part.events for _, part in parts)
    return Scored(scores, expected, variance, events)


def rearranged(
    made: Scored,
    names: tuple[object, object],
    case: Mask,
    cage: ArrayLike | None,
    strata: ArrayLike | None,
    n: int,
    seed: int,
) -> ScoreTestFit:
    """Refer the cases' sum of scores to its values under rearranged labels."""
    layer = None if strata is None else coded(strata, "stratum", case.size)[1]
    codes = case.astype(np.int64)
    moving = moves(codes, cage, layer, n, seed)
    arranged = moving.arranged(codes)
    difference = float(made.scores[case].sum())
    nan = float("nan")
    status, note = "ok", ""
    if not made.events > 0:
        status, note = "no_events", "nobody had the event"
    elif not made.variance > 0:
        status, note = "too_few", "the groups were never at risk together at an event"
    elif moving.whole and min(moving.units(case), moving.units(~case)) < 2:
        status, note = "one_cage", "a group has one cage: its effect cannot be told from the cage's"
    elif arranged.n_distinct <= 1:
        status, note = "too_few", "the labels have one arrangement only"
    p, floor, compared = nan, nan, 0
    if status == "ok":
        null = np.abs(arranged.labels @ made.scores)
        p = float(share_reached(null, np.array([abs(difference)]), arranged)[0])
        floor, compared = smallest_reachable(null, arranged), int(null.size)
    known = made.variance > 0
    labels = np.empty(2, dtype=object)
    labels[:] = names
    expected = float(made.expected[case].sum())
    return ScoreTestFit(
        difference / made.variance if known else nan,
        difference / made.variance**0.5 if known else nan,
        p,
        floor,
        compared,
        arranged.exact,
        arranged.scheme,
        expected + difference,
        expected,
        made.scores,
        labels,
        np.array([int((~case).sum()), int(case.sum())]),
        np.array([moving.units(~case), moving.units(case)]),
        status,
        note,
    )
