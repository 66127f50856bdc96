"""How often a cluster-robust Cox test of two arms would reject a true null in a given layout of cages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from commensal.errors import StatisticsError
from commensal.stats._arrays import Floats, Integers
from commensal.stats._survival import Mask, coded
from commensal.stats.cox import REFERENCES

if TYPE_CHECKING:
    import pandas as pd

    from commensal.stats.cox import CoxFit

#: The largest simulated size at which a cluster-robust p may be shown.
SHOWN = 0.06
#: Log hazard ratios are kept within this; beyond, the data have no finite maximum and the test gives no p.
_FAR = 12.0


@dataclass(frozen=True, slots=True)
class CoxSize:
    """Simulated size of the cluster-robust test of two arms."""

    size: float  # the largest over the frailty variances
    se: float  # its Monte-Carlo standard error
    frailty: Floats  # (f,) variances of the cages' hazards
    sizes: Floats  # (f,) size at each
    level: float  # nominal
    n_studies: int  # simulated at each variance
    reference: str  # normal | t
    shown: bool  # size ≤ 0.06 at level 0.05, in proportion at other levels
    status: str  # ok | one_cage
    note: str

    def table(self) -> pd.DataFrame:
        """Return one row per frailty variance."""
        import pandas as pd

        names = ("level", "n_studies", "reference", "shown", "status")
        rest = {name: getattr(self, name) for name in names}
        return pd.DataFrame({"frailty": self.frailty, "size": self.sizes, **rest})


def cluster_cox_size(
    arm: ArrayLike,
    cage: ArrayLike,
    *,
    events: float = 1.0,
    frailty: Sequence[float] = (0.0, 0.5),
    level: float = 0.05,
    reference: str = "normal",
    n_studies: int = 4000,
    seed: int = 1,
) -> CoxSize:
    """Simulate the size of :func:`cox` with ``cluster=cage`` for arms (n,) whose cages (n,) are nested in them.

    Survival is exponential, each cage's hazard multiplied by a gamma frailty of mean 1 and the given variance; arms
    do not differ. Follow-up ends when the share ``events`` of all subjects has died. The test is that of the arm with
    Lin & Wei's sandwich over cages, as :func:`cox` makes it with the same reference. Ranks of times alone enter, so the
    shape of the baseline hazard does not matter.

    Nearly all of the excess comes from the number of cages, not from their frailty: with m cages in each arm the
    sandwich is (m − 1)/m times an unbiased variance with 2(m − 1) degrees of freedom, so that the size is about
    the chance of t² > 1.96² (m − 1)/m: 0.30, 0.18, 0.14 for m = 2, 3, 4. Student's t as reference holds the level.

    Parameters
    ----------
    arm
        (n,) two names.
    cage
        (n,) names; a cage lies in one arm.
    events
        Share of subjects whose event is seen, above 0 and at most 1.
    frailty
        Variances of the cages' hazards to try; the largest size counts.
    level
        Nominal level.
    reference
        As :func:`cox`.
    n_studies
        Studies to simulate at each variance; 4,000 give a standard error of 0.0035 at 0.05.
    seed
        Seed; the same layout and seed give the same size.

    Returns
    -------
    CoxSize
        Status ``one_cage`` (size missing, not shown): an arm has one cage only.

    Raises
    ------
    StatisticsError
        Arms other than two, cages in both arms, numbers out of range.

    Examples
    --------
    Three cages of four in each arm: every fifth true null would be rejected.

    >>> size = cluster_cox_size(np.repeat([0, 1], 12), np.repeat(np.arange(6), 4), n_studies=2000)
    >>> 0.15 < size.size < 0.25, size.shown
    (True, False)
    """
    n = np.asarray(arm).size
    names, side = coded(arm, "arm", n)
    _, unit = coded(cage, "cage", n)
    _check(len(names), side, unit, events, frailty, level, n_studies)
    if reference not in REFERENCES:
        raise StatisticsError("no such reference", found=repr(reference), expected=" or ".join(REFERENCES))
    variances = np.array([float(value) for value in frailty])
    cages = [int(np.unique(unit[side == which]).size) for which in (0, 1)]
    nan = float("nan")
    if min(cages) < 2:
        none = np.full(variances.size, nan)
        note = f"cages in the arms: {cages[0]} and {cages[1]}"
        return CoxSize(nan, nan, variances, none, level, 0, reference, False, "one_cage", note)
    limit = _limit(reference, level, int(unit.max()) + 1)
    streams = np.random.SeedSequence(seed).spawn(variances.size)
    sizes = np.array(
        [
            np.mean(_rejected(np.random.default_rng(stream), side == 1, unit, events, float(value), limit, n_studies))
            for stream, value in zip(streams, variances, strict=True)
        ]
    )
    size = float(sizes.max())
    se = float(np.sqrt(size * (1 - size) / n_studies))
    return CoxSize(size, se, variances, sizes, level, n_studies, reference, size <= SHOWN * level / 0.05, "ok", "")


def gated(fit: CoxFit, size: CoxSize) -> CoxFit:
    """Take p and interval from a cluster-robust Cox fit where its simulated size is too large to show them.

    A p is shown where the test of this layout rejects at most 6 of 100 true nulls at a nominal 5 % (in proportion at
    other levels). Elsewhere the effect and its standard error stay, p and interval are missing, status ``too_few``.

    Parameters
    ----------
    fit
        From :func:`cox` with clusters, for a contrast between the two arms in which these are nested.
    size
        From :func:`cluster_cox_size` for the same layout.

    Returns
    -------
    CoxFit
        The same where size.shown, and where the fit has no p to begin with.

    Raises
    ------
    StatisticsError
        A fit whose variance is not that of clusters, or whose reference is not that of the size.

    References
    ----------
    Lin & Wei (1989) JASA 84:1074: the sandwich, whose size is meant.

    Examples
    --------
    >>> arm, cage = np.repeat([0, 1], 12), np.repeat(np.arange(6), 4)
    >>> from commensal import stats
    >>> days = np.random.default_rng(1).exponential(100, 24)
    >>> fit = stats.cox(days, np.ones(24), arm[:, None], [1], cluster=cage)
    >>> size = cluster_cox_size(arm, cage, n_studies=1000)
    >>> held = gated(fit, size)
    >>> held.status, bool(np.isnan(held.p)), held.effect == fit.effect
    ('too_few', True, True)
    """
    if (size.reference == "t") != np.isfinite(fit.df):
        raise StatisticsError("fit and size have different references", found=size.reference, expected="the same")
    if fit.variance != "clusters":
        raise StatisticsError(
            "the fit's variance is not that of clusters", found=fit.variance, expected="clusters", mend="give cluster="
        )
    if size.shown or fit.status != "ok":
        return fit
    nan = float("nan")
    told = f"of {100 * size.size:.0f} in 100" if np.isfinite(size.size) else "that cannot be simulated"
    note = f"{fit.n_clusters} clusters: this test would have a null rejection rate {told} at {size.level:g}"
    return replace(fit, p=nan, low=nan, high=nan, status="too_few", note=note)


def _check(
    arms: int, side: Integers, unit: Integers, events: float, frailty: Sequence[float], level: float, n_studies: int
) -> None:
    """Refuse a layout or a setting that the simulation does not cover."""
    if arms != 2:
        raise StatisticsError("the size is simulated for two arms", found=f"{arms} arms", expected="2")
    if np.unique(np.column_stack([unit, side]), axis=0).shape[0] != unit.max() + 1:
        raise StatisticsError("a cage lies in both arms", expected="cages nested in arms", mend="name cages arm by arm")
    if not 0 < events <= 1 or not 0 < level < 1 or n_studies < 1:
        raise StatisticsError(
            "a number is out of its range",
            found=f"events = {events}, level = {level}, n_studies = {n_studies}",
            expected="0 < events ≤ 1, 0 < level < 1, n_studies ≥ 1",
        )
    if not len(frailty) or min(frailty) < 0:
        raise StatisticsError("a frailty variance is negative, or none was given", found=list(frailty))


def _limit(reference: str, level: float, cages: int) -> float:
    """Return how many standard errors of the plain sandwich an effect must have; infinite where t has no df."""
    from scipy.special import ndtri, stdtrit

    if reference == "normal":
        return float(ndtri(1 - level / 2))
    df = cages - 2
    return float(stdtrit(df, 1 - level / 2)) * float(np.sqrt(cages / df)) if df > 0 else float("inf")


def _rejected(
    rng: np.random.Generator, case: Mask, unit: Integers, events: float, frailty: float, limit: float, n_studies: int
) -> Mask:
    """Return which of the simulated studies (P,) have an effect of more than ``limit`` uncorrected standard errors."""
    cages = int(unit.max()) + 1
    hazard = np.ones((n_studies, cages))
    if frailty > 0:
        hazard = rng.gamma(1 / frailty, frailty, size=hazard.shape)
    times = rng.standard_exponential((n_studies, case.size)) / np.maximum(hazard[:, unit], 1e-300)
    order = np.argsort(times, axis=1)
    seen = max(1, int(np.ceil(events * case.size)))
    effect, variance = _robust(case[order].astype(np.float64), unit[order], seen, cages)
    rejected: Mask = (np.abs(effect) > limit * np.sqrt(variance)) & (np.abs(effect) < _FAR) & (variance > 0)
    return rejected


def _robust(case: Floats, unit: Integers, seen: int, cages: int) -> tuple[Floats, Floats]:
    """Return log hazard ratio and sandwich variance (P,) of studies whose rows (P, n) are in order of time.

    The first ``seen`` of each row died, one after the other; the rest outlived the study.
    """
    beta = np.zeros(case.shape[0])
    for _ in range(25):
        risk, share, s0 = _shares(case, beta)
        information = (share * (1 - share))[:, :seen].sum(axis=1)
        score = (case - share)[:, :seen].sum(axis=1)
        step = np.clip(score / np.maximum(information, 1e-12), -1.0, 1.0)
        beta = np.clip(beta + step, -_FAR, _FAR)
        if np.abs(step).max() < 1e-9:
            break
    risk, share, s0 = _shares(case, beta)
    information = np.maximum((share * (1 - share))[:, :seen].sum(axis=1), 1e-12)
    died = np.arange(case.shape[1]) < seen
    hazard = np.cumsum(died / s0, axis=1)
    residual = died * (case - share) - risk * (case * hazard - np.cumsum(died * share / s0, axis=1))
    slots = (np.arange(case.shape[0])[:, None] * cages + unit).ravel()
    sums = np.bincount(slots, weights=residual.ravel(), minlength=case.shape[0] * cages).reshape(-1, cages)
    return beta, (sums**2).sum(axis=1) / information**2


def _shares(case: Floats, beta: Floats) -> tuple[Floats, Floats, Floats]:
    """Return each subject's relative hazard, the cases' share of it among those at risk, and its sum (P, n)."""
    risk = np.where(case > 0, np.exp(beta)[:, None], 1.0)
    s0 = np.cumsum(risk[:, ::-1], axis=1)[:, ::-1]
    s1 = np.cumsum((risk * case)[:, ::-1], axis=1)[:, ::-1]
    return risk, s1 / s0, s0
