"""Survival where events are known as intervals: the curve by maximum likelihood, and a log-rank test."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from commensal.errors import StatisticsError, listing
from commensal.stats._arrays import Floats, Integers, numbers, same_length
from commensal.stats._scores import ScoreTestFit, joined, rearranged, scored
from commensal.stats._survival import Mask, coded, two_groups
from commensal.stats.fits import Counts, Texts

if TYPE_CHECKING:
    import pandas as pd

#: Steps of the search, and the largest derivative beyond n (in shares of n) at which it has arrived.
_ROUNDS, _NEAR = 2000, 1e-9
#: Mass below which an interval is taken to have none.
_NONE = 1e-9


@dataclass(frozen=True, slots=True)
class IntervalCurves:
    """Curves of g groups as r intervals with mass; missing is NaN."""

    group: Texts  # (r,) name
    left: Floats  # (r,) the mass lies after this time
    right: Floats  # (r,) and up to this one; infinite where the event was never seen
    mass: Floats  # (r,)
    survival: Floats  # (r,) from `right` on
    groups: Texts  # (g,)
    n: Counts  # (g,)
    events: Counts  # (g,)
    median_left: Floats  # (g,) the curve reaches one half after this time
    median_right: Floats  # (g,) and by this one; missing where it does not
    status: Texts  # (g,) ok | no_events | not_reached | not_converged
    note: Texts  # (g,)

    def table(self) -> pd.DataFrame:
        """Return one row per group and interval."""
        import pandas as pd

        return pd.DataFrame({name: getattr(self, name) for name in ("group", "left", "right", "mass", "survival")})

    def medians(self) -> pd.DataFrame:
        """Return one row per group: the interval in which half have had the event."""
        import pandas as pd

        names = ("n", "events", "median_left", "median_right", "status", "note")
        return pd.DataFrame({"group": self.groups, **{name: getattr(self, name) for name in names}})


@dataclass(frozen=True, slots=True)
class _Seen:
    """Checked observations: the event in (earliest, latest], exactly at latest where both are the same."""

    earliest: Floats  # (n,)
    latest: Floats  # (n,) infinite where the event was not seen
    entry: Floats  # (n,)

    def take(self, rows: Mask | Integers) -> _Seen:
        """Return some subjects."""
        return _Seen(self.earliest[rows], self.latest[rows], self.entry[rows])

    @property
    def event(self) -> Mask:
        """Whose event was seen (n,)."""
        return np.isfinite(self.latest)


def interval_curves(
    earliest: ArrayLike, latest: ArrayLike, group: ArrayLike | None = None, *, entry: ArrayLike | None = None
) -> IntervalCurves:
    """Estimate survival of each group from intervals (earliest, latest] (n,) that hold the events, group (n,).

    Turnbull's estimator: the distribution of largest likelihood Π_i [S(earliest_i) − S(latest_i)] (over S(entry_i)).
    Its mass lies in few intervals; where inside them is not known, so the curve is not defined there. The
    maximum is found by Wang's constrained Newton steps, under late entry by Turnbull's self-consistency. Without
    intervals it is Kaplan and Meier's.

    No pointwise intervals are given: the estimator converges at the cube root of n where times of inspection are
    many, and the bootstrap fails.

    Parameters
    ----------
    earliest
        (n,) last time without the event, 0 or more; the same as ``latest`` where the time is exact.
    latest
        (n,) first time with it; infinite or missing (NaN) where it was never seen.
    group
        (n,) names; None: one group, named "all".
    entry
        (n,) start of follow-up: subjects whose event came before are not seen. None: from the start.

    Returns
    -------
    IntervalCurves
        Status of a group ``no_events``; ``not_reached``: its curve stays above ½; ``not_converged``.

    Raises
    ------
    StatisticsError
        Missing or negative times, an interval that ends before it begins, entry at or after the latest time.

    References
    ----------
    Turnbull (1976) J R Stat Soc B 38:290. Wang (2007) J R Stat Soc B 69:185. R: ``survival::survfit`` of
    ``Surv(type = "interval2")``.

    Examples
    --------
    Seen healthy at 0 and ill at 1; healthy at 1, ill at 2; the same, but not looked at until 3; never ill by 2.

    >>> fit = interval_curves([0, 1, 1, 2], [1, 2, 3, np.inf])
    >>> fit.left.tolist(), fit.right.tolist(), fit.survival.round(3).tolist()
    ([0.0, 1.0, 2.0], [1.0, 2.0, 3.0], [0.75, 0.375, 0.0])
    """
    seen = _seen(earliest, latest, entry)
    size = seen.latest.size
    levels, codes = coded(np.full(size, "all") if group is None else group, "group", size)
    found = [_curve(seen.take(codes == place)) for place in range(levels.size)]
    states, medians = [], []
    for left, right, mass, arrived in found:
        states.append(_state(right, mass, arrived))
        below = np.flatnonzero(1 - np.cumsum(mass) <= 0.5 + 1e-9)
        known = bool(below.size) and np.isfinite(right[below[0]])
        medians.append((left[below[0]], right[below[0]]) if known else (np.nan, np.nan))
    return IntervalCurves(
        np.repeat(levels, [one[0].size for one in found]),
        np.concatenate([one[0] for one in found]),
        np.concatenate([one[1] for one in found]),
        np.concatenate([one[2] for one in found]),
        np.concatenate([np.maximum(1 - np.cumsum(one[2]), 0.0) for one in found]),
        levels,
        np.bincount(codes, minlength=levels.size),
        np.bincount(codes[seen.event], minlength=levels.size),
        np.array([left for left, _ in medians]),
        np.array([right for _, right in medians]),
        np.array([state for state, _ in states], dtype=object),
        np.array([note for _, note in states], dtype=object),
    )


def interval_log_rank(
    earliest: ArrayLike,
    latest: ArrayLike,
    group: ArrayLike,
    *,
    control: object | None = None,
    cage: ArrayLike | None = None,
    strata: ArrayLike | None = None,
    entry: ArrayLike | None = None,
    n: int = 9999,
    seed: int = 1,
) -> ScoreTestFit:
    """Compare two groups (n,) whose events lie in intervals (earliest, latest] (n,), by rearranged labels.

    Sun's log-rank: each subject's event is spread over the intervals of the common curve (of the stratum) in
    proportion to their mass, which gives the events and the numbers at risk of each interval; a subject that never
    had the event is at risk as long as it was seen without. Without intervals the score is that of
    :func:`log_rank`. The score is a sum over subjects; labels are rearranged as in :func:`log_rank_many_to_one`,
    exact where groups are inspected alike.

    Parameters
    ----------
    earliest, latest, entry
        As :func:`interval_curves`.
    group
        (n,) two names.
    control
        Name of the control; None: the first of the two in their order.
    cage, strata, n, seed
        As :func:`log_rank_many_to_one`.

    Returns
    -------
    ScoreTestFit
        Status ``no_events``, ``one_cage``, ``too_few``.

    Raises
    ------
    StatisticsError
        As :func:`interval_curves`; groups other than two.

    References
    ----------
    Sun (1996) Stat Med 15:1387. Fay & Shaw (2010) J Stat Softw 36(2).

    Examples
    --------
    >>> fit = interval_log_rank([0, 0, 1, 2, 3, 3], [1, 2, 2, 4, np.inf, np.inf], [0, 0, 0, 1, 1, 1])
    >>> fit.p, bool(fit.effect < 0)
    (0.1, True)
    """
    seen = _seen(earliest, latest, entry)
    size = seen.latest.size
    names, case = two_groups(group, control, size)
    layer = np.zeros(size, dtype=np.int64) if strata is None else coded(strata, "stratum", size)[1]
    parts = []
    for stratum in np.unique(layer).tolist():
        rows = np.flatnonzero(layer == stratum)
        risk, died = _expected(seen.take(rows))
        parts.append((rows, scored(risk, died, case[rows])))
    return rearranged(joined(parts, size), names, case, cage, strata, n, seed)


def _seen(earliest: ArrayLike, latest: ArrayLike, entry: ArrayLike | None) -> _Seen:
    before = numbers(earliest, "the earliest times", dimensions=1, negative=False)
    if not before.size:
        raise StatisticsError("there are no subjects", found="0 times", expected="at least 1")
    try:
        after = np.asarray(latest, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise StatisticsError("the latest times do not hold numbers", found=error, expected="numbers") from error
    if after.shape != before.shape:
        raise StatisticsError("the latest times do not fit", found=after.shape, expected=before.shape)
    after = np.where(np.isnan(after), np.inf, after)
    begun = np.full(before.size, -np.inf)
    if entry is not None:
        begun = same_length(numbers(entry, "the entries", dimensions=1), "the entries", before.size)
    for wrong, what, expected in (
        (after < before, "an interval ends before it begins", "earliest ≤ latest"),
        (after <= begun, "an event is known to have come before entry", "entry < latest"),
    ):
        if wrong.any():
            rows = listing(np.flatnonzero(wrong).tolist())
            raise StatisticsError(what, found=f"rows {rows} (the first row is 0)", expected=expected)
    # An interval that begins before entry cannot hold an event before it.
    return _Seen(np.where(after > before, np.maximum(before, begun), before), after, begun)


def _support(seen: _Seen) -> tuple[Floats, Floats]:
    """Return the intervals (left, right] that can hold mass: where a beginning is followed at once by an end."""
    exact = seen.latest == seen.earliest
    late = seen.entry[np.isfinite(seen.entry)]
    # order at one time: just before it, the ends at it, just after it
    value = np.concatenate([seen.earliest, seen.latest, late])
    kind = np.concatenate([np.where(exact, 0, 2), np.ones(seen.latest.size + late.size)])
    order = np.lexsort((kind, value))
    value, kind = value[order], kind[order]
    at = np.flatnonzero((kind[:-1] != 1) & (kind[1:] == 1))
    return value[at], value[at + 1]


def _held(seen: _Seen, left: Floats, right: Floats) -> tuple[Mask, Mask]:
    """Return which intervals each event may lie in (n, m), and which come after each entry."""
    exact = (seen.latest == seen.earliest)[:, None]
    point = left == right
    begins = np.where(point, seen.earliest[:, None] < right, seen.earliest[:, None] <= left)
    inside = begins & (right <= seen.latest[:, None])
    return np.where(exact, point & (right == seen.latest[:, None]), inside), seen.entry[:, None] < right


def _curve(seen: _Seen) -> tuple[Floats, Floats, Floats, bool]:
    """Return left and right ends and mass (m,) of the intervals that have any, and whether the search arrived."""
    left, right = _support(seen)
    mass, arrived = _mass(seen, left, right)
    kept = mass > _NONE
    return left[kept], right[kept], mass[kept] / mass[kept].sum(), arrived


def _maximum(held: Mask) -> tuple[Floats, bool]:
    """Return the mass (m,) of largest likelihood Π (held p), and whether it was reached."""
    from scipy.optimize import nnls

    a = held.astype(np.float64)
    n, m = a.shape
    p = np.full(m, 1.0 / m)
    heavy = 1e3 * np.sqrt(n)
    for _ in range(_ROUNDS):
        inside = a @ p
        slope = a.T @ (1 / inside)
        if slope.max() <= n * (1 + _NEAR):
            return p, True
        s = a / inside[:, None]
        q = nnls(np.vstack([s, np.full((1, m), heavy)]), np.append(np.full(n, 2.0), heavy))[0]
        q /= q.sum()
        here, gain, step = float(np.log(inside).sum()), float(slope @ (q - p)), 1.0
        while step > 1e-10:
            there = a @ (p + step * (q - p))
            if there.min() > 0 and float(np.log(there).sum()) >= here + 1e-4 * step * gain:
                break
            step /= 2
        p = np.maximum(p + step * (q - p), 0.0)
        # one self-consistent step evens out what rounding took away
        p = p * (a.T @ (1 / (a @ p))) / n
        p /= p.sum()
    return p, False


def _expected(seen: _Seen) -> tuple[Floats, Floats]:
    """Return who is at risk (n, m) and has the event (n, m) in each interval that may hold events, 0 to 1."""
    left, right = _support(seen)
    mass, _ = _mass(seen, left, right)
    kept = (mass > _NONE) & np.isfinite(right)
    risk, died = _spread(seen, right, *_held(seen, left, right), mass)
    return risk[:, kept], died[:, kept]


def _spread(seen: _Seen, right: Floats, held: Mask, after: Mask, mass: Floats) -> tuple[Floats, Floats]:
    """Return numbers at risk and events (n, m): each event spread over the intervals that may hold it."""
    spread = held * mass
    total = spread.sum(axis=1)[:, None]
    seen_event = seen.event[:, None]
    died = np.where(seen_event, np.divide(spread, total, out=np.zeros_like(spread), where=total > 0), 0.0)
    still = np.cumsum(died[:, ::-1], axis=1)[:, ::-1]
    return np.where(seen_event, still, right <= seen.earliest[:, None]) * after, died


def _mass(seen: _Seen, left: Floats, right: Floats) -> tuple[Floats, bool]:
    """Return the mass (m,) of largest likelihood in the intervals, and whether it was reached."""
    held, after = _held(seen, left, right)
    if after.all():
        return _maximum(held)
    # Under late entry by self-consistent hazards: events over numbers at risk, as Kaplan and Meier have it.
    hazard = np.where(np.isfinite(right), 0.5, 1.0)
    for _ in range(_ROUNDS):
        mass = hazard * np.append(1.0, np.cumprod(1 - hazard)[:-1])
        risk, died = _spread(seen, right, held, after, np.maximum(mass, 1e-300))
        y, d = risk.sum(axis=0), died.sum(axis=0)
        new = np.where(np.isfinite(right), np.divide(d, y, out=np.zeros_like(d), where=y > 0), 1.0)
        moved = float(np.abs(new - hazard).max())
        hazard = new
        if moved < _NEAR:
            break
    mass = hazard * np.append(1.0, np.cumprod(1 - hazard)[:-1])
    return mass / mass.sum(), moved < _NEAR


def _state(right: Floats, mass: Floats, arrived: bool) -> tuple[str, str]:
    if not np.isfinite(right).any():
        return "no_events", "nobody in the group had the event"
    if not arrived:
        return "not_converged", "the search for the largest likelihood did not settle"
    if mass[np.isfinite(right)].sum() < 0.5 - 1e-9:
        return "not_reached", "more than half have not had the event at the end of follow-up"
    return "ok", ""
