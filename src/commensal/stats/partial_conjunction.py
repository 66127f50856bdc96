"""How many of n lines hold: partial-conjunction p, and the strength of selected claims."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from commensal.errors import StatisticsError
from commensal.stats._arrays import Floats, Integers
from commensal.stats.hierarchical import refuse_level
from commensal.stats.multiplicity import bh, by

if TYPE_CHECKING:
    import pandas as pd

Mask = NDArray[np.bool_]


def partial_conjunction(p: ArrayLike, r: int) -> Floats:
    """Return p (m,) of "fewer than r of the n lines hold", from p (m, n); valid under any dependence among lines.

    (n − r + 1) p₍ᵣ₎, at most 1: Bonferroni over the n − r + 1 largest p. A missing p enters as 1: a line that was not
    measured does not hold, and n is not made smaller by it. Rejecting says that at least r lines hold, not which.

    Parameters
    ----------
    p
        (m, n) values in [0, 1] or NaN: a row per feature, a column per line.
    r
        1 … n. r = 1 is the global null, r = n asks for all lines: the largest p.

    Raises
    ------
    StatisticsError
        An array that is not two-dimensional, a p outside [0, 1], r outside 1 … n.

    References
    ----------
    Benjamini & Heller (2008) Biometrics 64:1215–1222.

    Examples
    --------
    Two of three: 2 × the second smallest p.

    >>> partial_conjunction([[0.01, 0.3, 0.02], [0.01, float("nan"), 0.02], [0.01, float("nan"), 0.7]], 2).tolist()
    [0.04, 0.04, 1.0]
    """
    ordered = _ordered(p, r)
    return np.asarray(np.minimum((ordered.shape[1] - r + 1) * ordered[:, r - 1], 1.0))


def partial_conjunction_if_positive_simes(p: ArrayLike, r: int) -> Floats:
    """Return p (m,) of "fewer than r of n lines hold" by Simes, for independent or positively dependent lines.

    min over i ≥ r of (n − r + 1) p₍ᵢ₎ / (i − r + 1). Never above :func:`partial_conjunction`, and **not valid** under
    other dependence. Missing p, arguments and errors as there.

    Examples
    --------
    >>> partial_conjunction_if_positive_simes([[0.01, 0.03, 0.02]], 2).tolist()
    [0.03]
    """
    ordered = _ordered(p, r)
    n = ordered.shape[1]
    steps = (n - r + 1) / np.arange(1, n - r + 2)
    return np.asarray(np.minimum((ordered[:, r - 1 :] * steps).min(axis=1), 1.0))


def partial_conjunction_if_independent_fisher(p: ArrayLike, r: int) -> Floats:
    """Return p (m,) of "fewer than r of the n lines hold" by Fisher, for lines that are independent.

    −2 Σ over i ≥ r of ln p₍ᵢ₎ against χ² with 2 (n − r + 1) degrees of freedom. **Not valid** when lines share animals
    or samples. Missing p, arguments and errors as in :func:`partial_conjunction`.

    Examples
    --------
    With r = n it is the largest p.

    >>> partial_conjunction_if_independent_fisher([[0.01, 0.03, 0.02]], 3).round(12).tolist()
    [0.03]
    """
    from scipy.special import chdtrc

    ordered = _ordered(p, r)
    with np.errstate(divide="ignore"):
        statistic = -2 * np.log(ordered[:, r - 1 :]).sum(axis=1)
    return np.asarray(chdtrc(2 * (ordered.shape[1] - r + 1), np.abs(statistic)), dtype=np.float64)


def strength_p(p: ArrayLike, *, listed: ArrayLike | None = None) -> Floats:
    """Return p (m, n) for "at least 1, 2, … n lines hold", the largest partial-conjunction p so far.

    Column r − 1 is max over j ≤ r of (n − j + 1) p₍ⱼ₎, at most 1, so that what holds for r holds for every smaller r.
    Valid under any dependence among lines. A missing p enters as 1.

    Parameters
    ----------
    listed
        (m, n) booleans: the lines that are on a row's list, fixed before looking; None: all. n is then each row's own
        number of lines, and there is NaN beyond it.

    Raises
    ------
    StatisticsError
        As :func:`partial_conjunction`, and when `listed` has another shape than p.

    Examples
    --------
    >>> strength_p([[0.001, 0.02, 0.5]]).round(4).tolist()
    [[0.003, 0.04, 0.5]]
    """
    values = _lines(p)
    on = np.ones(values.shape, dtype=bool) if listed is None else np.asarray(listed, dtype=bool)
    if on.shape != values.shape:
        raise StatisticsError("the list of lines does not fit p", found=f"shape {on.shape}", expected=values.shape)
    n = on.sum(axis=1, keepdims=True)
    ordered = np.sort(np.where(on, np.where(np.isnan(values), 1.0, values), np.inf), axis=1)
    j = np.arange(1, values.shape[1] + 1)
    inside = j <= n
    raw = np.where(inside, (n - j + 1) * np.where(inside, ordered, 1.0), 0.0)
    return np.where(inside, np.minimum(np.maximum.accumulate(raw, axis=1), 1.0), np.nan)


@dataclass(frozen=True, slots=True)
class ClaimStrength:
    """Which of m claims pass the gate, and how many of their n lines hold.

    Attributes
    ----------
    gate, q, q_by : (m,)
        The gate's p as given, its Benjamini–Hochberg q and its Benjamini–Yekutieli q, over all m claims.
    selected : (m,)
        q ≤ level.
    strength : (m,)
        Largest r whose `p` is ≤ threshold; 0 when not selected or when none is.
    p : (m, n)
        :func:`strength_p` of the lines.
    threshold : float
        R q / m: what partial-conjunction p are compared with; NaN when nothing is selected.
    status : (m,)
        ``selected``, ``not_selected``, or ``open``: the gate's p is missing (it entered as 1).
    level : float
        The level of the false discovery rate.
    family : str
        What the claims are.
    """

    gate: Floats
    q: Floats
    q_by: Floats
    selected: Mask
    strength: Integers
    p: Floats
    threshold: float
    status: NDArray[np.object_]
    level: float
    family: str

    def __len__(self) -> int:
        """Return the number of claims."""
        return len(self.gate)

    def table(self) -> pd.DataFrame:
        """Return one row per claim: gate p, q, q_by, selected, strength, status."""
        import pandas as pd

        names = ("gate", "q", "q_by", "selected", "strength", "status")
        return pd.DataFrame({name: getattr(self, name) for name in names})


def claim_strength(
    gate: ArrayLike,
    lines: ArrayLike,
    *,
    family: str,
    listed: ArrayLike | None = None,
    level: float = 0.05,
) -> ClaimStrength:
    """Select among m claims by gate p (m,), and say how many of each selected claim's lines p (m, n) hold.

    R of m claims are selected by Benjamini–Hochberg at `level` on the gate p. A selected claim's strength is the
    largest r whose max over j ≤ r of (n − j + 1) p₍ⱼ₎ is ≤ R level / m. The expected share of selected claims whose
    strength is overstated is then at most `level` when gates and lines of different claims are independent, or
    dependent in the ways for which Benjamini–Hochberg holds. Missing p of gate or line enter as 1, and a claim without
    a gate p stays in m.

    Parameters
    ----------
    gate
        (m,) p in [0, 1] or NaN; for a chain of links the largest of their one-sided p.
    lines
        (m, n) p of the lines in the claimed direction, NaN where a line was not measured.
    family
        What the claims are, fixed before looking.
    listed
        (m, n) booleans, the lines on each claim's own list; None: all.

    Raises
    ------
    StatisticsError
        Shapes that do not fit, p outside [0, 1], a level outside (0, 1), a family without a name.

    References
    ----------
    Benjamini, Heller & Yekutieli (2009) Phil Trans R Soc A 367:4255–4271; Benjamini & Heller (2008).

    Examples
    --------
    Two of four claims pass, so that lines are compared with 0.05 × 2/4 = 0.025.

    >>> lines = [[0.001, 0.004, 0.02], [0.002, 0.2, 0.9], [0.01, 0.2, 0.3], [0.5, 0.6, 0.7]]
    >>> fit = claim_strength([0.002, 0.01, 0.3, float("nan")], lines, family="four claims of a lesson")
    >>> fit.threshold, fit.strength.tolist(), fit.status.tolist()
    (0.025, [3, 1, 0, 0], ['selected', 'selected', 'not_selected', 'open'])
    """
    refuse_level(level)
    steps = strength_p(lines, listed=listed)
    try:
        given = np.asarray(gate, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise StatisticsError("the gate's p are not numbers", found=error, expected="values in [0, 1]") from error
    if given.shape != (len(steps),):
        raise StatisticsError("gate and lines do not fit", found=f"{given.shape}", expected=f"({len(steps)},)")
    entered = np.where(np.isnan(given), 1.0, given)
    q, q_by = bh(entered, family=family), by(entered, family=family)
    selected = q <= level
    found = int(selected.sum())
    threshold = found * level / given.size if found else float("nan")
    strength = np.where(selected, (steps <= threshold).sum(axis=1), 0).astype(np.int64)
    status = np.full(given.size, "not_selected", object)
    status[selected] = "selected"
    status[np.isnan(given)] = "open"
    return ClaimStrength(given, q, q_by, selected, strength, steps, threshold, status, float(level), family)


def _lines(p: ArrayLike) -> Floats:
    """Return p (m, n) in [0, 1] or NaN."""
    try:
        values = np.asarray(p, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise StatisticsError("the lines' p are not numbers", found=error, expected="values in [0, 1]") from error
    if values.ndim != 2 or values.shape[1] < 1:
        raise StatisticsError("the lines' p are no table", found=f"shape {values.shape}", expected="(m, n), n ≥ 1")
    if ((values < 0) | (values > 1)).any():
        raise StatisticsError("the lines' p lie outside [0, 1]", found=f"{np.nanmin(values)} to {np.nanmax(values)}")
    return values


def _ordered(p: ArrayLike, r: int) -> Floats:
    """Return p (m, n), missing as 1, each row in increasing order."""
    values = _lines(p)
    if not 1 <= r <= values.shape[1] or int(r) != r:
        raise StatisticsError("r of n lines", found=f"r = {r}", expected=f"1 to {values.shape[1]}")
    return np.sort(np.where(np.isnan(values), 1.0, values), axis=1)
