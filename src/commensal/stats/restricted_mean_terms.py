"""Whether a difference of restricted means depends on a second label, such as genotype."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from commensal.errors import StatisticsError
from commensal.stats._arrays import Floats, Integers
from commensal.stats._survival import Followed, Mask, coded, confidence, followed, two_groups
from commensal.stats.fits import Texts
from commensal.stats.restricted_mean import UNTESTED, by_t, mean_influence, over_units, rmst_difference

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class RmstInteraction:
    """Difference of two differences of restricted means; missing numbers are NaN."""

    effect: float  # (case − control) at the second level less (case − control) at the first, in the unit of time
    se: float
    df: float
    statistic: float  # t
    p: float
    low: float
    high: float
    tau: float
    levels: Texts  # (2,) the first is the reference
    differences: Floats  # (2,) case − control at each level
    n: int
    n_units: int  # cages, or subjects
    status: str  # ok | no_events | not_followed | one_cage | too_few
    note: str

    def table(self) -> pd.DataFrame:
        """Return one row; the difference at each level beside."""
        import pandas as pd

        row = {name: [getattr(self, name)] for name in self.__slots__ if name not in ("levels", "differences")}
        for name, level, value in zip(("first", "second"), self.levels, self.differences, strict=True):
            row |= {name: [level], f"{name}_difference": [value]}
        return pd.DataFrame(row)


def rmst_interaction(
    time: ArrayLike,
    event: ArrayLike,
    group: ArrayLike,
    modifier: ArrayLike,
    tau: float,
    *,
    control: object | None = None,
    reference: object | None = None,
    cage: ArrayLike | None = None,
    entry: ArrayLike | None = None,
    level: float = 0.95,
) -> RmstInteraction:
    """Compare the difference of :func:`rmst_difference` between two levels of a modifier (n,), at time and event (n,).

    The effect is Δ₂ − Δ₁ with Δ the difference case − control up to tau at a level. Its variance sums each subject's
    infinitesimal jackknife value, signed by its cell, over cages: m/(m − 1) Σ_g U_g² for the m cages of a cell, or of
    a group whose cages hold both levels (littermates of two genotypes), or of all where cages hold both groups;
    Student's t with Welch's degrees of freedom. Without cages subjects are the units of their cells.

    Parameters
    ----------
    time, event, group, tau, control, cage, entry, level
        As :func:`rmst_difference`.
    modifier
        (n,) two names: genotype, sex.
    reference
        The modifier's first level; None: the first of the two in their order.

    Returns
    -------
    RmstInteraction
        Status as :func:`rmst_difference`, of the level that has none; ``one_cage``: a cell rests on one cage.

    Raises
    ------
    StatisticsError
        As :func:`rmst_difference`; a modifier of other than two levels, a cell without subjects.

    References
    ----------
    Royston & Parmar (2013) BMC Med Res Methodol 13:152; Uno et al. (2014) J Clin Oncol 32:2380 (the difference).

    Examples
    --------
    Treatment adds 4 days at the second level and 1 at the first.

    >>> time = [2, 4, 3, 5, 2, 4, 6, 8]
    >>> fit = rmst_interaction(time, [1] * 8, [0, 0, 1, 1] * 2, ["WT"] * 4 + ["mutant"] * 4, 8, reference="WT")
    >>> fit.differences.tolist(), fit.effect
    ([1.0, 4.0], 3.0)
    """
    subjects = followed(time, event, entry)
    size = len(subjects)
    _, case = two_groups(group, control, size)
    names, second = two_groups(modifier, reference, size)
    confidence(level)
    unit = np.arange(size) if cage is None else coded(cage, "cage", size)[1]
    labels = np.empty(2, dtype=object)
    labels[:] = names
    cell = 2 * second.astype(np.int64) + case
    if np.unique(cell).size < 4:
        raise StatisticsError(
            "a cell of group and modifier is empty", expected="subjects of both groups at both levels"
        )
    both = [_difference(subjects, case, second == at, tau) for at in (False, True)]
    differences = np.array([fit[0] for fit in both])
    effect, status, note = float(differences[1] - differences[0]), "ok", ""
    bad = [fit for fit in both if fit[1] == "not_followed"]
    tested = UNTESTED
    if bad:
        status, note = bad[0][1:]
    elif not subjects.event[subjects.time <= tau].any():
        status, note = "no_events", "nobody had the event before tau"
    else:
        own = np.zeros(size)
        for each, sign in enumerate((1.0, -1.0, -1.0, 1.0)):
            own[cell == each] = sign * mean_influence(subjects.take(cell == each), tau)
        variance, df = over_units(own, unit, _parts(unit, case, cell))
        if variance > 0:
            tested = by_t(effect, variance, df, level)
        elif np.isnan(variance):
            status = "too_few" if cage is None else "one_cage"
            note = f"a cell rests on one {'subject' if cage is None else 'cage'}"
        else:
            status, note = "too_few", "the variance of the difference is 0"
    return RmstInteraction(
        effect, *tested, float(tau), labels, differences, size, int(np.unique(unit).size), status, note
    )


def _difference(subjects: Followed, case: Mask, rows: Mask, tau: float) -> tuple[float, str, str]:
    """Return the difference of restricted means at one level, with its status and note."""
    part = subjects.take(rows)
    entry = part.entry if np.isfinite(part.entry).all() else None
    fit = rmst_difference(part.time, part.event, case[rows], tau, entry=entry)
    return fit.effect, fit.status, fit.note


def _parts(unit: Integers, case: Mask, cell: Integers) -> Integers:
    """Return which units are alike (n,): of a cell, of a group if one holds two levels, all if one holds two groups."""
    for part in (cell, case.astype(np.int64)):
        if np.unique(np.column_stack([unit, part]), axis=0).shape[0] == np.unique(unit).size:
            return part
    return np.zeros(unit.size, dtype=np.int64)
