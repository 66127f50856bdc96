"""Cumulative incidence of one cause in two groups, compared over the whole of the follow-up."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from commensal.errors import StatisticsError, listing
from commensal.stats._arrays import Floats
from commensal.stats._scores import ScoreTestFit, joined, rearranged, scored
from commensal.stats._survival import Followed, Mask, coded, followed, two_groups
from commensal.stats.incidence import _causes
from commensal.stats.survival import curve_of


def incidence_test(
    time: ArrayLike,
    event: ArrayLike,
    cause: ArrayLike,
    group: ArrayLike,
    of: object,
    *,
    control: object | None = None,
    cage: ArrayLike | None = None,
    strata: ArrayLike | None = None,
    n: int = 9999,
    seed: int = 1,
) -> ScoreTestFit:
    """Compare the incidence of one cause between two groups, time, event, cause, group (n,), by rearranged labels.

    The score of Fine and Gray's model of the subdistribution's hazard at no effect, as Gray's test asks: who had a
    competing event stays at risk, with weight G(t−)/G(T−) for the censoring that it might have met, G the Kaplan–Meier
    curve of censoring of both groups together (of the stratum). The score is a sum over subjects, so that labels are
    rearranged as in :func:`log_rank_many_to_one`: exact where groups are censored alike. The effect is the one-step
    log ratio of subdistribution hazards.

    Parameters
    ----------
    time, event, cause
        As :func:`cumulative_incidence`; all followed from the start.
    group
        (n,) two names.
    of
        Name of the cause.
    control
        Name of the control; None: the first of the two in their order.
    cage, strata, n, seed
        As :func:`log_rank_many_to_one`.

    Returns
    -------
    ScoreTestFit
        Status ``no_events``: nobody had an event of this cause; ``one_cage``; ``too_few``.

    Raises
    ------
    StatisticsError
        As :func:`cumulative_incidence`; groups other than two; a cause that nobody has.

    References
    ----------
    Gray (1988) Ann Stat 16:1141. Fine & Gray (1999) J Am Stat Assoc 94:496.

    Examples
    --------
    >>> cause = ["d", "d", "f", "d", "", "f", "f", ""]
    >>> fit = incidence_test([2, 4, 5, 6, 9, 3, 5, 9], [1, 1, 1, 1, 0, 1, 1, 0], cause, [0] * 4 + [1] * 4, "d")
    >>> fit.observed, fit.p, fit.smallest_p
    (0.0, 0.14285714285714285, 0.14285714285714285)
    """
    subjects = followed(time, event)
    size = len(subjects)
    causes, codes = _causes(cause, subjects)
    if of not in causes.tolist():
        raise StatisticsError("nobody has this cause", found=repr(of), expected=f"one of {listing(causes.tolist())}")
    own = codes == causes.tolist().index(of)
    names, case = two_groups(group, control, size)
    layer = np.zeros(size, dtype=np.int64) if strata is None else coded(strata, "stratum", size)[1]
    parts = []
    for stratum in np.unique(layer).tolist():
        rows = np.flatnonzero(layer == stratum)
        risk, died = subdistribution(subjects.take(rows), own[rows])
        parts.append((rows, scored(risk, died, case[rows])))
    return rearranged(joined(parts, size), names, case, cage, strata, n, seed)


def subdistribution(subjects: Followed, own: Mask) -> tuple[Floats, Floats]:
    """Return weights at risk (n, T) and events (n, T) at the distinct times of events of the cause."""
    t = np.unique(subjects.time[own])
    curve = curve_of(subjects)
    # Who is censored at a time is censored after the events of that time: those are not at risk of it.
    at_risk = curve.n_risk - curve.n_event
    lost = np.divide(curve.n_censored, at_risk, out=np.zeros(curve.time.size), where=at_risk > 0)
    free = np.append(1.0, np.cumprod(1 - lost))
    at, ended = (free[np.searchsorted(curve.time, one, side="left")] for one in (t, subjects.time))
    there = t <= subjects.time[:, None]
    rival = (subjects.event & ~own)[:, None] & ~there
    weight = np.where(rival, at / np.where(ended > 0, ended, 1.0)[:, None], 0.0)
    died = own[:, None] & (subjects.time[:, None] == t)
    return np.where(there, 1.0, weight), died.astype(np.float64)
