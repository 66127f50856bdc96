"""AdaFilter: which of many features hold in r of n independent lines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from commensal.errors import StatisticsError
from commensal.stats._arrays import Floats, Integers
from commensal.stats.hierarchical import refuse_level
from commensal.stats.partial_conjunction import _ordered

if TYPE_CHECKING:
    import pandas as pd

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class AdaFilterFit:
    """Features (m,) that hold in at least r of n independent lines.

    Attributes
    ----------
    selection_p : (m,)
        S = (n − r + 1) p₍ᵣ₎, the partial-conjunction p.
    filter_p : (m,)
        F = (n − r + 1) p₍ᵣ₋₁₎, by which unlikely features are left out of the count.
    competitors : (m,)
        Features whose F is not above this feature's S: what S is multiplied by instead of m.
    adjusted : (m,)
        Compare with `level`. NaN where fewer than r lines were measured.
    rejected : (m,)
        adjusted ≤ level.
    status : (m,)
        ``ok``, or ``too_few`` (fewer than r lines measured).
    level : float
        The level of the error named in `error`.
    error : str
        ``"fdr"`` or ``"fwer"``.
    family : str
        What the features are.
    """

    selection_p: Floats
    filter_p: Floats
    competitors: Integers
    adjusted: Floats
    rejected: Mask
    status: NDArray[np.object_]
    level: float
    error: str
    family: str

    def __len__(self) -> int:
        """Return the number of features."""
        return len(self.adjusted)

    def table(self) -> pd.DataFrame:
        """Return one row per feature: selection p, filter p, competitors, adjusted, rejected, status."""
        import pandas as pd

        names = ("selection_p", "filter_p", "competitors", "adjusted", "rejected", "status")
        return pd.DataFrame({name: getattr(self, name) for name in names})


def adafilter(p: ArrayLike, r: int, *, family: str, level: float = 0.05, error: str = "fdr") -> AdaFilterFit:
    """Find the features that hold in at least r of n lines, from p (m, n) whose **columns are independent**.

    With S = (n − r + 1) p₍ᵣ₎ and F = (n − r + 1) p₍ᵣ₋₁₎ of each feature, AdaFilter rejects every S ≤ γ₀, γ₀ the largest
    γ ≤ level with γ #{F ≤ γ} ≤ level × max(#{S ≤ γ}, 1) (``"fdr"``, AdaFilter-BH) or γ #{F ≤ γ} ≤ level
    (``"fwer"``, AdaFilter-Bonferroni): a feature that is far from r − 1 lines does not count as a competitor. As
    adjusted p: S₍ₖ₎ #{F ≤ S₍ₖ₎}, for ``"fdr"`` divided by k and made monotone from above.

    **Guarantee.** Given F ≤ γ a true null has S ≤ γ with probability at most γ when lines are independent. From that
    the familywise error is at most `level` for independent features, and familywise error and false discovery rate are
    so asymptotically for weakly dependent ones. Lines that share animals or samples are not independent: use
    :func:`partial_conjunction` for them. It ranks features; claims are selected by :func:`claim_strength`.

    Parameters
    ----------
    p
        (m, n) in [0, 1]; NaN, a line not measured for this feature, enters as 1.
    r
        2 … n.
    family
        What the features are, in words.
    error
        ``"fdr"`` or ``"fwer"``.

    Raises
    ------
    StatisticsError
        r below 2 or above n, p outside [0, 1], an unknown error, a level outside (0, 1), a family without a name.

    References
    ----------
    Wang, Gui, Su, Sabatti & Owen (2022) Ann Stat 50:1890–1909.

    Examples
    --------
    Two lines, both asked for. Only the first feature and the third are competitors at 0.02; Bonferroni over all four
    would multiply by 4.

    >>> p = [[0.02, 0.001], [0.9, 0.4], [0.01, 0.7], [0.6, 0.8]]
    >>> adafilter(p, 2, family="four molecules of a lesson").adjusted.round(4).tolist()
    [0.04, 0.9, 0.9, 0.9]
    """
    if not family.strip():
        raise StatisticsError("the family of a correction has no name", expected="words", mend='give family="…"')
    if error not in {"fdr", "fwer"}:
        raise StatisticsError("no such error rate", found=repr(error), expected="fdr or fwer")
    refuse_level(level)
    ordered = _ordered(p, r)
    if r < 2:
        raise StatisticsError("AdaFilter needs r of at least 2", found=f"r = {r}", mend="use bh for r = 1")
    n = ordered.shape[1]
    selection = np.minimum((n - r + 1) * ordered[:, r - 1], 1.0)
    filtering = np.minimum((n - r + 1) * ordered[:, r - 2], 1.0)
    competitors = np.searchsorted(np.sort(filtering), selection, side="right")
    adjusted = selection * competitors
    if error == "fdr":
        order = np.argsort(-selection, kind="stable")
        ranks = np.searchsorted(np.sort(selection), selection, side="right")
        adjusted[order] = np.minimum.accumulate((adjusted / ranks)[order])
    adjusted = np.minimum(adjusted, 1.0)
    bare = (~np.isnan(np.asarray(p, dtype=np.float64))).sum(axis=1) < r
    adjusted[bare] = np.nan
    status = np.full(len(ordered), "ok", object)
    status[bare] = "too_few"
    rejected = adjusted <= level
    return AdaFilterFit(
        selection, filtering, competitors.astype(np.int64), adjusted, rejected, status, float(level), error, family
    )
