"""What all survival statistics share: checked times, named groups, and who is at risk when."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from commensal.errors import StatisticsError, listing
from commensal.stats._arrays import TIE, Floats, Integers, numbers, same_length
from commensal.stats.fits import Texts
from commensal.stats.permutation import FREE, NESTED, WHOLE, WITHIN, Permutations, permutations

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Followed:
    """Follow-up of n subjects: each under observation in (entry, time], and an event at time or not."""

    time: Floats  # (n,)
    event: Mask  # (n,)
    entry: Floats  # (n,) −inf where all are followed from the start

    def __len__(self) -> int:
        return int(self.time.size)

    def take(self, rows: Mask | Integers) -> Followed:
        """Return the follow-up of some subjects."""
        return Followed(self.time[rows], self.event[rows], self.entry[rows])


@dataclass(frozen=True, slots=True)
class RiskSets:
    """Who is at risk and who has the event, at each of T distinct times of an event in its stratum."""

    time: Floats  # (T,)
    at_risk: Floats  # (n, T) 0 or 1: entry < t ≤ time, and in the column's stratum
    event: Floats  # (n, T) 0 or 1


def followed(time: ArrayLike, event: ArrayLike, entry: ArrayLike | None = None) -> Followed:
    """Return checked follow-up.

    Raises
    ------
    StatisticsError
        Lengths that differ, no subjects, missing or negative times, an event that is neither yes nor no, an entry
        that is not before the end.
    """
    times = numbers(time, "the times", dimensions=1, negative=False)
    if times.size == 0:
        raise StatisticsError("there are no subjects", found="0 times", expected="at least 1")
    happened = same_length(numbers(event, "the events", dimensions=1), "the events", times.size)
    odd = (happened != 0) & (happened != 1)
    if odd.any():
        raise StatisticsError(
            "an event is neither 0 nor 1",
            found=f"{happened[odd][0]:g} in row {int(np.flatnonzero(odd)[0])} (the first row is 0)",
            expected="1 or True where the event was seen, 0 or False where the subject was censored",
            mend="code competing events as censored, or take them into the end-point",
        )
    if entry is None:
        return Followed(times, happened == 1, np.full(times.size, -np.inf))
    begun = same_length(numbers(entry, "the entries", dimensions=1), "the entries", times.size)
    late = begun >= times
    if late.any():
        raise StatisticsError(
            "a subject enters at or after the end of its follow-up",
            found=f"rows {listing(np.flatnonzero(late).tolist())} (the first row is 0)",
            expected="entry < time",
            mend="leave these subjects out: they were never at risk",
        )
    return Followed(times, happened == 1, begun)


def confidence(level: float) -> float:
    """Return a confidence level that lies between 0 and 1, else refuse it."""
    if not 0 < level < 1:
        raise StatisticsError("a confidence level lies between 0 and 1", found=level, expected="for example 0.95")
    return float(level)


def coded(names: ArrayLike, what: str, n: int) -> tuple[Texts, Integers]:
    """Return the distinct names in their order (k,) and the code of each of n subjects."""
    given: NDArray[np.generic] = np.asarray(names)
    if given.shape != (n,):
        raise StatisticsError(f"the {what} does not fit the times", found=f"shape {given.shape}", expected=f"({n},)")
    listed = given.tolist()
    missing = [i for i, name in enumerate(listed) if name is None or name != name]  # noqa: PLR0124  NaN
    if missing:
        raise StatisticsError(
            f"the {what} is missing for some subjects",
            found=f"rows {listing(missing)} (the first row is 0)",
            expected=f"a {what} for every subject",
            mend="leave these subjects out",
        )
    distinct = list(dict.fromkeys(listed))
    try:
        distinct.sort()
    except TypeError:
        distinct.sort(key=str)
    place = {name: i for i, name in enumerate(distinct)}
    levels = np.empty(len(distinct), dtype=object)
    levels[:] = distinct
    return levels, np.array([place[name] for name in listed], dtype=np.int64)


def against(levels: Texts, control: object | None, what: str = "group") -> int:
    """Return the place of the control among levels; the first where none is named."""
    if control is None:
        return 0
    known = levels.tolist()
    if control not in known:
        raise StatisticsError(
            f"the control is none of the {what}s", found=repr(control), expected=f"one of {listing(known)}"
        )
    return int(known.index(control))


def two_groups(group: ArrayLike, control: object | None, n: int) -> tuple[tuple[object, object], Mask]:
    """Return (control, case) and who is a case (n,), refusing any number of groups but two."""
    levels, codes = coded(group, "group", n)
    if levels.size != 2:
        raise StatisticsError(
            "a comparison needs two groups",
            found=f"{levels.size}: {listing(levels.tolist())}",
            expected="2",
            mend="leave out the subjects of other groups",
        )
    place = against(levels, control)
    return (levels[place], levels[1 - place]), codes != place


def risk_sets(subjects: Followed, strata: Integers | None = None) -> RiskSets:
    """Return who is at risk at each distinct event time, strata after one another."""
    n = len(subjects)
    layer = np.zeros(n, dtype=np.int64) if strata is None else strata
    pairs = np.unique(np.column_stack([layer[subjects.event], subjects.time[subjects.event]]), axis=0)
    own = layer[:, None] == pairs[:, 0]
    t = pairs[:, 1]
    at_risk = own & (subjects.entry[:, None] < t) & (t <= subjects.time[:, None])
    event = own & subjects.event[:, None] & (subjects.time[:, None] == t)
    return RiskSets(t, at_risk.astype(np.float64), event.astype(np.float64))


@dataclass(frozen=True, slots=True)
class Ladder:
    """The risk sets as steps in sorted follow-up, so that counts of any labels are differences of running sums."""

    by_time: Integers  # (n,) subjects by stratum, then time
    by_entry: Integers | None  # (n,) by stratum, then entry; None where all are there from the start
    ended: Integers  # (T,) how many of by_time come before this time's risk set
    last: Integers  # (T,) where this time's stratum ends
    begun: Integers  # (T,) how many of by_entry come before or have entered
    first: Integers  # (T,) where this time's stratum begins
    dead: Integers  # (e,) those with an event, by stratum, then time
    edge: Integers  # (T + 1,) which of them belong to each time

    def counts(self, member: Mask) -> tuple[Floats, Floats]:
        """Return how many of the members (P, n) are at risk and how many have the event, both (P, T)."""
        ends = _running(member, self.by_time)
        if self.by_entry is None:
            at_risk = ends[:, self.last] - ends[:, self.ended]
        else:
            starts = _running(member, self.by_entry)
            at_risk = starts[:, self.begun] - starts[:, self.first] - ends[:, self.ended] + ends[:, self.first]
        events = _running(member, self.dead)
        died = events[:, self.edge[1:]] - events[:, self.edge[:-1]]
        return at_risk.astype(np.float64), died.astype(np.float64)


def ladder(subjects: Followed, strata: Integers | None = None) -> Ladder:
    """Return the risk sets at each distinct event time of each stratum, as :func:`risk_sets` has them."""
    n = len(subjects)
    layer = np.zeros(n, dtype=np.int64) if strata is None else strata
    dead = np.flatnonzero(subjects.event)
    dead = dead[np.lexsort((subjects.time[dead], layer[dead]))]
    stratum, time = layer[dead], subjects.time[dead]
    new = np.ones(dead.size, dtype=bool)
    new[1:] = (np.diff(stratum) != 0) | (np.diff(time) != 0)
    stratum, time, edge = stratum[new], time[new], np.append(np.flatnonzero(new), dead.size)
    by_time = np.lexsort((subjects.time, layer))
    late = bool(np.isfinite(subjects.entry).any())
    by_entry = np.lexsort((subjects.entry, layer)) if late else None
    sizes = np.bincount(layer, minlength=int(layer.max()) + 1)
    first = (np.cumsum(sizes) - sizes)[stratum]
    before = _before(subjects.time[by_time], first, sizes[stratum], time)
    begun = first if by_entry is None else _before(subjects.entry[by_entry], first, sizes[stratum], time)
    return Ladder(by_time, by_entry, before, first + sizes[stratum], begun, first, dead, edge)


def _before(ordered: Floats, first: Integers, size: Integers, time: Floats) -> Integers:
    """Return where in its stratum's stretch of ``ordered`` each time would go, counted from the very beginning."""
    ends = first + size
    places = [a + np.searchsorted(ordered[a:b], t) for a, b, t in zip(first, ends, time, strict=True)]
    return np.array(places, dtype=np.int64)


def _running(member: Mask, order: Integers) -> NDArray[np.int32]:
    """Return running counts of members (P, n) along an order, beginning with 0, (P, len(order) + 1)."""
    sums = np.zeros((member.shape[0], order.size + 1), dtype=np.int32)
    np.cumsum(member[:, order], axis=1, dtype=np.int32, out=sums[:, 1:])
    return sums


@dataclass(frozen=True, slots=True)
class Moves:
    """What moves when labels of n subjects are rearranged: subjects or whole cages, within strata or cages."""

    unit: Integers  # (n,) what carries the label
    block: Integers | None  # (n,) where it may go
    whole: bool  # cages are nested in groups and move as wholes
    n: int
    seed: int

    def arranged(self, codes: Integers, rows: Mask | None = None) -> Permutations:
        """Return arrangements of the codes (n,) of some subjects, all by default."""
        taken = np.ones(codes.size, dtype=bool) if rows is None else rows
        labels = codes[taken].astype(np.float64)
        block = None if self.block is None else self.block[taken]
        if not self.whole:
            scheme = FREE if block is None else WITHIN
            return permutations(labels, block=block, scheme=scheme, n=self.n, seed=self.seed)
        unit = self.unit[taken]
        if block is None:
            return permutations(labels, block=unit, scheme=WHOLE, n=self.n, seed=self.seed)
        return permutations(labels, block=block, unit=unit, scheme=NESTED, n=self.n, seed=self.seed)

    def units(self, rows: Mask) -> int:
        """Return how many units these subjects are in."""
        return int(np.unique(self.unit[rows]).size)


def moves(codes: Integers, cage: ArrayLike | None, layer: Integers | None, n: int, seed: int) -> Moves:
    """Decide by the design: subjects move, within strata; whole cages where each has one group; else within cages."""
    size = codes.size
    if cage is None:
        return Moves(np.arange(size), layer, False, n, seed)
    unit = coded(cage, "cage", size)[1]
    if np.unique(np.column_stack([unit, codes]), axis=0).shape[0] == unit.max() + 1:
        return Moves(unit, layer, True, n, seed)
    inside = unit if layer is None else np.unique(np.column_stack([layer, unit]), axis=0, return_inverse=True)[1]
    return Moves(np.arange(size), inside.astype(np.int64), False, n, seed)


def share_reached(null: Floats, observed: Floats, arranged: Permutations) -> Floats:
    """Return p: the share of arrangements whose statistic reaches each observed one, those equal to it included."""
    ordered = np.sort(null)
    above = null.size - np.searchsorted(ordered, observed - TIE * np.maximum(observed, ordered[-1]), side="left")
    p: Floats = above / null.size if arranged.exact else (1 + above) / (1 + null.size)
    return p


def smallest_reachable(null: Floats, arranged: Permutations) -> float:
    """Return the smallest p that any labels could have had here: mirror images and ties share the extreme."""
    return float(share_reached(null, null.max(keepdims=True), arranged)[0]) if arranged.exact else arranged.smallest_p


def lost_with_one(x: Floats, contrast: Floats, unit: Integers) -> bool:
    """Say whether the contrast (k,) on x (n, k) hangs on a single unit: without it, nothing could be estimated."""
    return any(not _estimable(x[unit != one], contrast) for one in np.unique(unit).tolist())


def _estimable(x: Floats, contrast: Floats) -> bool:
    """Say whether a contrast of slopes can be estimated from rows x beside a free baseline."""
    if x.shape[0] < 2:
        return False
    centred = x - x.mean(axis=0)
    # A constant less its mean may be left with rounding.
    centred[:, np.ptp(x, axis=0) <= 1e-12 * np.abs(x).max(axis=0)] = 0.0
    scale = np.abs(centred).max(axis=0)
    scale[scale == 0] = 1.0
    _, s, right = np.linalg.svd(centred / scale, full_matrices=False)
    kept = right[s > 1e-9 * max(s.max(initial=0.0), 1e-300)]
    wanted = contrast / scale
    rest = wanted - kept.T @ (kept @ wanted)
    return bool(np.linalg.norm(rest) <= 1e-9 * np.linalg.norm(wanted))
