"""The log-rank test, and arms against one control with familywise control by permutation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from commensal.errors import StatisticsError
from commensal.stats._arrays import Floats, Integers
from commensal.stats._survival import Followed, Ladder, Mask, RiskSets, coded, confidence, followed, risk_sets
from commensal.stats.fits import Counts, Texts

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class LogRankFit:
    """A log-rank test of k groups; missing numbers are NaN, and `status` says why."""

    group: Texts  # (k,) names in their order
    n: Counts  # (k,) subjects
    observed: Floats  # (k,) events seen
    expected: Floats  # (k,) events expected if all groups had the same hazard
    covariance: Floats  # (k, k) of observed − expected
    effect: float  # two groups: one-step log hazard ratio of the second against the first; else NaN
    se: float  # its standard error
    low: float  # its interval
    high: float
    statistic: float  # χ²
    df: int  # groups − 1
    p: float
    status: str  # ok | no_events | too_few
    note: str

    def table(self) -> pd.DataFrame:
        """Return one row per group, with the test repeated in each."""
        import pandas as pd

        own = {"group": self.group, "n": self.n, "observed": self.observed, "expected": self.expected}
        names = ("effect", "se", "low", "high", "statistic", "df", "p", "status", "note")
        return pd.DataFrame({**own, **{name: getattr(self, name) for name in names}})


def log_rank(
    time: ArrayLike,
    event: ArrayLike,
    group: ArrayLike,
    *,
    strata: ArrayLike | None = None,
    entry: ArrayLike | None = None,
    level: float = 0.95,
) -> LogRankFit:
    """Compare the survival of k groups, time (n,), event (n,), group (n,), by the log-rank test.

    At each distinct event time with d events among y at risk, y_g of them in group g, E_g = d y_g / y and the
    covariance of the events is hypergeometric, d (y − d)/(y − 1) (δ_gh y_g/y − y_g y_h/y²). Summed over times and
    strata, χ² = (O − E)' V⁻ (O − E) with k − 1 degrees of freedom (``survival::survdiff``). For two groups the
    effect is the one-step log hazard ratio (O − E)/V with standard error 1/√V; it is close to that of Cox's model
    near 0 and too small far from it.

    p is asymptotic and takes subjects for independent: where they share cages use :func:`log_rank_many_to_one`.

    Parameters
    ----------
    time, event
        (n,) end of follow-up and whether the event was seen then (bool, or 0 and 1).
    group
        (n,) names of groups.
    strata
        (n,) sex, batch …: risk sets are formed within each.
    entry
        (n,) start of follow-up; a subject is at risk in (entry, time]. None: from the start.
    level
        Confidence level of the interval.

    Returns
    -------
    LogRankFit
        Status ``no_events``: nobody had the event; ``too_few``: one group only, or no time at which two groups were
        at risk together.

    Raises
    ------
    StatisticsError
        Missing or negative times, lengths that differ, an event that is neither 0 nor 1, entry after the end.

    References
    ----------
    Mantel (1966) Cancer Chemotherapy Reports 50:163. Peto & Peto (1972) J R Stat Soc A 135:185.

    Examples
    --------
    Freireich's children with leukaemia, weeks in remission under 6-MP and placebo.

    >>> drug = [6, 6, 6, 7, 10, 13, 16, 22, 23, 6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35]
    >>> placebo = [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23]
    >>> fit = log_rank(drug + placebo, [1] * 9 + [0] * 12 + [1] * 21, ["6-MP"] * 21 + ["placebo"] * 21)
    >>> round(fit.statistic, 2), fit.expected.round(2).tolist()
    (16.79, [19.25, 10.75])
    """
    subjects = followed(time, event, entry)
    confidence(level)
    levels, codes = coded(group, "group", len(subjects))
    k = levels.size
    layer = None if strata is None else coded(strata, "stratum", len(subjects))[1]
    member = (codes[:, None] == np.arange(k)).astype(np.float64)
    observed, expected, covariance = _sums(member, risk_sets(subjects, layer))
    counts = np.bincount(codes, minlength=k)
    nan = float("nan")
    effect, se, low, high, chi2, p = nan, nan, nan, nan, nan, nan
    status, note = "ok", ""
    if not subjects.event.any():
        status, note = "no_events", "nobody had the event"
    elif k < 2:
        status, note = "too_few", "there is one group only"
    elif np.linalg.matrix_rank(covariance, tol=1e-10 * max(np.trace(covariance), 1e-300)) < k - 1:
        status, note = "too_few", "some groups were never at risk together with others at an event"
    else:
        chi2, p = _chi_square(observed - expected, covariance)
        if k == 2:
            effect, se, low, high = _one_step(observed - expected, covariance, level)
    interval = (effect, se, low, high)
    return LogRankFit(levels, counts, observed, expected, covariance, *interval, chi2, k - 1, p, status, note)


def _chi_square(difference: Floats, covariance: Floats) -> tuple[float, float]:
    """Return χ² of observed − expected events and its p."""
    from scipy.special import chdtrc

    free = slice(1, None)
    chi2 = float(difference[free] @ np.linalg.solve(covariance[free, free], difference[free]))
    return chi2, float(chdtrc(difference.size - 1, chi2))


def _one_step(difference: Floats, covariance: Floats, level: float) -> tuple[float, float, float, float]:
    """Return the one-step log hazard ratio of the second of two groups, its standard error and interval."""
    from scipy.special import ndtri

    variance = float(covariance[1, 1])
    effect, se = float(difference[1]) / variance, variance**-0.5
    half = float(ndtri((1 + level) / 2)) * se
    return effect, se, effect - half, effect + half


def _sums(member: Floats, risk: RiskSets) -> tuple[Floats, Floats, Floats]:
    """Return observed and expected events (k,) and their covariance (k, k) for indicators member (n, k)."""
    at_risk, died = member.T @ risk.at_risk, member.T @ risk.event
    y, d = at_risk.sum(axis=0), died.sum(axis=0)
    share = at_risk / y
    weight = np.divide(d * (y - d), y - 1, out=np.zeros_like(y), where=y > 1)
    covariance = np.diag(share @ weight) - (share * weight) @ share.T
    return died.sum(axis=1), share @ d, covariance


def pair_scores(case: Mask, control: Mask, risk: Ladder) -> tuple[Floats, Floats]:
    """Return O − E and V of cases against controls for each arrangement, case and control (P, n).

    Both are sums over event times of what is linear and quadratic in counts of labels, and the counts of all
    arrangements are differences of running sums: O(P n), whatever the number of event times. Who is neither
    (another arm) is not at risk in this pair.
    """
    y1, d1 = risk.counts(case)
    y0, d0 = risk.counts(control)
    y, d = y1 + y0, d1 + d0
    share = y1 / np.maximum(y, 1.0)
    spare = (y - d) / np.maximum(y - 1, 1.0)
    difference: Floats = (d1 - d * share).sum(axis=1)
    variance: Floats = (d * share * (1 - share) * spare).sum(axis=1)
    return difference, variance


def group_codes(group: ArrayLike, control: object, subjects: Followed) -> tuple[Texts, Integers]:
    """Return arms with the control first (k + 1,) and codes (n,), 0 for the control."""
    levels, codes = coded(group, "group", len(subjects))
    names = levels.tolist()
    if control not in names:
        raise StatisticsError("the control is none of the groups", found=repr(control), expected=f"one of {names}")
    if len(names) < 2:
        raise StatisticsError("there is no arm beside the control", found=names, expected="at least 2 groups")
    place = names.index(control)
    order = np.array([place, *[i for i in range(len(names)) if i != place]])
    rank = np.empty(len(names), dtype=np.int64)
    rank[order] = np.arange(len(names))
    return levels[order], rank[codes]
