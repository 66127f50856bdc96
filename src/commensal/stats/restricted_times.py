"""Each subject's part of a restricted mean survival time, so that means of cages and covariates can be compared."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from commensal.errors import StatisticsError
from commensal.stats._arrays import Floats
from commensal.stats._survival import coded, followed
from commensal.stats.restricted_mean import areas, mean_influence
from commensal.stats.survival import curve_of


def restricted_times(
    time: ArrayLike, event: ArrayLike, group: ArrayLike, tau: float, *, entry: ArrayLike | None = None
) -> Floats:
    """Pseudo-times up to tau of subjects, time (n,), event (n,), group (n,): their mean is the group's restricted mean.

    A subject's value is μ + n U: μ the restricted mean of its group of n, U its infinitesimal jackknife value (to first
    order n μ − (n − 1) μ without the subject). Without censoring it is the smaller of its time and tau. Groups are
    taken by themselves, so that censoring may differ among them.

    Parameters
    ----------
    time, event, entry
        As :func:`log_rank`.
    group
        (n,) arm of each subject.
    tau
        Horizon, above 0.

    Returns
    -------
    (n,)
        In the unit of time; NaN for a group whose curve is not known up to tau.

    Raises
    ------
    StatisticsError
        As :func:`log_rank`; tau not above 0.

    References
    ----------
    Andersen, Hansen & Klein (2004) Lifetime Data Anal 10:335–350; Efron (1982) The jackknife, ch. 6.

    Examples
    --------
    >>> restricted_times([2, 4, 12, 9], [1, 1, 0, 1], ["water"] * 4, tau=10).tolist()
    [2.0, 4.0, 10.0, 9.0]
    """
    subjects = followed(time, event, entry)
    if not np.isfinite(float(tau)) or float(tau) <= 0:
        raise StatisticsError("the horizon is not a time above 0", found=f"tau = {tau}", expected="tau > 0")
    codes = coded(group, "group", len(subjects))[1]
    values = np.full(len(subjects), np.nan)
    for code in np.unique(codes):
        own = codes == code
        part = subjects.take(own)
        curve = curve_of(part)
        if curve.time[-1] >= tau or curve.survival[-1] == 0:
            values[own] = areas(curve, float(tau))[0] + int(own.sum()) * mean_influence(part, float(tau))
    return values


__all__ = ["restricted_times"]
